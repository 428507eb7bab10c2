//! Queries for the events that a filter matches, and the index that each uses.

use rusqlite::Connection;
use rusqlite::types::Value;

use super::StoreError;
use super::ids::first_id_at;
use crate::event::Status;
use crate::event_record::EventFilter;

/// Ids are in order of acceptance, except within one millisecond.
pub(super) const EVENTS_AT_A_TIME: u32 = 1000;

/// The index by which events are found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Source {
    /// All of them, in the order of acceptance.
    Events,
    /// What is still to be sent, in the order of acceptance.
    Outbox,
    /// What is exhausted, in the order of ids.
    Failed,
    /// What was dismissed, in the order of acceptance.
    Dismissed,
}

pub(super) const FROM_EVENTS: &str = "
    FROM events e
    LEFT JOIN outbox o ON o.event_seq = e.seq
    LEFT JOIN webhook_send_logs l ON l.id = e.id
    LEFT JOIN webhook_retry_queue q ON q.id = e.id";
/// Few events are still to be sent, so the search begins with them.
const FROM_OUTBOX: &str = "
    FROM outbox o
    CROSS JOIN events e ON e.seq = o.event_seq
    LEFT JOIN webhook_send_logs l ON l.id = e.id
    LEFT JOIN webhook_retry_queue q ON q.id = e.id";
/// Few are exhausted too: they are found by the queue's index.
const FROM_FAILED: &str = "
    FROM webhook_retry_queue q
    CROSS JOIN events e ON e.id = q.id
    LEFT JOIN outbox o ON o.event_seq = e.seq
    LEFT JOIN webhook_send_logs l ON l.id = e.id";

/// And so are those that were dismissed.
const FROM_DISMISSED: &str = "
    FROM dismissed_deliveries d
    CROSS JOIN events e ON e.seq = d.event_seq
    LEFT JOIN outbox o ON o.event_seq = e.seq
    LEFT JOIN webhook_send_logs l ON l.id = e.id
    LEFT JOIN webhook_retry_queue q ON q.id = e.id";
const EXHAUSTED: &str = "q.status = 'failed' AND o.event_seq IS NULL";
const DELIVERED: &str =
    "o.event_seq IS NULL AND (q.status IS NULL OR q.status <> 'failed') AND l.id IS NOT NULL";
const NOT_DISMISSED: &str =
    "NOT EXISTS (SELECT 1 FROM dismissed_deliveries n WHERE n.event_seq = e.seq)";

impl Source {
    /// The column in whose order the events are found.
    pub(super) fn order(self) -> &'static str {
        match self {
            Self::Events => "e.seq",
            Self::Outbox => "o.event_seq",
            Self::Failed => "q.id",
            Self::Dismissed => "d.event_seq",
        }
    }
}

/// A query for the events that a filter matches, without its order and limit.
pub(super) struct Matching {
    pub(super) sql: String,
    pub(super) values: Vec<Value>,
    pub(super) source: Source,
}

impl Matching {
    /// Adds a condition.
    pub(super) fn narrow(&mut self, condition: &str, value: impl Into<Value>) {
        self.sql.push_str(" AND ");
        self.sql.push_str(condition);
        self.values.push(value.into());
    }

    /// Leaves out all that does not take one of these routes.
    fn narrow_to_routes(&mut self, routes: &[String]) {
        let places = vec!["?"; routes.len()].join(", ");
        self.sql.push_str(" AND e.route IN (");
        self.sql.push_str(&places);
        self.sql.push(')');
        let routes = routes.iter().cloned();
        self.values.extend(routes.map(Value::from));
    }

    /// Leaves out what was erased with its person.
    pub(super) fn exclude_erased(&mut self) {
        self.sql
            .push_str(" AND NOT EXISTS (SELECT 1 FROM erased_events x WHERE x.event_seq = e.seq)");
    }

    /// Leaves out what was dismissed.
    pub(super) fn exclude_dismissed(&mut self) {
        self.sql.push_str(" AND ");
        self.sql.push_str(NOT_DISMISSED);
    }
}

/// What is true of an event of this status, whatever the search begins with.
fn condition_of(status: Status) -> &'static str {
    match status {
        Status::Accepted => "o.event_seq IS NOT NULL AND l.id IS NULL",
        Status::Retrying => "o.event_seq IS NOT NULL AND l.id IS NOT NULL",
        Status::Delivered => DELIVERED,
        // Without the plus, the search would begin with all that are exhausted.
        Status::Exhausted => "+q.status = 'failed' AND o.event_seq IS NULL",
        Status::Dismissed => {
            "EXISTS (SELECT 1 FROM dismissed_deliveries d WHERE d.event_seq = e.seq)"
        }
    }
}

