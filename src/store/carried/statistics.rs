//! What the relay itself answers about a copy of its database: both families of statistics, and what they can be
//! filtered by.

use super::super::{StoreError, interview_stats, send_stats};
use super::CarriedCopy;
use crate::interview_stats::{
    InterviewRange, InterviewReport, InterviewStats, ReportLimits, Rescheduled,
};
use crate::send_stats::{SendFilter, SendStats};

/// By what statistics can be filtered.
#[derive(Clone, Debug, Default)]
pub struct CarriedFilters {
    /// Routes that deliveries took.
    pub routes: Vec<String>,
    /// Types of events that were sent.
    pub event_types: Vec<String>,
    /// Types of interviews.
    pub interview_types: Vec<String>,
    /// Facilities with departments.
    pub places: Vec<(Option<String>, Option<String>)>,
}

impl CarriedCopy {
    /// The routes that deliveries took, the event types, the interview types, and the places of interviews that there are.
    ///
    /// # Errors
    /// When the copy cannot be read.
    pub fn filters(&self) -> Result<CarriedFilters, StoreError> {
        let texts = |sql: &str| -> rusqlite::Result<Vec<String>> {
            let mut statement = self.connection.prepare(sql)?;
            statement.query_map([], |row| row.get(0))?.collect()
        };
        let mut places = self.connection.prepare(
            "SELECT DISTINCT facility_id, department_id FROM interviews
              WHERE facility_id IS NOT NULL OR department_id IS NOT NULL",
        )?;
        let places = places.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok(CarriedFilters {
            routes: texts("SELECT DISTINCT route FROM webhook_send_logs")?,
            event_types: texts("SELECT DISTINCT event_type FROM webhook_send_logs")?,
            interview_types: texts("SELECT DISTINCT interview_type FROM interviews")?,
            places: places.collect::<rusqlite::Result<_>>()?,
        })
    }

    /// As the relay counts its sends.
    ///
    /// # Errors
    /// When the copy cannot be read.
    pub fn send_statistics(&self, filter: &SendFilter) -> Result<SendStats, StoreError> {
        send_stats::sends(&self.connection, filter)
    }

    /// As the relay counts its interviews.
    ///
    /// # Errors
    /// When the copy cannot be read.
    pub fn interview_statistics(
        &self,
        range: &InterviewRange,
    ) -> Result<InterviewStats, StoreError> {
        interview_stats::count(&self.connection, range)
    }

    /// As the relay lists its interviews by what has become of them.
    ///
    /// # Errors
    /// When the copy cannot be read.
    pub fn interview_report(
        &self,
        range: &InterviewRange,
        limits: ReportLimits,
    ) -> Result<InterviewReport, StoreError> {
        interview_stats::report(&self.connection, range, limits)
    }

    /// The latest interviews that stand in the place of another one, as the relay lists them.
    ///
    /// # Errors
    /// When the copy cannot be read.
    pub fn rescheduled(
        &self,
        range: &InterviewRange,
        most: u32,
    ) -> Result<Vec<Rescheduled>, StoreError> {
        interview_stats::rescheduled(&self.connection, range, most)
    }
}
