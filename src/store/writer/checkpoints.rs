//! When the write-ahead log is moved into the database (a checkpoint), and by whom.
//!
//! The writing thread does it in a commit, once for each [`PAGES_IN_JOURNAL`] pages that were written, so that few commits
//! take longer because of that. A log that somebody reads cannot begin anew: it grows, and much of it may have to be moved
//! when the reader ends. That takes seconds, and a thread of its own does it.

use crate::store::connection::PAGES_IN_JOURNAL;

/// So many pages are too many for one commit.
const TOO_MANY: i64 = 2 * PAGES_IN_JOURNAL;

/// How long the log is, in pages, and from which length on something is done about it.
pub(super) struct Checkpoints {
    pages: i64,
    /// Pages that are in the log only.
    left: i64,
    own_from: i64,
    other_from: i64,
}

impl Checkpoints {
    pub(super) fn new() -> Self {
        Self {
            pages: 0,
            left: 0,
            own_from: PAGES_IN_JOURNAL,
            other_from: 0,
        }
    }

    /// The length from which on the writing thread moves the log in a commit; none: there is too much of it.
    pub(super) fn own_from(&self) -> Option<i64> {
        (self.left < TOO_MANY).then_some(self.own_from)
    }

    /// Records the pages of the log after a commit, and how many of them were moved. True: the other thread should move
    /// them now.
    pub(super) fn committed(&mut self, pages: i64, moved: i64) -> bool {
        if pages < self.pages {
            *self = Self::new();
        }
        (self.pages, self.left) = (pages, pages - moved);
        if pages >= self.own_from {
            self.own_from = pages + PAGES_IN_JOURNAL;
        }
        let is_others = self.left >= TOO_MANY && pages >= self.other_from;
        if is_others {
            self.other_from = pages + PAGES_IN_JOURNAL;
        }
        is_others
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Commits of 100 pages up to this length; `moved` says how many pages are moved at a length.
    fn commits(checkpoints: &mut Checkpoints, until: i64, moved: impl Fn(i64) -> i64) -> Tries {
        let mut tries = Tries::default();
        for pages in (100..=until).step_by(100) {
            let before = checkpoints.own_from();
            tries.others += u32::from(checkpoints.committed(pages, moved(pages)));
            tries.own += u32::from(before.is_some_and(|from| pages >= from));
        }
        tries
    }

    #[derive(Debug, Default, PartialEq)]
    struct Tries {
        own: u32,
        others: u32,
    }

    #[test]
    fn a_log_that_begins_anew_is_moved_by_one_commit() {
        let mut checkpoints = Checkpoints::new();
        for _ in 0..3 {
            let tries = commits(&mut checkpoints, PAGES_IN_JOURNAL + 99, |_| 0);
            assert_eq!(tries, Tries { own: 1, others: 0 });
        }
    }

    #[test]
    fn a_log_that_somebody_reads_is_tried_again_when_as_much_was_written_again() {
        let mut checkpoints = Checkpoints::new();
        // Readers come and go: what is older than the last one can be moved.
        let tries = commits(&mut checkpoints, 5 * PAGES_IN_JOURNAL, |pages| pages - 500);
        assert_eq!(tries, Tries { own: 4, others: 0 });
    }

    #[test]
    fn what_is_too_much_for_a_commit_is_left_to_the_other_thread() {
        let mut checkpoints = Checkpoints::new();
        // One reader stays.
        let until = 5 * PAGES_IN_JOURNAL;
        let tries = commits(&mut checkpoints, until, |pages| pages.min(500));
        assert_eq!(tries, Tries { own: 2, others: 3 });
        // It has moved nearly all, and a commit does the rest.
        checkpoints.committed(until + 1, until);
        let from = checkpoints.own_from();
        assert!(
            from.is_some_and(|from| from <= until + PAGES_IN_JOURNAL),
            "{from:?}"
        );
    }
}
