//! The store against its laws, on real files.

#![allow(
    clippy::panic,
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_sign_loss
)]

use std::collections::{BTreeMap, HashSet};
use std::time::Duration;

use proptest::prelude::*;
use tempfile::TempDir;

use super::events::{AcceptError, Idempotency, Submission, accept};
use super::listing::{Filter, find, list};
use super::outbox::{Due, Found, due, mark_processing, next_due, recover, shift};
use super::resend::{self, Resend};
use super::settle::{LOG_EXHAUSTED, QUEUE_EXHAUSTED, settle};
use super::stats::{QueueCounts, sends};
use super::*;
use crate::attempt::{Attempted, Outcome};
use crate::cause::Cause;
use crate::event::{NewEvent, Status};
use crate::retry::RetryPolicy;
use crate::route::Routing;

pub(super) fn database() -> (TempDir, Connection) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("relay.db");
    let mut connection = open_for_writing(&path).unwrap();
    migrate(&mut connection, &path).unwrap();
    (directory, connection)
}

pub(super) fn at(milliseconds: i64) -> Timestamp {
    Timestamp::from_unix_ms(1_761_489_000_000 + milliseconds)
}

pub(super) fn policy() -> RetryPolicy {
    RetryPolicy::new([60, 300, 1800].map(Duration::from_secs).to_vec())
}

pub(super) fn submission(event_type: &str, key: Option<(&str, u8)>) -> Submission {
    Submission {
        event: NewEvent {
            event_type: event_type.to_owned(),
            data: r#"{"staffId":"EMP-1"}"#.into(),
            staff_id: Some("EMP-1".to_owned()),
            event_timestamp: None,
        },
        route: "default".to_owned(),
        idempotency: key.map(|(key, content)| Idempotency {
            key: key.to_owned(),
            content_hash: [content; 32],
        }),
    }
}

fn accept_one(connection: &Connection, event_type: &str, now: Timestamp) -> String {
    let accepted = accept(connection, &[submission(event_type, None)], now).unwrap();
    accepted[0].id.clone()
}

