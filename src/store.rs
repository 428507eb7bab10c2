//! What is kept: one SQLite file, and the only place with SQL.
//!
//! [`Store`] has verbs. Each is one transaction that begins and ends in here, and takes and gives the program's
//! own nouns: nobody outside sees a connection. A verb stands beside its SQL, in the file of its noun; what
//! it decides by is a pure function of that noun (`retry`, `incident`, `content`, `slot`).
//!
//! One thread owns the one writing connection. It takes every command that waits at that moment, and those that come
//! while they run, into one transaction, commits once with an fsync, and only then answers each of them: a commit is
//! shared by everybody who waited for it. What somebody hands in goes before results of attempts, and these before
//! maintenance. Reads have connections and threads of their own, and each answer is one short read transaction, so that
//! it is one consistent picture and never holds up the write-ahead log.
//!
//! Rooms: `events` (what was accepted), `ingest_memory` (what was handed in lately), `event_lookup` (events for a
//! reader), `event_ids` (ids as a person types them), `outbox` (what is still to be sent), `holds` (routes that a
//! person paused), `outages` and `recovery` (what they have left), `line`, `tail` and `ordering` (in which order),
//! `attempts` (one attempt's result and all that follows from it), `round`, `resend` and `bulk_resend` (sending again),
//! `dismissals`, `send_counts`, `send_stats` and `send_breakdown`, `reconciliation`, `missing_deliveries` and
//! `delivered_digests` (compared with the partner's list), `kpis` (the five goals), `export` (everything, in pages),
//! `interviews`, `interview_intake`, `interview_counts` and `interview_stats`, `recount` (what is kept counted, against
//! the rows), `incidents`, `notifications`, `tokens`, `monitor_sessions` (who is logged in), `audit` (who did what),
//! `overview` and `route_overview`, `people` (what is kept of one), `erase`, `physical_erasure` and `search` (a
//! person's data go), `carry_over` (what outlives a restore), `purge` (what is old goes), `relay_time` (the clock by which waits are
//! kept), `milestones` (how old rows are). [`mod@file`] has what belongs to the file and not to the data: opening,
//! copies, whether it is there and sound, the disk. `writer`, `readers` and `connection` are the ways to SQLite.

mod arrivals;
mod attempts;
mod audit;
mod bulk_resend;
#[cfg(feature = "mysql")]
mod carried;
mod carry_over;
mod confirmed_ranges;
mod connection;
mod delivered_digests;
mod dismissals;
mod dismissed_deliveries;
mod erase;
mod erased_records;
mod error;
mod event_ids;
mod event_lookup;
mod event_query;
mod events;
mod export;
pub mod file;
mod holds;
mod ids;
mod import_rows;
mod incident_report;
mod incidents;
mod ingest_memory;
mod interruptions;
mod interview_counts;
mod interview_import;
mod interview_intake;
mod interview_row;
mod interview_stats;
mod interviews;
mod kpis;
mod lane;
mod ledger;
mod left_behind;
mod line;
mod milestones;
mod missing_deliveries;
mod missing_resend;
mod monitor_sessions;
mod notes;
mod notifications;
mod ordering;
mod outages;
mod outbox;
mod overview;
mod people;
mod physical_erasure;
mod purge;
mod queue_row;
mod readers;
mod reconciliation;
mod recount;
mod recovery;
mod relay_time;
mod resend;
mod round;
mod route_overview;
mod search;
mod send_breakdown;
mod send_counts;
mod send_stats;
mod step_size;
mod tail;
mod tokens;
mod writer;

use std::path::Path;
use std::sync::{Arc, Mutex};

use rusqlite::Connection;
use tokio::sync::watch;

