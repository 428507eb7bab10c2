//! What an erasure has taken does not come back: neither with an older copy, nor when the staff system hands it in again.

use super::interviews::interviewer;
use super::tests::{PERSON, erase_all, event_of, interview_of, places_of};
use super::*;
use crate::hold::NewHold;
use crate::interview::{Interview, UnknownOrigin};
use crate::store::events::accept;
use crate::store::import_rows::tests::import;
use crate::store::interview_intake::put;
use crate::store::recount::differences;
use crate::store::tests::{at, count, database, somebody, when};
use crate::store::{carry_over, erased_records, holds, interviews as records};

/// A copy of the database as it is now.
pub(super) fn copy_of(connection: &Connection) -> (tempfile::TempDir, Connection) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("copy.db");
    let name = path.to_str().unwrap();
    connection.execute("VACUUM INTO ?1", [name]).unwrap();
    (directory, Connection::open(&path).unwrap())
}

/// What a restore does to a copy that takes the place of the present database.
pub(super) fn restore(present: &Connection, copy: &Connection) {
    let carried = carry_over::read(present).unwrap();
    let lasting = carried.lasting_holds.clone().unwrap();
    carry_over::write(copy, carried).unwrap();
    again(copy, &lasting, at(2_000_000)).unwrap();
}

/// The rows that a statement names, in their order.
fn names(connection: &Connection, sql: &str) -> Vec<String> {
    let mut statement = connection.prepare(sql).unwrap();
    let rows = statement.query_map([], |row| row.get(0)).unwrap();
    rows.collect::<rusqlite::Result<_>>().unwrap()
}

#[test]
fn a_hold_that_has_ended_since_the_copy_is_without_the_id_and_one_that_lasts_keeps_it() {
    let (_directory, connection) = database();
    for route in ["ends", "lasts"] {
        let hold = NewHold {
            route: route.to_owned(),
            lasts: Some(std::time::Duration::from_hours(72)),
            // No blank behind the id: Japanese has none.
            reason: format!("for {PERSON}\u{306e}\u{90fd}\u{5408}"),
            by: somebody(),
        };
        holds::begin(&connection, &hold, when(0)).unwrap();
    }
    let who = format!("UPDATE holds SET who = 'pc of {PERSON}'");
    connection.execute(&who, []).unwrap();
    erase_all(&connection, true).unwrap();
    let (_copies, copy) = copy_of(&connection);
    assert!(holds::end(&connection, "ends", when(1_000_002)).unwrap());
    assert_eq!(erase_all(&connection, true).unwrap().texts, 1);
    restore(&connection, &copy);
    for (table, text) in [
        ("holds", "reason"),
        ("holds", "who"),
        ("incidents", "finding"),
    ] {
        let name = if table == "holds" { "route" } else { "subject" };
        let with = format!("SELECT {name} FROM {table} WHERE instr({text}, '{PERSON}') > 0");
        assert_eq!(names(&copy, &with), ["lasts"], "{table}.{text}");
    }
    let told = format!(
        "SELECT DISTINCT i.subject FROM alert_messages m JOIN incidents i ON i.seq = m.incident
          WHERE instr(m.report, '{PERSON}') > 0"
    );
    assert_eq!(names(&copy, &told), ["lasts"]);
    let erased = "SELECT reason || ' ' || who FROM holds WHERE route = 'ends'";
    assert_eq!(names(&copy, erased), ["erased erased"]);
}

#[test]
fn nothing_is_known_of_holds_without_the_former_database_so_those_that_last_in_the_copy_keep_their_reasons()
 {
    let (_directory, connection) = database();
    let hold = NewHold {
        route: "default".to_owned(),
        lasts: Some(std::time::Duration::from_hours(72)),
        reason: format!("for {PERSON}"),
        by: somebody(),
    };
    holds::begin(&connection, &hold, when(0)).unwrap();
    erase_all(&connection, true).unwrap();
    assert!(carry_over::Carried::default().lasting_holds.is_none());
    again(&connection, &lasting_holds(&connection).unwrap(), at(1)).unwrap();
    let kept = format!("SELECT route FROM holds WHERE reason = 'for {PERSON}'");
    assert_eq!(names(&connection, &kept), ["default"]);
}

/// A record of somebody else that the person held.
fn held() -> Interview {
    Interview {
        interviewer_id: Some(PERSON.to_owned()),
        ..interview_of("EMP-OTHER", "int-2", 0)
    }
}

#[test]
fn a_record_that_an_erased_person_held_comes_again_without_the_interviewer() {
    let (_directory, connection) = database();
    put(&connection, &[held()], at(0)).unwrap();
    let (_copies, copy) = copy_of(&connection);
    assert_eq!(erase_all(&connection, false).unwrap().held, 1);
    let again = put(&connection, &[held()], at(2_000_000)).unwrap();
    assert_eq!(again.erased, 1);
    let rows = [(1, held())];
    let imported = import(&connection, &rows, UnknownOrigin::Refuse, at(2_000_001));
    assert_eq!(imported.erased, 1);
    assert_eq!(places_of(&connection, PERSON), Vec::<String>::new());
    // Everything else of the record is as it was handed in.
    assert_eq!(
        names(&connection, "SELECT employee_id FROM interviews"),
        ["EMP-OTHER"]
    );
    assert_eq!(differences(&connection).unwrap(), 0);
    // The same after a restore, also of a record that was deleted in the copy.
    restore(&connection, &copy);
    assert_eq!(places_of(&copy, PERSON), Vec::<String>::new());
    records::delete(&copy, "int-2").unwrap();
    assert_eq!(put(&copy, &[held()], at(2_000_002)).unwrap().erased, 1);
    assert_eq!(places_of(&copy, PERSON), Vec::<String>::new());
}

