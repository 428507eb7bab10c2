//! What an admin is told about: a condition that began to hold, and is over at some time. One
//! incident is one beginning and one end, however many deliveries it counts.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::cause::Cause;
use crate::event::Status;
use crate::timestamp::Timestamp;
use crate::trouble::Trouble;

/// Which condition holds (contract, section 10).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Deliveries whose retries are used up.
    DeliveriesExhausted,
    /// Answers that a person must act on.
    PartnerRefuses,
    /// Too few sends succeed.
    SuccessRateLow,
    /// Too much waits, or for too long.
    QueueLong,
    /// Many requests with wrong tokens.
    LoginsFailing,
    /// The statistics answer slowly, or fail.
    StatisticsSlow,
    /// There is no fresh backup file.
    BackupOld,
    /// The database is damaged, or its file is gone.
    DatabaseDamaged,
    /// The disk fills up.
    DiskLow,
    /// A receiver's certificate ends soon.
    CertificateExpiring,
    /// A receiver's clock shows another time.
    ClockOff,
    /// A token that was issued here ends soon.
    TokenEnding,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 12] = [
        Self::DeliveriesExhausted,
        Self::PartnerRefuses,
        Self::SuccessRateLow,
        Self::QueueLong,
        Self::LoginsFailing,
        Self::StatisticsSlow,
        Self::BackupOld,
        Self::DatabaseDamaged,
        Self::DiskLow,
        Self::CertificateExpiring,
        Self::ClockOff,
        Self::TokenEnding,
    ];

    /// The word of the contract.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::DeliveriesExhausted => "deliveries_exhausted",
            Self::PartnerRefuses => "partner_refuses",
            Self::SuccessRateLow => "success_rate_low",
            Self::QueueLong => "queue_long",
            Self::LoginsFailing => "logins_failing",
            Self::StatisticsSlow => "statistics_slow",
            Self::BackupOld => "backup_old",
            Self::DatabaseDamaged => "database_damaged",
            Self::DiskLow => "disk_low",
            Self::CertificateExpiring => "certificate_expiring",
            Self::ClockOff => "clock_off",
            Self::TokenEnding => "token_ending",
        }
    }

    /// The kind that `word` names.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }

    /// Whether the incident counts deliveries, and is over when each of them arrived after all or
    /// was dismissed. The others are over when the condition does not hold any more.
    #[must_use]
    pub fn counts_deliveries(self) -> bool {
        matches!(self, Self::DeliveriesExhausted | Self::PartnerRefuses)
    }

    /// Whether it is about sending: then what waits for a person belongs to the end of the story.
    #[must_use]
    pub fn is_about_sending(self) -> bool {
        self.counts_deliveries() || matches!(self, Self::SuccessRateLow | Self::QueueLong)
    }
}

/// What a message says of its incident (contract, section 10).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// It began.
    Opened,
    /// It lasts.
    Ongoing,
    /// It is over.
    Resolved,
}

impl State {
    /// The word of the contract.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Opened => "opened",
            Self::Ongoing => "ongoing",
            Self::Resolved => "resolved",
        }
    }
}

/// The numbers behind a condition. None of them is a payload, a person's name or a secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "found", rename_all = "snake_case")]
pub enum Finding {
    /// Deliveries did not succeed; the last failure.
    Deliveries {
        /// The cause of the last failure.
        cause: Cause,
        /// The status of the answer, when there was one.
        http_status: Option<u16>,
    },
    /// Of the last hour.
    SuccessRate {
        /// Tenths of a percent.
        permille: u64,
        /// Deliveries that were begun.
        sends: u64,
    },
    /// What is still to be sent.
    Queue {
        /// Deliveries that are still to be sent.
        waiting: u64,
        /// How late the oldest is, in minutes.
        overdue_minutes: u64,
    },
    /// Of the last hour.
    Logins {
        /// Callers that were refused.
        failed: u64,
    },
    /// Of the last five minutes.
    Statistics {
        /// 95 % of the answers took no longer, in milliseconds.
        p95_ms: u64,
        /// Answers that failed.
        error_percent: u64,
    },
    /// The file to copy.
    Backup {
        /// How old; none: there is none.
        age_hours: Option<u64>,
        /// The last one could not be made, or was not good.
        failed: bool,
    },
    /// The database's.
    Database {
        /// What is wrong with it.
        trouble: Trouble,
    },
    /// The data directory's.
    Disk {
        /// Free, of the whole disk.
        free_percent: u64,
        /// Free.
        free_mib: u64,
        /// The size of the database.
        database_mib: u64,
    },
    /// Of a receiver.
    Certificate {
        /// Days until it ends; negative: since it ended.
        days: i64,
    },
    /// Of a receiver.
    Clock {
        /// How far it is ahead of this server's; negative: behind.
        seconds: i64,
    },
    /// Of a token that was issued here.
    Token {
        /// In how many days it ends, begun ones counted.
        days: i64,
        /// When it ends.
        ends_at: Timestamp,
        /// What it allows, separated by blanks.
        scope: String,
        /// When it was issued.
        issued_at: Timestamp,
    },
}

