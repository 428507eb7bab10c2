//! Why an attempt failed, and what an admin has to do.

use crate::cause::Cause;
use crate::language::Language;
use crate::route::DEFAULT;
use crate::route::settings::{Proof, Settings};

impl Cause {
    /// What it means and what to do, in one sentence; `settings` are those of the route on which it happened.
    #[must_use]
    #[allow(
        clippy::too_many_lines,
        reason = "a list of sentences, one for each cause"
    )]
    pub fn sentence(self, settings: &Settings, language: Language) -> String {
        let (ja, en) = match self {
            Self::NameNotFound => (
                "送り先のホスト名が見つかりません。URL の綴りと、このサーバーの DNS を確かめてください",
                "the receiver's host name has no address: look at the spelling of the URL and at this server's DNS",
            ),
            Self::ConnectionRefused => (
                "送り先が接続を受け付けていません。VoiceDrive 側のサービスが動いているか、URL のポートが正しいかを確かめてください",
                "nobody listens at the receiver's address: ask VoiceDrive whether the service runs, and look at the port in the URL",
            ),
            Self::Unreachable => (
                "送り先までのネットワークがつながっていません。このサーバーのネットワークと、途中のルーターやファイアウォールを確かめてください",
                "the network does not lead to the receiver: look at this server's network, and at routers and firewalls on the way",
            ),
            Self::TimedOut => (
                "制限時間内に応答がありませんでした。VoiceDrive 側の混雑か、途中のネットワーク (プロキシを使う場合はそれも) の不調です。続くようなら VoiceDrive に連絡してください",
                "there was no answer in time: VoiceDrive is slow, or the network between (and the proxy, when there is one) is in trouble; tell VoiceDrive if it lasts",
            ),
            Self::Tls => (
                "暗号化された接続ができません。URL (https://) が正しいか、途中の機器が通信を遮っていないかを確かめてください",
                "no secure connection: look whether the URL is right, and whether something between interferes with TLS",
            ),
            Self::NotTls => (
                "このポートは TLS で暗号化されていません。ポートの番号を確かめてください。正しければ、暗号化の設定 (URL の https://、メールの encryption) をサーバーに合わせてください",
                "there is no TLS at this port: look at the port; if it is right, let the encryption (https:// of a URL, encryption of a mail channel) be what the server has",
            ),
            Self::TlsTooOld => (
                "送り先の TLS が古すぎます。URL のホスト名が正しければ、送り先に TLS 1.3 (または 1.2 と ECDHE、AES-GCM) を有効にするよう依頼してください",
                "the receiver's TLS is too old: if the host name in the URL is right, ask them to switch TLS 1.3 on (or 1.2 with ECDHE and AES-GCM)",
            ),
            Self::Certificate => (
                "送り先の証明書が正しくありません。送り先に証明書の確認を依頼してください",
                "the receiver's certificate is not good: ask them to look at it",
            ),
            Self::CertificateExpired => (
                "送り先の証明書の期限が切れています。送り先に更新を依頼してください (このサーバーの日付も timedatectl で確かめてください)",
                "the receiver's certificate has expired: ask them to renew it (and see with timedatectl that this server's date is right)",
            ),
            Self::CertificateNotYetValid => (
                "送り先の証明書はまだ有効期間に入っていません。このサーバーの日付を timedatectl で確かめてください。正しければ送り先に連絡してください",
                "the receiver's certificate is not valid yet: see with timedatectl that this server's date is right; if it is, tell the receiver",
            ),
            Self::CertificateName => (
                "送り先の証明書は別の名前のものです。ホスト名 (URL の中か、メールの host) が正しいかを確かめ、正しければ送り先に連絡してください",
                "the receiver's certificate is for another name: look at the host name (in the URL, or `host` of a mail channel); if it is right, tell the receiver",
            ),
            Self::CertificateIssuer => (
                "送り先の証明書の発行元をこのサーバーは知りません。院内の認証局なら、その証明書を /usr/local/share/ca-certificates に .crt として置き、sudo update-ca-certificates の後に再起動してください。そうでなければ、中間証明書を含めて設定するよう送り先に依頼してください",
                "this server does not know who issued the receiver's certificate: if it is the clinic's own authority, put its certificate into /usr/local/share/ca-certificates as a .crt file, run `sudo update-ca-certificates`, and restart the relay; else ask the receiver to send the intermediate certificates too",
            ),
            Self::CertificateSelfSigned => (
                "送り先の証明書は送り先が自分で署名したもの (自己署名) です。正式な証明書にするよう送り先に依頼してください。信用してよいと確かめたものなら、/usr/local/share/ca-certificates に .crt として置き、sudo update-ca-certificates の後に再起動してください",
                "the receiver signed its certificate itself: ask them for one of a known authority; if you have made sure that it is theirs, put it into /usr/local/share/ca-certificates as a .crt file, run `sudo update-ca-certificates`, and restart the relay",
            ),
            Self::ClientCertificate => (
                "送り先はクライアント証明書を持つ相手だけを受け付けますが、リレーはそれを使えません。証明書の不要な URL を送り先に確かめてください",
                "the receiver takes only those who show a certificate of their own, and the relay has none: ask the receiver for a URL that needs none",
            ),
            Self::ConnectionEnded => (
                "送り先のサービスか、途中の機器 (ファイアウォールなど) が接続を切りました。続くようなら送り先に連絡してください",
                "the receiver's service ended the connection, or something between, such as a firewall; tell the receiver if it lasts",
            ),
            Self::OwnSystem => (
                "このサーバー自身が送信できませんでした。理由をログで確かめてください (サーバーのファイアウォール、開けるファイル数の上限など)",
                "this server itself could not send: look in the log why (such as its firewall, or its limit of open files)",
            ),
            Self::NotHttp => (
                "このポートで応答しているのは HTTP/1.1 のサービスではありません。URL のポートの番号を確かめてください。正しければ送り先に連絡してください",
                "what answers at this port does not speak HTTP/1.1: look at the port in the URL; if it is right, tell the receiver",
            ),
            Self::WantsTls => (
                "このポートは TLS で暗号化されています。URL を http:// ではなく https:// で始めてください",
                "this port speaks TLS: let the URL begin with https:// instead of http://",
            ),
            Self::Proxy => return proxy_unreached(&settings.proxy_key(language), language),
            Self::ProxyLogin => return proxy_login(&settings.proxy_key(language), language),
            Self::ProxyRefuses => return proxy_refuses(&settings.proxy_key(language), language),
            Self::ProxyNoWay => return proxy_no_way(&settings.proxy_key(language), language),
            Self::ProxyCertificate => {
                return proxy_certificate(&settings.proxy_key(language), language);
            }
            Self::NotAProxy => return not_a_proxy(&settings.proxy_key(language), language),
            Self::ProxyUnknown => return proxy_unknown(&settings.proxy_key(language), language),
            Self::ProxyAnswer => return proxy_answer(&settings.proxy_key(language), language),
            Self::Signature => return settings.refused(language),
            Self::Clock => (
                "時計がずれているため、署名が受け入れられません。このサーバーの時計を合わせてください (timedatectl)",
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
            Self::RateLimited => {
                let limit = settings.key("max_per_second", language);
                return both!(
                    language,
                    "送信が多すぎると断られました。{limit} で送信の速さを抑えてください",
                    "VoiceDrive is asked too often: set {limit}"
                );
            }
            Self::WrongAddress => {
                let url = settings.key("url", language);
                return both!(
                    language,
                    "送り先の URL に受信口がありません。{url} を確かめてください",
                    "there is no receiver at this URL: look at {url}"
                );
            }
            Self::Moved => {
                let url = settings.key("url", language);
                return both!(
                    language,
                    "送り先が移動しました。新しいアドレスを VoiceDrive に確かめ、{url} を直してください。転送先には送信されません",
                    "the receiver has moved: make sure of the new address with VoiceDrive, and set {url}; nothing is sent on by itself"
                );
            }
            Self::PartnerError => (
                "VoiceDrive 側で障害が起きています。続くようなら VoiceDrive に連絡してください",
                "something is wrong at VoiceDrive's side: tell them if it lasts",
            ),
        };
        language.say(ja, en).to_owned()
    }
}

