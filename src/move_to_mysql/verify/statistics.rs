//! Both families of statistics, as the relay counts them and as the other side's SQL does.

mod interviews;

use std::collections::BTreeMap;

use super::super::MoveError;
use super::super::mapping::date_time;
use crate::period::Period;
use crate::send_stats::{SendChange, SendCounts, SendFilter};
use crate::shared_database::SharedDatabase;
use crate::shared_database::statistics::SendsThere;
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

    /// Its ends as interviews are asked for.
    fn of_interviews(&self) -> (&str, &str) {
        let end = if self.is_open() {
            LAST
        } else {
            self.there.1.as_str()
        };
        (self.there.0.as_str(), end)
    }
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
    sends(target, copy, moment, &mut counted).await?;
    interviews::compare(target, copy, moment, &mut counted).await?;
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
    moment: Timestamp,
    counted: &mut Counted,
) -> Result<(), MoveError> {
    let filters = copy.filters()?;
    let each = |texts: &[String]| -> Vec<Option<String>> {
        std::iter::once(None)
            .chain(texts.iter().cloned().map(Some))
            .collect()
    };
    for range in ranges(moment) {
        let all = target.sends(&range.there.0, &range.there.1, None).await?;
        for event_type in each(&filters.event_types) {
            // The filter is the server's once for each type.
            let is_asked = event_type.is_some() && range.name == Period::Month.as_str();
            let there = if is_asked {
                target
                    .sends(&range.there.0, &range.there.1, event_type.as_deref())
                    .await?
            } else {
                all.clone()
            };
            for route in each(&filters.routes) {
                let there = there.iter().filter(|row| {
                    event_type
                        .as_ref()
                        .is_none_or(|wanted| *wanted == row.event_type)
                        && route.as_ref().is_none_or(|wanted| *wanted == row.route)
                });
                let there = added(there);
                let here = copy.send_statistics(&SendFilter {
                    from: range.from,
                    to: range.to,
                    event_type: event_type.clone(),
                    routes: route.clone().map(|route| vec![route]),
                })?;
                let here = Sends {
                    total: here.total,
                    by_type: here.by_type,
                    last: here.last_sent_at,
                };
                let asked = || {
                    format!(
                        "webhook-stats {} {} {}",
                        range.name,
                        shown(event_type.as_ref()),
                        shown(route.as_ref())
                    )
                };
                counted.take(asked, &here, &there);
            }
        }
    }
    let queue = target.queue().await?;
    for route in each(&filters.routes) {
        let here = copy.send_statistics(&SendFilter {
            routes: route.clone().map(|route| vec![route]),
            ..SendFilter::period(moment, moment)
        })?;
        let here = here.queue;
        let of = |status: &str| -> u64 {
            let rows = queue.iter().filter(|((of, is), _)| {
                is == status && route.as_ref().is_none_or(|wanted| wanted == of)
            });
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
        counted.take(
            || format!("queueStatus {}", shown(route.as_ref())),
            &here,
            &there,
        );
    }
    Ok(())
}

fn added<'a>(rows: impl Iterator<Item = &'a SendsThere>) -> Sends {
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

fn shown(filter: Option<&String>) -> &str {
    filter.map_or("-", String::as_str)
}
