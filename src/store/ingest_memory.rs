//! What was handed in lately, by which the ingest recognises repeats (contract, section 4.6).

use std::time::Duration;

use rusqlite::{Connection, OptionalExtension, Row};

use super::relay_time::Now;
use super::writer::Lane;
use super::{Store, StoreError};
use crate::clock::Moment;
use crate::content::Digest;
use crate::crypto;
use crate::repeat::{Memory, Remembered, Sameness};
use crate::submission::Submission;

/// Contents that are looked at in one transaction; more would hold up accepting.
const LOOKED_AT_ONCE: u32 = 500;

/// A cursor: forgetting goes on after this place in the order of what is remembered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PurgePosition {
    found_by: String,
    content_digest: Digest,
}

impl Store {
    /// Forgets the events that were accepted longer ago than `known_for`, in steps: those that are remembered after
    /// `after`, or from the front. Answers after which place it goes on; none: that was all.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn forget_ingested(
        &self,
        known_for: Duration,
        after: Option<PurgePosition>,
        moment: Moment,
    ) -> Result<Option<PurgePosition>, StoreError> {
        let before_ms = self.time.now(moment).axis_before(known_for);
        self.write(Lane::Maintenance, move |connection| {
            if after.is_none() {
                forget_newest(connection, before_ms)?;
            }
            Ok(forget_contents(connection, before_ms, after.as_ref())?)
        })
        .await
    }
}

/// The event that a submission repeats, which is counted there.
pub(super) fn repeated(
    connection: &Connection,
    submission: &Submission,
    now: Now,
) -> rusqlite::Result<Option<Remembered>> {
    let Some(memory) = &submission.memory else {
        return Ok(None);
    };
    let Some(known_for) = memory.known_for else {
        return Ok(None);
    };
    let staff_id = submission.event.staff_id.as_deref().unwrap_or_default();
    let since_ms = now.axis_before(known_for);
    let Some(first) = same(connection, memory, staff_id, since_ms)? else {
        return Ok(None);
    };
    // The event may have been purged: then nobody looks at its count any more.
    connection
        .prepare_cached(
            "INSERT INTO event_repeats (event_seq, repeats, repeated_at)
             SELECT seq, 1, ?2 FROM events WHERE seq = ?1
             ON CONFLICT DO UPDATE SET repeats = repeats + 1, repeated_at = excluded.repeated_at",
        )?
        .execute((first.seq, now.wall))?;
    Ok(Some(first))
}

fn same(
    connection: &Connection,
    memory: &Memory,
    staff_id: &str,
    since_ms: i64,
) -> rusqlite::Result<Option<Remembered>> {
    let request_id = match memory.sameness() {
        Sameness::OfContent { data_time } => {
            return of_content(connection, memory, &data_time.to_string(), since_ms);
        }
        Sameness::OfNewest { request_id } => request_id,
    };
    let newest = of_family(connection, memory, staff_id, since_ms)?;
    match (newest, request_id) {
        (Some(newest), _) if newest.content_digest == memory.content_digest => Ok(Some(newest)),
        (Some(_), Some(request_id)) => {
            of_content(connection, memory, &spelled(request_id), since_ms)
        }
        _ => Ok(None),
    }
}

fn of_family(
    connection: &Connection,
    memory: &Memory,
    staff_id: &str,
    since_ms: i64,
) -> rusqlite::Result<Option<Remembered>> {
    connection
        .prepare_cached(
            "SELECT event_seq, event_id, content_digest FROM ingest_newest
              WHERE staff_id = ?1 AND family = ?2 AND accepted_ms >= ?3",
        )?
        .query_row((staff_id, &memory.family, since_ms), remembered)
        .optional()
}

fn of_content(
    connection: &Connection,
    memory: &Memory,
    found_by: &str,
    since_ms: i64,
) -> rusqlite::Result<Option<Remembered>> {
    connection
        .prepare_cached(
            "SELECT event_seq, event_id, content_digest FROM ingest_contents
              WHERE found_by = ?1 AND content_digest = ?2 AND accepted_ms >= ?3",
        )?
        .query_row((found_by, memory.content_digest, since_ms), remembered)
        .optional()
}

/// How a sender's request id is kept: it may say whose the event is.
fn spelled(request_id: &str) -> String {
    crypto::hex(&crypto::sha256(&[request_id.as_bytes()]))
}

fn remembered(row: &Row<'_>) -> rusqlite::Result<Remembered> {
    Ok(Remembered {
        seq: row.get(0)?,
        event_id: row.get(1)?,
        content_digest: row.get(2)?,
    })
}

