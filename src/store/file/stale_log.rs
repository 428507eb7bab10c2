//! What the file of the write-ahead log has behind the log's last page: pages of earlier rounds. SQLite begins the log anew
//! at the beginning of the file and leaves the rest as it is. An erasure overwrites it, a little at a time. To cut the file
//! off would be shorter, but the system takes the space back while everybody waits, and every commit that makes the file
//! grow again takes longer.

use std::io;
use std::ops::Range;
use std::os::unix::fs::FileExt;

use super::DatabaseFile;
use super::file_integrity::OpenFiles;
use crate::priority::Throttle;

/// Bytes that are overwritten at a time: some hundred microseconds.
const BYTES_AT_ONCE: u64 = 512 * 1024;
/// How often the log's end is asked for again when it is just being changed.
const LOOKS: usize = 100;

/// One round of the log, from the beginning of its file. Two rounds have different numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::store) struct Round {
    salts: [u8; 8],
    is_empty: bool,
}

impl Round {
    /// Whether what is in the log now was all written after this round was looked at or at its beginning.
    pub(in crate::store) fn is_over(self, now: Self) -> bool {
        self.is_empty || self.salts != now.salts
    }
}

impl DatabaseFile {
    /// The present round of the log; none: that cannot be said at this moment.
    pub(in crate::store) fn round_of_log(&self) -> Option<Round> {
        let index = (0..LOOKS).find_map(|_| self.shape.index())?;
        Some(Round {
            salts: index.salts(),
            is_empty: index.pages() == 0,
        })
    }

    /// The last piece of the log's file before `until` that is behind the log and has anything but zeros. None: there is
    /// no such piece.
    ///
    /// # Errors
    /// What the operating system said.
    pub(in crate::store) fn stale_piece(&self, until: u64) -> io::Result<Option<Range<u64>>> {
        let log = &self.shape.journal;
        let end_of_log = end_of_log(&self.shape)?;
        let mut until = until.min(log.metadata()?.len());
        let mut bytes = Vec::new();
        let mut throttle = Throttle::start();
        while until > end_of_log {
            let from = end_of_log.max(until.saturating_sub(BYTES_AT_ONCE));
            bytes.resize(usize::try_from(until - from).unwrap_or(0), 0);
            log.read_exact_at(&mut bytes, from)?;
            if bytes.iter().any(|byte| *byte != 0) {
                return Ok(Some(from..until));
            }
            until = from;
            throttle.rest_when_due();
        }
        Ok(None)
    }

    /// Overwrites a piece of the log's file with zeros, as far as it is behind the log. Only who may write to the database
    /// may call this: the log must not grow meanwhile.
    ///
    /// # Errors
    /// What the operating system said.
    pub(in crate::store) fn overwrite_stale(&self, piece: &Range<u64>) -> io::Result<()> {
        let from = piece.start.max(end_of_log(&self.shape)?);
        let bytes = usize::try_from(piece.end.saturating_sub(from)).unwrap_or(0);
        self.shape.journal.write_all_at(&vec![0; bytes], from)
    }

    /// Brings what was overwritten to the disk.
    ///
    /// # Errors
    /// What the operating system said.
    pub(in crate::store) fn sync_log(&self) -> io::Result<()> {
        self.shape.journal.sync_data()
    }
}

