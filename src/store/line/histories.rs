//! Random histories against a receiver that applies what comes last: whatever happened, when nothing is left to be
//! sent, it is in the state of all delivered events applied in the order of acceptance.
//!
//! Another thing that may happen is another `Step`, and what it does is in `World::take`.

#![allow(clippy::panic)]

use std::collections::{BTreeMap, BTreeSet, HashSet, VecDeque};
use std::time::Duration;

use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use rusqlite::Connection;

use crate::attempt::Outcome;
use crate::cause::Cause;
use crate::due::DueDelivery;
use crate::event::Status;
use crate::event_record::EventFilter;
use crate::resend::Candidate;
use crate::retry::RetryPolicy;
use crate::route::Routing;
use crate::store::attempts::record;
use crate::store::bulk_resend::{Holds, candidates, let_all_go, open_page};
use crate::store::dismissals::dismiss_event;
use crate::store::event_lookup::find;
use crate::store::events::accept;
use crate::store::outbox::{begin, due, give_up_all, put_off};
use crate::store::relay_time::Now;
use crate::store::resend::{Rules, resend};
use crate::store::tests::{attempted, count, ordered_database, submission, when};
use crate::store::{purge, recount};

/// Histories; `PROPTEST_CASES` asks for more.
const CASES: u32 = 2000;
const DAY_MS: u64 = 24 * 60 * 60 * 1000;

/// What an event means to the receiver.
#[derive(Clone, Copy, Debug)]
enum Kind {
    Created,
    Updated,
    Photo,
    Retired,
}

/// How the receiver answers.
#[derive(Clone, Copy, Debug)]
enum Mode {
    Good,
    Status(u16),
    Silent,
}

/// Something that happens.
#[derive(Clone, Debug)]
enum Step {
    /// Events of these persons are accepted together; the dispatcher is handed what is due, or has to look.
    Accept(Vec<(usize, Kind)>, bool),
    /// The dispatcher looks for what is due.
    Poll,
    /// The dispatcher begins the next attempt that it knows of.
    Begin,
    /// An attempt under way ends.
    End(usize),
    /// The result of an attempt under way cannot be kept.
    PutOff(usize),
    Answers(Mode),
    /// The receiver refuses an event, or takes it again.
    Refuse(usize),
    Resend(usize, bool),
    BulkPage(Option<Status>, bool),
    BulkEnd,
    /// Whoever sends in bulk goes away in the middle.
    BulkAbandon,
    Dismiss(usize),
    Wait(u64),
    /// The relay is killed; the receiver has applied what was under way, or not.
    Kill(bool),
    Purge(u64),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let kind = prop_oneof![
        Just(Kind::Created),
        Just(Kind::Updated),
        Just(Kind::Photo),
        Just(Kind::Retired)
    ];
    let mode = prop_oneof![
        4 => Just(Mode::Good),
        2 => Just(Mode::Status(503)),
        1 => Just(Mode::Status(401)),
        1 => Just(Mode::Status(400)),
        1 => Just(Mode::Silent),
    ];
    let status = prop_oneof![
        4 => Just(Some(Status::Exhausted)),
        1 => Just(Some(Status::Retrying)),
        1 => Just(Some(Status::Delivered)),
        1 => Just(None),
    ];
    let event = || 0_usize..12;
    let batch = prop::collection::vec((0_usize..3, kind), 1..4);
    let step = prop_oneof![
        6 => (batch, any::<bool>()).prop_map(|(events, handed)| Step::Accept(events, handed)),
        5 => Just(Step::Poll),
        8 => Just(Step::Begin),
        8 => (0_usize..4).prop_map(Step::End),
        1 => (0_usize..4).prop_map(Step::PutOff),
        2 => mode.prop_map(Step::Answers),
        2 => event().prop_map(Step::Refuse),
        3 => (event(), prop::bool::weighted(0.1)).prop_map(|(event, only)| Step::Resend(event, only)),
        3 => (status, prop::bool::weighted(0.05)).prop_map(|(status, only)| Step::BulkPage(status, only)),
        1 => Just(Step::BulkEnd),
        1 => Just(Step::BulkAbandon),
        1 => event().prop_map(Step::Dismiss),
        4 => prop_oneof![1_u64..100, 1_u64..400_000].prop_map(Step::Wait),
        1 => any::<bool>().prop_map(Step::Kill),
        1 => (0..3 * DAY_MS).prop_map(Step::Purge),
    ];
    prop::collection::vec(step, 1..80)
}

