//! What is counted for the five goals (contract, section 6.5), in one read transaction.

use rusqlite::Connection;

use super::confirmed_ranges::{confirmed_range, oldest_outside};
use super::ids::moment_of_id;
use super::send_stats::{each_count, sends};
use super::{Store, StoreError, interview_stats};
use crate::confirmed_range::ConfirmedRange;
use crate::interview_stats::InterviewRange;
use crate::kpi::{EndedRetries, GapDetection, KpiCounts, KpiQuestion};
use crate::send_stats::{SendChange, SendCounts, SendFilter};
use crate::timestamp::Timestamp;

impl Store {
    /// The numbers by which the goals are judged.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn kpi_counts(&self, question: KpiQuestion) -> Result<KpiCounts, StoreError> {
        self.read(move |connection| count(connection, &question))
            .await
    }
}

pub(super) fn count(
    connection: &Connection,
    question: &KpiQuestion,
) -> Result<KpiCounts, StoreError> {
    let (from, now) = (question.from(), question.now);
    // As the statistics count them: coming interviews belong to every period.
    let interviews = InterviewRange {
        from,
        to: None,
        facility: None,
        department: None,
        interview_type: None,
    };
    let sent = SendFilter {
        routes: question.routes.clone(),
        ..SendFilter::period(from, now)
    };
    Ok(KpiCounts {
        waiting: waiting(connection, &sent)?,
        retried: ended_retries(connection, &sent)?,
        sends: sends(connection, &sent)?.total,
        interviews: interview_stats::count(connection, &interviews)?.total,
        gap: gap(connection, question)?,
    })
}

/// Deliveries that have not succeeded, and of which nobody has said that they are given up.
pub(super) fn waiting(connection: &Connection, sent: &SendFilter) -> rusqlite::Result<u64> {
    count_of_routes(
        connection,
        sent,
            "SELECT l.route, count(*) FROM webhook_retry_queue q CROSS JOIN webhook_send_logs l ON l.id = q.id
              WHERE q.status IN ('pending', 'processing') AND l.status <> 'success'
                AND l.sent_at BETWEEN ?1 AND ?2 GROUP BY l.route",
    )
}

pub(super) fn ended_retries(
    connection: &Connection,
    sent: &SendFilter,
) -> rusqlite::Result<EndedRetries> {
    let delivered = count_of_routes(
        connection,
        sent,
        "SELECT route, count(*) FROM webhook_send_logs
              WHERE retry_count > 0 AND status = 'success' AND sent_at BETWEEN ?1 AND ?2
              GROUP BY route",
    )?;
    let given_up = count_of_routes(
        connection,
        sent,
            "SELECT l.route, count(*) FROM webhook_send_logs l CROSS JOIN webhook_retry_queue q ON q.id = l.id
              WHERE l.retry_count > 0 AND l.status IN ('failed', 'timeout')
                AND l.sent_at BETWEEN ?1 AND ?2 AND q.status = 'failed'
                AND l.id NOT IN (SELECT e.id FROM dismissed_deliveries d CROSS JOIN events e ON e.seq = d.event_seq
                                  WHERE d.sent_at BETWEEN ?1 AND ?2)
              GROUP BY l.route",
        )?;
    Ok(EndedRetries {
        delivered,
        given_up,
    })
}

/// The sum over the routes that `sent` means, of a query that counts each.
fn count_of_routes(connection: &Connection, sent: &SendFilter, sql: &str) -> rusqlite::Result<u64> {
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query((sent.from, sent.to))?;
    let mut counted = 0;
    while let Some(row) = rows.next()? {
        if sent.counts(row.get_ref(0)?.as_str()?) {
            counted += row.get::<_, u64>(1)?;
        }
    }
    Ok(counted)
}

fn gap(connection: &Connection, question: &KpiQuestion) -> Result<GapDetection, StoreError> {
    let mut gap = GapDetection::default();
    let mut unconfirmed = Vec::new();
    for route in &question.compared_routes {
        let confirmed = confirmed_range(connection, route)?;
        gap.compared |= confirmed.first().is_some();
        gap.uncompared += uncompared(connection, route, &confirmed)?;
        unconfirmed.extend(oldest_outside(connection, route, &confirmed)?);
    }
    let is_compared = |route: &String| question.compared_routes.contains(route);
    let single = single_unconfirmed(connection)?.into_iter();
    let single = single.filter(|(route, _)| is_compared(route));
    unconfirmed.extend(single.map(|(_, sent_at)| sent_at));
    let never_confirmed: Vec<_> = purged_while_missing(connection)?
        .into_iter()
        .filter(|(route, _)| is_compared(route))
        .collect();
    gap.never_confirmed = never_confirmed.len() as u64;
    unconfirmed.extend(never_confirmed.into_iter().map(|(_, sent_at)| sent_at));
    gap.unconfirmed_since = unconfirmed.into_iter().min();
    let findings = findings(connection, question.findings_from())?.into_iter();
    let findings = findings.filter(|(route, ..)| is_compared(route));
    let took = findings.map(|(_, sent_at, found_at)| found_at.since(sent_at));
    gap.slowest_finding = took.max();
    Ok(gap)
}

