//! Counting sends (contract, sections 6.1 and 6.3).

use std::collections::BTreeMap;

use rusqlite::{Connection, Row};

use super::connection::word;
use super::send_counts::{QueueStatus, SLOTS};
use super::{Store, StoreError};
use crate::send_stats::{QueueCounts, SendChange, SendCounts, SendFilter, SendStats};
use crate::slot::{self, Segment, SignedRange};
use crate::timestamp::Timestamp;

impl Store {
    /// Counts the deliveries that `filter` means. Of the queue, all of the routes that are counted.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn send_statistics(&self, filter: SendFilter) -> Result<SendStats, StoreError> {
        self.read(move |connection| sends(connection, &filter))
            .await
    }
}

/// Whole hours are taken from what was counted when the rows changed; the rows themselves are looked at only
/// where the range begins and ends inside an hour, at most those of half of it. No count has what was dismissed: of the
/// rows it is taken away again.
pub(super) fn sends(connection: &Connection, filter: &SendFilter) -> Result<SendStats, StoreError> {
    let (mut total, mut by_type) = (SendChange::default(), Sums::default());
    each_count(connection, filter, |_, event_type, change, sign| {
        total.add(change, sign);
        by_type.add(event_type, change, sign);
    })?;
    let mut counted = SendStats {
        total: total.into(),
        by_type: by_type.counts(),
        queue: queue(connection, filter)?,
        ..SendStats::default()
    };
    if counted.total.sent > 0 {
        counted.last_sent_at = last_sent(connection, filter)?;
    }
    Ok(counted)
}

/// The same by the route, without the queue.
pub(super) fn sends_by_route(
    connection: &Connection,
    filter: &SendFilter,
) -> rusqlite::Result<BTreeMap<String, SendCounts>> {
    let mut by_route = Sums::default();
    each_count(connection, filter, |route, _, change, sign| {
        by_route.add(route, change, sign);
    })?;
    Ok(by_route.counts())
}

/// Sums by a name: of an event type, or a route.
#[derive(Default)]
pub(super) struct Sums(BTreeMap<String, SendChange>);

impl Sums {
    pub(super) fn add(&mut self, name: &str, change: &SendChange, sign: i64) {
        self.0.entry(name.to_owned()).or_default().add(change, sign);
    }

    /// Those of which anything was sent.
    pub(super) fn counts(self) -> BTreeMap<String, SendCounts> {
        let counts = self.0.into_iter().map(|(name, sum)| (name, sum.into()));
        counts
            .filter(|(_, counts): &(_, SendCounts)| counts.sent > 0)
            .collect()
    }
}

/// Hands over what the range is added up from: a route, an event type, their counts, and 1 when they are added or -1
/// when they are taken away again.
pub(super) fn each_count(
    connection: &Connection,
    filter: &SendFilter,
    mut take: impl FnMut(&str, &str, &SendChange, i64),
) -> rusqlite::Result<()> {
    for term in slot::terms(filter.from, filter.to, &SLOTS) {
        each_count_of(connection, term, filter, &mut take)?;
    }
    Ok(())
}

fn each_count_of(
    connection: &Connection,
    SignedRange { segment, sign }: SignedRange,
    filter: &SendFilter,
    take: &mut impl FnMut(&str, &str, &SendChange, i64),
) -> rusqlite::Result<()> {
    let Some(unit) = segment.unit else {
        let times = || (segment.from.to_string(), segment.to.to_string());
        take_counts(connection, SENT, times(), filter, sign, take)?;
        return take_counts(connection, DISMISSED, times(), filter, -sign, take);
    };
    let slots = (unit.name_of(segment.from), unit.name_of(segment.to));
    take_counts(connection, COUNTED, slots, filter, sign, take)
}

/// What was counted, by slots.
const COUNTED: &str = "
    SELECT event_type, sum(sent), sum(succeeded), sum(failed), sum(timeout), sum(retried),
           sum(successful_ms), route
      FROM send_counts
     WHERE slot BETWEEN ?1 AND ?2 AND (?3 IS NULL OR event_type = ?3)
     GROUP BY route, event_type";
/// The rows themselves, by the first send.
const SENT: &str = "
    SELECT event_type, count(*), sum(status = 'success'), sum(status = 'failed'),
           sum(status = 'timeout'), sum(retry_count > 0),
           sum(iif(status = 'success', processing_time, 0)), route
      FROM webhook_send_logs
     WHERE sent_at BETWEEN ?1 AND ?2 AND (?3 IS NULL OR event_type = ?3)
     GROUP BY route, event_type";
/// Those of them that are dismissed.
const DISMISSED: &str = "
    SELECT l.event_type, count(*), sum(l.status = 'success'), sum(l.status = 'failed'),
           sum(l.status = 'timeout'), sum(l.retry_count > 0),
           sum(iif(l.status = 'success', l.processing_time, 0)), l.route
      FROM dismissed_deliveries d CROSS JOIN events e ON e.seq = d.event_seq
      CROSS JOIN webhook_send_logs l ON l.id = e.id
     WHERE d.sent_at BETWEEN ?1 AND ?2 AND (?3 IS NULL OR l.event_type = ?3)
     GROUP BY l.route, l.event_type";

fn take_counts(
    connection: &Connection,
    sql: &str,
    (from, to): (String, String),
    filter: &SendFilter,
    sign: i64,
    take: &mut impl FnMut(&str, &str, &SendChange, i64),
) -> rusqlite::Result<()> {
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query((from, to, &filter.event_type))?;
    while let Some(row) = rows.next()? {
        let route = row.get_ref(7)?.as_str()?;
        if filter.counts(route) {
            take(route, row.get_ref(0)?.as_str()?, &counts(row)?, sign);
        }
    }
    Ok(())
}

