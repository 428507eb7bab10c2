//! The daemon, put together: store, dispatcher and HTTP API, started and stopped as one.

mod api_state;
mod assembly;
mod listeners;
mod no_room;
mod parts;

use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, RwLock};
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::audit::{Action, Actor, Subject};
use crate::clock::Clock;
use crate::command_line::CommandLine;
use crate::config::{Changes, Loaded};
use crate::delivery::DeliveryRules;
use crate::delivery::handoff::Handoff;
use crate::delivery::partner::SetupError;
use crate::http::api::rate_limit::RateLimiter;
use crate::http::{self, Api};
use crate::language::Language;
use crate::observations::Observations;
use crate::reload::Reloads;
use crate::store::file::snapshot::SnapshotError;
use crate::store::{OpenError, Store, StoreError};
use crate::timestamp::Timestamp;
use crate::trouble::Trouble;
use crate::under_way::UnderWay;
use crate::upkeep::backup::BackupFile;
use crate::upkeep::file_watch::FileWatch;
use assembly::{Fixed, Shared, rules};
use listeners::Bound;
pub use no_room::WaitingStart;
use parts::{Parts, Purpose};

/// A stop waits for requests under way for the longest attempt's timeout plus this.
const STOP_MARGIN: Duration = Duration::from_secs(2);

