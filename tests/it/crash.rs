//! Killed, stopped and reloaded at random moments under load, in the middle of whatever else goes on: what was
//! acknowledged arrives.

use std::collections::HashSet;
use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use proptest::prelude::Rng;
use proptest::test_runner::{RngAlgorithm, TestRng};
use rusqlite::Connection;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::process::{Child, Command};
use tokio::sync::Semaphore;
use voicedrive_relay::testing::config::Environment;
use voicedrive_relay::testing::store::file::inspect::count_differences;
use voicedrive_relay::testing::store::file::snapshot;
use voicedrive_relay::testing::token::Scope;

use crate::commands::{Daemon, program};
use crate::harness::{Clock, Partner, TestRelay, client, noon, status, token};

/// Rounds when nothing else is said; `CRASH_ROUNDS` says more.
const ROUNDS: usize = 25;
/// The longest that a round may wait for acknowledgements.
const PATIENCE: Duration = Duration::from_secs(30);
/// Callers that hand in events at the same time.
const CALLERS: usize = 4;
/// Deliveries of a year ago, which are purged meanwhile.
const OLD: usize = 2000;
/// Interview records in the file that is imported meanwhile.
const RECORDS: usize = 500;
/// What people ask for meanwhile. Each of them goes away at a random moment.
const ASKED: [&[&str]; 4] = [
    &["backup", "copy.db"],
    &["import", "interviews", "records.ndjson"],
    &["resend", "--status", "retrying"],
    &["alert", "test"],
];

/// The exit code of a command that was typed wrongly.
const USAGE: i32 = 2;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_acknowledged_event_is_lost_however_often_it_is_killed() {
    let environment = Environment::of_process();
    let rounds = given(&environment, "CRASH_ROUNDS").unwrap_or(ROUNDS);
    // Another one each time; it is printed, and CRASH_SEED gives it again.
    let seed = given(&environment, "CRASH_SEED")
        .unwrap_or_else(|| Clock::System.now().unix_ms().unsigned_abs());
    println!("seed {seed}, {rounds} rounds");
    let mut random = TestRng::from_seed(RngAlgorithm::ChaCha, &seed_bytes(seed));
    let directory = Arc::new(TempDir::new().unwrap());
    deliver_a_year_ago(&directory).await;
    write_records(&directory.path().join("records.ndjson"));
    let partner = Partner::start(Clock::System).await;
    let more = "concurrency = 4\ntimeout_seconds = 2\n\
                [retry]\nintervals_seconds = [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]\n\
                [storage]\nbackup_interval_seconds = 1\nretention_days = 30\n";
    let backup = directory.path().join("relay-backup.db");
    let mut acknowledged: HashSet<String> = HashSet::new();
    for _ in 0..rounds {
        let daemon = Daemon::start(directory.path(), &partner.url(), more).await;
        imported_or_not(directory.path());
        // Some attempts fail, so that retries are under way as well.
        partner.will_answer((0..random.next_u32() % 8).map(|_| status(503)));
        let acknowledging = Arc::new(Semaphore::new(0));
        let callers: Vec<_> = (0..CALLERS)
            .map(|_| tokio::spawn(hand_in(daemon.url.clone(), Arc::clone(&acknowledging))))
            .collect();
        // A random number of acknowledgements, and a random moment after the last of them.
        let enough = acknowledging.acquire_many(random.next_u32() % 60);
        let enough = tokio::time::timeout(PATIENCE, enough).await;
        enough
            .expect("nothing is acknowledged any more")
            .unwrap()
            .forget();
        let mut asking = Vec::new();
        for _ in 0..random.next_u32() % 3 {
            let words = ASKED[random.next_u32() as usize % ASKED.len()];
            asking.push(ask(&daemon, directory.path(), words));
            some_time(&mut random).await;
            if random.next_u32().is_multiple_of(2) {
                daemon.signal("-HUP");
            }
        }
        some_time(&mut random).await;
        // Whoever asked hangs up.
        drop(asking);
        some_time(&mut random).await;
        if random.next_u32().is_multiple_of(4) {
            daemon.stop().await;
        } else {
            daemon.kill().await;
        }
        for caller in callers {
            acknowledged.extend(caller.await.unwrap());
        }
        // Whatever was going on: each of these is a good file, or not there yet.
        for copy in [&backup, &directory.path().join("copy.db")] {
            if copy.exists() {
                snapshot::verify(copy).unwrap();
            }
        }
    }
    assert!(
        acknowledged.len() > rounds,
        "only {} events in all",
        acknowledged.len()
    );
    let daemon = Daemon::start(directory.path(), &partner.url(), more).await;
    partner
        .wait_until(|all| {
            let arrived: HashSet<&str> = all
                .iter()
                .filter(|webhook| webhook.verdict.is_ok())
                .map(|webhook| webhook.header("x-request-id"))
                .collect();
            acknowledged.iter().all(|id| arrived.contains(id.as_str()))
        })
        .await;
    assert_eq!(daemon.all_sent().await["events"]["exhausted"], 0);
    for words in ASKED {
        // Whatever comes of it: a command that does not exist would have been in the middle of nothing.
        let mut command = ask(&daemon, directory.path(), words);
        let ended = tokio::time::timeout(PATIENCE, command.wait()).await;
        assert_ne!(ended.unwrap().unwrap().code(), Some(USAGE), "{words:?}");
    }
    daemon.kill().await;
    invariants(directory.path(), &acknowledged);
}