/// A person as the receiver keeps it: by the events that made it so.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Person {
    name: usize,
    photo: Option<usize>,
}

/// What the receiver has.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Persons(BTreeMap<usize, Person>);

impl Persons {
    /// Applies what comes, whatever came before. What is about nobody is answered 200, and forgotten.
    fn apply(&mut self, event: usize, of: &Event) {
        match of.kind {
            Kind::Created => {
                let new = Person {
                    name: event,
                    photo: None,
                };
                self.0.insert(of.person, new);
            }
            Kind::Retired => {
                self.0.remove(&of.person);
            }
            Kind::Updated | Kind::Photo => {
                if let Some(known) = self.0.get_mut(&of.person) {
                    match of.kind {
                        Kind::Photo => known.photo = Some(event),
                        _ => known.name = event,
                    }
                }
            }
        }
    }
}

/// An accepted event.
#[derive(Clone, Debug)]
struct Event {
    id: String,
    seq: i64,
    person: usize,
    kind: Kind,
    /// What it was when it was last looked at.
    status: Status,
    /// The receiver has applied it.
    applied: bool,
    dismissed: bool,
    /// A person wanted it sent without its tail.
    alone: bool,
}

/// A bulk resend that is under way.
#[derive(Default)]
struct Bulk {
    filter: EventFilter,
    only: bool,
    after: Option<Candidate>,
    holds: Holds,
}

struct World<'a> {
    connection: &'a Connection,
    now: Now,
    events: Vec<Event>,
    persons: Persons,
    mode: Mode,
    refused: BTreeSet<usize>,
    /// What the dispatcher has taken, and what it has begun.
    queue: VecDeque<DueDelivery>,
    under_way: Vec<DueDelivery>,
    bulk: Option<Bulk>,
}

fn policy() -> RetryPolicy {
    RetryPolicy::new([60, 300].map(Duration::from_secs).to_vec())
}

impl<'a> World<'a> {
    fn new(connection: &'a Connection) -> Self {
        Self {
            connection,
            now: when(0),
            events: Vec::new(),
            persons: Persons::default(),
            mode: Mode::Good,
            refused: BTreeSet::new(),
            queue: VecDeque::new(),
            under_way: Vec::new(),
            bulk: None,
        }
    }

    fn take(&mut self, step: Step) {
        match step {
            Step::Accept(events, handed) => self.accept(&events, handed),
            Step::Poll => self.poll(),
            Step::Begin => self.begin(),
            Step::End(which) => self.end(which),
            Step::PutOff(which) => self.put_off(which),
            Step::Answers(mode) => self.mode = mode,
            Step::Refuse(which) => {
                if !self.refused.remove(&which) {
                    self.refused.insert(which);
                }
            }
            Step::Resend(which, only) => self.resend(which, only),
            Step::BulkPage(status, only) => self.bulk_page(status, only),
            Step::BulkEnd => self.bulk_end(),
            Step::BulkAbandon => self.bulk = None,
            Step::Dismiss(which) => self.dismiss(which),
            Step::Wait(milliseconds) => self.wait(milliseconds),
            Step::Kill(applied) => self.kill(applied),
            Step::Purge(age) => self.purge(age),
        }
    }

    fn wait(&mut self, milliseconds: u64) {
        let span = Duration::from_millis(milliseconds);
        self.now = Now::of(self.now.wall.after(span), self.now.axis_after(span));
    }

    fn accept(&mut self, events: &[(usize, Kind)], handed: bool) {
        let submissions: Vec<_> = events
            .iter()
            .map(|(person, _)| {
                let mut submission = submission("a.b", None);
                submission.event.staff_id = Some(format!("EMP-{person}"));
                submission
            })
            .collect();
        let accepted = accept(self.connection, &submissions, self.now).unwrap();
        for (accepted, (person, kind)) in accepted.into_iter().zip(events) {
            let sql = format!("SELECT seq FROM events WHERE id = '{}'", accepted.id);
            self.events.push(Event {
                seq: count(self.connection, &sql),
                id: accepted.id,
                person: *person,
                kind: *kind,
                status: Status::Accepted,
                applied: false,
                dismissed: false,
                alone: false,
            });
            if handed {
                self.queue.extend(accepted.due);
            }
        }
    }

