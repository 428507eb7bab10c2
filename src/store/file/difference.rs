//! What a database, and those that earlier restores have set aside, have that an older copy has not.

use std::path::{Path, PathBuf};

use rusqlite::Connection;

use super::super::carry_over::{self, Carried};
use super::super::connection::open_for_reading;
use super::copies::copies;
use super::mark::mark_of_damage;
use super::other_copies::set_aside_by_restores;
use super::owner::Owner;
use super::path::{Inode, filled_journal_of};
use super::progress::{Progress, further_copy, may_be_behind, refuse_behind};
use super::version::FileOrigin;
use super::{backup_file, live_file};
use crate::timestamp::Timestamp;

/// What is lost, or happens twice, when a copy takes a database's place. What was erased is neither: nobody is to hand it in
/// again, and it is not sent any more.
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
    /// Databases that an earlier restore has set aside, with which the copy was compared too.
    pub set_aside: Vec<PathBuf>,
    /// Set when events may have been accepted of which nothing is left.
    pub incomplete: Option<Incomplete>,
}

/// Why not all that was accepted is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Incomplete {
    /// What happened to the database.
    pub why: String,
    /// The copy of the database with which it was compared, because the database itself cannot be read.
    pub compared_with: Option<PathBuf>,
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
/// the database cannot be read, or `owner` says that it does not belong there, the furthest copy of it may know nearly as
/// much. What an earlier restore has set aside counts too, when the copy is older than that restore. Answers what outlives a restore too; none: there was no
/// database, and no sign of one.
///
/// # Errors
/// In words: why the database cannot be read.
pub(super) fn compare(
    directory: &Path,
    copy: &Path,
    database: &Path,
    owner: &Owner,
) -> Result<Option<(Difference, Carried)>, String> {
    let (live, backup) = (live_file(directory), backup_file(directory));
    let comparison = Comparison::with(database).map_err(|error| error.to_string())?;
    let why = if live.exists() && !owner.may_have_file(&live) {
        "it is the database of another relay".to_owned()
    } else if live.exists() {
        match comparison.add(&live) {
            Ok(carried) => {
                let lost = lost_part(directory, &live, owner);
                let difference = with_set_aside(&comparison, directory, database, &live)?;
                return Ok(Some((difference.incomplete(lost, None), carried)));
            }
            Err(why) => why,
        }
    } else if !copies(directory).is_empty() || filled_journal_of(&live).is_some() {
        "it is gone".to_owned()
    } else {
        return Ok(None);
    };
    let other = further_copy(directory, copy, owner).unwrap_or(backup);
    // A comparison of the copy with itself would say nothing about the database.
    if Inode::of(&other) != Inode::of(copy)
        && let Ok(carried) = comparison.add(&other)
    {
        let difference = with_set_aside(&comparison, directory, database, &other)?;
        let incomplete = difference.incomplete(Some(why), Some(other));
        return Ok(Some((incomplete, carried)));
    }
    Err(why)
}

/// Adds what earlier restores have set aside to a comparison with the present database, or its copy, at `present`. A
/// copy that was made after such a restore came of the decision to go on without that.
fn with_set_aside(
    comparison: &Comparison,
    directory: &Path,
    database: &Path,
    present: &Path,
) -> Result<Difference, String> {
    let progress = |path: &Path| Progress::of_database(path).unwrap_or_default();
    let (copy, present) = (progress(database), progress(present));
    let (mut added, mut unread) = (Vec::new(), None);
    for aside in set_aside_by_restores(directory) {
        let path = aside.join("relay.db");
        let counts = match Progress::of_database(&path) {
            Ok(of_aside) => {
                of_aside.is_of_same_database(&copy) && of_aside.restores >= copy.restores
            }
            Err(_) => path.exists() && copy.restores < present.restores,
        };
        match counts.then(|| comparison.add(&path)) {
            Some(Ok(_)) => added.push(aside),
            Some(Err(why)) => unread = Some(format!("{} cannot be read: {why}", aside.display())),
            None => {}
        }
    }
    let difference = comparison.result().map_err(|error| error.to_string())?;
    let difference = Difference {
        set_aside: added,
        ..difference
    };
    Ok(difference.incomplete(unread, None))
}

/// Why the database that can be read may not be all that was accepted; none: it is.
fn lost_part(directory: &Path, live: &Path, owner: &Owner) -> Option<String> {
    if mark_of_damage(live).exists() {
        return Some("damage was met in it while the relay ran".to_owned());
    }
    let is_behind = may_be_behind(directory) && refuse_behind(directory, owner).is_err();
    is_behind.then(|| "a copy of it has what it has not".to_owned())
}

impl Difference {
    /// The same, when there is a reason `why` it is not everything.
    fn incomplete(self, why: Option<String>, compared_with: Option<PathBuf>) -> Self {
        let newest = self.newest;
        let incomplete = why.map(|why| Incomplete {
            why,
            compared_with,
            newest,
        });
        Self {
            incomplete: incomplete.or(self.incomplete),
            ..self
        }
    }
}

/// A copy, and what other databases have that it has not. What several of them have counts once.
struct Comparison(Connection);

