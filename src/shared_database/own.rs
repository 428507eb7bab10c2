//! The relay's own database on the server: every table of the relay as it is, and how far the copy has come.
//!
//! Texts that are keys are bytes there: no collation makes two of them one.

use std::collections::HashSet;

use mysql_async::{Row, Value};

use super::values::{bytes, quoted, text, value};
use super::{SharedDatabase, SharedDatabaseError as Error};
use crate::chunk::{Cell, Chunk, Kind, Table, Unit};
use crate::crypto::Sha256;

/// The longest text that is a key, in bytes: four times what the program allows.
const KEY_BYTES: usize = 768;
/// Columns that are looked up though they are no key.
const LOOKED_UP: &str = "id";

/// A part of a unit that was copied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownChunk {
    /// The key behind which it begins; empty: at the beginning.
    pub lower: Vec<u8>,
    /// Its last key.
    pub upper: Vec<u8>,
    /// Of its rows, here and there.
    pub digest: [u8; 32],
}

/// How a table is kept, whatever the server would take: other forms have no room for these keys.
const FORM: &str = "ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin";
/// The comments of the tables that the relay makes: those that it keeps everything in, and those about the copy itself.
const MARK: &str = "voicedrive-relay";
const MARK_OF_THE_COPY: &str = "voicedrive-relay: how far the copy is";

/// Tables about the copy itself.
const OF_THE_COPY: [&str; 4] = [
    "CREATE TABLE IF NOT EXISTS {own}.`copy_state` (
       id TINYINT NOT NULL PRIMARY KEY, token BINARY(16) NOT NULL, tables_digest BINARY(32) NOT NULL)",
    "CREATE TABLE IF NOT EXISTS {own}.`copied_chunks` (
       unit VARBINARY(64) NOT NULL, upper VARBINARY(768) NOT NULL, lower VARBINARY(768) NOT NULL,
       digest BINARY(32) NOT NULL, PRIMARY KEY (unit, upper))",
    "CREATE TABLE IF NOT EXISTS {own}.`placed_rows` (
       shared_table VARBINARY(64) NOT NULL, id VARBINARY(768) NOT NULL, row_key VARBINARY(16) NOT NULL,
       digest BINARY(32) NOT NULL, PRIMARY KEY (shared_table, id), KEY by_row (shared_table, row_key))",
    "CREATE TABLE IF NOT EXISTS {own}.`row_remarks` (
       shared_table VARBINARY(64) NOT NULL, row_key VARBINARY(16) NOT NULL, remark VARBINARY(64) NOT NULL,
       column_name VARBINARY(64) NOT NULL, id VARBINARY(768) NOT NULL,
       PRIMARY KEY (shared_table, row_key, remark, column_name))",
];

impl SharedDatabase {
    /// Makes the own database and its tables where they are missing, and takes it over for this copy. The tables of another
    /// version are made anew.
    ///
    /// # Errors
    /// The server's.
    pub async fn prepare(&mut self, tables: &[Table]) -> Result<(), Error> {
        let own = self.own.clone();
        let sql = format!(
            "CREATE DATABASE IF NOT EXISTS {own} CHARACTER SET utf8mb4 COLLATE utf8mb4_bin"
        );
        if let Err(error) = self.run(&sql, Vec::new()).await
            && !self.has_database(&self.names.0.clone()).await?
        {
            return Err(error);
        }
        for sql in OF_THE_COPY {
            let sql = format!(
                "{} {FORM} COMMENT='{MARK_OF_THE_COPY}'",
                sql.replace("{own}", &own)
            );
            self.run(&sql, Vec::new()).await?;
        }
        let digest = digest_of(tables);
        self.run(
            &format!(
                "INSERT IGNORE INTO {own}.copy_state (id, token, tables_digest) VALUES (1, ?, ?)"
            ),
            vec![new_token().to_vec().into(), digest.to_vec().into()],
        )
        .await?;
        if self.kept_digest().await? != Some(digest.to_vec()) {
            self.make_way(digest).await?;
        }
        for table in tables {
            self.run(&made(table, &own), Vec::new()).await?;
        }
        for view in super::statistics::views(&self.own, &self.shared) {
            self.run(&view, Vec::new()).await?;
        }
        self.take_over().await
    }

