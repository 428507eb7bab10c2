//! What a token can allow; and a JWT that was issued or revoked here: what it is called and when it ends, never
//! what it is.

use crate::timestamp::Timestamp;

const MS_A_DAY: i64 = 86_400_000;
/// The longest that a token may live, in days.
pub const LONGEST_DAYS: u32 = 3650;
/// How long a token lives when nothing is said, in days.
pub const USUAL_DAYS: u32 = 365;
/// The longest name or subject of a token, in characters.
pub const SUBJECT_CHARACTERS: usize = 191;

/// What a token can allow (contract, section 4.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// The four statistics endpoints.
    StatsRead,
    /// Comparing what was sent with what the partner has.
    Reconcile,
    /// Handing in events, sending them again.
    EventsWrite,
    /// Looking events up.
    EventsRead,
    /// Changing interview records.
    InterviewsWrite,
    /// Looking interview records up.
    InterviewsRead,
    /// Everything.
    Admin,
}

impl Scope {
    /// Every scope.
    pub const ALL: [Self; 7] = [
        Self::StatsRead,
        Self::Reconcile,
        Self::EventsWrite,
        Self::EventsRead,
        Self::InterviewsWrite,
        Self::InterviewsRead,
        Self::Admin,
    ];

    /// The word in a token.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::StatsRead => "stats:read",
            Self::Reconcile => "reconcile",
            Self::EventsWrite => "events:write",
            Self::EventsRead => "events:read",
            Self::InterviewsWrite => "interviews:write",
            Self::InterviewsRead => "interviews:read",
            Self::Admin => "admin",
        }
    }

    /// The scope that `word` names; none for an unknown word. Whoever issues tokens refuses those.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|s| s.as_str() == word)
    }
}

/// A token as the list shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenRecord {
    /// Its name.
    pub jti: String,
    /// The subject that it was issued for; none for a token that was issued elsewhere and revoked here.
    pub subject: Option<String>,
    /// What it allows, separated by blanks.
    pub scope: Option<String>,
    /// When it was issued.
    pub issued_at: Option<Timestamp>,
    /// When it ends by itself.
    pub expires_at: Option<Timestamp>,
    /// When it was revoked.
    pub revoked_at: Option<Timestamp>,
    /// The fingerprint of the key that signed it; none for a token that was issued elsewhere.
    pub key: Option<String>,
}

impl TokenRecord {
    /// In how many days it ends, begun ones counted, at `now`; 0 or less: it has ended. None: it was revoked, or
    /// nobody knows its end.
    #[must_use]
    pub fn days_left(&self, now: Timestamp) -> Option<i64> {
        let expires_at = self.expires_at.filter(|_| self.revoked_at.is_none())?;
        Some(days_between(now, expires_at))
    }
}

/// A valid token that has an end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LiveToken {
    /// Its name.
    pub jti: String,
    /// What it allows, separated by blanks.
    pub scope: String,
    /// When it was issued.
    pub issued_at: Timestamp,
    /// When it ends by itself.
    pub expires_at: Timestamp,
    /// An incident about its end is open: the admin was told.
    pub is_told: bool,
}

impl LiveToken {
    /// In how many days it ends at `now`, when one of the `steps` (in days) before its end has come, or the admin was
    /// told already.
    #[must_use]
    pub fn ending(&self, steps: &[u64], now: Timestamp) -> Option<i64> {
        let days = days_between(now, self.expires_at);
        let has_come = |step: &u64| i64::try_from(*step).is_ok_and(|step| days <= step);
        (self.is_told || steps.iter().any(has_come)).then_some(days)
    }
}

/// Days from one moment to another, a begun one counted; 0 or less: `to` is not after `from`.
fn days_between(from: Timestamp, to: Timestamp) -> i64 {
    -(from.unix_ms() - to.unix_ms()).div_euclid(MS_A_DAY)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn day(days: u64) -> Timestamp {
        Timestamp::from_unix_ms(1_761_489_000_000).after(Duration::from_hours(24 * days))
    }

    fn ending_on(days: u64) -> LiveToken {
        LiveToken {
            jti: "jti".to_owned(),
            scope: "stats:read".to_owned(),
            issued_at: day(0),
            expires_at: day(days),
            is_told: false,
        }
    }

    #[test]
    fn a_step_has_come_when_no_more_than_its_days_are_left() {
        let token = ending_on(365);
        let ending = |now| token.ending(&[30, 7, 1], now);
        let second = Duration::from_secs(1);
        assert_eq!(ending(day(335).before(second)), None);
        assert_eq!(ending(day(335)), Some(30));
        assert_eq!(ending(day(358)), Some(7));
        assert_eq!(ending(day(358).after(second)), Some(7));
        assert_eq!(ending(day(365).before(second)), Some(1));
        assert_eq!(ending(day(365)), Some(0));
    }

    #[test]
    fn a_token_of_a_few_days_ends_soon_from_the_first_one_on() {
        for days in [1, 6, 30] {
            let left = i64::try_from(days).unwrap();
            assert_eq!(ending_on(days).ending(&[30, 7, 1], day(0)), Some(left));
        }
        assert_eq!(ending_on(31).ending(&[30, 7, 1], day(0)), None);
        assert_eq!(ending_on(365).ending(&[], day(364)), None);
    }

    #[test]
    fn who_was_told_stays_told_when_the_clock_is_set_back() {
        let told = LiveToken {
            is_told: true,
            ..ending_on(365)
        };
        assert_eq!(told.ending(&[30, 7, 1], day(100)), Some(265));
    }

    #[test]
    fn what_was_revoked_or_has_no_known_end_has_no_days_left() {
        let token = TokenRecord {
            jti: "jti".to_owned(),
            subject: None,
            scope: None,
            issued_at: Some(day(0)),
            expires_at: Some(day(10)),
            revoked_at: None,
            key: None,
        };
        assert_eq!(token.days_left(day(8)), Some(2));
        assert_eq!(token.days_left(day(11)), Some(-1));
        let revoked = TokenRecord {
            revoked_at: Some(day(1)),
            ..token.clone()
        };
        assert_eq!(revoked.days_left(day(8)), None);
        let elsewhere = TokenRecord {
            expires_at: None,
            ..token
        };
        assert_eq!(elsewhere.days_left(day(8)), None);
    }
}
