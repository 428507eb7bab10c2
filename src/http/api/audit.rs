//! Who did what: `GET /api/audit` (contract, section 13), and counting who looks at payloads.

use hyper::StatusCode;
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;

use super::Api;
use super::event_filter::accepted_in_no_time;
use super::openapi::{Operation, moment, paging, query};
use crate::audit::{Action, Actor, AuditFilter, NAME_CHARACTERS, PayloadReads, Record, Via};
use crate::http::reply::{ApiError, Reply, success};
use crate::http::request::{self, Query, whole};
use crate::http::wing::Call;
use crate::timestamp::Timestamp;

/// The most actions of a page, and the default.
const PAGE: (usize, usize) = (200, 50);
/// The bounds of a range without an end: before and after every possible day.
const ALL_DAYS: (&str, &str) = ("0000-01-01", "9999-12-31");

/// An action of a person or a token.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Action)]
pub(super) struct ActionAnswer {
    at: Timestamp,
    /// A token's subject, a name of the monitor page, or a user of the server. A name that was only stated on the
    /// command line is marked.
    who: String,
    #[schema(value_type = Via)]
    via: &'static str,
    /// The client's address; null for the server itself.
    #[schema(required)]
    client: Option<String>,
    #[schema(value_type = Action)]
    action: &'static str,
    /// What it was done to; of a staff id a keyed hash.
    #[schema(required)]
    subject: Option<String>,
    /// The number of things that it was done to.
    #[schema(required)]
    count: Option<u64>,
    /// The reason that the person gave.
    #[schema(required)]
    reason: Option<String>,
}

/// How many payloads somebody looked at on a day of the clinic.
#[derive(Serialize, ToSchema)]
#[schema(as = PayloadReads)]
pub(super) struct ReadsAnswer {
    day: String,
    who: String,
    events: u64,
}

/// A page of actions, the newest first.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = AuditPage)]
pub(super) struct PageAnswer {
    items: Vec<ActionAnswer>,
    /// Who looked at payloads in the same range; on the first page only.
    payload_reads: Vec<ReadsAnswer>,
    /// The `cursor` of the next page.
    #[schema(required)]
    next_cursor: Option<String>,
}

impl From<Record> for ActionAnswer {
    fn from(record: Record) -> Self {
        Self {
            at: record.at,
            who: record.who,
            via: record.via.as_str(),
            client: record.client,
            action: record.action.as_str(),
            subject: record.subject,
            count: record.count,
            reason: record.reason,
        }
    }
}

/// `GET /api/audit`
///
/// # Errors
/// `InvalidParameter`, `InvalidDateRange`, or the store's.
pub(super) async fn list(call: Call<'_>) -> Result<Reply, ApiError> {
    let api = call.api;
    let mut query = Query::parse(call.query())?;
    let filter = AuditFilter {
        since: query.take_moment("since")?,
        until: query.take_moment("until")?,
        who: query.take_as("who", "must have 1 to 191 characters", |who| {
            let characters = who.chars().count();
            (1..=NAME_CHARACTERS)
                .contains(&characters)
                .then(|| who.to_owned())
        })?,
    };
    request::in_order(("since", filter.since), ("until", filter.until))?;
    let (most, usual) = PAGE;
    let limit = query
        .take_as("limit", "must be a number from 1 to 200", |text| {
            whole(text).filter(|n| (1..=most).contains(n))
        })?
        .unwrap_or(usual);
    let before = query.take_as("cursor", "must be the nextCursor of a page", |text| {
        text.parse().ok().filter(|n: &i64| *n > 0)
    })?;
    query.finish("since, until, who, limit, cursor")?;
    let reads = if before.is_none() {
        reads(api, &filter).await?
    } else {
        Vec::new()
    };
    let (items, next) = api.store.audit(filter, before, limit).await?;
    let answer = PageAnswer {
        items: items.into_iter().map(ActionAnswer::from).collect(),
        payload_reads: reads,
        next_cursor: next.map(|next| next.to_string()),
    };
    success(StatusCode::OK, &answer, api.clock.now())
}

async fn reads(api: &Api, filter: &AuditFilter) -> Result<Vec<ReadsAnswer>, ApiError> {
    let day = |moment: Option<Timestamp>, else_day: &str| {
        moment.map_or_else(|| else_day.to_owned(), |moment| day_of(api, moment))
    };
    let days = (day(filter.since, ALL_DAYS.0), day(filter.until, ALL_DAYS.1));
    let reads = api.store.payload_reads(days, filter.who.clone()).await?;
    let answers = reads.into_iter().map(|reads| ReadsAnswer {
        day: reads.day,
        who: reads.who,
        events: reads.events,
    });
    Ok(answers.collect())
}

fn day_of(api: &Api, moment: Timestamp) -> String {
    api.locale.timezone.local(moment).date().to_string()
}

/// Counts the payloads that somebody was shown. When the database cannot be written, the payloads are shown all the
/// same: that is when an admin needs them.
pub(super) async fn payloads_were_read(api: &Api, reader: Actor, events: u64) {
    let reads = PayloadReads {
        day: day_of(api, api.clock.now()),
        who: reader.who,
        events,
    };
    if let Err(error) = api.store.count_payload_reads(reads).await {
        tracing::warn!(%error, "that somebody looked at a payload could not be kept");
    }
}

/// What the description says of [`list`].
pub(super) fn describe() -> Operation {
    let action = json!({
        "at": "2025-10-26T14:30:00.000Z", "who": "tanaka (as stated by root)", "via": "command_line",
        "client": null, "action": "resend", "subject": "status=exhausted staffId=#3f9a21c70b4e",
        "count": 12, "reason": null,
    });
    let reads = json!({"day": "2025-10-26", "who": "staff-system", "events": 3});
    Operation::new(
        "audit",
        "listActions",
        "Who changed what, the newest first, and who looked at payloads",
    )
    .parameters([
        moment("since", "Only actions at this moment or later"),
        moment("until", "Only actions at this moment or earlier"),
        query(
            "who",
            "Only what this one did, or said to have done",
            &json!({"type": "string", "minLength": 1, "maxLength": NAME_CHARACTERS}),
        ),
    ])
    .parameters(paging("^[1-9][0-9]{0,17}$"))
    .answer::<PageAnswer>(
        200,
        "A page",
        &json!({"items": [action], "payloadReads": [reads], "nextCursor": null}),
    )
    .also_refused([accepted_in_no_time()])
}
