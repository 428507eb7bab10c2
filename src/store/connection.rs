//! Connections to the file, and how its values are read and written.

use std::fs::OpenOptions;
use std::io;
use std::ops::RangeInclusive;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ToSql, ToSqlOutput, Type, ValueRef};
use rusqlite::{Connection, ErrorCode, OpenFlags};

use crate::priority::Throttle;
use crate::timestamp::Timestamp;

/// How long a connection waits for a lock that another one holds. Only a backup or an admin's
/// `sqlite3` can hold one: the daemon itself has a single writer.
pub(super) const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// The same at the start, until the write-ahead log is opened: up to that moment a connection waits for readers too, and
/// not only for writers.
const BUSY_TIMEOUT_AT_START: Duration = Duration::from_mins(1);
/// A wait at the start that is longer than this is logged.
const BUSY_TIMEOUT_UNTOLD: Duration = Duration::from_secs(1);
/// The number of prepared statements that each connection caches.
const STATEMENTS_KEPT: usize = 64;
/// SQLite's steps after which a throttled query looks at the clock: some microseconds, or half a millisecond when each
/// step of an integrity check looks through a page.
const STEPS_AT_ONCE: i32 = 100;
/// The page cache of the writing connection, in KiB. A transaction that changes more pages than fit
/// writes some of them twice. A larger one is no faster: after a commit that has put pages into another order, SQLite
/// looks through the whole of it.
const WRITER_CACHE_KIB: i64 = 4 * 1024;
/// A checkpoint moves the write-ahead log into the database when the log has this many pages (32 MiB). A page that every
/// commit changes is then moved once for all of these commits. A checkpoint takes some milliseconds, and under
/// load a caller waits for each commit: with half as many pages, more than one acceptance in a hundred
/// waited for a checkpoint.
pub(super) const PAGES_IN_JOURNAL: i64 = 8192;
/// The numbers from which the live file takes its schema version, a counter in the header that SQLite keeps. A copy
/// that SQLite's backup makes gets a number of its own, which begins at 1; one of `VACUUM INTO` gets the number after
/// the live file's, and has no write-ahead log. So a file that has one of these and says that it has a log is the live
/// one, or came of it by copying the file alone.
const LIVE: RangeInclusive<u32> = 0x5644_0000..=0x5644_ffff;
/// The size to which a checkpoint cuts the write-ahead log's file, in bytes: room for the pages above, with their
/// headers, and for the transaction that reached the limit. A smaller file would be cut and grown again every time.
const JOURNAL_SIZE_LIMIT: i64 = 36 * 1024 * 1024;

/// How SQLite is built, for speed, for size, and to erase without holding up others: its options, and whether it has them. They are set in
/// `.cargo/config.toml`, which applies only in the source tree. `HAVE_FDATASYNC` is set there too, but SQLite does not
/// tell of it.
const BUILD_OPTIONS: [(&str, bool); 13] = [
    ("DEFAULT_MEMSTATUS=0", true),
    ("DEFAULT_PCACHE_INITSZ=0", true),
    ("OMIT_LOAD_EXTENSION", true),
    ("ENABLE_DBPAGE_VTAB", true),
    ("ENABLE_MEMORY_MANAGEMENT", false),
    ("ENABLE_API_ARMOR", false),
    ("ENABLE_FTS3", false),
    ("ENABLE_FTS3_PARENTHESIS", false),
    ("ENABLE_FTS5", false),
    ("ENABLE_RTREE", false),
    ("ENABLE_DBSTAT_VTAB", false),
    ("ENABLE_STAT4", false),
    ("SOUNDEX", false),
];

/// Makes the file at `path` when it is not there.
pub(super) fn make_file(path: &Path) -> io::Result<()> {
    if path.exists() {
        return Ok(());
    }
    // Payloads are in it: nobody but the relay's user and group may read it.
    let mut options = OpenOptions::new();
    let options = options.write(true).create_new(true).mode(0o640);
    options.open(path).map(drop)
}

/// Opens the database at `path` for the one thread that writes. Its file is there, and may be empty.
pub(super) fn open_for_writing(path: &Path) -> rusqlite::Result<Connection> {
    let open = |longest_wait: Duration| -> rusqlite::Result<Connection> {
        let connection = Connection::open_with_flags(
            path,
            OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX,
        )?;
        set_up(&connection)?;
        connection.busy_timeout(longest_wait)?;
        // Works only before the first table is made, so it comes first.
        connection.pragma_update(None, "auto_vacuum", "INCREMENTAL")?;
        identify(&connection)?;
        mark_as_live(&connection)?;
        switch_journal(&connection, "WAL")?;
        connection.busy_timeout(BUSY_TIMEOUT)?;
        connection.pragma_update(None, "synchronous", "FULL")?;
        connection.pragma_update(None, "foreign_keys", "ON")?;
        // What was deleted is overwritten: a person's data can be erased.
        connection.pragma_update(None, "secure_delete", "ON")?;
        connection.pragma_update(None, "journal_size_limit", JOURNAL_SIZE_LIMIT)?;
        connection.pragma_update(None, "wal_autocheckpoint", PAGES_IN_JOURNAL)?;
        connection.pragma_update(None, "cache_size", -WRITER_CACHE_KIB)?;
        // Pages that a statement may have to restore; in a file they would be payloads outside of the database.
        connection.pragma_update(None, "temp_store", "MEMORY")?;
        Ok(connection)
    };
    open(BUSY_TIMEOUT_UNTOLD).or_else(|error| {
        if error.sqlite_error_code() != Some(ErrorCode::DatabaseBusy) {
            return Err(error);
        }
        let (database, seconds) = (path.display(), BUSY_TIMEOUT_AT_START.as_secs());
        tracing::warn!(%database, "another program uses the database; waiting for it up to {seconds} seconds. Close it, such as a sqlite3 that was left open; `fuser -v {database}` names it");
        open(BUSY_TIMEOUT_AT_START)
    })
}

