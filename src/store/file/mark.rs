//! The mark of a close in order. It names the file that it was made for, so that another file, or one that was changed
//! by another program, is not taken for the one that the relay closed.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};

use super::path::journal_of;

/// The mark's name, beside the database.
const NAME: &str = "closed-in-order";
/// The name of the mark of damage that was met while the relay ran, beside the database.
const DAMAGED: &str = "damaged";
/// Where a database's header has the number that every change of the file counts up.
const CHANGE_COUNTER: u64 = 24;

/// The place of the mark of one database.
///
/// The database must not be open in this process when it is looked at: closing a second handle of a file gives
/// up the locks that SQLite holds on it.
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

    /// The file that it is.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// The file, when it is there: it stays where its database does not.
    pub(super) fn left(self) -> Option<PathBuf> {
        self.path.exists().then_some(self.path)
    }

    /// Says that the database was closed in order as it is now.
    pub(super) fn leave(&self) -> io::Result<()> {
        fs::write(&self.path, described(self.database)?)
    }

    /// Whether the database is as it was left when it was closed in order, with nothing in a journal.
    pub(super) fn fits(&self) -> bool {
        let journal = fs::metadata(journal_of(self.database));
        let nothing_waits = journal.map_or_else(
            |error| error.kind() == io::ErrorKind::NotFound,
            |journal| journal.len() == 0,
        );
        let marked = fs::read_to_string(&self.path);
        nothing_waits && marked.is_ok_and(|text| described(self.database).is_ok_and(|d| d == text))
    }

    /// Removes the mark before the database is changed. A mark that could not be removed does not fit the changed file.
    pub(super) fn remove(&self) {
        let _ = fs::remove_file(&self.path);
    }
}

/// The mark of damage: what SQLite finds whole at the next start may have lost its newest part.
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
