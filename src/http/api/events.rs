//! Events over HTTP: handing in and looking up (contract, sections 4.3 and 4.4).

use hyper::{HeaderMap, StatusCode};
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::event_answer::EventAnswer;
use super::event_filter::{FILTERS, accepted_in_no_time, filter};
use super::openapi::{Operation, moment, paging, parameter, query, reference, samples, text};
use super::submission::{EventBody, read_batch, read_event};
use super::{Api, audit};
use crate::crypto;
use crate::event::{NewEvent, Status};
use crate::http::reply::{ApiError, Reply, success};
use crate::http::request::{self, Query, whole};
use crate::http::wing::Call;
use crate::repeat::Memory;
use crate::route::TooLarge;
use crate::store::AcceptError;
use crate::submission::{Accepted, Idempotency, Submission};

/// The most events of a page, and the default.
const PAGE: (usize, usize) = (200, 50);
/// The longest idempotency key, in characters.
const KEY_CHARACTERS: usize = 191;

/// `POST /api/events`
///
/// # Errors
/// As section 4 of the contract lists them; nothing was accepted then.
pub(super) async fn accept_one(call: Call<'_>) -> Result<Reply, ApiError> {
    let Call { api, request, .. } = call;
    request::media(request.headers(), false)?;
    let key = idempotency_key(request.headers())?;
    let text = request::text(request, api.max_body_bytes).await?;
    let event = read_event(&text, "")?;
    let accepted = keep(api, vec![event], key).await?;
    let Some(first) = accepted.first() else {
        return Err(ApiError::Internal);
    };
    let status = if first.duplicate {
        StatusCode::OK
    } else {
        StatusCode::ACCEPTED
    };
    let answer = AcceptedAnswer {
        id: &first.id,
        request_id: &first.id,
        status: Some("accepted"),
        duplicate: first.duplicate,
    };
    success(status, &answer, api.clock.now())
}

/// What the description says of [`accept_one`].
pub(super) fn describe_accept_one() -> Operation {
    let accepted = |duplicate: bool| {
        json!({
            "id": samples::ID, "requestId": samples::ID, "status": "accepted",
            "duplicate": duplicate,
        })
    };
    Operation::new(
        "events",
        "acceptEvent",
        "Hand in an event; 202 is given only after it is committed to the disk",
    )
    .parameters([key()])
    .json_body::<EventBody<'_>>(&samples::new_event())
    .answer::<AcceptedAnswer<'_>>(200, "It was handed in before", &accepted(true))
    .answer::<AcceptedAnswer<'_>>(202, "It is kept, and will be sent", &accepted(false))
    .also_refused(not_accepted())
}

/// `POST /api/events/batch`
///
/// # Errors
/// As section 4 of the contract lists them; nothing was accepted then.
pub(super) async fn accept_batch(call: Call<'_>) -> Result<Reply, ApiError> {
    let Call { api, request, .. } = call;
    let media = request::media(request.headers(), true)?;
    let key = idempotency_key(request.headers())?;
    let text = request::text(request, api.max_body_bytes).await?;
    let events = read_batch(&text, media)?;
    let accepted = keep(api, events, key).await?;
    let events: Vec<_> = accepted
        .iter()
        .map(|one| AcceptedAnswer {
            id: &one.id,
            request_id: &one.id,
            status: None,
            duplicate: one.duplicate,
        })
        .collect();
    let answer = BatchAnswer {
        accepted: events.len(),
        events,
    };
    success(StatusCode::ACCEPTED, &answer, api.clock.now())
}

/// What the description says of [`accept_batch`].
pub(super) fn describe_accept_batch() -> Operation {
    let batch = json!({"accepted": 1, "events": [
        {"id": samples::ID, "requestId": samples::ID, "duplicate": false},
    ]});
    Operation::new(
        "events",
        "acceptEvents",
        "Hand in up to 1000 events, all or none",
    )
    .parameters([key()])
    .batch_body::<EventBody<'_>>(&samples::new_event())
    .answer::<BatchAnswer<'_>>(202, "All are kept", &batch)
    .also_refused(not_accepted())
}

fn key() -> Value {
    parameter(
        "header",
        "Idempotency-Key",
        "The same key with the same content is the same event, also after 90 days",
        &json!({"type": "string", "pattern": "^[ -~]{1,191}$"}),
    )
}

