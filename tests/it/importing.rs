//! Whole files of interview records from the command line: all or none.

use std::path::Path;
use std::process::Stdio;

use rusqlite::Connection;
use serde_json::{Value, json};
use tempfile::TempDir;
use voicedrive_relay::testing::interview::field::Field;

use crate::commands::{Daemon, program};
use crate::harness::control_client;

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
    let client = control_client(daemon.config.parent().unwrap());
    let url = "http://relay/api/interviews/completion-stats?period=30d";
    let answer = client.get(url).send().await.unwrap();
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
async fn an_import_that_the_database_refuses_to_end_is_told_where_an_admin_looks() {
    let directory = TempDir::new().unwrap();
    let daemon = Daemon::start(directory.path(), "", "").await;
    let file = directory.path().join("interviews.csv");
    std::fs::write(&file, format!("{HEADER}{}", row(1))).unwrap();
    let database = Connection::open(directory.path().join("live/relay.db")).unwrap();
    let refuse = "CREATE TRIGGER refused BEFORE INSERT ON interviews
                  BEGIN SELECT RAISE(ABORT, 'refused'); END";
    database.execute_batch(refuse).unwrap();
    let told = async {
        let is_told = |status: &Value| {
            let trouble = status["database"]["trouble"].as_str().unwrap_or_default();
            trouble.contains("an import of interview records")
        };
        daemon.until(&["status"], is_told).await;
        let checked = daemon.run(&["check"]).await;
        let checked = String::from_utf8_lossy(&checked.stdout).into_owned();
        assert!(
            checked.contains("an import of interview records"),
            "{checked}"
        );
        // Events are accepted.
        daemon.json(&["send", "a.b"]).await;
        database.execute_batch("DROP TRIGGER refused").unwrap();
    };
    let ((code, done), ()) = tokio::join!(import(&daemon, &file, &[]), told);
    assert_eq!((code, &done["created"]), (Some(0), &json!(1)));
    let status = daemon.json(&["status"]).await;
    assert_eq!(status["database"]["trouble"], Value::Null);
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
        (3, "interviewDate: must say"),
        (4, "employeeId: must be"),
        (5, "has 2 cells"),
        (7, "rescheduledFromId: must be"),
        (8, "voicedriveSyncId: another"),
    ]) {
        assert_eq!(row["line"], line);
        let id = format!("int-{}", line - 1);
        assert!(row["id"] == id || row["id"].is_null() && line == 5, "{row}");
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
    assert!(out.contains("line 3 (int-2): interviewDate"), "{out}");
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
    for missing in ["missing.csv", "missing.xlsx"] {
        let (code, _) = import(&daemon, &at(missing), &[]).await;
        assert_eq!(code, Some(1));
    }
}

/// Writes a file, imports it, and answers the exit code and everything that was printed.
async fn told(daemon: &Daemon, name: &str, bytes: &[u8], more: &[&str]) -> (Option<i32>, String) {
    let file = daemon.config.parent().unwrap().join(name);
    std::fs::write(&file, bytes).unwrap();
    let arguments = [&["import", "interviews", file.to_str().unwrap()], more].concat();
    let output = daemon.run(&arguments).await;
    let printed = [output.stdout, output.stderr].concat();
    (output.status.code(), String::from_utf8(printed).unwrap())
}

/// The record with this id, as the API shows it.
async fn record(daemon: &Daemon, id: &str) -> Value {
    let client = control_client(daemon.config.parent().unwrap());
    let url = format!("http://relay/api/interviews/{id}");
    let answer = client.get(url).send().await.unwrap();
    let answer: Value = serde_json::from_str(&answer.text().await.unwrap()).unwrap();
    answer["data"].clone()
}

fn utf_16(text: &str) -> Vec<u8> {
    let units = text.encode_utf16().flat_map(u16::to_le_bytes);
    [0xff, 0xfe].into_iter().chain(units).collect()
}

