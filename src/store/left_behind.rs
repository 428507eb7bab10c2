//! What an outage has left behind: deliveries that are exhausted because the receiver was away (contract, section 5.3),
//! and which of them go before a newer one of their person.
//!
//! One is here exactly while it is exhausted for that reason and nobody has dismissed it. The one exception: what goes
//! before a newer one is put into the outbox, and is here until its attempt begins.

use rusqlite::{Connection, OptionalExtension};

use super::delivered_digests;
use super::relay_time::Now;
use super::send_counts::{self, QueueStatus};

/// What follows after an outage: the receiver is back, and it is sent in the order of acceptance.
const FOLLOWS: &str = "asked = 1 AND after_seq IS NOT NULL AND away_since_ms IS NULL";

/// Remembers a delivery that was exhausted because the receiver was away.
pub(super) fn leave(connection: &Connection, seq: i64, route: &str) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO left_by_outages (event_seq, route, staff_id)
             VALUES (?1, ?2, (SELECT staff_id FROM events WHERE seq = ?1))
             ON CONFLICT DO UPDATE SET route = excluded.route",
        )?
        .execute((seq, route))
        .map(|_| ())
}

/// Forgets a delivery that is sent again, has arrived, or is not to be sent any more.
pub(super) fn take(connection: &Connection, seq: i64) -> rusqlite::Result<()> {
    connection
        .prepare_cached("DELETE FROM left_by_outages WHERE event_seq = ?1")?
        .execute([seq])
        .map(|_| ())
}

/// Whether what is left behind on a route follows now.
pub(super) fn follows(connection: &Connection, route: &str) -> rusqlite::Result<bool> {
    connection
        .prepare_cached(&format!(
            "SELECT EXISTS (SELECT 1 FROM recoveries WHERE route = ?1 AND {FOLLOWS})"
        ))?
        .query_row([route], |row| row.get(0))
}

/// The oldest of a person on a route that follows now, has not come yet, and was accepted before `seq`.
pub(super) fn before(
    connection: &Connection,
    staff_id: &str,
    route: &str,
    seq: i64,
) -> rusqlite::Result<Option<i64>> {
    connection
        .prepare_cached(&format!(
            "SELECT l.event_seq FROM left_by_outages l CROSS JOIN recoveries r ON r.route = l.route
              WHERE l.staff_id = ?1 AND l.route = ?2 AND l.event_seq < ?3
                AND {FOLLOWS} AND l.event_seq > r.after_seq AND l.event_seq <= r.last_seq
              ORDER BY l.event_seq LIMIT 1"
        ))?
        .query_row((staff_id, route, seq), |row| row.get(0))
        .optional()
}

/// The queue row of a delivery says that it is to be sent again, at this moment at the latest.
pub(super) fn expect(
    connection: &Connection,
    seq: i64,
    at_ms: i64,
    now: Now,
) -> rusqlite::Result<()> {
    let expected: Option<(String, String)> = connection
        .prepare_cached(
            "UPDATE webhook_retry_queue SET status = 'pending', next_retry_at = ?2, updated_at = ?3
              WHERE id = (SELECT id FROM events WHERE seq = ?1) AND status = 'failed'
             RETURNING id, (SELECT route FROM webhook_send_logs l WHERE l.id = webhook_retry_queue.id)",
        )?
        .query_row((seq, now.wall_of(at_ms), now.wall), |row| {
            Ok((row.get(0)?, row.get(1)?))
        })
        .optional()?;
    let Some((id, route)) = expected else {
        return Ok(());
    };
    delivered_digests::forget(connection, &id)?;
    send_counts::add_queued(connection, &route, QueueStatus::Failed, -1)?;
    send_counts::add_queued(connection, &route, QueueStatus::Pending, 1)
}
