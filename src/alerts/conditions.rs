//! Which conditions hold, by the numbers (contract, section 10). Everything is passed in.

use std::time::Duration;

use crate::day;
use crate::incident::{CLEAR_FOR, Finding, Kind, Observation, Thresholds};
use crate::observations::{AnswerTimes, ReceiverState};
use crate::overview::{Absence, RouteVitals};
use crate::timestamp::Timestamp;
use crate::token::LiveToken;
use crate::trouble::Trouble;

const MIB: u64 = 1024 * 1024;

/// What is known at one moment.
#[derive(Clone, Debug, Default)]
pub struct Observed {
    /// How sending goes on each route.
    pub routes: Vec<RouteVitals>,
    /// Failed logins of the last hour.
    pub failed_logins: u64,
    /// Of the last five minutes; none when they were hardly asked for.
    pub statistics: Option<AnswerTimes>,
    /// The moment that the backup file shows; none: there is none.
    pub backup_at: Option<Timestamp>,
    /// The newest backup could not be made, or was not good.
    pub backup_failed: bool,
    /// How long the daemon runs: before there was time for a backup, none is missed.
    pub running_for: Duration,
    /// What is wrong with the database.
    pub trouble: Option<Trouble>,
    /// Free and total bytes of the disk; none when they cannot be known.
    pub disk: Option<(u64, u64)>,
    /// The database's size in bytes.
    pub database: u64,
    /// When the relay's own certificate ends; none: it shows none.
    pub own_certificate_ends: Option<Timestamp>,
    /// How far the wall clock is ahead of the time that has passed, in seconds, when it may be wrong; negative: behind.
    pub clock_off: Option<i64>,
    /// What receivers showed, by route.
    pub receivers: Vec<(String, ReceiverState)>,
    /// The valid tokens that have an end.
    pub tokens: Vec<LiveToken>,
    /// Until when the deliveries of each route are confirmed by the partner's list, of those that were compared.
    pub confirmed_until: Vec<(String, Timestamp)>,
}

/// The kinds that [`holding`] judges. By a clock that may be wrong nothing is said of tokens, neither that one ends
/// soon nor that it has ended, and nothing of the age of comparisons.
#[must_use]
pub fn judged(clock_is_believed: bool) -> &'static [Kind] {
    let [_tokens, _comparisons, others @ ..] = &EVALUATED;
    if clock_is_believed {
        &EVALUATED
    } else {
        others
    }
}

const EVALUATED: [Kind; 11] = [
    Kind::TokenEnding,
    Kind::ReconcileOld,
    Kind::SuccessRateLow,
    Kind::QueueLong,
    Kind::LoginsFailing,
    Kind::StatisticsSlow,
    Kind::BackupOld,
    Kind::DatabaseDamaged,
    Kind::DiskLow,
    Kind::CertificateExpiring,
    Kind::ClockOff,
];

/// The conditions that hold.
#[must_use]
pub fn holding(observed: &Observed, limits: &Thresholds, now: Timestamp) -> Vec<Observation> {
    let sending = Sending::of(observed, |route| !is_silenced(route, limits));
    let whole = [
        (Kind::SuccessRateLow, success_rate(sending, limits)),
        (Kind::QueueLong, queue(sending, limits)),
        (Kind::LoginsFailing, logins(observed, limits)),
        (Kind::StatisticsSlow, statistics(observed, limits)),
        (Kind::BackupOld, backup(observed, limits, now)),
        (Kind::DatabaseDamaged, database(observed)),
        (Kind::DiskLow, disk(observed, limits)),
        (
            Kind::CertificateExpiring,
            own_certificate(observed, limits, now),
        ),
        (
            Kind::ClockOff,
            observed
                .clock_off
                .map(|seconds| Finding::OwnClock { seconds }),
        ),
    ];
    let whole = whole.into_iter().filter_map(|(kind, finding)| {
        Some(Observation {
            kind,
            subject: String::new(),
            finding: finding?,
        })
    });
    let receivers = observed.receivers.iter().flat_map(|(route, receiver)| {
        [
            (
                Kind::CertificateExpiring,
                certificate(*receiver, limits, now),
            ),
            (Kind::ClockOff, clock(*receiver, limits)),
        ]
        .into_iter()
        .filter_map(|(kind, finding)| {
            Some(Observation {
                kind,
                subject: route.clone(),
                finding: finding?,
            })
        })
    });
    let tokens = observed.tokens.iter().filter_map(|token| {
        Some(Observation {
            kind: Kind::TokenEnding,
            subject: token.jti.clone(),
            finding: Finding::Token {
                days: token.ending(&limits.token_days, now)?,
                ends_at: token.expires_at,
                scope: token.scope.clone(),
                issued_at: token.issued_at,
            },
        })
    });
    let comparisons = observed
        .confirmed_until
        .iter()
        .filter_map(|(route, until)| {
            Some(Observation {
                kind: Kind::ReconcileOld,
                subject: route.clone(),
                finding: comparison(*until, limits, now)?,
            })
        });
    whole
        .chain(receivers)
        .chain(tokens)
        .chain(comparisons)
        .collect()
}

/// Kinds that would hold only because of routes whose partner is away, or may be: left undecided.
#[must_use]
pub fn undecided(observed: &Observed, limits: &Thresholds) -> Vec<Kind> {
    let told = Sending::of(observed, |route| !is_silenced(route, limits));
    let all = Sending::of(observed, |_| true);
    let holds = |sending| {
        [
            (Kind::SuccessRateLow, success_rate(sending, limits)),
            (Kind::QueueLong, queue(sending, limits)),
        ]
    };
    let both = holds(all).into_iter().zip(holds(told));
    both.filter_map(|((kind, all), (_, told))| (all.is_some() && told.is_none()).then_some(kind))
        .collect()
}

