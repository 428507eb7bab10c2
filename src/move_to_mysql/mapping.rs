//! What becomes of a row in the staff system's tables. Nothing here asks a server.
//!
//! Free texts that are too long for a column are cut between two characters. Anything else that does not fit keeps the
//! row out: an id that was cut would be another one.

use std::collections::{HashMap, HashSet};

use crate::chunk::{Cell, Chunk, Table, Unit};
use crate::crypto::Sha256;
use crate::shared_database::{Placement, Remark, RowToPlace, Shape, ShapeOfColumn, SharedTable};

/// Column of a shared table, the relay's column, and how the one becomes the other.
type Rule = (&'static str, How);

#[derive(Clone, Copy, PartialEq, Eq)]
enum How {
    /// As it is.
    AsItIs,
    /// A moment.
    Moment,
    /// A text that may be cut.
    FreeText,
    /// The code of an employee, for which the other side has an id.
    Employee,
}

use How::{AsItIs, Employee, FreeText, Moment};

const LOGS: &[Rule] = &[
    ("id", AsItIs),
    ("event_type", AsItIs),
    ("event_timestamp", Moment),
    ("sent_at", Moment),
    ("staff_id", AsItIs),
    ("request_id", AsItIs),
    ("payload_size", AsItIs),
    ("status", AsItIs),
    ("http_status_code", AsItIs),
    ("processing_time", AsItIs),
    ("error_message", FreeText),
    ("retry_count", AsItIs),
    ("last_retry_at", Moment),
    ("response_body", FreeText),
    ("created_at", Moment),
];
const QUEUE: &[Rule] = &[
    ("id", AsItIs),
    ("original_log_id", AsItIs),
    ("event_type", AsItIs),
    ("payload", AsItIs),
    ("retry_attempt", AsItIs),
    ("max_retries", AsItIs),
    ("next_retry_at", Moment),
    ("status", AsItIs),
    ("last_error", FreeText),
    ("created_at", Moment),
    ("updated_at", Moment),
];
const INTERVIEWS: &[Rule] = &[
    ("id", AsItIs),
    ("employee_id", Employee),
    (INTERVIEWER, Employee),
    ("interview_type", AsItIs),
    ("interview_date", Moment),
    ("interview_status", AsItIs),
    ("duration_minutes", AsItIs),
    ("voicedrive_sync_id", AsItIs),
    ("created_at", Moment),
    ("updated_at", Moment),
];
/// Who has held an interview; the relay may not know.
const INTERVIEWER: &str = "interviewer_id";
/// States of a retry that the staff system's own worker leaves alone: it sends whatever is pending, with a new id.
const ENDED: [&str; 2] = ["completed", "failed"];
/// The first year that DATETIME has.
const FIRST_YEAR: &str = "1000";

/// Words for what keeps a row out, or what became of it.
pub mod word {
    /// A free text was cut.
    pub const CUT: &str = "cut";
    /// A value is too long, and may not be cut.
    pub const TOO_LONG: &str = "too_long";
    /// Characters that the column cannot keep were replaced.
    pub const REPLACED: &str = "characters_replaced";
    /// The column cannot keep a character, and none may be replaced.
    pub const NO_CHARACTER: &str = "no_such_character";
    /// A number is larger than the column keeps.
    pub const TOO_LARGE: &str = "too_large";
    /// A moment before the year 1000.
    pub const TOO_EARLY: &str = "too_early";
    /// No employee has this code.
    pub const NO_EMPLOYEE: &str = "no_such_employee";
    /// The other side needs a value, and there is none.
    pub const MISSING: &str = "missing";
    /// The retry is still to be made.
    pub const WAITS: &str = "waits";
    /// The employee whom the operator named stands for one who is missing.
    pub const STANDS_IN: &str = "stands_in";

    /// Whether the row is not in the shared table because of it.
    pub fn keeps_out(what: &str) -> bool {
        ![CUT, REPLACED, STANDS_IN].contains(&what)
    }
}

/// The other side's employees.
#[derive(Clone, Debug, Default)]
pub struct Employees {
    /// The id for each code.
    pub by_code: HashMap<String, String>,
    /// All ids.
    pub ids: HashSet<String>,
}

impl Employees {
    /// The id of an employee who is known by it, or by the code.
    pub(super) fn id_of<'a>(&'a self, known_as: &'a str) -> Option<&'a str> {
        let by_code = self.by_code.get(known_as).map(String::as_str);
        by_code.or_else(|| self.ids.get(known_as).map(String::as_str))
    }
}

/// The other side, as far as the form of a row depends on it.
#[derive(Clone, Debug, Default)]
pub struct Mapping {
    /// The tables that rows can go to; one that is missing gets none.
    pub shapes: HashMap<SharedTable, Shape>,
    /// Whom interviews are about.
    pub employees: Employees,
    /// The id of the employee who stands for an interviewer who is missing and needed.
    pub stand_in: Option<String>,
}

/// The columns of a shared table that are written.
pub fn columns(table: SharedTable) -> Vec<&'static str> {
    rules(table).iter().map(|(column, _)| *column).collect()
}

fn rules(table: SharedTable) -> &'static [Rule] {
    match table {
        SharedTable::Logs => LOGS,
        SharedTable::Queue => QUEUE,
        SharedTable::Interviews => INTERVIEWS,
    }
}

