//! What is wrong with the database at the moment. Whoever meets a problem records it here; health, `status` and alerts
//! read it here. The log has one line when it begins and one when it is over.

use std::mem::{self, Discriminant};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::command_line::CommandLine;
use crate::language::Language;
use crate::trouble::Trouble;

/// What is wrong. Cheap to clone; those who meet something and those who ask share it.
#[derive(Clone, Debug)]
pub(super) struct Troubles {
    state: Arc<Mutex<State>>,
    /// How an admin types what the log advises.
    commands: CommandLine,
}

#[derive(Debug, Default)]
#[allow(
    clippy::struct_excessive_bools,
    reason = "each is seen and ends by itself"
)]
struct State {
    database_gone: bool,
    journal_gone: bool,
    /// Their disk was unmounted on the machine, and only this service still has it.
    unmounted: bool,
    /// Why it cannot be said whether they are: this user may not look, or the disk fails.
    closed: Episode,
    /// Where the database was copied since it is gone or damaged.
    rescued: Option<PathBuf>,
    /// Since then it was kept in it what time it is.
    has_kept_time: bool,
    /// What SQLite said, or was seen without it.
    damaged: Option<Trouble>,
    /// It is full, and what has to be free.
    disk_full: Option<Trouble>,
    /// Why the last commit failed, when it is none of the above.
    hindered: Episode,
}

/// Trouble that begins, may become another one, and ends.
#[derive(Debug, Default)]
struct Episode {
    now: Option<Trouble>,
    /// The kinds that were told since it began. A failing disk has many words for the same.
    told: Vec<Discriminant<Trouble>>,
}

/// What the log has to say of an episode.
#[derive(Debug, PartialEq, Eq)]
enum Change<'a> {
    Nothing,
    /// This kind was not told yet.
    Begun(&'a Trouble),
    /// It is over, and was this in the end.
    Over(Trouble),
}

impl Episode {
    fn see<'a>(&mut self, now: Option<&'a Trouble>) -> Change<'a> {
        let before = mem::replace(&mut self.now, now.cloned());
        match (before, now) {
            (_, Some(now)) if !self.told.contains(&mem::discriminant(now)) => {
                self.told.push(mem::discriminant(now));
                Change::Begun(now)
            }
            (Some(before), None) => {
                self.told.clear();
                Change::Over(before)
            }
            _ => Change::Nothing,
        }
    }
}

impl State {
    fn gone(&self) -> bool {
        self.database_gone || self.journal_gone || self.unmounted
    }

    /// Trouble because of which nothing can be written.
    fn grave(&self) -> Option<Trouble> {
        let rescued = self.rescued.clone();
        if self.gone() {
            return Some(Trouble::Gone { rescued });
        }
        let damaged = self.damaged.clone().map(|damage| damage.with_copy(rescued));
        damaged.or_else(|| self.closed.now.clone())
    }

    /// The file is in its place again, or sound: a copy that was made is of no use any more.
    fn needless_copy(&mut self) -> Option<String> {
        self.has_kept_time = false;
        let needless = self.rescued.take();
        needless.map(|copy| copy.display().to_string())
    }

    /// Changes whether files are gone, and tells when that makes a difference.
    fn change_place(&mut self, path: &Path, change: impl FnOnce(&mut Self)) {
        let before = self.gone();
        change(self);
        match (before, self.gone()) {
            (false, true) => {
                tracing::error!(database = %path.display(), "{}", Trouble::Gone { rescued: None }.happened(Language::En));
            }
            (true, false) => {
                let copy_not_needed_any_more = self.needless_copy();
                tracing::info!(database = %path.display(), copy_not_needed_any_more, "the database's file is in its place again");
            }
            _ => {}
        }
    }
}

impl Troubles {
    pub(super) fn new(commands: CommandLine) -> Self {
        Self {
            state: Arc::default(),
            commands,
        }
    }

    /// What the log says of it.
    pub(super) fn told(&self, trouble: &Trouble) -> String {
        trouble.describe(Language::En, &self.commands)
    }

    /// The worst of them. `copy` finds the copy to restore.
    pub(super) fn gravest(&self, copy: impl FnOnce() -> Option<PathBuf>) -> Option<Trouble> {
        let state = self.lock();
        if let Some(grave) = state.grave() {
            let rescued = state.rescued.clone();
            drop(state);
            return Some(if grave.is_damage() {
                grave.with_copy(rescued.or_else(copy))
            } else {
                grave
            });
        }
        state
            .disk_full
            .clone()
            .or_else(|| state.hindered.now.clone())
    }

