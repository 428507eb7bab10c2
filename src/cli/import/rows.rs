//! The rows of a file, one after the other, so that no file is too long: CSV as spreadsheets write
//! it, a JSON array, or one JSON document a line.
//!
//! What is wrong with the writing of a row is a row with a problem, not the end of the reading: an
//! admin wants to know all bad rows at once. What is wrong with its content is the daemon's to say.

use std::cell::Cell;
use std::collections::HashSet;
use std::fmt;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;

use clap::ValueEnum;
use csv::StringRecord;
use encoding_rs::{CoderResult, SHIFT_JIS, UTF_8};
use encoding_rs_io::DecodeReaderBytesBuilder;
use serde::de::{Deserializer, SeqAccess, Visitor};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use crate::http::interview_body::FIELDS;

/// The one field of a CSV file that is a number.
const NUMBER: &str = "durationMinutes";
/// Stands where bytes were no characters of their encoding.
const REPLACEMENT: char = '\u{fffd}';
/// Bytes that are looked at in one go.
const BLOCK: usize = 64 * 1024;

/// How a file is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// Comma-separated values with a header (RFC 4180)
    Csv,
    /// One JSON array of records
    Json,
    /// One record a line
    Ndjson,
}

impl Format {
    /// The format that a file's name announces.
    pub(super) fn of_name(path: &Path) -> Option<Self> {
        let extension = path.extension()?.to_str()?.to_ascii_lowercase();
        match extension.as_str() {
            "csv" => Some(Self::Csv),
            "json" => Some(Self::Json),
            "ndjson" | "jsonl" => Some(Self::Ndjson),
            _ => None,
        }
    }
}

/// The characters of a CSV file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Encoding {
    /// UTF-8, with or without a byte order mark
    #[value(name = "utf-8")]
    Utf8,
    /// As Japanese spreadsheets write it (Windows code page 932)
    #[value(name = "shift-jis", alias = "sjis", alias = "cp932")]
    ShiftJis,
}

/// One row.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Row {
    /// The line of the file on which it begins, from 1.
    line: u64,
    /// A JSON object in one line of text, or why the row is none.
    content: Result<String, String>,
}

impl Row {
    /// Writes it as the daemon reads it: one line of JSON.
    pub(super) fn write(&self, out: &mut Vec<u8>) -> io::Result<()> {
        use io::Write;
        let line = self.line;
        match &self.content {
            Ok(record) => writeln!(out, "{{\"line\":{line},\"record\":{record}}}"),
            Err(problem) => {
                let problem = Value::from(problem.as_str());
                writeln!(out, "{{\"line\":{line},\"problem\":{problem}}}")
            }
        }
    }
}

/// Gives every row of a file to `take`. The file is opened a second time when its characters have
/// to be recognised first.
///
/// # Errors
/// When the file cannot be read, or what `take` answers.
pub(super) fn read<R: Read>(
    open: impl Fn() -> io::Result<R>,
    format: Format,
    encoding: Option<Encoding>,
    take: &mut dyn FnMut(Row) -> io::Result<()>,
) -> io::Result<()> {
    match format {
        Format::Csv => {
            let encoding = match encoding {
                Some(encoding) => encoding,
                None => recognise(open()?)?,
            };
            let charset = match encoding {
                Encoding::Utf8 => UTF_8,
                Encoding::ShiftJis => SHIFT_JIS,
            };
            // A byte order mark is obeyed, whatever was said or recognised.
            let text = DecodeReaderBytesBuilder::new()
                .encoding(Some(charset))
                .bom_override(true)
                .build(open()?);
            read_csv(text, take)
        }
        Format::Json => read_json(open()?, take),
        Format::Ndjson => read_ndjson(open()?, take),
    }
}

/// UTF-8 when all of it is, the other one otherwise: Japanese text in the one is next to never
/// valid in the other.
fn recognise(mut file: impl Read) -> io::Result<Encoding> {
    let mut decoder = UTF_8.new_decoder();
    let mut block = vec![0; BLOCK];
    let mut text = vec![0; BLOCK * 3 + 16];
    loop {
        let length = file.read(&mut block)?;
        let last = length == 0;
        let (result, _, _, replaced) = decoder.decode_to_utf8(&block[..length], &mut text, last);
        if replaced {
            return Ok(Encoding::ShiftJis);
        }
        if last && result == CoderResult::InputEmpty {
            return Ok(Encoding::Utf8);
        }
    }
}

