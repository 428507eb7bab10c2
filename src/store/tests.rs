//! The store against its laws, on real files.

#![allow(
    clippy::panic,
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_sign_loss
)]

mod goals;
mod histories;

use std::collections::HashSet;
use std::time::Duration;

use tempfile::TempDir;

use super::attempts::record;
use super::bulk_resend::candidates;
use super::connection::{make_file, open_for_writing};
use super::events::accept;
use super::file::version::migrate;
use super::ordering::arrange;
use super::outbox::{begin, due, recover};
use super::relay_time::Now;
use super::resend::{Rules, resend};
use super::*;
use crate::attempt::{AttemptResult, Attempted, Outcome};
use crate::audit::Actor;
use crate::cause::Cause;
use crate::due::DueDelivery;
use crate::event::{NewEvent, Status};
use crate::event_record::EventFilter;
use crate::resend::Resend;
use crate::retry::RetryPolicy;
use crate::route::Routing;
use crate::submission::{Idempotency, Submission};
use crate::timestamp::Timestamp;

pub(in crate::store) fn database() -> (TempDir, Connection) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("relay.db");
    make_file(&path).unwrap();
    let mut connection = open_for_writing(&path).unwrap();
    migrate(&mut connection, &path).unwrap();
    // All of these events are of one person, and most of these tests are about what is due at the same time.
    let without_order = ["default".to_owned()].into();
    arrange(&connection, &without_order, when(0)).unwrap();
    (directory, connection)
}

/// The same, where one event of a person is due after the other.
pub(in crate::store) fn ordered_database() -> (TempDir, Connection) {
    let (directory, connection) = database();
    arrange(&connection, &[].into(), when(0)).unwrap();
    (directory, connection)
}

/// Sends an event again, with its tail.
pub(in crate::store) fn again(connection: &Connection, id: &str, now: Now) -> Resend {
    let rules = Rules {
        policy: &policy(),
        routing: &Routing::default(),
        only: false,
    };
    resend(connection, id, rules, now).unwrap().resend
}

pub(in crate::store) fn at(milliseconds: i64) -> Timestamp {
    Timestamp::from_unix_ms(1_761_489_000_000 + milliseconds)
}

/// The same moment, by a wall clock that was never set.
pub(in crate::store) fn when(milliseconds: i64) -> Now {
    Now::at(at(milliseconds))
}

pub(in crate::store) fn moment() -> Moment {
    Moment {
        wall: at(0),
        monotonic: Duration::ZERO,
    }
}

/// Who does something of which it does not matter who does it.
pub(in crate::store) fn somebody() -> Actor {
    Actor::user("somebody", None)
}

pub(in crate::store) fn policy() -> RetryPolicy {
    RetryPolicy::new([60, 300, 1800].map(Duration::from_secs).to_vec())
}

pub(in crate::store) fn submission(event_type: &str, key: Option<(&str, u8)>) -> Submission {
    Submission {
        event: NewEvent {
            event_type: event_type.to_owned(),
            data: r#"{"staffId":"EMP-1"}"#.into(),
            staff_id: Some("EMP-1".to_owned()),
            event_timestamp: None,
        },
        route: "default".to_owned(),
        memory: None,
        idempotency: key.map(|(key, content)| Idempotency {
            key_hash: crate::crypto::sha256(&[key.as_bytes()]),
            position: 0,
            content_digest: [content; 32],
        }),
    }
}

pub(in crate::store) fn accept_one(connection: &Connection, event_type: &str, now: Now) -> String {
    let accepted = accept(connection, &[submission(event_type, None)], now).unwrap();
    accepted[0].id.clone()
}

