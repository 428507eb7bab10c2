//! Putting a copy in the place of the live database, and keeping what was there aside.

use std::fs;
use std::io;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::path::{Path, PathBuf};

use rusqlite::{Connection, ErrorCode};
use rustix::fs::{CWD, RenameFlags, renameat_with};

use super::super::audit;
use super::super::carry_over::{self, Carried};
use super::super::connection::settle;
use super::super::erase;
use super::difference::{Difference, compare};
use super::mark::Mark;
use super::open::{DIRECTORY_MODE, lock, make_directory, sync_directory};
use super::open_error::OpenError;
use super::path::{filled_journal_of, journal_of};
use super::reserve::{disk_is_full, is_full, is_out_of_room};
use super::snapshot::{self, SnapshotError, Verified};
use crate::audit::{Action, Actor, Entry, Subject};
use crate::timestamp::Timestamp;
use crate::token::TokenRecord;

/// Where the copy is laid out before it takes the live directory's place.
const STAGE: &str = "live.restoring";

/// Why a copy was not restored. Nothing was changed, unless it says otherwise.
#[derive(Debug, thiserror::Error)]
pub enum RestoreError {
    /// The copy is not good.
    Copy(#[from] SnapshotError),
    /// The daemon runs, or the data directory cannot be used.
    Directory(#[from] OpenError),
    /// The copy does not fit on the disk beside the present database.
    Full {
        /// The data directory.
        directory: PathBuf,
        /// What the copy takes.
        needed: u64,
    },
    /// The directories could not be swapped.
    Swap {
        /// Which directory.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// SQLite could not write to the copy before it took its place.
    Database {
        /// The copy.
        path: PathBuf,
        /// What SQLite said.
        source: rusqlite::Error,
    },
    /// The copy is in its place, and a power cut may still undo that.
    Unsynced {
        /// The data directory.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
}

/// What was done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Restored {
    /// What is known of the copy.
    pub copy: Verified,
    /// The copy may lack what came last.
    pub as_it_is: bool,
    /// Where the database is that was there before; none when there was none.
    pub kept_aside: Option<PathBuf>,
    /// What is known of that one.
    pub before: Before,
    /// Rows of people whose data were erased after the copy was made; they are erased in it now.
    pub erased: u64,
}

/// What is known of the database that a copy has replaced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Before {
    /// There was none.
    Absent,
    /// It could not be read, and why.
    Unreadable(String),
    /// It was compared with the copy.
    Compared {
        /// What the copy has not.
        difference: Difference,
        /// The tokens that were revoked after the copy; they are revoked in it now.
        revoked: Vec<TokenRecord>,
    },
}

/// Restores `copy` in the data directory. The present database is kept aside as a whole, with its
/// write-ahead log, and none of its files stays beside the restored one. Its tokens and their revocations, who did
/// what, and whose data were erased are taken over, as far as it can be read.
///
/// A copy of the live file is taken only `as_it_is`, with the write-ahead log that lies beside it, if one does.
///
/// # Errors
/// `RestoreError`.
pub fn restore(
    directory: &Path,
    copy: &Path,
    as_it_is: bool,
    by: Actor,
    now: Timestamp,
) -> Result<Restored, RestoreError> {
    let name = copy.display().to_string();
    let entry = by.did(Action::Restore, now).to(Subject::Named(name));
    put_in_place(directory, copy, as_it_is, &entry).map_err(|error| error.of(directory, copy))
}

fn put_in_place(
    directory: &Path,
    copy: &Path,
    as_it_is: bool,
    entry: &Entry,
) -> Result<Restored, RestoreError> {
    make_directory(directory, DIRECTORY_MODE)?;
    // Held to the end: no daemon can start in the middle.
    let lock_file = directory.join("lock");
    let _lock = lock(&lock_file)?;
    let whole = match snapshot::verify(copy) {
        // A copy in which nothing can be read had all its data in a write-ahead log that was not copied.
        Err(SnapshotError::OfLiveFile {
            with_log, written, ..
        }) if as_it_is && (with_log || written.is_some()) => None,
        verified => Some(verified?),
    };
    let (stage, verified, before, erased) = lay_out(directory, copy, whole, entry)?;
    give_to_owner_of(directory, &lock_file).map_err(|source| RestoreError::Swap {
        path: lock_file,
        source,
    })?;
    let aside = directory.join(format!("live.before-restore-{}", name_of(entry.at)));
    Ok(Restored {
        copy: verified,
        as_it_is: whole.is_none(),
        kept_aside: stage.take_place(directory, aside)?,
        before,
        erased,
    })
}

/// Makes everything that is to take the live directory's place.
fn lay_out(
    directory: &Path,
    copy: &Path,
    whole: Option<Verified>,
    entry: &Entry,
) -> Result<(Stage, Verified, Before, u64), RestoreError> {
    let stage = Stage::make(directory, entry.at)?;
    let database = stage.database();
    let at_database = |source| RestoreError::Database {
        path: database.clone(),
        source,
    };
    snapshot::copy_file(copy, &database)?;
    if let (None, Some(log)) = (whole, filled_journal_of(copy)) {
        snapshot::copy_file(&log, &journal_of(&database))?;
    }
    let mut connection = Connection::open(&database).map_err(at_database)?;
    for (pragma, value) in [("secure_delete", "ON"), ("temp_store", "MEMORY")] {
        let set = connection.pragma_update(None, pragma, value);
        set.map_err(at_database)?;
    }
    settle(&connection).map_err(at_database)?;
    let verified = whole.map_or_else(|| snapshot::verify_as(&database, copy), Ok)?;
    let compared = compare(directory, copy, &database);
    let carried = match &compared {
        Ok(Some((_, carried))) => carried.clone(),
        _ => Carried::default(),
    };
    let (revoked, erased) = take_over(&mut connection, carried, entry).map_err(at_database)?;
    let before = match compared {
        Err(why) => Before::Unreadable(why),
        Ok(None) => Before::Absent,
        Ok(Some((difference, _))) => Before::Compared {
            difference,
            revoked,
        },
    };
    connection
        .close()
        .map_err(|(_, source)| at_database(source))?;
    stage.settle(directory)?;
    Ok((stage, verified, before, erased))
}

fn take_over(
    connection: &mut Connection,
    carried: Carried,
    entry: &Entry,
) -> rusqlite::Result<(Vec<TokenRecord>, u64)> {
    let transaction = connection.transaction()?;
    let revoked = carry_over::write(&transaction, carried)?;
    let erased = erase::again(&transaction, entry.at)?;
    audit::record(&transaction, entry)?;
    transaction.commit()?;
    if erased > 0 {
        // What the rows have left must not be in the file either.
        connection.execute_batch("VACUUM")?;
    }
    Ok((revoked, erased))
}

impl RestoreError {
    /// The same error, as one of a full disk or of a damaged copy when it is one.
    fn of(self, directory: &Path, copy: &Path) -> Self {
        let (full, code) = match &self {
            Self::Copy(SnapshotError::File { source, .. }) | Self::Swap { source, .. } => {
                (is_full(source), None)
            }
            Self::Directory(OpenError::DiskFull { .. }) => (true, None),
            Self::Database { source, .. } => (
                is_out_of_room(source, || disk_is_full(directory)),
                source.sqlite_error_code(),
            ),
            _ => (false, None),
        };
        match code {
            _ if full => Self::Full {
                directory: directory.to_owned(),
                needed: fs::metadata(copy).map_or(0, |copy| copy.len()),
            },
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
                Self::Copy(SnapshotError::Damaged {
                    path: copy.to_owned(),
                    what: self.to_string(),
                })
            }
            _ => self,
        }
    }
}

/// The directory in which a copy is laid out. Unless it takes its place it is removed again.
struct Stage {
    path: PathBuf,
    /// True: the directory holds the live database, or the previous one, and must not be removed.
    in_place: bool,
}

impl Stage {
    fn make(directory: &Path, now: Timestamp) -> Result<Self, RestoreError> {
        let path = directory.join(STAGE);
        if path.exists() {
            // An earlier restore was interrupted. Its directory may hold the previous database, so it is kept.
            let left = directory.join(format!("live.interrupted-restore-{}", name_of(now)));
            fs::rename(&path, left).map_err(|source| RestoreError::Swap {
                path: path.clone(),
                source,
            })?;
        }
        make_directory(&path, DIRECTORY_MODE)?;
        Ok(Self {
            path,
            in_place: false,
        })
    }

