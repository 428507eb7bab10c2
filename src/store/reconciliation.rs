//! Comparing what was sent with what the partner says it has, and what follows from it (contract, section 4.7).

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use rusqlite::{Connection, OptionalExtension, Row};
use uuid::Uuid;

use super::connection::word;
use super::event_lookup::STATUS;
use super::event_query::FROM_EVENTS;
use super::ids::new_id;
use super::milestones::Milestone;
use super::relay_time::Now;
use super::writer::Lane;
use super::{BulkRules, Store, StoreError, arrivals, delivered_digests, missing_deliveries};
use crate::cause::Cause;
use crate::clock::Moment;
use crate::event::Status;
use crate::priority::Throttle;
use crate::reconciliation::comparison::{Closed, Comparer, Comparison, Counts, Delivery, Question};
use crate::timestamp::Timestamp;

/// Deliveries in one transaction; more would hold up accepting.
const AT_ONCE: usize = 200;

impl Store {
    /// Compares the deliveries of a range with the partner's list. Nothing is changed.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn compare(
        &self,
        question: Arc<Question>,
        moment: Moment,
    ) -> Result<Comparison, StoreError> {
        let now = self.time.now(moment);
        self.read_long(move |connection| compare(connection, &question, now))
            .await
    }

    /// Keeps what a comparison has found, a little at a time: as delivered what has arrived, what was missing before and
    /// is found, what is missing, with its incident, and what could not be judged. Last the comparison itself, which has
    /// happened when it stands there. Answers its id; one that says the same as the last one of its range is that one.
    /// `rules`: how what has to be sent again, because of what has arrived, is sent.
    ///
    /// # Errors
    /// When the database cannot be written; then it can be compared and kept once more.
    pub async fn keep_comparison(
        &self,
        question: Arc<Question>,
        found: Arc<Comparison>,
        threshold: u64,
        rules: BulkRules,
        moment: Moment,
    ) -> Result<String, StoreError> {
        let now = self.time.now(moment);
        self.each(
            &found,
            |found| &found.arrived,
            move |connection, (seq, id)| {
                arrivals::settle(connection, *seq, &id.to_string(), rules.by(), now)
            },
        )
        .await?;
        self.each(
            &found,
            |found| &found.confirmed,
            move |connection, seq| missing_deliveries::confirm(connection, *seq, now),
        )
        .await?;
        self.each(
            &found,
            |found| &found.found,
            move |connection, (seq, finding)| {
                missing_deliveries::note(connection, *seq, *finding, threshold, now)
            },
        )
        .await?;
        self.each(
            &found,
            |found| &found.unjudged,
            |connection, seq| Ok(missing_deliveries::note_unjudged(connection, *seq)?),
        )
        .await?;
        self.each(
            &found,
            |found| &found.judged,
            |connection, seq| Ok(missing_deliveries::forget_unjudged(connection, *seq)?),
        )
        .await?;
        self.write(Lane::Maintenance, move |connection| {
            Ok(keep(connection, &question, &found, now)?)
        })
        .await
    }

    /// Writes something for each of what was found, a little at a time.
    async fn each<T, Of, Write>(
        &self,
        found: &Arc<Comparison>,
        of: Of,
        write: Write,
    ) -> Result<(), StoreError>
    where
        Of: Fn(&Comparison) -> &Vec<T> + Copy + Send + Sync + 'static,
        Write: Fn(&Connection, &T) -> Result<(), StoreError> + Clone + Send + Sync + 'static,
    {
        for from in (0..of(found).len()).step_by(AT_ONCE) {
            let (found, write) = (Arc::clone(found), write.clone());
            self.write(Lane::Maintenance, move |connection| {
                let mut page = of(&found).iter().skip(from).take(AT_ONCE);
                page.try_for_each(|one| write(connection, one))
            })
            .await?;
        }
        Ok(())
    }

    /// Forgets some of the comparisons that were made longer ago than they are `kept`, but none that is its route's last
    /// one, and the digests of that time; says whether there are more. Nothing is written when there are none.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn purge_comparisons(
        &self,
        kept: Duration,
        moment: Moment,
    ) -> Result<bool, StoreError> {
        let Some(old) = self.milestone(kept, moment).await? else {
            return Ok(false);
        };
        let before = moment.wall.before(kept);
        if !self.read(move |c| Ok(any_old(c, old, before)?)).await? {
            return Ok(false);
        }
        self.write(Lane::Maintenance, move |connection| {
            Ok(purge(connection, old, before)?)
        })
        .await
    }
}

