//! How rows are written: CSV for a spreadsheet, JSON, or NDJSON.

use std::borrow::Cow;
use std::io::{self, Write};
use std::path::Path;

use clap::ValueEnum;
use serde_json::{Map, Value};

use crate::import::harmless_cell;
use crate::timestamp::Timestamp;
use crate::zone::Zone;

/// How a file is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum Format {
    /// Cells under a header, for a spreadsheet
    Csv,
    /// One JSON array
    Json,
    /// One JSON object a line
    Ndjson,
}

impl Format {
    /// The format that a file's name announces.
    pub(in crate::cli) fn of_name(path: &Path) -> Option<Self> {
        let extension = path.extension()?.to_str()?.to_ascii_lowercase();
        match extension.as_str() {
            "csv" => Some(Self::Csv),
            "json" => Some(Self::Json),
            "ndjson" | "jsonl" => Some(Self::Ndjson),
            _ => None,
        }
    }

    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Json => "json",
            Self::Ndjson => "ndjson",
        }
    }
}

/// What stands in a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Text,
    Number,
    Moment,
}

/// A column: its name, which is that of the API.
#[derive(Clone, Copy, Debug)]
pub(in crate::cli) struct Column {
    name: &'static str,
    kind: Kind,
}

const fn column(name: &'static str, kind: Kind) -> Column {
    Column { name, kind }
}

/// What is written of a delivery.
pub(super) const DELIVERIES: [Column; 16] = [
    column("id", Kind::Text),
    column("event", Kind::Text),
    column("staffId", Kind::Text),
    column("eventTimestamp", Kind::Moment),
    column("acceptedAt", Kind::Moment),
    column("status", Kind::Text),
    column("route", Kind::Text),
    column("payloadSize", Kind::Number),
    column("retryCount", Kind::Number),
    column("nextRetryAt", Kind::Moment),
    column("firstSentAt", Kind::Moment),
    column("lastAttemptAt", Kind::Moment),
    column("httpStatusCode", Kind::Number),
    column("processingTime", Kind::Number),
    column("cause", Kind::Text),
    column("errorMessage", Kind::Text),
];

/// What is written of an interview record.
pub(super) const INTERVIEWS: [Column; 16] = [
    column("id", Kind::Text),
    column("employeeId", Kind::Text),
    column("employeeName", Kind::Text),
    column("interviewerId", Kind::Text),
    column("interviewType", Kind::Text),
    column("interviewDate", Kind::Moment),
    column("interviewStatus", Kind::Text),
    column("durationMinutes", Kind::Number),
    column("voicedriveSyncId", Kind::Text),
    column("rescheduledFromId", Kind::Text),
    column("facilityId", Kind::Text),
    column("departmentId", Kind::Text),
    column("completedAt", Kind::Moment),
    column("statusReason", Kind::Text),
    column("createdAt", Kind::Moment),
    column("updatedAt", Kind::Moment),
];

/// What is written of an action that the audit has.
pub(in crate::cli) const ACTIONS: [Column; 8] = [
    column("at", Kind::Moment),
    column("who", Kind::Text),
    column("via", Kind::Text),
    column("client", Kind::Text),
    column("action", Kind::Text),
    column("subject", Kind::Text),
    column("count", Kind::Number),
    column("reason", Kind::Text),
];

/// Rows on their way into a file.
pub(in crate::cli) struct Sheet<W> {
    out: W,
    format: Format,
    columns: &'static [Column],
    /// Whose clock the times of a spreadsheet show.
    zone: Zone,
    rows: u64,
}

impl<W: Write> Sheet<W> {
    pub(in crate::cli) fn new(
        out: W,
        format: Format,
        columns: &'static [Column],
        zone: Zone,
    ) -> Self {
        Self {
            out,
            format,
            columns,
            zone,
            rows: 0,
        }
    }

    /// Writes a row, of what the daemon says of it.
    pub(in crate::cli) fn put(&mut self, row: &Value) -> io::Result<()> {
        if self.rows == 0 {
            self.begin()?;
        }
        self.rows += 1;
        match self.format {
            Format::Csv => self.put_cells(row),
            Format::Ndjson => writeln!(self.out, "{}", self.object(row)),
            Format::Json => {
                let before = if self.rows == 1 { "" } else { "," };
                write!(self.out, "{before}\n{}", self.object(row))
            }
        }
    }

    /// Ends the writing. A file without rows has its header all the same.
    pub(in crate::cli) fn finish(mut self) -> io::Result<W> {
        if self.rows == 0 {
            self.begin()?;
        }
        if self.format == Format::Json {
            self.out.write_all(b"\n]\n")?;
        }
        self.out.flush()?;
        Ok(self.out)
    }

