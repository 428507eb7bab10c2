//! Whether the open files are still as SQLite wrote them. When another program truncates one or copies another file
//! over it, the path still leads to the same file, and the next commit would be acknowledged and lost.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use super::super::connection::is_live;
use super::free_space_scan::{self, Remains};
use super::mounts::Mounts;
use super::path::{journal_of, shared_memory_of};

/// How often the check is repeated before a database counts as replaced: it may just be written.
const LOOKS: usize = 3;
/// The database's header.
const HEADER: usize = 100;
/// The first bytes of every SQLite file.
const MAGIC: &[u8] = b"SQLite format 3\0";
/// What `migrations/V1__relay.sql` marks every database of this program with.
pub(super) const APPLICATION_ID: i32 = 0x5644_524c;
/// The value of its two version bytes while the database has a write-ahead log.
const WRITE_AHEAD: u8 = 2;
/// One of the two equal headers with which the index of the log begins.
const INDEX: usize = 48;
/// The header of the log, and that of each page in it, in bytes.
const JOURNAL_HEADER: u64 = 32;
const FRAME_HEADER: u64 = 24;

/// The open files of a database, as SQLite's documentation of its file format describes them.
///
/// Each is opened once and stays open: closing any handle of a file releases the locks that SQLite holds on it in this
/// process. So this has to outlive every connection to the database.
pub(super) struct OpenFiles {
    pub(super) database: File,
    /// What is behind the log's last page is overwritten through it.
    pub(super) journal: File,
    index: File,
    known: Mutex<Known>,
    /// Of the directory that they are in.
    pub(super) mounts: Mounts,
}

/// The state of the database's file at the last check.
#[derive(Clone, Copy)]
struct Known {
    bytes: u64,
    changes: u32,
}

impl OpenFiles {
    /// The files of the database at `path`, which is open and has been read.
    pub(super) fn of(path: &Path) -> io::Result<Self> {
        let database = File::open(path)?;
        let header = Header::read(&database)?;
        Ok(Self {
            known: Mutex::new(Known {
                bytes: database.metadata()?.len(),
                changes: header.changes(),
            }),
            journal: OpenOptions::new()
                .read(true)
                .write(true)
                .open(journal_of(path))?,
            index: File::open(shared_memory_of(path))?,
            database,
            mounts: Mounts::of(path.parent().unwrap_or(path)),
        })
    }

    /// Whether both files can be what SQLite has written. It takes some microseconds. A file that cannot be read counts
    /// as good: SQLite will report the error.
    pub(super) fn is_kept(&self) -> bool {
        self.is_kept_by_database() && self.is_kept_by_journal()
    }

    /// Whether the database has no name any more, in whatever directory. One that cannot be asked has.
    pub(super) fn is_deleted(&self) -> bool {
        self.database
            .metadata()
            .is_ok_and(|found| found.nlink() == 0)
    }

    fn is_kept_by_database(&self) -> bool {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        (0..LOOKS).any(|_| match self.look_at_database(*known) {
            Ok(Some(now)) => {
                *known = now;
                true
            }
            Ok(None) => false,
            Err(error) => error.kind() != io::ErrorKind::UnexpectedEof,
        })
    }

    /// The present state of the file. None: SQLite cannot have changed it so. SQLite makes a file smaller only together
    /// with the page count in its header, and the change counter never goes back.
    fn look_at_database(&self, known: Known) -> io::Result<Option<Known>> {
        let header = Header::read(&self.database)?;
        let now = Known {
            bytes: self.database.metadata()?.len(),
            changes: header.changes(),
        };
        let goes_on = now.changes.wrapping_sub(known.changes) <= u32::MAX / 2;
        let long_enough = now.bytes >= known.bytes.min(header.bytes());
        let is_kept = header.is_of_live() && goes_on && long_enough;
        Ok(is_kept.then_some(now))
    }

    /// The pages of the database that have what is looked for where no row is. They are read through the file that is
    /// open anyway: another one must not be closed here.
    pub(super) fn pages_with(
        &self,
        remains: &Remains,
        after: u32,
    ) -> io::Result<(Vec<u32>, Option<u32>)> {
        let page_bytes = Header::read(&self.database)?.page_bytes();
        free_space_scan::pages_with(&self.database, page_bytes, remains, after)
    }

    /// Brings what was written to the database to the disk.
    pub(super) fn sync_database(&self) -> io::Result<()> {
        self.database.sync_data()
    }

    /// The pages in the log, moved or not; none: that cannot be said at this moment.
    pub(super) fn pages_in_log(&self) -> Option<u32> {
        self.index().map(Index::pages)
    }