pub(in crate::store) fn attempted(
    outcome: Outcome,
    started_at: Timestamp,
    took_ms: u64,
) -> Attempted {
    Attempted {
        started_at,
        ended: Moment {
            wall: started_at,
            monotonic: Duration::ZERO,
        }
        .after(Duration::from_millis(took_ms)),
        outcome,
        http_status: match outcome {
            Outcome::Success => Some(200),
            Outcome::Failed => Some(503),
            Outcome::Timeout => None,
        },
        processing_ms: took_ms,
        error: (outcome != Outcome::Success).then(|| "HTTP 503".to_owned()),
        cause: (outcome != Outcome::Success).then_some(Cause::PartnerError),
        clock_ahead: None,
        response_body: None,
        retry_after: None,
        payload_size: 99,
    }
}

/// Keeps the result of an attempt, at the moment at which it ended.
pub(in crate::store) fn settle(
    connection: &Connection,
    due: &DueDelivery,
    attempted: &Attempted,
    policy: &RetryPolicy,
) -> rusqlite::Result<AttemptResult> {
    record(
        connection,
        due,
        attempted,
        policy,
        Now::at(attempted.ended.wall),
    )
}

pub(in crate::store) fn due_now(connection: &Connection, now: Now) -> Vec<DueDelivery> {
    let found = due(connection, "default", now, &HashSet::new(), 100).unwrap();
    assert_eq!(found.more, found.due.len() == 100);
    found.due
}

/// An event that was accepted and delivered at this moment; its id.
pub(in crate::store) fn delivered_at(connection: &Connection, milliseconds: i64) -> String {
    let now = when(milliseconds);
    let id = accept_one(connection, "a.b", now);
    let due = due_now(connection, now).remove(0);
    let success = attempted(Outcome::Success, now.wall, 5);
    settle(connection, &due, &success, &RetryPolicy::new(Vec::new())).unwrap();
    id
}

/// Purges what was finished before so long, as far as milestones were left.
pub(in crate::store) fn purge_old(connection: &Connection, kept: Duration, now: Now) {
    if let Some(old) = milestones::at(connection, now.lived_before(kept)).unwrap() {
        let mut next = Some(0);
        while let Some(after) = next {
            next = purge::purge(connection, old, after, now).unwrap().next;
        }
    }
}

pub(in crate::store) fn count(connection: &Connection, sql: &str) -> i64 {
    connection.query_row(sql, [], |row| row.get(0)).unwrap()
}

pub(in crate::store) fn text(connection: &Connection, sql: &str) -> String {
    connection.query_row(sql, [], |row| row.get(0)).unwrap()
}

#[test]
fn sqlite_is_built_as_it_should_be() {
    let connection = Connection::open_in_memory().unwrap();
    let wrong = super::connection::wrong_build_options(&connection).unwrap();
    assert_eq!(wrong, Vec::<&str>::new());
}

#[test]
fn the_pragmas_are_those_of_the_contract() {
    let (_directory, connection) = database();
    assert_eq!(text(&connection, "PRAGMA journal_mode"), "wal");
    assert_eq!(count(&connection, "PRAGMA synchronous"), 2);
    assert_eq!(count(&connection, "PRAGMA foreign_keys"), 1);
    assert_eq!(count(&connection, "PRAGMA auto_vacuum"), 2);
    assert_eq!(
        count(
            &connection,
            "SELECT count(*) FROM pragma_table_list WHERE schema = 'main' AND type = 'table'
                AND NOT strict AND name NOT LIKE 'sqlite_%' AND name <> 'refinery_schema_history'"
        ),
        0,
        "every table is STRICT"
    );
}

#[test]
fn the_shared_tables_have_the_seeds_columns() {
    let (_directory, connection) = database();
    let columns = |table: &str| {
        text(
            &connection,
            &format!("SELECT group_concat(name, ' ') FROM pragma_table_info('{table}')"),
        )
    };
    assert_eq!(
        columns("webhook_send_logs"),
        "id event_type event_timestamp sent_at staff_id request_id payload_size status \
         http_status_code processing_time error_message retry_count last_retry_at response_body created_at route",
        "the seed's, and the route"
    );
    assert_eq!(
        columns("webhook_retry_queue"),
        "id original_log_id event_type payload retry_attempt max_retries next_retry_at status \
         last_error created_at updated_at"
    );
}

