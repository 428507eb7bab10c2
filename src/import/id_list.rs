//! Reading the ids that the partner has: one a line, a table with columns of its log, or the same as JSON.

use std::fs::File;
use std::io::{self, BufRead};
use std::path::Path;

use serde_json::Value;

use super::cells::{Cells, Reader};
use super::encoding::{EUC_JP, Encoding};
use super::file::Format;
use super::harmless_cell::is_nothing;
use super::json_list::read_items;
use super::layout::Layout;
use super::source::{Foreign, Source};
use crate::reconciliation::received::{NotReceived, Received};

/// The columns of a table, without `_` and in lower case.
const COLUMNS: [&str; 3] = ["requestid", "processingstatus", "userfound"];
/// By these columns a file is known that `export deliveries` has written; the first one has the ids. In any other file a column
/// of this name may have other ids.
const OF_EXPORT: [&str; 4] = ["id", "event", "acceptedat", "firstsentat"];
/// Bad lines that are named; all of them count.
const NAMED: usize = 20;

/// Why a file is no list of ids.
#[derive(Debug)]
pub(crate) enum NotAList {
    /// It cannot be read.
    Unreadable(io::Error),
    /// It is something else.
    Foreign(Foreign),
    /// Lines or items of it are not understood.
    Lines(BadLines),
    /// It begins like JSON, and is none.
    NoJson(serde_json::Error),
}

/// Lines, or items of JSON, that are not understood: the first of them, and how many there are.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct BadLines {
    /// Their places.
    pub(crate) first: Vec<(Place, LineFault)>,
    /// All of them, those that are not named too.
    pub(crate) count: u64,
}

impl BadLines {
    fn add(&mut self, place: Place, fault: LineFault) {
        self.count += 1;
        if self.first.len() < NAMED {
            self.first.push((place, fault));
        }
    }
}

/// Where something stands in a list, counted from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// A line of text.
    Line(u64),
    /// An item of JSON, which may have several lines or share one with others.
    Item(u64),
}

/// Why a line is not understood.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LineFault {
    /// A quote is never closed, or text stands behind one.
    Quotes,
    /// It has several cells, and is no heading that names the ids; or it is a row of JSON without an id.
    NoHeading,
    /// It is no row of a list.
    Row(NotReceived),
}

impl From<io::Error> for NotAList {
    fn from(error: io::Error) -> Self {
        Self::Unreadable(error)
    }
}

/// Reads the whole file; `-` is the standard input. A file with nothing in it is an empty list.
///
/// # Errors
/// `NotAList`
pub(crate) fn read(path: &Path) -> Result<Vec<Received>, NotAList> {
    read_source(Source::open(path)?)
}

/// The same of a file that is open.
///
/// # Errors
/// `NotAList`
pub(crate) fn read_open(file: File) -> Result<Vec<Received>, NotAList> {
    read_source(Source::of(file)?)
}

fn read_source(source: Source) -> Result<Vec<Received>, NotAList> {
    match Foreign::detect(&source.head()?) {
        Some(Foreign::Empty) => return Ok(Vec::new()),
        Some(foreign) => return Err(NotAList::Foreign(foreign)),
        None => {}
    }
    let encoding = match Encoding::detect(&source)? {
        Ok(encoding) => encoding,
        // What is read of it is ASCII, and that is the same in whatever encoding the other columns have.
        Err(Foreign::Text(EUC_JP) | Foreign::Mixed) => Encoding::Utf8,
        Err(foreign) => return Err(NotAList::Foreign(foreign)),
    };
    if Format::of_text(encoding.decode(source.rewound()?))? != Format::Csv {
        return read_json(encoding.decode(source.into_rewound()?));
    }
    read_lines(source, encoding)
}

