//! Reads events that are handed in (contract, section 4.4). An error names the field, in a batch with the event's
//! number.

use serde::Deserialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;

use super::openapi::{Payload, StaffId};
use crate::event::{self, NewEvent};
use crate::http::reply::ApiError;
use crate::http::request::{self, Media};
use crate::stable_json;
use crate::timestamp::Timestamp;

/// The most documents in a batch.
const BATCH: usize = 1000;

pub(super) const EVENT_ACCEPTED: &str =
    "must be a string of 1 to 100 characters of a-z, 0-9, '.', '_', '-'";
/// Where several events are handed in.
const BATCHES: &str = "POST /api/events/batch takes an array of them";
const STAFF_ID_ACCEPTED: &str = "must be a string of 1 to 191 characters without control characters, or a number that JavaScript keeps exactly";

/// The members of a submitted event, each still as it was written, so that what is wrong with one
/// can be told by its name.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = NewEvent)]
pub(super) struct EventBody<'a> {
    /// With `server.known_events` in the relay's configuration, one of these.
    #[serde(borrow)]
    #[schema(value_type = String, pattern = "^[a-z0-9._-]{1,100}$", example = "employee.created")]
    event: Option<&'a RawValue>,
    #[serde(borrow)]
    #[schema(value_type = Payload, inline)]
    data: Option<&'a RawValue>,
    /// Without it: what `data` says in `staffId` or `employeeId`.
    #[serde(borrow)]
    #[schema(value_type = Option<StaffId>, inline)]
    staff_id: Option<&'a RawValue>,
    /// Without it: now.
    #[serde(borrow)]
    #[schema(value_type = Option<String>, format = DateTime)]
    event_timestamp: Option<&'a RawValue>,
}

/// The members of `data` that can stand for a missing `staffId`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct StaffInData<'a> {
    #[serde(borrow)]
    staff_id: Option<&'a RawValue>,
    #[serde(borrow)]
    employee_id: Option<&'a RawValue>,
}

/// Reads one event; `place`, such as `[3].`, is put before a field's name in an error.
pub(super) fn read_event(text: &str, place: &str) -> Result<NewEvent, ApiError> {
    if place.is_empty() {
        request::not_empty(text)?;
    }
    if place.is_empty() && text.trim_start().starts_with('[') {
        return Err(ApiError::InvalidJson(format!(
            "must be one JSON object; {BATCHES}"
        )));
    }
    let body: EventBody<'_> = serde_json::from_str(text).map_err(|error| {
        let is_wrapped_list = error.to_string().starts_with("unknown field `events`");
        if place.is_empty() && is_wrapped_list {
            ApiError::InvalidJson(format!(
                "must be one event, without `events` around it; {BATCHES}"
            ))
        } else {
            not_json(place, &error)
        }
    })?;
    let named = |field: &str| format!("{place}{field}");
    let event_type = string(body.event)
        .filter(|name| event::is_event_type(name))
        .ok_or_else(|| ApiError::invalid(named("event"), EVENT_ACCEPTED))?;
    let raw_data = body
        .data
        .map(RawValue::get)
        .filter(|text| text.starts_with('{'))
        .ok_or_else(|| ApiError::invalid(named("data"), "must be a JSON object"))?;
    let data = stable_json::stabilize(raw_data).map_err(|refusal| {
        let message = format!("{}: {refusal}", named("data"));
        if refusal.is_syntax() {
            ApiError::InvalidJson(message)
        } else {
            ApiError::UnstableJson(message)
        }
    })?;
    let staff_id = match body.staff_id {
        None => staff_in(&data),
        Some(given) => Some(
            event::staff_id(given)
                .ok_or_else(|| ApiError::invalid(named("staffId"), STAFF_ID_ACCEPTED))?,
        ),
    };
    let event_timestamp = body
        .event_timestamp
        .map(|given| {
            let text = string(Some(given)).unwrap_or_default();
            Timestamp::parse(&text)
                .map_err(|e| ApiError::invalid(named("eventTimestamp"), e.to_string()))
        })
        .transpose()?;
    Ok(NewEvent {
        event_type,
        data: data.into(),
        staff_id,
        event_timestamp,
    })
}

/// Reads the events of a batch.
pub(super) fn read_batch(text: &str, media: Media) -> Result<Vec<NewEvent>, ApiError> {
    documents(text, media, "events")?
        .iter()
        .enumerate()
        .map(|(index, document)| read_event(document, &format!("[{index}].")))
        .collect()
}

/// The JSON documents of a batch, unparsed. `things` says in errors what they are.
pub(super) fn documents<'a>(
    text: &'a str,
    media: Media,
    things: &str,
) -> Result<Vec<&'a str>, ApiError> {
    let documents: Vec<&str> = match media {
        Media::Json => {
            request::not_empty(text)?;
            let values: Vec<&RawValue> = serde_json::from_str(text).map_err(|error| {
                if error.is_data() {
                    ApiError::InvalidJson(format!("the body must be a JSON array of {things}"))
                } else {
                    not_json("", &error)
                }
            })?;
            values.into_iter().map(RawValue::get).collect()
        }
        Media::Ndjson => text
            .lines()
            .filter(|line| !line.trim().is_empty())
            .collect(),
    };
    if (1..=BATCH).contains(&documents.len()) {
        Ok(documents)
    } else {
        let accepted = format!("must have 1 to {BATCH} {things}");
        Err(ApiError::invalid("(body)", accepted))
    }
}

/// The text of a JSON string; none when it is another value, or absent.
fn string(value: Option<&RawValue>) -> Option<String> {
    serde_json::from_str(value?.get()).ok()
}

/// The staff id in `data`.
fn staff_in(data: &str) -> Option<String> {
    let found: StaffInData<'_> = serde_json::from_str(data).ok()?;
    let mut named = [found.staff_id, found.employee_id].into_iter().flatten();
    named.find_map(event::staff_id)
}

/// The message of `serde_json` names the unknown or repeated field, line and column, but never a value.
pub(super) fn not_json(place: &str, error: &serde_json::Error) -> ApiError {
    let place = place.trim_end_matches('.');
    let message = match error.classify() {
        serde_json::error::Category::Data if !error.to_string().contains("field") => {
            "must be a JSON object".to_owned()
        }
        _ => error.to_string(),
    };
    ApiError::InvalidJson(if place.is_empty() {
        message
    } else {
        format!("{place}: {message}")
    })
}
