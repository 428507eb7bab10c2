//! The counts of a range in rows, for the command line (contract, section 8).

use hyper::StatusCode;
use serde_json::{Value, json};

use crate::http::api::interview_stats::percent;
use crate::http::reply::{ApiError, Reply, success};
use crate::http::request::{self, Query};
use crate::http::wing::Call;
use crate::period::Period;
use crate::send_breakdown::{BreakdownQuestion, By};
use crate::send_stats::SendCounts;
use crate::timestamp::Timestamp;

/// `GET /control/stats?period=7d&by=day`, or with `since` and `until` in the place of `period`; without `since` the
/// range is open, and without `until` it ends now.
///
/// # Errors
/// `InvalidParameter`, `InvalidDateRange`, or the store's.
pub(super) async fn show(call: Call<'_>) -> Result<Reply, ApiError> {
    let api = call.api;
    let mut query = Query::parse(call.query())?;
    let period = query.take_as("period", "must be 24h, 7d or 30d", Period::from_word)?;
    let (since, until) = (query.take_moment("since")?, query.take_moment("until")?);
    let by = query.take_as("by", "must be day, type or route", By::from_word)?;
    query.finish("period, since, until, by")?;
    if period.is_some() && (since.is_some() || until.is_some()) {
        return Err(ApiError::invalid("period", "given with since or until"));
    }
    request::in_order(("since", since), ("until", until))?;
    let now = api.clock.now();
    let to = until.unwrap_or(now);
    let from = match (period, since) {
        (Some(period), _) => Some(period.start(now)),
        (None, since) => since,
    };
    let question = BreakdownQuestion {
        from: from.unwrap_or(Timestamp::from_unix_ms(i64::MIN)),
        to,
        by: by.unwrap_or(By::Day),
        zone: api.locale.timezone,
        now,
    };
    let counted = api.store.send_breakdown(question).await?;
    let rows = counted.rows.iter();
    let rows: Vec<_> = rows
        .map(|(name, counts)| row(question.by.as_str(), name, counts))
        .collect();
    let answer = json!({
        "from": from,
        "to": to,
        "by": question.by.as_str(),
        "items": rows,
        "total": counts(&counted.total),
    });
    success(StatusCode::OK, &answer, now)
}

fn row(by: &str, name: &str, of_row: &SendCounts) -> Value {
    let mut row = counts(of_row);
    row[by] = name.into();
    row
}

/// With the percent that has arrived, which is null when nothing was sent.
fn counts(counts: &SendCounts) -> Value {
    let rate = percent(counts.succeeded, counts.sent);
    json!({
        "sent": counts.sent,
        "succeeded": counts.succeeded,
        "failed": counts.failed,
        "timeout": counts.timeout,
        "retried": counts.retried,
        "successRate": (counts.sent > 0).then_some(rate),
        "avgProcessingTime": counts.mean_successful_ms(),
    })
}
