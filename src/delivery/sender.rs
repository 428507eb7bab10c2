//! One attempt: announced when it is not the first one, made, and its result kept.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::OwnedSemaphorePermit;
use tokio::time;

use super::Context;
use super::partner::{Partner, SetupError};
use crate::attempt::{AttemptResult, Attempted, Outcome};
use crate::command_line::CommandLine;
use crate::delivery::route::Route;
use crate::due::DueDelivery;
use crate::event::Status;
use crate::store::StoreError;

/// How long a result that could not be written waits before it is tried again.
const WRITE_AGAIN: Duration = Duration::from_secs(1);
/// How long a delivery is put off whose result the database refuses: it would be refused again.
const PUT_OFF: Duration = Duration::from_hours(24);

/// Makes the attempts of one route.
pub struct Sender {
    route: Route,
    partner: Partner,
    context: Context,
}

/// What became of an attempt.
pub enum Sent {
    /// It was made, and its result is kept.
    Recorded {
        /// What follows.
        result: AttemptResult,
        /// What went wrong; none for a success.
        error: Option<String>,
    },
    /// Nothing of it is kept, and nothing was spent: the store says when it is made again.
    Unrecorded,
    /// Nothing of it is kept, and the store cannot say so. Making it again would end the same way.
    Refused,
}

impl Sender {
    /// A sender for `route`.
    ///
    /// # Errors
    /// When the route's client cannot be set up.
    pub fn new(route: Route, context: Context) -> Result<Self, SetupError> {
        Ok(Self {
            partner: Partner::new(&route, context.clock.clone())?,
            route,
            context,
        })
    }

    /// The route that it sends on.
    #[must_use]
    pub fn route(&self) -> &Route {
        &self.route
    }

    /// How an admin types what the log advises.
    #[must_use]
    pub fn commands(&self) -> &CommandLine {
        &self.context.commands
    }

    /// Makes one attempt and keeps its result. `slot` is given back when the partner has answered.
    pub async fn send(&self, due: DueDelivery, slot: OwnedSemaphorePermit) -> Sent {
        if (due.attempt > 1 || !due.in_turn) && !self.may_begin(&due).await {
            return Sent::Unrecorded;
        }
        let _attempting = self.context.under_way.begin(due.seq);
        let attempted = Arc::new(self.partner.attempt(&self.route, &due).await);
        // The partner is free for the next one while this result waits for its commit.
        drop(slot);
        if let Some(ahead) = attempted.clock_ahead {
            self.context
                .observations
                .clock_seen(&self.route.name, ahead);
        }
        let due = Arc::new(due);
        match self.record(&due, &attempted).await {
            Ok(result) => {
                log(&due, &attempted, &result, self.commands());
                let meters = self.context.observations.meters();
                meters.attempt_made(&self.route.name, &attempted);
                let error = attempted.error.clone();
                Sent::Recorded { result, error }
            }
            Err(StoreError::Refused(error)) => {
                let resend = self.commands().typed(&format!("resend {}", due.id));
                tracing::error!(%error, event = %due.id, "the result of an attempt cannot be kept; this event is sent again in a day, or when a person says so (`{resend}`). This is a mistake in the program: please report it");
                self.put_off(&due).await
            }
            Err(_) => Sent::Unrecorded,
        }
    }

    /// Announces an attempt; false: it must not be made now.
    async fn may_begin(&self, due: &DueDelivery) -> bool {
        let Context { store, clock, .. } = &self.context;
        let begun = store.begin_attempt(due, clock.moment()).await;
        if begun.is_err() {
            // A result could not be kept either; better not to make one.
            time::sleep(WRITE_AGAIN).await;
        }
        begun.unwrap_or(false)
    }

    /// Lets a delivery wait whose result the database refuses.
    async fn put_off(&self, due: &DueDelivery) -> Sent {
        let Context { store, clock, .. } = &self.context;
        loop {
            let policy = self.context.rules.borrow().policy.clone();
            match store.put_off(due, PUT_OFF, policy, clock.moment()).await {
                Ok(()) => return Sent::Unrecorded,
                Err(StoreError::Unavailable(_)) => time::sleep(WRITE_AGAIN).await,
                Err(error) => {
                    tracing::error!(%error, event = %due.id, "an event cannot be put off either; it is not sent again before the next start");
                    return Sent::Refused;
                }
            }
        }
    }

    /// Keeps the result, however long the disk takes to have room for it.
    async fn record(
        &self,
        due: &Arc<DueDelivery>,
        attempted: &Arc<Attempted>,
    ) -> Result<AttemptResult, StoreError> {
        loop {
            let rules = self.context.rules.borrow().clone();
            let (due, attempted) = (Arc::clone(due), Arc::clone(attempted));
            let recorded = self.context.store.record_attempt(
                due,
                attempted,
                rules.policy,
                rules.thresholds,
                rules.automatic_recovery,
            );
            match recorded.await {
                Err(StoreError::Unavailable(_)) => time::sleep(WRITE_AGAIN).await,
                result => return result,
            }
        }
    }
}

/// What the journal says about one attempt. Payload and answer never stand there.
fn log(due: &DueDelivery, attempted: &Attempted, result: &AttemptResult, commands: &CommandLine) {
    let (event, kind) = (&due.id, &due.event_type);
    let error = attempted.error.as_deref().unwrap_or_default();
    let outcome = attempted.outcome.as_str();
    match (result.status, attempted.outcome) {
        (Status::Exhausted, _) => {
            let show = commands.typed(&format!("show {event}"));
            let resend = commands.typed(&format!("resend {event}"));
            tracing::error!(
                %event, %kind, attempts = result.attempts, last_error = error,
                "VoiceDrive did not get this event and it is not tried any more. A person is needed: find out why (`{show}`), then send it again (`{resend}`)"
            );
        }
        (_, Outcome::Success) => {
            tracing::debug!(%event, %kind, attempt = due.attempt, took_ms = attempted.processing_ms, "delivered");
        }
        _ => {
            tracing::debug!(%event, %kind, attempt = due.attempt, outcome, error, "will be sent again");
        }
    }
}
