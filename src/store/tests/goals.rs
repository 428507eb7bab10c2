//! Random histories of deliveries, interviews and comparisons: the five goals equal a count by hand.

use std::collections::BTreeMap;
use std::time::Duration;

use proptest::prelude::*;
use uuid::Uuid;

use super::{accept_one, again, attempted, database, due_now, purge_old, when};
use crate::attempt::Outcome;
use crate::event::Status;
use crate::interview::{Interview, InterviewStatus};
use crate::kpi::{FINDINGS_KEPT, KpiCounts, KpiQuestion};
use crate::period::Period;
use crate::reconciliation::comparison::Question;
use crate::reconciliation::received::Received;
use crate::retry::RetryPolicy;
use crate::store::attempts::record;
use crate::store::dismissals::dismiss_event;
use crate::store::event_lookup::find;
use crate::store::interview_intake::put;
use crate::store::interviews::delete;
use crate::store::reconciliation::tests::compare_and_keep;
use crate::store::relay_time::Now;
use crate::store::{kpis, milestones};
use crate::timestamp::Timestamp;

const HOUR_MS: u64 = 3_600_000;

#[derive(Clone, Debug)]
enum Step {
    Accept,
    Attempt(Outcome),
    Resend(usize),
    Wait(u64),
    Purge(u64),
    /// A person gives up one that is exhausted.
    Dismiss(usize),
    /// VoiceDrive's list of so many hours has everything that was attempted but each so many.
    Compare(u64, usize),
    /// A record of so many hours from now, with this status.
    Interview(u8, i64, InterviewStatus),
    Forget(u8),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let outcome = prop_oneof![
        4 => Just(Outcome::Success),
        2 => Just(Outcome::Failed),
        1 => Just(Outcome::Timeout),
    ];
    let status = prop::sample::select(InterviewStatus::ALL.to_vec());
    let step = prop_oneof![
        6 => Just(Step::Accept),
        10 => outcome.prop_map(Step::Attempt),
        2 => (0_usize..20).prop_map(Step::Resend),
        4 => prop_oneof![0_u64..60_000, 0_u64..200 * HOUR_MS].prop_map(Step::Wait),
        1 => (0_u64..900 * HOUR_MS).prop_map(Step::Purge),
        1 => (0_usize..20).prop_map(Step::Dismiss),
        4 => (1_u64..200, 2_usize..6).prop_map(|(hours, each)| Step::Compare(hours, each)),
        2 => (0_u8..9, -900_i64..100, status).prop_map(|(id, hours, status)| Step::Interview(id, hours, status)),
        1 => (0_u8..9).prop_map(Step::Forget),
    ];
    prop::collection::vec(step, 1..70)
}

/// What is known of a delivery, kept the simple way.
struct Model {
    accepted: Timestamp,
    attempts: Vec<Outcome>,
    sent_at: Option<Timestamp>,
    /// A list did not have it, and none has had it since.
    missing: bool,
    /// When that was found last.
    found_at: Option<Timestamp>,
    /// The last list that covers it was made before it was delivered.
    unjudged: bool,
}

impl Model {
    fn compared(&mut self, status: Status, is_listed: bool, now: Timestamp) {
        match (status, is_listed) {
            (Status::Delivered, true) => (self.missing, self.unjudged) = (false, false),
            (Status::Delivered, false) => {
                self.unjudged = false;
                if !self.missing {
                    (self.missing, self.found_at) = (true, Some(now));
                }
            }
            _ => self.unjudged = true,
        }
    }
}

/// A finding whose delivery was purged.
struct PurgedFinding {
    sent_at: Timestamp,
    found_at: Timestamp,
    still_missing: bool,
    lived_ms: i64,
}

struct World {
    models: BTreeMap<String, Model>,
    purged: Vec<PurgedFinding>,
    interviews: BTreeMap<u8, (Timestamp, InterviewStatus)>,
    /// From the first moment of acceptance on, and until the second.
    compared: Vec<(Timestamp, Timestamp)>,
    status: BTreeMap<String, Status>,
}

impl World {
    fn is(&self, id: &str, status: Status) -> bool {
        self.status[id] == status
    }

