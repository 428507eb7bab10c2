//! The endpoint for the staff system's own senders (contract, section 4.6), which post as they always did.
//!
//! The order of the checks: method (`endpoints`), length, media type, header of the relay's own webhooks, proof, and
//! only then the content of the body.

mod proof;

use std::str;
use std::time::Duration;

use hyper::http::request::Parts;
use hyper::{HeaderMap, StatusCode};
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;

use super::Api;
use super::events::{self, AcceptedEvent};
use super::openapi::{Operation, samples};
use super::submission::EVENT_ACCEPTED;
use crate::config::IngestConfig;
use crate::event::NewEvent;
use crate::http::reply::{self, ApiError, Reply};
use crate::http::request;
use crate::http::server::GivenId;
use crate::http::wing::{Call, NotRouted};
use crate::ingest::{self, Posted, Recognised, Unrecognised};
use crate::repeat::Memory;
use crate::route::LEADS_BACK;
use crate::submission::Submission;
use crate::timestamp::Timestamp;

/// A header that the relay sets on every webhook.
const OWN_MARK: &str = "X-Webhook-Attempt";

/// Its path in the table, and the default of `ingest.path`.
pub(super) const PATH: &str = "/in";

/// `POST` to the path of `[ingest]`, and to any path below it.
///
/// # Errors
/// As section 4.6 of the contract lists them; nothing was accepted then.
pub(super) async fn accept(call: Call<'_>) -> Result<Reply, ApiError> {
    let Call {
        api, peer, request, ..
    } = call;
    let Some(ingest) = &api.ingest else {
        return Err(ApiError::Internal);
    };
    let (head, body) = request.into_parts();
    let body = request::bytes(body, api.max_body_bytes).await?;
    request::media(&head.headers, false)?;
    refuse_own(&head.headers)?;
    proof::verify(api, ingest, peer.ip(), &head, &body)?;
    let recognised = recognise(&ingest.rules, &head, &body)?;
    let known_for = ingest.rules.repeat;
    let kept = commit(api, recognised, GivenId::noted_in(&head), known_for).await?;
    answer(&kept, api.clock.now())
}

/// What the description says of [`accept`].
pub(super) fn describe() -> Operation {
    let schema = json!({
        "type": "object",
        "description": "The name of the event stands in `event`, `eventType`, the header X-Event-Type or `type`, or follows from the path. What is sent on is `data` when no other key than event, eventType, timestamp, source and data is there, else the whole body.",
    });
    let posted = json!({
        "event": "employee.created", "timestamp": samples::TIME, "source": "medical-system",
        "data": samples::new_event()["data"],
    });
    let kept = json!({
        "success": true, "message": "accepted", "messageId": samples::ID,
        "receivedAt": samples::TIME,
        "data": {
            "id": samples::ID, "requestId": samples::ID, "status": "accepted", "duplicate": false,
        },
        "timestamp": samples::TIME,
    });
    Operation::new(
        "events",
        "ingest",
        "Hand in an event as the staff system's own senders do; `ingest.path` may be another one, and every path below it is the same",
    )
    .body_of(&schema, &posted)
    .answer_as_it_is::<IngestAnswer<'_>>(
        200,
        "It is committed to the disk, now or before, and will be sent",
        kept,
    )
    .also_refused([
        ApiError::UnstableJson(
            "/data/amount: JavaScript cannot keep this number exactly; send it as a string"
                .to_owned(),
        ),
        NotRouted::NoSuchPath.into(),
    ])
}

/// Refuses webhooks of the relay itself, which would loop for ever.
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
async fn commit(
    api: &Api,
    recognised: Recognised,
    request_id: Option<String>,
    known_for: Duration,
) -> Result<AcceptedEvent, ApiError> {
    let event = NewEvent {
        event_type: recognised.event_type,
        data: recognised.data,
        staff_id: recognised.staff_id,
        event_timestamp: recognised.event_timestamp,
    };
    // Zero hours: repeats are not looked for.
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

/// 200 instead of 202: one of the senders treats everything else as a failure.
fn answer(kept: &AcceptedEvent, now: Timestamp) -> Result<Reply, ApiError> {
    let answer = IngestAnswer {
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

/// The answer to a sender: the envelope, and the members that some senders expect beside it.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Ingested)]
pub(super) struct IngestAnswer<'a> {
    success: bool,
    #[schema(pattern = "^accepted$")]
    message: &'a str,
    /// The event's id.
    message_id: &'a str,
    received_at: Timestamp,
    data: IngestedEvent<'a>,
    timestamp: Timestamp,
}

/// The event that was stored.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct IngestedEvent<'a> {
    id: &'a str,
    request_id: &'a str,
    #[schema(pattern = "^accepted$")]
    status: &'a str,
    /// Whether the event had been handed in before.
    duplicate: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

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
