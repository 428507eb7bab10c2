//! Why something could not be read or written.

use std::fs::File;
use std::io;

use rusqlite::{ErrorCode, ffi};

use crate::trouble::{Resource, Shortage, Trouble};

/// Why a verb of the store did nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// The database cannot be used now: nothing was changed, and later it may work again.
    #[error("the database cannot be used: {0}")]
    Unavailable(Trouble),
    /// The store is closing; nothing was changed.
    #[error("the database is closing")]
    Closing,
    /// The database refused for a reason that only a mistake in the program can have, or the program
    /// itself broke off; nothing was changed.
    #[error("the database refused: {0}")]
    Refused(String),
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        let what = error.to_string();
        match error.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => {
                let shortage = Shortage::Bytes { needed_mib: None };
                Self::Unavailable(Trouble::DiskFull(shortage))
            }
            Some(ErrorCode::DatabaseBusy) => Self::Unavailable(Trouble::Locked),
            _ if shows_damage(&error) => Self::Unavailable(Trouble::Damaged { what, copy: None }),
            Some(ErrorCode::OutOfMemory | ErrorCode::CannotOpen) => {
                let lacking = lacking(&error).map(Trouble::Exhausted);
                Self::Unavailable(lacking.unwrap_or(Trouble::Unusable(what)))
            }
            _ if let Some(what) = changed_schema(&error) => {
                let what = what.to_owned();
                Self::Unavailable(Trouble::Damaged { what, copy: None })
            }
            _ if is_of_disk(&error) => Self::Unavailable(Trouble::DiskFailed(what)),
            Some(ErrorCode::SystemIoFailure | ErrorCode::ReadOnly) => {
                Self::Unavailable(Trouble::Unusable(what))
            }
            _ => Self::Refused(what),
        }
    }
}

/// What the system has no more of, when that is why something failed.
pub(super) fn lacking(error: &rusqlite::Error) -> Option<Resource> {
    match error.sqlite_error_code()? {
        ErrorCode::OutOfMemory => Some(Resource::Memory),
        // SQLite does not say why it cannot open a file; the system does, as long as that lasts.
        ErrorCode::CannotOpen => lacking_for(FILES_OF_CONNECTION),
        _ => None,
    }
}

/// The most files that one connection has open: the database, its journal and the index of that, and a directory. As many
/// of them as it had when it could open no more are closed again by then.
const FILES_OF_CONNECTION: usize = 4;

/// What the system lacks, when it does not open so many more files.
fn lacking_for(files: usize) -> Option<Resource> {
    let opened: io::Result<Vec<File>> = (0..files).map(|_| File::open("/")).collect();
    opened.err().and_then(|error| Resource::lacking(&error))
}

/// Whether an error of an open connection means that the database is damaged. Its files are open already, so "ends too
/// early" is about their content too.
fn shows_damage(error: &rusqlite::Error) -> bool {
    error.sqlite_error().is_some_and(|met| match met.code {
        ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase => true,
        ErrorCode::SystemIoFailure => met.extended_code == ffi::SQLITE_IOERR_SHORT_READ,
        _ => false,
    })
}

/// What SQLite says when a statement does not fit the schema. The statements are the program's own and fit the one that it
/// made: somebody has changed it, or the disk has.
pub(super) fn changed_schema(error: &rusqlite::Error) -> Option<&str> {
    const SAID: [&str; 7] = [
        "no such table",
        "no such column",
        "no such index",
        " has no column named ",
        " columns but ",
        "ON CONFLICT clause does not match",
        "foreign key mismatch",
    ];
    let (met, said) = match error {
        rusqlite::Error::SqliteFailure(met, Some(said)) => (met, said),
        rusqlite::Error::SqlInputError { error, msg, .. } => (error, msg),
        _ => return None,
    };
    let is_of_schema = SAID.iter().any(|one| said.contains(one));
    (met.code == ErrorCode::Unknown && is_of_schema).then_some(said)
}

/// Whether the system could not read or write the open files, and not just make, lock or delete others.
fn is_of_disk(error: &rusqlite::Error) -> bool {
    const OF_DISK: [i32; 5] = [
        ffi::SQLITE_IOERR_READ,
        ffi::SQLITE_IOERR_WRITE,
        ffi::SQLITE_IOERR_FSYNC,
        ffi::SQLITE_IOERR_DIR_FSYNC,
        ffi::SQLITE_IOERR_TRUNCATE,
    ];
    let met = error.sqlite_error();
    met.is_some_and(|met| OF_DISK.contains(&met.extended_code))
}

