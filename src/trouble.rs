//! What keeps the database from being used, as a closed list.

use std::io;
use std::path::{Path, PathBuf};

use rustix::io::Errno;
use serde::{Deserialize, Serialize};

use crate::command_line::CommandLine;

/// What stands in a command for a file on another disk, which the reader names.
const ELSEWHERE: &str = "/mnt/backup/relay.db";

/// What keeps the database from being used, or makes it dangerous to go on with it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum Trouble {
    /// There is no room on the disk.
    #[error("the disk is full")]
    DiskFull(Shortage),
    /// Another program holds a lock on the database.
    #[error("another program holds a lock on the database")]
    Locked,
    /// SQLite found damage.
    #[error("the database is damaged: {what}")]
    Damaged {
        /// The first message of SQLite.
        what: String,
        /// The copy to restore; none: there is none, as far as is known.
        copy: Option<PathBuf>,
    },
    /// Another program has truncated the open file or its journal, or has copied another file over it.
    #[error("the database's file was overwritten while it was open")]
    Overwritten {
        /// The copy to restore; none: there is none, as far as is known.
        copy: Option<PathBuf>,
    },
    /// The file that is open, or the journal beside it, is not in its place any more.
    #[error("the database's file is not in its place any more")]
    Gone {
        /// Where everything was copied that only the open file had; none: that is not done yet.
        rescued: Option<PathBuf>,
    },
    /// A start waits for room on the disk, and the data directory is not the one any more with which it began.
    #[error("the data directory is not the one any more with which the start began")]
    Unmounted {
        /// The data directory.
        directory: PathBuf,
    },
    /// The database's file is still there, and the relay's user may not enter a directory on the way to it any more.
    #[error("the relay may not enter {}", path.display())]
    Closed {
        /// The directory.
        path: PathBuf,
        /// Why.
        why: Bar,
    },
    /// The disk was mounted so that it can only be read, as Linux does by itself after an error of the disk.
    #[error("the disk can only be read")]
    ReadOnlyDisk,
    /// The disk itself failed.
    #[error("the disk failed: {0}")]
    DiskFailed(String),
    /// The system has no more of something that was needed.
    #[error("the system gives the relay {0}")]
    Exhausted(Resource),
    /// The database refuses to write an import of interview records that was decided, in SQLite's words. Everything else
    /// is kept.
    #[error("an import of interview records cannot be ended: {0}")]
    ImportRefused(String),
    /// Anything else, in SQLite's or the system's words.
    #[error("{0}")]
    Unusable(String),
}

/// What a disk has no more of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Shortage {
    /// Bytes.
    Bytes {
        /// How many MiB have to be free before anything new is accepted, when that is known.
        needed_mib: Option<u64>,
    },
    /// Inodes: each file and directory takes one, however small.
    Inodes,
    /// What the relay's user may take of it.
    Quota,
}

/// Why the relay's user may not use a file or directory.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Bar {
    /// A file of this user, whose mode keeps it from being read and written.
    ModeOfFile,
    /// A directory of this user, whose mode keeps it from being entered and written into.
    ModeOfDirectory,
    /// What is in the data directory belongs to somebody else.
    NotOurs {
        /// The data directory, whose owner may use what is in it.
        directory: PathBuf,
    },
    /// The data directory itself belongs to somebody else.
    NotOurDirectory {
        /// The number of the relay's user.
        user: u32,
    },
    /// A directory above the data directory lets nobody else pass.
    Above,
}

impl Bar {
    /// What lets the relay use `path` again; for root.
    #[must_use]
    pub fn command(&self, path: &Path) -> String {
        let path = path.display();
        match self {
            Self::ModeOfFile => format!("chmod u+rw {path}"),
            Self::ModeOfDirectory => format!("chmod u+rwx {path}"),
            Self::NotOurs { directory } => {
                format!("chown --reference={} {path}", directory.display())
            }
            Self::NotOurDirectory { user } => format!("chown {user} {path}"),
            Self::Above => format!("chmod o+x {path}"),
        }
    }
}

/// What a system can run out of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum Resource {
    /// Handles of open files and connections: a process may have so many, and so may all of them together.
    #[error("no more file handles")]
    FileHandles,
    /// Memory.
    #[error("no more memory")]
    Memory,
}

impl Resource {
    /// What the system ran out of, when it says that.
    #[must_use]
    pub fn lacking(error: &io::Error) -> Option<Self> {
        match Errno::from_io_error(error)? {
            Errno::MFILE | Errno::NFILE => Some(Self::FileHandles),
            Errno::NOMEM => Some(Self::Memory),
            _ => None,
        }
    }
}

