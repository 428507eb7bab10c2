//! One attempt's result and all that follows from it, in one transaction.

use std::sync::Arc;

use rusqlite::Connection;

use super::connection::word;
use super::line::{self, QueueState};
use super::outages::Judgement;
use super::queue_row::{LOG_EXHAUSTED, QUEUE_EXHAUSTED, QueueRow};
use super::relay_time::Now;
use super::send_counts::{self, CountedSend, QueueStatus};
use super::tail::{self, Ended};
use super::writer::Lane;
use super::{
    Store, StoreError, delivered_digests, dismissed_deliveries, erase, incidents, outages, outbox,
};
use crate::attempt::{AttemptResult, Attempted, Outcome};
use crate::cause::Cause;
use crate::due::DueDelivery;
use crate::event::Status;
use crate::incident::Thresholds;
use crate::order::Place;
use crate::retry::{Next, RetryPolicy};
use crate::send_stats::SendState;
use crate::timestamp::Timestamp;

impl Store {
    /// Keeps the result of the attempt that `due` announced and all that follows from it: attempt row, log
    /// row, queue row, what is left to do, the counts, and the incidents that begin or end with it. `recovers`: what is
    /// exhausted follows by itself when the receiver is back.
    ///
    /// # Errors
    /// When the database cannot be written; then nothing of it is kept, and it can be tried again.
    pub async fn record_attempt(
        &self,
        due: Arc<DueDelivery>,
        attempted: Arc<Attempted>,
        policy: RetryPolicy,
        thresholds: Thresholds,
        recovers: bool,
    ) -> Result<AttemptResult, StoreError> {
        let (time, now) = (self.time.clone(), self.time.now(attempted.ended));
        let by = Judgement {
            away: thresholds.away(),
            automatic: recovers,
        };
        let recorded = self.write(Lane::Results, move |connection| {
            let result = record(connection, &due, &attempted, &policy, now)?;
            if result.retry.is_some() {
                // A wait is worth as much as what is known of the time in which it was begun.
                time.save(connection, now)?;
            }
            incidents::after_attempt(
                connection,
                &due,
                &attempted,
                result.status,
                &thresholds,
                now,
            )?;
            let follows =
                outages::after_attempt(connection, &due, &attempted, result.status, by, now)?;
            erase::after_attempt(connection, due.seq, &due.id, now)?;
            Ok::<_, StoreError>((result, follows))
        });
        let (result, follows) = recorded.await?;
        if follows {
            self.turns_changed.send_replace(());
        }
        Ok(result)
    }
}

pub(super) fn record(
    connection: &Connection,
    due: &DueDelivery,
    attempted: &Attempted,
    policy: &RetryPolicy,
    now: Now,
) -> rusqlite::Result<AttemptResult> {
    insert_attempt(connection, due, attempted)?;
    delivered_digests::forget(connection, &due.id)?;
    let before = match attempted.outcome {
        Outcome::Success => line::remove(connection, due.seq)?,
        Outcome::Failed | Outcome::Timeout => line::queue_state(connection, due.seq)?,
    };
    if before.is_none() {
        // It was given up while it was under way; whoever did that does it again with this result.
        dismissed_deliveries::withdraw(connection, due.seq)?;
    }
    let before = before.map(|before| after_doubt(before, attempted));
    let next = match attempted.outcome {
        Outcome::Success => None,
        Outcome::Failed | Outcome::Timeout => {
            // Read here and not when the attempt began: a resend may have begun a new round meanwhile.
            let in_round = before.as_ref().map_or(0, |before| before.attempts_in_round) + 1;
            Some((policy.next(in_round, attempted.retry_after), in_round))
        }
    };
    let exhausted = matches!(next, Some((Next::Exhausted, _)));
    let log_error = if exhausted {
        Some(LOG_EXHAUSTED)
    } else {
        attempted.error.as_deref()
    };
    let route_before = if due.attempt == 1 {
        insert_log(connection, due, attempted, log_error)?;
        None
    } else {
        Some(update_log(connection, due, attempted, log_error)?)
    };
    let queue = QueueRow {
        due,
        route_before: route_before.as_deref(),
        retry_attempt: due.attempt - 1,
        now: now.wall,
    };
    let (status, retry) = match next {
        None => {
            if due.attempt > 1 {
                queue.complete(connection)?;
            }
            (Status::Delivered, None)
        }
        Some((Next::Exhausted, in_round)) => {
            line::remove(connection, due.seq)?;
            let max_retries = queue.max_retries(policy, in_round);
            let error = Some(QUEUE_EXHAUSTED);
            queue.put(
                connection,
                QueueStatus::Failed,
                now.wall,
                max_retries,
                error,
            )?;
            (Status::Exhausted, None)
        }
        Some((Next::RetryAfter(wait), in_round)) => {
            if let Some(before) = &before {
                let due_ms = now.axis_after(wait);
                let after = postponed(before, attempted.http_status, due_ms, in_round);
                line::put(connection, due.seq, &after)?;
            }
            let at = attempted.ended.after(wait);
            let max_retries = queue.max_retries(policy, in_round);
            let error = attempted.error.as_deref();
            queue.put(
                connection,
                QueueStatus::Pending,
                at.wall,
                max_retries,
                error,
            )?;
            (Status::Retrying, Some(at))
        }
    };
    let next = match before {
        Some(before) => go_on(connection, due, &before, status, attempted, policy, now)?,
        None => None,
    };
    Ok(AttemptResult {
        status,
        retry,
        attempts: due.attempt,
        next,
    })
}

