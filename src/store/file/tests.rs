//! What is told of a database that cannot be used as it should, and what is done about it.

#![allow(clippy::panic)]

use std::os::unix::fs::FileExt;
use std::time::Duration;

use rusqlite::Connection;
use tempfile::TempDir;

use super::inspect::inspect;
use super::restore::{Taken, restore};
use super::*;
use crate::clock::Moment;
use crate::command_line::CommandLine;
use crate::language::Language;
use crate::store::events::accept;
use crate::store::relay_time::Now;
use crate::store::tests::{moment, somebody, submission};
use crate::store::writer::Lane;
use crate::store::{AcceptError, Store, StoreError};

mod handled;

/// Spoils the first page of a table in a database that nobody has open.
fn spoil(database: &Path, table: &str) {
    let connection = Connection::open(database).unwrap();
    let (page, size): (u64, u64) = connection
        .query_row(
            "SELECT rootpage, page_size FROM sqlite_schema, pragma_page_size() WHERE name = ?1",
            [table],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )
        .unwrap();
    drop(connection);
    let file = fs::File::options().write(true).open(database).unwrap();
    file.write_all_at(&[0xff; 64], (page - 1) * size).unwrap();
}

#[tokio::test]
async fn a_commit_that_changed_nothing_does_not_show_that_the_disk_works() {
    let directory = tempfile::tempdir().unwrap();
    let store = Store::open(directory.path(), moment()).unwrap();
    let failed = Trouble::DiskFailed("disk I/O error".to_owned());
    store.file().met(&failed);
    let nothing = store.write(Lane::Calls, |_| Ok::<(), StoreError>(()));
    nothing.await.unwrap();
    assert_eq!(store.file().trouble(), Some(failed));
    store.probe(moment()).await.unwrap();
    assert_eq!(store.file().trouble(), None);
    // Who gets the lock sees that it is free.
    store.file().met(&Trouble::Locked);
    let nothing = store.write(Lane::Calls, |_| Ok::<(), StoreError>(()));
    nothing.await.unwrap();
    assert_eq!(store.file().trouble(), None);
    store.close(moment()).await;
}

#[test]
fn a_disk_that_fails_in_a_migration_is_no_fault_of_this_version() {
    let of = |before: &str| {
        let mut connection = Connection::open_in_memory().unwrap();
        connection.execute_batch(before).unwrap();
        version::migrate(&mut connection, Path::new("/data/live/relay.db")).unwrap_err()
    };
    // What cannot be written, as on a disk that fails.
    let told = of("PRAGMA query_only = ON");
    assert!(matches!(told, OpenError::Database { .. }), "{told}");
    let told = of("CREATE TABLE events (a)");
    assert!(matches!(told, OpenError::Migration { .. }), "{told}");
}

#[tokio::test]
async fn damage_that_is_met_behind_a_good_mark_is_told_as_damage() {
    for table in ["refinery_schema_history", "relay_time"] {
        for copies in [true, false] {
            let directory = tempfile::tempdir().unwrap();
            let store = Store::open(directory.path(), moment()).unwrap();
            let path = store.file().path().to_owned();
            let backup = store.file().backup_path();
            if copies {
                store.copy_to(&backup).await.unwrap();
            }
            store.close(moment()).await;
            assert!(Mark::of(&path).fits());
            spoil(&path, table);
            // As when a disk gives back what was never written, with all dates as they were.
            Mark::of(&path).leave().unwrap();
            let Err(error) = Store::open(directory.path(), moment()) else {
                panic!("{table}: a damaged database was opened");
            };
            let OpenError::Damaged { copy, .. } = &error else {
                panic!("{table}: {error}");
            };
            assert_eq!(copy.is_some(), copies);
            assert_eq!(
                error.to_string().contains("voicedrive-relay restore"),
                copies
            );
        }
    }
}

