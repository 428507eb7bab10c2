//! Copying: chunk after chunk, what is there already left out.

use std::sync::Arc;

use super::finding::{Named, Weight};
use super::mapping::{Mapping, date_time};
use super::plan::structure;
use super::source::{self, Pass, Read};
use super::{MoveError, NAMED};
use crate::chunk::{Cell, Chunk, Table};
use crate::clock::Clock;
use crate::crypto::Sha256;
use crate::shared_database::{KnownChunk, Link, Parcel, Placement, SharedDatabase, SharedTable};
use crate::store::CarriedCopy;

/// What came of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Copied {
    /// Rows of the relay, all together.
    pub rows: u64,
    /// Those of them that were written now: the others were there already, as they are.
    pub written: u64,
    /// Rows that were written into the staff system's tables now.
    pub placed: u64,
    /// Rows that were taken out of them again.
    pub taken_out: u64,
    /// What is to be said of rows: table, word, column, and which.
    pub remarks: Vec<(String, String, String, Named)>,
    /// Interviews whose origin is not in the staff system's table.
    pub without_origin: Named,
}

/// Copies everything; `anew`: also what was copied before. `stand_in`: who stands for a missing interviewer.
///
/// # Errors
/// `MoveError`. What was written until then stays, and the next copy goes on behind it.
pub async fn run(
    target: &mut SharedDatabase,
    copy: CarriedCopy,
    stand_in: Option<&str>,
    anew: bool,
    clock: &Clock,
    mut progress: impl FnMut(u64),
) -> Result<Copied, MoveError> {
    let there = structure(target, stand_in, clock).await?;
    let hinders = there
        .findings
        .iter()
        .filter(|found| found.weight() == Weight::Hinders);
    match hinders.count() {
        0 => {}
        count => return Err(MoveError::Hindered(count)),
    }
    let mut tables = Vec::new();
    for unit in CarriedCopy::units() {
        tables.extend(copy.tables(unit)?);
    }
    target.prepare(&tables).await?;
    let mut work = Work {
        target,
        mapping: &there.mapping,
        anew,
        copied: Copied::default(),
        current: None,
    };
    let mut source = source::read(copy, source::passes());
    while let Some(read) = source.recv().await {
        match read? {
            Read::Begin(pass, tables) => work.begin(pass, tables).await?,
            Read::Chunk(chunk) => {
                if work.take(&chunk).await? {
                    progress(chunk.steps());
                }
            }
            Read::End => work.end().await?,
        }
    }
    let mut copied = work.copied;
    for (table, what, column, count, ids) in target.remarks(NAMED).await? {
        copied
            .remarks
            .push((table, what, column, Named { count, ids }));
    }
    Ok(copied)
}

struct Work<'a> {
    target: &'a mut SharedDatabase,
    mapping: &'a Mapping,
    anew: bool,
    copied: Copied,
    current: Option<Current>,
}

/// The unit that is being copied.
struct Current {
    pass: Pass,
    tables: Arc<Vec<Table>>,
    last: Option<Cell>,
    /// Whether the last copy has left rows out that the other side may take by now.
    has_refused: bool,
}

impl Work<'_> {
    async fn begin(&mut self, pass: Pass, tables: Arc<Vec<Table>>) -> Result<(), MoveError> {
        let has_refused = match pass {
            Pass::Rows(unit) => self.target.has_refused(unit, None).await?,
            Pass::Links => false,
        };
        self.current = Some(Current {
            pass,
            tables,
            last: None,
            has_refused,
        });
        Ok(())
    }

    /// Answers whether it was read for its rows.
    async fn take(&mut self, chunk: &Chunk) -> Result<bool, MoveError> {
        let Some(current) = &mut self.current else {
            return Ok(false);
        };
        current.last.clone_from(&chunk.upper);
        let unit = match current.pass {
            Pass::Rows(unit) => unit,
            Pass::Links => {
                let tables = Arc::clone(&current.tables);
                self.link(&tables[0], chunk).await?;
                return Ok(false);
            }
        };
        let rows = chunk.count();
        self.copied.rows += rows;
        let placements = self.mapping.placements(unit, &current.tables, chunk);
        let digest = digest(chunk, &placements);
        let known = self.target.known_behind(unit, chunk.lower.as_ref()).await?;
        if !self.anew
            && is_known(known.as_ref(), chunk, digest)
            && !(current.has_refused && self.target.has_refused(unit, Some(chunk)).await?)
        {
            return Ok(true);
        }
        let parcel = Parcel {
            unit,
            tables: &current.tables,
            chunk,
            digest,
            placements: &placements,
            is_new: !self.anew && is_new(known.as_ref(), chunk),
            anew: self.anew,
        };
        let written = self.target.write(&parcel).await?;
        self.copied.written += rows;
        self.copied.placed += written.placed;
        self.copied.taken_out += written.taken_out;
        Ok(true)
    }

    /// Whatever stands behind the last row is gone here.
    async fn end(&mut self) -> Result<(), MoveError> {
        let Some(current) = self.current.take() else {
            return Ok(());
        };
        let Pass::Rows(unit) = current.pass else {
            return Ok(());
        };
        let chunk = Chunk {
            lower: current.last,
            upper: None,
            rows: vec![Vec::new(); current.tables.len()],
        };
        let known = self.target.known_behind(unit, chunk.lower.as_ref()).await?;
        if !self.anew
            && is_new(known.as_ref(), &chunk)
            && !(current.has_refused && self.target.has_refused(unit, Some(&chunk)).await?)
        {
            return Ok(());
        }
        let none = SharedTable::of(unit).iter();
        let none: Vec<_> = none.map(|table| Placement::empty(*table)).collect();
        let parcel = Parcel {
            unit,
            tables: &current.tables,
            chunk: &chunk,
            digest: [0; 32],
            placements: &none,
            is_new: false,
            anew: false,
        };
        self.copied.taken_out += self.target.write(&parcel).await?.taken_out;
        Ok(())
    }

    /// Says of each interview of a chunk from which it was rescheduled. An origin that is not there cannot be named.
    async fn link(&mut self, table: &Table, chunk: &Chunk) -> Result<(), MoveError> {
        let mut ids = Vec::new();
        for row in chunk.rows.iter().flatten() {
            for column in ["id", "rescheduled_from_id"] {
                ids.extend(
                    table
                        .cell(row, column)
                        .text()
                        .map(|id| id.as_bytes().to_vec()),
                );
            }
        }
        let placed = self.target.placed(SharedTable::Interviews, &ids).await?;
        let mut links = Vec::new();
        for row in chunk.rows.iter().flatten() {
            let text = |column| table.cell(row, column).text();
            let id = text("id").unwrap_or_default();
            if !placed.contains(id.as_bytes()) {
                continue;
            }
            let origin = text("rescheduled_from_id");
            let there = origin.filter(|origin| placed.contains(origin.as_bytes()));
            if origin.is_some() && there.is_none() {
                self.copied.without_origin.add(id);
            }
            let updated_at = text("updated_at").and_then(date_time);
            links.push(Link {
                id: id.into(),
                origin: there.map(|origin| origin.as_bytes().to_vec()),
                updated_at: updated_at.map_or(Cell::Null, |moment| Cell::Text(moment.into())),
            });
        }
        if !links.is_empty() {
            self.target.link(&links).await?;
        }
        Ok(())
    }
}

