//! Looking at the server: what it is, what its tables are like, who works there. Nothing is changed.

use std::collections::{HashMap, HashSet};

use mysql_async::Value;
use mysql_async::prelude::Queryable;

use super::row_there::{RowThere, THERE};
use super::values::{bytes, count, is_given, places, quoted, text};
use super::watch::within;
use super::{
    Limit, Shape, ShapeOfColumn, SharedDatabase, SharedDatabaseError as Error, SharedTable,
    Unwritten,
};

/// Names for the code of an employee, as the staff system's schema or a hand may have written it.
const CODE_COLUMNS: [&str; 2] = ["employeeCode", "employee_code"];
/// The table that a trial is made with; it is gone with the connection.
const TRIAL: &str = "voicedrive_relay_trial";

/// What the relay does once in its own database, with the privilege that it takes.
const MAKING: [(&str, &str); 3] = [
    ("CREATE", "CREATE TABLE {table} (id INT)"),
    (
        "CREATE VIEW, DROP",
        "CREATE OR REPLACE VIEW {table} AS SELECT 1 AS id",
    ),
    (
        "CREATE TEMPORARY TABLES",
        "CREATE TEMPORARY TABLE {table} (id INT)",
    ),
];
/// And what it does in every table.
const KEEPING: [(&str, &str); 4] = [
    ("SELECT", "SELECT 1 FROM {table}"),
    ("INSERT", "INSERT INTO {table} () VALUES ()"),
    ("UPDATE", "UPDATE {table} SET id = NULL"),
    ("DELETE", "DELETE FROM {table}"),
];

/// What the server says of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Server {
    /// Version and what it calls itself.
    pub version: String,
    /// The mode of other connections.
    pub sql_mode: String,
    /// The time zone of other connections; `SYSTEM` with the system's.
    pub time_zone: String,
    /// Its time of day, in UTC.
    pub now: String,
    /// The longest statement that it takes, in bytes.
    pub max_packet: u64,
    /// Whether it takes no changes, such as one that follows another server.
    pub is_read_only: bool,
    /// Whether the relay's own database is there.
    pub has_own: bool,
    /// Whether the staff system's is.
    pub has_shared: bool,
    /// What this user may not do, and should: a privilege, and on what.
    pub not_granted: Vec<(&'static str, String)>,
    /// Tables in the relay's own database that are not the relay's.
    pub tables_of_others: Vec<String>,
}

impl SharedDatabase {
    /// Asks the server about itself.
    ///
    /// # Errors
    /// The server's.
    pub async fn server(&mut self) -> Result<Server, Error> {
        let sql = "SELECT CONCAT(VERSION(), ' ', @@version_comment), @@GLOBAL.sql_mode,
                          IF(@@GLOBAL.time_zone = 'SYSTEM', CONCAT('SYSTEM ', @@system_time_zone), @@GLOBAL.time_zone),
                          DATE_FORMAT(UTC_TIMESTAMP(3), '%Y-%m-%dT%H:%i:%s.%f'), @@GLOBAL.max_allowed_packet,
                          CAST(@@GLOBAL.read_only AS CHAR) NOT IN ('0', 'OFF')";
        let rows = self.rows(sql, Vec::new()).await?;
        let row = rows.first();
        let text = |at| row.map(|row| text(row, at)).unwrap_or_default();
        let (own, shared) = self.names.clone();
        // Microseconds; the last three digits are zero.
        let now = text(3)
            .get(..23)
            .map(|now| format!("{now}Z"))
            .unwrap_or_default();
        Ok(Server {
            version: text(0),
            sql_mode: text(1),
            time_zone: text(2),
            now,
            max_packet: row.map(|row| count(row, 4)).unwrap_or_default(),
            is_read_only: row.is_some_and(|row| count(row, 5) == 1),
            has_own: self.has_database(&own).await?,
            has_shared: self.has_database(&shared).await?,
            not_granted: self.not_granted().await?,
            tables_of_others: self.tables_of_others().await?,
        })
    }

    /// The server is asked to prepare what the relay will do, and nothing of it is done: it alone knows what roles and
    /// patterns of names allow.
    async fn not_granted(&mut self) -> Result<Vec<(&'static str, String)>, Error> {
        let own = (
            self.names.0.clone() + ".*",
            format!("{}.copy_state", self.own),
        );
        let shared = SharedTable::ALL.map(|table| {
            let name = format!("{}.{}", self.names.1, table.name());
            (name, self.shared_name(table))
        });
        let mut lacking = Vec::new();
        for (statements, (on, table)) in std::iter::once((&MAKING[..], &own))
            .chain(std::iter::once((&KEEPING[..], &own)))
            .chain(shared.iter().map(|table| (&KEEPING[..], table)))
        {
            for (privilege, statement) in statements {
                if !self.may(&statement.replace("{table}", table)).await? {
                    lacking.push((*privilege, on.clone()));
                }
            }
        }
        Ok(lacking)
    }