impl Comparison {
    /// With the copy at `copy`, which is not changed.
    fn with(copy: &Path) -> rusqlite::Result<Self> {
        let connection = open_for_reading(copy)?;
        connection.execute_batch(
            "CREATE TEMP TABLE lacked_events
               (id TEXT PRIMARY KEY, accepted_at TEXT NOT NULL, delivered INTEGER NOT NULL) WITHOUT ROWID;
             CREATE TEMP TABLE lacked_interviews
               (id TEXT PRIMARY KEY, updated_at TEXT NOT NULL) WITHOUT ROWID;
             CREATE TEMP TABLE delivered_since (id TEXT PRIMARY KEY) WITHOUT ROWID;
             CREATE TEMP TABLE erased (id TEXT PRIMARY KEY) WITHOUT ROWID;
             CREATE TEMP TABLE newest (accepted_at TEXT);
             INSERT INTO newest SELECT max(accepted_at) FROM main.events;",
        )?;
        Ok(Self(connection))
    }

    /// Adds what the database at `other` has, and answers what of it outlives a restore.
    ///
    /// # Errors
    /// In words: why it cannot be read.
    fn add(&self, other: &Path) -> Result<Carried, String> {
        let read = open_for_reading(other).and_then(|connection| {
            Ok(match FileOrigin::of(&connection)? {
                FileOrigin::Ours | FileOrigin::Newer { .. } => {
                    let carried = carry_over::read(&connection)?;
                    self.take_in(other)?;
                    Some(carried)
                }
                FileOrigin::Empty => Some(Carried::default()),
                FileOrigin::PreRelease | FileOrigin::Foreign => None,
            })
        });
        read.map_err(|error| error.to_string())?
            .ok_or_else(|| "it is no database of this program".to_owned())
    }

    fn take_in(&self, other: &Path) -> rusqlite::Result<()> {
        self.0
            .execute("ATTACH ?1 AS other", [other.to_string_lossy()])?;
        let taken = self.0.execute_batch(
            "BEGIN;
             INSERT INTO lacked_events
               SELECT e.id, e.accepted_at, l.id IS NOT NULL
                 FROM other.events e
                 LEFT JOIN other.webhook_send_logs l ON l.id = e.id AND l.status = 'success'
                WHERE NOT EXISTS (SELECT 1 FROM main.events c WHERE c.id = e.id)
               ON CONFLICT (id) DO UPDATE SET delivered = max(delivered, excluded.delivered);
             INSERT INTO lacked_interviews
               SELECT id, updated_at FROM other.interviews i
                WHERE NOT EXISTS (SELECT 1 FROM main.interviews c
                                   WHERE c.id = i.id AND c.updated_at = i.updated_at)
               ON CONFLICT (id) DO UPDATE SET updated_at = max(updated_at, excluded.updated_at);
             INSERT OR IGNORE INTO delivered_since
               SELECT e.id FROM main.outbox o JOIN main.events e ON e.seq = o.event_seq
                 JOIN other.webhook_send_logs l ON l.id = e.id
                WHERE l.status = 'success';
             INSERT OR IGNORE INTO erased
               SELECT e.id FROM other.erased_events x JOIN other.events e ON e.seq = x.event_seq;
             INSERT OR IGNORE INTO erased SELECT id FROM other.erased_interviews;
             INSERT INTO newest SELECT max(accepted_at) FROM other.events;
             COMMIT;",
        );
        if taken.is_err() && !self.0.is_autocommit() {
            self.0.execute_batch("ROLLBACK")?;
        }
        self.0.execute_batch("DETACH other")?;
        taken
    }

    /// Whether a row is missing in the copy, erased or not.
    fn lacks_any(&self) -> rusqlite::Result<bool> {
        self.0.query_row(
            "SELECT EXISTS (SELECT 1 FROM lacked_events) OR EXISTS (SELECT 1 FROM lacked_interviews)",
            [],
            |row| row.get(0),
        )
    }

    fn result(&self) -> rusqlite::Result<Difference> {
        let connection = &self.0;
        let (events, events_delivered) = connection.query_row(
            "SELECT count(*), min(accepted_at), max(accepted_at), coalesce(sum(delivered), 0)
               FROM lacked_events WHERE id NOT IN (SELECT id FROM erased)",
            [],
            |row| Ok((later(row)?, row.get(3)?)),
        )?;
        let interviews = connection.query_row(
            "SELECT count(*), min(updated_at), max(updated_at) FROM lacked_interviews
              WHERE id NOT IN (SELECT id FROM erased)",
            [],
            later,
        )?;
        let delivered_since = connection.query_row(
            "SELECT count(*) FROM delivered_since WHERE id NOT IN (SELECT id FROM erased)",
            [],
            |row| row.get(0),
        )?;
        let newest =
            connection.query_row("SELECT max(accepted_at) FROM newest", [], |row| row.get(0))?;
        Ok(Difference {
            events,
            events_delivered,
            interviews,
            delivered_since,
            newest,
            set_aside: Vec::new(),
            incomplete: None,
        })
    }
}

/// Whether the copy at `copy` has every event and every interview record of the one at `other`, as it is there. Not when
/// one of them cannot be read.
pub(super) fn has_all_of(copy: &Path, other: &Path) -> bool {
    let lacked = Comparison::with(copy).and_then(|comparison| {
        let added = comparison.add(other);
        Ok(added.is_err() || comparison.lacks_any()?)
    });
    matches!(lacked, Ok(false))
}

fn later(row: &rusqlite::Row<'_>) -> rusqlite::Result<Later> {
    Ok(Later {
        count: row.get(0)?,
        since: row.get(1)?,
        until: row.get(2)?,
    })
}
