//! What `check` and `status` tell an admin who looks.

use std::path::Path;
use std::process::Output;

use rusqlite::Connection;
use serde_json::Value;
use tempfile::TempDir;
use voicedrive_relay::testing::store::file::live_file;
use voicedrive_relay::testing::timestamp::Timestamp;

use crate::alerting::Sink;
use crate::commands::{Daemon, program};
use crate::harness::{Clock, Partner, WEBHOOK_SECRET, client, configuration, status};
use crate::losing::stopped;

const KEY: &str = "a-key-for-tokens-of-more-than-32-characters";
const ANOTHER_KEY: &str = "another-key-for-tokens-of-more-than-32-characters";

fn said(output: &Output) -> String {
    let all = [&output.stdout[..], &output.stderr[..]].concat();
    String::from_utf8(all).unwrap()
}

async fn told(daemon: &Daemon, arguments: &[&str]) -> String {
    said(&daemon.run(arguments).await)
}

/// The only line with this in it.
fn line<'a>(text: &'a str, with: &str) -> &'a str {
    let mut lines = text.lines().filter(|line| line.contains(with));
    let first = lines.next().unwrap_or_else(|| panic!("{with}: {text}"));
    assert_eq!(lines.next(), None, "{text}");
    first
}

fn write_secrets(directory: &Path, secrets: &str) {
    std::fs::write(directory.join("secrets.env"), secrets).unwrap();
}

#[tokio::test]
async fn a_channel_that_takes_no_message_is_told_until_one_gets_through() {
    let directory = TempDir::new().unwrap();
    let partner = Partner::start(Clock::System).await;
    let sink = Sink::start().await;
    let secrets = format!(
        "ALERT_URL={}\nDEAD_URL=http://127.0.0.1:9/hush\nVOICEDRIVE_WEBHOOK_SECRET={WEBHOOK_SECRET}\n",
        sink.url()
    );
    write_secrets(directory.path(), &secrets);
    let more = "[[alerts.channel]]\nkind = \"webhook\"\nurl = \"ALERT_URL\"\n\
                [[alerts.channel]]\nkind = \"teams\"\nurl = \"DEAD_URL\"\n";
    let daemon = Daemon::start(directory.path(), &partner.url(), more).await;
    let checked = daemon.run(&["check"]).await;
    assert_eq!(checked.status.code(), Some(1), "{}", said(&checked));
    let checked = said(&checked);
    let good = line(&checked, "alerts webhook 1:");
    assert!(good.starts_with("ok "), "{good}");
    assert!(good.contains("can be reached") && good.contains("nothing is posted"));
    let dead = line(&checked, "alerts teams 2:");
    assert!(
        dead.starts_with("error ") && dead.contains("refused"),
        "{dead}"
    );
    assert!(
        !checked.contains("secret-path") && !checked.contains("hush"),
        "{checked}"
    );
    // Nothing was posted, and the hook itself was not called.
    assert_eq!(
        sink.taken(),
        [("HEAD / HTTP/1.1".to_owned(), String::new())]
    );

    let page = told(&daemon, &["status"]).await;
    assert!(!page.contains("cannot tell"), "{page}");
    sink.refuse(true);
    let tested = daemon.run(&["alert", "test"]).await;
    assert_eq!(tested.status.code(), Some(1));
    let page = told(&daemon, &["status"]).await;
    assert!(page.contains("cannot tell: webhook 1: HTTP 503"), "{page}");
    assert!(page.contains("cannot tell: teams 2: "), "{page}");
    let checked = told(&daemon, &["check"]).await;
    let failing = line(&checked, "alerts webhook 1:");
    assert!(failing.starts_with("error "), "{failing}");
    assert!(
        failing.contains("did not get through (HTTP 503: "),
        "{failing}"
    );
    assert!(
        failing.contains("voicedrive-relay alert test --config "),
        "{failing}"
    );

    sink.refuse(false);
    daemon.run(&["alert", "test"]).await;
    let page = told(&daemon, &["status"]).await;
    assert!(!page.contains("webhook 1"), "{page}");
    let checked = told(&daemon, &["check"]).await;
    assert!(
        line(&checked, "alerts webhook 1:").starts_with("ok "),
        "{checked}"
    );
    daemon.kill().await;
}

