//! Why something could not be read or written.

use rusqlite::{ErrorCode, ffi};

use crate::trouble::Trouble;

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
            Some(ErrorCode::DiskFull) => Self::Unavailable(Trouble::DiskFull { needed_mib: None }),
            Some(ErrorCode::DatabaseBusy) => Self::Unavailable(Trouble::Locked),
            _ if shows_damage(&error) => Self::Unavailable(Trouble::Damaged { what, copy: None }),
            Some(ErrorCode::SystemIoFailure | ErrorCode::ReadOnly | ErrorCode::OutOfMemory) => {
                Self::Unavailable(Trouble::Unusable(what))
            }
            _ => Self::Refused(what),
        }
    }
}

/// Whether an error of an open connection means that the database is damaged. Its files are open already, so "cannot
/// open" and "ends too early" are about their content too.
fn shows_damage(error: &rusqlite::Error) -> bool {
    error.sqlite_error().is_some_and(|met| match met.code {
        ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase | ErrorCode::CannotOpen => true,
        ErrorCode::SystemIoFailure => met.extended_code == ffi::SQLITE_IOERR_SHORT_READ,
        _ => false,
    })
}

impl StoreError {
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
