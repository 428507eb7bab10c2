//! Splits the text of a CSV or TSV file into records and cells.
//!
//! The csv crate accepts a quote that is never closed, and text behind a closing quote, without an error, and then rows
//! disappear inside a cell. Here both are faults, with the line on which the quote was opened.

use std::io::{self, BufRead};

/// How the cells of a file are separated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Dialect {
    /// Stands between two cells.
    pub delimiter: u8,
    /// Whether a backslash escapes the next character, as `MySQL` writes it.
    pub escapes: bool,
    /// Whether a cell may be quoted. The `mysql` command quotes nothing: there a quote at the beginning of a cell is
    /// part of the text.
    pub quotes: bool,
}

/// Why a record cannot be split into cells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// A quote is open at the end of the file.
    NeverClosed,
    /// Text stands between a closing quote and the end of the cell.
    TextBehindQuote,
}

/// One record; incomplete when it has a fault.
#[derive(Debug, Default)]
pub(super) struct Cells {
    /// The line on which it begins, from 1; that of the quote when there is a fault.
    pub line: u64,
    pub fault: Option<Fault>,
    text: Vec<u8>,
    ends: Vec<usize>,
}

impl Cells {
    /// The cells, trimmed.
    pub(super) fn iter(&self) -> impl Iterator<Item = &str> + Clone {
        self.whole().map(str::trim)
    }

    /// The cells with the blanks at their ends.
    pub(super) fn whole(&self) -> impl Iterator<Item = &str> + Clone {
        let begins = [0].into_iter().chain(self.ends.iter().copied());
        begins.zip(&self.ends).map(|(begin, end)| {
            // The decoder produces UTF-8, which is split at ASCII characters only.
            str::from_utf8(&self.text[begin..*end]).unwrap_or("\u{fffd}")
        })
    }

    pub(super) fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether every cell is empty: a blank line, or cells whose content was deleted in a spreadsheet.
    pub(super) fn is_blank(&self) -> bool {
        self.fault.is_none() && self.iter().all(str::is_empty)
    }

    /// Whether a cell contains a line break.
    pub(super) fn has_line_feed(&self) -> bool {
        self.text.contains(&b'\n')
    }

    fn clear(&mut self, line: u64) {
        self.line = line;
        self.fault = None;
        self.text.clear();
        self.ends.clear();
    }

    fn end_cell(&mut self) {
        self.ends.push(self.text.len());
    }

