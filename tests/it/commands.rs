//! The program as an admin types it, with a real daemon behind it.

use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, ChildStderr, Command};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use crate::harness::{
    API_TOKEN, Clock, JWT_SECRET, Partner, WEBHOOK_SECRET, binary, client, configuration, status,
};

/// The longest that a daemon may be silent when its next line is waited for, that a command may take, and that
/// something may take to come about.
const PATIENCE: Duration = Duration::from_mins(2);
/// Between two questions whether it has.
const PAUSE: Duration = Duration::from_millis(5);

/// A daemon in a process of its own.
pub struct Daemon {
    pub child: Child,
    pub config: PathBuf,
    /// Where its API listens.
    pub url: String,
    pub log: Log,
    /// What it had logged before it was ready.
    pub log_before_ready: Vec<String>,
}

/// What a daemon logs. It is always read: one that writes into a full pipe would stand still.
pub struct Log(UnboundedReceiver<String>);

impl Log {
    fn of(stderr: ChildStderr) -> Self {
        let (sender, receiver) = unbounded_channel();
        tokio::spawn(async move {
            let mut lines = BufReader::new(stderr).lines();
            while let Ok(Some(line)) = lines.next_line().await {
                // A test that has seen enough of it does not listen any more.
                let _ = sender.send(line);
            }
        });
        Self(receiver)
    }

    /// The next line; none when the daemon has ended.
    pub async fn next_line(&mut self) -> Option<String> {
        let line = tokio::time::timeout(PATIENCE, self.0.recv()).await;
        line.expect("the daemon logs nothing more and does not end")
    }
}

/// The program with the secrets in its environment.
pub fn program() -> Command {
    let mut command = Command::new(binary());
    command
        .env_clear()
        .env("LANG", "en_US.UTF-8")
        .env("VOICEDRIVE_WEBHOOK_SECRET", WEBHOOK_SECRET)
        .env("RELAY_JWT_SECRET", JWT_SECRET)
        .env("VOICEDRIVE_API_TOKEN", API_TOKEN)
        .env("PARTNER_TOKEN", "a-made-up-bearer-token")
        .stdin(Stdio::null())
        .kill_on_drop(true);
    command
}

impl Daemon {
    /// Starts it and waits until it says that it is ready.
    pub async fn start(directory: &Path, url: &str, more: &str) -> Self {
        let config = directory.join("config.toml");
        std::fs::write(&config, configuration(directory, url, more)).unwrap();
        Self::launch(program(), &config).await
    }

    /// The same with this configuration, started by this command.
    pub async fn launch(mut program: Command, config: &Path) -> Self {
        let mut child = program
            .args(["serve", "--config"])
            .arg(config)
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut log = Log::of(child.stderr.take().unwrap());
        let mut seen = Vec::new();
        loop {
            let line = log.next_line().await;
            let line = line.unwrap_or_else(|| panic!("the daemon ended: {seen:#?}"));
            if let Some((_, rest)) = line
                .split_once("listen=")
                .filter(|_| line.contains("ready"))
            {
                let address = rest.split(' ').next().unwrap();
                let url = format!("http://{address}");
                return Self {
                    child,
                    config: config.to_owned(),
                    url,
                    log,
                    log_before_ready: seen,
                };
            }
            seen.push(line);
        }
    }

    /// Runs a command against it.
    pub async fn run(&self, arguments: &[&str]) -> Output {
        let mut command = program();
        command.args(arguments).arg("--config").arg(&self.config);
        // A person has no secrets in the environment.
        command.env_clear();
        let output = tokio::time::timeout(PATIENCE, command.output()).await;
        output
            .unwrap_or_else(|_| panic!("it does not end: {arguments:?}"))
            .unwrap()
    }

