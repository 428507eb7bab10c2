//! Stores the records of a batch one after the other, and checks the result as a whole, because a later record may
//! release an id that an earlier one needs.

use std::collections::BTreeMap;

use rusqlite::{Connection, OptionalExtension};

use super::StoreError;
use super::erased_records::ErasedRecords;
use super::error::may_fail_with_the_store;
use super::interview_counts::Changes;
use super::interview_row::{create, find, replace};
use crate::interview::{Interview, InterviewConflict, InterviewRecord, PutResult};
use crate::timestamp::Timestamp;

/// Why nothing of a batch was kept.
#[derive(Debug, thiserror::Error)]
pub enum PutError {
    /// A record contradicts what is kept.
    #[error("record {index} was refused")]
    Refused {
        /// Which record of the batch, from 0.
        index: usize,
        /// Why.
        why: InterviewConflict,
    },
    /// The store itself failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

may_fail_with_the_store!(PutError);

/// What was kept of a batch.
pub(super) struct StoredBatch {
    pub(super) results: Vec<PutResult>,
    /// How many of them are records of erased people.
    pub(super) erased: u64,
}

pub(super) fn put(
    connection: &Connection,
    interviews: &[Interview],
    now: Timestamp,
) -> Result<StoredBatch, PutError> {
    let refused = |place: u64, why| PutError::Refused {
        // Places count the slice from its front.
        index: usize::try_from(place).unwrap_or(usize::MAX),
        why,
    };
    let mut intake = Intake::new(connection, now)?;
    let mut done = Vec::with_capacity(interviews.len());
    for (place, interview) in (0..).zip(interviews) {
        let interview = intake.known(interview.clone())?;
        let origin = interview.rescheduled_from_id.as_deref();
        if let Some(origin) = origin.filter(|origin| *origin != interview.id)
            && !exists(connection, origin).map_err(StoreError::from)?
        {
            return Err(refused(place, InterviewConflict::OriginUnknown));
        }
        // The last value counts.
        intake.postponed.forget(&interview.id);
        let earlier = intake.take(place, interview)?;
        done.push(put_result(earlier.as_ref()));
    }
    let settled = intake.settle()?;
    match settled.refused.first() {
        None => Ok(StoredBatch {
            results: done,
            erased: settled.erased,
        }),
        Some((place, why)) => Err(refused(*place, *why)),
    }
}

fn put_result(earlier: Option<&InterviewRecord>) -> PutResult {
    if earlier.is_some() {
        PutResult::Replaced
    } else {
        PutResult::Created
    }
}

/// Why a record cannot stand in the place of the one with the id `origin`.
fn origin_conflict(
    connection: &Connection,
    id: &str,
    origin: &str,
) -> rusqlite::Result<Option<InterviewConflict>> {
    Ok(if origin == id {
        Some(InterviewConflict::OriginLoops)
    } else if !exists(connection, origin)? {
        Some(InterviewConflict::OriginUnknown)
    } else if chain_reaches(connection, origin, id)? {
        Some(InterviewConflict::OriginLoops)
    } else {
        None
    })
}

/// Keeps one record, and answers the one that it replaces.
pub(super) fn upsert(
    connection: &Connection,
    interview: &Interview,
    now: Timestamp,
    counts: &mut Changes,
) -> rusqlite::Result<Option<InterviewRecord>> {
    let earlier = find(connection, &interview.id)?;
    if let Some(earlier) = &earlier {
        replace(connection, interview, now)?;
        counts.removed(&earlier.interview);
    } else {
        create(connection, interview, now)?;
    }
    counts.added(interview);
    Ok(earlier)
}

/// Stores records one after the other, and checks the result in the end.
struct Intake<'c> {
    connection: &'c Connection,
    now: Timestamp,
    counts: Changes,
    postponed: Postponed,
    erased: ErasedRecords,
}

/// Checks that need all records, by the id of the record and its place.
#[derive(Default)]
struct Postponed(BTreeMap<(String, u64), Links>);

struct Links {
    origin: Option<String>,
    sync_id: Option<String>,
}

/// The result of these checks.
#[derive(Default)]
struct Settled {
    /// How many records of erased people there were.
    erased: u64,
    /// In the order of their places.
    refused: Vec<(u64, InterviewConflict)>,
}

impl<'c> Intake<'c> {
    fn new(connection: &'c Connection, now: Timestamp) -> Result<Self, StoreError> {
        Ok(Self {
            connection,
            now,
            counts: Changes::default(),
            postponed: Postponed::default(),
            erased: ErasedRecords::of(connection)?,
        })
    }

    /// The record as it is kept: one of an erased person comes back without names.
    fn known(&mut self, interview: Interview) -> Result<Interview, StoreError> {
        Ok(self.erased.known(self.connection, interview)?)
    }

    /// Takes the record at this place, and answers the one that it replaces.
    fn take(
        &mut self,
        place: u64,
        mut interview: Interview,
    ) -> Result<Option<InterviewRecord>, StoreError> {
        self.postponed
            .split(self.connection, place, &mut interview)?;
        let earlier = upsert(self.connection, &interview, self.now, &mut self.counts)?;
        Ok(earlier)
    }

