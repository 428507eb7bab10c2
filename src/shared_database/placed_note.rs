//! The notes in the own database of which rows were put into the shared tables.

use std::collections::HashMap;

use mysql_async::Value;

use super::own::range_of_keys;
use super::values::{IDS_AT_ONCE, bytes, places};
use super::{RowToPlace, SharedDatabase, SharedDatabaseError as Error, SharedTable};
use crate::chunk::{Chunk, key_of};

/// The note that a row was put into a shared table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlacedNote {
    /// The key of the relay's row.
    pub row_key: Vec<u8>,
    /// Of its cells.
    pub digest: [u8; 32],
}

impl SharedDatabase {
    /// What was placed for the rows of a chunk, by id.
    ///
    /// # Errors
    /// The server's.
    pub async fn placed_in(
        &mut self,
        table: SharedTable,
        chunk: &Chunk,
    ) -> Result<HashMap<Vec<u8>, PlacedNote>, Error> {
        let (condition, mut values) = range_of_keys("row_key", chunk);
        values.insert(0, table.name().into());
        let sql = format!(
            "SELECT id, row_key, digest FROM {}.placed_rows WHERE shared_table = ? AND {condition}",
            self.own
        );
        let rows = self.patiently(&sql, values).await?;
        let placed = rows.iter().map(|row| {
            let note = PlacedNote {
                row_key: bytes(row, 1),
                digest: bytes(row, 2).try_into().unwrap_or_default(),
            };
            (bytes(row, 0), note)
        });
        Ok(placed.collect())
    }

    /// Notes nothing more of these rows.
    pub(super) async fn forget(
        &mut self,
        table: SharedTable,
        ids: &[Vec<u8>],
    ) -> Result<(), Error> {
        for ids in ids.chunks(IDS_AT_ONCE) {
            let sql = format!(
                "DELETE FROM {}.placed_rows WHERE shared_table = ? AND id IN {}",
                self.own,
                places(ids.len())
            );
            let ids = ids.iter().map(|id| Value::from(id.clone()));
            let values = std::iter::once(table.name().into()).chain(ids);
            self.run(&sql, values.collect()).await?;
        }
        Ok(())
    }

    /// Notes that rows stand in a shared table, with the digests of what they are there.
    pub(super) async fn note(
        &mut self,
        table: SharedTable,
        rows: impl Iterator<Item = (&RowToPlace, [u8; 32])>,
    ) -> Result<(), Error> {
        let notes = rows.map(|(row, digest)| {
            vec![
                table.name().into(),
                row.id().into(),
                key_of(row.number).to_vec().into(),
                digest.to_vec().into(),
            ]
        });
        let columns = ["shared_table", "id", "row_key", "digest"].map(str::to_owned);
        let target = format!("{}.placed_rows", self.own);
        self.insert(&target, &columns, notes).await
    }
}
