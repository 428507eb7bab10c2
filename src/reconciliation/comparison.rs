//! One comparison: what is asked, and what was found.

use std::collections::BTreeMap;

use uuid::Uuid;

use super::received::{PartnerStatus, Received};
use super::{IdRange, Sent, Verdict, first_id_at, has_time, verdict};
use crate::cause::Cause;
use crate::event::Status;
use crate::timestamp::Timestamp;

/// At most this many of each kind are named; all of them count.
pub const NAMED: usize = 1000;

/// What is compared with what.
#[derive(Clone, Debug)]
pub struct Question {
    /// The routes whose deliveries count.
    pub routes: Vec<String>,
    /// The ids.
    pub range: IdRange,
    /// The list has what was delivered until then ([`super::as_of`]).
    pub as_of: Timestamp,
    /// The range was said, and not taken from the list. Else what comes behind the last id is not compared.
    pub range_was_said: bool,
    /// It was said when the list was made.
    pub making_was_said: bool,
    /// What VoiceDrive has, in the order of ids, each once.
    pub received: Vec<Received>,
}

/// Why nothing is to be done about a delivery any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Closed {
    /// A person said so after its last attempt.
    GivenUp,
    /// The data of its person were erased: it cannot be sent again.
    Erased,
}

/// A delivery of the range, as it is kept.
#[derive(Clone, Copy, Debug)]
pub struct Delivery<'a> {
    /// The event's place in the order of acceptance.
    pub seq: i64,
    /// Its id.
    pub id: Uuid,
    /// The event's name.
    pub event_type: &'a str,
    /// The route that it takes or took.
    pub route: &'a str,
    /// Where it stands.
    pub status: Status,
    /// Attempts so far.
    pub attempts: u32,
    /// When the first attempt began; none: there was none yet.
    pub first_sent_at: Option<Timestamp>,
    /// When the last one began.
    pub last_attempt_at: Option<Timestamp>,
    /// What the last one was answered.
    pub http_status: Option<u16>,
    /// When the next one is made.
    pub next_retry_at: Option<Timestamp>,
    /// An earlier comparison has found it missing or without effect, and that has not ended.
    pub was_missing: bool,
    /// Why nothing is to be done about it any more; none: something may be.
    pub closed: Option<Closed>,
    /// An earlier comparison had it in its range, and could not say anything about it.
    pub was_unjudged: bool,
}

/// A delivery that VoiceDrive does not have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Missing {
    /// The event's place in the order of acceptance.
    pub seq: i64,
    /// Its id.
    pub id: Uuid,
    /// The event's name.
    pub event_type: String,
    /// When the first attempt began.
    pub first_sent_at: Option<Timestamp>,
    /// When the last one began.
    pub last_attempt_at: Option<Timestamp>,
    /// How many there were.
    pub attempts: u32,
    /// Where it stands.
    pub status: Status,
    /// What the last one was answered.
    pub http_status: Option<u16>,
    /// Why it is missing, as far as both sides know.
    pub reason: Reason,
}

/// Why a delivery is missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// It was answered with 2xx, and VoiceDrive has no row for it.
    AnsweredButAbsent,
    /// It was answered with 2xx at once, and VoiceDrive's row says that it failed.
    FailedThere,
    /// It never succeeded: why the last attempt did not, when that is known.
    NotDelivered(Option<Cause>),
}

impl Reason {
    /// The word in JSON and in the database.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::AnsweredButAbsent => "answered_but_absent",
            Self::FailedThere => "failed_there",
            Self::NotDelivered(Some(cause)) => cause.as_str(),
            Self::NotDelivered(None) => "not_delivered",
        }
    }
}

/// A delivery that is still to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// The event's id.
    pub id: Uuid,
    /// Its name.
    pub event_type: String,
    /// Accepted or retrying.
    pub status: Status,
    /// When the next attempt is made; none: as soon as it can be.
    pub next_retry_at: Option<Timestamp>,
}

/// A delivery of which nothing came, because VoiceDrive did not know the person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoEffect {
    /// The event's id.
    pub id: Uuid,
    /// Its name.
    pub event_type: String,
    /// When the first attempt began.
    pub first_sent_at: Option<Timestamp>,
}

/// What was counted, of all routes or of one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Deliveries of which at least one attempt was made.
    pub sent: u64,
    /// Ids of VoiceDrive's list in the range.
    pub received: u64,
    /// Both sides have them.
    pub matched: u64,
    /// VoiceDrive does not have them.
    pub missing: u64,
    /// Nothing came of them.
    pub no_effect: u64,
}

