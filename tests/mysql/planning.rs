//! What the plan says before anything is written.

use serde_json::{Value, json};

use crate::relay::{EMPLOYEES, INTERVIEWS, Relay};
use crate::schema::{HAND_WRITTEN, PRISMA};
use crate::server::{Databases, connect, socket};
use mysql_async::prelude::Queryable;

const COLLATION: &str = "utf8mb4_unicode_ci";

fn found<'a>(plan: &'a Value, kind: &str, table: &str, column: &str) -> &'a Value {
    let mut findings = plan["findings"].as_array().unwrap().iter();
    let found = findings.find(|found| {
        found["kind"] == kind
            && (table.is_empty() || found["table"] == table)
            && (column.is_empty() || found["column"] == column)
    });
    found.unwrap_or_else(|| panic!("{kind} {table} {column}: {plan:#}"))
}

fn has(plan: &Value, kind: &str) -> bool {
    plan["findings"]
        .as_array()
        .unwrap()
        .iter()
        .any(|found| found["kind"] == kind)
}

/// Everything of both databases, so that a change is seen.
async fn state(databases: &Databases) -> (Vec<(String, Option<u64>)>, Vec<String>) {
    let tables = "CHECKSUM TABLE webhook_send_logs, webhook_retry_queue, interviews, employees";
    let own = format!(
        "SELECT schema_name FROM information_schema.schemata WHERE schema_name = '{}'",
        databases.own
    );
    (databases.ask(tables).await, databases.ask(&own).await)
}

/// Ids and texts that are one for `unicode_ci`, too long, too early.
const HARD: &str = "
INSERT INTO interviews (id, employee_id, interviewer_id, interview_type, interview_date, interview_status, voicedrive_sync_id, created_at, updated_at)
VALUES
 ('int-1', 'EMP-1', 'EMP-1', 'regular', '2025-10-26T14:30:00.123Z', 'completed', 'はは', '2025-10-01T00:00:00.000Z', '2025-10-26T15:00:00.001Z'),
 ('INT-1 ', 'EMP-1', 'EMP-1', 'regular', '2025-10-26T14:30:00.123Z', 'completed', 'ハハ', '2025-10-01T00:00:00.000Z', '2025-10-26T15:00:00.001Z'),
 ('INT-9', 'EMP-1', NULL, 'regular', '0999-12-31T23:59:59.999Z', 'completed', NULL, '2025-10-01T00:00:00.000Z', '2025-10-26T15:00:00.001Z');
UPDATE webhook_send_logs SET error_message = replace(printf('%200s', ''), ' ', 'あ'), response_body = 'short'
 WHERE id = (SELECT id FROM events WHERE seq = 96);
UPDATE webhook_retry_queue SET status = 'pending', retry_attempt = 1 WHERE id = (SELECT id FROM events WHERE seq = 97);
INSERT INTO outbox (event_seq, route, due_ms) VALUES (97, 'default', 1);
";

