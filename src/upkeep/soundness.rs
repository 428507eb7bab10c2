//! Examines the whole database once a day, so that damage is found while there still is a good copy, and not years
//! later when the lost part is needed.

use std::time::Duration;

use tokio::sync::watch;

use super::next_look;
use crate::clock::Clock;
use crate::store::Store;
use crate::store::file::Depth;

/// The time between the start and the first examination.
const FIRST: Duration = Duration::from_hours(1);
/// The time between two examinations.
const EVERY: Duration = Duration::from_hours(24);
/// After each part the examination pauses for this many times the part's duration.
const PAUSE: u32 = 10;

/// Looks once a day.
pub struct Soundness {
    store: Store,
    clock: Clock,
    /// The next look (monotonic).
    next: Duration,
}

impl Soundness {
    /// Looks after this database.
    #[must_use]
    pub fn new(store: Store, clock: Clock) -> Self {
        Self {
            next: clock.monotonic() + FIRST,
            store,
            clock,
        }
    }

    /// Looks until `stop` becomes true.
    pub async fn run(mut self, mut stop: watch::Receiver<bool>) {
        loop {
            tokio::select! {
                () = self.step() => {}
                _ = stop.wait_for(|stop| *stop) => return,
            }
            if !next_look(&mut stop).await {
                return;
            }
        }
    }

    /// Looks through all of it when it is time. What is found is in health, in `status` and in the alerts.
    pub async fn step(&mut self) {
        if self.clock.monotonic() < self.next {
            return;
        }
        let mut from = Some(0);
        while let Some(part) = from {
            let began = self.clock.monotonic();
            from = match self.store.check_part(part, Depth::Quick).await {
                Ok(look) => look.next,
                Err(error) => {
                    tracing::warn!(%error, "the database could not be looked through; it is tried again tomorrow");
                    None
                }
            };
            let took = self.clock.monotonic().saturating_sub(began);
            tokio::time::sleep(took * PAUSE).await;
        }
        self.next = self.clock.monotonic() + EVERY;
    }
}
