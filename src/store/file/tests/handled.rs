//! An admin moves the files of the database, or puts others beside them.

use super::super::path::rollback_journal_of;
use super::super::restore::{Before, Restored};
use super::super::rollback::SET_ASIDE;
use super::*;

/// A rollback journal of a copy of a database, with old pages of it, that a crash would leave.
fn journal_of_copy(copy: &Path) -> Vec<u8> {
    let open = Connection::open(copy).unwrap();
    open.execute_batch("PRAGMA journal_mode = DELETE; BEGIN; DELETE FROM relay_time;")
        .unwrap();
    open.cache_flush().unwrap();
    fs::read(rollback_journal_of(copy)).unwrap()
}

#[tokio::test]
async fn nothing_is_used_of_a_journal_that_somebody_has_put_beside_the_open_database() {
    let directory = tempfile::tempdir().unwrap();
    let store = Store::open(directory.path(), moment()).unwrap();
    accept_one(&store, "older").await;
    let copy = directory.path().join("copy.db");
    store.copy_to(&copy).await.unwrap();
    let journal = journal_of_copy(&copy);
    accept_one(&store, "newer").await;
    let stray = rollback_journal_of(store.file().path());
    let aside = |number: u32| directory.path().join(format!("live/{SET_ASIDE}{number}"));
    // At the stop, and at a look before.
    fs::write(&stray, &journal).unwrap();
    assert_eq!(store.file().look(), None);
    assert!(!stray.exists() && fs::read(aside(1)).unwrap() == journal);
    fs::write(&stray, &journal).unwrap();
    store.close(moment()).await;
    assert!(!stray.exists() && fs::read(aside(2)).unwrap() == journal);
    // After a crash, whose log has all that was accepted last.
    let store = Store::open(directory.path(), moment()).unwrap();
    accept_one(&store, "newest").await;
    let left = left_of(directory.path(), &[DATABASE, LOG]);
    fs::write(left.path().join("live/relay.db-journal"), &journal).unwrap();
    let told = inspect(left.path()).unwrap();
    assert!(
        matches!(told, inspect::Inspection::StrayJournal(_)),
        "{told:?}"
    );
    // A restore reads what the crash has left.
    let other = left_of(directory.path(), &[DATABASE, LOG]);
    fs::write(other.path().join("live/relay.db-journal"), &journal).unwrap();
    let taken = Taken::default();
    let restored = restore(other.path(), &copy, taken, None, somebody(), moment().wall).unwrap();
    assert!(
        matches!(&restored.before, Before::Compared { difference, .. } if difference.events.count == 2),
        "{restored:?}"
    );
    let again = Store::open(left.path(), moment()).unwrap();
    assert_eq!(events_in(&again).await, 3);
    assert_eq!(inspect::left_behind(left.path()).len(), 1);
    assert_eq!(again.file().other_copies().len(), 1);
}

#[tokio::test]
async fn what_was_restored_counts_as_later_wherever_its_file_is_moved() {
    let directory = tempfile::tempdir().unwrap();
    let copy_at = |name: &str| directory.path().join(name);
    let store = Store::open(directory.path(), moment()).unwrap();
    accept_one(&store, "first").await;
    store.copy_to(&copy_at("first.db")).await.unwrap();
    accept_one(&store, "second").await;
    store.copy_to(&copy_at("second.db")).await.unwrap();
    accept_one(&store, "third").await;
    store.copy_to(&store.file().backup_path()).await.unwrap();
    store.close(moment()).await;
    let lacked = |restored: &Restored| match &restored.before {
        Before::Compared { difference, .. } => difference.events.count,
        other => panic!("{other:?}"),
    };
    let restored = |copy: &str, hour: u64| {
        let now = moment().after(Duration::from_hours(hour)).wall;
        restore(
            directory.path(),
            &copy_at(copy),
            Taken::default(),
            None,
            somebody(),
            now,
        )
        .unwrap()
    };
    assert_eq!(lacked(&restored("first.db", 1)), 2);
    // As `cp -a` does it, and everything else that makes it another file.
    let live = live_file(directory.path());
    fs::copy(&live, copy_at("moved.db")).unwrap();
    fs::rename(copy_at("moved.db"), &live).unwrap();
    assert!(!Mark::of(&live).fits());
    let store = Store::open(directory.path(), moment()).unwrap();
    assert_eq!(events_in(&store).await, 1);
    accept_one(&store, "fourth").await;
    store.copy_to(&copy_at("fourth.db")).await.unwrap();
    store.close(moment()).await;
    // The third is in what was set aside, and the fourth in the present one.
    let again = restored("second.db", 2);
    assert_eq!(lacked(&again), 2);
    let Before::Compared { difference, .. } = &again.before else {
        panic!("{again:?}");
    };
    assert_eq!(difference.set_aside.len(), 1);
    // What was set aside before a copy was made is known; the second is in the present one.
    assert_eq!(lacked(&restored("fourth.db", 3)), 1);
    let store = Store::open(directory.path(), moment()).unwrap();
    assert_eq!(events_in(&store).await, 2);
}
