//! Reading the ids that the partner has: one a line, or a table with columns of its log.

use std::fs::File;
use std::io;
use std::path::Path;

use super::cells::{Cells, Reader};
use super::encoding::Encoding;
use super::harmless_cell::is_nothing;
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
    /// Lines of it are not understood.
    Lines(BadLines),
}

/// Lines that are not understood: the first of them, and how many there are.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct BadLines {
    /// Their numbers, from 1.
    pub(crate) first: Vec<(u64, LineFault)>,
    /// All of them, those that are not named too.
    pub(crate) count: u64,
}

impl BadLines {
    fn add(&mut self, line: u64, fault: LineFault) {
        self.count += 1;
        if self.first.len() < NAMED {
            self.first.push((line, fault));
        }
    }
}

/// Why a line is not understood.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LineFault {
    /// A quote is never closed, or text stands behind one.
    Quotes,
    /// It has several cells, and is no heading that names the ids.
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
    let encoding = Encoding::detect(&source)?.map_err(NotAList::Foreign)?;
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
            bad.add(cells.line, LineFault::Quotes);
            break;
        }
        let columns = match heading {
            Some(columns) => columns,
            None => match Heading::of(&cells) {
                Some(columns) => {
                    heading = Some(columns);
                    continue;
                }
                None if Heading::is_of_ids(&cells) => *heading.insert(Heading::IDS),
                None => {
                    bad.add(cells.line, LineFault::NoHeading);
                    break;
                }
            },
        };
        match row(columns, &cells) {
            Ok(received) => list.push(received),
            Err(fault) => bad.add(cells.line, fault),
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

    fn of(cells: &Cells) -> Option<Self> {
        let names: Vec<String> = cells
            .iter()
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

fn row(heading: Heading, cells: &Cells) -> Result<Received, LineFault> {
    let cell = |column: usize| cells.iter().nth(column).unwrap_or_default();
    let word = |column: Option<usize>| column.map(cell).filter(|word| !is_nothing(word));
    Received::read(
        cell(heading.id),
        word(heading.status),
        word(heading.user_found),
    )
    .map_err(LineFault::Row)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reconciliation::received::PartnerStatus;

    const ID: &str = "0199e2f3-1a2b-7c3d-8e4f-5a6b7c8d9e0f";
    const OTHER: &str = "0199e2f3-1a2b-7c3d-8e4f-5a6b7c8d9e10";

    fn read_text(text: impl AsRef<[u8]>) -> Result<Vec<Received>, String> {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        read(file.path()).map_err(|error| format!("{error:?}"))
    }

    #[test]
    fn ids_stand_one_a_line() {
        for text in [
            format!("{ID}\n{OTHER}\n"),
            format!("{ID}\r\n\r\n{OTHER}"),
            format!("requestId\n{ID}\n{OTHER}\n"),
            format!("\u{feff}\"request_id\"\r\n\"{ID}\"\r\n\"{OTHER}\"\r\n"),
        ] {
            assert_eq!(read_text(&text).map(|list| list.len()), Ok(2), "{text}");
        }
        assert_eq!(read_text(""), Ok(Vec::new()));
    }

    #[test]
    fn a_table_of_the_log_is_read_by_its_heading() {
        let text = format!(
            "id,requestId,processingStatus,errorMessage,userFound\n\
             1,{ID},failed,\"一行目, \"\"x\"\"\n二行目\",0\n2,{OTHER},success,NULL,\n"
        );
        let list = read_text(&text).unwrap();
        assert_eq!(list[0].status, Some(PartnerStatus::Failed));
        assert_eq!(list[0].user_found, Some(false));
        assert_eq!(list[1].status, Some(PartnerStatus::Success));
        assert_eq!(list[1].user_found, None);
        let mysql = format!("requestId\tprocessingStatus\tuserFound\n{ID}\tsuccess\tNULL\n");
        assert_eq!(read_text(mysql).unwrap()[0].user_found, None);
    }

    #[test]
    fn what_is_no_list_is_refused_with_its_lines() {
        for (text, told) in [
            (
                format!("{ID}\nrequestId\n{OTHER}\nx\n"),
                vec![
                    (2, LineFault::Row(NotReceived::Id)),
                    (4, LineFault::Row(NotReceived::Id)),
                ],
            ),
            (format!("a,b\n{ID},1\n"), vec![(1, LineFault::NoHeading)]),
            // Whose ids these are is not said.
            (
                format!("id,event\n{ID},a.b\n"),
                vec![(1, LineFault::NoHeading)],
            ),
            (
                format!("requestId,userFound\n{ID},maybe\n"),
                vec![(2, LineFault::Row(NotReceived::UserFound))],
            ),
            (format!("requestId\n\"{ID}\n"), vec![(2, LineFault::Quotes)]),
        ] {
            let bad = BadLines {
                count: told.len() as u64,
                first: told,
            };
            assert_eq!(
                read_text(&text),
                Err(format!("{:?}", NotAList::Lines(bad))),
                "{text}"
            );
        }
        assert!(read_text(b"PK\x03\x04").unwrap_err().starts_with("Foreign"));
    }
}
