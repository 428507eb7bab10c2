//! Opening the database of a data directory, and bringing the file to this version.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, ErrorCode, OpenFlags};

use super::super::connection::{identity, make_file, open_for_reading, open_for_writing, settle};
use super::super::error::changed_schema;
use super::copies::newest_copy;
use super::directory::{DIRECTORY_MODE, make_directory};
use super::file_integrity::Header;
use super::former::{Former, end_broken_off};
use super::identity::note_in;
use super::lock::lock;
use super::mark::{Mark, mark_of_damage};
use super::open_error::OpenError;
use super::other_copies::{Leftover, delete_unfinished, left_behind};
use super::owner::{Owner, note, noted, refuse_other};
use super::path::{filled_journal_of, shared_memory_of};
use super::progress::{may_be_behind, refuse_behind};
use super::reserve::lacks_room_to_open;
use super::rollback::{end_stray, journal_beside};
use super::snapshot;
use super::stray_log::StrayLog;
use super::unusable::{refuse_closed, refuse_no_directories, refuse_odd, refuse_unwritable};
use super::version::{FileOrigin, migrate, newest_known_version, schema_damage, schema_version};
use super::{DatabaseFile, live_file};
use crate::command_line::CommandLine;
use crate::plain_file;

/// SQLite cuts the index of the write-ahead log off to so many bytes when it begins with it.
const INDEX_BEGUN: u64 = 3;
/// Then it makes the file longer by so many bytes at a time.
const INDEX_STEP: u64 = 4 * 1024;
/// A database that was opened for writing.
pub(in crate::store) struct Opened {
    pub(in crate::store) connection: Connection,
    pub(in crate::store) file: DatabaseFile,
    pub(in crate::store) lock: File,
}

/// Opens the database in `directory`, making both when they are not there, and brings it to this program's
/// version. The log advises `commands`.
///
/// # Errors
/// `OpenError`, and the database is as it was.
pub(in crate::store) fn open(
    directory: &Path,
    commands: &CommandLine,
) -> Result<Opened, OpenError> {
    refuse_no_directories(directory)?;
    make_directory(directory, DIRECTORY_MODE)?;
    let lock = lock(directory)?;
    make_directory(&directory.join("live"), DIRECTORY_MODE)?;
    refuse_closed(directory)?;
    refuse_full(directory)?;
    end_restore(directory);
    tell_leftovers(directory);
    let path = live_file(directory);
    tell_cut_index(&path);
    refuse_gone(directory)?;
    refuse_damaged(directory)?;
    refuse_odd(directory)?;
    refuse_unwritable(directory)?;
    end_stray(&path)?;
    refuse_cut(&path)?;
    refuse_other(directory)?;
    // A database that was closed in order is unchanged. Any other may have lost a part, so it is examined
    // before anything can be written to it.
    let mark = Mark::of(&path);
    let doubtful = path.exists() && !mark.fits();
    // After a crash the whole is examined later, beside accepting. What was changed while nobody ran may be damaged
    // anywhere, and what is accepted until then would be in no sound copy.
    let examine = if mark.path().exists() {
        whole_check
    } else {
        quick_check
    };
    refuse_foreign(directory)?;
    let looked_through = doubtful && check_part(&path, examine)?;
    let refuse_behind = || refuse_behind(directory, &Owner::of(directory)?);
    if !doubtful && may_be_behind(directory) {
        refuse_behind()?;
    }
    mark.remove();
    if doubtful && !looked_through {
        roll_back(&path)?;
        refuse_foreign(directory)?;
    }
    if doubtful {
        refuse_behind()?;
    }
    end_stray_log(&path)?;
    make_file(&path).map_err(|source| OpenError::at(&path, source))?;
    let opened = open_for_writing(&path);
    let mut connection = opened.map_err(|error| OpenError::database(&path, &error))?;
    if doubtful && !looked_through {
        judge(examine(&connection), &path)?;
    }
    if schema_version(&connection).is_ok_and(|found| found == 0) {
        tracing::info!(database = %path.display(), "there was no database: an empty one was made");
    }
    back_up_before_migration(&connection, &path, directory)?;
    migrate(&mut connection, &path)?;
    let identity = identity(&connection).map_err(|error| OpenError::database(&path, &error))?;
    if let Some(identity) = identity {
        note(directory, identity)?;
    }
    Ok(Opened {
        connection,
        file: DatabaseFile::opened(directory, identity, commands)
            .map_err(|source| OpenError::at(&path, source))?,
        lock,
    })
}

/// Refuses to open a database without room for what SQLite makes beside it.
pub(super) fn refuse_full(directory: &Path) -> Result<(), OpenError> {
    let path = directory.join("live");
    if lacks_room_to_open(&path) {
        return Err(OpenError::DiskFull { path });
    }
    Ok(())
}

