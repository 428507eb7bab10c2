//! What a configuration makes of the daemon: the parts that run, and what the store learns of it.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use tokio::sync::watch;

use super::parts::{Parts, Purpose};
use super::{STOP_MARGIN, StartError};
use crate::alerts::notifier::Notifier;
use crate::alerts::{AlertConfig, Evaluator, Sources};
use crate::clock::Clock;
use crate::config::{Channel, Loaded};
use crate::delivery::dispatcher::Dispatcher;
use crate::delivery::handoff::{self, Handoff, Mailbox};
use crate::delivery::partner::SetupError;
use crate::delivery::recovery::{Recoverer, RecoveryRules};
use crate::delivery::route::Route;
use crate::delivery::{Context, DeliveryRules};
use crate::http::Listeners;
use crate::http::api::cors::RefusedPages;
use crate::http::api::rate_limit::RateLimiter;
use crate::http::api::revoked::Revoked;
use crate::http::api::system_id::SystemIds;
use crate::language::Locale;
use crate::liveness::Liveness;
use crate::notification::advice::AdviceContext;
use crate::observations::Observations;
use crate::recovery::USUAL_PACE;
use crate::reload::Reloads;
use crate::retry::RetryPolicy;
use crate::route;
use crate::store::{Store, StoreError};
use crate::timestamp::Timestamp;
use crate::under_way::UnderWay;
use crate::upkeep::backup::BackupFile;
use crate::upkeep::file_watch::FileWatch;
use crate::upkeep::holds::HoldWatch;
use crate::upkeep::key_pair_watch::KeyPairWatch;
use crate::upkeep::reserve::ReserveKeeper;
use crate::upkeep::retention::{Retention, RetentionPeriods};
use crate::upkeep::soundness::Soundness;
use crate::upkeep::timekeeper::Timekeeper;

/// What lives as long as the daemon, whatever its configuration says.
pub(super) struct Shared {
    pub(super) store: Store,
    pub(super) clock: Clock,
    pub(super) backup: BackupFile,
    pub(super) revoked: Arc<Revoked>,
    pub(super) system_ids: Arc<SystemIds>,
    pub(super) refused_pages: Arc<RefusedPages>,
    /// Lives across reloads, so that a reload does not raise the limit.
    pub(super) rate_limiter: Arc<RateLimiter<&'static str>>,
    pub(super) reloads: Reloads,
    pub(super) handoff: Handoff,
    pub(super) observations: Observations,
    pub(super) under_way: UnderWay,
    pub(super) started_at: Timestamp,
    /// Where the API listens.
    pub(super) listeners: Listeners,
    /// Settings that take a restart to change.
    pub(super) fixed: Fixed,
}

#[derive(Clone, PartialEq, Eq)]
pub(super) struct Fixed {
    pub(super) listen: SocketAddr,
    pub(super) secured: Option<SocketAddr>,
    pub(super) directory: PathBuf,
}

/// The parts of a new configuration: all that can fail has been done, and nothing of it runs yet.
pub(super) struct Plan {
    pub(super) rules: DeliveryRules,
    /// Every route on which something is sent.
    pub(super) routes: Vec<Route>,
    /// Dispatchers of new or changed routes, with their sending ends.
    pub(super) dispatchers: Vec<(Route, Mailbox, Dispatcher)>,
    /// The rules that are in force at each moment.
    pub(super) in_force: watch::Receiver<DeliveryRules>,
}

impl Fixed {
    pub(super) fn of(settings: &Loaded) -> Self {
        Self {
            listen: settings.config.server.listen,
            secured: settings.config.server.secured(),
            directory: settings.config.storage.directory.clone(),
        }
    }
}

/// What is read with every attempt's result.
pub(super) fn rules(settings: &Loaded) -> DeliveryRules {
    DeliveryRules {
        policy: RetryPolicy::new(settings.config.retry.intervals.clone()),
        thresholds: settings.config.alerts.thresholds.clone(),
        automatic_recovery: settings.config.recovery.automatic,
    }
}

