//! Events as they were kept, for those who look them up: one with everything, many in pages, and what
//! happened lately.

use crate::attempt::AttemptRecord;
use crate::cause::Cause;
use crate::event::Status;
use crate::timestamp::Timestamp;

/// Which events are meant; what is absent matches everything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EventFilter {
    /// Only events with this status.
    pub status: Option<Status>,
    /// Only events with exactly this name.
    pub event_type: Option<String>,
    /// Only events about this member of the staff.
    pub staff_id: Option<String>,
    /// Only events that take this route.
    pub route: Option<String>,
    /// Only events that take one of these; none: any.
    pub routes: Option<Vec<String>>,
    /// Only events accepted at this moment or later.
    pub since: Option<Timestamp>,
    /// Only events accepted at this moment or earlier.
    pub until: Option<Timestamp>,
}

impl EventFilter {
    /// Whether it matches everything.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Whether it matches an event of the person that it names, if it names one.
    #[must_use]
    pub fn matches(
        &self,
        status: Status,
        event_type: &str,
        route: &str,
        accepted_at: Timestamp,
    ) -> bool {
        self.status.is_none_or(|wanted| wanted == status)
            && self
                .event_type
                .as_ref()
                .is_none_or(|wanted| wanted == event_type)
            && self.route.as_ref().is_none_or(|wanted| wanted == route)
            && self
                .routes
                .as_ref()
                .is_none_or(|wanted| wanted.iter().any(|wanted| wanted == route))
            && self.since.is_none_or(|since| accepted_at >= since)
            && self.until.is_none_or(|until| accepted_at <= until)
    }
}

/// An event with the state of its delivery.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventSummary {
    /// Its place in the order of acceptance.
    pub seq: i64,
    /// Its id, which is also the delivery's and its `X-Request-ID`.
    pub id: String,
    /// Its name.
    pub event_type: String,
    /// The staff id of the person it is about.
    pub staff_id: Option<String>,
    /// When it happened.
    pub event_timestamp: Timestamp,
    /// When it was accepted.
    pub accepted_at: Timestamp,
    /// What has become of it.
    pub status: Status,
    /// The route that it takes.
    pub route: String,
    /// Bytes of the body that was sent; none before the first attempt.
    pub payload_size: Option<u64>,
    /// Attempts made beyond the first.
    pub retry_count: u32,
    /// When the next retry is due, while it is retrying.
    pub next_retry_at: Option<Timestamp>,
    /// The id of the same person's event that is sent before it, while it waits for that.
    pub waits_for: Option<String>,
    /// Why the last attempt did not succeed; none when it did, or there was none.
    pub last_cause: Option<Cause>,
}

/// An event with its payload and every attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventDetail {
    /// The event and the state of its delivery.
    pub summary: EventSummary,
    /// The payload.
    pub data: String,
    /// How often it was handed in again by a sender of the ingest.
    pub repeats: u64,
    /// The last attempt did not succeed, and it counts as delivered because VoiceDrive's list had it: only the answer was lost.
    pub has_arrived: bool,
    /// Every attempt, the first one first.
    pub attempts: Vec<AttemptRecord>,
}

/// One page of a list, newest first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventPage {
    /// The events.
    pub items: Vec<EventSummary>,
    /// Where the next page begins: pass it as `before`. None when this was the last page.
    pub next: Option<i64>,
}

/// Something that happened to an event: it was accepted, or an attempt has ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventChange {
    /// The moment at which it happened.
    pub at: Timestamp,
    /// The event with the state of its delivery now.
    pub event: EventSummary,
    /// The attempt that has ended; none when the event was accepted.
    pub attempt: Option<AttemptRecord>,
}

/// How far a reader of changes has read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ChangePosition {
    /// The last accepted event that was read.
    pub event: i64,
    /// The last attempt that was read.
    pub attempt: i64,
}
