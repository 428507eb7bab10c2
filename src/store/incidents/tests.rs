//! Incidents in single cases, and over random histories against a simple count.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use proptest::prelude::*;

use super::observed::observe;
use super::*;
use crate::attempt::Outcome;
use crate::cause::Cause;
use crate::dismissal::{EventDismissal, IncidentDismissal};
use crate::event_record::EventFilter;
use crate::hold::{EVERY_ROUTE, NewHold};
use crate::incident::{Digests, Evaluation, Observation, Report, StatusCount, is_refusal};
use crate::retry::RetryPolicy;
use crate::route::Routing;
use crate::store::dismissals::{dismiss_event, dismiss_incident as dismiss};
use crate::store::events::accept;
use crate::store::incident_report::parsed;
use crate::store::notifications::channels::begin;
use crate::store::notifications::{self, done, failed, failing_channels};
use crate::store::resend::{Rules, resend};
use crate::store::tests::{attempted, database, due_now, settle, somebody, submission};
use crate::store::{event_lookup, holds, recount};
use crate::timestamp::Timestamp;

const EXHAUSTED: Kind = Kind::DeliveriesExhausted;
const REFUSES: Kind = Kind::PartnerRefuses;

pub(super) fn at(seconds: u64) -> Now {
    Now::at(Timestamp::from_unix_ms(1_761_489_000_000).after(Duration::from_secs(seconds)))
}

/// No retries: the first failure exhausts a delivery.
pub(super) fn policy() -> RetryPolicy {
    RetryPolicy::new(Vec::new())
}

pub(super) fn accept_one(connection: &Connection, now: Now) -> String {
    let accepted = accept(connection, &[submission("a.b", None)], now).unwrap();
    accepted[0].id.clone()
}

pub(super) fn resend_one(connection: &Connection, id: &str, now: Now) {
    let rules = Rules {
        policy: &policy(),
        routing: &Routing::default(),
        only: false,
    };
    resend(connection, id, rules, now).unwrap();
}

/// Makes an attempt of everything that is due, with this answer; none is a timeout. Answers which.
pub(super) fn attempt_all(connection: &Connection, status: Option<u16>, now: Now) -> Vec<String> {
    let all = due_now(connection, now);
    for due in &all {
        let outcome = match status {
            Some(200) => Outcome::Success,
            Some(_) => Outcome::Failed,
            None => Outcome::Timeout,
        };
        let mut attempted = attempted(outcome, now.wall, 0);
        attempted.http_status = status;
        if outcome != Outcome::Success {
            attempted.cause = Some(status.map_or(Cause::TimedOut, Cause::of_status));
        }
        let settled = settle(connection, due, &attempted, &policy()).unwrap();
        let thresholds = Thresholds::default();
        after_attempt(
            connection,
            due,
            &attempted,
            settled.status,
            &thresholds,
            now,
        )
        .unwrap();
    }
    all.into_iter().map(|due| due.id).collect()
}

pub(super) fn digests() -> Digests {
    Digests {
        after: [15, 60, 240].map(Duration::from_mins).to_vec(),
        certificate_days: vec![21, 7, 1],
        token_days: vec![30, 7, 1],
        automatic_recovery: false,
    }
}

/// Every message in order: kind, state, count.
pub(super) fn messages(connection: &Connection) -> Vec<(Kind, State, u64)> {
    let mut statement = connection
        .prepare("SELECT state, report FROM alert_messages ORDER BY seq")
        .unwrap();
    statement
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))
        .unwrap()
        .map(|row: rusqlite::Result<(String, String)>| {
            let (state, report) = row.unwrap();
            let report: Report = parsed(&report).unwrap();
            let state = parsed(&format!("\"{state}\"")).unwrap();
            (report.kind, state, report.count)
        })
        .collect()
}

pub(super) fn open(connection: &Connection) -> Vec<Incident> {
    list(connection, Some(true), None, 100, at(0)).unwrap().0
}

/// What a look at the numbers found at this moment.
pub(super) fn look(connection: &Connection, found: Option<(Kind, Finding)>, now: Now) {
    let holding: Vec<_> = found
        .into_iter()
        .map(|(kind, finding)| Observation {
            kind,
            subject: String::new(),
            finding,
        })
        .collect();
    let look = Evaluation {
        judged: vec![
            Kind::QueueLong,
            Kind::CertificateExpiring,
            Kind::TokenEnding,
        ],
        holding,
        undecided: Vec::new(),
        routes: vec!["default".to_owned()],
    };
    observe(connection, &look, &digests(), now).unwrap();
}

