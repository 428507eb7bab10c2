//! What the daemon tells its operator: one line an event on standard error, which is the journal
//! under systemd.

use std::io::{self, IsTerminal};

use tracing::Level;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use crate::config::Environment;

/// Sends log lines to standard error from now on. `LOG_LEVEL` in the environment says from which
/// level on: `error`, `warn`, `info` (default), `debug` or `trace`.
pub fn start(environment: &Environment) {
    let level = environment
        .var("LOG_LEVEL")
        .and_then(|level| level.parse().ok())
        .unwrap_or(Level::INFO);
    // Libraries speak only of what an operator can do something about.
    let targets = Targets::new()
        .with_default(Level::WARN.min(level))
        .with_target("voicedrive_relay", level);
    let lines = tracing_subscriber::fmt::layer()
        .with_writer(io::stderr)
        .with_ansi(io::stderr().is_terminal())
        .with_target(false);
    let registry = tracing_subscriber::registry().with(targets);
    // The journal has times of its own. A second start in one process changes nothing.
    let _ = if environment.var("JOURNAL_STREAM").is_some() {
        registry.with(lines.without_time()).try_init()
    } else {
        registry.with(lines).try_init()
    };
}
