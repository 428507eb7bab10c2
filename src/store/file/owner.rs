//! Whose database belongs in a data directory. A note outside of the database says it: a file that somebody puts in the
//! database's place says it only of itself.

use std::fs;
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

use super::copies::copies;
use super::directory::{give_to_owner_of, sync_directory};
use super::identity::{identities_in, identity_of, is_of_another, note_in, text_of_note};
use super::open_error::{Odd, OpenError};
use super::unusable::bar;
use super::{backup_file, live_file};
use crate::plain_file::NotOrdinary;

/// What the names of copies begin with that are of another relay's database and stood in the backup file's place.
pub(super) const SET_ASIDE: &str = "relay-backup-of-another-";

/// Which databases belong in a data directory. A restore of another relay's makes two of them until the next start.
pub(super) struct Owner {
    /// What says so: the note; without one the backup file, and without that the live file of itself.
    known_by: PathBuf,
    /// Empty: nothing says so.
    identities: Vec<u32>,
}

impl Owner {
    /// No file that is looked at may be open in this process.
    ///
    /// # Errors
    /// As [`noted`].
    pub(super) fn of(directory: &Path) -> Result<Self, OpenError> {
        if let Some(identities) = noted(directory)? {
            let known_by = note_in(directory);
            return Ok(Self {
                known_by,
                identities,
            });
        }
        let (backup, live) = (backup_file(directory), live_file(directory));
        let known_by = if identity_of(&backup).is_some() {
            backup
        } else {
            live
        };
        Ok(Self {
            identities: identity_of(&known_by).into_iter().collect(),
            known_by,
        })
    }

    /// Whether anything says which database belongs here.
    pub(super) fn is_known(&self) -> bool {
        !self.identities.is_empty()
    }

    /// Whether a database with this identity belongs here, as far as it is known.
    pub(super) fn may_have(&self, identity: Option<u32>) -> bool {
        self.identities.is_empty() || identity.is_none_or(|one| self.identities.contains(&one))
    }

    /// The same of a file that is not open in this process.
    pub(super) fn may_have_file(&self, path: &Path) -> bool {
        self.may_have(identity_of(path))
    }

    /// The newest copy, when it is one of a database that belongs here.
    pub(super) fn newest_copy(&self, directory: &Path) -> Option<PathBuf> {
        let mut copies = copies(directory).into_iter();
        copies.rfind(|copy| self.may_have_file(copy))
    }

    /// Notes that this database belongs here too: it will be there in a moment.
    ///
    /// # Errors
    /// What the operating system said.
    pub(super) fn note_too(&self, directory: &Path, identity: u32) -> io::Result<()> {
        let mut identities = self.identities.clone();
        if !identities.contains(&identity) {
            identities.push(identity);
        }
        write(directory, &identities)
    }
}

/// Refuses a database that is not one which belongs in this data directory. What has no identity yet, or cannot be read,
/// is told as something else. Neither file may be open in this process.
pub(super) fn refuse_other(directory: &Path) -> Result<(), OpenError> {
    let (path, owner) = (live_file(directory), Owner::of(directory)?);
    if owner.may_have_file(&path) {
        return Ok(());
    }
    Err(OpenError::OfAnother {
        path,
        copy: owner.newest_copy(directory),
        known_by: owner.known_by,
    })
}

/// Notes that this database belongs in the data directory, and no other one.
///
/// # Errors
/// As [`noted`]; what cannot be read is not written over.
pub(super) fn note(directory: &Path, identity: u32) -> Result<(), OpenError> {
    if noted(directory)?.is_some_and(|noted| noted == [identity]) {
        return Ok(());
    }
    write(directory, &[identity]).map_err(|source| OpenError::at(&note_in(directory), source))
}

