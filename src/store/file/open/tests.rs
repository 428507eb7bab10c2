//! Databases that are not opened, and stay as they are.

#![allow(clippy::panic)]

use super::*;
use crate::store::Store;
use crate::store::file::inspect::inspect;
use crate::store::file::snapshot::SnapshotError;
use crate::store::tests::{count, moment};

#[test]
fn a_database_of_a_newer_version_is_refused_and_left_alone() {
    let directory = tempfile::tempdir().unwrap();
    let store = Store::open(directory.path(), moment()).unwrap();
    let path = store.file().path().to_owned();
    drop(store);
    let connection = Connection::open(&path).unwrap();
    connection
        .execute(
            "INSERT INTO refinery_schema_history (version, name, applied_on, checksum) VALUES (99, 'x', '', '0')",
            [],
        )
        .unwrap();
    drop(connection);
    assert!(matches!(
        inspect(directory.path()),
        Err(OpenError::Newer { found: 99, .. })
    ));
}

#[tokio::test]
async fn a_second_store_in_one_directory_is_refused_and_names_the_holder() {
    let directory = tempfile::tempdir().unwrap();
    let first = Store::open(directory.path(), moment()).unwrap();
    let Err(OpenError::Locked { holder, .. }) = Store::open(directory.path(), moment()) else {
        panic!("two stores in one directory");
    };
    assert_eq!(holder, std::process::id().to_string());
    first.close(moment()).await;
    assert!(Store::open(directory.path(), moment()).is_ok());
}

/// A database as the programs of before the first release wrote it.
fn write_database_of_before(path: &std::path::Path) {
    let connection = Connection::open(path).unwrap();
    connection
        .execute_batch(
            "CREATE TABLE refinery_schema_history (version INT4 PRIMARY KEY, name VARCHAR(255),
                 applied_on VARCHAR(255), checksum VARCHAR(255));
             INSERT INTO refinery_schema_history VALUES (9, 'checks_without_lists', '', '1');
             CREATE TABLE events (seq INTEGER PRIMARY KEY, id TEXT);",
        )
        .unwrap();
}

#[test]
fn a_database_of_before_the_first_release_is_recognised_and_left_alone() {
    let directory = tempfile::tempdir().unwrap();
    let path = live_file(directory.path());
    std::fs::create_dir(path.parent().unwrap()).unwrap();
    write_database_of_before(&path);
    let before = std::fs::read(&path).unwrap();
    assert!(matches!(
        Store::open(directory.path(), moment()),
        Err(OpenError::PreRelease { .. })
    ));
    assert!(matches!(
        inspect(directory.path()),
        Err(OpenError::PreRelease { .. })
    ));
    assert!(matches!(
        snapshot::verify(&path),
        Err(SnapshotError::PreRelease { .. })
    ));
    assert_eq!(std::fs::read(&path).unwrap(), before);
}

#[test]
fn the_database_of_another_program_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let path = live_file(directory.path());
    std::fs::create_dir(path.parent().unwrap()).unwrap();
    let connection = Connection::open(&path).unwrap();
    connection.execute_batch("CREATE TABLE a (b)").unwrap();
    drop(connection);
    let refused = Store::open(directory.path(), moment()).err().unwrap();
    assert!(refused.to_string().contains("another program"), "{refused}");
}

/// A crash in the middle of a transaction leaves a journal, and only when that is undone can the database be
/// read.
#[test]
fn the_database_of_another_program_is_refused_after_its_crash_too() {
    let directory = tempfile::tempdir().unwrap();
    let path = live_file(directory.path());
    std::fs::create_dir(path.parent().unwrap()).unwrap();
    let other = directory.path().join("other.db");
    let connection = Connection::open(&other).unwrap();
    let rows = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000)
                INSERT INTO a SELECT i, hex(zeroblob(200)) FROM n";
    // So few pages in memory that the transaction writes into the file before it ends.
    connection
        .execute_batch("PRAGMA cache_size = 2; CREATE TABLE a (b, c)")
        .unwrap();
    connection.execute_batch(rows).unwrap();
    connection
        .execute_batch("BEGIN; UPDATE a SET b = 0")
        .unwrap();
    std::fs::copy(&other, &path).unwrap();
    let journal = |path: &Path| path.with_extension("db-journal");
    std::fs::copy(journal(&other), journal(&path)).unwrap();
    assert!(
        open_for_reading(&path)
            .and_then(|connection| schema_version(&connection))
            .is_err(),
        "the journal is of no use to this test"
    );
    let refused = Store::open(directory.path(), moment()).err().unwrap();
    assert!(refused.to_string().contains("another program"), "{refused}");
    let connection = Connection::open(&path).unwrap();
    assert_eq!(count(&connection, "SELECT count(*) FROM sqlite_schema"), 1);
}

/// A disk that changes a bit changes no time of the file, so the mark of the orderly stop fits.
#[tokio::test]
async fn a_bit_of_the_schema_that_is_another_one_is_damage_behind_a_good_mark_too() {
    let directory = tempfile::tempdir().unwrap();
    let store = Store::open(directory.path(), moment()).unwrap();
    let (path, backup) = (store.file().path().to_owned(), store.file().backup_path());
    store.copy_to(&backup).await.unwrap();
    store.close(moment()).await;
    let mut bytes = std::fs::read(&path).unwrap();
    let made = b"CREATE INDEX events_by_staff";
    let at = bytes.windows(made.len()).position(|some| some == made);
    bytes[at.unwrap() + 1] ^= 0x20;
    std::fs::write(&path, &bytes).unwrap();
    Mark::of(&path).leave().unwrap();
    let looked = inspect(directory.path()).unwrap_err();
    let opened = Store::open(directory.path(), moment()).err().unwrap();
    for refused in [looked, opened] {
        let told = matches!(
            &refused,
            OpenError::Damaged { copy: Some(copy), what, .. }
                if *copy == backup && what.contains("events_by_staff")
        );
        assert!(told, "{refused:?}");
    }
    assert_eq!(std::fs::read(&path).unwrap(), bytes);
    assert!(Mark::of(&path).fits(), "nothing was changed");
    snapshot::verify(&backup).unwrap();
    // A copy of it takes no good one's place.
    let before = std::fs::read(&backup).unwrap();
    let refused = [
        snapshot::copy(&path, &backup).unwrap_err(),
        snapshot::copy_good(&path, &backup).unwrap_err(),
    ];
    assert!(
        matches!(
            refused,
            [SnapshotError::Damaged { .. }, SnapshotError::Damaged { .. }]
        ),
        "{refused:?}"
    );
    assert_eq!(std::fs::read(&backup).unwrap(), before);
}
