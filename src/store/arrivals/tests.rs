//! What has arrived although its answer was lost, between others of the same person.

use std::collections::HashSet;
use std::time::Duration;

use super::*;
use crate::attempt::Attempted;
use crate::cause::Cause;
use crate::due::DueDelivery;
use crate::event::Status;
use crate::retry::RetryPolicy;
use crate::route::{Pattern, Routing};
use crate::store::attempts::record;
use crate::store::dismissals::dismiss_event;
use crate::store::event_lookup::find as look_up;
use crate::store::events::accept;
use crate::store::outbox::{begin, put_off};
use crate::store::recount::differences;
use crate::store::resend::resend;
use crate::store::tests::{at, attempted, due_now, ordered_database, submission, when};

/// Events of one person, in the order of acceptance.
fn accepted(connection: &Connection, events: usize) -> Vec<String> {
    let batch = vec![submission("a", None); events];
    let accepted = accept(connection, &batch, when(0)).unwrap();
    accepted.into_iter().map(|event| event.id).collect()
}

/// An attempt that is answered with 200, or whose answer is lost. There are no retries.
fn attempt(connection: &Connection, due: &DueDelivery, answer: bool, ms: i64) {
    if due.attempt > 1 {
        assert!(begin(connection, due.seq, &due.id, when(ms)).unwrap());
    }
    let outcome = if answer {
        Outcome::Success
    } else {
        Outcome::Timeout
    };
    let attempted = Attempted {
        cause: (!answer).then_some(Cause::TimedOut),
        ..attempted(outcome, at(ms), 0)
    };
    let never = RetryPolicy::new(Vec::new());
    record(connection, due, &attempted, &never, when(ms)).unwrap();
}

/// Sends whatever is due; the answer is lost of those with these ids. Answers the order.
fn send_all(connection: &Connection, lost: &[&String], ms: i64) -> Vec<String> {
    let mut sent = Vec::new();
    while let Some(due) = due_now(connection, when(ms)).first() {
        attempt(connection, due, !lost.contains(&&due.id), ms);
        sent.push(due.id.clone());
    }
    sent
}

