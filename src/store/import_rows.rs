//! The rows of a file of interview records on their way into the table of records, in steps so small that none holds up
//! accepting.
//!
//! First all rows wait in a table of their own, and are judged there by what the whole file would leave behind. Then the
//! file is *decided*: from that commit on it counts as kept, whatever breaks off. What is not decided is deleted, and what
//! is decided is written to its end: by the import itself, or by the next start.

use std::collections::HashSet;

use rusqlite::{Connection, OptionalExtension};

use super::erased_records::ErasedRecords;
use super::interview_counts::Changes;
use super::interview_intake::{exists, has_origin, holder_of, set_origin, set_sync_id, upsert};
use super::interview_row::{fields, find, interview, write};
use crate::interview::{ImportResult, Interview, InterviewConflict, UnknownOrigin};
use crate::timestamp::Timestamp;

/// Rows of one step; more would hold up accepting.
pub(super) const ROWS_AT_ONCE: usize = 100;
/// Before the first place.
const BEFORE_ALL: i64 = -1;

/// A row that waits.
struct Waiting {
    place: i64,
    interview: Interview,
}

/// Lets rows wait, each with its place, and answers how many of them are records of erased people: these wait without
/// names.
pub(super) fn add(connection: &Connection, rows: &[(u64, Interview)]) -> rusqlite::Result<u64> {
    let mut erased = ErasedRecords::of(connection)?;
    for (place, interview) in rows {
        let interview = erased.known(connection, interview.clone())?;
        let place = i64::try_from(*place).unwrap_or(i64::MAX);
        write(
            connection,
            concat!(
                "INSERT INTO import_rows (",
                fields!(),
                ", place) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)"
            ),
            &interview,
            &place,
        )?;
    }
    Ok(erased.met())
}

/// Judges the next rows behind `after` by what the whole file leaves behind, adds that to the result, and answers the
/// last of them; none: there are no more.
pub(super) fn judge(
    connection: &Connection,
    after: Option<i64>,
    unknown_origin: UnknownOrigin,
    result: &mut ImportResult,
) -> rusqlite::Result<Option<i64>> {
    let rows = next(connection, after.unwrap_or(BEFORE_ALL))?;
    let last = rows.last().map(|row| row.place);
    for row in rows {
        let Waiting { place, interview } = &row;
        let number = number(*place);
        let first = first_with(connection, &interview.id)?;
        if first < *place {
            result.repeated.push((number, self::number(first)));
        }
        if is_taken(connection, &row)? {
            result
                .refused
                .push((number, InterviewConflict::SyncIdTaken));
        }
        match conflict_of_origin(connection, &row)? {
            Some(InterviewConflict::OriginUnknown) if unknown_origin == UnknownOrigin::Drop => {
                result.origins_dropped += 1;
            }
            Some(why) => result.refused.push((number, why)),
            None => {}
        }
        let kept = find(connection, &interview.id)?;
        result.count(kept.map(|kept| kept.interview), row.interview);
    }
    Ok(last)
}

/// Decides that all rows are kept, as records of this moment.
pub(super) fn decide(connection: &Connection, now: Timestamp) -> rusqlite::Result<()> {
    connection
        .prepare_cached("INSERT INTO import_decided (id, at, written) VALUES (1, ?1, ?2)")?
        .execute((now, BEFORE_ALL))
        .map(|_| ())
}

