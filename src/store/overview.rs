//! The state of the relay at one moment, from one read transaction.

use std::collections::BTreeMap;
use std::time::Duration;

use rusqlite::Connection;

use super::connection::word;
use super::event_query::last_before;
use super::holds::{self, End};
use super::ids::first_id_at;
use super::relay_time::Now;
use super::{
    Store, StoreError, confirmed_ranges, incident_report, incidents, notifications, reconciliation,
    send_stats, tokens,
};
use crate::attempt::Outcome;
use crate::clock::Moment;
use crate::overview::{EventTotals, Overview, RouteVitals, Vitals, Waiting};
use crate::send_stats::{QueueCounts, SendFilter};
use crate::slot::Unit;
use crate::timestamp::Timestamp;

/// The most open incidents that an overview has.
const INCIDENTS: u32 = 20;
const HOUR: Duration = Duration::from_hours(1);
const WEEK: Duration = Duration::from_hours(24 * 7);

impl Store {
    /// The state of the relay at this moment.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn overview(&self, moment: Moment) -> Result<Overview, StoreError> {
        let now = self.time.now(moment);
        self.read(move |connection| overview(connection, now)).await
    }

    /// What the evaluation of alerts needs; of `routes` until when they are confirmed.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn vitals(&self, routes: Vec<String>, moment: Moment) -> Result<Vitals, StoreError> {
        let now = self.time.now(moment);
        self.read(move |connection| vitals(connection, &routes, now))
            .await
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
    let queues = send_stats::queues(connection)?;
    let mut queue = QueueCounts::default();
    for of_route in queues.values() {
        queue.add(of_route);
    }
    let sent = growth(connection, now.wall)?;
    // What has a row in the retry queue that is not over was sent at least once, and is to be sent again.
    let retrying = queue.pending + queue.processing;
    let all_waiting: u64 = waiting.iter().map(|waiting| waiting.events).sum();
    let events = EventTotals {
        accepted: all_waiting.saturating_sub(retrying),
        retrying,
        exhausted: queue.failed,
        dismissed: queue.dismissed + given_up_unsent(connection)?,
        delivered: sent.1.saturating_sub(retrying + queue.failed),
    };
    let (incidents, _) = incident_report::list(connection, Some(true), None, INCIDENTS, now)?;
    Ok(Overview {
        events,
        queue,
        queues,
        waiting,
        last_attempt: last_attempt(connection)?,
        database_bytes: database_bytes(connection)?,
        sent,
        repeats: connection
            .prepare_cached("SELECT coalesce(sum(repeats), 0) FROM event_repeats")?
            .query_row([], |row| row.get(0))?,
        incidents,
        open_incidents: incidents::open_by_kind(connection)?,
        failing_channels: notifications::failing_channels(connection)?,
        holds: holds::lasting(connection, now)?,
        comparisons: reconciliation::last_comparisons(connection)?,
    })
}

/// Deliveries that were given up with their person before the first attempt: they have no row in the retry queue.
fn given_up_unsent(connection: &Connection) -> rusqlite::Result<u64> {
    connection
        .prepare_cached(
            "SELECT count(*) FROM erased_events x
              CROSS JOIN dismissed_deliveries d ON d.event_seq = x.event_seq
              CROSS JOIN events e ON e.seq = x.event_seq
              WHERE NOT EXISTS (SELECT 1 FROM webhook_send_logs l WHERE l.id = e.id)",
        )?
        .query_row([], |row| row.get(0))
}

fn vitals(connection: &Connection, of: &[String], now: Now) -> Result<Vitals, StoreError> {
    Ok(Vitals {
        routes: routes(connection, now)?,
        database_bytes: database_bytes(connection)?,
        tokens: tokens::live(connection, now.wall)?,
        confirmed_until: confirmed_ranges::confirmed_until(connection, of)?,
        incident_open: incidents::any_open(connection)?,
    })
}

