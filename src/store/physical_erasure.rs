//! Makes sure that erased data are no longer in the database's files (contract, section 13).
//!
//! SQLite overwrites what is deleted (`secure_delete`). Two places remain: the file of the write-ahead log contains earlier
//! versions of pages until it is overwritten, and a page that SQLite has rebuilt may contain old data between its rows. Such
//! pages are overwritten one by one, between the commits of others: `VACUUM` would hold up accepting for seconds.

use std::io;
use std::time::Duration;

use rusqlite::{Connection, OptionalExtension};

use super::connection::BUSY_TIMEOUT;
use super::file::free_space_scan::clear_unused;
use super::file::log_backlog::move_log;
use super::writer::Lane;
use super::{Store, StoreError};

/// A database of at least this many bytes is vacuumed with a temporary file instead of in memory.
const LARGE: u64 = 64 * 1024 * 1024;
/// Writing a database anew takes at most this many times its size: once beside it, once in the log, and a reserve.
const ROOM: u64 = 3;
/// How long an entry is in the map of pages that an auto-vacuum database has.
const ENTRY: u32 = 5;
/// What an entry says of a page with rows: it is the first one of a table or an index, or a later one.
const WITH_ROWS: [u8; 2] = [1, 5];
/// The page with the schema.
const FIRST: u32 = 1;
/// The place in the file by which SQLite locks it. No page that has it is used.
const LOCK_BYTE: u32 = 0x4000_0000;

impl Store {
    /// Moves the whole write-ahead log into the database, and begins it anew. What was in it is behind its end then, and stands
    /// there until it is overwritten. False when a reader prevents it.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn begin_log_anew(&self) -> Result<bool, StoreError> {
        let file = self.file.clone();
        // Nobody waits for that, and little is left for the thread for which everybody waits.
        let moving = self.maintenance_readers.work(move |connection| {
            move_log(connection, &file);
            Ok(())
        });
        moving.await?;
        let before = self.file.round_of_log();
        let is_moved = self.write(Lane::Maintenance, |connection| {
            let moved = outside(connection, |connection| Ok(move_all(connection)?))?;
            // With a log that somebody reads, it would only grow.
            if moved {
                write_a_page(connection)?;
            }
            Ok::<_, StoreError>(moved)
        });
        let is_moved = is_moved.await?;
        let now = self.file.round_of_log();
        let is_anew = before
            .zip(now)
            .is_some_and(|(before, now)| before.is_over(now));
        Ok(is_moved && is_anew)
    }

    /// Overwrites some of what stands in the log's file behind its end, and before `until`, so that it is gone from the
    /// disk. Answers where the rest ends; none: there is nothing left.
    ///
    /// # Errors
    /// When the files cannot be read or written.
    pub async fn overwrite_stale_log(&self, until: u64) -> Result<Option<u64>, StoreError> {
        let file = self.file.clone();
        let Some(piece) = self.look(move || file.stale_piece(until)).await? else {
            return Ok(None);
        };
        let (file, rest) = (self.file.clone(), piece.start);
        self.write(Lane::Maintenance, move |_| {
            file.overwrite_stale(&piece)
                .map_err(|error| refused(&error))
        })
        .await?;
        let file = self.file.clone();
        self.look(move || file.sync_log()).await?;
        Ok(Some(rest))
    }

    /// Overwrites some pages where no row is. False: this build of SQLite cannot do that.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn overwrite_unused(&self, pages: Vec<u32>) -> Result<bool, StoreError> {
        self.write(Lane::Maintenance, move |connection| {
            Ok(overwrite_unused(connection, &pages)?)
        })
        .await
    }

    /// Writes the whole database anew, so that it has nothing but its rows; accepting waits meanwhile. False: the disk has
    /// too little room for that.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn write_anew(&self) -> Result<bool, StoreError> {
        let file = self.file.clone();
        self.write(Lane::Maintenance, move |connection| {
            let bytes = database_bytes(connection)?;
            if file
                .disk_bytes()
                .is_some_and(|(free, _)| free < bytes * ROOM)
            {
                return Ok(false);
            }
            outside(connection, |connection| {
                let place = if bytes < LARGE { "MEMORY" } else { "FILE" };
                connection.pragma_update(None, "temp_store", place)?;
                let written = connection.execute_batch("VACUUM");
                connection.pragma_update(None, "temp_store", "MEMORY")?;
                written?;
                Ok(true)
            })
        })
        .await
    }
}