#[tokio::test]
async fn a_full_disk_is_one_until_there_is_room_whatever_small_things_still_fit() {
    let directory = tempfile::tempdir().unwrap();
    let store = Store::open(directory.path(), moment()).unwrap();
    let file = store.file().clone();
    let limit = |pages: &'static str| {
        store.write::<_, StoreError, _>(Lane::Calls, move |connection| {
            let limit = format!("PRAGMA max_page_count = {pages}");
            connection.query_row(&limit, [], |_| Ok(()))?;
            Ok(())
        })
    };
    limit("1").await.unwrap();
    let full = loop {
        let accepted: Result<_, AcceptError> = store
            .write(Lane::Calls, |connection| {
                let now = Now::at(moment().wall);
                accept(connection, &[submission("a.b", None)], now)
            })
            .await;
        if let Err(error) = accepted {
            break error;
        }
    };
    let is_full = |error| {
        matches!(
            error,
            AcceptError::Store(StoreError::Unavailable(Trouble::DiskFull(_)))
        )
    };
    assert!(is_full(full), "SQLite said it inside of a command");
    // There is room for the moment that it is, and that makes the disk no emptier.
    store.probe(moment()).await.unwrap();
    let told = file
        .trouble()
        .unwrap()
        .describe(Language::En, &CommandLine::default());
    assert!(
        told.contains("at least") && told.contains("MiB must be free"),
        "{told}"
    );
    let refused: Result<(), AcceptError> = store.accept(Lane::Calls, |_| Ok(())).await;
    assert!(is_full(refused.unwrap_err()));
    let checkpoints = || {
        store.write::<i64, StoreError, _>(Lane::Calls, |connection| {
            Ok(connection.query_row("PRAGMA wal_autocheckpoint", [], |row| row.get(0))?)
        })
    };
    assert_eq!(checkpoints().await, Ok(0), "the room is for results alone");
    limit("1000000").await.unwrap();
    file.look_for_room();
    assert_eq!(file.trouble(), None);
    assert_ne!(checkpoints().await, Ok(0));
}

#[test]
fn where_room_cannot_be_held_back_it_is_enough_that_it_is_free() {
    let directory = tempfile::tempdir().unwrap();
    let reserve = Reserve::of(directory.path());
    fs::create_dir(directory.path().join("reserve")).unwrap();
    assert!(!reserve.release());
    assert!(
        reserve.is_held_or_taken(),
        "the disk of this machine has room"
    );
}

#[test]
fn what_the_operating_system_says_of_a_full_disk_is_a_sentence() {
    let path = Path::new("/data/lock");
    let full = || std::io::Error::from(std::io::ErrorKind::StorageFull);
    let told = OpenError::at(path, full()).to_string();
    assert!(
        told.contains("/data/lock") && told.contains("make room"),
        "{told}"
    );
    let copying = snapshot::SnapshotError::File {
        path: path.to_owned(),
        source: full(),
    };
    assert!(copying.to_string().contains("make room"), "{copying}");
}

#[test]
fn the_newest_copy_in_the_directory_is_the_one_to_restore() {
    let directory = tempfile::tempdir().unwrap();
    let at = |name: &str, seconds| {
        let path = directory.path().join(name);
        let file = fs::File::create(&path).unwrap();
        let modified = std::time::SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(seconds);
        file.set_modified(modified).unwrap();
        path
    };
    assert_eq!(newest_copy(directory.path()), None);
    at("relay-rescued-2.db.new", 9);
    at("another.db", 9);
    let backup = at(BACKUP, 1);
    assert_eq!(newest_copy(directory.path()), Some(backup));
    let rescued = at("relay-rescued-1.db", 2);
    assert_eq!(newest_copy(directory.path()), Some(rescued));
    let backup = at(BACKUP, 3);
    assert_eq!(newest_copy(directory.path()), Some(backup));
}

async fn accept_one(store: &Store, event_type: &'static str) {
    let accepted: Result<_, AcceptError> = store
        .write(Lane::Calls, move |connection| {
            let now = Now::at(moment().wall);
            accept(connection, &[submission(event_type, None)], now)
        })
        .await;
    accepted.unwrap();
}

async fn events_in(store: &Store) -> i64 {
    let counted = store.read(|connection| {
        Ok(connection.query_row("SELECT count(*) FROM events", [], |row| row.get(0))?)
    });
    counted.await.unwrap()
}

