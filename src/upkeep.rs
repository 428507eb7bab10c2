//! Maintenance: keeps the backup file fresh, purges old deliveries, stores the time when the
//! clock was set, erases what is kept of a person, tells when a hold has ended, examines the database, checks that its file is in place, reads its own certificate again, and holds a disk
//! reserve. Each has a loop of its own, so that none holds up
//! another, and none of it ever holds up accepting.

pub mod backup;
pub mod erasure;
pub mod file_watch;
pub mod holds;
pub mod key_pair_watch;
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
