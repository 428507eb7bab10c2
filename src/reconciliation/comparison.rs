//! One comparison: what is asked, and what was found.

use std::collections::BTreeMap;

use uuid::Uuid;

use super::received::Received;
use super::{IdRange, Sent, Verdict, verdict};
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
    /// Nobody who made the list can have known what was delivered later.
    pub as_of: Timestamp,
    /// The range was said, and not taken from the list: the list has all that was delivered in it until `as_of`. Else
    /// what comes behind the last id is not compared, and only a delivery that needed retries can be too late.
    pub range_was_said: bool,
    /// What VoiceDrive has, in the order of ids, each once.
    pub received: Vec<Received>,
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
    /// An earlier comparison has found it missing, and none has found it since.
    pub was_missing: bool,
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
    pub all_missing: Vec<(i64, Uuid, Reason)>,
    /// The first [`NAMED`] of which nothing came.
    pub no_effect: Vec<NoEffect>,
    /// The first [`NAMED`] that are still to be sent.
    pub waiting: Vec<Waiting>,
    /// Everything that has arrived although it counts as exhausted.
    pub arrived: Vec<(i64, Uuid)>,
    /// The first [`NAMED`] ids of the list that were never sent.
    pub unknown: Vec<Uuid>,
    /// What an earlier comparison has found missing, and this one has found.
    pub confirmed: Vec<i64>,
    /// Deliveries that the list cannot say anything about.
    pub not_compared: u64,
    /// Not everything is named.
    pub truncated: bool,
}

impl Comparison {
    /// Adds a delivery of the range, with VoiceDrive's row for it. `cause` finds out why the last attempt of a delivery
    /// did not succeed.
    ///
    /// # Errors
    /// That of `cause`.
    pub fn add<E>(
        &mut self,
        question: &Question,
        delivery: &Delivery<'_>,
        received: Option<&Received>,
        cause: impl FnOnce() -> Result<Option<Cause>, E>,
    ) -> Result<(), E> {
        let sent = Sent::of(delivery.status, delivery.attempts);
        let verdict = verdict(sent, delivery.event_type, received);
        if verdict == Verdict::AnsweredButAbsent && question.is_too_late(delivery) {
            self.not_compared += 1;
            return Ok(());
        }
        let reason = match verdict {
            Verdict::AnsweredButAbsent => Some(Reason::AnsweredButAbsent),
            Verdict::FailedThere => Some(Reason::FailedThere),
            Verdict::NeverArrived => Some(Reason::NotDelivered(cause()?)),
            _ => None,
        };
        self.count(delivery, received.is_some(), verdict);
        if verdict.is_confirmed() && delivery.was_missing {
            self.confirmed.push(delivery.seq);
        }
        if let Some(reason) = reason {
            self.all_missing.push((delivery.seq, delivery.id, reason));
            let named = self.missing.len() < NAMED;
            self.truncated |= !named;
            if named {
                self.missing.push(Missing::of(delivery, reason));
            }
        }
        match verdict {
            Verdict::Arrived => self.arrived.push((delivery.seq, delivery.id)),
            Verdict::NoEffect => {
                let one = NoEffect {
                    id: delivery.id,
                    event_type: delivery.event_type.to_owned(),
                    first_sent_at: delivery.first_sent_at,
                };
                name(&mut self.no_effect, one, &mut self.truncated);
            }
            Verdict::Waiting => {
                let one = Waiting {
                    id: delivery.id,
                    event_type: delivery.event_type.to_owned(),
                    status: delivery.status,
                    next_retry_at: delivery.next_retry_at,
                };
                name(&mut self.waiting, one, &mut self.truncated);
            }
            _ => {}
        }
        Ok(())
    }

    /// Adds an id of the list that was never sent.
    pub fn add_unknown(&mut self, id: Uuid) {
        name(&mut self.unknown, id, &mut self.truncated);
    }

    fn count(&mut self, delivery: &Delivery<'_>, received: bool, verdict: Verdict) {
        if !self.by_route.contains_key(delivery.route) {
            let none = Counts::default();
            self.by_route.insert(delivery.route.to_owned(), none);
        }
        let of_route = self.by_route.get_mut(delivery.route);
        for counts in of_route.into_iter().chain([&mut self.counts]) {
            counts.sent += u64::from(delivery.attempts > 0);
            counts.received += u64::from(received);
            counts.matched += u64::from(matches!(verdict, Verdict::Matched | Verdict::Arrived));
            counts.missing += u64::from(verdict.is_missing());
            counts.no_effect += u64::from(verdict == Verdict::NoEffect);
        }
    }
}

fn name<T>(named: &mut Vec<T>, one: T, truncated: &mut bool) {
    if named.len() < NAMED {
        named.push(one);
    } else {
        *truncated = true;
    }
}

impl Question {
    /// Whether who made the list cannot have known of a delivery.
    fn is_too_late(&self, delivery: &Delivery<'_>) -> bool {
        let is_later = delivery.last_attempt_at.is_some_and(|at| at > self.as_of);
        is_later && (self.range_was_said || delivery.attempts > 1)
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