fn with_rules<T>(routing: &Routing, with: impl FnOnce(Rules<'_>) -> T) -> T {
    let policy = RetryPolicy::new(Vec::new());
    with(Rules {
        policy: &policy,
        routing,
        only: false,
    })
}

fn again(connection: &Connection, id: &str, ms: i64) {
    let routing = Routing::default();
    with_rules(&routing, |rules| {
        resend(connection, id, rules, when(ms)).unwrap()
    });
}

fn arrives(connection: &Connection, id: &str, ms: i64) {
    let seq = find(connection, id).unwrap().unwrap().seq;
    let routing = Routing::default();
    with_rules(&routing, |rules| {
        settle(connection, seq, id, rules, when(ms)).unwrap();
    });
    assert_eq!(differences(connection).unwrap(), 0);
}

fn status(connection: &Connection, id: &str) -> Status {
    look_up(connection, id, when(0))
        .unwrap()
        .unwrap()
        .summary
        .status
}

#[test]
fn what_arrived_before_the_later_ones_is_settled_and_nothing_is_sent() {
    let (_directory, connection) = ordered_database();
    let ids = accepted(&connection, 3);
    assert_eq!(send_all(&connection, &[&ids[0]], 1), ids);
    arrives(&connection, &ids[0], 2);
    assert_eq!(status(&connection, &ids[0]), Status::Delivered);
    assert_eq!(send_all(&connection, &[], 3), [""; 0]);
}

#[test]
fn what_may_lie_on_top_of_later_ones_is_followed_by_them_though_it_is_no_success() {
    let (_directory, connection) = ordered_database();
    let ids = accepted(&connection, 3);
    send_all(&connection, &[&ids[0]], 1);
    again(&connection, &ids[0], 2);
    // Its answer is lost again.
    assert_eq!(send_all(&connection, &[&ids[0]], 3), ids);
    assert_eq!(status(&connection, &ids[0]), Status::Exhausted);
    arrives(&connection, &ids[0], 4);
    assert_eq!(
        send_all(&connection, &[], 5),
        [""; 0],
        "they have followed already"
    );
}

/// The receiver refuses it, so nothing follows; its list says that it has it all the same.
#[test]
fn a_reconciliation_opens_the_tail_of_what_was_attempted_after_later_ones() {
    let (_directory, connection) = ordered_database();
    let ids = accepted(&connection, 3);
    send_all(&connection, &[&ids[0]], 1);
    again(&connection, &ids[0], 2);
    let due = due_now(&connection, when(3)).remove(0);
    assert!(begin(&connection, due.seq, &due.id, when(3)).unwrap());
    let mut refused = attempted(Outcome::Failed, at(3), 0);
    refused.http_status = Some(400);
    refused.cause = Some(Cause::UnknownEvent);
    let never = RetryPolicy::new(Vec::new());
    record(&connection, &due, &refused, &never, when(3)).unwrap();
    assert_eq!(send_all(&connection, &[], 4), [""; 0]);
    arrives(&connection, &ids[0], 5);
    assert_eq!(send_all(&connection, &[], 6), ids[1..]);
    arrives(&connection, &ids[0], 7);
    assert_eq!(send_all(&connection, &[], 8), [""; 0], "once");
}

#[test]
fn what_arrived_beneath_an_earlier_one_is_sent_after_it_again() {
    let (_directory, connection) = ordered_database();
    let ids = accepted(&connection, 3);
    send_all(&connection, &[&ids[0], &ids[1]], 1);
    again(&connection, &ids[0], 2);
    let all_but_one = [ids[0].clone(), ids[2].clone()];
    assert_eq!(send_all(&connection, &[], 3), all_but_one);
    arrives(&connection, &ids[1], 4);
    assert_eq!(send_all(&connection, &[], 5), ids[1..]);
}

/// Its first attempt was applied, and no attempt tells of it: an earlier one was sent again before its next attempt.
#[test]
fn what_arrived_by_an_attempt_whose_result_was_lost_may_lie_beneath_an_earlier_one() {
    let (_directory, connection) = ordered_database();
    let ids = accepted(&connection, 2);
    let first = due_now(&connection, when(1)).remove(0);
    attempt(&connection, &first, true, 1);
    let under_way = due_now(&connection, when(1)).remove(0);
    let (wait, never) = (Duration::from_mins(5), RetryPolicy::new(Vec::new()));
    put_off(&connection, &under_way, wait, &never, when(2)).unwrap();
    again(&connection, &ids[0], 3);
    assert_eq!(send_all(&connection, &[&ids[1]], 600_000), ids);
    assert_eq!(status(&connection, &ids[1]), Status::Exhausted);
    arrives(&connection, &ids[1], 600_001);
    assert_eq!(send_all(&connection, &[], 600_002), [ids[1].clone()]);
}

#[test]
fn nothing_is_sent_on_a_route_that_is_gone() {
    let (_directory, connection) = ordered_database();
    let ids = accepted(&connection, 2);
    connection
        .execute_batch("UPDATE events SET route = 'gone'; UPDATE outbox SET route = 'gone'")
        .unwrap();
    let gone = Routing::new(vec![(
        "gone".to_owned(),
        vec![Pattern::parse("a").unwrap()],
    )]);
    let send = |lost: bool| {
        let due = crate::store::outbox::due(&connection, "gone", when(1), &HashSet::new(), 1);
        let due = due.unwrap().due.remove(0);
        attempt(&connection, &due, !lost, 1);
        due.id
    };
    assert_eq!([send(true), send(false)], [ids[0].clone(), ids[1].clone()]);
    with_rules(&gone, |rules| {
        resend(&connection, &ids[0], rules, when(1)).unwrap()
    });
    assert_eq!(send(true), ids[0]);
    // What followed is over, too.
    assert_eq!(send(true), ids[1]);
    arrives(&connection, &ids[0], 2);
    arrives(&connection, &ids[1], 3);
    let left: i64 = connection
        .query_row("SELECT count(*) FROM outbox", [], |row| row.get(0))
        .unwrap();
    assert_eq!(left, 0);
}

#[test]
fn a_dismissed_one_follows_only_when_the_receiver_had_it() {
    let (_directory, connection) = ordered_database();
    let ids = accepted(&connection, 4);
    // The third never arrives; the second and the fourth have arrived, in one way and the other.
    send_all(&connection, &[&ids[0], &ids[2], &ids[3]], 1);
    arrives(&connection, &ids[3], 2);
    for id in [&ids[1], &ids[3]] {
        again(&connection, id, 3);
        send_all(&connection, &[id, &ids[3]], 4);
    }
    for id in &ids[1..] {
        assert_eq!(status(&connection, id), Status::Exhausted);
        dismiss_event(&connection, id, when(5)).unwrap();
        assert_eq!(status(&connection, id), Status::Dismissed);
    }
    assert_eq!(differences(&connection).unwrap(), 0);
    again(&connection, &ids[0], 6);
    let had = [ids[0].clone(), ids[1].clone(), ids[3].clone()];
    assert_eq!(send_all(&connection, &[], 7), had);
    assert_eq!(status(&connection, &ids[2]), Status::Dismissed);
    assert_eq!(differences(&connection).unwrap(), 0);
}
