//! The wall clock, held against the time that has passed for the relay.

use super::CheckResult;
use super::daemon::Daemon;
use crate::cli::words::Locale;
use crate::clock::Clock;
use crate::config::Config;
use crate::store::file::inspect;
use crate::words::clocks;

/// A clock that may be wrong. Without a daemon, one that is ahead is most often right: the relay did not run for so
/// long.
pub(super) fn own(locale: Locale, config: &Config, daemon: Option<&Daemon>) -> Option<CheckResult> {
    let seconds = match daemon {
        Some(daemon) => daemon.clock_off,
        // Of a database that cannot be read, its own line tells.
        None => inspect::clock_off(&config.storage.directory, Clock::System.moment()).ok()?,
    }?;
    let text = clocks::told(seconds, locale.language);
    Some(if daemon.is_none() && seconds > 0 {
        CheckResult::notable("clock", text)
    } else {
        CheckResult::bad("clock", text)
    })
}
