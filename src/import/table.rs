//! A CSV or TSV file: a header, and rows of cells under it.

use std::io::{self, BufRead};

use serde_json::Value;

use super::cells::{Cells, Dialect, Fault, Reader};
use super::dates;
use super::header::Column;
use super::problem::Problem;
use super::reading::{Reading, Take};
use super::record::Record;
use super::row::{Notes, Row, RowLocation};
use crate::interview::field::Field;
use crate::interview::field_error::Why;

/// How a spreadsheet says in the first line what separates the cells.
const SEPARATOR_LINE: &str = "sep=";

/// What the first lines and the nothing-words of a file say about its writing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Layout {
    dialect: Dialect,
    /// Whether a line before the header has only said what separates the cells.
    separator_line: bool,
}

impl Layout {
    /// Looks through the text of a file. `tabs` says that its cells are separated by tabs.
    ///
    /// # Errors
    /// When it cannot be read.
    pub(super) fn of(mut text: impl BufRead, tabs: bool) -> io::Result<Self> {
        let mut first = String::new();
        while first.trim().is_empty() && text.read_line(&mut first)? > 0 {}
        let said = first.trim().strip_prefix(SEPARATOR_LINE);
        let said = said.and_then(|said| said.bytes().next());
        let delimiter = if tabs {
            b'\t'
        } else {
            said.unwrap_or_else(|| most_frequent_delimiter(&first))
        };
        let written_by = match Writer::of_line(first.as_bytes(), delimiter) {
            Writer::Any => Writer::of_text(text, delimiter)?,
            writer => writer,
        };
        let dialect = Dialect {
            delimiter,
            escapes: written_by != Writer::Any,
            quotes: written_by != Writer::MysqlCommand,
        };
        Ok(Self {
            dialect,
            separator_line: said.is_some(),
        })
    }
}

fn most_frequent_delimiter(line: &str) -> u8 {
    let count = |delimiter: u8| {
        let mut quoted = false;
        line.bytes()
            .filter(|byte| {
                quoted ^= *byte == b'"';
                !quoted && *byte == delimiter
            })
            .count()
    };
    // The last one wins a draw.
    [b';', b'\t', b',']
        .into_iter()
        .max_by_key(|delimiter| count(*delimiter))
        .unwrap_or(b',')
}

/// Who has written a file, as its words for nothing show. `MySQL` writes a backslash before what has a
/// meaning; elsewhere a backslash is itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Writer {
    /// A spreadsheet, or a program that writes as one.
    Any,
    /// `INTO OUTFILE`, which writes `\N`.
    MysqlServer,
    /// The `mysql` command, which writes `NULL` between tabs.
    MysqlCommand,
}

impl Writer {
    fn of_line(line: &[u8], delimiter: u8) -> Self {
        let cells = line.trim_ascii_end().split(|byte| *byte == delimiter);
        for cell in cells {
            match cell {
                b"\\N" => return Self::MysqlServer,
                b"NULL" if delimiter == b'\t' => return Self::MysqlCommand,
                _ => {}
            }
        }
        Self::Any
    }

    /// The first line that shows it decides.
    fn of_text(mut text: impl BufRead, delimiter: u8) -> io::Result<Self> {
        let mut line = Vec::new();
        while text.read_until(b'\n', &mut line)? > 0 {
            match Self::of_line(&line, delimiter) {
                Self::Any => line.clear(),
                writer => return Ok(writer),
            }
        }
        Ok(Self::Any)
    }
}

/// What stands under a column of the header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Under {
    Field(Field),
    /// Something that the relay has no use for.
    Unused,
    /// Nothing, as under the empty columns that spreadsheets leave at the right.
    Nothing,
}

/// What is wrong with a header.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct HeaderFault {
    /// The line on which it stands.
    pub line: u64,
    pub unknown: Vec<String>,
    pub twice: Vec<String>,
    pub missing: Vec<Field>,
    /// A quote in it is never closed, or text stands behind one.
    pub quotes: bool,
    /// Not a single name in it is known: it is no header, and its texts may be somebody's.
    pub no_header: bool,
}

impl HeaderFault {
    fn is_none(&self) -> bool {
        !self.quotes && self.unknown.is_empty() && self.twice.is_empty() && self.missing.is_empty()
    }
}

/// The columns of a file.
#[derive(Debug, PartialEq, Eq)]
struct Header(Vec<Under>);

