//! Recovery after an outage is linear: each delivery takes the same number of SQLite steps however large the outage
//! was, because none of them counts or sorts the others.

use super::tests::{at, attempt_all, resend_one};
use super::*;
use crate::event_record::EventFilter;
use crate::resend::Candidate;
use crate::store::bulk_resend::candidates;
use crate::store::events::accept;
use crate::store::steps;
use crate::store::tests::{database, submission};

/// The sizes that are compared.
const FEW: usize = 200;
const MANY: usize = 8 * FEW;
/// Deliveries of one page of a resend.
const PAGE: usize = 50;

fn attempt_everything(connection: &Connection, status: u16, second: u64) {
    while !attempt_all(connection, Some(status), at(second)).is_empty() {}
}

fn resend_everything(connection: &Connection) {
    let filter = EventFilter {
        status: Some(Status::Exhausted),
        ..EventFilter::default()
    };
    let mut after: Option<Candidate> = None;
    loop {
        let page = candidates(connection, &filter, after.as_ref(), PAGE).unwrap();
        for event in page.events {
            resend_one(connection, &event.id, at(2));
        }
        after = page.next;
        if after.is_none() {
            return;
        }
    }
}

/// Steps for each delivery of an outage of this size: to become exhausted and refused, to be sent again by a
/// person, and to arrive.
fn steps_for_each(deliveries: usize) -> [u64; 3] {
    let (_directory, connection) = database();
    steps::watch(&connection);
    // One transaction: what is counted is not the disk.
    connection.execute_batch("BEGIN").unwrap();
    for _ in 0..deliveries {
        accept(&connection, &[submission("a.b", None)], at(0)).unwrap();
    }
    let steps = [
        steps::of(|| attempt_everything(&connection, 401, 1)),
        steps::of(|| resend_everything(&connection)),
        steps::of(|| attempt_everything(&connection, 200, 3)),
    ];
    let (open, _) = list(&connection, Some(true), None, 9, at(4)).unwrap();
    assert!(open.is_empty(), "all of them arrived");
    connection.execute_batch("COMMIT").unwrap();
    steps.map(|steps| steps / deliveries as u64)
}

#[test]
fn the_way_back_from_an_outage_takes_as_long_for_each_delivery_however_many_there_are() {
    let (few, many) = (steps_for_each(FEW), steps_for_each(MANY));
    for (few, many) in few.into_iter().zip(many) {
        assert!(few > 50, "nothing was counted: {few}");
        assert!(many < few + few / 2, "{few} steps became {many}");
    }
}
