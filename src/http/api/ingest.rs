//! The door of the staff system's own senders (contract, section 4.6): they post as they always did,
//! and the relay takes it.
//!
//! The checks come in this order: the method (`router`), the length, the media type, the relay's own
//! mark, the proof, and only then anything that the body says.

mod proof;

use std::str;
use std::time::Duration;

use hyper::body::Incoming;
use hyper::http::request::Parts;
use hyper::{HeaderMap, Request, StatusCode};
use serde::Serialize;
use utoipa::ToSchema;

use super::Api;
use super::events::{self, Kept};
use super::submission::EVENT_ACCEPTED;
use crate::config::IngestConfig;
use crate::event::{NewEvent, Submission};
use crate::http::reply::{self, ApiError, Reply};
use crate::http::request;
use crate::http::server::Door;
use crate::ingest::{self, Posted, Recognised, Unrecognised};
use crate::repeat::Memory;
use crate::route::LEADS_BACK;
use crate::timestamp::Timestamp;

/// The relay's own mark on every webhook that it sends.
const OWN_MARK: &str = "X-Webhook-Attempt";
/// The longest request id of a sender that is remembered, in bytes.
const ID_BYTES: usize = 191;

/// `POST` to the path of `[ingest]`, and to any path below it.
///
/// # Errors
/// As section 4.6 of the contract lists them; nothing was accepted then.
pub async fn accept(api: &Api, door: Door, request: Request<Incoming>) -> Result<Reply, ApiError> {
    let Some(ingest) = &api.ingest else {
        return Err(ApiError::Internal);
    };
    let (head, body) = request.into_parts();
    let body = request::bytes(body, api.max_body_bytes).await?;
    request::media(&head.headers, false)?;
    refuse_own(&head.headers)?;
    proof::demand(api, ingest, door, &head, &body)?;
    let recognised = recognise(&ingest.rules, &head, &body)?;
    let known_for = ingest.rules.repeat;
    let kept = keep(api, recognised, SendersId::of(&head), known_for).await?;
    answer(&kept, api.clock.now())
}

/// A webhook of the relay itself must not become an event: it would go round for ever.
fn refuse_own(headers: &HeaderMap) -> Result<(), ApiError> {
    if headers.contains_key(OWN_MARK) {
        let why = format!("is the mark of a relay's own webhooks: {LEADS_BACK}");
        return Err(ApiError::invalid(OWN_MARK, why));
    }
    Ok(())
}

fn recognise(rules: &IngestConfig, head: &Parts, body: &[u8]) -> Result<Recognised, ApiError> {
    let posted = Posted {
        path: head.uri.path(),
        headers: &head.headers,
        body: str::from_utf8(body).map_err(request::not_utf8)?,
    };
    ingest::recognise(&posted, &rules.names).map_err(|why| refused(&why))
}

fn refused(why: &Unrecognised) -> ApiError {
    match why {
        Unrecognised::Json(refusal) if !refusal.is_syntax() => {
            ApiError::UnstableJson(refusal.to_string())
        }
        Unrecognised::Json(_) | Unrecognised::NotAnObject => ApiError::InvalidJson(why.to_string()),
        Unrecognised::Nameless => ApiError::invalid(
            "event",
            "nothing says which event this is; accepted are `event`, `eventType` or `type` in the body, the header X-Event-Type, or an [[ingest.name]] of the configuration",
        ),
        Unrecognised::BadName(place) => ApiError::invalid(*place, EVENT_ACCEPTED),
    }
}

/// Commits the event and hands it to its dispatcher, unless it repeats one that was accepted within `known_for`.
async fn keep(
    api: &Api,
    recognised: Recognised,
    request_id: Option<String>,
    known_for: Duration,
) -> Result<Kept, ApiError> {
    let event = NewEvent {
        event_type: recognised.event_type,
        data: recognised.data,
        staff_id: recognised.staff_id,
        event_timestamp: recognised.event_timestamp,
    };
    // Zero hours: every post is an event of its own.
    let memory = (!known_for.is_zero()).then(|| Memory::of(&event, request_id, Some(known_for)));
    let submission = Submission {
        route: api.routes.routing.route_of(&event.event_type).to_owned(),
        idempotency: None,
        memory,
        event,
    };
    let kept = events::submit(api, vec![submission]).await?;
    kept.into_iter().next().ok_or(ApiError::Internal)
}

