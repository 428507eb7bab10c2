//! A partner that is away: the attempts of a route fail as they do in an outage, and none succeeds (contract, section
//! 10). The incident begins with the first of them, is told when they have failed for long enough, and is over with
//! the first success. While it is told, it speaks for whatever of the route is exhausted.

use rusqlite::{Connection, OptionalExtension};

use super::super::StoreError;
use super::super::incident_report::{not_arrived, parsed};
use super::super::relay_time::Now;
use super::{announce, close, forget_untold, json, open, waits_for};
use crate::attempt::Attempted;
use crate::cause::Cause;
use crate::incident::{Digests, Finding, Kind, Thresholds};
use crate::overview::Absence;
use crate::timestamp::Timestamp;

/// A failed attempt begins such an incident or lets it last; one that is no sign of an outage ends a suspicion.
pub(super) fn after_failure(
    connection: &Connection,
    route: &str,
    attempted: &Attempted,
    cause: Cause,
    thresholds: &Thresholds,
    now: Now,
) -> Result<(), StoreError> {
    if !cause.is_outage() {
        return match of_route(connection, route)? {
            Some(away) => Ok(forget_untold(connection, away.seq).map(|_| ())?),
            None => Ok(()),
        };
    }
    let finding = Finding::Away {
        cause,
        http_status: attempted.http_status,
        waiting: 0,
        exhausted: 0,
        route_is_gone: false,
    };
    let incident = open(connection, Kind::PartnerAway, route, &finding, now)?;
    if !incident.announced && now.since(incident.opened_ms) >= thresholds.away() {
        announce(connection, incident.seq, now)?;
    }
    Ok(())
}

/// A success: the partner is there.
pub(super) fn after_success(
    connection: &Connection,
    route: &str,
    thresholds: &Thresholds,
    now: Now,
) -> Result<(), StoreError> {
    match of_route(connection, route)? {
        Some(away) => end(connection, route, &away, false, thresholds.exhausted, now),
        None => Ok(()),
    }
}

/// Ends what concerns a route that the configuration does not have any more: nothing can succeed there.
pub(super) fn end_of_gone(
    connection: &Connection,
    routes: &[String],
    now: Now,
) -> Result<(), StoreError> {
    let open: Vec<String> = connection
        .prepare_cached(
            "SELECT subject FROM incidents WHERE kind = 'partner_away' AND closed_at IS NULL",
        )?
        .query_map([], |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    for route in open.iter().filter(|route| !routes.contains(route)) {
        if let Some(away) = of_route(connection, route)? {
            end(connection, route, &away, true, 1, now)?;
        }
    }
    Ok(())
}

/// An open incident of a route.
struct Away {
    seq: i64,
    told: bool,
    finding: Finding,
}

fn of_route(connection: &Connection, route: &str) -> rusqlite::Result<Option<Away>> {
    connection
        .prepare_cached(
            "SELECT seq, announced_at IS NOT NULL, finding FROM incidents
              WHERE kind = 'partner_away' AND subject = ?1 AND closed_at IS NULL",
        )?
        .query_row([route], |row| {
            let finding: String = row.get(2)?;
            Ok(Away {
                seq: row.get(0)?,
                told: row.get(1)?,
                finding: parsed(&finding)?,
            })
        })
        .optional()
}

/// Whether the partner of this route is away, and somebody was told so.
pub(super) fn is_told(connection: &Connection, route: &str) -> rusqlite::Result<bool> {
    Ok(of_route(connection, route)?.is_some_and(|away| away.told))
}

/// Ends an outage. Its last message says how many deliveries of the route still need a person. If `threshold` or more
/// still do one digest interval later, they get a message of their own.
fn end(
    connection: &Connection,
    route: &str,
    away: &Away,
    route_is_gone: bool,
    threshold: u64,
    now: Now,
) -> Result<(), StoreError> {
    if away.told {
        let (waiting, exhausted) = not_arrived(connection, route)?;
        if let Finding::Away {
            cause, http_status, ..
        } = away.finding
        {
            let finding = Finding::Away {
                cause,
                http_status,
                waiting,
                exhausted,
                route_is_gone,
            };
            connection
                .prepare_cached("UPDATE incidents SET finding = ?2 WHERE seq = ?1")?
                .execute((away.seq, json(&finding)?))?;
        }
    }
    close(connection, away.seq, now)?;
    if away.told {
        leave_behind(connection, route, threshold, now)?;
    }
    Ok(())
}

/// What is exhausted of a route whose partner is back was told with that.
fn leave_behind(
    connection: &Connection,
    route: &str,
    threshold: u64,
    now: Now,
) -> rusqlite::Result<()> {
    let exhausted: Option<i64> = connection
        .prepare_cached(
            "SELECT seq FROM incidents
              WHERE kind = 'deliveries_exhausted' AND subject = ?1 AND closed_at IS NULL",
        )?
        .query_row([route], |row| row.get(0))
        .optional()?;
    let Some(exhausted) = exhausted else {
        return Ok(());
    };
    if waits_for(connection, exhausted, threshold)? {
        connection
            .prepare_cached("UPDATE incidents SET told_ms = ?2 WHERE seq = ?1")?
            .execute((exhausted, now.axis_ms))?;
    }
    Ok(())
}

/// Tells by itself what outages left behind, when it still waits for a person as long after their end as a digest
/// takes.
pub(super) fn tell_left_behind(
    connection: &Connection,
    digests: &Digests,
    now: Now,
) -> Result<(), StoreError> {
    let left: Vec<(i64, String, i64)> = connection
        .prepare_cached(
            "SELECT seq, subject, told_ms FROM incidents
              WHERE kind = 'deliveries_exhausted' AND closed_at IS NULL
                AND announced_at IS NULL AND told_ms IS NOT NULL",
        )?
        .query_map([], |row| row.try_into())?
        .collect::<rusqlite::Result<_>>()?;
    for (incident, route, told_ms) in left {
        if now.since(told_ms) >= digests.wait(0) && !is_told(connection, &route)? {
            announce(connection, incident, now)?;
        }
    }
    Ok(())
}

/// The routes whose attempts fail as they do in an outage.
pub(in crate::store) fn absences(
    connection: &Connection,
    now: Now,
) -> rusqlite::Result<Vec<(String, Absence)>> {
    connection
        .prepare_cached(
            "SELECT subject, announced_at IS NOT NULL, opened_ms FROM incidents
              WHERE kind = 'partner_away' AND closed_at IS NULL",
        )?
        .query_map([], |row| {
            let absence = if row.get(1)? {
                Absence::Told
            } else {
                Absence::Suspected(now.since(row.get(2)?))
            };
            Ok((row.get(0)?, absence))
        })?
        .collect()
}

/// The routes whose partner came back since a moment, and when.
pub(in crate::store) fn returns_since(
    connection: &Connection,
    since: Timestamp,
) -> rusqlite::Result<Vec<(String, Timestamp)>> {
    connection
        .prepare_cached(
            "SELECT subject, max(closed_at) FROM incidents
              WHERE closed_at >= ?1 AND kind = 'partner_away' GROUP BY subject",
        )?
        .query_map([since], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect()
}

#[cfg(test)]
mod tests;
