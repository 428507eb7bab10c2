//! What was changed on the other side is found.

use serde_json::json;

use crate::relay::{EMPLOYEES, INTERVIEWS, Relay};
use crate::schema::HAND_WRITTEN;
use crate::server::Databases;

#[tokio::test]
async fn a_row_that_somebody_changed_is_named_and_can_be_written_again() {
    let databases = Databases::make(HAND_WRITTEN, "utf8mb4_unicode_ci").await;
    databases.run(&[EMPLOYEES]).await;
    let relay = Relay::make(&databases).await;
    relay.deliveries(1, 700);
    relay.change(INTERVIEWS).await;
    relay.good(&["copy"]);
    let own = &databases.own;
    let ids: Vec<String> = databases
        .ask("SELECT id FROM webhook_send_logs ORDER BY id")
        .await;
    let changed = [
        format!(
            "UPDATE webhook_send_logs SET status = 'timeout' WHERE id = '{}'",
            ids[5]
        ),
        format!("DELETE FROM webhook_send_logs WHERE id = '{}'", ids[6]),
        "UPDATE interviews SET interview_date = '2025-10-26 14:30:00.124' WHERE id = 'INT-1'"
            .to_owned(),
        "UPDATE interviews SET rescheduled_from_id = NULL WHERE id = 'INT-2'".to_owned(),
        format!("UPDATE {own}.events SET data = CONCAT(data, ' ') WHERE seq = 9"),
        format!("DELETE FROM {own}.attempts WHERE event_seq = 10"),
        format!(
            "INSERT INTO {own}.holds (route, until_ms, begun_at, reason, who) VALUES ('x', 1, 'x', 'x', 'x')"
        ),
    ];
    databases.run(&changed.each_ref().map(String::as_str)).await;
    let said = relay.run(&["verify"]);
    assert_eq!(said.code, Some(1));
    let found = said.json["differences"].as_array().unwrap();
    let has = |table: &str, key: &str, how: &str, column: &str| {
        found.iter().any(|difference| {
            difference["table"].as_str().unwrap().ends_with(table)
                && difference["key"].as_str().unwrap().starts_with(key)
                && difference["how"] == how
                && (column.is_empty() || difference["columns"] == json!([column]))
        })
    };
    for (table, key, how, column) in [
        (".webhook_send_logs", ids[5].as_str(), "changed", "status"),
        (".webhook_send_logs", &ids[6], "missing", ""),
        (".interviews", "INT-1", "changed", "interview_date"),
        (".interviews", "INT-2", "changed", "rescheduled_from_id"),
        ("events", "9", "changed", "data"),
        ("attempts", "10", "missing", ""),
        ("holds", "x", "extra", ""),
    ] {
        assert!(
            has(table, key, how, column),
            "{table} {key} {how}: {}",
            said.json
        );
    }
    assert_eq!(said.json["differing"], json!(found.len()));
    let statistics = said.json["statistics"]["differing"].to_string();
    for asked in [
        "webhook-stats all",
        "completion-stats all - - - rescheduling.recent",
        "interview-completion-stats all -",
    ] {
        assert!(statistics.contains(asked), "{asked}: {}", said.json);
    }
    relay.good(&["copy", "--anew"]);
    assert_eq!(relay.good(&["verify"])["good"], json!(true));
    databases.drop().await;
}

#[tokio::test]
async fn what_was_never_copied_cannot_be_verified() {
    let databases = Databases::make(HAND_WRITTEN, "utf8mb4_unicode_ci").await;
    let relay = Relay::make(&databases).await;
    let said = relay.run(&["verify"]);
    assert_eq!(said.code, Some(1));
    assert!(
        said.error.contains("nothing was copied yet"),
        "{}",
        said.error
    );
    databases.drop().await;
}
