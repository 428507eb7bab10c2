//! The data is safe: copied by hand under load, restored, damaged, kept through a wrong clock.

use std::collections::HashSet;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};
use serde_json::{Value, json};
use tempfile::TempDir;
use voicedrive_relay::testing::config::Environment;
use voicedrive_relay::testing::store::file::snapshot;
use voicedrive_relay::testing::token::Scope;
use voicedrive_relay::testing::upkeep::backup::BackupFile;
use voicedrive_relay::testing::upkeep::retention::{Retention, RetentionPeriods};

use crate::commands::{Daemon, program};
use crate::harness::{
    Bench, Clock, Partner, client, configuration, eventually, noon, status, token,
};

/// Copies when nothing else is said; `COPIES` says more.
const COPIES: usize = 200;

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Everything in a copy that stands alone: the ids of its events, after SQLite looked through it.
fn ids_in(copy: &Path) -> HashSet<String> {
    let url = format!("file:{}?immutable=1", copy.display());
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI;
    let database = Connection::open_with_flags(url, flags).unwrap();
    let verdict: String = database
        .query_row("PRAGMA integrity_check", [], |row| row.get(0))
        .unwrap();
    assert_eq!(verdict, "ok");
    let mut ids = database.prepare("SELECT id FROM events").unwrap();
    let ids = ids.query_map([], |row| row.get(0)).unwrap();
    ids.collect::<rusqlite::Result<_>>().unwrap()
}

/// Copies as an admin does. False: `cp` has seen that its name leads to a newer file than a moment before, and does not
/// begin; who types it again gets one of them.
fn copied(file: &Path, copy: &Path) -> bool {
    let mut command = std::process::Command::new("cp");
    let done = command.env("LC_ALL", "C").arg(file).arg(copy).output();
    let done = done.unwrap();
    let told = text(&done.stderr);
    assert!(
        done.status.success() || told.contains("replaced while being copied"),
        "{told}"
    );
    done.status.success()
}

/// Hands in events until it is told to stop; answers what was acknowledged.
async fn hand_in(url: String, stop: Arc<AtomicBool>) -> Vec<String> {
    let client = client();
    let bearer = token(&[Scope::EventsWrite], Clock::System.now());
    let mut acknowledged = Vec::new();
    while !stop.load(Ordering::Relaxed) {
        let request = client
            .post(format!("{url}/api/events"))
            .bearer_auth(&bearer)
            .header("content-type", "application/json")
            .body(r#"{"event":"employee.updated","data":{"staffId":"EMP-1"}}"#);
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), 202);
        let body: Value = serde_json::from_str(&answer.text().await.unwrap()).unwrap();
        acknowledged.push(body["data"]["id"].as_str().unwrap().to_owned());
    }
    acknowledged
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_plain_copy_of_the_backup_file_is_whole_whatever_is_written_and_reloaded() {
    let copies = Environment::of_process()
        .var("COPIES")
        .map_or(COPIES, |text| text.parse().unwrap());
    let directory = TempDir::new().unwrap();
    let partner = Partner::start(Clock::System).await;
    let more = "[storage]\nbackup_interval_seconds = 1\n";
    let daemon = Daemon::start(directory.path(), &partner.url(), more).await;
    let stop = Arc::new(AtomicBool::new(false));
    let callers: Vec<_> = (0..3)
        .map(|_| tokio::spawn(hand_in(daemon.url.clone(), Arc::clone(&stop))))
        .collect();
    let file = directory.path().join("relay-backup.db");
    eventually("the backup file is made", || file.exists()).await;
    let reloading = async {
        let mut each_second = tokio::time::interval(Duration::from_secs(1));
        loop {
            each_second.tick().await;
            daemon.signal("-HUP");
        }
    };
    let copying = {
        let (file, copy) = (file.clone(), directory.path().join("copy.db"));
        tokio::task::spawn_blocking(move || {
            let (mut seen, mut made, mut versions) = (HashSet::new(), 0, 0);
            // However quick this is, the file is to be made anew meanwhile.
            while made < copies || versions < 2 {
                made += 1;
                while !copied(&file, &copy) {}
                let ids = ids_in(&copy);
                assert!(
                    seen.is_subset(&ids),
                    "a later copy has what an earlier one had"
                );
                versions += usize::from(ids.len() > seen.len());
                seen = ids;
            }
        })
    };
    tokio::select! {
        done = copying => done.unwrap(),
        never = reloading => never,
        () = tokio::time::sleep(Duration::from_mins(5)) => panic!("the backup file is never made anew"),
    }
    stop.store(true, Ordering::Relaxed);
    let mut acknowledged = HashSet::new();
    for caller in callers {
        acknowledged.extend(caller.await.unwrap());
    }
    // What was acknowledged is in the file that is made after it, by itself.
    eventually("what was acknowledged is in the file", || {
        acknowledged.is_subset(&ids_in(&file))
    })
    .await;
    daemon.kill().await;
}

