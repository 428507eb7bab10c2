//! What comparisons with the partner have confirmed of each route, and until when (contract, sections 4.7 and 10).

use std::collections::BTreeMap;

use rusqlite::Connection;

use crate::confirmed_range::{ComparedRange, ConfirmedRange};
use crate::timestamp::Timestamp;

/// Sorts after every id.
const BEHIND_ALL: &str = "~";

/// What of a route was compared.
pub(super) fn confirmed_range(
    connection: &Connection,
    route: &str,
) -> rusqlite::Result<ConfirmedRange> {
    let ranges: Vec<_> = connection
        .prepare_cached("SELECT from_id, to_id FROM reconciliations WHERE route = ?1")?
        .query_map([route], |row| {
            Ok(ComparedRange {
                from: row.get(0)?,
                to: row.get(1)?,
            })
        })?
        .collect::<rusqlite::Result<_>>()?;
    Ok(ConfirmedRange::of(ranges))
}

/// When the oldest delivery of a route was sent first that lies in a gap of what was compared.
pub(super) fn oldest_outside(
    connection: &Connection,
    route: &str,
    confirmed: &ConfirmedRange,
) -> rusqlite::Result<Option<Timestamp>> {
    let mut oldest = connection.prepare_cached(
        "SELECT sent_at FROM webhook_send_logs
          WHERE id > ?1 AND id < ?2 AND route = ?3 AND status = 'success' ORDER BY id LIMIT 1",
    )?;
    for (after, before) in confirmed.gaps() {
        let mut found = oldest.query((after, before.unwrap_or(BEHIND_ALL), route))?;
        if let Some(row) = found.next()? {
            return row.get(0);
        }
    }
    Ok(None)
}

/// Until when everything that was delivered is confirmed, for each of these routes that was compared: until the first delivery that
/// no comparison had in its range. Where there is none, until the comparison that reached farthest was made; one of an old
/// week says nothing of the time since.
pub(super) fn confirmed_until(
    connection: &Connection,
    routes: &[String],
) -> rusqlite::Result<Vec<(String, Timestamp)>> {
    let farthest = farthest_comparisons(connection)?.into_iter();
    // Of a route that is gone, everything since would be looked through each time.
    let farthest = farthest.filter(|(route, _)| routes.contains(route));
    let until = farthest.map(|(route, (_, compared_at))| {
        let confirmed = confirmed_range(connection, &route)?;
        let outside = oldest_outside(connection, &route, &confirmed)?;
        let until = outside.map_or(compared_at, |outside| outside.min(compared_at));
        Ok((route, until))
    });
    until.collect()
}

/// Of each route the last id that was compared, and when that was done last.
fn farthest_comparisons(
    connection: &Connection,
) -> rusqlite::Result<BTreeMap<String, (String, Timestamp)>> {
    let mut statement = connection.prepare_cached(
        "SELECT route, to_id, compared_at FROM reconciliations WHERE from_id <= to_id",
    )?;
    let mut rows = statement.query([])?;
    let mut farthest = BTreeMap::new();
    while let Some(row) = rows.next()? {
        let reached = (row.get(1)?, row.get(2)?);
        let known = farthest
            .entry(row.get(0)?)
            .or_insert_with(|| reached.clone());
        if reached > *known {
            *known = reached;
        }
    }
    Ok(farthest)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::ids::first_id_at;
    use crate::store::steps;
    use crate::store::tests::{at, database, delivered_at};

    const HOUR: i64 = 60 * 60_000;

    /// A comparison of what was accepted from one hour to another, that moment too, made at `compared`.
    fn compared(connection: &Connection, from: i64, to: i64, compared: i64) {
        let [from, to] = [from * HOUR, to * HOUR + 1].map(|moment| first_id_at(at(moment)));
        connection
            .execute(
                "INSERT INTO reconciliations (id, compared_at, route, from_id, to_id, sent, received, matched,
                                              missing, no_effect)
                 VALUES (hex(randomblob(8)), ?1, 'default', ?2, ?3, 0, 0, 0, 0, 0)",
                (at(compared * HOUR), from, to),
            )
            .unwrap();
    }

    fn until(connection: &Connection) -> Option<Timestamp> {
        let gone = confirmed_until(connection, &["another".to_owned()]).unwrap();
        assert_eq!(gone, []);
        let mut all = confirmed_until(connection, &["default".to_owned()]).unwrap();
        all.pop().map(|(_, until)| until)
    }

    #[test]
    fn an_old_week_that_is_compared_says_nothing_of_the_time_since() {
        let (_directory, connection) = database();
        for hour in [1, 30, 60] {
            delivered_at(&connection, hour * HOUR);
        }
        assert_eq!(until(&connection), None, "never compared");
        compared(&connection, 0, 40, 40);
        assert_eq!(until(&connection), Some(at(40 * HOUR)));
        compared(&connection, 0, 2, 90);
        assert_eq!(until(&connection), Some(at(40 * HOUR)));
        // Nor does today say anything of what lies between.
        compared(&connection, 80, 90, 90);
        assert_eq!(until(&connection), Some(at(60 * HOUR)));
        compared(&connection, 40, 80, 91);
        assert_eq!(until(&connection), Some(at(90 * HOUR)));
    }

    #[test]
    fn a_quiet_weekend_is_as_good_as_its_last_comparison() {
        let (_directory, connection) = database();
        delivered_at(&connection, HOUR);
        // Lists that end with their last event: it stays the same one.
        compared(&connection, 0, 1, 6);
        compared(&connection, 1, 1, 54);
        assert_eq!(until(&connection), Some(at(54 * HOUR)));
        compared(&connection, 0, 1, 57);
        // What comes on Monday takes nothing of that away.
        delivered_at(&connection, 59 * HOUR);
        assert_eq!(until(&connection), Some(at(57 * HOUR)));
    }

    #[test]
    fn what_others_have_delivered_takes_no_time() {
        let steps_of = |others: i64| {
            let (_directory, connection) = database();
            steps::watch(&connection);
            connection.execute_batch("BEGIN").unwrap();
            delivered_at(&connection, HOUR);
            compared(&connection, 0, 2, 3);
            for number in 0..others {
                delivered_at(&connection, 4 * HOUR + number);
            }
            let elsewhere = "UPDATE webhook_send_logs SET route = 'other' WHERE sent_at > ?1";
            connection.execute(elsewhere, [at(3 * HOUR)]).unwrap();
            let confirmed = confirmed_range(&connection, "default").unwrap();
            let oldest = || oldest_outside(&connection, "default", &confirmed).unwrap();
            assert_eq!(oldest(), None);
            steps::of(|| assert_eq!(oldest(), None))
        };
        let (few, many) = (steps_of(1), steps_of(200));
        assert!(many <= few + 10, "{few} steps became {many}");
    }

    #[test]
    fn a_range_without_an_id_confirms_nothing() {
        let (_directory, connection) = database();
        compared(&connection, 9, 3, 10);
        assert_eq!(until(&connection), None);
    }
}
