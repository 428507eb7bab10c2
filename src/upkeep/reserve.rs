//! Room on the disk that is held back: when the disk is full it is given up, so that the results
//! of what is under way can still be kept. New events are refused until there is room for it again.

use std::time::Duration;

use tokio::sync::watch;

use crate::store::DatabaseFile;

/// The time between two looks at the disk while it is full.
const EVERY: Duration = Duration::from_secs(5);

/// Holds the room back again when the disk is not full any more.
pub struct ReserveKeeper {
    file: DatabaseFile,
}

impl ReserveKeeper {
    /// Looks after the reserve beside this database.
    #[must_use]
    pub fn new(file: DatabaseFile) -> Self {
        Self { file }
    }

    /// Looks after it until `stop` becomes true.
    pub async fn run(self, mut stop: watch::Receiver<bool>) {
        loop {
            tokio::select! {
                () = tokio::time::sleep(EVERY) => {}
                _ = stop.wait_for(|stop| *stop) => return,
            }
            self.step().await;
        }
    }

    /// Takes the room back when there is enough of it.
    pub async fn step(&self) {
        if !self.file.disk_full() {
            return;
        }
        let file = self.file.clone();
        // A disk may take long to say how full it is; the next look asks again.
        let _ = tokio::task::spawn_blocking(move || file.look_for_room()).await;
    }
}
