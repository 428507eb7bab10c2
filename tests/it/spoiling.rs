//! The database is damaged, written over or deleted with everything around it, while the relay has it open or while it is
//! stopped. Nothing is acknowledged that would be lost, and no good copy gives way to a bad one.

use std::collections::HashSet;
use std::fs;
use std::io::{Seek, SeekFrom, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::Duration;

use rusqlite::Connection;
use tempfile::TempDir;
use voicedrive_relay::testing::store::StoreError;
use voicedrive_relay::testing::store::file::snapshot;
use voicedrive_relay::testing::token::Scope;
use voicedrive_relay::testing::trouble::Trouble;
use voicedrive_relay::testing::upkeep::file_watch::FileWatch;

use crate::commands::{Daemon, program};
use crate::harness::{Bench, Clock, client, configuration, token};
use crate::losing::{
    PATIENCE, hand_in, health_until, ids_in, refused_start, refused_with, rescued_in, run_as,
    spoil_table, stopped, stopped_in_order, text,
};

const REFUSED: u16 = 503;

/// Everything stands in the database itself, and nothing in its log.
fn settle_from_outside(database: &Path) {
    let outside = Connection::open(database).unwrap();
    let checkpoint = "PRAGMA wal_checkpoint(TRUNCATE)";
    outside.query_row(checkpoint, [], |_| Ok(())).unwrap();
}

/// The next line of the log with `word` in it.
async fn logged(daemon: &mut Daemon, word: &str) -> String {
    let reading = async {
        loop {
            let line = daemon.log.next_line().await.unwrap();
            if line.contains(word) {
                return line;
            }
        }
    };
    let line = tokio::time::timeout(PATIENCE, reading).await;
    line.unwrap_or_else(|_| panic!("never logged: {word}"))
}

#[tokio::test]
async fn a_relay_that_meets_damage_accepts_nothing_more_and_says_what_to_restore() {
    let directory = TempDir::new().unwrap();
    let mut daemon = Daemon::start(directory.path(), "", "").await;
    let backup = directory.path().join("relay-backup.db");
    for _ in 0..5 {
        assert_eq!(hand_in(&daemon.url).await.0, 202);
    }
    daemon
        .json(&["backup", directory.path().join("a.db").to_str().unwrap()])
        .await;
    let before = fs::read(&backup).unwrap();
    spoil_table(&directory.path().join("live/relay.db"), "interviews");
    // Somebody else than who hands in events meets it.
    let bearer = token(&[Scope::InterviewsWrite], Clock::System.now());
    let record = r#"{"employeeId":"EMP-1","interviewType":"regular",
        "interviewDate":"2025-10-28T10:00:00+09:00","interviewStatus":"scheduled"}"#;
    let put = client()
        .put(format!("{}/api/interviews/i-1", daemon.url))
        .bearer_auth(bearer)
        .header("content-type", "application/json")
        .body(record);
    let answer = put.send().await.unwrap();
    let status = answer.status();
    assert_eq!(status, REFUSED, "{}", answer.text().await.unwrap());
    let refused = hand_in(&daemon.url).await;
    assert_eq!(refused, (REFUSED, "STORAGE_UNAVAILABLE".to_owned()));
    // As it is pasted: the configuration is not that of the package.
    let restore = format!(
        "voicedrive-relay restore {} --config {}",
        backup.display(),
        daemon.config.display()
    );
    let told = health_until(&daemon.url, |status, _| status == REFUSED).await;
    assert!(
        told.contains("damaged") && told.contains(&restore),
        "{told}"
    );
    let status = daemon.json(&["status"]).await;
    let trouble = status["database"]["trouble"].as_str().unwrap();
    assert!(trouble.contains(&restore), "{trouble}");
    let line = logged(&mut daemon, " ERROR ").await;
    assert!(line.contains(&restore), "{line}");
    logged(&mut daemon, "no whole copy of the damaged database").await;
    assert!(rescued_in(directory.path()).is_empty());
    let config = stopped(daemon).await;
    assert_eq!(fs::read(&backup).unwrap(), before, "the last good copy");
    assert!(refused_start(&config, None).await.contains(&restore));
}

