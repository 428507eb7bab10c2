//! One signed POST to the partner, and what came of it (contract, section 5).

use std::error::Error;
use std::fmt;
use std::io;
use std::time::Duration;

use reqwest::header::{CONTENT_TYPE, DATE, HeaderMap, HeaderName, HeaderValue, RETRY_AFTER};
use reqwest::{Client, Response, StatusCode, redirect};

use super::address::{self, ResolveError, Resolver};
use super::probe::clock_ahead;
use super::signature;
use crate::attempt::{Attempted, Outcome};
use crate::cause::Cause;
use crate::clock::Clock;
use crate::config::Secret;
use crate::due::DueDelivery;
use crate::route::Route;
use crate::timestamp::Timestamp;

/// The most of an answer's body that is read, in bytes.
const BODY_READ: usize = 64 * 1024;
/// The most of an answer's body that is kept, in bytes.
const BODY_KEPT: usize = 8 * 1024;
/// From which difference of the clocks on a refusal may be its fault, in seconds. Receivers allow
/// five minutes; an answer's date is that of a server in front of them at times.
const CLOCK_TOLERANCE: i64 = 240;
/// A connection that was idle for longer is not used again. Many receivers (Node.js by default)
/// close theirs after five seconds, and a request that meets the closing fails for no good reason.
const IDLE_CONNECTION: Duration = Duration::from_secs(4);

/// Why an attempt did not succeed. The list is closed; the words are for the log and the tables.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// The partner answered with a status outside 2xx.
    Status(u16),
    /// The partner refused who we are, and its clock is this many seconds ahead of ours: that may
    /// well be the reason.
    ClockDiffers(u16, i64),
    /// The whole attempt took longer than the timeout.
    TimedOut(Duration),
    /// The host's name could not be resolved.
    NameNotFound,
    /// The host has only addresses that are never called.
    AddressRefused(address::Refused),
    /// Nobody listens at the address.
    Refused,
    /// The partner's certificate is not good.
    Certificate(String),
    /// The TLS handshake failed for another reason.
    Tls(String),
    /// The connection ended before there was an answer.
    Broken,
    /// The answer was not HTTP, or something rarer.
    Other(String),
}

impl Failure {
    /// The word of the closed list for it.
    #[must_use]
    pub fn cause(&self) -> Cause {
        match self {
            Self::Status(code) => Cause::of_status(*code),
            Self::ClockDiffers(..) => Cause::Clock,
            Self::TimedOut(_) => Cause::TimedOut,
            Self::NameNotFound => Cause::NameNotFound,
            Self::AddressRefused(_) => Cause::WrongAddress,
            Self::Refused => Cause::ConnectionRefused,
            Self::Certificate(_) => Cause::Certificate,
            Self::Tls(_) => Cause::Tls,
            Self::Broken | Self::Other(_) => Cause::PartnerError,
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ClockDiffers(code, ahead) => {
                Self::Status(*code).fmt(f)?;
                let direction = if *ahead > 0 { "ahead of" } else { "behind" };
                write!(
                    f,
                    "; the receiver's clock is {} s {direction} this one, and signatures more than 5 minutes off are refused: set the clock (timedatectl)",
                    ahead.abs()
                )
            }
            Self::Status(code) => {
                let reason = StatusCode::from_u16(*code)
                    .ok()
                    .and_then(|status| status.canonical_reason());
                write!(f, "HTTP {code}")?;
                reason.map_or(Ok(()), |reason| write!(f, ": {reason}"))
            }
            Self::TimedOut(limit) => write!(f, "no complete answer within {limit:?}"),
            Self::NameNotFound => f.write_str("the host name could not be resolved"),
            Self::AddressRefused(why) => why.fmt(f),
            Self::Refused => f.write_str("the connection was refused"),
            Self::Certificate(why) | Self::Tls(why) => write!(f, "no secure connection: {why}"),
            Self::Broken => f.write_str("the connection ended before there was an answer"),
            Self::Other(why) => write!(f, "the request failed: {why}"),
        }
    }
}

/// The partner could not be set up: a mistake of the system, such as no readable certificates.
#[derive(Debug, thiserror::Error)]
#[error(
    "the route {route} cannot be used: {why}; for https:// this machine needs the certificates of authorities (apt install ca-certificates)"
)]
pub struct SetupError {
    route: String,
    why: String,
}

/// The receiver at the end of a route.
#[derive(Clone, Debug)]
pub struct Partner {
    client: Client,
    clock: Clock,
}

impl Partner {
    /// A client for `route`, with connections that are kept between attempts.
    ///
    /// # Errors
    /// `SetupError` when TLS cannot be set up.
    pub fn new(route: &Route, clock: Clock) -> Result<Self, SetupError> {
        let client = client(route, false)?;
        Ok(Self { client, clock })
    }

