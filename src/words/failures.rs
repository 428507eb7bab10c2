//! Why a request to somebody else did not succeed.

use std::fmt;

use hyper::StatusCode;

use crate::delivery::address::{RefusedAddress, ResolveError};
use crate::delivery::client::ClientError;
use crate::delivery::failure::{Failure, ProxyFault};
use crate::delivery::partner::SetupError;
use crate::delivery::tls::{BadCertificate, TlsError};
use crate::language::Language;
use crate::route::LEADS_BACK;
use crate::route::settings::Settings;

impl Failure {
    /// What happened.
    #[must_use]
    #[allow(
        clippy::too_many_lines,
        reason = "a list of sentences, one for each that can happen"
    )]
    pub fn describe(&self, language: Language) -> String {
        match self {
            Self::Status(code) => status(*code, language),
            Self::ClockDiffers(code, ahead) => {
                let (status, seconds) = (status(*code, language), ahead.abs());
                let (ja, en) = if *ahead > 0 {
                    ("進んで", "ahead of")
                } else {
                    ("遅れて", "behind")
                };
                both!(
                    language,
                    "{status}。送り先の時計がこのサーバーより {seconds} 秒{ja}います。5 分以上ずれた署名は拒否されます。timedatectl で時計を合わせてください",
                    "{status}; the receiver's clock is {seconds} s {en} this one, and signatures more than 5 minutes off are refused: set the clock (timedatectl)"
                )
            }
            Self::Moved(code, location) => {
                let status = status(*code, language);
                both!(
                    language,
                    "{status}。新しいアドレスは {location} です",
                    "{status}; it moved to {location}"
                )
            }
            Self::LeadsBack(code) => {
                let status = status(*code, language);
                both!(
                    language,
                    "{status}。この URL はリレー自身に届きます",
                    "{status}; {LEADS_BACK}"
                )
            }
            Self::TooLarge(code) => {
                let status = status(*code, language);
                both!(
                    language,
                    "{status}。本文が大きすぎるという応答です",
                    "{status}; its answer says that the body was too large"
                )
            }
            Self::TimedOut(limit) => {
                let seconds = limit.as_secs_f64();
                both!(
                    language,
                    "{seconds} 秒以内に応答が完了しませんでした",
                    "no complete answer within {limit:?}"
                )
            }
            Self::Unfinished(said) => {
                let said = said.describe(language);
                both!(
                    language,
                    "{said}。応答の続きは時間内に届きませんでした",
                    "{said}; the rest of the answer did not come in time"
                )
            }
            Self::NameNotFound => both!(
                language,
                "ホスト名のアドレスが見つかりません",
                "the host name could not be resolved"
            ),
            Self::AddressRefused(why) => why.describe(language).to_owned(),
            Self::Refused => both!(language, "接続を断られました", "the connection was refused"),
            Self::Proxy(why) => {
                let why = why.describe(language);
                both!(language, "プロキシ: {why}", "the proxy: {why}")
            }
            Self::Certificate(why) => insecure(&why.describe(language), language),
            Self::NotTls => insecure(
                language.say(
                    "このポートは TLS を使っていません",
                    "what listens at this port does not speak TLS",
                ),
                language,
            ),
            Self::TlsTooOld => insecure(
                language.say(
                    "相手側が TLS 1.2 にも 1.3 にも対応していません",
                    "the other side offers no TLS 1.2 or 1.3, only older versions",
                ),
                language,
            ),
            Self::NoCommonTls => insecure(
                language.say(
                    "相手側に、このサーバーと共通の暗号方式がありません",
                    "the other side finds no encryption that both sides know",
                ),
                language,
            ),
            Self::WantsCertificate => insecure(
                language.say(
                    "相手側がこのサーバーの証明書 (クライアント証明書) を求めています",
                    "the other side wants a certificate of this server (a client certificate)",
                ),
                language,
            ),
            Self::TlsEnded => insecure(
                language.say(
                    "暗号化の準備の途中で接続が切れました",
                    "the connection ended in the middle of the TLS handshake",
                ),
                language,
            ),
            Self::UnknownHost => insecure(
                language.say(
                    "このホスト名では受け付けていないという応答です",
                    "the server does not know this host name",
                ),
                language,
            ),
            Self::Tls(why) => both!(
                language,
                "安全な接続ができません",
                "no secure connection: {why}"
            ),
            Self::System(error) => {
                let why = error.describe(language);
                both!(
                    language,
                    "送信できませんでした。{why}",
                    "the request failed: {why}"
                )
            }
            Self::Broken => both!(
                language,
                "応答の前に接続が切れました",
                "the connection ended before there was an answer"
            ),
            Self::NotHttp => both!(
                language,
                "相手の応答が HTTP/1.1 の形式ではありません",
                "what answers does not speak HTTP/1.1"
            ),
            Self::BadHead => both!(
                language,
                "応答のヘッダーが HTTP として正しくなく、読めません (長さの指定が矛盾しているなど)",
                "the answer is broken: its head is no valid HTTP (such as two lengths that contradict each other)"
            ),
            Self::ByProxy(answered) => {
                let answered = answered.describe(language);
                both!(
                    language,
                    "{answered} (プロキシ経由)",
                    "{answered} (by way of the proxy)"
                )
            }
            Self::HeadTooLong => both!(
                language,
                "応答のヘッダーが長すぎて読めません",
                "the head of the answer is too long to be read"
            ),
            Self::WantsTls => both!(
                language,
                "このポートは TLS で暗号化されていますが、URL が http:// です",
                "this port speaks TLS, and the URL begins with http://"
            ),
            Self::Other(why) => both!(
                language,
                "送信できませんでした",
                "the request failed: {why}"
            ),
        }
    }

    /// The words, with the advice when it fits a server that is not VoiceDrive's too.
    #[must_use]
    pub fn with_advice(&self, language: Language) -> String {
        let (told, cause) = (self.describe(language), self.cause());
        if !cause.fits_any_server() {
            return told;
        }
        let advice = cause.sentence(&Settings::default(), language);
        both!(language, "{told}。{advice}", "{told}; {advice}")
    }
}

