//! Outages and their ends, attempt by attempt.

use std::collections::HashSet;
use std::time::Duration;

use super::*;
use crate::attempt::{Attempted, Outcome};
use crate::store::attempts::record;
use crate::store::dismissals::dismiss_event;
use crate::store::events::accept;
use crate::store::outages::{Judgement, after_attempt};
use crate::store::outbox::due;
use crate::store::tests::{again, attempted, count, database, ordered_database, submission, when};

const BY: Judgement = Judgement {
    away: Duration::from_mins(10),
    automatic: false,
};
const MINUTE: i64 = 60_000;

fn one_retry() -> RetryPolicy {
    RetryPolicy::new(vec![Duration::from_mins(1)])
}

fn accepted(connection: &Connection, events: usize, at: i64) -> Vec<String> {
    let submissions = vec![submission("a.b", None); events];
    let accepted = accept(connection, &submissions, when(at)).unwrap();
    accepted.into_iter().map(|one| one.id).collect()
}

/// Sends what is due at this moment; `result` says how it ends. Answers the ids.
fn send(connection: &Connection, at: i64, result: impl Fn(&str) -> Attempted) -> Vec<String> {
    let now = when(at);
    let found = due(connection, "default", now, &HashSet::new(), 1000).unwrap();
    let mut sent = Vec::new();
    for due in found.due {
        let attempted = result(&due.id);
        let kept = record(connection, &due, &attempted, &one_retry(), now).unwrap();
        after_attempt(connection, &due, &attempted, kept.status, BY, now).unwrap();
        sent.push(due.id);
    }
    sent
}

fn failed(status: u16) -> Attempted {
    Attempted {
        http_status: Some(status),
        cause: Some(Cause::of_status(status)),
        ..attempted(Outcome::Failed, when(0).wall, 1)
    }
}

fn away(_: &str) -> Attempted {
    failed(503)
}

fn taken(_: &str) -> Attempted {
    attempted(Outcome::Success, when(0).wall, 1)
}

fn probed(connection: &Connection, at: i64) -> ProbeResult {
    let (policy, routing) = (one_retry(), Routing::default());
    let rules = Rules {
        policy: &policy,
        routing: &routing,
        only: false,
    };
    probe(connection, "default", false, rules, when(at)).unwrap()
}

fn followed(connection: &Connection, most: u32, at: i64) -> Followed {
    let (policy, routing) = (one_retry(), Routing::default());
    let rules = Rules {
        policy: &policy,
        routing: &routing,
        only: false,
    };
    follow(connection, "default", most, rules, when(at)).unwrap()
}

fn exhausted(connection: &Connection) -> u64 {
    let left = left_behind(connection, "default").unwrap();
    left.map_or(0, |left| left.exhausted)
}

/// Events that were exhausted because the receiver was away, at the second minute.
fn outage(connection: &Connection, events: usize) -> Vec<String> {
    let ids = accepted(connection, events, 0);
    assert_eq!(send(connection, 0, away).len(), events);
    assert_eq!(send(connection, 2 * MINUTE, away).len(), events);
    assert_eq!(exhausted(connection), events as u64);
    ids
}

#[test]
fn a_probe_is_one_attempt_and_the_rest_follows_in_order_at_its_pace() {
    let (_directory, connection) = database();
    let ids = outage(&connection, 5);
    assert_eq!(probed(&connection, 3 * MINUTE), ProbeResult::Begun);
    assert_eq!(probed(&connection, 3 * MINUTE), ProbeResult::UnderWay);
    assert_eq!(send(&connection, 3 * MINUTE, away), ids[..1]);
    assert_eq!(exhausted(&connection), 5, "it is exhausted again at once");
    assert_eq!(send(&connection, 99 * MINUTE, away), [] as [&str; 0]);
    assert!(
        followed(&connection, 9, 99 * MINUTE).done,
        "nothing follows a failure"
    );
    assert_eq!(probed(&connection, 100 * MINUTE), ProbeResult::Begun);
    assert_eq!(send(&connection, 100 * MINUTE, taken), ids[..1]);
    for expected in [&ids[1..3], &ids[3..]] {
        assert_eq!(followed(&connection, 2, 101 * MINUTE).opened, 2);
        assert_eq!(send(&connection, 101 * MINUTE, taken), expected);
    }
    assert!(followed(&connection, 2, 101 * MINUTE).done);
    assert_eq!(exhausted(&connection), 0);
    assert_eq!(count(&connection, "SELECT count(*) FROM recoveries"), 0);
    assert_eq!(probed(&connection, 102 * MINUTE), ProbeResult::Nothing);
}

