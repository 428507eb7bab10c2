//! `receiver-test` against receivers that behave as `VoiceDrive`'s own do, right and wrong ones.

use std::sync::Arc;

use hyper::StatusCode;
use serde_json::{Value, json};
use tempfile::TempDir;
use voicedrive_relay::testing::config::Environment;
use voicedrive_relay::testing::delivery::profile::Profile;
use voicedrive_relay::testing::receiver::{
    ReceivedWebhook, Receiver, Rejection, ScriptedAnswer, Verifier,
};
use voicedrive_relay::testing::secret::Secret;

use crate::commands::program;
use crate::harness::{Clock, Partner, WEBHOOK_SECRET, status};

/// What a stand-in answers.
type Behaviour = fn(&ReceivedWebhook) -> ScriptedAnswer;

async fn stand_in(profile: &str, behaviour: Behaviour) -> Receiver {
    let judge = Verifier {
        profile: Profile::built_in(profile).unwrap(),
        secrets: secrets(WEBHOOK_SECRET),
        clock: Clock::System,
    };
    let address = ([127, 0, 0, 1], 0).into();
    Receiver::start(address, judge, Arc::new(behaviour))
        .await
        .unwrap()
}

fn secrets(secret: &str) -> Vec<Secret> {
    let environment = Environment::from([("S", secret)]);
    environment.secret("S").unwrap().into_iter().collect()
}

/// What the command prints, its lines and its exit code.
struct Told {
    text: String,
    code: Option<i32>,
}

impl Told {
    fn lines(&self, word: &str) -> Vec<&str> {
        let lines = self.text.lines();
        lines.filter(|line| line.starts_with(word)).collect()
    }

    fn verdict(&self) -> &str {
        self.lines("verdict: ").first().copied().unwrap_or_default()
    }
}

async fn examine(url: &str, profile: &str, more: &[&str]) -> Told {
    let mut command = program();
    command.args(["receiver-test", url, "--profile", profile]);
    let output = command.args(more).output().await.unwrap();
    Told {
        text: String::from_utf8(output.stdout).unwrap(),
        code: output.status.code(),
    }
}

async fn examine_stand_in(profile: &str, behaviour: Behaviour, more: &[&str]) -> Told {
    let receiver = stand_in(profile, behaviour).await;
    let url = format!("http://{}/", receiver.address());
    examine(&url, profile, more).await
}

fn answer(code: u16, body: &'static str) -> ScriptedAnswer {
    ScriptedAnswer::json(StatusCode::from_u16(code).unwrap(), body)
}

fn body(received: &ReceivedWebhook) -> Value {
    serde_json::from_slice(&received.body).unwrap()
}

fn has(data: &Value, fields: &[&str]) -> bool {
    fields.iter().all(|field| data[*field].is_string())
}

