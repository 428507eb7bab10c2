//! Copies that a stop has left outside of the data directory, because that took none. The next start brings home what has more
//! than the database: everybody looks for copies there, and what is in `/run` is gone with the next start of the machine.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::copies::rescued_in;
use super::directory::{DIRECTORY_MODE, make_directory};
use super::lock::holder;
use super::open_error::OpenError;
use super::owner::Owner;
use super::path::Inode;
use super::progress::Progress;
use super::reserve::is_full;
use super::rollback::journal_beside;
use super::snapshot::{SnapshotError, copy_file};
use super::unusable::refuse_odd;
use super::{DatabaseFile, live_file};
use crate::command_line::CommandLine;

/// Others than the owner and the group may write there.
const FOR_EVERYBODY: u32 = 0o002;

/// The copies in these places that have what the database of a data directory has not. Where everybody may write, only a
/// copy of the database that is known to belong there counts. The database may not be open in this process.
#[must_use]
pub fn copies_elsewhere(directory: &Path, places: &[PathBuf]) -> Vec<PathBuf> {
    // What keeps this from being known keeps a start from going on too, and is told there.
    let Ok(owner) = Owner::of(directory) else {
        return Vec::new();
    };
    let others = places
        .iter()
        .filter(|place| Inode::of(place) != Inode::of(directory));
    let counts = others.filter(|place| owner.is_known() || !is_for_everybody(place));
    let copies = counts.flat_map(|place| rescued_in(place));
    let copies = copies.filter_map(|copy| Some((Progress::of_copy(&copy)?, copy)));
    let copies: Vec<_> = copies
        .filter(|(progress, _)| owner.may_have(progress.identity))
        .collect();
    if copies.is_empty() {
        // Looking at the database would make the index of its log anew, before a start has seen whether it is whole.
        return Vec::new();
    }
    let own = progress_in(directory);
    let beyond = copies
        .into_iter()
        .filter(|(progress, _)| progress.is_beyond(&own));
    beyond.map(|(_, copy)| copy).collect()
}

/// Moves them into the data directory, and says which command takes each.
///
/// # Errors
/// `DiskFull`, or else `Gone` or `Behind` when one cannot be moved: without it a start would go on with less.
pub fn bring_home(
    directory: &Path,
    places: &[PathBuf],
    commands: &CommandLine,
) -> Result<(), OpenError> {
    // Whoever works there knows what it has.
    if holder(directory).is_some() {
        return Ok(());
    }
    for copy in copies_elsewhere(directory, places) {
        let home = move_home(directory, &copy);
        let home = home.map_err(|error| not_moved(directory, &copy, error))?;
        let restore = commands.by_admin(&commands.restore(&home));
        tracing::warn!(copy = %home.display(), was = %copy.display(), "this copy has what the database has not. A stop had left it elsewhere, because the data directory took none, and it was moved here. It is taken with: {restore}");
    }
    Ok(())
}

fn not_moved(directory: &Path, copy: &Path, error: SnapshotError) -> OpenError {
    tracing::error!(%error, copy = %copy.display(), "this copy has what the database has not, and cannot be moved into the data directory");
    let (path, copy) = (live_file(directory), copy.to_owned());
    match error {
        SnapshotError::File { path, source } if is_full(&source) => OpenError::DiskFull { path },
        _ if path.exists() => OpenError::Behind { path, copy },
        _ => OpenError::Gone {
            path,
            copy: Some(copy.clone()),
            left: vec![copy],
        },
    }
}

impl DatabaseFile {
    /// Whether its disk was unmounted on the machine, as far as it was looked, and this process still sees it. What it
    /// writes there is seen by nobody else.
    #[must_use]
    pub fn is_unmounted(&self) -> bool {
        self.troubles.is_unmounted() && self.database.is_held()
    }
}

/// How far the database of a data directory has come; not at all when it is gone or cannot be read.
fn progress_in(directory: &Path) -> Progress {
    let live = live_file(directory);
    // A pipe beside it would be waited for.
    if refuse_odd(directory).is_err() || journal_beside(&live).is_some() {
        return Progress::default();
    }
    Progress::of_database(&live).unwrap_or_default()
}

