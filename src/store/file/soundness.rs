//! The care for a database that is open: copies of it, a look through it now and then, and a last copy when its
//! file is gone. All of it reads through one connection that was opened at the start: what is read is this
//! database, whatever stands at its path by now.

use std::path::{Path, PathBuf};

use rusqlite::Connection;

use super::restore::name_of;
use super::snapshot::{self, SnapshotError};
use super::{RESCUED, in_one_line};
use crate::clock::Moment;
use crate::store::writer::Lane;
use crate::store::{Store, StoreError};
use crate::trouble::Trouble;

/// What one step of a look through the database found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Look {
    /// Where the next step begins; none: everything was looked at, or there is damage.
    pub next: Option<usize>,
    /// What SQLite found first.
    pub damage: Option<String>,
}

impl Store {
    /// Writes a copy of the whole database to `target`, as [`snapshot::copy`] does. Nobody is held up meanwhile,
    /// and it is finished though the one who asked goes away.
    ///
    /// # Errors
    /// `SnapshotError`; `target` is as it was.
    pub async fn copy_to(&self, target: &Path) -> Result<(), SnapshotError> {
        let path = target.to_owned();
        let copying = self
            .keeper
            .work(move |connection| Ok(snapshot::copy_from(connection, &path)));
        let copied = copying.await.unwrap_or_else(|error| {
            Err(SnapshotError::Database {
                path: self.file.path().to_owned(),
                what: error.to_string(),
            })
        });
        if matches!(copied, Err(SnapshotError::Damaged { .. })) {
            // The damage is in the database, or it came with the copying: a look through it says which.
            let mut from = Some(0);
            while let Some(part) = from {
                from = self.look_through(part).await.ok().and_then(|l| l.next);
            }
        }
        copied
    }

    /// Lets SQLite look through the part `from` of the database, beginning with 0. Each part is read in a short
    /// transaction of its own, so that the journal does not grow for long. What is found is remembered by the
    /// [`DatabaseFile`](super::DatabaseFile).
    ///
    /// # Errors
    /// When the database cannot be read, for another reason than damage.
    pub async fn look_through(&self, from: usize) -> Result<Look, StoreError> {
        let look = self.keeper.read(move |connection| look(connection, from));
        let look = match look.await {
            Err(StoreError::Unavailable(Trouble::Damaged { what, .. })) => Look {
                next: None,
                damage: Some(what),
            },
            other => other?,
        };
        match &look {
            Look {
                damage: Some(what), ..
            } => self.file.judged(Some(what)),
            Look { next: None, .. } => self.file.judged(None),
            Look { .. } => {}
        }
        Ok(look)
    }

    /// Copies what only the open file has to a file of its own in the data directory, and answers which. It holds
    /// everything that was ever acknowledged.
    ///
    /// # Errors
    /// `SnapshotError`; the open file still has everything.
    pub async fn rescue(&self, moment: Moment) -> Result<PathBuf, SnapshotError> {
        // Commands that found the file in its place have been committed when this is answered. With what time it is, the
        // copy shows to be later than whatever is left in the file's place. One without it still has everything.
        let _ = self.keep_time(Lane::Alerts, moment).await;
        let name = format!("{}{}{}", RESCUED.0, name_of(moment.wall), RESCUED.1);
        let copy = self.file.directory.join(name);
        self.copy_to(&copy).await?;
        self.file.troubles.set_rescued(&copy);
        Ok(copy)
    }
}

/// Looks at one table with its indexes.
fn look(connection: &Connection, from: usize) -> Result<Look, StoreError> {
    let tables: Vec<String> = connection
        .prepare_cached(
            "SELECT 'sqlite_schema' UNION ALL SELECT name FROM sqlite_schema WHERE type = 'table'",
        )?
        .query_map([], |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    let Some(table) = tables.get(from) else {
        return Ok(Look {
            next: None,
            damage: None,
        });
    };
    let mut verdict = String::new();
    connection.pragma(None, "quick_check", table, |row| {
        verdict = row.get(0)?;
        Ok(())
    })?;
    let damage = (verdict != "ok").then(|| in_one_line(&verdict));
    Ok(Look {
        next: damage.is_none().then_some(from + 1),
        damage,
    })
}
