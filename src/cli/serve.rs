//! `serve`: the daemon in the foreground, until a signal ends it.

use std::process;

use tokio::signal::unix::{Signal, SignalKind, signal};

use super::CliError;
use crate::clock::Clock;
use crate::config::{Environment, Loaded};
use crate::logging;
use crate::relay::{self, Relay};

pub(super) async fn run(settings: &Loaded, environment: &Environment) -> Result<(), CliError> {
    logging::start(environment);
    let failed = |error: &dyn std::fmt::Display| CliError::Failed(error.to_string());
    let mut ends = Ends::new().map_err(|error| failed(&error))?;
    let directory = &settings.config.storage.directory;
    // systemd makes a directory for the socket and says where.
    let control_socket = environment.var("RUNTIME_DIRECTORY").map_or_else(
        || relay::control_socket(directory),
        |d| relay::control_socket(d.as_ref()),
    );
    let mut relay = Relay::start(settings, &control_socket, Clock::System)
        .await
        .map_err(|error| failed(&error))?;
    tracing::info!(
        version = env!("CARGO_PKG_VERSION"),
        listen = %relay.address(),
        directory = %directory.display(),
        "ready"
    );
    tokio::select! {
        () = ends.wait() => {}
        () = relay.broke_down() => {
            return Err(CliError::Failed(
                "a part of the relay ended unexpectedly; whatever was accepted is kept and goes on at the next start".to_owned(),
            ));
        }
    }
    tracing::info!("stopping: nothing more is accepted, attempts under way may finish");
    tokio::select! {
        () = relay.stop() => tracing::info!("stopped"),
        () = ends.wait() => {
            // As safe as the slow way: whatever is acknowledged is committed, and an attempt
            // without a result is made again after the start.
            tracing::warn!("stopped at once, as a second signal asked");
            process::exit(0);
        }
    }
    Ok(())
}

/// The signals that end the daemon.
struct Ends {
    terminate: Signal,
    interrupt: Signal,
}

impl Ends {
    fn new() -> std::io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }

    async fn wait(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}