/// What somebody does to the files while the relay has them open. None of it changes where a name leads.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Spoiling {
    CutOff,
    Emptied,
    AnotherCopied,
    OwnBackupCopied,
    TextCopied,
    LogCutOff,
    LogEmptied,
    AnotherLogCopied,
}

impl Spoiling {
    fn happens(self, data: &Path, another: &Path) {
        let database = data.join("live/relay.db");
        let log = data.join("live/relay.db-wal");
        let cut = |path: &Path, bytes: u64| {
            let file = fs::File::options().write(true).open(path).unwrap();
            file.set_len(bytes).unwrap();
        };
        let bytes = |path: &Path| fs::metadata(path).unwrap().len();
        let copy = |from: &Path, to: &Path| {
            let mut file = fs::File::options().write(true).open(to).unwrap();
            file.seek(SeekFrom::Start(0)).unwrap();
            file.set_len(0).unwrap();
            file.write_all(&fs::read(from).unwrap()).unwrap();
        };
        match self {
            Self::CutOff => cut(&database, bytes(&database) / 8192 * 4096),
            Self::Emptied => cut(&database, 0),
            Self::AnotherCopied => copy(&another.join("relay-backup.db"), &database),
            Self::OwnBackupCopied => copy(&data.join("relay-backup.db"), &database),
            Self::TextCopied => {
                let text = data.join("text");
                fs::write(&text, "no database ".repeat(100_000)).unwrap();
                copy(&text, &database);
            }
            Self::LogCutOff => cut(&log, bytes(&log) / 2),
            Self::LogEmptied => cut(&log, 0),
            Self::AnotherLogCopied => copy(&another.join("live/relay.db-wal"), &log),
        }
    }

    fn is_of_log(self) -> bool {
        matches!(
            self,
            Self::LogCutOff | Self::LogEmptied | Self::AnotherLogCopied
        )
    }
}

#[tokio::test]
async fn what_is_written_over_the_open_files_is_noticed_before_the_next_event_is_acknowledged() {
    let another = TempDir::new().unwrap();
    let other = Daemon::start(another.path(), "", "").await;
    for _ in 0..200 {
        hand_in(&other.url).await;
    }
    let copy = another.path().join("copy.db");
    other.json(&["backup", copy.to_str().unwrap()]).await;
    for spoiling in [
        Spoiling::CutOff,
        Spoiling::Emptied,
        Spoiling::AnotherCopied,
        Spoiling::OwnBackupCopied,
        Spoiling::TextCopied,
        Spoiling::LogCutOff,
        Spoiling::LogEmptied,
        Spoiling::AnotherLogCopied,
    ] {
        let directory = TempDir::new().unwrap();
        let mut daemon = Daemon::start(directory.path(), "", "").await;
        let mut acknowledged = HashSet::new();
        for _ in 0..20 {
            acknowledged.insert(hand_in(&daemon.url).await.1);
        }
        if !spoiling.is_of_log() {
            settle_from_outside(&directory.path().join("live/relay.db"));
        }
        // Moving all of it into the file is no reason to refuse anything.
        let (status, id) = hand_in(&daemon.url).await;
        assert_eq!(status, 202, "{spoiling:?}");
        acknowledged.insert(id);
        let copy = directory.path().join("copy.db");
        daemon.json(&["backup", copy.to_str().unwrap()]).await;
        let backup = directory.path().join("relay-backup.db");
        let before = fs::read(&backup).unwrap();
        assert_eq!(ids_in(&backup), acknowledged);

        spoiling.happens(directory.path(), another.path());
        let refused = hand_in(&daemon.url).await;
        assert_eq!(
            refused,
            (REFUSED, "STORAGE_UNAVAILABLE".to_owned()),
            "{spoiling:?}"
        );
        let told = health_until(&daemon.url, |status, _| status == REFUSED).await;
        assert!(told.contains("cut off"), "{spoiling:?}: {told}");
        assert!(told.contains("voicedrive-relay restore"), "{told}");
        let line = logged(&mut daemon, " ERROR ").await;
        assert!(line.contains("voicedrive-relay restore"), "{line}");
        let refused = daemon.run(&["backup", copy.to_str().unwrap()]).await;
        assert_ne!(refused.status.code(), Some(0), "{spoiling:?}");
        stopped(daemon).await;
        assert_eq!(fs::read(&backup).unwrap(), before, "{spoiling:?}");
        assert!(!directory.path().join("live/closed-in-order").exists());
        // What is offered as a copy has everything.
        for rescued in rescued_in(directory.path()) {
            assert!(
                acknowledged.is_subset(&ids_in(&rescued)),
                "{spoiling:?}: a copy that lacks something"
            );
        }
    }
    other.kill().await;
}

