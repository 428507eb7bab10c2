//! Stores the position of the relay's own time axis as soon as the wall clock was set: after a crash the next start
//! continues from there. The log says that it was set: the times of its lines do not fit together then.

use std::time::Duration;

use tokio::sync::watch;

use super::next_look;
use crate::clock::{Clock, Moment};
use crate::store::Store;

/// A smaller step is what keeps a clock right.
const TOLD: Duration = Duration::from_mins(1);

/// Looks for steps of the wall clock.
pub struct Timekeeper {
    store: Store,
    clock: Clock,
    seen: Moment,
}

impl Timekeeper {
    /// Looks at `clock`.
    #[must_use]
    pub fn new(store: Store, clock: Clock) -> Self {
        let seen = clock.moment();
        Self { store, clock, seen }
    }

    /// Looks until `stop` becomes true.
    pub async fn run(mut self, mut stop: watch::Receiver<bool>) {
        while next_look(&mut stop).await {
            self.step().await;
        }
    }

    /// One look.
    pub async fn step(&mut self) {
        let moment = self.clock.moment();
        if let Some(seconds) = set_between(self.seen, moment) {
            tracing::warn!(
                seconds,
                "the clock was set: the times of the lines before this one do not fit to those after it. What waits goes on waiting as long as it would have"
            );
        }
        self.seen = moment;
        if let Err(error) = self.store.keep_step(moment).await {
            tracing::debug!(%error, "that the clock was set could not be kept; it will be tried again");
        }
    }
}

/// By how many seconds the wall clock was set between two moments, when that is worth a line; negative: back.
fn set_between(before: Moment, now: Moment) -> Option<i64> {
    let passed = now.monotonic.saturating_sub(before.monotonic);
    let expected = before.wall.after(passed).unix_ms();
    let ahead_ms = now.wall.unix_ms().saturating_sub(expected);
    let is_told = u128::from(ahead_ms.unsigned_abs()) >= TOLD.as_millis();
    is_told.then_some(ahead_ms / 1000)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::timestamp::Timestamp;

    #[test]
    fn a_clock_that_was_set_is_told_and_one_that_goes_on_is_not() {
        let clock = Clock::manual(Timestamp::from_unix_ms(1_761_489_000_000));
        let start = clock.moment();
        clock.advance(Duration::from_hours(30));
        assert_eq!(set_between(start, clock.moment()), None);
        let before = clock.moment();
        for (to, told) in [
            (before.wall.after(Duration::from_secs(59)), None),
            (before.wall.after(Duration::from_hours(24)), Some(86_400)),
            (before.wall.before(Duration::from_hours(48)), Some(-172_800)),
        ] {
            clock.set(to);
            assert_eq!(set_between(before, clock.moment()), told);
        }
    }
}
