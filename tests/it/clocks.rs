//! The wall clock is set while the relay runs, and nothing that waits notices.

use std::sync::Arc;
use std::time::Duration;

use reqwest::Method;
use rusqlite::Connection;
use serde_json::{Value, json};
use tempfile::TempDir;
use voicedrive_relay::testing::store::file::live_file;
use voicedrive_relay::testing::token::Scope;
use voicedrive_relay::testing::upkeep::retention::{Retention, RetentionPeriods};
use voicedrive_relay::testing::upkeep::timekeeper::Timekeeper;

use crate::harness::{Bench, Clock, Partner, TestRelay, control_client, noon, status, token};

#[tokio::test]
async fn what_was_written_between_two_steps_of_the_clock_waits_as_long_as_everything_else() {
    let day = Duration::from_hours(24);
    for (first, second) in [
        (noon().after(day), noon().before(day)),
        (noon().before(day), noon().after(day)),
        (noon().after(day * 400), noon()),
    ] {
        let mut bench = Bench::new(&[600, 600], Duration::from_secs(5)).await;
        bench.partner.always_answers(Some(status(503)));
        let mut ids = Vec::new();
        // One before the first step, one between the two, one after both; a minute passes each time.
        for set in [None, Some(first), Some(second)] {
            if let Some(wall) = set {
                bench.clock.set(wall);
            }
            ids.push(bench.accept("a.b").await);
            assert_eq!(bench.dispatcher.step().await, 1, "due at once");
            bench.clock.advance(Duration::from_mins(1));
        }
        // Nothing is due before ten minutes are over, and then each in its turn.
        bench.clock.advance(Duration::from_secs(600 - 3 * 60 - 1));
        assert_eq!(bench.dispatcher.step().await, 0);
        for id in &ids {
            bench.clock.advance(Duration::from_secs(1));
            assert_eq!(bench.dispatcher.step().await, 1);
            let shown = bench.store.event(id, bench.clock.moment()).await;
            let summary = shown.unwrap().unwrap().summary;
            assert_eq!(summary.retry_count, 1);
            let next = summary.next_retry_at.unwrap();
            assert_eq!(next, bench.clock.now().after(Duration::from_mins(10)));
            bench.clock.advance(Duration::from_secs(59));
            assert_eq!(bench.dispatcher.step().await, 0);
        }
    }
}

#[tokio::test]
async fn a_crash_after_the_clock_was_set_hurries_nothing() {
    for hours in [2, 24 * 400] {
        let mut bench = Bench::new(&[3600], Duration::from_secs(5)).await;
        bench.partner.always_answers(Some(status(503)));
        bench.accept("a.b").await;
        assert_eq!(bench.dispatcher.step().await, 1);
        bench.clock.advance(Duration::from_mins(1));
        let wrong = bench.clock.now().after(Duration::from_hours(hours));
        bench.clock.set(wrong);
        let mut timekeeper = Timekeeper::new(bench.store.clone(), bench.clock.clone());
        timekeeper.step().await;
        let mut bench = bench.crashed();
        bench.clock.advance(Duration::from_secs(3539));
        assert_eq!(bench.dispatcher.step().await, 0, "{hours} hours");
        bench.clock.advance(Duration::from_secs(1));
        assert_eq!(bench.dispatcher.step().await, 1);
    }
}

#[tokio::test]
async fn a_clock_that_was_set_right_again_purges_at_once_what_is_old() {
    let mut bench = Bench::new(&[60], Duration::from_secs(5)).await;
    let old = bench.accept("a.b").await;
    assert_eq!(bench.dispatcher.step().await, 1);
    let year = Duration::from_hours(24 * 365);
    bench.clock.set(noon().after(year));
    bench.store.probe(bench.clock.moment()).await.unwrap();
    assert!(bench.store.doubts_the_clock(bench.clock.moment()));
    bench.clock.set(noon());
    assert!(!bench.store.doubts_the_clock(bench.clock.moment()));
    // Over a restart too.
    bench.clock.set(noon().after(year));
    bench.store.clone().close(bench.clock.moment()).await;
    bench.clock.set(noon());
    let bench = bench.restarted();
    assert!(!bench.store.doubts_the_clock(bench.clock.moment()));
    // Two days pass, and nobody has to wait another one.
    bench.clock.advance(Duration::from_hours(48));
    let kept = RetentionPeriods {
        days: 1,
        ingested: Duration::ZERO,
    };
    Retention::new(bench.store.clone(), bench.clock.clone(), kept)
        .step()
        .await;
    let found = bench.store.event(&old, bench.clock.moment()).await;
    assert!(found.unwrap().is_none());
}

