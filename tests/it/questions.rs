//! The questions of an admin's first month: each command of the page answers.

use std::fs;
use std::path::Path;
use std::process::Stdio;

use serde_json::Value;
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

/// What there is to be asked about: one event was delivered, one was given up, and one got lost behind a 200.
struct Month {
    daemon: Daemon,
    partner: Partner,
    delivered: String,
    given_up: String,
    lost: String,
    /// The days of the clinic on which the first and the last of them were accepted.
    days: [String; 2],
}

/// How a list shows an id.
fn short(id: &str) -> &str {
    &id[..13]
}

/// The fields of an event.
async fn sent(daemon: &Daemon, event: &str, ends: &str) -> Value {
    let typed = ["send", event, "--staff-id", "EMP-2025-001", "--wait"];
    let output = daemon.run(&[&typed[..], &["--json"]].concat()).await;
    let lines = serde_json::Deserializer::from_slice(&output.stdout).into_iter();
    let answer: Value = lines.flatten().next().unwrap();
    let event = daemon.json(&["show", answer["id"].as_str().unwrap()]).await;
    assert_eq!(event["status"], ends, "{event}");
    event
}

async fn month(directory: &Path) -> Month {
    let partner = Partner::start(Clock::System).await;
    let secrets =
        format!("VOICEDRIVE_WEBHOOK_SECRET={WEBHOOK_SECRET}\nRELAY_JWT_SECRET={JWT_SECRET}\n");
    fs::write(directory.join("secrets.env"), secrets).unwrap();
    let more = "[retry]\nintervals_seconds = [1]";
    let daemon = Daemon::start(directory, &partner.url(), more).await;
    let delivered = sent(&daemon, "employee.created", "delivered").await;
    let lost = sent(&daemon, "employee.photo.updated", "delivered").await;
    partner.will_answer([status(503), status(503)]);
    let given_up = sent(&daemon, "employee.updated", "exhausted").await;
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
    // The table that VoiceDrive sends: of what was given up it has a row, which says that it failed.
    let id = |event: &Value| event["id"].as_str().unwrap().to_owned();
    let table = format!(
        "requestId,processingStatus\n{},success\n{},failed\n",
        id(&delivered),
        id(&given_up)
    );
    fs::write(directory.join("webhook_logs.csv"), table).unwrap();
    let day = |event: &Value| {
        let at = event["acceptedAt"].as_str().unwrap();
        let at = chrono::DateTime::parse_from_rfc3339(at).unwrap();
        let at = at + chrono::TimeDelta::hours(9);
        at.format("%Y-%m-%d").to_string()
    };
    Month {
        days: [day(&delivered), day(&given_up)],
        delivered: id(&delivered),
        given_up: id(&given_up),
        lost: id(&lost),
        daemon,
        partner,
    }
}

impl Month {
    /// The command of the page, about the days of this month instead of those of the page.
    fn typed(&self, command: &str, directory: &Path) -> String {
        let program = format!(
            "{} --config {}",
            binary().display(),
            self.daemon.config.display()
        );
        let [first, last] = &self.days;
        let mut typed = command
            .replace("sudo voicedrive-relay", &program)
            .replace("/mnt/backup", directory.to_str().unwrap())
            .replace("https://staging.example.com/webhook", &self.partner.url())
            .replace("2025-10-26 10:00", first)
            .replace("2025-10-26 11:00", last)
            .replace("--month 2025-10", &format!("--month {}", &first[..7]));
        for day in ["2025-10-25", "2025-10-03"] {
            typed = typed.replace(&format!("--since {day}"), &format!("--since {first}"));
            typed = typed.replace(&format!("--until {day}"), &format!("--until {last}"));
        }
        assert!(!typed.contains("2025-10"), "{typed}");
        typed
    }

