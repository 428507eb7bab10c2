//! Fills the database of a stopped relay with what a long life would have left in it. Rows are
//! inserted plainly and name their columns, so that new columns have their defaults; then they are counted.

use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use rusqlite::{Connection, params};
use voicedrive_relay::testing::clock::Clock;
use voicedrive_relay::testing::store::Store;

const DAY: i64 = 24 * 60 * 60 * 1000;
/// Rows that one statement inserts, between two lines of progress.
const STRIDE: i64 = 500_000;

/// An id of a number, in the shape of a UUID of version 7.
const ID: &str = "printf('0192%04x-%04x-7000-8000-%012x', n >> 20, (n >> 4) & 65535, n)";
/// 95 of a hundred succeed, 3 fail, 2 time out.
const STATUS: &str =
    "CASE WHEN n % 100 < 95 THEN 'success' WHEN n % 100 < 98 THEN 'failed' ELSE 'timeout' END";
const KIND: &str = "'employee.updated_' || (n * 7 % 10)";

fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    i64::try_from(since.as_millis()).unwrap()
}

/// A moment in milliseconds as the relay writes it.
fn text(milliseconds: &str) -> String {
    format!("strftime('%Y-%m-%dT%H:%M:%fZ', ({milliseconds}) / 1000.0, 'unixepoch')")
}

/// Opens a database to fill it in one transaction, without the guards that make it slow.
fn fill(database: &Path, what: &str, work: impl FnOnce(&Connection)) {
    eprintln!("  seeding {what}");
    let connection = Connection::open(database).unwrap();
    connection
        .execute_batch(
            "PRAGMA synchronous = OFF; PRAGMA foreign_keys = OFF; PRAGMA cache_size = -400000;
             PRAGMA temp_store = MEMORY; BEGIN IMMEDIATE;",
        )
        .unwrap();
    work(&connection);
    connection
        .execute_batch("COMMIT; PRAGMA wal_checkpoint(TRUNCATE);")
        .unwrap();
    connection.close().unwrap();
    count(database);
}

/// Counts what was inserted, as the program itself does.
fn count(database: &Path) {
    let directory = database.parent().and_then(Path::parent).unwrap();
    let moment = Clock::System.moment();
    let store = Store::open(directory, moment).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    runtime.block_on(async {
        store.repair_counts().await.unwrap();
        store.close(moment).await;
    });
}

/// Runs a statement for each number `n` of a stride, with its moment `t` in milliseconds.
fn for_each(connection: &Connection, strides: &Strides, table: &str, rest: &str) {
    let Strides { first, last, .. } = *strides;
    let mut from = first;
    while from <= last {
        let to = last.min(from + STRIDE - 1);
        let sql = format!(
            "INSERT INTO {table} WITH RECURSIVE counted (n) AS
                 (SELECT ?1 UNION ALL SELECT n + 1 FROM counted WHERE n < ?2),
             timed AS (SELECT n, ?3 + (n - ?4) * ?5 / ?6 AS t, {STATUS} AS outcome FROM counted)
             {rest}"
        );
        connection
            .execute(
                &sql,
                params![
                    from,
                    to,
                    strides.start,
                    first,
                    strides.span,
                    last - first + 1
                ],
            )
            .unwrap();
        eprintln!("    {} {to} of {last}", table.split(' ').next().unwrap());
        from = to + 1;
    }
}

/// Numbers, and the span of time over which they are spread evenly.
struct Strides {
    first: i64,
    last: i64,
    start: i64,
    span: i64,
}

/// When deliveries were made.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Age {
    /// In the last 24 hours.
    Day,
    /// In the last 30 days, with the log and the queue only, which is all that the statistics could read, so that
    /// ten millions stay small. They begin a bit earlier and end a bit later, so that a question of the next
    /// minutes finds rows at both ends of its period.
    Month,
    /// In the last 90 days, with ids that say when, and a thousand about each person.
    Quarter,
    /// A year ago.
    Year,
}

impl Age {
    /// The id of a number.
    fn id(self) -> &'static str {
        match self {
            Self::Quarter => "printf('%08x-%04x-7000-8000-%012x', t >> 16, t & 65535, n)",
            Self::Day | Self::Month | Self::Year => ID,
        }
    }

    /// Whom the event of a number is about.
    fn staff(self) -> &'static str {
        match self {
            Self::Quarter => "'P-' || (n / 1000)",
            Self::Day | Self::Month | Self::Year => STAFF,
        }
    }
}

/// One of the persons of [`Age::Quarter`], each of whom has a thousand events.
pub fn person(number: u64) -> String {
    format!("P-{}", number + 1)
}

