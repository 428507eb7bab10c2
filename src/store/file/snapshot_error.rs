//! Why a copy could not be made, or is none.

use std::io;
use std::path::PathBuf;

use crate::timestamp::Timestamp;
use crate::trouble::Trouble;

/// Why a copy could not be made, or is none.
#[derive(Debug, thiserror::Error)]
pub enum SnapshotError {
    /// The file system refused.
    File {
        /// Which file.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// SQLite refused.
    Database {
        /// Which file.
        path: PathBuf,
        /// What SQLite said.
        what: String,
    },
    /// The file is damaged.
    Damaged {
        /// Which file.
        path: PathBuf,
        /// What SQLite found first.
        what: String,
    },
    /// The database must not be copied.
    Source {
        /// The database.
        path: PathBuf,
        /// What is wrong with it.
        trouble: Trouble,
    },
    /// A rollback journal lies beside the database, before whose end nobody can read it.
    Unfinished {
        /// The database.
        path: PathBuf,
        /// The journal.
        journal: PathBuf,
    },
    /// A copy has what this one has not.
    Stale {
        /// Which copy lacks it.
        path: PathBuf,
        /// Which copy has it.
        other: PathBuf,
    },
    /// The file is a copy of the live database's file, whose last changes are in another one.
    OfLiveFile {
        /// Which file.
        path: PathBuf,
        /// A write-ahead log lies beside it.
        with_log: bool,
        /// Until when it has everything, as far as it can be read.
        written: Option<Timestamp>,
    },
    /// The file is another program's database, or no database.
    NotOurs {
        /// Which file.
        path: PathBuf,
    },
    /// The file was written by a program of before the first release.
    PreRelease {
        /// Which file.
        path: PathBuf,
    },
    /// A copy must not be written there.
    InTheWay {
        /// Where the copy should go.
        path: PathBuf,
        /// What keeps it from there.
        obstacle: Obstacle,
    },
    /// No copy can take the place of what is there: a directory, a link, a device, a pipe or a socket.
    NotPlain {
        /// Which file.
        path: PathBuf,
    },
    /// The file was written by a newer version of the relay.
    Newer {
        /// Which file.
        path: PathBuf,
        /// The schema version in the file.
        found: i32,
        /// The newest schema version of this program.
        known: i32,
    },
}

/// What keeps a copy from being written somewhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Obstacle {
    /// It is one of the database's files, or would be beside them.
    Database,
    /// The relay has files of this name in its data directory.
    OwnName,
    /// A directory, a device, a link, a pipe or a socket.
    NotPlain,
    /// A file that is not a copy of the relay's database.
    NoCopy,
    /// What a copy that was broken off may have left.
    Unfinished,
    /// Another copy, which is being written there.
    UnderWay,
    /// The database of a relay, or a file that was copied from one.
    Live,
    /// A copy that has more than the one that would replace it.
    Later,
    /// A copy of another relay's database.
    OfAnother,
    /// It ends like a directory.
    NoName,
    /// Its directory is not there.
    NoDirectory,
}
