//! What is wrong with the database at the moment: who meets it says it here, and whoever asks how it is going
//! finds it here. The log has one line when it begins and one when it is over.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::language::Language;
use crate::trouble::Trouble;

/// What is wrong. Cheap to clone; those who meet something and those who ask share it.
#[derive(Clone, Debug, Default)]
pub(super) struct Troubles(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    database_gone: bool,
    journal_gone: bool,
    /// Where the database was copied since it is gone.
    rescued: Option<PathBuf>,
    /// What SQLite said.
    damaged: Option<String>,
    disk_full: bool,
    /// Why the last commit failed, when it is none of the above.
    hindered: Option<Trouble>,
}

impl State {
    fn gone(&self) -> bool {
        self.database_gone || self.journal_gone
    }

    /// Changes whether files are gone, and tells when that makes a difference.
    fn change_place(&mut self, path: &Path, change: impl FnOnce(&mut Self)) -> bool {
        let before = self.gone();
        change(self);
        match (before, self.gone()) {
            (false, true) => {
                tracing::error!(database = %path.display(), "{}", Trouble::Gone { rescued: None }.happened(Language::En));
            }
            (true, false) => {
                let needless = self.rescued.take();
                let needless = needless.map(|copy| copy.display().to_string());
                tracing::info!(database = %path.display(), copy_not_needed_any_more = needless, "the database's file is in its place again: events are accepted");
            }
            _ => {}
        }
        !self.gone()
    }
}

impl Troubles {
    /// The gravest of them. `copy` says which copy there is to restore.
    pub(super) fn gravest(&self, copy: impl FnOnce() -> Option<PathBuf>) -> Option<Trouble> {
        let state = self.lock();
        if state.gone() {
            let rescued = state.rescued.clone();
            return Some(Trouble::Gone { rescued });
        }
        if let Some(what) = state.damaged.clone() {
            drop(state);
            return Some(Trouble::Damaged { what, copy: copy() });
        }
        if state.disk_full {
            return Some(Trouble::DiskFull);
        }
        state.hindered.clone()
    }

    pub(super) fn disk_full(&self) -> bool {
        self.lock().disk_full
    }

    /// The disk is full from now on; says whether that is new.
    pub(super) fn begin_disk_full(&self) -> bool {
        let mut state = self.lock();
        state.hindered = None;
        !std::mem::replace(&mut state.disk_full, true)
    }

    /// The disk has room again.
    pub(super) fn end_disk_full(&self) {
        if std::mem::take(&mut self.lock().disk_full) {
            tracing::info!("there is room on the disk again: events are accepted");
        }
    }

    /// SQLite found damage, or looked through everything and found none.
    pub(super) fn set_damaged(&self, what: Option<&str>, told: impl FnOnce() -> String) {
        let mut state = self.lock();
        let before = std::mem::replace(&mut state.damaged, what.map(str::to_owned));
        drop(state);
        match (before.is_some(), what.is_some()) {
            (false, true) => tracing::error!("{}", told()),
            (true, false) => tracing::info!(
                "the database was looked through again, and SQLite finds nothing wrong with it"
            ),
            _ => {}
        }
    }

    /// Why the last commit failed; none: it did not.
    pub(super) fn set_hindered(&self, trouble: Option<&Trouble>) {
        let mut state = self.lock();
        match (&state.hindered, trouble) {
            (None, Some(trouble)) => tracing::error!("{}", trouble.told(Language::En)),
            (Some(_), None) => tracing::info!("the database can be written again"),
            _ => {}
        }
        if state.hindered.as_ref() != trouble {
            state.hindered = trouble.cloned();
        }
    }

    /// Whether the database at `path` is where it was opened; answers whether everything is in its place.
    pub(super) fn see_database(&self, path: &Path, there: bool) -> bool {
        let mut state = self.lock();
        if state.database_gone != there && !state.journal_gone {
            return there;
        }
        state.change_place(path, |state| state.database_gone = !there)
    }

    /// The same for its journal.
    pub(super) fn see_journal(&self, path: &Path, there: bool) -> bool {
        let mut state = self.lock();
        state.change_place(path, |state| state.journal_gone = !there)
    }

    /// Everything that only the open file had was copied to `copy`.
    pub(super) fn set_rescued(&self, copy: &Path) {
        let mut state = self.lock();
        state.rescued = Some(copy.to_owned());
        let rescued = state.rescued.clone();
        tracing::warn!("{}", Trouble::Gone { rescued }.told(Language::En));
    }

    /// Where everything was copied since the file is gone.
    pub(super) fn rescued(&self) -> Option<PathBuf> {
        self.lock().rescued.clone()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing that is done under the lock can leave it half done.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_gravest_is_told_and_each_ends_by_itself() {
        let troubles = Troubles::default();
        let path = Path::new("live/relay.db");
        let none = || None;
        assert_eq!(troubles.gravest(none), None);
        troubles.set_hindered(Some(&Trouble::Locked));
        assert_eq!(troubles.gravest(none), Some(Trouble::Locked));
        assert!(troubles.begin_disk_full() && !troubles.begin_disk_full());
        assert_eq!(troubles.gravest(none), Some(Trouble::DiskFull));
        troubles.set_damaged(Some("malformed"), String::new);
        let copy = PathBuf::from("relay-backup.db");
        let damaged = Trouble::Damaged {
            what: "malformed".to_owned(),
            copy: Some(copy.clone()),
        };
        assert_eq!(troubles.gravest(|| Some(copy)), Some(damaged));
        assert!(!troubles.see_database(path, false));
        // Somebody else's look at the other file says nothing about this one.
        assert!(!troubles.see_journal(path, true));
        let rescued = PathBuf::from("relay-rescued.db");
        troubles.set_rescued(&rescued);
        let gone = Trouble::Gone {
            rescued: Some(rescued),
        };
        assert_eq!(troubles.gravest(none), Some(gone));
        assert!(troubles.see_database(path, true));
        assert_eq!(troubles.rescued(), None);
        troubles.set_damaged(None, String::new);
        troubles.end_disk_full();
        assert_eq!(troubles.gravest(none), None);
    }
}
