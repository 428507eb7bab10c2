//! What becomes of incidents when their deliveries are purged, and that those that are over are forgotten after a while.

use std::time::Duration;

use rusqlite::Connection;

use crate::clock::Moment;
use crate::store::writer::Lane;
use crate::store::{Store, StoreError};

/// Incidents that are forgotten in one transaction, and of how many deliveries.
const FORGOTTEN_AT_ONCE: (u32, u32) = (20, 1000);

impl Store {
    /// Forgets some of the incidents that are over for longer than they are `kept`. Nothing is written when there are none.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn purge_incidents(&self, kept: Duration, moment: Moment) -> Result<(), StoreError> {
        let before_ms = self.time.now(moment).lived_before(kept);
        if !self.read(move |c| any_over(c, before_ms)).await? {
            return Ok(());
        }
        self.write(Lane::Alerts, move |connection| {
            Ok(purge(connection, before_ms)?)
        })
        .await
    }
}

/// Counts a delivery that is purged now in the incidents that have counted it, by how it had ended for them.
pub(in crate::store) fn count_purged(connection: &Connection, event: i64) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "UPDATE incidents
                SET purged_delivered = purged_delivered + (d.ended IS 'delivered'),
                    purged_dismissed = purged_dismissed + (d.ended IS 'dismissed'),
                    purged_open = purged_open + (d.ended IS NULL)
               FROM incident_deliveries d
              WHERE d.event_seq = ?1 AND incidents.seq = d.incident",
        )?
        .execute([event])
        .map(|_| ())
}

/// Whether anything was over before a moment of the relay's life.
fn any_over(connection: &Connection, before_ms: i64) -> Result<bool, StoreError> {
    Ok(connection
        .prepare_cached("SELECT EXISTS (SELECT 1 FROM incidents WHERE closed_lived_ms < ?1)")?
        .query_row([before_ms], |row| row.get(0))?)
}

/// Forgets what was over before that, a little at a time: the deliveries of an incident may be many, and go
/// before it does.
pub(super) fn purge(connection: &Connection, before_ms: i64) -> rusqlite::Result<()> {
    let (incidents, deliveries) = FORGOTTEN_AT_ONCE;
    let over: Vec<i64> = connection
        .prepare_cached(
            "SELECT seq FROM incidents WHERE closed_lived_ms < ?1 ORDER BY closed_lived_ms LIMIT ?2",
        )?
        .query_map((before_ms, incidents), |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    let mut room = deliveries as usize;
    for incident in over {
        let gone = connection
            .prepare_cached(
                "DELETE FROM incident_deliveries WHERE (event_seq, incident) IN (
                   SELECT event_seq, incident FROM incident_deliveries WHERE incident = ?1 LIMIT ?2)",
            )?
            .execute((incident, room))?;
        room -= gone;
        if room == 0 {
            return Ok(());
        }
        connection
            .prepare_cached("DELETE FROM incidents WHERE seq = ?1")?
            .execute([incident])?;
    }
    Ok(())
}