    fn goals(&self, period: Period, now: Timestamp) -> KpiCounts {
        let from = period.start(now);
        let mut goals = KpiCounts::default();
        for (id, model) in &self.models {
            let is_counted = model.sent_at.is_some_and(|at| at >= from);
            if !is_counted || self.is(id, Status::Dismissed) {
                continue;
            }
            let succeeded = model.attempts.last() == Some(&Outcome::Success);
            goals.sends.sent += 1;
            goals.sends.succeeded += u64::from(succeeded);
            goals.waiting += u64::from(self.is(id, Status::Retrying) && !succeeded);
            if model.attempts.len() > 1 {
                goals.retried.delivered += u64::from(succeeded);
                goals.retried.given_up += u64::from(self.is(id, Status::Exhausted));
            }
        }
        for (_, status) in self.interviews.values().filter(|(date, _)| *date >= from) {
            goals.interviews.total += 1;
            goals.interviews.completed += u64::from(*status == InterviewStatus::Completed);
            goals.interviews.no_show += u64::from(*status == InterviewStatus::NoShow);
        }
        self.count_gap(&mut goals, now);
        goals
    }

    /// What of its deliveries is gone now, and was found missing before that.
    fn forget_purged(&mut self, purges: bool, is_there: impl Fn(&String) -> bool, now: Now) {
        let oldest_ms = now.lived_before(FINDINGS_KEPT);
        self.purged
            .retain(|finding| !purges || finding.lived_ms >= oldest_ms);
        for (id, model) in &self.models {
            if let (Some(sent_at), Some(found_at)) = (model.sent_at, model.found_at)
                && !is_there(id)
            {
                let counts_as_delivered = model.attempts.last() == Some(&Outcome::Success);
                self.purged.push(PurgedFinding {
                    sent_at,
                    found_at,
                    still_missing: model.missing && counts_as_delivered,
                    lived_ms: now.lived_ms(),
                });
            }
        }
        self.models.retain(|id, _| is_there(id));
    }

    fn count_gap(&self, goals: &mut KpiCounts, now: Timestamp) {
        let first = self.compared.iter().map(|(from, _)| *from).min();
        goals.gap.compared = first.is_some();
        let window = now.before(FINDINGS_KEPT);
        for finding in &self.purged {
            if finding.found_at >= window {
                let took = Some(finding.found_at.since(finding.sent_at));
                goals.gap.slowest_finding = goals.gap.slowest_finding.max(took);
            }
            if finding.still_missing {
                goals.gap.never_confirmed += 1;
                let since = goals.gap.unconfirmed_since.unwrap_or(finding.sent_at);
                goals.gap.unconfirmed_since = Some(since.min(finding.sent_at));
            }
        }
        for (id, model) in &self.models {
            if let (Some(sent_at), Some(found_at)) = (model.sent_at, model.found_at)
                && found_at >= window
            {
                let took = Some(found_at.since(sent_at));
                goals.gap.slowest_finding = goals.gap.slowest_finding.max(took);
            }
            let counts_as_delivered = model.attempts.last() == Some(&Outcome::Success);
            let Some(sent_at) = model.sent_at.filter(|_| counts_as_delivered) else {
                continue;
            };
            if first.is_none_or(|first| sent_at < first) {
                goals.gap.uncompared += u64::from(!self.is(id, Status::Dismissed));
            }
            let mut ranges = self.compared.iter();
            let is_covered = ranges.any(|(from, to)| (*from..*to).contains(&model.accepted));
            let is_behind = first.is_some_and(|first| model.accepted >= first);
            if model.missing || model.unjudged || is_behind && !is_covered {
                let since = goals.gap.unconfirmed_since.unwrap_or(sent_at);
                goals.gap.unconfirmed_since = Some(since.min(sent_at));
            }
        }
    }
}