/// A data directory with these files of another one, as they are.
fn left_of(directory: &Path, names: &[&str]) -> TempDir {
    let left = tempfile::tempdir().unwrap();
    fs::create_dir(left.path().join("live")).unwrap();
    for name in names {
        fs::copy(directory.join(name), left.path().join(name)).unwrap();
    }
    left
}

const DATABASE: &str = "live/relay.db";
const LOG: &str = "live/relay.db-wal";

#[tokio::test]
async fn a_database_that_lacks_what_a_copy_has_is_not_used_before_a_person_says_so() {
    let directory = tempfile::tempdir().unwrap();
    let store = Store::open(directory.path(), moment()).unwrap();
    accept_one(&store, "older").await;
    let older = directory.path().join("older.db");
    store.copy_to(&older).await.unwrap();
    let outside = Connection::open(store.file().path()).unwrap();
    outside
        .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))
        .unwrap();
    accept_one(&store, "newer").await;
    store.copy_to(&store.file().backup_path()).await.unwrap();
    let later = moment().after(Duration::from_mins(1));
    let opened = |left: &TempDir, moment: Moment| Store::open(left.path(), moment);

    // After a crash it has all that the copy has.
    let left = left_of(directory.path(), &[DATABASE, LOG, BACKUP]);
    assert_eq!(inspect(left.path()).unwrap(), inspect::Inspection::Sound);
    assert_eq!(events_in(&opened(&left, later).unwrap()).await, 2);

    for without_all in [false, true] {
        let left = left_of(directory.path(), &[DATABASE, BACKUP]);
        let (live, backup) = (live_file(left.path()), backup_file(left.path()));
        if without_all {
            fs::write(&live, "").unwrap();
        }
        // The next start knows no better.
        for _ in 0..2 {
            let Err(error) = opened(&left, later) else {
                panic!("{without_all}: what the copy has was passed over");
            };
            let told = error.to_string();
            assert!(told.contains(live.to_str().unwrap()), "{told}");
            let restore = format!("voicedrive-relay restore {}", backup.display());
            assert!(told.contains(&restore), "{told}");
            for error in [error, inspect(left.path()).unwrap_err()] {
                let copy = match error {
                    OpenError::Behind { copy, .. } if !without_all => Some(copy),
                    OpenError::Gone { copy, .. } if without_all => copy,
                    other => panic!("{without_all}: {other}"),
                };
                assert_eq!(copy.as_ref(), Some(&backup));
            }
        }
        fs::rename(&backup, left.path().join("aside.db")).unwrap();
        let store = opened(&left, later).unwrap();
        assert_eq!(events_in(&store).await, i64::from(!without_all));
    }

    // An older copy may be what a person wants, now and after the next crash.
    let left = left_of(directory.path(), &[DATABASE, BACKUP]);
    restore(
        left.path(),
        &older,
        Taken::default(),
        None,
        somebody(),
        moment().wall,
    )
    .unwrap();
    let store = opened(&left, later).unwrap();
    assert_eq!(events_in(&store).await, 1);
    let left = left_of(left.path(), &[DATABASE, LOG, BACKUP]);
    assert_eq!(events_in(&opened(&left, later).unwrap()).await, 1);
}

#[tokio::test]
async fn a_close_leaves_the_files_of_another_database_as_they_are() {
    let another = tempfile::tempdir().unwrap();
    let other = Store::open(another.path(), moment()).unwrap();
    accept_one(&other, "of.another").await;
    for replaced in [&[DATABASE, LOG][..], &[LOG][..]] {
        let directory = tempfile::tempdir().unwrap();
        let data = |name: &str| directory.path().join(name);
        let store = Store::open(directory.path(), moment()).unwrap();
        accept_one(&store, "own").await;
        for name in replaced {
            fs::rename(data(name), data(&name.replace('/', "."))).unwrap();
            fs::copy(another.path().join(name), data(name)).unwrap();
        }
        let before: Vec<_> = replaced
            .iter()
            .map(|n| fs::read(data(n)).unwrap())
            .collect();
        store.close(moment()).await;
        let after: Vec<_> = replaced
            .iter()
            .map(|n| fs::read(data(n)).unwrap())
            .collect();
        assert!(before == after, "{replaced:?}");
        assert!(!data("live/closed-in-order").exists());
        // What is the relay's own is as whole as before.
        for name in replaced {
            fs::rename(data(&name.replace('/', ".")), data(name)).unwrap();
        }
        let left = left_of(directory.path(), &[DATABASE, LOG]);
        let store = Store::open(left.path(), moment()).unwrap();
        assert_eq!(events_in(&store).await, 1);
    }
}

