//! Where a stop may leave a copy of a database that is gone, when the data directory takes none; a start and `check` look
//! for one there.

use std::path::PathBuf;

use super::Common;
use crate::config::Environment;

/// The directories that systemd makes for the package's service.
const PACKAGED: [&str; 2] = ["/var/lib/voicedrive-relay", "/run/voicedrive-relay"];

/// The places, the first one first. A service may write to the directories that systemd made for it: the unit has the one in
/// `/run` stay after the stop, and the service's own `/tmp` goes with it.
pub(super) fn refuges(common: &Common, environment: &Environment) -> Vec<PathBuf> {
    let is_service = environment.var("NOTIFY_SOCKET").is_some();
    let made = ["STATE_DIRECTORY", "RUNTIME_DIRECTORY"].map(|name| environment.var(name));
    let made = made.into_iter().flatten();
    let mut places: Vec<_> = made.filter_map(|paths| paths.split(':').next()).collect();
    // An admin's command is told of none.
    if places.is_empty() && common.is_packaged() {
        places.extend(PACKAGED);
    }
    if !is_service {
        places.push(environment.var("TMPDIR").unwrap_or("/var/tmp"));
    }
    places.into_iter().map(PathBuf::from).collect()
}
