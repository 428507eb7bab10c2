//! Pages of VoiceDrive may call from a browser, when their origin is configured; pages of others
//! are told nothing (contract, section 3, `cors_allowed_origins`). A browser does not tell its user why a page
//! reads nothing, so the log does.

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

/// What a page may send.
const METHODS: HeaderValue = HeaderValue::from_static("GET, HEAD, POST, PUT, DELETE");
const HEADERS: HeaderValue = HeaderValue::from_static(
    "Authorization, Content-Type, Idempotency-Key, X-Request-ID, X-VoiceDrive-System-ID",
);
/// What a page may read besides the body.
const EXPOSED: HeaderValue =
    HeaderValue::from_static("Allow, Retry-After, WWW-Authenticate, X-Request-ID");
/// How long a browser may remember the answer to a preflight, in seconds.
const REMEMBERED: HeaderValue = HeaderValue::from_static("600");
/// How long the log says nothing more of an origin that was refused.
const TOLD_AGAIN: Duration = Duration::from_mins(1);
/// Origins of which that is known; of more of them at a time the log says nothing.
const KNOWN: usize = 16;
/// The longest origin that is logged, in characters.
const LONGEST: usize = 200;

/// The page that calls, if one does.
pub(super) struct Page<'a> {
    /// Its origin, when it may read the answer.
    origin: Option<HeaderValue>,
    /// The origins of those that may.
    allowed: &'a [String],
}

impl<'a> Page<'a> {
    /// The page that a call comes from. One that may not read the answer is noted for the log.
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

    /// The answer to a browser that asks before it calls; none when this is no such question, or not from a page
    /// that may call.
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

    /// Lets the page read an answer, when it may.
    pub(super) fn allow(self, reply: &mut Reply) {
        if self.allowed.is_empty() {
            return;
        }
        let headers = reply.headers_mut();
        // A cache must not give the answer to one page, or to none, to another.
        headers.insert(VARY, HeaderValue::from_static("Origin"));
        if let Some(origin) = self.origin {
            headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
            headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED);
        }
    }
}

/// The origin of the page that calls, when it is one of `allowed`.
pub(super) fn allowed_origin(headers: &HeaderMap, allowed: &[String]) -> Option<HeaderValue> {
    let origin = headers.get(ORIGIN)?;
    let known = origin
        .to_str()
        .is_ok_and(|o| allowed.iter().any(|a| a == o));
    known.then(|| origin.clone())
}

/// The pages that called and may not, each with the moment at which the log was told.
#[derive(Default)]
pub struct RefusedPages(Mutex<HashMap<String, Duration>>);

impl RefusedPages {
    /// Logs that the page that sent these headers may not read the answer, unless it was logged lately.
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

/// Whether a page calls the host that it came from.
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
