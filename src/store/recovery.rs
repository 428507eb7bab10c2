//! Doing what an outage of a receiver has left to do on its route. It stands in the database, with how far it has come,
//! so that a crash at any moment leaves nothing half done.

use rusqlite::{Connection, OptionalExtension};

use super::line::{self, Line};
use super::outages::{Left, USED_UP, begin, forget_settled};
use super::relay_time::Now;
use super::resend::{Rules, resend_with_tail};
use super::writer::Lane;
use super::{Store, StoreError, audit, holds};
use crate::audit::{Action, Actor, Subject};
use crate::cause::Cause;
use crate::clock::Moment;
use crate::order::Ahead;
use crate::overview::{LeftByOutage, RecoveryStep};
use crate::recovery::{Followed, LeftBehind, ProbeResult, Recovery};
use crate::retry::RetryPolicy;
use crate::route::Routing;
use crate::timestamp::Timestamp;

/// Of so many of the oldest it is looked when they were tried last: a probe is one of them.
const OLDEST: u32 = 50;
/// Deliveries that are looked at in one step.
const LOOKED_AT: u32 = 1000;
/// Deliveries that are opened in one transaction; more would hold up accepting.
const OPENED_AT_ONCE: u32 = 200;

impl Store {
    /// What is exhausted on `route` because its receiver was away; none: nothing is.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn left_behind(&self, route: &str) -> Result<Option<LeftBehind>, StoreError> {
        let route = route.to_owned();
        self.read(move |connection| Ok(left_behind(connection, &route)?))
            .await
    }

    /// Sends the oldest of what is exhausted on `route` because its receiver was away: one attempt. When that shows that
    /// it is back, the rest follows. `by`: who asks for it; none: the relay does so by itself.
    ///
    /// # Errors
    /// When the database cannot be written; then nothing was changed.
    pub async fn probe_route(
        &self,
        route: &str,
        by: Option<Actor>,
        policy: RetryPolicy,
        routing: Routing,
        moment: Moment,
    ) -> Result<ProbeResult, StoreError> {
        let (route, now) = (route.to_owned(), self.time.now(moment));
        let entry = by.map(|by| by.did(Action::Recover, now.wall));
        let entry = entry.map(|entry| entry.to(Subject::Named(route.clone())));
        self.write(Lane::Calls, move |connection| {
            let rules = Rules {
                policy: &policy,
                routing: &routing,
                only: false,
            };
            let left = left_behind(connection, &route)?;
            let result = probe(connection, &route, entry.is_none(), rules, now)?;
            if let (ProbeResult::Begun, Some(entry), Some(left)) = (result, &entry, left) {
                audit::record(connection, &entry.clone().counting(left.exhausted))?;
            }
            Ok(result)
        })
        .await
    }

    /// The routes on which an outage has left something to do, and which are not on hold.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn recoveries(&self, moment: Moment) -> Result<Vec<Recovery>, StoreError> {
        let now = self.time.now(moment);
        self.read(move |connection| Ok(recoveries(connection, now)?))
            .await
    }

    /// Lets what is exhausted on `route` follow, because its receiver took something.
    ///
    /// # Errors
    /// When the database cannot be written; then nothing was changed.
    pub async fn let_follow(&self, route: &str) -> Result<(), StoreError> {
        let route = route.to_owned();
        let let_follow = self.write(Lane::Maintenance, move |connection| {
            Ok::<_, StoreError>(let_follow(connection, &route)?)
        });
        let_follow.await?;
        self.turns_changed.send_replace(());
        Ok(())
    }

    /// Makes at most so many more deliveries of `route` due that follow after an outage, in the order of acceptance: what
    /// is exhausted with a fresh round, retries that wait at once.
    ///
    /// # Errors
    /// When the database cannot be written; then nothing was changed.
    pub async fn follow(
        &self,
        route: &str,
        most: u32,
        policy: RetryPolicy,
        routing: Routing,
        moment: Moment,
    ) -> Result<Followed, StoreError> {
        let (route, now) = (route.to_owned(), self.time.now(moment));
        let most = most.min(OPENED_AT_ONCE);
        self.write(Lane::Maintenance, move |connection| {
            let rules = Rules {
                policy: &policy,
                routing: &routing,
                only: false,
            };
            Ok(follow(connection, &route, most, rules, now)?)
        })
        .await
    }
}

pub(super) fn recoveries(connection: &Connection, now: Now) -> rusqlite::Result<Vec<Recovery>> {
    let mut recoveries = Vec::new();
    for left in Left::all(connection)? {
        if holds::held_until(connection, &left.route, now)?.is_some() {
            continue;
        }
        recoveries.push(Recovery {
            is_back: left.away_since_ms.is_none(),
            probing: left.is_probing(connection)?,
            follows: left.follows(),
            exhausted_for: left.exhausted_ms.map(|ms| now.since(ms)),
            probes: left.probes,
            route: left.route,
        });
    }
    Ok(recoveries)
}

