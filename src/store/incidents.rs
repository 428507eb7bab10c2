//! Incidents and what there is to tell about them. Whatever begins or ends an incident calls this in
//! its own transaction, and the message is written with it: a crash neither loses nor doubles one.

use rusqlite::{Connection, OptionalExtension, Row};

use super::StoreError;
use super::events::new_id;
use super::outbox::Due;
use crate::attempt::Attempted;
use crate::event::Status;
use crate::incident::{Finding, Kind, Observation, Report, State, Thresholds, is_refusal};
use crate::timestamp::Timestamp;

/// Types of events that a report names.
const TYPES: u32 = 5;
/// How long a condition must not hold until its incident is over, in milliseconds: one that comes
/// and goes is one incident.
const CALM: std::time::Duration = std::time::Duration::from_mins(5);

/// An incident as a reader sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Incident {
    /// What is known of it now.
    pub report: Report,
    /// When it ended; none: it lasts.
    pub closed_at: Option<Timestamp>,
}

/// One message that a channel has not told yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// Its place in the order.
    pub seq: i64,
    /// What it says of its incident.
    pub state: State,
    /// What it says.
    pub report: Report,
}

/// What a dismissal did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dismissed {
    /// The incident is over.
    Done,
    /// No open incident has this id.
    Unknown,
    /// Incidents of this kind end by themselves.
    EndsByItself,
}

/// An open incident's row.
struct Open {
    seq: i64,
    announced: bool,
}

/// Keeps what an attempt means for incidents: a delivery that is exhausted or refused begins one or
/// joins it, one that arrived after all leaves it.
///
/// # Errors
/// When the database cannot be written; the caller's transaction must then be undone.
pub fn after_attempt(
    connection: &Connection,
    due: &Due,
    attempted: &Attempted,
    status: Status,
    thresholds: &Thresholds,
) -> Result<(), StoreError> {
    let now = attempted.ended_at;
    if status == Status::Delivered {
        // One whose first attempt succeeded is in no incident.
        return if due.attempt > 1 {
            leave(connection, due.seq, now)
        } else {
            Ok(())
        };
    }
    let Some(cause) = attempted.cause else {
        return Ok(());
    };
    let finding = Finding::Deliveries {
        cause,
        http_status: attempted.http_status,
    };
    if attempted.http_status.is_some_and(is_refusal) {
        let kind = Kind::PartnerRefuses;
        join(connection, kind, due.seq, &finding, thresholds.refused, now)?;
    }
    if status == Status::Exhausted {
        let kind = Kind::DeliveriesExhausted;
        join(
            connection,
            kind,
            due.seq,
            &finding,
            thresholds.exhausted,
            now,
        )?;
    }
    Ok(())
}

fn join(
    connection: &Connection,
    kind: Kind,
    event: i64,
    finding: &Finding,
    threshold: u64,
    now: Timestamp,
) -> Result<(), StoreError> {
    let route: String = connection
        .prepare_cached("SELECT route FROM events WHERE seq = ?1")?
        .query_row([event], |row| row.get(0))?;
    let incident = open(connection, kind, &route, finding, now)?;
    connection
        .prepare_cached(
            "INSERT INTO incident_deliveries (event_seq, incident) VALUES (?1, ?2)
             ON CONFLICT DO UPDATE SET ended = NULL",
        )?
        .execute((event, incident.seq))?;
    if !incident.announced && waiting(connection, incident.seq)? >= threshold {
        announce(connection, incident.seq, now)?;
    }
    Ok(())
}

/// The open incident of this kind, which begins now when there is none.
fn open(
    connection: &Connection,
    kind: Kind,
    subject: &str,
    finding: &Finding,
    now: Timestamp,
) -> Result<Open, StoreError> {
    Ok(connection
        .prepare_cached(
            "INSERT INTO incidents (id, kind, subject, opened_at, finding)
             VALUES (?1, ?2, ?3, ?4, ?5)
             ON CONFLICT (kind, subject) WHERE closed_at IS NULL
             DO UPDATE SET finding = excluded.finding, calm_since = NULL
             RETURNING seq, announced_at IS NOT NULL",
        )?
        .query_row(
            (new_id(now), kind.as_str(), subject, now, json(finding)?),
            |row| {
                Ok(Open {
                    seq: row.get(0)?,
                    announced: row.get(1)?,
                })
            },
        )?)
}

