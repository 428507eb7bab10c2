//! What is kept: one SQLite file, and the only place with SQL.
//!
//! One thread owns the one writing connection. It takes every command that waits at that moment
//! into one transaction, commits once with an fsync, and only then answers each of them: a commit
//! is shared by everybody who waited for it. Reads have connections of their own, and each answer
//! is one short read transaction, so that it is one consistent picture and never holds up the
//! write-ahead log.
//!
//! Rooms: `events` (what was accepted), `outbox` (what is still to be sent), `settle` (one
//! attempt's result and all that follows from it), `resend`, `listing` (events for a reader),
//! `stats`, `interviews`, `interview_counts`, `interview_stats`, `sum` (adding up what was counted),
//! `recount` (what is kept counted, against the rows), `tokens`, `heartbeat`, `incidents`; `purge` (what is
//! old goes), `snapshot` and `restore` (copies that are one file), `reserve` (room that is held back); `writer`
//! and `readers` are the two doors to the connections.

pub mod events;
pub mod heartbeat;
pub mod incidents;
mod interview_counts;
pub mod interview_stats;
pub mod interviews;
pub mod listing;
pub mod outbox;
pub mod purge;
mod readers;
pub mod recount;
pub mod resend;
mod reserve;
pub mod restore;
pub mod settle;
pub mod snapshot;
pub mod stats;
mod sum;
pub mod tokens;
mod writer;

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ToSql, ToSqlOutput, ValueRef};
use rusqlite::{Connection, ErrorCode, OpenFlags};

use crate::timestamp::Timestamp;
use readers::Readers;
use reserve::Reserve;
use snapshot::SnapshotError;
use writer::{Weight, Writer};

mod migrations {
    refinery::embed_migrations!("migrations");
}

/// The file that says that the database was closed in order.
const CLOSED_IN_ORDER: &str = "closed-in-order";
/// The file that admins copy for backup.
const BACKUP: &str = "relay-backup.db";
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
const PAGES_IN_JOURNAL: i64 = 8192;
/// What is left of the write-ahead log's file after a checkpoint, in bytes.
const JOURNAL_SIZE_LIMIT: i64 = 32 * 1024 * 1024;

/// Why something could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The disk is full, read-only or broken: nothing was changed, and later it may work again.
    #[error("the database cannot be written: {0}")]
    Unavailable(String),
    /// The store is closing; nothing was changed.
    #[error("the database is closing")]
    Closing,
    /// SQLite refused for a reason that only a mistake in the program can have.
    #[error("the database refused: {0}")]
    Refused(rusqlite::Error),
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(
                ErrorCode::DiskFull
                | ErrorCode::SystemIoFailure
                | ErrorCode::ReadOnly
                | ErrorCode::CannotOpen
                | ErrorCode::DatabaseBusy
                | ErrorCode::DatabaseCorrupt
                | ErrorCode::NotADatabase
                | ErrorCode::OutOfMemory,
            ) => Self::Unavailable(error.to_string()),
            _ => Self::Refused(error),
        }
    }
}

/// Why the store could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The data directory cannot be made or used.
    #[error("{}: {source}; the data directory must exist and belong to the user that runs the relay", path.display())]
    Directory {
        /// What could not be used.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// Another relay works in this data directory.
    #[error("{}: another voicedrive-relay (process {holder}) works in this data directory; stop it first", path.display())]
    Locked {
        /// The lock.
        path: PathBuf,
        /// The process that holds it, as far as it is known.
        holder: String,
    },
    /// The database was written by a newer version of the relay.
    #[error(
        "{}: the database has schema version {found}, this program knows versions up to {known}; install the newer voicedrive-relay, or restore a copy that this one wrote", path.display()
    )]
    Newer {
        /// The database.
        path: PathBuf,
        /// The schema version in the file.
        found: i32,
        /// The newest schema version of this program.
        known: i32,
    },
    /// SQLite cannot open the file, or it is not such a database.
    #[error("{}: {source}", path.display())]
    Database {
        /// The database.
        path: PathBuf,
        /// What SQLite said.
        source: rusqlite::Error,
    },
    /// SQLite found damage. The file was not touched.
    #[error("{}: the database is damaged: {what}. It was left as it is. Restore the last good copy: voicedrive-relay restore {}", path.display(), copy.display())]
    Damaged {
        /// The database.
        path: PathBuf,
        /// What SQLite found first.
        what: String,
        /// The copy to restore.
        copy: PathBuf,
    },
    /// No copy of the database as it was could be made, so it was not changed.
    #[error(
        "the database was not brought to this version, because no copy of it could be made first: {0}"
    )]
    NoCopy(#[from] snapshot::SnapshotError),
    /// A migration failed; the database is as it was before it.
    #[error("{}: the database could not be brought to this version: {source}", path.display())]
    Migration {
        /// The database.
        path: PathBuf,
        /// What refinery said.
        source: Box<refinery::Error>,
    },
}