/// Where a delivery stood, with what its attempt makes of its tail.
fn after_doubt(before: QueueState, attempted: &Attempted) -> QueueState {
    let tail = if attempted.is_in_doubt() {
        before.tail.in_doubt()
    } else {
        before.tail
    };
    QueueState { tail, ..before }
}

/// Where a delivery stands while it waits for its retry.
fn postponed(
    before: &QueueState,
    http_status: Option<u16>,
    due_ms: i64,
    attempts_in_round: u32,
) -> QueueState {
    let mut after = QueueState {
        due_ms: Some(due_ms),
        attempts_in_round,
        ..before.clone()
    };
    if before.line().is_some() {
        after.place = Place::after_failure(http_status);
        if after.place == Place::Beside {
            after.tail = before.tail.beside();
        }
    }
    after
}

/// Lets the line go on; answers the delivery that is due now.
fn go_on(
    connection: &Connection,
    due: &DueDelivery,
    before: &QueueState,
    status: Status,
    attempted: &Attempted,
    policy: &RetryPolicy,
    now: Now,
) -> rusqlite::Result<Option<DueDelivery>> {
    let ended = match status {
        Status::Delivered => Ended::Delivered,
        Status::Retrying if Place::after_failure(attempted.http_status) == Place::InLine => {
            Ended::InLine
        }
        _ => Ended::OutOfLine,
    };
    let next = tail::go_on(connection, due.seq, before, ended, policy, now)?;
    // On another route, somebody else sends it.
    next.filter(|_| before.route == *due.route)
        .map(|seq| outbox::delivery(connection, seq, &due.route, now.axis_ms))
        .transpose()
}

fn insert_attempt(
    connection: &Connection,
    due: &DueDelivery,
    attempted: &Attempted,
) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO attempts (event_seq, attempt, started_at, outcome, http_status_code,
                                   processing_time, error_message, response_body, cause)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
        )?
        .execute((
            due.seq,
            due.attempt,
            attempted.started_at,
            attempted.outcome.as_str(),
            attempted.http_status,
            milliseconds(attempted),
            &attempted.error,
            &attempted.response_body,
            attempted.cause.map(Cause::as_str),
        ))
        .map(|_| ())
}

fn insert_log(
    connection: &Connection,
    due: &DueDelivery,
    attempted: &Attempted,
    error: Option<&str>,
) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO webhook_send_logs (
                 id, event_type, event_timestamp, sent_at, staff_id, request_id, payload_size,
                 status, http_status_code, processing_time, error_message, retry_count,
                 last_retry_at, response_body, created_at, route)
             VALUES (?2, ?3, ?4, ?5, (SELECT staff_id FROM events WHERE seq = ?1), ?2, ?6,
                     ?7, ?8, ?9, ?10, 0, NULL, ?11, ?12, ?13)",
        )?
        .execute((
            due.seq,
            &due.id,
            &due.event_type,
            due.event_timestamp,
            attempted.started_at,
            i64::try_from(attempted.payload_size).unwrap_or(i64::MAX),
            attempted.outcome.as_str(),
            attempted.http_status,
            milliseconds(attempted),
            error,
            &attempted.response_body,
            attempted.ended.wall,
            &due.route,
        ))?;
    let sent = counted(due, attempted, attempted.started_at);
    send_counts::add(connection, &sent)
}

/// Answers the route that the attempt before took.
fn update_log(
    connection: &Connection,
    due: &DueDelivery,
    attempted: &Attempted,
    error: Option<&str>,
) -> rusqlite::Result<String> {
    let (route, sent_at, state): (String, Timestamp, SendState) = connection
        .prepare_cached(
            "SELECT route, sent_at, status, retry_count > 0, processing_time
               FROM webhook_send_logs WHERE id = ?1",
        )?
        .query_row([&due.id], |row| {
            let state = SendState {
                outcome: word(2, row.get(2)?, Outcome::from_word)?,
                retried: row.get(3)?,
                processing_ms: row.get(4)?,
            };
            Ok((row.get(0)?, row.get(1)?, state))
        })?;
    connection
        .prepare_cached(
            "UPDATE webhook_send_logs
                SET status = ?2, http_status_code = ?3, processing_time = ?4, error_message = ?5,
                    retry_count = ?6, last_retry_at = ?7, response_body = ?8, route = ?9
              WHERE id = ?1",
        )?
        .execute((
            &due.id,
            attempted.outcome.as_str(),
            attempted.http_status,
            milliseconds(attempted),
            error,
            due.attempt - 1,
            attempted.started_at,
            &attempted.response_body,
            &due.route,
        ))?;
    let before = CountedSend {
        sent_at,
        route: &route,
        event_type: &due.event_type,
        state,
    };
    send_counts::replace(connection, &before, &counted(due, attempted, sent_at))?;
    Ok(route)
}

/// What the delivery counts for after this attempt.
fn counted<'a>(due: &'a DueDelivery, attempted: &Attempted, sent_at: Timestamp) -> CountedSend<'a> {
    CountedSend {
        sent_at,
        route: &due.route,
        event_type: &due.event_type,
        state: SendState {
            outcome: attempted.outcome,
            retried: due.attempt > 1,
            processing_ms: milliseconds(attempted),
        },
    }
}

fn milliseconds(attempted: &Attempted) -> i64 {
    i64::try_from(attempted.processing_ms).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests;