#[test]
fn many_exhausted_deliveries_are_one_incident_and_end_as_one() {
    let (_directory, connection) = database();
    let ids: Vec<_> = (0..30).map(|_| accept_one(&connection, at(0))).collect();
    attempt_all(&connection, Some(503), at(1));
    assert_eq!(messages(&connection), [(EXHAUSTED, State::Opened, 1)]);
    let incident = open(&connection).remove(0).report;
    assert_eq!((incident.count, incident.delivered), (30, 0));
    assert_eq!(incident.event_types, ["a.b"]);
    assert_eq!(incident.oldest_event_id, Some(ids[0].clone()));
    for id in &ids {
        resend_one(&connection, id, at(2));
    }
    attempt_all(&connection, Some(200), at(3));
    assert_eq!(
        messages(&connection),
        [
            (EXHAUSTED, State::Opened, 1),
            (EXHAUSTED, State::Resolved, 30)
        ]
    );
    let over = list(&connection, Some(false), None, 10, at(9)).unwrap().0;
    assert_eq!(over[0].report.delivered, 30);
    assert_eq!(over[0].closed_at, Some(at(3).wall));
}

#[test]
fn a_refusal_is_told_by_the_status_that_most_were_refused_with() {
    let (_directory, connection) = database();
    for (second, status) in [401, 413, 401, 400, 401, 413, 422].into_iter().enumerate() {
        accept_one(&connection, at(second as u64));
        attempt_all(&connection, Some(status), at(second as u64));
    }
    let refused = open(&connection);
    let refused = refused.iter().find(|one| one.report.kind == REFUSES);
    let count = |(http_status, deliveries)| StatusCount {
        http_status,
        deliveries,
    };
    assert_eq!(
        refused.unwrap().report.finding,
        Finding::Deliveries {
            cause: Cause::of_status(401),
            http_status: Some(401),
            statuses: [(401, 3), (413, 2), (400, 1), (422, 1)].map(count).to_vec(),
        }
    );
}

#[test]
fn below_its_threshold_nobody_is_told_and_nothing_is_left() {
    let (_directory, connection) = database();
    let id = accept_one(&connection, at(0));
    let due = due_now(&connection, at(0)).remove(0);
    let result = attempted(Outcome::Failed, at(0).wall, 0);
    let settled = settle(&connection, &due, &result, &policy()).unwrap();
    let two = Thresholds {
        exhausted: 2,
        ..Thresholds::default()
    };
    after_attempt(&connection, &due, &result, settled.status, &two, at(0)).unwrap();
    assert_eq!(messages(&connection), []);
    assert_eq!(open(&connection), []);
    resend_one(&connection, &id, at(1));
    attempt_all(&connection, Some(200), at(2));
    assert!(!any_open(&connection).unwrap());
    assert_eq!(messages(&connection), []);
}

#[test]
fn what_lasts_is_told_again_at_growing_intervals() {
    let (_directory, connection) = database();
    let found = |waiting| {
        let overdue_minutes = 0;
        Some((
            Kind::QueueLong,
            Finding::Queue {
                waiting,
                overdue_minutes,
            },
        ))
    };
    let mut told = Vec::new();
    for minute in 0..=600 {
        let before = messages(&connection).len();
        look(&connection, found(100 + minute), at(minute * 60));
        if messages(&connection).len() > before {
            told.push(minute);
        }
    }
    assert_eq!(told, [0, 15, 75, 315, 555]);
    // It has to be calm for five minutes.
    look(&connection, None, at(601 * 60));
    look(&connection, found(60), at(603 * 60));
    look(&connection, None, at(604 * 60));
    look(&connection, None, at(608 * 60));
    assert_eq!(open(&connection).len(), 1);
    look(&connection, None, at(609 * 60));
    assert_eq!(open(&connection), []);
    let last = *messages(&connection).last().unwrap();
    assert_eq!(last, (Kind::QueueLong, State::Resolved, 60));
}

#[test]
fn a_hold_is_told_again_only_when_it_has_no_end() {
    for (hours, times) in [(Some(72), vec![0]), (None, vec![0, 15, 75, 315, 555])] {
        let (_directory, connection) = database();
        let hold = NewHold {
            route: EVERY_ROUTE.to_owned(),
            lasts: hours.map(Duration::from_hours),
            reason: "because".to_owned(),
            by: somebody(),
        };
        holds::begin(&connection, &hold, at(0)).unwrap();
        let mut told = vec![0];
        for minute in 1..=600 {
            let before = messages(&connection).len();
            look(&connection, None, at(minute * 60));
            if messages(&connection).len() > before {
                told.push(minute);
            }
        }
        assert_eq!(told, times);
    }
}

