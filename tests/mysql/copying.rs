//! What is copied, and when it is copied again.

use serde_json::json;

use crate::relay::{EMPLOYEES, INTERVIEWS, Relay};
use crate::schema::{HAND_WRITTEN, PRISMA};
use crate::server::{Databases, tls};

const COLLATION: &str = "utf8mb4_unicode_ci";

#[tokio::test]
async fn everything_is_there_in_both_forms_and_both_sides_count_the_same() {
    for (form, collation) in [
        (HAND_WRITTEN, COLLATION),
        (PRISMA, COLLATION),
        (PRISMA, "utf8mb4_bin"),
        (HAND_WRITTEN, "utf8mb4_general_ci"),
    ] {
        let databases = Databases::make(form, collation).await;
        databases.run(&[EMPLOYEES]).await;
        let relay = Relay::make(&databases).await;
        relay.deliveries(1, 3000);
        relay.change(INTERVIEWS).await;
        let copied = relay.good(&["copy"]);
        assert!(copied["written"].as_u64() > Some(9000), "{copied}");
        let verified = relay.good(&["verify"]);
        assert_eq!(verified["good"], json!(true));
        assert_eq!(verified["keptOut"], json!(1), "{verified}");
        assert!(
            verified["statistics"]["compared"].as_u64() > Some(100),
            "{verified}"
        );
        let logs: Vec<u64> = databases
            .ask("SELECT COUNT(*) FROM webhook_send_logs")
            .await;
        assert_eq!(logs, [3000]);
        let interviews: Vec<(String, String, String, Option<String>)> = databases
            .ask("SELECT id, employee_id, CAST(interview_date AS CHAR), rescheduled_from_id FROM interviews ORDER BY id")
            .await;
        let row = |id: &str, employee: &str, date: &str, origin: Option<&str>| {
            (
                id.to_owned(),
                employee.to_owned(),
                date.to_owned(),
                origin.map(str::to_owned),
            )
        };
        assert_eq!(
            interviews,
            [
                row("INT-1", "id-of-1", "2025-10-26 14:30:00.123", None),
                row("INT-2", "id-of-2", "2099-10-27 14:30:00.999", Some("INT-1")),
                row("INT-3", "id-of-3", "2025-10-20 00:00:00.000", None),
                row("INT-5", "id-of-1", "2025-10-22 00:00:00.000", None),
            ]
        );
        assert_eq!(copied["withoutOrigin"]["ids"], json!(["INT-5"]));
        databases.drop().await;
    }
}

#[tokio::test]
async fn the_next_copy_writes_what_changed_and_nothing_else() {
    let databases = Databases::make(HAND_WRITTEN, COLLATION).await;
    databases.run(&[EMPLOYEES]).await;
    let relay = Relay::make(&databases).await;
    relay.deliveries(1, 4000);
    relay.change(INTERVIEWS).await;
    relay.good(&["copy"]);
    let again = relay.good(&["copy"]);
    // The clock is noted when the database is opened and closed.
    assert!(again["written"].as_u64() < Some(5), "{again}");
    assert_eq!(again["placed"], json!(0));
    // A new delivery, one that was retried, one that is sent again, a record that is gone, one that changed, and the
    // employee who was missing.
    relay.deliveries(4001, 4001);
    relay
        .change(
            "UPDATE webhook_send_logs SET status = 'success', error_message = NULL
              WHERE id = (SELECT id FROM events WHERE seq = 98);
             UPDATE webhook_retry_queue SET status = 'completed' WHERE id = (SELECT id FROM events WHERE seq = 98);
             UPDATE webhook_retry_queue SET status = 'pending', max_retries = 6
              WHERE id = (SELECT id FROM events WHERE seq = 99);
             INSERT INTO outbox (event_seq, route, due_ms) VALUES (99, 'default', 1);
             DELETE FROM interviews WHERE id = 'INT-3';
             UPDATE interviews SET interview_status = 'completed', rescheduled_from_id = NULL WHERE id = 'INT-2'",
        )
        .await;
    databases
        .run(&["INSERT INTO employees (id, employeeCode) VALUES ('id-of-nobody', 'NOBODY')"])
        .await;
    let delta = relay.good(&["copy"]);
    assert!(delta["written"].as_u64() < Some(3500), "{delta}");
    assert_eq!(relay.good(&["verify"])["good"], json!(true));
    let ids: Vec<String> = databases
        .ask("SELECT CONCAT(id, ' ', interview_status) FROM interviews ORDER BY id")
        .await;
    assert_eq!(
        ids,
        [
            "INT-1 completed",
            "INT-2 completed",
            "INT-4 cancelled",
            "INT-5 rescheduled"
        ]
    );
    let linked: Vec<String> =
        databases.ask("SELECT CONCAT(id, rescheduled_from_id) FROM interviews WHERE rescheduled_from_id IS NOT NULL").await;
    assert_eq!(linked, ["INT-5INT-4"]);
    // What waits for a retry would be sent by the staff system too.
    let waiting: Vec<u64> = databases
        .ask("SELECT COUNT(*) FROM webhook_retry_queue WHERE status IN ('pending', 'processing')")
        .await;
    assert_eq!(waiting, [0]);
    databases.drop().await;
}

