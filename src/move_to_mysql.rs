//! Everything that the relay keeps is carried into the staff system's shared database (contract, section 14): planned,
//! copied while the relay works, and verified.
//!
//! A chunk of rows is the step of all three. It is read from a copy of the database that does not change, `mapping` says
//! what of it goes into the staff system's tables and in which form, and its digest says whether it was copied already:
//! a copy that was broken off goes on with what is missing, and the next one writes only what changed.

pub mod copy;
pub mod finding;
mod mapping;
pub mod plan;
mod source;
pub mod verify;

use crate::shared_database::SharedDatabaseError;
use crate::store::StoreError;

/// Rows of each kind that are named when there are many.
pub const NAMED: u32 = 10;

/// Why it was broken off.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MoveError {
    /// The copy of the relay's database cannot be read.
    #[error("the copy of the relay's database: {0}")]
    Source(#[from] StoreError),
    /// The other side.
    #[error("the shared database: {0}")]
    Target(#[from] SharedDatabaseError),
    /// Another command of this relay copies or compares.
    #[error("another one of this relay runs")]
    Busy,
    /// The plan has something that has to be mended first.
    #[error("the plan has {0} findings that have to be mended first")]
    Hindered(usize),
}
