//! The rows of a file of interview records on their way to the store. Each is checked when it
//! arrives and spooled to the disk, so that memory stays bounded however long the file is.
//!
//! Bad rows are spooled too. The store checks them as well, as far as they could be read, so that all their errors are
//! reported at once; nothing of such a file is stored.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufRead, BufReader, BufWriter, Read, Write};
use std::os::unix::fs::FileExt;
use std::sync::Arc;

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::http::api::interview_body::{OfFile, read_of_file};
use crate::http::reply::ApiError;
use crate::interview::field::Field;
use crate::interview::field_error::{FieldError, Why};
use crate::interview::{ImportResult, Interview, InterviewConflict};
use crate::language::InBoth;
use crate::store::file::is_full;
use crate::store::{DatabaseFile, StoreError};
use crate::trouble::{Resource, Shortage, Trouble};

/// A row of the file, as its reader writes it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Row<'a> {
    /// The line of the file on which it begins.
    line: u64,
    /// Its number in a JSON array, from 0.
    index: Option<u64>,
    /// The record; absent when the row could not be read as one.
    #[serde(borrow)]
    record: Option<&'a RawValue>,
    /// Why it could not be read.
    problem: Option<InBoth>,
    /// Errors of fields that the command line found; these fields are not in the record.
    #[serde(default)]
    mistakes: Vec<Told>,
}

/// An error with its sentence.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Told {
    field: String,
    sentence: InBoth,
}

/// A refused row: its position, its id, and all its errors.
#[derive(Clone)]
pub(in crate::http) struct BadRow {
    pub(in crate::http) line: u64,
    pub(in crate::http) index: Option<u64>,
    pub(in crate::http) id: Option<String>,
    pub(in crate::http) reason: InBoth,
}

impl Row<'_> {
    /// The record as far as it can be read, or why it cannot be.
    fn read(&self) -> Result<OfFile, InBoth> {
        match self.record {
            None => Err(self.problem.clone().unwrap_or_else(|| unread(""))),
            Some(record) => read_of_file(record.get()).map_err(|error| unread(&reason(&error))),
        }
    }

    fn is_bad(&self) -> bool {
        !self.mistakes.is_empty() || self.read().map_or(true, |found| !found.mistakes.is_empty())
    }

    /// All errors of the row, by itself and in relation to others.
    fn judged(self, beside_others: Vec<FieldError>) -> Option<BadRow> {
        let (id, reason) = match self.read() {
            Err(problem) => (None, problem),
            Ok(found) => {
                let mistakes = found.mistakes.into_iter().chain(beside_others);
                let sentences = sentences(self.mistakes, mistakes);
                if sentences.is_empty() {
                    return None;
                }
                (found.id, joined(&sentences))
            }
        };
        Some(BadRow {
            line: self.line,
            index: self.index,
            id,
            reason,
        })
    }
}

/// The sentence of each error. A field that the command line has refused is absent from the record, and that is not
/// another error.
fn sentences(told: Vec<Told>, mistakes: impl Iterator<Item = FieldError>) -> Vec<InBoth> {
    let spoken_of =
        |mistake: &FieldError| told.iter().any(|told| told.field == mistake.field.name());
    let more: Vec<_> = mistakes
        .filter(|mistake| !spoken_of(mistake))
        .map(|mistake| InBoth::of(|language| mistake.sentence(language)))
        .collect();
    let told = told.into_iter().map(|told| told.sentence);
    told.chain(more).collect()
}

fn joined(sentences: &[InBoth]) -> InBoth {
    InBoth::of(|language| {
        let sentences = sentences.iter().map(|one| one.text(language));
        sentences.collect::<Vec<_>>().join("; ")
    })
}

/// What the reader of JSON says, which is English.
fn unread(why: &str) -> InBoth {
    InBoth::of(|_| why.to_owned())
}

/// Why the text of a record cannot be read, without the line and column of `serde_json`: they are relative to the row.
fn reason(error: &ApiError) -> String {
    let text = error.to_string();
    match text.rsplit_once(" at line ") {
        Some((reason, _)) => reason.to_owned(),
        None => text,
    }
}

fn contradiction(why: InterviewConflict) -> FieldError {
    match why {
        InterviewConflict::SyncIdTaken => FieldError::of(Field::VoicedriveSyncId, Why::SyncIdTaken),
        InterviewConflict::OriginUnknown => {
            FieldError::of(Field::RescheduledFromId, Why::OriginUnknown)
        }
        InterviewConflict::OriginLoops => {
            FieldError::of(Field::RescheduledFromId, Why::OriginLoops)
        }
    }
}

