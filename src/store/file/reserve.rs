//! A file that only takes up room, so that there is some to give up when the disk is full.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rustix::fs::{FallocateFlags, fallocate, statvfs};

/// How much room is held back, in bytes: results of deliveries for many hours.
const SIZE: u64 = 16 * 1024 * 1024;
/// It is taken only when so many times as much is free: it must not be what fills the disk.
const FREE_TIMES: u64 = 4;

/// The reserve of a data directory. Cheap to clone.
#[derive(Clone)]
pub(in crate::store) struct Reserve {
    path: Arc<PathBuf>,
    released: Arc<AtomicBool>,
}

impl Reserve {
    /// The reserve in `directory`; it is taken at once when there is room for it.
    pub(in crate::store) fn hold(directory: &Path) -> Self {
        let reserve = Self {
            path: Arc::new(directory.join("reserve")),
            released: Arc::new(AtomicBool::new(false)),
        };
        reserve.acquire();
        reserve
    }

    /// The disk is full and the room was given up.
    pub(in crate::store) fn released(&self) -> bool {
        self.released.load(Ordering::Relaxed)
    }

    /// Gives the room up. Says whether there was any.
    pub(in crate::store) fn release(&self) -> bool {
        let was_held = fs::remove_file(self.path.as_path()).is_ok();
        self.released.fetch_or(was_held, Ordering::Relaxed);
        was_held
    }

    /// Takes the room when there is enough of it; says whether it is held.
    pub(in crate::store) fn acquire(&self) -> bool {
        let held = fs::metadata(self.path.as_path()).is_ok_and(|file| file.len() == SIZE);
        let directory = self.path.parent().unwrap_or(Path::new("."));
        let enough = || disk_bytes(directory).is_some_and(|(free, _)| free >= FREE_TIMES * SIZE);
        let holds = held || (enough() && self.occupy().is_ok());
        if holds {
            self.released.store(false, Ordering::Relaxed);
        }
        holds
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

/// Bytes that are free for the relay's user where `directory` is, and all that there are.
pub(super) fn disk_bytes(directory: &Path) -> Option<(u64, u64)> {
    let disk = statvfs(directory).ok()?;
    let bytes = |blocks: u64| blocks.saturating_mul(disk.f_frsize);
    Some((bytes(disk.f_bavail), bytes(disk.f_blocks)))
}
