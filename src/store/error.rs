//! Why something could not be read or written.

use rusqlite::{ErrorCode, ffi};

use super::{AcceptError, DeleteError, ImportError, PutError};
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

/// Whether a connection that is open has met damage. Its files are open too: that one of them cannot be opened, or ends
/// too early, is said of what is in them.
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

macro_rules! may_fail_with_the_store {
    ($($error:ty),+) => {$(
        impl Failure for $error {
            fn of_store(&self) -> Option<&StoreError> {
                match self {
                    Self::Store(error) => Some(error),
                    _ => None,
                }
            }
        }
    )+};
}

may_fail_with_the_store!(AcceptError, PutError, ImportError, DeleteError);
