//! Sending events again (contract, section 4.4).

use std::collections::BTreeMap;

use hyper::body::Incoming;
use hyper::{Request, StatusCode};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

use super::Api;
use super::event_filter::{FILTERS, accepted_in_no_time, meant};
use super::events::no_such_event;
use super::openapi::{Operation, samples};
use crate::audit::{Action, Actor, Entry, Subject};
use crate::event::Status;
use crate::event_record::EventFilter;
use crate::http::reply::{ApiError, Reply, success};
use crate::http::request;
use crate::http::wing::Call;
use crate::order::LONGEST_TAIL;
use crate::resend::{Resend, Resent, Tally};
use crate::store::{BulkResend, BulkRules, StoreError};
use crate::timestamp::Timestamp;

/// `POST /api/events/{id}/resend`
///
/// # Errors
/// `NotFound`, `Conflict` for what was erased with its person and when too much would follow it, or the store's.
pub(super) async fn one(call: Call<'_>) -> Result<Reply, ApiError> {
    let Call {
        api,
        request,
        id,
        actor,
        ..
    } = call;
    let ResendBody { only } = wanted(api, request).await?;
    let Resent {
        seq,
        resend: found,
        follows,
    } = open_one(api, &id, only, actor).await?;
    match found {
        Resend::Unknown => return Err(no_such_event()),
        Resend::Erased => return Err(erased()),
        Resend::TailTooLong => return Err(tail_too_long(follows)),
        Resend::Opened | Resend::UnderWay | Resend::Waiting => {}
    }
    let status = match found {
        Resend::Waiting => Status::Accepted,
        _ => Status::Retrying,
    };
    let answer = ResentAnswer {
        id: &id,
        request_id: &id,
        status: status.as_str(),
        attempt_under_way: found == Resend::UnderWay
            || seq.is_some_and(|seq| api.routes.under_way.has(seq)),
        follows,
    };
    success(StatusCode::ACCEPTED, &answer, api.clock.now())
}

/// Has an event sent again, if that can be.
///
/// # Errors
/// The store's.
pub(in crate::http) async fn open_one(
    api: &Api,
    id: &str,
    only: bool,
    by: Actor,
) -> Result<Resent, StoreError> {
    let (policy, routing) = (api.retry.clone(), api.routes.routing.clone());
    let moment = api.clock.moment();
    let resent = api
        .store
        .resend_event(id, policy, routing, only, by, moment)
        .await?;
    if resent.resend.is_done() {
        api.routes.handoff.wake_all();
        tracing::info!(event = %id, "sending again, as a person asked");
    }
    Ok(resent)
}

/// How the event is to be sent again. Without a body, the defaults apply.
async fn wanted(api: &Api, request: Request<Incoming>) -> Result<ResendBody, ApiError> {
    let media = request::media(request.headers(), false);
    let text = request::text(request, api.max_body_bytes).await?;
    if text.is_empty() {
        return Ok(ResendBody::default());
    }
    media?;
    request::fields(&text)
}

/// What the description says of [`one`].
pub(super) fn describe_one() -> Operation {
    let resent = json!({
        "id": samples::ID, "requestId": samples::ID, "status": "retrying",
        "attemptUnderWay": false, "follows": 1,
    });
    Operation::new(
        "events",
        "resendEvent",
        "Send an event again, with a fresh budget of retries and the same X-Request-ID",
    )
    .path_id("The event's id")
    .json_body_or_none::<ResendBody>(&json!({"only": true}))
    .answer::<ResentAnswer<'_>>(202, "It will be sent", &resent)
    .also_refused([no_such_event(), erased(), tail_too_long(LONGEST_TAIL + 1)])
}

fn erased() -> ApiError {
    ApiError::Conflict(
        "The data of this event's person were erased, so there is nothing to send".to_owned(),
    )
}

