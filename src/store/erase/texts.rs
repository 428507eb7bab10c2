//! Erasing a staff id from texts that people have typed about something else and that is over: the reasons of holds, which
//! their incidents and messages quote, and the subjects of tokens. What lasts is not changed, but named (`store/notes`).

use std::collections::BTreeSet;

use rusqlite::Connection;

use super::super::incident_report::parsed;
use super::super::writer::Lane;
use super::super::{Store, StoreError};
use super::in_chunks;
use crate::clock::Moment;
use crate::incident::{Finding, Report};
use crate::person::{ERASED, EndedTexts, Erased, stands_in_text};
use crate::timestamp::Timestamp;

impl Store {
    /// The texts of what is over in which the staff id stands.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn ended_texts_with(
        &self,
        staff_id: &str,
        moment: Moment,
    ) -> Result<EndedTexts, StoreError> {
        let (id, now) = (staff_id.to_owned(), self.earliest_time(moment));
        self.read(move |c| Ok(ended(c, &id, now)?)).await
    }

    /// Erases the staff id from the texts of what is over.
    ///
    /// # Errors
    /// When the database cannot be read or written; what was erased before stays so.
    pub async fn erase_texts(&self, staff_id: &str, moment: Moment) -> Result<Erased, StoreError> {
        let (id, now) = (staff_id.to_owned(), self.earliest_time(moment));
        let (incidents, tokens) = self
            .read(move |c| {
                let incidents = incidents(c, &id, &lasting_holds(c)?)?;
                Ok((incidents, tokens(c, &id, now)?))
            })
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

/// The same in the caller's transaction. `lasting`: the incidents of the holds that last. In a copy more of them may do so:
/// those that have ended since it was made lose the staff id, too.
pub(super) fn all(
    connection: &Connection,
    staff_id: &str,
    lasting: &BTreeSet<String>,
    now: Timestamp,
) -> rusqlite::Result<Erased> {
    let holds = erase_holds(connection, staff_id, lasting)?;
    let incidents = incidents(connection, staff_id, lasting)?;
    erase_reasons(connection, staff_id, &incidents)?;
    let tokens = tokens(connection, staff_id, now)?;
    erase_subjects(connection, &tokens)?;
    Ok(Erased {
        texts: holds + (incidents.len() + tokens.len()) as u64,
        ..Erased::default()
    })
}

/// The texts of what is over in which the staff id stands.
pub(in crate::store) fn ended(
    connection: &Connection,
    staff_id: &str,
    now: Timestamp,
) -> rusqlite::Result<EndedTexts> {
    let mut ended = EndedTexts::default();
    let mut id_of = connection.prepare_cached("SELECT id FROM incidents WHERE seq = ?1")?;
    for seq in incidents(connection, staff_id, &lasting_holds(connection)?)? {
        ended.holds.add(id_of.query_row([seq], |row| row.get(0))?);
    }
    for jti in tokens(connection, staff_id, now)? {
        ended.tokens.add(jti);
    }
    Ok(ended)
}

/// The incidents of the holds that last, by their ids.
pub(in crate::store) fn lasting_holds(
    connection: &Connection,
) -> rusqlite::Result<BTreeSet<String>> {
    connection
        .prepare_cached("SELECT id FROM incidents WHERE kind = 'on_hold' AND closed_at IS NULL")?
        .query_map([], |row| row.get(0))?
        .collect()
}

/// Every text that people have typed and that stands where [`all`] looks, each once.
pub(super) fn typed(connection: &Connection) -> rusqlite::Result<BTreeSet<String>> {
    let texts = |sql: &str| -> rusqlite::Result<Vec<String>> {
        let mut statement = connection.prepare(sql)?;
        let rows = statement.query_map([], |row| row.get(0))?;
        rows.collect()
    };
    let mut typed: BTreeSet<_> = texts(
        "SELECT reason FROM holds UNION SELECT who FROM holds
          UNION SELECT subject FROM tokens WHERE subject IS NOT NULL",
    )?
    .into_iter()
    .collect();
    for finding in texts("SELECT finding FROM incidents WHERE kind = 'on_hold'")? {
        typed.extend(reason(parsed(&finding)?));
    }
    for report in texts(
        "SELECT m.report FROM incidents i JOIN alert_messages m ON m.incident = i.seq
          WHERE i.kind = 'on_hold'",
    )? {
        typed.extend(reason(parsed::<Report>(&report)?.finding));
    }
    Ok(typed)
}

fn reason(finding: Finding) -> Option<String> {
    match finding {
        Finding::Hold { reason, .. } => Some(reason),
        _ => None,
    }
}

/// Incidents of holds that do not last, and that quote the staff id themselves or in a message.
fn incidents(
    connection: &Connection,
    staff_id: &str,
    lasting: &BTreeSet<String>,
) -> rusqlite::Result<Vec<i64>> {
    let mut statement = connection.prepare_cached(
        // Each half has an index.
        "WITH of_holds AS (
           SELECT seq, id, finding FROM incidents WHERE closed_at IS NOT NULL AND kind = 'on_hold'
           UNION ALL
           SELECT seq, id, finding FROM incidents WHERE closed_at IS NULL AND kind = 'on_hold')
         SELECT seq, id, finding FROM of_holds",
    )?;
    let mut rows = statement.query([])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        if !lasting.contains(row.get_ref(1)?.as_str()?) {
            let (seq, finding): (i64, String) = (row.get(0)?, row.get(2)?);
            let quoted = reasons(connection, seq, &finding)?;
            let is_named = |reason: &String| stands_in_text(staff_id, reason);
            found.extend(quoted.iter().any(is_named).then_some(seq));
        }
    }
    Ok(found)
}

