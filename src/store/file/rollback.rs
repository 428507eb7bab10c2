//! A rollback journal beside the database. The relay has one for moments only, before the write-ahead log is opened and
//! when it is closed; a crash in such a moment leaves it, and SQLite undoes what it began. Any other was put there by
//! somebody. SQLite does not ask whose it is: at the next chance it writes the old pages from it into the database, and
//! throws the write-ahead log away. So it is moved aside before SQLite sees it, and nothing of it is used.

use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use super::file_integrity::{APPLICATION_ID, Header};
use super::mark::Mark;
use super::open_error::OpenError;
use super::path::{filled_journal_of, rollback_journal_of};
use crate::plain_file;

/// How a journal begins that SQLite writes back.
const MAGIC: [u8; 8] = [0xd9, 0xd5, 0x05, 0xf9, 0x20, 0xa1, 0x63, 0xd7];
/// What follows it: five numbers of four bytes each.
const NUMBERS: usize = 5;
/// As many records as there is room for.
const UNCOUNTED: u32 = u32::MAX;
/// The number before the page of a record, and the checksum behind it, in bytes.
const AROUND_PAGE: u64 = 8;
/// How a journal is called that was moved aside; a number follows.
pub(super) const SET_ASIDE: &str = "relay.db-journal-set-aside-";

/// A journal that SQLite looks at before it reads the database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum RollbackJournal {
    /// SQLite would find nothing in it and delete it; or the database was closed in order, or has a write-ahead log in use:
    /// it has no such journal.
    Stray(PathBuf),
    /// Its pages are of another database, or of another state of this one, as far as that can be seen.
    OfAnother,
    /// A crash has left it. The next start undoes what it began, and deletes it.
    Left(PathBuf),
}

impl RollbackJournal {
    /// That beside the database at `path`, which nobody in this process may have open.
    pub(super) fn beside(path: &Path) -> Option<Self> {
        let journal = journal_beside(path)?;
        // SQLite opens a log when there is no journal any more, and has ended the log before it begins one.
        let in_use = filled_journal_of(path).is_some()
            && File::open(path)
                .and_then(|file| Header::read(&file))
                .is_ok_and(|header| header.has_log());
        Some(if in_use || is_empty(&journal) || Mark::of(path).fits() {
            Self::Stray(journal)
        } else if may_be_undone(&journal, path).unwrap_or(true) {
            // What cannot be read here, SQLite cannot read either.
            Self::Left(journal)
        } else {
            Self::OfAnother
        })
    }
}

/// The journal that SQLite would look at; none: there is none, or it is empty or begins with a zero.
pub(super) fn journal_beside(database: &Path) -> Option<PathBuf> {
    let journal = rollback_journal_of(database);
    let mut first = [0];
    let read = plain_file::open(&journal).and_then(|file| file.read_exact_at(&mut first, 0));
    match read {
        Ok(()) => (first != [0]).then_some(journal),
        Err(error) if error.kind() == ErrorKind::NotFound => None,
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => None,
        Err(_) => Some(journal),
    }
}

/// Moves a stray journal aside that lies beside the database at `path`, which nobody may have open.
pub(super) fn end_stray(path: &Path) -> Result<(), OpenError> {
    match RollbackJournal::beside(path) {
        Some(RollbackJournal::Stray(journal)) => set_aside(&journal)
            .map(drop)
            .map_err(|source| OpenError::at(&journal, source)),
        _ => Ok(()),
    }
}

/// Moves a journal that is not the database's own to another name beside it, and answers that name.
pub(super) fn set_aside(journal: &Path) -> io::Result<PathBuf> {
    let free = (1_u32..).map(|number| journal.with_file_name(format!("{SET_ASIDE}{number}")));
    let mut free = free.filter(|path| fs::symlink_metadata(path).is_err());
    let aside = free.next().unwrap_or_else(|| journal.to_owned());
    fs::rename(journal, &aside)?;
    tracing::error!(
        journal = %journal.display(),
        moved_to = %aside.display(),
        "this rollback journal is not the relay's: somebody has put it beside the database, and SQLite would have written old pages from it into the database, or deleted it. It was moved aside and nothing of it was used; when it is of no use to anybody, delete it"
    );
    Ok(aside)
}

/// Whether SQLite finds nothing in it.
fn is_empty(journal: &Path) -> bool {
    let head = plain_file::open(journal).and_then(|journal| Head::read(&journal));
    head.is_ok_and(|head| head.is_none())
}

/// Whether SQLite undoes with it what was begun in this database, or finds nothing in it.
fn may_be_undone(journal: &Path, database: &Path) -> io::Result<bool> {
    let journal = plain_file::open(journal)?;
    let Some(head) = Head::read(&journal)? else {
        return Ok(true);
    };
    let database = File::open(database)?;
    let length = database.metadata()?.len();
    let Ok(present) = Header::read(&database) else {
        // One that was never written to; or it was emptied, and the journal is all that is left of it.
        return Ok(head.pages_before == 0);
    };
    if present.application() != APPLICATION_ID {
        // Another program's, or one in which nothing was kept yet.
        return Ok(true);
    }
    if present.page_bytes() != head.page_bytes {
        return Ok(false);
    }
    if head.records == 0 {
        // It would only cut the file.
        return Ok(length == u64::from(head.pages_before) * head.page_bytes);
    }
    // Whoever changes a database changes its first page, where it is counted.
    let before = head.first_page(&journal)?;
    Ok(before.is_some_and(|before| {
        let since = present.changes().wrapping_sub(before.changes());
        before.identity() == present.identity() && since <= 1
    }))
}

