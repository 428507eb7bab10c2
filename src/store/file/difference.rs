//! What a database has that an older copy of it has not.

use std::path::Path;

use rusqlite::Connection;

use super::super::connection::open_for_reading;
use super::super::tokens;
use super::open::Origin;
use crate::timestamp::Timestamp;
use crate::token::TokenRecord;

/// What is lost, or happens twice, when a copy takes a database's place.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Difference {
    /// Events that were accepted after the copy.
    pub events: Later,
    /// How many of these were delivered already.
    pub events_delivered: u64,
    /// Interview records that came or changed after the copy.
    pub interviews: Later,
    /// Deliveries that the copy has as still to be made, and that were made since.
    pub delivered_since: u64,
}

/// What came later than a copy.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Later {
    /// How many.
    pub count: u64,
    /// When the oldest of them came.
    pub since: Option<Timestamp>,
    /// When the newest of them came.
    pub until: Option<Timestamp>,
}

/// Compares the database at `present` with a `copy` of it, both of which are left as they are. Answers the
/// database's tokens too.
///
/// # Errors
/// In words: why the database cannot be read.
pub(super) fn compare(
    present: &Path,
    copy: &Path,
) -> Result<(Difference, Vec<TokenRecord>), String> {
    let compared = open_for_reading(present).and_then(|connection| {
        Ok(match Origin::of(&connection)? {
            Origin::Ours | Origin::Newer { .. } => {
                connection.execute("ATTACH ?1 AS copy", [copy.to_string_lossy()])?;
                Some((of(&connection)?, tokens::list(&connection)?))
            }
            // Nothing was ever kept in it.
            Origin::Empty => Some((Difference::default(), Vec::new())),
            Origin::OfBefore | Origin::Foreign => None,
        })
    });
    compared
        .map_err(|error| error.to_string())?
        .ok_or_else(|| "it is no database of this program".to_owned())
}

fn of(connection: &Connection) -> rusqlite::Result<Difference> {
    let (events, events_delivered) = connection.query_row(
        "SELECT count(*), min(e.accepted_at), max(e.accepted_at), count(l.id)
           FROM main.events e
           LEFT JOIN main.webhook_send_logs l ON l.id = e.id AND l.status = 'success'
          WHERE NOT EXISTS (SELECT 1 FROM copy.events c WHERE c.id = e.id)",
        [],
        |row| Ok((later(row)?, row.get(3)?)),
    )?;
    let interviews = connection.query_row(
        "SELECT count(*), min(updated_at), max(updated_at) FROM main.interviews i
          WHERE NOT EXISTS (SELECT 1 FROM copy.interviews c
                             WHERE c.id = i.id AND c.updated_at = i.updated_at)",
        [],
        later,
    )?;
    let delivered_since = connection.query_row(
        "SELECT count(*) FROM copy.outbox o JOIN copy.events e ON e.seq = o.event_seq
           JOIN main.webhook_send_logs l ON l.id = e.id
          WHERE l.status = 'success'",
        [],
        |row| row.get(0),
    )?;
    Ok(Difference {
        events,
        events_delivered,
        interviews,
        delivered_since,
    })
}

fn later(row: &rusqlite::Row<'_>) -> rusqlite::Result<Later> {
    Ok(Later {
        count: row.get(0)?,
        since: row.get(1)?,
        until: row.get(2)?,
    })
}
