//! Query plans of all statements that the verbs run: each uses an index, and none scans a table that grows.
//!
//! A connection to a database in the directory `DIRECTORY` records every statement that it runs.

mod verbs;

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use rusqlite::Connection;
use rusqlite::trace::{TraceEvent, TraceEventCodes};

use super::connection::open_for_reading;
use super::*;

const DIRECTORY: &str = "noted-statements";

static NOTED: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());

/// Records the statements of `connection`, if its database is in that directory.
pub(super) fn note(connection: &Connection) {
    if connection
        .path()
        .is_some_and(|path| path.contains(DIRECTORY))
    {
        let statements = TraceEventCodes::SQLITE_TRACE_STMT;
        connection.trace_v2(statements, Some(note_statement));
    }
}

fn note_statement(event: TraceEvent<'_>) {
    if let TraceEvent::Stmt(statement, _) = event {
        let mut noted = NOTED.lock().unwrap_or_else(PoisonError::into_inner);
        noted.insert(statement.sql().into_owned());
    }
}

/// Tables that stay small: few events, a few rows for each route, hold, channel, token or migration, a row for each
/// hour, or a single row; and partial indexes of open incidents.
const SMALL: &[&str] = &[
    "event_repeats",
    // A few a day, and what they have found.
    "reconciliations",
    "purged_findings",
    "r",
    "u",
    // What people do, and not what programs do.
    "audit",
    "payload_reads",
    // Who is logged in to the page.
    "monitor_sessions",
    // A start, or a result that could not be kept.
    "interruptions",
    // A person now and then.
    "erasures",
    "x",
    "erased_interviews",
    "erased_interviewers",
    "hash_keys",
    "relay_time",
    "sqlite_schema",
    "routes_without_order",
    "queue_counts",
    "tokens",
    "alert_channels",
    "late_recipients",
    "holds",
    "recoveries",
    "h",
    "send_counts",
    "refinery_schema_history",
    // One for each person and kind of events.
    "ingest_newest",
    "pragma_auto_vacuum",
    // One page, by its number.
    "sqlite_dbpage VIRTUAL TABLE INDEX 1",
    "pragma_page_count",
    "pragma_page_size",
    "incidents USING INDEX one_open_incident_of_a_kind",
    "i USING INDEX one_open_incident_of_a_kind",
    "m USING INDEX missing_deliveries_unfinished",
];

/// Scans of growing tables that are allowed, each with the reason.
const ALLOWED: &[(&str, &str)] = &[
    // What waits is little, but for an outage: then it is counted by going through the smallest index.
    ("SELECT count(*) FROM outbox", "outbox"),
    (
        "SELECT route, count(*) FROM outbox GROUP BY route",
        "outbox",
    ),
    (
        "SELECT route, count(*), min(due_ms) FROM outbox GROUP BY route",
        "outbox",
    ),
    // What waits, in the order of acceptance: it ends with its page.
    (
        "FROM outbox o\n    CROSS JOIN events e ON e.seq = o.event_seq",
        "o",
    ),
    // A route whose order is changed has all that waits arranged anew.
    ("UPDATE outbox SET staff_id = NULL", "outbox"),
    ("WHERE o.route = ?1 AND e.staff_id IS NOT NULL", "o"),
    // The oldest that waits, and the last attempt: one row.
    ("SELECT e.id FROM outbox o JOIN events e", "o"),
    ("FROM attempts ORDER BY seq DESC LIMIT 1", "attempts"),
    // Lists without a filter, in the order of an index: they end with their page.
    ("WHERE 1 ORDER BY e.seq", "e"),
    // Few of them were erased.
    ("x WHERE x.event_seq = e.seq) ORDER BY e.seq", "e"),
    (
        "WHERE 1 AND NOT EXISTS (SELECT 1 FROM dismissed_deliveries n WHERE n.event_seq = e.seq) ORDER BY e.seq",
        "e",
    ),
    (
        "FROM interviews WHERE 1 ORDER BY interview_date DESC",
        "interviews",
    ),
    // Nearly every event is delivered: a page of them is found soon.
    ("WHERE o.event_seq IS NULL AND (q.status IS NULL", "e"),
    // A few routes share all events, so a page of one is found soon.
    ("WHERE 1 AND e.route = ? ORDER BY e.seq", "e"),
    (
        "WHERE 1 AND e.route = ? AND NOT EXISTS (SELECT 1 FROM dismissed_deliveries n",
        "e",
    ),
    // Few routes are private: a page of the others is found soon.
    ("WHERE 1 AND e.route IN (", "e"),
    // Few deliveries are dismissed, and what they are is found in the order of acceptance.
    ("FROM dismissed_deliveries d\n    CROSS JOIN events e", "d"),
    // Once when an outage was told, and once when it is over.
    (
        "SELECT count(*), min(due_ms) FROM outbox WHERE route = ?1",
        "outbox",
    ),
    // No more than are counted.
    ("SELECT count(*) FROM (SELECT 1", "(subquery-1)"),
    ("SELECT count(*) FROM (SELECT 1", "(subquery-2)"),
    // The records of one chain.
    ("WITH RECURSIVE chain", "c"),
];

