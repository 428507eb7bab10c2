//! Incidents and their messages. An incident begins and ends in the transaction of its cause, together with its
//! message, so that a crash neither loses nor repeats a message.

pub(super) mod away;
mod observed;
mod retention;

pub(super) use retention::count_purged;

use std::collections::HashMap;

use rusqlite::Connection;

use super::connection::word;
use super::ids::new_id;
use super::incident_report::{find, list, report};
use super::relay_time::Now;
use super::{Store, StoreError};
use crate::attempt::Attempted;
use crate::clock::Moment;
use crate::due::DueDelivery;
use crate::event::Status;
use crate::incident::{Finding, Incident, Kind, State, Thresholds, joined_by};

impl Store {
    /// The newest incidents that were told, and where the next page begins when there is one. With
    /// `open`, only those that last, or only those that are over.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn incidents(
        &self,
        open: Option<bool>,
        before: Option<i64>,
        limit: u32,
        moment: Moment,
    ) -> Result<(Vec<Incident>, Option<i64>), StoreError> {
        let now = self.time.now(moment);
        self.read(move |connection| list(connection, open, before, limit, now))
            .await
    }

    /// The incident with this id, if it was told.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn incident(&self, id: &str, moment: Moment) -> Result<Option<Incident>, StoreError> {
        let (id, now) = (id.to_owned(), self.time.now(moment));
        self.read(move |connection| find(connection, &id, now))
            .await
    }
}

/// An open incident's row.
struct Open {
    seq: i64,
    opened_ms: i64,
    announced: bool,
    told_ms: Option<i64>,
}

/// Keeps what an attempt means for incidents: a delivery that is exhausted or refused begins one or
/// joins it; one that was delivered after all leaves it.
pub(super) fn after_attempt(
    connection: &Connection,
    due: &DueDelivery,
    attempted: &Attempted,
    status: Status,
    thresholds: &Thresholds,
    now: Now,
) -> Result<(), StoreError> {
    if status == Status::Delivered {
        // A delivery whose first attempt succeeded is in no incident.
        if due.attempt > 1 {
            for incident in leave(connection, due.seq, End::Delivered)? {
                close_when_settled(connection, incident, now)?;
            }
        }
        return away::after_success(connection, &due.route, thresholds, now);
    }
    let Some(cause) = attempted.cause else {
        return Ok(());
    };
    away::after_failure(connection, &due.route, attempted, cause, thresholds, now)?;
    let finding = Finding::Deliveries {
        cause,
        http_status: attempted.http_status,
        statuses: Vec::new(),
    };
    let of = (due.seq, &*due.route);
    for (kind, threshold) in joined_by(attempted.http_status, status, thresholds) {
        join(connection, kind, of, &finding, threshold, now)?;
    }
    Ok(())
}

/// Keeps that a comparison with the partner's list has found a delivery missing, or without effect.
pub(super) fn after_finding(
    connection: &Connection,
    event: i64,
    route: &str,
    threshold: u64,
    now: Now,
) -> Result<(), StoreError> {
    let finding = Finding::Missing { ids: Vec::new() };
    let of = (event, route);
    join(
        connection,
        Kind::DeliveriesMissing,
        of,
        &finding,
        threshold,
        now,
    )
}

fn join(
    connection: &Connection,
    kind: Kind,
    (event, route): (i64, &str),
    finding: &Finding,
    threshold: u64,
    now: Now,
) -> Result<(), StoreError> {
    let incident = open(connection, kind, route, finding, now)?;
    connection
        .prepare_cached(
            "INSERT INTO incident_deliveries (event_seq, incident) VALUES (?1, ?2)
             ON CONFLICT DO UPDATE SET ended = NULL",
        )?
        .execute((event, incident.seq))?;
    // What an outage left behind was told when that was over, and is told by itself a while later.
    let told = incident.announced || incident.told_ms.is_some();
    if !told
        && waits_for(connection, incident.seq, threshold)?
        && !is_part_of_outage(connection, kind, route)?
    {
        announce(connection, incident.seq, now)?;
    }
    Ok(())
}