pub(super) fn let_follow(connection: &Connection, route: &str) -> rusqlite::Result<()> {
    connection
        .prepare_cached("UPDATE recoveries SET asked = 1 WHERE route = ?1")?
        .execute([route])?;
    begin(connection, route)
}

pub(super) fn follow(
    connection: &Connection,
    route: &str,
    most: u32,
    rules: Rules<'_>,
    now: Now,
) -> rusqlite::Result<Followed> {
    let held = holds::held_until(connection, route, now)?.is_some();
    let left = Left::of(connection, route)?;
    let Some(left) = left.filter(|left| left.is_following() && !held) else {
        return Ok(Followed {
            opened: 0,
            done: true,
        });
    };
    let rows: Vec<(i64, bool)> = connection
        .prepare_cached(
            "SELECT event_seq, 1 FROM left_by_outages
              WHERE route = ?1 AND event_seq > ?2 AND event_seq <= ?3
             UNION ALL
             SELECT event_seq, 0 FROM outbox WHERE event_seq > ?2 AND event_seq <= ?3
             ORDER BY event_seq LIMIT ?4",
        )?
        .query_map((route, left.after_seq, left.last_seq, LOOKED_AT), |row| {
            Ok((row.get(0)?, row.get(1)?))
        })?
        .collect::<rusqlite::Result<_>>()?;
    let all = rows.len() < LOOKED_AT as usize;
    let mut opened = 0;
    let mut reached = left.after_seq;
    let mut rows = rows.into_iter().peekable();
    while opened < most
        && let Some((seq, is_left)) = rows.next()
    {
        let follows = if is_left {
            left.asked && reopen(connection, seq, rules, now)?
        } else {
            left.retries && hurry(connection, route, seq, now)?
        };
        opened += u32::from(follows);
        // One that stands in both places is looked at in both.
        if rows.peek().is_none_or(|(next, _)| *next != seq) {
            reached = Some(seq);
        }
    }
    let done = all && rows.peek().is_none();
    if done {
        end(connection, route, left.asked)?;
    } else {
        connection
            .prepare_cached("UPDATE recoveries SET after_seq = ?2 WHERE route = ?1")?
            .execute((route, reached))?;
    }
    Ok(Followed { opened, done })
}

/// Nothing more follows. `asked`: nothing is exhausted any more that could.
fn end(connection: &Connection, route: &str, asked: bool) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "UPDATE recoveries
                SET asked = 0, retries = 0, after_seq = NULL, last_seq = NULL,
                    exhausted_ms = iif(?2, NULL, exhausted_ms), probes = iif(?2, 0, probes)
              WHERE route = ?1",
        )?
        .execute((route, asked))?;
    forget_settled(connection, route)
}

/// Begins a fresh round of a delivery that was left behind.
fn reopen(connection: &Connection, seq: i64, rules: Rules<'_>, now: Now) -> rusqlite::Result<bool> {
    let id = id_of(connection, seq)?;
    resend_with_tail(connection, &id, rules, now)
}

fn id_of(connection: &Connection, seq: i64) -> rusqlite::Result<String> {
    connection
        .prepare_cached("SELECT id FROM events WHERE seq = ?1")?
        .query_row([seq], |row| row.get(0))
}

/// Makes a delivery due that waits on this route because its receiver was away; false: it is another one.
fn hurry(connection: &Connection, route: &str, seq: i64, now: Now) -> rusqlite::Result<bool> {
    let found: Option<(String, Option<String>)> = connection
        .prepare_cached(
            "SELECT e.id,
                    (SELECT a.cause FROM attempts a WHERE a.event_seq = e.seq ORDER BY a.attempt DESC LIMIT 1)
               FROM outbox o JOIN events e ON e.seq = o.event_seq
              WHERE o.event_seq = ?1 AND o.route = ?2 AND o.due_ms > ?3
                AND (o.attempts_in_round > 0
                     OR EXISTS (SELECT 1 FROM left_by_outages l WHERE l.event_seq = o.event_seq))",
        )?
        .query_row((seq, route, now.axis_ms), |row| {
            Ok((row.get(0)?, row.get(1)?))
        })
        .optional()?;
    let Some((id, Some(cause))) = found else {
        return Ok(false);
    };
    if !Cause::from_word(&cause).is_some_and(Cause::is_outage) {
        return Ok(false);
    }
    connection
        .prepare_cached("UPDATE outbox SET due_ms = ?2 WHERE event_seq = ?1")?
        .execute((seq, now.axis_ms))?;
    connection
        .prepare_cached(
            "UPDATE webhook_retry_queue SET next_retry_at = ?2, updated_at = ?2 WHERE id = ?1",
        )?
        .execute((id, now.wall))?;
    Ok(true)
}

