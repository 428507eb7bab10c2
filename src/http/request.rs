//! Reading what a caller sent: query, headers and body, with their limits.

use std::collections::BTreeMap;
use std::str::{FromStr, Utf8Error};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::body::{Body, Incoming};
use hyper::header::{CONTENT_ENCODING, CONTENT_TYPE, HOST, HeaderValue};
use hyper::http::uri::Authority;
use hyper::{HeaderMap, Request, Version};
use serde::de::DeserializeOwned;

use super::reply::ApiError;
use crate::timestamp::{NotATimestamp, Timestamp};

/// The longest that a body may take to arrive. A slow caller must not hold a connection for ever.
const BODY_TIME: Duration = Duration::from_secs(30);

/// What a body may claim to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Media {
    /// `application/json`
    Json,
    /// `application/x-ndjson`: one JSON document a line
    Ndjson,
}

/// Refuses a request that does not say once to which host it goes (RFC 9112, section 3.2): whoever stands
/// before the relay might have understood another one. HTTP/1.0 needs none.
///
/// # Errors
/// `InvalidParameter`
pub fn one_host<B>(request: &Request<B>) -> Result<(), ApiError> {
    let mut hosts = request.headers().get_all(HOST).iter();
    let is_one = match (hosts.next(), hosts.next()) {
        (None, _) => request.version() < Version::HTTP_11,
        (Some(host), None) => host.is_empty() || Authority::try_from(host.as_bytes()).is_ok(),
        (Some(_), Some(_)) => false,
    };
    if is_one {
        return Ok(());
    }
    Err(ApiError::invalid(
        "Host",
        "must be there once, and name a host",
    ))
}

/// A header that may be given once; none when it is not there.
///
/// # Errors
/// `InvalidParameter` when it is given twice: nobody can know which one is meant.
pub fn only<'h>(headers: &'h HeaderMap, name: &str) -> Result<Option<&'h HeaderValue>, ApiError> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (value, None) => Ok(value),
        (_, Some(_)) => Err(ApiError::invalid(name, "given twice, once is accepted")),
    }
}

/// Refuses a range that ends before it begins; both ends come with their names.
///
/// # Errors
/// `InvalidDateRange`
pub fn in_order(
    (from, first): (&str, Option<Timestamp>),
    (to, last): (&str, Option<Timestamp>),
) -> Result<(), ApiError> {
    match (first, last) {
        (Some(first), Some(last)) if first > last => Err(ApiError::InvalidDateRange(format!(
            "{from}: must not be later than {to}"
        ))),
        _ => Ok(()),
    }
}

/// Says what the body claims to be.
///
/// # Errors
/// `UnsupportedMediaType` when it claims something else, or nothing; `UnsupportedEncoding` when it is compressed.
pub fn media(headers: &HeaderMap, with_ndjson: bool) -> Result<Media, ApiError> {
    if !is_plain(headers) {
        return Err(ApiError::UnsupportedEncoding);
    }
    // Of two, whoever stands before the relay may have believed the other one.
    let mut claims = headers.get_all(CONTENT_TYPE).iter();
    let claimed = claims.next().filter(|_| claims.next().is_none());
    let claimed = claimed.and_then(|value| value.to_str().ok());
    let essence = claimed.unwrap_or_default().split(';').next();
    match essence
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase()
        .as_str()
    {
        "application/json" => Ok(Media::Json),
        "application/x-ndjson" if with_ndjson => Ok(Media::Ndjson),
        _ => Err(ApiError::UnsupportedMediaType(if with_ndjson {
            "application/json or application/x-ndjson"
        } else {
            "application/json"
        })),
    }
}

/// Whether the body is sent as it is.
fn is_plain(headers: &HeaderMap) -> bool {
    let mut codings = headers.get_all(CONTENT_ENCODING).iter();
    codings.all(|value| value.as_bytes().eq_ignore_ascii_case(b"identity"))
}

/// Reads the whole body as text, but never more than `limit` bytes of it.
///
/// # Errors
/// `PayloadTooLarge` before reading when the length is announced, else as soon as it shows;
/// `InvalidJson` when the body breaks off, takes too long or is not UTF-8.
pub async fn text(request: Request<Incoming>, limit: usize) -> Result<String, ApiError> {
    let bytes = bytes(request.into_body(), limit).await?;
    let text = String::from_utf8(bytes.into()).map_err(|error| not_utf8(error.utf8_error()))?;
    without_mark(text)
}

/// Refuses the mark that some editors begin a file with: JSON has none (RFC 8259, section 8.1).
fn without_mark(text: String) -> Result<String, ApiError> {
    if text.starts_with('\u{feff}') {
        return Err(ApiError::InvalidJson(
            "the body begins with a byte order mark (U+FEFF); send it without one".to_owned(),
        ));
    }
    Ok(text)
}

