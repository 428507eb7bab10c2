//! Stores the position of the relay's own time axis as soon as the wall clock was set: after a crash the next start
//! continues from there.

use tokio::sync::watch;

use super::next_look;
use crate::clock::Clock;
use crate::store::Store;

/// Looks for steps of the wall clock.
pub struct Timekeeper {
    store: Store,
    clock: Clock,
}

impl Timekeeper {
    /// Looks at `clock`.
    #[must_use]
    pub fn new(store: Store, clock: Clock) -> Self {
        Self { store, clock }
    }

    /// Looks until `stop` becomes true.
    pub async fn run(self, mut stop: watch::Receiver<bool>) {
        while next_look(&mut stop).await {
            self.step().await;
        }
    }

    /// One look.
    pub async fn step(&self) {
        if let Err(error) = self.store.keep_step(self.clock.moment()).await {
            tracing::debug!(%error, "that the clock was set could not be kept; it will be tried again");
        }
    }
}
