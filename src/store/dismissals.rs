//! Dismissed deliveries: exhausted ones of which a person said that nothing more is to be done (contract, section 10).
//! One has a row here exactly while its status is dismissed.

use std::collections::BTreeSet;

use rusqlite::{Connection, OptionalExtension};

use super::incident_report::kind;
use super::incidents::{End, close_when_settled, leave, settle_some};
use super::relay_time::Now;
use super::send_counts::{self, QueueStatus};
use super::writer::Lane;
use super::{Store, StoreError, audit, missing};
use crate::audit::{Action, Actor, Entry, Subject};
use crate::clock::Moment;
use crate::dismissal::{EventDismissal, IncidentDismissal};
use crate::incident::Kind;

/// The number of deliveries that are dismissed in one transaction.
const AT_ONCE: u32 = 200;

impl Store {
    /// Ends an incident that waits for a person: what it counts needs nothing any more. What is exhausted of it is
    /// dismissed; what is still to be sent stays so, and is not counted any more. That happens a few at a time, behind
    /// what somebody hands in, and the incident is over with the last of them.
    ///
    /// # Errors
    /// When the database cannot be written; then the incident lasts, and what it still counts is dismissed next time.
    pub async fn dismiss_incident(
        &self,
        id: &str,
        by: Actor,
        reason: Option<String>,
        moment: Moment,
    ) -> Result<IncidentDismissal, StoreError> {
        let now = self.time.now(moment);
        let entry = dismissed(id, by, reason, now);
        let mut begun = false;
        loop {
            let (id, entry) = (id.to_owned(), entry.clone());
            let dismissed = self.write(Lane::Maintenance, move |connection| {
                let dismissed = dismiss_incident(connection, &id, AT_ONCE, now)?;
                if !begun && matches!(dismissed, None | Some(IncidentDismissal::Done)) {
                    audit::record(connection, &entry)?;
                }
                Ok::<_, StoreError>(dismissed)
            });
            match dismissed.await? {
                None => begun = true,
                // The last of what it counted was delivered meanwhile.
                Some(IncidentDismissal::Unknown) if begun => return Ok(IncidentDismissal::Done),
                Some(result) => return Ok(result),
            }
        }
    }

    /// Dismisses the delivery of one event. The incidents that count it do not wait for it any more.
    ///
    /// # Errors
    /// When the database cannot be written; then nothing was changed.
    pub async fn dismiss_event(
        &self,
        id: &str,
        by: Actor,
        reason: Option<String>,
        moment: Moment,
    ) -> Result<EventDismissal, StoreError> {
        let (id, now) = (id.to_owned(), self.time.now(moment));
        let entry = dismissed(&id, by, reason, now).counting(1);
        self.write(Lane::Calls, move |connection| {
            let dismissed = dismiss_event(connection, &id, now)?;
            if dismissed == EventDismissal::Done {
                audit::record(connection, &entry)?;
            }
            Ok(dismissed)
        })
        .await
    }
}

/// What the audit keeps of it.
fn dismissed(id: &str, by: Actor, reason: Option<String>, now: Now) -> Entry {
    let entry = by.did(Action::Dismiss, now.wall);
    entry.to(Subject::Named(id.to_owned())).because(reason)
}

/// Dismisses at most so many deliveries of an incident; none: it counts more.
pub(super) fn dismiss_incident(
    connection: &Connection,
    id: &str,
    at_once: u32,
    now: Now,
) -> Result<Option<IncidentDismissal>, StoreError> {
    let found: Option<(i64, Kind)> = connection
        .prepare_cached("SELECT seq, kind FROM incidents WHERE id = ?1 AND closed_at IS NULL")?
        .query_row([id], |row| Ok((row.get(0)?, kind(row, 1)?)))
        .optional()?;
    let Some((incident, kind)) = found else {
        return Ok(Some(IncidentDismissal::Unknown));
    };
    if !kind.counts_deliveries() {
        return Ok(Some(IncidentDismissal::EndsByItself));
    }
    let mut left = BTreeSet::from([incident]);
    for event in settle_some(connection, incident, at_once)? {
        let is_marked = mark(connection, event, now)?;
        if is_marked {
            left.extend(leave(connection, event, End::Dismissed)?);
        }
        if is_marked || kind == Kind::DeliveriesMissing {
            missing::dismiss(connection, event, now.wall)?;
        }
    }
    let mut lasts = false;
    for one in left {
        let closed = close_when_settled(connection, one, now)?;
        lasts |= one == incident && !closed;
    }
    Ok((!lasts).then_some(IncidentDismissal::Done))
}

pub(super) fn dismiss_event(
    connection: &Connection,
    id: &str,
    now: Now,
) -> Result<EventDismissal, StoreError> {
    let found: Option<(i64, bool)> = connection
        .prepare_cached(
            "SELECT e.seq, EXISTS (SELECT 1 FROM dismissed_deliveries d WHERE d.event_seq = e.seq)
               FROM events e WHERE e.id = ?1",
        )?
        .query_row([id], |row| row.try_into())
        .optional()?;
    let Some((event, already)) = found else {
        return Ok(EventDismissal::Unknown);
    };
    if already {
        return Ok(EventDismissal::Already);
    }
    let was_missing = missing::dismiss(connection, event, now.wall)?;
    let end = match (mark(connection, event, now)?, was_missing) {
        (true, _) => End::Dismissed,
        (false, true) => End::GivenUp,
        (false, false) => return Ok(EventDismissal::NotExhausted),
    };
    for incident in leave(connection, event, end)? {
        close_when_settled(connection, incident, now)?;
    }
    Ok(EventDismissal::Done)
}

/// Dismisses a delivery if it is exhausted, and says whether it did.
fn mark(connection: &Connection, event: i64, now: Now) -> rusqlite::Result<bool> {
    let route: Option<String> = connection
        .prepare_cached(
            "SELECT l.route FROM events e
               JOIN webhook_retry_queue q ON q.id = e.id AND q.status = 'failed'
               JOIN webhook_send_logs l ON l.id = e.id
              WHERE e.seq = ?1
                AND NOT EXISTS (SELECT 1 FROM dismissed_deliveries d WHERE d.event_seq = e.seq)",
        )?
        .query_row([event], |row| row.get(0))
        .optional()?;
    let Some(route) = route else {
        return Ok(false);
    };
    connection
        .prepare_cached(
            "INSERT INTO dismissed_deliveries (event_seq, dismissed_at) VALUES (?1, ?2)",
        )?
        .execute((event, now.wall))?;
    send_counts::add_queued(connection, &route, QueueStatus::Failed, -1)?;
    send_counts::add_queued(connection, &route, QueueStatus::Dismissed, 1)?;
    Ok(true)
}
