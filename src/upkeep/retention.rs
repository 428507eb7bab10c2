//! Purging what is old: deliveries that are finished, with their attempts, in small batches.

use std::time::Duration;

use tokio::sync::watch;

use super::next_look;
use crate::audit;
use crate::clock::Clock;
use crate::store::{Store, StoreError};

/// The time between two purges.
const EVERY: Duration = Duration::from_hours(1);
/// After each batch the purge pauses for this many times the batch's duration.
const PAUSE: u32 = 30;
/// How long it is kept who did what.
const AUDIT_KEPT: Duration = Duration::from_hours(24 * audit::KEPT_DAYS);

/// How long each kind of data is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetentionPeriods {
    /// Finished deliveries, in days.
    pub days: u64,
    /// What the ingest has to know again.
    pub ingested: Duration,
}

/// Purges every hour.
pub struct Retention {
    store: Store,
    clock: Clock,
    kept: RetentionPeriods,
    /// The next purge (monotonic).
    next: Duration,
    /// The clock was doubted at the last look.
    doubted: bool,
}

impl Retention {
    /// Purges what is older than it is kept.
    #[must_use]
    pub fn new(store: Store, clock: Clock, kept: RetentionPeriods) -> Self {
        Self {
            next: clock.monotonic(),
            store,
            clock,
            kept,
            doubted: false,
        }
    }

    /// Purges until `stop` becomes true.
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

    /// Purges when an hour is over.
    pub async fn step(&mut self) {
        let doubted = self.clock_is_doubted().await;
        let now = self.clock.monotonic();
        if now < self.next {
            return;
        }
        self.next = now + EVERY;
        match self.purge(doubted).await {
            Ok(0) => {}
            Ok(events) => tracing::info!(
                events,
                "what is older than storage.retention_days was purged"
            ),
            Err(error) => tracing::warn!(%error, "purging stopped; it goes on in an hour"),
        }
    }

    /// Whether the wall clock is so far ahead that it may be wrong. It is kept in the database when that begins:
    /// a restart makes no clock believed.
    async fn clock_is_doubted(&mut self) -> bool {
        let moment = self.clock.moment();
        let doubted = self.store.doubts_the_clock(moment);
        if doubted && !self.doubted {
            tracing::warn!(
                "the clock is more than a week ahead of the time that passed, and may be wrong: that time makes nothing older. What is kept is purged that much later"
            );
            if let Err(error) = self.store.probe(moment).await {
                tracing::warn!(%error, "that the clock may be wrong could not be kept");
            }
        }
        self.doubted = doubted;
        doubted
    }

    /// What the ingest knows is forgotten by the time axis, which a wrong clock may have moved.
    async fn purge(&self, clock_is_doubted: bool) -> Result<u64, StoreError> {
        let days = Duration::from_hours(24 * self.kept.days);
        let now = self.clock.moment();
        self.store.leave_milestone(now).await?;
        self.store
            .forget_milestones(days.max(AUDIT_KEPT), now)
            .await?;
        if !clock_is_doubted {
            self.forget_ingested().await?;
        }
        self.purge_audit().await?;
        self.store.purge_sessions(now).await?;
        self.purge_comparisons(days).await?;
        let mut events = 0;
        let mut after = 0;
        loop {
            let moment = self.clock.moment();
            let step = self.store.purge_events(days, moment, after).await?;
            events += step.events;
            if step.next.is_none() && events == 0 {
                return Ok(0);
            }
            self.pause_after(moment.monotonic).await;
            match step.next {
                Some(next) => after = next,
                None => break,
            }
        }
        loop {
            let began = self.clock.monotonic();
            if self.store.release_pages().await? == 0 {
                return Ok(events);
            }
            self.pause_after(began).await;
        }
    }

    async fn purge_audit(&self) -> Result<(), StoreError> {
        loop {
            let moment = self.clock.moment();
            if !self.store.purge_audit(AUDIT_KEPT, moment).await? {
                return Ok(());
            }
            self.pause_after(moment.monotonic).await;
        }
    }

    /// What they were about is purged too.
    async fn purge_comparisons(&self, kept: Duration) -> Result<(), StoreError> {
        loop {
            let moment = self.clock.moment();
            if !self.store.purge_comparisons(kept, moment).await? {
                return Ok(());
            }
            self.pause_after(moment.monotonic).await;
        }
    }

    async fn forget_ingested(&self) -> Result<(), StoreError> {
        let mut after = None;
        loop {
            let moment = self.clock.moment();
            after = self
                .store
                .forget_ingested(self.kept.ingested, after, moment)
                .await?;
            if after.is_none() {
                return Ok(());
            }
            self.pause_after(moment.monotonic).await;
        }
    }

    async fn pause_after(&self, began: Duration) {
        let took = self.clock.monotonic().saturating_sub(began);
        tokio::time::sleep(took * PAUSE).await;
    }
}

#[cfg(test)]
mod tests;
