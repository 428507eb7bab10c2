//! One signed POST to the partner, and what came of it (contract, section 5).

use hyper::Method;
use hyper::header::{CONNECTION, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};

use super::address::Resolver;
use super::answer::Answer;
use super::client::{ClientError, Outgoing};
use super::failure::Failure;
use super::second_look::explained;
use super::signature;
use crate::attempt::{Attempted, Outcome};
use crate::clock::Clock;
use crate::delivery::route::Route;
use crate::due::DueDelivery;
use crate::secret::Secret;
use crate::timestamp::Timestamp;

/// A longer body, in bytes, has a connection of its own. A partner may answer before it has read all of
/// a body, and read no further: what is written after it on that connection would never arrive. Up to
/// this length, a body leaves for the system's buffers at once.
const SHARES_CONNECTION: usize = 32 * 1024;

/// The partner could not be set up: a mistake of the system, such as no readable certificates.
#[derive(Debug, thiserror::Error)]
pub struct SetupError {
    /// Which route.
    pub(crate) route: String,
    /// Why nothing can go out.
    pub(crate) why: ClientError,
}

/// The receiver at the end of a route.
#[derive(Clone, Debug)]
pub struct Partner {
    client: Outgoing,
    clock: Clock,
}

impl Partner {
    /// A client for `route`, with connections that are kept between attempts.
    ///
    /// # Errors
    /// `SetupError` when TLS cannot be set up.
    pub fn new(route: &Route, clock: Clock) -> Result<Self, SetupError> {
        let client = client(route)?;
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
        let result = self.exchange(route, due, started_at, body).await;
        let took = self.clock.monotonic().saturating_sub(began.monotonic);
        let left = route.timeout.saturating_sub(took);
        let result = match result {
            Err(failure) => Err(explained(&self.client, &route.url, failure, left).await),
            answered => answered,
        };
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
            Ok(answer) if answer.is_success() && answer.is_whole() => {
                self.client.was_taken();
                answer.into_attempted(attempted)
            }
            Ok(answer) => {
                let signs = route.profile.signature.is_some();
                let failure = answer.failure(signs);
                let of_proxy = self.client.answer_of_proxy(&failure);
                let failure = of_proxy.unwrap_or(failure);
                if answer.is_whole() {
                    let attempted = answer.into_attempted(attempted);
                    return failed(Outcome::Failed, &failure, attempted);
                }
                let failure = Failure::Unfinished(Box::new(failure));
                failed(Outcome::Timeout, &failure, answer.into_attempted(attempted))
            }
            Err(failure) => {
                let outcome = if failure.is_timeout() {
                    Outcome::Timeout
                } else {
                    Outcome::Failed
                };
                failed(outcome, &failure, attempted)
            }
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
        let mut headers = HeaderMap::with_capacity(signed.len() + 4);
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        if body.len() > SHARES_CONNECTION {
            headers.insert(CONNECTION, HeaderValue::from_static("close"));
        }
        let own = [
            ("x-request-id".to_owned(), due.id.clone()),
            ("x-webhook-attempt".to_owned(), due.attempt.to_string()),
        ];
        let bearer = route.bearer.as_ref();
        let bearer = bearer.map(|token| format!("Bearer {}", token.expose()));
        let bearer = bearer.map(|value| ("authorization".to_owned(), value));
        let configured = route.headers.iter().cloned();
        for (name, value) in configured.chain(own).chain(signed).chain(bearer) {
            let header = HeaderName::try_from(name)
                .ok()
                .zip(HeaderValue::try_from(value).ok());
            let Some((name, value)) = header else {
                return Err(Failure::Other("a header cannot be written".to_owned()));
            };
            headers.insert(name, value);
        }
        let (url, limit) = (&route.url, route.timeout);
        let asked = self.client.ask(Method::POST, url, headers, body, limit);
        Ok(Answer::read(asked.await?, url, self.clock.now()).await)
    }
}

fn failed(outcome: Outcome, failure: &Failure, attempted: Attempted) -> Attempted {
    Attempted {
        outcome,
        error: Some(failure.to_string()),
        cause: Some(failure.cause()),
        ..attempted
    }
}

/// A client that calls the receiver of `route` and nobody else.
///
/// # Errors
/// `SetupError` when TLS cannot be set up.
pub fn client(route: &Route) -> Result<Outgoing, SetupError> {
    let resolver = Resolver::of(&route.url, route.allow_http);
    let client = Outgoing::to(&route.url, &route.proxies, resolver);
    client.map_err(|why| SetupError {
        route: route.name.clone(),
        why,
    })
}
