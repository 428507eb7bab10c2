//! What came of a dismissal: a person said that what is exhausted needs nothing any more (contract, section 10).

/// What a dismissal of an incident did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IncidentDismissal {
    /// The incident is over.
    Done,
    /// No open incident has this id.
    Unknown,
    /// Incidents of this kind end by themselves.
    EndsByItself,
}

/// What a dismissal of one event did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EventDismissal {
    /// Its delivery is dismissed, now or since earlier.
    Done,
    /// No event has this id.
    Unknown,
    /// It is not exhausted: it was delivered, or is still to be sent.
    NotExhausted,
}
