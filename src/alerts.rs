//! Alerts: decides when a person is needed, and tells the channels (contract, section 10).
//!
//! A condition that begins to hold opens an incident, and one that no longer holds closes it. The
//! store writes incidents, and what there is to tell about them, in the transaction that causes
//! them; the [`Evaluator`] adds those that only a look at the numbers shows. Each channel has a
//! [`notifier::Notifier`] that tells in order, and again until it was told: a channel that is dead
//! delays a message and loses none. None of this goes the way of events: the route that is in trouble
//! need not carry the news of it.
//!
//! What is not guaranteed: that a message arrives only once. After a crash between the telling and
//! its commit it is told again.

mod answer;
mod card;
mod certificates;
pub mod conditions;
mod mail;
mod mail_stream;
pub mod notifier;
mod post;

use std::time::Duration;

use tokio::sync::watch;

use crate::channel::objection::Objection;
use crate::clock::{Clock, Moment};
use crate::config::Hook;
use crate::delivery::route::Route;
use crate::incident::{Digests, Evaluation, Kind, Observation, Thresholds};
use crate::key_pair::CurrentKeyPair;
use crate::language::Language;
use crate::liveness::Liveness;
use crate::observations::Observations;
use crate::store::{Store, StoreError};
use crate::upkeep::backup::BackupFile;
use certificates::Certificates;
use conditions::{Observed, holding, judged, undecided};

/// The time between two evaluations.
const EVERY: Duration = Duration::from_mins(1);
/// The two windows over which numbers are judged.
const HOUR: Duration = Duration::from_hours(1);
const STATISTICS: Duration = Duration::from_mins(5);
const SECONDS_A_DAY: u64 = 86_400;

/// Looks at the numbers once a minute.
pub struct Evaluator {
    store: Store,
    clock: Clock,
    observations: Observations,
    backup: BackupFile,
    liveness: Vec<Liveness>,
    /// The names of all routes.
    routes: Vec<String>,
    certificates: Certificates,
    pair: Option<CurrentKeyPair>,
    thresholds: Thresholds,
    digests: Digests,
    retention: Duration,
    heartbeat: Option<Hook>,
    began: Duration,
}

/// What a watch looks at.
pub struct Sources {
    /// Where incidents are kept.
    pub store: Store,
    /// The clock.
    pub clock: Clock,
    /// Logins, answers, clocks and certificates that other parts have seen.
    pub observations: Observations,
    /// The file to copy.
    pub backup: BackupFile,
    /// Whether the dispatchers move.
    pub liveness: Vec<Liveness>,
    /// The routes that lead somewhere.
    pub routes: Vec<Route>,
    /// The relay's own certificate, when it speaks TLS.
    pub pair: Option<CurrentKeyPair>,
}

/// What the configuration says of it.
#[derive(Clone, Debug, PartialEq)]
pub struct AlertConfig {
    /// The thresholds from which on conditions hold.
    pub thresholds: Thresholds,
    /// The waits between two messages about an incident that lasts.
    pub digests: Vec<Duration>,
    /// Whether what an outage leaves behind is sent again without a person.
    pub automatic_recovery: bool,
    /// How long incidents that are over are kept, in days.
    pub retention_days: u64,
    /// The URL that is called while everything moves.
    pub heartbeat: Option<Hook>,
}

impl Evaluator {
    /// Looks at `sources` by `rules`.
    #[must_use]
    pub fn new(sources: Sources, rules: AlertConfig) -> Self {
        let began = sources.clock.monotonic();
        let (clock, observations) = (sources.clock.clone(), sources.observations.clone());
        let routes = sources.routes.iter().map(|route| route.name.clone());
        Self {
            routes: routes.collect(),
            certificates: Certificates::new(sources.routes, clock, observations),
            pair: sources.pair,
            store: sources.store,
            clock: sources.clock,
            observations: sources.observations,
            backup: sources.backup,
            liveness: sources.liveness,
            digests: Digests {
                after: rules.digests,
                certificate_days: rules.thresholds.certificate_days.clone(),
                token_days: rules.thresholds.token_days.clone(),
                automatic_recovery: rules.automatic_recovery,
            },
            thresholds: rules.thresholds,
            retention: Duration::from_secs(rules.retention_days * SECONDS_A_DAY),
            heartbeat: rules.heartbeat,
            began,
        }
    }

