//! `GET /api/interviews/completion-stats` (contract, section 6.2).

use std::collections::BTreeMap;

use hyper::StatusCode;
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;

use super::openapi::{Operation, period, text};
use crate::http::reply::{ApiError, Reply, success};
use crate::http::request::Query;
use crate::http::wing::Call;
use crate::interview::tenths_of_percent;
use crate::interview_stats::{
    InterviewCounts, InterviewRange, InterviewStats, RECENTLY_RESCHEDULED, Rescheduled,
};
use crate::period::Period;
use crate::timestamp::Timestamp;

/// `GET /api/interviews/completion-stats`: counts the interviews from the beginning of a period on; coming ones belong to it.
///
/// # Errors
/// `InvalidParameter`, or the store's.
pub(super) async fn completion_stats(call: Call<'_>) -> Result<Reply, ApiError> {
    let api = call.api;
    let mut query = Query::parse(call.query())?;
    let period = query
        .take_as("period", "must be 24h, 7d or 30d", Period::from_word)?
        .unwrap_or(Period::Week);
    let (facility, department) = (query.take("facility"), query.take("department"));
    query.finish("period, facility, department")?;
    let now = api.clock.now();
    let range = InterviewRange {
        from: period.start(now),
        to: None,
        facility,
        department,
        interview_type: None,
    };
    let (counted, recent) = api
        .store
        .interview_statistics(range, RECENTLY_RESCHEDULED)
        .await?;
    success(
        StatusCode::OK,
        &InterviewStatsAnswer::of(period, &counted, &recent),
        now,
    )
}

/// What the description says of [`completion_stats`].
pub(super) fn describe() -> Operation {
    let interviews = json!({
        "period": "7d",
        "summary": {
            "totalScheduled": 50, "completed": 45, "scheduled": 2, "cancelled": 1, "noShow": 2,
            "rescheduled": 0, "completionRate": 90.0, "noShowRate": 4.0, "avgDurationMinutes": 42,
        },
        "byType": {"regular": {
            "total": 50, "completed": 45, "scheduled": 2, "cancelled": 1, "noShow": 2,
            "rescheduled": 0, "completionRate": 90.0,
        }},
        "voicedrive": {"syncedCount": 48, "syncRate": 96.0, "unsyncedCount": 2},
        "rescheduling": {"total": 0, "recent": [{
            "interviewId": "int-2", "originalId": "int-1", "newDate": "2025-10-30T01:00:00.000Z",
        }]},
    });
    Operation::new(
        "statistics",
        "completionStats",
        "How many interviews were completed; coming ones belong to every period",
    )
    .parameters([
        period("7d"),
        text("facility", "Only interviews of this facility"),
        text("department", "Only interviews of this department"),
    ])
    .answer::<InterviewStatsAnswer<'_>>(200, "One consistent snapshot", &interviews)
}

/// Percent with one decimal, as a JSON number.
pub(in crate::http) fn percent(part: u64, total: u64) -> f64 {
    tenths(tenths_of_percent(part, total))
}

/// A number of tenths as a JSON number with one decimal.
#[allow(
    clippy::cast_precision_loss,
    reason = "tenths of counts are far below 2^53"
)]
pub(super) fn tenths(tenths: u64) -> f64 {
    tenths as f64 / 10.0
}

/// It has exactly the keys of the requirement document.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = CompletionStats)]
pub(super) struct InterviewStatsAnswer<'a> {
    #[schema(value_type = Period)]
    period: &'static str,
    summary: Summary,
    by_type: BTreeMap<&'a str, TypeAnswer>,
    voicedrive: Voicedrive,
    rescheduling: Rescheduling<'a>,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = CompletionSummary)]
struct Summary {
    // All interviews, whatever their status.
    total_scheduled: u64,
    completed: u64,
    scheduled: u64,
    cancelled: u64,
    no_show: u64,
    rescheduled: u64,
    completion_rate: f64,
    no_show_rate: f64,
    avg_duration_minutes: u64,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = CompletionStatsOfType)]
struct TypeAnswer {
    total: u64,
    completed: u64,
    scheduled: u64,
    cancelled: u64,
    no_show: u64,
    rescheduled: u64,
    completion_rate: f64,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = SyncStats)]
struct Voicedrive {
    synced_count: u64,
    sync_rate: f64,
    unsynced_count: u64,
}

#[derive(Serialize, ToSchema)]
#[schema(as = Rescheduling)]
struct Rescheduling<'a> {
    total: u64,
    recent: Vec<RecentAnswer<'a>>,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = RescheduledInterview)]
struct RecentAnswer<'a> {
    interview_id: &'a str,
    original_id: &'a str,
    new_date: Timestamp,
}

impl<'a> InterviewStatsAnswer<'a> {
    fn of(period: Period, counted: &'a InterviewStats, recent: &'a [Rescheduled]) -> Self {
        let total = counted.total;
        let by_type = counted.by_type.iter();
        let recent = recent.iter().map(|one| RecentAnswer {
            interview_id: &one.id,
            original_id: &one.origin,
            new_date: one.date,
        });
        Self {
            period: period.as_str(),
            summary: Summary {
                total_scheduled: total.total,
                completed: total.completed,
                scheduled: total.scheduled,
                cancelled: total.cancelled,
                no_show: total.no_show,
                rescheduled: total.rescheduled,
                completion_rate: percent(total.completed, total.total),
                no_show_rate: percent(total.no_show, total.total),
                avg_duration_minutes: total.mean_minutes(1),
            },
            by_type: by_type
                .map(|(name, counts)| (name.as_str(), TypeAnswer::of(counts)))
                .collect(),
            voicedrive: Voicedrive {
                synced_count: total.synced,
                sync_rate: percent(total.synced, total.total),
                unsynced_count: total.total - total.synced,
            },
            rescheduling: Rescheduling {
                total: total.rescheduled,
                recent: recent.collect(),
            },
        }
    }
}

impl TypeAnswer {
    fn of(counts: &InterviewCounts) -> Self {
        Self {
            total: counts.total,
            completed: counts.completed,
            scheduled: counts.scheduled,
            cancelled: counts.cancelled,
            no_show: counts.no_show,
            rescheduled: counts.rescheduled,
            completion_rate: percent(counts.completed, counts.total),
        }
    }
}
