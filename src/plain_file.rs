//! Reads plain files only: reading a pipe that nobody writes to, or an endless device, would never return.

use std::fs::{self, File, Metadata};
use std::io::{self, Read};
use std::path::Path;

/// A pipe, a socket or a device in the place of a file.
#[derive(Debug, thiserror::Error)]
#[error("not an ordinary file")]
pub struct NotOrdinary;

/// What is known of a file that is an ordinary one, or a link to one.
///
/// # Errors
/// The system's, `IsADirectory`, and [`NotOrdinary`] as the source of another one.
pub fn ordinary(path: &Path) -> io::Result<Metadata> {
    let metadata = fs::metadata(path)?;
    if metadata.is_dir() {
        return Err(io::ErrorKind::IsADirectory.into());
    }
    if !metadata.is_file() {
        return Err(io::Error::other(NotOrdinary));
    }
    Ok(metadata)
}

/// Opens an ordinary file. A pipe would wait for somebody who writes to it.
///
/// # Errors
/// As [`ordinary`], and the system's.
pub fn open(path: &Path) -> io::Result<File> {
    ordinary(path)?;
    File::open(path)
}

/// A whole text of at most `most` bytes, from whatever a person names: a pipe too.
///
/// # Errors
/// The system's; `FileTooLarge` for what has more, `InvalidData` for what is not UTF-8.
pub fn text_of(source: impl Read, most: u64) -> io::Result<String> {
    let mut text = String::new();
    let length = source.take(most + 1).read_to_string(&mut text)?;
    if length as u64 > most {
        return Err(io::ErrorKind::FileTooLarge.into());
    }
    Ok(text)
}

/// As [`text_of`], of a file.
///
/// # Errors
/// As [`text_of`].
pub fn text_at(path: &Path, most: u64) -> io::Result<String> {
    text_of(File::open(path)?, most)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_file_with_an_end_is_an_ordinary_one() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("file");
        fs::write(&path, "text").unwrap();
        assert_eq!(ordinary(&path).unwrap().len(), 4);
        let of_directory = ordinary(directory.path()).unwrap_err();
        assert_eq!(of_directory.kind(), io::ErrorKind::IsADirectory);
        for odd in ["/dev/null", "/dev/zero"] {
            assert!(ordinary(Path::new(odd)).is_err(), "{odd}");
        }
    }

    #[test]
    fn a_text_is_read_to_its_limit_and_no_further() {
        assert_eq!(text_of(&b"abc"[..], 3).unwrap(), "abc");
        for (result, kind) in [
            (text_of(&b"abcd"[..], 3), io::ErrorKind::FileTooLarge),
            (text_of(&b"\xff"[..], 3), io::ErrorKind::InvalidData),
            (
                text_at(Path::new("/dev/zero"), 3),
                io::ErrorKind::FileTooLarge,
            ),
        ] {
            assert_eq!(result.unwrap_err().kind(), kind);
        }
    }
}