impl Header {
    fn of<'a>(
        line: u64,
        names: impl Iterator<Item = &'a str>,
        notes: &mut Notes,
    ) -> Result<Self, HeaderFault> {
        let mut fault = HeaderFault {
            line,
            ..HeaderFault::default()
        };
        let mut columns = Vec::new();
        for name in names {
            let column = Column::named(name);
            columns.push(match column {
                _ if name.is_empty() => Under::Nothing,
                Column::Field(field) => {
                    if columns.contains(&Under::Field(field)) {
                        fault.twice.push(name.to_owned());
                    }
                    Under::Field(field)
                }
                _ if notes.is_unused(name, column) => Under::Unused,
                _ => {
                    fault.unknown.push(name.to_owned());
                    Under::Unused
                }
            });
        }
        let known = |under: &Under| matches!(under, Under::Field(_));
        fault.no_header = !columns.iter().any(known);
        let needed = Field::NEEDED.into_iter();
        let missing = needed.filter(|field| !columns.contains(&Under::Field(*field)));
        fault.missing = missing.collect();
        if fault.is_none() {
            Ok(Self(columns))
        } else {
            Err(fault)
        }
    }
}

/// How `mysql -B` writes what would end a cell or a row, and a backslash.
const MYSQL_ESCAPES: [&str; 4] = ["\\n", "\\t", "\\0", "\\\\"];

/// A file whose header is understood.
pub(super) struct Table<R> {
    reader: Reader<R>,
    header: Header,
    delimiter: u8,
    /// Whether `mysql -B` may have written it, though nothing shows it.
    maybe_mysql: bool,
}

impl<R: BufRead> Table<R> {
    /// Reads the header, or takes `columns` for it, which are separated by commas.
    ///
    /// # Errors
    /// When the file cannot be read; within, what is wrong with its header.
    pub(super) fn open(
        mut text: R,
        layout: Layout,
        columns: Option<&str>,
        notes: &mut Notes,
    ) -> io::Result<Result<Self, HeaderFault>> {
        let mut line = 1;
        if layout.separator_line {
            text.read_line(&mut String::new())?;
            line += 1;
        }
        let mut reader = Reader::new(text, layout.dialect, line);
        let header = match columns {
            Some(columns) => Header::of(0, columns.split(',').map(str::trim), notes),
            None => read_header(&mut reader, notes)?,
        };
        let Dialect {
            delimiter, escapes, ..
        } = layout.dialect;
        Ok(header.map(|header| Self {
            reader,
            header,
            delimiter,
            maybe_mysql: delimiter == b'\t' && !escapes,
        }))
    }

    /// Gives every row to `take`.
    ///
    /// # Errors
    /// When the file cannot be read, or what `take` answers.
    pub(super) fn read(mut self, reading: &mut Reading, take: &mut Take<'_>) -> io::Result<()> {
        let mut cells = Cells::default();
        while self.reader.next(&mut cells)? {
            let place = RowLocation::line(cells.line);
            let content = self.record(&cells, reading);
            if let Ok(record) = &content {
                reading.notes.look_at(place, record);
            }
            if self.maybe_mysql && reading.notes.backslash.is_none() && self.has_escape(&cells) {
                reading.notes.backslash = Some(place);
            }
            take(Row { place, content })?;
        }
        Ok(())
    }

    fn has_escape(&self, cells: &Cells) -> bool {
        let mut under = self.header.0.iter().zip(cells.iter());
        under.any(|(under, cell)| {
            matches!(under, Under::Field(_)) && MYSQL_ESCAPES.iter().any(|e| cell.contains(e))
        })
    }

    /// Whether two stray quotes have made a row, or the rest of one, a part of the cell in this column. A text of several
    /// lines has no date where the row would have its own.
    fn holds_a_row(&self, column: usize, cell: &str) -> bool {
        let date = Under::Field(Field::InterviewDate);
        let Some(of_date) = self.header.0.iter().position(|under| *under == date) else {
            return false;
        };
        let delimiter = char::from(self.delimiter);
        let mut lines = cell.split('\n');
        let rest_of_row = lines.next().filter(|_| cell.contains('\n'));
        let rest_of_row =
            rest_of_row.and_then(|rest| rest.split(delimiter).nth(of_date.checked_sub(column)?));
        let rows = lines.filter_map(|line| line.split(delimiter).nth(of_date));
        rest_of_row.into_iter().chain(rows).any(is_date)
    }

