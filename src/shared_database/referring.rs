//! Rows of others that refer to a row of a shared table: the server may delete or change them when that row is deleted. A
//! row of the relay's that has such ones is left where it is. What the server would do depends on a rule that it does not
//! show to every user, and is not asked for.

use std::collections::HashSet;

use mysql_async::Value;

use super::values::{IDS_AT_ONCE, bytes, count, places, quoted, text};
use super::{Reference, SharedDatabase, SharedDatabaseError as Error, SharedTable};

impl SharedDatabase {
    /// Looks for references to a shared table, as far as this user may see them, and heeds them from now on.
    ///
    /// # Errors
    /// The server's.
    pub async fn references(&mut self, table: SharedTable) -> Result<Vec<Reference>, Error> {
        let sql = "SELECT constraint_schema, constraint_name, table_schema, table_name, column_name, referenced_column_name,
                          table_schema = referenced_table_schema AND table_name = referenced_table_name
                     FROM information_schema.key_column_usage
                    WHERE referenced_table_schema = ? AND referenced_table_name = ?
                    ORDER BY 3, 4, 1, 2, ordinal_position";
        let values = vec![self.names.1.clone().into(), table.name().into()];
        let mut found: Vec<((String, String, String), Reference)> = Vec::new();
        for row in self.rows(sql, values).await? {
            let (schema, name) = (text(&row, 2), text(&row, 3));
            let key = (text(&row, 0), text(&row, 1), name.clone());
            let columns = (text(&row, 4), text(&row, 5));
            let said = format!("{schema}.{name}.{}", columns.0);
            match found.last_mut() {
                Some((last, reference)) if *last == key => reference.columns.push(columns),
                _ => {
                    let reference = Reference {
                        from: format!("{}.{}", quoted(&schema), quoted(&name)),
                        columns: vec![columns],
                        is_itself: count(&row, 6) == 1,
                        table: format!("{schema}.{name}"),
                        said,
                    };
                    found.push((key, reference));
                }
            }
        }
        let found: Vec<_> = found.into_iter().map(|(_, reference)| reference).collect();
        self.references.insert(table, found.clone());
        Ok(found)
    }

    /// Whether this user may look for the rows that refer.
    ///
    /// # Errors
    /// When the connection is gone.
    pub async fn may_read(&mut self, reference: &Reference) -> Result<bool, Error> {
        let columns = reference.columns.iter().map(|(from, _)| quoted(from));
        let columns: Vec<_> = columns.collect();
        let sql = format!("SELECT {} FROM {}", columns.join(","), reference.from);
        self.may(&sql).await
    }

    /// Those of these rows of the relay's that others refer to. From now to the end of the transaction nobody can
    /// make another one refer to them.
    pub(super) async fn referred_to(
        &mut self,
        table: SharedTable,
        ids: &[Vec<u8>],
    ) -> Result<HashSet<Vec<u8>>, Error> {
        let references = self.references.get(&table).cloned().unwrap_or_default();
        let mut referred = HashSet::new();
        if references.is_empty() {
            return Ok(referred);
        }
        for ids in ids.chunks(IDS_AT_ONCE) {
            let values: Vec<Value> = ids.iter().map(|id| id.clone().into()).collect();
            let (shared, among) = (self.shared_name(table), places(ids.len()));
            let sql = format!("SELECT 1 FROM {shared} WHERE id IN {among} FOR UPDATE");
            self.rows(&sql, values.clone()).await?;
            for reference in &references {
                let on = reference.columns.iter();
                let on = on.map(|(from, to)| format!("r.{} = s.{}", quoted(from), quoted(to)));
                let of_others = if reference.is_itself {
                    format!(
                        "NOT EXISTS (SELECT 1 FROM {}.placed_rows p
                                      WHERE p.shared_table = '{}' AND p.id = CAST(r.id AS BINARY))",
                        self.own,
                        table.name()
                    )
                } else {
                    "1 = 1".to_owned()
                };
                let sql = format!(
                    "SELECT DISTINCT CAST(s.id AS BINARY) FROM {shared} s JOIN {} r ON {}
                      WHERE s.id IN {among} AND {of_others}",
                    reference.from,
                    on.collect::<Vec<_>>().join(" AND ")
                );
                let rows = self.rows(&sql, values.clone()).await?;
                referred.extend(rows.iter().map(|row| bytes(row, 0)));
            }
        }
        Ok(referred)
    }
}