fn interview(id: u8, date: Timestamp, status: InterviewStatus) -> Interview {
    Interview {
        id: format!("int-{id}"),
        employee_id: format!("EMP-{id}"),
        employee_name: None,
        interviewer_id: None,
        interview_type: "regular".to_owned(),
        date,
        status,
        duration_minutes: None,
        voicedrive_sync_id: None,
        rescheduled_from_id: None,
        facility_id: None,
        department_id: None,
        completed_at: None,
        status_reason: None,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn the_goals_equal_a_count_by_hand_over_random_histories(history in steps()) {
        let (_directory, connection) = database();
        let mut now = when(0);
        let mut world = World {
            models: BTreeMap::new(),
            purged: Vec::new(),
            interviews: BTreeMap::new(),
            compared: Vec::new(),
            status: BTreeMap::new(),
        };
        let mut order: Vec<String> = Vec::new();
        let soon = RetryPolicy::new(vec![Duration::from_millis(1)]);
        for step in history {
            // No two steps are of one millisecond: where a range ends, nothing is accepted.
            now = Now::of(now.wall.after(Duration::from_millis(2)), now.axis_after(Duration::from_millis(2)));
            milestones::leave(&connection, now).unwrap();
            let status_of = |id: &str| find(&connection, id, now).unwrap().map(|one| one.summary.status);
            match step {
                Step::Accept => {
                    let id = accept_one(&connection, "employee.updated", now);
                    order.push(id.clone());
                    let model = Model {
                        accepted: now.wall, attempts: Vec::new(), sent_at: None,
                        missing: false, found_at: None, unjudged: false,
                    };
                    world.models.insert(id, model);
                }
                Step::Attempt(outcome) => {
                    let Some(taken) = due_now(&connection, now).into_iter().next() else { continue };
                    record(&connection, &taken, &attempted(outcome, now.wall, 1), &soon, now).unwrap();
                    let model = world.models.get_mut(&taken.id).unwrap();
                    model.sent_at.get_or_insert(now.wall);
                    model.attempts.push(outcome);
                }
                Step::Resend(which) => {
                    if let Some(id) = order.get(which).filter(|id| status_of(id).is_some()) {
                        again(&connection, id, now);
                    }
                }
                Step::Wait(milliseconds) => {
                    let span = Duration::from_millis(milliseconds);
                    now = Now::of(now.wall.after(span), now.axis_after(span));
                }
                Step::Purge(milliseconds) => {
                    let kept = Duration::from_millis(milliseconds);
                    let purges = milestones::at(&connection, now.lived_before(kept)).unwrap().is_some();
                    purge_old(&connection, kept, now);
                    let is_there = |id: &String| find(&connection, id, now).unwrap().is_some();
                    world.forget_purged(purges, is_there, now);
                }
                Step::Dismiss(which) => {
                    let Some(id) = order.get(which) else { continue };
                    // What is missing and dismissed has tests of its own.
                    let is_exhausted = status_of(id) == Some(Status::Exhausted);
                    if is_exhausted && !world.models[id].missing {
                        dismiss_event(&connection, id, now).unwrap();
                    }
                }
                Step::Compare(hours, each) => {
                    let from = now.wall.before(Duration::from_hours(hours));
                    let reached = world.models.iter().enumerate();
                    let reached = reached.filter(|(number, (_, model))| number % each > 0 && model.sent_at.is_some());
                    let listed: Vec<Received> = reached
                        .map(|(_, (id, _))| Received { id: Uuid::try_parse(id).unwrap(), status: None, user_found: None })
                        .collect();
                    let names: Vec<String> = listed.iter().map(|row| row.id.to_string()).collect();
                    let routes = vec!["default".to_owned()];
                    let range = (Some(from), Some(now.wall));
                    let question = Question::of(routes, range, Some(now.wall), listed, now.wall).unwrap();
                    compare_and_keep(&connection, &question, now);
                    world.compared.push((from, now.wall));
                    for (id, model) in &mut world.models {
                        if (from..now.wall).contains(&model.accepted) {
                            model.compared(status_of(id).unwrap(), names.contains(id), now.wall);
                        }
                    }
                }
                Step::Interview(id, hours, status) => {
                    let date = Timestamp::from_unix_ms(now.wall.unix_ms() + hours * 3_600_000);
                    put(&connection, &[interview(id, date, status)], now.wall).unwrap();
                    world.interviews.insert(id, (date, status));
                }
                Step::Forget(id) => {
                    delete(&connection, &format!("int-{id}")).unwrap();
                    world.interviews.remove(&id);
                }
            }
        }
        for id in world.models.keys() {
            let event = find(&connection, id, now).unwrap().unwrap();
            world.status.insert(id.clone(), event.summary.status);
        }
        for period in [Period::Day, Period::Week, Period::Month] {
            let question = KpiQuestion {
                period,
                now: now.wall,
                routes: None,
                compared_routes: vec!["default".to_owned()],
            };
            let counted = kpis::count(&connection, &question).unwrap();
            let by_hand = world.goals(period, now.wall);
            let numbers = |kpis: &KpiCounts| (
                (kpis.sends.sent, kpis.sends.succeeded, kpis.waiting),
                kpis.retried,
                (kpis.interviews.total, kpis.interviews.completed, kpis.interviews.no_show),
                kpis.gap,
            );
            prop_assert_eq!(numbers(&counted), numbers(&by_hand));
        }
    }
}
