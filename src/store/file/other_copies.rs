//! Copies of the database that lie in its directory because of a restore, an upgrade or a rescue. Nobody deletes them
//! but a person.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::RESCUED;

/// What the names of directories begin with that a restore has left.
const OF_RESTORES: [&str; 2] = ["live.before-restore-", "live.interrupted-restore-"];
/// What the names of files begin with that an upgrade has left.
const OF_UPGRADES: &str = "relay-before-migration-";

/// The copies, in the order of their names.
pub(super) fn list(directory: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    let copies = entries.filter_map(|entry| {
        let name = entry.file_name().into_string().ok()?;
        is_copy(&name).then(|| entry.path())
    });
    let mut copies: Vec<_> = copies.collect();
    copies.sort();
    copies
}

fn is_copy(name: &str) -> bool {
    OF_RESTORES.iter().any(|begin| name.starts_with(begin))
        || [OF_UPGRADES, RESCUED.0]
            .iter()
            .any(|begin| name.starts_with(begin))
}

/// Deletes them, and answers those that are gone.
pub(super) fn delete(directory: &Path) -> Vec<PathBuf> {
    let copies = list(directory).into_iter();
    let deleted = copies.filter(|copy| match remove(copy) {
        Ok(()) => true,
        Err(error) => {
            tracing::warn!(%error, path = %copy.display(), "this copy of the database cannot be deleted");
            false
        }
    });
    deleted.collect()
}

fn remove(copy: &Path) -> io::Result<()> {
    if fs::symlink_metadata(copy)?.is_dir() {
        fs::remove_dir_all(copy)
    } else {
        fs::remove_file(copy)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn copies_are_deleted_and_nothing_else() {
        let directory = tempfile::tempdir().unwrap();
        let at = |name: &str| directory.path().join(name);
        fs::create_dir(at("live.before-restore-2025-10-26T120000000Z")).unwrap();
        fs::write(
            at("live.before-restore-2025-10-26T120000000Z").join("relay.db"),
            "",
        )
        .unwrap();
        fs::create_dir(at("live")).unwrap();
        for name in [
            "relay-before-migration-2.db",
            "relay-rescued-2025-10-26T120000000Z.db",
            "relay-backup.db",
            "README",
            "lock",
        ] {
            fs::write(at(name), "").unwrap();
        }
        let copies = list(directory.path());
        assert_eq!(copies.len(), 3, "{copies:?}");
        assert_eq!(delete(directory.path()), copies);
        assert_eq!(list(directory.path()), Vec::<PathBuf>::new());
        for name in ["live", "relay-backup.db", "README", "lock"] {
            assert!(at(name).exists(), "{name}");
        }
    }
}
