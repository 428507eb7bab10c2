//! Both families of statistics, as the relay counts them and as the other side's SQL does.

mod interviews;

use std::collections::{BTreeMap, BTreeSet};

use super::super::MoveError;
use super::super::mapping::date_time;
use crate::day;
use crate::period::Period;
use crate::send_stats::{SendChange, SendCounts, SendFilter};
use crate::shared_database::SharedDatabase;
use crate::shared_database::statistics::{Question, SendsThere};
use crate::store::CarriedCopy;
use crate::timestamp::Timestamp;
use crate::zone::Zone;

/// The last moment that there is.
const LAST: &str = "9999-12-31 23:59:59.999";
/// The first one.
const FIRST: &str = "0001-01-01 00:00:00.000";

/// How many answers were compared, and which of them differ.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counted {
    /// Answers.
    pub compared: u64,
    /// Those that differ.
    pub differing: Vec<OtherAnswer>,
}

/// An answer that is not the same on both sides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OtherAnswer {
    /// What was asked for.
    pub asked: String,
    /// What of it differs, the most important first.
    pub values: Vec<OtherValue>,
}

/// A part of an answer that is not the same on both sides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OtherValue {
    /// Which part.
    pub name: String,
    /// What the relay answers; none: nothing, or something that is not shown.
    pub here: Option<String>,
    /// What the other side answers, likewise.
    pub there: Option<String>,
}