use crate::clock::Moment;
use crate::command_line::CommandLine;
use crate::trouble::{Shortage, Trouble};
pub use bulk_resend::{BulkResend, BulkRules};
#[cfg(feature = "mysql")]
pub use carried::CarriedCopy;
use connection::wrong_build_options;
pub use erase::{EraseError, Range as ErasureRange};
use error::Failure;
pub use error::StoreError;
pub use events::AcceptError;
pub use file::free_space_scan::Remains;
pub use file::{DatabaseFile, OpenError};
pub use interview_import::ImportError;
use interview_import::{AllTurns, Turns};
pub use interview_intake::PutError;
pub use interviews::DeleteError;
use readers::{Priority, Readers};
use relay_time::RelayTime;
use writer::{Lane, Writer};

/// The number of reads for callers that run at a time.
const READERS: usize = 3;
/// The same for dispatchers, so that a long list for a caller does not delay what is due.
const DELIVERY_READERS: usize = 1;
/// The same for copies and examinations of the file: they wait for each other.
const MAINTENANCE_READERS: usize = 1;
/// The same for long reads for a caller, such as an export or a search for a person: they must not slow down accepting,
/// and do not wait for a copy.
const LONG_READERS: usize = 1;

/// The open database. Cheap to clone; the file is closed when the last clone is gone.
#[derive(Clone)]
pub struct Store {
    writer: Writer,
    readers: Readers,
    delivery_readers: Readers,
    maintenance_readers: Readers,
    long_readers: Readers,
    time: RelayTime,
    file: DatabaseFile,
    turns: Turns,
    /// As long as an import waits that the start could not end.
    interrupted_import: Arc<Mutex<Option<AllTurns>>>,
    /// Tells that a hold began, changed or ended, or that what an outage has left begins to follow.
    turns_changed: watch::Sender<()>,
}

impl Store {
    /// Opens the database as [`Store::open_for`] does, for the package's relay.
    ///
    /// # Errors
    /// `OpenError`, and the database is as it was.
    pub fn open(directory: &Path, moment: Moment) -> Result<Self, OpenError> {
        Self::open_for(directory, &CommandLine::default(), moment)
    }

    /// Opens the database in `directory`, making both when they are not there, and brings it to
    /// this program's version. Whatever an earlier run left under way is pending again. The log advises `commands`.
    ///
    /// # Errors
    /// `OpenError`, and the database is as it was.
    pub fn open_for(
        directory: &Path,
        commands: &CommandLine,
        moment: Moment,
    ) -> Result<Self, OpenError> {
        let opened = Self::open_once(directory, commands, moment);
        match opened {
            // SQLite cannot even read without room for its own files. Nothing new is accepted then.
            Err(OpenError::DiskFull { .. }) if file::give_up_reserve(directory) => {
                Self::open_once(directory, commands, moment)
            }
            opened => opened,
        }
    }

    fn open_once(
        directory: &Path,
        commands: &CommandLine,
        moment: Moment,
    ) -> Result<Self, OpenError> {
        let opened = file::open::open(directory, commands)?;
        let path = opened.file.path();
        let at_file = |error: rusqlite::Error| OpenError::database(path, &error);
        let options = wrong_build_options(&opened.connection).map_err(at_file)?;
        if !options.is_empty() {
            tracing::warn!(
                ?options,
                "SQLite was not built as it should be: it works, but is slower or larger; build in the source tree"
            );
        }
        let set_back = RelayTime::set_back(&opened.connection, moment).map_err(at_file)?;
        if let Some(seconds) = set_back {
            tracing::warn!(
                seconds,
                "the clock stands before the end of the run before this one: it was wrong then, or it is wrong now (timedatectl). Nothing waits longer because of that"
            );
        }
        let time = RelayTime::resume(&opened.connection, moment).map_err(at_file)?;
        let now = time.now(moment);
        outbox::recover(&opened.connection, now).map_err(at_file)?;
        bulk_resend::release_interrupted(&opened.connection, now).map_err(at_file)?;
        physical_erasure::tidy_after_broken_off(&opened.connection);
        let turns = Turns::default();
        let mut interrupted_import = None;
        if let Err(error) = import_rows::end_interrupted(&opened.connection) {
            tracing::error!(%error, "an import of interview records that was broken off cannot be ended now: it is tried again, and until then no interview record changes");
            interrupted_import = turns.take_all();
        }
        time.save(&opened.connection, now).map_err(at_file)?;
        let readers = Readers::open(&opened.file, READERS, Priority::Normal)?;
        let delivery_readers = Readers::open(&opened.file, DELIVERY_READERS, Priority::Normal)?;
        let maintenance_readers = Readers::open(&opened.file, MAINTENANCE_READERS, Priority::Low)?;
        let long_readers = Readers::open(&opened.file, LONG_READERS, Priority::Low)?;
        let writer = Writer::start(opened.connection, opened.lock, opened.file.clone());
        let at_directory = |source| OpenError::at(directory, source);
        Ok(Self {
            writer: writer.map_err(at_directory)?,
            readers,
            delivery_readers,
            maintenance_readers,
            long_readers,
            time,
            file: opened.file,
            turns,
            interrupted_import: Arc::new(Mutex::new(interrupted_import)),
            turns_changed: watch::channel(()).0,
        })
    }

