//! Erasing a staff id from texts that people have typed about something else and that is over: the reasons of holds, which
//! their incidents and messages quote, and the subjects of tokens. What lasts is not changed, but named (`store/notes`).

use rusqlite::Connection;

use super::super::incident_report::parsed;
use super::super::writer::Lane;
use super::super::{Store, StoreError};
use super::in_chunks;
use crate::clock::Moment;
use crate::incident::{Finding, Report};
use crate::person::{ERASED, Erased, stands_in_text};
use crate::timestamp::Timestamp;

impl Store {
    /// Erases the staff id from the texts of what is over.
    ///
    /// # Errors
    /// When the database cannot be read or written; what was erased before stays so.
    pub async fn erase_texts(&self, staff_id: &str, moment: Moment) -> Result<Erased, StoreError> {
        let id = staff_id.to_owned();
        let (incidents, tokens) = self
            .read(move |c| Ok((incidents(c, &id)?, tokens(c, &id, moment.wall)?)))
            .await?;
        let texts = (incidents.len() + tokens.len()) as u64;
        for some in in_chunks(&incidents) {
            let id = staff_id.to_owned();
            let erase = move |c: &Connection| Ok::<_, StoreError>(erase_reasons(c, &id, &some)?);
            self.write(Lane::Maintenance, erase).await?;
        }
        for some in in_chunks(&tokens) {
            let erase = move |c: &Connection| Ok::<_, StoreError>(erase_subjects(c, &some)?);
            self.write(Lane::Maintenance, erase).await?;
        }
        Ok(Erased {
            texts,
            ..Erased::default()
        })
    }
}

/// The same in the caller's transaction.
pub(super) fn all(
    connection: &Connection,
    staff_id: &str,
    now: Timestamp,
) -> rusqlite::Result<Erased> {
    let incidents = incidents(connection, staff_id)?;
    erase_reasons(connection, staff_id, &incidents)?;
    let tokens = tokens(connection, staff_id, now)?;
    erase_subjects(connection, &tokens)?;
    Ok(Erased {
        texts: (incidents.len() + tokens.len()) as u64,
        ..Erased::default()
    })
}

/// Incidents of holds that are over, and that quote the staff id themselves or in a message.
fn incidents(connection: &Connection, staff_id: &str) -> rusqlite::Result<Vec<i64>> {
    let mut statement = connection.prepare_cached(
        "SELECT i.seq, i.finding || ' ' ||
                coalesce((SELECT group_concat(m.report, ' ') FROM alert_messages m
                           WHERE m.incident = i.seq), '')
           FROM incidents i WHERE i.closed_at IS NOT NULL AND i.kind = 'on_hold'",
    )?;
    rows_with(&mut statement, [], staff_id)
}

/// Tokens that are over, of whose subject the staff id is a part.
fn tokens(
    connection: &Connection,
    staff_id: &str,
    now: Timestamp,
) -> rusqlite::Result<Vec<String>> {
    let mut statement = connection.prepare_cached(
        "SELECT jti, subject FROM tokens
          WHERE subject IS NOT NULL AND (revoked_at IS NOT NULL OR expires_at <= ?1)",
    )?;
    rows_with(&mut statement, [now], staff_id)
}

/// Of the rows of a statement, the first column of those in whose second one the staff id stands.
fn rows_with<T: rusqlite::types::FromSql>(
    statement: &mut rusqlite::Statement<'_>,
    values: impl rusqlite::Params,
    staff_id: &str,
) -> rusqlite::Result<Vec<T>> {
    let mut rows = statement.query(values)?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        if stands_in_text(staff_id, row.get_ref(1)?.as_str()?) {
            found.push(row.get(0)?);
        }
    }
    Ok(found)
}

fn erase_reasons(
    connection: &Connection,
    staff_id: &str,
    incidents: &[i64],
) -> rusqlite::Result<()> {
    let mut finding = connection.prepare_cached("SELECT finding FROM incidents WHERE seq = ?1")?;
    let mut set_finding =
        connection.prepare_cached("UPDATE incidents SET finding = ?2 WHERE seq = ?1")?;
    let mut reports =
        connection.prepare_cached("SELECT seq, report FROM alert_messages WHERE incident = ?1")?;
    let mut set_report =
        connection.prepare_cached("UPDATE alert_messages SET report = ?2 WHERE seq = ?1")?;
    for incident in incidents {
        let text: String = finding.query_row([incident], |row| row.get(0))?;
        if let Some(found) = without(staff_id, parsed(&text)?) {
            set_finding.execute((incident, json(&found)?))?;
        }
        let messages: Vec<(i64, String)> = reports
            .query_map([incident], |row| row.try_into())?
            .collect::<rusqlite::Result<_>>()?;
        for (seq, text) in messages {
            let mut report: Report = parsed(&text)?;
            if let Some(found) = without(staff_id, report.finding) {
                report.finding = found;
                set_report.execute((seq, json(&report)?))?;
            }
        }
    }
    Ok(())
}

/// The finding without the reason in which the staff id stands; none: it does not stand there.
fn without(staff_id: &str, finding: Finding) -> Option<Finding> {
    match finding {
        Finding::Hold {
            until,
            reason,
            ended_early,
        } if stands_in_text(staff_id, &reason) => Some(Finding::Hold {
            until,
            reason: ERASED.to_owned(),
            ended_early,
        }),
        _ => None,
    }
}

fn json(value: &impl serde::Serialize) -> rusqlite::Result<String> {
    serde_json::to_string(value)
        .map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))
}

fn erase_subjects(connection: &Connection, tokens: &[String]) -> rusqlite::Result<()> {
    let mut update = connection.prepare_cached("UPDATE tokens SET subject = ?2 WHERE jti = ?1")?;
    for jti in tokens {
        update.execute((jti, ERASED))?;
    }
    Ok(())
}
