//! Who waits for whom, and what follows what, in single cases.

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::Connection;

use crate::attempt::{AttemptResult, Outcome};
use crate::due::DueDelivery;
use crate::event::Status;
use crate::event_record::EventFilter;
use crate::order::{LONGEST_TAIL, TAIL_AT_ONCE};
use crate::resend::{Resend, Resent};
use crate::retry::RetryPolicy;
use crate::route::Routing;
use crate::store::bulk_resend::{
    Holds, candidates, let_all_go, open_page, release_interrupted, tail_between,
};
use crate::store::event_lookup::find;
use crate::store::events::accept;
use crate::store::ordering::arrange;
use crate::store::outbox::begin;
use crate::store::resend::{Rules, resend};
use crate::store::steps;
use crate::store::tests::{
    at, attempted, count, due_now, ordered_database, policy, submission, when,
};
use crate::store::{attempts, relay_time::Now};

/// Events of one person, in the order of acceptance.
fn accept_many(connection: &Connection, events: usize) -> Vec<String> {
    let batch = vec![submission("a", None); events];
    let accepted = accept(connection, &batch, when(0)).unwrap();
    accepted.into_iter().map(|event| event.id).collect()
}

/// An attempt that ends with this status, at this moment.
fn answered(
    connection: &Connection,
    due: &DueDelivery,
    status: u16,
    milliseconds: i64,
) -> AttemptResult {
    answered_by(connection, due, status, milliseconds, &policy())
}

fn answered_by(
    connection: &Connection,
    due: &DueDelivery,
    status: u16,
    milliseconds: i64,
    policy: &RetryPolicy,
) -> AttemptResult {
    let now = when(milliseconds);
    if due.attempt > 1 || !due.in_turn {
        assert!(begin(connection, due.seq, &due.id, now).unwrap());
    }
    let outcome = if status == 200 {
        Outcome::Success
    } else {
        Outcome::Failed
    };
    let mut attempted = attempted(outcome, at(milliseconds), 0);
    attempted.http_status = Some(status);
    attempts::record(connection, due, &attempted, policy, now).unwrap()
}

/// Sends whatever is due, until nothing is; answers the order.
fn send_all(connection: &Connection, status: u16, milliseconds: i64) -> Vec<String> {
    let mut sent = Vec::new();
    while let Some(due) = due_now(connection, when(milliseconds)).first() {
        answered(connection, due, status, milliseconds);
        sent.push(due.id.clone());
    }
    sent
}

/// Delivers the others after this one was given up.
fn give_up_first(connection: &Connection, events: usize) -> Vec<String> {
    let ids = accept_many(connection, events);
    let first = due_now(connection, when(0)).remove(0);
    let never = RetryPolicy::new(Vec::new());
    answered_by(connection, &first, 503, 1, &never);
    assert_eq!(send_all(connection, 200, 2), ids[1..]);
    ids
}

fn send_again(connection: &Connection, id: &str, only: bool, now: Now) -> Resent {
    let rules = Rules {
        policy: &policy(),
        routing: &Routing::default(),
        only,
    };
    resend(connection, id, rules, now).unwrap()
}

fn status(connection: &Connection, id: &str) -> Status {
    let found = find(connection, id, when(9)).unwrap().unwrap();
    found.summary.status
}

#[test]
fn an_event_waits_for_an_earlier_one_of_its_person_and_is_due_when_that_has_ended() {
    let (_directory, connection) = ordered_database();
    let ids = accept_many(&connection, 3);
    let first = due_now(&connection, when(9)).remove(0);
    assert_eq!(due_now(&connection, when(9)).len(), 1);
    let waits_for = |id: &str| {
        find(&connection, id, when(9))
            .unwrap()
            .unwrap()
            .summary
            .waits_for
    };
    assert_eq!(waits_for(&ids[2]), Some(first.id.clone()));
    assert_eq!(waits_for(&first.id), None);
    let failed = answered(&connection, &first, 503, 1);
    assert_eq!(failed.next, None, "an outage holds up");
    assert_eq!(due_now(&connection, when(10)), []);
    assert_eq!(send_all(&connection, 200, 60_001), ids);
    assert_eq!(
        count(
            &connection,
            "SELECT sum(retry_count) FROM webhook_send_logs"
        ),
        1
    );
}

