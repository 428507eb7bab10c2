//! Putting a copy in the place of the live database, and keeping what was there aside.

mod stage;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use rusqlite::Connection;

use super::super::carry_over::{self, Carried};
use super::super::connection::{identity, settle};
use super::super::{audit, erase, holds, import_rows, monitor_sessions};
use super::difference::{Difference, compare};
use super::directory::{DIRECTORY_MODE, give_to_owner_of, make_directory};
use super::former::Former;
use super::live_file;
use super::lock::{file_in, lock};
use super::open_error::OpenError;
use super::owner::Owner;
use super::path::{filled_journal_of, journal_of};
use super::progress::{Progress, further_copy, number_of_next_restore, of_all};
use super::reserve::{disk_is_full, is_full};
use super::rollback::end_stray;
use super::snapshot::{self, SnapshotError, Verified};
use super::unusable::refuse_irreplaceable;
use crate::audit::{Action, Actor, Entry, Subject};
use crate::hold::{EVERY_ROUTE, NewHold};
use crate::store::StoreError;
use crate::timestamp::Timestamp;
use crate::token::TokenRecord;
use crate::trouble::Trouble;
use stage::Stage;

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
    /// The copy is of another relay's database, and nobody has said that this is meant.
    OfAnother {
        /// The copy.
        path: PathBuf,
    },
    /// SQLite could not write to the copy before it took its place.
    Database {
        /// The copy.
        path: PathBuf,
        /// Why.
        source: StoreError,
    },
    /// The copy is in its place, and a power cut may still undo that.
    Unsynced {
        /// The data directory.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
}

/// What else than a whole copy of the present database is taken.
#[derive(Clone, Copy, Debug, Default)]
pub struct Taken {
    /// A copy of the live file, with the write-ahead log that lies beside it, if one does.
    pub as_it_is: bool,
    /// A copy of another relay's database, though the present one has events or interview records.
    pub of_another: bool,
}

/// What was done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Restored {
    /// What is known of the copy.
    pub copy: Verified,
    /// Deliveries that are still to be made: those of the copy, without what was erased in it again.
    pub waiting: u64,
    /// The copy may lack what came last.
    pub as_it_is: bool,
    /// Where the database is that was there before; none when there was none.
    pub kept_aside: Option<PathBuf>,
    /// What is known of that one.
    pub before: Before,
    /// A copy in the data directory that has more, when not all that the former database had is known.
    pub further: Option<(PathBuf, Verified)>,
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

/// What is written into the restored database besides what is carried over.
struct Written {
    entry: Entry,
    hold: Option<NewHold>,
}

/// Restores `copy` in the data directory. The present database is kept aside as a whole, with its
/// write-ahead log, and none of its files stays beside the restored one. Its tokens and their revocations, who did
/// what, and whose data were erased are taken over, as far as it can be read. `hold`: why nothing is sent until a person ends
/// that; none: what is to be sent is sent at the start.
///
/// # Errors
/// `RestoreError`.
pub fn restore(
    directory: &Path,
    copy: &Path,
    taken: Taken,
    hold: Option<String>,
    by: Actor,
    now: Timestamp,
) -> Result<Restored, RestoreError> {
    let name = copy.display().to_string();
    let hold = hold.map(|reason| NewHold {
        route: EVERY_ROUTE.to_owned(),
        lasts: None,
        reason,
        by: by.clone(),
    });
    let entry = by.did(Action::Restore, now).to(Subject::Named(name));
    let written = Written { entry, hold };
    put_in_place(directory, copy, taken, &written).map_err(|error| error.of(directory, copy))
}

fn put_in_place(
    directory: &Path,
    copy: &Path,
    taken: Taken,
    written: &Written,
) -> Result<Restored, RestoreError> {
    make_directory(directory, DIRECTORY_MODE)?;
    // Held to the end: no daemon can start in the middle.
    let _lock = lock(directory)?;
    refuse_irreplaceable(directory)?;
    let owner = Owner::of(directory)?;
    // It would keep the present database from being read, and what outlives a restore from being carried over.
    end_stray(&live_file(directory))?;
    let whole = match snapshot::verify(copy) {
        // A copy in which nothing can be read had all its data in a write-ahead log that was not copied.
        Err(SnapshotError::OfLiveFile {
            with_log, written, ..
        }) if taken.as_it_is && (with_log || written.is_some()) => None,
        verified => Some(verified?),
    };
    if !taken.of_another {
        refuse_other_relay(directory, copy, &owner)?;
    }
    let LaidOut {
        stage,
        verified,
        before,
        erased,
        waiting,
    } = lay_out(directory, copy, whole, &owner, written)?;
    let further = if before.is_known() {
        None
    } else {
        further_copy(directory, copy, &owner)
    };
    let further = further.and_then(|path| Some((path.clone(), snapshot::verify(&path).ok()?)));
    let lock_file = file_in(directory);
    give_to_owner_of(directory, &lock_file).map_err(|source| RestoreError::Swap {
        path: lock_file,
        source,
    })?;
    let former = Former {
        name: format!("live.before-restore-{}", name_of(written.entry.at)),
        later: before.later(),
    };
    Ok(Restored {
        copy: verified,
        waiting,
        as_it_is: whole.is_none(),
        kept_aside: stage.take_place(directory, &former)?,
        before,
        further,
        erased,
    })
}

