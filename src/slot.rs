//! Splits a range of time into whole months, days or hours and the remainders at its two ends.
//!
//! Counts are kept per slot, so that a query over a long range adds up a few of them and reads
//! single rows only where the range begins or ends inside a slot: those of the part
//! inside the range, or of the part outside of it, whichever is shorter.

use chrono::{DateTime, Datelike, Months, NaiveDate};

use crate::timestamp::Timestamp;

/// The length of a slot. Slots begin on full hours, days and months of UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// From the first of a month to the first of the next.
    Month,
    /// From midnight to midnight.
    Day,
    /// From a full hour to the next.
    Hour,
}

impl Unit {
    /// The word that a slot's name begins with.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Month => "month",
            Self::Day => "day",
            Self::Hour => "hour",
        }
    }

    /// The written form of the slot in which `moment` lies, such as `2025-10-26T14` for an hour: the
    /// beginning of every moment in it.
    #[must_use]
    pub fn slot_of(self, moment: Timestamp) -> String {
        let mut text = moment.to_string();
        text.truncate(match self {
            Self::Month => "2025-10".len(),
            Self::Day => "2025-10-26".len(),
            Self::Hour => "2025-10-26T14".len(),
        });
        text
    }

    /// A slot's name where slots of several units stand together, such as `hour 2025-10-26T14`.
    #[must_use]
    pub fn name_of(self, moment: Timestamp) -> String {
        format!("{} {}", self.as_str(), self.slot_of(moment))
    }

    /// The first and the last moment of the slot with this name.
    #[must_use]
    pub fn named(self, name: &str) -> Option<(Timestamp, Timestamp)> {
        let slot = name.strip_prefix(self.as_str())?.trim_start();
        let rest = "0001-01-01T00:00:00.000Z".get(slot.len()..)?;
        let from = Timestamp::parse(&format!("{slot}{rest}")).ok()?;
        let to = Timestamp::from_unix_ms(self.end(from.unix_ms()) - 1);
        Some((from, to))
    }

    /// Where the slot begins in which `moment` lies; both in Unix milliseconds, like what follows.
    fn begin(self, moment: i64) -> i64 {
        match self.length() {
            Some(length) => moment.div_euclid(length) * length,
            None => midnight(first_of_month(moment)),
        }
    }

    /// Where the slot after it begins.
    fn end(self, moment: i64) -> i64 {
        match self.length() {
            Some(length) => self.begin(moment) + length,
            None => midnight(first_of_month(moment) + Months::new(1)),
        }
    }

    /// In milliseconds; months differ.
    fn length(self) -> Option<i64> {
        match self {
            Self::Month => None,
            Self::Day => Some(86_400_000),
            Self::Hour => Some(3_600_000),
        }
    }
}

fn first_of_month(moment: i64) -> NaiveDate {
    // Every moment that can be written is far inside chrono's range, and every month has a first.
    let date = DateTime::from_timestamp_millis(moment).unwrap_or_default();
    let date = date.date_naive();
    date.with_day(1).unwrap_or(date)
}

fn midnight(date: NaiveDate) -> i64 {
    date.and_time(chrono::NaiveTime::MIN)
        .and_utc()
        .timestamp_millis()
}

/// A part of a range, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Segment {
    /// Whole slots of this unit; none: a part of one.
    pub unit: Option<Unit>,
    /// The first moment of it.
    pub from: Timestamp,
    /// The last moment of it.
    pub to: Timestamp,
}

impl Segment {
    /// In Unix milliseconds, of which `end` is the first that does not belong to it.
    fn of(unit: Option<Unit>, start: i64, end: i64) -> Self {
        Self {
            unit,
            from: Timestamp::from_unix_ms(start),
            to: Timestamp::from_unix_ms(end - 1),
        }
    }
}

/// A segment of which a sum over a range is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SignedRange {
    /// What is counted.
    pub segment: Segment,
    /// 1 when it is added, -1 when it is taken away again.
    pub sign: i64,
}

