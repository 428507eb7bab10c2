//! A copy that is received in parts from a running daemon, because nobody else can read its database.

use std::io::{Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use rusqlite::Connection;

use super::super::connection::settle;
use super::progress::refuse_loss;
use super::snapshot::{SnapshotError, Unfinished, close_intact, of_database, of_file, sync};

/// The copy while it is received.
pub struct Received {
    unfinished: Unfinished,
    target: PathBuf,
}

impl Received {
    /// Begins a copy that is to be `target`.
    ///
    /// # Errors
    /// `SnapshotError`; `target` is as it was, here and later.
    pub fn begin(target: &Path) -> Result<Self, SnapshotError> {
        Ok(Self {
            unfinished: Unfinished::beside(target)?,
            target: target.to_owned(),
        })
    }

    /// Adds the next part.
    ///
    /// # Errors
    /// What the operating system said.
    pub fn push(&mut self, part: &[u8]) -> Result<(), SnapshotError> {
        let Unfinished { path, file } = &mut self.unfinished;
        file.write_all(part).map_err(|error| of_file(path, error))
    }

    /// Throws away what was received: the parts are sent anew.
    ///
    /// # Errors
    /// What the operating system said.
    pub fn begin_anew(&mut self) -> Result<(), SnapshotError> {
        let Unfinished { path, file } = &mut self.unfinished;
        let emptied = file
            .set_len(0)
            .and_then(|()| file.seek(SeekFrom::Start(0)).map(drop));
        emptied.map_err(|error| of_file(path, error))
    }

    /// It is not received to its end.
    pub fn give_up(self) {
        self.unfinished.remove();
    }

    /// All of it was received, or why it could not be written. A whole one takes the place of its target, unless that has what it lacks.
    ///
    /// # Errors
    /// `SnapshotError`
    pub fn end(self, received: Result<(), SnapshotError>) -> Result<(), SnapshotError> {
        let path = &self.unfinished.path;
        let written = received
            .and_then(|()| close_received(path))
            .and_then(|()| refuse_loss(path, &self.target))
            .and_then(|()| sync(path));
        self.unfinished.end(written, &self.target)
    }
}

/// It comes with the header of a database in use, which says that there is a write-ahead log beside it.
fn close_received(path: &Path) -> Result<(), SnapshotError> {
    let at_path = |error| of_database(path, &error);
    let copy = Connection::open(path).map_err(at_path)?;
    settle(&copy).map_err(at_path)?;
    close_intact(copy, path)
}
