//! Taking in a whole file of interview records, all or none, for the command line and for the page.
//!
//! The rows wait on the disk (`rows`). When all of them do, the store keeps them; when a single row is bad, nothing is kept,
//! and every bad row is named with everything that is wrong.

mod rows;

use serde::Serialize;
use tokio::task::spawn_blocking;

use super::Api;
use super::reply::ApiError;
use crate::audit::Actor;
use crate::interview::{ImportChange, ImportCounts, ImportResult, ImportWish, UnknownOrigin};
use crate::store::{ImportError, StoreError};
pub(super) use rows::BadRow;
use rows::{Rows, Spool};

/// The most bad rows that are named; of more, only the number is told.
const NAMED: usize = 10_000;

/// A file that is arriving.
pub(super) struct Arriving {
    rows: u64,
    /// Whether a row is bad by itself.
    bad: bool,
    spool: Spool,
}

/// A file that has arrived. Cheap to clone.
#[derive(Clone)]
pub(super) struct Arrived {
    pub(super) rows: u64,
    bad: bool,
    spooled: Rows,
}

impl Arriving {
    /// On the disk of the database. The rows have at least so many bytes, as far as that is known.
    ///
    /// # Errors
    /// `NoRoomForFile` when the disk has no room for it, `Unavailable` when the rows cannot be written; also of the
    /// methods.
    pub(super) fn at(api: &Api, bytes: u64) -> Result<Self, ApiError> {
        Ok(Self {
            rows: 0,
            bad: false,
            spool: Spool::beside(api.store.file(), bytes)?,
        })
    }

    /// Adds a row, without the end of its line.
    ///
    /// # Errors
    /// `InvalidJson` when it is none.
    pub(super) fn push(&mut self, line: &[u8]) -> Result<(), ApiError> {
        self.rows += 1;
        self.bad |= self.spool.push(line)?;
        Ok(())
    }

    /// It is there.
    pub(super) fn finish(self) -> Result<Arrived, ApiError> {
        Ok(Arrived {
            rows: self.rows,
            bad: self.bad,
            spooled: self.spool.finish()?,
        })
    }
}

/// What became of a file, or would. Of one that is refused nothing was created or replaced.
#[derive(Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Report {
    pub(super) rows: u64,
    created: u64,
    replaced: u64,
    /// Of the replaced ones, those that were the same before.
    unchanged: u64,
    /// Records of people whose data were erased, or that they held: they were taken without them.
    erased: u64,
    /// Records that were taken without an origin that exists nowhere.
    origins_dropped: u64,
    #[serde(skip)]
    pub(super) bad_rows: Vec<BadRow>,
    pub(super) bad_row_count: u64,
    pub(super) imported: bool,
    /// What it does, in numbers.
    #[serde(skip)]
    pub(super) counts: ImportCounts,
    /// The first records that change something, and then the first new ones.
    #[serde(skip)]
    pub(super) changes: Vec<ImportChange>,
}

impl Report {
    fn of(file: &Arrived, imported: bool, result: ImportResult) -> Result<Self, StoreError> {
        let mut report = Self {
            rows: file.rows,
            imported,
            ..Self::default()
        };
        if file.bad || result.is_refused() {
            for row in file.spooled.bad_rows(&result) {
                report.refuse(row?);
            }
        } else {
            report.created = result.created;
            report.replaced = result.replaced;
            report.unchanged = result.unchanged;
            report.erased = result.erased;
            report.origins_dropped = result.origins_dropped;
            report.counts = result.counts();
            report.changes = result.changes;
            report.changes.extend(result.additions);
        }
        Ok(report)
    }

    fn refuse(&mut self, row: BadRow) {
        self.bad_row_count += 1;
        if self.bad_rows.len() < NAMED {
            self.bad_rows.push(row);
        }
    }
}

/// Takes a file in, or only looks what would come of that.
///
/// # Errors
/// The store's; nothing was changed then.
pub(super) async fn import(
    api: &Api,
    file: &Arrived,
    unknown_origin: UnknownOrigin,
    wish: ImportWish,
    by: Actor,
) -> Result<Report, ApiError> {
    // A file with bad rows is only tried: the rest of its mistakes is told too.
    let wish = if file.bad { ImportWish::Try } else { wish };
    let now = api.clock.now();
    let records = file.spooled.records();
    let imported = api
        .store
        .import_interviews(records, unknown_origin, wish, by, now);
    let (imported, result) = match imported.await {
        Ok(result) => (true, result),
        Err(ImportError::Undone(result)) => (false, *result),
        Err(ImportError::Store(error)) => return Err(error.into()),
    };
    // Of a file that is refused all rows are read once more.
    let refused = file.clone();
    let reading = spawn_blocking(move || Report::of(&refused, imported, result)).await;
    let report = reading.map_err(|_| ApiError::Internal)??;
    tracing::info!(
        rows = report.rows,
        bad = report.bad_row_count,
        imported,
        "a file of interview records was handed in"
    );
    Ok(report)
}
