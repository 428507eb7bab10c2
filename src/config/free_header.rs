//! Headers of a webhook that the configuration may set.

use hyper::header::HeaderName;

/// Headers that the HTTP client or the relay itself sets.
const TAKEN_HEADERS: [&str; 14] = [
    "host",
    "content-type",
    "content-length",
    "content-encoding",
    "transfer-encoding",
    "connection",
    "upgrade",
    "te",
    "trailer",
    "expect",
    "user-agent",
    "authorization",
    "x-request-id",
    "x-webhook-attempt",
];

/// A header that may be set besides what every request has.
pub(super) fn is_free_header(name: &str) -> bool {
    HeaderName::try_from(name).is_ok_and(|name| !TAKEN_HEADERS.contains(&name.as_str()))
}
