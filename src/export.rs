//! Everything that is kept, in pages, for a file that people read (contract, section 8). Payloads are not part of it.

use crate::cause::Cause;
use crate::event_record::EventSummary;
use crate::timestamp::Timestamp;

/// A page of an export, in the order in which the rows were added. What is added while it is made is not part of it,
/// and each row is in it once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExportPage<T> {
    /// The rows.
    pub rows: Vec<T>,
    /// Where the next page begins; none: this was the last one.
    pub next: Option<ExportCursor>,
    /// The place of the last row that was there when the first page was made.
    pub end: i64,
}

/// The last row of a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExportCursor {
    /// Its place in the order in which rows were added.
    pub seq: i64,
    /// Its id.
    pub id: String,
}

/// A delivery, from its acceptance to what has become of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeliveryRow {
    /// The event and the state of its delivery.
    pub event: EventSummary,
    /// When its first attempt began; none: there was none yet, like what follows.
    pub first_sent_at: Option<Timestamp>,
    /// When its last attempt began.
    pub last_attempt_at: Option<Timestamp>,
    /// What the receiver answered to it.
    pub http_status: Option<u16>,
    /// Milliseconds that it took.
    pub processing_ms: Option<u64>,
    /// Why it did not succeed.
    pub cause: Option<Cause>,
    /// The same in technical words.
    pub error: Option<String>,
}
