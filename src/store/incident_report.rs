//! The report of an incident: its kind, its beginning, and how many deliveries it counts, by what happened to them.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use rusqlite::types::Type;
use rusqlite::{Connection, OptionalExtension, Row};

use super::StoreError;
use super::connection::word;
use super::relay_time::Now;
use crate::cause::Cause;
use crate::incident::{Finding, Incident, Kind, REFUSALS, Report, StatusCount};
use crate::timestamp::Timestamp;

/// Types of events that a report names.
const TYPES: usize = 5;
/// Deliveries that are looked at for their types and for how they were refused: after an outage there may be many, and a
/// report is made while others wait.
const LOOKED_AT: u32 = 1000;
/// Missing deliveries that a report names: as many as a command can be typed with.
const IDS: u32 = 20;

pub(super) fn list(
    connection: &Connection,
    open: Option<bool>,
    before: Option<i64>,
    limit: u32,
    now: Now,
) -> Result<(Vec<Incident>, Option<i64>), StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT seq, closed_at FROM incidents
          WHERE announced_at IS NOT NULL AND seq < ?1 AND (?2 IS NULL OR (closed_at IS NULL) = ?2)
          ORDER BY seq DESC LIMIT ?3",
    )?;
    let asked = limit.saturating_add(1);
    let mut rows: Vec<(i64, Option<Timestamp>)> = statement
        .query_map((before.unwrap_or(i64::MAX), open, asked), |row| {
            Ok((row.get(0)?, row.get(1)?))
        })?
        .collect::<rusqlite::Result<_>>()?;
    let all = usize::try_from(limit).unwrap_or(usize::MAX);
    let more = rows.len() > all;
    rows.truncate(all);
    let next = rows.last().filter(|_| more).map(|(seq, _)| *seq);
    let incidents = rows.into_iter().map(|(seq, closed_at)| {
        let report = report(connection, seq, now)?;
        Ok(Incident { report, closed_at })
    });
    Ok((incidents.collect::<Result<_, StoreError>>()?, next))
}

/// The incident with this id, if it was told.
pub(super) fn find(
    connection: &Connection,
    id: &str,
    now: Now,
) -> Result<Option<Incident>, StoreError> {
    let found: Option<(i64, Option<Timestamp>)> = connection
        .prepare_cached(
            "SELECT seq, closed_at FROM incidents WHERE id = ?1 AND announced_at IS NOT NULL",
        )?
        .query_row([id], |row| row.try_into())
        .optional()?;
    let Some((seq, closed_at)) = found else {
        return Ok(None);
    };
    let report = report(connection, seq, now)?;
    Ok(Some(Incident { report, closed_at }))
}