fn read_csv(text: impl Read, take: &mut dyn FnMut(Row) -> io::Result<()>) -> io::Result<()> {
    let text = LineFeeds {
        text,
        after_return: false,
        ended: false,
    };
    let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(text);
    let header = reader.headers().map_err(of_file)?.clone();
    if let Err(problem) = look_at_header(&header) {
        return take(Row {
            line: 1,
            content: Err(problem),
        });
    }
    let mut cells = StringRecord::new();
    while reader.read_record(&mut cells).map_err(of_file)? {
        // A spreadsheet writes rows of empty cells where somebody once typed and deleted.
        if cells.iter().all(str::is_empty) {
            continue;
        }
        // The reader knows where a record ends, but not how many blank lines stand before it.
        let breaks = cells.as_slice().bytes().filter(|byte| *byte == b'\n');
        take(Row {
            line: reader.position().line() - 1 - breaks.count() as u64,
            content: csv_record(&header, &cells),
        })?;
    }
    Ok(())
}

/// Ends every line, the last one too, with one line feed, whatever it ended with: only so does the
/// CSV reader count lines rightly.
struct LineFeeds<R> {
    text: R,
    after_return: bool,
    ended: bool,
}

impl<R: Read> Read for LineFeeds<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        while !self.ended && !into.is_empty() {
            let read = self.text.read(into)?;
            if read == 0 {
                self.ended = true;
                into[0] = b'\n';
                return Ok(1);
            }
            let mut kept = 0;
            for index in 0..read {
                let byte = into[index];
                let ended_before = byte == b'\n' && self.after_return;
                self.after_return = byte == b'\r';
                if !ended_before {
                    into[kept] = if self.after_return { b'\n' } else { byte };
                    kept += 1;
                }
            }
            // Nothing kept of something read is not the end.
            if kept > 0 {
                return Ok(kept);
            }
        }
        Ok(0)
    }
}

/// The text of the reader is UTF-8 already, and rows may have any length: only the file itself can
/// be at fault.
fn of_file(error: csv::Error) -> io::Error {
    match error.into_kind() {
        csv::ErrorKind::Io(error) => error,
        other => io::Error::other(format!("{other:?}")),
    }
}

fn look_at_header(header: &StringRecord) -> Result<(), String> {
    let known = FIELDS.join(", ");
    let mut seen = HashSet::new();
    for name in header {
        if !FIELDS.contains(&name) {
            return Err(format!(
                "the header has a column `{name}`; known are {known}"
            ));
        }
        if !seen.insert(name) {
            return Err(format!("the header has the column `{name}` twice"));
        }
    }
    let needed = ["id", "employeeId", "interviewType", "interviewDate"];
    match needed.into_iter().find(|name| !seen.contains(name)) {
        Some(name) => Err(format!("the header has no column `{name}`")),
        None => Ok(()),
    }
}

fn csv_record(header: &StringRecord, cells: &StringRecord) -> Result<String, String> {
    if cells.len() != header.len() {
        return Err(format!(
            "has {} cells, and the header has {}",
            cells.len(),
            header.len()
        ));
    }
    let mut record = Map::new();
    for (name, cell) in header.iter().zip(cells) {
        if cell.contains(REPLACEMENT) {
            return Err(format!(
                "{name}: has bytes that are no characters; say --encoding utf-8 or shift-jis"
            ));
        }
        if cell.is_empty() {
            continue;
        }
        let number = cell.parse::<u64>().ok().filter(|_| name == NUMBER);
        let value = number.map_or_else(|| Value::from(cell), Value::from);
        record.insert(name.to_owned(), value);
    }
    Ok(Value::Object(record).to_string())
}

fn read_ndjson(file: impl Read, take: &mut dyn FnMut(Row) -> io::Result<()>) -> io::Result<()> {
    let mut reader = BufReader::new(file);
    let mut bytes = Vec::new();
    for line in 1.. {
        bytes.clear();
        if reader.read_until(b'\n', &mut bytes)? == 0 {
            break;
        }
        let text = bytes.trim_ascii();
        let text = text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(text);
        if text.is_empty() {
            continue;
        }
        let content = match serde_json::from_slice::<&RawValue>(text) {
            Ok(record) => Ok(in_one_line(record)),
            Err(error) => Err(not_json(&error)),
        };
        take(Row { line, content })?;
    }
    Ok(())
}

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// What the JSON reader says, without its position: the row has a line of its own.
fn not_json(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let reason = text.split(" at line ").next().unwrap_or_default();
    format!("is not JSON: {reason}")
}

/// JSON may be broken into lines between its words, never within one.
fn in_one_line(record: &RawValue) -> String {
    record.get().replace(['\r', '\n'], " ")
}

