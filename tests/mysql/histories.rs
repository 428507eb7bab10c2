//! Both sides count the same whatever a relay has lived through: clocks that were set, equal times, ends of hours and
//! periods, days of 23 and 25 hours, ids and names that are one for the server.

use std::fmt::Write;
use std::fs::File;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::json;
use voicedrive_relay::testing::timestamp::Timestamp;

use crate::random::Random;
use crate::relay::{EMPLOYEES, Relay};
use crate::schema::{HAND_WRITTEN, PRISMA};
use crate::server::Databases;

const DELIVERIES: i64 = 300;
const INTERVIEWS: usize = 120;
const HOUR: i64 = 3_600_000;
const DAY: i64 = 24 * HOUR;
/// The first and the last moments that there are, and those between which the shared tables can have them.
const ENDS: [&str; 5] = [
    "0001-01-01T00:00:00.000Z",
    "0999-12-31T23:59:59.999Z",
    "1000-01-01T00:00:00.000Z",
    "1969-12-31T23:59:59.999Z",
    "9999-12-31T23:59:59.999Z",
];

/// A moment at which something has happened, in milliseconds around another one: at it, at the end of one of the periods
/// that end with it, at the end of an hour or a day, years off because the clock was wrong, or at one of a few that many
/// things have in common.
fn moment(random: &mut Random, around: i64) -> Timestamp {
    let one_off = random.number(3) - 1;
    let ms = match random.below(8) {
        0 => around + one_off,
        1 => around - *random.of_these(&[1, 7, 30]) * DAY + one_off,
        2 => (around - random.number(40 * DAY)).div_euclid(HOUR) * HOUR + one_off,
        3 => (around - random.number(40 * DAY)).div_euclid(DAY) * DAY + one_off,
        // The midnights of zones, and an hour that a clock shows twice.
        4 => around.div_euclid(HOUR) * HOUR - random.number(30) * HOUR + one_off,
        5 => around - random.number(5) * 7_654_321,
        6 => {
            let end = random.of_these(&ENDS);
            return Timestamp::parse(end).unwrap();
        }
        _ => around - 20 * DAY + random.number(40 * DAY),
    };
    Timestamp::from_unix_ms(ms)
}

fn maybe(text: impl AsRef<str>) -> String {
    let text = text.as_ref();
    if text.is_empty() {
        "NULL".to_owned()
    } else {
        format!("'{text}'")
    }
}

/// Statements that make the deliveries of a relay a history.
fn deliveries(random: &mut Random, around: i64) -> String {
    let mut all = "PRAGMA foreign_keys = OFF;".to_owned();
    for seq in 1..=DELIVERIES {
        let kind = random.of_these(&["staff.hired", "Staff.hired", "staff.left"]);
        let route = random.of_these(&["default", "Default", "other"]);
        let sent_at = moment(random, around);
        let retries = random.below(3);
        let last_retry = if retries == 0 {
            "NULL".to_owned()
        } else {
            format!("'{sent_at}'")
        };
        let status = random.of_these(&["success", "failed", "timeout"]);
        let took = random.below(100_000);
        let ended = random.of_these(&["completed", "failed", "pending", "processing"]);
        let id = format!("(SELECT id FROM events WHERE seq = {seq})");
        write!(
            all,
            "UPDATE events SET event_type = '{kind}', route = '{route}' WHERE seq = {seq};
             UPDATE webhook_send_logs SET event_type = '{kind}', route = '{route}', sent_at = '{sent_at}',
               retry_count = {retries}, last_retry_at = {last_retry}, status = '{status}', processing_time = {took}
              WHERE id = {id};
             UPDATE webhook_retry_queue SET event_type = '{kind}', status = '{ended}' WHERE id = {id};"
        )
        .unwrap();
        // Only what is exhausted can be dismissed.
        if *ended == "failed" && *status != "success" && random.below(2) == 0 {
            write!(
                all,
                "INSERT INTO dismissed_deliveries (event_seq, dismissed_at, sent_at)
                 VALUES ({seq}, '{sent_at}', '{sent_at}');"
            )
            .unwrap();
        }
    }
    all
}

