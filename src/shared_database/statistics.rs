//! The statistics, asked of the server: of the relay's rows in the shared tables, with what only the own database knows of
//! them. `docs/mysql.md` gives the same statements; a test compares the two.

use std::collections::BTreeMap;

use mysql_async::{Row, Value};

use super::values::{number, text, written};
use super::{SharedDatabase, SharedDatabaseError as Error};

/// What the statements ask. Rows that could not be put into the shared tables are taken from the own database.
const VIEWS: [&str; 3] = [
    include_str!("statistics/relay_deliveries.sql"),
    include_str!("statistics/relay_queue.sql"),
    include_str!("statistics/relay_interviews.sql"),
];
/// Their names.
pub(super) const VIEW_NAMES: [&str; 3] = ["relay_deliveries", "relay_queue", "relay_interviews"];
/// Deliveries by type and route, of a time and perhaps of a type.
const SENDS: &str = include_str!("statistics/sends.sql");
/// The queue by route and status.
const QUEUE: &str = include_str!("statistics/queue.sql");
/// Interviews by facility, department and type, of a time, and perhaps of one of each.
const INTERVIEWS: &str = include_str!("statistics/interviews.sql");
/// The latest interviews that stand in the place of another one, of a time, and perhaps of a facility, a department.
const RESCHEDULED: &str = include_str!("statistics/rescheduled.sql");
/// Interviews by what has become of them, of a time, and perhaps of a type.
const INTERVIEW_LISTS: &str = include_str!("statistics/interview_lists.sql");

/// The views, read once into tables of this connection alone, which stand in their place: the statements are the same.
/// What somebody else has put into a row is taken as far as it goes.
const KEPT: [&str; 2] = [
    include_str!("statistics/kept_deliveries.sql"),
    include_str!("statistics/kept_interviews.sql"),
];

/// What is counted: a span of time, both ends included, and of that, what a filter leaves.
#[derive(Clone, Copy, Debug, Default)]
pub struct Question<'a> {
    /// Its first moment.
    pub from: &'a str,
    /// Its last one.
    pub to: &'a str,
    /// Only deliveries of this type.
    pub event_type: Option<&'a str>,
    /// Only deliveries on this route.
    pub route: Option<&'a str>,
    /// Only interviews of this facility.
    pub facility: Option<&'a str>,
    /// Only interviews of this department.
    pub department: Option<&'a str>,
    /// Only interviews of this type.
    pub interview_type: Option<&'a str>,
}

impl Question<'_> {
    /// The value of a variable that a person would set.
    fn value(&self, variable: &str) -> Value {
        match variable {
            "from" => self.from.into(),
            "to" => self.to.into(),
            "event_type" => self.event_type.into(),
            "route" => self.route.into(),
            "facility" => self.facility.into(),
            "department" => self.department.into(),
            "interview_type" => self.interview_type.into(),
            _ => Value::NULL,
        }
    }

    /// A statement with places in place of its variables, and their values.
    fn asked(&self, sql: &str) -> (String, Vec<Value>) {
        let mut parts = sql.split('@');
        let mut asked = parts.next().unwrap_or_default().to_owned();
        let mut values = Vec::new();
        for part in parts {
            let is_of_name = |letter: char| letter.is_ascii_lowercase() || letter == '_';
            let rest = part.trim_start_matches(is_of_name);
            values.push(self.value(&part[..part.len() - rest.len()]));
            asked.push('?');
            asked.push_str(rest);
        }
        (asked, values)
    }
}

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

/// Counts of interviews of one type in one place.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct InterviewsThere {
    /// The facility.
    pub facility: Option<String>,
    /// The department.
    pub department: Option<String>,
    /// The type.
    pub interview_type: String,
    /// Completed, scheduled, cancelled, not shown up, rescheduled, known to VoiceDrive, with a known duration, and the
    /// minutes of those.
    pub counts: [i64; 8],
}

/// The statements that make the views.
pub(super) fn views(own: &str, shared: &str) -> Vec<String> {
    let in_place = |sql: &str| in_own(sql, own).replace("staff_system.", &format!("{shared}."));
    VIEWS.map(in_place).to_vec()
}

/// A statement of the pages with the name that the own database has.
fn in_own(sql: &str, own: &str) -> String {
    sql.replace("voicedrive_relay.", &format!("{own}."))
}

impl SharedDatabase {
    /// From now on this connection counts what is there at this moment.
    ///
    /// # Errors
    /// The server's.
    pub async fn keep_for_counting(&mut self) -> Result<(), Error> {
        for sql in KEPT {
            self.run(&in_own(sql, &self.own), Vec::new()).await?;
        }
        Ok(())
    }

    async fn answer(&mut self, sql: &str, question: &Question<'_>) -> Result<Vec<Row>, Error> {
        let (sql, values) = question.asked(sql);
        self.rows(&in_own(&sql, &self.own), values).await
    }

    /// Counts deliveries by their first send.
    ///
    /// # Errors
    /// The server's.
    pub async fn sends(&mut self, question: &Question<'_>) -> Result<Vec<SendsThere>, Error> {
        let rows = self.answer(SENDS, question).await?;
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

    /// The queue by route and status, whatever the time.
    ///
    /// # Errors
    /// The server's.
    pub async fn queue(
        &mut self,
        question: &Question<'_>,
    ) -> Result<BTreeMap<(String, String), i64>, Error> {
        let rows = self.answer(QUEUE, question).await?;
        let counts = rows
            .iter()
            .map(|row| ((text(row, 0), text(row, 1)), number(row, 2)));
        Ok(counts.collect())
    }

    /// Counts interviews by facility, department and type.
    ///
    /// # Errors
    /// The server's.
    pub async fn interviews(
        &mut self,
        question: &Question<'_>,
    ) -> Result<Vec<InterviewsThere>, Error> {
        let rows = self.answer(INTERVIEWS, question).await?;
        let counted = rows.iter().map(|row| InterviewsThere {
            facility: written(row, 0),
            department: written(row, 1),
            interview_type: text(row, 2),
            counts: std::array::from_fn(|at| number(row, at + 3)),
        });
        Ok(counted.collect())
    }

    /// The latest interviews that stand in the place of another one: id, the other one's, date.
    ///
    /// # Errors
    /// The server's.
    pub async fn rescheduled(&mut self, question: &Question<'_>) -> Result<Vec<Listed>, Error> {
        let rows = self.answer(RESCHEDULED, question).await?;
        Ok(rows.iter().map(listed).collect())
    }

    /// Interviews by what has become of them: list, id, employee, name, type, date, status, completion, minutes, reason.
    ///
    /// # Errors
    /// The server's.
    pub async fn interview_lists(&mut self, question: &Question<'_>) -> Result<Vec<Listed>, Error> {
        let rows = self.answer(INTERVIEW_LISTS, question).await?;
        Ok(rows.iter().map(listed).collect())
    }
}

fn listed(row: &Row) -> Listed {
    (0..row.len()).map(|at| written(row, at)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_variable_of_a_statement_gets_its_value() {
        let question = Question {
            from: "1",
            to: "2",
            route: Some("r"),
            ..Question::default()
        };
        let sql =
            "a BETWEEN @from AND @to AND (@route IS NULL OR r = @route) AND @event_type IS NULL";
        let (asked, values) = question.asked(sql);
        assert_eq!(
            asked,
            "a BETWEEN ? AND ? AND (? IS NULL OR r = ?) AND ? IS NULL"
        );
        assert_eq!(
            values,
            ["1".into(), "2".into(), "r".into(), "r".into(), Value::NULL]
        );
    }
}
