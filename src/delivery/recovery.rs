//! Goes on with what an outage of VoiceDrive has left to do, as soon as VoiceDrive is back; with automatic recovery it
//! finds out by itself when that is (contract, section 5.3).
//!
//! What there is to do, and how far it has come, stands in the store: this only looks, once a second or as often as
//! something follows, and decides nothing that a crash could lose.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::sync::watch;

use super::DeliveryRules;
use super::handoff::Handoff;
use crate::clock::Clock;
use crate::recovery::{ProbeResult, Recovery, Step};
use crate::route::Routing;
use crate::store::{Store, StoreError};

/// Between two looks, while nothing follows.
const LOOK_AGAIN: Duration = Duration::from_secs(1);
/// At most so many times a second something follows: at a higher pace, more than one at a time.
const TIMES_A_SECOND: u32 = 20;

/// What the configuration says of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecoveryRules {
    /// How many deliveries may follow in a second, for each route on which something is sent.
    pub paces: BTreeMap<String, u32>,
    /// Which route an event takes when that of its acceptance is gone.
    pub routing: Routing,
}

/// Looks once a second, or as often as something follows.
pub struct Recoverer {
    store: Store,
    clock: Clock,
    rules: RecoveryRules,
    delivery: watch::Receiver<DeliveryRules>,
    handoff: Handoff,
    /// When the next may follow on a route, by the monotonic clock.
    next: BTreeMap<String, Duration>,
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
            next: BTreeMap::new(),
        }
    }

    /// Looks until `stop` becomes true. A step that is under way is finished: it is short.
    pub async fn run(mut self, mut stop: watch::Receiver<bool>) {
        let mut wait = LOOK_AGAIN;
        loop {
            tokio::select! {
                () = tokio::time::sleep(wait) => {}
                _ = stop.wait_for(|stop| *stop) => return,
            }
            let began = self.clock.monotonic();
            let next = self.step().await;
            wait = next.saturating_sub(self.clock.monotonic().saturating_sub(began));
        }
    }

    /// One look at every route. Answers after which time, from its begin, the next one is due.
    pub async fn step(&mut self) -> Duration {
        let moment = self.clock.moment();
        let mut next = LOOK_AGAIN;
        let recoveries = match self.store.recoveries(moment).await {
            Ok(recoveries) => recoveries,
            Err(error) => {
                tell(&error);
                return next;
            }
        };
        for recovery in recoveries {
            // Nothing is sent on a route without a URL.
            let Some(pace) = self.rules.paces.get(&recovery.route).copied() else {
                continue;
            };
            match self.go_on(&recovery, pace, moment.monotonic).await {
                Ok(wait) => next = next.min(wait.unwrap_or(LOOK_AGAIN)),
                Err(error) => tell(&error),
            }
        }
        next
    }

    /// Answers after which time the next may follow, when something does.
    async fn go_on(
        &mut self,
        recovery: &Recovery,
        pace: u32,
        now: Duration,
    ) -> Result<Option<Duration>, StoreError> {
        let route = &recovery.route;
        let automatic = self.delivery.borrow().automatic_recovery;
        match recovery.next_step(automatic) {
            None => Ok(None),
            Some(Step::Follow) => self.follow(route, pace, now).await.map(Some),
            Some(Step::Begin) => {
                self.store.let_follow(route).await?;
                Ok(Some(Duration::ZERO))
            }
            Some(Step::Probe) => {
                let policy = self.delivery.borrow().policy.clone();
                let routing = self.rules.routing.clone();
                let moment = self.clock.moment();
                let begun = self.store.probe_route(route, None, policy, routing, moment);
                if begun.await? == ProbeResult::Begun {
                    tracing::info!(%route, "an exhausted event is sent once, to see whether VoiceDrive is back");
                    self.handoff.wake_all();
                }
                Ok(None)
            }
        }
    }

    /// Lets the next follow, when its time has come. They follow one after another, and no faster after a wait.
    async fn follow(
        &mut self,
        route: &str,
        pace: u32,
        now: Duration,
    ) -> Result<Duration, StoreError> {
        if let Some(wait) = self.next.get(route).and_then(|at| at.checked_sub(now))
            && !wait.is_zero()
        {
            return Ok(wait);
        }
        let (most, wait) = rhythm(pace);
        let policy = self.delivery.borrow().policy.clone();
        let routing = self.rules.routing.clone();
        let moment = self.clock.moment();
        let followed = self.store.follow(route, most, policy, routing, moment);
        let followed = followed.await?;
        if followed.opened > 0 {
            self.next.insert(route.to_owned(), now + wait);
            self.handoff.wake_all();
        }
        if followed.done {
            tracing::info!(%route, "what waited for VoiceDrive is on its way");
            return Ok(LOOK_AGAIN);
        }
        // Those of a page may all be others.
        Ok(if followed.opened > 0 {
            wait
        } else {
            Duration::ZERO
        })
    }
}

/// How many follow at a time, and how long it is until the next ones do, at so many in a second.
fn rhythm(pace: u32) -> (u32, Duration) {
    let pace = pace.max(1);
    let at_a_time = pace.div_ceil(TIMES_A_SECOND);
    (at_a_time, Duration::from_secs(1) * at_a_time / pace)
}

fn tell(error: &StoreError) {
    tracing::warn!(%error, "what an outage has left could not be looked at; it will be tried again");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_more_follow_in_a_second_than_the_pace_says_and_never_all_of_them_at_once() {
        for pace in [1, 3, 5, 19, 20, 21, 30, 100, 999, u32::MAX / 2] {
            let (at_a_time, wait) = rhythm(pace);
            let in_a_second = f64::from(at_a_time) / wait.as_secs_f64();
            assert!((in_a_second - f64::from(pace)).abs() <= f64::from(pace) / 1e6);
            assert!(at_a_time <= pace.div_ceil(TIMES_A_SECOND), "{pace}");
            assert!(pace > TIMES_A_SECOND || at_a_time == 1, "{pace}");
        }
    }
}