    /// Runs a command until what it prints as JSON is as wanted.
    pub async fn until(&self, arguments: &[&str], wanted: impl Fn(&Value) -> bool) -> Value {
        let deadline = tokio::time::Instant::now() + PATIENCE;
        loop {
            let printed = self.json(arguments).await;
            if wanted(&printed) {
                return printed;
            }
            let in_time = tokio::time::Instant::now() < deadline;
            assert!(in_time, "{arguments:?} was never so: {printed}");
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Waits until nothing is left to be sent.
    pub async fn all_sent(&self) -> Value {
        let sent = |status: &Value| {
            let events = &status["events"];
            events["accepted"] == 0 && events["retrying"] == 0
        };
        self.until(&["status"], sent).await
    }

    pub async fn json(&self, arguments: &[&str]) -> Value {
        let output = self.run(&[arguments, &["--json"]].concat()).await;
        assert_eq!(output.status.code(), Some(0), "{arguments:?}: {output:?}");
        serde_json::from_slice(&output.stdout).unwrap()
    }

    /// Kills it, and waits until the lock on its directory is free again.
    pub async fn kill(mut self) {
        self.child.kill().await.unwrap();
    }

    /// Stops it as systemd does, and waits for its end.
    pub async fn stop(mut self) {
        self.signal("-TERM");
        assert_eq!(self.child.wait().await.unwrap().code(), Some(0));
    }

    pub fn signal(&self, signal: &str) {
        let pid = self.child.id().unwrap().to_string();
        let sent = std::process::Command::new("kill")
            .args([signal, &pid])
            .status();
        assert!(sent.unwrap().success());
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[tokio::test]
async fn an_event_is_sent_shown_and_counted() {
    let directory = TempDir::new().unwrap();
    let partner = Partner::start(Clock::System).await;
    partner.will_answer([status(503)]);
    let more = "[retry]\nintervals_seconds = [1, 1]";
    let daemon = Daemon::start(directory.path(), &partner.url(), more).await;
    let data = directory.path().join("employee.json");
    std::fs::write(
        &data,
        r#"{"staffId":"EMP-2025-001","fullName":"山田 太郎"}"#,
    )
    .unwrap();
    let sent = daemon
        .run(&[
            "send",
            "employee.created",
            "--data",
            data.to_str().unwrap(),
            "--wait",
        ])
        .await;
    let shown = text(&sent.stdout);
    assert_eq!(sent.status.code(), Some(0), "{sent:?}");
    assert!(
        shown.contains("attempt 1: failed: HTTP 503: Service Unavailable"),
        "{shown}"
    );
    assert!(shown.contains("attempt 2: success HTTP 200"), "{shown}");
    let id = partner.received()[0].header("x-request-id").to_owned();
    let page = text(&daemon.run(&["show", &id]).await.stdout);
    assert!(
        page.contains("山田 太郎") && page.contains("delivered"),
        "{page}"
    );
    let event = daemon.json(&["show", &id]).await;
    assert_eq!(event["attempts"].as_array().unwrap().len(), 2);
    let totals = daemon.json(&["status"]).await;
    assert_eq!(totals["events"]["delivered"], 1);
    let tail = text(&daemon.run(&["tail", "--status", "delivered"]).await.stdout);
    assert!(tail.contains(&id[..13]), "{tail}");
    let none = daemon.run(&["tail", "--event-type", "nothing"]).await;
    assert!(none.status.success());
    assert_eq!(text(&none.stdout), "0 of 0\n");
    let again = daemon.run(&["resend", &id]).await;
    assert_eq!(again.status.code(), Some(0));
    let received = partner.wait_until(|all| all.len() == 3).await;
    assert_eq!(received[2].header("x-request-id"), id);
    let unknown = daemon.run(&["resend", "nobody"]).await;
    assert_eq!(unknown.status.code(), Some(1));
}

#[tokio::test]
async fn waiting_for_an_exhausted_event_fails_and_a_bulk_resend_brings_it_home() {
    let directory = TempDir::new().unwrap();
    let partner = Partner::start(Clock::System).await;
    partner.always_answers(Some(status(500)));
    let more = "[retry]\nintervals_seconds = [1]";
    let mut daemon = Daemon::start(directory.path(), &partner.url(), more).await;
    let sent = daemon.run(&["send", "employee.created", "--wait"]).await;
    assert_eq!(sent.status.code(), Some(1), "{sent:?}");
    let resend = text(&sent.stderr);
    assert!(resend.contains("voicedrive-relay resend"), "{resend}");
    assert!(resend.contains(" --config "), "{resend}");
    let mut told = String::new();
    while !told.contains("A person is needed") {
        told = daemon.log.next_line().await.unwrap();
    }
    assert!(
        told.contains("ERROR") && told.contains("HTTP 500"),
        "{told}"
    );
    let counted = daemon
        .json(&["resend", "--status", "exhausted", "--dry-run"])
        .await;
    assert_eq!(counted["matched"], 1);
    partner.always_answers(None);
    let answer = daemon
        .json(&["resend", "--status", "exhausted", "--since", "2020-01-01"])
        .await;
    assert_eq!(answer["matched"], 1);
    partner.wait_until(|all| all.len() == 3).await;
}

#[tokio::test]
async fn tokens_are_issued_listed_and_revoked_without_a_secret_in_the_shell() {
    let directory = TempDir::new().unwrap();
    let daemon = Daemon::start(directory.path(), "", "").await;
    let issued = daemon
        .json(&[
            "token",
            "issue",
            "--subject",
            "voicedrive",
            "--scope",
            "stats:read events:read",
            "--days",
            "30",
        ])
        .await;
    let (token, jti) = (
        issued["token"].as_str().unwrap(),
        issued["jti"].as_str().unwrap(),
    );
    let client = client();
    let call = async || {
        let url = format!("{}/api/events", daemon.url);
        client
            .get(url)
            .bearer_auth(token)
            .send()
            .await
            .unwrap()
            .status()
            .as_u16()
    };
    assert_eq!(call().await, 200);
    let list = text(&daemon.run(&["token", "list"]).await.stdout);
    assert!(
        list.contains(jti) && list.contains("voicedrive") && !list.contains(token),
        "{list}"
    );
    assert!(list.contains(" (30 d left)  ["), "{list}");
    assert!(daemon.run(&["token", "revoke", jti]).await.status.success());
    assert_eq!(call().await, 401);
    let bad = daemon
        .run(&["token", "issue", "--subject", "x", "--scope", "everything"])
        .await;
    assert_eq!(bad.status.code(), Some(2));
    assert!(text(&bad.stderr).contains("stats:read"));
    daemon.kill().await;
    let daemon = Daemon::start(directory.path(), "", "").await;
    let url = format!("{}/api/events", daemon.url);
    let after = client.get(url).bearer_auth(token).send().await.unwrap();
    assert_eq!(after.status().as_u16(), 401, "revoked for good");
}

#[tokio::test]
async fn exit_codes_mean_something() {
    let directory = TempDir::new().unwrap();
    let config = directory.path().join("config.toml");
    let run = async |arguments: &[&str]| {
        let mut command = program();
        command.args(arguments).arg("--config").arg(&config);
        command.output().await.unwrap()
    };
    let missing = run(&["check"]).await;
    assert_eq!(missing.status.code(), Some(78));
    std::fs::write(
        &config,
        "language = \"de\"\n[server]\nlisten = 7\ncolour = 1\n",
    )
    .unwrap();
    for command in ["serve", "check", "status"] {
        let output = run(&[command]).await;
        assert_eq!(output.status.code(), Some(78), "{command}");
        let report = text(&output.stderr);
        assert_eq!(report.lines().count(), 3, "{report}");
        assert!(
            report.contains("config.toml:2: server: ")
                || report.contains("config.toml:3: server.listen"),
            "{report}"
        );
    }
    std::fs::write(&config, configuration(directory.path(), "", "")).unwrap();
    let away = run(&["status"]).await;
    assert_eq!(away.status.code(), Some(69));
    assert!(text(&away.stderr).contains("control.sock"));
    assert_eq!(run(&["frobnicate"]).await.status.code(), Some(2));
    assert_eq!(run(&["resend"]).await.status.code(), Some(2));
    assert_eq!(run(&["show", "../x"]).await.status.code(), Some(2));
    let check = run(&["check"]).await;
    assert_eq!(check.status.code(), Some(0), "{check:?}");
    assert!(text(&check.stdout).lines().count() >= 5);
    assert!(
        !config.parent().unwrap().join("live").exists(),
        "check changes nothing"
    );
}

#[tokio::test]
async fn check_recounts_and_lets_the_daemon_repair_what_differs() {
    let directory = TempDir::new().unwrap();
    let partner = Partner::start(Clock::System).await;
    let daemon = Daemon::start(directory.path(), &partner.url(), "").await;
    let sent = daemon.run(&["send", "a.b", "--wait"]).await;
    assert!(sent.status.success());
    let counts = async || {
        let mut check = program();
        check.args(["check", "--json", "--config"]);
        let output = check.arg(&daemon.config).output().await.unwrap();
        let lines = text(&output.stdout);
        let findings = lines
            .lines()
            .map(|line| serde_json::from_str(line).unwrap());
        findings
            .into_iter()
            .find(|finding: &serde_json::Value| finding["check"] == "counts")
            .unwrap()["state"]
            .clone()
    };
    assert_eq!(counts().await, "ok");
    let live = rusqlite::Connection::open(directory.path().join("live/relay.db")).unwrap();
    live.execute("UPDATE send_counts SET sent = 9", []).unwrap();
    assert_eq!(counts().await, "notice");
    assert_eq!(counts().await, "ok");
    let sum = "SELECT sum(sent) FROM send_counts WHERE slot LIKE 'day %'";
    let sum: i64 = live.query_row(sum, [], |row| row.get(0)).unwrap();
    assert_eq!(sum, 1, "one hour");
    daemon.kill().await;
}

#[tokio::test]
async fn a_second_daemon_says_who_holds_the_directory() {
    let directory = TempDir::new().unwrap();
    let daemon = Daemon::start(directory.path(), "", "").await;
    let second = program()
        .args(["serve", "--config"])
        .arg(&daemon.config)
        .output()
        .await
        .unwrap();
    assert_eq!(second.status.code(), Some(1));
    let report = text(&second.stderr);
    assert!(
        report.contains(&daemon.child.id().unwrap().to_string()),
        "{report}"
    );
    assert!(
        daemon.run(&["status"]).await.status.success(),
        "the first one is not disturbed"
    );
}

#[tokio::test]
async fn a_signal_stops_it_cleanly() {
    let directory = TempDir::new().unwrap();
    let mut daemon = Daemon::start(directory.path(), "", "").await;
    let log = daemon.log_before_ready.join("\n");
    assert!(
        !log.contains("newer version"),
        "a new database is no news: {log}"
    );
    assert!(daemon.run(&["send", "a"]).await.status.success());
    daemon.signal("-TERM");
    assert_eq!(daemon.child.wait().await.unwrap().code(), Some(0));
    assert!(!directory.path().join("control.sock").exists());
    assert!(
        !directory.path().join("live/relay.db-wal").exists(),
        "the file is closed"
    );
}

#[tokio::test]
async fn no_secret_and_no_payload_reaches_any_output_or_log_line() {
    let directory = TempDir::new().unwrap();
    let partner = Partner::start(Clock::System).await;
    partner.always_answers(Some(status(401)));
    let more = "bearer = \"PARTNER_TOKEN\"\n[retry]\nintervals_seconds = [1]";
    let mut daemon = Daemon::start(
        directory.path(),
        &format!("{}?token=url-secret", partner.url()),
        more,
    )
    .await;
    let data = directory.path().join("data.json");
    std::fs::write(&data, r#"{"fullName":"山田 太郎","note":"payload-word"}"#).unwrap();
    let sent = daemon
        .run(&["send", "a", "--data", data.to_str().unwrap(), "--wait"])
        .await;
    let status = daemon.run(&["status"]).await;
    let mut check = program();
    let check = check.args(["check", "--config"]).arg(&daemon.config);
    let check = check.output().await.unwrap();
    let wrong = client()
        .get(format!("{}/api/events", daemon.url))
        .bearer_auth("wrong-bearer")
        .send()
        .await;
    assert_eq!(wrong.unwrap().status(), 401);
    daemon.signal("-TERM");
    let mut all = text(&[sent.stdout, sent.stderr, status.stdout, status.stderr].concat());
    all.push_str(&text(&[check.stdout, check.stderr].concat()));
    while let Some(line) = daemon.log.next_line().await {
        all.push_str(&line);
    }
    assert!(all.contains("A person is needed"), "{all}");
    for secret in [
        WEBHOOK_SECRET,
        JWT_SECRET,
        API_TOKEN,
        "a-made-up-bearer-token",
        "url-secret",
        "payload-word",
        "山田",
        "wrong-bearer",
    ] {
        assert!(!all.contains(secret), "{secret} stands in: {all}");
    }
}

#[tokio::test]
async fn a_reload_takes_a_good_configuration_and_refuses_a_bad_one() {
    let directory = TempDir::new().unwrap();
    let (old, new) = (
        Partner::start(Clock::System).await,
        Partner::start(Clock::System).await,
    );
    let mut daemon = Daemon::start(directory.path(), &old.url(), "").await;
    let bearer = crate::harness::token(
        &[voicedrive_relay::testing::token::Scope::Admin],
        Clock::System.now(),
    );
    let url = format!("{}/api/events", daemon.url);
    let hand_in = async |event: &str| {
        let request = client().post(&url).bearer_auth(&bearer);
        let request = request.header("content-type", "application/json");
        let body = format!("{{\"event\":\"{event}\",\"data\":{{}}}}");
        request.body(body).send().await.unwrap().status().as_u16()
    };
    assert_eq!(hand_in("first").await, 202);
    old.wait_until(|all| all.len() == 1).await;
    // A bad one: every mistake is told, and everything goes on.
    std::fs::write(
        &daemon.config,
        configuration(directory.path(), &old.url(), "colour = 1\nprofile = \"x\""),
    )
    .unwrap();
    daemon.signal("-HUP");
    let mut told = String::new();
    while !told.contains("stays in force") {
        told.push_str(&daemon.log.next_line().await.unwrap());
    }
    assert!(
        told.contains("delivery.colour") && told.contains("delivery.profile"),
        "{told}"
    );
    let refused = daemon.run(&["reload"]).await;
    assert_eq!(refused.status.code(), Some(78));
    let told = text(&refused.stderr);
    assert!(
        told.contains("delivery.colour") && told.contains("delivery.profile"),
        "{told}"
    );
    assert_eq!(hand_in("second").await, 202);
    old.wait_until(|all| all.len() == 2).await;
    // A good one: another receiver, and another key for those who call.
    std::fs::write(
        &daemon.config,
        configuration(directory.path(), &new.url(), ""),
    )
    .unwrap();
    let key = "another-jwt-secret-of-more-than-32-characters";
    std::fs::write(
        directory.path().join("secrets.env"),
        format!("RELAY_JWT_SECRET={key}\nVOICEDRIVE_WEBHOOK_SECRET={WEBHOOK_SECRET}\n"),
    )
    .unwrap();
    let done = daemon.json(&["reload"]).await;
    assert_eq!(done["needsRestart"], serde_json::json!([]));
    assert_eq!(hand_in("third").await, 401, "signed with the old key");
    assert!(daemon.run(&["send", "fourth"]).await.status.success());
    new.wait_until(|all| all.len() == 1).await;
    assert_eq!(old.received().len(), 2);
    // The signal does the same.
    std::fs::write(
        &daemon.config,
        configuration(directory.path(), &old.url(), ""),
    )
    .unwrap();
    daemon.signal("-HUP");
    while !daemon
        .log
        .next_line()
        .await
        .unwrap()
        .contains("was read again")
    {}
    while !daemon
        .log
        .next_line()
        .await
        .unwrap()
        .contains("was read again")
    {}
    assert!(daemon.run(&["send", "fifth"]).await.status.success());
    old.wait_until(|all| all.len() == 3).await;
}

#[tokio::test]
async fn a_database_of_before_the_first_release_ends_with_78_and_is_left_alone() {
    let directory = TempDir::new().unwrap();
    let daemon = Daemon::start(directory.path(), "", "").await;
    let config = daemon.config.clone();
    daemon.kill().await;
    let live = directory.path().join("live");
    std::fs::remove_dir_all(&live).unwrap();
    std::fs::create_dir(&live).unwrap();
    let old = live.join("relay.db");
    rusqlite::Connection::open(&old)
        .unwrap()
        .execute_batch(
            "CREATE TABLE refinery_schema_history (version INT4 PRIMARY KEY, name VARCHAR(255),
                 applied_on VARCHAR(255), checksum VARCHAR(255));
             INSERT INTO refinery_schema_history VALUES (9, 'checks_without_lists', '', '1');
             CREATE TABLE events (seq INTEGER PRIMARY KEY);",
        )
        .unwrap();
    let before = std::fs::read(&old).unwrap();
    let copy = directory.path().join("old.db");
    std::fs::copy(&old, &copy).unwrap();
    let copy = copy.to_str().unwrap();
    for arguments in [&["serve"][..], &["verify", copy], &["restore", copy]] {
        let mut command = program();
        command.args(arguments).arg("--config").arg(&config);
        let output = command.output().await.unwrap();
        let told = text(&output.stderr);
        assert_eq!(output.status.code(), Some(78), "{arguments:?}: {told}");
        assert!(told.contains("before the first release"), "{told}");
    }
    assert_eq!(std::fs::read(&old).unwrap(), before);
}
