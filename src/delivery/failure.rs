//! Why a request to somebody else did not succeed: a closed list, and how errors of the HTTP client are put
//! into it.

use std::error::Error;
use std::io;
use std::time::Duration;

use rustls::{AlertDescription, PeerIncompatible};

use super::address::{self, ResolveError};
use super::connection::Stage;
use super::tls::BadCertificate;
use super::tunnel::TunnelError;
use crate::cause::Cause;
use crate::system_error::SystemError;

/// What the HTTP library says of an answer that begins as none of HTTP/1.0 and 1.1 does.
const NO_VERSION: &str = "invalid HTTP version";

/// What the HTTP library says of a server that speaks before it is asked, as those of SSH and of mail do.
const SPEAKS_FIRST: &str = "unexpected message";

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
    /// This is what the answer said, and it did not come to its end within the timeout.
    Unfinished(Box<Failure>),
    /// The host's name could not be resolved.
    NameNotFound,
    /// The host has only addresses that are never called.
    AddressRefused(address::RefusedAddress),
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
    /// The partner finds no way of encryption that both sides know.
    NoCommonTls,
    /// The receiver wants a certificate of this machine, and there is none.
    WantsCertificate,
    /// The connection ended in the middle of the TLS handshake.
    TlsEnded,
    /// The server does not know the host's name.
    UnknownHost,
    /// The TLS handshake failed for another reason.
    Tls(String),
    /// The operating system could not send it, for a reason that has no word of its own here.
    System(SystemError),
    /// The connection ended before there was an answer.
    Broken,
    /// What answered does not speak HTTP/1.1.
    NotHttp,
    /// The answer is HTTP, and its head contradicts itself or cannot be read.
    BadHead,
    /// The head of the answer is too long to be read.
    HeadTooLong,
    /// This answer came by way of a proxy, which may have given it itself.
    ByProxy(Box<Failure>),
    /// The URL begins with `http://`, and the port speaks TLS.
    WantsTls,
    /// Something rarer.
    Other(String),
}

/// What is wrong with the proxy on the way out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProxyFault {
    /// It cannot be reached, for this reason.
    Unreached(Box<Failure>),
    /// It asks for user and password.
    WantsLogin,
    /// It answered with this status that it does not connect to this host.
    Refuses(u16),
    /// It answered with this status that it tried to connect to this host in vain.
    NoWay(u16),
    /// It did not connect to this host within this time.
    Silent(Duration),
    /// What answers does not speak as a proxy does.
    NoProxy,
}

impl ProxyFault {
    /// What an answer with this status, outside 2xx, to the request for a tunnel means.
    fn of_status(status: u16) -> Self {
        match status {
            407 => Self::WantsLogin,
            500..=599 => Self::NoWay(status),
            _ => Self::Refuses(status),
        }
    }

    fn cause(&self) -> Cause {
        match self {
            Self::Unreached(why) => match **why {
                Failure::Certificate(_) => Cause::ProxyCertificate,
                Failure::NotTls
                | Failure::TlsTooOld
                | Failure::NoCommonTls
                | Failure::TlsEnded
                | Failure::UnknownHost
                | Failure::Tls(_) => Cause::NotAProxy,
                _ => Cause::Proxy,
            },
            Self::WantsLogin => Cause::ProxyLogin,
            Self::Refuses(_) => Cause::ProxyRefuses,
            Self::NoWay(_) | Self::Silent(_) => Cause::ProxyNoWay,
            Self::NoProxy => Cause::NotAProxy,
        }
    }
}

impl Failure {
    /// An answer with this status that did not come to its end.
    #[must_use]
    pub fn unfinished(status: u16) -> Self {
        Self::Unfinished(Box::new(Self::Status(status)))
    }

    /// Whether it is that something took too long.
    #[must_use]
    pub fn is_timeout(&self) -> bool {
        match self {
            Self::TimedOut(_) | Self::Unfinished(_) | Self::Proxy(ProxyFault::Silent(_)) => true,
            Self::Proxy(ProxyFault::Unreached(why)) => why.is_timeout(),
            _ => false,
        }
    }

    /// The word of the closed list for it.
    #[must_use]
    pub fn cause(&self) -> Cause {
        match self {
            Self::Status(code) => Cause::of_status(*code),
            Self::Moved(..) => Cause::Moved,
            Self::TooLarge(_) => Cause::TooLarge,
            Self::ClockDiffers(..) => Cause::Clock,
            Self::TimedOut(_) => Cause::TimedOut,
            // It says nothing against the event.
            Self::Unfinished(said) if matches!(**said, Self::Status(200..=299)) => Cause::TimedOut,
            Self::Unfinished(said) => said.cause(),
            Self::NameNotFound => Cause::NameNotFound,
            Self::AddressRefused(_) | Self::LeadsBack(_) => Cause::WrongAddress,
            Self::Refused => Cause::ConnectionRefused,
            Self::Proxy(fault) => fault.cause(),
            Self::Certificate(why) => why.cause(),
            Self::NotTls => Cause::NotTls,
            Self::TlsTooOld | Self::NoCommonTls => Cause::TlsTooOld,
            Self::WantsCertificate => Cause::ClientCertificate,
            Self::TlsEnded | Self::UnknownHost | Self::Tls(_) => Cause::Tls,
            Self::System(error) => of_network(error.kind()),
            Self::Broken => Cause::ConnectionEnded,
            Self::NotHttp => Cause::NotHttp,
            Self::WantsTls => Cause::WantsTls,
            Self::HeadTooLong | Self::BadHead => Cause::PartnerError,
            Self::ByProxy(_) => Cause::ProxyAnswer,
            Self::Other(_) => Cause::OwnSystem,
        }
    }
}

