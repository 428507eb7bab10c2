//! When an admin is reminded of an incident that lasts.

use std::time::Duration;

use super::{CLEAR_FOR, Finding, Kind};

/// When a lasting incident is told again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Digests {
    /// The waits; the last one repeats.
    pub after: Vec<Duration>,
    /// A certificate is told again at each of these days before its end instead.
    pub certificate_days: Vec<u64>,
    /// And a token at each of these.
    pub token_days: Vec<u64>,
    /// What an outage leaves behind is sent again without a person: of a partner that is away nobody is reminded.
    pub automatic_recovery: bool,
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
        match kind {
            Kind::CertificateExpiring | Kind::TokenEnding => {
                self.days_reached(finding) > self.days_reached(told)
            }
            // One with an end says when that is; of the other one somebody has to think.
            Kind::OnHold => is_time && matches!(finding, Finding::Hold { until: None, .. }),
            Kind::PartnerAway => is_time && !self.automatic_recovery,
            _ => is_time,
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
            Finding::Certificate { days } | Finding::OwnCertificate { days } => {
                (days, &self.certificate_days)
            }
            Finding::Token { days, .. } => (days, &self.token_days),
            _ => return 0,
        };
        let reached = |limit: &&u64| i64::try_from(**limit).is_ok_and(|limit| *days <= limit);
        limits.iter().filter(reached).count()
    }
}
