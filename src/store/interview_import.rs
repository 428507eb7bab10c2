//! Importing a file of interview records: all of them, or none, and without holding up what somebody hands in.
//!
//! While one is under way, changes of single interview records wait, so that what was judged stays true. Events do not
//! wait: each step is a small transaction behind theirs.

use std::sync::{Arc, PoisonError};
use std::time::Duration;

use rusqlite::Connection;
use tokio::sync::{
    Mutex, OwnedMutexGuard, OwnedRwLockReadGuard, OwnedRwLockWriteGuard, RwLock, watch,
};
use tokio::task::spawn_blocking;

use super::import_rows::{ROWS_AT_ONCE, add, apply, decide, discard, judge};
use super::interviews::note_erased;
use super::writer::Lane;
use super::{Store, StoreError, audit};
use crate::audit::{Action, Actor};
use crate::clock::Clock;
use crate::interview::{ImportResult, ImportWish, Interview, UnknownOrigin};
use crate::timestamp::Timestamp;
use crate::trouble::Trouble;

/// After each step an import pauses for this many times the step's duration, so that others go first.
const PAUSE: u32 = 1;
/// The time until it is tried again to write what was decided, and until one who waits for that looks whether anything
/// can be written.
const AGAIN: Duration = Duration::from_secs(1);
/// The same in the end, when the database refuses it each time: the time doubles.
const AGAIN_AT_LAST: Duration = Duration::from_mins(1);

/// Why nothing of a file was kept.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// Records contradict each other or what is kept, or nothing was to be kept: this is what would have become
    /// of the file.
    #[error("nothing of the file was kept")]
    Undone(Box<ImportResult>),
    /// The store itself failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Who may change interview records at the same time.
#[derive(Clone, Default)]
pub(super) struct Turns {
    /// Held by an import, and by the erasure of a person: they change many records, and each has to see what the other
    /// has left.
    long: Arc<Mutex<()>>,
    /// Held together by those who change single records, and alone by an import.
    records: Arc<RwLock<()>>,
    /// Why the database refuses to write what was decided; none: it does not.
    refused: Arc<watch::Sender<Option<String>>>,
}

/// As long as it is held, no import begins.
pub struct LongTurn {
    _held: OwnedMutexGuard<()>,
}

/// As long as it is held, no import judges or writes.
pub(super) struct ShortTurn {
    _held: OwnedRwLockReadGuard<()>,
}

/// As long as it is held, no record changes.
pub(super) struct AllTurns {
    _long: OwnedMutexGuard<()>,
    _records: OwnedRwLockWriteGuard<()>,
}

impl Turns {
    /// Takes all of them; none: somebody has one.
    pub(super) fn take_all(&self) -> Option<AllTurns> {
        Some(AllTurns {
            _long: Arc::clone(&self.long).try_lock_owned().ok()?,
            _records: Arc::clone(&self.records).try_write_owned().ok()?,
        })
    }
}

impl Store {
    /// Ends an import that was broken off and that the start could not end, such as on a full disk, as soon as it can be
    /// written. Until then no record changes: what is handed in later would be overwritten.
    pub async fn end_interrupted_import(self) {
        let interrupted = &self.interrupted_import;
        let turns = interrupted
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if turns.is_none() {
            return;
        }
        if self.end_import_however_often().await {
            tracing::info!("the import of interview records that was broken off is ended");
        }
    }

    /// What is wrong with the database, or with an import that it refuses to end: events are accepted then, and no
    /// interview record changes.
    #[must_use]
    pub fn trouble(&self) -> Option<Trouble> {
        let refused = || self.turns.refused.borrow().clone();
        let of_file = self.file.trouble();
        of_file.or_else(|| refused().map(Trouble::ImportRefused))
    }

    /// Writes what was decided, however often that fails: it counts as kept. At a stop, the next start goes on: false.
    async fn end_import_however_often(&self) -> bool {
        let refused = &self.turns.refused;
        let mut pause = AGAIN;
        while let Err(error) = self.end_import().await {
            let lasts = match error {
                StoreError::Closing => return false,
                // The writer tells of it.
                StoreError::Unavailable(_) => AGAIN,
                StoreError::Refused(what) => {
                    if refused.borrow().is_none() {
                        tracing::error!(error = %what, "the database refuses to end an import of interview records that was decided. It is tried again, after a minute in the end, and until then no interview record changes; see `status`");
                    }
                    refused.send_replace(Some(what));
                    (pause * 2).min(AGAIN_AT_LAST)
                }
            };
            tokio::time::sleep(pause).await;
            pause = lasts;
        }
        if refused.send_replace(None).is_some() {
            tracing::info!("the import of interview records is ended");
        }
        true
    }

    /// Ends what an import before could not end.
    async fn end_import(&self) -> Result<(), StoreError> {
        self.write_decided().await?;
        self.discard().await
    }

    /// Waits until no import is under way, and lets none begin.
    ///
    /// # Errors
    /// When one cannot be ended now.
    pub async fn hold_imports_back(&self) -> Result<LongTurn, StoreError> {
        loop {
            let turn = Arc::clone(&self.turns.long).lock_owned();
            if let Ok(turn) = tokio::time::timeout(AGAIN, turn).await {
                return Ok(LongTurn { _held: turn });
            }
            self.refuse_in_trouble()?;
        }
    }

    /// Who waits for an import would wait as long as it cannot be ended.
    fn refuse_in_trouble(&self) -> Result<(), StoreError> {
        self.trouble()
            .map_or(Ok(()), |trouble| Err(StoreError::Unavailable(trouble)))
    }

