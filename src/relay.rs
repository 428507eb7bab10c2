//! The daemon, put together: store, dispatcher and HTTP API, started and stopped as one.

use std::fs;
use std::io;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, RwLock};
use std::time::Duration;

use tokio::net::{TcpListener, UnixListener};
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::alerts::courier::Courier;
use crate::alerts::{Rules, Watch, Watched};
use crate::clock::Clock;
use crate::config::{Loaded, Secret, Secrets};
use crate::delivery::partner::SetupError;
use crate::delivery::{Dispatcher, Means};
use crate::gauges::Gauges;
use crate::handover::{Desks, Handover};
use crate::http::auth::Keys;
use crate::http::rate_limit::RateLimiter;
use crate::http::revoked::Revoked;
use crate::http::system_id::SystemIds;
use crate::http::{self, Api, Health, Routes};
use crate::language::Speech;
use crate::reload::Reloads;
use crate::retry::RetryPolicy;
use crate::route;
use crate::store::{OpenError, Store, StoreError, outbox, stats, tokens};
use crate::timestamp::Timestamp;
use crate::upkeep::Upkeep;
use crate::upkeep::backup::BackupFile;
use crate::upkeep::reserve::ReserveKeeper;
use crate::upkeep::retention::Retention;

/// How much longer than an attempt may take a stop waits for requests under way.
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

/// A running daemon.
pub struct Relay {
    address: SocketAddr,
    shared: Shared,
    api: watch::Sender<Arc<Api>>,
    doors: JoinSet<()>,
    stop_doors: watch::Sender<bool>,
    generation: Generation,
    control_socket: PathBuf,
}

/// Asks the store how it is going.
pub struct Summary(Store);

impl Summary {
    /// How many deliveries wait, and when the last attempt was; none when the store cannot be read.
    pub async fn ask(&self) -> Option<(u64, Option<Timestamp>)> {
        let read = |connection: &_| {
            let waiting = outbox::waiting(connection)?;
            let last = stats::last_attempt(connection)?;
            Ok((
                waiting.iter().map(|(_, events)| events).sum(),
                last.map(|(at, _)| at),
            ))
        };
        self.0.read(read).await.ok()
    }
}

/// What lives as long as the daemon, whatever its configuration says.
struct Shared {
    store: Store,
    clock: Clock,
    backup: BackupFile,
    revoked: Arc<Revoked>,
    system_ids: Arc<SystemIds>,
    reloads: Reloads,
    handover: Handover,
    gauges: Gauges,
    started_at: Timestamp,
    /// What only a new start can change.
    fixed: Fixed,
}

#[derive(Clone, PartialEq, Eq)]
struct Fixed {
    listen: SocketAddr,
    directory: PathBuf,
}

/// What runs for one configuration, and ends when there is another.
struct Generation {
    stop: watch::Sender<bool>,
    parts: JoinSet<()>,
    /// How long it may take to end.
    stop_time: Duration,
}

