//! What is kept of an action.

use super::*;
use crate::event::Status;

#[test]
fn words_mean_what_they_are_said_for() {
    for action in Action::ALL {
        assert_eq!(Action::from_word(action.as_str()), Some(action));
    }
    for via in Via::ALL {
        assert_eq!(Via::from_word(via.as_str()), Some(via));
    }
    assert_eq!(Action::from_word("sleep"), None);
}

#[test]
fn a_stated_name_is_marked_and_says_who_stated_it() {
    let who = |user: &str, stated: Option<&str>| Actor::user(user, stated).who;
    assert_eq!(who("root", None), "root");
    assert_eq!(who("root", Some("田中")), "田中 (as stated by root)");
    assert_eq!(who("tanaka", Some("tanaka")), "tanaka");
    assert_eq!(who("root", Some("\n")), "root");
    let long = "x".repeat(NAME_CHARACTERS + 1);
    let cut = Actor::caller(&long, [127, 0, 0, 1].into()).who;
    assert_eq!(cut.len(), NAME_CHARACTERS);
}

#[test]
fn no_staff_id_stands_in_what_is_kept() {
    let filter = EventFilter {
        status: Some(Status::Exhausted),
        staff_id: Some("EMP-1".to_owned()),
        since: Some(Timestamp::from_unix_ms(0)),
        ..EventFilter::default()
    };
    let label = |_: &str| "#0".to_owned();
    let spelled = Subject::Events(filter).spelled(label).unwrap();
    assert_eq!(
        spelled,
        "status=exhausted staffId=#0 since=1970-01-01T00:00:00.000Z"
    );
    let staff = Subject::Staff("EMP-1".to_owned());
    assert!(staff.names_staff());
    assert_eq!(staff.spelled(label).as_deref(), Some("#0"));
}
