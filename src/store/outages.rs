//! What is noticed of a receiver that is away and comes back: since when, what is exhausted because of it, and what
//! follows when it is back. All of it is kept with the result of the attempt that shows it.

use std::time::Duration;

use rusqlite::{Connection, OptionalExtension, Row};

use super::left_behind;
use super::relay_time::Now;
use crate::attempt::Attempted;
use crate::cause::Cause;
use crate::due::DueDelivery;
use crate::event::Status;
use crate::recovery::{GIVES_UP, shows_return};

/// The attempts of a round that has no retries, whatever the configuration says of them.
pub(super) const USED_UP: u32 = 1_000_000;

/// A row of `recoveries`.
pub(super) struct Left {
    pub(super) route: String,
    /// Since when attempts fail because the receiver is away, on the time axis; none: it is there.
    pub(super) away_since_ms: Option<i64>,
    pub(super) exhausted_ms: Option<i64>,
    pub(super) probes: u32,
    probe_seq: Option<i64>,
    /// Whether what is exhausted follows.
    pub(super) asked: bool,
    /// Whether retries that wait do.
    pub(super) retries: bool,
    pub(super) after_seq: Option<i64>,
    pub(super) last_seq: Option<i64>,
}

const COLUMNS: &str =
    "route, away_since_ms, exhausted_ms, probes, probe_seq, asked, retries, after_seq, last_seq";

impl Left {
    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            route: row.get(0)?,
            away_since_ms: row.get(1)?,
            exhausted_ms: row.get(2)?,
            probes: row.get(3)?,
            probe_seq: row.get(4)?,
            asked: row.get(5)?,
            retries: row.get(6)?,
            after_seq: row.get(7)?,
            last_seq: row.get(8)?,
        })
    }

    pub(super) fn of(connection: &Connection, route: &str) -> rusqlite::Result<Option<Self>> {
        connection
            .prepare_cached(&format!(
                "SELECT {COLUMNS} FROM recoveries WHERE route = ?1"
            ))?
            .query_row([route], Self::read)
            .optional()
    }

    pub(super) fn all(connection: &Connection) -> rusqlite::Result<Vec<Self>> {
        connection
            .prepare_cached(&format!("SELECT {COLUMNS} FROM recoveries"))?
            .query_map([], Self::read)?
            .collect()
    }

    /// A probe ends with its row in the outbox, however that goes: none is under way for ever.
    pub(super) fn is_probing(&self, connection: &Connection) -> rusqlite::Result<bool> {
        connection
            .prepare_cached("SELECT EXISTS (SELECT 1 FROM outbox WHERE event_seq = ?1)")?
            .query_row([self.probe_seq], |row| row.get(0))
    }

    pub(super) fn is_following(&self) -> bool {
        self.after_seq.is_some() && self.away_since_ms.is_none()
    }
}

/// What an attempt's result is judged by.
#[derive(Clone, Copy)]
pub(super) struct Judgement {
    /// For so long a receiver must have been away for retries that wait not to wait any longer.
    pub(super) away: Duration,
    /// What is exhausted follows by itself when the receiver is back.
    pub(super) automatic: bool,
}

/// Keeps what the result of an attempt says of its route's receiver: that it is away, or that it is back. Answers whether
/// what is exhausted begins to follow with it.
pub(super) fn after_attempt(
    connection: &Connection,
    due: &DueDelivery,
    attempted: &Attempted,
    status: Status,
    by: Judgement,
    now: Now,
) -> rusqlite::Result<bool> {
    let left = Left::of(connection, &due.route)?;
    let probe_seq = left.as_ref().and_then(|left| left.probe_seq);
    let is_probe = probe_seq == Some(due.seq);
    let is_back = shows_return(attempted, is_probe);
    let is_away = attempted.cause.is_some_and(Cause::is_outage);
    // What keeps the rest from being sent after a probe is wrong with all of them: it is still one of them.
    if status == Status::Exhausted && (is_away || (is_probe && !is_back)) {
        left_behind::leave(connection, due.seq, &due.route)?;
    }
    match left {
        Some(left) if is_back && (is_probe || left.away_since_ms.is_some()) => {
            back(connection, &left, due.seq, by, now)
        }
        _ if is_back => Ok(false),
        left => not_back(connection, due, left, is_away, status, is_probe, now).map(|()| false),
    }
}

