//! `serve`: the daemon in the foreground, until a signal ends it.

use std::path::{Path, PathBuf};
use std::process;

use tokio::signal::unix::{Signal, SignalKind, signal};

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
use crate::systemd::Systemd;

pub(super) async fn run(common: &Common, environment: &Environment) -> Result<(), CliError> {
    let systemd = Systemd::of(environment);
    let mut settings = common
        .load(environment)
        .inspect_err(|error| systemd.failed(error))?;
    logging::start(environment);
    tell_notes(&settings.notes);
    let failed = |error: &dyn std::fmt::Display| CliError::Failed(error.to_string());
    let mut ends = Ends::new().map_err(|error| failed(&error))?;
    let mut hang_up = signal(SignalKind::hangup()).map_err(|error| failed(&error))?;
    let directory = settings.config.storage.directory.clone();
    // systemd makes a directory for the socket and says where.
    let control_socket = environment.var("RUNTIME_DIRECTORY").map_or_else(
        || relay::control_socket(&directory),
        |d| relay::control_socket(d.as_ref()),
    );
    may_listen(common, &control_socket).inspect_err(|error| systemd.failed(error))?;
    let started = start(&settings, &control_socket, &systemd, &mut ends).await;
    let started = started.inspect_err(|error| systemd.failed(error));
    let Some(mut relay) = started.map_err(|error| not_started(&error))? else {
        tracing::info!("stopped before there was room for the start");
        return Ok(());
    };
    systemd.ready();
    let telling = systemd.keep_telling(&relay);
    tracing::info!(
        version = env!("CARGO_PKG_VERSION"),
        listen = %relay.address(),
        tls = relay.tls_address().map(tracing::field::display),
        directory = %directory.display(),
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
            Ok(new) => reload(&mut relay, &mut settings, new, drop).await,
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
    let refuges = refuges(environment);
    tokio::select! {
        stopped = relay.stop(&refuges) => {
            stopping.abort();
            stopped.map_err(|error| failed(&error))?;
            tracing::info!("stopped");
        }
        () = ends.wait() => {
            // As safe as the slow way: whatever is acknowledged is committed, and an attempt
            // without a result is made again after the start.
            tracing::warn!("stopped at once, as a second signal asked");
            process::exit(0);
        }
    }
    Ok(())
}

/// Starts the relay. On a disk without any room that waits until there is some: an exit would be tried again a few times
/// only, and nobody would be told why. None: it was ended while it waited.
async fn start(
    settings: &Loaded,
    control_socket: &Path,
    systemd: &Systemd,
    ends: &mut Ends,
) -> Result<Option<Relay>, StartError> {
    let directory = &settings.config.storage.directory;
    loop {
        let starting = systemd.starting();
        let started = Relay::start(settings, control_socket, Clock::System).await;
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
        tracing::error!(directory = %directory.display(), "the start goes on by itself when there is room; until then everybody who asks is told: {why}");
        let telling = systemd.waiting(&why);
        let is_ended = tokio::select! {
            () = waiting.wait() => false,
            () = ends.wait() => true,
        };
        telling.abort();
        if is_ended {
            return Ok(None);
        }
        tracing::info!("there is room on the disk again: the start goes on");
    }
}

/// Where a copy may be left when the database's file is gone and the data directory takes none. A service may write to
/// the directories that systemd made for it: the unit has the one in /run stay after the stop, and the service's own
/// /tmp goes with it.
fn refuges(environment: &Environment) -> Vec<PathBuf> {
    let made = ["STATE_DIRECTORY", "RUNTIME_DIRECTORY"].map(|name| environment.var(name));
    let made = made.into_iter().flatten();
    let of_service = made.filter_map(|paths| paths.split(':').next());
    let temporary = match environment.var("NOTIFY_SOCKET") {
        Some(_) => None,
        None => Some(environment.var("TMPDIR").unwrap_or("/var/tmp")),
    };
    of_service.chain(temporary).map(PathBuf::from).collect()
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
