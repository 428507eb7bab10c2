//! The questions of an admin's first month: each command of the page answers.

use std::fs;
use std::path::Path;
use std::process::Stdio;

use tempfile::TempDir;
use tokio::process::Command;

use crate::commands::Daemon;
use crate::harness::{Clock, JWT_SECRET, Partner, WEBHOOK_SECRET, binary, client, status};

/// The commands of a page, which stand alone in the last cell of a row.
fn commands(page: &str) -> Vec<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("docs")
        .join(page);
    let text = fs::read_to_string(path).unwrap();
    let rows = text
        .lines()
        .filter(|line| line.starts_with("| ") && line.ends_with("` |"));
    let cells = rows.map(|row| row.trim_end_matches("` |").rsplit("| `").next().unwrap());
    cells.map(str::to_owned).collect()
}

#[test]
fn both_languages_have_the_same_commands() {
    let english = commands("questions.md");
    assert!(english.len() >= 12, "{english:?}");
    assert_eq!(english, commands("questions.ja.md"));
    for command in english {
        assert!(command.starts_with("sudo voicedrive-relay "), "{command}");
    }
}

#[tokio::test]
async fn every_command_of_the_questions_answers() {
    let directory = TempDir::new().unwrap();
    let partner = Partner::start(Clock::System).await;
    let secrets =
        format!("VOICEDRIVE_WEBHOOK_SECRET={WEBHOOK_SECRET}\nRELAY_JWT_SECRET={JWT_SECRET}\n");
    fs::write(directory.path().join("secrets.env"), secrets).unwrap();
    let more = "[retry]\nintervals_seconds = [1]";
    let daemon = Daemon::start(directory.path(), &partner.url(), more).await;
    let staff = ["--staff-id", "EMP-2025-001", "--wait"];
    let sent = daemon
        .run(&[&["send", "employee.created"], &staff[..]].concat())
        .await;
    assert!(sent.status.success(), "{sent:?}");
    partner.will_answer([status(503), status(503)]);
    let given_up = daemon
        .run(&[&["send", "employee.updated"], &staff[..]].concat())
        .await;
    assert_eq!(given_up.status.code(), Some(1), "{given_up:?}");
    let issued = [
        "token",
        "issue",
        "--subject",
        "staff-system",
        "--scope",
        "events:write",
    ];
    daemon.json(&issued).await;
    // VoiceDrive has asked, with a token that is not valid.
    let kpis = format!("{}/api/integration/kpis", daemon.url);
    let asked = client().get(kpis).send().await.unwrap();
    assert_eq!(asked.status(), 401);
    // The table that VoiceDrive sends, with everything that it has.
    let log = partner.received();
    let ids = log.iter().map(|webhook| webhook.header("x-request-id"));
    let table = ids.fold("requestId,processingStatus\n".to_owned(), |table, id| {
        table + id + ",success\n"
    });
    fs::write(directory.path().join("webhook_logs.csv"), table).unwrap();
    let program = format!(
        "{} --config {}",
        binary().display(),
        daemon.config.display()
    );
    for command in commands("questions.md") {
        let typed = command
            .replace("sudo voicedrive-relay", &program)
            .replace("/mnt/backup", directory.path().to_str().unwrap())
            .replace("https://staging.example.com/webhook", &partner.url());
        let output = Command::new("sh")
            .args(["-c", &typed])
            .current_dir(directory.path())
            .env_clear()
            .stdin(Stdio::null())
            .output()
            .await
            .unwrap();
        let told = String::from_utf8(output.stdout).unwrap();
        let errors = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(0), "{command}: {told}{errors}");
        assert!(!told.trim().is_empty(), "{command} says nothing");
        if command.ends_with(" status") {
            assert!(told.contains("last one turned away: "), "{told}");
            assert!(told.contains("401: no token"), "{told}");
        }
    }
    assert!(directory.path().join("deliveries.csv").exists());
}
