//! Taking in a whole file of interview records from the command line, all or none.
//!
//! The file arrives as a stream of any length, one row a line. When all rows wait on the disk, one transaction keeps
//! them; when a single row is bad, it is undone, and the answer names every bad row with everything that is wrong.

mod rows;

use std::time::Duration;

use bytes::{Buf, Bytes, BytesMut};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::{Request, StatusCode};
use serde::Serialize;

use crate::http::Api;
use crate::http::reply::{ApiError, Reply, success};
use crate::http::request::{self, Query};
use crate::http::wing::Call;
use crate::interview::{ImportResult, ROW_BYTES, UnknownOrigin};
use crate::language::Language;
use crate::store::{ImportError, StoreError};
use rows::{BadRow, Rows, Spool};

/// The most bad rows that are named; of more, only the number is told.
const NAMED: usize = 10_000;
/// The longest silence in the middle of a file.
const SILENCE: Duration = Duration::from_secs(30);

/// How a file is to be taken.
#[derive(Clone, Copy)]
struct Options {
    dry_run: bool,
    unknown_origin: UnknownOrigin,
    /// In which language its mistakes are told.
    language: Language,
}

impl Options {
    fn of(request: &Request<Incoming>) -> Result<Self, ApiError> {
        let mut query = Query::parse(request.uri().query())?;
        let options = Self {
            dry_run: query
                .take_as("dryRun", "must be true or false", |text| text.parse().ok())?
                .unwrap_or(false),
            unknown_origin: query
                .take_as("unknownOrigin", "must be keep or drop", unknown_origin)?
                .unwrap_or_default(),
            language: query
                .take_as("language", "must be ja or en", Language::named)?
                .unwrap_or(Language::En),
        };
        query.finish("dryRun, unknownOrigin, language")?;
        Ok(options)
    }
}

fn unknown_origin(word: &str) -> Option<UnknownOrigin> {
    match word {
        "keep" => Some(UnknownOrigin::Refuse),
        "drop" => Some(UnknownOrigin::Drop),
        _ => None,
    }
}

/// What became of a file. Of one that is refused nothing was created or replaced.
#[derive(Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct Report {
    rows: u64,
    created: u64,
    replaced: u64,
    /// Records of people whose data were erased: they were taken without names.
    erased: u64,
    /// Records that were taken without an origin that exists nowhere.
    origins_dropped: u64,
    bad_rows: Vec<BadRow>,
    bad_row_count: u64,
}

impl Report {
    fn of(
        received: &Upload,
        result: &ImportResult,
        language: Language,
    ) -> Result<Self, StoreError> {
        let mut report = Self {
            rows: received.rows,
            ..Self::default()
        };
        if received.bad || result.is_refused() {
            for row in received.spooled.bad_rows(result, language)? {
                report.refuse(row?);
            }
        } else {
            report.created = result.created;
            report.replaced = result.replaced;
            report.erased = result.erased;
            report.origins_dropped = result.origins_dropped;
        }
        Ok(report)
    }

    fn refuse(&mut self, row: BadRow) {
        self.bad_row_count += 1;
        if self.bad_rows.len() < NAMED {
            self.bad_rows.push(row);
        }
    }
}

/// `POST /control/interviews/import?dryRun=true&unknownOrigin=drop&language=ja`
///
/// # Errors
/// `InvalidJson` when the stream breaks off, `PayloadTooLarge` for an endless row, or the store's;
/// nothing was changed then.
pub(super) async fn take(call: Call<'_>) -> Result<Reply, ApiError> {
    let Call {
        api,
        request,
        actor,
        ..
    } = call;
    let options = Options::of(&request)?;
    request::media(request.headers(), true)?;
    let received = receive(request.into_body(), api).await?;
    let rows = received.spooled.clone();
    let imported = api.store.import_interviews(
        move || rows.records(),
        options.unknown_origin,
        // A file with bad rows is only tried: the rest of its mistakes is told too.
        options.dry_run || received.bad,
        actor,
        api.clock.now(),
    );
    let (imported, result) = match imported.await {
        Ok(result) => (true, result),
        Err(ImportError::Undone(result)) => (false, result),
        Err(ImportError::Store(error)) => return Err(error.into()),
    };
    let report = Report::of(&received, &result, options.language)?;
    tracing::info!(
        rows = report.rows,
        bad = report.bad_row_count,
        imported,
        "a file of interview records was handed in"
    );
    let mut answer = serde_json::json!(report);
    answer["imported"] = imported.into();
    answer["dryRun"] = options.dry_run.into();
    success(StatusCode::OK, &answer, api.clock.now())
}

/// A file that has arrived.
struct Upload {
    rows: u64,
    /// Whether a row is bad by itself.
    bad: bool,
    spooled: Rows,
}

/// Reads the stream to its end.
async fn receive(mut body: Incoming, api: &Api) -> Result<Upload, ApiError> {
    let mut spool = Spool::beside(api.store.file().path())?;
    let (mut rows, mut bad) = (0, false);
    let mut waiting = BytesMut::new();
    while let Some(chunk) = next_chunk(&mut body).await? {
        waiting.extend_from_slice(&chunk);
        while let Some(end) = waiting.iter().position(|byte| *byte == b'\n') {
            let line = waiting.split_to(end);
            waiting.advance(1);
            rows += 1;
            bad |= spool.push(&line)?;
        }
        if waiting.len() > ROW_BYTES {
            return Err(ApiError::PayloadTooLarge(ROW_BYTES));
        }
    }
    if !waiting.is_empty() {
        return Err(broke_off());
    }
    let spooled = spool.finish()?;
    Ok(Upload { rows, bad, spooled })
}

async fn next_chunk(body: &mut Incoming) -> Result<Option<Bytes>, ApiError> {
    loop {
        let frame = tokio::time::timeout(SILENCE, body.frame()).await;
        match frame.map_err(|_| broke_off())? {
            None => return Ok(None),
            Some(Err(_)) => return Err(broke_off()),
            Some(Ok(frame)) => {
                if let Ok(data) = frame.into_data() {
                    return Ok(Some(data));
                }
            }
        }
    }
}

fn broke_off() -> ApiError {
    ApiError::InvalidJson("the body broke off".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_words_of_the_command_line_are_options() {
        assert_eq!(unknown_origin("drop"), Some(UnknownOrigin::Drop));
        assert_eq!(unknown_origin("keep"), Some(UnknownOrigin::Refuse));
        assert_eq!(unknown_origin("refuse"), None);
    }
}