/// Ends a restore that was broken off after the copy had taken the database's place, and says what the former one is.
fn end_restore(directory: &Path) {
    match end_broken_off(directory) {
        Ok(Some((path, Former { later, .. }))) => {
            let path = path.display();
            tracing::warn!(%path, events_accepted_after_the_copy = later, "a restore was broken off after the copy had taken its place. This is the database of before: what was accepted after the copy is in it alone, and has to be handed in again");
        }
        Ok(None) => {}
        Err(error) => {
            let directory = directory.display();
            tracing::warn!(%error, %directory, "the database of before the last restore cannot be given its name");
        }
    }
}

/// Deletes what is provably of no use to anybody, and names what only a person can judge.
fn tell_leftovers(directory: &Path) {
    for deleted in delete_unfinished(directory) {
        tracing::info!(path = %deleted.display(), "a copy that was broken off was deleted");
    }
    for (what, left) in left_behind(directory) {
        let path = left.display();
        match what {
            Leftover::OfRestore => {
                tracing::warn!(%path, "this was left by a restore that was broken off, and nothing uses it. It holds personal data: when nothing is missed for some days, delete it");
            }
            // That it has no other name was told just now.
            Leftover::Former { .. } => {}
            Leftover::OfAnotherRelay => {
                tracing::warn!(%path, "this copy is of another relay's database, or of the one that was here before a restore. It stood in the backup file's place and was moved aside, and nothing uses it. It holds personal data: when it is of no use to anybody, delete it");
            }
            Leftover::Journal => {
                tracing::warn!(%path, "this rollback journal was not the relay's. It was moved aside, and nothing uses it: when it is of no use to anybody, delete it");
            }
        }
    }
}

/// Nobody can write a line when the index of the log is cut off while it is in use: the system ends the process with
/// SIGBUS. The index itself is made anew.
fn tell_cut_index(path: &Path) {
    let index = shared_memory_of(path);
    let is_cut = fs::metadata(&index).is_ok_and(|found| {
        // SQLite itself leaves these on a full disk.
        let is_begun = found.len() == INDEX_BEGUN || found.len() % INDEX_STEP == 0;
        found.len() == 0 || !is_begun
    });
    if is_cut && filled_journal_of(path).is_some() {
        tracing::warn!(index = %index.display(), "this file is shorter than SQLite makes it. If no power cut came before, something has cut it off while the relay ran, and the system has ended the relay because of that (SIGBUS). Nothing was lost; no other program may write to the files of the database");
    }
}

/// Lets SQLite examine the database read-only. False: it cannot be read before the changes of
/// an unfinished transaction are undone, as after a first start that was killed.
fn check_part(
    path: &Path,
    examine: fn(&Connection) -> rusqlite::Result<String>,
) -> Result<bool, OpenError> {
    let looked = open_for_reading(path).and_then(|connection| examine(&connection));
    if let Err(error) = &looked
        && error.sqlite_error_code() == Some(ErrorCode::ReadOnly)
    {
        return Ok(false);
    }
    judge(looked, path).map(|()| true)
}

/// Rolls back an unfinished transaction and changes nothing else. Only after that can be read who wrote the
/// database.
fn roll_back(path: &Path) -> Result<(), OpenError> {
    let opened = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE);
    let read = opened.and_then(|connection| schema_version(&connection));
    read.map(drop)
        .map_err(|error| OpenError::database(path, &error))
}

/// Lets SQLite delete a log in which it finds nothing, so that the next one begins with a header that says so.
fn end_stray_log(path: &Path) -> Result<(), OpenError> {
    if StrayLog::beside(path) != Some(StrayLog::Nothing) {
        return Ok(());
    }
    let opened = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE);
    let ended = opened.and_then(|connection| {
        // SQLite knows of the log when it has read something.
        schema_version(&connection)?;
        settle(&connection)
    });
    ended.map_err(|error| OpenError::database(path, &error))
}

pub(super) fn quick_check(connection: &Connection) -> rusqlite::Result<String> {
    connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))
}

/// Compares indexes with their rows, too.
fn whole_check(connection: &Connection) -> rusqlite::Result<String> {
    connection.query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))
}

/// Refuses a database in which SQLite found damage.
pub(super) fn judge(looked: rusqlite::Result<String>, path: &Path) -> Result<(), OpenError> {
    match looked {
        Ok(what) if what == "ok" => Ok(()),
        Ok(what) => Err(OpenError::damaged(path, what)),
        Err(error) => Err(OpenError::database(path, &error)),
    }
}

