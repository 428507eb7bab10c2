//! Whose database belongs in a data directory. A note outside of the database says it: a file that somebody puts in the
//! database's place says it only of itself.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::directory::{give_to_owner_of, sync_directory};
use super::file_integrity::Header;
use super::open_error::OpenError;
use super::{backup_file, live_file, newest_copy};
use crate::plain_file::{self, ordinary};

/// The name of the note, in the data directory.
const NAME: &str = "identity";
/// More than any note has, in bytes.
const LONGEST: u64 = 1024;
/// What the names of copies begin with that are of another relay's database and stood in the backup file's place.
pub(super) const SET_ASIDE: &str = "relay-backup-of-another-";

/// Refuses a database that is not the one which belongs in this data directory. Without a note the backup file says which
/// one that is. What has no identity yet, or cannot be read, is told as something else. Neither file may be open in this
/// process.
pub(super) fn refuse_other(directory: &Path) -> Result<(), OpenError> {
    let path = live_file(directory);
    let (note, backup) = (note_in(directory), backup_file(directory));
    let (known_by, known) = match noted(&note) {
        noted if !noted.is_empty() => (note, noted),
        _ => {
            let known = identity_of(&backup).into_iter().collect();
            (backup, known)
        }
    };
    match identity_of(&path) {
        Some(found) if !known.is_empty() && !known.contains(&found) => Err(OpenError::OfAnother {
            path,
            known_by,
            copy: newest_copy(directory)
                .filter(|copy| identity_of(copy).is_some_and(|one| known.contains(&one))),
        }),
        _ => Ok(()),
    }
}

/// Notes that this database belongs in the data directory, and no other one.
///
/// # Errors
/// What the operating system said.
pub(super) fn note(directory: &Path, identity: u32) -> io::Result<()> {
    write(directory, &[identity])
}

/// Notes that this database belongs in the data directory too: it will be there in a moment.
///
/// # Errors
/// What the operating system said.
pub(super) fn note_too(directory: &Path, identity: u32) -> io::Result<()> {
    let mut known = noted(&note_in(directory));
    if known.is_empty() {
        known.extend(identity_of(&live_file(directory)));
    }
    known.push(identity);
    write(directory, &known)
}

fn write(directory: &Path, identities: &[u32]) -> io::Result<()> {
    let note = note_in(directory);
    if noted(&note) == identities {
        return Ok(());
    }
    let lines: Vec<String> = identities.iter().map(u32::to_string).collect();
    let mut written = tempfile::NamedTempFile::new_in(directory)?;
    writeln!(written, "{}", lines.join("\n"))?;
    written.as_file().sync_all()?;
    give_to_owner_of(directory, written.path())?;
    written.persist(&note).map_err(|error| error.error)?;
    sync_directory(directory)
}

/// Moves the file at `target` aside when it is a copy of another relay's database: one of this database would replace it.
///
/// # Errors
/// What the operating system said.
pub(super) fn set_other_aside(identity: u32, target: &Path) -> io::Result<()> {
    if identity_of(target).is_none_or(|found| found == identity) {
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

fn note_in(directory: &Path) -> PathBuf {
    directory.join(NAME)
}

/// None: there is no note, or nothing in it.
fn noted(note: &Path) -> Vec<u32> {
    let text = plain_file::text_at(note, LONGEST).unwrap_or_default();
    let numbers = text.lines().map(|line| line.trim().parse());
    numbers.filter_map(Result::ok).collect()
}

/// The number that a database of this program has in common with its copies.
fn identity_of(path: &Path) -> Option<u32> {
    ordinary(path).ok()?;
    let header = File::open(path).and_then(|file| Header::read(&file));
    header.ok()?.identity_of_relay()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_note_has_one_identity_or_that_of_a_restore_too() {
        let directory = tempfile::tempdir().unwrap();
        let path = note_in(directory.path());
        assert!(noted(&path).is_empty());
        note(directory.path(), 7).unwrap();
        note_too(directory.path(), 9).unwrap();
        assert_eq!(noted(&path), [7, 9]);
        note(directory.path(), 9).unwrap();
        assert_eq!(noted(&path), [9]);
        fs::write(&path, "nothing of ours").unwrap();
        assert!(noted(&path).is_empty());
    }
}
