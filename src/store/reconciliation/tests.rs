//! Comparisons of real rows, and what they leave behind.

use std::time::Duration;

use super::*;
use crate::attempt::Outcome;
use crate::dismissal::{EventDismissal, IncidentDismissal};
use crate::incident::{Incident, Kind, State};
use crate::reconciliation::comparison::Reason;
use crate::reconciliation::received::{PartnerStatus, Received, in_order};
use crate::reconciliation::{IdRange, as_of, first_id_at, range};
use crate::retry::RetryPolicy;
use crate::route::Routing;
use crate::store::dismissals::{dismiss_event, dismiss_incident};
use crate::store::events::accept;
use crate::store::incident_report;
use crate::store::recount::differences;
use crate::store::resend::{Rules, resend};
use crate::store::tests::{at, attempted, count, database, due_now, settle, submission, when};
use crate::submission::Submission;

const MINUTE: i64 = 60_000;

/// An event about nobody, so that none waits for another.
fn about_nobody(event_type: &str) -> Submission {
    let mut submission = submission(event_type, None);
    submission.event.staff_id = None;
    submission
}

fn accepted(connection: &Connection, event_type: &str, ms: i64) -> Uuid {
    let accepted = accept(connection, &[about_nobody(event_type)], when(ms)).unwrap();
    Uuid::try_parse(&accepted[0].id).unwrap()
}

/// Attempts everything that is due, without retries.
fn attempt_all(connection: &Connection, outcome: Outcome, ms: i64) {
    for due in due_now(connection, when(ms)) {
        let attempted = attempted(outcome, at(ms), 5);
        settle(connection, &due, &attempted, &RetryPolicy::new(Vec::new())).unwrap();
    }
}

fn delivered(connection: &Connection, ms: i64) -> Uuid {
    let id = accepted(connection, "employee.updated", ms);
    attempt_all(connection, Outcome::Success, ms);
    id
}

fn exhausted(connection: &Connection, ms: i64) -> Uuid {
    let id = accepted(connection, "employee.updated", ms);
    attempt_all(connection, Outcome::Timeout, ms);
    id
}

fn row(id: Uuid) -> Received {
    Received {
        id,
        status: None,
        user_found: None,
    }
}

/// A list of everything that was accepted from 0 to `to`, as VoiceDrive has it.
fn question(to: i64, list: &[Received]) -> Question {
    asked_at(to, to, list)
}

/// The same, asked about later.
fn asked_at(now: i64, to: i64, list: &[Received]) -> Question {
    let mut received = list.to_vec();
    in_order(&mut received);
    let (from, to) = (Some(at(0)), Some(at(to)));
    Question {
        routes: vec!["default".to_owned()],
        range: range(from, to, &received).unwrap(),
        as_of: as_of(to, None, &received, at(now)),
        range_was_said: true,
        beginning_was_said: true,
        making_was_said: false,
        received,
    }
}

fn reconcile(connection: &Connection, to: i64, list: &[Received]) -> (Comparison, String) {
    compare_and_keep(connection, &question(to, list), when(to))
}

/// Compares and keeps it, as `Store::keep_comparison` does.
pub(in crate::store) fn compare_and_keep(
    connection: &Connection,
    question: &Question,
    now: Now,
) -> (Comparison, String) {
    let found = compare(connection, question, now).unwrap();
    for (seq, id) in &found.arrived {
        let rules = Rules {
            policy: &RetryPolicy::new(Vec::new()),
            routing: &Routing::default(),
            only: false,
        };
        arrivals::settle(connection, *seq, &id.to_string(), rules, now).unwrap();
    }
    for seq in &found.confirmed {
        missing_deliveries::confirm(connection, *seq, now).unwrap();
    }
    for (seq, finding) in &found.found {
        missing_deliveries::note(connection, *seq, *finding, 1, now).unwrap();
    }
    for seq in &found.unjudged {
        missing_deliveries::note_unjudged(connection, *seq).unwrap();
    }
    for seq in &found.judged {
        missing_deliveries::forget_unjudged(connection, *seq).unwrap();
    }
    let id = keep(connection, question, &found, now).unwrap();
    (found, id)
}

