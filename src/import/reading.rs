//! What the readers of all formats share: the time zone, the column names, and notes about the whole file.

use serde_json::Value;

use super::header::{Column, Columns};
use super::record::Record;
use super::row::{Notes, Row, RowLocation};
use crate::zone::Zone;

/// Receives the rows of a file. Its error ends the reading.
pub(crate) type RowSink<'a> = dyn FnMut(Row) -> std::io::Result<()> + 'a;

/// The reading of one file.
#[derive(Debug, Default)]
pub(super) struct Reading {
    /// The time zone of times without an offset.
    pub zone: Option<Zone>,
    pub notes: Notes,
    columns: Columns,
}

impl Reading {
    pub(super) fn new(zone: Option<Zone>) -> Self {
        Self {
            zone,
            ..Self::default()
        }
    }

    /// Makes a record of the members of a JSON object.
    pub(super) fn record(&mut self, place: RowLocation, members: Vec<(String, Value)>) -> Record {
        let mut record = Record::default();
        for (name, value) in members {
            let column = self.columns.named(&name);
            match column {
                Column::Field(field) => record.set(field, value, self.zone),
                _ if self.notes.is_unused(&name, column) => {}
                _ => record.refuse(&name),
            }
        }
        self.notes.note_record(place, &record);
        record
    }
}
