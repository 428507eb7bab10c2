//! The one writing connection, and the thread that owns it.

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

use turn::{Queue, Turn};

use super::StoreError;
use super::connection::{BUSY_TIMEOUT, PAGES_IN_JOURNAL, close};
use super::error::Failure;
use super::file::DatabaseFile;
use crate::clock::Clock;
use crate::trouble::Trouble;

/// The number of commands that may wait; further callers wait for a place, so memory stays bounded.
const COMMANDS_WAITING: usize = 1024;
/// A command with its caller, who waits for the result.
trait Command: Send {
    /// Makes its changes and says whether they may stay. It is run once more when they were undone
    /// because another one was refused.
    fn run(&mut self, connection: &Connection) -> bool;
    /// How urgent it is.
    fn lane(&self) -> Lane;
    /// What was wrong with the database when it was run, if that is why it did not succeed.
    fn trouble(&self) -> Option<&Trouble>;
    /// Tells the one who gave it how it ended, once the transaction has committed or not.
    fn answer(self: Box<Self>, committed: Result<(), &StoreError>);
}

/// A command with the place for its result.
struct PendingCommand<T, E, F> {
    changes: F,
    lane: Lane,
    result: Option<Result<T, E>>,
    sender: oneshot::Sender<Result<T, E>>,
}

impl<T, E, F> Command for PendingCommand<T, E, F>
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
            // The refusal may be due to another command of the transaction, which was undone with it.
            (Err(error), _) => Err(E::from(error.for_others())),
            // Whatever was committed had been run.
            (Ok(()), None) => Err(E::from(StoreError::Closing)),
        };
        // The caller may have gone away; the change is committed all the same.
        let _ = self.sender.send(result);
    }
}

