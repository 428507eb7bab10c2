//! Taking in a whole file of interview records from the command line, all or none.
//!
//! The file arrives as a stream of any length, one row a line. Each row is read and checked as it
//! comes, and what is good waits in a spool file on the disk, so that memory stays bounded however
//! long the file is. At the end one transaction keeps all of it; when a single row was bad, it is
//! undone, and the answer names every bad row.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{BufRead, BufReader, BufWriter, Seek, Write};
use std::sync::Arc;
use std::time::Duration;

use bytes::{Buf, Bytes, BytesMut};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::{Request, StatusCode};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::Api;
use super::interview_body::read_of_file;
use super::interview_field::Field;
use super::interview_mistake::{Mistake, Why};
use super::reply::{ApiError, Reply, success};
use super::request::{self, Query};
use crate::interview::{ImportResult, Interview, InterviewConflict, UnknownOrigin};
use crate::language::Language;
use crate::store::{ImportError, StoreError};
use crate::trouble::Trouble;

/// The most bad rows that are named; of more, only the number is told.
const NAMED: usize = 10_000;
/// The longest row, in bytes of JSON; no record comes near it. The command line tells a longer one with its line.
pub const ROW_BYTES: usize = 1024 * 1024;
/// The longest silence in the middle of a file.
const SILENCE: Duration = Duration::from_secs(30);

/// A row of the file, as the command line sends it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Row<'a> {
    /// The line of the file on which it begins.
    line: u64,
    /// Its number in a JSON array, from 0.
    index: Option<u64>,
    /// The record; absent when the row is not even one.
    #[serde(borrow)]
    record: Option<&'a RawValue>,
    /// Its id, when there is no record to say it.
    id: Option<String>,
    /// Why it is none.
    problem: Option<String>,
    /// What the command line found wrong with single fields, which are then not in the record.
    #[serde(default)]
    mistakes: Vec<Told>,
}

/// A mistake that was put into words already.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Told {
    field: String,
    sentence: String,
}

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
                .take_as("language", "must be ja or en", language)?
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

fn language(word: &str) -> Option<Language> {
    match word {
        "ja" => Some(Language::Ja),
        "en" => Some(Language::En),
        _ => None,
    }
}

/// What became of a file.
#[derive(Clone, Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct Report {
    rows: u64,
    created: u64,
    replaced: u64,
    /// Records that were taken without an origin that exists nowhere.
    origins_dropped: u64,
    bad_rows: Vec<BadRow>,
    bad_row_count: u64,
    /// Of the rows that could not be read: they stand in the file, though nothing of them can be kept.
    #[serde(skip)]
    unread: BTreeSet<String>,
}

/// A row that was not taken: where it stands, whose it is, and everything that is wrong with it.
#[derive(Clone, Serialize)]
struct BadRow {
    line: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    index: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<String>,
    reason: String,
}

impl Report {
    fn refuse(&mut self, row: BadRow) {
        self.bad_row_count += 1;
        if self.bad_rows.len() < NAMED {
            self.bad_rows.push(row);
        }
    }

    /// A row that contradicts another or what is kept is told like the bad rows before.
    fn with(
        mut self,
        result: &ImportResult,
        rows: &Rows,
        language: Language,
    ) -> Result<Self, StoreError> {
        self.created = result.created;
        self.replaced = result.replaced;
        self.origins_dropped = result.origins_dropped;
        for (row, mistakes) in rows.contradictions(result, &self.unread)? {
            self.refuse(BadRow {
                reason: sentences(Vec::new(), &mistakes, language),
                ..row
            });
        }
        self.bad_rows.sort_by_key(|row| (row.line, row.index));
        Ok(self)
    }
}

fn contradiction(why: InterviewConflict) -> Mistake {
    match why {
        InterviewConflict::SyncIdTaken => Mistake::of(Field::VoicedriveSyncId, Why::SyncIdTaken),
        InterviewConflict::OriginUnknown => {
            Mistake::of(Field::RescheduledFromId, Why::OriginUnknown)
        }
        InterviewConflict::OriginLoops => Mistake::of(Field::RescheduledFromId, Why::OriginLoops),
    }
}

