//! The queues of commands: which one is next, and which of them share a transaction.

use std::time::Duration;

use tokio::sync::{mpsc, oneshot};

use super::{Command, Lane, Message};
use crate::store::StoreError;
use crate::trouble::Trouble;

/// Transactions after which maintenance has its turn, though more calls or results wait.
pub(super) const TURNS_BEFORE_MAINTENANCE: u32 = 64;
/// The most commands in one transaction, so that the first of them is answered in time.
const COMMANDS_PER_COMMIT: usize = 512;

/// The commands that wait, in three lines.
pub(super) struct Queue {
    pub(super) calls: mpsc::Receiver<Message>,
    pub(super) results: mpsc::Receiver<Message>,
    pub(super) maintenance: mpsc::Receiver<Message>,
    /// Transactions in a row before which maintenance may have waited.
    pub(super) passed_over: u32,
}

impl Queue {
    /// The next command: calls go before results, and results before maintenance, which under load has its turn
    /// now and then. None: there are no callers any more.
    pub(super) async fn next(&mut self) -> Option<Message> {
        if self.passed_over >= TURNS_BEFORE_MAINTENANCE
            && let Ok(message) = self.maintenance.try_recv()
        {
            self.passed_over = 0;
            return Some(message);
        }
        self.passed_over = self.passed_over.saturating_add(1);
        tokio::select! {
            biased;
            Some(message) = self.calls.recv() => Some(message),
            Some(message) = self.results.recv() => Some(message),
            Some(message) = self.maintenance.recv() => {
                self.passed_over = 0;
                Some(message)
            }
            else => None,
        }
    }
}

/// The commands of one transaction: those that wait, and those that come while it runs. Calls go first, and
/// do not wait for the next transaction. Maintenance has one of its own: it is long, and may be undone, and nobody who
/// hands something in is to be undone and done again with it.
pub(super) struct Turn<'a> {
    queue: &'a mut Queue,
    next: Option<Message>,
    taken: usize,
    /// Maintenance has been taken.
    alone: bool,
    /// The database is gone or damaged: every command but those for alerts is refused.
    refusal: Option<Trouble>,
    /// How long calls, and results, have run in it.
    pub(super) calls: Duration,
    pub(super) results: Duration,
    commit_time: Duration,
    pub(super) closing: Option<oneshot::Sender<()>>,
}

impl<'a> Turn<'a> {
    pub(super) fn new(
        queue: &'a mut Queue,
        first: Message,
        refusal: Option<Trouble>,
        commit_time: Duration,
    ) -> Self {
        Self {
            queue,
            next: Some(first),
            taken: 0,
            alone: false,
            refusal,
            calls: Duration::ZERO,
            results: Duration::ZERO,
            commit_time,
            closing: None,
        }
    }

    /// The next command to run; none: it is time to commit.
    pub(super) fn next(&mut self) -> Option<Box<dyn Command>> {
        loop {
            match self.next.take().or_else(|| self.waiting())? {
                Message::Run(command) => {
                    if let Some(refusal) = &self.refusal
                        && command.lane() != Lane::Alerts
                    {
                        command.answer(Err(&StoreError::Unavailable(refusal.clone())));
                        continue;
                    }
                    self.taken += 1;
                    self.alone = command.lane() == Lane::Maintenance;
                    return Some(command);
                }
                Message::Close(closed) => {
                    self.queue.results.close();
                    self.queue.maintenance.close();
                    self.closing = Some(closed);
                }
            }
        }
    }

    fn waiting(&mut self) -> Option<Message> {
        let queue = &mut *self.queue;
        if self.closing.is_some() {
            // All of them were given before the close.
            return queue.results.try_recv().ok();
        }
        if self.alone || self.taken >= COMMANDS_PER_COMMIT {
            return None;
        }
        if let Ok(call) = queue.calls.try_recv() {
            return Some(call);
        }
        // A call waits for the results beside it no longer than for its commit, or for other calls.
        if self.calls.is_zero() || self.results < self.calls.max(self.commit_time) {
            return queue.results.try_recv().ok();
        }
        None
    }

    /// Records how long a command has run.
    pub(super) fn ran(&mut self, lane: Lane, time: Duration) {
        match lane {
            Lane::Results => self.results += time,
            Lane::Calls | Lane::Alerts | Lane::Probe => self.calls += time,
            Lane::Maintenance => {}
        }
    }
}
