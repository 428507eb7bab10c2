//! What a person types to find deliveries and to send them again.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, BufReader};

use crate::commands::{Daemon, program};
use crate::harness::{Clock, Partner, control_client, status};

/// Hands in events over the control socket, all at once.
async fn hand_in(directory: &Path, events: &[Value]) {
    let request = control_client(directory)
        .post("http://relay/api/events/batch")
        .header("content-type", "application/json")
        .body(json!(events).to_string());
    assert_eq!(request.send().await.unwrap().status(), 202);
}

/// What the command printed.
async fn printed(daemon: &Daemon, arguments: &[&str]) -> Vec<String> {
    let output = daemon.run(arguments).await;
    assert!(output.status.success(), "{arguments:?}: {output:?}");
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines().map(str::to_owned).collect()
}

fn event(number: usize, name: &str) -> Value {
    json!({"event": name, "data": {"staffId": format!("EMP-2025-{number:03}")}})
}

#[tokio::test]
async fn tail_shows_the_newest_and_how_many_there_are() {
    let directory = TempDir::new().unwrap();
    // Without a URL nothing is sent, and everything waits.
    let daemon = Daemon::start(directory.path(), "", "").await;
    let mut events: Vec<_> = (0..29).map(|n| event(n, "employee.created")).collect();
    events.push(event(29, &"long.".repeat(19)));
    hand_in(directory.path(), &events).await;
    let lines = printed(&daemon, &["tail"]).await;
    let (last, shown) = lines.split_last().unwrap();
    assert_eq!((last.as_str(), shown.len()), ("20 of 30", 20));
    for line in shown {
        assert!(
            line.chars().count() <= 80 && !line.contains('\x1b'),
            "{line}"
        );
        // All of them were accepted in one moment, and still each id means one.
        let id = line.split_whitespace().nth(2).unwrap();
        let found = daemon.json(&["show", id]).await;
        assert!(found["id"].as_str().unwrap().starts_with(id), "{line}");
        assert!(line.contains(found["staffId"].as_str().unwrap()), "{line}");
    }
    let column = |line: &String| {
        let (before, _) = line.split_once("EMP-")?;
        Some(before.chars().count())
    };
    let begins: Vec<_> = shown.iter().filter_map(column).collect();
    assert_eq!(begins.len(), shown.len());
    assert!(begins.iter().all(|begin| *begin == begins[0]), "{shown:#?}");
    for (filter, last) in [
        (&["--limit", "5"][..], "5 of 30"),
        (&["-n", "1000"], "30 of 30"),
        (&["--staff-id", "EMP-2025-007"], "1 of 1"),
        (&["--route", "default", "--status", "accepted"], "20 of 30"),
        (&["--until", "2025-01-01"], "0 of 0"),
        (
            &[
                "--since",
                "2025-01-01 00:00",
                "--event-type",
                "employee.created",
            ],
            "20 of 29",
        ),
    ] {
        let lines = printed(&daemon, &[&["tail"], filter].concat()).await;
        assert_eq!(lines.last().unwrap(), last, "{filter:?}");
    }
    let lines = printed(&daemon, &["tail", "--json", "--limit", "3"]).await;
    assert_eq!(lines.len(), 3);
    for line in lines {
        let event: Value = serde_json::from_str(&line).unwrap();
        assert_eq!(event["status"], "accepted");
    }
}

#[tokio::test]
async fn tail_follows_what_happens_in_one_line_each() {
    let directory = TempDir::new().unwrap();
    let partner = Partner::start(Clock::System).await;
    partner.will_answer([status(503)]);
    let more = "[retry]\nintervals_seconds = [1]";
    let daemon = Daemon::start(directory.path(), &partner.url(), more).await;
    let mut tail = program();
    tail.args(["tail", "-f", "--staff-id", "EMP-2025-001", "--config"]);
    let tail = tail.arg(&daemon.config).stdout(Stdio::piped()).spawn();
    let mut tail = tail.unwrap();
    let mut lines = BufReader::new(tail.stdout.take().unwrap()).lines();
    let mut next = async || {
        let line = tokio::time::timeout(Duration::from_secs(30), lines.next_line());
        line.await.unwrap().unwrap().unwrap()
    };
    assert_eq!(next().await, "0 of 0");
    // Somebody else's events are not shown.
    hand_in(directory.path(), &[event(2, "a.b")]).await;
    hand_in(directory.path(), &[event(1, "employee.created")]).await;
    let mut seen = Vec::new();
    while !seen
        .last()
        .is_some_and(|line: &String| line.ends_with("  delivered"))
    {
        seen.push(next().await);
    }
    for line in &seen {
        let cells: Vec<_> = line.split("  ").map(str::trim).collect();
        assert!(cells.contains(&"employee.created"), "{line}");
        assert!(cells.contains(&"EMP-2025-001"), "{line}");
        assert!(line.chars().count() <= 80, "{line}");
    }
    tail.kill().await.unwrap();
}