/// The open database. Cheap to clone; the file is closed when the last clone is gone.
#[derive(Clone)]
pub struct Store {
    writer: Writer,
    readers: Readers,
    reserve: Reserve,
    directory: PathBuf,
    path: PathBuf,
}

impl Store {
    /// Opens the database in `directory`, making both when they are not there, and brings it to
    /// this program's version. Whatever an earlier run left under way is pending again.
    ///
    /// # Errors
    /// `OpenError`, and the database is as it was.
    pub fn open(directory: &Path, now: Timestamp) -> Result<Self, OpenError> {
        let live = directory.join("live");
        make_directory(directory)?;
        let lock = take_lock(&directory.join("lock"))?;
        make_directory(&live)?;
        let path = live.join("relay.db");
        // A database that was closed in order is what it was; another one is looked through, before
        // anything can be written to it.
        let closed = live.join(CLOSED_IN_ORDER);
        if path.exists() && fs::remove_file(&closed).is_err() {
            look_through(&path, directory)?;
        }
        let mut connection = open_for_writing(&path)?;
        keep_before_migration(&connection, &path, directory)?;
        migrate(&mut connection, &path)?;
        let at_file = |source| OpenError::Database {
            path: path.clone(),
            source,
        };
        outbox::recover(&connection, now).map_err(at_file)?;
        let reserve = Reserve::hold(directory);
        Ok(Self {
            writer: Writer::start(connection, lock, closed, reserve.clone())
                .map_err(|source| OpenError::Directory { path: live, source })?,
            readers: Readers::open(&path).map_err(at_file)?,
            reserve,
            directory: directory.to_owned(),
            path,
        })
    }

