//! What all readers of a file share: the clock of its times, its names, and what is told once.

use serde_json::Value;

use super::header::{Column, Columns};
use super::record::Record;
use super::row::{Notes, Row, RowLocation};
use crate::zone::Zone;

/// Where the rows of a file go. It answers an error when nobody takes them any more.
pub(crate) type Take<'a> = dyn FnMut(Row) -> std::io::Result<()> + 'a;

/// The reading of one file.
#[derive(Debug, Default)]
pub(super) struct Reading {
    /// The clock of times that say no zone.
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
                Column::Field(field) => record.put(field, value, self.zone),
                _ if self.notes.is_unused(&name, column) => {}
                _ => record.refuse(&name),
            }
        }
        self.notes.look_at(place, &record);
        record
    }
}
