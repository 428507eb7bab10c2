//! Every column of the schema that a text can stand in: a staff id that stands there is gone when its person is erased, or
//! the place is named. A new column fails here until somebody has decided what becomes of it.

#![allow(clippy::panic)]

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::coming_back::{copy_of, restore};
use super::tests::{PERSON, answered, erase_all, event_of, interview_of, places_of};
use super::*;
use crate::attempt::Outcome;
use crate::person::{Mentions, Notes};
use crate::repeat::Memory;
use crate::store::events::accept;
use crate::store::holds;
use crate::store::interview_intake::put;
use crate::store::notes::notes;
use crate::store::tests::{
    at, database, due_now, ordered_database, policy, settle, somebody, when,
};

/// What becomes of a staff id.
enum Becomes {
    /// It is gone.
    Gone,
    /// It stays, and the answer of the erasure says where.
    Named(fn(&Notes) -> &Mentions),
    /// It stays in an event of somebody else, which is listed.
    Listed,
}
use Becomes::{Gone, Listed, Named};

/// A column, how the id `?` comes there in the rows of [`filled`], and what becomes of it. The person has the event 1 and the
/// record `int-1`; somebody else the event 2 and the record `int-2`.
#[rustfmt::skip]
const TYPED: &[(&str, &str, Becomes)] = &[
    ("events.staff_id", "", Gone),
    ("events.data", "", Gone),
    ("events.data", "UPDATE events SET data = '{\"with\":\"?\"}' WHERE seq = 2", Listed),
    ("events.event_type", "UPDATE events SET event_type = 'about.?' WHERE seq = 2", Named(names)),
    ("outbox.staff_id", "", Gone),
    ("outbox.route", "UPDATE outbox SET route = 'to-?'", Named(names)),
    ("routes_without_order.route", "UPDATE routes_without_order SET route = 'to-?'", Named(names)),
    ("attempts.error_message", "", Gone),
    ("attempts.error_message", "UPDATE attempts SET error_message = 'of ?' WHERE event_seq = 2 AND outcome = 'failed'", Listed),
    ("attempts.response_body", "", Gone),
    ("attempts.response_body", "UPDATE attempts SET response_body = 'of ?' WHERE event_seq = 2", Listed),
    ("webhook_send_logs.staff_id", "", Gone),
    ("webhook_send_logs.error_message", "UPDATE webhook_send_logs SET error_message = 'of ?' WHERE staff_id = '?'", Gone),
    ("webhook_send_logs.response_body", "", Gone),
    ("webhook_retry_queue.payload", "", Gone),
    ("webhook_retry_queue.last_error", "UPDATE webhook_retry_queue SET last_error = 'of ?' WHERE instr(payload, '?')", Gone),
    ("send_counts.event_type", "UPDATE send_counts SET event_type = 'about.?'", Named(names)),
    ("send_counts.route", "UPDATE send_counts SET route = 'to-?'", Named(names)),
    ("queue_counts.route", "UPDATE queue_counts SET route = 'to-?'", Named(names)),
    ("ingest_newest.staff_id", "", Gone),
    // Its event was purged.
    ("ingest_newest.staff_id", "UPDATE ingest_newest SET staff_id = '?', family = 'other', event_seq = 999 WHERE staff_id = 'EMP-OTHER'", Gone),
    ("ingest_newest.family", "UPDATE ingest_newest SET family = '?' WHERE staff_id = 'EMP-OTHER'", Named(names)),
    ("interviews.id", "PRAGMA defer_foreign_keys = ON; UPDATE interviews SET id = 'int-?-1' WHERE id = 'int-1'", Gone),
    ("interviews.id", "UPDATE interviews SET id = 'int-?-2' WHERE id = 'int-2'", Named(|notes| &notes.interviews)),
    ("interviews.employee_id", "", Gone),
    ("interviews.employee_name", "UPDATE interviews SET employee_name = '?' WHERE id = 'int-1'", Gone),
    ("interviews.employee_name", "UPDATE interviews SET employee_name = '?' WHERE id = 'int-2'", Named(|notes| &notes.interviews)),
    ("interviews.interviewer_id", "UPDATE interviews SET interviewer_id = '?' WHERE id = 'int-1'", Gone),
    ("interviews.interviewer_id", "UPDATE interviews SET interviewer_id = '?' WHERE id = 'int-2'", Gone),
    ("interviews.voicedrive_sync_id", "UPDATE interviews SET voicedrive_sync_id = 'vd-?' WHERE id = 'int-1'", Gone),
    ("interviews.voicedrive_sync_id", "UPDATE interviews SET voicedrive_sync_id = 'vd-?-7' WHERE id = 'int-2'", Named(|notes| &notes.interviews)),
    ("interviews.status_reason", "UPDATE interviews SET status_reason = '? was away' WHERE id = 'int-1'", Gone),
    ("interviews.status_reason", "UPDATE interviews SET status_reason = '? was away' WHERE id = 'int-2'", Named(|notes| &notes.interviews)),
    // What is counted by has the same value in the counts.
    ("interviews.interview_type", "UPDATE interviews SET interview_type = 'with ?'; UPDATE interview_counts SET interview_type = 'with ?'", Named(names)),
    ("interviews.facility_id", "UPDATE interviews SET facility_id = '?'; UPDATE interview_counts SET facility = '?' WHERE facility = 'f'", Named(names)),
    ("interviews.department_id", "UPDATE interviews SET department_id = '?'; UPDATE interview_counts SET department = '?' WHERE department = 'd'", Named(names)),
    ("interview_counts.facility", "UPDATE interview_counts SET facility = '?' WHERE facility = 'f'", Named(names)),
    ("interview_counts.department", "UPDATE interview_counts SET department = '?' WHERE department = 'd'", Named(names)),
    ("interview_counts.interview_type", "UPDATE interview_counts SET interview_type = 'with ?'", Named(names)),
    ("tokens.jti", "UPDATE tokens SET jti = '?-laptop' WHERE jti = 'foreign'", Named(|notes| &notes.tokens)),
    ("tokens.subject", "UPDATE tokens SET subject = '?' WHERE jti IN ('revoked', 'ended')", Gone),
    ("tokens.subject", "UPDATE tokens SET subject = 'pc of ?' WHERE jti = 'valid'", Named(|notes| &notes.tokens)),
    ("incidents.subject", "UPDATE incidents SET subject = 'to-?' WHERE closed_at IS NOT NULL", Named(|notes| &notes.incidents)),
    ("incidents.finding", "UPDATE incidents SET finding = replace(finding, 'because', 'for ?') WHERE closed_at IS NOT NULL", Gone),
    ("incidents.finding", "UPDATE incidents SET finding = replace(finding, 'because', 'for ?') WHERE closed_at IS NULL", Named(|notes| &notes.incidents)),
    ("alert_messages.report", "UPDATE alert_messages SET report = replace(report, 'because', 'for ?') WHERE incident IN (SELECT seq FROM incidents WHERE closed_at IS NOT NULL)", Gone),
    ("alert_messages.report", "UPDATE alert_messages SET report = replace(report, 'because', 'for ?') WHERE incident IN (SELECT seq FROM incidents WHERE closed_at IS NULL)", Named(|notes| &notes.incidents)),
    ("alert_channels.name", "PRAGMA defer_foreign_keys = ON; UPDATE alert_channels SET name = 'mail:?@example.com'; UPDATE late_recipients SET channel = 'mail:?@example.com'", Named(names)),
    ("alert_channels.last_error", "UPDATE alert_channels SET last_error = 'no: ?'", Named(names)),
    // The channel's name is that of its row.
    ("late_recipients.channel", "PRAGMA defer_foreign_keys = ON; UPDATE alert_channels SET name = '?'; UPDATE late_recipients SET channel = '?'", Named(names)),
    ("late_recipients.recipient", "UPDATE late_recipients SET recipient = '?@example.com'", Named(names)),
    ("late_recipients.last_error", "UPDATE late_recipients SET last_error = 'no: ?'", Named(names)),
    ("holds.route", "UPDATE holds SET route = 'to-?' WHERE reason <> ''", Named(names)),
    ("holds.reason", "UPDATE holds SET reason = 'for ?' WHERE reason <> ''", Named(|notes| &notes.holds)),
    ("holds.who", "UPDATE holds SET who = '?' WHERE reason <> ''", Named(|notes| &notes.holds)),
    ("left_by_outages.staff_id", "INSERT INTO left_by_outages (event_seq, route, staff_id) VALUES (1, 'default', '?')", Gone),
    ("recoveries.route", "UPDATE recoveries SET route = 'to-?'", Named(names)),
    ("reconciliations.route", "UPDATE reconciliations SET route = 'to-?'", Named(names)),
    ("purged_findings.route", "UPDATE purged_findings SET route = 'to-?'", Named(names)),
    ("audit.who", "UPDATE audit SET who = '? (stated)'", Named(|notes| &notes.audit)),
    ("audit.subject", "UPDATE audit SET subject = '/mnt/?.db'", Named(|notes| &notes.audit)),
    ("audit.reason", "UPDATE audit SET reason = 'for ?'", Named(|notes| &notes.audit)),
    ("payload_reads.who", "UPDATE payload_reads SET who = '?'", Named(|notes| &notes.audit)),
    ("monitor_sessions.name", "UPDATE monitor_sessions SET name = '?'", Named(|notes| &notes.sessions)),
];