/// The parts of a generation, before they run.
struct Assembled {
    api: Arc<Api>,
    dispatchers: Vec<Dispatcher>,
    desks: Desks,
    upkeep: Upkeep,
    watch: Watch,
    couriers: Vec<Courier>,
    stop_time: Duration,
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
        let config = &settings.config;
        let fixed = Fixed::of(settings);
        let started_at = clock.now();
        let store = Store::open(&fixed.directory, started_at)?;
        let listen = fixed.listen;
        let listener = TcpListener::bind(listen)
            .await
            .map_err(|source| StartError::Listen {
                address: listen,
                source,
            })?;
        let address = listener.local_addr().unwrap_or(listen);
        let control = bind_control(control_socket)?;
        let backup = BackupFile::new(
            store.clone(),
            clock.clone(),
            &fixed.directory,
            config.storage.backup_interval,
        );
        let shared = Shared {
            revoked: Arc::new(RwLock::new(store.read(tokens::revoked).await?)),
            system_ids: Arc::default(),
            reloads: Reloads::default(),
            handover: Handover::default(),
            gauges: Gauges::default(),
            store,
            clock,
            backup,
            started_at,
            fixed,
        };
        let assembled = shared.assemble(settings).await?;
        let (api, current) = watch::channel(Arc::clone(&assembled.api));
        let (stop_doors, stopped) = watch::channel(false);
        let mut doors = JoinSet::new();
        doors.spawn(http::serve(current.clone(), listener, stopped.clone()));
        doors.spawn(http::serve(current, control, stopped));
        Ok(Self {
            address,
            shared,
            api,
            doors,
            stop_doors,
            generation: assembled.run(),
            control_socket: control_socket.to_owned(),
        })
    }

    /// Where the API listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What `systemd` is told now and then.
    #[must_use]
    pub fn summary(&self) -> Summary {
        Summary(self.shared.store.clone())
    }

    /// How long a stop may take.
    #[must_use]
    pub fn stop_time(&self) -> Duration {
        self.generation.stop_time + STOP_MARGIN
    }

    /// Those who ask over the control socket that the configuration be read again.
    #[must_use]
    pub fn reloads(&self) -> Reloads {
        self.shared.reloads.clone()
    }

    /// Goes on with another configuration. Requests are answered all the while; sending pauses
    /// until the attempts under way have ended, so that nothing is sent twice. Says which keys
    /// need a new start to change.
    ///
    /// # Errors
    /// `StartError`; the daemon goes on as before then.
    pub async fn reload(&mut self, settings: &Loaded) -> Result<Vec<&'static str>, StartError> {
        let assembled = self.shared.assemble(settings).await?;
        // The parts hold the other end as long as they run.
        let _ = self.generation.stop.send(true);
        self.generation.end().await;
        // Nobody listening means that the doors are closed already.
        let _ = self.api.send(Arc::clone(&assembled.api));
        self.generation = assembled.run();
        let wanted = Fixed::of(settings);
        let fixed = &self.shared.fixed;
        let unchanged = [
            (wanted.listen == fixed.listen, "server.listen"),
            (wanted.directory == fixed.directory, "storage.directory"),
        ];
        let ignored = unchanged.into_iter().filter(|(same, _)| !same);
        Ok(ignored.map(|(_, key)| key).collect())
    }

    /// Answers when a part of the daemon has ended that should not have: it must be started anew.
    pub async fn broke_down(&mut self) {
        tokio::select! {
            _ = self.doors.join_next() => {}
            _ = self.generation.parts.join_next() => {}
            () = self.shared.store.ended() => {}
        }
    }

    /// Stops accepting, lets requests and attempts under way finish for at most the longest
    /// timeout, and closes the database. Loses nothing, spends no attempt.
    pub async fn stop(mut self) {
        // The parts hold the other ends; when none does any more, there is nothing to stop.
        let _ = self.stop_doors.send(true);
        let _ = self.generation.stop.send(true);
        let stop_time = self.generation.stop_time;
        let closed = async { while self.doors.join_next().await.is_some() {} };
        let closed = tokio::time::timeout(stop_time, closed);
        let (closed, ()) = tokio::join!(closed, self.generation.end());
        if closed.is_err() {
            tracing::warn!("requests under way were cut off: they took too long");
            self.doors.shutdown().await;
        }
        self.shared.backup.step_at_the_end().await;
        self.shared.store.close().await;
        // The next start would replace it as well.
        let _ = fs::remove_file(&self.control_socket);
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

impl Shared {
    /// Everything that depends on the configuration, ready to run.
    async fn assemble(&self, settings: &Loaded) -> Result<Assembled, StartError> {
        let config = &settings.config;
        let (store, clock) = (&self.store, &self.clock);
        let retry = RetryPolicy::new(config.retry.intervals.clone());
        let means = Means {
            store: store.clone(),
            clock: clock.clone(),
            policy: retry.clone(),
            thresholds: config.alerts.thresholds.clone(),
            gauges: self.gauges.clone(),
        };
        let mut desks = Desks::default();
        let dispatchers = settings
            .out
            .iter()
            .map(|route| {
                let arrivals = desks.open(&route.name);
                Dispatcher::new(route.clone(), means.clone(), arrivals)
            })
            .collect::<Result<Vec<_>, _>>()?;
        let out = settings.out.iter();
        let routes = Routes {
            routing: config.routing(),
            origins: out.map(|r| (r.name.clone(), r.origin())).collect(),
            handover: self.handover.clone(),
        };
        tell_what_waits(&routes, store.read(outbox::waiting).await?);
        let backup = self.backup.every(config.storage.backup_interval);
        let last_seen = store.read(stats::last_seen).await?;
        let days = config.storage.retention_days;
        let upkeep = Upkeep {
            backup: backup.clone(),
            retention: Retention::new(store.clone(), clock.clone(), days, last_seen),
            reserve: ReserveKeeper::new(store.clone(), clock.clone()),
        };
        let pulses: Vec<_> = dispatchers.iter().map(Dispatcher::pulse).collect();
        let watch = Watch::new(
            Watched {
                store: store.clone(),
                clock: clock.clone(),
                gauges: self.gauges.clone(),
                backup: backup.clone(),
                pulses: pulses.clone(),
                routes: settings.out.clone(),
            },
            Rules {
                thresholds: config.alerts.thresholds.clone(),
                digests: config.alerts.digests.clone(),
                retention_days: days,
                heartbeat: settings.alerts.heartbeat.clone(),
            },
        );
        let speech = Speech {
            language: config.language,
            timezone: config.timezone,
        };
        let channels = settings.alerts.channels.iter().cloned();
        let courier = |channel| Courier::new(channel, speech, store.clone(), clock.clone());
        let couriers = channels.map(courier).collect();
        let api = Arc::new(Api {
            backup,
            channels: settings.alerts.channels.clone(),
            speech,
            gauges: self.gauges.clone(),
            keys: keys(&settings.secrets),
            revoked: Arc::clone(&self.revoked),
            rate_limiter: RateLimiter::new(config.rate_limit.requests_per_minute),
            health: Health::of(pulses),
            system_ids: Arc::clone(&self.system_ids),
            reloads: self.reloads.clone(),
            cors_allowed_origins: config.server.cors_allowed_origins.clone(),
            trusted_proxies: config.server.trusted_proxies.clone(),
            max_body_bytes: config.server.max_body_bytes,
            public_url: config.server.public_url.clone(),
            ingest: settings.ingest.clone(),
            retry,
            routes,
            store: store.clone(),
            clock: clock.clone(),
            started_at: self.started_at,
        });
        let timeouts = settings.out.iter().map(|route| route.timeout);
        Ok(Assembled {
            api,
            dispatchers,
            desks,
            upkeep,
            watch,
            couriers,
            stop_time: timeouts.max().unwrap_or_default() + STOP_MARGIN,
        })
    }
}

impl Assembled {
    fn run(self) -> Generation {
        let (stop, stopped) = watch::channel(false);
        let mut parts = JoinSet::new();
        self.api.routes.handover.lead_to(self.desks);
        for dispatcher in self.dispatchers {
            parts.spawn(dispatcher.run(stopped.clone()));
        }
        for courier in self.couriers {
            parts.spawn(courier.run(stopped.clone()));
        }
        parts.spawn(self.watch.run(stopped.clone()));
        parts.spawn(self.upkeep.run(stopped));
        Generation {
            stop,
            parts,
            stop_time: self.stop_time,
        }
    }
}

impl Generation {
    /// Waits for the parts that were told to stop; those that take too long are cut off.
    async fn end(&mut self) {
        let ended = async { while self.parts.join_next().await.is_some() {} };
        if tokio::time::timeout(self.stop_time, ended).await.is_err() {
            tracing::warn!("attempts under way were cut off: they took too long");
            self.parts.shutdown().await;
        }
    }
}

/// The control socket's place in a directory.
#[must_use]
pub fn control_socket(directory: &Path) -> PathBuf {
    directory.join("control.sock")
}

/// One line for the default route without a URL, and for each route that events wait for and the
/// configuration does not have any more.
fn tell_what_waits(routes: &Routes, waiting: Vec<(String, u64)>) {
    if !routes.sends_on(route::DEFAULT) {
        tracing::warn!(
            "no webhook URL is set (VOICEDRIVE_WEBHOOK_URL or delivery.url): events are accepted and kept, and nothing is sent"
        );
    }
    for (route, events) in waiting {
        if route != route::DEFAULT && !routes.sends_on(&route) {
            tracing::warn!(%route, events, "events wait for a route that is not in the configuration any more; bring it back, or send them another way with `voicedrive-relay resend`");
        }
    }
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

/// Makes the control socket, in place of one that a crash left behind: the lock on the data
/// directory is held already, so nobody else listens there.
fn bind_control(path: &Path) -> Result<UnixListener, StartError> {
    let at_path = |source| StartError::Control {
        path: path.to_owned(),
        source,
    };
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(at_path(error)),
        _ => {}
    }
    let listener = UnixListener::bind(path).map_err(at_path)?;
    fs::set_permissions(path, fs::Permissions::from_mode(0o660)).map_err(at_path)?;
    Ok(listener)
}