#[test]
fn what_is_wrong_with_one_event_holds_up_no_one_and_is_followed_when_it_arrives() {
    let (_directory, connection) = ordered_database();
    let ids = accept_many(&connection, 3);
    let first = due_now(&connection, when(0)).remove(0);
    let refused = answered(&connection, &first, 422, 1);
    assert_eq!(refused.next.map(|next| next.id), Some(ids[1].clone()));
    assert_eq!(send_all(&connection, 200, 2), ids[1..]);
    // Its retry succeeds: what was delivered after it is opened in the same transaction.
    let retry = due_now(&connection, when(60_001)).remove(0);
    let second = answered(&connection, &retry, 200, 60_001).next.unwrap();
    assert_eq!((&second.id, second.attempt), (&ids[1], 2));
    assert_eq!(status(&connection, &ids[2]), Status::Retrying);
    assert_eq!(send_all(&connection, 200, 60_002), ids[1..]);
    assert_eq!(
        send_all(&connection, 200, 99_999_999),
        [""; 0],
        "and no more than that"
    );
}

#[test]
fn a_retry_that_comes_due_while_another_one_is_under_way_waits_for_that() {
    let (_directory, connection) = ordered_database();
    let ids = accept_many(&connection, 2);
    let first = due_now(&connection, when(0)).remove(0);
    let second = answered(&connection, &first, 400, 1).next.unwrap();
    let retry = due_now(&connection, when(60_001))
        .into_iter()
        .find(|due| due.seq == first.seq);
    let retry = retry.unwrap();
    assert!(!begin(&connection, retry.seq, &retry.id, when(60_001)).unwrap());
    let found = find(&connection, &ids[0], when(60_001)).unwrap().unwrap();
    assert_eq!(found.summary.waits_for.as_ref(), Some(&ids[1]));
    let next = answered(&connection, &second, 200, 60_002).next.unwrap();
    assert_eq!(next.id, ids[0]);
}

#[test]
fn a_resend_waits_for_what_is_under_way_and_goes_in_the_order_of_acceptance() {
    let (_directory, connection) = ordered_database();
    let ids = give_up_first(&connection, 4);
    let late = accept_many(&connection, 1).remove(0);
    let under_way = due_now(&connection, when(3)).remove(0);
    assert_eq!(under_way.id, late);
    // The newer one first; both wait.
    for (id, follows) in [(&ids[2], 1), (&ids[0], 2)] {
        let resent = send_again(&connection, id, false, when(4));
        assert_eq!(
            (resent.resend, resent.follows),
            (Resend::Opened, follows),
            "{id}"
        );
    }
    assert_eq!(
        due_now(&connection, when(4)),
        std::slice::from_ref(&under_way)
    );
    answered(&connection, &under_way, 200, 5);
    let mut expected = ids.clone();
    expected.push(late);
    assert_eq!(send_all(&connection, 200, 6), expected, "each of them once");
}

