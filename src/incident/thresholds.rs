//! The limits beyond which a condition holds.

use std::time::Duration;

/// The thresholds from which on conditions hold; the defaults are the contract's (section 10).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Thresholds {
    /// This many exhausted deliveries, or more.
    pub exhausted: u64,
    /// This many refused deliveries, or more.
    pub refused: u64,
    /// This many deliveries that VoiceDrive does not have, or more.
    pub missing: u64,
    /// The last comparison of a route is older than this, in hours.
    pub reconcile_age_hours: u64,
    /// The attempts of a route have failed for so long, in minutes.
    pub away_minutes: u64,
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
            missing: 1,
            reconcile_age_hours: 26,
            away_minutes: 10,
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

impl Thresholds {
    /// How long the attempts of a route fail until its partner counts as away.
    #[must_use]
    pub fn away(&self) -> Duration {
        Duration::from_mins(self.away_minutes)
    }
}
