//! A whole file of interview records from the command line, as a stream of any length, one row a line.

use std::time::Duration;

use bytes::{Buf, Bytes, BytesMut};
use http_body_util::BodyExt;
use hyper::body::{Body, Incoming};
use hyper::{Request, StatusCode};
use serde_json::{Value, json};

use crate::http::Api;
use crate::http::interview_file::{self, Arrived, Arriving, BadRow};
use crate::http::reply::{ApiError, Reply, success};
use crate::http::request::{self, Query};
use crate::http::wing::Call;
use crate::interview::{ImportWish, ROW_BYTES, UnknownOrigin};
use crate::language::Language;
use crate::words::imports::no_room;

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

/// `POST /control/interviews/import?dryRun=true&unknownOrigin=drop&language=ja`
///
/// # Errors
/// `InvalidJson` when the stream breaks off, `PayloadTooLarge` for an endless row, `DatabaseInTrouble` for a file that does
/// not fit on the disk, or the store's;
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
    let received = receive(request.into_body(), api).await;
    let file = received.map_err(|error| match error {
        ApiError::NoRoomForFile(mib) => ApiError::DatabaseInTrouble(no_room(mib, options.language)),
        other => other,
    })?;
    let wish = if options.dry_run {
        ImportWish::Try
    } else {
        ImportWish::Keep
    };
    let Options {
        unknown_origin,
        language,
        dry_run,
    } = options;
    let report = interview_file::import(api, &file, unknown_origin, wish, actor).await?;
    let mut answer = json!(report);
    let bad = report.bad_rows.iter();
    answer["badRows"] = bad.map(|row| told(row, language)).collect();
    answer["dryRun"] = dry_run.into();
    success(StatusCode::OK, &answer, api.clock.now())
}

/// A bad row for the one who asked.
fn told(row: &BadRow, language: Language) -> Value {
    let mut told = json!({"line": row.line, "reason": row.reason.text(language)});
    if let Some(index) = row.index {
        told["index"] = index.into();
    }
    if let Some(id) = &row.id {
        told["id"] = id.as_str().into();
    }
    told
}

/// Reads the stream to its end.
async fn receive(mut body: Incoming, api: &Api) -> Result<Arrived, ApiError> {
    let length = body.size_hint().lower();
    let mut file = Arriving::at(api, length)?;
    let mut waiting = BytesMut::new();
    while let Some(chunk) = next_chunk(&mut body).await? {
        waiting.extend_from_slice(&chunk);
        while let Some(end) = waiting.iter().position(|byte| *byte == b'\n') {
            let line = waiting.split_to(end);
            waiting.advance(1);
            file.push(&line)?;
        }
        if waiting.len() > ROW_BYTES {
            return Err(ApiError::PayloadTooLarge(ROW_BYTES));
        }
    }
    if !waiting.is_empty() {
        return Err(broke_off());
    }
    file.finish()
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