/// What a file may need of the disk besides its rows here, as a multiple of their size: they wait in the database, too,
/// and become records there with all their indexes.
const NEEDED_BESIDES: u64 = 3;
/// After so many bytes it is looked again whether there is room.
const LOOK_AGAIN: u64 = 1024 * 1024;

/// Collects the rows of a file in an unnamed temporary file, which disappears with the process.
pub(super) struct Spool {
    rows: BufWriter<File>,
    bytes: u64,
    /// How many there will be at least.
    expected: u64,
    disk: DatabaseFile,
    /// When there are more than this, it is looked again whether there is room.
    look_again: u64,
}

/// The spooled rows. Cheap to clone.
#[derive(Clone)]
pub(super) struct Rows(Arc<File>);

impl Spool {
    /// On the disk of the database, for at least so many bytes.
    ///
    /// # Errors
    /// `NoRoomForFile` when the file does not fit there, `Unavailable` when the rows cannot be written; also of the
    /// methods.
    pub(super) fn beside(database: &DatabaseFile, expected: u64) -> Result<Self, ApiError> {
        let path = database.path();
        let file = tempfile::tempfile_in(path.parent().unwrap_or(path));
        let file = file.map_err(|error| unusable(&error))?;
        let mut spool = Self {
            rows: BufWriter::new(file),
            bytes: 0,
            expected,
            disk: database.clone(),
            look_again: 0,
        };
        spool.look_for_room()?;
        Ok(spool)
    }

    /// The disk is not filled up by what cannot be kept in the end.
    fn look_for_room(&mut self) -> Result<(), ApiError> {
        self.look_again = self.bytes + LOOK_AGAIN;
        let all = self.expected.max(self.look_again);
        let needed = (all - self.bytes).saturating_add(NEEDED_BESIDES.saturating_mul(all));
        match self.disk.mib_missing_for(needed) {
            None => Ok(()),
            Some(missing) => Err(ApiError::NoRoomForFile(missing)),
        }
    }

    /// Adds a row. True when it is bad by itself.
    pub(super) fn push(&mut self, line: &[u8]) -> Result<bool, ApiError> {
        let row: Row<'_> = serde_json::from_slice(line)
            .map_err(|error| ApiError::InvalidJson(format!("not a row: {error}")))?;
        self.bytes += line.len() as u64 + 1;
        if self.bytes > self.look_again {
            self.look_for_room()?;
        }
        self.rows
            .write_all(line)
            .and_then(|()| self.rows.write_all(b"\n"))
            .map_err(|error| unusable(&error))?;
        Ok(row.is_bad())
    }

    pub(super) fn finish(self) -> Result<Rows, ApiError> {
        let file = self.rows.into_inner();
        file.map(|file| Rows(Arc::new(file)))
            .map_err(|error| unusable(error.error()).into())
    }
}

impl Rows {
    /// All records in the order of the file, each with its row's number from 0. Not its line: all records of a JSON
    /// array may be on one line. A field of a bad row that could not be read has a placeholder.
    ///
    /// Each can be `Unavailable`, when the rows cannot be read.
    pub(super) fn records(
        &self,
    ) -> impl Iterator<Item = Result<(u64, Interview), StoreError>> + use<> {
        let rows = (0..).zip(self.lines());
        rows.filter_map(|(number, line)| {
            let record = line.and_then(|line| record(&line, number));
            record
                .map(|record| record.map(|record| (number, record)))
                .transpose()
        })
    }

    /// The bad rows in the order of the file, with the errors of their fields and those that the store found.
    ///
    /// Each can be `Unavailable`, when the rows cannot be read.
    pub(super) fn bad_rows(
        &self,
        result: &ImportResult,
    ) -> impl Iterator<Item = Result<BadRow, StoreError>> {
        // The first row with an id comes before those that repeat it.
        let mut firsts: BTreeMap<u64, Option<(u64, Option<u64>)>> = result
            .repeated
            .iter()
            .map(|(_, first)| (*first, None))
            .collect();
        let repeated: BTreeMap<u64, u64> = result.repeated.iter().copied().collect();
        let mut refused: BTreeMap<u64, Vec<FieldError>> = BTreeMap::new();
        for (number, why) in &result.refused {
            let of_row = refused.entry(*number).or_default();
            of_row.push(contradiction(*why));
        }
        let rows = (0..).zip(self.lines());
        rows.filter_map(move |(number, line)| {
            let judged = line.and_then(|line| {
                let row = waiting(&line)?;
                if let Some(place) = firsts.get_mut(&number) {
                    *place = Some((row.line, row.index));
                }
                let first = repeated.get(&number).and_then(|first| *firsts.get(first)?);
                let first = first
                    .map(|(line, index)| FieldError::of(Field::Id, Why::IdRepeated(line, index)));
                let refused = refused.remove(&number).unwrap_or_default();
                Ok(row.judged(first.into_iter().chain(refused).collect()))
            });
            judged.transpose()
        })
    }

