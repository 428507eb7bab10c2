//! What a channel of the alerts had against a message.

use crate::alerts::objection::{Mail, Objection};
use crate::alerts::outcome::Refused;
use crate::language::Language;

impl Objection {
    /// Why it was not told, in one line.
    #[must_use]
    pub fn told(&self, language: Language) -> String {
        match self {
            Self::NoAnswer(limit) => both!(
                language,
                "{limit:?} 以内に応答がありませんでした",
                "no answer within {limit:?}"
            ),
            Self::NoUrl => both!(
                language,
                "秘密の値が URL ではありません",
                "the secret is no URL"
            ),
            Self::NoClient(error) => error.told(language),
            Self::Failed(failure) => failure.with_advice(language),
            Self::Answer(status) => format!("HTTP {status}"),
            Self::AnswerSaid(status, said) => format!("HTTP {status}: {said}"),
            Self::SaysFailure(status) => both!(
                language,
                "HTTP {status} ですが、応答の内容は失敗を示しています",
                "HTTP {status}, and its body says that it failed"
            ),
            Self::Teams(Some(status)) => both!(
                language,
                "Teams が配信できませんでした (HTTP {status})",
                "Teams could not deliver it: HTTP error {status}"
            ),
            Self::Teams(None) => both!(
                language,
                "Teams が配信できませんでした",
                "Teams could not deliver it"
            ),
            Self::Unwritable(why) => both!(language, "通知を作れませんでした ({why})", "{why}"),
            Self::Mail(mail) => mail.told(language),
            Self::Recipients(refused) => {
                let refused = refused.iter().map(|refused| refused.told(language));
                refused.collect::<Vec<_>>().join("; ")
            }
        }
    }
}

impl Mail {
    fn told(&self, language: Language) -> String {
        match self {
            Self::NoAnswer(limit) => both!(
                language,
                "メールサーバーが {limit:?} 以内に応答しませんでした",
                "the mail server did not answer within {limit:?}"
            ),
            Self::Unreachable(why) => {
                let why = why.told(language);
                both!(
                    language,
                    "メールサーバーに接続できません。{why}",
                    "Connection error: {why}"
                )
            }
            Self::Tls(error) => {
                let why = error.told(language);
                both!(
                    language,
                    "{why} (apt install ca-certificates)",
                    "{why} (apt install ca-certificates)"
                )
            }
            Self::Insecure(failure) => failure.with_advice(language),
            Self::NoStartTls => both!(
                language,
                "メールサーバーは STARTTLS に対応していません",
                "the mail server does not begin TLS: STARTTLS is not offered"
            ),
            Self::WentOn => both!(
                language,
                "メールサーバーが暗号化しないまま続けました",
                "the mail server does not begin TLS: it went on without TLS"
            ),
            Self::RefusedTls(said) => both!(
                language,
                "メールサーバーが暗号化を始めません ({said})",
                "the mail server does not begin TLS: {said}"
            ),
            Self::NoName(name) => both!(
                language,
                "{name} はホスト名でもアドレスでもありません",
                "{name} is neither a host name nor an address"
            ),
            Self::Said(said) => both!(language, "メールサーバーに断られました ({said})", "{said}"),
        }
    }
}

impl Refused {
    /// Who does not get it, and what the server says.
    #[must_use]
    pub fn told(&self, language: Language) -> String {
        format!("{} ({})", self.recipient, self.reason.told(language))
    }
}
