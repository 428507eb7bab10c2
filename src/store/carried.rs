//! Every table of a copy of the database, in chunks, for another database (contract, section 14). The file is only read,
//! and in one read transaction: all chunks are of one moment.
//!
//! What the counts say can be had from the rows, and is not carried over.

use std::path::Path;

use rusqlite::types::ValueRef;
use rusqlite::{Connection, Row, params_from_iter};

use super::StoreError;
use super::connection::open_for_reading;
use crate::chunk::{Cell, Chunk, Column, Kind, Table, Unit};
use crate::crypto;

mod statistics;

/// Events in a chunk, and rows of any other table, about.
const ROWS: i64 = 500;
/// A chunk of so many bytes gets no further row.
const BYTES: usize = 2 * 1024 * 1024;
/// As many bytes may hang on the rows of a chunk, unless it is one row. The kept answers of many attempts are larger
/// than their events.
const BYTES_BESIDE: usize = 2 * BYTES;
/// A table whose keys are no row numbers ends a chunk behind a key whose hash is divisible by this: the same keys end
/// chunks whatever came between them meanwhile.
const ENDS_CHUNK: u16 = 512;

/// Events and what hangs on them, each with the column that has the event's number.
const OF_EVENTS: [(&str, &str); 13] = [
    ("events", "seq"),
    ("outbox", "event_seq"),
    ("attempts", "event_seq"),
    ("webhook_send_logs", BY_ID),
    ("webhook_retry_queue", BY_ID),
    ("dismissed_deliveries", "event_seq"),
    ("arrived_deliveries", "event_seq"),
    ("event_repeats", "event_seq"),
    ("incident_deliveries", "event_seq"),
    ("left_by_outages", "event_seq"),
    ("missing_deliveries", "event_seq"),
    ("unjudged_deliveries", "event_seq"),
    ("erased_events", "event_seq"),
];
/// The table has the event's id; its number is looked up, and carried as one more column.
const BY_ID: &str = "";
/// What hangs on nothing else, each with its key.
const ALONE: [&str; 23] = [
    "relay_time",
    "milestones",
    "interruptions",
    "routes_without_order",
    "idempotency_keys",
    "ingest_newest",
    "ingest_contents",
    "tokens",
    "incidents",
    "alert_messages",
    "alert_channels",
    "late_recipients",
    "holds",
    "recoveries",
    "reconciliations",
    "purged_findings",
    "hash_keys",
    "erasures",
    "erased_interviews",
    "erased_interviewers",
    "audit",
    "payload_reads",
    "monitor_sessions",
];

/// The values of a row.
type CarriedRow = Vec<Cell>;

/// A complete copy of the database, open for reading.
pub struct CarriedCopy {
    connection: Connection,
}

