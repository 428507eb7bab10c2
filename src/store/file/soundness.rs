//! Copies of the open database, examinations for damage, and a last copy when its
//! file is gone or damaged. All of it reads through one connection that was opened at the start, so it reads this
//! database even when another file is at its path by now.

use std::fs;
use std::path::{Path, PathBuf};

use rusqlite::Connection;

use super::log_backlog::{Promise, move_backlog};
use super::owner::set_other_aside;
use super::progress::refuse_stale;
use super::rescued::drop_earlier;
use super::restore::name_of;
use super::snapshot::{self, SnapshotError};
use super::version::schema_damage;
use super::{OpenError, RESCUED, in_one_line};
use crate::clock::Moment;
use crate::store::writer::Lane;
use crate::store::{Store, StoreError};
use crate::trouble::Trouble;

/// What one step of a look through the database found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckedPart {
    /// Where the next step begins; none: everything was looked at, or there is damage.
    pub next: Option<usize>,
    /// What SQLite found first.
    pub damage: Option<String>,
}

/// How much a look through the database finds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Depth {
    /// What needs no comparing of tables with their indexes.
    Quick,
    /// Everything that SQLite can find.
    Whole,
}

impl Store {
    /// Writes a copy of the whole database to `target`, as [`snapshot::copy`] does. Nobody is held up meanwhile,
    /// and it is finished though the one who asked goes away. What somebody has copied over the database never takes the
    /// place of a copy, and a copy of another relay's database is moved aside before.
    ///
    /// # Errors
    /// `SnapshotError`; `target` is as it was.
    pub async fn copy_to(&self, target: &Path) -> Result<(), SnapshotError> {
        snapshot::refuse_odd(target)?;
        let (file, replaced) = (self.file.clone(), target.to_owned());
        let judge = move || {
            if file.is_overwritten() {
                return Err(SnapshotError::Source {
                    path: file.path().to_owned(),
                    trouble: Trouble::Overwritten { copy: None },
                });
            }
            if replaced == file.backup_path() && !file.may_replace_backup() {
                return Err(SnapshotError::Source {
                    path: file.path().to_owned(),
                    trouble: Trouble::Gone {
                        rescued: file.rescued(),
                    },
                });
            }
            set_other_aside(file.identity, &replaced).map_err(|source| SnapshotError::File {
                path: replaced,
                source,
            })
        };
        self.copy_if(target, judge).await
    }

    async fn copy_if(
        &self,
        target: &Path,
        judge: impl FnOnce() -> Result<(), SnapshotError> + Send + 'static,
    ) -> Result<(), SnapshotError> {
        let (path, file) = (target.to_owned(), self.file.clone());
        let copying = self.maintenance_readers.work(move |connection| {
            let promise = Promise::of(&file);
            let when_read = |connection: &Connection| {
                move_backlog(connection, &file);
                drop(promise);
            };
            Ok(snapshot::copy_from(connection, &path, when_read, judge))
        });
        let copied = copying.await.unwrap_or_else(|error| {
            Err(SnapshotError::Database {
                path: self.file.path().to_owned(),
                what: error.to_string(),
            })
        });
        if matches!(copied, Err(SnapshotError::Damaged { .. })) {
            // The damage is in the database, or it came with the copying: a look through it says which.
            self.check_all().await;
        }
        copied
    }

    /// Lets SQLite look through the part `from` of the database, beginning with 0. Each part is read in a short
    /// transaction of its own, so that the journal does not grow for long. What is found is remembered by the
    /// [`DatabaseFile`](super::DatabaseFile).
    ///
    /// # Errors
    /// When the database cannot be read, for another reason than damage.
    pub async fn check_part(&self, from: usize, depth: Depth) -> Result<CheckedPart, StoreError> {
        let check = self
            .maintenance_readers
            .read(move |connection| check(connection, from, depth));
        let check = match check.await {
            Err(StoreError::Unavailable(Trouble::Damaged { what, .. })) => CheckedPart {
                next: None,
                damage: Some(what),
            },
            other => other?,
        };
        if let Some(what) = check.damage.clone() {
            self.file
                .begin_damage(&Trouble::Damaged { what, copy: None });
        }
        Ok(check)
    }

    /// A full check, in one go. If it finds nothing, damage that was met before is cleared.
    pub async fn check_all(&self) {
        let mut from = 0;
        while let Ok(check) = self.check_part(from, Depth::Whole).await {
            match check {
                CheckedPart {
                    next: Some(next), ..
                } => from = next,
                CheckedPart { damage, .. } => {
                    if damage.is_none() {
                        self.file.end_damage();
                    }
                    return;
                }
            }
        }
    }

