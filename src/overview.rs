//! How it is going: everything that is known at one moment, read in one transaction.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use crate::attempt::Outcome;
use crate::hold::Hold;
use crate::incident::{Incident, Kind};
use crate::send_stats::{QueueCounts, SendCounts};
use crate::timestamp::Timestamp;
use crate::token::LiveToken;

/// One picture of the whole store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Overview {
    /// Events by what has become of them.
    pub events: EventTotals,
    /// The retry queue.
    pub queue: QueueCounts,
    /// The same of each route.
    pub queues: BTreeMap<String, QueueCounts>,
    /// What waits on each route that something waits on.
    pub waiting: Vec<Waiting>,
    /// When the last attempt began, and how it ended.
    pub last_attempt: Option<(Timestamp, Outcome)>,
    /// Bytes of the database's file.
    pub database_bytes: u64,
    /// Deliveries whose first send lies in the last seven days, to the hour, and all that are kept.
    pub sent: (u64, u64),
    /// How often kept events were handed in again.
    pub repeats: u64,
    /// The newest open incidents.
    pub incidents: Vec<Incident>,
    /// How many incidents of each kind are open; none of those that are not there.
    pub open_incidents: HashMap<Kind, u64>,
    /// Alert channels that cannot be reached, by their keys, with the reason.
    pub failing_channels: Vec<(String, String)>,
    /// The routes that are on hold.
    pub holds: Vec<Hold>,
    /// When each route was compared last with the partner's list, of those that were.
    pub comparisons: Vec<(String, Timestamp)>,
}

/// Nobody plans further ahead, and nothing goes on as in the last week for so long.
const FARTHEST_FORECAST_DAYS: u64 = 3650;

impl Overview {
    /// In how many days the disk is full, of which so many bytes are free, when everything goes on as in the last seven
    /// days; none when nothing is known of that yet, and when it is beyond any forecast.
    #[must_use]
    pub fn full_in_days(&self, free: u64) -> Option<u64> {
        let (of_week, of_all) = self.sent;
        let each = self.database_bytes.checked_div(of_all)?;
        let days = (free.saturating_mul(7)).checked_div(each.saturating_mul(of_week))?;
        (days <= FARTHEST_FORECAST_DAYS).then_some(days)
    }
}

/// What waits on one route.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// The route's name.
    pub route: String,
    /// Events that wait on it.
    pub events: u64,
    /// When the next attempt is due, if the route leads anywhere and its hold has an end.
    pub due_at: Option<Timestamp>,
}

/// How sending goes on one route, for people.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RouteOverview {
    /// The route's name.
    pub route: String,
    /// Deliveries whose first send lies in the last 24 hours.
    pub sends: SendCounts,
    /// Events that wait for their first attempt.
    pub accepted: u64,
    /// Deliveries that wait for a retry.
    pub retrying: u64,
    /// Deliveries that wait for a person.
    pub exhausted: u64,
    /// Of all that are kept, those that have arrived.
    pub delivered: u64,
    /// Those that were exhausted, and that a person dismissed.
    pub dismissed: u64,
    /// When the next attempt is due.
    pub due_at: Option<Timestamp>,
    /// When a delivery arrived last.
    pub delivered_at: Option<Timestamp>,
    /// Of those that wait for a retry, those that had arrived: a person wants them sent again.
    pub resent: Resent,
    /// What an outage has left, of what waits for a person.
    pub left: LeftByOutage,
}

/// Deliveries that had arrived and are to be sent again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Resent {
    /// All of them.
    pub all: u64,
    /// Those whose first send lies in the last 24 hours.
    pub of_day: u64,
}

/// What an outage has left on one route, and how far sending it again is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LeftByOutage {
    /// Deliveries that wait for a person because the receiver was away.
    pub exhausted: u64,
    /// When the oldest of them were tried last.
    pub tried_at: Option<Timestamp>,
    /// The last attempt of the route has failed as in an outage.
    pub is_away: bool,
    /// What is done about it.
    pub recovery: RecoveryStep,
}

/// How far it is to send again what an outage has left on a route.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RecoveryStep {
    /// Nobody has begun.
    #[default]
    None,
    /// One is being sent, to see whether the receiver is back.
    Probing,
    /// The receiver is back, and the rest is being sent.
    Following,
}

/// Events by what has become of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct EventTotals {
    /// Accepted: they wait for their first attempt.
    pub accepted: u64,
    /// Retrying: they wait for a retry.
    pub retrying: u64,
    /// Delivered.
    pub delivered: u64,
    /// Exhausted: they wait for a person.
    pub exhausted: u64,
    /// Dismissed: they were exhausted, and a person said that nothing more is to be done.
    pub dismissed: u64,
}

/// The numbers that an evaluation of alerts reads from the store.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Vitals {
    /// Each route that something was sent on, or waits for.
    pub routes: Vec<RouteVitals>,
    /// Bytes of the database's file.
    pub database_bytes: u64,
    /// The valid tokens that have an end.
    pub tokens: Vec<LiveToken>,
    /// Until when the deliveries of each route are confirmed by the partner's list, of those that were compared.
    pub confirmed_until: Vec<(String, Timestamp)>,
    /// Whether an incident is open.
    pub incident_open: bool,
}

/// How sending goes on one route. For an hour after the end of an outage, only what came after it counts: the rest was
/// told with the outage.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RouteVitals {
    /// The route's name.
    pub route: String,
    /// Deliveries whose first send lies in the last hour, and how many of them have succeeded.
    pub sends: (u64, u64),
    /// Deliveries that are still to be sent.
    pub waiting: u64,
    /// How long the oldest of them has been due.
    pub overdue: Duration,
    /// Its attempts fail as they do in an outage.
    pub absence: Option<Absence>,
}

/// What is known of a partner whose attempts fail as they do in an outage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Absence {
    /// They have failed for this long, and nobody was told.
    Suspected(Duration),
    /// It was told.
    Told,
}
