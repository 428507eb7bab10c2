//! Who wrote a database, and in which version; and how it is brought to this one.

use std::collections::BTreeSet;
use std::path::Path;

use refinery::Target;
use rusqlite::Connection;

use super::open_error::OpenError;

mod migrations {
    refinery::embed_migrations!("migrations");
}

/// What `migrations/V1__relay.sql` marks every database of this program with.
pub(super) const APPLICATION_ID: i32 = 0x5644_524c;

/// The newest migration: its version, and the checksum that refinery has of its file. They stand here so that a start with
/// nothing to apply does without refinery, whose regular expressions would stay in memory.
const NEWEST: (i32, &str) = (1, "17064680822169182177");

/// Who wrote a database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FileOrigin {
    /// This program, or an earlier version of it.
    Ours,
    /// Nobody yet.
    Empty,
    /// This program before its first release.
    PreRelease,
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

impl FileOrigin {
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
            (0, 1..) => Self::PreRelease,
            (0, _) if tables == 0 => Self::Empty,
            _ => Self::Foreign,
        })
    }
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

/// The newest migration of this program.
pub(in crate::store) const fn newest_known_version() -> i32 {
    NEWEST.0
}

/// Applies the migrations that the file has not seen. Those of a new file are no news.
pub(in crate::store) fn migrate(connection: &mut Connection, path: &Path) -> Result<(), OpenError> {
    let before = schema_version(connection).map_err(|error| OpenError::database(path, &error))?;
    if before == NEWEST.0
        && is_as_noted(connection).map_err(|error| OpenError::database(path, &error))?
    {
        return Ok(());
    }
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

/// Whether the newest migration was applied as it is in this program. If not, refinery says what is different.
fn is_as_noted(connection: &Connection) -> rusqlite::Result<bool> {
    let (version, checksum) = NEWEST;
    let applied: String = connection.query_row(
        "SELECT checksum FROM refinery_schema_history WHERE version = ?1",
        [version],
        |row| row.get(0),
    )?;
    Ok(applied == checksum)
}

/// The first table or index of a database of this program, in the version that it has seen, that is not in it as it was
/// made. One that was added is no matter.
pub(super) fn missing_in(
    connection: &Connection,
    path: &Path,
) -> Result<Option<String>, OpenError> {
    let at_path = |error| OpenError::database(path, &error);
    let version = schema_version(connection).map_err(at_path)?;
    let mut whole = Connection::open_in_memory().map_err(at_path)?;
    migrations::migrations::runner()
        .set_target(Target::Version(version))
        .run(&mut whole)
        .map_err(|error| OpenError::migration(path, &error))?;
    let found = schema(connection).map_err(at_path)?;
    let expected = schema(&whole).map_err(at_path)?;
    let mut missing = expected.into_iter().filter(|one| !found.contains(one));
    Ok(missing.next().map(|(name, _)| name))
}

/// What was made, by name, and how. What SQLite makes for itself is not in it.
fn schema(connection: &Connection) -> rusqlite::Result<BTreeSet<(String, String)>> {
    connection
        .prepare("SELECT name, sql FROM sqlite_schema WHERE name NOT LIKE 'sqlite!_%' ESCAPE '!'")?
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_migration_is_noted() {
        let runner = migrations::migrations::runner();
        let newest = runner
            .get_migrations()
            .iter()
            .max_by_key(|one| one.version());
        let newest = newest.map(|one| (one.version(), one.checksum().to_string()));
        assert_eq!(newest, Some((NEWEST.0, NEWEST.1.to_owned())));
    }

    #[test]
    fn a_migration_that_was_changed_after_it_was_applied_is_refused() {
        let path = Path::new("relay.db");
        let mut connection = Connection::open_in_memory().unwrap();
        migrate(&mut connection, path).unwrap();
        migrate(&mut connection, path).unwrap();
        connection
            .execute("UPDATE refinery_schema_history SET checksum = '1'", [])
            .unwrap();
        let refused = migrate(&mut connection, path).unwrap_err();
        assert!(
            matches!(refused, OpenError::Migration { .. }),
            "{refused:?}"
        );
    }
}
