//! Digests that are kept, against those that are computed anew, over random histories.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::attempt::Outcome;
use crate::reconciliation::digest::Digest;
use crate::retry::RetryPolicy;
use crate::route::Routing;
use crate::store::arrivals;
use crate::store::dismissals::dismiss_event;
use crate::store::events::accept;
use crate::store::milestones;
use crate::store::purge::purge as purge_events;
use crate::store::resend::{Rules, resend};
use crate::store::tests::{
    at, attempted, count, database, due_now, moment, settle, somebody, submission, when,
};

const HOUR: i64 = 3_600_000;

fn routes() -> BTreeSet<String> {
    ["default".to_owned()].into()
}

/// The slots of the time that the histories take.
fn all(unit: Unit) -> Vec<Slot> {
    digest::slots(unit, at(0), at(60 * HOUR))
}

/// What is answered, when it was asked for before and everything was kept.
fn answered(connection: &Connection, unit: Unit) -> Vec<SlotDigest> {
    let of = |slot: &Slot| match kept(connection, unit, slot, &routes()).unwrap() {
        Some(kept) => kept,
        None => compute_and_keep(connection, unit, slot, &routes())
            .unwrap()
            .unwrap(),
    };
    all(unit).iter().map(of).collect()
}

/// What the rows say: the delivered ids of each slot, and how many are open.
fn expected(connection: &Connection, unit: Unit) -> Vec<(u64, u64, Digest)> {
    let mut rows: BTreeMap<String, (String, bool)> = BTreeMap::new();
    let mut statement = connection
        .prepare(
            "SELECT e.id, e.accepted_at, l.status = 'success',
                    EXISTS (SELECT 1 FROM outbox o WHERE o.event_seq = e.seq)
               FROM events e LEFT JOIN webhook_send_logs l ON l.id = e.id",
        )
        .unwrap();
    let mut found = statement.query([]).unwrap();
    let mut open: BTreeMap<String, u64> = BTreeMap::new();
    while let Some(row) = found.next().unwrap() {
        let accepted: Timestamp = row.get(1).unwrap();
        let slot = unit.slot_of(accepted);
        let delivered = row.get::<_, Option<bool>>(2).unwrap() == Some(true);
        if row.get::<_, bool>(3).unwrap() {
            *open.entry(slot).or_default() += 1;
        } else {
            rows.insert(row.get(0).unwrap(), (slot, delivered));
        }
    }
    let of = |(name, ..): &Slot| {
        let delivered = rows
            .iter()
            .filter(|(_, (slot, delivered))| slot == name && *delivered);
        let lines: Vec<String> = delivered.map(|(id, _)| format!("{id}\n")).collect();
        let digest = crate::crypto::sha256(&[lines.concat().as_bytes()]);
        (
            lines.len() as u64,
            open.get(name).copied().unwrap_or(0),
            digest,
        )
    };
    all(unit).iter().map(of).collect()
}

fn agree(connection: &Connection) {
    for unit in [Unit::Day, Unit::Hour] {
        let answered = answered(connection, unit);
        let answered: Vec<_> = answered
            .iter()
            .map(|slot| (slot.delivered, slot.open, slot.digest))
            .collect();
        assert_eq!(answered, expected(connection, unit));
    }
}

/// What happens.
#[derive(Clone, Debug)]
enum Step {
    Accept,
    Attempt(Outcome),
    Resend(prop::sample::Index),
    Dismiss(prop::sample::Index),
    Arrive(prop::sample::Index),
    Purge,
    /// Time goes on, or the clock is set back.
    Hours(i64),
}

