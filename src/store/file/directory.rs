//! Directories: making them, keeping the names in them over a power cut, and whose the files in them are.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, chown};
use std::path::Path;

use super::open_error::OpenError;

/// Only the relay's user and group may enter.
pub(super) const DIRECTORY_MODE: u32 = 0o750;

/// Syncs a directory, so that the names in it survive a power cut.
pub(super) fn sync_directory(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}

/// Makes a directory when it is not there.
pub(super) fn make_directory(path: &Path, mode: u32) -> Result<(), OpenError> {
    let at_path = |source| OpenError::at(path, source);
    if !path.is_dir() {
        fs::DirBuilder::new()
            .recursive(true)
            .mode(mode)
            .create(path)
            .map_err(at_path)?;
        // After a power cut a synced file is lost when the entry of its directory was not synced.
        let parent = path
            .parent()
            .filter(|parent| !parent.as_os_str().is_empty());
        sync_directory(parent.unwrap_or(Path::new("."))).map_err(at_path)?;
    }
    Ok(())
}

/// An admin restores as root, and the daemon has a user of its own: what was made here belongs to
/// whoever owns the data directory.
pub(super) fn give_to_owner_of(directory: &Path, made: &Path) -> io::Result<()> {
    let (owner, present) = (fs::metadata(directory)?, fs::metadata(made)?);
    if (owner.uid(), owner.gid()) == (present.uid(), present.gid()) {
        return Ok(());
    }
    match chown(made, Some(owner.uid()), Some(owner.gid())) {
        // Only root gives a file to a group that its user is not in. Its owner may use it all the same.
        Err(error)
            if error.kind() == io::ErrorKind::PermissionDenied && owner.uid() == present.uid() =>
        {
            Ok(())
        }
        given => given,
    }
}
