//! Interview records over HTTP (contract, sections 4.3 and 4.5).

use std::borrow::Cow;

use bytes::Bytes;
use http_body_util::Full;
use hyper::{Response, StatusCode};
use percent_encoding::percent_decode_str;
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::Api;
use super::interview_body::{self, Body};
use super::openapi::{Operation, moment, paging, query, reference, samples, text};
use crate::audit::Actor;
use crate::http::reply::{ApiError, Reply, success};
use crate::http::request::{self, Query, whole};
use crate::http::wing::Call;
use crate::interview::{
    Interview, InterviewConflict, InterviewCursor, InterviewFilter, InterviewRecord,
    InterviewStatus, PutResult,
};
use crate::store::{DeleteError, PutError};
use crate::timestamp::Timestamp;

/// The most records of a page, and the default.
const PAGE: (usize, usize) = (200, 50);
/// What the description says of an id in a path.
const ID: &str = "The staff system's id";

/// `PUT /api/interviews/{id}`
///
/// # Errors
/// As section 4 of the contract lists them; nothing was changed then.
pub(super) async fn put_one(call: Call<'_>) -> Result<Reply, ApiError> {
    let Call {
        api,
        id,
        request,
        actor,
        ..
    } = call;
    let id = decoded(&id)?;
    request::media(request.headers(), false)?;
    let text = request::text(request, api.max_body_bytes).await?;
    let interview = interview_body::read_one(&text, &id)?;
    let done = keep(api, vec![interview], actor, false).await?;
    let kept = api
        .store
        .interview(&id)
        .await?
        // Another caller has deleted it in the meantime.
        .ok_or_else(no_such_record)?;
    let status = match done.first() {
        Some(PutResult::Created) => StatusCode::CREATED,
        _ => StatusCode::OK,
    };
    success(status, &InterviewAnswer::of(&kept), api.clock.now())
}

/// What the description says of [`put_one`].
pub(super) fn describe_put_one() -> Operation {
    Operation::new("interviews", "putInterview", "Create or replace a record")
        .path_id(ID)
        .json_body::<Body>(&samples::interview())
        .answer::<InterviewAnswer<'_>>(200, "Replaced", &kept_sample())
        .answer::<InterviewAnswer<'_>>(201, "Created", &kept_sample())
        .also_refused([refused(InterviewConflict::SyncIdTaken, "")])
}

/// `POST /api/interviews/batch`
///
/// # Errors
/// As section 4 of the contract lists them; nothing was changed then.
pub(super) async fn put_batch(call: Call<'_>) -> Result<Reply, ApiError> {
    let Call {
        api,
        request,
        actor,
        ..
    } = call;
    let media = request::media(request.headers(), true)?;
    let text = request::text(request, api.max_body_bytes).await?;
    let records = interview_body::read_batch(&text, media)?;
    let done = keep(api, records, actor, true).await?;
    let created = done
        .iter()
        .filter(|put| **put == PutResult::Created)
        .count();
    let answer = BatchAnswer {
        accepted: done.len(),
        created,
        replaced: done.len() - created,
    };
    success(StatusCode::OK, &answer, api.clock.now())
}

/// What the description says of [`put_batch`].
pub(super) fn describe_put_batch() -> Operation {
    let mut with_id = samples::interview();
    with_id["id"] = json!(samples::INTERVIEW_ID);
    let kept = json!({"accepted": 2, "created": 1, "replaced": 1});
    Operation::new(
        "interviews",
        "putInterviews",
        "Create or replace up to 1000 records, all or none",
    )
    .batch_body::<Body>(&with_id)
    .answer::<BatchAnswer>(200, "All are kept", &kept)
    .also_refused([refused(InterviewConflict::SyncIdTaken, "")])
}

/// `GET /api/interviews/{id}`
///
/// # Errors
/// `NotFound`, or the store's.
pub(super) async fn show(call: Call<'_>) -> Result<Reply, ApiError> {
    let api = call.api;
    let id = decoded(&call.id)?;
    let kept = api.store.interview(&id).await?.ok_or_else(no_such_record)?;
    success(StatusCode::OK, &InterviewAnswer::of(&kept), api.clock.now())
}

