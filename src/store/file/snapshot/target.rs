//! Where a person may have a copy written: in the place of nothing, or of an older copy of the same database.

use std::fs::{self, File};
use std::io;
use std::path::Path;

use super::super::file_integrity::Header;
use super::super::mark::Mark;
use super::super::owner::SET_ASIDE;
use super::super::path::Inode;
use super::super::snapshot_error::{Obstacle, SnapshotError};
use super::super::{BACKUP, RESCUED};
use super::verdict::is_of_relay;
use super::{is_of_another, left_at, of_file, temporary_path};

/// What the relay calls its own files in the data directory; with a dot and more behind it, it is its own too.
const OWN_NAMES: [&str; 7] = [
    "live",
    "lock",
    "reserve",
    "README",
    "identity",
    "control.sock",
    BACKUP,
];
/// How the copies begin that are the way back to an earlier version, have what was in a file that is gone, or were in the
/// backup file's place and are of another relay.
const OWN_COPIES: [&str; 3] = ["relay-before-migration-", RESCUED.0, SET_ASIDE];

/// Where a copy goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// To a file of the person's.
    Elsewhere,
    /// To the file that the daemon keeps.
    BackupFile,
}

impl Target {
    /// Finds out what a copy at `target` would replace: nothing but another copy, and never a file of the
    /// database in `directory`. Whether that is an older one, `progress::refuse_loss` says.
    ///
    /// # Errors
    /// `InTheWay`, or `File` when `target` and its folder cannot be looked at.
    pub fn of(directory: &Path, target: &Path) -> Result<Self, SnapshotError> {
        let at_target = |error| of_file(target, error);
        let in_the_way = |obstacle| SnapshotError::InTheWay {
            path: target.to_owned(),
            obstacle,
        };
        let text = target.as_os_str().as_encoded_bytes();
        let (Some(name), false) = (target.file_name(), text.ends_with(b"/")) else {
            return Err(in_the_way(Obstacle::NoName));
        };
        let parent = target.parent().filter(|path| !path.as_os_str().is_empty());
        let parent = match parent.unwrap_or(Path::new(".")).canonicalize() {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(in_the_way(Obstacle::NoDirectory));
            }
            parent => parent.map_err(at_target)?,
        };
        let live = directory.join("live").canonicalize();
        // A directory that is not there holds nothing that could be replaced.
        if live.is_ok_and(|live| parent.starts_with(&live) || is_in(&live, target)) {
            return Err(in_the_way(Obstacle::Database));
        }
        if directory.canonicalize().is_ok_and(|own| own == parent) {
            if name == BACKUP {
                return Ok(Self::BackupFile);
            }
            if is_own(&name.to_string_lossy()) {
                return Err(in_the_way(Obstacle::OwnName));
            }
        }
        may_go(target)?;
        may_go(&temporary_path(target)).map_err(|error| match error {
            SnapshotError::InTheWay {
                path,
                obstacle: Obstacle::NoCopy,
            } => {
                let is_written = left_at(&path).as_ref().is_some_and(is_of_another);
                let obstacle = if is_written {
                    Obstacle::UnderWay
                } else {
                    Obstacle::Unfinished
                };
                SnapshotError::InTheWay { path, obstacle }
            }
            error => error,
        })?;
        Ok(Self::Elsewhere)
    }
}

/// Refuses what a copy cannot take the place of: a directory, or a link, whose target nobody sees; and a directory where the
/// copy is written first.
///
/// # Errors
/// `NotPlain`.
pub fn refuse_odd(target: &Path) -> Result<(), SnapshotError> {
    // Why something cannot be looked at, the writing says too.
    if fs::symlink_metadata(target).is_ok_and(|found| !found.is_file()) {
        return Err(SnapshotError::NotPlain {
            path: target.to_owned(),
        });
    }
    let path = temporary_path(target);
    if fs::symlink_metadata(&path).is_ok_and(|found| found.is_dir()) {
        return Err(SnapshotError::NotPlain { path });
    }
    Ok(())
}

fn is_own(name: &str) -> bool {
    let belongs_to = |own: &str| {
        let rest = name.strip_prefix(own);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    };
    OWN_COPIES.into_iter().any(|own| name.starts_with(own)) || OWN_NAMES.into_iter().any(belongs_to)
}

/// Whether `target` is one of the files in `live`, under whatever name.
fn is_in(live: &Path, target: &Path) -> bool {
    let target = Inode::of(target);
    let files = fs::read_dir(live).into_iter().flatten().flatten();
    target.is_some()
        && files
            .map(|file| file.path())
            .any(|path| Inode::of(&path) == target)
}

/// Whether what has this name may be replaced by a copy, or nothing has it.
fn may_go(path: &Path) -> Result<(), SnapshotError> {
    let in_the_way = |obstacle| SnapshotError::InTheWay {
        path: path.to_owned(),
        obstacle,
    };
    match fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(of_file(path, error)),
        Ok(found) if !found.is_file() => Err(in_the_way(Obstacle::NotPlain)),
        Ok(_) if is_live(path) => Err(in_the_way(Obstacle::Live)),
        Ok(_) if is_of_relay(path)? => Ok(()),
        Ok(_) => Err(in_the_way(Obstacle::NoCopy)),
    }
}

/// Whether it is the database of some relay and no copy: its header says that it is in use, whatever can be read of its
/// tables, or the mark beside it that it was closed or restored. What was copied from one in use looks the same.
fn is_live(path: &Path) -> bool {
    let header = File::open(path).and_then(|file| Header::read(&file));
    header.is_ok_and(|header| header.is_of_live()) || Mark::of(path).left().is_some()
}
