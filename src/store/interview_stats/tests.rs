//! Counts of interviews against a count by hand, over random histories.

use std::collections::BTreeMap;
use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::interview::{ImportResult, UnknownOrigin};
use crate::interview_stats::InterviewCounts;
use crate::store::PutError;
use crate::store::import_rows::tests::import;
use crate::store::interview_intake::put;
use crate::store::interviews::delete;
use crate::store::steps;
use crate::store::tests::{at, database};

/// One step of a random history: a record that comes or comes again, or one that goes.
#[derive(Clone, Debug)]
enum Step {
    Put(u8, Record),
    Delete(u8),
}

#[derive(Clone, Debug)]
struct Record {
    kind: u8,
    minutes_from_now: i32,
    status: InterviewStatus,
    duration: Option<u32>,
    synced: bool,
    facility: Option<u8>,
    department: Option<u8>,
    origin: Option<u8>,
}

fn record() -> impl Strategy<Value = Record> {
    (
        0_u8..3,
        -60_000_i32..10_000,
        prop::sample::select(InterviewStatus::ALL.to_vec()),
        prop::option::of(0_u32..=1440),
        any::<bool>(),
        prop::option::of(0_u8..2),
        prop::option::of(0_u8..2),
        prop::option::weighted(0.2, 0_u8..30),
    )
        .prop_map(
            |(kind, minutes_from_now, status, duration, synced, facility, department, origin)| {
                Record {
                    kind,
                    minutes_from_now,
                    status,
                    duration,
                    synced,
                    facility,
                    department,
                    origin,
                }
            },
        )
}

fn interview(id: u8, record: &Record) -> Interview {
    let minutes = i64::from(record.minutes_from_now) * 60_000;
    Interview {
        id: format!("i{id}"),
        employee_id: "E".to_owned(),
        employee_name: None,
        interviewer_id: None,
        interview_type: format!("type-{}", record.kind),
        date: at(minutes),
        status: record.status,
        duration_minutes: record.duration,
        voicedrive_sync_id: record.synced.then(|| format!("vd-{id}")),
        rescheduled_from_id: record.origin.map(|origin| format!("i{origin}")),
        facility_id: record.facility.map(|f| format!("f{f}")),
        department_id: record.department.map(|d| format!("d{d}")),
        completed_at: None,
        status_reason: None,
    }
}

