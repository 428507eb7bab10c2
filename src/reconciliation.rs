//! Comparing what was sent with what VoiceDrive says it has, by request id (contract, section 4.7).
//!
//! VoiceDrive keeps one row for an id, of the first request with it that reached it, whatever it answered. So a row means
//! "reached", not "done", and what both sides say decides together: [`verdict`]. Ids are UUIDs of version 7, so a range of
//! time is a range of ids, and both sides cut their lists at the same place.

pub mod comparison;
pub mod digest;
pub mod ledger;
pub mod received;

use std::borrow::Cow;
use std::time::Duration;

use uuid::Uuid;

use crate::event::Status;
use crate::timestamp::Timestamp;
use received::{PartnerStatus, Received};

/// The longest range that one comparison covers.
pub const LONGEST_RANGE: Duration = Duration::from_hours(92 * 24);
/// The longest that a list is on its way, from its making to the question: of what was delivered in the meantime, it says
/// nothing.
const ON_ITS_WAY: Duration = Duration::from_mins(2);
/// Events about a picture of a person. VoiceDrive answers 200 to those about a person whom it does not know.
const PHOTOS: &str = "employee.photo.";

/// What the relay knows of a delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sent {
    /// It is still to be made.
    Open,
    /// It was answered with 2xx, at this attempt.
    Delivered {
        /// From 1.
        attempts: u32,
    },
    /// It was given up, and waits for a person.
    Exhausted,
    /// It was given up, and a person said that nothing is to be done.
    Dismissed,
}

impl Sent {
    /// A delivery in this status, after so many attempts.
    #[must_use]
    pub fn of(status: Status, attempts: u32) -> Self {
        match status {
            Status::Accepted | Status::Retrying => Self::Open,
            Status::Delivered => Self::Delivered { attempts },
            Status::Exhausted => Self::Exhausted,
            Status::Dismissed => Self::Dismissed,
        }
    }
}

/// What a comparison says about one event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// Both sides have it.
    Matched,
    /// It was answered with 2xx, and VoiceDrive has no row for it.
    AnsweredButAbsent,
    /// It was answered with 2xx at once, and VoiceDrive's row says that it failed.
    FailedThere,
    /// It was never answered with 2xx, and VoiceDrive has not processed it either.
    NeverArrived,
    /// VoiceDrive has it, and did not know the person: nothing came of it.
    NoEffect,
    /// Only the answer was lost: VoiceDrive has processed it.
    Arrived,
    /// It is still to be sent.
    Waiting,
    /// A person said that nothing is to be done about it.
    GivenUp,
    /// It is missing, and cannot be sent again: the data of its person were erased.
    Erased,
}

impl Verdict {
    /// Whether VoiceDrive does not have what it should have.
    #[must_use]
    pub fn is_missing(self) -> bool {
        matches!(
            self,
            Self::AnsweredButAbsent | Self::FailedThere | Self::NeverArrived
        )
    }

    /// Whether VoiceDrive has it, and something came of it: what was missing before is found.
    #[must_use]
    pub fn is_confirmed(self) -> bool {
        matches!(self, Self::Matched | Self::Arrived)
    }

    /// Whether it says nothing of a success that is still to come: of what is to be sent, or can be sent again after it was
    /// given up.
    #[must_use]
    pub fn leaves_open(self, sent: Sent) -> bool {
        let was_given_up = matches!(sent, Sent::Exhausted | Sent::Dismissed);
        match self {
            Self::Waiting => true,
            Self::NeverArrived | Self::GivenUp => was_given_up,
            _ => false,
        }
    }

    /// Whether it is a loss that only the comparison shows: the relay counts it as delivered.
    #[must_use]
    pub fn is_found(self) -> bool {
        matches!(
            self,
            Self::AnsweredButAbsent | Self::FailedThere | Self::NoEffect
        )
    }
}

