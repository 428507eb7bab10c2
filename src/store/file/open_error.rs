//! Why a database could not be opened.

use std::error::Error;
use std::io;
use std::path::{Path, PathBuf};

use rusqlite::ErrorCode;

use super::copies::newest_copy;
use super::in_one_line;
use super::reserve::{disk_is_full, is_full, is_out_of_room};
use super::snapshot_error::SnapshotError;
use crate::store::error::{changed_schema, lacking};
use crate::trouble::{Bar, Resource};

/// Why the store could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The data directory cannot be made or used.
    Directory {
        /// What could not be used.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// There is no room on the disk.
    DiskFull {
        /// What could not be written.
        path: PathBuf,
    },
    /// Another relay works in this data directory.
    Locked {
        /// The lock.
        path: PathBuf,
        /// The process that holds it, as far as it is known.
        holder: String,
    },
    /// The database was written by a newer version of the relay.
    Newer {
        /// The database.
        path: PathBuf,
        /// The schema version in the file.
        found: i32,
        /// The newest schema version of this program.
        known: i32,
    },
    /// The database was written by a program of before the first release.
    PreRelease {
        /// The database.
        path: PathBuf,
    },
    /// There is no database or an empty file, and something shows that there was one.
    Gone {
        /// Where it was.
        path: PathBuf,
        /// The newest copy of it, when there is one.
        copy: Option<PathBuf>,
        /// All that shows that there was one, the copy among it: whoever wants an empty one moves it away.
        left: Vec<PathBuf>,
    },
    /// What says which database belongs here cannot be read.
    Unidentified {
        /// The note.
        path: PathBuf,
        /// What is wrong with it.
        why: Odd,
    },
    /// A copy has what the database has not.
    Behind {
        /// The database.
        path: PathBuf,
        /// The copy that has come furthest.
        copy: PathBuf,
    },
    /// Something stands in the database's place that cannot be opened as one.
    Unusable {
        /// What it is about.
        path: PathBuf,
        /// What stands there.
        why: Odd,
        /// The newest copy, when there is one.
        copy: Option<PathBuf>,
    },
    /// It is a relay's database, and not that of this data directory.
    OfAnother {
        /// The database.
        path: PathBuf,
        /// What says whose it is: the note of the last run, or a copy.
        known_by: PathBuf,
        /// The newest copy of the one that belongs here, when there is one.
        copy: Option<PathBuf>,
    },
    /// Another program holds a lock on it.
    Busy {
        /// The database.
        path: PathBuf,
    },
    /// It is the database of another program.
    Foreign {
        /// The database.
        path: PathBuf,
        /// The newest copy of the relay's own, when there is one.
        copy: Option<PathBuf>,
    },
    /// The system has no more of something that is needed.
    Exhausted {
        /// What could not be opened.
        path: PathBuf,
        /// What there is no more of.
        resource: Resource,
    },
    /// SQLite cannot open the file, or it is not such a database.
    Database {
        /// The database.
        path: PathBuf,
        /// What SQLite said.
        what: String,
    },
    /// SQLite found damage. The file was not touched.
    Damaged {
        /// The database.
        path: PathBuf,
        /// What SQLite found first.
        what: String,
        /// The copy to restore; none: there is none in the data directory.
        copy: Option<PathBuf>,
    },
    /// Damage was met while the relay ran. The file was not touched.
    MetDamage {
        /// The database.
        path: PathBuf,
        /// What says so; without it the relay goes on with what is left.
        mark: PathBuf,
        /// The copy to restore; none: there is none in the data directory.
        copy: Option<PathBuf>,
    },
    /// No copy of the database as it was could be made, so it was not changed.
    NoCopy(#[source] SnapshotError),
    /// A migration failed; the database is as it was before it.
    Migration {
        /// The database.
        path: PathBuf,
        /// What went wrong.
        what: String,
    },
}

/// What stands in the place of a database, or of what belongs to one, and cannot be opened as that.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Odd {
    /// A link to nothing.
    DeadLink,
    /// A link to a file: SQLite keeps its other files beside what it leads to, and the relay looks for them here.
    Link,
    /// A link to this directory in the place of the database's own: what is behind it cannot be set aside.
    LinkedDirectory(PathBuf),
    /// A directory.
    Directory,
    /// Something else where a directory should be.
    NoDirectory,
    /// A device, a pipe or a socket.
    NotPlain,
    /// An empty file, beside a write-ahead log with records: SQLite would throw the log away.
    Emptied,
    /// A database that was closed without a log, or a copy, beside the log of another one.
    LogOfAnother,
    /// A database beside the rollback journal of another one, or of another state of it.
    JournalOfAnother,
    /// A note of whose database belongs here, with anything else in it.
    Garbled,
    /// Something that this user may not use.
    Closed(Bar),
    /// A file on a disk that can only be read.
    ReadOnlyDisk,
}

impl OpenError {
    /// What SQLite says of the database at `path`.
    pub(in crate::store) fn database(path: &Path, error: &rusqlite::Error) -> Self {
        // It may be on another disk than its data directory.
        let live = path.parent().unwrap_or(Path::new("."));
        if is_out_of_room(error, || disk_is_full(live)) {
            return Self::DiskFull {
                path: path.to_owned(),
            };
        }
        if let Some(resource) = lacking(error) {
            return Self::Exhausted {
                path: path.to_owned(),
                resource,
            };
        }
        if let Some(what) = changed_schema(error) {
            return Self::damaged(path, what);
        }
        match error.sqlite_error_code() {
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
                Self::damaged(path, error.to_string())
            }
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::Busy {
                path: path.to_owned(),
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

    /// The database at `path` is another program's.
    pub(super) fn foreign(path: &Path) -> Self {
        Self::Foreign {
            path: path.to_owned(),
            copy: newest_copy(directory_of(path)),
        }
    }

    /// What the operating system says of a file or directory.
    pub(in crate::store) fn at(path: &Path, source: io::Error) -> Self {
        let path = path.to_owned();
        if is_full(&source) {
            Self::DiskFull { path }
        } else if let Some(resource) = Resource::lacking(&source) {
            Self::Exhausted { path, resource }
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
                    // The schema was compared before: it is the migration that does not fit.
                    _ if changed_schema(of_sqlite).is_some() => failed,
                    // What is no fault of the migration another version meets too.
                    Self::Database { .. } if !is_of_system(of_sqlite) => failed,
                    told => told,
                };
            }
            cause = error.source();
        }
        failed
    }
}

/// Whether the system refused, and not SQLite.
fn is_of_system(error: &rusqlite::Error) -> bool {
    use ErrorCode::{CannotOpen, ReadOnly, SystemIoFailure};
    let code = error.sqlite_error_code();
    matches!(code, Some(CannotOpen | ReadOnly | SystemIoFailure))
}

/// The data directory of a live database.
fn directory_of(database: &Path) -> &Path {
    let live = database.parent().unwrap_or(Path::new("."));
    live.parent().unwrap_or(live)
}