/// Whether a column holds a moment.
pub fn is_moment(table: SharedTable, column: &str) -> bool {
    rules(table).contains(&(column_named(table, column), Moment))
}

fn column_named(table: SharedTable, column: &str) -> &'static str {
    let known = rules(table).iter().find(|(known, _)| *known == column);
    known.map_or("", |(known, _)| known)
}

impl Mapping {
    /// What goes into the shared tables of a chunk.
    pub fn placements(&self, unit: Unit, tables: &[Table], chunk: &Chunk) -> Vec<Placement> {
        SharedTable::of(unit)
            .iter()
            .map(|shared| {
                let mut placement = Placement::empty(*shared);
                let place = tables.iter().position(|table| table.name == shared.name());
                if let (Some(at), Some(shape)) = (place, self.shapes.get(shared)) {
                    placement.columns = columns(*shared);
                    for row in &chunk.rows[at] {
                        self.add(&mut placement, shape, &tables[at], row);
                    }
                }
                placement
            })
            .collect()
    }

    fn add(&self, placement: &mut Placement, shape: &Shape, table: &Table, row: &[Cell]) {
        let number = row.first().and_then(Cell::integer).unwrap_or_default();
        let id = table.cell(row, "id").text().unwrap_or_default().to_owned();
        let remark = |what: &str, column| Remark {
            table: placement.table,
            number,
            id: id.clone(),
            what: what.to_owned(),
            column,
        };
        let status = table.cell(row, "status").text().unwrap_or_default();
        if placement.table == SharedTable::Queue && !ENDED.contains(&status) {
            placement.remarks.push(remark(word::WAITS, ""));
            return;
        }
        let (mut cells, mut remarks, mut is_out) = (Vec::new(), Vec::new(), false);
        for (column, how) in rules(placement.table) {
            match self.mapped(table.cell(row, column), *how, shape, column) {
                Mapped::Fits(cell) => cells.push(cell),
                Mapped::Changed(cell, what) => {
                    cells.push(cell);
                    remarks.push(remark(what, *column));
                }
                Mapped::Out(what) => {
                    remarks.push(remark(what, *column));
                    is_out = true;
                }
            }
        }
        if is_out {
            // What would have been changed does not matter then.
            remarks.retain(|remark| word::keeps_out(&remark.what));
        } else {
            let mut digest = Sha256::default();
            for cell in &cells {
                cell.feed(&mut digest);
            }
            placement.rows.push(RowToPlace {
                number,
                digest: digest.finish(),
                cells,
            });
        }
        placement.remarks.extend(remarks);
    }

    fn mapped(&self, cell: &Cell, how: How, shape: &Shape, column: &str) -> Mapped {
        let there = shape.columns.get(column);
        if *cell == Cell::Null {
            let is_needed = there.is_some_and(|column| !column.nullable);
            return match &self.stand_in {
                _ if !is_needed => Mapped::Fits(Cell::Null),
                Some(id) if column == INTERVIEWER => {
                    Mapped::Changed(Cell::Text(id.as_bytes().to_vec()), word::STANDS_IN)
                }
                _ => Mapped::Out(word::MISSING),
            };
        }
        let Some(text) = cell.text() else {
            let largest = there.and_then(ShapeOfColumn::largest);
            return match (cell.integer(), largest) {
                (Some(number), Some(largest)) if number > largest => Mapped::Out(word::TOO_LARGE),
                _ => Mapped::Fits(cell.clone()),
            };
        };
        let text = match how {
            Moment => match date_time(text) {
                Some(moment) => return Mapped::Fits(Cell::Text(moment.into_bytes())),
                None => return Mapped::Out(word::TOO_EARLY),
            },
            Employee => match self.employees.id_of(text) {
                Some(id) => id,
                None => return Mapped::Out(word::NO_EMPLOYEE),
            },
            AsItIs | FreeText => text,
        };
        let is_taken = |character| there.is_none_or(|column| column.takes(character));
        let limit = there.and_then(|column| column.limit);
        if !text.chars().all(is_taken) {
            if how != FreeText {
                return Mapped::Out(word::NO_CHARACTER);
            }
            let taken = |character| if is_taken(character) { character } else { '?' };
            let replaced: String = text.chars().map(taken).collect();
            let fits = limit.and_then(|limit| limit.cut(&replaced));
            let fits = fits.unwrap_or(&replaced);
            return Mapped::Changed(Cell::Text(fits.into()), word::REPLACED);
        }
        match limit.and_then(|limit| limit.cut(text)) {
            None => Mapped::Fits(Cell::Text(text.as_bytes().to_owned())),
            Some(shorter) if how == FreeText => {
                Mapped::Changed(Cell::Text(shorter.into()), word::CUT)
            }
            Some(_) => Mapped::Out(word::TOO_LONG),
        }
    }
}

enum Mapped {
    Fits(Cell),
    /// It goes in otherwise than it is, and how.
    Changed(Cell, &'static str),
    Out(&'static str),
}

/// A moment as DATETIME(3) has it, in UTC; none: it is too early for that.
pub(super) fn date_time(moment: &str) -> Option<String> {
    let (day, time) = moment.strip_suffix('Z')?.split_once('T')?;
    (day >= FIRST_YEAR).then(|| format!("{day} {time}"))
}

#[cfg(test)]
mod tests;
