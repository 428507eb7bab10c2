//! A file that only occupies disk space, which is released when the disk is full.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rusqlite::{ErrorCode, ffi};
use rustix::fs::{FallocateFlags, OFlags, StatVfs, StatVfsMountFlags, fallocate, statvfs};

use crate::trouble::Shortage;

/// Its name in the data directory.
const RESERVE: &str = "reserve";
/// The largest reserve, in bytes: enough for the results of deliveries of many hours.
const LARGEST: u64 = 16 * 1024 * 1024;
/// On a small disk the reserve is the size of the disk divided by this.
const PART_OF_DISK: u64 = 16;
/// The reserve is made only when this many times its size is free: it must not fill the disk itself.
const FREE_TIMES: u64 = 4;
/// A start that found too little room is tried again when so many bytes are free: an index of the log and a log with
/// what is written at a start need less.
const ROOM_FOR_START: u64 = 4 * 1024 * 1024;
/// The database is opened only when so many bytes are free: the index of its log takes 32 KiB at first, and the log as
/// much as is written at a start.
const ROOM_TO_OPEN: u64 = 128 * 1024;
/// The same as `ROOM_FOR_START` for files. A start makes fewer.
const FILES_FOR_START: u64 = 8;
/// A disk with fewer free bytes than this is full, whatever error SQLite returns.
const NO_ROOM: u64 = 256 * 1024;

/// The reserve of a data directory. Cheap to clone.
#[derive(Clone)]
pub(in crate::store) struct Reserve {
    path: Arc<PathBuf>,
}

impl Reserve {
    /// The reserve of the data directory `directory`; its file is not made yet.
    pub(in crate::store) fn of(directory: &Path) -> Self {
        Self {
            path: Arc::new(place(directory)),
        }
    }

    /// Tells that something else stands in its place.
    pub(in crate::store) fn tell_odd(&self) {
        if is_odd(&self.path) {
            let path = &self.path;
            tracing::warn!(path = %path.display(), "this is not an ordinary file, so no room can be held back here for the results of deliveries on a full disk. Move it away; the relay makes its own");
        }
    }

    /// Releases the reserve. True if there was one.
    pub(in crate::store) fn release(&self) -> bool {
        fs::remove_file(self.path.as_path()).is_ok()
    }

    /// Whether the reserve exists or can be made now. If not, at the start or after the disk was full, nothing new may
    /// be accepted. Where the file cannot be made, it is enough that its size is free.
    pub(in crate::store) fn is_held_or_taken(&self) -> bool {
        let (free, size) = self.room();
        let found = fs::symlink_metadata(self.path.as_path());
        let held = found.is_ok_and(|found| found.is_file() && found.len() >= size);
        held || (free >= FREE_TIMES * size && !self.occupy(size).is_err_and(|e| is_full(&e)))
    }

    /// How many MiB more have to be free so that `bytes` can be written, and as much as the reserve is still free then;
    /// none: they are.
    pub(in crate::store) fn mib_missing_for(&self, bytes: u64) -> Option<u64> {
        let (free, size) = self.room();
        let missing = bytes.saturating_add(size).saturating_sub(free);
        (missing > 0).then(|| missing.div_ceil(1024 * 1024))
    }

    /// What the full disk has no more of.
    pub(in crate::store) fn shortage(&self) -> Shortage {
        shortage_on(self.directory())
    }

    /// Whether the disk has too little free space to continue.
    pub(in crate::store) fn disk_is_full(&self) -> bool {
        disk_is_full(self.directory())
    }

    /// The free space, and the size of the reserve, in bytes.
    fn room(&self) -> (u64, u64) {
        room_on(self.directory())
    }

    /// Whether its disk can only be read.
    pub(super) fn is_read_only(&self) -> bool {
        is_read_only(self.directory())
    }

    /// The directory that it is in, on the disk that is measured.
    pub(in crate::store) fn directory(&self) -> &Path {
        self.path.parent().unwrap_or(Path::new("."))
    }

    fn occupy(&self, size: u64) -> io::Result<()> {
        let file: File = OpenOptions::new()
            .create(true)
            .write(true)
            .truncate(false)
            .mode(0o640)
            // A pipe in its place would wait for somebody who reads it, and a link may lead to another disk.
            .custom_flags((OFlags::NONBLOCK | OFlags::NOFOLLOW).bits().cast_signed())
            .open(self.path.as_path())?;
        fallocate(&file, FallocateFlags::empty(), 0, size)?;
        Ok(())
    }
}

/// Gives up the reserve of a data directory on a disk that has no room for a start. True if there was one.
pub(in crate::store) fn give_up_reserve(directory: &Path) -> bool {
    let given_up = Reserve::of(directory).release();
    if given_up {
        tracing::error!(directory = %directory.display(), "the disk has no room for a start: what was held back there is given up for it");
    }
    given_up
}

/// What the disks of a data directory lack for a start; none: nothing. The live database may be on a disk of its own.
pub(super) fn shortage_for_start(directory: &Path) -> Option<Shortage> {
    let live = directory.join("live");
    // Where the database is not, there are only small files.
    let of_directory = if is_other_disk(&live, directory) {
        NO_ROOM
    } else {
        ROOM_FOR_START
    };
    let mut disks = [(live.as_path(), ROOM_FOR_START), (directory, of_directory)].into_iter();
    disks.find_map(|(disk, bytes)| lacks_on(disk, bytes))
}