#[tokio::test]
async fn a_database_in_which_damage_was_met_is_not_begun_with_in_silence() {
    let directory = tempfile::tempdir().unwrap();
    let open = || Store::open(directory.path(), moment());
    let damaged = Trouble::Damaged {
        what: "a page".to_owned(),
        copy: None,
    };
    let store = open().unwrap();
    accept_one(&store, "own").await;
    store.file().met(&damaged);
    store.close(moment()).await;
    // What is left may be whole to SQLite.
    let Err(OpenError::MetDamage { mark, .. }) = open().map(drop) else {
        panic!("the start says nothing");
    };
    assert!(inspect(directory.path()).is_err());
    fs::remove_file(mark).unwrap();
    let store = open().unwrap();
    store.file().met(&damaged);
    store.file().end_damage();
    store.close(moment()).await;
    assert_eq!(events_in(&open().unwrap()).await, 1);
}

#[tokio::test]
async fn a_start_waits_for_somebody_who_reads_the_database() {
    let directory = tempfile::tempdir().unwrap();
    let store = Store::open(directory.path(), moment()).unwrap();
    let path = store.file().path().to_owned();
    store.close(moment()).await;
    let reader = Connection::open(&path).unwrap();
    reader
        .execute_batch("BEGIN; SELECT count(*) FROM events;")
        .unwrap();
    let data = directory.path().to_owned();
    let opening = std::thread::spawn(move || Store::open(&data, moment()).map(drop));
    // Longer than any other lock is waited for.
    std::thread::sleep(Duration::from_secs(6));
    assert!(!opening.is_finished(), "{:?}", opening.join());
    reader.execute_batch("COMMIT").unwrap();
    opening.join().unwrap().unwrap();
}

/// Purging, an admin's `VACUUM` and a log that is moved into the database make files smaller, and that is no damage.
#[tokio::test]
async fn files_that_sqlite_makes_smaller_are_what_they_were() {
    let directory = tempfile::tempdir().unwrap();
    let store = Store::open(directory.path(), moment()).unwrap();
    let path = store.file().path().to_owned();
    let length = |path: &Path| fs::metadata(path).unwrap().len();
    let outside = Connection::open(&path).unwrap();
    let checkpoint = |kind: &str| {
        let sql = format!("PRAGMA wal_checkpoint({kind})");
        outside.query_row(&sql, [], |_| Ok(())).unwrap();
    };
    let change = async |sql: &'static str| {
        let changed = store.write::<_, StoreError, _>(Lane::Calls, move |connection| {
            connection.execute_batch(sql)?;
            Ok(())
        });
        changed.await.unwrap();
        assert_eq!(store.file().look(), None, "{sql}");
    };
    change("CREATE TABLE filling (data); INSERT INTO filling VALUES (zeroblob(4000000))").await;
    checkpoint("FULL");
    assert_eq!(store.file().look(), None);
    let full = length(&path);
    assert!(full > 4_000_000);
    change("DELETE FROM filling; PRAGMA incremental_vacuum(500)").await;
    checkpoint("TRUNCATE");
    assert_eq!(store.file().look(), None);
    let half = length(&path);
    assert!(half < full && length(&journal_of(&path)) == 0);
    change("INSERT INTO filling VALUES (1)").await;
    outside.execute_batch("VACUUM").unwrap();
    assert_eq!(store.file().look(), None);
    checkpoint("TRUNCATE");
    assert!(length(&path) < half);
    change("INSERT INTO filling VALUES (2)").await;
    // The same file with less in it than SQLite has left there is another matter.
    let cut = std::process::Command::new("truncate")
        .arg("--size=-4096")
        .arg(&path)
        .status();
    assert!(cut.unwrap().success());
    let looked = store.file().look();
    assert_eq!(looked, Some(Trouble::Overwritten { copy: None }));
}

