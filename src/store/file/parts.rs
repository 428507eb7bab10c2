//! The open database in parts, for a copy that only the daemon can read: its file is gone, or its disk fails. Each part is
//! read in a short transaction of its own, so that nothing is held while one is sent.

use rusqlite::Connection;

use crate::store::{Store, StoreError};

/// Pages of a part: with SQLite's usual pages 4 MiB.
const PAGES: u32 = 1024;

/// A part of the open database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// Its pages, one behind the other.
    pub bytes: Vec<u8>,
    /// The state of the database that it is of. Parts of one state are a whole database.
    pub state: i64,
    /// The page with which the next part begins; none: this was the last one.
    pub next: Option<u32>,
}

impl Store {
    /// The part of the open database that begins with page `from`, the first of which is 1. None: the database is not in
    /// this `state` any more, and whoever wants all of it begins anew.
    ///
    /// # Errors
    /// When the open database cannot be read.
    pub async fn part(&self, from: u32, state: Option<i64>) -> Result<Option<Part>, StoreError> {
        self.maintenance_readers
            .read(move |connection| read(connection, from, state))
            .await
    }
}

fn read(
    connection: &Connection,
    from: u32,
    wanted: Option<i64>,
) -> Result<Option<Part>, StoreError> {
    // The first read fixes the state that the transaction sees.
    let pages: u32 = connection.query_row("PRAGMA page_count", [], |row| row.get(0))?;
    let state = connection.query_row("PRAGMA data_version", [], |row| row.get(0))?;
    if wanted.is_some_and(|wanted| wanted != state) {
        return Ok(None);
    }
    let end = from.saturating_add(PAGES);
    let mut page = connection.prepare_cached("SELECT data FROM sqlite_dbpage WHERE pgno = ?1")?;
    let mut bytes = Vec::new();
    for number in from.max(1)..end.min(pages + 1) {
        page.query_row([number], |row| {
            bytes.extend_from_slice(row.get_ref(0)?.as_blob()?);
            Ok(())
        })?;
    }
    Ok(Some(Part {
        bytes,
        state,
        next: (end <= pages).then_some(end),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_of_one_state_are_a_whole_database() {
        let directory = tempfile::tempdir().unwrap();
        let (path, copy) = (
            directory.path().join("relay.db"),
            directory.path().join("copy.db"),
        );
        let writing = Connection::open(&path).unwrap();
        writing
            .execute_batch(
                "PRAGMA journal_mode = WAL; CREATE TABLE t (a);
                 INSERT INTO t VALUES (zeroblob(6000000));",
            )
            .unwrap();
        let reading = Connection::open(&path).unwrap();
        let (mut next, mut state, mut parts) = (Some(1), None, Vec::new());
        while let Some(from) = next {
            let part = read(&reading, from, state).unwrap().unwrap();
            (next, state) = (part.next, Some(part.state));
            parts.push(part.bytes);
        }
        assert_eq!(parts.len(), 2);
        std::fs::write(&copy, parts.concat()).unwrap();
        let copied = Connection::open(&copy).unwrap();
        let sound: String = copied
            .query_row("PRAGMA integrity_check", [], |row| row.get(0))
            .unwrap();
        let length: u64 = copied
            .query_row("SELECT length(a) FROM t", [], |row| row.get(0))
            .unwrap();
        assert_eq!((sound.as_str(), length), ("ok", 6_000_000));
        writing.execute_batch("INSERT INTO t VALUES (1)").unwrap();
        assert_eq!(read(&reading, 1, state).unwrap(), None);
        assert!(read(&reading, 1, None).unwrap().is_some());
    }
}
