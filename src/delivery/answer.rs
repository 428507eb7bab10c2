//! The partner's answer: its status, and what its headers and its body say.

use std::borrow::Cow;
use std::time::{Duration, SystemTime};

use hyper::StatusCode;
use hyper::header::{DATE, HeaderMap, LOCATION, RETRY_AFTER};
use url::Url;

use super::answer_text::{kept, text};
use super::client::Reply;
use super::failure::Failure;
use crate::attempt::Attempted;
use crate::route::LEADS_BACK;
use crate::timestamp::Timestamp;

/// The most of an answer's body that is read, in bytes.
const BODY_READ: usize = 64 * 1024;
/// From which difference of the clocks on a refusal may be its fault, in seconds. Receivers allow
/// five minutes; an answer's date is that of a server in front of them at times.
const CLOCK_TOLERANCE: i64 = 240;
/// A part of a path that is longer may be a token, in characters.
const LONGEST_SHOWN: usize = 24;
/// How servers say in a 5xx that a body was too large for them: Express, Next.js and others.
const TOO_LARGE: [&str; 6] = [
    "entity too large",
    "entity.too.large",
    "payload too large",
    "payloadtoolarge",
    "content too large",
    "body exceeded",
];

/// How servers say in a 400 that they were spoken to without TLS: nginx, Apache, Go.
const WANTS_TLS: [&str; 3] = [
    "plain HTTP request was sent to HTTPS port",
    "speaking plain HTTP to an SSL-enabled server port",
    "sent an HTTP request to an HTTPS server",
];

/// How nginx says in a 400 that it wants a certificate.
const WANTS_CERTIFICATE: &str = "No required SSL certificate was sent";

/// What the partner answered.
pub(super) struct Answer {
    status: StatusCode,
    retry_after: Option<Duration>,
    clock_ahead: Option<i64>,
    location: Option<String>,
    body: Option<String>,
    is_whole: bool,
}

impl Answer {
    /// Reads the answer of `asked`, its body as far as it is wanted.
    pub(super) async fn read(mut reply: Reply, asked: &Url, now: Timestamp) -> Self {
        let (body, is_whole) = reply.beginning(BODY_READ).await;
        let Reply {
            status, headers, ..
        } = &reply;
        Self {
            status: *status,
            retry_after: retry_after(*status, headers, now),
            clock_ahead: clock_ahead(headers, now),
            location: location(*status, headers, asked),
            body: kept(&body, headers),
            is_whole,
        }
    }

    /// Whether what is wanted of it came in time.
    pub(super) fn is_whole(&self) -> bool {
        self.is_whole
    }

    pub(super) fn is_success(&self) -> bool {
        self.status.is_success()
    }

    /// Why an answer outside 2xx is a failure. `signs`: what was sent is signed, and with its time.
    pub(super) fn failure(&self, signs: bool) -> Failure {
        let refused = matches!(
            self.status,
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN
        );
        let code = self.status.as_u16();
        let contains = |words| {
            self.body
                .as_deref()
                .is_some_and(|body| body.contains(words))
        };
        if self.status == StatusCode::BAD_REQUEST && contains(LEADS_BACK) {
            return Failure::LeadsBack(code);
        }
        if self.status == StatusCode::BAD_REQUEST && WANTS_TLS.into_iter().any(contains) {
            return Failure::WantsTls;
        }
        if self.status == StatusCode::BAD_REQUEST && contains(WANTS_CERTIFICATE) {
            return Failure::WantsCertificate;
        }
        if let Some(ahead) = self.clock_ahead
            && refused
            && signs
            && ahead.abs() > CLOCK_TOLERANCE
        {
            return Failure::ClockDiffers(code, ahead);
        }
        if let Some(location) = &self.location {
            return Failure::Moved(code, location.clone());
        }
        let too_large = || self.body.as_deref().is_some_and(says_too_large);
        if self.status.is_server_error() && too_large() {
            return Failure::TooLarge(code);
        }
        Failure::Status(code)
    }

    pub(super) fn into_attempted(self, attempted: Attempted) -> Attempted {
        Attempted {
            http_status: Some(self.status.as_u16()),
            response_body: self.body,
            retry_after: self.retry_after,
            clock_ahead: self.clock_ahead,
            ..attempted
        }
    }
}

fn says_too_large(body: &str) -> bool {
    let body = body.to_ascii_lowercase();
    TOO_LARGE.iter().any(|words| body.contains(words))
}