#[tokio::test]
async fn each_thing_that_does_not_fit_is_said_before_anything_is_written() {
    let databases = Databases::make(PRISMA, COLLATION).await;
    databases
        .run(&[
            EMPLOYEES,
            "INSERT INTO interviews (id, employee_id, interviewer_id, interview_date, interview_type, updated_at)
              VALUES ('int-2', 'id-of-2', 'id-of-2', '2020-01-01', 'theirs', '2020-01-01')",
            "INSERT INTO webhook_retry_queue (id, original_log_id, event_type, payload, next_retry_at, status, updated_at)
              VALUES ('cuid-of-theirs', 'x', 'a.b', '{}', '2020-01-01', 'pending', '2020-01-01')",
        ])
        .await;
    let relay = Relay::make(&databases).await;
    relay.deliveries(1, 300);
    relay.change(&format!("{INTERVIEWS}{HARD}")).await;
    let before = state(&databases).await;
    let said = relay.run(&["plan"]);
    assert_eq!(said.code, Some(0), "{} {}", said.json, said.error);
    let plan = said.json;
    assert_eq!(found(&plan, "form", "", "")["form"], "prisma");
    let cut = found(&plan, "cut", "webhook_send_logs", "error_message");
    assert_eq!(
        (&cut["count"], cut["ids"].as_array().unwrap().len()),
        (&json!(1), 1)
    );
    let pairs = found(&plan, "same_ids", "interviews", "id");
    assert_eq!(pairs["ids"], json!(["INT-1 = int-1", "INT-1 = INT-1 "]));
    let pairs = found(&plan, "same_ids", "interviews", "voicedrive_sync_id");
    assert_eq!(pairs["ids"], json!(["はは = ハハ"]));
    assert_eq!(
        found(&plan, "ids_are_theirs", "interviews", "")["ids"],
        json!(["int-2"])
    );
    assert_eq!(
        found(&plan, "rows_of_theirs", "interviews", "")["count"],
        json!(1)
    );
    assert_eq!(
        found(&plan, "no_such_employee", "interviews", "employee_id")["ids"],
        json!(["INT-4"])
    );
    assert_eq!(
        found(&plan, "missing", "interviews", "interviewer_id")["ids"],
        json!(["INT-9"])
    );
    assert_eq!(
        found(&plan, "too_early", "interviews", "interview_date")["ids"],
        json!(["INT-9"])
    );
    assert_eq!(
        found(&plan, "collation", "interviews", "")["collation"],
        COLLATION
    );
    assert_eq!(found(&plan, "waiting", "", "")["count"], json!(1));
    assert_eq!(found(&plan, "amount", "", "")["events"], json!(300));
    assert_eq!(found(&plan, "duration", "", "")["measured"], json!(true));
    let theirs = found(&plan, "waiting_of_theirs", "webhook_retry_queue", "");
    assert_eq!(theirs["ids"], json!(["cuid-of-theirs"]));
    // Whoever reads it sees each row that it is about.
    for language in ["en", "ja"] {
        let read = relay.read(language, &["plan"]);
        let ids = plan["findings"].as_array().unwrap().iter();
        let ids = ids.filter_map(|found| found["ids"].as_array()).flatten();
        for id in ids.map(|id| id.as_str().unwrap()) {
            assert!(read.contains(id), "{id}: {read}");
        }
        for word in ["unicode_ci", "interviewer_id", "300", "webhook_send_logs"] {
            assert!(read.contains(word), "{word}: {read}");
        }
        assert!(!read.contains("先に直す"), "{read}");
        assert_eq!(read.contains("移行先"), language == "ja", "{read}");
    }
    assert_eq!(state(&databases).await, before, "the plan wrote something");
    // And all of it holds when it is copied.
    relay.good(&["copy"]);
    let verified = relay.good(&["verify"]);
    assert_eq!(verified["good"], json!(true));
    let error: Vec<String> = databases
        .ask("SELECT error_message FROM webhook_send_logs WHERE CHAR_LENGTH(error_message) > 100")
        .await;
    assert_eq!(error, ["あ".repeat(191)]);
    databases.drop().await;
}

#[tokio::test]
async fn what_has_to_be_mended_first_is_said_and_nothing_is_copied() {
    let databases = Databases::make(HAND_WRITTEN, COLLATION).await;
    databases
        .run(&[
            "ALTER TABLE webhook_send_logs MODIFY sent_at DATETIME NOT NULL, DROP COLUMN staff_id,
               ADD COLUMN tenant VARCHAR(10) NOT NULL, MODIFY status ENUM('success','failed') NOT NULL",
            "DROP TABLE webhook_retry_queue",
            "ALTER TABLE interviews DROP COLUMN interview_status",
        ])
        .await;
    let relay = Relay::make(&databases).await;
    relay.deliveries(1, 10);
    let said = relay.run(&["plan"]);
    assert_eq!(said.code, Some(1));
    let logs = "webhook_send_logs";
    assert_eq!(
        found(&said.json, "no_milliseconds", logs, "sent_at")["weight"],
        "hinders"
    );
    assert_eq!(
        found(&said.json, "lacks_columns", logs, "")["columns"],
        json!(["staff_id"])
    );
    assert_eq!(
        found(&said.json, "needs_columns", logs, "")["columns"],
        json!(["tenant"])
    );
    assert_eq!(
        found(&said.json, "lacks_words", logs, "status")["words"],
        json!(["timeout"])
    );
    found(&said.json, "no_table", "webhook_retry_queue", "");
    found(&said.json, "other_interviews", "", "");
    for (language, heading) in [
        ("en", "To be mended first"),
        ("ja", "先に直す必要があります"),
    ] {
        let read = relay.read(language, &["plan"]);
        assert!(read.contains(heading), "{read}");
        for word in [
            "webhook_send_logs.sent_at",
            "staff_id",
            "tenant",
            "timeout",
            "webhook_retry_queue",
            "interview_status",
        ] {
            assert!(read.contains(word), "{word}: {read}");
        }
    }
    let said = relay.run(&["copy"]);
    assert_eq!(said.code, Some(1));
    assert!(said.error.contains("nothing was written"), "{}", said.error);
    assert_eq!(state_of_own(&databases).await, 0);
    databases.drop().await;
}

