//! What stands around the shared tables: what their server does with rows by itself, who refers to them, how their names are
//! written. Each is said by the plan, with what it is about, and nothing of others is changed.

use serde_json::{Value, json};

use crate::relay::{EMPLOYEES, INTERVIEWS, Relay, remarked};
use crate::schema::{HAND_WRITTEN, PRISMA};
use crate::server::Databases;

const COLLATION: &str = "utf8mb4_unicode_ci";

async fn with(form: &str, statements: &[&str]) -> (Databases, Relay) {
    let databases = Databases::make(form, COLLATION).await;
    databases.run(&[EMPLOYEES]).await;
    databases.run(statements).await;
    let relay = Relay::make(&databases).await;
    relay.deliveries(1, 300);
    relay.change(INTERVIEWS).await;
    (databases, relay)
}

/// What the plan has found of a kind, about a table.
fn found<'a>(plan: &'a Value, kind: &str, table: &str) -> Option<&'a Value> {
    let mut findings = plan["findings"].as_array().unwrap().iter();
    findings.find(|found| found["kind"] == kind && found["table"] == table)
}

/// Both known forms have the first of these: an interview that was rescheduled stands for another one.
#[tokio::test]
async fn rows_of_others_that_the_server_would_take_along_keep_a_row_of_the_relays_where_it_is() {
    for form in [HAND_WRITTEN, PRISMA] {
        let (databases, relay) = with(
            form,
            &[
                "CREATE TABLE answers (id INT PRIMARY KEY, of_interview VARCHAR(191) NOT NULL,
                   FOREIGN KEY (of_interview) REFERENCES interviews (id) ON DELETE CASCADE) ENGINE=InnoDB",
            ],
        )
        .await;
        let plan = relay.good(&["plan"]);
        let references = &found(&plan, "references", "interviews").unwrap()["references"];
        let (shared, references) = (&databases.shared, references.to_string());
        for reference in [
            format!("{shared}.answers.of_interview"),
            format!("{shared}.interviews.rescheduled_from_id"),
        ] {
            assert!(references.contains(&reference), "{references}");
        }
        relay.good(&["copy"]);
        databases
            .run(&[
                "INSERT INTO answers VALUES (1, 'INT-3')",
                "INSERT INTO interviews (id, employee_id, interviewer_id, interview_date, interview_type, updated_at, rescheduled_from_id)
                  VALUES ('cuid-1', 'id-of-2', 'id-of-2', '2020-01-01', 'theirs', '2020-01-01', 'INT-1')",
            ])
            .await;
        // INT-2, the relay's own, refers to INT-1 too, and INT-5 has nobody who refers to it.
        relay
            .change(
                "UPDATE interviews SET rescheduled_from_id = NULL;
                 DELETE FROM interviews WHERE id IN ('INT-1', 'INT-3', 'INT-5')",
            )
            .await;
        let copied = relay.good(&["copy"]);
        assert_eq!(
            remarked(&copied, "interviews", "is_referred_to"),
            ["INT-1", "INT-3"]
        );
        assert_eq!(copied["takenOut"], json!(1));
        let theirs = "SELECT COUNT(*) FROM answers UNION ALL
                      SELECT COUNT(*) FROM interviews WHERE id = 'cuid-1' AND rescheduled_from_id = 'INT-1'";
        assert_eq!(databases.ask::<u64>(theirs).await, [1, 1]);
        databases
            .run(&[
                "DELETE FROM answers",
                "DELETE FROM interviews WHERE id = 'cuid-1'",
            ])
            .await;
        relay.good(&["copy"]);
        assert_eq!(relay.good(&["verify"])["good"], json!(true));
        let left = "SELECT id FROM interviews";
        assert_eq!(databases.ask::<String>(left).await, ["INT-2"]);
        databases.drop().await;
    }
}

/// An interview of the relay's that only its own interviews refer to goes.
#[tokio::test]
async fn rows_of_the_relays_own_that_refer_to_each_other_go_together() {
    let (databases, relay) = with(HAND_WRITTEN, &[]).await;
    relay.good(&["copy"]);
    relay
        .change("UPDATE interviews SET rescheduled_from_id = NULL; DELETE FROM interviews WHERE id IN ('INT-1', 'INT-2')")
        .await;
    assert_eq!(relay.good(&["copy"])["takenOut"], json!(2));
    assert_eq!(relay.good(&["verify"])["good"], json!(true));
    databases.drop().await;
}