    fn database(&self) -> PathBuf {
        self.path.join("relay.db")
    }

    fn at(&self, source: io::Error) -> RestoreError {
        RestoreError::Swap {
            path: self.path.clone(),
            source,
        }
    }

    /// Gives it to the daemon's user, and puts the names in it on the disk. What was looked through just now needs no
    /// doubt at the next start: that another copy may have more is what the person wants.
    fn settle(&self, directory: &Path) -> Result<(), RestoreError> {
        let at_stage = |source| self.at(source);
        let database = self.database();
        // The copy may have lain where everybody, or nobody but root, could read it.
        fs::set_permissions(&database, fs::Permissions::from_mode(0o640)).map_err(at_stage)?;
        for made in [&self.path, &database] {
            give_to_owner_of(directory, made).map_err(at_stage)?;
        }
        let mark = Mark::of(&database);
        mark.leave().map_err(at_stage)?;
        give_to_owner_of(directory, mark.path()).map_err(at_stage)?;
        sync_directory(&self.path).map_err(at_stage)?;
        sync_directory(directory).map_err(at_stage)
    }

    /// Takes the place of the live directory; answers where the previous one is.
    fn take_place(
        mut self,
        directory: &Path,
        aside: PathBuf,
    ) -> Result<Option<PathBuf>, RestoreError> {
        let live = directory.join("live");
        let kept_aside = if live.exists() {
            // The directories are swapped in one step: there is always one complete database.
            renameat_with(CWD, &self.path, CWD, &live, RenameFlags::EXCHANGE)
                .map_err(|error| self.at(error.into()))?;
            self.in_place = true;
            // Under whichever name: it is kept.
            let renamed = fs::rename(&self.path, &aside);
            Some(renamed.map_or_else(|_| self.path.clone(), |()| aside))
        } else {
            fs::rename(&self.path, &live).map_err(|source| self.at(source))?;
            self.in_place = true;
            None
        };
        sync_directory(directory).map_err(|source| RestoreError::Unsynced {
            path: directory.to_owned(),
            source,
        })?;
        Ok(kept_aside)
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        if !self.in_place {
            // The error that led here says more than that it cannot be removed.
            let _ = fs::remove_dir_all(&self.path);
        }
    }
}

/// An admin restores as root, and the daemon has a user of its own: what was made here belongs to
/// whoever owns the data directory.
fn give_to_owner_of(directory: &Path, made: &Path) -> io::Result<()> {
    let (owner, present) = (fs::metadata(directory)?, fs::metadata(made)?);
    if (owner.uid(), owner.gid()) == (present.uid(), present.gid()) {
        return Ok(());
    }
    chown(made, Some(owner.uid()), Some(owner.gid()))
}

/// A moment as part of a file's name.
pub(super) fn name_of(now: Timestamp) -> String {
    now.to_string().replace([':', '.'], "")
}

#[cfg(test)]
mod tests {
    use super::super::live_file;
    use super::*;

