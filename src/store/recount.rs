//! What is kept counted, against the rows that it counts.
//!
//! The counts change in the transaction that changes the rows, so they agree by construction. Somebody
//! who writes into the file by hand, or a mistake, could still part them: `check` recounts.

use rusqlite::Connection;

use super::StoreError;

/// Each table of counts, and the view that counts the rows themselves.
const COUNTS: [(&str, &str); 3] = [
    ("send_counts", "sends_counted"),
    ("queue_counts", "queue_counted"),
    ("interview_counts", "interviews_counted"),
];

/// How many counts differ from the rows. It reads every row: seconds for millions.
///
/// # Errors
/// When the database cannot be read.
pub fn differences(connection: &Connection) -> Result<u64, StoreError> {
    let mut found = 0;
    for (table, view) in COUNTS {
        let sql = format!(
            "SELECT (SELECT count(*) FROM (SELECT * FROM {table} EXCEPT SELECT * FROM {view}))
                  + (SELECT count(*) FROM (SELECT * FROM {view} EXCEPT SELECT * FROM {table}))"
        );
        found += connection.query_row(&sql, [], |row| row.get::<_, u64>(0))?;
    }
    Ok(found)
}

/// Counts everything anew. Accepting waits meanwhile, for seconds when there are millions of rows.
///
/// # Errors
/// When the database cannot be written; the caller's transaction must then be undone.
pub fn repair(connection: &Connection) -> Result<(), StoreError> {
    for (table, view) in COUNTS {
        connection.execute(&format!("DELETE FROM {table}"), [])?;
        connection.execute(&format!("INSERT INTO {table} SELECT * FROM {view}"), [])?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::tests::{at, attempted, count, database, due_now, policy, submission};

    #[test]
    fn counts_that_were_parted_from_their_rows_are_found_and_repaired() {
        let (_directory, connection) = database();
        let accepted = [submission("a.b", None), submission("c.d", None)];
        super::super::events::accept(&connection, &accepted, at(0)).unwrap();
        for due in due_now(&connection, at(0)) {
            let failed = attempted(crate::attempt::Outcome::Failed, at(0), 5);
            super::super::settle::settle(&connection, &due, &failed, &policy()).unwrap();
        }
        assert_eq!(differences(&connection).unwrap(), 0);
        connection
            .execute_batch(
                "UPDATE send_counts SET sent = 7 WHERE event_type = 'a.b' AND slot LIKE 'hour%';
                 DELETE FROM send_counts WHERE event_type = 'c.d' AND slot LIKE 'minute%';
                 UPDATE queue_counts SET deliveries = 9 WHERE status = 'pending'",
            )
            .unwrap();
        // A wrong row differs on both sides, a missing one on one.
        assert_eq!(differences(&connection).unwrap(), 5);
        repair(&connection).unwrap();
        assert_eq!(differences(&connection).unwrap(), 0);
        assert_eq!(count(&connection, "SELECT sum(sent) FROM send_counts"), 4);
    }
}
