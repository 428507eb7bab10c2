//! What a receiver is asked, which answers are right, and what to do when one is not.

use crate::cli::words::Speech;

/// One webhook, good or with one fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Examination {
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
pub(super) enum Outcome {
    Pass,
    /// Neither right nor wrong: the receiver looked at something else.
    Note,
    Fail,
}

impl Outcome {
    /// For programs.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Note => "note",
            Self::Fail => "fail",
        }
    }

    /// At the beginning of a line, for people.
    pub(super) fn label(self, speech: Speech) -> &'static str {
        match self {
            Self::Pass => speech.say("合格", "pass"),
            Self::Note => speech.say("注意", "note"),
            Self::Fail => speech.say("不合格", "FAIL"),
        }
    }
}

impl Examination {
    pub(super) fn name(self, speech: Speech) -> &'static str {
        let (ja, en) = match self {
            Self::Good => ("正しい Webhook", "a good webhook"),
            Self::Repeated => (
                "同じ X-Request-ID の同じ Webhook をもう一度",
                "the same webhook again, with the same X-Request-ID",
            ),
            Self::NonAscii => ("ASCII 以外の文字", "characters outside ASCII"),
            Self::UnknownEvent => ("存在しないイベント", "an event that nobody knows"),
            Self::OtherSecret => ("別の鍵による署名", "a signature with another secret"),
            Self::NoSignature => ("署名なし", "no signature"),
            Self::Altered => (
                "署名後に変更された本文",
                "a body that was altered after signing",
            ),
            Self::TooOld => ("20 分前の日時", "a timestamp of twenty minutes ago"),
            Self::TooFarAhead => ("20 分後の日時", "a timestamp of twenty minutes ahead"),
            Self::OtherBearer => ("別のトークン", "another bearer token"),
            Self::NoBearer => ("トークンなし", "no bearer token"),
        };
        speech.say(ja, en)
    }

    /// The right answers, in words.
    pub(super) fn expected(self, speech: Speech) -> &'static str {
        match self {
            Self::Good | Self::Repeated | Self::NonAscii => speech.say("2xx", "a 2xx status"),
            Self::UnknownEvent => speech.say("2xx または 400", "2xx or 400"),
            Self::NoSignature | Self::NoBearer => speech.say("401 または 400", "401 or 400"),
            _ => "401",
        }
    }

    /// What to do when the receiver answers something else.
    pub(super) fn advice(self, speech: Speech) -> &'static str {
        let (ja, en) = match self {
            Self::Good => (
                "JSON.stringify(JSON.parse(body)) の結果を鍵で署名し、プロファイルのヘッダーと比較して、200 と {\"success\":true} を返してください。",
                "Sign what JSON.stringify(JSON.parse(body)) gives with the secret, compare with the header of the profile, answer 200 with {\"success\":true}.",
            ),
            Self::Repeated => (
                "X-Request-ID を記録して処理は 1 回だけ行い、2 回目も 200 を返してください。リレーは応答を受け取れなかったものを再送します。",
                "Remember X-Request-ID, do the work once, and answer 200 again: the relay repeats what it has no answer for.",
            ),
            Self::NonAscii => (
                "本文を最初に UTF-8 として読み、UTF-8 のバイト列を署名してください。",
                "Read the body as UTF-8 before anything else, and sign the bytes of UTF-8.",
            ),
            Self::UnknownEvent => (
                "400 を返すか、何もせずに受け付けてください。5xx を返すと何度も再送されます。",
                "Answer 400, or take it and do nothing; a 5xx status would have it sent again and again.",
            ),
            Self::OtherSecret | Self::NoSignature | Self::Altered => (
                "届いた本文から署名を計算し、一定時間で比較して、異なる場合やない場合は 401 を返してください。",
                "Compute the signature over the body that arrived, compare in constant time, and answer 401 when it differs or is missing.",
            ),
            Self::TooOld | Self::TooFarAhead => (
                "日時が現在から 5 分を超えて離れている場合は 401 を返してください。古い Webhook の再利用かもしれません。",
                "Answer 401 when the timestamp is more than 5 minutes from now: somebody may be replaying an old webhook.",
            ),
            Self::OtherBearer | Self::NoBearer => (
                "Authorization ヘッダーのトークンを一定時間で比較し、異なる場合やない場合は 401 を返してください。",
                "Compare the token of the Authorization header in constant time, and answer 401 when it differs or is missing.",
            ),
        };
        speech.say(ja, en)
    }

    /// Whether it shows how the receiver verifies, and not what it does with the data.
    pub(super) fn is_about_verification(self) -> bool {
        !matches!(
            self,
            Self::Good | Self::Repeated | Self::NonAscii | Self::UnknownEvent
        )
    }

    /// What the answer shows, for a receiver that took the good webhook or refused its data.
    pub(super) fn outcome(self, status: u16) -> Outcome {
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
            true => Outcome::Pass,
            false if refused_for_data => Outcome::Note,
            false => Outcome::Fail,
        }
    }
}

/// Whether a receiver says with this status that it does not like the data.
pub(super) fn is_about_data(status: u16) -> bool {
    matches!(status, 400 | 404 | 409 | 422)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_header_may_be_answered_400_and_a_wrong_signature_may_not() {
        assert_eq!(Examination::NoSignature.outcome(400), Outcome::Pass);
        assert_eq!(Examination::NoBearer.outcome(400), Outcome::Pass);
        assert_eq!(Examination::NoSignature.outcome(200), Outcome::Fail);
        assert_eq!(Examination::OtherSecret.outcome(400), Outcome::Fail);
        assert_eq!(Examination::OtherSecret.outcome(401), Outcome::Pass);
    }

    #[test]
    fn a_field_that_is_refused_is_no_fault_of_reading_characters() {
        assert_eq!(Examination::NonAscii.outcome(200), Outcome::Pass);
        assert_eq!(Examination::NonAscii.outcome(422), Outcome::Note);
        assert_eq!(Examination::NonAscii.outcome(401), Outcome::Fail);
        assert_eq!(Examination::NonAscii.outcome(500), Outcome::Fail);
    }
}
