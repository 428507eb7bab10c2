//! What an admin was told: `GET /api/incidents` (contract, section 10), and what `alert` asks for over
//! the control socket.

use hyper::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::Api;
use super::reply::{ApiError, Reply, success};
use super::request::{Query, whole};
use crate::alerts::courier::tell;
use crate::alerts::outcome::Outcome;
use crate::alerts::words::Words;
use crate::incident::{DismissResult, Incident, State};
use crate::language::Speech;
use crate::timestamp::Timestamp;

/// The most incidents of a page, and how many it has when nothing is said.
const PAGE: (u32, u32) = (200, 50);

/// An incident as a reader sees it: what a message about it would say now, and its end.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Incident)]
pub(super) struct IncidentAnswer {
    #[serde(flatten)]
    words: Words,
    /// When it was over; null: it lasts.
    #[schema(required)]
    closed_at: Option<Timestamp>,
    /// The route that it is about, or the token (its `jti`); empty for what concerns the whole daemon.
    subject: String,
    /// Of the deliveries that are counted, delivered after all.
    delivered: u64,
    /// Of the deliveries that are counted, dismissed by a person.
    dismissed: u64,
}

/// A page of incidents.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = IncidentPage)]
pub(super) struct PageAnswer {
    items: Vec<IncidentAnswer>,
    /// The `cursor` of the next page.
    #[schema(required)]
    next_cursor: Option<String>,
}

impl IncidentAnswer {
    fn of(speech: Speech, incident: Incident) -> Self {
        let Incident { report, closed_at } = incident;
        let state = if closed_at.is_some() {
            State::Resolved
        } else {
            State::Ongoing
        };
        Self {
            words: speech.message(state, &report),
            closed_at,
            delivered: report.delivered,
            dismissed: report.dismissed,
            subject: report.subject,
        }
    }
}

/// `GET /api/incidents`
///
/// # Errors
/// `InvalidParameter`, or the store's.
pub async fn list(api: &Api, speech: Speech, query: Option<&str>) -> Result<Reply, ApiError> {
    let mut query = Query::parse(query)?;
    let open = query.take_as("state", "must be ongoing or resolved", |text| match text {
        "ongoing" => Some(true),
        "resolved" => Some(false),
        _ => None,
    })?;
    let (most, usual) = PAGE;
    let limit = query.take_as("limit", "must be a number from 1 to 200", |text| {
        whole(text).filter(|n| (1..=most).contains(n))
    })?;
    let before = query.take_as("cursor", "must be the nextCursor of a page", |text| {
        text.parse().ok().filter(|n: &i64| *n > 0)
    })?;
    query.finish("state, limit, cursor")?;
    let moment = api.clock.moment();
    let limit = limit.unwrap_or(usual);
    let (found, next) = api.store.incidents(open, before, limit, moment).await?;
    let items = found.into_iter();
    let answer = PageAnswer {
        items: items.map(|one| IncidentAnswer::of(speech, one)).collect(),
        next_cursor: next.map(|next| next.to_string()),
    };
    success(StatusCode::OK, &answer, moment.wall)
}

/// `POST /control/incidents/{id}/dismiss`
///
/// # Errors
/// `NotFound`; `Conflict` for an incident that ends by itself; or the store's.
pub async fn dismiss(api: &Api, id: String) -> Result<Reply, ApiError> {
    let moment = api.clock.moment();
    match api.store.dismiss_incident(&id, moment).await? {
        DismissResult::Done => {
            let answer = serde_json::json!({"id": id, "dismissed": true});
            success(StatusCode::OK, &answer, moment.wall)
        }
        DismissResult::Unknown => Err(ApiError::NotFound(
            "No open incident has this id (alert history shows them)".to_owned(),
        )),
        DismissResult::EndsByItself => Err(ApiError::Conflict(
            "An incident of this kind ends by itself when its condition does not hold any more"
                .to_owned(),
        )),
    }
}

/// `POST /control/alerts/test`: a test message to every channel, and what came of each. `status` and `check` tell of
/// a channel that did not take it until one gets through.
///
/// # Errors
/// `Internal` only.
pub async fn test(api: &Api, speech: Speech) -> Result<Reply, ApiError> {
    let now = api.clock.now();
    let words = speech.test(&Uuid::now_v7().to_string(), now);
    let mut results = Vec::new();
    for channel in &api.channels {
        let outcome = tell(channel, &words, now).await;
        let objection = outcome.objection();
        let sent = matches!(outcome, Outcome::Sent { .. });
        let error = objection
            .as_ref()
            .map(|objection| objection.told(speech.language));
        let objection = objection.map(|objection| objection.kept());
        let kept = api.store.channel_tried(&channel.key(), objection).await;
        if let Err(why) = kept {
            tracing::warn!(%why, channel = %channel.name, "what came of a test message could not be kept");
        }
        results.push(serde_json::json!({"channel": channel.name, "sent": sent, "error": error}));
    }
    success(
        StatusCode::OK,
        &serde_json::json!({"channels": results}),
        now,
    )
}
