//! What SQLite has left of rows that are gone: between the rows of a page, where it has rebuilt the page.
//!
//! Pages are read as SQLite's documentation of its file format describes them. What a row has is not looked at, and pages that
//! are free or that hold the end of a long row have no such places: with `secure_delete` they are overwritten as a whole.
//! Whether a page has rows is only guessed here from its first byte; `physical_erasure` asks the database before it writes.

use std::fs::File;
use std::io;
use std::ops::Range;
use std::os::unix::fs::FileExt;

use crate::priority::Throttle;

/// What is looked for where no row is.
#[derive(Clone, Debug)]
pub enum Remains {
    /// Any of these texts.
    Of(Vec<String>),
    /// Anything at all: an erasure was broken off, and of whose names it was to find no row tells any more.
    Any,
}

impl Remains {
    fn search(&self) -> impl Fn(&[u8]) -> bool {
        let texts = match self {
            Self::Of(texts) => Some(Texts::of(texts)),
            Self::Any => None,
        };
        move |part| match &texts {
            Some(texts) => texts.are_in(part),
            None => part.iter().any(|byte| *byte != 0),
        }
    }
}

/// What the first byte of a page says that has rows: of an index or of a table, inner pages and leaves.
const WITH_ROWS: [u8; 4] = [2, 5, 10, 13];
/// The first of them are inner pages, whose header is longer.
const INNER: [u8; 2] = [2, 5];
/// The header of the file stands before that of its first page.
const FILE_HEADER: usize = 100;

/// Pages that are looked through at a time: others have their turn then.
const PAGES_AT_ONCE: u32 = 4096;

/// Those of the next pages behind `after` of an open database that have what is looked for in a place where no row is, by
/// their numbers; and the last of them all, when there are more. A page has so many bytes. The write-ahead log has to be empty.
///
/// # Errors
/// What the operating system said.
pub(in crate::store) fn pages_with(
    database: &File,
    page_bytes: u64,
    remains: &Remains,
    after: u32,
) -> io::Result<(Vec<u32>, Option<u32>)> {
    let is_left_in = remains.search();
    let size = usize::try_from(page_bytes).unwrap_or(0);
    let pages = database.metadata()?.len() / page_bytes.max(1);
    let pages = u32::try_from(pages).unwrap_or(u32::MAX);
    let last = pages.min(after.saturating_add(PAGES_AT_ONCE));
    let mut page = vec![0; size];
    let mut found = Vec::new();
    let mut throttle = Throttle::start();
    for number in after.saturating_add(1)..=last {
        match database.read_exact_at(&mut page, u64::from(number - 1) * page_bytes) {
            // Free pages were cut off meanwhile.
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => break,
            read => read?,
        }
        let mut parts = unused(&page, number).into_iter();
        if parts.any(|part| is_left_in(&page[part])) {
            found.push(number);
        }
        throttle.rest_when_due();
    }
    Ok((found, (last < pages).then_some(last)))
}

/// Overwrites the places of a page with rows where no row is.
pub(in crate::store) fn clear_unused(page: &mut [u8], number: u32) {
    for part in unused(page, number) {
        page[part].fill(0);
    }
}

/// Texts by their first byte: there may be many, and all of a large file is looked through.
pub(super) struct Texts(Vec<Vec<Vec<u8>>>);

impl Texts {
    pub(super) fn of(texts: &[String]) -> Self {
        let mut by_first = vec![Vec::new(); 256];
        for text in texts.iter().map(String::as_bytes) {
            if let Some(first) = text.first() {
                by_first[usize::from(*first)].push(text.to_vec());
            }
        }
        Self(by_first)
    }

    fn are_in(&self, bytes: &[u8]) -> bool {
        (0..bytes.len()).any(|at| self.at(bytes, at).next().is_some())
    }

    /// Those that stand at this place.
    pub(super) fn at<'a>(&'a self, bytes: &'a [u8], at: usize) -> impl Iterator<Item = &'a [u8]> {
        let rest = &bytes[at..];
        let texts = rest.first().map(|first| &self.0[usize::from(*first)]);
        let texts = texts.into_iter().flatten().map(Vec::as_slice);
        texts.filter(|text| rest.starts_with(text))
    }
}

