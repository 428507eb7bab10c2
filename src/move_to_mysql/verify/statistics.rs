//! Both families of statistics, as the relay counts them and as the other side's SQL does.

mod interviews;

use std::collections::BTreeMap;

use super::super::MoveError;
use super::super::mapping::date_time;
use crate::period::Period;
use crate::send_stats::{SendChange, SendCounts, SendFilter};
use crate::shared_database::SharedDatabase;
use crate::shared_database::statistics::{Question, SendsThere};
use crate::store::CarriedCopy;
use crate::timestamp::Timestamp;

/// The last moment that there is.
const LAST: &str = "9999-12-31 23:59:59.999";
/// The first one.
const FIRST: &str = "0001-01-01 00:00:00.000";

/// How many answers were compared, and which of them differ.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counted {
    /// Answers.
    pub compared: u64,
    /// Those that differ, by what was asked for.
    pub differing: Vec<String>,
}

impl Counted {
    fn take<T: PartialEq>(&mut self, asked: impl FnOnce() -> String, here: &T, there: &T) {
        self.compared += 1;
        if here != there {
            self.differing.push(asked());
        }
    }
}

/// A range, its name, and its ends as the other side writes them.
struct Range {
    name: &'static str,
    from: Timestamp,
    to: Timestamp,
    there: (String, String),
}

impl Range {
    /// The seed's periods have no end: coming interviews belong to them.
    fn is_open(&self) -> bool {
        Period::from_word(self.name).is_some()
    }

    /// How sends of it are asked for there.
    fn of_sends(&self) -> Question<'_> {
        Question {
            from: &self.there.0,
            to: &self.there.1,
            ..Question::default()
        }
    }
}

/// No filter, and each of these.
fn each(texts: Vec<String>) -> Vec<Option<String>> {
    std::iter::once(None)
        .chain(texts.into_iter().map(Some))
        .collect()
}

/// The periods of the API, all of the time, and a range whose ends are no whole hours.
fn ranges(moment: Timestamp) -> Vec<Range> {
    let written =
        |at: Timestamp, other: &str| date_time(&at.to_string()).unwrap_or_else(|| other.to_owned());
    let range = |name, from: Timestamp, to: Timestamp| Range {
        name,
        from,
        to,
        there: (written(from, FIRST), written(to, LAST)),
    };
    let (first, last) = (
        Timestamp::from_unix_ms(i64::MIN),
        Timestamp::from_unix_ms(i64::MAX),
    );
    let mut ranges: Vec<_> = Period::ALL
        .iter()
        .map(|period| range(period.as_str(), period.start(moment), moment))
        .collect();
    let odd = |days: u64, ms: u64| {
        moment.before(std::time::Duration::from_millis(days * 86_400_000 + ms))
    };
    ranges.push(range("3d", odd(4, 12_345_678), odd(1, 1)));
    ranges.push(range("all", first, last));
    ranges
}

pub(super) async fn compare(
    target: &mut SharedDatabase,
    copy: &CarriedCopy,
    moment: Timestamp,
) -> Result<Counted, MoveError> {
    let mut counted = Counted::default();
    let filters = copy.filters()?;
    let (types, routes) = (each(filters.event_types), each(filters.routes));
    target.keep_for_counting().await?;
    for range in ranges(moment) {
        for (event_type, route) in types
            .iter()
            .flat_map(|a| routes.iter().map(move |b| (a, b)))
        {
            sends(
                target,
                copy,
                (&range, event_type.as_deref(), route.as_deref()),
                &mut counted,
            )
            .await?;
        }
    }
    for route in &routes {
        queue(target, copy, moment, route.as_deref(), &mut counted).await?;
    }
    let (types, places) = (each(filters.interview_types), filters.places);
    interviews::compare(
        target,
        copy,
        &ranges(moment),
        (&types, places),
        &mut counted,
    )
    .await?;
    Ok(counted)
}

/// What an answer about sends says.
#[derive(Default, PartialEq, Eq)]
struct Sends {
    total: SendCounts,
    by_type: BTreeMap<String, SendCounts>,
    last: Option<Timestamp>,
}

async fn sends(
    target: &mut SharedDatabase,
    copy: &CarriedCopy,
    (range, event_type, route): (&Range, Option<&str>, Option<&str>),
    counted: &mut Counted,
) -> Result<(), MoveError> {
    let here = copy.send_statistics(&SendFilter {
        from: range.from,
        to: range.to,
        event_type: event_type.map(str::to_owned),
        routes: route.map(|route| vec![route.to_owned()]),
    })?;
    let here = Sends {
        total: here.total,
        by_type: here.by_type,
        last: here.last_sent_at,
    };
    let question = Question {
        event_type,
        route,
        ..range.of_sends()
    };
    let there = added(&target.sends(&question).await?);
    let asked = || {
        let (event_type, route) = (shown(event_type), shown(route));
        format!("webhook-stats {} {event_type} {route}", range.name)
    };
    counted.take(asked, &here, &there);
    Ok(())
}

async fn queue(
    target: &mut SharedDatabase,
    copy: &CarriedCopy,
    moment: Timestamp,
    route: Option<&str>,
    counted: &mut Counted,
) -> Result<(), MoveError> {
    let here = copy.send_statistics(&SendFilter {
        routes: route.map(|route| vec![route.to_owned()]),
        ..SendFilter::period(moment, moment)
    })?;
    let here = here.queue;
    let question = Question {
        route,
        ..Question::default()
    };
    let there = target.queue(&question).await?;
    let of = |status: &str| -> u64 {
        let rows = there.iter().filter(|((_, is), _)| is == status);
        rows.map(|(_, count)| count.cast_unsigned()).sum()
    };
    let there = ["pending", "processing", "completed", "failed", "dismissed"].map(of);
    let here = [
        here.pending,
        here.processing,
        here.completed,
        here.failed,
        here.dismissed,
    ];
    counted.take(|| format!("queueStatus {}", shown(route)), &here, &there);
    Ok(())
}

fn added(rows: &[SendsThere]) -> Sends {
    let mut sends = Sends::default();
    for row in rows {
        let [sent, succeeded, failed, timeout, retried, successful_ms] = row.counts;
        let change = SendChange {
            sent,
            succeeded,
            failed,
            timeout,
            retried,
            successful_ms,
        };
        sends.total.add(&change, 1);
        sends
            .by_type
            .entry(row.event_type.clone())
            .or_default()
            .add(&change, 1);
        let last = Timestamp::parse(&format!("{}Z", row.last.replace(' ', "T"))).ok();
        sends.last = sends.last.max(last);
    }
    sends
}

fn shown(filter: Option<&str>) -> &str {
    filter.unwrap_or("-")
}