#[test]
fn a_word_that_is_none_is_refused_and_no_check_makes_a_table_of_its_own() {
    let (_directory, connection) = database();
    accept_one(&connection, "employee.created", when(0));
    let due = due_now(&connection, when(0)).remove(0);
    let failed = attempted(Outcome::Failed, at(0), 5);
    settle(&connection, &due, &failed, &policy()).unwrap();
    connection
        .execute_batch(
            "INSERT INTO interviews (id, employee_id, interview_type, interview_date,
                 interview_status, created_at, updated_at)
             SELECT 'int-1', 'EMP-1', 'regular', at, 'completed', at, at
               FROM (SELECT '2025-10-26T14:30:00.000Z' AS at)",
        )
        .unwrap();
    for (table, column, words) in [
        ("attempts", "outcome", "success_failed_or_timeout"),
        ("webhook_send_logs", "status", "success_failed_or_timeout"),
        (
            "webhook_retry_queue",
            "status",
            "pending_processing_completed_or_failed",
        ),
        ("interviews", "interview_status", "one_of_five"),
    ] {
        let sql = format!("UPDATE {table} SET {column} = 'other'");
        let refused = connection.execute(&sql, []).unwrap_err().to_string();
        assert!(refused.contains(words), "{table}: {refused}");
        let mut steps = connection
            .prepare(&format!("EXPLAIN INSERT INTO {table} DEFAULT VALUES"))
            .unwrap();
        let steps: Vec<String> = steps
            .query_map([], |row| row.get("opcode"))
            .unwrap()
            .collect::<rusqlite::Result<_>>()
            .unwrap();
        assert!(steps.iter().any(|step| step == "Insert"), "{steps:?}");
        assert!(
            !steps.iter().any(|step| step == "OpenEphemeral"),
            "{table}: {steps:?}"
        );
    }
}

#[test]
fn a_statement_is_planned_once_whatever_its_limit() {
    let (_directory, connection) = database();
    let mut statement = connection
        .prepare("SELECT seq FROM events ORDER BY seq LIMIT ?1")
        .unwrap();
    for limit in 1..4 {
        assert!(!statement.exists([limit]).unwrap());
    }
    assert_eq!(
        statement.get_status(rusqlite::StatementStatus::RePrepare),
        0
    );
}

#[test]
fn what_a_crash_left_under_way_is_pending_again() {
    let (_directory, connection) = database();
    let id = accept_one(&connection, "employee.created", when(0));
    let first = due_now(&connection, when(0)).pop().unwrap();
    settle(
        &connection,
        &first,
        &attempted(Outcome::Failed, at(0), 0),
        &policy(),
    )
    .unwrap();
    assert!(begin(&connection, 1, &id, when(60_000)).unwrap());
    recover(&connection, when(70_000)).unwrap();
    assert_eq!(
        text(&connection, "SELECT status FROM webhook_retry_queue"),
        "pending"
    );
    assert_eq!(
        due_now(&connection, when(70_000)).len(),
        1,
        "and due at once"
    );
}

#[test]
fn due_deliveries_come_in_order_and_without_those_in_hand() {
    let (_directory, connection) = database();
    let ids: Vec<String> = (0..5)
        .map(|n| accept_one(&connection, "a", when(n / 2)))
        .collect();
    let all = due_now(&connection, when(9));
    assert_eq!(all.iter().map(|d| d.id.clone()).collect::<Vec<_>>(), ids);
    let in_hand = HashSet::from([all[0].seq, all[2].seq]);
    let rest = due(&connection, "default", when(9), &in_hand, 2).unwrap();
    assert_eq!(
        rest.due.iter().map(|d| &d.id).collect::<Vec<_>>(),
        [&ids[1], &ids[3]]
    );
    assert!(rest.more);
    let other = due(&connection, "other", when(9), &in_hand, 9).unwrap();
    assert_eq!(other.due, []);
    assert_eq!(
        due_now(&connection, when(0)).len(),
        2,
        "the others are not due yet"
    );
}

