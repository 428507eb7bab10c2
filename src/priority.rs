//! The priority of work that must not slow down accepting.

use std::thread;
use std::time::Duration;

use crate::clock::Clock;

/// By how much it is lowered: Linux gives such a thread about a tenth of the others' share of a busy processor.
const NICENESS: i32 = 10;

/// How long throttled work runs, and how long it rests then. Whatever its priority, Linux lets a thread run for up to 3 ms
/// before another one that wakes up has its turn; a thread that rests earlier holds up nobody for so long.
const BURST: Duration = Duration::from_micros(300);
const REST: Duration = Duration::from_micros(100);

/// Lowers the priority of the calling thread, and of those that it starts afterwards. There is no way back.
pub fn lower() {
    // Where the system refuses it, the work is done all the same.
    let _ = rustix::process::nice(NICENESS);
}

/// Lets long work run in short bursts.
pub struct Throttle {
    /// When the burst began, by the clock that only goes forward.
    began: Duration,
}

impl Throttle {
    /// A burst begins.
    #[must_use]
    pub fn start() -> Self {
        Self {
            began: Clock::System.monotonic(),
        }
    }

    /// Rests when the burst was long enough. It is called after each small piece of work.
    pub fn rest_when_due(&mut self) {
        if self.is_due(Clock::System.monotonic()) {
            thread::sleep(REST);
            self.began = Clock::System.monotonic();
        }
    }

    fn is_due(&self, now: Duration) -> bool {
        now.saturating_sub(self.began) >= BURST
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rest_is_due_after_a_burst() {
        let mut throttle = Throttle {
            began: Duration::from_secs(1),
        };
        assert!(!throttle.is_due(throttle.began));
        assert!(!throttle.is_due(throttle.began + BURST / 2));
        assert!(throttle.is_due(throttle.began + BURST));
        // It began just now.
        throttle = Throttle::start();
        assert!(!throttle.is_due(throttle.began));
    }
}
