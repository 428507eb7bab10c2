//! Makes and checks copies of the database: single files that are complete, consistent and closed (contract, section
//! 9).

mod target;
mod verdict;

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::num::NonZeroU64;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::backup::{Backup, StepResult};
use rusqlite::{Connection, ErrorCode};
use rustix::fs::{Advice, OFlags, fadvise};

use super::super::connection::{open_for_reading, settle, throttle};
use super::super::error::changed_schema;
use super::path::is_at;
use super::reserve::{disk_is_full, is_out_of_room};
use super::rollback::journal_beside;
pub use super::snapshot_error::{Obstacle, SnapshotError};
use crate::priority::Throttle;
use crate::trouble::Trouble;
pub use target::{Target, refuse_odd};
use verdict::sound;
pub use verdict::{Verified, verify};
pub(super) use verdict::{open_alone, verify_as};

/// Pages that are copied at a time: some hundred microseconds.
const PAGES_AT_ONCE: i32 = 64;
/// So much of a copy is given to the disk at a time, and the pause then. A copy synced as a whole holds up all commits.
const BYTES_AT_ONCE: NonZeroU64 = NonZeroU64::new(1024 * 1024).unwrap();
const PAUSE: Duration = Duration::from_millis(2);
/// What follows the name of a copy while it is written.
pub(super) const UNFINISHED: &str = ".new";
/// The pause before the next try when the source is locked.
const AGAIN: Duration = Duration::from_millis(20);

/// Copies the database at `source` to `target`. The copy is written beside `target`, checked, synced to the disk, and
/// then renamed. Other readers and writers do not wait.
///
/// # Errors
/// `SnapshotError`; `target` is as it was.
pub fn copy(source: &Path, target: &Path) -> Result<(), SnapshotError> {
    let connection = open_for_reading(source);
    let mut connection = connection.map_err(|error| of_database(source, &error))?;
    copy_from(&mut connection, target, |_| (), || Ok(()))
}

/// The same for an open database. `when_read` is called when no more of the source is read, after an error too. When the copy is written, `judge`
/// says whether the source was sound, so that the copy may replace `target`.
pub(super) fn copy_from(
    source: &mut Connection,
    target: &Path,
    when_read: impl FnOnce(&Connection),
    judge: impl FnOnce() -> Result<(), SnapshotError>,
) -> Result<(), SnapshotError> {
    let unfinished = match Unfinished::beside(target) {
        Ok(unfinished) => unfinished,
        Err(error) => {
            when_read(source);
            return Err(error);
        }
    };
    let copy = write(source, &unfinished.path);
    when_read(source);
    let written = copy
        .and_then(|copy| close_intact(copy, &unfinished.path))
        .and_then(|()| sync_bit_by_bit(&unfinished.path))
        .and_then(|()| judge());
    unfinished.end(written, target)
}

/// A copy while it is written. The file is locked, so that no other process, such as another admin's, takes it for one that
/// was left, and no torn copy gets the name.
pub(super) struct Unfinished {
    pub(super) path: PathBuf,
    pub(super) file: File,
}

impl Unfinished {
    /// Makes an empty file for the copy that is to be `target`, in place of whatever is there, without following a link.
    pub(super) fn beside(target: &Path) -> Result<Self, SnapshotError> {
        let path = temporary_path(target);
        let under_way = || SnapshotError::InTheWay {
            path: target.to_owned(),
            obstacle: Obstacle::UnderWay,
        };
        // It stays locked until it is removed.
        let left = left_at(&path);
        if left.as_ref().is_some_and(is_of_another) {
            return Err(under_way());
        }
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(of_file(&path, error));
            }
            _ => {}
        }
        // It contains payloads: only the relay's user and group may read it.
        let mut options = OpenOptions::new();
        let options = options.write(true).create_new(true).mode(0o640);
        let file = match options.open(&path) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return Err(under_way()),
            opened => opened.map_err(|error| of_file(&path, error))?,
        };
        // Another one may have come before it was locked.
        if is_of_another(&file) || !is_at(&file, &path) {
            return Err(under_way());
        }
        Ok(Self { path, file })
    }

    /// Lets it take the place of `target` when it was written.
    pub(super) fn end<T>(
        self,
        written: Result<T, SnapshotError>,
        target: &Path,
    ) -> Result<T, SnapshotError> {
        let copied = written.and_then(|known| rename(&self.path, target).map(|()| known));
        if copied.is_err() {
            self.remove();
        }
        copied
    }

    /// The incomplete file is useless. Why that is so is more important than that it cannot be removed.
    pub(super) fn remove(self) {
        let _ = fs::remove_file(&self.path);
    }
}

/// The temporary path for writing `target`.
fn temporary_path(target: &Path) -> PathBuf {
    let mut name = target.as_os_str().to_owned();
    name.push(UNFINISHED);
    PathBuf::from(name)
}