/// The number is the partner's; its English name helps nobody who reads Japanese.
fn status(code: u16, language: Language) -> String {
    let reason = StatusCode::from_u16(code)
        .ok()
        .and_then(|status| status.canonical_reason());
    match (language, reason) {
        (Language::En, Some(reason)) => format!("HTTP {code}: {reason}"),
        _ => format!("HTTP {code}"),
    }
}

fn insecure(why: &str, language: Language) -> String {
    both!(
        language,
        "安全な接続ができません: {why}",
        "no secure connection: {why}"
    )
}

impl ProxyFault {
    fn describe(&self, language: Language) -> String {
        let (ja, en) = match self {
            Self::Unreached(why) => return why.describe(language),
            Self::Refuses(code) => {
                let status = status(*code, language);
                return both!(
                    language,
                    "この送り先への接続を断られました ({status})",
                    "it does not connect to this host ({status})"
                );
            }
            Self::NoWay(code) => {
                let status = status(*code, language);
                return both!(
                    language,
                    "この送り先に接続できないという応答です ({status})",
                    "it could not connect to this host ({status})"
                );
            }
            Self::Silent(limit) => {
                let seconds = limit.as_secs_f64();
                return both!(
                    language,
                    "{seconds} 秒以内に、この送り先につながりませんでした",
                    "it did not connect to this host within {limit:?}"
                );
            }
            Self::WantsLogin => (
                "ユーザー名とパスワードを求められました (407)",
                "it wants a user and a password (407)",
            ),
            Self::NoProxy => (
                "応答がプロキシのものではありません",
                "its answer is not that of a proxy",
            ),
        };
        language.say(ja, en).to_owned()
    }
}

impl RefusedAddress {
    /// Why it is never called.
    #[must_use]
    pub fn describe(self, language: Language) -> &'static str {
        let (ja, en) = match self {
            Self::LinkLocal => (
                "リンクローカルアドレス (169.254.0.0/16、fe80::/10) には送信しません",
                "link-local addresses (169.254.0.0/16, fe80::/10) are never called",
            ),
            Self::PlainHttp => (
                "インターネット上のアドレスに http:// では送信しません。https:// にするか、delivery.allow_http = true を設定してください",
                "plain http:// to a public address is refused; use https://, or set delivery.allow_http = true",
            ),
        };
        language.say(ja, en)
    }
}

impl ClientError {
    /// Why nothing can go out.
    #[must_use]
    pub fn describe(&self, language: Language) -> String {
        match self {
            Self::Tls(error) => {
                let why = error.describe(language);
                both!(
                    language,
                    "{why}。https:// で送信するには、このサーバーに認証局の証明書が必要です (apt install ca-certificates)",
                    "{why}; for https:// this machine needs the certificates of authorities (apt install ca-certificates)"
                )
            }
            Self::Library(why) => both!(
                language,
                "HTTP で送信する準備ができません",
                "no HTTP client can be made: {why}"
            ),
        }
    }
}

impl SetupError {
    /// Which route cannot be used, and why.
    #[must_use]
    pub fn describe(&self, language: Language) -> String {
        let (route, why) = (&self.route, self.why.describe(language));
        both!(
            language,
            "送り先 {route} を使えません。{why}",
            "the route {route} cannot be used: {why}"
        )
    }
}

/// As the log and the tables have it: in English.
macro_rules! in_english {
    ($($noun:ty),+) => {$(
        impl fmt::Display for $noun {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.describe(Language::En))
            }
        }
    )+};
}

in_english!(
    Failure,
    BadCertificate,
    RefusedAddress,
    ClientError,
    SetupError,
    TlsError
);

impl fmt::Display for ResolveError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotFound => Failure::NameNotFound.fmt(f),
            Self::Refused(why) => why.fmt(f),
        }
    }
}