/// Does what no transaction may contain. Maintenance has its transaction for itself, and nothing was written in it yet.
fn outside<T>(
    connection: &Connection,
    work: impl FnOnce(&Connection) -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    connection.execute_batch("COMMIT")?;
    let done = work(connection);
    connection.execute_batch("BEGIN IMMEDIATE")?;
    done
}

pub(super) fn refused(error: &io::Error) -> StoreError {
    StoreError::Refused(error.to_string())
}

/// Moves all of the log, so that the next page that is written begins it anew.
fn move_all(connection: &Connection) -> rusqlite::Result<bool> {
    checkpoint(connection, "PRAGMA wal_checkpoint(RESTART)")
}

/// Cuts off the log's file, when an erasure was broken off: what it has erased may be in there. It is called at the start, when
/// nobody waits yet. No start fails because of it: a full disk may have no room to move the log, and `check` names the erasure.
pub(super) fn tidy_after_broken_off(connection: &Connection) {
    if let Err(error) = cut_log_of_broken_off(connection) {
        tracing::warn!(%error, "what an erasure that was broken off has left in the write-ahead log could not be removed; `check` says how it is ended");
    }
}

fn cut_log_of_broken_off(connection: &Connection) -> rusqlite::Result<()> {
    let any: bool = connection.query_row(
        "SELECT EXISTS (SELECT 1 FROM erasures WHERE ended_at IS NULL)",
        [],
        |row| row.get(0),
    )?;
    if any {
        checkpoint(connection, "PRAGMA wal_checkpoint(TRUNCATE)")?;
    }
    Ok(())
}

fn checkpoint(connection: &Connection, sql: &str) -> rusqlite::Result<bool> {
    // Waiting here would hold up all writes; it is tried again later.
    connection.busy_timeout(Duration::ZERO)?;
    let is_busy = connection.query_row(sql, [], |row| row.get(0));
    connection.busy_timeout(BUSY_TIMEOUT)?;
    let is_busy: bool = is_busy?;
    Ok(!is_busy)
}

/// Has a page written, though nothing changes: SQLite leaves a page alone when a change leaves its bytes as they are.
fn write_a_page(connection: &Connection) -> rusqlite::Result<()> {
    for by in [1, -1] {
        connection
            .prepare_cached("UPDATE relay_time SET restores = restores + ?1")?
            .execute([by])?;
    }
    Ok(())
}

fn overwrite_unused(connection: &Connection, pages: &[u32]) -> rusqlite::Result<bool> {
    // Without its map of pages, nothing says for sure which of them have rows.
    let can: bool = connection
        .prepare_cached(
            "SELECT sqlite_compileoption_used('ENABLE_DBPAGE_VTAB') AND auto_vacuum <> 0
               FROM pragma_auto_vacuum()",
        )?
        .query_row([], |row| row.get(0))?;
    if !can {
        return Ok(false);
    }
    for number in pages {
        let Some(mut page) = page(connection, *number)? else {
            continue;
        };
        if has_rows(connection, *number, page.len())? {
            clear_unused(&mut page, *number);
            connection
                .prepare_cached("UPDATE sqlite_dbpage SET data = ?2 WHERE pgno = ?1")?
                .execute((number, page))?;
        }
    }
    Ok(true)
}

/// The bytes of a page; none: the database has become smaller.
fn page(connection: &Connection, number: u32) -> rusqlite::Result<Option<Vec<u8>>> {
    connection
        .prepare_cached("SELECT data FROM sqlite_dbpage WHERE pgno = ?1")?
        .query_row([number], |row| row.get(0))
        .optional()
}

/// Whether a page is one of a table or an index, as the database's map of its pages says. The other ones have no unused
/// places, and may look like one of these.
fn has_rows(connection: &Connection, number: u32, page_bytes: usize) -> rusqlite::Result<bool> {
    if number == FIRST {
        return Ok(true);
    }
    let Some((map, at)) = place_in_map(number, page_bytes) else {
        return Ok(false);
    };
    let map = page(connection, map)?.unwrap_or_default();
    Ok(map.get(at).is_some_and(|kind| WITH_ROWS.contains(kind)))
}

