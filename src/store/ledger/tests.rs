//! Findings from the comparison to the next one.

use super::*;
use crate::attempt::Outcome;
use crate::reconciliation::first_id_at;
use crate::reconciliation::ledger::FindingCounts;
use crate::retry::RetryPolicy;
use crate::store::events::accept;
use crate::store::missing_deliveries;
use crate::store::tests::{at, attempted, database, due_now, settle, submission, when};

const MINUTE: i64 = 60_000;

fn delivered(connection: &Connection, ms: i64) -> (i64, String) {
    let accepted = accept(connection, &[submission("a.b", None)], when(ms)).unwrap();
    for due in due_now(connection, when(ms)) {
        let success = attempted(Outcome::Success, at(ms), 5);
        settle(connection, &due, &success, &RetryPolicy::new(Vec::new())).unwrap();
    }
    let id = accepted[0].id.clone();
    let seq = connection
        .query_row("SELECT seq FROM events WHERE id = ?1", [&id], |row| {
            row.get(0)
        })
        .unwrap();
    (seq, id)
}

/// A comparison of everything from 0 to `to`, at this moment.
fn compared(connection: &Connection, to: i64, now: i64) {
    connection
        .execute(
            "INSERT INTO reconciliations (id, compared_at, route, from_id, to_id, sent, received, matched, missing, no_effect)
             VALUES (hex(randomblob(8)), ?1, 'default', ?2, ?3, 1, 0, 0, 1, 0)",
            (at(now), first_id_at(at(0)).to_string(), first_id_at(at(to)).to_string()),
        )
        .unwrap();
}

fn counts(connection: &Connection) -> FindingCounts {
    let everything = FindingsFilter::default();
    findings(connection, &everything, 10).unwrap().counts()
}

#[test]
fn what_was_sent_again_waits_for_a_comparison_that_can_judge_it() {
    let (_directory, connection) = database();
    let (seq, _) = delivered(&connection, MINUTE);
    compared(&connection, 10 * MINUTE, 20 * MINUTE);
    missing_deliveries::note(
        &connection,
        seq,
        Discrepancy::AnsweredButAbsent,
        1,
        when(20 * MINUTE),
    )
    .unwrap();
    let missing = FindingCounts {
        missing: 1,
        ..FindingCounts::default()
    };
    let sent_again = FindingCounts {
        sent_again: 1,
        ..FindingCounts::default()
    };
    assert_eq!(counts(&connection), missing);
    // It is sent again, and arrives as far as the relay knows.
    let again = at(30 * MINUTE);
    connection
        .execute("UPDATE webhook_send_logs SET retry_count = 1, last_retry_at = ?1", [again])
        .unwrap();
    assert_eq!(counts(&connection), sent_again);
    // A comparison of another time says nothing of it.
    compared(&connection, 0, 40 * MINUTE);
    assert_eq!(counts(&connection), sent_again);
    // One of its time does, unless its list is older than the second send.
    compared(&connection, 10 * MINUTE, 50 * MINUTE);
    missing_deliveries::note_unjudged(&connection, seq).unwrap();
    assert_eq!(counts(&connection), sent_again);
    missing_deliveries::forget_unjudged(&connection, seq).unwrap();
    assert_eq!(counts(&connection), missing);
}

#[test]
fn findings_are_of_a_range_and_of_routes_and_some_are_named() {
    let (_directory, connection) = database();
    let found: Vec<_> = (1..=3)
        .map(|n| delivered(&connection, n * MINUTE))
        .collect();
    compared(&connection, 10 * MINUTE, 20 * MINUTE);
    for (number, (seq, _)) in found.iter().enumerate() {
        let discrepancy =
            [Discrepancy::NoEffect, Discrepancy::FailedThere][usize::from(number > 0)];
        missing_deliveries::note(&connection, *seq, discrepancy, 1, when(20 * MINUTE)).unwrap();
    }
    let of = |filter: FindingsFilter, named| {
        let found = findings(&connection, &filter, named).unwrap();
        (
            found.missing.len(),
            found.counts().no_effect,
            found.named.len(),
        )
    };
    assert_eq!(of(FindingsFilter::default(), 10), (2, 1, 3));
    assert_eq!(of(FindingsFilter::default(), 1), (2, 1, 2));
    let range = IdRange {
        from: first_id_at(at(MINUTE)),
        to: first_id_at(at(3 * MINUTE)),
    };
    let in_range = FindingsFilter {
        range: Some(range),
        ..FindingsFilter::default()
    };
    assert_eq!(of(in_range, 10), (1, 1, 2));
    let others = FindingsFilter {
        routes: Some(vec!["x".to_owned()]),
        ..FindingsFilter::default()
    };
    assert_eq!(of(others, 10), (0, 0, 0));
}
