//! Why something could not be read or written.

use rusqlite::ErrorCode;

/// Why a verb of the store did nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// The disk is full, read-only or broken: nothing was changed, and later it may work again.
    #[error("the database cannot be written: {0}")]
    Unavailable(String),
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
            _ => Self::Refused(error.to_string()),
        }
    }
}
