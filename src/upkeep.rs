//! What the daemon does for its own house: the backup file is kept fresh, what is old is purged,
//! and room on the disk is held back for a pinch. None of it ever holds up accepting.

pub mod backup;
pub mod reserve;
pub mod retention;

use std::time::Duration;

use tokio::sync::watch;

use backup::BackupFile;
use reserve::ReserveKeeper;
use retention::Retention;

/// Between two looks at what there is to do.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// Everything that is looked after.
pub struct Upkeep {
    /// The file that admins copy.
    pub backup: BackupFile,
    /// What is old.
    pub retention: Retention,
    /// The room that is held back.
    pub reserve: ReserveKeeper,
}

impl Upkeep {
    /// Looks after everything until `stop` becomes true.
    pub async fn run(mut self, mut stop: watch::Receiver<bool>) {
        loop {
            tokio::select! {
                () = self.step() => {}
                _ = stop.wait_for(|stop| *stop) => return,
            }
            tokio::select! {
                () = tokio::time::sleep(LOOK_AGAIN) => {}
                _ = stop.wait_for(|stop| *stop) => return,
            }
        }
    }

    /// Does what there is to do now.
    pub async fn step(&mut self) {
        self.reserve.step().await;
        self.backup.step().await;
        self.retention.step().await;
    }
}
