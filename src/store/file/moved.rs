//! The copy that was carried into another database, kept so that the two can be compared.

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use super::snapshot::{SnapshotError, UNFINISHED, copy, copy_file};
use super::{MOVED, backup_file, live_file};

/// Where it is.
#[must_use]
pub fn moved_file(directory: &Path) -> PathBuf {
    directory.join(MOVED)
}

/// Whoever makes the kept copy, or compares with it. The turn ends with the process too.
pub struct Turn {
    /// The lock is on the directory of the live database; the daemon's is on the one above.
    _locked: File,
}

/// Takes the turn; none: another process has it.
///
/// # Errors
/// When the directory cannot be opened.
pub fn take_turn(directory: &Path) -> io::Result<Option<Turn>> {
    let live = live_file(directory);
    let opened = File::open(live.parent().unwrap_or(directory))?;
    match opened.try_lock() {
        Ok(()) => Ok(Some(Turn { _locked: opened })),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

/// Keeps the present backup file under a name of its own. The daemon puts the next one in its place and does not change
/// this one, so that nothing has to be copied where the file system has links.
///
/// # Errors
/// `SnapshotError`; the copy of before is as it was.
pub fn keep_backup(directory: &Path) -> Result<PathBuf, SnapshotError> {
    let (made, kept) = (backup_file(directory), moved_file(directory));
    let new = directory.join(format!("{MOVED}{UNFINISHED}"));
    let at = |path: &Path, source: io::Error| SnapshotError::File {
        path: path.to_owned(),
        source,
    };
    match fs::remove_file(&new) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(at(&new, error)),
        _ => {}
    }
    if fs::hard_link(&made, &new).is_err() {
        copy_file(&made, &kept)?;
        return Ok(kept);
    }
    fs::rename(&new, &kept).map_err(|error| at(&kept, error))?;
    Ok(kept)
}

/// The same of a database that no daemon has open.
///
/// # Errors
/// `SnapshotError`; the copy of before is as it was.
pub fn keep_live(directory: &Path) -> Result<PathBuf, SnapshotError> {
    let kept = moved_file(directory);
    copy(&live_file(directory), &kept)?;
    Ok(kept)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_process_at_a_time_has_the_turn() {
        let directory = tempfile::tempdir().unwrap();
        fs::create_dir(directory.path().join("live")).unwrap();
        let turn = take_turn(directory.path()).unwrap();
        assert!(turn.is_some());
        assert!(take_turn(directory.path()).unwrap().is_none());
        drop(turn);
        assert!(take_turn(directory.path()).unwrap().is_some());
    }

    #[test]
    fn a_kept_copy_stays_as_it_is_when_the_next_one_is_made() {
        let directory = tempfile::tempdir().unwrap();
        let made = backup_file(directory.path());
        fs::write(&made, "first").unwrap();
        let kept = keep_backup(directory.path()).unwrap();
        fs::write(directory.path().join("next"), "second").unwrap();
        fs::rename(directory.path().join("next"), &made).unwrap();
        assert_eq!(fs::read_to_string(&kept).unwrap(), "first");
        assert_eq!(keep_backup(directory.path()).unwrap(), kept);
        assert_eq!(fs::read_to_string(&kept).unwrap(), "second");
    }
}
