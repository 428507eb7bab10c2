//! Everything that is kept about one person (contract, section 13). It is searched in small steps, because no index
//! covers all of it.

use rusqlite::{Connection, OptionalExtension, params_from_iter};

use super::connection::one_more;
use super::event_lookup;
use super::event_query::matching;
use super::interview_row::{COLUMNS, record};
use super::relay_time::Now;
use super::{Store, StoreError};
use crate::clock::Moment;
use crate::event::Status;
use crate::event_record::{EventDetail, EventFilter};
use crate::interview::InterviewRecord;
use crate::person::{
    self, EndedTexts, KeyedHash, Mentions, Notes, OpenDelivery, Person, stands_in,
};
use crate::timestamp::Timestamp;

/// Rows that are looked at in one go; the time of one read stays short.
const LOOKED_AT_ONCE: u32 = 2000;
/// Events that are read as a whole in one go.
const SHOWN_AT_ONCE: usize = 50;

impl Store {
    /// What is kept of a person.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn person(&self, staff_id: &str, moment: Moment) -> Result<Person, StoreError> {
        let id = staff_id.to_owned();
        let mut found = self
            .read(move |connection| summary(connection, &id))
            .await?;
        let mut after = Some(0);
        while let Some(from) = after {
            let id = staff_id.to_owned();
            let step = self.read_long(move |c| Ok(mentions(c, &id, from)?)).await?;
            step.0.into_iter().for_each(|id| found.mentioned.add(id));
            after = step.1;
        }
        found.notes = self.notes_with(staff_id, moment).await?;
        found.ended = self.ended_texts_with(staff_id, moment).await?;
        found.held = self.interviews_held_by(staff_id).await?.len() as u64;
        Ok(found)
    }

    /// The next events about a person after the place `after` in the order of acceptance, each with everything, and
    /// where the next page begins.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn events_of_person(
        &self,
        staff_id: &str,
        after: i64,
        moment: Moment,
    ) -> Result<(Vec<EventDetail>, Option<i64>), StoreError> {
        let (id, now) = (staff_id.to_owned(), self.time.now(moment));
        self.read(move |connection| events(connection, &id, after, now))
            .await
    }

    /// The interview records of a person, in the order of their arrival.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn interviews_of_person(
        &self,
        staff_id: &str,
    ) -> Result<Vec<InterviewRecord>, StoreError> {
        let id = staff_id.to_owned();
        self.read(move |connection| Ok(interviews(connection, &id)?))
            .await
    }

    /// The ids of the records of others that this person held.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn interviews_held_by(&self, staff_id: &str) -> Result<Vec<String>, StoreError> {
        let (mut all, mut after) = (Vec::new(), Some(0));
        while let Some(from) = after {
            let id = staff_id.to_owned();
            let step = self.read_long(move |c| Ok(held(c, &id, from)?)).await?;
            all.extend(step.0);
            after = step.1;
        }
        Ok(all)
    }
}

fn summary(connection: &Connection, staff_id: &str) -> Result<Person, StoreError> {
    let count = |sql: &str| -> rusqlite::Result<u64> {
        connection
            .prepare_cached(sql)?
            .query_row([staff_id], |row| row.get(0))
    };
    let keys = keys(connection)?;
    let erasure = erasure(connection, &keys, staff_id)?;
    let label = keys.first().map_or_else(String::new, |key| {
        person::label(&person::hash_of_staff(key, staff_id))
    });
    Ok(Person {
        label,
        events: count("SELECT count(*) FROM events WHERE staff_id = ?1")?,
        interviews: count("SELECT count(*) FROM interviews WHERE employee_id = ?1")?,
        held: 0,
        open: open(connection, staff_id)?,
        mentioned: Mentions::default(),
        notes: Notes::default(),
        ended: EndedTexts::default(),
        is_remembered: count("SELECT count(*) FROM ingest_newest WHERE staff_id = ?1")? > 0,
        erased_at: erasure.map(|(at, _)| at),
        is_half_erased: erasure.is_some_and(|(_, ended)| !ended),
    })
}

/// The keys of all hashes; the first one is used for what is written.
pub(super) fn keys(connection: &Connection) -> rusqlite::Result<Vec<KeyedHash>> {
    connection
        .prepare_cached("SELECT key FROM hash_keys ORDER BY seq")?
        .query_map([], |row| row.get(0))?
        .collect()
}

/// When the data of a person were erased, and whether that came to its end.
pub(super) fn erasure(
    connection: &Connection,
    keys: &[KeyedHash],
    staff_id: &str,
) -> rusqlite::Result<Option<(Timestamp, bool)>> {
    for key in keys {
        let found = connection
            .prepare_cached(
                "SELECT erased_at, ended_at IS NOT NULL FROM erasures WHERE staff_hash = ?1",
            )?
            .query_row([person::hash_of_staff(key, staff_id)], |row| {
                Ok((row.get(0)?, row.get(1)?))
            })
            .optional()?;
        if found.is_some() {
            return Ok(found);
        }
    }
    Ok(None)
}