fn not_accepted() -> [ApiError; 2] {
    [
        ApiError::UnstableJson(
            "data: /amount: 12345678901234567890 would become 12345678901234567000".to_owned(),
        ),
        ApiError::IdempotencyConflict(
            "This Idempotency-Key was used before with other content".to_owned(),
        ),
    ]
}

/// `GET /api/events`
///
/// # Errors
/// `InvalidParameter`, or the store's.
pub(super) async fn list(call: Call<'_>) -> Result<Reply, ApiError> {
    let api = call.api;
    let mut query = Query::parse(call.query())?;
    let filter = filter(api, &mut query).await?;
    let (most, usual) = PAGE;
    let limit = query
        .take_as("limit", "must be a number from 1 to 200", |text| {
            whole(text).filter(|n| (1..=most).contains(n))
        })?
        .unwrap_or(usual);
    let before = query.take_as("cursor", "must be the nextCursor of a page", |text| {
        text.parse().ok().filter(|n: &i64| *n > 0)
    })?;
    query.finish(&format!("{FILTERS}, limit, cursor"))?;
    let moment = api.clock.moment();
    let page = api.store.events(filter, before, limit, moment).await?;
    let answer = PageAnswer {
        items: page.items.iter().map(EventAnswer::of).collect(),
        next_cursor: page.next.map(|next| next.to_string()),
    };
    success(StatusCode::OK, &answer, api.clock.now())
}

/// What the description says of [`list`].
pub(super) fn describe_list() -> Operation {
    let page = json!({"items": [samples::event()], "nextCursor": null});
    Operation::new("events", "listEvents", "Events, the newest first")
        .parameters([
            query(
                "status",
                "Only events with this status",
                &reference::<Status>(),
            ),
            query(
                "eventType",
                "Only events of this name",
                &json!({"type": "string", "pattern": "^[a-z0-9._-]{1,100}$"}),
            ),
            query(
                "staffId",
                "Only events about this member of the staff",
                &json!({"type": "string", "minLength": 1, "maxLength": 191}),
            ),
            text("route", "Only events that take this route"),
            moment("since", "Only events accepted at this moment or later"),
            moment("until", "Only events accepted at this moment or earlier"),
        ])
        .parameters(paging("^[1-9][0-9]{0,17}$"))
        .answer::<PageAnswer<'_>>(200, "A page", &page)
        .also_refused([accepted_in_no_time()])
}

/// `GET /api/events/{id}`
///
/// # Errors
/// `NotFound`, or the store's.
pub(super) async fn show(call: Call<'_>) -> Result<Reply, ApiError> {
    let Call { api, id, actor, .. } = call;
    let moment = api.clock.moment();
    let found = api.store.event(&id, moment).await?;
    let detail = found.ok_or_else(no_such_event)?;
    audit::payloads_were_read(api, actor, 1).await;
    let answer = EventAnswer::with_everything(&detail)?;
    success(StatusCode::OK, &answer, moment.wall)
}

/// What the description says of [`show`].
pub(super) fn describe_show() -> Operation {
    let mut whole = samples::event();
    whole["data"] = samples::new_event()["data"].clone();
    whole["attempts"] = json!([{
        "attempt": 1, "startedAt": "2025-10-26T14:30:00.010Z", "outcome": "timeout",
        "httpStatusCode": null, "processingTime": 5001,
        "errorMessage": "no answer within 5 s", "cause": "timed_out", "responseBody": null,
    }]);
    Operation::new(
        "events",
        "showEvent",
        "One event with its payload and every attempt",
    )
    .path_id("The event's id; it is the X-Request-ID of its webhooks")
    .answer::<EventAnswer<'_>>(200, "The event", &whole)
    .also_refused([no_such_event()])
}

pub(super) fn no_such_event() -> ApiError {
    ApiError::NotFound("No event has this id".to_owned())
}

/// An event of a request, after the commit.
pub(super) struct AcceptedEvent {
    pub(super) id: String,
    pub(super) duplicate: bool,
}