#[tokio::test]
async fn triggers_are_named_and_rows_that_conditions_refuse_are_said_before_anything_is_written() {
    let (databases, relay) = with(
        HAND_WRITTEN,
        &[
            "CREATE TRIGGER noting AFTER INSERT ON interviews FOR EACH ROW SET @noted = NEW.id",
            "ALTER TABLE webhook_send_logs ADD CONSTRAINT small CHECK (processing_time < 50000 OR status = 'timeout')",
            "ALTER TABLE employees ADD CONSTRAINT of_a_day CHECK (name <> '')",
            "ALTER TABLE interviews ADD CONSTRAINT of_a_day CHECK (duration_minutes <= 600)",
        ],
    )
    .await;
    relay
        .change(
            "UPDATE webhook_send_logs SET processing_time = 60000 WHERE id IN (SELECT id FROM events WHERE seq IN (7, 250));
             UPDATE interviews SET duration_minutes = 900 WHERE id = 'INT-3'",
        )
        .await;
    let plan = relay.good(&["plan"]);
    let triggers = found(&plan, "triggers", "interviews").unwrap();
    assert_eq!(triggers["triggers"], json!(["noting"]));
    let refused = |table| {
        let findings = plan["findings"].as_array().unwrap().iter();
        let ids = findings.filter(|found| {
            found["table"] == table && found["kind"].as_str().unwrap().starts_with("refused_")
        });
        let ids: Vec<_> = ids.map(|found| found["ids"].clone()).collect();
        ids
    };
    let logs = json!([
        "01920000-0000-7000-8000-000000000007",
        "01920000-000f-7000-8000-0000000000fa"
    ]);
    assert_eq!(refused("webhook_send_logs"), [logs]);
    assert_eq!(refused("interviews"), [json!(["INT-3"])]);
    for language in ["en", "ja"] {
        let read = relay.read(language, &["plan"]);
        for word in ["noting", "CHECK small", "of_a_day", "INT-3", "0000000000fa"] {
            assert!(read.contains(word), "{word}: {read}");
        }
    }
    let copied = relay.good(&["copy"]);
    assert_eq!(remarked(&copied, "webhook_send_logs", "refused_").len(), 2);
    assert_eq!(remarked(&copied, "interviews", "refused_"), ["INT-3"]);
    assert_eq!(relay.good(&["verify"])["good"], json!(true));
    // The next copy after it was mended brings them.
    databases
        .run(&["ALTER TABLE webhook_send_logs DROP CONSTRAINT small"])
        .await;
    let copied = relay.good(&["copy"]);
    assert_eq!(copied["placed"], json!(2));
    assert_eq!(remarked(&copied, "webhook_send_logs", "refused_"), [""; 0]);
    assert_eq!(relay.good(&["verify"])["keptOut"], json!(2));
    databases.drop().await;
}

/// A table with partitions has no key of the id alone, and may have no partition for a row.
#[tokio::test]
async fn a_table_with_partitions_takes_the_rows_that_it_has_one_for_and_the_others_are_said() {
    let (databases, relay) = with(
        HAND_WRITTEN,
        &[
            "ALTER TABLE webhook_send_logs DROP PRIMARY KEY, DROP KEY webhook_send_logs_request_id_key,
               ADD PRIMARY KEY (id, sent_at), ADD UNIQUE KEY (request_id, sent_at)",
            "ALTER TABLE webhook_send_logs PARTITION BY RANGE COLUMNS (sent_at) (
               PARTITION a VALUES LESS THAN ('2020-01-01'), PARTITION b VALUES LESS THAN ('2100-01-01'))",
            "ALTER TABLE webhook_retry_queue DROP PRIMARY KEY, ADD PRIMARY KEY (id, event_type)",
            "ALTER TABLE webhook_retry_queue PARTITION BY LIST COLUMNS (event_type) (
               PARTITION a VALUES IN ('employee.updated_0', 'employee.updated_1', 'employee.updated_2', 'employee.updated_3', 'employee.updated_4'),
               PARTITION b VALUES IN ('employee.updated_5', 'employee.updated_6', 'employee.updated_7', 'employee.updated_8', 'employee.updated_9'))",
        ],
    )
    .await;
    let (late, other) = (
        "01920000-0000-7000-8000-000000000007",
        "01920000-0006-7000-8000-000000000062",
    );
    relay
        .change(&format!(
            "UPDATE webhook_send_logs SET sent_at = '2100-01-01T00:00:00.000Z' WHERE id = '{late}';
             UPDATE webhook_retry_queue SET event_type = 'of.another' WHERE id = '{other}'"
        ))
        .await;
    // One of theirs was sent in the same millisecond as one of the relay's: that is no key.
    let relays = rusqlite::Connection::open(relay.database()).unwrap();
    let sql = "SELECT replace(replace(sent_at, 'T', ' '), 'Z', '') FROM webhook_send_logs ORDER BY id LIMIT 1";
    let sent_at: String = relays.query_row(sql, [], |row| row.get(0)).unwrap();
    drop(relays);
    databases
        .run(&[&format!(
            "INSERT INTO webhook_send_logs (id, event_type, event_timestamp, sent_at, payload_size, status, processing_time)
              VALUES ('cuid-1', 'a.b', NOW(3), '{sent_at}', 1, 'success', 1)"
        )])
        .await;
    let plan = relay.good(&["plan"]);
    assert_eq!(found(&plan, "ids_are_theirs", "webhook_send_logs"), None);
    for (table, id) in [("webhook_send_logs", late), ("webhook_retry_queue", other)] {
        assert!(found(&plan, "conditions", table).is_some(), "{plan}");
        assert_eq!(
            found(&plan, "refused_1526", table).unwrap()["ids"],
            json!([id])
        );
    }
    let copied = relay.good(&["copy"]);
    assert_eq!(
        remarked(&copied, "webhook_send_logs", "refused_1526"),
        [late]
    );
    assert_eq!(
        remarked(&copied, "webhook_retry_queue", "refused_1526"),
        [other]
    );
    assert_eq!(relay.good(&["verify"])["good"], json!(true));
    // A row may go from one partition to another.
    relay
        .change(&format!(
            "UPDATE webhook_send_logs SET sent_at = '2019-01-01T00:00:00.000Z' WHERE id = '{late}' OR processing_time % 7 = 0"
        ))
        .await;
    relay.good(&["copy"]);
    assert_eq!(relay.good(&["verify"])["good"], json!(true));
    let logs = "SELECT COUNT(*) FROM webhook_send_logs";
    assert_eq!(databases.ask::<u64>(logs).await, [301]);
    databases.drop().await;
}