fn names(notes: &Notes) -> &Mentions {
    &notes.names
}

/// Columns in which nothing stands that a person typed, and why. Those whose checks in the schema say so are not here.
#[rustfmt::skip]
const OF_THE_RELAY: &[(&str, &[&str])] = &[
    ("ids, words and times that the relay makes", &[
        "events.id", "webhook_send_logs.id", "webhook_send_logs.request_id", "webhook_retry_queue.id",
        "webhook_retry_queue.original_log_id", "webhook_send_logs.event_timestamp", "webhook_send_logs.last_retry_at",
        "webhook_send_logs.created_at", "webhook_retry_queue.created_at", "webhook_retry_queue.updated_at",
        "attempts.cause", "dismissed_deliveries.sent_at", "send_counts.slot", "queue_counts.status",
        "idempotency_keys.event_id", "idempotency_keys.created_at", "ingest_newest.event_id", "ingest_contents.event_id",
        "interviews.created_at", "interviews.updated_at", "interview_counts.slot", "tokens.scope",
        "tokens.issued_at", "tokens.expires_at", "tokens.revoked_at", "tokens.key", "incidents.id", "incidents.kind",
        "incidents.announced_at", "reconciliations.id", "reconciliations.from_id", "reconciliations.to_id",
        "missing_deliveries.reason", "delivered_digests.slot", "audit.via", "audit.action", "payload_reads.day",
    ]),
    ("the address that a call came from", &["audit.client"]),
    ("a row that waits during an import: an erasure begins when there is none, and holds imports back", &[
        "import_rows.id", "import_rows.employee_id", "import_rows.employee_name", "import_rows.interviewer_id",
        "import_rows.interview_type", "import_rows.interview_date", "import_rows.interview_status",
        "import_rows.voicedrive_sync_id", "import_rows.rescheduled_from_id", "import_rows.facility_id",
        "import_rows.department_id", "import_rows.completed_at", "import_rows.status_reason",
    ]),
    ("a time, or a hash of the sender's request id", &["ingest_contents.found_by"]),
    ("what another column has, too, as long as it stands here", &[
        "webhook_send_logs.event_type", "webhook_retry_queue.event_type", "events.route", "webhook_send_logs.route",
        "left_by_outages.route", "delivered_digests.routes", "interviews.rescheduled_from_id", "erased_interviews.id",
    ]),
];

