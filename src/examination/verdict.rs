//! What all answers of a receiver mean together.
//!
//! The good webhook and the one with a wrong secret differ in nothing but the signature. A receiver that
//! answers 401 to the second only has understood the signature, whatever it thinks of the data.

use super::posted::Posted;
use super::{CaseResult, Examination};

/// What the developer of the receiver has to know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Diagnosis {
    /// It verifies as it should, and everything else is right.
    Right,
    /// Everything is right, and nothing proves who posts.
    NothingToVerify,
    /// It verifies as it should; something else is to be mended.
    RightButFlawed,
    /// It verifies as it should, and did not take the data of the good webhook.
    OtherData(u16),
    /// The profile proves nothing, and the receiver did not take the data.
    OtherDataUnverified(u16),
    /// It answers alike whoever signed: it looks at something else first.
    Unclear(u16),
    /// It refuses a good signature.
    Wrong,
    /// It refuses a good signature when the body has characters outside ASCII.
    AsciiOnly,
    /// It takes a forged webhook.
    NotVerified,
    /// It finds some forgeries and not others.
    Incomplete,
    /// It wants a proof that was not sent.
    WantsProof,
    /// It gave no answer.
    Unreachable,
}

impl Diagnosis {
    /// What the answers to the good and to the forged webhook mean.
    pub(crate) fn of(posted: &[Posted]) -> Self {
        let status = |examination| {
            let found = posted.iter().find(|one| one.examination == examination);
            found.and_then(Posted::status)
        };
        let Some(good) = status(Examination::Good) else {
            return Self::Unreachable;
        };
        let about_verification = |one: &&Posted| one.examination.is_about_verification();
        let mut forged = posted.iter().filter(about_verification).peekable();
        if forged.peek().is_none() {
            return Self::without_proof(good);
        }
        let is_taken = forged.clone().any(Posted::is_taken);
        match forged.find_map(Posted::status) {
            None => Self::Unreachable,
            Some(first) => match Self::of_statuses(good, first, status(Examination::NonAscii)) {
                Self::Unclear(_) if is_taken => Self::Incomplete,
                verdict => verdict,
            },
        }
    }

    /// What the answer to the good webhook means when the profile proves nothing.
    fn without_proof(good: u16) -> Self {
        match good {
            200..300 => Self::NothingToVerify,
            401 | 403 => Self::WantsProof,
            _ => Self::OtherDataUnverified(good),
        }
    }

    fn of_statuses(good: u16, forged: u16, non_ascii: Option<u16>) -> Self {
        match (good, forged) {
            (_, 200..300) => Self::NotVerified,
            (200..300, _) if matches!(non_ascii, Some(401 | 403)) => Self::AsciiOnly,
            (200..300, _) => Self::Right,
            (401, _) | (403, 403) => Self::Wrong,
            (_, 401 | 403) => Self::OtherData(good),
            _ => Self::Unclear(good),
        }
    }

    /// What one answer shows, given what is known of the receiver.
    pub(crate) fn outcome(self, posted: &Posted) -> CaseResult {
        let Some(status) = posted.status() else {
            return CaseResult::Fail;
        };
        let examination = posted.examination;
        let plain = examination.outcome(status);
        let of_data = match self {
            Self::OtherData(_) | Self::OtherDataUnverified(_) => examination == Examination::Good,
            // As much is said of the forged ones as of the good one: nothing.
            Self::Unclear(good) => {
                examination == Examination::Good
                    || examination.is_about_verification() && status == good
            }
            _ => false,
        };
        if of_data && plain == CaseResult::Fail {
            CaseResult::Note
        } else {
            plain
        }
    }

    /// The verdict when these examinations have failed.
    pub(crate) fn after(self, failed: &[Examination]) -> Self {
        let verification = failed.iter().any(|one| one.is_about_verification());
        match self {
            Self::Right | Self::AsciiOnly | Self::OtherData(_) if verification => Self::Incomplete,
            Self::Right | Self::NothingToVerify if !failed.is_empty() => Self::RightButFlawed,
            same => same,
        }
    }