fn by_hand<'a>(interviews: impl Iterator<Item = &'a Interview>) -> InterviewCounts {
    let mut counts = InterviewCounts::default();
    for interview in interviews {
        counts.total += 1;
        match interview.status {
            InterviewStatus::Scheduled => counts.scheduled += 1,
            InterviewStatus::Completed => counts.completed += 1,
            InterviewStatus::Cancelled => counts.cancelled += 1,
            InterviewStatus::NoShow => counts.no_show += 1,
            InterviewStatus::Rescheduled => counts.rescheduled += 1,
        }
        counts.synced += u64::from(interview.voicedrive_sync_id.is_some());
        if let (InterviewStatus::Completed, Some(minutes)) =
            (interview.status, interview.duration_minutes)
        {
            counts.timed += 1;
            counts.minutes += u64::from(minutes);
        }
    }
    counts
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn counts_equal_a_count_by_hand_over_random_histories(
        history in prop::collection::vec(
            prop_oneof![
                5 => (0_u8..30, record()).prop_map(|(id, record)| Step::Put(id, record)),
                1 => (0_u8..30).prop_map(Step::Delete),
            ],
            1..80,
        ),
        days in 1_u64..40,
        bounded in any::<bool>(),
        facility in prop::option::of(0_u8..2),
        department in prop::option::of(0_u8..2),
    ) {
        let (_directory, mut connection) = database();
        let mut kept: BTreeMap<String, Interview> = BTreeMap::new();
        for step in history {
            let transaction = connection.transaction().unwrap();
            match step {
                Step::Put(id, record) => {
                    let interview = interview(id, &record);
                    if put(&transaction, std::slice::from_ref(&interview), at(0)).is_ok() {
                        transaction.commit().unwrap();
                        kept.insert(interview.id.clone(), interview);
                    }
                }
                Step::Delete(id) => {
                    let id = format!("i{id}");
                    let named = kept.values().any(|i| i.rescheduled_from_id.as_ref() == Some(&id));
                    let deleted = delete(&transaction, &id);
                    prop_assert_eq!(deleted.is_err(), named);
                    if deleted.is_ok() {
                        transaction.commit().unwrap();
                        kept.remove(&id);
                    }
                }
            }
        }
        let range = InterviewRange {
            from: at(0).before(Duration::from_hours(24 * days)),
            to: bounded.then(|| at(0)),
            facility: facility.map(|f| format!("f{f}")),
            department: department.map(|d| format!("d{d}")),
            interview_type: None,
        };
        let wanted: Vec<&Interview> = kept
            .values()
            .filter(|i| i.date >= range.from && range.to.is_none_or(|to| i.date <= to))
            .filter(|i| range.facility.is_none() || i.facility_id == range.facility)
            .filter(|i| range.department.is_none() || i.department_id == range.department)
            .collect();
        let stats = count(&connection, &range).unwrap();
        prop_assert_eq!(stats.total, by_hand(wanted.iter().copied()));
        let mut types: Vec<&str> = wanted.iter().map(|i| i.interview_type.as_str()).collect();
        types.sort_unstable();
        types.dedup();
        prop_assert_eq!(stats.by_type.keys().map(String::as_str).collect::<Vec<_>>(), types);
        for (name, counts) in &stats.by_type {
            let of_type = wanted.iter().copied().filter(|i| &i.interview_type == name);
            prop_assert_eq!(*counts, by_hand(of_type));
        }
        let mut moved: Vec<_> = wanted.iter().filter(|i| i.rescheduled_from_id.is_some()).map(|i| i.date).collect();
        moved.sort_unstable_by(|a, b| b.cmp(a));
        moved.truncate(10);
        let named = rescheduled(&connection, &range, 10).unwrap();
        prop_assert_eq!(named.iter().map(|r| r.date).collect::<Vec<_>>(), moved);
        prop_assert_eq!(crate::store::recount::differences(&connection).unwrap(), 0);
        let statuses = [InterviewStatus::NoShow, InterviewStatus::Cancelled];
        let open_range = InterviewRange { facility: None, department: None, ..range };
        let missed = super::named(&connection, &open_range, &statuses, Order::LatestFirst, 5).unwrap();
        let mut dates: Vec<_> = kept
            .values()
            .filter(|i| i.date >= open_range.from && open_range.to.is_none_or(|to| i.date <= to))
            .filter(|i| statuses.contains(&i.status))
            .map(|i| i.date)
            .collect();
        dates.sort_unstable_by(|a, b| b.cmp(a));
        dates.truncate(5);
        prop_assert_eq!(missed.iter().map(|i| i.date).collect::<Vec<_>>(), dates);
        // No history leaves a chain that comes back to where it began.
        for id in kept.keys() {
            let mut at = id;
            let mut steps = 0;
            while let Some(origin) = &kept[at].rescheduled_from_id {
                at = origin;
                steps += 1;
                prop_assert!(steps <= kept.len(), "a loop");
            }
        }
    }

    #[test]
    fn means_are_rounded_half_up(minutes in prop::collection::vec(0_u64..=1440, 0..50)) {
        let (timed, sum) = (minutes.len() as u64, minutes.iter().sum::<u64>());
        let counts = InterviewCounts { timed, minutes: sum, ..InterviewCounts::default() };
        for parts in [1, 10] {
            let mean = counts.mean_minutes(parts);
            if timed == 0 {
                prop_assert_eq!(mean, 0);
            } else {
                // mean - 1/2 <= exact < mean + 1/2, in whole numbers.
                let exact = sum * parts * 2;
                prop_assert!(mean * timed * 2 <= exact + timed && exact + timed < (mean + 1) * timed * 2);
            }
        }
    }
}

#[test]
fn a_range_holds_its_boundary_milliseconds() {
    let (_directory, connection) = database();
    let record = |milliseconds| Interview {
        date: at(milliseconds),
        ..interview(
            u8::try_from(milliseconds + 2).unwrap(),
            &Record {
                kind: 0,
                minutes_from_now: 0,
                status: InterviewStatus::Scheduled,
                duration: None,
                synced: false,
                facility: None,
                department: None,
                origin: None,
            },
        )
    };
    put(&connection, &[-1, 0, 1, 2].map(record), at(0)).unwrap();
    let total = |from, to| {
        let range = InterviewRange {
            from: at(from),
            to,
            facility: None,
            department: None,
            interview_type: None,
        };
        count(&connection, &range).unwrap().total.total
    };
    assert_eq!(total(0, None), 3);
    assert_eq!(total(0, Some(at(1))), 2);
    assert_eq!(total(3, None), 0);
}

