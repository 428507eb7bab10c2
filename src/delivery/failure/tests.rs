//! Errors that are told apart, and whose fault they are.

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
    let nothing_in_common = ends(AlertDescription::HandshakeFailure);
    assert_eq!(nothing_in_common, Cause::TlsTooOld);
    assert_eq!(ends(AlertDescription::InternalError), Cause::Tls);
    let of_ours = ends(AlertDescription::CertificateRequired);
    assert_eq!(of_ours, Cause::ClientCertificate);
    let other_protocol = ends(AlertDescription::NoApplicationProtocol);
    assert_eq!(other_protocol, Cause::NotHttp);
    let other_host = rustls::Error::AlertReceived(AlertDescription::UnrecognisedName);
    assert_eq!(of_tls(&other_host), Failure::UnknownHost);
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
        // No file handles are left; a firewall of this machine.
        (24, Cause::OwnSystem),
        (1, Cause::OwnSystem),
    ] {
        let failure = of_io(&io::Error::from_raw_os_error(number)).unwrap();
        assert_eq!(failure.cause(), cause, "{failure}");
    }
    assert_eq!(of_io(&io::Error::other("something inside")), None);
}

#[test]
fn what_is_wrong_with_the_proxy_is_not_the_receivers_fault() {
    let of = |failure, tls| of_proxy_itself(failure, tls).cause();
    for why in [BadCertificate::Expired(None), BadCertificate::SelfSigned] {
        let cause = of(Failure::Certificate(why), true);
        assert_eq!(cause, Cause::ProxyCertificate);
    }
    assert_eq!(of(Failure::NotTls, true), Cause::NotAProxy);
    assert_eq!(of(Failure::Broken, true), Cause::NotAProxy);
    assert_eq!(of(Failure::Broken, false), Cause::Proxy);
    assert_eq!(of(Failure::NotHttp, false), Cause::NotAProxy);
    assert_eq!(of(Failure::Refused, false), Cause::Proxy);
    let login = Failure::Proxy(ProxyFault::WantsLogin);
    assert_eq!(of(login, false), Cause::ProxyLogin);
}

#[test]
fn a_head_that_is_broken_is_told_apart_from_what_is_no_http() {
    for (words, failure) in [
        ("invalid HTTP version parsed", Failure::NotHttp),
        (
            "invalid HTTP version parsed (found HTTP2 preface)",
            Failure::NotHttp,
        ),
        ("invalid content-length parsed", Failure::BadHead),
        ("invalid HTTP status-code parsed", Failure::BadHead),
        ("invalid HTTP header parsed", Failure::BadHead),
    ] {
        assert_eq!(of_head(words), failure, "{words}");
    }
    assert_eq!(Failure::BadHead.cause(), Cause::PartnerError);
}

#[test]
fn a_proxy_that_refuses_says_so() {
    let of = |status: u16| {
        let status = hyper::StatusCode::from_u16(status).unwrap();
        known(&TunnelError::Answered(status)).unwrap().cause()
    };
    assert_eq!(of(407), Cause::ProxyLogin);
    for status in [400, 403, 404, 405, 451, 301] {
        assert_eq!(of(status), Cause::ProxyRefuses, "{status}");
    }
    for status in [500, 502, 503, 504] {
        assert_eq!(of(status), Cause::ProxyNoWay, "{status}");
    }
}

#[test]
fn whoever_is_slow_is_told_by_how_far_the_request_came() {
    let limit = Duration::from_secs(10);
    for (stage, cause, words) in [
        (
            Stage::Receiver,
            Cause::TimedOut,
            "no complete answer within 10s",
        ),
        (
            Stage::Proxy,
            Cause::Proxy,
            "the proxy: no complete answer within 10s",
        ),
        (
            Stage::Tunnel,
            Cause::ProxyNoWay,
            "the proxy: it did not connect to this host within 10s",
        ),
    ] {
        let failure = late(stage, limit);
        assert!(failure.is_timeout(), "{failure}");
        assert_eq!(failure.cause(), cause, "{failure}");
        assert_eq!(failure.to_string(), words);
    }
    assert!(!Failure::Proxy(ProxyFault::NoWay(504)).is_timeout());
}
