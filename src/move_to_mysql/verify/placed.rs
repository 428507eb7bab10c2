//! Comparing what was put into a shared table: its rows, the notes about them, and what is said of the rows that stay out.

use std::collections::{HashMap, HashSet};

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
        if is_of_server(remark) && row.is_some_and(|row| row.id() == remark.id) {
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

/// Whether a remark is one that is made when rows are written.
fn is_of_server(remark: &RemarkThere) -> bool {
    let is_one = [Remark::THEIRS, Remark::SAME_FOR_SERVER]
        .iter()
        .any(|what| what.as_bytes() == remark.what);
    let is_refused = remark.what.starts_with(Remark::REFUSED.as_bytes());
    remark.column.is_empty() && (is_one || is_refused)
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
            let is_json = || {
                let column = shape.and_then(|shape| shape.columns.get(**column));
                column.is_some_and(|column| column.kind == "json")
            };
            !is_same(here, there.as_deref(), is_json)
        })
        .map(|((column, _), _)| (*column).to_owned())
        .collect();
    (!changed.is_empty()).then_some(changed)
}

fn is_same(here: &Cell, there: Option<&[u8]>, is_json: impl FnOnce() -> bool) -> bool {
    match (here, there) {
        (Cell::Null, None) => true,
        (Cell::Integer(number), Some(there)) => number.to_string().as_bytes() == there,
        (Cell::Text(here) | Cell::Bytes(here), Some(there)) => {
            here == there || (is_json() && is_same_json(here, there))
        }
        _ => false,
    }
}

/// MySQL spells JSON anew: keys in another order, other blanks.
fn is_same_json(here: &[u8], there: &[u8]) -> bool {
    let parsed = |text| serde_json::from_slice::<serde_json::Value>(text).ok();
    let here = parsed(here);
    here.is_some() && here == parsed(there)
}
