//! What was sent against what VoiceDrive says it has: found by id, told, sent again, settled.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::Duration;

use reqwest::Method;
use rusqlite::Connection;
use serde_json::{Value, json};
use tempfile::TempDir;
use voicedrive_relay::testing::crypto::{hex, sha256};
use voicedrive_relay::testing::token::Scope;

use crate::commands::Daemon;
use crate::harness::{API_TOKEN, ApiAnswer, Clock, Partner, TestRelay, noon, status, token};

const RECONCILE: &str = "/api/integration/reconcile";

/// Hands in so many events and waits until each has this status; their ids.
async fn hand_in(relay: &TestRelay, events: usize, end: &str) -> Vec<String> {
    let one = json!({"event": "employee.updated", "data": {"staffId": null}});
    let batch: Vec<_> = std::iter::repeat_n(one, events).collect();
    let answer = relay
        .post("/api/events/batch", json!(batch).to_string())
        .await;
    let events = answer.data()["events"].as_array().unwrap().clone();
    let ids = events
        .iter()
        .map(|one| one["id"].as_str().unwrap().to_owned());
    let ids: Vec<String> = ids.collect();
    for id in &ids {
        relay.wait_for_status(id, end).await;
    }
    ids
}

/// With VoiceDrive's static token.
async fn as_voicedrive(relay: &TestRelay, method: Method, path: &str, body: &Value) -> ApiAnswer {
    let bearer = format!("Bearer {API_TOKEN}");
    let headers = [
        ("authorization", bearer.as_str()),
        ("content-type", "application/json"),
    ];
    relay.call(method, path, &headers, body.to_string()).await
}

async fn reconcile(relay: &TestRelay, body: &Value) -> ApiAnswer {
    as_voicedrive(relay, Method::POST, RECONCILE, body).await
}

/// The ids of one kind.
fn ids<'a>(answer: &'a Value, kind: &str) -> Vec<&'a str> {
    let all = answer[kind].as_array().unwrap().iter();
    let ids = all.map(|one| one.as_str().or(one["requestId"].as_str()).unwrap());
    let mut ids: Vec<_> = ids.collect();
    ids.sort_unstable();
    ids
}

fn sorted(ids: &[String]) -> Vec<&str> {
    let mut ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    ids.sort_unstable();
    ids
}

async fn incidents(relay: &TestRelay, open: bool) -> Vec<Value> {
    let state = if open { "ongoing" } else { "resolved" };
    let answer = relay.get(&format!("/api/incidents?state={state}")).await;
    answer.data()["items"].as_array().unwrap().clone()
}

#[tokio::test]
async fn what_got_lost_behind_a_200_is_found_by_id_sent_again_and_settled() {
    let clock = Clock::manual(noon());
    let partner = Partner::start(clock.clone()).await;
    let relay = TestRelay::start_with(&partner.url(), "", clock.clone()).await;
    let sent = hand_in(&relay, 150, "delivered").await;
    let (lost, had) = sent.split_at(5);
    let stranger = "019a1dd0-9400-4000-8000-000000000000";
    // The ids in upper case, once more, and one that is not the relay's.
    let mut received: Vec<String> = had.iter().map(|id| id.to_uppercase()).collect();
    received.extend([had[0].clone(), stranger.to_owned()]);
    let day = json!({"from": "2025-10-26T00:00:00.000Z", "to": "2025-10-27T00:00:00.000Z", "received": received});
    let answer = reconcile(&relay, &day).await;
    let found = answer.data();
    assert_eq!(ids(found, "missing"), sorted(lost));
    let first = &found["missing"][0];
    assert_eq!(
        (
            &first["reason"],
            &first["status"],
            &first["httpStatusCode"],
            &first["attempts"]
        ),
        (
            &json!("answered_but_absent"),
            &json!("delivered"),
            &json!(200),
            &json!(1)
        )
    );
    assert_eq!(first["firstSentAt"], "2025-10-26T12:00:00.000Z");
    assert_eq!(ids(found, "unknown"), [stranger]);
    let counts = ["sent", "received", "matched", "notCompared"].map(|name| &found[name]);
    assert_eq!(counts, [150, 145, 145, 0]);
    assert_eq!(found["route"], "default");
    assert_eq!(found["fromId"], "019a1dd0-9400-7000-8000-000000000000");
    assert_eq!(found["asOf"], "2025-10-26T12:00:00.000Z");
    assert_eq!(found["truncated"], false);

    // The same list once more changes nothing.
    let again = reconcile(&relay, &day).await;
    assert_eq!(again.data(), found);
    let told = incidents(&relay, true).await;
    assert_eq!(told.len(), 1, "{told:?}");
    assert_eq!(
        (&told[0]["kind"], &told[0]["count"]),
        (&json!("deliveries_missing"), &json!(5))
    );
    let text = told[0]["text"].as_str().unwrap();
    assert!(
        text.contains("resend ") && text.contains(&lost[0]),
        "{text}"
    );

    // Only whoever may send may send again, and else nothing is recorded.
    let mut resend = day.clone();
    resend["resend"] = json!(true);
    let refused = reconcile(&relay, &resend).await;
    assert_eq!((refused.status, refused.error().0), (403, "FORBIDDEN"));
    clock.advance(Duration::from_secs(1));
    let answer = relay.post(RECONCILE, resend.to_string()).await;
    assert_eq!(ids(answer.data(), "missing"), sorted(lost));
    let arrived = partner.wait_until(|received| received.len() == 155).await;
    let mut repeated: Vec<_> = arrived[150..]
        .iter()
        .map(|webhook| webhook.header("x-request-id").to_owned())
        .collect();
    repeated.sort_unstable();
    assert_eq!(repeated, sorted(lost));
    let audit = relay.get("/api/audit").await;
    let action = &audit.data()["items"][0];
    assert_eq!(
        (&action["action"], &action["count"], &action["subject"]),
        (
            &json!("reconcile"),
            &json!(5),
            &answer.data()["reconciliationId"]
        )
    );

    // Being answered with 200 once more proves nothing; their list does.
    for id in lost {
        relay.wait_for_status(id, "delivered").await;
    }
    assert_eq!(incidents(&relay, true).await.len(), 1);
    clock.advance(Duration::from_secs(1));
    let all = json!({"from": "2025-10-26T00:00:00.000Z", "to": "2025-10-27T00:00:00.000Z", "received": sent});
    let found = reconcile(&relay, &all).await;
    assert_eq!(ids(found.data(), "missing"), [] as [&str; 0]);
    assert_eq!(incidents(&relay, true).await.len(), 0);
    let over = incidents(&relay, false).await;
    assert_eq!(over[0]["kind"], "deliveries_missing");
    let kpis = relay.get("/api/integration/kpis").await;
    let gap = &kpis.data()["gapDetection"];
    assert_eq!((&gap["value"], &gap["met"]), (&json!(0.0), &json!(true)));
    relay.stop().await;
}