fn step() -> impl Strategy<Value = Step> {
    use Outcome::{Failed, Success, Timeout};
    prop_oneof![
        3 => Just(Step::Accept),
        3 => prop::sample::select(vec![Success, Success, Failed, Timeout]).prop_map(Step::Attempt),
        2 => any::<prop::sample::Index>().prop_map(Step::Resend),
        1 => any::<prop::sample::Index>().prop_map(Step::Dismiss),
        1 => any::<prop::sample::Index>().prop_map(Step::Arrive),
        1 => Just(Step::Purge),
        3 => (-3_i64..8).prop_map(Step::Hours),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]
    /// Whatever changes what was delivered changes the digest in the same transaction.
    #[test]
    fn what_is_kept_is_what_the_rows_say(steps in prop::collection::vec(step(), 1..30)) {
        let (_directory, connection) = database();
        let policy = RetryPolicy::new(Vec::new());
        let (mut ids, mut now) = (Vec::new(), 0_i64);
        for step in steps {
            match step {
                Step::Accept => {
                    let mut event = submission("a.b", None);
                    event.event.staff_id = None;
                    ids.push(accept(&connection, &[event], when(now)).unwrap().remove(0).id);
                }
                Step::Attempt(outcome) => {
                    // The time axis only goes forward.
                    for due in due_now(&connection, when(1_000 * HOUR)) {
                        settle(&connection, &due, &attempted(outcome, at(now), 5), &policy).unwrap();
                    }
                }
                Step::Resend(one) if !ids.is_empty() => {
                    let (policy, routing) = (&policy, &Routing::default());
                    resend(&connection, one.get::<String>(&ids), Rules { policy, routing, only: false }, when(now)).unwrap();
                }
                Step::Dismiss(one) if !ids.is_empty() => {
                    dismiss_event(&connection, one.get::<String>(&ids), when(now)).unwrap();
                }
                Step::Arrive(one) if !ids.is_empty() => {
                    let id = one.get::<String>(&ids);
                    let seq = connection.query_row("SELECT seq FROM events WHERE id = ?1", [id], |row| row.get(0));
                    if let Ok(seq) = seq {
                        let (policy, routing) = (&policy, &Routing::default());
                        arrivals::settle(&connection, seq, id, Rules { policy, routing, only: false }, when(now)).unwrap();
                    }
                }
                Step::Purge => {
                    let before = when(now - 5 * HOUR).lived_ms();
                    if let Some(old) = milestones::at(&connection, before).unwrap() {
                        purge_events(&connection, old, 0, when(now)).unwrap();
                    }
                }
                Step::Hours(hours) => {
                    milestones::leave(&connection, when(now)).unwrap();
                    now = (now + hours * HOUR).clamp(0, 50 * HOUR);
                }
                _ => {}
            }
            agree(&connection);
        }
    }
}

#[tokio::test]
async fn a_digest_follows_an_erasure_and_is_kept_only_when_its_time_is_over() {
    let directory = tempfile::tempdir().unwrap();
    let store = Store::open(directory.path(), moment()).unwrap();
    let open = submission("employee.updated", None);
    store.accept_events(vec![open], moment()).await.unwrap();
    let asked = (at(0), at(1));
    let of = async |now: i64| {
        let found = store
            .delivered_digests(&routes(), Unit::Hour, asked, at(now))
            .await;
        found.unwrap()[0].open
    };
    let kept = || store.read(|c| Ok(count(c, "SELECT count(*) FROM delivered_digests")));
    assert_eq!((of(0).await, kept().await.unwrap()), (1, 0));
    assert_eq!((of(2 * HOUR).await, kept().await.unwrap()), (1, 1));
    assert_eq!(of(2 * HOUR).await, 1);
    let range = store
        .begin_erasure("EMP-1", true, somebody(), moment())
        .await
        .unwrap();
    store.erase_events("EMP-1", range, moment()).await.unwrap();
    assert_eq!(of(2 * HOUR).await, 0);
    let later = moment().after(Duration::from_hours(100));
    store.leave_milestone(later).await.unwrap();
    let purging = store.purge_comparisons(Duration::ZERO, later);
    assert!(!purging.await.unwrap());
}

#[test]
fn digests_of_old_slots_go() {
    let (_directory, connection) = database();
    answered(&connection, Unit::Day);
    answered(&connection, Unit::Hour);
    let slots = || count(&connection, "SELECT count(*) FROM delivered_digests");
    let all = slots();
    purge(&connection, at(24 * HOUR)).unwrap();
    assert!(slots() < all && slots() > 0, "{} of {all}", slots());
    purge(&connection, at(1_000 * HOUR)).unwrap();
    assert_eq!(slots(), 0);
}
