//! The deliveries of which an attempt is under way in this process. Of a retry the database says so too; a first attempt
//! is not written down before it is made.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Cheap to clone and shared by who sends and who asks.
#[derive(Clone, Debug, Default)]
pub struct UnderWay(Arc<Mutex<HashSet<i64>>>);

/// As long as it lives, the attempt is under way.
#[derive(Debug)]
pub struct Attempting {
    under_way: UnderWay,
    seq: i64,
}

impl UnderWay {
    /// An attempt of the event with this place in the order of acceptance begins.
    #[must_use]
    pub fn begin(&self, seq: i64) -> Attempting {
        self.lock().insert(seq);
        let under_way = self.clone();
        Attempting { under_way, seq }
    }

    /// Whether an attempt of this event is under way.
    #[must_use]
    pub fn has(&self, seq: i64) -> bool {
        self.lock().contains(&seq)
    }

    fn lock(&self) -> MutexGuard<'_, HashSet<i64>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Attempting {
    fn drop(&mut self) {
        self.under_way.lock().remove(&self.seq);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_attempt_that_is_dropped_is_not_under_way_any_more() {
        let under_way = UnderWay::default();
        let first = under_way.begin(1);
        assert!(under_way.has(1) && !under_way.has(2));
        drop(first);
        assert!(!under_way.has(1));
    }
}