/// What a sum over the range from `from` to `to`, both included, is made of. Where the range has more
/// than half of a slot at an end, the whole slot is added and the rest of it taken away, so that no more
/// than half of a slot is ever looked at row by row. Nothing is taken away that was not added before.
#[must_use]
pub fn terms(from: Timestamp, to: Timestamp, units: &[Unit]) -> Vec<SignedRange> {
    let mut terms = Vec::new();
    for segment in split(from, to, units) {
        match (segment.unit, units.last()) {
            (None, Some(shortest)) => add_part(segment, *shortest, &mut terms),
            _ => terms.push(SignedRange { segment, sign: 1 }),
        }
    }
    terms
}

fn add_part(part: Segment, unit: Unit, terms: &mut Vec<SignedRange>) {
    let (start, end) = (part.from.unix_ms(), part.to.unix_ms() + 1);
    let (slot_start, slot_end) = (unit.begin(start), unit.end(start));
    if (end - start) * 2 <= slot_end - slot_start {
        return terms.push(SignedRange {
            segment: part,
            sign: 1,
        });
    }
    let slot = Segment::of(Some(unit), slot_start, slot_end);
    terms.push(SignedRange {
        segment: slot,
        sign: 1,
    });
    for (start, end) in [(slot_start, start), (end, slot_end)] {
        if start < end {
            let segment = Segment::of(None, start, end);
            terms.push(SignedRange { segment, sign: -1 });
        }
    }
}

/// Cuts the range from `from` to `to`, both included, into whole slots of `units`, the longest
/// first, and parts of slots at the ends. The segments come in order; a range that ends before it
/// begins has none.
#[must_use]
pub fn split(from: Timestamp, to: Timestamp, units: &[Unit]) -> Vec<Segment> {
    let mut segments = Vec::new();
    cut_half_open(from.unix_ms(), to.unix_ms() + 1, units, &mut segments);
    segments
}