#[tokio::test]
async fn check_reaches_the_server_of_the_dead_mans_switch_and_does_not_call_it() {
    let directory = TempDir::new().unwrap();
    let sink = Sink::start().await;
    for (url, begin, word) in [
        (sink.url(), "ok ", "not tried here"),
        ("http://127.0.0.1:9/hush", "error ", "refused"),
    ] {
        write_secrets(directory.path(), &format!("HEARTBEAT_URL={url}\n"));
        let more = "[alerts]\nheartbeat_url = \"HEARTBEAT_URL\"\n";
        let config = directory.path().join("config.toml");
        std::fs::write(&config, configuration(directory.path(), "", more)).unwrap();
        let mut check = program();
        check.env_clear().args(["check", "--config"]);
        let checked = said(&check.arg(&config).output().await.unwrap());
        let heartbeat = line(&checked, "alerts heartbeat_url:");
        assert!(heartbeat.starts_with(begin), "{heartbeat}");
        assert!(heartbeat.contains(word), "{heartbeat}");
        assert!(!checked.contains("secret-path") && !checked.contains("hush"));
    }
    let asked = sink.taken().into_iter().map(|(request, _)| request);
    assert_eq!(asked.collect::<Vec<_>>(), ["HEAD / HTTP/1.1"]);
}

#[tokio::test]
async fn a_clock_that_does_not_fit_to_the_time_that_passed_is_told() {
    for (last_run, off, alone) in [
        ("2020-01-01T00:00:00.000Z", "ahead of", "note "),
        ("2099-01-01T00:00:00.000Z", "behind", "error "),
    ] {
        let directory = TempDir::new().unwrap();
        let daemon = Daemon::start(directory.path(), "", "").await;
        let good = told(&daemon, &["check"]).await;
        assert!(!good.contains("clock"), "{good}");
        let good = told(&daemon, &["status"]).await;
        assert!(!good.contains("clock"), "{good}");
        let config = stopped(daemon).await;
        let database = Connection::open(live_file(directory.path())).unwrap();
        let ms = Timestamp::parse(last_run).unwrap().unix_ms();
        let moved = "UPDATE relay_time SET wall_at = ?1, axis_ms = ?2, lived_ms = ?2";
        assert_eq!(database.execute(moved, (last_run, ms)), Ok(1));
        drop(database);
        // It is of another time.
        std::fs::remove_file(directory.path().join("relay-backup.db")).unwrap();
        let mut check = program();
        check.args(["check", "--config"]);
        let checked = said(&check.arg(&config).output().await.unwrap());
        let is_told = |line: &str| {
            let happened = format!("days {off} the time that has passed for the relay");
            line.contains(&happened) && line.contains("timedatectl")
        };
        let clock = line(&checked, " clock: ");
        assert!(clock.starts_with(alone) && is_told(clock), "{clock}");
        let daemon = Daemon::start(directory.path(), "", "").await;
        let checked = told(&daemon, &["check"]).await;
        let clock = line(&checked, " clock: ");
        assert!(clock.starts_with("error ") && is_told(clock), "{clock}");
        let status = daemon.run(&["status", "--exit-code"]).await;
        assert_eq!(status.status.code(), Some(1));
        let status = said(&status);
        assert!(is_told(line(&status, "clock: ")), "{status}");
        daemon.kill().await;
    }
}

#[tokio::test]
async fn a_mistake_in_the_configuration_does_not_hide_that_the_relay_goes_on() {
    let directory = TempDir::new().unwrap();
    let daemon = Daemon::start(directory.path(), "", "").await;
    let path = directory.path().join("config.toml");
    let before = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, format!("{before}\n[delivry]\n")).unwrap();
    for command in [
        &["status"][..],
        &["tail"],
        &["alert", "history"],
        &["token", "list"],
        &["resend", "--dry-run"],
    ] {
        let output = daemon.run(command).await;
        assert_eq!(output.status.code(), Some(78), "{command:?}");
        let told = said(&output);
        let lines: Vec<&str> = told.lines().collect();
        assert_eq!(lines.len(), 2, "{told}");
        assert!(lines[0].contains("delivry: no such key"), "{told}");
        assert!(
            lines[1].starts_with("the relay runs, and goes on"),
            "{told}"
        );
    }
    daemon.kill().await;
    let mut status = program();
    status.args(["status", "--config"]).arg(&path);
    let gone = said(&status.output().await.unwrap());
    assert_eq!(gone.lines().count(), 1, "{gone}");
}

#[tokio::test]
async fn each_route_in_trouble_is_named_and_a_script_learns_that_a_person_is_needed() {
    let directory = TempDir::new().unwrap();
    let partner = Partner::start(Clock::System).await;
    let more = format!(
        "[retry]\nintervals_seconds = [1]\n[[route]]\nevents = [\"other.*\"]\nurl = \"{}\"\n",
        partner.url()
    );
    let daemon = Daemon::start(directory.path(), &partner.url(), &more).await;
    let well = daemon.run(&["status", "--exit-code"]).await;
    assert_eq!(well.status.code(), Some(0), "{}", said(&well));
    partner.always_answers(Some(status(404)));
    for event in ["a.b", "other.one"] {
        daemon.run(&["send", event, "--wait"]).await;
    }
    let page = daemon.run(&["status"]).await;
    assert_eq!(page.status.code(), Some(0));
    let page = said(&page);
    for route in ["default", "other.*"] {
        let start = format!("look at: route {route}: ");
        let lines = page.lines().filter(|line| line.starts_with(&start));
        assert_eq!(lines.count(), 2, "{page}");
    }
    assert!(
        page.contains("voicedrive-relay resend --status exhausted --config "),
        "{page}"
    );
    let asked = daemon.run(&["status", "--exit-code"]).await;
    assert_eq!(asked.status.code(), Some(1));
    assert_eq!(said(&asked).lines().count(), page.lines().count());
    daemon.kill().await;
}

