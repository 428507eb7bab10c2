//! What is reported: the five goals, the counts in rows, and everything in a file.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Stdio;

use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::net::UnixListener;
use voicedrive_relay::testing::token::Scope;

use crate::commands::{Daemon, program};
use crate::harness::{Clock, Partner, TestRelay, configuration, control_client, status, token};

const KPIS: &str = "/api/integration/kpis";

async fn deliver(relay: &TestRelay, events: usize) {
    for _ in 0..events {
        let id = relay.accept("employee.created").await;
        relay.wait_for_status(&id, "delivered").await;
    }
}

#[tokio::test]
async fn the_five_goals_are_numbers_with_their_targets() {
    let partner = Partner::start(Clock::System).await;
    let more = "[retry]\nintervals_seconds = [1]";
    let relay = TestRelay::start_with(&partner.url(), more, Clock::System).await;
    let none = relay.get(KPIS).await;
    assert_eq!(
        *none.data(),
        json!({
            "period": "30d",
            "sendSuccess": {"value": null, "target": 99, "met": null, "sent": 0, "succeeded": 0, "waiting": 0},
            "interviewCompletion": {"value": null, "target": 90, "met": null, "noShowRate": null},
            "gapDetection": {"value": null, "target": 24, "met": null, "uncompared": 0, "neverConfirmed": 0},
            "apiResponse": {"value": null, "target": 300, "met": null},
            "retrySuccess": {"value": null, "target": 80, "met": null},
        })
    );
    deliver(&relay, 20).await;
    partner.will_answer([status(503)]);
    deliver(&relay, 1).await;
    partner.will_answer([status(503), status(503)]);
    let given_up = relay.accept("employee.created").await;
    relay.wait_for_status(&given_up, "exhausted").await;
    let interviews = json!([
        {"id": "a", "employeeId": "E", "interviewType": "regular", "interviewDate": "2099-01-01T00:00:00Z", "interviewStatus": "completed"},
        {"id": "b", "employeeId": "E", "interviewType": "regular", "interviewDate": "2099-01-01T00:00:00Z", "interviewStatus": "no_show"},
    ]);
    relay
        .post("/api/interviews/batch", interviews.to_string())
        .await;
    for _ in 0..5 {
        relay.get("/api/integration/webhook-stats").await;
    }
    let answer = relay.get(&format!("{KPIS}?period=24h")).await;
    let data = answer.data();
    assert_eq!(data["period"], "24h");
    assert_eq!(
        data["sendSuccess"],
        json!({"value": 95.5, "target": 99, "met": false, "sent": 22, "succeeded": 21, "waiting": 0})
    );
    assert_eq!(
        data["interviewCompletion"],
        json!({"value": 50.0, "target": 90, "met": false, "noShowRate": 50.0})
    );
    assert_eq!(data["gapDetection"]["uncompared"], 21);
    assert_eq!(
        data["retrySuccess"],
        json!({"value": 50.0, "target": 80, "met": false})
    );
    assert_eq!(data["apiResponse"]["met"], true, "{data}");
}

#[tokio::test]
async fn who_may_read_the_statistics_may_read_the_goals_and_they_are_not_limited() {
    let more = "[server]\n[rate_limit]\nrequests_per_minute = 1\n";
    let relay = TestRelay::start_with("", more, Clock::System).await;
    for (scope, expected) in [(Scope::StatsRead, 200), (Scope::EventsRead, 403)] {
        let bearer = format!("Bearer {}", token(&[scope], relay.clock.now()));
        for _ in 0..3 {
            let headers = [("authorization", bearer.as_str())];
            let answer = relay.call(reqwest::Method::GET, KPIS, &headers, "").await;
            assert_eq!(answer.status, expected);
        }
    }
    let refused = relay.get(&format!("{KPIS}?period=1y")).await;
    assert_eq!(refused.error().0, "INVALID_PARAMETER");
}