fn missing_ids(found: &Comparison) -> Vec<Uuid> {
    found.missing.iter().map(|missing| missing.id).collect()
}

fn open_incidents(connection: &Connection) -> Vec<Incident> {
    incident_report::list(connection, Some(true), None, 9, when(0))
        .unwrap()
        .0
}

fn messages(connection: &Connection) -> Vec<String> {
    connection
        .prepare("SELECT state FROM alert_messages ORDER BY seq")
        .unwrap()
        .query_map([], |row| row.get(0))
        .unwrap()
        .collect::<rusqlite::Result<_>>()
        .unwrap()
}

#[test]
fn what_the_partner_does_not_have_is_one_incident_until_a_comparison_finds_it() {
    let (_directory, connection) = database();
    let all: Vec<Uuid> = (0..4).map(|n| delivered(&connection, n * 10)).collect();
    let (found, first) = reconcile(&connection, MINUTE, &[row(all[0]), row(all[3])]);
    assert_eq!(missing_ids(&found), all[1..3]);
    assert_eq!(found.missing[0].reason, Reason::AnsweredButAbsent);
    assert_eq!(
        (
            found.counts.sent,
            found.counts.received,
            found.counts.matched
        ),
        (4, 2, 2)
    );
    // The same list once more changes nothing.
    let (again, second) = reconcile(&connection, MINUTE, &[row(all[0]), row(all[3])]);
    assert_eq!((missing_ids(&again), second), (missing_ids(&found), first));
    assert_eq!(
        count(&connection, "SELECT count(*) FROM reconciliations"),
        1
    );
    assert_eq!(messages(&connection), [State::Opened.as_str()]);
    let incident = open_incidents(&connection).remove(0).report;
    assert_eq!(
        (incident.kind, incident.subject.as_str(), incident.count),
        (Kind::DeliveriesMissing, "default", 2)
    );
    // An answer with 2xx was not enough before either.
    resend_and_deliver(&connection, all[1], 2 * MINUTE);
    assert_eq!(open_incidents(&connection)[0].report.delivered, 0);
    let list: Vec<_> = all[..2]
        .iter()
        .chain([&all[3]])
        .map(|id| row(*id))
        .collect();
    let (found, _) = reconcile(&connection, 3 * MINUTE, &list);
    assert_eq!(
        (missing_ids(&found), found.confirmed.len()),
        (vec![all[2]], 1)
    );
    assert_eq!(open_incidents(&connection)[0].report.delivered, 1);
    let everything: Vec<_> = all.iter().map(|id| row(*id)).collect();
    reconcile(&connection, 4 * MINUTE, &everything);
    assert_eq!(open_incidents(&connection), []);
    assert_eq!(messages(&connection), ["opened", "resolved"]);
    // What is missing once more is news.
    let (_, _) = reconcile(&connection, 5 * MINUTE, &everything[1..]);
    assert_eq!(open_incidents(&connection)[0].report.count, 1);
}

fn resend_and_deliver(connection: &Connection, id: Uuid, ms: i64) {
    let rules = Rules {
        policy: &RetryPolicy::new(Vec::new()),
        routing: &Routing::default(),
        only: false,
    };
    resend(connection, &id.to_string(), rules, when(ms)).unwrap();
    attempt_all(connection, Outcome::Success, ms);
}

#[test]
fn only_the_answer_was_lost_of_what_the_partner_has_processed() {
    let (_directory, connection) = database();
    let lost = exhausted(&connection, 0);
    let absent = exhausted(&connection, 10);
    let processed = Received {
        status: Some(PartnerStatus::Success),
        ..row(lost)
    };
    let (found, _) = reconcile(&connection, MINUTE, &[processed]);
    assert_eq!(found.arrived, [(1, lost)]);
    assert_eq!(missing_ids(&found), [absent]);
    assert_eq!(
        found.missing[0].reason,
        Reason::NotDelivered(Some(Cause::PartnerError))
    );
    // What is exhausted is told as that already.
    assert_eq!(open_incidents(&connection), []);
    let status: (String, Option<String>) = connection
        .query_row(
            "SELECT status, error_message FROM webhook_send_logs WHERE id = ?1",
            [lost.to_string()],
            |row| row.try_into(),
        )
        .unwrap();
    assert_eq!(status, ("success".to_owned(), None));
    assert_eq!(differences(&connection).unwrap(), 0);
    let (again, _) = reconcile(&connection, MINUTE, &[processed]);
    assert_eq!((again.arrived.len(), again.counts.matched), (0, 1));
}

