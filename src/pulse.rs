//! Whether a part of the daemon still moves.
//!
//! A part that is about to wait promises by when it will be back at the latest. One that is late
//! hangs: that is what `/api/health` and a watchdog want to know, and it costs nothing to ask.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// A part's last promise. Cheap to clone; the part and those who look at it share it.
#[derive(Clone, Debug, Default)]
pub struct Pulse(Arc<AtomicU64>);

impl Pulse {
    /// The part will be back at `moment` (monotonic) at the latest.
    pub fn promise(&self, moment: Duration) {
        let milliseconds = u64::try_from(moment.as_millis()).unwrap_or(u64::MAX);
        self.0.store(milliseconds, Ordering::Relaxed);
    }

    /// Whether the part should have been back before `now` (monotonic).
    #[must_use]
    pub fn is_late(&self, now: Duration) -> bool {
        now.as_millis() > u128::from(self.0.load(Ordering::Relaxed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_is_late_when_its_promise_is_over() {
        let pulse = Pulse::default();
        let seen = pulse.clone();
        pulse.promise(Duration::from_secs(10));
        assert!(!seen.is_late(Duration::from_secs(10)));
        assert!(seen.is_late(Duration::from_millis(10_001)));
    }
}