    /// The exit code of a command, what it has to say, and what it must not.
    fn answer(&self, command: &str) -> (i32, Vec<&str>, Vec<&str>) {
        let (delivered, given_up, lost) = (&*self.delivered, &*self.given_up, &*self.lost);
        let words: Vec<&str> = command.split(' ').skip(2).collect();
        let good = |says: &[&'static str]| (0, says.to_vec(), Vec::new());
        match words[..] {
            ["tail", "--staff-id", ..] => (
                0,
                vec![
                    short(delivered),
                    "employee.created",
                    "delivered",
                    short(given_up),
                    short(lost),
                ],
                vec![],
            ),
            ["tail", "--status", ..] => (
                0,
                vec![short(given_up), "employee.updated", "exhausted"],
                vec![short(delivered), short(lost)],
            ),
            ["stats", ..] => good(&[
                "employee.created           1        1       0",
                "employee.photo.updated     1        1       0",
            ]),
            ["reconcile", ..] => (
                1,
                vec![lost, "it was answered with 200", given_up, "--resend"],
                vec![delivered],
            ),
            ["resend", ..] => good(&["sent again: 1 event"]),
            ["export", "deliveries", "-", ..] => (
                0,
                vec![delivered, given_up, lost, "acceptedAt"],
                vec!["fullName"],
            ),
            ["export", ..] => good(&["deliveries.csv: 3 rows written"]),
            // What was sent again has arrived.
            ["kpi", ..] => good(&[
                "sends delivered    100.0 %  at least 99 %",
                "sent 3, waiting 0",
            ]),
            ["token", ..] => good(&["staff-system", "[events:write]", "until ", "365 d left"]),
            ["check"] => good(&["key VOICEDRIVE_WEBHOOK_SECRET: ", " characters"]),
            ["status"] => good(&[
                "backup file: ",
                "relay-backup.db",
                "last question of VoiceDrive: ",
                "last one turned away: ",
                "401: no token",
            ]),
            ["receiver-test", ..] => good(&[
                "pass  a good webhook",
                "verdict: your verification is right",
            ]),
            ["backup", ..] => good(&["relay.db: good; 3 events"]),
            ["audit"] => (
                0,
                vec![
                    "issued a token",
                    "staff-system",
                    "sent again",
                    "by day and reader",
                    "  root  ",
                ],
                vec!["EMP-2025-001"],
            ),
            ["staff", "erase", _, "--dry-run"] => {
                good(&["would be erased: events: 3", "nothing was changed"])
            }
            ["staff", ..] => good(&["erased: events: 3", "copies elsewhere"]),
            ["monitor", ..] => good(&["/monitor/login#", "yamada (viewer)"]),
            // The other package has it, and there misses the file.
            ["move-to-mysql", ..] => {
                let other = !cfg!(feature = "mysql");
                let says = ["mysql.toml", "voicedrive-relay-mysql"][usize::from(other)];
                (1, vec![says], vec![])
            }
            ["hold", ..] => good(&["every route: nothing is sent until "]),
            _ => panic!("nobody has said what {command} has to answer"),
        }
    }
}

#[tokio::test]
async fn every_command_of_the_questions_gives_the_answer() {
    let directory = TempDir::new().unwrap();
    let month = month(directory.path()).await;
    for command in commands("questions.md") {
        let output = Command::new("sh")
            .args(["-c", &month.typed(&command, directory.path())])
            .current_dir(directory.path())
            .env_clear()
            .stdin(Stdio::null())
            .output()
            .await
            .unwrap();
        let told = [output.stdout, output.stderr].concat();
        let told = String::from_utf8(told).unwrap();
        let (code, says, says_not) = month.answer(&command);
        assert_eq!(output.status.code(), Some(code), "{command}: {told}");
        for word in says {
            assert!(told.contains(word), "{command}: {word}: {told}");
        }
        for word in says_not {
            assert!(!told.contains(word), "{command}: {word}: {told}");
        }
        if command.contains(" resend ") {
            // What was given up is what is sent again.
            let arrived = month.partner.wait_until(|all| all.len() == 5).await;
            assert_eq!(arrived[4].header("x-request-id"), month.given_up);
            month.daemon.all_sent().await;
        }
    }
    let sheet = fs::read_to_string(directory.path().join("deliveries.csv")).unwrap();
    assert!(
        sheet.contains(&month.lost) && !sheet.contains("fullName"),
        "{sheet}"
    );
    let held = month.daemon.run(&["hold", "list"]).await;
    let held = String::from_utf8(held.stdout).unwrap();
    assert!(held.contains("maintenance"), "{held}");
}
