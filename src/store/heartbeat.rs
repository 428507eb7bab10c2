//! Whether the database can be written, known from the last write or from a probe.

use rusqlite::Connection;

use super::StoreError;
use crate::timestamp::Timestamp;

/// Writes a row that means nothing but that writing works.
///
/// # Errors
/// When it does not.
pub fn beat(connection: &Connection, now: Timestamp) -> Result<(), StoreError> {
    connection
        .prepare_cached(
            "INSERT INTO heartbeat (id, seen_at) VALUES (1, ?1)
             ON CONFLICT (id) DO UPDATE SET seen_at = excluded.seen_at",
        )?
        .execute([now])?;
    Ok(())
}
