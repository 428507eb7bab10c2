//! Erasing over random histories: everything that says whose it is goes, and nothing that is counted changes.

#![allow(
    clippy::panic,
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_sign_loss
)]

use std::time::Duration;

use proptest::prelude::*;

use super::events::events;
use super::*;
use crate::attempt::{Attempted, Outcome};
use crate::audit::AuditFilter;
use crate::event_record::EventFilter;
use crate::interview::{Interview, InterviewStatus, UnknownOrigin};
use crate::repeat::Memory;
use crate::resend::Resend;
use crate::store::bulk_resend::candidates;
use crate::store::events::accept;
use crate::store::holds;
use crate::store::import_rows::tests::import;
use crate::store::interview_intake::put;
use crate::store::recount::differences;
use crate::store::tests::{
    again as send_again, at, attempted, count, database, due_now, moment, policy, settle, somebody,
    submission, when,
};
use crate::submission::Submission;

pub(super) const PERSON: &str = "EMP-ZQX-77";
const NAME: &str = "消去 花子";

/// An event of a person, with a key of its own, that the ingest would know again.
pub(super) fn event_of(staff_id: &str, number: usize) -> Submission {
    let key = format!("key-{staff_id}-{number}");
    let mut submission = submission("employee.updated", Some((&key, number as u8)));
    submission.event.staff_id = Some(staff_id.to_owned());
    submission.event.data = format!(
        r#"{{"staffId":"{staff_id}","fullName":"{NAME} {staff_id}","at":"2025-10-26T10:00:00.{number:03}Z","pad":"{}"}}"#,
        "x".repeat(number * 37 % 900)
    )
    .into();
    let day = Some(Duration::from_hours(24));
    submission.memory = Some(Memory::of(&submission.event, None, day));
    // Two proofs against a repeat exclude each other only in what comes in.
    submission
}

pub(super) fn interview_of(staff_id: &str, id: &str, ms: i64) -> Interview {
    Interview {
        id: id.to_owned(),
        employee_id: staff_id.to_owned(),
        employee_name: Some(NAME.to_owned()),
        interviewer_id: Some("EMP-OTHER".to_owned()),
        interview_type: "regular".to_owned(),
        date: at(ms),
        status: InterviewStatus::Completed,
        duration_minutes: Some(30),
        voicedrive_sync_id: Some(format!("vd-{id}")),
        rescheduled_from_id: None,
        facility_id: Some("f".to_owned()),
        department_id: None,
        completed_at: None,
        status_reason: Some(format!("{NAME} の都合")),
    }
}

/// What came of an attempt to send something of this person: the partner says again what it was told.
pub(super) fn answered(staff_id: &str, outcome: Outcome, ms: i64) -> Attempted {
    let mut attempted = attempted(outcome, at(ms), 5);
    attempted.response_body = Some(format!("{{\"of\":\"{NAME} {staff_id}\"}}"));
    attempted.error = attempted.error.map(|_| format!("no: {NAME} {staff_id}"));
    attempted
}

/// All that is erased until nothing is left.
pub(super) fn erase_all(connection: &Connection, give_up: bool) -> Result<Erased, EraseError> {
    let range = begin(connection, PERSON, give_up, when(1_000_000))?;
    contents::forget_all(connection, PERSON, range)?;
    let mut erased = Erased::default();
    loop {
        let transaction = connection.unchecked_transaction()?;
        let mut step = events(&transaction, PERSON, range, when(1_000_000))?;
        step.add(interviews(&transaction, PERSON, range)?);
        transaction.commit()?;
        erased.add(step);
        if step == Erased::default() {
            break;
        }
    }
    erased.held = interviewer_until(connection, PERSON, at(1_000_000))?;
    let lasting = lasting_holds(connection)?;
    erased.add(texts::all(connection, PERSON, &lasting, at(1_000_000))?);
    end(connection, PERSON, range, when(1_000_001))?;
    Ok(erased)
}