    /// Ends a cell of a file without quotes. A spreadsheet that saved such a file may have quoted whole cells.
    fn end_bare_cell(&mut self) {
        let begin = self.ends.last().copied().unwrap_or(0);
        if let [b'"', inner @ .., b'"'] = &self.text[begin..]
            && !inner.contains(&b'"')
        {
            self.text.pop();
            self.text.remove(begin);
        }
        self.end_cell();
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum CellState {
    /// Before the first character of a cell.
    Begin,
    /// In a cell without quotes.
    Plain,
    /// Between quotes.
    Quoted,
    /// After a quote that ends the cell, or is the first of two that mean one.
    Quote,
    /// After a quote that ended the cell.
    Behind,
}

/// Reads record after record.
pub(super) struct Reader<R> {
    text: R,
    state: State,
}

impl<R: BufRead> Reader<R> {
    /// `line`: the number of the first line of `text` in its file.
    pub(super) fn new(text: R, dialect: Dialect, line: u64) -> Self {
        let state = State {
            dialect,
            line,
            place: CellState::Begin,
            opened: line,
            after_return: false,
            escaped: false,
        };
        Self { text, state }
    }

    /// Reads the next record that is not blank; false at the end of the file.
    pub(super) fn read_record(&mut self, cells: &mut Cells) -> io::Result<bool> {
        while self.read(cells)? {
            if !cells.is_blank() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn read(&mut self, cells: &mut Cells) -> io::Result<bool> {
        cells.clear(self.state.line);
        self.state.place = CellState::Begin;
        let mut anything = false;
        loop {
            let block = self.text.fill_buf()?;
            if block.is_empty() {
                self.state.end(cells);
                return Ok(anything);
            }
            anything = true;
            let end = block.iter().position(|byte| self.state.push(*byte, cells));
            let read = end.map_or(block.len(), |last| last + 1);
            self.text.consume(read);
            if end.is_some() {
                return Ok(true);
            }
        }
    }
}

/// The state of the reader between two bytes.
struct State {
    dialect: Dialect,
    line: u64,
    place: CellState,
    /// The line of the quote that was opened last.
    opened: u64,
    after_return: bool,
    escaped: bool,
}

impl State {
    /// Processes one byte. True when it ends the record.
    fn push(&mut self, byte: u8, cells: &mut Cells) -> bool {
        // A line ends with a line feed, a carriage return, or both.
        let second_half = byte == b'\n' && self.after_return;
        self.after_return = byte == b'\r';
        if second_half {
            return false;
        }
        let byte = if byte == b'\r' { b'\n' } else { byte };
        if byte == b'\n' {
            self.line += 1;
        }
        if self.escaped {
            self.escaped = false;
            cells.text.extend(unescaped(byte));
            return false;
        }
        if self.dialect.escapes && byte == b'\\' && self.place != CellState::Behind {
            self.escape();
            return false;
        }
        self.take_plain(byte, cells)
    }

    fn escape(&mut self) {
        self.escaped = true;
        if self.place != CellState::Quoted {
            self.place = CellState::Plain;
        }
    }

    fn take_plain(&mut self, byte: u8, cells: &mut Cells) -> bool {
        match (self.place, byte) {
            (CellState::Quoted, b'"') => self.place = CellState::Quote,
            (CellState::Quoted, _) => cells.text.push(byte),
            (CellState::Quote, b'"') => {
                cells.text.push(b'"');
                self.place = CellState::Quoted;
            }
            (_, b'\n') => {
                self.end_cell(cells);
                return true;
            }
            (_, _) if byte == self.dialect.delimiter => {
                self.end_cell(cells);
                self.place = CellState::Begin;
            }
            (CellState::Begin, b'"') if self.dialect.quotes => {
                self.place = CellState::Quoted;
                self.opened = self.line;
            }
            (CellState::Begin, b' ' | b'\t') => {}
            (CellState::Begin | CellState::Plain, _) => {
                cells.text.push(byte);
                self.place = CellState::Plain;
            }
            (CellState::Quote | CellState::Behind, b' ' | b'\t') => self.place = CellState::Behind,
            (CellState::Quote | CellState::Behind, _) => self.fault(Fault::TextBehindQuote, cells),
        }
        false
    }

    fn end(&mut self, cells: &mut Cells) {
        if self.place == CellState::Quoted {
            self.fault(Fault::NeverClosed, cells);
        }
        self.end_cell(cells);
    }

    fn end_cell(&self, cells: &mut Cells) {
        if self.dialect.quotes {
            cells.end_cell();
        } else {
            cells.end_bare_cell();
        }
    }

    /// Records the first fault and continues, so that the rest of the line is not read as another row.
    fn fault(&mut self, fault: Fault, cells: &mut Cells) {
        self.place = CellState::Plain;
        if cells.fault.is_none() {
            cells.fault = Some(fault);
            cells.line = self.opened;
        }
    }
}

/// What a backslash and this byte mean. `\N` is not changed: it means NULL only when it is the whole cell.
fn unescaped(byte: u8) -> impl Iterator<Item = u8> {
    let (first, second) = match byte {
        b'N' => (b'\\', Some(b'N')),
        b'n' => (b'\n', None),
        b't' => (b'\t', None),
        b'r' => (b'\r', None),
        b'0' => (b'\0', None),
        other => (other, None),
    };
    [first].into_iter().chain(second)
}

#[cfg(test)]
mod tests {
    use super::*;

    const COMMAS: Dialect = Dialect {
        delimiter: b',',
        escapes: false,
        quotes: true,
    };

    fn read(text: &str, dialect: Dialect) -> Vec<(u64, Option<Fault>, Vec<String>)> {
        // A reader that gives three bytes at a time, so that every state meets the end of a block.
        let text = std::io::BufReader::with_capacity(3, text.as_bytes());
        let mut reader = Reader::new(text, dialect, 1);
        let mut cells = Cells::default();
        let mut records = Vec::new();
        while reader.read_record(&mut cells).unwrap() {
            let texts = cells.iter().map(str::to_owned).collect();
            records.push((cells.line, cells.fault, texts));
        }
        records
    }

    fn good(text: &str, dialect: Dialect) -> Vec<Vec<String>> {
        let records = read(text, dialect).into_iter();
        records
            .map(|(_, fault, cells)| {
                assert_eq!(fault, None, "{cells:?}");
                cells
            })
            .collect()
    }

    #[test]
    fn records_are_read_as_rfc_4180_says() {
        let text = "a,\"b, \"\"c\"\"\",\r\n\"two\r\nlines\",,\"\"\r\n";
        assert_eq!(
            good(text, COMMAS),
            [["a", "b, \"c\"", ""], ["two\nlines", "", ""]]
        );
    }

    #[test]
    fn blanks_around_a_cell_are_no_part_of_it() {
        let text = " a , \"b\" ,\u{3000}c\u{3000}\n";
        assert_eq!(good(text, COMMAS), [["a", "b", "c"]]);
    }

    #[test]
    fn a_quote_in_the_middle_of_a_cell_is_a_quote() {
        assert_eq!(good("a \"b\" c,d", COMMAS), [["a \"b\" c", "d"]]);
    }

    #[test]
    fn lines_are_counted_however_they_end_and_over_blank_ones() {
        for end in ["\n", "\r\n", "\r"] {
            let text = ["h", "a,1", "", ",,", "\"e", "e\",2", "z"].join(end);
            let lines: Vec<_> = read(&text, COMMAS).iter().map(|r| r.0).collect();
            assert_eq!(lines, [1, 2, 5, 7], "{end:?}");
        }
    }

    #[test]
    fn a_quote_that_is_never_closed_is_told_with_its_line() {
        let records = read("h,i\na,b\nc,\"d\ne,f\ng,h\n", COMMAS);
        assert_eq!(records.len(), 3);
        assert_eq!((records[2].0, records[2].1), (3, Some(Fault::NeverClosed)));
    }

    #[test]
    fn text_behind_a_closing_quote_is_told_with_the_line_of_the_opening_one() {
        let records = read("h,i\na,\"b\nc,\"d\"\ne,f\n", COMMAS);
        let seen: Vec<_> = records.iter().map(|r| (r.0, r.1)).collect();
        assert_eq!(
            seen,
            [(1, None), (2, Some(Fault::TextBehindQuote)), (4, None)]
        );
    }

    #[test]
    fn a_backslash_escapes_only_where_a_database_wrote_it() {
        let escaping = |delimiter| Dialect {
            delimiter,
            escapes: true,
            quotes: true,
        };
        let text = "\"a \\\"b\\\", c\",\\N,d\\\\e\n";
        assert_eq!(good(text, escaping(b',')), [["a \"b\", c", "\\N", "d\\e"]]);
        assert_eq!(good("a\\tb\tc\\nd", escaping(b'\t')), [["a\tb", "c\nd"]]);
        assert_eq!(good("a\\tb,c\\", COMMAS), [["a\\tb", "c\\"]]);
    }

    #[test]
    fn where_no_cell_is_quoted_a_quote_is_text() {
        let bare = Dialect {
            delimiter: b'\t',
            escapes: true,
            quotes: false,
        };
        let text = "\"a\" b\t\"c\n\"d, e\"\tf\n";
        assert_eq!(good(text, bare), [["\"a\" b", "\"c"], ["d, e", "f"]]);
    }
}