/// Which way the connections of a client lead.
#[derive(Clone, Copy, Debug)]
pub(super) struct Way {
    /// What is at their end speaks TLS.
    pub(super) secure: bool,
    /// They lead through a proxy, and it speaks TLS itself, or not.
    pub(super) proxy: Option<ProxyTls>,
}

/// Whether connections to a proxy begin with TLS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ProxyTls {
    /// They do.
    Begins,
    /// They do not.
    None,
}

/// No answer within `limit`, when the request had come as far as this.
#[must_use]
pub(super) fn late(stage: Stage, limit: Duration) -> Failure {
    let timed_out = Failure::TimedOut(limit);
    match stage {
        Stage::Receiver => timed_out,
        Stage::Proxy => Failure::Proxy(ProxyFault::Unreached(Box::new(timed_out))),
        Stage::Tunnel => Failure::Proxy(ProxyFault::Silent(limit)),
    }
}

/// Puts what the HTTP client reports into the closed list. The URL is left out: it may hold a token.
#[must_use]
pub(super) fn classify(error: &(dyn Error + 'static), connecting: bool, way: Way) -> Failure {
    let found = causes(error).find_map(known);
    let Some(found) = found else {
        return Failure::Other(innermost(error));
    };
    // Without TLS at the other end, the proxy is the only one who is spoken to; with it, until the tunnel stands.
    let tunnel = causes(error).find_map(|cause| cause.downcast_ref::<TunnelError>());
    let of_proxy = way.proxy.filter(|_| !way.secure || tunnel.is_some());
    // Whoever was asked for a tunnel had the handshake behind him.
    let connecting = connecting && !matches!(tunnel, Some(TunnelError::Unanswered(_)));
    match of_proxy {
        Some(tls) => of_proxy_itself(found, connecting && tls == ProxyTls::Begins),
        None => in_handshake(found, connecting && way.secure),
    }
}

/// What fails between this machine and the proxy. `beginning_tls`: it may have failed in the TLS handshake.
fn of_proxy_itself(found: Failure, beginning_tls: bool) -> Failure {
    Failure::Proxy(match in_handshake(found, beginning_tls) {
        Failure::Proxy(fault) => fault,
        Failure::NotHttp | Failure::BadHead | Failure::HeadTooLong => ProxyFault::NoProxy,
        other => ProxyFault::Unreached(Box::new(other)),
    })
}

/// The port is open, and the first thing that it is told is the beginning of TLS.
fn in_handshake(found: Failure, beginning_tls: bool) -> Failure {
    match found {
        Failure::Broken if beginning_tls => Failure::TlsEnded,
        other => other,
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
        if http.is_parse_too_large() {
            return Some(Failure::HeadTooLong);
        }
        if http.is_parse() {
            return Some(of_head(&http.to_string()));
        }
        if http.to_string().contains(SPEAKS_FIRST) {
            return Some(Failure::NotHttp);
        }
        // What was not sent because of something that came before it says below what that was.
        if http.is_canceled() && matches!(http.source(), Some(below) if below.is::<hyper::Error>())
        {
            return None;
        }
        let ended = http.is_incomplete_message() || http.is_closed() || http.is_canceled();
        return ended.then_some(Failure::Broken);
    }
    if let Some(io) = cause.downcast_ref::<io::Error>() {
        return of_io(io);
    }
    match cause.downcast_ref::<TunnelError>() {
        Some(TunnelError::Answered(status)) => {
            Some(Failure::Proxy(ProxyFault::of_status(status.as_u16())))
        }
        // What lies below says more.
        _ => None,
    }
}

/// What is wrong with the head of an answer, by the library's words: their types are private to it.
fn of_head(words: &str) -> Failure {
    if words.contains(NO_VERSION) {
        Failure::NotHttp
    } else {
        Failure::BadHead
    }
}

pub(super) fn of_io(error: &io::Error) -> Option<Failure> {
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

/// Whether it is the network between, or this machine.
fn of_network(kind: io::ErrorKind) -> Cause {
    match kind {
        io::ErrorKind::HostUnreachable
        | io::ErrorKind::NetworkUnreachable
        | io::ErrorKind::NetworkDown
        | io::ErrorKind::TimedOut => Cause::Unreachable,
        _ => Cause::OwnSystem,
    }
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
        rustls::Error::AlertReceived(
            AlertDescription::HandshakeFailure | AlertDescription::InsufficientSecurity,
        ) => Failure::NoCommonTls,
        rustls::Error::AlertReceived(AlertDescription::CertificateRequired) => {
            Failure::WantsCertificate
        }
        rustls::Error::AlertReceived(AlertDescription::UnrecognisedName) => Failure::UnknownHost,
        rustls::Error::AlertReceived(AlertDescription::NoApplicationProtocol) => Failure::NotHttp,
        other => Failure::Tls(other.to_string()),
    }
}

/// The deepest cause, in its own words.
pub(super) fn innermost(error: &(dyn Error + 'static)) -> String {
    causes(error).last().unwrap_or(error).to_string()
}

#[cfg(test)]
mod tests;
