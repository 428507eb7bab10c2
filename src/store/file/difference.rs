//! What a database has that an older copy of it has not.

use std::path::Path;

use rusqlite::Connection;

use super::super::connection::open_for_reading;
use super::super::tokens;
use super::place::Inode;
use super::version::Origin;
use super::{backup_file, live_file};
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
    /// Why the copy was compared with the daemon's backup file, and not with the database itself.
    pub of_backup_file: Option<String>,
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

/// Compares what a data directory has with `copy`, which is laid out at `database`; all of it is left as it is. When
/// the database cannot be read, its backup file may know nearly as much. Answers the tokens too; none: there was no
/// database.
///
/// # Errors
/// In words: why the database cannot be read.
pub(super) fn compare(
    directory: &Path,
    copy: &Path,
    database: &Path,
) -> Result<Option<(Difference, Vec<TokenRecord>)>, String> {
    let (live, backup) = (live_file(directory), backup_file(directory));
    let is_there = live.exists();
    let why = if is_there {
        match compare_with(&live, database) {
            Ok(compared) => return Ok(Some(compared)),
            Err(why) => why,
        }
    } else {
        "it is gone".to_owned()
    };
    // With itself it would agree, and say nothing of the database.
    if Inode::of(&backup) != Inode::of(copy)
        && let Ok((difference, tokens)) = compare_with(&backup, database)
    {
        let of_backup_file = Some(why);
        let difference = Difference {
            of_backup_file,
            ..difference
        };
        return Ok(Some((difference, tokens)));
    }
    if is_there { Err(why) } else { Ok(None) }
}

fn compare_with(present: &Path, copy: &Path) -> Result<(Difference, Vec<TokenRecord>), String> {
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
        of_backup_file: None,
    })
}

fn later(row: &rusqlite::Row<'_>) -> rusqlite::Result<Later> {
    Ok(Later {
        count: row.get(0)?,
        since: row.get(1)?,
        until: row.get(2)?,
    })
}
