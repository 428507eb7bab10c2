//! Routes that a person paused, and what is told of that.
//!
//! A hold that has ended keeps its row, without who began it and why: since then what waits on its route counts as late,
//! not since it was due.

use std::time::Duration;

use rusqlite::{Connection, OptionalExtension};

use super::relay_time::{Now, RelayTime};
use super::writer::Lane;
use super::{Store, StoreError, audit, incidents};
use crate::audit::{Action, Actor, Subject};
use crate::clock::Moment;
use crate::hold::{EVERY_ROUTE, Hold, HoldResult, NewHold};
use crate::incident::{Finding, Kind};
use crate::timestamp::Timestamp;

/// The end, on the time axis, of a hold that lasts until a person ends it.
const NO_END_MS: i64 = i64::MAX;

impl Store {
    /// Pauses a route, or all of them. When this returns, nothing more is taken of it, until its end or
    /// [`Store::end_hold`]. One that the route has already is replaced.
    ///
    /// # Errors
    /// When the database cannot be written; then nothing was changed.
    pub async fn hold(&self, hold: NewHold, moment: Moment) -> Result<HoldResult, StoreError> {
        let (time, now) = (self.time.clone(), self.time.now(moment));
        self.change_holds(move |connection| {
            let result = begin_and_record(connection, &hold, now)?;
            // The wait is worth as much as what is known of the time in which it was begun.
            time.save(connection, now)?;
            Ok(result)
        })
        .await
    }

    /// Ends the hold of a route before its time; [`EVERY_ROUTE`] means that of all of them, and not those of single
    /// routes. False: there is none.
    ///
    /// # Errors
    /// When the database cannot be written; then it lasts.
    pub async fn end_hold(
        &self,
        route: &str,
        by: Actor,
        moment: Moment,
    ) -> Result<bool, StoreError> {
        let (route, now) = (route.to_owned(), self.time.now(moment));
        let entry = by.did(Action::EndHold, now.wall);
        let entry = entry.to(Subject::Named(route.clone()));
        self.change_holds(move |connection| {
            let ended = end(connection, &route, now)?;
            if ended {
                audit::record(connection, &entry)?;
            }
            Ok(ended)
        })
        .await
    }

    /// Tells of the holds whose time is over. Nothing is written when there are none.
    ///
    /// # Errors
    /// When the database cannot be written; it is to be tried again.
    pub async fn tell_of_ended_holds(&self, moment: Moment) -> Result<(), StoreError> {
        let now = self.time.now(moment);
        if self.read(move |c| over(c, now)).await?.is_empty() {
            return Ok(());
        }
        self.change_holds(move |connection| {
            for route in over(connection, now)? {
                tell_of_end(connection, &route, Ended::ByItself, now)?;
            }
            Ok(())
        })
        .await
    }

    /// The holds that last, by route.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn holds(&self, moment: Moment) -> Result<Vec<Hold>, StoreError> {
        let now = self.time.now(moment);
        self.read(move |connection| Ok(lasting(connection, now)?))
            .await
    }

    /// Changes holds, and lets everybody know who sends. A caller who goes away changes nothing of that.
    async fn change_holds<T, F>(&self, change: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: Fn(&Connection) -> Result<T, StoreError> + Send + 'static,
    {
        let store = self.clone();
        let changed = tokio::spawn(async move {
            let changed = store.write(Lane::Calls, change).await;
            store.turns_changed.send_replace(());
            changed
        });
        changed.await.unwrap_or(Err(StoreError::Closing))
    }
}

/// When the holds of a route that last end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// On the time axis.
    At(i64),
    /// When a person ends them.
    ByAPerson,
}

/// When the holds of a route end; none: it has none that lasts.
pub(super) fn held_until(
    connection: &Connection,
    route: &str,
    now: Now,
) -> rusqlite::Result<Option<End>> {
    let lasts = last_end(connection, route)?.filter(|until_ms| *until_ms > now.axis_ms);
    Ok(lasts.map(|until_ms| match until_ms {
        NO_END_MS => End::ByAPerson,
        until_ms => End::At(until_ms),
    }))
}

/// When the last hold of a route ends or has ended, on the time axis.
pub(super) fn last_end(connection: &Connection, route: &str) -> rusqlite::Result<Option<i64>> {
    connection
        .prepare_cached("SELECT max(until_ms) FROM holds WHERE route IN (?1, '*')")?
        .query_row([route], |row| row.get(0))
}

pub(super) fn lasting(connection: &Connection, now: Now) -> rusqlite::Result<Vec<Hold>> {
    connection
        .prepare_cached(
            "SELECT route, until_ms, begun_at, reason, who FROM holds
              WHERE until_ms > ?1 ORDER BY route",
        )?
        .query_map([now.axis_ms], |row| {
            Ok(Hold {
                route: row.get(0)?,
                until: end_by_the_clock(row.get(1)?, now),
                begun_at: row.get(2)?,
                reason: row.get(3)?,
                who: row.get(4)?,
            })
        })?
        .collect()
}