impl Settings {
    /// Where a setting of the route stands.
    fn key(&self, key: &str, language: Language) -> String {
        let route = &self.route;
        match (route.as_str(), key) {
            (DEFAULT, "url") => "delivery.url (VOICEDRIVE_WEBHOOK_URL)".to_owned(),
            (DEFAULT, _) => format!("delivery.{key}"),
            _ => both!(
                language,
                "config.toml の [[route]] 「{route}」の {key}",
                "`{key}` of [[route]] \"{route}\" in config.toml"
            ),
        }
    }

    /// Where the proxy stands that the route goes by.
    fn proxy_key(&self, language: Language) -> String {
        if self.own_proxy && self.route != DEFAULT {
            return self.key("proxy", language);
        }
        language
            .say(
                "delivery.proxy (または HTTPS_PROXY)",
                "delivery.proxy (or HTTPS_PROXY)",
            )
            .to_owned()
    }

    /// What to do when the receiver refuses what says who sends.
    fn refused(&self, language: Language) -> String {
        match &self.proof {
            Proof::Signature {
                secret,
                bearer: None,
            } => both!(
                language,
                "署名が受け入れられません。{secret} が VoiceDrive の値と同じかを確かめてください",
                "the signature is not accepted: compare {secret} with VoiceDrive's value"
            ),
            Proof::Signature {
                secret,
                bearer: Some(bearer),
            } => both!(
                language,
                "署名またはトークンが受け入れられません。{secret} と {bearer} が VoiceDrive の値と同じかを確かめてください",
                "the signature or the token is not accepted: compare {secret} and {bearer} with VoiceDrive's values"
            ),
            Proof::Bearer(bearer) => both!(
                language,
                "トークンが受け入れられません。{bearer} が VoiceDrive の値と同じかを確かめてください",
                "the token is not accepted: compare {bearer} with VoiceDrive's value"
            ),
            Proof::Nothing => {
                let [profile, bearer] = ["profile", "bearer"].map(|key| self.key(key, language));
                both!(
                    language,
                    "送り先が署名またはトークンを求めていますが、リレーはどちらも付けていません。何が必要かを VoiceDrive に確かめ、{profile} または {bearer} を設定してください",
                    "the receiver wants a signature or a token, and this route sends neither: ask VoiceDrive which, and set {profile} or {bearer}"
                )
            }
            Proof::Unknown => {
                let [secret, bearer] = ["secret", "bearer"].map(|key| self.key(key, language));
                both!(
                    language,
                    "署名またはトークンが受け入れられません。{secret} と {bearer} を確かめてください",
                    "the signature or the token is not accepted: look at {secret} and {bearer}"
                )
            }
        }
    }
}

