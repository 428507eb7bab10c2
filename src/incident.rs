//! What an admin is told about: a condition that began to hold, and is over at some time. One
//! incident is one beginning and one end, however many deliveries it counts.

mod digests;
mod finding;
mod kind;
mod thresholds;

use std::time::Duration;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::cause::Cause;
use crate::event::Status;
use crate::timestamp::Timestamp;
pub use digests::Digests;
pub use finding::{Finding, StatusCount};
pub use kind::Kind;
pub use thresholds::Thresholds;

/// What a message says of its incident (contract, section 10).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// It began.
    Opened,
    /// It lasts.
    Ongoing,
    /// It is over.
    Resolved,
}

impl State {
    /// The word of the contract.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Opened => "opened",
            Self::Ongoing => "ongoing",
            Self::Resolved => "resolved",
        }
    }
}

/// What is known of an incident at one moment: everything that a message about it says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// Its id.
    pub id: String,
    /// The condition that it is about.
    pub kind: Kind,
    /// The route's or token's name; empty for what concerns the whole daemon.
    pub subject: String,
    /// When it began.
    pub opened_at: Timestamp,
    /// The moment for which this report was made.
    pub at: Timestamp,
    /// What was found last.
    pub finding: Finding,
    /// The deliveries that it counts, or the number that was found.
    pub count: u64,
    /// Of these, delivered after all.
    pub delivered: u64,
    /// Of these, dismissed by a person.
    pub dismissed: u64,
    /// Of these, purged before they were settled: nobody will know what became of them.
    #[serde(default)]
    pub purged: u64,
    /// Deliveries that wait for a person: of the route of a partner that is or was away, else of all.
    pub exhausted: u64,
    /// The oldest event that still waits for its end.
    pub oldest_event_id: Option<String>,
    /// The types of those events, some of them.
    pub event_types: Vec<String>,
    /// Since when the condition does not hold any more; none: it holds, or it is over.
    pub clear_since: Option<Timestamp>,
}

impl Report {
    /// Why sending fails, or has failed last, when it is about that.
    #[must_use]
    pub fn cause(&self) -> Option<Cause> {
        match &self.finding {
            Finding::Deliveries { cause, .. } | Finding::Away { cause, .. } => Some(*cause),
            _ => None,
        }
    }

    /// Of the deliveries that it counts, those that have neither arrived nor been dismissed, and can still do so.
    #[must_use]
    pub fn open(&self) -> u64 {
        let settled = self.delivered + self.dismissed + self.purged;
        self.count.saturating_sub(settled)
    }

    /// Whether it is what an outage brings about.
    #[must_use]
    pub fn is_of_outage(&self) -> bool {
        self.cause().is_some_and(Cause::is_outage)
    }

    /// Whether its numbers are those of every route together.
    #[must_use]
    pub fn counts_every_route(&self) -> bool {
        match self.kind {
            Kind::SuccessRateLow | Kind::QueueLong => true,
            Kind::OnHold => self.route().is_none(),
            _ => false,
        }
    }

    /// The route that it is about; none for what concerns the whole daemon, or a token.
    #[must_use]
    pub fn route(&self) -> Option<&str> {
        let is_route = self.kind != Kind::TokenEnding && !self.subject.is_empty();
        is_route.then_some(&self.subject)
    }
}

/// A condition that was found to hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Observation {
    /// The condition.
    pub kind: Kind,
    /// The route's or token's name; empty for what concerns the whole daemon.
    pub subject: String,
    /// What was found.
    pub finding: Finding,
}

/// What was found when everything was looked at.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Evaluation {
    /// The kinds that were judged: what `holding` does not name of them does not hold. Incidents of other kinds are
    /// left alone.
    pub judged: Vec<Kind>,
    /// The conditions that hold.
    pub holding: Vec<Observation>,
    /// Kinds covered by another incident: neither closed nor repeated.
    pub undecided: Vec<Kind>,
    /// The routes that the configuration has.
    pub routes: Vec<String>,
}

/// The statuses of refusals.
pub const REFUSALS: [u16; 7] = [400, 401, 403, 404, 410, 413, 422];

/// The answers that are retried like the rest, and that a person must act on all the same
/// (contract, section 10).
#[must_use]
pub fn is_refusal(status: u16) -> bool {
    REFUSALS.contains(&status)
}

/// How long a condition must not hold until its incident is over: one that comes and goes is one incident.
pub const CLEAR_FOR: Duration = Duration::from_mins(5);

/// The incidents that a failed attempt begins or joins: each with the number of deliveries from which on it
/// is told.
#[must_use]
pub fn joined_by(
    http_status: Option<u16>,
    status: Status,
    thresholds: &Thresholds,
) -> Vec<(Kind, u64)> {
    let refused = http_status.is_some_and(is_refusal);
    let exhausted = status == Status::Exhausted;
    [
        (refused, Kind::PartnerRefuses, thresholds.refused),
        (exhausted, Kind::DeliveriesExhausted, thresholds.exhausted),
    ]
    .into_iter()
    .filter_map(|(joins, kind, threshold)| joins.then_some((kind, threshold)))
    .collect()
}

/// An incident as a reader sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Incident {
    /// What is known of it now.
    pub report: Report,
    /// When it ended; none: it lasts.
    pub closed_at: Option<Timestamp>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_and_an_exhaustion_are_two_incidents_and_any_other_failure_is_none() {
        let limits = Thresholds {
            refused: 3,
            exhausted: 7,
            ..Thresholds::default()
        };
        let joined = |code, status| joined_by(code, status, &limits);
        assert_eq!(joined(Some(503), Status::Retrying), []);
        assert_eq!(
            joined(None, Status::Exhausted),
            [(Kind::DeliveriesExhausted, 7)]
        );
        assert_eq!(
            joined(Some(401), Status::Retrying),
            [(Kind::PartnerRefuses, 3)]
        );
        assert_eq!(joined(Some(401), Status::Exhausted).len(), 2);
    }

    #[test]
    fn words_are_the_contracts() {
        for kind in Kind::ALL {
            assert_eq!(Kind::from_word(kind.as_str()), Some(kind));
            assert_eq!(serde_json::json!(kind), kind.as_str());
        }
        for state in [State::Opened, State::Ongoing, State::Resolved] {
            assert_eq!(serde_json::json!(state), state.as_str());
        }
    }
}
