//! Deliveries that a comparison with the partner's list found missing or without effect, until they are found or somebody
//! says that nothing is to be done; and those that no comparison could judge yet (contract, section 4.7).

use rusqlite::{Connection, OptionalExtension};

use super::StoreError;
use super::incidents::{self, End};
use super::relay_time::Now;
use crate::kpi::FINDINGS_KEPT;
use crate::reconciliation::comparison::Discrepancy;
use crate::timestamp::Timestamp;

/// Findings of purged deliveries that are forgotten in one transaction.
const FORGOTTEN_AT_ONCE: u32 = 500;

/// How it ends that a delivery is missing.
#[derive(Clone, Copy)]
enum How {
    Confirmed,
    Dismissed,
}

impl How {
    fn as_str(self) -> &'static str {
        match self {
            Self::Confirmed => "confirmed",
            Self::Dismissed => "dismissed",
        }
    }
}

/// Notes that a delivery is missing, and tells it when it is news. One that was found since, or that somebody dismissed
/// before its last attempt, is news again.
pub(super) fn note(
    connection: &Connection,
    seq: i64,
    finding: Discrepancy,
    threshold: u64,
    now: Now,
) -> Result<(), StoreError> {
    let route: Option<String> = connection
        .prepare_cached(
            "SELECT coalesce(l.route, e.route) FROM events e LEFT JOIN webhook_send_logs l ON l.id = e.id
              WHERE e.seq = ?1",
        )?
        .query_row([seq], |row| row.get(0))
        .optional()?;
    // It may have been purged since it was compared.
    let Some(route) = route else {
        return Ok(());
    };
    let known = connection
        .prepare_cached(
            "UPDATE missing_deliveries SET reason = ?2 WHERE event_seq = ?1 AND how IS NULL",
        )?
        .execute((seq, finding.as_str()))?;
    if known > 0 {
        return Ok(());
    }
    connection
        .prepare_cached(
            "INSERT INTO missing_deliveries (event_seq, reason, found_at) VALUES (?1, ?2, ?3)
             ON CONFLICT (event_seq) DO UPDATE
                SET reason = excluded.reason, found_at = excluded.found_at, ended_at = NULL, how = NULL",
        )?
        .execute((seq, finding.as_str(), now.wall))?;
    incidents::after_finding(connection, seq, &route, threshold, now)
}

/// A comparison has found what was missing.
pub(super) fn confirm(connection: &Connection, seq: i64, now: Now) -> Result<(), StoreError> {
    if end(connection, seq, How::Confirmed, now.wall)? {
        for incident in incidents::leave(connection, seq, End::Found)? {
            incidents::close_when_settled(connection, incident, now)?;
        }
    }
    Ok(())
}

/// Nothing is to be done about what is missing, and says whether something was. The incidents that count it are left by
/// the caller.
pub(super) fn dismiss(connection: &Connection, seq: i64, at: Timestamp) -> rusqlite::Result<bool> {
    end(connection, seq, How::Dismissed, at)
}

fn end(connection: &Connection, seq: i64, how: How, at: Timestamp) -> rusqlite::Result<bool> {
    let ended = connection
        .prepare_cached(
            "UPDATE missing_deliveries SET ended_at = ?2, how = ?3 WHERE event_seq = ?1 AND how IS NULL",
        )?
        .execute((seq, at, how.as_str()))?;
    Ok(ended > 0)
}

/// Keeps of a delivery that is purged now what the goals say of it: that nobody notices a loss any more makes it none.
pub(super) fn keep_purged(connection: &Connection, seq: i64, now: Now) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO purged_findings (route, sent_at, found_at, still_missing, lived_ms)
             SELECT l.route, l.sent_at, m.found_at, m.how IS NULL AND l.status = 'success', ?2
               FROM missing_deliveries m CROSS JOIN events e ON e.seq = m.event_seq
               CROSS JOIN webhook_send_logs l ON l.id = e.id
              WHERE m.event_seq = ?1 AND m.reason <> 'no_effect'",
        )?
        .execute((seq, now.lived_ms()))
        .map(|_| ())
}

/// Forgets some of what was kept of purged deliveries, when it is older than the goals look back.
pub(super) fn forget_purged(connection: &Connection, now: Now) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "DELETE FROM purged_findings WHERE seq IN (
               SELECT seq FROM purged_findings WHERE lived_ms < ?1 ORDER BY lived_ms LIMIT ?2)",
        )?
        .execute((now.lived_before(FINDINGS_KEPT), FORGOTTEN_AT_ONCE))
        .map(|_| ())
}

/// Notes that a comparison had a delivery in its range and could not say anything about it.
pub(super) fn note_unjudged(connection: &Connection, seq: i64) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO unjudged_deliveries (event_seq) SELECT seq FROM events WHERE seq = ?1
             ON CONFLICT DO NOTHING",
        )?
        .execute([seq])
        .map(|_| ())
}

/// A comparison has said something about it.
pub(super) fn forget_unjudged(connection: &Connection, seq: i64) -> rusqlite::Result<()> {
    connection
        .prepare_cached("DELETE FROM unjudged_deliveries WHERE event_seq = ?1")?
        .execute([seq])
        .map(|_| ())
}
