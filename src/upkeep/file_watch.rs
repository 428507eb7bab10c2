//! Checks that the database's file is still in place and is the same one. When it is not, or is damaged, nothing more is
//! accepted, and what only the open file has is copied out before anything else can happen to it.

use std::path::PathBuf;
use std::time::Duration;

use tokio::sync::watch;

use super::next_look;
use crate::clock::Clock;
use crate::store::Store;
use crate::store::file::snapshot::SnapshotError;
use crate::trouble::Trouble;

/// The shortest time between two tries to copy out what only the open file has.
const RESCUE_AGAIN: Duration = Duration::from_mins(1);
/// The tries take at most this fraction (1/n) of the time.
const SHARE_OF_TIME: u32 = 30;

/// Looks every second.
pub struct FileWatch {
    store: Store,
    clock: Clock,
    /// When the next copy may be tried (monotonic), after one that failed.
    not_before: Option<Duration>,
}

impl FileWatch {
    /// Looks after the file of this database.
    #[must_use]
    pub fn new(store: Store, clock: Clock) -> Self {
        Self {
            store,
            clock,
            not_before: None,
        }
    }

    /// Looks after it until `stop` becomes true.
    pub async fn run(mut self, mut stop: watch::Receiver<bool>) {
        loop {
            tokio::select! {
                () = self.step() => {}
                _ = stop.wait_for(|stop| *stop) => return,
            }
            if !next_look(&mut stop).await {
                return;
            }
        }
    }

    /// One look, and a copy when the file is gone or damaged and there is none yet.
    pub async fn step(&mut self) {
        let Some(trouble) = self.look().await else {
            self.not_before = None;
            return;
        };
        let moment = self.clock.moment();
        if matches!(trouble, Trouble::Closed { .. } | Trouble::DiskFailed(_)) {
            // It is not lost, as far as can be seen.
            return;
        }
        let waits = self.not_before.is_some_and(|at| moment.monotonic < at);
        let file = self.store.file();
        // A copy on a disk that was unmounted is of no use to anybody.
        if waits || file.is_unmounted() || file.rescued().is_some() {
            return;
        }
        match self.store.rescue(moment).await {
            // Perhaps it was the reading that failed once: then it goes on.
            Ok(_) if trouble.is_damage() => self.store.check_all().await,
            Ok(_) => {}
            Err(error) => self.failed(&trouble, &error, moment.monotonic),
        }
    }

    /// A look when the daemon stops: nobody can read an open file that is gone after that. The data directory is
    /// made anew for the copy when it is gone too. When it takes none, the first of `refuges` that does gets it.
    ///
    /// # Errors
    /// Why the data directory takes no copy of what only the open file has, when no other place does.
    pub async fn final_rescue(&self, refuges: &[PathBuf]) -> Result<(), SnapshotError> {
        let gone = matches!(self.look().await, Some(Trouble::Gone { .. }));
        let file = self.store.file();
        if !gone || file.rescued().is_some() {
            return Ok(());
        }
        let Err(refused) = self.rescue_at_home().await else {
            return Ok(());
        };
        tracing::error!(error = %refused, "the data directory takes no copy of what was accepted: other places are tried");
        let home = file.backup_path();
        let elsewhere = |refuge: &&PathBuf| Some(refuge.as_path()) != home.parent();
        for refuge in refuges.iter().filter(elsewhere) {
            match self.store.rescue_to(refuge, self.clock.moment()).await {
                Ok(copy) => {
                    tracing::error!(copy = %copy.display(), "nothing but this copy has what was accepted last, and it is not in the data directory: copy it to another disk now. What is in /run or /tmp is gone with the next start of the machine");
                    return Ok(());
                }
                Err(error) => tracing::error!(%error, "this place takes no copy either"),
            }
        }
        Err(refused)
    }

    async fn rescue_at_home(&self) -> Result<PathBuf, SnapshotError> {
        let file = self.store.file();
        if file.is_unmounted() {
            return Err(SnapshotError::Source {
                path: file.path().to_owned(),
                trouble: Trouble::Gone { rescued: None },
            });
        }
        if let Err(error) = file.make_directory_again() {
            tracing::error!(%error, "the data directory is gone and cannot be made anew");
        }
        self.store.rescue(self.clock.moment()).await
    }

    async fn look(&self) -> Option<Trouble> {
        let file = self.store.file().clone();
        // A disk may take long to say what is there; the next look asks again.
        let looked = tokio::task::spawn_blocking(move || file.look()).await;
        looked.unwrap_or_default()
    }

    /// A copy failed that was begun at this moment: the next one is tried later, and the first is told.
    fn failed(&mut self, trouble: &Trouble, error: &SnapshotError, began: Duration) {
        let is_first = self.not_before.is_none();
        if is_first && trouble.is_damage() {
            tracing::error!(%error, "no whole copy of the damaged database can be made. It is tried again");
        } else if is_first {
            tracing::error!(%error, "what was accepted could not be copied out of the open file, and only this process has it: do not stop the relay before it could be. It is tried again every minute");
        }
        let now = self.clock.monotonic();
        let took = now.saturating_sub(began);
        self.not_before = Some(now + RESCUE_AGAIN.max(took * SHARE_OF_TIME));
    }
}
