//! Tables that whoever looks after the staff system has made otherwise, and a server that takes long.

use std::process::Stdio;
use std::time::Duration;

use mysql_async::prelude::Queryable;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, BufReader};

use crate::relay::{EMPLOYEES, INTERVIEWS, Relay, remarked};
use crate::schema::HAND_WRITTEN;
use crate::server::Databases;

const COLLATION: &str = "utf8mb4_unicode_ci";

async fn with(statements: &[&str]) -> (Databases, Relay) {
    let databases = Databases::make(HAND_WRITTEN, COLLATION).await;
    databases.run(&[EMPLOYEES]).await;
    databases.run(statements).await;
    let relay = Relay::make(&databases).await;
    relay.deliveries(1, 300);
    relay.change(INTERVIEWS).await;
    (databases, relay)
}

fn kinds(said: &Value) -> Vec<&str> {
    let found = said["findings"].as_array().unwrap().iter();
    found.map(|found| found["kind"].as_str().unwrap()).collect()
}

/// A trigger, a CHECK, a partition and JSON that is too deep refuse rows: these stay out, each with its reason, and all others
/// go in.
#[tokio::test]
async fn rows_that_the_server_refuses_are_said_and_no_other_stays_out() {
    let (databases, relay) = with(&[
        "CREATE TRIGGER refusing BEFORE INSERT ON interviews FOR EACH ROW
           IF NEW.interview_type = 'support' THEN SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = 'no'; END IF",
        "ALTER TABLE webhook_send_logs ADD CONSTRAINT small CHECK (processing_time < 50000)",
    ])
    .await;
    let deep = format!("{}1{}", "[".repeat(120), "]".repeat(120));
    relay
        .change(&format!(
            "UPDATE webhook_send_logs SET processing_time = 60000 WHERE id = (SELECT id FROM events WHERE seq = 7);
             UPDATE webhook_retry_queue SET payload = '{deep}' WHERE id = (SELECT id FROM events WHERE seq = 97)"
        ))
        .await;
    let copied = relay.good(&["copy"]);
    for (table, kind, id) in [
        ("interviews", "refused_1644", "INT-2"),
        (
            "webhook_send_logs",
            "refused_",
            "01920000-0000-7000-8000-000000000007",
        ),
        (
            "webhook_retry_queue",
            "refused_",
            "01920000-0006-7000-8000-000000000061",
        ),
    ] {
        assert_eq!(remarked(&copied, table, kind), [id], "{copied}");
    }
    assert_eq!(relay.good(&["verify"])["good"], json!(true));
    let logs = "SELECT COUNT(*) FROM webhook_send_logs";
    assert_eq!(databases.ask::<u64>(logs).await, [299]);
    databases.drop().await;
}

#[tokio::test]
async fn a_trigger_that_changes_what_is_written_is_found() {
    let (databases, relay) = with(&[
        "CREATE TRIGGER changing BEFORE INSERT ON interviews FOR EACH ROW SET NEW.duration_minutes = 7",
    ])
    .await;
    relay.good(&["copy"]);
    let said = relay.run(&["verify"]);
    assert_eq!(said.code, Some(1));
    let found = said.json["differences"].as_array().unwrap();
    assert!(
        found
            .iter()
            .all(|found| found["columns"] == json!(["duration_minutes"])),
        "{}",
        said.json
    );
    assert_eq!(found.len(), 4, "{}", said.json);
    databases.drop().await;
}

#[tokio::test]
async fn columns_that_the_server_makes_and_views_are_said_before_anything_is_written() {
    let (databases, relay) = with(&[
        "ALTER TABLE interviews ADD COLUMN day DATE AS (CAST(interview_date AS DATE)) STORED",
        "ALTER TABLE webhook_send_logs DROP COLUMN payload_size, ADD COLUMN payload_size INT AS (LENGTH(event_type)) STORED",
        "ALTER TABLE interviews DROP COLUMN created_at",
        "INSERT INTO interviews (id, employee_id, interview_date, interview_type, updated_at)
          VALUES ('INT-1', 'id-of-2', '2020-01-01', 'theirs', '2020-01-01')",
        "RENAME TABLE webhook_retry_queue TO kept_queue",
        "CREATE VIEW webhook_retry_queue AS SELECT * FROM kept_queue",
    ])
    .await;
    let said = relay.run(&["plan"]);
    assert_eq!(said.code, Some(1), "{} {}", said.json, said.error);
    let kinds = kinds(&said.json);
    assert!(
        kinds.contains(&"generated_columns") && kinds.contains(&"engine"),
        "{}",
        said.json
    );
    assert!(kinds.contains(&"lacks_columns"), "{}", said.json);
    assert!(!kinds.contains(&"needs_columns"), "{}", said.json);
    let read = relay.read("en", &["plan"]);
    assert!(read.contains("webhook_retry_queue: is a view"), "{read}");
    databases.drop().await;
}

/// A column may keep microseconds, or be a TIMESTAMP.
#[tokio::test]
async fn moments_with_more_digits_are_the_same_and_one_microsecond_is_found() {
    let (databases, relay) = with(&[
        "ALTER TABLE webhook_send_logs MODIFY sent_at DATETIME(6) NOT NULL, MODIFY created_at TIMESTAMP(6) NOT NULL DEFAULT NOW(6)",
        "ALTER TABLE interviews MODIFY interview_date DATETIME(6) NOT NULL",
    ])
    .await;
    relay.good(&["copy"]);
    assert_eq!(relay.good(&["verify"])["good"], json!(true));
    databases
        .run(&["UPDATE interviews SET interview_date = interview_date + INTERVAL 1 MICROSECOND WHERE id = 'INT-1'"])
        .await;
    let said = relay.run(&["verify"]);
    assert_eq!(
        said.json["differences"][0]["columns"],
        json!(["interview_date"]),
        "{}",
        said.json
    );
    databases.drop().await;
}

/// Somebody holds a row, a disk is full: the server says nothing, and so it is asked.
#[tokio::test]
async fn a_server_that_does_not_answer_is_told_while_it_is_waited_for() {
    let (databases, relay) = with(&[]).await;
    relay.good(&["copy"]);
    relay
        .change("UPDATE interviews SET duration_minutes = 45 WHERE id = 'INT-1'")
        .await;
    let mut theirs = databases.connection().await;
    for sql in [
        "START TRANSACTION",
        "UPDATE interviews SET notes = 'theirs' WHERE id = 'INT-1'",
    ] {
        theirs.query_drop(sql).await.unwrap();
    }
    let mut command = tokio::process::Command::from(relay.command(&["copy"]));
    let mut copy = command.stdout(Stdio::null()).spawn().unwrap();
    let mut said = BufReader::new(copy.stderr.take().unwrap()).lines();
    let first = tokio::time::timeout(Duration::from_secs(90), said.next_line()).await;
    let first = first.unwrap().unwrap().unwrap_or_default();
    assert!(
        first.contains("has not answered for 15 s; it says in SHOW PROCESSLIST: "),
        "{first}"
    );
    theirs.query_drop("COMMIT").await.unwrap();
    assert!(copy.wait().await.unwrap().success());
    assert_eq!(relay.good(&["verify"])["good"], json!(true));
    databases.drop().await;
}