/// Where the map says what a page is: the number of the map's page, and the place in that. None: the page is one of the
/// map itself, or the first page or that of the locks, which are not in it. An entry has five bytes, and the pages of
/// which a page of the map tells come behind it.
fn place_in_map(number: u32, page_bytes: usize) -> Option<(u32, usize)> {
    let bytes = u32::try_from(page_bytes).ok()?;
    let locks = LOCK_BYTE / bytes + 1;
    if number <= FIRST || number == locks {
        return None;
    }
    let told_of = bytes / ENTRY + 1;
    let map = (number - 2) / told_of * told_of + 2;
    let map = if map == locks { map + 1 } else { map };
    let at = number.checked_sub(map + 1)?.checked_mul(ENTRY)?;
    Some((map, usize::try_from(at).ok()?))
}

fn database_bytes(connection: &Connection) -> rusqlite::Result<u64> {
    connection.query_row(
        "SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()",
        [],
        |row| row.get(0),
    )
}

#[cfg(test)]
impl Store {
    /// Somebody who reads the log until this is dropped.
    pub(crate) fn reader_of_log(&self) -> Connection {
        let reader = Connection::open(self.file.path()).unwrap();
        reader
            .execute_batch("BEGIN; SELECT * FROM relay_time")
            .unwrap();
        reader
    }
}

#[cfg(test)]
mod tests {
    use std::fs::File;

    use super::super::file::free_space_scan::{Remains, pages_with};
    use super::*;
    use crate::store::tests::{database, text};

    /// The pages with rows in which a text stands where no row is.
    fn remains(connection: &Connection, text: &str) -> Vec<u32> {
        assert!(move_all(connection).unwrap());
        let file = File::open(connection.path().unwrap()).unwrap();
        let remains = Remains::Of(vec![text.to_owned()]);
        let (mut pages, more) = pages_with(&file, 4096, &remains, 0).unwrap();
        assert_eq!(more, None);
        pages.retain(|page| has_rows(connection, *page, 4096).unwrap());
        pages
    }

    fn rows(connection: &Connection) -> Vec<(i64, String)> {
        let mut all = connection.prepare("SELECT * FROM t ORDER BY id").unwrap();
        let rows = all.query_map([], |row| row.try_into()).unwrap();
        rows.map(Result::unwrap).collect()
    }

    #[test]
    fn what_is_left_between_rows_is_overwritten_and_nothing_else() {
        let (_directory, connection) = database();
        // So many and so long rows that there are several pages of the map, free pages, and pages with ends of rows.
        connection
            .execute_batch(
                "PRAGMA secure_delete = OFF;
                 CREATE TABLE t (id INTEGER PRIMARY KEY, text TEXT) STRICT;
                 CREATE INDEX i ON t (text);
                 WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1500)
                 INSERT INTO t SELECT i, 'somebody ' || i || hex(zeroblob(i * 37 % 2500)) FROM n;
                 DELETE FROM t WHERE id % 3 = 0 OR id BETWEEN 500 AND 600;",
            )
            .unwrap();
        let before = rows(&connection);
        assert!(!remains(&connection, "somebody 3").is_empty());
        let all: u32 = connection
            .query_row("PRAGMA page_count", [], |row| row.get(0))
            .unwrap();
        assert!(all > 1000, "{all}");

        connection.execute_batch("BEGIN IMMEDIATE").unwrap();
        let every_page: Vec<u32> = (1..all + 2).collect();
        assert!(overwrite_unused(&connection, &every_page).unwrap());
        connection.execute_batch("COMMIT").unwrap();

        assert_eq!(remains(&connection, "somebody"), Vec::<u32>::new());
        assert_eq!(rows(&connection), before);
        assert_eq!(text(&connection, "PRAGMA integrity_check"), "ok");
        // And the database works on.
        connection
            .execute_batch(
                "DELETE FROM t WHERE id % 5 = 0;
                 INSERT INTO t SELECT id + 3000, text || 'x' FROM t WHERE id % 2 = 0;",
            )
            .unwrap();
        assert_eq!(text(&connection, "PRAGMA integrity_check"), "ok");
    }

    #[test]
    fn the_map_tells_of_every_page_but_its_own() {
        // 4096 / 5 entries: the first page of the map is 2, the next one 822.
        assert_eq!(place_in_map(1, 4096), None);
        assert_eq!(place_in_map(2, 4096), None);
        assert_eq!(place_in_map(3, 4096), Some((2, 0)));
        assert_eq!(place_in_map(821, 4096), Some((2, 4090)));
        assert_eq!(place_in_map(822, 4096), None);
        assert_eq!(place_in_map(823, 4096), Some((822, 0)));
        assert_eq!(place_in_map(262_145, 4096), None);
    }
}
