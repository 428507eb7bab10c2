//! Writing a chunk: its rows in the own database, what goes into the shared tables, and the note that it was copied, in
//! one transaction. A connection that breaks in the middle is made anew, and the mark in the own database says what
//! became of the transaction.

use std::collections::VecDeque;

use mysql_async::Value;

use super::connection::{PAUSES, RECONNECTS, TRIES};
use super::own::{between, key, new_token, range_of_keys, word};
use super::reading::Link;
use super::values::{places, quoted, value};
use super::{Parcel, SharedDatabase, SharedDatabaseError as Error, Written};

/// Rows of one statement; in most chunks a table has twice as many as the first. There are few numbers of them, and none is
/// larger, because both sides keep what they know of each statement, place by place.
const GROUPS: [usize; 5] = [250, 50, 10, 2, 1];
/// How often somebody else's lock is waited for. The server itself waits each time, 50 seconds where nobody set otherwise.
const LOCK_WAITS: u32 = 3;

/// What one transaction does.
#[derive(Clone, Copy)]
enum Work<'a> {
    Chunk(&'a Parcel<'a>),
    Links(&'a [Link]),
}

impl SharedDatabase {
    /// Writes a chunk in one transaction, once, whatever the connection does.
    ///
    /// # Errors
    /// What the server says at last; nothing of the chunk is there then.
    pub async fn write(&mut self, parcel: &Parcel<'_>) -> Result<Written, Error> {
        self.transact(Work::Chunk(parcel)).await
    }

    /// Makes interviews stand for those that they were rescheduled from, in one transaction. All of them are there already.
    ///
    /// # Errors
    /// What the server says at last; nothing was changed then.
    pub async fn link(&mut self, links: &[Link]) -> Result<Written, Error> {
        self.transact(Work::Links(links)).await
    }