#[tokio::test]
async fn resend_takes_what_is_exhausted_and_counts_it_before() {
    let directory = TempDir::new().unwrap();
    let partner = Partner::start(Clock::System).await;
    let more = "[retry]\nintervals_seconds = [1]";
    let daemon = Daemon::start(directory.path(), &partner.url(), more).await;
    hand_in(directory.path(), &[event(0, "test.ping")]).await;
    partner.wait_until(|all| all.len() == 1).await;
    partner.always_answers(Some(status(500)));
    hand_in(
        directory.path(),
        &[event(1, "a.b"), event(2, "a.b"), event(3, "c.d")],
    )
    .await;
    partner.wait_until(|all| all.len() == 7).await;
    let settled = |status: &Value| {
        let events = &status["events"];
        (&events["exhausted"], &events["delivered"]) == (&json!(3), &json!(1))
    };
    daemon.until(&["status"], settled).await;
    let lines = printed(&daemon, &["resend", "--dry-run", "--since", "2025-01-01"]).await;
    let day = daemon
        .json(&["resend", "--dry-run", "--event-type", "c.d"])
        .await;
    let days = day["byDay"].as_object().unwrap();
    assert_eq!((days.len(), &day["matched"]), (1, &json!(1)));
    let day = days.keys().next().unwrap();
    assert_eq!(
        lines,
        [
            "found: 3 events; nothing was changed".to_owned(),
            "by name:".to_owned(),
            "  a.b       2".to_owned(),
            "  c.d       1".to_owned(),
            "by day of acceptance:".to_owned(),
            format!("  {day}       3"),
        ]
    );
    assert_eq!(partner.received().len(), 7, "a dry run sends nothing");
    let until = daemon.json(&["resend", "--until", "2025-01-01"]).await;
    assert_eq!(until["matched"], 0);
    partner.always_answers(None);
    let staff = daemon.json(&["resend", "--staff-id", "EMP-2025-003"]).await;
    assert_eq!(staff["matched"], 1);
    // Delivered long ago or just now: nobody meant that.
    let rest = daemon.json(&["resend", "--since", day]).await;
    assert_eq!(rest["matched"], 2);
    partner.wait_until(|all| all.len() == 10).await;
    let one = printed(&daemon, &["tail", "--event-type", "test.ping"]).await;
    let id = one[0].split_whitespace().nth(2).unwrap().to_owned();
    printed(&daemon, &["resend", &id]).await;
    partner.wait_until(|all| all.len() == 11).await;
}