    #[test]
    fn a_full_disk_is_told_as_one_wherever_it_is_met() {
        let full = || io::Error::from(io::ErrorKind::StorageFull);
        let path = || PathBuf::from("/data/live.restoring");
        let code = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_FULL);
        for error in [
            RestoreError::Copy(SnapshotError::File {
                path: path(),
                source: full(),
            }),
            RestoreError::Swap {
                path: path(),
                source: full(),
            },
            RestoreError::Database {
                path: path(),
                source: rusqlite::Error::SqliteFailure(code, None),
            },
        ] {
            let told = error.of(Path::new("/data"), Path::new("/copy")).to_string();
            assert!(told.contains("the disk is full"), "{told}");
            assert!(
                told.contains("/data") && told.contains("restore again"),
                "{told}"
            );
        }
        let other = RestoreError::Swap {
            path: path(),
            source: io::Error::from(io::ErrorKind::NotFound),
        };
        let told = other.of(Path::new("/data"), Path::new("/copy"));
        assert!(matches!(told, RestoreError::Swap { .. }));
    }

    #[test]
    fn a_stage_that_did_not_take_its_place_is_removed() {
        let directory = tempfile::tempdir().unwrap();
        let now = Timestamp::from_unix_ms(0);
        let stage = Stage::make(directory.path(), now).unwrap();
        fs::write(stage.database(), "half a copy").unwrap();
        drop(stage);
        assert!(!directory.path().join(STAGE).exists());
        let stage = Stage::make(directory.path(), now).unwrap();
        fs::write(stage.database(), "a copy").unwrap();
        let aside = directory.path().join("aside");
        assert_eq!(stage.take_place(directory.path(), aside).unwrap(), None);
        assert!(live_file(directory.path()).exists());
    }
}