    fn in_hand(&self) -> HashSet<i64> {
        let all = self.queue.iter().chain(&self.under_way);
        all.map(|due| due.seq).collect()
    }

    fn poll(&mut self) {
        let found = due(self.connection, "default", self.now, &self.in_hand(), 3).unwrap();
        self.queue.extend(found.due);
    }

    fn begin(&mut self) {
        let Some(next) = self.queue.pop_front() else {
            return;
        };
        let announced = next.attempt > 1 || !next.in_turn;
        if announced && !begin(self.connection, next.seq, &next.id, self.now).unwrap() {
            return;
        }
        let person = self.events[self.index_of(&next)].person;
        let others = self.under_way.iter();
        let same = others.filter(|due| self.events[self.index_of(due)].person == person);
        assert_eq!(same.count(), 0, "two of one person are under way");
        self.under_way.push(next);
    }

    fn index_of(&self, due: &DueDelivery) -> usize {
        self.events
            .iter()
            .position(|event| event.seq == due.seq)
            .unwrap()
    }

    fn end(&mut self, which: usize) {
        if which >= self.under_way.len() {
            return;
        }
        let due = self.under_way.remove(which);
        let index = self.index_of(&due);
        let mode = match self.mode {
            Mode::Good if self.refused.contains(&index) => Mode::Status(400),
            mode => mode,
        };
        let (outcome, status) = match mode {
            Mode::Good => (Outcome::Success, Some(200)),
            Mode::Status(status) => (Outcome::Failed, Some(status)),
            Mode::Silent => (Outcome::Timeout, None),
        };
        let mut result = attempted(outcome, self.now.wall, 0);
        result.http_status = status;
        if outcome == Outcome::Success {
            self.apply(index);
        } else {
            result.cause = Some(status.map_or(Cause::TimedOut, Cause::of_status));
        }
        let result = record(self.connection, &due, &result, &policy(), self.now).unwrap();
        let in_hand = self.in_hand();
        self.queue
            .extend(result.next.filter(|next| !in_hand.contains(&next.seq)));
    }

    fn apply(&mut self, index: usize) {
        let event = &mut self.events[index];
        event.applied = true;
        self.persons.apply(index, event);
    }

    fn put_off(&mut self, which: usize) {
        if which >= self.under_way.len() {
            return;
        }
        let due = self.under_way.remove(which);
        let wait = Duration::from_mins(5);
        put_off(self.connection, &due, wait, &policy(), self.now).unwrap();
    }

    fn rules<'r>(policy: &'r RetryPolicy, routing: &'r Routing, only: bool) -> Rules<'r> {
        Rules {
            policy,
            routing,
            only,
        }
    }

    fn resend(&mut self, which: usize, only: bool) {
        let Some(event) = self.events.get_mut(which) else {
            return;
        };
        event.dismissed = false;
        event.alone |= only;
        let (policy, routing) = (policy(), Routing::default());
        let rules = Self::rules(&policy, &routing, only);
        resend(self.connection, &event.id, rules, self.now).unwrap();
    }

    fn bulk_page(&mut self, status: Option<Status>, only: bool) {
        let bulk = self.bulk.get_or_insert_with(|| Bulk {
            filter: EventFilter {
                status,
                ..EventFilter::default()
            },
            only,
            ..Bulk::default()
        });
        let page = candidates(self.connection, &bulk.filter, bulk.after.as_ref(), 2).unwrap();
        let (policy, routing) = (policy(), Routing::default());
        let rules = Self::rules(&policy, &routing, bulk.only);
        open_page(
            self.connection,
            &page.events,
            rules,
            &mut bulk.holds,
            self.now,
        )
        .unwrap();
        for event in &mut self.events {
            if page.events.iter().any(|opened| opened.seq == event.seq) {
                event.alone |= bulk.only;
                event.dismissed = false;
            }
        }
        bulk.after = page.next;
        if bulk.after.is_none() {
            self.bulk_end();
        }
    }

    fn bulk_end(&mut self) {
        if let Some(bulk) = self.bulk.take() {
            let_all_go(self.connection, &bulk.holds, self.now).unwrap();
        }
    }

    fn dismiss(&mut self, which: usize) {
        self.look();
        let Some(event) = self.events.get_mut(which) else {
            return;
        };
        if event.status == Status::Exhausted {
            event.dismissed = true;
            dismiss_event(self.connection, &event.id, self.now).unwrap();
        }
    }