fn is_for_everybody(place: &Path) -> bool {
    fs::metadata(place).is_ok_and(|found| found.mode() & FOR_EVERYBODY != 0)
}

fn move_home(directory: &Path, copy: &Path) -> Result<PathBuf, SnapshotError> {
    // Why there is none, the copying says.
    let _ = make_directory(directory, DIRECTORY_MODE);
    let home = directory.join(copy.file_name().unwrap_or_default());
    copy_file(copy, &home)?;
    // One that stays is found again, and has nothing more.
    let _ = fs::remove_file(copy);
    Ok(home)
}

#[cfg(test)]
mod tests {
    use std::fs::Permissions;
    use std::os::unix::fs::PermissionsExt;
    use std::slice;
    use std::time::Duration;

    use super::*;
    use crate::store::Store;
    use crate::store::tests::moment;

    #[tokio::test]
    async fn what_a_stop_left_elsewhere_comes_home_when_the_database_has_it_not() {
        let around = tempfile::tempdir().unwrap();
        let [data, refuge] = ["data", "refuge"].map(|name| around.path().join(name));
        fs::create_dir(&refuge).unwrap();
        let store = Store::open(&data, moment()).unwrap();
        let copy = store.rescue_to(&refuge, moment()).await.unwrap();
        let only = slice::from_ref(&copy);
        store.close(moment()).await;
        let places = [data.clone(), refuge.clone(), around.path().join("nowhere")];
        let found = || copies_elsewhere(&data, &places);
        assert_eq!(found(), Vec::<PathBuf>::new(), "the database has it all");

        fs::remove_dir_all(data.join("live")).unwrap();
        assert_eq!(found(), only);
        // Whose copy it is, is noted, so it may lie where everybody may write.
        let may_write = |mode| fs::set_permissions(&refuge, Permissions::from_mode(mode)).unwrap();
        may_write(0o1777);
        assert_eq!(found(), only);
        fs::remove_dir_all(&data).unwrap();
        assert_eq!(found(), Vec::<PathBuf>::new(), "it may be anybody's");
        may_write(0o750);
        assert_eq!(found(), only);

        let come_home = || bring_home(&data, &places, &CommandLine::default());
        // Where it cannot be moved, nothing is begun without it.
        let in_the_way = data.join(copy.file_name().unwrap());
        fs::create_dir_all(&in_the_way).unwrap();
        let refused = come_home();
        assert!(
            matches!(&refused, Err(OpenError::Gone { copy: Some(named), .. }) if *named == copy),
            "{refused:?}"
        );
        fs::remove_dir(&in_the_way).unwrap();
        come_home().unwrap();
        assert!(!copy.exists());
        let home = data.join(copy.file_name().unwrap());
        let started = Store::open(&data, moment()).map(drop);
        assert!(
            matches!(&started, Err(OpenError::Gone { copy: Some(named), .. }) if *named == home),
            "{started:?}"
        );
    }

    #[tokio::test]
    async fn a_database_that_was_closed_in_order_is_behind_what_was_rescued_later_elsewhere() {
        let around = tempfile::tempdir().unwrap();
        let data = around.path().join("data");
        let store = Store::open(&data, moment()).unwrap();
        store.close(moment()).await;
        let [live, below] = ["live", "below"].map(|name| data.join(name));
        fs::rename(&live, &below).unwrap();
        // As a disk that is mounted over it, with the same database.
        fs::create_dir(&live).unwrap();
        fs::copy(below.join("relay.db"), live.join("relay.db")).unwrap();
        let later = moment().after(Duration::from_secs(1));
        let store = Store::open(&data, later).unwrap();
        let rescued = store.rescue(later).await.unwrap();
        store.close(later).await;
        fs::remove_dir_all(&live).unwrap();
        fs::rename(&below, &live).unwrap();

        for _ in 0..2 {
            let started = Store::open(&data, later).map(drop);
            assert!(
                matches!(&started, Err(OpenError::Behind { copy, .. }) if *copy == rescued),
                "{started:?}"
            );
            assert!(live.join("closed-in-order").exists(), "nothing was changed");
        }
        fs::remove_file(&rescued).unwrap();
        Store::open(&data, later).unwrap().close(later).await;
    }
}