/// And its interviews.
fn interviews(random: &mut Random, around: i64) -> String {
    let mut all = String::new();
    for number in 1..=INTERVIEWS {
        let letters = *random.of_these(&["INT", "int", "Int", "ＩＮＴ"]);
        let id = format!(
            "{letters}-{}",
            number / 2 * 2 + usize::from(letters == "Int")
        );
        let employee = random.of_these(&["EMP-1", "EMP-2", "id-of-3", "NOBODY"]);
        let kind = random.of_these(&["regular", "Regular", "regular ", "はは", "ハハ"]);
        let date = moment(random, around);
        let status = random.of_these(&[
            "scheduled",
            "completed",
            "cancelled",
            "no_show",
            "rescheduled",
        ]);
        let minutes = random.of_these(&["NULL", "0", "30", "1440"]);
        let sync = if random.below(3) == 0 {
            format!("{letters}-sync-{}", number / 2)
        } else {
            String::new()
        };
        let facility = maybe(random.of_these(&["", "F1", "f1", "F1 ", "Ｆ1"]));
        let department = maybe(random.of_these(&["", "D1", "ｄ1"]));
        let completed = if *status == "completed" {
            format!("'{date}'")
        } else {
            "NULL".to_owned()
        };
        let sync = maybe(&sync);
        write!(
            all,
            "INSERT OR IGNORE INTO interviews (id, employee_id, interviewer_id, interview_type, interview_date,
               interview_status, duration_minutes, voicedrive_sync_id, facility_id, department_id, completed_at,
               created_at, updated_at, rescheduled_from_id)
             VALUES ('{id}', '{employee}', 'EMP-1', '{kind}', '{date}', '{status}', {minutes}, {sync}, {facility},
               {department}, {completed}, '2025-10-01T00:00:00.000Z', '2025-10-26T15:00:00.001Z',
               (SELECT id FROM interviews WHERE seq % 7 = {} ORDER BY seq DESC LIMIT 1));",
            random.below(9)
        )
        .unwrap();
    }
    all
}

#[tokio::test]
async fn both_sides_count_the_same_after_any_history() {
    let all = [
        (
            1,
            "Europe/Berlin",
            "2025-10-26T00:30:00.123Z",
            HAND_WRITTEN,
            "utf8mb4_unicode_ci",
        ),
        (
            2,
            "America/New_York",
            "2025-03-09T12:00:00.000Z",
            PRISMA,
            "utf8mb4_general_ci",
        ),
        (
            3,
            "Asia/Tokyo",
            "2024-02-29T14:59:59.999Z",
            PRISMA,
            "utf8mb4_bin",
        ),
        (
            4,
            "Australia/Lord_Howe",
            "2025-04-05T15:00:00.001Z",
            HAND_WRITTEN,
            "utf8mb4_unicode_ci",
        ),
    ];
    for (seed, zone, moment, form, collation) in all {
        eprintln!("seed {seed}, {zone}, {moment}");
        let databases = Databases::make(form, collation).await;
        databases.run(&[EMPLOYEES]).await;
        let relay = Relay::make(&databases).await;
        relay.in_zone(zone);
        relay.deliveries(1, DELIVERIES);
        let around = Timestamp::parse(moment).unwrap().unix_ms();
        let mut random = Random::of(seed);
        let history = deliveries(&mut random, around) + &interviews(&mut random, around);
        relay.change(&history).await;
        relay.good(&["copy"]);
        let copy = relay.directory().join("relay-moved.db");
        let since = Duration::from_millis(around.try_into().unwrap());
        let modified: SystemTime = UNIX_EPOCH + since;
        File::open(&copy).unwrap().set_modified(modified).unwrap();
        let verified = relay.run(&["verify"]);
        assert_eq!(verified.json["moment"], moment, "seed {seed}");
        assert_eq!(
            verified.json["good"],
            json!(true),
            "seed {seed}: {:#}",
            verified.json
        );
        assert!(
            verified.json["statistics"]["compared"].as_u64() > Some(500),
            "{}",
            verified.json
        );
        databases.drop().await;
    }
}