#[tokio::test]
async fn what_can_still_be_read_of_a_database_that_was_emptied_is_copied_out() {
    let directory = TempDir::new().unwrap();
    let daemon = Daemon::start(directory.path(), "", "").await;
    let mut acknowledged = HashSet::new();
    for _ in 0..20 {
        acknowledged.insert(hand_in(&daemon.url).await.1);
    }
    // Until the first 32 MiB, all of it is in the log.
    Spoiling::Emptied.happens(directory.path(), directory.path());
    assert_eq!(hand_in(&daemon.url).await.0, REFUSED);
    let told = health_until(&daemon.url, |_, told| told.contains("relay-rescued-")).await;
    let rescued = rescued_in(directory.path()).remove(0);
    let restore = format!("voicedrive-relay restore {}", rescued.display());
    assert!(told.contains(&restore), "{told}");
    assert_eq!(ids_in(&rescued), acknowledged);
    stopped(daemon).await;
}

/// Changes what the database consists of, as an admin's `sqlite3` can.
fn change_schema(database: &Path, sql: &str) {
    let outside = Connection::open(database).unwrap();
    outside.busy_timeout(PATIENCE).unwrap();
    outside.execute_batch("PRAGMA foreign_keys = OFF").unwrap();
    outside.execute_batch(sql).unwrap();
}

#[tokio::test]
async fn a_schema_that_was_changed_is_damage_for_everybody_and_no_good_copy_gives_way_to_it() {
    for (sql, finder) in [
        ("DROP INDEX events_by_staff", "backup"),
        ("ALTER TABLE events ADD COLUMN mine TEXT", "backup"),
        ("DROP TABLE refinery_schema_history", "backup"),
        ("DROP TABLE attempts", "result"),
        ("DROP INDEX events_by_staff", "stop"),
    ] {
        let directory = TempDir::new().unwrap();
        // Nobody listens there.
        let url = if finder == "result" {
            "http://127.0.0.1:1/hook"
        } else {
            ""
        };
        let daemon = Daemon::start(directory.path(), url, "").await;
        // What waits for its next attempt would hold up the next event of the same person.
        if finder != "result" {
            assert_eq!(hand_in(&daemon.url).await.0, 202);
        }
        let [backup, copy] = ["relay-backup.db", "copy.db"].map(|name| directory.path().join(name));
        daemon.json(&["backup", copy.to_str().unwrap()]).await;
        let before = [&backup, &copy].map(|path| fs::read(path).unwrap());
        change_schema(&directory.path().join("live/relay.db"), sql);
        let restore = format!(
            "voicedrive-relay restore {} --config {}",
            backup.display(),
            daemon.config.display()
        );
        let check = run_as(None, "check", &daemon.config).await;
        let told = text(&check.stdout);
        assert_eq!(check.status.code(), Some(1), "{sql}: {told}");
        assert!(
            told.contains("damaged") && told.contains(&restore),
            "{sql}: {told}"
        );
        match finder {
            "backup" => {
                let output = daemon.run(&["backup", copy.to_str().unwrap()]).await;
                let told = text(&output.stderr);
                assert_eq!(output.status.code(), Some(1), "{sql}: {told}");
                assert!(told.contains("damaged"), "{sql}: {told}");
            }
            // What became of an attempt cannot be kept.
            "result" => {
                hand_in(&daemon.url).await;
            }
            _ => {}
        }
        if finder == "stop" {
            // Something that the last copy has not.
            assert_eq!(hand_in(&daemon.url).await.0, 202);
        } else {
            let told = health_until(&daemon.url, |status, _| status == REFUSED).await;
            assert!(
                told.contains("damaged") && told.contains(&restore),
                "{sql}: {told}"
            );
            let refused = hand_in(&daemon.url).await;
            assert_eq!(
                refused,
                (REFUSED, "STORAGE_UNAVAILABLE".to_owned()),
                "{sql}"
            );
        }
        let config = stopped(daemon).await;
        let after = [&backup, &copy].map(|path| fs::read(path).unwrap());
        assert!(before == after, "{sql}: a good copy was replaced");
        assert!(!directory.path().join("live/closed-in-order").exists());
        let told = refused_start(&config, None).await;
        assert!(
            told.contains("damage") && told.contains(&restore),
            "{sql}: {told}"
        );
        let output = run_as(None, "check", &config).await;
        let told = text(&output.stdout);
        assert!(
            told.contains("damage") && told.contains(&restore),
            "{sql}: {told}"
        );
    }
}

