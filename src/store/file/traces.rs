//! In which files of the data directory a staff id stands, whether a row has it or not: in pages that are free, in the
//! write-ahead log, in the backup file, and in the other copies.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use super::DatabaseFile;
use super::free_space_scan::{Remains, Texts};
use super::path::journal_of;
use crate::priority::Throttle;

/// Bytes that are looked through at a time.
const AT_ONCE: usize = 1024 * 1024;
/// Bytes after which others have their turn.
pub(in crate::store) const PIECE: u64 = 16 * AT_ONCE as u64;

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

    /// Looks through the next piece of a file. Each place is judged with what stands before and behind it.
    fn look_through(&self, file: &File, from: u64) -> io::Result<Piece> {
        let around = REACH + self.longest;
        let mut bytes = vec![0; AT_ONCE + 2 * around];
        let mut throttle = Throttle::start();
        let mut at = from;
        while at < from + PIECE {
            let before = at.min(around as u64);
            let read = read_at(file, &mut bytes, at - before)?;
            let first = usize::try_from(before).unwrap_or(0);
            let end = read.min(first + AT_ONCE);
            if (first..end).any(|at| self.is_at(&bytes[..read], at)) {
                return Ok(Piece::Found);
            }
            if end < first + AT_ONCE {
                return Ok(Piece::Last);
            }
            at += AT_ONCE as u64;
            throttle.rest_when_due();
        }
        Ok(Piece::Next(at))
    }
}

/// What a piece of a file says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::store) enum Piece {
    /// It stands in it.
    Found,
    /// It does not, and the next piece begins here.
    Next(u64),
    /// It does not, and there is no more.
    Last,
}

impl Piece {
    /// Where to go on; none: the file is done with.
    pub(in crate::store) fn next(self) -> Option<u64> {
        match self {
            Self::Next(from) => Some(from),
            Self::Found | Self::Last => None,
        }
    }
}

/// A file that is to be looked through.
pub(in crate::store) struct Place {
    /// What a person is told: the file, or the directory that it lies in.
    pub(in crate::store) named: PathBuf,
    /// The file.
    pub(in crate::store) path: PathBuf,
}

/// A file that is being looked through. The relay's own are read through what is open anyway: another file of them must not
/// be closed here.
pub(in crate::store) enum OpenPlace {
    Database,
    Journal,
    Copy(File),
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
    /// The files in which something may stand that was erased.
    ///
    /// # Errors
    /// What the operating system said.
    pub(in crate::store) fn places(&self) -> io::Result<Vec<Place>> {
        let copies = [vec![self.backup_path()], self.other_copies()].concat();
        // These are open, whatever has become of their names.
        let own = [self.path().to_owned(), journal_of(self.path())];
        let own = own.map(|path| Place {
            named: path.clone(),
            path,
        });
        let mut places = Vec::from(own);
        for copy in copies {
            add_files(&copy, &copy, &mut places)?;
        }
        Ok(places)
    }

    /// Opens one of them. None: it was deleted meanwhile, and has nothing.
    ///
    /// # Errors
    /// What the operating system said.
    pub(in crate::store) fn open_place(&self, path: &Path) -> io::Result<Option<OpenPlace>> {
        if path == self.path() {
            return Ok(Some(OpenPlace::Database));
        }
        if path == journal_of(self.path()) {
            return Ok(Some(OpenPlace::Journal));
        }
        is_there(File::open(path)).map(|file| file.map(OpenPlace::Copy))
    }

    /// Looks through the next piece of it.
    ///
    /// # Errors
    /// What the operating system said.
    pub(in crate::store) fn piece_with(
        &self,
        place: &OpenPlace,
        sought: &Sought,
        from: u64,
    ) -> io::Result<Piece> {
        let file = match place {
            OpenPlace::Database => &self.shape.database,
            OpenPlace::Journal => &self.shape.journal,
            OpenPlace::Copy(file) => file,
        };
        sought.look_through(file, from)
    }

    /// The next pages of the database that have what is looked for where no row is, and where to go on. The write-ahead log
    /// has to be empty.
    ///
    /// # Errors
    /// What the operating system said.
    pub(in crate::store) fn pages_with(
        &self,
        remains: &Remains,
        after: u32,
    ) -> io::Result<(Vec<u32>, Option<u32>)> {
        self.shape.pages_with(remains, after)
    }
}

/// Adds a file, or all files of a directory.
fn add_files(named: &Path, path: &Path, places: &mut Vec<Place>) -> io::Result<()> {
    let Some(found) = is_there(fs::symlink_metadata(path))? else {
        return Ok(());
    };
    if found.is_dir() {
        for entry in fs::read_dir(path)? {
            add_files(named, &entry?.path(), places)?;
        }
    } else if found.is_file() {
        let [named, path] = [named, path].map(Path::to_owned);
        places.push(Place { named, path });
    }
    Ok(())
}

fn is_there<T>(found: io::Result<T>) -> io::Result<Option<T>> {
    match found {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        found => found.map(Some),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stands(bytes: &[u8], id: &str) -> bool {
        let directory = tempfile::tempdir().unwrap();
        fs::write(directory.path().join("a"), bytes).unwrap();
        let sought = Sought::of(&[id.to_owned()]);
        let mut places = Vec::new();
        add_files(directory.path(), directory.path(), &mut places).unwrap();
        let file = File::open(&places[0].path).unwrap();
        let mut next = Some(0);
        while let Some(from) = next {
            let piece = sought.look_through(&file, from).unwrap();
            if piece == Piece::Found {
                return true;
            }
            next = piece.next();
        }
        false
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