/// The whole body as it came, but never more than `limit` bytes of it.
///
/// # Errors
/// As [`text`]; what is no UTF-8 is no error here.
pub async fn bytes(body: Incoming, limit: usize) -> Result<Bytes, ApiError> {
    if body.size_hint().lower() > limit as u64 {
        return Err(ApiError::PayloadTooLarge(limit));
    }
    let collected = tokio::time::timeout(BODY_TIME, Limited::new(body, limit).collect()).await;
    match collected {
        Ok(Ok(collected)) => Ok(collected.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(ApiError::PayloadTooLarge(limit)),
        Ok(Err(_)) => Err(ApiError::InvalidJson("the body broke off".to_owned())),
        Err(_) => {
            let seconds = BODY_TIME.as_secs();
            Err(ApiError::InvalidJson(format!(
                "the body did not arrive within {seconds} s"
            )))
        }
    }
}

/// Says where a body stops being UTF-8.
pub fn not_utf8(error: Utf8Error) -> ApiError {
    let at = error.valid_up_to();
    ApiError::InvalidJson(format!("the body is not UTF-8 at byte {at}"))
}

/// Reads a small JSON object whose fields are all known.
///
/// # Errors
/// `InvalidJson` when it is not JSON, `InvalidParameter` naming the field that is not as expected.
pub fn fields<T: DeserializeOwned>(text: &str) -> Result<T, ApiError> {
    let mut json = serde_json::Deserializer::from_str(text);
    let read = serde_path_to_error::deserialize(&mut json).map_err(|error| {
        let path = error.path().to_string();
        let error = error.into_inner();
        if error.is_data() {
            ApiError::invalid(
                if path == "." { "(body)" } else { &path },
                error.to_string(),
            )
        } else {
            ApiError::InvalidJson(error.to_string())
        }
    })?;
    json.end()
        .map_err(|error| ApiError::InvalidJson(error.to_string()))?;
    Ok(read)
}

/// The parameters of a query. Each is taken once by its name; what is left at the end is unknown.
pub struct Query {
    values: BTreeMap<String, String>,
}

impl Query {
    /// Reads a query string.
    ///
    /// # Errors
    /// `InvalidParameter` when a parameter is given twice: nobody can know which one is meant.
    pub fn parse(query: Option<&str>) -> Result<Self, ApiError> {
        let mut values = BTreeMap::new();
        for (name, value) in form_urlencoded::parse(query.unwrap_or_default().as_bytes()) {
            if values.contains_key(name.as_ref()) {
                return Err(ApiError::invalid(
                    shown(&name),
                    "given twice, once is accepted",
                ));
            }
            values.insert(name.into_owned(), value.into_owned());
        }
        Ok(Self { values })
    }

    /// Takes a parameter as text.
    pub fn take(&mut self, name: &str) -> Option<String> {
        self.values.remove(name)
    }

    /// Takes a parameter, read by `read`.
    ///
    /// # Errors
    /// `InvalidParameter`, saying what is `accepted`, when `read` finds nothing in it.
    pub fn take_as<T>(
        &mut self,
        name: &'static str,
        accepted: &str,
        read: impl FnOnce(&str) -> Option<T>,
    ) -> Result<Option<T>, ApiError> {
        self.take(name)
            .map(|text| read(&text).ok_or_else(|| ApiError::invalid(name, accepted)))
            .transpose()
    }

    /// Takes a moment.
    ///
    /// # Errors
    /// `InvalidParameter` when it is not one.
    pub fn take_moment(&mut self, name: &'static str) -> Result<Option<Timestamp>, ApiError> {
        self.take(name)
            .map(|text| moment(&text).map_err(|error| ApiError::invalid(name, error.to_string())))
            .transpose()
    }

    /// Ends the reading.
    ///
    /// # Errors
    /// `InvalidParameter` when a parameter is left that nothing is known of: a misspelt filter
    /// would be no filter.
    pub fn finish(self, known: &str) -> Result<(), ApiError> {
        match self.values.into_keys().next() {
            None => Ok(()),
            Some(name) => Err(ApiError::invalid(
                shown(&name),
                format!("no such parameter; accepted are {known}"),
            )),
        }
    }
}

/// Reads a moment of a query, where a plus stands for a blank: the offset of Japan arrives with one when its plus
/// was not escaped.
///
/// # Errors
/// `NotATimestamp`
pub fn moment(text: &str) -> Result<Timestamp, NotATimestamp> {
    Timestamp::parse(&text.replace(' ', "+"))
}

/// Reads a whole number of a query, which may have a point and zeros behind it.
#[must_use]
pub fn whole<N: FromStr>(text: &str) -> Option<N> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let is_whole = !fraction.is_empty() && fraction.bytes().all(|digit| digit == b'0');
    whole.parse().ok().filter(|_| is_whole)
}