#[test]
fn a_long_tail_is_refused_unless_it_is_left_out_and_a_retry_opens_it_bit_by_bit() {
    let (_directory, connection) = ordered_database();
    let many = TAIL_AT_ONCE + 50;
    let ids = give_up_first(&connection, many + 1);
    let refused = send_again(&connection, &ids[0], false, when(3));
    assert!(refused.follows > LONGEST_TAIL);
    assert_eq!(
        (refused.resend, refused.follows),
        (Resend::TailTooLong, many as u64)
    );
    assert_eq!(status(&connection, &ids[0]), Status::Exhausted);
    assert_eq!(send_again(&connection, &ids[0], true, when(4)).follows, 0);
    assert_eq!(send_all(&connection, 200, 5), ids[..1]);
    // In bulk it follows, however long it is.
    let all = EventFilter::default();
    let page = candidates(&connection, &all, None, 1).unwrap();
    let (policy, routing) = (policy(), Routing::default());
    let rules = Rules {
        policy: &policy,
        routing: &routing,
        only: false,
    };
    let mut holds = Holds::default();
    open_page(&connection, &page.events, rules, &mut holds, when(6)).unwrap();
    assert_eq!(
        send_all(&connection, 200, 6),
        [""; 0],
        "later ones may come"
    );
    let_all_go(&connection, &holds, when(7)).unwrap();
    assert_eq!(send_all(&connection, 200, 7), ids);
    // What a crash has broken off holds nothing at the next start.
    open_page(
        &connection,
        &page.events,
        rules,
        &mut Holds::default(),
        when(8),
    )
    .unwrap();
    assert_eq!(send_all(&connection, 200, 9), [""; 0]);
    release_interrupted(&connection, when(9)).unwrap();
    assert_eq!(send_all(&connection, 200, 9), ids);
}

#[test]
fn in_bulk_each_event_of_a_person_goes_once_and_what_follows_is_counted() {
    let (_directory, connection) = ordered_database();
    // Every third one is given up.
    let ids = accept_many(&connection, 9);
    let never = RetryPolicy::new(Vec::new());
    while let Some(due) = due_now(&connection, when(1)).first() {
        let status = if due.seq % 3 == 0 { 503 } else { 200 };
        answered_by(&connection, due, status, 1, &never);
    }
    let exhausted = EventFilter {
        status: Some(Status::Exhausted),
        ..EventFilter::default()
    };
    let (policy, routing) = (policy(), Routing::default());
    let rules = Rules {
        policy: &policy,
        routing: &routing,
        only: false,
    };
    let (mut after, mut holds, mut follows) = (None, Holds::default(), 0);
    loop {
        let page = candidates(&connection, &exhausted, after.as_ref(), 1).unwrap();
        for event in &page.events {
            follows += tail_between(&connection, &exhausted, &routing, event).unwrap();
        }
        open_page(&connection, &page.events, rules, &mut holds, when(2)).unwrap();
        after = page.next;
        if after.is_none() {
            break;
        }
        assert_eq!(
            send_all(&connection, 200, 2),
            [""; 0],
            "in the middle of it"
        );
    }
    let_all_go(&connection, &holds, when(3)).unwrap();
    assert_eq!(follows, 4);
    assert_eq!(send_all(&connection, 200, 3), ids[2..]);
}

/// A selected event of a route that is gone goes the way of today, and what follows it is its own.
#[test]
fn what_follows_is_counted_once_when_a_route_is_gone() {
    let (_directory, connection) = ordered_database();
    let ids = accept_many(&connection, 3);
    let never = RetryPolicy::new(Vec::new());
    for status in [503, 503, 200] {
        let due = due_now(&connection, when(1)).remove(0);
        answered_by(&connection, &due, status, 1, &never);
    }
    // The first two took another route, which is gone.
    connection
        .execute_batch(
            "UPDATE events SET route = 'gone' WHERE seq <= 2;
             UPDATE webhook_send_logs SET route = 'gone' WHERE id IN (SELECT id FROM events WHERE seq <= 2)",
        )
        .unwrap();
    let exhausted = EventFilter {
        status: Some(Status::Exhausted),
        ..EventFilter::default()
    };
    let routing = Routing::default();
    let page = candidates(&connection, &exhausted, None, 9).unwrap();
    let follows = page.events.iter().map(|event| {
        let follows = tail_between(&connection, &exhausted, &routing, event);
        (event.seq, follows.unwrap())
    });
    let follows: BTreeMap<i64, u64> = follows.collect();
    assert_eq!(Vec::from_iter(follows), [(1, 0), (2, 1)]);
    let rules = Rules {
        policy: &policy(),
        routing: &routing,
        only: false,
    };
    let mut holds = Holds::default();
    open_page(&connection, &page.events, rules, &mut holds, when(2)).unwrap();
    let_all_go(&connection, &holds, when(2)).unwrap();
    assert_eq!(send_all(&connection, 200, 3), ids);
}

