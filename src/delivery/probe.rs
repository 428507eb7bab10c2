//! Whether a receiver can be reached, without posting anything to it: `check` asks this.

use std::time::Duration;

use reqwest::StatusCode;
use reqwest::tls::TlsInfo;

use super::answer::clock_ahead;
use super::failure::Failure;
use super::partner::{SetupError, client};
use super::tls_question::{explained, speaks_tls};
use crate::clock::Clock;
use crate::delivery::route::Route;
use crate::timestamp::Timestamp;

/// What a receiver lets everybody know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Probe {
    /// The status of its answer to `HEAD`; a receiver of webhooks need not know that method.
    pub status: u16,
    /// How long the answer took.
    pub took: Duration,
    /// How far its clock is ahead of ours, in seconds; none when it does not say.
    pub clock_ahead: Option<i64>,
    /// When its certificate ends; none without TLS.
    pub certificate_ends: Option<Timestamp>,
}

/// Asks the receiver at the end of `route` for the head of its page.
///
/// # Errors
/// `Ok(Err(…))` is why it cannot be reached; `SetupError` when nothing can be.
pub async fn probe(route: &Route, clock: &Clock) -> Result<Result<Probe, Failure>, SetupError> {
    let client = client(route, true)?;
    let began = clock.monotonic();
    let request = client.head(route.url.clone()).send();
    let answer = match tokio::time::timeout(route.timeout, request).await {
        Err(_) => return Ok(Err(Failure::TimedOut(route.timeout))),
        Ok(Err(error)) => {
            let failure = client.failure(&error);
            return Ok(Err(
                explained(&client, &route.url, failure, route.timeout).await
            ));
        }
        Ok(Ok(answer)) => answer,
    };
    let took = clock.monotonic().saturating_sub(began);
    if let Some(failure) = client.answer_of_proxy(answer.status()) {
        return Ok(Err(failure));
    }
    // An answer to HEAD has no body that would say so.
    let unclear = answer.status() == StatusCode::BAD_REQUEST && client.is_plain();
    if unclear && speaks_tls(&route.url, route.timeout).await {
        return Ok(Err(Failure::WantsTls));
    }
    let certificate = answer.extensions().get::<TlsInfo>();
    let certificate = certificate.and_then(TlsInfo::peer_certificate);
    Ok(Ok(Probe {
        status: answer.status().as_u16(),
        took,
        clock_ahead: clock_ahead(answer.headers(), clock.now()),
        certificate_ends: certificate.and_then(ends),
    }))
}

/// When a certificate ends.
fn ends(der: &[u8]) -> Option<Timestamp> {
    let (_, certificate) = x509_parser::parse_x509_certificate(der).ok()?;
    let seconds = certificate.validity().not_after.timestamp();
    Some(Timestamp::from_unix_ms(seconds.checked_mul(1000)?))
}
