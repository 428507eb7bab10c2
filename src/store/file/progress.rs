//! The progress of a database, which can be compared. When a copy is ahead of the database, a part of the database was
//! lost or it was replaced by an older one, and the start is refused.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use rusqlite::Connection;

use super::super::connection::open_for_reading;
use super::open_error::OpenError;
use super::snapshot::{SnapshotError, open_alone};
use super::{copies, live_file};

/// The progress of a database.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Progress {
    /// When the database was created, in nanoseconds: the same in its copies, and in no other database.
    made: Option<String>,
    /// The position on the relay's time axis that was stored last; none: it was never stored.
    axis_ms: Option<i64>,
    /// The last row number of each table, and the schema's version. Row numbers are never reused, whatever is purged.
    numbers: BTreeMap<String, i64>,
}

impl Progress {
    fn of(connection: &Connection) -> rusqlite::Result<Self> {
        let tables: i64 = connection.query_row(
            "SELECT count(*) FROM sqlite_schema
              WHERE name IN ('relay_time', 'sqlite_sequence', 'refinery_schema_history')",
            [],
            |row| row.get(0),
        )?;
        if tables < 3 {
            return Ok(Self::default());
        }
        let (made, version) = connection.query_row(
            "SELECT min(applied_on) FILTER (WHERE version = 1), max(version) FROM refinery_schema_history",
            [],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )?;
        let axis_ms =
            connection.query_row("SELECT max(axis_ms) FROM relay_time", [], |row| row.get(0))?;
        let mut numbers = connection.prepare("SELECT name, seq FROM sqlite_sequence")?;
        let numbers = numbers.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
        let mut numbers: BTreeMap<String, i64> = numbers.collect::<rusqlite::Result<_>>()?;
        numbers.insert("schema version".to_owned(), version);
        Ok(Self {
            made,
            axis_ms,
            numbers,
        })
    }

    /// The progress of the database at `path`, its journal included. None: it cannot be read.
    pub(super) fn of_database(path: &Path) -> Option<Self> {
        Self::of(&open_for_reading(path).ok()?).ok()
    }

    /// The progress of a copy. None: it cannot be read, so it cannot be restored either.
    pub(super) fn of_copy(copy: &Path) -> Option<Self> {
        let absolute = copy.canonicalize().ok()?;
        Self::of(&open_alone(&absolute, copy).ok()?).ok()
    }

    /// Whether both are of the same database, as far as it is known of both.
    pub(super) fn is_of_same_database(&self, other: &Self) -> bool {
        self.made.is_none() || other.made.is_none() || self.made == other.made
    }

    /// Whether it was written later than `other`, or at the same moment with more rows. A database that continued from
    /// an older copy is later, whatever it lacks, because a person decided to restore that copy.
    pub(super) fn is_beyond(&self, other: &Self) -> bool {
        match self.axis_ms.cmp(&other.axis_ms) {
            Ordering::Less => false,
            Ordering::Equal => self.has_more_than(other),
            Ordering::Greater => true,
        }
    }

    /// Whether it contains rows that `other` lacks, such as events that were accepted before an older copy was
    /// restored.
    pub(super) fn has_more_than(&self, other: &Self) -> bool {
        self.numbers.iter().any(|(table, number)| {
            let of_other = other.numbers.get(table);
            of_other.is_none_or(|of_other| number > of_other)
        })
    }
}

/// Refuses a database that is behind one of the copies in its data directory.
///
/// The database must be readable. After a clean shutdown or a restore the check is not needed.
pub(super) fn refuse_behind(directory: &Path) -> Result<(), OpenError> {
    // The copies are read first, because a running relay may write to the database meanwhile.
    let copies: Vec<(PathBuf, Progress)> = copies(directory)
        .into_iter()
        .filter_map(|copy| Progress::of_copy(&copy).map(|progress| (copy, progress)))
        .collect();
    let path = live_file(directory);
    let own = open_for_reading(&path)
        .and_then(|connection| Progress::of(&connection))
        .map_err(|error| OpenError::database(&path, &error))?;
    let beyond = copies.into_iter().filter(|(_, copy)| copy.is_beyond(&own));
    match beyond.max_by_key(|(_, copy)| copy.axis_ms) {
        None => Ok(()),
        Some((copy, _)) => Err(OpenError::Behind { path, copy }),
    }
}

/// Refuses a copy when another one in the data directory is ahead of it, or of another database: then its source is not
/// the relay's database any more.
pub(super) fn refuse_stale(directory: &Path, copy: &Path) -> Result<(), SnapshotError> {
    let own = Progress::of_copy(copy).unwrap_or_default();
    for other in copies(directory) {
        let progress = Progress::of_copy(&other);
        if progress.is_some_and(|p| p.is_beyond(&own) || !p.is_of_same_database(&own)) {
            let path = copy.to_owned();
            return Err(SnapshotError::Stale { path, other });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn progress(axis_ms: Option<i64>, events: i64) -> Progress {
        Progress {
            made: None,
            axis_ms,
            numbers: BTreeMap::from([("events".to_owned(), events)]),
        }
    }

    #[test]
    fn who_was_written_later_or_has_more_of_the_same_moment_is_beyond() {
        let own = progress(Some(5), 10);
        for (other, beyond) in [
            (own.clone(), false),
            (progress(Some(5), 11), true),
            (progress(Some(5), 9), false),
            (progress(Some(6), 9), true),
            (progress(Some(4), 11), false),
            (Progress::default(), false),
        ] {
            assert_eq!(other.is_beyond(&own), beyond, "{other:?}");
        }
        assert!(own.is_beyond(&Progress::default()));
        let with_more = Progress {
            numbers: BTreeMap::from([("attempts".to_owned(), 1)]),
            ..own.clone()
        };
        assert!(with_more.is_beyond(&own), "a table that had given none");
    }
}