#[test]
fn a_certificate_is_told_once_at_each_of_its_days() {
    let (_directory, connection) = database();
    let mut told = Vec::new();
    for day in 0..30_i64 {
        for hour in [0, 12] {
            let before = messages(&connection).len();
            let days = 21 - day;
            let seconds = u64::try_from(day).unwrap() * 86_400 + hour * 3600;
            let found = (Kind::CertificateExpiring, Finding::Certificate { days });
            look(&connection, Some(found), at(seconds));
            if messages(&connection).len() > before {
                told.push(days);
            }
        }
    }
    assert_eq!(told, [21, 7, 1]);
}

#[test]
fn a_token_is_told_once_at_each_of_its_days_and_when_it_is_over() {
    let (_directory, connection) = database();
    let ends_at = at(30 * 86_400).wall;
    for hours in 0..24_u16 * 30 {
        let days = 30 - i64::from(hours / 24);
        let found = (
            Kind::TokenEnding,
            Finding::Token {
                days,
                ends_at,
                scope: "stats:read".to_owned(),
                issued_at: at(0).wall,
            },
        );
        look(&connection, Some(found), at(u64::from(hours) * 3600));
    }
    for minute in [0, 6] {
        look(&connection, None, at(30 * 86_400 + minute * 60));
    }
    let told = |state, days| (Kind::TokenEnding, state, days);
    assert_eq!(
        messages(&connection),
        [
            told(State::Opened, 30),
            told(State::Ongoing, 7),
            told(State::Ongoing, 1),
            told(State::Resolved, 1),
        ]
    );
}

#[test]
fn an_incident_that_clears_says_since_when_until_it_is_over() {
    let (_directory, connection) = database();
    let finding = Finding::Queue {
        waiting: 100,
        overdue_minutes: 0,
    };
    let found = || Some((Kind::QueueLong, finding.clone()));
    let clear_since = |now: Now| {
        let (all, _) = list(&connection, None, None, 100, now).unwrap();
        all[0].report.clear_since
    };
    look(&connection, found(), at(0));
    assert_eq!(clear_since(at(30)), None);
    look(&connection, None, at(60));
    look(&connection, None, at(120));
    assert_eq!(clear_since(at(130)), Some(at(60).wall));
    look(&connection, found(), at(180));
    assert_eq!(clear_since(at(190)), None);
    for seconds in [240, 240 + crate::incident::CLEAR_FOR.as_secs()] {
        look(&connection, None, at(seconds));
    }
    assert_eq!(clear_since(at(600)), None, "it is over");
}

#[test]
fn a_channel_is_told_in_order_and_what_was_overtaken_is_passed_over() {
    let (_directory, connection) = database();
    let found = || {
        let (waiting, overdue_minutes) = (100, 0);
        Some((
            Kind::QueueLong,
            Finding::Queue {
                waiting,
                overdue_minutes,
            },
        ))
    };
    for minute in 0..=80 {
        look(&connection, found(), at(minute * 60));
    }
    begin(&connection, "email 1").unwrap();
    let next = |name: &str, seconds| notifications::next(&connection, name, at(seconds)).unwrap();
    let first = next("email 1", 5000).unwrap();
    assert_eq!(first.state, State::Opened);
    // A failure waits, and then it is the same message.
    failed(&connection, "email 1", "refused", at(5030).axis_ms).unwrap();
    assert_eq!(next("email 1", 5029), None);
    let failing = failing_channels(&connection).unwrap();
    assert_eq!(failing, [("email 1".to_owned(), "refused".to_owned())]);
    let again = next("email 1", 5030).unwrap();
    assert_eq!((again.seq, again.tries), (first.seq, 1));
    done(&connection, "email 1", first.seq, None).unwrap();
    assert_eq!(failing_channels(&connection).unwrap(), []);
    // Two digests were made; the older of them says nothing any more.
    let second = next("email 1", 5030).unwrap();
    assert_eq!((second.state, second.seq), (State::Ongoing, first.seq + 2));
    done(&connection, "email 1", second.seq, None).unwrap();
    assert_eq!(next("email 1", 5030), None);
    // One that is new is told what is open.
    begin(&connection, "slack 2").unwrap();
    begin(&connection, "email 1").unwrap();
    assert_eq!(next("slack 2", 5030).map(|of| of.seq), Some(first.seq));
    assert_eq!(next("email 1", 5030), None);
    look(&connection, None, at(6000));
    look(&connection, None, at(6300));
    assert_eq!(next("email 1", 6300).unwrap().state, State::Resolved);
    begin(&connection, "webhook 3").unwrap();
    assert_eq!(next("webhook 3", 6300), None, "what is over is no news");
}