/// What was delivered of a route before its first comparison, by the first send: counted, and not looked for.
fn uncompared(
    connection: &Connection,
    route: &str,
    confirmed: &ConfirmedRange,
) -> rusqlite::Result<u64> {
    let begin = confirmed.first().and_then(moment_of_id);
    let last = begin.map_or(i64::MAX, |begin| begin.unix_ms() - 1);
    let before = SendFilter {
        routes: Some(vec![route.to_owned()]),
        ..SendFilter::period(
            Timestamp::from_unix_ms(i64::MIN),
            Timestamp::from_unix_ms(last),
        )
    };
    let mut delivered = SendChange::default();
    each_count(connection, &before, |_, _, change, sign| {
        delivered.add(change, sign);
    })?;
    Ok(SendCounts::from(delivered).succeeded)
}

/// Deliveries that a comparison found missing and none has confirmed since, and those that none could judge: the route
/// and the first send.
fn single_unconfirmed(connection: &Connection) -> rusqlite::Result<Vec<(String, Timestamp)>> {
    connection
        .prepare_cached(
            "SELECT l.route, l.sent_at
               FROM missing_deliveries m CROSS JOIN events e ON e.seq = m.event_seq
               CROSS JOIN webhook_send_logs l ON l.id = e.id
              WHERE m.how IS NULL AND m.reason <> 'no_effect' AND l.status = 'success'
             UNION ALL
             SELECT l.route, l.sent_at
               FROM unjudged_deliveries u CROSS JOIN events e ON e.seq = u.event_seq
               CROSS JOIN webhook_send_logs l ON l.id = e.id
              WHERE l.status = 'success'",
        )?
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect()
}

/// Deliveries that were missing until they were purged, lately: the route and the first send.
fn purged_while_missing(connection: &Connection) -> rusqlite::Result<Vec<(String, Timestamp)>> {
    connection
        .prepare_cached("SELECT route, sent_at FROM purged_findings WHERE still_missing")?
        .query_map([], |row| row.try_into())?
        .collect()
}

