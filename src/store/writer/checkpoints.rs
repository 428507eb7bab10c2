//! When the write-ahead log is moved into the database (a checkpoint), and by whom.
//!
//! A thread of its own moves nearly all of it while commits go on. The little that is left is moved by the writing thread
//! in a commit, because only then is all of it moved, and the next commit begins the log anew. A log that somebody reads
//! cannot begin anew: it grows, and it would be in vain to try again in each commit.

use crate::store::connection::PAGES_IN_JOURNAL;
use crate::store::file::log_backlog::FEW;

/// The other thread is told when the log has so many pages more than when it was told before.
const MOVED_AT_ONCE: i64 = PAGES_IN_JOURNAL - FEW;

/// How long the log is, in pages, and from which length on something is done about it.
pub(super) struct Checkpoints {
    pages: i64,
    move_from: i64,
    own_from: i64,
}

impl Checkpoints {
    pub(super) fn new() -> Self {
        Self {
            pages: 0,
            move_from: MOVED_AT_ONCE,
            own_from: PAGES_IN_JOURNAL,
        }
    }

    /// The length from which on the writing thread moves the log in a commit.
    pub(super) fn own_from(&self) -> i64 {
        self.own_from
    }

    /// Records how long the log is after a commit that might move it. True: the other thread should move it now.
    pub(super) fn committed(&mut self, pages: i64) -> bool {
        if pages < self.pages {
            *self = Self::new();
        }
        self.pages = pages;
        if pages >= self.own_from {
            self.own_from = pages + FEW;
        }
        let moves = pages >= self.move_from;
        if moves {
            self.move_from = pages + MOVED_AT_ONCE;
        }
        moves
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_log_is_moved_by_the_other_thread_and_finished_by_this_one() {
        let mut checkpoints = Checkpoints::new();
        assert!(!checkpoints.committed(MOVED_AT_ONCE - 1));
        assert!(checkpoints.committed(MOVED_AT_ONCE));
        assert!(!checkpoints.committed(MOVED_AT_ONCE + 1), "it was told");
        assert_eq!(checkpoints.own_from(), PAGES_IN_JOURNAL);
        // The commit in which this thread moves the rest, and the next one.
        assert!(!checkpoints.committed(PAGES_IN_JOURNAL + 1));
        assert!(!checkpoints.committed(3));
        assert_eq!(checkpoints.own_from(), PAGES_IN_JOURNAL);
        assert!(checkpoints.committed(MOVED_AT_ONCE));
    }

    #[test]
    fn a_log_that_cannot_begin_anew_is_tried_again_when_it_has_grown() {
        let mut checkpoints = Checkpoints::new();
        let told = (1..=4 * PAGES_IN_JOURNAL).filter(|pages| checkpoints.committed(*pages));
        assert_eq!(told.count() as i64, 4 * PAGES_IN_JOURNAL / MOVED_AT_ONCE);
        let before = checkpoints.own_from();
        checkpoints.committed(before - 1);
        assert_eq!(checkpoints.own_from(), before);
        checkpoints.committed(before);
        assert_eq!(checkpoints.own_from(), before + FEW);
    }
}
