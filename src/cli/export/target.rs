//! Where an export is written: a file that is there when it is whole, or the standard output.

use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use rustix::io::Errno;
use tempfile::NamedTempFile;

/// What stands for the standard output.
pub(super) const STANDARD_OUTPUT: &str = "-";

/// What is written to.
pub(in crate::cli) enum Target {
    /// A file beside the one that it will be, for its owner alone. It goes when it is not kept.
    File(BufWriter<NamedTempFile>, PathBuf),
    /// The standard output.
    Output(BufWriter<io::Stdout>),
}

impl Target {
    /// Begins to write.
    ///
    /// # Errors
    /// The system's; `AlreadyExists` when there is something of this name.
    pub(in crate::cli) fn create(path: &Path) -> io::Result<Self> {
        if path == Path::new(STANDARD_OUTPUT) {
            return Ok(Self::Output(BufWriter::new(io::stdout())));
        }
        if path.symlink_metadata().is_ok() {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        let directory = path.parent().filter(|parent| *parent != Path::new(""));
        let file = NamedTempFile::new_in(directory.unwrap_or(Path::new("."))).map_err(bare)?;
        Ok(Self::File(BufWriter::new(file), path.to_owned()))
    }

    /// Ends the writing: from now on the file has its name. Answers whether there is a file.
    ///
    /// # Errors
    /// The system's; `AlreadyExists` when somebody else made one of this name meanwhile. No file is left then.
    pub(in crate::cli) fn keep(self) -> io::Result<bool> {
        match self {
            Self::Output(mut output) => {
                output.flush()?;
                Ok(false)
            }
            Self::File(writer, path) => {
                let file = writer.into_inner()?;
                file.as_file().sync_all()?;
                file.persist_noclobber(path)?;
                Ok(true)
            }
        }
    }
}

/// What the system said, of the directory. The library names its file beside it, which nobody has typed.
fn bare(error: io::Error) -> io::Error {
    let number = match error.kind() {
        io::ErrorKind::NotFound => Errno::NOENT,
        io::ErrorKind::NotADirectory => Errno::NOTDIR,
        io::ErrorKind::PermissionDenied => Errno::ACCESS,
        io::ErrorKind::ReadOnlyFilesystem => Errno::ROFS,
        io::ErrorKind::StorageFull => Errno::NOSPC,
        _ => return error,
    };
    number.into()
}

impl Write for Target {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::File(file, _) => file.write(bytes),
            Self::Output(output) => output.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::File(file, _) => file.flush(),
            Self::Output(output) => output.flush(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_file_has_its_name_when_it_is_whole_and_is_its_owners_alone() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("a.csv");
        let mut target = Target::create(&path).unwrap();
        target.write_all(b"half").unwrap();
        assert!(!path.exists());
        assert!(target.keep().unwrap());
        assert_eq!(fs::read(&path).unwrap(), b"half");
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn what_the_system_says_of_a_directory_names_no_other_file() {
        let path = Path::new("/no/such/directory/a.csv");
        let error = Target::create(path).err().unwrap();
        assert_eq!(error.kind(), io::ErrorKind::NotFound);
        assert_eq!(
            error.to_string(),
            io::Error::from_raw_os_error(2).to_string()
        );
    }

    #[test]
    fn what_is_not_kept_leaves_nothing_and_what_is_there_stays() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("a.csv");
        let names = || fs::read_dir(directory.path()).unwrap().count();
        let mut left = Target::create(&path).unwrap();
        left.write_all(b"half").unwrap();
        drop(left);
        assert_eq!(names(), 0);
        let late = Target::create(&path).unwrap();
        fs::write(&path, "mine").unwrap();
        let kinds = [late.keep().err(), Target::create(&path).err()];
        for error in kinds {
            assert_eq!(error.unwrap().kind(), io::ErrorKind::AlreadyExists);
        }
        assert_eq!(fs::read(&path).unwrap(), b"mine");
        assert_eq!(names(), 1);
    }
}