#[tokio::test]
async fn every_form_in_which_the_database_is_exported_is_taken() {
    let directory = TempDir::new().unwrap();
    let daemon = Daemon::start(directory.path(), "", "").await;
    let names = "id employee_id interviewer_id interview_date interview_type duration motivation_type \
                 notes created_at voicedrive_sync_id duration_minutes rescheduled_from_id interview_status";
    let header = |separator: &str| names.split_whitespace().collect::<Vec<_>>().join(separator);
    let moment = "2099-10-28 01:00:00.000";
    // What the `mysql` command, phpMyAdmin or Workbench, DBeaver and Excel make of the table.
    let tsv = format!(
        "{}\nm1\tE\tE\t{moment}\tregular\tNULL\tNULL\t\"a\\tb\t{moment}\tNULL\t45\tNULL\tCOMPLETED\n",
        header("\t")
    );
    let words = format!(
        "{}\r\n\"p1\",\"E\",\"E\",\"{moment}\",\"regular\",NULL,NULL,\"say \"\"x\"\"\",\"{moment}\",NULL,\"45\",NULL,\"completed\"\r\n",
        header(",")
    );
    let empty = format!(
        "{}\nd1,E,E,{moment},regular,,,,{moment},,45,,completed\n",
        header(",")
    );
    let excel = format!(
        "{}\r\nx1;E;E;2099/10/28 1:00;regular;;;;;;45;;Completed\r\n",
        header(";")
    );
    let unicode_text = utf_16(&excel.replace("x1", "u1").replace(';', "\t"));
    let prisma = json!([{"id": "j1", "employeeId": "E", "interviewerId": "E", "duration": 30,
        "interviewDate": "2099-10-28T01:00:00.000Z", "interviewType": "regular", "notes": null,
        "motivationType": null, "createdAt": "2025-01-01T00:00:00.000Z", "voicedriveSyncId": "",
        "durationMinutes": 45, "rescheduledFromId": null, "interviewStatus": "COMPLETED"}]);
    let prisma = prisma.to_string();
    for (id, name, bytes) in [
        ("m1", "mysql.txt", tsv.as_bytes()),
        ("p1", "phpmyadmin.csv", words.as_bytes()),
        ("d1", "dbeaver.csv", empty.as_bytes()),
        ("x1", "excel.csv", excel.as_bytes()),
        ("u1", "unicode.txt", &unicode_text),
        ("j1", "prisma.json", prisma.as_bytes()),
    ] {
        let (code, printed) = told(&daemon, name, bytes, &["--zone", "UTC"]).await;
        assert_eq!(code, Some(0), "{name}: {printed}");
        assert!(printed.contains("left out: duration"), "{name}: {printed}");
        let kept = record(&daemon, id).await;
        assert_eq!(kept["interviewDate"], "2099-10-28T01:00:00.000Z", "{name}");
        assert_eq!(kept["interviewStatus"], "completed", "{name}");
        assert_eq!(kept["durationMinutes"], 45, "{name}");
        assert_eq!(kept["voicedriveSyncId"], Value::Null, "{name}");
    }
    // SELECT INTO OUTFILE writes no header.
    let outfile = format!("\"o1\",\"E\",\"{moment}\",\"regular\",\\N,\"say \\\"x\\\"\"\n");
    let columns = "id,employee_id,interview_date,interview_type,interviewer_id,notes";
    let (code, printed) = told(
        &daemon,
        "outfile.csv",
        outfile.as_bytes(),
        &["--zone", "UTC"],
    )
    .await;
    assert!(
        code == Some(1) && printed.contains("--columns"),
        "{printed}"
    );
    let more = ["--zone", "UTC", "--columns", columns];
    let (code, printed) = told(&daemon, "outfile.csv", outfile.as_bytes(), &more).await;
    assert_eq!(code, Some(0), "{printed}");
    assert_eq!(kept(&daemon).await, 7);
    let (code, printed) = told(&daemon, "prisma.json", prisma.as_bytes(), &more).await;
    assert!(
        code == Some(1) && printed.contains("JSON has no columns"),
        "{printed}"
    );
}

