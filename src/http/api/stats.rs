//! `GET /api/integration/webhook-stats` (contract, section 6.1).

use std::collections::BTreeMap;
use std::time::Duration;

use hyper::StatusCode;
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;

use super::openapi::{Operation, period, text};
use crate::http::reply::{ApiError, Reply, success};
use crate::http::request::Query;
use crate::http::wing::Call;
use crate::period::Period;
use crate::retry::RetryPolicy;
use crate::send_stats::{QueueCounts, SendCounts, SendFilter, SendStats};
use crate::timestamp::Timestamp;

/// `GET /api/integration/webhook-stats`: counts the sends of a period that ends now.
///
/// # Errors
/// `InvalidParameter`, or the store's.
pub(super) async fn webhook_stats(call: Call<'_>) -> Result<Reply, ApiError> {
    let api = call.api;
    let mut query = Query::parse(call.query())?;
    let period = query
        .take_as("period", "must be 24h, 7d or 30d", Period::from_word)?
        .unwrap_or(Period::Day);
    let event_type = query.take("eventType");
    query.finish("period, eventType")?;
    let now = api.clock.now();
    let counted = api
        .store
        .send_statistics(SendFilter {
            event_type,
            ..SendFilter::period(period.start(now), now)
        })
        .await?;
    success(
        StatusCode::OK,
        &StatsAnswer::of(period, &counted, &api.retry),
        now,
    )
}

/// What the description says of [`webhook_stats`].
pub(super) fn describe() -> Operation {
    let sends = json!({
        "period": "24h", "sent24h": 245, "succeeded": 240, "failed": 3, "timeout": 2, "retried": 5,
        "lastSentAt": "2025-10-26T14:58:30.000Z",
        "byEventType": {"employee.created": {
            "sent": 245, "succeeded": 240, "failed": 3, "timeout": 2, "avgProcessingTime": 145,
        }},
        "queueStatus": {"pending": 3, "processing": 1, "completed": 237, "failed": 2},
        "retryPolicy": {"maxRetries": 3, "retryIntervals": [60, 300, 1800], "currentRetrying": 1},
    });
    Operation::new(
        "statistics",
        "webhookStats",
        "How many events were sent, and what became of them",
    )
    .parameters([period("24h"), text("eventType", "Only events of this name")])
    .answer::<StatsAnswer<'_>>(200, "One consistent snapshot", &sends)
}

/// It has exactly the keys of the requirement document.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = WebhookStats)]
pub(in crate::http) struct StatsAnswer<'a> {
    #[schema(value_type = Period)]
    period: &'static str,
    // The name is historic: it is the count of the chosen period.
    #[serde(rename = "sent24h")]
    sent: u64,
    succeeded: u64,
    failed: u64,
    timeout: u64,
    retried: u64,
    #[schema(required)]
    last_sent_at: Option<Timestamp>,
    by_event_type: BTreeMap<&'a str, TypeAnswer>,
    queue_status: QueueAnswer,
    retry_policy: PolicyAnswer,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = WebhookStatsOfType)]
struct TypeAnswer {
    sent: u64,
    succeeded: u64,
    failed: u64,
    timeout: u64,
    avg_processing_time: u64,
}

#[derive(Serialize, ToSchema)]
#[schema(as = QueueStatus)]
pub(in crate::http) struct QueueAnswer {
    pending: u64,
    processing: u64,
    completed: u64,
    failed: u64,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = RetryPolicy)]
pub(in crate::http) struct PolicyAnswer {
    max_retries: u32,
    retry_intervals: Vec<u64>,
    current_retrying: u64,
}

impl<'a> StatsAnswer<'a> {
    fn of(period: Period, counted: &'a SendStats, policy: &RetryPolicy) -> Self {
        let by_event_type = counted.by_type.iter();
        Self {
            period: period.as_str(),
            sent: counted.total.sent,
            succeeded: counted.total.succeeded,
            failed: counted.total.failed,
            timeout: counted.total.timeout,
            retried: counted.total.retried,
            last_sent_at: counted.last_sent_at,
            by_event_type: by_event_type
                .map(|(name, counts)| (name.as_str(), TypeAnswer::of(counts)))
                .collect(),
            queue_status: QueueAnswer::of(counted.queue),
            retry_policy: PolicyAnswer::of(policy, counted.queue),
        }
    }
}

impl PolicyAnswer {
    pub(in crate::http) fn of(policy: &RetryPolicy, queue: QueueCounts) -> Self {
        Self {
            max_retries: policy.max_retries(),
            retry_intervals: policy.intervals().iter().map(Duration::as_secs).collect(),
            current_retrying: queue.processing,
        }
    }
}

impl TypeAnswer {
    fn of(counts: &SendCounts) -> Self {
        Self {
            sent: counts.sent,
            succeeded: counts.succeeded,
            failed: counts.failed,
            timeout: counts.timeout,
            avg_processing_time: counts.mean_successful_ms(),
        }
    }
}

impl QueueAnswer {
    pub(in crate::http) fn of(counts: QueueCounts) -> Self {
        Self {
            pending: counts.pending,
            processing: counts.processing,
            completed: counts.completed,
            failed: counts.failed,
        }
    }
}
