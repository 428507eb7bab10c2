//! A data directory on whose disk a start waits for room. It is held open and locked meanwhile: its disk cannot be
//! unmounted by accident, and no other relay can begin there.

use std::fs::File;
use std::path::{Path, PathBuf};

use super::lock::lock_on_full_disk;
use super::open_error::OpenError;
use super::path::Inode;
use super::reserve::{existing, shortage_for_start};
use crate::trouble::Trouble;

/// The directory, as it was when the waiting began.
pub struct AwaitedDirectory {
    directory: PathBuf,
    /// What is held: the directory, or the nearest one above it when it is not made yet.
    held: PathBuf,
    opened: File,
}

impl AwaitedDirectory {
    /// Holds a data directory.
    ///
    /// # Errors
    /// `Locked`, or that it cannot be opened.
    pub fn hold(directory: &Path) -> Result<Self, OpenError> {
        let held = existing(directory).to_owned();
        let opened = if held == directory {
            lock_on_full_disk(directory)?
        } else {
            File::open(&held).map_err(|source| OpenError::at(&held, source))?
        };
        Ok(Self {
            directory: directory.to_owned(),
            held,
            opened,
        })
    }

    /// What keeps a start from this directory; none: nothing does. With another directory in its place, such as the one
    /// below a disk that was unmounted, a start would begin with an empty database.
    #[must_use]
    pub fn trouble(&self) -> Option<Trouble> {
        let opened = self.opened.metadata().ok();
        if opened.as_ref().map(Inode::from) != Inode::of(&self.held) {
            return Some(Trouble::Unmounted {
                directory: self.directory.clone(),
            });
        }
        shortage_for_start(&self.directory).map(Trouble::DiskFull)
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

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
    fn of_a_directory_that_is_not_made_yet_the_one_above_is_held() {
        let parent = tempfile::tempdir().unwrap();
        let data = parent.path().join("not/yet");
        let awaited = AwaitedDirectory::hold(&data).unwrap();
        assert!(!is_unmounted(&awaited));
        fs::create_dir_all(&data).unwrap();
        assert!(!is_unmounted(&awaited), "somebody has made it");
    }
}