/// Erases in a copy that is restored.
fn erased_again(connection: &Connection, now: Timestamp) -> rusqlite::Result<u64> {
    again(connection, &lasting_holds(connection)?, now)
}

/// In which columns of which tables a text stands.
pub(super) fn places_of(connection: &Connection, text: &str) -> Vec<String> {
    let columns: Vec<(String, String)> = connection
        .prepare(
            "SELECT m.name, c.name FROM sqlite_schema m JOIN pragma_table_info(m.name) c
              WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%'",
        )
        .unwrap()
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))
        .unwrap()
        .collect::<rusqlite::Result<_>>()
        .unwrap();
    let stands = |(table, column): &(String, String)| {
        let sql = format!("SELECT count(*) FROM {table} WHERE instr({column}, ?1) > 0");
        let found: i64 = connection
            .query_row(&sql, [text], |row| row.get(0))
            .unwrap();
        found > 0
    };
    let found = columns.into_iter().filter(|place| stands(place));
    found
        .map(|(table, column)| format!("{table}.{column}"))
        .collect()
}

/// What the statistics are added up from.
fn counts(connection: &Connection) -> Vec<String> {
    let dump = |sql: &str| {
        let mut statement = connection.prepare(sql).unwrap();
        let columns = statement.column_count();
        let mut rows = statement.query([]).unwrap();
        let mut all = Vec::new();
        while let Some(row) = rows.next().unwrap() {
            let values = (0..columns).map(|n| format!("{:?}", row.get_ref(n).unwrap()));
            all.push(values.collect::<Vec<_>>().join(","));
        }
        all
    };
    [
        "SELECT * FROM send_counts",
        "SELECT * FROM queue_counts WHERE deliveries > 0",
        "SELECT * FROM interview_counts",
        "SELECT seq, id, event_type, event_timestamp, accepted_at, route FROM events",
        "SELECT event_seq, attempt, started_at, outcome, http_status_code, processing_time, cause FROM attempts",
        "SELECT id, event_type, sent_at, status, http_status_code, processing_time, retry_count, payload_size FROM webhook_send_logs",
        "SELECT id, status, retry_attempt, max_retries FROM webhook_retry_queue",
        "SELECT id, interview_date, interview_status, duration_minutes, facility_id FROM interviews",
    ]
    .iter()
    .flat_map(|sql| dump(sql))
    .collect()
}

