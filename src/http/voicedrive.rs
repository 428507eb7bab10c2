//! What VoiceDrive's shipped client calls (contract, section 6.3): the same counts in its own shape.

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::NaiveDate;
use hyper::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;

use super::Api;
use super::reply::{ApiError, Reply, success};
use super::request::Query;
use super::stats::PolicyAnswer;
use crate::day;
use crate::send_stats::{SendFilter, SendStats};
use crate::timestamp::Timestamp;
use crate::zone::Zone;

/// What is counted when nothing is said.
const USUAL_SPAN: Duration = Duration::from_hours(24);

/// `GET /api/voicedrive/webhook-stats`
///
/// # Errors
/// `InvalidDateRange`, or the store's.
pub async fn webhook_stats(api: &Api, query: Option<&str>) -> Result<Reply, ApiError> {
    let mut query = Query::parse(query)?;
    let (start, end) = range(&mut query, api.speech.timezone)?;
    let event_type = query.take("eventType");
    query.finish("startDate, endDate, eventType")?;
    let now = api.clock.now();
    let end = end.unwrap_or(now);
    let start = start.unwrap_or_else(|| end.before(USUAL_SPAN));
    in_order(start, end)?;
    let filter = SendFilter {
        from: start,
        to: end,
        event_type,
        // An event that goes elsewhere is no gap in what VoiceDrive counts.
        routes: Some(api.routes.counted.clone()),
    };
    let counted = api.store.send_statistics(filter).await?;
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

/// Takes `startDate` and `endDate` out of a query. A date without a time is that day, where the clinic is.
pub(super) fn range(
    query: &mut Query,
    zone: Zone,
) -> Result<(Option<Timestamp>, Option<Timestamp>), ApiError> {
    let start = moment(query, "startDate", |date| day::start(date, zone))?;
    let last_moment = |date: NaiveDate| {
        let next = day::start(date.succ_opt()?, zone)?;
        Some(next.before(Duration::from_millis(1)))
    };
    Ok((start, moment(query, "endDate", last_moment)?))
}

/// A moment, or a date that `of_day` makes one of.
fn moment(
    query: &mut Query,
    name: &str,
    of_day: impl Fn(NaiveDate) -> Option<Timestamp>,
) -> Result<Option<Timestamp>, ApiError> {
    let Some(text) = query.take(name) else {
        return Ok(None);
    };
    if text.len() == "2025-10-26".len()
        && let Ok(date) = NaiveDate::parse_from_str(&text, "%Y-%m-%d")
        && let Some(moment) = of_day(date)
    {
        return Ok(Some(moment));
    }
    Timestamp::parse(&text).map(Some).map_err(|error| {
        ApiError::InvalidDateRange(format!("{name}: {error}, or a date such as 2025-10-26"))
    })
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