/// Ids of so many events that were delivered.
pub fn some_ids(database: &Path, count: i64) -> Vec<String> {
    let connection = Connection::open(database).unwrap();
    let sql = "SELECT id FROM webhook_send_logs WHERE status = 'success' ORDER BY id LIMIT ?1";
    let mut statement = connection.prepare(sql).unwrap();
    let ids = statement.query_map([count], |row| row.get(0)).unwrap();
    ids.collect::<Result<_, _>>().unwrap()
}

/// Deliveries that ended.
pub fn deliveries(database: &Path, first: i64, last: i64, age: Age) {
    let (before, after) = match age {
        Age::Day => (DAY - 120_000, 0),
        Age::Month => (30 * DAY + 3_600_000, 480_000),
        Age::Quarter => (90 * DAY, 0),
        Age::Year => (366 * DAY, -365 * DAY),
    };
    let (id, staff) = (age.id(), age.staff());
    let whole = age != Age::Month;
    let strides = Strides {
        first,
        last,
        start: now() - before,
        span: before + after,
    };
    let at = text("t");
    fill(
        database,
        &format!("{} deliveries", last - first + 1),
        |connection| {
            if whole {
                events(connection, &strides, (id, staff), &at);
            }
            for_each(
                connection,
                &strides,
                LOG,
                &format!(
                    "SELECT {id}, {KIND}, {at}, {at}, {staff}, {id}, 700, outcome,
                     CASE outcome WHEN 'success' THEN 200 WHEN 'failed' THEN 500 END,
                     5 + n % 40, iif(outcome = 'success', NULL, 'HTTP 500'),
                     iif(outcome = 'success', 0, 3), iif(outcome = 'success', NULL, {at}),
                     iif(outcome = 'success', '{{}}', NULL), {at}, 'default'
                 FROM timed"
                ),
            );
            for_each(
                connection,
                &strides,
                QUEUE,
                &format!(
                "SELECT {id}, {id}, {KIND}, '{{}}', 3, 3, {at}, 'failed', 'HTTP 500', {at}, {at}
                 FROM timed WHERE outcome <> 'success'"
            ),
            );
            if whole {
                // A success has one attempt, an exhausted delivery four.
                for_each(
                    connection,
                    &strides,
                    ATTEMPTS,
                    &format!(
                        "SELECT n, a, {at}, outcome,
                         CASE outcome WHEN 'success' THEN 200 WHEN 'failed' THEN 500 END,
                         5 + n % 40, iif(outcome = 'success', NULL, 'HTTP 500'),
                         iif(outcome = 'success', '{{\"success\":true}}', NULL)
                     FROM timed JOIN (SELECT 1 AS a UNION SELECT 2 UNION SELECT 3 UNION SELECT 4)
                       ON a = 1 OR outcome <> 'success'"
                    ),
                );
            }
            if age == Age::Year {
                // That they are so old, the relay knows by a milestone.
                let milestone = "INSERT INTO milestones (lived_ms, events, attempts, actions, comparisons)
                     SELECT ?1, (SELECT max(seq) FROM events), (SELECT max(seq) FROM attempts), 0, 0";
                connection.execute(milestone, [now() - 365 * DAY]).unwrap();
            }
        },
    );
}

const LOG: &str =
    "webhook_send_logs (id, event_type, event_timestamp, sent_at, staff_id, request_id,
    payload_size, status, http_status_code, processing_time, error_message, retry_count,
    last_retry_at, response_body, created_at, route)";
const QUEUE: &str = "webhook_retry_queue (id, original_log_id, event_type, payload, retry_attempt,
    max_retries, next_retry_at, status, last_error, created_at, updated_at)";
/// Each event is about another person.
const STAFF: &str = "'EMP-' || n";
const ATTEMPTS: &str = "attempts (event_seq, attempt, started_at, outcome, http_status_code,
    processing_time, error_message, response_body)";

fn events(connection: &Connection, strides: &Strides, (id, staff): (&str, &str), at: &str) {
    let pad = "x".repeat(600);
    for_each(
        connection,
        strides,
        "events (seq, id, event_type, staff_id, event_timestamp, accepted_at, route, data)",
        &format!(
            "SELECT n, {id}, {KIND}, {staff}, {at}, {at}, 'default',
                 '{{\"staffId\":\"EMP-1\",\"pad\":\"{pad}\"}}'
             FROM timed"
        ),
    );
}