/// Whose events there are, and the outcomes of their attempts.
fn history() -> impl Strategy<Value = (bool, Vec<Outcome>)> {
    let outcome = prop_oneof![
        Just(Outcome::Success),
        Just(Outcome::Failed),
        Just(Outcome::Timeout)
    ];
    (any::<bool>(), proptest::collection::vec(outcome, 0..4))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]
    #[test]
    fn nothing_says_whose_it_was_and_no_count_changes(histories in proptest::collection::vec(history(), 0..30)) {
        let (_directory, connection) = database();
        for (number, (is_person, _)) in histories.iter().enumerate() {
            let staff_id = if *is_person { PERSON } else { "EMP-OTHER" };
            accept(&connection, &[event_of(staff_id, number)], when(number as i64)).unwrap();
        }
        for round in 0..4 {
            let now = when(1000 + round * 7_200_000);
            for due in due_now(&connection, now) {
                let (is_person, outcomes) = &histories[due.seq as usize - 1];
                let mut outcome = outcomes.get(round as usize).copied();
                // Every delivery of the person ends, well or not.
                if *is_person && outcome.is_none() && round == 3 {
                    outcome = Some(Outcome::Failed);
                }
                if let Some(outcome) = outcome {
                    let staff_id = if *is_person { PERSON } else { "EMP-OTHER" };
                    let ms = now.wall.unix_ms() - at(0).unix_ms();
                    settle(&connection, &due, &answered(staff_id, outcome, ms), &policy()).unwrap();
                }
            }
        }
        let records = [
            interview_of(PERSON, "int-1", 0),
            interview_of("EMP-OTHER", "int-2", 1000),
        ];
        put(&connection, &records, at(0)).unwrap();
        let open = people::open(&connection, PERSON).unwrap();
        let before = counts(&connection);
        let of_person = histories.iter().filter(|(is_person, _)| *is_person).count() as u64;
        let erased = match erase_all(&connection, false) {
            Err(EraseError::StillOpen(named)) => {
                prop_assert_eq!(&named, &open);
                prop_assert!(!open.is_empty());
                prop_assert_eq!(&counts(&connection), &before);
                prop_assert_eq!(count(&connection, "SELECT count(*) FROM erasures"), 0);
                erase_all(&connection, true).unwrap()
            }
            Err(other) => panic!("{other}"),
            Ok(erased) => {
                prop_assert!(open.is_empty());
                prop_assert_eq!(&counts(&connection), &before);
                erased
            }
        };
        prop_assert_eq!(erased.events, of_person);
        prop_assert_eq!(erased.given_up, open.len() as u64);
        prop_assert_eq!(erased.interviews, 1);
        prop_assert_eq!(places_of(&connection, PERSON), Vec::<String>::new());
        let names = places_of(&connection, &format!("{NAME} {PERSON}"));
        prop_assert_eq!(names, Vec::<String>::new());
        prop_assert_eq!(differences(&connection).unwrap(), 0);
        prop_assert_eq!(people::open(&connection, PERSON).unwrap(), vec![]);
        // Once more: there is nothing left to do.
        prop_assert_eq!(erase_all(&connection, false).unwrap(), Erased::default());
        prop_assert_eq!(count(&connection, "SELECT count(*) FROM pragma_foreign_key_check"), 0);
    }
}

#[test]
fn an_erasure_that_is_broken_off_goes_on_where_it_was() {
    let (_directory, connection) = database();
    for number in 0..130 {
        accept(
            &connection,
            &[event_of(PERSON, number)],
            when(number as i64),
        )
        .unwrap();
    }
    let range = begin(&connection, PERSON, true, when(1000)).unwrap();
    let first = events(&connection, PERSON, range, when(1000)).unwrap();
    assert_eq!(first.events, u64::from(ERASED_AT_ONCE));
    let keys = people::keys(&connection).unwrap();
    let (_, ended) = people::erasure(&connection, &keys, PERSON)
        .unwrap()
        .unwrap();
    assert!(!ended);
    // Here the daemon is killed; a new one is asked for the same again.
    let rest = erase_all(&connection, true).unwrap();
    assert_eq!(rest.events + first.events, 130);
    assert_eq!(places_of(&connection, PERSON), Vec::<String>::new());
    let (_, ended) = people::erasure(&connection, &keys, PERSON)
        .unwrap()
        .unwrap();
    assert!(ended);
}

#[test]
fn what_comes_after_an_erasure_has_begun_is_not_a_part_of_it() {
    let (_directory, connection) = database();
    accept(&connection, &[event_of(PERSON, 1)], when(0)).unwrap();
    let range = begin(&connection, PERSON, true, when(10)).unwrap();
    accept(&connection, &[event_of(PERSON, 2)], when(20)).unwrap();
    let erased = events(&connection, PERSON, range, when(30)).unwrap();
    assert_eq!(erased.events, 1);
    assert_eq!(
        events(&connection, PERSON, range, when(30)).unwrap(),
        Erased::default()
    );
    let sql = format!("SELECT count(*) FROM events WHERE staff_id = '{PERSON}'");
    assert_eq!(count(&connection, &sql), 1);
}

