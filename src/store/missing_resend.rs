//! Sending again what a comparison found missing (contract, sections 4.7 and 5.1): what of it can be sent, and what would
//! follow it.

use std::collections::BTreeMap;

use rusqlite::{Connection, OptionalExtension};

use super::line::{self, Line};
use super::{Store, StoreError, tail};
use crate::resend::{Candidate, Following};
use crate::route::Routing;

/// Events that are looked up in one go.
const LOOKED_AT_ONCE: usize = 200;

/// Whose line, and on which route.
type Key = (String, String);

impl Store {
    /// Those of these events that can be sent again, in the order of acceptance: as [`super::BulkResend::open`] takes them.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn resendable(&self, events: Vec<i64>) -> Result<Vec<Candidate>, StoreError> {
        self.read(move |connection| Ok(resendable(connection, &events)?))
            .await
    }

    /// What would follow these events when they are sent again together, beside themselves.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn following(
        &self,
        events: &[i64],
        routing: &Routing,
    ) -> Result<Following, StoreError> {
        let mut lines: BTreeMap<Key, Vec<i64>> = BTreeMap::new();
        for page in events.chunks(LOOKED_AT_ONCE) {
            let (page, routing) = (page.to_vec(), routing.clone());
            let in_lines = self.read(move |c| Ok(in_lines(c, &page, &routing)?));
            for (key, seq) in in_lines.await? {
                lines.entry(key).or_default().push(seq);
            }
        }
        let mut following = Following::default();
        for (key, mut seqs) in lines {
            seqs.sort_unstable();
            let follow = self.read(move |connection| Ok(behind(connection, &key, &seqs)?));
            following.add(follow.await?);
        }
        Ok(following)
    }
}

fn resendable(connection: &Connection, events: &[i64]) -> rusqlite::Result<Vec<Candidate>> {
    let found = events.iter().map(|seq| candidate(connection, *seq));
    let mut found: Vec<_> = found
        .filter_map(Result::transpose)
        .collect::<rusqlite::Result<_>>()?;
    found.sort_unstable_by_key(|event| event.seq);
    Ok(found)
}

/// None: it was purged, or the data of its person were erased.
fn candidate(connection: &Connection, seq: i64) -> rusqlite::Result<Option<Candidate>> {
    connection
        .prepare_cached(
            "SELECT seq, id, event_type, accepted_at, staff_id, route FROM events e
              WHERE seq = ?1
                AND NOT EXISTS (SELECT 1 FROM erased_events x WHERE x.event_seq = e.seq)",
        )?
        .query_row([seq], |row| {
            Ok(Candidate {
                seq: row.get(0)?,
                id: row.get(1)?,
                event_type: row.get(2)?,
                accepted_at: row.get(3)?,
                staff_id: row.get(4)?,
                route: row.get(5)?,
            })
        })
        .optional()
}

/// The lines into which these events go; those whose order is not kept go into none.
fn in_lines(
    connection: &Connection,
    events: &[i64],
    routing: &Routing,
) -> rusqlite::Result<Vec<(Key, i64)>> {
    let mut found = Vec::new();
    for event in resendable(connection, events)? {
        let route = routing.of_resend(&event.route, &event.event_type);
        if let Some(staff_id) = event.staff_id
            && line::is_kept(connection, route)?
        {
            found.push(((staff_id, route.to_owned()), event.seq));
        }
    }
    Ok(found)
}

/// How many deliveries follow these of one line: behind each of them, those up to the next one.
fn behind(connection: &Connection, (staff_id, route): &Key, seqs: &[i64]) -> rusqlite::Result<u64> {
    let line = Line { staff_id, route };
    let next = seqs.iter().skip(1).copied().map(Some).chain([None]);
    let between = seqs.iter().zip(next);
    let lengths = between.map(|(seq, next)| tail::length(connection, line, *seq, next));
    lengths.sum()
}

#[cfg(test)]
mod tests;