/// A database with what the person and somebody else have left, and rows in the tables that have typed texts.
fn filled() -> (tempfile::TempDir, Connection) {
    let (directory, connection) = ordered_database();
    for (number, staff_id) in [(1, PERSON), (2, "EMP-OTHER"), (3, PERSON)] {
        let mut submission = event_of(staff_id, number);
        let request_id = format!("request-{staff_id}");
        let day = std::time::Duration::from_hours(24);
        submission.memory = Some(Memory::of(&submission.event, Some(request_id), Some(day)));
        accept(&connection, &[submission], when(0)).unwrap();
    }
    for due in due_now(&connection, when(0)).iter().take(2) {
        let staff_id = if due.seq == 1 { PERSON } else { "EMP-OTHER" };
        let mut failed = answered(staff_id, Outcome::Failed, 1);
        if due.seq == 2 {
            (failed.response_body, failed.error) = (None, Some("HTTP 503".to_owned()));
        }
        settle(&connection, due, &failed, &policy()).unwrap();
    }
    let mut records = [
        interview_of(PERSON, "int-1", 0),
        interview_of("EMP-OTHER", "int-2", 1000),
    ];
    for record in &mut records {
        record.department_id = Some("d".to_owned());
    }
    put(&connection, &records, at(0)).unwrap();
    for route in ["ended", "lasting"] {
        let hold = crate::hold::NewHold {
            route: route.to_owned(),
            lasts: Some(std::time::Duration::from_hours(72)),
            reason: "because".to_owned(),
            by: somebody(),
        };
        holds::begin(&connection, &hold, when(0)).unwrap();
    }
    assert!(holds::end(&connection, "ended", when(1)).unwrap());
    let time = at(0);
    connection
        .execute_batch(&format!(
            "INSERT INTO tokens (jti, subject, scope, issued_at, expires_at, revoked_at) VALUES
               ('valid', 's', 'admin', '{time}', '9999-01-01T00:00:00.000Z', NULL),
               ('ended', 's', 'admin', '{time}', '{time}', NULL),
               ('revoked', 's', 'admin', '{time}', '9999-01-01T00:00:00.000Z', '{time}'),
               ('foreign', NULL, NULL, NULL, NULL, '{time}');
             INSERT INTO routes_without_order (route) VALUES ('other');
             INSERT INTO alert_channels (name, told, begun) VALUES ('mail', 0, 0);
             INSERT INTO late_recipients (channel, recipient, told, since_ms, next_try_ms, last_error)
               VALUES ('mail', 'a@example.com', 0, 0, 0, 'e');
             INSERT INTO recoveries (route) VALUES ('default');
             INSERT INTO reconciliations (id, compared_at, route, from_id, to_id, sent, received, matched, missing, no_effect)
               VALUES ('a', '{time}', 'default', 'a', 'b', 0, 0, 0, 0, 0);
             INSERT INTO purged_findings (route, sent_at, found_at, still_missing, lived_ms)
               VALUES ('default', '{time}', '{time}', 1, 0);
             INSERT INTO audit (at, who, via, action) VALUES ('{time}', 'root', 'command_line', 'hold');
             INSERT INTO payload_reads (day, who, events, lived_ms) VALUES ('2025-10-26', 'root', 1, 0);
             INSERT INTO monitor_sessions (secret_hash, name, role, ends_ms, idle_ms)
               VALUES (randomblob(32), 'n', 'viewer', 0, 0);"
        ))
        .unwrap();
    (directory, connection)
}