fn proxy_unreached(key: &str, language: Language) -> String {
    both!(
        language,
        "プロキシに接続できないか、接続を切られました。{key} のアドレス (http:// と https:// の別も) が正しいか、プロキシが動いていて、このサーバーからの接続を受け付けるかを確かめてください",
        "the proxy cannot be reached, or ends the connection: look at the address in {key} (at http:// or https:// too), and whether the proxy runs and lets this server in"
    )
}

fn proxy_login(key: &str, language: Language) -> String {
    both!(
        language,
        "プロキシがユーザー名とパスワードを求めています。プロキシの管理者に確かめ、URL に含めて secrets.env に書き、{key} にその名前を書いてください",
        "the proxy wants a user and a password: ask whoever runs it, and write a URL with them into secrets.env and its name into {key}"
    )
}

fn proxy_refuses(key: &str, language: Language) -> String {
    both!(
        language,
        "プロキシが送り先への接続を断っています。この宛先への接続を許可するよう、プロキシの管理者に依頼してください ({key} がプロキシのアドレスであることも確かめてください)",
        "the proxy does not let this destination through: ask whoever runs it to allow it (and see that {key} is the address of a proxy)"
    )
}

fn proxy_no_way(key: &str, language: Language) -> String {
    both!(
        language,
        "プロキシから送り先に接続できません。プロキシが外につながっているか、この宛先に届くかを、プロキシの管理者に確かめてください ({key})。ほかの宛先に届くなら送り先に連絡してください",
        "the proxy gets no connection to the receiver: ask whoever runs it whether it reaches the outside, and this destination ({key}); if other destinations are reached from there, tell the receiver"
    )
}

fn proxy_certificate(key: &str, language: Language) -> String {
    both!(
        language,
        "プロキシの証明書に問題があります。送り先の証明書ではありません。プロキシの管理者に証明書の確認を依頼してください ({key} のホスト名も確かめてください)",
        "the certificate of the proxy is not good; it is not that of the receiver: ask whoever runs the proxy to look at it (and look at the host name in {key})"
    )
}

