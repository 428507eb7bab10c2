//! Everything that is known at one moment, in one read transaction.

use std::time::Duration;

use rusqlite::Connection;

use super::connection::word;
use super::relay_time::Now;
use super::{Store, StoreError, incident_report, incidents, notifications, send_stats, tokens};
use crate::attempt::Outcome;
use crate::clock::Moment;
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
            let (waiting, _) = queue(connection)?;
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
    })
}

fn vitals(connection: &Connection, now: Now) -> Result<Vitals, StoreError> {
    let hour = SendFilter::period(now.wall.before(HOUR), now.wall);
    let sends = send_stats::sends(connection, &hour)?.total;
    let (waiting, oldest_ms) = queue(connection)?;
    Ok(Vitals {
        sends: (sends.sent, sends.succeeded),
        waiting,
        overdue: oldest_ms.map_or(Duration::ZERO, |due_ms| now.since(due_ms)),
        database_bytes: database_bytes(connection)?,
        tokens: tokens::live(connection, now.wall)?,
        incident_open: incidents::any_open(connection)?,
    })
}

/// What waits on each route.
fn waiting(connection: &Connection, now: Now) -> rusqlite::Result<Vec<Waiting>> {
    connection
        .prepare_cached(
            "SELECT route, count(*), min(due_ms) FROM outbox GROUP BY route ORDER BY route",
        )?
        .query_map([], |row| {
            let due_ms: Option<i64> = row.get(2)?;
            Ok(Waiting {
                route: row.get(0)?,
                events: row.get(1)?,
                due_at: due_ms.map(|due_ms| now.wall_of(due_ms)),
            })
        })?
        .collect()
}

/// How many deliveries are open, and when the first of them is due, on the time axis.
fn queue(connection: &Connection) -> rusqlite::Result<(u64, Option<i64>)> {
    connection
        .prepare_cached("SELECT count(*), min(due_ms) FROM outbox")?
        .query_row([], |row| Ok((row.get(0)?, row.get(1)?)))
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
