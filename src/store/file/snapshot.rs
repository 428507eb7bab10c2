//! Copies of the database that are files like any other: complete, closed, consistent, with
//! nothing beside them (contract, section 9). Making one, and judging one.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::backup::{Backup, StepResult};
use rusqlite::{Connection, ErrorCode, OpenFlags};
use url::Url;

use super::super::connection::open_for_reading;
use super::open::Origin;
use crate::timestamp::Timestamp;

/// Pages that are copied in one go.
const PAGES_AT_ONCE: i32 = 1024;
/// How long the copying waits when the source is locked for a moment.
const AGAIN: Duration = Duration::from_millis(20);
/// With what every SQLite file begins.
const MAGIC: &[u8] = b"SQLite format 3\0";
/// Where the header says how the file is written.
const WRITE_VERSION: usize = 18;
/// What stands there in a file with a write-ahead log.
const WRITE_AHEAD: u8 = 2;

/// Why a copy could not be made, or is none.
#[derive(Debug, thiserror::Error)]
pub enum SnapshotError {
    /// The file system refused.
    #[error("{}: {source}{}", path.display(), advice(source))]
    File {
        /// Which file.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// SQLite refused.
    #[error("{}: {what}", path.display())]
    Database {
        /// Which file.
        path: PathBuf,
        /// What SQLite said.
        what: String,
    },
    /// The file is damaged.
    #[error("{}: damaged: {what}", path.display())]
    Damaged {
        /// Which file.
        path: PathBuf,
        /// What SQLite found first.
        what: String,
    },
    /// The file is a copy of the live database, whose last changes are in another file.
    #[error(
        "{}: this is a copy of live/relay.db; it may lack what stood in relay.db-wal. The file to copy is relay-backup.db", path.display()
    )]
    OfLiveFile {
        /// Which file.
        path: PathBuf,
    },
    /// The file is another program's database, or no database.
    #[error("{}: not a database of voicedrive-relay", path.display())]
    NotOurs {
        /// Which file.
        path: PathBuf,
    },
    /// The file was written by a program of before the first release.
    #[error("{}: written by a voicedrive-relay of before the first release, which this program cannot read", path.display())]
    OfBefore {
        /// Which file.
        path: PathBuf,
    },
    /// Something stands there that is not a copy.
    #[error("{}: {why}; nothing was written. Name a new file, or an older copy", path.display())]
    InTheWay {
        /// Where the copy should go.
        path: PathBuf,
        /// What stands there.
        why: &'static str,
    },
    /// The file was written by a newer version of the relay.
    #[error(
        "{}: written by a newer voicedrive-relay (schema version {found}, this program knows versions up to {known})", path.display()
    )]
    Newer {
        /// Which file.
        path: PathBuf,
        /// The schema version in the file.
        found: i32,
        /// The newest schema version of this program.
        known: i32,
    },
}

/// What is known of a good copy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verified {
    /// Events in it.
    pub events: u64,
    /// Deliveries that are still to be made.
    pub waiting: u64,
    /// When the newest of its events was accepted.
    pub newest_event: Option<Timestamp>,
    /// Its length.
    pub bytes: u64,
}

/// Whether a person may have a copy written to `target`: it replaces nothing but an older copy, and never
/// the database of `directory` itself.
///
/// # Errors
/// `InTheWay`, or `File` when `target` and its folder cannot be looked at.
pub fn may_write(directory: &Path, target: &Path) -> Result<(), SnapshotError> {
    let at_target = |error| of_file(target, error);
    let in_the_way = |why| SnapshotError::InTheWay {
        path: target.to_owned(),
        why,
    };
    let parent = target.parent().filter(|path| !path.as_os_str().is_empty());
    let parent = parent.unwrap_or(Path::new("."));
    let parent = parent.canonicalize().map_err(at_target)?;
    // A directory that is not there holds nothing that could be replaced.
    let live = directory.join("live").canonicalize();
    if live.is_ok_and(|live| parent.starts_with(live)) {
        return Err(in_the_way("the database itself lives there"));
    }
    match fs::symlink_metadata(target) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Ok(found) if !found.is_file() => return Err(in_the_way("this is not an ordinary file")),
        Err(error) => return Err(at_target(error)),
        Ok(_) => {}
    }
    let mut start = Vec::with_capacity(MAGIC.len());
    let file = File::open(target).map_err(at_target)?;
    file.take(MAGIC.len() as u64)
        .read_to_end(&mut start)
        .map_err(at_target)?;
    if start == MAGIC {
        Ok(())
    } else {
        Err(in_the_way("this file is no copy of a database"))
    }
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

