//! Statistics in the shape that VoiceDrive's client expects (contract, section 6.3).

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::NaiveDate;
use hyper::StatusCode;
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;

use super::openapi::{Operation, range, text};
use super::stats::PolicyAnswer;
use crate::day;
use crate::http::reply::{ApiError, Reply, success};
use crate::http::request::{self, Query};
use crate::http::wing::Call;
use crate::send_stats::{SendFilter, SendStats};
use crate::timestamp::Timestamp;
use crate::zone::Zone;

/// The length of the default range.
const USUAL_SPAN: Duration = Duration::from_hours(24);

/// `GET /api/voicedrive/webhook-stats`
///
/// # Errors
/// `InvalidDateRange`, or the store's.
pub(super) async fn webhook_stats(call: Call<'_>) -> Result<Reply, ApiError> {
    let api = call.api;
    let mut query = Query::parse(call.query())?;
    let given = DateRange::from_query(&mut query, api.locale.timezone)?;
    let event_type = query.take("eventType");
    query.finish("startDate, endDate, eventType")?;
    let now = api.clock.now();
    let usual_start = given.end.unwrap_or(now).before(USUAL_SPAN);
    let (start, end) = given.range(usual_start, now)?;
    let filter = SendFilter {
        from: start,
        to: end,
        event_type,
        // Events for other receivers do not count: VoiceDrive never received them.
        routes: Some(api.routes.counted.clone()),
    };
    let counted = api.store.send_statistics(filter).await?;
    let policy = PolicyAnswer::of(&api.retry, counted.queue);
    success(StatusCode::OK, &WebhookAnswer::of(&counted, policy), now)
}

/// What the description says of [`webhook_stats`].
pub(super) fn describe() -> Operation {
    let sends = json!({
        "sent24h": 245, "succeeded": 240, "failed": 5, "retried": 5, "lastSentAt": null,
        "byEventType": {"employee.created": {
            "sent": 245, "succeeded": 240, "failed": 5, "avgResponseTime": 145,
        }},
        "queueStatus": {"pending": 3, "processing": 1, "failed": 2},
        "retryPolicy": {"maxRetries": 3, "retryIntervals": [60, 300, 1800], "currentRetrying": 1},
    });
    Operation::new(
        "voicedrive",
        "voicedriveWebhookStats",
        "The sends of a range, timeouts counted as failed; without one: the last 24 hours",
    )
    .parameters(range())
    .parameters([text("eventType", "Only events of this name")])
    .answer::<WebhookAnswer<'_>>(200, "One consistent snapshot", &sends)
    .also_refused([reversed_range()])
}

/// The error of a range that ends before it begins.
pub(super) fn reversed_range() -> ApiError {
    ApiError::InvalidDateRange("startDate: must not be later than endDate".to_owned())
}

/// The range of a query; either end may be absent.
#[derive(Clone, Copy, Default)]
pub(super) struct DateRange {
    start: Option<Timestamp>,
    end: Option<Timestamp>,
}

impl DateRange {
    /// Takes `startDate` and `endDate` from a query. A date without a time is that day in the configured time zone.
    pub(super) fn from_query(query: &mut Query, zone: Zone) -> Result<Self, ApiError> {
        let start = moment(query, "startDate", |date| day::start(date, zone))?;
        let end = moment(query, "endDate", |date| day::end(date, zone))?;
        Ok(Self { start, end })
    }

    /// The range, with defaults for absent ends. When it ends before it begins, the error names the ends that were
    /// given.
    pub(super) fn range(
        self,
        usual_start: Timestamp,
        usual_end: Timestamp,
    ) -> Result<(Timestamp, Timestamp), ApiError> {
        let start = self.start.unwrap_or(usual_start);
        let end = self.end.unwrap_or(usual_end);
        if start <= end {
            return Ok((start, end));
        }
        Err(ApiError::InvalidDateRange(match self.start {
            None => format!(
                "endDate: must not be earlier than {start}, where the range begins when nothing is said"
            ),
            Some(_) if self.end.is_none() => {
                format!(
                    "startDate: must not be later than {end}, where the range ends when nothing is said"
                )
            }
            Some(_) => "startDate: must not be later than endDate".to_owned(),
        }))
    }
}

/// A moment, or a date that `of_day` converts.
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
    request::moment(&text).map(Some).map_err(|error| {
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
    /// Timeouts count as failed, so that succeeded and failed add up to sent.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_that_ends_before_it_begins_is_refused_by_what_was_said() {
        let at = |ms| Some(Timestamp::from_unix_ms(ms));
        let refused = |start, end| {
            let usual = (Timestamp::from_unix_ms(0), Timestamp::from_unix_ms(1000));
            let refused = DateRange { start, end }.range(usual.0, usual.1);
            refused.err().map(|error| error.to_string())
        };
        assert_eq!(refused(None, None), None);
        assert_eq!(refused(at(1000), None), None);
        assert_eq!(refused(None, at(0)), None);
        for (start, end, named, other) in [
            (
                at(2),
                at(1),
                "startDate: must not be later than endDate",
                "usual",
            ),
            (
                at(1001),
                None,
                "startDate: must not be later than 1970",
                "endDate",
            ),
            (
                None,
                at(-1),
                "endDate: must not be earlier than 1970",
                "startDate",
            ),
        ] {
            let told = refused(start, end).unwrap();
            assert!(told.starts_with(named) && !told.contains(other), "{told}");
        }
    }
}
