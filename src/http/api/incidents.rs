//! Incidents: `GET /api/incidents` (contract, section 10).

use hyper::StatusCode;
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;

use super::openapi::{Operation, paging, query, samples};
use crate::http::reply::{ApiError, Reply, success};
use crate::http::request::{Query, whole};
use crate::http::wing::Call;
use crate::incident::{Incident, State};
use crate::language::Locale;
use crate::notification::advice::AdviceContext;
use crate::notification::message::Message;
use crate::timestamp::Timestamp;

/// The most incidents of a page, and the default.
const PAGE: (u32, u32) = (200, 50);

/// An incident: what a message about it would say now, and its end.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Incident)]
pub(super) struct IncidentAnswer {
    #[serde(flatten)]
    words: Message,
    /// Since when the condition has been clear, while the incident still counts as open.
    #[schema(required)]
    clear_since: Option<Timestamp>,
    /// When it ended; null while it lasts.
    #[schema(required)]
    closed_at: Option<Timestamp>,
    /// The route that it is about, or the token (its `jti`); empty when it concerns the whole relay.
    subject: String,
    /// How many of the counted deliveries were delivered after all.
    delivered: u64,
    /// How many of the counted deliveries a person has dismissed.
    dismissed: u64,
    /// How many of the counted deliveries were deleted, because `storage.retention_days` were over, before they were settled.
    purged: u64,
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
    fn of(locale: Locale, advice: &AdviceContext, incident: Incident) -> Self {
        let Incident { report, closed_at } = incident;
        let state = if closed_at.is_some() {
            State::Resolved
        } else {
            State::Ongoing
        };
        Self {
            words: locale.message(state, &report, advice),
            clear_since: report.clear_since,
            closed_at,
            delivered: report.delivered,
            dismissed: report.dismissed,
            purged: report.purged,
            subject: report.subject,
        }
    }
}

/// `GET /api/incidents`
///
/// # Errors
/// `InvalidParameter`, or the store's.
pub(super) async fn list(call: Call<'_>) -> Result<Reply, ApiError> {
    let api = call.api;
    let mut query = Query::parse(call.query())?;
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
    let locale = call.locale();
    let items = found.into_iter();
    let answer = PageAnswer {
        items: items
            .map(|one| IncidentAnswer::of(locale, &api.advice, one))
            .collect(),
        next_cursor: next.map(|next| next.to_string()),
    };
    success(StatusCode::OK, &answer, moment.wall)
}

/// What the description says of [`list`].
pub(super) fn describe() -> Operation {
    let incident = json!({
        "kind": "deliveries_exhausted", "state": "ongoing", "incidentId": samples::ID,
        "openedAt": "2025-10-26T14:30:00.000Z", "title": "voicedrive-relay: events that cannot be sent: goes on",
        "text": "1 event did not arrive although every retry was made (HTTP 503); not settled yet: 1.",
        "count": 1, "oldestEventId": samples::ID,
        "actions": ["voicedrive-relay resend --status exhausted"],
        "link": format!("https://relay.clinic.example/monitor/incidents?id={}", samples::ID),
        "clearSince": null, "closedAt": null, "subject": "default", "delivered": 0, "dismissed": 0, "purged": 0,
    });
    let outage = json!({
        "kind": "partner_away", "state": "resolved", "incidentId": samples::ID,
        "openedAt": "2025-10-26T12:00:00.000Z", "title": "voicedrive-relay: VoiceDrive is back",
        "text": "VoiceDrive has taken an event again. What waits (3 events) is sent by itself, in order.",
        "count": 5, "oldestEventId": null,
        "actions": ["voicedrive-relay resend --status exhausted --route 'default'"], "link": null,
        "clearSince": null, "closedAt": "2025-10-26T14:00:00.000Z", "subject": "default", "delivered": 0, "dismissed": 0, "purged": 0,
    });
    let states = json!({"type": "string", "enum": ["ongoing", "resolved"]});
    Operation::new(
        "incidents",
        "listIncidents",
        "What an admin was told, the newest first",
    )
    .parameters([query(
        "state",
        "Only those that last, or only those that are over",
        &states,
    )])
    .parameters(paging("^[1-9][0-9]{0,17}$"))
    .answer::<PageAnswer>(
        200,
        "A page",
        &json!({"items": [incident, outage], "nextCursor": null}),
    )
}
