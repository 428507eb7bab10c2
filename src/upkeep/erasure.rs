//! Erasing one person's data from everything that the relay keeps (contract, section 13): the rows step by step, the
//! files of the database, the backup file, and the other copies in the data directory.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::backup::BackupFile;
use crate::audit::Actor;
use crate::clock::Clock;
use crate::person::{Cleaned, Erased, Notes, Person, names_in, spellings};
use crate::store::file::snapshot::SnapshotError;
use crate::store::{EraseError, ErasureRange, Remains, Store, StoreError};

/// How often it is tried to begin a write-ahead log anew that somebody reads.
const LOG_TRIES: u32 = 50;
/// Names that are looked for in what rows have left.
const TEXTS: usize = 200;
/// How often the database is searched for what is left, and overwritten where that stands: a page may be moved meanwhile.
/// More would not find more of the person: what others write may look alike.
const SEARCHES: u32 = 2;
/// Pages that one transaction overwrites; more would hold up accepting.
const PAGES_AT_ONCE: usize = 3;
/// After each step the erasure pauses for this many times the step's duration, so that others go first.
const PAUSE: u32 = 4;

/// How a person's data are erased.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options {
    /// What did not arrive is given up.
    pub give_up: bool,
    /// The other copies in the data directory are deleted.
    pub copies: bool,
}

/// Where somebody is found.
#[derive(Clone, Debug)]
pub struct Sought {
    /// What rows have.
    pub person: Person,
    /// The files that have the staff id though no row does. They are looked for only then.
    pub files: Vec<PathBuf>,
}

/// What was done.
#[derive(Clone, Debug)]
pub struct Done {
    /// What was found before.
    pub sought: Sought,
    /// What was erased.
    pub erased: Erased,
    /// Where the staff id still stands, because that is not about the person.
    pub notes: Notes,
    /// What became of the database's files.
    pub cleaned: Cleaned,
    /// Why the backup file could not be written anew; none: it was.
    pub backup_error: Option<Arc<SnapshotError>>,
    /// The other copies in the data directory that are still there.
    pub copies: Vec<PathBuf>,
    /// Those that were deleted.
    pub deleted: Vec<PathBuf>,
}

/// How long is waited for whoever reads the write-ahead log.
#[derive(Clone, Copy)]
struct Waits {
    /// Between two tries to begin it anew.
    again: Duration,
    /// Between two looks whether it is free at last, when an erasure is over but for that.
    later: Duration,
}

/// Those of the daemon.
const WAITS: Waits = Waits {
    again: Duration::from_millis(200),
    later: Duration::from_secs(2),
};

/// Erases what is kept of people.
#[derive(Clone)]
pub struct Eraser {
    store: Store,
    clock: Clock,
    backup: BackupFile,
    waits: Waits,
}

impl Eraser {
    /// Erases from this store and its copies.
    #[must_use]
    pub fn new(store: Store, clock: Clock, backup: BackupFile) -> Self {
        Self {
            store,
            clock,
            backup,
            waits: WAITS,
        }
    }

    /// Looks for a person in the rows, and else in all files. An import that is under way may have the person's records
    /// and is waited for. None: nothing at all has the staff id.
    ///
    /// # Errors
    /// When something cannot be read.
    pub async fn look_for(&self, staff_id: &str) -> Result<Option<Sought>, StoreError> {
        let person = {
            let _no_import = self.store.hold_imports_back().await?;
            self.person(staff_id).await?
        };
        // All files are looked through only then, and no import waits for that.
        let files = if person.stands_in_no_row() {
            self.store.files_with(staff_id).await?
        } else {
            Vec::new()
        };
        let is_anywhere = !person.is_unknown() || !files.is_empty();
        Ok(is_anywhere.then_some(Sought { person, files }))
    }

    async fn person(&self, staff_id: &str) -> Result<Person, StoreError> {
        self.store.person(staff_id, self.clock.moment()).await
    }

