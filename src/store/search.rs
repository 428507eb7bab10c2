//! Looks for what was erased in the files of the database: in pieces, so that other maintenance has its turn in between.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use super::file::free_space_scan::Remains;
use super::file::traces::{Piece, Sought};
use super::physical_erasure::refused;
use super::{Store, StoreError};
use crate::person::spellings;

impl Store {
    /// The files and directories in which a staff id stands: the database, its log, the backup file and the other copies.
    /// Other maintenance has its turn after each piece of a file.
    ///
    /// # Errors
    /// When one of them cannot be read.
    pub async fn files_with(&self, staff_id: &str) -> Result<Vec<PathBuf>, StoreError> {
        let sought = Arc::new(Sought::of(&spellings(staff_id)));
        let file = self.file.clone();
        let places = self.look(move || file.places()).await?;
        let mut found: Vec<PathBuf> = Vec::new();
        for place in places {
            // Of a directory one file is enough.
            if found.last() == Some(&place.named) {
                continue;
            }
            let (file, path) = (self.file.clone(), place.path);
            let Some(searched) = self.look(move || file.open_place(&path)).await? else {
                continue;
            };
            let searched = Arc::new(searched);
            let mut next = Some(0);
            while let Some(from) = next {
                let (file, sought) = (self.file.clone(), Arc::clone(&sought));
                let searched = Arc::clone(&searched);
                let piece = self.look(move || file.piece_with(&searched, &sought, from));
                let piece = piece.await?;
                if piece == Piece::Found {
                    found.push(place.named.clone());
                }
                next = piece.next();
            }
        }
        Ok(found)
    }

    /// The pages of the database in which what is looked for still stands where no row is. The log was begun anew before;
    /// nobody is held up meanwhile, and other maintenance has its turn after some pages.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn pages_with(&self, remains: Remains) -> Result<Vec<u32>, StoreError> {
        let (mut found, mut next) = (Vec::new(), Some(0));
        while let Some(after) = next {
            let (file, remains) = (self.file.clone(), remains.clone());
            let (some, more) = self.look(move || file.pages_with(&remains, after)).await?;
            found.extend(some);
            next = more;
        }
        Ok(found)
    }

    /// Looks at files where the other maintenance is done.
    pub(super) async fn look<T, F>(&self, look: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce() -> io::Result<T> + Send + 'static,
    {
        let looking = self.maintenance_readers.work(move |_| Ok(look()));
        looking.await?.map_err(|error| refused(&error))
    }
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::future::{Future, poll_fn};
    use std::os::unix::fs::FileExt;
    use std::pin::Pin;
    use std::task::Poll;

    use super::*;
    use crate::store::file::traces::PIECE;
    use crate::store::tests::moment;

    /// Whether it is still going on, after it was asked once.
    async fn is_pending<F: Future>(future: &mut Pin<Box<F>>) -> bool {
        poll_fn(|context| Poll::Ready(future.as_mut().poll(context).is_pending())).await
    }

    #[tokio::test]
    async fn other_maintenance_has_its_turn_while_files_are_looked_through() {
        let directory = tempfile::tempdir().unwrap();
        let store = Store::open(directory.path(), moment()).unwrap();
        // Nothing is in it but its end: it takes no room.
        let copy = File::create(directory.path().join("relay-rescued-1.db")).unwrap();
        copy.set_len(PIECE + 500).unwrap();
        copy.write_all_at(br#""EMP-1""#, PIECE + 100).unwrap();
        let mut looking = Box::pin(store.files_with("EMP-1"));
        let mut turns = 0;
        while is_pending(&mut looking).await {
            store.look(|| Ok(())).await.unwrap();
            turns += 1;
        }
        // Database, log, backup file or not, and both pieces of the copy.
        assert!(turns >= 4, "{turns}");
        drop(looking);
        let found = store.files_with("EMP-1").await.unwrap();
        assert_eq!(found, [directory.path().join("relay-rescued-1.db")]);
        store.close(moment()).await;
    }
}