#[test]
fn what_follows_has_a_fresh_round() {
    let (_directory, connection) = database();
    let ids = outage(&connection, 2);
    assert_eq!(probed(&connection, 3 * MINUTE), ProbeResult::Begun);
    send(&connection, 3 * MINUTE, taken);
    followed(&connection, 9, 3 * MINUTE);
    assert_eq!(send(&connection, 3 * MINUTE, |_| failed(500)), ids[1..]);
    assert_eq!(exhausted(&connection), 0, "it has a retry");
    assert_eq!(send(&connection, 5 * MINUTE, taken), ids[1..]);
}

#[test]
fn an_event_that_is_wrong_itself_shows_that_the_receiver_is_back_and_stays_exhausted() {
    for status in [400, 413, 422] {
        let (_directory, connection) = database();
        let ids = outage(&connection, 3);
        assert_eq!(probed(&connection, 3 * MINUTE), ProbeResult::Begun);
        send(&connection, 3 * MINUTE, |_| failed(status));
        assert_eq!(followed(&connection, 9, 3 * MINUTE).opened, 2);
        assert_eq!(send(&connection, 3 * MINUTE, taken), ids[1..]);
        assert_eq!(exhausted(&connection), 0, "it is no longer one of them");
        let failed = "SELECT count(*) FROM webhook_retry_queue WHERE status = 'failed'";
        assert_eq!(count(&connection, failed), 1, "{status}");
    }
}

#[test]
fn any_other_answer_stops_it_and_the_same_event_is_the_next_probe() {
    for status in [401, 404, 410, 429, 500] {
        let (_directory, connection) = database();
        let ids = outage(&connection, 3);
        for at in [3, 30] {
            assert_eq!(probed(&connection, at * MINUTE), ProbeResult::Begun);
            let sent = send(&connection, at * MINUTE, |_| failed(status));
            assert_eq!(sent, ids[..1], "{status}");
            assert_eq!(followed(&connection, 9, at * MINUTE).opened, 0);
        }
        assert_eq!(exhausted(&connection), 3);
        // Nobody asks any more: something else that arrives sends nothing again.
        accepted(&connection, 1, 31 * MINUTE);
        assert_eq!(send(&connection, 31 * MINUTE, taken).len(), 1);
        assert_eq!(followed(&connection, 9, 31 * MINUTE).opened, 0);
    }
}

#[test]
fn any_success_on_the_route_counts_as_the_probe() {
    let (_directory, connection) = database();
    let ids = outage(&connection, 3);
    assert_eq!(probed(&connection, 3 * MINUTE), ProbeResult::Begun);
    // Taken before the probe was made; that is one like the others then, and has retries.
    let newer = accepted(&connection, 1, MINUTE);
    let sent = send(&connection, 3 * MINUTE, |id| {
        let is_newer = newer.iter().any(|one| one == id);
        if is_newer { taken(id) } else { failed(401) }
    });
    assert_eq!(sent, [&newer[..], &ids[..1]].concat());
    assert_eq!(followed(&connection, 9, 3 * MINUTE).opened, 2);
    assert_eq!(send(&connection, 3 * MINUTE, taken), ids[1..]);
    assert_eq!(send(&connection, 5 * MINUTE, taken), ids[..1]);
}

#[test]
fn retries_that_wait_for_the_receiver_are_due_when_it_was_away_for_long_enough() {
    for (minutes, hurried) in [(9, 0), (10, 2)] {
        let (_directory, connection) = database();
        let long = RetryPolicy::new(vec![Duration::from_hours(1); 9]);
        let ids = accepted(&connection, 4, 0);
        let found = due(&connection, "default", when(0), &HashSet::new(), 9).unwrap();
        // Away, refused, away, away.
        for (due, status) in found.due.iter().zip([503, 401, 503, 503]) {
            let attempted = failed(status);
            let kept = record(&connection, due, &attempted, &long, when(0)).unwrap();
            after_attempt(&connection, due, &attempted, kept.status, BY, when(0)).unwrap();
        }
        let at = minutes * MINUTE;
        let back = accepted(&connection, 1, at);
        assert_eq!(send(&connection, at, taken), back);
        let opened: u32 = (0..3).map(|_| followed(&connection, 1, at).opened).sum();
        assert_eq!(
            opened,
            hurried + u32::from(hurried > 0),
            "after {minutes} minutes"
        );
        let due = send(&connection, at, taken);
        if hurried > 0 {
            assert_eq!(
                due,
                [&ids[..1], &ids[2..]].concat(),
                "in order, and not the refused one"
            );
        } else {
            assert_eq!(due, [] as [&str; 0]);
        }
    }
}