/// The steps of a plan that scan a whole table, or sort, and are not allowed to.
fn scans(connection: &Connection, sql: &str) -> Vec<String> {
    let mut statement = connection
        .prepare(&format!("EXPLAIN QUERY PLAN {sql}"))
        .unwrap();
    // Whatever is bound, the plan is the same; nothing is bound.
    let mut rows = statement.raw_query();
    let mut steps: Vec<String> = Vec::new();
    while let Some(row) = rows.next().unwrap() {
        steps.push(row.get(3).unwrap());
    }
    let bad = |step: &String| {
        let Some(scanned) = step.strip_prefix("SCAN ") else {
            // Sorting means that a list is read to its end for each page of it.
            return step.starts_with("USE TEMP B-TREE FOR ORDER BY")
                && !sql.contains("FROM tokens");
        };
        let table = scanned.split(' ').next().unwrap_or_default();
        let is_small = SMALL.iter().any(|small| {
            let rest = scanned.strip_prefix(small);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', ':']))
        });
        let is_small =
            is_small || scanned.contains("CONSTANT ROW") || ["chain", "names"].contains(&scanned);
        let allowed = |(text, name): &(&str, &str)| sql.contains(text) && *name == table;
        !is_small && !ALLOWED.iter().any(allowed)
    };
    steps.into_iter().filter(bad).collect()
}

#[tokio::test]
async fn no_statement_of_a_verb_looks_through_a_table_that_grows() {
    let directory = tempfile::tempdir().unwrap();
    let directory = directory.path().join(DIRECTORY);
    let moment = super::tests::moment();
    let store = Store::open(&directory, moment).unwrap();
    verbs::call_all(&store, moment).await;
    let path = store.file().path().to_owned();
    store.close(moment).await;
    let noted = NOTED.lock().unwrap().clone();
    let connection = open_for_reading(&path).unwrap();
    let explained: Vec<&String> = noted
        .iter()
        .filter(|sql| {
            ["SELECT", "INSERT", "UPDATE", "DELETE", "WITH"]
                .iter()
                .any(|word| sql.trim_start().starts_with(word))
        })
        // Counting everything anew reads every row: that is what it is for.
        .filter(|sql| !is_recount(sql))
        .collect();
    assert!(explained.len() > 80, "only {} statements", explained.len());
    let mut bad = Vec::new();
    for sql in explained {
        for step in scans(&connection, sql) {
            bad.push(format!("{step}\n    {sql}"));
        }
    }
    assert!(bad.is_empty(), "{}", bad.join("\n"));
}

fn is_recount(sql: &str) -> bool {
    ["send_counts", "queue_counts", "interview_counts"]
        .iter()
        .any(|table| {
            sql == format!("DELETE FROM {table}")
                || sql.starts_with(&format!("INSERT INTO {table} SELECT"))
        })
}

/// A verb that nobody calls here has statements that nobody looks at.
#[test]
fn every_verb_is_looked_at() {
    let store = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/store");
    let called = std::fs::read_to_string(store.join("plans/verbs.rs")).unwrap();
    let names = names_of_verbs(&store);
    for name in &names {
        assert!(called.contains(&format!(".{name}(")), "{name}");
    }
    assert!(names.len() > 35, "{names:?}");
}

/// The verbs in the files of a directory and of those below it, without those of `store/file`: they read and copy the
/// whole file.
fn names_of_verbs(directory: &Path) -> Vec<String> {
    let mut names = Vec::new();
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.ends_with("store/file") {
            continue;
        }
        if path.is_dir() {
            names.extend(names_of_verbs(&path));
            continue;
        }
        let text = std::fs::read_to_string(&path).unwrap();
        for rest in text.split("impl Store {\n").skip(1) {
            let verbs = rest.split("\n}\n").next().unwrap();
            let verbs = verbs.split("    pub async fn ").skip(1);
            names.extend(verbs.map(|verb| verb.split(['(', '<']).next().unwrap().to_owned()));
        }
    }
    names
}
