//! A data directory on whose disk a start waits for room. It is held open and locked meanwhile: its disk cannot be
//! unmounted by accident, and no other relay can begin there.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use super::lock::lock_on_full_disk;
use super::open_error::OpenError;
use super::path::Inode;
use super::reserve::{existing, shortage_for_start};
use crate::trouble::Trouble;

/// The directory, as it was when the waiting began.
pub struct AwaitedDirectory {
    directory: PathBuf,
    /// What is held: the directory, or the nearest one above it when it is not made yet; and the one of the database, which
    /// may have a disk of its own.
    held: Vec<(PathBuf, File)>,
}

impl AwaitedDirectory {
    /// Holds a data directory.
    ///
    /// # Errors
    /// `Locked`, or that it cannot be opened.
    pub fn hold(directory: &Path) -> Result<Self, OpenError> {
        let first = existing(directory).to_owned();
        let opened = if first == directory {
            lock_on_full_disk(directory)?
        } else {
            File::open(&first).map_err(|source| OpenError::at(&first, source))?
        };
        let mut held = vec![(first, opened)];
        let live = directory.join("live");
        match File::open(&live) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            opened => {
                let opened = opened.map_err(|source| OpenError::at(&live, source))?;
                held.push((live, opened));
            }
        }
        Ok(Self {
            directory: directory.to_owned(),
            held,
        })
    }

    /// What keeps a start from this directory; none: nothing does. With another directory in its place, such as the one
    /// below a disk that was unmounted, a start would begin with an empty database.
    #[must_use]
    pub fn trouble(&self) -> Option<Trouble> {
        for (path, opened) in &self.held {
            match is_still_at(opened, path) {
                Ok(true) => {}
                Ok(false) => {
                    let directory = self.directory.clone();
                    return Some(Trouble::Unmounted { directory });
                }
                Err(error) => return Some(Trouble::DiskFailed(error.to_string())),
            }
        }
        shortage_for_start(&self.directory).map(Trouble::DiskFull)
    }
}

/// False: another one stands there, or none.
fn is_still_at(opened: &File, path: &Path) -> io::Result<bool> {
    let found = match fs::metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        found => found?,
    };
    Ok(Inode::from(&opened.metadata()?) == Inode::from(&found))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_unmounted(awaited: &AwaitedDirectory) -> bool {
        matches!(awaited.trouble(), Some(Trouble::Unmounted { .. }))
    }

    #[test]
    fn only_the_same_directory_is_waited_for() {
        let parent = tempfile::tempdir().unwrap();
        let [data, aside] = ["data", "aside"].map(|name| parent.path().join(name));
        fs::create_dir(&data).unwrap();
        let awaited = AwaitedDirectory::hold(&data).unwrap();
        assert!(!is_unmounted(&awaited));
        let second = AwaitedDirectory::hold(&data);
        assert!(matches!(second, Err(OpenError::Locked { .. })));
        fs::rename(&data, &aside).unwrap();
        assert!(is_unmounted(&awaited), "nothing is there");
        fs::create_dir(&data).unwrap();
        assert!(is_unmounted(&awaited), "another one is there");
        fs::remove_dir(&data).unwrap();
        fs::rename(&aside, &data).unwrap();
        assert!(!is_unmounted(&awaited), "it is back");
    }

    #[test]
    fn the_directory_of_the_database_is_held_too() {
        let parent = tempfile::tempdir().unwrap();
        let [live, aside] = ["live", "aside"].map(|name| parent.path().join(name));
        fs::create_dir(&live).unwrap();
        let awaited = AwaitedDirectory::hold(parent.path()).unwrap();
        assert!(!is_unmounted(&awaited));
        fs::rename(&live, &aside).unwrap();
        assert!(is_unmounted(&awaited), "as when its own disk is unmounted");
        fs::create_dir(&live).unwrap();
        assert!(is_unmounted(&awaited), "the one below that disk");
        fs::remove_dir(&live).unwrap();
        fs::rename(&aside, &live).unwrap();
        assert!(!is_unmounted(&awaited), "it is back");
    }

    #[test]
    fn of_a_directory_that_is_not_made_yet_the_one_above_is_held() {
        let parent = tempfile::tempdir().unwrap();
        let data = parent.path().join("not/yet");
        let awaited = AwaitedDirectory::hold(&data).unwrap();
        assert!(!is_unmounted(&awaited));
        fs::create_dir_all(&data).unwrap();
        assert!(!is_unmounted(&awaited), "somebody has made it");
    }
}
