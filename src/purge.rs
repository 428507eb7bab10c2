//! What one step of a purge did.

/// The result of one step.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Purged {
    /// The number of deleted events.
    pub events: u64,
    /// Where the next step goes on: after the event at this place in the order of acceptance; none: this was
    /// the last step.
    pub next: Option<i64>,
}
