//! Answers to a browser: a page, the way to another one, and the headers that every answer has.

use hyper::StatusCode;
use hyper::header::{
    CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderValue, LOCATION, REFERRER_POLICY,
    X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};

use super::super::reply::Reply;
use super::FIRST;

/// Nothing runs that does not come from the relay itself, and nothing of it runs elsewhere.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; \
    connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// Leads to another page by a GET.
pub(super) fn redirect(to: &str) -> Reply {
    let mut reply = Reply::default();
    *reply.status_mut() = StatusCode::SEE_OTHER;
    let to = HeaderValue::from_str(to).unwrap_or(HeaderValue::from_static(FIRST));
    reply.headers_mut().insert(LOCATION, to);
    reply
}

/// An answer with a page.
pub(super) fn html(status: StatusCode, text: String) -> Reply {
    let mut reply = Reply::new(text.into());
    *reply.status_mut() = status;
    let kind = HeaderValue::from_static("text/html; charset=utf-8");
    reply.headers_mut().insert(CONTENT_TYPE, kind);
    reply
}

/// Adds what every answer has that a browser gets.
pub(super) fn secure(reply: &mut Reply, https: bool) {
    let headers = reply.headers_mut();
    for (name, value) in [
        (CONTENT_SECURITY_POLICY, POLICY),
        (REFERRER_POLICY, "same-origin"),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (X_FRAME_OPTIONS, "DENY"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    headers.insert("x-robots-tag", HeaderValue::from_static("noindex"));
    if https {
        // Browsers take it from a trustworthy origin only, and complain elsewhere.
        let same = HeaderValue::from_static("same-origin");
        headers.insert("cross-origin-opener-policy", same);
    }
}