/// What advice to an admin depends on.
pub(super) fn advice(settings: &Loaded) -> AdviceContext {
    let public = settings.config.server.public_url.as_ref();
    AdviceContext {
        commands: settings.commands.clone(),
        routes: settings.config.route_settings(),
        recovers: settings.config.recovery.automatic,
        page: public.map(|url| format!("{}/monitor", url.origin().ascii_serialization())),
    }
}

pub(super) fn locale(settings: &Loaded) -> Locale {
    Locale {
        language: settings.config.language,
        timezone: settings.config.timezone,
    }
}

impl Shared {
    /// Makes everything that a configuration changes and that can fail.
    pub(super) fn plan(
        &self,
        settings: &Loaded,
        parts: &Parts,
        in_force: watch::Receiver<DeliveryRules>,
    ) -> Result<Plan, StartError> {
        let context = Context {
            store: self.store.clone(),
            clock: self.clock.clone(),
            rules: in_force.clone(),
            observations: self.observations.clone(),
            under_way: self.under_way.clone(),
            commands: settings.commands.clone(),
        };
        let changed = |route: &&Route| !parts.has(&Purpose::Route(Box::new((*route).clone())));
        let dispatchers = settings
            .out
            .iter()
            .filter(changed)
            .map(|route| {
                let (mailbox, inbox) = handoff::mailbox();
                let dispatcher = Dispatcher::new(route.clone(), context.clone(), inbox)?;
                Ok((route.clone(), mailbox, dispatcher))
            })
            .collect::<Result<_, SetupError>>()?;
        Ok(Plan {
            rules: rules(settings),
            routes: settings.out.clone(),
            dispatchers,
            in_force,
        })
    }

    /// Starts the parts of a configuration that do not run yet, and ends those that it no longer has. Answers
    /// whether sending moves.
    pub(super) fn run(&self, settings: &Loaded, plan: Plan, parts: &mut Parts) -> Vec<Liveness> {
        let routes = plan.routes;
        let names: Vec<&str> = routes.iter().map(|route| route.name.as_str()).collect();
        let changed = plan.dispatchers.iter();
        let changed: Vec<&str> = changed.map(|(route, ..)| route.name.as_str()).collect();
        self.observations.routes_are(&names, &changed);
        for (route, mailbox, dispatcher) in plan.dispatchers {
            let liveness = dispatcher.liveness();
            // It begins when the attempts of its predecessor have ended.
            liveness.set_deadline(self.clock.monotonic() + parts.stop_time() + STOP_MARGIN * 2);
            self.handoff.install(&route.name, mailbox);
            let purpose = Purpose::Route(Box::new(route));
            parts.start(purpose, Some(liveness), |stop| dispatcher.run(stop));
        }
        let mut wanted: Vec<Purpose> = routes
            .iter()
            .map(|route| Purpose::Route(Box::new(route.clone())))
            .collect();
        let liveness: Vec<Liveness> = wanted.iter().filter_map(|p| parts.liveness(p)).collect();
        self.handoff
            .keep_only(routes.iter().map(|r| r.name.as_str()));
        wanted.push(self.run_recovery(settings, plan.in_force, parts));
        wanted.extend(self.run_upkeep(settings, parts));
        wanted.extend(self.run_pair_watch(settings, parts));
        wanted.extend(self.run_alerts(settings, &routes, &liveness, parts));
        parts.keep_only(&wanted);
        liveness
    }

