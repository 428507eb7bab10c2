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

use crate::clock::Clock;
use crate::config::{Loaded, Secret, Secrets};
use crate::delivery::Dispatcher;
use crate::delivery::partner::SetupError;
use crate::http::auth::Keys;
use crate::http::rate_limit::RateLimiter;
use crate::http::system_id::SystemIds;
use crate::http::{self, Api, Health, Routes};
use crate::retry::RetryPolicy;
use crate::route;
use crate::store::{OpenError, Store, StoreError, outbox, stats, tokens};
use crate::upkeep::Upkeep;
use crate::upkeep::backup::BackupFile;
use crate::upkeep::reserve::ReserveKeeper;
use crate::upkeep::retention::Retention;
use crate::wake::Wakes;

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
    store: Store,
    backup: BackupFile,
    stop: watch::Sender<bool>,
    parts: JoinSet<()>,
    stop_time: Duration,
    control_socket: PathBuf,
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
        let started_at = clock.now();
        let directory = config.storage.directory.clone();
        let store = Store::open(&directory, started_at)?;
        let listen = config.server.listen;
        let listener = TcpListener::bind(listen)
            .await
            .map_err(|source| StartError::Listen {
                address: listen,
                source,
            })?;
        let address = listener.local_addr().unwrap_or(listen);
        let control = bind_control(control_socket)?;
        let retry = RetryPolicy::new(config.retry.intervals.clone());
        let mut wakes = Wakes::default();
        let dispatchers = settings
            .out
            .iter()
            .map(|route| {
                let (store, wake) = (store.clone(), wakes.of(&route.name));
                Dispatcher::new(route.clone(), store, retry.clone(), clock.clone(), wake)
            })
            .collect::<Result<Vec<_>, _>>()?;
        let routes = Routes {
            routing: config.routing(),
            origins: settings
                .out
                .iter()
                .map(|r| (r.name.clone(), r.origin()))
                .collect(),
            wakes,
        };
        tell_what_waits(&routes, store.read(outbox::waiting).await?);
        let storage = &config.storage;
        let backup = BackupFile::new(
            store.clone(),
            clock.clone(),
            &storage.directory,
            storage.backup_interval,
        );
        let last_seen = store.read(stats::last_seen).await?;
        let upkeep = Upkeep {
            backup: backup.clone(),
            retention: Retention::new(
                store.clone(),
                clock.clone(),
                storage.retention_days,
                last_seen,
            ),
            reserve: ReserveKeeper::new(store.clone(), clock.clone()),
        };
        let api = Arc::new(Api {
            backup: backup.clone(),
            keys: keys(&settings.secrets),
            revoked: RwLock::new(store.read(tokens::revoked).await?),
            rate_limiter: RateLimiter::new(config.rate_limit.requests_per_minute),
            health: Health::of(dispatchers.iter().map(Dispatcher::pulse).collect()),
            system_ids: SystemIds::default(),
            cors_allowed_origins: config.server.cors_allowed_origins.clone(),
            timezone: config.timezone,
            trusted_proxies: config.server.trusted_proxies.clone(),
            max_body_bytes: config.server.max_body_bytes,
            retry,
            routes,
            store: store.clone(),
            clock,
            started_at,
        });
        let (stop, stopped) = watch::channel(false);
        let mut parts = JoinSet::new();
        for dispatcher in dispatchers {
            parts.spawn(dispatcher.run(stopped.clone()));
        }
        parts.spawn(upkeep.run(stopped.clone()));
        parts.spawn(http::serve(Arc::clone(&api), listener, stopped.clone()));
        parts.spawn(http::serve(api, control, stopped));
        Ok(Self {
            address,
            store,
            backup,
            stop,
            parts,
            stop_time: longest_timeout(settings) + STOP_MARGIN,
            control_socket: control_socket.to_owned(),
        })
    }

    /// Where the API listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Answers when a part of the daemon has ended that should not have: it must be started anew.
    pub async fn broke_down(&mut self) {
        tokio::select! {
            _ = self.parts.join_next() => {}
            () = self.store.ended() => {}
        }
    }

    /// Stops accepting, lets requests and attempts under way finish for at most the longest
    /// timeout, and closes the database. Loses nothing, spends no attempt.
    pub async fn stop(mut self) {
        // The parts hold the other ends; when none does any more, there is nothing to stop.
        let _ = self.stop.send(true);
        let finished = async { while self.parts.join_next().await.is_some() {} };
        if tokio::time::timeout(self.stop_time, finished)
            .await
            .is_err()
        {
            tracing::warn!("requests under way were cut off: they took too long");
            self.parts.shutdown().await;
        }
        self.backup.step_at_the_end().await;
        self.store.close().await;
        // The next start would replace it as well.
        let _ = fs::remove_file(&self.control_socket);
    }
}

/// The control socket's place in a directory.
#[must_use]
pub fn control_socket(directory: &Path) -> PathBuf {
    directory.join("control.sock")
}

/// The longest that an attempt of any route may take.
fn longest_timeout(settings: &Loaded) -> Duration {
    let timeouts = settings.out.iter().map(|route| route.timeout);
    timeouts.max().unwrap_or_default()
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
