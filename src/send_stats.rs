//! Counts of sends (contract, sections 6.1 and 6.3), and what an attempt changes in them.

use std::collections::BTreeMap;

use crate::attempt::Outcome;
use crate::timestamp::Timestamp;

/// The deliveries of one event type whose first send lies in the period, by their state now.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SendCounts {
    /// All of them.
    pub sent: u64,
    /// Those whose last attempt was a success.
    pub succeeded: u64,
    /// Those whose last attempt failed, without the timeouts.
    pub failed: u64,
    /// Those whose last attempt timed out.
    pub timeout: u64,
    /// Those with at least one retry.
    pub retried: u64,
    /// The sum of the durations of the successful ones' last attempts, in milliseconds.
    pub successful_ms: u64,
}

impl SendCounts {
    /// The mean of the successful in milliseconds, rounded half up; 0 when there is none.
    #[must_use]
    pub fn mean_successful_ms(&self) -> u64 {
        (self.successful_ms * 2 + self.succeeded)
            .checked_div(self.succeeded * 2)
            .unwrap_or(0)
    }
}

impl From<SendChange> for SendCounts {
    /// The counts that changes add up to. Nothing falls below zero: counts that are wrong are for `check` to find,
    /// and no reason to answer nothing.
    fn from(sum: SendChange) -> Self {
        let count = |sum: i64| u64::try_from(sum).unwrap_or(0);
        Self {
            sent: count(sum.sent),
            succeeded: count(sum.succeeded),
            failed: count(sum.failed),
            timeout: count(sum.timeout),
            retried: count(sum.retried),
            successful_ms: count(sum.successful_ms),
        }
    }
}

/// What one delivery, or many, change in the counts. A sum of changes may be below zero on its way: what is taken away
/// from a larger slot can come before what is given back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SendChange {
    /// See [`SendCounts`], like the fields after it.
    pub sent: i64,
    /// By the last attempt.
    pub succeeded: i64,
    /// By the last attempt.
    pub failed: i64,
    /// By the last attempt.
    pub timeout: i64,
    /// With at least one retry.
    pub retried: i64,
    /// The sum of the successful ones' last attempts, in milliseconds.
    pub successful_ms: i64,
}

/// The state of a delivery, as far as it is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SendState {
    /// How the last attempt ended.
    pub outcome: Outcome,
    /// Whether there was a retry.
    pub retried: bool,
    /// Milliseconds that the last attempt took.
    pub processing_ms: i64,
}

impl SendState {
    /// The changes that it makes in the counts.
    #[must_use]
    pub fn counted(self) -> SendChange {
        let success = self.outcome == Outcome::Success;
        SendChange {
            sent: 1,
            succeeded: i64::from(success),
            failed: i64::from(self.outcome == Outcome::Failed),
            timeout: i64::from(self.outcome == Outcome::Timeout),
            retried: i64::from(self.retried),
            successful_ms: if success { self.processing_ms } else { 0 },
        }
    }
}

impl SendChange {
    /// Adds other changes, or with a `sign` of -1 takes them away.
    pub fn add(&mut self, other: &Self, sign: i64) {
        self.sent += sign * other.sent;
        self.succeeded += sign * other.succeeded;
        self.failed += sign * other.failed;
        self.timeout += sign * other.timeout;
        self.retried += sign * other.retried;
        self.successful_ms += sign * other.successful_ms;
    }
}

impl std::ops::Sub for SendChange {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        Self {
            sent: self.sent - other.sent,
            succeeded: self.succeeded - other.succeeded,
            failed: self.failed - other.failed,
            timeout: self.timeout - other.timeout,
            retried: self.retried - other.retried,
            successful_ms: self.successful_ms - other.successful_ms,
        }
    }
}

/// The rows of the retry queue by their status.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct QueueCounts {
    /// A retry is scheduled.
    pub pending: u64,
    /// A retry is under way.
    pub processing: u64,
    /// The partner has it after all.
    pub completed: u64,
    /// Exhausted.
    pub failed: u64,
    /// Exhausted, and dismissed by a person: no answer counts them among the failed.
    pub dismissed: u64,
}

impl QueueCounts {
    /// Adds those of another route.
    pub fn add(&mut self, other: &Self) {
        self.pending += other.pending;
        self.processing += other.processing;
        self.completed += other.completed;
        self.failed += other.failed;
        self.dismissed += other.dismissed;
    }
}

/// Which deliveries are counted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SendFilter {
    /// Those whose first send lies at this moment or later.
    pub from: Timestamp,
    /// And at this moment or earlier.
    pub to: Timestamp,
    /// Only those of this event type.
    pub event_type: Option<String>,
    /// Only those that took one of these routes.
    pub routes: Option<Vec<String>>,
}

impl SendFilter {
    /// Everything of a period.
    #[must_use]
    pub fn period(from: Timestamp, to: Timestamp) -> Self {
        Self {
            from,
            to,
            event_type: None,
            routes: None,
        }
    }

    /// Whether deliveries of this route are counted.
    #[must_use]
    pub fn counts(&self, route: &str) -> bool {
        let routes = self.routes.as_ref();
        routes.is_none_or(|routes| routes.iter().any(|counted| counted == route))
    }
}

/// One consistent picture of the sends of a period.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SendStats {
    /// All types together.
    pub total: SendCounts,
    /// Each type that was sent in the period.
    pub by_type: BTreeMap<String, SendCounts>,
    /// The latest first send in the period.
    pub last_sent_at: Option<Timestamp>,
    /// The whole queue.
    pub queue: QueueCounts,
}
