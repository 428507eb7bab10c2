//! Comparing what was put into a shared table: its rows, the notes about them, and what is said of the rows that stay out.

use std::collections::{HashMap, HashSet};

use serde_json::Value;

use super::super::MoveError;
use super::super::mapping::{Mapping, word};
use super::{How, Verified};
use crate::chunk::{Cell, Chunk, key_of};
use crate::shared_database::{
    PlacedNote, PlacedRow, Placement, Remark, RemarkThere, RowToPlace, SharedDatabase,
};

/// What the other side has for a placement.
pub(super) struct PlacedThere {
    notes: HashMap<Vec<u8>, PlacedNote>,
    remarks: HashSet<RemarkThere>,
    rows: HashMap<Vec<u8>, PlacedRow>,
}

/// Reads it, for each placement of a chunk.
pub(super) async fn read(
    target: &mut SharedDatabase,
    placements: &[Placement],
    chunk: &Chunk,
) -> Result<Vec<PlacedThere>, MoveError> {
    let mut all = Vec::new();
    for placement in placements {
        let table = placement.table;
        let notes = target.placed_in(table, chunk).await?;
        let ids: Vec<_> = notes.keys().cloned().collect();
        all.push(PlacedThere {
            remarks: target.remarks_in(table, chunk).await?,
            rows: target
                .shared_rows(table, &placement.columns[1..], &ids)
                .await?,
            notes,
        });
    }
    Ok(all)
}

/// Compares; `name`: of the table, with its database.
pub(super) fn compare(
    name: &str,
    placement: &Placement,
    mapping: &Mapping,
    there: &PlacedThere,
    verified: &mut Verified,
) {
    let refused = compare_remarks(placement, there, verified);
    for row in &placement.rows {
        let is_refused = refused.contains(key_of(row.number).as_slice());
        let (id, note) = (shown(row.id()), there.notes.get(row.id()));
        if note.is_none() && is_refused {
            verified.kept_out += 1;
            continue;
        }
        verified.placed += 1;
        if let Some(columns) = note.and_then(|note| other_note(row, note, is_refused)) {
            verified.differs(PLACED_ROWS.to_owned(), &id, How::Changed(columns));
        }
        let how = match (note, there.rows.get(row.id())) {
            (None, _) | (_, None) => Some(How::Missing),
            // The server has refused its new values, which is said.
            (Some(_), Some(_)) if is_refused => None,
            (Some(_), Some(there)) => changed(placement, mapping, row, there).map(How::Changed),
        };
        if let Some(how) = how {
            verified.differs(name.to_owned(), &id, how);
        }
    }
    let wanted: HashSet<&[u8]> = placement.rows.iter().map(RowToPlace::id).collect();
    for id in there
        .notes
        .keys()
        .filter(|id| !wanted.contains(id.as_slice()))
    {
        verified.differs(name.to_owned(), &shown(id), How::Extra);
    }
}

/// The tables of the own database that say what was put where, and why not.
const PLACED_ROWS: &str = "placed_rows";
const ROW_REMARKS: &str = "row_remarks";

/// Compares what is said of rows, and answers of which rows something is said that only the server could know.
fn compare_remarks(
    placement: &Placement,
    there: &PlacedThere,
    verified: &mut Verified,
) -> HashSet<Vec<u8>> {
    let here: HashSet<_> = placement.remarks.iter().map(remark_there).collect();
    let kept_out = placement.remarks.iter();
    let kept_out = kept_out.filter(|remark| word::keeps_out(&remark.what));
    let kept_out: HashSet<_> = kept_out.map(|remark| remark.number).collect();
    verified.kept_out += kept_out.len() as u64;
    for missing in here.difference(&there.remarks) {
        verified.differs(ROW_REMARKS.to_owned(), &shown(&missing.id), How::Missing);
    }
    let mut refused = HashSet::new();
    let by_key: HashMap<_, _> = placement
        .rows
        .iter()
        .map(|row| (key_of(row.number), row))
        .collect();
    for remark in there.remarks.difference(&here) {
        let row = <[u8; 8]>::try_from(remark.row_key.as_slice()).ok();
        let row = row.and_then(|key| by_key.get(&key));
        if row.is_some_and(|row| row.id() == remark.id && is_of_server(remark, row, there)) {
            refused.insert(remark.row_key.clone());
        } else {
            verified.differs(ROW_REMARKS.to_owned(), &shown(&remark.id), How::Extra);
        }
    }
    refused
}

fn remark_there(remark: &Remark) -> RemarkThere {
    RemarkThere {
        row_key: key_of(remark.number).to_vec(),
        what: remark.what.as_bytes().to_vec(),
        column: remark.column.as_bytes().to_vec(),
        id: remark.id.as_bytes().to_vec(),
    }
}

/// Whether a remark is one that is made when a row is written: it was not put there, or it stands there with the values
/// that it had before.
fn is_of_server(remark: &RemarkThere, row: &RowToPlace, there: &PlacedThere) -> bool {
    let note = there.notes.get(row.id());
    let is_theirs = remark.what == Remark::THEIRS.as_bytes() && note.is_none();
    let is_refused = remark.what == Remark::SAME_FOR_SERVER.as_bytes()
        || remark.what.starts_with(Remark::REFUSED.as_bytes());
    let is_as_before = note.is_none_or(|note| note.digest != row.digest);
    remark.column.is_empty() && (is_theirs || (is_refused && is_as_before))
}

