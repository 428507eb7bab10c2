//! Which files are open, and whether they still stand at their paths. A deleted or moved file can be read
//! and written while it is open, and is lost when it is closed.

use std::fs::{self, File, Metadata};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use rustix::io::Errno;

/// The identity of a file, whatever its name: device and inode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Inode {
    device: u64,
    number: u64,
}

impl Inode {
    /// The file to which this name leads; none: there is none, or it cannot be looked at.
    pub(super) fn of(path: &Path) -> Option<Self> {
        fs::metadata(path).ok().as_ref().map(Self::from)
    }

    /// What has this name itself. A link is another file than the one to which it leads.
    fn at(path: &Path) -> Option<Self> {
        fs::symlink_metadata(path).ok().as_ref().map(Self::from)
    }
}

impl From<&Metadata> for Inode {
    fn from(found: &Metadata) -> Self {
        Self {
            device: found.dev(),
            number: found.ino(),
        }
    }
}

/// Whether an open file stands at this path.
pub(super) fn is_at(file: &File, path: &Path) -> bool {
    let opened = file.metadata();
    opened.is_ok_and(|opened| Inode::at(path) == Some(Inode::from(&opened)))
}

/// A file by its path and by what it was when it was opened.
#[derive(Clone, Debug)]
pub(super) struct OpenPath {
    path: PathBuf,
    opened: Option<Inode>,
}

impl OpenPath {
    /// The file that has this name now.
    pub(super) fn of(path: PathBuf) -> Self {
        Self {
            opened: Inode::at(&path),
            path,
        }
    }

    /// Whether the same file still stands there. A link to it is not enough: who opens that puts the other files of the
    /// database elsewhere, and no start takes it. Takes about a microsecond. True when there was no file: nothing can be
    /// lost then.
    pub(super) fn is_held(&self) -> bool {
        self.opened.is_none() || self.opened == Inode::at(&self.path)
    }

    /// Whether no file has this name, as far as this user may look.
    pub(super) fn is_empty(&self) -> bool {
        self.hidden().is_none() && Inode::at(&self.path).is_none()
    }

    /// Whether another file has this name.
    pub(super) fn is_replaced(&self) -> bool {
        !self.is_held() && self.hidden().is_none() && !self.is_empty()
    }

    /// Why nobody can say what has this name: this user may not look, or the disk does not answer. None: it can be said,
    /// or there is nothing.
    pub(super) fn hidden(&self) -> Option<io::Error> {
        let error = fs::symlink_metadata(&self.path).err()?;
        let absent = [Errno::NOENT, Errno::NOTDIR, Errno::LOOP];
        let is_answer = Errno::from_io_error(&error).is_some_and(|met| absent.contains(&met));
        (!is_answer).then_some(error)
    }

    /// The name.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }
}

/// The write-ahead log beside a database.
pub(super) fn journal_of(database: &Path) -> PathBuf {
    with_ending(database, "-wal")
}

/// The same when it is there and has something in it.
pub(super) fn filled_journal_of(database: &Path) -> Option<PathBuf> {
    let journal = journal_of(database);
    let has_something = fs::metadata(&journal).is_ok_and(|journal| journal.len() > 0);
    has_something.then_some(journal)
}

/// The journal that a database has beside it when it has no write-ahead log.
pub(super) fn rollback_journal_of(database: &Path) -> PathBuf {
    with_ending(database, "-journal")
}

/// The index of the write-ahead log.
pub(super) fn shared_memory_of(database: &Path) -> PathBuf {
    with_ending(database, "-shm")
}

fn with_ending(database: &Path, ending: &str) -> PathBuf {
    let mut name = database.as_os_str().to_owned();
    name.push(ending);
    PathBuf::from(name)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn a_file_is_in_its_place_as_long_as_it_has_its_name() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("relay.db");
        let aside = directory.path().join("aside");
        fs::write(&path, "a").unwrap();
        let open = fs::File::open(&path).unwrap();
        let place = OpenPath::of(path.clone());
        assert!(place.is_held());
        fs::rename(&path, &aside).unwrap();
        assert!(!place.is_held() && place.is_empty(), "moved");
        fs::write(&path, "a").unwrap();
        assert!(!place.is_held() && !place.is_empty(), "replaced");
        fs::rename(&aside, &path).unwrap();
        assert!(place.is_held(), "moved back");
        fs::rename(&path, &aside).unwrap();
        symlink(&aside, &path).unwrap();
        assert!(!place.is_held() && !place.is_empty(), "a link to it");
        fs::rename(&aside, &path).unwrap();
        assert!(place.is_held(), "moved back over the link");
        fs::remove_file(&path).unwrap();
        assert!(!place.is_held(), "deleted");
        drop(open);
    }

    #[test]
    fn what_cannot_be_asked_is_neither_there_nor_gone() {
        let directory = tempfile::tempdir().unwrap();
        let at = |name: &str| {
            let place = OpenPath {
                path: directory.path().join(name),
                opened: Inode::of(directory.path()),
            };
            (place.hidden().is_some(), place.is_empty())
        };
        // The system refuses the name before it looks; a disk that fails gives EIO instead.
        assert_eq!(at(&"a".repeat(300)), (true, false));
        assert_eq!(at("nothing"), (false, true));
        fs::write(directory.path().join("file"), "").unwrap();
        assert_eq!(at("file/beyond"), (false, true));
    }
}
