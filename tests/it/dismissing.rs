//! A person says that what did not arrive needs nothing any more.

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::commands::Daemon;
use crate::harness::{Clock, Partner, TestRelay, WEBHOOK_SECRET, status};

const ONE_RETRY: &str = "[retry]\nintervals_seconds = [1]\n";

/// A relay with two exhausted events.
async fn with_two_exhausted() -> (Partner, TestRelay, [String; 2]) {
    let partner = Partner::start(Clock::System).await;
    partner.always_answers(Some(status(503)));
    let relay = TestRelay::start_with(&partner.url(), ONE_RETRY, Clock::System).await;
    let ids = [relay.accept("a.b").await, relay.accept("a.b").await];
    for id in &ids {
        relay.wait_for_status(id, "exhausted").await;
    }
    (partner, relay, ids)
}

async fn listed(relay: &TestRelay, status: &str) -> Vec<String> {
    let page = relay.get(&format!("/api/events?status={status}")).await;
    let items = page.data()["items"].as_array().unwrap().iter();
    items
        .map(|item| item["id"].as_str().unwrap().to_owned())
        .collect()
}

async fn failed_in_queue(relay: &TestRelay) -> [Value; 2] {
    let stats = relay.get("/api/integration/webhook-stats").await;
    let voicedrive = relay.get("/api/voicedrive/webhook-stats").await;
    [stats, voicedrive].map(|answer| answer.data()["queueStatus"]["failed"].clone())
}

