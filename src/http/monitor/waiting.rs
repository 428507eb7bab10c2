//! What waits in memory for somebody's next request: a few at a time, for a while.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// More of them push out the oldest.
const MOST: usize = 4;
/// How long one waits.
const KEPT: Duration = Duration::from_mins(30);

/// The last few, by their ids.
pub(super) struct Waiting<T>(Mutex<VecDeque<One<T>>>);

struct One<T> {
    id: String,
    /// When it came (monotonic).
    at: Duration,
    value: Arc<T>,
}

impl<T> Default for Waiting<T> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<T> Waiting<T> {
    /// Keeps one; what had its id goes.
    pub(super) fn put(&self, id: &str, now: Duration, value: T) {
        let mut kept = self.fresh(now);
        kept.retain(|one| one.id != id);
        kept.push_back(One {
            id: id.to_owned(),
            at: now,
            value: Arc::new(value),
        });
        while kept.len() > MOST {
            kept.pop_front();
        }
    }

    /// The one with this id, unless it has waited too long.
    pub(super) fn get(&self, id: &str, now: Duration) -> Option<Arc<T>> {
        let kept = self.fresh(now);
        let found = kept.iter().find(|one| one.id == id);
        found.map(|one| Arc::clone(&one.value))
    }

    /// The one with this id does not wait any more.
    pub(super) fn forget(&self, id: &str, now: Duration) {
        self.fresh(now).retain(|one| one.id != id);
    }

    fn fresh(&self, now: Duration) -> MutexGuard<'_, VecDeque<One<T>>> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.retain(|one| now.saturating_sub(one.at) < KEPT);
        kept
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_few_wait_for_a_while() {
        let waiting = Waiting::default();
        let at = Duration::from_secs;
        for number in 0..6 {
            waiting.put(&number.to_string(), at(number), number);
        }
        let found = |id: &str, now| waiting.get(id, now).map(|one| *one);
        assert_eq!((found("1", at(6)), found("2", at(6))), (None, Some(2)));
        waiting.put("2", at(6), 22);
        assert_eq!((found("2", at(6)), found("3", at(6))), (Some(22), Some(3)));
        assert_eq!(found("2", at(6) + KEPT), None);
        waiting.forget("3", at(6));
        assert_eq!(found("3", at(6)), None);
    }
}
