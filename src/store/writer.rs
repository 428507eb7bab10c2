//! The one writing connection, and the thread that owns it.

use std::fs::File;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use rusqlite::Connection;
use tokio::runtime::Runtime;
use tokio::sync::{mpsc, oneshot};

use super::StoreError;
use super::connection::{PAGES_IN_JOURNAL, close};
use super::error::Failure;
use super::file::DatabaseFile;
use crate::trouble::Trouble;

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
    /// Who gave it.
    fn lane(&self) -> Lane;
    /// What was wrong with the database when it was run, if that is why it did not succeed.
    fn trouble(&self) -> Option<&Trouble>;
    /// Tells the one who gave it how it ended, once the transaction has committed or not.
    fn answer(self: Box<Self>, committed: Result<(), &StoreError>);
}

/// A command with the place for its result.
struct Given<T, E, F> {
    changes: F,
    lane: Lane,
    result: Option<Result<T, E>>,
    sender: oneshot::Sender<Result<T, E>>,
}

impl<T, E, F> Command for Given<T, E, F>
where
    T: Send,
    E: Failure,
    F: Fn(&Connection) -> Result<T, E> + Send,
{
    fn run(&mut self, connection: &Connection) -> bool {
        let result = self.result.insert((self.changes)(connection));
        result.is_ok()
    }

    fn lane(&self) -> Lane {
        self.lane
    }

    fn trouble(&self) -> Option<&Trouble> {
        let error = self.result.as_ref()?.as_ref().err()?;
        error.of_store()?.trouble()
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
    /// Like `Calls`, about what an admin is told: it goes on as long as the file can be written, wherever that is.
    Alerts,
    /// Like `Calls`; it only shows that writing works, and no backup is made for it.
    Probe,
    /// What can wait: purging, importing, repairing, sending again in bulk.
    Maintenance,
}

enum Message {
    Run(Box<dyn Command>),
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
    /// Starts the thread. `lock` is held until the connection is closed; a close in order leaves its mark.
    pub(super) fn start(
        connection: Connection,
        lock: File,
        file: DatabaseFile,
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
                    file: file.clone(),
                    changes: counted,
                    checkpoint_after: PAGES_IN_JOURNAL,
                };
                let mut queue = Queue {
                    calls: waiting_calls,
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
        E: Failure,
        F: Fn(&Connection) -> Result<T, E> + Send + 'static,
    {
        let (sender, receiver) = oneshot::channel();
        let command = Box::new(Given {
            changes: command,
            lane,
            result: None,
            sender,
        });
        let queue = match lane {
            Lane::Calls | Lane::Alerts | Lane::Probe => &self.calls,
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

impl StoreError {
    /// The same error for one more of those whom a failed commit concerns: it is none of their own.
    fn for_others(&self) -> Self {
        match self {
            Self::Closing => Self::Closing,
            Self::Unavailable(trouble) => Self::Unavailable(trouble.clone()),
            Self::Refused(why) => Self::Unavailable(Trouble::Unusable(why.clone())),
        }
    }
}

/// The writing thread's own.
struct Committer<'a> {
    connection: &'a Connection,
    file: DatabaseFile,
    changes: Arc<AtomicU64>,
    /// Pages in the journal from which on they are moved to the database; 0: they are not.
    checkpoint_after: i64,
}

impl Committer<'_> {
    /// Takes what waits, commits it, answers; until told to close or nobody can give commands any
    /// more.
    fn run(&mut self, queue: &mut Queue, waiting_room: &Runtime) -> Option<oneshot::Sender<()>> {
        while let Some(message) = waiting_room.block_on(queue.next()) {
            let waiting = queue.take_waiting(message);
            self.commit(waiting.commands);
            if waiting.closing.is_some() {
                // Maintenance that is in line was given before the close.
                while let Some(command) = queue.last_maintenance() {
                    self.commit(vec![command]);
                }
                return waiting.closing;
            }
        }
        None
    }

    /// One transaction for all `commands` that can be kept now.
    fn commit(&mut self, commands: Vec<Box<dyn Command>>) {
        let commands = self.refuse_without_file(commands);
        if !commands.is_empty() {
            self.commit_together(commands);
        }
    }

    /// Answers those that would be written to a file that is gone, and gives back the others.
    fn refuse_without_file(&self, commands: Vec<Box<dyn Command>>) -> Vec<Box<dyn Command>> {
        if self.file.is_database_in_place() {
            return commands;
        }
        let (tell, refused): (Vec<_>, Vec<_>) = commands
            .into_iter()
            .partition(|command| command.lane() == Lane::Alerts);
        for command in refused {
            let gone = Trouble::Gone { rescued: None };
            command.answer(Err(&StoreError::Unavailable(gone)));
        }
        tell
    }

    /// One transaction for all `commands`; each is answered after the commit.
    fn commit_together(&mut self, mut commands: Vec<Box<dyn Command>>) {
        let connection = self.connection;
        self.set_checkpoints();
        let committed = in_one_transaction(connection, &mut commands);
        if committed.is_err() {
            roll_back(connection);
        }
        // A refusal is a command's own. What is wrong with the database concerns everybody, and says more than
        // that the transaction was gone then.
        let grave = |met: &&Trouble| matches!(met, Trouble::DiskFull | Trouble::Damaged { .. });
        let mut met = commands.iter().filter_map(|command| command.trouble());
        let met = met.find(grave).cloned();
        let committed = committed.map_err(|error| {
            let met = met.clone().map(StoreError::Unavailable);
            met.unwrap_or_else(|| StoreError::from(error).for_others())
        });
        if committed.is_ok() {
            self.file.committed();
            if commands.iter().any(|command| command.lane() != Lane::Probe) {
                self.changes.fetch_add(1, Ordering::Release);
            }
        }
        let whole = committed.as_ref().err().and_then(StoreError::trouble);
        if let Some(met) = met.as_ref().or(whole) {
            self.file.met(met);
        }
        for command in commands {
            command.answer(committed.as_ref().copied());
        }
    }

    /// While the disk is full, pages stay in the journal: moving them to the database could need all the room that
    /// was held back for results.
    fn set_checkpoints(&mut self) {
        let wanted = if self.file.disk_full() {
            0
        } else {
            PAGES_IN_JOURNAL
        };
        if wanted != self.checkpoint_after {
            let set = self
                .connection
                .pragma_update(None, "wal_autocheckpoint", wanted);
            // Without it there is less room for results; it is tried again before the next commit.
            self.checkpoint_after = set.map_or(self.checkpoint_after, |()| wanted);
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

    /// `first` and the calls that wait with it, up to one transaction's worth. Maintenance has one of its own: it is
    /// long, and may be undone, and nobody who hands something in is to be undone and done again with it.
    fn take_waiting(&mut self, first: Message) -> Waiting {
        let mut waiting = Waiting {
            commands: Vec::new(),
            closing: None,
        };
        let mut next = Some(first);
        while let Some(message) = next {
            match message {
                Message::Run(command) => {
                    let alone = command.lane() == Lane::Maintenance;
                    waiting.commands.push(command);
                    if alone {
                        break;
                    }
                }
                Message::Close(closed) => {
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

    /// The next maintenance that is in line, and takes no more in.
    fn last_maintenance(&mut self) -> Option<Box<dyn Command>> {
        self.maintenance.close();
        match self.maintenance.try_recv() {
            Ok(Message::Run(command)) => Some(command),
            Ok(Message::Close(_)) | Err(_) => None,
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
/// it fails. One that is alone has had its answer. An error means that SQLite itself can go no further.
fn in_one_transaction(
    connection: &Connection,
    commands: &mut [Box<dyn Command>],
) -> rusqlite::Result<()> {
    execute(connection, "BEGIN IMMEDIATE")?;
    if !commands.iter_mut().all(|command| command.run(connection)) {
        // What SQLite has undone by itself has failed as a whole, and shows it once more.
        let only_refused = !connection.is_autocommit();
        roll_back(connection);
        if only_refused && commands.len() == 1 {
            return Ok(());
        }
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
        number_in(Lane::Calls, number)
    }

    fn number_in(lane: Lane, number: i64) -> (Box<dyn Command>, Asked) {
        let runs = AtomicU64::new(0);
        let (sender, receiver) = oneshot::channel();
        let changes = move |connection: &Connection| {
            connection.execute("INSERT INTO numbers VALUES (?1)", [number])?;
            let runs = runs.fetch_add(1, Ordering::Relaxed) + 1;
            if number < 0 {
                return Err(StoreError::Refused("no".to_owned()));
            }
            Ok(runs.cast_signed())
        };
        let command = Given {
            changes,
            lane,
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
    fn one_that_is_refused_alone_runs_once() {
        let connection = Connection::open_in_memory().unwrap();
        connection
            .execute_batch("CREATE TABLE numbers (number INTEGER)")
            .unwrap();
        let runs = Arc::new(AtomicU64::new(0));
        let (sender, _asked) = oneshot::channel::<Result<(), StoreError>>();
        let counted = Arc::clone(&runs);
        let changes = move |_: &Connection| {
            counted.fetch_add(1, Ordering::Relaxed);
            Err(StoreError::Refused("no".to_owned()))
        };
        let command = Given {
            changes,
            lane: Lane::Maintenance,
            result: None,
            sender,
        };
        in_one_transaction(&connection, &mut [Box::new(command)]).unwrap();
        assert!(connection.is_autocommit());
        assert_eq!(runs.load(Ordering::Relaxed), 1);
    }

    #[test]
    fn a_refusal_says_nothing_about_a_transaction_that_failed() {
        let connection = Connection::open_in_memory().unwrap();
        connection
            .execute_batch("CREATE TABLE numbers (number INTEGER)")
            .unwrap();
        let (mut command, mut asked) = number(-1);
        assert!(!command.run(&connection));
        command.answer(Err(&StoreError::Unavailable(Trouble::DiskFull)));
        let told = asked.try_recv().unwrap().unwrap_err();
        assert!(told.to_string().contains("the disk is full"), "{told}");
    }

    #[tokio::test]
    async fn maintenance_shares_its_transaction_with_nobody() {
        let (calls, waiting_calls) = mpsc::channel(COMMANDS_WAITING);
        let (maintenance, waiting_maintenance) = mpsc::channel(COMMANDS_WAITING);
        let mut queue = Queue {
            calls: waiting_calls,
            maintenance: waiting_maintenance,
            passed_over: CALLS_BEFORE_MAINTENANCE,
        };
        let run = |lane| Message::Run(number_in(lane, 1).0);
        for _ in 0..2 {
            assert!(maintenance.send(run(Lane::Maintenance)).await.is_ok());
            assert!(calls.send(run(Lane::Calls)).await.is_ok());
        }
        let (closed, _) = oneshot::channel();
        assert!(calls.send(Message::Close(closed)).await.is_ok());
        let mut lanes = async || {
            let first = queue.next().await.unwrap();
            let waiting = queue.take_waiting(first);
            let lanes = waiting.commands.iter().map(|command| command.lane());
            (lanes.collect::<Vec<_>>(), waiting.closing.is_some())
        };
        assert_eq!(lanes().await, (vec![Lane::Maintenance], false));
        assert_eq!(lanes().await, (vec![Lane::Calls; 2], true));
        let last = queue.last_maintenance().map(|command| command.lane());
        assert_eq!(last, Some(Lane::Maintenance));
        assert!(queue.last_maintenance().is_none());
        assert!(maintenance.send(run(Lane::Maintenance)).await.is_err());
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
            let sent = line.send(Message::Run(number_in(lane, 1).0)).await;
            assert!(sent.is_ok());
        };
        give(&maintenance, Lane::Maintenance).await;
        let mut passed_over = 0;
        loop {
            give(&calls, Lane::Calls).await;
            match queue.next().await {
                Some(Message::Run(command)) if command.lane() == Lane::Calls => passed_over += 1,
                Some(Message::Run(command)) => {
                    break assert_eq!(command.lane(), Lane::Maintenance);
                }
                _ => unreachable!("nobody closes"),
            }
        }
        assert_eq!(passed_over, CALLS_BEFORE_MAINTENANCE);
        // A call waits still; with nothing else to do, maintenance is done at once.
        let lane = |next| match next {
            Some(Message::Run(command)) => command.lane(),
            _ => unreachable!("nobody closes"),
        };
        assert_eq!(lane(queue.next().await), Lane::Calls);
        give(&maintenance, Lane::Maintenance).await;
        assert_eq!(lane(queue.next().await), Lane::Maintenance);
    }
}
