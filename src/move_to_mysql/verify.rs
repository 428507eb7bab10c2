//! Comparing both sides, row by row and by their statistics.

mod placed;
mod statistics;

use std::collections::BTreeMap;
use std::sync::Arc;

use super::MoveError;
use super::copy::{digest, is_known};
use super::mapping::Mapping;
use super::plan::structure;
use super::source::{self, Pass, Read};
use crate::chunk::{Cell, Chunk, Table};
use crate::clock::Clock;
use crate::shared_database::{Placement, SharedDatabase, SharedTable};
use crate::store::CarriedCopy;
use crate::timestamp::Timestamp;
use crate::zone::Zone;
pub use statistics::{Counted, OtherAnswer};

/// Differences that are named, of rows and of statistics.
pub const TOLD: usize = 100;

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

/// Compares everything with a copy of the relay's database; `at`: of which moment, and where the clinic is. Two connections
/// read at once.
///
/// # Errors
/// When one of the two sides does not answer, or nothing was copied.
pub async fn run(
    [target, second]: &mut [SharedDatabase; 2],
    open: impl Fn() -> Result<CarriedCopy, MoveError>,
    at: (Timestamp, Zone),
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
                        second,
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
                    second,
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
                    second,
                    mapping: &there.mapping,
                    verified: &mut verified,
                };
                side.compare(tables, &chunk, &[]).await?;
            }
            _ => {}
        }
    }
    verified.statistics = statistics::compare(target, &open()?, at).await?;
    Ok(verified)
}

/// What is being compared, and its last key.
type Current = (Pass, Arc<Vec<Table>>, Option<Cell>);

/// The other side, and what was found on it.
struct Side<'a> {
    target: &'a mut SharedDatabase,
    second: &'a mut SharedDatabase,
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
            second,
            mapping,
            verified,
        } = self;
        // The server reads for both connections at once.
        let (of_own, of_shared) = tokio::try_join!(
            own_rows(second, tables, chunk),
            placed::read(target, placements, chunk)
        )?;
        for ((table, here), there) in tables.iter().zip(&chunk.rows).zip(&of_own) {
            verified.rows += here.len() as u64;
            compare_own(table, here, there, verified);
        }
        for (placement, there) in placements.iter().zip(&of_shared) {
            let name = shared(target, placement.table);
            placed::compare(&name, placement, mapping, there, verified);
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

/// The rows of a chunk's tables in the own database, in its order.
async fn own_rows(
    target: &mut SharedDatabase,
    tables: &[Table],
    chunk: &Chunk,
) -> Result<Vec<Vec<Vec<Cell>>>, MoveError> {
    let (lower, upper) = (chunk.lower.as_ref(), chunk.upper.as_ref());
    let mut all = Vec::new();
    for table in tables {
        all.push(target.own_rows(table, lower, upper).await?);
    }
    Ok(all)
}

fn shared(target: &SharedDatabase, table: SharedTable) -> String {
    format!("{}.{}", target.names().1, table.name())
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
