//! The statistics, asked of the server: of the relay's rows in the shared tables, with what only the own database knows of
//! them. `docs/mysql.md` gives the same statements; a test compares the two.

use std::collections::BTreeMap;

use mysql_async::Value;

use super::values::{number, text, written};
use super::{SharedDatabase, SharedDatabaseError as Error};

/// What the statements ask. Rows that could not be put into the shared tables are taken from the own database.
const VIEWS: [&str; 3] = [
    include_str!("statistics/relay_deliveries.sql"),
    include_str!("statistics/relay_queue.sql"),
    include_str!("statistics/relay_interviews.sql"),
];
/// Deliveries by type and route, of a time and perhaps of a type.
const SENDS: &str = include_str!("statistics/sends.sql");
/// The queue by route and status.
const QUEUE: &str = include_str!("statistics/queue.sql");
/// Interviews by type, of a time, and perhaps of a facility, a department, a type.
const INTERVIEWS: &str = include_str!("statistics/interviews.sql");
/// The latest interviews that stand in the place of another one, of a time, and perhaps of a facility, a department.
const RESCHEDULED: &str = include_str!("statistics/rescheduled.sql");
/// Interviews by what has become of them, of a time, and perhaps of a type.
const INTERVIEW_LISTS: &str = include_str!("statistics/interview_lists.sql");

/// What stands for a value in them.
const VARIABLES: [&str; 6] = [
    "@from",
    "@to",
    "@event_type",
    "@facility",
    "@department",
    "@interview_type",
];

/// The values of a row of a list, as text.
pub type Listed = Vec<Option<String>>;

/// Counts of deliveries of one type on one route.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SendsThere {
    /// The type.
    pub event_type: String,
    /// The route.
    pub route: String,
    /// All of them, then those that succeeded, failed, ran into the timeout, needed a retry, and the milliseconds of the
    /// successful.
    pub counts: [i64; 6],
    /// The latest first send.
    pub last: String,
}

/// The statements that make the views.
pub(super) fn views(own: &str, shared: &str) -> Vec<String> {
    let in_place = |sql: &str| {
        sql.replace("voicedrive_relay.", &format!("{own}."))
            .replace("staff_system.", &format!("{shared}."))
    };
    VIEWS.map(in_place).to_vec()
}

impl SharedDatabase {
    /// A statement as it is asked here: the variables that a person sets are values.
    fn asked(&self, sql: &str) -> String {
        let sql = sql.replace("voicedrive_relay.", &format!("{}.", self.own));
        VARIABLES
            .iter()
            .fold(sql, |sql, name| sql.replace(name, "?"))
    }

    /// Counts deliveries whose first send lies between two moments, both included.
    ///
    /// # Errors
    /// The server's.
    pub async fn sends(
        &mut self,
        from: &str,
        to: &str,
        event_type: Option<&str>,
    ) -> Result<Vec<SendsThere>, Error> {
        let sql = self.asked(SENDS);
        let values = vec![from.into(), to.into(), event_type.into(), event_type.into()];
        let rows = self.rows(&sql, values).await?;
        Ok(rows
            .iter()
            .map(|row| SendsThere {
                event_type: text(row, 0),
                route: text(row, 1),
                counts: std::array::from_fn(|at| number(row, at + 2)),
                last: text(row, 8),
            })
            .collect())
    }

    /// The queue by route and status.
    ///
    /// # Errors
    /// The server's.
    pub async fn queue(&mut self) -> Result<BTreeMap<(String, String), i64>, Error> {
        let sql = self.asked(QUEUE);
        let rows = self.rows(&sql, Vec::new()).await?;
        let counts = rows
            .iter()
            .map(|row| ((text(row, 0), text(row, 1)), number(row, 2)));
        Ok(counts.collect())
    }

    /// Counts interviews by type: completed, scheduled, cancelled, not shown up, rescheduled, known to VoiceDrive, with a
    /// known duration, and the minutes of those.
    ///
    /// # Errors
    /// The server's.
    pub async fn interviews(
        &mut self,
        (from, to): (&str, &str),
        place: &(Option<String>, Option<String>),
        interview_type: Option<&str>,
    ) -> Result<BTreeMap<String, [i64; 8]>, Error> {
        let sql = self.asked(INTERVIEWS);
        let mut values: Vec<Value> = vec![from.into(), to.into()];
        for filter in [place.0.as_deref(), place.1.as_deref(), interview_type] {
            values.extend([filter.into(), filter.into()]);
        }
        let rows = self.rows(&sql, values).await?;
        let counts = rows
            .iter()
            .map(|row| (text(row, 0), std::array::from_fn(|at| number(row, at + 1))));
        Ok(counts.collect())
    }

    /// The latest interviews that stand in the place of another one: id, the other one's, date.
    ///
    /// # Errors
    /// The server's.
    pub async fn rescheduled(
        &mut self,
        (from, to): (&str, &str),
        place: &(Option<String>, Option<String>),
    ) -> Result<Vec<Listed>, Error> {
        let sql = self.asked(RESCHEDULED);
        let mut values: Vec<Value> = vec![from.into(), to.into()];
        for filter in [place.0.as_deref(), place.1.as_deref()] {
            values.extend([filter.into(), filter.into()]);
        }
        self.listed(&sql, values).await
    }

    /// Interviews by what has become of them: list, id, employee, name, type, date, status, completion, minutes, reason.
    ///
    /// # Errors
    /// The server's.
    pub async fn interview_lists(
        &mut self,
        (from, to): (&str, &str),
        interview_type: Option<&str>,
    ) -> Result<Vec<Listed>, Error> {
        let sql = self.asked(INTERVIEW_LISTS);
        let filter = interview_type.into();
        let values: Vec<Value> = vec![from.into(), to.into(), filter, interview_type.into()];
        self.listed(&sql, values).await
    }

    async fn listed(&mut self, sql: &str, values: Vec<Value>) -> Result<Vec<Listed>, Error> {
        let rows = self.rows(sql, values).await?;
        let listed = rows.iter().map(|row| {
            let cells = 0..row.len();
            cells.map(|at| written(row, at)).collect()
        });
        Ok(listed.collect())
    }
}
