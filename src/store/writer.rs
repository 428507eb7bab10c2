//! The one writing connection, and the thread that owns it.

use std::fs::File;
use std::io;
use std::thread;

use rusqlite::Connection;
use tokio::sync::{mpsc, oneshot};

use super::StoreError;

/// Commands that may wait at a time; who comes later waits for a place, so memory stays bounded.
const COMMANDS_WAITING: usize = 1024;
/// Commands in one transaction, so that the first of them does not wait for ever.
const COMMANDS_PER_COMMIT: usize = 512;

/// Tells the one who gave a command how it ended, once the transaction has committed or not.
type Answer = Box<dyn FnOnce(Result<(), &StoreError>) + Send>;
/// A command: makes its changes and says whether they may stay.
type Command = Box<dyn FnOnce(&Connection) -> (bool, Answer) + Send>;

enum Message {
    Run(Command),
    Close(oneshot::Sender<()>),
}

/// The way to the writing thread. Cheap to clone.
#[derive(Clone)]
pub(super) struct Writer(mpsc::Sender<Message>);

impl Writer {
    /// Starts the thread. `lock` is held until the connection is closed.
    pub(super) fn start(connection: Connection, lock: File) -> io::Result<Self> {
        let (sender, receiver) = mpsc::channel(COMMANDS_WAITING);
        thread::Builder::new()
            .name("writer".to_owned())
            .spawn(move || {
                let closed = run(&connection, receiver);
                drop(connection);
                drop(lock);
                if let Some(closed) = closed {
                    // Nobody may be waiting any more, and that is fine.
                    let _ = closed.send(());
                }
            })?;
        Ok(Self(sender))
    }

    pub(super) async fn write<T, E, F>(&self, command: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
        F: FnOnce(&Connection) -> Result<T, E> + Send + 'static,
    {
        let (sender, receiver) = oneshot::channel();
        let command: Command = Box::new(move |connection| {
            let result = command(connection);
            let may_stay = result.is_ok();
            let answer: Answer = Box::new(move |committed| {
                let result = match (committed, result) {
                    (Ok(()), result) => result,
                    // The command's own refusal stays true, whatever became of the transaction.
                    (Err(_), Err(refusal)) => Err(refusal),
                    (Err(error), Ok(_)) => Err(E::from(error.again())),
                };
                // The one who asked may have gone away; the change stands all the same.
                let _ = sender.send(result);
            });
            (may_stay, answer)
        });
        if self.0.send(Message::Run(command)).await.is_err() {
            return Err(E::from(StoreError::Closing));
        }
        receiver.await.unwrap_or_else(|_| {
            // The command was dropped unanswered: with the thread, or with a transaction that had
            // failed before its turn came.
            Err(E::from(if self.0.is_closed() {
                StoreError::Closing
            } else {
                StoreError::Unavailable("the transaction was given up".to_owned())
            }))
        })
    }

    /// Answers when the thread has ended, in whatever way.
    pub(super) async fn ended(&self) {
        self.0.closed().await;
    }

    pub(super) async fn close(&self) {
        let (sender, receiver) = oneshot::channel();
        if self.0.send(Message::Close(sender)).await.is_ok() {
            // An error means that the thread is gone, and with it the connection.
            let _ = receiver.await;
        }
    }
}

impl StoreError {
    /// The same error for one more of those whom a failed commit concerns.
    fn again(&self) -> Self {
        match self {
            Self::Closing => Self::Closing,
            Self::Unavailable(why) => Self::Unavailable(why.clone()),
            Self::Refused(error) => Self::Unavailable(error.to_string()),
        }
    }
}

/// Takes what waits, commits it, answers; until told to close or nobody can give commands any more.
fn run(
    connection: &Connection,
    mut receiver: mpsc::Receiver<Message>,
) -> Option<oneshot::Sender<()>> {
    let mut works = true;
    while let Some(message) = receiver.blocking_recv() {
        let (commands, closing) = take_waiting(message, &mut receiver);
        if !commands.is_empty() {
            works = commit_together(connection, commands, works);
        }
        if closing.is_some() {
            return closing;
        }
    }
    None
}

/// `first` and the commands that wait behind it, up to one transaction's worth.
fn take_waiting(
    first: Message,
    receiver: &mut mpsc::Receiver<Message>,
) -> (Vec<Command>, Option<oneshot::Sender<()>>) {
    let mut commands = Vec::new();
    let mut next = Some(first);
    while let Some(message) = next {
        match message {
            Message::Run(command) => commands.push(command),
            Message::Close(closed) => return (commands, Some(closed)),
        }
        next = if commands.len() < COMMANDS_PER_COMMIT {
            receiver.try_recv().ok()
        } else {
            None
        };
    }
    (commands, None)
}

/// One transaction for all `commands`; each is answered after the commit. Says whether it
/// committed. A disk that stays full is told once, not for every event that is refused: `worked`
/// says how the transaction before this one went.
fn commit_together(connection: &Connection, commands: Vec<Command>, worked: bool) -> bool {
    let mut answers = Vec::with_capacity(commands.len());
    let committed = execute(connection, "BEGIN IMMEDIATE")
        .and_then(|()| {
            commands
                .into_iter()
                .try_for_each(|command| run_one(connection, command, &mut answers))
        })
        .and_then(|()| execute(connection, "COMMIT"))
        .map_err(StoreError::from);
    match &committed {
        Ok(()) if !worked => tracing::info!("the database can be written again"),
        Ok(()) => {}
        Err(error) => {
            if worked {
                tracing::error!(%error, "nothing can be kept: events are refused and results of deliveries wait until the database can be written; look at the disk and at the permissions of the data directory");
            }
            roll_back(connection);
        }
    }
    for answer in answers {
        answer(committed.as_ref().copied());
    }
    committed.is_ok()
}

fn roll_back(connection: &Connection) {
    // SQLite rolls back by itself after some errors, and then there is nothing left to do.
    if !connection.is_autocommit()
        && let Err(error) = execute(connection, "ROLLBACK")
    {
        tracing::error!(%error, "a failed transaction could not be rolled back");
    }
}

/// Runs a command so that nothing of it remains when it fails. An error ends the whole
/// transaction: it means that SQLite itself can go no further.
fn run_one(
    connection: &Connection,
    command: Command,
    answers: &mut Vec<Answer>,
) -> rusqlite::Result<()> {
    execute(connection, "SAVEPOINT command")?;
    let (may_stay, answer) = command(connection);
    answers.push(answer);
    // A full disk makes SQLite roll back the whole transaction by itself, and the savepoint with
    // it: this fails then, as it should.
    if !may_stay {
        execute(connection, "ROLLBACK TO command")?;
    }
    execute(connection, "RELEASE command")
}

fn execute(connection: &Connection, sql: &str) -> rusqlite::Result<()> {
    connection.prepare_cached(sql)?.execute([]).map(|_| ())
}