/// The parts of a page with rows that belong to no row: what lies before the first of them, and the gaps between them.
fn unused(page: &[u8], number: u32) -> Vec<Range<usize>> {
    let header = if number == 1 { FILE_HEADER } else { 0 };
    let two_bytes = |at: usize| -> usize {
        let bytes = page.get(at..at + 2).unwrap_or(&[0, 0]);
        usize::from(u16::from_be_bytes([bytes[0], bytes[1]]))
    };
    let kind = page.get(header).copied().unwrap_or_default();
    if !WITH_ROWS.contains(&kind) {
        return Vec::new();
    }
    let length = if INNER.contains(&kind) { 12 } else { 8 };
    let first_row = match two_bytes(header + 5) {
        0 => page.len(),
        first => first,
    };
    let before = header + length + 2 * two_bytes(header + 3)..first_row;
    let mut gap = two_bytes(header + 1);
    let gaps = std::iter::from_fn(|| {
        let at = gap;
        // Each gap says where the next one is, which stands behind it, and how long it is itself.
        let next = two_bytes(at);
        gap = if next > at { next } else { 0 };
        (at > 0).then(|| at + 4..at + two_bytes(at + 2))
    });
    let parts = std::iter::once(before).chain(gaps);
    parts
        .filter(|part| page.get(part.clone()).is_some())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use rusqlite::Connection;

    fn found(path: &std::path::Path, text: &str) -> bool {
        let database = File::open(path).unwrap();
        let remains = Remains::Of(vec![text.to_owned()]);
        let (pages, more) = pages_with(&database, 4096, &remains, 0).unwrap();
        assert_eq!(more, None);
        !pages.is_empty()
    }

    #[test]
    fn what_a_deleted_row_has_left_is_found_and_what_a_row_has_is_not() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("a.db");
        let connection = Connection::open(&path).unwrap();
        connection
            .execute_batch(
                "PRAGMA journal_mode = DELETE; PRAGMA secure_delete = OFF;
                 CREATE TABLE t (id INTEGER PRIMARY KEY, text TEXT);
                 INSERT INTO t VALUES (1, 'first'), (2, 'in the middle'), (3, 'remains of a row');",
            )
            .unwrap();
        for text in ["first", "in the middle", "remains of a row"] {
            assert!(!found(&path, text), "{text}");
        }
        connection
            .execute_batch("DELETE FROM t WHERE id > 1")
            .unwrap();
        assert!(found(&path, "remains of a row"));
        assert!(found(&path, "the middle"));
        assert!(!found(&path, "first") && !found(&path, ""));
        let any = |path| {
            let database = File::open(path).unwrap();
            pages_with(&database, 4096, &Remains::Any, 0).unwrap().0
        };
        assert_eq!(any(&path), [2]);
        connection.execute_batch("VACUUM").unwrap();
        assert!(!found(&path, "remains of a row"));
        assert_eq!(any(&path), Vec::<u32>::new());
    }

    #[test]
    fn every_page_is_looked_at_once_a_piece_at_a_time() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("a.db");
        let mut pages = vec![0_u8; 512 * (2 * PAGES_AT_ONCE as usize + 3)];
        let last = 2 * PAGES_AT_ONCE + 3;
        let with_remains = [2, PAGES_AT_ONCE, PAGES_AT_ONCE + 1, 2 * PAGES_AT_ONCE, last];
        for number in with_remains {
            // A leaf without rows, and something in its empty space.
            let at = 512 * (number as usize - 1);
            (pages[at], pages[at + 100]) = (13, 1);
        }
        std::fs::write(&path, pages).unwrap();
        let database = File::open(&path).unwrap();
        let (mut found, mut next, mut pieces) = (Vec::new(), Some(0), 0);
        while let Some(after) = next {
            let (some, more) = pages_with(&database, 512, &Remains::Any, after).unwrap();
            found.extend(some);
            (next, pieces) = (more, pieces + 1);
        }
        assert_eq!((found.as_slice(), pieces), (&with_remains[..], 3));
    }

    #[test]
    fn what_is_no_page_of_rows_is_passed_over() {
        for page in [
            vec![0; 64],
            vec![0xff; 64],
            vec![],
            vec![13; 64],
            vec![5; 3],
        ] {
            let parts = unused(&page, 2);
            assert!(parts.len() < 64, "{page:?}");
        }
    }
}
