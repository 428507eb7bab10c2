//! Events over HTTP: handing in, looking up, sending again (contract, sections 4.3 and 4.4).

use std::collections::BTreeMap;

use hyper::body::Incoming;
use hyper::{HeaderMap, Request, StatusCode};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Api;
use super::event_answer::EventAnswer;
use super::reply::{ApiError, Reply, success};
use super::request::{self, Query, whole};
use super::submission::{EVENT_ACCEPTED, read_batch, read_event};
use crate::crypto;
use crate::event::{self, NewEvent, Status};
use crate::event_record::EventFilter;
use crate::repeat::Memory;
use crate::resend::{Resend, Tally};
use crate::route::TooLarge;
use crate::spelling;
use crate::store::AcceptError;
use crate::submission::{Accepted, Idempotency, Submission};
use crate::timestamp::Timestamp;

/// The most events that a page of the list may have, and how many it has when nothing is said.
const PAGE: (usize, usize) = (200, 50);
/// The longest idempotency key, in characters.
const KEY_CHARACTERS: usize = 191;

const STATUS_ACCEPTED: &str = "must be accepted, retrying, delivered or exhausted";
pub(super) const FILTERS: &str = "status, eventType, staffId, route, since, until";

/// `POST /api/events`
///
/// # Errors
/// As section 4 of the contract lists them; nothing was accepted then.
pub async fn accept_one(api: &Api, request: Request<Incoming>) -> Result<Reply, ApiError> {
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

/// `POST /api/events/batch`
///
/// # Errors
/// As section 4 of the contract lists them; nothing was accepted then.
pub async fn accept_batch(api: &Api, request: Request<Incoming>) -> Result<Reply, ApiError> {
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

/// `GET /api/events`
///
/// # Errors
/// `InvalidParameter`, or the store's.
pub async fn list(api: &Api, query: Option<&str>) -> Result<Reply, ApiError> {
    let mut query = Query::parse(query)?;
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

/// Takes the filters of events out of a query.
///
/// # Errors
/// As [`meant`].
pub(super) async fn filter(api: &Api, query: &mut Query) -> Result<EventFilter, ApiError> {
    let filter = EventFilter {
        status: query.take_as("status", STATUS_ACCEPTED, Status::from_word)?,
        event_type: query.take("eventType"),
        staff_id: query.take("staffId"),
        route: query.take("route"),
        since: query.take_moment("since")?,
        until: query.take_moment("until")?,
    };
    meant(api, filter).await
}

/// A filter that some event could match: nobody means another one, and an empty answer to it would be taken for
/// a good sign.
///
/// # Errors
/// `InvalidParameter` for what no event has, `InvalidDateRange` for a range that ends before it begins, or the
/// store's.
async fn meant(api: &Api, filter: EventFilter) -> Result<EventFilter, ApiError> {
    let event_type = filter.event_type.as_deref();
    if event_type.is_some_and(|name| !event::is_event_type(name)) {
        return Err(ApiError::invalid("eventType", EVENT_ACCEPTED));
    }
    let staff_id = filter.staff_id.as_deref();
    if staff_id.is_some_and(|id| !event::is_staff_id(id)) {
        return Err(ApiError::invalid(
            "staffId",
            "must have 1 to 191 characters",
        ));
    }
    request::in_order(("since", filter.since), ("until", filter.until))?;
    if let Some(route) = &filter.route {
        known_route(api, route).await?;
    }
    Ok(filter)
}

/// A route that the configuration has, or that has left events behind.
async fn known_route(api: &Api, route: &str) -> Result<(), ApiError> {
    let routing = &api.routes.routing;
    let of_route = EventFilter {
        route: Some(route.to_owned()),
        ..EventFilter::default()
    };
    if routing.knows(route) || api.store.count_events(of_route, 1).await? > 0 {
        return Ok(());
    }
    let names: Vec<&str> = routing.names().collect();
    let meant = spelling::nearest(route, names.iter().copied());
    let meant = meant.map_or_else(String::new, |name| format!("; did you mean {name}?"));
    Err(ApiError::invalid(
        "route",
        format!(
            "no route and no event has this name{meant} The configuration has: {}",
            names.join(", ")
        ),
    ))
}

/// `GET /api/events/{id}`
///
/// # Errors
/// `NotFound`, or the store's.
pub async fn show(api: &Api, id: String) -> Result<Reply, ApiError> {
    let moment = api.clock.moment();
    let found = api.store.event(&id, moment).await?;
    let detail = found.ok_or_else(no_such_event)?;
    let answer = EventAnswer::with_everything(&detail)?;
    success(StatusCode::OK, &answer, moment.wall)
}

/// `POST /api/events/{id}/resend`
///
/// # Errors
/// `NotFound`, or the store's.
pub async fn resend_one(api: &Api, id: String) -> Result<Reply, ApiError> {
    let moment = api.clock.moment();
    let (policy, routing) = (api.retry.clone(), api.routes.routing.clone());
    let found = api.store.resend_event(&id, policy, routing, moment).await?;
    if found == Resend::Unknown {
        return Err(no_such_event());
    }
    api.routes.handoff.wake_all();
    tracing::info!(event = %id, "sending again, as a person asked");
    let status = match found {
        Resend::Waiting => Status::Accepted,
        Resend::Opened | Resend::UnderWay | Resend::Unknown => Status::Retrying,
    };
    let answer = ResentAnswer {
        id: &id,
        request_id: &id,
        status: status.as_str(),
        attempt_under_way: found == Resend::UnderWay,
    };
    success(StatusCode::ACCEPTED, &answer, moment.wall)
}

/// `POST /api/events/resend`
///
/// # Errors
/// `InvalidParameter`, or the store's; what an earlier step has opened stays open then.
pub async fn resend_many(api: &Api, request: Request<Incoming>) -> Result<Reply, ApiError> {
    request::media(request.headers(), false)?;
    let text = request::text(request, api.max_body_bytes).await?;
    let BulkResend { filter, dry_run } = BulkResend::read(&text)?;
    let filter = meant(api, filter).await?;
    let mut tally = Tally::default();
    let mut after = None;
    loop {
        let page = api.store.resend_candidates(&filter, after).await?;
        for event in &page.events {
            tally.add(event, api.speech.timezone);
        }
        if !dry_run {
            let (policy, routing) = (api.retry.clone(), api.routes.routing.clone());
            let ids = page.events.into_iter().map(|event| event.id).collect();
            api.store
                .resend_events(ids, policy, routing, api.clock.moment())
                .await?;
            api.routes.handoff.wake_all();
        }
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    let status = if dry_run {
        StatusCode::OK
    } else {
        tracing::info!(
            events = tally.matched,
            "sending again in bulk, as a person asked"
        );
        StatusCode::ACCEPTED
    };
    let answer = ResentManyAnswer {
        dry_run,
        matched: tally.matched,
        by_type: dry_run.then_some(tally.by_type),
        by_day: dry_run.then_some(tally.by_day),
    };
    success(status, &answer, api.clock.now())
}

fn no_such_event() -> ApiError {
    ApiError::NotFound("No event has this id".to_owned())
}

/// An event of a request, after the commit.
pub(super) struct Kept {
    pub(super) id: String,
    pub(super) duplicate: bool,
}

/// Commits the events of a request, all or none, and hands them to the dispatchers.
async fn keep(
    api: &Api,
    events: Vec<NewEvent>,
    key: Option<String>,
) -> Result<Vec<Kept>, ApiError> {
    let size = events.len();
    let key_hash = key.map(|key| crypto::sha256(&[key.as_bytes()]));
    // The ingest has to know these events again too.
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

/// Commits `submissions`, all or none, and hands them to the dispatchers. What its receiver can never take is
/// refused before.
pub(super) async fn submit(api: &Api, submissions: Vec<Submission>) -> Result<Vec<Kept>, ApiError> {
    let size = submissions.len();
    let place = |index: usize| {
        if size == 1 {
            String::new()
        } else {
            format!("[{index}]: ")
        }
    };
    for (index, submission) in submissions.iter().enumerate() {
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

fn hand_over(api: &Api, accepted: Accepted) -> Kept {
    let duplicate = accepted.new.is_none();
    if let Some(due) = accepted.new {
        api.routes.handoff.give(due);
    }
    Kept {
        id: accepted.id,
        duplicate,
    }
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

/// A bulk resend as it is asked for; one filter at least must be named.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = BulkResend)]
pub(super) struct BulkResendBody {
    #[schema(value_type = Option<Status>)]
    status: Option<String>,
    event_type: Option<String>,
    staff_id: Option<String>,
    route: Option<String>,
    /// Accepted at this moment or later.
    #[schema(format = DateTime)]
    since: Option<String>,
    /// Accepted at this moment or earlier.
    #[schema(format = DateTime)]
    until: Option<String>,
    /// Count, and change nothing.
    #[serde(default)]
    dry_run: bool,
}

/// A bulk resend that was understood.
struct BulkResend {
    filter: EventFilter,
    dry_run: bool,
}

impl BulkResend {
    fn read(text: &str) -> Result<Self, ApiError> {
        let wire: BulkResendBody = request::fields(text)?;
        let moment = |name: &str, text: Option<String>| {
            text.map(|text| {
                Timestamp::parse(&text).map_err(|e| ApiError::invalid(name, e.to_string()))
            })
            .transpose()
        };
        let filter = EventFilter {
            status: wire
                .status
                .map(|word| {
                    Status::from_word(&word)
                        .ok_or_else(|| ApiError::invalid("status", STATUS_ACCEPTED))
                })
                .transpose()?,
            event_type: wire.event_type,
            staff_id: wire.staff_id,
            route: wire.route,
            since: moment("since", wire.since)?,
            until: moment("until", wire.until)?,
        };
        if filter.is_empty() {
            return Err(ApiError::invalid(
                "(body)",
                format!("must name at least one of {FILTERS}: nothing is resent by accident"),
            ));
        }
        Ok(Self {
            filter,
            dry_run: wire.dry_run,
        })
    }
}

/// What the one who handed in a batch is told.
#[derive(Serialize, ToSchema)]
#[schema(as = AcceptedBatch)]
pub(super) struct BatchAnswer<'a> {
    accepted: usize,
    /// In the order given.
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

/// What the one who sent an event again is told.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Resent)]
pub(super) struct ResentAnswer<'a> {
    id: &'a str,
    request_id: &'a str,
    #[schema(value_type = Status)]
    status: &'a str,
    /// A retry is under way at this moment: when it succeeds, nothing more is sent.
    attempt_under_way: bool,
}

/// What the one who sent many events again is told.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ResentMany)]
pub(super) struct ResentManyAnswer {
    dry_run: bool,
    /// How many events the filters match.
    matched: u64,
    /// When they are only counted: by their names.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    by_type: Option<BTreeMap<String, u64>>,
    /// When they are only counted: by the day of acceptance, in the configured time zone.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    by_day: Option<BTreeMap<String, u64>>,
}

/// What the one who handed in an event is told.
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