    /// Makes one attempt. It takes no longer than the route's timeout, and always has a result.
    pub async fn attempt(&self, route: &Route, due: &DueDelivery) -> Attempted {
        let body = route
            .profile
            .body(&due.event_type, due.event_timestamp, &due.data);
        let payload_size = body.len();
        let began = self.clock.moment();
        let started_at = began.wall;
        let exchange = self.exchange(route, due, started_at, body);
        let result = tokio::time::timeout(route.timeout, exchange)
            .await
            .unwrap_or(Err(Failure::TimedOut(route.timeout)));
        let took = self.clock.monotonic().saturating_sub(began.monotonic);
        let attempted = Attempted {
            started_at,
            // By the wall clock's beginning and the monotonic length: a clock that is set back
            // meanwhile does not make an attempt end before it began.
            ended: began.after(took),
            outcome: Outcome::Success,
            http_status: None,
            processing_ms: u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
            error: None,
            cause: None,
            response_body: None,
            retry_after: None,
            clock_ahead: None,
            payload_size,
        };
        match result {
            Ok(answer) if answer.status.is_success() => answer.into_attempted(attempted),
            Ok(answer) => {
                let failure = answer.failure();
                Attempted {
                    outcome: Outcome::Failed,
                    error: Some(failure.to_string()),
                    cause: Some(failure.cause()),
                    ..answer.into_attempted(attempted)
                }
            }
            Err(failure) => Attempted {
                outcome: match failure {
                    Failure::TimedOut(_) => Outcome::Timeout,
                    _ => Outcome::Failed,
                },
                error: Some(failure.to_string()),
                cause: Some(failure.cause()),
                ..attempted
            },
        }
    }

    async fn exchange(
        &self,
        route: &Route,
        due: &DueDelivery,
        started_at: Timestamp,
        body: String,
    ) -> Result<Answer, Failure> {
        let secrets: Vec<&[u8]> = route.secrets.iter().map(Secret::as_bytes).collect();
        let signed = signature::headers(&route.profile, &secrets, &due.id, started_at, &body);
        let mut headers = HeaderMap::with_capacity(signed.len() + 3);
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        let own = [
            ("x-request-id".to_owned(), due.id.clone()),
            ("x-webhook-attempt".to_owned(), due.attempt.to_string()),
        ];
        let configured = route.headers.iter().cloned();
        for (name, value) in configured.chain(own).chain(signed) {
            let header = HeaderName::try_from(name)
                .ok()
                .zip(HeaderValue::try_from(value).ok());
            let Some((name, value)) = header else {
                return Err(Failure::Other("a header cannot be written".to_owned()));
            };
            headers.insert(name, value);
        }
        let mut request = self.client.post(route.url.clone()).headers(headers);
        if let Some(token) = &route.bearer {
            request = request.bearer_auth(token.expose());
        }
        let response = request.body(body).send().await.map_err(|e| classify(&e))?;
        Ok(Answer::read(response, self.clock.now()).await)
    }
}

/// A client that calls the receiver of `route` and nobody else; `tells_certificate` lets its
/// answers say with which certificate the receiver identified itself.
///
/// # Errors
/// `SetupError` when TLS cannot be set up.
pub fn client(route: &Route, tells_certificate: bool) -> Result<Client, SetupError> {
    crate::crypto::install();
    let mut builder = Client::builder();
    if route.url.scheme() == "http" {
        // Without encryption, a machine need not have any certificates.
        builder = builder.tls_certs_only([]);
    }
    builder
        .user_agent(concat!("voicedrive-relay/", env!("CARGO_PKG_VERSION")))
        .redirect(redirect::Policy::none())
        .http1_only()
        .no_proxy()
        .dns_resolver(Resolver::of(&route.url, route.allow_http))
        .pool_max_idle_per_host(route.concurrency)
        .pool_idle_timeout(IDLE_CONNECTION)
        .tls_info(tells_certificate)
        .build()
        .map_err(|error| SetupError {
            route: route.name.clone(),
            why: innermost(&error),
        })
}

/// What the partner answered.
struct Answer {
    status: StatusCode,
    retry_after: Option<Duration>,
    clock_ahead: Option<i64>,
    body: Option<String>,
}

impl Answer {
    /// Reads the answer's body as far as it is wanted. The status alone decides the outcome: a
    /// partner that closes in the middle of its body has said what it had to say.
    async fn read(mut response: Response, now: Timestamp) -> Self {
        let mut body = Vec::new();
        while body.len() < BODY_READ
            && let Ok(Some(chunk)) = response.chunk().await
        {
            body.extend_from_slice(&chunk);
        }
        body.truncate(BODY_KEPT);
        Self {
            status: response.status(),
            retry_after: retry_after(response.status(), response.headers()),
            clock_ahead: clock_ahead(response.headers(), now),
            body: as_text(&body),
        }
    }

    /// Why an answer outside 2xx is a failure.
    fn failure(&self) -> Failure {
        let refused = matches!(
            self.status,
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN
        );
        let code = self.status.as_u16();
        match self.clock_ahead {
            Some(ahead) if refused && ahead.abs() > CLOCK_TOLERANCE => {
                Failure::ClockDiffers(code, ahead)
            }
            _ => Failure::Status(code),
        }
    }