/// What both sides say of an event together; `received` is VoiceDrive's row, when it has one.
#[must_use]
pub fn verdict(sent: Sent, event_type: &str, received: Option<&Received>) -> Verdict {
    use PartnerStatus::{Failed, Success, ValidationFailed};
    let status = received.and_then(|row| row.status);
    let unknown_person = received.is_some_and(|row| row.user_found == Some(false));
    match (sent, received) {
        (Sent::Open, _) => Verdict::Waiting,
        (Sent::Delivered { .. }, None) => Verdict::AnsweredButAbsent,
        (Sent::Delivered { attempts: 1 }, Some(_)) => match status {
            Some(Failed | ValidationFailed) => Verdict::FailedThere,
            _ if unknown_person && event_type.starts_with(PHOTOS) => Verdict::NoEffect,
            _ => Verdict::Matched,
        },
        // The row is that of an earlier attempt.
        (Sent::Delivered { .. }, Some(_)) => Verdict::Matched,
        (Sent::Exhausted, Some(_)) if status == Some(Success) && !unknown_person => {
            Verdict::Arrived
        }
        (Sent::Exhausted, _) => Verdict::NeverArrived,
        // A person has closed it, and both sides have it: nothing is left to be told.
        (Sent::Dismissed, Some(_)) if status == Some(Success) && !unknown_person => {
            Verdict::Matched
        }
        (Sent::Dismissed, _) => Verdict::GivenUp,
    }
}

/// A range of ids, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IdRange {
    /// The first.
    pub from: Uuid,
    /// The last.
    pub to: Uuid,
}

impl IdRange {
    /// Whether an id is in it.
    #[must_use]
    pub fn has(&self, id: &Uuid) -> bool {
        (self.from..=self.to).contains(id)
    }
}

/// Why nothing can be compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}: {}", self.field(), self.accepted())]
pub enum RangeError {
    /// Neither ids nor a range were given.
    Nothing,
    /// No range was said, and none of the ids says when its event was accepted.
    NoTime,
    /// It ends where it begins, or before.
    Reversed,
    /// Only its end was said, and that is not later than the first id.
    EndsBeforeIds,
    /// Only its beginning was said, and that is later than the last id.
    BeginsAfterIds,
    /// It is longer than [`LONGEST_RANGE`].
    TooLong,
    /// The same, and these ids of the list are an end of it that was not said.
    FarApart {
        /// Where it begins.
        first: Option<Uuid>,
        /// Where it ends.
        last: Option<Uuid>,
    },
}

impl RangeError {
    /// Every one that names no id.
    pub const ALL: [Self; 6] = [
        Self::Nothing,
        Self::NoTime,
        Self::Reversed,
        Self::EndsBeforeIds,
        Self::BeginsAfterIds,
        Self::TooLong,
    ];

    /// What is wrong: a field of the question, or two of them.
    #[must_use]
    pub fn field(self) -> &'static str {
        match self {
            Self::Nothing | Self::NoTime | Self::FarApart { .. } => "received",
            Self::Reversed | Self::EndsBeforeIds => "to",
            Self::BeginsAfterIds => "from",
            Self::TooLong => "from, to",
        }
    }

    /// What is accepted there.
    #[must_use]
    pub fn accepted(self) -> Cow<'static, str> {
        let accepted = match self {
            Self::Nothing => "must have ids, or from and to must say which range is compared",
            Self::NoTime => {
                "none of the ids has a time in it (UUID version 7), so from and to must say which range is compared"
            }
            Self::Reversed => {
                "must be later than from; what was accepted at to is not compared any more"
            }
            Self::EndsBeforeIds => "must be later than the first id, because from was not said",
            Self::BeginsAfterIds => "must not be later than the last id, because to was not said",
            Self::TooLong => "one comparison covers at most 92 days",
            Self::FarApart { first, last } => {
                let ids = [first, last].into_iter().flatten();
                let named = ids.map(|id| format!("{id} was accepted at {}", time_of(id)));
                let named = named.collect::<Vec<_>>().join(", and ");
                return Cow::from(format!(
                    "{named}: one comparison covers at most 92 days; leave out what does not belong, or say from and to"
                ));
            }
        };
        Cow::from(accepted)
    }

    /// Whether it is about the ids, because no range was said; else it is about the range.
    #[must_use]
    pub fn is_about_ids(self) -> bool {
        matches!(self, Self::Nothing | Self::NoTime | Self::FarApart { .. })
    }
}