/// Events whose first attempt failed and whose retry is due.
pub fn retries(database: &Path, count: i64) {
    let strides = Strides {
        first: 1,
        last: count,
        start: now() - 600_000,
        span: 300_000,
    };
    let (at, due) = (text("t"), text("t + 60000"));
    fill(
        database,
        &format!("{count} retries that are due"),
        |connection| {
            events(connection, &strides, (ID, STAFF), &at);
            for_each(
                connection,
                &strides,
                LOG,
                &format!(
                    "SELECT {ID}, {KIND}, {at}, {at}, {STAFF}, {ID}, 700, 'failed', 500, 12,
                     'HTTP 500', 0, NULL, NULL, {at}, 'default'
                 FROM timed"
                ),
            );
            for_each(
                connection,
                &strides,
                ATTEMPTS,
                &format!("SELECT n, 1, {at}, 'failed', 500, 12, 'HTTP 500', NULL FROM timed"),
            );
            for_each(
                connection,
                &strides,
                QUEUE,
                &format!(
                "SELECT {ID}, {ID}, {KIND}, '{{\"staffId\":\"EMP-1\"}}', 0, 3, {due}, 'pending',
                     'HTTP 500', {at}, {at}
                 FROM timed"
            ),
            );
            for_each(
                connection,
                &strides,
                "outbox (event_seq, route, staff_id, due_ms, attempts_in_round, place)",
                &format!("SELECT n, 'default', {STAFF}, t + 60000, 1, 1 FROM timed"),
            );
        },
    );
}

/// Events whose retries are used up, counted by one incident.
pub fn exhausted(database: &Path, count: i64) {
    let strides = Strides {
        first: 1,
        last: count,
        start: now() - 3_600_000,
        span: 300_000,
    };
    let at = text("t");
    fill(
        database,
        &format!("{count} exhausted deliveries of an incident"),
        |connection| {
            events(connection, &strides, (ID, STAFF), &at);
            for_each(
                connection,
                &strides,
                LOG,
                &format!(
                    "SELECT {ID}, {KIND}, {at}, {at}, {STAFF}, {ID}, 700, 'failed', 500, 12,
                     'HTTP 500', 3, {at}, NULL, {at}, 'default'
                 FROM timed"
                ),
            );
            for_each(
                connection,
                &strides,
                ATTEMPTS,
                &format!(
                    "SELECT n, a, {at}, 'failed', 500, 12, 'HTTP 500', NULL
                     FROM timed JOIN (SELECT 1 AS a UNION SELECT 2 UNION SELECT 3 UNION SELECT 4)"
                ),
            );
            for_each(
                connection,
                &strides,
                QUEUE,
                &format!(
                    "SELECT {ID}, {ID}, {KIND}, '{{\"staffId\":\"EMP-1\"}}', 3, 3, {at}, 'failed',
                     'HTTP 500', {at}, {at}
                 FROM timed"
                ),
            );
            let (opened, ms) = (text(&strides.start.to_string()), strides.start);
            connection
                .execute(
                    &format!(
                        "INSERT INTO incidents (id, kind, subject, opened_at, opened_ms, announced_at, finding)
                         VALUES ('0192-incident', 'deliveries_exhausted', 'default', {opened}, {ms}, {opened},
                             '{{\"found\":\"deliveries\",\"cause\":\"partner_error\",\"http_status\":500}}')"
                    ),
                    [],
                )
                .unwrap();
            for_each(
                connection,
                &strides,
                "incident_deliveries (event_seq, incident)",
                "SELECT n, 1 FROM timed",
            );
        },
    );
}

/// Interviews of two years around now.
pub fn interviews(database: &Path, count: i64) {
    let strides = Strides {
        first: 1,
        last: count,
        start: now() - 365 * DAY,
        span: 730 * DAY,
    };
    let at = text("t");
    fill(database, &format!("{count} interviews"), |connection| {
        for_each(
            connection,
            &strides,
            "interviews (id, employee_id, interview_type, interview_date, interview_status,
                 duration_minutes, facility_id, department_id, completed_at, created_at,
                 updated_at)",
            &format!(
                "SELECT 'INT-' || n, 'EMP-' || (n % 1000), 'type_' || (n % 5), {at}, status, 30,
                     'facility-' || (n % 3), 'department-' || (n / 3 % 10),
                     iif(status = 'completed', {at}, NULL), {at}, {at}
                 FROM (SELECT n, t, CASE n / 7 % 5 WHEN 0 THEN 'scheduled' WHEN 1 THEN 'completed'
                           WHEN 2 THEN 'cancelled' WHEN 3 THEN 'no_show' ELSE 'rescheduled' END
                           AS status FROM timed)"
            ),
        );
    });
}

/// How many attempts were made, and how many of them before one of an earlier event.
pub fn order_of_attempts(database: &Path) -> (u64, u64) {
    let connection = Connection::open(database).unwrap();
    let sql = "SELECT count(*), sum(before > event_seq) FROM (
                 SELECT event_seq, coalesce(lag(event_seq) OVER (ORDER BY seq), 0) AS before
                   FROM attempts)";
    connection
        .query_row(sql, [], |row| Ok((row.get(0)?, row.get(1)?)))
        .unwrap()
}
