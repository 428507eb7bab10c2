//! The five goals of the two teams (contract, section 6.5): what is counted for them, and whether they are met.
//!
//! Values are whole tenths, as they are answered, and a goal is judged by the value that is answered.

use std::time::Duration;

use crate::interview::tenths_of_percent;
use crate::interview_stats::InterviewCounts;
use crate::period::Period;
use crate::send_stats::SendCounts;
use crate::timestamp::Timestamp;

/// With fewer sends than this nothing is said about whether the goal is met.
pub const SENDS_NEEDED: u64 = 20;
/// So many percent of the interviews are to take place.
pub const INTERVIEWS_HELD: u64 = 90;
/// How far back the findings of comparisons are judged, and how long those of deliveries that were purged are kept.
pub const FINDINGS_KEPT: Duration = Duration::from_hours(24 * 30);

/// What is counted for the goals.
#[derive(Clone, Debug)]
pub struct KpiQuestion {
    /// Which sends and interviews.
    pub period: Period,
    /// The end of the period.
    pub now: Timestamp,
    /// The routes whose deliveries are counted; none: all.
    pub routes: Option<Vec<String>>,
    /// The routes whose deliveries are compared with the partner's list.
    pub compared_routes: Vec<String>,
}

impl KpiQuestion {
    /// The start of the period.
    #[must_use]
    pub fn from(&self) -> Timestamp {
        self.period.start(self.now)
    }

    /// The start of the window for findings.
    #[must_use]
    pub fn findings_from(&self) -> Timestamp {
        self.now.before(FINDINGS_KEPT)
    }
}

/// What was counted, all of it at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KpiCounts {
    /// The deliveries of the period, by their state now.
    pub sends: SendCounts,
    /// Of these, the ones that are still to be made.
    pub waiting: u64,
    /// Of these, the ones that were retried and have ended.
    pub retried: EndedRetries,
    /// The interviews from the beginning of the period on.
    pub interviews: InterviewCounts,
    /// What comparisons with the partner's list have shown.
    pub gap: GapDetection,
}

/// Deliveries with a retry that are over.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct EndedRetries {
    /// The partner has them after all.
    pub delivered: u64,
    /// Their retries are used up, whether a person was needed or said that nobody is.
    pub given_up: u64,
}

/// What comparisons with the partner's list have shown so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct GapDetection {
    /// Whether there was one.
    pub compared: bool,
    /// The first send of the oldest delivery that none has confirmed.
    pub unconfirmed_since: Option<Timestamp>,
    /// The longest time from a first send to the finding that it is missing.
    pub slowest_finding: Option<Duration>,
    /// Deliveries from before the first comparison of their route, by their first send.
    pub uncompared: u64,
    /// Deliveries that were missing until they were purged, lately.
    pub never_confirmed: u64,
}

/// A goal with its value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Measure {
    /// In tenths; none: there is nothing to judge by.
    pub tenths: Option<u64>,
    /// In whole units.
    pub target: u64,
    /// None: it cannot be said.
    pub met: Option<bool>,
}

impl Measure {
    fn at_least(target: u64, tenths: Option<u64>) -> Self {
        let met = tenths.map(|tenths| tenths >= target * 10);
        Self {
            tenths,
            target,
            met,
        }
    }

    fn at_most(target: u64, tenths: Option<u64>) -> Self {
        let met = tenths.map(|tenths| tenths <= target * 10);
        Self {
            tenths,
            target,
            met,
        }
    }
}

impl KpiCounts {
    /// How much of what was sent has arrived, in percent.
    #[must_use]
    pub fn send_success(&self) -> Measure {
        let SendCounts {
            sent, succeeded, ..
        } = self.sends;
        let goal = Measure::at_least(99, percent(succeeded, sent));
        Measure {
            met: goal.met.filter(|_| sent >= SENDS_NEEDED),
            ..goal
        }
    }

    /// The same, judged only when what still waits cannot change it.
    #[must_use]
    pub fn send_success_unless_waiting(&self) -> Measure {
        let goal = self.send_success();
        let mut at_best = self.clone();
        at_best.sends.succeeded += self.waiting;
        let is_open = goal.met == Some(false) && at_best.send_success().met == Some(true);
        Measure {
            met: goal.met.filter(|_| !is_open),
            ..goal
        }
    }

    /// How many of the interviews took place, in percent.
    #[must_use]
    pub fn interview_completion(&self) -> Measure {
        let InterviewCounts {
            completed, total, ..
        } = self.interviews;
        Measure::at_least(INTERVIEWS_HELD, percent(completed, total))
    }

    /// How many of the interviews nobody came to, in tenths of a percent.
    #[must_use]
    pub fn no_show(&self) -> Option<u64> {
        percent(self.interviews.no_show, self.interviews.total)
    }

