//! When a delivery that was put off is due.

use super::*;
use crate::attempt::Outcome;
use crate::resend::Resend;
use crate::store::events::accept;
use crate::store::tests::{again, attempted, database, due_now, policy, settle, submission, when};

#[test]
fn what_a_person_sent_again_meanwhile_is_not_put_off() {
    let (_directory, connection) = database();
    let id = accept(&connection, &[submission("a.b", None)], when(0)).unwrap()[0]
        .id
        .clone();
    let found = |milliseconds| due_now(&connection, when(milliseconds)).pop();
    let put_off = |due: &DueDelivery| {
        let far = Duration::from_secs(1_000_000);
        put_off(&connection, due, far, &policy(), when(0)).unwrap();
    };
    let resent = |milliseconds| again(&connection, &id, when(milliseconds));
    // At its first attempt, and in the same moment.
    let due = found(0).unwrap();
    assert_eq!(resent(0), Resend::Waiting);
    put_off(&due);
    let due = found(0).unwrap();
    put_off(&due);
    assert_eq!(found(0), None, "nobody wanted it sent");
    // At a retry.
    assert_eq!(resent(1), Resend::Waiting);
    let failed = attempted(Outcome::Failed, when(1).wall, 0);
    settle(&connection, &found(1).unwrap(), &failed, &policy()).unwrap();
    let due = found(61_000).unwrap();
    assert!(begin(&connection, due.seq, &id, when(61_000)).unwrap());
    assert_eq!(resent(62_000), Resend::UnderWay);
    put_off(&due);
    assert!(found(62_000).is_some());
}
