//! Who wrote a database, and in which version; and how it is brought to this one.

use std::path::Path;

use rusqlite::Connection;

use super::open_error::OpenError;

mod migrations {
    refinery::embed_migrations!("migrations");
}

/// What `migrations/V1__relay.sql` marks every database of this program with.
const APPLICATION_ID: i32 = 0x5644_524c;

/// Who wrote a database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Origin {
    /// This program, or an earlier version of it.
    Ours,
    /// Nobody yet.
    Empty,
    /// This program before its first release.
    OfBefore,
    /// A newer version of this program. It may have changed what rows mean: guessing would damage them.
    Newer {
        /// The schema version in the file.
        found: i32,
        /// The newest that this program knows.
        known: i32,
    },
    /// Another program.
    Foreign,
}

impl Origin {
    pub(super) fn of(connection: &Connection) -> rusqlite::Result<Self> {
        let application: i32 =
            connection.query_row("PRAGMA application_id", [], |row| row.get(0))?;
        let (found, known) = (schema_version(connection)?, newest_known_version());
        // A first start that was killed may have left the table in which migrations are noted.
        let tables: i64 = connection.query_row(
            "SELECT count(*) FROM sqlite_schema WHERE tbl_name <> 'refinery_schema_history'",
            [],
            |row| row.get(0),
        )?;
        Ok(match (application, found) {
            (APPLICATION_ID, found) if found > known => Self::Newer { found, known },
            (APPLICATION_ID, 1..) => Self::Ours,
            (0, 1..) => Self::OfBefore,
            (0, _) if tables == 0 => Self::Empty,
            _ => Self::Foreign,
        })
    }
}

/// The newest migration of this program.
pub(in crate::store) fn newest_known_version() -> i32 {
    let migrations = migrations::migrations::runner();
    let versions = migrations.get_migrations().iter();
    versions
        .map(refinery::Migration::version)
        .max()
        .unwrap_or(0)
}

/// The newest migration that the file has seen; 0 for a new file.
pub(in crate::store) fn schema_version(connection: &Connection) -> rusqlite::Result<i32> {
    let has_history: bool = connection.query_row(
        "SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE name = 'refinery_schema_history')",
        [],
        |row| row.get(0),
    )?;
    if !has_history {
        return Ok(0);
    }
    connection.query_row(
        "SELECT coalesce(max(version), 0) FROM refinery_schema_history",
        [],
        |row| row.get(0),
    )
}

/// Applies the migrations that the file has not seen. Those of a new file are no news.
pub(in crate::store) fn migrate(connection: &mut Connection, path: &Path) -> Result<(), OpenError> {
    let before = schema_version(connection).map_err(|error| OpenError::database(path, &error))?;
    migrations::migrations::runner()
        // Ungrouped, a migration and the note that it was made are two transactions, and a kill
        // between them leaves a database that no start can bring any further.
        .set_grouped(true)
        .run(connection)
        .map_err(|error| OpenError::migration(path, &error))?;
    let known = newest_known_version();
    if (1..known).contains(&before) {
        tracing::info!(
            before,
            now = known,
            "the database was brought to a newer version"
        );
    }
    Ok(())
}
