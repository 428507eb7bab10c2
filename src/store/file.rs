//! What belongs to the database's file and not to the data in it: the directory and its lock, opening and
//! bringing it to this version, looking at it from outside, copies and what they lack, and the room on the disk.

pub mod difference;
pub mod inspect;
pub mod open;
pub(super) mod reserve;
pub mod restore;
pub mod snapshot;

use std::io;
use std::path::{Path, PathBuf};

pub use open::OpenError;
use reserve::Reserve;
use snapshot::SnapshotError;

/// The file that admins copy.
const BACKUP: &str = "relay-backup.db";

/// The file of an open database. Cheap to clone.
#[derive(Clone)]
pub struct DatabaseFile {
    directory: PathBuf,
    path: PathBuf,
    reserve: Reserve,
}

impl DatabaseFile {
    pub(super) fn reserve(&self) -> Reserve {
        self.reserve.clone()
    }

    /// The database's file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The file that admins copy.
    #[must_use]
    pub fn backup_path(&self) -> PathBuf {
        backup_file(&self.directory)
    }

    /// Writes a copy of the whole database to `target`, as [`snapshot::copy`] does. Nobody is held
    /// up meanwhile.
    ///
    /// # Errors
    /// `SnapshotError`; `target` is as it was.
    pub async fn copy_to(&self, target: &Path) -> Result<(), SnapshotError> {
        let (source, target) = (self.path.clone(), target.to_owned());
        let copying = tokio::task::spawn_blocking(move || snapshot::copy(&source, &target));
        copying.await.unwrap_or_else(|error| {
            Err(SnapshotError::File {
                path: self.backup_path(),
                source: io::Error::other(error),
            })
        })
    }

    /// The disk is full, and what was held back for that is in use.
    #[must_use]
    pub fn disk_full(&self) -> bool {
        self.reserve.released()
    }

    /// Holds room on the disk back again when there is enough of it, and says whether it is held.
    #[must_use]
    pub fn reacquire_reserve(&self) -> bool {
        self.reserve.acquire()
    }

    /// Bytes that are free on the disk, and all that it has.
    #[must_use]
    pub fn disk_bytes(&self) -> Option<(u64, u64)> {
        reserve::disk_bytes(&self.directory)
    }
}

/// The file in a data directory that admins copy.
#[must_use]
pub fn backup_file(directory: &Path) -> PathBuf {
    directory.join(BACKUP)
}

/// The live database of a data directory.
#[must_use]
pub fn live_file(directory: &Path) -> PathBuf {
    directory.join("live").join("relay.db")
}
