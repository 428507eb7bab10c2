//! The MySQL server that the staff system's database stands on, and a database of the relay's own beside it (contract,
//! section 14): the only place with SQL of that side. It knows tables, rows and chunks, and decides nothing.
//!
//! The staff system's tables are never altered. Whatever is written there is noted in the own database in the same
//! transaction, so that the relay's rows are told from theirs.

mod connection;
mod error;
mod inspection;
mod own;
mod parcel;
mod placed_note;
mod placing;
mod reading;
mod reference;
mod referring;
mod row_there;
mod rules;
mod shape;
pub mod statistics;
mod values;
mod watch;
mod writing;

pub use connection::SharedDatabase;
pub use error::SharedDatabaseError;
pub use inspection::Server;
pub use own::KnownChunk;
pub use parcel::{Parcel, Placement, Remark, RowToPlace, Written};
pub use placed_note::PlacedNote;
pub use reading::{Link, PlacedRow, RemarkThere};
pub use reference::Reference;
pub use rules::Condition;
pub use shape::{Limit, Shape, ShapeOfColumn, Unwritten};
pub use watch::Waiting;

use crate::chunk::Unit;

/// The staff system's tables that the relay's rows go to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SharedTable {
    /// Deliveries.
    Logs,
    /// Retries that have ended.
    Queue,
    /// Interview records.
    Interviews,
}

impl SharedTable {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Logs, Self::Queue, Self::Interviews];

    /// Those to which rows of a unit go.
    #[must_use]
    pub fn of(unit: Unit) -> &'static [Self] {
        match unit {
            Unit::Events => &[Self::Logs, Self::Queue],
            Unit::Interviews => &[Self::Interviews],
            Unit::Alone(_) => &[],
        }
    }

    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Logs => "webhook_send_logs",
            Self::Queue => "webhook_retry_queue",
            Self::Interviews => "interviews",
        }
    }
}