    fn record(&self, cells: &Cells, reading: &Reading) -> Result<Record, Problem> {
        match cells.fault {
            Some(Fault::NeverClosed) => return Err(Problem::QuoteNeverClosed),
            Some(Fault::TextBehindQuote) => return Err(Problem::TextBehindQuote),
            None => {}
        }
        let width = self.header.0.len();
        // More cells may stand at the right, where somebody once typed and deleted.
        if cells.len() < width || !cells.iter().skip(width).all(str::is_empty) {
            return Err(Problem::Cells(cells.len(), width));
        }
        let mut numbered = (0..).zip(cells.iter());
        if cells.has_line_feed() && numbered.any(|(column, cell)| self.holds_a_row(column, cell)) {
            return Err(Problem::RowInCell);
        }
        let mut record = Record::default();
        for (number, (under, cell)) in (1..).zip(self.header.0.iter().zip(cells.iter())) {
            match under {
                Under::Field(field) => record.put(*field, Value::from(cell), reading.zone),
                Under::Unused => {}
                Under::Nothing if cell.is_empty() => {}
                Under::Nothing => return Err(Problem::UnderNoName(number)),
            }
        }
        Ok(record)
    }
}

fn read_header<R: BufRead>(
    reader: &mut Reader<R>,
    notes: &mut Notes,
) -> io::Result<Result<Header, HeaderFault>> {
    let mut cells = Cells::default();
    let found = reader.next(&mut cells)?;
    if found && cells.fault.is_none() {
        return Ok(Header::of(cells.line, cells.iter(), notes));
    }
    Ok(Err(HeaderFault {
        line: cells.line,
        quotes: found,
        missing: Field::NEEDED.to_vec(),
        ..HeaderFault::default()
    }))
}