/// The deliveries of a person that have not ended well.
pub(super) fn open(
    connection: &Connection,
    staff_id: &str,
) -> Result<Vec<OpenDelivery>, StoreError> {
    let mut all = Vec::new();
    for status in [Status::Accepted, Status::Retrying, Status::Exhausted] {
        let filter = EventFilter {
            status: Some(status),
            staff_id: Some(staff_id.to_owned()),
            ..EventFilter::default()
        };
        let query = matching(connection, &filter, "e.id, e.event_type")?;
        let mut statement = connection.prepare_cached(&query.sql)?;
        let found = statement.query_map(params_from_iter(query.values), |row| {
            Ok(OpenDelivery {
                id: row.get(0)?,
                event_type: row.get(1)?,
                status,
            })
        })?;
        all.extend(found.collect::<rusqlite::Result<Vec<_>>>()?);
    }
    all.sort_by(|one, other| one.id.cmp(&other.id));
    Ok(all)
}

fn events(
    connection: &Connection,
    staff_id: &str,
    after: i64,
    now: Now,
) -> Result<(Vec<EventDetail>, Option<i64>), StoreError> {
    let ids: Vec<(i64, String)> = connection
        .prepare_cached(
            "SELECT seq, id FROM events WHERE staff_id = ?1 AND seq > ?2 ORDER BY seq LIMIT ?3",
        )?
        .query_map((staff_id, after, one_more(SHOWN_AT_ONCE)), |row| {
            Ok((row.get(0)?, row.get(1)?))
        })?
        .collect::<rusqlite::Result<_>>()?;
    let shown = &ids[..ids.len().min(SHOWN_AT_ONCE)];
    let mut details = Vec::with_capacity(shown.len());
    for (_, id) in shown {
        details.extend(event_lookup::find(connection, id, now)?);
    }
    let next = shown.last().map(|(seq, _)| *seq);
    Ok((details, next.filter(|_| ids.len() > SHOWN_AT_ONCE)))
}

fn interviews(connection: &Connection, staff_id: &str) -> rusqlite::Result<Vec<InterviewRecord>> {
    let mut records = connection
        .prepare_cached(&format!(
            "SELECT {COLUMNS} FROM interviews WHERE employee_id = ?1"
        ))?
        .query_map([staff_id], record)?
        .collect::<rusqlite::Result<Vec<_>>>()?;
    records.sort_by_key(|record| record.seq);
    Ok(records)
}

/// A page of what was looked for, and where the next one begins.
type Step = (Vec<String>, Option<i64>);

/// The events of others, after the place `after`, in which the staff id stands, or in what the partner said to them.
pub(super) fn mentions(
    connection: &Connection,
    staff_id: &str,
    after: i64,
) -> rusqlite::Result<Step> {
    let mut statement = connection.prepare_cached(
        "SELECT seq, id, iif(staff_id IS ?2, NULL, data),
                iif(staff_id IS ?2, NULL,
                    (SELECT group_concat(coalesce(a.error_message, '') || ' ' || coalesce(a.response_body, ''), ' ')
                       FROM attempts a WHERE a.event_seq = e.seq))
           FROM events e WHERE seq > ?1 ORDER BY seq LIMIT ?3",
    )?;
    let mut rows = statement.query((after, staff_id, LOOKED_AT_ONCE))?;
    let (mut found, mut last, mut looked_at) = (Vec::new(), None, 0);
    while let Some(row) = rows.next()? {
        let texts = [
            row.get_ref(2)?.as_str_or_null()?,
            row.get_ref(3)?.as_str_or_null()?,
        ];
        if texts
            .into_iter()
            .flatten()
            .any(|text| stands_in(staff_id, text))
        {
            found.push(row.get(1)?);
        }
        last = Some(row.get(0)?);
        looked_at += 1;
    }
    Ok((found, last.filter(|_| looked_at == LOOKED_AT_ONCE)))
}

/// The records of others, after the place `after`, that the person held.
fn held(connection: &Connection, staff_id: &str, after: i64) -> rusqlite::Result<Step> {
    let looked_at: Vec<(i64, Option<String>)> = connection
        .prepare_cached(
            "SELECT seq, iif(interviewer_id = ?2 AND employee_id <> ?2, id, NULL) FROM interviews
              WHERE seq > ?1 ORDER BY seq LIMIT ?3",
        )?
        .query_map((after, staff_id, LOOKED_AT_ONCE), |row| {
            Ok((row.get(0)?, row.get(1)?))
        })?
        .collect::<rusqlite::Result<_>>()?;
    let last = looked_at.last().map(|(seq, _)| *seq);
    let next = last.filter(|_| looked_at.len() == LOOKED_AT_ONCE as usize);
    Ok((
        looked_at.into_iter().filter_map(|(_, id)| id).collect(),
        next,
    ))
}