#[test]
fn a_file_is_counted_over_all_its_steps() {
    let (_directory, connection) = database();
    // Each record is the only one of its day and hour: five counts, or twice as many when it moves.
    let rows = |shift_hours: u64| {
        (0..4_000).map(move |number| {
            let record = Record {
                kind: 0,
                minutes_from_now: 0,
                status: InterviewStatus::Completed,
                duration: Some(30),
                synced: false,
                facility: Some(0),
                department: Some(1),
                origin: None,
            };
            let interview = Interview {
                id: format!("i{number}"),
                date: at(0).after(Duration::from_hours(24 * number + shift_hours)),
                ..interview(0, &record)
            };
            (number + 1, interview)
        })
    };
    let import = |shift| {
        let rows: Vec<_> = rows(shift).collect();
        import(&connection, &rows, UnknownOrigin::Refuse, at(0))
    };
    let (created, replaced) = (import(0), import(7));
    assert_eq!(replaced.repeated, []);
    assert_eq!((created.created, replaced.replaced), (4_000, 4_000));
    assert_eq!(crate::store::recount::differences(&connection).unwrap(), 0);
    let range = InterviewRange {
        from: at(0),
        to: None,
        facility: None,
        department: None,
        interview_type: None,
    };
    assert_eq!(count(&connection, &range).unwrap().total.minutes, 120_000);
}

/// A file of records that name each other.
fn linked(rows: &[(&str, Option<&str>, Option<&str>)]) -> Vec<(u64, Interview)> {
    let record = |(line, (id, origin, sync_id)): (u64, &(&str, Option<&str>, Option<&str>))| {
        let plain = Record {
            kind: 0,
            minutes_from_now: 0,
            status: InterviewStatus::Scheduled,
            duration: None,
            synced: false,
            facility: None,
            department: None,
            origin: None,
        };
        let interview = Interview {
            id: (*id).to_owned(),
            rescheduled_from_id: origin.map(ToOwned::to_owned),
            voicedrive_sync_id: sync_id.map(ToOwned::to_owned),
            ..interview(0, &plain)
        };
        (line, interview)
    };
    (1..).zip(rows).map(record).collect()
}

type Linked<'a> = (&'a str, Option<&'a str>, Option<&'a str>);

/// What a file or a batch meets.
const KEPT: [Linked<'static>; 3] = [
    ("a", None, Some("1")),
    ("b", Some("a"), Some("2")),
    ("c", None, Some("3")),
];

