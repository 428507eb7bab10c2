//! Whether a part of the daemon still moves.
//!
//! A part that is about to wait announces when it will move again at the latest. One that is late
//! hangs. `/api/health` and the watchdog read this, and reading it costs next to nothing.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// The time that a part announced last. Cheap to clone and shared by the part and those who check it.
#[derive(Clone, Debug, Default)]
pub struct Liveness(Arc<AtomicU64>);

impl Liveness {
    /// Announces that the part moves again at `moment` (monotonic) at the latest.
    pub fn set_deadline(&self, moment: Duration) {
        let milliseconds = u64::try_from(moment.as_millis()).unwrap_or(u64::MAX);
        self.0.store(milliseconds, Ordering::Relaxed);
    }

    /// Whether the announced time is over at `now` (monotonic).
    #[must_use]
    pub fn is_overdue(&self, now: Duration) -> bool {
        now.as_millis() > u128::from(self.0.load(Ordering::Relaxed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_is_late_when_its_promise_is_over() {
        let liveness = Liveness::default();
        let seen = liveness.clone();
        liveness.set_deadline(Duration::from_secs(10));
        assert!(!seen.is_overdue(Duration::from_secs(10)));
        assert!(seen.is_overdue(Duration::from_millis(10_001)));
    }
}