#[test]
fn a_key_of_an_erased_event_answers_whatever_comes() {
    let (_directory, connection) = database();
    let first = accept(&connection, &[event_of(PERSON, 1)], when(0)).unwrap();
    erase_all(&connection, true).unwrap();
    let mut other = event_of(PERSON, 1);
    other.idempotency.as_mut().unwrap().content_digest = [9; 32];
    let again = accept(&connection, &[other], when(2_000_000)).unwrap();
    assert_eq!(again[0].id, first[0].id);
    assert!(again[0].duplicate && again[0].due.is_none());
    for table in ["ingest_contents", "ingest_newest"] {
        assert_eq!(
            count(&connection, &format!("SELECT count(*) FROM {table}")),
            0
        );
    }
}

#[test]
fn an_erased_event_is_not_sent_again_and_a_late_result_brings_nothing_back() {
    let (_directory, connection) = database();
    accept(&connection, &[event_of(PERSON, 1)], when(0)).unwrap();
    let under_way = due_now(&connection, when(0)).remove(0);
    erase_all(&connection, true).unwrap();
    for outcome in [Outcome::Failed, Outcome::Failed, Outcome::Success] {
        let mut due = under_way.clone();
        due.attempt = count(&connection, "SELECT count(*) + 1 FROM attempts") as u32;
        settle(&connection, &due, &answered(PERSON, outcome, 50), &policy()).unwrap();
        after_attempt(&connection, due.seq, &due.id, when(50)).unwrap();
        assert_eq!(places_of(&connection, PERSON), Vec::<String>::new());
        assert_eq!(places_of(&connection, NAME), Vec::<String>::new());
        assert_eq!(count(&connection, "SELECT count(*) FROM outbox"), 0);
        assert_eq!(differences(&connection).unwrap(), 0);
    }
    let found = send_again(&connection, &under_way.id, when(60));
    assert_eq!(found, Resend::Erased);
    let page = candidates(&connection, &EventFilter::default(), None, 9).unwrap();
    assert_eq!(page.events, vec![]);
}

#[test]
fn a_record_that_comes_again_is_taken_without_names_and_stays_one_record() {
    let (_directory, connection) = database();
    let record = interview_of(PERSON, "int-1", 0);
    // Its own id says whose it is.
    let telling = interview_of(PERSON, &format!("int-{PERSON}-2"), 1000);
    let moved = Interview {
        rescheduled_from_id: Some(telling.id.clone()),
        ..interview_of("EMP-OTHER", "int-3", 2000)
    };
    let all = [record, telling, moved];
    put(&connection, &all, at(0)).unwrap();
    assert_eq!(erase_all(&connection, false).unwrap().interviews, 2);
    assert_eq!(places_of(&connection, PERSON), Vec::<String>::new());
    let kept = put(&connection, &all, at(2_000_000)).unwrap();
    assert_eq!(kept.erased, 2);
    let rows: Vec<_> = (0..).zip(all).collect();
    let imported = import(&connection, &rows, UnknownOrigin::Refuse, at(2_000_001));
    assert_eq!((imported.erased, imported.replaced), (2, 3));
    assert_eq!(places_of(&connection, PERSON), Vec::<String>::new());
    assert_eq!(count(&connection, "SELECT count(*) FROM interviews"), 3);
    let named = format!("SELECT count(*) FROM interviews WHERE employee_name = '{NAME}'");
    assert_eq!(count(&connection, &named), 1);
    let synced = "SELECT count(*) FROM interviews WHERE voicedrive_sync_id LIKE 'erased-%'";
    assert_eq!(count(&connection, synced), 2);
    assert_eq!(
        count(&connection, "SELECT count(*) FROM pragma_foreign_key_check"),
        0
    );
    assert_eq!(differences(&connection).unwrap(), 0);
}

