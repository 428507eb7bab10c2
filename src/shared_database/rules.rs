//! What the server itself does with the rows of a shared table: triggers that run, and conditions without which it takes no
//! row: `CHECK` constraints, and partitions for some values only.

use mysql_async::Value;

use super::values::{count, places, quoted, text, value};
use super::{RowToPlace, SharedDatabase, SharedDatabaseError as Error, SharedTable};

/// Rows in one question.
const ROWS_AT_ONCE: usize = 100;
/// The server's number of the error about a row that there is no partition for.
const NO_PARTITION: u16 = 1526;
/// About one that does not meet a `CHECK`, for MariaDB and for MySQL.
const NOT_MET: [u16; 2] = [4025, 3819];

/// A condition without which a row is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Condition {
    /// It, as SQL, of a row's columns.
    sql: String,
    /// The error of a row that does not meet it.
    pub error: u16,
    /// What it is, for a person.
    pub said: String,
}

/// What the server does with rows of a table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rules {
    /// The names of triggers, as far as this user may see them.
    pub triggers: Vec<String>,
    /// What it asks of each row.
    pub conditions: Vec<Condition>,
}

impl SharedDatabase {
    /// What the server does with rows of a shared table.
    ///
    /// # Errors
    /// The server's.
    pub async fn rules(&mut self, table: SharedTable) -> Result<Rules, Error> {
        let named: Vec<Value> = vec![self.names.1.clone().into(), table.name().into()];
        let sql = "SELECT trigger_name FROM information_schema.triggers
                    WHERE event_object_schema = ? AND event_object_table = ? ORDER BY 1";
        let triggers = self.rows(sql, named.clone()).await?;
        let is_mariadb = self
            .rows("SELECT VERSION() LIKE '%MariaDB%'", Vec::new())
            .await?;
        let is_mariadb = is_mariadb.first().is_some_and(|row| count(row, 0) == 1);
        // MySQL has each name of a constraint once, and MariaDB once in each table.
        let (of_table, error) = if is_mariadb {
            ("AND c.table_name = t.table_name", NOT_MET[0])
        } else {
            ("", NOT_MET[1])
        };
        // Where JSON is a text, the server asks of it by itself that it is JSON, and the relay's always is.
        let sql = format!(
            "SELECT c.constraint_name, c.check_clause
               FROM information_schema.table_constraints t
               JOIN information_schema.check_constraints c
                 ON c.constraint_schema = t.constraint_schema AND c.constraint_name = t.constraint_name {of_table}
              WHERE t.table_schema = ? AND t.table_name = ? AND t.constraint_type = 'CHECK'
                AND c.check_clause NOT LIKE 'json_valid(%' ORDER BY 1"
        );
        let checks = self.rows(&sql, named.clone()).await?;
        let mut conditions: Vec<_> = checks
            .iter()
            .map(|row| Condition {
                sql: text(row, 1),
                error,
                said: format!("CHECK {} ({})", text(row, 0), text(row, 1)),
            })
            .collect();
        conditions.extend(self.partitions(named).await?);
        Ok(Rules {
            triggers: triggers.iter().map(|row| text(row, 0)).collect(),
            conditions,
        })
    }

    /// The values for which a table has partitions; none: for all, or it has none.
    async fn partitions(&mut self, named: Vec<Value>) -> Result<Option<Condition>, Error> {
        let sql = "SELECT partition_method, partition_expression, partition_description
                     FROM information_schema.partitions
                    WHERE table_schema = ? AND table_name = ? AND partition_name IS NOT NULL
                    ORDER BY partition_ordinal_position, subpartition_ordinal_position";
        let rows = self.rows(sql, named).await?;
        let (Some(first), Some(last)) = (rows.first(), rows.last()) else {
            return Ok(None);
        };
        let (method, of, most) = (text(first, 0), text(first, 1), text(last, 2));
        let sql = if method.starts_with("RANGE") {
            format!("({of}) < ({most})")
        } else if method.starts_with("LIST") {
            let values: Vec<_> = rows.iter().map(|row| text(row, 2)).collect();
            format!("({of}) IN ({})", values.join(","))
        } else {
            return Ok(None);
        };
        let is_for_all = ["MAXVALUE", "DEFAULT"].iter().any(|all| sql.contains(all));
        Ok((!is_for_all).then(|| Condition {
            said: format!("PARTITION BY {method}: {sql}"),
            sql,
            error: NO_PARTITION,
        }))
    }

    /// The places of the rows that do not meet a condition; none at all where the server cannot tell without the table.
    ///
    /// # Errors
    /// When the connection is gone.
    pub async fn not_meeting(
        &mut self,
        condition: &Condition,
        columns: &[&str],
        rows: &[RowToPlace],
    ) -> Result<Vec<usize>, Error> {
        let mut found = Vec::new();
        for (part, rows) in rows.chunks(ROWS_AT_ONCE).enumerate() {
            let names = columns.iter().map(|name| format!("? AS {}", quoted(name)));
            let first = format!(
                "SELECT ? AS at_place, {}",
                names.collect::<Vec<_>>().join(", ")
            );
            let marks = places(columns.len() + 1);
            let other = format!("SELECT {}", marks.trim_matches(['(', ')']));
            let others = std::iter::repeat_n(other, rows.len() - 1);
            let all: Vec<_> = std::iter::once(first).chain(others).collect();
            let sql = format!(
                "SELECT at_place FROM ({}) r WHERE NOT ({})",
                all.join(" UNION ALL "),
                condition.sql
            );
            let values = rows.iter().enumerate().flat_map(|(at, row)| {
                let at = Value::UInt((part * ROWS_AT_ONCE + at) as u64);
                std::iter::once(at).chain(row.cells.iter().map(value))
            });
            match self.patiently(&sql, values.collect()).await {
                Ok(rows) => found.extend(
                    rows.iter()
                        .filter_map(|row| usize::try_from(count(row, 0)).ok()),
                ),
                Err(error) if error.is_lost() => return Err(error),
                Err(_) => return Ok(Vec::new()),
            }
        }
        Ok(found)
    }

    /// Another table whose name differs from a shared table's in capitals alone; none: there is none.
    ///
    /// # Errors
    /// The server's.
    pub async fn named_otherwise(&mut self, table: SharedTable) -> Result<Option<String>, Error> {
        let sql = "SELECT table_name FROM information_schema.tables WHERE table_schema = ? AND LOWER(table_name) = ?";
        let values = vec![self.names.1.clone().into(), table.name().into()];
        let rows = self.rows(sql, values).await?;
        Ok(rows.first().map(|row| text(row, 0)))
    }
}