fn write(source: &Connection, target: &Path) -> Result<(), SnapshotError> {
    let at_source = |error| of_database(Path::new(source.path().unwrap_or_default()), &error);
    let at_target = |error| of_database(target, &error);
    match fs::remove_file(target) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            return Err(of_file(target, error));
        }
        _ => {}
    }
    // Payloads are in it: nobody but the relay's user and group may read it.
    OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o640)
        .open(target)
        .map_err(|error| of_file(target, error))?;
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

/// Judges a copy without changing it or anything beside it.
///
/// # Errors
/// `SnapshotError`: what is wrong with it.
pub fn verify(path: &Path) -> Result<Verified, SnapshotError> {
    let at_path = |error| of_database(path, &error);
    let bytes = look_at_header(path)?;
    let absolute = path.canonicalize().map_err(|error| of_file(path, error))?;
    let mut url = Url::from_file_path(absolute).map_err(|()| not_ours(path))?;
    // Immutable: SQLite then neither locks it nor looks for other files beside it.
    url.set_query(Some("immutable=1"));
    let connection = Connection::open_with_flags(
        url.as_str(),
        OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI,
    )
    .map_err(at_path)?;
    intact(&connection, path)?;
    match Origin::of(&connection).map_err(at_path)? {
        Origin::Ours => {}
        Origin::OfBefore => {
            return Err(SnapshotError::OfBefore {
                path: path.to_owned(),
            });
        }
        Origin::Newer { found, known } => {
            return Err(SnapshotError::Newer {
                path: path.to_owned(),
                found,
                known,
            });
        }
        Origin::Empty | Origin::Foreign => return Err(not_ours(path)),
    }
    connection
        .query_row(
            "SELECT (SELECT count(*) FROM events), (SELECT count(*) FROM outbox),
                    (SELECT accepted_at FROM events ORDER BY seq DESC LIMIT 1)",
            [],
            |row| {
                Ok(Verified {
                    events: row.get(0)?,
                    waiting: row.get(1)?,
                    newest_event: row.get(2)?,
                    bytes,
                })
            },
        )
        .map_err(at_path)
}

/// Says what the first bytes give away; answers the file's length.
fn look_at_header(path: &Path) -> Result<u64, SnapshotError> {
    let at_file = |error| of_file(path, error);
    let file = File::open(path).map_err(at_file)?;
    let bytes = file.metadata().map_err(at_file)?.len();
    let mut header = Vec::with_capacity(WRITE_VERSION + 1);
    file.take(WRITE_VERSION as u64 + 1)
        .read_to_end(&mut header)
        .map_err(at_file)?;
    match header.get(WRITE_VERSION) {
        Some(_) if !header.starts_with(MAGIC) => Err(not_ours(path)),
        None => Err(not_ours(path)),
        Some(&WRITE_AHEAD) => Err(SnapshotError::OfLiveFile {
            path: path.to_owned(),
        }),
        Some(_) => Ok(bytes),
    }
}

/// Copies a file as it is, so that it is on the disk when this returns.
///
/// # Errors
/// `SnapshotError`; `target` is not there then.
pub fn copy_file(source: &Path, target: &Path) -> Result<(), SnapshotError> {
    let beside = beside(target);
    let copied = fs::copy(source, &beside)
        .map_err(|error| of_file(&beside, error))
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

/// What to do about what the operating system said.
fn advice(source: &io::Error) -> &'static str {
    match source.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            "; make room on that disk, or name a file on another one. What was there before is as it was"
        }
        _ => "",
    }
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