    fn lines(&self) -> impl Iterator<Item = Result<String, StoreError>> + use<> {
        let whole = Reading {
            file: Arc::clone(&self.0),
            at: 0,
        };
        let lines = BufReader::new(whole).lines();
        lines.map(|line| line.map_err(|error| unusable(&error)))
    }
}

/// One reading of the rows. Two at a time do not disturb each other: each has a place of its own.
struct Reading {
    file: Arc<File>,
    at: u64,
}

impl Read for Reading {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read_at(into, self.at)?;
        self.at += read as u64;
        Ok(read)
    }
}

/// The record of a row; none when there is nothing to read.
fn record(line: &str, number: u64) -> Result<Option<Interview>, StoreError> {
    let Ok(found) = waiting(line)?.read() else {
        return Ok(None);
    };
    let mut interview = found.interview;
    if interview.id.is_empty() {
        // No real id has a control character.
        interview.id = format!("\0{number}");
    }
    Ok(Some(interview))
}

/// A row of the spool.
fn waiting(line: &str) -> Result<Row<'_>, StoreError> {
    serde_json::from_str(line).map_err(|error| unusable(&error.into()))
}

fn unusable(error: &io::Error) -> StoreError {
    let trouble = if is_full(error) {
        Trouble::DiskFull(Shortage::Bytes { needed_mib: None })
    } else if let Some(lacking) = Resource::lacking(error) {
        Trouble::Exhausted(lacking)
    } else {
        let why = format!("the file's rows cannot wait on the disk: {error}");
        Trouble::Unusable(why)
    };
    StoreError::Unavailable(trouble)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Clock;
    use crate::language::Language;
    use crate::store::Store;

    #[test]
    fn a_disk_without_room_for_the_rows_is_full() {
        let full = unusable(&io::ErrorKind::StorageFull.into());
        let shortage = Shortage::Bytes { needed_mib: None };
        let expected = StoreError::Unavailable(Trouble::DiskFull(shortage));
        assert_eq!(full, expected);
    }

    #[test]
    fn two_readings_of_the_same_rows_do_not_disturb_each_other() {
        let directory = tempfile::tempdir().unwrap();
        let store = Store::open(directory.path(), Clock::System.moment()).unwrap();
        let mut spool = Spool::beside(store.file(), 0).unwrap();
        let padding = "x".repeat(9000);
        for line in 1..=20 {
            let row = serde_json::json!({"line": line, "problem": {"ja": padding, "en": padding}});
            assert!(spool.push(row.to_string().as_bytes()).unwrap());
        }
        let rows = spool.finish().unwrap();
        let nothing = ImportResult::default();
        let (first, second) = (rows.bad_rows(&nothing), rows.bad_rows(&nothing));
        let read: Vec<_> = first
            .zip(second)
            .map(|(one, other)| (one.unwrap().line, other.unwrap().line))
            .collect();
        assert_eq!(read, (1..=20).map(|line| (line, line)).collect::<Vec<_>>());
    }

    #[test]
    fn what_is_missing_for_the_whole_file_is_told_before_it_arrives() {
        let directory = tempfile::tempdir().unwrap();
        let store = Store::open(directory.path(), Clock::System.moment()).unwrap();
        let missing = |bytes| {
            let refused = Spool::beside(store.file(), bytes).err();
            let Some(ApiError::NoRoomForFile(mib)) = refused else {
                unreachable!("{refused:?}");
            };
            mib
        };
        // No disk has so much room.
        let (one, two) = (missing(1 << 50), missing(1 << 51));
        let rows_and_records = (1 << 30) * (1 + NEEDED_BESIDES);
        // Others write to the disk meanwhile.
        assert!(
            (two - one).abs_diff(rows_and_records) < 1 << 20,
            "{one} {two}"
        );
        missing(u64::MAX);
    }

    #[test]
    fn a_field_that_the_command_line_has_spoken_of_is_told_once() {
        let told = vec![Told {
            field: "interviewDate".to_owned(),
            sentence: unread("interviewDate: must say its time zone"),
        }];
        let found = [
            FieldError::of(Field::EmployeeId, Why::NotAText),
            FieldError::of(Field::InterviewDate, Why::NotAMoment),
        ];
        assert_eq!(
            joined(&sentences(told, found.into_iter())).text(Language::En),
            "interviewDate: must say its time zone; employeeId: must be a text of 1 to 191 characters"
        );
    }
}