/// Of everything that a chunk is, here and there.
pub(super) fn digest(chunk: &Chunk, placements: &[Placement]) -> [u8; 32] {
    let mut digest = Sha256::default();
    chunk.feed(&mut digest);
    for placement in placements {
        for row in &placement.rows {
            digest.update(&row.digest);
        }
        // A row that stays out comes in when the other side has what it lacks.
        for remark in &placement.remarks {
            for part in [&remark.id, &remark.what, remark.column] {
                Cell::Text(part.as_bytes().to_vec()).feed(&mut digest);
            }
        }
    }
    digest.finish()
}

fn key(bound: Option<&Cell>) -> Vec<u8> {
    bound.map(Cell::as_key).unwrap_or_default()
}

/// Whether exactly this was copied before. `known`: the first part that was copied and ends behind the chunk's
/// beginning.
pub(super) fn is_known(known: Option<&KnownChunk>, chunk: &Chunk, digest: [u8; 32]) -> bool {
    known.is_some_and(|known| {
        known.digest == digest
            && known.upper == key(chunk.upper.as_ref())
            && known.lower == key(chunk.lower.as_ref())
    })
}

/// Whether nothing of its range was copied before.
fn is_new(known: Option<&KnownChunk>, chunk: &Chunk) -> bool {
    known.is_none_or(|known| chunk.upper.is_some() && known.lower >= key(chunk.upper.as_ref()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chunk::key_of;
    fn chunk(lower: Option<i64>, upper: i64) -> Chunk {
        Chunk {
            lower: lower.map(Cell::Integer),
            upper: Some(Cell::Integer(upper)),
            rows: Vec::new(),
        }
    }

    /// The first of some parts that ends behind where a chunk begins.
    fn known(ranges: &[(Option<i64>, i64)], chunk: &Chunk) -> Option<KnownChunk> {
        let mut known = ranges.iter().map(|(lower, upper)| KnownChunk {
            lower: lower
                .map(|lower| key_of(lower).to_vec())
                .unwrap_or_default(),
            upper: key_of(*upper).to_vec(),
            digest: [1; 32],
        });
        known.find(|known| known.upper > key(chunk.lower.as_ref()))
    }

    #[test]
    fn a_chunk_is_known_by_both_ends_and_its_digest() {
        let is_known = |chunk: &Chunk, digest| {
            let known = known(&[(None, 500), (Some(500), 800)], chunk);
            is_known(known.as_ref(), chunk, digest)
        };
        assert!(is_known(&chunk(Some(500), 800), [1; 32]));
        assert!(!is_known(&chunk(Some(500), 800), [2; 32]));
        assert!(!is_known(&chunk(Some(400), 800), [1; 32]));
        assert!(!is_known(&chunk(None, 800), [1; 32]));
    }

    #[test]
    fn a_chunk_is_new_where_nothing_was_copied() {
        let is_new = |ranges: &[(Option<i64>, i64)], chunk: &Chunk| {
            super::is_new(known(ranges, chunk).as_ref(), chunk)
        };
        let both = [(None, 500), (Some(500), 800)];
        assert!(is_new(&both, &chunk(Some(800), 1000)));
        assert!(!is_new(&both, &chunk(Some(700), 1000)));
        assert!(!is_new(&both, &chunk(None, 100)));
        let with_a_gap = [(None, 100), (Some(500), 800)];
        assert!(is_new(&with_a_gap, &chunk(Some(100), 200)));
        let rest = |lower| Chunk {
            lower: Some(Cell::Integer(lower)),
            upper: None,
            rows: Vec::new(),
        };
        assert!(is_new(&both, &rest(800)));
        assert!(!is_new(&both, &rest(500)));
        assert!(is_new(&[], &chunk(None, 10)));
    }
}
