//! Whole files of interview records from the command line: all or none.

use std::path::Path;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::commands::Daemon;

const HEADER: &str =
    "id,employeeId,employeeName,interviewType,interviewDate,rescheduledFromId,voicedriveSyncId\n";

async fn import(daemon: &Daemon, file: &Path, more: &[&str]) -> (Option<i32>, Value) {
    let file = file.to_str().unwrap();
    let arguments = [&["import", "interviews", file, "--json"], more].concat();
    let output = daemon.run(&arguments).await;
    let answer = serde_json::from_slice(&output.stdout).unwrap_or_default();
    (output.status.code(), answer)
}

async fn kept(daemon: &Daemon) -> u64 {
    let socket = daemon.config.parent().unwrap().join("control.sock");
    voicedrive_relay::crypto::install();
    let client = reqwest::Client::builder().unix_socket(socket);
    let url = "http://relay/api/interviews/completion-stats?period=30d";
    let answer = client.build().unwrap().get(url).send().await.unwrap();
    let answer: Value = serde_json::from_str(&answer.text().await.unwrap()).unwrap();
    answer["data"]["summary"]["totalScheduled"]
        .as_u64()
        .unwrap()
}

fn row(id: usize) -> String {
    format!("int-{id},EMP-{id},山田 太郎,regular,2099-10-28T10:00:00+09:00,,\n")
}

#[tokio::test]
async fn a_file_is_imported_whole_and_again_without_doubling() {
    let directory = TempDir::new().unwrap();
    let daemon = Daemon::start(directory.path(), "", "").await;
    let rows: String = (0..3000).map(row).collect();
    let file = directory.path().join("面談.csv");
    std::fs::write(&file, format!("\u{feff}{HEADER}{rows}")).unwrap();
    let (code, tried) = import(&daemon, &file, &["--dry-run"]).await;
    assert_eq!((code, &tried["imported"]), (Some(0), &json!(false)));
    assert_eq!(tried["created"], 3000);
    assert_eq!(kept(&daemon).await, 0);
    let (code, done) = import(&daemon, &file, &[]).await;
    assert_eq!((code, &done["created"]), (Some(0), &json!(3000)));
    let (code, again) = import(&daemon, &file, &[]).await;
    assert_eq!((code, &again["replaced"]), (Some(0), &json!(3000)));
    assert_eq!(kept(&daemon).await, 3000);
}

#[tokio::test]
async fn every_bad_row_is_named_and_then_nothing_is_imported() {
    let directory = TempDir::new().unwrap();
    let daemon = Daemon::start(directory.path(), "", "").await;
    let file = directory.path().join("interviews.csv");
    let text = [
        HEADER,
        &row(1),
        "int-2,EMP-2,秘密の名前,regular,2099-10-28 10:00,,\n",
        "int-3,,,regular,2099-10-28T10:00:00Z,,\n",
        "int-4,EMP-4\n",
        "int-5,EMP-5,,regular,2099-10-28T10:00:00Z,int-1,vd-1\n",
        "int-6,EMP-6,,regular,2099-10-28T10:00:00Z,int-99,\n",
        "int-7,EMP-7,,regular,2099-10-28T10:00:00Z,,vd-1\n",
    ]
    .concat();
    std::fs::write(&file, text).unwrap();
    let (code, answer) = import(&daemon, &file, &[]).await;
    assert_eq!(code, Some(1));
    assert_eq!(
        (&answer["rows"], &answer["badRowCount"]),
        (&json!(7), &json!(5))
    );
    let named: Vec<_> = answer["badRows"].as_array().unwrap().iter().collect();
    for (row, (line, field)) in named.iter().zip([
        (3, "interviewDate: must be"),
        (4, "employeeId: must be"),
        (5, "has 2 cells"),
        (7, "rescheduledFromId: must be"),
        (8, "voicedriveSyncId: another"),
    ]) {
        assert_eq!(row["line"], line);
        let reason = row["reason"].as_str().unwrap();
        assert!(
            reason.contains(field) && !reason.contains("秘密"),
            "{reason}"
        );
    }
    assert_eq!(kept(&daemon).await, 0);
    let file = file.to_str().unwrap();
    let output = daemon.run(&["import", "interviews", file]).await;
    let (out, told) = (
        String::from_utf8(output.stdout).unwrap(),
        String::from_utf8(output.stderr).unwrap(),
    );
    assert!(out.contains("line 3: interviewDate"), "{out}");
    assert!(told.contains("nothing was imported"), "{told}");
}

#[tokio::test]
async fn json_ndjson_and_shift_jis_are_taken_too() {
    let directory = TempDir::new().unwrap();
    let daemon = Daemon::start(directory.path(), "", "").await;
    let at = |name: &str| directory.path().join(name);
    let record = |id: &str| {
        json!({"id": id, "employeeId": "EMP-1", "interviewType": "support",
               "interviewDate": "2099-10-28T10:00:00Z", "durationMinutes": 30})
    };
    let array = serde_json::to_string_pretty(&json!([record("a"), record("b")])).unwrap();
    std::fs::write(at("a.json"), array).unwrap();
    std::fs::write(at("b.jsonl"), format!("{}\n{}", record("c"), record("d"))).unwrap();
    // 「山田」 as Japanese spreadsheets write it.
    let mut shift_jis = format!("{HEADER}e,EMP-1,").into_bytes();
    shift_jis.extend(b"\x8e\x52\x93\x63,regular,2099-10-28T10:00:00Z,,\r\n");
    std::fs::write(at("c.csv"), shift_jis).unwrap();
    for (file, rows) in [("a.json", 2), ("b.jsonl", 2), ("c.csv", 1)] {
        let (code, answer) = import(&daemon, &at(file), &[]).await;
        assert_eq!(
            (code, &answer["created"]),
            (Some(0), &json!(rows)),
            "{file}"
        );
    }
    assert_eq!(kept(&daemon).await, 5);
    // What is no list of records is told with its line, and changes nothing.
    std::fs::write(at("bad.json"), "[{\"id\":\"z\"},\n{").unwrap();
    let (code, answer) = import(&daemon, &at("bad.json"), &[]).await;
    assert_eq!((code, &answer["badRows"][1]["line"]), (Some(1), &json!(2)));
    let (code, _) = import(&daemon, &at("missing.csv"), &[]).await;
    assert_eq!(code, Some(1));
    let (code, _) = import(&daemon, &at("interviews.xlsx"), &[]).await;
    assert_eq!(code, Some(2));
}