/// Whether an incident of this kind is not told by itself now, because the partner of its route is away.
fn is_part_of_outage(connection: &Connection, kind: Kind, route: &str) -> rusqlite::Result<bool> {
    Ok(kind == Kind::DeliveriesExhausted && away::is_told(connection, route)?)
}

/// The open incident of this kind, which begins now when there is none.
fn open(
    connection: &Connection,
    kind: Kind,
    subject: &str,
    finding: &Finding,
    now: Now,
) -> Result<Open, StoreError> {
    Ok(connection
        .prepare_cached(
            "INSERT INTO incidents (id, kind, subject, opened_at, opened_ms, finding)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)
             ON CONFLICT (kind, subject) WHERE closed_at IS NULL
             DO UPDATE SET finding = excluded.finding, clear_since_ms = NULL
             RETURNING seq, opened_ms, announced_at IS NOT NULL, told_ms",
        )?
        .query_row(
            (
                new_id(now.wall),
                kind.as_str(),
                subject,
                now.wall,
                now.axis_ms,
                json(finding)?,
            ),
            |row| {
                Ok(Open {
                    seq: row.get(0)?,
                    opened_ms: row.get(1)?,
                    announced: row.get(2)?,
                    told_ms: row.get(3)?,
                })
            },
        )?)
}

/// Whether at least `enough` deliveries of an incident still wait for their end. They are not all counted:
/// after an outage there may be many, and each that arrives asks.
fn waits_for(connection: &Connection, incident: i64, enough: u64) -> rusqlite::Result<bool> {
    let waiting: u64 = connection
        .prepare_cached(
            "SELECT count(*) FROM (SELECT 1 FROM incident_deliveries
                                    WHERE incident = ?1 AND ended IS NULL LIMIT ?2)",
        )?
        .query_row((incident, enough), |row| row.get(0))?;
    Ok(waiting >= enough)
}

fn announce(connection: &Connection, incident: i64, now: Now) -> Result<(), StoreError> {
    connection
        .prepare_cached("UPDATE incidents SET announced_at = ?2, told_ms = ?3 WHERE seq = ?1")?
        .execute((incident, now.wall, now.axis_ms))?;
    add_message(connection, incident, State::Opened, now)
}

/// Tells of something that a person decides: that it began, or with another finding that it changed.
pub(super) fn tell_of_change(
    connection: &Connection,
    kind: Kind,
    subject: &str,
    finding: &Finding,
    now: Now,
) -> Result<(), StoreError> {
    let incident = open(connection, kind, subject, finding, now)?;
    if incident.announced {
        add_message(connection, incident.seq, State::Ongoing, now)
    } else {
        announce(connection, incident.seq, now)
    }
}

/// Tells of its end; `finding` is what there is to say of that.
pub(super) fn tell_of_end(
    connection: &Connection,
    kind: Kind,
    subject: &str,
    finding: &Finding,
    now: Now,
) -> Result<(), StoreError> {
    let incident = open(connection, kind, subject, finding, now)?;
    close(connection, incident.seq, now)
}

/// How a delivery ends for the incidents that count it.
#[derive(Clone, Copy)]
pub(super) enum End {
    /// It was made after all. What the partner did not have although it was made is not found by that.
    Delivered,
    /// The partner has it after all.
    Found,
    /// A person said that it need not be made.
    Dismissed,
    /// Nothing is to be done about it although the partner does not have it.
    GivenUp,
}

impl End {
    fn as_str(self) -> &'static str {
        match self {
            Self::Delivered | Self::Found => "delivered",
            Self::Dismissed | Self::GivenUp => "dismissed",
        }
    }

    /// Whether it ends what is missing, or everything else; none: both.
    fn of_missing(self) -> Option<bool> {
        match self {
            Self::Delivered => Some(false),
            Self::Found | Self::GivenUp => Some(true),
            Self::Dismissed => None,
        }
    }
}