/// Where a partner that moved is now, without what may be a token: user, query, and long parts of the path.
pub(super) fn location(status: StatusCode, headers: &HeaderMap, asked: &Url) -> Option<String> {
    if !matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308) {
        return None;
    }
    // Some write it in letters of their own, which a URL then escapes.
    let named = String::from_utf8_lossy(headers.get(LOCATION)?.as_bytes());
    let target = asked.join(&named).ok()?;
    let hidden = |part: &str| part.chars().count() > LONGEST_SHOWN;
    let parts = target.path().split('/');
    let parts = parts.map(|part| {
        if hidden(part) {
            Cow::from("...")
        } else {
            Cow::from(part)
        }
    });
    let path: Vec<Cow<'_, str>> = parts.collect();
    Some(format!(
        "{}{}",
        target.origin().ascii_serialization(),
        path.join("/")
    ))
}

/// How long a 429 or 503 asks to be left alone: seconds, or a date that is counted from the
/// answer's own `Date`, so that a difference between the clocks does not matter.
fn retry_after(status: StatusCode, headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    if !matches!(
        status,
        StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE
    ) {
        return None;
    }
    let text = text(headers, &RETRY_AFTER)?.trim();
    let whole = text.split_once('.').map_or(text, |(whole, _)| whole);
    if let Ok(seconds) = whole.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let until = unix_seconds(text)?;
    let from = own_date(headers).unwrap_or_else(|| now.unix_seconds());
    u64::try_from(until - from).ok().map(Duration::from_secs)
}

/// How far the clock of the one who answered is ahead of `now`, in seconds.
pub(super) fn clock_ahead(headers: &HeaderMap, now: Timestamp) -> Option<i64> {
    own_date(headers).map(|theirs| theirs - now.unix_seconds())
}

fn own_date(headers: &HeaderMap) -> Option<i64> {
    unix_seconds(text(headers, &DATE)?)
}

