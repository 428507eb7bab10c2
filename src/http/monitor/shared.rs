//! What is read once for everybody who looks at about the same time: pages that nothing has changed cost little, however
//! many are open.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::Visit;
use super::error::PageError;

/// While nothing is written, only time changes what is shown: the beginning of a day or of an hour.
const UNCHANGED: Duration = Duration::from_mins(1);
/// Open pages that ask by themselves share what is so young. Whoever presses something sees what came of it.
const YOUNG: Duration = Duration::from_secs(2);

/// The last that was read.
pub(super) struct Shared<T>(Mutex<Option<Taken<T>>>);

struct Taken<T> {
    /// When it was read (monotonic).
    at: Duration,
    /// How much had been written then.
    changes: u64,
    value: Arc<T>,
}

impl<T> Default for Shared<T> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<T> Shared<T> {
    /// The last that was read, while it is good, else what `read` reads.
    ///
    /// # Errors
    /// Those of `read`.
    pub(super) async fn get(
        &self,
        visit: &Visit<'_>,
        read: impl Future<Output = Result<T, PageError>>,
    ) -> Result<Arc<T>, PageError> {
        let api = visit.api;
        // What is written while it is read counts as not seen.
        let (at, changes) = (api.clock.monotonic(), api.store.changes());
        let by_itself = visit.is_by_itself();
        if let Some(value) = self.last(at, changes, by_itself) {
            return Ok(value);
        }
        let value = Arc::new(read.await?);
        let taken = Taken {
            at,
            changes,
            value: Arc::clone(&value),
        };
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(taken);
        Ok(value)
    }

    fn last(&self, now: Duration, changes: u64, by_itself: bool) -> Option<Arc<T>> {
        let last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let taken = last.as_ref()?;
        let age = now.saturating_sub(taken.at);
        let is_good = age < UNCHANGED && taken.changes == changes || age < YOUNG && by_itself;
        is_good.then(|| Arc::clone(&taken.value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_read_is_good_until_something_is_written_or_a_minute_is_over() {
        let at = Duration::from_secs(100);
        let shared = Shared(Mutex::new(Some(Taken {
            at,
            changes: 7,
            value: Arc::new(()),
        })));
        let good = |later: u64, changes, by_itself| {
            let now = at + Duration::from_secs(later);
            shared.last(now, changes, by_itself).is_some()
        };
        assert!(good(59, 7, false) && !good(60, 7, false));
        assert!(!good(0, 8, false));
        assert!(good(1, 8, true) && !good(2, 8, true));
        assert!(Shared::<()>::default().last(at, 0, true).is_none());
    }
}
