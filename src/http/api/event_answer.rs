//! An event and its attempts as a reader sees them (contract, section 4.4).

use serde::Serialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;

use super::openapi::Payload;
use crate::attempt::{AttemptRecord, Outcome};
use crate::cause::Cause;
use crate::event::Status;
use crate::event_record::{EventDetail, EventSummary};
use crate::http::reply::ApiError;
use crate::timestamp::Timestamp;

/// An event as a reader sees it.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Event)]
pub(in crate::http) struct EventAnswer<'a> {
    id: &'a str,
    request_id: &'a str,
    event: &'a str,
    #[schema(required)]
    staff_id: Option<&'a str>,
    event_timestamp: Timestamp,
    accepted_at: Timestamp,
    #[schema(value_type = Status)]
    status: &'a str,
    route: &'a str,
    #[schema(required)]
    payload_size: Option<u64>,
    retry_count: u32,
    #[schema(required)]
    next_retry_at: Option<Timestamp>,
    /// The event of the same person that is sent before it, while it waits for that.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    waits_for: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Payload, inline, nullable = false)]
    data: Option<&'a RawValue>,
    /// How often it was handed in again by a sender of the ingest, and not kept again.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    repeats: Option<u64>,
    /// True when the last attempt did not succeed, and it counts as delivered because a reconciliation found it at VoiceDrive.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    arrived: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    attempts: Option<Vec<AttemptAnswer<'a>>>,
}

/// One attempt as a reader sees it.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Attempt)]
pub(in crate::http) struct AttemptAnswer<'a> {
    attempt: u32,
    started_at: Timestamp,
    #[schema(value_type = Outcome)]
    outcome: &'a str,
    #[schema(required)]
    http_status_code: Option<u16>,
    processing_time: u64,
    #[schema(required)]
    error_message: Option<&'a str>,
    /// Why it did not succeed; null for a success.
    #[schema(required)]
    cause: Option<Cause>,
    #[schema(required)]
    response_body: Option<&'a str>,
}

impl<'a> EventAnswer<'a> {
    /// Without payload and attempts.
    pub(in crate::http) fn of(event: &'a EventSummary) -> Self {
        Self {
            id: &event.id,
            request_id: &event.id,
            event: &event.event_type,
            staff_id: event.staff_id.as_deref(),
            event_timestamp: event.event_timestamp,
            accepted_at: event.accepted_at,
            status: event.status.as_str(),
            route: &event.route,
            payload_size: event.payload_size,
            retry_count: event.retry_count,
            next_retry_at: event.next_retry_at,
            waits_for: event.waits_for.as_deref(),
            data: None,
            repeats: None,
            arrived: None,
            attempts: None,
        }
    }

    /// With everything.
    ///
    /// # Errors
    /// `Internal` when the stored payload is not JSON, which the door does not allow.
    pub(in crate::http) fn with_everything(detail: &'a EventDetail) -> Result<Self, ApiError> {
        let data = serde_json::from_str(&detail.data).map_err(|error| {
            tracing::error!(event = %detail.summary.id, %error, "the stored payload is not JSON");
            ApiError::Internal
        })?;
        Ok(Self {
            data: Some(data),
            repeats: Some(detail.repeats),
            arrived: detail.has_arrived.then_some(true),
            attempts: Some(detail.attempts.iter().map(AttemptAnswer::of).collect()),
            ..Self::of(&detail.summary)
        })
    }
}

impl<'a> AttemptAnswer<'a> {
    pub(in crate::http) fn of(attempt: &'a AttemptRecord) -> Self {
        Self {
            attempt: attempt.attempt,
            started_at: attempt.started_at,
            outcome: Outcome::as_str(attempt.outcome),
            http_status_code: attempt.http_status,
            processing_time: attempt.processing_ms,
            error_message: attempt.error.as_deref(),
            cause: attempt.cause,
            response_body: attempt.response_body.as_deref(),
        }
    }
}
