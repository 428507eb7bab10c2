//! How many steps SQLite takes for a piece of work, for tests: a measure of time that no busy machine changes.

use std::cell::RefCell;
use std::collections::HashMap;

use rusqlite::trace::{TraceEvent, TraceEventCodes};
use rusqlite::{Connection, StatementStatus};

thread_local! {
    /// Steps of all statements, and what the counter of each one showed last.
    static STEPS: RefCell<(u64, HashMap<String, i32>)> = RefCell::default();
}

/// Counts the steps of this connection's statements.
pub(super) fn watch(connection: &Connection) {
    connection.trace_v2(TraceEventCodes::SQLITE_TRACE_PROFILE, Some(count));
}

fn count(event: TraceEvent<'_>) {
    let TraceEvent::Profile(statement, _) = event else {
        return;
    };
    let shows = statement.get_status(StatementStatus::VmStep);
    STEPS.with_borrow_mut(|(steps, last)| {
        let before = last.insert(statement.sql().into_owned(), shows);
        // A statement that was prepared anew counts from zero.
        let new = before
            .filter(|before| *before <= shows)
            .map_or(shows, |b| shows - b);
        *steps += u64::try_from(new).unwrap();
    });
}

/// The steps that `work` takes.
pub(super) fn of(work: impl FnOnce()) -> u64 {
    STEPS.with_borrow_mut(|(steps, _)| *steps = 0);
    work();
    STEPS.with_borrow(|(steps, _)| *steps)
}
