//! A JSON array of records, read as a stream: memory does not grow with the file.

use std::cell::Cell;
use std::fmt;
use std::io::{self, BufRead, Read};

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::Value;
use serde_json::value::RawValue;

use super::problem::Problem;
use super::reading::{Reading, RowSink};
use super::row::{Row, RowLocation};

/// Passes every element of the array to `sink`.
///
/// # Errors
/// When the file cannot be read, or the error of `sink`.
pub(super) fn read_rows(
    text: impl BufRead,
    reading: &mut Reading,
    sink: &mut RowSink<'_>,
) -> io::Result<()> {
    let line = Cell::new(1);
    let mut json = serde_json::Deserializer::from_reader(CountingLines { text, line: &line });
    let mut stopped = None;
    let elements = Elements {
        line: &line,
        reading,
        sink: &mut *sink,
        stopped: &mut stopped,
    };
    let read = json.deserialize_seq(elements).and_then(|()| json.end());
    match (stopped, read) {
        (Some(error), _) => Err(error),
        (None, Err(error)) if error.is_io() => Err(error.into()),
        (None, Err(error)) => sink(Row {
            place: RowLocation::line(line.get()),
            content: Err(if error.is_data() {
                Problem::NoArray
            } else {
                Problem::BrokenOff(without_position(&error))
            }),
        }),
        (None, Ok(())) => Ok(()),
    }
}

/// Parses one record.
pub(super) fn parse_row(text: &str, place: RowLocation, reading: &mut Reading) -> Row {
    let content = match serde_json::from_str::<Members>(text) {
        Ok(Members(members)) => Ok(reading.record(place, members)),
        Err(error) if error.is_data() => Err(Problem::NoObject),
        Err(error) => Err(Problem::NotJson(without_position(&error))),
    };
    Row { place, content }
}

/// The message of `serde_json` without its line and column, which are relative to the row.
fn without_position(error: &serde_json::Error) -> String {
    let text = error.to_string();
    text.split(" at line ")
        .next()
        .unwrap_or_default()
        .to_owned()
}

/// The members of an object, including repeated names.
struct Members(Vec<(String, Value)>);

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(MembersVisitor)
    }
}

struct MembersVisitor;

impl<'de> Visitor<'de> for MembersVisitor {
    type Value = Members;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members, A::Error> {
        let mut members = Vec::new();
        while let Some(member) = map.next_entry()? {
            members.push(member);
        }
        Ok(Members(members))
    }
}

/// Counts the lines that were read.
struct CountingLines<'a, R> {
    text: R,
    line: &'a Cell<u64>,
}

impl<R: BufRead> Read for CountingLines<'_, R> {
    /// Returns one byte at a time, as `serde_json` asks for it, so that the count is always exact.
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let length = into.len().min(1);
        let read = self.text.read(&mut into[..length])?;
        if into[..read].contains(&b'\n') {
            self.line.set(self.line.get() + 1);
        }
        Ok(read)
    }
}

/// The elements of the array.
struct Elements<'a, 'b> {
    line: &'a Cell<u64>,
    reading: &'a mut Reading,
    sink: &'a mut RowSink<'b>,
    stopped: &'a mut Option<io::Error>,
}

impl<'de> Visitor<'de> for Elements<'_, '_> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an array of records")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<(), A::Error> {
        let mut index = 0;
        while let Some(record) = elements.next_element::<Box<RawValue>>()? {
            let lines = record.get().bytes().filter(|byte| *byte == b'\n').count();
            let place = RowLocation {
                line: self.line.get() - lines as u64,
                index: Some(index),
            };
            index += 1;
            let row = parse_row(record.get(), place, self.reading);
            if let Err(error) = (self.sink)(row) {
                *self.stopped = Some(error);
                return Err(serde::de::Error::custom("stopped"));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(text: &str) -> Vec<Row> {
        let mut rows = Vec::new();
        read_rows(text.as_bytes(), &mut Reading::default(), &mut |row| {
            rows.push(row);
            Ok(())
        })
        .unwrap();
        rows
    }

    #[test]
    fn every_record_has_its_line_and_its_index() {
        let text = "[\n  {\"id\":\n   \"a\"},\n\n  {\"id\": \"b\"}, {\"id\": 1},\n \"x\"\n]\n";
        let rows = rows(text);
        let places: Vec<_> = rows
            .iter()
            .map(|row| (row.place.line, row.place.index))
            .collect();
        assert_eq!(
            places,
            [(2, Some(0)), (5, Some(1)), (5, Some(2)), (6, Some(3))]
        );
        assert_eq!(rows[0].content.as_ref().unwrap().fields()["id"], "a");
        assert_eq!(rows[3].content.as_ref().unwrap_err(), &Problem::NoObject);
    }

    #[test]
    fn json_that_breaks_off_or_is_no_array_is_told() {
        for (text, line) in [
            ("[{\"id\":\"a\"},\n{\"id\"", 2),
            ("{}", 1),
            ("", 1),
            ("[] []", 1),
        ] {
            let rows = rows(text);
            let last = rows.last().unwrap();
            assert_eq!(last.place.line, line, "{text}");
            assert!(last.content.is_err());
        }
    }

    #[test]
    fn names_are_known_in_every_spelling_and_told_when_they_are_not() {
        let mut reading = Reading::default();
        let text = r#"{"employee_id":"E","employeeId":"F","duration":30,"notes":"","colour":1}"#;
        let row = parse_row(text, RowLocation::line(4), &mut reading);
        let record = row.content.unwrap();
        assert_eq!(record.fields()["employeeId"], "E");
        assert_eq!(record.mistakes().len(), 2);
        assert_eq!(reading.notes.unused, ["duration", "notes"]);
    }
}
