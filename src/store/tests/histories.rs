//! Random histories of deliveries: the statistics equal a count by hand.

use std::collections::BTreeMap;
use std::time::Duration;

use proptest::prelude::*;

use super::{accept_one, again, attempted, count, database, due_now, purge_old, when};
use crate::attempt::Outcome;
use crate::event::Status;
use crate::retry::RetryPolicy;
use crate::send_breakdown::{BreakdownQuestion, By};
use crate::send_stats::{QueueCounts, SendFilter};
use crate::store::attempts::record;
use crate::store::dismissals::dismiss_event;
use crate::store::event_lookup::find;
use crate::store::relay_time::Now;
use crate::store::send_breakdown::break_down;
use crate::store::send_stats::sends;
use crate::store::{kpis, milestones, recount};
use crate::timestamp::Timestamp;
use crate::zone::Zone;

/// One step of a random history.
#[derive(Clone, Debug)]
enum Step {
    Accept(u8),
    Attempt(Outcome, u16),
    Resend(usize),
    Wait(u32),
    /// The wall clock is set, by so many milliseconds.
    SetClock(i32),
    Purge(u32),
    /// A person gives up one that is exhausted.
    Dismiss(usize),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let outcome = prop_oneof![
        3 => Just(Outcome::Success),
        3 => Just(Outcome::Failed),
        2 => Just(Outcome::Timeout),
    ];
    let step = prop_oneof![
        4 => (0_u8..3).prop_map(Step::Accept),
        8 => (outcome, 0_u16..2000).prop_map(|(outcome, took)| Step::Attempt(outcome, took)),
        1 => (0_usize..20).prop_map(Step::Resend),
        // Within a minute, and for hours.
        3 => prop_oneof![0_u32..20_000, 0_u32..40_000_000].prop_map(Step::Wait),
        1 => (-90_000_000_i32..90_000_000).prop_map(Step::SetClock),
        1 => (0_u32..80_000_000).prop_map(Step::Purge),
        2 => (0_usize..20).prop_map(Step::Dismiss),
    ];
    prop::collection::vec(step, 1..60)
}

/// The moment so many milliseconds later.
fn passed(now: Now, milliseconds: u64) -> Now {
    let span = Duration::from_millis(milliseconds);
    Now::of(now.wall.after(span), now.axis_after(span))
}