#[tokio::test]
async fn a_date_without_a_zone_is_refused_until_the_zone_is_said() {
    let directory = TempDir::new().unwrap();
    let daemon = Daemon::start(directory.path(), "", "").await;
    let text = "面談ID,職員ID,種別,面談日時,状態,時間(分)\r\n例-1,EMP-1,定期面談,2099/10/28 10:00,実施済み,45\r\n";
    let (code, printed) = told(&daemon, "面談.csv", text.as_bytes(), &[]).await;
    assert_eq!(code, Some(1));
    assert!(
        printed.contains("line 2 (例-1): interviewDate") && printed.contains("--zone Asia/Tokyo"),
        "{printed}"
    );
    assert_eq!(kept(&daemon).await, 0);
    let tokyo = ["--zone", "Asia/Tokyo"];
    let (code, printed) = told(&daemon, "面談.csv", text.as_bytes(), &tokyo).await;
    assert_eq!(code, Some(0), "{printed}");
    let kept = record(&daemon, "%E4%BE%8B-1").await;
    assert_eq!(kept["interviewDate"], "2099-10-28T01:00:00.000Z");
    assert_eq!(kept["interviewStatus"], "completed");
    let mars = ["--zone", "Mars"];
    assert_eq!(
        told(&daemon, "面談.csv", text.as_bytes(), &mars).await.0,
        Some(2)
    );
}

#[tokio::test]
async fn the_template_is_a_file_that_is_taken() {
    let directory = TempDir::new().unwrap();
    let daemon = Daemon::start(directory.path(), "", "").await;
    let printed = daemon.run(&["import", "interviews", "--template"]).await;
    assert_eq!(printed.status.code(), Some(0));
    assert!(
        printed
            .stdout
            .starts_with("\u{feff}面談ID,職員ID,".as_bytes())
    );
    let shorter = daemon.run(&["import", "--template"]).await;
    assert_eq!(shorter.stdout, printed.stdout);
    assert_eq!(daemon.run(&["import"]).await.status.code(), Some(2));
    let (code, told) = told(&daemon, "面談.csv", &printed.stdout, &[]).await;
    assert_eq!(code, Some(0), "{told}");
    assert!(told.contains("2 rows imported"), "{told}");
    // A file that is there is never written over.
    let file = directory.path().join("面談.csv");
    for words in [&["import"][..], &["import", "interviews"]] {
        let template = |file: &'static str| [words, &["--template", file]].concat();
        let said = daemon.run(&template("-")).await;
        assert_eq!(said.stdout, printed.stdout, "{words:?}");
        let new = directory.path().join("new.csv");
        let into = [words, &["--template", new.to_str().unwrap()]].concat();
        assert_eq!(daemon.run(&into).await.status.code(), Some(0), "{words:?}");
        assert_eq!(std::fs::read(&new).unwrap(), printed.stdout, "{words:?}");
        std::fs::remove_file(&new).unwrap();
        let again = [words, &["--template", file.to_str().unwrap()]].concat();
        assert_eq!(daemon.run(&again).await.status.code(), Some(1), "{words:?}");
    }
}

#[tokio::test]
async fn every_mistake_of_a_row_is_told_in_the_language() {
    let directory = TempDir::new().unwrap();
    let daemon = Daemon::start(directory.path(), "", "").await;
    let csv = format!("{HEADER}int-1,,,,2099/10/28,,\n");
    let (_, printed) = told(&daemon, "a.csv", csv.as_bytes(), &[]).await;
    let told_of = "line 2 (int-1): interviewDate: must have a time of day behind the date, such as \
                   2025/10/28 10:00; employeeId: must be a text of 1 to 191 characters; \
                   interviewType: must be a text of 1 to 191 characters\n";
    assert!(printed.starts_with(told_of), "{printed}");
    // All on one line: the index says which.
    let array = r#"[{"id":"a"},{"id":"b","colour":1}]"#;
    let (_, printed) = told(&daemon, "a.json", array.as_bytes(), &[]).await;
    assert!(printed.contains("[0] line 1 (a): employeeId"), "{printed}");
    assert!(
        printed.contains("[1] line 1 (b): `colour` is no field"),
        "{printed}"
    );
    let english = std::fs::read_to_string(&daemon.config).unwrap();
    std::fs::write(&daemon.config, english.replace("\"en\"", "\"ja\"")).unwrap();
    for (name, text) in [("a.csv", csv.as_str()), ("a.json", array)] {
        let (code, printed) = told(&daemon, name, text.as_bytes(), &[]).await;
        assert_eq!(code, Some(1));
        assert!(
            printed.contains("職員ID (employeeId): 1〜191 文字"),
            "{printed}"
        );
        assert!(!printed.contains("must"), "{printed}");
    }
    assert_eq!(kept(&daemon).await, 0);
}

