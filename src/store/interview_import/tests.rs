//! Whoever hands something in beside an import.

use super::*;
use crate::interview::InterviewStatus;
use crate::store::tests::{at, moment, somebody, submission};

fn record(number: u64) -> Interview {
    Interview {
        id: format!("int-{number}"),
        employee_id: "EMP-1".to_owned(),
        employee_name: None,
        interviewer_id: None,
        interview_type: "regular".to_owned(),
        date: at(0),
        status: InterviewStatus::Scheduled,
        duration_minutes: None,
        voicedrive_sync_id: None,
        rescheduled_from_id: None,
        facility_id: None,
        department_id: None,
        completed_at: None,
        status_reason: None,
    }
}

/// So many rows; from one on they come when somebody lets them.
fn rows(
    count: u64,
    held: u64,
) -> (
    impl Iterator<Item = Result<(u64, Interview), StoreError>> + Send,
    std::sync::mpsc::Sender<()>,
) {
    let (go_on, waits) = std::sync::mpsc::channel::<()>();
    let rows = (0..count).map(move |number| {
        if number == held {
            // Also when nobody is there any more to let it.
            let _ = waits.recv();
        }
        Ok((number, record(number)))
    });
    (rows, go_on)
}

/// How many rows wait.
async fn waiting(store: &Store) -> u64 {
    let sql = "SELECT count(*) FROM import_rows";
    let count = store.read(|connection| Ok(connection.query_row(sql, [], |row| row.get(0))?));
    count.await.unwrap()
}