/// The columns in which a text or bytes can stand.
fn text_columns(connection: &Connection) -> BTreeSet<String> {
    connection
        .prepare(
            "SELECT m.name || '.' || c.name FROM sqlite_schema m JOIN pragma_table_info(m.name) c
              WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%' AND m.name <> 'refinery_schema_history'
                AND c.type NOT IN ('INTEGER', 'REAL')",
        )
        .unwrap()
        .query_map([], |row| row.get(0))
        .unwrap()
        .collect::<rusqlite::Result<_>>()
        .unwrap()
}

/// Whether a check of the schema keeps every word out of a column: one for its length, or for the words that it may have.
fn is_checked(connection: &Connection, column: &str) -> bool {
    let (table, name) = column.split_once('.').unwrap();
    let sql: String = connection
        .query_row(
            "SELECT sql FROM sqlite_schema WHERE name = ?1",
            [table],
            |row| row.get(0),
        )
        .unwrap();
    let checks = sql.split("CHECK (").skip(1);
    let mut checks = checks.map(|rest| rest.split('\n').next().unwrap_or_default());
    checks.any(|check| {
        check.starts_with(&format!("length({name}) = "))
            || check.starts_with(&format!("{name} = '"))
            || check.starts_with(&format!("{name} IN ('"))
    }) || sql.contains(&format!("CHECK (({name} IS NULL)"))
}

