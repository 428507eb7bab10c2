//! Single values that somebody changes on the other side, chosen at random: each of them is found.

use std::collections::BTreeSet;

use mysql_async::prelude::Queryable;
use mysql_async::{Conn, Params, Row, Value};
use rusqlite::Connection;
use serde_json::{Value as Json, json};
use voicedrive_relay::testing::crypto::hex;

use crate::kept::Kept;
use crate::random::Random;
use crate::relay::{EMPLOYEES, INTERVIEWS, Relay};
use crate::schema::{HAND_WRITTEN, PRISMA};
use crate::server::Databases;

/// How many changes are made at a time, and how often.
const CHANGES: usize = 10;
const ROUNDS: u64 = 20;
/// Tables that are counted anew, or that a copy makes.
const NOT_FILLED: [&str; 7] = [
    "import_rows",
    "import_decided",
    "send_counts",
    "queue_counts",
    "interview_counts",
    "delivered_digests",
    "refinery_schema_history",
];

/// A table on the other side, and what of it is the relay's.
#[derive(Clone, Debug)]
struct Table {
    /// With its database.
    whole: String,
    name: String,
    key: Vec<String>,
    columns: Vec<(String, String)>,
    is_shared: bool,
}

/// Something that was done, and how verify has to name it: the end of the table's name, and one of these keys.
#[derive(Clone, Debug)]
struct Spoilt {
    #[allow(dead_code, reason = "it is shown when nobody finds it")]
    what: String,
    table: String,
    keys: BTreeSet<String>,
}

/// Some rows in each table that has none.
fn fill(relay: &Relay) {
    let connection = Connection::open(relay.database()).unwrap();
    connection
        .execute_batch("PRAGMA foreign_keys = OFF")
        .unwrap();
    let sql =
        "SELECT name, type FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'";
    let texts = |sql: &str, of: &[&str]| -> Vec<(String, String)> {
        let mut statement = connection.prepare(sql).unwrap();
        let found = statement.query_map(rusqlite::params_from_iter(of), |row| {
            Ok((row.get(0)?, row.get(1)?))
        });
        found.unwrap().map(Result::unwrap).collect()
    };
    let tables = texts(sql, &[]).into_iter().map(|(name, _)| name);
    let tables: Vec<String> = tables.collect();
    for table in tables
        .iter()
        .filter(|name| !NOT_FILLED.contains(&name.as_str()))
    {
        let count = format!("SELECT count(*) FROM {table}");
        if connection
            .query_row(&count, [], |row| row.get::<_, u32>(0))
            .unwrap()
            > 0
        {
            continue;
        }
        let columns = texts("SELECT name, type FROM pragma_table_info(?1)", &[table]);
        let values = columns
            .iter()
            .map(|(name, kind)| match (name.as_str(), kind.as_str()) {
                ("place", _) => "1",
                ("tail", _) => "0",
                ("how", _) => "'confirmed'",
                ("ended", _) => "'delivered'",
                ("state", _) => "'opened'",
                ("role", _) => "'viewer'",
                (_, "INTEGER") => "n",
                (_, "BLOB") => "randomblob(32)",
                (name, _) if name == "at" || name.ends_with("_at") => {
                    "'2025-10-26T14:30:00.00' || n || 'Z'"
                }
                _ => "'は: Text ' || n",
            });
        let values: Vec<_> = values.collect();
        let names: Vec<_> = columns
            .iter()
            .map(|(name, _)| format!("\"{name}\""))
            .collect();
        let sql = format!(
            "WITH RECURSIVE c (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < 4)
             INSERT OR IGNORE INTO {table} ({}) SELECT {} FROM c",
            names.join(","),
            values.join(",")
        );
        connection.execute(&sql, []).unwrap();
    }
}

/// The tables that a copy writes. Columns of shared ones that it does not write are none of its business.
async fn tables(connection: &mut Conn, databases: &Databases) -> Vec<Table> {
    let sql = "SELECT c.table_schema, c.table_name, c.column_name, c.data_type, c.column_key = 'PRI'
                 FROM information_schema.columns c JOIN information_schema.tables t USING (table_schema, table_name)
                WHERE c.table_schema IN (?, ?) AND t.table_type = 'BASE TABLE'
                ORDER BY c.table_schema, c.table_name, c.ordinal_position";
    let names = (databases.own.clone(), databases.shared.clone());
    let rows: Vec<(String, String, String, String, bool)> =
        connection.exec(sql, names).await.unwrap();
    let mut tables: Vec<Table> = Vec::new();
    let not_written = ["employees", "copy_state", "copied_chunks"];
    let not_ours = [
        "notes",
        "duration",
        "motivation_confidence",
        "development_plan",
        "next_action_items",
    ];
    for (schema, name, column, kind, is_key) in rows {
        let is_shared = schema == databases.shared;
        if not_written.contains(&name.as_str())
            || (is_shared && not_ours.contains(&column.as_str()))
        {
            continue;
        }
        let whole = format!("{schema}.{name}");
        if tables.last().is_none_or(|table| table.whole != whole) {
            let (key, columns) = (Vec::new(), Vec::new());
            tables.push(Table {
                whole,
                name,
                key,
                columns,
                is_shared,
            });
        }
        let table = tables.last_mut().unwrap();
        if is_key {
            table.key.push(column.clone());
        }
        table.columns.push((column, kind));
    }
    tables
}

