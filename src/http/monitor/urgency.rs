//! How much somebody is needed, and which of several things is the worst.

use crate::incident::Kind;
use crate::words::monitor::standing::Standing as W;

/// How much somebody is needed, the most last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Urgency {
    /// Nobody yet: there is nothing to judge by.
    Begin,
    /// Nobody.
    Fine,
    /// Nobody: the relay deals with it.
    Wait,
    /// A person has paused it.
    Hold,
    /// Somebody should look, some time today.
    Look,
    /// Somebody is needed now.
    Act,
}

impl Urgency {
    /// Its shape, which is never the only sign.
    pub(super) fn shape(self) -> &'static str {
        match self {
            Self::Begin => "○",
            Self::Fine => "●",
            Self::Wait => "↻",
            Self::Hold => "‖",
            Self::Look => "△",
            Self::Act => "▲",
        }
    }

    /// Its class in the style sheet.
    pub(super) fn class(self) -> &'static str {
        match self {
            Self::Begin | Self::Fine => "fine",
            Self::Wait => "wait",
            Self::Hold => "hold",
            Self::Look => "look",
            Self::Act => "act",
        }
    }

    /// Whether it asks somebody to do something.
    pub(super) fn asks(self) -> bool {
        matches!(self, Self::Look | Self::Act)
    }

    /// Its word.
    pub(super) fn word(self) -> W {
        match self {
            Self::Begin => W::StateBegin,
            Self::Fine => W::StateFine,
            Self::Wait => W::StateWait,
            Self::Hold => W::StateHold,
            Self::Look => W::StateLook,
            Self::Act => W::StateAct,
        }
    }
}

/// How bad it is that a condition lasts: its place among others, the smallest first, and how much somebody is needed.
pub(super) fn of(kind: Kind) -> (u8, Urgency) {
    match kind {
        Kind::DatabaseDamaged => (0, Urgency::Act),
        Kind::PartnerRefuses => (1, Urgency::Act),
        Kind::DeliveriesExhausted => (2, Urgency::Act),
        Kind::DeliveriesMissing => (3, Urgency::Act),
        Kind::PartnerAway => (5, Urgency::Look),
        Kind::OnHold => (6, Urgency::Hold),
        Kind::ClockOff => (7, Urgency::Act),
        Kind::CertificateExpiring => (8, Urgency::Look),
        _ => (9, Urgency::Look),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_ends_by_and_by_is_looked_at_and_what_was_lost_needs_somebody() {
        for (kind, urgency) in [
            (Kind::TokenEnding, Urgency::Look),
            (Kind::CertificateExpiring, Urgency::Look),
            (Kind::PartnerAway, Urgency::Look),
            (Kind::OnHold, Urgency::Hold),
            (Kind::PartnerRefuses, Urgency::Act),
            (Kind::DeliveriesExhausted, Urgency::Act),
        ] {
            assert_eq!(of(kind).1, urgency, "{kind:?}");
        }
    }
}
