//! Observations in memory from which alerts are judged: logins
//! that failed, how quickly the statistics were answered, and receivers' clocks and certificates.
//! They are lost at a restart, and bounded in size.

use std::collections::{HashMap, VecDeque};
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::log_limit::LogLimit;
use crate::meters::Meters;
use crate::timestamp::Timestamp;

/// The most failed logins that are remembered: more would change no alert.
const LOGINS: usize = 10_000;
/// Answers that are remembered.
const ANSWERS: usize = 10_000;
/// With fewer answers nothing is said about how quick they are.
const ANSWERS_NEEDED: usize = 5;

/// Cheap to clone and shared by all who observe and who judge. Moments are monotonic.
#[derive(Clone, Debug, Default)]
pub struct Observations(Arc<Mutex<Observed>>, Arc<LogLimit>, Meters);

#[derive(Debug, Default)]
struct Observed {
    failed_logins: VecDeque<Duration>,
    answers: VecDeque<AnswerTime>,
    receivers: HashMap<String, ReceiverState>,
    /// The routes that something is sent on; none: nobody has said so yet.
    routes: Option<Vec<String>>,
    questions: Questions,
    /// Why the dead man's switch could not be called last, as it is kept of channels.
    heartbeat: Option<String>,
}

/// The last questions of the partner: for statistics, or what was sent that it does not have.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Questions {
    /// The last one that was let in.
    pub answered: Option<Question>,
    /// The last one that was turned away.
    pub refused: Option<Question>,
}

/// Somebody has asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    /// When.
    pub at: Timestamp,
    /// From where.
    pub client: IpAddr,
    /// Who, as the token says, or why not.
    pub outcome: Asked,
}

/// What became of a question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Asked {
    /// It was let in, by this one.
    By(String),
    /// No token, or none that is valid.
    Unknown,
    /// The token does not allow it.
    Forbidden,
    /// More than may be asked in a minute.
    TooOften,
}

#[derive(Clone, Copy, Debug)]
struct AnswerTime {
    at: Duration,
    took: Duration,
    failed: bool,
}

/// What is known of the receiver at the end of a route.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ReceiverState {
    /// How far its clock is ahead of ours, in seconds, by its last answer.
    pub clock_ahead: Option<i64>,
    /// When its certificate ends.
    pub certificate_ends: Option<Timestamp>,
}

/// How the statistics were answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AnswerTimes {
    /// 95 % took no longer.
    pub p95: Duration,
    /// How many failed, in percent.
    pub error_percent: u64,
}

impl Observations {
    /// Counts a caller who was refused.
    pub fn login_failed(&self, at: Duration) {
        let mut readings = self.lock();
        readings.failed_logins.push_back(at);
        if readings.failed_logins.len() > LOGINS {
            readings.failed_logins.pop_front();
        }
        self.1.add();
        self.2.login_failed();
    }

    /// What is counted since the start.
    #[must_use]
    pub fn meters(&self) -> &Meters {
        &self.2
    }

    /// How many were turned away since the last line in the log, when it is time for one.
    #[must_use]
    pub fn logins_untold(&self, at: Duration) -> Option<u64> {
        self.1.due(at)
    }

    /// How many were turned away since `moment`.
    #[must_use]
    pub fn logins_failed_since(&self, moment: Duration) -> u64 {
        let mut readings = self.lock();
        readings.failed_logins.retain(|at| *at > moment);
        readings.failed_logins.len() as u64
    }

    /// The partner has asked something.
    pub fn asked(&self, question: Question) {
        let mut readings = self.lock();
        let questions = &mut readings.questions;
        let last = match question.outcome {
            Asked::By(_) => &mut questions.answered,
            Asked::Unknown | Asked::Forbidden | Asked::TooOften => &mut questions.refused,
        };
        *last = Some(question);
    }

    /// The last questions since the start.
    #[must_use]
    pub fn questions(&self) -> Questions {
        self.lock().questions.clone()
    }

    /// What came of the last call of the dead man's switch; none: it was taken, or there is none.
    pub fn heartbeat_called(&self, objection: Option<String>) {
        self.lock().heartbeat = objection;
    }

    /// Why the dead man's switch could not be called last.
    #[must_use]
    pub fn heartbeat_objection(&self) -> Option<String> {
        self.lock().heartbeat.clone()
    }

    /// A question about statistics was answered.
    pub fn answered(&self, at: Duration, took: Duration, failed: bool) {
        let mut readings = self.lock();
        readings.answers.push_back(AnswerTime { at, took, failed });
        if readings.answers.len() > ANSWERS {
            readings.answers.pop_front();
        }
    }

