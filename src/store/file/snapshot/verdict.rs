//! Judging a copy: whether it is whole, whose it is, and what is in it.

use std::fs::{self, File};
use std::io::Read;
use std::path::Path;

use rusqlite::{Connection, OpenFlags};
use url::Url;

use super::super::super::connection::is_live;
use super::super::in_one_line;
use super::super::path::filled_journal_of;
use super::super::version::{FileOrigin, schema_damage};
use super::{SnapshotError, not_ours, of_database, of_file};
use crate::plain_file::ordinary;
use crate::timestamp::Timestamp;

/// With what every SQLite file begins.
const MAGIC: &[u8] = b"SQLite format 3\0";
/// Where the header says how the file is written.
const WRITE_VERSION: usize = 18;
/// What stands there in a file with a write-ahead log.
const WRITE_AHEAD: u8 = 2;
/// Where the header has the schema version, in four bytes.
const SCHEMA_VERSION: usize = 40;
/// How much of the header is looked at.
const HEADER: usize = SCHEMA_VERSION + 4;

/// What is known of a good copy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verified {
    /// Events in it.
    pub events: u64,
    /// Deliveries that are still to be made.
    pub waiting: u64,
    /// When the newest of its events was accepted.
    pub newest_event: Option<Timestamp>,
    /// When the database was last written to before it was copied, to a few seconds.
    pub written: Option<Timestamp>,
    /// Its length.
    pub bytes: u64,
}

/// Judges a copy without changing it or anything beside it.
///
/// A copy that SQLite made page by page (`.backup`, `VACUUM INTO`, or this program) is whole, and so is the file of
/// a daemon that was stopped. The file of a running one is not: what was committed last is in its write-ahead log.
///
/// # Errors
/// `SnapshotError`: what is wrong with it.
pub fn verify(path: &Path) -> Result<Verified, SnapshotError> {
    verify_as(path, path)
}

/// As [`verify`]; an error calls the file `called`.
pub(in super::super) fn verify_as(path: &Path, called: &Path) -> Result<Verified, SnapshotError> {
    let at_path = |error| of_database(called, &error);
    let absolute = path
        .canonicalize()
        .map_err(|error| of_file(called, error))?;
    let header = Header::read(&absolute, called)?;
    let connection = open_alone(&absolute, called)?;
    let origin = FileOrigin::of(&connection).map_err(at_path)?;
    let with_log = filled_journal_of(&absolute).is_some();
    // All that such a file has may still be in its log.
    let is_raw = header.write_ahead && (with_log || is_live(header.schema_version));
    match origin {
        FileOrigin::Ours => {}
        FileOrigin::Empty if is_raw => {}
        FileOrigin::PreRelease => {
            return Err(SnapshotError::PreRelease {
                path: called.to_owned(),
            });
        }
        FileOrigin::Newer { found, known } => {
            return Err(SnapshotError::Newer {
                path: called.to_owned(),
                found,
                known,
            });
        }
        FileOrigin::Empty | FileOrigin::Foreign => return Err(not_ours(called)),
    }
    if is_raw {
        return Err(SnapshotError::OfLiveFile {
            path: called.to_owned(),
            with_log,
            // Without its log it need not be readable at all.
            written: written(&connection).unwrap_or_default(),
        });
    }
    sound(&connection, called)?;
    is_whole(&connection, header.bytes, called)?;
    let (events, waiting, newest_event) = connection
        .query_row(
            "SELECT (SELECT count(*) FROM events), (SELECT count(*) FROM outbox),
                    (SELECT accepted_at FROM events ORDER BY seq DESC LIMIT 1)",
            [],
            |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
        )
        .map_err(at_path)?;
    Ok(Verified {
        events,
        waiting,
        newest_event,
        written: written(&connection).map_err(at_path)?,
        bytes: header.bytes,
    })
}

/// Refuses a file that ends within its last page: SQLite takes what is missing of that for zeros.
fn is_whole(connection: &Connection, bytes: u64, called: &Path) -> Result<(), SnapshotError> {
    let pages: u64 = connection
        .query_row(
            "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size",
            [],
            |row| row.get(0),
        )
        .map_err(|error| of_database(called, &error))?;
    if bytes == pages {
        return Ok(());
    }
    Err(SnapshotError::Damaged {
        path: called.to_owned(),
        what: format!("it has {bytes} bytes where its pages have {pages}"),
    })
}

/// Refuses a file in which SQLite's check of the whole finds damage, or in which a table or an index is not as it was
/// made.
pub(super) fn sound(connection: &Connection, called: &Path) -> Result<(), SnapshotError> {
    let at_path = |error| of_database(called, &error);
    let found: String = connection
        .query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))
        .map_err(at_path)?;
    let what = if found != "ok" {
        in_one_line(&found)
    } else if FileOrigin::of(connection).map_err(at_path)? != FileOrigin::Ours {
        // It is told elsewhere that it is not the relay's.
        return Ok(());
    } else {
        match schema_damage(connection, called) {
            Ok(None) => return Ok(()),
            Ok(Some(what)) => what,
            Err(error) => error.to_string(),
        }
    };
    Err(SnapshotError::Damaged {
        path: called.to_owned(),
        what,
    })
}

/// Whether this program may have written the file at `path`, or it is an empty one.
pub(super) fn is_of_relay(path: &Path) -> Result<bool, SnapshotError> {
    let absolute = path.canonicalize().map_err(|error| of_file(path, error))?;
    let bytes = fs::metadata(&absolute).map_err(|error| of_file(path, error))?;
    if bytes.len() == 0 {
        return Ok(true);
    }
    let origin = open_alone(&absolute, path)?;
    // What cannot be read is somebody else's.
    Ok(matches!(
        FileOrigin::of(&origin),
        Ok(FileOrigin::Ours | FileOrigin::Newer { .. })
    ))
}

/// Opens a file of which SQLite is told that nobody writes it: it is not locked, and no other file beside it is
/// looked at.
pub(in super::super) fn open_alone(
    absolute: &Path,
    called: &Path,
) -> Result<Connection, SnapshotError> {
    let mut url = Url::from_file_path(absolute).map_err(|()| not_ours(called))?;
    url.set_query(Some("immutable=1"));
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI;
    Connection::open_with_flags(url.as_str(), flags).map_err(|error| of_database(called, &error))
}

/// When the database was last written to, as it says itself.
fn written(connection: &Connection) -> rusqlite::Result<Option<Timestamp>> {
    connection.query_row("SELECT max(wall_at) FROM relay_time", [], |row| row.get(0))
}

/// What the first bytes give away.
struct Header {
    bytes: u64,
    write_ahead: bool,
    schema_version: u32,
}

impl Header {
    fn read(path: &Path, called: &Path) -> Result<Self, SnapshotError> {
        let at_file = |error| of_file(called, error);
        let bytes = ordinary(path).map_err(at_file)?.len();
        let file = File::open(path).map_err(at_file)?;
        let mut start = Vec::with_capacity(HEADER);
        file.take(HEADER as u64)
            .read_to_end(&mut start)
            .map_err(at_file)?;
        match start.last_chunk() {
            Some(schema_version) if start.len() == HEADER && start.starts_with(MAGIC) => Ok(Self {
                bytes,
                write_ahead: start[WRITE_VERSION] == WRITE_AHEAD,
                schema_version: u32::from_be_bytes(*schema_version),
            }),
            _ => Err(not_ours(called)),
        }
    }
}
