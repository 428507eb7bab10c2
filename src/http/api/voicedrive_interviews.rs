//! Interview statistics for VoiceDrive's client (contract, section 6.4). Its page calls `.toFixed` on every number, so
//! none of them is ever null.

use std::collections::BTreeMap;

use hyper::StatusCode;
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::interview_stats::{percent, tenths};
use super::openapi::{Operation, range, samples, text};
use super::voicedrive::{DateRange, reversed_range};
use crate::day;
use crate::http::reply::{ApiError, Reply, success};
use crate::http::request::Query;
use crate::http::wing::Call;
use crate::interview::{Interview, InterviewStatus};
use crate::interview_stats::{InterviewCounts, InterviewRange, InterviewReport, ReportLimits};
use crate::timestamp::Timestamp;

/// `GET /api/voicedrive/interview-completion-stats`
///
/// # Errors
/// `InvalidDateRange`, or the store's.
pub(super) async fn completion_stats(call: Call<'_>) -> Result<Reply, ApiError> {
    let api = call.api;
    let mut query = Query::parse(call.query())?;
    let given = DateRange::from_query(&mut query, api.locale.timezone)?;
    let interview_type = query.take("interviewType");
    query.finish("startDate, endDate, interviewType")?;
    let now = api.clock.now();
    // Every time zone that can be configured has a today; the fallback is never used.
    let (first, last) = day::today(now, api.locale.timezone).unwrap_or((now, now));
    let (from, to) = given.range(first, last)?;
    let wanted = InterviewRange {
        from,
        to: Some(to),
        facility: None,
        department: None,
        interview_type,
    };
    let found = api
        .store
        .interview_report(wanted, ReportLimits::OF_THE_PAGE)
        .await?;
    success(
        StatusCode::OK,
        &InterviewOverviewAnswer::of(&found, now),
        now,
    )
}

/// What the description says of [`completion_stats`].
pub(super) fn describe() -> Operation {
    let named = |more: Value| {
        let mut named = json!({
            "interviewId": "int-1", "staffId": "EMP-2025-001", "staffName": samples::NAME,
            "interviewType": "regular", "scheduledAt": "2025-10-26T01:00:00.000Z",
        });
        for (key, value) in more.as_object().into_iter().flatten() {
            named[key] = value.clone();
        }
        named
    };
    let interviews = json!({
        "totalScheduled": 50, "actuallyCompleted": 45, "completionRate": 90.0, "noShowRate": 4.0,
        "rescheduledCount": 0, "avgDuration": 42.5,
        "byInterviewType": {"regular": {
            "scheduled": 50, "completed": 45, "completionRate": 90.0, "avgDuration": 42.5,
        }},
        "recentCompletions": [named(json!({
            "status": "completed", "completedAt": "2025-10-26T01:45:00.000Z", "duration": 45,
        }))],
        "pendingInterviews": [named(json!({"status": "scheduled", "isPastDue": true}))],
        "missedInterviews": [named(json!({"status": "no_show", "reason": ""}))],
    });
    Operation::new(
        "voicedrive",
        "voicedriveCompletionStats",
        "The interviews of a range; without one: today, by the clinic's clock",
    )
    .parameters(range())
    .parameters([text("interviewType", "Only interviews of this type")])
    .answer::<InterviewOverviewAnswer<'_>>(200, "One consistent snapshot", &interviews)
    .also_refused([reversed_range()])
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = VoicedriveCompletionStats)]
pub(super) struct InterviewOverviewAnswer<'a> {
    total_scheduled: u64,
    actually_completed: u64,
    completion_rate: f64,
    no_show_rate: f64,
    rescheduled_count: u64,
    avg_duration: f64,
    by_interview_type: BTreeMap<&'a str, TypeAnswer>,
    recent_completions: Vec<CompletedAnswer<'a>>,
    pending_interviews: Vec<PendingAnswer<'a>>,
    missed_interviews: Vec<MissedAnswer<'a>>,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = VoicedriveCompletionStatsOfType)]
struct TypeAnswer {
    // All interviews of the type, whatever their status.
    scheduled: u64,
    completed: u64,
    completion_rate: f64,
    avg_duration: f64,
}

/// What every named interview has.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = NamedInterview)]
struct Named<'a> {
    interview_id: &'a str,
    staff_id: &'a str,
    staff_name: &'a str,
    interview_type: &'a str,
    scheduled_at: Timestamp,
    #[schema(value_type = InterviewStatus)]
    status: &'a str,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = CompletedInterview)]
struct CompletedAnswer<'a> {
    #[serde(flatten)]
    named: Named<'a>,
    completed_at: Timestamp,
    duration: u32,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = PendingInterview)]
struct PendingAnswer<'a> {
    #[serde(flatten)]
    named: Named<'a>,
    is_past_due: bool,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = MissedInterview)]
struct MissedAnswer<'a> {
    #[serde(flatten)]
    named: Named<'a>,
    reason: &'a str,
}

impl<'a> InterviewOverviewAnswer<'a> {
    fn of(found: &'a InterviewReport, now: Timestamp) -> Self {
        let total = found.counted.total;
        let by_type = found.counted.by_type.iter();
        Self {
            total_scheduled: total.total,
            actually_completed: total.completed,
            completion_rate: percent(total.completed, total.total),
            no_show_rate: percent(total.no_show, total.total),
            rescheduled_count: total.rescheduled,
            avg_duration: tenths(total.mean_minutes(10)),
            by_interview_type: by_type
                .map(|(name, counts)| (name.as_str(), TypeAnswer::of(counts)))
                .collect(),
            recent_completions: found.completed.iter().map(CompletedAnswer::of).collect(),
            pending_interviews: found
                .pending
                .iter()
                .map(|interview| PendingAnswer::of(interview, now))
                .collect(),
            missed_interviews: found.missed.iter().map(MissedAnswer::of).collect(),
        }
    }
}

impl TypeAnswer {
    fn of(counts: &InterviewCounts) -> Self {
        Self {
            scheduled: counts.total,
            completed: counts.completed,
            completion_rate: percent(counts.completed, counts.total),
            avg_duration: tenths(counts.mean_minutes(10)),
        }
    }
}

impl<'a> Named<'a> {
    fn of(interview: &'a Interview) -> Self {
        Self {
            interview_id: &interview.id,
            staff_id: &interview.employee_id,
            staff_name: interview.employee_name.as_deref().unwrap_or_default(),
            interview_type: &interview.interview_type,
            scheduled_at: interview.date,
            status: interview.status.as_str(),
        }
    }
}

impl<'a> CompletedAnswer<'a> {
    fn of(interview: &'a Interview) -> Self {
        Self {
            named: Named::of(interview),
            // Without a time of completion it is the time of the interview.
            completed_at: interview.completed_at.unwrap_or(interview.date),
            duration: interview.duration_minutes.unwrap_or(0),
        }
    }
}

impl<'a> PendingAnswer<'a> {
    fn of(interview: &'a Interview, now: Timestamp) -> Self {
        Self {
            named: Named::of(interview),
            is_past_due: interview.date < now,
        }
    }
}

impl<'a> MissedAnswer<'a> {
    fn of(interview: &'a Interview) -> Self {
        Self {
            named: Named::of(interview),
            reason: interview.status_reason.as_deref().unwrap_or_default(),
        }
    }
}
