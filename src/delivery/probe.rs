//! Whether a receiver can be reached, without posting anything to it: `check` asks this.

use std::time::Duration;

use reqwest::header::{DATE, HeaderMap};
use reqwest::tls::TlsInfo;

use super::partner::{Failure, SetupError, classify, client};
use crate::clock::Clock;
use crate::route::Route;
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
        Ok(Err(error)) => return Ok(Err(classify(&error))),
        Ok(Ok(answer)) => answer,
    };
    let certificate = answer.extensions().get::<TlsInfo>();
    let certificate = certificate.and_then(TlsInfo::peer_certificate);
    Ok(Ok(Probe {
        status: answer.status().as_u16(),
        took: clock.monotonic().saturating_sub(began),
        clock_ahead: clock_ahead(answer.headers(), clock.now()),
        certificate_ends: certificate.and_then(ends),
    }))
}

/// How far the clock of the one who answered is ahead of `now`, in seconds.
pub(super) fn clock_ahead(headers: &HeaderMap, now: Timestamp) -> Option<i64> {
    let theirs = headers.get(DATE)?.to_str().ok()?;
    let theirs = chrono::DateTime::parse_from_rfc2822(theirs).ok()?;
    Some(theirs.timestamp() - now.unix_seconds())
}

/// When a certificate ends.
fn ends(der: &[u8]) -> Option<Timestamp> {
    let (_, certificate) = x509_parser::parse_x509_certificate(der).ok()?;
    let seconds = certificate.validity().not_after.timestamp();
    Some(Timestamp::from_unix_ms(seconds.checked_mul(1000)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use reqwest::header::HeaderValue;

    #[test]
    fn the_other_clock_is_read_from_its_date() {
        let mut headers = HeaderMap::new();
        let now = Timestamp::parse("2026-10-21T07:28:30.000Z").unwrap();
        assert_eq!(clock_ahead(&headers, now), None);
        headers.insert(
            DATE,
            HeaderValue::from_static("Wed, 21 Oct 2026 07:29:40 GMT"),
        );
        assert_eq!(clock_ahead(&headers, now), Some(70));
    }
}
