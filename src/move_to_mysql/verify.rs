//! Comparing both sides, row by row and by their statistics.

mod statistics;

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use super::MoveError;
use super::copy::{digest, is_known};
use super::mapping::Mapping;
use super::plan::structure;
use super::source::{self, Pass, Read};
use crate::chunk::{Cell, Chunk, Table};
use crate::clock::Clock;
use crate::shared_database::{PlacedRow, Placement, RowToPlace, SharedDatabase, SharedTable};
use crate::store::CarriedCopy;
use crate::timestamp::Timestamp;
pub use statistics::Counted;

/// Differences that are named.
const TOLD: usize = 100;

/// How a row differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum How {
    /// It is not there.
    Missing,
    /// It should not be there.
    Extra,
    /// These columns have other values.
    Changed(Vec<String>),
}

/// A row that is not the same on both sides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// Database and table.
    pub table: String,
    /// Its key.
    pub key: String,
    /// How.
    pub how: How,
}

/// What was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verified {
    /// Rows of the relay that were compared.
    pub rows: u64,
    /// Rows of the shared tables that were compared.
    pub placed: u64,
    /// Rows that stay out of the shared tables, and why is noted.
    pub kept_out: u64,
    /// Parts that were not copied yet, or changed since.
    pub not_copied: u64,
    /// Rows that differ: how many, and the first of them.
    pub differing: u64,
    /// The first of them.
    pub differences: Vec<Difference>,
    /// Both families of statistics.
    pub statistics: Counted,
}

impl Verified {
    /// Whether everything is the same.
    #[must_use]
    pub fn is_good(&self) -> bool {
        self.differing == 0 && self.not_copied == 0 && self.statistics.differing.is_empty()
    }

    fn differs(&mut self, table: String, key: &str, how: How) {
        self.differing += 1;
        if self.differences.len() < TOLD {
            let key = key.to_owned();
            self.differences.push(Difference { table, key, how });
        }
    }
}

/// Compares everything with a copy of the relay's database of `moment`.
///
/// # Errors
/// When one of the two sides does not answer, or nothing was copied.
pub async fn run(
    target: &mut SharedDatabase,
    open: impl Fn() -> Result<CarriedCopy, MoveError>,
    moment: Timestamp,
    stand_in: Option<&str>,
    clock: &Clock,
    mut progress: impl FnMut(u64),
) -> Result<Verified, MoveError> {
    let copy = open()?;
    let mut tables = Vec::new();
    for unit in CarriedCopy::units() {
        tables.extend(copy.tables(unit)?);
    }
    target.is_prepared(&tables).await?;
    let there = structure(target, stand_in, clock).await?;
    let mut verified = Verified::default();
    let mut source = source::read(copy, source::passes());
    let mut current: Option<Current> = None;
    while let Some(read) = source.recv().await {
        match (read?, &mut current) {
            (Read::Begin(pass, tables), _) => current = Some((pass, tables, None)),
            (Read::Chunk(chunk), Some((Pass::Rows(unit), tables, last))) => {
                last.clone_from(&chunk.upper);
                let placements = there.mapping.placements(*unit, tables, &chunk);
                let known = target.known_behind(*unit, chunk.lower.as_ref()).await?;
                if is_known(known.as_ref(), &chunk, digest(&chunk, &placements)) {
                    let side = Side {
                        target,
                        mapping: &there.mapping,
                        verified: &mut verified,
                    };
                    side.compare(tables, &chunk, &placements).await?;
                } else {
                    verified.not_copied += 1;
                }
                progress(chunk.steps());
            }
            (Read::Chunk(chunk), Some((Pass::Links, tables, ..))) => {
                let side = Side {
                    target,
                    mapping: &there.mapping,
                    verified: &mut verified,
                };
                side.compare_links(&tables[0], &chunk).await?;
            }
            (Read::End, Some((Pass::Rows(_), tables, last))) => {
                let chunk = Chunk {
                    lower: last.clone(),
                    upper: None,
                    rows: vec![Vec::new(); tables.len()],
                };
                let side = Side {
                    target,
                    mapping: &there.mapping,
                    verified: &mut verified,
                };
                side.compare(tables, &chunk, &[]).await?;
            }
            _ => {}
        }
    }
    verified.statistics = statistics::compare(target, &open()?, moment).await?;
    Ok(verified)
}

/// What is being compared, and its last key.
type Current = (Pass, Arc<Vec<Table>>, Option<Cell>);

/// The other side, and what was found on it.
struct Side<'a> {
    target: &'a mut SharedDatabase,
    mapping: &'a Mapping,
    verified: &'a mut Verified,
}

