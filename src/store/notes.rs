//! Where a staff id stands in what people have written about something else, or in what they have named: reasons, names of
//! records, of tokens and of sessions (contract, section 13). It is searched in small steps, as the events are.

use rusqlite::{Connection, Statement, params};

use super::{Store, StoreError};
use crate::clock::Moment;
use crate::person::{Mentions, Notes, stands_in_json, stands_in_text};
use crate::timestamp::Timestamp;

/// Rows that are looked at in one go; the time of one read stays short.
const LOOKED_AT_ONCE: u32 = 2000;

/// Of tables that grow, the rows after a place: the place, what the row is called, its text, and its JSON, if it has any.
const INTERVIEWS: &str = "
    SELECT seq, id, iif(employee_id = ?2, '', id || ' ' || coalesce(employee_name, '') || ' ' ||
                        coalesce(voicedrive_sync_id, '') || ' ' || coalesce(status_reason, '')), NULL
      FROM interviews WHERE seq > ?1 ORDER BY seq LIMIT ?3";
const AUDIT: &str = "
    SELECT seq, at, who || ' ' || coalesce(subject, '') || ' ' || coalesce(reason, ''), NULL
      FROM audit WHERE seq > ?1 ORDER BY seq LIMIT ?3";
/// Of a hold that is over, the reason is erased, and the name of its route stays.
const INCIDENTS: &str = "
    SELECT seq, id, subject,
           iif(closed_at IS NOT NULL AND kind = 'on_hold', NULL, '[' || finding || coalesce(
               (SELECT ',' || group_concat(m.report, ',') FROM alert_messages m WHERE m.incident = i.seq), '') || ']')
      FROM incidents i WHERE ?2 IS NOT NULL AND seq > ?1 ORDER BY seq LIMIT ?3";

/// Of small tables all rows: what the row is called, and its text.
const HOLDS: &str = "SELECT route, who || ' ' || reason FROM holds";
/// Of a token that is over, the subject is erased.
const TOKENS: &str = "
    SELECT jti, jti || ' ' ||
           iif(revoked_at IS NULL AND (expires_at IS NULL OR expires_at > ?1), coalesce(subject, ''), '')
      FROM tokens";
const SESSIONS: &str = "SELECT name, name FROM monitor_sessions";
const READERS: &str = "SELECT day, who FROM payload_reads";
/// Names by which is counted or which are configured, some of them more than once.
const NAMES: &str = "
    SELECT event_type, event_type FROM send_counts
    UNION ALL SELECT route, route FROM send_counts
    UNION ALL SELECT route, route FROM queue_counts
    UNION ALL SELECT route, route FROM reconciliations
    UNION ALL SELECT DISTINCT route, route FROM purged_findings
    UNION ALL SELECT route, route FROM routes_without_order
    UNION ALL SELECT route, route FROM recoveries
    UNION ALL SELECT route, route FROM holds
    UNION ALL SELECT family, family FROM ingest_newest
    UNION ALL SELECT interview_type, interview_type FROM interview_counts
               WHERE facility = '' AND department = '' AND slot >= 'month'
    UNION ALL SELECT name, name || ' ' || coalesce(last_error, '') FROM alert_channels
    UNION ALL SELECT channel, channel || ' ' || recipient || ' ' || last_error FROM late_recipients";
/// Names in tables that grow, each the beginning of an index: its column, its table, and which rows the index has.
const INDEXED: [(&str, &str, &str); 4] = [
    ("event_type", "events", "1"),
    ("route", "outbox", "due_ms IS NOT NULL"),
    ("facility", "interview_counts", "1"),
    ("department", "interview_counts", "facility = ''"),
];

/// From each name the index leads to the next one, so few rows are read.
fn names_of((column, table, rows): (&str, &str, &str)) -> String {
    format!(
        "WITH RECURSIVE names (name) AS (
           SELECT min({column}) FROM {table} WHERE {rows}
           UNION ALL
           SELECT (SELECT min({column}) FROM {table} WHERE {rows} AND {column} > name)
             FROM names WHERE name IS NOT NULL)
         SELECT name, name FROM names WHERE name IS NOT NULL"
    )
}