/// Leaves deliveries behind that are old enough to be purged.
async fn deliver_a_year_ago(directory: &Arc<TempDir>) {
    let clock = Clock::manual(noon());
    let partner = Partner::start(clock.clone()).await;
    let relay = TestRelay::start_in(Arc::clone(directory), &partner.url(), "", clock).await;
    let event = |n| json!({"event": "employee.updated", "data": {"staffId": format!("EMP-{n}")}});
    for _ in 0..OLD / 1000 {
        let batch = json!((0..1000).map(event).collect::<Vec<_>>()).to_string();
        assert_eq!(relay.post("/api/events/batch", batch).await.status, 202);
    }
    partner.wait_until(|all| all.len() == OLD).await;
    relay.stop().await;
    // Otherwise the clock would be a year ahead of the time that passed, and would not be believed.
    let database = Connection::open(directory.path().join("live/relay.db")).unwrap();
    database.execute("DELETE FROM relay_time", []).unwrap();
    // The copy still has it, and would have more than the database.
    std::fs::remove_file(directory.path().join("relay-backup.db")).unwrap();
}

fn write_records(path: &Path) {
    let record = |n| {
        let record = json!({
            "id": format!("INT-{n}"),
            "employeeId": "EMP-1",
            "interviewType": "regular",
            "interviewDate": "2025-10-26T14:30:00Z",
            "interviewStatus": "completed",
        });
        format!("{record}\n")
    };
    std::fs::write(path, (0..RECORDS).map(record).collect::<String>()).unwrap();
}

/// Whatever broke an import off, the start has ended it: its records are there, or none of them is.
fn imported_or_not(directory: &Path) {
    let database = Connection::open(directory.join("live/relay.db")).unwrap();
    let count = |table: &str| -> usize {
        let sql = format!("SELECT count(*) FROM {table}");
        database.query_row(&sql, [], |row| row.get(0)).unwrap()
    };
    assert!([0, RECORDS].contains(&count("interviews")));
    assert_eq!((count("import_rows"), count("import_decided")), (0, 0));
}

/// Runs a command that is killed when what this answers is dropped.
fn ask(daemon: &Daemon, directory: &Path, words: &[&str]) -> Child {
    let mut command: Command = program();
    command
        .args(words)
        .arg("--config")
        .arg(&daemon.config)
        .current_dir(directory)
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command.spawn().unwrap()
}

/// Lets up to about 50 milliseconds pass.
async fn some_time(random: &mut TestRng) {
    let moment = Duration::from_micros(u64::from(random.next_u32() % 50_000));
    tokio::time::sleep(moment).await;
}

/// A directory with a database with events in it, and a copy to restore.
async fn prepared(events: usize) -> (TempDir, std::path::PathBuf) {
    let directory = TempDir::new().unwrap();
    let daemon = Daemon::start(directory.path(), "", "").await;
    let copy = directory.path().join("copy.db");
    for _ in 0..events {
        daemon.json(&["send", "a.b"]).await;
    }
    daemon.json(&["backup", copy.to_str().unwrap()]).await;
    daemon.json(&["send", "after.the.copy"]).await;
    daemon.kill().await;
    (directory, copy)
}

/// Starts a command and kills it after a random moment; answers whether it had ended before.
async fn killed(command: &mut tokio::process::Command, random: &mut TestRng) -> bool {
    let mut child = command
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let moment = Duration::from_micros(u64::from(random.next_u32() % 40_000));
    let ended = tokio::time::timeout(moment, child.wait()).await.is_ok();
    if !ended {
        child.kill().await.unwrap();
    }
    ended
}

#[tokio::test]
async fn a_restore_that_is_killed_leaves_the_old_or_the_new_database() {
    let environment = Environment::of_process();
    let rounds = given(&environment, "CRASH_ROUNDS").unwrap_or(ROUNDS);
    let seed = given(&environment, "CRASH_SEED")
        .unwrap_or_else(|| Clock::System.now().unix_ms().unsigned_abs());
    println!("seed {seed}, {rounds} rounds");
    let mut random = TestRng::from_seed(RngAlgorithm::ChaCha, &seed_bytes(seed));
    let (directory, copy) = prepared(3).await;
    let config = directory.path().join("config.toml");
    let mut ended = 0;
    for _ in 0..rounds {
        let mut restore = program();
        restore
            .arg("restore")
            .arg(&copy)
            .arg("--config")
            .arg(&config);
        ended += usize::from(killed(&mut restore, &mut random).await);
        let live = Connection::open(directory.path().join("live/relay.db")).unwrap();
        let verdict: String = live
            .query_row("PRAGMA integrity_check", [], |row| row.get(0))
            .unwrap();
        let events: i64 = live
            .query_row("SELECT count(*) FROM events", [], |row| row.get(0))
            .unwrap();
        assert!(
            verdict == "ok" && (3..=4).contains(&events),
            "{verdict}, {events} events"
        );
    }
    println!("{ended} of {rounds} had ended before");
    // And the next one works.
    let mut restore = program();
    restore
        .arg("restore")
        .arg(&copy)
        .arg("--config")
        .arg(&config);
    assert!(restore.output().await.unwrap().status.success());
    let daemon = Daemon::start(directory.path(), "", "").await;
    assert_eq!(daemon.json(&["status"]).await["events"]["accepted"], 3);
    daemon.kill().await;
}

