//! One event of a person after the other, over real sockets: whatever fails, is sent again or is killed, what
//! VoiceDrive has in the end is what was accepted, in that order.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use proptest::prelude::Rng;
use proptest::test_runner::{RngAlgorithm, TestRng};
use rusqlite::Connection;
use serde_json::{Value, json};
use tempfile::TempDir;
use voicedrive_relay::testing::delivery::profile::Profile;
use voicedrive_relay::testing::receiver::{ReceivedWebhook, Receiver, ScriptedAnswer, Verifier};
use voicedrive_relay::testing::store::file::inspect::count_differences;
use voicedrive_relay::testing::token::Scope;

use crate::commands::{Daemon, program};
use crate::harness::{Clock, Partner, TestRelay, client, status, token, webhook_secrets};

/// How often it is killed.
const ROUNDS: usize = 6;
const KINDS: [&str; 4] = [
    "employee.created",
    "employee.updated",
    "employee.photo.updated",
    "employee.retired",
];

/// What VoiceDrive keeps of a person: the number of the event that made the name so, and the photo.
type Persons = BTreeMap<String, (u64, Option<u64>)>;

/// Applies an event as VoiceDrive does: whatever comes last, and nothing about a person whom it does not know.
fn apply(persons: &mut Persons, event_type: &str, data: &Value) {
    let person = data["staffId"].as_str().unwrap().to_owned();
    let number = data["n"].as_u64().unwrap();
    match event_type {
        "employee.created" => drop(persons.insert(person, (number, None))),
        "employee.retired" => drop(persons.remove(&person)),
        "employee.photo.updated" => {
            persons
                .entry(person)
                .and_modify(|kept| kept.1 = Some(number));
        }
        _ => {
            persons.entry(person).and_modify(|kept| kept.0 = number);
        }
    }
}

/// A VoiceDrive that keeps persons, and answers as it is told.
#[derive(Default)]
struct Partly {
    persons: Persons,
    /// Of how many webhooks it refuses one, with which status; none: it takes all.
    refuses: Option<(usize, u16)>,
    received: usize,
}

impl Partly {
    fn answer(&mut self, received: &ReceivedWebhook) -> ScriptedAnswer {
        self.received += 1;
        if let Some((every, with)) = self.refuses
            && self.received.is_multiple_of(every)
        {
            return status(with);
        }
        if received.verdict.is_ok() {
            let body: Value = serde_json::from_slice(&received.body).unwrap();
            apply(&mut self.persons, &received.event_type, &body["data"]);
        }
        received.default_answer()
    }
}

async fn start(kept: &Arc<Mutex<Partly>>) -> Receiver {
    let judge = Verifier {
        profile: Profile::built_in("medical-system").unwrap(),
        secrets: webhook_secrets(),
        clock: Clock::System,
    };
    let kept = Arc::clone(kept);
    let script = Arc::new(move |received: &ReceivedWebhook| kept.lock().unwrap().answer(received));
    let address = ([127, 0, 0, 1], 0).into();
    Receiver::start(address, judge, script).await.unwrap()
}

/// Hands in some events about three persons, in one batch.
async fn hand_in(daemon: &Daemon, random: &mut TestRng, next: &mut u64) {
    let events: Vec<Value> = (0..=random.next_u32() % 8)
        .map(|_| {
            *next += 1;
            let kind = KINDS[random.next_u32() as usize % KINDS.len()];
            let person = format!("EMP-{}", random.next_u32() % 3);
            json!({"event": kind, "data": {"staffId": person, "n": *next}})
        })
        .collect();
    let request = client()
        .post(format!("{}/api/events/batch", daemon.url))
        .bearer_auth(token(&[Scope::EventsWrite], Clock::System.now()))
        .header("content-type", "application/json")
        .body(json!(events).to_string());
    assert_eq!(request.send().await.unwrap().status(), 202);
}

