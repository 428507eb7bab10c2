//! One comparison: what is asked, and what was found.

mod comparer;

use std::collections::BTreeMap;

use uuid::Uuid;

use super::received::{Received, in_order};
use super::{IdRange, RangeError, Verdict, as_of, range};
use crate::cause::Cause;
use crate::event::Status;
use crate::timestamp::Timestamp;
pub use comparer::Comparer;

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
    /// It was said where the range begins.
    pub beginning_was_said: bool,
    /// It was said when the list was made.
    pub making_was_said: bool,
    /// What VoiceDrive has, in the order of ids, each once.
    pub received: Vec<Received>,
}

impl Question {
    /// The question that a list of the partner's asks at `now`. `from` and `to` are the range, if that was said; `made_at`
    /// is when the list was made, if that was.
    ///
    /// # Errors
    /// `RangeError`
    pub fn of(
        routes: Vec<String>,
        (from, to): (Option<Timestamp>, Option<Timestamp>),
        made_at: Option<Timestamp>,
        mut received: Vec<Received>,
        now: Timestamp,
    ) -> Result<Self, RangeError> {
        in_order(&mut received);
        Ok(Self {
            routes,
            range: range(from, to, &received)?,
            as_of: as_of(to, made_at, &received, now),
            range_was_said: to.is_some(),
            beginning_was_said: from.is_some(),
            making_was_said: made_at.is_some(),
            received,
        })
    }
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
    /// Both sides have them, those included of which only the answer was lost.
    pub matched: u64,
    /// VoiceDrive does not have them.
    pub missing: u64,
    /// Nothing came of them.
    pub no_effect: u64,
}

/// Where everything stands that was compared: each id of VoiceDrive's list, and each delivery of the range, counts in exactly
/// one of these numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// Both sides have them.
    pub matched: u64,
    /// They counted as exhausted, and VoiceDrive has them: only the answer was lost.
    pub arrived: u64,
    /// VoiceDrive does not have them.
    pub missing: u64,
    /// Nothing came of them.
    pub no_effect: u64,
    /// They are still to be sent.
    pub waiting: u64,
    /// They were delivered, and the list cannot say anything about them.
    pub not_compared: u64,
    /// VoiceDrive does not have them, and a person said that nothing is to be done.
    pub dismissed: u64,
    /// VoiceDrive does not have them, and they cannot be sent again, because the data of their persons were erased.
    pub erased: u64,
    /// Ids of the list with which nothing was sent.
    pub unknown: u64,
    /// Ids of the list that are outside of the range, or belong to another route.
    pub ignored: u64,
}

/// What a comparison has found.
#[derive(Clone, Debug, Default)]
pub struct Comparison {
    /// All together.
    pub counts: Counts,
    /// Where each of them stands.
    pub standing: Standing,
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

    /// The discrepancy that `word` names.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        let all = [Self::AnsweredButAbsent, Self::FailedThere, Self::NoEffect];
        all.into_iter().find(|one| one.as_str() == word)
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

#[cfg(test)]
mod tests;
