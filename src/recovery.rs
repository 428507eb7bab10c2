//! Recovery: what an outage of VoiceDrive left behind on a route is sent when it is back, and how that is found out
//! (contract, section 5.3, and the end of "Retries" in section 5).

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::attempt::Attempted;

/// Deliveries that follow in a second on a route without a limit of its own.
pub const USUAL_PACE: u32 = 5;
/// Probes that the relay makes by itself stop this long after the last exhaustion.
pub const GIVES_UP: Duration = Duration::from_hours(72);

/// What an outage has left to do on one route that is not on hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recovery {
    /// The route's name.
    pub route: String,
    /// Its receiver takes events.
    pub is_back: bool,
    /// A probe is under way.
    pub probing: bool,
    /// Something is to follow as soon as the receiver is back.
    pub follows: bool,
    /// What is exhausted is part of that.
    pub asked: bool,
    /// How long ago a delivery was exhausted last because the receiver was away; none: nothing is left.
    pub exhausted_for: Option<Duration>,
    /// Probes that the relay made by itself since then.
    pub probes: u32,
}

/// What is to be done next for a recovery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Some more of what follows is due.
    Follow,
    /// Something arrived on the route: what is exhausted follows.
    Begin,
    /// The oldest of what is exhausted is sent to see whether the receiver is back.
    Probe,
}

/// What is exhausted on a route because its receiver was away.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeftBehind {
    /// How much.
    pub exhausted: u64,
    /// The id of the oldest.
    pub oldest: String,
}

/// What has become of a probe that was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProbeResult {
    /// It will be sent.
    Begun,
    /// There is nothing to be sent.
    Nothing,
    /// One is under way, or what follows is.
    UnderWay,
    /// The route is on hold.
    OnHold,
}

/// Why nothing that an outage has left on a route can be sent now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Hindrance {
    /// A recovery is under way already.
    UnderWay,
    /// The route is on hold.
    OnHold,
    /// Nothing is sent on a route without a URL.
    NoUrl,
}

impl Hindrance {
    /// Every one.
    pub const ALL: [Self; 3] = [Self::UnderWay, Self::OnHold, Self::NoUrl];
}

/// How far a recovery has come in one step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Followed {
    /// Deliveries that are due now.
    pub opened: u32,
    /// Nothing more follows.
    pub done: bool,
}

impl Recovery {
    /// The next step. `automatic`: the relay sees by itself whether the receiver is back.
    #[must_use]
    pub fn next_step(&self, automatic: bool) -> Option<Step> {
        let recovers = self.exhausted_for.filter(|_| automatic && !self.probing);
        let recovers = recovers.filter(|exhausted_for| *exhausted_for <= GIVES_UP);
        if self.is_back && recovers.is_some() && !self.asked {
            return Some(Step::Begin);
        }
        if self.is_back && self.follows {
            return Some(Step::Follow);
        }
        let exhausted_for = recovers.filter(|_| !self.is_back)?;
        (exhausted_for >= probe_after(self.probes)).then_some(Step::Probe)
    }
}

/// How long after the last exhaustion the next probe is made, when so many were made before it.
#[must_use]
pub fn probe_after(probes: u32) -> Duration {
    match probes {
        0 => Duration::from_mins(15),
        1 => Duration::from_mins(30),
        more => Duration::from_hours(u64::from(more) - 1),
    }
}

/// Whether the result of an attempt shows that VoiceDrive is there: it took the event, or it was sent to see that and
/// what is wrong is the event alone.
#[must_use]
pub fn shows_return(attempted: &Attempted, is_probe: bool) -> bool {
    let of_event_alone = matches!(attempted.http_status, Some(400 | 413 | 422));
    attempted.cause.is_none() || (is_probe && of_event_alone)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn left() -> Recovery {
        Recovery {
            route: "default".to_owned(),
            is_back: false,
            probing: false,
            follows: false,
            asked: false,
            exhausted_for: Some(Duration::ZERO),
            probes: 0,
        }
    }

    #[test]
    fn probes_are_made_after_15_30_and_60_minutes_and_then_every_hour_for_three_days() {
        let mut recovery = left();
        let mut made = Vec::new();
        for minute in 0..=80 * 60 {
            recovery.exhausted_for = Some(Duration::from_mins(minute));
            if recovery.next_step(true) == Some(Step::Probe) {
                made.push(minute);
                recovery.probes += 1;
            }
            assert_eq!(recovery.next_step(false), None);
        }
        assert_eq!(made[..5], [15, 30, 60, 120, 180]);
        assert_eq!(made.last(), Some(&(72 * 60)));
        assert_eq!(made.len(), 3 + 71);
    }

    #[test]
    fn no_second_probe_is_made_and_nothing_follows_while_the_receiver_is_away() {
        let due = Recovery {
            exhausted_for: Some(Duration::from_hours(1)),
            ..left()
        };
        assert_eq!(due.next_step(true), Some(Step::Probe));
        let probing = Recovery {
            probing: true,
            ..due.clone()
        };
        assert_eq!(probing.next_step(true), None);
        let back = Recovery {
            is_back: true,
            ..due
        };
        assert_eq!(back.next_step(true), Some(Step::Begin));
        assert_eq!(back.next_step(false), None);
        // Retries that follow do not go on without what is exhausted.
        let retries = Recovery {
            follows: true,
            ..back
        };
        assert_eq!(retries.next_step(true), Some(Step::Begin));
        assert_eq!(retries.next_step(false), Some(Step::Follow));
        let follows = Recovery {
            asked: true,
            ..retries
        };
        assert_eq!(follows.next_step(true), Some(Step::Follow));
        assert_eq!(follows.next_step(false), Some(Step::Follow));
        let away = Recovery {
            is_back: false,
            ..follows
        };
        assert_eq!(away.next_step(false), None);
    }
}