    /// The database's file: copies of it, and the disk that it is on.
    #[must_use]
    pub fn file(&self) -> &DatabaseFile {
        &self.file
    }

    /// Sees every change of what may be sent now that comes from elsewhere, once it is committed: a hold, and the begin
    /// of a recovery.
    #[must_use]
    pub fn turn_changes(&self) -> watch::Receiver<()> {
        self.turns_changed.subscribe()
    }

    /// Counts the transactions that changed something since the start.
    #[must_use]
    pub fn changes(&self) -> u64 {
        self.writer.changes()
    }

    /// Resolves when nothing can be written any more because the writing thread has ended. Without
    /// a call of [`Store::close`] before, that is a mistake in the program, and the daemon has to
    /// be started anew.
    pub async fn ended(&self) {
        self.writer.ended().await;
    }

    /// Waits for the commands that are already queued, stores the time and what is there, then closes the file.
    pub async fn close(self, moment: Moment) {
        // The disk may be full; then the next start continues from an earlier moment.
        let _ = self.leave_milestone(moment).await;
        // The last connection to close tidies up the write-ahead log, and only one that writes can.
        self.readers.close().await;
        self.delivery_readers.close().await;
        self.maintenance_readers.close().await;
        self.long_readers.close().await;
        self.writer.close().await;
    }

    /// Runs `command` on the writing connection and answers when its changes are committed with an
    /// fsync. When `command` fails, nothing of it remains; other commands in the same transaction
    /// are not touched by that. It may be run twice, the first time without any effect.
    ///
    /// # Errors
    /// What `command` answers, or a `StoreError` when the commit failed: then nothing was changed.
    async fn write<T, E, F>(&self, lane: Lane, command: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: Failure,
        F: Fn(&Connection) -> Result<T, E> + Send + 'static,
    {
        self.writer.write(command, lane).await
    }

    /// Like [`Store::write`], for what somebody hands in: it is refused while the disk is full,
    /// and what little room there is belongs to what was accepted before.
    async fn accept<T, E, F>(&self, lane: Lane, command: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: Failure,
        F: Fn(&Connection) -> Result<T, E> + Send + 'static,
    {
        if self.file.disk_full() {
            let shortage = Shortage::Bytes { needed_mib: None };
            return Err(StoreError::Unavailable(Trouble::DiskFull(shortage)).into());
        }
        self.writer.write(command, lane).await
    }

    /// Runs `query` in one read transaction: everything that it sees is of one moment.
    async fn read<T, F>(&self, query: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    {
        self.readers.read(query).await
    }

    /// Like [`Store::read`], for a part of long work: it has a low priority, and waits for others of its kind.
    async fn read_long<T, F>(&self, query: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    {
        self.long_readers.read(query).await
    }
}

#[cfg(test)]
mod plans;
#[cfg(test)]
mod steps;
#[cfg(test)]
mod tests;
