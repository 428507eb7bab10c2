//! Authenticates the staff system's senders: by one of four forms of signature, by a bearer token, or by an address
//! that is trusted without proof (contract, section 4.6).
//!
//! The first proof that is present decides. When it is wrong, no other one is tried, so that nobody can choose the
//! weakest.

use std::net::IpAddr;
use std::time::Duration;

use hyper::HeaderMap;
use hyper::header::{AUTHORIZATION, HOST, HeaderValue, ORIGIN};
use hyper::http::request::Parts;
use hyper::http::uri::Authority;
use url::Url;

use super::super::auth::{self, Unauthorized};
use super::super::callers::{client_of, log_rejected};
use super::super::{Api, cors, revoked};
use crate::config::Ingest;
use crate::crypto;
use crate::http::reply::ApiError;
use crate::http::request;
use crate::http::server::client::read_address;
use crate::secret::Secret;
use crate::timestamp::Timestamp;
use crate::token::Scope;

/// The largest difference between a signed time and now.
const TOLERANCE: Duration = Duration::from_mins(5);
const FORWARDED_FOR: &str = "x-forwarded-for";
/// A request with one of these headers came through a proxy: its peer is not the sender.
const FORWARDING: [&str; 6] = [
    FORWARDED_FOR,
    "forwarded",
    "x-forwarded-host",
    "x-forwarded-proto",
    "x-real-ip",
    "via",
];

/// Why a sender was refused: for the log only. It contains nothing that was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
enum Unproven {
    #[error("a header of the proof is there twice")]
    Twice,
    #[error("the signature has no timestamp")]
    NoTimestamp,
    #[error("the timestamp cannot be read")]
    BadTimestamp,
    #[error("the timestamp is more than five minutes from now")]
    Stale,
    #[error("the signature is wrong")]
    WrongSignature,
    #[error("the bearer token is none of those that are named, and {0}")]
    BadToken(Unauthorized),
    #[error("the token lacks the scope events:write")]
    NoScope,
    #[error("neither a signature nor a token, and not from ingest.open_from")]
    NotOpen,
    #[error(
        "no proof, and a proxy that server.trusted_proxies does not have stands before the sender"
    )]
    Hidden,
    #[error("no proof, and Host is another name than the relay's")]
    OtherHost,
    #[error("no proof, and Origin is none of server.cors_allowed_origins")]
    OtherOrigin,
}

/// Parses a signed time.
type ReadTime = fn(&str) -> Option<Timestamp>;

/// One form of the staff system's signatures.
struct Form {
    signature: &'static str,
    /// The header of the signed time and its format; none when no time is signed.
    timestamp: Option<(&'static str, ReadTime)>,
    /// The separator between time and body in the signed text.
    between: &'static str,
}

/// In the order in which they are tried.
const FORMS: [Form; 4] = [
    Form {
        signature: "x-medical-system-signature",
        timestamp: Some(("x-medical-system-timestamp", iso_8601)),
        between: ".",
    },
    Form {
        signature: "x-webhook-signature",
        timestamp: Some(("x-webhook-timestamp", unix_ms)),
        between: "",
    },
    Form {
        signature: "x-webhook-secret",
        timestamp: None,
        between: "",
    },
    Form {
        signature: "x-signature",
        timestamp: None,
        between: "",
    },
];

/// Verifies the proof of a request. The control socket needs none: only an admin can open it.
///
/// # Errors
/// `Unauthorized`, and `Forbidden` for a token without the scope.
pub fn verify(
    api: &Api,
    ingest: &Ingest,
    peer: Option<IpAddr>,
    head: &Parts,
    body: &[u8],
) -> Result<(), ApiError> {
    let Some(peer) = peer else {
        return Ok(());
    };
    match prove(api, ingest, peer, head, body) {
        Ok(()) => Ok(()),
        Err(Unproven::NoScope) => Err(ApiError::Forbidden(Scope::EventsWrite.as_str())),
        Err(why) => {
            log_rejected(api, client_of(api, peer, &head.headers), &why);
            Err(ApiError::Unauthorized)
        }
    }
}

fn prove(
    api: &Api,
    ingest: &Ingest,
    peer: IpAddr,
    head: &Parts,
    body: &[u8],
) -> Result<(), Unproven> {
    let headers = &head.headers;
    let present = |form: &&Form| headers.contains_key(form.signature);
    if let Some(form) = FORMS.iter().find(present) {
        return form.verify(headers, body, &ingest.secrets, api.clock.now());
    }
    if headers.contains_key(AUTHORIZATION) {
        return bearer(api, ingest, headers);
    }
    open(api, ingest, peer, head)
}

impl Form {
    fn verify(
        &self,
        headers: &HeaderMap,
        body: &[u8],
        secrets: &[Secret],
        now: Timestamp,
    ) -> Result<(), Unproven> {
        let signature = only(headers, self.signature)?.ok_or(Unproven::WrongSignature)?;
        let time = match self.timestamp {
            Some((header, read)) => {
                let time = only(headers, header)?.ok_or(Unproven::NoTimestamp)?;
                fresh(time, read, now)?;
                time.as_bytes()
            }
            None => b"",
        };
        let signed = [time, self.between.as_bytes(), body];
        if is_signed(signature, &signed, secrets) {
            Ok(())
        } else {
            Err(Unproven::WrongSignature)
        }
    }
}

/// Whether the signature was made with one of `secrets`. All of them are tried, so that the time reveals nothing.
fn is_signed(signature: &HeaderValue, signed: &[&[u8]], secrets: &[Secret]) -> bool {
    let given = signature.as_bytes().to_ascii_lowercase();
    secrets.iter().fold(false, |good, secret| {
        let mac = crypto::hmac_sha256(secret.as_bytes(), signed);
        crypto::constant_time_eq(crypto::hex(&mac).as_bytes(), &given) | good
    })
}

fn fresh(time: &HeaderValue, read: ReadTime, now: Timestamp) -> Result<(), Unproven> {
    let moment = time.to_str().ok().and_then(read);
    let moment = moment.ok_or(Unproven::BadTimestamp)?;
    if now.since(moment).max(moment.since(now)) > TOLERANCE {
        return Err(Unproven::Stale);
    }
    Ok(())
}

fn iso_8601(text: &str) -> Option<Timestamp> {
    Timestamp::parse(text).ok()
}

fn unix_ms(text: &str) -> Option<Timestamp> {
    text.parse().ok().map(Timestamp::from_unix_ms)
}

/// The value of a header that may be given once; none when it is absent.
fn only<'h>(headers: &'h HeaderMap, name: &str) -> Result<Option<&'h HeaderValue>, Unproven> {
    request::only(headers, name).map_err(|_| Unproven::Twice)
}

