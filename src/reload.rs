//! Asking the daemon to read its configuration again: whoever asks over the control socket waits
//! for the answer, which names every mistake.

use std::sync::Arc;

use tokio::sync::{Mutex, mpsc, oneshot};

/// What a reload came to: keys that need a new start to change, or why nothing was changed.
pub type Outcome = Result<Vec<&'static str>, String>;

/// Somebody who asked, and waits for the answer.
pub struct Asked(oneshot::Sender<Outcome>);

impl Asked {
    /// Answers.
    pub fn answer(self, outcome: Outcome) {
        // Who asked may have gone.
        let _ = self.0.send(outcome);
    }
}

/// The way from those who ask to the one who reloads. Cheap to clone.
#[derive(Clone)]
pub struct Reloads {
    sender: mpsc::Sender<Asked>,
    receiver: Arc<Mutex<mpsc::Receiver<Asked>>>,
}

impl Default for Reloads {
    fn default() -> Self {
        let (sender, receiver) = mpsc::channel(1);
        Self {
            sender,
            receiver: Arc::new(Mutex::new(receiver)),
        }
    }
}

impl Reloads {
    /// Asks, and waits for what came of it.
    ///
    /// # Errors
    /// Why nothing was changed.
    pub async fn ask(&self) -> Outcome {
        let (sender, receiver) = oneshot::channel();
        let gone = || "the daemon is stopping".to_owned();
        self.sender.send(Asked(sender)).await.map_err(|_| gone())?;
        receiver.await.unwrap_or_else(|_| Err(gone()))
    }

    /// The next one who asks.
    pub async fn next(&self) -> Asked {
        match self.receiver.lock().await.recv().await {
            Some(asked) => asked,
            // This holds a sender itself, so the channel is never closed.
            None => std::future::pending().await,
        }
    }
}