/// Why the daemon did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The database or its directory.
    #[error("{}", error.describe(Language::En, commands))]
    Store {
        /// What is wrong.
        error: OpenError,
        /// How an admin types what helps.
        commands: CommandLine,
    },
    /// The database was opened and could not be read.
    #[error(transparent)]
    Read(#[from] StoreError),
    /// The database was opened, and something is wrong with it. It was left as it is.
    #[error("{}: {}", database.display(), trouble.describe(Language::En, commands))]
    Trouble {
        /// The database.
        database: PathBuf,
        /// What is wrong.
        trouble: Trouble,
        /// How an admin types what helps.
        commands: CommandLine,
    },
    /// The port of the API.
    #[error("{address}: {source}; another program may use this address ({key})")]
    Listen {
        /// The address of the configuration.
        address: SocketAddr,
        /// The key that says it.
        key: &'static str,
        /// What the operating system said.
        source: io::Error,
    },
    /// The control socket.
    #[error("{}: {source}; the control socket cannot be made. Its directory must exist, have room and belong to the user that runs the relay", path.display())]
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
    "the database's file was gone before the stop, and what was accepted could not be copied out of the open file: {0}. Bring the file back before the next start, or restore the newest copy"
)]
pub struct Lost(#[from] SnapshotError);

/// A running daemon.
pub struct Relay {
    shared: Shared,
    api: watch::Sender<Arc<Api>>,
    rules: watch::Sender<DeliveryRules>,
    listeners: JoinSet<()>,
    stop_listeners: watch::Sender<bool>,
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

    /// What is wrong with the database.
    #[must_use]
    pub fn trouble(&self) -> Option<Trouble> {
        self.store.file().trouble()
    }

    /// Whether what is kept moves. A disk that is full is no reason for a restart.
    pub async fn moves(&self) -> bool {
        let api = Arc::clone(&self.api.borrow());
        http::moves(&api).await
    }
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
        let commands = &settings.commands;
        let directory = &settings.config.storage.directory;
        let store = Store::open_for(directory, commands, clock.moment());
        let store = store.map_err(|error| StartError::Store {
            error,
            commands: commands.clone(),
        })?;
        let started = Self::start_with(settings, control_socket, clock.clone(), store.clone());
        let started = started.await.map_err(|error| {
            let file = store.file();
            match (error, file.trouble()) {
                (StartError::Read(_), Some(trouble)) => StartError::Trouble {
                    database: file.path().to_owned(),
                    trouble,
                    commands: commands.clone(),
                },
                (error, _) => error,
            }
        });
        if started.is_ok() {
            // It ends with the store.
            tokio::spawn(store.end_interrupted_import());
        } else {
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
        let bound = Bound::of(settings, control_socket).await?;
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
            under_way: UnderWay::default(),
            observations: Observations::default(),
            started_at: clock.now(),
            listeners: bound.listeners(),
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
        shared.arrange(settings).await;
        let liveness = shared.run(settings, plan, &mut parts);
        let (api, current) = watch::channel(Arc::new(shared.api(settings, liveness)));
        let (stop_listeners, stopped) = watch::channel(false);
        let listeners = bound.open(&current, &stopped);
        Ok(Self {
            shared,
            api,
            rules,
            listeners,
            stop_listeners,
            parts,
        })
    }

    /// Where the API listens: in plain HTTP, unless TLS takes its place.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        let Shared {
            listeners, fixed, ..
        } = &self.shared;
        listeners.plain.unwrap_or(fixed.listen)
    }

    /// Where it listens over TLS.
    #[must_use]
    pub fn tls_address(&self) -> Option<SocketAddr> {
        let secured = self.shared.listeners.secured.as_ref();
        secured.map(|(address, _)| *address)
    }

    /// What `systemd` is told now and then.
    #[must_use]
    pub fn observer(&self) -> Observer {
        Observer {
            store: self.shared.store.clone(),
            api: self.api.subscribe(),
        }
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
        self.shared.arrange(settings).await;
        self.rules.send_replace(plan.rules.clone());
        self.shared.show_pair(settings);
        let liveness = self.shared.run(settings, plan, &mut self.parts);
        self.api
            .send_replace(Arc::new(self.shared.api(settings, liveness)));
        // What an arrangement let go stands in the store.
        self.shared.handoff.wake_all();
        let wanted = Fixed::of(settings);
        let fixed = &self.shared.fixed;
        let unchanged = [
            (wanted.listen == fixed.listen, "server.listen"),
            (wanted.secured == fixed.secured, "server.tls"),
            (wanted.directory == fixed.directory, "storage.directory"),
        ];
        let ignored = unchanged.into_iter().filter(|(same, _)| !same);
        Ok(ignored.map(|(_, key)| key).collect())
    }

    /// Keeps that somebody has had the configuration read again. The reload is done, whatever becomes of this.
    pub async fn record_reload(&self, by: Actor, changes: &Changes) {
        let Shared { store, clock, .. } = &self.shared;
        let names = changes.marked();
        let entry = by.did(Action::Reload, clock.now());
        let entry = entry.counting(names.len() as u64);
        let entry = if names.is_empty() {
            entry
        } else {
            entry.to(Subject::Named(names.join(", ")))
        };
        if let Err(error) = store.record_action(entry).await {
            tracing::warn!(%error, "who had the configuration read again could not be kept");
        }
    }

    /// Resolves when a part has ended that should not have: the daemon must be started anew.
    pub async fn wait_for_failure(&mut self) {
        tokio::select! {
            _ = self.listeners.join_next() => {}
            () = self.parts.wait_for_failure() => {}
            () = self.shared.store.ended() => {}
        }
    }

    /// Stops accepting, lets requests and attempts under way finish for at most the longest
    /// timeout, and closes the database. Loses nothing, spends no attempt. `refuges`: where what only the open file has
    /// is copied to when that file is gone and the data directory takes no copy.
    ///
    /// # Errors
    /// `Lost`: the database's file is gone, and its data could not be copied out. The relay is stopped all the same.
    pub async fn stop(mut self, refuges: &[PathBuf]) -> Result<(), Lost> {
        // The listeners hold the other end; when none is left, there is nothing to stop.
        let _ = self.stop_listeners.send(true);
        // It may be about to make the same copy.
        self.parts.stop_one(&Purpose::Place).await;
        let Shared { store, clock, .. } = &self.shared;
        let place = FileWatch::new(store.clone(), clock.clone());
        // Attempts may take long, and somebody may end the process meanwhile. When this fails, it is tried again after them.
        let _ = place.final_rescue(refuges).await;
        let at_most = self.parts.stop_time() + STOP_MARGIN;
        let closed = async { while self.listeners.join_next().await.is_some() {} };
        let closed = tokio::time::timeout(at_most, closed);
        let (closed, ()) = tokio::join!(closed, self.parts.stop(at_most));
        if closed.is_err() {
            tracing::warn!("requests under way were cut off: they took too long");
            self.listeners.shutdown().await;
        }
        let Shared {
            backup,
            store,
            clock,
            ..
        } = self.shared;
        let rescued = place.final_rescue(refuges).await;
        backup.final_backup().await;
        store.close(clock.moment()).await;
        Ok(rescued?)
    }
}

/// The control socket's place in a directory.
#[must_use]
pub fn control_socket(directory: &Path) -> PathBuf {
    directory.join("control.sock")
}
