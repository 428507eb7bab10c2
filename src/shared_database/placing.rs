//! Putting the relay's rows into the staff system's tables. What was put there is noted in the own database, row by row:
//! nothing else is ever changed or taken out, and a row of somebody else's is left as it is.

use std::collections::{HashMap, HashSet};

use mysql_async::Value;

use super::own::range_of_keys;
use super::row_there::{RowThere, THERE};
use super::values::{IDS_AT_ONCE, places, quoted, value};
use super::{
    Parcel, PlacedNote, Placement, Remark, RowToPlace, SharedDatabase,
    SharedDatabaseError as Error, SharedTable, Written,
};
use crate::chunk::{key_of, number_of};

impl SharedDatabase {
    /// Makes a shared table have the rows of a placement, and of the relay's no others in its range.
    pub(super) async fn place(
        &mut self,
        parcel: &Parcel<'_>,
        placement: &Placement,
        one_by_one: bool,
        written: &mut Written,
    ) -> Result<(), Error> {
        let table = placement.table;
        let placed = if parcel.is_new {
            HashMap::new()
        } else {
            self.placed_in(table, parcel.chunk).await?
        };
        let wanted: HashSet<&[u8]> = placement.rows.iter().map(RowToPlace::id).collect();
        let gone = placed
            .iter()
            .filter(|(id, _)| !wanted.contains(id.as_slice()));
        self.take_out(table, gone, one_by_one, written).await?;
        let mut missing = HashSet::new();
        if parcel.anew {
            let ids: Vec<_> = placed.keys().cloned().collect();
            let there = self.there(table, &ids).await?;
            missing = ids
                .into_iter()
                .filter(|id| !there.contains_key(id))
                .collect();
            self.forget(table, &missing.iter().cloned().collect::<Vec<_>>())
                .await?;
        }
        let (mut new, mut other) = (Vec::new(), Vec::new());
        for row in &placement.rows {
            match placed.get(row.id()) {
                Some(_) if missing.contains(row.id()) => new.push(row),
                Some(note) if note.digest == row.digest && !parcel.anew => {}
                Some(_) => other.push(row),
                None => new.push(row),
            }
        }
        self.change_all(placement, other, one_by_one, written)
            .await?;
        self.add(placement, new, one_by_one, written).await?;
        self.remark(parcel, placement, &written.remarks.clone())
            .await
    }

    /// The rows of a shared table whose ids are one of these for the server, by the ids as they stand there.
    async fn there(
        &mut self,
        table: SharedTable,
        ids: &[Vec<u8>],
    ) -> Result<HashMap<Vec<u8>, RowThere>, Error> {
        let mut there = HashMap::new();
        for ids in ids.chunks(IDS_AT_ONCE) {
            let sql = format!(
                "SELECT {THERE} FROM {} WHERE id IN {}",
                self.shared_name(table),
                places(ids.len())
            );
            let values = ids.iter().map(|id| Value::from(id.clone())).collect();
            let rows = self.rows(&sql, values).await?;
            let rows = rows.iter().map(RowThere::of);
            there.extend(rows.map(|row| (row.id.clone(), row)));
        }
        Ok(there)
    }

    pub(super) fn shared_name(&self, table: SharedTable) -> String {
        format!("{}.{}", self.shared, quoted(table.name()))
    }

    /// Takes rows of the relay's out of a shared table, but for those that others refer to.
    async fn take_out(
        &mut self,
        table: SharedTable,
        rows: impl Iterator<Item = (&Vec<u8>, &PlacedNote)>,
        one_by_one: bool,
        written: &mut Written,
    ) -> Result<(), Error> {
        let rows: Vec<_> = rows.collect();
        let ids: Vec<_> = rows.iter().map(|(id, _)| (*id).clone()).collect();
        let referred = self.referred_to(table, &ids).await?;
        let mut gone = Vec::new();
        // The collation finds more than the one that is meant.
        let sql = format!(
            "DELETE FROM {} WHERE id = ? AND CAST(id AS BINARY) = ?",
            self.shared_name(table)
        );
        for (id, note) in rows {
            let what = if referred.contains(id) {
                Remark::REFERRED_TO.to_owned()
            } else {
                let values = vec![id.clone().into(), id.clone().into()];
                match self.run(&sql, values).await {
                    Ok(deleted) => {
                        written.taken_out += deleted;
                        gone.push(id.clone());
                        continue;
                    }
                    Err(error) => match error.of_row().filter(|_| one_by_one) {
                        Some(1451) => Remark::REFERRED_TO.to_owned(),
                        Some(code) => format!("{}{code}", Remark::REFUSED),
                        None => return Err(error),
                    },
                }
            };
            written.remarks.push(Remark {
                table,
                number: number_of(&note.row_key),
                id: String::from_utf8_lossy(id).into_owned(),
                what,
                column: "",
            });
        }
        self.forget(table, &gone).await
    }

    /// Changes rows, and those that are refused once more as long as that helps: a value that has to be unique may go from
    /// one row to another.
    async fn change_all(
        &mut self,
        placement: &Placement,
        mut rows: Vec<&RowToPlace>,
        one_by_one: bool,
        written: &mut Written,
    ) -> Result<(), Error> {
        loop {
            let (before, told) = (rows.len(), written.remarks.len());
            let mut refused = Vec::new();
            for row in rows {
                let told = written.remarks.len();
                self.change(placement, row, one_by_one, written).await?;
                if written.remarks.len() > told {
                    refused.push(row);
                }
            }
            if refused.is_empty() || refused.len() == before {
                return Ok(());
            }
            written.remarks.truncate(told);
            rows = refused;
        }
    }