/// Seven of two hundred got lost behind a 200: one command names them, one sends them again, and the next list has all.
#[tokio::test]
async fn seven_of_two_hundred_are_found_with_one_command_and_sent_again() {
    let directory = TempDir::new().unwrap();
    let partner = Partner::start(Clock::System).await;
    let daemon = Daemon::start(directory.path(), &partner.url(), "").await;
    let one = json!({"event": "employee.updated", "data": {"staffId": null}});
    let batch = json!(vec![one; 200]).to_string();
    let client = crate::harness::control_client(directory.path());
    let handed_in = client
        .post("http://relay/api/events/batch")
        .header("content-type", "application/json")
        .body(batch)
        .send()
        .await
        .unwrap();
    assert_eq!(handed_in.status(), 202);
    let received = partner.wait_until(|all| all.len() == 200).await;
    daemon.all_sent().await;
    let ids = received.iter().map(|one| one.header("x-request-id"));
    let mut ids: Vec<String> = ids.map(str::to_owned).collect();
    // A list speaks of what lies between its first and its last id.
    ids.sort_unstable();
    let lost: Vec<&str> = ids[20..27].iter().map(String::as_str).collect();
    // As Excel saves it in Japan: Shift_JIS, every cell in quotes, blank lines, and ids in capitals.
    let mut table = b"\"requestId\",\"processingStatus\",\"\x8e\x81\x96\xbc\"\r\n".to_vec();
    for id in ids.iter().filter(|id| !lost.contains(&id.as_str())) {
        let row = format!("\"{}\",\"success\",\"", id.to_uppercase());
        table.extend([row.as_bytes(), b"\x8e\x81\x96\xbc\"\r\n\r\n"].concat());
    }
    let path = directory.path().join("webhook_logs.csv");
    fs::write(&path, table).unwrap();
    let table_file = path.to_str().unwrap();
    let found = daemon.run(&["reconcile", table_file, "--json"]).await;
    assert_eq!(found.status.code(), Some(1), "{found:?}");
    let found: Value = serde_json::from_slice(&found.stdout).unwrap();
    assert_eq!(self::ids(&found, "missing"), lost);
    assert_eq!(found["counts"]["matched"], 193, "{found}");
    let resent = daemon
        .run(&["reconcile", table_file, "--resend", "--json"])
        .await;
    let resent: Value = serde_json::from_slice(&resent.stdout).unwrap();
    assert_eq!(resent["resent"]["events"], 7, "{resent}");
    let received = partner.wait_until(|all| all.len() == 207).await;
    let again = received[200..].iter().map(|one| one.header("x-request-id"));
    let mut again: Vec<&str> = again.collect();
    again.sort_unstable();
    assert_eq!(again, lost);
    daemon.all_sent().await;
    fs::write(&path, ids.join("\n")).unwrap();
    let found = daemon.json(&["reconcile", table_file]).await;
    assert_eq!(
        (&found["counts"]["matched"], &found["missing"]),
        (&json!(200), &json!([]))
    );
    let kpis = daemon.json(&["kpi"]).await;
    assert_eq!(kpis["gapDetection"]["met"], true, "{kpis}");
    daemon.stop().await;
}

