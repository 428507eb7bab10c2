//! Reading the shared tables back, and the links between interviews.

use std::collections::{HashMap, HashSet};

use mysql_async::Value;

use super::own::range_of_keys;
use super::values::{IDS_AT_ONCE, bytes, count, places, quoted, text, value};
use super::{Remark, SharedDatabase, SharedDatabaseError as Error, SharedTable};
use crate::chunk::{Cell, Chunk, Unit};

/// A row of a shared table, each value as text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlacedRow {
    /// In the order in which the columns were asked for.
    pub values: Vec<Option<Vec<u8>>>,
}

/// What is said of a row, as the own database has it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RemarkThere {
    /// The key of the relay's row.
    pub row_key: Vec<u8>,
    /// What, as a word.
    pub what: Vec<u8>,
    /// In which column; empty: in the whole row.
    pub column: Vec<u8>,
    /// The row's id.
    pub id: Vec<u8>,
}

/// From which interview one was rescheduled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// The later one.
    pub id: Vec<u8>,
    /// The earlier one; none: it stands for no other.
    pub origin: Option<Vec<u8>>,
    /// When the record was changed last, as the shared table has it.
    pub updated_at: Cell,
}

impl SharedDatabase {
    /// The rows with exactly these ids, by id, with these columns.
    ///
    /// # Errors
    /// The server's.
    pub async fn shared_rows(
        &mut self,
        table: SharedTable,
        columns: &[&str],
        ids: &[Vec<u8>],
    ) -> Result<HashMap<Vec<u8>, PlacedRow>, Error> {
        let wanted: HashSet<&Vec<u8>> = ids.iter().collect();
        let texts = columns
            .iter()
            .map(|name| format!("CAST({} AS CHAR)", quoted(name)));
        let texts: Vec<_> = texts.collect();
        let mut found = HashMap::new();
        for ids in ids.chunks(IDS_AT_ONCE) {
            let sql = format!(
                "SELECT CAST(id AS BINARY), {} FROM {} WHERE id IN {}",
                texts.join(", "),
                self.shared_name(table),
                places(ids.len())
            );
            let values = ids.iter().map(|id| Value::from(id.clone())).collect();
            for row in self.patiently(&sql, values).await? {
                let id = bytes(&row, 0);
                let text = |at| match row.as_ref(at) {
                    Some(Value::Bytes(bytes)) => Some(bytes.clone()),
                    _ => None,
                };
                let values = (1..=columns.len()).map(text).collect();
                if wanted.contains(&id) {
                    found.insert(id, PlacedRow { values });
                }
            }
        }
        Ok(found)
    }

    /// Those of these ids under which the relay has put a row into a shared table.
    ///
    /// # Errors
    /// The server's.
    pub async fn placed(
        &mut self,
        table: SharedTable,
        ids: &[Vec<u8>],
    ) -> Result<HashSet<Vec<u8>>, Error> {
        let mut placed = HashSet::new();
        for ids in ids.chunks(IDS_AT_ONCE) {
            let sql = format!(
                "SELECT id FROM {}.placed_rows WHERE shared_table = ? AND id IN {}",
                self.own,
                places(ids.len())
            );
            let ids = ids.iter().map(|id| Value::from(id.clone()));
            let values = std::iter::once(table.name().into()).chain(ids);
            let rows = self.patiently(&sql, values.collect()).await?;
            placed.extend(rows.iter().map(|row| bytes(row, 0)));
        }
        Ok(placed)
    }

    /// What is said of the rows of a chunk: the row's key, the word, the column, the id.
    ///
    /// # Errors
    /// The server's.
    pub async fn remarks_in(
        &mut self,
        table: SharedTable,
        chunk: &Chunk,
    ) -> Result<HashSet<RemarkThere>, Error> {
        let (condition, mut values) = range_of_keys("row_key", chunk);
        values.insert(0, table.name().into());
        let sql = format!(
            "SELECT row_key, remark, column_name, id FROM {}.row_remarks WHERE shared_table = ? AND {condition}",
            self.own
        );
        let rows = self.patiently(&sql, values).await?;
        let remarks = rows.iter().map(|row| RemarkThere {
            row_key: bytes(row, 0),
            what: bytes(row, 1),
            column: bytes(row, 2),
            id: bytes(row, 3),
        });
        Ok(remarks.collect())
    }

