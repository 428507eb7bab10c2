//! When a failed delivery is tried again, and when it is given up (contract, section 5).

use std::time::Duration;

/// The longest wait that a partner's `Retry-After` can ask for.
const LONGEST_REQUESTED_WAIT: Duration = Duration::from_hours(1);

/// The waits between the attempts of one round: as many retries as entries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RetryPolicy {
    intervals: Vec<Duration>,
}

/// What follows a failed attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// Another attempt after this wait.
    RetryAfter(Duration),
    /// The retries of this round are used up: a person is needed.
    Exhausted,
}

impl RetryPolicy {
    /// A policy with these waits, in the order in which they apply.
    #[must_use]
    pub fn new(intervals: Vec<Duration>) -> Self {
        Self { intervals }
    }

    /// The waits, in order.
    #[must_use]
    pub fn intervals(&self) -> &[Duration] {
        &self.intervals
    }

    /// How many retries a round has.
    #[must_use]
    pub fn max_retries(&self) -> u32 {
        u32::try_from(self.intervals.len()).unwrap_or(u32::MAX)
    }

    /// What follows when the `failed`-th attempt (from 1) of a round has failed.
    ///
    /// `retry_after` is what the partner asked for: it can lengthen the wait, to one hour at
    /// most, and never shortens it.
    #[must_use]
    pub fn next(&self, failed: u32, retry_after: Option<Duration>) -> Next {
        let planned = usize::try_from(failed)
            .ok()
            .and_then(|n| n.checked_sub(1))
            .and_then(|n| self.intervals.get(n));
        match planned {
            None => Next::Exhausted,
            Some(&planned) => {
                let requested = retry_after.unwrap_or_default().min(LONGEST_REQUESTED_WAIT);
                Next::RetryAfter(planned.max(requested))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn seeds_policy() -> RetryPolicy {
        RetryPolicy::new([60, 300, 1800].map(Duration::from_secs).to_vec())
    }

    #[test]
    fn the_seeds_times_are_one_five_and_thirty_minutes() {
        let next = |n| seeds_policy().next(n, None);
        assert_eq!(next(1), Next::RetryAfter(Duration::from_mins(1)));
        assert_eq!(next(2), Next::RetryAfter(Duration::from_mins(5)));
        assert_eq!(next(3), Next::RetryAfter(Duration::from_mins(30)));
        assert_eq!(next(4), Next::Exhausted);
    }

    proptest! {
        #[test]
        fn a_round_has_one_attempt_more_than_intervals(
            seconds in prop::collection::vec(1_u64..100_000, 1..=10),
            asked in prop::option::of(0_u64..10_000_000),
        ) {
            let policy = RetryPolicy::new(seconds.iter().copied().map(Duration::from_secs).collect());
            let asked = asked.map(Duration::from_secs);
            let mut attempts = 1;
            while let Next::RetryAfter(wait) = policy.next(attempts, asked) {
                let planned = policy.intervals()[attempts as usize - 1];
                prop_assert!(wait >= planned, "never earlier than planned");
                prop_assert!(wait <= planned.max(LONGEST_REQUESTED_WAIT), "an hour at most for the partner's wish");
                if asked.is_none() {
                    prop_assert_eq!(wait, planned);
                }
                attempts += 1;
            }
            prop_assert_eq!(attempts as usize, seconds.len() + 1);
            prop_assert_eq!(policy.next(attempts + 7, asked), Next::Exhausted);
        }
    }
}