#[tokio::test]
async fn a_quote_that_is_never_closed_is_told_and_keeps_everything_out() {
    let directory = TempDir::new().unwrap();
    let daemon = Daemon::start(directory.path(), "", "").await;
    let rows: String = (2..8).map(row).collect();
    let text = format!("{HEADER}int-1,EMP-1,,regular,2099-10-28T10:00:00Z,,\"vd-1\n{rows}");
    let (code, printed) = told(&daemon, "a.csv", text.as_bytes(), &[]).await;
    assert_eq!(code, Some(1));
    assert!(
        printed.starts_with("line 2: a quote is opened here"),
        "{printed}"
    );
    assert_eq!(kept(&daemon).await, 0);
}

#[tokio::test]
async fn a_pipe_is_taken_and_so_is_the_standard_input() {
    let directory = TempDir::new().unwrap();
    let daemon = Daemon::start(directory.path(), "", "").await;
    let file = directory.path().join("a.csv");
    std::fs::write(&file, format!("{HEADER}{}", row(1))).unwrap();
    for file_name in ["-", "/dev/stdin"] {
        let mut command = program();
        command
            .args(["import", "interviews", file_name, "--json", "--config"])
            .arg(&daemon.config);
        let mut cat = std::process::Command::new("cat");
        let mut cat = cat.arg(&file).stdout(Stdio::piped()).spawn().unwrap();
        let output = command
            .stdin(cat.stdout.take().unwrap())
            .output()
            .await
            .unwrap();
        cat.wait().unwrap();
        assert_eq!(output.status.code(), Some(0), "{output:?}");
        let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(answer["rows"], 1);
    }
}

#[tokio::test]
async fn a_file_of_something_else_is_named_as_what_it_is() {
    let directory = TempDir::new().unwrap();
    let daemon = Daemon::start(directory.path(), "", "").await;
    let bare_utf_16 = utf_16(HEADER).split_off(2);
    // 「山田」 in EUC-JP.
    let euc_jp = [HEADER.as_bytes(), b"a,b,\xbb\xb3\xc5\xc4,c,d,,\n"].concat();
    for (name, bytes, what) in [
        (
            "a.xlsx",
            &b"PK\x03\x04...[Content_Types].xml"[..],
            "an Excel workbook",
        ),
        (
            "a.csv",
            b"PK\x03\x04...[Content_Types].xml",
            "an Excel workbook",
        ),
        (
            "a.xls",
            b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
            "an Excel workbook",
        ),
        ("b.csv", &bare_utf_16, "UTF-16 without a byte order mark"),
        ("c.csv", &euc_jp, "EUC-JP"),
        ("d.csv", b"", "is empty"),
    ] {
        let (code, printed) = told(&daemon, name, bytes, &[]).await;
        assert_eq!(code, Some(1), "{name}: {printed}");
        assert!(printed.contains(what), "{name}: {printed}");
        assert_eq!(printed.lines().count(), 1, "{name}: {printed}");
    }
}

#[tokio::test]
async fn an_employee_id_that_is_a_key_of_the_database_is_noted_once() {
    let directory = TempDir::new().unwrap();
    let daemon = Daemon::start(directory.path(), "", "").await;
    let key = "cmh7z4q5k0001v8l2abcd1234";
    let rows = row(1).replace("EMP-1", key) + &row(2).replace("EMP-2", key);
    let (code, printed) = told(&daemon, "a.csv", format!("{HEADER}{rows}").as_bytes(), &[]).await;
    assert_eq!(code, Some(0));
    assert_eq!(printed.matches("looks like a key").count(), 1, "{printed}");
    assert!(printed.contains("note: line 2"), "{printed}");
}

