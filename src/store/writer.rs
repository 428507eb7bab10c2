//! The one writing connection, and the thread that owns it.

use std::fs::File;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use rusqlite::{Connection, ErrorCode};
use tokio::runtime::Runtime;
use tokio::sync::{mpsc, oneshot};

use super::StoreError;
use super::connection::close;
use super::file::reserve::Reserve;

/// Commands that may wait at a time; who comes later waits for a place, so memory stays bounded.
const COMMANDS_WAITING: usize = 1024;
/// Transactions of calls after which maintenance has its turn, though more calls wait.
const CALLS_BEFORE_MAINTENANCE: u32 = 64;
/// Commands in one transaction, so that the first of them does not wait for ever.
const COMMANDS_PER_COMMIT: usize = 512;

/// What somebody wants written, and waits for.
trait Command: Send {
    /// Makes its changes and says whether they may stay. It is run once more when they were undone
    /// because another one was refused.
    fn run(&mut self, connection: &Connection) -> bool;
    /// Tells the one who gave it how it ended, once the transaction has committed or not.
    fn answer(self: Box<Self>, committed: Result<(), &StoreError>);
}

/// A command with the place for its result.
struct Given<T, E, F> {
    changes: F,
    result: Option<Result<T, E>>,
    sender: oneshot::Sender<Result<T, E>>,
}

impl<T, E, F> Command for Given<T, E, F>
where
    T: Send,
    E: From<StoreError> + Send,
    F: Fn(&Connection) -> Result<T, E> + Send,
{
    fn run(&mut self, connection: &Connection) -> bool {
        let result = self.result.insert((self.changes)(connection));
        result.is_ok()
    }

    fn answer(self: Box<Self>, committed: Result<(), &StoreError>) {
        let result = match (committed, self.result) {
            (Ok(()), Some(result)) => result,
            // A refusal may rest on a neighbour that is gone with the transaction.
            (Err(error), _) => Err(E::from(error.for_others())),
            // Whatever was committed had been run.
            (Ok(()), None) => Err(E::from(StoreError::Closing)),
        };
        // The one who asked may have gone away; the change stands all the same.
        let _ = self.sender.send(result);
    }
}

/// How urgent a command is, and what its change means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lane {
    /// What somebody hands in, results of attempts, and whatever else a caller waits for.
    Calls,
    /// Like `Calls`; it only shows that writing works, and no backup is made for it.
    Probe,
    /// What can wait: purging, importing, repairing, sending again in bulk.
    Maintenance,
}

enum Message {
    Run(Box<dyn Command>, Lane),
    Close(oneshot::Sender<()>),
}

/// The way to the writing thread. Cheap to clone.
#[derive(Clone)]
pub(super) struct Writer {
    calls: mpsc::Sender<Message>,
    maintenance: mpsc::Sender<Message>,
    changes: Arc<AtomicU64>,
}