    /// The turn of one who changes single records. It belongs into the command that does so: the caller may go away
    /// before that is run.
    pub(super) async fn turn_of_record(&self) -> Result<ShortTurn, StoreError> {
        loop {
            let turn = Arc::clone(&self.turns.records).read_owned();
            if let Ok(turn) = tokio::time::timeout(AGAIN, turn).await {
                return Ok(ShortTurn { _held: turn });
            }
            self.refuse_in_trouble()?;
        }
    }

    /// Keeps the records of a file, or none of them, each with its place. A record may name one that stands
    /// anywhere in the file, and stands there once itself; what records contradict is judged by what the whole file
    /// leaves behind. It goes on when the one who asked goes away, and over a stop or crash once it was decided.
    ///
    /// # Errors
    /// `Undone` with the places of the records that contradict others, or when it was not to be kept; the store's; and what
    /// `rows` answers. Nothing of the file is kept then.
    pub async fn import_interviews<I>(
        &self,
        rows: I,
        unknown_origin: UnknownOrigin,
        wish: ImportWish,
        by: Actor,
        now: Timestamp,
    ) -> Result<ImportResult, ImportError>
    where
        I: Iterator<Item = Result<(u64, Interview), StoreError>> + Send + 'static,
    {
        let store = self.clone();
        let import = async move {
            let _turn = store.hold_imports_back().await?;
            store.import(rows, unknown_origin, wish, by, now).await
        };
        let broke_off = |error: tokio::task::JoinError| StoreError::Refused(error.to_string());
        tokio::spawn(import).await.map_err(broke_off)?
    }

    async fn import<I>(
        &self,
        rows: I,
        unknown_origin: UnknownOrigin,
        wish: ImportWish,
        by: Actor,
        now: Timestamp,
    ) -> Result<ImportResult, ImportError>
    where
        I: Iterator<Item = Result<(u64, Interview), StoreError>> + Send + 'static,
    {
        self.end_import().await?;
        match self.weigh(rows, unknown_origin, wish).await {
            Ok((result, _turn)) => {
                let (erased, count) = (result.erased, result.created + result.replaced);
                let decided = self.accept(Lane::Maintenance, move |connection| {
                    decide(connection, now)?;
                    let entry = by.clone().did(Action::Import, now);
                    audit::record(connection, &entry.counting(count))?;
                    note_erased(connection, &by, erased, now)?;
                    Ok::<_, StoreError>(())
                });
                if let Err(error) = decided.await {
                    let _ = self.discard().await;
                    return Err(error.into());
                }
                self.end_import_however_often().await;
                Ok(result)
            }
            Err(error) => {
                // What is left is deleted by the next import or start.
                let _ = self.discard().await;
                Err(error)
            }
        }
    }

    /// Lets all rows wait, and judges them. What is answered was wanted and contradicts nothing, as long as the turn is
    /// held.
    async fn weigh<I>(
        &self,
        rows: I,
        unknown_origin: UnknownOrigin,
        wish: ImportWish,
    ) -> Result<(ImportResult, OwnedRwLockWriteGuard<()>), ImportError>
    where
        I: Iterator<Item = Result<(u64, Interview), StoreError>> + Send + 'static,
    {
        let mut result = ImportResult {
            erased: self.let_wait(rows).await?,
            ..ImportResult::default()
        };
        let turn = Arc::clone(&self.turns.records).write_owned().await;
        let mut after = None;
        loop {
            let judged = self.read(move |connection| {
                let last = judge(connection, after, unknown_origin, &mut result)?;
                Ok((result, last))
            });
            (result, after) = judged.await?;
            if after.is_none() {
                break;
            }
        }
        let is_wanted = match wish {
            ImportWish::Try => false,
            ImportWish::Keep => true,
            ImportWish::KeepAs(counts) => result.counts() == counts,
        };
        if is_wanted && !result.is_refused() {
            Ok((result, turn))
        } else {
            Err(ImportError::Undone(Box::new(result)))
        }
    }

    /// Lets the rows wait, and answers how many are records of erased people.
    async fn let_wait<I>(&self, mut rows: I) -> Result<u64, StoreError>
    where
        I: Iterator<Item = Result<(u64, Interview), StoreError>> + Send + 'static,
    {
        let mut erased = 0;
        loop {
            let read = spawn_blocking(move || {
                let some: Result<Vec<_>, _> = rows.by_ref().take(ROWS_AT_ONCE).collect();
                (rows, some)
            });
            let read = read.await;
            let (rest, some) = read.map_err(|error| StoreError::Refused(error.to_string()))?;
            let some = some?;
            if some.is_empty() {
                return Ok(erased);
            }
            rows = rest;
            let began = Clock::System.monotonic();
            erased += self
                .accept(Lane::Maintenance, move |connection| {
                    Ok::<_, StoreError>(add(connection, &some)?)
                })
                .await?;
            pause_after(began).await;
        }
    }

    /// Writes what was decided to its end.
    async fn write_decided(&self) -> Result<(), StoreError> {
        let step = |connection: &Connection| Ok::<_, StoreError>(apply(connection)?);
        loop {
            let began = Clock::System.monotonic();
            if !self.accept(Lane::Maintenance, step).await? {
                return Ok(());
            }
            pause_after(began).await;
        }
    }

    /// Deletes what waits and was not decided.
    async fn discard(&self) -> Result<(), StoreError> {
        let step = |connection: &Connection| Ok::<_, StoreError>(discard(connection)?);
        loop {
            let began = Clock::System.monotonic();
            if !self.write(Lane::Maintenance, step).await? {
                return Ok(());
            }
            pause_after(began).await;
        }
    }
}

async fn pause_after(began: Duration) {
    let took = Clock::System.monotonic().saturating_sub(began);
    tokio::time::sleep(took * PAUSE).await;
}

#[cfg(test)]
mod tests;
