//! Why an attempt did not succeed, as a closed list.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Why an attempt did not succeed.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// The receiver's name has no address.
    NameNotFound,
    /// Nobody listens at the receiver's address.
    ConnectionRefused,
    /// There is no route through the network to the receiver.
    Unreachable,
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
    /// The receiver wants a certificate of the one who sends.
    ClientCertificate,
    /// The proxy on the way out cannot be reached.
    Proxy,
    /// The connection ended before there was an answer.
    ConnectionEnded,
    /// This machine did not let the request out.
    OwnSystem,
    /// What answers at the port does not speak HTTP/1.1.
    NotHttp,
    /// The URL begins with `http://`, and the port speaks TLS.
    WantsTls,
    /// The proxy on the way out wants another user and password, or any.
    ProxyLogin,
    /// The proxy on the way out does not connect to the receiver.
    ProxyRefuses,
    /// The proxy on the way out tries to connect to the receiver, in vain.
    ProxyNoWay,
    /// The certificate of the proxy on the way out is not good.
    ProxyCertificate,
    /// What answers at the proxy's address is no such proxy.
    NotAProxy,
    /// A proxy answered, and none is configured.
    ProxyUnknown,
    /// An answer that a proxy may have given, or the receiver behind it.
    ProxyAnswer,
    /// The receiver refuses the signature or token.
    Signature,
    /// The receiver refuses the signature or token, and its clock shows another time.
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
    pub const ALL: [Self; 34] = [
        Self::NameNotFound,
        Self::ConnectionRefused,
        Self::Unreachable,
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
        Self::ClientCertificate,
        Self::Proxy,
        Self::ConnectionEnded,
        Self::OwnSystem,
        Self::NotHttp,
        Self::WantsTls,
        Self::ProxyLogin,
        Self::ProxyRefuses,
        Self::ProxyNoWay,
        Self::ProxyCertificate,
        Self::NotAProxy,
        Self::ProxyUnknown,
        Self::ProxyAnswer,
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
            413 => Self::TooLarge,
            429 => Self::RateLimited,
            // Only a proxy answers so.
            407 => Self::ProxyUnknown,
            301 | 302 | 303 | 307 | 308 => Self::Moved,
            300..=399 | 404 | 405 | 410 | 421 | 426 => Self::WrongAddress,
            // A network on the way wants somebody to log in.
            511 => Self::Unreachable,
            // It is slow, or not ready yet.
            408 | 425 => Self::PartnerError,
            400..=499 => Self::UnknownEvent,
            _ => Self::PartnerError,
        }
    }

    /// The word in the tables and in JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NameNotFound => "name_not_found",
            Self::ConnectionRefused => "connection_refused",
            Self::Unreachable => "unreachable",
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
            Self::ClientCertificate => "client_certificate",
            Self::Proxy => "proxy",
            Self::ConnectionEnded => "connection_ended",
            Self::OwnSystem => "own_system",
            Self::NotHttp => "not_http",
            Self::WantsTls => "wants_tls",
            Self::ProxyLogin => "proxy_login",
            Self::ProxyRefuses => "proxy_refuses",
            Self::ProxyNoWay => "proxy_no_way",
            Self::ProxyCertificate => "proxy_certificate",
            Self::NotAProxy => "not_a_proxy",
            Self::ProxyUnknown => "proxy_unknown",
            Self::ProxyAnswer => "proxy_answer",
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

    /// Whether the partner does not take what was sent: it ends in the same way until something is mended.
    #[must_use]
    pub fn is_refusal(self) -> bool {
        !self.is_outage()
    }

    /// Whether it looks as if nothing got through to the partner, or the partner could take nothing: whatever is sent
    /// then fails so, and when it is over the same is taken (contract, section 5.3).
    #[must_use]
    pub fn is_outage(self) -> bool {
        match self {
            Self::NameNotFound
            | Self::ConnectionRefused
            | Self::Unreachable
            | Self::TimedOut
            | Self::Tls
            | Self::NotTls
            | Self::TlsTooOld
            | Self::Certificate
            | Self::CertificateExpired
            | Self::CertificateNotYetValid
            | Self::CertificateName
            | Self::CertificateIssuer
            | Self::CertificateSelfSigned
            | Self::Proxy
            | Self::ClientCertificate
            | Self::ConnectionEnded
            | Self::OwnSystem
            | Self::NotHttp
            | Self::WantsTls
            | Self::ProxyLogin
            | Self::ProxyRefuses
            | Self::ProxyNoWay
            | Self::ProxyCertificate
            | Self::NotAProxy
            | Self::ProxyUnknown
            | Self::ProxyAnswer
            | Self::RateLimited
            | Self::PartnerError => true,
            Self::Signature
            | Self::Clock
            | Self::UnknownEvent
            | Self::TooLarge
            | Self::WrongAddress
            | Self::Moved => false,
        }
    }

    /// Whether it is about the way to a server, whichever server that is: mail servers and hooks of
    /// alerts fail so too, and the sentence fits them as it does VoiceDrive.
    #[must_use]
    pub fn fits_any_server(self) -> bool {
        matches!(
            self,
            Self::Unreachable
                | Self::Tls
                | Self::NotTls
                | Self::TlsTooOld
                | Self::Certificate
                | Self::CertificateExpired
                | Self::CertificateNotYetValid
                | Self::CertificateName
                | Self::CertificateIssuer
                | Self::CertificateSelfSigned
                | Self::ClientCertificate
                | Self::Proxy
                | Self::ConnectionEnded
                | Self::OwnSystem
                | Self::NotHttp
                | Self::WantsTls
                | Self::ProxyLogin
                | Self::ProxyRefuses
                | Self::ProxyNoWay
                | Self::ProxyCertificate
                | Self::NotAProxy
                | Self::ProxyUnknown
                | Self::ProxyAnswer
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_cause_has_a_word_of_its_own() {
        let mut words: Vec<_> = Cause::ALL.into_iter().map(Cause::as_str).collect();
        words.sort_unstable();
        words.dedup();
        assert_eq!(words.len(), Cause::ALL.len());
        for cause in Cause::ALL {
            assert_eq!(Cause::from_word(cause.as_str()), Some(cause));
            assert_eq!(serde_json::json!(cause), cause.as_str());
        }
        assert_eq!(Cause::from_word("bad luck"), None);
    }

    #[test]
    fn an_answer_that_a_person_must_act_on_is_no_outage() {
        for status in [400, 401, 403, 404, 410, 413, 422, 308] {
            assert!(!Cause::of_status(status).is_outage(), "{status}");
        }
        for status in [408, 429, 500, 502, 503, 504] {
            assert!(Cause::of_status(status).is_outage(), "{status}");
        }
        let of_event = Cause::ALL.into_iter().filter(|cause| !cause.is_outage());
        let expected = [
            Cause::Signature,
            Cause::Clock,
            Cause::UnknownEvent,
            Cause::TooLarge,
            Cause::WrongAddress,
            Cause::Moved,
        ];
        assert_eq!(of_event.collect::<Vec<_>>(), expected);
    }

    #[test]
    fn a_status_names_its_likely_cause() {
        for (status, cause) in [
            (400, Cause::UnknownEvent),
            (401, Cause::Signature),
            (403, Cause::Signature),
            (404, Cause::WrongAddress),
            (410, Cause::WrongAddress),
            // It wants TLS, or another version of HTTP.
            (426, Cause::WrongAddress),
            (308, Cause::Moved),
            (304, Cause::WrongAddress),
            (407, Cause::ProxyUnknown),
            (413, Cause::TooLarge),
            (429, Cause::RateLimited),
            (409, Cause::UnknownEvent),
            (418, Cause::UnknownEvent),
            (451, Cause::UnknownEvent),
            (408, Cause::PartnerError),
            (500, Cause::PartnerError),
            (511, Cause::Unreachable),
        ] {
            assert_eq!(Cause::of_status(status), cause, "{status}");
        }
    }
}
