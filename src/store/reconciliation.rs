//! Comparing what was sent with what the partner says it has, and what follows from it (contract, section 4.7).

use std::collections::BTreeSet;
use std::iter::Peekable;
use std::sync::Arc;

use rusqlite::{Connection, OptionalExtension, Row};
use uuid::Uuid;

use super::connection::word;
use super::events::new_id;
use super::incidents::End;
use super::relay_time::Now;
use super::send_counts::{self, CountedSend, QueueStatus};
use super::writer::Lane;
use super::{Store, StoreError, delivered_digests, incidents};
use crate::attempt::Outcome;
use crate::cause::Cause;
use crate::clock::Moment;
use crate::event::Status;
use crate::reconciliation::comparison::{Comparison, Counts, Delivery, Question, Reason};
use crate::reconciliation::has_time;
use crate::reconciliation::received::Received;
use crate::send_stats::SendState;
use crate::timestamp::Timestamp;

/// Deliveries in one transaction; more would hold up accepting.
const AT_ONCE: usize = 200;

impl Store {
    /// Compares the deliveries of a range with the partner's list. Nothing is changed.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn compare(
        &self,
        question: Arc<Question>,
        moment: Moment,
    ) -> Result<Comparison, StoreError> {
        let now = self.time.now(moment);
        self.read(move |connection| compare(connection, &question, now))
            .await
    }

    /// Keeps what a comparison has found, a little at a time: what is missing, what was missing before and is found,
    /// and as delivered what has arrived. Last the comparison itself, which has happened when it stands there. Answers its
    /// id; one that says the same as the last one of its range is that one.
    ///
    /// # Errors
    /// When the database cannot be written; then it can be compared and kept once more.
    pub async fn keep_comparison(
        &self,
        question: Arc<Question>,
        comparison: Arc<Comparison>,
        moment: Moment,
    ) -> Result<String, StoreError> {
        let now = self.time.now(moment);
        let of = |length: usize| (0..length.div_ceil(AT_ONCE)).map(|page| page * AT_ONCE);
        for from in of(comparison.arrived.len()) {
            let found = Arc::clone(&comparison);
            self.write(Lane::Maintenance, move |connection| {
                for (seq, id) in found.arrived.iter().skip(from).take(AT_ONCE) {
                    settle_arrived(connection, *seq, &id.to_string(), now)?;
                }
                Ok::<_, StoreError>(())
            })
            .await?;
        }
        for from in of(comparison.confirmed.len()) {
            let found = Arc::clone(&comparison);
            self.write(Lane::Maintenance, move |connection| {
                for seq in found.confirmed.iter().skip(from).take(AT_ONCE) {
                    confirm(connection, *seq, now.wall)?;
                }
                Ok::<_, StoreError>(())
            })
            .await?;
        }
        let (asked, found) = (Arc::clone(&question), Arc::clone(&comparison));
        let id = self
            .write(Lane::Maintenance, move |connection| {
                Ok::<_, StoreError>(keep(connection, &asked, &found, now)?)
            })
            .await?;
        for from in of(comparison.all_missing.len()) {
            let found = Arc::clone(&comparison);
            let comparison = id.clone();
            self.write(Lane::Maintenance, move |connection| {
                for (seq, _, reason) in found.all_missing.iter().skip(from).take(AT_ONCE) {
                    note_missing(connection, &comparison, *seq, *reason, now.wall)?;
                }
                Ok::<_, StoreError>(())
            })
            .await?;
        }
        Ok(id)
    }
}

/// Deliveries in the order of their ids, with everything that a comparison asks of them.
const DELIVERIES: &str = "
    SELECT e.seq, e.id, e.event_type, coalesce(l.route, e.route),
           CASE WHEN o.event_seq IS NULL AND q.status = 'failed' THEN
                     iif(d.event_seq IS NULL, 'exhausted', 'dismissed')
                WHEN o.event_seq IS NULL THEN 'delivered'
                WHEN l.id IS NULL THEN 'accepted'
                ELSE 'retrying' END,
           coalesce(l.retry_count + 1, 0), l.sent_at,
           coalesce(l.last_retry_at, l.sent_at), l.http_status_code,
           CASE WHEN l.id IS NOT NULL THEN o.due_ms END,
           m.event_seq IS NOT NULL AND m.confirmed_at IS NULL
      FROM events e
      LEFT JOIN outbox o ON o.event_seq = e.seq
      LEFT JOIN webhook_send_logs l ON l.id = e.id
      LEFT JOIN webhook_retry_queue q ON q.id = e.id
      LEFT JOIN dismissed_deliveries d ON d.event_seq = e.seq
      LEFT JOIN missing_deliveries m ON m.event_seq = e.seq
     WHERE e.id >= ?1 AND e.id <= ?2 ORDER BY e.id";

