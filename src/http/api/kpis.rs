//! `GET /api/integration/kpis` (contract, section 6.5): the five goals of the two teams as numbers.

use std::time::Duration;

use hyper::StatusCode;
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;

use super::interview_stats::tenths;
use super::openapi::{Operation, period};
use crate::http::reply::{ApiError, Reply, success};
use crate::http::request::Query;
use crate::http::wing::Call;
use crate::kpi::{self, KpiCounts, KpiQuestion, Measure};
use crate::period::Period;
use crate::timestamp::Timestamp;

/// How far back the response times of the statistics are counted.
const ANSWERS: Duration = Duration::from_hours(1);

/// `GET /api/integration/kpis`
///
/// # Errors
/// `InvalidParameter`, or the store's.
pub(super) async fn show(call: Call<'_>) -> Result<Reply, ApiError> {
    let api = call.api;
    let mut query = Query::parse(call.query())?;
    let period = query
        .take_as("period", "must be 24h, 7d or 30d", Period::from_word)?
        .unwrap_or(Period::Month);
    query.finish("period")?;
    let moment = api.clock.moment();
    let question = KpiQuestion {
        period,
        now: moment.wall,
        routes: None,
        compared_routes: api.routes.counted.clone(),
    };
    let counted = api.store.kpi_counts(question).await?;
    let since = moment.monotonic.saturating_sub(ANSWERS);
    let p95 = api.observations.answers_since(since).map(|times| times.p95);
    let answer = KpiAnswer::of(period, &counted, p95, moment.wall);
    success(StatusCode::OK, &answer, moment.wall)
}

/// What the description says of [`show`].
pub(super) fn describe() -> Operation {
    let goals = json!({
        "period": "30d",
        "sendSuccess": {"value": 99.2, "target": 99, "met": true, "sent": 245, "succeeded": 243, "waiting": 1},
        "interviewCompletion": {"value": 88.0, "target": 90, "met": false, "noShowRate": 4.0},
        "gapDetection": {"value": null, "target": 24, "met": null, "uncompared": 243, "neverConfirmed": 0},
        "apiResponse": {"value": 1.7, "target": 300, "met": true},
        "retrySuccess": {"value": 66.7, "target": 80, "met": false},
    });
    Operation::new(
        "statistics",
        "kpis",
        "The five goals: how many sends and retries arrive, how many interviews take place, how soon a loss is found, how quickly the statistics are answered",
    )
    .parameters([period("30d")])
    .answer::<KpiAnswer>(200, "One consistent snapshot", &goals)
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Kpis)]
struct KpiAnswer {
    #[schema(value_type = Period)]
    period: &'static str,
    send_success: SendSuccess,
    interview_completion: InterviewCompletion,
    gap_detection: GapAnswer,
    /// Milliseconds in which 95 % of the statistics were answered in the last hour.
    api_response: MeasureAnswer,
    /// Percent delivered of the deliveries of the period that needed a retry and are over.
    retry_success: MeasureAnswer,
}

/// A goal of the two teams.
#[derive(Serialize, ToSchema)]
#[schema(as = Kpi)]
struct MeasureAnswer {
    /// With one decimal; null when there is no data.
    #[schema(required)]
    value: Option<f64>,
    target: u64,
    /// Whether `value` reaches `target`; null when that cannot be judged.
    #[schema(required)]
    met: Option<bool>,
}

/// Percent delivered of the deliveries of the period. Under 20 of them `met` is null.
#[derive(Serialize, ToSchema)]
#[schema(as = SendSuccessKpi)]
struct SendSuccess {
    #[serde(flatten)]
    measure: MeasureAnswer,
    sent: u64,
    succeeded: u64,
    /// Sent deliveries that wait for a retry.
    waiting: u64,
}

/// Percent completed of the interviews, as the completion statistics have it.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = InterviewCompletionKpi)]
struct InterviewCompletion {
    #[serde(flatten)]
    measure: MeasureAnswer,
    #[schema(required)]
    no_show_rate: Option<f64>,
}

/// Hours that a loss has stayed unseen, or could: the larger of the age of the oldest delivery that no comparison has
/// confirmed, and the longest time from a send to the finding that it is missing in the last 30 days.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = GapDetectionKpi)]
struct GapAnswer {
    #[serde(flatten)]
    measure: MeasureAnswer,
    /// Deliveries from before the first comparison of their route.
    uncompared: u64,
    /// Deliveries that were missing until `storage.retention_days` were over, and were deleted in the last 30 days. They count
    /// as not confirmed for so long.
    never_confirmed: u64,
}

impl KpiAnswer {
    fn of(period: Period, counted: &KpiCounts, p95: Option<Duration>, now: Timestamp) -> Self {
        Self {
            period: period.as_str(),
            send_success: SendSuccess {
                measure: counted.send_success().into(),
                sent: counted.sends.sent,
                succeeded: counted.sends.succeeded,
                waiting: counted.waiting,
            },
            interview_completion: InterviewCompletion {
                measure: counted.interview_completion().into(),
                no_show_rate: counted.no_show().map(tenths),
            },
            gap_detection: GapAnswer {
                measure: counted.gap_detection(now).into(),
                uncompared: counted.gap.uncompared,
                never_confirmed: counted.gap.never_confirmed,
            },
            api_response: kpi::api_response(p95).into(),
            retry_success: counted.retry_success().into(),
        }
    }
}

impl From<Measure> for MeasureAnswer {
    fn from(measure: Measure) -> Self {
        Self {
            value: measure.tenths.map(tenths),
            target: measure.target,
            met: measure.met,
        }
    }
}