/// What of the note about a row is not as it should be; none: all of it is.
fn other_note(row: &RowToPlace, note: &PlacedNote, is_refused: bool) -> Option<Vec<String>> {
    let mut columns = Vec::new();
    if note.row_key != key_of(row.number) {
        columns.push("row_key".to_owned());
    }
    if note.digest != row.digest && !is_refused {
        columns.push("digest".to_owned());
    }
    (!columns.is_empty()).then_some(columns)
}

fn shown(id: &[u8]) -> String {
    String::from_utf8_lossy(id).into_owned()
}

/// The columns of a row in a shared table that have another value; none: all are as they should be.
fn changed(
    placement: &Placement,
    mapping: &Mapping,
    row: &RowToPlace,
    there: &PlacedRow,
) -> Option<Vec<String>> {
    let shape = mapping.shapes.get(&placement.table);
    let each = placement.columns[1..]
        .iter()
        .zip(&row.cells[1..])
        .zip(&there.values);
    let changed: Vec<_> = each
        .filter(|((column, here), there)| {
            let column = shape.and_then(|shape| shape.columns.get(**column));
            let kind = column.map_or("", |column| column.kind.as_str());
            !is_same(here, there.as_deref(), kind)
        })
        .map(|((column, _), _)| (*column).to_owned())
        .collect();
    (!changed.is_empty()).then_some(changed)
}

/// `kind`: what the column there is.
fn is_same(here: &Cell, there: Option<&[u8]>, kind: &str) -> bool {
    match (here, there) {
        (Cell::Null, None) => true,
        (Cell::Integer(number), Some(there)) => number.to_string().as_bytes() == there,
        (Cell::Text(here) | Cell::Bytes(here), Some(there)) => {
            here == there
                || match kind {
                    "json" => is_same_json(here, there),
                    "datetime" | "timestamp" => is_same_moment(here, there),
                    _ => false,
                }
        }
        _ => false,
    }
}

/// A column may keep more digits of a second than the relay has.
fn is_same_moment(here: &[u8], there: &[u8]) -> bool {
    let more = there.strip_prefix(here);
    more.is_some_and(|digits| digits.iter().all(|digit| *digit == b'0'))
}

/// MySQL spells JSON anew: keys in another order, other blanks, numbers with a point with as many digits as it keeps.
fn is_same_json(here: &[u8], there: &[u8]) -> bool {
    let parsed = |text| serde_json::from_slice::<Value>(text).ok();
    let both = parsed(here).zip(parsed(there));
    both.is_some_and(|(here, there)| is_same_value(&here, &there))
}

fn is_same_value(here: &Value, there: &Value) -> bool {
    match (here, there) {
        (Value::Array(here), Value::Array(there)) => {
            here.len() == there.len()
                && here
                    .iter()
                    .zip(there)
                    .all(|(here, there)| is_same_value(here, there))
        }
        (Value::Object(here), Value::Object(there)) => {
            here.len() == there.len()
                && here.iter().all(|(key, here)| {
                    there
                        .get(key)
                        .is_some_and(|there| is_same_value(here, there))
                })
        }
        (Value::Number(one), Value::Number(other)) => {
            one == other
                || match (one.as_f64(), other.as_f64()) {
                    // A whole number of 64 bits is kept as it is.
                    (Some(a), Some(b)) if one.is_f64() || other.is_f64() => {
                        (a - b).abs() <= a.abs() * OF_A_NUMBER
                    }
                    _ => false,
                }
        }
        _ => here == there,
    }
}

/// By how much of itself a number with a point may differ: MySQL writes 16 or 17 of its digits.
const OF_A_NUMBER: f64 = 1e-15;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_may_have_more_digits_there_and_no_other_value() {
        let here = b"2025-10-26 14:30:00.123";
        assert!(is_same_moment(here, b"2025-10-26 14:30:00.123000"));
        assert!(!is_same_moment(here, b"2025-10-26 14:30:00.123001"));
        assert!(!is_same_moment(here, b"2025-10-26 14:30:00"));
        let there: Option<&[u8]> = Some(b"2025-10-26 14:30:00.1230");
        let here = Cell::Text(here.to_vec());
        assert!(is_same(&here, there, "datetime"));
        assert!(!is_same(&here, there, "varchar"));
    }

    /// As MySQL gives it back.
    #[test]
    fn json_may_be_spelled_otherwise_there_and_says_the_same() {
        for (here, there) in [
            (
                r#"{"bb":1,"a":[1.0,null]}"#,
                r#"{"a": [1.0, null], "bb": 1}"#,
            ),
            (r#"{"a":9088544342.689998}"#, r#"{"a": 9088544342.689999}"#),
            (
                r#"{"a":18446744073709551616}"#,
                r#"{"a": 1.8446744073709552e19}"#,
            ),
            (r#"{"a":1,"a":2}"#, r#"{"a": 2}"#),
            (r#"{"a":"あ\u0041"}"#, r#"{"a": "あA"}"#),
        ] {
            assert!(is_same_json(here.as_bytes(), there.as_bytes()), "{here}");
        }
        for (here, there) in [
            (r#"{"a":1}"#, r#"{"a": 2}"#),
            (r#"{"a":9007199254740993}"#, r#"{"a": 9007199254740992}"#),
            (r#"{"a":0.1}"#, r#"{"a": 0.10001}"#),
            (r#"{"a":"1"}"#, r#"{"a": 1}"#),
            (r#"{"a":null}"#, r"{}"),
            (r"[1,2]", r"[2,1]"),
            (r#"{"a":"A"}"#, r#"{"a": "a"}"#),
        ] {
            assert!(!is_same_json(here.as_bytes(), there.as_bytes()), "{here}");
        }
    }
}
