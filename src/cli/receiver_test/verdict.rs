//! What all answers of a receiver mean together.
//!
//! The good webhook and the one with a wrong secret differ in nothing but the signature. A receiver that
//! answers 401 to the second only has understood the signature, whatever it thinks of the data.

use super::examination::{Examination, Outcome, is_about_data};
use super::examiner::Posted;
use crate::cli::words::Speech;
use crate::language::Language;

/// What to tell whoever built the receiver.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
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

impl Verdict {
    /// What the answers to the good and to the forged webhook mean.
    pub(super) fn of(posted: &[Posted]) -> Self {
        let status = |examination| {
            let found = posted.iter().find(|one| one.examination == examination);
            found.and_then(Posted::status)
        };
        let Some(good) = status(Examination::Good) else {
            return Self::Unreachable;
        };
        let forged = [Examination::OtherSecret, Examination::OtherBearer];
        match forged.into_iter().find_map(status) {
            Some(forged) => Self::of_statuses(good, forged, status(Examination::NonAscii)),
            None if is_taken(good) => Self::NothingToVerify,
            None if matches!(good, 401 | 403) => Self::WantsProof,
            None => Self::OtherDataUnverified(good),
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
    pub(super) fn outcome(self, posted: &Posted) -> Outcome {
        let Some(status) = posted.status() else {
            return Outcome::Fail;
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
        if of_data && plain == Outcome::Fail {
            Outcome::Note
        } else {
            plain
        }
    }

    /// The verdict when these examinations have failed.
    pub(super) fn after(self, failed: &[Examination]) -> Self {
        let verification = failed.iter().any(|one| one.is_about_verification());
        match self {
            Self::Right | Self::AsciiOnly | Self::OtherData(_) if verification => Self::Incomplete,
            Self::Right | Self::NothingToVerify if !failed.is_empty() => Self::RightButFlawed,
            same => same,
        }
    }

    /// For programs.
    pub(super) fn word(self) -> &'static str {
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

    /// For people.
    pub(super) fn sentence(self, speech: Speech) -> String {
        match self {
            Self::OtherData(status) => {
                let right = speech.say(
                    "署名の検証は正しく実装されています。正しい署名は通り、偽の署名は拒否されました。",
                    "your verification is right: the good signature passed, the forged one was refused. ",
                );
                format!("{right}{}", wanted(status, speech))
            }
            Self::OtherDataUnverified(status) => wanted(status, speech),
            Self::Unclear(404) => unclear_path(speech).to_owned(),
            Self::Unclear(status) => unclear(status, speech),
            _ => self.fixed(speech).to_owned(),
        }
    }

    fn fixed(self, speech: Speech) -> &'static str {
        let (ja, en) = match self {
            Self::Right => (
                "署名の検証は正しく、すべての項目に合格しました。",
                "your verification is right, and everything else too.",
            ),
            Self::NothingToVerify => (
                "すべての項目に合格しました。この形式には署名がないため、送信元は検証されていません。",
                "everything is right; this profile signs nothing, so nothing shows who posts.",
            ),
            Self::RightButFlawed => (
                "署名の検証は正しく実装されています。上の不合格の項目を直してください。",
                "your verification is right; mend what is marked FAIL above.",
            ),
            Self::Wrong => (
                "署名の検証が正しくありません。正しい署名が拒否されました。鍵が両者で同じか、署名対象の文字列と形式がプロファイルどおりかを確かめてください。",
                "your verification is wrong: it refuses a good signature. Compare the secrets of both sides, then the signed text and the headers with the profile.",
            ),
            Self::AsciiOnly => (
                "署名の検証が正しくありません。日本語などを含む本文では、正しい署名が拒否されました。解析し直した JSON ではなく、受信した本文のバイト列をそのまま検証してください。",
                "your verification is wrong: it refuses a good signature when the body has characters outside ASCII, as every Japanese name does. Verify the bytes of the body as they came, not JSON that was written anew.",
            ),
            Self::NotVerified => (
                "署名が検証されていません。別の鍵による署名が受け付けられました。鍵が設定されていないと検証を省く実装に注意してください。",
                "your verification is wrong: a forged webhook was taken. Some receivers skip it while no secret is set.",
            ),
            Self::Incomplete => (
                "署名の検証に不足があります。上の不合格の項目を直してください。",
                "your verification is incomplete: a forged signature is refused, but what is marked FAIL above is not.",
            ),
            Self::WantsProof => (
                "受信側は認証情報を求めています。--profile を確かめるか、--bearer でトークンを指定してください。",
                "the receiver wants a proof that this profile does not send: another --profile, or a token with --bearer.",
            ),
            _ => (
                "受信側から応答がないため、判定できません。",
                "the receiver gave no answer, so nothing can be said of its verification.",
            ),
        };
        speech.say(ja, en)
    }
}

fn is_taken(status: u16) -> bool {
    (200..300).contains(&status)
}

/// The receiver understood who posts, and did not do what was posted.
fn wanted(status: u16, speech: Speech) -> String {
    let why = if status >= 500 {
        speech.say(
            "受信側の処理が失敗しました。別のデータを --event と --data で指定するか、受信側のログを確認してください。",
            "It failed while it worked on this data: give other data with --event and --data, or read the receiver's log.",
        )
    } else if is_about_data(status) || status == 403 {
        speech.say(
            "受信側は別のデータを求めています。--event と --data で指定してください。",
            "This receiver wants other data: give it with --event and --data.",
        )
    } else {
        speech.say(
            "署名以外の理由で受け付けられませんでした。",
            "It did not take the webhook for another reason than its signature.",
        )
    };
    format!("HTTP {status}: {why}")
}

fn unclear_path(speech: Speech) -> &'static str {
    speech.say(
        "正しい署名にも偽の署名にも HTTP 404 が返りました。URL のパスを確かめてください。パスが正しければ、署名より先にデータを調べています。受け付けられるデータを --data で指定してください。",
        "HTTP 404 to the good webhook and to the forged one alike. Is the path of the URL right? If it is, the receiver looks at the data before the signature: give data that it takes with --data.",
    )
}

fn unclear(status: u16, speech: Speech) -> String {
    match speech.language {
        Language::Ja => format!(
            "正しい署名にも偽の署名にも HTTP {status} が返りました。署名より先にデータなどを調べているため、検証の正しさは判定できません。受け付けられるデータを --event と --data で指定してください。"
        ),
        Language::En => format!(
            "the same answer to the good webhook and to the forged one, HTTP {status}. It looks at something else before the signature, so nothing can be said of its verification: give data that it takes with --event and --data."
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_good_and_the_forged_answer_tell_data_from_verification() {
        for (good, forged, expected) in [
            (200, 401, Verdict::Right),
            (200, 200, Verdict::NotVerified),
            (400, 200, Verdict::NotVerified),
            (401, 401, Verdict::Wrong),
            (403, 403, Verdict::Wrong),
            (400, 401, Verdict::OtherData(400)),
            (404, 403, Verdict::OtherData(404)),
            (500, 401, Verdict::OtherData(500)),
            // Level 99 is wanted there, and the signature was looked at before.
            (403, 401, Verdict::OtherData(403)),
            (400, 400, Verdict::Unclear(400)),
            (500, 500, Verdict::Unclear(500)),
            (404, 404, Verdict::Unclear(404)),
        ] {
            assert_eq!(
                Verdict::of_statuses(good, forged, Some(good)),
                expected,
                "{good} {forged}"
            );
        }
    }

    #[test]
    fn a_signature_that_holds_for_ascii_only_is_wrong() {
        let answered = |non_ascii| Verdict::of_statuses(200, 401, Some(non_ascii));
        assert_eq!(answered(401), Verdict::AsciiOnly);
        assert_eq!(answered(500), Verdict::Right);
    }

    #[test]
    fn what_fails_decides_what_is_still_said() {
        let right = Verdict::Right;
        assert_eq!(right.after(&[]), Verdict::Right);
        assert_eq!(
            right.after(&[Examination::Repeated]),
            Verdict::RightButFlawed
        );
        assert_eq!(right.after(&[Examination::TooOld]), Verdict::Incomplete);
        assert_eq!(
            Verdict::OtherData(400).after(&[Examination::Altered]),
            Verdict::Incomplete
        );
        assert_eq!(Verdict::Wrong.after(&[Examination::Good]), Verdict::Wrong);
    }
}
