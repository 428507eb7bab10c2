//! Detects how the cells of a file are separated and quoted.

use std::io::{self, BufRead};

use super::cells::Dialect;

/// The first line with which a spreadsheet declares the delimiter.
const SEPARATOR_LINE: &str = "sep=";

/// The detected dialect of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Layout {
    pub(super) dialect: Dialect,
    /// Whether the first line is a declaration of the delimiter.
    pub(super) separator_line: bool,
}

impl Layout {
    /// Reads the text as far as needed. `tabs`: the cells are separated by tabs.
    ///
    /// # Errors
    /// When the text cannot be read.
    pub(super) fn detect(mut text: impl BufRead, tabs: bool) -> io::Result<Self> {
        let mut first = String::new();
        while first.trim().is_empty() && text.read_line(&mut first)? > 0 {}
        let said = first.trim().strip_prefix(SEPARATOR_LINE);
        let said = said.and_then(|said| said.bytes().next());
        let delimiter = if tabs {
            b'\t'
        } else {
            said.unwrap_or_else(|| most_frequent_delimiter(&first))
        };
        let written_by = match Writer::shown_by_line(first.as_bytes(), delimiter) {
            Writer::Any => Writer::shown_by_text(text, delimiter)?,
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
    // With equal counts the last one wins.
    [b';', b'\t', b',']
        .into_iter()
        .max_by_key(|delimiter| count(*delimiter))
        .unwrap_or(b',')
}

/// The program that wrote a file, known by how it writes NULL. `MySQL` escapes with a backslash; elsewhere a backslash
/// is a plain character.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Writer {
    /// A spreadsheet, or a program that writes the same format.
    Any,
    /// `INTO OUTFILE`, which writes `\N`.
    MysqlServer,
    /// The `mysql` command, which writes `NULL` between tabs.
    MysqlCommand,
}

impl Writer {
    fn shown_by_line(line: &[u8], delimiter: u8) -> Self {
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

    /// The first line with a NULL decides.
    fn shown_by_text(mut text: impl BufRead, delimiter: u8) -> io::Result<Self> {
        let mut line = Vec::new();
        while text.read_until(b'\n', &mut line)? > 0 {
            match Self::shown_by_line(&line, delimiter) {
                Self::Any => line.clear(),
                writer => return Ok(writer),
            }
        }
        Ok(Self::Any)
    }
}