    /// How long a loss can stay or has stayed unseen, in hours.
    #[must_use]
    pub fn gap_detection(&self, now: Timestamp) -> Measure {
        let GapDetection {
            unconfirmed_since,
            slowest_finding,
            ..
        } = self.gap;
        let age = unconfirmed_since.map(|since| now.since(since));
        let longest = age.max(slowest_finding).unwrap_or_default();
        let tenths = self
            .gap
            .compared
            .then(|| tenths_of(longest, Duration::from_hours(1)));
        Measure::at_most(24, tenths)
    }

    /// How many of the deliveries that needed a retry and are over have arrived, in percent.
    #[must_use]
    pub fn retry_success(&self) -> Measure {
        let EndedRetries {
            delivered,
            given_up,
        } = self.retried;
        Measure::at_least(80, percent(delivered, delivered + given_up))
    }
}

/// How quickly the statistics are answered, in milliseconds; `p95` is none when too few were asked for.
#[must_use]
pub fn api_response(p95: Option<Duration>) -> Measure {
    let tenths = p95.map(|p95| tenths_of(p95, Duration::from_millis(1)));
    Measure::at_most(300, tenths)
}

fn percent(part: u64, total: u64) -> Option<u64> {
    (total > 0).then(|| tenths_of_percent(part, total))
}

/// A span in tenths of `unit`, rounded half up.
fn tenths_of(span: Duration, unit: Duration) -> u64 {
    let tenths = (span.as_nanos() * 20 + unit.as_nanos()) / (unit.as_nanos() * 2);
    u64::try_from(tenths).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sends(sent: u64, succeeded: u64) -> KpiCounts {
        KpiCounts {
            sends: SendCounts {
                sent,
                succeeded,
                ..SendCounts::default()
            },
            ..KpiCounts::default()
        }
    }

    #[test]
    fn nothing_is_said_where_nothing_was_counted() {
        let nothing = KpiCounts::default();
        let now = Timestamp::from_unix_ms(0);
        for (measure, target) in [
            (nothing.send_success(), 99),
            (nothing.interview_completion(), 90),
            (nothing.gap_detection(now), 24),
            (api_response(None), 300),
            (nothing.retry_success(), 80),
        ] {
            let expected = Measure {
                tenths: None,
                target,
                met: None,
            };
            assert_eq!(measure, expected);
        }
        assert_eq!(nothing.no_show(), None);
    }

    #[test]
    fn a_goal_is_judged_by_the_value_that_is_answered() {
        for (sent, succeeded, tenths, met) in [
            (19, 19, 1000, None),
            (20, 20, 1000, Some(true)),
            (20, 19, 950, Some(false)),
            (1000, 990, 990, Some(true)),
            (10_000, 9894, 989, Some(false)),
            (10_000, 9895, 990, Some(true)),
        ] {
            let measure = sends(sent, succeeded).send_success();
            assert_eq!((measure.tenths, measure.met), (Some(tenths), met), "{sent}");
        }
    }

    #[test]
    fn what_still_waits_is_not_judged_as_lost() {
        for (waiting, met) in [(0, Some(false)), (4, Some(false)), (5, None)] {
            let counts = KpiCounts {
                waiting,
                ..sends(100, 94)
            };
            let goal = counts.send_success_unless_waiting();
            assert_eq!((goal.tenths, goal.met), (Some(940), met), "{waiting}");
        }
        assert_eq!(sends(100, 99).send_success_unless_waiting().met, Some(true));
    }

    #[test]
    fn what_has_not_ended_counts_neither_way() {
        let mut counts = sends(10, 6);
        counts.retried = EndedRetries {
            delivered: 3,
            given_up: 1,
        };
        let success = counts.retry_success();
        assert_eq!((success.tenths, success.met), (Some(750), Some(false)));
    }

    #[test]
    fn a_gap_is_as_old_as_what_nobody_has_confirmed_or_as_the_slowest_finding() {
        let now = Timestamp::from_unix_ms(0);
        let hours = |hours: u64| Duration::from_mins(hours * 60);
        let since = |age: u64| Some(now.before(hours(age)));
        for (unconfirmed_since, slowest_finding, tenths, met) in [
            (None, None, 0, true),
            (since(5), None, 50, true),
            (since(5), Some(hours(24)), 240, true),
            (since(25), Some(hours(24)), 250, false),
            (None, Some(Duration::from_secs(90)), 0, true),
            (None, Some(Duration::from_mins(3)), 1, true),
        ] {
            let counts = KpiCounts {
                gap: GapDetection {
                    compared: true,
                    unconfirmed_since,
                    slowest_finding,
                    uncompared: 7,
                    never_confirmed: 0,
                },
                ..KpiCounts::default()
            };
            let measure = counts.gap_detection(now);
            assert_eq!((measure.tenths, measure.met), (Some(tenths), Some(met)));
        }
    }

    #[test]
    fn an_answer_is_told_in_tenths_of_a_millisecond() {
        let of = |microseconds| api_response(Some(Duration::from_micros(microseconds)));
        assert_eq!(of(1_249).tenths, Some(12));
        assert_eq!(of(1_250).tenths, Some(13));
        assert_eq!(of(300_000).met, Some(true));
        assert_eq!(of(300_100).met, Some(false));
    }
}
