//! The other side loses what it knew, or gets back what it had: each is said, nothing is doubled, and nothing of the staff
//! system's is touched.

use serde_json::{Value, json};

use crate::kept::Kept;
use crate::relay::{EMPLOYEES, INTERVIEWS, Relay, remarked};
use crate::schema::{HAND_WRITTEN, PRISMA};
use crate::server::Databases;

const COLLATION: &str = "utf8mb4_unicode_ci";
const DELIVERIES: i64 = 700;
/// Rows of the staff system's own, one of them under an id of the relay's.
const THEIRS: &str = "INSERT INTO interviews (id, employee_id, interviewer_id, interview_date, interview_type, updated_at)
  VALUES ('INT-5', 'id-of-2', 'id-of-2', '2020-01-01', 'theirs', '2020-01-01'),
         ('cuid-1', 'id-of-2', 'id-of-2', '2020-01-01', 'theirs', '2020-01-01')";

async fn copied() -> (Databases, Relay) {
    let databases = Databases::make(HAND_WRITTEN, COLLATION).await;
    databases.run(&[EMPLOYEES, THEIRS]).await;
    let relay = Relay::make(&databases).await;
    relay.deliveries(1, DELIVERIES);
    relay.change(INTERVIEWS).await;
    relay.good(&["copy"]);
    assert_eq!(relay.good(&["verify"])["good"], json!(true));
    (databases, relay)
}

/// The shared tables have each row of the relay's once, and the staff system's as they were.
async fn are_whole(databases: &Databases) {
    let logs = "SELECT COUNT(*) FROM webhook_send_logs";
    assert_eq!(databases.ask::<i64>(logs).await, [DELIVERIES]);
    let interviews = "SELECT CONCAT(id, ' ', interview_type) FROM interviews ORDER BY id";
    assert_eq!(
        databases.ask::<String>(interviews).await,
        [
            "cuid-1 theirs",
            "INT-1 regular",
            "INT-2 support",
            "INT-3 regular",
            "INT-5 theirs"
        ]
    );
}

fn names(said: &Value, table: &str, key: &str) -> bool {
    let mut found = said["differences"].as_array().unwrap().iter();
    found.any(|found| found["table"].as_str().unwrap().ends_with(table) && found["key"] == key)
}

#[tokio::test]
async fn notes_that_somebody_deleted_are_made_again() {
    let (databases, relay) = copied().await;
    let own = &databases.own;
    let log: Vec<String> = databases.ask("SELECT MIN(id) FROM webhook_send_logs").await;
    databases
        .run(&[&format!(
            "DELETE FROM {own}.placed_rows WHERE id IN ('INT-1', '{}')",
            log[0]
        )])
        .await;
    // Others are about other rows now, one of which is gone.
    let others: Vec<String> = databases
        .ask("SELECT id FROM webhook_send_logs ORDER BY id LIMIT 3 OFFSET 1")
        .await;
    let [first, last, gone] = [0, 1, 2].map(|at| others[at].as_str());
    for sql in [
        format!("UPDATE {own}.placed_rows SET row_key = 'x' WHERE id = '{first}'"),
        format!(
            "UPDATE {own}.placed_rows SET row_key = CHAR(255) WHERE id IN ('{last}', '{gone}', 'INT-2')"
        ),
        format!("DELETE FROM webhook_send_logs WHERE id = '{gone}'"),
    ] {
        databases.run(&[&sql]).await;
    }
    let said = relay.run(&["verify"]);
    for id in [first, last, gone, "INT-2"] {
        let mut found = said.json["differences"].as_array().unwrap().iter();
        assert!(found.any(|found| found["key"] == id), "{id}: {}", said.json);
    }
    assert!(names(&said.json, ".interviews", "INT-1"), "{}", said.json);
    assert!(
        names(&said.json, ".webhook_send_logs", &log[0]),
        "{}",
        said.json
    );
    relay.good(&["copy", "--anew"]);
    assert_eq!(relay.good(&["verify"])["keptOut"], json!(2));
    are_whole(&databases).await;
    // They are the relay's as before: what goes here goes there.
    relay.change("UPDATE interviews SET rescheduled_from_id = NULL; DELETE FROM interviews WHERE id = 'INT-1'").await;
    relay.good(&["copy"]);
    let left = "SELECT id FROM interviews WHERE id = 'INT-1'";
    assert_eq!(databases.ask::<String>(left).await, [""; 0]);
    databases.drop().await;
}