fn counts(row: &Row<'_>) -> rusqlite::Result<SendChange> {
    Ok(SendChange {
        sent: row.get(1)?,
        succeeded: row.get(2)?,
        failed: row.get(3)?,
        timeout: row.get(4)?,
        retried: row.get(5)?,
        successful_ms: row.get(6)?,
    })
}

/// The latest first send in a period.
fn last_sent(connection: &Connection, filter: &SendFilter) -> rusqlite::Result<Option<Timestamp>> {
    for segment in slot::split(filter.from, filter.to, &SLOTS)
        .into_iter()
        .rev()
    {
        let last = last_sent_in(connection, segment, filter)?;
        if last.is_some() {
            return Ok(last);
        }
    }
    Ok(None)
}

/// The latest first send in a segment: in its last slot with a send.
fn last_sent_in(
    connection: &Connection,
    segment: Segment,
    filter: &SendFilter,
) -> rusqlite::Result<Option<Timestamp>> {
    let (from, to) = match segment.unit {
        None => (segment.from, segment.to),
        Some(unit) => {
            let mut slots = connection.prepare_cached(
                "SELECT slot, route FROM send_counts
                  WHERE slot BETWEEN ?1 AND ?2 AND (?3 IS NULL OR event_type = ?3)
                  ORDER BY slot DESC",
            )?;
            let (first, last) = (unit.name_of(segment.from), unit.name_of(segment.to));
            let mut rows = slots.query((first, last, &filter.event_type))?;
            let mut last: Option<String> = None;
            while let (None, Some(row)) = (&last, rows.next()?) {
                if filter.counts(row.get_ref(1)?.as_str()?) {
                    last = Some(row.get(0)?);
                }
            }
            match last.and_then(|name| unit.named(&name)) {
                Some(slot) => slot,
                None => return Ok(None),
            }
        }
    };
    let mut sent = connection.prepare_cached(
        "SELECT l.sent_at, l.route FROM webhook_send_logs l
          WHERE l.sent_at BETWEEN ?1 AND ?2 AND (?3 IS NULL OR l.event_type = ?3)
            AND NOT EXISTS (SELECT 1 FROM events e CROSS JOIN dismissed_deliveries d ON d.event_seq = e.seq
                             WHERE e.id = l.id)
          ORDER BY l.sent_at DESC",
    )?;
    let mut rows = sent.query((from, to, &filter.event_type))?;
    while let Some(row) = rows.next()? {
        if filter.counts(row.get_ref(1)?.as_str()?) {
            return row.get(0);
        }
    }
    Ok(None)
}

/// The retry queue of the routes that are counted, by status.
pub(super) fn queue(connection: &Connection, filter: &SendFilter) -> rusqlite::Result<QueueCounts> {
    let mut counts = QueueCounts::default();
    for (route, of_route) in queues(connection)? {
        if filter.counts(&route) {
            counts.add(&of_route);
        }
    }
    Ok(counts)
}

/// The retry queue of each route, by status.
pub(super) fn queues(connection: &Connection) -> rusqlite::Result<BTreeMap<String, QueueCounts>> {
    let mut queues: BTreeMap<String, QueueCounts> = BTreeMap::new();
    let mut statement =
        connection.prepare_cached("SELECT status, deliveries, route FROM queue_counts")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let counts = queues.entry(row.get(2)?).or_default();
        let place = match word(0, row.get(0)?, QueueStatus::from_word)? {
            QueueStatus::Pending => &mut counts.pending,
            QueueStatus::Processing => &mut counts.processing,
            QueueStatus::Completed => &mut counts.completed,
            QueueStatus::Failed => &mut counts.failed,
            QueueStatus::Dismissed => &mut counts.dismissed,
        };
        let deliveries: i64 = row.get(1)?;
        *place = place.saturating_add_signed(deliveries);
    }
    Ok(queues)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::attempt::Outcome;
    use crate::incident::Thresholds;
    use crate::retry::RetryPolicy;
    use crate::store::tests::{at, attempted, moment, somebody, submission};

    const MINUTE: i64 = 60_000;

    #[tokio::test]
    async fn what_is_dismissed_counts_nowhere_wherever_in_an_hour_a_period_ends() {
        let directory = tempfile::tempdir().unwrap();
        let store = Store::open(directory.path(), moment()).unwrap();
        let accepted = store.accept_events(vec![submission("a.b", None)], moment());
        let id = accepted.await.unwrap()[0].id.clone();
        let due = store.due_deliveries("default", HashSet::new(), 1, moment());
        let due = due.await.unwrap().due.remove(0);
        let (failed, limits) = (attempted(Outcome::Failed, at(0), 1), Thresholds::default());
        let never = RetryPolicy::new(Vec::new());
        let kept = store.record_attempt(due.into(), failed.into(), never, limits, false);
        kept.await.unwrap();
        store
            .dismiss_event(&id, somebody(), None, moment())
            .await
            .unwrap();
        for minute in -60..60 {
            for period in [
                SendFilter::period(at(-2 * 60 * MINUTE), at(minute * MINUTE)),
                SendFilter::period(at(minute * MINUTE), at(2 * 60 * MINUTE)),
            ] {
                let counted = store.send_statistics(period.clone()).await.unwrap();
                assert_eq!(counted.total, SendCounts::default(), "{period:?}");
                assert!(counted.by_type.is_empty(), "{period:?}");
            }
        }
    }
}
