//! Whether the database's file is still in its place. When it is gone, nothing more is accepted, and what only the
//! open file has is copied out before anything else can happen to it.

use std::time::Duration;

use tokio::sync::watch;

use super::next_look;
use crate::clock::Clock;
use crate::store::Store;

/// Between two tries to copy out what only the open file has.
const RESCUE_AGAIN: Duration = Duration::from_mins(1);

/// Looks every second.
pub struct PlaceKeeper {
    store: Store,
    clock: Clock,
    /// When the next copy may be tried (monotonic), after one that failed.
    not_before: Option<Duration>,
}

impl PlaceKeeper {
    /// Looks after the file of this database.
    #[must_use]
    pub fn new(store: Store, clock: Clock) -> Self {
        Self {
            store,
            clock,
            not_before: None,
        }
    }

    /// Looks after it until `stop` becomes true.
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

    /// One look, and a copy when the file is gone and there is none yet.
    pub async fn step(&mut self) {
        let file = self.store.file().clone();
        // A disk may take long to say what is there; the next look asks again.
        let looked = tokio::task::spawn_blocking(move || file.is_in_place()).await;
        if looked.unwrap_or(true) {
            self.not_before = None;
            return;
        }
        let moment = self.clock.moment();
        let waits = self.not_before.is_some_and(|at| moment.monotonic < at);
        if waits || self.store.file().rescued().is_some() {
            return;
        }
        let rescued = self.store.rescue(moment).await;
        if let Err(error) = rescued {
            if self.not_before.is_none() {
                tracing::error!(%error, "what was accepted could not be copied out of the open file, and only this process has it: do not stop the relay before it could be. It is tried again every minute");
            }
            self.not_before = Some(moment.monotonic + RESCUE_AGAIN);
        }
    }

    /// A last look before the daemon stops: nobody can read an open file that is gone after that.
    pub async fn step_at_the_end(mut self) {
        self.step().await;
    }
}
