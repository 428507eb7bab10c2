//! The kinds of incidents.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Which condition holds (contract, section 10).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Deliveries whose retries are used up.
    DeliveriesExhausted,
    /// Answers that a person must act on.
    PartnerRefuses,
    /// Every attempt of a route fails as in an outage, for long.
    PartnerAway,
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
    /// A receiver's certificate, or the relay's own, ends soon.
    CertificateExpiring,
    /// A receiver's clock shows another time.
    ClockOff,
    /// A token that was issued here ends soon.
    TokenEnding,
    /// A comparison with VoiceDrive's list has not found what was delivered.
    DeliveriesMissing,
    /// What was sent was not compared with VoiceDrive's list for long.
    ReconcileOld,
    /// A person has paused sending.
    OnHold,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 16] = [
        Self::DeliveriesExhausted,
        Self::PartnerRefuses,
        Self::PartnerAway,
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
        Self::DeliveriesMissing,
        Self::ReconcileOld,
        Self::OnHold,
    ];

    /// The word of the contract.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::DeliveriesExhausted => "deliveries_exhausted",
            Self::PartnerRefuses => "partner_refuses",
            Self::PartnerAway => "partner_away",
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
            Self::DeliveriesMissing => "deliveries_missing",
            Self::ReconcileOld => "reconcile_old",
            Self::OnHold => "on_hold",
        }
    }

    /// The kind that `word` names.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }

    /// Whether the incident counts deliveries, and is over when each of them arrived after all or
    /// was dismissed; of what VoiceDrive does not have, when a comparison has found each of them. The others are over when the condition does not hold any more.
    #[must_use]
    pub fn counts_deliveries(self) -> bool {
        matches!(
            self,
            Self::DeliveriesExhausted | Self::PartnerRefuses | Self::DeliveriesMissing
        )
    }

    /// Whether it needs a person. A hold is what a person wanted.
    #[must_use]
    pub fn needs_a_person(self) -> bool {
        self != Self::OnHold
    }

    /// Whether it is about sending: then what waits for a person belongs to the end of the story.
    #[must_use]
    pub fn is_about_sending(self) -> bool {
        matches!(
            self,
            Self::DeliveriesExhausted
                | Self::PartnerRefuses
                | Self::PartnerAway
                | Self::SuccessRateLow
                | Self::QueueLong
        )
    }
}
