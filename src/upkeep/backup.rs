//! The file to copy for backup: `relay-backup.db`, always a complete, closed, consistent database,
//! at most so much older than the last write (contract, section 9).

use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{Mutex as HeldLong, OwnedMutexGuard, watch};

use super::next_look;
use crate::clock::Clock;
use crate::plain_file::NotOrdinary;
use crate::store::Store;
use crate::store::file::snapshot::SnapshotError;
use crate::timestamp::Timestamp;
use crate::trouble::Trouble;

/// What stands beside the backup file, in both languages at once: whoever finds it years later need not be the one who
/// chose one.
const README: &str = include_str!("README.txt");
/// Copying takes at most this fraction (1/n) of the time: a large database is copied less often.
const SHARE_OF_TIME: u32 = 30;
/// A stop makes a last copy when one takes no longer than this: a machine that is shut down waits for it.
const LONGEST_AT_STOP: Duration = Duration::from_mins(5);

/// Keeps the file. Cheap to clone: whoever holds one may ask how old it is, or for a new one.
#[derive(Clone)]
pub struct BackupFile {
    store: Store,
    clock: Clock,
    path: PathBuf,
    /// Held while a copy is made, so that there is one at a time.
    copying: Arc<HeldLong<Schedule>>,
    /// Locked only for moments, so that asking for the file's age never waits for a copy.
    last: Arc<Mutex<Last>>,
}

struct Schedule {
    /// The store's changes that the file has; none: not known yet.
    has: Option<u64>,
    /// When the last copying began (monotonic), and how long it took.
    last: Option<(Duration, Duration)>,
}

impl Schedule {
    /// When the next copying may begin.
    fn not_before(&self, interval: Duration) -> Duration {
        self.last.map_or(Duration::ZERO, |(began, took)| {
            began + interval.max(took * SHARE_OF_TIME)
        })
    }
}

/// How the last copying went.
#[derive(Clone, Debug, Default)]
pub struct Last {
    /// The moment that the present file shows; none: there is no file yet.
    pub at: Option<Timestamp>,
    /// How long it took; none: it was made by an earlier run.
    pub took: Option<Duration>,
    /// Why the newest try failed; none: it did not.
    pub error: Option<Arc<SnapshotError>>,
}