    /// The database's file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Runs `command` on the writing connection and answers when its changes are committed with an
    /// fsync. When `command` fails, nothing of it remains; other commands in the same transaction
    /// are not touched by that. It may be run twice, the first time without any effect.
    ///
    /// # Errors
    /// What `command` answers, or a `StoreError` when the commit failed: then nothing was changed.
    pub async fn write<T, E, F>(&self, command: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
        F: Fn(&Connection) -> Result<T, E> + Send + 'static,
    {
        self.writer.write(command, Weight::Counts).await
    }

    /// Like [`Store::write`], for what somebody hands in: it is refused while the disk is full,
    /// and what little room there is belongs to what was accepted before.
    ///
    /// # Errors
    /// As [`Store::write`].
    pub async fn accept<T, E, F>(&self, command: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
        F: Fn(&Connection) -> Result<T, E> + Send + 'static,
    {
        if self.pinched() {
            return Err(StoreError::Unavailable("the disk is full".to_owned()).into());
        }
        self.writer.write(command, Weight::Counts).await
    }

    /// Finds out whether the database can be written. It is no change that a backup would be made
    /// for.
    ///
    /// # Errors
    /// That it cannot.
    pub async fn probe(&self, now: Timestamp) -> Result<(), StoreError> {
        let beat = move |connection: &Connection| heartbeat::beat(connection, now);
        self.writer.write(beat, Weight::Probe).await
    }

    /// Counts the transactions that changed something since the start.
    #[must_use]
    pub fn changes(&self) -> u64 {
        self.writer.changes()
    }

    /// The disk is full, and what was held back for that is in use.
    #[must_use]
    pub fn pinched(&self) -> bool {
        self.reserve.pinched()
    }

    /// Holds room on the disk back again when there is enough of it, and says whether it is held.
    #[must_use]
    pub fn take_reserve(&self) -> bool {
        self.reserve.take()
    }

    /// Bytes that are free on the disk, and all that it has.
    #[must_use]
    pub fn disk_bytes(&self) -> Option<(u64, u64)> {
        reserve::disk_bytes(&self.directory)
    }

    /// The file that admins copy.
    #[must_use]
    pub fn backup_path(&self) -> PathBuf {
        backup_file(&self.directory)
    }

    /// Writes a copy of the whole database to `target`, as [`snapshot::copy`] does. Nobody is held
    /// up meanwhile.
    ///
    /// # Errors
    /// `SnapshotError`; `target` is as it was.
    pub async fn copy_to(&self, target: &Path) -> Result<(), SnapshotError> {
        let (source, target) = (self.path.clone(), target.to_owned());
        let copying = tokio::task::spawn_blocking(move || snapshot::copy(&source, &target));
        copying.await.unwrap_or_else(|error| {
            Err(SnapshotError::File {
                path: self.backup_path(),
                source: io::Error::other(error),
            })
        })
    }

    /// Runs `query` in one read transaction: everything that it sees is of one moment.
    ///
    /// # Errors
    /// What `query` answers, or a `StoreError` when no connection could be used.
    pub async fn read<T, F>(&self, query: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    {
        self.readers.read(query).await
    }

    /// Answers when nothing can be written any more because the writing thread has ended. Without
    /// a call of [`Store::close`] before, that is a mistake in the program, and the daemon has to
    /// be started anew.
    pub async fn ended(&self) {
        self.writer.ended().await;
    }

    /// Waits for the commands that are already in line, then closes the file.
    pub async fn close(self) {
        // The last connection to close tidies up the write-ahead log, and only one that writes can.
        self.readers.close();
        self.writer.close().await;
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

/// What `check` learns of a database without becoming its daemon.
///
/// # Errors
/// `OpenError` as in [`Store::open`]; a database that is not there yet is no error.
pub fn inspect(directory: &Path) -> Result<Inspection, OpenError> {
    let path = live_file(directory);
    if !path.exists() {
        return Ok(Inspection::Absent);
    }
    let at_file = |source| OpenError::Database {
        path: path.clone(),
        source,
    };
    let connection = readers::open_for_reading(&path).map_err(at_file)?;
    refuse_newer(&connection, &path)?;
    let verdict: String = connection
        .query_row("PRAGMA quick_check(1)", [], |row| row.get(0))
        .map_err(at_file)?;
    Ok(if verdict == "ok" {
        Inspection::Sound
    } else {
        Inspection::Damaged(verdict)
    })
}

/// How many deliveries wait for each route, without becoming the database's daemon.
///
/// # Errors
/// When the database cannot be read; one that is not there yet is no error.
pub fn waiting(directory: &Path) -> Result<Vec<(String, u64)>, StoreError> {
    let path = live_file(directory);
    if !path.exists() {
        return Ok(Vec::new());
    }
    outbox::waiting(&readers::open_for_reading(&path)?)
}

/// How many of the kept counts differ from the rows that they count, without becoming the database's
/// daemon. A database that is not there, or not yet of this version, has none.
///
/// # Errors
/// When the database cannot be read.
pub fn count_differences(directory: &Path) -> Result<u64, StoreError> {
    let path = live_file(directory);
    if !path.exists() {
        return Ok(0);
    }
    let mut connection = readers::open_for_reading(&path)?;
    // What is kept and what is there must be of one moment.
    let moment = connection.transaction()?;
    if schema_version(&moment)? < newest_known_version() {
        return Ok(0);
    }
    recount::differences(&moment)
}

/// The state of a database on disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Inspection {
    /// There is none yet.
    Absent,
    /// SQLite finds nothing wrong with it.
    Sound,
    /// What SQLite found first.
    Damaged(String),
}

/// Lets SQLite look through the database without a chance to change it.
fn look_through(path: &Path, directory: &Path) -> Result<(), OpenError> {
    let looked = readers::open_for_reading(path).and_then(|connection| {
        connection.query_row("PRAGMA quick_check(1)", [], |row| row.get::<_, String>(0))
    });
    let damaged = |what| OpenError::Damaged {
        path: path.to_owned(),
        what,
        copy: backup_file(directory),
    };
    match looked {
        Ok(what) if what == "ok" => Ok(()),
        // SQLite says it in two lines.
        Ok(what) => Err(damaged(what.replace('\n', " "))),
        Err(error)
            if matches!(
                error.sqlite_error_code(),
                Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt)
            ) =>
        {
            Err(damaged(error.to_string()))
        }
        Err(source) => Err(OpenError::Database {
            path: path.to_owned(),
            source,
        }),
    }
}

/// Before rows can change their meaning, the database as it was is kept, as the way back to the
/// version that wrote it.
fn keep_before_migration(
    connection: &Connection,
    path: &Path,
    directory: &Path,
) -> Result<(), OpenError> {
    let found = schema_version(connection).map_err(|source| OpenError::Database {
        path: path.to_owned(),
        source,
    })?;
    if (1..newest_known_version()).contains(&found) {
        let copy = directory.join(format!("relay-before-migration-{found}.db"));
        snapshot::copy(path, &copy)?;
        tracing::info!(copy = %copy.display(), "the database as it was is kept; `voicedrive-relay restore` of it, with the version before this one, is the way back");
    }
    Ok(())
}

/// Puts the names in a directory on the disk.
fn sync_directory(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}

/// Makes a directory that only the relay's user and group may enter.
fn make_directory(path: &Path) -> Result<(), OpenError> {
    let at_path = |source| OpenError::Directory {
        path: path.to_owned(),
        source,
    };
    if !path.is_dir() {
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o750)
            .create(path)
            .map_err(at_path)?;
        // A file that is synced is not found after a power cut when its directory's name is lost.
        let parent = path
            .parent()
            .filter(|parent| !parent.as_os_str().is_empty());
        sync_directory(parent.unwrap_or(Path::new("."))).map_err(at_path)?;
    }
    Ok(())
}

/// One daemon for one data directory: the lock lives as long as the file stays open, so a crash
/// releases it too.
fn take_lock(path: &Path) -> Result<File, OpenError> {
    let at_path = |source| OpenError::Directory {
        path: path.to_owned(),
        source,
    };
    let file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .mode(0o640)
        .open(path)
        .map_err(at_path)?;
    match file.try_lock() {
        Ok(()) => {
            fs::write(path, std::process::id().to_string()).map_err(at_path)?;
            Ok(file)
        }
        Err(TryLockError::WouldBlock) => Err(OpenError::Locked {
            path: path.to_owned(),
            holder: fs::read_to_string(path).unwrap_or_else(|_| "unknown".to_owned()),
        }),
        Err(TryLockError::Error(source)) => Err(at_path(source)),
    }
}

fn open_for_writing(path: &Path) -> Result<Connection, OpenError> {
    if !path.exists() {
        // Payloads are in it: nobody but the relay's user and group may read it.
        let made = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o640)
            .open(path);
        made.map_err(|source| OpenError::Directory {
            path: path.to_owned(),
            source,
        })?;
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
        connection.pragma_update(None, "journal_size_limit", JOURNAL_SIZE_LIMIT)?;
        connection.pragma_update(None, "wal_autocheckpoint", PAGES_IN_JOURNAL)?;
        connection.pragma_update(None, "cache_size", -WRITER_CACHE_KIB)?;
        Ok(connection)
    };
    open().map_err(|source| OpenError::Database {
        path: path.to_owned(),
        source,
    })
}

/// What every connection needs.
fn set_up(connection: &Connection) -> rusqlite::Result<()> {
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS_KEPT);
    // A statement is planned once, whatever is bound to it. SQLite would plan each that has `LIMIT ?` anew every
    // time that it is used.
    connection
        .set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)
        .map(|_| ())
}