#[tokio::test]
async fn a_backup_asked_for_holds_everything_that_was_acknowledged_before() {
    let directory = TempDir::new().unwrap();
    let daemon = Daemon::start(directory.path(), "", "").await;
    let copy = directory.path().join("copy.db");
    for expected in 1..4 {
        daemon.json(&["send", "a.b"]).await;
        let answer = daemon.json(&["backup", copy.to_str().unwrap()]).await;
        assert_eq!(
            (&answer["events"], &answer["waiting"]),
            (&json!(expected), &json!(expected))
        );
        assert_eq!(ids_in(&copy).len(), expected);
    }
    let config = daemon.config.clone();
    daemon.kill().await;
    // Without a daemon the database itself is copied.
    let mut command = program();
    command
        .args(["backup", copy.to_str().unwrap(), "--config"])
        .arg(config);
    assert!(command.output().await.unwrap().status.success());
    assert_eq!(ids_in(&copy).len(), 3);
}

#[tokio::test]
async fn a_copy_replaces_older_copies_and_nothing_else() {
    let directory = TempDir::new().unwrap();
    let daemon = Daemon::start(directory.path(), "", "").await;
    daemon.json(&["send", "a.b"]).await;
    let elsewhere = TempDir::new().unwrap();
    let linked = elsewhere.path().join("linked");
    std::os::unix::fs::symlink(directory.path().join("live"), &linked).unwrap();
    let notes = elsewhere.path().join("notes.txt");
    std::fs::write(&notes, "the office's").unwrap();
    for target in [
        directory.path().join("live/relay.db"),
        directory.path().join("live/relay.db-wal"),
        directory.path().join("live/new.db"),
        linked.join("relay.db"),
        linked.clone(),
        directory.path().join("lock"),
        directory.path().join("control.sock"),
        daemon.config.clone(),
        notes.clone(),
    ] {
        let output = daemon.run(&["backup", target.to_str().unwrap()]).await;
        assert_eq!(output.status.code(), Some(1), "{}", target.display());
        let told = text(&output.stderr);
        assert!(told.contains(target.to_str().unwrap()), "{told}");
        assert!(told.contains("nothing was written"), "{told}");
    }
    assert_eq!(std::fs::read(&notes).unwrap(), b"the office's");
    assert!(!directory.path().join("live/new.db").exists());
    daemon.json(&["send", "a.b"]).await;
    let copy = elsewhere.path().join("copy.db");
    daemon.json(&["backup", copy.to_str().unwrap()]).await;
    assert_eq!(ids_in(&copy).len(), 2);
    daemon.kill().await;
}

#[tokio::test]
async fn a_database_that_is_gone_is_no_reason_to_begin_anew_over_its_copy() {
    let directory = TempDir::new().unwrap();
    let daemon = Daemon::start(directory.path(), "", "").await;
    daemon.json(&["send", "a.b"]).await;
    let config = daemon.config.clone();
    let copy = directory.path().join("relay-backup.db");
    // Asking for a copy anywhere makes this one anew.
    let another = directory.path().join("another.db");
    daemon.json(&["backup", another.to_str().unwrap()]).await;
    assert_eq!(ids_in(&copy).len(), 1);
    daemon.kill().await;
    std::fs::remove_dir_all(directory.path().join("live")).unwrap();
    let run = async |words: &[&str]| {
        let mut command = program();
        command.args(words).arg("--config").arg(&config);
        command.output().await.unwrap()
    };
    let output = run(&["serve"]).await;
    assert_eq!(output.status.code(), Some(1));
    let told = text(&output.stderr);
    let restore = format!("restore {}", copy.display());
    assert!(told.contains(&restore), "{told}");
    let checked = run(&["check"]).await;
    assert_ne!(checked.status.code(), Some(0));
    assert!(
        text(&checked.stdout).contains(&restore),
        "{}",
        text(&checked.stdout)
    );
    let restored = run(&["restore", copy.to_str().unwrap()]).await;
    assert!(restored.status.success(), "{}", text(&restored.stderr));
    assert_eq!(ids_in(&directory.path().join("live/relay.db")).len(), 1);
}