#[tokio::test]
async fn a_huge_row_is_told_with_its_line_and_so_are_the_others() {
    let directory = TempDir::new().unwrap();
    let daemon = Daemon::start(directory.path(), "", "").await;
    let huge = row(2).replace("山田", &"x".repeat(3 << 20));
    let text = [HEADER, &row(1), &huge, "int-3,,,t,2099-10-28T10:00:00Z,,\n"].concat();
    let (code, printed) = told(&daemon, "a.csv", text.as_bytes(), &[]).await;
    assert_eq!(code, Some(1));
    for word in ["line 3: is longer than 1 MiB", "line 4 (int-3): employeeId"] {
        assert!(printed.contains(word), "{printed:.2000}");
    }
    assert!(printed.len() < 2000);
}

#[tokio::test]
async fn what_the_mysql_command_wrote_is_read_as_it_meant_it_or_noted() {
    let directory = TempDir::new().unwrap();
    let daemon = Daemon::start(directory.path(), "", "").await;
    let header = "id\temployee_id\tinterview_type\tinterview_date\tstatus_reason\tfacility_id\n";
    let row = |facility: &str| {
        format!("a\tEMP-1\tt\t2099-10-28T10:00:00Z\ttwo\\nlines C:\\\\x\t{facility}\n")
    };
    // NULL between tabs shows that the command wrote it.
    let shown = format!("{header}{}", row("NULL"));
    let (code, printed) = told(&daemon, "a.tsv", shown.as_bytes(), &[]).await;
    assert_eq!(code, Some(0), "{printed}");
    assert!(!printed.contains("backslash"), "{printed}");
    let kept = record(&daemon, "a").await;
    assert_eq!(kept["facilityId"], Value::Null);
    assert_eq!(kept["statusReason"], "two\nlines C:\\x");
    let doubtful = format!("{header}{}", row("f"));
    let (code, printed) = told(&daemon, "a.tsv", doubtful.as_bytes(), &[]).await;
    assert_eq!(code, Some(0), "{printed}");
    assert!(
        printed.contains("note: line 2: a cell has a backslash"),
        "{printed}"
    );
    let kept = record(&daemon, "a").await;
    assert_eq!(kept["statusReason"], "two\\nlines C:\\\\x");
}

#[tokio::test]
async fn what_the_packaged_statements_write_is_taken() {
    let directory = TempDir::new().unwrap();
    let daemon = Daemon::start(directory.path(), "", "").await;
    // What a MariaDB made of interviews-and-reservations.sql, with three interviews (one of them out of a
    // reservation) and two reservations.
    let written = include_bytes!("../data/interviews-and-reservations.ndjson");
    let (code, printed) = told(&daemon, "i.ndjson", written, &[]).await;
    assert_eq!(code, Some(0), "{printed}");
    assert_eq!(printed, "5 rows imported (new: 5, replacing: 0)\n");
    let interview = record(&daemon, "res-1").await;
    assert_eq!(interview["rescheduledFromId"], "int-1");
    assert_eq!(interview["employeeId"], "EMP-2025-001");
    let reservation = record(&daemon, "res-2").await;
    assert_eq!(reservation["interviewDate"], "2099-12-01T00:30:00.000Z");
}

#[test]
fn the_packaged_statements_write_nothing_but_fields_of_a_record() {
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("packaging/examples");
    let known = Field::ALL.map(|field| format!("'{}'", field.name()));
    for name in ["interviews.sql", "interviews-and-reservations.sql"] {
        let text = std::fs::read_to_string(examples.join(name)).unwrap();
        let lines = text.lines().filter(|line| line.starts_with("    '"));
        let written: Vec<_> = lines
            .map(|line| line.trim().split(',').next().unwrap())
            .collect();
        assert!(written.len() >= 12, "{name}");
        for field in written {
            assert!(known.iter().any(|known| known == field), "{name}: {field}");
        }
    }
}