    /// For programs.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Right => "right",
            Self::NothingToVerify => "nothing-to-verify",
            Self::RightButFlawed => "right-but-flawed",
            Self::OtherData(_) => "other-data",
            Self::OtherDataUnverified(_) => "other-data-unverified",
            Self::Unclear(_) => "unclear",
            Self::Wrong => "wrong",
            Self::AsciiOnly => "ascii-only",
            Self::NotVerified => "not-verified",
            Self::Incomplete => "incomplete",
            Self::WantsProof => "wants-proof",
            Self::Unreachable => "unreachable",
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::posted::PostedAnswer;
    use super::*;
    use crate::delivery::failure::Failure;

    #[test]
    fn the_good_and_the_forged_answer_tell_data_from_verification() {
        for (good, forged, expected) in [
            (200, 401, Diagnosis::Right),
            (200, 200, Diagnosis::NotVerified),
            (400, 200, Diagnosis::NotVerified),
            (401, 401, Diagnosis::Wrong),
            (403, 403, Diagnosis::Wrong),
            (400, 401, Diagnosis::OtherData(400)),
            (404, 403, Diagnosis::OtherData(404)),
            (500, 401, Diagnosis::OtherData(500)),
            // Level 99 is wanted there, and the signature was looked at before.
            (403, 401, Diagnosis::OtherData(403)),
            (400, 400, Diagnosis::Unclear(400)),
            (500, 500, Diagnosis::Unclear(500)),
            (404, 404, Diagnosis::Unclear(404)),
        ] {
            assert_eq!(
                Diagnosis::of_statuses(good, forged, Some(good)),
                expected,
                "{good} {forged}"
            );
        }
    }

    #[test]
    fn who_takes_an_unsigned_or_altered_webhook_never_verifies_right() {
        use Examination::{Altered, Good, NoSignature, OtherSecret, TooOld};
        let judged = |answers: &[(Examination, Option<u16>)]| {
            let posted: Vec<_> = answers.iter().map(|answer| posted(*answer)).collect();
            let verdict = Diagnosis::of(&posted);
            let failed = posted
                .iter()
                .filter(|one| verdict.outcome(one) == CaseResult::Fail);
            verdict.after(&failed.map(|one| one.examination).collect::<Vec<_>>())
        };
        let (taken, refused) = (Some(200), Some(401));
        // The connection is cut off while the wrong secret is tried.
        let all = [
            (Good, taken),
            (OtherSecret, None),
            (NoSignature, taken),
            (TooOld, taken),
        ];
        assert_eq!(judged(&all), Diagnosis::NotVerified);
        let late = [
            (Good, taken),
            (OtherSecret, None),
            (NoSignature, refused),
            (Altered, taken),
        ];
        assert_eq!(judged(&late), Diagnosis::Incomplete);
        let none = [(Good, taken), (OtherSecret, None), (NoSignature, None)];
        assert_eq!(judged(&none), Diagnosis::Unreachable);
        let busy = [
            (Good, Some(500)),
            (OtherSecret, Some(500)),
            (NoSignature, taken),
        ];
        assert_eq!(judged(&busy), Diagnosis::Incomplete);
    }

    fn posted((examination, status): (Examination, Option<u16>)) -> Posted {
        let answer = status.map(|status| PostedAnswer {
            status,
            body: String::new(),
        });
        Posted {
            examination,
            answer: answer.ok_or(Failure::TimedOut(Duration::from_secs(5))),
        }
    }

    #[test]
    fn a_signature_that_holds_for_ascii_only_is_wrong() {
        let answered = |non_ascii| Diagnosis::of_statuses(200, 401, Some(non_ascii));
        assert_eq!(answered(401), Diagnosis::AsciiOnly);
        assert_eq!(answered(500), Diagnosis::Right);
    }

    #[test]
    fn what_fails_decides_what_is_still_said() {
        let right = Diagnosis::Right;
        assert_eq!(right.after(&[]), Diagnosis::Right);
        assert_eq!(
            right.after(&[Examination::Repeated]),
            Diagnosis::RightButFlawed
        );
        assert_eq!(right.after(&[Examination::TooOld]), Diagnosis::Incomplete);
        assert_eq!(
            Diagnosis::OtherData(400).after(&[Examination::Altered]),
            Diagnosis::Incomplete
        );
        assert_eq!(
            Diagnosis::Wrong.after(&[Examination::Good]),
            Diagnosis::Wrong
        );
    }
}