    /// Erases all data of the person who is called `staff_id`. It goes on when the one who asked goes away; one that a
    /// crash breaks off is done again with the same call. None: nothing at all has the staff id.
    ///
    /// # Errors
    /// `EraseError`; what was erased before stays so.
    pub async fn erase(
        self,
        staff_id: String,
        options: Options,
        by: Actor,
    ) -> Result<Option<Done>, EraseError> {
        let erasing = async move { self.erase_now(&staff_id, options, by).await };
        let broke_off = |error: tokio::task::JoinError| StoreError::Refused(error.to_string());
        tokio::spawn(erasing).await.map_err(broke_off)?
    }

    async fn erase_now(
        &self,
        staff_id: &str,
        options: Options,
        by: Actor,
    ) -> Result<Option<Done>, EraseError> {
        let Some(mut sought) = self.look_for(staff_id).await? else {
            return Ok(None);
        };
        // A file that waits to be imported may have the person's records with their names.
        let no_import = self.store.hold_imports_back().await?;
        // Another erasure of the same person may have ended meanwhile, and an import have come.
        sought.person = self.person(staff_id).await?;
        let remains = if sought.person.is_half_erased {
            Remains::Any
        } else {
            Remains::Of(self.texts_of(staff_id).await?)
        };
        let moment = self.clock.moment();
        let range = self
            .store
            .begin_erasure(staff_id, options.give_up, by, moment)
            .await?;
        self.store.forget_contents_of(staff_id, range).await?;
        let mut erased = Erased::default();
        loop {
            let moment = self.clock.moment();
            let step = self.store.erase_events(staff_id, range, moment).await?;
            erased.add(step);
            if step.events == 0 {
                break;
            }
            self.pause_after(moment.monotonic).await;
        }
        loop {
            let began = self.clock.monotonic();
            let step = self.store.erase_interviews(staff_id, range).await?;
            erased.add(step);
            if step.interviews == 0 {
                break;
            }
            self.pause_after(began).await;
        }
        let held = self.store.interviews_held_by(staff_id).await?;
        erased.add(self.store.erase_interviewer(staff_id, held, range).await?);
        let moment = self.clock.moment();
        erased.add(self.store.erase_texts(staff_id, moment).await?);
        // What is handed in from now on is known again, or is new: no import waits for a search through a large file.
        drop(no_import);
        let cleaned = self.clean_file(&remains).await?;
        let backup_error = self.backup.refresh().await.err();
        // Whoever read the log may have been the one who made the last copy.
        let cleaned = match cleaned {
            Cleaned::LogInUse => self.clean_file(&remains).await?,
            other => other,
        };
        let file = self.store.file();
        let deleted = if options.copies {
            file.delete_other_copies()
        } else {
            Vec::new()
        };
        let copies = file.other_copies();
        let moment = self.clock.moment();
        let notes = self.store.notes_with(staff_id, moment).await?;
        match cleaned {
            Cleaned::Clean | Cleaned::Rewritten => {
                self.store.end_erasure(staff_id, range, moment).await?;
            }
            Cleaned::LogInUse => self.end_later(staff_id.to_owned(), range, remains),
            // With room on the disk, the same command does the rest.
            Cleaned::NoRoom => {}
        }
        tracing::info!(
            events = erased.events,
            given_up = erased.given_up,
            interviews = erased.interviews,
            "the data of a person were erased"
        );
        Ok(Some(Done {
            sought,
            erased,
            notes,
            cleaned,
            backup_error,
            copies,
            deleted,
        }))
    }

    /// Ends an erasure when nobody reads the log any more, unless it is done again meanwhile: the new one ends both. One that
    /// a stop breaks off is named by `check`.
    fn end_later(&self, staff_id: String, range: ErasureRange, remains: Remains) {
        let eraser = self.clone();
        tokio::spawn(async move {
            let mut is_told = false;
            loop {
                match eraser.end_if_log_is_free(&staff_id, range, &remains).await {
                    Ok(true) | Err(StoreError::Closing) => return,
                    Ok(false) => {}
                    Err(error) => {
                        if !is_told {
                            tracing::warn!(%error, "an erasure cannot be ended yet; it is tried again, and `check` names it until then");
                        }
                        is_told = true;
                    }
                }
                tokio::time::sleep(eraser.waits.later).await;
            }
        });
    }

