//! In which files of the data directory a staff id stands, whether a row has it or not: in pages that are free, in the
//! write-ahead log, in the backup file, and in the other copies.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use super::DatabaseFile;
use super::free_space_scan::Texts;
use super::path::journal_of;
use crate::priority::Throttle;

/// Bytes that are looked through at a time.
const AT_ONCE: usize = 1024 * 1024;

/// Before a value of a row, at most so many bytes are looked at for the row's beginning.
const REACH: usize = 1024;
/// SQLite's number of a text with no bytes; each byte more adds two.
const EMPTY_TEXT: u64 = 13;

/// A staff id in every spelling. It counts where it is a value of a row or a string of JSON: as a part of something longer,
/// such as a number in a time, it says nothing of anybody.
pub(in crate::store) struct Sought {
    texts: Texts,
    /// The bytes of the longest of them.
    longest: usize,
}

impl Sought {
    pub(in crate::store) fn of(spellings: &[String]) -> Self {
        let longest = spellings.iter().map(String::len).max();
        Self {
            texts: Texts::of(spellings),
            longest: longest.unwrap_or(0),
        }
    }

    fn is_at(&self, bytes: &[u8], at: usize) -> bool {
        let mut found = self.texts.at(bytes, at);
        found.any(|text| {
            let end = at + text.len();
            is_string(bytes, at, end) || is_value(bytes, at, end)
        })
    }

    fn stands_in(&self, file: &File) -> io::Result<bool> {
        // Each place is judged in a piece that has what stands before and behind it.
        let around = REACH + self.longest;
        let mut bytes = vec![0; AT_ONCE + 2 * around];
        let mut throttle = Throttle::start();
        let (mut from, mut first) = (0, 0);
        loop {
            let read = read_at(file, &mut bytes, from)?;
            let is_last = read < bytes.len();
            let end = if is_last { read } else { AT_ONCE + around };
            if (first..end).any(|at| self.is_at(&bytes[..read], at)) {
                return Ok(true);
            }
            if is_last {
                return Ok(false);
            }
            (from, first) = (from + AT_ONCE as u64, around);
            throttle.rest_when_due();
        }
    }

    /// One that was deleted meanwhile has nothing.
    fn stands_in_copy(&self, path: &Path) -> io::Result<bool> {
        let kind = match fs::symlink_metadata(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
            found => found?.file_type(),
        };
        if kind.is_dir() {
            for entry in fs::read_dir(path)? {
                if self.stands_in_copy(&entry?.path())? {
                    return Ok(true);
                }
            }
        }
        Ok(kind.is_file() && self.stands_in(&File::open(path)?)?)
    }
}

/// Whether this is all of a string of JSON.
fn is_string(bytes: &[u8], at: usize, end: usize) -> bool {
    let before = at.checked_sub(1).and_then(|before| bytes.get(before));
    before == Some(&b'"') && bytes.get(end) == Some(&b'"')
}

/// Whether this is all of a value of a row, as the header of some row before it says.
fn is_value(bytes: &[u8], at: usize, end: usize) -> bool {
    let nearest = at.saturating_sub(REACH);
    (nearest..at).any(|header| has_value(&bytes[header..end], at - header))
}

/// Whether a row that begins here has a text that begins at `at` and goes to the end. Its header has its own length, and then
/// for each value a number that says what that is.
fn has_value(row: &[u8], at: usize) -> bool {
    let length = usize::from(row[0]);
    if !(2..128).contains(&length) || length > at {
        return false;
    }
    let mut kinds = &row[1..length];
    let mut begin = length;
    while let Some((kind, rest)) = number(kinds) {
        let bytes = match kind {
            0 | 8 | 9 => 0,
            1..=4 => usize::try_from(kind).unwrap_or(0),
            5 => 6,
            6 | 7 => 8,
            kind => usize::try_from(kind.saturating_sub(12) / 2).unwrap_or(usize::MAX),
        };
        let is_text = kind >= EMPTY_TEXT && kind % 2 == 1;
        if begin == at && bytes > 0 {
            return is_text && bytes == row.len() - at;
        }
        begin = begin.saturating_add(bytes);
        if begin > at {
            return false;
        }
        kinds = rest;
    }
    false
}