async fn state_of_own(databases: &Databases) -> usize {
    let sql = format!(
        "SELECT schema_name FROM information_schema.schemata WHERE schema_name = '{}'",
        databases.own
    );
    databases.ask::<String>(&sql).await.len()
}

/// Settings for all connections; nobody else's server is changed.
#[tokio::test]
async fn another_time_zone_and_no_strict_mode_are_said_and_change_nothing() {
    if socket().is_none() {
        eprintln!("not tested: the server is not on this machine");
        return;
    }
    let databases = Databases::alone(PRISMA, COLLATION).await;
    databases.run(&[EMPLOYEES]).await;
    let relay = Relay::make(&databases).await;
    relay.deliveries(1, 300);
    relay.change(&format!("{INTERVIEWS}{HARD}")).await;
    let mut connection = connect().await;
    let before: (String, String) = connection
        .query_first("SELECT @@GLOBAL.sql_mode, @@GLOBAL.time_zone")
        .await
        .unwrap()
        .unwrap();
    connection
        .query_drop("SET GLOBAL sql_mode = '', GLOBAL time_zone = '+09:00'")
        .await
        .unwrap();
    let plan = relay.good(&["plan"]);
    let copied = relay.run(&["copy"]);
    let verified = relay.run(&["verify"]);
    let back = format!(
        "SET GLOBAL sql_mode = '{}', GLOBAL time_zone = '{}'",
        before.0, before.1
    );
    connection.query_drop(back).await.unwrap();
    assert!(has(&plan, "not_strict"), "{plan}");
    assert_eq!(found(&plan, "time_zone", "", "")["timeZone"], "+09:00");
    assert_eq!(
        (copied.code, verified.code),
        (Some(0), Some(0)),
        "{} {}",
        copied.error,
        verified.json
    );
    let date: Vec<String> = databases
        .ask("SELECT CAST(interview_date AS CHAR) FROM interviews WHERE id = 'INT-2'")
        .await;
    assert_eq!(date, ["2099-10-27 14:30:00.999"]);
    databases.drop().await;
}

#[tokio::test]
async fn where_the_collation_is_binary_no_ids_are_one_but_for_blanks() {
    let databases = Databases::make(HAND_WRITTEN, "utf8mb4_bin").await;
    databases.run(&[EMPLOYEES]).await;
    let relay = Relay::make(&databases).await;
    relay.change(INTERVIEWS).await;
    relay
        .change(
            "INSERT INTO interviews (id, employee_id, interview_type, interview_date, created_at, updated_at) VALUES
              ('int-1', 'EMP-1', 'r', '2025-10-26T14:30:00.123Z', '2025-10-01T00:00:00.000Z', '2025-10-26T15:00:00.001Z'),
              ('INT-1 ', 'EMP-1', 'r', '2025-10-26T14:30:00.123Z', '2025-10-01T00:00:00.000Z', '2025-10-26T15:00:00.001Z')",
        )
        .await;
    let plan = relay.good(&["plan"]);
    assert_eq!(found(&plan, "form", "", "")["form"], "hand-written");
    assert_eq!(
        found(&plan, "same_ids", "interviews", "id")["ids"],
        json!(["INT-1 = INT-1 "])
    );
    assert!(!has(&plan, "collation"));
    databases.drop().await;
}