/// What is judged by what the whole file leaves behind. All of it needs the store's
/// `import_interviews`, which looks at origins and ids of VoiceDrive after the last row.
mod by_what_it_leaves_behind {
    use super::*;

    fn rescheduled(id: &str, origin: &str, sync_id: &str) -> String {
        format!("{id},EMP-1,,regular,2099-10-28T10:00:00Z,{origin},{sync_id}\n")
    }

    #[tokio::test]
    async fn an_origin_may_stand_anywhere_in_the_file() {
        let directory = TempDir::new().unwrap();
        let daemon = Daemon::start(directory.path(), "", "").await;
        let text = [
            HEADER,
            &rescheduled("b", "a", ""),
            &rescheduled("a", "", ""),
        ]
        .concat();
        let (code, printed) = told(&daemon, "a.csv", text.as_bytes(), &[]).await;
        assert_eq!(code, Some(0), "{printed}");
        assert_eq!(record(&daemon, "b").await["rescheduledFromId"], "a");
    }

    #[tokio::test]
    async fn a_chain_that_leads_back_is_refused_wherever_it_stands() {
        let directory = TempDir::new().unwrap();
        let daemon = Daemon::start(directory.path(), "", "").await;
        let text = [
            HEADER,
            &rescheduled("a", "b", ""),
            &rescheduled("b", "a", ""),
        ]
        .concat();
        let (code, printed) = told(&daemon, "a.csv", text.as_bytes(), &[]).await;
        assert_eq!(code, Some(1), "{printed}");
        assert!(printed.contains("must not lead back"), "{printed}");
        assert_eq!(kept(&daemon).await, 0);
    }

    #[tokio::test]
    async fn an_unknown_origin_is_refused_or_dropped() {
        let directory = TempDir::new().unwrap();
        let daemon = Daemon::start(directory.path(), "", "").await;
        let text = [
            HEADER,
            &rescheduled("b", "gone", ""),
            &rescheduled("c", "b", ""),
        ]
        .concat();
        let (code, printed) = told(&daemon, "a.csv", text.as_bytes(), &[]).await;
        assert_eq!(code, Some(1));
        let (named, more) = ("line 2 (b): rescheduledFromId", "--unknown-origin drop");
        assert!(
            printed.contains(named) && printed.contains(more),
            "{printed}"
        );
        assert!(!printed.contains("line 3"), "{printed}");
        // One whose own row is bad stands in the file: only that row is to be mended.
        let bad = rescheduled("gone", "", "").replace("2099-", "20x9-");
        assert_ne!(bad, rescheduled("gone", "", ""));
        let (code, printed) = told(&daemon, "a.csv", format!("{text}{bad}").as_bytes(), &[]).await;
        assert_eq!(code, Some(1));
        assert!(!printed.contains("rescheduledFromId"), "{printed}");
        assert!(
            printed.contains("line 4 (gone): interviewDate"),
            "{printed}"
        );
        let drop = ["--unknown-origin", "drop"];
        let (code, printed) = told(&daemon, "a.csv", text.as_bytes(), &drop).await;
        assert_eq!(code, Some(0), "{printed}");
        assert_eq!(record(&daemon, "b").await["rescheduledFromId"], Value::Null);
        assert_eq!(record(&daemon, "c").await["rescheduledFromId"], "b");
    }

