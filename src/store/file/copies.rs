//! The copies of the database that a restore may be told of: the backup file, and what was copied out of a database that was
//! gone or damaged.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::identity::may_belong;
use super::{BACKUP, RESCUED};

/// The newest copy in a data directory, of those of a database that belongs there as far as it is noted.
pub(super) fn newest_copy(directory: &Path) -> Option<PathBuf> {
    let mut copies = copies(directory).into_iter();
    copies.rfind(|copy| may_belong(directory, copy))
}

/// The copies of the database that lie in its data directory, the newest last.
pub(super) fn copies(directory: &Path) -> Vec<PathBuf> {
    named(directory, |name| name == BACKUP || is_of_rescue(name))
}

/// The copies in any directory that were made because the database was gone or damaged, the newest last.
pub(super) fn rescued_in(directory: &Path) -> Vec<PathBuf> {
    named(directory, is_of_rescue)
}

fn is_of_rescue(name: &str) -> bool {
    name.starts_with(RESCUED.0) && name.ends_with(RESCUED.1)
}

fn named(directory: &Path, is_one: impl Fn(&str) -> bool) -> Vec<PathBuf> {
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    let copies = entries.filter_map(|entry| {
        let name = entry.file_name().into_string().ok()?;
        let found = entry.metadata().ok()?;
        let is_copy = found.is_file() && is_one(&name);
        let modified = found.modified().unwrap_or(SystemTime::UNIX_EPOCH);
        is_copy.then(|| (modified, entry.path()))
    });
    let mut copies: Vec<_> = copies.collect();
    copies.sort();
    copies.into_iter().map(|(_, path)| path).collect()
}
