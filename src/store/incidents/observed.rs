//! Incidents of conditions that are checked once a minute, and the reminders of those that last.

use rusqlite::Connection;

use super::super::connection::word;
use super::super::incident_report::{kind, parsed};
use super::super::relay_time::Now;
use super::super::writer::Lane;
use super::super::{Store, StoreError};
use super::{add_message, announce, away, close, close_when_settled, is_part_of_outage, open};
use crate::clock::Moment;
use crate::incident::{CLEAR_FOR, Digests, Evaluation, Finding, Kind, Observation, Report, State};

impl Store {
    /// Keeps what was found when everything was looked at. While an incident lasts, it is told again by `digests`.
    ///
    /// # Errors
    /// When the database cannot be written; then nothing was changed.
    pub async fn observe(
        &self,
        look: Evaluation,
        digests: Digests,
        moment: Moment,
    ) -> Result<(), StoreError> {
        let now = self.time.now(moment);
        self.write(Lane::Alerts, move |connection| {
            observe(connection, &look, &digests, now)
        })
        .await
    }
}

pub(super) fn observe(
    connection: &Connection,
    look: &Evaluation,
    digests: &Digests,
    now: Now,
) -> Result<(), StoreError> {
    for Observation {
        kind,
        subject,
        finding,
    } in &look.holding
    {
        let incident = open(connection, *kind, subject, finding, now)?;
        if !incident.announced {
            announce(connection, incident.seq, now)?;
        }
    }
    away::end_of_gone(connection, &look.routes, now)?;
    for (seq, kind, subject, clear_since_ms) in all_open(connection)? {
        let holds = |found: &Observation| found.kind == kind && found.subject == subject;
        let is_clear = look.judged.contains(&kind)
            && !look.undecided.contains(&kind)
            && !look.holding.iter().any(holds);
        if kind.counts_deliveries() {
            // Those that arrived have closed it; what was purged has not.
            close_when_settled(connection, seq, now)?;
        } else if is_clear {
            match clear_since_ms {
                None => {
                    connection
                        .prepare_cached("UPDATE incidents SET clear_since_ms = ?2 WHERE seq = ?1")?
                        .execute((seq, now.axis_ms))?;
                }
                Some(since_ms) if now.since(since_ms) >= CLEAR_FOR => close(connection, seq, now)?,
                Some(_) => {}
            }
        }
    }
    away::tell_left_behind(connection, digests, now)?;
    tell_again(connection, &look.undecided, digests, now)
}

/// Writes a digest for every open incident for which one is due, but not for those of the `quiet` kinds, and not for
/// what is part of an outage.
fn tell_again(
    connection: &Connection,
    quiet: &[Kind],
    digests: &Digests,
    now: Now,
) -> Result<(), StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT i.seq, i.kind, i.subject, i.finding, i.digests, i.told_ms,
                (SELECT m.report FROM alert_messages m WHERE m.incident = i.seq
                  ORDER BY m.seq DESC LIMIT 1)
           FROM incidents i
          WHERE i.closed_at IS NULL AND i.announced_at IS NOT NULL",
    )?;
    let rows: Vec<(i64, String, String, String, u32, i64, String)> = statement
        .query_map([], |row| row.try_into())?
        .collect::<rusqlite::Result<_>>()?;
    for (seq, kind, subject, finding, told, told_ms, last_report) in rows {
        let kind = word(1, kind, Kind::from_word)?;
        if quiet.contains(&kind) || is_part_of_outage(connection, kind, &subject)? {
            continue;
        }
        let (finding, last): (Finding, Report) = (parsed(&finding)?, parsed(&last_report)?);
        let is_time = now.since(told_ms) >= digests.wait(told);
        if digests.tells_again(kind, &last.finding, &finding, is_time) {
            connection
                .prepare_cached(
                    "UPDATE incidents SET digests = digests + 1, told_ms = ?2 WHERE seq = ?1",
                )?
                .execute((seq, now.axis_ms))?;
            add_message(connection, seq, State::Ongoing, now)?;
        }
    }
    Ok(())
}

#[allow(clippy::type_complexity)]
fn all_open(connection: &Connection) -> Result<Vec<(i64, Kind, String, Option<i64>)>, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT seq, kind, subject, clear_since_ms FROM incidents WHERE closed_at IS NULL",
    )?;
    let rows = statement.query_map([], |row| {
        Ok((row.get(0)?, kind(row, 1)?, row.get(2)?, row.get(3)?))
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}
