//! Asks the daemon to read its configuration again. The caller at the control socket waits
//! for the answer, which names every mistake.

use std::sync::{Arc, PoisonError, RwLock};

use tokio::sync::{Mutex, mpsc, oneshot};

use crate::audit::Actor;
use crate::config::{Changes, ConfigErrors, Note};

/// The result of a reload: it was done, or nothing was changed.
pub type ReloadOutcome = Result<Reloaded, ReloadRefused>;

/// A reload that was done.
#[derive(Clone, Debug)]
pub struct Reloaded {
    /// Keys that need a new start to change.
    pub needs_restart: Vec<&'static str>,
    /// What differs from before. What was lost was meant to be.
    pub changes: Changes,
    /// Settings that work but may not be meant.
    pub notes: Vec<Note>,
}

/// Why nothing was changed.
#[derive(Clone, Debug, thiserror::Error)]
pub enum ReloadRefused {
    /// Configuration or secrets are wrong.
    #[error(transparent)]
    ConfigErrors(#[from] ConfigErrors),
    /// Something in force would be lost, and nobody said that this is meant.
    #[error("{} would be lost: {} in force, and not set any more; nothing was changed. If this is meant, it takes `reload --drop`", .0.join(", "), if .0.len() == 1 { "it is" } else { "they are" })]
    Loses(Vec<String>),
    /// It was tried, and failed.
    #[error("{0}")]
    Failed(String),
}

/// A request for a reload, with the way to answer it.
pub struct ReloadRequest {
    /// What would be lost may be lost.
    pub drop: bool,
    /// Who asks.
    pub by: Actor,
    answer: oneshot::Sender<ReloadOutcome>,
}

impl ReloadRequest {
    /// Answers.
    pub fn answer(self, outcome: ReloadOutcome) {
        // The caller may have gone away.
        let _ = self.answer.send(outcome);
    }
}

/// The queue of requests for a reload. Cheap to clone.
#[derive(Clone)]
pub struct Reloads {
    sender: mpsc::Sender<ReloadRequest>,
    receiver: Arc<Mutex<mpsc::Receiver<ReloadRequest>>>,
    /// Why the last reload was refused, if it was.
    refused: Arc<RwLock<Option<ReloadRefused>>>,
}

impl Default for Reloads {
    fn default() -> Self {
        let (sender, receiver) = mpsc::channel(1);
        Self {
            sender,
            receiver: Arc::new(Mutex::new(receiver)),
            refused: Arc::default(),
        }
    }
}

impl Reloads {
    /// Asks, and waits for what came of it. `drop`: what would be lost may be lost.
    ///
    /// # Errors
    /// Why nothing was changed.
    pub async fn ask(&self, drop: bool, by: Actor) -> ReloadOutcome {
        let (answer, receiver) = oneshot::channel();
        let gone = || ReloadRefused::Failed("the daemon is stopping".to_owned());
        let asked = ReloadRequest { drop, by, answer };
        self.sender.send(asked).await.map_err(|_| gone())?;
        receiver.await.unwrap_or_else(|_| Err(gone()))
    }

    /// Remembers what came of a reload, by whichever way it was asked for.
    pub fn conclude(&self, outcome: &ReloadOutcome) {
        let refused = outcome.as_ref().err().cloned();
        *self.refused.write().unwrap_or_else(PoisonError::into_inner) = refused;
    }

    /// Why the last reload was refused; none when it was done.
    #[must_use]
    pub fn refused(&self) -> Option<ReloadRefused> {
        let refused = self.refused.read().unwrap_or_else(PoisonError::into_inner);
        refused.clone()
    }

    /// The next request.
    pub async fn next(&self) -> ReloadRequest {
        match self.receiver.lock().await.recv().await {
            Some(asked) => asked,
            // This holds a sender itself, so the channel is never closed.
            None => std::future::pending().await,
        }
    }
}
