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

use super::arrangement::arrange;
use super::attempts::record;
use super::bulk_resend::candidates;
use super::connection::open_for_writing;
use super::dismissals::dismiss_event;
use super::event_ids::{shortened, that_begin};
use super::event_lookup::{count as count_matching, find, list};
use super::events::accept;
use super::file::inspect::inspect;
use super::file::live_file;
use super::file::version::migrate;
use super::outbox::{begin, due, recover};
use super::queue_row::{LOG_EXHAUSTED, QUEUE_EXHAUSTED};
use super::relay_time::Now;
use super::resend::{Rules, resend};
use super::send_breakdown::break_down;
use super::send_stats::sends;
use super::*;
use crate::attempt::{AttemptResult, Attempted, Outcome};
use crate::audit::{Action, Actor};
use crate::cause::Cause;
use crate::dismissal::EventDismissal;
use crate::due::DueDelivery;
use crate::event::{NewEvent, Status};
use crate::event_record::EventFilter;
use crate::incident::Thresholds;
use crate::resend::Resend;
use crate::retry::RetryPolicy;
use crate::route::Routing;
use crate::send_breakdown::{BreakdownQuestion, By};
use crate::send_stats::{QueueCounts, SendFilter};
use crate::submission::{Idempotency, Submission};
use crate::timestamp::Timestamp;
use crate::zone::Zone;

pub(super) fn database() -> (TempDir, Connection) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("relay.db");
    let mut connection = open_for_writing(&path).unwrap();
    migrate(&mut connection, &path).unwrap();
    // All of these events are of one person, and most of these tests are about what is due at the same time.
    let without_order = ["default".to_owned()].into();
    arrange(&connection, &without_order, when(0)).unwrap();
    (directory, connection)
}

/// The same, where one event of a person is due after the other.
pub(super) fn ordered_database() -> (TempDir, Connection) {
    let (directory, connection) = database();
    arrange(&connection, &[].into(), when(0)).unwrap();
    (directory, connection)
}

/// Sends an event again, with its tail.
pub(super) fn again(connection: &Connection, id: &str, now: Now) -> Resend {
    let rules = Rules {
        policy: &policy(),
        routing: &Routing::default(),
        only: false,
    };
    resend(connection, id, rules, now).unwrap().resend
}

pub(super) fn at(milliseconds: i64) -> Timestamp {
    Timestamp::from_unix_ms(1_761_489_000_000 + milliseconds)
}

