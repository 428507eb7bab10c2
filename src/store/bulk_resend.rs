//! Sending many events again, a few hundred in each transaction.
//!
//! Each event of a person goes once, in the order of acceptance, tails included. So the first one that is opened
//! of a person is held until all are open; else a tail would go out before what is opened later. A hold is a
//! moment in the future: if nobody lets them go in the end, it passes by itself.

mod held_lines;

use rusqlite::{Connection, params_from_iter};

use super::connection::one_more;
use super::event_query::{EVENTS_AT_A_TIME, Source, matching};
use super::line::{self, QueueState};
use super::relay_time::Now;
use super::resend::{Rules, find, queue_state, reopen};
use super::step_size::StepSize;
use super::writer::Lane;
use super::{Store, StoreError, audit, dismissed_deliveries, erase, tail};
use crate::audit::{Entry, Running};
use crate::clock::Moment;
use crate::event::Status;
use crate::event_record::EventFilter;
use crate::order::Place;
use crate::resend::{Candidate, ResendPage};
use crate::retry::RetryPolicy;
use crate::route::Routing;
#[cfg(test)]
pub(super) use held_lines::let_all_go;
use held_lines::{HELD, Key, holder, release};
pub(super) use held_lines::{Holds, release_interrupted};

/// Events of one page, which is opened again in one transaction; more would hold up accepting while somebody hands in.
const EVENTS_AT_ONCE: usize = 200;

/// What a bulk resend goes by.
#[derive(Clone, Debug)]
pub struct BulkRules {
    /// How often a delivery is retried.
    pub policy: RetryPolicy,
    /// The routes of today.
    pub routing: Routing,
    /// Tails are left out, however long they are.
    pub only: bool,
}

impl BulkRules {
    pub(super) fn by(&self) -> Rules<'_> {
        Rules {
            policy: &self.policy,
            routing: &self.routing,
            only: self.only,
        }
    }
}

/// A bulk resend that is under way. Whoever drops it in the middle lets what it holds go.
pub struct BulkResend {
    store: Store,
    rules: BulkRules,
    holds: Holds,
    running: Running,
    begun: Moment,
    size: StepSize,
}

impl Store {
    /// The next events that `filter` matches and that were not dismissed, in the order of acceptance, with what would follow them; `after` is
    /// the page before this one's `next`. Nothing is changed.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn resend_candidates(
        &self,
        filter: &EventFilter,
        routing: &Routing,
        after: Option<Candidate>,
    ) -> Result<ResendPage, StoreError> {
        let (filter, routing) = (filter.clone(), routing.clone());
        self.read(move |connection| {
            let mut page = candidates(connection, &filter, after.as_ref(), EVENTS_AT_ONCE)?;
            for event in &page.events {
                let follows = tail_between(connection, &filter, &routing, event)?;
                page.follows += follows;
                page.longest_tail = page.longest_tail.max(follows);
            }
            Ok(page)
        })
        .await
    }

    /// Begins to send many events again; `entry` is what the audit will say of it.
    #[must_use]
    pub fn bulk_resend(&self, rules: BulkRules, entry: Entry, moment: Moment) -> BulkResend {
        BulkResend {
            store: self.clone(),
            rules,
            holds: Holds::default(),
            running: entry.into(),
            begun: moment,
            size: StepSize::of(EVENTS_AT_ONCE),
        }
    }

    /// Lets the events that are held go, in steps like those that opened them.
    async fn let_go(&self, holds: Holds, moment: Moment) -> Result<(), StoreError> {
        let now = self.time.now(moment);
        let mut held: Vec<(Key, (i64, i64))> = holds.0.into_iter().collect();
        while !held.is_empty() {
            let step = held.split_off(held.len().saturating_sub(EVENTS_AT_ONCE));
            let released = self.write(Lane::Maintenance, move |connection| {
                for (key, hold) in &step {
                    release(connection, key, *hold, now)?;
                }
                Ok::<_, StoreError>(())
            });
            released.await?;
        }
        Ok(())
    }
}

impl BulkResend {
    /// The next events that `filter` matches, as [`Store::resend_candidates`] finds them, and without what would follow
    /// them: so many as can be opened at once now.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn next(
        &mut self,
        filter: &EventFilter,
        after: Option<Candidate>,
    ) -> Result<ResendPage, StoreError> {
        let (filter, size) = (filter.clone(), self.size.next(self.store.changes()));
        let page =
            move |connection: &Connection| candidates(connection, &filter, after.as_ref(), size);
        self.store.read(page).await
    }

    /// Opens the deliveries of the events of one page again, as [`Store::resend_event`] does, however long the tails
    /// are, but none that was dismissed. It waits behind what somebody hands in and behind results. What is opened of
    /// persons of whom more may come is held until [`BulkResend::finish`].
    ///
    /// # Errors
    /// When the database cannot be written; then none of them is opened.
    pub async fn open(&mut self, events: Vec<Candidate>, moment: Moment) -> Result<(), StoreError> {
        if events.is_empty() {
            return Ok(());
        }
        let now = self.store.time.now(moment);
        let (by, running) = (self.rules.clone(), self.running.clone());
        let held = self.holds.of_persons_of(&events);
        let before = held.clone();
        let opened = self.store.write(Lane::Maintenance, move |connection| {
            let mut holds = before.clone();
            open_page(connection, &events, by.by(), &mut holds, now)?;
            let running = audit::go_on(connection, &running, events.len() as u64)?;
            Ok::<_, StoreError>((holds, running))
        });
        let (now, running) = opened.await?;
        self.holds.replace(&held, now);
        self.running = running;
        Ok(())
    }

    /// Lets what is held go.
    ///
    /// # Errors
    /// When the database cannot be written; then the rest goes when its time has come.
    pub async fn finish(mut self, moment: Moment) -> Result<(), StoreError> {
        let holds = std::mem::take(&mut self.holds);
        let store = self.store.clone();
        store.let_go(holds, moment).await
    }
}

