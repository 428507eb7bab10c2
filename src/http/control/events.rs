//! Events for the command line: a list with the total, ids short enough to type, and changes as they happen.

use hyper::StatusCode;
use serde::Serialize;
use serde_json::Value;

use crate::event_record::{ChangePosition, EventSummary};
use crate::http::Api;
use crate::http::api::event_answer::{AttemptAnswer, EventAnswer};
use crate::http::api::event_filter::{FILTERS, filter};
use crate::http::reply::{ApiError, Reply, success};
use crate::http::request::{Query, whole};
use crate::http::wing::Call;
use crate::spelling;
use crate::timestamp::Timestamp;

/// The most changes of one kind in an answer.
const CHANGES: u32 = 200;
/// The most events of a list, and the default.
const LISTED: (usize, usize) = (1000, 20);
/// Matches of a filter are counted up to this number.
const COUNTED: usize = 10_000;
/// The most ids that are returned for a prefix.
const NAMED: usize = 5;

/// An event with the shortest id that is unambiguous.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Row<'a> {
    #[serde(flatten)]
    event: EventAnswer<'a>,
    short_id: String,
}

async fn rows<'a>(
    api: &Api,
    events: impl Iterator<Item = &'a EventSummary> + Clone,
) -> Result<impl Iterator<Item = Row<'a>>, ApiError> {
    let ids = events.clone().map(|event| event.id.clone()).collect();
    let short_ids = api.store.short_ids(ids).await?;
    Ok(events.zip(short_ids).map(|(event, short_id)| Row {
        event: EventAnswer::of(event),
        short_id,
    }))
}

/// `GET /control/events`, with the filters of `GET /api/events`: the newest first, and how many there are.
///
/// # Errors
/// `InvalidParameter`, or the store's.
pub(super) async fn list(call: Call<'_>) -> Result<Reply, ApiError> {
    let api = call.api;
    let mut query = Query::parse(call.query())?;
    let filter = filter(api, &mut query).await?;
    let (most, usual) = LISTED;
    let limit = query
        .take_as("limit", "must be a number from 1 to 1000", |text| {
            whole(text).filter(|n| (1..=most).contains(n))
        })?
        .unwrap_or(usual);
    query.finish(&format!("{FILTERS}, limit"))?;
    let moment = api.clock.moment();
    let page = api.store.events(filter.clone(), None, limit, moment);
    let page = page.await?;
    let matched = match page.next {
        None => page.items.len() as u64,
        Some(_) => api.store.count_events(filter.clone(), COUNTED + 1).await?,
    };
    let items: Vec<_> = rows(api, page.items.iter()).await?.collect();
    let counted = COUNTED as u64;
    let unknown_type = match filter.event_type {
        Some(name) if matched == 0 => unknown_type(api, &name).await?,
        _ => None,
    };
    let answer = serde_json::json!({
        "items": items,
        "matched": matched.min(counted),
        "more": matched > counted,
        "unknownType": unknown_type,
    });
    success(StatusCode::OK, &answer, moment.wall)
}

/// A hint when no event of this type is stored, with the type that was perhaps meant. It is not an error: the first one
/// may still come.
async fn unknown_type(api: &Api, name: &str) -> Result<Option<Value>, ApiError> {
    let kept = api.store.event_types().await?;
    if kept.iter().any(|(known, _)| known == name) {
        return Ok(None);
    }
    let nearest = spelling::nearest(name, kept.iter().map(|(known, _)| known.as_str()));
    Ok(Some(
        serde_json::json!({"eventType": name, "nearest": nearest}),
    ))
}

/// `GET /control/events/ids?begin=0199e2f3`: the ids that begin so, five at most.
///
/// # Errors
/// `InvalidParameter`, or the store's.
pub(super) async fn ids(call: Call<'_>) -> Result<Reply, ApiError> {
    let api = call.api;
    let mut query = Query::parse(call.query())?;
    let begin = query.take("begin").filter(|begin| !begin.is_empty());
    query.finish("begin")?;
    let begin =
        begin.ok_or_else(|| ApiError::invalid("begin", "must be the beginning of an id"))?;
    let ids = api.store.ids_that_begin(&begin, None, NAMED).await?;
    success(
        StatusCode::OK,
        &serde_json::json!({"ids": ids}),
        api.clock.now(),
    )
}

/// `GET /control/changes?afterEvent=N&afterAttempt=N`: what happened since; without parameters,
/// where "now" is.
///
/// # Errors
/// `InvalidParameter`, or the store's.
pub(super) async fn changes(call: Call<'_>) -> Result<Reply, ApiError> {
    #[derive(Serialize)]
    struct ChangeAnswer<'a> {
        at: Timestamp,
        event: Row<'a>,
        attempt: Option<AttemptAnswer<'a>>,
    }
    let api = call.api;
    let mut query = Query::parse(call.query())?;
    let number = |text: &str| text.parse().ok();
    let after_event = query.take_as("afterEvent", "must be a number", number)?;
    let after_attempt = query.take_as("afterAttempt", "must be a number", number)?;
    query.finish("afterEvent, afterAttempt")?;
    let moment = api.clock.moment();
    let (changes, reached) = match (after_event, after_attempt) {
        (Some(event), Some(attempt)) => {
            let position = ChangePosition { event, attempt };
            api.store.changes_since(position, CHANGES, moment).await?
        }
        _ => (Vec::new(), api.store.newest_change().await?),
    };
    let events = rows(api, changes.iter().map(|change| &change.event)).await?;
    let changes: Vec<_> = changes
        .iter()
        .zip(events)
        .map(|(change, event)| ChangeAnswer {
            at: change.at,
            event,
            attempt: change.attempt.as_ref().map(AttemptAnswer::of),
        })
        .collect();
    let answer = serde_json::json!({
        "changes": changes,
        "afterEvent": reached.event,
        "afterAttempt": reached.attempt,
    });
    success(StatusCode::OK, &answer, moment.wall)
}
