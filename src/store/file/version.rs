//! Who wrote a database, and in which version; and how it is brought to this one.

use std::collections::BTreeSet;
use std::path::Path;

use refinery::{Runner, Target};
use rusqlite::Connection;
use serde_json::json;

use super::file_integrity::APPLICATION_ID;
use super::open_error::OpenError;
use crate::crypto::sha256;

/// A file in `migrations`, and what refinery notes of it.
struct Migration {
    version: i32,
    name: &'static str,
    checksum: u64,
    /// The fingerprint of the schema after it.
    schema: u64,
    sql: &'static str,
}

/// The newest one.
const NEWEST: Migration = Migration {
    version: 1,
    name: "relay",
    checksum: 10_952_685_817_871_574_537,
    schema: 13_589_297_740_648_911_665,
    sql: include_str!("../../../migrations/V1__relay.sql"),
};

/// All of them, oldest first.
const MIGRATIONS: [Migration; 1] = [NEWEST];

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
            // Without the note of its version too: then it is damaged.
            (APPLICATION_ID, _) => Self::Ours,
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
    NEWEST.version
}

/// Applies the migrations that the file has not seen. Those of a new file are no news.
pub(in crate::store) fn migrate(connection: &mut Connection, path: &Path) -> Result<(), OpenError> {
    let before = schema_version(connection).map_err(|error| OpenError::database(path, &error))?;
    if before == NEWEST.version
        && is_as_noted(connection).map_err(|error| OpenError::database(path, &error))?
    {
        return Ok(());
    }
    runner(path)?
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
    let applied: String = connection.query_row(
        "SELECT checksum FROM refinery_schema_history WHERE version = ?1",
        [NEWEST.version],
        |row| row.get(0),
    )?;
    Ok(applied == NEWEST.checksum.to_string())
}

/// Refinery with the migrations, which it is given as it writes them. From the names of files it would read them with
/// regular expressions: a twentieth of the program.
fn runner(path: &Path) -> Result<Runner, OpenError> {
    let written = MIGRATIONS.map(|one| {
        json!({
            "state": "Unapplied",
            "name": one.name,
            "checksum": one.checksum,
            "version": one.version,
            "prefix": "Versioned",
            "sql": one.sql,
            "applied_on": null,
        })
    });
    let migrations: Result<Vec<_>, _> = written.into_iter().map(serde_json::from_value).collect();
    let migrations = migrations.map_err(|error| OpenError::Migration {
        path: path.to_owned(),
        what: error.to_string(),
    })?;
    Ok(Runner::new(&migrations))
}

/// The first table or index of a database of this program, in the version that it has seen, that is not in it as it was
/// made: SQLite itself finds nothing wrong with that. One that was added is no matter.
pub(super) fn schema_damage(
    connection: &Connection,
    path: &Path,
) -> Result<Option<String>, OpenError> {
    let at_path = |error| OpenError::database(path, &error);
    let version = schema_version(connection).map_err(at_path)?;
    let found = schema(connection).map_err(at_path)?;
    // To make the whole schema takes some milliseconds, for which nobody waits at each start.
    if version == NEWEST.version && fingerprint(&found) == NEWEST.schema {
        return Ok(None);
    }
    if version == 0 {
        return Ok(Some(changed("refinery_schema_history")));
    }
    let mut whole = Connection::open_in_memory().map_err(at_path)?;
    runner(path)?
        .set_target(Target::Version(version))
        .run(&mut whole)
        .map_err(|error| OpenError::migration(path, &error))?;
    let expected = schema(&whole).map_err(at_path)?;
    let mut missing = expected.into_iter().filter(|one| !found.contains(one));
    let missing = missing.next().map(|[name, ..]| name);
    Ok(missing.map(|name| changed(&String::from_utf8_lossy(&name))))
}

fn changed(name: &str) -> String {
    format!("{name} is missing, or was changed")
}