/// Writes the README unless it is there already. Nothing is written through a link: it may lead to the database.
fn explain(readme: &Path) -> io::Result<()> {
    match fs::symlink_metadata(readme) {
        Ok(there) if !there.is_file() => return Err(io::Error::other(NotOrdinary)),
        Ok(_) if fs::read_to_string(readme).is_ok_and(|text| text == README) => return Ok(()),
        Ok(_) => {}
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    fs::write(readme, README)
}

impl BackupFile {
    /// Looks after `relay-backup.db` in `directory`, and says in a README there what it is for.
    #[must_use]
    pub fn new(store: Store, clock: Clock, directory: &Path) -> Self {
        let path = store.file().backup_path();
        let readme = directory.join("README");
        if let Err(error) = explain(&readme) {
            tracing::warn!(%error, path = %readme.display(), "the README cannot be written");
        }
        // What is no ordinary file is no copy, whatever its time is.
        let modified = fs::symlink_metadata(&path)
            .ok()
            .filter(fs::Metadata::is_file)
            .and_then(|file| file.modified().ok());
        let last = Last {
            at: modified.map(|at| {
                Timestamp::from_unix_ms(
                    chrono::DateTime::<chrono::Utc>::from(at).timestamp_millis(),
                )
            }),
            ..Last::default()
        };
        Self {
            store,
            clock,
            path,
            copying: Arc::new(HeldLong::new(Schedule {
                has: None,
                last: None,
            })),
            last: Arc::new(Mutex::new(last)),
        }
    }

    /// Keeps the file fresh until `stop` becomes true: it is made anew this often, as long as something is
    /// written.
    pub async fn run(self, interval: Duration, mut stop: watch::Receiver<bool>) {
        loop {
            tokio::select! {
                () = self.step(interval) => {}
                _ = stop.wait_for(|stop| *stop) => return,
            }
            if !next_look(&mut stop).await {
                return;
            }
        }
    }

    /// The file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// How the last copying went.
    #[must_use]
    pub fn last(&self) -> Last {
        let last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        last.clone()
    }

    /// Makes a new copy when something was written since the last one, and that is long enough ago.
    pub async fn step(&self, interval: Duration) {
        let schedule = self.hold().await;
        if self.has_all(&schedule) || self.clock.monotonic() < schedule.not_before(interval) {
            return;
        }
        // Logged by `copy`; the next step tries again.
        let _ = self.copy(schedule).await;
    }

    /// Makes a last copy before the daemon stops, when something was written since the one before: whoever stops the
    /// daemon to copy the file gets everything. A copy that is under way is waited for. Of a database whose copy takes
    /// very long there is none, and the log says so.
    pub async fn final_backup(&self) {
        let schedule = self.hold().await;
        if self.has_all(&schedule) {
            return;
        }
        let Last { at, took, .. } = self.last();
        if let Some(took) = took.filter(|took| *took > LONGEST_AT_STOP) {
            let (seconds, path) = (took.as_secs(), self.path.display());
            let shows = at.map(tracing::field::display);
            let rest = self.rest();
            tracing::warn!(%path, shows, "the last copy took {seconds} s, so none is made at the stop: what was kept after that moment is {rest}");
            return;
        }
        if let Err(error) = self.copy(schedule).await {
            let (path, shows) = (self.path.display(), at.map(tracing::field::display));
            let rest = self.rest();
            tracing::error!(%path, shows, %error, "no last copy could be made at the stop: what was kept after that moment is {rest}");
        }
    }

    /// Where what the file lacks is after a stop.
    fn rest(&self) -> String {
        match self.store.file().trouble() {
            Some(Trouble::Gone {
                rescued: Some(copy),
            }) => format!("in {} alone", copy.display()),
            Some(Trouble::Gone { rescued: None }) => {
                "lost with the database's file, unless that is brought back".to_owned()
            }
            _ => "in live/relay.db alone. The next start makes one".to_owned(),
        }
    }

    /// Makes a new copy now: it holds everything that was committed before this call.
    ///
    /// # Errors
    /// Why there is none; the file is as it was.
    pub async fn refresh(&self) -> Result<(), Arc<SnapshotError>> {
        let schedule = self.hold().await;
        self.copy(schedule).await
    }

    /// Whether the file has everything that it can have: nothing more comes from a database that is damaged, or that has
    /// another one in its place.
    fn has_all(&self, schedule: &Schedule) -> bool {
        let file = self.store.file();
        schedule.has == Some(self.store.changes())
            || file.is_damaged()
            || !file.may_replace_backup()
    }

    async fn hold(&self) -> OwnedMutexGuard<Schedule> {
        Arc::clone(&self.copying).lock_owned().await
    }

    /// Makes a copy in a task of its own, which holds the schedule to the end: when the one who asked goes away,
    /// nobody else begins a second copy beside it.
    async fn copy(&self, schedule: OwnedMutexGuard<Schedule>) -> Result<(), Arc<SnapshotError>> {
        let file = self.clone();
        let copying = tokio::spawn(async move { file.copy_now(schedule).await });
        copying.await.unwrap_or_else(|error| {
            Err(Arc::new(SnapshotError::File {
                path: self.path.clone(),
                source: std::io::Error::other(error),
            }))
        })
    }

    async fn copy_now(
        &self,
        mut schedule: OwnedMutexGuard<Schedule>,
    ) -> Result<(), Arc<SnapshotError>> {
        let (at, began) = (self.clock.now(), self.clock.monotonic());
        let changes = self.store.changes();
        let copied = self.store.copy_to(&self.path).await.map_err(Arc::new);
        let took = self.clock.monotonic().saturating_sub(began);
        schedule.last = Some((began, took));
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        match &copied {
            Ok(()) => {
                if last.error.is_some() {
                    tracing::info!(path = %self.path.display(), "the backup file is made again");
                }
                schedule.has = Some(changes);
                *last = Last {
                    at: Some(at),
                    took: Some(took),
                    error: None,
                };
            }
            Err(error) => {
                if last.error.is_none() {
                    tracing::error!(%error, "the backup file cannot be made; the one before it stays, and it is tried again");
                }
                last.error = Some(Arc::clone(error));
            }
        }
        copied
    }
}
