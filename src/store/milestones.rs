//! How far the tables had come at moments of the relay's life: by them is known how old a row is. The times in the rows
//! cannot say it: while they were written, the wall clock may have been wrong by years.

use std::time::Duration;

use rusqlite::{Connection, OptionalExtension};

use super::relay_time::{Now, milliseconds};
use super::writer::Lane;
use super::{Store, StoreError};
use crate::clock::Moment;

/// The last row numbers at one moment: the rows up to them are older than it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Milestone {
    /// When it was, in time that was lived through.
    pub(super) lived_ms: i64,
    pub(super) events: i64,
    pub(super) attempts: i64,
    pub(super) actions: i64,
    pub(super) comparisons: i64,
}

impl Store {
    /// Keeps how far the tables have come, so that it is known later how old their rows are, and what time it is.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn leave_milestone(&self, moment: Moment) -> Result<(), StoreError> {
        let (time, now) = (self.time.clone(), self.time.now(moment));
        self.write(Lane::Probe, move |connection| {
            time.save(connection, now)?;
            Ok(leave(connection, now)?)
        })
        .await
    }

    /// Forgets the milestones that nobody asks for who asks about at most `longest` ago.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn forget_milestones(
        &self,
        longest: Duration,
        moment: Moment,
    ) -> Result<(), StoreError> {
        let before_ms = self.time.now(moment).lived_before(longest);
        self.write(Lane::Probe, move |connection| {
            Ok(forget(connection, before_ms)?)
        })
        .await
    }

    /// What was there so long ago; none: nothing is known to be so old.
    pub(super) async fn milestone(
        &self,
        ago: Duration,
        moment: Moment,
    ) -> Result<Option<Milestone>, StoreError> {
        let before_ms = self.time.now(moment).lived_before(ago);
        self.read(move |connection| Ok(at(connection, before_ms)?))
            .await
    }
}

pub(super) fn leave(connection: &Connection, now: Now) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO milestones (lived_ms, events, attempts, actions, comparisons)
             VALUES (?1, coalesce((SELECT max(seq) FROM events), 0),
                     coalesce((SELECT max(seq) FROM attempts), 0),
                     coalesce((SELECT max(seq) FROM audit), 0),
                     coalesce((SELECT max(seq) FROM reconciliations), 0))
             ON CONFLICT DO UPDATE SET events = excluded.events, attempts = excluded.attempts,
                actions = excluded.actions, comparisons = excluded.comparisons",
        )?
        .execute([now.lived_ms()])
        .map(|_| ())
}

/// The last one that was left at this moment or earlier.
pub(super) fn at(connection: &Connection, lived_ms: i64) -> rusqlite::Result<Option<Milestone>> {
    connection
        .prepare_cached(
            "SELECT lived_ms, events, attempts, actions, comparisons FROM milestones
              WHERE lived_ms <= ?1 ORDER BY lived_ms DESC LIMIT 1",
        )?
        .query_row([lived_ms], |row| {
            Ok(Milestone {
                lived_ms: row.get(0)?,
                events: row.get(1)?,
                attempts: row.get(2)?,
                actions: row.get(3)?,
                comparisons: row.get(4)?,
            })
        })
        .optional()
}

/// Keeps the last one that was left at this moment or earlier, and those after it.
fn forget(connection: &Connection, lived_ms: i64) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "DELETE FROM milestones
              WHERE lived_ms < (SELECT max(lived_ms) FROM milestones WHERE lived_ms <= ?1)",
        )?
        .execute([lived_ms])
        .map(|_| ())
}

impl Now {
    /// The moment `span` earlier, in time that was lived through.
    pub(super) fn lived_before(self, span: Duration) -> i64 {
        self.lived_ms().saturating_sub(milliseconds(span))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::tests::{accept_one, count, database, when};

    #[test]
    fn what_was_there_at_a_moment_is_known_as_long_as_anybody_asks() {
        let (_directory, connection) = database();
        let base = when(0).lived_ms();
        for hour in 0..5 {
            leave(&connection, when(hour * 10)).unwrap();
            accept_one(&connection, "a.b", when(hour * 10 + 5));
        }
        let events = |ms| at(&connection, base + ms).unwrap().map(|one| one.events);
        assert_eq!(events(-1), None);
        assert_eq!(events(0), Some(0));
        assert_eq!(events(9), Some(0));
        assert_eq!(events(39), Some(3));
        assert_eq!(events(1000), Some(4));
        forget(&connection, base + 25).unwrap();
        assert_eq!(events(19), None);
        assert_eq!(events(25), Some(2));
        assert_eq!(count(&connection, "SELECT count(*) FROM milestones"), 3);
    }
}
