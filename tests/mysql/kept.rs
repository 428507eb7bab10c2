//! Tables as they were at a moment, as from a backup.

use mysql_async::prelude::Queryable;

use crate::server::{Databases, connect};

pub struct Kept {
    name: String,
    /// With their databases.
    tables: Vec<String>,
}

impl Kept {
    /// Keeps all tables of these databases.
    pub async fn of(databases: &Databases, schemas: &[&str]) -> Self {
        let name = format!("{}_kept_{}", databases.own, schemas.len());
        let mut connection = connect().await;
        let sql = format!("CREATE DATABASE {name}");
        connection.query_drop(sql).await.unwrap();
        let mut tables = Vec::new();
        for schema in schemas {
            let sql = format!(
                "SELECT table_name FROM information_schema.tables
                  WHERE table_schema = '{schema}' AND table_type = 'BASE TABLE'"
            );
            for table in connection.query::<String, _>(sql).await.unwrap() {
                tables.push(format!("{schema}.{table}"));
            }
        }
        let kept = Self { name, tables };
        for table in &kept.tables {
            let sql = format!(
                "CREATE TABLE {} AS SELECT * FROM {table}",
                kept.of_table(table)
            );
            connection.query_drop(sql).await.unwrap();
        }
        kept
    }

    fn of_table(&self, table: &str) -> String {
        format!("{}.{}", self.name, table.replace('.', "_"))
    }

    /// Has the tables be as they were.
    pub async fn put_back(&self) {
        let mut connection = connect().await;
        let mut statements = vec!["SET foreign_key_checks = 0".to_owned()];
        for table in &self.tables {
            statements.push(format!("DELETE FROM {table}"));
            statements.push(format!(
                "INSERT INTO {table} SELECT * FROM {}",
                self.of_table(table)
            ));
        }
        for sql in statements {
            connection.query_drop(sql).await.unwrap();
        }
    }

    pub async fn drop(self) {
        let sql = format!("DROP DATABASE {}", self.name);
        connect().await.query_drop(sql).await.unwrap();
    }
}