#[tokio::test]
async fn what_came_later_for_the_same_person_follows_what_is_sent_again() {
    let partner = Partner::start(Clock::System).await;
    let relay = TestRelay::start(&partner.url()).await;
    let began = relay.clock.now();
    let mut sent = Vec::new();
    for event in [
        "employee.created",
        "employee.updated",
        "employee.photo.updated",
    ] {
        let id = relay.accept_of("EMP-1", event).await;
        relay.wait_for_status(&id, "delivered").await;
        sent.push(id);
    }
    let body = json!({
        "from": began, "to": relay.clock.now().after(Duration::from_secs(1)),
        "received": [sent[1], sent[2]], "resend": true,
    });
    let answer = relay.post(RECONCILE, body.to_string()).await;
    assert_eq!(ids(answer.data(), "missing"), [sent[0].as_str()]);
    assert_eq!(answer.data()["resent"], json!({"events": 1, "follows": 2}));
    // Else VoiceDrive would be left with what was true before.
    let arrived = partner.wait_until(|received| received.len() == 6).await;
    let again: Vec<_> = arrived[3..]
        .iter()
        .map(|webhook| webhook.header("x-request-id"))
        .collect();
    assert_eq!(again, sent);
    relay.stop().await;
}

#[tokio::test]
async fn what_more_than_two_hundred_would_follow_is_sent_again_alone_or_not_at_all() {
    let partner = Partner::start(Clock::System).await;
    let relay = TestRelay::start(&partner.url()).await;
    let began = relay.clock.now();
    let one = json!({"event": "employee.updated", "data": {"staffId": "EMP-1"}});
    let batch = json!(vec![one; 202]).to_string();
    let answer = relay.post("/api/events/batch", batch).await;
    let events = answer.data()["events"].as_array().unwrap();
    let sent: Vec<String> = events
        .iter()
        .map(|one| one["id"].as_str().unwrap().to_owned())
        .collect();
    partner.wait_until(|received| received.len() == 202).await;
    relay.wait_for_status(&sent[201], "delivered").await;
    let mut body = json!({
        "from": began, "to": relay.clock.now().after(Duration::from_secs(1)),
        "asOf": relay.clock.now(), "received": sent[1..], "resend": true,
    });
    let refused = relay.post(RECONCILE, body.to_string()).await;
    let (code, message) = refused.error();
    assert_eq!((refused.status, code), (409, "CONFLICT"));
    assert!(message.starts_with("201 later events"), "{message}");
    // Nothing is recorded of it.
    assert_eq!(incidents(&relay, true).await.len(), 0);
    assert_eq!(relay.get("/api/audit").await.data()["items"], json!([]));
    body["only"] = json!(true);
    let answer = relay.post(RECONCILE, body.to_string()).await;
    assert_eq!(answer.data()["resent"], json!({"events": 1, "follows": 0}));
    let arrived = partner.wait_until(|received| received.len() > 202).await;
    assert_eq!(arrived[202].header("x-request-id"), sent[0]);
    relay.stop().await;
}

#[tokio::test]
async fn a_loss_over_midnight_is_found_by_the_day_and_by_its_hours() {
    let clock = Clock::manual(noon());
    let partner = Partner::start(clock.clone()).await;
    let more = "[retry]\nintervals_seconds = [60]\n";
    let relay = TestRelay::start_with(&partner.url(), more, clock.clone()).await;
    clock.advance(Duration::from_hours(12) - Duration::from_secs(1));
    partner.will_answer([status(503)]);
    let lost = hand_in(&relay, 1, "retrying").await.remove(0);
    clock.advance(Duration::from_mins(2));
    relay.post(&format!("/api/events/{lost}/resend"), "").await;
    relay.wait_for_status(&lost, "delivered").await;
    let day = json!({"from": "2025-10-26T00:00:00Z", "to": "2025-10-27T00:00:00Z", "received": []});
    let hour =
        json!({"from": "2025-10-26T23:00:00Z", "to": "2025-10-27T00:00:00Z", "received": []});
    // It may have been delivered after this list was made.
    let early = reconcile(&relay, &day).await;
    let found = early.data();
    assert_eq!(
        (&found["notCompared"], &found["missing"]),
        (&json!(1), &json!([]))
    );
    clock.advance(Duration::from_hours(6));
    let mut old = day.clone();
    old["asOf"] = json!("2025-10-27T00:00:30Z");
    let answer = reconcile(&relay, &old).await;
    assert_eq!(answer.data()["notCompared"], 1);
    for list in [hour, day] {
        let answer = reconcile(&relay, &list).await;
        assert_eq!(ids(answer.data(), "missing"), [lost.as_str()]);
        assert_eq!(answer.data()["notCompared"], 0);
    }
    relay.stop().await;
}

