//! What the server says of a row of a shared table, by which it is known whose that row is.

use mysql_async::Row;

use super::values::{bytes, text};

/// What tells whose a row of a shared table is, as a statement asks for it.
pub(super) const THERE: &str = "CAST(id AS BINARY), CAST(created_at AS CHAR)";

/// What tells whose a row of a shared table is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RowThere {
    /// Its id, byte for byte.
    pub id: Vec<u8>,
    /// When it was made.
    pub created_at: String,
}

impl RowThere {
    pub(super) fn of(row: &Row) -> Self {
        Self {
            id: bytes(row, 0),
            created_at: text(row, 1),
        }
    }
}