#[test]
fn what_a_person_gives_up_is_not_named_until_it_is_sent_again() {
    let (_directory, connection) = database();
    let [one, other] = [delivered(&connection, 0), delivered(&connection, 10)];
    reconcile(&connection, MINUTE, &[]);
    let dismissed = dismiss_event(&connection, &one.to_string(), when(MINUTE)).unwrap();
    assert_eq!(dismissed, EventDismissal::Done);
    let (found, _) = reconcile(&connection, 2 * MINUTE, &[]);
    assert_eq!(missing_ids(&found), [other]);
    let incident = open_incidents(&connection).remove(0).report;
    assert_eq!((incident.count, incident.dismissed), (2, 1));
    let dismissed = dismiss_incident(&connection, &incident.id, 200, when(2 * MINUTE));
    assert_eq!(dismissed.unwrap(), Some(IncidentDismissal::Done));
    assert_eq!(open_incidents(&connection), []);
    reconcile(&connection, 3 * MINUTE, &[]);
    assert_eq!(open_incidents(&connection), []);
    resend_and_deliver(&connection, other, 4 * MINUTE);
    let (found, _) = reconcile(&connection, 5 * MINUTE, &[]);
    assert_eq!(missing_ids(&found), [other]);
    assert_eq!(open_incidents(&connection)[0].report.count, 1);
    assert_eq!(differences(&connection).unwrap(), 0);
}

#[test]
fn a_delivery_that_could_not_be_judged_stays_unconfirmed_until_it_is() {
    let (_directory, connection) = database();
    let unjudged = || count(&connection, "SELECT count(*) FROM unjudged_deliveries");
    let late = accepted(&connection, "employee.updated", 0);
    let (found, _) = reconcile(&connection, MINUTE, &[]);
    assert_eq!((found.waiting.len(), unjudged()), (1, 1));
    attempt_all(&connection, Outcome::Success, 2 * MINUTE);
    let (found, _) = reconcile(&connection, MINUTE, &[]);
    assert_eq!((found.standing.not_compared, unjudged()), (1, 1));
    let (found, _) = reconcile(&connection, 3 * MINUTE, &[row(late)]);
    assert_eq!((found.counts.matched, unjudged()), (1, 0));
}

#[test]
fn a_loss_over_midnight_is_found_by_the_list_of_the_day_that_is_over() {
    let (_directory, connection) = database();
    let midnight = 24 * 60 * MINUTE;
    let lost = accepted(&connection, "employee.updated", midnight - 1);
    attempt_all(&connection, Outcome::Success, midnight + 200);
    let unjudged = || count(&connection, "SELECT count(*) FROM unjudged_deliveries");
    // A list that was made meanwhile says nothing of it, and it stays unconfirmed.
    let at_once = asked_at(midnight + 300, midnight, &[]);
    let (found, _) = compare_and_keep(&connection, &at_once, when(midnight + 300));
    assert_eq!((found.standing.not_compared, found.missing.len()), (1, 0));
    assert_eq!(unjudged(), 1);
    let morning = midnight + 6 * 60 * MINUTE;
    let later = asked_at(morning, midnight, &[]);
    let (found, _) = compare_and_keep(&connection, &later, when(morning));
    assert_eq!(
        (missing_ids(&found), found.standing.not_compared),
        (vec![lost], 0)
    );
    assert_eq!(unjudged(), 0);
    assert_eq!(open_incidents(&connection).len(), 1);
}

#[test]
fn what_is_committed_while_it_is_compared_stays_unconfirmed() {
    let (_directory, connection) = database();
    let asked = question(MINUTE, &[]);
    let found = compare(&connection, &asked, when(MINUTE)).unwrap();
    // Its id was made before the comparison, and its commit came behind it.
    accepted(&connection, "employee.updated", MINUTE - 1);
    accepted(&connection, "employee.updated", MINUTE + 1);
    keep(&connection, &asked, &found, when(MINUTE)).unwrap();
    let unjudged = count(
        &connection,
        "SELECT group_concat(event_seq) = '1' FROM unjudged_deliveries",
    );
    assert_eq!(unjudged, 1);
}

