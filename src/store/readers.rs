//! Read-only connections, each with a thread of its own. They do not share Tokio's blocking threads, which lookups of
//! a slow name server may occupy.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use rusqlite::{Connection, TransactionBehavior};
use tokio::sync::{mpsc, oneshot};

use super::StoreError;
use super::connection::{open_for_maintenance, open_for_reading};
use super::file::{DatabaseFile, OpenError};
use crate::priority;

/// A query with the place for its answer. It says whether its connection can be used again.
type Job = Box<dyn FnOnce(&mut Connection) -> bool + Send>;

/// How urgent the work of some readers is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Priority {
    /// Somebody waits for the answer.
    Normal,
    /// Long work that must not slow down accepting.
    Low,
}

/// A few read-only connections. Cheap to clone.
#[derive(Clone)]
pub(super) struct Readers(Arc<Threads>);

struct Threads {
    file: DatabaseFile,
    jobs: Mutex<Option<Sender<Job>>>,
    /// Ends when the last thread has ended.
    ended: tokio::sync::Mutex<mpsc::Receiver<()>>,
}

impl Readers {
    /// Opens `threads` connections to the database: this many reads run at a time, and further ones wait.
    pub(super) fn open(
        file: &DatabaseFile,
        threads: usize,
        priority: Priority,
    ) -> Result<Self, OpenError> {
        let (sender, receiver) = channel();
        let receiver = Arc::new(Mutex::new(receiver));
        let (running, ended) = mpsc::channel(1);
        for number in 0..threads {
            let connection =
                open(file, priority).map_err(|error| OpenError::database(file.path(), &error))?;
            let (own, jobs) = (file.clone(), Arc::clone(&receiver));
            let running = running.clone();
            let serve = move || {
                if priority == Priority::Low {
                    priority::lower();
                }
                serve(connection, &own, priority, &jobs);
                drop(running);
            };
            thread::Builder::new()
                .name(format!("reader {number}"))
                .spawn(serve)
                .map_err(|source| OpenError::at(file.path(), source))?;
        }
        Ok(Self(Arc::new(Threads {
            file: file.clone(),
            jobs: Mutex::new(Some(sender)),
            ended: tokio::sync::Mutex::new(ended),
        })))
    }

    /// Runs `query` in one read transaction, so that all it reads is of one moment. When the caller goes
    /// away, the query ends by itself.
    pub(super) async fn read<T, F>(&self, query: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    {
        self.work(|connection| in_one_transaction(connection, query))
            .await
    }

    /// Runs `work`, which begins and ends its own transactions, to its end, even when the caller goes away.
    pub(super) async fn work<T, F>(&self, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&mut Connection) -> Result<T, StoreError> + Send + 'static,
    {
        let (sender, receiver) = oneshot::channel();
        let job = move |connection: &mut Connection| {
            let run = AssertUnwindSafe(|| work(connection));
            let result = catch_unwind(run);
            let works = result.is_ok();
            let broke_off = |_| Err(StoreError::Refused("a query broke off".to_owned()));
            // The caller may have gone away.
            let _ = sender.send(result.unwrap_or_else(broke_off));
            works
        };
        let given = match &*self.0.jobs.lock().unwrap_or_else(PoisonError::into_inner) {
            Some(jobs) => jobs.send(Box::new(job)).is_ok(),
            None => false,
        };
        if !given {
            return Err(StoreError::Closing);
        }
        let result = receiver.await.unwrap_or(Err(StoreError::Closing));
        if let Err(StoreError::Unavailable(trouble)) = &result
            && trouble.is_damage()
        {
            self.0.file.met(trouble);
        }
        result
    }

    /// Answers the reads that wait, then closes the connections. Later reads are refused.
    pub(super) async fn close(&self) {
        let jobs = &self.0.jobs;
        jobs.lock().unwrap_or_else(PoisonError::into_inner).take();
        // Nothing is ever sent: the channel ends with the last thread.
        let _ = self.0.ended.lock().await.recv().await;
    }
}

fn in_one_transaction<T>(
    connection: &mut Connection,
    query: impl FnOnce(&Connection) -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Deferred)?;
    let result = query(&transaction);
    transaction.finish()?;
    result
}

/// Opens the database so that it cannot be changed, with its journal: one that is opened later may not be there any
/// more. A value of the header suffices for that: the tables are looked up with the first query, and a connection that
/// nobody needs has none of them in memory.
fn open(file: &DatabaseFile, priority: Priority) -> rusqlite::Result<Connection> {
    let connection = match priority {
        Priority::Normal => open_for_reading(file.path())?,
        Priority::Low => open_for_maintenance(file.path())?,
    };
    connection.execute_batch("PRAGMA user_version")?;
    Ok(connection)
}

/// Another file may be at the database's path by now; that one is not read.
fn reopen(file: &DatabaseFile, priority: Priority) -> Option<Connection> {
    if !file.is_in_place() {
        return None;
    }
    let opened = open(file, priority);
    if let Err(error) = &opened {
        tracing::error!(%error, "the database cannot be opened for reading");
    }
    opened.ok()
}

/// Answers queries until nobody can ask any more. A connection whose query panicked is replaced.
fn serve(
    connection: Connection,
    file: &DatabaseFile,
    priority: Priority,
    jobs: &Mutex<Receiver<Job>>,
) {
    let mut connection = Some(connection);
    loop {
        let job = jobs.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(job) = job else { return };
        // Without a connection this caller is told that the store closes; the next caller tries again.
        let Some(mut used) = connection.take().or_else(|| reopen(file, priority)) else {
            continue;
        };
        if job(&mut used) {
            connection = Some(used);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command_line::CommandLine;

    /// The niceness of the calling thread, as Linux says it: the seventeenth value behind the thread's name.
    fn niceness() -> i32 {
        let all = std::fs::read_to_string("/proc/thread-self/stat").unwrap();
        let behind_name = all.rsplit(')').next().unwrap();
        let value = behind_name.split_whitespace().nth(16).unwrap();
        value.parse().unwrap()
    }

    #[tokio::test]
    async fn long_work_has_a_low_priority_and_others_have_not() {
        let directory = tempfile::tempdir().unwrap();
        let opened =
            super::super::file::open::open(directory.path(), &CommandLine::default()).unwrap();
        for (priority, lower) in [(Priority::Normal, 0), (Priority::Low, 10)] {
            let readers = Readers::open(&opened.file, 1, priority).unwrap();
            let nice = readers.work(|_| Ok(niceness())).await.unwrap();
            assert_eq!(nice, (niceness() + lower).min(19), "{priority:?}");
            readers.close().await;
        }
    }

    #[tokio::test]
    #[allow(clippy::panic)]
    async fn a_query_that_panics_is_told_and_the_next_one_is_answered() {
        let directory = tempfile::tempdir().unwrap();
        let opened =
            super::super::file::open::open(directory.path(), &CommandLine::default()).unwrap();
        let readers = Readers::open(&opened.file, 1, Priority::Low).unwrap();
        let broken: Result<(), _> = readers.read(|_| panic!("on purpose")).await;
        assert!(matches!(broken, Err(StoreError::Refused(_))));
        let one = readers
            .read(
                |connection| Ok(connection.query_row("SELECT 1", [], |row| row.get::<_, i64>(0))?),
            )
            .await;
        assert_eq!(one, Ok(1));
        readers.close().await;
        let late: Result<(), _> = readers.read(|_| Ok(())).await;
        assert_eq!(late, Err(StoreError::Closing));
    }
}