impl Finding {
    /// The one number that represents the finding where there is room for only one.
    #[must_use]
    pub fn number(&self) -> u64 {
        match self {
            Self::Deliveries { .. } | Self::Database { .. } => 0,
            Self::SuccessRate { sends, .. } => *sends,
            Self::Queue { waiting, .. } => *waiting,
            Self::Logins { failed } => *failed,
            Self::Statistics { p95_ms, .. } => *p95_ms,
            Self::Backup { age_hours, .. } => age_hours.unwrap_or_default(),
            Self::Disk { free_mib, .. } => *free_mib,
            Self::Certificate { days } | Self::Token { days, .. } => days.unsigned_abs(),
            Self::Clock { seconds } => seconds.unsigned_abs(),
        }
    }
}

/// What is known of an incident at one moment: everything that a message about it says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// Its id.
    pub id: String,
    /// The condition that it is about.
    pub kind: Kind,
    /// The route's or token's name; empty for what concerns the whole daemon.
    pub subject: String,
    /// When it began.
    pub opened_at: Timestamp,
    /// The moment for which this report was made.
    pub at: Timestamp,
    /// What was found last.
    pub finding: Finding,
    /// The deliveries that it counts, or the number that was found.
    pub count: u64,
    /// Of these, delivered after all.
    pub delivered: u64,
    /// Of these, dismissed by a person.
    pub dismissed: u64,
    /// Deliveries of any incident that wait for a person.
    pub exhausted: u64,
    /// The oldest event that still waits for its end.
    pub oldest_event_id: Option<String>,
    /// The types of those events, some of them.
    pub event_types: Vec<String>,
    /// Since when the condition does not hold any more; none: it holds, or it is over.
    pub clear_since: Option<Timestamp>,
}

impl Report {
    /// The route that it is about; none for what concerns the whole daemon, or a token.
    #[must_use]
    pub fn route(&self) -> Option<&str> {
        let is_route = self.kind != Kind::TokenEnding && !self.subject.is_empty();
        is_route.then_some(&self.subject)
    }
}

/// A condition that was found to hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Observation {
    /// The condition.
    pub kind: Kind,
    /// The route's or token's name; empty for what concerns the whole daemon.
    pub subject: String,
    /// What was found.
    pub finding: Finding,
}

/// The thresholds from which on conditions hold; the defaults are the contract's (section 10).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Thresholds {
    /// This many exhausted deliveries, or more.
    pub exhausted: u64,
    /// This many refused deliveries, or more.
    pub refused: u64,
    /// Success below this, in percent of the last hour's sends.
    pub success_percent: u64,
    /// The fewest sends in an hour from which success is judged.
    pub success_min_sends: u64,
    /// More deliveries than this wait.
    pub queue: u64,
    /// The oldest is overdue by more than this, in minutes.
    pub overdue_minutes: u64,
    /// More logins than this fail in an hour.
    pub failed_logins_per_hour: u64,
    /// The 95th percentile is above this, in milliseconds.
    pub statistics_p95_ms: u64,
    /// More answers than this fail, in percent.
    pub statistics_error_percent: u64,
    /// The backup file is older than this, in hours.
    pub backup_age_hours: u64,
    /// Less of the disk than this is free, in percent.
    pub disk_free_percent: u64,
    /// Less of the disk than this is free, in MiB.
    pub disk_free_mib: u64,
    /// The database is larger than this, in MiB.
    pub database_mib: u64,
    /// The days before the end at each of which it is told again.
    pub certificate_days: Vec<u64>,
    /// The days before the end at each of which it is told again.
    pub token_days: Vec<u64>,
    /// The clocks differ by more than this, in seconds.
    pub clock_seconds: u64,
}

