//! A write-ahead log beside a database whose header says that it has none, so it belongs to another database. SQLite
//! would use it nevertheless.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;

use super::file_integrity::Header;
use super::path::filled_journal_of;

/// The log's header: two of these begin it, for the two byte orders of its checksums.
const MAGIC: u32 = 0x377f_0682;
const HEADER: usize = 32;

/// What such a log contains.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum StrayLog {
    /// Its header is valid: pages of another database, or of another state of this one, would be mixed into it.
    OfAnother,
    /// Nothing that SQLite would read; it would overwrite the log.
    Nothing,
}

impl StrayLog {
    /// The stray log beside the database at `path`, which must not be open in this process.
    pub(super) fn beside(path: &Path) -> Option<Self> {
        let log = filled_journal_of(path)?;
        let header = File::open(path).and_then(|file| Header::read(&file)).ok()?;
        if !header.is_without_log() {
            return None;
        }
        Some(if has_valid_header(&log).unwrap_or(false) {
            Self::OfAnother
        } else {
            Self::Nothing
        })
    }
}

/// Checks the header as SQLite's documentation of the file format describes it.
fn has_valid_header(log: &Path) -> io::Result<bool> {
    let mut header = [0; HEADER];
    File::open(log)?.read_exact_at(&mut header, 0)?;
    let mut words = [0; HEADER / 4];
    for (word, bytes) in words.iter_mut().zip(header.chunks_exact(4)) {
        *word = u32::from_be_bytes(bytes.try_into().unwrap_or([0; 4]));
    }
    let [magic, _, _, _, _, _, first, second] = words;
    if magic & !1 != MAGIC {
        return Ok(false);
    }
    let is_big_endian = magic & 1 == 1;
    let sums = words[..6]
        .chunks_exact(2)
        .fold((0_u32, 0_u32), |sums, two| {
            let [a, b] = [two[0], two[1]].map(|w| if is_big_endian { w } else { w.swap_bytes() });
            let one = sums.0.wrapping_add(a).wrapping_add(sums.1);
            (one, sums.1.wrapping_add(b).wrapping_add(one))
        });
    Ok(sums == (first, second))
}