impl Writer {
    /// Starts the thread. `lock` is held until the connection is closed; a close in order leaves
    /// the file `closed` behind.
    pub(super) fn start(
        connection: Connection,
        lock: File,
        closed: PathBuf,
        reserve: Reserve,
    ) -> io::Result<Self> {
        let (calls, waiting_calls) = mpsc::channel(COMMANDS_WAITING);
        let (maintenance, waiting_maintenance) = mpsc::channel(COMMANDS_WAITING);
        let changes = Arc::new(AtomicU64::new(0));
        let counted = Arc::clone(&changes);
        let waiting_room = tokio::runtime::Builder::new_current_thread().build()?;
        thread::Builder::new()
            .name("writer".to_owned())
            .spawn(move || {
                let mut committer = Committer {
                    connection: &connection,
                    reserve,
                    changes: counted,
                    works: true,
                };
                let mut queue = Queue {
                    calls: waiting_calls,
                    maintenance: waiting_maintenance,
                    passed_over: 0,
                };
                let asked = committer.run(&mut queue, &waiting_room);
                if asked.is_some() && close(connection).is_ok() {
                    // Without it the next start looks through the whole database: slow, not wrong.
                    let _ = File::create(closed);
                }
                drop(lock);
                if let Some(asked) = asked {
                    // Nobody may be waiting any more, and that is fine.
                    let _ = asked.send(());
                }
            })?;
        Ok(Self {
            calls,
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
        E: From<StoreError> + Send + 'static,
        F: Fn(&Connection) -> Result<T, E> + Send + 'static,
    {
        let (sender, receiver) = oneshot::channel();
        let command = Box::new(Given {
            changes: command,
            result: None,
            sender,
        });
        let queue = match lane {
            Lane::Calls | Lane::Probe => &self.calls,
            Lane::Maintenance => &self.maintenance,
        };
        if queue.send(Message::Run(command, lane)).await.is_err() {
            return Err(E::from(StoreError::Closing));
        }
        receiver.await.unwrap_or_else(|_| {
            // The command was dropped unanswered: with the thread, or with a transaction that had
            // failed before its turn came.
            Err(E::from(if self.calls.is_closed() {
                StoreError::Closing
            } else {
                StoreError::Unavailable("the transaction was given up".to_owned())
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

impl StoreError {
    /// The same error for one more of those whom a failed commit concerns: it is none of their own.
    fn for_others(&self) -> Self {
        match self {
            Self::Closing => Self::Closing,
            Self::Unavailable(why) | Self::Refused(why) => Self::Unavailable(why.clone()),
        }
    }
}

/// The writing thread's own.
struct Committer<'a> {
    connection: &'a Connection,
    reserve: Reserve,
    changes: Arc<AtomicU64>,
    /// The last transaction committed. A disk that stays full is told once, not for every event
    /// that is refused.
    works: bool,
}

impl Committer<'_> {
    /// Takes what waits, commits it, answers; until told to close or nobody can give commands any
    /// more.
    fn run(&mut self, queue: &mut Queue, waiting_room: &Runtime) -> Option<oneshot::Sender<()>> {
        while let Some(message) = waiting_room.block_on(queue.next()) {
            let waiting = queue.take_waiting(message);
            if !waiting.commands.is_empty() {
                self.commit_together(waiting.commands, waiting.changes);
            }
            if waiting.closing.is_some() {
                return waiting.closing;
            }
        }
        None
    }

    /// One transaction for all `commands`; each is answered after the commit.
    fn commit_together(&mut self, mut commands: Vec<Box<dyn Command>>, changes: bool) {
        let connection = self.connection;
        let committed = in_one_transaction(connection, &mut commands);
        if let Err(error) = &committed {
            roll_back(connection);
            if error.sqlite_error_code() == Some(ErrorCode::DiskFull) && self.reserve.release() {
                tracing::error!(
                    "the disk is full: the room that was held back is given up for the results of what is under way; nothing new is accepted until there is room again"
                );
            }
        }
        let committed = committed.map_err(StoreError::from);
        match &committed {
            Ok(()) => {
                if !self.works {
                    tracing::info!("the database can be written again");
                }
                if changes {
                    self.changes.fetch_add(1, Ordering::Release);
                }
            }
            Err(error) if self.works => {
                tracing::error!(%error, "nothing can be kept: events are refused and results of deliveries wait until the database can be written; look at the disk and at the permissions of the data directory");
            }
            Err(_) => {}
        }
        self.works = committed.is_ok();
        for command in commands {
            command.answer(committed.as_ref().copied());
        }
    }
}

/// The commands that wait, in two lines.
struct Queue {
    calls: mpsc::Receiver<Message>,
    maintenance: mpsc::Receiver<Message>,
    /// Transactions in a row before which maintenance may have waited.
    passed_over: u32,
}

/// What waits for one transaction.
struct Waiting {
    commands: Vec<Box<dyn Command>>,
    /// At least one of them is worth a backup.
    changes: bool,
    closing: Option<oneshot::Sender<()>>,
}

impl Queue {
    /// The next command: calls go before maintenance, which under load has its turn now and then. None:
    /// nobody can give any more.
    async fn next(&mut self) -> Option<Message> {
        if self.passed_over >= CALLS_BEFORE_MAINTENANCE
            && let Ok(message) = self.maintenance.try_recv()
        {
            self.passed_over = 0;
            return Some(message);
        }
        self.passed_over = self.passed_over.saturating_add(1);
        tokio::select! {
            biased;
            message = self.calls.recv() => message,
            Some(message) = self.maintenance.recv() => {
                self.passed_over = 0;
                Some(message)
            }
        }
    }

    /// `first` and the calls that wait with it, up to one transaction's worth.
    fn take_waiting(&mut self, first: Message) -> Waiting {
        let mut waiting = Waiting {
            commands: Vec::new(),
            changes: false,
            closing: None,
        };
        let mut next = Some(first);
        while let Some(message) = next {
            match message {
                Message::Run(command, lane) => {
                    waiting.commands.push(command);
                    waiting.changes |= lane != Lane::Probe;
                }
                Message::Close(closed) => {
                    self.close(&mut waiting);
                    waiting.closing = Some(closed);
                    break;
                }
            }
            next = if waiting.commands.len() < COMMANDS_PER_COMMIT {
                self.calls.try_recv().ok()
            } else {
                None
            };
        }
        waiting
    }

    /// Takes the maintenance that is in line too: it was given before the close.
    fn close(&mut self, waiting: &mut Waiting) {
        self.maintenance.close();
        while let Ok(Message::Run(command, _)) = self.maintenance.try_recv() {
            waiting.commands.push(command);
            waiting.changes = true;
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

/// Runs and commits all of them. Refusals are rare, and a savepoint for each command is dear: SQLite
/// copies every page that changes after one. So all run without first. When one of them refuses,
/// everything is undone, and all run once more in the same order, each so that nothing of it remains when
/// it fails. An error means that SQLite itself can go no further.
fn in_one_transaction(
    connection: &Connection,
    commands: &mut [Box<dyn Command>],
) -> rusqlite::Result<()> {
    execute(connection, "BEGIN IMMEDIATE")?;
    if !commands.iter_mut().all(|command| command.run(connection)) {
        roll_back(connection);
        execute(connection, "BEGIN IMMEDIATE")?;
        for command in commands {
            run_apart(connection, command.as_mut())?;
        }
    }
    execute(connection, "COMMIT")
}

fn run_apart(connection: &Connection, command: &mut dyn Command) -> rusqlite::Result<()> {
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
mod tests {
    use super::*;

    type Asked = oneshot::Receiver<Result<i64, StoreError>>;

    /// Keeps a number and says how often it was run; one below zero is kept and then refused.
    fn number(number: i64) -> (Box<dyn Command>, Asked) {
        let runs = AtomicU64::new(0);
        let (sender, receiver) = oneshot::channel();
        let changes = move |connection: &Connection| {
            connection.execute("INSERT INTO numbers VALUES (?1)", [number])?;
            let runs = runs.fetch_add(1, Ordering::Relaxed) + 1;
            if number < 0 {
                return Err(StoreError::Unavailable("no".to_owned()));
            }
            Ok(runs.cast_signed())
        };
        let command = Given {
            changes,
            result: None,
            sender,
        };
        (Box::new(command), receiver)
    }

    #[test]
    fn who_is_refused_leaves_nothing_and_the_others_are_kept() {
        for (given, kept, runs) in [
            (vec![1, 2], "1,2", vec![Some(1), Some(1)]),
            (vec![-1], "", vec![None]),
            (
                vec![1, -2, 3, -4, 5],
                "1,3,5",
                vec![Some(2), None, Some(1), None, Some(1)],
            ),
        ] {
            let connection = Connection::open_in_memory().unwrap();
            connection
                .execute_batch("CREATE TABLE numbers (number INTEGER)")
                .unwrap();
            let (mut commands, asked): (Vec<_>, Vec<_>) = given.into_iter().map(number).unzip();
            in_one_transaction(&connection, &mut commands).unwrap();
            for command in commands {
                command.answer(Ok(()));
            }
            let answers = asked.into_iter().map(|mut asked| asked.try_recv().unwrap());
            assert_eq!(answers.map(Result::ok).collect::<Vec<_>>(), runs);
            let sql = "SELECT coalesce(group_concat(number), '') FROM numbers";
            let numbers: String = connection.query_row(sql, [], |row| row.get(0)).unwrap();
            assert_eq!(numbers, kept);
        }
    }

    #[test]
    fn a_refusal_says_nothing_about_a_transaction_that_failed() {
        let connection = Connection::open_in_memory().unwrap();
        connection
            .execute_batch("CREATE TABLE numbers (number INTEGER)")
            .unwrap();
        let (mut command, mut asked) = number(-1);
        assert!(!command.run(&connection));
        command.answer(Err(&StoreError::Unavailable("the disk is full".to_owned())));
        let told = asked.try_recv().unwrap().unwrap_err();
        assert!(told.to_string().contains("the disk is full"), "{told}");
    }

    #[tokio::test]
    async fn maintenance_waits_behind_calls_and_has_its_turn() {
        let (calls, waiting_calls) = mpsc::channel(COMMANDS_WAITING);
        let (maintenance, waiting_maintenance) = mpsc::channel(COMMANDS_WAITING);
        let mut queue = Queue {
            calls: waiting_calls,
            maintenance: waiting_maintenance,
            passed_over: 0,
        };
        let give = async |line: &mpsc::Sender<Message>, lane| {
            let sent = line.send(Message::Run(number(1).0, lane)).await;
            assert!(sent.is_ok());
        };
        give(&maintenance, Lane::Maintenance).await;
        let mut passed_over = 0;
        loop {
            give(&calls, Lane::Calls).await;
            match queue.next().await {
                Some(Message::Run(_, Lane::Calls)) => passed_over += 1,
                Some(Message::Run(_, lane)) => break assert_eq!(lane, Lane::Maintenance),
                _ => unreachable!("nobody closes"),
            }
        }
        assert_eq!(passed_over, CALLS_BEFORE_MAINTENANCE);
        // A call waits still; with nothing else to do, maintenance is done at once.
        assert!(matches!(
            queue.next().await,
            Some(Message::Run(_, Lane::Calls))
        ));
        give(&maintenance, Lane::Maintenance).await;
        let next = queue.next().await;
        assert!(matches!(next, Some(Message::Run(_, Lane::Maintenance))));
    }
}
