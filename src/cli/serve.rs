//! `serve`: the daemon in the foreground, until a signal ends it.

use std::path::{Path, PathBuf};
use std::pin::pin;
use std::{env, process};

use tokio::signal::unix::{Signal, SignalKind, signal};

use super::refuges::refuges;
use super::{CliError, Common};
use crate::audit::Actor;
use crate::clock::Clock;
use crate::command_line::CommandLine;
use crate::config::{
    Changes, ConfigErrors, Environment, Expected, Kind, Loaded, Location, Note, NoteKind,
};
use crate::http::server::control_socket::{LONGEST_PATH, is_too_long};
use crate::language::Language;
use crate::logging;
use crate::relay::{self, Relay, StartError, WaitingStart};
use crate::reload::{ReloadOutcome, ReloadRefused, Reloaded};
use crate::store::OpenError;
use crate::store::file::elsewhere::bring_home;
use crate::systemd::Systemd;
use crate::trouble::Trouble;

pub(super) async fn run(common: &Common, environment: &Environment) -> Result<(), CliError> {
    let systemd = Systemd::of(environment);
    // The working directory may be on a disk that goes away, and a path through it would still lead there.
    let started_in = env::current_dir().unwrap_or_default();
    let mut settings = common
        .load(environment)
        .inspect_err(|error| systemd.failed(error))?;
    logging::start(environment);
    tell_notes(&settings.notes);
    let failed = |error: &dyn std::fmt::Display| CliError::Failed(error.to_string());
    let mut ends = Ends::new().map_err(|error| failed(&error))?;
    let mut hang_up = signal(SignalKind::hangup()).map_err(|error| failed(&error))?;
    // systemd makes a directory for the socket and says where.
    let control_socket = environment.var("RUNTIME_DIRECTORY").map_or_else(
        || relay::control_socket(&settings.config.storage.directory),
        |d| relay::control_socket(d.as_ref()),
    );
    may_listen(common, &control_socket).inspect_err(|error| systemd.failed(error))?;
    stay_in(&started_in, &mut settings);
    let refuges = refuges(common, environment);
    let started = start(&settings, &refuges, &control_socket, &systemd, &mut ends).await;
    let started = started.inspect_err(|error| systemd.failed(error));
    let Some(mut relay) = started.map_err(|error| not_started(&error))? else {
        tracing::info!("stopped while the start waited");
        return Ok(());
    };
    systemd.ready();
    let telling = systemd.keep_telling(&relay);
    tracing::info!(
        version = env!("CARGO_PKG_VERSION"),
        listen = %relay.address(),
        tls = relay.tls_address().map(tracing::field::display),
        directory = %settings.config.storage.directory.display(),
        "ready"
    );
    let reloads = relay.reloads();
    loop {
        let asked = tokio::select! {
            () = ends.wait() => break,
            _ = hang_up.recv() => None,
            asked = reloads.next() => Some(asked),
            () = relay.wait_for_failure() => {
                return Err(CliError::Failed(
                    "a part of the relay ended unexpectedly; whatever was accepted is kept and goes on at the next start".to_owned(),
                ));
            }
        };
        let drop = asked.as_ref().is_some_and(|asked| asked.drop);
        let read = common.load(environment).map_err(not_read);
        let outcome = match read {
            Ok(mut new) => {
                stay_in(&started_in, &mut new);
                reload(&mut relay, &mut settings, new, drop).await
            }
            Err(refused) => Err(refused),
        };
        tell(&outcome, &settings.commands);
        reloads.conclude(&outcome);
        if let Ok(done) = &outcome {
            let by = asked.as_ref().map(|asked| asked.by.clone());
            // A signal does not say who sends it.
            let by = by.unwrap_or_else(|| Actor::user("SIGHUP", None));
            relay.record_reload(by, &done.changes).await;
        }
        if let Err(refused) = &outcome {
            systemd.reload_refused(refused);
        }
        if let Some(asked) = asked {
            asked.answer(outcome);
        }
    }
    if let Some(telling) = telling {
        telling.abort();
    }
    let stopping = systemd.stopping();
    tracing::info!("stopping: nothing more is accepted, attempts under way may finish");
    let observer = relay.observer();
    let mut stopped = pin!(relay.stop(&refuges));
    let stopped = loop {
        tokio::select! {
            stopped = &mut stopped => break stopped,
            () = ends.wait() => {}
        }
        if matches!(observer.trouble(), Some(Trouble::Gone { rescued: None })) {
            tracing::warn!(
                "a second signal asks for a stop at once, but only this process has what was accepted: the stop goes on until that is copied out"
            );
            continue;
        }
        // As safe as the slow way: whatever is acknowledged is committed, and an attempt
        // without a result is made again after the start.
        tracing::warn!("stopped at once, as a second signal asked");
        process::exit(0);
    };
    stopping.abort();
    stopped.map_err(|error| failed(&error))?;
    tracing::info!("stopped");
    Ok(())
}

