//! The one writing connection, and the thread that owns it.

mod command;
mod turn;

use std::fs::File;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use rusqlite::Connection;
use tokio::runtime::Runtime;
use tokio::sync::{mpsc, oneshot};

use super::StoreError;
use super::connection::{BUSY_TIMEOUT, PAGES_IN_JOURNAL, close};
use super::error::Failure;
use super::file::DatabaseFile;
pub(super) use super::lane::Lane;
use crate::clock::Clock;
use crate::trouble::Trouble;
use command::{Command, PendingCommand};
use turn::{Queue, Turn};

/// The number of commands that may wait; further callers wait for a place, so memory stays bounded.
const COMMANDS_WAITING: usize = 1024;

enum Message {
    Run(Box<dyn Command>),
    Close(oneshot::Sender<()>),
}

/// The way to the writing thread. Cheap to clone.
#[derive(Clone)]
pub(super) struct Writer {
    calls: mpsc::Sender<Message>,
    results: mpsc::Sender<Message>,
    maintenance: mpsc::Sender<Message>,
    changes: Arc<AtomicU64>,
}

impl Writer {
    /// Starts the thread. `lock` is held until the connection is closed; a close in order leaves its mark.
    pub(super) fn start(
        connection: Connection,
        lock: File,
        file: DatabaseFile,
    ) -> io::Result<Self> {
        let (calls, waiting_calls) = mpsc::channel(COMMANDS_WAITING);
        let (results, waiting_results) = mpsc::channel(COMMANDS_WAITING);
        let (maintenance, waiting_maintenance) = mpsc::channel(COMMANDS_WAITING);
        let changes = Arc::new(AtomicU64::new(0));
        let counted = Arc::clone(&changes);
        let waiting_room = tokio::runtime::Builder::new_current_thread().build()?;
        thread::Builder::new()
            .name("writer".to_owned())
            .spawn(move || {
                let mut committer = GroupCommit {
                    connection: &connection,
                    file: file.clone(),
                    changes: counted,
                    checkpoint_after: PAGES_IN_JOURNAL,
                    commit_time: Duration::ZERO,
                };
                let mut queue = Queue {
                    calls: waiting_calls,
                    results: waiting_results,
                    maintenance: waiting_maintenance,
                    passed_over: 0,
                };
                let asked = committer.run(&mut queue, &waiting_room);
                let settles = file.may_settle();
                let closed = close(connection, settles).is_ok();
                if asked.is_some() && settles && closed {
                    file.mark_closed();
                }
                drop(lock);
                if let Some(asked) = asked {
                    // The caller may have gone away.
                    let _ = asked.send(());
                }
            })?;
        Ok(Self {
            calls,
            results,
            maintenance,
            changes,
        })
    }

    /// Transactions that changed something since the start.
    pub(super) fn changes(&self) -> u64 {
        self.changes.load(Ordering::Acquire)
    }

    pub(super) async fn write<T, E, F>(&self, command: F, lane: Lane) -> Result<T, E>
    where
        T: Send + 'static,
        E: Failure,
        F: Fn(&Connection) -> Result<T, E> + Send + 'static,
    {
        let (sender, receiver) = oneshot::channel();
        let command = Box::new(PendingCommand {
            changes: command,
            lane,
            result: None,
            sender,
        });
        let queue = match lane {
            Lane::Calls | Lane::Alerts | Lane::Probe => &self.calls,
            Lane::Results => &self.results,
            Lane::Maintenance => &self.maintenance,
        };
        if queue.send(Message::Run(command)).await.is_err() {
            return Err(E::from(StoreError::Closing));
        }
        receiver.await.unwrap_or_else(|_| {
            // The command was dropped unanswered: with the thread, or with a transaction that had
            // failed before its turn came.
            Err(E::from(if self.calls.is_closed() {
                StoreError::Closing
            } else {
                let why = "the transaction was given up".to_owned();
                StoreError::Unavailable(Trouble::Unusable(why))
            }))
        })
    }

    /// Answers when the thread has ended, in whatever way.
    pub(super) async fn ended(&self) {
        self.calls.closed().await;
    }

    pub(super) async fn close(&self) {
        let (sender, receiver) = oneshot::channel();
        if self.calls.send(Message::Close(sender)).await.is_ok() {
            // An error means that the thread is gone, and with it the connection.
            let _ = receiver.await;
        }
    }
}

/// The writing thread's own.
struct GroupCommit<'a> {
    connection: &'a Connection,
    file: DatabaseFile,
    changes: Arc<AtomicU64>,
    /// Pages in the journal from which on they are moved to the database; 0: they are not.
    checkpoint_after: i64,
    /// How long a commit takes of late.
    commit_time: Duration,
}