fn left_behind(connection: &Connection, route: &str) -> rusqlite::Result<Option<LeftBehind>> {
    let (exhausted, oldest): (u64, Option<i64>) = connection
        .prepare_cached("SELECT count(*), min(event_seq) FROM left_by_outages WHERE route = ?1")?
        .query_row([route], |row| row.try_into())?;
    let left = oldest.map(|oldest| {
        let oldest = id_of(connection, oldest)?;
        Ok(LeftBehind { exhausted, oldest })
    });
    left.transpose()
}

/// What an outage has left on a route, and how far sending it again is.
pub(super) fn overview(connection: &Connection, route: &str) -> rusqlite::Result<LeftByOutage> {
    let left = Left::of(connection, route)?;
    let recovery = match &left {
        Some(left) if left.is_probing(connection)? => RecoveryStep::Probing,
        Some(left) if left.asked && left.is_following() => RecoveryStep::Following,
        _ => RecoveryStep::None,
    };
    let exhausted = left_behind(connection, route)?.map_or(0, |left| left.exhausted);
    Ok(LeftByOutage {
        exhausted,
        tried_at: tried(connection, route)?,
        is_away: left.is_some_and(|left| left.away_since_ms.is_some()),
        recovery,
    })
}

/// When the oldest of what is exhausted on a route because its receiver was away were tried last.
fn tried(connection: &Connection, route: &str) -> rusqlite::Result<Option<Timestamp>> {
    connection
        .prepare_cached(
            "SELECT max(coalesce(l.last_retry_at, l.sent_at))
               FROM (SELECT event_seq FROM left_by_outages
                      WHERE route = ?1 ORDER BY event_seq LIMIT ?2) o
               CROSS JOIN events e ON e.seq = o.event_seq
               CROSS JOIN webhook_send_logs l ON l.id = e.id",
        )?
        .query_row((route, OLDEST), |row| row.get(0))
}

/// The oldest of what is exhausted on a route because its receiver was away that would be sent at once, and not behind
/// another one of its person; if there is none, the oldest.
fn next_probe(connection: &Connection, route: &str) -> rusqlite::Result<Option<i64>> {
    let mut statement = connection.prepare_cached(
        "SELECT l.event_seq, e.staff_id FROM left_by_outages l CROSS JOIN events e ON e.seq = l.event_seq
          WHERE l.route = ?1 ORDER BY l.event_seq",
    )?;
    let mut rows = statement.query([route])?;
    let is_kept = line::is_kept(connection, route)?;
    let mut oldest = None;
    while let Some(row) = rows.next()? {
        let (seq, staff_id): (i64, Option<String>) = row.try_into()?;
        let line = staff_id.as_deref().filter(|_| is_kept);
        let line = line.map(|staff_id| Line { staff_id, route });
        let ahead = line
            .map(|line| line.ahead_of(connection, seq))
            .transpose()?;
        if ahead.is_none_or(Ahead::is_nobody) {
            return Ok(Some(seq));
        }
        oldest.get_or_insert(seq);
    }
    Ok(oldest)
}

pub(super) fn probe(
    connection: &Connection,
    route: &str,
    by_itself: bool,
    rules: Rules<'_>,
    now: Now,
) -> rusqlite::Result<ProbeResult> {
    if holds::held_until(connection, route, now)?.is_some() {
        return Ok(ProbeResult::OnHold);
    }
    if let Some(left) = Left::of(connection, route)?
        && ((left.asked && left.is_following()) || left.is_probing(connection)?)
    {
        return Ok(ProbeResult::UnderWay);
    }
    let Some(seq) = next_probe(connection, route)? else {
        end(connection, route, true)?;
        return Ok(ProbeResult::Nothing);
    };
    let id = id_of(connection, seq)?;
    resend_with_tail(connection, &id, rules, now)?;
    connection
        .prepare_cached("UPDATE outbox SET attempts_in_round = ?2 WHERE event_seq = ?1")?
        .execute((seq, USED_UP))?;
    connection
        .prepare_cached(
            "UPDATE webhook_retry_queue SET max_retries = retry_attempt + 1 WHERE id = ?1",
        )?
        .execute([id])?;
    // Retries that follow already wait for its result: then everything follows in one pass.
    connection
        .prepare_cached(
            "INSERT INTO recoveries (route, probe_seq, asked, probes) VALUES (?1, ?2, 1, ?3)
             ON CONFLICT (route) DO UPDATE
                SET probe_seq = excluded.probe_seq, asked = 1, probes = probes + excluded.probes,
                    after_seq = NULL",
        )?
        .execute((route, seq, by_itself))?;
    Ok(ProbeResult::Begun)
}

#[cfg(test)]
mod tests;
