//! Room on the disk that is held back: when the disk is full it is given up, so that the results
//! of what is under way can still be kept. New events are refused until there is room for it again.

use crate::clock::Clock;
use crate::store::Store;
use std::time::Duration;

/// Between two looks at the disk while it is full.
const EVERY: Duration = Duration::from_secs(5);

/// Takes the room back when the pinch is over.
pub struct ReserveKeeper {
    store: Store,
    clock: Clock,
    next: Duration,
}

impl ReserveKeeper {
    /// Looks after the reserve of `store`.
    #[must_use]
    pub fn new(store: Store, clock: Clock) -> Self {
        Self {
            store,
            clock,
            next: Duration::ZERO,
        }
    }

    /// Takes the room back when there is enough of it.
    pub async fn step(&mut self) {
        let now = self.clock.monotonic();
        if !self.store.pinched() || now < self.next {
            return;
        }
        self.next = now + EVERY;
        let store = self.store.clone();
        let taken = tokio::task::spawn_blocking(move || store.take_reserve()).await;
        if matches!(taken, Ok(true)) {
            tracing::info!("there is room on the disk again: events are accepted");
        }
    }
}