    /// How the statistics were answered since `moment`; none when there were too few requests to judge.
    #[must_use]
    pub fn answers_since(&self, moment: Duration) -> Option<AnswerTimes> {
        let readings = self.lock();
        let answers = readings.answers.iter();
        let answers = answers.filter(|answer| answer.at > moment);
        let (mut took, mut failed) = (Vec::new(), 0);
        for answer in answers {
            took.push(answer.took);
            failed += usize::from(answer.failed);
        }
        drop(readings);
        let all = took.len();
        if all < ANSWERS_NEEDED {
            return None;
        }
        took.sort_unstable();
        Some(AnswerTimes {
            p95: took[(all * 95).div_ceil(100).clamp(1, all) - 1],
            error_percent: (failed * 100 / all) as u64,
        })
    }

    /// A receiver said what time it is.
    pub fn clock_seen(&self, route: &str, ahead: i64) {
        let mut readings = self.lock();
        if readings.is_gone(route) {
            return;
        }
        // An entry is made once a route, not once an answer.
        if let Some(receiver) = readings.receivers.get_mut(route) {
            receiver.clock_ahead = Some(ahead);
        } else {
            let receiver = ReceiverState {
                clock_ahead: Some(ahead),
                ..ReceiverState::default()
            };
            readings.receivers.insert(route.to_owned(), receiver);
        }
    }

    /// A receiver identified itself with a certificate.
    pub fn certificate_seen(&self, route: &str, ends: Timestamp) {
        let mut readings = self.lock();
        if readings.is_gone(route) {
            return;
        }
        let receiver = readings.receivers.entry(route.to_owned()).or_default();
        receiver.certificate_ends = Some(ends);
    }

    /// Keeps only these routes, and forgets what was seen of the receivers of `changed` ones. What an attempt still
    /// reports of a removed route is ignored.
    pub fn routes_are(&self, routes: &[&str], changed: &[&str]) {
        let mut readings = self.lock();
        readings.receivers.retain(|route, _| {
            let route = route.as_str();
            routes.contains(&route) && !changed.contains(&route)
        });
        readings.routes = Some(routes.iter().map(|&route| route.to_owned()).collect());
    }

    /// Everything that is known of receivers, by route.
    #[must_use]
    pub fn receivers(&self) -> Vec<(String, ReceiverState)> {
        let readings = self.lock();
        let receivers = readings.receivers.iter();
        receivers
            .map(|(route, seen)| (route.clone(), *seen))
            .collect()
    }

    fn lock(&self) -> MutexGuard<'_, Observed> {
        // Nothing that is done under the lock can leave it half done.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Observed {
    fn is_gone(&self, route: &str) -> bool {
        let routes = self.routes.as_ref();
        routes.is_some_and(|routes| routes.iter().all(|known| known != route))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn what_is_long_ago_does_not_count() {
        let observations = Observations::default();
        for second in 1..=20 {
            observations.login_failed(at(second));
        }
        assert_eq!(observations.logins_failed_since(at(5)), 15);
        for second in 0..LOGINS as u64 * 2 {
            observations.login_failed(at(second));
        }
        assert_eq!(observations.logins_failed_since(at(0)), LOGINS as u64);
    }

    #[test]
    fn ninety_five_percent_of_the_answers_took_no_longer() {
        let observations = Observations::default();
        assert_eq!(observations.answers_since(at(0)), None);
        for took in 1..=100 {
            observations.answered(at(10), Duration::from_millis(took), took > 90);
        }
        let times = observations.answers_since(at(5)).unwrap();
        assert_eq!(times.p95, Duration::from_millis(95));
        assert_eq!(times.error_percent, 10);
        assert_eq!(observations.answers_since(at(10)), None);
        // Whoever looks at a shorter time takes nothing away from who looks at a longer one.
        assert_eq!(observations.answers_since(at(5)), Some(times));
    }

    #[test]
    fn a_receiver_is_known_by_its_last_answer() {
        let observations = Observations::default();
        let ends = Timestamp::from_unix_ms(0);
        observations.clock_seen("a", 5);
        observations.certificate_seen("a", ends);
        observations.clock_seen("a", -7);
        let known = ReceiverState {
            clock_ahead: Some(-7),
            certificate_ends: Some(ends),
        };
        assert_eq!(observations.receivers(), [("a".to_owned(), known)]);
    }

    #[test]
    fn what_was_seen_at_the_end_of_a_route_goes_with_it() {
        let observations = Observations::default();
        let known = || observations.receivers().into_iter().map(|(route, _)| route);
        for route in ["a", "b", "c"] {
            observations.clock_seen(route, 90);
        }
        // b leads somewhere else, and c is gone.
        observations.routes_are(&["a", "b"], &["b"]);
        assert_eq!(known().collect::<Vec<_>>(), ["a"]);
        observations.clock_seen("c", 90);
        observations.certificate_seen("c", Timestamp::from_unix_ms(0));
        assert_eq!(known().collect::<Vec<_>>(), ["a"]);
        observations.clock_seen("b", 1);
        assert_eq!(known().count(), 2);
    }
}