/// What is known of an incident: at its end, or now.
pub(super) fn report(
    connection: &Connection,
    incident: i64,
    now: Now,
) -> Result<Report, StoreError> {
    let exhausted = connection
        .prepare_cached(
            "SELECT coalesce(sum(deliveries), 0) FROM queue_counts WHERE status = 'failed'",
        )?
        .query_row([], |row| row.get(0))?;
    let (mut report, closed_at) = connection
        .prepare_cached(
            "SELECT id, kind, subject, opened_at, finding, clear_since_ms, closed_at,
                    purged_delivered, purged_dismissed, purged_open
               FROM incidents WHERE seq = ?1",
        )?
        .query_row([incident], |row| {
            let finding: Finding = parsed(&row.get::<_, String>(4)?)?;
            let clear_since_ms: Option<i64> = row.get(5)?;
            let closed_at: Option<Timestamp> = row.get(6)?;
            let report = Report {
                id: row.get(0)?,
                kind: kind(row, 1)?,
                subject: row.get(2)?,
                opened_at: row.get(3)?,
                at: closed_at.unwrap_or(now.wall),
                count: finding.number(),
                finding,
                delivered: row.get(7)?,
                dismissed: row.get(8)?,
                purged: row.get(9)?,
                exhausted,
                oldest_event_id: None,
                event_types: Vec::new(),
                clear_since: clear_since_ms
                    .filter(|_| closed_at.is_none())
                    .map(|since_ms| now.wall_of(since_ms)),
            };
            Ok((report, closed_at))
        })?;
    let kind = report.kind;
    if kind.counts_deliveries() {
        let (kept, delivered, dismissed): (u64, u64, u64) = connection
            .prepare_cached(
                "SELECT count(*), count(*) FILTER (WHERE ended = 'delivered'),
                        count(*) FILTER (WHERE ended = 'dismissed')
                   FROM incident_deliveries WHERE incident = ?1",
            )?
            .query_row([incident], |row| row.try_into())?;
        report.count = kept + report.delivered + report.dismissed + report.purged;
        report.delivered += delivered;
        report.dismissed += dismissed;
        report.oldest_event_id = connection
            .prepare_cached(
                "SELECT e.id FROM incident_deliveries d JOIN events e ON e.seq = d.event_seq
                  WHERE d.incident = ?1 AND d.ended IS NULL ORDER BY d.event_seq LIMIT 1",
            )?
            .query_row([incident], |row| row.get(0))
            .optional()?;
        let types: BTreeSet<String> = connection
            .prepare_cached(
                "SELECT e.event_type FROM incident_deliveries d CROSS JOIN events e ON e.seq = d.event_seq
                  WHERE d.incident = ?1 LIMIT ?2",
            )?
            .query_map((incident, LOOKED_AT), |row| row.get(0))?
            .collect::<rusqlite::Result<_>>()?;
        report.event_types = types.into_iter().take(TYPES).collect();
        if kind == Kind::DeliveriesMissing {
            let ids = unsettled(connection, incident)?;
            report.finding = Finding::Missing { ids };
        } else if kind == Kind::PartnerRefuses
            && let Some(refusals) = refusals(connection, incident)?
        {
            report.finding = refusals;
        }
    } else if kind == Kind::OnHold {
        report.count = waiting(connection, report.route())?;
    } else if kind == Kind::QueueLong {
        report.oldest_event_id = connection
            .prepare_cached(
                "SELECT e.id FROM outbox o JOIN events e ON e.seq = o.event_seq
                  WHERE o.due_ms IS NOT NULL ORDER BY o.event_seq LIMIT 1",
            )?
            .query_row([], |row| row.get(0))
            .optional()?;
    } else if let Finding::Away {
        waiting, exhausted, ..
    } = report.finding
    {
        (report.count, report.exhausted) = (waiting + exhausted, exhausted);
        if closed_at.is_none() {
            add_what_is_away(connection, &mut report)?;
        }
    }
    Ok(report)
}

/// How the deliveries of an incident were refused: the most frequent way, and the others, by the last refusal of each. How
/// many is not said when there are too many to look at all.
fn refusals(connection: &Connection, incident: i64) -> rusqlite::Result<Option<Finding>> {
    let refusals = REFUSALS.map(|status| status.to_string()).join(", ");
    let mut statement = connection.prepare_cached(&format!(
        "SELECT a.http_status_code, a.cause
           FROM (SELECT event_seq FROM incident_deliveries WHERE incident = ?1 LIMIT ?2) d
           JOIN attempts a ON a.event_seq = d.event_seq AND a.attempt = (
                SELECT max(r.attempt) FROM attempts r
                 WHERE r.event_seq = d.event_seq AND r.http_status_code IN ({refusals}))"
    ))?;
    let mut rows = statement.query((incident, LOOKED_AT))?;
    let mut found: BTreeMap<u16, BTreeMap<Cause, u64>> = BTreeMap::new();
    let mut looked_at = 0;
    while let Some(row) = rows.next()? {
        let cause: Option<String> = row.get(1)?;
        let Some(cause) = cause.as_deref().and_then(Cause::from_word) else {
            continue;
        };
        *found
            .entry(row.get(0)?)
            .or_default()
            .entry(cause)
            .or_default() += 1;
        looked_at += 1;
    }
    let count = |causes: &BTreeMap<Cause, u64>| causes.values().sum::<u64>();
    let Some((most, causes)) = found.iter().max_by_key(|(_, causes)| count(causes)) else {
        return Ok(None);
    };
    let cause = causes.iter().max_by_key(|(_, deliveries)| **deliveries);
    let mut statuses: Vec<StatusCount> = found
        .iter()
        .map(|(http_status, causes)| StatusCount {
            http_status: *http_status,
            deliveries: count(causes),
        })
        .collect();
    statuses.sort_by_key(|one| (one.http_status != *most, Reverse(one.deliveries)));
    if statuses.len() == 1 || looked_at >= LOOKED_AT {
        statuses.clear();
    }
    Ok(cause.map(|(cause, _)| Finding::Deliveries {
        cause: *cause,
        http_status: Some(*most),
        statuses,
    }))
}