    async fn transact(&mut self, work: Work<'_>) -> Result<Written, Error> {
        let (mut tries, mut pause, mut one_by_one) = (0, PAUSES.0, false);
        loop {
            let (token, mut written) = (new_token(), Written::default());
            let attempted = self.attempt(work, token, one_by_one, &mut written).await;
            self.in_transaction = false;
            let Err(error) = attempted else {
                self.token = Some(token);
                return Ok(written);
            };
            if error.is_lost() {
                if self.find_out(token, error.clone()).await? {
                    self.token = Some(token);
                    return Ok(written);
                }
            } else {
                // Whether this works or not: the next statement says what the connection is worth.
                let _ = self.run("ROLLBACK", Vec::new()).await;
                if error.of_row().is_some() && !one_by_one {
                    one_by_one = true;
                } else if !error.is_for_again() {
                    return Err(error);
                }
            }
            tries += 1;
            let most = if error.is_lock_wait() {
                LOCK_WAITS
            } else {
                TRIES
            };
            if tries >= most {
                return Err(error);
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(PAUSES.1);
        }
    }

    /// Connects again, with patience, and answers whether the transaction with this mark was committed.
    async fn find_out(&mut self, token: [u8; 16], first: Error) -> Result<bool, Error> {
        let (mut error, mut pause) = (first, PAUSES.0);
        for _ in 0..RECONNECTS {
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(PAUSES.1);
            match self.was_committed(token).await {
                Err(again) if again.is_lost() || again.is_for_again() => error = again,
                known => return known,
            }
        }
        Err(error)
    }

    async fn attempt(
        &mut self,
        work: Work<'_>,
        token: [u8; 16],
        one_by_one: bool,
        written: &mut Written,
    ) -> Result<(), Error> {
        self.begin(token).await?;
        match work {
            Work::Chunk(parcel) => {
                // A key that is there: somebody may have changed what is noted of the copy.
                let is_new = parcel.is_new && !one_by_one;
                let parcel = Parcel { is_new, ..*parcel };
                self.fill(&parcel, one_by_one, written).await?;
            }
            Work::Links(links) => written.placed += self.set_links(links).await?,
        }
        self.run("COMMIT", Vec::new()).await.map(drop)
    }

    async fn fill(
        &mut self,
        parcel: &Parcel<'_>,
        one_by_one: bool,
        written: &mut Written,
    ) -> Result<(), Error> {
        let chunk = parcel.chunk;
        for (table, rows) in parcel.tables.iter().zip(&chunk.rows) {
            if !parcel.is_new {
                let (condition, values) =
                    between(table, chunk.lower.as_ref(), chunk.upper.as_ref());
                let name = quoted(table.name);
                let sql = format!("DELETE FROM {}.{name} WHERE {condition}", self.own);
                self.run(&sql, values).await?;
            }
            let columns = table.columns.iter().map(|column| quoted(&column.name));
            let target = format!("{}.{}", self.own, quoted(table.name));
            let columns: Vec<_> = columns.collect();
            self.insert(
                &target,
                &columns,
                rows.iter().map(|row| row.iter().map(value).collect()),
            )
            .await?;
        }
        for placement in parcel.placements {
            self.place(parcel, placement, one_by_one, written).await?;
        }
        self.note_chunk(parcel).await
    }

    async fn note_chunk(&mut self, parcel: &Parcel<'_>) -> Result<(), Error> {
        let chunk = parcel.chunk;
        let (condition, mut values) = range_of_keys("upper", chunk);
        values.insert(0, word(parcel.unit));
        let own = &self.own;
        if !parcel.is_new {
            let sql = format!("DELETE FROM {own}.copied_chunks WHERE unit = ? AND {condition}");
            self.run(&sql, values).await?;
        }
        let Some(upper) = &chunk.upper else {
            return Ok(());
        };
        let sql = format!(
            "INSERT INTO {}.copied_chunks (unit, upper, lower, digest) VALUES (?, ?, ?, ?)",
            self.own
        );
        let values = vec![
            word(parcel.unit),
            upper.as_key().into(),
            key(chunk.lower.as_ref()).into(),
            parcel.digest.to_vec().into(),
        ];
        self.run(&sql, values).await.map(drop)
    }

    /// Inserts rows with as few statements as their size allows.
    pub(super) async fn insert(
        &mut self,
        target: &str,
        columns: &[String],
        rows: impl Iterator<Item = Vec<Value>>,
    ) -> Result<(), Error> {
        let mut rows: VecDeque<Vec<Value>> = rows.collect();
        let names = columns.join(",");
        while !rows.is_empty() {
            let count = group(
                rows.iter().map(|row| row.iter().map(size).sum()),
                self.statement_bytes,
            );
            let places = vec![places(columns.len()); count].join(",");
            let sql = format!("INSERT INTO {target} ({names}) VALUES {places}");
            let values = rows.drain(..count).flatten().collect();
            self.run(&sql, values).await?;
        }
        Ok(())
    }
}

/// How many of the next rows, by their sizes, go into one statement of at most so many bytes.
fn group(sizes: impl Iterator<Item = usize>, most: usize) -> usize {
    let mut bytes = 0;
    let fit = sizes.take(GROUPS[0]).take_while(|size| {
        bytes += size;
        bytes <= most
    });
    let fit = fit.count();
    GROUPS.into_iter().find(|rows| *rows <= fit).unwrap_or(1)
}

fn size(value: &Value) -> usize {
    match value {
        Value::Bytes(bytes) => bytes.len(),
        _ => 8,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_statement_has_one_of_few_numbers_of_rows_and_is_never_too_long() {
        let most = 2 * 1024 * 1024;
        let of = |rows: usize, size: usize| group(std::iter::repeat_n(size, rows), most);
        assert_eq!(
            [of(1000, 10), of(249, 10), of(49, 10), of(3, 10), of(1, 10)],
            [250, 50, 10, 2, 1]
        );
        assert_eq!(of(100, most / 20), 10);
        assert_eq!(of(100, most * 2), 1);
    }
}