impl Before {
    /// How many events it has that were accepted after the copy, when that is known.
    fn later(&self) -> Option<u64> {
        match self {
            Self::Compared { difference, .. } => Some(difference.events.count),
            Self::Absent | Self::Unreadable(_) => None,
        }
    }

    /// Whether everything is known that was there.
    fn is_known(&self) -> bool {
        match self {
            Self::Absent => true,
            Self::Unreadable(_) => false,
            Self::Compared { difference, .. } => difference.incomplete.is_none(),
        }
    }
}

/// Refuses the copy of another database than the one that belongs here, unless that is there and has nothing yet, as on
/// a new machine.
fn refuse_other_relay(directory: &Path, copy: &Path, owner: &Owner) -> Result<(), RestoreError> {
    let of_copy = Progress::of_copy(copy).unwrap_or_default();
    if owner.may_have(of_copy.identity) {
        return Ok(());
    }
    let mut own = of_all(directory);
    own.retain(|progress| owner.may_have(progress.identity));
    if own.is_empty() || own.iter().any(Progress::has_records) {
        let path = copy.to_owned();
        return Err(RestoreError::OfAnother { path });
    }
    Ok(())
}

/// What is to take the live directory's place, and what is known of it.
struct LaidOut {
    stage: Stage,
    verified: Verified,
    before: Before,
    erased: u64,
    waiting: u64,
}

/// Makes everything that is to take the live directory's place.
fn lay_out(
    directory: &Path,
    copy: &Path,
    whole: Option<Verified>,
    owner: &Owner,
    written: &Written,
) -> Result<LaidOut, RestoreError> {
    let stage = Stage::make(directory, written.entry.at)?;
    let database = stage.database();
    let not_written = |source| RestoreError::Database {
        path: database.clone(),
        source,
    };
    let at_database = |error: rusqlite::Error| not_written(error.into());
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
    let compared = compare(directory, copy, &database, owner);
    let carried = match &compared {
        Ok(Some((_, carried))) => carried.clone(),
        _ => Carried::default(),
    };
    let number = number_of_next_restore(directory, &database);
    let taken = take_over(&mut connection, carried, number, written);
    let (revoked, erased) = taken.map_err(not_written)?;
    let before = match compared {
        Err(why) => Before::Unreadable(why),
        Ok(None) => Before::Absent,
        Ok(Some((difference, _))) => Before::Compared {
            difference,
            revoked,
        },
    };
    let waiting = connection.query_row("SELECT count(*) FROM outbox", [], |row| row.get(0));
    let waiting = waiting.map_err(at_database)?;
    let identity = identity(&connection).map_err(at_database)?;
    connection
        .close()
        .map_err(|(_, source)| at_database(source))?;
    stage.settle(directory)?;
    if let Some(identity) = identity {
        // The next start forgets whose the former database was.
        let noted = owner.note_too(directory, identity);
        noted.map_err(|source| RestoreError::Swap {
            path: directory.to_owned(),
            source,
        })?;
    }
    Ok(LaidOut {
        stage,
        verified,
        before,
        erased,
        waiting,
    })
}

fn take_over(
    connection: &mut Connection,
    carried: Carried,
    number: i64,
    written: &Written,
) -> Result<(Vec<TokenRecord>, u64), StoreError> {
    // Its records may be of somebody who is to be erased again.
    import_rows::end_interrupted(connection)?;
    let transaction = connection.transaction()?;
    transaction.execute("UPDATE relay_time SET restores = ?1", [number])?;
    let lasting_holds = match &carried.lasting_holds {
        Some(lasting) => lasting.clone(),
        None => erase::lasting_holds(&transaction)?,
    };
    let revoked = carry_over::write(&transaction, carried)?;
    monitor_sessions::forget(&transaction)?;
    let at = written.entry.at;
    let erased = erase::again(&transaction, &lasting_holds, at)?;
    audit::record(&transaction, &written.entry)?;
    if let Some(hold) = &written.hold {
        holds::begin_at_rest(&transaction, hold, at)?;
    }
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
        let met = match &self {
            Self::Database { source, .. } => source.trouble(),
            _ => None,
        };
        let full = match (&self, met) {
            (Self::Copy(SnapshotError::File { source, .. }) | Self::Swap { source, .. }, _) => {
                is_full(source)
            }
            (Self::Directory(OpenError::DiskFull { .. }), _) | (_, Some(Trouble::DiskFull(_))) => {
                true
            }
            // What SQLite says of a full disk is not always that.
            (_, Some(Trouble::DiskFailed(_) | Trouble::Unusable(_))) => disk_is_full(directory),
            _ => false,
        };
        if full {
            return Self::Full {
                directory: directory.to_owned(),
                needed: fs::metadata(copy).map_or(0, |copy| copy.len()),
            };
        }
        match met {
            Some(Trouble::Damaged { what, .. }) => Self::Copy(SnapshotError::Damaged {
                path: copy.to_owned(),
                what: what.clone(),
            }),
            _ => self,
        }
    }
}

/// A moment as part of a file's name.
pub(super) fn name_of(now: Timestamp) -> String {
    now.to_string().replace([':', '.'], "")
}

#[cfg(test)]
mod tests;