    /// Makes the checks, and writes what was deferred.
    fn settle(mut self) -> Result<Settled, StoreError> {
        let settled = self.postponed.settle(self.connection, &mut self.counts)?;
        self.counts.write(self.connection)?;
        Ok(Settled {
            erased: self.erased.met(),
            ..settled
        })
    }
}

impl Postponed {
    /// Takes from a record what cannot be kept yet: the name of a record that is not there, and an id that
    /// another record still has.
    fn split(
        &mut self,
        connection: &Connection,
        place: u64,
        interview: &mut Interview,
    ) -> rusqlite::Result<()> {
        let origin = match &interview.rescheduled_from_id {
            // Stored records form no cycle, so their chains need no check; they may be long.
            Some(origin) if has_origin(connection, &interview.id, origin)? => None,
            Some(origin) if origin_conflict(connection, &interview.id, origin)?.is_some() => {
                interview.rescheduled_from_id.take()
            }
            _ => None,
        };
        let sync_id = match &interview.voicedrive_sync_id {
            Some(sync_id)
                if holder_of(connection, sync_id)?.is_some_and(|id| id != interview.id) =>
            {
                interview.voicedrive_sync_id.take()
            }
            _ => None,
        };
        if origin.is_some() || sync_id.is_some() {
            let links = Links { origin, sync_id };
            self.0.insert((interview.id.clone(), place), links);
        }
        Ok(())
    }

    /// A later one takes the place of the record.
    fn forget(&mut self, id: &str) {
        let of_record = (id.to_owned(), 0)..=(id.to_owned(), u64::MAX);
        for key in self
            .0
            .range(of_record)
            .map(|(key, _)| key.clone())
            .collect::<Vec<_>>()
        {
            self.0.remove(&key);
        }
    }

    /// Gives every record what was taken from it, and judges what they leave behind.
    fn settle(self, connection: &Connection, counts: &mut Changes) -> Result<Settled, StoreError> {
        let mut settled = Settled::default();
        let refused = &mut settled.refused;
        for ((id, place), links) in self.0 {
            if let Some(sync_id) = links.sync_id {
                if holder_of(connection, &sync_id)?.is_some_and(|holder| holder != id) {
                    refused.push((place, InterviewConflict::SyncIdTaken));
                } else {
                    set_sync_id(connection, &id, &sync_id, counts)?;
                }
            }
            let Some(origin) = links.origin else { continue };
            match origin_conflict(connection, &id, &origin)? {
                None => set_origin(connection, &id, &origin)?,
                Some(why) => refused.push((place, why)),
            }
        }
        refused.sort_by_key(|(place, _)| *place);
        Ok(settled)
    }
}

/// The id of the record that has this id at VoiceDrive.
pub(super) fn holder_of(
    connection: &Connection,
    sync_id: &str,
) -> rusqlite::Result<Option<String>> {
    connection
        .prepare_cached("SELECT id FROM interviews WHERE voicedrive_sync_id = ?1")?
        .query_row([sync_id], |row| row.get(0))
        .optional()
}

pub(super) fn set_sync_id(
    connection: &Connection,
    id: &str,
    sync_id: &str,
    counts: &mut Changes,
) -> rusqlite::Result<()> {
    let Some(InterviewRecord { mut interview, .. }) = find(connection, id)? else {
        return Ok(());
    };
    connection
        .prepare_cached("UPDATE interviews SET voicedrive_sync_id = ?2 WHERE id = ?1")?
        .execute((id, sync_id))?;
    counts.removed(&interview);
    interview.voicedrive_sync_id = Some(sync_id.to_owned());
    counts.added(&interview);
    Ok(())
}

pub(super) fn set_origin(connection: &Connection, id: &str, origin: &str) -> rusqlite::Result<()> {
    connection
        .prepare_cached("UPDATE interviews SET rescheduled_from_id = ?2 WHERE id = ?1")?
        .execute((id, origin))
        .map(|_| ())
}

pub(super) fn exists(connection: &Connection, id: &str) -> rusqlite::Result<bool> {
    connection
        .prepare_cached("SELECT 1 FROM interviews WHERE id = ?1")?
        .exists([id])
}

/// Whether the record stands in the place of `origin` already.
pub(super) fn has_origin(
    connection: &Connection,
    id: &str,
    origin: &str,
) -> rusqlite::Result<bool> {
    connection
        .prepare_cached("SELECT 1 FROM interviews WHERE id = ?1 AND rescheduled_from_id = ?2")?
        .exists([id, origin])
}

/// Whether the chain of origins that begins at `from` comes to `id`.
fn chain_reaches(connection: &Connection, from: &str, id: &str) -> rusqlite::Result<bool> {
    connection
        .prepare_cached(
            "WITH RECURSIVE chain (id) AS (
                 VALUES (?1)
                 UNION
                 SELECT i.rescheduled_from_id FROM interviews i JOIN chain c ON i.id = c.id
                  WHERE i.rescheduled_from_id IS NOT NULL)
             SELECT 1 FROM chain WHERE id = ?2",
        )?
        .exists([from, id])
}
