//! The staff system's own worker sends what is `pending` and due, under a new request id. Whatever a relay has lived through,
//! and however often it is copied, the worker never gets a row of the relay's.

use std::fmt::Write;

use serde_json::json;

use crate::random::Random;
use crate::relay::{EMPLOYEES, Relay};
use crate::schema::{HAND_WRITTEN, PRISMA};
use crate::server::Databases;

const DELIVERIES: i64 = 1000;

/// What the worker asks for each minute, as Prisma writes it and as a person does, without the limit of ten; and rows that it
/// would have begun with.
const ASKED: [&str; 4] = [
    "SELECT `q`.`id` FROM `webhook_retry_queue` AS `q`
      WHERE (`q`.`status` = 'pending' AND `q`.`next_retry_at` <= UTC_TIMESTAMP(3)) ORDER BY `q`.`next_retry_at` ASC",
    "SELECT id FROM webhook_retry_queue WHERE status = 'PENDING' AND next_retry_at <= NOW() ORDER BY next_retry_at",
    "SELECT id FROM webhook_retry_queue WHERE status IN ('pending', 'processing') AND retry_attempt < max_retries",
    "SELECT id FROM webhook_retry_queue WHERE status NOT IN ('completed', 'failed')",
];

/// Statements after which the queue of a relay is another one: retries that wait, are under way, have ended, are sent again
/// or were purged.
fn history(random: &mut Random) -> String {
    let mut all = "PRAGMA foreign_keys = OFF; DELETE FROM outbox;".to_owned();
    for seq in 1..=DELIVERIES {
        let of = format!("WHERE id = (SELECT id FROM events WHERE seq = {seq})");
        let status = random.of_these(&["pending", "processing", "completed", "failed"]);
        let due = random.of_these(&[
            "2019-01-01T00:00:00.000Z",
            "2025-10-26T14:30:00.123Z",
            "2999-01-01T00:00:00.000Z",
        ]);
        write!(
            all,
            "UPDATE webhook_retry_queue SET status = '{status}', next_retry_at = '{due}', retry_attempt = {} {of};",
            random.below(4)
        )
        .unwrap();
        match random.below(20) {
            0 => write!(all, "DELETE FROM webhook_retry_queue {of};").unwrap(),
            1 => write!(
                all,
                "INSERT OR REPLACE INTO outbox (event_seq, route, due_ms) VALUES ({seq}, 'default', 1);"
            )
            .unwrap(),
            _ => {}
        }
    }
    all
}

#[tokio::test]
async fn the_staff_systems_worker_never_gets_a_row_of_the_relays() {
    for (seed, form, collation) in [
        (1, HAND_WRITTEN, "utf8mb4_unicode_ci"),
        (2, PRISMA, "utf8mb4_general_ci"),
        (3, PRISMA, "utf8mb4_bin"),
    ] {
        let databases = Databases::make(form, collation).await;
        databases.run(&[EMPLOYEES]).await;
        // Theirs is found, so that finding none of the relay's says something.
        databases
            .run(&["INSERT INTO webhook_retry_queue (id, original_log_id, event_type, payload, next_retry_at, status, updated_at)
                     VALUES ('cuid-1', 'x', 'a.b', '{}', '2020-01-01', 'pending', '2020-01-01')"])
            .await;
        let relay = Relay::make(&databases).await;
        relay.deliveries(1, DELIVERIES);
        let mut random = Random::of(seed);
        for round in 0..3 {
            relay.change(&history(&mut random)).await;
            relay.good(&["copy"]);
            for asked in ASKED {
                // Where the collation is binary the word with capitals is another one, and theirs is not found by it.
                let theirs = databases.ask::<String>(asked).await;
                let is_other = asked.contains("PENDING") && collation.ends_with("_bin");
                let expected: &[&str] = if is_other { &[] } else { &["cuid-1"] };
                assert_eq!(theirs, expected, "seed {seed}, round {round}: {asked}");
            }
            let ended =
                "SELECT COUNT(*) FROM webhook_retry_queue WHERE status IN ('completed', 'failed')";
            assert!(databases.ask::<u64>(ended).await[0] > 0, "seed {seed}");
            assert_eq!(relay.good(&["verify"])["good"], json!(true), "seed {seed}");
        }
        databases.drop().await;
    }
}
