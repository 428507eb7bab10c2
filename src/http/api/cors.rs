//! Cross-origin requests: pages of configured origins may call from a browser (contract, section 3,
//! `cors_allowed_origins`). Browsers do not say why a page was refused, so the log does.
//!
//! tower-http's `CorsLayer` answers every OPTIONS itself, also that of a refused page or for an unknown path, which are
//! 405 and 404 here. To prevent that, and to log what it refuses, would take more code than the few headers.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_METHOD, HOST,
    HeaderValue, ORIGIN, VARY,
};
use hyper::{HeaderMap, Method, Response, StatusCode};

use crate::http::reply::Reply;
use crate::http::wing::Call;

/// The methods that a page may use.
const METHODS: HeaderValue = HeaderValue::from_static("GET, HEAD, POST, PUT, DELETE");
const HEADERS: HeaderValue = HeaderValue::from_static(
    "Authorization, Content-Type, Idempotency-Key, X-Request-ID, X-VoiceDrive-System-ID",
);
/// The headers of an answer that a page may read.
const EXPOSED: HeaderValue =
    HeaderValue::from_static("Allow, Retry-After, WWW-Authenticate, X-Request-ID");
/// How long a browser may cache the answer to a preflight, in seconds.
const REMEMBERED: HeaderValue = HeaderValue::from_static("600");
/// A refused origin is logged once in this time.
const TOLD_AGAIN: Duration = Duration::from_mins(1);
/// The most refused origins that are remembered; further ones are not logged.
const KNOWN: usize = 16;
/// The longest origin that is logged, in characters.
const LONGEST: usize = 200;

/// The page that sent a request, if any.
pub(super) struct Page<'a> {
    /// Its origin, if it is allowed.
    origin: Option<HeaderValue>,
    /// All allowed origins.
    allowed: &'a [String],
}

impl<'a> Page<'a> {
    /// The page that sent the request. A refused one is logged.
    pub(super) fn of(call: &Call<'a>) -> Self {
        let api = call.api;
        let allowed = &api.cors_allowed_origins;
        let origin = allowed_origin(call.headers(), allowed);
        if origin.is_none() {
            let now = api.clock.monotonic();
            api.refused_pages.note(call.headers(), now);
        }
        Self { origin, allowed }
    }

    /// The answer to a preflight; none when the request is not one, or its page is not allowed.
    pub(super) fn preflight(&self, call: &Call<'_>) -> Option<Reply> {
        let is_question = *call.request.method() == Method::OPTIONS
            && call.headers().contains_key(ACCESS_CONTROL_REQUEST_METHOD);
        let asks = self.origin.is_some() && is_question;
        asks.then(|| {
            let mut reply = Response::new(Full::new(Bytes::new()));
            *reply.status_mut() = StatusCode::NO_CONTENT;
            let headers = reply.headers_mut();
            headers.insert(ACCESS_CONTROL_ALLOW_METHODS, METHODS);
            headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, HEADERS);
            headers.insert(ACCESS_CONTROL_MAX_AGE, REMEMBERED);
            reply
        })
    }

    /// Adds the headers that let an allowed page read the answer.
    pub(super) fn allow(self, reply: &mut Reply) {
        if self.allowed.is_empty() {
            return;
        }
        let headers = reply.headers_mut();
        // A cache must not serve the answer for one origin to another.
        headers.insert(VARY, HeaderValue::from_static("Origin"));
        if let Some(origin) = self.origin {
            headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
            headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED);
        }
    }
}

/// The request's origin, if it is one of `allowed`.
pub(super) fn allowed_origin(headers: &HeaderMap, allowed: &[String]) -> Option<HeaderValue> {
    let origin = headers.get(ORIGIN)?;
    let known = origin
        .to_str()
        .is_ok_and(|o| allowed.iter().any(|a| a == o));
    known.then(|| origin.clone())
}

/// Refused origins, each with the time at which it was last logged.
#[derive(Default)]
pub struct RefusedPages(Mutex<HashMap<String, Duration>>);

impl RefusedPages {
    /// Logs that the page that sent these headers was refused, unless that was logged recently.
    pub fn note(&self, headers: &HeaderMap, now: Duration) {
        let Some(origin) = headers.get(ORIGIN).filter(|_| !is_own_page(headers)) else {
            return;
        };
        let origin = origin.to_str().unwrap_or("?");
        let origin: String = origin.chars().take(LONGEST).collect();
        if self.is_news(&origin, now) {
            tracing::warn!(
                %origin,
                "a page called that is not in server.cors_allowed_origins; its browser keeps the answer from it"
            );
        }
    }

    fn is_news(&self, origin: &str, now: Duration) -> bool {
        let mut told = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        told.retain(|_, at| now.saturating_sub(*at) < TOLD_AGAIN);
        let is_news = told.len() < KNOWN && !told.contains_key(origin);
        if is_news {
            told.insert(origin.to_owned(), now);
        }
        is_news
    }
}

/// Whether the page was served by the host that it calls.
fn is_own_page(headers: &HeaderMap) -> bool {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let page = text(ORIGIN).and_then(|origin| origin.split_once("://"));
    page.is_some_and(|(_, page)| text(HOST).is_some_and(|host| host.eq_ignore_ascii_case(page)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_log_is_told_of_a_page_once_a_minute_and_of_few_at_a_time() {
        let pages = RefusedPages::default();
        let at = Duration::from_secs;
        assert!(pages.is_news("a", at(100)));
        assert!(!pages.is_news("a", at(159)));
        assert!(pages.is_news("b", at(159)));
        assert!(pages.is_news("a", at(160)));
        let flood = (0..1000).filter(|n| pages.is_news(&n.to_string(), at(161)));
        assert_eq!(flood.count(), KNOWN - 2);
        assert!(pages.is_news("late", at(221)));
    }

    #[test]
    fn a_page_may_call_its_own_host() {
        let own = |origin: &'static str, host: &'static str| {
            let origin = (ORIGIN, HeaderValue::from_static(origin));
            let host = (HOST, HeaderValue::from_static(host));
            is_own_page(&HeaderMap::from_iter([origin, host]))
        };
        assert!(own("https://relay.example", "Relay.example"));
        assert!(own("http://127.0.0.1:8480", "127.0.0.1:8480"));
        assert!(!own("https://relay.example.evil", "relay.example"));
        assert!(!own("null", "relay.example"));
    }
}