/// Deliveries in the order of their ids, with everything that a comparison asks of them.
fn deliveries() -> String {
    format!(
        "SELECT e.seq, e.id, e.event_type, coalesce(l.route, e.route), {STATUS},
                coalesce(l.retry_count + 1, 0), l.sent_at,
                coalesce(l.last_retry_at, l.sent_at), l.http_status_code,
                CASE WHEN l.id IS NOT NULL THEN o.due_ms END,
                m.event_seq IS NOT NULL AND m.how IS NULL,
                coalesce(m.how = 'dismissed' AND m.ended_at >= coalesce(l.last_retry_at, l.sent_at), 0),
                x.event_seq IS NOT NULL, u.event_seq IS NOT NULL
           {FROM_EVENTS}
           LEFT JOIN missing_deliveries m ON m.event_seq = e.seq
           LEFT JOIN erased_events x ON x.event_seq = e.seq
           LEFT JOIN unjudged_deliveries u ON u.event_seq = e.seq
          WHERE e.id >= ?1 AND e.id <= ?2 ORDER BY e.id"
    )
}

pub(super) fn compare(
    connection: &Connection,
    question: &Question,
    now: Now,
) -> Result<Comparison, StoreError> {
    let mut comparer = Comparer::new(question);
    let mut statement = connection.prepare_cached(&deliveries())?;
    let range = [question.range.from, question.range.to].map(|id| id.to_string());
    let mut rows = statement.query(range)?;
    let mut throttle = Throttle::start();
    while let Some(row) = rows.next()? {
        let delivery = delivery(row, now)?;
        comparer.add(&delivery, || last_cause(connection, delivery.seq))?;
        throttle.rest_when_due();
    }
    let behind = if question.range_was_said {
        0
    } else {
        delivered_behind(connection, question)?
    };
    let last_seq = connection
        .prepare_cached("SELECT coalesce(max(seq), 0) FROM events")?
        .query_row([], |row| row.get(0))?;
    Ok(Comparison {
        last_seq,
        ..comparer.finish(behind)
    })
}

fn delivery<'a>(row: &'a Row<'_>, now: Now) -> Result<Delivery<'a>, StoreError> {
    let text = |column: usize| -> rusqlite::Result<&str> {
        let value = row.get_ref(column)?;
        value.as_str().map_err(|error| {
            let kind = value.data_type();
            rusqlite::Error::FromSqlConversionFailure(column, kind, Box::new(error))
        })
    };
    let due_ms: Option<i64> = row.get(9)?;
    Ok(Delivery {
        seq: row.get(0)?,
        id: Uuid::try_parse(text(1)?).unwrap_or_default(),
        event_type: text(2)?,
        route: text(3)?,
        status: word(4, row.get(4)?, Status::from_word)?,
        attempts: row.get(5)?,
        first_sent_at: row.get(6)?,
        last_attempt_at: row.get(7)?,
        http_status: row.get(8)?,
        next_retry_at: due_ms.map(|due_ms| now.wall_of(due_ms)),
        was_missing: row.get(10)?,
        closed: closed(row.get(11)?, row.get(12)?),
        was_unjudged: row.get(13)?,
    })
}

fn closed(is_given_up: bool, is_erased: bool) -> Option<Closed> {
    if is_erased {
        Some(Closed::Erased)
    } else {
        is_given_up.then_some(Closed::GivenUp)
    }
}

fn last_cause(connection: &Connection, seq: i64) -> Result<Option<Cause>, StoreError> {
    let cause: Option<Option<String>> = connection
        .prepare_cached(
            "SELECT cause FROM attempts WHERE event_seq = ?1 ORDER BY attempt DESC LIMIT 1",
        )?
        .query_row([seq], |row| row.get(0))
        .optional()?;
    Ok(cause.flatten().as_deref().and_then(Cause::from_word))
}

/// How many were delivered that the list ends before.
fn delivered_behind(connection: &Connection, question: &Question) -> Result<u64, StoreError> {
    let mut count = connection.prepare_cached(
        "SELECT count(*) FROM events e CROSS JOIN webhook_send_logs l ON l.id = e.id
          WHERE e.id > ?1 AND l.status = 'success' AND l.route = ?2",
    )?;
    let behind = question.range.to.to_string();
    let counts = question
        .routes
        .iter()
        .map(|route| count.query_row((&behind, route), |row| row.get::<_, u64>(0)));
    Ok(counts.sum::<rusqlite::Result<u64>>()?)
}