fn shown(value: &Value) -> String {
    match value {
        Value::Int(number) => number.to_string(),
        Value::Bytes(bytes) => match std::str::from_utf8(bytes) {
            Ok(text) => text.to_owned(),
            Err(_) => hex(&bytes[..bytes.len().min(8)]),
        },
        _ => String::new(),
    }
}

impl Table {
    /// All rows, as they are byte for byte.
    async fn rows(&self, connection: &mut Conn) -> Vec<Vec<Value>> {
        let columns = self.columns.iter().map(|(name, kind)| match kind.as_str() {
            "bigint" | "int" => format!("`{name}`"),
            _ => format!("CAST(`{name}` AS BINARY)"),
        });
        let columns: Vec<_> = columns.collect();
        let key = self.key.join("`,`");
        let sql = format!(
            "SELECT {} FROM {} ORDER BY `{key}`",
            columns.join(","),
            self.whole
        );
        let rows: Vec<Row> = connection.exec(sql, ()).await.unwrap();
        rows.into_iter().map(Row::unwrap).collect()
    }

    fn value<'a>(&self, row: &'a [Value], column: &str) -> &'a Value {
        let at = self.columns.iter().position(|(name, _)| name == column);
        &row[at.unwrap()]
    }

    /// How verify names a row.
    fn named(&self, row: &[Value]) -> String {
        let by = match self.name.as_str() {
            _ if self.is_shared => vec!["id".to_owned()],
            "placed_rows" | "row_remarks" => vec!["id".to_owned()],
            _ => self.key.clone(),
        };
        let parts: Vec<_> = by.iter().map(|name| shown(self.value(row, name))).collect();
        parts.join(", ")
    }

    /// The condition for exactly this row, and its values.
    fn this(&self, row: &[Value]) -> (String, Vec<Value>) {
        let conditions = self.key.iter().map(|name| {
            let is_number = self
                .columns
                .iter()
                .any(|(known, kind)| known == name && kind == "bigint");
            if is_number {
                format!("`{name}` = ?")
            } else {
                format!("CAST(`{name}` AS BINARY) = ?")
            }
        });
        let conditions: Vec<_> = conditions.collect();
        let values = self.key.iter().map(|name| self.value(row, name).clone());
        (conditions.join(" AND "), values.collect())
    }
}

/// What a column may be changed to, in SQL; `{}` is the column, `?` the value of another row.
fn changes(kind: &str) -> &'static [&'static str] {
    match kind {
        "bigint" | "int" => &["{} + 1", "-{} - 1", "NULL", "COALESCE({}, 0)"],
        "datetime" => &[
            "{} + INTERVAL 1000 MICROSECOND",
            "{} - INTERVAL 9 HOUR",
            "COALESCE({}, '2025-10-26 14:30:00.123')",
            "NULL",
        ],
        "enum" => &["'failed'", "'completed'", "'timeout'", "'no_show'", "NULL"],
        "binary" => &["REVERSE({})"],
        _ => &[
            "CONCAT({}, ' ')",
            "CONCAT({}, '　')",
            "UPPER(CONVERT({} USING utf8mb4))",
            "LOWER(CONVERT({} USING utf8mb4))",
            "REPLACE(CONVERT({} USING utf8mb4), 'は', 'ハ')",
            "REPLACE(CONVERT({} USING utf8mb4), 'e', 'é')",
            "REPLACE(CONVERT({} USING utf8mb4), '1', '１')",
            "REPLACE(CONVERT({} USING utf8mb4), ':', ': ')",
            "COALESCE({}, '')",
            "NULLIF({}, {})",
            "''",
            "?",
        ],
    }
}

