//! What comparisons with the partner have found, for people to read (contract, sections 4.7 and 12.1).

use rusqlite::{Connection, Row};
use uuid::Uuid;

use super::connection::word;
use super::{Store, StoreError, confirmed_ranges};
use crate::confirmed_range::ConfirmedRange;
use crate::reconciliation::IdRange;
use crate::reconciliation::comparison::{Counts, Discrepancy};
use crate::reconciliation::ledger::{ComparisonRecord, FindingRecord, Findings, FindingsFilter};

const COLUMNS: &str =
    "id, compared_at, route, from_id, to_id, sent, received, matched, missing, no_effect";

impl Store {
    /// The last comparisons, the newest first; with `routes` only theirs.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn comparisons(
        &self,
        routes: Option<Vec<String>>,
        limit: usize,
    ) -> Result<Vec<ComparisonRecord>, StoreError> {
        self.read(move |connection| {
            let sql = format!(
                "SELECT {COLUMNS} FROM reconciliations ORDER BY compared_at DESC, seq DESC"
            );
            let mut statement = connection.prepare_cached(&sql)?;
            let rows = statement.query_map([], comparison)?;
            let shown = rows.filter(|row| {
                let is_meant = |one: &ComparisonRecord| {
                    routes.as_ref().is_none_or(|all| all.contains(&one.route))
                };
                row.as_ref().map_or(true, is_meant)
            });
            Ok(shown.take(limit).collect::<rusqlite::Result<_>>()?)
        })
        .await
    }

    /// One comparison, on each of its routes; nothing: there is none with this id.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn comparison(&self, id: &str) -> Result<Vec<ComparisonRecord>, StoreError> {
        let id = id.to_owned();
        self.read(move |connection| {
            let sql = format!("SELECT {COLUMNS} FROM reconciliations WHERE id = ?1 ORDER BY route");
            let mut statement = connection.prepare_cached(&sql)?;
            let rows = statement.query_map([id], comparison)?;
            Ok(rows.collect::<rusqlite::Result<_>>()?)
        })
        .await
    }

    /// What of each of these routes was compared.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn confirmed_ranges(
        &self,
        routes: Vec<String>,
    ) -> Result<Vec<(String, ConfirmedRange)>, StoreError> {
        self.read(move |connection| {
            let ranges = routes.into_iter().map(|route| {
                let range = confirmed_ranges::confirmed_range(connection, &route)?;
                Ok((route, range))
            });
            Ok(ranges.collect::<rusqlite::Result<_>>()?)
        })
        .await
    }

    /// What was found and has not ended; at most so many of a kind are `named`.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn findings(
        &self,
        filter: FindingsFilter,
        named: usize,
    ) -> Result<Findings, StoreError> {
        self.read(move |connection| Ok(findings(connection, &filter, named)?))
            .await
    }
}

fn id(column: usize, row: &Row<'_>) -> rusqlite::Result<Uuid> {
    let text: String = row.get(column)?;
    word(column, text, |text| Uuid::try_parse(text).ok())
}

fn comparison(row: &Row<'_>) -> rusqlite::Result<ComparisonRecord> {
    Ok(ComparisonRecord {
        id: row.get(0)?,
        compared_at: row.get(1)?,
        route: row.get(2)?,
        range: IdRange {
            from: id(3, row)?,
            to: id(4, row)?,
        },
        counts: Counts {
            sent: row.get(5)?,
            received: row.get(6)?,
            matched: row.get(7)?,
            missing: row.get(8)?,
            no_effect: row.get(9)?,
        },
    })
}

/// A delivery was sent again when no comparison since its last attempt could judge it. One that was given up waits for a
/// person again.
const FINDINGS: &str = "
    SELECT e.seq, e.id, e.event_type, e.staff_id, coalesce(l.route, e.route), m.reason, l.sent_at,
           coalesce(q.status, '') <> 'failed' AND (
               o.event_seq IS NOT NULL OR u.event_seq IS NOT NULL OR NOT EXISTS (
                   SELECT 1 FROM reconciliations r
                    WHERE r.route = coalesce(l.route, e.route) AND r.from_id <= e.id AND r.to_id >= e.id
                      AND r.compared_at >= coalesce(l.last_retry_at, l.sent_at))),
           x.event_seq IS NOT NULL
      FROM missing_deliveries m
      CROSS JOIN events e ON e.seq = m.event_seq
      LEFT JOIN webhook_send_logs l ON l.id = e.id
      LEFT JOIN webhook_retry_queue q ON q.id = e.id
      LEFT JOIN outbox o ON o.event_seq = e.seq
      LEFT JOIN unjudged_deliveries u ON u.event_seq = e.seq
      LEFT JOIN erased_events x ON x.event_seq = e.seq
     WHERE m.how IS NULL ORDER BY m.event_seq";

fn findings(
    connection: &Connection,
    filter: &FindingsFilter,
    named: usize,
) -> rusqlite::Result<Findings> {
    let mut found = Findings::default();
    let mut others = Vec::new();
    let mut statement = connection.prepare_cached(FINDINGS)?;
    let rows = statement.query_map([], finding)?;
    for row in rows {
        let one = row?;
        let in_range = filter
            .range
            .is_none_or(|range| Uuid::try_parse(&one.id).is_ok_and(|id| range.has(&id)));
        if in_range && !one.is_erased && filter.has_route(&one.route) {
            found.add(one, &mut others, named);
        }
    }
    found.named.append(&mut others);
    Ok(found)
}

fn finding(row: &Row<'_>) -> rusqlite::Result<FindingRecord> {
    Ok(FindingRecord {
        seq: row.get(0)?,
        id: row.get(1)?,
        event_type: row.get(2)?,
        staff_id: row.get(3)?,
        route: row.get(4)?,
        discrepancy: word(5, row.get(5)?, Discrepancy::from_word)?,
        sent_at: row.get(6)?,
        sent_again: row.get(7)?,
        is_erased: row.get(8)?,
    })
}

#[cfg(test)]
mod tests;
