//! The database's file is changed, damaged, locked, replaced or taken away: before the start, and while the relay
//! runs. Nothing that was acknowledged is thrown away, and the way back is told.

use std::collections::HashSet;
use std::fs;
use std::os::unix::fs::{FileTypeExt, PermissionsExt, chown, symlink};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};
use rustix::fs::{CWD, FileType, Mode, mknodat};
use tempfile::TempDir;
use voicedrive_relay::testing::store::file::snapshot;
use voicedrive_relay::testing::store::{Store, StoreError};
use voicedrive_relay::testing::token::Scope;
use voicedrive_relay::testing::trouble::Trouble;
use voicedrive_relay::testing::upkeep::backup::BackupFile;
use voicedrive_relay::testing::upkeep::file_watch::FileWatch;
use voicedrive_relay::testing::upkeep::soundness::Soundness;

use crate::commands::{Daemon, program};
use crate::harness::{Bench, Clock, client, token};

/// The longest that a test waits for something that must happen.
pub const PATIENCE: Duration = Duration::from_secs(30);
/// A user that owns nothing.
pub const NOBODY: u32 = 65534;

pub fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Runs a command as this user, which has to end by itself.
pub async fn run_as(user: Option<u32>, command: &str, config: &Path) -> Output {
    let mut program = program();
    program.args([command, "--config"]).arg(config);
    if let Some(user) = user {
        program.uid(user);
    }
    let output = tokio::time::timeout(PATIENCE, program.output()).await;
    output.expect("the command goes on").unwrap()
}

