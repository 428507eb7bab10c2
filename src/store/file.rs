//! What belongs to the database's file and not to the data in it: the directory and its lock, opening and bringing it to
//! this version, copies and what they lack or have alone, whether it is still there and sound, and the room on the disk.

mod awaited;
mod copies;
pub mod difference;
mod directory;
pub mod elsewhere;
mod file_integrity;
pub(super) mod former;
pub mod free_space_scan;
mod identity;
pub mod inspect;
mod lock;
pub(super) mod log_backlog;
mod mark;
mod mounts;
#[cfg(feature = "mysql")]
pub mod moved;
pub mod open;
mod open_error;
mod other_copies;
mod owner;
pub mod parts;
mod path;
pub mod progress;
pub mod received;
mod rescued;
pub(super) mod reserve;
pub mod restore;
mod rollback;
pub mod snapshot;
mod snapshot_error;
mod soundness;
mod stale_log;
mod stray_log;
pub(super) mod traces;
mod troubles;
mod unusable;
pub(super) mod version;

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub use awaited::AwaitedDirectory;
pub use lock::holder;
pub use open_error::{Odd, OpenError};
pub use other_copies::Leftover;
pub(super) use reserve::give_up_reserve;
pub use reserve::{is_full, odd_reserve};
pub use soundness::Depth;

use crate::command_line::CommandLine;
use crate::trouble::Trouble;
use copies::newest_copy;
use directory::make_directory;
use file_integrity::OpenFiles;
use identity::is_of_another;
use log_backlog::HeldLog;
use mark::{Mark, mark_of_damage};
use path::{OpenPath, journal_of};
use reserve::Reserve;
use rollback::{journal_beside, set_aside};
use troubles::Troubles;
use unusable::bar;

/// The file that admins copy.
const BACKUP: &str = "relay-backup.db";
/// The copy that was carried into another database.
const MOVED: &str = "relay-moved.db";
/// What the names of copies begin and end with that were made because the database was gone.
const RESCUED: (&str, &str) = ("relay-rescued-", ".db");

/// The file of an open database. Cheap to clone.
#[derive(Clone)]
pub struct DatabaseFile {
    directory: PathBuf,
    /// The data directory's.
    mode: u32,
    database: OpenPath,
    /// What it has in common with its copies.
    identity: Option<u32>,
    journal: OpenPath,
    shape: Arc<OpenFiles>,
    reserve: Reserve,
    troubles: Troubles,
    held_log: HeldLog,
}

impl DatabaseFile {
    /// The database of `directory`, which was opened just now and has been read.
    pub(super) fn opened(
        directory: &Path,
        identity: Option<u32>,
        commands: &CommandLine,
    ) -> io::Result<Self> {
        let path = live_file(directory);
        let file = Self {
            directory: directory.to_owned(),
            identity,
            mode: fs::metadata(directory)?.permissions().mode(),
            journal: OpenPath::of(journal_of(&path)),
            shape: Arc::new(OpenFiles::of(&path)?),
            database: OpenPath::of(path),
            reserve: Reserve::of(directory),
            troubles: Troubles::new(commands.clone()),
            held_log: HeldLog::default(),
        };
        file.reserve.tell_odd();
        if !file.reserve.is_held_or_taken() {
            file.met_full_disk();
        }
        Ok(file)
    }

