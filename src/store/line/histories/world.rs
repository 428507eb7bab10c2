//! The relay and the receiver of a history, and what happens to them.

mod checks;
mod following;

use std::collections::{BTreeSet, HashSet, VecDeque};
use std::time::Duration;

use rusqlite::Connection;

use self::following::Following;
use super::receiver::{Kind, Persons};
use super::steps::{Mode, Step};
use crate::attempt::Outcome;
use crate::cause::Cause;
use crate::due::DueDelivery;
use crate::event::Status;
use crate::event_record::EventFilter;
use crate::hold::NewHold;
use crate::recovery::{self, ProbeResult};
use crate::resend::Candidate;
use crate::retry::RetryPolicy;
use crate::route::Routing;
use crate::store::arrivals::settle;
use crate::store::attempts::record;
use crate::store::bulk_resend::{Holds, candidates, let_all_go, open_page, release_interrupted};
use crate::store::dismissals::dismiss_event;
use crate::store::event_lookup::find;
use crate::store::events::accept;
use crate::store::ordering::arrange;
use crate::store::outages::{Judgement, after_attempt};
use crate::store::outbox::{begin, due, give_up_all, put_off};
use crate::store::recovery::{follow, let_follow, probe, recoveries};
use crate::store::relay_time::Now;
use crate::store::resend::{Rules, resend};
use crate::store::tests::{attempted, count, purge_old, somebody, submission, when};
use crate::store::{holds, left_behind, milestones, recount};

/// An accepted event.
#[derive(Clone, Debug)]
struct Event {
    id: String,
    seq: i64,
    person: usize,
    kind: Kind,
    /// What it was when it was last looked at.
    status: Status,
    /// The receiver has applied it: when it did last.
    applied: Option<usize>,
    /// The relay knows that the receiver has it.
    arrived: bool,
    dismissed: bool,
    /// A person wanted it sent without its tail, or the route kept no order meanwhile.
    alone: bool,
}

/// Persons of a history; with each time in which the route keeps no order, there are others.
const PERSONS: usize = 3;

/// A bulk resend that is under way.
#[derive(Default)]
struct Bulk {
    filter: EventFilter,
    only: bool,
    after: Option<Candidate>,
    holds: Holds,
}

pub(super) struct World<'a> {
    connection: &'a Connection,
    now: Now,
    events: Vec<Event>,
    persons: Persons,
    /// The route keeps the order.
    is_ordered: bool,
    /// The first person of whom something is accepted now.
    first_person: usize,
    following: Following,
    /// How often the receiver has applied something.
    applications: usize,
    mode: Mode,
    refused: BTreeSet<usize>,
    /// What the dispatcher has taken, and what it has begun.
    queue: VecDeque<DueDelivery>,
    under_way: Vec<DueDelivery>,
    bulk: Option<Bulk>,
}

/// What a dispatcher is handed while what an outage has left follows: it asks whose turn it is.
fn asked(mut due: DueDelivery, follows: bool) -> DueDelivery {
    due.in_turn &= !follows;
    due
}

fn policy() -> RetryPolicy {
    RetryPolicy::new([60, 300].map(Duration::from_secs).to_vec())
}

impl<'a> World<'a> {
    pub(super) fn new(connection: &'a Connection) -> Self {
        Self {
            connection,
            now: when(0),
            events: Vec::new(),
            persons: Persons::default(),
            is_ordered: true,
            first_person: 0,
            following: Following::default(),
            applications: 0,
            mode: Mode::Good,
            refused: BTreeSet::new(),
            queue: VecDeque::new(),
            under_way: Vec::new(),
            bulk: None,
        }
    }

