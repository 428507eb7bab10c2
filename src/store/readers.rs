//! Connections that can only read.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::{Connection, OpenFlags, TransactionBehavior};
use tokio::sync::Semaphore;
use tokio::task;

use super::{StoreError, set_up};

/// Reads at a time. The machine is small and shared; who comes later waits for a place.
const CONNECTIONS: usize = 4;

/// A few read-only connections. Cheap to clone.
#[derive(Clone)]
pub(super) struct Readers {
    path: Arc<PathBuf>,
    idle: Arc<Mutex<Vec<Connection>>>,
    places: Arc<Semaphore>,
}

impl Readers {
    pub(super) fn open(path: &Path) -> rusqlite::Result<Self> {
        let connections = (0..CONNECTIONS)
            .map(|_| open_for_reading(path))
            .collect::<rusqlite::Result<Vec<_>>>()?;
        Ok(Self {
            path: Arc::new(path.to_owned()),
            idle: Arc::new(Mutex::new(connections)),
            places: Arc::new(Semaphore::new(CONNECTIONS)),
        })
    }

    /// Closes the connections. Reads that come later are refused.
    pub(super) fn close(&self) {
        self.places.close();
        self.idle
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clear();
    }

    pub(super) async fn read<T, F>(&self, query: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    {
        let Ok(place) = Arc::clone(&self.places).acquire_owned().await else {
            return Err(StoreError::Closing);
        };
        let (path, idle) = (Arc::clone(&self.path), Arc::clone(&self.idle));
        let read = task::spawn_blocking(move || {
            // The place belongs to the query, not to the one who asked and may have gone away.
            let _place = place;
            let mut connection = match take(&idle) {
                Some(connection) => connection,
                // An earlier query panicked and took its connection along.
                None => open_for_reading(&path)?,
            };
            let result = in_one_transaction(&mut connection, query);
            give_back(&idle, connection);
            result
        });
        // The task can only fail when the query panicked or the runtime stops.
        read.await.unwrap_or(Err(StoreError::Closing))
    }
}

fn in_one_transaction<T>(
    connection: &mut Connection,
    query: impl FnOnce(&Connection) -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Deferred)?;
    let result = query(&transaction);
    transaction.finish()?;
    result
}

fn take(idle: &Mutex<Vec<Connection>>) -> Option<Connection> {
    idle.lock().unwrap_or_else(PoisonError::into_inner).pop()
}

fn give_back(idle: &Mutex<Vec<Connection>>, connection: Connection) {
    idle.lock()
        .unwrap_or_else(PoisonError::into_inner)
        .push(connection);
}

pub(super) fn open_for_reading(path: &Path) -> rusqlite::Result<Connection> {
    let connection = Connection::open_with_flags(
        path,
        OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX,
    )?;
    set_up(&connection)?;
    Ok(connection)
}