    /// The database's file.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.database.path()
    }

    /// The file that admins copy.
    #[must_use]
    pub fn backup_path(&self) -> PathBuf {
        backup_file(&self.directory)
    }

    /// What is wrong with the database: the worst problem when there are several.
    #[must_use]
    pub fn trouble(&self) -> Option<Trouble> {
        self.troubles.gravest(|| newest_copy(&self.directory))
    }

    /// Checks that the database and its journal are in place and the same files. While they are not, or there is damage,
    /// nothing is accepted. Answers why. A rollback journal beside them is moved aside: the relay has none while it runs.
    #[must_use]
    pub fn look(&self) -> Option<Trouble> {
        self.is_without_stray_journal();
        let is_mounted = self.shape.mounts.are_held();
        self.troubles.see_mounts(self.path(), is_mounted);
        self.look_before_commit()
    }

    /// The same without a rollback journal and the mounts; fast enough for every commit.
    pub(super) fn look_before_commit(&self) -> Option<Trouble> {
        let is_journal_held = self.journal.is_held();
        if is_journal_held || self.journal.hidden().is_none() {
            self.troubles.see_journal(self.path(), is_journal_held);
        }
        let held = self.database.is_held();
        let closed = if held { None } else { self.closed() };
        self.troubles.see_closed(self.path(), closed.as_ref());
        if closed.is_none() {
            self.troubles.see_database(self.path(), held);
        }
        if !self.shape.is_kept() {
            self.begin_damage(&Trouble::Overwritten { copy: None });
        }
        self.troubles.grave()
    }

    /// Why it cannot be said whether the database is in its place: this user may not look, or the disk fails. None: it
    /// can be said, or the file was deleted.
    fn closed(&self) -> Option<Trouble> {
        let seen = self.database.hidden();
        let error = seen.filter(|_| !self.shape.is_deleted())?;
        if error.kind() != io::ErrorKind::PermissionDenied {
            return Some(Trouble::DiskFailed(error.to_string()));
        }
        let (path, why) = bar(&self.directory, self.path());
        Some(Trouble::Closed { path, why })
    }

    /// Whether the open file stands in the database's place.
    pub(super) fn is_in_place(&self) -> bool {
        self.database.is_held()
    }

    /// Whether the backup file may be made anew. While another database stands in the place of the open one, as after a disk
    /// was mounted over it, the backup file is that one's.
    #[must_use]
    pub fn may_replace_backup(&self) -> bool {
        let replaced = self.database.is_replaced();
        self.database.is_held() || !(replaced || is_of_another(self.identity, &self.backup_path()))
    }

    /// Whether somebody has cut off the open files, or copied something over them.
    pub(super) fn is_overwritten(&self) -> bool {
        !self.shape.is_kept()
    }

    /// Whether what is in the file cannot be relied on.
    #[must_use]
    pub fn is_damaged(&self) -> bool {
        self.troubles.is_damaged()
    }

    /// Whether closing may move the write-ahead log into the database and delete it. SQLite deletes what has the log's
    /// name: that must not be the log of another database, which somebody has put there. What is damaged stays as it is.
    pub(super) fn may_settle(&self) -> bool {
        !self.is_damaged()
            && (self.journal.is_held() || (self.journal.is_empty() && self.database.is_held()))
            && self.is_without_stray_journal()
    }

    /// Moves a rollback journal aside that somebody has put beside the open database; false: there still is one. That
    /// beside another database, which stands in the place of the open one, is left as it is.
    fn is_without_stray_journal(&self) -> bool {
        journal_beside(self.path())
            .is_none_or(|journal| self.database.is_held() && set_aside(&journal).is_ok())
    }

    /// Makes the data directory anew when it is gone, so that what only the open file has can be copied there.
    ///
    /// # Errors
    /// `OpenError`: why it cannot be made.
    pub fn make_directory_again(&self) -> Result<(), OpenError> {
        make_directory(&self.directory, self.mode)
    }

    /// Where the database was copied since it is gone or damaged.
    #[must_use]
    pub fn rescued(&self) -> Option<PathBuf> {
        self.troubles.rescued()
    }

    /// Copies of the database in its directory, besides the backup file: what a restore, an upgrade or a rescue has left.
    #[must_use]
    pub fn other_copies(&self) -> Vec<PathBuf> {
        other_copies::list(&self.directory)
    }

    /// Deletes them, and answers those that are gone; one that cannot be deleted is logged.
    #[must_use]
    pub fn delete_other_copies(&self) -> Vec<PathBuf> {
        other_copies::delete(&self.directory)
    }

    /// Records trouble that a command has met, but not a missing file, which is found by looking, nor an import's.
    pub(super) fn met(&self, trouble: &Trouble) {
        let hindered = |trouble| self.troubles.set_hindered(Some(trouble));
        match trouble {
            Trouble::Gone { .. }
            | Trouble::Unmounted { .. }
            | Trouble::Closed { .. }
            | Trouble::ImportRefused(_) => {}
            Trouble::DiskFull(_) => self.met_full_disk(),
            // What SQLite says of a full disk, or of one that can only be read, is not always that.
            Trouble::DiskFailed(_) | Trouble::Unusable(_) if self.reserve.disk_is_full() => {
                self.met_full_disk();
            }
            Trouble::DiskFailed(_) | Trouble::Unusable(_) if self.reserve.is_read_only() => {
                hindered(&Trouble::ReadOnlyDisk);
            }
            Trouble::Damaged { .. } | Trouble::Overwritten { .. } => self.begin_damage(trouble),
            Trouble::Locked
            | Trouble::Exhausted(_)
            | Trouble::ReadOnlyDisk
            | Trouble::DiskFailed(_)
            | Trouble::Unusable(_) => hindered(trouble),
        }
    }

    fn met_full_disk(&self) {
        let shortage = self.reserve.shortage();
        let given_up = self.reserve.release();
        let full = Trouble::DiskFull(shortage);
        if self.troubles.begin_disk_full(&full) {
            let told = self.troubles.told(&full);
            tracing::error!(directory = %self.directory.display(), room_was_held_back_for_results = given_up, "{told}");
        }
    }

    /// The database is damaged: from now on nothing is accepted.
    pub(super) fn begin_damage(&self, damage: &Trouble) {
        if self.is_damaged() {
            return;
        }
        // Whichever reader meets it first: SQLite does not know that somebody has written over the files.
        let overwritten = Trouble::Overwritten { copy: None };
        let damage = if self.is_overwritten() {
            &overwritten
        } else {
            damage
        };
        let copy = || newest_copy(&self.directory);
        self.troubles.begin_damage(self.path(), damage, copy);
        if self.database.is_replaced() {
            // The mark would speak of that one.
            return;
        }
        let mark = mark_of_damage(self.path());
        if let Err(error) = File::create(&mark) {
            tracing::error!(mark = %mark.display(), %error, "the next start cannot be told of the damage");
        }
    }

    /// SQLite looked through everything and found nothing wrong with it. With another file in its place that says
    /// nothing.
    pub(super) fn end_damage(&self) {
        if !self.is_overwritten() {
            self.troubles.end_damage();
            if !self.database.is_replaced() {
                // Without damage there is no mark.
                let _ = fs::remove_file(mark_of_damage(self.path()));
            }
        }
    }

    /// Whether a long read keeps the write-ahead log from being moved, and will have it moved at its end.
    pub(super) fn log_is_held(&self) -> bool {
        self.held_log.is_held()
    }

    /// Whether the last commit failed because another program holds a lock.
    pub(super) fn is_locked(&self) -> bool {
        self.troubles.is_locked()
    }

    /// Something was committed. Where nothing was changed nothing was written: that shows no more than that nobody holds
    /// a lock.
    pub(super) fn committed(&self, has_changed: bool) {
        if has_changed || self.is_locked() {
            self.troubles.set_hindered(None);
        }
    }

    /// Marks the database as closed in order, unless the mark would hide that something is wrong with it.
    pub(super) fn mark_closed(&self) {
        if !self.is_damaged() && self.is_in_place() {
            // Without it the next start looks through the whole database: slow, not wrong.
            let _ = Mark::of(self.path()).leave();
        }
    }

    /// Records that the disk is full: nothing new is accepted, and the reserve is left for results of accepted events.
    #[must_use]
    pub fn disk_full(&self) -> bool {
        self.troubles.disk_full()
    }

    /// When the disk has room again, accepts events again and takes the reserve back when there is enough room for it.
    pub fn look_for_room(&self) {
        if self.reserve.is_held_or_taken() {
            self.troubles.end_disk_full();
        }
    }

    /// Whether the disk has no inode left, so that no further file can be made on it, however small.
    #[must_use]
    pub fn lacks_inodes(&self) -> bool {
        reserve::lacks_inodes(self.reserve.directory())
    }

    /// How many MiB more have to be free on the disk so that `bytes` can be written without touching what is left for
    /// results; none: they are.
    #[must_use]
    pub fn mib_missing_for(&self, bytes: u64) -> Option<u64> {
        self.reserve.mib_missing_for(bytes)
    }

    /// Bytes that are free on the disk, and all that it has.
    #[must_use]
    pub fn disk_bytes(&self) -> Option<(u64, u64)> {
        reserve::disk_bytes(self.reserve.directory())
    }
}

/// The file in a data directory that admins copy.
#[must_use]
pub fn backup_file(directory: &Path) -> PathBuf {
    directory.join(BACKUP)
}

/// The live database of a data directory.
#[must_use]
pub fn live_file(directory: &Path) -> PathBuf {
    directory.join("live").join("relay.db")
}

/// What SQLite found wrong first, in one line: it says where, and then lists everything, which can be very much.
fn in_one_line(found: &str) -> String {
    let first: Vec<&str> = found.lines().take(2).collect();
    first.join(" ")
}

#[cfg(test)]
mod tests;