/// A delivery leaves the incidents that wait for it in this way; says which.
pub(super) fn leave(connection: &Connection, event: i64, end: End) -> rusqlite::Result<Vec<i64>> {
    connection
        .prepare_cached(
            "UPDATE incident_deliveries SET ended = ?2
              WHERE event_seq = ?1 AND ended IS NULL
                AND (?3 IS NULL OR ?3 = EXISTS (SELECT 1 FROM incidents i
                                                 WHERE i.seq = incident AND i.kind = 'deliveries_missing'))
             RETURNING incident",
        )?
        .query_map((event, end.as_str(), end.of_missing()), |row| row.get(0))?
        .collect()
}

/// At most so many of an incident's deliveries leave it because a person said so; says which.
pub(super) fn settle_some(
    connection: &Connection,
    incident: i64,
    most: u32,
) -> rusqlite::Result<Vec<i64>> {
    connection
        .prepare_cached(
            "UPDATE incident_deliveries SET ended = ?3 WHERE (event_seq, incident) IN (
               SELECT event_seq, incident FROM incident_deliveries
                WHERE incident = ?1 AND ended IS NULL LIMIT ?2)
             RETURNING event_seq",
        )?
        .query_map((incident, most, End::Dismissed.as_str()), |row| row.get(0))?
        .collect()
}

/// Ends an incident that waits for no delivery any more, and says whether it did.
pub(super) fn close_when_settled(
    connection: &Connection,
    incident: i64,
    now: Now,
) -> Result<bool, StoreError> {
    let settled = !waits_for(connection, incident, 1)?;
    if settled {
        close(connection, incident, now)?;
    }
    Ok(settled)
}

/// Ends an incident. One that nobody was told about is forgotten.
fn close(connection: &Connection, incident: i64, now: Now) -> Result<(), StoreError> {
    if forget_untold(connection, incident)? {
        return Ok(());
    }
    connection
        .prepare_cached(
            "UPDATE incidents SET closed_at = ?2, closed_lived_ms = ?3
              WHERE seq = ?1 AND closed_at IS NULL",
        )?
        .execute((incident, now.wall, now.lived_ms()))?;
    add_message(connection, incident, State::Resolved, now)
}

/// Forgets an incident that was not told by itself, and says whether it did.
fn forget_untold(connection: &Connection, incident: i64) -> rusqlite::Result<bool> {
    let forgotten = connection
        .prepare_cached("DELETE FROM incidents WHERE seq = ?1 AND announced_at IS NULL")?
        .execute([incident])?;
    Ok(forgotten > 0)
}

fn add_message(
    connection: &Connection,
    incident: i64,
    state: State,
    now: Now,
) -> Result<(), StoreError> {
    let report = report(connection, incident, now)?;
    connection
        .prepare_cached("INSERT INTO alert_messages (incident, state, report) VALUES (?1, ?2, ?3)")?
        .execute((incident, state.as_str(), json(&report)?))?;
    Ok(())
}

/// Whether any incident is open. If not, and no condition holds, there is nothing to write.
pub(super) fn any_open(connection: &Connection) -> Result<bool, StoreError> {
    Ok(connection
        .prepare_cached("SELECT EXISTS (SELECT 1 FROM incidents WHERE closed_at IS NULL)")?
        .query_row([], |row| row.get(0))?)
}

/// How many incidents of each kind were told and are not over.
pub(super) fn open_by_kind(connection: &Connection) -> Result<HashMap<Kind, u64>, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT kind, count(*) FROM incidents
          WHERE closed_at IS NULL AND announced_at IS NOT NULL GROUP BY kind",
    )?;
    let rows = statement.query_map([], |row| {
        Ok((word(0, row.get(0)?, Kind::from_word)?, row.get(1)?))
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

fn json(value: &impl serde::Serialize) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|error| StoreError::Refused(error.to_string()))
}

#[cfg(test)]
mod outage;
#[cfg(test)]
mod purged;
#[cfg(test)]
mod tests;
