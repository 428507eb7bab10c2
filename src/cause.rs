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
    /// No secure connection, for a reason that has no word of its own.
    Tls,
    /// What listens at the port does not speak TLS.
    NotTls,
    /// The receiver only speaks versions of TLS that are too old.
    TlsTooOld,
    /// The receiver's certificate is not good, for a reason that has no word of its own.
    Certificate,
    /// The receiver's certificate has expired.
    CertificateExpired,
    /// The receiver's certificate is not valid yet.
    CertificateNotYetValid,
    /// The receiver's certificate is for another name.
    CertificateName,
    /// This server does not know who issued the receiver's certificate.
    CertificateIssuer,
    /// The receiver signed its certificate itself.
    CertificateSelfSigned,
    /// The proxy on the way out cannot be reached, or refuses.
    Proxy,
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
    /// The receiver has another address now.
    Moved,
    /// Something went wrong at the receiver.
    PartnerError,
}

impl Cause {
    /// Every cause.
    pub const ALL: [Self; 21] = [
        Self::NameNotFound,
        Self::ConnectionRefused,
        Self::TimedOut,
        Self::Tls,
        Self::NotTls,
        Self::TlsTooOld,
        Self::Certificate,
        Self::CertificateExpired,
        Self::CertificateNotYetValid,
        Self::CertificateName,
        Self::CertificateIssuer,
        Self::CertificateSelfSigned,
        Self::Proxy,
        Self::Signature,
        Self::Clock,
        Self::UnknownEvent,
        Self::TooLarge,
        Self::RateLimited,
        Self::WrongAddress,
        Self::Moved,
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
            // Only a proxy answers so.
            407 => Self::Proxy,
            301 | 302 | 303 | 307 | 308 => Self::Moved,
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
            Self::NotTls => "not_tls",
            Self::TlsTooOld => "tls_too_old",
            Self::Certificate => "certificate",
            Self::CertificateExpired => "certificate_expired",
            Self::CertificateNotYetValid => "certificate_not_yet_valid",
            Self::CertificateName => "certificate_name",
            Self::CertificateIssuer => "certificate_issuer",
            Self::CertificateSelfSigned => "certificate_self_signed",
            Self::Proxy => "proxy",
            Self::Signature => "signature",
            Self::Clock => "clock",
            Self::UnknownEvent => "unknown_event",
            Self::TooLarge => "too_large",
            Self::RateLimited => "rate_limited",
            Self::WrongAddress => "wrong_address",
            Self::Moved => "moved",
            Self::PartnerError => "partner_error",
        }
    }

    /// The cause that `word` names.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|cause| cause.as_str() == word)
    }

    /// Whether it is about the way to a server, whichever server that is: mail servers and hooks of
    /// alerts fail so too, and the sentence fits them as it does VoiceDrive.
    #[must_use]
    pub fn fits_any_server(self) -> bool {
        matches!(
            self,
            Self::Tls
                | Self::NotTls
                | Self::TlsTooOld
                | Self::Certificate
                | Self::CertificateExpired
                | Self::CertificateNotYetValid
                | Self::CertificateName
                | Self::CertificateIssuer
                | Self::CertificateSelfSigned
                | Self::Proxy
        )
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
            Self::NotTls => (
                "このポートは https ではありません。URL のポートを確かめるか、https:// を http:// にすべきかを送信先に確かめてください",
                "there is no TLS at this port: look at the port in the URL, or ask the receiver whether it should be http://",
            ),
            Self::TlsTooOld => (
                "送信先の TLS が古すぎます (1.2 以上が必要)。送信先に TLS 1.2 または 1.3 を有効にするよう依頼してください",
                "the receiver's TLS is too old: ask them to switch TLS 1.2 or 1.3 on",
            ),
            Self::Certificate => (
                "送信先の証明書が正しくありません。送信先に証明書の確認を依頼してください",
                "the receiver's certificate is not good: ask them to look at it",
            ),
            Self::CertificateExpired => (
                "送信先の証明書の期限が切れています。送信先に更新を依頼してください (このサーバーの日付も timedatectl で確かめてください)",
                "the receiver's certificate has expired: ask them to renew it (and see with timedatectl that this server's date is right)",
            ),
            Self::CertificateNotYetValid => (
                "送信先の証明書はまだ有効期間に入っていません。このサーバーの日付を timedatectl で確かめてください。正しければ送信先に連絡してください",
                "the receiver's certificate is not valid yet: see with timedatectl that this server's date is right; if it is, tell the receiver",
            ),
            Self::CertificateName => (
                "送信先の証明書は別の名前のものです。URL のホスト名が正しいかを確かめ、正しければ送信先に連絡してください",
                "the receiver's certificate is for another name: look at the host name in the URL; if it is right, tell the receiver",
            ),
            Self::CertificateIssuer => (
                "送信先の証明書の発行元をこのサーバーは知りません。院内の認証局なら、その証明書を /usr/local/share/ca-certificates に .crt として置き、sudo update-ca-certificates の後に再起動してください。そうでなければ、中間証明書を含めて設定するよう送信先に依頼してください",
                "this server does not know who issued the receiver's certificate: if it is the clinic's own authority, put its certificate into /usr/local/share/ca-certificates as a .crt file, run `sudo update-ca-certificates`, and restart the relay; else ask the receiver to send the intermediate certificates too",
            ),
            Self::CertificateSelfSigned => (
                "送信先の証明書は自己署名です。送信先に正式な証明書を依頼してください。信用してよいと確かめたものなら、/usr/local/share/ca-certificates に .crt として置き、sudo update-ca-certificates の後に再起動してください",
                "the receiver signed its certificate itself: ask them for one of a known authority; if you have made sure that it is theirs, put it into /usr/local/share/ca-certificates as a .crt file, run `sudo update-ca-certificates`, and restart the relay",
            ),
            Self::Proxy => (
                "プロキシを通れません。delivery.proxy (または HTTPS_PROXY) のアドレスと認証情報、プロキシがこの宛先を許可しているかを確かめてください",
                "the proxy does not let this through: look at the address and the login in delivery.proxy (or HTTPS_PROXY), and whether the proxy allows this destination",
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
            Self::Moved => (
                "送信先が移動しました。新しいアドレスを VoiceDrive に確かめ、delivery.url (VOICEDRIVE_WEBHOOK_URL) を直してください。転送先には送信されません",
                "the receiver has moved: make sure of the new address with VoiceDrive, and set delivery.url (VOICEDRIVE_WEBHOOK_URL); nothing is sent on by itself",
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
            (308, Cause::Moved),
            (304, Cause::WrongAddress),
            (407, Cause::Proxy),
            (413, Cause::TooLarge),
            (429, Cause::RateLimited),
            (500, Cause::PartnerError),
        ] {
            assert_eq!(Cause::of_status(status), cause, "{status}");
        }
    }
}
