//! Actions that are recorded, listed and counted.

use std::time::Duration;

use super::*;
use crate::audit::{Actor, Subject};
use crate::store::tests::{at, count, database};

fn did(action: Action, ms: i64) -> Entry {
    Actor::user("root", Some("tanaka")).did(action, at(ms))
}

#[test]
fn an_action_of_several_transactions_is_one_row_that_counts_on() {
    let (_directory, connection) = database();
    let filter = crate::event_record::EventFilter {
        staff_id: Some("EMP-1".to_owned()),
        ..Default::default()
    };
    let entry = did(Action::Resend, 0).to(Subject::Events(filter));
    let running = go_on(&connection, &entry.into(), 200).unwrap();
    let running = go_on(&connection, &running, 200).unwrap();
    go_on(&connection, &running, 7).unwrap();
    let (all, _) = list(&connection, &AuditFilter::default(), None, 9).unwrap();
    assert_eq!(all.len(), 1);
    assert_eq!(all[0].count, Some(407));
    let key = key(&connection).unwrap();
    let label = person::label(&person::hash_of_staff(&key, "EMP-1"));
    assert_eq!(all[0].subject, Some(format!("staffId={label}")));
}

#[test]
fn both_the_stated_name_and_who_stated_it_are_found() {
    let (_directory, connection) = database();
    record(&connection, &did(Action::Backup, 0)).unwrap();
    for (who, found) in [("tanaka", 1), ("root", 1), ("tana", 0), ("(as", 0), ("", 0)] {
        let filter = AuditFilter {
            who: Some(who.to_owned()),
            ..AuditFilter::default()
        };
        let (all, _) = list(&connection, &filter, None, 9).unwrap();
        assert_eq!(all.len(), found, "{who}");
    }
}

#[test]
fn what_is_old_goes_in_steps_and_the_rest_stays() {
    let (_directory, connection) = database();
    for n in 0..i64::from(PURGED_AT_ONCE) + 10 {
        record(&connection, &did(Action::Backup, n)).unwrap();
    }
    // A wrong clock has named the later one.
    for (day, lived_ms) in [("2024-01-02", 7), ("2006-01-01", 9)] {
        connection
            .execute(
                "INSERT INTO relay_time (id, axis_ms, wall_at, lived_ms, set_back_ms, believed_ahead_ms)
                 VALUES (1, 0, ?1, ?2, 0, 0) ON CONFLICT DO UPDATE SET lived_ms = ?2",
                (at(0), lived_ms),
            )
            .unwrap();
        let reads = PayloadReads {
            day: day.to_owned(),
            who: "root".to_owned(),
            events: 1,
        };
        count_reads(&connection, &reads).unwrap();
    }
    let old = Milestone {
        lived_ms: 8,
        actions: i64::from(PURGED_AT_ONCE) + 5,
        ..Milestone::default()
    };
    assert!(any_old(&connection, old).unwrap());
    assert!(purge(&connection, old).unwrap());
    assert!(!purge(&connection, old).unwrap());
    assert_eq!(count(&connection, "SELECT count(*) FROM audit"), 5);
    assert_eq!(count(&connection, "SELECT count(*) FROM payload_reads"), 1);
    assert!(!any_old(&connection, old).unwrap());
}

#[test]
fn what_another_database_has_is_added_once() {
    let (_one, connection) = database();
    let (_other, other) = database();
    record(&connection, &did(Action::Backup, 0)).unwrap();
    record(&other, &did(Action::Backup, 0)).unwrap();
    record(&other, &did(Action::Reload, 1)).unwrap();
    for _ in 0..2 {
        for action in all(&other).unwrap() {
            keep_if_new(&connection, &action).unwrap();
        }
    }
    assert_eq!(count(&connection, "SELECT count(*) FROM audit"), 2);
    let newest = all(&connection).unwrap().pop().unwrap();
    assert_eq!(newest.at, at(0).after(Duration::from_millis(1)));
}
