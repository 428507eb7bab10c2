//! One process for one data directory. The lock is on the directory itself: whoever removes it has removed the data too.
//! A file in it says which process it is.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use super::open_error::OpenError;
use super::unusable::refuse_odd_lock;

/// How often the lock is tried, and the pause in between: whoever only asks who has it holds it for a moment.
const TRIES: u32 = 5;
const PAUSE: Duration = Duration::from_millis(20);

/// Locks a data directory, as long as what is answered stays open: a crash ends it too.
pub(super) fn lock(directory: &Path) -> Result<File, OpenError> {
    let opened = hold(directory)?;
    let file = file_in(directory);
    refuse_odd_lock(directory, &file)?;
    say_who(&file).map_err(|source| OpenError::at(&file, source))?;
    Ok(opened)
}

/// The same where there may be no room to say which process it is.
pub(super) fn lock_on_full_disk(directory: &Path) -> Result<File, OpenError> {
    let opened = hold(directory)?;
    let file = file_in(directory);
    refuse_odd_lock(directory, &file)?;
    // The lock holds without it.
    let _ = say_who(&file);
    Ok(opened)
}

fn hold(directory: &Path) -> Result<File, OpenError> {
    let at_directory = |source| OpenError::at(directory, source);
    let opened = File::open(directory).map_err(at_directory)?;
    for tries in 1.. {
        match opened.try_lock() {
            Ok(()) => break,
            Err(TryLockError::WouldBlock) if tries < TRIES => thread::sleep(PAUSE),
            Err(TryLockError::WouldBlock) => {
                return Err(OpenError::Locked {
                    path: directory.to_owned(),
                    holder: named_in(directory),
                });
            }
            Err(TryLockError::Error(source)) => return Err(at_directory(source)),
        }
    }
    Ok(opened)
}

/// The process that has a data directory locked; none: nobody has, or it cannot be asked.
#[must_use]
pub fn holder(directory: &Path) -> Option<String> {
    let opened = File::open(directory).ok()?;
    let locked = matches!(opened.try_lock_shared(), Err(TryLockError::WouldBlock));
    locked.then(|| named_in(directory))
}

/// The file that names the process.
pub(super) fn file_in(directory: &Path) -> PathBuf {
    directory.join("lock")
}

fn say_who(file: &Path) -> io::Result<()> {
    let opened = OpenOptions::new()
        .create(true)
        .truncate(true)
        .write(true)
        .mode(0o640)
        .open(file);
    opened?.write_all(std::process::id().to_string().as_bytes())
}

fn named_in(directory: &Path) -> String {
    let named = fs::read_to_string(file_in(directory));
    // Whoever has removed it has not ended the process, and on a full disk it is empty.
    let named = named.ok().filter(|named| !named.is_empty());
    named.unwrap_or_else(|| "?".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lock_outlives_the_file_that_names_its_holder() {
        let directory = tempfile::tempdir().unwrap();
        let own = std::process::id().to_string();
        assert_eq!(holder(directory.path()), None);
        let held = lock(directory.path()).unwrap();
        assert_eq!(holder(directory.path()), Some(own));
        fs::remove_file(file_in(directory.path())).unwrap();
        assert_eq!(holder(directory.path()), Some("?".to_owned()));
        let second = lock(directory.path());
        assert!(matches!(second, Err(OpenError::Locked { .. })));
        drop(held);
        assert_eq!(holder(directory.path()), None);
        lock(directory.path()).unwrap();
    }
}
