//! The daemon, put together: store, dispatcher and HTTP API, started and stopped as one.

mod parts;

use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Once, RwLock};
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::alerts::courier::Courier;
use crate::alerts::{Rules as AlertRules, Watch, Watched};
use crate::clock::Clock;
use crate::config::{Channel, Loaded, Secrets};
use crate::delivery::dispatcher::Dispatcher;
use crate::delivery::handoff::{self, Handoff, Mailbox};
use crate::delivery::partner::SetupError;
use crate::delivery::route::Route;
use crate::delivery::{Context, Rules};
use crate::gauges::Gauges;
use crate::http::api::auth::Keys;
use crate::http::api::cors::RefusedPages;
use crate::http::api::rate_limit::RateLimiter;
use crate::http::api::revoked::Revoked;
use crate::http::api::system_id::SystemIds;
use crate::http::server::control_socket::ControlSocket;
use crate::http::{self, Api, Health, Routes};
use crate::language::{Language, Speech};
use crate::pulse::Pulse;
use crate::reload::Reloads;
use crate::retry::RetryPolicy;
use crate::route;
use crate::secret::Secret;
use crate::store::file::snapshot::SnapshotError;
use crate::store::{OpenError, Store, StoreError};
use crate::timestamp::Timestamp;
use crate::trouble::Trouble;
use crate::upkeep::backup::BackupFile;
use crate::upkeep::place::PlaceKeeper;
use crate::upkeep::reserve::ReserveKeeper;
use crate::upkeep::retention::{Kept, Retention};
use crate::upkeep::soundness::Soundness;
use crate::upkeep::timekeeper::Timekeeper;
use parts::{Parts, Purpose};

/// A stop waits for requests under way for the longest attempt's timeout plus this.
const STOP_MARGIN: Duration = Duration::from_secs(2);

