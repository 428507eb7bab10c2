//! The audit: who did what. A verb that is an action of a person calls [`record`] inside of its own transaction; one
//! that takes several transactions calls [`go_on`] in each.

use std::time::Duration;

use rusqlite::types::Value;
use rusqlite::{Connection, Row, params_from_iter};

use super::connection::{one_more, word};
use super::milestones::Milestone;
use super::writer::Lane;
use super::{Store, StoreError};
use crate::audit::{Action, AuditFilter, Entry, PayloadReads, Record, Running, STATED, Via};
use crate::clock::Moment;
use crate::person::{self, KeyedHash};

/// Rows that are deleted in one transaction.
const PURGED_AT_ONCE: u32 = 500;

impl Store {
    /// Keeps an action that changes nothing else in the database.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn record_action(&self, entry: Entry) -> Result<(), StoreError> {
        self.write(Lane::Calls, move |connection| {
            record(connection, &entry)?;
            Ok(())
        })
        .await
    }

    /// The actions that `filter` matches and that were done before the one at `before`, the newest first, at most
    /// `limit`, and where the next page begins.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn audit(
        &self,
        filter: AuditFilter,
        before: Option<i64>,
        limit: usize,
    ) -> Result<(Vec<Record>, Option<i64>), StoreError> {
        self.read(move |connection| Ok(list(connection, &filter, before, limit)?))
            .await
    }

    /// What was done to the one thing that has this id or name, the oldest first.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn actions_on(&self, subject: &str) -> Result<Vec<Record>, StoreError> {
        let subject = subject.to_owned();
        self.read(move |connection| Ok(on(connection, &subject)?))
            .await
    }

    /// Counts that somebody looked at the payloads of so many events on this day of the clinic.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn count_payload_reads(&self, reads: PayloadReads) -> Result<(), StoreError> {
        self.write(Lane::Calls, move |connection| {
            Ok(count_reads(connection, &reads)?)
        })
        .await
    }

    /// How many payloads were looked at from the first to the last of these days, both included, the newest day
    /// first; with `who`, by this one alone.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn payload_reads(
        &self,
        days: (String, String),
        who: Option<String>,
    ) -> Result<Vec<PayloadReads>, StoreError> {
        self.read(move |connection| Ok(reads(connection, &days, who.as_deref())?))
            .await
    }

    /// Deletes some of the actions that were done longer ago than they are `kept`, and what was read so long ago; says
    /// whether there are more.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn purge_audit(&self, kept: Duration, moment: Moment) -> Result<bool, StoreError> {
        let Some(old) = self.milestone(kept, moment).await? else {
            return Ok(false);
        };
        let any = self.read(move |c| Ok(any_old(c, old)?));
        if !any.await? {
            return Ok(false);
        }
        self.write(Lane::Maintenance, move |connection| {
            Ok(purge(connection, old)?)
        })
        .await
    }
}

/// Whether a row is of somebody, under one of the names of [`names_of`].
const IS_WHO: &str = "(who = ? OR instr(who, ?) = 1 OR instr(who, ?) > 0)";

/// What a row says that is of this one: the name, the name as somebody stated it, or the one who stated another.
fn names_of(who: &str) -> [String; 3] {
    [
        who.to_owned(),
        format!("{who}{STATED}"),
        format!("{STATED}{who})"),
    ]
}

/// Keeps an action, and answers the number of its row.
pub(super) fn record(connection: &Connection, entry: &Entry) -> rusqlite::Result<i64> {
    let subject = if entry.subject.names_staff() {
        let key = key(connection)?;
        let label = |staff_id: &str| person::label(&person::hash_of_staff(&key, staff_id));
        entry.subject.spelled(label)
    } else {
        entry.subject.spelled(str::to_owned)
    };
    connection
        .prepare_cached(
            "INSERT INTO audit (at, who, via, client, action, subject, count, reason)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        )?
        .execute((
            entry.at,
            &entry.actor.who,
            entry.actor.via.as_str(),
            entry.actor.client.map(|client| client.to_string()),
            entry.action.as_str(),
            subject,
            entry.count.map(whole),
            &entry.reason,
        ))?;
    Ok(connection.last_insert_rowid())
}

/// Keeps that `count` more were done in this transaction, and answers how the action goes on.
pub(super) fn go_on(
    connection: &Connection,
    running: &Running,
    count: u64,
) -> rusqlite::Result<Running> {
    let seq = match running {
        Running::Begins(entry) => record(connection, &entry.as_ref().clone().counting(count))?,
        Running::Goes(seq) => {
            connection
                .prepare_cached("UPDATE audit SET count = count + ?2 WHERE seq = ?1")?
                .execute((seq, whole(count)))?;
            *seq
        }
    };
    Ok(Running::Goes(seq))
}

/// The key of the hashes that are written now.
pub(super) fn key(connection: &Connection) -> rusqlite::Result<KeyedHash> {
    connection
        .prepare_cached("SELECT key FROM hash_keys ORDER BY seq LIMIT 1")?
        .query_row([], |row| row.get(0))
}

fn whole(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

fn list(
    connection: &Connection,
    filter: &AuditFilter,
    before: Option<i64>,
    limit: usize,
) -> rusqlite::Result<(Vec<Record>, Option<i64>)> {
    let mut sql = "SELECT seq, at, who, via, client, action, subject, count, reason
                     FROM audit WHERE 1"
        .to_owned();
    let mut values: Vec<Value> = Vec::new();
    let mut narrow = |condition: &str, with: Vec<Value>| {
        sql.push_str(condition);
        values.extend(with);
    };
    // The pages are those of the actions' numbers, which the index on the time would have to sort.
    if let Some(since) = filter.since {
        narrow(" AND +at >= ?", vec![since.to_string().into()]);
    }
    if let Some(until) = filter.until {
        narrow(" AND +at <= ?", vec![until.to_string().into()]);
    }
    if let Some(who) = &filter.who {
        narrow(
            &format!(" AND {IS_WHO}"),
            names_of(who).map(Value::from).into(),
        );
    }
    if let Some(before) = before {
        narrow(" AND seq < ?", vec![before.into()]);
    }
    narrow(" ORDER BY seq DESC LIMIT ?", vec![one_more(limit).into()]);
    let mut items = connection
        .prepare_cached(&sql)?
        .query_map(params_from_iter(values), kept)?
        .collect::<rusqlite::Result<Vec<_>>>()?;
    let more = items.len() > limit;
    items.truncate(limit);
    let next = items.last().filter(|_| more).map(|last| last.seq);
    Ok((items, next))
}

fn on(connection: &Connection, subject: &str) -> rusqlite::Result<Vec<Record>> {
    connection
        .prepare_cached(
            "SELECT seq, at, who, via, client, action, subject, count, reason
               FROM audit WHERE subject = ?1 ORDER BY seq",
        )?
        .query_map([subject], kept)?
        .collect()
}

/// Every action that is kept, the oldest first.
pub(super) fn all(connection: &Connection) -> rusqlite::Result<Vec<Record>> {
    connection
        .prepare_cached(
            "SELECT seq, at, who, via, client, action, subject, count, reason FROM audit ORDER BY seq",
        )?
        .query_map([], kept)?
        .collect()
}

/// Keeps an action of another database, unless it is known here.
pub(super) fn keep_if_new(connection: &Connection, action: &Record) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO audit (at, who, via, client, action, subject, count, reason)
             SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8
              WHERE NOT EXISTS (SELECT 1 FROM audit
                                 WHERE at = ?1 AND who = ?2 AND via = ?3 AND client IS ?4
                                   AND action = ?5 AND subject IS ?6 AND reason IS ?8)",
        )?
        .execute((
            action.at,
            &action.who,
            action.via.as_str(),
            &action.client,
            action.action.as_str(),
            &action.subject,
            action.count.map(whole),
            &action.reason,
        ))
        .map(|_| ())
}

