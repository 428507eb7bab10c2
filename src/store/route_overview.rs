//! How sending goes on each route, for people, and counts for charts.

use std::collections::BTreeMap;
use std::time::Duration;

use rusqlite::{Connection, OptionalExtension};

use super::connection::word;
use super::overview::waiting;
use super::relay_time::Now;
use super::send_counts::QueueStatus;
use super::send_stats::{each_count, sends_by_route};
use super::{Store, StoreError, recovery};
use crate::clock::Moment;
use crate::overview::{Resent, RouteOverview};
use crate::send_stats::{SendChange, SendCounts, SendFilter};
use crate::slot::Unit;
use crate::timestamp::Timestamp;

const A_DAY: Duration = Duration::from_hours(24);

impl Store {
    /// How sending goes on each route with one of these names, or that anything is kept of.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn route_overviews(
        &self,
        names: Vec<String>,
        moment: Moment,
    ) -> Result<Vec<RouteOverview>, StoreError> {
        let now = self.time.now(moment);
        self.read(move |connection| Ok(overviews(connection, names, now)?))
            .await
    }

    /// The counts of the deliveries on these routes whose first send lies in each of these ranges.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn send_series(
        &self,
        ranges: Vec<(Timestamp, Timestamp)>,
        routes: Option<Vec<String>>,
    ) -> Result<Vec<SendCounts>, StoreError> {
        self.read(move |connection| Ok(series(connection, &ranges, routes.as_ref())?))
            .await
    }
}

fn overviews(
    connection: &Connection,
    names: Vec<String>,
    now: Now,
) -> rusqlite::Result<Vec<RouteOverview>> {
    let none_sent = |name| (name, RouteOverview::default());
    let mut routes: BTreeMap<_, _> = names.into_iter().map(none_sent).collect();
    for (route, sent) in sent(connection)? {
        routes.entry(route).or_default().delivered = sent;
    }
    let day = SendFilter::period(now.wall.before(A_DAY), now.wall);
    for (route, counts) in sends_by_route(connection, &day)? {
        routes.entry(route).or_default().sends = counts;
    }
    for (route, status, deliveries) in queue(connection)? {
        let of_route = routes.entry(route).or_default();
        match status {
            QueueStatus::Pending | QueueStatus::Processing => of_route.retrying += deliveries,
            QueueStatus::Failed => of_route.exhausted = deliveries,
            QueueStatus::Dismissed => of_route.dismissed = deliveries,
            QueueStatus::Completed => {}
        }
    }
    for of_route in routes.values_mut() {
        let open = of_route.retrying + of_route.exhausted;
        of_route.delivered = of_route.delivered.saturating_sub(open);
    }
    for (route, counts) in resent(connection, now.wall.before(A_DAY))? {
        routes.entry(route).or_default().resent = counts;
    }
    for waiting in waiting(connection, now)? {
        let of_route = routes.entry(waiting.route).or_default();
        of_route.accepted = waiting.events.saturating_sub(of_route.retrying);
        of_route.due_at = waiting.due_at;
    }
    let overviews = routes.into_iter().map(|(route, overview)| {
        Ok(RouteOverview {
            delivered_at: last_delivered(connection, &route)?,
            left: recovery::overview(connection, &route)?,
            route,
            ..overview
        })
    });
    overviews.collect()
}

/// How many of the deliveries that are kept were sent, by the route, without what was dismissed.
fn sent(connection: &Connection) -> rusqlite::Result<Vec<(String, u64)>> {
    connection
        .prepare_cached(
            "SELECT route, sum(sent) FROM send_counts WHERE slot >= 'day' AND slot < 'hour'
              GROUP BY route HAVING sum(sent) > 0",
        )?
        .query_map([], |row| row.try_into())?
        .collect()
}

fn queue(connection: &Connection) -> rusqlite::Result<Vec<(String, QueueStatus, u64)>> {
    connection
        .prepare_cached("SELECT route, status, deliveries FROM queue_counts WHERE deliveries > 0")?
        .query_map([], |row| {
            let status = word(1, row.get(1)?, QueueStatus::from_word)?;
            Ok((row.get(0)?, status, row.get(2)?))
        })?
        .collect()
}

/// What had arrived and is to be sent again, by the route. Few rows of the queue are open, so the search begins with them.
fn resent(connection: &Connection, since: Timestamp) -> rusqlite::Result<Vec<(String, Resent)>> {
    connection
        .prepare_cached(
            "SELECT l.route, count(*), sum(l.sent_at >= ?1)
               FROM webhook_retry_queue q CROSS JOIN webhook_send_logs l ON l.id = q.id
              WHERE q.status IN ('pending', 'processing') AND l.status = 'success'
              GROUP BY l.route",
        )?
        .query_map([since], |row| {
            let (all, of_day) = (row.get(1)?, row.get(2)?);
            Ok((row.get(0)?, Resent { all, of_day }))
        })?
        .collect()
}