#[tokio::test]
async fn what_was_purged_here_goes_there_and_rows_of_theirs_stay() {
    let databases = Databases::make(PRISMA, COLLATION).await;
    databases.run(&[
        EMPLOYEES,
        "INSERT INTO webhook_send_logs (id, event_type, event_timestamp, sent_at, payload_size, status, processing_time)
          VALUES ('cuid1', 'a.b', NOW(3), NOW(3), 1, 'success', 1)",
        "INSERT INTO interviews (id, employee_id, interviewer_id, interview_date, interview_type, updated_at)
          VALUES ('INT-1', 'id-of-2', 'id-of-2', '2020-01-01', 'theirs', '2020-01-01')",
    ])
    .await;
    let relay = Relay::make(&databases).await;
    relay.deliveries(1, 1200);
    relay.change(INTERVIEWS).await;
    let copied = relay.good(&["copy"]);
    assert!(
        copied["remarks"].to_string().contains("id_is_theirs"),
        "{copied}"
    );
    assert_eq!(relay.good(&["verify"])["good"], json!(true));
    let all = "PRAGMA foreign_keys = OFF;
        DELETE FROM attempts; DELETE FROM webhook_retry_queue; DELETE FROM webhook_send_logs; DELETE FROM events;
        DELETE FROM interviews";
    relay.change(all).await;
    relay.good(&["copy"]);
    assert_eq!(relay.good(&["verify"])["good"], json!(true));
    let logs: Vec<String> = databases.ask("SELECT id FROM webhook_send_logs").await;
    assert_eq!(logs, ["cuid1"]);
    let interviews: Vec<String> = databases
        .ask("SELECT CONCAT(id, interview_type) FROM interviews")
        .await;
    assert_eq!(interviews, ["INT-1theirs"]);
    databases.drop().await;
}

#[tokio::test]
async fn the_relay_works_on_while_it_is_copied() {
    let databases = Databases::make(HAND_WRITTEN, COLLATION).await;
    databases.run(&[EMPLOYEES]).await;
    let relay = Relay::make(&databases).await;
    relay.deliveries(1, 300);
    let daemon = relay.serve().await;
    let send = |name: &str| {
        let sent = relay.program(&["send", name]).output().unwrap();
        assert!(
            sent.status.success(),
            "{}",
            String::from_utf8_lossy(&sent.stderr)
        );
    };
    let events = format!("SELECT COUNT(*) FROM {}.events", databases.own);
    send("first.event");
    // Nobody is there to receive it: it waits, and stays with the relay.
    let plan = relay.good(&["plan"]).to_string();
    assert!(plan.contains("\"kind\":\"waiting\""), "{plan}");
    relay.good(&["copy"]);
    assert_eq!(databases.ask::<u64>(&events).await, [301]);
    send("second.event");
    // What came later is none of its business.
    assert_eq!(relay.good(&["verify"])["good"], json!(true));
    relay.good(&["copy"]);
    assert_eq!(databases.ask::<u64>(&events).await, [302]);
    assert_eq!(relay.good(&["verify"])["good"], json!(true));
    drop(daemon);
    databases.drop().await;
}

