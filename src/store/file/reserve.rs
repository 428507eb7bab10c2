//! A file that only takes up room, so that there is some to give up when the disk is full.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rusqlite::{ErrorCode, ffi};
use rustix::fs::{FallocateFlags, fallocate, statvfs};

/// How much room is held back, in bytes: results of deliveries for many hours.
const SIZE: u64 = 16 * 1024 * 1024;
/// The reserve is taken only when this many times its size is free, so that it does not fill the disk itself.
const FREE_TIMES: u64 = 4;
/// On a disk that is too small for the reserve, events are accepted again when this many bytes are free.
const ROOM: u64 = 4 * 1024 * 1024;
/// With fewer bytes than this a disk is full, whatever SQLite calls it.
const NO_ROOM: u64 = 256 * 1024;

/// The reserve of a data directory. Cheap to clone.
#[derive(Clone)]
pub(in crate::store) struct Reserve {
    path: Arc<PathBuf>,
    given_up: Arc<AtomicBool>,
}

impl Reserve {
    /// The reserve in `directory`; it is taken at once when there is room for it.
    pub(in crate::store) fn hold(directory: &Path) -> Self {
        let reserve = Self {
            path: Arc::new(directory.join("reserve")),
            given_up: Arc::new(AtomicBool::new(false)),
        };
        reserve.acquire();
        reserve
    }

    /// Gives the room up. Says whether there was any.
    pub(in crate::store) fn release(&self) -> bool {
        let was_held = fs::remove_file(self.path.as_path()).is_ok();
        self.given_up.fetch_or(was_held, Ordering::Relaxed);
        was_held
    }

    /// Whether a disk that was full has room again. Takes the reserve back when there is enough for it; what was
    /// given up counts for nothing until then.
    pub(in crate::store) fn has_room_again(&self) -> bool {
        let enough = || has_room_for(self.directory(), ROOM);
        self.acquire() || (!self.given_up.load(Ordering::Relaxed) && enough())
    }

    /// Whether the disk has too little room to go on.
    pub(in crate::store) fn disk_is_full(&self) -> bool {
        disk_is_full(self.directory())
    }

    /// Takes the room when there is enough of it; says whether it is held.
    fn acquire(&self) -> bool {
        let held = fs::metadata(self.path.as_path()).is_ok_and(|file| file.len() == SIZE);
        let enough = || self.free().is_some_and(|free| free >= FREE_TIMES * SIZE);
        let holds = held || (enough() && self.occupy().is_ok());
        if holds {
            self.given_up.store(false, Ordering::Relaxed);
        }
        holds
    }

    fn free(&self) -> Option<u64> {
        disk_bytes(self.directory()).map(|(free, _)| free)
    }

    fn directory(&self) -> &Path {
        self.path.parent().unwrap_or(Path::new("."))
    }

    fn occupy(&self) -> io::Result<()> {
        let file: File = OpenOptions::new()
            .create(true)
            .write(true)
            .truncate(false)
            .mode(0o640)
            .open(self.path.as_path())?;
        fallocate(&file, FallocateFlags::empty(), 0, SIZE)?;
        Ok(())
    }
}

/// Whether the disk of `directory` has too little room to go on.
pub(super) fn disk_is_full(directory: &Path) -> bool {
    !has_room_for(directory, NO_ROOM)
}

/// Whether this many more bytes can be written in `directory`. The free space does not show a quota, so it is
/// tried, in a file without a name.
fn has_room_for(directory: &Path, bytes: u64) -> bool {
    let free = disk_bytes(directory).is_none_or(|(free, _)| free >= bytes);
    let tried = || -> io::Result<()> {
        let file = tempfile::tempfile_in(directory)?;
        Ok(fallocate(&file, FallocateFlags::empty(), 0, bytes)?)
    };
    free && !tried().is_err_and(|error| is_full(&error))
}

/// Whether the operating system says that there is no room, or none that this user may still take.
pub(super) fn is_full(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded
    )
}

/// Whether SQLite failed because a disk is full. When it says only that it could not write, as it does of a quota that is
/// used up and of the files beside a database, `disk_is_full` is asked.
pub(super) fn is_out_of_room(error: &rusqlite::Error, disk_is_full: impl FnOnce() -> bool) -> bool {
    const READING: [i32; 2] = [ffi::SQLITE_IOERR_READ, ffi::SQLITE_IOERR_SHORT_READ];
    match error.sqlite_error() {
        Some(met) => match met.code {
            ErrorCode::DiskFull => true,
            ErrorCode::SystemIoFailure => !READING.contains(&met.extended_code) && disk_is_full(),
            ErrorCode::CannotOpen => disk_is_full(),
            _ => false,
        },
        None => false,
    }
}

/// Bytes that are free for the relay's user where `directory` is, and all that there are.
pub(super) fn disk_bytes(directory: &Path) -> Option<(u64, u64)> {
    let disk = statvfs(directory).ok()?;
    let bytes = |blocks: u64| blocks.saturating_mul(disk.f_frsize);
    Some((bytes(disk.f_bavail), bytes(disk.f_blocks)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quota_that_is_used_up_is_a_full_disk() {
        for errno in [rustix::io::Errno::NOSPC, rustix::io::Errno::DQUOT] {
            assert!(is_full(&errno.into()), "{errno}");
        }
        assert!(!is_full(&rustix::io::Errno::ACCESS.into()));
        let says = |code| rusqlite::Error::SqliteFailure(ffi::Error::new(code), None);
        for (code, when_full, otherwise) in [
            (ffi::SQLITE_FULL, true, true),
            (ffi::SQLITE_IOERR_WRITE, true, false),
            (ffi::SQLITE_IOERR_SHMSIZE, true, false),
            (ffi::SQLITE_CANTOPEN, true, false),
            (ffi::SQLITE_IOERR_READ, false, false),
            (ffi::SQLITE_BUSY, false, false),
        ] {
            assert_eq!(is_out_of_room(&says(code), || true), when_full, "{code}");
            assert_eq!(is_out_of_room(&says(code), || false), otherwise, "{code}");
        }
    }

    #[test]
    fn room_is_there_when_it_can_be_taken() {
        let directory = tempfile::tempdir().unwrap();
        assert!(has_room_for(directory.path(), 1));
        assert!(!has_room_for(directory.path(), 1 << 60));
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 0);
    }
}
