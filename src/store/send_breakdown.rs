//! The counts of sends in rows (contract, section 8), from what was counted when the rows changed.

use rusqlite::Connection;

use super::send_stats::{Sums, each_count};
use super::{Store, StoreError};
use crate::day;
use crate::send_breakdown::{BreakdownQuestion, By, SendBreakdown};
use crate::send_stats::{SendChange, SendCounts, SendFilter};
use crate::slot::Unit;
use crate::timestamp::Timestamp;

impl Store {
    /// The counts of a range by day, type or route. The rows add up to what [`Store::send_statistics`] counts.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn send_breakdown(
        &self,
        question: BreakdownQuestion,
    ) -> Result<SendBreakdown, StoreError> {
        self.read(move |connection| Ok(break_down(connection, question)?))
            .await
    }
}

pub(super) fn break_down(
    connection: &Connection,
    question: BreakdownQuestion,
) -> rusqlite::Result<SendBreakdown> {
    let BreakdownQuestion { from, to, by, .. } = question;
    let (mut total, mut named) = (SendChange::default(), Sums::default());
    each_count(
        connection,
        &SendFilter::period(from, to),
        |route, event_type, change, sign| {
            total.add(change, sign);
            let name = match by {
                By::Day => return,
                By::Type => event_type,
                By::Route => route,
            };
            named.add(name, change, sign);
        },
    )?;
    let rows = match by {
        By::Day => days(connection, question)?,
        By::Type | By::Route => named.counts().into_iter().collect(),
    };
    Ok(SendBreakdown {
        rows,
        total: total.into(),
    })
}

/// Days are those of the clinic's time zone, and counts are kept by hours of UTC. Rows are read only where a day
/// begins inside such an hour.
fn days(
    connection: &Connection,
    question: BreakdownQuestion,
) -> rusqlite::Result<Vec<(String, SendCounts)>> {
    let Some((first, last)) = counted(connection)? else {
        return Ok(Vec::new());
    };
    let from = question.from.max(first);
    // The clock may have been set back after a send.
    let to = question.to.min(question.now.max(last));
    let days = day::days(from, to, question.zone).into_iter();
    let counted = days.map(|(name, from, to)| {
        let mut sum = SendChange::default();
        let of_day = SendFilter::period(from, to);
        each_count(connection, &of_day, |_, _, change, sign| {
            sum.add(change, sign);
        })?;
        Ok((name, sum.into()))
    });
    counted.collect()
}

/// The first and the last moment of the days, in UTC, of which anything is counted.
fn counted(connection: &Connection) -> rusqlite::Result<Option<(Timestamp, Timestamp)>> {
    let mut ends = connection.prepare_cached(
        "SELECT (SELECT min(slot) FROM send_counts WHERE slot >= 'day' AND slot < 'hour'),
                (SELECT max(slot) FROM send_counts WHERE slot >= 'day' AND slot < 'hour')",
    )?;
    let (first, last): (Option<String>, Option<String>) =
        ends.query_row([], |row| row.try_into())?;
    let slot = |name: Option<String>| Unit::Day.named(&name?);
    let ends = slot(first).zip(slot(last));
    Ok(ends.map(|((first, _), (_, last))| (first, last)))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::clock::Clock;
    use crate::store::send_stats::sends;
    use crate::store::tests::{at, database};
    use crate::zone::Zone;

    /// One delivery in each of so many steps before `at(0)`, counted.
    fn deliveries(connection: &Connection, count: u32, step_ms: i64) {
        connection
            .execute_batch(&format!(
                "PRAGMA foreign_keys = OFF;
                 WITH RECURSIVE n (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM n WHERE n < {count} - 1)
                 INSERT INTO webhook_send_logs
                 SELECT printf('%08d', n), 'type.' || (n % 3), at, at, NULL, printf('%08d', n), 9,
                        iif(n % 10 = 0, 'timeout', 'success'), 200, n % 100, NULL, 0, NULL, NULL, at, 'route ' || (n % 2)
                   FROM (SELECT n, strftime('%Y-%m-%dT%H:%M:%fZ', ({base} - n * {step_ms}) / 1000.0, 'unixepoch') AS at
                           FROM n)",
                base = at(0).unix_ms(),
            ))
            .unwrap();
        crate::store::recount::repair(connection).unwrap();
    }

    fn question(days: u64, by: By, zone: Zone) -> BreakdownQuestion {
        BreakdownQuestion {
            from: at(0).before(Duration::from_hours(24 * days)),
            to: at(0),
            by,
            zone,
            now: at(0),
        }
    }

    #[test]
    fn rows_add_up_to_the_total_in_every_zone() {
        let (_directory, connection) = database();
        deliveries(&connection, 2000, 997_003);
        for zone in [
            "Asia/Tokyo",
            "Asia/Kolkata",
            "Asia/Kathmandu",
            "America/New_York",
            // The clock was set back in the night before.
            "Europe/Berlin",
            "UTC",
        ] {
            let zone = Zone::named(zone).unwrap();
            for by in By::ALL {
                let question = question(17, by, zone);
                let broken_down = break_down(&connection, question).unwrap();
                let period = SendFilter::period(question.from, question.to);
                let counted = sends(&connection, &period).unwrap();
                assert_eq!(broken_down.total, counted.total);
                let sums = |of: fn(&SendCounts) -> u64| {
                    let rows = broken_down.rows.iter();
                    (
                        rows.map(|(_, row)| of(row)).sum::<u64>(),
                        of(&counted.total),
                    )
                };
                for (rows, total) in [
                    sums(|counts| counts.sent),
                    sums(|counts| counts.succeeded),
                    sums(|counts| counts.failed),
                    sums(|counts| counts.timeout),
                    sums(|counts| counts.retried),
                    sums(|counts| counts.successful_ms),
                ] {
                    assert_eq!(rows, total, "{by:?} {zone:?}");
                }
                let rows = broken_down.rows.len();
                let expected = match by {
                    By::Day => 18,
                    By::Type => 3,
                    By::Route => 2,
                };
                assert_eq!(rows, expected, "{by:?} {zone:?}");
            }
        }
    }

    #[test]
    fn a_day_without_a_send_has_a_row_and_one_to_come_has_none() {
        let (_directory, connection) = database();
        deliveries(&connection, 3, 2 * 86_400_000);
        let mut question = question(365, By::Day, Zone::UTC);
        question.to = at(0).after(Duration::from_hours(24 * 30));
        let rows = break_down(&connection, question).unwrap().rows;
        let sent: Vec<u64> = rows.iter().map(|(_, counts)| counts.sent).collect();
        assert_eq!(sent, [1, 0, 1, 0, 1]);
        question.from = question.to;
        assert_eq!(break_down(&connection, question).unwrap().rows, []);
    }

    #[test]
    fn a_million_deliveries_are_broken_down_from_their_counts() {
        let (_directory, connection) = database();
        deliveries(&connection, 1_000_000, 2_592);
        let question = question(31, By::Day, Zone::named("Asia/Kolkata").unwrap());
        let began = Clock::System.monotonic();
        let broken_down = break_down(&connection, question).unwrap();
        let took = Clock::System.monotonic().saturating_sub(began);
        assert_eq!(broken_down.total.sent, 1_000_000);
        assert_eq!(broken_down.rows.len(), 31);
        assert!(took < Duration::from_secs(2), "{took:?}");
    }
}