/// What a journal says of itself.
struct Head {
    records: u32,
    pages_before: u32,
    sector_bytes: u64,
    page_bytes: u64,
}

impl Head {
    /// None: SQLite finds nothing in it.
    fn read(journal: &File) -> io::Result<Option<Self>> {
        let mut head = [0; MAGIC.len() + 4 * NUMBERS];
        match journal.read_exact_at(&mut head, 0) {
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => return Ok(None),
            read => read?,
        }
        let (magic, numbers) = head.split_at(MAGIC.len());
        let number = |at: usize| {
            let bytes = numbers[4 * at..].first_chunk();
            u32::from_be_bytes(*bytes.unwrap_or(&[0; 4]))
        };
        let (sector, page) = (number(3), number(4));
        let is_size = |size: u32, least| size.is_power_of_two() && (least..=65536).contains(&size);
        if magic != MAGIC || !is_size(sector, 32) || !is_size(page, 512) {
            return Ok(None);
        }
        let (sector_bytes, page_bytes) = (u64::from(sector), u64::from(page));
        let room =
            journal.metadata()?.len().saturating_sub(sector_bytes) / (page_bytes + AROUND_PAGE);
        let room = u32::try_from(room).unwrap_or(u32::MAX);
        Ok(Some(Self {
            records: if number(0) == UNCOUNTED {
                room
            } else {
                room.min(number(0))
            },
            pages_before: number(2),
            sector_bytes,
            page_bytes,
        }))
    }

    /// The header that the database had before, when it is among the records.
    fn first_page(&self, journal: &File) -> io::Result<Option<Header>> {
        for record in 0..u64::from(self.records) {
            let at = self.sector_bytes + record * (self.page_bytes + AROUND_PAGE);
            let mut page = [0; 4];
            journal.read_exact_at(&mut page, at)?;
            if u32::from_be_bytes(page) == 1 {
                return Header::read_at(journal, at + 4).map(Some);
            }
        }
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use rusqlite::Connection;
    use tempfile::TempDir;

    use super::*;

    /// A database without a write-ahead log, and a transaction that is begun in it and has reached the file.
    fn with_begun_change(directory: &TempDir, name: &str, identity: u32) -> (PathBuf, Connection) {
        let path = directory.path().join(name);
        let connection = Connection::open(&path).unwrap();
        connection
            .execute_batch(&format!(
                "PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {identity}; CREATE TABLE t (a); INSERT INTO t VALUES (1);
                 BEGIN; UPDATE t SET a = 2; PRAGMA user_version = {identity};"
            ))
            .unwrap();
        // What is changed is written when memory runs short.
        connection.cache_flush().unwrap();
        assert!(journal_beside(&path).is_some());
        (path, connection)
    }

    #[test]
    fn a_journal_is_known_by_the_first_page_that_it_keeps() {
        let directory = tempfile::tempdir().unwrap();
        let (path, _open) = with_begun_change(&directory, "a.db", 7);
        let (other, _open) = with_begun_change(&directory, "b.db", 8);
        // As a crash leaves them.
        let crashed = |database: &Path, journal: &Path| {
            let left = tempfile::tempdir().unwrap();
            let path = left.path().join("relay.db");
            fs::copy(database, &path).unwrap();
            fs::copy(rollback_journal_of(journal), rollback_journal_of(&path)).unwrap();
            (RollbackJournal::beside(&path), left)
        };
        let own = crashed(&path, &path).0;
        assert!(matches!(own, Some(RollbackJournal::Left(_))), "{own:?}");
        let foreign = crashed(&path, &other).0;
        assert_eq!(foreign, Some(RollbackJournal::OfAnother));
    }

    #[test]
    fn a_journal_of_an_earlier_state_is_not_the_databases_own() {
        let directory = tempfile::tempdir().unwrap();
        let (path, open) = with_begun_change(&directory, "a.db", 7);
        let journal = rollback_journal_of(&path);
        let kept = fs::read(&journal).unwrap();
        open.execute_batch("COMMIT; UPDATE t SET a = 3; UPDATE t SET a = 4;")
            .unwrap();
        drop(open);
        fs::write(&journal, kept).unwrap();
        assert_eq!(
            RollbackJournal::beside(&path),
            Some(RollbackJournal::OfAnother)
        );
        // With a log in use there is none, whatever it has.
        fs::remove_file(&journal).unwrap();
        let open = Connection::open(&path).unwrap();
        open.execute_batch("PRAGMA journal_mode = WAL; UPDATE t SET a = 5;")
            .unwrap();
        fs::write(&journal, "somebody's notes").unwrap();
        assert_eq!(
            RollbackJournal::beside(&path),
            Some(RollbackJournal::Stray(journal.clone()))
        );
        let aside = [set_aside(&journal).unwrap(), {
            fs::write(&journal, "more").unwrap();
            set_aside(&journal).unwrap()
        }];
        // Without a log in use as well: SQLite would delete it without a word.
        let closed = directory.path().join("closed.db");
        fs::write(&closed, "").unwrap();
        let beside = rollback_journal_of(&closed);
        fs::write(&beside, "somebody's notes").unwrap();
        assert_eq!(
            RollbackJournal::beside(&closed),
            Some(RollbackJournal::Stray(beside))
        );
        assert_eq!(fs::read(&aside[0]).unwrap(), b"somebody's notes");
        assert_eq!(fs::read(&aside[1]).unwrap(), b"more");
        assert_eq!(RollbackJournal::beside(&path), None);
    }
}