#[tokio::test]
async fn a_restore_wants_the_daemon_stopped_keeps_what_was_there_and_sends_what_waits() {
    let directory = TempDir::new().unwrap();
    let copy = directory.path().join("copy.db");
    let copy = copy.to_str().unwrap();
    let daemon = Daemon::start(directory.path(), "", "").await;
    let first = daemon.json(&["send", "first"]).await["id"].clone();
    daemon.json(&["backup", copy]).await;
    daemon.json(&["send", "second"]).await;
    let beside = daemon.run(&["restore", copy]).await;
    assert_eq!(beside.status.code(), Some(1));
    let told = text(&beside.stderr);
    assert!(
        told.contains(&daemon.child.id().unwrap().to_string()),
        "{told}"
    );
    daemon.kill().await;
    let partner = Partner::start(Clock::System).await;
    let config = directory.path().join("config.toml");
    std::fs::write(&config, configuration(directory.path(), &partner.url(), "")).unwrap();
    let run = async |arguments: &[&str]| {
        let mut command = program();
        command.args(arguments).arg("--config").arg(&config);
        command.output().await.unwrap()
    };
    for (bytes, told) in [
        (&b"not a database"[..], "not a database of voicedrive-relay"),
        (&std::fs::read(copy).unwrap()[..8192], "damaged"),
        (
            &std::fs::read(directory.path().join("live/relay.db")).unwrap()[..],
            "copy of live/relay.db",
        ),
    ] {
        let bad = directory.path().join("bad.db");
        std::fs::write(&bad, bytes).unwrap();
        let refused = run(&["restore", bad.to_str().unwrap()]).await;
        assert_eq!(refused.status.code(), Some(1));
        let error = text(&refused.stderr);
        assert!(error.contains(told), "{told}: {error}");
    }
    let restored = run(&["restore", copy, "--json"]).await;
    assert_eq!(
        restored.status.code(),
        Some(0),
        "{}",
        text(&restored.stderr)
    );
    let answer: Value = serde_json::from_slice(&restored.stdout).unwrap();
    let aside = Path::new(answer["keptAside"].as_str().unwrap());
    assert!(aside.join("relay.db").exists());
    let left = std::fs::read_dir(directory.path().join("live")).unwrap();
    let mut left: Vec<_> = left.map(|entry| entry.unwrap().file_name()).collect();
    left.sort();
    assert_eq!(
        left,
        ["closed-in-order", "relay.db"],
        "no log stands beside the restored file"
    );
    let daemon = Daemon::start(directory.path(), &partner.url(), "").await;
    let arrived = partner.wait_until(|all| !all.is_empty()).await;
    let first = first.as_str().unwrap();
    assert_eq!(arrived[0].header("x-request-id"), first);
    // It arrives a moment before its result is written.
    let is_delivered = |shown: &Value| shown["status"] == "delivered";
    daemon.until(&["show", first], is_delivered).await;
    assert_eq!(daemon.json(&["status"]).await["events"]["accepted"], 0);
    daemon.kill().await;
}

#[tokio::test]
async fn a_damaged_database_is_left_untouched_and_the_way_back_is_told() {
    let directory = TempDir::new().unwrap();
    let daemon = Daemon::start(directory.path(), "", "").await;
    daemon.json(&["send", "a.b"]).await;
    let copy = directory.path().join("copy.db");
    daemon.json(&["backup", copy.to_str().unwrap()]).await;
    let config = daemon.config.clone();
    daemon.kill().await;
    // As a disk does it that loses a sector.
    let live = directory.path().join("live");
    let mut bytes = std::fs::read(&copy).unwrap();
    bytes[4096..4608].fill(0xff);
    std::fs::remove_file(live.join("relay.db-wal")).unwrap();
    std::fs::write(live.join("relay.db"), &bytes).unwrap();
    let mut command = program();
    let output = command
        .args(["serve", "--config"])
        .arg(&config)
        .output()
        .await
        .unwrap();
    let told = text(&output.stderr);
    assert_eq!(output.status.code(), Some(1));
    assert!(told.contains("voicedrive-relay restore"), "{told}");
    assert!(told.contains("relay-backup.db"), "{told}");
    assert_eq!(std::fs::read(live.join("relay.db")).unwrap(), bytes);
}