/// Deliveries of an incident that still wait for their end.
fn waiting(connection: &Connection, incident: i64) -> rusqlite::Result<u64> {
    connection
        .prepare_cached(
            "SELECT count(*) FROM incident_deliveries WHERE incident = ?1 AND ended IS NULL",
        )?
        .query_row([incident], |row| row.get(0))
}

fn announce(connection: &Connection, incident: i64, now: Timestamp) -> Result<(), StoreError> {
    connection
        .prepare_cached("UPDATE incidents SET announced_at = ?2 WHERE seq = ?1")?
        .execute((incident, now))?;
    tell(connection, incident, State::Opened, now)
}

/// A delivery arrived after all.
fn leave(connection: &Connection, event: i64, now: Timestamp) -> Result<(), StoreError> {
    let left: Vec<i64> = connection
        .prepare_cached(
            "UPDATE incident_deliveries SET ended = 'delivered'
              WHERE event_seq = ?1 AND ended IS NULL RETURNING incident",
        )?
        .query_map([event], |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    for incident in left {
        if waiting(connection, incident)? == 0 {
            close(connection, incident, now)?;
        }
    }
    Ok(())
}

/// Ends an incident. One that nobody was told about is forgotten.
fn close(connection: &Connection, incident: i64, now: Timestamp) -> Result<(), StoreError> {
    let forgotten = connection
        .prepare_cached("DELETE FROM incidents WHERE seq = ?1 AND announced_at IS NULL")?
        .execute([incident])?;
    if forgotten > 0 {
        return Ok(());
    }
    connection
        .prepare_cached(
            "UPDATE incidents SET closed_at = ?2, next_digest_at = NULL
              WHERE seq = ?1 AND closed_at IS NULL",
        )?
        .execute((incident, now))?;
    tell(connection, incident, State::Resolved, now)
}

fn tell(
    connection: &Connection,
    incident: i64,
    state: State,
    now: Timestamp,
) -> Result<(), StoreError> {
    let report = report(connection, incident, now)?;
    connection
        .prepare_cached("INSERT INTO alert_messages (incident, state, report) VALUES (?1, ?2, ?3)")?
        .execute((incident, state.as_str(), json(&report)?))?;
    Ok(())
}

/// Keeps what was found when everything was looked at. Every kind of `judged` that `holding` does
/// not name does not hold; incidents of other kinds are left alone. While one lasts, it is told again
/// after each of `digests`.
///
/// # Errors
/// When the database cannot be written; the caller's transaction must then be undone.
pub fn observe(
    connection: &Connection,
    judged: &[Kind],
    holding: &[Observation],
    digests: &Digests,
    now: Timestamp,
) -> Result<(), StoreError> {
    for Observation {
        kind,
        subject,
        finding,
    } in holding
    {
        let incident = open(connection, *kind, subject, finding, now)?;
        if !incident.announced {
            announce(connection, incident.seq, now)?;
        }
    }
    for (seq, kind, subject, calm_since) in all_open(connection)? {
        let holds = holding
            .iter()
            .any(|found| found.kind == kind && found.subject == subject);
        if kind.counts_deliveries() {
            // Those that arrived have closed it; what was purged has not.
            if waiting(connection, seq)? == 0 {
                close(connection, seq, now)?;
            }
        } else if !holds && judged.contains(&kind) {
            match calm_since {
                None => {
                    connection
                        .prepare_cached("UPDATE incidents SET calm_since = ?2 WHERE seq = ?1")?
                        .execute((seq, now))?;
                }
                Some(since) if since.after(CALM) <= now => close(connection, seq, now)?,
                Some(_) => {}
            }
        }
    }
    digest(connection, digests, now)
}

/// When a lasting incident is told again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Digests {
    /// The waits; the last one repeats.
    pub after: Vec<std::time::Duration>,
    /// A certificate is told again at each of these days before its end instead.
    pub certificate_days: Vec<u64>,
}