/// Accepts a configured token, or a JWT with the scope for handing in events.
fn bearer(api: &Api, ingest: &Ingest, headers: &HeaderMap) -> Result<(), Unproven> {
    let header = only(headers, AUTHORIZATION.as_str())?.and_then(|value| value.to_str().ok());
    let token = auth::bearer(header.unwrap_or_default()).map_err(Unproven::BadToken)?;
    let is_named = ingest.bearers.iter().fold(false, |good, known| {
        crypto::constant_time_eq(known.as_bytes(), token.as_bytes()) | good
    });
    if is_named {
        return Ok(());
    }
    let is_revoked = |jti: &str| revoked::contains(&api.revoked, jti);
    let now = api.token_time();
    let caller = api.keys.admit_jwt(token, now, is_revoked);
    let caller = caller.map_err(Unproven::BadToken)?;
    if caller.scopes.allows(Scope::EventsWrite) {
        Ok(())
    } else {
        Err(Unproven::NoScope)
    }
}

/// Accepts a request without proof from a trusted address. Host and Origin are checked too: a web page in a browser on
/// a trusted machine could post as well.
fn open(api: &Api, ingest: &Ingest, peer: IpAddr, head: &Parts) -> Result<(), Unproven> {
    let is_open = |client: IpAddr| {
        let mut open_from = ingest.rules.open_from.iter();
        open_from.any(|net| net.contains(&client))
    };
    match sender(api, peer, &head.headers) {
        None => Err(Unproven::Hidden),
        Some(client) if !is_open(client) => Err(Unproven::NotOpen),
        Some(_) if !is_own_host(head, api.public_url.as_ref()) => Err(Unproven::OtherHost),
        Some(_) if !is_allowed_origin(api, &head.headers) => Err(Unproven::OtherOrigin),
        Some(_) => Ok(()),
    }
}

/// The client's address: the peer's, or the one that trusted proxies report. None when it came through a proxy that is
/// not trusted, or that does not report the client.
fn sender(api: &Api, peer: IpAddr, headers: &HeaderMap) -> Option<IpAddr> {
    let peer = peer.to_canonical();
    if !FORWARDING.iter().any(|name| headers.contains_key(*name)) {
        return Some(peer);
    }
    let is_trusted = api.trusted_proxies.iter().any(|net| net.contains(&peer));
    let vouches = is_trusted && headers.contains_key(FORWARDED_FOR) && is_readable(headers);
    vouches.then(|| client_of(api, peer, headers))
}

/// Whether every entry of `X-Forwarded-For` is an address. Reading stops at one that is not, and the proxy before it
/// would be mistaken for the sender.
fn is_readable(headers: &HeaderMap) -> bool {
    let lines = headers.get_all(FORWARDED_FOR).iter();
    lines
        .flat_map(|line| line.to_str().unwrap_or_default().split(','))
        .all(|entry| read_address(entry.trim()).is_some())
}

/// Whether `Host` is a name of the relay. A foreign name that resolves to this machine (DNS rebinding) is not.
fn is_own_host(head: &Parts, public_url: Option<&Url>) -> bool {
    let Ok(Some(host)) = only(&head.headers, HOST.as_str()) else {
        return false;
    };
    let named = host.to_str().ok().and_then(|host| host.parse().ok());
    let in_line = head.uri.authority();
    named.is_some_and(|host: Authority| is_own_name(&host, public_url))
        && in_line.is_none_or(|host| is_own_name(host, public_url))
}

fn is_own_name(authority: &Authority, public_url: Option<&Url>) -> bool {
    let host = authority.host();
    let public = public_url.and_then(Url::host_str);
    let is_public = public.is_some_and(|public| public.eq_ignore_ascii_case(host));
    is_public
        || host.eq_ignore_ascii_case("localhost")
        || host.trim_matches(['[', ']']).parse::<IpAddr>().is_ok()
}

/// Whether there is no Origin, as with senders, or that of an allowed page.
fn is_allowed_origin(api: &Api, headers: &HeaderMap) -> bool {
    match only(headers, ORIGIN.as_str()) {
        Ok(None) => true,
        Ok(Some(_)) => cors::allowed_origin(headers, &api.cors_allowed_origins).is_some(),
        Err(_) => false,
    }
}

#[cfg(test)]
mod tests;
