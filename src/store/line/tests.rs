//! Who waits for whom, in single cases.

use crate::attempt::{AttemptResult, Outcome};
use crate::store::event_lookup::find;
use crate::store::events::accept;
use crate::store::tests::{
    at, attempted, due_now, ordered_database, policy, settle, submission, when,
};
use rusqlite::Connection;

#[test]
fn an_event_waits_for_an_earlier_one_of_its_person_and_is_due_when_that_has_ended() {
    let (_directory, connection) = ordered_database();
    let batch = ["a", "b", "c"].map(|name| submission(name, None));
    let accepted = accept(&connection, &batch, when(0)).unwrap();
    let first = accepted[0].due.clone().unwrap();
    assert!(accepted[1..].iter().all(|event| event.due.is_none()));
    assert_eq!(due_now(&connection, when(9)), std::slice::from_ref(&first));
    let waits_for = |id: &str| {
        find(&connection, id, when(9))
            .unwrap()
            .unwrap()
            .summary
            .waits_for
    };
    assert_eq!(waits_for(&accepted[2].id), Some(first.id.clone()));
    assert_eq!(waits_for(&first.id), None);
    let failed = answered(&connection, &first, 503, 1);
    assert_eq!(failed.next, None, "an outage holds up");
    assert_eq!(due_now(&connection, when(10)), []);
    let retry = due_now(&connection, when(60_001)).remove(0);
    let succeeded = answered(&connection, &retry, 200, 60_001);
    assert_eq!(
        succeeded.next.map(|next| next.id),
        Some(accepted[1].id.clone())
    );
}

#[test]
fn what_is_wrong_with_one_event_holds_up_no_one() {
    let (_directory, connection) = ordered_database();
    let batch = ["a", "b"].map(|name| submission(name, None));
    let accepted = accept(&connection, &batch, when(0)).unwrap();
    let first = accepted[0].due.clone().unwrap();
    let refused = answered(&connection, &first, 400, 1);
    let second = refused.next.unwrap();
    assert_eq!(second.id, accepted[1].id);
    assert_eq!(due_now(&connection, when(2)), [second]);
}

/// An attempt that ended with this status, at this moment.
fn answered(
    connection: &Connection,
    due: &crate::due::DueDelivery,
    status: u16,
    milliseconds: i64,
) -> AttemptResult {
    let outcome = if status == 200 {
        Outcome::Success
    } else {
        Outcome::Failed
    };
    let mut attempted = attempted(outcome, at(milliseconds), 0);
    attempted.http_status = Some(status);
    settle(connection, due, &attempted, &policy()).unwrap()
}
