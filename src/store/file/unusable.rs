//! What can be at the database's path and is no database: a directory, a pipe, a link, an unreadable file. It is named as what
//! it is before SQLite is asked, whose errors say less.

use std::fs::{self, File, Metadata};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::copies::newest_copy;
use super::live_file;
use super::open_error::{Odd, OpenError};
use super::path::{filled_journal_of, journal_of, rollback_journal_of, shared_memory_of};
use super::rollback::RollbackJournal;
use super::stray_log::StrayLog;
use crate::trouble::Bar;

/// Refuses what is no ordinary file. One that is not there is none.
pub(super) fn refuse_odd(directory: &Path) -> Result<(), OpenError> {
    let path = live_file(directory);
    let why = match fs::symlink_metadata(&path) {
        Ok(found) if found.is_symlink() && !path.exists() => Odd::DeadLink,
        Ok(found) if found.is_symlink() => Odd::Link,
        Ok(_) if path.is_dir() => Odd::Directory,
        Ok(_) if !path.is_file() => Odd::NotPlain,
        Ok(found) if found.len() == 0 && filled_journal_of(&path).is_some() => Odd::Emptied,
        Ok(_) if StrayLog::beside(&path) == Some(StrayLog::OfAnother) => Odd::LogOfAnother,
        Ok(_) if RollbackJournal::beside(&path) == Some(RollbackJournal::OfAnother) => {
            Odd::JournalOfAnother
        }
        Ok(_) | Err(_) => return refuse_odd_beside(directory, &path),
    };
    Err(unusable(directory, &path, why))
}

/// Refuses what is no ordinary file where SQLite keeps its own files beside the database.
fn refuse_odd_beside(directory: &Path, database: &Path) -> Result<(), OpenError> {
    for path in [
        journal_of(database),
        shared_memory_of(database),
        rollback_journal_of(database),
    ] {
        let why = match fs::symlink_metadata(&path) {
            Ok(found) if found.is_symlink() => Odd::Link,
            Ok(found) if !found.is_file() => Odd::NotPlain,
            Ok(_) | Err(_) => continue,
        };
        return Err(unusable(directory, &path, why));
    }
    Ok(())
}

/// Refuses what is no directory where the data directory, or that of the database in it, should be, and one to which
/// this user may not get. One that is not there is made.
pub(super) fn refuse_no_directories(directory: &Path) -> Result<(), OpenError> {
    for path in [directory.to_owned(), directory.join("live")] {
        let why = match (fs::symlink_metadata(&path), fs::metadata(&path)) {
            (Ok(_), Ok(found)) if !found.is_dir() => Odd::NoDirectory,
            (Err(error), _) if error.kind() == io::ErrorKind::PermissionDenied => {
                return Err(closed(directory, &path));
            }
            // Nothing is there, or it leads in a circle.
            (Ok(link), Err(error))
                if link.is_symlink() && error.kind() != io::ErrorKind::PermissionDenied =>
            {
                Odd::DeadLink
            }
            _ => continue,
        };
        return Err(unusable(directory, &path, why));
    }
    Ok(())
}

/// Refuses a directory around the database that this user may not enter or write into, as SQLite has to.
pub(super) fn refuse_closed(directory: &Path) -> Result<(), OpenError> {
    let live = directory.join("live");
    match tempfile::tempfile_in(&live).map_err(|error| error.kind()) {
        Err(io::ErrorKind::PermissionDenied) => Err(closed(directory, &live)),
        Err(io::ErrorKind::ReadOnlyFilesystem) => {
            Err(unusable(directory, &live, Odd::ReadOnlyDisk))
        }
        // One that is not there is made; who uses it says what else is wrong.
        Ok(_) | Err(_) => Ok(()),
    }
}

/// Refuses to replace a database that is there, and that whoever restores may not read, since what outlives a restore
/// would be lost; or that is behind a link, which would be set aside in its place.
pub(super) fn refuse_irreplaceable(directory: &Path) -> Result<(), OpenError> {
    let live = directory.join("live");
    if let Ok(target) = fs::read_link(&live) {
        let target = fs::canonicalize(&live).unwrap_or(target);
        return Err(OpenError::Unusable {
            path: live,
            why: Odd::LinkedDirectory(target),
            copy: None,
        });
    }
    match refuse_closed(directory).and_then(|()| refuse_unwritable(directory)) {
        // Another restore is no way out.
        Err(OpenError::Unusable {
            path,
            why: why @ Odd::Closed(_),
            ..
        }) => Err(OpenError::Unusable {
            path,
            why,
            copy: None,
        }),
        _ => Ok(()),
    }
}

/// Refuses what is no ordinary file of this user in the place of `file`, which names the process. It would be
/// written through a link, and a pipe waits for ever.
pub(super) fn refuse_odd_lock(directory: &Path, file: &Path) -> Result<(), OpenError> {
    let why = match fs::symlink_metadata(file) {
        Ok(found) if !found.is_file() => Odd::NotPlain,
        Ok(_) => return refuse_unwritable_file(directory, file),
        Err(_) => return Ok(()),
    };
    Err(unusable(directory, file, why))
}

/// Refuses files that this user may not read and write. None of them may be open in this process.
pub(super) fn refuse_unwritable(directory: &Path) -> Result<(), OpenError> {
    let database = live_file(directory);
    for path in [
        journal_of(&database),
        shared_memory_of(&database),
        database.clone(),
    ] {
        refuse_unwritable_file(directory, &path)?;
    }
    Ok(())
}

fn refuse_unwritable_file(directory: &Path, path: &Path) -> Result<(), OpenError> {
    let opened = File::options().read(true).write(true).open(path);
    match opened.map_err(|error| error.kind()) {
        Err(io::ErrorKind::PermissionDenied) => Err(closed(directory, path)),
        Err(io::ErrorKind::ReadOnlyFilesystem) => Err(unusable(directory, path, Odd::ReadOnlyDisk)),
        // One that is not there is made; SQLite says what else is wrong.
        Ok(_) | Err(_) => Ok(()),
    }
}

/// What keeps this user from the file or directory at `path`, and why: a directory on the way there, when that may not
/// be entered, or else the thing itself.
pub(super) fn bar(directory: &Path, path: &Path) -> (PathBuf, Bar) {
    let own = rustix::process::geteuid().as_raw();
    let seen = path
        .ancestors()
        .find_map(|path| Some((path, fs::metadata(path).ok()?)));
    let why = match &seen {
        Some((_, found)) if found.uid() == own && found.is_dir() && lacks(found, 0o700) => {
            Bar::ModeOfDirectory
        }
        Some((_, found)) if found.uid() == own && !found.is_dir() && lacks(found, 0o600) => {
            Bar::ModeOfFile
        }
        Some((path, _)) if *path == directory => Bar::NotOurDirectory { user: own },
        Some((path, _)) if directory.starts_with(path) => Bar::Above,
        _ => Bar::NotOurs {
            directory: directory.to_owned(),
        },
    };
    (seen.map_or(path, |(path, _)| path).to_owned(), why)
}

/// The refusal of what this user may not use.
pub(super) fn closed(directory: &Path, path: &Path) -> OpenError {
    let (path, why) = bar(directory, path);
    unusable(directory, &path, Odd::Closed(why))
}

fn lacks(found: &Metadata, mode: u32) -> bool {
    found.mode() & mode != mode
}

fn unusable(directory: &Path, path: &Path, why: Odd) -> OpenError {
    OpenError::Unusable {
        path: path.to_owned(),
        why,
        copy: newest_copy(directory),
    }
}
