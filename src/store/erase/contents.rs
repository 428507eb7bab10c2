//! Forgetting the digests by which a person's events would be recognised when they are handed in again.

use rusqlite::types::Value;
use rusqlite::{Connection, params};

use super::super::writer::Lane;
use super::super::{Store, StoreError};
use super::{Range, in_chunks};

/// Rows that are examined in one read.
const EXAMINED_AT_ONCE: u32 = 2000;

/// A row's primary key, which has two columns.
type Key = [Value; 2];

/// A table that keeps digests of contents. It has no index by person, so it is read from its beginning to its end, in the
/// order of its primary key.
struct Table {
    /// A key that is less than any other.
    least: Key,
    /// Finds the rows after the key `?1`, `?2`, at most `?5`, each with whether it belongs to an event of the person `?3`
    /// that is numbered `?4` or less.
    next: &'static str,
    /// Forgets the digest of the row with the key `?1`, `?2`.
    forget: &'static str,
}

static TABLES: [Table; 2] = [
    Table {
        least: [Value::Blob(Vec::new()), Value::Integer(0)],
        next: "SELECT key_hash, position, event_id IN (
                        SELECT id FROM events WHERE staff_id = ?3 AND seq <= ?4)
                 FROM idempotency_keys WHERE (key_hash, position) > (?1, ?2)
                ORDER BY key_hash, position LIMIT ?5",
        forget: "UPDATE idempotency_keys SET content_digest = NULL
                  WHERE key_hash = ?1 AND position = ?2",
    },
    Table {
        least: [Value::Text(String::new()), Value::Blob(Vec::new())],
        next: "SELECT found_by, content_digest, event_seq IN (
                        SELECT seq FROM events WHERE staff_id = ?3 AND seq <= ?4)
                 FROM ingest_contents WHERE (found_by, content_digest) > (?1, ?2)
                ORDER BY found_by, content_digest LIMIT ?5",
        forget: "DELETE FROM ingest_contents WHERE found_by = ?1 AND content_digest = ?2",
    },
];

impl Store {
    /// Forgets the digests of the contents of the person's events.
    ///
    /// # Errors
    /// When the database cannot be read or written; what was forgotten before stays so.
    pub async fn forget_contents_of(&self, staff_id: &str, range: Range) -> Result<(), StoreError> {
        for table in &TABLES {
            let mut after = Some(table.least.clone());
            while let Some(from) = after {
                let id = staff_id.to_owned();
                let page = self.read_long(move |c| Ok(table.page(c, &id, range, &from)?));
                let (found, next) = page.await?;
                for some in in_chunks(&found) {
                    let forget = move |c: &Connection| Ok::<_, StoreError>(table.forget(c, &some)?);
                    self.write(Lane::Maintenance, forget).await?;
                }
                after = next;
            }
        }
        let id = staff_id.to_owned();
        self.write(Lane::Maintenance, move |c| {
            Ok(forget_newest(c, &id, range)?)
        })
        .await
    }
}

/// The same in the caller's transaction.
pub(super) fn forget_all(
    connection: &Connection,
    staff_id: &str,
    range: Range,
) -> rusqlite::Result<()> {
    for table in &TABLES {
        let mut after = Some(table.least.clone());
        while let Some(from) = after {
            let (found, next) = table.page(connection, staff_id, range, &from)?;
            table.forget(connection, &found)?;
            after = next;
        }
    }
    forget_newest(connection, staff_id, range)
}

impl Table {
    /// Examines some rows after a key: the keys of those that belong to the person, and where the next page begins; none
    /// when this was the last.
    fn page(
        &self,
        connection: &Connection,
        staff_id: &str,
        range: Range,
        [first, second]: &Key,
    ) -> rusqlite::Result<(Vec<Key>, Option<Key>)> {
        let examined: Vec<(Key, bool)> = connection
            .prepare_cached(self.next)?
            .query_map(
                params![first, second, staff_id, range.last_event, EXAMINED_AT_ONCE],
                |row| Ok(([row.get(0)?, row.get(1)?], row.get(2)?)),
            )?
            .collect::<rusqlite::Result<_>>()?;
        let is_full = examined.len() == EXAMINED_AT_ONCE as usize;
        let next = examined.last().map(|(key, _)| key.clone());
        let of_person = examined.into_iter().filter(|(_, is_theirs)| *is_theirs);
        let found = of_person.map(|(key, _)| key).collect();
        Ok((found, next.filter(|_| is_full)))
    }

    fn forget(&self, connection: &Connection, keys: &[Key]) -> rusqlite::Result<()> {
        let mut forget = connection.prepare_cached(self.forget)?;
        for key in keys {
            forget.execute(params![key[0], key[1]])?;
        }
        Ok(())
    }
}

/// Forgets the digests of the person's newest events, those that were purged included.
fn forget_newest(connection: &Connection, staff_id: &str, range: Range) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "DELETE FROM ingest_newest
              WHERE staff_id = ?1
                AND NOT EXISTS (SELECT 1 FROM events e WHERE e.seq = event_seq AND e.seq > ?2)",
        )?
        .execute((staff_id, range.last_event))
        .map(|_| ())
}
