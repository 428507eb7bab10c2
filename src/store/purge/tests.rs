//! Purging over random histories: what must go goes, what must stay stays.

use std::collections::HashSet;
use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::attempt::Outcome;
use crate::store::events::accept;
use crate::store::milestones;
use crate::store::relay_time::Now;
use crate::store::tests::{attempted, count, database, due_now, policy, settle, submission};

const DAY_MS: i64 = 86_400_000;
const KEPT_DAYS: i64 = 90;

fn day(days: i64) -> Timestamp {
    Timestamp::from_unix_ms(1_761_489_000_000 + days * DAY_MS)
}

/// What becomes of an event: how old it is, and the outcomes of its attempts.
#[derive(Clone, Debug)]
struct History {
    age_days: i64,
    outcomes: Vec<Outcome>,
}

fn history() -> impl Strategy<Value = History> {
    let outcome = prop_oneof![
        Just(Outcome::Success),
        Just(Outcome::Failed),
        Just(Outcome::Timeout)
    ];
    (0_i64..200, proptest::collection::vec(outcome, 0..5))
        .prop_map(|(age_days, outcomes)| History { age_days, outcomes })
}

fn purge_all(connection: &Connection, before: Timestamp) -> u64 {
    let Some(old) = milestones::at(connection, before.unix_ms() - 1).unwrap() else {
        return 0;
    };
    let (mut events, mut after) = (0, 0);
    loop {
        let step = purge(connection, old, after, Now::at(before)).unwrap();
        events += step.events;
        match step.next {
            Some(next) => after = next,
            None => return events,
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn only_what_is_old_and_finished_goes(histories in proptest::collection::vec(history(), 0..40)) {
        let (_directory, connection) = database();
        let now = day(0);
        let mut histories = histories;
        histories.sort_by_key(|history| -history.age_days);
        let mut latest = day(-1000);
        let (mut gone, mut stays) = (HashSet::new(), HashSet::new());
        for (number, history) in histories.iter().enumerate() {
            let accepted_at = day(-history.age_days);
            let submission = submission("a.b", Some((&format!("key-{number}"), 1)));
            let id = accept(&connection, &[submission], Now::at(accepted_at)).unwrap()[0].id.clone();
            let mut at = accepted_at;
            let mut finished = false;
            for outcome in &history.outcomes {
                let due = due_now(&connection, Now::at(at));
                let Some(due) = due.iter().find(|due| due.id == id) else { break };
                let settled = settle(&connection, due, &attempted(*outcome, at, 5), &policy()).unwrap();
                finished = settled.retry.is_none();
                at = settled.retry.map_or(at, |retry| retry.wall);
            }
            // The relay does not become younger.
            latest = latest.max(at);
            milestones::leave(&connection, Now::at(latest)).unwrap();
            let old = accepted_at < day(-KEPT_DAYS);
            if finished && old { gone.insert(id); } else { stays.insert(id); }
        }
        let purged = purge_all(&connection, now.before(Duration::from_hours(24 * 90)));
        // The retries of an event take some minutes: one that was accepted just before the line may
        // have ended just after it. No history here has a time of day, so that cannot be.
        prop_assert_eq!(purged as usize, gone.len());
        let mut kept = connection.prepare("SELECT id FROM events").unwrap();
        let kept: HashSet<String> = kept.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
        prop_assert_eq!(&kept, &stays);
        prop_assert_eq!(count(&connection, "SELECT count(*) FROM idempotency_keys"), histories.len() as i64);
        prop_assert_eq!(count(&connection, "SELECT count(*) FROM pragma_foreign_key_check"), 0);
        prop_assert_eq!(
            count(&connection, "SELECT count(*) FROM attempts WHERE event_seq NOT IN (SELECT seq FROM events)"), 0);
        prop_assert_eq!(purge_all(&connection, now.before(Duration::from_hours(24 * 90))), 0);
    }
}

#[test]
fn an_event_that_was_sent_again_lately_stays() {
    let (_directory, connection) = database();
    accept(&connection, &[submission("a.b", None)], Now::at(day(-120))).unwrap();
    let due = due_now(&connection, Now::at(day(-120))).remove(0);
    settle(
        &connection,
        &due,
        &attempted(Outcome::Failed, day(-120), 5),
        &policy(),
    )
    .unwrap();
    milestones::leave(&connection, Now::at(day(-120))).unwrap();
    let due = due_now(&connection, Now::at(day(-1))).remove(0);
    settle(
        &connection,
        &due,
        &attempted(Outcome::Success, day(-1), 5),
        &policy(),
    )
    .unwrap();
    milestones::leave(&connection, Now::at(day(-1))).unwrap();
    assert_eq!(purge_all(&connection, day(-KEPT_DAYS)), 0);
    assert_eq!(purge_all(&connection, day(0)), 1);
}

#[test]
fn the_room_is_given_back_to_the_disk() {
    let (_directory, connection) = database();
    for _ in 0..500 {
        let mut large = submission("a.b", None);
        large.event.data = format!("{{\"text\":\"{}\"}}", "x".repeat(4000)).into();
        accept(&connection, &[large], Now::at(day(-100))).unwrap();
    }
    for due in due_now(&connection, Now::at(day(-100))) {
        settle(
            &connection,
            &due,
            &attempted(Outcome::Success, day(-100), 5),
            &policy(),
        )
        .unwrap();
    }
    let pages = || count(&connection, "PRAGMA page_count");
    let before = pages();
    let mut purged = 0;
    while purged < 500 {
        let due = due_now(&connection, Now::at(day(-100)));
        for due in due {
            settle(
                &connection,
                &due,
                &attempted(Outcome::Success, day(-100), 5),
                &policy(),
            )
            .unwrap();
        }
        milestones::leave(&connection, Now::at(day(-100))).unwrap();
        purged += purge_all(&connection, day(-KEPT_DAYS));
    }
    while release_pages(&connection).unwrap() > 0 {}
    assert!(
        pages() < before / 4,
        "{} of {before} pages are left",
        pages()
    );
}
