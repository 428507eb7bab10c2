//! `serve`: the daemon in the foreground, until a signal ends it.

use std::process;

use tokio::signal::unix::{Signal, SignalKind, signal};

use super::{CliError, Common};
use crate::clock::Clock;
use crate::config::Environment;
use crate::logging;
use crate::relay::{self, Relay, StartError};
use crate::reload::Outcome;
use crate::store::OpenError;
use crate::systemd;

pub(super) async fn run(common: &Common, environment: &Environment) -> Result<(), CliError> {
    let settings = &common.load(environment)?;
    logging::start(environment);
    let failed = |error: &dyn std::fmt::Display| CliError::Failed(error.to_string());
    let mut ends = Ends::new().map_err(|error| failed(&error))?;
    let mut hang_up = signal(SignalKind::hangup()).map_err(|error| failed(&error))?;
    let directory = &settings.config.storage.directory;
    // systemd makes a directory for the socket and says where.
    let control_socket = environment.var("RUNTIME_DIRECTORY").map_or_else(
        || relay::control_socket(directory),
        |d| relay::control_socket(d.as_ref()),
    );
    let starting = systemd::starting();
    let started = Relay::start(settings, &control_socket, Clock::System).await;
    starting.abort();
    let mut relay = started.map_err(|error| not_started(&error))?;
    systemd::ready();
    let under_systemd = environment.var("NOTIFY_SOCKET").is_some();
    let telling = under_systemd.then(|| systemd::keep_telling(&relay));
    tracing::info!(
        version = env!("CARGO_PKG_VERSION"),
        listen = %relay.address(),
        directory = %directory.display(),
        "ready"
    );
    let reloads = relay.reloads();
    loop {
        let asked = tokio::select! {
            () = ends.wait() => break,
            _ = hang_up.recv() => None,
            asked = reloads.next() => Some(asked),
            () = relay.broke_down() => {
                return Err(CliError::Failed(
                    "a part of the relay ended unexpectedly; whatever was accepted is kept and goes on at the next start".to_owned(),
                ));
            }
        };
        let outcome = reload(&mut relay, common, environment).await;
        if let Some(asked) = asked {
            asked.answer(outcome);
        }
    }
    if let Some(telling) = telling {
        telling.abort();
    }
    systemd::stopping(relay.stop_time());
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

fn not_started(error: &StartError) -> CliError {
    match error {
        StartError::Store(OpenError::OfBefore { .. }) => {
            CliError::ForeignDatabase(error.to_string())
        }
        _ => CliError::Failed(error.to_string()),
    }
}

/// Reads the configuration again. A bad one is refused with all its mistakes, and the old one stays
/// in force.
async fn reload(relay: &mut Relay, common: &Common, environment: &Environment) -> Outcome {
    let refused = |error: &dyn std::fmt::Display| {
        for line in error.to_string().lines() {
            tracing::error!("{line}");
        }
        tracing::error!("the configuration was not read again; the old one stays in force");
        error.to_string()
    };
    let settings = common.load(environment).map_err(|error| refused(&error))?;
    let reloaded = relay.reload(&settings).await;
    let needs_restart = reloaded.map_err(|error| refused(&error))?;
    for key in &needs_restart {
        tracing::warn!(key, "this key changes only with a restart");
    }
    tracing::info!("the configuration was read again");
    Ok(needs_restart)
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
