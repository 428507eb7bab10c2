//! The write-ahead log that grows while a copy is made: it is moved into the database by whoever made the copy, beside the
//! writing thread. That thread would hold up accepting for as long as it takes to move some hundred MiB.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rusqlite::Connection;

use super::super::connection::PAGES_IN_JOURNAL;
use super::DatabaseFile;

/// So few pages (4 MiB) are left to the writing thread, which moves them in some milliseconds.
const FEW: i64 = 1024;
/// The most passes. Each one leaves the pages that were written while it ran, fewer than before unless the disk is too slow.
/// What is left after the last one is moved by the writing thread, and accepting waits for that.
const PASSES: usize = 12;

/// Whether somebody has promised to move the log. Only one copy is made at a time.
#[derive(Clone, Default)]
pub(super) struct HeldLog(Arc<AtomicBool>);

impl HeldLog {
    pub(super) fn is_held(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}

/// The promise to move the log. Until it is dropped the writing thread moves nothing.
pub(super) struct Promise(HeldLog);

impl Promise {
    /// Promises it before a long read begins.
    pub(super) fn of(file: &DatabaseFile) -> Self {
        let held = file.held_log.clone();
        held.0.store(true, Ordering::Release);
        Self(held)
    }
}

impl Drop for Promise {
    fn drop(&mut self) {
        self.0.0.store(false, Ordering::Release);
    }
}

/// Moves what has gathered in the log meanwhile, if that is more than the writing thread moves at a time.
pub(super) fn move_backlog(connection: &Connection, file: &DatabaseFile) {
    let pages = file.shape.pages_in_log().map_or(0, i64::from);
    if pages > PAGES_IN_JOURNAL {
        move_log(connection, file);
    }
}

/// Moves the log into the database until little of it is left. What cannot be moved now is left to the writing thread.
pub(in crate::store) fn move_log(connection: &Connection, file: &DatabaseFile) {
    let mut moved = 0;
    for _ in 0..PASSES {
        // While the disk is full, the room is for results; what is damaged stays as it is.
        if file.disk_full() || file.is_damaged() || file.is_overwritten() {
            return;
        }
        let log = match move_once(connection) {
            Ok(log) => log,
            Err(error) => {
                tracing::debug!(%error, "the log is left to the writing thread");
                return;
            }
        };
        // Synced here, so that little is left for the writing thread's sync.
        if let Err(error) = file.shape.sync_database() {
            tracing::warn!(%error, "what was moved from the log into the database could not be synced");
            return;
        }
        let was_little = log.pages - moved <= FEW;
        if was_little || log.moved <= moved {
            return;
        }
        moved = log.moved;
    }
}

/// What is in the log, and how much of it is in the database too.
struct Log {
    pages: i64,
    moved: i64,
}

/// Moves what nobody reads any more, and waits for nobody.
fn move_once(connection: &Connection) -> rusqlite::Result<Log> {
    connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |row| {
        Ok(Log {
            pages: row.get(1)?,
            moved: row.get(2)?,
        })
    })
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::super::snapshot;
    use super::*;
    use crate::store::tests::moment;
    use crate::store::writer::Lane;
    use crate::store::{Store, StoreError};

    /// More than the writing thread leaves in the log at any other time.
    const BYTES: i64 = (PAGES_IN_JOURNAL + 100) * 4096;

    async fn write(store: &Store, bytes: i64) {
        let written = store.write::<_, StoreError, _>(Lane::Calls, move |connection| {
            connection.execute("CREATE TABLE IF NOT EXISTS filling (data BLOB)", [])?;
            connection.execute("INSERT INTO filling VALUES (zeroblob(?1))", [bytes])?;
            Ok(())
        });
        written.await.unwrap();
    }

    /// Whether what was written is in the database itself.
    fn is_moved(store: &Store) -> bool {
        let bytes = fs::metadata(store.file().path()).unwrap().len();
        i64::try_from(bytes).unwrap() > BYTES
    }

    #[tokio::test]
    async fn what_gathers_during_a_copy_is_moved_beside_the_writing_thread() {
        let directory = tempfile::tempdir().unwrap();
        let store = Store::open(directory.path(), moment()).unwrap();
        let promise = Promise::of(store.file());
        write(&store, BYTES).await;
        write(&store, 1).await;
        assert!(!is_moved(&store), "somebody has promised to move it");
        let file = store.file().clone();
        let moving = store.maintenance_readers.work(move |connection| {
            move_backlog(connection, &file);
            Ok(connection.execute_batch("DELETE FROM filling").is_err())
        });
        assert!(moving.await.unwrap(), "nothing else can be changed there");
        assert!(is_moved(&store));
        drop(promise);
        assert_eq!(store.file().look(), None);
    }

    #[tokio::test]
    async fn what_was_promised_and_not_done_is_done_by_the_writing_thread() {
        let directory = tempfile::tempdir().unwrap();
        let store = Store::open(directory.path(), moment()).unwrap();
        let promise = Promise::of(store.file());
        write(&store, BYTES).await;
        drop(promise);
        assert!(!is_moved(&store));
        write(&store, 1).await;
        assert!(is_moved(&store));
    }

    #[tokio::test]
    async fn a_copy_that_fails_leaves_the_log_to_the_writing_thread() {
        let directory = tempfile::tempdir().unwrap();
        let store = Store::open(directory.path(), moment()).unwrap();
        let nowhere = directory.path().join("not/there/copy.db");
        store.copy_to(&nowhere).await.unwrap_err();
        assert!(!store.file().log_is_held(), "nobody keeps that promise");
        write(&store, BYTES).await;
        write(&store, 1).await;
        assert!(is_moved(&store));
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn what_is_written_during_a_copy_is_in_the_database_and_the_copy_is_whole() {
        let directory = tempfile::tempdir().unwrap();
        let store = Store::open(directory.path(), moment()).unwrap();
        write(&store, 8_000_000).await;
        let copy = directory.path().join("copy.db");
        let copying = tokio::spawn({
            let (store, copy) = (store.clone(), copy.clone());
            async move { store.copy_to(&copy).await }
        });
        for _ in 0..4 {
            write(&store, BYTES / 4).await;
        }
        copying.await.unwrap().unwrap();
        assert!(!store.file().log_is_held());
        // Whoever was first: the copy, or the writing thread at its next commit. The one after that begins the log anew.
        for _ in 0..2 {
            write(&store, 1).await;
        }
        let left = store.file().shape.pages_in_log().map(i64::from);
        assert!(
            left.is_some_and(|left| left <= PAGES_IN_JOURNAL),
            "{left:?}"
        );
        assert_eq!(store.file().look(), None);
        snapshot::verify(&copy).unwrap();
    }

    #[tokio::test]
    async fn a_little_stays_in_the_log_when_a_copy_was_made() {
        let directory = tempfile::tempdir().unwrap();
        let store = Store::open(directory.path(), moment()).unwrap();
        write(&store, 4_000_000).await;
        let before = fs::metadata(store.file().path()).unwrap().len();
        store
            .copy_to(&directory.path().join("copy.db"))
            .await
            .unwrap();
        let after = fs::metadata(store.file().path()).unwrap().len();
        assert_eq!(before, after);
    }
}
