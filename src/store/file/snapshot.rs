//! Copies of the database that are files like any other: complete, closed, consistent, with
//! nothing beside them (contract, section 9). Making one, and judging one.

mod target;
mod verdict;

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::backup::{Backup, StepResult};
use rusqlite::{Connection, ErrorCode};

use super::super::connection::open_for_reading;
use crate::timestamp::Timestamp;
pub use target::{Obstacle, Target};
pub use verdict::{Verified, verify};
pub(super) use verdict::{log_beside, verify_as};

/// Pages that are copied in one go.
const PAGES_AT_ONCE: i32 = 1024;
/// How long the copying waits when the source is locked for a moment.
const AGAIN: Duration = Duration::from_millis(20);

/// Why a copy could not be made, or is none.
#[derive(Debug, thiserror::Error)]
pub enum SnapshotError {
    /// The file system refused.
    File {
        /// Which file.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// SQLite refused.
    Database {
        /// Which file.
        path: PathBuf,
        /// What SQLite said.
        what: String,
    },
    /// The file is damaged.
    Damaged {
        /// Which file.
        path: PathBuf,
        /// What SQLite found first.
        what: String,
    },
    /// The file is a copy of the live database's file, whose last changes are in another one.
    OfLiveFile {
        /// Which file.
        path: PathBuf,
        /// A write-ahead log lies beside it.
        with_log: bool,
        /// Until when it has everything, as far as it can be read.
        written: Option<Timestamp>,
    },
    /// The file is another program's database, or no database.
    NotOurs {
        /// Which file.
        path: PathBuf,
    },
    /// The file was written by a program of before the first release.
    OfBefore {
        /// Which file.
        path: PathBuf,
    },
    /// A copy must not be written there.
    InTheWay {
        /// Where the copy should go.
        path: PathBuf,
        /// What keeps it from there.
        obstacle: Obstacle,
    },
    /// The file was written by a newer version of the relay.
    Newer {
        /// Which file.
        path: PathBuf,
        /// The schema version in the file.
        found: i32,
        /// The newest schema version of this program.
        known: i32,
    },
}

/// Writes a copy of the database at `source` to `target`: beside it first, looked through, on the
/// disk, and then in its place in one step. Nobody is held up meanwhile.
///
/// # Errors
/// `SnapshotError`; `target` is as it was.
pub fn copy(source: &Path, target: &Path) -> Result<(), SnapshotError> {
    let at_source = |error| of_database(source, &error);
    let mut connection = open_for_reading(source).map_err(at_source)?;
    let moment = connection.transaction().map_err(at_source)?;
    copy_from(&moment, target)
}

/// The same, of the database that is open, in a transaction of the caller.
pub(super) fn copy_from(source: &Connection, target: &Path) -> Result<(), SnapshotError> {
    let beside = beside(target);
    let copied = write(source, &beside)
        .and_then(|()| sync(&beside))
        .and_then(|()| rename(&beside, target));
    if copied.is_err() {
        // What is left of it helps nobody; the error says more than that it cannot be removed.
        let _ = fs::remove_file(&beside);
    }
    copied
}

/// Where a file is written before it takes its place.
fn beside(target: &Path) -> PathBuf {
    let mut name = target.as_os_str().to_owned();
    name.push(".new");
    PathBuf::from(name)
}

/// Makes an empty file in the place of whatever has this name, without following a link.
fn make(path: &Path) -> Result<File, SnapshotError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(of_file(path, error)),
        _ => {}
    }
    // Payloads are in it: nobody but the relay's user and group may read it.
    let made = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o640)
        .open(path);
    made.map_err(|error| of_file(path, error))
}

fn write(source: &Connection, target: &Path) -> Result<(), SnapshotError> {
    let at_source = |error| of_database(Path::new(source.path().unwrap_or_default()), &error);
    let at_target = |error| of_database(target, &error);
    make(target)?;
    // The transaction has its moment with the first read, whatever is written meanwhile.
    source
        .execute_batch("SELECT 1 FROM sqlite_schema LIMIT 1")
        .map_err(at_source)?;
    let mut copy = Connection::open(target).map_err(at_target)?;
    // It is written to the disk once, as a whole, and has its place only then.
    copy.execute_batch("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;")
        .map_err(at_target)?;
    let backup = Backup::new(source, &mut copy).map_err(at_target)?;
    loop {
        match backup.step(PAGES_AT_ONCE).map_err(at_target)? {
            StepResult::Done => break,
            StepResult::More => {}
            _ => std::thread::sleep(AGAIN),
        }
    }
    drop(backup);
    copy.pragma_update(None, "journal_mode", "DELETE")
        .map_err(at_target)?;
    intact(&copy, target)?;
    copy.close()
        .map_err(|(_, error)| of_database(target, &error))
}

/// Lets SQLite look through the whole file.
fn intact(connection: &Connection, path: &Path) -> Result<(), SnapshotError> {
    let what: String = connection
        .query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))
        .map_err(|error| of_database(path, &error))?;
    if what == "ok" {
        Ok(())
    } else {
        Err(SnapshotError::Damaged {
            path: path.to_owned(),
            // SQLite says it in two lines.
            what: what.replace('\n', " "),
        })
    }
}

/// Copies a file as it is, so that it is on the disk when this returns.
///
/// # Errors
/// `SnapshotError`; `target` is not there then.
pub fn copy_file(source: &Path, target: &Path) -> Result<(), SnapshotError> {
    let beside = beside(target);
    let copied = File::open(source)
        .map_err(|error| of_file(source, error))
        .and_then(|from| Ok((from, make(&beside)?)))
        .and_then(|(mut from, mut to)| {
            io::copy(&mut from, &mut to).map_err(|error| of_file(&beside, error))
        })
        .and_then(|_| sync(&beside))
        .and_then(|()| rename(&beside, target));
    if copied.is_err() {
        // As above.
        let _ = fs::remove_file(&beside);
    }
    copied
}

fn sync(path: &Path) -> Result<(), SnapshotError> {
    let synced = File::open(path).and_then(|file| file.sync_all());
    synced.map_err(|error| of_file(path, error))
}

fn rename(from: &Path, to: &Path) -> Result<(), SnapshotError> {
    fs::rename(from, to).map_err(|error| of_file(to, error))?;
    let parent = to.parent().filter(|parent| !parent.as_os_str().is_empty());
    sync(parent.unwrap_or(Path::new(".")))
}

fn of_file(path: &Path, source: io::Error) -> SnapshotError {
    SnapshotError::File {
        path: path.to_owned(),
        source,
    }
}

fn of_database(path: &Path, source: &rusqlite::Error) -> SnapshotError {
    let (path, what) = (path.to_owned(), source.to_string());
    match source.sqlite_error_code() {
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
            SnapshotError::Damaged { path, what }
        }
        Some(ErrorCode::DiskFull) => SnapshotError::File {
            path,
            source: io::ErrorKind::StorageFull.into(),
        },
        _ => SnapshotError::Database { path, what },
    }
}

fn not_ours(path: &Path) -> SnapshotError {
    SnapshotError::NotOurs {
        path: path.to_owned(),
    }
}
