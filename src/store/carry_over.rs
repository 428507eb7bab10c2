//! What outlives a restore: revoked tokens, who did what, and whose data were erased (contract, section 9).

use std::collections::BTreeSet;

use rusqlite::{Connection, Row};

use super::{audit, erase, tokens};
use crate::audit::{PayloadReads, Record};
use crate::person::KeyedHash;
use crate::timestamp::Timestamp;
use crate::token::TokenRecord;

/// What one database has of it.
#[derive(Clone, Debug, Default)]
pub(super) struct Carried {
    tokens: Vec<TokenRecord>,
    actions: Vec<Record>,
    reads: Vec<PayloadReads>,
    keys: Vec<KeyedHash>,
    erasures: Vec<Erasure>,
    /// By their ids.
    events: Vec<String>,
    interviews: Vec<(KeyedHash, String)>,
    interviewers: Vec<KeyedHash>,
    /// The incidents of the holds that last there; none: that is not known.
    pub(super) lasting_holds: Option<BTreeSet<String>>,
}

#[derive(Clone, Debug)]
struct Erasure {
    staff_hash: KeyedHash,
    erased_at: Timestamp,
    ended_at: Option<Timestamp>,
}

/// Reads all of it.
pub(super) fn read(connection: &Connection) -> rusqlite::Result<Carried> {
    Ok(Carried {
        tokens: tokens::list(connection)?,
        actions: audit::all(connection)?,
        reads: audit::all_reads(connection)?,
        keys: rows(
            connection,
            "SELECT key FROM hash_keys ORDER BY seq",
            |row| row.get(0),
        )?,
        erasures: rows(
            connection,
            "SELECT staff_hash, erased_at, ended_at FROM erasures",
            |row| {
                Ok(Erasure {
                    staff_hash: row.get(0)?,
                    erased_at: row.get(1)?,
                    ended_at: row.get(2)?,
                })
            },
        )?,
        events: rows(
            connection,
            "SELECT e.id FROM erased_events x CROSS JOIN events e ON e.seq = x.event_seq",
            |row| row.get(0),
        )?,
        interviews: rows(
            connection,
            "SELECT id_hash, id FROM erased_interviews",
            |row| Ok((row.get(0)?, row.get(1)?)),
        )?,
        interviewers: rows(connection, "SELECT hash FROM erased_interviewers", |row| {
            row.get(0)
        })?,
        lasting_holds: Some(erase::lasting_holds(connection)?),
    })
}

fn rows<T>(
    connection: &Connection,
    sql: &str,
    read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
) -> rusqlite::Result<Vec<T>> {
    connection
        .prepare_cached(sql)?
        .query_map([], read)?
        .collect()
}

/// Adds it to what another database has, in the caller's transaction. Answers the tokens that were revoked only there.
pub(super) fn write(
    connection: &Connection,
    carried: Carried,
) -> rusqlite::Result<Vec<TokenRecord>> {
    for action in &carried.actions {
        audit::keep_if_new(connection, action)?;
    }
    for reads in &carried.reads {
        audit::keep_reads(connection, reads)?;
    }
    let mut key = connection
        .prepare_cached("INSERT INTO hash_keys (key) VALUES (?1) ON CONFLICT DO NOTHING")?;
    for one in &carried.keys {
        key.execute([one])?;
    }
    let mut erasure = connection.prepare_cached(
        "INSERT INTO erasures (staff_hash, erased_at, ended_at) VALUES (?1, ?2, ?3)
         ON CONFLICT DO UPDATE
            SET erased_at = max(erased_at, excluded.erased_at), ended_at = excluded.ended_at",
    )?;
    for one in &carried.erasures {
        erasure.execute((one.staff_hash, one.erased_at, one.ended_at))?;
    }
    let mut event = connection.prepare_cached(
        "INSERT INTO erased_events (event_seq) SELECT seq FROM events WHERE id = ?1
         ON CONFLICT DO NOTHING",
    )?;
    for id in &carried.events {
        event.execute([id])?;
    }
    let mut interview = connection.prepare_cached(
        "INSERT INTO erased_interviews (id_hash, id) VALUES (?1, ?2)
         ON CONFLICT DO UPDATE SET id = excluded.id",
    )?;
    for one in &carried.interviews {
        interview.execute((one.0, &one.1))?;
    }
    let mut interviewer = connection.prepare_cached(
        "INSERT INTO erased_interviewers (hash) VALUES (?1) ON CONFLICT DO NOTHING",
    )?;
    for one in &carried.interviewers {
        interviewer.execute([one])?;
    }
    tokens::take_over(connection, carried.tokens)
}