impl Digests {
    fn wait(&self, told: u32) -> std::time::Duration {
        let nth = usize::try_from(told).unwrap_or(usize::MAX);
        let nth = self.after.get(nth).or(self.after.last());
        nth.copied().unwrap_or(CALM)
    }

    /// How many of the days have come.
    fn days_reached(&self, finding: &Finding) -> usize {
        let Finding::Certificate { days } = finding else {
            return 0;
        };
        let reached = |limit: &&u64| i64::try_from(**limit).is_ok_and(|limit| *days <= limit);
        self.certificate_days.iter().filter(reached).count()
    }
}

/// Tells every lasting incident again whose time has come.
fn digest(connection: &Connection, digests: &Digests, now: Timestamp) -> Result<(), StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT i.seq, i.kind, i.finding, i.announced_at, i.digests,
                coalesce(i.next_digest_at, ''),
                (SELECT m.report FROM alert_messages m WHERE m.incident = i.seq
                  ORDER BY m.seq DESC LIMIT 1)
           FROM incidents i
          WHERE i.closed_at IS NULL AND i.announced_at IS NOT NULL",
    )?;
    let rows: Vec<(i64, String, String, Timestamp, u32, String, String)> = statement
        .query_map([], |row| row.try_into())?
        .collect::<rusqlite::Result<_>>()?;
    for (seq, kind, finding, announced_at, told, next, last_report) in rows {
        let again = if kind == Kind::CertificateExpiring.as_str() {
            let told: Report = parsed(&last_report)?;
            digests.days_reached(&parsed(&finding)?) > digests.days_reached(&told.finding)
        } else {
            let due =
                Timestamp::parse(&next).unwrap_or_else(|_| announced_at.after(digests.wait(told)));
            due <= now
        };
        if again {
            connection
                .prepare_cached(
                    "UPDATE incidents SET digests = digests + 1, next_digest_at = ?2 WHERE seq = ?1",
                )?
                .execute((seq, now.after(digests.wait(told + 1))))?;
            tell(connection, seq, State::Ongoing, now)?;
        }
    }
    Ok(())
}

/// Whether nothing is open: then there is nothing to keep when nothing holds either.
///
/// # Errors
/// When the database cannot be read.
pub fn none_open(connection: &Connection) -> Result<bool, StoreError> {
    Ok(connection
        .prepare_cached("SELECT NOT EXISTS (SELECT 1 FROM incidents WHERE closed_at IS NULL)")?
        .query_row([], |row| row.get(0))?)
}

#[allow(clippy::type_complexity)]
fn all_open(
    connection: &Connection,
) -> Result<Vec<(i64, Kind, String, Option<Timestamp>)>, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT seq, kind, subject, calm_since FROM incidents WHERE closed_at IS NULL",
    )?;
    let rows = statement.query_map([], |row| {
        Ok((row.get(0)?, kind(row, 1)?, row.get(2)?, row.get(3)?))
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Ends an incident that waits for a person: what it counts needs nothing any more.
///
/// # Errors
/// When the database cannot be written; the caller's transaction must then be undone.
pub fn dismiss(connection: &Connection, id: &str, now: Timestamp) -> Result<Dismissed, StoreError> {
    let found: Option<(i64, Kind)> = connection
        .prepare_cached("SELECT seq, kind FROM incidents WHERE id = ?1 AND closed_at IS NULL")?
        .query_row([id], |row| Ok((row.get(0)?, kind(row, 1)?)))
        .optional()?;
    let Some((seq, kind)) = found else {
        return Ok(Dismissed::Unknown);
    };
    if !kind.counts_deliveries() {
        return Ok(Dismissed::EndsByItself);
    }
    connection
        .prepare_cached(
            "UPDATE incident_deliveries SET ended = 'dismissed' WHERE incident = ?1 AND ended IS NULL",
        )?
        .execute([seq])?;
    close(connection, seq, now)?;
    Ok(Dismissed::Done)
}

/// The newest incidents that were told, and where the next page begins when there is one. With
/// `open`, only those that last, or only those that are over.
///
/// # Errors
/// When the database cannot be read.
pub fn list(
    connection: &Connection,
    open: Option<bool>,
    before: Option<i64>,
    limit: u32,
    now: Timestamp,
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
        let report = report(connection, seq, closed_at.unwrap_or(now))?;
        Ok(Incident { report, closed_at })
    });
    Ok((incidents.collect::<Result<_, StoreError>>()?, next))
}