/// `columns` of the events that `filter` matches.
pub(super) fn matching(
    connection: &Connection,
    filter: &EventFilter,
    columns: &str,
) -> Result<Matching, StoreError> {
    let (source, from, condition) = match filter.status {
        None => (Source::Events, FROM_EVENTS, "1"),
        // A person has fewer events than all together wait, are exhausted or dismissed.
        Some(status) if filter.staff_id.is_some() => {
            (Source::Events, FROM_EVENTS, condition_of(status))
        }
        Some(Status::Accepted) => (Source::Outbox, FROM_OUTBOX, "l.id IS NULL"),
        Some(Status::Retrying) => (Source::Outbox, FROM_OUTBOX, "l.id IS NOT NULL"),
        Some(Status::Exhausted) => (Source::Failed, FROM_FAILED, EXHAUSTED),
        Some(Status::Delivered) => (Source::Events, FROM_EVENTS, DELIVERED),
        Some(Status::Dismissed) => (Source::Dismissed, FROM_DISMISSED, "1"),
    };
    let mut query = Matching {
        sql: format!("SELECT {columns} {from} WHERE {condition}"),
        values: Vec::new(),
        source,
    };
    if filter.status == Some(Status::Exhausted) {
        query.exclude_dismissed();
    }
    // The queue has the type and the id too: what does not match is left before its event is looked up.
    let (event_type, id) = match source {
        Source::Failed => ("q.event_type", "q.id"),
        _ => ("e.event_type", "e.id"),
    };
    if let Some(wanted) = &filter.event_type {
        query.narrow(&format!("{event_type} = ?"), wanted.clone());
    }
    if let Some(staff_id) = &filter.staff_id {
        query.narrow("e.staff_id = ?", staff_id.clone());
    }
    if let Some(route) = &filter.route {
        query.narrow("e.route = ?", route.clone());
    }
    if let Some(routes) = &filter.routes {
        query.narrow_to_routes(routes);
    }
    // An id begins with the moment of acceptance.
    let since = filter.since.map(first_id_at);
    let until = filter
        .until
        .map(|until| first_id_at(until.after(std::time::Duration::from_millis(1))));
    if source == Source::Events {
        // Without these SQLite would scan the table up to the beginning of the range.
        narrow_to_range(connection, &mut query, since.as_deref(), until.as_deref())?;
    }
    if let Some(since) = since {
        query.narrow(&format!("{id} >= ?"), since);
    }
    if let Some(until) = until {
        query.narrow(&format!("{id} < ?"), until);
    }
    Ok(query)
}

/// Finds the places in the order of acceptance at which a range of ids begins and ends.
fn narrow_to_range(
    connection: &Connection,
    query: &mut Matching,
    since: Option<&str>,
    until: Option<&str>,
) -> rusqlite::Result<()> {
    if let Some(since) = since {
        let first: Option<i64> = connection
            .prepare_cached(
                "SELECT min(seq) FROM (SELECT seq FROM events WHERE id >= ?1 ORDER BY id LIMIT ?2)",
            )?
            .query_row((since, EVENTS_AT_A_TIME), |row| row.get(0))?;
        query.narrow("e.seq >= ?", first.unwrap_or(i64::MAX));
    }
    if let Some(until) = until {
        query.narrow("e.seq <= ?", last_before(connection, until)?.unwrap_or(0));
    }
    Ok(())
}

/// The place of the last event whose id is smaller.
pub(super) fn last_before(connection: &Connection, id: &str) -> rusqlite::Result<Option<i64>> {
    connection
        .prepare_cached(
            "SELECT max(seq) FROM (SELECT seq FROM events WHERE id < ?1 ORDER BY id DESC LIMIT ?2)",
        )?
        .query_row((id, EVENTS_AT_A_TIME), |row| row.get(0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::tests::database;

    #[test]
    fn a_persons_events_are_found_by_the_person_and_not_by_what_all_wait_for() {
        let (_directory, connection) = database();
        for status in Status::ALL {
            let filter = EventFilter {
                status: Some(status),
                staff_id: Some("EMP-1".to_owned()),
                ..EventFilter::default()
            };
            let query = matching(&connection, &filter, "e.id").unwrap();
            let plan: String = connection
                .query_row(
                    &format!("EXPLAIN QUERY PLAN {}", query.sql),
                    rusqlite::params_from_iter(query.values),
                    |row| row.get(3),
                )
                .unwrap();
            assert!(plan.contains("events_by_staff"), "{status:?}: {plan}");
        }
    }
}