/// What the description says of [`show`].
pub(super) fn describe_show() -> Operation {
    Operation::new("interviews", "showInterview", "One record")
        .path_id(ID)
        .answer::<InterviewAnswer<'_>>(200, "The record", &kept_sample())
        .also_refused([no_such_record()])
}

/// `GET /api/interviews`
///
/// # Errors
/// `InvalidParameter`, `InvalidDateRange`, or the store's.
pub(super) async fn list(call: Call<'_>) -> Result<Reply, ApiError> {
    let api = call.api;
    let mut query = Query::parse(call.query())?;
    let words = InterviewStatus::ALL.map(InterviewStatus::as_str).join(", ");
    let filter = InterviewFilter {
        from: query.take_moment("from")?,
        to: query.take_moment("to")?,
        status: query.take_as(
            "status",
            &format!("must be one of {words}"),
            InterviewStatus::from_word,
        )?,
        interview_type: None,
        facility: query.take("facility"),
        department: query.take("department"),
    };
    request::in_order(("from", filter.from), ("to", filter.to))?;
    let (most, usual) = PAGE;
    let limit = query
        .take_as("limit", "must be a number from 1 to 200", |text| {
            whole(text).filter(|n| (1..=most).contains(n))
        })?
        .unwrap_or(usual);
    let after = query.take_as("cursor", "must be the nextCursor of a page", read_cursor)?;
    query.finish("from, to, status, facility, department, limit, cursor")?;
    let (items, next) = api.store.interviews(filter, after, limit).await?;
    let answer = PageAnswer {
        items: items.iter().map(InterviewAnswer::of).collect(),
        next_cursor: next.map(|after| format!("{}-{}", after.date.unix_ms(), after.seq)),
    };
    success(StatusCode::OK, &answer, api.clock.now())
}

/// What the description says of [`list`].
pub(super) fn describe_list() -> Operation {
    let page = json!({"items": [kept_sample()], "nextCursor": null});
    Operation::new(
        "interviews",
        "listInterviews",
        "Records, the latest date first",
    )
    .parameters([
        moment("from", "Only those that take place at this moment or later"),
        moment("to", "Only those that take place at this moment or earlier"),
        query(
            "status",
            "Only those with this status",
            &reference::<InterviewStatus>(),
        ),
        text("facility", "Only those of this facility"),
        text("department", "Only those of this department"),
    ])
    .parameters(paging("^-?[0-9]{1,14}-[0-9]{1,18}$"))
    .answer::<PageAnswer<'_>>(200, "A page", &page)
    .also_refused([ApiError::InvalidDateRange(
        "from: must not be later than to".to_owned(),
    )])
}

/// `DELETE /api/interviews/{id}`
///
/// # Errors
/// `NotFound`, `Conflict` when another record was rescheduled from it, or the store's.
pub(super) async fn delete(call: Call<'_>) -> Result<Reply, ApiError> {
    let Call { api, id, actor, .. } = call;
    let id = decoded(&id)?;
    let deleted = api
        .store
        .delete_interview(&id, actor, api.clock.now())
        .await
        .map_err(|error| match error {
            DeleteError::StillNamed => still_named(),
            DeleteError::Store(error) => error.into(),
        })?;
    if !deleted {
        return Err(no_such_record());
    }
    let mut reply = Response::new(Full::new(Bytes::new()));
    *reply.status_mut() = StatusCode::NO_CONTENT;
    Ok(reply)
}

/// What the description says of [`delete`].
pub(super) fn describe_delete() -> Operation {
    Operation::new("interviews", "deleteInterview", "Delete a record")
        .path_id(ID)
        .answer_without_body(204, "Deleted")
        .also_refused([no_such_record(), still_named()])
}

/// The answer with a record.
fn kept_sample() -> Value {
    let mut kept = samples::interview();
    kept["id"] = json!(samples::INTERVIEW_ID);
    kept["createdAt"] = json!(samples::TIME);
    kept["updatedAt"] = json!(samples::TIME);
    kept
}

/// Decodes an id that is part of a path.
pub(super) fn decoded(segment: &str) -> Result<String, ApiError> {
    let id = percent_decode_str(segment).decode_utf8();
    id.map(Cow::into_owned)
        .map_err(|_| ApiError::NotFound("The path is not UTF-8".to_owned()))
}

