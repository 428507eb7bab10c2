//! What SQLite has left of rows that are gone: between the rows of a page, where it has rebuilt the page.
//!
//! Pages are read as SQLite's documentation of its file format describes them. What a row has is not looked at, and pages that
//! are free or that hold the end of a long row have no such places: with `secure_delete` they are overwritten as a whole.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

/// What the first byte of a page says that has rows: of an index or of a table, inner pages and leaves.
const WITH_ROWS: [u8; 4] = [2, 5, 10, 13];
/// The first of them are inner pages, whose header is longer.
const INNER: [u8; 2] = [2, 5];
/// The header of the file stands before that of its first page.
const FILE_HEADER: usize = 100;

/// Whether one of `texts` stands in a place of an open database where no row is. A page has so many bytes. The
/// write-ahead log has to be empty.
///
/// # Errors
/// What the operating system said.
pub(super) fn is_left_in(database: &File, page_bytes: u64, texts: &[String]) -> io::Result<bool> {
    let texts = Texts::of(texts);
    let size = usize::try_from(page_bytes).unwrap_or(0);
    let pages = database.metadata()?.len() / (size as u64).max(1);
    let mut page = vec![0; size];
    for number in 0..pages {
        database.read_exact_at(&mut page, number * size as u64)?;
        let header = if number == 0 { FILE_HEADER } else { 0 };
        if unused(&page, header).any(|part| texts.is_left_in(part)) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Texts by their first byte: there may be many, and all of a large file is looked through.
struct Texts<'a>(Vec<Vec<&'a [u8]>>);

impl<'a> Texts<'a> {
    fn of(texts: &'a [String]) -> Self {
        let mut by_first = vec![Vec::new(); 256];
        for text in texts.iter().map(String::as_bytes) {
            if let Some(first) = text.first() {
                by_first[usize::from(*first)].push(text);
            }
        }
        Self(by_first)
    }

    fn is_left_in(&self, part: &[u8]) -> bool {
        let mut places = part.iter().enumerate();
        places.any(|(at, first)| {
            let texts = &self.0[usize::from(*first)];
            texts.iter().any(|text| part[at..].starts_with(text))
        })
    }
}

/// The parts of a page with rows that belong to no row: what lies before the first of them, and the gaps between them.
fn unused(page: &[u8], header: usize) -> impl Iterator<Item = &[u8]> {
    let number = |at: usize| -> usize {
        let bytes = page.get(at..at + 2).unwrap_or(&[0, 0]);
        usize::from(u16::from_be_bytes([bytes[0], bytes[1]]))
    };
    let kind = page.get(header).copied().unwrap_or_default();
    let has_rows = WITH_ROWS.contains(&kind);
    let length = if INNER.contains(&kind) { 12 } else { 8 };
    let first_row = match number(header + 5) {
        0 => page.len(),
        first => first,
    };
    let before = page.get(header + length + 2 * number(header + 3)..first_row);
    let mut gap = if has_rows { number(header + 1) } else { 0 };
    let gaps = std::iter::from_fn(move || {
        let at = gap;
        // Each gap says where the next one is, which stands behind it, and how long it is itself.
        let next = number(at);
        gap = if next > at { next } else { 0 };
        (at > 0).then(|| page.get(at + 4..at + number(at + 2)).unwrap_or_default())
    });
    let before = before.filter(|_| has_rows).into_iter();
    before.chain(gaps.collect::<Vec<_>>())
}

#[cfg(test)]
mod tests {
    use super::*;
    use rusqlite::Connection;

    fn found(path: &std::path::Path, text: &str) -> bool {
        let database = File::open(path).unwrap();
        is_left_in(&database, 4096, &[text.to_owned()]).unwrap()
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
        connection.execute_batch("VACUUM").unwrap();
        assert!(!found(&path, "remains of a row"));
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
            let parts = unused(&page, 0).count();
            assert!(parts < 64, "{page:?}");
        }
    }
}
