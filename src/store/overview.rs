//! Everything that is known at one moment, in one read transaction.

use std::time::Duration;

use rusqlite::Connection;

use super::connection::word;
use super::relay_time::Now;
use super::{
    Store, StoreError, holds, incident_report, incidents, notifications, send_stats, tokens,
};
use crate::attempt::Outcome;
use crate::clock::Moment;
use crate::hold::EVERY_ROUTE;
use crate::overview::{EventTotals, Overview, Vitals, Waiting};
use crate::send_stats::SendFilter;
use crate::slot::Unit;
use crate::timestamp::Timestamp;

/// The most open incidents that an overview has.
const INCIDENTS: u32 = 20;
const HOUR: Duration = Duration::from_hours(1);
const WEEK: Duration = Duration::from_hours(24 * 7);

impl Store {
    /// How it is going.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn overview(&self, moment: Moment) -> Result<Overview, StoreError> {
        let now = self.time.now(moment);
        self.read(move |connection| overview(connection, now)).await
    }

    /// What an evaluation of alerts has to know.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn vitals(&self, moment: Moment) -> Result<Vitals, StoreError> {
        let now = self.time.now(moment);
        self.read(move |connection| vitals(connection, now)).await
    }

    /// How many deliveries wait, and when the last attempt was made.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn activity(&self) -> Result<(u64, Option<Timestamp>), StoreError> {
        self.read(|connection| {
            let waiting = open(connection)?;
            Ok((waiting, last_attempt(connection)?.map(|(at, _)| at)))
        })
        .await
    }
}

pub(super) fn overview(connection: &Connection, now: Now) -> Result<Overview, StoreError> {
    let waiting = waiting(connection, now)?;
    let everything = SendFilter::period(now.wall, now.wall);
    let queue = send_stats::queue(connection, &everything)?;
    let sent = growth(connection, now.wall)?;
    // What has a row in the retry queue that is not over was sent at least once, and is to be sent again.
    let retrying = queue.pending + queue.processing;
    let all_waiting: u64 = waiting.iter().map(|waiting| waiting.events).sum();
    let events = EventTotals {
        accepted: all_waiting.saturating_sub(retrying),
        retrying,
        exhausted: queue.failed,
        delivered: sent.1.saturating_sub(retrying + queue.failed),
    };
    let (incidents, _) = incident_report::list(connection, Some(true), None, INCIDENTS, now)?;
    Ok(Overview {
        events,
        queue,
        waiting,
        last_attempt: last_attempt(connection)?,
        database_bytes: database_bytes(connection)?,
        sent,
        repeats: connection
            .prepare_cached("SELECT coalesce(sum(repeats), 0) FROM event_repeats")?
            .query_row([], |row| row.get(0))?,
        incidents,
        failing_channels: notifications::failing_channels(connection)?,
        holds: holds::lasting(connection, now)?,
    })
}

/// What is on hold is neither late nor a failure: of that nobody is told.
fn vitals(connection: &Connection, now: Now) -> Result<Vitals, StoreError> {
    let mut queues = queues(connection, now)?;
    queues.retain(|queue| queue.held_until.is_none());
    let late = queues.iter().filter_map(|queue| queue.late_since_ms);
    Ok(Vitals {
        sends: sends_not_on_hold(connection, now)?,
        waiting: queues.iter().map(|queue| queue.events).sum(),
        overdue: late.min().map_or(Duration::ZERO, |ms| now.since(ms)),
        database_bytes: database_bytes(connection)?,
        tokens: tokens::live(connection, now.wall)?,
        incident_open: incidents::any_open(connection)?,
    })
}

