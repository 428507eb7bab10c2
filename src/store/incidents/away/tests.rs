//! What is told of an outage, and what is not.

use super::super::tests::{accept_one, at, attempt_all, digests, look, messages, open, resend_one};
use super::*;
use crate::attempt::Outcome;
use crate::dismissal::EventDismissal;
use crate::due::DueDelivery;
use crate::incident::State::{self, Ongoing, Opened, Resolved};
use crate::incident::{Evaluation, Finding, Report};
use crate::store::dismissals::dismiss_event;
use crate::store::events::accept;
use crate::store::incidents::{after_attempt, any_open, list, observed};
use crate::store::outbox;
use crate::store::tests::{attempted, database, policy as with_retries, settle, submission};
use crate::submission::Submission;

const AWAY: Kind = Kind::PartnerAway;
const EXHAUSTED: Kind = Kind::DeliveriesExhausted;
const MINUTE: u64 = 60;

/// Another event is handed in and attempted.
fn send(connection: &Connection, status: Option<u16>, seconds: u64) -> String {
    let id = accept_one(connection, at(seconds));
    attempt_all(connection, status, at(seconds));
    id
}

/// An outage with an attempt each minute, from `from` to `to`, both in minutes, with a look after each.
fn outage(connection: &Connection, from: u64, to: u64) -> Vec<String> {
    (from..=to)
        .map(|minute| {
            let id = send(connection, Some(503), minute * MINUTE);
            look(connection, None, at(minute * MINUTE));
            id
        })
        .collect()
}

fn looks(connection: &Connection, from: u64, to: u64) {
    for minute in from..=to {
        look(connection, None, at(minute * MINUTE));
    }
}

fn told(connection: &Connection) -> Vec<(Kind, State)> {
    let all = messages(connection).into_iter();
    all.map(|(kind, state, _)| (kind, state)).collect()
}

/// The last message's.
fn last_report(connection: &Connection) -> Report {
    let sql = "SELECT report FROM alert_messages ORDER BY seq DESC LIMIT 1";
    let written: String = connection.query_row(sql, [], |row| row.get(0)).unwrap();
    parsed(&written).unwrap()
}

/// An event of this route, taken for its first attempt.
fn take(connection: &Connection, route: &str, seconds: u64) -> DueDelivery {
    let submitted = Submission {
        route: route.to_owned(),
        ..submission("a.b", None)
    };
    let accepted = accept(connection, &[submitted], at(seconds)).unwrap();
    let found = outbox::due(connection, route, at(seconds), &[].into(), 100).unwrap();
    let is_it = |due: &DueDelivery| due.id == accepted[0].id;
    found.due.into_iter().find(is_it).unwrap()
}

/// The attempt fails, and a retry is left.
fn fail(connection: &Connection, due: &DueDelivery, cause: Cause, seconds: u64) {
    let mut result = attempted(Outcome::Timeout, at(seconds).wall, 0);
    result.cause = Some(cause);
    end_attempt(connection, due, &result, at(seconds));
}

fn succeed(connection: &Connection, due: &DueDelivery, seconds: u64) {
    let result = attempted(Outcome::Success, at(seconds).wall, 0);
    end_attempt(connection, due, &result, at(seconds));
}

fn end_attempt(connection: &Connection, due: &DueDelivery, result: &Attempted, now: Now) {
    let settled = settle(connection, due, result, &with_retries()).unwrap();
    let limits = Thresholds::default();
    after_attempt(connection, due, result, settled.status, &limits, now).unwrap();
}

#[test]
fn attempts_that_fail_for_long_are_told_with_the_tenth_minute_and_since_the_first() {
    let (_directory, connection) = database();
    for minute in 0..10 {
        let due = take(&connection, "default", minute * MINUTE);
        fail(&connection, &due, Cause::TimedOut, minute * MINUTE);
        assert_eq!(told(&connection), [], "{minute}");
    }
    let due = take(&connection, "default", 10 * MINUTE);
    fail(&connection, &due, Cause::TimedOut, 10 * MINUTE);
    assert_eq!(told(&connection), [(AWAY, Opened)]);
    let report = open(&connection).remove(0).report;
    assert_eq!(report.opened_at, at(0).wall);
    assert_eq!((report.count, report.exhausted), (11, 0));
    assert_eq!(report.route(), Some("default"));
}