/// 200, because one of the senders takes nothing else for a success.
fn answer(kept: &Kept, now: Timestamp) -> Result<Reply, ApiError> {
    let answer = Answer {
        success: true,
        message: "accepted",
        message_id: &kept.id,
        received_at: now,
        data: IngestedEvent {
            id: &kept.id,
            request_id: &kept.id,
            status: "accepted",
            duplicate: kept.duplicate,
        },
        timestamp: now,
    };
    let body = serde_json::to_vec(&answer).map_err(|error| {
        tracing::error!(%error, "an answer could not be written as JSON");
        ApiError::Internal
    })?;
    Ok(reply::json(StatusCode::OK, body))
}

/// The `X-Request-ID` that the sender itself gave. Behind the first layer of the server every request
/// has one, so it is noted before that.
#[derive(Clone, Debug)]
pub struct SendersId(String);

impl SendersId {
    /// Notes what the sender called its request.
    pub fn note<B>(mut request: Request<B>) -> Request<B> {
        if let Some(id) = Self::read(request.headers()) {
            request.extensions_mut().insert(id);
        }
        request
    }

    /// An id that can be remembered: one, of at most 191 printable ASCII characters.
    fn read(headers: &HeaderMap) -> Option<Self> {
        let mut given = headers.get_all("x-request-id").iter();
        let (Some(id), None) = (given.next(), given.next()) else {
            return None;
        };
        let id = id.to_str().ok()?;
        (1..=ID_BYTES)
            .contains(&id.len())
            .then(|| Self(id.to_owned()))
    }

    fn of(head: &Parts) -> Option<String> {
        let Self(id) = head.extensions.get()?;
        Some(id.clone())
    }
}

/// What a sender is told: the envelope, with what some of them look for beside it.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Ingested)]
pub(super) struct Answer<'a> {
    success: bool,
    #[schema(pattern = "^accepted$")]
    message: &'a str,
    /// The event's id.
    message_id: &'a str,
    received_at: Timestamp,
    data: IngestedEvent<'a>,
    timestamp: Timestamp,
}

/// The event that was kept.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct IngestedEvent<'a> {
    id: &'a str,
    request_id: &'a str,
    #[schema(pattern = "^accepted$")]
    status: &'a str,
    /// It had been handed in before.
    duplicate: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn noted(ids: &[&'static str]) -> Option<String> {
        let mut request = Request::builder();
        for id in ids {
            request = request.header("x-request-id", *id);
        }
        let request = SendersId::note(request.body(()).unwrap());
        SendersId::of(&request.into_parts().0)
    }

    #[test]
    fn the_senders_own_id_is_noted_when_it_is_one() {
        assert_eq!(noted(&["abc"]).as_deref(), Some("abc"));
        assert_eq!(noted(&[]), None);
        assert_eq!(noted(&[""]), None);
        assert_eq!(noted(&["a", "b"]), None);
        let long: &'static str = "x".repeat(192).leak();
        assert_eq!(noted(&[long]), None);
        assert_eq!(noted(&["番号"]), None);
    }

    #[test]
    fn whatever_is_wrong_with_a_body_is_told_by_its_code() {
        let code = |body: &str| {
            let posted = Posted {
                path: "/in",
                headers: &HeaderMap::new(),
                body,
            };
            let why = ingest::recognise(&posted, &[]).unwrap_err();
            let error = refused(&why);
            (error.status_and_code().1, error.to_string())
        };
        assert_eq!(code("{").0, "INVALID_JSON");
        assert_eq!(code("[]").0, "INVALID_JSON");
        assert_eq!(code(r#"{"event":"a","n":1e400}"#).0, "UNSTABLE_JSON");
        assert_eq!(code("{}").0, "INVALID_PARAMETER");
        let (name, message) = code(r#"{"eventType":"A b"}"#);
        assert_eq!(name, "INVALID_PARAMETER");
        assert!(message.starts_with("eventType: must be"), "{message}");
    }
}