#[tokio::test]
async fn damage_that_was_none_ends_when_everything_was_looked_through() {
    let bench = Bench::new(&[60], Duration::from_secs(5)).await;
    let id = bench.accept("a.b").await;
    let (store, clock) = (bench.store.clone(), bench.clock.clone());
    let mut keeper = FileWatch::new(store.clone(), clock.clone());
    let database = store.file().path().to_owned();
    settle_from_outside(&database);
    let sound = fs::read(&database).unwrap();
    spoil_table(&database, "events");
    let read = store.event(&id, clock.moment()).await;
    assert!(read.is_err());
    let refused = store.probe(clock.moment()).await;
    assert!(
        matches!(
            refused,
            Err(StoreError::Unavailable(Trouble::Damaged { .. }))
        ),
        "{refused:?}"
    );
    keeper.step().await;
    assert!(store.file().is_damaged());
    // As when a disk could not read for a moment. In a process of its own: closing the file here would give up SQLite's
    // locks.
    let aside = bench.directory().join("sound.db");
    fs::write(&aside, sound).unwrap();
    let mut back = std::process::Command::new("dd");
    back.arg(format!("if={}", aside.display()));
    back.arg(format!("of={}", database.display()));
    let done = back.arg("conv=notrunc").output().unwrap();
    assert!(done.status.success());
    keeper.step().await;
    assert!(store.file().is_damaged(), "not tried every second");
    clock.advance(Duration::from_mins(1));
    keeper.step().await;
    assert_eq!(store.file().trouble(), None);
    bench.accept("c.d").await;
    assert!(store.event(&id, clock.moment()).await.unwrap().is_some());
}

#[tokio::test]
async fn a_data_directory_that_is_gone_is_made_again_for_what_was_accepted() {
    for possible in [true, false] {
        let parent = TempDir::new().unwrap();
        let data = parent.path().join("data");
        fs::create_dir(&data).unwrap();
        fs::set_permissions(&data, fs::Permissions::from_mode(0o710)).unwrap();
        let config = data.join("config.toml");
        fs::write(&config, configuration(&data, "", "")).unwrap();
        let mut command = program();
        // No other place takes a copy either.
        command.env("TMPDIR", parent.path().join("nowhere"));
        let mut daemon = Daemon::launch(command, &config).await;
        let mut acknowledged = HashSet::new();
        for _ in 0..20 {
            acknowledged.insert(hand_in(&daemon.url).await.1);
        }
        fs::remove_dir_all(&data).unwrap();
        if !possible {
            // Nobody, not even root, makes a directory there.
            fs::write(&data, "").unwrap();
        }
        daemon.signal("-TERM");
        let ended = daemon.child.wait().await.unwrap();
        let mut lines = Vec::new();
        while let Some(line) = daemon.log.next_line().await {
            lines.push(line);
        }
        if !possible {
            assert_eq!(ended.code(), Some(1), "{lines:#?}");
            let lost = lines
                .iter()
                .any(|line| line.contains("could not be copied out"));
            assert!(lost, "{lines:#?}");
            continue;
        }
        assert!(ended.success(), "{lines:#?}");
        let mode = fs::metadata(&data).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o710);
        let rescued = rescued_in(&data);
        assert_eq!(rescued.len(), 1, "{lines:#?}");
        assert_eq!(ids_in(&rescued[0]), acknowledged);
        let config = data.join("config.toml");
        fs::write(&config, configuration(&data, "", "")).unwrap();
        let told = refused_with(&config, 1).await;
        assert!(told.contains("voicedrive-relay restore"), "{told}");
    }
}

