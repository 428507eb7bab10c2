//! Taking in a whole file of interview records from the command line, all or none.
//!
//! The file arrives as a stream of any length, one row a line. Each row is read and checked as it
//! comes, and what is good waits in a spool file on the disk, so that memory stays bounded however
//! long the file is. At the end one transaction keeps all of it; when a single row was bad, it is
//! undone, and the answer names every bad row.

use std::fs::File;
use std::io::{BufRead, BufReader, BufWriter, Seek, Write};
use std::time::Duration;

use bytes::{Buf, Bytes, BytesMut};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::{Request, StatusCode};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::Api;
use super::interview_body::read_with_id;
use super::interviews::refused;
use super::reply::{ApiError, Reply, success};
use super::request::{self, Query};
use crate::interview::{ImportResult, Interview, UnknownOrigin};
use crate::store::{ImportError, StoreError};

/// The most bad rows that are named; of more, only the number is told.
const NAMED: usize = 10_000;
/// The longest silence in the middle of a file.
const SILENCE: Duration = Duration::from_secs(30);

/// A row of the file, as the command line sends it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Row<'a> {
    /// Where the row begins in the file.
    line: u64,
    /// The record; absent when the row is not even one.
    #[serde(borrow)]
    record: Option<&'a RawValue>,
    /// Why it is none.
    problem: Option<String>,
}

/// What became of a file.
#[derive(Clone, Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct Report {
    rows: u64,
    created: u64,
    replaced: u64,
    bad_rows: Vec<BadRow>,
    bad_row_count: u64,
}

#[derive(Clone, Serialize)]
struct BadRow {
    line: u64,
    reason: String,
}

impl Report {
    fn refuse(&mut self, line: u64, reason: String) {
        self.bad_row_count += 1;
        if self.bad_rows.len() < NAMED {
            self.bad_rows.push(BadRow { line, reason });
        }
    }

    /// A row that contradicts another or what is kept is told like the bad rows before.
    fn with(mut self, result: ImportResult) -> Self {
        self.created = result.created;
        self.replaced = result.replaced;
        for (line, why) in result.refused {
            self.refuse(line, refused(why, "").to_string());
        }
        self.bad_rows.sort_by_key(|row| row.line);
        self
    }
}

/// `POST /control/interviews/import?dryRun=true`
///
/// # Errors
/// `InvalidJson` when the stream breaks off, `PayloadTooLarge` for an endless row, or the store's;
/// nothing was changed then.
pub async fn import(api: &Api, request: Request<Incoming>) -> Result<Reply, ApiError> {
    let mut query = Query::parse(request.uri().query())?;
    let dry_run = query
        .take_as("dryRun", "must be true or false", |text| text.parse().ok())?
        .unwrap_or(false);
    query.finish("dryRun")?;
    request::media(request.headers(), true)?;
    let (rows, report) = receive(request.into_body(), api).await?;
    let now = api.clock.now();
    // A file with bad rows is only tried: the rest of its mistakes is told too.
    let tried = dry_run || report.bad_row_count > 0;
    let imported = api
        .store
        .import_interviews(move || rows.read(), UnknownOrigin::Refuse, tried, now)
        .await;
    let (imported, report) = match imported {
        Ok(result) => (true, report.with(result)),
        Err(ImportError::Undone(result)) => (false, report.with(result)),
        Err(ImportError::Store(error)) => return Err(error.into()),
    };
    tracing::info!(
        rows = report.rows,
        bad = report.bad_row_count,
        imported,
        "a file of interview records was handed in"
    );
    let mut answer = serde_json::json!(report);
    answer["imported"] = imported.into();
    answer["dryRun"] = dry_run.into();
    success(StatusCode::OK, &answer, now)
}

/// Reads the stream to its end: the good rows go to the spool, the bad ones to the report.
async fn receive(mut body: Incoming, api: &Api) -> Result<(Rows, Report), ApiError> {
    let mut spool = Spool::new(api)?;
    let mut report = Report::default();
    let mut waiting = BytesMut::new();
    while let Some(chunk) = next_chunk(&mut body).await? {
        waiting.extend_from_slice(&chunk);
        while let Some(end) = waiting.iter().position(|byte| *byte == b'\n') {
            let line = waiting.split_to(end);
            waiting.advance(1);
            take_row(&line, &mut spool, &mut report)?;
        }
        if waiting.len() > api.max_body_bytes {
            return Err(ApiError::PayloadTooLarge(api.max_body_bytes));
        }
    }
    if waiting.is_empty() {
        Ok((spool.finish()?, report))
    } else {
        Err(broke_off())
    }
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

fn take_row(line: &[u8], spool: &mut Spool, report: &mut Report) -> Result<(), ApiError> {
    let row: Row<'_> = serde_json::from_slice(line)
        .map_err(|error| ApiError::InvalidJson(format!("not a row: {error}")))?;
    report.rows += 1;
    match (row.record, row.problem) {
        (Some(record), None) => match read_with_id(record.get(), "") {
            Ok(_) => spool.push(line)?,
            Err(error) => report.refuse(row.line, reason(&error)),
        },
        (_, problem) => report.refuse(row.line, problem.unwrap_or_default()),
    }
    Ok(())
}

/// What is wrong with a row. A row stands on lines of its file, and not on the line and column
/// that the JSON reader counts within it.
fn reason(error: &ApiError) -> String {
    let text = error.to_string();
    match text.rsplit_once(" at line ") {
        Some((reason, _)) => reason.to_owned(),
        None => text,
    }
}

/// Takes the good rows of a file: they wait on the disk, in a file without a name that is gone with the
/// process.
struct Spool(BufWriter<File>);

/// The rows that wait.
struct Rows(File);

impl Spool {
    fn new(api: &Api) -> Result<Self, ApiError> {
        let directory = api
            .store
            .file()
            .path()
            .parent()
            .unwrap_or(api.store.file().path());
        tempfile::tempfile_in(directory)
            .map(|file| Self(BufWriter::new(file)))
            .map_err(|error| unwritable(&error).into())
    }

    fn push(&mut self, line: &[u8]) -> Result<(), ApiError> {
        self.0
            .write_all(line)
            .and_then(|()| self.0.write_all(b"\n"))
            .map_err(|error| unwritable(&error).into())
    }

    fn finish(self) -> Result<Rows, ApiError> {
        let file = self.0.into_inner();
        file.map(Rows)
            .map_err(|error| unwritable(error.error()).into())
    }
}

impl Rows {
    /// All of them, in the order in which they came: each with its line.
    fn read(
        &self,
    ) -> Result<impl Iterator<Item = Result<(u64, Interview), StoreError>> + use<>, StoreError>
    {
        let mut file = self.0.try_clone().map_err(|error| unwritable(&error))?;
        file.rewind().map_err(|error| unwritable(&error))?;
        Ok(BufReader::new(file).lines().map(|line| {
            let line = line.map_err(|error| unwritable(&error))?;
            let row: Row<'_> = serde_json::from_str(&line).map_err(|_| altered())?;
            let record = row.record.ok_or_else(altered)?;
            let interview = read_with_id(record.get(), "").map_err(|_| altered())?;
            Ok((row.line, interview))
        }))
    }
}

fn unwritable(error: &std::io::Error) -> StoreError {
    StoreError::Unavailable(format!("the file's rows cannot wait on the disk: {error}"))
}

fn altered() -> StoreError {
    StoreError::Unavailable("a row that waited on the disk is not as it was".to_owned())
}