#[tokio::test]
async fn a_dismissed_event_has_a_status_of_its_own_and_is_in_no_resend_in_bulk() {
    let (partner, relay, [first, second]) = with_two_exhausted().await;
    let dismiss = async |path: String, body: &str| relay.post(&path, body.to_owned()).await;
    let of_event = |id: &str| format!("/api/events/{id}/dismiss");
    let done = dismiss(of_event(&first), r#"{"reason": "the person has left"}"#).await;
    assert_eq!(
        (done.status, &done.data()["dismissed"]),
        (200, &json!(true))
    );
    assert_eq!(
        relay.wait_for_status(&first, "dismissed").await["id"],
        first
    );
    assert_eq!(listed(&relay, "dismissed").await, [first.as_str()]);
    assert_eq!(listed(&relay, "exhausted").await, [second.as_str()]);
    assert_eq!(failed_in_queue(&relay).await, [json!(1), json!(1)]);
    // Again changes nothing.
    assert_eq!(dismiss(of_event(&first), "{}").await.status, 200);
    assert_eq!(failed_in_queue(&relay).await, [json!(1), json!(1)]);
    let audit = relay.get("/api/audit").await;
    let entries = audit.data()["items"].as_array().unwrap();
    let dismissals = entries.iter().filter(|entry| entry["action"] == "dismiss");
    assert_eq!(dismissals.count(), 1, "{entries:?}");
    let bulk = async |body: Value| relay.post("/api/events/resend", body.to_string()).await;
    for filter in [json!({"eventType": "a.b"}), json!({"status": "exhausted"})] {
        let mut dry = filter;
        dry["dryRun"] = json!(true);
        assert_eq!(bulk(dry).await.data()["matched"], 1);
    }
    let refused = bulk(json!({"status": "dismissed"})).await;
    assert_eq!(refused.error().0, "INVALID_PARAMETER");
    partner.always_answers(None);
    assert_eq!(bulk(json!({"eventType": "a.b"})).await.data()["matched"], 1);
    relay.wait_for_status(&second, "delivered").await;
    relay.wait_for_status(&first, "dismissed").await;
    let late = dismiss(of_event(&second), "{}").await;
    assert_eq!(late.error().0, "CONFLICT");
    let resent = relay
        .post(&format!("/api/events/{first}/resend"), r#"{"only": true}"#)
        .await;
    assert_eq!(resent.data()["status"], "retrying");
    relay.wait_for_status(&first, "delivered").await;
    assert_eq!(listed(&relay, "dismissed").await, [""; 0]);
    let unknown = dismiss(of_event("019a2159-2f6b-7c1e-8c1d-0d2f6e1b7a55"), "{}").await;
    assert_eq!(unknown.error().0, "NOT_FOUND");
    let long = json!({"reason": "x".repeat(501)}).to_string();
    let refused = dismiss(of_event(&first), &long).await;
    assert_eq!(refused.error().0, "INVALID_PARAMETER");
}

/// What every place says of sends: both statistics, the goals, and the counts in rows.
async fn counted(relay: &TestRelay) -> [Value; 4] {
    let get = async |path: &str| relay.get(path).await.data().clone();
    let stats = get("/api/integration/webhook-stats").await;
    let voicedrive = get("/api/voicedrive/webhook-stats").await;
    let kpis = get("/api/integration/kpis").await;
    let of = |stats: &Value| json!([stats["sent24h"], stats["failed"], stats["retried"]]);
    let success = &kpis["sendSuccess"];
    [
        of(&stats),
        of(&voicedrive),
        json!([success["sent"], success["succeeded"], success["waiting"]]),
        kpis["retrySuccess"]["value"].clone(),
    ]
}

#[tokio::test]
async fn no_total_has_what_was_dismissed_and_every_one_has_it_again_when_it_is_resent() {
    let (partner, relay, [first, second]) = with_two_exhausted().await;
    partner.always_answers(None);
    let third = relay.accept("a.b").await;
    relay.wait_for_status(&third, "delivered").await;
    let all = json!([3, 2, 2]);
    let goal = json!([3, 1, 0]);
    let none = json!(0.0);
    assert_eq!(
        counted(&relay).await,
        [all.clone(), all.clone(), goal, none]
    );
    for id in [&first, &second] {
        let path = format!("/api/events/{id}/dismiss");
        assert_eq!(relay.post(&path, "{}").await.status, 200);
    }
    let alone = json!([1, 0, 0]);
    let goal = json!([1, 1, 0]);
    assert_eq!(
        counted(&relay).await,
        [alone.clone(), alone, goal, Value::Null]
    );
    let types = relay.get("/api/integration/webhook-stats").await;
    assert_eq!(types.data()["byEventType"]["a.b"]["failed"], 0);
    let again = relay.post(&format!("/api/events/{first}/resend"), "").await;
    assert_eq!(again.status, 202);
    relay.wait_for_status(&first, "delivered").await;
    let both = json!([2, 0, 1]);
    let goal = json!([2, 2, 0]);
    assert_eq!(
        counted(&relay).await,
        [both.clone(), both, goal, json!(100.0)]
    );
}

#[tokio::test]
async fn an_incident_is_dismissed_with_its_exhausted_events() {
    let (_partner, relay, [first, second]) = with_two_exhausted().await;
    let open = relay.get("/api/incidents?state=ongoing").await;
    let id = open.data()["items"][0]["incidentId"].as_str().unwrap();
    let path = format!("/api/incidents/{id}/dismiss");
    assert_eq!(relay.post(&path, "{}").await.status, 200);
    assert_eq!(relay.post(&path, "{}").await.error().0, "NOT_FOUND");
    assert_eq!(listed(&relay, "exhausted").await, [""; 0]);
    assert_eq!(listed(&relay, "dismissed").await, [second, first]);
    assert_eq!(failed_in_queue(&relay).await, [json!(0), json!(0)]);
}

#[tokio::test]
async fn one_event_is_dismissed_on_the_command_line_by_the_beginning_of_its_id() {
    let directory = TempDir::new().unwrap();
    let partner = Partner::start(Clock::System).await;
    partner.always_answers(Some(status(503)));
    let secrets = format!("VOICEDRIVE_WEBHOOK_SECRET={WEBHOOK_SECRET}\n");
    std::fs::write(directory.path().join("secrets.env"), secrets).unwrap();
    let daemon = Daemon::start(directory.path(), &partner.url(), ONE_RETRY).await;
    let waited = daemon.run(&["send", "a.b", "--wait"]).await;
    assert_eq!(waited.status.code(), Some(1));
    let listed = daemon.json(&["tail"]).await;
    let short = listed["shortId"].as_str().unwrap();
    let done = daemon
        .run(&["alert", "dismiss", short, "--reason", "a test"])
        .await;
    assert_eq!(done.status.code(), Some(0), "{done:?}");
    let events = daemon.json(&["status"]).await["events"].clone();
    assert_eq!(
        (&events["exhausted"], &events["dismissed"]),
        (&json!(0), &json!(1))
    );
    let dismissed = daemon.json(&["tail", "--status", "dismissed"]).await;
    assert_eq!(dismissed["id"], listed["id"]);
    let shown = daemon.run(&["show", short]).await;
    let shown = String::from_utf8_lossy(&shown.stdout).into_owned();
    assert!(shown.contains("dismissed"), "{shown}");
    let none_left = daemon.json(&["alert", "history", "--open"]).await;
    assert_eq!(none_left["items"], json!([]));
    let again = daemon.run(&["resend", "--status", "dismissed"]).await;
    assert_eq!(again.status.code(), Some(2));
    daemon.kill().await;
}