impl Drop for BulkResend {
    fn drop(&mut self) {
        if self.holds.0.is_empty() {
            return;
        }
        let (store, holds, begun) = (
            self.store.clone(),
            std::mem::take(&mut self.holds),
            self.begun,
        );
        tokio::spawn(async move {
            if let Err(error) = store.let_go(holds, begun).await {
                tracing::warn!(%error, "events of a bulk resend that was broken off wait some minutes longer");
            }
        });
    }
}

/// What is exhausted is found and ordered by its id in the queue's index, everything else by its place in the
/// order of acceptance: no page sorts what others have.
pub(super) fn candidates(
    connection: &Connection,
    filter: &EventFilter,
    after: Option<&Candidate>,
    limit: usize,
) -> Result<ResendPage, StoreError> {
    let mut query = matching(
        connection,
        filter,
        "e.seq, e.id, e.event_type, e.accepted_at, e.staff_id, e.route",
    )?;
    if filter.status != Some(Status::Exhausted) {
        query.exclude_dismissed();
    }
    query.exclude_erased();
    let order = query.source.order();
    if let Some(after) = after {
        let condition = format!("{order} > ?");
        if query.source == Source::Failed {
            query.narrow(&condition, after.id.clone());
        } else {
            query.narrow(&condition, after.seq);
        }
    }
    query.values.push(one_more(limit).into());
    let sql = format!("{} ORDER BY {order} LIMIT ?", query.sql);
    let mut events: Vec<Candidate> = connection
        .prepare_cached(&sql)?
        .query_map(params_from_iter(query.values), |row| {
            Ok(Candidate {
                seq: row.get(0)?,
                id: row.get(1)?,
                event_type: row.get(2)?,
                accepted_at: row.get(3)?,
                staff_id: row.get(4)?,
                route: row.get(5)?,
            })
        })?
        .collect::<rusqlite::Result<_>>()?;
    let more = events.len() > limit;
    events.truncate(limit);
    let next = events.last().filter(|_| more).cloned();
    Ok(ResendPage {
        events,
        next,
        follows: 0,
        longest_tail: 0,
    })
}

/// How many deliveries would follow an event, up to the next one of its person that `filter` selects as well.
pub(super) fn tail_between(
    connection: &Connection,
    filter: &EventFilter,
    routing: &Routing,
    event: &Candidate,
) -> rusqlite::Result<u64> {
    tail::length_within(connection, routing, event, |later| {
        later.status != Status::Dismissed
            && filter.matches(
                later.status,
                &later.event_type,
                &later.accepted_for,
                later.accepted_at,
            )
    })
}

/// Opens the events of a page, and holds the persons of whom later ones may come in the next page.
pub(super) fn open_page(
    connection: &Connection,
    events: &[Candidate],
    rules: Rules<'_>,
    holds: &mut Holds,
    now: Now,
) -> rusqlite::Result<()> {
    let Some(last) = events.last() else {
        return Ok(());
    };
    let mut ready = Vec::new();
    for event in events {
        // One that was dismissed or erased meanwhile stays so.
        if dismissed_deliveries::has(connection, event.seq)?
            || erase::is_erased(connection, event.seq)?
        {
            continue;
        }
        let Some(found) = find(connection, &event.id)? else {
            continue;
        };
        let before = line::queue_state(connection, found.seq)?;
        let mut wanted = queue_state(connection, &found, before.as_ref(), rules, now)?;
        if let Some(staff_id) = &wanted.staff_id {
            let key = (staff_id.clone(), wanted.route.clone());
            let more = is_followed(connection, staff_id, last)?;
            let held = holds.0.get(&key).copied();
            let is_first = held.is_none_or(|(first, _)| found.seq < first);
            if (more || held.is_some()) && is_first && enters(before.as_ref()) {
                let until_ms = now.axis_after(HELD);
                (wanted.place, wanted.due_ms) = (Place::InLine, Some(until_ms));
                // The previous holder now queues behind it.
                if let Some(hold) = held
                    && holder(connection, &key, hold)?.is_some()
                {
                    line::place(connection, hold.0, Place::InLine, None)?;
                }
                holds.0.insert(key.clone(), (found.seq, until_ms));
            }
            if !more {
                ready.push(key);
            }
        }
        reopen(
            connection,
            &event.id,
            found,
            before,
            &wanted,
            rules.policy,
            now,
        )?;
    }
    for key in ready {
        if let Some(hold) = holds.0.remove(&key) {
            release(connection, &key, hold, now)?;
        }
    }
    Ok(())
}

/// Whether a delivery comes into the line anew. One that is under way, or behind another, stays where it is.
fn enters(before: Option<&QueueState>) -> bool {
    before.is_none_or(|before| before.place != Place::Front && before.due_ms.is_some())
}

/// Whether events of a person may come in a later page than the one that ends with `last`: pages are in the order of
/// acceptance, or in that of ids, which is another one within a millisecond.
fn is_followed(
    connection: &Connection,
    staff_id: &str,
    last: &Candidate,
) -> rusqlite::Result<bool> {
    let near = last.seq - i64::from(EVENTS_AT_A_TIME);
    connection
        .prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM events
                             WHERE staff_id = ?1 AND seq > ?2 AND (seq > ?3 OR id > ?4))",
        )?
        .query_row((staff_id, near, last.seq, &last.id), |row| row.get(0))
}

#[cfg(test)]
mod tests;
