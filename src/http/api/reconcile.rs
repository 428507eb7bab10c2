//! What was sent, compared with what VoiceDrive has (contract, section 4.7).

mod answer;
mod question;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use hyper::StatusCode;
use serde_json::json;

use super::event_filter::unknown_route;
use super::openapi::{Operation, query, samples, text};
use super::resend::{demand_short_tails, tail_too_long};
use super::{Api, callers};
use crate::audit::{Action, Entry, Subject};
use crate::clock::Moment;
use crate::http::reply::{ApiError, Reply, success};
use crate::http::request::{self, Query};
use crate::http::wing::Call;
use crate::order::LONGEST_TAIL;
use crate::reconciliation::comparison::{Comparison, Question};
use crate::reconciliation::{self, RangeError};
use crate::slot::Unit;
use crate::store::{BulkResend, BulkRules, StoreError};
use crate::token::Scope;
use answer::{ComparisonAnswer, DigestsAnswer, ResentMissing};
use question::{ListMedia, ReconcileQuestion};

/// The longest list, in bytes, whatever other bodies may have.
const LONGEST_LIST: usize = 8 * 1024 * 1024;
/// The same at the control socket: a table of some hundred thousand rows with their columns.
const LONGEST_LIST_OF_ADMIN: usize = 64 * 1024 * 1024;
/// Events that are sent again in one transaction.
const RESENT_AT_ONCE: usize = 200;
/// What digests cover when nothing is said.
const USUAL_RANGE: Duration = Duration::from_hours(30 * 24);

/// `POST /api/integration/reconcile`
///
/// # Errors
/// `InvalidJson`, `InvalidParameter`, `InvalidDateRange`, `Forbidden` when it may compare and not resend, `Conflict` when
/// too much would follow what is sent again, or the store's. What is refused leaves nothing behind.
pub(super) async fn compare(call: Call<'_>) -> Result<Reply, ApiError> {
    let asked = ReconcileQuestion::of_query(call.query())?;
    let media = question::media(call.headers())?;
    let may_resend = callers::demand(&call, Scope::EventsWrite);
    let Call {
        api,
        request,
        actor,
        peer,
        ..
    } = call;
    // The list was made before it began to come.
    let began = api.clock.now();
    let longest = peer.ip().map_or(LONGEST_LIST_OF_ADMIN, |_| LONGEST_LIST);
    let body = match media {
        ListMedia::Lines => request::plain_text(request, longest).await?,
        ListMedia::Json => request::text(request, longest).await?,
    };
    let asked = asked.with_body(media, &body)?;
    drop(body);
    if asked.resend {
        may_resend?;
    }
    if let Some(route) = &asked.route {
        demand_route(api, route).await?;
    }
    let moment = api.clock.moment();
    let (is_resent, only) = (asked.resend, asked.only);
    let question = Arc::new(asked.question(&api.routes.counted, began)?);
    let found = look(api, &question, moment).await?;
    let missing = is_resent.then(|| missing(&found));
    let follows = match &missing {
        Some(missing) if !only => following(api, missing).await?,
        _ => 0,
    };
    let id = keep(api, &question, &found, moment).await?;
    let mut resent = None;
    if let (Some(missing), Some(id)) = (missing, &id) {
        let action = actor.did(Action::Reconcile, moment.wall);
        let action = action.to(Subject::Named(id.clone()));
        let events = resend(api, &missing, only, action).await?;
        resent = Some(ResentMissing { events, follows });
    }
    let answer = ComparisonAnswer::of(&question, &found, id.as_deref(), resent);
    success(StatusCode::OK, &answer, moment.wall)
}

/// Compares. Nothing is changed.
///
/// # Errors
/// The store's.
pub(in crate::http) async fn look(
    api: &Api,
    question: &Arc<Question>,
    moment: Moment,
) -> Result<Arc<Comparison>, StoreError> {
    let found = api.store.compare(Arc::clone(question), moment).await?;
    Ok(Arc::new(found))
}

/// Keeps what a comparison has found, with all that follows from it, and answers its id; none, and nothing is kept, when
/// nothing was compared.
///
/// # Errors
/// The store's.
pub(in crate::http) async fn keep(
    api: &Api,
    question: &Arc<Question>,
    found: &Arc<Comparison>,
    moment: Moment,
) -> Result<Option<String>, StoreError> {
    if !found.has_compared(question) {
        return Ok(None);
    }
    let id = api
        .store
        .keep_comparison(
            Arc::clone(question),
            Arc::clone(found),
            api.missing_threshold,
            rules(api, false),
            moment,
        )
        .await?;
    if !found.arrived.is_empty() {
        // Whatever is out of order because of it is sent again.
        api.routes.handoff.wake_all();
    }
    tracing::info!(
        reconciliation = %id,
        sent = found.counts.sent,
        received = found.counts.received,
        missing = found.counts.missing,
        arrived = found.arrived.len(),
        "what was sent was compared with what VoiceDrive has"
    );
    Ok(Some(id))
}

/// What is missing, in the order of acceptance.
fn missing(found: &Comparison) -> Vec<i64> {
    let missing = found.all_missing.iter().map(|(seq, _)| *seq);
    let mut missing: Vec<i64> = missing.collect();
    missing.sort_unstable();
    missing
}

/// How many later events of the same persons would be sent again after what is missing.
///
/// # Errors
/// `Conflict` when it is more of one person than is sent without a word.
pub(in crate::http) async fn following(api: &Api, missing: &[i64]) -> Result<u64, ApiError> {
    let following = api.store.following(missing, &api.routes.routing).await?;
    demand_short_tails(following.longest)?;
    Ok(following.all)
}