/// What the disk of a directory, which need not be there yet, lacks for some files with `bytes` in all.
fn lacks_on(directory: &Path, bytes: u64) -> Option<Shortage> {
    let few_inodes = |disk: StatVfs| disk.f_files > 0 && disk.f_favail < FILES_FOR_START;
    let directory = existing(directory);
    if statvfs(directory).is_ok_and(few_inodes) {
        return Some(Shortage::Inodes);
    }
    (!has_room_for(directory, bytes)).then(|| shortage_on(directory))
}

/// What the full disk of `directory` has no more of.
fn shortage_on(directory: &Path) -> Shortage {
    let (free, size) = room_on(directory);
    let tried = try_room(directory, NO_ROOM);
    let is_quota = |error: io::Error| error.kind() == io::ErrorKind::QuotaExceeded;
    if tried.is_err_and(is_quota) {
        Shortage::Quota
    } else if free >= NO_ROOM && lacks_inodes(directory) {
        Shortage::Inodes
    } else {
        let needed = (FREE_TIMES * size).div_ceil(1024 * 1024);
        Shortage::Bytes {
            needed_mib: Some(needed),
        }
    }
}

/// The directory itself, or the nearest one above it that is there: on its disk it will be made.
pub(super) fn existing(directory: &Path) -> &Path {
    let named = directory
        .ancestors()
        .filter(|path| !path.as_os_str().is_empty());
    let mut found = named.filter(|path| path.is_dir());
    found.next().unwrap_or(Path::new("."))
}

/// Whether there is too little room to open the database in `live`. SQLite makes the index of its log with holes where the
/// blocks of the disk are small, and the system ends the process (SIGBUS) that writes into one on a full disk.
pub(super) fn lacks_room_to_open(live: &Path) -> bool {
    // A file that cannot be made says nothing about bytes.
    let tried = tempfile::tempfile_in(live).ok();
    let tried = tried.map(|file| fallocate(&file, FallocateFlags::empty(), 0, ROOM_TO_OPEN));
    match tried {
        Some(Ok(())) => false,
        Some(Err(error)) if is_full(&error.into()) => true,
        _ => disk_bytes(live).is_some_and(|(free, all)| all > 0 && free < ROOM_TO_OPEN),
    }
}

/// Where the reserve of a data directory is: room on another disk is of no use to the database.
fn place(directory: &Path) -> PathBuf {
    let live = directory.join("live");
    if is_other_disk(&live, directory) {
        live.join(RESERVE)
    } else {
        directory.join(RESERVE)
    }
}

fn is_other_disk(one: &Path, other: &Path) -> bool {
    let device = |path| fs::metadata(path).ok().map(|found| found.dev());
    let (one, other) = (device(one), device(other));
    one.is_some() && other.is_some() && one != other
}

/// What stands in the place of the reserve of a data directory and is no ordinary file.
#[must_use]
pub fn odd_reserve(directory: &Path) -> Option<PathBuf> {
    Some(place(directory)).filter(|path| is_odd(path))
}

fn is_odd(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok_and(|found| !found.is_file())
}

/// The free space on the disk of `directory`, and the size of a reserve there, in bytes.
fn room_on(directory: &Path) -> (u64, u64) {
    let (free, all) = disk_bytes(directory).unwrap_or((u64::MAX, u64::MAX));
    (free, size_on(all))
}

/// The size of the reserve on a disk of `disk` bytes.
fn size_on(disk: u64) -> u64 {
    LARGEST.min(disk / PART_OF_DISK)
}

/// Whether the disk of `directory` has too little free space to continue.
pub(super) fn disk_is_full(directory: &Path) -> bool {
    !has_room_for(directory, NO_ROOM)
}

/// Whether `bytes` more can be written in `directory`. The free space does not show a quota, so it is tried with an
/// unnamed file.
fn has_room_for(directory: &Path, bytes: u64) -> bool {
    let free = disk_bytes(directory).is_none_or(|(free, _)| free >= bytes);
    free && !try_room(directory, bytes).is_err_and(|error| is_full(&error))
}

fn try_room(directory: &Path, bytes: u64) -> io::Result<()> {
    let file = tempfile::tempfile_in(directory)?;
    Ok(fallocate(&file, FallocateFlags::empty(), 0, bytes)?)
}

/// Whether the disk of `directory` has no inode left. Some file systems do not count them, and have as many as they
/// need.
pub(super) fn lacks_inodes(directory: &Path) -> bool {
    statvfs(directory).is_ok_and(|disk| disk.f_files > 0 && disk.f_favail == 0)
}

/// Whether the disk of `directory` can only be read. After an error of the disk newer versions of Linux refuse to write
/// and do not say so of the mount, so it is tried too.
fn is_read_only(directory: &Path) -> bool {
    let refuses = |error: io::Error| error.kind() == io::ErrorKind::ReadOnlyFilesystem;
    statvfs(directory).is_ok_and(|disk| disk.f_flag.contains(StatVfsMountFlags::RDONLY))
        || tempfile::tempfile_in(directory).is_err_and(refuses)
}

/// Whether the error means a full disk or a quota that is used up.
#[must_use]
pub fn is_full(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded
    )
}

/// Whether SQLite failed because a disk is full. For some causes, such as a quota or the files beside the database,
/// SQLite only says that it could not write; then `disk_is_full` decides.
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

/// The bytes on the disk of `directory` that are free for the relay's user, and its size.
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
    fn a_small_disk_holds_less_back_and_needs_less() {
        const MIB: u64 = 1024 * 1024;
        for (disk, needed) in [(20, 5), (60, 15), (256, 64), (100_000, 64)] {
            assert_eq!(FREE_TIMES * size_on(disk * MIB), needed * MIB);
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