/// What was made: its name, kind and table, and how. Damaged text need not be UTF-8. What SQLite makes for itself is not
/// in it.
fn schema(connection: &Connection) -> rusqlite::Result<BTreeSet<[Vec<u8>; 4]>> {
    connection
        .prepare(
            "SELECT CAST(name AS BLOB), CAST(type AS BLOB), CAST(tbl_name AS BLOB),
                    CAST(coalesce(sql, '') AS BLOB)
               FROM sqlite_schema WHERE name NOT LIKE 'sqlite!_%' ESCAPE '!'",
        )?
        .query_map([], |row| {
            Ok([row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?])
        })?
        .collect()
}

/// The same for every schema in which everything is the same.
fn fingerprint(schema: &BTreeSet<[Vec<u8>; 4]>) -> u64 {
    let texts = schema.iter().flatten();
    let parts: Vec<&[u8]> = texts.flat_map(|text| [text, &b"\0"[..]]).collect();
    let digest = sha256(&parts);
    let first = digest.iter().take(8);
    first.fold(0, |number, byte| number << 8 | u64::from(*byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    mod written {
        refinery::embed_migrations!("migrations");
    }

    #[test]
    fn the_migrations_are_those_of_the_directory() {
        let written = written::migrations::runner();
        let mut written: Vec<_> = written.get_migrations().iter().collect();
        written.sort_unstable();
        let given = runner(Path::new("relay.db")).unwrap();
        let given: Vec<_> = given.get_migrations().iter().collect();
        assert_eq!(given, written);
        let sql = |all: &[&refinery::Migration]| -> Vec<_> {
            all.iter().map(|one| one.sql().map(str::to_owned)).collect()
        };
        assert_eq!(sql(&given), sql(&written));
        assert_eq!(
            written.last().map(|one| one.version()),
            Some(NEWEST.version)
        );
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

    #[test]
    fn the_fingerprint_is_that_of_the_newest_schema() {
        let mut connection = Connection::open_in_memory().unwrap();
        migrate(&mut connection, Path::new("relay.db")).unwrap();
        assert_eq!(fingerprint(&schema(&connection).unwrap()), NEWEST.schema);
    }

    #[test]
    fn whatever_is_missing_or_changed_is_found_and_what_was_added_is_no_matter() {
        let path = Path::new("relay.db");
        let damage = |sql: &str| {
            let mut connection = Connection::open_in_memory().unwrap();
            migrate(&mut connection, path).unwrap();
            connection
                .execute_batch("PRAGMA foreign_keys = OFF")
                .unwrap();
            connection.execute_batch(sql).unwrap();
            schema_damage(&connection, path).unwrap()
        };
        for harmless in ["", "CREATE TABLE mine (a)", "ANALYZE"] {
            assert_eq!(damage(harmless), None, "{harmless}");
        }
        let spoilt = |what: &str| {
            format!(
                "PRAGMA writable_schema = ON;
                 UPDATE sqlite_schema SET {what} WHERE name = 'events_by_staff';"
            )
        };
        for (sql, name) in [
            ("DROP INDEX events_by_staff", "events_by_staff"),
            ("DROP TABLE attempts", "attempts"),
            ("ALTER TABLE events ADD COLUMN mine TEXT", "events"),
            (
                "DROP TABLE refinery_schema_history",
                "refinery_schema_history",
            ),
            (
                "DELETE FROM refinery_schema_history",
                "refinery_schema_history",
            ),
            (
                &spoilt("sql = replace(sql, 'CREATE', 'CrEATE')"),
                "events_by_staff",
            ),
            // No UTF-8.
            (
                &spoilt("sql = CAST(CAST(sql AS BLOB) || x'f3' AS TEXT)"),
                "events_by_staff",
            ),
            (&spoilt("type = 'indey'"), "events_by_staff"),
        ] {
            let found = damage(sql);
            assert!(
                found.as_ref().is_some_and(|found| found.contains(name)),
                "{sql}: {found:?}"
            );
        }
    }
}
