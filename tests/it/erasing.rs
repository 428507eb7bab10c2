//! One person's data are shown, and erased from every file that the relay keeps.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use hyper::StatusCode;
use reqwest::Method;
use serde_json::{Value, json};
use tempfile::TempDir;
use voicedrive_relay::testing::receiver::ScriptedAnswer;
use voicedrive_relay::testing::token::Scope;

use crate::commands::{Daemon, program};
use crate::harness::{Clock, Partner, TestRelay, noon, token};

const PERSON: &str = "EMP-ZQX-77";
const NAME: &str = "消去花子";
/// The same, as programs spell it that write JSON in ASCII.
const NAME_IN_ASCII: &str = r"\u6d88\u53bb\u82b1\u5b50";

/// The files in which a text stands, by their bytes. Another process looks: one that closes a file gives up the locks that
/// it has on it.
fn files_with(directory: &Path, text: &str) -> Vec<PathBuf> {
    let mut grep = Command::new("grep");
    grep.env("LC_ALL", "C").args(["-rlF", "--", text]);
    let output = grep.arg(directory).output().unwrap();
    let found = String::from_utf8(output.stdout).unwrap();
    found.lines().map(PathBuf::from).collect()
}

fn event_of(staff_id: &str, number: usize) -> Value {
    let name = if staff_id == PERSON {
        NAME
    } else {
        "山田 太郎"
    };
    json!({
        "event": "employee.updated",
        "data": {"staffId": staff_id, "fullName": name, "pad": "x".repeat(number * 131 % 3000)},
    })
}

fn interview_of(staff_id: &str) -> Value {
    json!({
        "employeeId": staff_id, "employeeName": NAME, "interviewerId": "EMP-9", "interviewType": "regular",
        "interviewDate": "2025-10-26T10:00:00.000Z", "interviewStatus": "completed", "durationMinutes": 45,
        "voicedriveSyncId": "vd-1", "facilityId": "facility-a", "statusReason": format!("{NAME} 都合"),
    })
}

/// What the statistics say, and what is listed without saying whose it is.
async fn numbers(relay: &TestRelay) -> BTreeMap<&'static str, Value> {
    let mut all = BTreeMap::new();
    for path in [
        "/api/integration/webhook-stats?period=30d",
        "/api/interviews/completion-stats?period=30d",
        "/api/interviews/completion-stats?period=30d&facility=facility-a",
        "/api/voicedrive/webhook-stats",
    ] {
        all.insert(path, relay.get(path).await.data().clone());
    }
    let listed = relay.get("/api/events?limit=200").await.data().clone();
    let items = listed["items"].as_array().unwrap().iter();
    let items = items.map(|one| {
        json!([
            one["id"],
            one["event"],
            one["status"],
            one["acceptedAt"],
            one["payloadSize"]
        ])
    });
    all.insert("events", items.collect());
    all
}

async fn put(relay: &TestRelay, id: &str, body: &Value) -> (u16, Value) {
    let bearer = format!("Bearer {}", token(&[Scope::Admin], relay.clock.now()));
    let headers = [
        ("authorization", bearer.as_str()),
        ("content-type", "application/json"),
    ];
    let path = format!("/api/interviews/{id}");
    let answer = relay
        .call(Method::PUT, &path, &headers, body.to_string())
        .await;
    (answer.status, answer.body)
}

