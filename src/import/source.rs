//! An input that is text and can be read more than once.

use std::fs::File;
use std::io::{self, Read, Seek, Write};
use std::path::Path;

/// Bytes at the beginning of a file from which its kind is detected.
const HEAD: u64 = 64 * 1024;
/// The path that means standard input.
const STANDARD_INPUT: &str = "-";

/// An open file. The content of a pipe is first copied to an unnamed temporary file.
pub(super) struct Source {
    file: File,
    length: u64,
}

impl Source {
    /// Opens a file, a pipe, or the standard input for `-`.
    ///
    /// # Errors
    /// When it cannot be read.
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        let file = if path.as_os_str() == STANDARD_INPUT {
            spool(io::stdin().lock())?
        } else {
            let file = File::open(path)?;
            if file.metadata()?.is_dir() {
                return Err(io::ErrorKind::IsADirectory.into());
            }
            if file.metadata()?.is_file() {
                file
            } else {
                spool(file)?
            }
        };
        Self::of(file)
    }

    /// What is in a file that is open.
    ///
    /// # Errors
    /// When it cannot be read.
    pub(super) fn of(file: File) -> io::Result<Self> {
        let length = file.metadata()?.len();
        Ok(Self { file, length })
    }

    pub(super) fn length(&self) -> u64 {
        self.length
    }

    /// Seeks to the beginning.
    pub(super) fn rewound(&self) -> io::Result<&File> {
        let mut file = &self.file;
        file.rewind()?;
        Ok(file)
    }

    /// Seeks to the beginning and returns the file.
    pub(super) fn into_rewound(self) -> io::Result<File> {
        self.rewound()?;
        Ok(self.file)
    }

    /// The first bytes, 64 KiB at most.
    pub(super) fn head(&self) -> io::Result<Vec<u8>> {
        let mut head = Vec::new();
        self.rewound()?.take(HEAD).read_to_end(&mut head)?;
        Ok(head)
    }
}

/// Copies a pipe. When its beginning is not text, nothing more is read: it may be endless.
fn spool(mut pipe: impl Read) -> io::Result<File> {
    let mut file = tempfile::tempfile()?;
    let mut head = Vec::new();
    pipe.by_ref().take(HEAD).read_to_end(&mut head)?;
    file.write_all(&head)?;
    if Foreign::detect(&head).is_none() {
        io::copy(&mut pipe, &mut file)?;
    }
    Ok(file)
}

/// Kinds of files that are not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Foreign {
    /// A workbook of Excel.
    Workbook,
    /// A spreadsheet of `LibreOffice`.
    OpenDocument,
    /// A ZIP archive or another compressed file.
    Packed,
    Pdf,
    /// A web page, which some programs save as an Excel file.
    Html,
    /// Text in this encoding.
    Text(&'static str),
    /// Text of which only a part is UTF-8.
    Mixed,
    /// UTF-16 without a byte order mark.
    Utf16WithoutMark,
    /// Binary data.
    Binary,
    /// An empty file.
    Empty,
}

impl Foreign {
    /// Detects the kind by the beginning of a file; none when it may be accepted text.
    pub(super) fn detect(head: &[u8]) -> Option<Self> {
        let begins = |with: &[u8]| head.starts_with(with);
        let has = |what: &[u8]| head.windows(what.len()).any(|part| part == what);
        if begins(b"PK\x03\x04") {
            return Some(if has(b"opendocument.spreadsheet") {
                Self::OpenDocument
            } else if has(b"xl/") || has(b"[Content_Types].xml") {
                Self::Workbook
            } else {
                Self::Packed
            });
        }
        if begins(b"\xd0\xcf\x11\xe0") {
            return Some(Self::Workbook);
        }
        if begins(b"\x1f\x8b") {
            return Some(Self::Packed);
        }
        if begins(b"%PDF") {
            return Some(Self::Pdf);
        }
        let text = head.trim_ascii_start();
        if text.starts_with(b"<") {
            return Some(Self::Html);
        }
        Self::of_characters(head)
    }

    fn of_characters(head: &[u8]) -> Option<Self> {
        if head.starts_with(b"\xff\xfe\0\0") || head.starts_with(b"\0\0\xfe\xff") {
            return Some(Self::Text("UTF-32"));
        }
        if head.starts_with(b"\xff\xfe") || head.starts_with(b"\xfe\xff") {
            return None;
        }
        if head.windows(2).any(|two| two == b"\x1b$") {
            return Some(Self::Text("ISO-2022-JP (JIS)"));
        }
        if !head.contains(&0) {
            return None;
        }
        // ASCII in UTF-16 has exactly one zero byte for each character.
        let pairs = head.chunks_exact(2);
        let ascii = pairs.clone().filter(|pair| pair.contains(&0)).count();
        if ascii * 2 > pairs.len() && pairs.clone().all(|pair| pair != [0, 0]) {
            Some(Self::Utf16WithoutMark)
        } else {
            Some(Self::Binary)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pipe_is_read_whole_and_what_is_no_text_is_not() {
        let text = "職員\n".repeat(65_536);
        assert_eq!(
            spool(text.as_bytes()).unwrap().metadata().unwrap().len(),
            text.len() as u64
        );
        let device = Source::open(Path::new("/dev/zero")).unwrap();
        assert_eq!(device.length(), HEAD);
        assert_eq!(
            Foreign::detect(&device.head().unwrap()),
            Some(Foreign::Binary)
        );
    }

    #[test]
    fn what_is_no_text_of_records_is_named() {
        let mut utf_16 = Vec::new();
        utf_16.extend("id,employeeId\n".encode_utf16().flat_map(u16::to_le_bytes));
        for (head, foreign) in [
            (&b"PK\x03\x04....[Content_Types].xml"[..], Foreign::Workbook),
            (
                b"PK\x03\x04...mimetypeapplication/vnd.oasis.opendocument.spreadsheet",
                Foreign::OpenDocument,
            ),
            (b"PK\x03\x04....notes.txt", Foreign::Packed),
            (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", Foreign::Workbook),
            (b"\x1f\x8b\x08", Foreign::Packed),
            (b"%PDF-1.7", Foreign::Pdf),
            (b"\n<html><table>", Foreign::Html),
            (
                b"id,name\n1,\x1b$B;3\x1b(B",
                Foreign::Text("ISO-2022-JP (JIS)"),
            ),
            (b"\xff\xfe\0\0i\0\0\0", Foreign::Text("UTF-32")),
            (&utf_16, Foreign::Utf16WithoutMark),
            (b"id,name\n1,\0\0\0", Foreign::Binary),
            (b"id,name\n1,\0", Foreign::Binary),
        ] {
            assert_eq!(Foreign::detect(head), Some(foreign), "{head:?}");
        }
        for text in [
            &b"id,name\n"[..],
            b"\xff\xfei\0d\0",
            b"\x8e\x52",
            b"[{}]",
            b"",
        ] {
            assert_eq!(Foreign::detect(text), None, "{text:?}");
        }
    }
}
