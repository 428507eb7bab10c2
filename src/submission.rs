//! A submission: an event that is handed in to be kept, and the answer to it.

use crate::content::Digest;
use crate::due::DueDelivery;
use crate::event::NewEvent;
use crate::repeat::Memory;

/// An event to be kept, with all that is decided at the moment of acceptance.
#[derive(Clone, Debug)]
pub struct Submission {
    /// What was handed in.
    pub event: NewEvent,
    /// The route that it will take.
    pub route: String,
    /// What makes a second submission the same one; none: every submission is a new event.
    pub idempotency: Option<Idempotency>,
    /// What is remembered of it, while the ingest has to recognise repeats.
    pub memory: Option<Memory>,
}

/// See [`Submission::idempotency`].
#[derive(Clone, Debug)]
pub struct Idempotency {
    /// SHA-256 of the sender's key: the key itself is not kept.
    pub key_hash: Digest,
    /// The event's place in its batch, from 0.
    pub position: usize,
    /// [`NewEvent::content_digest`].
    pub content_digest: Digest,
}

/// The answer to a submission.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Accepted {
    /// The event's id, which is also its delivery's and its `X-Request-ID`.
    pub id: String,
    /// The event had been accepted before, under the same key or as one that this repeats.
    pub duplicate: bool,
    /// The first attempt, when it can be made now; none also for an event that waits behind another.
    pub due: Option<DueDelivery>,
}

impl Accepted {
    /// The answer to a submission of an event that was accepted before.
    #[must_use]
    pub fn again(id: String) -> Self {
        Self {
            id,
            duplicate: true,
            due: None,
        }
    }
}
