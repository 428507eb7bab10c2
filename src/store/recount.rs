//! Compares the counts of the statistics with the rows that they count.
//!
//! The counts change in the transaction that changes the rows, so they agree by construction. Somebody
//! who writes into the file by hand, or a mistake, could still part them: `check` recounts.

use rusqlite::Connection;

use super::writer::Lane;
use super::{Store, StoreError};

/// Each table of counts, what of it counts for something, and the query that counts the rows themselves.
const COUNTS: [(&str, &str, &str); 3] = [
    ("send_counts", "1", SENDS),
    ("queue_counts", "deliveries <> 0", QUEUE),
    ("interview_counts", "1", INTERVIEWS),
];

const SENDS: &str = "
    SELECT unit || substr(sent_at, 1, characters), route, event_type, count(*), sum(status = 'success'),
           sum(status = 'failed'), sum(status = 'timeout'), sum(retry_count > 0),
           sum(iif(status = 'success', processing_time, 0))
      FROM webhook_send_logs
      JOIN (SELECT column1 AS unit, column2 AS characters FROM (VALUES ('day ', 10), ('hour ', 13)))
     WHERE id NOT IN (SELECT e.id FROM dismissed_deliveries d JOIN events e ON e.seq = d.event_seq)
     GROUP BY 1, 2, 3";

const QUEUE: &str = "
    SELECT l.route, iif(q.id IN (SELECT e.id FROM dismissed_deliveries d JOIN events e ON e.seq = d.event_seq),
                        'dismissed', q.status), count(*)
      FROM webhook_retry_queue q JOIN webhook_send_logs l ON l.id = q.id GROUP BY 1, 2";

const INTERVIEWS: &str = "
    SELECT iif(every.facility, '', facility_id), iif(every.department, '', department_id),
           unit || substr(interview_date, 1, characters), interview_type,
           sum(interview_status = 'scheduled'), sum(interview_status = 'completed'),
           sum(interview_status = 'cancelled'), sum(interview_status = 'no_show'),
           sum(interview_status = 'rescheduled'), count(voicedrive_sync_id),
           sum(interview_status = 'completed' AND duration_minutes IS NOT NULL),
           sum(iif(interview_status = 'completed', coalesce(duration_minutes, 0), 0))
      FROM interviews
      JOIN (SELECT column1 AS facility, column2 AS department, column3 AS unit, column4 AS characters
              FROM (VALUES (1, 1, 'month ', 7), (1, 0, 'month ', 7), (0, 1, 'month ', 7), (0, 0, 'month ', 7),
                           (1, 1, 'day ', 10), (1, 0, 'day ', 10), (0, 1, 'day ', 10), (0, 0, 'day ', 10),
                           (1, 1, 'hour ', 13))) AS every
        ON (every.facility OR facility_id <> '') AND (every.department OR department_id <> '')
     GROUP BY 1, 2, 3, 4";

impl Store {
    /// Counts everything anew. Accepting waits meanwhile, for seconds when there are millions of rows.
    ///
    /// # Errors
    /// When the database cannot be written; then nothing was changed.
    pub async fn repair_counts(&self) -> Result<(), StoreError> {
        self.write(Lane::Maintenance, |connection| Ok(repair(connection)?))
            .await
    }
}

/// How many counts differ from the rows. It reads every row: seconds for millions.
///
/// # Errors
/// When the database cannot be read.
pub(super) fn differences(connection: &Connection) -> Result<u64, StoreError> {
    let mut found = 0;
    for (table, counts, rows) in COUNTS {
        let kept = format!("SELECT * FROM {table} WHERE {counts}");
        let sql = format!(
            "SELECT (SELECT count(*) FROM ({kept} EXCEPT SELECT * FROM ({rows})))
                  + (SELECT count(*) FROM (SELECT * FROM ({rows}) EXCEPT {kept}))"
        );
        found += connection.query_row(&sql, [], |row| row.get::<_, u64>(0))?;
    }
    Ok(found)
}

pub(super) fn repair(connection: &Connection) -> rusqlite::Result<()> {
    for (table, _, rows) in COUNTS {
        connection.execute(&format!("DELETE FROM {table}"), [])?;
        connection.execute(&format!("INSERT INTO {table} SELECT * FROM ({rows})"), [])?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::tests::{
        at, attempted, count, database, due_now, policy, settle, submission, when,
    };

    #[test]
    fn counts_that_were_parted_from_their_rows_are_found_and_repaired() {
        let (_directory, connection) = database();
        let accepted = [submission("a.b", None), submission("c.d", None)];
        super::super::events::accept(&connection, &accepted, when(0)).unwrap();
        for due in due_now(&connection, when(0)) {
            let failed = attempted(crate::attempt::Outcome::Failed, at(0), 5);
            settle(&connection, &due, &failed, &policy()).unwrap();
        }
        assert_eq!(differences(&connection).unwrap(), 0);
        connection
            .execute_batch(
                "UPDATE send_counts SET sent = 7 WHERE event_type = 'a.b';
                 DELETE FROM send_counts WHERE event_type = 'c.d';
                 UPDATE queue_counts SET deliveries = 9 WHERE status = 'pending'",
            )
            .unwrap();
        // A wrong row differs on both sides, a missing one on one; sends have two.
        assert_eq!(differences(&connection).unwrap(), 8);
        repair(&connection).unwrap();
        assert_eq!(differences(&connection).unwrap(), 0);
        for slot in ["day ", "hour "] {
            let sent = format!("SELECT sum(sent) FROM send_counts WHERE slot LIKE '{slot}%'");
            assert_eq!(count(&connection, &sent), 2);
        }
    }
}