/// The same moment, by a wall clock that was never set.
pub(super) fn when(milliseconds: i64) -> Now {
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

pub(super) fn policy() -> RetryPolicy {
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

fn accept_one(connection: &Connection, event_type: &str, now: Now) -> String {
    let accepted = accept(connection, &[submission(event_type, None)], now).unwrap();
    accepted[0].id.clone()
}

pub(super) fn attempted(outcome: Outcome, started_at: Timestamp, took_ms: u64) -> Attempted {
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
pub(super) fn settle(
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

pub(super) fn due_now(connection: &Connection, now: Now) -> Vec<DueDelivery> {
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
fn sqlite_is_built_as_it_should_be() {
    let connection = Connection::open_in_memory().unwrap();
    let missing = super::connection::missing_build_options(&connection).unwrap();
    assert_eq!(missing, Vec::<&str>::new());
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
fn a_delivery_that_fails_twice_has_one_log_row_and_one_queue_row() {
    let (_directory, connection) = database();
    let id = accept_one(&connection, "employee.created", when(0));
    for (number, (outcome, now)) in [
        (Outcome::Failed, at(0)),
        (Outcome::Timeout, at(60_010)),
        (Outcome::Success, at(360_100)),
    ]
    .into_iter()
    .enumerate()
    {
        let taken = due_now(&connection, Now::at(now));
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
    assert!(due_now(&connection, when(999_999_999)).is_empty());
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
    let detail = find(&connection, &id, when(0)).unwrap().unwrap();
    assert_eq!(detail.summary.status, Status::Delivered);
    assert_eq!(detail.attempts.len(), 3);
}

#[test]
fn exhaustion_is_worded_as_promised_and_a_resend_opens_the_same_rows() {
    let (_directory, connection) = database();
    let id = accept_one(&connection, "employee.created", when(0));
    let mut now = at(0);
    let mut attempts = 0;
    while let Some(taken) = due_now(&connection, Now::at(now)).pop() {
        settle(
            &connection,
            &taken,
            &attempted(Outcome::Failed, now, 5),
            &policy(),
        )
        .unwrap();
        attempts += 1;
        let next_in = due(&connection, "default", Now::at(now), &HashSet::new(), 1)
            .unwrap()
            .next_in;
        now = now.after(next_in.unwrap_or(Duration::from_hours(9)));
    }
    assert_eq!(attempts, 4);
    let status = |connection: &Connection| {
        find(connection, &id, when(0))
            .unwrap()
            .unwrap()
            .summary
            .status
    };
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

    assert_eq!(again(&connection, &id, Now::at(now)), Resend::Opened);
    assert_eq!(status(&connection), Status::Retrying);
    let taken = due_now(&connection, Now::at(now)).pop().unwrap();
    assert_eq!(taken.attempt, 5);
    assert!(begin(&connection, taken.seq, &taken.id, Now::at(now)).unwrap());
    let settled = settle(
        &connection,
        &taken,
        &attempted(Outcome::Failed, now, 5),
        &policy(),
    )
    .unwrap();
    assert_eq!(
        settled.retry.map(|retry| retry.wall),
        Some(now.after(Duration::from_millis(60_005))),
        "a fresh budget"
    );
    let taken = due_now(&connection, when(99_999_999)).pop().unwrap();
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
    let id = accept_one(&connection, "employee.created", when(0));
    assert_eq!(again(&connection, &id, when(1)), Resend::Waiting);
    assert_eq!(again(&connection, "nobody", when(1)), Resend::Unknown);
    let taken = due_now(&connection, when(1)).pop().unwrap();
    settle(
        &connection,
        &taken,
        &attempted(Outcome::Success, at(1), 5),
        &policy(),
    )
    .unwrap();
    assert_eq!(again(&connection, &id, when(9)), Resend::Opened);
    let taken = due_now(&connection, when(9)).pop().unwrap();
    assert_eq!(taken.attempt, 2);
    settle(
        &connection,
        &taken,
        &attempted(Outcome::Success, at(9), 5),
        &policy(),
    )
    .unwrap();
    assert_eq!(
        find(&connection, &id, when(0))
            .unwrap()
            .unwrap()
            .summary
            .status,
        Status::Delivered
    );
}

#[test]
fn a_resend_while_a_retry_is_under_way_gives_a_fresh_budget_and_no_second_send() {
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
    let retry = due_now(&connection, when(60_000)).pop().unwrap();
    assert!(begin(&connection, 1, &id, when(60_000)).unwrap());
    let found = again(&connection, &id, when(60_001));
    assert_eq!(found, Resend::UnderWay, "a person is told");
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
        settled.retry.map(|retry| retry.wall),
        Some(at(120_010)),
        "the first wait of a new round"
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
fn a_key_is_a_guard_and_a_batch_is_all_or_none() {
    let (_directory, mut connection) = database();
    let first = accept(&connection, &[submission("a", Some(("k", 1)))], when(0)).unwrap();
    let again = accept(&connection, &[submission("a", Some(("k", 1)))], when(1)).unwrap();
    assert_eq!(again[0].id, first[0].id);
    assert_eq!(again[0].due, None, "it is on its way already");
    // Whoever is handed the event sends what one sends who finds it in the store.
    let new = first[0].due.clone().unwrap();
    assert_eq!(due_now(&connection, when(1)), [new]);
    let transaction = connection.transaction().unwrap();
    let refused = accept(
        &transaction,
        &[submission("b", None), submission("a", Some(("k", 2)))],
        when(2),
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

#[test]
fn pages_cover_everything_once_newest_first() {
    let (_directory, connection) = database();
    let mut ids: Vec<String> = (0..7)
        .map(|n| accept_one(&connection, "a", when(n)))
        .collect();
    ids.reverse();
    let mut seen = Vec::new();
    let mut before = None;
    loop {
        let page = list(&connection, &EventFilter::default(), before, 3, when(9)).unwrap();
        seen.extend(page.items.into_iter().map(|event| event.id));
        before = page.next;
        if before.is_none() {
            break;
        }
    }
    assert_eq!(seen, ids);
    let filter = EventFilter {
        since: Some(at(2)),
        until: Some(at(4)),
        staff_id: Some("EMP-1".to_owned()),
        ..EventFilter::default()
    };
    assert_eq!(
        list(&connection, &filter, None, 50, when(9))
            .unwrap()
            .items
            .len(),
        3
    );
}

#[test]
fn a_database_of_a_newer_version_is_refused_and_left_alone() {
    let directory = tempfile::tempdir().unwrap();
    let store = Store::open(directory.path(), moment()).unwrap();
    let path = store.file().path().to_owned();
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

#[tokio::test]
async fn a_second_store_in_one_directory_is_refused_and_names_the_holder() {
    let directory = tempfile::tempdir().unwrap();
    let first = Store::open(directory.path(), moment()).unwrap();
    let Err(OpenError::Locked { holder, .. }) = Store::open(directory.path(), moment()) else {
        panic!("two stores in one directory");
    };
    assert_eq!(holder, std::process::id().to_string());
    first.close(moment()).await;
    assert!(Store::open(directory.path(), moment()).is_ok());
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
    /// A person gives up one that is exhausted.
    Dismiss(usize),
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
        2 => (0_usize..20).prop_map(Step::Dismiss),
    ];
    prop::collection::vec(step, 1..60)
}

/// The moment so many milliseconds later.
fn passed(now: Now, milliseconds: u64) -> Now {
    let span = Duration::from_millis(milliseconds);
    Now::of(now.wall.after(span), now.axis_after(span))
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
        let mut now = when(0);
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
                    let result = attempted(outcome, now.wall, took);
                    let ended = passed(now, took);
                    record(&connection, &taken, &result, &policy(), ended).unwrap();
                    let model = models.get_mut(&taken.id).unwrap();
                    model.sent_at.get_or_insert(now.wall);
                    model.attempts.push((outcome, took));
                    prop_assert_eq!(taken.attempt as usize, model.attempts.len());
                }
                Step::Resend(which) => {
                    if let Some(id) = order.get(which) {
                        again(&connection, id, now);
                    }
                }
                Step::Wait(milliseconds) => now = passed(now, milliseconds.into()),
                Step::SetClock(milliseconds) => {
                    let wall = Timestamp::from_unix_ms(now.wall.unix_ms() + i64::from(milliseconds));
                    now = Now::of(wall, now.axis_ms);
                }
                Step::Dismiss(which) => {
                    let Some(id) = order.get(which).filter(|id| models.contains_key(*id)) else { continue };
                    let status = |id: &str| find(&connection, id, when(0)).unwrap().unwrap().summary.status;
                    let before = status(id);
                    dismiss_event(&connection, id, now).unwrap();
                    let exhausted = matches!(before, Status::Exhausted | Status::Dismissed);
                    prop_assert_eq!(status(id), if exhausted { Status::Dismissed } else { before });
                }
                Step::Purge(milliseconds) => {
                    let before = now.wall.before(Duration::from_millis(milliseconds.into()));
                    purge::purge(&connection, before, 0).unwrap();
                    models.retain(|id, _| find(&connection, id, when(0)).unwrap().is_some());
                }
            }
        }
        let to = now.wall.before(Duration::from_millis(until_ms.into()));
        let from = to.before(Duration::from_millis(period_ms.into()));
        let period = SendFilter::period(from, to);
        let stats = sends(&connection, &period).unwrap();
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
            let of_type = SendFilter { event_type: Some(event_type.clone()), ..period.clone() };
            let filtered = sends(&connection, &of_type).unwrap();
            prop_assert_eq!(&filtered.total, counts);
        }
        for by in By::ALL {
            let zone = Zone::named("Asia/Kathmandu").unwrap();
            let question = BreakdownQuestion { from, to, by, zone, now: to };
            let broken_down = break_down(&connection, question).unwrap();
            prop_assert_eq!(&broken_down.total, &stats.total);
            let rows = broken_down.rows.iter().map(|(_, counts)| counts.sent);
            prop_assert_eq!(rows.sum::<u64>(), stats.total.sent);
        }
        let ended = kpis::ended_retries(&connection, from, to).unwrap();
        let retried = |m: &&&Model| m.attempts.len() > 1;
        let delivered = counted.iter().filter(retried).filter(|m| last(m).0 == Outcome::Success);
        prop_assert_eq!(ended.delivered, delivered.count() as u64);
        let given_up = models.iter().filter(|(id, m)| {
            let is_counted = m.sent_at.is_some_and(|sent| (from..=to).contains(&sent));
            let status = find(&connection, id, when(0)).unwrap().unwrap().summary.status;
            is_counted && matches!(status, Status::Exhausted | Status::Dismissed)
        });
        prop_assert_eq!(ended.given_up, given_up.count() as u64);
        // Each delivery has one log row, at most one queue row, and stands in the outbox exactly
        // while it is open.
        let mut queue = QueueCounts::default();
        for (id, model) in &models {
            let status = find(&connection, id, when(0)).unwrap().unwrap().summary.status;
            match status {
                Status::Accepted => prop_assert!(model.attempts.is_empty()),
                Status::Delivered => prop_assert_eq!(last(model).0, Outcome::Success),
                Status::Exhausted | Status::Dismissed => prop_assert_ne!(last(model).0, Outcome::Success),
                Status::Retrying => prop_assert!(!model.attempts.is_empty()),
            }
            match status {
                Status::Retrying => queue.pending += 1,
                Status::Exhausted => queue.failed += 1,
                Status::Dismissed => queue.dismissed += 1,
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

/// A database as the programs of before the first release wrote it.
fn write_database_of_before(path: &std::path::Path) {
    let connection = Connection::open(path).unwrap();
    connection
        .execute_batch(
            "CREATE TABLE refinery_schema_history (version INT4 PRIMARY KEY, name VARCHAR(255),
                 applied_on VARCHAR(255), checksum VARCHAR(255));
             INSERT INTO refinery_schema_history VALUES (9, 'checks_without_lists', '', '1');
             CREATE TABLE events (seq INTEGER PRIMARY KEY, id TEXT);",
        )
        .unwrap();
}

#[test]
fn a_database_of_before_the_first_release_is_recognised_and_left_alone() {
    let directory = tempfile::tempdir().unwrap();
    let path = live_file(directory.path());
    std::fs::create_dir(path.parent().unwrap()).unwrap();
    write_database_of_before(&path);
    let before = std::fs::read(&path).unwrap();
    assert!(matches!(
        Store::open(directory.path(), moment()),
        Err(OpenError::OfBefore { .. })
    ));
    assert!(matches!(
        inspect(directory.path()),
        Err(OpenError::OfBefore { .. })
    ));
    assert!(matches!(
        file::snapshot::verify(&path),
        Err(file::snapshot::SnapshotError::OfBefore { .. })
    ));
    assert_eq!(std::fs::read(&path).unwrap(), before);
}

#[test]
fn the_database_of_another_program_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let path = live_file(directory.path());
    std::fs::create_dir(path.parent().unwrap()).unwrap();
    let connection = Connection::open(&path).unwrap();
    connection.execute_batch("CREATE TABLE a (b)").unwrap();
    drop(connection);
    let refused = Store::open(directory.path(), moment()).err().unwrap();
    assert!(refused.to_string().contains("another program"), "{refused}");
}

/// A crash in the middle of a transaction leaves a journal, and only when that is undone can the database be
/// read.
#[test]
fn the_database_of_another_program_is_refused_after_its_crash_too() {
    let directory = tempfile::tempdir().unwrap();
    let path = live_file(directory.path());
    std::fs::create_dir(path.parent().unwrap()).unwrap();
    let other = directory.path().join("other.db");
    let connection = Connection::open(&other).unwrap();
    let rows = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000)
                INSERT INTO a SELECT i, hex(zeroblob(200)) FROM n";
    // So few pages in memory that the transaction writes into the file before it ends.
    connection
        .execute_batch("PRAGMA cache_size = 2; CREATE TABLE a (b, c)")
        .unwrap();
    connection.execute_batch(rows).unwrap();
    connection
        .execute_batch("BEGIN; UPDATE a SET b = 0")
        .unwrap();
    std::fs::copy(&other, &path).unwrap();
    let journal = |path: &Path| path.with_extension("db-journal");
    std::fs::copy(journal(&other), journal(&path)).unwrap();
    assert!(
        super::connection::open_for_reading(&path)
            .and_then(|connection| file::version::schema_version(&connection))
            .is_err(),
        "the journal is of no use to this test"
    );
    let refused = Store::open(directory.path(), moment()).err().unwrap();
    assert!(refused.to_string().contains("another program"), "{refused}");
    let connection = Connection::open(&path).unwrap();
    assert_eq!(count(&connection, "SELECT count(*) FROM sqlite_schema"), 1);
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
    purge::purge(&connection, at(1000), 0).unwrap();
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
async fn what_is_dismissed_is_in_no_resend_in_bulk_and_is_open_again_when_it_is_resent_by_its_id() {
    let directory = tempfile::tempdir().unwrap();
    let store = Store::open(directory.path(), moment()).unwrap();
    let never = RetryPolicy::new(Vec::new());
    let mut one = submission("a.b", None);
    one.event.staff_id = None;
    let submitted = vec![one.clone(), one];
    let accepted = store.accept_events(submitted, moment()).await.unwrap();
    let [dismissed, exhausted] = [0, 1].map(|n: usize| accepted[n].id.clone());
    let due = store.due_deliveries("default", HashSet::new(), 9, moment());
    for due in due.await.unwrap().due {
        let failed = attempted(Outcome::Failed, at(0), 1);
        let limits = Thresholds::default();
        let kept = store.record_attempt(due.into(), failed.into(), never.clone(), limits);
        kept.await.unwrap();
    }
    let status = async |id: &str| {
        let event = store.event(id, moment()).await.unwrap().unwrap();
        event.summary.status
    };
    let (all, routing) = (EventFilter::default(), Routing::default());
    let both = store.resend_candidates(&all, &routing, None).await.unwrap();
    let done = store
        .dismiss_event(&dismissed, somebody(), None, moment())
        .await
        .unwrap();
    assert_eq!(done, EventDismissal::Done);
    assert_eq!(status(&dismissed).await, Status::Dismissed);
    let everything = SendFilter::period(at(0), at(0));
    let queue = store.send_statistics(everything).await.unwrap().queue;
    assert_eq!((queue.failed, queue.dismissed), (1, 1));
    let totals = store.overview(moment()).await.unwrap().events;
    assert_eq!(
        (totals.exhausted, totals.dismissed, totals.delivered),
        (1, 1, 0)
    );
    // Whatever the filter, and though it was chosen before it was dismissed.
    for status in [None, Some(Status::Exhausted), Some(Status::Dismissed)] {
        let filter = EventFilter {
            status,
            ..EventFilter::default()
        };
        let page = store.resend_candidates(&filter, &routing, None).await;
        let page = page.unwrap();
        let ids: Vec<_> = page.events.into_iter().map(|event| event.id).collect();
        let expected = (status != Some(Status::Dismissed)).then(|| exhausted.clone());
        assert_eq!(ids, Vec::from_iter(expected), "{status:?}");
    }
    assert_eq!(both.events.len(), 2);
    let by = BulkRules {
        policy: policy(),
        routing: routing.clone(),
        only: false,
    };
    let action = somebody().did(Action::Resend, at(0));
    let mut bulk = store.bulk_resend(by, action, moment());
    bulk.open(both.events, moment()).await.unwrap();
    bulk.finish(moment()).await.unwrap();
    assert_eq!(status(&dismissed).await, Status::Dismissed);
    assert_eq!(status(&exhausted).await, Status::Retrying);
    let not_now = store
        .dismiss_event(&exhausted, somebody(), None, moment())
        .await
        .unwrap();
    assert_eq!(not_now, EventDismissal::NotExhausted);
    let resent = store.resend_event(&dismissed, policy(), routing, false, somebody(), moment());
    assert_eq!(resent.await.unwrap().resend, Resend::Opened);
    assert_eq!(status(&dismissed).await, Status::Retrying);
    let unknown = store
        .dismiss_event("nobody", somebody(), None, moment())
        .await
        .unwrap();
    assert_eq!(unknown, EventDismissal::Unknown);
}

#[test]
fn what_is_exhausted_is_listed_newest_first_page_by_page() {
    let (_directory, connection) = database();
    let never = RetryPolicy::new(Vec::new());
    let mut ids: Vec<String> = (0..5)
        .map(|ms| accept_one(&connection, "a", when(ms)))
        .collect();
    for due in due_now(&connection, when(9)) {
        let failed = attempted(Outcome::Failed, at(9), 1);
        settle(&connection, &due, &failed, &never).unwrap();
    }
    ids.reverse();
    let filter = EventFilter {
        status: Some(Status::Exhausted),
        ..EventFilter::default()
    };
    let first = list(&connection, &filter, None, 3, when(9)).unwrap();
    let second = list(&connection, &filter, first.next, 3, when(9)).unwrap();
    assert_eq!(second.next, None);
    let seen = first.items.into_iter().chain(second.items);
    assert_eq!(seen.map(|event| event.id).collect::<Vec<_>>(), ids);
}

#[test]
fn a_range_of_time_is_exact_though_the_clock_was_set() {
    let (_directory, connection) = database();
    let walls = [5000, 9000, 1000, 3000, 3000];
    let ids: Vec<String> = walls
        .iter()
        .map(|ms| accept_one(&connection, "a", when(*ms)))
        .collect();
    for (since, until, expected) in [
        (1000, 3000, vec![2, 3, 4]),
        (3000, 3000, vec![3, 4]),
        (3001, 5000, vec![0]),
    ] {
        let filter = EventFilter {
            since: Some(at(since)),
            until: Some(at(until)),
            ..EventFilter::default()
        };
        let mut found: Vec<_> = list(&connection, &filter, None, 9, when(0))
            .unwrap()
            .items
            .into_iter()
            .map(|event| ids.iter().position(|id| *id == event.id).unwrap())
            .collect();
        found.sort_unstable();
        assert_eq!(found, expected, "{since} {until}");
    }
}

#[test]
fn a_short_id_means_one_event_and_is_no_shorter_than_its_millisecond() {
    let (_directory, connection) = database();
    assert_eq!(shortened(&connection, "0199".to_owned()).unwrap(), "0199");
    let alone = accept_one(&connection, "a", when(1));
    let together: Vec<String> = (0..200)
        .map(|_| accept_one(&connection, "a", when(9)))
        .collect();
    assert_eq!(shortened(&connection, alone.clone()).unwrap(), alone[..13]);
    for id in together {
        let short = shortened(&connection, id.clone()).unwrap();
        assert!(short.len() > 13 && !short.ends_with('-'), "{short}");
        assert_eq!(that_begin(&connection, &short, 9).unwrap(), [id]);
    }
    assert_eq!(that_begin(&connection, &alone[..13], 9).unwrap(), [alone]);
    assert_eq!(that_begin(&connection, "01", 150).unwrap().len(), 150);
    assert_eq!(that_begin(&connection, "f", 9).unwrap().len(), 0);
}

#[test]
fn what_a_filter_matches_is_counted_up_to_a_bound() {
    let (_directory, connection) = database();
    for _ in 0..5 {
        accept_one(&connection, "a", when(1));
    }
    accept_one(&connection, "b", when(2));
    let of = |event_type: &str| EventFilter {
        event_type: Some(event_type.to_owned()),
        ..EventFilter::default()
    };
    let counted = |filter: &EventFilter, most| count_matching(&connection, filter, most).unwrap();
    assert_eq!(counted(&EventFilter::default(), 100), 6);
    assert_eq!((counted(&of("a"), 100), counted(&of("a"), 3)), (5, 3));
    let elsewhere = EventFilter {
        route: Some("elsewhere".to_owned()),
        ..EventFilter::default()
    };
    assert_eq!(counted(&elsewhere, 100), 0);
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