    async fn change(
        &mut self,
        placement: &Placement,
        row: &RowToPlace,
        one_by_one: bool,
        written: &mut Written,
    ) -> Result<(), Error> {
        let assigned = placement.columns[1..].iter();
        let assigned: Vec<_> = assigned
            .map(|name| format!("{} = ?", quoted(name)))
            .collect();
        let sql = format!(
            "UPDATE {} SET {} WHERE id = ? AND CAST(id AS BINARY) = ?",
            self.shared_name(placement.table),
            assigned.join(", ")
        );
        let id = Value::from(row.id());
        let values = row.cells[1..].iter().map(value);
        let values = values.chain([id.clone(), id.clone()]).collect();
        match self.run(&sql, values).await {
            Ok(_) => written.placed += 1,
            Err(error) => return refused(placement, row, &error, one_by_one, written),
        }
        let sql = format!(
            "UPDATE {}.placed_rows SET digest = ?, row_key = ? WHERE shared_table = ? AND id = ?",
            self.own
        );
        let (digest, key) = (row.digest.to_vec(), key_of(row.number).to_vec());
        let table = placement.table.name();
        let values = vec![digest.into(), key.into(), table.into(), id];
        self.run(&sql, values).await.map(drop)
    }

    /// Adds rows that the relay did not put there before.
    async fn add(
        &mut self,
        placement: &Placement,
        rows: Vec<&RowToPlace>,
        one_by_one: bool,
        written: &mut Written,
    ) -> Result<(), Error> {
        let table = placement.table;
        let ids: Vec<_> = rows.iter().map(|row| row.id().to_vec()).collect();
        let there = self.there(table, &ids).await?;
        // For the server one of ours may be one with one of theirs that is written otherwise.
        let is_exact = there.keys().all(|id| ids.contains(id));
        let target = self.shared_name(table);
        let columns: Vec<_> = placement.columns.iter().map(|name| quoted(name)).collect();
        let mut added = Vec::new();
        for row in rows {
            if let Some(there) = there.get(row.id())
                && row.was_put_there(&placement.columns, there)
            {
                self.find_again(placement, row, one_by_one, written).await?;
                continue;
            }
            let what = if there.contains_key(row.id()) {
                Some(Remark::THEIRS)
            } else if !is_exact && !self.there(table, &[row.id().to_vec()]).await?.is_empty() {
                Some(Remark::SAME_FOR_SERVER)
            } else {
                None
            };
            if let Some(what) = what {
                written.remarks.push(remark(placement, row, what));
            } else if one_by_one {
                let values = row.cells.iter().map(value).collect();
                match self
                    .insert(&target, &columns, std::iter::once(values))
                    .await
                {
                    Ok(()) => added.push(row),
                    Err(error) => refused(placement, row, &error, one_by_one, written)?,
                }
            } else {
                added.push(row);
            }
        }
        if !one_by_one {
            let values = added
                .iter()
                .map(|row| row.cells.iter().map(value).collect());
            self.insert(&target, &columns, values).await?;
        }
        written.placed += added.len() as u64;
        if one_by_one {
            // Somebody may have changed of which row a note is.
            let ids: Vec<_> = added.iter().map(|row| row.id().to_vec()).collect();
            self.forget(table, &ids).await?;
        }
        let notes = added.iter().map(|row| (*row, row.digest));
        self.note(table, notes).await
    }

    /// Takes a row over that a relay has put there, and of which nothing is noted any more, or that it is another's.
    async fn find_again(
        &mut self,
        placement: &Placement,
        row: &RowToPlace,
        one_by_one: bool,
        written: &mut Written,
    ) -> Result<(), Error> {
        let table = placement.table;
        self.forget(table, &[row.id().to_vec()]).await?;
        self.note(table, std::iter::once((row, [0; 32]))).await?;
        self.change(placement, row, one_by_one, written).await
    }

    /// Keeps what is to be said of the rows of a chunk.
    async fn remark(
        &mut self,
        parcel: &Parcel<'_>,
        placement: &Placement,
        found: &[Remark],
    ) -> Result<(), Error> {
        let table = placement.table;
        if !parcel.is_new {
            let (condition, mut values) = range_of_keys("row_key", parcel.chunk);
            values.insert(0, table.name().into());
            let sql = format!(
                "DELETE FROM {}.row_remarks WHERE shared_table = ? AND {condition}",
                self.own
            );
            self.run(&sql, values).await?;
        }
        let found = found.iter().filter(|remark| remark.table == table);
        let rows = placement.remarks.iter().chain(found).map(|remark| {
            vec![
                table.name().into(),
                key_of(remark.number).to_vec().into(),
                remark.what.clone().into(),
                remark.column.into(),
                remark.id.clone().into(),
            ]
        });
        let columns = ["shared_table", "row_key", "remark", "column_name", "id"];
        let target = format!("{}.row_remarks", self.own);
        self.insert(&target, &columns.map(str::to_owned), rows)
            .await
    }
}

fn remark(placement: &Placement, row: &RowToPlace, what: &str) -> Remark {
    Remark {
        table: placement.table,
        number: row.number,
        id: String::from_utf8_lossy(row.id()).into_owned(),
        what: what.to_owned(),
        column: "",
    }
}

/// Notes what the server had against a row that was written alone; any other error is told.
fn refused(
    placement: &Placement,
    row: &RowToPlace,
    error: &Error,
    one_by_one: bool,
    written: &mut Written,
) -> Result<(), Error> {
    match error.of_row() {
        Some(code) if one_by_one => {
            // A key that is there already: for the server two ids are one.
            let what = match code {
                1062 | 1586 => Remark::SAME_FOR_SERVER.to_owned(),
                code => format!("{}{code}", Remark::REFUSED),
            };
            written.remarks.push(remark(placement, row, &what));
            Ok(())
        }
        _ => Err(error.clone()),
    }
}