fn not_back(
    connection: &Connection,
    due: &DueDelivery,
    left: Option<Left>,
    is_away: bool,
    status: Status,
    is_probe: bool,
    now: Now,
) -> rusqlite::Result<()> {
    if is_probe {
        // Nothing more is sent; retries that followed before it was asked for go on, if the receiver is there.
        connection
            .prepare_cached(
                "UPDATE recoveries
                    SET asked = 0, probe_seq = NULL, after_seq = iif(retries AND away_since_ms IS NULL, 0, NULL)
                  WHERE route = ?1",
            )?
            .execute([&*due.route])?;
    }
    let is_last = status == Status::Exhausted && !is_probe;
    let is_known = left.is_some_and(|left| left.away_since_ms.is_some());
    if !is_away || (is_known && !is_last) {
        return Ok(());
    }
    connection
        .prepare_cached(
            "INSERT INTO recoveries (route, away_since_ms, exhausted_ms) VALUES (?1, ?2, iif(?3, ?2, NULL))
             ON CONFLICT (route) DO UPDATE
                SET away_since_ms = coalesce(away_since_ms, excluded.away_since_ms),
                    exhausted_ms = coalesce(excluded.exhausted_ms, exhausted_ms),
                    probes = iif(?3, 0, probes)",
        )?
        .execute((&*due.route, now.axis_ms, is_last))
        .map(|_| ())
}

/// The receiver is back: what waits for that follows, all of it in one pass. Answers whether what is exhausted does.
fn back(
    connection: &Connection,
    left: &Left,
    seq: i64,
    by: Judgement,
    now: Now,
) -> rusqlite::Result<bool> {
    let was_away = left
        .away_since_ms
        .is_some_and(|since_ms| now.since(since_ms) >= by.away);
    let lasts = |ms| now.since(ms) <= GIVES_UP;
    let asked = left.asked || (by.automatic && left.exhausted_ms.is_some_and(lasts));
    connection
        .prepare_cached(
            "UPDATE recoveries
                SET away_since_ms = NULL, probe_seq = NULL, asked = ?2, retries = max(retries, ?3)
              WHERE route = ?1",
        )?
        .execute((&left.route, asked, was_away))?;
    if let Some(probe) = left.probe_seq.filter(|probe| *probe != seq) {
        // Another one has shown it: this one is like those that follow.
        connection
            .prepare_cached(
                "UPDATE outbox SET attempts_in_round = 0
                  WHERE event_seq = ?1 AND attempts_in_round >= ?2",
            )?
            .execute((probe, USED_UP))?;
    }
    if asked || left.retries || was_away {
        begin(connection, &left.route)?;
    } else {
        forget_settled(connection, &left.route)?;
    }
    Ok(asked)
}

/// Begins at the oldest, and ends with the newest that is kept at this moment.
pub(super) fn begin(connection: &Connection, route: &str) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "UPDATE recoveries
                SET after_seq = 0, last_seq = (SELECT coalesce(max(seq), 0) FROM events)
              WHERE route = ?1",
        )?
        .execute([route])
        .map(|_| ())
}

pub(super) fn forget_settled(connection: &Connection, route: &str) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "DELETE FROM recoveries
              WHERE route = ?1 AND away_since_ms IS NULL AND exhausted_ms IS NULL
                AND probe_seq IS NULL AND after_seq IS NULL",
        )?
        .execute([route])
        .map(|_| ())
}
