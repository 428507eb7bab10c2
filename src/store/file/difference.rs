//! What a database has that an older copy of it has not.

use std::path::Path;

use rusqlite::Connection;

use super::super::carry_over::{self, Carried};
use super::super::connection::open_for_reading;
use super::mark::{Mark, mark_of_damage};
use super::path::{Inode, filled_journal_of};
use super::progress::refuse_behind;
use super::version::Origin;
use super::{backup_file, live_file, newest_copy};
use crate::timestamp::Timestamp;

/// What is lost, or happens twice, when a copy takes a database's place.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Difference {
    /// Events that were accepted after the copy.
    pub events: Later,
    /// How many of these were delivered already.
    pub events_delivered: u64,
    /// Interview records that came or changed after the copy.
    pub interviews: Later,
    /// The newest event in either.
    pub newest: Option<Timestamp>,
    /// Deliveries that the copy has as still to be made, and that were made since.
    pub delivered_since: u64,
    /// Set when events may have been accepted of which nothing is left.
    pub incomplete: Option<Incomplete>,
}

/// Why not all that was accepted is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Incomplete {
    /// What happened to the database.
    pub why: String,
    /// The copy was compared with the daemon's backup file, because the database itself cannot be read.
    pub of_backup_file: bool,
    /// The newest event that is known of.
    pub newest: Option<Timestamp>,
}

/// What came later than a copy.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Later {
    /// The number of rows.
    pub count: u64,
    /// When the oldest of them came.
    pub since: Option<Timestamp>,
    /// When the newest of them came.
    pub until: Option<Timestamp>,
}

/// Compares what a data directory has with `copy`, which is laid out at `database`; all of it is left as it is. When
/// the database cannot be read, its backup file may know nearly as much. Answers what outlives a restore too; none: there was no
/// database, and no sign of one.
///
/// # Errors
/// In words: why the database cannot be read.
pub(super) fn compare(
    directory: &Path,
    copy: &Path,
    database: &Path,
) -> Result<Option<(Difference, Carried)>, String> {
    let (live, backup) = (live_file(directory), backup_file(directory));
    let why = if live.exists() {
        match compare_with(&live, database) {
            Ok((difference, carried)) => {
                let why = lost_part(directory, &live);
                return Ok(Some((difference.incomplete(why, false), carried)));
            }
            Err(why) => why,
        }
    } else if newest_copy(directory).is_some() || filled_journal_of(&live).is_some() {
        "it is gone".to_owned()
    } else {
        return Ok(None);
    };
    // A comparison of the copy with itself would say nothing about the database.
    if Inode::of(&backup) != Inode::of(copy)
        && let Ok((difference, carried)) = compare_with(&backup, database)
    {
        return Ok(Some((difference.incomplete(Some(why), true), carried)));
    }
    Err(why)
}

/// Why the database that can be read may not be all that was accepted; none: it is.
fn lost_part(directory: &Path, live: &Path) -> Option<String> {
    if mark_of_damage(live).exists() {
        return Some("damage was met in it while the relay ran".to_owned());
    }
    let is_behind = !Mark::of(live).fits() && refuse_behind(directory).is_err();
    is_behind.then(|| "a copy of it has what it has not".to_owned())
}

impl Difference {
    fn incomplete(self, why: Option<String>, of_backup_file: bool) -> Self {
        let newest = self.newest;
        let incomplete = why.map(|why| Incomplete {
            why,
            of_backup_file,
            newest,
        });
        Self { incomplete, ..self }
    }
}

fn compare_with(present: &Path, copy: &Path) -> Result<(Difference, Carried), String> {
    let compared = open_for_reading(present).and_then(|connection| {
        Ok(match Origin::of(&connection)? {
            Origin::Ours | Origin::Newer { .. } => {
                connection.execute("ATTACH ?1 AS copy", [copy.to_string_lossy()])?;
                Some((of(&connection)?, carry_over::read(&connection)?))
            }
            // The database is empty.
            Origin::Empty => Some((Difference::default(), Carried::default())),
            Origin::OfBefore | Origin::Foreign => None,
        })
    });
    compared
        .map_err(|error| error.to_string())?
        .ok_or_else(|| "it is no database of this program".to_owned())
}

/// Whether the copy at `copy` has every event and every interview record of the one at `other`, as it is there. Not when
/// one of them cannot be read.
pub(super) fn has_all_of(copy: &Path, other: &Path) -> bool {
    compare_with(other, copy)
        .is_ok_and(|(lacks, _)| lacks.events.count == 0 && lacks.interviews.count == 0)
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
    let newest = connection.query_row(
        "SELECT max(accepted_at) FROM (SELECT accepted_at FROM main.events
                             UNION ALL SELECT accepted_at FROM copy.events)",
        [],
        |row| row.get(0),
    )?;
    Ok(Difference {
        events,
        events_delivered,
        interviews,
        delivered_since,
        newest,
        incomplete: None,
    })
}

fn later(row: &rusqlite::Row<'_>) -> rusqlite::Result<Later> {
    Ok(Later {
        count: row.get(0)?,
        since: row.get(1)?,
        until: row.get(2)?,
    })
}