/// For the server capitals make no difference in the name of a column, and in that of a table they do on most machines.
#[tokio::test]
async fn names_may_be_written_otherwise_and_a_table_that_is_another_one_then_is_said() {
    let (databases, relay) = with(
        HAND_WRITTEN,
        &[
            "ALTER TABLE webhook_send_logs CHANGE id ID VARCHAR(191) NOT NULL, CHANGE status Status ENUM('success','failed','timeout') NOT NULL,
               ADD COLUMN TenantId INT NOT NULL DEFAULT 7 INVISIBLE",
            "ALTER TABLE employees CHANGE id Id VARCHAR(191) NOT NULL, CHANGE employeeCode EmployeeCode VARCHAR(191) NOT NULL",
        ],
    )
    .await;
    relay.good(&["plan"]);
    relay.good(&["copy"]);
    assert_eq!(relay.good(&["verify"])["keptOut"], json!(1));
    let tenants = "SELECT COUNT(*) FROM webhook_send_logs WHERE TenantId = 7";
    assert_eq!(databases.ask::<u64>(tenants).await, [300]);
    databases
        .run(&[
            "ALTER TABLE webhook_send_logs MODIFY TenantId INT NOT NULL",
            "RENAME TABLE webhook_retry_queue TO Webhook_Retry_Queue",
            "ALTER TABLE interviews DROP FOREIGN KEY interviews_rescheduled_from_id_fkey, DROP PRIMARY KEY",
        ])
        .await;
    let names = "SELECT @@lower_case_table_names";
    let has_capitals = databases.ask::<u64>(names).await == [0];
    let said = relay.run(&["plan"]);
    assert_eq!(said.code, Some(1), "{} {}", said.json, said.error);
    let needs = found(&said.json, "needs_columns", "webhook_send_logs").unwrap();
    assert_eq!(needs["columns"], json!(["TenantId"]));
    let otherwise = found(&said.json, "named_otherwise", "webhook_retry_queue");
    assert_eq!(otherwise.is_some(), has_capitals, "{}", said.json);
    assert!(
        found(&said.json, "no_key", "interviews").is_some(),
        "{}",
        said.json
    );
    let refused = relay.run(&["copy"]);
    assert!(
        refused.error.contains("nothing was written"),
        "{}",
        refused.error
    );
    databases.drop().await;
}

/// VoiceDrive's id of an interview is unique there. It may have been given to the wrong record, and go to another one.
#[tokio::test]
async fn a_value_that_has_to_be_unique_may_go_from_one_row_to_another() {
    let (databases, relay) = with(HAND_WRITTEN, &[]).await;
    relay.good(&["copy"]);
    relay
        .change(
            "UPDATE interviews SET voicedrive_sync_id = NULL WHERE id = 'INT-3';
             UPDATE interviews SET voicedrive_sync_id = 'vd-3' WHERE id = 'INT-1';
             UPDATE interviews SET voicedrive_sync_id = 'vd-1' WHERE id = 'INT-2'",
        )
        .await;
    let copied = relay.good(&["copy"]);
    assert_eq!(remarked(&copied, "interviews", "id_is"), [""; 0]);
    assert_eq!(relay.good(&["verify"])["keptOut"], json!(1));
    let there = "SELECT CONCAT(id, ' ', voicedrive_sync_id) FROM interviews WHERE voicedrive_sync_id IS NOT NULL ORDER BY id";
    assert_eq!(
        databases.ask::<String>(there).await,
        ["INT-1 vd-3", "INT-2 vd-1"]
    );
    databases.drop().await;
}
