//! Lists of events, page by page, and their filters.

use super::*;
use crate::retry::RetryPolicy;
use crate::store::tests::{accept_one, at, attempted, database, due_now, settle, when};

#[test]
fn pages_cover_everything_once_newest_first() {
    let (_directory, connection) = database();
    let mut ids: Vec<String> = (0..7)
        .map(|n| accept_one(&connection, "a", when(n)))
        .collect();
    ids.reverse();
    let mut seen = Vec::new();
    let mut before = None;
    loop {
        let page = list(&connection, &EventFilter::default(), before, 3, when(9)).unwrap();
        seen.extend(page.items.into_iter().map(|event| event.id));
        before = page.next;
        if before.is_none() {
            break;
        }
    }
    assert_eq!(seen, ids);
    let filter = EventFilter {
        since: Some(at(2)),
        until: Some(at(4)),
        staff_id: Some("EMP-1".to_owned()),
        ..EventFilter::default()
    };
    assert_eq!(
        list(&connection, &filter, None, 50, when(9))
            .unwrap()
            .items
            .len(),
        3
    );
}

#[test]
fn what_is_exhausted_is_listed_newest_first_page_by_page() {
    let (_directory, connection) = database();
    let never = RetryPolicy::new(Vec::new());
    let mut ids: Vec<String> = (0..5)
        .map(|ms| accept_one(&connection, "a", when(ms)))
        .collect();
    for due in due_now(&connection, when(9)) {
        let failed = attempted(Outcome::Failed, at(9), 1);
        settle(&connection, &due, &failed, &never).unwrap();
    }
    ids.reverse();
    let filter = EventFilter {
        status: Some(Status::Exhausted),
        ..EventFilter::default()
    };
    let first = list(&connection, &filter, None, 3, when(9)).unwrap();
    let second = list(&connection, &filter, first.next, 3, when(9)).unwrap();
    assert_eq!(second.next, None);
    let seen = first.items.into_iter().chain(second.items);
    assert_eq!(seen.map(|event| event.id).collect::<Vec<_>>(), ids);
}

#[test]
fn a_range_of_time_is_exact_though_the_clock_was_set() {
    let (_directory, connection) = database();
    let walls = [5000, 9000, 1000, 3000, 3000];
    let ids: Vec<String> = walls
        .iter()
        .map(|ms| accept_one(&connection, "a", when(*ms)))
        .collect();
    for (since, until, expected) in [
        (1000, 3000, vec![2, 3, 4]),
        (3000, 3000, vec![3, 4]),
        (3001, 5000, vec![0]),
    ] {
        let filter = EventFilter {
            since: Some(at(since)),
            until: Some(at(until)),
            ..EventFilter::default()
        };
        let mut found: Vec<_> = list(&connection, &filter, None, 9, when(0))
            .unwrap()
            .items
            .into_iter()
            .map(|event| ids.iter().position(|id| *id == event.id).unwrap())
            .collect();
        found.sort_unstable();
        assert_eq!(found, expected, "{since} {until}");
    }
}

#[test]
fn what_a_filter_matches_is_counted_up_to_a_bound() {
    let (_directory, connection) = database();
    for _ in 0..5 {
        accept_one(&connection, "a", when(1));
    }
    accept_one(&connection, "b", when(2));
    let of = |event_type: &str| EventFilter {
        event_type: Some(event_type.to_owned()),
        ..EventFilter::default()
    };
    let counted = |filter: &EventFilter, most| count(&connection, filter, most).unwrap();
    assert_eq!(counted(&EventFilter::default(), 100), 6);
    assert_eq!((counted(&of("a"), 100), counted(&of("a"), 3)), (5, 3));
    let elsewhere = EventFilter {
        route: Some("elsewhere".to_owned()),
        ..EventFilter::default()
    };
    assert_eq!(counted(&elsewhere, 100), 0);
}