async fn until(holds: impl AsyncFn() -> bool) {
    let wait = async {
        while !holds().await {
            tokio::task::yield_now().await;
        }
    };
    let waited = tokio::time::timeout(Duration::from_secs(30), wait).await;
    waited.expect("it does not come");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_event_is_accepted_in_the_middle_of_an_import() {
    let directory = tempfile::tempdir().unwrap();
    let store = Store::open(directory.path(), moment()).unwrap();
    let (rows, go_on) = rows(1000, 900);
    let importing = tokio::spawn({
        let store = store.clone();
        async move {
            let (refuse, keep) = (UnknownOrigin::Refuse, ImportWish::Keep);
            let import = store.import_interviews(rows, refuse, keep, somebody(), at(0));
            import.await
        }
    });
    until(async || waiting(&store).await == 900).await;
    let event = vec![submission("a.b", None)];
    store.accept_events(event, moment()).await.unwrap();
    let other = vec![Interview {
        id: "other".to_owned(),
        ..record(0)
    }];
    store
        .put_interviews(other, somebody(), at(0))
        .await
        .unwrap();
    assert!(!importing.is_finished());
    go_on.send(()).unwrap();
    assert_eq!(importing.await.unwrap().unwrap().created, 1000);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_import_goes_on_when_the_one_who_asked_goes_away() {
    let directory = tempfile::tempdir().unwrap();
    let store = Store::open(directory.path(), moment()).unwrap();
    let (rows, go_on) = rows(300, 200);
    let (refuse, keep) = (UnknownOrigin::Refuse, ImportWish::Keep);
    let import = store.import_interviews(rows, refuse, keep, somebody(), at(0));
    tokio::select! {
        biased;
        _ = import => unreachable!("it waits for its rows"),
        () = until(async || waiting(&store).await == 200) => {}
    }
    go_on.send(()).unwrap();
    until(async || store.interview("int-299").await.unwrap().is_some()).await;
}

#[tokio::test]
async fn a_file_that_breaks_off_leaves_nothing_behind() {
    let directory = tempfile::tempdir().unwrap();
    let store = Store::open(directory.path(), moment()).unwrap();
    let broken = |number| match number {
        250 => Err(StoreError::Refused("unreadable".to_owned())),
        _ => Ok((number, record(number))),
    };
    for (rows, wish) in [(300, ImportWish::Keep), (200, ImportWish::Try)] {
        let rows = (0..rows).map(broken);
        let import = store.import_interviews(rows, UnknownOrigin::Refuse, wish, somebody(), at(0));
        import.await.unwrap_err();
        assert_eq!(waiting(&store).await, 0);
        assert!(store.interview("int-0").await.unwrap().is_none());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_record_waits_for_an_import_that_the_start_could_not_end() {
    let directory = tempfile::tempdir().unwrap();
    let store = Store::open(directory.path(), moment()).unwrap();
    let path = store.file().path().to_owned();
    store.close(moment()).await;
    let database = Connection::open(path).unwrap();
    let some: Vec<_> = (0..150).map(|number| (number, record(number))).collect();
    add(&database, &some).unwrap();
    decide(&database, at(0)).unwrap();
    // As on a full disk: the start cannot write.
    let refuses = "CREATE TRIGGER full BEFORE INSERT ON interviews
                   BEGIN SELECT RAISE(ABORT, 'no room'); END";
    database.execute_batch(refuses).unwrap();

    let store = Store::open(directory.path(), moment()).unwrap();
    let newer = Interview {
        employee_id: "EMP-2".to_owned(),
        ..record(149)
    };
    let putting = tokio::spawn({
        let store = store.clone();
        async move { store.put_interviews(vec![newer], somebody(), at(1)).await }
    });
    let event = vec![submission("a.b", None)];
    store.accept_events(event, moment()).await.unwrap();
    assert!(!putting.is_finished());
    database.execute_batch("DROP TRIGGER full").unwrap();
    store.clone().end_interrupted_import().await;
    putting.await.unwrap().unwrap();
    assert_eq!(waiting(&store).await, 0);
    assert!(store.interview("int-0").await.unwrap().is_some());
    let last = store.interview("int-149").await.unwrap().unwrap();
    assert_eq!(last.interview.employee_id, "EMP-2");
    // There is nothing more to end.
    store.end_interrupted_import().await;
}

/// Tells SQLite to refuse each interview record.
const REFUSE: &str = "CREATE TRIGGER refused BEFORE INSERT ON interviews
                      BEGIN SELECT RAISE(ABORT, 'refused'); END";

/// A store that refuses to write the record that was decided, and the connection that makes it do so.
fn refusing() -> (tempfile::TempDir, Store, Connection) {
    let directory = tempfile::tempdir().unwrap();
    let store = Store::open(directory.path(), moment()).unwrap();
    let database = Connection::open(store.file().path()).unwrap();
    add(&database, &[(0, record(0))]).unwrap();
    decide(&database, at(0)).unwrap();
    database.execute_batch(REFUSE).unwrap();
    (directory, store, database)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_decided_is_kept_however_often_the_database_refuses_it() {
    let (_directory, store, database) = refusing();
    let refused = store.write_decided().await;
    assert!(
        matches!(refused, Err(StoreError::Refused(_))),
        "{refused:?}"
    );
    assert_eq!(store.trouble(), None, "one try says nothing");
    let ending = tokio::spawn({
        let store = store.clone();
        async move { store.end_import_however_often().await }
    });
    until(async || matches!(store.trouble(), Some(Trouble::ImportRefused(_)))).await;
    assert_eq!(store.file().trouble(), None, "events are accepted");
    let event = vec![submission("a.b", None)];
    store.accept_events(event, moment()).await.unwrap();
    database.execute_batch("DROP TRIGGER refused").unwrap();
    let ended = tokio::time::timeout(Duration::from_secs(30), ending).await;
    assert!(ended.expect("it is not tried again").unwrap());
    assert!(store.interview("int-0").await.unwrap().is_some());
    assert_eq!(store.trouble(), None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_waits_for_ever_for_an_import_that_the_database_refuses() {
    let (directory, store, _database) = refusing();
    store.close(moment()).await;
    let store = Store::open(directory.path(), moment()).unwrap();
    let _ending = tokio::spawn(store.clone().end_interrupted_import());
    let in_time = Duration::from_secs(30);
    let newer = Interview {
        id: "other".to_owned(),
        ..record(1)
    };
    let put = store.put_interviews(vec![newer], somebody(), at(1));
    let put = tokio::time::timeout(in_time, put).await;
    let told = format!("{:?}", put.expect("it waits").unwrap_err());
    assert!(told.contains("ImportRefused"), "{told}");
    let (keep, refuse) = (ImportWish::Keep, UnknownOrigin::Refuse);
    let rows = [Ok((0, record(2)))].into_iter();
    let import = store.import_interviews(rows, refuse, keep, somebody(), at(1));
    let import = tokio::time::timeout(in_time, import).await;
    let told = format!("{:?}", import.expect("it waits").unwrap_err());
    assert!(told.contains("ImportRefused"), "{told}");
}
