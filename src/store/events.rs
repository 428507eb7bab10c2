//! Keeping what the staff system hands in.

use std::sync::Arc;

use rusqlite::{Connection, OptionalExtension};
use uuid::{ContextV7, Timestamp as UuidTime, Uuid};

use super::StoreError;
use super::outbox::Due;
use crate::event::NewEvent;
use crate::timestamp::Timestamp;

/// An event to be kept, with all that is decided at the moment of acceptance.
#[derive(Clone, Debug)]
pub struct Submission {
    /// What was handed in.
    pub event: NewEvent,
    /// The route that it will take.
    pub route: String,
    /// The key that makes a second submission the same one, with the hash of what was submitted.
    pub idempotency: Option<Idempotency>,
}

/// See [`Submission::idempotency`].
#[derive(Clone, Debug)]
pub struct Idempotency {
    /// The sender's key.
    pub key: String,
    /// [`NewEvent::content_hash`].
    pub content_hash: [u8; 32],
}

/// The answer to a submission.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Accepted {
    /// The event's id, which is also its delivery's and its `X-Request-ID`.
    pub id: String,
    /// What there is to send now; none: the event had been accepted before, under the same key.
    pub fresh: Option<Fresh>,
}

/// An event whose first attempt can be made as soon as it is committed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fresh {
    /// Its route.
    pub route: String,
    /// What is to be sent, as the store would give it.
    pub due: Due,
}

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

impl From<rusqlite::Error> for AcceptError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Store(error.into())
    }
}

/// Keeps all `submissions`, or none of them, in the order given.
///
/// # Errors
/// `AcceptError`; the caller's transaction must then be undone.
pub fn accept(
    connection: &Connection,
    submissions: &[Submission],
    now: Timestamp,
) -> Result<Vec<Accepted>, AcceptError> {
    submissions
        .iter()
        .enumerate()
        .map(|(index, submission)| accept_one(connection, index, submission, now))
        .collect()
}

fn accept_one(
    connection: &Connection,
    index: usize,
    submission: &Submission,
    now: Timestamp,
) -> Result<Accepted, AcceptError> {
    if let Some(idempotency) = &submission.idempotency
        && let Some((hash, id)) = earlier(connection, &idempotency.key)?
    {
        return if hash == idempotency.content_hash {
            Ok(Accepted { id, fresh: None })
        } else {
            Err(AcceptError::KeyConflict { index })
        };
    }
    let id = new_id(now);
    let fresh = insert(connection, &id, submission, now)?;
    Ok(Accepted {
        id,
        fresh: Some(fresh),
    })
}

fn earlier(connection: &Connection, key: &str) -> rusqlite::Result<Option<([u8; 32], String)>> {
    connection
        .prepare_cached("SELECT content_hash, event_id FROM idempotency_keys WHERE key = ?1")?
        .query_row([key], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()
}

fn insert(
    connection: &Connection,
    id: &str,
    submission: &Submission,
    now: Timestamp,
) -> rusqlite::Result<Fresh> {
    let Submission {
        event,
        route,
        idempotency,
    } = submission;
    let event_timestamp = event.event_timestamp.unwrap_or(now);
    connection
        .prepare_cached(
            "INSERT INTO events (id, event_type, staff_id, event_timestamp, accepted_at, route, data)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        )?
        .execute((
            id,
            &event.event_type,
            &event.staff_id,
            event_timestamp,
            now,
            route,
            &event.data,
        ))?;
    let seq = connection.last_insert_rowid();
    connection
        .prepare_cached("INSERT INTO outbox (event_seq, route, due_at) VALUES (?1, ?2, ?3)")?
        .execute((seq, route, now))?;
    if let Some(idempotency) = idempotency {
        connection
            .prepare_cached(
                "INSERT INTO idempotency_keys (key, content_hash, event_id, created_at)
                 VALUES (?1, ?2, ?3, ?4)",
            )?
            .execute((&idempotency.key, idempotency.content_hash, id, now))?;
    }
    Ok(Fresh {
        route: route.clone(),
        due: Due {
            seq,
            id: id.to_owned(),
            event_type: event.event_type.clone(),
            event_timestamp,
            data: Arc::clone(&event.data),
            attempt: 1,
        },
    })
}

/// A UUID of version 7: its order is the order of time, so that the index grows at its end.
pub(super) fn new_id(now: Timestamp) -> String {
    let milliseconds = u64::try_from(now.unix_ms()).unwrap_or(0);
    let nanoseconds = u32::try_from(milliseconds % 1000).unwrap_or(0) * 1_000_000;
    let moment = UuidTime::from_unix(ContextV7::new(), milliseconds / 1000, nanoseconds);
    Uuid::new_v7(moment).to_string()
}