#[tokio::test]
async fn names_that_are_listed_count_from_a_reload_on_and_check_says_what_they_leave_out() {
    let directory = TempDir::new().unwrap();
    let daemon = Daemon::start(directory.path(), "", "").await;
    daemon.json(&["send", "employe.created"]).await;
    let path = directory.path().join("config.toml");
    let before = std::fs::read_to_string(&path).unwrap();
    let listed = |names: &str| {
        let names = format!("[server]\nknown_events = {names}");
        let route = "[[route]]\nevents = [\"survey.*\", \"employee.created\"]\nurl = \"\"";
        let text = before.replace("[server]", &names);
        std::fs::write(&path, format!("{text}\n{route}\n")).unwrap();
    };
    listed(r#"["employee.created", "Employee.*"]"#);
    for command in ["check", "reload"] {
        let output = daemon.run(&[command]).await;
        let told = said(&output);
        assert!(told.contains("server.known_events[2]"), "{told}");
        assert_ne!(output.status.code(), Some(0), "{told}");
    }
    listed(r#"["employee.created"]"#);
    let checked = told(&daemon, &["check"]).await;
    let left_out = line(&checked, " events: ");
    assert!(left_out.contains("refused: survey.*. "), "{left_out}");
    let reloaded = told(&daemon, &["reload"]).await;
    assert!(reloaded.contains("server.known_events"), "{reloaded}");
    daemon.json(&["send", "employee.created"]).await;
    let mistyped = daemon.run(&["send", "employe.created"]).await;
    assert_eq!(mistyped.status.code(), Some(1));
    let mistyped = said(&mistyped);
    assert!(
        mistyped.contains("did you mean employee.created?"),
        "{mistyped}"
    );
    daemon.kill().await;
}

#[tokio::test]
async fn without_a_url_no_next_attempt_is_promised() {
    let directory = TempDir::new().unwrap();
    let partner = Partner::start(Clock::System).await;
    let daemon = Daemon::start(directory.path(), "", "").await;
    daemon.run(&["send", "a.b"]).await;
    let page = told(&daemon, &["status"]).await;
    let next = line(&page, "next attempt:");
    assert_eq!(next, "next attempt: nothing is sent: no URL is configured");
    assert!(daemon.json(&["status"]).await["nextDueAt"].is_null());
    daemon.stop().await;

    // What waits for the route without a URL says nothing of when another one sends.
    let other = format!(
        "[[route]]\nevents = [\"other.*\"]\nurl = \"{}\"\n",
        partner.url()
    );
    partner.always_answers(Some(status(503)));
    let daemon = Daemon::start(directory.path(), "", &other).await;
    daemon.run(&["send", "other.one"]).await;
    partner.wait_until(|all| !all.is_empty()).await;
    let is_retrying = |status: &Value| status["events"]["retrying"] == 1;
    let state = daemon.until(&["status"], is_retrying).await;
    let (next, last) = (&state["nextDueAt"], &state["lastAttemptAt"]);
    assert!(next.as_str().unwrap() > last.as_str().unwrap(), "{state}");
    daemon.kill().await;
}

#[tokio::test]
async fn tokens_of_another_key_are_told() {
    let directory = TempDir::new().unwrap();
    let issue = [
        "token",
        "issue",
        "--subject",
        "staff",
        "--scope",
        "events:write",
    ];
    write_secrets(directory.path(), &format!("RELAY_JWT_SECRET={KEY}\n"));
    let daemon = Daemon::start(directory.path(), "", "").await;
    daemon.json(&issue).await;
    let list = told(&daemon, &["token", "list"]).await;
    assert!(!list.contains("another key"), "{list}");
    daemon.stop().await;

    // As on another machine, to which the database was brought without the secrets.
    write_secrets(
        directory.path(),
        &format!("RELAY_JWT_SECRET={ANOTHER_KEY}\n"),
    );
    let daemon = Daemon::start(directory.path(), "", "").await;
    daemon.json(&issue).await;
    let list = told(&daemon, &["token", "list"]).await;
    let tokens = list.lines().filter(|line| !line.starts_with(' '));
    assert_eq!(tokens.count(), 2, "{list}");
    line(&list, "of another key (refused)");
    let check = daemon.run(&["check"]).await;
    assert_eq!(check.status.code(), Some(0), "{}", said(&check));
    let check = said(&check);
    let note = line(&check, "another RELAY_JWT_SECRET");
    assert!(note.starts_with("note  tokens: "), "{note}");
    assert!(note.contains("present one: 1"), "{note}");
    daemon.stop().await;

    // The key of before is believed still.
    write_secrets(
        directory.path(),
        &format!("RELAY_JWT_SECRET={ANOTHER_KEY}\nRELAY_JWT_SECRET_PREVIOUS={KEY}\n"),
    );
    let daemon = Daemon::start(directory.path(), "", "").await;
    let list = told(&daemon, &["token", "list"]).await;
    assert!(!list.contains("another key"), "{list}");
    let check = told(&daemon, &["check"]).await;
    assert!(!check.contains("another RELAY_JWT_SECRET"), "{check}");
    daemon.kill().await;
}

#[tokio::test]
async fn a_previous_secret_that_signs_nothing_is_told() {
    let directory = TempDir::new().unwrap();
    let secrets = "VOICEDRIVE_WEBHOOK_SECRET=made-up-0123456789-made-up\n\
                   VOICEDRIVE_WEBHOOK_SECRET_PREVIOUS=made-up-9876543210-made-up\n";
    write_secrets(directory.path(), secrets);
    for (profile, is_told) in [("medical-system", true), ("standard-webhooks", false)] {
        let more = format!("profile = \"{profile}\"\n");
        let text = configuration(directory.path(), "http://127.0.0.1:9/", &more);
        std::fs::write(directory.path().join("config.toml"), text).unwrap();
        let mut check = program();
        check.env_clear().args(["check", "--config"]);
        let output = check.arg(directory.path().join("config.toml")).output();
        let text = said(&output.await.unwrap());
        let words = "VOICEDRIVE_WEBHOOK_SECRET_PREVIOUS has no effect";
        assert_eq!(text.contains(words), is_told, "{text}");
    }
}

#[tokio::test]
async fn a_proxy_that_nobody_trusts_is_told_once() {
    let directory = TempDir::new().unwrap();
    let mut daemon = Daemon::start(directory.path(), "", "").await;
    for _ in 0..3 {
        let asked = client().get(format!("{}/api/events", daemon.url));
        let asked = asked.header("x-forwarded-for", "192.0.2.7").send();
        assert_eq!(asked.await.unwrap().status(), 401);
    }
    daemon.signal("-TERM");
    let mut told = 0;
    while let Some(line) = daemon.log.next_line().await {
        told += usize::from(line.contains("put its address into server.trusted_proxies"));
    }
    assert_eq!(told, 1);
    assert!(daemon.child.wait().await.unwrap().success());
}

#[tokio::test]
async fn check_tells_what_keeps_the_running_daemon_from_keeping_anything() {
    let directory = TempDir::new().unwrap();
    let daemon = Daemon::start(directory.path(), "", "").await;
    let other = Connection::open(directory.path().join("live/relay.db")).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let checked = daemon.run(&["check"]).await;
    assert_eq!(checked.status.code(), Some(1), "{}", said(&checked));
    let told = said(&checked);
    assert!(told.contains("holds a lock on the database"), "{told}");
    other.execute_batch("ROLLBACK").unwrap();
    let told = said(&daemon.run(&["check"]).await);
    assert!(!told.contains("holds a lock on the database"), "{told}");
    daemon.kill().await;
}

#[tokio::test]
async fn a_reload_says_that_another_directory_takes_a_restart_and_how_the_relay_is_found() {
    let directory = TempDir::new().unwrap();
    let daemon = Daemon::start(directory.path(), "", "").await;
    let other = directory.path().join("other");
    let text = configuration(&other, "", "");
    std::fs::write(&daemon.config, text).unwrap();
    // The relay listens in its old directory: this configuration does not lead to it.
    let reload = daemon.run(&["reload"]).await;
    assert_eq!(reload.status.code(), Some(69), "{}", said(&reload));
    let told = said(&reload);
    assert!(told.contains("storage.directory was changed"), "{told}");
    assert!(told.contains("has to be restarted"), "{told}");
    assert!(!told.contains("systemctl"), "not of the package: {told}");
    assert!(!other.exists());
    // The signal reaches it.
    let mut daemon = daemon;
    daemon.signal("-HUP");
    let logged = loop {
        let line = daemon.log.next_line().await.unwrap();
        if line.contains("only with a restart") {
            break line;
        }
    };
    assert!(logged.contains("storage.directory"), "{logged}");
    daemon.kill().await;
}