impl GroupCommit<'_> {
    /// Takes what waits, commits it, answers; until told to close or nobody can give commands any
    /// more.
    fn run(&mut self, queue: &mut Queue, waiting_room: &Runtime) -> Option<oneshot::Sender<()>> {
        while let Some(first) = waiting_room.block_on(queue.next()) {
            if let Some(closing) = self.take_turn(queue, first) {
                // Maintenance that is in line was given before the close.
                while let Ok(next) = queue.maintenance.try_recv() {
                    self.take_turn(queue, next);
                }
                return Some(closing);
            }
        }
        None
    }

    /// One transaction for `first` and what may share it; answers who has told to close.
    fn take_turn(&mut self, queue: &mut Queue, first: Message) -> Option<oneshot::Sender<()>> {
        let refusal = self.file.look_before_commit();
        let mut turn = Turn::new(queue, first, refusal, self.commit_time);
        if let Some(first) = turn.next() {
            self.commit_together(first, &mut turn);
        }
        turn.closing
    }

    /// One transaction for `first` and the rest of its turn; each command is answered after the commit.
    fn commit_together(&mut self, first: Box<dyn Command>, turn: &mut Turn<'_>) {
        let connection = self.connection;
        self.set_checkpoints();
        self.set_patience();
        let mut commands = vec![first];
        let committed = run_together(connection, &mut commands, turn).and_then(|before| {
            let began = Clock::System.monotonic();
            execute(connection, "COMMIT")?;
            let took = Clock::System.monotonic().saturating_sub(began);
            self.commit_time = (self.commit_time * 7 + took) / 8;
            Ok(connection.total_changes() != before)
        });
        if committed.is_err() {
            roll_back(connection);
        }
        // A refusal is a command's own. What is wrong with the database concerns everybody, and says more than
        // that the transaction was gone then.
        let grave = |met: &&Trouble| matches!(met, Trouble::DiskFull(_)) || met.is_damage();
        let mut met = commands.iter().filter_map(|command| command.trouble());
        let met = met.find(grave).cloned();
        let committed = committed.map_err(|error| {
            let met = met.clone().map(StoreError::Unavailable);
            met.unwrap_or_else(|| StoreError::from(error).for_others())
        });
        if let Ok(has_changed) = committed {
            self.file.committed(has_changed);
            if commands.iter().any(|command| command.lane() != Lane::Probe) {
                self.changes.fetch_add(1, Ordering::Release);
            }
        }
        let whole = committed.as_ref().err().and_then(StoreError::trouble);
        if let Some(met) = met.as_ref().or(whole) {
            self.file.met(met);
        }
        for command in commands {
            command.answer(committed.as_ref().map(|_| ()));
        }
    }

    /// A lock for which one transaction has waited in vain is probably held for long: the next ones try without
    /// waiting.
    fn set_patience(&self) {
        let locked = self.file.is_locked();
        let patience = if locked { Duration::ZERO } else { BUSY_TIMEOUT };
        // Otherwise it stays what it was, and somebody waits too long or not long enough.
        let _ = self.connection.busy_timeout(patience);
    }

    /// While the disk is full, pages stay in the journal: moving them to the database could need all the room that
    /// was held back for results. What is damaged stays as it is. What gathers while a copy is made is moved beside this
    /// thread.
    fn set_checkpoints(&mut self) {
        let stays = self.file.disk_full() || self.file.is_damaged() || self.file.log_is_held();
        let wanted = if stays { 0 } else { PAGES_IN_JOURNAL };
        if wanted != self.checkpoint_after {
            let set = self
                .connection
                .pragma_update(None, "wal_autocheckpoint", wanted);
            // Without it there is less room for results; it is tried again before the next commit.
            self.checkpoint_after = set.map_or(self.checkpoint_after, |()| wanted);
        }
    }
}

fn roll_back(connection: &Connection) {
    // SQLite rolls back by itself after some errors, and then there is nothing left to do.
    if !connection.is_autocommit()
        && let Err(error) = execute(connection, "ROLLBACK")
    {
        tracing::error!(%error, "a failed transaction could not be rolled back");
    }
}

/// Begins a transaction and runs the commands of a turn in it. Refusals are rare, and a savepoint for each command
/// is dear: SQLite copies every page that changes after one. So they run without first. When one of them refuses,
/// everything is undone, and they run once more in the same order, each so that nothing of it remains when it
/// fails. The first one needs no second run, it has had its answer. An error means that SQLite itself can go no further.
/// Answers how many rows had changed when the transaction began: what is undone counts as changed.
fn run_together(
    connection: &Connection,
    commands: &mut Vec<Box<dyn Command>>,
    turn: &mut Turn<'_>,
) -> rusqlite::Result<u64> {
    execute(connection, "BEGIN IMMEDIATE")?;
    let mut before = connection.total_changes();
    let mut apart = false;
    while let Some(command) = commands.last_mut() {
        let began = Clock::System.monotonic();
        if apart {
            run_in_savepoint(connection, command.as_mut())?;
        } else if !command.run(connection) {
            apart = true;
            // What SQLite has undone by itself has failed as a whole, and shows it once more.
            let only_refused = !connection.is_autocommit();
            roll_back(connection);
            execute(connection, "BEGIN IMMEDIATE")?;
            before = connection.total_changes();
            if commands.len() > 1 || !only_refused {
                for command in commands.iter_mut() {
                    run_in_savepoint(connection, command.as_mut())?;
                }
            }
        }
        if let Some(command) = commands.last() {
            let took = Clock::System.monotonic().saturating_sub(began);
            turn.ran(command.lane(), took);
        }
        match turn.next() {
            Some(next) => commands.push(next),
            None => break,
        }
    }
    Ok(before)
}

fn run_in_savepoint(connection: &Connection, command: &mut dyn Command) -> rusqlite::Result<()> {
    execute(connection, "SAVEPOINT command")?;
    // A full disk makes SQLite roll back the whole transaction by itself, and the savepoint with
    // it: this fails then, as it should.
    if !command.run(connection) {
        execute(connection, "ROLLBACK TO command")?;
    }
    execute(connection, "RELEASE command")
}

fn execute(connection: &Connection, sql: &str) -> rusqlite::Result<()> {
    connection.prepare_cached(sql)?.execute([]).map(|_| ())
}

#[cfg(test)]
mod tests;