/// Keeps the comparison, one row for each of its routes. When it says the same as the last one of its range, it is that
/// one, which was made again.
pub(super) fn keep(
    connection: &Connection,
    question: &Question,
    comparison: &Comparison,
    now: Now,
) -> rusqlite::Result<String> {
    let range = [question.range.from, question.compared_to()].map(|id| id.to_string());
    note_newer(connection, question, comparison, &range)?;
    let none = Counts::default();
    let counts = |route: &String| comparison.by_route.get(route).unwrap_or(&none);
    let mut same = BTreeSet::new();
    for route in &question.routes {
        let last = last_of_range(connection, route, &range)?;
        same.insert(last.and_then(|(id, before)| (before == *counts(route)).then_some(id)));
    }
    if let (Some(Some(id)), 1) = (same.first(), same.len()) {
        connection
            .prepare_cached("UPDATE reconciliations SET compared_at = ?2 WHERE id = ?1")?
            .execute((id, now.wall))?;
        return Ok(id.clone());
    }
    let id = new_id(now.wall);
    let mut insert = connection.prepare_cached(
        "INSERT INTO reconciliations (id, compared_at, route, from_id, to_id, sent, received, matched,
                                      missing, no_effect)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
    )?;
    let [from, to] = &range;
    for route in &question.routes {
        let Counts {
            sent,
            received,
            matched,
            missing,
            no_effect,
        } = counts(route);
        insert.execute((
            &id, now.wall, route, from, to, sent, received, matched, missing, no_effect,
        ))?;
    }
    Ok(id)
}

/// Notes as not judged what was committed since it was compared, with an id of the range: an id is made before the commit.
fn note_newer(
    connection: &Connection,
    question: &Question,
    comparison: &Comparison,
    [from, to]: &[String; 2],
) -> rusqlite::Result<()> {
    let mut note = connection.prepare_cached(
        "INSERT INTO unjudged_deliveries (event_seq)
         SELECT seq FROM events WHERE seq > ?1 AND +id >= ?2 AND +id <= ?3 AND route = ?4
         ON CONFLICT DO NOTHING",
    )?;
    for route in &question.routes {
        note.execute((comparison.last_seq, from, to, route))?;
    }
    Ok(())
}

/// The last comparison of exactly this range on a route, and what it has counted.
fn last_of_range(
    connection: &Connection,
    route: &str,
    [from, to]: &[String; 2],
) -> rusqlite::Result<Option<(String, Counts)>> {
    connection
        .prepare_cached(
            "SELECT id, sent, received, matched, missing, no_effect FROM reconciliations
              WHERE route = ?1 AND from_id = ?2 AND to_id = ?3 ORDER BY seq DESC LIMIT 1",
        )?
        .query_row((route, from, to), |row| {
            let counts = Counts {
                sent: row.get(1)?,
                received: row.get(2)?,
                matched: row.get(3)?,
                missing: row.get(4)?,
                no_effect: row.get(5)?,
            };
            Ok((row.get(0)?, counts))
        })
        .optional()
}

/// When each route was compared last.
pub(super) fn last_comparisons(
    connection: &Connection,
) -> rusqlite::Result<Vec<(String, Timestamp)>> {
    connection
        .prepare_cached("SELECT route, max(compared_at) FROM reconciliations GROUP BY route")?
        .query_map([], |row| row.try_into())?
        .collect()
}

/// Comparisons before a moment that are not the last one of their route. One that was made again has a later time than its
/// row number says.
const OLD: &str = "
      FROM reconciliations r
     WHERE r.compared_at < ?1 AND r.seq <= ?2
       AND r.compared_at < (SELECT max(n.compared_at) FROM reconciliations n WHERE n.route = r.route)";

fn any_old(connection: &Connection, old: Milestone, before: Timestamp) -> rusqlite::Result<bool> {
    connection
        .prepare_cached(&format!("SELECT EXISTS (SELECT 1 {OLD})"))?
        .query_row((before, old.comparisons), |row| row.get(0))
}

fn purge(connection: &Connection, old: Milestone, before: Timestamp) -> rusqlite::Result<bool> {
    delivered_digests::purge(connection, before)?;
    let sql = format!(
        "DELETE FROM reconciliations WHERE seq IN (SELECT r.seq {OLD} ORDER BY r.compared_at LIMIT ?3)"
    );
    let purged = connection
        .prepare_cached(&sql)?
        .execute((before, old.comparisons, AT_ONCE))?;
    Ok(purged == AT_ONCE)
}

#[cfg(test)]
pub(in crate::store) mod tests;
