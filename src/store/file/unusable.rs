//! What may stand in the database's place and cannot be opened as one. It is told by what it is, before SQLite
//! says less about it.

use std::fs::{self, File};
use std::io;
use std::path::Path;

use super::open::OpenError;
use super::place::{journal_of, shared_memory_of};
use super::{live_file, newest_copy};

/// Refuses what is no ordinary file. One that is not there is none.
pub(super) fn refuse_odd(directory: &Path) -> Result<(), OpenError> {
    let path = live_file(directory);
    let why = match fs::symlink_metadata(&path) {
        Ok(found) if found.is_symlink() && !path.exists() => {
            "this symbolic link leads nowhere. Mount the disk that it leads to, or remove the link"
        }
        Ok(_) if path.is_dir() => "a directory stands where the database should be. Move it away",
        Ok(_) if !path.is_file() => "this is not an ordinary file. Move it away",
        Ok(_) | Err(_) => return Ok(()),
    };
    Err(unusable(directory, &path, why.to_owned()))
}

/// Refuses files that this user may not read and write. None of them may be open in this process.
pub(super) fn refuse_unwritable(directory: &Path) -> Result<(), OpenError> {
    let database = live_file(directory);
    for path in [
        journal_of(&database),
        shared_memory_of(&database),
        database.clone(),
    ] {
        let opened = File::options().read(true).write(true).open(&path);
        match opened.map_err(|error| error.kind()) {
            Err(io::ErrorKind::PermissionDenied) => {
                let why = format!(
                    "the user that runs the relay may not read and write this file. Give it to that user: chown --reference={} {}",
                    directory.display(),
                    path.display()
                );
                return Err(unusable(directory, &path, why));
            }
            Err(io::ErrorKind::ReadOnlyFilesystem) => {
                let why = "its disk can only be read. Mount it so that it can be written";
                return Err(unusable(directory, &path, why.to_owned()));
            }
            // One that is not there is made; SQLite says what else is wrong.
            Ok(_) | Err(_) => {}
        }
    }
    Ok(())
}

fn unusable(directory: &Path, path: &Path, why: String) -> OpenError {
    OpenError::Unusable {
        path: path.to_owned(),
        why,
        copy: newest_copy(directory),
    }
}
