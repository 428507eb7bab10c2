//! A start on a disk that has no room at all: it waits for some, and tells everybody who asks so long.

use std::mem;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use super::listeners::Bound;
use super::{STOP_MARGIN, StartError};
use crate::clock::Clock;
use crate::config::Loaded;
use crate::http::NoRoom;
use crate::language::Language;
use crate::store::OpenError;
use crate::store::file::AwaitedDirectory;
use crate::trouble::Trouble;

/// The time between two looks at the disk.
const EVERY: Duration = Duration::from_secs(5);

/// A start that found no room.
pub struct WaitingStart {
    directory: Arc<AwaitedDirectory>,
    /// What is told to whoever asks.
    trouble: watch::Sender<Trouble>,
    bound: Bound,
    start: NoRoom,
}

impl StartError {
    /// Whether the disk has no room for a start.
    #[must_use]
    pub fn is_for_want_of_room(&self) -> bool {
        matches!(
            self,
            Self::Store {
                error: OpenError::DiskFull { .. },
                ..
            }
        )
    }
}

impl WaitingStart {
    /// Takes the data directory and the addresses of a configuration; none: the disk has room, and something else keeps the
    /// start from using it.
    ///
    /// # Errors
    /// `Store`, `Listen` or `Control`
    pub async fn new(
        settings: &Loaded,
        control_socket: &Path,
        clock: Clock,
    ) -> Result<Option<Self>, StartError> {
        let commands = &settings.commands;
        let directory = AwaitedDirectory::hold(&settings.config.storage.directory);
        let directory = directory.map_err(|error| StartError::Store {
            error,
            commands: commands.clone(),
        })?;
        let Some(trouble) = directory.trouble() else {
            return Ok(None);
        };
        let (trouble, told) = watch::channel(trouble);
        let start = NoRoom {
            trouble: told,
            commands: commands.clone(),
            language: settings.config.language,
            clock,
        };
        let bound = Bound::without_room(settings, control_socket).await?;
        Ok(Some(Self {
            directory: Arc::new(directory),
            trouble,
            bound,
            start,
        }))
    }

    /// What keeps the start, as it changes.
    #[must_use]
    pub fn why(&self) -> watch::Receiver<Trouble> {
        self.trouble.subscribe()
    }

    /// Waits until there is room in the directory with which it began.
    pub async fn wait(self) {
        let (stop, stopped) = watch::channel(false);
        let commands = self.start.commands.clone();
        let mut listeners = self.bound.refuse(self.start, &stopped);
        while let Some(trouble) = look(&self.directory, &self.trouble).await {
            if mem::discriminant(&trouble) != mem::discriminant(&self.trouble.borrow()) {
                let why = trouble.describe(Language::En, &commands);
                tracing::error!("the start still waits: {why}");
            }
            self.trouble.send_if_modified(|told| {
                let is_new = *told != trouble;
                *told = trouble;
                is_new
            });
            tokio::time::sleep(EVERY).await;
        }
        // The listeners hold the other end.
        let _ = stop.send(true);
        let closed = async { while listeners.join_next().await.is_some() {} };
        // Who asks for longer is cut off.
        let _ = tokio::time::timeout(STOP_MARGIN, closed).await;
    }
}

/// What keeps the start from the directory now.
async fn look(
    directory: &Arc<AwaitedDirectory>,
    before: &watch::Sender<Trouble>,
) -> Option<Trouble> {
    let directory = Arc::clone(directory);
    // A disk may take long to say how full it is; the next look asks again.
    let looked = tokio::task::spawn_blocking(move || directory.trouble());
    let looked = looked.await;
    looked.unwrap_or_else(|_| Some(before.borrow().clone()))
}
