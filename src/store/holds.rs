//! Routes that a person paused, and what is told of that.
//!
//! A hold that has ended keeps its row, without who began it and why: since then what waits on its route counts as late,
//! not since it was due.

use rusqlite::{Connection, OptionalExtension};

use super::relay_time::Now;
use super::writer::Lane;
use super::{Store, StoreError, audit, incidents};
use crate::audit::{Action, Actor, Subject};
use crate::clock::Moment;
use crate::hold::{EVERY_ROUTE, Hold, HoldResult, NewHold};
use crate::incident::{Finding, Kind};

impl Store {
    /// Pauses a route, or all of them. When this returns, nothing more is taken of it, until its end or
    /// [`Store::end_hold`]. One that the route has already is replaced.
    ///
    /// # Errors
    /// When the database cannot be written; then nothing was changed.
    pub async fn hold(&self, hold: NewHold, moment: Moment) -> Result<HoldResult, StoreError> {
        let (time, now) = (self.time.clone(), self.time.now(moment));
        let entry = hold.by.clone().did(Action::Hold, now.wall);
        let entry = entry.to(Subject::Named(hold.route.clone()));
        let entry = entry.because(Some(hold.reason.clone()));
        self.change_holds(move |connection| {
            let result = begin(connection, &hold, now)?;
            audit::record(connection, &entry)?;
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
                tell_of_end(connection, &route, false, now)?;
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

/// When the holds of a route end, on the time axis; none: it has none that lasts.
pub(super) fn held_until(
    connection: &Connection,
    route: &str,
    now: Now,
) -> rusqlite::Result<Option<i64>> {
    Ok(last_end(connection, route)?.filter(|until_ms| *until_ms > now.axis_ms))
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
                until: now.wall_of(row.get(1)?),
                begun_at: row.get(2)?,
                reason: row.get(3)?,
                who: row.get(4)?,
            })
        })?
        .collect()
}

pub(super) fn begin(
    connection: &Connection,
    hold: &NewHold,
    now: Now,
) -> Result<HoldResult, StoreError> {
    // A person has said a moment by the wall clock, and is shown exactly that.
    let until_ms = now.axis_of(now.wall.after(hold.lasts));
    // One whose end was not told yet is another one.
    if over(connection, now)?.contains(&hold.route) {
        tell_of_end(connection, &hold.route, false, now)?;
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
        until: now.wall_of(until_ms),
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
    let ended = connection
        .prepare_cached("UPDATE holds SET until_ms = ?2 WHERE route = ?1 AND until_ms > ?2")?
        .execute((route, now.axis_ms))?;
    if ended > 0 {
        tell_of_end(connection, route, true, now)?;
    }
    Ok(ended > 0)
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
    ended_early: bool,
    now: Now,
) -> Result<(), StoreError> {
    let Some((until_ms, reason)) = of_route(connection, route)? else {
        return Ok(());
    };
    let finding = Finding::Hold {
        until: now.wall_of(until_ms),
        reason,
        ended_early,
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
mod tests {
    use std::collections::HashSet;
    use std::time::Duration;

    use super::*;
    use crate::store::events::accept;
    use crate::store::outbox::due;
    use crate::store::tests::{at, count, database, moment, somebody, submission, when};

    fn hold(route: &str, minutes: u64) -> NewHold {
        NewHold {
            route: route.to_owned(),
            lasts: Duration::from_mins(minutes),
            reason: "because".to_owned(),
            by: somebody(),
        }
    }

    #[test]
    fn what_is_held_is_not_due_and_its_moment_stays() {
        let (_directory, connection) = database();
        accept(&connection, &[submission("a.b", None)], when(0)).unwrap();
        let found = |ms| due(&connection, "default", when(ms), &HashSet::new(), 9).unwrap();
        let minute = 60_000;
        for route in ["default", EVERY_ROUTE] {
            begin(&connection, &hold(route, 5), when(0)).unwrap();
            let held = found(minute);
            assert!(held.held && held.due.is_empty() && !held.more);
            assert_eq!(held.next_in, Some(Duration::from_mins(4)));
            let free = found(5 * minute);
            assert!(!free.held);
            assert_eq!(free.due.len(), 1);
            assert!(end(&connection, route, when(2 * minute)).unwrap());
            assert!(!end(&connection, route, when(2 * minute)).unwrap());
            assert_eq!(found(2 * minute).due[0].due_ms, when(0).axis_ms);
        }
        begin(&connection, &hold("other", 5), when(0)).unwrap();
        assert!(!found(2 * minute).held);
    }

    #[tokio::test]
    async fn the_moment_that_was_asked_for_is_shown_though_the_clocks_have_drifted() {
        let directory = tempfile::tempdir().unwrap();
        let store = Store::open(directory.path(), moment()).unwrap();
        let drifted = Moment {
            wall: at(60_007),
            monotonic: Duration::from_mins(1),
        };
        store.hold(hold("default", 5), drifted).await.unwrap();
        let holds = store.holds(drifted).await.unwrap();
        assert_eq!(holds[0].until, at(60_007 + 5 * 60_000));
    }

    #[test]
    fn of_two_holds_of_a_route_the_longer_one_counts() {
        let (_directory, connection) = database();
        begin(&connection, &hold("default", 5), when(0)).unwrap();
        begin(&connection, &hold(EVERY_ROUTE, 9), when(0)).unwrap();
        let until = held_until(&connection, "default", when(0)).unwrap();
        assert_eq!(until, Some(when(9 * 60_000).axis_ms));
    }

    #[test]
    fn begin_change_and_end_are_one_message_each() {
        let (_directory, connection) = database();
        let told = |state: &str| {
            let sql = format!("SELECT count(*) FROM alert_messages WHERE state = '{state}'");
            count(&connection, &sql)
        };
        let begun = |minutes, at| begin(&connection, &hold("default", minutes), when(at)).unwrap();
        assert_eq!(begun(5, 0), HoldResult::Begun);
        assert_eq!(begun(6, 1), HoldResult::Replaced);
        assert_eq!(
            over(&connection, when(6 * 60_000)).unwrap(),
            [] as [&str; 0]
        );
        let ended = 6 * 60_000 + 1;
        // It has ended by itself and that was not told yet: the next one is another one.
        assert_eq!(over(&connection, when(ended)).unwrap(), ["default"]);
        assert_eq!(begun(5, ended), HoldResult::Begun);
        assert!(end(&connection, "default", when(ended + 1)).unwrap());
        assert_eq!(over(&connection, when(ended * 9)).unwrap(), [] as [&str; 0]);
        assert_eq!(
            (told("opened"), told("ongoing"), told("resolved")),
            (2, 1, 2)
        );
    }
}