fn not_a_proxy(key: &str, language: Language) -> String {
    both!(
        language,
        "プロキシのアドレスで応答しているのは、プロキシではないようです。{key} の http:// と https:// の別、ホスト名、ポートを確かめてください",
        "what answers at the proxy's address does not seem to be a proxy: look at http:// or https://, host and port in {key}"
    )
}

fn proxy_unknown(key: &str, language: Language) -> String {
    both!(
        language,
        "プロキシを設定していないのに、プロキシがユーザー名とパスワードを求めています (407)。途中のネットワークにプロキシがあります。ネットワークの管理者に確かめ、{key} を設定してください",
        "a proxy asks for a user and a password (407), and none is configured here: there is one in the network on the way; ask whoever runs the network, and set {key}"
    )
}

fn proxy_answer(key: &str, language: Language) -> String {
    both!(
        language,
        "プロキシを経由した応答です。http:// では、プロキシが断ったのか送り先が返したのかを区別できません。この宛先が許可されているか、プロキシから届くかを、プロキシの管理者に確かめてください ({key})。問題がなければ送り先に連絡してください",
        "this answer came by way of the proxy, and with http:// nobody can tell whether the proxy or the receiver gave it: ask whoever runs the proxy whether this destination is allowed and reached from there ({key}); if it is, tell the receiver"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(proof: Proof) -> Settings {
        Settings {
            route: "staff".to_owned(),
            proof,
            own_proxy: true,
        }
    }

    fn told(cause: Cause, settings: &Settings) -> [String; 2] {
        [Language::Ja, Language::En].map(|language| cause.sentence(settings, language))
    }

    #[test]
    fn every_cause_has_its_two_sentences() {
        for settings in [Settings::default(), of(Proof::Nothing)] {
            let mut all = Vec::new();
            for cause in Cause::ALL {
                let [ja, en] = told(cause, &settings);
                assert!(!ja.is_ascii() && en.is_ascii(), "{ja} / {en}");
                all.extend([ja, en]);
            }
            let told = all.len();
            all.sort_unstable();
            all.dedup();
            assert_eq!(all.len(), told, "each has its own");
        }
    }

    #[test]
    fn the_advice_names_the_settings_of_the_route() {
        let default = Settings::default();
        for (cause, key) in [
            (Cause::WrongAddress, "url"),
            (Cause::Moved, "url"),
            (Cause::RateLimited, "max_per_second"),
            (Cause::ProxyLogin, "proxy"),
        ] {
            let name = format!("delivery.{key}");
            assert!(
                told(cause, &default)
                    .iter()
                    .all(|told| told.contains(&name))
            );
            let [ja, en] = told(cause, &of(Proof::Nothing));
            let words = format!("config.toml の [[route]] 「staff」の {key}");
            assert!(ja.contains(&words), "{ja}");
            let words = format!("`{key}` of [[route]] \"staff\" in config.toml");
            assert!(en.contains(&words), "{en}");
            for other in ["delivery.", "VOICEDRIVE_"] {
                assert!(!ja.contains(other) && !en.contains(other), "{ja} / {en}");
            }
        }
    }

    #[test]
    fn a_refusal_names_the_secrets_that_were_shown_and_no_others() {
        let (secret, bearer) = ("STAFF_SECRET".to_owned(), "STAFF_TOKEN".to_owned());
        let signed = |bearer| Proof::Signature {
            secret: secret.clone(),
            bearer,
        };
        for (proof, names, signs) in [
            (signed(None), &["STAFF_SECRET"][..], true),
            (
                signed(Some(bearer.clone())),
                &["STAFF_SECRET", "STAFF_TOKEN"][..],
                true,
            ),
            (Proof::Bearer(bearer.clone()), &["STAFF_TOKEN"][..], false),
            (Proof::Nothing, &["profile", "bearer"][..], true),
        ] {
            let [ja, en] = told(Cause::Signature, &of(proof));
            for name in names {
                assert!(ja.contains(name) && en.contains(name), "{ja} / {en}");
            }
            assert!(!en.contains("VOICEDRIVE_WEBHOOK_SECRET"), "{en}");
            assert_eq!(ja.contains("署名"), signs, "{ja}");
            assert_eq!(en.contains("signature"), signs, "{en}");
        }
    }
}