    pub(super) fn run_recovery(
        &self,
        settings: &Loaded,
        in_force: watch::Receiver<DeliveryRules>,
        parts: &mut Parts,
    ) -> Purpose {
        let pace = |route: &Route| route.max_per_second.unwrap_or(USUAL_PACE);
        let routes = settings.out.iter();
        let rules = RecoveryRules {
            paces: routes
                .map(|route| (route.name.clone(), pace(route)))
                .collect(),
            routing: settings.config.routing(),
        };
        let recovery = Purpose::Recovery(Box::new(rules.clone()));
        if !parts.has(&recovery) {
            let (store, clock, handoff) =
                (self.store.clone(), self.clock.clone(), self.handoff.clone());
            let recoverer = Recoverer::new(store, clock, rules, in_force, handoff);
            parts.start(recovery.clone(), None, |stop| recoverer.run(stop));
        }
        recovery
    }

    pub(super) fn run_upkeep(&self, settings: &Loaded, parts: &mut Parts) -> [Purpose; 7] {
        let storage = &settings.config.storage;
        let (store, clock) = (&self.store, &self.clock);
        let backup = Purpose::Backup(storage.backup_interval);
        if !parts.has(&backup) {
            let (file, interval) = (self.backup.clone(), storage.backup_interval);
            parts.start(backup.clone(), None, |stop| file.run(interval, stop));
        }
        let repeat = settings.ingest.as_ref().map(|ingest| ingest.rules.repeat);
        let kept = RetentionPeriods {
            days: storage.retention_days,
            ingested: repeat.unwrap_or_default(),
        };
        let retention = Purpose::Retention(kept);
        if !parts.has(&retention) {
            let purging = Retention::new(store.clone(), clock.clone(), kept);
            parts.start(retention.clone(), None, |stop| purging.run(stop));
        }
        let reserve = Purpose::Reserve;
        if !parts.has(&reserve) {
            let keeper = ReserveKeeper::new(store.file().clone());
            parts.start(reserve.clone(), None, |stop| keeper.run(stop));
        }
        let timekeeper = Purpose::Timekeeper;
        if !parts.has(&timekeeper) {
            let keeper = Timekeeper::new(store.clone(), clock.clone());
            parts.start(timekeeper.clone(), None, |stop| keeper.run(stop));
        }
        let holds = Purpose::Holds;
        if !parts.has(&holds) {
            let watch = HoldWatch::new(store.clone(), clock.clone());
            parts.start(holds.clone(), None, |stop| watch.run(stop));
        }
        let place = Purpose::Place;
        if !parts.has(&place) {
            let keeper = FileWatch::new(store.clone(), clock.clone());
            parts.start(place.clone(), None, |stop| keeper.run(stop));
        }
        let soundness = Purpose::Soundness;
        if !parts.has(&soundness) {
            let looking = Soundness::new(store.clone(), clock.clone());
            parts.start(soundness.clone(), None, |stop| looking.run(stop));
        }
        [
            backup, retention, reserve, timekeeper, holds, place, soundness,
        ]
    }

    /// Keeps the pair in use that its files have; none when nobody is shown one.
    fn run_pair_watch(&self, settings: &Loaded, parts: &mut Parts) -> Option<Purpose> {
        let files = settings.config.server.tls.as_ref()?.files.clone();
        let (_, current) = self.listeners.secured.clone()?;
        let watch = Purpose::KeyPair(files.clone());
        if !parts.has(&watch) {
            let watching = KeyPairWatch::new(files, current);
            parts.start(watch.clone(), None, |stop| watching.run(stop));
        }
        Some(watch)
    }

    /// Shows the pair of a configuration from now on.
    pub(super) fn show_pair(&self, settings: &Loaded) {
        if let (Some((_, current)), Some(pair)) = (&self.listeners.secured, &settings.pair) {
            // Which one it is, the answer to the reload and `status` say.
            let _ = current.offer(Ok(pair.clone()));
        }
    }