#[test]
fn few_attempts_are_enough_and_one_alone_is_not() {
    let (_directory, connection) = database();
    let due = take(&connection, "default", 0);
    fail(&connection, &due, Cause::NameNotFound, 0);
    // A night without an attempt.
    looks(&connection, 1, 600);
    assert_eq!(told(&connection), []);
    let due = take(&connection, "default", 601 * MINUTE);
    fail(&connection, &due, Cause::NameNotFound, 601 * MINUTE);
    assert_eq!(told(&connection), [(AWAY, Opened)]);
}

#[test]
fn a_success_or_a_failure_that_is_none_of_an_outage_ends_the_suspicion() {
    for cause in [None, Some(Cause::UnknownEvent), Some(Cause::Signature)] {
        let (_directory, connection) = database();
        let at_minute = |minute: u64, cause: Option<Cause>| {
            let due = take(&connection, "default", minute * MINUTE);
            match cause {
                Some(cause) => fail(&connection, &due, cause, minute * MINUTE),
                None => succeed(&connection, &due, minute * MINUTE),
            }
            told(&connection)
        };
        at_minute(0, Some(Cause::PartnerError));
        at_minute(9, cause);
        assert_eq!(at_minute(10, Some(Cause::PartnerError)), [], "{cause:?}");
        assert_eq!(at_minute(19, Some(Cause::PartnerError)), [], "{cause:?}");
        let late = at_minute(20, Some(Cause::PartnerError));
        assert_eq!(late, [(AWAY, Opened)], "{cause:?}");
        // Once it is told, only a success ends it.
        at_minute(21, Some(Cause::UnknownEvent));
        assert_eq!(open(&connection).len(), 1, "{cause:?}");
        assert_eq!(at_minute(22, None).last(), Some(&(AWAY, Resolved)));
        assert!(!any_open(&connection).unwrap());
    }
}

#[test]
fn a_success_on_another_route_ends_nothing() {
    let (_directory, connection) = database();
    for minute in [0, 11] {
        let due = take(&connection, "default", minute * MINUTE);
        fail(&connection, &due, Cause::Tls, minute * MINUTE);
    }
    let elsewhere = take(&connection, "elsewhere", 12 * MINUTE);
    succeed(&connection, &elsewhere, 12 * MINUTE);
    assert_eq!(told(&connection), [(AWAY, Opened)]);
    // Nor is its outage the other's.
    let elsewhere = take(&connection, "elsewhere", 13 * MINUTE);
    fail(&connection, &elsewhere, Cause::Tls, 13 * MINUTE);
    assert_eq!(open(&connection).len(), 1);
    let due = take(&connection, "default", 14 * MINUTE);
    succeed(&connection, &due, 14 * MINUTE);
    assert_eq!(told(&connection), [(AWAY, Opened), (AWAY, Resolved)]);
}

#[test]
fn what_is_exhausted_in_an_outage_is_told_with_its_end_and_by_itself_a_while_later() {
    let (_directory, connection) = database();
    let fresh = take(&connection, "default", 0);
    fail(&connection, &fresh, Cause::PartnerError, 0);
    let mut ids = Vec::new();
    for minute in 10..70 {
        ids.push(send(&connection, Some(503), minute * MINUTE));
        looks(&connection, minute, minute);
    }
    // Digests after 15 and 60 minutes; the second is not due yet.
    assert_eq!(told(&connection), [(AWAY, Opened), (AWAY, Ongoing)]);
    let waiting = open(&connection).remove(0).report;
    assert_eq!(waiting.exhausted, 61, "the first one's retry failed too");
    assert_eq!(waiting.oldest_event_id.as_ref(), Some(&fresh.id));
    let gone = dismiss_event(&connection, &ids[0], at(70 * MINUTE)).unwrap();
    assert_eq!(gone, EventDismissal::Done);
    send(&connection, Some(200), 71 * MINUTE);
    let report = last_report(&connection);
    assert_eq!(told(&connection).last(), Some(&(AWAY, Resolved)));
    assert_eq!((report.count, report.exhausted), (60, 60));
    let before = told(&connection).len();
    looks(&connection, 72, 85);
    assert_eq!(told(&connection).len(), before);
    looks(&connection, 86, 86);
    let again = messages(&connection);
    assert_eq!(again.len(), before + 1);
    assert_eq!((again[before].0, again[before].1), (EXHAUSTED, Opened));
    for id in ids.iter().skip(1).chain([&fresh.id]) {
        resend_one(&connection, id, at(87 * MINUTE));
    }
    attempt_all(&connection, Some(200), at(87 * MINUTE));
    assert_eq!(told(&connection).last(), Some(&(EXHAUSTED, Resolved)));
    assert!(!any_open(&connection).unwrap());
    // What is over says what it said then.
    let (over, _) = list(&connection, Some(false), None, 9, at(99 * MINUTE)).unwrap();
    let away = over.iter().find(|one| one.report.kind == AWAY).unwrap();
    assert_eq!((away.report.count, away.report.exhausted), (60, 60));
}

