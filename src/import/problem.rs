//! What is wrong with a row of a file, or with one field of it, as the file has it. What is wrong with a record's content
//! is the daemon's to say.

use crate::interview::field_error::FieldError;

/// Why a row is no record at all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Problem {
    /// A quote is open at the end of the file.
    QuoteNeverClosed,
    /// Text stands between a closing quote and the end of the cell.
    TextBehindQuote,
    /// Another row stands within one of its cells.
    RowInCell,
    /// It has so many cells, and the header has so many.
    Cells(usize, usize),
    /// Something stands under a column without a name; its number, from 1.
    UnderNoName(usize),
    /// The JSON reader says so.
    NotJson(String),
    /// The JSON ends or breaks here, and nothing behind it can be read.
    BrokenOff(String),
    /// The file is no list of records.
    NoArray,
    /// JSON, and no object.
    NoObject,
    /// It is longer than any record.
    TooLong,
}

/// What is wrong with the writing of a field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Wrong {
    /// A field that is not understood.
    Field(FieldError),
    /// A name that nobody knows.
    Unknown(String),
}

impl Wrong {
    /// Its field's name, as the daemon has it or as the file does.
    pub(super) fn field(&self) -> &str {
        match self {
            Self::Field(mistake) => mistake.field.name(),
            Self::Unknown(name) => name,
        }
    }
}
