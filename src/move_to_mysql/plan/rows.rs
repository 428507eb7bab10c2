//! What has to be said of rows before they are written.

use std::collections::{BTreeMap, HashMap};

use super::super::MoveError;
use super::super::finding::{Finding, Named};
use super::super::mapping::{Mapping, word};
use super::Structure;
use crate::chunk::Cell;
use crate::crypto;
use crate::shared_database::{Placement, Remark, SharedDatabase, SharedTable};

/// What was seen of the rows.
#[derive(Default)]
pub(super) struct Seen {
    rows: BTreeMap<(SharedTable, String, String), Named>,
    theirs: BTreeMap<(SharedTable, &'static str), Named>,
    one: BTreeMap<(SharedTable, &'static str, String), Named>,
    /// The first text of each weight in each of the columns, by the beginning of the weight's digest.
    weights: [HashMap<u64, Box<str>>; DISTINCT.len()],
    /// Bytes of the largest row.
    pub(super) largest: u64,
}

/// Columns whose texts have to be distinct for the server too, where it wants that; ids of events are the relay's own.
const DISTINCT: [&str; 2] = ["id", "voicedrive_sync_id"];

/// The columns of a placement in which no two rows may have the same, with their places.
fn unique<'a>(
    placement: &'a Placement,
    mapping: &'a Mapping,
) -> impl Iterator<Item = (usize, &'static str)> + 'a {
    let shape = mapping.shapes.get(&placement.table);
    let is_unique = move |name: &str| {
        shape.is_some_and(|shape| shape.columns.get(name).is_some_and(|it| it.is_unique))
    };
    let columns = placement.columns.iter().copied().enumerate();
    columns.filter(move |(_, name)| is_unique(name))
}

impl Seen {
    pub(super) async fn look_at(
        &mut self,
        target: &mut SharedDatabase,
        there: &Structure,
        placements: &[Placement],
    ) -> Result<(), MoveError> {
        for placement in placements {
            let table = placement.table;
            for remark in &placement.remarks {
                let key = (table, remark.what.clone(), remark.column.to_owned());
                self.rows.entry(key).or_default().add(&remark.id);
            }
            for row in &placement.rows {
                let size: usize = row.cells.iter().map(Cell::size).sum();
                self.largest = self.largest.max(size as u64);
            }
            self.look_for_theirs(target, there, placement).await?;
            self.look_for_refused(target, there, placement).await?;
            if table == SharedTable::Interviews {
                self.look_for_same(target, &there.mapping, placement)
                    .await?;
            }
        }
        Ok(())
    }

    async fn look_for_theirs(
        &mut self,
        target: &mut SharedDatabase,
        there: &Structure,
        placement: &Placement,
    ) -> Result<(), MoveError> {
        let table = placement.table;
        let (all, own) = there.counts.get(&table).copied().unwrap_or_default();
        let shape = there.mapping.shapes.get(&table);
        // Without this column nothing is copied, and it cannot be told whose a row is.
        let has_moments = shape.is_some_and(|shape| shape.columns.contains_key("created_at"));
        if all == own || !has_moments {
            return Ok(());
        }
        for (at, column) in unique(placement, &there.mapping) {
            let cells = placement.rows.iter().map(|row| &row.cells[at]);
            let texts: Vec<_> = cells
                .filter_map(|cell| cell.text().map(|text| text.as_bytes().to_vec()))
                .collect();
            if texts.is_empty() {
                continue;
            }
            for (there, text) in target.theirs(table, column, &texts, own > 0).await? {
                let mut rows = placement.rows.iter();
                if rows.any(|row| row.was_put_there(&placement.columns, &there)) {
                    continue;
                }
                let text = String::from_utf8_lossy(&text).into_owned();
                self.theirs.entry((table, column)).or_default().add(&text);
            }
        }
        Ok(())
    }

    /// Asks the server which rows do not meet its conditions.
    async fn look_for_refused(
        &mut self,
        target: &mut SharedDatabase,
        there: &Structure,
        placement: &Placement,
    ) -> Result<(), MoveError> {
        let (table, rows) = (placement.table, &placement.rows);
        for condition in there.conditions.get(&table).into_iter().flatten() {
            let places = target
                .not_meeting(condition, &placement.columns, rows)
                .await?;
            for row in places.into_iter().filter_map(|at| rows.get(at)) {
                let what = format!("{}{}", Remark::REFUSED, condition.error);
                let id = String::from_utf8_lossy(row.id());
                let key = (table, what, String::new());
                self.rows.entry(key).or_default().add(&id);
            }
        }
        Ok(())
    }

    /// Asks the server which of the texts it takes for one. It compares by weights; of those that are equal, it is asked
    /// once more whether they are one.
    async fn look_for_same(
        &mut self,
        target: &mut SharedDatabase,
        mapping: &Mapping,
        placement: &Placement,
    ) -> Result<(), MoveError> {
        let table = placement.table;
        for (column, known) in DISTINCT.into_iter().zip(&mut self.weights) {
            let shape = mapping.shapes.get(&table);
            let collation = shape.and_then(|shape| shape.columns.get(column)?.collation.clone());
            let at = unique(placement, mapping).find(|(_, name)| *name == column);
            let at = at.map(|(at, _)| at);
            let (Some(collation), Some(at)) = (collation, at) else {
                continue;
            };
            let texts: Vec<&str> = placement
                .rows
                .iter()
                .filter_map(|row| row.cells[at].text())
                .collect();
            if texts.is_empty() {
                continue;
            }
            let weights = target.weights(&collation, &texts).await?;
            for (text, weight) in texts.into_iter().zip(weights) {
                let digest = crypto::sha256(&[&weight]);
                let key = digest.first_chunk().copied().map_or(0, u64::from_be_bytes);
                let Some(first) = known.get(&key) else {
                    known.insert(key, text.into());
                    continue;
                };
                if target.is_one(&collation, first, text).await? {
                    let pair = format!("{first} = {text}");
                    let key = (table, column, collation.clone());
                    self.one.entry(key).or_default().add(&pair);
                }
            }
        }
        Ok(())
    }

    pub(super) fn findings(self) -> Vec<Finding> {
        let rows = self
            .rows
            .into_iter()
            .filter(|((_, what, _), _)| what != word::WAITS);
        let rows =
            rows.map(|((table, what, column), named)| Finding::Rows(table, what, column, named));
        let one = self.one.into_iter();
        let one = one.map(|((table, column, collation), named)| {
            Finding::SameIds(table, column, collation, named)
        });
        let theirs = self.theirs.into_iter();
        let theirs = theirs.map(|((table, column), named)| Finding::Theirs(table, column, named));
        rows.chain(one).chain(theirs).collect()
    }
}