    fn into_attempted(self, attempted: Attempted) -> Attempted {
        Attempted {
            http_status: Some(self.status.as_u16()),
            response_body: self.body,
            retry_after: self.retry_after,
            clock_ahead: self.clock_ahead,
            ..attempted
        }
    }
}

/// The kept part of a body as text; what is not UTF-8 is replaced, a character that the limit cut
/// is left out.
fn as_text(body: &[u8]) -> Option<String> {
    let whole = match std::str::from_utf8(body) {
        // No error length: the text ends in the middle of a character.
        Err(cut) if cut.error_len().is_none() => &body[..cut.valid_up_to()],
        _ => body,
    };
    let text = String::from_utf8_lossy(whole).into_owned();
    (!text.is_empty()).then_some(text)
}

/// How long a 429 or 503 asks to be left alone: seconds, or a date that is counted from the
/// answer's own `Date`, so that a difference between the clocks does not matter.
fn retry_after(status: StatusCode, headers: &HeaderMap) -> Option<Duration> {
    if !matches!(
        status,
        StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE
    ) {
        return None;
    }
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let date = |text| chrono::DateTime::parse_from_rfc2822(text).ok();
    let until = date(text)?;
    let from = date(headers.get(DATE)?.to_str().ok()?)?;
    (until - from).to_std().ok()
}

/// Puts what reqwest reports into the closed list. The URL is left out: it may hold a token.
#[must_use]
pub fn classify(error: &reqwest::Error) -> Failure {
    let text = innermost(error);
    if error.is_timeout() {
        return Failure::Other("timed out".to_owned());
    }
    let mut source: Option<&(dyn Error + 'static)> = Some(error);
    while let Some(cause) = source {
        if let Some(resolving) = cause.downcast_ref::<ResolveError>() {
            return match resolving {
                ResolveError::NotFound => Failure::NameNotFound,
                ResolveError::Refused(why) => Failure::AddressRefused(*why),
            };
        }
        if let Some(tls) = cause.downcast_ref::<rustls::Error>() {
            return of_tls(tls);
        }
        if let Some(io) = cause.downcast_ref::<io::Error>() {
            // An error of TLS travels inside one of the operating system's.
            if let Some(tls) = io.get_ref().and_then(|e| e.downcast_ref::<rustls::Error>()) {
                return of_tls(tls);
            }
            match io.kind() {
                io::ErrorKind::ConnectionRefused => return Failure::Refused,
                io::ErrorKind::ConnectionReset
                | io::ErrorKind::BrokenPipe
                | io::ErrorKind::UnexpectedEof => return Failure::Broken,
                _ => {}
            }
        }
        if let Some(http) = cause.downcast_ref::<hyper::Error>()
            && (http.is_incomplete_message() || http.is_closed() || http.is_canceled())
        {
            return Failure::Broken;
        }
        source = cause.source();
    }
    Failure::Other(text)
}

fn of_tls(error: &rustls::Error) -> Failure {
    match error {
        rustls::Error::InvalidCertificate(_) | rustls::Error::NoCertificatesPresented => {
            Failure::Certificate(error.to_string())
        }
        _ => Failure::Tls(error.to_string()),
    }
}

/// The deepest cause, in its own words.
fn innermost(error: &(dyn Error + 'static)) -> String {
    let mut deepest = error;
    while let Some(source) = deepest.source() {
        deepest = source;
    }
    deepest.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(retry_after: &'static str, date: Option<&'static str>) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(RETRY_AFTER, HeaderValue::from_static(retry_after));
        if let Some(date) = date {
            headers.insert(DATE, HeaderValue::from_static(date));
        }
        headers
    }

    #[test]
    fn retry_after_is_read_in_both_forms_and_only_where_it_counts() {
        let busy = StatusCode::TOO_MANY_REQUESTS;
        let seconds = headers("4", None);
        assert_eq!(retry_after(busy, &seconds), Some(Duration::from_secs(4)));
        assert_eq!(
            retry_after(StatusCode::INTERNAL_SERVER_ERROR, &seconds),
            None
        );
        let dates = headers(
            "Wed, 21 Oct 2026 07:28:30 GMT",
            Some("Wed, 21 Oct 2026 07:28:00 GMT"),
        );
        assert_eq!(retry_after(busy, &dates), Some(Duration::from_secs(30)));
        for useless in ["", "soon", "-3", "99999999999999999999999"] {
            assert_eq!(retry_after(busy, &headers(useless, None)), None);
        }
    }

    #[test]
    fn a_kept_body_ends_with_a_whole_character() {
        assert_eq!(as_text("あい".as_bytes()), Some("あい".to_owned()));
        assert_eq!(as_text(&"あい".as_bytes()[..5]), Some("あ".to_owned()));
        assert_eq!(as_text(b""), None);
        assert_eq!(as_text(b"a\xffb"), Some("a\u{fffd}b".to_owned()));
    }

    #[test]
    fn failures_read_as_sentences_of_the_log() {
        assert_eq!(
            Failure::Status(503).to_string(),
            "HTTP 503: Service Unavailable"
        );
        assert_eq!(Failure::Status(299).to_string(), "HTTP 299");
    }
}