/// What has the name of an unfinished copy. A link may lead to the database itself, and a pipe waits.
fn left_at(path: &Path) -> Option<File> {
    let flags = OFlags::NONBLOCK | OFlags::NOFOLLOW;
    let mut options = OpenOptions::new();
    let options = options.read(true).custom_flags(flags.bits().cast_signed());
    options.open(path).ok()
}

/// Whether another process, or another copy of this one, has locked the file; else it is locked now, where the file system
/// has locks.
fn is_of_another(file: &File) -> bool {
    matches!(file.try_lock(), Err(TryLockError::WouldBlock))
}

/// Writes one state of the source. Its read transaction ends with the last page: the write-ahead log grows meanwhile.
fn write(source: &mut Connection, target: &Path) -> Result<Connection, SnapshotError> {
    let path = PathBuf::from(source.path().unwrap_or_default());
    let at_source = |error| of_database(&path, &error);
    let at_target = |error| of_database(target, &error);
    // The first read fixes the state that the transaction sees.
    let moment = source.transaction().map_err(at_source)?;
    moment
        .execute_batch("SELECT 1 FROM sqlite_schema LIMIT 1")
        .map_err(at_source)?;
    let mut copy = Connection::open(target).map_err(at_target)?;
    // It is synced once at the end, and renamed only after that.
    copy.execute_batch("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;")
        .map_err(at_target)?;
    let backup = Backup::new(&moment, &mut copy).map_err(at_target)?;
    let mut throttle = Throttle::start();
    loop {
        match backup.step(PAGES_AT_ONCE).map_err(at_target)? {
            StepResult::Done => break,
            StepResult::More => throttle.rest_when_due(),
            _ => std::thread::sleep(AGAIN),
        }
    }
    drop(backup);
    moment.finish().map_err(at_source)?;
    settle(&copy).map_err(at_target)?;
    Ok(copy)
}

pub(super) fn close_intact(copy: Connection, target: &Path) -> Result<(), SnapshotError> {
    throttle(&copy).map_err(|error| of_database(target, &error))?;
    sound(&copy, target)?;
    copy.close()
        .map_err(|(_, error)| of_database(target, &error))
}

/// Copies a file byte by byte and syncs it to the disk.
///
/// # Errors
/// `SnapshotError`; `target` is as it was.
pub fn copy_file(source: &Path, target: &Path) -> Result<(), SnapshotError> {
    copy_file_if(source, target, |_| Ok(()))
}

/// The same of a copy of a database, which replaces `target` only when it is a good one.
///
/// # Errors
/// `SnapshotError`; `target` is as it was.
pub fn copy_good(source: &Path, target: &Path) -> Result<Verified, SnapshotError> {
    copy_file_if(source, target, |written| verify_as(written, target))
}

fn copy_file_if<T>(
    source: &Path,
    target: &Path,
    judge: impl FnOnce(&Path) -> Result<T, SnapshotError>,
) -> Result<T, SnapshotError> {
    let mut from = File::open(source).map_err(|error| of_file(source, error))?;
    let mut unfinished = Unfinished::beside(target)?;
    let written = io::copy(&mut from, &mut unfinished.file)
        .map_err(|error| of_file(&unfinished.path, error))
        .and_then(|_| sync(&unfinished.path))
        .and_then(|()| judge(&unfinished.path));
    unfinished.end(written, target)
}

/// Syncs a large file so that others who sync theirs do not wait for all of it.
fn sync_bit_by_bit(path: &Path) -> Result<(), SnapshotError> {
    let file = File::open(path).map_err(|error| of_file(path, error))?;
    let bytes = file.metadata().map_err(|error| of_file(path, error))?.len();
    let mut at = 0;
    while at < bytes {
        // Linux begins to write these bytes, and waits for nothing. Where it does not, all is written at the end.
        let _ = fadvise(&file, at, Some(BYTES_AT_ONCE), Advice::DontNeed);
        std::thread::sleep(PAUSE);
        at += BYTES_AT_ONCE.get();
    }
    file.sync_all().map_err(|error| of_file(path, error))
}

pub(super) fn sync(path: &Path) -> Result<(), SnapshotError> {
    let synced = File::open(path).and_then(|file| file.sync_all());
    synced.map_err(|error| of_file(path, error))
}

fn rename(from: &Path, to: &Path) -> Result<(), SnapshotError> {
    fs::rename(from, to).map_err(|error| of_file(to, error))?;
    let parent = to.parent().filter(|parent| !parent.as_os_str().is_empty());
    sync(parent.unwrap_or(Path::new(".")))
}

pub(super) fn of_file(path: &Path, source: io::Error) -> SnapshotError {
    SnapshotError::File {
        path: path.to_owned(),
        source,
    }
}