#[test]
fn what_waits_is_let_go_when_its_route_keeps_no_order_and_lined_up_when_it_does_again() {
    let (_directory, connection) = ordered_database();
    let ids = accept_many(&connection, 5);
    let first = due_now(&connection, when(0)).remove(0);
    answered(&connection, &first, 503, 1);
    let default = ["default".to_owned()].into();
    arrange(&connection, &default, when(2)).unwrap();
    let due = due_now(&connection, when(2));
    assert_eq!(due.len(), 4, "but for the one that waits for its retry");
    answered(&connection, &due[3], 200, 2);
    arrange(&connection, &BTreeSet::new(), when(3)).unwrap();
    assert_eq!(due_now(&connection, when(3)), []);
    let sent = send_all(&connection, 200, 60_001);
    assert_eq!(sent[..4], ids[..4]);
    assert_eq!(sent[4..], ids[4..], "it was overtaken, and follows");
}

/// With one person for all, a step takes as many steps of SQLite as with few events waiting.
#[test]
fn nobody_looks_through_a_line() {
    let of_one = |waiting: usize| {
        let (_directory, connection) = ordered_database();
        connection.execute_batch("BEGIN").unwrap();
        for _ in 0..waiting / 100 {
            accept_many(&connection, 100);
        }
        steps::watch(&connection);
        // Once to have every statement prepared.
        let mut taken = Vec::new();
        for round in 0..3 {
            let now = round * 400_000;
            let accepting = steps::of(|| drop(accept_many(&connection, 1)));
            let due = due_now(&connection, when(now)).remove(0);
            let failing = steps::of(|| drop(answered(&connection, &due, 503, now)));
            let due = due_now(&connection, when(now + 60_000)).remove(0);
            let succeeding = steps::of(|| drop(answered(&connection, &due, 200, now + 60_000)));
            let refused = due_now(&connection, when(now + 60_000)).remove(0);
            let refusing = steps::of(|| drop(answered(&connection, &refused, 400, now + 60_000)));
            let next = due_now(&connection, when(now + 60_000)).remove(0);
            answered(&connection, &next, 200, now + 60_001);
            let looking = steps::of(|| {
                find(&connection, &next.id, when(now)).unwrap().unwrap();
                let waits = due_now(&connection, when(now + 60_001)).remove(0).seq + 1;
                let sql = format!("SELECT id FROM events WHERE seq = {waits}");
                let id: String = connection.query_row(&sql, [], |row| row.get(0)).unwrap();
                assert!(
                    find(&connection, &id, when(now))
                        .unwrap()
                        .unwrap()
                        .summary
                        .waits_for
                        .is_some()
                );
            });
            let sending_again = steps::of(|| {
                send_again(&connection, &refused.id, false, when(now + 60_002));
            });
            taken = vec![
                accepting,
                failing,
                succeeding,
                refusing,
                looking,
                sending_again,
            ];
            // It is ended, so that the next round begins as this one.
            let again = due_now(&connection, when(now + 60_003)).remove(0);
            answered(&connection, &again, 200, now + 60_003);
            let again = due_now(&connection, when(now + 60_004)).remove(0);
            answered(&connection, &again, 200, now + 60_004);
        }
        taken
    };
    let (few, many) = (of_one(200), of_one(20_000));
    for (few, many) in few.iter().zip(&many) {
        assert!(*many <= few + few / 4, "{few:?} and {many:?} steps");
    }
}