#[tokio::test]
async fn a_first_start_that_is_killed_goes_on_at_the_next() {
    let environment = Environment::of_process();
    let rounds = given(&environment, "CRASH_ROUNDS").unwrap_or(ROUNDS);
    let seed = given(&environment, "CRASH_SEED")
        .unwrap_or_else(|| Clock::System.now().unix_ms().unsigned_abs());
    println!("seed {seed}, {rounds} rounds");
    let mut random = TestRng::from_seed(RngAlgorithm::ChaCha, &seed_bytes(seed));
    let (directory, _) = prepared(0).await;
    let config = directory.path().join("config.toml");
    let live = directory.path().join("live");
    for _ in 0..rounds {
        std::fs::remove_dir_all(&live).unwrap();
        // A daemon that was killed early has made neither.
        let _ = std::fs::remove_file(directory.path().join("identity"));
        let _ = std::fs::remove_file(directory.path().join("relay-backup.db"));
        let mut serve = program();
        serve.arg("serve").arg("--config").arg(&config);
        killed(&mut serve, &mut random).await;
        let daemon = Daemon::start(directory.path(), "", "").await;
        daemon.json(&["send", "a.b"]).await;
        assert_eq!(daemon.json(&["status"]).await["events"]["accepted"], 1);
        daemon.kill().await;
        assert_eq!(count_differences(directory.path()).unwrap(), Some(0));
    }
}

/// Hands in events one after the other until the daemon is gone; answers what it acknowledged.
async fn hand_in(url: String, acknowledging: Arc<Semaphore>) -> Vec<String> {
    let client = client();
    let bearer = token(&[Scope::EventsWrite], Clock::System.now());
    let mut acknowledged = Vec::new();
    loop {
        let request = client
            .post(format!("{url}/api/events"))
            .bearer_auth(&bearer)
            .header("content-type", "application/json")
            .body(format!(
                r#"{{"event":"employee.updated","data":{{"staffId":"EMP-{}"}}}}"#,
                acknowledged.len() % 50
            ));
        let Ok(response) = request.send().await else {
            return acknowledged;
        };
        let accepted = response.status() == 202;
        // It is being stopped.
        if response.status() == 503 {
            return acknowledged;
        }
        // An answer that broke off in the middle was not an acknowledgement.
        let Ok(body) = response.text().await else {
            return acknowledged;
        };
        assert!(accepted, "{body}");
        let body: Value = serde_json::from_str(&body).unwrap();
        acknowledged.push(body["data"]["id"].as_str().unwrap().to_owned());
        acknowledging.add_permits(1);
    }
}

fn invariants(directory: &Path, acknowledged: &HashSet<String>) {
    let database = Connection::open(directory.join("live/relay.db")).unwrap();
    let number = |sql: &str| -> i64 { database.query_row(sql, [], |row| row.get(0)).unwrap() };
    let verdict: String = database
        .query_row("PRAGMA integrity_check", [], |row| row.get(0))
        .unwrap();
    assert_eq!(verdict, "ok");
    assert_eq!(count_differences(directory).unwrap(), Some(0));
    for id in acknowledged {
        let rows: i64 = database
            .query_row(
                "SELECT count(*) FROM webhook_send_logs WHERE id = ?1 AND status = 'success'",
                [id],
                |row| row.get(0),
            )
            .unwrap();
        assert_eq!(rows, 1, "{id} has one log row");
    }
    assert_eq!(number("SELECT count(*) FROM outbox"), 0);
    assert_eq!(
        number("SELECT count(*) FROM webhook_retry_queue WHERE status <> 'completed'"),
        0
    );
    assert_eq!(
        number("SELECT count(*) FROM events"),
        number("SELECT count(*) FROM webhook_send_logs")
    );
    assert_eq!(
        number("SELECT count(*) FROM attempts"),
        number("SELECT sum(retry_count + 1) FROM webhook_send_logs"),
        "attempts are counted without a gap"
    );
}

/// A number from the environment.
fn given<T: std::str::FromStr>(environment: &Environment, name: &str) -> Option<T> {
    environment.var(name)?.parse().ok()
}

fn seed_bytes(seed: u64) -> [u8; 32] {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    bytes
}