/// The oldest deliveries of an incident that still wait for their end.
fn unsettled(connection: &Connection, incident: i64) -> rusqlite::Result<Vec<String>> {
    connection
        .prepare_cached(
            "SELECT e.id FROM incident_deliveries d JOIN events e ON e.seq = d.event_seq
              WHERE d.incident = ?1 AND d.ended IS NULL ORDER BY d.event_seq LIMIT ?2",
        )?
        .query_map((incident, IDS), |row| row.get(0))?
        .collect()
}

/// How many deliveries wait for a route, or without one for all of them.
fn waiting(connection: &Connection, route: Option<&str>) -> rusqlite::Result<u64> {
    match route {
        Some(route) => connection
            .prepare_cached("SELECT count(*) FROM outbox WHERE route = ?1")?
            .query_row([route], |row| row.get(0)),
        None => connection
            .prepare_cached("SELECT count(*) FROM outbox")?
            .query_row([], |row| row.get(0)),
    }
}

/// What has not arrived on the route of a partner that is away.
fn add_what_is_away(connection: &Connection, report: &mut Report) -> rusqlite::Result<()> {
    let (waiting, exhausted) = not_arrived(connection, &report.subject)?;
    (report.count, report.exhausted) = (waiting + exhausted, exhausted);
    report.oldest_event_id = connection
        .prepare_cached(
            "SELECT e.id FROM incidents i
               JOIN incident_deliveries d ON d.incident = i.seq AND d.ended IS NULL
               JOIN events e ON e.seq = d.event_seq
              WHERE i.kind = 'deliveries_exhausted' AND i.subject = ?1 AND i.closed_at IS NULL
              ORDER BY d.event_seq LIMIT 1",
        )?
        .query_row([&report.subject], |row| row.get(0))
        .optional()?;
    if report.oldest_event_id.is_none() {
        report.oldest_event_id = connection
            .prepare_cached(
                "SELECT e.id FROM outbox o JOIN events e ON e.seq = o.event_seq
                  WHERE +o.route = ?1 ORDER BY o.event_seq LIMIT 1",
            )?
            .query_row([&report.subject], |row| row.get(0))
            .optional()?;
    }
    Ok(())
}

/// How many deliveries of a route wait to be sent, and how many need a person.
pub(super) fn not_arrived(connection: &Connection, route: &str) -> rusqlite::Result<(u64, u64)> {
    let waiting = connection
        .prepare_cached("SELECT count(*) FROM outbox WHERE route = ?1")?
        .query_row([route], |row| row.get(0))?;
    let exhausted = connection
        .prepare_cached(
            "SELECT coalesce(sum(deliveries), 0) FROM queue_counts
              WHERE route = ?1 AND status = 'failed'",
        )?
        .query_row([route], |row| row.get(0))?;
    Ok((waiting, exhausted))
}

pub(super) fn kind(row: &Row<'_>, column: usize) -> rusqlite::Result<Kind> {
    word(column, row.get(column)?, Kind::from_word)
}

pub(super) fn parsed<T: serde::de::DeserializeOwned>(text: &str) -> rusqlite::Result<T> {
    serde_json::from_str(text)
        .map_err(|error| rusqlite::Error::FromSqlConversionFailure(0, Type::Text, error.into()))
}