/// How urgent a command is, and what its change means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lane {
    /// What somebody hands in, and whatever else a caller waits for.
    Calls,
    /// Like `Calls`, about what an admin is told: it goes on as long as the file can be written, wherever that is.
    Alerts,
    /// Like `Calls`; it only shows that writing works, and no backup is made for it.
    Probe,
    /// What is sent, and what became of it.
    Results,
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
        let refusal = self.file.look_at_database();
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
        let committed = run_together(connection, &mut commands, turn).and_then(|()| {
            let began = Clock::System.monotonic();
            execute(connection, "COMMIT")?;
            let took = Clock::System.monotonic().saturating_sub(began);
            self.commit_time = (self.commit_time * 7 + took) / 8;
            Ok(())
        });
        if committed.is_err() {
            roll_back(connection);
        }
        // A refusal is a command's own. What is wrong with the database concerns everybody, and says more than
        // that the transaction was gone then.
        let grave = |met: &&Trouble| matches!(met, Trouble::DiskFull { .. }) || met.is_damage();
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

    /// Who holds a lock that was waited for in vain holds it for long: the next ones only try.
    fn set_patience(&self) {
        let locked = self.file.is_locked();
        let patience = if locked { Duration::ZERO } else { BUSY_TIMEOUT };
        // Otherwise it stays what it was, and somebody waits too long or not long enough.
        let _ = self.connection.busy_timeout(patience);
    }

    /// While the disk is full, pages stay in the journal: moving them to the database could need all the room that
    /// was held back for results. What is damaged stays as it is.
    fn set_checkpoints(&mut self) {
        let wanted = if self.file.disk_full() || self.file.is_damaged() {
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
fn run_together(
    connection: &Connection,
    commands: &mut Vec<Box<dyn Command>>,
    turn: &mut Turn<'_>,
) -> rusqlite::Result<()> {
    execute(connection, "BEGIN IMMEDIATE")?;
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
    Ok(())
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
mod tests {
    use super::turn::TURNS_BEFORE_MAINTENANCE;
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
        let command = PendingCommand {
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
            let (commands, asked): (Vec<_>, Vec<_>) = given.into_iter().map(number).unzip();
            let mut lines = lines();
            for command in commands {
                give(&lines.calls, command);
            }
            let first = lines.queue.calls.try_recv().unwrap();
            let mut turn = Turn::new(&mut lines.queue, first, None, Duration::ZERO);
            let mut commands = vec![turn.next().unwrap()];
            run_together(&connection, &mut commands, &mut turn).unwrap();
            execute(&connection, "COMMIT").unwrap();
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
        let command = PendingCommand {
            changes,
            lane: Lane::Maintenance,
            result: None,
            sender,
        };
        let mut lines = lines();
        let mut turn = Turn::new(
            &mut lines.queue,
            Message::Run(Box::new(command)),
            None,
            Duration::ZERO,
        );
        let mut commands = vec![turn.next().unwrap()];
        run_together(&connection, &mut commands, &mut turn).unwrap();
        execute(&connection, "COMMIT").unwrap();
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
        command.answer(Err(&StoreError::Unavailable(Trouble::DiskFull {
            needed_mib: None,
        })));
        let told = asked.try_recv().unwrap().unwrap_err();
        assert!(told.to_string().contains("the disk is full"), "{told}");
    }

    struct Lines {
        calls: mpsc::Sender<Message>,
        results: mpsc::Sender<Message>,
        maintenance: mpsc::Sender<Message>,
        queue: Queue,
    }

    fn lines() -> Lines {
        let (calls, waiting_calls) = mpsc::channel(COMMANDS_WAITING);
        let (results, waiting_results) = mpsc::channel(COMMANDS_WAITING);
        let (maintenance, waiting_maintenance) = mpsc::channel(COMMANDS_WAITING);
        Lines {
            calls,
            results,
            maintenance,
            queue: Queue {
                calls: waiting_calls,
                results: waiting_results,
                maintenance: waiting_maintenance,
                passed_over: 0,
            },
        }
    }

    fn give(line: &mpsc::Sender<Message>, command: Box<dyn Command>) {
        assert!(line.try_send(Message::Run(command)).is_ok());
    }

    fn in_lane(lane: Lane) -> Box<dyn Command> {
        number_in(lane, 1).0
    }

    fn lane_of(command: Option<Box<dyn Command>>) -> Option<Lane> {
        command.map(|command| command.lane())
    }

    #[tokio::test]
    async fn maintenance_waits_behind_calls_and_has_its_turn() {
        let mut lines = lines();
        let lane = |next| match next {
            Some(Message::Run(command)) => command.lane(),
            _ => unreachable!("nobody closes"),
        };
        give(&lines.maintenance, in_lane(Lane::Maintenance));
        let mut passed_over = 0;
        loop {
            give(&lines.calls, in_lane(Lane::Calls));
            match lane(lines.queue.next().await) {
                Lane::Calls => passed_over += 1,
                other => break assert_eq!(other, Lane::Maintenance),
            }
        }
        assert_eq!(passed_over, TURNS_BEFORE_MAINTENANCE);
        // A call waits still; with nothing else to do, the others are done at once, maintenance last.
        give(&lines.maintenance, in_lane(Lane::Maintenance));
        give(&lines.results, in_lane(Lane::Results));
        for expected in [Lane::Calls, Lane::Results, Lane::Maintenance] {
            assert_eq!(lane(lines.queue.next().await), expected);
        }
    }

    #[test]
    fn a_call_that_comes_during_results_is_taken_next_and_results_do_not_hold_it_up() {
        const COMMIT: Duration = Duration::from_millis(2);
        let mut lines = lines();
        for _ in 0..6 {
            give(&lines.results, in_lane(Lane::Results));
        }
        let first = lines.queue.results.try_recv().unwrap();
        let mut turn = Turn::new(&mut lines.queue, first, None, COMMIT);
        // No call waits, so results may take as long as they need.
        for _ in 0..2 {
            assert_eq!(lane_of(turn.next()), Some(Lane::Results));
            turn.ran(Lane::Results, COMMIT / 2);
        }
        give(&lines.calls, in_lane(Lane::Calls));
        assert_eq!(lane_of(turn.next()), Some(Lane::Calls));
        turn.ran(Lane::Calls, COMMIT / 2);
        assert_eq!(lane_of(turn.next()), None, "it waits for the commit");
        // In the next transaction they have as much time as the commit takes, or as the calls.
        give(&lines.calls, in_lane(Lane::Calls));
        for (time, taken) in [(COMMIT / 2, 2), (COMMIT * 2, 1)] {
            let first = lines.queue.calls.try_recv().unwrap();
            let mut turn = Turn::new(&mut lines.queue, first, None, COMMIT);
            assert_eq!(lane_of(turn.next()), Some(Lane::Calls));
            turn.ran(Lane::Calls, time);
            for _ in 0..taken {
                assert_eq!(lane_of(turn.next()), Some(Lane::Results));
                turn.ran(Lane::Results, COMMIT.max(time) / taken);
            }
            assert_eq!(lane_of(turn.next()), None);
            give(&lines.calls, in_lane(Lane::Calls));
        }
    }

    #[test]
    fn whatever_was_given_before_a_close_is_taken() {
        let mut lines = lines();
        let (closed, _closed) = oneshot::channel();
        give(&lines.results, in_lane(Lane::Results));
        give(&lines.results, in_lane(Lane::Results));
        assert!(lines.calls.try_send(Message::Close(closed)).is_ok());
        let first = lines.queue.calls.try_recv().unwrap();
        let mut turn = Turn::new(&mut lines.queue, first, None, Duration::ZERO);
        let taken = std::iter::from_fn(|| lane_of(turn.next())).collect::<Vec<_>>();
        assert_eq!(taken, [Lane::Results; 2]);
        assert!(turn.closing.is_some());
    }

    #[test]
    fn maintenance_shares_its_transaction_with_nobody() {
        let mut lines = lines();
        for lane in [Lane::Calls, Lane::Results, Lane::Maintenance] {
            let line = match lane {
                Lane::Calls => &lines.calls,
                Lane::Results => &lines.results,
                _ => &lines.maintenance,
            };
            give(line, in_lane(lane));
            give(line, in_lane(lane));
        }
        let mut turn = |first: Message| {
            let mut turn = Turn::new(&mut lines.queue, first, None, Duration::from_secs(1));
            std::iter::from_fn(|| lane_of(turn.next())).collect::<Vec<_>>()
        };
        let maintenance = Message::Run(in_lane(Lane::Maintenance));
        assert_eq!(turn(maintenance), [Lane::Maintenance]);
        let call = Message::Run(in_lane(Lane::Calls));
        let calls_and_results = [[Lane::Calls; 3].as_slice(), &[Lane::Results; 2]].concat();
        assert_eq!(turn(call), calls_and_results);
    }
}
