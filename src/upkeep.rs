//! What the daemon does for its own house: the backup file is kept fresh, what is old is purged, what time it is
//! is kept when the clock was set, the database is looked through, its file is looked for, and room on the disk is
//! held back for when it is full. Each has a loop of its own, so that none holds up
//! another, and none of it ever holds up accepting.

pub mod backup;
pub mod place;
pub mod reserve;
pub mod retention;
pub mod soundness;
pub mod timekeeper;

use std::time::Duration;

use tokio::sync::watch;

/// Between two looks at what there is to do.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// Waits for the next look; false: `stop` became true.
async fn next_look(stop: &mut watch::Receiver<bool>) -> bool {
    tokio::select! {
        () = tokio::time::sleep(LOOK_AGAIN) => true,
        _ = stop.wait_for(|stop| *stop) => false,
    }
}