fn report(connection: &Connection, incident: i64, at: Timestamp) -> Result<Report, StoreError> {
    let (id, kind, subject, opened_at, finding): (String, Kind, String, Timestamp, String) =
        connection
            .prepare_cached(
                "SELECT id, kind, subject, opened_at, finding FROM incidents WHERE seq = ?1",
            )?
            .query_row([incident], |row| {
                Ok((
                    row.get(0)?,
                    kind(row, 1)?,
                    row.get(2)?,
                    row.get(3)?,
                    row.get(4)?,
                ))
            })?;
    let finding: Finding = parsed(&finding)?;
    let mut report = Report {
        count: finding.number(),
        id,
        kind,
        subject,
        opened_at,
        at,
        finding,
        delivered: 0,
        dismissed: 0,
        exhausted: connection
            .prepare_cached("SELECT count(*) FROM webhook_retry_queue WHERE status = 'failed'")?
            .query_row([], |row| row.get(0))?,
        oldest_event_id: None,
        event_types: Vec::new(),
    };
    if kind.counts_deliveries() {
        (report.count, report.delivered, report.dismissed) = connection
            .prepare_cached(
                "SELECT count(*), count(*) FILTER (WHERE ended = 'delivered'),
                        count(*) FILTER (WHERE ended = 'dismissed')
                   FROM incident_deliveries WHERE incident = ?1",
            )?
            .query_row([incident], |row| {
                Ok((row.get(0)?, row.get(1)?, row.get(2)?))
            })?;
        report.oldest_event_id = connection
            .prepare_cached(
                "SELECT e.id FROM incident_deliveries d JOIN events e ON e.seq = d.event_seq
                  WHERE d.incident = ?1 AND d.ended IS NULL ORDER BY d.event_seq LIMIT 1",
            )?
            .query_row([incident], |row| row.get(0))
            .optional()?;
        report.event_types = connection
            .prepare_cached(
                "SELECT DISTINCT e.event_type FROM incident_deliveries d
                   JOIN events e ON e.seq = d.event_seq
                  WHERE d.incident = ?1 ORDER BY 1 LIMIT ?2",
            )?
            .query_map((incident, TYPES), |row| row.get(0))?
            .collect::<rusqlite::Result<_>>()?;
    } else if kind == Kind::QueueLong {
        report.oldest_event_id = connection
            .prepare_cached(
                "SELECT e.id FROM outbox o JOIN events e ON e.seq = o.event_seq
                  ORDER BY o.event_seq LIMIT 1",
            )?
            .query_row([], |row| row.get(0))
            .optional()?;
    }
    Ok(report)
}

/// How much is still to be sent, and when the oldest of it was due.
///
/// # Errors
/// When the database cannot be read.
pub fn queue(connection: &Connection) -> Result<(u64, Option<Timestamp>), StoreError> {
    Ok(connection
        .prepare_cached("SELECT count(*), min(due_at) FROM outbox")?
        .query_row([], |row| Ok((row.get(0)?, row.get(1)?)))?)
}

/// Begins to tell `channel`, unless it was begun before: with what is open, and nothing that is over.
///
/// # Errors
/// When the database cannot be written.
pub fn begin(connection: &Connection, channel: &str) -> Result<(), StoreError> {
    connection
        .prepare_cached(
            "INSERT INTO alert_channels (name, told)
             SELECT ?1, coalesce(
               (SELECT min(m.seq) - 1 FROM alert_messages m JOIN incidents i ON i.seq = m.incident
                 WHERE i.closed_at IS NULL),
               (SELECT max(seq) FROM alert_messages), 0)
             WHERE NOT EXISTS (SELECT 1 FROM alert_channels WHERE name = ?1)",
        )?
        .execute([channel])?;
    Ok(())
}