#[tokio::test]
async fn a_clock_far_ahead_ends_no_token_for_a_day() {
    let clock = Clock::manual(noon());
    let partner = Partner::start(clock.clone()).await;
    let relay = TestRelay::start_with(&partner.url(), "", clock.clone()).await;
    let hour = Duration::from_hours(1);
    // It is good for a day.
    let held = format!(
        "Bearer {}",
        token(&[Scope::EventsRead], clock.now().after(hour))
    );
    let asked = async || {
        let headers = [("authorization", held.as_str())];
        relay
            .call(Method::GET, "/api/events", &headers, "")
            .await
            .status
    };
    let ahead = hour * 24 * 400;
    clock.set(noon().after(ahead));
    assert_eq!(asked().await, 200);
    // By the time that has passed it ends.
    clock.advance(hour * 23);
    assert_eq!(asked().await, 200);
    // The clock is believed now.
    clock.advance(hour);
    assert_eq!(asked().await, 401);
    // One that is behind turns nobody away whose token was issued by it.
    clock.set(noon());
    assert_eq!(asked().await, 200);
    relay.stop().await;
}

/// The purge's first batch is measured as long, and the pause after it is then longer than the test. Everything else is
/// done by a clock that stands still until the next backup is due.
#[tokio::test]
async fn the_backup_file_is_kept_fresh_while_much_is_purged() {
    let clock = Clock::manual(noon());
    let partner = Partner::start(clock.clone()).await;
    let directory = Arc::new(TempDir::new().unwrap());
    let more = "[storage]\nbackup_interval_seconds = 1\nretention_days = 1\n";
    let relay =
        TestRelay::start_in(Arc::clone(&directory), &partner.url(), more, clock.clone()).await;
    let event = json!({"event": "a.b", "data": {}});
    let batch = json!(vec![&event; 100]).to_string();
    assert_eq!(relay.post("/api/events/batch", batch).await.status, 202);
    partner.wait_until(|all| all.len() == 100).await;
    let client = control_client(directory.path());
    let post = async |path: &str, body: String| {
        let request = client.post(format!("http://relay{path}")).body(body);
        let request = request.header("content-type", "application/json");
        request.send().await.unwrap().status().as_u16()
    };
    let until = async |enough: &dyn Fn(&Value) -> bool| {
        let waiting = async {
            loop {
                let answer = client.get("http://relay/control/status").send().await;
                let text = answer.unwrap().text().await.unwrap();
                let shown: Value = serde_json::from_str(&text).unwrap();
                if enough(&shown["data"]) {
                    return shown["data"].clone();
                }
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        let waited = tokio::time::timeout(Duration::from_secs(30), waiting).await;
        waited.expect("it never came to that")
    };
    until(&|shown| shown["events"]["delivered"] == 100).await;
    // A purge that finds nothing old keeps how far the events have come.
    clock.advance(Duration::from_hours(1));
    let database = Connection::open(live_file(directory.path())).unwrap();
    let milestone = || -> i64 {
        let newest = "SELECT max(events) FROM milestones";
        database.query_row(newest, [], |row| row.get(0)).unwrap()
    };
    until(&|_| milestone() == 100).await;
    clock.measures_at_least(Duration::from_secs(10));
    clock.advance(Duration::from_hours(48));
    until(&|shown| shown["events"]["delivered"].as_u64() < Some(100)).await;
    clock.measures_at_least(Duration::ZERO);
    // No copy is under way after this one, and no other is due as long as the clock stands.
    assert_eq!(post("/control/backup", String::new()).await, 200);
    assert_eq!(post("/api/events", event.to_string()).await, 202);
    let began = until(&|_| true).await;
    clock.advance(Duration::from_secs(2));
    let after = until(&|shown| shown["backup"]["at"] != began["backup"]["at"]).await;
    let left = after["events"]["delivered"].as_u64();
    assert!(left > Some(1), "the purge had ended: {after}");
    relay.stop().await;
}
