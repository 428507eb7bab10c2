//! The envelope of every answer, and the closed list of errors (contract, section 4).

use bytes::Bytes;
use http_body_util::Full;
use hyper::header::{
    ACCEPT_ENCODING, ALLOW, CONTENT_TYPE, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE,
};
use hyper::{Response, StatusCode};
use serde::Serialize;

use super::Api;
pub use super::server::Reply;
use super::wing::NotRouted;
use crate::language::Language;
use crate::store::StoreError;
use crate::timestamp::Timestamp;
use crate::trouble::Trouble;

/// `Retry-After` when the disk is full, in seconds.
const STORAGE_RETRY_SECONDS: u64 = 10;

/// Why a request is refused. The messages are for the caller: they name what is wrong and what is accepted, and never a
/// secret or an internal cause.
#[derive(Debug, thiserror::Error)]
pub enum ApiError {
    /// The body is not the JSON that is expected.
    #[error("{0}")]
    InvalidJson(String),
    /// A field, parameter or header has a value that is not accepted.
    #[error("{field}: {accepted}")]
    InvalidParameter {
        /// Which one.
        field: String,
        /// What is accepted.
        accepted: String,
    },
    /// A date is invalid, or a range ends before it begins.
    #[error("{0}")]
    InvalidDateRange(String),
    /// A number, key or character in the body cannot survive JavaScript.
    #[error("{0}")]
    UnstableJson(String),
    /// No token, or an invalid one; the caller is not told why.
    #[error("Missing or invalid authorization header")]
    Unauthorized,
    /// A valid token without the scope.
    #[error("This token does not allow it; the scope {0} is needed")]
    Forbidden(&'static str),
    /// There is no such path or id.
    #[error("{0}")]
    NotFound(String),
    /// The path exists with other methods only.
    #[error("This path accepts {0}")]
    MethodNotAllowed(String),
    /// The idempotency key belongs to other content.
    #[error("{0}")]
    IdempotencyConflict(String),
    /// The request contradicts what is stored.
    #[error("{0}")]
    Conflict(String),
    /// The body is longer than allowed.
    #[error("The body may have {0} bytes at most")]
    PayloadTooLarge(usize),
    /// The event is larger than the receiver of its route accepts.
    #[error("{0}")]
    TooLargeForReceiver(String),
    /// The body has another media type than those that are accepted.
    #[error("Content-Type must be {0}")]
    UnsupportedMediaType(&'static str),
    /// The body is compressed.
    #[error(
        "Content-Encoding: the relay reads no compressed bodies; send the body as it is, without this header"
    )]
    UnsupportedEncoding,
    /// Too many requests in the last 60 seconds; seconds until the next one passes.
    #[error("Too many requests. Please try again later.")]
    RateLimitExceeded(u64),
    /// An error of the relay itself. The cause is only logged.
    #[error("An unexpected error occurred")]
    Internal,
    /// Nothing can be written now; nothing was accepted.
    #[error("{}. Nothing was accepted; try again later.", unavailable(.0.as_ref()))]
    StorageUnavailable(Option<Trouble>),
    /// A file of interview records does not fit on the disk: at least so many MiB more would have to be free.
    #[error(
        "The file does not fit on the relay's disk: at least {0} MiB more must be free. Nothing was imported."
    )]
    NoRoomForFile(u64),
    /// The same for whoever monitors the relay: what is wrong with the database, and what to do.
    #[error("{0}")]
    DatabaseInTrouble(String),
    /// A dispatcher hangs.
    #[error("Events are accepted, but sending has stalled. The relay should be restarted.")]
    DeliveryStalled,
}

impl ApiError {
    /// A value of `field` is not accepted.
    pub fn invalid(field: impl Into<String>, accepted: impl Into<String>) -> Self {
        Self::InvalidParameter {
            field: field.into(),
            accepted: accepted.into(),
        }
    }

