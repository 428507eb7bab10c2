//! Sending one event again.

use super::*;
use crate::attempt::Outcome;
use crate::event::Status;
use crate::store::event_lookup::find;
use crate::store::outbox::begin;
use crate::store::tests::{
    accept_one, again, at, attempted, database, due_now, policy, settle, text, when,
};

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