/// A number as SQLite writes it: seven bits a byte, and the highest bit says that there are more.
fn number(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let mut value = 0;
    for (at, byte) in bytes.iter().enumerate().take(8) {
        value = value << 7 | u64::from(byte & 0x7f);
        if byte & 0x80 == 0 {
            return Some((value, &bytes[at + 1..]));
        }
    }
    None
}

/// As much as there is.
fn read_at(file: &File, bytes: &mut [u8], from: u64) -> io::Result<usize> {
    let mut read = 0;
    while read < bytes.len() {
        match file.read_at(&mut bytes[read..], from + read as u64) {
            Ok(0) => break,
            Ok(more) => read += more,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(read)
}

impl DatabaseFile {
    /// The files and directories in which it stands.
    ///
    /// # Errors
    /// What the operating system said.
    pub(in crate::store) fn files_with(&self, sought: &Sought) -> io::Result<Vec<PathBuf>> {
        // These are read through the files that are open anyway: others must not be closed here.
        let own = [
            (&self.shape.database, self.path().to_owned()),
            (&self.shape.journal, journal_of(self.path())),
        ];
        let mut found = Vec::new();
        for (file, path) in own {
            if sought.stands_in(file)? {
                found.push(path);
            }
        }
        for copy in [vec![self.backup_path()], self.other_copies()].concat() {
            if sought.stands_in_copy(&copy)? {
                found.push(copy);
            }
        }
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stands(bytes: &[u8], id: &str) -> bool {
        let directory = tempfile::tempdir().unwrap();
        fs::write(directory.path().join("a"), bytes).unwrap();
        let sought = Sought::of(&[id.to_owned()]);
        sought.stands_in_copy(directory.path()).unwrap()
    }

    #[test]
    fn an_id_is_found_at_every_place_and_not_as_a_part_of_something() {
        let ends = [0, 1, 5, 500, REACH, REACH + 5].map(|more| AT_ONCE + more);
        let more = [0, 1, AT_ONCE - 3, 2 * AT_ONCE - 1];
        for before in ends.into_iter().chain(more) {
            let behind = "-".repeat(2 * AT_ONCE);
            let after = |text: &str| ["-".repeat(before).as_str(), text, &behind].concat();
            let after = |text: &str| after(text).into_bytes();
            assert!(stands(&after(r#"{"staffId":"1042"}"#), "1042"), "{before}");
            // An entry of an index: its header has three bytes, and 21 is a text of four.
            assert!(stands(&after("\u{3}\u{15}\u{1}1042x"), "1042"), "{before}");
            assert!(!stands(&after("\u{3}\u{17}\u{1}10425x"), "1042"));
            assert!(!stands(&after("2025-10-26T12:00:00.1042"), "1042"));
            assert!(!stands(&after(r#"{"staffId":"10425"}"#), "1042"));
        }
        assert!(!stands(b"", "1042"));
    }

    #[test]
    fn the_values_of_a_database_are_found_and_what_it_has_in_between_is_not() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("a.db");
        let connection = rusqlite::Connection::open(&path).unwrap();
        let long = "EMP-".repeat(40);
        connection
            .execute_batch(&format!(
                "CREATE TABLE t (a INTEGER PRIMARY KEY, at TEXT, b ANY, id TEXT, more TEXT);
                 INSERT INTO t VALUES (1, '2025-10-26', NULL, '1042', 'x'), (2, '', 1, '{long}', ''),
                                      (3, 'at', 1.5, '77', '778899'), (4, '778', x'00', 'last', NULL);"
            ))
            .unwrap();
        drop(connection);
        let bytes = fs::read(&path).unwrap();
        for id in ["1042", "2025-10-26", &long, "77", "778", "778899", "last"] {
            assert!(stands(&bytes, id), "{id}");
        }
        for id in [
            "104", "042", "2025", "EMP-", "7788", "INTEGER", "l", "t VALUES",
        ] {
            assert!(!stands(&bytes, id), "{id}");
        }
    }
}