    /// The status, and the code in the body.
    pub(super) fn status_and_code(&self) -> (StatusCode, &'static str) {
        match self {
            Self::InvalidJson(_) => (StatusCode::BAD_REQUEST, "INVALID_JSON"),
            Self::InvalidParameter { .. } => (StatusCode::BAD_REQUEST, "INVALID_PARAMETER"),
            Self::InvalidDateRange(_) => (StatusCode::BAD_REQUEST, "INVALID_DATE_RANGE"),
            Self::UnstableJson(_) => (StatusCode::BAD_REQUEST, "UNSTABLE_JSON"),
            Self::Unauthorized => (StatusCode::UNAUTHORIZED, "UNAUTHORIZED"),
            Self::Forbidden(_) => (StatusCode::FORBIDDEN, "FORBIDDEN"),
            Self::NotFound(_) => (StatusCode::NOT_FOUND, "NOT_FOUND"),
            Self::MethodNotAllowed(_) => (StatusCode::METHOD_NOT_ALLOWED, "METHOD_NOT_ALLOWED"),
            Self::IdempotencyConflict(_) => (StatusCode::CONFLICT, "IDEMPOTENCY_CONFLICT"),
            Self::Conflict(_) => (StatusCode::CONFLICT, "CONFLICT"),
            Self::PayloadTooLarge(_) | Self::TooLargeForReceiver(_) => {
                (StatusCode::PAYLOAD_TOO_LARGE, "PAYLOAD_TOO_LARGE")
            }
            Self::UnsupportedMediaType(_) | Self::UnsupportedEncoding => {
                (StatusCode::UNSUPPORTED_MEDIA_TYPE, "UNSUPPORTED_MEDIA_TYPE")
            }
            Self::RateLimitExceeded(_) => (StatusCode::TOO_MANY_REQUESTS, "RATE_LIMIT_EXCEEDED"),
            Self::Internal => (StatusCode::INTERNAL_SERVER_ERROR, "INTERNAL_SERVER_ERROR"),
            Self::StorageUnavailable(_) | Self::DatabaseInTrouble(_) | Self::NoRoomForFile(_) => {
                (StatusCode::SERVICE_UNAVAILABLE, "STORAGE_UNAVAILABLE")
            }
            Self::DeliveryStalled => (StatusCode::SERVICE_UNAVAILABLE, "DELIVERY_STALLED"),
        }
    }

    /// The same for an admin at the control socket, who is told what is wrong with the database and what to do.
    pub(super) fn told_to(self, reader: Option<Language>, api: &Api) -> Self {
        match (self, reader) {
            (Self::StorageUnavailable(Some(met)), Some(language)) => {
                // What the relay knows of its file says more than what one call has met.
                let trouble = api.store.file().trouble().unwrap_or(met);
                Self::DatabaseInTrouble(trouble.describe(language, &api.advice.commands))
            }
            (error, _) => error,
        }
    }

