//! Why an attempt did not succeed, for the one who has to do something about it.

use crate::cause::Cause;
use crate::language::Language;

impl Cause {
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
            Self::Unreachable => (
                "送信先までのネットワークがつながっていません。このサーバーのネットワークと、途中のルーターやファイアウォールを確かめてください",
                "the network does not lead to the receiver: look at this server's network, and at routers and firewalls on the way",
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
                "このポートは TLS で暗号化されていません。ポートの番号を確かめてください。正しければ、暗号化の設定 (URL の https://、メールの encryption) をサーバーに合わせてください",
                "there is no TLS at this port: look at the port; if it is right, let the encryption (https:// of a URL, encryption of a mail channel) be what the server has",
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
                "送信先の証明書は送信先が自分で署名したもの (自己署名) です。正式な証明書にするよう送信先に依頼してください。信用してよいと確かめたものなら、/usr/local/share/ca-certificates に .crt として置き、sudo update-ca-certificates の後に再起動してください",
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
                "VoiceDrive がこのイベントを受け付けません。イベント名と内容について VoiceDrive に確かめてください",
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
    fn every_cause_has_its_two_sentences() {
        for cause in Cause::ALL {
            let (ja, en) = (cause.sentence(Language::Ja), cause.sentence(Language::En));
            assert!(!ja.is_ascii() && en.is_ascii(), "{ja} / {en}");
        }
    }
}
