//! Names, places and values of statements, and the values of rows.

use mysql_async::{Row, Value};

use crate::chunk::Cell;

/// Ids in one question.
pub(super) const IDS_AT_ONCE: usize = 500;

/// A name in a statement.
pub(super) fn quoted(name: &str) -> String {
    format!("`{}`", name.replace('`', "``"))
}

/// So many places for values, in brackets.
pub(super) fn places(count: usize) -> String {
    format!("({})", vec!["?"; count].join(","))
}

/// A value for a statement.
pub(super) fn value(cell: &Cell) -> Value {
    match cell {
        Cell::Null => Value::NULL,
        Cell::Integer(number) => Value::Int(*number),
        Cell::Text(bytes) | Cell::Bytes(bytes) => Value::Bytes(bytes.clone()),
    }
}

/// A text or bytes; nothing when there is no value.
pub(super) fn bytes(row: &Row, at: usize) -> Vec<u8> {
    match row.as_ref(at) {
        Some(Value::Bytes(bytes)) => bytes.clone(),
        _ => Vec::new(),
    }
}

/// A text.
pub(super) fn text(row: &Row, at: usize) -> String {
    String::from_utf8_lossy(&bytes(row, at)).into_owned()
}

/// A value as text; none: there is none.
pub(super) fn written(row: &Row, at: usize) -> Option<String> {
    match row.as_ref(at) {
        None | Some(Value::NULL) => None,
        Some(Value::Bytes(_)) => Some(text(row, at)),
        Some(_) => Some(number(row, at).to_string()),
    }
}

/// A number. Sums are decimals there, and come as text.
pub(super) fn number(row: &Row, at: usize) -> i64 {
    match row.as_ref(at) {
        Some(Value::Int(number)) => *number,
        Some(Value::UInt(number)) => number.cast_signed(),
        Some(Value::Bytes(bytes)) => String::from_utf8_lossy(bytes).parse().unwrap_or_default(),
        _ => 0,
    }
}

/// A number of things.
pub(super) fn count(row: &Row, at: usize) -> u64 {
    number(row, at).cast_unsigned()
}

/// Whether there is a value.
pub(super) fn is_given(row: &Row, at: usize) -> bool {
    !matches!(row.as_ref(at), None | Some(Value::NULL))
}