/// Why the daemon did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The database or its directory.
    #[error(transparent)]
    Store(#[from] OpenError),
    /// The database was opened and could not be read.
    #[error(transparent)]
    Read(#[from] StoreError),
    /// The database was opened, and something is wrong with it. It was left as it is.
    #[error("{}: {}", database.display(), trouble.told(Language::En))]
    Trouble {
        /// The database.
        database: PathBuf,
        /// What is wrong.
        trouble: Trouble,
    },
    /// The port of the API.
    #[error("{address}: {source}; another program may use this address (server.listen)")]
    Listen {
        /// The address of the configuration.
        address: SocketAddr,
        /// What the operating system said.
        source: io::Error,
    },
    /// The control socket.
    #[error("{}: {source}; the control socket cannot be made", path.display())]
    Control {
        /// The socket.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// The client of a route.
    #[error(transparent)]
    Route(#[from] SetupError),
}

/// The database's file is gone, and nobody can read any more what only the open file had.
#[derive(Debug, thiserror::Error)]
#[error(
    "the database's file was gone before the stop, and what was accepted could not be copied out of the open file: {0}"
)]
pub struct Lost(#[from] SnapshotError);

/// A running daemon.
pub struct Relay {
    shared: Shared,
    api: watch::Sender<Arc<Api>>,
    rules: watch::Sender<Rules>,
    doors: JoinSet<()>,
    stop_doors: watch::Sender<bool>,
    parts: Parts,
}

/// A view of the daemon's state for the same process, without a request over a socket.
pub struct Observer {
    store: Store,
    api: watch::Receiver<Arc<Api>>,
}

impl Observer {
    /// How many deliveries wait, and when the last attempt was; none when the store cannot be read.
    pub async fn activity(&self) -> Option<(u64, Option<Timestamp>)> {
        self.store.activity().await.ok()
    }

    /// Whether what is kept moves. A disk that is full is no reason for a restart.
    pub async fn moves(&self) -> bool {
        let api = Arc::clone(&self.api.borrow());
        http::moves(&api).await
    }
}

/// What lives as long as the daemon, whatever its configuration says.
struct Shared {
    store: Store,
    clock: Clock,
    backup: BackupFile,
    revoked: Arc<Revoked>,
    system_ids: Arc<SystemIds>,
    refused_pages: Arc<RefusedPages>,
    /// Lives across reloads, so that a reload does not raise the limit.
    rate_limiter: Arc<RateLimiter<&'static str>>,
    reloads: Reloads,
    handoff: Handoff,
    gauges: Gauges,
    started_at: Timestamp,
    /// Where the API listens.
    address: SocketAddr,
    /// Settings that take a restart to change.
    fixed: Fixed,
}

#[derive(Clone, PartialEq, Eq)]
struct Fixed {
    listen: SocketAddr,
    directory: PathBuf,
}

/// The parts of a new configuration: all that can fail has been done, and nothing of it runs yet.
struct Plan {
    rules: Rules,
    /// Every route on which something is sent.
    routes: Vec<Route>,
    /// Dispatchers of new or changed routes, with their sending ends.
    dispatchers: Vec<(Route, Mailbox, Dispatcher)>,
}

impl Relay {
    /// Starts everything. When this returns, requests are answered and what an earlier run left
    /// behind is on its way.
    ///
    /// # Errors
    /// `StartError`; nothing runs then.
    pub async fn start(
        settings: &Loaded,
        control_socket: &Path,
        clock: Clock,
    ) -> Result<Self, StartError> {
        let store = Store::open(&settings.config.storage.directory, clock.moment())?;
        let started = Self::start_with(settings, control_socket, clock.clone(), store.clone());
        let started = started.await.map_err(|error| {
            let file = store.file();
            match (error, file.trouble()) {
                (StartError::Read(_), Some(trouble)) => StartError::Trouble {
                    database: file.path().to_owned(),
                    trouble,
                },
                (error, _) => error,
            }
        });
        if started.is_err() {
            // Closed in order, so that the next start need not examine the whole database.
            store.close(clock.moment()).await;
        }
        started
    }

    async fn start_with(
        settings: &Loaded,
        control_socket: &Path,
        clock: Clock,
        store: Store,
    ) -> Result<Self, StartError> {
        let fixed = Fixed::of(settings);
        let listen = fixed.listen;
        let listener = TcpListener::bind(listen)
            .await
            .map_err(|source| StartError::Listen {
                address: listen,
                source,
            })?;
        let address = listener.local_addr().unwrap_or(listen);
        let control =
            ControlSocket::bind(control_socket).map_err(|source| StartError::Control {
                path: control_socket.to_owned(),
                source,
            })?;
        let backup = BackupFile::new(store.clone(), clock.clone(), &fixed.directory);
        let shared = Shared {
            revoked: Arc::new(RwLock::new(store.revoked_tokens().await?)),
            system_ids: Arc::default(),
            refused_pages: Arc::default(),
            rate_limiter: Arc::new(RateLimiter::new(
                settings.config.rate_limit.requests_per_minute,
            )),
            reloads: Reloads::default(),
            handoff: Handoff::default(),
            gauges: Gauges::default(),
            started_at: clock.now(),
            address,
            store,
            clock,
            backup,
            fixed,
        };
        let (rules, in_force) = watch::channel(rules(settings));
        let mut parts = Parts::default();
        let plan = shared.plan(settings, &parts, in_force)?;
        shared.log_what_waits(settings).await?;
        shared.forget_channels(settings).await;
        let pulses = shared.run(settings, plan, &mut parts);
        let (api, current) = watch::channel(Arc::new(shared.api(settings, pulses)));
        let (stop_doors, stopped) = watch::channel(false);
        let mut doors = JoinSet::new();
        doors.spawn(http::serve_network(
            current.clone(),
            listener,
            stopped.clone(),
        ));
        doors.spawn(http::serve_control(current, control, stopped));
        Ok(Self {
            shared,
            api,
            rules,
            doors,
            stop_doors,
            parts,
        })
    }

    /// Where the API listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.shared.address
    }

    /// What `systemd` is told now and then.
    #[must_use]
    pub fn observer(&self) -> Observer {
        Observer {
            store: self.shared.store.clone(),
            api: self.api.subscribe(),
        }
    }

    /// How long a stop may take.
    #[must_use]
    pub fn stop_time(&self) -> Duration {
        self.parts.stop_time() + STOP_MARGIN * 2
    }

    /// Those who ask over the control socket that the configuration be read again.
    #[must_use]
    pub fn reloads(&self) -> Reloads {
        self.shared.reloads.clone()
    }

    /// Goes on with another configuration. What it does not change is not touched. On a route that it changes,
    /// the attempts under way may finish first, so that nothing is sent twice; nobody waits for them. Says which
    /// keys need a new start to change.
    ///
    /// # Errors
    /// `StartError`; the daemon goes on as before then.
    pub async fn reload(&mut self, settings: &Loaded) -> Result<Vec<&'static str>, StartError> {
        let plan = self
            .shared
            .plan(settings, &self.parts, self.rules.subscribe())?;
        self.shared.log_what_waits(settings).await?;
        self.shared.forget_channels(settings).await;
        self.rules.send_replace(plan.rules.clone());
        let pulses = self.shared.run(settings, plan, &mut self.parts);
        self.api
            .send_replace(Arc::new(self.shared.api(settings, pulses)));
        let wanted = Fixed::of(settings);
        let fixed = &self.shared.fixed;
        let unchanged = [
            (wanted.listen == fixed.listen, "server.listen"),
            (wanted.directory == fixed.directory, "storage.directory"),
        ];
        let ignored = unchanged.into_iter().filter(|(same, _)| !same);
        Ok(ignored.map(|(_, key)| key).collect())
    }

    /// Resolves when a part has ended that should not have: the daemon must be started anew.
    pub async fn broke_down(&mut self) {
        tokio::select! {
            _ = self.doors.join_next() => {}
            () = self.parts.broke_down() => {}
            () = self.shared.store.ended() => {}
        }
    }

    /// Stops accepting, lets requests and attempts under way finish for at most the longest
    /// timeout, and closes the database. Loses nothing, spends no attempt.
    ///
    /// # Errors
    /// `Lost`: the database's file is gone, and its data could not be copied out. The relay is stopped all the same.
    pub async fn stop(mut self) -> Result<(), Lost> {
        // The listeners hold the other end; when none is left, there is nothing to stop.
        let _ = self.stop_doors.send(true);
        let at_most = self.parts.stop_time() + STOP_MARGIN;
        let closed = async { while self.doors.join_next().await.is_some() {} };
        let closed = tokio::time::timeout(at_most, closed);
        let (closed, ()) = tokio::join!(closed, self.parts.stop(at_most));
        if closed.is_err() {
            tracing::warn!("requests under way were cut off: they took too long");
            self.doors.shutdown().await;
        }
        let Shared {
            backup,
            store,
            clock,
            ..
        } = self.shared;
        let place = PlaceKeeper::new(store.clone(), clock.clone());
        let rescued = place.step_at_the_end().await;
        backup.step_at_the_end().await;
        store.close(clock.moment()).await;
        Ok(rescued?)
    }
}