/// When a delivery of a route arrived last: of those that were sent first in the last hour of which one has.
fn last_delivered(connection: &Connection, route: &str) -> rusqlite::Result<Option<Timestamp>> {
    let slot: Option<String> = connection
        .prepare_cached(
            "SELECT slot FROM send_counts
              WHERE slot >= 'hour' AND route = ?1 AND succeeded > 0 ORDER BY slot DESC LIMIT 1",
        )?
        .query_row([route], |row| row.get(0))
        .optional()?;
    let Some((from, to)) = slot.and_then(|name| Unit::Hour.named(&name)) else {
        return Ok(None);
    };
    connection
        .prepare_cached(
            "SELECT max(coalesce(last_retry_at, sent_at)) FROM webhook_send_logs
              WHERE sent_at BETWEEN ?1 AND ?2 AND route = ?3 AND status = 'success'",
        )?
        .query_row((from, to, route), |row| row.get(0))
}

fn series(
    connection: &Connection,
    ranges: &[(Timestamp, Timestamp)],
    routes: Option<&Vec<String>>,
) -> rusqlite::Result<Vec<SendCounts>> {
    let counted = ranges.iter().map(|(from, to)| {
        let filter = SendFilter {
            routes: routes.cloned(),
            ..SendFilter::period(*from, *to)
        };
        let mut sum = SendChange::default();
        each_count(connection, &filter, |_, _, change, sign| {
            sum.add(change, sign);
        })?;
        Ok(sum.into())
    });
    counted.collect()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::attempt::Outcome;
    use crate::store::attempts::record;
    use crate::store::events::accept;
    use crate::store::outbox::{begin, due};
    use crate::store::tests::{again, attempted, database, policy, submission, when};

    #[test]
    fn each_route_has_what_waits_is_tried_again_and_has_arrived() {
        let (_directory, connection) = database();
        let events: Vec<_> = (0..3).map(|_| submission("a.b", None)).collect();
        accept(&connection, &events, when(0)).unwrap();
        let found = due(&connection, "default", when(0), &HashSet::new(), 2).unwrap();
        for (due, outcome) in found
            .due
            .into_iter()
            .zip([Outcome::Success, Outcome::Failed])
        {
            begin(&connection, due.seq, &due.id, when(0)).unwrap();
            let attempted = attempted(outcome, when(1000).wall, 5);
            record(&connection, &due, &attempted, &policy(), when(1000)).unwrap();
        }
        let names = vec!["unused".to_owned()];
        let seen = overviews(&connection, names, when(2000)).unwrap();
        let shown: Vec<&str> = seen.iter().map(|one| one.route.as_str()).collect();
        assert_eq!(shown, ["default", "unused"]);
        let of_default = &seen[0];
        assert_eq!((of_default.accepted, of_default.retrying), (1, 1));
        assert_eq!((of_default.delivered, of_default.exhausted), (1, 0));
        assert_eq!((of_default.sends.sent, of_default.sends.succeeded), (2, 1));
        assert_eq!(of_default.delivered_at, Some(when(1000).wall));
        let ranges = [
            (when(0).wall, when(999).wall),
            (when(1000).wall, when(5000).wall),
        ];
        let counted = series(&connection, &ranges, None).unwrap();
        assert_eq!(counted.iter().map(|c| c.sent).collect::<Vec<_>>(), [0, 2]);
        let others = series(&connection, &ranges, Some(&vec!["other".to_owned()])).unwrap();
        assert!(others.iter().all(|counts| counts.sent == 0));
    }
    #[test]
    fn what_had_arrived_and_is_sent_again_is_no_failure() {
        let (_directory, connection) = database();
        let event = [submission("a.b", None)];
        let accepted = accept(&connection, &event, when(0)).unwrap();
        let found = due(&connection, "default", when(0), &HashSet::new(), 1).unwrap();
        for due in found.due {
            begin(&connection, due.seq, &due.id, when(0)).unwrap();
            let attempted = attempted(Outcome::Success, when(0).wall, 5);
            record(&connection, &due, &attempted, &policy(), when(0)).unwrap();
        }
        again(&connection, &accepted[0].id, when(1000));
        let of_default = |at| {
            overviews(&connection, Vec::new(), when(at))
                .unwrap()
                .remove(0)
        };
        let seen = of_default(2000);
        assert_eq!((seen.retrying, seen.delivered), (1, 0));
        assert_eq!(seen.resent, Resent { all: 1, of_day: 1 });
        let later = of_default(25 * 3_600_000);
        assert_eq!(later.resent, Resent { all: 1, of_day: 0 });
    }
}