#[tokio::test]
async fn a_filter_that_matches_nothing_by_mistake_says_so() {
    let directory = TempDir::new().unwrap();
    let employee = "[[route]]\nname = \"employee\"\nevents = [\"employee.*\"]\nurl = \"http://127.0.0.1:9/\"\nprofile = \"unsigned\"";
    let daemon = Daemon::start(directory.path(), "", employee).await;
    hand_in(directory.path(), &[event(1, "employee.created")]).await;
    let refused = async |command: &str, filter: &[&str], exit, says: &str| {
        let output = daemon.run(&[&[command], filter].concat()).await;
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(exit), "{filter:?}: {said}");
        assert!(said.contains(says), "{filter:?}: {said}");
        assert!(output.stdout.is_empty(), "{output:?}");
    };
    let known = "The configuration has: employee, default";
    let long = "x".repeat(20_000);
    for command in ["tail", "resend"] {
        for (filter, exit, says) in [
            (&["--route", "emploee"][..], 1, "did you mean employee?"),
            (&["--route", "elsewhere"], 1, known),
            (&["--route", ""], 2, "must have 1 to 100 characters"),
            (&["--route", &long], 2, "must have 1 to 100 characters"),
            (&["--staff-id", ""], 2, "must have 1 to 191 characters"),
            (&["--staff-id", "a\nb"], 2, "no control characters"),
            (&["--staff-id", &long], 2, "must have 1 to 191 characters"),
            (&["--event-type", ""], 2, "must be an event's name"),
            (
                &["--event-type", "employee.*"],
                2,
                "must be an event's name",
            ),
            (
                &["--since", "2025-10-27", "--until", "2025-10-26"],
                2,
                "--since: must not be later than --until",
            ),
        ] {
            refused(command, filter, exit, says).await;
        }
    }
    refused("show", &[&long], 2, "is not an id").await;
    // A name that no event has yet may still come: that is no mistake, and is said.
    for (command, printed) in [("tail", "0 of 0"), ("resend", "sent again: 0 events")] {
        let output = daemon
            .run(&[command, "--event-type", "employee.create"])
            .await;
        assert!(output.status.success(), "{output:?}");
        let (shown, said) = (
            String::from_utf8(output.stdout).unwrap(),
            String::from_utf8(output.stderr).unwrap(),
        );
        assert_eq!(shown.trim_end(), printed);
        assert_eq!(
            said.trim_end(),
            "no event that is kept is called employee.create; did you mean employee.created?"
        );
    }
    // What a route has left behind is found when the configuration does not have it any more.
    daemon.stop().await;
    let daemon = Daemon::start(directory.path(), "", "").await;
    let lines = printed(&daemon, &["tail", "--route", "employee"]).await;
    assert_eq!(lines.last().unwrap(), "1 of 1");
    let lines = printed(
        &daemon,
        &["tail", "--route", "employee", "--status", "exhausted"],
    )
    .await;
    assert_eq!(lines.last().unwrap(), "0 of 0");
    let lines = printed(&daemon, &["resend", "--route", "employee", "--dry-run"]).await;
    assert!(lines[0].starts_with("found: 0 events"), "{lines:?}");
}

#[tokio::test]
async fn errors_are_json_for_programs_too() {
    let directory = TempDir::new().unwrap();
    let daemon = Daemon::start(directory.path(), "", "").await;
    hand_in(directory.path(), &[event(1, "a"), event(2, "a")]).await;
    for (arguments, exit, code) in [
        (&["show", "ffff"][..], 1, "NOT_FOUND"),
        (&["show", "0"], 1, "AMBIGUOUS"),
        (&["show", "a b"], 2, "USAGE"),
        (
            &["show", "ffffffff-ffff-ffff-ffff-ffffffffffff"],
            1,
            "NOT_FOUND",
        ),
        (&["resend", "ffff"], 1, "NOT_FOUND"),
        (&["resend"], 2, "USAGE"),
        (&["tail", "--limit", "0"], 2, "USAGE"),
        (&["tail", "--since", "yesterday"], 2, "USAGE"),
        (&["tail", "--route", "elsewhere"], 1, "INVALID_PARAMETER"),
        (
            &["resend", "--since", "2025-10-27", "--until", "2025-10-26"],
            2,
            "USAGE",
        ),
    ] {
        let plain = daemon.run(arguments).await;
        let output = daemon.run(&[arguments, &["--json"]].concat()).await;
        assert_eq!(output.status.code(), Some(exit), "{arguments:?}");
        assert_eq!(plain.status.code(), Some(exit), "{arguments:?}");
        let answer: Value = serde_json::from_slice(&output.stderr).unwrap();
        assert_eq!(answer["success"], false);
        assert_eq!(answer["error"]["code"], code, "{arguments:?}");
        assert!(!answer["error"]["message"].as_str().unwrap().is_empty());
        assert!(serde_json::from_slice::<Value>(&plain.stderr).is_err());
    }
    let config = daemon.config.clone();
    daemon.kill().await;
    for (text, exit, code) in [
        (None, 69, "UNREACHABLE"),
        (Some("x = 1"), 78, "CONFIGURATION"),
    ] {
        if let Some(text) = text {
            std::fs::write(&config, text).unwrap();
        }
        let mut command = program();
        command.args(["status", "--json", "--config"]).arg(&config);
        let output = command.output().await.unwrap();
        assert_eq!(output.status.code(), Some(exit));
        let answer: Value = serde_json::from_slice(&output.stderr).unwrap();
        assert_eq!(answer["error"]["code"], code);
    }
}
