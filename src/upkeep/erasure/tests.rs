//! What an erasure waits for, and what it leaves to do.

use std::future::poll_fn;
use std::task::Poll;

use tempfile::TempDir;

use super::*;
use crate::interview::{Interview, InterviewStatus};
use crate::timestamp::Timestamp;

/// What something may take that is waited for.
const DEADLINE: Duration = Duration::from_mins(2);

fn started() -> (TempDir, Store, Eraser) {
    let directory = tempfile::tempdir().unwrap();
    let clock = Clock::manual(Timestamp::from_unix_ms(1_761_489_000_000));
    let store = Store::open(directory.path(), clock.moment()).unwrap();
    let backup = BackupFile::new(store.clone(), clock.clone(), directory.path());
    let mut eraser = Eraser::new(store.clone(), clock, backup);
    let shortly = Duration::from_millis(1);
    eraser.waits = Waits {
        again: shortly,
        later: shortly,
    };
    (directory, store, eraser)
}

fn somebody() -> Actor {
    Actor::user("somebody", None)
}

async fn put(store: &Store, staff_id: &str) {
    let at = Timestamp::from_unix_ms(1_761_489_000_000);
    let record = Interview {
        id: format!("of {staff_id}"),
        employee_id: staff_id.to_owned(),
        employee_name: Some("消去花子".to_owned()),
        interviewer_id: None,
        interview_type: "regular".to_owned(),
        date: at,
        status: InterviewStatus::Scheduled,
        duration_minutes: None,
        voicedrive_sync_id: None,
        rescheduled_from_id: None,
        facility_id: None,
        department_id: None,
        completed_at: None,
        status_reason: None,
    };
    let putting = store.put_interviews(vec![record], somebody(), at);
    putting.await.unwrap();
}

async fn erased(eraser: &Eraser, staff_id: &str) -> Option<Done> {
    let erasing = eraser.clone();
    let erasing = erasing.erase(staff_id.to_owned(), Options::default(), somebody());
    erasing.await.unwrap()
}

async fn is_half_erased(eraser: &Eraser) -> bool {
    let person = eraser.store.person("EMP-1", eraser.clock.moment());
    person.await.unwrap().is_half_erased
}

#[tokio::test]
async fn whom_only_an_import_has_that_is_under_way_is_waited_for_and_erased() {
    let (_directory, store, eraser) = started();
    let import = store.hold_imports_back().await.unwrap();
    let looking = eraser.look_for("EMP-1");
    let erasing = erased(&eraser, "EMP-1");
    let (mut looking, mut erasing) = (Box::pin(looking), Box::pin(erasing));
    // Both have begun.
    poll_fn(|context| {
        assert!(looking.as_mut().poll(context).is_pending());
        assert!(erasing.as_mut().poll(context).is_pending());
        Poll::Ready(())
    })
    .await;
    put(&store, "EMP-1").await;
    drop(import);
    let sought = looking.await.unwrap();
    assert!(sought.is_some());
    let done = erasing.await.expect("the person is found");
    assert_eq!(done.erased.interviews, 1);
    assert!(erased(&eraser, "EMP-2").await.is_none());
    store.close(eraser.clock.moment()).await;
}

#[tokio::test]
async fn an_erasure_is_over_when_the_last_reader_of_the_log_is_gone() {
    let (_directory, store, eraser) = started();
    put(&store, "EMP-1").await;
    let reader = store.reader_of_log();
    let done = erased(&eraser, "EMP-1").await.unwrap();
    assert_eq!(done.cleaned, Cleaned::LogInUse);
    assert!(is_half_erased(&eraser).await, "`check` says so");
    drop(reader);
    let over = async {
        while is_half_erased(&eraser).await {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(DEADLINE, over).await.unwrap();
    store.close(eraser.clock.moment()).await;
}

#[tokio::test]
async fn an_erasure_that_is_done_again_is_waited_for_once() {
    let (_directory, store, eraser) = started();
    put(&store, "EMP-1").await;
    let reader = store.reader_of_log();
    let waiting = || {
        tokio::runtime::Handle::current()
            .metrics()
            .num_alive_tasks()
    };
    erased(&eraser, "EMP-1").await.unwrap();
    let of_one = waiting();
    eraser.clock.advance(Duration::from_secs(1));
    let again = erased(&eraser, "EMP-1").await.unwrap();
    assert_eq!(again.cleaned, Cleaned::LogInUse);
    let only_one_waits = async {
        while waiting() > of_one {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(DEADLINE, only_one_waits)
        .await
        .unwrap();
    assert!(is_half_erased(&eraser).await);
    drop(reader);
    let over = async {
        while is_half_erased(&eraser).await {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(DEADLINE, over).await.unwrap();
    store.close(eraser.clock.moment()).await;
}
