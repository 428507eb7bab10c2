//! The number that a database has in common with its copies, and the note of those that belong in a data directory.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use super::file_integrity::Header;
use crate::plain_file::{self, ordinary};

/// The name of the note, in the data directory.
const NAME: &str = "identity";
/// More than any note has, in bytes.
const LONGEST: u64 = 1024;

/// The path of the note.
pub(super) fn note_in(directory: &Path) -> PathBuf {
    directory.join(NAME)
}

/// What is in the note.
///
/// # Errors
/// What the operating system said; what is no plain file is no note.
pub(super) fn text_of_note(directory: &Path) -> io::Result<String> {
    let path = note_in(directory);
    ordinary(&path)?;
    plain_file::text_at(&path, LONGEST)
}

/// None: something else stands there, or nothing.
pub(super) fn identities_in(text: &str) -> Option<Vec<u32>> {
    let numbers = text.lines().map(|line| line.trim().parse().ok());
    let identities: Vec<u32> = numbers.collect::<Option<_>>()?;
    (!identities.is_empty()).then_some(identities)
}

/// Whether the note lets this copy be one of a database that belongs in the data directory. The database may be open in
/// this process.
pub(super) fn may_belong(directory: &Path, copy: &Path) -> bool {
    let noted = text_of_note(directory).ok();
    let noted = noted.and_then(|text| identities_in(&text));
    noted.is_none_or(|noted| identity_of(copy).is_none_or(|found| noted.contains(&found)))
}

/// Whether the file at `path` is a copy of another database than the one with this identity.
pub(super) fn is_of_another(identity: Option<u32>, path: &Path) -> bool {
    identity.is_some_and(|own| identity_of(path).is_some_and(|found| found != own))
}

/// The number that a database of this program has in common with its copies.
pub(super) fn identity_of(path: &Path) -> Option<u32> {
    ordinary(path).ok()?;
    let header = File::open(path).and_then(|file| Header::read(&file));
    header.ok()?.identity_of_relay()
}
