//! Goes on with what an outage of VoiceDrive has left to do, as soon as VoiceDrive is back; with automatic recovery it
//! finds out by itself when that is (contract, section 5.3).
//!
//! What there is to do, and how far it has come, stands in the store: this only looks, once a second, and decides
//! nothing that a crash could lose.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::sync::watch;

use super::DeliveryRules;
use super::handoff::Handoff;
use crate::clock::Clock;
use crate::recovery::{ProbeResult, Recovery, Step};
use crate::route::Routing;
use crate::store::{Store, StoreError};

/// Between two looks; what may follow in a second follows at once.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// What the configuration says of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecoveryRules {
    /// The relay finds out by itself whether VoiceDrive is back.
    pub automatic: bool,
    /// How many deliveries may follow in a second, for each route on which something is sent.
    pub paces: BTreeMap<String, u32>,
    /// Which route an event takes when that of its acceptance is gone.
    pub routing: Routing,
}

/// Looks once a second.
pub struct Recoverer {
    store: Store,
    clock: Clock,
    rules: RecoveryRules,
    delivery: watch::Receiver<DeliveryRules>,
    handoff: Handoff,
}

impl Recoverer {
    /// Looks by these rules.
    #[must_use]
    pub fn new(
        store: Store,
        clock: Clock,
        rules: RecoveryRules,
        delivery: watch::Receiver<DeliveryRules>,
        handoff: Handoff,
    ) -> Self {
        Self {
            store,
            clock,
            rules,
            delivery,
            handoff,
        }
    }

    /// Looks until `stop` becomes true. A step that is under way is finished: it is short.
    pub async fn run(self, mut stop: watch::Receiver<bool>) {
        loop {
            tokio::select! {
                () = tokio::time::sleep(LOOK_AGAIN) => {}
                _ = stop.wait_for(|stop| *stop) => return,
            }
            self.step().await;
        }
    }

    /// One look at every route.
    pub async fn step(&self) {
        let recoveries = match self.store.recoveries(self.clock.moment()).await {
            Ok(recoveries) => recoveries,
            Err(error) => return tell(&error),
        };
        for recovery in recoveries {
            // Nothing is sent on a route without a URL.
            let Some(pace) = self.rules.paces.get(&recovery.route) else {
                continue;
            };
            if let Err(error) = self.go_on(&recovery, *pace).await {
                tell(&error);
            }
        }
    }

    async fn go_on(&self, recovery: &Recovery, pace: u32) -> Result<(), StoreError> {
        let route = &recovery.route;
        match recovery.next_step(self.rules.automatic) {
            None => Ok(()),
            Some(Step::Follow) => self.follow(route, pace).await,
            Some(Step::Begin) => self.store.let_follow(route).await,
            Some(Step::Probe) => {
                let policy = self.delivery.borrow().policy.clone();
                let routing = self.rules.routing.clone();
                let moment = self.clock.moment();
                let begun = self.store.probe_route(route, None, policy, routing, moment);
                if begun.await? == ProbeResult::Begun {
                    tracing::info!(%route, "an exhausted event is sent once, to see whether VoiceDrive is back");
                    self.handoff.wake_all();
                }
                Ok(())
            }
        }
    }

    async fn follow(&self, route: &str, pace: u32) -> Result<(), StoreError> {
        let mut left = pace;
        while left > 0 {
            let policy = self.delivery.borrow().policy.clone();
            let routing = self.rules.routing.clone();
            let moment = self.clock.moment();
            let followed = self.store.follow(route, left, policy, routing, moment);
            let followed = followed.await?;
            left = left.saturating_sub(followed.opened);
            if followed.opened > 0 {
                self.handoff.wake_all();
            }
            if followed.done {
                tracing::info!(%route, "what waited for VoiceDrive is on its way");
                break;
            }
        }
        Ok(())
    }
}

fn tell(error: &StoreError) {
    tracing::warn!(%error, "what an outage has left could not be looked at; it will be tried again");
}
