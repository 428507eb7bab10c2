//! The directory in which a copy is laid out before it takes the place of the live one, and what becomes of that.

use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, RenameFlags, renameat_with};

use super::super::directory::{DIRECTORY_MODE, give_to_owner_of, make_directory, sync_directory};
use super::super::former::{Former, STAGE, end_broken_off};
use super::super::mark::Mark;
use super::{RestoreError, name_of};
use crate::timestamp::Timestamp;

/// The directory in which a copy is laid out. Unless it takes its place it is removed again.
pub(super) struct Stage {
    path: PathBuf,
    /// True: the directory holds the live database, or the previous one, and must not be removed.
    in_place: bool,
}

impl Stage {
    pub(super) fn make(directory: &Path, now: Timestamp) -> Result<Self, RestoreError> {
        let path = directory.join(STAGE);
        end_broken_off(directory).map_err(|source| RestoreError::Swap {
            path: path.clone(),
            source,
        })?;
        if path.exists() {
            // An earlier restore was interrupted. What is there is kept, whatever it is.
            let left = directory.join(format!("live.interrupted-restore-{}", name_of(now)));
            fs::rename(&path, left).map_err(|source| RestoreError::Swap {
                path: path.clone(),
                source,
            })?;
        }
        make_directory(&path, DIRECTORY_MODE)?;
        Ok(Self {
            path,
            in_place: false,
        })
    }

    pub(super) fn database(&self) -> PathBuf {
        self.path.join("relay.db")
    }

    fn at(&self, source: io::Error) -> RestoreError {
        RestoreError::Swap {
            path: self.path.clone(),
            source,
        }
    }

    /// Gives it to the daemon's user, and puts the names in it on the disk. What was looked through just now needs no
    /// doubt at the next start: that another copy may have more is what the person wants.
    pub(super) fn settle(&self, directory: &Path) -> Result<(), RestoreError> {
        let at_stage = |source| self.at(source);
        let database = self.database();
        // The copy may have lain where everybody, or nobody but root, could read it.
        fs::set_permissions(&database, fs::Permissions::from_mode(0o640)).map_err(at_stage)?;
        for made in [&self.path, &database] {
            give_to_owner_of(directory, made).map_err(at_stage)?;
        }
        let mark = Mark::of(&database);
        mark.leave().map_err(at_stage)?;
        give_to_owner_of(directory, mark.path()).map_err(at_stage)?;
        sync_directory(&self.path).map_err(at_stage)?;
        sync_directory(directory).map_err(at_stage)
    }

    /// Takes the place of the live directory, the former one of which is called so from then on; answers where that is.
    pub(super) fn take_place(
        mut self,
        directory: &Path,
        former: &Former,
    ) -> Result<Option<PathBuf>, RestoreError> {
        let live = directory.join("live");
        let kept_aside = if live.exists() {
            former
                .note(directory, &self.path)
                .map_err(|source| self.at(source))?;
            // The directories are swapped in one step: there is always one complete database.
            renameat_with(CWD, &self.path, CWD, &live, RenameFlags::EXCHANGE)
                .map_err(|error| self.at(error.into()))?;
            self.in_place = true;
            // Under whichever name: it is kept.
            let ended = end_broken_off(directory);
            let named = directory.join(&former.name);
            Some(match ended {
                Ok(Some((path, _))) => path,
                Err(_) if named.exists() => named,
                Ok(None) | Err(_) => self.path.clone(),
            })
        } else {
            fs::rename(&self.path, &live).map_err(|source| self.at(source))?;
            self.in_place = true;
            None
        };
        sync_directory(directory).map_err(|source| RestoreError::Unsynced {
            path: directory.to_owned(),
            source,
        })?;
        Ok(kept_aside)
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        if !self.in_place {
            // The error that led here says more than that it cannot be removed.
            let _ = fs::remove_dir_all(&self.path);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::live_file;
    use super::*;

    #[test]
    fn a_stage_that_did_not_take_its_place_is_removed() {
        let directory = tempfile::tempdir().unwrap();
        let now = Timestamp::from_unix_ms(0);
        let stage = Stage::make(directory.path(), now).unwrap();
        fs::write(stage.database(), "half a copy").unwrap();
        drop(stage);
        assert!(!directory.path().join(STAGE).exists());
        let stage = Stage::make(directory.path(), now).unwrap();
        fs::write(stage.database(), "a copy").unwrap();
        let former = Former {
            name: "live.before-restore-1".to_owned(),
            later: Some(3),
        };
        assert_eq!(stage.take_place(directory.path(), &former).unwrap(), None);
        assert!(live_file(directory.path()).exists());
    }
}