fn read_json(text: impl BufRead) -> Result<Vec<Received>, NotAList> {
    let (mut list, mut bad) = (Vec::new(), BadLines::default());
    let mut number = 0;
    let read = read_items(text, &mut |item| {
        number += 1;
        match of_item(&item) {
            Ok(received) => list.push(received),
            Err(fault) => bad.add(Place::Item(number), fault),
        }
    });
    match read {
        Err(error) if error.is_io() => Err(NotAList::Unreadable(error.into())),
        Err(error) => Err(NotAList::NoJson(error)),
        Ok(()) if bad.count > 0 => Err(NotAList::Lines(bad)),
        Ok(()) => Ok(list),
    }
}

/// Members other than those of a list are passed over, as columns are.
fn of_item(item: &Value) -> Result<Received, LineFault> {
    match item {
        Value::String(id) => Received::read(id, None, None).map_err(LineFault::Row),
        Value::Object(members) => {
            let heading = Heading::of(members.keys().map(String::as_str));
            let heading = heading.ok_or(LineFault::NoHeading)?;
            let words: Vec<String> = members.values().map(word).collect();
            row(heading, &words.iter().map(String::as_str))
        }
        _ => Err(LineFault::Row(NotReceived::Id)),
    }
}

/// A member as a cell has it.
fn word(member: &Value) -> String {
    match member {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn read_lines(source: Source, encoding: Encoding) -> Result<Vec<Received>, NotAList> {
    let layout = Layout::detect(encoding.decode(source.rewound()?), false)?;
    let text = encoding.decode(source.into_rewound()?);
    let mut reader = Reader::new(text, layout.dialect, 1);
    let mut cells = Cells::default();
    if layout.separator_line {
        reader.read_record(&mut cells)?;
    }
    let (mut list, mut bad) = (Vec::new(), BadLines::default());
    let mut heading = None;
    while reader.read_record(&mut cells)? {
        if cells.fault.is_some() {
            // What stands where behind it cannot be known.
            bad.add(Place::Line(cells.line), LineFault::Quotes);
            break;
        }
        let columns = match heading {
            Some(columns) => columns,
            None => match Heading::of(cells.iter()) {
                Some(columns) => {
                    heading = Some(columns);
                    continue;
                }
                None if Heading::is_of_ids(&cells) => *heading.insert(Heading::IDS),
                None => {
                    bad.add(Place::Line(cells.line), LineFault::NoHeading);
                    break;
                }
            },
        };
        match row(columns, &cells.iter()) {
            Ok(received) => list.push(received),
            Err(fault) => bad.add(Place::Line(cells.line), fault),
        }
    }
    if bad.count > 0 {
        return Err(NotAList::Lines(bad));
    }
    Ok(list)
}

/// Where the columns stand.
#[derive(Clone, Copy)]
struct Heading {
    id: usize,
    status: Option<usize>,
    user_found: Option<usize>,
}

impl Heading {
    /// A list without a heading.
    const IDS: Self = Self {
        id: 0,
        status: None,
        user_found: None,
    };

    fn of<'a>(names: impl Iterator<Item = &'a str>) -> Option<Self> {
        let names: Vec<String> = names
            .map(|name| name.replace('_', "").to_ascii_lowercase())
            .collect();
        let place = |column: &str| names.iter().position(|name| name == column);
        let [id, status, user_found] = COLUMNS.map(place);
        let is_export = OF_EXPORT.iter().all(|column| place(column).is_some());
        let own = is_export.then(|| place(OF_EXPORT[0])).flatten();
        Some(Self {
            id: id.or(own)?,
            status,
            user_found,
        })
    }

    /// Nothing but ids may stand in a list without a heading.
    fn is_of_ids(cells: &Cells) -> bool {
        cells.iter().skip(1).all(str::is_empty)
    }
}

fn row<'a>(
    heading: Heading,
    cells: &(impl Iterator<Item = &'a str> + Clone),
) -> Result<Received, LineFault> {
    let cell = |column: usize| cells.clone().nth(column).unwrap_or_default();
    let word = |column: Option<usize>| column.map(cell).filter(|word| !is_nothing(word));
    Received::read(
        cell(heading.id),
        word(heading.status),
        word(heading.user_found),
    )
    .map_err(LineFault::Row)
}

#[cfg(test)]
mod tests;
