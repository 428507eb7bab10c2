//! Where a staff id stands in what people have written about something else: the reasons of interview records of others,
//! of holds, and of actions (contract, section 13). It is searched in small steps, as the events are.

use rusqlite::Connection;

use super::{Store, StoreError};
use crate::person::{Mentions, Notes, stands_in_text};

/// Rows that are looked at in one go; the time of one read stays short.
const LOOKED_AT_ONCE: u32 = 2000;

/// The place, what the row is called, and what is written in it, of the rows after a place.
const INTERVIEWS: &str = "
    SELECT seq, id, iif(employee_id = ?2, '', coalesce(employee_name, '') || ' ' || coalesce(status_reason, ''))
      FROM interviews WHERE seq > ?1 ORDER BY seq LIMIT ?3";
const AUDIT: &str = "
    SELECT seq, at, who || ' ' || coalesce(subject, '') || ' ' || coalesce(reason, '')
      FROM audit WHERE seq > ?1 ORDER BY seq LIMIT ?3";

impl Store {
    /// Where the id of a person stands though it is not about that person.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn notes_with(&self, staff_id: &str) -> Result<Notes, StoreError> {
        let id = staff_id.to_owned();
        Ok(Notes {
            interviews: self.rows_with(INTERVIEWS, staff_id).await?,
            holds: self.read(move |c| Ok(holds_with(c, &id)?)).await?,
            audit: self.rows_with(AUDIT, staff_id).await?,
        })
    }

    async fn rows_with(&self, sql: &'static str, staff_id: &str) -> Result<Mentions, StoreError> {
        let (mut found, mut after) = (Mentions::default(), Some(0));
        while let Some(from) = after {
            let id = staff_id.to_owned();
            let step = self
                .read(move |c| Ok(some_with(c, sql, &id, from)?))
                .await?;
            step.0.into_iter().for_each(|id| found.add(id));
            after = step.1;
        }
        Ok(found)
    }
}

/// Some of the rows in which the id stands, and where the next page begins.
fn some_with(
    connection: &Connection,
    sql: &str,
    staff_id: &str,
    after: i64,
) -> rusqlite::Result<(Vec<String>, Option<i64>)> {
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query((after, staff_id, LOOKED_AT_ONCE))?;
    let (mut found, mut last, mut looked_at) = (Vec::new(), None, 0);
    while let Some(row) = rows.next()? {
        if stands_in_text(staff_id, row.get_ref(2)?.as_str()?) {
            found.push(row.get(1)?);
        }
        last = Some(row.get(0)?);
        looked_at += 1;
    }
    Ok((found, last.filter(|_| looked_at == LOOKED_AT_ONCE)))
}

fn holds_with(connection: &Connection, staff_id: &str) -> rusqlite::Result<Mentions> {
    let mut statement =
        connection.prepare_cached("SELECT route, who || ' ' || reason FROM holds")?;
    let mut rows = statement.query([])?;
    let mut found = Mentions::default();
    while let Some(row) = rows.next()? {
        if stands_in_text(staff_id, row.get_ref(1)?.as_str()?) {
            found.add(row.get(0)?);
        }
    }
    Ok(found)
}