/// How sending goes on each route.
fn routes(connection: &Connection, now: Now) -> Result<Vec<RouteVitals>, StoreError> {
    let an_hour_ago = now.wall.before(HOUR);
    let mut routes: BTreeMap<String, RouteVitals> = BTreeMap::new();
    for (route, sends) in sends_since(connection, an_hour_ago, now)? {
        routes.entry(route).or_default().sends = sends;
    }
    for Queue {
        route,
        events,
        due_ms,
    } in queues(connection)?
    {
        let late_since_ms = late_since(connection, &route, due_ms)?;
        let found = routes.entry(route).or_default();
        (found.waiting, found.overdue) = (events, overdue(late_since_ms, now));
    }
    for (route, back_at) in incidents::away::returns_since(connection, an_hour_ago)? {
        let sends = sends_since(connection, back_at, now)?.remove(&route);
        let (waiting, due_ms) = queue_since(connection, &route, back_at)?;
        let due_ms = late_since(connection, &route, due_ms)?;
        let found = routes.entry(route).or_default();
        found.sends = sends.unwrap_or_default();
        (found.waiting, found.overdue) = (waiting, overdue(due_ms, now));
    }
    for (route, absence) in incidents::away::absences(connection, now)? {
        routes.entry(route).or_default().absence = Some(absence);
    }
    // What is on hold is neither late nor a failure: of that nobody is told.
    let holds = holds::lasting(connection, now)?;
    routes.retain(|route, _| !holds.iter().any(|hold| hold.holds(route)));
    let named = |(route, vitals)| RouteVitals { route, ..vitals };
    Ok(routes.into_iter().map(named).collect())
}

/// Deliveries of each route whose first send lies between this moment and now, and how many of them have succeeded.
fn sends_since(
    connection: &Connection,
    since: Timestamp,
    now: Now,
) -> rusqlite::Result<BTreeMap<String, (u64, u64)>> {
    let period = SendFilter::period(since, now.wall);
    let sends = send_stats::sends_by_route(connection, &period)?.into_iter();
    let sends = sends.map(|(route, counts)| (route, (counts.sent, counts.succeeded)));
    Ok(sends.collect())
}

/// Since when what is due counts as late: not while its route was on hold.
fn late_since(
    connection: &Connection,
    route: &str,
    due_ms: Option<i64>,
) -> rusqlite::Result<Option<i64>> {
    let last_end = holds::last_end(connection, route)?;
    Ok(due_ms.map(|due_ms| last_end.map_or(due_ms, |end_ms| end_ms.max(due_ms))))
}

fn overdue(due_ms: Option<i64>, now: Now) -> Duration {
    due_ms.map_or(Duration::ZERO, |due_ms| now.since(due_ms))
}

/// What is to be sent on one route.
struct Queue {
    route: String,
    events: u64,
    /// When the first of it is due, on the time axis.
    due_ms: Option<i64>,
}

fn queues(connection: &Connection) -> rusqlite::Result<Vec<Queue>> {
    connection
        .prepare_cached(
            "SELECT route, count(*), min(due_ms) FROM outbox GROUP BY route ORDER BY route",
        )?
        .query_map([], |row| {
            Ok(Queue {
                route: row.get(0)?,
                events: row.get(1)?,
                due_ms: row.get(2)?,
            })
        })?
        .collect()
}

/// How much of what was accepted since a moment is to be sent on a route, and when the first of it is due.
fn queue_since(
    connection: &Connection,
    route: &str,
    since: Timestamp,
) -> rusqlite::Result<(u64, Option<i64>)> {
    let before = last_before(connection, &first_id_at(since))?;
    connection
        .prepare_cached(
            "SELECT count(*), min(due_ms) FROM outbox WHERE route = ?1 AND event_seq > ?2",
        )?
        .query_row((route, before.unwrap_or(0)), |row| {
            Ok((row.get(0)?, row.get(1)?))
        })
}

/// What waits on each route. What is on hold is sent at its end at the earliest.
pub(super) fn waiting(connection: &Connection, now: Now) -> rusqlite::Result<Vec<Waiting>> {
    let queues = queues(connection)?.into_iter();
    let waiting = queues.map(|queue| {
        let held_until = holds::held_until(connection, &queue.route, now)?;
        let due_ms = match held_until {
            None => queue.due_ms,
            Some(End::At(end_ms)) => queue.due_ms.map(|due_ms| due_ms.max(end_ms)),
            Some(End::ByAPerson) => None,
        };
        Ok(Waiting {
            route: queue.route,
            events: queue.events,
            due_at: due_ms.map(|due_ms| now.wall_of(due_ms)),
        })
    });
    waiting.collect()
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