/// What a comparison has found.
#[derive(Clone, Debug, Default)]
pub struct Comparison {
    /// All together.
    pub counts: Counts,
    /// By route.
    pub by_route: BTreeMap<String, Counts>,
    /// The first [`NAMED`] that are missing.
    pub missing: Vec<Missing>,
    /// Everything that is missing, in the order of ids: its place in the order of acceptance, and its id.
    pub all_missing: Vec<(i64, Uuid)>,
    /// The first [`NAMED`] of which nothing came.
    pub no_effect: Vec<NoEffect>,
    /// The first [`NAMED`] that are still to be sent.
    pub waiting: Vec<Waiting>,
    /// Everything that has arrived although it counts as exhausted.
    pub arrived: Vec<(i64, Uuid)>,
    /// The first [`NAMED`] ids of the list that were never sent.
    pub unknown: Vec<Uuid>,
    /// Everything that counts as delivered, and is missing or without effect; and why.
    pub found: Vec<(i64, Discrepancy)>,
    /// What an earlier comparison has found missing, and this one has found.
    pub confirmed: Vec<i64>,
    /// Deliveries that are still open, or that the list cannot say anything about, and that no earlier comparison has noted.
    pub unjudged: Vec<i64>,
    /// What an earlier comparison could not say anything about, and this one could.
    pub judged: Vec<i64>,
    /// Deliveries that the list cannot say anything about.
    pub not_compared: u64,
    /// What VoiceDrive does not have, and of which a person said that nothing is to be done.
    pub given_up: u64,
    /// What VoiceDrive does not have, and what cannot be sent again, because the data of its person were erased.
    pub erased: u64,
    /// The place of the last event that was there when it was compared.
    pub last_seq: i64,
    /// Not everything is named.
    pub truncated: bool,
}

/// Why something that was delivered is noted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Discrepancy {
    /// VoiceDrive has no row for it.
    AnsweredButAbsent,
    /// VoiceDrive's row says that it failed.
    FailedThere,
    /// VoiceDrive did not know the person.
    NoEffect,
}

impl Discrepancy {
    /// The word in the database.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::AnsweredButAbsent => Reason::AnsweredButAbsent.as_str(),
            Self::FailedThere => Reason::FailedThere.as_str(),
            Self::NoEffect => "no_effect",
        }
    }

    fn of(verdict: Verdict) -> Option<Self> {
        match verdict {
            Verdict::AnsweredButAbsent => Some(Self::AnsweredButAbsent),
            Verdict::FailedThere => Some(Self::FailedThere),
            Verdict::NoEffect => Some(Self::NoEffect),
            _ => None,
        }
    }
}

/// A comparison that goes on: deliveries come one after the other, in the order of their ids.
#[derive(Debug)]
pub struct Comparer<'a> {
    question: &'a Question,
    /// What VoiceDrive has and was not come to yet.
    rest: &'a [Received],
    comparison: Comparison,
}

impl<'a> Comparer<'a> {
    /// Begins.
    #[must_use]
    pub fn new(question: &'a Question) -> Self {
        Self {
            question,
            rest: &question.received,
            comparison: Comparison::default(),
        }
    }

    /// Adds the next delivery of the range. `cause` finds out why the last attempt of a delivery did not succeed.
    ///
    /// # Errors
    /// That of `cause`.
    pub fn add<E>(
        &mut self,
        delivery: &Delivery<'_>,
        cause: impl FnOnce() -> Result<Option<Cause>, E>,
    ) -> Result<(), E> {
        let received = self.next_received(Some(delivery.id));
        let routes = &self.question.routes;
        if !routes.iter().any(|route| route == delivery.route) {
            return Ok(());
        }
        let sent = Sent::of(delivery.status, delivery.attempts);
        let found = verdict(sent, delivery.event_type, received);
        let is_too_late =
            found == Verdict::AnsweredButAbsent && self.question.is_too_late(delivery);
        let verdict = delivery.what_is_left(found);
        let comparison = &mut self.comparison;
        match (
            is_too_late || verdict == Verdict::Waiting,
            delivery.was_unjudged,
        ) {
            (true, false) => comparison.unjudged.push(delivery.seq),
            (false, true) => comparison.judged.push(delivery.seq),
            _ => {}
        }
        if is_too_late {
            comparison.not_compared += 1;
            return Ok(());
        }
        let reason = match verdict {
            Verdict::AnsweredButAbsent => Some(Reason::AnsweredButAbsent),
            Verdict::FailedThere => Some(Reason::FailedThere),
            Verdict::NeverArrived => Some(Reason::NotDelivered(cause()?)),
            _ => None,
        };
        comparison.count(delivery, received, verdict);
        comparison.keep(delivery, verdict, reason);
        Ok(())
    }

