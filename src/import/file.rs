//! A file whose format, encoding and columns were detected.

use std::fs::File;
use std::io::{self, BufRead};
use std::path::{Path, PathBuf};

use clap::ValueEnum;
use indicatif::{ProgressBar, ProgressBarIter};

use super::encoding::{Encoding, Text};
use super::layout::Layout;
use super::reading::{Reading, RowSink};
use super::row::Notes;
use super::source::{Foreign, Source};
use super::table::{HeaderFault, Table};
use super::{json, ndjson};
use crate::zone::Zone;

/// How a file is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// Cells separated by commas, semicolons or tabs, under a header
    Csv,
    /// Cells separated by tabs, under a header
    Tsv,
    /// One JSON array of records
    Json,
    /// One record a line
    Ndjson,
}

impl Format {
    /// Detects the format by the name and the first character: no table begins like JSON.
    fn of_file(path: &Path, text: impl BufRead) -> io::Result<Self> {
        Ok(match Self::of_name(path) {
            Some(format @ (Self::Json | Self::Ndjson)) => format,
            named => match Self::of_text(text)? {
                Self::Csv => named.unwrap_or(Self::Csv),
                shown => shown,
            },
        })
    }

    /// The format that the extension means.
    fn of_name(path: &Path) -> Option<Self> {
        let extension = path.extension()?.to_str()?.to_ascii_lowercase();
        match extension.as_str() {
            "csv" => Some(Self::Csv),
            "tsv" | "tab" => Some(Self::Tsv),
            "json" => Some(Self::Json),
            "ndjson" | "jsonl" => Some(Self::Ndjson),
            _ => None,
        }
    }

    /// The format that the first character means.
    pub(super) fn of_text(mut text: impl BufRead) -> io::Result<Self> {
        loop {
            let block = text.fill_buf()?;
            let first = block.iter().find(|byte| !byte.is_ascii_whitespace());
            if let Some(first) = first.copied() {
                return Ok(match first {
                    b'[' => Self::Json,
                    b'{' => Self::Ndjson,
                    _ => Self::Csv,
                });
            }
            let length = block.len();
            if length == 0 {
                return Ok(Self::Csv);
            }
            text.consume(length);
        }
    }
}

/// What a person says about a file.
#[derive(Clone, Debug)]
pub(crate) struct Said {
    pub path: PathBuf,
    pub format: Option<Format>,
    pub encoding: Option<Encoding>,
    pub columns: Option<String>,
    pub zone: Option<Zone>,
}

/// Why a file is refused before its rows are read.
#[derive(Debug)]
pub(crate) enum NotTaken {
    /// It cannot be read.
    Unreadable(io::Error),
    /// It is another kind of file.
    Foreign(Foreign),
    /// Columns were given for a JSON file.
    NoColumns,
    /// Its header is wrong.
    Header(HeaderFault),
}

impl From<io::Error> for NotTaken {
    fn from(error: io::Error) -> Self {
        Self::Unreadable(error)
    }
}

/// The text of the file; reading it advances the progress bar.
type WithProgress = Text<ProgressBarIter<File>>;

/// The rows of a file, by its format.
enum Rows {
    Table(Table<WithProgress>),
    Json(WithProgress),
    Ndjson(WithProgress),
}

/// A file that is ready to be read.
pub(crate) struct Readable {
    rows: Rows,
    reading: Reading,
    pub bar: ProgressBar,
}

impl Readable {
    /// Opens a file and detects its format. `bar_of` makes the progress bar for a file of so many bytes.
    ///
    /// # Errors
    /// `NotTaken`
    pub(crate) fn open(
        said: &Said,
        bar_of: impl FnOnce(u64) -> ProgressBar,
    ) -> Result<Self, NotTaken> {
        Self::of(Source::open(&said.path)?, said, bar_of)
    }

    /// The same of a file that is open; `said.path` is the name that it came with.
    ///
    /// # Errors
    /// `NotTaken`
    pub(crate) fn of_open(file: File, said: &Said) -> Result<Self, NotTaken> {
        Self::of(Source::of(file)?, said, |_| ProgressBar::hidden())
    }

    fn of(
        source: Source,
        said: &Said,
        bar_of: impl FnOnce(u64) -> ProgressBar,
    ) -> Result<Self, NotTaken> {
        if let Some(foreign) = Foreign::detect(&source.head()?) {
            return Err(NotTaken::Foreign(foreign));
        }
        let encoding = match said.encoding {
            Some(encoding) => encoding,
            None => Encoding::detect(&source)?.map_err(NotTaken::Foreign)?,
        };
        let format = match said.format {
            Some(format) => format,
            None => Format::of_file(&said.path, encoding.decode(source.rewound()?))?,
        };
        // A daily export without records is an empty NDJSON file, and not an error.
        if source.length() == 0 && format != Format::Ndjson {
            return Err(NotTaken::Foreign(Foreign::Empty));
        }
        let mut reading = Reading::new(said.zone);
        let bar = bar_of(source.length());
        let layout = match format {
            Format::Csv | Format::Tsv => {
                let text = encoding.decode(source.rewound()?);
                Some(Layout::detect(text, format == Format::Tsv)?)
            }
            Format::Json | Format::Ndjson => None,
        };
        let text = encoding.decode(bar.wrap_read(source.into_rewound()?));
        let rows = match layout {
            Some(layout) => {
                let columns = said.columns.as_deref();
                let table = Table::open(text, layout, columns, &mut reading.notes)?;
                Rows::Table(table.map_err(NotTaken::Header)?)
            }
            None if said.columns.is_some() => return Err(NotTaken::NoColumns),
            None if format == Format::Json => Rows::Json(text),
            None => Rows::Ndjson(text),
        };
        Ok(Self { rows, reading, bar })
    }

    /// Passes every row to `sink`, and returns the notes about the whole file.
    ///
    /// # Errors
    /// When the file cannot be read, or the error of `sink`.
    pub(crate) fn read_rows(self, sink: &mut RowSink<'_>) -> io::Result<Notes> {
        let mut reading = self.reading;
        match self.rows {
            Rows::Table(table) => table.read_rows(&mut reading, sink)?,
            Rows::Json(text) => json::read_rows(text, &mut reading, sink)?,
            Rows::Ndjson(text) => ndjson::read_rows(text, &mut reading, sink)?,
        }
        Ok(reading.notes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_under_the_name_of_a_table_is_json() {
        for (name, text, format) in [
            ("a.csv", "[{}]", Format::Json),
            ("a.tsv", "{}", Format::Ndjson),
            ("a.tsv", "id\tname", Format::Tsv),
            ("a.txt", "id,name", Format::Csv),
            ("a.json", "id,name", Format::Json),
            ("a.ndjson", "", Format::Ndjson),
        ] {
            let found = Format::of_file(Path::new(name), text.as_bytes()).unwrap();
            assert_eq!(found, format, "{name} {text}");
        }
    }

    #[test]
    fn the_first_character_shows_the_format() {
        for (text, format) in [
            ("\n [{}]", Format::Json),
            ("{\"id\":1}", Format::Ndjson),
            ("id,employeeId", Format::Csv),
            ("", Format::Csv),
        ] {
            assert_eq!(Format::of_text(text.as_bytes()).unwrap(), format, "{text}");
        }
    }
}