    /// Whether the log has all pages that its index speaks of, and is the one that it speaks of. If not, whatever is
    /// read through the index may be pages of another database.
    pub(super) fn is_kept_by_journal(&self) -> bool {
        let before = self.index();
        // When the index has changed meanwhile, this check is void, and the next one decides.
        before.is_none_or(|index| index.is_met_by(&self.journal)) || self.index() != before
    }

    /// None: it is written at this moment, or cannot be read.
    pub(super) fn index(&self) -> Option<Index> {
        let mut both = [0; 2 * INDEX];
        self.index.read_exact_at(&mut both, 0).ok()?;
        let (first, second) = both.split_at(INDEX);
        (first == second).then(|| Index(first.try_into().unwrap_or([0; INDEX])))
    }
}

/// The first bytes of a database.
pub(super) struct Header([u8; HEADER]);

impl Header {
    pub(super) fn read(database: &File) -> io::Result<Self> {
        Self::read_at(database, 0)
    }

    /// The same where the first page stands in another file.
    pub(super) fn read_at(file: &File, at: u64) -> io::Result<Self> {
        let mut header = [0; HEADER];
        file.read_exact_at(&mut header, at)?;
        Ok(Self(header))
    }

    fn number(&self, at: usize) -> u32 {
        let bytes = self.0[at..].first_chunk();
        u32::from_be_bytes(*bytes.unwrap_or(&[0; 4]))
    }

    /// Whether it is a database that a relay has in use, or was copied from one as a file.
    pub(super) fn is_of_live(&self) -> bool {
        self.has_log() && is_live(self.number(40))
    }

    /// Whether it is a database that says it has no write-ahead log.
    pub(super) fn is_without_log(&self) -> bool {
        self.0.starts_with(MAGIC) && self.0[18..20] != [WRITE_AHEAD; 2]
    }

    /// Whether it is a database that has a write-ahead log.
    pub(super) fn has_log(&self) -> bool {
        self.0.starts_with(MAGIC) && self.0[18..20] == [WRITE_AHEAD; 2]
    }

    /// The number that the database has in common with its copies.
    pub(super) fn identity(&self) -> u32 {
        self.number(60)
    }

    /// The same, when it is a database of this program and has one.
    pub(super) fn identity_of_relay(&self) -> Option<u32> {
        let is_ours = self.0.starts_with(MAGIC) && self.application() == APPLICATION_ID;
        Some(self.identity()).filter(|identity| is_ours && *identity != 0)
    }

    /// The number by which databases of one program are told from others.
    pub(super) fn application(&self) -> i32 {
        self.number(68).cast_signed()
    }

    /// How often the file was changed, as far as SQLite counts it.
    pub(super) fn changes(&self) -> u32 {
        self.number(24)
    }

    /// The same, when it is the header of a database and this number was written with the last change.
    pub(super) fn counted_bytes(&self) -> Option<u64> {
        let is_valid = self.0.starts_with(MAGIC) && self.number(92) == self.changes();
        is_valid.then(|| self.bytes())
    }

    /// How long the file is when all of the log was moved to it.
    fn bytes(&self) -> u64 {
        u64::from(self.number(28)) * self.page_bytes()
    }

    /// How long a page is.
    pub(super) fn page_bytes(&self) -> u64 {
        page_size(u16::from_be_bytes([self.0[16], self.0[17]]))
    }
}

/// What the index says of the log, in the byte order of the machine.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Index([u8; INDEX]);

impl Index {
    /// The pages in the log.
    pub(super) fn pages(self) -> u32 {
        let pages = self.0[16..].first_chunk().copied();
        pages.map_or(0, u32::from_ne_bytes)
    }

    /// The numbers by which one round of the log is told from another.
    pub(super) fn salts(self) -> [u8; 8] {
        self.0[32..].first_chunk().copied().unwrap_or_default()
    }

    /// How many bytes of its file the log has.
    pub(super) fn end_of_log(self) -> u64 {
        let page = u16::from_ne_bytes([self.0[14], self.0[15]]);
        JOURNAL_HEADER + u64::from(self.pages()) * (FRAME_HEADER + page_size(page))
    }

    fn is_met_by(self, journal: &File) -> bool {
        if self.pages() == 0 {
            return true;
        }
        let mut salts = [0; 8];
        let read = journal.read_exact_at(&mut salts, 16);
        // Its last byte says that it is long enough. Its length is not asked for: Linux would write new times of the
        // file with the next commit.
        match read.and_then(|()| journal.read_exact_at(&mut [0], self.end_of_log() - 1)) {
            Ok(()) => salts == self.salts(),
            Err(error) => error.kind() != io::ErrorKind::UnexpectedEof,
        }
    }
}

/// A page's size as SQLite's files have it.
fn page_size(written: u16) -> u64 {
    if written == 1 {
        65536
    } else {
        u64::from(written)
    }
}