/// Every reason that an incident of a hold quotes, itself and in its messages. The words of the JSON around it are the relay's own.
fn reasons(connection: &Connection, incident: i64, finding: &str) -> rusqlite::Result<Vec<String>> {
    let mut reports =
        connection.prepare_cached("SELECT report FROM alert_messages WHERE incident = ?1")?;
    let mut rows = reports.query([incident])?;
    let mut reasons = Vec::from_iter(reason(parsed(finding)?));
    while let Some(row) = rows.next()? {
        let report: Report = parsed(row.get_ref(0)?.as_str()?)?;
        reasons.extend(reason(report.finding));
    }
    Ok(reasons)
}

/// Tokens that are over, of whose subject the staff id is a part.
fn tokens(
    connection: &Connection,
    staff_id: &str,
    now: Timestamp,
) -> rusqlite::Result<Vec<String>> {
    let subjects: Vec<(String, String)> = connection
        .prepare_cached(
            "SELECT jti, subject FROM tokens
              WHERE subject IS NOT NULL AND (revoked_at IS NOT NULL OR expires_at <= ?1)",
        )?
        .query_map([now], |row| row.try_into())?
        .collect::<rusqlite::Result<_>>()?;
    let with_id = subjects.into_iter();
    let with_id = with_id.filter(|(_, subject)| stands_in_text(staff_id, subject));
    Ok(with_id.map(|(jti, _)| jti).collect())
}

/// Takes the staff id out of holds whose incident does not last. Where this is no copy, they have no text any more.
fn erase_holds(
    connection: &Connection,
    staff_id: &str,
    lasting: &BTreeSet<String>,
) -> rusqlite::Result<u64> {
    let holds: Vec<(String, String, String, Option<String>)> = connection
        .prepare_cached(
            "SELECT h.route, h.reason, h.who, i.id
               FROM holds h LEFT JOIN incidents i
                 ON i.kind = 'on_hold' AND i.subject = iif(h.route = '*', '', h.route)
                AND i.closed_at IS NULL",
        )?
        .query_map([], |row| row.try_into())?
        .collect::<rusqlite::Result<_>>()?;
    let mut update =
        connection.prepare_cached("UPDATE holds SET reason = ?2, who = ?3 WHERE route = ?1")?;
    let mut erased = 0;
    for (route, reason, who, incident) in holds {
        let lasts = incident.is_some_and(|id| lasting.contains(&id));
        let left = [&reason, &who].map(|text| {
            let is_named = !lasts && stands_in_text(staff_id, text);
            if is_named { ERASED } else { text.as_str() }
        });
        if left != [reason.as_str(), who.as_str()] {
            erased += update.execute((route, left[0], left[1]))? as u64;
        }
    }
    Ok(erased)
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