fn read_json(file: impl Read, take: &mut dyn FnMut(Row) -> io::Result<()>) -> io::Result<()> {
    let line = Cell::new(1);
    let mut reader = BufReader::new(file);
    if reader.fill_buf()?.starts_with(BYTE_ORDER_MARK) {
        reader.consume(BYTE_ORDER_MARK.len());
    }
    let mut json = serde_json::Deserializer::from_reader(CountingLines {
        reader,
        line: &line,
    });
    let mut stopped = None;
    let elements = Elements {
        line: &line,
        take: &mut *take,
        stopped: &mut stopped,
    };
    let read = json.deserialize_seq(elements).and_then(|()| json.end());
    match (stopped, read) {
        (Some(error), _) => Err(error),
        (None, Err(error)) if error.is_io() => Err(error.into()),
        (None, Err(error)) => take(Row {
            line: line.get(),
            content: Err(if error.is_data() {
                "the file must be a JSON array of records".to_owned()
            } else {
                format!("from here on the file {}", not_json(&error))
            }),
        }),
        (None, Ok(())) => Ok(()),
    }
}

/// Counts the lines that were read so far.
struct CountingLines<'a, R> {
    reader: R,
    line: &'a Cell<u64>,
}

impl<R: BufRead> Read for CountingLines<'_, R> {
    /// One byte at a time, as the JSON reader asks for it: so the count is true at every moment.
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let length = into.len().min(1);
        let read = self.reader.read(&mut into[..length])?;
        if into[..read].contains(&b'\n') {
            self.line.set(self.line.get() + 1);
        }
        Ok(read)
    }
}

/// The elements of a JSON array, each given away as soon as it is read.
struct Elements<'a> {
    line: &'a Cell<u64>,
    take: &'a mut dyn FnMut(Row) -> io::Result<()>,
    stopped: &'a mut Option<io::Error>,
}

