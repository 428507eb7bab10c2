//! Syntax errors of a row or of one of its fields. The content of a record is checked by the daemon.

use crate::interview::field_error::FieldError;

/// Why a row cannot be read as a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Problem {
    /// A quote is open at the end of the file.
    QuoteNeverClosed,
    /// Text stands between a closing quote and the end of the cell.
    TextBehindQuote,
    /// One of its cells contains another row.
    RowInCell,
    /// The number of its cells, and that of the header's.
    Cells(usize, usize),
    /// A cell of a column without a name is not empty; the column's number, from 1.
    UnderNoName(usize),
    /// It is not JSON; the message of `serde_json`.
    NotJson(String),
    /// The JSON is broken here, and the rest of the file cannot be read; the message of `serde_json`.
    BrokenOff(String),
    /// The file is not a JSON array.
    NoArray,
    /// It is JSON, but not an object.
    NoObject,
    /// It is longer than a record may be.
    TooLong,
}

/// What is wrong with a field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Wrong {
    /// Its value cannot be read.
    Field(FieldError),
    /// Its name is not known.
    Unknown(String),
}

impl Wrong {
    /// The name of the field: the API's, or the file's when it is unknown.
    pub(super) fn field(&self) -> &str {
        match self {
            Self::Field(mistake) => mistake.field.name(),
            Self::Unknown(name) => name,
        }
    }
}
