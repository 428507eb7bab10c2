//! Codes, and when sessions end.

use std::time::Duration;

use super::*;
use crate::store::tests::{count, database, when};

const CODE: Digest = [1; 32];
const SECRET: Digest = [2; 32];
const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;

fn login(role: Role, hours: u64) -> NewLogin {
    NewLogin {
        name: "山田".to_owned(),
        role,
        lasts: Duration::from_hours(hours),
    }
}

#[test]
fn a_code_is_good_once_and_for_ten_minutes() {
    let (_directory, connection) = database();
    insert(&connection, &login(Role::Operator, 12), &CODE, when(0)).unwrap();
    let open_at = |ms| open(&connection, &CODE, &SECRET, when(ms)).unwrap();
    assert_eq!(open_at(10 * MINUTE), None);
    // No code is a session, and no session a code.
    assert!(find(&connection, &CODE, when(0)).unwrap().is_none());
    let session = open_at(10 * MINUTE - 1).unwrap();
    assert_eq!(
        (session.name.as_str(), session.role),
        ("山田", Role::Operator)
    );
    assert_eq!(open_at(10 * MINUTE - 1), None);
    assert_eq!(open(&connection, &SECRET, &CODE, when(0)).unwrap(), None);
}

#[test]
fn a_session_ends_after_an_hour_without_use_and_after_twelve_at_the_latest() {
    let (_directory, connection) = database();
    insert(&connection, &login(Role::Operator, 12), &CODE, when(0)).unwrap();
    open(&connection, &CODE, &SECRET, when(0)).unwrap().unwrap();
    let lasts = |ms| find(&connection, &SECRET, when(ms)).unwrap();
    assert!(lasts(HOUR).is_none());
    let found = lasts(HOUR - 1).unwrap();
    assert!(found.is_to_be_kept(when(6 * MINUTE + 1)) && !found.is_to_be_kept(when(MINUTE)));
    for hour in 1..12 {
        keep(&connection, &SECRET, when(hour * HOUR - 1)).unwrap();
        assert!(lasts(hour * HOUR).is_some(), "{hour}");
    }
    keep(&connection, &SECRET, when(12 * HOUR - 1)).unwrap();
    assert!(lasts(12 * HOUR - 1).is_some() && lasts(12 * HOUR).is_none());
}

#[test]
fn a_screen_on_a_wall_stays_logged_in_though_it_is_off_at_night() {
    let (_directory, connection) = database();
    let screen = login(Role::Viewer, 24 * 90);
    insert(&connection, &screen, &CODE, when(0)).unwrap();
    open(&connection, &CODE, &SECRET, when(0)).unwrap().unwrap();
    let found = find(&connection, &SECRET, when(24 * 90 * HOUR - 1)).unwrap();
    assert!(!found.unwrap().is_to_be_kept(when(24 * 89 * HOUR)));
    assert!(
        find(&connection, &SECRET, when(24 * 90 * HOUR))
            .unwrap()
            .is_none()
    );
}

#[test]
fn what_ends_and_what_is_purged_is_gone() {
    let (_directory, connection) = database();
    let secrets: Vec<Digest> = (10..14).map(|number| [number; 32]).collect();
    for secret in &secrets {
        insert(&connection, &login(Role::Viewer, 12), &CODE, when(0)).unwrap();
        open(&connection, &CODE, secret, when(0)).unwrap().unwrap();
    }
    let ended = |which: Sessions| end(&connection, &which, when(1)).unwrap();
    assert_eq!(ended(Sessions::Own(secrets[0])), 1);
    assert_eq!(ended(Sessions::Own(secrets[0])), 0);
    assert_eq!(ended(Sessions::Id(id_of(&secrets[1]))), 1);
    assert_eq!(ended(Sessions::Named("佐藤".to_owned())), 0);
    assert_eq!(lasting(&connection, when(1)).unwrap().len(), 2);
    assert_eq!(ended(Sessions::Named("山田".to_owned())), 2);
    insert(&connection, &login(Role::Viewer, 12), &CODE, when(0)).unwrap();
    assert!(!any_over(&connection, when(1)).unwrap());
    assert!(any_over(&connection, when(HOUR)).unwrap());
    purge(&connection, when(HOUR)).unwrap();
    assert_eq!(
        count(&connection, "SELECT count(*) FROM monitor_sessions"),
        0
    );
    insert(&connection, &login(Role::Viewer, 12), &CODE, when(0)).unwrap();
    assert_eq!(ended(Sessions::All), 1);
}
