//! What a channel of the alerts had against a message.

use std::collections::BTreeMap;

use crate::channel::objection::{Mail, Objection, Refused};
use crate::language::Language;

/// From this code on a mail server refuses for good (RFC 5321).
const PERMANENT: u16 = 500;

impl Objection {
    /// Why it was not told, in one line.
    #[must_use]
    pub fn told(&self, language: Language) -> String {
        match self {
            Self::NoAnswer(limit) => {
                let seconds = limit.as_secs_f64();
                both!(
                    language,
                    "{seconds} 秒以内に応答がありませんでした",
                    "no answer within {limit:?}"
                )
            }
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
            Self::Unwritable(why) => both!(language, "通知を作れませんでした", "{why}"),
            Self::Mail(mail) => mail.told(language),
            Self::Recipients(refused) => {
                let refused = refused.iter().map(|refused| refused.told(language));
                let refused = refused.collect::<Vec<_>>().join("; ");
                both!(
                    language,
                    "メールサーバーが受け付けない宛先があります: {refused}",
                    "the mail server does not take every recipient: {refused}"
                )
            }
        }
    }
}

impl Objection {
    /// What is kept of it: its sentence in both languages, for whoever asks.
    #[must_use]
    pub fn kept(&self) -> String {
        let told = |language: Language| (language.code(), self.told(language));
        let sentences = BTreeMap::from([Language::Ja, Language::En].map(told));
        serde_json::json!(sentences).to_string()
    }
}

/// The sentence of a kept objection; an older version kept it in one language alone.
pub(crate) fn of_kept(kept: &str, language: Language) -> String {
    let sentences = serde_json::from_str(kept);
    let sentence = sentences
        .ok()
        .and_then(|mut sentences: BTreeMap<String, String>| sentences.remove(language.code()));
    sentence.unwrap_or_else(|| kept.to_owned())
}

impl Mail {
    fn told(&self, language: Language) -> String {
        match self {
            Self::NoAnswer(limit) => {
                let seconds = limit.as_secs_f64();
                both!(
                    language,
                    "メールサーバーが {seconds} 秒以内に応答しませんでした",
                    "the mail server did not answer within {limit:?}"
                )
            }
            Self::NameNotFound => both!(
                language,
                "メールサーバーのホスト名が見つかりません。alerts.channel の host の綴りと、このサーバーの DNS を確かめてください",
                "the mail server's host name has no address: look at `host` of the alerts.channel and at this server's DNS"
            ),
            Self::Unreachable(why) => {
                let why = why.told(language);
                both!(
                    language,
                    "メールサーバーに接続できません。{why}",
                    "the mail server cannot be reached: {why}"
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
                "メールサーバーが暗号化を始めません (応答: 「{said}」)",
                "the mail server does not begin TLS: {said}"
            ),
            Self::NoName(name) => both!(
                language,
                "{name} はホスト名でもアドレスでもありません",
                "{name} is neither a host name nor an address"
            ),
            Self::Refused(code, said) if *code < PERMANENT => both!(
                language,
                "メールサーバーは今は受け付けられません (応答: 「{code} {said}」)",
                "the mail server does not take it now: {code} {said}"
            ),
            Self::Refused(code, said) => both!(
                language,
                "メールサーバーに断られました (応答: 「{code} {said}」)",
                "the mail server refuses: {code} {said}"
            ),
            Self::NoLogin => both!(
                language,
                "メールサーバーのログインの方式に対応していません。alerts.channel の encryption と port を確かめてください",
                "the mail server has no way to log in that is known here: look at `encryption` and `port` of the alerts.channel"
            ),
            Self::NoAnswerOfMail => both!(
                language,
                "メールサーバーの応答ではありません。alerts.channel の host、port、encryption を確かめてください",
                "what answers is no mail server: look at `host`, `port` and `encryption` of the alerts.channel"
            ),
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

#[cfg(test)]
mod tests {
    use std::io;
    use std::time::Duration;

    use super::*;

    #[test]
    fn what_is_kept_is_told_in_the_language_of_the_one_who_asks() {
        let objection = Objection::Mail(Mail::Refused(450, "try later".to_owned()));
        let kept = objection.kept();
        for language in [Language::Ja, Language::En] {
            assert_eq!(of_kept(&kept, language), objection.told(language));
        }
        let of_before = "an older version's words";
        assert_eq!(of_kept(of_before, Language::Ja), of_before);
    }

    #[test]
    fn only_what_the_server_said_is_english_in_japanese() {
        let said = || "said so".to_owned();
        for (mail, quoted) in [
            (Mail::Refused(450, said()), true),
            (Mail::Refused(550, said()), true),
            (Mail::RefusedTls(said()), true),
            (Mail::NoLogin, false),
            (Mail::NoAnswerOfMail, false),
            (Mail::NameNotFound, false),
            (Mail::NoAnswer(Duration::from_secs(30)), false),
            (
                Mail::Unreachable((&io::Error::from_raw_os_error(111)).into()),
                false,
            ),
        ] {
            let told = mail.told(Language::Ja);
            assert_eq!(told.contains("said so」"), quoted, "{told}");
            for word in ["error", "refuse", "30s", "connection"] {
                assert!(!told.contains(word), "{told}");
            }
        }
    }
}
