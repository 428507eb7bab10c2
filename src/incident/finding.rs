//! The numbers behind a condition.

use serde::{Deserialize, Serialize};

use crate::cause::Cause;
use crate::timestamp::Timestamp;
use crate::trouble::Trouble;

/// How many deliveries were answered with this status last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatusCount {
    /// The status.
    pub http_status: u16,
    /// How many.
    pub deliveries: u64,
}

/// The numbers behind a condition. None of them is a payload, a person's name or a secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "found", rename_all = "snake_case")]
pub enum Finding {
    /// Deliveries did not succeed; the last failure, or of refusals the most frequent one.
    Deliveries {
        /// Its cause.
        cause: Cause,
        /// The status of the answer, when there was one.
        http_status: Option<u16>,
        /// When they were refused with different statuses: how many with each, the most frequent first.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        statuses: Vec<StatusCount>,
    },
    /// VoiceDrive does not have what was delivered, or nothing came of it.
    Missing {
        /// The oldest that were not found since, some of them.
        ids: Vec<String>,
    },
    /// What was sent is compared with VoiceDrive's list only up to a moment.
    Comparison {
        /// So long ago.
        age_hours: u64,
    },
    /// Every attempt of a route fails.
    Away {
        /// The cause of the last failure.
        cause: Cause,
        /// The status of the answer, when there was one.
        http_status: Option<u16>,
        /// Deliveries of the route that waited to be sent when it was over.
        waiting: u64,
        /// Those that needed a person then.
        exhausted: u64,
        /// It is over because the configuration does not have the route any more.
        route_is_gone: bool,
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
    /// Of the relay itself.
    OwnCertificate {
        /// Days until it ends; negative: since it ended.
        days: i64,
    },
    /// Of a receiver.
    Clock {
        /// How far it is ahead of this server's; negative: behind.
        seconds: i64,
    },
    /// Of this server.
    OwnClock {
        /// How far it is ahead of the time that has passed for the relay; negative: behind.
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
    /// A person has paused a route, or all of them.
    Hold {
        /// When it ends, or has ended; none: when a person ends it.
        until: Option<Timestamp>,
        /// Why, as the person typed it.
        reason: String,
        /// A person has ended it before its time.
        ended_early: bool,
    },
}

impl Finding {
    /// The one number that represents the finding where there is room for only one.
    #[must_use]
    pub fn number(&self) -> u64 {
        match self {
            // What waits is counted when it is told.
            Self::Deliveries { .. }
            | Self::Missing { .. }
            | Self::Database { .. }
            | Self::Hold { .. } => 0,
            Self::Comparison { age_hours } => *age_hours,
            Self::Away {
                waiting, exhausted, ..
            } => waiting + exhausted,
            Self::SuccessRate { sends, .. } => *sends,
            Self::Queue { waiting, .. } => *waiting,
            Self::Logins { failed } => *failed,
            Self::Statistics { p95_ms, .. } => *p95_ms,
            Self::Backup { age_hours, .. } => age_hours.unwrap_or_default(),
            Self::Disk { free_mib, .. } => *free_mib,
            Self::Certificate { days }
            | Self::OwnCertificate { days }
            | Self::Token { days, .. } => days.unsigned_abs(),
            Self::Clock { seconds } | Self::OwnClock { seconds } => seconds.unsigned_abs(),
        }
    }
}
