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

/// Every answer that the API gives, with each filter and all filters together, is asked of the server.
#[tokio::test]
async fn the_statistics_are_compared_for_all_periods_and_filters() {
    let databases = Databases::make(HAND_WRITTEN, "utf8mb4_unicode_ci").await;
    databases.run(&[EMPLOYEES]).await;
    let relay = Relay::make(&databases).await;
    relay.deliveries(1, 3000);
    relay.change(INTERVIEWS).await;
    relay
        .change(
            "UPDATE events SET route = 'other' WHERE seq % 3 = 0;
             UPDATE webhook_send_logs SET route = 'other' WHERE id IN (SELECT id FROM events WHERE route = 'other')",
        )
        .await;
    relay.good(&["copy"]);
    let verified = relay.good(&["verify"]);
    assert_eq!(verified["good"], json!(true));
    // The API's three periods, today, some days with odd ends, and all of the time.
    let periods = 6;
    // Ten types of events and two routes, each or all of them; the queue by the route.
    let of_sends = periods * (10 + 1) * (2 + 1) + (2 + 1);
    // F1, F2, D1, D2, two pairs of them, and everything; two types of interviews, and who was rescheduled.
    let of_interviews = periods * (7 * (2 + 1 + 1) + (2 + 1));
    assert_eq!(
        verified["statistics"]["compared"],
        json!(of_sends + of_interviews),
        "{verified}"
    );
    // A row that is other there is seen by each filter that it belongs to, and by no other.
    let own = &databases.own;
    databases
        .run(&[
            &format!("UPDATE {own}.webhook_send_logs SET route = 'third' WHERE event_seq = 2998"),
            "UPDATE interviews SET duration_minutes = 31 WHERE id = 'INT-1'",
        ])
        .await;
    let said = relay.run(&["verify"]);
    let differing = said.json["statistics"]["differing"].as_array().unwrap();
    let has = |asked: &str| differing.iter().any(|found| found == asked);
    let sends = "webhook-stats all";
    let interviews = "completion-stats all";
    for asked in [
        format!("{sends} - default"),
        format!("{sends} employee.updated_6 default"),
        format!("{interviews} - - -"),
        format!("{interviews} F1 - -"),
        format!("{interviews} - D1 regular"),
        format!("{interviews} F1 D1 regular"),
    ] {
        assert!(has(&asked), "{asked}: {}", said.json);
    }
    for asked in [
        format!("{sends} - other"),
        format!("{sends} - -"),
        format!("{sends} employee.updated_7 default"),
        format!("{interviews} F2 - -"),
        format!("{interviews} F1 D1 support"),
    ] {
        assert!(!has(&asked), "{asked}: {}", said.json);
    }
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
    // A first copy that was broken off, by a full disk say, while the tables were made.
    relay.deliveries(1, 10);
    relay.good(&["copy"]);
    let sql = format!("DROP TABLE {}.incidents", databases.own);
    databases.run(&[&sql]).await;
    let said = relay.run(&["verify"]);
    assert!(
        said.error.contains("nothing was copied yet"),
        "{}",
        said.error
    );
    databases.drop().await;
}

/// What the own database says of what was put where is compared too: a row that nobody knows of any more is missing.
#[tokio::test]
async fn a_note_that_somebody_took_away_is_missed() {
    let databases = Databases::make(HAND_WRITTEN, "utf8mb4_unicode_ci").await;
    databases.run(&[EMPLOYEES]).await;
    let relay = Relay::make(&databases).await;
    relay.deliveries(1, 300);
    relay.change(INTERVIEWS).await;
    relay.good(&["copy"]);
    let own = &databases.own;
    databases
        .run(&[
            &format!("DELETE FROM {own}.placed_rows WHERE id = 'INT-1'"),
            &format!("DELETE FROM {own}.row_remarks WHERE id = 'INT-4'"),
            &format!("UPDATE {own}.placed_rows SET row_key = 'x' WHERE id = 'INT-3'"),
        ])
        .await;
    let said = relay.run(&["verify"]);
    assert_eq!(said.code, Some(1));
    let found = said.json["differences"].as_array().unwrap();
    let has = |table: &str, key: &str, how: &str| {
        found.iter().any(|difference| {
            let is_of_table = difference["table"].as_str().unwrap().ends_with(table);
            is_of_table && difference["key"] == key && difference["how"] == how
        })
    };
    assert!(has(".interviews", "INT-1", "missing"), "{}", said.json);
    assert!(has("row_remarks", "INT-4", "missing"), "{}", said.json);
    assert!(has("placed_rows", "INT-3", "changed"), "{}", said.json);
    databases.drop().await;
}

/// The relay has counted wrongly: no row differs, and what does is said with both numbers.
#[tokio::test]
async fn where_only_statistics_differ_it_is_said_which_and_by_how_much() {
    let databases = Databases::make(HAND_WRITTEN, "utf8mb4_unicode_ci").await;
    let relay = Relay::make(&databases).await;
    relay.deliveries(1, 300);
    relay.good(&["copy"]);
    let kept = relay.directory().join("relay-moved.db");
    let connection = rusqlite::Connection::open(kept).unwrap();
    connection
        .execute_batch("UPDATE send_counts SET sent = sent + 1000")
        .unwrap();
    connection.close().unwrap();
    let said = relay.run(&["verify"]);
    assert_eq!(said.code, Some(1));
    assert_eq!(said.json["differing"], json!(0));
    let values = said.json["statistics"]["values"].as_array().unwrap();
    let of_all = values
        .iter()
        .find(|value| value["asked"] == "webhook-stats all - -" && value["name"] == "sent");
    let of_all = of_all.unwrap_or_else(|| panic!("{}", said.json));
    assert_eq!(of_all["there"], "300");
    assert_ne!(of_all["here"], "300");
    for (language, words) in [
        ("en", "All rows are the same, but"),
        ("ja", "記録はすべて一致していますが"),
    ] {
        let read = relay.read(language, &["verify"]);
        assert!(read.contains(words), "{read}");
        assert!(read.contains("webhook-stats all - -"), "{read}");
    }
    databases.drop().await;
}
