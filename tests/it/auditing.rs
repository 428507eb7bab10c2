//! Who changed what is kept with the change, can be looked up and exported, and outlives a restore.

use std::fs;
use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};
use tempfile::TempDir;
use voicedrive_relay::testing::system_user;
use voicedrive_relay::testing::token::Scope;

use crate::commands::{Daemon, program};
use crate::harness::{Clock, Partner, TestRelay, client, noon, status, token};

fn items(answer: &Value) -> &Vec<Value> {
    answer["items"].as_array().unwrap()
}

fn actions(answer: &Value) -> Vec<&str> {
    let items = items(answer).iter();
    items.map(|one| one["action"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn what_a_token_changes_is_kept_with_its_subject_and_address() {
    let clock = Clock::manual(noon());
    let partner = Partner::start(clock.clone()).await;
    let relay = TestRelay::start_with(&partner.url(), "", clock).await;
    let id = relay.accept_of("EMP-1", "employee.created").await;
    relay.wait_for_status(&id, "delivered").await;
    let unknown = relay.post("/api/events/nobody/resend", "").await;
    assert_eq!(unknown.status, 404);
    relay.post(&format!("/api/events/{id}/resend"), "").await;
    let bulk = json!({"status": "delivered", "staffId": "EMP-1", "dryRun": true});
    relay.post("/api/events/resend", bulk.to_string()).await;
    relay.wait_for_status(&id, "delivered").await;
    let bulk = json!({"status": "delivered", "staffId": "EMP-1"});
    relay.post("/api/events/resend", bulk.to_string()).await;
    let nothing = json!({"eventType": "nobody.knows"});
    relay.post("/api/events/resend", nothing.to_string()).await;

    let answer = relay.get("/api/audit").await;
    let found = answer.data();
    assert_eq!(actions(found), ["resend", "resend"], "{found}");
    let [many, one] = &items(found)[..] else {
        unreachable!("there are two")
    };
    for action in [one, many] {
        assert_eq!(action["who"], "test");
        assert_eq!(action["via"], "api");
        assert_eq!(action["client"], "127.0.0.1");
        assert_eq!(action["count"], 1);
        assert_eq!(action["at"], "2025-10-26T12:00:00.000Z");
    }
    assert_eq!(one["subject"], json!(id));
    let subject = many["subject"].as_str().unwrap();
    assert!(
        subject.starts_with("status=delivered staffId=#"),
        "{subject}"
    );
    assert!(!found.to_string().contains("EMP-1"), "{found}");

    let pages = relay.get("/api/audit?limit=1").await;
    let cursor = pages.data()["nextCursor"].as_str().unwrap();
    let next = relay
        .get(&format!("/api/audit?limit=1&cursor={cursor}"))
        .await;
    assert_eq!(items(next.data()), std::slice::from_ref(one));
    assert_eq!(next.data()["nextCursor"], Value::Null);
    for nobody in [
        "who=nobody",
        "since=2025-10-26T12:00:00.001Z",
        "until=2025-10-26T11:00:00Z",
    ] {
        let none = relay.get(&format!("/api/audit?{nobody}")).await;
        assert_eq!(items(none.data()).len(), 0, "{nobody}");
    }
    let reader = format!("Bearer {}", token(&[Scope::EventsRead], noon()));
    let headers = [("authorization", reader.as_str())];
    let refused = relay.call(Method::GET, "/api/audit", &headers, "").await;
    assert_eq!(refused.status, 403);
    relay.stop().await;
}

#[tokio::test]
async fn a_record_that_is_deleted_is_kept_without_the_staff_id() {
    let relay = TestRelay::start("").await;
    let bearer = format!("Bearer {}", token(&[Scope::Admin], relay.clock.now()));
    let headers = [
        ("authorization", bearer.as_str()),
        ("content-type", "application/json"),
    ];
    let body = json!({
        "employeeId": "EMP-1", "interviewType": "regular", "interviewDate": "2025-10-26T10:00:00.000Z",
    });
    for id in ["int-1", "EMP-1-17"] {
        let path = format!("/api/interviews/{id}");
        let put = relay
            .call(Method::PUT, &path, &headers, body.to_string())
            .await;
        assert_eq!(put.status, 201);
        for expected in [204, 404] {
            let deleted = relay.call(Method::DELETE, &path, &headers, "").await;
            assert_eq!(deleted.status, expected);
        }
    }
    let answer = relay.get("/api/audit").await;
    let found = answer.data();
    assert_eq!(actions(found), ["delete_interview", "delete_interview"]);
    let [of_person, other] = [0, 1].map(|n: usize| items(found)[n]["subject"].as_str().unwrap());
    assert_eq!(other, "int-1");
    assert!(of_person.starts_with('#'), "{of_person}");
    assert!(!found.to_string().contains("EMP-1"), "{found}");
    relay.stop().await;
}

#[tokio::test]
async fn who_looks_at_payloads_is_counted_by_the_clinics_day() {
    let clock = Clock::manual(noon());
    let relay = TestRelay::start_with("", "", clock.clone()).await;
    let id = relay.accept_of("EMP-READ", "employee.created").await;
    for _ in 0..3 {
        relay.get(&format!("/api/events/{id}")).await;
    }
    relay.get("/api/events").await;
    relay.get("/api/events/nobody").await;
    // 21:00 in Tokyo: four hours later it is the next day there.
    clock.advance(Duration::from_hours(4));
    relay.get(&format!("/api/events/{id}")).await;
    // A disclosure has the payloads of all events of a person.
    relay.get("/api/staff/EMP-READ").await;
    relay.get("/api/staff/NOBODY").await;
    let answer = relay.get("/api/audit").await;
    let reads = json!([
        {"day": "2025-10-27", "who": "test", "events": 2},
        {"day": "2025-10-26", "who": "test", "events": 3},
    ]);
    assert_eq!(answer.data()["payloadReads"], reads);
    relay.stop().await;
}

#[tokio::test]
async fn commands_say_who_typed_them_and_a_stated_name_is_marked() {
    let directory = TempDir::new().unwrap();
    let partner = Partner::start(Clock::System).await;
    partner.always_answers(Some(status(400)));
    let daemon = Daemon::start(directory.path(), &partner.url(), "").await;
    let user = system_user::own_name();
    let csv = directory.path().join("interviews.csv");
    let row = "int-1,EMP-1,regular,2025-10-28T10:00:00Z\n";
    fs::write(
        &csv,
        format!("id,employeeId,interviewType,interviewDate\n{row}"),
    )
    .unwrap();
    let copy = directory.path().join("copy.db");
    let (csv, copy) = (csv.to_str().unwrap(), copy.to_str().unwrap());

    let issued = daemon
        .json(&["token", "issue", "--subject", "s", "--scope", "admin"])
        .await;
    let jti = issued["jti"].as_str().unwrap();
    daemon.json(&["token", "revoke", jti]).await;
    // Nothing more is revoked by that.
    daemon.json(&["token", "revoke", jti]).await;
    daemon.json(&["import", "interviews", csv]).await;
    daemon
        .json(&["import", "interviews", csv, "--dry-run"])
        .await;
    let text = fs::read_to_string(&daemon.config).unwrap();
    let text = format!("{text}\n[monitor]\ncontact = \"内線 100\"\n");
    fs::write(&daemon.config, &text).unwrap();
    daemon.json(&["reload", "--as", "田中"]).await;
    // What is refused changes nothing, and is no action.
    fs::write(&daemon.config, format!("{text}\nnonsense = 1\n")).unwrap();
    assert_eq!(daemon.run(&["reload"]).await.status.code(), Some(78));
    fs::write(&daemon.config, text).unwrap();
    daemon.json(&["backup", copy]).await;
    let asked = daemon.json(&["audit"]).await;
    let expected = ["backup", "reload", "import", "revoke_token", "issue_token"];
    assert_eq!(actions(&asked), expected, "{asked}");
    for action in items(&asked) {
        assert_eq!(action["via"], "command_line");
        assert_eq!(action["client"], Value::Null);
        let stated = action["action"] == "reload";
        let who = if stated {
            format!("田中 (as stated by {user})")
        } else {
            user.clone()
        };
        assert_eq!(action["who"], json!(who), "{action}");
    }
    assert_eq!(items(&asked)[4]["subject"], json!(format!("{jti} s")));
    assert_eq!(items(&asked)[2]["count"], 1);
    assert_eq!(items(&asked)[1]["subject"], "+monitor.contact");
    assert_eq!(items(&asked)[1]["count"], 1);
    let of = daemon.json(&["audit", "--who", "田中"]).await;
    assert_eq!(actions(&of), ["reload"]);

    // sudo says who called it.
    let mut command = program();
    command.env_clear().env("SUDO_USER", "suzuki");
    command.args(["reload", "--config"]).arg(&daemon.config);
    assert!(command.output().await.unwrap().status.success());
    let of = daemon.json(&["audit", "--who", "suzuki"]).await;
    assert_eq!(actions(&of), ["reload"]);
    let newest = daemon.json(&["audit", "--limit", "1"]).await;
    assert_eq!(items(&newest).len(), 1);
    assert_eq!(newest["more"], true);

    let file = directory.path().join("audit.csv");
    let done = daemon
        .json(&["audit", "--output", file.to_str().unwrap()])
        .await;
    assert_eq!(done["written"], 6);
    let written = fs::read_to_string(&file).unwrap();
    assert!(written.starts_with("\u{feff}at,who,via,"), "{written}");
    assert_eq!(written.lines().count(), 7);
    // Who looked at payloads is in every form of it.
    let sent = daemon.json(&["send", "employee.created"]).await;
    daemon.json(&["show", sent["id"].as_str().unwrap()]).await;
    for name in ["reads.csv", "reads.json", "reads.ndjson"] {
        let file = directory.path().join(name);
        let done = daemon
            .json(&["audit", "--output", file.to_str().unwrap()])
            .await;
        assert_eq!(done["written"], 7, "{name}");
        let written = fs::read_to_string(&file).unwrap();
        if name == "reads.csv" {
            let last = written.lines().last().unwrap();
            let row = format!(",{user},,,read_payloads,,1,");
            assert!(last.ends_with(&row), "{written}");
            continue;
        }
        let rows: Value = serde_json::from_str(&written)
            .unwrap_or_else(|_| serde_json::from_str(written.lines().last().unwrap()).unwrap());
        let last = rows.as_array().map_or(&rows, |all| all.last().unwrap());
        assert_eq!(
            (&last["who"], &last["action"], &last["count"]),
            (&json!(user), &json!("read_payloads"), &json!(1)),
            "{name}: {written}"
        );
    }
    let wrong = daemon.run(&["audit", "--output", "audit.xlsx"]).await;
    assert_eq!(wrong.status.code(), Some(2));
    // Whoever is not at the control socket can state what they like.
    let request = client().get(format!("{}/api/audit", daemon.url));
    let refused = request.header("x-operator", "root").send().await.unwrap();
    assert_eq!(refused.status().as_u16(), 401);
    daemon.stop().await;
}

#[tokio::test]
async fn a_restore_is_kept_and_what_was_done_before_it_too() {
    let directory = TempDir::new().unwrap();
    let daemon = Daemon::start(directory.path(), "", "").await;
    let copy = directory.path().join("copy.db");
    let copy = copy.to_str().unwrap();
    daemon.json(&["backup", copy]).await;
    let sent = daemon.json(&["send", "a.b"]).await;
    let id = sent["id"].as_str().unwrap();
    daemon.json(&["resend", id]).await;
    daemon.json(&["show", id]).await;
    let config = daemon.config.clone();
    daemon.stop().await;
    let mut command = program();
    command
        .args(["restore", copy, "--as", "田中", "--config"])
        .arg(&config);
    let restored = command.output().await.unwrap();
    assert!(restored.status.success(), "{restored:?}");
    let daemon = Daemon::start(directory.path(), "", "").await;
    let asked = daemon.json(&["audit"]).await;
    assert_eq!(actions(&asked), ["restore", "resend", "backup"], "{asked}");
    let restore = &items(&asked)[0];
    assert!(
        restore["who"]
            .as_str()
            .unwrap()
            .starts_with("田中 (as stated by ")
    );
    assert_eq!(restore["subject"], json!(copy));
    assert_eq!(items(&asked)[1]["subject"], json!(id));
    assert_eq!(asked["payloadReads"][0]["events"], 1);
    daemon.stop().await;
}
