//! How the cells of a file are separated and quoted, as its text shows it.

use std::io::{self, BufRead};

use super::cells::Dialect;

/// How a spreadsheet says in the first line what separates the cells.
const SEPARATOR_LINE: &str = "sep=";

/// What the first lines and the nothing-words of a file say about its writing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Layout {
    pub(super) dialect: Dialect,
    /// Whether a line before the header has only said what separates the cells.
    pub(super) separator_line: bool,
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
