//! Reads the relay's own certificate and key again once a minute, so that whoever renews them need not tell the relay. A
//! pair that is bad, or only half there yet, is refused, and the one in use stays.

use std::time::Duration;

use tokio::sync::watch;

use crate::pair::{CurrentPair, PairFiles};

/// The time between two looks at the files.
const EVERY: Duration = Duration::from_mins(1);

/// Keeps the pair in use that its files have.
pub struct PairWatch {
    files: PairFiles,
    current: CurrentPair,
}

impl PairWatch {
    /// Looks at `files` for `current`.
    #[must_use]
    pub fn new(files: PairFiles, current: CurrentPair) -> Self {
        Self { files, current }
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

    /// One look.
    pub async fn step(&self) {
        let files = self.files.clone();
        // A disk of the network may take long; the next look asks again.
        let Ok(read) = tokio::task::spawn_blocking(move || files.read()).await else {
            return;
        };
        match self.current.offer(read) {
            Some(Ok(about)) => {
                let names = about.names.join(", ");
                tracing::info!(names, ends = %about.ends, "callers over TLS are shown another certificate now");
            }
            Some(Err(error)) => {
                tracing::warn!(%error, "the relay's own certificate or key is bad; the one before stays in use");
            }
            None => {}
        }
    }
}