fn write(directory: &Path, identities: &[u32]) -> io::Result<()> {
    let lines: Vec<String> = identities.iter().map(u32::to_string).collect();
    let mut written = tempfile::NamedTempFile::new_in(directory)?;
    writeln!(written, "{}", lines.join("\n"))?;
    written.as_file().sync_all()?;
    give_to_owner_of(directory, written.path())?;
    written
        .persist(note_in(directory))
        .map_err(|error| error.error)?;
    sync_directory(directory)
}

/// Moves the file at `target` aside when it is a copy of another relay's database: one of this database would replace it.
///
/// # Errors
/// What the operating system said.
pub(super) fn set_other_aside(identity: Option<u32>, target: &Path) -> io::Result<()> {
    if !is_of_another(identity, target) {
        return Ok(());
    }
    let free = (1_u32..).map(|number| target.with_file_name(format!("{SET_ASIDE}{number}.db")));
    let mut free = free.filter(|path| fs::symlink_metadata(path).is_err());
    let aside = free.next().unwrap_or_else(|| target.to_owned());
    fs::rename(target, &aside)?;
    tracing::warn!(
        copy = %target.display(),
        moved_to = %aside.display(),
        "this is a copy of another relay's database, or of the one that was here before a restore: it was moved aside. When it is of no use to anybody, delete it"
    );
    Ok(())
}

/// The identities in the note. None: there is no note.
///
/// # Errors
/// `Unidentified`: one that is no file, that this user may not read, or that has anything else in it counts as a note all the
/// same. Without it another relay's database, or an empty one, could take the place of the one that belongs here.
pub(super) fn noted(directory: &Path) -> Result<Option<Vec<u32>>, OpenError> {
    let path = note_in(directory);
    if fs::symlink_metadata(&path).is_err_and(|error| error.kind() == ErrorKind::NotFound) {
        return Ok(None);
    }
    let why = match text_of_note(directory) {
        Ok(text) => match identities_in(&text) {
            Some(identities) => return Ok(Some(identities)),
            None => Odd::Garbled,
        },
        Err(error) => match error.kind() {
            ErrorKind::NotFound => Odd::DeadLink,
            ErrorKind::PermissionDenied => Odd::Closed(bar(directory, &path).1),
            ErrorKind::FileTooLarge | ErrorKind::InvalidData => Odd::Garbled,
            ErrorKind::IsADirectory => Odd::NotPlain,
            _ if is_not_ordinary(&error) => Odd::NotPlain,
            _ => return Err(OpenError::at(&path, error)),
        },
    };
    Err(OpenError::Unidentified { path, why })
}

fn is_not_ordinary(error: &io::Error) -> bool {
    let inner = error.get_ref();
    inner
        .and_then(|inner| inner.downcast_ref::<NotOrdinary>())
        .is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_note_has_one_identity_or_that_of_a_restore_too() {
        let directory = tempfile::tempdir().unwrap();
        let directory = directory.path();
        assert_eq!(noted(directory).unwrap(), None);
        note(directory, 7).unwrap();
        let owner = Owner::of(directory).unwrap();
        for _ in 0..2 {
            owner.note_too(directory, 9).unwrap();
            assert_eq!(noted(directory).unwrap(), Some(vec![7, 9]));
        }
        note(directory, 9).unwrap();
        assert_eq!(noted(directory).unwrap(), Some(vec![9]));
    }

    #[test]
    fn what_is_no_note_is_refused_and_not_written_over() {
        let directory = tempfile::tempdir().unwrap();
        let directory = directory.path();
        let path = note_in(directory);
        let long = "7\n".repeat(1000);
        for text in [
            &b""[..],
            b"\n",
            b"nothing of ours",
            b"7\nx",
            b"\xff",
            long.as_bytes(),
        ] {
            fs::write(&path, text).unwrap();
            let refused = note(directory, 9);
            assert!(
                matches!(
                    refused,
                    Err(OpenError::Unidentified {
                        why: Odd::Garbled,
                        ..
                    })
                ),
                "{text:?}: {refused:?}"
            );
            assert!(Owner::of(directory).is_err());
            assert_eq!(fs::read(&path).unwrap(), text);
        }
    }
}
