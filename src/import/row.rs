//! One row of a file, on its way to the daemon.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::{Map, Value};

use super::header::Column;
use super::problem::{Problem, Wrong};
use super::record::Record;
use crate::interview::ROW_BYTES;
use crate::language::InBoth;

/// The position of a row in its file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct RowLocation {
    /// The line of the file on which it begins, from 1.
    pub line: u64,
    /// Its number in a JSON array, from 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub index: Option<u64>,
}

impl RowLocation {
    /// A row of a file other than a JSON array.
    pub(super) fn line(line: u64) -> Self {
        Self { line, index: None }
    }
}

/// One row: a record, or why it cannot be read.
#[derive(Debug)]
pub(crate) struct Row {
    pub place: RowLocation,
    pub content: Result<Record, Problem>,
}

impl Row {
    /// Writes the line of JSON for the daemon, which tells what is wrong in the language of whoever asks. A row that is
    /// longer than the daemon accepts is replaced by its problem.
    pub(crate) fn write_json(&self, out: &mut Vec<u8>) -> io::Result<()> {
        let begin = out.len();
        self.write_whole(out)?;
        if out.len() - begin <= ROW_BYTES {
            return Ok(());
        }
        out.truncate(begin);
        let told = Self {
            place: self.place,
            content: Err(Problem::TooLong),
        };
        told.write_whole(out)
    }

    fn write_whole(&self, out: &mut Vec<u8>) -> io::Result<()> {
        match &self.content {
            Ok(record) => {
                let mistakes = record.mistakes();
                let mistakes = mistakes.iter().map(Told::of);
                let good = Good {
                    place: self.place,
                    record: record.fields(),
                    mistakes: mistakes.collect(),
                };
                serde_json::to_writer(&mut *out, &good)?;
            }
            Err(problem) => {
                let problem = InBoth::of(|language| problem.describe(language));
                let bad = Bad {
                    place: self.place,
                    problem,
                };
                serde_json::to_writer(&mut *out, &bad)?;
            }
        }
        writeln!(out)
    }
}

#[derive(Serialize)]
struct Good<'a> {
    #[serde(flatten)]
    place: RowLocation,
    record: &'a Map<String, Value>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    mistakes: Vec<Told>,
}

#[derive(Serialize)]
struct Bad {
    #[serde(flatten)]
    place: RowLocation,
    problem: InBoth,
}

/// A mistake in words.
#[derive(Serialize)]
struct Told {
    field: String,
    sentence: InBoth,
}

impl Told {
    fn of(wrong: &Wrong) -> Self {
        Self {
            field: wrong.field().to_owned(),
            sentence: InBoth::of(|language| wrong.describe(language)),
        }
    }
}

/// Notes about the whole file.
#[derive(Clone, Debug, Default)]
pub(crate) struct Notes {
    /// Columns of the staff system that the relay does not use, in the order in which they were found.
    pub unused: Vec<String>,
    /// The first row whose employee id looks like a key of the staff system's database.
    pub database_key: Option<RowLocation>,
    /// The first row with a backslash that may be an escape of `mysql -B`, in a file without a NULL that would show it.
    pub backslash: Option<RowLocation>,
}

impl Notes {
    /// Whether a column is not used; if so, its name is noted.
    pub(super) fn is_unused(&mut self, name: &str, column: Column) -> bool {
        let unused = column == Column::Unused;
        if unused && !self.unused.iter().any(|noted| noted == name) {
            self.unused.push(name.to_owned());
        }
        unused
    }

    /// Notes the record if it is the first whose employee id looks like a database key.
    pub(super) fn note_record(&mut self, place: RowLocation, record: &Record) {
        if self.database_key.is_none() && record.has_database_key() {
            self.database_key = Some(place);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::interview::field::Field;

    #[test]
    fn a_row_is_one_line_for_the_daemon() {
        let mut record = Record::default();
        record.set(Field::StatusReason, Value::from("x\ny"), None);
        record.set(Field::InterviewDate, Value::from("2025/10/28 10:00"), None);
        let row = Row {
            place: RowLocation {
                line: 1,
                index: Some(0),
            },
            content: Ok(record),
        };
        let mut out = Vec::new();
        row.write_json(&mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        let begin = "{\"line\":1,\"index\":0,\"record\":{\"statusReason\":\"x\\ny\"},\"mistakes\":[{\"field\":\"interviewDate\"";
        assert!(text.starts_with(begin) && text.ends_with("}]}\n"), "{text}");
        assert_eq!(text.matches('\n').count(), 1);
    }

    #[test]
    fn a_row_that_no_daemon_would_read_is_told_with_its_line() {
        for (length, read) in [(ROW_BYTES / 2, true), (ROW_BYTES, false)] {
            let mut record = Record::default();
            record.set(Field::StatusReason, Value::from("x".repeat(length)), None);
            let row = Row {
                place: RowLocation::line(7),
                content: Ok(record),
            };
            let mut out = b"before\n".to_vec();
            row.write_json(&mut out).unwrap();
            let text = String::from_utf8(out).unwrap();
            let row = text.strip_prefix("before\n{\"line\":7,").unwrap();
            assert_eq!(row.starts_with("\"record\""), read);
            assert_eq!(row.starts_with("\"problem\":{\"ja\":"), !read);
        }
    }

    #[test]
    fn a_problem_is_told_in_both_languages() {
        let row = Row {
            place: RowLocation::line(7),
            content: Err(Problem::Cells(2, 6)),
        };
        let mut out = Vec::new();
        row.write_json(&mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        for told in ["has 2 cells", "セルが 2 個", "\"line\":7"] {
            assert!(text.contains(told), "{text}");
        }
    }
}
