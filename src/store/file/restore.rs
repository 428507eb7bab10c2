//! Putting a copy in the place of the live database, and keeping what was there aside.

use std::fs;
use std::io;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, RenameFlags, renameat_with};

use super::open::{OpenError, lock, make_directory, sync_directory};
use super::snapshot::{self, SnapshotError, Verified};
use crate::timestamp::Timestamp;

/// Where the copy is laid out before it takes the live directory's place.
const STAGE: &str = "live.restoring";

/// Why a copy was not restored. Nothing was changed, unless it says otherwise.
#[derive(Debug, thiserror::Error)]
pub enum RestoreError {
    /// The copy is not good.
    #[error(transparent)]
    Copy(#[from] SnapshotError),
    /// The daemon runs, or the data directory cannot be used.
    #[error(transparent)]
    Directory(#[from] OpenError),
    /// The directories could not be swapped.
    #[error("{}: {source}; nothing was changed", path.display())]
    Swap {
        /// Which directory.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
}

/// What was done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Restored {
    /// What is known of the copy.
    pub copy: Verified,
    /// Where the database is that was there before; none when there was none.
    pub kept_aside: Option<PathBuf>,
}

/// Restores `copy` in the data directory. The present database is kept aside as a whole, with its
/// write-ahead log, and none of its files stays beside the restored one.
///
/// # Errors
/// `RestoreError`.
pub fn restore(directory: &Path, copy: &Path, now: Timestamp) -> Result<Restored, RestoreError> {
    make_directory(directory)?;
    // Held to the end: no daemon can start in the middle.
    let lock_file = directory.join("lock");
    let _lock = lock(&lock_file)?;
    let verified = snapshot::verify(copy)?;
    let (live, stage) = (directory.join("live"), directory.join(STAGE));
    let at_stage = |source| RestoreError::Swap {
        path: stage.clone(),
        source,
    };
    let aside = directory.join(format!("live.before-restore-{}", name_of(now)));
    if stage.exists() {
        // A restore was interrupted here. What it left may be the database of before: it stays.
        let left = directory.join(format!("live.interrupted-restore-{}", name_of(now)));
        fs::rename(&stage, left).map_err(at_stage)?;
    }
    make_directory(&stage)?;
    let database = stage.join("relay.db");
    snapshot::copy_file(copy, &database)?;
    // The copy may have lain where everybody, or nobody but root, could read it.
    fs::set_permissions(&database, fs::Permissions::from_mode(0o640)).map_err(at_stage)?;
    for made in [&lock_file, &stage, &database] {
        give_to_owner_of(directory, made).map_err(at_stage)?;
    }
    sync_directory(directory).map_err(at_stage)?;
    if !live.exists() {
        fs::rename(&stage, &live).map_err(at_stage)?;
        sync_directory(directory).map_err(at_stage)?;
        return Ok(Restored {
            copy: verified,
            kept_aside: None,
        });
    }
    // One step: at no moment is there no database, or half of one.
    renameat_with(CWD, &stage, CWD, &live, RenameFlags::EXCHANGE)
        .map_err(|error| at_stage(error.into()))?;
    fs::rename(&stage, &aside).map_err(at_stage)?;
    sync_directory(directory).map_err(at_stage)?;
    Ok(Restored {
        copy: verified,
        kept_aside: Some(aside),
    })
}

/// An admin restores as root, and the daemon has a user of its own: what was made here belongs to
/// whoever owns the data directory.
fn give_to_owner_of(directory: &Path, made: &Path) -> io::Result<()> {
    let (owner, present) = (fs::metadata(directory)?, fs::metadata(made)?);
    if (owner.uid(), owner.gid()) == (present.uid(), present.gid()) {
        return Ok(());
    }
    chown(made, Some(owner.uid()), Some(owner.gid()))
}

/// A moment as part of a file's name.
pub(super) fn name_of(now: Timestamp) -> String {
    now.to_string().replace([':', '.'], "")
}