#[tokio::test]
async fn a_clock_that_is_set_neither_hurries_retries_nor_blocks_them() {
    let year = Duration::from_hours(24 * 365);
    for wrong in [noon().after(year), noon().before(year)] {
        let mut bench = Bench::new(&[60, 300], Duration::from_secs(5)).await;
        bench.partner.always_answers(Some(status(503)));
        let first = bench.accept("a.b").await;
        assert_eq!(bench.dispatcher.step().await, 1);
        bench.clock.set(wrong);
        // What is accepted after the step is due at once, whatever waited before it.
        bench.accept("c.d").await;
        assert_eq!(bench.dispatcher.step().await, 1, "at {wrong}");
        bench.clock.advance(Duration::from_secs(59));
        assert_eq!(bench.dispatcher.step().await, 0);
        bench.clock.advance(Duration::from_secs(1));
        assert_eq!(bench.dispatcher.step().await, 2, "both wait a minute");
        // A time server sets it right again, and a retry was planned in between.
        bench.clock.set(noon());
        assert_eq!(bench.dispatcher.step().await, 0);
        let shown = bench.store.event(&first, bench.clock.moment()).await;
        let next = shown.unwrap().unwrap().summary.next_retry_at.unwrap();
        assert_eq!(
            next,
            noon().after(Duration::from_mins(5)),
            "by the clock as it is set now"
        );
        bench.clock.advance(Duration::from_mins(5));
        assert_eq!(bench.dispatcher.step().await, 2);
    }
}

#[tokio::test]
async fn a_wait_outlives_a_restart_and_a_clock_that_was_set_meanwhile() {
    let hour = Duration::from_hours(1);
    for wrong in [Duration::ZERO, hour * 24 * 3650] {
        let mut bench = Bench::new(&[3600], Duration::from_secs(5)).await;
        bench.partner.always_answers(Some(status(503)));
        // The clock is wrong, by nothing or by ten years, when the wait begins, and right at the next start.
        bench.clock.set(noon().after(wrong));
        bench.accept("a.b").await;
        assert_eq!(bench.dispatcher.step().await, 1);
        bench.store.clone().close(bench.clock.moment()).await;
        bench.clock.set(noon());
        let mut bench = bench.restarted();
        assert_eq!(bench.dispatcher.step().await, 0);
        bench.clock.advance(Duration::from_secs(3599));
        assert_eq!(bench.dispatcher.step().await, 0);
        bench.clock.advance(Duration::from_secs(1));
        assert_eq!(bench.dispatcher.step().await, 1);
    }
}

#[tokio::test]
async fn a_clock_that_leaps_ahead_purges_nothing_over_restarts_either() {
    let year = Duration::from_hours(24 * 365);
    let mut bench = Bench::new(&[60], Duration::from_secs(5)).await;
    let id = bench.accept("a.b").await;
    assert_eq!(bench.dispatcher.step().await, 1);
    bench.clock.set(noon().after(year));
    let purge = async |bench: &Bench| {
        let kept = RetentionPeriods {
            days: 90,
            ingested: Duration::ZERO,
        };
        Retention::new(bench.store.clone(), bench.clock.clone(), kept)
            .step()
            .await;
        let found = bench.store.event(&id, bench.clock.moment()).await;
        found.unwrap().is_some()
    };
    assert!(purge(&bench).await);
    // A probe, as health and the watchdog make it, believes nothing; nor does a restart.
    bench.store.probe(bench.clock.moment()).await.unwrap();
    bench.store.clone().close(bench.clock.moment()).await;
    let bench = bench.restarted();
    assert!(purge(&bench).await);
    bench.clock.advance(Duration::from_hours(25));
    assert!(
        purge(&bench).await,
        "that it is believed after a day makes nothing older"
    );
    bench.clock.advance(Duration::from_hours(24 * 90));
    assert!(!purge(&bench).await);
}