    /// Drops the tables of another version, and has every part of them count as changed. What was put into the shared
    /// tables stays known.
    async fn make_way(&mut self, digest: [u8; 32]) -> Result<(), Error> {
        let own = self.own.clone();
        let sql = format!("UPDATE {own}.copied_chunks SET digest = ?");
        self.run(&sql, vec![vec![0; digest.len()].into()]).await?;
        let sql = "SELECT table_name FROM information_schema.tables WHERE table_schema = ? AND table_comment = ?";
        let values = vec![self.names.0.clone().into(), MARK.into()];
        for row in self.rows(sql, values).await? {
            let sql = format!("DROP TABLE {own}.{}", quoted(&text(&row, 0)));
            self.run(&sql, Vec::new()).await?;
        }
        let sql = format!("UPDATE {own}.copy_state SET tables_digest = ? WHERE id = 1");
        self.run(&sql, vec![digest.to_vec().into()]).await.map(drop)
    }

    /// Tables of the own database that a relay has not made.
    pub(super) async fn tables_of_others(&mut self) -> Result<Vec<String>, Error> {
        let sql = "SELECT table_name FROM information_schema.tables
                    WHERE table_schema = ? AND table_type = 'BASE TABLE' AND table_comment NOT IN (?, ?)
                    ORDER BY table_name";
        let values = vec![
            self.names.0.clone().into(),
            MARK.into(),
            MARK_OF_THE_COPY.into(),
        ];
        let rows = self.rows(sql, values).await?;
        Ok(rows.iter().map(|row| text(row, 0)).collect())
    }

    /// Whether a database with this name is there, as far as this user may see.
    pub(super) async fn has_database(&mut self, name: &str) -> Result<bool, Error> {
        let sql = "SELECT 1 FROM information_schema.schemata WHERE schema_name = ?";
        Ok(!self.rows(sql, vec![name.into()]).await?.is_empty())
    }

    /// Whether a copy was begun there by a relay with these tables.
    ///
    /// # Errors
    /// `NothingCopied` and `OtherVersion`
    pub async fn is_prepared(&mut self, tables: &[Table]) -> Result<(), Error> {
        let own = self.names.0.clone();
        let sql = "SELECT 1 FROM information_schema.tables WHERE table_schema = ? AND table_name = 'copy_state'";
        if self.rows(sql, vec![own.into()]).await?.is_empty() {
            return Err(Error::NothingCopied);
        }
        match self.kept_digest().await? {
            None => Err(Error::NothingCopied),
            Some(digest) if digest == digest_of(tables) => self.is_made(tables).await,
            Some(_) => Err(Error::OtherVersion),
        }
    }

    /// Whether all of it is there: the first copy may have been broken off while it was made.
    async fn is_made(&mut self, tables: &[Table]) -> Result<(), Error> {
        let sql = "SELECT table_name FROM information_schema.tables WHERE table_schema = ?";
        let found = self.rows(sql, vec![self.names.0.clone().into()]).await?;
        let found: HashSet<_> = found.iter().map(|row| bytes(row, 0)).collect();
        let tables = tables.iter().map(|table| table.name);
        let mut needed = tables.chain(super::statistics::VIEW_NAMES);
        if needed.all(|name| found.contains(name.as_bytes())) {
            Ok(())
        } else {
            Err(Error::NothingCopied)
        }
    }

    async fn kept_digest(&mut self) -> Result<Option<Vec<u8>>, Error> {
        let sql = format!(
            "SELECT tables_digest FROM {}.copy_state WHERE id = 1",
            self.own
        );
        let rows = self.rows(&sql, Vec::new()).await?;
        Ok(rows.into_iter().next().map(|row| bytes(&row, 0)))
    }

