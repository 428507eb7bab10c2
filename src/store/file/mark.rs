//! The mark of a clean shutdown: a file that identifies the database and its state, so that another database, or one
//! that another program changed, is not mistaken for the one that the relay closed.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};

use super::path::journal_of;
use crate::plain_file;

/// The name of the mark, in the directory of the database.
const NAME: &str = "closed-in-order";
/// The name of the mark of damage that was found while the relay ran, in the same directory.
const DAMAGED: &str = "damaged";
/// The offset of the file change counter in the header of a database.
const CHANGE_COUNTER: u64 = 24;

/// The mark of one database.
///
/// The database must not be open in this process when the mark is compared with it: closing a second handle of a file
/// releases the locks that SQLite holds on it.
pub(super) struct Mark<'a> {
    path: PathBuf,
    database: &'a Path,
}

impl<'a> Mark<'a> {
    pub(super) fn of(database: &'a Path) -> Self {
        Self {
            path: database.with_file_name(NAME),
            database,
        }
    }

    /// Its path.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Its path if the file exists, even when the database does not.
    pub(super) fn left(self) -> Option<PathBuf> {
        self.path.exists().then_some(self.path)
    }

    /// Writes the mark for the present state of the database.
    pub(super) fn leave(&self) -> io::Result<()> {
        // What somebody has put in its place may be a pipe, which would wait for somebody who reads it.
        self.remove();
        fs::write(&self.path, described(self.database)?)
    }

    /// Whether the database is in the state of the clean shutdown, with an empty journal.
    pub(super) fn fits(&self) -> bool {
        let journal = fs::metadata(journal_of(self.database));
        let nothing_waits = journal.map_or_else(
            |error| error.kind() == io::ErrorKind::NotFound,
            |journal| journal.len() == 0,
        );
        let marked = plain_file::open(&self.path).and_then(io::read_to_string);
        nothing_waits && marked.is_ok_and(|text| described(self.database).is_ok_and(|d| d == text))
    }

    /// Removes the mark before the database is changed. A mark that could not be removed does not fit the changed file.
    pub(super) fn remove(&self) {
        let _ = fs::remove_file(&self.path);
    }
}

/// The path of the mark of damage: a database that SQLite finds intact at the next start may lack its newest part.
pub(super) fn mark_of_damage(database: &Path) -> PathBuf {
    database.with_file_name(DAMAGED)
}

fn described(database: &Path) -> io::Result<String> {
    let file = File::open(database)?;
    let found = file.metadata()?;
    let mut counter = [0; 4];
    file.read_exact_at(&mut counter, CHANGE_COUNTER)?;
    Ok(format!(
        "size {} modified {}.{:09} changed {}.{:09} inode {} counter {}\n",
        found.size(),
        found.mtime(),
        found.mtime_nsec(),
        found.ctime(),
        found.ctime_nsec(),
        found.ino(),
        u32::from_be_bytes(counter),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_fits_the_file_that_was_closed_and_no_other() {
        let directory = tempfile::tempdir().unwrap();
        let database = directory.path().join("relay.db");
        let aside = directory.path().join("aside");
        let bytes: Vec<u8> = (0..=255).cycle().take(8192).collect();
        let write = |bytes: &[u8]| fs::write(&database, bytes).unwrap();
        let mark = Mark::of(&database);
        write(&bytes);
        assert!(!mark.fits(), "there is none yet");
        mark.leave().unwrap();
        assert!(mark.fits());
        fs::copy(&database, &aside).unwrap();
        fs::rename(&aside, &database).unwrap();
        assert!(!mark.fits(), "a copy of it is another file");
        mark.leave().unwrap();
        let file = File::options().write(true).open(&database).unwrap();
        let modified = file.metadata().unwrap().modified().unwrap();
        // The system's clock for files has steps of some milliseconds.
        let changed = (0..1_000_000).any(|_| {
            file.write_all_at(b"x", 5000).unwrap();
            file.set_modified(modified).unwrap();
            !mark.fits()
        });
        assert!(changed, "a byte is another one");
        mark.leave().unwrap();
        fs::write(journal_of(&database), "").unwrap();
        assert!(mark.fits(), "an empty journal is none");
        fs::write(journal_of(&database), "x").unwrap();
        assert!(!mark.fits(), "something waits in a journal");
        fs::remove_file(journal_of(&database)).unwrap();
        mark.remove();
        assert!(!mark.fits());
    }
}