/// Writes the next rows of what was decided; false: everything is written, or nothing was decided.
///
/// Every record is written before the last names and ids are: one may name a record that comes later, or take an id that
/// a later one releases.
pub(super) fn apply(connection: &Connection) -> rusqlite::Result<bool> {
    let decided: Option<(Timestamp, i64)> = connection
        .prepare_cached("SELECT at, written FROM import_decided WHERE id = 1")?
        .query_row([], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    let Some((now, written)) = decided else {
        return Ok(false);
    };
    let mut counts = Changes::default();
    let rows = next(connection, written)?;
    if let Some(last) = rows.last() {
        for row in &rows {
            put(connection, row, now, &mut counts)?;
        }
        connection
            .prepare_cached("UPDATE import_decided SET written = ?1 WHERE id = 1")?
            .execute([last.place])?;
    } else {
        let rows = next(connection, BEFORE_ALL)?;
        let Some(last) = rows.last() else {
            connection
                .prepare_cached("DELETE FROM import_decided WHERE id = 1")?
                .execute([])?;
            return Ok(false);
        };
        for row in &rows {
            link(connection, &row.interview, &mut counts)?;
        }
        delete_until(connection, last.place)?;
    }
    counts.write(connection)?;
    Ok(true)
}

/// Deletes some rows of what was not decided; false: there are none.
pub(super) fn discard(connection: &Connection) -> rusqlite::Result<bool> {
    let rows = next(connection, BEFORE_ALL)?;
    let Some(last) = rows.last() else {
        return Ok(false);
    };
    delete_until(connection, last.place)?;
    Ok(true)
}

/// Ends what a stop or a crash has broken off: what was decided is written to its end, anything else is deleted.
pub(super) fn end_interrupted(connection: &Connection) -> rusqlite::Result<()> {
    while in_transaction(connection, apply)? {}
    while in_transaction(connection, discard)? {}
    Ok(())
}

fn in_transaction(
    connection: &Connection,
    step: impl Fn(&Connection) -> rusqlite::Result<bool>,
) -> rusqlite::Result<bool> {
    let transaction = connection.unchecked_transaction()?;
    let more = step(&transaction)?;
    transaction.commit()?;
    Ok(more)
}

/// The first rows behind a place.
fn next(connection: &Connection, after: i64) -> rusqlite::Result<Vec<Waiting>> {
    connection
        .prepare_cached(concat!(
            "SELECT place, ",
            fields!(),
            " FROM import_rows WHERE place > ?1 ORDER BY place LIMIT ?2"
        ))?
        .query_map((after, ROWS_AT_ONCE), |row| {
            Ok(Waiting {
                place: row.get(0)?,
                interview: interview(row)?,
            })
        })?
        .collect()
}

fn delete_until(connection: &Connection, place: i64) -> rusqlite::Result<()> {
    connection
        .prepare_cached("DELETE FROM import_rows WHERE place <= ?1")?
        .execute([place])
        .map(|_| ())
}

/// Writes one record, without what another one still stands in the way of: then the row waits on.
fn put(
    connection: &Connection,
    row: &Waiting,
    now: Timestamp,
    counts: &mut Changes,
) -> rusqlite::Result<()> {
    let mut interview = row.interview.clone();
    if let Some(origin) = &interview.rescheduled_from_id
        && !exists(connection, origin)?
    {
        interview.rescheduled_from_id = None;
    }
    if let Some(sync_id) = &interview.voicedrive_sync_id
        && holder_of(connection, sync_id)?.is_some_and(|id| id != interview.id)
    {
        interview.voicedrive_sync_id = None;
    }
    upsert(connection, &interview, now, counts)?;
    if interview == row.interview {
        connection
            .prepare_cached("DELETE FROM import_rows WHERE place = ?1")?
            .execute([row.place])?;
    }
    Ok(())
}

/// Gives a record what was in the way before. An origin that is still nowhere is one that was to be dropped.
fn link(
    connection: &Connection,
    interview: &Interview,
    counts: &mut Changes,
) -> rusqlite::Result<()> {
    if let Some(sync_id) = &interview.voicedrive_sync_id
        && holder_of(connection, sync_id)?.is_none()
    {
        set_sync_id(connection, &interview.id, sync_id, counts)?;
    }
    if let Some(origin) = &interview.rescheduled_from_id
        && exists(connection, origin)?
    {
        set_origin(connection, &interview.id, origin)?;
    }
    Ok(())
}

fn first_with(connection: &Connection, id: &str) -> rusqlite::Result<i64> {
    connection
        .prepare_cached("SELECT min(place) FROM import_rows WHERE id = ?1")?
        .query_row([id], |row| row.get(0))
}

/// Whether another record will have this one's id at VoiceDrive: one that the file does not touch, or the first one in it
/// with this id.
fn is_taken(connection: &Connection, row: &Waiting) -> rusqlite::Result<bool> {
    let Some(sync_id) = &row.interview.voicedrive_sync_id else {
        return Ok(false);
    };
    connection
        .prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM interviews i
                             WHERE i.voicedrive_sync_id = ?1 AND i.id <> ?2
                               AND NOT EXISTS (SELECT 1 FROM import_rows r WHERE r.id = i.id))
                 OR ?2 <> (SELECT r.id FROM import_rows r
                            WHERE r.voicedrive_sync_id = ?1 ORDER BY r.place LIMIT 1)",
        )?
        .query_row((sync_id, &row.interview.id), |row| row.get(0))
}

/// What a record will stand in the place of.
struct Link {
    origin: Option<String>,
    /// Where the file says so, when that is not what is kept.
    changed_at: Option<i64>,
}

/// None: there will be no such record.
fn link_of(connection: &Connection, id: &str) -> rusqlite::Result<Option<Link>> {
    let kept: Option<Option<String>> = connection
        .prepare_cached("SELECT rescheduled_from_id FROM interviews WHERE id = ?1")?
        .query_row([id], |row| row.get(0))
        .optional()?;
    let waits: Option<(i64, Option<String>)> = connection
        .prepare_cached(
            "SELECT place, rescheduled_from_id FROM import_rows WHERE id = ?1 ORDER BY place LIMIT 1",
        )?
        .query_row([id], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    Ok(match (waits, kept) {
        (Some((place, origin)), kept) => Some(Link {
            changed_at: (kept.as_ref() != Some(&origin)).then_some(place),
            origin,
        }),
        (None, Some(origin)) => Some(Link {
            origin,
            changed_at: None,
        }),
        (None, None) => None,
    })
}

/// Why a row's record cannot stand in the place of the one that it names. Of the rows that make a loop together, the first
/// one is named. What is kept has no loop, so each has a row that changes something.
fn conflict_of_origin(
    connection: &Connection,
    row: &Waiting,
) -> rusqlite::Result<Option<InterviewConflict>> {
    let id = &row.interview.id;
    let Some(origin) = &row.interview.rescheduled_from_id else {
        return Ok(None);
    };
    if origin == id {
        return Ok(Some(InterviewConflict::OriginLoops));
    }
    let Some(mut link) = link_of(connection, origin)? else {
        return Ok(Some(InterviewConflict::OriginUnknown));
    };
    if has_origin(connection, id, origin)? {
        return Ok(None);
    }
    let mut met = HashSet::from([origin.clone()]);
    while link.changed_at.is_none_or(|place| place >= row.place) {
        let Some(further) = link.origin else {
            return Ok(None);
        };
        if further == *id {
            return Ok(Some(InterviewConflict::OriginLoops));
        }
        let Some(next) = link_of(connection, &further)? else {
            return Ok(None);
        };
        if !met.insert(further) {
            return Ok(None);
        }
        link = next;
    }
    Ok(None)
}

fn number(place: i64) -> u64 {
    u64::try_from(place).unwrap_or_default()
}

#[cfg(test)]
pub(super) mod tests;