pub(super) fn attempted(outcome: Outcome, started_at: Timestamp, took_ms: u64) -> Attempted {
    Attempted {
        started_at,
        ended_at: started_at.after(Duration::from_millis(took_ms)),
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

pub(super) fn due_now(connection: &Connection, now: Timestamp) -> Vec<Due> {
    let found = due(connection, "default", now, &HashSet::new(), 100).unwrap();
    assert_eq!(found.more, found.due.len() == 100);
    found.due
}

pub(super) fn count(connection: &Connection, sql: &str) -> i64 {
    connection.query_row(sql, [], |row| row.get(0)).unwrap()
}

fn text(connection: &Connection, sql: &str) -> String {
    connection.query_row(sql, [], |row| row.get(0)).unwrap()
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
         http_status_code processing_time error_message retry_count last_retry_at response_body created_at"
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
    accept_one(&connection, "employee.created", at(0));
    let due = due_now(&connection, at(0)).remove(0);
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
fn a_delivery_that_fails_twice_has_one_log_row_and_one_queue_row() {
    let (_directory, connection) = database();
    let id = accept_one(&connection, "employee.created", at(0));
    for (number, (outcome, now)) in [
        (Outcome::Failed, at(0)),
        (Outcome::Timeout, at(60_010)),
        (Outcome::Success, at(360_100)),
    ]
    .into_iter()
    .enumerate()
    {
        let taken = due_now(&connection, now);
        assert_eq!(taken.len(), 1, "attempt {number}");
        assert_eq!(taken[0].attempt as usize, number + 1);
        settle(
            &connection,
            &taken[0],
            &attempted(outcome, now, 10),
            &policy(),
        )
        .unwrap();
    }
    assert!(due_now(&connection, at(999_999_999)).is_empty());
    let log = text(
        &connection,
        "SELECT concat_ws('|', count(*), status, retry_count, sent_at, last_retry_at, error_message IS NULL, request_id = id)
           FROM webhook_send_logs",
    );
    assert_eq!(log, format!("1|success|2|{}|{}|1|1", at(0), at(360_100)));
    let queue = text(
        &connection,
        "SELECT concat_ws('|', count(*), status, retry_attempt, max_retries) FROM webhook_retry_queue",
    );
    assert_eq!(queue, "1|completed|2|3");
    let detail = find(&connection, &id).unwrap().unwrap();
    assert_eq!(detail.summary.status, Status::Delivered);
    assert_eq!(detail.attempts.len(), 3);
}

#[test]
fn exhaustion_is_worded_as_promised_and_a_resend_opens_the_same_rows() {
    let (_directory, connection) = database();
    let id = accept_one(&connection, "employee.created", at(0));
    let mut now = at(0);
    let mut attempts = 0;
    while let Some(taken) = due_now(&connection, now).pop() {
        settle(
            &connection,
            &taken,
            &attempted(Outcome::Failed, now, 5),
            &policy(),
        )
        .unwrap();
        attempts += 1;
        now = next_due(&connection, "default", now)
            .unwrap()
            .unwrap_or(now.after(Duration::from_hours(9)));
    }
    assert_eq!(attempts, 4);
    let status = |connection: &Connection| find(connection, &id).unwrap().unwrap().summary.status;
    assert_eq!(status(&connection), Status::Exhausted);
    let words = text(
        &connection,
        "SELECT concat_ws('|', l.error_message, l.status, q.status, q.last_error, q.retry_attempt, q.max_retries)
           FROM webhook_send_logs l JOIN webhook_retry_queue q ON q.original_log_id = l.id",
    );
    assert_eq!(
        words,
        format!("{LOG_EXHAUSTED}|failed|failed|{QUEUE_EXHAUSTED}|3|3")
    );

    assert_eq!(
        resend::one(&connection, &id, &policy(), &Routing::default(), now).unwrap(),
        Resend::Opened
    );
    assert_eq!(status(&connection), Status::Retrying);
    let taken = due_now(&connection, now).pop().unwrap();
    assert_eq!(taken.attempt, 5);
    mark_processing(&connection, &taken.id, now).unwrap();
    let settled = settle(
        &connection,
        &taken,
        &attempted(Outcome::Failed, now, 5),
        &policy(),
    )
    .unwrap();
    assert_eq!(
        settled.next_retry_at,
        Some(now.after(Duration::from_millis(60_005))),
        "a fresh budget"
    );
    let taken = due_now(&connection, at(99_999_999)).pop().unwrap();
    settle(
        &connection,
        &taken,
        &attempted(Outcome::Success, at(99_999_999), 5),
        &policy(),
    )
    .unwrap();
    assert_eq!(status(&connection), Status::Delivered);
    assert_eq!(
        count(&connection, "SELECT count(*) FROM webhook_send_logs"),
        1
    );
    assert_eq!(
        count(&connection, "SELECT count(*) FROM webhook_retry_queue"),
        1
    );
    assert_eq!(
        count(&connection, "SELECT retry_count FROM webhook_send_logs"),
        5
    );
}

#[test]
fn a_delivered_event_can_be_sent_again_and_an_unsent_one_waits_anyway() {
    let (_directory, connection) = database();
    let id = accept_one(&connection, "employee.created", at(0));
    assert_eq!(
        resend::one(&connection, &id, &policy(), &Routing::default(), at(1)).unwrap(),
        Resend::Waiting
    );
    assert_eq!(
        resend::one(&connection, "nobody", &policy(), &Routing::default(), at(1)).unwrap(),
        Resend::Unknown
    );
    let taken = due_now(&connection, at(1)).pop().unwrap();
    settle(
        &connection,
        &taken,
        &attempted(Outcome::Success, at(1), 5),
        &policy(),
    )
    .unwrap();
    assert_eq!(
        resend::one(&connection, &id, &policy(), &Routing::default(), at(9)).unwrap(),
        Resend::Opened
    );
    let taken = due_now(&connection, at(9)).pop().unwrap();
    assert_eq!(taken.attempt, 2);
    settle(
        &connection,
        &taken,
        &attempted(Outcome::Success, at(9), 5),
        &policy(),
    )
    .unwrap();
    assert_eq!(
        find(&connection, &id).unwrap().unwrap().summary.status,
        Status::Delivered
    );
}

#[test]
fn a_resend_while_a_retry_is_under_way_gives_a_fresh_budget_and_no_second_send() {
    let (_directory, connection) = database();
    let id = accept_one(&connection, "employee.created", at(0));
    let first = due_now(&connection, at(0)).pop().unwrap();
    settle(
        &connection,
        &first,
        &attempted(Outcome::Failed, at(0), 0),
        &policy(),
    )
    .unwrap();
    let retry = due_now(&connection, at(60_000)).pop().unwrap();
    mark_processing(&connection, &id, at(60_000)).unwrap();
    resend::one(&connection, &id, &policy(), &Routing::default(), at(60_001)).unwrap();
    assert_eq!(
        text(&connection, "SELECT status FROM webhook_retry_queue"),
        "processing"
    );
    let settled = settle(
        &connection,
        &retry,
        &attempted(Outcome::Failed, at(60_000), 10),
        &policy(),
    )
    .unwrap();
    assert_eq!(
        settled.next_retry_at,
        Some(at(120_010)),
        "the first wait of a new round"
    );
}

#[test]
fn what_a_crash_left_under_way_is_pending_again() {
    let (_directory, connection) = database();
    let id = accept_one(&connection, "employee.created", at(0));
    let first = due_now(&connection, at(0)).pop().unwrap();
    settle(
        &connection,
        &first,
        &attempted(Outcome::Failed, at(0), 0),
        &policy(),
    )
    .unwrap();
    mark_processing(&connection, &id, at(60_000)).unwrap();
    recover(&connection, at(70_000)).unwrap();
    assert_eq!(
        text(&connection, "SELECT status FROM webhook_retry_queue"),
        "pending"
    );
    assert_eq!(due_now(&connection, at(70_000)).len(), 1, "and due at once");
}

#[test]
fn a_key_is_a_guard_and_a_batch_is_all_or_none() {
    let (_directory, mut connection) = database();
    let first = accept(&connection, &[submission("a", Some(("k", 1)))], at(0)).unwrap();
    let again = accept(&connection, &[submission("a", Some(("k", 1)))], at(1)).unwrap();
    assert_eq!(again[0].id, first[0].id);
    assert_eq!(again[0].fresh, None, "it is on its way already");
    // Whoever is handed the event sends what one sends who finds it in the store.
    let fresh = first[0].fresh.clone().unwrap();
    assert_eq!(due_now(&connection, at(1)), [fresh.due]);
    let transaction = connection.transaction().unwrap();
    let refused = accept(
        &transaction,
        &[submission("b", None), submission("a", Some(("k", 2)))],
        at(2),
    );
    assert!(matches!(
        refused,
        Err(AcceptError::KeyConflict { index: 1 })
    ));
    drop(transaction);
    assert_eq!(count(&connection, "SELECT count(*) FROM events"), 1);
}

#[test]
fn due_deliveries_come_in_order_and_without_those_in_hand() {
    let (_directory, connection) = database();
    let ids: Vec<String> = (0..5)
        .map(|n| accept_one(&connection, "a", at(n / 2)))
        .collect();
    let all = due_now(&connection, at(9));
    assert_eq!(all.iter().map(|d| d.id.clone()).collect::<Vec<_>>(), ids);
    let in_hand = HashSet::from([all[0].seq, all[2].seq]);
    let rest = due(&connection, "default", at(9), &in_hand, 2).unwrap();
    assert_eq!(
        rest.due.iter().map(|d| &d.id).collect::<Vec<_>>(),
        [&ids[1], &ids[3]]
    );
    assert!(rest.more);
    let other = due(&connection, "other", at(9), &in_hand, 9).unwrap();
    assert_eq!(other, Found::default());
    assert_eq!(
        due_now(&connection, at(0)).len(),
        2,
        "the others are not due yet"
    );
}

#[test]
fn pages_cover_everything_once_newest_first() {
    let (_directory, connection) = database();
    let mut ids: Vec<String> = (0..7)
        .map(|n| accept_one(&connection, "a", at(n)))
        .collect();
    ids.reverse();
    let mut seen = Vec::new();
    let mut before = None;
    loop {
        let page = list(&connection, &Filter::default(), before, 3).unwrap();
        seen.extend(page.items.into_iter().map(|event| event.id));
        before = page.next;
        if before.is_none() {
            break;
        }
    }
    assert_eq!(seen, ids);
    let filter = Filter {
        since: Some(at(2)),
        until: Some(at(4)),
        staff_id: Some("EMP-1".to_owned()),
        ..Filter::default()
    };
    assert_eq!(list(&connection, &filter, None, 50).unwrap().items.len(), 3);
}

#[test]
fn a_database_of_a_newer_version_is_refused_and_left_alone() {
    let directory = tempfile::tempdir().unwrap();
    let store = Store::open(directory.path(), at(0)).unwrap();
    let path = store.path().to_owned();
    drop(store);
    let connection = Connection::open(&path).unwrap();
    connection
        .execute(
            "INSERT INTO refinery_schema_history (version, name, applied_on, checksum) VALUES (99, 'x', '', '0')",
            [],
        )
        .unwrap();
    drop(connection);
    assert!(matches!(
        inspect(directory.path()),
        Err(OpenError::Newer { found: 99, .. })
    ));
}

#[tokio::test]
async fn a_command_that_fails_leaves_nothing_and_disturbs_nobody() {
    let directory = tempfile::tempdir().unwrap();
    let store = Store::open(directory.path(), at(0)).unwrap();
    let good = store.write(|c| accept(c, &[submission("good", None)], at(0)));
    let bad = store.write(|c| {
        accept(c, &[submission("bad", None)], at(0))?;
        Err::<(), _>(AcceptError::KeyConflict { index: 0 })
    });
    let (good, bad) = tokio::join!(good, bad);
    assert!(good.is_ok());
    assert!(matches!(bad, Err(AcceptError::KeyConflict { .. })));
    let types = store
        .read(|c| Ok(text(c, "SELECT group_concat(event_type) FROM events")))
        .await;
    assert_eq!(types.unwrap(), "good");
    store.clone().close().await;
    let late: Result<(), StoreError> = store.write(|_| Ok(())).await;
    assert!(matches!(late, Err(StoreError::Closing)));
}

#[tokio::test]
async fn a_second_store_in_one_directory_is_refused_and_names_the_holder() {
    let directory = tempfile::tempdir().unwrap();
    let first = Store::open(directory.path(), at(0)).unwrap();
    let Err(OpenError::Locked { holder, .. }) = Store::open(directory.path(), at(0)) else {
        panic!("two stores in one directory");
    };
    assert_eq!(holder, std::process::id().to_string());
    first.close().await;
    assert!(Store::open(directory.path(), at(0)).is_ok());
}

#[test]
fn no_query_scans_a_table_where_an_index_is_meant() {
    let (_directory, connection) = database();
    let in_an_index_alone = [
        "SELECT event_seq FROM outbox WHERE route = 'default' AND due_at <= '2026'
          ORDER BY due_at, event_seq LIMIT 10",
        "SELECT event_type, sum(sent) FROM send_counts
          WHERE slot BETWEEN 'hour 2025' AND 'hour 2026' AND ('a' IS NULL OR event_type = 'a')
          GROUP BY event_type",
        "SELECT max(slot) FROM send_counts
          WHERE slot BETWEEN 'hour 2025' AND 'hour 2026' AND ('a' IS NULL OR event_type = 'a')",
        "SELECT interview_type, sum(scheduled) FROM interview_counts
          WHERE facility = '' AND department = 'a' AND slot BETWEEN 'day 2025' AND 'day 2026'
          GROUP BY interview_type",
    ];
    for sql in in_an_index_alone {
        let mut statement = connection
            .prepare(&format!("EXPLAIN QUERY PLAN {sql}"))
            .unwrap();
        let first: String = statement.query_row([], |row| row.get(3)).unwrap();
        let in_order = first.contains("COVERING INDEX") || first.contains("PRIMARY KEY");
        assert!(first.starts_with("SEARCH") && in_order, "{sql}\n{first}");
    }
    for sql in [
        "SELECT event_type, count(*), sum(status = 'success') FROM webhook_send_logs
          WHERE sent_at BETWEEN '2025' AND '2026' AND (NULL IS NULL OR event_type = NULL)
          GROUP BY event_type",
        "SELECT max(sent_at) FROM webhook_send_logs
          WHERE sent_at BETWEEN '2025' AND '2026' AND ('a' IS NULL OR event_type = 'a')",
        "SELECT e.id FROM events e LEFT JOIN webhook_send_logs l ON l.id = e.id WHERE e.seq = 1",
        "SELECT min(due_at) FROM outbox WHERE route = 'default' AND due_at > '2026'",
    ] {
        let mut statement = connection
            .prepare(&format!("EXPLAIN QUERY PLAN {sql}"))
            .unwrap();
        let plan: Vec<String> = statement
            .query_map([], |row| row.get(3))
            .unwrap()
            .collect::<rusqlite::Result<_>>()
            .unwrap();
        for step in plan {
            let scans = step.starts_with("SCAN") && !step.contains("INDEX");
            assert!(!scans, "{sql}\n{step}");
        }
    }
}

/// One step of a random history.
#[derive(Clone, Debug)]
enum Step {
    Accept(u8),
    Attempt(Outcome, u16),
    Resend(usize),
    Wait(u32),
    /// The wall clock is set, by so many milliseconds.
    SetClock(i32),
    Purge(u32),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let outcome = prop_oneof![
        3 => Just(Outcome::Success),
        3 => Just(Outcome::Failed),
        2 => Just(Outcome::Timeout),
    ];
    let step = prop_oneof![
        4 => (0_u8..3).prop_map(Step::Accept),
        8 => (outcome, 0_u16..2000).prop_map(|(outcome, took)| Step::Attempt(outcome, took)),
        1 => (0_usize..20).prop_map(Step::Resend),
        // Within a minute, and for hours.
        3 => prop_oneof![0_u32..20_000, 0_u32..40_000_000].prop_map(Step::Wait),
        1 => (-90_000_000_i32..90_000_000).prop_map(Step::SetClock),
        1 => (0_u32..80_000_000).prop_map(Step::Purge),
    ];
    prop::collection::vec(step, 1..60)
}

/// What the statistics have to know of a delivery, kept the simple way.
struct Model {
    event_type: String,
    attempts: Vec<(Outcome, u64)>,
    sent_at: Option<Timestamp>,
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn statistics_equal_a_count_by_hand_over_random_histories(
        history in steps(),
        period_ms in prop_oneof![0_u32..180_000, 0_u32..100_000_000],
        until_ms in 0_u32..90_000,
    ) {
        let (_directory, connection) = database();
        let mut now = at(0);
        let mut models: BTreeMap<String, Model> = BTreeMap::new();
        let mut order = Vec::new();
        for step in history {
            match step {
                Step::Accept(kind) => {
                    let event_type = format!("type.{kind}");
                    let id = accept_one(&connection, &event_type, now);
                    order.push(id.clone());
                    models.insert(id, Model { event_type, attempts: Vec::new(), sent_at: None });
                }
                Step::Attempt(outcome, took) => {
                    let Some(taken) = due_now(&connection, now).into_iter().next() else { continue };
                    let took = u64::from(took);
                    settle(&connection, &taken, &attempted(outcome, now, took), &policy()).unwrap();
                    let model = models.get_mut(&taken.id).unwrap();
                    model.sent_at.get_or_insert(now);
                    model.attempts.push((outcome, took));
                    prop_assert_eq!(taken.attempt as usize, model.attempts.len());
                }
                Step::Resend(which) => {
                    if let Some(id) = order.get(which) {
                        resend::one(&connection, id, &policy(), &Routing::default(), now).unwrap();
                    }
                }
                Step::Wait(milliseconds) => now = now.after(Duration::from_millis(milliseconds.into())),
                Step::SetClock(milliseconds) => {
                    now = Timestamp::from_unix_ms(now.unix_ms() + i64::from(milliseconds));
                    shift(&connection, "default", milliseconds.into()).unwrap();
                }
                Step::Purge(milliseconds) => {
                    let before = now.before(Duration::from_millis(milliseconds.into()));
                    purge::step(&connection, before, 0).unwrap();
                    models.retain(|id, _| find(&connection, id).unwrap().is_some());
                }
            }
        }
        let to = now.before(Duration::from_millis(until_ms.into()));
        let from = to.before(Duration::from_millis(period_ms.into()));
        let stats = sends(&connection, from, to, None).unwrap();
        let counted: Vec<&Model> = models
            .values()
            .filter(|m| m.sent_at.is_some_and(|sent| (from..=to).contains(&sent)))
            .collect();
        let last = |m: &Model| m.attempts.last().copied().unwrap();
        let with = |outcome| counted.iter().filter(|m| last(m).0 == outcome).count() as u64;
        prop_assert_eq!(stats.total.sent, counted.len() as u64);
        prop_assert_eq!(stats.total.succeeded, with(Outcome::Success));
        prop_assert_eq!(stats.total.failed, with(Outcome::Failed));
        prop_assert_eq!(stats.total.timeout, with(Outcome::Timeout));
        prop_assert_eq!(stats.total.retried, counted.iter().filter(|m| m.attempts.len() > 1).count() as u64);
        prop_assert_eq!(stats.last_sent_at, counted.iter().filter_map(|m| m.sent_at).max());
        for (event_type, counts) in &stats.by_type {
            let of_type: Vec<_> = counted.iter().filter(|m| &m.event_type == event_type).collect();
            prop_assert_eq!(counts.sent, of_type.len() as u64);
            prop_assert!(counts.sent > 0);
            let times: Vec<u64> = of_type.iter().map(|m| last(m)).filter(|l| l.0 == Outcome::Success).map(|l| l.1).collect();
            let mean = if times.is_empty() { 0.0 } else { times.iter().sum::<u64>() as f64 / times.len() as f64 };
            prop_assert_eq!(counts.mean_successful_ms(), (mean + 0.5).floor() as u64);
            let filtered = sends(&connection, from, to, Some(event_type)).unwrap();
            prop_assert_eq!(&filtered.total, counts);
        }
        // Each delivery has one log row, at most one queue row, and stands in the outbox exactly
        // while it is open.
        let mut queue = QueueCounts::default();
        for (id, model) in &models {
            let status = find(&connection, id).unwrap().unwrap().summary.status;
            match status {
                Status::Accepted => prop_assert!(model.attempts.is_empty()),
                Status::Delivered => prop_assert_eq!(last(model).0, Outcome::Success),
                Status::Exhausted => prop_assert_ne!(last(model).0, Outcome::Success),
                Status::Retrying => prop_assert!(!model.attempts.is_empty()),
            }
            match status {
                Status::Retrying => queue.pending += 1,
                Status::Exhausted => queue.failed += 1,
                Status::Delivered if model.attempts.len() > 1 => queue.completed += 1,
                _ => {}
            }
        }
        prop_assert_eq!(stats.queue, queue);
        prop_assert_eq!(recount::differences(&connection).unwrap(), 0);
        let sent = models.values().filter(|m| m.sent_at.is_some()).count();
        prop_assert_eq!(count(&connection, "SELECT count(*) FROM webhook_send_logs"), sent as i64);
    }
}

#[test]
fn every_migration_keeps_the_rows_and_a_copy_of_the_database_as_it_was() {
    for version in 1..newest_known_version() {
        let directory = tempfile::tempdir().unwrap();
        let path = live_file(directory.path());
        make_directory(&directory.path().join("live")).unwrap();
        let mut connection = open_for_writing(&path).unwrap();
        migrations::migrations::runner()
            .set_target(refinery::Target::Version(version))
            .run(&mut connection)
            .unwrap();
        // Every table of the first version with a row, a failed delivery among them.
        connection
            .execute_batch(
                "INSERT INTO events VALUES (1, 'id-1', 'a.b', 'EMP-1', '2025-10-26T14:30:00.000Z',
                                            '2025-10-26T14:30:00.000Z', 'default', '{}');
                 INSERT INTO outbox VALUES (1, 'default', '2025-10-26T14:31:00.000Z', 1);
                 INSERT INTO attempts (seq, event_seq, attempt, started_at, outcome,
                                       http_status_code, processing_time, error_message)
                 VALUES (1, 1, 1, '2025-10-26T14:30:00.000Z', 'failed', 503, 5, 'HTTP 503');
                 INSERT INTO webhook_send_logs VALUES ('id-1', 'a.b', '2025-10-26T14:30:00.000Z',
                     '2025-10-26T14:30:00.000Z', 'EMP-1', 'id-1', 2, 'failed', 503, 5, 'HTTP 503', 0,
                     NULL, NULL, '2025-10-26T14:30:00.000Z');
                 INSERT INTO webhook_retry_queue VALUES ('id-1', 'id-1', 'a.b', '{}', 0, 3,
                     '2025-10-26T14:31:00.000Z', 'pending', 'HTTP 503', '2025-10-26T14:30:00.000Z',
                     '2025-10-26T14:30:00.000Z');
                 INSERT INTO idempotency_keys VALUES ('key', zeroblob(32), 'id-1',
                     '2025-10-26T14:30:00.000Z');
                 INSERT INTO tokens VALUES ('jti', 's', 'stats:read', NULL, NULL, NULL);",
            )
            .unwrap();
        if version >= 3 {
            connection
                .execute_batch(
                    "INSERT INTO interviews (id, employee_id, interview_type, interview_date,
                         interview_status, created_at, updated_at)
                     VALUES ('int-1', 'EMP-1', 'regular', '2025-10-26T14:30:00.000Z', 'completed',
                             '2025-10-26T14:30:00.000Z', '2025-10-26T14:30:00.000Z')",
                )
                .unwrap();
        }
        if version >= 6 {
            // The program counts interviews, which came without it here.
            recount::repair(&connection).unwrap();
        }
        drop(connection);
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap();
        let store = Store::open(directory.path(), at(0)).unwrap();
        runtime.block_on(store.close());
        let connection = readers::open_for_reading(&path).unwrap();
        assert_eq!(schema_version(&connection).unwrap(), newest_known_version());
        for table in [
            "events",
            "outbox",
            "attempts",
            "webhook_send_logs",
            "webhook_retry_queue",
            "idempotency_keys",
            "tokens",
        ] {
            let rows = count(&connection, &format!("SELECT count(*) FROM {table}"));
            assert_eq!(rows, 1, "{table} from version {version}");
        }
        let interviews = count(&connection, "SELECT count(*) FROM interviews");
        assert_eq!(interviews, i64::from(version >= 3));
        assert_eq!(
            count(&connection, "SELECT count(*) FROM pragma_foreign_key_check"),
            0
        );
        let copy = directory
            .path()
            .join(format!("relay-before-migration-{version}.db"));
        assert_eq!(snapshot::verify(&copy).unwrap().events, 1);
        assert_eq!(recount::differences(&connection).unwrap(), 0);
    }
}