impl Fixed {
    fn of(settings: &Loaded) -> Self {
        Self {
            listen: settings.config.server.listen,
            directory: settings.config.storage.directory.clone(),
        }
    }
}

/// The retry policy and the alert thresholds, which are read with every attempt's result.
fn rules(settings: &Loaded) -> Rules {
    Rules {
        policy: RetryPolicy::new(settings.config.retry.intervals.clone()),
        thresholds: settings.config.alerts.thresholds.clone(),
    }
}

fn speech(settings: &Loaded) -> Speech {
    Speech {
        language: settings.config.language,
        timezone: settings.config.timezone,
    }
}

impl Shared {
    /// Makes everything that a configuration changes and that can fail.
    fn plan(
        &self,
        settings: &Loaded,
        parts: &Parts,
        in_force: watch::Receiver<Rules>,
    ) -> Result<Plan, StartError> {
        let context = Context {
            store: self.store.clone(),
            clock: self.clock.clone(),
            rules: in_force,
            gauges: self.gauges.clone(),
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
        })
    }

    /// Starts the parts of a configuration that do not run yet, and ends those that it no longer has. Answers
    /// whether sending moves.
    fn run(&self, settings: &Loaded, plan: Plan, parts: &mut Parts) -> Vec<Pulse> {
        let routes = plan.routes;
        let names: Vec<&str> = routes.iter().map(|route| route.name.as_str()).collect();
        let changed = plan.dispatchers.iter();
        let changed: Vec<&str> = changed.map(|(route, ..)| route.name.as_str()).collect();
        self.gauges.routes_are(&names, &changed);
        for (route, mailbox, dispatcher) in plan.dispatchers {
            let pulse = dispatcher.pulse();
            // It begins when the attempts of its predecessor have ended.
            pulse.promise(self.clock.monotonic() + parts.stop_time() + STOP_MARGIN * 2);
            self.handoff.install(&route.name, mailbox);
            let purpose = Purpose::Route(Box::new(route));
            parts.start(purpose, Some(pulse), |stop| dispatcher.run(stop));
        }
        let mut wanted: Vec<Purpose> = routes
            .iter()
            .map(|route| Purpose::Route(Box::new(route.clone())))
            .collect();
        let pulses: Vec<Pulse> = wanted.iter().filter_map(|p| parts.pulse(p)).collect();
        self.handoff
            .keep_only(routes.iter().map(|r| r.name.as_str()));
        wanted.extend(self.run_upkeep(settings, parts));
        wanted.extend(self.run_alerts(settings, &routes, &pulses, parts));
        parts.keep_only(&wanted);
        pulses
    }

    fn run_upkeep(&self, settings: &Loaded, parts: &mut Parts) -> [Purpose; 6] {
        let storage = &settings.config.storage;
        let (store, clock) = (&self.store, &self.clock);
        let backup = Purpose::Backup(storage.backup_interval);
        if !parts.has(&backup) {
            let (file, interval) = (self.backup.clone(), storage.backup_interval);
            parts.start(backup.clone(), None, |stop| file.run(interval, stop));
        }
        let repeat = settings.ingest.as_ref().map(|ingest| ingest.rules.repeat);
        let kept = Kept {
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
        let place = Purpose::Place;
        if !parts.has(&place) {
            let keeper = PlaceKeeper::new(store.clone(), clock.clone());
            parts.start(place.clone(), None, |stop| keeper.run(stop));
        }
        let soundness = Purpose::Soundness;
        if !parts.has(&soundness) {
            let looking = Soundness::new(store.clone(), clock.clone());
            parts.start(soundness.clone(), None, |stop| looking.run(stop));
        }
        [backup, retention, reserve, timekeeper, place, soundness]
    }

    fn run_alerts(
        &self,
        settings: &Loaded,
        routes: &[Route],
        pulses: &[Pulse],
        parts: &mut Parts,
    ) -> Vec<Purpose> {
        let (config, speech) = (&settings.config, speech(settings));
        let rules = AlertRules {
            thresholds: config.alerts.thresholds.clone(),
            digests: config.alerts.digests.clone(),
            retention_days: config.storage.retention_days,
            heartbeat: settings.alerts.heartbeat.clone(),
        };
        let alerts = Purpose::Alerts(Box::new(rules.clone()), routes.to_vec());
        if !parts.has(&alerts) {
            let watched = Watched {
                store: self.store.clone(),
                clock: self.clock.clone(),
                gauges: self.gauges.clone(),
                backup: self.backup.clone(),
                pulses: pulses.to_vec(),
                routes: routes.to_vec(),
            };
            let watch = Watch::new(watched, rules);
            parts.start(alerts.clone(), None, |stop| watch.run(stop));
        }
        let mut wanted = vec![alerts];
        for channel in &settings.alerts.channels {
            let purpose = Purpose::Channel(Box::new(channel.clone()), speech);
            if !parts.has(&purpose) {
                let (store, clock) = (self.store.clone(), self.clock.clone());
                let courier = Courier::new(channel.clone(), speech, store, clock);
                parts.start(purpose.clone(), None, |stop| courier.run(stop));
            }
            wanted.push(purpose);
        }
        wanted
    }

    /// The state that requests use from now on.
    fn api(&self, settings: &Loaded, pulses: Vec<Pulse>) -> Api {
        let config = &settings.config;
        self.rate_limiter
            .set_limit(config.rate_limit.requests_per_minute);
        Api {
            backup: self.backup.clone(),
            channels: settings.alerts.channels.clone(),
            speech: speech(settings),
            gauges: self.gauges.clone(),
            keys: keys(&settings.secrets),
            revoked: Arc::clone(&self.revoked),
            rate_limiter: Arc::clone(&self.rate_limiter),
            health: Health::of(pulses),
            system_ids: Arc::clone(&self.system_ids),
            refused_pages: Arc::clone(&self.refused_pages),
            reloads: self.reloads.clone(),
            cors_allowed_origins: config.server.cors_allowed_origins.clone(),
            trusted_proxies: config.server.trusted_proxies.clone(),
            unbelieved: Once::new(),
            max_body_bytes: config.server.max_body_bytes,
            public_url: config.server.public_url.clone(),
            ingest: settings.ingest.clone(),
            retry: RetryPolicy::new(config.retry.intervals.clone()),
            routes: self.routes(settings),
            store: self.store.clone(),
            clock: self.clock.clone(),
            started_at: self.started_at,
            listen: self.address,
        }
    }

    fn routes(&self, settings: &Loaded) -> Routes {
        let out = settings.out.iter();
        Routes {
            routing: settings.config.routing(),
            origins: out.clone().map(|r| (r.name.clone(), r.origin())).collect(),
            limits: out
                .clone()
                .filter_map(|r| Some((r.name.clone(), r.body_limit()?)))
                .collect(),
            counted: out
                .filter(|r| r.counted_by_voicedrive)
                .map(|r| r.name.clone())
                .collect(),
            handoff: self.handoff.clone(),
        }
    }

    /// Forgets channels that are no longer configured, so that none counts as failing. What one had still to tell is
    /// told by the one that takes its place.
    async fn forget_channels(&self, settings: &Loaded) {
        let channels = settings.alerts.channels.iter();
        let kept = self
            .store
            .keep_channels(channels.map(Channel::key).collect());
        if let Err(error) = kept.await {
            tracing::warn!(%error, "alert channels that are gone could not be forgotten; the next start or reload does it");
        }
    }

    /// One line for the default route without a URL, and for each route that events wait for and the
    /// configuration does not have any more.
    async fn log_what_waits(&self, settings: &Loaded) -> Result<(), StoreError> {
        let routes = self.routes(settings);
        if !routes.sends_on(route::DEFAULT) {
            tracing::warn!(
                "no webhook URL is set (VOICEDRIVE_WEBHOOK_URL or delivery.url): events are accepted and kept, and nothing is sent"
            );
        }
        for (route, events) in self.store.waiting_by_route().await? {
            if route != route::DEFAULT && !routes.sends_on(&route) {
                tracing::warn!(%route, events, "events wait for a route that is not in the configuration any more; bring it back, or send them another way with `voicedrive-relay resend --status retrying --route {route}`");
            }
        }
        Ok(())
    }
}

/// The control socket's place in a directory.
#[must_use]
pub fn control_socket(directory: &Path) -> PathBuf {
    directory.join("control.sock")
}

fn keys(secrets: &Secrets) -> Keys {
    Keys::new(
        secrets.jwt.as_ref().map(Secret::as_bytes),
        secrets.jwt_previous.as_ref().map(Secret::as_bytes),
        [&secrets.api_token, &secrets.api_token_previous]
            .into_iter()
            .flatten()
            .map(Secret::expose),
    )
}