impl Store {
    /// Where the id of a person stands though it is not about that person, and stays when the person is erased.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn notes_with(&self, staff_id: &str, moment: Moment) -> Result<Notes, StoreError> {
        let (id, now) = (staff_id.to_owned(), moment.wall);
        let mut notes = self
            .read(move |c| Ok(in_small_tables(c, &id, now)?))
            .await?;
        for (sql, mentions) in growing(&mut notes) {
            let mut after = Some(0);
            while let Some(from) = after {
                let id = staff_id.to_owned();
                let step = self
                    .read_long(move |c| Ok(some_with(c, sql, &id, from)?))
                    .await?;
                for id in step.0 {
                    mentions.add(id);
                }
                after = step.1;
            }
        }
        Ok(notes)
    }
}

/// Where what is found in the tables that grow belongs.
fn growing(notes: &mut Notes) -> [(&'static str, &mut Mentions); 3] {
    [
        (INTERVIEWS, &mut notes.interviews),
        (INCIDENTS, &mut notes.incidents),
        (AUDIT, &mut notes.audit),
    ]
}

/// Some of the rows in which the id stands, and where the next page begins.
fn some_with(
    connection: &Connection,
    sql: &str,
    staff_id: &str,
    after: i64,
) -> rusqlite::Result<(Vec<String>, Option<i64>)> {
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query((after, staff_id, LOOKED_AT_ONCE))?;
    let (mut found, mut last, mut looked_at) = (Vec::new(), None, 0);
    while let Some(row) = rows.next()? {
        let is_in_json = |json| stands_in_json(staff_id, json);
        if stands_in_text(staff_id, row.get_ref(2)?.as_str()?)
            || row.get_ref(3)?.as_str_or_null()?.is_some_and(is_in_json)
        {
            found.push(row.get(1)?);
        }
        last = Some(row.get(0)?);
        looked_at += 1;
    }
    Ok((found, last.filter(|_| looked_at == LOOKED_AT_ONCE)))
}

fn in_small_tables(
    connection: &Connection,
    staff_id: &str,
    now: Timestamp,
) -> rusqlite::Result<Notes> {
    let mut notes = Notes::default();
    let tables = [
        (HOLDS, &mut notes.holds),
        (SESSIONS, &mut notes.sessions),
        (NAMES, &mut notes.names),
        (READERS, &mut notes.audit),
    ];
    for (sql, mentions) in tables {
        add_all(
            &mut *connection.prepare_cached(sql)?,
            params![],
            staff_id,
            mentions,
        )?;
    }
    for names in INDEXED {
        let mut names = connection.prepare_cached(&names_of(names))?;
        add_all(&mut names, params![], staff_id, &mut notes.names)?;
    }
    let mut tokens = connection.prepare_cached(TOKENS)?;
    add_all(&mut tokens, params![now], staff_id, &mut notes.tokens)?;
    Ok(notes)
}

fn add_all(
    statement: &mut Statement<'_>,
    values: impl rusqlite::Params,
    staff_id: &str,
    mentions: &mut Mentions,
) -> rusqlite::Result<()> {
    let mut rows = statement.query(values)?;
    while let Some(row) = rows.next()? {
        if stands_in_text(staff_id, row.get_ref(1)?.as_str()?) {
            let name: String = row.get(0)?;
            if !mentions.ids.contains(&name) {
                mentions.add(name);
            }
        }
    }
    Ok(())
}

/// All of it, in one go.
#[cfg(test)]
pub(super) fn notes(connection: &Connection, staff_id: &str, now: Timestamp) -> Notes {
    let mut notes = in_small_tables(connection, staff_id, now).unwrap();
    for (sql, mentions) in growing(&mut notes) {
        let (found, _) = some_with(connection, sql, staff_id, 0).unwrap();
        for id in found {
            mentions.add(id);
        }
    }
    notes
}
