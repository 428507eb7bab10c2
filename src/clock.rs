//! The only place that asks what time it is.
//!
//! Everything else is told. The wall clock says when something happened and when it is due; the
//! monotonic clock measures how long something took, because a wall clock may jump.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use crate::timestamp::Timestamp;

/// What both clocks showed at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    /// The time of day, by the wall clock.
    pub wall: Timestamp,
    /// The monotonic clock, by which waits are measured.
    pub monotonic: Duration,
}

impl Moment {
    /// The moment that is `span` later by both clocks.
    #[must_use]
    pub fn after(self, span: Duration) -> Self {
        Self {
            wall: self.wall.after(span),
            monotonic: self.monotonic.saturating_add(span),
        }
    }
}

/// A source of time: the machine's, or one that is set by hand.
#[derive(Clone, Debug)]
pub enum Clock {
    /// The machine's own clocks.
    System,
    /// A clock that only its holder moves. Tests use it to wait half an hour in no time.
    Manual(Arc<ManualClock>),
}

/// A clock that is moved by hand: milliseconds since the Unix epoch, by both of its clocks.
#[derive(Debug)]
pub struct ManualClock {
    wall: AtomicI64,
    monotonic: AtomicI64,
    /// How far each reading of the monotonic clock moves both, in milliseconds.
    each_reading: AtomicI64,
}

impl Clock {
    /// A clock that stands still at `start` until it is moved.
    #[must_use]
    pub fn manual(start: Timestamp) -> Self {
        Self::Manual(Arc::new(ManualClock {
            wall: AtomicI64::new(start.unix_ms()),
            monotonic: AtomicI64::new(start.unix_ms()),
            each_reading: AtomicI64::new(0),
        }))
    }

    /// Moves a clock that is set by hand forward. The machine's clock cannot be moved.
    pub fn advance(&self, span: Duration) {
        if let Self::Manual(manual) = self {
            let span = i64::try_from(span.as_millis()).unwrap_or(i64::MAX);
            manual.wall.fetch_add(span, Ordering::SeqCst);
            manual.monotonic.fetch_add(span, Ordering::SeqCst);
        }
    }

    /// From now on, whatever is measured with a clock that is set by hand takes this long at least. The machine's clock
    /// does not change.
    pub fn measures_at_least(&self, span: Duration) {
        if let Self::Manual(manual) = self {
            let span = i64::try_from(span.as_millis()).unwrap_or(i64::MAX);
            manual.each_reading.store(span, Ordering::SeqCst);
        }
    }

    /// Sets the wall clock of a clock that is set by hand, without any time passing: as an admin
    /// does it, or a time server. The machine's clock cannot be set.
    pub fn set(&self, moment: Timestamp) {
        if let Self::Manual(manual) = self {
            manual.wall.store(moment.unix_ms(), Ordering::SeqCst);
        }
    }

    /// The wall clock's time.
    #[must_use]
    #[allow(clippy::disallowed_methods, reason = "this is the one place that asks")]
    pub fn now(&self) -> Timestamp {
        match self {
            Self::System => Timestamp::from_unix_ms(chrono::Utc::now().timestamp_millis()),
            Self::Manual(manual) => Timestamp::from_unix_ms(manual.wall.load(Ordering::SeqCst)),
        }
    }

    /// What both clocks show now.
    #[must_use]
    pub fn moment(&self) -> Moment {
        Moment {
            wall: self.now(),
            monotonic: self.monotonic(),
        }
    }

    /// Time that only moves forward, counted from a fixed but unknown moment. Only the difference
    /// of two such values means anything.
    #[must_use]
    pub fn monotonic(&self) -> Duration {
        static START: OnceLock<Instant> = OnceLock::new();
        match self {
            Self::System => START.get_or_init(Instant::now).elapsed(),
            Self::Manual(manual) => {
                let step = manual.each_reading.load(Ordering::SeqCst);
                let milliseconds = manual.monotonic.fetch_add(step, Ordering::SeqCst);
                manual.wall.fetch_add(step, Ordering::SeqCst);
                Duration::from_millis(u64::try_from(milliseconds).unwrap_or(0))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_by_hand_moves_only_when_moved() {
        let clock = Clock::manual(Timestamp::from_unix_ms(1_000));
        let other = clock.clone();
        assert_eq!(clock.now(), clock.now());
        clock.advance(Duration::from_mins(30));
        assert_eq!(other.now(), Timestamp::from_unix_ms(1_801_000));
        assert_eq!(other.monotonic(), Duration::from_secs(1801));
    }

    #[test]
    fn what_is_measured_takes_as_long_as_was_said() {
        let clock = Clock::manual(Timestamp::from_unix_ms(1_000));
        clock.measures_at_least(Duration::from_secs(10));
        let began = clock.moment();
        clock.measures_at_least(Duration::ZERO);
        let took = clock.monotonic() - began.monotonic;
        assert_eq!(took, Duration::from_secs(10));
        assert_eq!(clock.now(), began.wall.after(took));
        assert_eq!(clock.monotonic(), clock.monotonic());
    }

    #[test]
    fn monotonic_time_does_not_go_back() {
        let earlier = Clock::System.monotonic();
        assert!(Clock::System.monotonic() >= earlier);
    }
}