#[test]
fn what_arrives_soon_after_an_outage_is_not_told_by_itself() {
    let (_directory, connection) = database();
    let fresh = take(&connection, "default", 0);
    fail(&connection, &fresh, Cause::PartnerError, 0);
    let ids = outage(&connection, 11, 20);
    send(&connection, Some(200), 21 * MINUTE);
    // One that was under way at that moment fails after it.
    let late = send(&connection, Some(503), 21 * MINUTE + 1);
    looks(&connection, 22, 30);
    for id in ids.iter().chain([&late, &fresh.id]) {
        resend_one(&connection, id, at(30 * MINUTE));
    }
    attempt_all(&connection, Some(200), at(30 * MINUTE));
    looks(&connection, 31, 200);
    assert_eq!(told(&connection), [(AWAY, Opened), (AWAY, Resolved)]);
    assert!(!any_open(&connection).unwrap());
}

#[test]
fn what_was_told_before_an_outage_is_quiet_in_it_and_is_told_to_its_end() {
    let (_directory, connection) = database();
    let first = send(&connection, Some(503), 0);
    assert_eq!(told(&connection), [(EXHAUSTED, Opened)]);
    // A digest of it would be due in the middle.
    outage(&connection, 10, 20);
    assert_eq!(told(&connection), [(EXHAUSTED, Opened), (AWAY, Opened)]);
    send(&connection, Some(200), 21 * MINUTE);
    looks(&connection, 22, 35);
    assert_eq!(told(&connection)[2..], [(AWAY, Resolved)]);
    looks(&connection, 36, 36);
    assert_eq!(told(&connection)[3..], [(EXHAUSTED, Ongoing)]);
    let waiting = open(&connection).remove(0).report;
    assert_eq!((waiting.count, waiting.oldest_event_id), (12, Some(first)));
}

#[test]
fn two_outages_are_told_as_two_and_leave_one_incident_behind() {
    let (_directory, connection) = database();
    for start in [0, 30] {
        let due = take(&connection, "default", start * MINUTE);
        fail(&connection, &due, Cause::PartnerError, start * MINUTE);
        outage(&connection, start + 10, start + 14);
        send(&connection, Some(200), (start + 15) * MINUTE);
        // The second one begins before what the first has left behind is told by itself.
        looks(&connection, start + 16, start + 29);
    }
    let outages = [AWAY, AWAY].map(|kind| [(kind, Opened), (kind, Resolved)]);
    assert_eq!(told(&connection), outages.concat());
    looks(&connection, 60, 60);
    let last = *messages(&connection).last().unwrap();
    assert_eq!(last, (EXHAUSTED, Opened, 12));
}

#[test]
fn nobody_is_reminded_of_an_outage_that_needs_no_person() {
    let (_directory, connection) = database();
    let recovers = Digests {
        automatic_recovery: true,
        ..digests()
    };
    let first = take(&connection, "default", 0);
    fail(&connection, &first, Cause::PartnerError, 0);
    for minute in 10..600 {
        send(&connection, None, minute * MINUTE);
        let all = Evaluation {
            routes: vec!["default".to_owned()],
            ..Evaluation::default()
        };
        observed::observe(&connection, &all, &recovers, at(minute * MINUTE)).unwrap();
    }
    assert_eq!(told(&connection), [(AWAY, Opened)]);
}

#[test]
fn the_outage_of_a_route_that_was_taken_away_is_over_and_is_no_return() {
    let (_directory, connection) = database();
    let first = take(&connection, "default", 0);
    fail(&connection, &first, Cause::PartnerError, 0);
    outage(&connection, 10, 12);
    let elsewhere = Evaluation {
        routes: vec!["elsewhere".to_owned()],
        ..Evaluation::default()
    };
    observed::observe(&connection, &elsewhere, &digests(), at(13 * MINUTE)).unwrap();
    assert_eq!(told(&connection), [(AWAY, Opened), (AWAY, Resolved)]);
    let Finding::Away { route_is_gone, .. } = last_report(&connection).finding else {
        unreachable!("it is another finding");
    };
    assert!(route_is_gone);
}
