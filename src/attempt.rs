//! One HTTP request of a delivery, and what came of it.

use std::time::Duration;

use crate::cause::Cause;
use crate::clock::Moment;
use crate::due::DueDelivery;
use crate::event::Status;
use crate::timestamp::Timestamp;

/// How an attempt ended. The list is closed: whatever else happens to an attempt (a stop of the
/// relay, a disk that cannot be written) is the relay's own affair and never the partner's outcome.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub enum Outcome {
    /// The partner answered with a 2xx status.
    Success,
    /// The partner answered with another status, or could not be reached.
    Failed,
    /// The whole attempt took longer than the route's timeout.
    Timeout,
}

impl Outcome {
    /// Every outcome.
    pub const ALL: [Self; 3] = [Self::Success, Self::Failed, Self::Timeout];

    /// The word that stands in the tables and in JSON (contract, section 7).
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Failed => "failed",
            Self::Timeout => "timeout",
        }
    }

    /// The outcome that `word` names.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|o| o.as_str() == word)
    }
}

/// What is kept in the place of a body that came compressed though nobody asked for it: its bytes are no text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Compressed<'a> {
    /// How long it is, in bytes.
    pub bytes: usize,
    /// How it is compressed, as its header says.
    pub coding: &'a str,
}

impl<'a> Compressed<'a> {
    /// What stands in the place of this body; none when it is the body itself that is kept.
    #[must_use]
    pub fn of_kept(kept: &'a str) -> Option<Self> {
        let inner = kept.strip_prefix('(')?.strip_suffix(')')?;
        let (bytes, coding) = inner.split_once(" bytes that are compressed: ")?;
        let bytes = bytes.parse().ok()?;
        Some(Self { bytes, coding })
    }
}

/// As it is kept, and as programs read it.
impl std::fmt::Display for Compressed<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { bytes, coding } = self;
        write!(f, "({bytes} bytes that are compressed: {coding})")
    }
}

/// What came of one attempt, ready to be kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempted {
    /// When the request began, by the wall clock.
    pub started_at: Timestamp,
    /// When the result was known.
    pub ended: Moment,
    /// How it ended.
    pub outcome: Outcome,
    /// The status of the answer, when there was one.
    pub http_status: Option<u16>,
    /// How long it took, by the monotonic clock, in milliseconds.
    pub processing_ms: u64,
    /// The error in words; none for a success.
    pub error: Option<String>,
    /// Why, as a word of the closed list; none for a success.
    pub cause: Option<Cause>,
    /// The first 8 KiB of the answer's body; none when there was no answer or it was empty.
    pub response_body: Option<String>,
    /// The wait that the partner asked for (`Retry-After` of a 429 or 503).
    pub retry_after: Option<Duration>,
    /// How far the partner's clock is ahead of this one, in seconds; none when it did not say.
    pub clock_ahead: Option<i64>,
    /// The length of the body that was sent, in bytes.
    pub payload_size: usize,
}

impl Attempted {
    /// Whether the receiver may have applied the event though it is no success: the request was under way when
    /// the answer was lost, or the answer is one of a receiver that failed in the middle of it.
    #[must_use]
    pub fn is_in_doubt(&self) -> bool {
        match self.cause {
            Some(Cause::TimedOut | Cause::ConnectionEnded) => true,
            // Whoever answers so has not begun with it.
            Some(Cause::PartnerError | Cause::ProxyAnswer) => {
                !matches!(self.http_status, Some(408 | 425 | 429 | 503))
            }
            _ => false,
        }
    }
}

/// One attempt as it was kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttemptRecord {
    /// The attempt's number, from 1, over all rounds.
    pub attempt: u32,
    /// When it began.
    pub started_at: Timestamp,
    /// How it ended.
    pub outcome: Outcome,
    /// The answer's status.
    pub http_status: Option<u16>,
    /// Milliseconds that it took.
    pub processing_ms: u64,
    /// What went wrong.
    pub error: Option<String>,
    /// Why; none for a success, and for attempts that were made before causes were kept.
    pub cause: Option<Cause>,
    /// The beginning of the answer's body.
    pub response_body: Option<String>,
}

/// What an attempt made of its delivery.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttemptResult {
    /// `Delivered`, `Retrying` or `Exhausted`.
    pub status: Status,
    /// When the next attempt is due, when there is one.
    pub retry: Option<Moment>,
    /// Attempts made, over all rounds.
    pub attempts: u32,
    /// The delivery of the same person that was waiting for this one, and is due now.
    pub next: Option<DueDelivery>,
}
