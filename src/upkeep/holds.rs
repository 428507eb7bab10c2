//! Tells when a hold has ended by itself. What waits on its route goes on without this: whoever sends looks at the time.

use std::time::Duration;

use tokio::sync::watch;

use super::next_look;
use crate::clock::Clock;
use crate::store::Store;

/// How long a look that failed waits before it is tried again.
const LOOK_AGAIN: Duration = Duration::from_secs(30);

/// Looks when the next hold ends.
pub struct HoldWatch {
    store: Store,
    clock: Clock,
    changes: watch::Receiver<()>,
    /// When there is something to look at (monotonic); none: nothing is on hold.
    next: Option<Duration>,
}

impl HoldWatch {
    /// Looks after the holds of this database.
    #[must_use]
    pub fn new(store: Store, clock: Clock) -> Self {
        Self {
            changes: store.turn_changes(),
            // What an earlier run left behind is looked at first.
            next: Some(Duration::ZERO),
            store,
            clock,
        }
    }

    /// Looks until `stop` becomes true.
    pub async fn run(mut self, mut stop: watch::Receiver<bool>) {
        while next_look(&mut stop).await {
            self.step().await;
        }
    }

    /// One look, when it is time for one.
    pub async fn step(&mut self) {
        let moment = self.clock.moment();
        let is_time = self.next.is_some_and(|next| moment.monotonic >= next);
        if !is_time && !self.changes.has_changed().unwrap_or(false) {
            return;
        }
        self.changes.mark_unchanged();
        let told = self.store.tell_of_ended_holds(moment).await;
        match (told, self.store.holds(moment).await) {
            (Ok(()), Ok(holds)) => {
                let first = holds.iter().filter_map(|hold| hold.until).min();
                self.next = first.map(|until| moment.monotonic + until.since(moment.wall));
            }
            (Err(error), _) | (_, Err(error)) => {
                if !error.is_told() {
                    tracing::warn!(%error, "that a hold has ended could not be told; it will be tried again");
                }
                self.next = Some(moment.monotonic + LOOK_AGAIN);
            }
        }
    }
}