/// A name that a caller made up, short enough to be answered.
fn shown(name: &str) -> String {
    name.chars().take(60).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_claims_one_type() {
        let claimed = |types: &[&'static str]| {
            let types = types
                .iter()
                .map(|media| (CONTENT_TYPE, HeaderValue::from_static(media)));
            let mut headers = HeaderMap::new();
            types.for_each(|(name, value)| {
                headers.append(name, value);
            });
            media(&headers, false).is_ok()
        };
        assert!(claimed(&["application/json"]));
        assert!(claimed(&["Application/JSON; charset=utf-8"]));
        for types in [
            &[][..],
            &["text/plain"],
            &["application/json", "text/plain"],
            &["application/json"; 2],
        ] {
            assert!(!claimed(types), "{types:?}");
        }
    }

    #[test]
    fn a_request_names_one_host() {
        let passes = |version, hosts: &[&str]| {
            let request = Request::builder().version(version);
            let request = hosts
                .iter()
                .fold(request, |request, host| request.header("host", *host));
            one_host(&request.body(()).unwrap()).is_ok()
        };
        for host in [
            "relay",
            "relay.example:8480",
            "[::1]:8480",
            "10.0.0.1",
            "a_b",
            "",
        ] {
            assert!(passes(Version::HTTP_11, &[host]), "{host}");
            assert!(!passes(Version::HTTP_11, &[host, host]), "{host}");
            assert!(!passes(Version::HTTP_10, &[host, host]), "{host}");
        }
        for host in ["a b", "a/b", "http://a"] {
            assert!(!passes(Version::HTTP_11, &[host]), "{host}");
        }
        assert!(!passes(Version::HTTP_11, &[]));
        assert!(passes(Version::HTTP_10, &[]));
    }

    #[test]
    fn a_body_has_to_claim_to_be_json() {
        let claims = |text: &'static str, with_ndjson| {
            let mut headers = HeaderMap::new();
            headers.insert(CONTENT_TYPE, HeaderValue::from_static(text));
            media(&headers, with_ndjson).ok()
        };
        assert_eq!(claims("application/json", false), Some(Media::Json));
        assert_eq!(
            claims("Application/JSON; charset=utf-8", false),
            Some(Media::Json)
        );
        assert_eq!(claims("application/x-ndjson", true), Some(Media::Ndjson));
        assert_eq!(claims("application/x-ndjson", false), None);
        assert_eq!(claims("text/plain", true), None);
        assert!(media(&HeaderMap::new(), true).is_err());
    }

    #[test]
    fn a_body_that_is_compressed_is_called_so() {
        let refused = |coding: Option<&'static str>| {
            let mut headers = HeaderMap::new();
            headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
            if let Some(coding) = coding {
                headers.insert(CONTENT_ENCODING, HeaderValue::from_static(coding));
            }
            media(&headers, false).err().map(|error| error.to_string())
        };
        for plain in [None, Some("identity"), Some("Identity")] {
            assert_eq!(refused(plain), None, "{plain:?}");
        }
        for coding in ["gzip", "br", "identity, gzip", "aws-chunked", ""] {
            let told = refused(Some(coding)).unwrap();
            assert!(told.contains("Content-Encoding"), "{coding}: {told}");
        }
    }

    #[test]
    fn a_plus_that_was_not_escaped_is_a_plus_in_a_moment_only() {
        let asked = "at=2025-10-01T00:00:00+09:00&short=2025-10-01T00:00+09&escaped=2025-10-01T00:00:00%2B09:00&eventType=a+b";
        let mut query = Query::parse(Some(asked)).unwrap();
        let midnight = Timestamp::parse("2025-09-30T15:00:00Z").ok();
        for name in ["at", "short", "escaped"] {
            assert_eq!(query.take_moment(name).unwrap(), midnight, "{name}");
        }
        assert_eq!(query.take("eventType").as_deref(), Some("a b"));
        for text in [
            "2025-10-01 00:00:00Z",
            " 2025-10-01T00:00:00Z",
            "2025-10-01T00:00:00Z ",
        ] {
            assert_eq!(moment(text), Err(NotATimestamp), "{text}");
        }
    }

    #[test]
    fn a_query_is_read_once_and_whole() {
        let mut query = Query::parse(Some("period=7d&eventType=a%20b")).unwrap();
        assert_eq!(query.take("period").as_deref(), Some("7d"));
        assert_eq!(query.take("eventType").as_deref(), Some("a b"));
        assert!(query.finish("").is_ok());
        assert!(Query::parse(Some("a=1&a=2")).is_err());
        assert!(Query::parse(Some("a=1")).unwrap().finish("b").is_err());
    }

    #[test]
    fn a_whole_number_of_a_query_may_have_a_point() {
        for (text, number) in [
            ("5", Some(5)),
            ("5.0", Some(5)),
            ("5.00", Some(5)),
            ("5.", None),
            ("5.5", None),
            ("x", None),
            ("", None),
        ] {
            assert_eq!(whole::<u32>(text), number, "{text}");
        }
    }

    #[test]
    fn a_byte_order_mark_is_named() {
        assert!(without_mark("{}".to_owned()).is_ok());
        let refused = without_mark("\u{feff}{}".to_owned()).unwrap_err();
        assert!(refused.to_string().contains("byte order mark"));
    }
}
