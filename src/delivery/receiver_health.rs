//! How a route stands with its receiver, for the log: a line when it begins to fail and one when it works again,
//! and no more of them than one a minute from a receiver that keeps changing its mind.

use std::time::Duration;

/// The shortest time between two log lines.
const PAUSE: Duration = Duration::from_mins(1);

/// Whether the receiver takes events, and what of that was told. Moments are monotonic.
#[derive(Debug, Default)]
pub struct ReceiverHealth {
    /// Why the last attempt failed; none: it did not.
    failure: Option<String>,
    /// What was told last: it fails.
    told_failing: bool,
    told_at: Option<Duration>,
    /// How often it changed since something was told.
    changes: u64,
}

/// What there is to tell.
#[derive(Debug, PartialEq, Eq)]
pub struct News {
    /// Why events are not taken; none: they are again.
    pub failure: Option<String>,
    /// How often this has changed since the last line; more than once: the receiver comes and goes.
    pub changes: u64,
}

impl ReceiverHealth {
    /// An attempt has ended; with the failure, or none for a success.
    pub fn ended(&mut self, failure: Option<&str>) {
        if failure.is_some() != self.failure.is_some() {
            self.changes += 1;
            self.failure = failure.map(ToOwned::to_owned);
        }
    }

    /// What is to be told now.
    pub fn news(&mut self, now: Duration) -> Option<News> {
        let early = self.told_at.is_some_and(|told| now < told + PAUSE);
        let failing = self.failure.is_some();
        if early || failing == self.told_failing {
            return None;
        }
        self.told_failing = failing;
        self.told_at = Some(now);
        Some(News {
            failure: self.failure.clone(),
            changes: std::mem::take(&mut self.changes),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_is_told_once_and_a_receiver_that_comes_and_goes_by_the_minute() {
        let mut standing = ReceiverHealth::default();
        let at = Duration::from_secs;
        standing.ended(None);
        assert_eq!(standing.news(at(0)), None, "it works from the beginning");
        standing.ended(Some("down"));
        let failing = standing.news(at(1)).unwrap();
        assert_eq!(
            (failing.failure.as_deref(), failing.changes),
            (Some("down"), 1)
        );
        standing.ended(Some("down still"));
        assert_eq!(standing.news(at(100)), None, "told already");
        standing.ended(None);
        let works = standing.news(at(101)).unwrap();
        assert_eq!((works.failure, works.changes), (None, 1));
        let mut lines = 0;
        for second in 102..=401 {
            standing.ended((second % 2 == 0).then_some("down"));
            lines += usize::from(standing.news(at(second)).is_some());
        }
        assert!((4..=5).contains(&lines), "{lines} lines in five minutes");
        // However it ends, the last line says how it is, a minute later at the latest.
        standing.ended(None);
        standing.news(at(470));
        assert!(!standing.told_failing);
    }
}
