//! What an admin does with the files of the relay: removes some, moves some, names the wrong one. Nothing that was
//! acknowledged is lost by it, and it is said what happened.

use std::fs;
use std::os::unix::fs::symlink;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};

use rusqlite::Connection;
use tempfile::TempDir;

use crate::commands::{Daemon, program};
use crate::losing::{PATIENCE, hand_in, ids_in, refused_start, stopped, stopped_in_order, text};

/// Runs a command, and answers its exit code and all that it says.
async fn run(config: &Path, arguments: &[&str]) -> (Option<i32>, String) {
    let mut command = program();
    command.args(arguments).arg("--config").arg(config);
    let output = tokio::time::timeout(PATIENCE, command.output()).await;
    let output = output.expect("the command goes on").unwrap();
    (
        output.status.code(),
        text(&output.stdout) + &text(&output.stderr),
    )
}

fn as_argument(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// The rollback journal that a crash would leave beside a copy, with pages that are as old as the copy.
fn journal_of(copy: &Path) -> Vec<u8> {
    let open = Connection::open(copy).unwrap();
    open.execute_batch("PRAGMA journal_mode = DELETE; BEGIN; DELETE FROM relay_time;")
        .unwrap();
    open.cache_flush().unwrap();
    fs::read(copy.with_extension("db-journal")).unwrap()
}

fn live(directory: &Path) -> PathBuf {
    directory.join("live/relay.db")
}

#[tokio::test]
async fn a_journal_beside_the_log_of_a_crash_is_moved_aside_and_the_log_is_used() {
    let directory = TempDir::new().unwrap();
    let mut daemon = Daemon::start(directory.path(), "", "").await;
    daemon.json(&["send", "older"]).await;
    let copy = directory.path().join("copy.db");
    daemon.json(&["backup", as_argument(&copy)]).await;
    let journal = journal_of(&copy);
    daemon.json(&["send", "newer"]).await;
    daemon.child.kill().await.unwrap();
    let stray = directory.path().join("live/relay.db-journal");
    fs::write(&stray, &journal).unwrap();
    let (code, told) = run(&daemon.config, &["check"]).await;
    assert_eq!(code, Some(1), "{told}");
    assert!(told.contains("is no file of the relay"), "{told}");
    let daemon = Daemon::start(directory.path(), "", "").await;
    let log = daemon.log_before_ready.join("\n");
    assert!(
        log.contains("this rollback journal is not the relay's"),
        "{log}"
    );
    let aside = directory.path().join("live/relay.db-journal-set-aside-1");
    assert!(fs::read(&aside).unwrap() == journal && !stray.exists());
    let (code, told) = run(&daemon.config, &["check"]).await;
    assert_eq!(code, Some(0), "{told}");
    assert!(told.contains(as_argument(&aside)), "{told}");
    stopped(daemon).await;
    assert_eq!(ids_in(&live(directory.path())).len(), 2);
}

#[tokio::test]
async fn a_lock_file_that_was_removed_lets_nobody_in() {
    let directory = TempDir::new().unwrap();
    let daemon = Daemon::start(directory.path(), "", "").await;
    daemon.json(&["send", "a.b"]).await;
    let copy = directory.path().join("relay-backup.db");
    daemon.json(&["backup", as_argument(&copy)]).await;
    fs::remove_file(directory.path().join("lock")).unwrap();
    let told = refused_start(&daemon.config, None).await;
    assert!(told.contains("works in this data directory"), "{told}");
    let (code, told) = run(&daemon.config, &["restore", as_argument(&copy)]).await;
    assert_eq!(code, Some(1), "{told}");
    assert!(told.contains("stop it first"), "{told}");
    daemon.json(&["send", "a.b"]).await;
    stopped(daemon).await;
    assert_eq!(ids_in(&live(directory.path())).len(), 2);
}

#[tokio::test]
async fn the_own_relay_is_none_of_somebody_else_when_it_answers_no_command() {
    let directory = TempDir::new().unwrap();
    let daemon = Daemon::start(directory.path(), "", "").await;
    // One that cannot be made again, because something stands in its place.
    let socket = directory.path().join("control.sock");
    fs::remove_file(&socket).unwrap();
    while fs::create_dir(&socket).is_err() {
        fs::remove_file(&socket).unwrap();
    }
    let config = fs::read_to_string(&daemon.config).unwrap();
    let address = daemon.url.strip_prefix("http://").unwrap();
    let fixed = config.replace("127.0.0.1:0", address);
    assert_ne!(fixed, config);
    fs::write(&daemon.config, fixed).unwrap();
    let (code, told) = run(&daemon.config, &["check"]).await;
    assert_eq!(code, Some(1), "{told}");
    let process = daemon.child.id().unwrap();
    assert!(
        told.contains(&format!("the relay runs (process {process})")),
        "{told}"
    );
    assert!(!told.contains("another program"), "{told}");
    stopped(daemon).await;
}

#[tokio::test]
async fn a_backup_goes_over_no_database_and_no_copy_of_another() {
    let (own, other) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let busy = Daemon::start(other.path(), "", "").await;
    busy.json(&["send", "of.another"]).await;
    let daemon = Daemon::start(own.path(), "", "").await;
    for _ in 0..2 {
        daemon.json(&["send", "own"]).await;
    }
    let copy = other.path().join("copy.db");
    busy.json(&["backup", as_argument(&copy)]).await;
    let live = live(other.path());
    for (target, why) in [
        (&live, "the database that a relay works with"),
        (&copy, "a copy of another relay's database"),
    ] {
        let before = fs::read(target).unwrap();
        let (code, told) = run(&daemon.config, &["backup", as_argument(target)]).await;
        assert_eq!(code, Some(1), "{told}");
        assert!(told.contains(why), "{told}");
        assert!(fs::read(target).unwrap() == before);
    }
    stopped(busy).await;
    let (code, told) = run(&daemon.config, &["backup", as_argument(&live)]).await;
    assert_eq!(code, Some(1), "{told}");
    assert_eq!(ids_in(&live).len(), 1);
    stopped(daemon).await;
}

#[tokio::test]
async fn a_copy_of_another_relay_is_restored_when_that_is_said_or_nothing_is_lost() {
    let (own, config) = stopped_in_order().await;
    let (other, _) = stopped_in_order().await;
    let copy = other.path().join("relay-backup.db");
    let (code, told) = run(&config, &["restore", as_argument(&copy)]).await;
    assert_eq!(code, Some(1), "{told}");
    assert!(told.contains("--of-another-relay"), "{told}");
    let arguments = ["restore", "--of-another-relay", as_argument(&copy)];
    let (code, told) = run(&config, &arguments).await;
    assert_eq!(code, Some(0), "{told}");
    assert_eq!(ids_in(&live(own.path())), ids_in(&copy));
    stopped(Daemon::start(own.path(), "", "").await).await;
    // A new machine has nothing yet.
    let new = TempDir::new().unwrap();
    let config = stopped(Daemon::start(new.path(), "", "").await).await;
    let (code, told) = run(&config, &["restore", as_argument(&copy)]).await;
    assert_eq!(code, Some(0), "{told}");
    assert_eq!(ids_in(&live(new.path())), ids_in(&copy));
}

#[tokio::test]
async fn what_a_kill_has_left_is_deleted_or_named() {
    let (directory, config) = stopped_in_order().await;
    let at = |name: &str| directory.path().join(name);
    fs::create_dir(at("live.restoring")).unwrap();
    fs::create_dir(at("live.interrupted-restore-2025-10-26T120000000Z")).unwrap();
    fs::write(at("relay-backup.db.new"), "half a copy").unwrap();
    fs::write(at("mine.db.new"), "not the relay's").unwrap();
    let (code, told) = run(&config, &["check"]).await;
    assert_eq!(code, Some(0), "{told}");
    let daemon = Daemon::start(directory.path(), "", "").await;
    let log = daemon.log_before_ready.join("\n");
    for left in [
        "live.restoring",
        "live.interrupted-restore-2025-10-26T120000000Z",
    ] {
        let left = at(left);
        assert!(
            told.contains(&format!("sudo rm -r {}", left.display())),
            "{told}"
        );
        assert!(log.contains(as_argument(&left)) && left.exists(), "{log}");
    }
    // The next copy may be under way already, under the same name.
    let unfinished = fs::read(at("relay-backup.db.new")).unwrap_or_default();
    assert_ne!(unfinished, b"half a copy");
    assert!(at("mine.db.new").exists());
    let copy = at("mine.db");
    let (code, told) = run(&config, &["backup", as_argument(&copy)]).await;
    assert_eq!(code, Some(1), "{told}");
    assert!(
        told.contains("mine.db.new") && told.contains("broken off"),
        "{told}"
    );
    stopped(daemon).await;
}

#[tokio::test]
async fn what_a_restore_has_swapped_before_a_kill_is_named_as_the_database_of_before() {
    let directory = TempDir::new().unwrap();
    let at = |name: &str| directory.path().join(name);
    let daemon = Daemon::start(directory.path(), "", "").await;
    hand_in(&daemon.url).await;
    let older = at("older.db");
    daemon.json(&["backup", as_argument(&older)]).await;
    let (_, later) = hand_in(&daemon.url).await;
    let config = stopped(daemon).await;
    let (code, told) = run(&config, &["restore", as_argument(&older)]).await;
    assert_eq!(code, Some(0), "{told}");
    let entries = fs::read_dir(directory.path()).unwrap().flatten();
    let mut names = entries.map(|entry| entry.file_name().into_string().unwrap());
    let name = names
        .find(|name| name.starts_with("live.before-restore-"))
        .unwrap();
    assert!(!at("live/former-database").exists());
    // As a kill between the swap and the renaming leaves it.
    fs::rename(at(&name), at("live.restoring")).unwrap();
    let note = format!(r#"{{"name":"{name}","later":1}}"#);
    fs::write(at("live/former-database"), note).unwrap();
    let (_, told) = run(&config, &["check"]).await;
    assert!(told.contains("the database of before a restore"), "{told}");
    assert!(
        told.contains("(1 events)") && !told.contains("rm -r"),
        "{told}"
    );
    let daemon = Daemon::start(directory.path(), "", "").await;
    let log = daemon.log_before_ready.join("\n");
    let argument = as_argument(&at(&name)).to_owned();
    assert!(
        log.contains(&argument) && log.contains("database of before"),
        "{log}"
    );
    assert!(!at("live.restoring").exists() && !at("live/former-database").exists());
    assert!(ids_in(&at(&name).join("relay.db")).contains(&later));
    stopped(daemon).await;
}

#[tokio::test]
async fn a_restore_does_not_set_aside_a_link_in_the_place_of_the_database() {
    let (directory, config) = stopped_in_order().await;
    let elsewhere = TempDir::new().unwrap();
    let behind = elsewhere.path().canonicalize().unwrap().join("behind");
    let live = directory.path().join("live");
    fs::rename(&live, &behind).unwrap();
    symlink(&behind, &live).unwrap();
    let copy = directory.path().join("relay-backup.db");
    let (code, told) = run(&config, &["restore", as_argument(&copy)]).await;
    assert_eq!(code, Some(1), "{told}");
    let (behind, live) = (behind.display(), live.display());
    let way = format!("sudo rm {live} && sudo mv {behind} {live}");
    assert!(
        told.contains(&way) && told.contains("Nothing was changed"),
        "{told}"
    );
    assert!(fs::symlink_metadata(directory.path().join("live")).is_ok_and(|l| l.is_symlink()));
    fs::remove_file(directory.path().join("live")).unwrap();
    fs::rename(
        elsewhere.path().join("behind"),
        directory.path().join("live"),
    )
    .unwrap();
    let (code, told) = run(&config, &["restore", as_argument(&copy)]).await;
    assert_eq!(code, Some(0), "{told}");
}

#[tokio::test]
async fn a_command_that_changes_something_is_told_why_it_cannot() {
    let directory = TempDir::new().unwrap();
    let daemon = Daemon::start(directory.path(), "", "").await;
    let (place, aside) = (live(directory.path()), directory.path().join("aside.db"));
    fs::rename(&place, &aside).unwrap();
    let (code, told) = run(&daemon.config, &["send", "a.b"]).await;
    assert_eq!(code, Some(1), "{told}");
    assert!(told.contains("not in its place any more"), "{told}");
    fs::rename(&aside, &place).unwrap();
    let locking = Connection::open(&place).unwrap();
    locking.execute_batch("BEGIN IMMEDIATE").unwrap();
    let (code, told) = run(&daemon.config, &["send", "a.b"]).await;
    assert_eq!(code, Some(1), "{told}");
    assert!(told.contains("another program holds a lock"), "{told}");
    let refused = hand_in(&daemon.url).await;
    assert_eq!(refused, (503, "STORAGE_UNAVAILABLE".to_owned()));
    drop(locking);
    daemon.json(&["send", "a.b"]).await;
    stopped(daemon).await;
}

#[tokio::test]
async fn an_index_as_sqlite_leaves_it_on_a_full_disk_was_not_cut_off() {
    for bytes in [3, 4096, 20480] {
        let directory = TempDir::new().unwrap();
        let daemon = Daemon::start(directory.path(), "", "").await;
        daemon.json(&["send", "a.b"]).await;
        daemon.kill().await;
        let index = directory.path().join("live/relay.db-shm");
        let file = fs::File::options().write(true).open(&index).unwrap();
        file.set_len(bytes).unwrap();
        let daemon = Daemon::start(directory.path(), "", "").await;
        let log = daemon.log_before_ready.join("\n");
        assert!(!log.contains("SIGBUS"), "{bytes}: {log}");
        stopped(daemon).await;
    }
}

#[tokio::test]
async fn an_index_that_is_cut_off_while_it_is_in_use_is_told_at_the_next_start() {
    let directory = TempDir::new().unwrap();
    let mut daemon = Daemon::start(directory.path(), "", "").await;
    daemon.json(&["send", "a.b"]).await;
    let index = directory.path().join("live/relay.db-shm");
    let file = fs::File::options().write(true).open(&index).unwrap();
    file.set_len(0).unwrap();
    // The next one that touches it ends the process; nobody can be answered.
    let _ = run(&daemon.config, &["send", "c.d"]).await;
    let ended = tokio::time::timeout(PATIENCE, daemon.child.wait()).await;
    assert!(ended.unwrap().unwrap().signal().is_some());
    let daemon = Daemon::start(directory.path(), "", "").await;
    let log = daemon.log_before_ready.join("\n");
    assert!(log.contains("SIGBUS"), "{log}");
    stopped(daemon).await;
    assert!(!ids_in(&live(directory.path())).is_empty());
}