pub(super) fn compare(
    connection: &Connection,
    question: &Question,
    now: Now,
) -> Result<Comparison, StoreError> {
    let routes: BTreeSet<&str> = question.routes.iter().map(String::as_str).collect();
    let mut comparison = Comparison::default();
    let (inside, without_time): (Vec<&Received>, Vec<&Received>) =
        question.received.iter().partition(|row| has_time(&row.id));
    let inside = inside.into_iter().filter(|row| question.range.has(&row.id));
    let mut received = inside.peekable();
    let mut statement = connection.prepare_cached(DELIVERIES)?;
    let range = (
        question.range.from.to_string(),
        question.range.to.to_string(),
    );
    let mut rows = statement.query(range)?;
    while let Some(row) = rows.next()? {
        let delivery = delivery(row, now)?;
        let of_theirs = next_received(&mut received, delivery.id, &mut comparison);
        if routes.contains(delivery.route) {
            let cause = || last_cause(connection, delivery.seq);
            comparison.add(question, &delivery, of_theirs, cause)?;
        }
    }
    for row in received {
        comparison.counts.received += 1;
        comparison.add_unknown(row.id);
    }
    for row in without_time {
        comparison.add_unknown(row.id);
    }
    if !question.range_was_said {
        comparison.not_compared += delivered_behind(connection, question)?;
    }
    Ok(comparison)
}

/// The partner's row for this id. Those of the ids before it were never sent.
fn next_received<'a>(
    received: &mut Peekable<impl Iterator<Item = &'a Received>>,
    id: Uuid,
    comparison: &mut Comparison,
) -> Option<&'a Received> {
    while let Some(row) = received.next_if(|row| row.id < id) {
        comparison.counts.received += 1;
        comparison.add_unknown(row.id);
    }
    received.next_if(|row| row.id == id)
}

fn delivery<'a>(row: &'a Row<'_>, now: Now) -> Result<Delivery<'a>, StoreError> {
    let text = |column: usize| -> rusqlite::Result<&str> {
        let value = row.get_ref(column)?;
        value.as_str().map_err(|error| {
            let kind = value.data_type();
            rusqlite::Error::FromSqlConversionFailure(column, kind, Box::new(error))
        })
    };
    let due_ms: Option<i64> = row.get(9)?;
    Ok(Delivery {
        seq: row.get(0)?,
        id: Uuid::try_parse(text(1)?).unwrap_or_default(),
        event_type: text(2)?,
        route: text(3)?,
        status: word(4, row.get(4)?, Status::from_word)?,
        attempts: row.get(5)?,
        first_sent_at: row.get(6)?,
        last_attempt_at: row.get(7)?,
        http_status: row.get(8)?,
        next_retry_at: due_ms.map(|due_ms| now.wall_of(due_ms)),
        was_missing: row.get(10)?,
    })
}

fn last_cause(connection: &Connection, seq: i64) -> Result<Option<Cause>, StoreError> {
    let cause: Option<Option<String>> = connection
        .prepare_cached(
            "SELECT cause FROM attempts WHERE event_seq = ?1 ORDER BY attempt DESC LIMIT 1",
        )?
        .query_row([seq], |row| row.get(0))
        .optional()?;
    Ok(cause.flatten().as_deref().and_then(Cause::from_word))
}

/// How many were delivered that the list ends before.
fn delivered_behind(connection: &Connection, question: &Question) -> Result<u64, StoreError> {
    let mut count = connection.prepare_cached(
        "SELECT count(*) FROM events e CROSS JOIN webhook_send_logs l ON l.id = e.id
          WHERE e.id > ?1 AND l.status = 'success' AND l.route = ?2",
    )?;
    let behind = question.range.to.to_string();
    let counts = question
        .routes
        .iter()
        .map(|route| count.query_row((&behind, route), |row| row.get::<_, u64>(0)));
    Ok(counts.sum::<rusqlite::Result<u64>>()?)
}

