//! A file that is broken off between any two of its steps.

use super::*;
use crate::interview::InterviewStatus;
use crate::store::Store;
use crate::store::recount::differences;
use crate::store::tests::{at, database, moment};

/// Imports a whole file, or only judges it when it is refused.
pub(in crate::store) fn import(
    connection: &Connection,
    rows: &[(u64, Interview)],
    unknown_origin: UnknownOrigin,
    now: Timestamp,
) -> ImportResult {
    let mut result = let_wait(connection, rows);
    let mut after = None;
    loop {
        after = judge(connection, after, unknown_origin, &mut result).unwrap();
        if after.is_none() {
            break;
        }
    }
    if !result.is_refused() {
        decide(connection, now).unwrap();
    }
    end_interrupted(connection).unwrap();
    result
}

fn let_wait(connection: &Connection, rows: &[(u64, Interview)]) -> ImportResult {
    let mut result = ImportResult::default();
    for some in rows.chunks(ROWS_AT_ONCE) {
        result.erased += add(connection, some).unwrap();
    }
    result
}

fn record(id: &str, sync_id: Option<&str>, origin: Option<&str>) -> Interview {
    Interview {
        id: id.to_owned(),
        employee_id: "EMP-1".to_owned(),
        employee_name: None,
        interviewer_id: None,
        interview_type: "regular".to_owned(),
        date: at(0),
        status: InterviewStatus::Scheduled,
        duration_minutes: None,
        voicedrive_sync_id: sync_id.map(ToOwned::to_owned),
        rescheduled_from_id: origin.map(ToOwned::to_owned),
        facility_id: Some("f".to_owned()),
        department_id: None,
        completed_at: None,
        status_reason: None,
    }
}

/// So many records with neighbours that exchange their ids at VoiceDrive, each of which names the one behind it.
fn file(count: usize, turn: usize) -> Vec<(u64, Interview)> {
    let rows = (0..count).map(|number| {
        let sync_id = format!("vd-{}", (number + turn) % count);
        let origin = (number + 1 < count).then(|| format!("int-{}", number + 1));
        record(&format!("int-{number}"), Some(&sync_id), origin.as_deref())
    });
    (0..).zip(rows).collect()
}

fn waiting(connection: &Connection) -> u64 {
    connection
        .query_row("SELECT count(*) FROM import_rows", [], |row| row.get(0))
        .unwrap()
}

fn kept(connection: &Connection) -> Vec<Interview> {
    connection
        .prepare(concat!(
            "SELECT seq, ",
            fields!(),
            " FROM interviews ORDER BY seq"
        ))
        .unwrap()
        .query_map([], interview)
        .unwrap()
        .collect::<rusqlite::Result<_>>()
        .unwrap()
}

#[test]
fn what_was_decided_is_ended_wherever_it_was_broken_off() {
    const COUNT: usize = 250;
    for steps in 0.. {
        let (_directory, connection) = database();
        import(&connection, &file(COUNT, 0), UnknownOrigin::Refuse, at(0));
        let turned = file(COUNT, 1);
        let_wait(&connection, &turned);
        decide(&connection, at(1)).unwrap();
        let more = (0..steps).all(|_| in_transaction(&connection, apply).unwrap());
        // It was broken off here.
        end_interrupted(&connection).unwrap();
        let all: Vec<_> = turned.into_iter().map(|(_, record)| record).collect();
        assert_eq!(kept(&connection), all, "after {steps} steps");
        assert_eq!(waiting(&connection), 0);
        assert_eq!(differences(&connection).unwrap(), 0);
        let interrupted = "SELECT count(*) FROM import_decided";
        let left: u64 = connection
            .query_row(interrupted, [], |row| row.get(0))
            .unwrap();
        assert_eq!(left, 0);
        if !more {
            assert!(steps > 5, "{steps}");
            return;
        }
    }
}

#[tokio::test]
async fn what_was_not_decided_is_gone_at_the_next_start() {
    let directory = tempfile::tempdir().unwrap();
    let started_and_stopped = async || {
        let store = Store::open(directory.path(), moment()).unwrap();
        let path = store.file().path().to_owned();
        store.close(moment()).await;
        Connection::open(path).unwrap()
    };
    let database = started_and_stopped().await;
    let_wait(&database, &file(250, 0));
    drop(database);
    let database = started_and_stopped().await;
    assert_eq!((waiting(&database), kept(&database)), (0, Vec::new()));
    let_wait(&database, &file(250, 0));
    decide(&database, at(1)).unwrap();
    drop(database);
    let database = started_and_stopped().await;
    assert_eq!((waiting(&database), kept(&database).len()), (0, 250));
}

#[test]
fn a_loop_is_told_once_wherever_its_rows_stand() {
    let (_directory, connection) = database();
    let chain = [
        record("a", None, None),
        record("b", None, Some("a")),
        record("c", None, Some("b")),
    ];
    let chain: Vec<_> = (0..).zip(chain).collect();
    import(&connection, &chain, UnknownOrigin::Refuse, at(0));
    // The loop goes over a record that the file does not touch, and over one that it leaves as it is.
    let file = [
        record("x", None, Some("c")),
        record("c", None, Some("b")),
        record("a", None, Some("y")),
        record("y", None, Some("c")),
    ];
    let file: Vec<_> = (0..).zip(file).collect();
    let judged = import(&connection, &file, UnknownOrigin::Refuse, at(1));
    assert_eq!(judged.refused, [(2, InterviewConflict::OriginLoops)]);
    assert_eq!(kept(&connection).len(), 3);
}