#[test]
fn nothing_is_probed_or_followed_on_hold_and_no_dismissed_one_is_taken() {
    let (_directory, connection) = database();
    let ids = outage(&connection, 3);
    connection
        .execute(
            "INSERT INTO holds VALUES ('*', ?1, ?2, 'r', 'w')",
            (when(9 * MINUTE).axis_ms, when(0).wall),
        )
        .unwrap();
    assert_eq!(probed(&connection, 3 * MINUTE), ProbeResult::OnHold);
    dismiss_event(&connection, &ids[0], when(0)).unwrap();
    assert_eq!(probed(&connection, 9 * MINUTE), ProbeResult::Begun);
    assert_eq!(send(&connection, 9 * MINUTE, taken), ids[1..2]);
    followed(&connection, 9, 9 * MINUTE);
    assert_eq!(send(&connection, 9 * MINUTE, taken), ids[2..]);
}

#[test]
fn a_second_outage_stops_what_follows_until_the_receiver_is_back_again() {
    let (_directory, connection) = database();
    let ids = outage(&connection, 4);
    assert_eq!(probed(&connection, 3 * MINUTE), ProbeResult::Begun);
    send(&connection, 3 * MINUTE, taken);
    assert_eq!(followed(&connection, 1, 3 * MINUTE).opened, 1);
    assert_eq!(send(&connection, 3 * MINUTE, away), ids[1..2]);
    assert_eq!(followed(&connection, 9, 3 * MINUTE).opened, 0);
    assert_eq!(exhausted(&connection), 2);
    assert_eq!(send(&connection, 5 * MINUTE, taken), ids[1..2], "its retry");
    assert_eq!(followed(&connection, 9, 5 * MINUTE).opened, 2);
    assert_eq!(send(&connection, 5 * MINUTE, taken), ids[2..]);
}

#[test]
fn a_probe_does_not_stand_behind_a_retry_of_the_same_person() {
    let (_directory, connection) = ordered_database();
    let accepted_of = |staff_id: &str| {
        let mut of_one = submission("a.b", None);
        of_one.event.staff_id = Some(staff_id.to_owned());
        accept(&connection, &[of_one], when(0)).unwrap()[0]
            .id
            .clone()
    };
    let [first, second, other] = ["EMP-1", "EMP-1", "EMP-2"].map(accepted_of);
    for minute in 0..6 {
        send(&connection, minute * MINUTE, away);
    }
    assert_eq!(exhausted(&connection), 3);
    // The first one has a fresh round, and waits for its retry.
    again(&connection, &first, when(16 * MINUTE));
    assert_eq!(
        send(&connection, 16 * MINUTE, away),
        std::slice::from_ref(&first)
    );
    assert_eq!(probed(&connection, 16 * MINUTE), ProbeResult::Begun);
    assert_eq!(send(&connection, 16 * MINUTE, taken), [other]);
    while !followed(&connection, 9, 16 * MINUTE).done {}
    assert_eq!(
        send(&connection, 16 * MINUTE, taken),
        std::slice::from_ref(&first)
    );
    assert_eq!(send(&connection, 16 * MINUTE, taken), [second]);
}

#[test]
fn an_overview_tells_whether_it_is_tried_and_how_that_went() {
    let (_directory, connection) = database();
    outage(&connection, 3);
    let seen = || overview(&connection, "default").unwrap();
    let left = |tried_at| LeftByOutage {
        exhausted: 3,
        tried_at: Some(tried_at),
        is_away: true,
        recovery: RecoveryStep::None,
    };
    assert_eq!(seen(), left(when(0).wall));
    assert_eq!(probed(&connection, 3 * MINUTE), ProbeResult::Begun);
    assert_eq!(seen().recovery, RecoveryStep::Probing);
    let tried_at = when(4 * MINUTE).wall;
    send(&connection, 4 * MINUTE, |_| Attempted {
        started_at: tried_at,
        ..failed(503)
    });
    // Whoever has asked sees that it was tried, and that the receiver is still away.
    assert_eq!(seen(), left(tried_at));
    assert_eq!(probed(&connection, 5 * MINUTE), ProbeResult::Begun);
    send(&connection, 5 * MINUTE, taken);
    let back = seen();
    assert_eq!((back.exhausted, back.is_away), (2, false));
    assert_eq!(back.recovery, RecoveryStep::Following);
}
