//! What is wrong with a certificate, and with the certificates of this server.

use crate::delivery::tls::{BadCertificate, TlsError};
use crate::language::Language;

/// The number of a certificate's names that are shown.
const NAMES_SHOWN: usize = 3;

impl BadCertificate {
    /// What is wrong with it.
    #[must_use]
    pub fn describe(&self, language: Language) -> String {
        match self {
            Self::Expired(Some(day)) => both!(
                language,
                "証明書の期限は {day} に切れています",
                "the certificate expired on {day}"
            ),
            Self::Expired(None) => both!(
                language,
                "証明書の期限が切れています",
                "the certificate has expired"
            ),
            Self::NotYetValid(Some(day)) => both!(
                language,
                "証明書は {day} から有効です",
                "the certificate is valid from {day} on"
            ),
            Self::NotYetValid(None) => both!(
                language,
                "証明書はまだ有効ではありません",
                "the certificate is not valid yet"
            ),
            Self::OtherName(names) if names.is_empty() => both!(
                language,
                "証明書はこのホストのものではありません",
                "the certificate is not for this host"
            ),
            Self::AddressAsName => both!(
                language,
                "証明書には、この IP アドレスがホスト名 (DNS) として書かれています。IP アドレスとして書かれていなければ使えません",
                "the certificate has this address as a DNS name, where only an entry as an IP address counts"
            ),
            Self::NoName => both!(
                language,
                "証明書の「サブジェクトの別名」(SAN) にホスト名がありません。共通名 (CN) に書かれていても使えません",
                "the certificate names no host as subjectAltName; its common name does not count"
            ),
            Self::ShortKey(bits) => both!(
                language,
                "証明書の鍵が短すぎます (RSA {bits} ビット。2048 ビット以上が必要)",
                "the certificate's key is too short: RSA with {bits} bits, and 2048 are needed"
            ),
            Self::OldSignature => both!(
                language,
                "証明書の署名の方式が古いか、使えないものです (SHA-1 など)",
                "the certificate is signed in a way that is not accepted any more, such as with SHA-1"
            ),
            Self::OtherName(names) => {
                let more = if names.len() > NAMES_SHOWN {
                    ", ..."
                } else {
                    ""
                };
                let shown = names[..names.len().min(NAMES_SHOWN)].join(", ");
                both!(
                    language,
                    "証明書は別のホストのものです: {shown}{more}",
                    "the certificate is for another host: {shown}{more}"
                )
            }
            Self::UnknownIssuer(Some(issuer)) => both!(
                language,
                "証明書の発行元をこのサーバーは知りません: {issuer}",
                "the certificate's issuer is not known here: {issuer}"
            ),
            Self::UnknownIssuer(None) => both!(
                language,
                "証明書の発行元をこのサーバーは知りません",
                "the certificate's issuer is not known here"
            ),
            Self::SelfSigned => both!(
                language,
                "自己署名の証明書で、このサーバーの証明書の一覧にありません",
                "the certificate is self-signed, and not in this system's store of certificates"
            ),
            Self::Authority => both!(
                language,
                "認証局の証明書 (CA:TRUE) を、サーバーが自分のものとして使っています",
                "the certificate is that of an authority (CA:TRUE), and the server uses it as its own"
            ),
            Self::NotForServers => both!(
                language,
                "サーバー用の証明書ではありません (用途にサーバー認証がありません)",
                "the certificate is not for servers: its purposes (extended key usage) lack serverAuth"
            ),
            Self::NotAllowedToIssue => both!(
                language,
                "証明書を発行した認証局に、このホストの証明書を発行する資格がありません",
                "the certificate was issued by one that may not issue it: one between it and its authority is no authority, or not for this name"
            ),
            Self::None => both!(
                language,
                "証明書がありません",
                "the certificate is not good: there is none"
            ),
            Self::Other(why) => both!(
                language,
                "証明書の内容に問題があります (読めない、失効しているなど)",
                "the certificate is not good: {why}"
            ),
        }
    }
}

impl TlsError {
    /// Why there is no TLS.
    #[must_use]
    pub fn describe(&self, language: Language) -> String {
        match self {
            Self::NoRoots => both!(
                language,
                "このサーバーの証明書の一覧が空か、読めません",
                "this system's store of certificates is empty or cannot be read"
            ),
            Self::Library(why) => both!(
                language,
                "TLS の準備ができません",
                "TLS cannot be set up: {why}"
            ),
        }
    }
}