/// Remembers an event that was accepted at the place `seq`.
pub(super) fn remember(
    connection: &Connection,
    submission: &Submission,
    seq: i64,
    id: &str,
    now: Now,
) -> rusqlite::Result<()> {
    let Some(memory) = &submission.memory else {
        return Ok(());
    };
    connection
        .prepare_cached(
            "INSERT INTO ingest_newest (staff_id, family, event_seq, event_id, content_digest, accepted_ms)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)
             ON CONFLICT DO UPDATE
                SET event_seq = excluded.event_seq, event_id = excluded.event_id,
                    content_digest = excluded.content_digest, accepted_ms = excluded.accepted_ms",
        )?
        .execute((
            submission.event.staff_id.as_deref().unwrap_or_default(),
            &memory.family,
            seq,
            id,
            memory.content_digest,
            now.axis_ms,
        ))?;
    let found_by = match memory.sameness() {
        Sameness::OfContent { data_time } => data_time.to_string(),
        Sameness::OfNewest {
            request_id: Some(request_id),
        } => spelled(request_id),
        Sameness::OfNewest { request_id: None } => return Ok(()),
    };
    connection
        .prepare_cached(
            "INSERT INTO ingest_contents (found_by, content_digest, event_seq, event_id, accepted_ms)
             VALUES (?1, ?2, ?3, ?4, ?5)
             ON CONFLICT DO UPDATE
                SET event_seq = excluded.event_seq, event_id = excluded.event_id,
                    accepted_ms = excluded.accepted_ms",
        )?
        .execute((found_by, memory.content_digest, seq, id, now.axis_ms))
        .map(|_| ())
}

/// There are as few of them as people, so all are looked at.
fn forget_newest(connection: &Connection, before_ms: i64) -> rusqlite::Result<()> {
    connection
        .prepare_cached("DELETE FROM ingest_newest WHERE accepted_ms < ?1")?
        .execute([before_ms])
        .map(|_| ())
}

fn forget_contents(
    connection: &Connection,
    before_ms: i64,
    after: Option<&PurgePosition>,
) -> rusqlite::Result<Option<PurgePosition>> {
    let front = PurgePosition {
        found_by: String::new(),
        content_digest: Digest::default(),
    };
    let after = after.unwrap_or(&front);
    let looked_at: Vec<(PurgePosition, bool)> = connection
        .prepare_cached(
            "SELECT found_by, content_digest, accepted_ms < ?3 FROM ingest_contents
              WHERE (found_by, content_digest) > (?1, ?2) ORDER BY found_by, content_digest LIMIT ?4",
        )?
        .query_map(
            (
                &after.found_by,
                after.content_digest,
                before_ms,
                LOOKED_AT_ONCE,
            ),
            |row| {
                let place = PurgePosition {
                    found_by: row.get(0)?,
                    content_digest: row.get(1)?,
                };
                Ok((place, row.get(2)?))
            },
        )?
        .collect::<rusqlite::Result<_>>()?;
    let mut delete = connection.prepare_cached(
        "DELETE FROM ingest_contents WHERE found_by = ?1 AND content_digest = ?2",
    )?;
    for (place, old) in &looked_at {
        if *old {
            delete.execute((&place.found_by, place.content_digest))?;
        }
    }
    Ok(looked_at.into_iter().next_back().map(|(place, _)| place))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::tests::{count, database, submission, when};

    #[test]
    fn what_is_old_is_forgotten_and_the_rest_is_known_again() {
        let (_directory, connection) = database();
        let known_for = Duration::from_hours(1);
        let posted = |data: &str| {
            let mut submission = submission("a.b", None);
            submission.event.data = data.into();
            submission.memory = Some(Memory::of(&submission.event, None, Some(known_for)));
            submission
        };
        let at = |n: i64| posted(&format!(r#"{{"at":"2025-10-26T10:00:00.{n:03}Z"}}"#));
        let accept = |submission: &Submission, minute: i64| {
            let now = when(minute * 60_000);
            let accepted =
                super::super::events::accept(&connection, std::slice::from_ref(submission), now)
                    .unwrap();
            !accepted[0].duplicate
        };
        for n in 0..600 {
            assert!(accept(&at(n), n / 10));
        }
        let before_ms = when(30 * 60_000).axis_ms;
        forget_newest(&connection, before_ms).unwrap();
        let (mut after, mut steps) = (None, 0);
        loop {
            after = forget_contents(&connection, before_ms, after.as_ref()).unwrap();
            steps += 1;
            if after.is_none() {
                break;
            }
        }
        assert_eq!(steps, 3);
        assert_eq!(
            count(&connection, "SELECT count(*) FROM ingest_contents"),
            300
        );
        assert_eq!(count(&connection, "SELECT count(*) FROM ingest_newest"), 1);
        assert!(accept(&at(0), 60));
        assert!(!accept(&at(400), 60));
    }
}