    pub(super) fn take(&mut self, step: Step) {
        match step {
            Step::Accept(events, handed) => self.accept(&events, handed),
            Step::Poll => {
                self.poll();
            }
            Step::Begin => self.begin(),
            Step::End(which) => self.end(which),
            Step::PutOff(which, applied) => self.put_off(which, applied),
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
            Step::Hold(milliseconds) => self.hold(milliseconds),
            Step::EndHold => self.end_hold(),
            Step::Recover => self.probe(false),
            Step::LookAtRecovery => {
                self.look_at_recovery();
            }
            Step::Automatic(automatic) => self.following.automatic = automatic,
            Step::Order(kept) => self.keep_order(kept),
            Step::Reconcile => self.reconcile(),
        }
    }

    fn wait(&mut self, milliseconds: u64) {
        milestones::leave(self.connection, self.now).unwrap();
        let span = Duration::from_millis(milliseconds);
        self.now = Now::of(self.now.wall.after(span), self.now.axis_after(span));
    }

    /// A reload: whoever sends looks anew. Of what is there, no order is demanded any more.
    fn keep_order(&mut self, kept: bool) {
        if kept == self.is_ordered {
            return;
        }
        self.is_ordered = kept;
        self.first_person += PERSONS;
        for event in &mut self.events {
            event.alone = true;
        }
        let without = (!kept).then(|| "default".to_owned());
        arrange(self.connection, &without.into_iter().collect(), self.now).unwrap();
        self.queue.clear();
    }

