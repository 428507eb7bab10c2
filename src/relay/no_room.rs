//! A start on a disk that has no room at all: it waits for some, and tells everybody who asks so long.

use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::sync::watch;

use super::listeners::Bound;
use super::{STOP_MARGIN, StartError};
use crate::clock::Clock;
use crate::config::Loaded;
use crate::http::NoRoom;
use crate::language::Language;
use crate::store::OpenError;
use crate::store::file::shortage_for_start;
use crate::trouble::Trouble;

/// The time between two looks at the disk.
const EVERY: Duration = Duration::from_secs(5);

/// A start that found no room.
pub struct WaitingStart {
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
    /// Takes the addresses of a configuration; none: the disk has room, and something else keeps the start from using it.
    ///
    /// # Errors
    /// `Listen` or `Control`
    pub async fn new(
        settings: &Loaded,
        control_socket: &Path,
        clock: Clock,
    ) -> Result<Option<Self>, StartError> {
        let directory = &settings.config.storage.directory;
        let Some(shortage) = shortage_for_start(directory) else {
            return Ok(None);
        };
        let start = NoRoom {
            trouble: Trouble::DiskFull(shortage),
            commands: settings.commands.clone(),
            language: settings.config.language,
            clock,
        };
        let bound = Bound::of(settings, control_socket).await?;
        Ok(Some(Self { bound, start }))
    }

    /// What is wrong, and what to do.
    #[must_use]
    pub fn why(&self) -> String {
        self.start
            .trouble
            .describe(Language::En, &self.start.commands)
    }

    /// Waits until there is room.
    pub async fn wait(self, directory: &Path) {
        let (stop, stopped) = watch::channel(false);
        let mut listeners = self.bound.refuse(self.start, &stopped);
        while lacks_room(directory.to_owned()).await {
            tokio::time::sleep(EVERY).await;
        }
        // The listeners hold the other end.
        let _ = stop.send(true);
        let closed = async { while listeners.join_next().await.is_some() {} };
        // Who asks for longer is cut off.
        let _ = tokio::time::timeout(STOP_MARGIN, closed).await;
    }
}

async fn lacks_room(directory: PathBuf) -> bool {
    // A disk may take long to say how full it is; the next look asks again.
    let looked = tokio::task::spawn_blocking(move || shortage_for_start(&directory).is_some());
    looked.await.unwrap_or(true)
}
