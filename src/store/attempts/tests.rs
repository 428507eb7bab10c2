//! What is recorded of a delivery's attempts.

use std::collections::HashSet;
use std::time::Duration;

use super::*;
use crate::resend::Resend;
use crate::store::event_lookup::find;
use crate::store::outbox::{begin, due};
use crate::store::tests::{
    accept_one, again, at, attempted, count, database, due_now, policy, settle, text, when,
};

#[test]
fn a_delivery_that_fails_twice_has_one_log_row_and_one_queue_row() {
    let (_directory, connection) = database();
    let id = accept_one(&connection, "employee.created", when(0));
    for (number, (outcome, now)) in [
        (Outcome::Failed, at(0)),
        (Outcome::Timeout, at(60_010)),
        (Outcome::Success, at(360_100)),
    ]
    .into_iter()
    .enumerate()
    {
        let taken = due_now(&connection, Now::at(now));
        assert_eq!(taken.len(), 1, "attempt {number}");
        assert_eq!(taken[0].attempt as usize, number + 1);
        settle(
            &connection,
            &taken[0],
            &attempted(outcome, now, 10),
            &policy(),
        )
        .unwrap();
    }
    assert!(due_now(&connection, when(999_999_999)).is_empty());
    let log = text(
        &connection,
        "SELECT concat_ws('|', count(*), status, retry_count, sent_at, last_retry_at, error_message IS NULL, request_id = id)
           FROM webhook_send_logs",
    );
    assert_eq!(log, format!("1|success|2|{}|{}|1|1", at(0), at(360_100)));
    let queue = text(
        &connection,
        "SELECT concat_ws('|', count(*), status, retry_attempt, max_retries) FROM webhook_retry_queue",
    );
    assert_eq!(queue, "1|completed|2|3");
    let detail = find(&connection, &id, when(0)).unwrap().unwrap();
    assert_eq!(detail.summary.status, Status::Delivered);
    assert_eq!(detail.attempts.len(), 3);
}

#[test]
fn exhaustion_is_worded_as_promised_and_a_resend_opens_the_same_rows() {
    let (_directory, connection) = database();
    let id = accept_one(&connection, "employee.created", when(0));
    let mut now = at(0);
    let mut attempts = 0;
    while let Some(taken) = due_now(&connection, Now::at(now)).pop() {
        settle(
            &connection,
            &taken,
            &attempted(Outcome::Failed, now, 5),
            &policy(),
        )
        .unwrap();
        attempts += 1;
        let next_in = due(&connection, "default", Now::at(now), &HashSet::new(), 1)
            .unwrap()
            .next_in;
        now = now.after(next_in.unwrap_or(Duration::from_hours(9)));
    }
    assert_eq!(attempts, 4);
    let status = |connection: &Connection| {
        find(connection, &id, when(0))
            .unwrap()
            .unwrap()
            .summary
            .status
    };
    assert_eq!(status(&connection), Status::Exhausted);
    let words = text(
        &connection,
        "SELECT concat_ws('|', l.error_message, l.status, q.status, q.last_error, q.retry_attempt, q.max_retries)
           FROM webhook_send_logs l JOIN webhook_retry_queue q ON q.original_log_id = l.id",
    );
    assert_eq!(
        words,
        format!("{LOG_EXHAUSTED}|failed|failed|{QUEUE_EXHAUSTED}|3|3")
    );

    assert_eq!(again(&connection, &id, Now::at(now)), Resend::Opened);
    assert_eq!(status(&connection), Status::Retrying);
    let taken = due_now(&connection, Now::at(now)).pop().unwrap();
    assert_eq!(taken.attempt, 5);
    assert!(begin(&connection, taken.seq, &taken.id, Now::at(now)).unwrap());
    let settled = settle(
        &connection,
        &taken,
        &attempted(Outcome::Failed, now, 5),
        &policy(),
    )
    .unwrap();
    assert_eq!(
        settled.retry.map(|retry| retry.wall),
        Some(now.after(Duration::from_millis(60_005))),
        "a fresh budget"
    );
    let taken = due_now(&connection, when(99_999_999)).pop().unwrap();
    settle(
        &connection,
        &taken,
        &attempted(Outcome::Success, at(99_999_999), 5),
        &policy(),
    )
    .unwrap();
    assert_eq!(status(&connection), Status::Delivered);
    assert_eq!(
        count(&connection, "SELECT count(*) FROM webhook_send_logs"),
        1
    );
    assert_eq!(
        count(&connection, "SELECT count(*) FROM webhook_retry_queue"),
        1
    );
    assert_eq!(
        count(&connection, "SELECT retry_count FROM webhook_send_logs"),
        5
    );
}