    /// The answer with this error.
    #[must_use]
    pub fn reply(&self, now: Timestamp) -> Reply {
        let (status, code) = self.status_and_code();
        let mut reply = failure(status, code, &self.to_string(), now);
        let header = match self {
            Self::Unauthorized => Some((WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"))),
            Self::MethodNotAllowed(allowed) => HeaderValue::from_str(allowed)
                .ok()
                .map(|value| (ALLOW, value)),
            Self::UnsupportedEncoding => {
                Some((ACCEPT_ENCODING, HeaderValue::from_static("identity")))
            }
            Self::RateLimitExceeded(seconds) => Some((RETRY_AFTER, HeaderValue::from(*seconds))),
            Self::StorageUnavailable(_) | Self::DatabaseInTrouble(_) => {
                Some((RETRY_AFTER, HeaderValue::from(STORAGE_RETRY_SECONDS)))
            }
            _ => None,
        };
        if let Some((name, value)) = header {
            reply.headers_mut().insert(name, value);
        }
        reply
    }
}

impl From<NotRouted> for ApiError {
    fn from(error: NotRouted) -> Self {
        match error {
            NotRouted::NoSuchPath => Self::NotFound("Nothing has this path".to_owned()),
            NotRouted::OtherMethods(allowed) => Self::MethodNotAllowed(allowed),
        }
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        match error {
            // The store has logged it already, once.
            StoreError::Unavailable(trouble) => Self::StorageUnavailable(Some(trouble)),
            StoreError::Closing => Self::StorageUnavailable(None),
            StoreError::Refused(error) => {
                tracing::error!(%error, "a request met a mistake of the relay");
                Self::Internal
            }
        }
    }
}

/// Why nothing can be kept, for a caller who can do nothing about it.
fn unavailable(trouble: Option<&Trouble>) -> &'static str {
    match trouble {
        None => "The relay is stopping",
        Some(Trouble::DiskFull(_)) => "The relay's disk is full",
        Some(Trouble::Locked) => "Another program holds a lock on the relay's database",
        Some(Trouble::Damaged { .. } | Trouble::Overwritten { .. }) => {
            "The relay's database is damaged"
        }
        Some(Trouble::Gone { .. } | Trouble::Unmounted { .. }) => {
            "The relay's database is not in its place"
        }
        Some(Trouble::Closed { .. }) => "The relay may not look at its database",
        Some(Trouble::Exhausted(_)) => "The relay has no more memory or file handles",
        Some(Trouble::ImportRefused(_)) => "An import of interview records cannot be ended now",
        Some(Trouble::ReadOnlyDisk | Trouble::DiskFailed(_) | Trouble::Unusable(_)) => {
            "The relay cannot write to its disk now"
        }
    }
}

/// An answer in the envelope of a success.
///
/// # Errors
/// `Internal` when `data` cannot be written as JSON, which cannot happen with the types here.
pub fn success(
    status: StatusCode,
    data: &impl Serialize,
    now: Timestamp,
) -> Result<Reply, ApiError> {
    #[derive(Serialize)]
    struct Envelope<'a, T> {
        success: bool,
        data: &'a T,
        timestamp: Timestamp,
    }
    let body = serde_json::to_vec(&Envelope {
        success: true,
        data,
        timestamp: now,
    });
    match body {
        Ok(body) => Ok(json(status, body)),
        Err(error) => {
            tracing::error!(%error, "an answer could not be written as JSON");
            Err(ApiError::Internal)
        }
    }
}

/// An answer in the envelope of an error.
fn failure(status: StatusCode, code: &str, message: &str, now: Timestamp) -> Reply {
    let envelope = serde_json::json!({
        "success": false,
        "error": {"code": code, "message": message},
        "timestamp": now,
    });
    json(status, envelope.to_string())
}

/// An answer with this JSON text as its body, without an envelope.
pub(super) fn json(status: StatusCode, text: impl Into<Bytes>) -> Reply {
    let mut reply = Response::new(Full::new(text.into()));
    *reply.status_mut() = status;
    reply
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    reply
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trouble::Shortage;

    #[test]
    fn a_caller_is_told_the_cause_and_never_an_internal_text() {
        for (trouble, cause) in [
            (Trouble::Locked, "holds a lock"),
            (Trouble::DiskFull(Shortage::Inodes), "disk is full"),
            (Trouble::Gone { rescued: None }, "not in its place"),
            (Trouble::Overwritten { copy: None }, "damaged"),
            (
                Trouble::Unusable("/data/live: why".to_owned()),
                "cannot write",
            ),
        ] {
            let error = ApiError::from(StoreError::Unavailable(trouble));
            let told = error.to_string();
            assert!(told.contains(cause), "{told}");
            assert!(
                told.ends_with("Nothing was accepted; try again later."),
                "{told}"
            );
            assert!(!told.contains("/data"), "{told}");
            assert_eq!(error.status_and_code().1, "STORAGE_UNAVAILABLE");
        }
    }
}