/// Lets the queries of a connection run in short bursts ([`Throttle`]), for work that must not slow down accepting.
pub(super) fn throttle(connection: &Connection) -> rusqlite::Result<()> {
    let mut throttle = Throttle::start();
    let look = move || {
        throttle.rest_when_due();
        // True would break off the query.
        false
    };
    connection.progress_handler(STEPS_AT_ONCE, Some(look))
}

/// Gives a database that has none the number by which its copies are known. It stands in the file's header, where it can
/// be read whatever is wrong with the rest.
fn identify(connection: &Connection) -> rusqlite::Result<()> {
    if identity(connection)?.is_some() {
        return Ok(());
    }
    let random: u32 = connection.query_row("SELECT 1 + abs(random() % 2147483647)", [], |row| {
        row.get(0)
    })?;
    connection.pragma_update(None, "user_version", random)
}

/// The number that a database has in common with its copies, and with no other one; none: it was not given one yet.
pub(super) fn identity(connection: &Connection) -> rusqlite::Result<Option<u32>> {
    let found = connection.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    Ok(Some(found).filter(|number| *number != 0))
}

/// Whether a file with this schema version is the live one, or was copied from it as a file.
pub(super) fn is_live(schema_version: u32) -> bool {
    LIVE.contains(&schema_version)
}

/// The mark is written into the file itself and not into its write-ahead log: a copy of the file alone has to
/// show it.
fn mark_as_live(connection: &Connection) -> rusqlite::Result<()> {
    let found = connection.query_row("PRAGMA schema_version", [], |row| row.get(0))?;
    if is_live(found) {
        return Ok(());
    }
    settle(connection)?;
    connection.pragma_update(None, "schema_version", LIVE.start())
}

/// Moves everything into the file itself, which then needs no other one beside it and says so in its header.
pub(super) fn settle(connection: &Connection) -> rusqlite::Result<()> {
    switch_journal(connection, "DELETE")
}

/// Switches to another kind of journal. SQLite answers with the new kind before it has written that, and says only after
/// the answer that it could not.
fn switch_journal(connection: &Connection, mode: &str) -> rusqlite::Result<()> {
    let mut switching = connection.prepare(&format!("PRAGMA journal_mode = {mode}"))?;
    let mut answer = switching.query([])?;
    while answer.next()?.is_some() {}
    Ok(())
}

/// Closes the writing connection so that a copy of the database file alone is complete. That
/// needs a moment without any reader; when there is none, the next start finds the file as a crash leaves it,
/// and nothing is lost. Without `may_settle`, no file is moved into another or deleted.
pub(super) fn close(connection: Connection, may_settle: bool) -> rusqlite::Result<()> {
    // A long read, such as that of an admin with `sqlite3`, must not delay a stop.
    connection.busy_timeout(Duration::ZERO)?;
    if may_settle {
        // A file that keeps its write-ahead log is no less closed.
        let _ = settle(&connection);
    } else {
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
    }
    connection.close().map_err(|(_, error)| error)
}

/// Opens the database at `path` for long reads. Nothing in it can be changed, but the write-ahead log can be moved into it.
pub(super) fn open_for_maintenance(path: &Path) -> rusqlite::Result<Connection> {
    let connection = Connection::open_with_flags(
        path,
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX,
    )?;
    set_up(&connection)?;
    connection.pragma_update(None, "query_only", "ON")?;
    // Only the writing connection tidies up at the end, because it knows whether it may.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
    throttle(&connection)?;
    Ok(connection)
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

/// The build options that SQLite lacks, or has and should not have. It works all the same, but slower or larger.
pub(super) fn wrong_build_options(connection: &Connection) -> rusqlite::Result<Vec<&'static str>> {
    let mut asked = connection.prepare("SELECT sqlite_compileoption_used(?1)")?;
    let mut wrong = Vec::new();
    for (option, wanted) in BUILD_OPTIONS {
        let used: bool = asked.query_row([option], |row| row.get(0))?;
        if used != wanted {
            wrong.push(option);
        }
    }
    Ok(wrong)
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

/// One more than asked for says whether there is another page.
pub(super) fn one_more(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX).saturating_add(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_journal_that_could_not_be_switched_is_an_error() {
        let directory = tempfile::tempdir().unwrap();
        let connection = Connection::open(directory.path().join("relay.db")).unwrap();
        connection.execute_batch("CREATE TABLE t (a)").unwrap();
        // As when the disk fails at the commit, which comes after the answer.
        connection.commit_hook(Some(|| true)).unwrap();
        assert!(switch_journal(&connection, "WAL").is_err());
        connection.commit_hook(None::<fn() -> bool>).unwrap();
        assert!(switch_journal(&connection, "WAL").is_ok());
    }
}