    /// Whether this user may do something. What else the server has against it does not matter here.
    pub(super) async fn may(&mut self, statement: &str) -> Result<bool, Error> {
        match within(self.connection.prep(statement)).await {
            Ok(prepared) => within(self.connection.close(prepared)).await.map(|()| true),
            Err(error) if error.is_lost() => Err(error),
            Err(error) => Ok(!error.is_denied()),
        }
    }

    /// What a shared table is like; none: it is not there.
    ///
    /// # Errors
    /// The server's.
    pub async fn shape(&mut self, table: SharedTable) -> Result<Option<Shape>, Error> {
        let sql = "SELECT column_name, data_type, column_type, character_maximum_length, character_octet_length,
                          datetime_precision, is_nullable, column_default IS NOT NULL OR extra LIKE '%auto_increment%'
                            OR extra LIKE '%DEFAULT_GENERATED%', collation_name, character_set_name,
                          extra LIKE '%STORED GENERATED%' OR extra LIKE '%VIRTUAL GENERATED%'
                     FROM information_schema.columns WHERE table_schema = ? AND table_name = ?";
        let named: Vec<Value> = vec![self.names.1.clone().into(), table.name().into()];
        let rows = self.rows(sql, named.clone()).await?;
        if rows.is_empty() {
            return Ok(None);
        }
        let keys = self.keys(named.clone()).await?;
        let columns = rows.iter().map(|row| {
            let name = text(row, 0);
            let kind = text(row, 1).to_lowercase();
            let has_length = is_given(row, 3);
            let limit = match kind.as_str() {
                "varchar" | "char" => has_length.then(|| Limit::Characters(count(row, 3))),
                "tinytext" | "text" | "mediumtext" => {
                    has_length.then(|| Limit::Bytes(count(row, 4)))
                }
                _ => None,
            };
            let has_precision = is_given(row, 5);
            let column = ShapeOfColumn {
                kind,
                whole: text(row, 2),
                limit,
                precision: has_precision.then(|| count(row, 5)),
                nullable: text(row, 6) == "YES",
                unwritten: match (count(row, 7), count(row, 10)) {
                    (_, 1) => Unwritten::Generated,
                    (1, _) => Unwritten::ByDefault,
                    _ => Unwritten::Nothing,
                },
                collation: Some(text(row, 8)).filter(|name| !name.is_empty()),
                characters: Some(text(row, 9)).filter(|name| !name.is_empty()),
                is_unique: keys.contains(&(vec![name.to_lowercase()], true)),
                name,
            };
            (column.name.to_lowercase(), column)
        });
        let columns = columns.collect();
        let sql = "SELECT engine FROM information_schema.tables WHERE table_schema = ? AND table_name = ?";
        let rows = self.rows(sql, named).await?;
        let engine = rows.first().map(|row| text(row, 0)).unwrap_or_default();
        let begins = |key: &(Vec<String>, bool)| key.0.first().is_some_and(|name| name == "id");
        Ok(Some(Shape {
            columns,
            engine,
            has_key: keys.iter().any(begins),
        }))
    }

    /// The keys of a table: the columns of each in small letters, and whether no two rows may have the same in them.
    async fn keys(&mut self, named: Vec<Value>) -> Result<Vec<(Vec<String>, bool)>, Error> {
        let sql = "SELECT index_name, LOWER(column_name), non_unique = 0 FROM information_schema.statistics
                    WHERE table_schema = ? AND table_name = ? ORDER BY index_name, seq_in_index";
        let (mut keys, mut last) = (Vec::<(Vec<String>, bool)>::new(), String::new());
        for row in self.rows(sql, named).await? {
            let (key, column) = (text(&row, 0), text(&row, 1));
            match keys.last_mut().filter(|_| key == last) {
                Some((columns, _)) => columns.push(column),
                None => keys.push((vec![column], count(&row, 2) == 1)),
            }
            last = key;
        }
        Ok(keys)
    }

    /// The employees: the id for each code, and all ids; none: there is no such table, or this user may not read it.
    ///
    /// # Errors
    /// The server's.
    pub async fn employees(
        &mut self,
    ) -> Result<Option<(HashMap<String, String>, HashSet<String>)>, Error> {
        let sql = "SELECT column_name FROM information_schema.columns
                    WHERE table_schema = ? AND table_name = 'employees'";
        let rows = self.rows(sql, vec![self.names.1.clone().into()]).await?;
        let columns: Vec<_> = rows.iter().map(|row| text(row, 0)).collect();
        let has = |name: &str| columns.iter().any(|it| it.eq_ignore_ascii_case(name));
        if !has("id") {
            return Ok(None);
        }
        let code = CODE_COLUMNS.iter().find(|code| has(code));
        let code = code.map_or("NULL".to_owned(), |code| quoted(code));
        let sql = format!("SELECT id, {code} FROM {}.employees", self.shared);
        let (mut by_code, mut ids) = (HashMap::new(), HashSet::new());
        let rows = match self.rows(&sql, Vec::new()).await {
            Err(error) if error.is_denied() => return Ok(None),
            found => found?,
        };
        for row in rows {
            let (id, code) = (text(&row, 0), text(&row, 1));
            if !code.is_empty() {
                by_code.insert(code, id.clone());
            }
            ids.insert(id);
        }
        Ok(Some((by_code, ids)))
    }