/// An answer that is a number of counts, each by what it counts and by its name; nothing for all of them together.
type Counts = BTreeMap<(String, &'static str), String>;

impl Counted {
    fn take(&mut self, asked: impl FnOnce() -> String, values: Vec<OtherValue>) {
        self.compared += 1;
        if !values.is_empty() {
            let asked = asked();
            self.differing.push(OtherAnswer { asked, values });
        }
    }
}

/// Where two answers differ.
fn other_counts(here: &Counts, there: &Counts) -> Vec<OtherValue> {
    let names: BTreeSet<_> = here.keys().chain(there.keys()).collect();
    let differing = names
        .into_iter()
        .filter(|name| here.get(name) != there.get(name));
    let differing = differing.map(|name| OtherValue {
        name: [name.0.as_str(), name.1].join(" ").trim_start().to_owned(),
        here: here.get(name).cloned(),
        there: there.get(name).cloned(),
    });
    differing.collect()
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

/// The periods of the API, today as the clinic has it, all of the time, and a range whose ends are no whole hours.
fn ranges(moment: Timestamp, zone: Zone) -> Vec<Range> {
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
    if let Some((first, last)) = day::today(moment, zone) {
        ranges.push(range("today", first, last));
    }
    ranges.push(range("3d", odd(4, 12_345_678), odd(1, 1)));
    ranges.push(range("all", first, last));
    ranges
}

pub(super) async fn compare(
    target: &mut SharedDatabase,
    copy: &CarriedCopy,
    (moment, zone): (Timestamp, Zone),
) -> Result<Counted, MoveError> {
    let ranges = ranges(moment, zone);
    let mut counted = Counted::default();
    let filters = copy.filters()?;
    let (types, routes) = (each(filters.event_types), each(filters.routes));
    target.keep_for_counting().await?;
    for range in &ranges {
        // By type and route: the answer of each filter is a part of it.
        let there = target.sends(&range.of_sends()).await?;
        for event_type in types.iter().map(Option::as_deref) {
            for route in routes.iter().map(Option::as_deref) {
                sends(copy, &there, (range, event_type, route), &mut counted)?;
            }
        }
    }
    for route in &routes {
        queue(target, copy, moment, route.as_deref(), &mut counted).await?;
    }
    let (types, places) = (each(filters.interview_types), filters.places);
    interviews::compare(target, copy, &ranges, (&types, places), &mut counted).await?;
    Ok(counted)
}

fn sends(
    copy: &CarriedCopy,
    there: &[SendsThere],
    (range, event_type, route): (&Range, Option<&str>, Option<&str>),
    counted: &mut Counted,
) -> Result<(), MoveError> {
    let here = copy.send_statistics(&SendFilter {
        from: range.from,
        to: range.to,
        event_type: event_type.map(str::to_owned),
        routes: route.map(|route| vec![route.to_owned()]),
    })?;
    let here = sends_by_name(&here.total, &here.by_type, here.last_sent_at);
    let is_asked = |row: &&SendsThere| {
        event_type.is_none_or(|of| of == row.event_type) && route.is_none_or(|of| of == row.route)
    };
    let there = added(there.iter().filter(is_asked));
    let asked = || {
        let (event_type, route) = (shown(event_type), shown(route));
        format!("webhook-stats {} {event_type} {route}", range.name)
    };
    counted.take(asked, other_counts(&here, &there));
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
    let here = [
        ("pending", here.pending),
        ("processing", here.processing),
        ("completed", here.completed),
        ("failed", here.failed),
        ("dismissed", here.dismissed),
    ];
    let there = here.map(|(status, _)| (status, of(status)));
    let [here, there] = [here, there].map(|counts| named("", counts).collect());
    let asked = || format!("queueStatus {}", shown(route));
    counted.take(asked, other_counts(&here, &there));
    Ok(())
}

fn named<const N: usize>(
    of: &str,
    counts: [(&'static str, u64); N],
) -> impl Iterator<Item = ((String, &'static str), String)> {
    let counts = counts.into_iter();
    counts.map(move |(name, count)| ((of.to_owned(), name), count.to_string()))
}

/// The counts of all of them, and those of each type.
fn by_name<T, const N: usize>(
    total: &T,
    by_type: &BTreeMap<String, T>,
    counts: impl Fn(&T) -> [(&'static str, u64); N],
) -> Counts {
    let all = std::iter::once(("", total));
    let each = all.chain(by_type.iter().map(|(of, counts)| (of.as_str(), counts)));
    each.flat_map(|(of, counted)| named(of, counts(counted)))
        .collect()
}

fn sends_by_name(
    total: &SendCounts,
    by_type: &BTreeMap<String, SendCounts>,
    last: Option<Timestamp>,
) -> Counts {
    let mut answer = by_name(total, by_type, |counts| {
        [
            ("sent", counts.sent),
            ("succeeded", counts.succeeded),
            ("failed", counts.failed),
            ("timeout", counts.timeout),
            ("retried", counts.retried),
            ("successful_ms", counts.successful_ms),
        ]
    });
    let last = last.map(|moment| ((String::new(), "last_sent_at"), moment.to_string()));
    answer.extend(last);
    answer
}

fn added<'a>(rows: impl Iterator<Item = &'a SendsThere>) -> Counts {
    let (mut total, mut by_type) = (SendChange::default(), BTreeMap::new());
    let mut latest = None;
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
        total.add(&change, 1);
        let of_type: &mut SendChange = by_type.entry(row.event_type.clone()).or_default();
        of_type.add(&change, 1);
        let last = Timestamp::parse(&format!("{}Z", row.last.replace(' ', "T"))).ok();
        latest = latest.max(last);
    }
    let by_type = by_type.into_iter().map(|(of, sum)| (of, sum.into()));
    sends_by_name(&total.into(), &by_type.collect(), latest)
}

fn shown(filter: Option<&str>) -> &str {
    filter.unwrap_or("-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_differs_is_named_with_what_both_sides_say_and_what_all_have_first() {
        let sends = |sent, of: &str, last: Option<&str>| {
            let counts = SendCounts {
                sent,
                ..SendCounts::default()
            };
            let by_type = [(of.to_owned(), counts.clone())].into();
            let last = last.map(|moment| Timestamp::parse(moment).unwrap());
            sends_by_name(&counts, &by_type, last)
        };
        let moment = "2025-10-26T14:30:00.123Z";
        let (here, there) = (sends(3, "a.b", Some(moment)), sends(2, "a.b", None));
        let value = |name: &str, here: &str, there: Option<&str>| OtherValue {
            name: name.to_owned(),
            here: Some(here.to_owned()),
            there: there.map(str::to_owned),
        };
        assert_eq!(
            other_counts(&here, &there),
            [
                value("last_sent_at", moment, None),
                value("sent", "3", Some("2")),
                value("a.b sent", "3", Some("2")),
            ]
        );
        assert_eq!(other_counts(&here, &here), []);
    }
}