/// Else a success that comes later would count as confirmed by a list that was made before it.
#[test]
fn what_was_given_up_when_it_was_compared_is_judged_by_a_list_of_after_its_success() {
    let (_directory, connection) = database();
    let ids = [exhausted(&connection, 0), exhausted(&connection, 10)];
    dismiss_event(&connection, &ids[1].to_string(), when(20)).unwrap();
    let unjudged = || count(&connection, "SELECT count(*) FROM unjudged_deliveries");
    reconcile(&connection, MINUTE, &[]);
    assert_eq!(unjudged(), 2);
    for id in ids {
        let rules = Rules {
            policy: &RetryPolicy::new(Vec::new()),
            routing: &Routing::default(),
            only: true,
        };
        resend(&connection, &id.to_string(), rules, when(2 * MINUTE)).unwrap();
        attempt_all(&connection, Outcome::Success, 2 * MINUTE);
    }
    assert_eq!(unjudged(), 2);
    let (found, _) = reconcile(&connection, 3 * MINUTE, &[row(ids[0])]);
    assert_eq!((found.counts.matched, found.counts.missing), (1, 1));
    assert_eq!(unjudged(), 0);
}

#[test]
fn no_more_is_confirmed_than_was_accepted_when_it_was_compared() {
    let (_directory, connection) = database();
    delivered(&connection, 0);
    let mut asked = question(MINUTE, &[]);
    asked.range.to = first_id_at(at(100 * MINUTE));
    let found = compare(&connection, &asked, when(MINUTE)).unwrap();
    keep(&connection, &asked, &found, when(MINUTE)).unwrap();
    let to: String = connection
        .query_row("SELECT to_id FROM reconciliations", [], |row| row.get(0))
        .unwrap();
    assert_eq!(to, first_id_at(at(MINUTE)).to_string());
}

#[test]
fn a_list_without_a_range_says_how_much_was_delivered_after_it() {
    let (_directory, connection) = database();
    let ids: Vec<Uuid> = (0..3).map(|n| delivered(&connection, n * 10)).collect();
    let received = vec![row(ids[0])];
    let asked = Question {
        routes: vec!["default".to_owned()],
        range: range(None, None, &received).unwrap(),
        as_of: as_of(None, None, &received, at(MINUTE)),
        range_was_said: false,
        beginning_was_said: false,
        making_was_said: false,
        received,
    };
    let found = compare(&connection, &asked, when(MINUTE)).unwrap();
    assert_eq!((found.standing.not_compared, found.missing.len()), (2, 0));
    let elsewhere = IdRange {
        to: ids[2],
        ..asked.range
    };
    let asked = Question {
        range: elsewhere,
        ..asked
    };
    let found = compare(&connection, &asked, when(MINUTE)).unwrap();
    assert_eq!(found.standing.not_compared, 0);
}

#[test]
fn old_comparisons_go_but_the_last_one_of_each_route() {
    let (_directory, connection) = database();
    let id = delivered(&connection, 0);
    for hour in 1..5 {
        reconcile(&connection, hour * 60 * MINUTE, &[row(id)]);
    }
    let before = at(4 * 60 * MINUTE);
    let old = |comparisons| Milestone {
        comparisons,
        ..Milestone::default()
    };
    // Written by a wrong clock, perhaps: they are not known to be old.
    assert!(!any_old(&connection, old(0), before).unwrap());
    assert!(any_old(&connection, old(4), before).unwrap());
    assert!(!purge(&connection, old(4), before).unwrap());
    assert_eq!(
        count(&connection, "SELECT count(*) FROM reconciliations"),
        1
    );
    let later = before.after(Duration::from_hours(99));
    assert!(!any_old(&connection, old(4), later).unwrap());
    let last = last_comparisons(&connection).unwrap();
    assert_eq!(last, [("default".to_owned(), at(4 * 60 * MINUTE))]);
}