/// A power cut can leave a log of which only the size was written.
#[tokio::test]
async fn a_log_in_which_sqlite_finds_nothing_is_none() {
    let directory = tempfile::tempdir().unwrap();
    let store = Store::open(directory.path(), moment()).unwrap();
    accept_one(&store, "own").await;
    store.close(moment()).await;
    let noise: Vec<u8> = (0_u32..25_000)
        .flat_map(|n| n.wrapping_mul(2_654_435_761).to_le_bytes())
        .collect();
    let mut expected = 1;
    for log in [vec![0; 32], vec![0; 4096], noise] {
        fs::write(directory.path().join(LOG), log).unwrap();
        assert_eq!(
            inspect(directory.path()).unwrap(),
            inspect::Inspection::Sound
        );
        let store = Store::open(directory.path(), moment()).unwrap();
        assert_eq!(store.file().look(), None);
        accept_one(&store, "own").await;
        expected += 1;
        assert_eq!(store.file().look(), None);
        // As after a crash.
        let left = left_of(directory.path(), &[DATABASE, LOG]);
        let again = Store::open(left.path(), moment()).unwrap();
        assert_eq!(events_in(&again).await, expected);
        store.close(moment()).await;
    }
}

#[tokio::test]
async fn a_copy_is_not_mixed_with_the_log_of_what_stood_there_before() {
    let directory = tempfile::tempdir().unwrap();
    let store = Store::open(directory.path(), moment()).unwrap();
    accept_one(&store, "older").await;
    store.copy_to(&store.file().backup_path()).await.unwrap();
    accept_one(&store, "newer").await;
    let left = left_of(directory.path(), &[DATABASE, LOG, BACKUP]);
    let backup = backup_file(left.path());
    fs::copy(&backup, left.path().join(DATABASE)).unwrap();
    let log = fs::read(left.path().join(LOG)).unwrap();
    for _ in 0..2 {
        let Err(error) = Store::open(left.path(), moment()) else {
            panic!("a mixture was opened");
        };
        let why = open_error::Odd::LogOfAnother;
        assert!(
            matches!(&error, OpenError::Unusable { why: found, .. } if *found == why),
            "{error}"
        );
        assert!(inspect(left.path()).is_err());
        assert!(fs::read(left.path().join(LOG)).unwrap() == log);
    }
    restore(
        left.path(),
        &backup,
        Taken::default(),
        None,
        somebody(),
        moment().wall,
    )
    .unwrap();
    let restored = Store::open(left.path(), moment()).unwrap();
    assert_eq!(events_in(&restored).await, 1);
}

#[tokio::test]
async fn a_copy_that_was_cut_off_anywhere_is_not_good() {
    let directory = tempfile::tempdir().unwrap();
    let store = Store::open(directory.path(), moment()).unwrap();
    // Its last pages hold the rest of a payload: SQLite's check does not look at what stands in them.
    let mut large = submission("a.b", None);
    large.event.data = format!("{{\"text\":\"{}\"}}", "x".repeat(20_000)).into();
    store.accept_events(vec![large], moment()).await.unwrap();
    let copy = directory.path().join("copy.db");
    store.copy_to(&copy).await.unwrap();
    let bytes = snapshot::verify(&copy).unwrap().bytes;
    for missing in [1, 50, 1000, 4095, 4096] {
        let cut = fs::OpenOptions::new().write(true).open(&copy).unwrap();
        cut.set_len(bytes - missing).unwrap();
        let error = snapshot::verify(&copy).unwrap_err();
        assert!(
            matches!(error, snapshot::SnapshotError::Damaged { .. }),
            "{missing}: {error:?}"
        );
    }
}

#[test]
fn of_all_that_sqlite_finds_the_first_is_told() {
    let found = "*** in database main ***\nTree 7 page 9 cell 5: out of range\nTree 7 page 9 cell 4: out of range";
    let told = "*** in database main *** Tree 7 page 9 cell 5: out of range";
    assert_eq!(in_one_line(found), told);
    assert_eq!(in_one_line("malformed"), "malformed");
}