/// What the statistics have to know of a delivery, kept the simple way.
struct Model {
    event_type: String,
    attempts: Vec<(Outcome, u64)>,
    sent_at: Option<Timestamp>,
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn statistics_equal_a_count_by_hand_over_random_histories(
        history in steps(),
        period_ms in prop_oneof![0_u32..180_000, 0_u32..100_000_000],
        until_ms in 0_u32..90_000,
    ) {
        let (_directory, connection) = database();
        let mut now = when(0);
        let mut models: BTreeMap<String, Model> = BTreeMap::new();
        let mut order = Vec::new();
        // Some are exhausted within a history.
        let soon = RetryPolicy::new(vec![Duration::from_millis(1)]);
        for step in history {
            milestones::leave(&connection, now).unwrap();
            match step {
                Step::Accept(kind) => {
                    let event_type = format!("type.{kind}");
                    let id = accept_one(&connection, &event_type, now);
                    order.push(id.clone());
                    models.insert(id, Model { event_type, attempts: Vec::new(), sent_at: None });
                }
                Step::Attempt(outcome, took) => {
                    let Some(taken) = due_now(&connection, now).into_iter().next() else { continue };
                    let took = u64::from(took);
                    let result = attempted(outcome, now.wall, took);
                    let ended = passed(now, took);
                    record(&connection, &taken, &result, &soon, ended).unwrap();
                    let model = models.get_mut(&taken.id).unwrap();
                    model.sent_at.get_or_insert(now.wall);
                    model.attempts.push((outcome, took));
                    prop_assert_eq!(taken.attempt as usize, model.attempts.len());
                }
                Step::Resend(which) => {
                    if let Some(id) = order.get(which) {
                        again(&connection, id, now);
                    }
                }
                Step::Wait(milliseconds) => now = passed(now, milliseconds.into()),
                Step::SetClock(milliseconds) => {
                    let wall = Timestamp::from_unix_ms(now.wall.unix_ms() + i64::from(milliseconds));
                    now = Now::of(wall, now.axis_ms);
                }
                Step::Dismiss(which) => {
                    let Some(id) = order.get(which).filter(|id| models.contains_key(*id)) else { continue };
                    let status = |id: &str| find(&connection, id, when(0)).unwrap().unwrap().summary.status;
                    let before = status(id);
                    dismiss_event(&connection, id, now).unwrap();
                    let exhausted = matches!(before, Status::Exhausted | Status::Dismissed);
                    prop_assert_eq!(status(id), if exhausted { Status::Dismissed } else { before });
                }
                Step::Purge(milliseconds) => {
                    purge_old(&connection, Duration::from_millis(milliseconds.into()), now);
                    models.retain(|id, _| find(&connection, id, when(0)).unwrap().is_some());
                }
            }
        }
        let to = now.wall.before(Duration::from_millis(until_ms.into()));
        let from = to.before(Duration::from_millis(period_ms.into()));
        let period = SendFilter::period(from, to);
        let stats = sends(&connection, &period).unwrap();
        let status_of = |id: &str| find(&connection, id, when(0)).unwrap().unwrap().summary.status;
        let counted: Vec<&Model> = models
            .iter()
            .filter(|(_, m)| m.sent_at.is_some_and(|sent| (from..=to).contains(&sent)))
            .filter(|(id, _)| status_of(id) != Status::Dismissed)
            .map(|(_, m)| m)
            .collect();
        let last = |m: &Model| m.attempts.last().copied().unwrap();
        let with = |outcome| counted.iter().filter(|m| last(m).0 == outcome).count() as u64;
        prop_assert_eq!(stats.total.sent, counted.len() as u64);
        prop_assert_eq!(stats.total.succeeded, with(Outcome::Success));
        prop_assert_eq!(stats.total.failed, with(Outcome::Failed));
        prop_assert_eq!(stats.total.timeout, with(Outcome::Timeout));
        prop_assert_eq!(stats.total.retried, counted.iter().filter(|m| m.attempts.len() > 1).count() as u64);
        prop_assert_eq!(stats.last_sent_at, counted.iter().filter_map(|m| m.sent_at).max());
        for (event_type, counts) in &stats.by_type {
            let of_type: Vec<_> = counted.iter().filter(|m| &m.event_type == event_type).collect();
            prop_assert_eq!(counts.sent, of_type.len() as u64);
            prop_assert!(counts.sent > 0);
            let times: Vec<u64> = of_type.iter().map(|m| last(m)).filter(|l| l.0 == Outcome::Success).map(|l| l.1).collect();
            let mean = if times.is_empty() { 0.0 } else { times.iter().sum::<u64>() as f64 / times.len() as f64 };
            prop_assert_eq!(counts.mean_successful_ms(), (mean + 0.5).floor() as u64);
            let of_type = SendFilter { event_type: Some(event_type.clone()), ..period.clone() };
            let filtered = sends(&connection, &of_type).unwrap();
            prop_assert_eq!(&filtered.total, counts);
        }
        for by in By::ALL {
            let zone = Zone::named("Asia/Kathmandu").unwrap();
            let question = BreakdownQuestion { from, to, by, zone, now: to };
            let broken_down = break_down(&connection, question).unwrap();
            prop_assert_eq!(&broken_down.total, &stats.total);
            let rows = broken_down.rows.iter().map(|(_, counts)| counts.sent);
            prop_assert_eq!(rows.sum::<u64>(), stats.total.sent);
        }
        let ended = kpis::ended_retries(&connection, &SendFilter::period(from, to)).unwrap();
        let retried = |m: &&&Model| m.attempts.len() > 1;
        let delivered = counted.iter().filter(retried).filter(|m| last(m).0 == Outcome::Success);
        prop_assert_eq!(ended.delivered, delivered.count() as u64);
        let given_up = models.iter().filter(|(id, m)| {
            let is_counted = m.sent_at.is_some_and(|sent| (from..=to).contains(&sent));
            let status = find(&connection, id, when(0)).unwrap().unwrap().summary.status;
            is_counted && status == Status::Exhausted
        });
        prop_assert_eq!(ended.given_up, given_up.count() as u64);
        // Each delivery has one log row, at most one queue row, and stands in the outbox exactly
        // while it is open.
        let mut queue = QueueCounts::default();
        for (id, model) in &models {
            let status = find(&connection, id, when(0)).unwrap().unwrap().summary.status;
            match status {
                Status::Accepted => prop_assert!(model.attempts.is_empty()),
                Status::Delivered => prop_assert_eq!(last(model).0, Outcome::Success),
                Status::Exhausted | Status::Dismissed => prop_assert_ne!(last(model).0, Outcome::Success),
                Status::Retrying => prop_assert!(!model.attempts.is_empty()),
            }
            match status {
                Status::Retrying => queue.pending += 1,
                Status::Exhausted => queue.failed += 1,
                Status::Dismissed => queue.dismissed += 1,
                Status::Delivered if model.attempts.len() > 1 => queue.completed += 1,
                _ => {}
            }
        }
        prop_assert_eq!(stats.queue, queue);
        prop_assert_eq!(recount::differences(&connection).unwrap(), 0);
        let sent = models.values().filter(|m| m.sent_at.is_some()).count();
        prop_assert_eq!(count(&connection, "SELECT count(*) FROM webhook_send_logs"), sent as i64);
    }
}