impl Side<'_> {
    async fn compare(
        self,
        tables: &[Table],
        chunk: &Chunk,
        placements: &[Placement],
    ) -> Result<(), MoveError> {
        let Side {
            target,
            mapping,
            verified,
        } = self;
        for (table, rows) in tables.iter().zip(&chunk.rows) {
            let (lower, upper) = (chunk.lower.as_ref(), chunk.upper.as_ref());
            let there = target.own_rows(table, lower, upper).await?;
            verified.rows += rows.len() as u64;
            compare_own(table, rows, &there, verified);
        }
        for placement in placements {
            let table = placement.table;
            let placed = target.placed_of(table, chunk).await?;
            compare_placed(placement, &placed, verified);
            let ids: Vec<_> = placed.iter().cloned().collect();
            let columns = &placement.columns[1..];
            let there = target.shared_rows(table, columns, &ids).await?;
            for row in placement
                .rows
                .iter()
                .filter(|row| placed.contains(row.id()))
            {
                verified.placed += 1;
                let how = match there.get(row.id()) {
                    None => Some(How::Missing),
                    Some(there) => changed(placement, mapping, row, there).map(How::Changed),
                };
                if let Some(how) = how {
                    let key = String::from_utf8_lossy(row.id()).into_owned();
                    verified.differs(shared(target, table), &key, how);
                }
            }
        }
        Ok(())
    }

    async fn compare_links(self, table: &Table, chunk: &Chunk) -> Result<(), MoveError> {
        let Side {
            target, verified, ..
        } = self;
        let rows = || chunk.rows.iter().flatten();
        let text = |row: &[Cell], column| {
            table
                .cell(row, column)
                .text()
                .map(|id| id.as_bytes().to_vec())
        };
        let ids: Vec<_> = rows().filter_map(|row| text(row, "id")).collect();
        let origins = rows().filter_map(|row| text(row, "rescheduled_from_id"));
        let all: Vec<_> = ids.iter().cloned().chain(origins).collect();
        let interviews = SharedTable::Interviews;
        let placed = target.placed(interviews, &all).await?;
        if placed.is_empty() {
            return Ok(());
        }
        let there = target
            .shared_rows(interviews, &["rescheduled_from_id"], &ids)
            .await?;
        for row in rows() {
            let id = text(row, "id").unwrap_or_default();
            let origin = text(row, "rescheduled_from_id").filter(|origin| placed.contains(origin));
            let Some(there) = there.get(&id).filter(|_| placed.contains(&id)) else {
                continue;
            };
            if there.values[0] != origin {
                let key = String::from_utf8_lossy(&id).into_owned();
                let how = How::Changed(vec!["rescheduled_from_id".to_owned()]);
                verified.differs(shared(target, interviews), &key, how);
            }
        }
        Ok(())
    }
}

fn shared(target: &SharedDatabase, table: SharedTable) -> String {
    format!("{}.{}", target.shared_database(), table.name())
}

/// The rows of a table of the relay's own, here and there.
fn compare_own(table: &Table, here: &[Vec<Cell>], there: &[Vec<Cell>], verified: &mut Verified) {
    let by_key = |rows: &[Vec<Cell>]| -> BTreeMap<Vec<Vec<u8>>, Vec<Cell>> {
        let keyed = rows.iter().map(|row| {
            let key = row[..table.key].iter().map(Cell::as_key).collect();
            (key, row.clone())
        });
        keyed.collect()
    };
    // Nearly always.
    if here == there {
        return;
    }
    let (here, there) = (by_key(here), by_key(there));
    let name = || table.name.to_owned();
    for (key, row) in &here {
        match there.get(key) {
            None => verified.differs(name(), &shown(&row[..table.key]), How::Missing),
            Some(other) if other != row => {
                let columns = table.columns.iter().zip(row.iter().zip(other));
                let columns = columns.filter(|(_, (here, there))| here != there);
                let columns = columns.map(|(column, _)| column.name.clone()).collect();
                verified.differs(name(), &shown(&row[..table.key]), How::Changed(columns));
            }
            Some(_) => {}
        }
    }
    for (_, row) in there.iter().filter(|(key, _)| !here.contains_key(*key)) {
        verified.differs(name(), &shown(&row[..table.key]), How::Extra);
    }
}

/// A key as a person reads it; bytes are not shown.
fn shown(key: &[Cell]) -> String {
    let parts = key.iter().map(|cell| match cell {
        Cell::Integer(number) => number.to_string(),
        Cell::Bytes(bytes) => crate::crypto::hex(&bytes[..bytes.len().min(8)]),
        other => other.text().unwrap_or_default().to_owned(),
    });
    parts.collect::<Vec<_>>().join(", ")
}

/// Which rows are said to be there.
fn compare_placed(placement: &Placement, placed: &HashSet<Vec<u8>>, verified: &mut Verified) {
    let wanted: HashSet<&[u8]> = placement.rows.iter().map(RowToPlace::id).collect();
    let out = placement.rows.len()
        - placement
            .rows
            .iter()
            .filter(|row| placed.contains(row.id()))
            .count();
    let kept_out: HashSet<_> = placement
        .remarks
        .iter()
        .filter(|remark| super::mapping::word::keeps_out(&remark.what))
        .map(|remark| remark.number)
        .collect();
    verified.kept_out += (out + kept_out.len()) as u64;
    for id in placed.iter().filter(|id| !wanted.contains(id.as_slice())) {
        let key = String::from_utf8_lossy(id).into_owned();
        verified.differs(placement.table.name().to_owned(), &key, How::Extra);
    }
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