/// A daemon that has delivered some events and given one up.
async fn daemon(directory: &Path, partner: &Partner) -> Daemon {
    let more = "[retry]\nintervals_seconds = [1]";
    let daemon = Daemon::start(directory, &partner.url(), more).await;
    for (event, staff) in [
        ("employee.created", "EMP-1"),
        ("employee.updated", "EMP-1"),
        ("employee.created", "=cmd|' /C calc'!A0"),
    ] {
        let sent = daemon
            .run(&["send", event, "--staff-id", staff, "--wait"])
            .await;
        assert!(sent.status.success(), "{sent:?}");
    }
    partner.will_answer([status(500), status(500)]);
    let given_up = daemon.run(&["send", "employee.retired", "--wait"]).await;
    assert_eq!(given_up.status.code(), Some(1));
    daemon
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[tokio::test]
async fn the_rows_of_stats_add_up_to_the_statistics_of_the_same_period() {
    let directory = TempDir::new().unwrap();
    let partner = Partner::start(Clock::System).await;
    let daemon = daemon(directory.path(), &partner).await;
    let client = control_client(directory.path());
    let url = "http://relay/api/integration/webhook-stats?period=7d";
    let statistics = client.get(url).send().await.unwrap().text().await.unwrap();
    let statistics: Value = serde_json::from_str(&statistics).unwrap();
    let statistics = &statistics["data"];
    for by in ["day", "type", "route"] {
        let stats = daemon.json(&["stats", "--period", "7d", "--by", by]).await;
        let rows = stats["items"].as_array().unwrap();
        for (of_row, of_api) in [
            ("sent", "sent24h"),
            ("succeeded", "succeeded"),
            ("failed", "failed"),
            ("timeout", "timeout"),
            ("retried", "retried"),
        ] {
            let sum: u64 = rows.iter().map(|row| row[of_row].as_u64().unwrap()).sum();
            assert_eq!(statistics[of_api], sum, "{by} {of_row}");
            assert_eq!(stats["total"][of_row], sum, "{by} {of_row}");
        }
        assert_eq!(stats["total"]["successRate"], 75.0);
    }
    let by_type = daemon.json(&["stats", "--by", "type"]).await;
    let types: Vec<_> = by_type["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| &row["type"])
        .collect();
    assert_eq!(
        types,
        ["employee.created", "employee.retired", "employee.updated"]
    );
    let old = daemon.run(&["stats", "--month", "2001-02"]).await;
    let old = text(&old.stdout);
    assert!(
        old.starts_with("2001-02-01 00:00:00 – 2001-02-28 23:59:59\n"),
        "{old}"
    );
    assert!(old.ends_with("nothing was sent\n"), "{old}");
    let since = daemon.json(&["stats", "--since", "2020-01-01"]).await;
    assert_eq!(since["total"]["sent"], 4);
    for wrong in [
        &["stats", "--month", "2025-10", "--week", "2025-W43"][..],
        &["stats", "--since", "2025-10-02", "--until", "2025-10-01"],
        &["stats", "--by", "hour"],
    ] {
        assert_eq!(daemon.run(wrong).await.status.code(), Some(2), "{wrong:?}");
    }
    let page = text(&daemon.run(&["kpi"]).await.stdout);
    assert_eq!(page.lines().count(), 6, "{page}");
    assert!(page.contains("75.0 %  at least 99 %   -"), "{page}");
    assert!(
        page.contains("sent 4, waiting 0 (judged from 20 on)"),
        "{page}"
    );
    assert!(page.contains("never reconciled"), "{page}");
}

/// The cells of a CSV file as a spreadsheet reads them.
fn cells(written: &[u8]) -> Vec<Vec<String>> {
    let written = text(written);
    let mut rest = written.strip_prefix('\u{feff}').unwrap().chars().peekable();
    let (mut rows, mut row, mut cell, mut quoted) = (Vec::new(), Vec::new(), String::new(), false);
    while let Some(c) = rest.next() {
        match c {
            '"' if quoted && rest.peek() == Some(&'"') => {
                cell.push('"');
                rest.next();
            }
            '"' => quoted = !quoted,
            ',' if !quoted => row.push(std::mem::take(&mut cell)),
            '\r' if !quoted => {
                assert_eq!(rest.next(), Some('\n'));
                row.push(std::mem::take(&mut cell));
                rows.push(std::mem::take(&mut row));
            }
            c => cell.push(c),
        }
    }
    assert!(row.is_empty() && cell.is_empty() && !quoted);
    rows
}

/// What a cell says of a value as the API has it.
fn says(cell: &str, value: &Value) -> bool {
    use voicedrive_relay::testing::timestamp::Timestamp;
    match value {
        Value::Null => cell.is_empty(),
        Value::String(text) => {
            let bare = cell.strip_prefix('\'').filter(|bare| bare.starts_with('='));
            let same_moment = || {
                let moment = Timestamp::parse(text);
                moment.is_ok() && cell.ends_with("+09:00") && Timestamp::parse(cell) == moment
            };
            cell == text || bare == Some(text) || same_moment()
        }
        Value::Number(number) => cell.parse() == Ok(number.as_u64().unwrap()),
        other => panic!("{other}"),
    }
}

#[tokio::test]
async fn an_export_has_every_delivery_in_each_format_and_never_a_payload() {
    let directory = TempDir::new().unwrap();
    let partner = Partner::start(Clock::System).await;
    let daemon = daemon(directory.path(), &partner).await;
    let listed = daemon.run(&["tail", "--json"]).await;
    let listed: Vec<Value> = text(&listed.stdout)
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(listed.len(), 4);
    let file = |name: &str| directory.path().join(name);
    for name in ["all.csv", "all.json", "all.ndjson"] {
        let path = file(name);
        let done = daemon
            .json(&["export", "deliveries", path.to_str().unwrap()])
            .await;
        assert_eq!((&done["rows"], &done["file"]), (&json!(4), &json!(path)));
        let mode = std::fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
        let written = std::fs::read(&path).unwrap();
        assert!(!text(&written).contains("fullName"), "{name}");
    }
    let array: Vec<Value> =
        serde_json::from_slice(&std::fs::read(file("all.json")).unwrap()).unwrap();
    let lines = std::fs::read_to_string(file("all.ndjson")).unwrap();
    let lines: Vec<Value> = lines
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(array, lines);
    let rows = cells(&std::fs::read(file("all.csv")).unwrap());
    assert_eq!(rows.len(), 1 + listed.len());
    for ((row, object), event) in rows[1..].iter().zip(&array).zip(&listed) {
        for (name, cell) in rows[0].iter().zip(row) {
            assert!(says(cell, &object[name]), "{name}: {cell} {}", object[name]);
            if let Some(value) = event.get(name) {
                assert_eq!(*value, object[name], "{name}");
            }
        }
    }
    assert_eq!(rows[3][2], "'=cmd|' /C calc'!A0");
    assert_eq!(array[3]["cause"], "partner_error");
    assert_eq!(array[3]["httpStatusCode"], 500);
    let narrowed = [
        "export",
        "deliveries",
        "-",
        "--staff-id",
        "EMP-1",
        "--format",
        "ndjson",
    ];
    let narrowed = daemon.run(&narrowed).await;
    assert_eq!(text(&narrowed.stdout).lines().count(), 2);
    let none = daemon
        .run(&["export", "deliveries", "-", "--until", "2001-01-01"])
        .await;
    assert_eq!(cells(&none.stdout).len(), 1, "the header alone");
}

#[tokio::test]
async fn an_export_of_deliveries_is_a_list_for_a_comparison() {
    let directory = TempDir::new().unwrap();
    let partner = Partner::start(Clock::System).await;
    let daemon = daemon(directory.path(), &partner).await;
    let path = directory.path().join("all.csv");
    let path = path.to_str().unwrap();
    daemon
        .json(&["export", "deliveries", path, "--status", "delivered"])
        .await;
    let compared = daemon.run(&["reconcile", path, "--json"]).await;
    let found: Value = serde_json::from_slice(&compared.stdout).unwrap();
    let listed = daemon.json(&["stats"]).await;
    assert_eq!(found["counts"]["unknown"], 0, "{found}");
    assert_eq!(found["matched"], listed["total"]["succeeded"], "{listed}");
    assert_eq!(found["received"], found["matched"], "{found}");
}

#[tokio::test]
async fn a_file_that_is_there_is_not_replaced_and_none_is_left_half_done() {
    let directory = TempDir::new().unwrap();
    let daemon = Daemon::start(directory.path(), "", "").await;
    let exports = TempDir::new().unwrap();
    std::fs::write(exports.path().join("a-file"), "").unwrap();
    let names = || std::fs::read_dir(exports.path()).unwrap().count();
    let export = async |file: &str, code: i32, told: &str| {
        let path = exports.path().join(file);
        let output = daemon
            .run(&["export", "interviews", path.to_str().unwrap()])
            .await;
        assert_eq!(output.status.code(), Some(code), "{output:?}");
        let all = text(&[output.stdout, output.stderr].concat());
        assert!(all.contains(told), "{all}");
    };
    export("a.csv", 0, "a.csv: 0 rows written").await;
    export("a.csv", 1, "is there already").await;
    export("a.xlsx", 2, "--format").await;
    export("no-such-directory/a.csv", 1, "a.csv: ").await;
    export("a-file/a.csv", 1, "a.csv: ").await;
    assert_eq!(names(), 2);
    let socket = directory.path().join("control.sock");
    daemon.stop().await;
    assert!(!socket.exists());
    let config = directory.path().join("config.toml");
    let mut command = program();
    command
        .args(["export", "interviews"])
        .arg(exports.path().join("b.csv"));
    let gone = command.arg("--config").arg(config).output().await.unwrap();
    assert_eq!(gone.status.code(), Some(69), "{gone:?}");
    assert_eq!(names(), 2);
}

#[tokio::test]
async fn an_export_of_interview_records_is_known_again_by_the_import() {
    let directory = TempDir::new().unwrap();
    let daemon = Daemon::start(directory.path(), "", "").await;
    let ids = [
        "int-1",
        "=1+1",
        "-2",
        "'=3",
        "0123",
        "1234567890123",
        "＝5",
        "1e5",
        // A text, and not a database's word for nothing.
        "NULL",
        "\\N",
        "'NULL",
        " int-6",
        "int-7 ",
        "\u{3000}山田",
        "' 8",
        " ",
    ];
    let records = ids.map(|id| {
        json!({"id": id, "employeeId": id, "employeeName": "+山田", "interviewType": "regular",
               "interviewDate": "2099-10-28T10:00:00.000Z", "rescheduledFromId": null,
               "statusReason": format!("\n{id} a \n")})
        .to_string()
    });
    let path = |name: &str| directory.path().join(name).to_str().unwrap().to_owned();
    std::fs::write(path("in.ndjson"), records.join("\n")).unwrap();
    daemon
        .json(&["import", "interviews", &path("in.ndjson")])
        .await;
    daemon
        .json(&["export", "interviews", &path("first.json")])
        .await;
    for name in ["all.csv", "all.json", "all.ndjson"] {
        daemon.json(&["export", "interviews", &path(name)]).await;
        let again = daemon.json(&["import", "interviews", &path(name)]).await;
        assert_eq!(
            (&again["created"], &again["replaced"]),
            (&json!(0), &json!(ids.len())),
            "{name}: {again}"
        );
    }
    let written = std::fs::read(path("all.csv")).unwrap();
    assert!(
        cells(&written)
            .iter()
            .any(|row| row[0] == "'0123" && row[1] == "'0123")
    );
    daemon
        .json(&["export", "interviews", &path("last.json")])
        .await;
    let records = |name: &str| -> Vec<Value> {
        let file = std::fs::read(path(name)).unwrap();
        let mut records: Vec<Value> = serde_json::from_slice(&file).unwrap();
        for record in &mut records {
            record["updatedAt"] = Value::Null;
        }
        records
    };
    assert_eq!(records("last.json"), records("first.json"));
    daemon.stop().await;
}

#[tokio::test]
async fn interview_records_of_many_pages_come_back_as_they_were() {
    let directory = TempDir::new().unwrap();
    let daemon = Daemon::start(directory.path(), "", "").await;
    let rows = 2500;
    let line = |number: usize| {
        json!({"id": format!("int-{number}"), "employeeId": "EMP-1", "employeeName": "-=山田, \"太郎\"",
               "interviewType": "regular", "interviewDate": "2099-10-28T10:00:00.000Z",
               "statusReason": "a\nb", "durationMinutes": number % 60})
    };
    let records: Vec<_> = (0..rows).map(|number| line(number).to_string()).collect();
    let path = directory.path().join("in.ndjson");
    std::fs::write(&path, records.join("\n")).unwrap();
    let import = ["import", "interviews", path.to_str().unwrap()];
    assert!(daemon.run(&import).await.status.success());
    let export = daemon
        .run(&["export", "interviews", "-", "--format", "ndjson"])
        .await;
    let exported = text(&export.stdout);
    let exported: Vec<Value> = exported
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(exported.len(), rows);
    for (number, row) in exported.iter().enumerate() {
        for (name, value) in line(number).as_object().unwrap() {
            assert_eq!(row[name], *value, "{number} {name}");
        }
    }
    let csv = daemon.run(&["export", "interviews", "-"]).await;
    let table = cells(&csv.stdout);
    assert_eq!(table.len(), rows + 1);
    assert_eq!(table[1][2], "'-=山田, \"太郎\"");
    assert_eq!(table[1][13], "a\nb");
    // What was exported can be imported again, and is the same.
    let again = directory.path().join("again.ndjson");
    std::fs::write(&again, &export.stdout).unwrap();
    let import = daemon
        .json(&["import", "interviews", again.to_str().unwrap()])
        .await;
    assert_eq!(import["replaced"], rows);
}

#[tokio::test]
async fn an_export_that_is_interrupted_leaves_nothing() {
    let directory = TempDir::new().unwrap();
    let exports = TempDir::new().unwrap();
    let config = directory.path().join("config.toml");
    std::fs::write(&config, configuration(directory.path(), "", "")).unwrap();
    // A daemon that takes the question and never answers it.
    let silent = UnixListener::bind(directory.path().join("control.sock")).unwrap();
    let mut command = program();
    command
        .args(["export", "deliveries"])
        .arg(exports.path().join("a.csv"));
    command.arg("--config").arg(&config).stderr(Stdio::piped());
    let exporting = command.spawn().unwrap();
    let _asked = silent.accept().await.unwrap();
    let names = || std::fs::read_dir(exports.path()).unwrap().count();
    assert_eq!(names(), 1, "it is written beside its name");
    let pid = exporting.id().unwrap().to_string();
    let sent = std::process::Command::new("kill")
        .args(["-INT", &pid])
        .status();
    assert!(sent.unwrap().success());
    let ended = exporting.wait_with_output().await.unwrap();
    assert_eq!(ended.status.code(), Some(1), "{ended:?}");
    assert!(text(&ended.stderr).contains("interrupted"), "{ended:?}");
    assert_eq!(names(), 0);
}