    /// Looks until `stop` becomes true. The first look is a minute after the start: what an earlier
    /// run left behind has had time to get on its way.
    pub async fn run(mut self, stop: watch::Receiver<bool>) {
        let certificates = self.certificates.clone().run(stop.clone());
        tokio::join!(self.run_looks(stop), certificates);
    }

    async fn run_looks(&mut self, mut stop: watch::Receiver<bool>) {
        loop {
            tokio::select! {
                () = tokio::time::sleep(EVERY) => {}
                _ = stop.wait_for(|stop| *stop) => return,
            }
            tokio::select! {
                () = self.step() => {}
                _ = stop.wait_for(|stop| *stop) => return,
            }
        }
    }

    /// One look: the numbers, and the dead man's switch.
    pub async fn step(&mut self) {
        if let Some(callers) = self.observations.logins_untold(self.clock.monotonic()) {
            tracing::info!(callers, "more callers were turned away");
        }
        if let Err(error) = self.evaluate().await
            && !error.is_told()
        {
            tracing::warn!(%error, "whether a person is needed could not be looked at; it will be tried again");
        }
        self.call_heartbeat().await;
    }

    async fn evaluate(&self) -> Result<(), StoreError> {
        let moment = self.clock.moment();
        let trouble = self.store.trouble();
        let vitals = match self.store.vitals(self.routes.clone(), moment).await {
            Ok(vitals) => vitals,
            Err(error) => {
                // What is known without the numbers is told at least.
                let observed = Observed {
                    trouble: self.store.trouble(),
                    ..Observed::default()
                };
                self.keep(&[Kind::DatabaseDamaged], &observed, moment)
                    .await?;
                return Err(error);
            }
        };
        let clock_off = self.store.clock_off(moment);
        let believed = clock_off.is_none_or(|seconds| seconds < 0);
        let backup = self.backup.last();
        let since = |span| moment.monotonic.saturating_sub(span);
        let observed = Observed {
            routes: vitals.routes,
            failed_logins: self.observations.logins_failed_since(since(HOUR)),
            statistics: self.observations.answers_since(since(STATISTICS)),
            backup_at: backup.at,
            backup_failed: backup.error.is_some(),
            running_for: since(self.began),
            trouble,
            disk: self.store.file().disk_bytes(),
            database: vitals.database_bytes,
            clock_off,
            receivers: self.observations.receivers(),
            own_certificate_ends: self.pair.as_ref().map(|pair| pair.about().ends),
            tokens: if believed { vitals.tokens } else { Vec::new() },
            confirmed_until: if believed {
                vitals.confirmed_until
            } else {
                Vec::new()
            },
        };
        if vitals.incident_open || !self.holding(&observed, moment).is_empty() {
            self.keep(judged(believed), &observed, moment).await?;
        }
        self.store.purge_incidents(self.retention, moment).await
    }

    fn holding(&self, observed: &Observed, moment: Moment) -> Vec<Observation> {
        holding(observed, &self.thresholds, moment.wall)
    }

    async fn keep(
        &self,
        judged: &[Kind],
        observed: &Observed,
        moment: Moment,
    ) -> Result<(), StoreError> {
        let evaluation = Evaluation {
            judged: judged.to_vec(),
            holding: self.holding(observed, moment),
            undecided: undecided(observed, &self.thresholds),
            routes: self.routes.clone(),
        };
        self.store
            .observe(evaluation, self.digests.clone(), moment)
            .await
    }

    /// Calls the dead man's switch while accepting, delivering and backups work. The service behind it
    /// raises the alarm when the calls stop.
    async fn call_heartbeat(&self) {
        let Some(url) = &self.heartbeat else {
            self.observations.heartbeat_called(None);
            return;
        };
        let monotonic = self.clock.monotonic();
        let delivers = !self
            .liveness
            .iter()
            .any(|liveness| liveness.is_overdue(monotonic));
        let backed_up = self.backup.last().error.is_none();
        if !delivers || !backed_up || self.store.probe(self.clock.moment()).await.is_err() {
            return;
        }
        let called = post::call(url).await;
        let kept = called.as_ref().err().map(Objection::kept);
        self.observations.heartbeat_called(kept);
        if let Err(objection) = called {
            let error = objection.describe(Language::En);
            tracing::warn!(
                error,
                "the dead man's switch (alerts.heartbeat_url) could not be called"
            );
        }
    }
}
