//! Dismissing exhausted events and incidents: a person says that nothing more has to be done about them (contract,
//! section 10).

use hyper::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

use super::events::no_such_event;
use super::openapi::{Operation, samples};
use crate::dismissal::{EventDismissal, IncidentDismissal};
use crate::http::reply::{ApiError, Reply, success};
use crate::http::request;
use crate::http::wing::Call;

/// The longest reason, in characters.
const LONGEST_REASON: usize = 500;

/// `POST /api/incidents/{id}/dismiss`
///
/// # Errors
/// `NotFound`; `Conflict` for an incident that ends by itself; those of a body; or the store's.
pub(super) async fn incident(call: Call<'_>) -> Result<Reply, ApiError> {
    let Call {
        api,
        id,
        request,
        actor,
        ..
    } = call;
    let DismissBody { reason } = DismissBody::read(request, api.max_body_bytes).await?;
    let moment = api.clock.moment();
    match api
        .store
        .dismiss_incident(&id, actor, reason, moment)
        .await?
    {
        IncidentDismissal::Done => {
            tracing::info!(incident = %id, "dismissed, as a person asked");
            success(StatusCode::OK, &DismissedAnswer::of(&id), api.clock.now())
        }
        IncidentDismissal::Unknown => Err(no_open_incident()),
        IncidentDismissal::EndsByItself => Err(ends_by_itself()),
    }
}

/// `POST /api/events/{id}/dismiss`
///
/// # Errors
/// `NotFound`; `Conflict` for an event that is not exhausted; those of a body; or the store's.
pub(super) async fn event(call: Call<'_>) -> Result<Reply, ApiError> {
    let Call {
        api,
        id,
        request,
        actor,
        ..
    } = call;
    let DismissBody { reason } = DismissBody::read(request, api.max_body_bytes).await?;
    let moment = api.clock.moment();
    match api.store.dismiss_event(&id, actor, reason, moment).await? {
        done @ (EventDismissal::Done | EventDismissal::Already) => {
            if done == EventDismissal::Done {
                tracing::info!(event = %id, "dismissed, as a person asked");
            }
            success(StatusCode::OK, &DismissedAnswer::of(&id), api.clock.now())
        }
        EventDismissal::Unknown => Err(no_such_event()),
        EventDismissal::NotExhausted => Err(not_exhausted()),
    }
}

/// What the description says of [`incident`].
pub(super) fn describe_incident() -> Operation {
    described(
        "incidents",
        "dismissIncident",
        "End an incident whose deliveries need nothing any more: those that are exhausted are dismissed",
        "The incident's id",
    )
    .also_refused([no_open_incident(), ends_by_itself()])
}

/// What the description says of [`event`].
pub(super) fn describe_event() -> Operation {
    described(
        "events",
        "dismissEvent",
        "Say of an exhausted event that nothing more is to be done",
        "The event's id",
    )
    .also_refused([no_such_event(), not_exhausted()])
}

fn described(tag: &'static str, id: &'static str, summary: &'static str, of: &str) -> Operation {
    Operation::new(tag, id, summary)
        .path_id(of)
        .json_body::<DismissBody>(&json!({"reason": "the person has left"}))
        .answer::<DismissedAnswer<'_>>(
            200,
            "It is dismissed",
            &json!({"id": samples::ID, "dismissed": true}),
        )
}

fn no_open_incident() -> ApiError {
    ApiError::NotFound("No open incident has this id (alert history shows them)".to_owned())
}

fn ends_by_itself() -> ApiError {
    ApiError::Conflict(
        "An incident of this kind ends by itself when its condition does not hold any more"
            .to_owned(),
    )
}

fn not_exhausted() -> ApiError {
    ApiError::Conflict(
        "Only an exhausted event, or one that VoiceDrive does not have, can be dismissed; this one was delivered or is still to be sent"
            .to_owned(),
    )
}

/// Why.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Dismissal)]
pub(super) struct DismissBody {
    /// The reason, for people to read.
    #[schema(min_length = 1, max_length = 500)]
    reason: Option<String>,
}

impl DismissBody {
    async fn read(
        request: hyper::Request<hyper::body::Incoming>,
        limit: usize,
    ) -> Result<Self, ApiError> {
        request::media(request.headers(), false)?;
        let text = request::text(request, limit).await?;
        let body: Self = request::fields(&text)?;
        let reason = body.reason.as_deref();
        let fits = |reason: &str| (1..=LONGEST_REASON).contains(&reason.chars().count());
        if reason.is_some_and(|reason| !fits(reason)) {
            return Err(ApiError::invalid("reason", "must have 1 to 500 characters"));
        }
        Ok(body)
    }
}

/// The answer to a dismissal.
#[derive(Serialize, ToSchema)]
#[schema(as = Dismissed)]
pub(super) struct DismissedAnswer<'a> {
    id: &'a str,
    dismissed: bool,
}

impl<'a> DismissedAnswer<'a> {
    fn of(id: &'a str) -> Self {
        Self {
            id,
            dismissed: true,
        }
    }
}
