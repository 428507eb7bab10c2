//! How urgent a write is.

/// How urgent a command is, and what its change means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lane {
    /// What somebody hands in, and whatever else a caller waits for.
    Calls,
    /// Like `Calls`, about what an admin is told: it goes on as long as the file can be written, wherever that is.
    Alerts,
    /// Like `Calls`; it only shows that writing works, and no backup is made for it.
    Probe,
    /// What is sent, and what became of it.
    Results,
    /// What can wait: purging, importing, repairing, sending again in bulk.
    Maintenance,
}