/// The next message that `channel` has to tell, when it is time to try. What was overtaken (a digest
/// by a newer message) is passed over.
///
/// # Errors
/// When the database cannot be read.
pub fn next_message(
    connection: &Connection,
    channel: &str,
    now: Timestamp,
) -> Result<Option<Message>, StoreError> {
    let told: Option<i64> = connection
        .prepare_cached(
            "SELECT told FROM alert_channels
              WHERE name = ?1 AND (next_try_at IS NULL OR next_try_at <= ?2)",
        )?
        .query_row((channel, now), |row| row.get(0))
        .optional()?;
    let Some(told) = told else {
        return Ok(None);
    };
    let found: Option<(i64, String, String)> = connection
        .prepare_cached(
            "SELECT m.seq, m.state, m.report FROM alert_messages m
              WHERE m.seq > ?1
                AND NOT (m.state = 'ongoing' AND EXISTS (
                      SELECT 1 FROM alert_messages n WHERE n.incident = m.incident AND n.seq > m.seq))
              ORDER BY m.seq LIMIT 1",
        )?
        .query_row([told], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
        .optional()?;
    found
        .map(|(seq, state, report)| {
            Ok(Message {
                seq,
                state: parsed(&format!("\"{state}\""))?,
                report: parsed(&report)?,
            })
        })
        .transpose()
}

/// Remembers that `channel` has told everything up to a message.
///
/// # Errors
/// When the database cannot be written.
pub fn told(connection: &Connection, channel: &str, message: i64) -> Result<(), StoreError> {
    connection
        .prepare_cached(
            "UPDATE alert_channels
                SET told = ?2, tries = 0, next_try_at = NULL, last_error = NULL
              WHERE name = ?1",
        )?
        .execute((channel, message))?;
    Ok(())
}

/// Remembers that `channel` could not tell its next message, and when to try again.
///
/// # Errors
/// When the database cannot be written.
pub fn not_told(
    connection: &Connection,
    channel: &str,
    error: &str,
    next_try_at: Timestamp,
) -> Result<(), StoreError> {
    connection
        .prepare_cached(
            "UPDATE alert_channels SET tries = tries + 1, next_try_at = ?2, last_error = ?3
              WHERE name = ?1",
        )?
        .execute((channel, next_try_at, error))?;
    Ok(())
}

/// How often `channel` has failed in a row.
///
/// # Errors
/// When the database cannot be read.
pub fn tries(connection: &Connection, channel: &str) -> Result<u32, StoreError> {
    Ok(connection
        .prepare_cached("SELECT tries FROM alert_channels WHERE name = ?1")?
        .query_row([channel], |row| row.get(0))
        .optional()?
        .unwrap_or(0))
}

/// Channels that cannot be reached, with the reason.
///
/// # Errors
/// When the database cannot be read.
pub fn failing_channels(connection: &Connection) -> Result<Vec<(String, String)>, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT name, last_error FROM alert_channels WHERE last_error IS NOT NULL ORDER BY name",
    )?;
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Forgets what was over before `before`, a little at a time.
///
/// # Errors
/// When the database cannot be written.
pub fn purge(connection: &Connection, before: Timestamp) -> Result<(), StoreError> {
    connection
        .prepare_cached(
            "DELETE FROM incidents WHERE seq IN (
               SELECT seq FROM incidents WHERE closed_at < ?1 ORDER BY seq LIMIT 20)",
        )?
        .execute([before])?;
    Ok(())
}

fn kind(row: &Row<'_>, column: usize) -> rusqlite::Result<Kind> {
    let word: String = row.get(column)?;
    Kind::from_word(&word).ok_or_else(|| {
        rusqlite::Error::InvalidColumnType(column, word, rusqlite::types::Type::Text)
    })
}

fn json(value: &impl serde::Serialize) -> Result<String, StoreError> {
    serde_json::to_string(value)
        .map_err(|error| StoreError::Refused(rusqlite::Error::ToSqlConversionFailure(error.into())))
}

fn parsed<T: serde::de::DeserializeOwned>(text: &str) -> Result<T, StoreError> {
    serde_json::from_str(text).map_err(|error| {
        let text = rusqlite::types::Type::Text;
        StoreError::Refused(rusqlite::Error::FromSqlConversionFailure(
            0,
            text,
            error.into(),
        ))
    })
}

#[cfg(test)]
mod tests;