fn migrate(connection: &mut Connection, path: &Path) -> Result<(), OpenError> {
    refuse_newer(connection, path)?;
    let report = migrations::migrations::runner()
        // Ungrouped, a migration and the note that it was made are two transactions, and a kill
        // between them leaves a database that no start can bring any further.
        .set_grouped(true)
        .run(connection)
        .map_err(|source| OpenError::Migration {
            path: path.to_owned(),
            source: Box::new(source),
        })?;
    for migration in report.applied_migrations() {
        tracing::info!(migration = %migration, "the database was brought to a newer version");
    }
    Ok(())
}

/// A newer relay may have changed what rows mean: guessing would damage them.
fn refuse_newer(connection: &Connection, path: &Path) -> Result<(), OpenError> {
    let known = newest_known_version();
    let found = schema_version(connection).map_err(|source| OpenError::Database {
        path: path.to_owned(),
        source,
    })?;
    if found > known {
        return Err(OpenError::Newer {
            path: path.to_owned(),
            found,
            known,
        });
    }
    Ok(())
}

/// The newest migration of this program.
fn newest_known_version() -> i32 {
    let migrations = migrations::migrations::runner();
    let versions = migrations.get_migrations().iter();
    versions
        .map(refinery::Migration::version)
        .max()
        .unwrap_or(0)
}

/// The newest migration that the file has seen; 0 for a new file.
fn schema_version(connection: &Connection) -> rusqlite::Result<i32> {
    let has_history: bool = connection.query_row(
        "SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE name = 'refinery_schema_history')",
        [],
        |row| row.get(0),
    )?;
    if !has_history {
        return Ok(0);
    }
    connection.query_row(
        "SELECT coalesce(max(version), 0) FROM refinery_schema_history",
        [],
        |row| row.get(0),
    )
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

#[cfg(test)]
mod tests;
