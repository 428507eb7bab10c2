//! Copies of the database that lie in its directory because of a restore, an upgrade, a rescue or a move, and
//! journals that were moved aside. Nobody deletes them but a person.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::former::{Former, OF_RESTORES};
use super::owner;
use super::rollback::SET_ASIDE;
use super::snapshot::UNFINISHED;
use super::{BACKUP, MOVED, RESCUED};

/// What the names of files begin with that an upgrade has left.
const OF_UPGRADES: &str = "relay-before-migration-";

/// The copies, in the order of their names.
pub(super) fn list(directory: &Path) -> Vec<PathBuf> {
    let live = directory.join("live");
    let mut copies = named(
        directory,
        &[
            &OF_RESTORES[..],
            &[OF_UPGRADES, RESCUED.0, MOVED, owner::SET_ASIDE],
        ]
        .concat(),
    );
    copies.extend(named(&live, &[SET_ASIDE]));
    copies
}

/// What is left beside the database and used by nobody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Leftover {
    /// The directory of a restore that was broken off before the copy took its place.
    OfRestore,
    /// The database of before a restore that was broken off after the copy took its place. The next start gives it the
    /// name that others have.
    Former {
        /// How many events it has that were accepted after the copy; none: that is not known.
        later: Option<u64>,
    },
    /// A copy of another relay's database, or of the one before a restore, that stood in the backup file's place.
    OfAnotherRelay,
    /// A rollback journal that was not the relay's.
    Journal,
}

/// All of it, in this order.
pub(super) fn left_behind(directory: &Path) -> Vec<(Leftover, PathBuf)> {
    let live = directory.join("live");
    let of_restore = match Former::noted(directory) {
        Ok(Some(Former { later, .. })) => Leftover::Former { later },
        Ok(None) => Leftover::OfRestore,
        // It may be, and must not be taken for something that nobody needs.
        Err(_) => Leftover::Former { later: None },
    };
    let kinds = [
        (of_restore, named(directory, &OF_RESTORES[2..])),
        (Leftover::OfRestore, named(directory, &OF_RESTORES[1..2])),
        (
            Leftover::OfAnotherRelay,
            named(directory, &[owner::SET_ASIDE]),
        ),
        (Leftover::Journal, named(&live, &[SET_ASIDE])),
    ];
    let each = kinds.into_iter();
    each.flat_map(|(what, paths)| paths.into_iter().map(move |path| (what, path)))
        .collect()
}

/// Deletes copies that were never finished: the relay writes them beside their names, and whoever calls this is the only
/// one that could. Answers those that are gone.
pub(super) fn delete_unfinished(directory: &Path) -> Vec<PathBuf> {
    let own = named(directory, &[BACKUP, OF_UPGRADES, RESCUED.0, MOVED]).into_iter();
    let unfinished = own.filter(|path| path.to_string_lossy().ends_with(UNFINISHED));
    unfinished
        .filter(|path| fs::remove_file(path).is_ok())
        .collect()
}

/// The directories that ended restores have set aside.
pub(super) fn set_aside_by_restores(directory: &Path) -> Vec<PathBuf> {
    named(directory, &OF_RESTORES[..2])
}

/// What has a name in `directory` that begins with one of these, in the order of the names.
fn named(directory: &Path, begins: &[&str]) -> Vec<PathBuf> {
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    let found = entries.filter_map(|entry| {
        let name = entry.file_name().into_string().ok()?;
        let is_one = begins.iter().any(|begin| name.starts_with(begin));
        is_one.then(|| entry.path())
    });
    let mut found: Vec<_> = found.collect();
    found.sort();
    found
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
        for name in [
            "relay-backup.db.new",
            "relay-rescued-1.db.new",
            "mine.db.new",
        ] {
            fs::write(at(name), "").unwrap();
        }
        assert_eq!(delete_unfinished(directory.path()).len(), 2);
        assert!(at("mine.db.new").exists());
        for name in ["live", "relay-backup.db", "README", "lock"] {
            assert!(at(name).exists(), "{name}");
        }
    }
}