fn is_date(text: &str) -> bool {
    matches!(dates::read(text.trim(), None), Ok(_) | Err(Why::NoZone))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::language::Language;

    const HEADER: &str = "id,employeeId,employeeName,interviewType,interviewDate,durationMinutes";

    fn rows_with(text: &str, columns: Option<&str>) -> Result<(Vec<Row>, Reading), HeaderFault> {
        let layout = Layout::of(text.as_bytes(), false).unwrap();
        let mut reading = Reading::default();
        let table = Table::open(text.as_bytes(), layout, columns, &mut reading.notes).unwrap()?;
        let mut rows = Vec::new();
        table
            .read(&mut reading, &mut |row| {
                rows.push(row);
                Ok(())
            })
            .unwrap();
        Ok((rows, reading))
    }

    fn rows(text: &str) -> Vec<Row> {
        rows_with(text, None).unwrap().0
    }

    fn fields(row: &Row) -> String {
        Value::Object(row.content.as_ref().unwrap().fields().clone()).to_string()
    }

    fn problem(row: &Row) -> &Problem {
        row.content.as_ref().unwrap_err()
    }

    const RECORD: &str = r#"{"id":"a","employeeId":"E","interviewType":"t","interviewDate":"2025-10-28T01:00:00.000Z"}"#;

    #[test]
    fn commas_semicolons_tabs_and_a_separator_line_are_recognised() {
        let header = "id,employee_id,interview_type,interview_date";
        let row = "a,E,t,2025-10-28T01:00:00Z";
        for separator in [",", ";", "\t"] {
            let text = format!("{header}\n{row}\n").replace(',', separator);
            assert_eq!(fields(&rows(&text)[0]), RECORD, "{separator:?}");
        }
        let text = format!("sep=;\n{header}\n{row}\n").replace(',', ";");
        let rows = rows(&text);
        assert_eq!((rows[0].place.line, fields(&rows[0]).as_str()), (3, RECORD));
    }

    #[test]
    fn empty_columns_at_the_right_are_nothing() {
        let header = "id,employeeId,interviewType,interviewDate";
        for (first, rest) in [(",,", ",,"), ("", ",,"), (",,", ",,,")] {
            let text = format!("{header}{first}\na,E,t,2025-10-28T01:00:00Z{rest}\n");
            assert_eq!(fields(&rows(&text)[0]), RECORD);
        }
        let text = format!("{header},\na,E,t,2025-10-28T01:00:00Z,x\n{header},y\n");
        let rows = rows(&text);
        assert_eq!(problem(&rows[0]), &Problem::UnderNoName(5));
    }

    #[test]
    fn a_row_that_does_not_fit_the_header_is_told() {
        let rows = rows(&format!("{HEADER}\n,,,,,\n\na,b\na,b,c,d,e,1,x\na,\"b\n"));
        let told: Vec<_> = rows
            .iter()
            .map(|row| (row.place.line, problem(row)))
            .collect();
        assert_eq!(
            told,
            [
                (4, &Problem::Cells(2, 6)),
                (5, &Problem::Cells(7, 6)),
                (6, &Problem::QuoteNeverClosed)
            ]
        );
    }

    #[test]
    fn two_stray_quotes_swallow_no_row() {
        let header = "id,employeeId,interviewType,interviewDate,statusReason";
        let row = |id: &str, reason: &str| format!("{id},E,t,2025/10/28 10:00,{reason}\n");
        for (text, swallows) in [
            (row("a", "\"x") + &row("b", "y") + &row("c", "z\""), true),
            (row("a", "\"x") + &row("b", "y\""), true),
            (
                row("a", "x").replace(",E", ",\"E") + &row("b", "y").replace("E,", "E\","),
                true,
            ),
            (row("\"a", "x") + &row("b\"", "y"), true),
            (
                row("a", "\"one\ntwo, three, four, five, six\n\"") + &row("b", ""),
                false,
            ),
            (row("a", "\"moved from\n2025/10/28 10:00\""), false),
        ] {
            let rows = rows(&format!("{header}\n{text}"));
            let told = matches!(rows[0].content, Err(Problem::RowInCell));
            assert_eq!(told, swallows, "{text}");
        }
    }

    #[test]
    fn everything_that_is_wrong_with_a_header_is_told_at_once() {
        let text = "\nid,ID,employeeId,colour,taste\na,b,c,d,e\n";
        let fault = rows_with(text, None).unwrap_err();
        assert_eq!(fault.line, 2);
        let told = fault.describe(Language::En);
        for word in [
            "colour, taste",
            "twice: ID",
            "no column interviewType, interviewDate",
        ] {
            assert!(told.contains(word), "{told}");
        }
        let told = fault.describe(Language::Ja);
        assert!(
            told.contains("種別、面談日時") && told.contains("使える列は"),
            "{told}"
        );
        let no_header = rows_with("int-1,EMP-1,山田\n", None).unwrap_err();
        let told = no_header.describe(Language::En);
        assert!(
            told.contains("--columns") && !told.contains("山田"),
            "{told}"
        );
        for text in ["id,\"employeeId\n", "", "\n\n"] {
            assert!(rows_with(text, None).is_err(), "{text:?}");
        }
    }

    #[test]
    fn unused_columns_are_named_once() {
        let text = "id,employee_id,interview_type,interview_date,duration,notes\na,E,t,2025-10-28T01:00:00Z,30,x\n";
        let (rows, reading) = rows_with(text, None).unwrap();
        assert_eq!(fields(&rows[0]), RECORD);
        assert_eq!(reading.notes.unused, ["duration", "notes"]);
    }

    #[test]
    fn a_file_without_a_header_is_read_with_the_columns_that_are_said() {
        let text = "\"a\",\"E\",\"t\",\"2025-10-28T01:00:00Z\",\\N,\"say \\\"x\\\"\"\n";
        let columns = "id, employee_id, interview_type, interview_date, facility_id, notes";
        let (rows, _) = rows_with(text, Some(columns)).unwrap();
        assert_eq!((rows[0].place.line, fields(&rows[0]).as_str()), (1, RECORD));
    }

    #[test]
    fn a_backslash_that_mysql_may_have_written_is_noted() {
        let header = "id\temployeeId\tinterviewType\tinterviewDate\tstatusReason";
        let row = |reason: &str| format!("a\tE\tt\t2025-10-28T01:00:00Z\t{reason}\n");
        for (text, noted) in [
            (row("x") + &row("two\\nlines") + &row("a\\tb"), Some(3)),
            (row("a\\\\b"), Some(2)),
            (row("C:\\Users"), None),
            (row("NULL") + &row("two\\nlines"), None),
        ] {
            let (_, reading) = rows_with(&format!("{header}\n{text}"), None).unwrap();
            assert_eq!(
                reading.notes.backslash,
                noted.map(RowLocation::line),
                "{text}"
            );
        }
        let commas = format!("{header}\n{}", row("two\\nlines")).replace('\t', ",");
        assert_eq!(rows_with(&commas, None).unwrap().1.notes.backslash, None);
    }

    #[test]
    fn a_backslash_escapes_in_what_mysql_has_written_only() {
        for (text, escapes, quotes) in [
            ("a,b\nx,\\N\n", true, true),
            ("a\tb\nx\t\\N\n", true, true),
            ("a\tb\nNULL\tx\n", true, false),
            ("a\tb\nx\ty\n", false, true),
            ("a,b\nx,NULL\n", false, true),
            ("a,b\nx,\\Nx\n", false, true),
        ] {
            let dialect = Layout::of(text.as_bytes(), false).unwrap().dialect;
            assert_eq!(
                (dialect.escapes, dialect.quotes),
                (escapes, quotes),
                "{text}"
            );
        }
    }
}