/// Before rows can change their meaning, the database as it was is kept, as the way back to the
/// version that wrote it.
fn back_up_before_migration(
    connection: &Connection,
    path: &Path,
    directory: &Path,
) -> Result<(), OpenError> {
    let found = schema_version(connection).map_err(|error| OpenError::database(path, &error))?;
    if (1..newest_known_version()).contains(&found) {
        let copy = directory.join(format!("relay-before-migration-{found}.db"));
        snapshot::copy(path, &copy).map_err(|error| OpenError::not_copied(path, error))?;
        tracing::info!(copy = %copy.display(), "the database as it was is kept; restoring it with the version before this one is the way back");
    }
    Ok(())
}

/// Refuses to create a new database where there was one: the next backup would replace the only copy of the data, and the
/// disk with the database may only not be mounted.
pub(super) fn refuse_gone(directory: &Path) -> Result<(), OpenError> {
    // One that cannot be read is told before anything that it could say.
    noted(directory)?;
    if is_gone(&live_file(directory)) {
        refuse_anew(directory)?;
    }
    Ok(())
}

/// Whether there is no file, or one in which nothing is and to which nothing belongs.
fn is_gone(path: &Path) -> bool {
    match fs::metadata(path) {
        Ok(found) => found.is_file() && found.len() == 0 && filled_journal_of(path).is_none(),
        // What a link leads to is another matter.
        Err(_) => {
            fs::symlink_metadata(path).is_err_and(|error| error.kind() == io::ErrorKind::NotFound)
        }
    }
}

/// Refuses to begin with an empty database where something shows that there was another one: the note of whose it is, a
/// copy, a journal with what was accepted last, or the mark of its close.
fn refuse_anew(directory: &Path) -> Result<(), OpenError> {
    let path = live_file(directory);
    let copy = Owner::of(directory)?.newest_copy(directory);
    let note = noted(directory)?.map(|_| note_in(directory));
    let parts = [
        copy.clone(),
        filled_journal_of(&path),
        Mark::of(&path).left(),
        note,
    ];
    let left: Vec<PathBuf> = parts.into_iter().flatten().collect();
    if left.is_empty() {
        return Ok(());
    }
    Err(OpenError::Gone { path, copy, left })
}

/// Refuses a database that is shorter than its header says: SQLite takes what is missing of its last page for zeros. Beside
/// a journal it may be.
pub(super) fn refuse_cut(path: &Path) -> Result<(), OpenError> {
    if filled_journal_of(path).is_some() || journal_beside(path).is_some() {
        return Ok(());
    }
    let Ok(file) = plain_file::open(path) else {
        return Ok(());
    };
    let lengths = file
        .metadata()
        .and_then(|found| Ok((found.len(), Header::read(&file)?.counted_bytes())));
    match lengths {
        Ok((bytes, Some(counted))) if bytes < counted => Err(OpenError::damaged(
            path,
            format!("it has {bytes} bytes where its pages have {counted}"),
        )),
        // SQLite says what else is wrong with it.
        Ok(_) | Err(_) => Ok(()),
    }
}

/// Refuses a database in which damage was met while the relay ran. SQLite may find what is left of it whole, such as a
/// file whose write-ahead log was cut off.
pub(super) fn refuse_damaged(directory: &Path) -> Result<(), OpenError> {
    let path = live_file(directory);
    let mark = mark_of_damage(&path);
    if mark.exists() {
        let copy = newest_copy(directory);
        return Err(OpenError::MetDamage { path, mark, copy });
    }
    Ok(())
}

/// Refuses a database that this program cannot go on with, without a chance to change it: another one's, or one in which a
/// table or an index is not as it was made.
pub(super) fn refuse_foreign(directory: &Path) -> Result<(), OpenError> {
    let path = &live_file(directory);
    if !path.exists() {
        return Ok(());
    }
    let looked = open_for_reading(path)
        .and_then(|connection| Ok((FileOrigin::of(&connection)?, connection)));
    let (origin, connection) = match looked {
        Ok(looked) => looked,
        // What SQLite cannot read is looked through next, and told as damage. Of a schema it finds nothing wrong.
        Err(error) => {
            let changed = changed_schema(&error);
            return changed.map_or(Ok(()), |what| Err(OpenError::damaged(path, what)));
        }
    };
    match origin {
        FileOrigin::Ours => match schema_damage(&connection, path) {
            Ok(Some(what)) => Err(OpenError::damaged(path, what)),
            Ok(None) | Err(_) => Ok(()),
        },
        // A file that was made and not written to yet is nobody's, unless there was another one.
        FileOrigin::Empty if noted(directory)?.is_some() => refuse_anew(directory),
        FileOrigin::Empty => Ok(()),
        FileOrigin::PreRelease => Err(OpenError::PreRelease {
            path: path.to_owned(),
        }),
        FileOrigin::Newer { found, known } => Err(OpenError::Newer {
            path: path.to_owned(),
            found,
            known,
        }),
        FileOrigin::Foreign => Err(OpenError::foreign(path)),
    }
}

#[cfg(test)]
mod tests;