    /// Whether rows of a unit were kept out when they were written, by the server or by somebody else's rows, or could not
    /// be taken out; `chunk`: of its rows alone.
    ///
    /// # Errors
    /// The server's.
    pub async fn has_refused(&mut self, unit: Unit, chunk: Option<&Chunk>) -> Result<bool, Error> {
        let tables = SharedTable::of(unit);
        if tables.is_empty() {
            return Ok(false);
        }
        let words = [Remark::THEIRS, Remark::SAME_FOR_SERVER, Remark::REFERRED_TO];
        let words = words.map(|word| format!("'{word}'")).join(",");
        let sql = format!(
            "SELECT 1 FROM {}.row_remarks WHERE shared_table IN {} AND (remark IN ({words}) OR remark LIKE '{}%')",
            self.own,
            places(tables.len()),
            Remark::REFUSED
        );
        let tables = tables.iter().map(|table| table.name().into());
        let mut values: Vec<Value> = tables.collect();
        let mut range = "1 = 1".to_owned();
        if let Some(chunk) = chunk {
            let (condition, ends) = range_of_keys("row_key", chunk);
            range = condition;
            values.extend(ends);
        }
        let sql = format!("{sql} AND {range} LIMIT 1");
        let rows = self.patiently(&sql, values).await?;
        Ok(!rows.is_empty())
    }

    /// Retries that the staff system's own worker will make, by their ids: how many, and the first of them. The relay puts
    /// none there.
    ///
    /// # Errors
    /// The server's.
    pub async fn theirs_to_be_sent(&mut self, most: u32) -> Result<(u64, Vec<String>), Error> {
        let rows = format!(
            "FROM {} WHERE status IN ('pending', 'processing')",
            self.shared_name(SharedTable::Queue)
        );
        let counted = self
            .rows(&format!("SELECT COUNT(*) {rows}"), Vec::new())
            .await?;
        let sql = format!("SELECT id {rows} ORDER BY next_retry_at, id LIMIT {most}");
        let ids = self.rows(&sql, Vec::new()).await?;
        let counted = counted.first().map(|row| count(row, 0));
        Ok((
            counted.unwrap_or_default(),
            ids.iter().map(|row| text(row, 0)).collect(),
        ))
    }

    /// What is said of rows: how many for each word and column, and the first ids of each.
    ///
    /// # Errors
    /// The server's.
    pub async fn remarks(
        &mut self,
        most: u32,
    ) -> Result<Vec<(String, String, String, u64, Vec<String>)>, Error> {
        let sql = format!(
            "SELECT shared_table, remark, column_name, COUNT(*) FROM {}.row_remarks
              GROUP BY shared_table, remark, column_name ORDER BY 1, 2, 3",
            self.own
        );
        let mut all = Vec::new();
        for row in self.patiently(&sql, Vec::new()).await? {
            let (table, what, column) = (text(&row, 0), text(&row, 1), text(&row, 2));
            let count = count(&row, 3);
            let sql = format!(
                "SELECT id FROM {}.row_remarks WHERE shared_table = ? AND remark = ? AND column_name = ?
                  ORDER BY row_key LIMIT {most}",
                self.own
            );
            let values = vec![
                table.clone().into(),
                what.clone().into(),
                column.clone().into(),
            ];
            let ids = self.patiently(&sql, values).await?;
            let ids = ids
                .iter()
                .map(|row| String::from_utf8_lossy(&bytes(row, 0)).into_owned());
            all.push((table, what, column, count, ids.collect()));
        }
        Ok(all)
    }

    /// Answers how many were changed.
    pub(super) async fn set_links(&mut self, links: &[Link]) -> Result<u64, Error> {
        let ids: Vec<_> = links.iter().map(|link| link.id.clone()).collect();
        let table = SharedTable::Interviews;
        let there = self
            .shared_rows(table, &["rescheduled_from_id"], &ids)
            .await?;
        let mut changed = 0;
        for link in links {
            let Some(row) = there.get(&link.id) else {
                continue;
            };
            if row.values[0] == link.origin {
                continue;
            }
            let sql = format!(
                "UPDATE {} SET rescheduled_from_id = ?, updated_at = ?
                  WHERE id = ? AND CAST(id AS BINARY) = ?",
                self.shared_name(table)
            );
            let id = Value::from(link.id.clone());
            let origin = link.origin.clone().map_or(Value::NULL, Value::from);
            let values = vec![origin, value(&link.updated_at), id.clone(), id];
            changed += self.run(&sql, values).await?;
        }
        Ok(changed)
    }
}