#[tokio::test]
async fn a_command_that_fails_leaves_nothing_and_disturbs_nobody() {
    let directory = tempfile::tempdir().unwrap();
    let store = Store::open(directory.path(), moment()).unwrap();
    let good = store.write(Lane::Calls, |c| {
        accept(c, &[submission("good", None)], when(0))
    });
    let bad = store.write(Lane::Calls, |c| {
        accept(c, &[submission("bad", None)], when(0))?;
        Err::<(), _>(AcceptError::KeyConflict { index: 0 })
    });
    let (good, bad) = tokio::join!(good, bad);
    assert!(good.is_ok());
    assert!(matches!(bad, Err(AcceptError::KeyConflict { .. })));
    let types = store
        .read(|c| Ok(text(c, "SELECT group_concat(event_type) FROM events")))
        .await;
    assert_eq!(types.unwrap(), "good");
    store.clone().close(moment()).await;
    let late: Result<(), StoreError> = store.write(Lane::Calls, |_| Ok(())).await;
    assert!(matches!(late, Err(StoreError::Closing)));
}

#[test]
fn an_id_never_comes_back() {
    let (_directory, connection) = database();
    for ms in 0..5 {
        accept_one(&connection, "a", when(ms));
    }
    for due in due_now(&connection, when(9)) {
        let success = attempted(Outcome::Success, at(9), 1);
        settle(&connection, &due, &success, &policy()).unwrap();
    }
    milestones::leave(&connection, when(9)).unwrap();
    purge_old(&connection, Duration::from_secs(1), when(2000));
    assert_eq!(count(&connection, "SELECT count(*) FROM events"), 0);
    accept_one(&connection, "a", when(2000));
    let due = due_now(&connection, when(2000)).remove(0);
    assert_eq!(due.seq, 6);
    let success = attempted(Outcome::Success, at(2000), 1);
    settle(&connection, &due, &success, &policy()).unwrap();
    assert_eq!(count(&connection, "SELECT max(seq) FROM attempts"), 6);
}

#[test]
fn a_resend_in_bulk_pages_through_everything_once_in_the_order_of_acceptance() {
    let (_directory, connection) = database();
    let never = RetryPolicy::new(Vec::new());
    let ids: Vec<String> = (0..7)
        .map(|ms| accept_one(&connection, "a", when(ms)))
        .collect();
    for due in due_now(&connection, when(9)).into_iter().take(5) {
        let failed = attempted(Outcome::Failed, at(9), 1);
        settle(&connection, &due, &failed, &never).unwrap();
    }
    for (status, expected) in [
        (None, &ids[..]),
        (Some(Status::Exhausted), &ids[..5]),
        (Some(Status::Accepted), &ids[5..]),
        (Some(Status::Delivered), &[]),
    ] {
        let filter = EventFilter {
            status,
            ..EventFilter::default()
        };
        let (mut seen, mut after) = (Vec::new(), None);
        loop {
            let page = candidates(&connection, &filter, after.as_ref(), 2).unwrap();
            seen.extend(page.events.into_iter().map(|event| event.id));
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        assert_eq!(seen, expected, "{status:?}");
    }
}

#[tokio::test]
async fn an_orderly_stop_keeps_what_time_it_is() {
    let directory = tempfile::tempdir().unwrap();
    let store = Store::open(directory.path(), moment()).unwrap();
    let hour = Duration::from_hours(1);
    store.close(moment().after(hour)).await;
    // The clock was set back while nothing ran.
    let store = Store::open(directory.path(), moment()).unwrap();
    let now = store.time.now(moment());
    assert_eq!(now.axis_ms, at(0).after(hour).unix_ms());
    assert_eq!(now.wall, at(0));
}