    /// False: somebody reads the log, or reads it again. Without room, the same command does the rest.
    async fn end_if_log_is_free(
        &self,
        staff_id: &str,
        range: ErasureRange,
        remains: &Remains,
    ) -> Result<bool, StoreError> {
        if !self.store.is_to_be_ended(staff_id, range).await? {
            return Ok(true);
        }
        if !self.store.begin_log_anew().await? {
            return Ok(false);
        }
        match self.clean_file(remains).await? {
            Cleaned::Clean | Cleaned::Rewritten => {}
            Cleaned::LogInUse => return Ok(false),
            Cleaned::NoRoom => return Ok(true),
        }
        let moment = self.clock.moment();
        self.store.end_erasure(staff_id, range, moment).await?;
        tracing::info!("an erasure is over: nobody reads the write-ahead log any more");
        Ok(true)
    }

    /// What must not be found any more: the staff id, and the names in what is erased, in every spelling.
    async fn texts_of(&self, staff_id: &str) -> Result<Vec<String>, StoreError> {
        let mut texts = Vec::new();
        let mut after = Some(0);
        while let Some(from) = after {
            let moment = self.clock.moment();
            let (events, next) = self.store.events_of_person(staff_id, from, moment).await?;
            texts.extend(events.iter().flat_map(|event| names_in(&event.data)));
            after = next.filter(|_| texts.len() < TEXTS);
        }
        let interviews = self.store.interviews_of_person(staff_id).await?;
        let names = interviews.into_iter();
        texts.extend(names.filter_map(|one| one.interview.employee_name));
        texts.sort();
        texts.dedup();
        texts.truncate(TEXTS);
        texts.push(staff_id.to_owned());
        Ok(texts.iter().flat_map(|text| spellings(text)).collect())
    }

    /// Sees to it that nothing of it is left in the database's files.
    async fn clean_file(&self, remains: &Remains) -> Result<Cleaned, StoreError> {
        for _ in 0..SEARCHES {
            if !self.clear_log().await? {
                return Ok(Cleaned::LogInUse);
            }
            let pages = self.store.pages_with(remains.clone()).await?;
            if pages.is_empty() {
                return Ok(Cleaned::Clean);
            }
            if !self.overwrite_unused(&pages).await? {
                return self.write_anew().await;
            }
        }
        self.ended(Cleaned::Clean).await
    }

    /// Holds up accepting, so it is for a build that can do no better.
    async fn write_anew(&self) -> Result<Cleaned, StoreError> {
        if !self.store.write_anew().await? {
            return Ok(Cleaned::NoRoom);
        }
        self.ended(Cleaned::Rewritten).await
    }

    /// What became of it, when nothing is left in the log either.
    async fn ended(&self, cleaned: Cleaned) -> Result<Cleaned, StoreError> {
        Ok(if self.clear_log().await? {
            cleaned
        } else {
            Cleaned::LogInUse
        })
    }

    /// False: it cannot be done so.
    async fn overwrite_unused(&self, pages: &[u32]) -> Result<bool, StoreError> {
        for some in pages.chunks(PAGES_AT_ONCE) {
            let began = self.clock.monotonic();
            if !self.store.overwrite_unused(some.to_vec()).await? {
                return Ok(false);
            }
            self.pause_after(began).await;
        }
        Ok(true)
    }

    /// Sees to it that what was in the log is no longer in its file. False: somebody reads the log.
    async fn clear_log(&self) -> Result<bool, StoreError> {
        if !self.begin_log_anew().await? {
            return Ok(false);
        }
        let mut rest = u64::MAX;
        loop {
            let began = self.clock.monotonic();
            match self.store.overwrite_stale_log(rest).await? {
                Some(before) => rest = before,
                None => return Ok(true),
            }
            self.pause_after(began).await;
        }
    }

    /// Tries until nobody reads the log, but not for ever.
    async fn begin_log_anew(&self) -> Result<bool, StoreError> {
        for _ in 1..LOG_TRIES {
            if self.store.begin_log_anew().await? {
                return Ok(true);
            }
            tokio::time::sleep(self.waits.again).await;
        }
        self.store.begin_log_anew().await
    }

    async fn pause_after(&self, began: Duration) {
        let took = self.clock.monotonic().saturating_sub(began);
        tokio::time::sleep(took * PAUSE).await;
    }
}

#[cfg(test)]
mod tests;
