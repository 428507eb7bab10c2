//! A delivery whose next attempt is due: what the store gives to those who send.

use std::sync::Arc;
use std::time::Duration;

use crate::timestamp::Timestamp;

/// One delivery whose next attempt is due.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DueDelivery {
    /// The event's place in the order of acceptance.
    pub seq: i64,
    /// The event's id and its `X-Request-ID`.
    pub id: String,
    /// The route that it takes.
    pub route: Arc<str>,
    /// The event's name.
    pub event_type: String,
    /// When it happened.
    pub event_timestamp: Timestamp,
    /// The payload. It is shared, never copied, between those who keep it and those who send it.
    pub data: Arc<str>,
    /// Since when it is due, as the store reckons. A person who sends it again makes it another moment.
    pub due_ms: i64,
    /// Which attempt this will be, from 1, over all rounds.
    pub attempt: u32,
    /// It need not be asked whether it is its turn among the events of its person.
    pub in_turn: bool,
}

/// What is due on a route at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DueDeliveries {
    /// The deliveries, the longest due first.
    pub due: Vec<DueDelivery>,
    /// More is due, or may be.
    pub more: bool,
    /// How long until the next one that is not due yet, or until the hold of the route ends; none: nothing waits for a
    /// time.
    pub next_in: Option<Duration>,
    /// The route is on hold, so nothing of it is due.
    pub held: bool,
    /// What an outage has left on the route follows, so whose turn it is may have changed since a delivery became due.
    pub follows: bool,
}