/// Deliveries of the last hour on routes that are not on hold, and how many of them have succeeded.
fn sends_not_on_hold(connection: &Connection, now: Now) -> Result<(u64, u64), StoreError> {
    let holds = holds::lasting(connection, now)?;
    let hour = SendFilter::period(now.wall.before(HOUR), now.wall);
    let all = send_stats::sends(connection, &hour)?.total;
    if holds.is_empty() {
        return Ok((all.sent, all.succeeded));
    }
    if holds.iter().any(|hold| hold.route == EVERY_ROUTE) {
        return Ok((0, 0));
    }
    let on_hold = SendFilter {
        routes: Some(holds.into_iter().map(|hold| hold.route).collect()),
        ..hour
    };
    let on_hold = send_stats::sends(connection, &on_hold)?.total;
    let without = |all: u64, on_hold| all.saturating_sub(on_hold);
    Ok((
        without(all.sent, on_hold.sent),
        without(all.succeeded, on_hold.succeeded),
    ))
}

/// What waits on a route; moments are on the time axis.
struct RouteQueue {
    route: String,
    events: u64,
    /// When the first of it is due.
    due_ms: Option<i64>,
    /// Until when nothing of it is sent.
    held_until: Option<i64>,
    /// Since when the first of it counts as late: since it was due, and since the route is not on hold any more.
    late_since_ms: Option<i64>,
}

fn queues(connection: &Connection, now: Now) -> rusqlite::Result<Vec<RouteQueue>> {
    let mut queues = connection.prepare_cached(
        "SELECT route, count(*), min(due_ms) FROM outbox GROUP BY route ORDER BY route",
    )?;
    let queues = queues.query_map([], |row| {
        let (route, due_ms): (String, Option<i64>) = (row.get(0)?, row.get(2)?);
        let last_end = holds::last_end(connection, &route)?;
        Ok(RouteQueue {
            route,
            events: row.get(1)?,
            due_ms,
            held_until: last_end.filter(|until_ms| *until_ms > now.axis_ms),
            late_since_ms: due_ms.map(|due_ms| last_end.map_or(due_ms, |end| end.max(due_ms))),
        })
    })?;
    queues.collect()
}

/// What waits on each route. What is on hold is sent at its end at the earliest.
fn waiting(connection: &Connection, now: Now) -> rusqlite::Result<Vec<Waiting>> {
    let queues = queues(connection, now)?.into_iter();
    let waiting = queues.map(|queue| Waiting {
        route: queue.route,
        events: queue.events,
        due_at: (queue.due_ms).map(|due_ms| {
            let from_ms = queue.held_until.map_or(due_ms, |until| until.max(due_ms));
            now.wall_of(from_ms)
        }),
    });
    Ok(waiting.collect())
}

/// How many deliveries are open.
fn open(connection: &Connection) -> rusqlite::Result<u64> {
    connection
        .prepare_cached("SELECT count(*) FROM outbox")?
        .query_row([], |row| row.get(0))
}

/// When the last attempt began, and how it ended.
fn last_attempt(connection: &Connection) -> rusqlite::Result<Option<(Timestamp, Outcome)>> {
    connection
        .prepare_cached("SELECT started_at, outcome FROM attempts ORDER BY seq DESC LIMIT 1")?
        .query_map([], |row| {
            Ok((row.get(0)?, word(1, row.get(1)?, Outcome::from_word)?))
        })?
        .next()
        .transpose()
}

/// Deliveries whose first send lies in the last seven days, to the day, and all of them: what the growth of
/// the file is known from.
fn growth(connection: &Connection, now: Timestamp) -> rusqlite::Result<(u64, u64)> {
    connection
        .prepare_cached(
            "SELECT coalesce(sum(iif(slot >= ?1, sent, 0)), 0), coalesce(sum(sent), 0)
               FROM send_counts WHERE slot >= 'day' AND slot < 'hour'",
        )?
        .query_row([Unit::Day.name_of(now.before(WEEK))], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })
}

fn database_bytes(connection: &Connection) -> rusqlite::Result<u64> {
    connection
        .prepare_cached(
            "SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()",
        )?
        .query_row([], |row| row.get(0))
}
