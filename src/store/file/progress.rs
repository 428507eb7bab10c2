//! The progress of a database, which can be compared. When a copy is ahead of the database, a part of the database was
//! lost or it was replaced by an older one, and the start is refused.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use rusqlite::Connection;

use super::super::connection::{identity, open_for_reading};
use super::copies::{copies, rescued_in};
use super::live_file;
use super::mark::Mark;
use super::open_error::OpenError;
use super::owner::Owner;
use super::snapshot::{Obstacle, SnapshotError, of_database, open_alone};
use super::version::schema_version;

/// The progress of a database.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Progress {
    /// The number that the database has in common with its copies alone.
    pub(super) identity: Option<u32>,
    /// How often a person has put a copy in its place.
    pub(super) restores: i64,
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
        let identity = identity(connection)?;
        if tables < 3 {
            return Ok(Self {
                identity,
                ..Self::default()
            });
        }
        let version = schema_version(connection)?;
        let (axis_ms, restores) = connection.query_row(
            "SELECT max(axis_ms), coalesce(max(restores), 0) FROM relay_time",
            [],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )?;
        let mut numbers = connection.prepare("SELECT name, seq FROM sqlite_sequence")?;
        let numbers = numbers.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
        let mut numbers: BTreeMap<String, i64> = numbers.collect::<rusqlite::Result<_>>()?;
        numbers.insert("schema version".to_owned(), version.into());
        Ok(Self {
            identity,
            restores,
            axis_ms,
            numbers,
        })
    }

    /// The progress of the database at `path`, its journal included.
    pub(super) fn of_database(path: &Path) -> rusqlite::Result<Self> {
        Self::of(&open_for_reading(path)?)
    }

    /// The progress of a copy. None: it cannot be read, so it cannot be restored either.
    pub(super) fn of_copy(copy: &Path) -> Option<Self> {
        let absolute = copy.canonicalize().ok()?;
        Self::of(&open_alone(&absolute, copy).ok()?).ok()
    }

    /// Whether both are of the same database, as far as it is known of both.
    pub(super) fn is_of_same_database(&self, other: &Self) -> bool {
        self.identity.is_none() || other.identity.is_none() || self.identity == other.identity
    }

    /// Whether it was written later than `other`, or at the same moment with more rows. What a person restored later is
    /// later, whatever it lacks, and so is what continued from it.
    pub(super) fn is_beyond(&self, other: &Self) -> bool {
        let later = |one: &Self| (one.restores, one.axis_ms);
        match later(self).cmp(&later(other)) {
            Ordering::Less => false,
            Ordering::Equal => self.has_more_than(other),
            Ordering::Greater => true,
        }
    }

    /// Whether an event or an interview record was ever kept in it.
    pub(super) fn has_records(&self) -> bool {
        ["events", "interviews"]
            .iter()
            .any(|table| self.numbers.get(*table).is_some_and(|number| *number > 0))
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

/// Whether a copy in the data directory may have what the database has not. One that was closed in order, or restored, has
/// everything, unless the relay went on elsewhere after that, such as on a disk that was mounted over it: then a copy was
/// rescued.
pub(super) fn may_be_behind(directory: &Path) -> bool {
    let live = live_file(directory);
    live.exists() && (!Mark::of(&live).fits() || !rescued_in(directory).is_empty())
}

/// Refuses a database that is behind one of the copies in its data directory. A copy of a database that does not belong
/// there says nothing of this one.
///
/// The database must be readable.
pub(super) fn refuse_behind(directory: &Path, owner: &Owner) -> Result<(), OpenError> {
    // The copies are read first, because a running relay may write to the database meanwhile.
    let copies = of_copies(directory, owner);
    let path = live_file(directory);
    let own = Progress::of_database(&path).map_err(|error| OpenError::database(&path, &error))?;
    match furthest_beyond(copies, &own) {
        None => Ok(()),
        Some(copy) => Err(OpenError::Behind { path, copy }),
    }
}

/// The copy in a data directory that is furthest beyond `copy`, of those of a database that belongs there.
pub(super) fn further_copy(directory: &Path, copy: &Path, owner: &Owner) -> Option<PathBuf> {
    let own = Progress::of_copy(copy).unwrap_or_default();
    furthest_beyond(of_copies(directory, owner), &own)
}

/// The copies of a database that belongs in a data directory, as far as they can be read.
fn of_copies(directory: &Path, owner: &Owner) -> Vec<(PathBuf, Progress)> {
    let copies = copies(directory).into_iter();
    copies
        .filter_map(|copy| Progress::of_copy(&copy).map(|progress| (copy, progress)))
        .filter(|(_, progress)| owner.may_have(progress.identity))
        .collect()
}

fn furthest_beyond(copies: Vec<(PathBuf, Progress)>, own: &Progress) -> Option<PathBuf> {
    let beyond = copies.into_iter().filter(|(_, copy)| copy.is_beyond(own));
    let furthest = beyond.max_by_key(|(_, copy)| (copy.restores, copy.axis_ms));
    furthest.map(|(copy, _)| copy)
}

/// The progress of the database of a data directory, and of its copies, as far as they can be read.
pub(super) fn of_all(directory: &Path) -> Vec<Progress> {
    let live = live_file(directory);
    let of_live = live.exists().then(|| Progress::of_database(&live).ok());
    let copies = copies(directory);
    let of_copies = copies.iter().filter_map(|copy| Progress::of_copy(copy));
    of_live.flatten().into_iter().chain(of_copies).collect()
}

/// The number that a copy gets when it is put in the place of the database: more than any that is there has, so that it
/// counts as later than all of them, wherever its file is moved afterwards.
pub(super) fn number_of_next_restore(directory: &Path, copy: &Path) -> i64 {
    let all = of_all(directory).into_iter().chain(Progress::of_copy(copy));
    all.map(|progress| progress.restores).max().unwrap_or(0) + 1
}

/// Refuses a copy of the database with this identity when another one of it in the data directory is ahead, or the copy
/// has another identity: then its source is not the relay's database any more.
pub(super) fn refuse_stale(
    directory: &Path,
    copy: &Path,
    identity: Option<u32>,
) -> Result<(), SnapshotError> {
    let own = Progress::of_copy(copy).unwrap_or_default();
    let expected = Progress {
        identity,
        ..Progress::default()
    };
    for other in copies(directory) {
        let progress = Progress::of_copy(&other);
        let progress = progress.filter(|progress| progress.is_of_same_database(&expected));
        if progress.is_some_and(|p| p.is_beyond(&own) || !p.is_of_same_database(&own)) {
            let path = copy.to_owned();
            return Err(SnapshotError::Stale { path, other });
        }
    }
    Ok(())
}

/// Refuses to write a copy of `source` over anything but an older copy of the same database.
///
/// # Errors
/// `InTheWay`, or why `source` cannot be compared with it.
pub fn refuse_loss(source: &Path, target: &Path) -> Result<(), SnapshotError> {
    if fs::metadata(target).map_or(0, |found| found.len()) == 0 {
        return Ok(());
    }
    let own = Progress::of_database(source).map_err(|error| of_database(source, &error))?;
    let other = Progress::of_copy(target).unwrap_or_default();
    let obstacle = if other.identity.is_none() || other.identity != own.identity {
        Obstacle::OfAnother
    } else if other.is_beyond(&own) || other.has_more_than(&own) {
        Obstacle::Later
    } else {
        return Ok(());
    };
    Err(SnapshotError::InTheWay {
        path: target.to_owned(),
        obstacle,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn progress(axis_ms: Option<i64>, events: i64) -> Progress {
        Progress {
            axis_ms,
            numbers: BTreeMap::from([("events".to_owned(), events)]),
            ..Progress::default()
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
        let restored = Progress {
            restores: 1,
            ..progress(Some(4), 1)
        };
        assert!(restored.is_beyond(&own) && !own.is_beyond(&restored));
        let with_more = Progress {
            numbers: BTreeMap::from([("attempts".to_owned(), 1)]),
            ..own.clone()
        };
        assert!(with_more.is_beyond(&own), "a table that had given none");
    }
}
