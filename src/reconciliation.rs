//! Comparing what was sent with what VoiceDrive says it has, by request id (contract, section 4.7).
//!
//! VoiceDrive keeps one row for an id, of the first request with it that reached it, whatever it answered. So a row means
//! "reached", not "done", and what both sides say decides together: [`verdict`]. Ids are UUIDs of version 7, so a range of
//! time is a range of ids, and both sides cut their lists at the same place.

pub mod comparison;
pub mod digest;
pub mod ledger;
pub mod received;

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
pub enum RangeError {
    /// Neither ids nor a range were given.
    #[error("received: must have ids, or from and to must say which range is compared")]
    Nothing,
    /// It ends before it begins.
    #[error("from: must not be later than to")]
    Reversed,
    /// It is longer than [`LONGEST_RANGE`].
    #[error("from, to: one comparison covers at most 92 days")]
    TooLong,
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
        return Err(RangeError::Nothing);
    };
    if first > last {
        return Err(RangeError::Reversed);
    }
    if time_of(last).since(time_of(first)) > LONGEST_RANGE {
        return Err(RangeError::TooLong);
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
mod tests {
    use super::*;

    const FIRST: Sent = Sent::Delivered { attempts: 1 };
    const LATER: Sent = Sent::Delivered { attempts: 3 };

    fn row(status: Option<PartnerStatus>, user_found: Option<bool>) -> Received {
        Received {
            id: Uuid::nil(),
            status,
            user_found,
        }
    }

    #[test]
    fn both_sides_decide_together() {
        use PartnerStatus::{Failed, Success, ValidationFailed};
        let alone = Some(row(None, None));
        let said = |status| Some(row(Some(status), None));
        for (sent, received, expected) in [
            (FIRST, None, Verdict::AnsweredButAbsent),
            (LATER, None, Verdict::AnsweredButAbsent),
            (FIRST, alone, Verdict::Matched),
            (FIRST, said(Success), Verdict::Matched),
            (LATER, alone, Verdict::Matched),
            (LATER, said(Success), Verdict::Matched),
            (LATER, said(Failed), Verdict::Matched),
            (LATER, said(ValidationFailed), Verdict::Matched),
            (FIRST, said(Failed), Verdict::FailedThere),
            (FIRST, said(ValidationFailed), Verdict::FailedThere),
            (Sent::Exhausted, None, Verdict::NeverArrived),
            (Sent::Exhausted, alone, Verdict::NeverArrived),
            (Sent::Exhausted, said(Failed), Verdict::NeverArrived),
            (
                Sent::Exhausted,
                said(ValidationFailed),
                Verdict::NeverArrived,
            ),
            (Sent::Exhausted, said(Success), Verdict::Arrived),
            (Sent::Dismissed, None, Verdict::GivenUp),
            (Sent::Dismissed, alone, Verdict::GivenUp),
            (Sent::Dismissed, said(Failed), Verdict::GivenUp),
            (Sent::Dismissed, said(ValidationFailed), Verdict::GivenUp),
            (Sent::Dismissed, said(Success), Verdict::Matched),
            (Sent::Open, None, Verdict::Waiting),
            (Sent::Open, alone, Verdict::Waiting),
            (Sent::Open, said(Failed), Verdict::Waiting),
            (Sent::Open, said(ValidationFailed), Verdict::Waiting),
            (Sent::Open, said(Success), Verdict::Waiting),
        ] {
            let found = verdict(sent, "employee.updated", received.as_ref());
            assert_eq!(found, expected, "{sent:?} {received:?}");
        }
    }

    #[test]
    fn a_picture_of_nobody_has_no_effect() {
        let nobody = row(Some(PartnerStatus::Success), Some(false));
        let of = |sent, event_type, received| verdict(sent, event_type, Some(&received));
        assert_eq!(
            of(FIRST, "employee.photo.updated", nobody),
            Verdict::NoEffect
        );
        let alone = row(None, Some(false));
        assert_eq!(
            of(FIRST, "employee.photo.updated", alone),
            Verdict::NoEffect
        );
        assert_eq!(of(FIRST, "employee.updated", nobody), Verdict::Matched);
        // VoiceDrive's row stays that of the first attempt.
        assert_eq!(
            of(LATER, "employee.photo.updated", nobody),
            Verdict::Matched
        );
        assert_eq!(
            of(Sent::Exhausted, "employee.photo.updated", nobody),
            Verdict::NeverArrived
        );
        assert_eq!(
            of(Sent::Dismissed, "employee.photo.updated", nobody),
            Verdict::GivenUp
        );
    }

    fn at(milliseconds: i64) -> Timestamp {
        Timestamp::from_unix_ms(milliseconds)
    }

    fn received(milliseconds: i64) -> Received {
        Received {
            id: first_id_at(at(milliseconds)),
            ..row(None, None)
        }
    }

    #[test]
    fn an_hour_is_a_range_of_ids() {
        let hour = Timestamp::parse("2025-10-26T00:00:00.000Z").unwrap();
        let id = first_id_at(hour);
        assert_eq!(id.to_string(), "019a1dd0-9400-7000-8000-000000000000");
        assert_eq!(time_of(id), hour);
        assert!(has_time(&id));
    }

    #[test]
    fn without_a_range_it_is_the_span_of_the_ids() {
        let list = [received(7_000), received(5_000), received(6_000)];
        let found = range(None, None, &list).unwrap();
        assert_eq!((found.from, found.to), (list[1].id, list[0].id));
        let found = range(Some(at(0)), Some(at(10_000_000)), &list).unwrap();
        assert_eq!(
            (time_of(found.from), time_of(found.to)),
            (at(0), at(10_000_000))
        );
        let other = Received {
            id: Uuid::from_u128(4 << 76),
            ..row(None, None)
        };
        assert_eq!(range(None, None, &[other]), Err(RangeError::Nothing));
    }

    #[test]
    fn a_list_has_what_was_delivered_until_it_was_made() {
        const HOUR: i64 = 3_600_000;
        let now = at(9 * HOUR);
        let list = [received(7 * HOUR), received(5 * HOUR)];
        let of = |to: Option<i64>, made_at: Option<i64>| {
            as_of(to.map(at), made_at.map(at), &list, now).unix_ms()
        };
        let lately = 9 * HOUR - 120_000;
        for (to, made_at, expected, why) in [
            (None, None, 7 * HOUR, "as old as its last event"),
            (Some(8 * HOUR), None, lately, "a range that is over"),
            (
                Some(lately + 1),
                None,
                lately + 1,
                "until now, more or less",
            ),
            (Some(99 * HOUR), None, lately, "a range that goes on"),
            (Some(6 * HOUR), Some(8 * HOUR), 8 * HOUR, "as was said"),
            (Some(99 * HOUR), Some(8 * HOUR), 8 * HOUR, "as was said"),
            (
                Some(6 * HOUR),
                Some(6 * HOUR),
                7 * HOUR,
                "it has a later one",
            ),
            (None, Some(8 * HOUR), 8 * HOUR, "as was said"),
            (None, Some(99 * HOUR), 9 * HOUR, "by another clock"),
        ] {
            assert_eq!(of(to, made_at), expected, "{to:?} {made_at:?}: {why}");
        }
        let with_future = [received(7 * HOUR), received(99 * HOUR)];
        assert_eq!(as_of(None, None, &with_future, now), at(7 * HOUR));
    }

    #[test]
    fn ranges_that_cannot_be_compared_are_refused() {
        let of = |from, to| range(from, to, &[]).map(drop);
        let days = |days: i64| Some(at(days * 86_400_000));
        assert_eq!(of(None, None), Err(RangeError::Nothing));
        assert_eq!(of(days(0), None), Err(RangeError::Nothing));
        assert_eq!(of(days(2), days(1)), Err(RangeError::Reversed));
        assert_eq!(of(days(0), days(92)), Ok(()));
        assert_eq!(
            of(days(0), Some(at(92 * 86_400_000 + 1))),
            Err(RangeError::TooLong)
        );
    }
}