/// A date, in seconds since 1970: the usual form of HTTP, the two old ones (RFC 9110, 5.6.7), ISO 8601, and the form of
/// mails, which has an offset or a zone at its end. Its day of the week does not count: some name a wrong one.
fn unix_seconds(text: &str) -> Option<i64> {
    if let Ok(moment) = httpdate::parse_http_date(text) {
        let since = moment.duration_since(SystemTime::UNIX_EPOCH).ok()?;
        return i64::try_from(since.as_secs()).ok();
    }
    if let Ok(moment) = Timestamp::parse(text) {
        return Some(moment.unix_seconds());
    }
    let text = text.split_once(',').map_or(text, |(_, date)| date.trim());
    let offset = |name, offset: &str| Some(format!("{}{offset}", text.strip_suffix(name)?));
    let with_offset = offset("UTC", "+0000").or_else(|| offset("JST", "+0900"));
    let text = with_offset.as_deref().unwrap_or(text);
    let moment = chrono::DateTime::parse_from_rfc2822(text).ok()?;
    Some(moment.timestamp())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cause::Cause;
    use hyper::header::{HeaderName, HeaderValue};

    fn headers(pairs: &[(&HeaderName, &str)]) -> HeaderMap {
        let pairs = pairs.iter();
        pairs
            .map(|(name, value)| {
                (
                    (*name).clone(),
                    HeaderValue::from_bytes(value.as_bytes()).unwrap(),
                )
            })
            .collect()
    }

    fn now() -> Timestamp {
        Timestamp::parse("2026-10-21T07:28:30.000Z").unwrap()
    }

    #[test]
    fn retry_after_is_read_in_every_form_and_only_where_it_counts() {
        let busy = StatusCode::TOO_MANY_REQUESTS;
        let wait = |value: &str, date: Option<&str>| {
            let mut pairs = vec![(&RETRY_AFTER, value)];
            pairs.extend(date.map(|date| (&DATE, date)));
            retry_after(busy, &headers(&pairs), now())
        };
        assert_eq!(wait("4", None), Some(Duration::from_secs(4)));
        let seconds = headers(&[(&RETRY_AFTER, "4")]);
        let error = StatusCode::INTERNAL_SERVER_ERROR;
        assert_eq!(retry_after(error, &seconds, now()), None);
        let date = Some("Wed, 21 Oct 2026 07:28:00 GMT");
        for form in [
            "Wed, 21 Oct 2026 07:28:30 GMT",
            "Wednesday, 21-Oct-26 07:28:30 GMT",
            "Wed Oct 21 07:28:30 2026",
            "Wed, 21 Oct 2026 16:28:30 +0900",
            "Wed, 21 Oct 2026 16:28:30 JST",
            "Wed, 21 Oct 2026 07:28:30 UTC",
            "Mon, 21 Oct 2026 07:28:30 GMT",
            "2026-10-21T07:28:30Z",
            "2026-10-21T16:28:30+09:00",
            "30.5",
        ] {
            assert_eq!(wait(form, date), Some(Duration::from_secs(30)), "{form}");
        }
        // Without a date of its own, the answer is as old as this machine's clock says.
        let later = "Wed, 21 Oct 2026 07:29:30 GMT";
        assert_eq!(wait(later, None), Some(Duration::from_mins(1)));
        for useless in ["", "soon", "-3", "99999999999999999999999"] {
            assert_eq!(wait(useless, None), None, "{useless}");
        }
        assert_eq!(wait("Wed, 21 Oct 2026 07:27:30 GMT", date), None);
    }

    #[test]
    fn the_other_clock_is_read_from_its_date() {
        assert_eq!(clock_ahead(&HeaderMap::new(), now()), None);
        for date in ["Wed, 21 Oct 2026 07:29:40 GMT", "Wed Oct 21 07:29:40 2026"] {
            assert_eq!(clock_ahead(&headers(&[(&DATE, date)]), now()), Some(70));
        }
    }

    #[test]
    fn a_location_is_told_without_what_may_be_a_token() {
        let asked = Url::parse("https://a.example/old/hook?key=k").unwrap();
        let told = |status: u16, to: &str| {
            let status = StatusCode::from_u16(status).unwrap();
            location(status, &headers(&[(&LOCATION, to)]), &asked)
        };
        let new = "https://u:p@b.example/new/hook?key=k#f";
        assert_eq!(
            told(308, new).as_deref(),
            Some("https://b.example/new/hook")
        );
        let long = "/hook/0123456789abcdef0123456789abcdef";
        assert_eq!(
            told(301, long).as_deref(),
            Some("https://a.example/hook/...")
        );
        assert_eq!(
            told(301, "/受信").as_deref(),
            Some("https://a.example/%E5%8F%97%E4%BF%A1")
        );
        assert_eq!(told(304, new), None);
        assert_eq!(told(302, "https://"), None);
    }

    #[test]
    fn an_answer_of_the_relay_itself_is_no_answer_of_voicedrive() {
        let answered = |status, body: &str| answered(status, None, body);
        let own = format!("X-Webhook-Attempt: is the mark of a relay's own webhooks: {LEADS_BACK}");
        let failure = answered(StatusCode::BAD_REQUEST, &own).failure(true);
        assert_eq!(failure.cause(), Cause::WrongAddress);
        let other = answered(StatusCode::BAD_REQUEST, "no such event").failure(true);
        assert_eq!(other.cause(), Cause::of_status(400));
    }

    fn answered(status: StatusCode, clock_ahead: Option<i64>, body: &str) -> Answer {
        Answer {
            status,
            retry_after: None,
            clock_ahead,
            location: None,
            body: Some(body.to_owned()),
            is_whole: true,
        }
    }

    #[test]
    fn a_clock_is_blamed_only_where_something_is_signed() {
        let refused = answered(StatusCode::UNAUTHORIZED, Some(600), "");
        assert_eq!(refused.failure(true).cause(), Cause::Clock);
        assert_eq!(refused.failure(false).cause(), Cause::Signature);
    }

    #[test]
    fn a_server_that_was_spoken_to_without_tls_says_so_in_many_ways() {
        for body in [
            "<center>The plain HTTP request was sent to HTTPS port</center>",
            "Reason: You're speaking plain HTTP to an SSL-enabled server port.",
            "Client sent an HTTP request to an HTTPS server.",
        ] {
            let refused = answered(StatusCode::BAD_REQUEST, None, body);
            assert_eq!(refused.failure(true), Failure::WantsTls, "{body}");
        }
    }

    #[test]
    fn a_server_that_finds_a_body_too_large_says_so_in_many_ways() {
        for body in [
            "PayloadTooLargeError: request entity too large",
            "<h1>Request Entity Too Large</h1>",
            "Body exceeded 1mb limit",
            r#"{"type":"entity.too.large"}"#,
        ] {
            assert!(says_too_large(body), "{body}");
        }
        assert!(!says_too_large("the queue is too large"));
    }
}