impl CarriedCopy {
    /// Opens a copy. What it says is of one moment, whatever becomes of its name.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        let connection = open_for_reading(path)?;
        connection.execute_batch("PRAGMA cache_size = -4096; BEGIN")?;
        Ok(Self { connection })
    }

    /// What is carried over, in this order.
    #[must_use]
    pub fn units() -> Vec<Unit> {
        let alone = ALONE.into_iter().map(Unit::Alone);
        [Unit::Interviews, Unit::Events]
            .into_iter()
            .chain(alone)
            .collect()
    }

    /// The tables of a unit.
    ///
    /// # Errors
    /// When the copy cannot be read.
    pub fn tables(&self, unit: Unit) -> Result<Vec<Table>, StoreError> {
        let names: Vec<(&'static str, Option<&str>)> = match unit {
            Unit::Events => OF_EVENTS.map(|(name, by)| (name, Some(by))).to_vec(),
            Unit::Interviews => vec![("interviews", Some("seq"))],
            Unit::Alone(name) => vec![(name, None)],
        };
        let tables = names.into_iter();
        Ok(tables
            .map(|(name, by)| table(&self.connection, name, by))
            .collect::<rusqlite::Result<_>>()?)
    }

    /// How many rows of its first table a unit has.
    ///
    /// # Errors
    /// When the copy cannot be read.
    pub fn size(&self, unit: Unit) -> Result<u64, StoreError> {
        let table = match unit {
            Unit::Events => "events",
            Unit::Interviews => "interviews",
            Unit::Alone(name) => name,
        };
        let sql = format!("SELECT count(*) FROM {table}");
        Ok(self.connection.query_row(&sql, [], |row| row.get(0))?)
    }

    /// The next chunk of a unit, by its tables, behind `after`; none: nothing is left.
    ///
    /// # Errors
    /// When the copy cannot be read.
    pub fn next(
        &self,
        tables: &[Table],
        after: Option<&Cell>,
    ) -> Result<Option<Chunk>, StoreError> {
        let Some((first, others)) = tables.split_first() else {
            return Ok(None);
        };
        let mut own = self.first_rows(first, after)?;
        while let Some(last) = own.last() {
            let upper = last[0].clone();
            let most = if own.len() == 1 {
                usize::MAX
            } else {
                BYTES_BESIDE
            };
            if let Some(beside) = self.rows_beside(others, after, &upper, most)? {
                let rows = std::iter::once(own).chain(beside).collect();
                return Ok(Some(Chunk {
                    lower: after.cloned(),
                    upper: Some(upper),
                    rows,
                }));
            }
            own.truncate(own.len() / 2);
        }
        Ok(None)
    }

    /// What hangs on the rows between two keys, table by table; none: it is more than `most` bytes.
    fn rows_beside(
        &self,
        tables: &[Table],
        after: Option<&Cell>,
        upper: &Cell,
        most: usize,
    ) -> Result<Option<Vec<Vec<CarriedRow>>>, StoreError> {
        let (mut all, mut room) = (Vec::new(), most);
        for table in tables {
            match self.rows_between(table, after, upper, &mut room)? {
                Some(rows) => all.push(rows),
                None => return Ok(None),
            }
        }
        Ok(Some(all))
    }

    /// The rows of the table by which a unit goes, as many as make a chunk.
    fn first_rows(
        &self,
        table: &Table,
        after: Option<&Cell>,
    ) -> Result<Vec<CarriedRow>, StoreError> {
        let (key, order) = (&table.columns[0].name, order(table));
        let behind = if after.is_some() {
            format!("WHERE {key} > ?1")
        } else {
            String::new()
        };
        let columns = columns(table, "");
        let sql = format!(
            "SELECT {columns} FROM {} {behind} ORDER BY {order}",
            table.name
        );
        let mut statement = self.connection.prepare_cached(&sql)?;
        let mut found = statement.query(params_from_iter(after.map(value)))?;
        let (mut rows, mut bytes): (Vec<Vec<Cell>>, usize) = (Vec::new(), 0);
        while let Some(row) = found.next()? {
            let row = cells(row, table)?;
            if let Some(last) = rows.last()
                && last[0] != row[0]
                && (bytes >= BYTES || ends(table, &last[0], &row[0]))
            {
                break;
            }
            bytes += row.iter().map(Cell::size).sum::<usize>();
            rows.push(row);
        }
        Ok(rows)
    }

    /// The rows of a table between two keys; none: they are larger than the room that is left, which gets smaller.
    fn rows_between(
        &self,
        table: &Table,
        after: Option<&Cell>,
        upper: &Cell,
        room: &mut usize,
    ) -> Result<Option<Vec<CarriedRow>>, StoreError> {
        let key = &table.columns[0].name;
        let is_by_id = OF_EVENTS.contains(&(table.name, BY_ID));
        let (columns, from, key) = if is_by_id {
            let columns = format!("e.seq, {}", columns(&without_first(table), "t."));
            let from = format!("events e CROSS JOIN {} t ON t.id = e.id", table.name);
            (columns, from, "e.seq")
        } else {
            (columns(table, ""), table.name.to_owned(), key.as_str())
        };
        let (behind, order) = (
            after.map_or(String::new(), |_| format!("AND {key} > ?2")),
            if is_by_id {
                key.to_owned()
            } else {
                order(table)
            },
        );
        let sql =
            format!("SELECT {columns} FROM {from} WHERE {key} <= ?1 {behind} ORDER BY {order}");
        let values = [Some(upper), after].into_iter().flatten().map(value);
        let mut statement = self.connection.prepare_cached(&sql)?;
        let mut found = statement.query(params_from_iter(values))?;
        let mut rows = Vec::new();
        while let Some(row) = found.next()? {
            let row = cells(row, table)?;
            let size = row.iter().map(Cell::size).sum();
            match room.checked_sub(size) {
                Some(left) => *room = left,
                None => return Ok(None),
            }
            rows.push(row);
        }
        Ok(Some(rows))
    }

    /// The retries that are still to be made, by their ids: the first few of them, and how many there are.
    ///
    /// # Errors
    /// When the copy cannot be read.
    pub fn waiting(&self, most: u32) -> Result<(u64, Vec<String>), StoreError> {
        let count = "SELECT count(*) FROM outbox";
        let count = self.connection.query_row(count, [], |row| row.get(0))?;
        let mut ids = self.connection.prepare(
            "SELECT e.id FROM outbox o JOIN events e ON e.seq = o.event_seq ORDER BY o.event_seq LIMIT ?1",
        )?;
        let ids = ids.query_map([most], |row| row.get(0))?;
        Ok((count, ids.collect::<rusqlite::Result<_>>()?))
    }
}