fn kept(row: &Row<'_>) -> rusqlite::Result<Record> {
    Ok(Record {
        seq: row.get(0)?,
        at: row.get(1)?,
        who: row.get(2)?,
        via: word(3, row.get(3)?, Via::from_word)?,
        client: row.get(4)?,
        action: word(5, row.get(5)?, Action::from_word)?,
        subject: row.get(6)?,
        count: row.get(7)?,
        reason: row.get(8)?,
    })
}

fn count_reads(connection: &Connection, reads: &PayloadReads) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO payload_reads (day, who, events, lived_ms)
             VALUES (?1, ?2, ?3, coalesce((SELECT lived_ms FROM relay_time), 0))
             ON CONFLICT DO UPDATE
                SET events = events + excluded.events, lived_ms = excluded.lived_ms",
        )?
        .execute((&reads.day, &reads.who, whole(reads.events)))
        .map(|_| ())
}

fn reads(
    connection: &Connection,
    (first, last): &(String, String),
    who: Option<&str>,
) -> rusqlite::Result<Vec<PayloadReads>> {
    let mut sql =
        "SELECT day, who, events FROM payload_reads WHERE day >= ? AND day <= ?".to_owned();
    let mut values = vec![first.clone(), last.clone()];
    if let Some(who) = who {
        sql.push_str(" AND ");
        sql.push_str(IS_WHO);
        values.extend(names_of(who));
    }
    sql.push_str(" ORDER BY day DESC, who DESC");
    connection
        .prepare_cached(&sql)?
        .query_map(params_from_iter(values), |row| {
            Ok(PayloadReads {
                day: row.get(0)?,
                who: row.get(1)?,
                events: row.get(2)?,
            })
        })?
        .collect()
}

/// Every reader of every day that is kept.
pub(super) fn all_reads(connection: &Connection) -> rusqlite::Result<Vec<PayloadReads>> {
    let every = (String::new(), char::MAX.to_string());
    reads(connection, &every, None)
}

/// Keeps what another database has counted of a reader's day, when it is more.
pub(super) fn keep_reads(connection: &Connection, reads: &PayloadReads) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO payload_reads (day, who, events, lived_ms)
             VALUES (?1, ?2, ?3, coalesce((SELECT lived_ms FROM relay_time), 0))
             ON CONFLICT DO UPDATE
                SET events = excluded.events, lived_ms = excluded.lived_ms
              WHERE excluded.events > events",
        )?
        .execute((&reads.day, &reads.who, whole(reads.events)))
        .map(|_| ())
}

fn any_old(connection: &Connection, old: Milestone) -> rusqlite::Result<bool> {
    connection
        .prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM audit WHERE seq <= ?1)
                 OR EXISTS (SELECT 1 FROM payload_reads WHERE lived_ms < ?2)",
        )?
        .query_row((old.actions, old.lived_ms), |row| row.get(0))
}

fn purge(connection: &Connection, old: Milestone) -> rusqlite::Result<bool> {
    connection
        .prepare_cached("DELETE FROM payload_reads WHERE lived_ms < ?1")?
        .execute([old.lived_ms])?;
    let deleted = connection
        .prepare_cached(
            "DELETE FROM audit WHERE seq IN (SELECT seq FROM audit WHERE seq <= ?1 ORDER BY seq LIMIT ?2)",
        )?
        .execute((old.actions, PURGED_AT_ONCE))?;
    Ok(deleted == PURGED_AT_ONCE as usize)
}

#[cfg(test)]
mod tests;