#[test]
fn a_copy_of_before_is_erased_again_when_it_is_restored() {
    let (_directory, connection) = database();
    accept(
        &connection,
        &[event_of(PERSON, 1), event_of("EMP-OTHER", 2)],
        when(0),
    )
    .unwrap();
    let held = Interview {
        interviewer_id: Some(PERSON.to_owned()),
        ..interview_of("EMP-OTHER", "int-2", 0)
    };
    put(
        &connection,
        &[interview_of(PERSON, "int-1", 0), held],
        at(0),
    )
    .unwrap();
    assert_eq!(erased_again(&connection, at(1)).unwrap(), 0);
    // The person came back: what was accepted after the erasure stays.
    let hash = person::hash_of_staff(&audit::key(&connection).unwrap(), PERSON);
    connection
        .execute(
            "INSERT INTO erasures (staff_hash, erased_at, ended_at) VALUES (?1, ?2, ?2)",
            (hash, at(500)),
        )
        .unwrap();
    accept(&connection, &[event_of(PERSON, 3)], when(1000)).unwrap();
    assert_eq!(erased_again(&connection, at(2000)).unwrap(), 3);
    let sql = format!("SELECT count(*) FROM events WHERE staff_id = '{PERSON}'");
    assert_eq!(count(&connection, &sql), 1);
    assert_eq!(count(&connection, "SELECT count(*) FROM outbox"), 2);
    let interviews = places_of(&connection, PERSON);
    assert!(
        !interviews
            .iter()
            .any(|place| place.starts_with("interviews")),
        "{interviews:?}"
    );
    assert_eq!(erased_again(&connection, at(2000)).unwrap(), 0);
}

#[test]
fn what_is_given_up_is_dismissed_and_waits_no_more() {
    use crate::kpi::KpiQuestion;
    use crate::period::Period;
    use crate::store::{event_lookup, kpis, overview};

    let (_directory, connection) = database();
    // One is delivered, one waits for its first retry, one was never sent.
    for number in 0..3 {
        accept(&connection, &[event_of(PERSON, number)], when(0)).unwrap();
    }
    let due = due_now(&connection, when(0));
    for (due, outcome) in due.iter().zip([Outcome::Success, Outcome::Timeout]) {
        settle(&connection, due, &answered(PERSON, outcome, 1), &policy()).unwrap();
    }
    let seen = || {
        let question = KpiQuestion {
            period: Period::Day,
            now: at(1_000_000),
            routes: None,
            compared_routes: Vec::new(),
        };
        let kpis = kpis::count(&connection, &question).unwrap();
        let events = overview::overview(&connection, when(1_000_000))
            .unwrap()
            .events;
        (kpis.sends, kpis.waiting, events)
    };
    let (sends, waiting, events) = seen();
    assert_eq!((sends.sent, sends.succeeded, waiting), (2, 1, 1));
    assert_eq!(
        (events.accepted, events.retrying, events.delivered),
        (1, 1, 1)
    );
    erase_all(&connection, true).unwrap();
    let (after, waiting, events) = seen();
    // What is dismissed is in no other total (contract, section 10); what was delivered stays in all of them.
    assert_eq!((after.sent, after.succeeded, waiting), (1, 1, 0));
    assert_eq!(
        (events.accepted, events.retrying, events.delivered),
        (0, 0, 1)
    );
    let dismissed = EventFilter {
        status: Some(crate::event::Status::Dismissed),
        ..EventFilter::default()
    };
    let listed = event_lookup::list(&connection, &dismissed, None, 9, when(0)).unwrap();
    assert_eq!((events.dismissed, listed.items.len()), (2, 2));
    assert_eq!(differences(&connection).unwrap(), 0);
}

/// Of what the relay itself writes around a reason, nothing is anybody's.
#[test]
fn a_staff_id_that_is_a_word_of_json_is_looked_for_in_texts_alone() {
    let (_directory, connection) = database();
    for (route, reason) in [("ended", "maintenance"), ("lasting", "maintenance")] {
        let hold = crate::hold::NewHold {
            route: route.to_owned(),
            lasts: Some(Duration::from_hours(2)),
            reason: reason.to_owned(),
            by: somebody(),
        };
        holds::begin(&connection, &hold, when(0)).unwrap();
    }
    assert!(holds::end(&connection, "ended", when(1)).unwrap());
    let found = |word: &str| {
        let ended = texts::ended(&connection, word, at(2)).unwrap().count();
        let named = crate::store::notes::notes(&connection, word, at(2));
        (ended, named.incidents.count)
    };
    for word in [
        "null",
        "true",
        "false",
        "0",
        "reason",
        "until",
        "ended_early",
        "count",
    ] {
        assert_eq!(found(word), (0, 0), "{word}");
    }
    assert_eq!(found("maintenance"), (1, 1));
}

