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
    uncompressed(headers)?;
    // With two of them neither counts: a proxy in front may have gone by the other one.
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

/// Refuses a body that is not sent as it is.
///
/// # Errors
/// `UnsupportedEncoding`
pub fn uncompressed(headers: &HeaderMap) -> Result<(), ApiError> {
    let mut codings = headers.get_all(CONTENT_ENCODING).iter();
    if codings.all(|value| value.as_bytes().eq_ignore_ascii_case(b"identity")) {
        Ok(())
    } else {
        Err(ApiError::UnsupportedEncoding)
    }
}

/// Reads the whole body as text, but never more than `limit` bytes of it.
///
/// # Errors
/// `PayloadTooLarge` before reading when the length is announced, else as soon as it shows;
/// `InvalidJson` when the body breaks off, takes too long or is not UTF-8.
pub async fn text(request: Request<Incoming>, limit: usize) -> Result<String, ApiError> {
    without_mark(plain_text(request, limit).await?)
}

/// Reads a body that is no JSON as text; a mark at its beginning is a part of it.
///
/// # Errors
/// Those of [`text`].
pub async fn plain_text(request: Request<Incoming>, limit: usize) -> Result<String, ApiError> {
    let bytes = bytes(request.into_body(), limit).await?;
    String::from_utf8(bytes.into()).map_err(|error| not_utf8(error.utf8_error()))
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

/// Refuses a body without anything in it: a client or a proxy has lost what should be there.
///
/// # Errors
/// `InvalidJson`
pub fn not_empty(text: &str) -> Result<(), ApiError> {
    if text.trim().is_empty() {
        return Err(ApiError::InvalidJson("the body is empty".to_owned()));
    }
    Ok(())
}

/// Reads a small JSON object whose fields are all known.
///
/// # Errors
/// `InvalidJson` when it is not JSON, `InvalidParameter` naming the field that is not as expected.
pub fn fields<T: DeserializeOwned>(text: &str) -> Result<T, ApiError> {
    not_empty(text)?;
    // serde would take an array for the fields in their order, and an empty one for an object without any.
    if text.trim_start().starts_with('[') {
        return Err(ApiError::invalid("(body)", "must be a JSON object"));
    }
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

    /// The names of what was not taken.
    pub fn left(self) -> impl Iterator<Item = String> {
        self.values.into_keys()
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
mod tests;
