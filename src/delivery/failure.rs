//! Why a request to somebody else did not succeed: a closed list, and how errors of the HTTP client are put
//! into it.

use std::error::Error;
use std::io;
use std::time::Duration;

use rustls::{AlertDescription, PeerIncompatible};

use super::address::{self, ResolveError};
use super::tls::BadCertificate;
use crate::cause::Cause;
use crate::system_error::SystemError;

/// How errors of a tunnel through a proxy begin; their type is private to the HTTP client.
const TUNNEL: &str = "tunnel error: ";

/// Why an attempt did not succeed. The list is closed; the words are for the log and the tables.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// The partner answered with a status outside 2xx.
    Status(u16),
    /// The partner answered that it is elsewhere now.
    Moved(u16, String),
    /// The partner answered with a 5xx, and its body says that the event is too large.
    TooLarge(u16),
    /// The relay itself answered, with this status.
    LeadsBack(u16),
    /// The partner refused the signature or token, and its clock is this many seconds ahead of ours, which may
    /// be the reason.
    ClockDiffers(u16, i64),
    /// The whole attempt took longer than the timeout.
    TimedOut(Duration),
    /// The host's name could not be resolved.
    NameNotFound,
    /// The host has only addresses that are never called.
    AddressRefused(address::Refused),
    /// Nobody listens at the address.
    Refused,
    /// The proxy cannot be reached, or does not let this through.
    Proxy(ProxyFault),
    /// The partner's certificate is not good.
    Certificate(BadCertificate),
    /// What listens at the port does not speak TLS.
    NotTls,
    /// The partner only speaks versions of TLS that are too old.
    TlsTooOld,
    /// The connection ended in the middle of the TLS handshake.
    TlsEnded,
    /// The TLS handshake failed for another reason.
    Tls(String),
    /// The operating system could not send it, for a reason that has no word of its own here.
    System(SystemError),
    /// The connection ended before there was an answer.
    Broken,
    /// The answer was not HTTP, or something rarer.
    Other(String),
}

/// What is wrong with the proxy on the way out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProxyFault {
    /// Its name could not be resolved.
    NameNotFound,
    /// Nobody listens at its address.
    Refused,
    /// It has only addresses that are never called.
    Address(address::Refused),
    /// It asks for user and password.
    WantsLogin,
    /// It refuses to connect to this host.
    NotThisHost,
    /// What answers does not speak as a proxy does.
    NoProxy,
}

impl Failure {
    /// The word of the closed list for it.
    #[must_use]
    pub fn cause(&self) -> Cause {
        match self {
            Self::Status(code) => Cause::of_status(*code),
            Self::Moved(..) => Cause::Moved,
            Self::TooLarge(_) => Cause::TooLarge,
            Self::ClockDiffers(..) => Cause::Clock,
            Self::TimedOut(_) => Cause::TimedOut,
            Self::NameNotFound => Cause::NameNotFound,
            Self::AddressRefused(_) | Self::LeadsBack(_) => Cause::WrongAddress,
            Self::Refused => Cause::ConnectionRefused,
            Self::Proxy(_) => Cause::Proxy,
            Self::Certificate(why) => why.cause(),
            Self::NotTls => Cause::NotTls,
            Self::TlsTooOld => Cause::TlsTooOld,
            Self::TlsEnded | Self::Tls(_) => Cause::Tls,
            Self::System(error) => of_network(error.kind()),
            Self::Broken | Self::Other(_) => Cause::PartnerError,
        }
    }
}

/// Puts what the HTTP client reports into the closed list; `proxied`: its connections lead to a proxy,
/// `secure`: they begin with TLS. The URL is left out: it may hold a token.
#[must_use]
pub(super) fn classify(error: &reqwest::Error, proxied: bool, secure: bool) -> Failure {
    if error.is_timeout() {
        return Failure::Other("timed out".to_owned());
    }
    let found = causes(error).find_map(known);
    match found {
        // With a proxy, only the proxy is looked up and connected to.
        Some(Failure::NameNotFound) if proxied => Failure::Proxy(ProxyFault::NameNotFound),
        Some(Failure::Refused) if proxied => Failure::Proxy(ProxyFault::Refused),
        Some(Failure::AddressRefused(why)) if proxied => Failure::Proxy(ProxyFault::Address(why)),
        // The port is open, and the first thing that it is told is the beginning of TLS.
        Some(Failure::Broken) if secure && error.is_connect() => Failure::TlsEnded,
        Some(failure) => failure,
        None => Failure::Other(innermost(error)),
    }
}

/// What TLS says of a connection that is not HTTP's, such as that to a mail server; none when the error
/// is not about TLS.
#[must_use]
pub fn tls_failure(error: &(dyn Error + 'static)) -> Option<Failure> {
    causes(error).find_map(|cause| cause.downcast_ref::<rustls::Error>().map(of_tls))
}

/// An error, and all that lies below it.
fn causes<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |error| below(*error))
}

/// The next cause. An error of TLS travels inside one of the operating system's, which does not name
/// it as its source.
fn below<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a (dyn Error + 'static)> {
    let inside = error
        .downcast_ref::<io::Error>()
        .and_then(io::Error::get_ref);
    match inside {
        Some(inside) => Some(inside),
        None => error.source(),
    }
}