    /// From now on the transactions of any other copy fail.
    async fn take_over(&mut self) -> Result<(), Error> {
        let token = new_token();
        let sql = format!("UPDATE {}.copy_state SET token = ? WHERE id = 1", self.own);
        self.run(&sql, vec![token.to_vec().into()]).await?;
        self.token = Some(token);
        Ok(())
    }

    /// Begins a transaction of this copy, with a new mark. Whoever reads the mark under a lock knows whether it was
    /// committed.
    pub(super) async fn begin(&mut self, token: [u8; 16]) -> Result<(), Error> {
        self.run("START TRANSACTION", Vec::new()).await?;
        self.in_transaction = true;
        let sql = format!(
            "UPDATE {}.copy_state SET token = ? WHERE id = 1 AND token = ?",
            self.own
        );
        let held = self.token.unwrap_or_default();
        let values = vec![token.to_vec().into(), held.to_vec().into()];
        if self.run(&sql, values).await? == 1 {
            Ok(())
        } else {
            Err(Error::Overtaken)
        }
    }

    /// Connects again and answers whether the transaction with this mark was committed. The lock waits for the end of one
    /// that the server has not given up yet.
    pub(super) async fn was_committed(&mut self, token: [u8; 16]) -> Result<bool, Error> {
        self.connect_again().await?;
        self.run("START TRANSACTION", Vec::new()).await?;
        let sql = format!(
            "SELECT token FROM {}.copy_state WHERE id = 1 FOR UPDATE",
            self.own
        );
        let rows = self.rows(&sql, Vec::new()).await?;
        self.run("COMMIT", Vec::new()).await?;
        let found = rows.first().map(|row| bytes(row, 0)).unwrap_or_default();
        if found == token {
            return Ok(true);
        }
        if Some(found.as_slice()) == self.token.as_ref().map(<[u8; 16]>::as_slice) {
            return Ok(false);
        }
        Err(Error::Overtaken)
    }

    /// The first part of a unit that was copied and ends behind a key.
    ///
    /// # Errors
    /// The server's.
    pub async fn known_behind(
        &mut self,
        unit: Unit,
        lower: Option<&Cell>,
    ) -> Result<Option<KnownChunk>, Error> {
        let sql = format!(
            "SELECT upper, lower, digest FROM {}.copied_chunks WHERE unit = ? AND upper > ? ORDER BY upper LIMIT 1",
            self.own
        );
        let values = vec![word(unit), key(lower).into()];
        let rows = self.patiently(&sql, values).await?;
        Ok(rows.first().map(|row| KnownChunk {
            lower: bytes(row, 1),
            upper: bytes(row, 0),
            digest: bytes(row, 2).try_into().unwrap_or_default(),
        }))
    }

    /// The rows of a table of the relay's own that stand between two keys, in the order of its key.
    ///
    /// # Errors
    /// The server's.
    pub async fn own_rows(
        &mut self,
        table: &Table,
        lower: Option<&Cell>,
        upper: Option<&Cell>,
    ) -> Result<Vec<Vec<Cell>>, Error> {
        let (condition, values) = between(table, lower, upper);
        let names = table.columns.iter().map(|column| quoted(&column.name));
        let names: Vec<_> = names.collect();
        let sql = format!(
            "SELECT {} FROM {}.{} WHERE {condition} ORDER BY {}",
            names.join(","),
            self.own,
            quoted(table.name),
            names[..table.key].join(",")
        );
        let rows = self.patiently(&sql, values).await?;
        Ok(rows.into_iter().map(|row| cells(row, table)).collect())
    }
}

/// The condition for the rows of a table between two keys.
pub(super) fn between(
    table: &Table,
    lower: Option<&Cell>,
    upper: Option<&Cell>,
) -> (String, Vec<Value>) {
    let key = quoted(&table.columns[0].name);
    let mut conditions = vec!["1 = 1".to_owned()];
    let mut values = Vec::new();
    for (bound, sign) in [(lower, ">"), (upper, "<=")] {
        if let Some(bound) = bound {
            conditions.push(format!("{key} {sign} ?"));
            values.push(value(bound));
        }
    }
    (conditions.join(" AND "), values)
}