    #[tokio::test]
    async fn everything_that_is_wrong_with_a_row_is_told_at_once_also_beside_others() {
        let directory = TempDir::new().unwrap();
        let daemon = Daemon::start(directory.path(), "", "").await;
        let bad_date = |row: String| row.replace("2099-10-28T10:00:00Z", "x");
        let text = [
            HEADER,
            &rescheduled("a", "", "vd-1"),
            &bad_date(rescheduled("b", "gone", "vd-1")),
            &bad_date(rescheduled("a", "gone", "vd-1")),
            &bad_date(rescheduled("c", "c", "")),
            &bad_date(rescheduled("", "gone", "vd-1")),
            &rescheduled("d", "", "vd-1").replace("regular", ""),
            &rescheduled("e", "b", ""),
        ]
        .concat();
        let (code, printed) = told(&daemon, "a.csv", text.as_bytes(), &[]).await;
        assert_eq!(code, Some(1));
        let date = "interviewDate: must be a date and time such as 2025-10-28T10:00:00+09:00, or 2025/10/28 10:00 with --zone";
        let origin = "rescheduledFromId: must be the id of a record that exists or stands in the file; --unknown-origin drop imports the row without it";
        let taken = "voicedriveSyncId: another record has this id of VoiceDrive";
        let id =
            "id: must be a text of 1 to 191 characters, and neither completion-stats nor batch";
        let expected = [
            format!("line 3 (b): {date}; {taken}; {origin}"),
            format!(
                "line 4 (a): {date}; id: line 2 has the same id; a record may stand in a file once; {origin}"
            ),
            format!("line 5 (c): {date}; rescheduledFromId: must not lead back to this record"),
            format!("line 6: {date}; {id}; {taken}; {origin}"),
            format!("line 7 (d): interviewType: must be a text of 1 to 191 characters; {taken}"),
        ];
        let lines: Vec<_> = printed.lines().take(5).collect();
        assert_eq!(lines, expected);
        assert!(printed.contains("7 rows, 5 bad rows"), "{printed}");
        assert_eq!(kept(&daemon).await, 0);
    }

    #[tokio::test]
    async fn a_record_stands_in_a_file_once() {
        let directory = TempDir::new().unwrap();
        let daemon = Daemon::start(directory.path(), "", "").await;
        let rows = [row(1), row(2), row(1), row(3), row(1)].concat();
        let text = format!("{HEADER}{rows}");
        let (code, printed) = told(&daemon, "a.csv", text.as_bytes(), &[]).await;
        assert_eq!(code, Some(1), "{printed}");
        for line in [
            "line 4 (int-1): id: line 2 has",
            "line 6 (int-1): id: line 2 has",
        ] {
            assert!(printed.contains(line), "{printed}");
        }
        assert!(printed.contains("5 rows, 2 bad rows"), "{printed}");
        assert_eq!(kept(&daemon).await, 0);
        // In an array on one line the numbers tell them apart.
        let record = json!({"id": "a", "employeeId": "E", "interviewType": "t",
                            "interviewDate": "2099-10-28T10:00:00Z"});
        let array = json!([record, record]).to_string();
        let (code, printed) = told(&daemon, "a.json", array.as_bytes(), &[]).await;
        assert_eq!(code, Some(1));
        assert!(printed.contains("[1] line 1 (a): id: [0] has"), "{printed}");
        // The same file as often as one likes is another matter.
        let once = format!("{HEADER}{}", row(1));
        for _ in 0..2 {
            let (code, printed) = told(&daemon, "b.csv", once.as_bytes(), &[]).await;
            assert_eq!(code, Some(0), "{printed}");
        }
    }

    #[tokio::test]
    async fn ids_of_voicedrive_may_be_exchanged_within_a_file() {
        let directory = TempDir::new().unwrap();
        let daemon = Daemon::start(directory.path(), "", "").await;
        let file = |a: &str, b: &str| {
            [HEADER, &rescheduled("a", "", a), &rescheduled("b", "", b)].concat()
        };
        let before = file("vd-1", "vd-2");
        assert_eq!(
            told(&daemon, "a.csv", before.as_bytes(), &[]).await.0,
            Some(0)
        );
        let exchanged = file("vd-2", "vd-1");
        let (code, printed) = told(&daemon, "a.csv", exchanged.as_bytes(), &[]).await;
        assert_eq!(code, Some(0), "{printed}");
        assert_eq!(record(&daemon, "a").await["voicedriveSyncId"], "vd-2");
        // Two that end with the same one are still refused.
        let same = file("vd-3", "vd-3");
        let (code, printed) = told(&daemon, "a.csv", same.as_bytes(), &[]).await;
        assert_eq!(code, Some(1));
        assert!(
            printed.contains("line 3 (b): voicedriveSyncId: another"),
            "{printed}"
        );
    }
}
