//! Why an alert channel did not accept a message.

use std::collections::BTreeMap;

use crate::channel::objection::{Mail, Objection, RefusedRecipient};
use crate::language::Language;

/// Codes of a mail server from this one on are permanent errors (RFC 5321).
const PERMANENT: u16 = 500;

impl Objection {
    /// Why it was not told, in one line.
    #[must_use]
    pub fn describe(&self, language: Language) -> String {
        match self {
            Self::NoAnswer(limit) => {
                let seconds = limit.as_secs_f64();
                both!(
                    language,
                    "{seconds} 秒以内に応答がありませんでした。通知先の混雑か、途中のネットワーク (プロキシを使う場合はそれも) の不調です",
                    "no answer within {limit:?}: the service is slow, or the network between (and the proxy, when there is one) is in trouble"
                )
            }
            Self::NoUrl => both!(
                language,
                "秘密の値が URL ではありません",
                "the secret is no URL"
            ),
            Self::NoClient(error) => error.describe(language),
            Self::Failed(failure) => failure.with_advice(language),
            Self::Answer(status) => {
                let meaning = meaning(*status, language);
                format!("HTTP {status}: {meaning}")
            }
            Self::AnswerSaid(status, said) => {
                let meaning = meaning_of_word(*status, said, language);
                both!(
                    language,
                    "HTTP {status} (応答: 「{said}」): {meaning}",
                    "HTTP {status}, {said}: {meaning}"
                )
            }
            Self::SaysFailure(status) => both!(
                language,
                "HTTP {status} ですが、応答の内容は失敗を示しています",
                "HTTP {status}, and its body says that it failed"
            ),
            Self::Page(status) => both!(
                language,
                "HTTP {status} ですが、応答は人が見るページ (HTML) で、通知の受信口ではありません。ログイン画面や途中の機器の案内の場合もあります。URL を確かめてください",
                "HTTP {status}, and the answer is a page for people (HTML), such as one where one logs in, or of a device on the way; see whether the URL is that of a webhook"
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
            Self::Mail(mail) => mail.describe(language),
            Self::Late(late, limit) => {
                let (late, hours) = (late.describe(language), limit.as_secs() / 3600);
                both!(
                    language,
                    "メールサーバーが今は受け付けない宛先があります。{hours} 時間まで、繰り返し送ります: {late}",
                    "the mail server does not take every recipient now; it is tried again for {hours} hours: {late}"
                )
            }
            Self::Recipients(refused) if refused.iter().all(|one| one.for_now) => {
                let refused = refused.iter().map(|refused| refused.describe(language));
                let refused = refused.collect::<Vec<_>>().join("; ");
                both!(
                    language,
                    "メールサーバーが今は受け付けない宛先があります。時間をおいて送り直します: {refused}",
                    "the mail server does not take every recipient now; it is tried again later: {refused}"
                )
            }
            Self::Recipients(refused) => {
                let refused = refused.iter().map(|refused| refused.describe(language));
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

/// What a status of a hook means for the admin, and what to do.
fn meaning(status: u16, language: Language) -> &'static str {
    let (ja, en) = match status {
        300..=399 => (
            "URL が別の場所へ移ったか、ログインの画面に転送されています。通知先の管理画面から URL を取り直し、secrets.env に書いてください",
            "the URL has moved, or leads to a page where one logs in; take the URL from the service again and write it into secrets.env",
        ),
        400 | 413 | 422 => (
            "通知先がこの形の通知を受け付けません。alerts.channel の kind が URL の種類と合っているか確かめてください",
            "the service does not take a message of this form; see whether `kind` of the alerts.channel goes with the URL",
        ),
        401 | 403 => (
            "通知先に許可されていません。URL が有効か、送信元の制限がないか確かめてください",
            "the service does not allow it; see whether the URL is valid, and whether the service limits who may send",
        ),
        404 | 410 => (
            "この URL は通知先にありません。削除されたか、書き間違いです。URL を取り直し、secrets.env に書いてください",
            "the service does not know this URL: it was deleted or is mistyped; take the URL again and write it into secrets.env",
        ),
        429 => (
            "短い間に送りすぎたため、通知先に断られました。しばらく待ってください",
            "the service takes no more at this moment; wait a while",
        ),
        500..=599 => (
            "通知先のサーバーの不調です。しばらく待ってください",
            "the service has trouble of its own; wait a while",
        ),
        _ => (
            "通知先の応答が想定と違います。URL を確かめてください",
            "no answer that such a service gives; see whether the URL is right",
        ),
    };
    language.say(ja, en)
}

/// What a word of Slack's means. It counts more than the status beside it, which is at times that of a success.
fn meaning_of_word(status: u16, said: &str, language: Language) -> &'static str {
    let (ja, en) = match said {
        "channel_is_archived" | "channel_not_found" => (
            "書き込み先のチャンネルがありません。Slack で確かめてください",
            "the channel of Slack is archived or gone",
        ),
        "action_prohibited" | "posting_to_general_channel_denied" | "team_disabled" => (
            "Slack の管理者が書き込みを止めています",
            "the administrator of Slack does not allow it",
        ),
        "invalid_token" | "no_active_hooks" | "no_service" | "no_service_id" | "no_team"
        | "user_not_found" => return meaning(404, language),
        _ if (200..300).contains(&status) => return meaning(400, language),
        _ => return meaning(status, language),
    };
    language.say(ja, en)
}

impl Objection {
    /// What is kept of it: its sentence in both languages, for whoever asks.
    #[must_use]
    pub fn kept(&self) -> String {
        let told = |language: Language| (language.code(), self.describe(language));
        let sentences = BTreeMap::from([Language::Ja, Language::En].map(told));
        serde_json::json!(sentences).to_string()
    }
}

/// What the channel with this key has against what it was told, of the kept objections of all channels.
pub(crate) fn of_channel(
    failing: &[(String, String)],
    key: &str,
    language: Language,
) -> Option<String> {
    let of_key = failing.iter().filter(|(of, _)| of == key);
    let told: Vec<String> = of_key.map(|(_, kept)| of_kept(kept, language)).collect();
    (!told.is_empty()).then(|| told.join("; "))
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
    /// What is wrong, in one line.
    #[must_use]
    pub fn describe(&self, language: Language) -> String {
        match self {
            Self::NoAnswer(limit) => {
                let seconds = limit.as_secs_f64();
                both!(
                    language,
                    "メールサーバーが {seconds} 秒以内に応答しませんでした。alerts.channel の host、port、encryption を確かめてください",
                    "the mail server did not answer within {limit:?}: look at `host`, `port` and `encryption` of the alerts.channel"
                )
            }
            Self::NameNotFound => both!(
                language,
                "メールサーバーのホスト名が見つかりません。alerts.channel の host の綴りと、このサーバーの DNS を確かめてください",
                "the mail server's host name has no address: look at `host` of the alerts.channel and at this server's DNS"
            ),
            Self::Unreachable(why) => {
                let why = why.describe(language);
                both!(
                    language,
                    "メールサーバーに接続できません。{why}。alerts.channel の host と port を確かめてください",
                    "the mail server cannot be reached: {why}; look at `host` and `port` of the alerts.channel"
                )
            }
            Self::HungUp => both!(
                language,
                "メールサーバーが応答せずに接続を切りました。続くようなら、alerts.channel の host、port、encryption と、メールサーバーのログを確かめてください",
                "the mail server ended the connection without an answer: if that lasts, look at `host`, `port` and `encryption` of the alerts.channel, and into the mail server's log"
            ),
            Self::Tls(error) => {
                let why = error.describe(language);
                both!(
                    language,
                    "{why} (apt install ca-certificates)",
                    "{why} (apt install ca-certificates)"
                )
            }
            Self::Insecure(failure) => failure.with_advice(language),
            Self::NoStartTls => both!(
                language,
                "メールサーバーは STARTTLS に対応していません。alerts.channel の port と encryption を確かめてください",
                "the mail server does not begin TLS: STARTTLS is not offered; look at `port` and `encryption` of the alerts.channel"
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
            Self::Refused(code @ (530 | 534 | 535 | 538), said) => both!(
                language,
                "メールサーバーにログインできません (応答: 「{code} {said}」)。alerts.channel の username と password、secrets.env のパスワードを確かめてください",
                "the mail server wants another login: {code} {said}; look at `username` and `password` of the alerts.channel, and at the password in secrets.env"
            ),
            Self::Refused(code, said) => both!(
                language,
                "メールサーバーに断られました (応答: 「{code} {said}」)。この応答を伝えて、alerts.channel の from とこのサーバーからの送信が許可されているかを、メールサーバーの管理者に確かめてください",
                "the mail server refuses: {code} {said}; ask whoever runs it whether it lets this server send, and takes `from` of the alerts.channel"
            ),
            Self::NoLogin => both!(
                language,
                "メールサーバーのログインの方式に対応していません。alerts.channel の encryption と port を確かめてください",
                "the mail server has no way to log in that is known here: look at `encryption` and `port` of the alerts.channel"
            ),
            Self::NotSmtp => both!(
                language,
                "メールサーバーの応答ではありません。alerts.channel の host、port、encryption を確かめてください",
                "what answers is no mail server: look at `host`, `port` and `encryption` of the alerts.channel"
            ),
        }
    }
}

impl RefusedRecipient {
    /// Who does not get it, and what the server says.
    #[must_use]
    pub fn describe(&self, language: Language) -> String {
        let recipient = &self.recipient;
        match &self.reason {
            // That it is the mail server who refuses stands before the recipients.
            Mail::Refused(code, said) if self.for_now => both!(
                language,
                "{recipient} (一時的な応答: 「{code} {said}」)",
                "{recipient} (for now: {code} {said})"
            ),
            Mail::Refused(code, said) => both!(
                language,
                "{recipient} (応答: 「{code} {said}」)",
                "{recipient} ({code} {said})"
            ),
            reason => format!("{recipient} ({})", reason.describe(language)),
        }
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
            assert_eq!(of_kept(&kept, language), objection.describe(language));
        }
        let of_before = "an older version's words";
        assert_eq!(of_kept(of_before, Language::Ja), of_before);
    }

    #[test]
    fn that_the_mail_server_refuses_a_recipient_is_said_once() {
        let objection = Objection::Recipients(vec![RefusedRecipient {
            recipient: "a@clinic.example".to_owned(),
            reason: Mail::Refused(550, "no such user".to_owned()),
            for_now: false,
        }]);
        for (language, phrase) in [
            (Language::Ja, "メールサーバー"),
            (Language::En, "the mail server"),
        ] {
            let told = objection.describe(language);
            assert_eq!(told.matches(phrase).count(), 1, "{told}");
            assert!(told.contains("550 no such user"), "{told}");
        }
    }

    #[test]
    fn a_recipient_who_is_not_taken_for_now_is_told_apart() {
        let told = |codes: &[(u16, bool)]| {
            let refused = codes.iter().map(|&(code, for_now)| RefusedRecipient {
                recipient: "a@clinic.example".to_owned(),
                reason: Mail::Refused(code, "said".to_owned()),
                for_now,
            });
            Objection::Recipients(refused.collect())
        };
        let for_now = told(&[(450, true)]);
        assert!(for_now.describe(Language::En).contains("tried again later"));
        assert!(for_now.describe(Language::Ja).contains("送り直します"));
        let both = told(&[(450, true), (550, false)]).describe(Language::En);
        assert!(both.contains("(for now: 450 said)"), "{both}");
        assert!(both.contains("(550 said)"), "{both}");
        assert!(!both.contains("tried again"), "{both}");
    }

    #[test]
    fn an_answer_of_a_hook_is_told_with_its_meaning() {
        for language in [Language::Ja, Language::En] {
            for status in [302, 400, 403, 404, 429, 503, 999] {
                let told = Objection::Answer(status).describe(language);
                let number = format!("HTTP {status}: ");
                let meaning = told.strip_prefix(&number).unwrap();
                assert!(meaning.len() > 20, "{told}");
                assert_eq!(meaning.is_ascii(), language == Language::En, "{told}");
            }
        }
        let archived = Objection::AnswerSaid(200, "channel_is_archived".to_owned());
        assert!(
            archived
                .describe(Language::Ja)
                .contains("チャンネルがありません")
        );
        let gone = Objection::AnswerSaid(404, "no_service".to_owned());
        assert!(
            gone.describe(Language::En)
                .contains("does not know this URL")
        );
    }

    #[test]
    fn only_what_the_server_said_is_english_in_japanese() {
        let said = || "said so".to_owned();
        for (mail, quoted) in [
            (Mail::Refused(450, said()), true),
            (Mail::Refused(550, said()), true),
            (Mail::RefusedTls(said()), true),
            (Mail::NoLogin, false),
            (Mail::NotSmtp, false),
            (Mail::HungUp, false),
            (Mail::NameNotFound, false),
            (Mail::NoAnswer(Duration::from_secs(30)), false),
            (
                Mail::Unreachable((&io::Error::from_raw_os_error(111)).into()),
                false,
            ),
        ] {
            let told = mail.describe(Language::Ja);
            assert_eq!(told.contains("said so」"), quoted, "{told}");
            for word in ["error", "refuse", "30s", "connection"] {
                assert!(!told.contains(word), "{told}");
            }
        }
    }
}