#[tokio::test]
async fn without_the_own_database_the_rows_in_the_shared_tables_are_known_again() {
    let (databases, relay) = copied().await;
    relay
        .change("UPDATE webhook_send_logs SET processing_time = 12345")
        .await;
    let dropped = format!("DROP DATABASE {}", databases.own);
    databases.run(&[&dropped]).await;
    let said = relay.run(&["verify"]);
    assert!(
        said.error.contains("nothing was copied yet"),
        "{}",
        said.error
    );
    let plan = relay.good(&["plan"]);
    let theirs = plan["findings"].as_array().unwrap().iter();
    let theirs: Vec<_> = theirs
        .filter(|found| found["kind"] == "ids_are_theirs")
        .map(|found| (&found["table"], &found["ids"]))
        .collect();
    // Only the one that is theirs.
    assert_eq!(
        theirs,
        [(&json!("interviews"), &json!(["INT-5"]))],
        "{plan}"
    );
    let copied = relay.good(&["copy"]);
    assert_eq!(remarked(&copied, "interviews", "id_is_theirs"), ["INT-5"]);
    assert!(
        !copied["remarks"].to_string().contains("webhook_send_logs"),
        "{copied}"
    );
    assert_eq!(relay.good(&["verify"])["good"], json!(true));
    are_whole(&databases).await;
    let old = "SELECT COUNT(*) FROM webhook_send_logs WHERE processing_time <> 12345";
    assert_eq!(databases.ask::<u64>(old).await, [0]);
    databases.drop().await;
}

#[tokio::test]
async fn what_is_noted_of_the_copy_may_be_spoilt_and_the_next_copy_is_whole() {
    let (databases, relay) = copied().await;
    let own = &databases.own;
    for sql in [
        format!("DELETE FROM {own}.copied_chunks"),
        format!("DELETE FROM {own}.copied_chunks WHERE unit = '(events)' ORDER BY upper LIMIT 1"),
        format!("UPDATE {own}.copied_chunks SET lower = REVERSE(upper)"),
        format!("UPDATE {own}.copied_chunks SET upper = CONCAT(upper, 'x')"),
        format!(
            "INSERT INTO {own}.copied_chunks VALUES ('(events)', REPEAT(CHAR(255), 9), 'x', REPEAT('x', 32))"
        ),
        format!("DELETE FROM {own}.copy_state"),
        format!("UPDATE {own}.copy_state SET token = REVERSE(token)"),
    ] {
        databases.run(&[&sql]).await;
        let said = relay.run(&["copy"]);
        assert_eq!(said.code, Some(0), "{sql}: {}", said.error);
        let said = relay.run(&["verify"]);
        assert_eq!(
            said.json["good"],
            json!(true),
            "{sql}: {} {}",
            said.error,
            said.json
        );
        are_whole(&databases).await;
    }
    databases.drop().await;
}

#[tokio::test]
async fn the_tables_of_another_version_are_made_anew_and_no_row_is_forgotten() {
    let (databases, relay) = copied().await;
    let own = &databases.own;
    databases
        .run(&[
            &format!("UPDATE {own}.copy_state SET tables_digest = REVERSE(tables_digest)"),
            &format!("ALTER TABLE {own}.events DROP COLUMN route"),
            &format!("CREATE TABLE {own}.of_old (id INT PRIMARY KEY) COMMENT = 'voicedrive-relay'"),
        ])
        .await;
    let said = relay.run(&["verify"]);
    assert!(said.error.contains("of another version"), "{}", said.error);
    relay
        .change("DELETE FROM interviews WHERE id = 'INT-3'")
        .await;
    relay.good(&["copy"]);
    assert_eq!(relay.good(&["verify"])["good"], json!(true));
    let left = "SELECT id FROM interviews WHERE id = 'INT-3'";
    assert_eq!(databases.ask::<String>(left).await, [""; 0]);
    let old = format!(
        "SELECT table_name FROM information_schema.tables WHERE table_schema = '{own}' AND table_name = 'of_old'"
    );
    assert_eq!(databases.ask::<String>(&old).await, [""; 0]);
    databases.drop().await;
}

