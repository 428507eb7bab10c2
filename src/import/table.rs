//! A CSV or TSV file with a header.

use std::io::{self, BufRead};

use serde_json::Value;

use super::cells::{Cells, Dialect, Fault, Reader};
use super::dates::{self, NoMoment};
use super::harmless_cell;
use super::header::Column;
use super::layout::Layout;
use super::problem::Problem;
use super::reading::{Reading, RowSink};
use super::record::Record;
use super::row::{Notes, Row, RowLocation};
use crate::interview::field::Field;

/// What the cells of a column are used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Under {
    Field(Field),
    /// The relay does not use it.
    Unused,
    /// They have to be empty: columns without a name, which spreadsheets leave at the right.
    Nothing,
}

/// What is wrong with a header.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct HeaderFault {
    /// Its line, from 1; 0 when the columns were given on the command line.
    pub line: u64,
    pub unknown: Vec<String>,
    pub twice: Vec<String>,
    pub missing: Vec<Field>,
    /// A quote in it is never closed, or has text behind it.
    pub quotes: bool,
    /// No name in it is known: it is probably a row, and its values may be personal data.
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

/// How `mysql -B` escapes line feeds, tabs, zero bytes and backslashes.
const MYSQL_ESCAPES: [&str; 4] = ["\\n", "\\t", "\\0", "\\\\"];

/// A file whose header was read.
pub(super) struct Table<R> {
    reader: Reader<R>,
    header: Header,
    delimiter: u8,
    /// Whether `mysql -B` may have written it: tabs, and no NULL that would show it.
    maybe_mysql: bool,
}

impl<R: BufRead> Table<R> {
    /// Reads the header. `columns`, separated by commas, replace it for a file that has none.
    ///
    /// # Errors
    /// When the file cannot be read; the inner error says what is wrong with its header.
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

    /// Passes every row to `sink`.
    ///
    /// # Errors
    /// When the file cannot be read, or the error of `sink`.
    pub(super) fn read_rows(
        mut self,
        reading: &mut Reading,
        sink: &mut RowSink<'_>,
    ) -> io::Result<()> {
        let mut cells = Cells::default();
        while self.reader.read_record(&mut cells)? {
            let place = RowLocation::line(cells.line);
            let content = self.record(&cells, reading);
            if let Ok(record) = &content {
                reading.notes.note_record(place, record);
            }
            if self.maybe_mysql && reading.notes.backslash.is_none() && self.has_escape(&cells) {
                reading.notes.backslash = Some(place);
            }
            sink(Row { place, content })?;
        }
        Ok(())
    }

    fn has_escape(&self, cells: &Cells) -> bool {
        let mut under = self.header.0.iter().zip(cells.iter());
        under.any(|(under, cell)| {
            matches!(under, Under::Field(_)) && MYSQL_ESCAPES.iter().any(|e| cell.contains(e))
        })
    }

    /// Whether two stray quotes have joined the cell in this column with another row. That is assumed when a line of
    /// the cell has a date at the position of the interview date.
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
        // A spreadsheet may add empty cells at the right, where content was deleted.
        if cells.len() < width || !cells.iter().skip(width).all(str::is_empty) {
            return Err(Problem::Cells(cells.len(), width));
        }
        let mut numbered = (0..).zip(cells.iter());
        if cells.has_line_feed() && numbered.any(|(column, cell)| self.holds_a_row(column, cell)) {
            return Err(Problem::RowInCell);
        }
        let mut record = Record::default();
        for (number, (under, cell)) in (1..).zip(self.header.0.iter().zip(cells.whole())) {
            match under {
                Under::Field(field) => {
                    let text = harmless_cell::read(cell);
                    record.set(*field, text.map_or(Value::Null, Value::from), reading.zone);
                }
                Under::Unused => {}
                Under::Nothing if cell.trim().is_empty() => {}
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
    let found = reader.read_record(&mut cells)?;
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
    matches!(
        dates::parse(text.trim(), None),
        Ok(_) | Err(NoMoment::NoZone)
    )
}

#[cfg(test)]
mod tests;
