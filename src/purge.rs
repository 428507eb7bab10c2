//! What one step of a purge did.

/// What one step did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Purged {
    /// Events that are gone.
    pub events: u64,
    /// Where the next step goes on: after the event at this place in the order of acceptance; none: this was
    /// the last step.
    pub next: Option<i64>,
}
