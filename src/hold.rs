//! A hold: a person pauses a route, or all of them, until a given moment (contract, section 5.2). One that a restore has
//! placed lasts until a person ends it (section 9).

use std::time::Duration;

use crate::audit::Actor;
use crate::timestamp::Timestamp;

/// What stands in the place of a route's name for all of them.
pub const EVERY_ROUTE: &str = "*";
/// The longest time until a hold ends.
pub const LONGEST: Duration = Duration::from_hours(72);
/// The longest reason, in characters.
pub const MAX_REASON_CHARACTERS: usize = 200;

/// A route that is paused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hold {
    /// Its name; [`EVERY_ROUTE`] for all of them.
    pub route: String,
    /// When it ends, as the wall clock is set now; none: when a person ends it.
    pub until: Option<Timestamp>,
    /// When it began.
    pub begun_at: Timestamp,
    /// Why.
    pub reason: String,
    /// Who began it.
    pub who: String,
}

/// A hold that is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewHold {
    /// The route's name; [`EVERY_ROUTE`] for all of them.
    pub route: String,
    /// How long it lasts: up to [`LONGEST`]; none: until a person ends it.
    pub lasts: Option<Duration>,
    /// Why: 1 to [`MAX_REASON_CHARACTERS`] characters.
    pub reason: String,
    /// Who asks.
    pub by: Actor,
}

/// What has become of a hold that was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HoldResult {
    /// It began.
    Begun,
    /// It took the place of the one that the route had.
    Replaced,
}

/// Why nothing is put on hold until a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WrongEnd {
    /// The moment has passed.
    #[error("must be later than now")]
    Past,
    /// The moment is too far away.
    #[error("must be at most 72 hours away")]
    TooFar,
}

impl Hold {
    /// Whether it holds this route.
    #[must_use]
    pub fn holds(&self, route: &str) -> bool {
        self.route == EVERY_ROUTE || self.route == route
    }

    /// Of the holds of this route, the one that ends last.
    #[must_use]
    pub fn last_of<'a>(holds: &'a [Self], route: &str) -> Option<&'a Self> {
        let of_route = holds.iter().filter(|hold| hold.holds(route));
        of_route.max_by_key(|hold| (hold.until.is_none(), hold.until))
    }
}

/// How long a hold lasts that begins now and ends then.
///
/// # Errors
/// `WrongEnd`
pub fn lasts(now: Timestamp, until: Timestamp) -> Result<Duration, WrongEnd> {
    let lasts = until.since(now);
    if lasts.is_zero() {
        return Err(WrongEnd::Past);
    }
    (lasts <= LONGEST).then_some(lasts).ok_or(WrongEnd::TooFar)
}

/// Whether a text says why: something stands in it, no control character does, and it is not too long.
#[must_use]
pub fn is_reason(text: &str) -> bool {
    !text.trim().is_empty()
        && text.chars().count() <= MAX_REASON_CHARACTERS
        && !text.chars().any(char::is_control)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hold_ends_within_three_days() {
        let now = Timestamp::from_unix_ms(1_761_489_000_000);
        let after = |span| lasts(now, now.after(span));
        assert_eq!(after(Duration::ZERO), Err(WrongEnd::Past));
        assert_eq!(
            lasts(now, now.before(Duration::from_secs(1))),
            Err(WrongEnd::Past)
        );
        assert_eq!(after(LONGEST), Ok(LONGEST));
        let longer = LONGEST + Duration::from_millis(1);
        assert_eq!(after(longer), Err(WrongEnd::TooFar));
    }

    #[test]
    fn of_the_holds_of_a_route_the_one_without_an_end_ends_last() {
        let hold = |route: &str, until: Option<i64>| Hold {
            route: route.to_owned(),
            until: until.map(Timestamp::from_unix_ms),
            begun_at: Timestamp::from_unix_ms(0),
            reason: "why".to_owned(),
            who: "root".to_owned(),
        };
        let mut holds = vec![hold("a", Some(9)), hold(EVERY_ROUTE, Some(5))];
        assert_eq!(Hold::last_of(&holds, "a"), Some(&holds[0]));
        assert_eq!(Hold::last_of(&holds, "b"), Some(&holds[1]));
        holds[1].until = None;
        assert_eq!(Hold::last_of(&holds, "a"), Some(&holds[1]));
        assert_eq!(Hold::last_of(&holds[..1], "b"), None);
    }

    #[test]
    fn a_reason_says_something() {
        for text in ["", "  ", "a\nb", &"x".repeat(MAX_REASON_CHARACTERS + 1)] {
            assert!(!is_reason(text), "{text:?}");
        }
        assert!(is_reason("VoiceDrive の入れ替え"));
    }
}