    pub(super) fn run_alerts(
        &self,
        settings: &Loaded,
        routes: &[Route],
        liveness: &[Liveness],
        parts: &mut Parts,
    ) -> Vec<Purpose> {
        let (config, locale) = (&settings.config, locale(settings));
        let rules = AlertConfig {
            thresholds: config.alerts.thresholds.clone(),
            digests: config.alerts.digests.clone(),
            automatic_recovery: config.recovery.automatic,
            retention_days: config.storage.retention_days,
            heartbeat: settings.alerts.heartbeat.clone(),
        };
        let alerts = Purpose::Alerts(Box::new(rules.clone()), routes.to_vec());
        if !parts.has(&alerts) {
            let watched = Sources {
                store: self.store.clone(),
                clock: self.clock.clone(),
                observations: self.observations.clone(),
                backup: self.backup.clone(),
                liveness: liveness.to_vec(),
                routes: routes.to_vec(),
                pair: self
                    .listeners
                    .secured
                    .as_ref()
                    .map(|(_, pair)| pair.clone()),
            };
            let watch = Evaluator::new(watched, rules);
            parts.start(alerts.clone(), None, |stop| watch.run(stop));
        }
        let mut wanted = vec![alerts];
        let advice = advice(settings);
        for channel in &settings.alerts.channels {
            let purpose = Purpose::Channel(Box::new(channel.clone()), locale, advice.clone());
            if !parts.has(&purpose) {
                let (store, clock) = (self.store.clone(), self.clock.clone());
                let notifier = Notifier::new(channel.clone(), locale, advice.clone(), store, clock);
                parts.start(purpose.clone(), None, |stop| notifier.run(stop));
            }
            wanted.push(purpose);
        }
        wanted
    }

    /// The channels, by their keys, that are no longer configured and have something to tell that no other takes over.
    async fn channels_cut_short(&self, settings: &Loaded) -> Result<Vec<String>, StoreError> {
        let channels = settings.alerts.channels.iter().map(Channel::key);
        self.store.channels_cut_short(channels.collect()).await
    }

    /// Forgets channels that are no longer configured, so that none counts as failing. What one had still to tell is
    /// told by the one that takes its place.
    pub(super) async fn forget_channels(&self, settings: &Loaded) {
        for channel in self.channels_cut_short(settings).await.unwrap_or_default() {
            tracing::warn!(%channel, "an alert channel is not in the configuration any more; what it had still to tell is told by nobody");
        }
        let channels = settings.alerts.channels.iter();
        let kept = self
            .store
            .keep_channels(channels.map(Channel::key).collect());
        if let Err(error) = kept.await {
            tracing::warn!(%error, "alert channels that are gone could not be forgotten; the next start or reload does it");
        }
    }

    /// Lets routes keep the order of a person's events, or not, as the configuration says.
    pub(super) async fn arrange(&self, settings: &Loaded) {
        let without_order = settings.config.routes_without_order();
        let arranged = self.store.arrange(without_order, self.clock.moment());
        if let Err(error) = arranged.await {
            tracing::warn!(%error, "the order of the routes could not be changed and is as before; the next start or reload does it");
        }
    }

    /// One line for the default route without a URL, and for each route that events wait for and the
    /// configuration does not have any more.
    pub(super) async fn log_what_waits(&self, settings: &Loaded) -> Result<(), StoreError> {
        let routes = self.routes(settings);
        if !routes.sends_on(route::DEFAULT) {
            tracing::warn!(
                "no webhook URL is set (VOICEDRIVE_WEBHOOK_URL or delivery.url): events are accepted and kept, and nothing is sent"
            );
        }
        for (route, events) in self.store.waiting_by_route().await? {
            if route == route::DEFAULT || routes.sends_on(&route) {
                continue;
            }
            if routes.routing.knows(&route) {
                tracing::warn!(%route, events, "events wait for a route that has no URL; set its `url` in the configuration");
            } else {
                let resend = format!("resend --status retrying --route {route}");
                let resend = settings.commands.typed(&resend);
                tracing::warn!(%route, events, "events wait for a route that is not in the configuration any more; bring it back, or send them another way with `{resend}`");
            }
        }
        Ok(())
    }
}