/// The condition for what was noted under keys of a chunk.
pub(super) fn range_of_keys(column: &str, chunk: &Chunk) -> (String, Vec<Value>) {
    let lower = key(chunk.lower.as_ref()).into();
    match &chunk.upper {
        Some(upper) => {
            let condition = format!("{column} > ? AND {column} <= ?");
            (condition, vec![lower, upper.as_key().into()])
        }
        None => (format!("{column} > ?"), vec![lower]),
    }
}

/// A bound as a key; without one it is the beginning.
pub(super) fn key(bound: Option<&Cell>) -> Vec<u8> {
    bound.map(Cell::as_key).unwrap_or_default()
}

/// A mark for a transaction.
pub(super) fn new_token() -> [u8; 16] {
    uuid::Uuid::new_v4().into_bytes()
}

/// The word of a unit, as a value.
pub(super) fn word(unit: Unit) -> Value {
    unit.word().into()
}

fn cells(row: Row, table: &Table) -> Vec<Cell> {
    let values = row.unwrap().into_iter().zip(&table.columns);
    let cells = values.map(|(value, column)| match (value, column.kind) {
        (Value::Int(number), _) => Cell::Integer(number),
        (Value::UInt(number), _) => Cell::Integer(number.cast_signed()),
        (Value::Bytes(bytes), Kind::Bytes) => Cell::Bytes(bytes),
        (Value::Bytes(bytes), _) => Cell::Text(bytes),
        _ => Cell::Null,
    });
    cells.collect()
}

/// The statement that makes a table as the relay has it.
fn made(table: &Table, own: &str) -> String {
    let mut parts = Vec::new();
    for (at, column) in table.columns.iter().enumerate() {
        let is_key = at < table.key;
        let kind = match column.kind {
            Kind::Integer => "BIGINT".to_owned(),
            _ if is_key || column.name == LOOKED_UP => format!("VARBINARY({KEY_BYTES})"),
            Kind::Text => "LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin".to_owned(),
            Kind::Bytes => "LONGBLOB".to_owned(),
        };
        let null = if is_key { "NOT NULL" } else { "NULL" };
        parts.push(format!("{} {kind} {null}", quoted(&column.name)));
    }
    let key = table.columns[..table.key].iter();
    let key: Vec<_> = key.map(|column| quoted(&column.name)).collect();
    parts.push(format!("PRIMARY KEY ({})", key.join(",")));
    let behind = &table.columns[table.key..];
    if behind.iter().any(|column| column.name == LOOKED_UP) {
        parts.push(format!("KEY by_id ({})", quoted(LOOKED_UP)));
    }
    format!(
        "CREATE TABLE IF NOT EXISTS {own}.{} ({}) {FORM} COMMENT='{MARK}'",
        quoted(table.name),
        parts.join(", ")
    )
}

fn digest_of(tables: &[Table]) -> [u8; 32] {
    let mut digest = Sha256::default();
    for table in tables {
        digest.update(made(table, "").as_bytes());
    }
    digest.finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chunk::Column;

    #[test]
    fn a_table_is_made_with_keys_of_bytes() {
        let column = |name: &str, kind| Column {
            name: name.to_owned(),
            kind,
        };
        let table = Table {
            name: "t",
            columns: vec![
                column("a", Kind::Text),
                column("seq", Kind::Integer),
                column("key", Kind::Bytes),
                column("id", Kind::Text),
                column("data", Kind::Text),
            ],
            key: 2,
        };
        assert_eq!(
            made(&table, "`o`"),
            "CREATE TABLE IF NOT EXISTS `o`.`t` (`a` VARBINARY(768) NOT NULL, `seq` BIGINT NOT NULL, \
             `key` LONGBLOB NULL, `id` VARBINARY(768) NULL, \
             `data` LONGTEXT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NULL, PRIMARY KEY (`a`,`seq`), \
             KEY by_id (`id`)) ENGINE=InnoDB ROW_FORMAT=DYNAMIC DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin COMMENT='voicedrive-relay'"
        );
    }
}
