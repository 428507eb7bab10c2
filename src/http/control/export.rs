//! Everything that is kept, in pages, for a file that the command line writes (contract, section 8). Payloads and the
//! bodies of answers are not part of it.

use hyper::StatusCode;
use serde::Serialize;

use crate::cause::Cause;
use crate::export::{DeliveryRow, ExportCursor, ExportPage};
use crate::http::api::event_answer::EventAnswer;
use crate::http::api::event_filter::{FILTERS, filter};
use crate::http::api::interviews::InterviewAnswer;
use crate::http::reply::{ApiError, Reply, success};
use crate::http::request::Query;
use crate::http::wing::Call;
use crate::timestamp::Timestamp;

/// Rows of a page: while one is read, the write-ahead log cannot be moved whole, and what is written as JSON
/// holds up others on its thread.
const ROWS: usize = 100;

/// A delivery as it stands in the file.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct DeliveryAnswer<'a> {
    #[serde(flatten)]
    event: EventAnswer<'a>,
    first_sent_at: Option<Timestamp>,
    last_attempt_at: Option<Timestamp>,
    http_status_code: Option<u16>,
    processing_time: Option<u64>,
    cause: Option<Cause>,
    error_message: Option<&'a str>,
}

impl<'a> DeliveryAnswer<'a> {
    fn of(row: &'a DeliveryRow) -> Self {
        Self {
            event: EventAnswer::of(&row.event),
            first_sent_at: row.first_sent_at,
            last_attempt_at: row.last_attempt_at,
            http_status_code: row.http_status,
            processing_time: row.processing_ms,
            cause: row.cause,
            error_message: row.error.as_deref(),
        }
    }
}

/// Where a page begins and ends, as the page before says.
struct Place {
    after: Option<ExportCursor>,
    end: Option<i64>,
}

impl Place {
    fn take(query: &mut Query) -> Result<Self, ApiError> {
        Ok(Self {
            after: query.take_as("after", "must be the next of a page", read_cursor)?,
            end: query.take_as("end", "must be the end of a page", |text| text.parse().ok())?,
        })
    }
}

/// `GET /control/export/deliveries?after=C&end=N`, with the filters of `GET /api/events`: the oldest first.
///
/// # Errors
/// `InvalidParameter`, or the store's.
pub(super) async fn deliveries(call: Call<'_>) -> Result<Reply, ApiError> {
    let api = call.api;
    let mut query = Query::parse(call.query())?;
    let Place { after, end } = Place::take(&mut query)?;
    let filter = filter(api, &mut query).await?;
    query.finish(&format!("{FILTERS}, after, end"))?;
    let moment = api.clock.moment();
    let page = api
        .store
        .export_deliveries(filter, after, end, ROWS, moment);
    answer(&page.await?, DeliveryAnswer::of, moment.wall)
}

/// `GET /control/export/interviews?after=C&end=N`, in the order in which they came first.
///
/// # Errors
/// `InvalidParameter`, or the store's.
pub(super) async fn interviews(call: Call<'_>) -> Result<Reply, ApiError> {
    let api = call.api;
    let mut query = Query::parse(call.query())?;
    let Place { after, end } = Place::take(&mut query)?;
    query.finish("after, end")?;
    let page = api.store.export_interviews(after, end, ROWS).await?;
    answer(&page, InterviewAnswer::of, api.clock.now())
}

fn answer<'a, T, A: Serialize>(
    page: &'a ExportPage<T>,
    of: impl Fn(&'a T) -> A,
    now: Timestamp,
) -> Result<Reply, ApiError> {
    #[derive(Serialize)]
    struct PageAnswer<A> {
        items: Vec<A>,
        next: Option<String>,
        end: i64,
    }
    let next = page.next.as_ref();
    let answer = PageAnswer {
        items: page.rows.iter().map(of).collect(),
        next: next.map(|cursor| format!("{}-{}", cursor.seq, cursor.id)),
        end: page.end,
    };
    success(StatusCode::OK, &answer, now)
}

fn read_cursor(text: &str) -> Option<ExportCursor> {
    let (seq, id) = text.split_once('-')?;
    Some(ExportCursor {
        seq: seq.parse().ok()?,
        id: id.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_a_place_and_an_id() {
        let read = read_cursor("12-0199e2f3-1a2b-7c4d-8e5f-0123456789ab").unwrap();
        assert_eq!(read.seq, 12);
        assert_eq!(read.id, "0199e2f3-1a2b-7c4d-8e5f-0123456789ab");
        for text in ["", "12", "a-b", "-"] {
            assert_eq!(read_cursor(text), None, "{text}");
        }
    }
}