#[test]
fn every_column_of_the_schema_is_decided() {
    let (_directory, connection) = database();
    let all = text_columns(&connection);
    let typed: BTreeSet<_> = TYPED
        .iter()
        .map(|(column, ..)| (*column).to_owned())
        .collect();
    let own = OF_THE_RELAY.iter().flat_map(|(_, columns)| *columns);
    let own: BTreeSet<_> = own.map(|column| (*column).to_owned()).collect();
    let mut told = String::new();
    for column in &all {
        let decided = [
            typed.contains(column),
            own.contains(column),
            is_checked(&connection, column),
        ];
        if decided.iter().filter(|is_so| **is_so).count() != 1 {
            writeln!(told, "{column}: typed, of the relay, checked: {decided:?}").unwrap();
        }
    }
    for column in typed.union(&own).filter(|column| !all.contains(*column)) {
        writeln!(told, "{column}: there is none").unwrap();
    }
    assert!(told.is_empty(), "{told}");
}

#[test]
fn what_stands_in_any_column_is_gone_or_named() {
    for (column, plant, becomes) in TYPED {
        let (_directory, connection) = filled();
        let transaction = connection.unchecked_transaction().unwrap();
        transaction
            .execute_batch(&plant.replace('?', PERSON))
            .unwrap();
        transaction.commit().unwrap();
        let stands = |places: &[String]| places.iter().any(|place| place == column);
        let planted = places_of(&connection, PERSON);
        assert!(stands(&planted), "{column}: {plant}: {planted:?}");
        let ended = texts::ended(&connection, PERSON, at(1_000_000)).unwrap();
        let erased = erase_all(&connection, true).unwrap();
        assert_eq!(
            ended.count(),
            erased.texts,
            "named before: {column}: {plant}"
        );
        let left = places_of(&connection, PERSON);
        let notes = notes(&connection, PERSON, at(1_000_000));
        let (listed, _) = people::mentions(&connection, PERSON, 0).unwrap();
        match becomes {
            Gone => {
                assert_eq!(left, Vec::<String>::new(), "{column}: {plant}");
                assert_eq!(notes, Notes::default(), "{column}: {plant}");
                assert_eq!(listed, Vec::<String>::new(), "{column}: {plant}");
            }
            Named(of) => {
                assert!(stands(&left), "{column}: {plant}");
                assert!(of(&notes).count > 0, "{column}: {plant}: {notes:?}");
            }
            Listed => {
                assert!(stands(&left), "{column}: {plant}");
                assert_eq!(listed.len(), 1, "{column}: {plant}");
            }
        }
    }
}

/// What the planted rows of the columns that are not asked for have to do with each other does not matter here.
#[test]
fn what_was_taken_from_any_column_stays_taken_when_an_older_copy_is_restored() {
    let mut restored = BTreeSet::new();
    for (column, plant, _) in TYPED
        .iter()
        .filter(|(_, _, becomes)| matches!(becomes, Gone))
    {
        for is_second in [false, true] {
            let (_directory, connection) = filled();
            if is_second {
                erase_all(&connection, true).unwrap();
            }
            let transaction = connection.unchecked_transaction().unwrap();
            let planted = transaction.execute_batch(&plant.replace('?', PERSON));
            planted.unwrap();
            transaction.commit().unwrap();
            let stands = places_of(&connection, PERSON);
            let (_copies, copy) = copy_of(&connection);
            erase_all(&connection, true).unwrap();
            // A row that is not the person's any more keeps what was planted there.
            if stands.is_empty() || !places_of(&connection, PERSON).is_empty() {
                assert!(is_second, "{column}: {plant}");
                continue;
            }
            restore(&connection, &copy);
            let left = places_of(&copy, PERSON);
            assert_eq!(left, Vec::<String>::new(), "{is_second} {column}: {plant}");
            restored.insert((*column, is_second));
        }
    }
    for column in [
        "incidents.finding",
        "alert_messages.report",
        "tokens.subject",
    ] {
        assert!(restored.contains(&(column, true)), "{column}");
    }
}
