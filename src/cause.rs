//! Why an attempt did not succeed, as a closed list, each with its sentence for the one who has to do
//! something about it.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::language::Language;

/// Why an attempt did not succeed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// The receiver's name has no address.
    NameNotFound,
    /// Nobody listens at the receiver's address.
    ConnectionRefused,
    /// No complete answer within the route's timeout.
    TimedOut,
    /// No secure connection, for another reason than the certificate.
    Tls,
    /// The receiver's certificate is not good.
    Certificate,
    /// The receiver does not believe who we are.
    Signature,
    /// The receiver does not believe who we are, and its clock shows another time.
    Clock,
    /// The receiver does not take such an event.
    UnknownEvent,
    /// The receiver finds the event too large.
    TooLarge,
    /// The receiver is asked too often.
    RateLimited,
    /// The address leads to no receiver, or is one that is never called.
    WrongAddress,
    /// Something went wrong at the receiver.
    PartnerError,
}

impl Cause {
    /// Every cause.
    pub const ALL: [Self; 12] = [
        Self::NameNotFound,
        Self::ConnectionRefused,
        Self::TimedOut,
        Self::Tls,
        Self::Certificate,
        Self::Signature,
        Self::Clock,
        Self::UnknownEvent,
        Self::TooLarge,
        Self::RateLimited,
        Self::WrongAddress,
        Self::PartnerError,
    ];

    /// The most likely cause of an answer with this status, which is outside 2xx.
    #[must_use]
    pub fn of_status(status: u16) -> Self {
        match status {
            401 | 403 => Self::Signature,
            400 | 415 | 422 => Self::UnknownEvent,
            413 => Self::TooLarge,
            429 => Self::RateLimited,
            300..=399 | 404 | 405 | 410 => Self::WrongAddress,
            _ => Self::PartnerError,
        }
    }

    /// The word that stands in the tables and in JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NameNotFound => "name_not_found",
            Self::ConnectionRefused => "connection_refused",
            Self::TimedOut => "timed_out",
            Self::Tls => "tls",
            Self::Certificate => "certificate",
            Self::Signature => "signature",
            Self::Clock => "clock",
            Self::UnknownEvent => "unknown_event",
            Self::TooLarge => "too_large",
            Self::RateLimited => "rate_limited",
            Self::WrongAddress => "wrong_address",
            Self::PartnerError => "partner_error",
        }
    }

    /// The cause that `word` names.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|cause| cause.as_str() == word)
    }

    /// What it means and what to do, in one sentence.
    #[must_use]
    pub fn sentence(self, language: Language) -> &'static str {
        let (ja, en) = match self {
            Self::NameNotFound => (
                "送信先のホスト名が見つかりません。URL の綴りと、このサーバーの DNS を確かめてください",
                "the receiver's host name has no address: look at the spelling of the URL and at this server's DNS",
            ),
            Self::ConnectionRefused => (
                "送信先が接続を受け付けていません。VoiceDrive 側のサービスが動いているか、URL のポートが正しいかを確かめてください",
                "nobody listens at the receiver's address: ask VoiceDrive whether the service runs, and look at the port in the URL",
            ),
            Self::TimedOut => (
                "制限時間内に応答がありませんでした。VoiceDrive 側の混雑か、途中のネットワークの不調です",
                "there was no answer in time: VoiceDrive is slow, or the network between is in trouble",
            ),
            Self::Tls => (
                "暗号化された接続ができません。URL が https で正しいか、途中の機器が通信を遮っていないかを確かめてください",
                "no secure connection: look whether the URL is right, and whether something between interferes with TLS",
            ),
            Self::Certificate => (
                "送信先の証明書が正しくありません (期限切れ、名前違い、発行元不明)。VoiceDrive に連絡してください",
                "the receiver's certificate is not good (expired, for another name, or of an unknown authority): tell VoiceDrive",
            ),
            Self::Signature => (
                "署名または認証が受け入れられません。VOICEDRIVE_WEBHOOK_SECRET が VoiceDrive の値と同じかを確かめてください",
                "the signature or token is not accepted: compare VOICEDRIVE_WEBHOOK_SECRET with VoiceDrive's value",
            ),
            Self::Clock => (
                "時計がずれているため、署名が受け入れられません。このサーバーの時刻を合わせてください (timedatectl)",
                "the signature is not accepted because the clocks differ: set this server's clock (timedatectl)",
            ),
            Self::UnknownEvent => (
                "VoiceDrive がこのイベントを受け付けません。種類と内容について VoiceDrive に確かめてください",
                "VoiceDrive does not take this event: ask them about its type and content",
            ),
            Self::TooLarge => (
                "イベントが大きすぎると断られました。上限について VoiceDrive に確かめてください",
                "the event is too large for VoiceDrive: ask them about their limit",
            ),
            Self::RateLimited => (
                "送信が多すぎると断られました。max_per_second で送信の速さを抑えてください",
                "VoiceDrive is asked too often: set max_per_second for this route",
            ),
            Self::WrongAddress => (
                "送信先の URL に受信口がありません。delivery.url (VOICEDRIVE_WEBHOOK_URL) を確かめてください",
                "there is no receiver at this URL: look at delivery.url (VOICEDRIVE_WEBHOOK_URL)",
            ),
            Self::PartnerError => (
                "VoiceDrive 側で障害が起きています。続くようなら VoiceDrive に連絡してください",
                "something is wrong at VoiceDrive's side: tell them if it lasts",
            ),
        };
        language.say(ja, en)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_cause_has_a_word_of_its_own_and_two_sentences() {
        let mut words: Vec<_> = Cause::ALL.into_iter().map(Cause::as_str).collect();
        words.sort_unstable();
        words.dedup();
        assert_eq!(words.len(), Cause::ALL.len());
        for cause in Cause::ALL {
            assert_eq!(Cause::from_word(cause.as_str()), Some(cause));
            assert_eq!(serde_json::json!(cause), cause.as_str());
            let (ja, en) = (cause.sentence(Language::Ja), cause.sentence(Language::En));
            assert!(!ja.is_ascii() && en.is_ascii(), "{ja} / {en}");
        }
        assert_eq!(Cause::from_word("bad luck"), None);
    }

    #[test]
    fn a_status_names_its_likely_cause() {
        for (status, cause) in [
            (400, Cause::UnknownEvent),
            (401, Cause::Signature),
            (403, Cause::Signature),
            (404, Cause::WrongAddress),
            (410, Cause::WrongAddress),
            (301, Cause::WrongAddress),
            (413, Cause::TooLarge),
            (429, Cause::RateLimited),
            (500, Cause::PartnerError),
        ] {
            assert_eq!(Cause::of_status(status), cause, "{status}");
        }
    }
}