#[test]
fn an_erased_persons_own_record_comes_again_with_the_interviewer_who_is_somebody_else() {
    let interviewers = "SELECT coalesce(interviewer_id, '') FROM interviews";
    // The second id has the person's in it, and is another one after the erasure.
    for id in ["int-1".to_owned(), format!("int-{PERSON}")] {
        let (_directory, connection) = database();
        let of = |employee: &str, interviewer: &str| Interview {
            interviewer_id: Some(interviewer.to_owned()),
            ..interview_of(employee, &id, 0)
        };
        put(&connection, &[of(PERSON, "EMP-OTHER")], at(0)).unwrap();
        erase_all(&connection, false).unwrap();
        assert_eq!(names(&connection, interviewers), ["EMP-OTHER"]);
        // As the staff system has it, and as an export of the relay has it.
        for employee in [PERSON, person::ERASED] {
            let rows = [(1, of(employee, "EMP-OTHER"))];
            let again = import(&connection, &rows, UnknownOrigin::Refuse, at(2_000_000));
            assert_eq!(again.erased, 1);
            assert_eq!(names(&connection, interviewers), ["EMP-OTHER"]);
        }
        assert_eq!(places_of(&connection, PERSON), Vec::<String>::new());
        // The other one is erased, too.
        let present = names(&connection, "SELECT id FROM interviews");
        interviewer(&connection, "EMP-OTHER", &present).unwrap();
        put(&connection, &[of(PERSON, "EMP-OTHER")], at(2_000_001)).unwrap();
        assert_eq!(names(&connection, interviewers), [""]);
    }
}

#[test]
fn who_held_the_own_record_is_not_named_in_it_again() {
    let (_directory, connection) = database();
    let of = |employee: &str| Interview {
        interviewer_id: Some(PERSON.to_owned()),
        ..interview_of(employee, "int-1", 0)
    };
    put(&connection, &[of(PERSON)], at(0)).unwrap();
    erase_all(&connection, false).unwrap();
    for employee in [PERSON, person::ERASED] {
        put(&connection, &[of(employee)], at(2_000_000)).unwrap();
        assert_eq!(places_of(&connection, PERSON), Vec::<String>::new());
    }
}

#[test]
fn who_came_back_holds_new_records_and_others_are_not_touched() {
    let (_directory, connection) = database();
    put(&connection, &[held()], at(0)).unwrap();
    erase_all(&connection, false).unwrap();
    let new = Interview {
        id: "int-3".to_owned(),
        voicedrive_sync_id: None,
        ..held()
    };
    let other = Interview {
        interviewer_id: Some("EMP-3".to_owned()),
        ..held()
    };
    assert_eq!(
        put(&connection, &[new, other], at(2_000_000))
            .unwrap()
            .erased,
        0
    );
    let held = "SELECT interviewer_id FROM interviews ORDER BY id";
    assert_eq!(names(&connection, held), ["EMP-3", PERSON]);
}

#[test]
fn of_an_erased_record_that_is_deleted_no_id_is_left() {
    let (_directory, connection) = database();
    // Its id names somebody else, too.
    let record = interview_of(PERSON, "int-EMP-OTHER-1", 0);
    put(&connection, std::slice::from_ref(&record), at(0)).unwrap();
    erase_all(&connection, false).unwrap();
    records::delete(&connection, &record.id).unwrap();
    erased_records::rename_deleted(&connection, &record.id).unwrap();
    assert_eq!(places_of(&connection, "EMP-OTHER"), Vec::<String>::new());
    assert_eq!(
        put(&connection, &[record], at(2_000_000)).unwrap().erased,
        1
    );
    assert_eq!(places_of(&connection, PERSON), Vec::<String>::new());
    let erased = "SELECT count(*) FROM interviews WHERE id LIKE 'erased-%'";
    assert_eq!(count(&connection, erased), 1);
}

#[test]
fn what_came_while_the_clock_was_ahead_is_erased_too_and_does_not_come_back() {
    let (_directory, connection) = database();
    let ahead = 9_000_000;
    let record = interview_of(PERSON, "int-1", 0);
    accept(&connection, &[event_of(PERSON, 1)], when(ahead)).unwrap();
    put(&connection, &[record, held()], at(ahead)).unwrap();
    let (_copies, copy) = copy_of(&connection);
    let erased = erase_all(&connection, true).unwrap();
    assert_eq!((erased.events, erased.interviews), (1, 1));
    interviewer(&connection, PERSON, &[held().id]).unwrap();
    assert_eq!(places_of(&connection, PERSON), Vec::<String>::new());
    restore(&connection, &copy);
    assert_eq!(places_of(&copy, PERSON), Vec::<String>::new());
    assert_eq!(differences(&copy).unwrap(), 0);
}
