//! What VoiceDrive's shipped client calls (contract, section 6.3): the same counts in its own shape.

use std::collections::BTreeMap;
use std::time::Duration;

use hyper::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;

use super::Api;
use super::reply::{ApiError, Reply, success};
use super::request::Query;
use super::stats::PolicyAnswer;
use crate::send_stats::SendStats;
use crate::timestamp::{NotATimestamp, Timestamp};

/// What is counted when nothing is said.
const USUAL_SPAN: Duration = Duration::from_hours(24);

/// `GET /api/voicedrive/webhook-stats`
///
/// # Errors
/// `InvalidDateRange`, or the store's.
pub async fn webhook_stats(api: &Api, query: Option<&str>) -> Result<Reply, ApiError> {
    let mut query = Query::parse(query)?;
    let (start, end) = (date(&mut query, "startDate")?, date(&mut query, "endDate")?);
    query.finish("startDate, endDate")?;
    let now = api.clock.now();
    let end = end.unwrap_or(now);
    let start = start.unwrap_or_else(|| end.before(USUAL_SPAN));
    in_order(start, end)?;
    let counted = api.store.send_statistics(start, end, None).await?;
    let policy = PolicyAnswer::of(&api.retry, counted.queue);
    success(StatusCode::OK, &WebhookAnswer::of(&counted, policy), now)
}

/// Refuses a range that ends before it begins.
pub(super) fn in_order(start: Timestamp, end: Timestamp) -> Result<(), ApiError> {
    if start > end {
        let message = "startDate: must not be later than endDate".to_owned();
        return Err(ApiError::InvalidDateRange(message));
    }
    Ok(())
}

/// Takes a date out of a query.
pub(super) fn date(query: &mut Query, name: &str) -> Result<Option<Timestamp>, ApiError> {
    let text = query.take(name);
    let read = |text: String| {
        Timestamp::parse(&text)
            .map_err(|error: NotATimestamp| ApiError::InvalidDateRange(format!("{name}: {error}")))
    };
    text.map(read).transpose()
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = VoicedriveWebhookStats)]
pub(super) struct WebhookAnswer<'a> {
    #[serde(rename = "sent24h")]
    sent: u64,
    succeeded: u64,
    /// With the timeouts: succeeded and failed together are all that was sent.
    failed: u64,
    retried: u64,
    #[schema(required)]
    last_sent_at: Option<Timestamp>,
    by_event_type: BTreeMap<&'a str, TypeAnswer>,
    queue_status: QueueAnswer,
    retry_policy: PolicyAnswer,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = VoicedriveStatsOfType)]
struct TypeAnswer {
    sent: u64,
    succeeded: u64,
    failed: u64,
    avg_response_time: u64,
}

#[derive(Serialize, ToSchema)]
#[schema(as = VoicedriveQueueStatus)]
struct QueueAnswer {
    pending: u64,
    processing: u64,
    failed: u64,
}

impl<'a> WebhookAnswer<'a> {
    fn of(counted: &'a SendStats, retry_policy: PolicyAnswer) -> Self {
        let by_event_type = counted.by_type.iter().map(|(name, counts)| {
            let answer = TypeAnswer {
                sent: counts.sent,
                succeeded: counts.succeeded,
                failed: counts.failed + counts.timeout,
                avg_response_time: counts.mean_successful_ms(),
            };
            (name.as_str(), answer)
        });
        Self {
            sent: counted.total.sent,
            succeeded: counted.total.succeeded,
            failed: counted.total.failed + counted.total.timeout,
            retried: counted.total.retried,
            last_sent_at: counted.last_sent_at,
            by_event_type: by_event_type.collect(),
            queue_status: QueueAnswer {
                pending: counted.queue.pending,
                processing: counted.queue.processing,
                failed: counted.queue.failed,
            },
            retry_policy,
        }
    }
}