/// The failure that one cause stands for, when it is one that is known.
fn known(cause: &(dyn Error + 'static)) -> Option<Failure> {
    if let Some(resolving) = cause.downcast_ref::<ResolveError>() {
        return Some(match resolving {
            ResolveError::NotFound => Failure::NameNotFound,
            ResolveError::Refused(why) => Failure::AddressRefused(*why),
        });
    }
    if let Some(tls) = cause.downcast_ref::<rustls::Error>() {
        return Some(of_tls(tls));
    }
    if let Some(http) = cause.downcast_ref::<hyper::Error>() {
        let ended = http.is_incomplete_message() || http.is_closed() || http.is_canceled();
        return ended.then_some(Failure::Broken);
    }
    if let Some(io) = cause.downcast_ref::<io::Error>() {
        return of_io(io);
    }
    of_tunnel(&cause.to_string())
}

fn of_io(error: &io::Error) -> Option<Failure> {
    match error.kind() {
        io::ErrorKind::ConnectionRefused => Some(Failure::Refused),
        io::ErrorKind::ConnectionReset
        | io::ErrorKind::ConnectionAborted
        | io::ErrorKind::BrokenPipe
        | io::ErrorKind::UnexpectedEof => Some(Failure::Broken),
        // What is not the system's only carries what lies below.
        _ => error.raw_os_error().map(|_| Failure::System(error.into())),
    }
}

/// Whether it is the network between, or something rarer.
fn of_network(kind: io::ErrorKind) -> Cause {
    match kind {
        io::ErrorKind::HostUnreachable
        | io::ErrorKind::NetworkUnreachable
        | io::ErrorKind::NetworkDown
        | io::ErrorKind::TimedOut => Cause::Unreachable,
        _ => Cause::PartnerError,
    }
}

fn of_tunnel(words: &str) -> Option<Failure> {
    let why = match words.strip_prefix(TUNNEL)? {
        "proxy authorization required" => ProxyFault::WantsLogin,
        "unsuccessful" => ProxyFault::NotThisHost,
        // What lies below says more.
        "failed to create underlying connection" | "io error establishing tunnel" => return None,
        _ => ProxyFault::NoProxy,
    };
    Some(Failure::Proxy(why))
}

fn of_tls(error: &rustls::Error) -> Failure {
    match error {
        rustls::Error::InvalidCertificate(why) => Failure::Certificate(BadCertificate::of(why)),
        rustls::Error::NoCertificatesPresented => Failure::Certificate(BadCertificate::None),
        rustls::Error::InvalidMessage(_) => Failure::NotTls,
        rustls::Error::AlertReceived(AlertDescription::ProtocolVersion)
        | rustls::Error::PeerIncompatible(
            PeerIncompatible::ServerDoesNotSupportTls12Or13
            | PeerIncompatible::ServerTlsVersionIsDisabledByOurConfig,
        ) => Failure::TlsTooOld,
        other => Failure::Tls(other.to_string()),
    }
}

/// The deepest cause, in its own words.
pub(super) fn innermost(error: &(dyn Error + 'static)) -> String {
    causes(error).last().unwrap_or(error).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::language::Language;
    use rustls::{CertificateError, InvalidMessage};

    #[test]
    fn failures_read_as_sentences_of_the_log() {
        let moved = Failure::Moved(308, "https://b.example/hook".to_owned());
        for (failure, words) in [
            (Failure::Status(503), "HTTP 503: Service Unavailable"),
            (Failure::Status(299), "HTTP 299"),
            (
                moved,
                "HTTP 308: Permanent Redirect; it moved to https://b.example/hook",
            ),
        ] {
            assert_eq!(failure.to_string(), words);
        }
    }

    #[test]
    fn what_tls_says_is_found_inside_errors_of_the_system() {
        let expired = rustls::Error::InvalidCertificate(CertificateError::Expired);
        let inside = io::Error::other(io::Error::new(io::ErrorKind::InvalidData, expired));
        let found = tls_failure(&inside).unwrap();
        assert_eq!(found.cause(), Cause::CertificateExpired);
        assert_eq!(tls_failure(&io::Error::other("no TLS")), None);
    }

    #[test]
    fn what_is_wrong_with_tls_has_its_cause() {
        let ends = |alert| of_tls(&rustls::Error::AlertReceived(alert)).cause();
        assert_eq!(ends(AlertDescription::ProtocolVersion), Cause::TlsTooOld);
        assert_eq!(ends(AlertDescription::HandshakeFailure), Cause::Tls);
        let odd = rustls::Error::InvalidMessage(InvalidMessage::InvalidContentType);
        assert_eq!(of_tls(&odd).cause(), Cause::NotTls);
        let old = PeerIncompatible::ServerDoesNotSupportTls12Or13;
        let old = rustls::Error::PeerIncompatible(old);
        assert_eq!(of_tls(&old).cause(), Cause::TlsTooOld);
    }

    #[test]
    fn advice_is_given_where_it_fits_every_server() {
        let told = |failure: Failure| failure.with_advice(Language::En);
        assert!(told(Failure::NotTls).contains("look at the port"));
        assert_eq!(told(Failure::Refused), "the connection was refused");
    }

    #[test]
    fn a_network_that_leads_nowhere_is_not_the_partners_fault() {
        for (number, cause) in [
            (101, Cause::Unreachable),
            (113, Cause::Unreachable),
            (110, Cause::Unreachable),
        ] {
            let failure = of_io(&io::Error::from_raw_os_error(number)).unwrap();
            assert_eq!(failure.cause(), cause, "{failure}");
        }
        assert_eq!(of_io(&io::Error::other("something inside")), None);
    }

    #[test]
    fn a_proxy_that_refuses_says_so() {
        let of = |words: &str| of_tunnel(words).map(|failure| failure.cause());
        assert_eq!(of("tunnel error: unsuccessful"), Some(Cause::Proxy));
        let below = "tunnel error: failed to create underlying connection";
        assert_eq!(of(below), None);
        assert_eq!(of("client error (Connect)"), None);
    }
}