/// Whether a chunk of a table ends between two keys that follow each other.
fn ends(table: &Table, last: &Cell, next: &Cell) -> bool {
    let are_row_numbers = table.columns[0].name == "seq";
    match (last, next) {
        (Cell::Integer(last), Cell::Integer(next)) if are_row_numbers => {
            (last - 1).div_euclid(ROWS) != (next - 1).div_euclid(ROWS)
        }
        _ => {
            let [a, b, ..] = crypto::sha256(&[&last.as_key()]);
            u16::from_be_bytes([a, b]).is_multiple_of(ENDS_CHUNK)
        }
    }
}

/// A table by its columns in the copy. `by`: the column by which it goes, where that is not its own key.
fn table(connection: &Connection, name: &'static str, by: Option<&str>) -> rusqlite::Result<Table> {
    let mut statement = connection.prepare("SELECT name, type, pk FROM pragma_table_info(?1)")?;
    let found = statement.query_map([name], |row| {
        let kind: String = row.get(1)?;
        let kind = match kind.as_str() {
            "INTEGER" => Kind::Integer,
            "TEXT" => Kind::Text,
            _ => Kind::Bytes,
        };
        let column = Column {
            name: row.get(0)?,
            kind,
        };
        Ok((column, row.get::<_, u32>(2)?))
    })?;
    let mut columns: Vec<(Column, u32)> = found.collect::<rusqlite::Result<_>>()?;
    if by == Some(BY_ID) {
        let number = Column {
            name: "event_seq".to_owned(),
            kind: Kind::Integer,
        };
        let columns = std::iter::once(number).chain(columns.into_iter().map(|(column, _)| column));
        return Ok(Table {
            name,
            columns: columns.collect(),
            key: 1,
        });
    }
    // The one by which it goes comes first, then the rest of the key, then everything else.
    columns.sort_by_key(|(column, place)| {
        let is_first = by == Some(column.name.as_str());
        let in_key = if *place == 0 { u32::MAX } else { *place };
        (!is_first, in_key)
    });
    let is_key = |(column, place): &&(Column, u32)| *place > 0 || by == Some(&column.name);
    let key = columns.iter().filter(is_key).count();
    Ok(Table {
        name,
        columns: columns.into_iter().map(|(column, _)| column).collect(),
        key,
    })
}

fn without_first(table: &Table) -> Table {
    Table {
        columns: table.columns[1..].to_vec(),
        ..table.clone()
    }
}

fn columns(table: &Table, prefix: &str) -> String {
    let names = table
        .columns
        .iter()
        .map(|c| format!("{prefix}\"{}\"", c.name));
    names.collect::<Vec<_>>().join(", ")
}

fn order(table: &Table) -> String {
    let names = table.columns[..table.key].iter();
    let names = names.map(|column| format!("\"{}\"", column.name));
    names.collect::<Vec<_>>().join(", ")
}

fn value(cell: &Cell) -> rusqlite::types::Value {
    match cell {
        Cell::Null => rusqlite::types::Value::Null,
        Cell::Integer(number) => (*number).into(),
        Cell::Text(bytes) => String::from_utf8_lossy(bytes).into_owned().into(),
        Cell::Bytes(bytes) => bytes.clone().into(),
    }
}

fn cells(row: &Row<'_>, table: &Table) -> rusqlite::Result<Vec<Cell>> {
    let cell = |at: usize| {
        Ok(match row.get_ref(at)? {
            ValueRef::Null => Cell::Null,
            ValueRef::Integer(number) => Cell::Integer(number),
            ValueRef::Text(bytes) => Cell::Text(bytes.to_owned()),
            ValueRef::Blob(bytes) => Cell::Bytes(bytes.to_owned()),
            ValueRef::Real(_) => {
                let name = table.columns[at].name.clone();
                let kind = rusqlite::types::Type::Real;
                return Err(rusqlite::Error::InvalidColumnType(at, name, kind));
            }
        })
    };
    (0..table.columns.len()).map(cell).collect()
}

#[cfg(test)]
mod tests;
