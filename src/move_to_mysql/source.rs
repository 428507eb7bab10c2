//! Chunks of the copy, read by a thread of its own while the last one is written.

use std::sync::Arc;

use tokio::sync::mpsc;

use super::MoveError;
use crate::chunk::{Chunk, Table, Unit};
use crate::store::CarriedCopy;

/// Chunks that wait for the other side.
const AHEAD: usize = 1;

/// For what a unit is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pass {
    /// For its rows.
    Rows(Unit),
    /// For the links between interviews, once all of them are there.
    Links,
}

impl Pass {
    fn unit(self) -> Unit {
        match self {
            Self::Rows(unit) => unit,
            Self::Links => Unit::Interviews,
        }
    }
}

/// What the reading thread has to say.
pub enum Read {
    /// A unit begins.
    Begin(Pass, Arc<Vec<Table>>),
    /// Its next chunk.
    Chunk(Chunk),
    /// It has no more.
    End,
}

/// Everything, in the order in which it is written.
pub fn passes() -> Vec<Pass> {
    let mut passes: Vec<_> = CarriedCopy::units().into_iter().map(Pass::Rows).collect();
    passes.insert(1, Pass::Links);
    passes
}

/// Reads all chunks for these, one after the other. The thread ends when nobody listens any more.
pub fn read(copy: CarriedCopy, passes: Vec<Pass>) -> mpsc::Receiver<Result<Read, MoveError>> {
    let (sender, receiver) = mpsc::channel(AHEAD);
    tokio::task::spawn_blocking(move || {
        let each = |pass: Pass| -> Result<bool, MoveError> {
            let unit = pass.unit();
            let tables = Arc::new(copy.tables(unit)?);
            if sender
                .blocking_send(Ok(Read::Begin(pass, Arc::clone(&tables))))
                .is_err()
            {
                return Ok(false);
            }
            let mut last = None;
            while let Some(chunk) = copy.next(&tables, last.as_ref())? {
                last.clone_from(&chunk.upper);
                if sender.blocking_send(Ok(Read::Chunk(chunk))).is_err() {
                    return Ok(false);
                }
            }
            Ok(sender.blocking_send(Ok(Read::End)).is_ok())
        };
        for pass in passes {
            match each(pass) {
                Ok(true) => {}
                Ok(false) => return,
                Err(error) => {
                    // Nobody may listen any more.
                    let _ = sender.blocking_send(Err(error));
                    return;
                }
            }
        }
    });
    receiver
}
