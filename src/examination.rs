//! The examination of somebody else's receiver: what it is asked, which answers are right, and in `verdict` what all of
//! them mean together.

pub(crate) mod posted;
pub(crate) mod verdict;

/// One webhook, good or with one fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Examination {
    Good,
    Repeated,
    NonAscii,
    UnknownEvent,
    OtherSecret,
    NoSignature,
    Altered,
    TooOld,
    TooFarAhead,
    OtherBearer,
    NoBearer,
}

/// What an answer shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CaseResult {
    Pass,
    /// Neither right nor wrong: the receiver looked at something else.
    Note,
    Fail,
}

impl CaseResult {
    /// For programs.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Note => "note",
            Self::Fail => "fail",
        }
    }
}

impl Examination {
    /// Whether it shows how the receiver verifies, and not what it does with the data.
    pub(crate) fn is_about_verification(self) -> bool {
        !matches!(
            self,
            Self::Good | Self::Repeated | Self::NonAscii | Self::UnknownEvent
        )
    }

    /// What the answer shows, for a receiver that took the good webhook or refused its data.
    pub(crate) fn outcome(self, status: u16) -> CaseResult {
        let taken = (200..300).contains(&status);
        let right = match self {
            Self::Good | Self::Repeated | Self::NonAscii => taken,
            Self::UnknownEvent => taken || (400..500).contains(&status),
            Self::NoSignature | Self::NoBearer => matches!(status, 400 | 401 | 403),
            _ => matches!(status, 401 | 403),
        };
        // The text is in a field of its own: a receiver may refuse the field, and not its characters.
        let refused_for_data = self == Self::NonAscii && is_about_data(status);
        match right {
            true => CaseResult::Pass,
            false if refused_for_data => CaseResult::Note,
            false => CaseResult::Fail,
        }
    }
}

/// Whether a receiver says with this status that it does not like the data.
pub(crate) fn is_about_data(status: u16) -> bool {
    matches!(status, 400 | 404 | 409 | 422)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_header_may_be_answered_400_and_a_wrong_signature_may_not() {
        assert_eq!(Examination::NoSignature.outcome(400), CaseResult::Pass);
        assert_eq!(Examination::NoBearer.outcome(400), CaseResult::Pass);
        assert_eq!(Examination::NoSignature.outcome(200), CaseResult::Fail);
        assert_eq!(Examination::OtherSecret.outcome(400), CaseResult::Fail);
        assert_eq!(Examination::OtherSecret.outcome(401), CaseResult::Pass);
    }

    #[test]
    fn a_field_that_is_refused_is_no_fault_of_reading_characters() {
        assert_eq!(Examination::NonAscii.outcome(200), CaseResult::Pass);
        assert_eq!(Examination::NonAscii.outcome(422), CaseResult::Note);
        assert_eq!(Examination::NonAscii.outcome(401), CaseResult::Fail);
        assert_eq!(Examination::NonAscii.outcome(500), CaseResult::Fail);
    }
}