pub(super) fn of_database(path: &Path, source: &rusqlite::Error) -> SnapshotError {
    let disk_is_full = || disk_is_full(path.parent().unwrap_or(Path::new(".")));
    let is_out_of_room = is_out_of_room(source, disk_is_full);
    let (path, what) = (path.to_owned(), source.to_string());
    match source.sqlite_error_code() {
        _ if is_out_of_room => SnapshotError::File {
            path,
            source: io::ErrorKind::StorageFull.into(),
        },
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => SnapshotError::Source {
            path,
            trouble: Trouble::Locked,
        },
        Some(ErrorCode::ReadOnly) if let Some(journal) = journal_beside(&path) => {
            SnapshotError::Unfinished { path, journal }
        }
        // SQLite does not say why it cannot open a file; the operating system does.
        Some(ErrorCode::CannotOpen | ErrorCode::PermissionDenied | ErrorCode::ReadOnly)
            if let Err(source) = opened_as_sqlite_does(&path) =>
        {
            SnapshotError::File { path, source }
        }
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
            SnapshotError::Damaged { path, what }
        }
        _ if changed_schema(source).is_some() => SnapshotError::Damaged { path, what },
        _ => SnapshotError::Database { path, what },
    }
}

/// Opens the file for reading and writing, as SQLite does even for a database that is only read.
fn opened_as_sqlite_does(path: &Path) -> io::Result<File> {
    OpenOptions::new().read(true).write(true).open(path)
}

fn not_ours(path: &Path) -> SnapshotError {
    SnapshotError::NotOurs {
        path: path.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    #[test]
    fn a_database_that_the_system_does_not_open_is_told_in_the_systems_words() {
        let directory = tempfile::tempdir().unwrap();
        let missing = directory.path().join("relay.db");
        let error = copy(&missing, &directory.path().join("copy.db")).unwrap_err();
        let told = matches!(
            &error,
            SnapshotError::File { path, source }
                if *path == missing && source.kind() == io::ErrorKind::NotFound
        );
        assert!(told, "{error:?}");
    }

    #[test]
    fn two_copies_to_one_file_are_not_written_at_the_same_time() {
        let directory = tempfile::tempdir().unwrap();
        let [source, target] = ["relay.db", "copy.db"].map(|name| directory.path().join(name));
        let database = Connection::open(&source).unwrap();
        database.execute_batch("CREATE TABLE t (a)").unwrap();
        fs::write(&target, "an older copy").unwrap();
        let mut first = Unfinished::beside(&target).unwrap();
        for second in [copy(&source, &target), copy_file(&source, &target)] {
            let is_told = matches!(
                &second,
                Err(SnapshotError::InTheWay {
                    obstacle: Obstacle::UnderWay,
                    ..
                })
            );
            assert!(is_told, "{second:?}");
        }
        first.file.write_all(b"whole").unwrap();
        first.end(Ok(()), &target).unwrap();
        assert_eq!(fs::read(&target).unwrap(), b"whole");
        // What nobody writes any more is in nobody's way.
        fs::write(directory.path().join("copy.db.new"), "left").unwrap();
        copy(&source, &target).unwrap();
        assert_eq!(fs::read(&target).unwrap()[..6], *b"SQLite");
    }

    #[test]
    fn what_keeps_a_database_from_being_read_is_called_by_its_name() {
        let directory = tempfile::tempdir().unwrap();
        let [path, target] = ["relay.db", "copy.db"].map(|name| directory.path().join(name));
        let open = Connection::open(&path).unwrap();
        open.execute_batch("CREATE TABLE t (a); INSERT INTO t VALUES (1); BEGIN EXCLUSIVE")
            .unwrap();
        let error = of_database(
            &path,
            &Connection::open(&path)
                .and_then(|reader| {
                    reader.busy_timeout(Duration::ZERO)?;
                    reader.query_row("SELECT a FROM t", [], |_| Ok(()))
                })
                .unwrap_err(),
        );
        let is_locked = matches!(
            &error,
            SnapshotError::Source {
                trouble: Trouble::Locked,
                ..
            }
        );
        assert!(is_locked, "{error:?}");
        open.execute_batch("UPDATE t SET a = 2").unwrap();
        open.cache_flush().unwrap();
        // As a crash leaves both.
        let left = directory.path().join("left.db");
        fs::copy(&path, &left).unwrap();
        fs::copy(
            directory.path().join("relay.db-journal"),
            directory.path().join("left.db-journal"),
        )
        .unwrap();
        let error = copy(&left, &target).unwrap_err();
        assert!(
            matches!(error, SnapshotError::Unfinished { .. }),
            "{error:?}"
        );
        assert!(!target.exists());
    }

    #[test]
    fn the_source_is_free_again_before_its_copy_is_looked_through() {
        let directory = tempfile::tempdir().unwrap();
        let mut source = Connection::open(directory.path().join("relay.db")).unwrap();
        let made = "PRAGMA journal_mode = WAL; CREATE TABLE t (a); INSERT INTO t VALUES (1);";
        source.execute_batch(made).unwrap();
        let target = directory.path().join("copy.db");
        let copy = write(&mut source, &target).unwrap();
        assert!(source.is_autocommit());
        let busy = source.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| {
            row.get::<_, bool>(0)
        });
        assert!(!busy.unwrap(), "nobody reads it any more");
        close_intact(copy, &target).unwrap();
    }
}