/// While a copy is under way the person still is in what it reads; the next copy erases there too.
#[tokio::test]
async fn who_is_erased_here_is_erased_there_with_the_next_copy() {
    let databases = Databases::make(HAND_WRITTEN, COLLATION).await;
    databases.run(&[EMPLOYEES]).await;
    let relay = Relay::make(&databases).await;
    relay.deliveries(1, 5000);
    relay.change(INTERVIEWS).await;
    relay
        .change("UPDATE events SET staff_id = 'EMP-1', data = '{\"name\":\"山田\"}' WHERE seq % 100 = 1")
        .await;
    relay
        .change("UPDATE webhook_send_logs SET staff_id = 'EMP-1' WHERE id IN (SELECT id FROM events WHERE staff_id = 'EMP-1')")
        .await;
    let daemon = relay.serve().await;
    let copy = relay.command(&["copy"]).spawn().unwrap();
    let erase = ["staff", "erase", "EMP-1", "--give-up", "--copies"];
    let erased = relay.program(&erase).output().unwrap();
    let said = String::from_utf8_lossy(&erased.stderr).into_owned();
    assert!(erased.status.success(), "{said}");
    let copied = copy.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&copied.stderr).into_owned();
    assert!(copied.status.success(), "{said}");
    relay.good(&["copy"]);
    assert_eq!(relay.good(&["verify"])["good"], json!(true));
    let own = &databases.own;
    for traces in [
        format!("SELECT COUNT(*) FROM {own}.events WHERE staff_id = 'EMP-1' OR data LIKE '%山田%'"),
        format!(
            "SELECT COUNT(*) FROM {own}.interviews WHERE employee_id = 'EMP-1' OR employee_name = '山田'"
        ),
        "SELECT COUNT(*) FROM webhook_send_logs WHERE staff_id = 'EMP-1'".to_owned(),
        "SELECT COUNT(*) FROM webhook_retry_queue WHERE payload LIKE '%山田%'".to_owned(),
        "SELECT COUNT(*) FROM interviews WHERE employee_id = 'id-of-1'".to_owned(),
    ] {
        assert_eq!(databases.ask::<u64>(&traces).await, [0], "{traces}");
    }
    drop(daemon);
    databases.drop().await;
}

/// As docs/mysql.md has them.
#[tokio::test]
async fn the_rights_that_the_page_names_suffice() {
    let databases = Databases::make(HAND_WRITTEN, COLLATION).await;
    databases.run(&[EMPLOYEES]).await;
    let (own, shared) = (&databases.own, &databases.shared);
    let user = format!("'{own}'@'%'");
    let page = include_str!("../../docs/mysql.md");
    let (_, rest) = page.split_once("```sql\nCREATE USER").unwrap();
    let (statements, _) = rest.split_once("```").unwrap();
    let statements = format!("CREATE USER{statements}")
        .replace("'voicedrive_relay'@'%'", &user)
        .replace("'...'", "'a-password-of-the-test'")
        .replace("`voicedrive_relay`", &format!("`{own}`"))
        .replace("`staff_system`", &format!("`{shared}`"));
    let statements: Vec<&str> = statements
        .split_terminator(';')
        .map(str::trim)
        .filter(|s| !s.is_empty())
        .collect();
    databases.run(&statements).await;
    let way = format!("{}\npassword = \"RESTRICTED\"", tls());
    let relay = Relay::by_way(&databases, &way).await;
    databases.restricted(relay.directory(), &way, "a-password-of-the-test");
    relay.deliveries(1, 600);
    relay.change(INTERVIEWS).await;
    let plan = relay.good(&["plan"]);
    assert_eq!(plan["hinders"], json!(0));
    relay.good(&["copy"]);
    assert_eq!(relay.good(&["verify"])["good"], json!(true));
    let revoked = format!("REVOKE UPDATE ON `{shared}`.`interviews` FROM {user}");
    databases.run(&[&revoked]).await;
    let plan = relay.run(&["plan"]);
    assert_eq!(plan.code, Some(1));
    assert!(
        plan.json.to_string().contains("not_granted"),
        "{}",
        plan.json
    );
    let gone = format!("DROP USER {user}");
    databases.run(&[&gone]).await;
    databases.drop().await;
}

#[tokio::test]
async fn tls_is_a_way_and_a_server_that_nobody_vouches_for_is_none() {
    let databases = Databases::make(HAND_WRITTEN, COLLATION).await;
    let relay = Relay::by_way(&databases, &tls()).await;
    relay.deliveries(1, 10);
    relay.good(&["copy"]);
    assert_eq!(relay.good(&["verify"])["good"], json!(true));
    let of_the_system = tls()
        .lines()
        .filter(|line| !line.starts_with("ca"))
        .collect::<Vec<_>>()
        .join("\n");
    databases.target(relay.directory(), &of_the_system);
    if tls().contains("ca = ") {
        let said = relay.run(&["plan"]);
        assert_eq!(said.code, Some(69), "{}", said.error);
    }
    databases.drop().await;
}