/// Sends again what is missing, each event of a person once and in the order of acceptance, and after them what was
/// delivered later of the same person, unless `only` leaves it out. Says how much of it could be sent.
///
/// # Errors
/// The store's.
pub(in crate::http) async fn resend(
    api: &Api,
    missing: &[i64],
    only: bool,
    action: Entry,
) -> Result<u64, ApiError> {
    let mut bulk = api
        .store
        .bulk_resend(rules(api, only), action, api.clock.moment());
    let opened = open_all(api, missing, &mut bulk).await;
    let released = bulk.finish(api.clock.moment()).await;
    api.routes.handoff.wake_all();
    let events = opened?;
    released?;
    if events > 0 {
        tracing::info!(events, "sending again what VoiceDrive does not have");
    }
    Ok(events)
}

/// How what is sent again is sent.
fn rules(api: &Api, only: bool) -> BulkRules {
    BulkRules {
        policy: api.retry.clone(),
        routing: api.routes.routing.clone(),
        only,
    }
}

async fn open_all(api: &Api, missing: &[i64], bulk: &mut BulkResend) -> Result<u64, StoreError> {
    let mut opened = 0;
    for page in missing.chunks(RESENT_AT_ONCE) {
        let events = api.store.resendable(page.to_vec()).await?;
        opened += events.len() as u64;
        bulk.open(events, api.clock.moment()).await?;
        api.routes.handoff.wake_all();
    }
    Ok(opened)
}

/// What the description says of [`compare`].
pub(super) fn describe_compare() -> Operation {
    let example = json!({"from": "2025-10-26T00:00:00.000Z", "to": "2025-10-27T00:00:00.000Z", "received": [samples::ID]});
    Operation::new(
        "statistics",
        "reconcile",
        "Compare what was sent with what VoiceDrive has, by request id",
    )
    .parameters(question::parameters())
    .body_with(&question::bodies(&example))
    .answer::<ComparisonAnswer<'_>>(
        200,
        "What both sides have, and what is missing",
        &answer::sample(),
    )
    .also_refused([
        ApiError::InvalidDateRange(RangeError::Reversed.to_string()),
        no_such_route(),
        tail_too_long(LONGEST_TAIL + 1),
    ])
}

/// `GET /api/integration/reconcile`
///
/// # Errors
/// `InvalidParameter`, `InvalidDateRange`, or the store's.
pub(super) async fn digests(call: Call<'_>) -> Result<Reply, ApiError> {
    let api = call.api;
    let mut query = Query::parse(call.query())?;
    let route = query.take("route");
    let (from, to) = (query.take_moment("from")?, query.take_moment("to")?);
    let unit = query.take_as("unit", "must be day or hour", unit)?;
    query.finish("route, from, to, unit")?;
    if let Some(route) = &route {
        demand_route(api, route).await?;
    }
    let now = api.clock.now();
    let to = to.unwrap_or(now);
    let from = from.unwrap_or_else(|| to.before(USUAL_RANGE));
    reconciliation::range(Some(from), Some(to), &[]).map_err(refused)?;
    let routes: BTreeSet<String> = match route {
        Some(route) => [route].into(),
        None => api.routes.counted.iter().cloned().collect(),
    };
    let unit = unit.unwrap_or(Unit::Day);
    let slots = api
        .store
        .delivered_digests(&routes, unit, (from, to), now)
        .await?;
    success(StatusCode::OK, &DigestsAnswer::of(&slots), now)
}

fn unit(word: &str) -> Option<Unit> {
    [Unit::Day, Unit::Hour]
        .into_iter()
        .find(|unit| unit.as_str() == word)
}

fn refused(error: RangeError) -> ApiError {
    if error.is_about_ids() {
        ApiError::invalid(error.field(), error.accepted())
    } else {
        ApiError::InvalidDateRange(error.to_string())
    }
}

/// What the description says of [`digests`].
pub(super) fn describe_digests() -> Operation {
    let units = json!({"type": "string", "enum": ["day", "hour"], "default": "day"});
    let moment = |name: &str, description: &str| {
        query(
            name,
            description,
            &json!({"type": "string", "format": "date-time"}),
        )
    };
    let example = json!({"items": [{
        "slot": "2025-10-26T14",
        "fromId": "019a20d1-9e80-7000-8000-000000000000", "toId": "019a2108-8d00-7000-8000-000000000000",
        "delivered": 12, "open": 0,
        "digest": "c2a5373ad0c75a1e4b1e0f9e3c6d7a8b9c0d1e2f3a4b5c6d7e8f9a0b1c2d3e4f",
    }]});
    Operation::new(
        "statistics",
        "reconcileDigests",
        "What was delivered in each day or hour of UTC, as SHA-256 of the sorted ids, each followed by a newline",
    )
    .parameters([
        text("route", "Only deliveries of this route; without it: of all that VoiceDrive counts"),
        moment("from", "The first slot has this moment; without it: 30 days before the end"),
        moment("to", "The last slot ends here or later; without it: now"),
        query("unit", "The length of a slot", &units),
    ])
    .answer::<DigestsAnswer>(200, "Every slot of the range", &example)
    .also_refused([
        ApiError::InvalidDateRange(RangeError::TooLong.to_string()),
        no_such_route(),
    ])
}

/// Refuses a route that neither the configuration nor an event has.
async fn demand_route(api: &Api, route: &str) -> Result<(), ApiError> {
    match unknown_route(api, route).await? {
        None => Ok(()),
        Some(why) => Err(ApiError::NotFound(format!("route: {why}"))),
    }
}

fn no_such_route() -> ApiError {
    let why = "route: no route and no event has this name. The configuration has: default";
    ApiError::NotFound(why.to_owned())
}