impl Trouble {
    /// Whether what is in the file cannot be relied on.
    #[must_use]
    pub fn is_damage(&self) -> bool {
        matches!(self, Self::Damaged { .. } | Self::Overwritten { .. })
    }

    /// Whether the open database can be read by the relay that has it open, and perhaps by nobody else: its file is not
    /// in its place, or the disk fails.
    #[must_use]
    pub fn is_of_place(&self) -> bool {
        matches!(
            self,
            Self::Gone { .. } | Self::Closed { .. } | Self::ReadOnlyDisk | Self::DiskFailed(_)
        )
    }

    /// The same damage, with the copy to restore.
    #[must_use]
    pub fn with_copy(self, copy: Option<PathBuf>) -> Self {
        match self {
            Self::Damaged { what, .. } => Self::Damaged { what, copy },
            Self::Overwritten { .. } => Self::Overwritten { copy },
            other => other,
        }
    }

    /// The commands that help.
    #[must_use]
    pub fn commands(&self, commands: &CommandLine) -> Vec<String> {
        if let Self::Closed { path, why } = self {
            return vec![format!("sudo {}", why.command(path))];
        }
        if matches!(
            self,
            Self::Gone { rescued: None } | Self::ReadOnlyDisk | Self::DiskFailed(_)
        ) {
            return vec![commands.program(&format!("backup {ELSEWHERE}"))];
        }
        let (Self::Damaged { copy, .. }
        | Self::Overwritten { copy }
        | Self::Gone { rescued: copy }) = self
        else {
            return Vec::new();
        };
        let Some(copy) = copy else { return Vec::new() };
        let stop = commands.service("systemctl stop").into_iter();
        stop.chain([commands.restore(copy)])
            .chain(commands.service("systemctl start"))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::language::Language;

    #[test]
    fn a_copy_is_advised_only_when_there_is_one() {
        let path = PathBuf::from("/data/relay-backup.db");
        let what = "malformed".to_owned();
        for trouble in [
            Trouble::Gone {
                rescued: Some(path.clone()),
            },
            Trouble::Damaged {
                what: what.clone(),
                copy: Some(path.clone()),
            },
            Trouble::Overwritten {
                copy: Some(path.clone()),
            },
        ] {
            for language in [Language::Ja, Language::En] {
                let told = trouble.describe(language, &CommandLine::default());
                let restore = "voicedrive-relay restore /data/relay-backup.db";
                assert!(told.contains(restore), "{told}");
            }
        }
        for trouble in [
            Trouble::DiskFull(Shortage::Bytes { needed_mib: None }),
            Trouble::DiskFull(Shortage::Inodes),
            Trouble::DiskFull(Shortage::Quota),
            Trouble::Closed {
                path: path.clone(),
                why: Bar::ModeOfDirectory,
            },
            Trouble::ReadOnlyDisk,
            Trouble::Locked,
            Trouble::Gone { rescued: None },
            Trouble::Damaged { what, copy: None },
            Trouble::Overwritten { copy: None },
        ] {
            let told = trouble.describe(Language::En, &CommandLine::default());
            assert!(!told.contains("voicedrive-relay restore"), "{told}");
            assert!(!told.contains("look at the disk"), "{told}");
        }
    }

    #[test]
    fn what_only_the_running_relay_can_read_is_told_with_the_command_that_copies_it() {
        for trouble in [
            Trouble::Gone { rescued: None },
            Trouble::ReadOnlyDisk,
            Trouble::DiskFailed("disk I/O error".to_owned()),
        ] {
            assert!(trouble.is_of_place());
            for language in [Language::Ja, Language::En] {
                let told = trouble.describe(language, &CommandLine::default());
                let backup = "sudo voicedrive-relay backup /mnt/backup/relay.db";
                assert!(told.ends_with(backup), "{told}");
                assert!(!told.contains("relay-backup.db"), "{told}");
            }
        }
    }

    #[test]
    fn what_the_system_ran_out_of_is_known() {
        for (number, lacking) in [
            (Errno::MFILE, Some(Resource::FileHandles)),
            (Errno::NFILE, Some(Resource::FileHandles)),
            (Errno::NOMEM, Some(Resource::Memory)),
            (Errno::ACCESS, None),
        ] {
            assert_eq!(Resource::lacking(&number.into()), lacking, "{number}");
        }
        let kept = serde_json::to_string(&Trouble::Exhausted(Resource::FileHandles));
        assert_eq!(kept.unwrap(), r#"{"exhausted":"file_handles"}"#);
    }
}