#[test]
fn the_first_message_waits_ten_seconds_and_has_the_number_of_then() {
    let (_directory, connection) = database();
    begin(&connection, "email 1").unwrap();
    let told = |seconds| {
        let next = notifications::next(&connection, "email 1", at(seconds)).unwrap();
        next.map(|message| (message.state, message.report.count))
    };
    for second in 0..30 {
        accept_one(&connection, at(second));
        attempt_all(&connection, None, at(second));
        assert_eq!(
            told(second),
            (second >= 10).then_some((State::Opened, second + 1))
        );
    }
}

#[test]
fn a_channel_that_takes_the_place_of_others_of_its_kind_tells_what_they_had_not_told() {
    let (_directory, connection) = database();
    let outage = |from: u64| {
        accept_one(&connection, at(from));
        attempt_all(&connection, None, at(from + 1));
        let id = open(&connection)[0].report.id.clone();
        dismiss(&connection, &id, 9, at(from + 2)).unwrap();
    };
    let keep = |channels: &[&str]| {
        let channels: Vec<_> = channels.iter().map(ToString::to_string).collect();
        notifications::channels::keep(&connection, &channels).unwrap();
    };
    // Tells everything that there is to tell.
    let tell = |channel: &str| {
        let mut told = Vec::new();
        while let Some(message) = notifications::next(&connection, channel, at(99)).unwrap() {
            done(&connection, channel, message.seq, None).unwrap();
            told.push(message.seq);
        }
        told
    };
    for channel in ["slack old", "slack lost", "email 1"] {
        begin(&connection, channel).unwrap();
    }
    outage(0);
    assert_eq!(tell("email 1"), [1, 2]);
    assert_eq!(tell("slack old"), [1, 2]);
    outage(10);
    let cut_short = |channels: &[&str]| {
        let channels: Vec<_> = channels.iter().map(ToString::to_string).collect();
        notifications::channels::cut_short(&connection, &channels).unwrap()
    };
    assert_eq!(
        cut_short(&["email 1", "teams 1"]),
        ["slack lost", "slack old"]
    );
    assert_eq!(cut_short(&["slack old", "slack lost"]), ["email 1"]);
    assert!(
        cut_short(&["email 1", "slack new"]).is_empty(),
        "another takes their place"
    );
    assert_eq!(cut_short(&["email 1", "slack old"]), ["slack lost"]);
    // Two of a kind go, and the one that takes their place tells what any of them had still to tell.
    keep(&["email 1", "teams 1", "slack new"]);
    assert_eq!(tell("slack new"), [1, 2, 3, 4]);
    assert!(tell("slack old").is_empty(), "nobody knows it any more");
    assert_eq!(
        tell("email 1"),
        [3, 4],
        "one that stays tells nothing twice"
    );
    begin(&connection, "teams 1").unwrap();
    assert!(tell("teams 1").is_empty(), "none of its kind has gone");
    assert!(cut_short(&[]).is_empty(), "everything was told");
    // What is open is told by one that is new, whatever the one before has told.
    accept_one(&connection, at(20));
    attempt_all(&connection, None, at(21));
    assert_eq!(tell("slack new"), [5]);
    keep(&["email 1", "teams 1", "slack newest"]);
    begin(&connection, "slack newest").unwrap();
    assert_eq!(tell("slack newest"), [5]);
}