/// Starts the relay. On a disk without any room that waits until there is some: an exit would be tried again a few times
/// only, and nobody would be told why. None: it was ended while it waited.
async fn start(
    settings: &Loaded,
    refuges: &[PathBuf],
    control_socket: &Path,
    systemd: &Systemd,
    ends: &mut Ends,
) -> Result<Option<Relay>, StartError> {
    let directory = &settings.config.storage.directory;
    loop {
        let starting = systemd.starting();
        let started = match bring_home(directory, refuges, &settings.commands) {
            Ok(()) => Relay::start(settings, control_socket, Clock::System).await,
            Err(error) => Err(StartError::Store {
                error,
                commands: settings.commands.clone(),
            }),
        };
        starting.abort();
        let error = match started {
            Err(error) if error.is_for_want_of_room() => error,
            started => return started.map(Some),
        };
        let waiting = WaitingStart::new(settings, control_socket, Clock::System).await?;
        let Some(waiting) = waiting else {
            return Err(error);
        };
        let why = waiting.why();
        tracing::error!("{error}");
        let told = why.borrow().describe(Language::En, &settings.commands);
        tracing::error!(directory = %directory.display(), "the start waits, and goes on by itself; until then everybody who asks is told: {told}");
        let telling = systemd.waiting(why, settings.commands.clone());
        let is_ended = tokio::select! {
            () = waiting.wait() => false,
            () = ends.wait() => true,
        };
        telling.abort();
        if is_ended {
            return Ok(None);
        }
        tracing::info!("nothing keeps the start any more: it goes on");
    }
}

/// Has a relative data directory be the one in the directory in which the daemon was started, whatever becomes of that.
fn stay_in(started_in: &Path, settings: &mut Loaded) {
    let directory = &mut settings.config.storage.directory;
    *directory = started_in.join(&*directory);
}

/// Finds a path that no socket can have, before anything is opened.
fn may_listen(common: &Common, control_socket: &Path) -> Result<(), ConfigErrors> {
    if !is_too_long(control_socket) {
        return Ok(());
    }
    let place = Location::File {
        path: common.config.clone(),
        line: 0,
        key: "storage.directory".to_owned(),
    };
    let expected = Expected::ShorterPath(control_socket.to_owned(), LONGEST_PATH);
    Err(ConfigErrors::one(place, Kind::Expected(expected)))
}

fn not_started(error: &StartError) -> CliError {
    match error {
        StartError::Store {
            error:
                OpenError::PreRelease { .. }
                | OpenError::OfAnother { .. }
                | OpenError::Unidentified { .. },
            ..
        } => CliError::ForeignDatabase(error.to_string()),
        _ => CliError::Failed(error.to_string()),
    }
}

fn not_read(error: CliError) -> ReloadRefused {
    match error {
        CliError::Config(mistakes) => ReloadRefused::ConfigErrors(mistakes),
        other => ReloadRefused::Failed(other.to_string()),
    }
}

/// Puts `new` in the place of what is in force, unless something would be lost that nobody meant to lose.
async fn reload(
    relay: &mut Relay,
    in_force: &mut Loaded,
    new: Loaded,
    drop: bool,
) -> ReloadOutcome {
    let changes = new.changes_since(in_force);
    if !changes.lost.is_empty() && !drop {
        return Err(ReloadRefused::Loses(changes.lost));
    }
    let reloaded = relay.reload(&new).await;
    let needs_restart = reloaded.map_err(|error| ReloadRefused::Failed(error.to_string()))?;
    let notes = new.notes.clone();
    *in_force = new.in_place_of(in_force);
    Ok(Reloaded {
        needs_restart,
        changes,
        notes,
    })
}

/// What came of a reload, for the log.
fn tell(outcome: &ReloadOutcome, commands: &CommandLine) {
    match outcome {
        Ok(done) => {
            tell_notes(&done.notes);
            tell_changes(&done.changes);
            for key in &done.needs_restart {
                tracing::warn!(key, "this key changes only with a restart");
            }
            tracing::info!("the configuration was read again");
        }
        Err(refused) => {
            match refused {
                ReloadRefused::ConfigErrors(mistakes) => {
                    for mistake in &mistakes.list {
                        tracing::error!("{mistake}");
                    }
                    tell_notes(&mistakes.notes);
                }
                ReloadRefused::Loses(_) => {
                    let command = commands.typed("reload --drop");
                    tracing::error!("{refused}: {command}");
                }
                ReloadRefused::Failed(_) => tracing::error!("{refused}"),
            }
            tracing::error!("the configuration was not read again; the old one stays in force");
        }
    }
}

fn tell_notes(notes: &[Note]) {
    for note in notes {
        let told = note.describe(Language::En);
        // As a container has its secrets.
        if matches!(&note.kind, NoteKind::NoFile(variables) if !variables.is_empty()) {
            tracing::info!("{told}");
        } else {
            tracing::warn!("{told}");
        }
    }
}

fn tell_changes(changes: &Changes) {
    for name in &changes.new {
        tracing::info!(name, "this is set now");
    }
    for name in &changes.changed {
        let values = changes.values.get(name);
        let (old, new) = (values.map(|v| &v.old), values.map(|v| &v.new));
        tracing::info!(name, old, new, "this has changed");
    }
    for route in &changes.shown {
        tracing::warn!(
            route,
            "this route is not private any more: everybody who may see the monitor page sees its deliveries"
        );
    }
    for name in &changes.gone {
        let dropped = changes.lost.contains(name);
        tracing::warn!(name, dropped, "this is not set any more");
    }
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
