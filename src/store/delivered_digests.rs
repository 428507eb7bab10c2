//! Digests of what was delivered in days and hours (contract, section 4.7). Those of slots that are over are kept, and
//! forgotten when a delivery of theirs changes.

use std::collections::BTreeSet;
use std::time::Duration;

use rusqlite::{Connection, OptionalExtension};
use uuid::Uuid;

use super::writer::Lane;
use super::{Store, StoreError};
use crate::crypto::Sha256;
use crate::reconciliation::digest::{self, SlotDigest};
use crate::reconciliation::{first_id_at, time_of};
use crate::slot::Unit;
use crate::timestamp::Timestamp;

/// A slot counts as over so long after its end: an id may be made a moment before its event is committed.
const OVER_AFTER: Duration = Duration::from_mins(10);
/// A digest of more events is not kept: computing it would hold up accepting.
const MOST_EVENTS: u32 = 20_000;

/// A slot: its name, its first moment and the first one behind it.
type Slot = (String, Timestamp, Timestamp);

impl Store {
    /// The digests of the slots that have a part of the range from `from` to `to`, of these routes together. Those of
    /// slots that are over at `now` are kept.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn delivered_digests(
        &self,
        routes: &BTreeSet<String>,
        unit: Unit,
        (from, to): (Timestamp, Timestamp),
        now: Timestamp,
    ) -> Result<Vec<SlotDigest>, StoreError> {
        let slots = digest::slots(unit, from, to);
        let (asked, of_routes) = (slots.clone(), routes.clone());
        let kept = self.read(move |connection| {
            let kept = |slot: &Slot| Ok(kept(connection, unit, slot, &of_routes)?);
            asked
                .iter()
                .map(kept)
                .collect::<Result<Vec<_>, StoreError>>()
        });
        let mut digests = Vec::new();
        for (slot, kept) in slots.into_iter().zip(kept.await?) {
            digests.push(match kept {
                Some(kept) => kept,
                None => self.digest(routes, unit, slot, now).await?,
            });
        }
        Ok(digests)
    }

    async fn digest(
        &self,
        routes: &BTreeSet<String>,
        unit: Unit,
        slot: Slot,
        now: Timestamp,
    ) -> Result<SlotDigest, StoreError> {
        if slot.2.after(OVER_AFTER) < now {
            let (slot, routes) = (slot.clone(), routes.clone());
            let kept = self.write(Lane::Maintenance, move |connection| {
                Ok::<_, StoreError>(compute_and_keep(connection, unit, &slot, &routes)?)
            });
            // When it cannot be kept, it is computed again next time.
            if let Ok(Some(digest)) = kept.await {
                return Ok(digest);
            }
        }
        let routes = routes.clone();
        self.read(move |connection| Ok(compute(connection, &slot, &routes)?))
            .await
    }
}

/// The names of the routes, as they stand beside a digest.
fn names(routes: &BTreeSet<String>) -> String {
    let names: Vec<&str> = routes.iter().map(String::as_str).collect();
    names.join("\n")
}

/// The slot's name among slots of several units.
fn name(unit: Unit, slot: &Slot) -> String {
    unit.name_of(slot.1)
}

fn kept(
    connection: &Connection,
    unit: Unit,
    slot: &Slot,
    routes: &BTreeSet<String>,
) -> rusqlite::Result<Option<SlotDigest>> {
    connection
        .prepare_cached(
            "SELECT delivered, open, digest FROM delivered_digests WHERE slot = ?1 AND routes = ?2",
        )?
        .query_row((name(unit, slot), names(routes)), |row| {
            Ok(SlotDigest {
                delivered: row.get(0)?,
                open: row.get(1)?,
                digest: row.get(2)?,
                ..empty(slot)
            })
        })
        .optional()
}

fn empty((name, from, to): &Slot) -> SlotDigest {
    SlotDigest {
        slot: name.clone(),
        from: first_id_at(*from),
        to: first_id_at(*to),
        delivered: 0,
        open: 0,
        digest: Sha256::default().finish(),
    }
}

/// None: the slot has too many events.
fn compute_and_keep(
    connection: &Connection,
    unit: Unit,
    slot: &Slot,
    routes: &BTreeSet<String>,
) -> rusqlite::Result<Option<SlotDigest>> {
    let events: u32 = connection
        .prepare_cached(
            "SELECT count(*) FROM (SELECT 1 FROM events WHERE id >= ?1 AND id < ?2 LIMIT ?3)",
        )?
        .query_row(
            (
                first_id_at(slot.1).to_string(),
                first_id_at(slot.2).to_string(),
                MOST_EVENTS + 1,
            ),
            |row| row.get(0),
        )?;
    if events > MOST_EVENTS {
        return Ok(None);
    }
    let digest = compute(connection, slot, routes)?;
    connection
        .prepare_cached(
            "INSERT OR REPLACE INTO delivered_digests (slot, routes, end_ms, delivered, open, digest)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        )?
        .execute((
            name(unit, slot),
            names(routes),
            slot.2.unix_ms(),
            digest.delivered,
            digest.open,
            digest.digest,
        ))?;
    Ok(Some(digest))
}

fn compute(
    connection: &Connection,
    slot: &Slot,
    routes: &BTreeSet<String>,
) -> rusqlite::Result<SlotDigest> {
    let mut statement = connection.prepare_cached(
        "SELECT e.id, coalesce(l.route, e.route), o.event_seq IS NOT NULL, l.status = 'success'
           FROM events e
           LEFT JOIN outbox o ON o.event_seq = e.seq
           LEFT JOIN webhook_send_logs l ON l.id = e.id
          WHERE e.id >= ?1 AND e.id < ?2 ORDER BY e.id",
    )?;
    let mut found = empty(slot);
    let mut ids = Sha256::default();
    let mut rows = statement.query((found.from.to_string(), found.to.to_string()))?;
    while let Some(row) = rows.next()? {
        let route = row.get_ref(1)?.as_str().unwrap_or_default();
        if !routes.contains(route) {
            continue;
        }
        if row.get(2)? {
            found.open += 1;
        } else if row.get::<_, Option<bool>>(3)? == Some(true) {
            found.delivered += 1;
            digest::add(&mut ids, row.get_ref(0)?.as_str().unwrap_or_default());
        }
    }
    found.digest = ids.finish();
    Ok(found)
}

/// Forgets the digests of the slots of this event, because its delivery changes, or it comes or goes. That is looked up
/// even when the slot cannot be over yet: a clock that was set back says nothing about that.
pub(super) fn forget(connection: &Connection, id: &str) -> rusqlite::Result<()> {
    let Ok(id) = Uuid::try_parse(id) else {
        return Ok(());
    };
    let moment = time_of(id);
    // Most events came after the end of all of them, and this is asked for every event and for every attempt.
    let some: bool = connection
        .prepare_cached("SELECT EXISTS (SELECT 1 FROM delivered_digests WHERE end_ms > ?1)")?
        .query_row([moment.unix_ms()], |row| row.get(0))?;
    if some {
        for unit in [Unit::Day, Unit::Hour] {
            connection
                .prepare_cached("DELETE FROM delivered_digests WHERE slot = ?1")?
                .execute([unit.name_of(moment)])?;
        }
    }
    Ok(())
}

/// Forgets those of slots that begin before `before`.
pub(super) fn purge(connection: &Connection, before: Timestamp) -> rusqlite::Result<()> {
    for unit in [Unit::Day, Unit::Hour] {
        connection
            .prepare_cached("DELETE FROM delivered_digests WHERE slot >= ?1 AND slot < ?2")?
            .execute((unit.as_str(), unit.name_of(before)))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