fn end_of_log(files: &OpenFiles) -> io::Result<u64> {
    let index = (0..LOOKS).find_map(|_| files.index());
    let index = index.ok_or(io::ErrorKind::ResourceBusy)?;
    Ok(index.end_of_log())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use rusqlite::Connection;

    use crate::store::tests::moment;
    use crate::store::writer::Lane;
    use crate::store::{Store, StoreError};

    const SECRET: &[u8] = b"what somebody said";

    async fn write(store: &Store, sql: &'static str) {
        let written = store.write::<_, StoreError, _>(Lane::Calls, move |connection| {
            Ok(connection.execute_batch(sql)?)
        });
        written.await.unwrap();
    }

    /// A store with a log of more than a piece, and of which a secret was deleted again.
    async fn with_secret(store: &Store) {
        write(store, "CREATE TABLE t (text TEXT)").await;
        write(
            store,
            "INSERT INTO t VALUES ('what somebody said'), (hex(zeroblob(900000)))",
        )
        .await;
        write(store, "DELETE FROM t").await;
    }

    fn log_of(store: &Store) -> Vec<u8> {
        let mut log = store.file().path().as_os_str().to_owned();
        log.push("-wal");
        fs::read(log).unwrap()
    }

    fn has_secret(bytes: &[u8]) -> bool {
        bytes.windows(SECRET.len()).any(|window| window == SECRET)
    }

    async fn overwrite_all(store: &Store) -> u32 {
        let (mut rest, mut pieces) = (u64::MAX, 0);
        while let Some(before) = store.overwrite_stale_log(rest).await.unwrap() {
            (rest, pieces) = (before, pieces + 1);
        }
        pieces
    }

    #[tokio::test]
    async fn what_is_behind_the_log_is_overwritten_and_nothing_of_the_log_is() {
        let directory = tempfile::tempdir().unwrap();
        let store = Store::open(directory.path(), moment()).unwrap();
        with_secret(&store).await;
        let before = log_of(&store);
        assert!(has_secret(&before));

        assert!(store.begin_log_anew().await.unwrap());
        write(&store, "INSERT INTO t VALUES ('first')").await;
        assert!(has_secret(&log_of(&store)));
        assert!(overwrite_all(&store).await > 2);
        let after = log_of(&store);
        assert!(!has_secret(&after));
        assert_eq!(after.len(), before.len(), "it need not grow again");
        assert_eq!(overwrite_all(&store).await, 0, "all of it is done");
        write(&store, "INSERT INTO t VALUES ('second')").await;

        // As a power cut would leave it.
        let copy = directory.path().join("copy.db");
        fs::copy(store.file().path(), &copy).unwrap();
        fs::write(directory.path().join("copy.db-wal"), log_of(&store)).unwrap();
        let connection = Connection::open(&copy).unwrap();
        let rows = connection.query_row("SELECT group_concat(text), (SELECT integrity_check FROM pragma_integrity_check) FROM t", [], |row| row.try_into());
        let rows: (String, String) = rows.unwrap();
        assert_eq!(rows, ("first,second".to_owned(), "ok".to_owned()));
        store.close(moment()).await;
    }

    #[tokio::test]
    async fn a_log_that_somebody_reads_is_not_begun_anew() {
        let directory = tempfile::tempdir().unwrap();
        let store = Store::open(directory.path(), moment()).unwrap();
        with_secret(&store).await;
        let reader = Connection::open(store.file().path()).unwrap();
        reader.execute_batch("BEGIN; SELECT * FROM t").unwrap();
        write(&store, "INSERT INTO t VALUES ('more')").await;
        assert!(!store.begin_log_anew().await.unwrap());
        assert_eq!(overwrite_all(&store).await, 0, "the log goes on");
        reader.execute_batch("COMMIT").unwrap();
        assert!(store.begin_log_anew().await.unwrap());
        store.close(moment()).await;
    }

    #[tokio::test]
    async fn what_an_erasure_that_was_broken_off_has_left_in_the_log_is_gone_after_the_next_start()
    {
        let begun = "INSERT INTO erasures VALUES (zeroblob(32), '2025-10-26T14:30:00.000Z', NULL)";
        let ended = "INSERT INTO erasures VALUES (zeroblob(32), '2025-10-26T14:30:00.000Z', '2025-10-26T14:30:00.000Z')";
        // After one that has ended, the start leaves the log as it is.
        for (erasure, is_left) in [(begun, false), (ended, true)] {
            let directory = tempfile::tempdir().unwrap();
            let store = Store::open(directory.path(), moment()).unwrap();
            with_secret(&store).await;
            write(&store, erasure).await;
            assert!(has_secret(&log_of(&store)));
            // As a kill would leave it.
            let after = tempfile::tempdir().unwrap();
            fs::create_dir(after.path().join("live")).unwrap();
            for name in ["relay.db", "relay.db-wal"] {
                let name = format!("live/{name}");
                fs::copy(directory.path().join(&name), after.path().join(&name)).unwrap();
            }
            store.close(moment()).await;
            let store = Store::open(after.path(), moment()).unwrap();
            assert_eq!(has_secret(&log_of(&store)), is_left, "{erasure}");
            store.close(moment()).await;
        }
    }
}