    fn accept(&mut self, events: &[(usize, Kind)], handed: bool) {
        let follows = left_behind::follows(self.connection, "default").unwrap();
        let submissions: Vec<_> = events
            .iter()
            .map(|(person, _)| {
                let mut submission = submission("a.b", None);
                let person = self.first_person + person;
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
                person: self.first_person + *person,
                kind: *kind,
                status: Status::Accepted,
                applied: None,
                arrived: false,
                dismissed: false,
                alone: !self.is_ordered,
            });
            let due = accepted.due.filter(|_| handed);
            self.queue.extend(due.map(|due| asked(due, follows)));
        }
    }

    fn in_hand(&self) -> HashSet<i64> {
        let all = self.queue.iter().chain(&self.under_way);
        all.map(|due| due.seq).collect()
    }

    /// Answers when more is due.
    fn poll(&mut self) -> Option<Duration> {
        let found = due(self.connection, "default", self.now, &self.in_hand(), 3).unwrap();
        self.queue.extend(found.due);
        found.next_in
    }

    fn begin(&mut self) {
        let Some(next) = self.queue.pop_front() else {
            return;
        };
        let announced = next.attempt > 1 || !next.in_turn;
        if announced && !begin(self.connection, next.seq, &next.id, self.now).unwrap() {
            return;
        }
        let index = self.index_of(&next);
        let event = &self.events[index];
        assert!(
            !event.dismissed || event.arrived,
            "nobody wants it sent: {event:?}"
        );
        let person = event.person;
        if self.is_ordered && person >= self.first_person {
            let others = self.under_way.iter();
            let same = others.filter(|due| self.events[self.index_of(due)].person == person);
            assert_eq!(same.count(), 0, "two of one person are under way");
            self.examine_following(index);
        }
        self.following.begun(index);
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
            Mode::Silent | Mode::Lost => (Outcome::Timeout, None),
        };
        if matches!(mode, Mode::Good | Mode::Lost) {
            self.apply(index);
        }
        self.events[index].arrived |= outcome == Outcome::Success;
        let mut result = attempted(outcome, self.now.wall, 0);
        result.http_status = status;
        if outcome != Outcome::Success {
            result.cause = Some(status.map_or(Cause::TimedOut, Cause::of_status));
        }
        let kept = record(self.connection, &due, &result, &policy(), self.now).unwrap();
        self.following_after(index, &result, kept.status);
        let judgement = Judgement {
            away: Duration::from_mins(10),
            automatic: self.following.automatic,
        };
        let (connection, now) = (self.connection, self.now);
        let begins = after_attempt(connection, &due, &result, kept.status, judgement, now).unwrap();
        if begins {
            // Who sends hears of it, and lets go what it has taken.
            self.queue.clear();
        }
        let follows = left_behind::follows(connection, "default").unwrap();
        let in_hand = self.in_hand();
        let next = kept.next.filter(|next| !in_hand.contains(&next.seq));
        self.queue.extend(next.map(|next| asked(next, follows)));
    }

    fn apply(&mut self, index: usize) {
        self.applications += 1;
        let event = &mut self.events[index];
        event.applied = Some(self.applications);
        self.persons.apply(index, event.person, event.kind);
    }

    fn put_off(&mut self, which: usize, applied: bool) {
        if which >= self.under_way.len() {
            return;
        }
        let due = self.under_way.remove(which);
        if applied {
            self.apply(self.index_of(&due));
        }
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
            self.following.gone(which);
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
        release_interrupted(self.connection, self.now).unwrap();
    }

    /// Who sends hears of it, and lets go what it has taken.
    fn hold(&mut self, milliseconds: u64) {
        let hold = NewHold {
            route: "default".to_owned(),
            lasts: Some(Duration::from_millis(milliseconds)),
            reason: "because".to_owned(),
            by: somebody(),
        };
        holds::begin(self.connection, &hold, self.now).unwrap();
        self.queue.clear();
    }

    fn end_hold(&mut self) {
        holds::end(self.connection, "default", self.now).unwrap();
    }

    fn probe(&mut self, by_itself: bool) {
        let (policy, routing) = (policy(), Routing::default());
        let rules = Self::rules(&policy, &routing, false);
        let probed = probe(self.connection, "default", by_itself, rules, self.now).unwrap();
        self.following.wanted |= probed == ProbeResult::Begun;
    }

    /// Answers whether there was something to do.
    fn look_at_recovery(&mut self) -> bool {
        let found = recoveries(self.connection, self.now).unwrap();
        let step = found
            .first()
            .and_then(|left| left.next_step(self.following.automatic));
        match step {
            None => return false,
            Some(recovery::Step::Probe) => self.probe(true),
            Some(recovery::Step::Begin) => {
                let_follow(self.connection, "default").unwrap();
                self.following.begins();
                self.queue.clear();
            }
            Some(recovery::Step::Follow) => {
                let (policy, routing) = (policy(), Routing::default());
                let rules = Self::rules(&policy, &routing, false);
                follow(self.connection, "default", 2, rules, self.now).unwrap();
            }
        }
        true
    }

    /// The receiver says what it has.
    pub(super) fn reconcile(&mut self) {
        self.look();
        let (policy, routing) = (policy(), Routing::default());
        let rules = Self::rules(&policy, &routing, false);
        for (index, event) in self.events.iter_mut().enumerate() {
            if event.status == Status::Exhausted && event.applied.is_some() {
                settle(self.connection, event.seq, &event.id, rules, self.now).unwrap();
                event.arrived = true;
                self.following.gone(index);
            }
        }
    }

    /// Whether it is sent to see whether the receiver is back.
    fn is_probe(&self, seq: i64) -> bool {
        let sql = format!("SELECT count(*) FROM recoveries WHERE probe_seq = {seq}");
        count(self.connection, &sql) == 1
    }

    fn purge(&mut self, age: u64) {
        self.look();
        purge_old(self.connection, Duration::from_millis(age), self.now);
        for (index, event) in self.events.iter().enumerate() {
            if find(self.connection, &event.id, self.now)
                .unwrap()
                .is_none()
            {
                self.following.gone(index);
            }
        }
    }

    /// Goes on until nothing is left to be sent.
    pub(super) fn drain(&mut self) {
        self.bulk_end();
        let most = 100 * (self.events.len() + 1) * (self.events.len() + 1);
        for _ in 0..most {
            let recovers = self.look_at_recovery();
            let next_in = self.poll();
            if self.queue.is_empty() && self.under_way.is_empty() && !recovers {
                let Some(next_in) = next_in else { break };
                self.wait(u64::try_from(next_in.as_millis()).unwrap());
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
        self.examine_order();
    }

    /// The receiver takes everything again, and a person sends again what is exhausted.
    pub(super) fn mend(&mut self) {
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
