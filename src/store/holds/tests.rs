//! Holds of one route and of all of them: what is due, what is shown and told, and how they end.

use std::collections::HashSet;

use super::*;
use crate::store::events::accept;
use crate::store::outbox::due;
use crate::store::tests::{at, count, database, moment, somebody, submission, when};
use crate::trouble::Trouble;

fn hold(route: &str, minutes: u64) -> NewHold {
    NewHold {
        route: route.to_owned(),
        lasts: Some(Duration::from_mins(minutes)),
        reason: "because".to_owned(),
        by: somebody(),
    }
}

#[test]
fn what_is_held_is_not_due_and_its_moment_stays() {
    let (_directory, connection) = database();
    accept(&connection, &[submission("a.b", None)], when(0)).unwrap();
    let found = |ms| due(&connection, "default", when(ms), &HashSet::new(), 9).unwrap();
    let minute = 60_000;
    for route in ["default", EVERY_ROUTE] {
        begin(&connection, &hold(route, 5), when(0)).unwrap();
        let held = found(minute);
        assert!(held.held && held.due.is_empty() && !held.more);
        assert_eq!(held.next_in, Some(Duration::from_mins(4)));
        let free = found(5 * minute);
        assert!(!free.held);
        assert_eq!(free.due.len(), 1);
        assert!(end(&connection, route, when(2 * minute)).unwrap());
        assert!(!end(&connection, route, when(2 * minute)).unwrap());
        assert_eq!(found(2 * minute).due[0].due_ms, when(0).axis_ms);
    }
    begin(&connection, &hold("other", 5), when(0)).unwrap();
    assert!(!found(2 * minute).held);
}

#[tokio::test]
async fn the_moment_that_was_asked_for_is_shown_though_the_clocks_have_drifted() {
    let directory = tempfile::tempdir().unwrap();
    let store = Store::open(directory.path(), moment()).unwrap();
    let drifted = Moment {
        wall: at(60_007),
        monotonic: Duration::from_mins(1),
    };
    store.hold(hold("default", 5), drifted).await.unwrap();
    let holds = store.holds(drifted).await.unwrap();
    assert_eq!(holds[0].until, Some(at(60_007 + 5 * 60_000)));
}

#[test]
fn of_two_holds_of_a_route_the_longer_one_counts() {
    let (_directory, connection) = database();
    begin(&connection, &hold("default", 5), when(0)).unwrap();
    begin(&connection, &hold(EVERY_ROUTE, 9), when(0)).unwrap();
    let until = held_until(&connection, "default", when(0)).unwrap();
    assert_eq!(until, Some(End::At(when(9 * 60_000).axis_ms)));
}

#[test]
fn a_hold_of_a_restore_for_which_there_is_no_room_is_told_as_that() {
    let (_directory, connection) = database();
    let pages = "SELECT page_count FROM pragma_page_count()";
    let pages: u32 = connection.query_row(pages, [], |row| row.get(0)).unwrap();
    let limit = format!("PRAGMA max_page_count = {pages}");
    connection.query_row(&limit, [], |_| Ok(())).unwrap();
    let long = NewHold {
        lasts: None,
        reason: "x".repeat(1 << 20),
        ..hold(EVERY_ROUTE, 0)
    };
    let refused = begin_at_rest(&connection, &long, at(0));
    assert!(
        matches!(refused, Err(StoreError::Unavailable(Trouble::DiskFull(_)))),
        "{refused:?}"
    );
}

#[test]
fn a_hold_without_an_end_lasts_until_a_person_ends_it() {
    let (_directory, connection) = database();
    accept(&connection, &[submission("a.b", None)], when(0)).unwrap();
    begin(&connection, &hold("default", 5), when(0)).unwrap();
    let without_end = NewHold {
        lasts: None,
        ..hold(EVERY_ROUTE, 0)
    };
    begin_at_rest(&connection, &without_end, at(0)).unwrap();
    let years = 50 * 365 * 24 * 60 * 60_000;
    let found = |ms| due(&connection, "default", when(ms), &HashSet::new(), 9).unwrap();
    let held = found(years);
    assert!(held.held && held.due.is_empty());
    assert_eq!(held.next_in, None, "there is nothing to wait for");
    assert!(
        !over(&connection, when(years))
            .unwrap()
            .contains(&"*".into())
    );
    assert_eq!(lasting(&connection, when(years)).unwrap()[0].until, None);
    let waiting = crate::store::overview::waiting(&connection, when(years)).unwrap();
    assert_eq!((waiting[0].events, waiting[0].due_at), (1, None));
    assert!(end(&connection, EVERY_ROUTE, when(years)).unwrap());
    assert_eq!(found(years).due.len(), 1);
    let actions = "SELECT count(*) FROM audit WHERE action = 'hold' AND reason = 'because'";
    assert_eq!(count(&connection, actions), 1);
}

#[test]
fn begin_change_and_end_are_one_message_each() {
    let (_directory, connection) = database();
    let told = |state: &str| {
        let sql = format!("SELECT count(*) FROM alert_messages WHERE state = '{state}'");
        count(&connection, &sql)
    };
    let begun = |minutes, at| begin(&connection, &hold("default", minutes), when(at)).unwrap();
    assert_eq!(begun(5, 0), HoldResult::Begun);
    assert_eq!(begun(6, 1), HoldResult::Replaced);
    assert_eq!(
        over(&connection, when(6 * 60_000)).unwrap(),
        [] as [&str; 0]
    );
    let ended = 6 * 60_000 + 1;
    // It has ended by itself and that was not told yet: the next one is another one.
    assert_eq!(over(&connection, when(ended)).unwrap(), ["default"]);
    assert_eq!(begun(5, ended), HoldResult::Begun);
    assert!(end(&connection, "default", when(ended + 1)).unwrap());
    assert_eq!(over(&connection, when(ended * 9)).unwrap(), [] as [&str; 0]);
    assert_eq!(
        (told("opened"), told("ongoing"), told("resolved")),
        (2, 1, 2)
    );
}