    /// Copies what only the open file has to a file of its own in the data directory, and answers which.
    ///
    /// # Errors
    /// `SnapshotError`; the open file still has everything.
    pub async fn rescue(&self, moment: Moment) -> Result<PathBuf, SnapshotError> {
        self.rescue_to(&self.file.directory, moment).await
    }

    /// The same in any directory. Of a file that
    /// is gone it holds everything that was ever acknowledged; of one that is damaged there is a copy only when all of it can be
    /// read still. Earlier such copies that have nothing more go.
    ///
    /// # Errors
    /// `SnapshotError`; the open file still has everything.
    pub async fn rescue_to(
        &self,
        directory: &Path,
        moment: Moment,
    ) -> Result<PathBuf, SnapshotError> {
        // Commands that found the file in its place have been committed when this is answered. With what time it is, the
        // copy shows to be later than whatever is left in the file's place. One without it still has everything. Of a file
        // that is gone, once is enough: whoever receives the open database in parts begins anew with each change. Of one that
        // is damaged, SQLite reads its pages anew after a change.
        let is_enough = self.file.troubles.has_kept_time() && !self.file.is_damaged();
        if !is_enough && self.keep_time(Lane::Alerts, moment).await.is_ok() {
            self.file.troubles.set_kept_time();
        }
        let name = format!("{}{}{}", RESCUED.0, name_of(moment.wall), RESCUED.1);
        let copy = directory.join(name);
        self.copy_if(&copy, || Ok(())).await?;
        if self.file.is_damaged()
            && let Err(error) = self.refuse_useless(&copy)
        {
            // The error says more than that it cannot be removed.
            let _ = fs::remove_file(&copy);
            return Err(error);
        }
        self.file.troubles.set_rescued(&copy);
        if directory != self.file.directory {
            // What lies beside the database lasts longer than what is anywhere else.
            return Ok(copy);
        }
        let (directory, newest) = (self.file.directory.clone(), copy.clone());
        // When it breaks off, there is one copy more than necessary.
        let _ = tokio::task::spawn_blocking(move || drop_earlier(&directory, &newest)).await;
        Ok(copy)
    }

    /// Refuses a copy of a damaged database that was read through a log which somebody wrote over, or that lacks what
    /// another copy has.
    fn refuse_useless(&self, copy: &Path) -> Result<(), SnapshotError> {
        if !self.file.shape.is_kept_by_journal() {
            return Err(SnapshotError::Damaged {
                path: self.file.path().to_owned(),
                what: "its write-ahead log was written over".to_owned(),
            });
        }
        refuse_stale(&self.file.directory, copy, self.file.identity)
    }
}

/// Looks at the whole schema first, then at one table with its indexes.
fn check(connection: &Connection, from: usize, depth: Depth) -> Result<CheckedPart, StoreError> {
    if from == 0
        && let Some(what) = changed_schema(connection)?
    {
        return Ok(CheckedPart {
            next: None,
            damage: Some(what),
        });
    }
    let tables: Vec<String> = connection
        .prepare_cached(
            "SELECT 'sqlite_schema' UNION ALL SELECT name FROM sqlite_schema WHERE type = 'table'",
        )?
        .query_map([], |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    let Some(table) = tables.get(from) else {
        return Ok(CheckedPart {
            next: None,
            damage: None,
        });
    };
    let mut verdict = String::new();
    let pragma = match depth {
        Depth::Quick => "quick_check",
        Depth::Whole => "integrity_check",
    };
    connection.pragma(None, pragma, table, |row| {
        verdict = row.get(0)?;
        Ok(())
    })?;
    let damage = (verdict != "ok").then(|| in_one_line(&verdict));
    Ok(CheckedPart {
        next: damage.is_none().then_some(from + 1),
        damage,
    })
}

/// A table or an index that is not as it was made.
fn changed_schema(connection: &Connection) -> Result<Option<String>, StoreError> {
    let path = Path::new(connection.path().unwrap_or_default());
    match schema_damage(connection, path) {
        Err(OpenError::Damaged { what, .. }) => Ok(Some(what)),
        compared => compared.map_err(|error| {
            let what = error.to_string();
            StoreError::Unavailable(Trouble::Unusable(what))
        }),
    }
}