#[tokio::test]
async fn what_is_missing_of_an_erased_person_is_said_and_not_called_nothing() {
    let directory = TempDir::new().unwrap();
    let partner = Partner::start(Clock::System).await;
    let daemon = Daemon::start(directory.path(), &partner.url(), "").await;
    let sent = ["send", "employee.updated", "--staff-id", "EMP-1", "--wait"];
    assert!(daemon.run(&sent).await.status.success());
    daemon.json(&["staff", "erase", "EMP-1"]).await;
    let list = directory.path().join("ids.txt");
    fs::write(&list, "").unwrap();
    let now = Clock::System.now();
    let [from, to] = [
        now.before(Duration::from_hours(24)).to_string(),
        now.after(Duration::from_hours(24)).to_string(),
    ];
    let list = list.to_str().unwrap();
    let output = daemon
        .run(&["reconcile", list, "--from", &from, "--to", &to])
        .await;
    let told = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(0), "{told}");
    assert!(told.contains("were erased: 1"), "{told}");
    assert!(told.contains("Nothing else is missing"), "{told}");
    daemon.stop().await;
}

#[tokio::test]
async fn the_command_takes_a_hundred_thousand_rows_with_their_columns() {
    let directory = TempDir::new().unwrap();
    let daemon = Daemon::start(directory.path(), "", "").await;
    let rows =
        (0..100_000).map(|n| format!("019a2159-2f6b-7000-8000-{n:012x},validation_failed,false\n"));
    let table = rows.fold(
        "requestId,processingStatus,userFound\n".to_owned(),
        |table, row| table + &row,
    );
    let file = directory.path().join("webhook_logs.csv");
    fs::write(&file, table).unwrap();
    let output = daemon
        .run(&["reconcile", file.to_str().unwrap(), "--json"])
        .await;
    // None of them is the relay's, so nothing is confirmed.
    assert_eq!(output.status.code(), Some(65), "{output:?}");
    let found: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(found["received"], 100_000);
    daemon.stop().await;
}

#[tokio::test]
async fn the_columns_of_their_log_decide_with_what_the_relay_knows() {
    let partner = Partner::start(Clock::System).await;
    let more = "[retry]\nintervals_seconds = [1]\n";
    let mut relay = TestRelay::start_with(&partner.url(), more, Clock::System).await;
    let began = relay.clock.now();
    let photo = relay.accept("employee.photo.updated").await;
    relay.wait_for_status(&photo, "delivered").await;
    let fine = hand_in(&relay, 2, "delivered").await;
    partner.will_answer([status(500), status(500), status(500), status(500)]);
    let given_up = hand_in(&relay, 2, "exhausted").await;
    relay
        .reload(&partner.url(), "[retry]\nintervals_seconds = [3000]\n")
        .await;
    partner.will_answer([status(503)]);
    let open = hand_in(&relay, 1, "retrying").await.remove(0);
    let row = |id: &str, status: &str, user_found: &Value| json!({"requestId": id, "processingStatus": status, "userFound": user_found});
    let list = json!({
        "from": began, "to": relay.clock.now().after(Duration::from_secs(1)),
        "received": [
            row(&photo, "success", &json!(0)),
            row(&fine[0], "success", &json!(null)),
            row(&fine[1], "failed", &json!("")),
            row(&given_up[0], "success", &json!(true)),
            row(&given_up[1], "failed", &json!(1)),
        ],
    });
    let answer = reconcile(&relay, &list).await;
    let found = answer.data();
    assert_eq!(ids(found, "noEffect"), [photo.as_str()]);
    assert_eq!(ids(found, "arrived"), [given_up[0].as_str()]);
    assert_eq!(ids(found, "waiting"), [open.as_str()]);
    assert_eq!(found["matched"], 1);
    let reasons: Vec<_> = found["missing"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| {
            (
                one["requestId"].as_str().unwrap(),
                one["reason"].as_str().unwrap(),
            )
        })
        .collect();
    let mut expected = [
        (fine[1].as_str(), "failed_there"),
        (given_up[1].as_str(), "partner_error"),
    ];
    expected.sort_unstable();
    assert_eq!(reasons, expected);
    // What only lost its answer is delivered now, and counts as that everywhere.
    let settled = relay.wait_for_status(&given_up[0], "delivered").await;
    assert_eq!(settled["attempts"].as_array().unwrap().len(), 2);
    let exhausted = relay.get("/api/events?status=exhausted").await;
    let left = exhausted.data()["items"].as_array().unwrap().clone();
    assert_eq!(left.len(), 1);
    assert_eq!(left[0]["id"], given_up[1].as_str());
    relay.stop().await;
}