/// True while the route's failures are, or soon will be, reported as an outage. A suspicion without new evidence expires.
fn is_silenced(route: &RouteVitals, limits: &Thresholds) -> bool {
    match route.absence {
        None => false,
        Some(Absence::Told) => true,
        Some(Absence::Suspected(lasted)) => lasted < limits.away() + CLEAR_FOR,
    }
}

/// How sending goes on some routes together.
#[derive(Clone, Copy, Debug, Default)]
struct Sending {
    /// Deliveries of the last hour, and how many of them have succeeded.
    sends: (u64, u64),
    /// How much is still to be sent.
    waiting: u64,
    /// How long the oldest of it has been due.
    overdue: Duration,
}

impl Sending {
    fn of(observed: &Observed, counts: impl Fn(&RouteVitals) -> bool) -> Self {
        let mut together = Self::default();
        for route in observed.routes.iter().filter(|route| counts(route)) {
            together.sends.0 += route.sends.0;
            together.sends.1 += route.sends.1;
            together.waiting += route.waiting;
            together.overdue = together.overdue.max(route.overdue);
        }
        together
    }
}

fn success_rate(sending: Sending, limits: &Thresholds) -> Option<Finding> {
    let (sends, succeeded) = sending.sends;
    let low = sends >= limits.success_min_sends
        && succeeded * 100 < sends.saturating_mul(limits.success_percent);
    low.then(|| Finding::SuccessRate {
        permille: succeeded * 1000 / sends.max(1),
        sends,
    })
}

fn queue(sending: Sending, limits: &Thresholds) -> Option<Finding> {
    let Sending {
        waiting, overdue, ..
    } = sending;
    let long = waiting > limits.queue || overdue > Duration::from_mins(limits.overdue_minutes);
    long.then_some(Finding::Queue {
        waiting,
        overdue_minutes: overdue.as_secs() / 60,
    })
}

fn logins(observed: &Observed, limits: &Thresholds) -> Option<Finding> {
    let failed = observed.failed_logins;
    (failed > limits.failed_logins_per_hour).then_some(Finding::Logins { failed })
}

fn statistics(observed: &Observed, limits: &Thresholds) -> Option<Finding> {
    let AnswerTimes { p95, error_percent } = observed.statistics?;
    let slow = p95 > Duration::from_millis(limits.statistics_p95_ms);
    (slow || error_percent > limits.statistics_error_percent).then(|| Finding::Statistics {
        p95_ms: u64::try_from(p95.as_millis()).unwrap_or(u64::MAX),
        error_percent,
    })
}

fn backup(observed: &Observed, limits: &Thresholds, now: Timestamp) -> Option<Finding> {
    let limit = Duration::from_hours(limits.backup_age_hours);
    let age = observed.backup_at.map(|at| now.since(at));
    let old = age.unwrap_or(observed.running_for) > limit;
    (old || observed.backup_failed).then(|| Finding::Backup {
        age_hours: age.map(|age| age.as_secs() / 3600),
        failed: observed.backup_failed,
    })
}

/// Trouble that ends by itself, or is a full disk, has no condition of its own.
fn database(observed: &Observed) -> Option<Finding> {
    let trouble = observed.trouble.clone()?;
    let tells = trouble.is_damage()
        || matches!(
            trouble,
            Trouble::Gone { .. } | Trouble::Closed { .. } | Trouble::ImportRefused(_)
        );
    tells.then_some(Finding::Database { trouble })
}

fn disk(observed: &Observed, limits: &Thresholds) -> Option<Finding> {
    let database_mib = observed.database / MIB;
    let (free, total) = observed.disk?;
    let free_percent = free.saturating_mul(100) / total.max(1);
    let free_mib = free / MIB;
    let low = free_percent < limits.disk_free_percent
        || free_mib < limits.disk_free_mib
        || database_mib > limits.database_mib;
    low.then_some(Finding::Disk {
        free_percent,
        free_mib,
        database_mib,
    })
}

fn certificate(receiver: ReceiverState, limits: &Thresholds, now: Timestamp) -> Option<Finding> {
    let days = days_left(receiver.certificate_ends?, limits, now)?;
    Some(Finding::Certificate { days })
}

fn own_certificate(observed: &Observed, limits: &Thresholds, now: Timestamp) -> Option<Finding> {
    let days = days_left(observed.own_certificate_ends?, limits, now)?;
    Some(Finding::OwnCertificate { days })
}

/// The days until a certificate ends, when they are few enough to tell; negative: since it ended.
fn days_left(ends: Timestamp, limits: &Thresholds, now: Timestamp) -> Option<i64> {
    let days = day::whole_days(now, ends);
    let first = limits.certificate_days.iter().max()?;
    (days <= i64::try_from(*first).unwrap_or(i64::MAX)).then_some(days)
}

fn comparison(confirmed_until: Timestamp, limits: &Thresholds, now: Timestamp) -> Option<Finding> {
    let age = now.since(confirmed_until);
    let age_hours = age.as_secs() / 3600;
    let limit = Duration::from_hours(limits.reconcile_age_hours);
    (age > limit).then_some(Finding::Comparison { age_hours })
}

fn clock(receiver: ReceiverState, limits: &Thresholds) -> Option<Finding> {
    let seconds = receiver.clock_ahead?;
    (seconds.unsigned_abs() > limits.clock_seconds).then_some(Finding::Clock { seconds })
}

#[cfg(test)]
#[allow(clippy::too_many_lines)]
mod tests;