async fn keep(
    api: &Api,
    records: Vec<Interview>,
    actor: Actor,
    in_batch: bool,
) -> Result<Vec<PutResult>, ApiError> {
    api.store
        .put_interviews(records, actor, api.clock.now())
        .await
        .map_err(|error| not_kept(error, in_batch))
}

fn still_named() -> ApiError {
    ApiError::Conflict(
        "Another record was rescheduled from this one; delete or change that one first".to_owned(),
    )
}

fn no_such_record() -> ApiError {
    ApiError::NotFound("No interview record has this id".to_owned())
}

fn not_kept(error: PutError, in_batch: bool) -> ApiError {
    match error {
        PutError::Refused { index, why } if in_batch => refused(why, &format!("[{index}].")),
        PutError::Refused { why, .. } => refused(why, ""),
        PutError::Store(error) => error.into(),
    }
}

/// The error for a record that contradicts stored ones; `place` is put before the field's name.
pub(in crate::http) fn refused(why: InterviewConflict, place: &str) -> ApiError {
    match why {
        InterviewConflict::SyncIdTaken => ApiError::Conflict(format!(
            "{place}voicedriveSyncId: another record has this id of VoiceDrive"
        )),
        InterviewConflict::OriginUnknown => ApiError::invalid(
            format!("{place}rescheduledFromId"),
            "must be the id of a record that exists or stands earlier in the batch or anywhere in the file",
        ),
        InterviewConflict::OriginLoops => ApiError::invalid(
            format!("{place}rescheduledFromId"),
            "must not lead back to this record",
        ),
    }
}

fn read_cursor(text: &str) -> Option<InterviewCursor> {
    let (date, seq) = text.rsplit_once('-')?;
    Some(InterviewCursor {
        date: Timestamp::from_unix_ms(date.parse().ok()?),
        seq: seq.parse().ok()?,
    })
}

/// The answer to a batch.
#[derive(Serialize, ToSchema)]
#[schema(as = KeptBatch)]
pub(in crate::http) struct BatchAnswer {
    accepted: usize,
    created: usize,
    replaced: usize,
}

/// A page of records.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = InterviewPage)]
pub(in crate::http) struct PageAnswer<'a> {
    items: Vec<InterviewAnswer<'a>>,
    /// The `cursor` of the next page.
    #[schema(required)]
    next_cursor: Option<String>,
}

/// An interview record.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Interview)]
pub(in crate::http) struct InterviewAnswer<'a> {
    id: &'a str,
    employee_id: &'a str,
    #[schema(required)]
    employee_name: Option<&'a str>,
    #[schema(required)]
    interviewer_id: Option<&'a str>,
    interview_type: &'a str,
    interview_date: Timestamp,
    #[schema(value_type = InterviewStatus)]
    interview_status: &'a str,
    #[schema(required)]
    duration_minutes: Option<u32>,
    #[schema(required)]
    voicedrive_sync_id: Option<&'a str>,
    #[schema(required)]
    rescheduled_from_id: Option<&'a str>,
    #[schema(required)]
    facility_id: Option<&'a str>,
    #[schema(required)]
    department_id: Option<&'a str>,
    #[schema(required)]
    completed_at: Option<Timestamp>,
    #[schema(required)]
    status_reason: Option<&'a str>,
    created_at: Timestamp,
    updated_at: Timestamp,
}

impl<'a> InterviewAnswer<'a> {
    pub(in crate::http) fn of(kept: &'a InterviewRecord) -> Self {
        let interview = &kept.interview;
        Self {
            id: &interview.id,
            employee_id: &interview.employee_id,
            employee_name: interview.employee_name.as_deref(),
            interviewer_id: interview.interviewer_id.as_deref(),
            interview_type: &interview.interview_type,
            interview_date: interview.date,
            interview_status: interview.status.as_str(),
            duration_minutes: interview.duration_minutes,
            voicedrive_sync_id: interview.voicedrive_sync_id.as_deref(),
            rescheduled_from_id: interview.rescheduled_from_id.as_deref(),
            facility_id: interview.facility_id.as_deref(),
            department_id: interview.department_id.as_deref(),
            completed_at: interview.completed_at,
            status_reason: interview.status_reason.as_deref(),
            created_at: kept.created_at,
            updated_at: kept.updated_at,
        }
    }
}