/// Begins a hold in the database of a relay that does not run.
pub(super) fn begin_at_rest(
    connection: &Connection,
    hold: &NewHold,
    wall: Timestamp,
) -> Result<(), StoreError> {
    let moment = Moment {
        wall,
        monotonic: Duration::ZERO,
    };
    let now = RelayTime::resume(connection, moment)?.now(moment);
    begin_and_record(connection, hold, now).map(drop)
}

fn begin_and_record(
    connection: &Connection,
    hold: &NewHold,
    now: Now,
) -> Result<HoldResult, StoreError> {
    let entry = hold.by.clone().did(Action::Hold, now.wall);
    let entry = entry.to(Subject::Named(hold.route.clone()));
    let entry = entry.because(Some(hold.reason.clone()));
    let result = begin(connection, hold, now)?;
    audit::record(connection, &entry)?;
    Ok(result)
}

pub(super) fn begin(
    connection: &Connection,
    hold: &NewHold,
    now: Now,
) -> Result<HoldResult, StoreError> {
    // A person has said a moment by the wall clock, and is shown exactly that.
    let end = |lasts| now.axis_of(now.wall.after(lasts));
    let until_ms = hold.lasts.map_or(NO_END_MS, end);
    // One whose end was not told yet is another one.
    if over(connection, now)?.contains(&hold.route) {
        tell_of_end(connection, &hold.route, Ended::ByItself, now)?;
    }
    let lasts = of_route(connection, &hold.route)?.is_some_and(|(until, _)| until > now.axis_ms);
    connection
        .prepare_cached(
            "INSERT INTO holds (route, until_ms, begun_at, reason, who) VALUES (?1, ?2, ?3, ?4, ?5)
             ON CONFLICT (route) DO UPDATE
                SET until_ms = excluded.until_ms, reason = excluded.reason, who = excluded.who,
                    begun_at = iif(?6, begun_at, excluded.begun_at)",
        )?
        .execute((
            &hold.route,
            until_ms,
            now.wall,
            &hold.reason,
            &hold.by.who,
            lasts,
        ))?;
    let finding = Finding::Hold {
        until: end_by_the_clock(until_ms, now),
        reason: hold.reason.clone(),
        ended_early: false,
    };
    incidents::tell_of_change(
        connection,
        Kind::OnHold,
        subject(&hold.route),
        &finding,
        now,
    )?;
    Ok(if lasts {
        HoldResult::Replaced
    } else {
        HoldResult::Begun
    })
}

pub(super) fn end(connection: &Connection, route: &str, now: Now) -> Result<bool, StoreError> {
    let lasting = of_route(connection, route)?.filter(|(until_ms, _)| *until_ms > now.axis_ms);
    let Some((until_ms, _)) = lasting else {
        return Ok(false);
    };
    connection
        .prepare_cached("UPDATE holds SET until_ms = ?2 WHERE route = ?1")?
        .execute((route, now.axis_ms))?;
    let ended = match until_ms {
        NO_END_MS => Ended::AtLast,
        _ => Ended::Early,
    };
    tell_of_end(connection, route, ended, now)?;
    Ok(true)
}

/// How a hold has ended.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Ended {
    /// When it was to end.
    ByItself,
    /// A person has ended it before that.
    Early,
    /// A person has ended it, as nothing else would have.
    AtLast,
}

/// When a hold ends by the wall clock as it is set now; none: when a person ends it.
fn end_by_the_clock(until_ms: i64, now: Now) -> Option<Timestamp> {
    (until_ms != NO_END_MS).then(|| now.wall_of(until_ms))
}

/// The routes whose hold has ended and whose end was not told yet.
fn over(connection: &Connection, now: Now) -> Result<Vec<String>, StoreError> {
    Ok(connection
        .prepare_cached(
            "SELECT h.route FROM holds h
              WHERE h.until_ms <= ?1 AND EXISTS (
                    SELECT 1 FROM incidents i
                     WHERE i.kind = ?2 AND i.subject = iif(h.route = '*', '', h.route)
                       AND i.closed_at IS NULL)",
        )?
        .query_map((now.axis_ms, Kind::OnHold.as_str()), |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?)
}

fn tell_of_end(
    connection: &Connection,
    route: &str,
    ended: Ended,
    now: Now,
) -> Result<(), StoreError> {
    let Some((until_ms, reason)) = of_route(connection, route)? else {
        return Ok(());
    };
    let finding = Finding::Hold {
        until: (ended != Ended::AtLast).then(|| now.wall_of(until_ms)),
        reason,
        ended_early: ended != Ended::ByItself,
    };
    incidents::tell_of_end(connection, Kind::OnHold, subject(route), &finding, now)?;
    // The audit has who it was and why.
    connection
        .prepare_cached("UPDATE holds SET reason = '', who = '' WHERE route = ?1")?
        .execute([route])?;
    Ok(())
}

/// When the hold of exactly this route ends or has ended, on the time axis, and why it was begun.
fn of_route(connection: &Connection, route: &str) -> Result<Option<(i64, String)>, StoreError> {
    Ok(connection
        .prepare_cached("SELECT until_ms, reason FROM holds WHERE route = ?1")?
        .query_row([route], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?)
}

/// The subject of the incident that tells of it.
fn subject(route: &str) -> &str {
    if route == EVERY_ROUTE { "" } else { route }
}

#[cfg(test)]
mod tests;