/// A start that has to end by itself.
pub async fn refused_start(config: &Path, user: Option<u32>) -> String {
    let output = run_as(user, "serve", config).await;
    let told = text(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{told}");
    told
}

/// The same, which ends with this code.
pub async fn refused_with(config: &Path, code: i32) -> String {
    let output = run_as(None, "serve", config).await;
    let told = text(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{told}");
    told
}

/// Stops a daemon in order.
pub async fn stopped(mut daemon: Daemon) -> PathBuf {
    daemon.signal("-TERM");
    assert!(daemon.child.wait().await.unwrap().success());
    daemon.config
}

/// A data directory whose relay was stopped in order, with an event and a copy of it.
pub async fn stopped_in_order() -> (TempDir, PathBuf) {
    let directory = TempDir::new().unwrap();
    let daemon = Daemon::start(directory.path(), "", "").await;
    daemon.json(&["send", "a.b"]).await;
    let config = stopped(daemon).await;
    assert!(directory.path().join("relay-backup.db").exists());
    assert!(directory.path().join("live/closed-in-order").exists());
    (directory, config)
}

/// What a disk does that loses a sector: the header of a page is another one.
fn spoil(bytes: &mut [u8]) {
    bytes[8192] ^= 0xff;
}

/// Each page is sound, but an index lacks a row: what only a look through the whole finds.
fn lose_from_index(live: &Path) {
    let database = Connection::open(live).unwrap();
    database
        .execute_batch(
            "CREATE TEMP TABLE kept AS SELECT * FROM sqlite_schema WHERE name = 'events_by_type';
             PRAGMA writable_schema = ON;
             DELETE FROM sqlite_schema WHERE name = 'events_by_type';
             PRAGMA writable_schema = RESET;
             UPDATE events SET event_type = 'c.d';
             PRAGMA writable_schema = ON;
             INSERT INTO sqlite_schema SELECT * FROM kept;
             PRAGMA writable_schema = RESET;",
        )
        .unwrap();
    let mut quick = database.prepare("PRAGMA quick_check").unwrap();
    let found: String = quick.query_row([], |row| row.get(0)).unwrap();
    assert_eq!(found, "ok");
}

#[tokio::test]
async fn a_database_that_was_changed_after_an_orderly_stop_is_looked_through() {
    for change in [
        "a byte",
        "cut off",
        "another file",
        "a copy over it",
        "a row without its place in an index",
    ] {
        let (directory, config) = stopped_in_order().await;
        let live = directory.path().join("live/relay.db");
        let mut bytes = fs::read(&live).unwrap();
        match change {
            "a byte" => {
                spoil(&mut bytes);
                fs::write(&live, &bytes).unwrap();
            }
            "cut off" => {
                bytes.truncate(bytes.len() / 8192 * 4096);
                let file = fs::File::options().write(true).open(&live).unwrap();
                file.set_len(bytes.len() as u64).unwrap();
            }
            "another file" => {
                spoil(&mut bytes);
                let another = directory.path().join("another.db");
                fs::write(&another, &bytes).unwrap();
                fs::rename(&another, &live).unwrap();
            }
            "a row without its place in an index" => {
                lose_from_index(&live);
                bytes = fs::read(&live).unwrap();
            }
            _ => {
                bytes = fs::read(directory.path().join("relay-backup.db")).unwrap();
                spoil(&mut bytes);
                let old = directory.path().join("old.db");
                fs::write(&old, &bytes).unwrap();
                fs::copy(&old, &live).unwrap();
            }
        }
        let restore = directory.path().join("relay-backup.db");
        let restore = format!("voicedrive-relay restore {}", restore.display());
        // The next start knows no better.
        for _ in 0..2 {
            let told = refused_start(&config, None).await;
            assert!(told.contains("damaged"), "{change}: {told}");
            assert!(told.contains(&restore), "{change}: {told}");
            assert!(
                fs::read(&live).unwrap() == bytes,
                "{change}: it was changed"
            );
        }
    }
}

#[tokio::test]
async fn a_damaged_database_without_a_copy_says_that_there_is_none() {
    let (directory, config) = stopped_in_order().await;
    let live = directory.path().join("live/relay.db");
    fs::remove_file(directory.path().join("relay-backup.db")).unwrap();
    fs::write(
        &live,
        "not a database, and long enough to be one ".repeat(200),
    )
    .unwrap();
    let told = refused_start(&config, None).await;
    assert!(told.contains("damaged"), "{told}");
    assert!(told.contains("There is no copy"), "{told}");
    assert!(!told.contains("voicedrive-relay restore"), "{told}");
}

#[tokio::test]
async fn what_stands_in_the_databases_place_is_called_by_its_name() {
    for (what, told) in [
        ("link", "symbolic link leads nowhere"),
        (
            "directory",
            "a directory stands where the database should be",
        ),
        ("socket", "not an ordinary file"),
        ("emptied", "something has emptied this file"),
        ("log", "this is not an ordinary file"),
        ("unreadable", "sudo chmod u+rw "),
        ("read-only", "sudo chmod u+rw "),
        ("closed", "sudo chmod u+rwx "),
    ] {
        let (directory, config) = stopped_in_order().await;
        let live = directory.path().join("live/relay.db");
        let is_closed = ["unreadable", "read-only", "closed"].contains(&what);
        if !is_closed && what != "log" {
            fs::remove_file(&live).unwrap();
        }
        match what {
            "link" => symlink(directory.path().join("not/mounted.db"), &live).unwrap(),
            "directory" => fs::create_dir(&live).unwrap(),
            "log" => fs::create_dir(directory.path().join("live/relay.db-wal")).unwrap(),
            "socket" => drop(UnixListener::bind(&live).unwrap()),
            "emptied" => {
                fs::write(&live, "").unwrap();
                fs::write(directory.path().join("live/relay.db-wal"), "records").unwrap();
            }
            "closed" => {
                let around = directory.path().join("live");
                fs::set_permissions(around, fs::Permissions::from_mode(0o555)).unwrap();
            }
            _ => {
                let mode = if what == "read-only" { 0o400 } else { 0o000 };
                fs::set_permissions(&live, fs::Permissions::from_mode(mode)).unwrap();
            }
        }
        let user = is_root().then_some(NOBODY).filter(|_| is_closed);
        if let Some(user) = user {
            give(directory.path(), user);
        }
        let error = refused_start(&config, user).await;
        assert!(error.contains(told), "{what}: {error}");
        let checked = text(&run_as(user, "check", &config).await.stdout);
        assert!(checked.contains(told), "{what}: {checked}");
        assert!(!checked.contains("counts:"), "{what}: {checked}");
        let log = fs::read(directory.path().join("live/relay.db-wal"));
        assert_eq!(log.is_ok(), what == "emptied", "the log is left as it is");
        assert!(
            error.contains("voicedrive-relay restore"),
            "{what}: {error}"
        );
    }
}

fn make_pipe(path: &Path) {
    let mode = Mode::RUSR | Mode::WUSR;
    mknodat(CWD, path, FileType::Fifo, mode, 0).unwrap();
}

#[tokio::test]
async fn a_pipe_in_the_place_of_a_file_that_can_be_done_without_holds_up_nobody() {
    for name in [
        "README",
        "reserve",
        "relay-backup.db",
        "live/closed-in-order",
    ] {
        let (directory, config) = stopped_in_order().await;
        let path = directory.path().join(name);
        fs::remove_file(&path).unwrap();
        make_pipe(&path);
        let daemon = Daemon::launch(program(), &config).await;
        daemon.json(&["send", "a.b"]).await;
        stopped(daemon).await;
    }
}

#[tokio::test]
async fn nothing_is_written_through_a_link_in_the_place_of_the_readme() {
    for target in ["live/relay.db", "identity", "nowhere"] {
        let (directory, config) = stopped_in_order().await;
        let readme = directory.path().join("README");
        fs::remove_file(&readme).unwrap();
        symlink(target, &readme).unwrap();
        let target = directory.path().join(target);
        let before = fs::read(&target).ok();
        // It starts, so the database is still one.
        let daemon = Daemon::launch(program(), &config).await;
        let told = daemon.log_before_ready.join("\n");
        assert!(told.contains("the README cannot be written"), "{told}");
        daemon.kill().await;
        let is_database = target.ends_with("relay.db");
        assert!(
            is_database || fs::read(&target).ok() == before,
            "{}",
            target.display()
        );
        assert!(fs::symlink_metadata(&readme).unwrap().is_symlink());
    }
}

#[tokio::test]
async fn a_stop_that_can_make_no_last_copy_says_so() {
    let (directory, config) = stopped_in_order().await;
    fs::create_dir(directory.path().join("relay-backup.db.new")).unwrap();
    let checked = text(&run_as(None, "check", &config).await.stdout);
    let told = checked.lines().find(|line| line.starts_with("error "));
    assert!(
        told.is_some_and(|line| line.contains("relay-backup.db.new")),
        "{checked}"
    );
    let mut daemon = Daemon::launch(program(), &config).await;
    daemon.json(&["send", "a.b"]).await;
    // A second failure is told at the stop, too.
    let refused = daemon.run(&["backup"]).await;
    assert_ne!(refused.status.code(), Some(0));
    daemon.signal("-TERM");
    let told = async {
        while let Some(line) = daemon.log.next_line().await {
            if line.contains("no last copy could be made at the stop") {
                return true;
            }
        }
        false
    };
    assert!(tokio::time::timeout(PATIENCE, told).await.unwrap());
}

#[tokio::test]
async fn what_stands_in_the_place_of_a_file_beside_the_database_is_named() {
    for name in [
        "relay.db-wal",
        "relay.db-shm",
        "relay.db-journal",
        "relay.db",
    ] {
        for is_pipe in [true, false] {
            let (directory, config) = stopped_in_order().await;
            let path = directory.path().join("live").join(name);
            if name == "relay.db" {
                fs::remove_file(&path).unwrap();
            }
            if is_pipe {
                make_pipe(&path);
            } else {
                fs::create_dir(&path).unwrap();
            }
            let named = path.to_str().unwrap();
            let told = if name == "relay.db" && !is_pipe {
                "a directory stands where the database should be"
            } else {
                "this is not an ordinary file"
            };
            let error = refused_start(&config, None).await;
            assert!(error.contains(named) && error.contains(told), "{error}");
            let checked = text(&run_as(None, "check", &config).await.stdout);
            assert!(
                checked.contains(named) && checked.contains(told),
                "{checked}"
            );
            let found = fs::symlink_metadata(&path).unwrap().file_type();
            assert_eq!(
                (found.is_fifo(), found.is_dir()),
                (is_pipe, !is_pipe),
                "it is left"
            );
        }
    }
}

#[tokio::test]
async fn a_link_in_the_place_of_the_database_or_of_a_file_beside_it_is_named() {
    for name in [
        "relay.db",
        "relay.db-wal",
        "relay.db-shm",
        "relay.db-journal",
    ] {
        let (directory, config) = stopped_in_order().await;
        let path = directory.path().join("live").join(name);
        let elsewhere = directory.path().join("elsewhere");
        if name == "relay.db" {
            fs::rename(&path, &elsewhere).unwrap();
        } else {
            fs::write(&elsewhere, "").unwrap();
        }
        symlink(&elsewhere, &path).unwrap();
        let named = path.to_str().unwrap();
        let told = "this is a symbolic link, and the file itself must be here";
        let error = refused_start(&config, None).await;
        assert!(error.contains(named) && error.contains(told), "{error}");
        let checked = text(&run_as(None, "check", &config).await.stdout);
        assert!(
            checked.contains(named) && checked.contains(told),
            "{checked}"
        );
        // The way that is advised.
        fs::remove_file(&path).unwrap();
        if name == "relay.db" {
            fs::rename(&elsewhere, &path).unwrap();
        }
        let daemon = Daemon::launch(program(), &config).await;
        stopped(daemon).await;
    }
}

#[tokio::test]
async fn what_stands_in_the_place_of_the_reserve_is_told() {
    let (directory, config) = stopped_in_order().await;
    let path = directory.path().join("reserve");
    for kind in ["directory", "pipe", "link"] {
        fs::remove_file(&path).unwrap();
        match kind {
            "directory" => fs::create_dir(&path).unwrap(),
            "pipe" => make_pipe(&path),
            _ => symlink("elsewhere", &path).unwrap(),
        }
        let told = "no room can be held back here";
        let checked = text(&run_as(None, "check", &config).await.stdout);
        assert!(checked.contains(told), "{kind}: {checked}");
        let daemon = Daemon::launch(program(), &config).await;
        let log = daemon.log_before_ready.join("\n");
        assert!(log.contains(told), "{kind}: {log}");
        stopped(daemon).await;
        assert!(!directory.path().join("elsewhere").exists());
        if kind == "directory" {
            fs::remove_dir(&path).unwrap();
            fs::write(&path, "").unwrap();
        }
    }
}

pub fn is_root() -> bool {
    fs::metadata("/proc/self").is_ok_and(|own| {
        use std::os::unix::fs::MetadataExt;
        own.uid() == 0
    })
}

/// Gives a directory with all that is in it to a user.
pub fn give(path: &Path, user: u32) {
    chown(path, Some(user), Some(user)).unwrap();
    if path.is_dir() {
        for entry in fs::read_dir(path).unwrap() {
            give(&entry.unwrap().path(), user);
        }
    }
}

/// The ids of the events in a copy that stands alone.
pub fn ids_in(copy: &Path) -> HashSet<String> {
    snapshot::verify(copy).unwrap();
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI;
    let url = format!("file:{}?immutable=1", copy.display());
    let database = Connection::open_with_flags(url, flags).unwrap();
    let mut ids = database.prepare("SELECT id FROM events").unwrap();
    let ids = ids.query_map([], |row| row.get(0)).unwrap();
    ids.collect::<rusqlite::Result<_>>().unwrap()
}

/// Hands in an event: the status, and the id or the code of the error.
pub async fn hand_in(url: &str) -> (u16, String) {
    let request = client()
        .post(format!("{url}/api/events"))
        .bearer_auth(token(&[Scope::EventsWrite], Clock::System.now()))
        .header("content-type", "application/json")
        .body(r#"{"event":"employee.updated","data":{"staffId":"EMP-1"}}"#);
    let answer = request.send().await.unwrap();
    let status = answer.status().as_u16();
    let body: serde_json::Value = serde_json::from_str(&answer.text().await.unwrap()).unwrap();
    let told = body["data"]["id"]
        .as_str()
        .or(body["error"]["code"].as_str());
    (status, told.unwrap_or_default().to_owned())
}

async fn health(url: &str) -> (u16, String) {
    let answer = client().get(format!("{url}/api/health")).send();
    let answer = answer.await.unwrap();
    (answer.status().as_u16(), answer.text().await.unwrap())
}

/// Asks for the health until it is as wanted.
pub async fn health_until(url: &str, wanted: impl Fn(u16, &str) -> bool) -> String {
    let asking = async {
        loop {
            let (status, told) = health(url).await;
            if wanted(status, &told) {
                return told;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    if let Ok(told) = tokio::time::timeout(PATIENCE, asking).await {
        return told;
    }
    panic!("it was never so: {:?}", health(url).await)
}

pub fn rescued_in(directory: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(directory).unwrap().map(|e| e.unwrap().path());
    let is_rescued = |path: &PathBuf| {
        let name = path.file_name().unwrap().to_str().unwrap();
        name.starts_with("relay-rescued-") && path.extension().is_some_and(|e| e == "db")
    };
    entries.filter(is_rescued).collect()
}

/// What happens to the file while the relay runs, and how it is undone.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Loss {
    Moved,
    Replaced,
    Linked,
    DirectoryMoved,
    JournalMoved,
    JournalLinked,
    Deleted,
}

impl Loss {
    fn happens(self, data: &Path) {
        let live = data.join("live");
        let aside = data.join("aside");
        let link = |name: &str| {
            fs::rename(live.join(name), &aside).unwrap();
            symlink(&aside, live.join(name)).unwrap();
        };
        match self {
            Self::Moved => fs::rename(live.join("relay.db"), aside).unwrap(),
            Self::Replaced => {
                fs::rename(live.join("relay.db"), aside).unwrap();
                fs::write(live.join("relay.db"), "").unwrap();
            }
            Self::Linked => link("relay.db"),
            Self::DirectoryMoved => fs::rename(live, aside).unwrap(),
            Self::JournalMoved => fs::rename(live.join("relay.db-wal"), aside).unwrap(),
            Self::JournalLinked => link("relay.db-wal"),
            Self::Deleted => fs::remove_dir_all(live).unwrap(),
        }
    }

    fn is_undone(self, data: &Path) {
        let live = data.join("live");
        let aside = data.join("aside");
        match self {
            Self::Moved | Self::Replaced | Self::Linked => {
                fs::rename(aside, live.join("relay.db")).unwrap();
            }
            Self::DirectoryMoved => fs::rename(aside, live).unwrap(),
            Self::JournalMoved | Self::JournalLinked => {
                fs::rename(aside, live.join("relay.db-wal")).unwrap();
            }
            Self::Deleted => panic!("there is no way back"),
        }
    }
}

#[tokio::test]
async fn a_file_that_goes_away_is_noticed_copied_out_and_taken_up_again() {
    for loss in [
        Loss::Moved,
        Loss::Replaced,
        Loss::Linked,
        Loss::DirectoryMoved,
        Loss::JournalMoved,
        Loss::JournalLinked,
    ] {
        let directory = TempDir::new().unwrap();
        let mut daemon = Daemon::start(directory.path(), "", "").await;
        let mut acknowledged = HashSet::new();
        for _ in 0..20 {
            let (status, id) = hand_in(&daemon.url).await;
            assert_eq!(status, 202);
            acknowledged.insert(id);
        }
        loss.happens(directory.path());
        // Nothing is acknowledged before somebody looks.
        let refused = hand_in(&daemon.url).await;
        assert_eq!(refused, (503, "STORAGE_UNAVAILABLE".to_owned()), "{loss:?}");
        let told = health_until(&daemon.url, |_, told| told.contains("relay-rescued-")).await;
        assert!(told.contains("not in its place"), "{told}");
        let rescued = rescued_in(directory.path());
        assert_eq!(rescued.len(), 1, "{loss:?}: {rescued:?}");
        let restore = format!("voicedrive-relay restore {}", rescued[0].display());
        assert!(told.contains(&restore), "{told}");
        assert_eq!(ids_in(&rescued[0]), acknowledged, "{loss:?}");
        let status = daemon.json(&["status"]).await;
        let in_trouble = status["database"]["trouble"].as_str().unwrap();
        assert!(in_trouble.contains(&restore), "{in_trouble}");

        loss.is_undone(directory.path());
        health_until(&daemon.url, |status, _| status == 200).await;
        let (status, id) = hand_in(&daemon.url).await;
        assert_eq!(status, 202, "{loss:?}");
        acknowledged.insert(id);
        let mut lines = Vec::new();
        daemon.signal("-TERM");
        while let Some(line) = daemon.log.next_line().await {
            lines.push(line);
        }
        assert!(daemon.child.wait().await.unwrap().success());
        let with = |word: &str| lines.iter().filter(|line| line.contains(word)).count();
        assert_eq!(with(" ERROR "), 1, "{lines:#?}");
        assert_eq!(with("in its place again"), 1, "{lines:#?}");
        assert_eq!(
            ids_in(&directory.path().join("relay-backup.db")),
            acknowledged
        );
        let again = Daemon::start(directory.path(), "", "").await;
        let events = again.json(&["status"]).await["events"]["accepted"].clone();
        assert_eq!(events, acknowledged.len(), "{loss:?}");
        again.kill().await;
    }
}

#[tokio::test]
async fn a_deleted_database_is_copied_out_before_the_relay_stops_and_the_next_start_names_the_copy()
{
    let directory = TempDir::new().unwrap();
    let daemon = Daemon::start(directory.path(), "", "").await;
    let backup = directory.path().join("relay-backup.db");
    let mut acknowledged = HashSet::new();
    for _ in 0..20 {
        acknowledged.insert(hand_in(&daemon.url).await.1);
    }
    Loss::Deleted.happens(directory.path());
    // At once: no look in between has to notice it.
    let config = stopped(daemon).await;
    let rescued = rescued_in(directory.path());
    assert_eq!(rescued.len(), 1);
    assert_eq!(ids_in(&rescued[0]), acknowledged);
    assert!(
        snapshot::verify(&backup).is_ok(),
        "nothing empty took its place"
    );
    assert!(!directory.path().join("live/closed-in-order").exists());
    fs::remove_file(&backup).unwrap();
    let told = refused_with(&config, 1).await;
    let restore = format!("voicedrive-relay restore {}", rescued[0].display());
    assert!(told.contains(&restore), "{told}");
    let mut command = program();
    command
        .arg("restore")
        .arg(&rescued[0])
        .arg("--config")
        .arg(&config);
    let restored = command.stdout(Stdio::null()).status().await.unwrap();
    assert!(restored.success());
    let again = Daemon::start(directory.path(), "", "").await;
    let events = again.json(&["status"]).await["events"]["accepted"].clone();
    assert_eq!(events, acknowledged.len());
    again.kill().await;
}

#[tokio::test]
async fn a_restore_of_an_older_copy_names_the_rescue_that_has_more_and_that_can_be_restored_then() {
    let directory = TempDir::new().unwrap();
    let daemon = Daemon::start(directory.path(), "", "").await;
    let older = directory.path().join("older.db");
    daemon.json(&["backup", older.to_str().unwrap()]).await;
    for _ in 0..3 {
        hand_in(&daemon.url).await;
    }
    Loss::Deleted.happens(directory.path());
    health_until(&daemon.url, |_, told| told.contains("relay-rescued-")).await;
    let config = stopped(daemon).await;
    // The last copy before the end has the same.
    fs::remove_file(directory.path().join("relay-backup.db")).unwrap();
    let rescued = rescued_in(directory.path()).remove(0);
    let restore = async |copy: &Path| {
        let mut command = program();
        command.arg("restore").arg(copy).arg("--config");
        let output = command.arg(&config).output().await.unwrap();
        let (told, error) = (text(&output.stdout), text(&output.stderr));
        assert!(output.status.success(), "{told}{error}");
        told
    };
    let told = restore(&older).await;
    let instead = format!("voicedrive-relay restore {}", rescued.display());
    assert!(told.contains(&instead), "{told}");
    assert!(
        told.contains("is a copy of a later state than what was restored (3 events"),
        "{told}"
    );
    assert!(told.contains("not in it: 3, from"), "{told}");
    let told = restore(&rescued).await;
    assert!(!told.contains("has more"), "{told}");
    let again = Daemon::start(directory.path(), "", "").await;
    let status = again.json(&["status"]).await;
    assert_eq!(status["events"]["accepted"], 3);
    again.kill().await;
}

#[tokio::test]
async fn a_start_names_the_copy_that_has_what_was_lost_with_the_log_until_a_person_decides() {
    for decision in ["restored", "moved away"] {
        let directory = TempDir::new().unwrap();
        let live = directory.path().join("live/relay.db");
        let daemon = Daemon::start(directory.path(), "", "").await;
        let (_, before) = hand_in(&daemon.url).await;
        // Some of it stands in the database itself, as after a while.
        let outside = Connection::open(&live).unwrap();
        let checkpoint = "PRAGMA wal_checkpoint(TRUNCATE)";
        outside.query_row(checkpoint, [], |_| Ok(())).unwrap();
        drop(outside);
        let (_, after) = hand_in(&daemon.url).await;
        fs::remove_file(directory.path().join("live/relay.db-wal")).unwrap();
        health_until(&daemon.url, |_, told| told.contains("relay-rescued-")).await;
        let rescued = rescued_in(directory.path()).remove(0);
        assert_eq!(ids_in(&rescued), HashSet::from([before, after]));
        let config = daemon.config.clone();
        daemon.kill().await;
        // The backup file may be older than what was lost.
        let _ = fs::remove_file(directory.path().join("relay-backup.db"));
        for _ in 0..2 {
            let told = refused_start(&config, None).await;
            assert!(told.contains(live.to_str().unwrap()), "{told}");
            let restore = format!("voicedrive-relay restore {}", rescued.display());
            assert!(told.contains(&restore), "{told}");
        }
        let expected = if decision == "restored" {
            let mut command = program();
            command.arg("restore").arg(&rescued);
            command.arg("--config").arg(&config).stdout(Stdio::null());
            assert!(command.status().await.unwrap().success());
            2
        } else {
            fs::rename(&rescued, directory.path().join("aside.db")).unwrap();
            1
        };
        // It is no reason to refuse the starts after that, whichever way the relay ends.
        for _ in 0..2 {
            let again = Daemon::start(directory.path(), "", "").await;
            let events = again.json(&["status"]).await["events"]["accepted"].clone();
            assert_eq!(events, expected, "{decision}");
            again.kill().await;
        }
    }
}

#[tokio::test]
async fn what_was_acknowledged_is_copied_out_again_when_the_first_try_fails() {
    let mut bench = Bench::new(&[60], Duration::from_secs(5)).await;
    let id = bench.accept("a.b").await;
    let mut keeper = FileWatch::new(bench.store.clone(), bench.clock.clone());
    let data = bench.directory().to_owned();
    let file = bench.store.file().clone();
    keeper.step().await;
    assert_eq!(file.trouble(), None);
    // The whole data directory is gone, and nothing can be written to where it was.
    let mut elsewhere = data.clone().into_os_string();
    elsewhere.push("-elsewhere");
    let elsewhere = PathBuf::from(elsewhere);
    fs::rename(&data, &elsewhere).unwrap();
    keeper.step().await;
    assert_eq!(file.trouble(), Some(Trouble::Gone { rescued: None }));
    // A result waits as it does while a disk is full.
    let kept = bench.store.probe(bench.clock.moment()).await;
    assert!(matches!(
        kept,
        Err(StoreError::Unavailable(Trouble::Gone { .. }))
    ));
    fs::create_dir(&data).unwrap();
    let changes = bench.store.changes();
    keeper.step().await;
    assert_eq!(rescued_in(&data), Vec::<PathBuf>::new(), "not every second");
    bench.clock.advance(Duration::from_mins(1));
    keeper.step().await;
    let rescued = rescued_in(&data);
    assert_eq!(file.rescued().as_slice(), rescued);
    assert_eq!(ids_in(&rescued[0]), HashSet::from([id]));
    // Whoever receives the open database in parts would have to begin anew.
    assert_eq!(bench.store.changes(), changes);
    fs::remove_dir_all(&data).unwrap();
    fs::rename(&elsewhere, &data).unwrap();
    keeper.step().await;
    assert_eq!(file.trouble(), None);
    assert_eq!(bench.dispatcher.step().await, 1);
}

/// Spoils the page in which a table begins, from outside, as a disk does it.
pub fn spoil_table(database: &Path, table: &str) {
    // Everything has to stand in the file, and not in the journal.
    let connection = Connection::open(database).unwrap();
    let busy: i64 = connection
        .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))
        .unwrap();
    assert_eq!(busy, 0);
    let (page, size): (u64, u64) = connection
        .query_row(
            "SELECT rootpage, page_size FROM sqlite_schema, pragma_page_size() WHERE name = ?1",
            [table],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )
        .unwrap();
    drop(connection);
    // In a process of its own: closing the file in this one would give up SQLite's locks.
    let spoiled = std::process::Command::new("dd")
        .args(["if=/dev/zero", "bs=1", "count=64", "conv=notrunc"])
        .arg(format!("of={}", database.display()))
        .arg(format!("seek={}", (page - 1) * size))
        .stderr(Stdio::null())
        .status();
    assert!(spoiled.unwrap().success());
}

#[tokio::test]
async fn damage_is_found_by_a_look_once_a_day_and_by_the_next_copy() {
    for finder in ["look", "copy"] {
        let bench = Bench::new(&[60], Duration::from_secs(5)).await;
        bench.accept("a.b").await;
        let (store, clock) = (bench.store.clone(), bench.clock.clone());
        let backup = BackupFile::new(store.clone(), clock.clone(), bench.directory());
        let mut soundness = Soundness::new(store.clone(), clock.clone());
        backup.refresh().await.unwrap();
        clock.advance(Duration::from_hours(1));
        soundness.step().await;
        assert_eq!(store.file().trouble(), None);
        let before = fs::read(store.file().backup_path()).unwrap();
        spoil_table(store.file().path(), "interviews");
        if finder == "look" {
            soundness.step().await;
            assert_eq!(store.file().trouble(), None, "it was a moment ago");
            clock.advance(Duration::from_hours(24));
            soundness.step().await;
        } else {
            assert!(backup.refresh().await.is_err());
        }
        let found = store.file().trouble();
        let copy = Some(store.file().backup_path());
        assert!(
            matches!(&found, Some(Trouble::Damaged { copy: named, .. }) if *named == copy),
            "{finder}: {found:?}"
        );
        assert_eq!(fs::read(store.file().backup_path()).unwrap(), before);
        // What is damaged is not called closed in order: the next start sees it too.
        let directory = bench.directory().to_owned();
        store.clone().close(clock.moment()).await;
        assert!(!directory.join("live/closed-in-order").exists());
        let Err(error) = Store::open(&directory, clock.moment()) else {
            panic!("a damaged database was opened");
        };
        assert!(
            error.to_string().contains("voicedrive-relay restore"),
            "{error}"
        );
    }
}

#[tokio::test]
async fn damage_that_a_read_meets_is_told_as_damage() {
    let bench = Bench::new(&[60], Duration::from_secs(5)).await;
    let id = bench.accept("a.b").await;
    let store = bench.store.clone();
    spoil_table(store.file().path(), "events");
    let read = store.event(&id, bench.clock.moment()).await;
    assert!(
        matches!(read, Err(StoreError::Unavailable(Trouble::Damaged { .. }))),
        "{read:?}"
    );
    assert!(matches!(
        store.file().trouble(),
        Some(Trouble::Damaged { .. })
    ));
}

#[tokio::test]
async fn a_locked_database_is_called_locked_until_it_is_not() {
    let bench = Bench::new(&[60], Duration::from_secs(5)).await;
    let store = bench.store.clone();
    let other = Connection::open(store.file().path()).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let refused = store.probe(bench.clock.moment()).await;
    assert_eq!(refused, Err(StoreError::Unavailable(Trouble::Locked)));
    assert_eq!(store.file().trouble(), Some(Trouble::Locked));
    assert!(!store.file().disk_full());
    // Who comes later does not wait for what is known.
    let began = std::time::Instant::now();
    for _ in 0..10 {
        let refused = store.probe(bench.clock.moment()).await;
        assert_eq!(refused, Err(StoreError::Unavailable(Trouble::Locked)));
    }
    assert!(began.elapsed() < PATIENCE / 4, "{:?}", began.elapsed());
    other.execute_batch("ROLLBACK").unwrap();
    assert_eq!(store.probe(bench.clock.moment()).await, Ok(()));
    assert_eq!(store.file().trouble(), None);
}