#[test]
fn a_channel_that_is_new_or_was_edited_is_told_nothing_that_is_over() {
    let (_directory, connection) = database();
    let condition = |percent| {
        let finding = Finding::Queue {
            waiting: percent,
            overdue_minutes: 0,
        };
        Some((Kind::QueueLong, finding))
    };
    begin(&connection, "email old").unwrap();
    // What is open for long began before what is over.
    look(&connection, condition(100), at(0));
    let open_since = open(&connection)[0].report.id.clone();
    accept_one(&connection, at(1));
    attempt_all(&connection, None, at(2));
    let refused = open(&connection);
    let refused = refused.iter().find(|one| one.report.id != open_since);
    let id = refused.unwrap().report.id.clone();
    dismiss(&connection, &id, 9, at(3)).unwrap();
    let tell = |channel: &str| {
        let mut told = Vec::new();
        while let Some(message) = notifications::next(&connection, channel, at(99)).unwrap() {
            done(&connection, channel, message.seq, None).unwrap();
            told.push(message.report.id);
        }
        told
    };
    assert_eq!(
        tell("email old"),
        [open_since.clone(), id.clone(), id.clone()]
    );
    begin(&connection, "slack new").unwrap();
    assert_eq!(tell("slack new"), [open_since.as_str()]);
    notifications::channels::keep(&connection, &["email edited".to_owned()]).unwrap();
    assert_eq!(tell("email edited"), [open_since.as_str()]);
}

#[test]
fn an_incident_that_is_over_is_forgotten_in_time() {
    let (_directory, connection) = database();
    accept_one(&connection, at(0));
    attempt_all(&connection, None, at(1));
    let id = open(&connection)[0].report.id.clone();
    let dismiss = |id: &str, seconds| dismiss(&connection, id, 9, at(seconds)).unwrap();
    assert_eq!(dismiss("nobody", 2), Some(IncidentDismissal::Unknown));
    assert_eq!(dismiss(&id, 2), Some(IncidentDismissal::Done));
    assert_eq!(dismiss(&id, 3), Some(IncidentDismissal::Unknown));
    retention::purge(&connection, at(2).lived_ms()).unwrap();
    assert_eq!(list(&connection, None, None, 9, at(3)).unwrap().0.len(), 1);
    retention::purge(&connection, at(3).lived_ms()).unwrap();
    assert_eq!(list(&connection, None, None, 9, at(3)).unwrap().0, []);
    let (waiting, overdue_minutes) = (100, 0);
    let finding = Finding::Queue {
        waiting,
        overdue_minutes,
    };
    look(&connection, Some((Kind::QueueLong, finding)), at(4));
    let id = open(&connection)[0].report.id.clone();
    assert_eq!(dismiss(&id, 5), Some(IncidentDismissal::EndsByItself));
}

#[test]
fn many_deliveries_are_dismissed_a_few_at_a_time_and_the_incident_is_over_with_the_last() {
    let (_directory, connection) = database();
    for _ in 0..5 {
        accept_one(&connection, at(0));
    }
    attempt_all(&connection, None, at(1));
    let id = open(&connection)[0].report.id.clone();
    for dismissed in [2, 4] {
        assert_eq!(dismiss(&connection, &id, 2, at(2)).unwrap(), None);
        assert_eq!(open(&connection)[0].report.dismissed, dismissed);
    }
    let result = dismiss(&connection, &id, 2, at(3)).unwrap();
    assert_eq!(result, Some(IncidentDismissal::Done));
    let over = list(&connection, Some(false), None, 9, at(3)).unwrap().0;
    assert_eq!((over[0].report.count, over[0].report.dismissed), (5, 5));
    assert_eq!(
        messages(&connection).len(),
        2,
        "it is told once that it is over"
    );
}

/// What may happen next.
#[derive(Clone, Debug)]
enum Step {
    Accept,
    AttemptAll(Option<u16>),
    Resend(usize),
    Dismiss(Kind),
    DismissOne(usize),
    Look,
}

fn step() -> impl Strategy<Value = Step> {
    let status = prop_oneof![
        Just(Some(200)),
        Just(Some(503)),
        Just(Some(401)),
        Just(Some(413)),
        Just(None),
    ];
    prop_oneof![
        3 => Just(Step::Accept),
        4 => status.prop_map(Step::AttemptAll),
        3 => (0_usize..20).prop_map(Step::Resend),
        1 => prop_oneof![Just(EXHAUSTED), Just(REFUSES)].prop_map(Step::Dismiss),
        1 => (0_usize..20).prop_map(Step::DismissOne),
        1 => Just(Step::Look),
    ]
}

/// The events that each kind waits for, and what was told of it.
#[derive(Default)]
struct Model {
    waiting: BTreeMap<&'static str, BTreeSet<String>>,
    exhausted: BTreeSet<String>,
    dismissed: BTreeSet<String>,
    told: Vec<(Kind, State)>,
}

impl Model {
    fn join(&mut self, kind: Kind, id: &str) {
        let waiting = self.waiting.entry(kind.as_str()).or_default();
        if waiting.is_empty() {
            self.told.push((kind, State::Opened));
        }
        waiting.insert(id.to_owned());
    }