/// `POST /api/events/resend`
///
/// # Errors
/// `InvalidParameter`, `Conflict` when too much would follow one of them, or the store's; what an earlier step has
/// opened stays open then.
pub(super) async fn many(call: Call<'_>) -> Result<Reply, ApiError> {
    let Call {
        api,
        request,
        actor,
        ..
    } = call;
    request::media(request.headers(), false)?;
    let text = request::text(request, api.max_body_bytes).await?;
    let mut asked = BulkRequest::read(&text)?;
    asked.filter = meant(api, asked.filter).await?;
    let dry_run = asked.dry_run;
    let tally = open_bulk(api, &asked, actor, None).await?;
    let status = if dry_run {
        StatusCode::OK
    } else {
        StatusCode::ACCEPTED
    };
    let answer = ResentManyAnswer {
        dry_run,
        matched: tally.matched,
        follows: tally.follows,
        by_type: dry_run.then_some(tally.by_type),
        by_day: dry_run.then_some(tally.by_day),
    };
    success(status, &answer, api.clock.now())
}

/// Counts what a filter matches and, unless it is a dry run, has all of it sent again.
///
/// # Errors
/// `Conflict` when too much would follow one of them, or the store's; what an earlier step has opened stays open then.
pub(in crate::http) async fn open_bulk(
    api: &Api,
    asked: &BulkRequest,
    by: Actor,
    reason: Option<String>,
) -> Result<Tally, ApiError> {
    let mut tally = count(api, asked).await?;
    if !asked.dry_run {
        demand_short_tails(tally.longest_tail)?;
        let action = by.did(Action::Resend, api.clock.now()).because(reason);
        tally.matched = send(api, asked, action).await?;
    }
    Ok(tally)
}

/// Sends the events again, and answers how many.
async fn send(api: &Api, asked: &BulkRequest, action: Entry) -> Result<u64, ApiError> {
    let action = action.to(Subject::Events(asked.filter.clone()));
    let rules = BulkRules {
        policy: api.retry.clone(),
        routing: api.routes.routing.clone(),
        only: asked.only,
    };
    let mut bulk = api.store.bulk_resend(rules, action, api.clock.moment());
    let opened = open_all(api, asked, &mut bulk).await;
    let released = bulk.finish(api.clock.moment()).await;
    api.routes.handoff.wake_all();
    let events = opened?;
    released?;
    tracing::info!(events, "sending again in bulk, as a person asked");
    Ok(events)
}

/// Counts the events page by page.
async fn count(api: &Api, asked: &BulkRequest) -> Result<Tally, ApiError> {
    let routing = &api.routes.routing;
    let (mut tally, mut after) = (Tally::default(), None);
    loop {
        let page = api
            .store
            .resend_candidates(&asked.filter, routing, after)
            .await?;
        for event in &page.events {
            tally.add(event, api.locale.timezone);
        }
        if !asked.only {
            tally.follows += page.follows;
            tally.longest_tail = tally.longest_tail.max(page.longest_tail);
        }
        after = page.next;
        if after.is_none() {
            return Ok(tally);
        }
    }
}

/// Opens the deliveries of the events page by page, and answers how many.
async fn open_all(api: &Api, asked: &BulkRequest, bulk: &mut BulkResend) -> Result<u64, ApiError> {
    let (mut opened, mut after) = (0, None);
    loop {
        let page = bulk.next(&asked.filter, after).await?;
        opened += page.events.len() as u64;
        bulk.open(page.events, api.clock.moment()).await?;
        api.routes.handoff.wake_all();
        after = page.next;
        if after.is_none() {
            return Ok(opened);
        }
    }
}

/// Refuses to send events again of which one has so long a tail, unless tails are left out (contract, section 5.1).
///
/// # Errors
/// `Conflict`, with the length.
pub(super) fn demand_short_tails(longest: u64) -> Result<(), ApiError> {
    if longest > LONGEST_TAIL {
        return Err(tail_too_long(longest));
    }
    Ok(())
}