    /// How many rows a shared table has, and how many of them are the relay's.
    ///
    /// # Errors
    /// The server's.
    pub async fn counted(&mut self, table: SharedTable) -> Result<(u64, u64), Error> {
        let sql = format!("SELECT COUNT(*) FROM {}", self.shared_name(table));
        let rows = self.rows(&sql, Vec::new()).await?;
        let all = rows.first().map(|row| count(row, 0)).unwrap_or_default();
        let sql = "SELECT 1 FROM information_schema.tables WHERE table_schema = ? AND table_name = 'placed_rows'";
        if self
            .rows(sql, vec![self.names.0.clone().into()])
            .await?
            .is_empty()
        {
            return Ok((all, 0));
        }
        let sql = format!(
            "SELECT COUNT(*) FROM {}.placed_rows WHERE shared_table = ?",
            self.own
        );
        let rows = self.rows(&sql, vec![table.name().into()]).await?;
        let own = rows.first().map(|row| count(row, 0)).unwrap_or_default();
        Ok((all, own))
    }

    /// The rows of a shared table that have one of these texts in a column, or one that the server takes for it, without
    /// those that are known to be the relay's: what is known of each, and the text as it stands there.
    ///
    /// # Errors
    /// The server's.
    pub async fn theirs(
        &mut self,
        table: SharedTable,
        column: &str,
        texts: &[Vec<u8>],
        has_own: bool,
    ) -> Result<Vec<(RowThere, Vec<u8>)>, Error> {
        let column = quoted(column);
        let sql = format!(
            "SELECT {THERE}, CAST({column} AS BINARY) FROM {} WHERE {column} IN {}",
            self.shared_name(table),
            places(texts.len())
        );
        let values = texts.iter().map(|text| Value::from(text.clone())).collect();
        let rows = self.patiently(&sql, values).await?;
        let rows = rows.iter().map(|row| (RowThere::of(row), bytes(row, 2)));
        let rows: Vec<_> = rows.collect();
        let ids: Vec<_> = rows.iter().map(|(row, _)| row.id.clone()).collect();
        let own = if has_own {
            self.placed(table, &ids).await?
        } else {
            HashSet::new()
        };
        let theirs = rows.into_iter().filter(|(row, _)| !own.contains(&row.id));
        Ok(theirs.collect())
    }

    /// For each text, what the server compares it by in this collation. Blanks at the end are for [`SharedDatabase::is_one`].
    ///
    /// # Errors
    /// The server's.
    pub async fn weights(
        &mut self,
        collation: &str,
        texts: &[&str],
    ) -> Result<Vec<Vec<u8>>, Error> {
        let character_set = collation.split('_').next().unwrap_or_default();
        let weight = format!("WEIGHT_STRING(CONVERT(? USING {character_set}) COLLATE {collation})");
        let sql = format!("SELECT {}", vec![weight; texts.len()].join(", "));
        let values = texts
            .iter()
            .map(|text| Value::from(text.trim_end_matches(' ')))
            .collect();
        let rows = self.patiently(&sql, values).await?;
        let row = rows.first();
        Ok((0..texts.len())
            .map(|at| row.map(|row| bytes(row, at)).unwrap_or_default())
            .collect())
    }

    /// Whether two texts are one in this collation.
    ///
    /// # Errors
    /// The server's.
    pub async fn is_one(&mut self, collation: &str, a: &str, b: &str) -> Result<bool, Error> {
        let character_set = collation.split('_').next().unwrap_or_default();
        let side = format!("CONVERT(? USING {character_set})");
        let sql = format!("SELECT {side} COLLATE {collation} = {side}");
        let rows = self.patiently(&sql, vec![a.into(), b.into()]).await?;
        Ok(rows.first().is_some_and(|row| count(row, 0) == 1))
    }

    /// Makes a temporary table that only this connection sees, for trials of how fast rows are written: in the own
    /// database, or else in the shared one. Answers where; none: this user may not, or there is no own database yet.
    pub async fn begin_trial(&mut self) -> Option<String> {
        for database in [self.own.clone(), self.shared.clone()] {
            let table = format!("{database}.{TRIAL}");
            let sql = format!(
                "CREATE TEMPORARY TABLE {table} (id VARCHAR(64) PRIMARY KEY, text TEXT) ENGINE=InnoDB"
            );
            if self.run(&sql, Vec::new()).await.is_ok() {
                return Some(table);
            }
        }
        None
    }

    /// Writes some rows of a usual size into it.
    ///
    /// # Errors
    /// The server's.
    pub async fn try_rows(&mut self, trial: &str, rows: usize) -> Result<(), Error> {
        let text: Value = "-".repeat(300).into();
        let values = (0..rows).flat_map(|_| {
            let id = uuid::Uuid::new_v4().to_string();
            [id.into(), text.clone()]
        });
        let sql = format!(
            "INSERT INTO {trial} (id, text) VALUES {}",
            vec![places(2); rows].join(",")
        );
        self.run(&sql, values.collect()).await.map(drop)
    }
}