/// A backup of the server is put back, of both databases, or of one.
#[tokio::test]
async fn a_backup_that_is_put_back_there_is_brought_up_to_date() {
    for which in ["both", "shared", "own"] {
        let (databases, relay) = copied().await;
        let schemas: &[&str] = match which {
            "both" => &[&databases.own, &databases.shared],
            "shared" => &[&databases.shared],
            _ => &[&databases.own],
        };
        let kept = Kept::of(&databases, schemas).await;
        relay.deliveries(DELIVERIES + 1, DELIVERIES + 600);
        relay
            .change("UPDATE webhook_send_logs SET processing_time = 77; UPDATE interviews SET duration_minutes = 5 WHERE id = 'INT-1'")
            .await;
        relay.good(&["copy"]);
        kept.put_back().await;
        let said = relay.run(&["verify"]);
        assert_eq!(said.code, Some(1), "{which}: {}", said.json);
        let copy: &[&str] = if which == "shared" {
            &["copy", "--anew"]
        } else {
            &["copy"]
        };
        relay.good(copy);
        assert_eq!(relay.good(&["verify"])["good"], json!(true), "{which}");
        let logs = "SELECT CONCAT(COUNT(*), ' ', MIN(processing_time)) FROM webhook_send_logs";
        let all = DELIVERIES + 600;
        assert_eq!(
            databases.ask::<String>(logs).await,
            [format!("{all} 77")],
            "{which}"
        );
        kept.drop().await;
        databases.drop().await;
    }
}

#[tokio::test]
async fn a_database_with_tables_of_others_is_not_taken_for_the_relays_own() {
    let databases = Databases::make(PRISMA, COLLATION).await;
    let relay = Relay::make(&databases).await;
    relay.deliveries(1, 10);
    let own = &databases.own;
    databases
        .run(&[
            &format!("CREATE DATABASE {own}"),
            &format!("CREATE TABLE {own}.events (id INT PRIMARY KEY)"),
            &format!("INSERT INTO {own}.events VALUES (7)"),
        ])
        .await;
    let said = relay.run(&["plan"]);
    assert_eq!(said.code, Some(1), "{}", said.json);
    let found = said.json["findings"].as_array().unwrap().iter();
    let mut found = found.filter(|found| found["kind"] == "not_own");
    assert_eq!(found.next().unwrap()["tables"], json!(["events"]));
    let said = relay.run(&["copy"]);
    assert!(said.error.contains("nothing was written"), "{}", said.error);
    let tables =
        format!("SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = '{own}'");
    assert_eq!(databases.ask::<u64>(&tables).await, [1]);
    databases.drop().await;
}

#[tokio::test]
async fn a_row_that_others_refer_to_stays_and_is_said() {
    let (databases, relay) = copied().await;
    databases
        .run(&[
            "CREATE TABLE answers (id INT PRIMARY KEY, interview_id VARCHAR(191) NOT NULL,
               FOREIGN KEY (interview_id) REFERENCES interviews (id)) ENGINE=InnoDB",
            "INSERT INTO answers VALUES (1, 'INT-3')",
        ])
        .await;
    relay
        .change("DELETE FROM interviews WHERE id = 'INT-3'; UPDATE interviews SET duration_minutes = 9 WHERE id = 'INT-1'")
        .await;
    let copied = relay.good(&["copy"]);
    assert_eq!(remarked(&copied, "interviews", "is_referred_to"), ["INT-3"]);
    let said = relay.run(&["verify"]);
    assert!(names(&said.json, ".interviews", "INT-3"), "{}", said.json);
    let other = "SELECT duration_minutes FROM interviews WHERE id = 'INT-1'";
    assert_eq!(databases.ask::<u32>(other).await, [9]);
    databases.run(&["DROP TABLE answers"]).await;
    relay.good(&["copy", "--anew"]);
    assert_eq!(relay.good(&["verify"])["good"], json!(true));
    let left = "SELECT id FROM interviews WHERE id = 'INT-3'";
    assert_eq!(databases.ask::<String>(left).await, [""; 0]);
    databases.drop().await;
}
