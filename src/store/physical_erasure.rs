//! Makes sure that erased data are no longer in the database's files (contract, section 13).
//!
//! SQLite overwrites what is deleted (`secure_delete`). Two places remain: the write-ahead log contains earlier
//! versions of pages until it is truncated, and a page that SQLite has rebuilt may contain old data between its rows.

use std::time::Duration;

use rusqlite::Connection;

use super::connection::BUSY_TIMEOUT;
use super::writer::Lane;
use super::{Store, StoreError};

/// A database of at least this many bytes is vacuumed with a temporary file instead of in memory.
const LARGE: u64 = 64 * 1024 * 1024;
/// Writing a database anew takes at most this many times its size: once beside it, once in the log, and a reserve.
const ROOM: u64 = 3;

impl Store {
    /// Checkpoints and truncates the write-ahead log. False when a reader prevents it.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn cut_log(&self) -> Result<bool, StoreError> {
        self.write(Lane::Maintenance, |connection| {
            outside(connection, |connection| Ok(cut_log(connection)?))
        })
        .await
    }

    /// Whether one of `texts` still stands in the database where no row is. The log was cut off before; nobody is held
    /// up meanwhile.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn has_remains_of(&self, texts: Vec<String>) -> Result<bool, StoreError> {
        let file = self.file.clone();
        let looking = tokio::task::spawn_blocking(move || file.has_remains_of(&texts));
        let found = looking.await.map_err(std::io::Error::other);
        let found = found.and_then(|found| found);
        found.map_err(|error| StoreError::Refused(error.to_string()))
    }

    /// Writes the whole database anew, so that it has nothing but its rows; accepting waits meanwhile. False: the disk has
    /// too little room for that.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn write_anew(&self) -> Result<bool, StoreError> {
        let file = self.file.clone();
        self.write(Lane::Maintenance, move |connection| {
            let bytes = database_bytes(connection)?;
            if file
                .disk_bytes()
                .is_some_and(|(free, _)| free < bytes * ROOM)
            {
                return Ok(false);
            }
            outside(connection, |connection| {
                let place = if bytes < LARGE { "MEMORY" } else { "FILE" };
                connection.pragma_update(None, "temp_store", place)?;
                let written = connection.execute_batch("VACUUM");
                connection.pragma_update(None, "temp_store", "MEMORY")?;
                written?;
                Ok(true)
            })
        })
        .await
    }
}

/// Does what no transaction may contain. Maintenance has its transaction for itself, and nothing was written in it yet.
fn outside<T>(
    connection: &Connection,
    work: impl FnOnce(&Connection) -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    connection.execute_batch("COMMIT")?;
    let done = work(connection);
    connection.execute_batch("BEGIN IMMEDIATE")?;
    done
}

fn cut_log(connection: &Connection) -> rusqlite::Result<bool> {
    // Waiting here would hold up all writes; it is tried again later.
    connection.busy_timeout(Duration::ZERO)?;
    let is_busy = connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0));
    connection.busy_timeout(BUSY_TIMEOUT)?;
    let is_busy: bool = is_busy?;
    Ok(!is_busy)
}

fn database_bytes(connection: &Connection) -> rusqlite::Result<u64> {
    connection.query_row(
        "SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()",
        [],
        |row| row.get(0),
    )
}
