//! Files that are left beside the database: a rollback journal that is not its own, and copies of earlier damage. They are
//! called by their names, keep nobody from working, and do not fill the disk.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;
use std::time::Duration;

use rusqlite::Connection;
use tempfile::TempDir;

use crate::commands::{Daemon, program};
use crate::harness::Bench;
use crate::losing::{PATIENCE, ids_in, rescued_in, stopped, stopped_in_order, text};

/// How a rollback journal begins that SQLite writes back.
const JOURNAL: &[u8] = b"\xd9\xd5\x05\xf9\x20\xa1\x63\xd7 and more of it, as long as a header is";

fn journal_in(directory: &Path) -> PathBuf {
    directory.join("live/relay.db-journal")
}

async fn check(config: &Path) -> (Option<i32>, String) {
    let output: Output = program()
        .args(["check", "--config"])
        .arg(config)
        .output()
        .await
        .unwrap();
    let told = text(&output.stdout) + &text(&output.stderr);
    assert!(!told.contains("readonly"), "{told}");
    (output.status.code(), told)
}

/// The line that `check` has about the database.
fn of_database(told: &str) -> &str {
    let line = told.lines().find(|line| line.contains(" database: "));
    line.unwrap_or_else(|| panic!("{told}"))
}

#[tokio::test]
async fn a_journal_beside_a_database_that_was_closed_in_order_is_not_written_into_it() {
    let (directory, config) = stopped_in_order().await;
    is_set_aside(&directory, &config, JOURNAL).await;
}

/// The relay's own begins with a journal's header, which is on the disk before anything else is written.
#[tokio::test]
async fn what_is_no_journal_is_set_aside_after_a_crash_too() {
    let (directory, config) = stopped_in_order().await;
    fs::remove_file(directory.path().join("live/closed-in-order")).unwrap();
    is_set_aside(&directory, &config, b"somebody's notes").await;
}

async fn is_set_aside(directory: &TempDir, config: &Path, journal: &[u8]) {
    let live = directory.path().join("live/relay.db");
    let before = fs::read(&live).unwrap();
    fs::write(journal_in(directory.path()), journal).unwrap();
    let (code, told) = check(config).await;
    assert_eq!(code, Some(1), "{told}");
    let database = of_database(&told);
    assert!(
        database.starts_with("error ") && database.contains("is no file of the relay"),
        "{database}"
    );
    assert_eq!(fs::read(&live).unwrap(), before);
    assert_eq!(fs::read(journal_in(directory.path())).unwrap(), journal);
    stopped(Daemon::start(directory.path(), "", "").await).await;
    let aside = directory.path().join("live/relay.db-journal-set-aside-1");
    assert_eq!(fs::read(aside).unwrap(), journal);
}

#[tokio::test]
async fn a_journal_that_the_next_start_ends_is_no_fault() {
    let (directory, config) = stopped_in_order().await;
    fs::remove_file(directory.path().join("live/closed-in-order")).unwrap();
    let live = directory.path().join("live/relay.db");
    // As a crash leaves one, before SQLite has changed a page of the database.
    let database = Connection::open(&live).unwrap();
    database
        .execute_batch(
            "PRAGMA journal_mode = DELETE; PRAGMA cache_size = 1; PRAGMA cache_spill = 1;",
        )
        .unwrap();
    let before = fs::read(&live).unwrap();
    database
        .execute_batch("BEGIN; CREATE TABLE filling (data BLOB);")
        .unwrap();
    for _ in 0..20 {
        database
            .execute("INSERT INTO filling VALUES (zeroblob(8192))", [])
            .unwrap();
    }
    let journal = fs::read(journal_in(directory.path())).unwrap();
    drop(database);
    fs::write(&live, before).unwrap();
    fs::write(journal_in(directory.path()), journal).unwrap();
    let (code, told) = check(&config).await;
    assert_eq!(code, Some(0), "{told}");
    let database = of_database(&told);
    assert!(
        database.starts_with("note ") && database.contains("the next start undoes it"),
        "{database}"
    );
    let acknowledged = ids_in(&directory.path().join("relay-backup.db"));
    let daemon = Daemon::start(directory.path(), "", "").await;
    assert!(!journal_in(directory.path()).exists());
    stopped(daemon).await;
    assert_eq!(ids_in(&live), acknowledged);
}

#[tokio::test]
async fn a_journal_that_comes_while_the_relay_runs_is_nobodys() {
    let directory = TempDir::new().unwrap();
    let daemon = Daemon::start(directory.path(), "", "").await;
    daemon.json(&["send", "a.b"]).await;
    fs::write(journal_in(directory.path()), JOURNAL).unwrap();
    let mut daemon = daemon;
    let moved = async {
        loop {
            let line = daemon.log.next_line().await.unwrap();
            if line.contains("this rollback journal is not the relay's") {
                return;
            }
        }
    };
    tokio::time::timeout(PATIENCE, moved).await.unwrap();
    let (code, told) = check(&daemon.config).await;
    assert_eq!(code, Some(0), "{told}");
    assert!(told.contains("relay.db-journal-set-aside-1"), "{told}");
    daemon.json(&["send", "c.d"]).await;
    stopped(daemon).await;
}

#[tokio::test]
async fn one_copy_of_one_damage_is_kept_and_none_that_has_more() {
    let bench = Bench::new(&[60], Duration::from_secs(5)).await;
    let rescue = async || {
        bench.clock.advance(Duration::from_mins(1));
        bench.store.rescue(bench.clock.moment()).await.unwrap()
    };
    bench.accept("a.b").await;
    rescue().await;
    bench.accept("c.d").await;
    rescue().await;
    let third = rescue().await;
    assert_eq!(rescued_in(bench.directory()), std::slice::from_ref(&third));
    assert_eq!(ids_in(&third).len(), 2);
    // As when another copy was restored meanwhile, and as many events came after it.
    let other = "UPDATE events SET id = '00000000-0000-7000-8000-000000000000'
                  WHERE seq = (SELECT max(seq) FROM events)";
    let copy = Connection::open(&third).unwrap();
    copy.pragma_update(None, "foreign_keys", false).unwrap();
    copy.execute(other, []).unwrap();
    drop(copy);
    let fourth = rescue().await;
    let mut kept = rescued_in(bench.directory());
    kept.sort();
    assert_eq!(kept, [third, fourth]);
}