#[tokio::test]
async fn a_mark_without_its_database_is_no_reason_to_begin_anew() {
    let (directory, config) = stopped_in_order().await;
    let live = directory.path().join("live");
    fs::remove_file(live.join("relay.db")).unwrap();
    for name in ["relay-backup.db", "identity"] {
        fs::remove_file(directory.path().join(name)).unwrap();
    }
    let mark = live.join("closed-in-order");
    for empty in [false, true] {
        if empty {
            fs::write(live.join("relay.db"), "").unwrap();
        }
        let told = refused_with(&config, 1).await;
        assert!(told.contains("the database is gone"), "{told}");
        assert!(told.contains(mark.to_str().unwrap()), "{told}");
    }
    assert_eq!(fs::metadata(live.join("relay.db")).unwrap().len(), 0);
    fs::remove_file(&mark).unwrap();
    let daemon = Daemon::start(directory.path(), "", "").await;
    let begins = daemon.log_before_ready.iter();
    assert!(
        begins.clone().any(|line| line.contains("an empty one")),
        "{begins:?}"
    );
    stopped(daemon).await;
}

#[tokio::test]
async fn another_programs_database_is_left_alone_and_the_way_back_is_told() {
    let (directory, config) = stopped_in_order().await;
    let live = directory.path().join("live/relay.db");
    fs::remove_file(&live).unwrap();
    let other = Connection::open(&live).unwrap();
    other
        .execute_batch("PRAGMA application_id = 7; CREATE TABLE theirs (a);")
        .unwrap();
    drop(other);
    let before = fs::read(&live).unwrap();
    let told = refused_start(&config, None).await;
    let backup = directory.path().join("relay-backup.db");
    let restore = format!("voicedrive-relay restore {}", backup.display());
    assert!(told.contains("another program"), "{told}");
    assert!(told.contains(&restore), "{told}");
    assert_eq!(fs::read(&live).unwrap(), before);
    fs::remove_file(&backup).unwrap();
    let told = refused_start(&config, None).await;
    assert!(told.contains("There is no copy"), "{told}");
}

#[tokio::test]
async fn a_backup_replaces_no_copy_that_has_more_and_none_of_another_relay() {
    let (directory, config) = stopped_in_order().await;
    let elsewhere = TempDir::new().unwrap();
    let (older, newer) = (
        elsewhere.path().join("older.db"),
        elsewhere.path().join("newer.db"),
    );
    let run = async |command: &str, file: &Path| {
        let mut program = crate::commands::program();
        program.arg(command).arg(file).arg("--config").arg(&config);
        let output = program.output().await.unwrap();
        (output.status.code(), text(&output.stderr))
    };
    assert_eq!(run("backup", &older).await.0, Some(0));
    let daemon = Daemon::start(directory.path(), "", "").await;
    daemon.json(&["send", "c.d"]).await;
    daemon.json(&["backup", newer.to_str().unwrap()]).await;
    // A newer one goes over an older one of the same moment too.
    daemon.json(&["backup", newer.to_str().unwrap()]).await;
    stopped(daemon).await;
    let (_elsewhere, theirs) = stopped_in_order().await;
    let others = theirs.with_file_name("relay-backup.db");
    assert_eq!(run("restore", &older).await.0, Some(0));
    let before = (fs::read(&newer).unwrap(), fs::read(&others).unwrap());
    for (target, why) in [
        (&newer, "has what the present database has not"),
        (&others, "another relay"),
    ] {
        let (code, told) = run("backup", target).await;
        assert_eq!(code, Some(1), "{told}");
        assert!(
            told.contains(why) && told.contains("nothing was written"),
            "{told}"
        );
    }
    let daemon = Daemon::start(directory.path(), "", "").await;
    let refused = daemon.run(&["backup", others.to_str().unwrap()]).await;
    assert!(text(&refused.stderr).contains("another relay"));
    let after = (fs::read(&newer).unwrap(), fs::read(&others).unwrap());
    assert!(before == after);
    // A person has decided for the older one: it goes on, and is the newest now.
    daemon.json(&["send", "e.f"]).await;
    daemon.json(&["backup", newer.to_str().unwrap()]).await;
    assert_eq!(snapshot::verify(&newer).unwrap().events, 2);
    stopped(daemon).await;
}
