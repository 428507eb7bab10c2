//! The directory in which a copy is laid out before it takes the place of the live one, and what becomes of that.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, RenameFlags, renameat_with};
use serde::{Deserialize, Serialize};

use super::super::directory::{DIRECTORY_MODE, give_to_owner_of, make_directory, sync_directory};
use super::super::mark::Mark;
use super::super::other_copies::OF_RESTORES;
use super::{RestoreError, name_of};
use crate::plain_file;
use crate::timestamp::Timestamp;

/// Its name.
const STAGE: &str = OF_RESTORES[2];
/// The name of the note about the former database.
const FORMER: &str = "former-database";

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
            Some(match ended {
                Ok(Some((path, _))) => path,
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

/// What is written of the former database before the copy takes its place, beside the copy: whoever finds it in the live
/// directory knows that the directories were swapped, and what the other one is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(in super::super) struct Former {
    /// What its directory is called after the restore.
    pub(in super::super) name: String,
    /// How many events it has that were accepted after the copy; none: that is not known.
    pub(in super::super) later: Option<u64>,
}

impl Former {
    fn note(&self, directory: &Path, stage: &Path) -> io::Result<()> {
        let path = stage.join(FORMER);
        fs::write(&path, serde_json::to_vec(self)?)?;
        give_to_owner_of(directory, &path)?;
        File::open(&path)?.sync_all()?;
        sync_directory(stage)
    }

    /// What the live directory says of the former one, when that has not got its name yet.
    pub(in super::super) fn noted(directory: &Path) -> Option<Self> {
        if !directory.join(STAGE).exists() {
            return None;
        }
        let noted = plain_file::open(&note_in(directory)).and_then(io::read_to_string);
        let former: Self = serde_json::from_str(&noted.ok()?).ok()?;
        // Somebody may have written into it.
        let is_name = former.name.starts_with(OF_RESTORES[0]) && !former.name.contains('/');
        is_name.then_some(former)
    }
}

fn note_in(directory: &Path) -> PathBuf {
    directory.join("live").join(FORMER)
}

/// Gives the former database its name when the directories were swapped and that is not done yet. Answers where it is.
pub(in super::super) fn end_broken_off(directory: &Path) -> io::Result<Option<(PathBuf, Former)>> {
    let former = Former::noted(directory);
    let named = match former {
        Some(former) => {
            let path = directory.join(&former.name);
            fs::rename(directory.join(STAGE), &path)?;
            sync_directory(directory)?;
            Some((path, former))
        }
        None => None,
    };
    // From now on another directory may have the stage's name.
    match fs::remove_file(note_in(directory)) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(named),
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

    #[test]
    fn what_was_swapped_gets_its_name_when_the_restore_was_broken_off_after_that() {
        let directory = tempfile::tempdir().unwrap();
        let data = directory.path();
        let live = live_file(data);
        fs::create_dir(data.join("live")).unwrap();
        fs::write(&live, "before").unwrap();
        let stage = Stage::make(data, Timestamp::from_unix_ms(0)).unwrap();
        fs::write(stage.database(), "a copy").unwrap();
        let former = Former {
            name: "live.before-restore-1".to_owned(),
            later: Some(3),
        };
        former.note(data, &stage.path).unwrap();
        // A kill before the swap has changed nothing.
        assert_eq!(Former::noted(data), None);
        let live_directory = data.join("live");
        renameat_with(
            CWD,
            &stage.path,
            CWD,
            &live_directory,
            RenameFlags::EXCHANGE,
        )
        .unwrap();
        std::mem::forget(stage);
        assert_eq!(Former::noted(data), Some(former.clone()));
        let aside = data.join(&former.name);
        let ended = end_broken_off(data).unwrap();
        assert_eq!(ended, Some((aside.clone(), former)));
        assert_eq!(fs::read(aside.join("relay.db")).unwrap(), b"before");
        assert_eq!(fs::read(&live).unwrap(), b"a copy");
        assert!(!note_in(data).exists() && !data.join(STAGE).exists());
        assert_eq!(end_broken_off(data).unwrap(), None);
    }
}