    /// In the order in which the incidents began, as the store finds them.
    fn leave_all(&mut self, gone: impl Fn(Kind, &str) -> bool) {
        let mut kinds = [EXHAUSTED, REFUSES];
        kinds.sort_by_key(|kind| {
            let began = |told: &(Kind, State)| *told == (*kind, State::Opened);
            self.told.iter().rposition(began)
        });
        for kind in kinds {
            self.leave(kind, |id| gone(kind, id));
        }
    }

    fn dismiss(&mut self, ids: &BTreeSet<String>) {
        self.exhausted.retain(|id| !ids.contains(id));
        self.dismissed.extend(ids.iter().cloned());
    }

    fn leave(&mut self, kind: Kind, gone: impl Fn(&str) -> bool) {
        let waiting = self.waiting.entry(kind.as_str()).or_default();
        let before = waiting.len();
        waiting.retain(|id| !gone(id));
        if before > 0 && waiting.is_empty() {
            self.told.push((kind, State::Resolved));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn over_any_history_each_incident_begins_once_and_ends_once(
        steps in proptest::collection::vec(step(), 0..60),
    ) {
        let (_directory, connection) = database();
        let (mut model, mut ids) = (Model::default(), Vec::new());
        for (now, step) in steps.into_iter().enumerate() {
            let now = at(now as u64);
            match step {
                Step::Accept => ids.push(accept_one(&connection, now)),
                Step::AttemptAll(status) => {
                    for id in attempt_all(&connection, status, now) {
                        if status == Some(200) {
                            model.leave_all(|_, waiting| waiting == id);
                            continue;
                        }
                        model.exhausted.insert(id.clone());
                        if status.is_some_and(is_refusal) {
                            model.join(REFUSES, &id);
                        }
                        model.join(EXHAUSTED, &id);
                    }
                }
                Step::Resend(number) => {
                    if let Some(id) = ids.get(number) {
                        resend_one(&connection, id, now);
                        model.exhausted.remove(id);
                        model.dismissed.remove(id);
                    }
                }
                Step::Dismiss(kind) => {
                    let open = open(&connection);
                    if let Some(found) = open.iter().find(|found| found.report.kind == kind) {
                        dismiss(&connection, &found.report.id, 1000, now).unwrap();
                    }
                    let waiting = model.waiting.get(kind.as_str()).cloned().unwrap_or_default();
                    let gone: BTreeSet<_> =
                        waiting.intersection(&model.exhausted).cloned().collect();
                    model.dismiss(&gone);
                    model.leave_all(|of, id| of == kind || gone.contains(id));
                }
                Step::DismissOne(number) => {
                    let Some(id) = ids.get(number) else { continue };
                    let done = dismiss_event(&connection, id, now).unwrap();
                    let can = model.exhausted.contains(id);
                    let expected = if can {
                        EventDismissal::Done
                    } else if model.dismissed.contains(id) {
                        EventDismissal::Already
                    } else {
                        EventDismissal::NotExhausted
                    };
                    prop_assert_eq!(done, expected);
                    if can {
                        model.dismiss(&BTreeSet::from([id.clone()]));
                        model.leave_all(|_, waiting| waiting == id);
                    }
                }
                Step::Look => look(&connection, None, now),
            }
            for kind in [EXHAUSTED, REFUSES] {
                let expected = model.waiting.get(kind.as_str()).map_or(0, BTreeSet::len) as u64;
                let open = open(&connection);
                let found = open.iter().find(|found| found.report.kind == kind);
                let waiting = found.map_or(0, |found| {
                    let report = &found.report;
                    report.count - report.delivered - report.dismissed
                });
                prop_assert_eq!(waiting, expected);
                prop_assert_eq!(found.is_some(), expected > 0);
            }
        }
        let told: Vec<_> = messages(&connection)
            .into_iter()
            .map(|(kind, state, _)| (kind, state))
            .collect();
        prop_assert_eq!(told, model.told);
        for (status, expected) in [
            (Status::Exhausted, &model.exhausted),
            (Status::Dismissed, &model.dismissed),
        ] {
            let filter = EventFilter { status: Some(status), ..EventFilter::default() };
            let page = event_lookup::list(&connection, &filter, None, 99, at(0)).unwrap();
            let found: BTreeSet<_> = page.items.into_iter().map(|event| event.id).collect();
            prop_assert_eq!(&found, expected);
        }
        prop_assert_eq!(recount::differences(&connection).unwrap(), 0);
    }
}