    fn begin(&mut self) -> io::Result<()> {
        match self.format {
            Format::Csv => {
                let names: Vec<_> = self.columns.iter().map(|column| column.name).collect();
                // Without the mark a Japanese spreadsheet takes it for Shift_JIS.
                write!(self.out, "\u{feff}{}\r\n", names.join(","))
            }
            Format::Json => self.out.write_all(b"["),
            Format::Ndjson => Ok(()),
        }
    }

    fn object(&self, row: &Value) -> Value {
        let columns = self.columns.iter();
        let members = columns.map(|Column { name, .. }| ((*name).to_owned(), row[*name].clone()));
        Value::Object(members.collect::<Map<_, _>>())
    }

    fn put_cells(&mut self, row: &Value) -> io::Result<()> {
        for (number, column) in self.columns.iter().enumerate() {
            if number > 0 {
                self.out.write_all(b",")?;
            }
            let cell = cell(column.kind, &row[column.name], self.zone);
            self.out.write_all(quoted(&cell).as_bytes())?;
        }
        self.out.write_all(b"\r\n")
    }
}

fn cell(kind: Kind, value: &Value, zone: Zone) -> String {
    let Some(text) = value.as_str() else {
        return match value {
            Value::Null => String::new(),
            other => other.to_string(),
        };
    };
    match kind {
        Kind::Moment => {
            Timestamp::parse(text).map_or_else(|_| text.to_owned(), |moment| zone.written(moment))
        }
        Kind::Text | Kind::Number => harmless_cell::written(text).into_owned(),
    }
}

/// The cell between quotes, where it needs them.
fn quoted(cell: &str) -> Cow<'_, str> {
    let needs = cell.contains([',', '"', '\r', '\n', '\t', ';'])
        || cell.starts_with(' ')
        || cell.ends_with(' ');
    if needs {
        Cow::Owned(format!("\"{}\"", cell.replace('"', "\"\"")))
    } else {
        Cow::Borrowed(cell)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn sheet(format: Format, rows: &[Value]) -> String {
        let mut sheet = Sheet::new(Vec::new(), format, &INTERVIEWS, Zone::TOKYO);
        for row in rows {
            sheet.put(row).unwrap();
        }
        String::from_utf8(sheet.finish().unwrap()).unwrap()
    }

    fn row(name: &str) -> Value {
        let mut row = json!({});
        for Column { name, .. } in INTERVIEWS {
            row[name] = Value::Null;
        }
        row["id"] = json!("int-1");
        row["employeeName"] = json!(name);
        row["interviewDate"] = json!("2025-10-28T01:00:00.123Z");
        row["durationMinutes"] = json!(45);
        row
    }

    #[test]
    fn a_spreadsheet_finds_a_mark_a_header_and_the_clock_on_the_wall() {
        let written = sheet(Format::Csv, &[row("山田, \"太郎\"\r\n(1)")]);
        let lines: Vec<_> = written.split("\r\n").collect();
        assert!(lines[0].starts_with("\u{feff}id,employeeId,employeeName,"));
        assert_eq!(lines[1], "int-1,,\"山田, \"\"太郎\"\"");
        assert_eq!(
            lines[2],
            "(1)\",,,2025-10-28T10:00:00.123+09:00,,45,,,,,,,,"
        );
        assert_eq!(lines[3..], [""]);
        assert!(sheet(Format::Csv, &[]).ends_with(",updatedAt\r\n"));
    }

    #[test]
    fn json_is_an_array_and_ndjson_has_a_line_for_each_row() {
        for rows in [vec![], vec![row("a")], vec![row("a"), row("=1")]] {
            let array: Vec<Value> = serde_json::from_str(&sheet(Format::Json, &rows)).unwrap();
            assert_eq!(array, rows);
            let lines = sheet(Format::Ndjson, &rows);
            let lines: Vec<Value> = lines
                .lines()
                .map(|line| serde_json::from_str(line).unwrap())
                .collect();
            assert_eq!(lines, rows);
        }
    }

    #[test]
    fn what_the_daemon_says_beyond_the_columns_is_not_written() {
        let mut more = row("a");
        more["data"] = json!({"secret": true});
        for format in Format::value_variants() {
            assert!(!sheet(*format, &[more.clone()]).contains("secret"));
        }
    }

    #[test]
    fn a_name_says_how_a_file_is_written() {
        for (name, format) in [
            ("a.csv", Some(Format::Csv)),
            ("a.b.JSON", Some(Format::Json)),
            ("a.ndjson", Some(Format::Ndjson)),
            ("a.xlsx", None),
            ("csv", None),
            ("-", None),
        ] {
            assert_eq!(Format::of_name(Path::new(name)), format, "{name}");
        }
    }
}