/// Keeps as delivered what was exhausted and has arrived all the same: only its answer was lost.
pub(super) fn settle_arrived(
    connection: &Connection,
    seq: i64,
    id: &str,
    now: Now,
) -> Result<(), StoreError> {
    type Log = (String, String, Timestamp, String, u32, i64);
    let found: Option<Log> = connection
        .prepare_cached(
            "SELECT l.route, l.event_type, l.sent_at, l.status, l.retry_count, l.processing_time
               FROM webhook_send_logs l JOIN webhook_retry_queue q ON q.id = l.id
              WHERE l.id = ?1 AND q.status = 'failed'
                AND NOT EXISTS (SELECT 1 FROM outbox o WHERE o.event_seq = ?2)
                AND NOT EXISTS (SELECT 1 FROM dismissed_deliveries d WHERE d.event_seq = ?2)",
        )?
        .query_row((id, seq), |row| row.try_into())
        .optional()?;
    // A person has done something with it meanwhile, or it was settled before.
    let Some((route, event_type, sent_at, outcome, retries, processing_ms)) = found else {
        return Ok(());
    };
    let state = |outcome| SendState {
        outcome,
        retried: retries > 0,
        processing_ms,
    };
    let counted = |outcome| CountedSend {
        sent_at,
        route: &route,
        event_type: &event_type,
        state: state(outcome),
    };
    let before = word(3, outcome, Outcome::from_word)?;
    connection
        .prepare_cached(
            "UPDATE webhook_send_logs SET status = 'success', error_message = NULL WHERE id = ?1",
        )?
        .execute([id])?;
    send_counts::replace(connection, &counted(before), &counted(Outcome::Success))?;
    connection
        .prepare_cached(
            "UPDATE webhook_retry_queue SET status = 'completed', last_error = NULL, updated_at = ?2
              WHERE id = ?1",
        )?
        .execute((id, now.wall))?;
    send_counts::add_queued(connection, &route, QueueStatus::Failed, -1)?;
    send_counts::add_queued(connection, &route, QueueStatus::Completed, 1)?;
    delivered_digests::forget(connection, id)?;
    for incident in incidents::leave(connection, seq, End::Delivered)? {
        incidents::close_when_settled(connection, incident, now)?;
    }
    Ok(())
}

/// Keeps the comparison, one row for each of its routes.
pub(super) fn keep(
    connection: &Connection,
    question: &Question,
    comparison: &Comparison,
    now: Now,
) -> rusqlite::Result<String> {
    let (from, to) = (
        question.range.from.to_string(),
        question.range.to.to_string(),
    );
    let none = Counts::default();
    let counts = |route: &String| comparison.by_route.get(route).unwrap_or(&none);
    let mut last = connection.prepare_cached(
        "SELECT id, sent, received, matched, missing, no_effect FROM reconciliations
          WHERE route = ?1 AND from_id = ?2 AND to_id = ?3 ORDER BY seq DESC LIMIT 1",
    )?;
    let mut same = Vec::new();
    for route in &question.routes {
        let earlier = last.query_row((route, &from, &to), |row| {
            let counts = Counts {
                sent: row.get(1)?,
                received: row.get(2)?,
                matched: row.get(3)?,
                missing: row.get(4)?,
                no_effect: row.get(5)?,
            };
            Ok((row.get::<_, String>(0)?, counts))
        });
        let earlier = earlier.optional()?;
        same.push(earlier.filter(|(_, before)| before == counts(route)));
    }
    if let Some(Some((id, _))) = same.first()
        && same.iter().flatten().count() == same.len()
        && same.iter().flatten().all(|(other, _)| other == id)
    {
        return Ok(id.clone());
    }
    let id = new_id(now.wall);
    let mut insert = connection.prepare_cached(
        "INSERT INTO reconciliations (id, compared_at, route, from_id, to_id, as_of, sent, received,
                                      matched, missing, no_effect)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
    )?;
    for route in &question.routes {
        let counts = counts(route);
        insert.execute((
            &id,
            now.wall,
            route,
            &from,
            &to,
            question.as_of,
            counts.sent,
            counts.received,
            counts.matched,
            counts.missing,
            counts.no_effect,
        ))?;
    }
    Ok(id)
}

/// Notes that a delivery is missing. One that was found since and is missing again is noted anew.
pub(super) fn note_missing(
    connection: &Connection,
    comparison: &str,
    seq: i64,
    reason: Reason,
    now: Timestamp,
) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO missing_deliveries (event_seq, reconciliation, reason, found_at)
             SELECT e.seq, r.seq, ?3, ?4
               FROM events e JOIN reconciliations r ON r.id = ?2
                AND r.route = coalesce((SELECT l.route FROM webhook_send_logs l WHERE l.id = e.id), e.route)
              WHERE e.seq = ?1
             ON CONFLICT (event_seq) DO UPDATE
                SET reconciliation = excluded.reconciliation, reason = excluded.reason,
                    found_at = excluded.found_at, confirmed_at = NULL
              WHERE confirmed_at IS NOT NULL",
        )?
        .execute((seq, comparison, reason.as_str(), now))
        .map(|_| ())
}

fn confirm(connection: &Connection, seq: i64, now: Timestamp) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "UPDATE missing_deliveries SET confirmed_at = ?2
              WHERE event_seq = ?1 AND confirmed_at IS NULL",
        )?
        .execute((seq, now))
        .map(|_| ())
}