/// A clock that was wrong, over which restart whatsoever, and then is right.
#[tokio::test]
async fn what_was_accepted_while_the_clock_was_wrong_is_as_old_as_it_is() {
    let (hour, day) = (Duration::from_hours(1), Duration::from_hours(24));
    let long_ago = noon().before(day * 7300);
    for (wrong, first) in [
        (long_ago, false),
        (long_ago, true),
        (noon().after(day * 3650), false),
        (noon().after(day * 3650), true),
    ] {
        let mut bench = Bench::new(&[60], Duration::from_secs(5)).await;
        let purge = async |bench: &Bench, days| {
            let ingested = Duration::ZERO;
            Retention::new(
                bench.store.clone(),
                bench.clock.clone(),
                RetentionPeriods { days, ingested },
            )
            .step()
            .await;
        };
        let is_there = async |bench: &Bench, id: &String| {
            let found = bench.store.event(id, bench.clock.moment()).await;
            found.unwrap().is_some()
        };
        if first {
            // Nothing was kept before.
            bench.clock.set(wrong);
            bench.store.probe(bench.clock.moment()).await.unwrap();
        } else {
            bench.accept("a.b").await;
            assert_eq!(bench.dispatcher.step().await, 1);
            bench.store.clone().close(bench.clock.moment()).await;
            bench.clock.set(wrong);
            bench = bench.restarted();
        }
        let id = bench.accept("a.b").await;
        assert_eq!(bench.dispatcher.step().await, 1);
        purge(&bench, 90).await;
        bench.clock.advance(hour * 30);
        purge(&bench, 90).await;
        bench.store.clone().close(bench.clock.moment()).await;
        bench.clock.set(noon().after(hour * 31));
        bench = bench.restarted();
        for _ in 0..3 {
            purge(&bench, 30).await;
            bench.clock.advance(hour * 25);
        }
        assert!(is_there(&bench, &id).await, "{wrong} {first}");
        bench.clock.advance(day * 31);
        purge(&bench, 30).await;
        assert!(!is_there(&bench, &id).await, "{wrong} {first}");
    }
}

#[tokio::test]
async fn an_event_that_was_handed_over_is_sent_though_older_ones_were_purged() {
    let mut bench = Bench::new(&[60], Duration::from_secs(5)).await;
    for _ in 0..5 {
        bench.accept("a.b").await;
    }
    assert_eq!(bench.dispatcher.step().await, 5);
    let moment = bench.clock.moment();
    bench.store.leave_milestone(moment).await.unwrap();
    bench.clock.advance(Duration::from_hours(24 * 100));
    let (kept, moment) = (Duration::from_hours(24), bench.clock.moment());
    let purged = bench.store.purge_events(kept, moment, 0).await.unwrap();
    assert_eq!(purged.events, 5);
    let accepted = bench.accept_one("a.b").await;
    bench.handoff.give(accepted.due.unwrap());
    assert_eq!(bench.dispatcher.step().await, 1);
}

#[tokio::test]
async fn a_stop_makes_a_last_copy_unless_one_takes_very_long() {
    for (seconds, held) in [(3, 2), (100, 2), (301, 1)] {
        let bench = Bench::new(&[60], Duration::from_secs(5)).await;
        let backup = BackupFile::new(bench.store.clone(), bench.clock.clone(), bench.directory());
        let file = bench.store.file().backup_path();
        bench.accept("a.b").await;
        bench.clock.measures_at_least(Duration::from_secs(seconds));
        backup.refresh().await.unwrap();
        bench.clock.measures_at_least(Duration::ZERO);
        bench.accept("a.b").await;
        backup.final_backup().await;
        let events = snapshot::verify(&file).unwrap().events;
        assert_eq!(events, held, "{seconds} s");
    }
}

#[tokio::test]
async fn what_is_no_ordinary_file_is_no_copy() {
    let bench = Bench::new(&[60], Duration::from_secs(5)).await;
    let file = bench.store.file().backup_path();
    let at = || {
        let kept = BackupFile::new(bench.store.clone(), bench.clock.clone(), bench.directory());
        kept.last().at
    };
    fs::write(&file, "a copy").unwrap();
    assert!(at().is_some());
    fs::remove_file(&file).unwrap();
    fs::create_dir(&file).unwrap();
    assert_eq!(at(), None);
    fs::remove_dir(&file).unwrap();
    let elsewhere = bench.directory().join("elsewhere");
    fs::write(&elsewhere, "a copy").unwrap();
    symlink(&elsewhere, &file).unwrap();
    assert_eq!(at(), None);
}

#[tokio::test]
async fn a_copy_whose_caller_goes_away_is_finished_before_the_next_begins() {
    let bench = Bench::new(&[60], Duration::from_secs(5)).await;
    let payload = "x".repeat(1_000_000);
    for _ in 0..30 {
        bench
            .accept_data(&format!("{{\"pad\":\"{payload}\"}}"))
            .await;
    }
    let backup = BackupFile::new(bench.store.clone(), bench.clock.clone(), bench.directory());
    let file = bench.store.file().backup_path();
    for _ in 0..10 {
        // Given up in the middle: a reload, a stop, a caller that hangs up.
        let copying = backup.clone();
        let given_up = tokio::spawn(async move { copying.refresh().await });
        tokio::task::yield_now().await;
        given_up.abort();
        backup.refresh().await.unwrap();
        assert_eq!(snapshot::verify(&file).unwrap().events, 30);
    }
}