    /// What keeps everything from being kept: that the file is gone, or damaged.
    pub(super) fn grave(&self) -> Option<Trouble> {
        self.lock().grave()
    }

    pub(super) fn is_damaged(&self) -> bool {
        self.lock().damaged.is_some()
    }

    pub(super) fn disk_full(&self) -> bool {
        self.lock().disk_full.is_some()
    }

    /// The disk is full from now on; says whether that is new.
    pub(super) fn begin_disk_full(&self, full: &Trouble) -> bool {
        let mut state = self.lock();
        state.hindered = Episode::default();
        state.disk_full.replace(full.clone()).is_none()
    }

    /// The disk has room again.
    pub(super) fn end_disk_full(&self) {
        if self.lock().disk_full.take().is_some() {
            tracing::info!("there is room on the disk again: events are accepted");
        }
    }

    /// There is this damage; `copy` says which copy there is to restore. The first that was met is the one that is told.
    pub(super) fn begin_damage(
        &self,
        path: &Path,
        damage: &Trouble,
        copy: impl FnOnce() -> Option<PathBuf>,
    ) {
        let mut state = self.lock();
        if state.damaged.is_some() {
            return;
        }
        state.damaged = Some(damage.clone());
        drop(state);
        let told = self.told(&damage.clone().with_copy(copy()));
        tracing::error!("{}: {told}", path.display());
    }

    /// SQLite looked through everything, and found no damage.
    pub(super) fn end_damage(&self) {
        let mut state = self.lock();
        if state.damaged.take().is_some() {
            let copy_not_needed_any_more = state.needless_copy();
            tracing::info!(
                copy_not_needed_any_more,
                "the database was looked through again, and SQLite finds nothing wrong with it"
            );
        }
    }

    /// Why the last commit failed; none: it did not.
    pub(super) fn set_hindered(&self, trouble: Option<&Trouble>) {
        let mut state = self.lock();
        match state.hindered.see(trouble) {
            Change::Begun(trouble) => tracing::error!("{}", self.told(trouble)),
            Change::Over(_) => tracing::info!("the database can be written again"),
            Change::Nothing => {}
        }
    }

    /// Whether the last commit failed because another program holds a lock.
    pub(super) fn is_locked(&self) -> bool {
        self.lock().hindered.now == Some(Trouble::Locked)
    }

    /// Whether the database at `path` is where it was opened.
    pub(super) fn see_database(&self, path: &Path, there: bool) {
        let mut state = self.lock();
        state.change_place(path, |state| state.database_gone = !there);
    }

    /// The same for its journal.
    pub(super) fn see_journal(&self, path: &Path, there: bool) {
        let mut state = self.lock();
        state.change_place(path, |state| state.journal_gone = !there);
    }

    /// Whether the disk of both is mounted as it was.
    pub(super) fn see_mounts(&self, path: &Path, held: bool) {
        let mut state = self.lock();
        state.change_place(path, |state| state.unmounted = !held);
    }

    /// Whether it was not when it was looked last.
    pub(super) fn is_unmounted(&self) -> bool {
        self.lock().unmounted
    }

    /// Why it cannot be said whether the database is where it was opened: this user may not look, or the disk fails. None:
    /// it can.
    pub(super) fn see_closed(&self, path: &Path, closed: Option<&Trouble>) {
        let mut state = self.lock();
        match state.closed.see(closed) {
            Change::Begun(closed) => {
                tracing::error!(database = %path.display(), "{}", self.told(closed));
            }
            Change::Over(Trouble::DiskFailed(_)) => {
                tracing::info!(database = %path.display(), "the disk says again whether the database is in its place");
            }
            Change::Over(_) => {
                tracing::info!(database = %path.display(), "the relay may look at its database again");
            }
            Change::Nothing => {}
        }
    }

    /// Whether it was kept in the database what time it is since its file is gone or damaged.
    pub(super) fn has_kept_time(&self) -> bool {
        self.lock().has_kept_time
    }

    /// That was done.
    pub(super) fn set_kept_time(&self) {
        let mut state = self.lock();
        state.has_kept_time = state.grave().is_some();
    }

