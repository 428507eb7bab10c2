//! What `check` learns of a database without becoming its daemon.

use std::path::{Path, PathBuf};

use rusqlite::Connection;

use super::super::connection::open_for_reading;
use super::super::relay_time::RelayTime;
use super::super::{StoreError, erase, notifications, outbox, recount, tokens};
use super::live_file;
use super::lock::file_in;
use super::open::{
    judge, quick_check, refuse_cut, refuse_damaged, refuse_foreign, refuse_full, refuse_gone,
};
use super::open_error::OpenError;
use super::other_copies::{self, Leftover};
use super::owner::{Owner, refuse_other};
use super::progress::{may_be_behind, refuse_behind};
use super::rollback::{RollbackJournal, journal_beside};
use super::unusable::{
    refuse_closed, refuse_no_directories, refuse_odd, refuse_odd_lock, refuse_unwritable,
};
use super::version::{newest_known_version, schema_version};
use crate::clock::Moment;
use crate::timestamp::Timestamp;
use crate::token::TokenRecord;

/// What `check` learns of a database without becoming its daemon.
///
/// # Errors
/// `OpenError` as in [`Store::open`](crate::store::Store::open); a database that is not there yet is no error.
pub fn inspect(directory: &Path) -> Result<Inspection, OpenError> {
    let path = live_file(directory);
    refuse_no_directories(directory)?;
    refuse_odd_lock(directory, &file_in(directory))?;
    refuse_closed(directory)?;
    refuse_gone(directory)?;
    refuse_damaged(directory)?;
    refuse_odd(directory)?;
    if !path.exists() {
        return Ok(Inspection::Absent);
    }
    refuse_unwritable(directory)?;
    refuse_full(directory)?;
    match RollbackJournal::beside(&path) {
        Some(RollbackJournal::Stray(journal)) => return Ok(Inspection::StrayJournal(journal)),
        Some(RollbackJournal::Left(journal)) => return Ok(Inspection::Unfinished(journal)),
        // Refused before.
        Some(RollbackJournal::OfAnother) | None => {}
    }
    refuse_cut(&path)?;
    refuse_other(directory)?;
    refuse_foreign(directory)?;
    judge(
        open_for_reading(&path).and_then(|connection| quick_check(&connection)),
        &path,
    )?;
    if may_be_behind(directory) {
        refuse_behind(directory, &Owner::of(directory)?)?;
    }
    Ok(Inspection::Sound)
}

/// What is left in a data directory, is used by nobody and holds personal data.
#[must_use]
pub fn left_behind(directory: &Path) -> Vec<(Leftover, PathBuf)> {
    other_copies::left_behind(directory)
}

/// How many deliveries wait for each route, without becoming the database's daemon. Of a file that is no database
/// [`inspect`] says what it is.
///
/// # Errors
/// When the database cannot be read; one that is not there yet is no error.
pub fn waiting(directory: &Path) -> Result<Vec<(String, u64)>, StoreError> {
    rows(directory, outbox::waiting_by_route)
}

/// The alert channels whose last message did not get through, by their keys, with the reason; the rest as
/// [`waiting`].
///
/// # Errors
/// When the database cannot be read; one that is not there yet is no error.
pub fn failing_channels(directory: &Path) -> Result<Vec<(String, String)>, StoreError> {
    rows(directory, notifications::failing_channels)
}

/// The tokens that are known; the rest as [`waiting`].
///
/// # Errors
/// When the database cannot be read; one that is not there yet is no error.
pub fn tokens(directory: &Path) -> Result<Vec<TokenRecord>, StoreError> {
    rows(directory, |connection| Ok(tokens::list(connection)?))
}

/// When the erasures of people's data began that were broken off; the rest as [`waiting`].
///
/// # Errors
/// When the database cannot be read; one that is not there yet is no error.
pub fn broken_erasures(directory: &Path) -> Result<Vec<Timestamp>, StoreError> {
    rows(directory, erase::broken_off)
}

/// By how many seconds the wall clock is ahead of where a run of the daemon left it, or, negative, behind that, when
/// that is so much that it may be wrong; the rest as [`waiting`].
///
/// # Errors
/// When the database cannot be read; one that is not there yet is no error.
pub fn clock_off(directory: &Path, moment: Moment) -> Result<Option<i64>, StoreError> {
    let off = rows(directory, |connection| {
        let time = RelayTime::resume(connection, moment)?;
        Ok(time.clock_off(moment).into_iter().collect())
    });
    Ok(off?.pop())
}

fn rows<T>(
    directory: &Path,
    read: impl FnOnce(&Connection) -> Result<Vec<T>, StoreError>,
) -> Result<Vec<T>, StoreError> {
    let path = live_file(directory);
    if !path.exists() || refuse_odd(directory).is_err() || journal_beside(&path).is_some() {
        return Ok(Vec::new());
    }
    read(&open_for_reading(&path)?)
}

/// How many of the kept counts differ from the rows that they count, without becoming the database's
/// daemon. None: there is no database yet, or not yet of this version, and so no counts.
///
/// # Errors
/// When the database cannot be read.
pub fn count_differences(directory: &Path) -> Result<Option<u64>, StoreError> {
    let path = live_file(directory);
    if !path.exists() {
        return Ok(None);
    }
    let mut connection = open_for_reading(&path)?;
    // Counts and rows have to be read in one transaction.
    let moment = connection.transaction()?;
    if schema_version(&moment)? < newest_known_version() {
        return Ok(None);
    }
    recount::differences(&moment).map(Some)
}

/// The state of a database on disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Inspection {
    /// There is none yet.
    Absent,
    /// Beside it stands this rollback journal, before whose end nobody can look at it.
    Unfinished(PathBuf),
    /// This rollback journal beside it is not its own; nobody can look at it before that is moved aside.
    StrayJournal(PathBuf),
    /// SQLite finds nothing wrong with it.
    Sound,
}
