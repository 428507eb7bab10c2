//! The database that stood in the place of the live one before a restore, from the swap of the directories until it has its
//! name.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::directory::{give_to_owner_of, sync_directory};
use crate::plain_file;

/// What the names of directories begin with that a restore has left; the last is the one that it works in.
pub(super) const OF_RESTORES: [&str; 3] = [
    "live.before-restore-",
    "live.interrupted-restore-",
    "live.restoring",
];
/// The directory in which a copy is laid out, and after the swap that of the former database.
pub(super) const STAGE: &str = OF_RESTORES[2];
/// The name of the note about the former database.
const NOTE: &str = "former-database";

/// What is written of the former database before the copy takes its place, beside the copy: whoever finds it in the live
/// directory knows that the directories were swapped, and what the other one is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Former {
    /// What its directory is called after the restore.
    pub(super) name: String,
    /// How many events it has that were accepted after the copy; none: that is not known.
    pub(super) later: Option<u64>,
}

impl Former {
    pub(super) fn note(&self, directory: &Path, stage: &Path) -> io::Result<()> {
        let path = stage.join(NOTE);
        fs::write(&path, serde_json::to_vec(self)?)?;
        give_to_owner_of(directory, &path)?;
        File::open(&path)?.sync_all()?;
        sync_directory(stage)
    }

    /// What the live directory says of the former one, when that has not got its name yet.
    ///
    /// # Errors
    /// When that cannot be read now; there may be a note.
    pub(super) fn noted(directory: &Path) -> io::Result<Option<Self>> {
        if !directory.join(STAGE).exists() {
            return Ok(None);
        }
        let noted = match plain_file::open(&note_in(directory)).and_then(io::read_to_string) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            noted => noted?,
        };
        let former: Option<Self> = serde_json::from_str(&noted).ok();
        // Somebody may have written into it.
        let is_name = |name: &str| name.starts_with(OF_RESTORES[0]) && !name.contains('/');
        Ok(former.filter(|former| is_name(&former.name)))
    }
}

fn note_in(directory: &Path) -> PathBuf {
    directory.join("live").join(NOTE)
}

/// Gives the former database its name when the directories were swapped and that is not done yet. Answers where it is.
pub(super) fn end_broken_off(directory: &Path) -> io::Result<Option<(PathBuf, Former)>> {
    let named = match Former::noted(directory)? {
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

#[cfg(test)]
mod tests {
    use rustix::fs::{CWD, RenameFlags, renameat_with};

    use super::super::live_file;
    use super::*;

    #[test]
    fn what_was_swapped_gets_its_name_when_the_restore_was_broken_off_after_that() {
        let directory = tempfile::tempdir().unwrap();
        let data = directory.path();
        let live = live_file(data);
        fs::create_dir(data.join("live")).unwrap();
        fs::write(&live, "before").unwrap();
        let stage = data.join(STAGE);
        fs::create_dir(&stage).unwrap();
        fs::write(stage.join("relay.db"), "a copy").unwrap();
        let former = Former {
            name: "live.before-restore-1".to_owned(),
            later: Some(3),
        };
        former.note(data, &stage).unwrap();
        // A kill before the swap has changed nothing.
        assert_eq!(Former::noted(data).unwrap(), None);
        let live_directory = data.join("live");
        renameat_with(CWD, &stage, CWD, &live_directory, RenameFlags::EXCHANGE).unwrap();
        assert_eq!(Former::noted(data).unwrap(), Some(former.clone()));
        // What cannot be read now is not thrown away.
        let aside_note = data.join("note");
        fs::rename(note_in(data), &aside_note).unwrap();
        fs::create_dir(note_in(data)).unwrap();
        Former::noted(data).unwrap_err();
        end_broken_off(data).unwrap_err();
        assert!(data.join(STAGE).exists() && note_in(data).exists());
        fs::remove_dir(note_in(data)).unwrap();
        fs::rename(&aside_note, note_in(data)).unwrap();
        let aside = data.join(&former.name);
        let ended = end_broken_off(data).unwrap();
        assert_eq!(ended, Some((aside.clone(), former)));
        assert_eq!(fs::read(aside.join("relay.db")).unwrap(), b"before");
        assert_eq!(fs::read(&live).unwrap(), b"a copy");
        assert!(!note_in(data).exists() && !data.join(STAGE).exists());
        assert_eq!(end_broken_off(data).unwrap(), None);
    }
}