#[tokio::test]
async fn nothing_of_an_erased_person_is_left_in_any_file_and_every_number_stays() {
    let clock = Clock::manual(noon());
    let partner = Partner::start(clock.clone()).await;
    let relay = TestRelay::start_with(&partner.url(), "", clock).await;
    let mut ids = Vec::new();
    for number in 0..300 {
        let of_person = number % 7 == 3;
        let staff_id = if of_person {
            PERSON.to_owned()
        } else {
            format!("EMP-{number}")
        };
        // The partner says again what it was told.
        let echo = ScriptedAnswer::json(
            StatusCode::OK,
            r#"{"of":"EMP-ZQX-77","name":"消去花子","again":"\u6d88\u53bb\u82b1\u5b50"}"#,
        );
        partner.always_answers(of_person.then_some(echo));
        let key = format!("key-{number}");
        let headers = [
            ("content-type", "application/json"),
            ("idempotency-key", key.as_str()),
        ];
        let body = event_of(&staff_id, number).to_string();
        let answer = relay.post_with("/api/events", &headers, body).await;
        assert_eq!(answer.status, 202);
        let id = answer.data()["id"].as_str().unwrap().to_owned();
        relay.wait_for_status(&id, "delivered").await;
        ids.push(id);
    }
    assert_eq!(put(&relay, "int-1", &interview_of(PERSON)).await.0, 201);
    let mut held = interview_of("EMP-1");
    (held["employeeName"], held["interviewerId"]) = (json!("山田"), json!(PERSON));
    (held["voicedriveSyncId"], held["statusReason"]) = (json!("vd-2"), Value::Null);
    assert_eq!(put(&relay, "int-2", &held).await.0, 201);
    let directory = relay.directory.path().to_owned();
    // What an upgrade has left.
    let left = directory.join("relay-before-migration-1.db");
    fs::copy(directory.join("live/relay.db-wal"), &left).unwrap();
    for text in [PERSON, NAME, NAME_IN_ASCII] {
        assert!(files_with(&directory, text).len() > 1, "{text}");
    }

    let shown = relay.get(&format!("/api/staff/{PERSON}")).await;
    let of_person = shown.data()["events"].as_array().unwrap();
    assert_eq!(of_person.len(), 43);
    assert_eq!(of_person[0]["data"]["fullName"], NAME);
    assert_eq!(of_person[0]["attempts"][0]["outcome"], "success");
    assert_eq!(shown.data()["interviews"][0]["employeeName"], NAME);
    assert_eq!(shown.data()["held"], 1);
    let before = numbers(&relay).await;
    let path = format!("/api/staff/{PERSON}/erase");
    let counted = relay.post(&path, r#"{"dryRun":true}"#).await;
    assert_eq!(counted.data()["events"], 43);
    assert_eq!(counted.data()["copies"], json!([left]));
    assert_eq!(numbers(&relay).await, before);

    let erased = relay.post(&path, r#"{"copies":true}"#).await;
    let done = erased.data();
    assert_eq!(
        (&done["events"], &done["interviews"], &done["held"]),
        (&json!(43), &json!(1), &json!(1))
    );
    assert_eq!(done["deletedCopies"], json!([left]));
    assert_eq!(done["backupError"], Value::Null);
    // Without writing the database anew, for which accepting would wait.
    assert_eq!(done["files"], "clean");
    for text in [PERSON, NAME, NAME_IN_ASCII] {
        assert_eq!(
            files_with(&directory, text),
            Vec::<PathBuf>::new(),
            "{text}"
        );
    }
    assert_eq!(numbers(&relay).await, before);

    // It is known that there was somebody, and nothing else.
    let shown = relay.get(&format!("/api/staff/{PERSON}")).await;
    assert_eq!(shown.data()["events"], json!([]));
    assert!(shown.data()["erasedAt"].is_string());
    let event = relay.get(&format!("/api/events/{}", ids[3])).await;
    assert_eq!(event.data()["data"], json!({}));
    assert_eq!(event.data()["staffId"], Value::Null);
    assert_eq!(event.data()["attempts"][0]["responseBody"], Value::Null);
    let again = relay
        .post(&format!("/api/events/{}/resend", ids[3]), "")
        .await;
    assert_eq!((again.status, again.error().0), (409, "CONFLICT"));
    let headers = [
        ("content-type", "application/json"),
        ("idempotency-key", "key-3"),
    ];
    let other = relay
        .post_with("/api/events", &headers, r#"{"event":"a.b","data":{}}"#)
        .await;
    assert_eq!(other.status, 200);
    assert_eq!(other.data()["id"], json!(ids[3]));
    let (status, kept) = put(&relay, "int-1", &interview_of(PERSON)).await;
    assert_eq!(status, 200);
    assert_eq!(kept["data"]["employeeName"], Value::Null);
    assert!(
        kept["data"]["voicedriveSyncId"]
            .as_str()
            .unwrap()
            .starts_with("erased-")
    );
    assert_eq!(numbers(&relay).await, before);
    // A record that the person held is known again, too.
    let (status, kept) = put(&relay, "int-2", &held).await;
    assert_eq!(
        (status, &kept["data"]["interviewerId"]),
        (200, &Value::Null)
    );
    let audit = relay.get("/api/audit").await;
    let actions = audit.data()["items"].as_array().unwrap();
    let words: Vec<_> = actions
        .iter()
        .map(|one| one["action"].as_str().unwrap())
        .collect();
    assert_eq!(words, ["hand_in_erased", "hand_in_erased", "erase"]);
    assert_eq!(actions[2]["subject"], shown.data()["label"]);
    assert_eq!(actions[2]["count"], 45);
    relay.stop().await;
    for text in [PERSON, NAME, NAME_IN_ASCII] {
        assert_eq!(
            files_with(&directory, text),
            Vec::<PathBuf>::new(),
            "{text}"
        );
    }
}

#[tokio::test]
async fn what_did_not_arrive_is_named_and_given_up_only_when_somebody_says_so() {
    let relay = TestRelay::start("").await;
    let id = relay.accept_of("EMP-1", "employee.created").await;
    let others = json!({"event": "team.changed", "data": {"staffId": "EMP-2", "members": ["EMP-1", "EMP-10"]}});
    relay.post("/api/events", others.to_string()).await;
    let unlike =
        json!({"event": "team.changed", "data": {"staffId": "EMP-2", "members": ["EMP-10"]}});
    relay.post("/api/events", unlike.to_string()).await;
    let refused = relay.post("/api/staff/EMP-1/erase", "{}").await;
    assert_eq!(refused.status, 409);
    assert!(refused.error().1.contains(&id), "{:?}", refused.error());
    let counted = relay
        .post("/api/staff/EMP-1/erase", r#"{"dryRun":true}"#)
        .await;
    assert_eq!(counted.data()["open"][0]["status"], "accepted");
    assert_eq!(counted.data()["mentionedIn"]["count"], 1);
    let nobody = relay.post("/api/staff/nobody/erase", "{}").await;
    assert_eq!(nobody.status, 404);
    let erased = relay
        .post("/api/staff/EMP-1/erase", r#"{"giveUp":true}"#)
        .await;
    assert_eq!(erased.data()["givenUp"], 1);
    // The event of somebody else is listed, and stays.
    assert_eq!(erased.data()["mentionedIn"]["count"], 1);
    let team = erased.data()["mentionedIn"]["ids"][0].as_str().unwrap();
    let team = relay.get(&format!("/api/events/{team}")).await;
    assert_eq!(team.data()["data"]["members"][0], "EMP-1");
    assert_eq!(
        relay.get("/api/events?status=accepted").await.data()["items"]
            .as_array()
            .unwrap()
            .len(),
        2
    );
    relay.stop().await;
}

#[tokio::test]
async fn where_the_id_stands_in_what_others_have_written_is_said() {
    let directory = TempDir::new().unwrap();
    let partner = Partner::start(Clock::System).await;
    let daemon = Daemon::start(directory.path(), &partner.url(), "").await;
    let of = |staff_id: &str| {
        ["send", "employee.updated", "--wait", "--staff-id", staff_id].map(str::to_owned)
    };
    for staff_id in [PERSON, "EMP-2"] {
        let echo = ScriptedAnswer::json(StatusCode::OK, r#"{"of":"EMP-ZQX-77"}"#);
        partner.always_answers(Some(echo));
        let typed = of(staff_id);
        let typed: Vec<&str> = typed.iter().map(String::as_str).collect();
        assert!(daemon.run(&typed).await.status.success());
    }
    let row = |id: &str, staff_id: &str, reason: &str| {
        json!({"id": id, "employeeId": staff_id, "interviewType": "regular",
               "interviewDate": "2025-10-26T10:00:00Z", "statusReason": reason})
        .to_string()
    };
    let rows = [
        row("int-1", PERSON, "EMP-ZQX-77の都合"),
        row("int-2", "EMP-2", "面談者EMP-ZQX-77の都合"),
        row("int-3", "EMP-3", "EMP-ZQX-778の都合"),
    ];
    let file = directory.path().join("in.ndjson");
    fs::write(&file, rows.join("\n")).unwrap();
    daemon
        .json(&["import", "interviews", file.to_str().unwrap()])
        .await;
    fs::remove_file(&file).unwrap();
    let until = Clock::System
        .now()
        .after(std::time::Duration::from_hours(1))
        .to_string();
    daemon
        .json(&["hold", "--until", &until, "asked for by EMP-ZQX-77"])
        .await;
    for dry_run in [&["--dry-run"][..], &[]] {
        let typed = [&["staff", "erase", PERSON], dry_run].concat();
        let erased = daemon.json(&typed).await;
        let notes = &erased["notedIn"];
        assert_eq!(notes["interviews"]["ids"], json!(["int-2"]), "{erased}");
        assert_eq!(notes["holds"]["ids"], json!(["*"]), "{erased}");
        // The reason of the hold.
        assert_eq!(notes["audit"]["count"], 1, "{erased}");
        assert_eq!(
            erased["mentionedIn"]["count"], 1,
            "what VoiceDrive said of another: {erased}"
        );
    }
    // What is over loses the text, and a valid token is named until it is revoked.
    let subject = format!("pc of {PERSON}");
    let issue = [
        "token",
        "issue",
        "--scope",
        "stats:read",
        "--subject",
        &subject,
    ];
    let issued = daemon.json(&issue).await;
    daemon.json(&["hold", "end"]).await;
    // All of it is named before it is done.
    let shown = daemon.json(&["staff", "show", PERSON]).await;
    let counted = daemon.json(&["staff", "erase", PERSON, "--dry-run"]).await;
    assert_eq!(counted["texts"], 1, "{counted}");
    for answer in [&shown, &counted] {
        let ended = &answer["endedTexts"];
        let found = (&ended["holds"]["count"], &ended["tokens"]["count"]);
        assert_eq!(found, (&json!(1), &json!(0)), "{answer}");
    }
    for typed in [
        &["staff", "show", PERSON][..],
        &["staff", "erase", PERSON, "--dry-run"],
    ] {
        let told = String::from_utf8(daemon.run(typed).await.stdout).unwrap();
        let incident = shown["endedTexts"]["holds"]["ids"][0].as_str().unwrap();
        assert!(
            told.contains("ended holds") && told.contains(incident),
            "{told}"
        );
    }
    let erased = daemon.json(&["staff", "erase", PERSON]).await;
    assert_eq!(erased["texts"], 1, "{erased}");
    let notes = &erased["notedIn"];
    let jti = issued["jti"].clone();
    assert_eq!(notes["tokens"]["ids"], json!([jti]), "{erased}");
    for place in ["holds", "incidents", "sessions", "names"] {
        assert_eq!(notes[place]["count"], 0, "{place}: {erased}");
    }
    daemon
        .json(&["token", "revoke", jti.as_str().unwrap()])
        .await;
    let erased = daemon.json(&["staff", "erase", PERSON]).await;
    assert_eq!(erased["texts"], 1, "{erased}");
    assert_eq!(erased["notedIn"]["tokens"]["count"], 0, "{erased}");
    let told = daemon.run(&["staff", "erase", PERSON]).await;
    let told = String::from_utf8(told.stdout).unwrap();
    assert!(
        told.contains("but what is named here") && told.contains("int-2"),
        "{told}"
    );
    assert!(!told.contains("の都合"), "{told}");
    daemon.stop().await;
}

#[tokio::test]
async fn an_erasure_outlives_a_restore_and_no_log_line_has_the_id() {
    let directory = TempDir::new().unwrap();
    let mut daemon = Daemon::start(directory.path(), "", "").await;
    let data = directory.path().join("data.json");
    fs::write(
        &data,
        json!({"staffId": PERSON, "fullName": NAME}).to_string(),
    )
    .unwrap();
    let data_path = data.to_str().unwrap();
    daemon
        .json(&["send", "employee.created", "--data", data_path])
        .await;
    fs::remove_file(&data).unwrap();
    let elsewhere = TempDir::new().unwrap();
    let copy = elsewhere.path().join("copy.db");
    let copy = copy.to_str().unwrap();
    daemon.json(&["backup", copy]).await;
    // What comes after the copy and is erased as well is nothing to hand in again.
    let later = ["send", "employee.updated", "--staff-id", PERSON];
    daemon.json(&later).await;
    let record = json!([{
        "id": format!("int-{PERSON}"), "employeeId": PERSON, "interviewType": "regular",
        "interviewDate": "2025-10-26T10:00:00.000Z", "interviewStatus": "scheduled",
    }]);
    let records = directory.path().join("records.json");
    fs::write(&records, record.to_string()).unwrap();
    daemon
        .json(&["import", "interviews", records.to_str().unwrap()])
        .await;
    fs::remove_file(&records).unwrap();
    let shown = daemon.run(&["staff", "show", PERSON]).await;
    let shown = String::from_utf8(shown.stdout).unwrap();
    assert!(
        shown.contains(NAME) && shown.contains("events: 2"),
        "{shown}"
    );
    let refused = daemon.run(&["staff", "erase", PERSON]).await;
    assert_eq!(refused.status.code(), Some(1));
    let told = String::from_utf8(refused.stderr).unwrap();
    assert!(
        told.contains("--give-up") && told.contains("employee.created"),
        "{told}"
    );
    let erased = daemon.run(&["staff", "erase", PERSON, "--give-up"]).await;
    let told = String::from_utf8(erased.stdout).unwrap();
    assert!(
        told.contains("erased: events: 2") && told.contains("copies elsewhere"),
        "{told}"
    );
    daemon.signal("-TERM");
    while let Some(line) = daemon.log.next_line().await {
        assert!(!line.contains(PERSON) && !line.contains(NAME), "{line}");
    }
    let config = daemon.config.clone();
    daemon.child.wait().await.unwrap();
    let mut command = program();
    command
        .args(["restore", copy, "--json", "--config"])
        .arg(&config);
    let restored = command.output().await.unwrap();
    let answer: Value = serde_json::from_slice(&restored.stdout).unwrap();
    assert_eq!(answer["erasedAgain"], 1, "{answer}");
    assert_eq!(answer["waiting"], 1, "of the copy: {answer}");
    assert_eq!(answer["sentAtTheStart"], 0, "{answer}");
    let before = &answer["before"];
    for kind in ["eventsNotInCopy", "interviewsNotInCopy"] {
        assert_eq!(before[kind]["count"], 0, "{kind}: {answer}");
    }
    assert_eq!(before["sentAgain"], 0, "{answer}");
    for text in [PERSON, NAME] {
        assert_eq!(
            files_with(directory.path(), text),
            Vec::<PathBuf>::new(),
            "{text}"
        );
    }
    let daemon = Daemon::start(directory.path(), "", "").await;
    let shown = daemon.json(&["staff", "show", PERSON]).await;
    assert_eq!(shown["events"], json!([]));
    assert!(shown["erasedAt"].is_string());
    let unknown = daemon.run(&["staff", "show", "EMP-0"]).await;
    assert_eq!(unknown.status.code(), Some(1));
    daemon.stop().await;
}

/// The names of the files in which the erasure says that it has found the person.
fn found_in(answer: &Value) -> Vec<String> {
    let found = answer["foundIn"].as_array().unwrap().iter();
    let names = found.map(|path| Path::new(path.as_str().unwrap()).file_name());
    names
        .map(|name| name.unwrap().to_str().unwrap().to_owned())
        .collect()
}

#[tokio::test]
async fn whom_no_row_has_any_more_is_erased_from_the_files_and_nobody_is_said_of_nobody() {
    let relay = TestRelay::start("").await;
    let directory = relay.directory.path().to_owned();
    // A longer id is somebody else.
    let longer = format!("{PERSON}8");
    for (id, staff_id) in [("int-1", PERSON), ("int-2", "EMP-1"), ("int-3", &longer)] {
        let mut record = interview_of(staff_id);
        record["voicedriveSyncId"] = json!(id);
        assert_eq!(put(&relay, id, &record).await.0, 201);
    }
    // One record is deleted, another one gets another person.
    let bearer = format!("Bearer {}", token(&[Scope::Admin], relay.clock.now()));
    let headers = [("authorization", bearer.as_str())];
    let deleted = relay
        .call(
            Method::DELETE,
            "/api/interviews/int-1",
            &headers,
            String::new(),
        )
        .await;
    assert_eq!(deleted.status, 204, "{:?}", deleted.body);
    let mut of_another = interview_of("EMP-2");
    of_another["voicedriveSyncId"] = json!("int-2");
    assert_eq!(put(&relay, "int-2", &of_another).await.0, 200);
    assert!(!files_with(&directory, "EMP-1").is_empty());
    // The log is cleared as a whole: of the other one nothing is left after that.
    {
        let path = format!("/api/staff/{PERSON}/erase");
        let counted = relay.post(&path, r#"{"dryRun":true}"#).await;
        assert_eq!(counted.status, 200, "{:?}", counted.body);
        assert!(found_in(counted.data()).contains(&"relay.db-wal".to_owned()));
        let erased = relay.post(&path, "{}").await;
        assert_eq!(erased.status, 200, "{:?}", erased.body);
        assert_eq!(erased.data()["interviews"], 0);
        assert_eq!(erased.data()["files"], "clean");
        assert_eq!(found_in(erased.data()), found_in(counted.data()));
    }
    assert_eq!(files_with(&directory, "EMP-1"), Vec::<PathBuf>::new());
    let audit = relay.get("/api/audit").await;
    let actions = audit.data()["items"].as_array().unwrap().iter();
    let erasures = actions.filter(|action| action["action"] == "erase");
    assert_eq!(erasures.count(), 1);
    // The longer id has the shorter one in it.
    for nobody in ["EMP-ZQ", "EMP-9X", "EMP-ZQX-7"] {
        let path = format!("/api/staff/{nobody}/erase");
        for body in [r#"{"dryRun":true}"#, "{}"] {
            let refused = relay.post(&path, body).await;
            assert_eq!(refused.status, 404, "{nobody}: {:?}", refused.body);
        }
    }
    let rest = relay
        .post(&format!("/api/staff/{longer}/erase"), "{}")
        .await;
    assert_eq!(rest.data()["interviews"], 1);
    assert_eq!(found_in(rest.data()), Vec::<String>::new());
    assert_eq!(files_with(&directory, PERSON), Vec::<PathBuf>::new());
    relay.stop().await;
}

#[tokio::test]
async fn copies_that_have_whom_no_row_has_are_named_and_deleted() {
    let relay = TestRelay::start("").await;
    let directory = relay.directory.path().to_owned();
    let of_restore = directory.join("live.before-restore-2025-10-26T120000000Z");
    fs::create_dir(&of_restore).unwrap();
    fs::write(
        of_restore.join("relay.db"),
        format!("{{\"staffId\":\"{PERSON}\"}}"),
    )
    .unwrap();
    let path = format!("/api/staff/{PERSON}/erase");
    let counted = relay.post(&path, r#"{"dryRun":true}"#).await;
    assert_eq!(counted.data()["foundIn"], json!([of_restore]));
    let erased = relay.post(&path, "{}").await;
    assert_eq!(erased.status, 200, "{:?}", erased.body);
    assert_eq!(erased.data()["copies"], json!([of_restore]));
    assert_eq!(
        files_with(&directory, PERSON),
        [of_restore.join("relay.db")]
    );
    let erased = relay.post(&path, r#"{"copies":true}"#).await;
    assert_eq!(erased.data()["deletedCopies"], json!([of_restore]));
    assert_eq!(files_with(&directory, PERSON), Vec::<PathBuf>::new());
    relay.stop().await;
}