/// The same for milliseconds, of which `end` is the first that does not belong to the range.
fn cut_half_open(start: i64, end: i64, units: &[Unit], segments: &mut Vec<Segment>) {
    if start >= end {
        return;
    }
    let Some((unit, shorter)) = units.split_first() else {
        return segments.push(Segment::of(None, start, end));
    };
    // `start` itself when a slot begins there.
    let whole_from = unit.end(start - 1);
    let whole_to = unit.begin(end);
    if whole_from > whole_to {
        return cut_half_open(start, end, shorter, segments);
    }
    cut_half_open(start, whole_from, shorter, segments);
    if whole_from < whole_to {
        segments.push(Segment::of(Some(*unit), whole_from, whole_to));
    }
    cut_half_open(whole_to, end, shorter, segments);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const UNITS: [Unit; 2] = [Unit::Day, Unit::Hour];

    fn moment(text: &str) -> Timestamp {
        Timestamp::parse(text).unwrap()
    }

    #[test]
    fn a_range_is_whole_slots_and_two_ends() {
        let segments = split(
            moment("2025-10-25T22:58:30.000Z"),
            moment("2025-10-27T01:00:00.000Z"),
            &UNITS,
        );
        let shown: Vec<_> = segments
            .iter()
            .map(|segment| format!("{:?} {}", segment.unit.map(Unit::as_str), segment.from))
            .collect();
        assert_eq!(
            shown,
            [
                "None 2025-10-25T22:58:30.000Z",
                "Some(\"hour\") 2025-10-25T23:00:00.000Z",
                "Some(\"day\") 2025-10-26T00:00:00.000Z",
                "Some(\"hour\") 2025-10-27T00:00:00.000Z",
                "None 2025-10-27T01:00:00.000Z",
            ]
        );
        assert_eq!(segments[2].to, moment("2025-10-26T23:59:59.999Z"));
        assert_eq!(Unit::Day.slot_of(segments[2].to), "2025-10-26");
        assert_eq!(
            Unit::Hour.named("hour 2025-10-26T23"),
            Some((moment("2025-10-26T23:00:00.000Z"), segments[2].to))
        );
        let now = moment("2025-10-26T12:00:00.000Z");
        assert_eq!(
            split(now.after(std::time::Duration::from_millis(1)), now, &UNITS),
            []
        );
    }

    #[test]
    fn a_long_range_is_whole_months_and_days() {
        let segments = split(
            moment("2024-01-30T00:00:00.000Z"),
            moment("2024-03-01T23:59:59.999Z"),
            &[Unit::Month, Unit::Day],
        );
        let shown: Vec<_> = segments
            .iter()
            .map(|segment| segment.unit.map(|unit| unit.name_of(segment.from)))
            .collect();
        assert_eq!(
            shown,
            ["day 2024-01-30", "month 2024-02", "day 2024-03-01"].map(|name| Some(name.to_owned()))
        );
        assert_eq!(
            Unit::Month.named("month 2024-02"),
            Some((segments[1].from, moment("2024-02-29T23:59:59.999Z")))
        );
        // The end of time is the end of a month.
        let whole = split(
            Timestamp::from_unix_ms(i64::MIN),
            Timestamp::from_unix_ms(i64::MAX),
            &[Unit::Month, Unit::Day],
        );
        assert_eq!(whole.len(), 1);
        assert_eq!(whole[0].unit, Some(Unit::Month));
    }

    proptest! {
        #[test]
        fn the_pieces_are_the_range(
            start in -90_000_000_000_i64..90_000_000_000,
            length in prop_oneof![0_i64..400_000_000, 0_i64..90_000_000_000],
            units in prop::sample::select(vec![&UNITS[..], &[Unit::Hour], &[Unit::Month, Unit::Day], &[Unit::Month, Unit::Day, Unit::Hour]]),
        ) {
            let (from, to) = (Timestamp::from_unix_ms(start), Timestamp::from_unix_ms(start + length));
            let segments = split(from, to, units);
            prop_assert_eq!(segments[0].from, from);
            prop_assert_eq!(segments[segments.len() - 1].to, to);
            for two in segments.windows(2) {
                prop_assert_eq!(two[0].to.unix_ms() + 1, two[1].from.unix_ms());
            }
            for segment in &segments {
                if let Some(unit) = segment.unit {
                    prop_assert_eq!(unit.named(&unit.name_of(segment.from)).map(|slot| slot.0), Some(segment.from));
                    prop_assert_eq!(unit.named(&unit.name_of(segment.to)).map(|slot| slot.1), Some(segment.to));
                } else {
                    let shortest = units[units.len() - 1];
                    prop_assert_eq!(shortest.slot_of(segment.from), shortest.slot_of(segment.to));
                }
            }
        }

        #[test]
        fn the_terms_add_up_to_the_range(
            start in -90_000_000_000_i64..90_000_000_000,
            length in prop_oneof![0_i64..6_000_000, 0_i64..400_000_000],
            units in prop::sample::select(vec![&UNITS[..], &[Unit::Hour], &[Unit::Month, Unit::Day]]),
            near in -100_000_000_i64..100_000_000,
        ) {
            let (from, to) = (start, start + length);
            let terms = terms(Timestamp::from_unix_ms(from), Timestamp::from_unix_ms(to), units);
            let shortest = units[units.len() - 1].length().unwrap();
            let edges = terms.iter().flat_map(|term| [term.segment.from.unix_ms(), term.segment.to.unix_ms()]);
            for moment in edges.flat_map(|edge| [edge - 1, edge, edge + 1, edge + near]) {
                let mut times = 0;
                for term in &terms {
                    if (term.segment.from.unix_ms()..=term.segment.to.unix_ms()).contains(&moment) {
                        times += term.sign;
                    }
                    prop_assert!(times >= 0, "taken away before it was added");
                }
                prop_assert_eq!(times, i64::from((from..=to).contains(&moment)));
            }
            for SignedRange { segment, .. } in terms.iter().filter(|term| term.segment.unit.is_none()) {
                prop_assert!((segment.to.unix_ms() + 1 - segment.from.unix_ms()) * 2 <= shortest);
            }
        }
    }
}