impl<'de> Visitor<'de> for Elements<'_> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an array of records")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<(), A::Error> {
        while let Some(record) = elements.next_element::<Box<RawValue>>()? {
            let lines = record.get().bytes().filter(|byte| *byte == b'\n').count();
            let row = Row {
                line: self.line.get() - lines as u64,
                content: Ok(in_one_line(&record)),
            };
            if let Err(error) = (self.take)(row) {
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

    const HEADER: &str = "id,employeeId,employeeName,interviewType,interviewDate,durationMinutes";

    fn rows(bytes: &[u8], format: Format, encoding: Option<Encoding>) -> Vec<Row> {
        let mut rows = Vec::new();
        read(|| Ok(bytes), format, encoding, &mut |row| {
            rows.push(row);
            Ok(())
        })
        .unwrap();
        rows
    }

    fn csv(text: &str) -> Vec<Row> {
        rows(text.as_bytes(), Format::Csv, None)
    }

    fn record(row: &Row) -> Value {
        serde_json::from_str(row.content.as_ref().unwrap()).unwrap()
    }

    fn problem(row: &Row) -> &str {
        row.content.as_ref().unwrap_err()
    }

    #[test]
    fn a_csv_is_read_as_rfc_4180_says() {
        let text = format!(
            "{HEADER}\r\nint-1,EMP-1,\"山田, \"\"太郎\"\"\",regular,2025-10-28T10:00:00Z,45\r\n\
             int-2,EMP-2,\"two\r\nlines\",support,x,\r\n,,,,,\r\nint-3,EMP-3,,support,x,4x\r\n"
        );
        let rows = csv(&text);
        assert_eq!(
            rows.iter().map(|row| row.line).collect::<Vec<_>>(),
            [2, 3, 6]
        );
        assert_eq!(
            record(&rows[0]),
            serde_json::json!({"id": "int-1", "employeeId": "EMP-1", "employeeName": "山田, \"太郎\"",
                "interviewType": "regular", "interviewDate": "2025-10-28T10:00:00Z",
                "durationMinutes": 45})
        );
        assert_eq!(record(&rows[1])["employeeName"], "two\nlines");
        assert!(record(&rows[1]).get("durationMinutes").is_none());
        assert_eq!(record(&rows[2])["durationMinutes"], "4x");
    }

    #[test]
    fn lines_are_counted_however_they_end_and_over_blank_ones() {
        for end in ["\n", "\r\n", "\r"] {
            let text = [HEADER, "a,b,c,d,e,1", "", "", "a,b,c,d,\"e\ne\",2", "a,b"].join(end);
            let lines: Vec<_> = csv(&text).iter().map(|row| row.line).collect();
            assert_eq!(lines, [2, 5, 7], "{end:?}");
        }
    }

    #[test]
    fn shift_jis_utf_8_and_byte_order_marks_are_recognised() {
        let text = format!("{HEADER}\nint-1,EMP-1,髙橋 ①ﾀﾛｳ,regular,x,\n");
        let (shift_jis, _, lossy) = SHIFT_JIS.encode(&text);
        assert!(!lossy);
        let with_mark = [BYTE_ORDER_MARK, text.as_bytes()].concat();
        let utf_16 = [0xff, 0xfe]
            .into_iter()
            .chain(text.encode_utf16().flat_map(u16::to_le_bytes))
            .collect();
        for bytes in [
            text.clone().into_bytes(),
            shift_jis.into(),
            with_mark,
            utf_16,
        ] {
            let rows = rows(&bytes, Format::Csv, None);
            assert_eq!(record(&rows[0])["employeeName"], "髙橋 ①ﾀﾛｳ");
        }
    }

    #[test]
    fn a_character_cut_in_two_by_a_block_is_still_recognised() {
        for padding in 0..4 {
            let name = "あ".repeat(BLOCK);
            let text = format!(
                "{HEADER}\n{}int-1,EMP-1,{name},regular,x,\n",
                "\n".repeat(padding)
            );
            assert_eq!(record(&csv(&text)[0])["employeeName"], name);
        }
    }

    #[test]
    fn wrong_bytes_are_told_and_not_replaced() {
        let mut bytes = format!("{HEADER}\nint-1,EMP-1,").into_bytes();
        bytes.extend(b"\xff\xff,regular,x,\n");
        for encoding in [None, Some(Encoding::Utf8), Some(Encoding::ShiftJis)] {
            let rows = rows(&bytes, Format::Csv, encoding);
            assert!(problem(&rows[0]).contains("employeeName"), "{rows:?}");
        }
    }

    #[test]
    fn a_header_and_rows_that_do_not_fit_are_told() {
        for (header, told) in [
            ("id,employeeId,interviewType,interviewDate,colour", "colour"),
            ("id,id,employeeId,interviewType,interviewDate", "twice"),
            ("id,interviewType,interviewDate", "employeeId"),
            ("", "id"),
        ] {
            let rows = csv(&format!("{header}\na,b,c,d,e\n"));
            assert_eq!((rows.len(), rows[0].line), (1, 1));
            assert!(problem(&rows[0]).contains(told), "{rows:?}");
        }
        let short = csv(&format!("{HEADER}\nint-1,EMP-1\n"));
        assert_eq!(problem(&short[0]), "has 2 cells, and the header has 6");
    }

    #[test]
    fn ndjson_and_json_tell_the_line_of_each_record() {
        let text = "\u{feff}{\"id\":\"a\"}\n\n  {\"id\": \"b\"} \r\n{\"id\":\n[1,\n";
        let rows = rows(text.as_bytes(), Format::Ndjson, None);
        let lines: Vec<_> = rows
            .iter()
            .map(|row| (row.line, row.content.is_ok()))
            .collect();
        assert_eq!(lines, [(1, true), (3, true), (4, false), (5, false)]);

        let text =
            "\u{feff}[\n  {\"id\":\n   \"a\"},\n\n  {\"id\": \"b\"}, {\"id\": 1},\n \"x\"\n]\n";
        let rows = self::rows(text.as_bytes(), Format::Json, None);
        let lines: Vec<_> = rows.iter().map(|row| row.line).collect();
        assert_eq!(lines, [2, 5, 5, 6]);
        assert_eq!(record(&rows[0])["id"], "a");
    }

    #[test]
    fn json_that_breaks_off_or_is_no_array_is_told() {
        for (text, line) in [
            ("[{\"id\":\"a\"},\n{\"id\"", 2),
            ("{}", 1),
            ("", 1),
            ("[] []", 1),
        ] {
            let rows = rows(text.as_bytes(), Format::Json, None);
            let last = rows.last().unwrap();
            assert_eq!(last.line, line, "{text}");
            problem(last);
        }
    }

    #[test]
    fn a_row_is_one_line_for_the_daemon() {
        let rows = rows(b"[{\"a\":\n\"x\\ny\"}]", Format::Json, None);
        let mut out = Vec::new();
        rows[0].write(&mut out).unwrap();
        assert_eq!(out, b"{\"line\":1,\"record\":{\"a\": \"x\\ny\"}}\n");
    }
}