/// Every row of the table of contract 4.7, with ids alone as lines and with the columns of their log.
#[tokio::test]
async fn every_row_of_the_table_holds_for_both_forms_of_lists() {
    let partner = Partner::start(Clock::System).await;
    let more = "[retry]\nintervals_seconds = [1]\n";
    let mut relay = TestRelay::start_with(&partner.url(), more, Clock::System).await;
    let began = relay.clock.now();
    let first = hand_in(&relay, 1, "delivered").await.remove(0);
    partner.will_answer([status(500)]);
    let later = hand_in(&relay, 1, "delivered").await.remove(0);
    let photo = relay.accept("employee.photo.updated").await;
    relay.wait_for_status(&photo, "delivered").await;
    partner.will_answer([status(500), status(500), status(500), status(500)]);
    let ended = hand_in(&relay, 2, "exhausted").await;
    let [exhausted, dismissed] = [&ended[0], &ended[1]];
    let path = format!("/api/events/{dismissed}/dismiss");
    assert_eq!(relay.post(&path, r#"{"reason":"known"}"#).await.status, 200);
    relay
        .reload(&partner.url(), "[retry]\nintervals_seconds = [3000]\n")
        .await;
    partner.will_answer([status(503)]);
    let open = hand_in(&relay, 1, "retrying").await.remove(0);
    let never = "019a1dd0-9400-4000-8000-000000000000";
    let all = [&first, &later, &photo, exhausted, dismissed, &open];
    let now = relay.clock.now();
    let to = now.after(Duration::from_secs(1));
    let range = format!("from={began}&to={to}&asOf={now}");
    let ask = async |media: &str, body: String| {
        let bearer = format!("Bearer {API_TOKEN}");
        let headers = [("authorization", bearer.as_str()), ("content-type", media)];
        let path = format!("{RECONCILE}?{range}");
        let answer = relay.call(Method::POST, &path, &headers, body).await;
        answer.data().clone()
    };
    let judge = |found: &Value, missing: &[(&String, &str)], numbers: [u64; 6]| {
        let named: Vec<_> = found["missing"].as_array().unwrap().iter().collect();
        let named: BTreeMap<_, _> = named
            .iter()
            .map(|one| {
                (
                    one["requestId"].as_str().unwrap(),
                    one["reason"].as_str().unwrap(),
                )
            })
            .collect();
        let missing = missing.iter().map(|(id, reason)| (id.as_str(), *reason));
        assert_eq!(named, missing.collect(), "{found}");
        let counts = &found["counts"];
        let counted = [
            "matched",
            "noEffect",
            "waiting",
            "dismissed",
            "unknown",
            "arrived",
        ];
        assert_eq!(
            counted.map(|name| counts[name].as_u64().unwrap()),
            numbers,
            "{found}"
        );
        let here = [
            "matched",
            "missing",
            "noEffect",
            "waiting",
            "arrived",
            "dismissed",
            "erased",
            "notCompared",
        ];
        let here: u64 = here.iter().map(|name| counts[name].as_u64().unwrap()).sum();
        assert_eq!(here, 6, "{found}");
    };
    let absent = [
        (&first, "answered_but_absent"),
        (&later, "answered_but_absent"),
        (&photo, "answered_but_absent"),
        (exhausted, "partner_error"),
    ];
    // Nothing is there.
    judge(
        &ask("text/plain", String::new()).await,
        &absent,
        [0, 0, 1, 1, 0, 0],
    );
    judge(
        &ask("application/json", json!({"received": []}).to_string()).await,
        &absent,
        [0, 0, 1, 1, 0, 0],
    );
    // Ids alone, as lines and as items.
    let given_up = [(exhausted, "partner_error")];
    let ids: Vec<&str> = all.iter().map(|id| id.as_str()).chain([never]).collect();
    judge(
        &ask("text/plain", ids.join("\n")).await,
        &given_up,
        [3, 0, 1, 1, 1, 0],
    );
    judge(
        &ask("application/json", json!({"received": ids}).to_string()).await,
        &given_up,
        [3, 0, 1, 1, 1, 0],
    );
    // Rows of their log. What was settled as arrived is delivered from then on, so it comes last.
    let failed_there = [
        (&first, "failed_there"),
        (&photo, "failed_there"),
        (exhausted, "partner_error"),
    ];
    let there = [(exhausted, "partner_error")];
    for (word, user_found, missing, numbers) in [
        ("failed", json!(true), &failed_there[..], [1, 0, 1, 1, 1, 0]),
        (
            "validation_failed",
            json!(null),
            &failed_there[..],
            [1, 0, 1, 1, 1, 0],
        ),
        ("success", json!(false), &there[..], [2, 1, 1, 1, 1, 0]),
        ("success", json!(true), &[], [4, 0, 1, 0, 1, 1]),
    ] {
        let row =
            |id: &&str| json!({"requestId": id, "processingStatus": word, "userFound": user_found});
        let rows: Vec<_> = ids.iter().map(row).collect();
        judge(
            &ask("application/json", json!({"received": rows}).to_string()).await,
            missing,
            numbers,
        );
    }
    // The exhausted one has arrived, and the dismissed one stays what a person has made of it.
    relay.wait_for_status(exhausted, "delivered").await;
    relay.wait_for_status(dismissed, "dismissed").await;
    for (id, arrived) in [(exhausted, json!(true)), (&later, Value::Null)] {
        let event = relay.get(&format!("/api/events/{id}")).await;
        assert_eq!(event.data()["arrived"], arrived, "{event:?}");
    }
    relay.stop().await;
}

#[tokio::test]
async fn what_is_not_understood_is_refused_with_its_place_and_nothing_is_recorded() {
    let relay = TestRelay::start("").await;
    let id = "019a2159-2f6b-7c1e-8c1d-0d2f6e1b7a55";
    for (body, code, told) in [
        (json!({"received": []}), "INVALID_PARAMETER", "received"),
        (
            json!({"received": [id, "x"]}),
            "INVALID_PARAMETER",
            "received[1]",
        ),
        (
            json!({"received": [{"requestId": id, "processingStatus": "done"}]}),
            "INVALID_PARAMETER",
            "processingStatus",
        ),
        (
            json!({"received": [id], "route": "nowhere"}),
            "NOT_FOUND",
            "route",
        ),
        (
            json!({"received": [], "from": "2025-10-26T00:00:00Z", "to": "2025-10-25T00:00:00Z"}),
            "INVALID_DATE_RANGE",
            "from",
        ),
        (
            json!({"received": [], "from": "2025-01-01T00:00:00Z", "to": "2025-06-01T00:00:00Z"}),
            "INVALID_DATE_RANGE",
            "92 days",
        ),
        (
            json!({"received": [id, "01870000-0000-7000-8000-000000000000"]}),
            "INVALID_PARAMETER",
            "01870000-0000-7000-8000-000000000000 was accepted at 2023-",
        ),
        (
            json!({"received": [id], "rout": "x"}),
            "INVALID_PARAMETER",
            "rout",
        ),
    ] {
        let refused = reconcile(&relay, &body).await;
        let (found, message) = refused.error();
        let status = if code == "NOT_FOUND" { 404 } else { 400 };
        assert_eq!((refused.status, found), (status, code), "{body}: {message}");
        assert!(message.contains(told), "{message}");
    }
    let bearer = format!("Bearer {API_TOKEN}");
    let headers = |media: &'static str| {
        [
            ("authorization", bearer.clone()),
            ("content-type", media.to_owned()),
        ]
    };
    let post = async |media, query: &str, body: String| {
        let headers = headers(media);
        let headers = headers
            .each_ref()
            .map(|(name, value)| (*name, value.as_str()));
        let path = format!("{RECONCILE}{query}");
        relay.call(Method::POST, &path, &headers, body).await
    };
    let csv = post("text/csv", "", id.to_owned()).await;
    assert_eq!((csv.status, csv.error().0), (415, "UNSUPPORTED_MEDIA_TYPE"));
    let line = post("text/plain", "", format!("requestId\n{id}\nx\n")).await;
    assert!(line.error().1.contains("line 3"), "{line:?}");
    let large = post("text/plain", "", "x".repeat(8 * 1024 * 1024 + 1)).await;
    assert_eq!(large.status, 413);
    // As lines, with the rest in the query; more than other bodies may have.
    let lines = format!("{id}\n").repeat(40_000);
    let range = "?from=2025-10-26T00:00:00Z&to=2025-10-27T00:00:00Z&route=default";
    let good = post("text/plain", range, lines).await;
    assert_eq!(ids(good.data(), "unknown"), [id]);
    for (scope, expected) in [(Scope::StatsRead, 403), (Scope::Reconcile, 200)] {
        let bearer = format!("Bearer {}", token(&[scope], relay.clock.now()));
        let headers = [("authorization", bearer.as_str())];
        let answer = relay.call(Method::GET, RECONCILE, &headers, "").await;
        assert_eq!(answer.status, expected);
    }
    relay.stop().await;
}

#[tokio::test]
async fn at_most_a_thousand_of_a_kind_are_named_and_a_hundred_thousand_ids_are_quick() {
    let relay = TestRelay::start("").await;
    let from = "019a2159-2f6b-7000-8000-";
    let received: Vec<String> = (0..100_000).map(|n| format!("{from}{n:012x}")).collect();
    let began = std::time::Instant::now();
    let answer = reconcile(&relay, &json!({"received": received})).await;
    let found = answer.data();
    assert_eq!(found["unknown"].as_array().unwrap().len(), 1000);
    assert_eq!(
        (&found["received"], &found["truncated"]),
        (&json!(100_000), &json!(true))
    );
    // Far below a second when it is built for use.
    assert!(
        began.elapsed() < Duration::from_secs(20),
        "{:?}",
        began.elapsed()
    );
    relay.stop().await;
}

#[tokio::test]
async fn days_hours_and_ids_lead_to_what_is_missing_in_three_calls() {
    let clock = Clock::manual(noon());
    let partner = Partner::start(clock.clone()).await;
    let relay = TestRelay::start_with(&partner.url(), "", clock.clone()).await;
    let mut all = Vec::new();
    for _ in 0..4 {
        all.extend(hand_in(&relay, 5, "delivered").await);
        clock.advance(Duration::from_hours(11));
    }
    let lost = all[7].clone();
    let theirs: Vec<&String> = all.iter().filter(|id| **id != lost).collect();
    let differing = async |path: &str| {
        let answer = as_voicedrive(&relay, Method::GET, path, &json!({})).await;
        let items = answer.data()["items"].as_array().unwrap().clone();
        let differs = |item: &Value| {
            let [from, to] = ["fromId", "toId"].map(|name| item[name].as_str().unwrap());
            let mut ids: Vec<_> = theirs
                .iter()
                .filter(|id| (from..to).contains(&id.as_str()))
                .collect();
            ids.sort_unstable();
            let lines = ids
                .iter()
                .fold(String::new(), |lines, id| lines + id + "\n");
            item["digest"] != hex(&sha256(&[lines.as_bytes()]))
        };
        let found: Vec<Value> = items.iter().filter(|item| differs(item)).cloned().collect();
        (items.len(), found)
    };
    for _ in 0..2 {
        let range = "from=2025-10-26T00:00:00Z&to=2025-10-29T00:00:00Z";
        let (days, found) = differing(&format!("{RECONCILE}?{range}")).await;
        assert_eq!((days, found.len()), (3, 1));
        assert_eq!(found[0]["slot"], "2025-10-26");
        assert_eq!(found[0]["delivered"], 10);
        let day = "from=2025-10-26T00:00:00Z&to=2025-10-27T00:00:00Z";
        let (hours, found) = differing(&format!("{RECONCILE}?{day}&unit=hour")).await;
        assert_eq!((hours, found.len()), (24, 1));
        assert_eq!(found[0]["slot"], "2025-10-26T23");
        let [from, to] = ["fromId", "toId"].map(|name| found[0][name].as_str().unwrap());
        let of_hour: Vec<_> = theirs
            .iter()
            .filter(|id| (from..to).contains(&id.as_str()))
            .collect();
        let asked = json!({
            "from": "2025-10-26T23:00:00Z", "to": "2025-10-27T00:00:00Z", "received": of_hour,
        });
        let answer = reconcile(&relay, &asked).await;
        assert_eq!(ids(answer.data(), "missing"), [lost.as_str()]);
    }
    let unit = as_voicedrive(
        &relay,
        Method::GET,
        &format!("{RECONCILE}?unit=week"),
        &json!({}),
    )
    .await;
    assert_eq!(unit.error().0, "INVALID_PARAMETER");
    relay.stop().await;
}

#[tokio::test]
async fn the_command_reads_their_table_names_what_is_missing_and_sends_it_again() {
    let directory = TempDir::new().unwrap();
    let partner = Partner::start(Clock::System).await;
    let daemon = Daemon::start(directory.path(), &partner.url(), "").await;
    let mut sent = Vec::new();
    for event in ["employee.created", "employee.updated", "employee.updated"] {
        let output = daemon.run(&["send", event, "--wait", "--json"]).await;
        let lines = serde_json::Deserializer::from_slice(&output.stdout).into_iter();
        let answer: Value = lines.flatten().next().unwrap();
        sent.push(answer["id"].as_str().unwrap().to_owned());
    }
    let file = |name: &str, text: &str| {
        let path = directory.path().join(name);
        fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let run = async |arguments: &[&str]| {
        let output = daemon.run(&[&["reconcile"], arguments].concat()).await;
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        (
            output.status.code(),
            text(&output.stdout),
            text(&output.stderr),
        )
    };
    // As VoiceDrive's table is exported, with another column and a byte order mark.
    let table = format!(
        "\u{feff}requestId,processingStatus,userFound,errorMessage\r\n{},success,1,\r\n{},success,1,\"一行目\r\n二行目\"\r\n",
        sent[0], sent[2]
    );
    let table = file("webhook_logs.csv", &table);
    let (code, out, _) = run(&[&table]).await;
    assert_eq!(code, Some(1), "{out}");
    assert!(
        out.contains(&sent[1]) && out.contains("answered with 200"),
        "{out}"
    );
    assert!(out.contains("webhook_logs.csv --resend"), "{out}");
    assert!(!out.contains(&sent[0]), "{out}");
    let (code, out, _) = run(&[&table, "--resend"]).await;
    assert_eq!(code, Some(1));
    assert!(out.contains("is sent again"), "{out}");
    partner.wait_until(|received| received.len() == 4).await;
    // Ids alone, one a line, in Shift_JIS or UTF-8 the same bytes.
    let lines = file("ids.txt", &sent.join("\n"));
    let (code, out, _) = run(&[&lines]).await;
    assert_eq!(
        (code, out.contains("Nothing is missing")),
        (Some(0), true),
        "{out}"
    );
    let (code, out, _) = run(&[&lines, "--json"]).await;
    let answer: Value = serde_json::from_str(&out).unwrap();
    assert_eq!((code, &answer["matched"]), (Some(0), &json!(3)));
    // The same as somebody else's tool exports it.
    let row = |id| json!({"id": 7, "requestId": id, "userFound": true, "fullPayload": {"a": 1}});
    let rows = json!(sent.iter().map(row).collect::<Vec<_>>()).to_string();
    let (code, out, told) = run(&[&file("webhook_logs.json", &rows), "--json"]).await;
    let answer: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(
        (code, &answer["matched"]),
        (Some(0), &json!(3)),
        "{out}{told}"
    );
    let (code, out, _) = run(&["--digest", "--unit", "hour"]).await;
    assert_eq!((code, out.contains("delivered")), (Some(0), true), "{out}");

    let bad = file(
        "bad.csv",
        &format!("requestId,userFound\n{},maybe\nx,1\n", sent[0]),
    );
    let (code, _, told) = run(&[&bad]).await;
    assert_eq!(code, Some(65), "{told}");
    assert!(
        told.contains("bad.csv: line 2: userFound") && told.contains("line 3"),
        "{told}"
    );
    let bad = file("bad.json", &json!([sent[0], "x"]).to_string());
    let (code, _, told) = run(&[&bad]).await;
    assert_eq!(code, Some(65), "{told}");
    assert!(
        told.contains("bad.json: item 2: is no request id"),
        "{told}"
    );
    // What is advised can be done.
    let jis = file("jis.csv", "requestId,\u{1b}$B;3\u{1b}(B\n");
    let (code, _, told) = run(&[&jis]).await;
    assert_eq!((code, told.contains("--encoding")), (Some(65), false));
    assert!(
        told.contains("ISO-2022-JP (JIS); save it as UTF-8"),
        "{told}"
    );
    let nothing = file("nothing.txt", "");
    assert_eq!(run(&[&nothing]).await.0, Some(65));
    let day = ["--from", "2020-01-01", "--to", "2020-01-02"];
    assert_eq!(
        run(&[&[nothing.as_str()], &day[..]].concat()).await.0,
        Some(0)
    );
    assert_eq!(run(&["no-such-file.csv"]).await.0, Some(65));
    // What the relay refuses is not taken for something missing.
    let years = ["--from", "2020-01-01", "--to", "2022-01-01"];
    let of_nobody = [&day[..], &["--route", "nobody"]].concat();
    for refused in [&years[..], &of_nobody] {
        let (code, _, told) = run(&[&[nothing.as_str()], refused].concat()).await;
        assert_eq!(code, Some(65), "{told}");
    }
    assert_eq!(run(&[]).await.0, Some(2));
    daemon.stop().await;
}

/// When the relay was compared last, as its database has it.
fn comparisons(directory: &Path) -> Vec<String> {
    let database = Connection::open(directory.join("live/relay.db")).unwrap();
    let mut all = database
        .prepare("SELECT compared_at FROM reconciliations")
        .unwrap();
    let rows = all.query_map([], |row| row.get(0)).unwrap();
    rows.collect::<Result<_, _>>().unwrap()
}

/// It must not count as a comparison anywhere, and nobody may read that nothing is missing.
#[tokio::test]
async fn what_compares_nothing_confirms_nothing() {
    let directory = TempDir::new().unwrap();
    let partner = Partner::start(Clock::System).await;
    let daemon = Daemon::start(directory.path(), &partner.url(), "").await;
    let relay = directory.path();
    let file = |name: &str, text: &str| {
        let path = directory.path().join(name);
        fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let nothing = file("nothing.txt", "");
    let foreign = file("foreign.txt", "019a2159-2f6b-7c1e-8c1d-0d2f6e1b7a55\n");
    let timeless = file("timeless.txt", "7d444840-9dc0-41d1-b245-5ffdce74fad2\n");
    let day = "2025-10-26";
    for (arguments, told) in [
        (
            &[&*nothing, "--from", day, "--to", day][..],
            "later than from",
        ),
        (
            &[&nothing, "--from", "2999-01-01", "--to", "2999-01-02"],
            "Nothing was compared",
        ),
        (
            &[
                &nothing,
                "--from",
                day,
                "--to",
                "2025-10-27",
                "--as-of",
                "2025-10-25",
            ],
            "Nothing was compared",
        ),
        (&[&foreign, "--to", "2025-10-01"], "than the first id"),
        (&[&foreign, "--from", "2026-01-01"], "than the last id"),
        (&[&timeless], "version 7"),
        (&[&foreign], "Nothing was compared"),
        (&[&foreign, "--to", "2025-12-01"], "Nothing was compared"),
    ] {
        let output = daemon.run(&[&["reconcile"], arguments].concat()).await;
        let said = [output.stdout, output.stderr].concat();
        let said = String::from_utf8(said).unwrap();
        assert_eq!(output.status.code(), Some(65), "{arguments:?}: {said}");
        assert!(said.contains(told), "{arguments:?}: {said}");
        assert!(!said.contains("othing is missing"), "{arguments:?}: {said}");
    }
    assert_eq!(comparisons(relay), Vec::<String>::new());
    // A quiet day is one that somebody has said.
    let quiet = [
        "reconcile",
        &nothing,
        "--from",
        day,
        "--to",
        "2025-10-27",
        "--json",
    ];
    let output = daemon.run(&quiet).await;
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert_eq!(comparisons(relay).len(), 1);
    daemon.stop().await;
}