/// `POST /control/interviews/import?dryRun=true&unknownOrigin=drop&language=ja`
///
/// # Errors
/// `InvalidJson` when the stream breaks off, `PayloadTooLarge` for an endless row, or the store's;
/// nothing was changed then.
pub async fn import(api: &Api, request: Request<Incoming>) -> Result<Reply, ApiError> {
    let options = Options::of(&request)?;
    request::media(request.headers(), true)?;
    let (rows, report) = receive(request.into_body(), api, options.language).await?;
    // A file with bad rows is only tried: the rest of its mistakes is told too.
    let tried = options.dry_run || report.bad_row_count > 0;
    let spooled = rows.clone();
    let imported = api.store.import_interviews(
        move || spooled.read(),
        options.unknown_origin,
        tried,
        api.clock.now(),
    );
    let (imported, result) = match imported.await {
        Ok(result) => (true, result),
        Err(ImportError::Undone(result)) => (false, result),
        Err(ImportError::Store(error)) => return Err(error.into()),
    };
    let report = report.with(&result, &rows, options.language)?;
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

/// Reads the stream to its end: the good rows go to the spool, the bad ones to the report.
async fn receive(
    mut body: Incoming,
    api: &Api,
    language: Language,
) -> Result<(Rows, Report), ApiError> {
    let mut spool = Spool::new(api)?;
    let mut report = Report::default();
    let mut waiting = BytesMut::new();
    while let Some(chunk) = next_chunk(&mut body).await? {
        waiting.extend_from_slice(&chunk);
        while let Some(end) = waiting.iter().position(|byte| *byte == b'\n') {
            let line = waiting.split_to(end);
            waiting.advance(1);
            take_row(&line, &mut spool, &mut report, language)?;
        }
        if waiting.len() > ROW_BYTES {
            return Err(ApiError::PayloadTooLarge(ROW_BYTES));
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

fn take_row(
    line: &[u8],
    spool: &mut Spool,
    report: &mut Report,
    language: Language,
) -> Result<(), ApiError> {
    let row: Row<'_> = serde_json::from_slice(line)
        .map_err(|error| ApiError::InvalidJson(format!("not a row: {error}")))?;
    report.rows += 1;
    let mut bad = BadRow {
        line: row.line,
        index: row.index,
        id: row.id,
        reason: row.problem.unwrap_or_default(),
    };
    let Some(record) = row.record else {
        report.refuse(bad);
        return Ok(());
    };
    match read_of_file(record.get()) {
        Err(error) => bad.reason = reason(&error),
        Ok(found) => {
            let mistakes = match found.read {
                Ok(_) if row.mistakes.is_empty() => return spool.push(line),
                Ok(_) => Vec::new(),
                Err(mistakes) => mistakes,
            };
            bad.id = found.id;
            bad.reason = sentences(row.mistakes, &mistakes, language);
        }
    }
    report.unread.extend(bad.id.clone());
    report.refuse(bad);
    Ok(())
}

/// Everything that is wrong with a row, in one line. A field that the command line has spoken of is
/// absent from the record, and that is not another mistake.
fn sentences(told: Vec<Told>, found: &[Mistake], language: Language) -> String {
    let spoken_of = |mistake: &Mistake| told.iter().any(|told| told.field == mistake.field.name());
    let more: Vec<_> = found
        .iter()
        .filter(|mistake| !spoken_of(mistake))
        .map(|mistake| mistake.sentence(language))
        .collect();
    let told = told.into_iter().map(|told| told.sentence);
    let all: Vec<_> = told.chain(more).collect();
    all.join("; ")
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

/// The rows that wait. Cheap to clone.
#[derive(Clone)]
struct Rows(Arc<File>);

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
        file.map(|file| Rows(Arc::new(file)))
            .map_err(|error| unwritable(error.error()).into())
    }
}

impl Rows {
    /// All of them, in the order in which they came, each with its number from 0. Not its line: the
    /// records of a JSON array may all stand on one.
    fn read(
        &self,
    ) -> Result<impl Iterator<Item = Result<(u64, Interview), StoreError>> + use<>, StoreError>
    {
        Ok((0..).zip(self.lines()?).map(|(number, line)| {
            let line = line?;
            let row = spooled(&line)?;
            let record = row.record.ok_or_else(altered)?;
            let found = read_of_file(record.get()).map_err(|_| altered())?;
            let interview = found.read.map_err(|_| altered())?;
            Ok((number, interview))
        }))
    }

    /// The rows that contradict another or what is kept, each with everything that is wrong with it. An origin
    /// among the `unread` stands in the file: it is there when that row is mended.
    fn contradictions(
        &self,
        result: &ImportResult,
        unread: &BTreeSet<String>,
    ) -> Result<Vec<(BadRow, Vec<Mistake>)>, StoreError> {
        let refused = result.refused.iter().map(|(number, _)| number);
        let repeated = result
            .repeated
            .iter()
            .flat_map(|(number, first)| [number, first]);
        let places = self.places(&refused.chain(repeated).copied().collect())?;
        let mut mistakes: BTreeMap<u64, Vec<Mistake>> = BTreeMap::new();
        for (number, first) in &result.repeated {
            let first = &places.get(first).ok_or_else(altered)?.row;
            let why = Why::IdRepeated(first.line, first.index);
            let of_row = mistakes.entry(*number).or_default();
            of_row.push(Mistake::of(Field::Id, why));
        }
        for (number, why) in &result.refused {
            let found = places.get(number).ok_or_else(altered)?;
            let stands_in_file = found.origin.as_ref().is_some_and(|id| unread.contains(id));
            if *why == InterviewConflict::OriginUnknown && stands_in_file {
                continue;
            }
            mistakes
                .entry(*number)
                .or_default()
                .push(contradiction(*why));
        }
        let named = mistakes.into_iter().map(|(number, mistakes)| {
            let found = places.get(&number).ok_or_else(altered)?;
            Ok((found.row.clone(), mistakes))
        });
        named.collect()
    }

    /// Where the rows with these numbers stand, and whose they are.
    fn places(&self, numbers: &BTreeSet<u64>) -> Result<BTreeMap<u64, Placed>, StoreError> {
        let mut places = BTreeMap::new();
        if numbers.is_empty() {
            return Ok(places);
        }
        for (number, line) in (0..).zip(self.lines()?) {
            let line = line?;
            if numbers.contains(&number) {
                places.insert(number, place(&spooled(&line)?));
            }
        }
        Ok(places)
    }

    fn lines(
        &self,
    ) -> Result<impl Iterator<Item = Result<String, StoreError>> + use<>, StoreError> {
        let mut file = self.0.try_clone().map_err(|error| unwritable(&error))?;
        file.rewind().map_err(|error| unwritable(&error))?;
        let lines = BufReader::new(file).lines();
        Ok(lines.map(|line| line.map_err(|error| unwritable(&error))))
    }
}

/// A row that waited on the disk.
fn spooled(line: &str) -> Result<Row<'_>, StoreError> {
    serde_json::from_str(line).map_err(|_| altered())
}

/// A row that waited on the disk.
struct Placed {
    /// Where it stands, and whose it is; the reason is still to be filled in.
    row: BadRow,
    /// In whose place the interview stands.
    origin: Option<String>,
}

fn place(row: &Row<'_>) -> Placed {
    let found = read_of_file(row.record.map_or("", RawValue::get)).ok();
    let (id, read) = found.map_or((None, None), |found| (found.id, found.read.ok()));
    Placed {
        row: BadRow {
            line: row.line,
            index: row.index,
            id,
            reason: String::new(),
        },
        origin: read.and_then(|interview| interview.rescheduled_from_id),
    }
}

fn unwritable(error: &std::io::Error) -> StoreError {
    let why = format!("the file's rows cannot wait on the disk: {error}");
    StoreError::Unavailable(Trouble::Unusable(why))
}

fn altered() -> StoreError {
    let why = "a row that waited on the disk is not as it was".to_owned();
    StoreError::Unavailable(Trouble::Unusable(why))
}
#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_that_the_command_line_has_spoken_of_is_told_once() {
        let told = vec![Told {
            field: "interviewDate".to_owned(),
            sentence: "interviewDate: must say its time zone".to_owned(),
        }];
        let found = [
            Mistake::of(Field::EmployeeId, Why::NotAText),
            Mistake::of(Field::InterviewDate, Why::NotAMoment),
        ];
        assert_eq!(
            sentences(told, &found, Language::En),
            "interviewDate: must say its time zone; employeeId: must be a text of 1 to 191 characters"
        );
    }

    #[test]
    fn only_the_words_of_the_command_line_are_options() {
        assert_eq!(unknown_origin("drop"), Some(UnknownOrigin::Drop));
        assert_eq!(unknown_origin("keep"), Some(UnknownOrigin::Refuse));
        assert_eq!(unknown_origin("refuse"), None);
        assert_eq!(language("ja"), Some(Language::Ja));
        assert_eq!(language("de"), None);
    }
}