/// Commits the events of a request, all or none, and hands them to the dispatchers.
async fn keep(
    api: &Api,
    events: Vec<NewEvent>,
    key: Option<String>,
) -> Result<Vec<AcceptedEvent>, ApiError> {
    let size = events.len();
    let key_hash = key.map(|key| crypto::sha256(&[key.as_bytes()]));
    // The ingest has to recognise these events as well.
    let remembers = api.ingest.is_some();
    let submissions = events
        .into_iter()
        .enumerate()
        .map(|(position, event)| Submission {
            idempotency: key_hash.map(|key_hash| Idempotency {
                key_hash,
                position,
                content_digest: event.content_digest(size),
            }),
            memory: remembers.then(|| Memory::of(&event, None, None)),
            route: api.routes.routing.route_of(&event.event_type).to_owned(),
            event,
        });
    submit(api, submissions.collect()).await
}

/// Commits `submissions`, all or none, and hands them to the dispatchers. An event whose name nobody has listed, or that is
/// too large for its receiver, is refused first.
pub(super) async fn submit(
    api: &Api,
    submissions: Vec<Submission>,
) -> Result<Vec<AcceptedEvent>, ApiError> {
    let size = submissions.len();
    let place = |index: usize| {
        if size == 1 {
            String::new()
        } else {
            format!("[{index}]: ")
        }
    };
    for (index, submission) in submissions.iter().enumerate() {
        if let Err(unknown) = api.known_events.check(&submission.event.event_type) {
            let place = if size == 1 {
                String::new()
            } else {
                format!("[{index}].")
            };
            return Err(ApiError::invalid(
                format!("{place}event"),
                unknown.to_string(),
            ));
        }
        if let Err(TooLarge {
            route,
            bytes,
            limit,
        }) = api.routes.fits(submission)
        {
            return Err(ApiError::TooLargeForReceiver(format!(
                "{}the body for route {route} would have {bytes} bytes, and its receiver takes {limit} (max_body_bytes)",
                place(index)
            )));
        }
    }
    let accepted = api
        .store
        .accept_events(submissions, api.clock.moment())
        .await;
    match accepted {
        Ok(accepted) => Ok(accepted
            .into_iter()
            .map(|one| hand_over(api, one))
            .collect()),
        Err(AcceptError::KeyConflict { index }) => {
            Err(ApiError::IdempotencyConflict(if size == 1 {
                "This Idempotency-Key was used before with other content".to_owned()
            } else {
                format!("[{index}]: this Idempotency-Key was used before with other content")
            }))
        }
        Err(AcceptError::Store(error)) => Err(error.into()),
    }
}

fn hand_over(api: &Api, accepted: Accepted) -> AcceptedEvent {
    let Accepted { id, duplicate, due } = accepted;
    if let Some(due) = due {
        api.routes.handoff.give(due);
    }
    if !duplicate {
        api.observations.meters().event_accepted();
    }
    AcceptedEvent { id, duplicate }
}

fn idempotency_key(headers: &HeaderMap) -> Result<Option<String>, ApiError> {
    let accepted = || {
        ApiError::invalid(
            "Idempotency-Key",
            format!("must be 1 to {KEY_CHARACTERS} printable ASCII characters"),
        )
    };
    let Some(value) = request::only(headers, "Idempotency-Key")? else {
        return Ok(None);
    };
    let key = value.to_str().map_err(|_| accepted())?;
    if (1..=KEY_CHARACTERS).contains(&key.len()) && key.bytes().all(|b| (b' '..=b'~').contains(&b))
    {
        Ok(Some(key.to_owned()))
    } else {
        Err(accepted())
    }
}

/// The answer to a batch.
#[derive(Serialize, ToSchema)]
#[schema(as = AcceptedBatch)]
pub(super) struct BatchAnswer<'a> {
    accepted: usize,
    /// The accepted events, in the order of the request.
    events: Vec<AcceptedAnswer<'a>>,
}

/// A page of events.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = EventPage)]
pub(super) struct PageAnswer<'a> {
    items: Vec<EventAnswer<'a>>,
    /// The `cursor` of the next page.
    #[schema(required)]
    next_cursor: Option<String>,
}

/// An accepted event.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Accepted)]
pub(super) struct AcceptedAnswer<'a> {
    id: &'a str,
    request_id: &'a str,
    /// Absent in the answer to a batch.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, pattern = "^accepted$")]
    status: Option<&'a str>,
    duplicate: bool,
}