    /// VoiceDrive's row for this id, or the end. Those of the ids before it were never sent.
    fn next_received(&mut self, id: Option<Uuid>) -> Option<&'a Received> {
        while let Some((row, rest)) = self.rest.split_first() {
            if id.is_some_and(|id| row.id > id) {
                return None;
            }
            self.rest = rest;
            if Some(row.id) == id {
                return Some(row);
            }
            let is_inside = self.question.range.has(&row.id);
            if has_time(&row.id) && !is_inside {
                continue;
            }
            self.comparison.counts.received += u64::from(has_time(&row.id));
            let comparison = &mut self.comparison;
            name(&mut comparison.unknown, row.id, &mut comparison.truncated);
        }
        None
    }

    /// Ends; `behind`: how much was delivered after the end of the list.
    #[must_use]
    pub fn finish(mut self, behind: u64) -> Comparison {
        self.next_received(None);
        self.comparison.not_compared += behind;
        self.comparison
    }
}

impl Comparison {
    fn keep(&mut self, delivery: &Delivery<'_>, verdict: Verdict, reason: Option<Reason>) {
        let (seq, id) = (delivery.seq, delivery.id);
        if verdict.is_confirmed() && delivery.was_missing {
            self.confirmed.push(seq);
        }
        if let Some(finding) = Discrepancy::of(verdict) {
            self.found.push((seq, finding));
        }
        if let Some(reason) = reason {
            self.all_missing.push((seq, id));
            let one = || Missing::of(delivery, reason);
            name_with(&mut self.missing, one, &mut self.truncated);
        }
        match verdict {
            Verdict::Arrived => self.arrived.push((seq, id)),
            Verdict::NoEffect => {
                let one = || NoEffect {
                    id,
                    event_type: delivery.event_type.to_owned(),
                    first_sent_at: delivery.first_sent_at,
                };
                name_with(&mut self.no_effect, one, &mut self.truncated);
            }
            Verdict::Waiting => {
                let one = || Waiting {
                    id,
                    event_type: delivery.event_type.to_owned(),
                    status: delivery.status,
                    next_retry_at: delivery.next_retry_at,
                };
                name_with(&mut self.waiting, one, &mut self.truncated);
            }
            _ => {}
        }
    }

    fn count(&mut self, delivery: &Delivery<'_>, received: Option<&Received>, verdict: Verdict) {
        let is_processed = received.is_some_and(|row| row.status == Some(PartnerStatus::Success));
        self.given_up += u64::from(verdict == Verdict::GivenUp && !is_processed);
        self.erased += u64::from(verdict == Verdict::Erased);
        if !self.by_route.contains_key(delivery.route) {
            let none = Counts::default();
            self.by_route.insert(delivery.route.to_owned(), none);
        }
        let of_route = self.by_route.get_mut(delivery.route);
        for counts in of_route.into_iter().chain([&mut self.counts]) {
            counts.sent += u64::from(delivery.attempts > 0);
            counts.received += u64::from(received.is_some());
            counts.matched += u64::from(matches!(verdict, Verdict::Matched | Verdict::Arrived));
            counts.missing += u64::from(verdict.is_missing());
            counts.no_effect += u64::from(verdict == Verdict::NoEffect);
        }
    }
}

fn name<T>(named: &mut Vec<T>, one: T, truncated: &mut bool) {
    name_with(named, || one, truncated);
}

fn name_with<T>(named: &mut Vec<T>, one: impl FnOnce() -> T, truncated: &mut bool) {
    if named.len() < NAMED {
        named.push(one());
    } else {
        *truncated = true;
    }
}

impl Question {
    /// The last id about which the comparison says something: of what is accepted later, nobody has a list.
    #[must_use]
    pub fn compared_to(&self) -> Uuid {
        if self.range_was_said {
            self.range.to.min(first_id_at(self.as_of))
        } else {
            self.range.to
        }
    }

    /// Whether who made the list cannot have known of a delivery.
    fn is_too_late(&self, delivery: &Delivery<'_>) -> bool {
        let is_later = delivery.last_attempt_at.is_some_and(|at| at > self.as_of);
        // Where only the last event says when the list was made, what arrived at once counts as delivered when it was
        // accepted: events of one moment are sent one after the other.
        let is_exact = self.range_was_said || self.making_was_said || delivery.attempts > 1;
        is_later && is_exact
    }
}

impl Delivery<'_> {
    /// What is left of a verdict that something is missing, when nothing can or needs to be done about it.
    fn what_is_left(&self, found: Verdict) -> Verdict {
        let is_lost = found.is_missing() || matches!(found, Verdict::NoEffect | Verdict::GivenUp);
        match self.closed {
            Some(Closed::Erased) if is_lost => Verdict::Erased,
            Some(Closed::GivenUp) if found.is_found() => Verdict::GivenUp,
            _ => found,
        }
    }
}

impl Missing {
    fn of(delivery: &Delivery<'_>, reason: Reason) -> Self {
        Self {
            seq: delivery.seq,
            id: delivery.id,
            event_type: delivery.event_type.to_owned(),
            first_sent_at: delivery.first_sent_at,
            last_attempt_at: delivery.last_attempt_at,
            attempts: delivery.attempts,
            status: delivery.status,
            http_status: delivery.http_status,
            reason,
        }
    }
}

#[cfg(test)]
mod tests;