fn import_linked(
    connection: &Connection,
    file: &[Linked<'_>],
    unknown_origin: UnknownOrigin,
) -> ImportResult {
    import(connection, &linked(file), unknown_origin, at(0))
}

/// That these records are kept, and counted.
fn assert_kept(connection: &Connection, records: &[Linked]) {
    for (id, origin, sync_id) in records {
        let found = crate::store::interview_row::find(connection, id);
        let found = found.unwrap().unwrap().interview;
        assert_eq!(found.rescheduled_from_id.as_deref(), *origin, "{records:?}");
        assert_eq!(found.voicedrive_sync_id.as_deref(), *sync_id, "{records:?}");
    }
    assert_eq!(crate::store::recount::differences(connection).unwrap(), 0);
}

#[test]
fn a_row_whose_id_stands_in_the_file_before_is_named_with_the_first() {
    let (_directory, connection) = database();
    // The same moment for both files: the clock does not show which of them wrote a row.
    import_linked(&connection, &KEPT, UnknownOrigin::Refuse);
    let again = import_linked(&connection, &KEPT, UnknownOrigin::Refuse);
    assert_eq!((again.replaced, again.repeated), (3, vec![]));
    let file = [
        ("a", None, None),
        ("x", None, None),
        ("a", None, None),
        ("y", None, None),
        ("x", Some("y"), None),
        ("a", None, None),
    ];
    let result = import_linked(&connection, &file, UnknownOrigin::Refuse);
    assert_eq!(result.repeated, [(3, 1), (5, 2), (6, 1)]);
    assert_eq!(result.refused, []);
}

#[test]
fn a_batch_is_judged_by_what_it_leaves_behind() {
    use crate::interview::InterviewConflict::{OriginLoops, OriginUnknown, SyncIdTaken};
    for (batch, refused) in [
        (vec![("a", None, Some("2")), ("b", None, Some("1"))], None),
        (
            vec![("x", None, Some("2")), ("a", None, None), ("b", None, None)],
            None,
        ),
        // An order is turned.
        (vec![("a", Some("b"), None), ("b", None, None)], None),
        (
            vec![
                ("x", None, None),
                ("a", Some("b"), None),
                ("b", Some("x"), None),
            ],
            None,
        ),
        (vec![("x", None, Some("2"))], Some((0, SyncIdTaken))),
        (
            vec![("x", None, Some("9")), ("y", None, Some("9"))],
            Some((1, SyncIdTaken)),
        ),
        (
            vec![("c", None, None), ("a", Some("b"), None)],
            Some((1, OriginLoops)),
        ),
        (vec![("x", Some("x"), None)], Some((0, OriginLoops))),
        // A batch names earlier records only.
        (
            vec![("x", Some("y"), None), ("y", None, None)],
            Some((0, OriginUnknown)),
        ),
    ] {
        let (_directory, connection) = database();
        import_linked(&connection, &KEPT, UnknownOrigin::Refuse);
        let records: Vec<_> = linked(&batch)
            .into_iter()
            .map(|(_, record)| record)
            .collect();
        match put(&connection, &records, at(1)) {
            Err(PutError::Refused { index, why }) => {
                assert_eq!(Some((index, why)), refused, "{batch:?}");
            }
            taken => {
                assert_eq!(taken.unwrap().results.len(), batch.len());
                assert_eq!(refused, None, "{batch:?}");
                assert_kept(&connection, &batch);
            }
        }
    }
}

#[test]
fn the_last_one_of_a_record_counts_in_a_batch() {
    let (_directory, connection) = database();
    import_linked(&connection, &KEPT, UnknownOrigin::Refuse);
    let batch = [("x", Some("a"), Some("1")), ("x", None, None)];
    let records = linked(&batch).into_iter().map(|(_, record)| record);
    put(&connection, &records.collect::<Vec<_>>(), at(1)).unwrap();
    assert_kept(&connection, &batch[1..]);
}

#[test]
fn a_long_chain_that_is_kept_is_not_followed_for_each_of_its_records() {
    let steps_for = |length: usize| {
        let (_directory, connection) = database();
        let ids: Vec<_> = (0..length).map(|number| format!("{number:05}")).collect();
        let file: Vec<Linked<'_>> = (0..length)
            .map(|number| {
                let origin = number.checked_sub(1).map(|before| ids[before].as_str());
                (ids[number].as_str(), origin, None)
            })
            .collect();
        import_linked(&connection, &file, UnknownOrigin::Refuse);
        steps::watch(&connection);
        steps::of(|| {
            let again = import_linked(&connection, &file, UnknownOrigin::Refuse);
            assert_eq!(again.replaced, length as u64);
        })
    };
    let (short, long) = (steps_for(50), steps_for(500));
    assert!(long < short * 20, "{short} and {long}");
}

#[test]
fn a_file_is_judged_by_what_it_leaves_behind() {
    use crate::interview::InterviewConflict::{OriginLoops, OriginUnknown, SyncIdTaken};
    use UnknownOrigin::{Drop, Refuse};
    for (file, unknown, refused, dropped) in [
        // Newest first.
        (
            vec![
                ("z", Some("y"), None),
                ("y", Some("x"), None),
                ("x", None, None),
            ],
            Refuse,
            vec![],
            0,
        ),
        // Ids at VoiceDrive go round, and an order is turned.
        (
            vec![("a", None, Some("2")), ("b", None, Some("1"))],
            Refuse,
            vec![],
            0,
        ),
        (
            vec![
                ("a", Some("b"), Some("3")),
                ("b", None, Some("1")),
                ("c", None, Some("2")),
            ],
            Refuse,
            vec![],
            0,
        ),
        // What stays wrong is named by its line.
        (
            vec![
                ("x", None, Some("2")),
                ("y", None, Some("9")),
                ("z", None, Some("9")),
            ],
            Refuse,
            vec![(1, SyncIdTaken), (3, SyncIdTaken)],
            0,
        ),
        (
            vec![("x", Some("y"), None), ("y", Some("x"), None)],
            Refuse,
            vec![(1, OriginLoops)],
            0,
        ),
        (
            vec![("x", Some("x"), None)],
            Drop,
            vec![(1, OriginLoops)],
            0,
        ),
        (
            vec![("x", None, None), ("y", Some("nobody"), None)],
            Refuse,
            vec![(2, OriginUnknown)],
            0,
        ),
        (
            vec![("x", None, None), ("y", Some("nobody"), None)],
            Drop,
            vec![],
            1,
        ),
    ] {
        let (_directory, connection) = database();
        import_linked(&connection, &KEPT, Refuse);
        let result = import_linked(&connection, &file, unknown);
        assert_eq!(
            (result.refused, result.origins_dropped),
            (refused.clone(), dropped),
            "{file:?}"
        );
        if refused.is_empty() && dropped == 0 {
            assert_kept(&connection, &file);
        }
    }
}
