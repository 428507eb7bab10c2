//! What became of a wish to send again.

/// What a resend found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resend {
    /// No event has this id.
    Unknown,
    /// The event is due now, with a fresh budget.
    Opened,
    /// The same, and an attempt is under way at this moment: when it succeeds, nothing more is sent.
    UnderWay,
    /// The event waits for its first attempt anyway.
    Waiting,
}

/// The last event of a page of a resend in bulk: the next page begins after it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResendCursor {
    /// Its place in the order of acceptance.
    pub seq: i64,
    /// Its id.
    pub id: String,
}

/// Some of the events that a resend in bulk means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResendPage {
    /// Their ids.
    pub ids: Vec<String>,
    /// Where the next page begins; none: this was the last one.
    pub next: Option<ResendCursor>,
}