impl Default for Thresholds {
    fn default() -> Self {
        Self {
            exhausted: 1,
            refused: 1,
            success_percent: 99,
            success_min_sends: 20,
            queue: 50,
            overdue_minutes: 5,
            failed_logins_per_hour: 10,
            statistics_p95_ms: 300,
            statistics_error_percent: 5,
            backup_age_hours: 24,
            disk_free_percent: 10,
            disk_free_mib: 1024,
            database_mib: 1024,
            certificate_days: vec![21, 7, 1],
            token_days: vec![30, 7, 1],
            clock_seconds: 60,
        }
    }
}

/// The answers that are retried like the rest, and that a person must act on all the same
/// (contract, section 10).
#[must_use]
pub fn is_refusal(status: u16) -> bool {
    matches!(status, 400 | 401 | 403 | 404 | 410 | 413 | 422)
}

/// How long a condition must not hold until its incident is over: one that comes and goes is one incident.
pub const CLEAR_FOR: Duration = Duration::from_mins(5);

/// The incidents that a failed attempt begins or joins: each with the number of deliveries from which on it
/// is told.
#[must_use]
pub fn joined_by(
    http_status: Option<u16>,
    status: Status,
    thresholds: &Thresholds,
) -> Vec<(Kind, u64)> {
    let refused = http_status.is_some_and(is_refusal);
    let exhausted = status == Status::Exhausted;
    [
        (refused, Kind::PartnerRefuses, thresholds.refused),
        (exhausted, Kind::DeliveriesExhausted, thresholds.exhausted),
    ]
    .into_iter()
    .filter_map(|(joins, kind, threshold)| joins.then_some((kind, threshold)))
    .collect()
}

/// An incident as a reader sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Incident {
    /// What is known of it now.
    pub report: Report,
    /// When it ended; none: it lasts.
    pub closed_at: Option<Timestamp>,
}

/// What a dismissal did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DismissResult {
    /// The incident is over.
    Done,
    /// No open incident has this id.
    Unknown,
    /// Incidents of this kind end by themselves.
    EndsByItself,
}

/// When a lasting incident is told again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Digests {
    /// The waits; the last one repeats.
    pub after: Vec<Duration>,
    /// A certificate is told again at each of these days before its end instead.
    pub certificate_days: Vec<u64>,
    /// And a token at each of these.
    pub token_days: Vec<u64>,
}

impl Digests {
    /// Whether an incident of `kind` that was told with `told` has to be told again, now that `finding` is found.
    /// `is_time`: its next message is due.
    #[must_use]
    pub fn tells_again(
        &self,
        kind: Kind,
        told: &Finding,
        finding: &Finding,
        is_time: bool,
    ) -> bool {
        if matches!(kind, Kind::CertificateExpiring | Kind::TokenEnding) {
            self.days_reached(finding) > self.days_reached(told)
        } else {
            is_time
        }
    }

    /// The wait after an incident was told again `told` times.
    #[must_use]
    pub fn wait(&self, told: u32) -> Duration {
        let nth = usize::try_from(told).unwrap_or(usize::MAX);
        let nth = self.after.get(nth).or(self.after.last());
        nth.copied().unwrap_or(CLEAR_FOR)
    }

    /// How many of the days before the end of a certificate or a token have come.
    #[must_use]
    pub fn days_reached(&self, finding: &Finding) -> usize {
        let (days, limits) = match finding {
            Finding::Certificate { days } => (days, &self.certificate_days),
            Finding::Token { days, .. } => (days, &self.token_days),
            _ => return 0,
        };
        let reached = |limit: &&u64| i64::try_from(**limit).is_ok_and(|limit| *days <= limit);
        limits.iter().filter(reached).count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_and_an_exhaustion_are_two_incidents_and_any_other_failure_is_none() {
        let limits = Thresholds {
            refused: 3,
            exhausted: 7,
            ..Thresholds::default()
        };
        let joined = |code, status| joined_by(code, status, &limits);
        assert_eq!(joined(Some(503), Status::Retrying), []);
        assert_eq!(
            joined(None, Status::Exhausted),
            [(Kind::DeliveriesExhausted, 7)]
        );
        assert_eq!(
            joined(Some(401), Status::Retrying),
            [(Kind::PartnerRefuses, 3)]
        );
        assert_eq!(joined(Some(401), Status::Exhausted).len(), 2);
    }

    #[test]
    fn words_are_the_contracts() {
        for kind in Kind::ALL {
            assert_eq!(Kind::from_word(kind.as_str()), Some(kind));
            assert_eq!(serde_json::json!(kind), kind.as_str());
        }
        for state in [State::Opened, State::Ongoing, State::Resolved] {
            assert_eq!(serde_json::json!(state), state.as_str());
        }
    }
}
