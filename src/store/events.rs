//! Keeping what the staff system hands in.

use std::sync::Arc;

use rusqlite::{Connection, OptionalExtension};

use super::error::may_fail_with_the_store;
use super::ids::new_id;
use super::relay_time::Now;
use super::writer::Lane;
use super::{Store, StoreError, delivered_digests, ingest_memory, outbox};
use crate::clock::Moment;
use crate::content::Digest;
use crate::due::DueDelivery;
use crate::submission::{Accepted, Idempotency, Submission};

/// Why a submission was not kept.
#[derive(Debug, thiserror::Error)]
pub enum AcceptError {
    /// The key of the submission at this place (from 0) belongs to other content.
    #[error("the idempotency key was used before with other content")]
    KeyConflict {
        /// Which submission of the batch.
        index: usize,
    },
    /// The store itself failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

may_fail_with_the_store!(AcceptError);

impl From<rusqlite::Error> for AcceptError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Store(error.into())
    }
}

impl Store {
    /// Keeps all `submissions`, or none of them, in the order given. When this answers they are on the disk
    /// (contract, section 4.4). One whose key was used before with the same content, and one that repeats an
    /// event (section 4.6), is answered with the id of the first; a repeat is counted.
    ///
    /// # Errors
    /// `KeyConflict` when a key was used before with other content; `Unavailable` also while the disk is full.
    pub async fn accept_events(
        &self,
        submissions: Vec<Submission>,
        moment: Moment,
    ) -> Result<Vec<Accepted>, AcceptError> {
        let now = self.time.now(moment);
        self.accept(Lane::Calls, move |connection| {
            accept(connection, &submissions, now)
        })
        .await
    }
}

pub(super) fn accept(
    connection: &Connection,
    submissions: &[Submission],
    now: Now,
) -> Result<Vec<Accepted>, AcceptError> {
    let accepted = submissions.iter().enumerate();
    let accepted = accepted
        .map(|(index, submission)| accept_one(connection, index, submission, now))
        .collect::<Result<Vec<_>, _>>()?;
    // Their ids are of one moment, which lies in a slot that was over before when the clock was set back.
    if let Some(newest) = accepted.iter().rfind(|accepted| !accepted.duplicate) {
        delivered_digests::forget(connection, &newest.id)?;
    }
    Ok(accepted)
}

fn accept_one(
    connection: &Connection,
    index: usize,
    submission: &Submission,
    now: Now,
) -> Result<Accepted, AcceptError> {
    if let Some(idempotency) = &submission.idempotency
        && let Some((digest, id)) = earlier(connection, idempotency)?
    {
        // Without a digest the content was erased with its person.
        let same = digest.is_none_or(|digest| digest == idempotency.content_digest);
        return if same {
            Ok(Accepted::again(id))
        } else {
            Err(AcceptError::KeyConflict { index })
        };
    }
    if let Some(first) = ingest_memory::repeated(connection, submission, now)? {
        return Ok(Accepted::again(first.event_id));
    }
    let (first_attempt, is_due) = insert(connection, submission, now)?;
    let (seq, id) = (first_attempt.seq, first_attempt.id.clone());
    ingest_memory::remember(connection, submission, seq, &id, now)?;
    Ok(Accepted {
        id,
        duplicate: false,
        due: is_due.then_some(first_attempt),
    })
}

fn earlier(
    connection: &Connection,
    idempotency: &Idempotency,
) -> rusqlite::Result<Option<(Option<Digest>, String)>> {
    connection
        .prepare_cached(
            "SELECT content_digest, event_id FROM idempotency_keys
              WHERE key_hash = ?1 AND position = ?2",
        )?
        .query_row((idempotency.key_hash, idempotency.position), |row| {
            Ok((row.get(0)?, row.get(1)?))
        })
        .optional()
}

/// Keeps an event; answers its first attempt, and whether it can be made now.
fn insert(
    connection: &Connection,
    submission: &Submission,
    now: Now,
) -> rusqlite::Result<(DueDelivery, bool)> {
    let Submission {
        event,
        route,
        idempotency,
        ..
    } = submission;
    let id = new_id(now.wall);
    let event_timestamp = event.event_timestamp.unwrap_or(now.wall);
    connection
        .prepare_cached(
            "INSERT INTO events (id, event_type, staff_id, event_timestamp, accepted_at, route, data)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        )?
        .execute((
            &id,
            &event.event_type,
            &event.staff_id,
            event_timestamp,
            now.wall,
            route,
            &event.data,
        ))?;
    let seq = connection.last_insert_rowid();
    let is_due = outbox::add(connection, seq, route, event.staff_id.as_deref(), now)?;
    if let Some(Idempotency {
        key_hash,
        position,
        content_digest,
    }) = idempotency
    {
        connection
            .prepare_cached(
                "INSERT INTO idempotency_keys (key_hash, position, content_digest, event_id, created_at)
                 VALUES (?1, ?2, ?3, ?4, ?5)",
            )?
            .execute((key_hash, position, content_digest, &id, now.wall))?;
    }
    let first_attempt = DueDelivery {
        seq,
        id,
        route: route.as_str().into(),
        event_type: event.event_type.clone(),
        event_timestamp,
        data: Arc::clone(&event.data),
        due_ms: now.axis_ms,
        attempt: 1,
        in_turn: true,
    };
    Ok((first_attempt, is_due))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::tests::{count, database, due_now, submission, when};

    #[test]
    fn a_key_is_a_guard_and_a_batch_is_all_or_none() {
        let (_directory, mut connection) = database();
        let first = accept(&connection, &[submission("a", Some(("k", 1)))], when(0)).unwrap();
        let again = accept(&connection, &[submission("a", Some(("k", 1)))], when(1)).unwrap();
        assert_eq!(again[0].id, first[0].id);
        assert_eq!(again[0].due, None, "it is on its way already");
        // Whoever is handed the event sends what one sends who finds it in the store.
        let new = first[0].due.clone().unwrap();
        assert_eq!(due_now(&connection, when(1)), [new]);
        let transaction = connection.transaction().unwrap();
        let refused = accept(
            &transaction,
            &[submission("b", None), submission("a", Some(("k", 2)))],
            when(2),
        );
        assert!(matches!(
            refused,
            Err(AcceptError::KeyConflict { index: 1 })
        ));
        drop(transaction);
        assert_eq!(count(&connection, "SELECT count(*) FROM events"), 1);
    }
}
