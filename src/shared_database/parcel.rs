//! What is sent to the server at a time: a chunk, with what of it goes into the shared tables, and what came of it.

use super::SharedTable;
use super::row_there::RowThere;
use crate::chunk::{Cell, Chunk, Table, Unit};

/// A chunk, and what becomes of it.
#[derive(Clone, Copy)]
pub struct Parcel<'a> {
    /// Of which unit it is.
    pub unit: Unit,
    /// The unit's tables.
    pub tables: &'a [Table],
    /// Its rows.
    pub chunk: &'a Chunk,
    /// Of its rows and of what goes into the shared tables.
    pub digest: [u8; 32],
    /// What goes into the shared tables.
    pub placements: &'a [Placement],
    /// Nothing of it was copied before.
    pub is_new: bool,
    /// What was placed before is written again too.
    pub anew: bool,
}

/// What a chunk has for a shared table.
#[derive(Clone, Debug)]
pub struct Placement {
    /// Which table.
    pub table: SharedTable,
    /// The columns of its rows; the first is the id.
    pub columns: Vec<&'static str>,
    /// All rows that are to be there.
    pub rows: Vec<RowToPlace>,
    /// What is to be said of rows.
    pub remarks: Vec<Remark>,
}

/// A row for a shared table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RowToPlace {
    /// Its number in the relay's table.
    pub number: i64,
    /// Of its cells.
    pub digest: [u8; 32],
    /// Its values, in the order of the columns.
    pub cells: Vec<Cell>,
}

impl Placement {
    /// Nothing for a table.
    #[must_use]
    pub fn empty(table: SharedTable) -> Self {
        Self {
            table,
            columns: vec!["id"],
            rows: Vec::new(),
            remarks: Vec::new(),
        }
    }
}

impl RowToPlace {
    /// Its id, byte for byte.
    #[must_use]
    pub fn id(&self) -> &[u8] {
        match self.cells.first() {
            Some(Cell::Text(bytes) | Cell::Bytes(bytes)) => bytes,
            _ => &[],
        }
    }

    /// Whether a row that is there was put there by a relay, though nothing is noted of it any more: it has this id, and
    /// was made in the same millisecond, which the relay's clock has said.
    #[must_use]
    pub fn was_put_there(&self, columns: &[&str], there: &RowThere) -> bool {
        let at = columns.iter().position(|column| *column == "created_at");
        let made = at.and_then(|at| self.cells.get(at)).and_then(Cell::text);
        made.is_some_and(|made| {
            let rest = there.created_at.strip_prefix(made);
            rest.is_some_and(|digits| digits.bytes().all(|digit| digit == b'0'))
        }) && self.id() == there.id
    }
}

/// Something that a person has to know about a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remark {
    /// Of which table.
    pub table: SharedTable,
    /// The row's number in the relay's table.
    pub number: i64,
    /// Its id.
    pub id: String,
    /// What, as a word.
    pub what: String,
    /// In which column; empty: in the whole row.
    pub column: &'static str,
}

/// The words of what is found while rows are written.
impl Remark {
    /// The staff system has a row with this id.
    pub const THEIRS: &'static str = "id_is_theirs";
    /// For the server this id is the same as another one.
    pub const SAME_FOR_SERVER: &'static str = "id_is_one_with_another";
    /// The row is gone here, and stays there because others refer to it.
    pub const REFERRED_TO: &'static str = "is_referred_to";
    /// What the server's error number stands behind.
    pub const REFUSED: &'static str = "refused_";
}

/// What came of a chunk.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Written {
    /// Rows that were written into shared tables.
    pub placed: u64,
    /// Rows that were taken out of them again.
    pub taken_out: u64,
    /// What the server had against rows, or somebody else's rows.
    pub remarks: Vec<Remark>,
}