#[tokio::test]
async fn a_file_that_others_may_read_and_a_server_that_is_not_there_have_codes_of_their_own() {
    use std::os::unix::fs::PermissionsExt;
    let databases = Databases::make(HAND_WRITTEN, COLLATION).await;
    let relay = Relay::by_way(&databases, "socket = \"/nowhere/socket\"").await;
    let said = relay.run(&["plan"]);
    assert_eq!(said.code, Some(69), "{}", said.error);
    std::fs::set_permissions(&relay.target, std::fs::Permissions::from_mode(0o644)).unwrap();
    let said = relay.run(&["plan"]);
    assert_eq!(said.code, Some(78), "{}", said.error);
    assert!(said.error.contains("chmod 600"), "{}", said.error);
    databases.drop().await;
}

/// VoiceDrive may have handed in the same interview there, and the staff system may have logged the same request.
#[tokio::test]
async fn what_has_to_be_unique_and_is_theirs_already_is_said_before_anything_is_written() {
    let databases = Databases::make(HAND_WRITTEN, COLLATION).await;
    let relay = Relay::make(&databases).await;
    relay.deliveries(1, 300);
    relay.change(INTERVIEWS).await;
    let id = "01920000-0006-7000-8000-000000000061";
    databases
        .run(&[
            EMPLOYEES,
            "INSERT INTO interviews (id, employee_id, interview_date, interview_type, updated_at, voicedrive_sync_id)
              VALUES ('cuid-1', 'id-of-2', '2020-01-01', 'theirs', '2020-01-01', 'VD-1')",
            &format!(
                "INSERT INTO webhook_send_logs (id, request_id, event_type, event_timestamp, sent_at, payload_size,
                   status, processing_time)
                  VALUES ('cuid-2', '{id}', 'a.b', NOW(3), NOW(3), 1, 'success', 1)"
            ),
        ])
        .await;
    let plan = relay.good(&["plan"]);
    for (table, column, text) in [
        ("interviews", "voicedrive_sync_id", "VD-1"),
        ("webhook_send_logs", "request_id", id),
    ] {
        let found = found(&plan, "ids_are_theirs", table, column);
        assert_eq!(found["ids"], json!([text]));
    }
    let copied = relay.good(&["copy"])["remarks"].to_string();
    assert!(copied.contains("INT-1") && copied.contains(id), "{copied}");
    assert_eq!(relay.good(&["verify"])["good"], json!(true));
    let theirs = "SELECT interview_type FROM interviews WHERE voicedrive_sync_id = 'vd-1'";
    assert_eq!(databases.ask::<String>(theirs).await, ["theirs"]);
    databases.drop().await;
}

#[tokio::test]
async fn columns_that_keep_fewer_characters_or_smaller_numbers_are_said() {
    let databases = Databases::make(HAND_WRITTEN, COLLATION).await;
    databases
        .run(&[
            EMPLOYEES,
            "ALTER TABLE webhook_send_logs MODIFY error_message TEXT CHARACTER SET utf8mb3,
               MODIFY processing_time SMALLINT NOT NULL",
        ])
        .await;
    let relay = Relay::make(&databases).await;
    relay.deliveries(1, 300);
    relay
        .change(
            "UPDATE webhook_send_logs SET error_message = 'あ🍣' WHERE id = (SELECT id FROM events WHERE seq = 96);
             UPDATE webhook_send_logs SET processing_time = 40000 WHERE id = (SELECT id FROM events WHERE seq = 97)",
        )
        .await;
    let plan = relay.good(&["plan"]);
    let logs = "webhook_send_logs";
    let ids = |kind, column| &found(&plan, kind, logs, column)["ids"];
    assert_eq!(
        ids("characters_replaced", "error_message"),
        &json!(["01920000-0006-7000-8000-000000000060"])
    );
    assert_eq!(
        ids("too_large", "processing_time"),
        &json!(["01920000-0006-7000-8000-000000000061"])
    );
    relay.good(&["copy"]);
    assert_eq!(relay.good(&["verify"])["good"], json!(true));
    databases
        .run(&["ALTER TABLE webhook_send_logs MODIFY response_body TEXT CHARACTER SET cp932"])
        .await;
    let said = relay.run(&["plan"]);
    assert_eq!(said.code, Some(1));
    let set = found(&said.json, "character_set", logs, "response_body");
    assert_eq!(set["characterSet"], "cp932");
    databases.drop().await;
}