/// Changes one value, takes a row away, adds one, or swaps a value between two rows. None: the server does not take it, or
/// nothing is other than before.
async fn spoil(connection: &mut Conn, random: &mut Random, table: &Table) -> Option<Spoilt> {
    let rows = table.rows(connection).await;
    if rows.is_empty() {
        return None;
    }
    let (row, other) = (random.of_these(&rows), random.of_these(&rows));
    let (this, key) = table.this(row);
    let (column, kind) = random.of_these(&table.columns).clone();
    let mut keys: BTreeSet<String> = [table.named(row)].into();
    let whole = &table.whole;
    let mut statements: Vec<(String, Vec<Value>)> = Vec::new();
    match random.below(8) {
        0 => statements.push((format!("DELETE FROM {whole} WHERE {this}"), key)),
        // A row more. In a shared table it would be the staff system's own.
        1 if !table.is_shared => {
            let last = table.key.last().unwrap();
            let names = table.columns.iter().map(|(name, _)| format!("`{name}`"));
            let names: Vec<_> = names.collect();
            let is_number = table
                .columns
                .iter()
                .any(|(name, kind)| name == last && kind == "bigint");
            let new = if is_number {
                format!("`{last}` + 1000")
            } else {
                format!("CONCAT(`{last}`, 'x')")
            };
            let values = names.iter().map(|name| {
                if *name == format!("`{last}`") {
                    new.clone()
                } else {
                    name.clone()
                }
            });
            let values: Vec<_> = values.collect();
            statements.push((
                format!(
                    "INSERT INTO {whole} ({}) SELECT {} FROM {whole} WHERE {this}",
                    names.join(","),
                    values.join(",")
                ),
                key,
            ));
        }
        2 if !table.key.contains(&column) => {
            let (that, other_key) = table.this(other);
            let set = |this: &str| format!("UPDATE {whole} SET `{column}` = ? WHERE {this}");
            let value = |row: &[Value]| table.value(row, &column).clone();
            statements.push((set(&this), [vec![value(other)], key].concat()));
            statements.push((set(&that), [vec![value(row)], other_key].concat()));
        }
        _ => {
            let change = random
                .of_these(changes(&kind))
                .replace("{}", &format!("`{column}`"));
            let values = if change == "?" {
                vec![table.value(other, &column).clone()]
            } else {
                Vec::new()
            };
            let sql = format!("UPDATE {whole} SET `{column}` = {change} WHERE {this}");
            statements.push((sql, [values, key].concat()));
        }
    }
    for (sql, values) in &statements {
        let values = Params::Positional(values.clone());
        if connection.exec_drop(sql, values).await.is_err() {
            connection.query_drop("ROLLBACK").await.unwrap();
            return None;
        }
    }
    let after = table.rows(connection).await;
    if after == rows {
        connection.query_drop("ROLLBACK").await.unwrap();
        return None;
    }
    connection.query_drop("COMMIT").await.unwrap();
    // With another key it is a row that is missing, and one more.
    keys.extend(
        after
            .iter()
            .filter(|row| !rows.contains(row))
            .map(|row| table.named(row)),
    );
    let what = format!("{} ({})", statements[0].0, shown_all(row));
    // A note that is gone is told of the row that it was about, and so is one about another table.
    let name = if table.name == "placed_rows" {
        String::new()
    } else {
        table.name.clone()
    };
    Some(Spoilt {
        what,
        table: name,
        keys,
    })
}

fn shown_all(row: &[Value]) -> String {
    row.iter().map(shown).collect::<Vec<_>>().join(" | ")
}

fn is_named(said: &Json, spoilt: &Spoilt) -> bool {
    let mut found = said["differences"].as_array().unwrap().iter();
    found.any(|difference| {
        let (table, key) = (
            difference["table"].as_str().unwrap(),
            difference["key"].as_str().unwrap(),
        );
        table.ends_with(&spoilt.table) && spoilt.keys.contains(key)
    })
}

#[tokio::test]
async fn each_of_two_hundred_random_changes_is_found() {
    let mut made = 0;
    for (form, collation) in [
        (HAND_WRITTEN, "utf8mb4_unicode_ci"),
        (PRISMA, "utf8mb4_bin"),
    ] {
        let databases = Databases::make(form, collation).await;
        databases.run(&[EMPLOYEES]).await;
        let relay = Relay::make(&databases).await;
        relay.deliveries(1, 120);
        relay.change(INTERVIEWS).await;
        fill(&relay);
        // And they are counted.
        relay.change("").await;
        relay.good(&["copy"]);
        assert_eq!(relay.good(&["verify"])["good"], json!(true));
        let mut connection = databases.connection().await;
        let all = tables(&mut connection, &databases).await;
        let kept = Kept::of(&databases, &[&databases.own, &databases.shared]).await;
        for round in 0..ROUNDS / 2 {
            let seed = round * 2 + u64::from(form == PRISMA);
            let mut random = Random::of(seed);
            let mut spoilt = Vec::new();
            let mut left = all.clone();
            while spoilt.len() < CHANGES {
                // Shared tables as often as all others; each once, so that no change undoes another.
                let (shared, own): (Vec<_>, Vec<_>) =
                    left.iter().partition(|table| table.is_shared);
                let from = if shared.is_empty() || random.below(2) == 0 {
                    own
                } else {
                    shared
                };
                let table = (*random.of_these(&from)).clone();
                connection.query_drop("START TRANSACTION").await.unwrap();
                if let Some(one) = spoil(&mut connection, &mut random, &table).await {
                    spoilt.push(one);
                    left.retain(|other| other.whole != table.whole);
                } else {
                    connection.query_drop("ROLLBACK").await.unwrap();
                }
            }
            let said = relay.run(&["verify"]);
            assert_eq!(
                said.code,
                Some(1),
                "seed {seed}: {} {}",
                said.json,
                said.error
            );
            for one in &spoilt {
                assert!(
                    is_named(&said.json, one),
                    "seed {seed}: {one:#?}: {:#}",
                    said.json["differences"]
                );
            }
            made += spoilt.len();
            kept.put_back().await;
        }
        assert_eq!(relay.good(&["verify"])["good"], json!(true));
        kept.drop().await;
        databases.drop().await;
    }
    assert_eq!(made, CHANGES * usize::try_from(ROUNDS).unwrap());
}
