//! Why a database could not be opened, and what to do about it.

use std::error::Error;
use std::io;
use std::path::{Path, PathBuf};

use rusqlite::ErrorCode;

use super::reserve::{disk_is_full, is_full, is_out_of_room};
use super::snapshot::SnapshotError;
use super::{in_one_line, newest_copy};

/// Why the store could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The data directory cannot be made or used.
    #[error("{}: {source}; the data directory must exist and belong to the user that runs the relay", path.display())]
    Directory {
        /// What could not be used.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// There is no room on the disk.
    #[error("{}: there is no room on its disk. Nothing was lost: make room there, such as by deleting what is not needed, and try again", path.display())]
    DiskFull {
        /// What could not be written.
        path: PathBuf,
    },
    /// Another relay works in this data directory.
    #[error("{}: another voicedrive-relay (process {holder}) works in this data directory; stop it first", path.display())]
    Locked {
        /// The lock.
        path: PathBuf,
        /// The process that holds it, as far as it is known.
        holder: String,
    },
    /// The database was written by a newer version of the relay.
    #[error(
        "{}: the database has schema version {found}, this program knows versions up to {known}; install the newer voicedrive-relay, or restore a copy that this one wrote", path.display()
    )]
    Newer {
        /// The database.
        path: PathBuf,
        /// The schema version in the file.
        found: i32,
        /// The newest schema version of this program.
        known: i32,
    },
    /// The database was written by a program of before the first release.
    #[error("{}: this database was written by a voicedrive-relay of before the first release, and this program cannot read it. It was left as it is: move the data directory away, or go on with the program that wrote it", path.display())]
    OfBefore {
        /// The database.
        path: PathBuf,
    },
    /// There is no database, but a copy of one, or the journal of one.
    #[error("{}: the database is gone, and {}", path.display(), what_is_left(copy.as_deref()))]
    Gone {
        /// Where it was.
        path: PathBuf,
        /// The newest copy; none: only its journal is left.
        copy: Option<PathBuf>,
    },
    /// A copy has what the database has not.
    #[error("{}: a part of this database was lost, or an older one stands in its place: {copy} has what is not in it. Nothing was changed: voicedrive-relay restore {copy} puts the copy in its place; to go on without what the copy has, move {copy} away", path.display(), copy = copy.display())]
    Behind {
        /// The database.
        path: PathBuf,
        /// The copy that has come furthest.
        copy: PathBuf,
    },
    /// Something stands in the database's place that cannot be opened as one.
    #[error("{}: {why}{}", path.display(), or_restore(copy.as_deref()))]
    Unusable {
        /// What it is about.
        path: PathBuf,
        /// What stands there, and what to do.
        why: String,
        /// The newest copy, when there is one.
        copy: Option<PathBuf>,
    },
    /// SQLite cannot open the file, or it is not such a database.
    #[error("{}: {what}", path.display())]
    Database {
        /// The database.
        path: PathBuf,
        /// What SQLite said.
        what: String,
    },
    /// SQLite found damage. The file was not touched.
    #[error("{}: the database is damaged: {what}. It was left as it is. {}", path.display(), how_to_restore(copy.as_deref()))]
    Damaged {
        /// The database.
        path: PathBuf,
        /// What SQLite found first.
        what: String,
        /// The copy to restore; none: there is none in the data directory.
        copy: Option<PathBuf>,
    },
    /// No copy of the database as it was could be made, so it was not changed.
    #[error(
        "the database was not brought to this version, because no copy of it could be made first: {0}"
    )]
    NoCopy(#[source] SnapshotError),
    /// A migration failed; the database is as it was before it.
    #[error("{}: the database could not be brought to this version: {what}", path.display())]
    Migration {
        /// The database.
        path: PathBuf,
        /// What went wrong.
        what: String,
    },
}

fn how_to_restore(copy: Option<&Path>) -> String {
    match copy {
        Some(copy) => format!(
            "Restore the last good copy: voicedrive-relay restore {}",
            copy.display()
        ),
        None => "There is no copy in the data directory to restore: look for one that was kept elsewhere".to_owned(),
    }
}

fn or_restore(copy: Option<&Path>) -> String {
    copy.map_or_else(String::new, |copy| {
        format!(
            ". If the database is lost: voicedrive-relay restore {}",
            copy.display()
        )
    })
}

fn what_is_left(copy: Option<&Path>) -> String {
    match copy {
        Some(copy) => format!(
            "a copy of it is still there. Nothing was changed: voicedrive-relay restore {copy} puts the copy in its place; if a disk is not mounted, mount it; to begin with an empty database, move {copy} away",
            copy = copy.display()
        ),
        None => "its journal is still there. Nothing was changed: bring the database back, or restore a copy that was kept elsewhere; to begin with an empty one, move the directory `live` away".to_owned(),
    }
}

impl OpenError {
    /// What SQLite says of the database at `path`.
    pub(in crate::store) fn database(path: &Path, error: &rusqlite::Error) -> Self {
        let directory = directory_of(path);
        if is_out_of_room(error, || disk_is_full(directory)) {
            return Self::DiskFull {
                path: path.to_owned(),
            };
        }
        match error.sqlite_error_code() {
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
                Self::damaged(path, error.to_string())
            }
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::Database {
                path: path.to_owned(),
                what: "another program holds a lock on the database; close it, such as a sqlite3 that was left open".to_owned(),
            },
            _ => Self::Database {
                path: path.to_owned(),
                what: error.to_string(),
            },
        }
    }

    /// SQLite found this in the database at `path`.
    pub(super) fn damaged(path: &Path, what: impl Into<String>) -> Self {
        Self::Damaged {
            path: path.to_owned(),
            what: in_one_line(&what.into()),
            copy: newest_copy(directory_of(path)),
        }
    }

    /// What the operating system says of a file or directory.
    pub(in crate::store) fn at(path: &Path, source: io::Error) -> Self {
        let path = path.to_owned();
        if is_full(&source) {
            Self::DiskFull { path }
        } else {
            Self::Directory { path, source }
        }
    }

    /// Why the database at `path` could not be copied before it is changed.
    pub(super) fn not_copied(path: &Path, error: SnapshotError) -> Self {
        match error {
            SnapshotError::Damaged { what, .. } => Self::damaged(path, what),
            error => Self::NoCopy(error),
        }
    }

    /// Why the database at `path` could not be brought to this version.
    pub(super) fn migration(path: &Path, error: &refinery::Error) -> Self {
        let failed = Self::Migration {
            path: path.to_owned(),
            what: error.to_string(),
        };
        let mut cause = error.source();
        while let Some(error) = cause {
            if let Some(of_sqlite) = error.downcast_ref() {
                return match Self::database(path, of_sqlite) {
                    told @ (Self::Damaged { .. } | Self::DiskFull { .. }) => told,
                    _ => failed,
                };
            }
            cause = error.source();
        }
        failed
    }
}

/// The data directory of a live database.
fn directory_of(database: &Path) -> &Path {
    let live = database.parent().unwrap_or(Path::new("."));
    live.parent().unwrap_or(live)
}