    fn kill(&mut self, applied: bool) {
        for due in std::mem::take(&mut self.under_way) {
            if applied {
                self.apply(self.index_of(&due));
            }
        }
        self.queue.clear();
        self.bulk = None;
        give_up_all(self.connection, self.now).unwrap();
    }

    fn purge(&mut self, age: u64) {
        self.look();
        let before = self.now.wall.before(Duration::from_millis(age));
        purge::purge(self.connection, before, 0).unwrap();
    }

    /// Looks at what has become of the events; of those that are purged, it is known.
    fn look(&mut self) {
        for event in &mut self.events {
            if let Some(found) = find(self.connection, &event.id, self.now).unwrap() {
                event.status = found.summary.status;
            }
        }
    }

    /// What must hold at any moment: while anybody is in a line, one is at the front or the first waits for a moment.
    fn examine(&self) {
        let stuck = count(
            self.connection,
            "SELECT count(*) FROM (
               SELECT sum(place = 2) AS fronts,
                      (SELECT f.due_ms FROM outbox f WHERE f.staff_id = o.staff_id AND f.place = 1
                        ORDER BY f.event_seq LIMIT 1) AS first_due
                 FROM outbox o WHERE place >= 1 GROUP BY staff_id, route)
              WHERE fronts > 1 OR (fronts = 0 AND first_due IS NULL)",
        );
        assert_eq!(stuck, 0, "a line cannot go on");
    }

    /// Goes on until nothing is left to be sent.
    fn drain(&mut self) {
        self.bulk_end();
        let most = 100 * (self.events.len() + 1) * (self.events.len() + 1);
        for _ in 0..most {
            self.poll();
            if self.queue.is_empty() && self.under_way.is_empty() {
                let next: Option<i64> = self
                    .connection
                    .query_row("SELECT min(due_ms) FROM outbox", [], |row| row.get(0))
                    .unwrap();
                let Some(next) = next else { break };
                let wait = self.now.until(next).as_millis();
                self.wait(u64::try_from(wait).unwrap());
            }
            while !self.queue.is_empty() {
                self.begin();
            }
            while !self.under_way.is_empty() {
                self.end(0);
            }
            self.examine();
        }
        let left = count(self.connection, "SELECT count(*) FROM outbox");
        assert_eq!(left, 0, "it never ends");
        assert_eq!(recount::differences(self.connection).unwrap(), 0);
        self.look();
    }

    /// The receiver is in the state of all delivered events applied in order. Nothing is said of a person of whom
    /// it has applied an event that is not delivered now, or of whom somebody wanted a tail left out.
    fn compare(&self) {
        let mut expected = Persons::default();
        for (index, event) in self.events.iter().enumerate() {
            if event.status == Status::Delivered {
                expected.apply(index, event);
            }
        }
        for person in 0..3 {
            let mut of = self.events.iter().filter(|event| event.person == person);
            let unclear =
                |event: &Event| event.alone || (event.applied && event.status != Status::Delivered);
            if !of.any(unclear) {
                let of = |persons: &Persons| persons.0.get(&person).copied();
                let (has, should_have) = (of(&self.persons), of(&expected));
                assert_eq!(has, should_have, "of {person}: {:#?}", self.events);
            }
        }
    }

    /// The receiver takes everything again, and a person sends again what is exhausted.
    fn mend(&mut self) {
        self.mode = Mode::Good;
        self.refused.clear();
        self.bulk = None;
        loop {
            self.bulk_page(Some(Status::Exhausted), false);
            if self.bulk.is_none() {
                break;
            }
        }
    }
}

#[test]
fn a_receiver_that_applies_what_comes_last_is_in_the_state_of_all_delivered_events_in_order() {
    let (_directory, connection) = ordered_database();
    let mut config = ProptestConfig::default();
    config.cases = config.cases.max(CASES);
    let ran = TestRunner::new(config).run(&steps(), |history| {
        let transaction = connection.unchecked_transaction().unwrap();
        let mut world = World::new(&transaction);
        for step in history {
            world.take(step);
            world.examine();
        }
        world.drain();
        world.compare();
        world.mend();
        world.drain();
        world.compare();
        let exhausted = world
            .events
            .iter()
            .filter(|event| event.status != Status::Delivered);
        assert_eq!(exhausted.count(), 0, "everything was taken in the end");
        transaction.rollback().unwrap();
        Ok(())
    });
    ran.unwrap_or_else(|failed| panic!("{failed}"));
}
