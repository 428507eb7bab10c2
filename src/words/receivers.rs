//! The output of the stand-in receiver.

use crate::language::Language;
use crate::receiver::Rejection;

/// The address at which it listens.
pub(crate) fn listening(address: impl std::fmt::Display, language: Language) -> String {
    both!(
        language,
        "http://{address}/ で待ち受けています (Ctrl-C で終了)",
        "listening on http://{address}/ (Ctrl-C ends it)"
    )
}

/// One webhook: its attempt, its length, and whether it was accepted.
pub(crate) fn judged(
    attempt: &str,
    bytes: usize,
    verdict: Result<(), Rejection>,
    language: Language,
) -> String {
    let verdict = match verdict {
        Ok(()) => language.say("検証できました", "verified").to_owned(),
        Err(why) => {
            let why = why.describe(language);
            both!(language, "拒否: {why}", "REFUSED: {why}")
        }
    };
    both!(
        language,
        "{attempt} 回目  {bytes} バイト  {verdict}",
        "attempt {attempt}  {bytes} bytes  {verdict}"
    )
}

impl Rejection {
    /// Why VoiceDrive would reject it.
    #[must_use]
    pub fn describe(self, language: Language) -> String {
        match self {
            Self::HeaderMissing(name) => both!(
                language,
                "ヘッダー {name} がありません",
                "the header {name} is missing"
            ),
            Self::BadTimestamp => {
                both!(language, "日時を読めません", "the timestamp cannot be read")
            }
            Self::Stale => both!(
                language,
                "日時が現在より 5 分以上ずれています",
                "the timestamp is more than five minutes from now"
            ),
            Self::UnstableBody => both!(
                language,
                "本文が JSON.stringify(JSON.parse(body)) で変わります",
                "the body does not survive JSON.stringify(JSON.parse(body))"
            ),
            Self::WrongSignature => {
                both!(language, "署名が正しくありません", "the signature is wrong")
            }
        }
    }
}

/// In English, for programs.
impl std::fmt::Display for Rejection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.describe(Language::En))
    }
}
