//! A command of the writing thread: the changes of one verb, and the caller who waits for their result.

use rusqlite::Connection;
use tokio::sync::oneshot;

use super::super::StoreError;
use super::super::error::Failure;
use super::super::lane::Lane;
use crate::trouble::Trouble;

/// A command with its caller, who waits for the result.
pub(super) trait Command: Send {
    /// Makes its changes and says whether they may stay. It is run once more when they were undone
    /// because another one was refused.
    fn run(&mut self, connection: &Connection) -> bool;
    /// How urgent it is.
    fn lane(&self) -> Lane;
    /// What was wrong with the database when it was run, if that is why it did not succeed.
    fn trouble(&self) -> Option<&Trouble>;
    /// Answers the caller, once the transaction was committed or has failed.
    fn answer(self: Box<Self>, committed: Result<(), &StoreError>);
}

/// A command with the place for its result.
pub(super) struct PendingCommand<T, E, F> {
    pub(super) changes: F,
    pub(super) lane: Lane,
    pub(super) result: Option<Result<T, E>>,
    pub(super) sender: oneshot::Sender<Result<T, E>>,
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

impl StoreError {
    /// The error of the other commands of a failed commit: a refusal was not theirs.
    pub(super) fn for_others(&self) -> Self {
        match self {
            Self::Closing => Self::Closing,
            Self::Unavailable(trouble) => Self::Unavailable(trouble.clone()),
            Self::Refused(why) => Self::Unavailable(Trouble::Unusable(why.clone())),
        }
    }
}
