//! A rollback journal beside the database. The relay has one for moments only, before the write-ahead log is opened and
//! when it is closed; a crash in such a moment leaves it, and SQLite undoes what it began. Any other was put there by
//! somebody: whoever only reads the database is refused because of it, and whoever writes has it written into the database.

use std::fs::File;
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};

use super::mark::Mark;
use super::path::rollback_journal_of;

/// How a journal begins that SQLite writes back.
const MAGIC: [u8; 8] = [0xd9, 0xd5, 0x05, 0xf9, 0x20, 0xa1, 0x63, 0xd7];

/// A journal that SQLite looks at before it reads the database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum RollbackJournal {
    /// The database was closed in order, and this would be written into it.
    OfAnother,
    /// A crash has left it, or SQLite finds nothing in it. The next start undoes what it began, and deletes it.
    Left(PathBuf),
}

impl RollbackJournal {
    /// That beside the database at `path`, which nobody in this process may have open.
    pub(super) fn beside(path: &Path) -> Option<Self> {
        let journal = rollback_journal_of(path);
        let begin = begin_of(&journal)?;
        Some(if begin == MAGIC && Mark::of(path).fits() {
            Self::OfAnother
        } else {
            Self::Left(journal)
        })
    }
}

/// The first bytes of a journal. None: SQLite takes it for none, because it is empty or begins with a zero.
fn begin_of(journal: &Path) -> Option<Vec<u8>> {
    let read = File::open(journal).and_then(|file| {
        let mut begin = Vec::new();
        file.take(MAGIC.len() as u64).read_to_end(&mut begin)?;
        Ok(begin)
    });
    match read {
        Ok(begin) => Some(begin).filter(|begin| begin.first().is_some_and(|first| *first != 0)),
        Err(error) if error.kind() == ErrorKind::NotFound => None,
        // SQLite cannot read it either.
        Err(_) => Some(Vec::new()),
    }
}
