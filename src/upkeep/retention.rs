//! Purging what is old: deliveries that are finished, with their attempts, in small batches.

use std::time::Duration;

use crate::clock::{Clock, JumpWatch};
use crate::store::purge::{self, Purged};
use crate::store::{Store, StoreError};
use crate::timestamp::Timestamp;

/// Between two purges.
const EVERY: Duration = Duration::from_hours(1);
/// A clock that shows a day this much later than the last one that is known of may be wrong: at the
/// start of a machine with a flat battery, for example. Nothing is purged by it at once.
const STRANGE: Duration = Duration::from_hours(24 * 7);
/// How long a strange clock has to go on before it is believed.
const BELIEVED: Duration = Duration::from_hours(24);
/// After each batch, so many times its length is left to others.
const PAUSE: u32 = 10;

/// Purges every hour.
pub struct Retention {
    store: Store,
    clock: Clock,
    kept: Duration,
    /// The next purge (monotonic).
    next: Duration,
    watch: JumpWatch,
}

impl Retention {
    /// Purges what was finished more than `days` days ago. `last_seen` is the newest moment that
    /// the database knows.
    #[must_use]
    pub fn new(store: Store, clock: Clock, days: u64, last_seen: Option<Timestamp>) -> Self {
        let now = clock.monotonic();
        let strange = last_seen.is_some_and(|seen| clock.now().since(seen) > STRANGE);
        if strange {
            tracing::info!(
                "the clock is more than a week ahead of what was kept last; nothing is purged for a day, in case it is wrong"
            );
        }
        Self {
            next: if strange { now + BELIEVED } else { now },
            watch: JumpWatch::new(&clock),
            store,
            clock,
            kept: Duration::from_hours(24 * days),
        }
    }

    /// Purges when an hour is over.
    pub async fn step(&mut self) {
        let now = self.clock.monotonic();
        let jumped = self.watch.look(&self.clock);
        if jumped.is_some_and(|jump| u128::from(jump.unsigned_abs()) > STRANGE.as_millis()) {
            self.next = now + BELIEVED;
        }
        if now < self.next {
            return;
        }
        self.next = now + EVERY;
        match self.purge().await {
            Ok(0) => {}
            Ok(events) => tracing::info!(
                events,
                "what is older than storage.retention_days was purged"
            ),
            Err(error) => tracing::warn!(%error, "purging stopped; it goes on in an hour"),
        }
    }

    async fn purge(&self) -> Result<u64, StoreError> {
        let before = self.clock.now().before(self.kept);
        let mut events = 0;
        let mut after = 0;
        loop {
            let began = self.clock.monotonic();
            let step: Purged = self
                .store
                .write(move |connection| purge::step(connection, before, after))
                .await?;
            events += step.events;
            let took = self.clock.monotonic().saturating_sub(began);
            tokio::time::sleep(took * PAUSE).await;
            match step.next {
                Some(next) => after = next,
                None if events == 0 => return Ok(0),
                None => break,
            }
        }
        loop {
            let began = self.clock.monotonic();
            let left: u64 = self.store.write(purge::give_back).await?;
            if left == 0 {
                return Ok(events);
            }
            let took = self.clock.monotonic().saturating_sub(began);
            tokio::time::sleep(took * PAUSE).await;
        }
    }
}