/// All events, in the order of acceptance.
fn accepted(directory: &Path) -> Vec<(String, String, Value)> {
    let database = Connection::open(directory.join("live/relay.db")).unwrap();
    let mut events = database
        .prepare("SELECT id, event_type, data FROM events ORDER BY seq")
        .unwrap();
    let rows = events.query_map([], |row| {
        let data: String = row.get(2)?;
        Ok((
            row.get(0)?,
            row.get(1)?,
            serde_json::from_str(&data).unwrap(),
        ))
    });
    rows.unwrap().collect::<rusqlite::Result<_>>().unwrap()
}

/// A moment at which nothing is sent yet, long after the test.
fn soon() -> String {
    Clock::System
        .now()
        .after(Duration::from_hours(1))
        .to_string()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_outages_refusals_resends_holds_and_kills_voicedrive_has_what_was_accepted_in_order()
{
    let seed = Clock::System.now().unix_ms().unsigned_abs();
    println!("seed {seed}");
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    let mut random = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
    let directory = TempDir::new().unwrap();
    let kept = Arc::new(Mutex::new(Partly::default()));
    let receiver = start(&kept).await;
    let url = format!("http://{}/webhook", receiver.address());
    let more = "[retry]\nintervals_seconds = [1, 1]\n";
    let mut next = 0;
    for _ in 0..ROUNDS {
        let daemon = Daemon::start(directory.path(), &url, more).await;
        for _ in 0..4 {
            let answers = [
                None,
                Some((1, 503)),
                Some((2, 503)),
                Some((3, 400)),
                Some((2, 401)),
            ];
            kept.lock().unwrap().refuses = answers[random.next_u32() as usize % answers.len()];
            hand_in(&daemon, &mut random, &mut next).await;
            match random.next_u32() % 7 {
                0 => drop(daemon.json(&["resend", "--status", "exhausted"]).await),
                1 => drop(daemon.json(&["resend", "--status", "delivered"]).await),
                2 => {
                    let events = accepted(directory.path());
                    let (id, ..) = &events[random.next_u32() as usize % events.len()];
                    drop(daemon.json(&["resend", id]).await);
                }
                3 => drop(
                    daemon
                        .json(&["hold", "--until", &soon(), "maintenance"])
                        .await,
                ),
                // Without a hold, and without anything to recover, it is refused.
                4 => drop(daemon.run(&["hold", "end"]).await),
                5 => drop(daemon.run(&["recover"]).await),
                _ => daemon.signal("-HUP"),
            }
            tokio::time::sleep(Duration::from_millis(u64::from(random.next_u32() % 200))).await;
        }
        daemon.kill().await;
    }
    kept.lock().unwrap().refuses = None;
    let daemon = Daemon::start(directory.path(), &url, more).await;
    drop(daemon.run(&["hold", "end"]).await);
    daemon.all_sent().await;
    daemon.json(&["resend", "--status", "exhausted"]).await;
    daemon.all_sent().await;
    assert_eq!(daemon.json(&["status"]).await["events"]["exhausted"], 0);
    daemon.kill().await;
    assert_eq!(count_differences(directory.path()).unwrap(), Some(0));
    let mut expected = Persons::new();
    for (_, event_type, data) in accepted(directory.path()) {
        apply(&mut expected, &event_type, &data);
    }
    assert_eq!(kept.lock().unwrap().persons, expected);
}

#[tokio::test]
async fn an_event_says_for_which_one_it_waits_and_a_resend_what_follows() {
    let partner = Partner::start(Clock::System).await;
    let more = "[retry]\nintervals_seconds = [3600]";
    let relay = TestRelay::start_with(&partner.url(), more, Clock::System).await;
    partner.will_answer([status(503)]);
    let first = relay.accept_of("EMP-1", "employee.created").await;
    relay.wait_for_status(&first, "retrying").await;
    let second = relay.accept_of("EMP-1", "employee.photo.updated").await;
    let other = relay.accept_of("EMP-2", "employee.created").await;
    relay.wait_for_status(&other, "delivered").await;
    let waiting = relay.wait_for_status(&second, "accepted").await;
    assert_eq!(waiting["waitsFor"], json!(first));
    assert_eq!(waiting["nextRetryAt"], Value::Null);
    let list = relay.get("/api/events?status=accepted").await;
    assert_eq!(list.data()["items"][0]["waitsFor"], json!(first));
    let path = |id: &str| format!("/api/events/{id}/resend");
    let resent = relay.post(&path(&first), "").await;
    assert_eq!(resent.data()["follows"], 0, "it was never sent");
    let delivered = relay.wait_for_status(&second, "delivered").await;
    assert_eq!(delivered.get("waitsFor"), None);
    let bulk = json!({"eventType": "employee.created", "staffId": "EMP-1", "dryRun": true});
    let counted = relay.post("/api/events/resend", bulk.to_string()).await;
    let counted = counted.data();
    assert_eq!(
        (&counted["matched"], &counted["follows"]),
        (&json!(1), &json!(1))
    );
    let resent = relay.post(&path(&first), r#"{"only": true}"#).await;
    assert_eq!(resent.data()["follows"], 0);
    partner.wait_until(|all| all.len() == 5).await;
    relay.wait_for_status(&first, "delivered").await;
    let resent = relay.post(&path(&first), r#"{"only": false}"#).await;
    assert_eq!(resent.data()["follows"], 1);
    let received = partner.wait_until(|all| all.len() == 7).await;
    let ids: Vec<&str> = received[5..]
        .iter()
        .map(|webhook| webhook.header("x-request-id"))
        .collect();
    assert_eq!(ids, [&first, &second]);
    assert_eq!(received[6].body, received[3].body, "the same bytes");
    let refused = relay.post(&path(&first), r#"{"onyl": true}"#).await;
    assert_eq!(refused.status, 400);
}

#[tokio::test]
async fn a_tail_of_more_than_two_hundred_is_refused_with_its_length() {
    let partner = Partner::start(Clock::System).await;
    let relay = TestRelay::start_with(&partner.url(), "", Clock::System).await;
    let event = json!({"event": "a.b", "data": {"staffId": "EMP-1"}});
    let batch = json!(vec![event; 202]).to_string();
    let batch = relay.post("/api/events/batch", batch).await;
    let events = &batch.data()["events"];
    let last = events[201]["id"].as_str().unwrap();
    relay.wait_for_status(last, "delivered").await;
    let resend = |at: usize| format!("/api/events/{}/resend", events[at]["id"].as_str().unwrap());
    let refused = relay.post(&resend(0), "").await;
    assert_eq!((refused.status, refused.error().0), (409, "CONFLICT"));
    assert!(
        refused.error().1.starts_with("201 later events"),
        "{refused:?}"
    );
    assert_eq!(relay.post(&resend(1), "").await.data()["follows"], 200);
    relay.wait_for_status(last, "delivered").await;
}

#[tokio::test]
async fn a_tail_of_more_than_two_hundred_is_refused_in_bulk_too() {
    let partner = Partner::start(Clock::System).await;
    let relay = TestRelay::start_with(&partner.url(), "", Clock::System).await;
    let of = |event: &str| json!({"event": event, "data": {"staffId": "EMP-1"}});
    let mut events = vec![of("first"), of("second")];
    events.extend(vec![of("a.b"); 200]);
    let batch = relay.post("/api/events/batch", json!(events).to_string());
    let batch = batch.await;
    let last = batch.data()["events"][201]["id"].as_str().unwrap();
    relay.wait_for_status(last, "delivered").await;
    let resend = async |body: Value| relay.post("/api/events/resend", body.to_string()).await;
    let counted = resend(json!({"eventType": "first", "dryRun": true})).await;
    assert_eq!(
        (counted.status, &counted.data()["follows"]),
        (200, &json!(201))
    );
    let refused = resend(json!({"eventType": "first"})).await;
    assert_eq!((refused.status, refused.error().0), (409, "CONFLICT"));
    assert!(
        refused.error().1.starts_with("201 later events"),
        "{refused:?}"
    );
    assert_eq!(partner.received().len(), 202, "nothing was sent");
    let alone = resend(json!({"eventType": "first", "only": true})).await;
    assert_eq!((alone.status, &alone.data()["follows"]), (202, &json!(0)));
    let fits = resend(json!({"eventType": "second"})).await;
    assert_eq!((fits.status, &fits.data()["follows"]), (202, &json!(200)));
    // However many are selected: no single one of them has a long tail.
    let all = resend(json!({"staffId": "EMP-1"})).await;
    assert_eq!((all.status, &all.data()["matched"]), (202, &json!(202)));
}

/// VoiceDrive refused it with 400 after a later one, and has it all the same.
#[tokio::test]
async fn what_arrived_on_top_of_a_later_event_is_followed_by_that_one_again() {
    let partner = Partner::start(Clock::System).await;
    let more = "[retry]\nintervals_seconds = [1]";
    let relay = TestRelay::start_with(&partner.url(), more, Clock::System).await;
    partner.will_answer([400, 200, 400].map(status));
    let first = relay.accept_of("EMP-1", "employee.created").await;
    let second = relay.accept_of("EMP-1", "employee.updated").await;
    relay.wait_for_status(&second, "delivered").await;
    relay.wait_for_status(&first, "exhausted").await;
    let list = json!({"received": [{"requestId": first, "processingStatus": "success"}, second]});
    let path = "/api/integration/reconcile";
    let answer = relay.post(path, list.to_string()).await;
    assert_eq!(answer.data()["arrived"], json!([first]));
    let counts = &answer.data()["counts"];
    // Each id counts once.
    assert_eq!(
        (&counts["arrived"], &counts["matched"]),
        (&json!(1), &json!(1))
    );
    assert_eq!(answer.data()["matched"], 1);
    let arrived = partner.wait_until(|received| received.len() == 4).await;
    assert_eq!(arrived[3].header("x-request-id"), second);
    for id in [&first, &second] {
        relay.wait_for_status(id, "delivered").await;
    }
    let answer = relay.post(path, list.to_string()).await;
    assert_eq!(answer.data()["matched"], 2);
    assert_eq!(answer.data()["counts"]["arrived"], 0);
    assert_eq!(partner.received().len(), 4);
}

#[tokio::test]
async fn a_reload_lets_go_what_waits_behind_another() {
    let partner = Partner::start(Clock::System).await;
    let more = "[retry]\nintervals_seconds = [3600]";
    let mut relay = TestRelay::start_with(&partner.url(), more, Clock::System).await;
    partner.will_answer([status(503)]);
    let first = relay.accept_of("EMP-1", "a.b").await;
    relay.wait_for_status(&first, "retrying").await;
    let second = relay.accept_of("EMP-1", "a.b").await;
    let none = format!("order = \"none\"\n{more}");
    relay.reload(&partner.url(), &none).await;
    relay.wait_for_status(&second, "delivered").await;
    relay.reload(&partner.url(), more).await;
    let third = relay.accept_of("EMP-1", "a.b").await;
    let waiting = relay.wait_for_status(&third, "accepted").await;
    assert_eq!(waiting["waitsFor"], json!(first));
}

#[tokio::test]
async fn two_routes_to_one_url_are_noted() {
    let directory = TempDir::new().unwrap();
    let partner = Partner::start(Clock::System).await;
    let more = format!(
        "[[route]]\nevents = [\"a.*\"]\nurl = \"{}\"\n",
        partner.url()
    );
    let daemon = Daemon::start(directory.path(), &partner.url(), &more).await;
    let mut check = program();
    let check = check.arg("check").arg("--config").arg(&daemon.config);
    let told = String::from_utf8(check.output().await.unwrap().stdout).unwrap();
    assert!(told.contains("a.*, default lead to one URL"), "{told}");
    daemon.kill().await;
}
