//! Connections to the file, and how its values are read and written.

use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ToSql, ToSqlOutput, Type, ValueRef};
use rusqlite::{Connection, OpenFlags};

use super::file::OpenError;
use crate::timestamp::Timestamp;

/// How long a connection waits for a lock that another one holds. Only a backup or an admin's
/// `sqlite3` can hold one: the daemon itself has a single writer.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// Prepared statements that each connection keeps.
const STATEMENTS_KEPT: usize = 64;
/// Pages that the writing connection keeps in memory, in KiB. A transaction that changes more of
/// them writes some twice.
const WRITER_CACHE_KIB: i64 = 16 * 1024;
/// Pages in the write-ahead log from which on they are moved to the database: 32 MiB. The pages that every
/// commit changes are moved once for all of these commits. Moving them takes some milliseconds, and under
/// load somebody waits for each commit: with half as many pages it was more than one acceptance in a hundred
/// that waited for a move.
pub(super) const PAGES_IN_JOURNAL: i64 = 8192;
/// What is left of the write-ahead log's file after a checkpoint, in bytes.
const JOURNAL_SIZE_LIMIT: i64 = 32 * 1024 * 1024;

/// Opens the database at `path` for the one thread that writes, making it when it is not there.
pub(super) fn open_for_writing(path: &Path) -> Result<Connection, OpenError> {
    if !path.exists() {
        // Payloads are in it: nobody but the relay's user and group may read it.
        let made = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o640)
            .open(path);
        made.map_err(|source| OpenError::at(path, source))?;
    }
    let open = || -> rusqlite::Result<Connection> {
        let connection = Connection::open_with_flags(
            path,
            OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX,
        )?;
        set_up(&connection)?;
        // Works only before the first table is made, so it comes first.
        connection.pragma_update(None, "auto_vacuum", "INCREMENTAL")?;
        connection.pragma_update(None, "journal_mode", "WAL")?;
        connection.pragma_update(None, "synchronous", "FULL")?;
        connection.pragma_update(None, "foreign_keys", "ON")?;
        // What was deleted is overwritten: a person's data can be erased.
        connection.pragma_update(None, "secure_delete", "ON")?;
        connection.pragma_update(None, "journal_size_limit", JOURNAL_SIZE_LIMIT)?;
        connection.pragma_update(None, "wal_autocheckpoint", PAGES_IN_JOURNAL)?;
        connection.pragma_update(None, "cache_size", -WRITER_CACHE_KIB)?;
        Ok(connection)
    };
    open().map_err(|error| OpenError::database(path, &error))
}

/// Opens the database at `path` so that it cannot be changed.
pub(super) fn open_for_reading(path: &Path) -> rusqlite::Result<Connection> {
    let connection = Connection::open_with_flags(
        path,
        OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX,
    )?;
    set_up(&connection)?;
    Ok(connection)
}

/// What every connection needs.
fn set_up(connection: &Connection) -> rusqlite::Result<()> {
    #[cfg(test)]
    super::plans::note(connection);
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS_KEPT);
    // A statement is planned once, whatever is bound to it. SQLite would plan each that has `LIMIT ?` anew every
    // time that it is used.
    connection
        .set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)
        .map(|_| ())
}

/// A value that is kept as one word of a closed list. A check of its table allows no other word.
pub(super) fn word<T>(
    column: usize,
    word: String,
    from_word: impl FnOnce(&str) -> Option<T>,
) -> rusqlite::Result<T> {
    from_word(&word).ok_or_else(|| rusqlite::Error::InvalidColumnType(column, word, Type::Text))
}

impl ToSql for Timestamp {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::from(self.to_string()))
    }
}

impl FromSql for Timestamp {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        Self::parse(value.as_str()?).map_err(FromSqlError::other)
    }
}