    /// Everything that could be read was copied to `copy`.
    pub(super) fn set_rescued(&self, copy: &Path) {
        let mut state = self.lock();
        state.rescued = Some(copy.to_owned());
        if let Some(grave) = state.grave() {
            tracing::warn!(copy = %copy.display(), "a whole copy was made. {}", self.told(&grave));
        }
    }

    /// Where everything was copied since the file is gone or damaged. A copy that is gone too is none.
    pub(super) fn rescued(&self) -> Option<PathBuf> {
        let mut state = self.lock();
        // One that this user may not look at is still there.
        let gone = |copy: &mut PathBuf| matches!(copy.try_exists(), Ok(false));
        state.rescued.take_if(gone);
        state.rescued.clone()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // A panic under this lock cannot leave the value half changed, so a poisoned lock is used as it is.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trouble::{Bar, Shortage};

    #[test]
    fn what_becomes_another_trouble_is_told_once_as_that_and_the_end_is_of_the_last() {
        let failed = |what: &str| Trouble::DiskFailed(what.to_owned());
        let closed = Trouble::Closed {
            path: PathBuf::from("live"),
            why: Bar::ModeOfDirectory,
        };
        let mut episode = Episode::default();
        assert_eq!(episode.see(None), Change::Nothing);
        let met = failed("input/output error");
        for _ in 0..2 {
            assert_eq!(episode.see(Some(&closed)), Change::Begun(&closed));
            assert_eq!(episode.see(Some(&met)), Change::Begun(&met));
            for again in [&failed("other words"), &closed, &met] {
                assert_eq!(episode.see(Some(again)), Change::Nothing, "{again:?}");
            }
            assert_eq!(episode.see(None), Change::Over(met.clone()));
            assert_eq!(episode.see(None), Change::Nothing);
        }
    }

    #[test]
    fn the_gravest_is_told_and_each_ends_by_itself() {
        let troubles = Troubles::new(CommandLine::default());
        let path = Path::new("live/relay.db");
        let none = || None;
        assert_eq!(troubles.gravest(none), None);
        troubles.set_hindered(Some(&Trouble::Locked));
        assert_eq!(troubles.gravest(none), Some(Trouble::Locked));
        let full = Trouble::DiskFull(Shortage::Bytes {
            needed_mib: Some(64),
        });
        assert!(troubles.begin_disk_full(&full) && !troubles.begin_disk_full(&full));
        assert_eq!(troubles.gravest(none), Some(full));
        let closed = Trouble::Closed {
            path: PathBuf::from("live"),
            why: Bar::ModeOfDirectory,
        };
        troubles.see_closed(path, Some(&closed));
        assert_eq!(troubles.gravest(none), Some(closed.clone()));
        assert_eq!(troubles.grave(), Some(closed), "nothing is accepted");
        let copy = PathBuf::from("relay-backup.db");
        let damaged = Trouble::Damaged {
            what: "malformed".to_owned(),
            copy: None,
        };
        troubles.begin_damage(path, &damaged, none);
        troubles.begin_damage(path, &Trouble::Overwritten { copy: None }, none);
        assert_eq!(troubles.grave(), Some(damaged.clone()));
        let told = damaged.with_copy(Some(copy.clone()));
        assert_eq!(troubles.gravest(|| Some(copy)), Some(told));
        troubles.see_database(path, false);
        // A check of the other file says nothing about this one.
        troubles.see_journal(path, true);
        let directory = tempfile::tempdir().unwrap();
        let rescued = directory.path().join("relay-rescued.db");
        std::fs::write(&rescued, "a copy").unwrap();
        troubles.set_rescued(&rescued);
        let gone = Trouble::Gone {
            rescued: Some(rescued.clone()),
        };
        assert_eq!(troubles.gravest(none), Some(gone));
        assert_eq!(troubles.rescued(), Some(rescued.clone()));
        std::fs::remove_file(&rescued).unwrap();
        assert_eq!(troubles.rescued(), None, "it is gone too");
        troubles.see_database(path, true);
        troubles.see_closed(path, None);
        assert_eq!(troubles.rescued(), None);
        troubles.end_damage();
        troubles.end_disk_full();
        assert_eq!(troubles.gravest(none), None);
    }
}