impl StoreError {
    /// Whether the log has said so already: trouble with the database has one line when it begins and one when it is over,
    /// however often something meets it meanwhile.
    #[must_use]
    pub fn is_told(&self) -> bool {
        matches!(self, Self::Unavailable(_))
    }

    /// What is wrong with the database, when it is that.
    pub(super) fn trouble(&self) -> Option<&Trouble> {
        match self {
            Self::Unavailable(trouble) => Some(trouble),
            Self::Closing | Self::Refused(_) => None,
        }
    }
}

/// What a verb that writes can fail with: reasons of its own, or the database's.
pub(super) trait Failure: From<StoreError> + Send + 'static {
    /// The database's reason, when it is one.
    fn of_store(&self) -> Option<&StoreError>;
}

impl Failure for StoreError {
    fn of_store(&self) -> Option<&StoreError> {
        Some(self)
    }
}

/// Says that an error can also be the database's.
macro_rules! may_fail_with_the_store {
    ($error:ty) => {
        impl $crate::store::error::Failure for $error {
            fn of_store(&self) -> Option<&$crate::store::StoreError> {
                match self {
                    Self::Store(error) => Some(error),
                    _ => None,
                }
            }
        }
    };
}
pub(super) use may_fail_with_the_store;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trouble_with_the_database_is_told_where_it_begins_and_a_refusal_where_it_is_met() {
        assert!(StoreError::Unavailable(Trouble::Locked).is_told());
        assert!(!StoreError::Refused("no".to_owned()).is_told());
    }

    #[test]
    fn what_keeps_sqlite_from_opening_another_file_is_no_damage() {
        let of =
            |code| StoreError::from(rusqlite::Error::SqliteFailure(ffi::Error::new(code), None));
        for code in [
            ffi::SQLITE_CANTOPEN,
            ffi::SQLITE_NOMEM,
            ffi::SQLITE_IOERR_WRITE,
        ] {
            let trouble = of(code).trouble().cloned();
            assert!(trouble.is_some_and(|met| !met.is_damage()), "{code}");
        }
        for (code, is_of_disk) in [
            (ffi::SQLITE_IOERR_FSYNC, true),
            (ffi::SQLITE_IOERR_SHMMAP, false),
        ] {
            let told = matches!(of(code).trouble(), Some(Trouble::DiskFailed(_)));
            assert_eq!(told, is_of_disk, "{code}");
        }
        let memory = StoreError::Unavailable(Trouble::Exhausted(Resource::Memory));
        assert_eq!(of(ffi::SQLITE_NOMEM), memory);
        for code in [
            ffi::SQLITE_CORRUPT,
            ffi::SQLITE_NOTADB,
            ffi::SQLITE_IOERR_SHORT_READ,
        ] {
            let trouble = of(code).trouble().cloned();
            assert!(trouble.is_some_and(|met| met.is_damage()), "{code}");
        }
    }

    #[test]
    fn a_statement_that_does_not_fit_the_schema_shows_damage_and_one_that_nobody_could_run_does_not()
     {
        let database = rusqlite::Connection::open_in_memory().unwrap();
        let made = "CREATE TABLE t (a, b); CREATE TABLE u (c REFERENCES t (b)); INSERT INTO t VALUES (1, 2)";
        database.execute_batch(made).unwrap();
        let met = |sql: &str| {
            let error = StoreError::from(database.execute(sql, []).unwrap_err());
            error.trouble().is_some_and(Trouble::is_damage)
        };
        for sql in [
            "DELETE FROM v",
            "DELETE FROM t WHERE c = 1",
            "DELETE FROM t INDEXED BY by_a WHERE a = 1",
            "INSERT INTO t (c) VALUES (1)",
            "INSERT INTO t VALUES (1)",
            "INSERT INTO t VALUES (1, 2) ON CONFLICT (a) DO NOTHING",
            "INSERT INTO u VALUES (2)",
        ] {
            assert!(met(sql), "{sql}");
        }
        for sql in ["DELETE t", "SELECT none()", "CREATE TABLE t (a)"] {
            assert!(!met(sql), "{sql}");
        }
    }
}
