//! The periods that statistics can be asked for.

use std::time::Duration;

use crate::timestamp::Timestamp;

/// A span that ends now (contract, section 6).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Period {
    /// The last 24 hours.
    Day,
    /// The last 7 times 24 hours.
    Week,
    /// The last 30 times 24 hours.
    Month,
}

impl Period {
    /// Every period, in the order in which they are offered.
    pub const ALL: [Self; 3] = [Self::Day, Self::Week, Self::Month];

    /// The word in a query and in an answer.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Day => "24h",
            Self::Week => "7d",
            Self::Month => "30d",
        }
    }

    /// The period that `word` names.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|p| p.as_str() == word)
    }

    /// The first moment that belongs to the period when it ends at `now`.
    #[must_use]
    pub fn start(self, now: Timestamp) -> Timestamp {
        let days = match self {
            Self::Day => 1,
            Self::Week => 7,
            Self::Month => 30,
        };
        now.before(Duration::from_hours(24 * days))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_names_a_period_and_only_its_own() {
        for period in Period::ALL {
            assert_eq!(Period::from_word(period.as_str()), Some(period));
        }
        assert_eq!(Period::from_word("1y"), None);
        assert_eq!(Period::from_word("24H"), None);
    }

    #[test]
    fn a_period_begins_to_the_millisecond() {
        let now = Timestamp::from_unix_ms(30 * 86_400_000 + 123);
        assert_eq!(Period::Month.start(now), Timestamp::from_unix_ms(123));
        assert_eq!(
            Period::Day.start(now),
            Timestamp::from_unix_ms(29 * 86_400_000 + 123)
        );
    }
}