pub(super) fn tail_too_long(follows: u64) -> ApiError {
    ApiError::Conflict(format!(
        "{follows} later events of the same person would be sent again after this one, so that old data does not come back; more than {LONGEST_TAIL} are sent with {{\"only\": true}} only, which leaves them out"
    ))
}

/// What the description says of [`many`].
pub(super) fn describe_many() -> Operation {
    let counted = json!({"dryRun": true, "matched": 12, "follows": 3});
    let sent = json!({"dryRun": false, "matched": 12, "follows": 3});
    Operation::new(
        "events",
        "resendEvents",
        "Send again what the filters match",
    )
    .json_body::<BulkResendBody>(&json!({"status": "exhausted", "dryRun": true}))
    .answer::<ResentManyAnswer>(200, "Counted; nothing was changed", &counted)
    .answer::<ResentManyAnswer>(202, "They will be sent", &sent)
    .also_refused([accepted_in_no_time(), tail_too_long(LONGEST_TAIL + 1)])
}

/// How one event is to be sent again.
#[derive(Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = Resend)]
pub(super) struct ResendBody {
    /// Send only this event. Otherwise the later events of the same person that were delivered are sent again after
    /// it.
    #[serde(default)]
    only: bool,
}

/// A request for a bulk resend. At least one filter is required.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = BulkRequest)]
pub(super) struct BulkResendBody {
    /// Dismissed events are not selected; each can be sent again by its id.
    #[schema(pattern = "^(accepted|retrying|delivered|exhausted)$")]
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
    /// Send only these events. Otherwise the later events of the same persons that were delivered are sent again
    /// after them.
    #[serde(default)]
    only: bool,
    /// Count, and change nothing.
    #[serde(default)]
    dry_run: bool,
}

/// The status that `word` names, of what may be sent again in bulk.
fn in_bulk(word: &str) -> Result<Status, ApiError> {
    let status = Status::from_word(word).filter(|status| Status::IN_BULK.contains(status));
    status.ok_or_else(|| {
        ApiError::invalid(
            "status",
            "must be accepted, retrying, delivered or exhausted; what was dismissed is sent again by its id",
        )
    })
}

/// A valid bulk resend.
pub(in crate::http) struct BulkRequest {
    /// Which events.
    pub(in crate::http) filter: EventFilter,
    /// Without what would follow them.
    pub(in crate::http) only: bool,
    /// Only counted.
    pub(in crate::http) dry_run: bool,
}

impl BulkRequest {
    fn read(text: &str) -> Result<Self, ApiError> {
        let wire: BulkResendBody = request::fields(text)?;
        let moment = |name: &str, text: Option<String>| {
            text.map(|text| {
                Timestamp::parse(&text).map_err(|e| ApiError::invalid(name, e.to_string()))
            })
            .transpose()
        };
        let filter = EventFilter {
            status: wire.status.map(|word| in_bulk(&word)).transpose()?,
            event_type: wire.event_type,
            staff_id: wire.staff_id,
            route: wire.route,
            routes: None,
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
            only: wire.only,
            dry_run: wire.dry_run,
        })
    }
}

/// The answer to resending one event.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Resent)]
pub(super) struct ResentAnswer<'a> {
    id: &'a str,
    request_id: &'a str,
    #[schema(value_type = Status)]
    status: &'a str,
    /// An attempt is under way at this moment: when it succeeds, nothing more is sent.
    attempt_under_way: bool,
    /// How many later events of the same person are sent again after it, so that old data does not come back.
    follows: u64,
}

/// The answer to a bulk resend.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ResentMany)]
pub(super) struct ResentManyAnswer {
    dry_run: bool,
    /// How many events the filters match.
    matched: u64,
    /// How many later events of the same persons are sent again after them, beside those that match.
    follows: u64,
    /// When they are only counted: by their names.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    by_type: Option<BTreeMap<String, u64>>,
    /// When they are only counted: by the day of acceptance, in the configured time zone.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    by_day: Option<BTreeMap<String, u64>>,
}