/// What comparisons since `from` found missing, purged since or not: the route, the first send, and when it was found.
fn findings(
    connection: &Connection,
    from: Timestamp,
) -> rusqlite::Result<Vec<(String, Timestamp, Timestamp)>> {
    connection
        .prepare_cached(
            "SELECT l.route, l.sent_at, m.found_at
               FROM missing_deliveries m CROSS JOIN events e ON e.seq = m.event_seq
               CROSS JOIN webhook_send_logs l ON l.id = e.id
              WHERE m.found_at >= ?1 AND m.reason <> 'no_effect'
             UNION ALL
             SELECT route, sent_at, found_at FROM purged_findings WHERE found_at >= ?1",
        )?
        .query_map([from], |row| row.try_into())?
        .collect()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::attempt::Outcome;
    use crate::period::Period;
    use crate::retry::RetryPolicy;
    use crate::store::events::accept;
    use crate::store::ids::first_id_at;
    use crate::store::tests::{
        again, at, attempted, database, delivered_at, due_now, settle, submission, when,
    };

    const MINUTE: i64 = 60_000;

    fn question(now: Timestamp) -> KpiQuestion {
        KpiQuestion {
            period: Period::Day,
            now,
            routes: None,
            compared_routes: vec!["default".to_owned(), "never".to_owned()],
        }
    }

    fn gap_at(connection: &Connection, now: i64) -> GapDetection {
        gap(connection, &question(at(now))).unwrap()
    }

    fn compared(connection: &Connection, from: i64, to: i64, at_ms: i64) {
        let (from, to) = (first_id_at(at(from)), first_id_at(at(to)));
        connection
            .execute(
                "INSERT INTO reconciliations (id, compared_at, route, from_id, to_id, sent, received, matched,
                                              missing, no_effect)
                 VALUES (hex(randomblob(8)), ?1, 'default', ?2, ?3, 0, 0, 0, 0, 0)",
                (at(at_ms), from, to),
            )
            .unwrap();
    }

    fn found_missing(connection: &Connection, id: &str, at_ms: i64) {
        connection
            .execute(
                "INSERT INTO missing_deliveries (event_seq, reason, found_at)
                 VALUES ((SELECT seq FROM events WHERE id = ?1), 'answered_but_absent', ?2)",
                (id, at(at_ms)),
            )
            .unwrap();
    }

    #[test]
    fn a_gap_is_what_lies_outside_of_the_ranges_that_were_compared() {
        let (_directory, connection) = database();
        for minute in [0, 10, 20, 30] {
            delivered_at(&connection, minute * MINUTE);
        }
        let nothing = gap_at(&connection, 40 * MINUTE);
        assert_eq!((nothing.compared, nothing.unconfirmed_since), (false, None));
        assert_eq!(nothing.uncompared, 4);
        compared(&connection, 5 * MINUTE, 15 * MINUTE, 40 * MINUTE);
        let one = gap_at(&connection, 40 * MINUTE);
        assert_eq!((one.compared, one.uncompared), (true, 1));
        assert_eq!(one.unconfirmed_since, Some(at(20 * MINUTE)));
        compared(&connection, 25 * MINUTE, 35 * MINUTE, 41 * MINUTE);
        let between = gap_at(&connection, 41 * MINUTE);
        assert_eq!(between.unconfirmed_since, Some(at(20 * MINUTE)));
        compared(&connection, 15 * MINUTE, 25 * MINUTE, 42 * MINUTE);
        let all = gap_at(&connection, 42 * MINUTE);
        assert_eq!((all.unconfirmed_since, all.slowest_finding), (None, None));
        delivered_at(&connection, 43 * MINUTE);
        let new = gap_at(&connection, 44 * MINUTE);
        assert_eq!(new.unconfirmed_since, Some(at(43 * MINUTE)));
    }

    #[test]
    fn what_is_missing_leaves_itself_unconfirmed_and_says_how_long_finding_it_took() {
        let (_directory, connection) = database();
        let lost = delivered_at(&connection, 0);
        delivered_at(&connection, MINUTE);
        compared(&connection, 0, 5 * MINUTE, 30 * MINUTE);
        found_missing(&connection, &lost, 30 * MINUTE);
        let found = gap_at(&connection, 31 * MINUTE);
        assert_eq!(found.unconfirmed_since, Some(at(0)));
        assert_eq!(found.slowest_finding, Some(Duration::from_mins(30)));
        connection
            .execute(
                "UPDATE missing_deliveries SET how = 'confirmed', ended_at = ?1",
                [at(0)],
            )
            .unwrap();
        let confirmed = gap_at(&connection, 31 * MINUTE);
        assert_eq!(confirmed.unconfirmed_since, None);
        assert_eq!(confirmed.slowest_finding, Some(Duration::from_mins(30)));
        let later = gap_at(&connection, 31 * 24 * 60 * MINUTE);
        assert_eq!(later.slowest_finding, None);
        connection
            .execute("UPDATE webhook_send_logs SET route = 'elsewhere'", [])
            .unwrap();
        assert_eq!(gap_at(&connection, 31 * MINUTE).slowest_finding, None);
    }

    #[test]
    fn retries_that_are_over_are_counted_by_how_they_ended() {
        use Outcome::{Failed, Success, Timeout};
        let (_directory, connection) = database();
        let policy = RetryPolicy::new(vec![Duration::from_mins(1)]);
        for _ in 0..5 {
            accept(&connection, &[submission("a.b", None)], when(0)).unwrap();
        }
        let round = |now: i64, outcomes: &[Outcome]| {
            let due = due_now(&connection, when(now));
            assert_eq!(due.len(), outcomes.len());
            for (due, outcome) in due.iter().zip(outcomes) {
                settle(&connection, due, &attempted(*outcome, at(now), 5), &policy).unwrap();
            }
        };
        round(0, &[Success, Failed, Failed, Timeout, Failed]);
        round(2 * MINUTE, &[Success, Timeout, Failed, Success]);
        let counts = count(&connection, &question(at(3 * MINUTE))).unwrap();
        let ended = EndedRetries {
            delivered: 2,
            given_up: 2,
        };
        assert_eq!((counts.retried, counts.waiting), (ended, 0));
        assert_eq!((counts.sends.sent, counts.sends.succeeded), (5, 3));
        // What a person sends again is not over.
        let id: String = connection
            .query_row(
                "SELECT id FROM webhook_retry_queue WHERE status = 'failed'",
                [],
                |row| row.get(0),
            )
            .unwrap();
        again(&connection, &id, when(4 * MINUTE));
        let counts = count(&connection, &question(at(5 * MINUTE))).unwrap();
        assert_eq!((counts.retried.given_up, counts.waiting), (1, 1));
        let next_day = count(&connection, &question(at(25 * 60 * MINUTE))).unwrap();
        assert_eq!(next_day.retried, EndedRetries::default());
    }
}
