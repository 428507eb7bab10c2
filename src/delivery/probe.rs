//! Whether a receiver can be reached, without posting anything to it: `check` asks this.

use std::time::Duration;

use hyper::{HeaderMap, Method, StatusCode};

use super::answer::{clock_ahead, location};
use super::client::{self, ClientError};
use super::failure::{Failure, ProxyFault};
use super::partner::{self, SetupError};
use super::proxy::Proxy;
use super::second_look::{explained, speaks_tls};
use crate::clock::Clock;
use crate::delivery::route::Route;
use crate::timestamp::Timestamp;

/// The longest that a proxy may take to be reached.
const PROXY_PATIENCE: Duration = Duration::from_secs(5);

/// What a receiver lets everybody know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Probe {
    /// The status of its answer to `HEAD`; a receiver of webhooks need not know that method.
    pub status: u16,
    /// How long the answer took.
    pub took: Duration,
    /// How far its clock is ahead of ours, in seconds; none when it does not say.
    pub clock_ahead: Option<i64>,
    /// Where it says that it is now; none: it says nothing of that.
    pub moved_to: Option<String>,
    /// When its certificate ends; none without TLS.
    pub certificate_ends: Option<Timestamp>,
}

/// Asks the receiver at the end of `route` for the head of its page.
///
/// # Errors
/// `Ok(Err(…))` is why it cannot be reached; `SetupError` when nothing can be.
pub async fn probe(route: &Route, clock: &Clock) -> Result<Result<Probe, Failure>, SetupError> {
    let client = partner::client(route)?;
    let began = clock.monotonic();
    let headers = HeaderMap::new();
    let asked = client.ask(Method::HEAD, &route.url, headers, "", route.timeout);
    let answer = match asked.await {
        Err(failure) => {
            return Ok(Err(
                explained(&client, &route.url, failure, route.timeout).await
            ));
        }
        Ok(answer) => answer,
    };
    let took = clock.monotonic().saturating_sub(began);
    let status = answer.status.as_u16();
    if !answer.has_head() {
        return Ok(Err(Failure::unfinished(status)));
    }
    if let Some(failure) = client.answer_of_proxy(&Failure::Status(status)) {
        return Ok(Err(failure));
    }
    // As nginx and others say it, after a handshake that went well.
    if client.was_asked() && matches!(status, 400 | 403 | 495 | 496) {
        return Ok(Err(Failure::WantsCertificate));
    }
    // An answer to HEAD has no body that would say so.
    let unclear = answer.status == StatusCode::BAD_REQUEST && client.is_plain();
    if unclear && speaks_tls(&route.url, route.timeout).await {
        return Ok(Err(Failure::WantsTls));
    }
    Ok(Ok(Probe {
        status,
        took,
        moved_to: location(answer.status, &answer.headers, &route.url),
        clock_ahead: clock_ahead(&answer.headers, clock.now()),
        certificate_ends: answer.certificate.as_deref().and_then(ends),
    }))
}

/// Whether somebody listens at the address of a proxy, and TLS stands where its URL begins with `https://`. Nothing is
/// said there.
///
/// # Errors
/// Why nobody is reached; `ClientError` when nobody can be.
pub async fn reach_proxy(proxy: &Proxy) -> Result<Result<(), Failure>, ClientError> {
    let reached = client::reach(proxy.expose(), PROXY_PATIENCE).await?;
    Ok(reached.map_err(|why| Failure::Proxy(ProxyFault::Unreached(Box::new(why)))))
}

/// When a certificate ends.
fn ends(der: &[u8]) -> Option<Timestamp> {
    let (_, certificate) = x509_parser::parse_x509_certificate(der).ok()?;
    let seconds = certificate.validity().not_after.timestamp();
    Some(Timestamp::from_unix_ms(seconds.checked_mul(1000)?))
}
