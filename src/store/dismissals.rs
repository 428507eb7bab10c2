//! Dismissed deliveries: exhausted ones of which a person said that nothing more is to be done (contract, section 10).
//! One has a row here exactly while its status is dismissed.

use std::collections::BTreeSet;

use rusqlite::{Connection, OptionalExtension};

use super::incident_report::kind;
use super::incidents::{End, close_when_settled, leave, settle_some};
use super::relay_time::Now;
use super::writer::Lane;
use super::{Store, StoreError, audit, dismissed_deliveries, missing_deliveries};
use crate::audit::{Action, Actor, Entry, Subject};
use crate::clock::Moment;
use crate::dismissal::{EventDismissal, IncidentDismissal};
use crate::incident::Kind;

/// The number of deliveries that are dismissed in one transaction.
const AT_ONCE: u32 = 200;

impl Store {
    /// Dismisses an incident that waits for a person. Its exhausted deliveries are dismissed; those that are still to
    /// be sent go on, and no longer count for it. This is done in small transactions of the maintenance lane, and the
    /// last one ends the incident.
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
                let counted = still_counted(connection, &id)?;
                let dismissed = dismiss_incident(connection, &id, AT_ONCE, now)?;
                if !begun && matches!(dismissed, None | Some(IncidentDismissal::Done)) {
                    audit::record(connection, &entry.clone().counting(counted))?;
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

/// The deliveries that an incident still counts.
fn still_counted(connection: &Connection, id: &str) -> rusqlite::Result<u64> {
    connection
        .prepare_cached(
            "SELECT count(*) FROM incidents i CROSS JOIN incident_deliveries d ON d.incident = i.seq
              WHERE i.id = ?1 AND d.ended IS NULL",
        )?
        .query_row([id], |row| row.get(0))
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
            missing_deliveries::dismiss(connection, event, now.wall)?;
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
    let was_missing = missing_deliveries::dismiss(connection, event, now.wall)?;
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
    let is_exhausted: bool = connection
        .prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM events e
                              JOIN webhook_retry_queue q ON q.id = e.id AND q.status = 'failed'
                             WHERE e.seq = ?1)
                AND NOT EXISTS (SELECT 1 FROM dismissed_deliveries d WHERE d.event_seq = ?1)",
        )?
        .query_row([event], |row| row.get(0))?;
    if is_exhausted {
        dismissed_deliveries::insert(connection, event, now.wall)?;
    }
    Ok(is_exhausted)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::attempt::Outcome;
    use crate::event::Status;
    use crate::event_record::EventFilter;
    use crate::incident::Thresholds;
    use crate::resend::Resend;
    use crate::retry::RetryPolicy;
    use crate::route::Routing;
    use crate::send_stats::SendFilter;
    use crate::store::BulkRules;
    use crate::store::tests::{at, attempted, moment, policy, somebody, submission};

    #[tokio::test]
    async fn what_is_dismissed_is_in_no_resend_in_bulk_and_is_open_again_when_it_is_resent_by_its_id()
     {
        let directory = tempfile::tempdir().unwrap();
        let store = Store::open(directory.path(), moment()).unwrap();
        let never = RetryPolicy::new(Vec::new());
        let mut one = submission("a.b", None);
        one.event.staff_id = None;
        let submitted = vec![one.clone(), one];
        let accepted = store.accept_events(submitted, moment()).await.unwrap();
        let [dismissed, exhausted] = [0, 1].map(|n: usize| accepted[n].id.clone());
        let due = store.due_deliveries("default", HashSet::new(), 9, moment());
        for due in due.await.unwrap().due {
            let failed = attempted(Outcome::Failed, at(0), 1);
            let limits = Thresholds::default();
            let kept =
                store.record_attempt(due.into(), failed.into(), never.clone(), limits, false);
            kept.await.unwrap();
        }
        let status = async |id: &str| {
            let event = store.event(id, moment()).await.unwrap().unwrap();
            event.summary.status
        };
        let (all, routing) = (EventFilter::default(), Routing::default());
        let both = store.resend_candidates(&all, &routing, None).await.unwrap();
        let done = store
            .dismiss_event(&dismissed, somebody(), None, moment())
            .await
            .unwrap();
        assert_eq!(done, EventDismissal::Done);
        assert_eq!(status(&dismissed).await, Status::Dismissed);
        let everything = SendFilter::period(at(0), at(0));
        let queue = store.send_statistics(everything).await.unwrap().queue;
        assert_eq!((queue.failed, queue.dismissed), (1, 1));
        let totals = store.overview(moment()).await.unwrap().events;
        assert_eq!(
            (totals.exhausted, totals.dismissed, totals.delivered),
            (1, 1, 0)
        );
        // Whatever the filter, and though it was chosen before it was dismissed.
        for status in [None, Some(Status::Exhausted), Some(Status::Dismissed)] {
            let filter = EventFilter {
                status,
                ..EventFilter::default()
            };
            let page = store.resend_candidates(&filter, &routing, None).await;
            let page = page.unwrap();
            let ids: Vec<_> = page.events.into_iter().map(|event| event.id).collect();
            let expected = (status != Some(Status::Dismissed)).then(|| exhausted.clone());
            assert_eq!(ids, Vec::from_iter(expected), "{status:?}");
        }
        assert_eq!(both.events.len(), 2);
        let by = BulkRules {
            policy: policy(),
            routing: routing.clone(),
            only: false,
        };
        let action = somebody().did(Action::Resend, at(0));
        let mut bulk = store.bulk_resend(by, action, moment());
        bulk.open(both.events, moment()).await.unwrap();
        bulk.finish(moment()).await.unwrap();
        assert_eq!(status(&dismissed).await, Status::Dismissed);
        assert_eq!(status(&exhausted).await, Status::Retrying);
        let not_now = store
            .dismiss_event(&exhausted, somebody(), None, moment())
            .await
            .unwrap();
        assert_eq!(not_now, EventDismissal::NotExhausted);
        let resent = store.resend_event(&dismissed, policy(), routing, false, somebody(), moment());
        assert_eq!(resent.await.unwrap().resend, Resend::Opened);
        assert_eq!(status(&dismissed).await, Status::Retrying);
        let unknown = store
            .dismiss_event("nobody", somebody(), None, moment())
            .await
            .unwrap();
        assert_eq!(unknown, EventDismissal::Unknown);
    }
}
