//! Log lines about what others can make happen as often as they like: the first is written, and after it one a
//! minute that says how many there were.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// The shortest time between two lines.
const PAUSE: Duration = Duration::from_mins(1);

/// Counts what happens, and says when it is time for a line. Moments are monotonic.
#[derive(Debug, Default)]
pub struct LogLimit(Mutex<Counted>);

#[derive(Debug, Default)]
struct Counted {
    /// Since the last line.
    untold: u64,
    told_at: Option<Duration>,
}

impl LogLimit {
    /// It happened once more.
    pub fn add(&self) {
        self.lock().untold += 1;
    }

    /// How often it happened since the last line, when it is time for one and there is something to tell.
    pub fn due(&self, at: Duration) -> Option<u64> {
        let mut counted = self.lock();
        let early = counted.told_at.is_some_and(|told| at < told + PAUSE);
        if early || counted.untold == 0 {
            return None;
        }
        counted.told_at = Some(at);
        Some(std::mem::take(&mut counted.untold))
    }

    fn lock(&self) -> MutexGuard<'_, Counted> {
        // Nothing that is done under the lock can leave it half done.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_is_told_at_once_and_the_others_by_the_minute() {
        let limit = LogLimit::default();
        let at = Duration::from_secs;
        let mut told = Vec::new();
        for second in 0..200 {
            limit.add();
            told.extend(limit.due(at(second)));
        }
        assert_eq!(told, [1, 60, 60, 60]);
        assert_eq!(limit.due(at(239)), None);
        assert_eq!(limit.due(at(240)), Some(19));
        assert_eq!(limit.due(at(999)), None, "nothing happened");
        limit.add();
        assert_eq!(limit.due(at(999)), Some(1));
    }
}