/// The range that is compared: from `from` to `to`, or else the span of the ids.
///
/// # Errors
/// `RangeError`
pub fn range(
    from: Option<Timestamp>,
    to: Option<Timestamp>,
    received: &[Received],
) -> Result<IdRange, RangeError> {
    let ids = || received.iter().map(|row| row.id).filter(has_time);
    let first = from.map(first_id_at).or_else(|| ids().min());
    let last = to.map(first_id_at).or_else(|| ids().max());
    let (Some(first), Some(last)) = (first, last) else {
        return Err(if received.is_empty() {
            RangeError::Nothing
        } else {
            RangeError::NoTime
        });
    };
    match (from, to) {
        (Some(_), Some(_)) if first >= last => return Err(RangeError::Reversed),
        (None, Some(_)) if first >= last => return Err(RangeError::EndsBeforeIds),
        (Some(_), None) if first > last => return Err(RangeError::BeginsAfterIds),
        _ => {}
    }
    if time_of(last).since(time_of(first)) > LONGEST_RANGE {
        // A single id of another time can do that: in a long list nobody finds it without its name.
        let of_list = |said: Option<_>, id| said.is_none().then_some(id);
        return Err(match (of_list(from, first), of_list(to, last)) {
            (None, None) => RangeError::TooLong,
            (first, last) => RangeError::FarApart { first, last },
        });
    }
    Ok(IdRange {
        from: first,
        to: last,
    })
}

/// Until when a list has everything that was delivered; of what was delivered later it says nothing. `made_at`: when it
/// was made, if that was said.
///
/// A list was made after the last event that it has. One of a range that was said up to `to` was made at that moment at the earliest,
/// and else, as one of a range that is not over, shortly before it is asked about: a list of a day that is over, asked about in the morning, has what was
/// delivered after midnight, too. One of no range is taken for as old as its last event.
#[must_use]
pub fn as_of(
    to: Option<Timestamp>,
    made_at: Option<Timestamp>,
    received: &[Received],
    now: Timestamp,
) -> Timestamp {
    let ids = received.iter().map(|row| row.id).filter(has_time);
    // An id of the future is somebody else's, or was made while the clock was wrong.
    let last = ids.map(time_of).filter(|at| *at <= now).max();
    let shortly_before = now.before(ON_ITS_WAY);
    let made = made_at.or_else(|| {
        let to = to?;
        // A range that goes on says nothing of when its list was made.
        Some(if to > now {
            shortly_before
        } else {
            to.max(shortly_before)
        })
    });
    last.max(made).unwrap_or(now).min(now)
}

/// Whether an id says when its event was accepted.
#[must_use]
pub fn has_time(id: &Uuid) -> bool {
    id.get_version_num() == 7
}

/// The smallest id of an event that was accepted at `moment`.
#[must_use]
pub fn first_id_at(moment: Timestamp) -> Uuid {
    let milliseconds = u128::try_from(moment.unix_ms().max(0)).unwrap_or(0) & 0xffff_ffff_ffff;
    Uuid::from_u128(milliseconds << 80 | 0x7000_8000_0000_0000_0000)
}

/// When the event with this id was accepted.
#[must_use]
pub fn time_of(id: Uuid) -> Timestamp {
    let milliseconds = i64::try_from(id.as_u128() >> 80).unwrap_or(0);
    Timestamp::from_unix_ms(milliseconds)
}

#[cfg(test)]
mod tests;