/// The first one ends in the middle, as a crash ends it.
#[tokio::test]
async fn an_erasure_that_is_broken_off_counts_no_row_twice() {
    let directory = tempfile::tempdir().unwrap();
    let store = Store::open(directory.path(), moment()).unwrap();
    let events = (0..5).map(|number| event_of(PERSON, number)).collect();
    store.accept_events(events, moment()).await.unwrap();
    let records = vec![
        interview_of(PERSON, "int-1", 0),
        interview_of("EMP-1", "int-2", 1),
    ];
    store
        .put_interviews(records, somebody(), moment().wall)
        .await
        .unwrap();
    let begin = async || {
        let begun = store.begin_erasure(PERSON, true, somebody(), moment());
        begun.await.unwrap()
    };
    let range = begin().await;
    let first = store.erase_events(PERSON, range, moment()).await.unwrap();
    let range = begin().await;
    let mut rest = Erased::default();
    loop {
        let step = store.erase_events(PERSON, range, moment()).await.unwrap();
        rest.add(step);
        if step.events == 0 {
            break;
        }
    }
    rest.add(store.erase_interviews(PERSON, range).await.unwrap());
    let (actions, _) = store.audit(AuditFilter::default(), None, 10).await.unwrap();
    let counted: Vec<_> = actions.iter().map(|action| action.count).collect();
    let rest = rest.events + rest.interviews;
    assert_eq!(counted, [Some(rest), Some(first.events)]);
    assert_eq!(rest + first.events, 6);
}

#[tokio::test]
async fn a_record_that_is_replaced_while_its_person_is_erased_is_erased() {
    let directory = tempfile::tempdir().unwrap();
    let store = Store::open(directory.path(), moment()).unwrap();
    let put = async |id: &str, minutes| {
        let now = moment().after(Duration::from_mins(minutes));
        let record = vec![interview_of(PERSON, id, 0)];
        store.put_interviews(record, somebody(), now.wall).await
    };
    put("int-1", 0).await.unwrap();
    let begun = store.begin_erasure(PERSON, true, somebody(), moment());
    let range = begun.await.unwrap();
    put("int-1", 1).await.unwrap();
    put("int-2", 1).await.unwrap();
    let step = store.erase_interviews(PERSON, range).await.unwrap();
    assert_eq!(step.interviews, 1);
    put("int-1", 2).await.unwrap();
    let step = store.erase_interviews(PERSON, range).await.unwrap();
    assert_eq!(step.interviews, 0, "it is known as erased now");
    let left = store.interviews_of_person(PERSON).await.unwrap();
    let left: Vec<_> = left.iter().map(|one| one.interview.id.as_str()).collect();
    assert_eq!(left, ["int-2"], "it came first when the erasure had begun");
}

#[test]
fn an_erasure_that_was_begun_again_is_ended_by_the_newer_one_alone() {
    let (_directory, connection) = database();
    let begun = |ms| begin(&connection, PERSON, true, when(ms)).unwrap();
    let (older, newer) = (begun(1), begun(2));
    let is_open = |range| is_to_be_ended(&connection, PERSON, range).unwrap();
    assert_eq!((is_open(older), is_open(newer)), (false, true));
    end(&connection, PERSON, older, when(3)).unwrap();
    assert_eq!(broken_off(&connection).unwrap(), [at(2)]);
    end(&connection, PERSON, newer, when(3)).unwrap();
    assert_eq!(broken_off(&connection).unwrap(), []);
    assert!(!is_open(newer));
}