/// R2, R3 and R4: a header that is missing is 400, everything else that is wrong 401.
fn refusal(received: &ReceivedWebhook) -> Option<ScriptedAnswer> {
    match received.verdict {
        Ok(()) => None,
        Err(Rejection::HeaderMissing(_)) => Some(answer(400, r#"{"code":"MISSING_HEADERS"}"#)),
        Err(_) => Some(answer(401, r#"{"code":"INVALID_SIGNATURE"}"#)),
    }
}

/// R1, employees: all that is wrong with a signature is 401; an event that it does not know 400; a
/// date that it cannot read 500.
fn employees(received: &ReceivedWebhook) -> ScriptedAnswer {
    if received.verdict.is_err() {
        return received.default_answer();
    }
    let body = body(received);
    match body["eventType"].as_str() {
        Some("employee.photo.updated" | "employee.created")
            if body["data"]["photoUpdatedAt"].is_string() =>
        {
            status(200)
        }
        Some("employee.photo.updated" | "employee.created") => {
            answer(500, r#"{"error":"Internal server error"}"#)
        }
        _ => answer(400, r#"{"error":"Unknown event type"}"#),
    }
}

/// R2, whistleblowing: it must know the report.
fn whistleblowing(received: &ReceivedWebhook) -> ScriptedAnswer {
    let data = body(received);
    match refusal(received) {
        Some(refusal) => refusal,
        None if !has(&data, &["reportId", "caseNumber", "status"]) => {
            answer(400, r#"{"code":"VALIDATION_ERROR"}"#)
        }
        None if data["reportId"] != "known-report" => answer(
            404,
            r#"{"code":"REPORT_NOT_FOUND","message":"通報が見つかりません"}"#,
        ),
        None => status(200),
    }
}

/// R3, acknowledgements: validates before it verifies.
fn acknowledgements(received: &ReceivedWebhook) -> ScriptedAnswer {
    let data = body(received);
    let fields = [
        "reportId",
        "caseNumber",
        "anonymousId",
        "severity",
        "category",
        "receivedAt",
        "estimatedResponseTime",
    ];
    if !has(&data, &fields) {
        return answer(
            400,
            r#"{"code":"VALIDATION_ERROR","missingFields":["severity"]}"#,
        );
    }
    refusal(received).unwrap_or_else(|| status(200))
}

/// R4, notifications: only those for level 99.
fn notifications(received: &ReceivedWebhook) -> ScriptedAnswer {
    let data = body(received);
    match refusal(received) {
        Some(refusal) => refusal,
        None if data["accountLevel"] != 99 => answer(403, r#"{"code":"INVALID_ACCOUNT_LEVEL"}"#),
        None => status(200),
    }
}

/// R4, changes of a status.
fn status_changes(received: &ReceivedWebhook) -> ScriptedAnswer {
    let body = body(received);
    match refusal(received) {
        Some(refusal) => refusal,
        None if body["event"] != "account.status_changed" => answer(400, "{}"),
        None if !has(&body["data"], &["employeeId", "newStatus"]) => answer(400, "{}"),
        None => status(200),
    }
}

/// R6, interview results: a bearer token, and then it breaks whatever comes.
fn interview_results(received: &ReceivedWebhook) -> ScriptedAnswer {
    if received.header("authorization") == format!("Bearer {WEBHOOK_SECRET}") {
        answer(
            500,
            r#"{"error":"Cannot read properties of null (reading 'interviewResult')"}"#,
        )
    } else {
        status(401)
    }
}

#[tokio::test]
async fn voicedrives_receivers_that_verify_as_they_should_pass() {
    let receivers: [(&str, Behaviour); 4] = [
        ("voicedrive-employee", employees),
        ("voicedrive-compliance", acknowledgements),
        ("voicedrive-notification", notifications),
        ("voicedrive-staff-system", status_changes),
    ];
    for (profile, behaviour) in receivers {
        let told = examine_stand_in(profile, behaviour, &[]).await;
        assert_eq!(told.code, Some(0), "{profile}\n{}", told.text);
        assert!(
            told.verdict().contains("verification is right"),
            "{profile}\n{}",
            told.text
        );
        assert_eq!(told.lines("FAIL"), Vec::<&str>::new(), "{profile}");
    }
}

#[tokio::test]
async fn a_receiver_that_wants_other_data_is_told_from_one_that_verifies_wrongly() {
    let told = examine_stand_in("voicedrive-whistleblowing", whistleblowing, &[]).await;
    assert_eq!(told.code, Some(1));
    assert_eq!(told.lines("FAIL"), Vec::<&str>::new(), "{}", told.text);
    assert!(told.lines("note")[0].contains("HTTP 404"), "{}", told.text);
    assert!(told.verdict().contains("your verification is right"));
    assert!(told.verdict().contains("--data"), "{}", told.text);
    assert!(told.text.contains("通報が見つかりません"), "{}", told.text);

    // The same with data that it takes.
    let directory = TempDir::new().unwrap();
    let path = directory.path().join("report.json");
    let data = json!({"reportId": "known-report", "caseNumber": "{uuid}", "status": "triaging"});
    std::fs::write(&path, data.to_string()).unwrap();
    let more = ["--data", path.to_str().unwrap()];
    let told = examine_stand_in("voicedrive-whistleblowing", whistleblowing, &more).await;
    assert_eq!(told.code, Some(0), "{}", told.text);
}

#[tokio::test]
async fn an_answer_of_500_to_good_data_does_not_blame_the_signature() {
    let directory = TempDir::new().unwrap();
    let path = directory.path().join("created.json");
    std::fs::write(&path, r#"{"staffId":"EMP-1"}"#).unwrap();
    let more = [
        "--event",
        "employee.created",
        "--data",
        path.to_str().unwrap(),
    ];
    let told = examine_stand_in("voicedrive-employee", employees, &more).await;
    assert!(told.verdict().contains("your verification is right"));
    assert!(told.verdict().contains("HTTP 500"), "{}", told.text);
    assert_eq!(told.lines("FAIL"), Vec::<&str>::new(), "{}", told.text);

    let more = ["--bearer", "VOICEDRIVE_WEBHOOK_SECRET"];
    let told = examine_stand_in("unsigned", interview_results, &more).await;
    assert!(told.verdict().contains("HTTP 500"), "{}", told.text);
    assert!(told.text.contains("interviewResult"), "{}", told.text);
    assert_eq!(told.lines("pass").len(), 2, "{}", told.text);
}

#[tokio::test]
async fn nothing_is_said_of_a_verification_that_was_not_reached() {
    let directory = TempDir::new().unwrap();
    let path = directory.path().join("empty.json");
    std::fs::write(&path, "{}").unwrap();
    let more = ["--data", path.to_str().unwrap()];
    let told = examine_stand_in("voicedrive-compliance", acknowledgements, &more).await;
    assert_eq!(told.code, Some(1));
    assert!(told.verdict().contains("the same answer"), "{}", told.text);
    assert_eq!(told.lines("FAIL"), Vec::<&str>::new(), "{}", told.text);
    assert!(told.text.contains("missingFields"), "{}", told.text);
}

#[tokio::test]
async fn a_verification_that_is_wrong_is_called_wrong() {
    // One that takes everything.
    let told = examine_stand_in("voicedrive-compliance", |_| status(200), &[]).await;
    assert_eq!(told.code, Some(1));
    assert!(told.verdict().contains("a forged webhook was taken"));
    assert_eq!(told.lines("FAIL").len(), 5, "{}", told.text);
    assert!(
        told.text
            .contains("FAIL  no signature: HTTP 200, expected 401 or 400."),
        "{}",
        told.text
    );
    // One that refuses everything.
    let told = examine_stand_in("voicedrive-compliance", |_| status(401), &[]).await;
    assert!(told.verdict().contains("it refuses a good signature"));
    // One that takes old timestamps.
    let told = examine_stand_in(
        "voicedrive-compliance",
        |received| match received.verdict {
            Err(Rejection::Stale) => status(200),
            _ => received.default_answer(),
        },
        &[],
    )
    .await;
    assert!(told.verdict().contains("incomplete"), "{}", told.text);
    // One that fails at a repetition.
    let told = examine_stand_in(
        "voicedrive-compliance",
        |received| match received.header("x-webhook-attempt") {
            "2" => status(500),
            _ => received.default_answer(),
        },
        &[],
    )
    .await;
    assert!(
        told.verdict().contains("mend what is marked FAIL"),
        "{}",
        told.text
    );
    // Nobody there.
    let told = examine("http://127.0.0.1:9/", "voicedrive-compliance", &[]).await;
    assert!(told.text.contains("the connection was refused"));
    assert!(told.verdict().contains("no answer"), "{}", told.text);
}

#[tokio::test]
async fn the_secret_is_read_as_the_daemon_reads_it() {
    let partner = Partner::start(Clock::System).await;
    let directory = TempDir::new().unwrap();
    let config = directory.path().join("config.toml");
    let file = directory.path().join("secrets.env");
    std::fs::write(&file, format!("MADE_UP_SECRET={WEBHOOK_SECRET}\n")).unwrap();
    let config = ["--config", config.to_str().unwrap()];
    let more = [&config[..], &["--secret", "MADE_UP_SECRET"]].concat();
    let told = examine(&partner.url(), "medical-system", &more).await;
    assert_eq!(told.code, Some(0), "{}", told.text);
    assert_eq!(told.lines("pass").len(), 9, "{}", told.text);

    let mut command = program();
    command.args([
        "receiver-test",
        &partner.url(),
        "--profile",
        "medical-system",
    ]);
    command.args(config).args(["--secret", "NOT_THERE"]);
    let output = command.output().await.unwrap();
    let told = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{told}");
    assert!(told.contains("secrets.env"), "{told}");
    assert!(!told.contains(WEBHOOK_SECRET), "{told}");
}

#[tokio::test]
async fn a_secrets_file_comes_before_the_environment_and_says_so() {
    let receiver = stand_in("voicedrive-compliance", acknowledgements).await;
    let directory = TempDir::new().unwrap();
    let config = directory.path().join("config.toml");
    let file = directory.path().join("secrets.env");
    std::fs::write(
        &file,
        "VOICEDRIVE_WEBHOOK_SECRET=another-made-up-secret-0123456789\n",
    )
    .unwrap();
    let url = format!("http://{}/", receiver.address());
    let mut command = program();
    command.args(["receiver-test", &url, "--profile", "voicedrive-compliance"]);
    let output = command.arg("--config").arg(config).output().await.unwrap();
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(told.contains("does not count"), "{told}");
    let verdict = String::from_utf8_lossy(&output.stdout);
    assert!(verdict.contains("it refuses a good signature"), "{verdict}");
    assert!(!format!("{told}{verdict}").contains("made-up-secret"));
}

#[tokio::test]
async fn a_person_is_told_in_japanese_and_a_program_in_english() {
    let receiver = stand_in("voicedrive-whistleblowing", whistleblowing).await;
    let url = format!("http://{}/", receiver.address());
    for (more, verdict) in [
        (&[][..], "判定: 署名の検証は正しく"),
        (&["--json"], "your verification"),
    ] {
        let mut command = program();
        command.env("LANG", "ja_JP.UTF-8");
        command.args([
            "receiver-test",
            &url,
            "--profile",
            "voicedrive-whistleblowing",
        ]);
        let output = command.args(more).output().await.unwrap();
        let told = String::from_utf8(output.stdout).unwrap();
        assert!(told.contains(verdict), "{told}");
    }
}

#[tokio::test]
async fn programs_get_the_verdict_as_a_word() {
    let told = examine_stand_in("voicedrive-whistleblowing", whistleblowing, &["--json"]).await;
    let lines = told.text.lines();
    let lines: Vec<Value> = lines
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(lines[0]["result"], "note");
    assert_eq!(lines[0]["passed"], false);
    assert_eq!(lines.last().unwrap()["verdict"], "other-data");
}
