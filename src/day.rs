//! Days, where the clinic is: they begin at midnight of the configured time zone.

use std::time::Duration;

use chrono::{Datelike, Months, NaiveDate, Weekday};
use jiff::civil::Date;

use crate::timestamp::Timestamp;
use crate::zone::Zone;

/// The last year whose moments can be written.
const LAST_YEAR: i32 = 9999;

/// The first moment of a day. A day without a midnight, because a clock change skips it, begins
/// after the gap. None for days that the time zone does not know.
#[must_use]
pub fn start(day: NaiveDate, zone: Zone) -> Option<Timestamp> {
    let year = i16::try_from(day.year()).ok()?;
    let (month, day) = (day.month().try_into().ok()?, day.day().try_into().ok()?);
    zone.midnight(Date::new(year, month, day).ok()?)
}

/// The last millisecond of a day, as [`start`] has its first.
#[must_use]
pub fn end(day: NaiveDate, zone: Zone) -> Option<Timestamp> {
    start(day, zone)?;
    let next = day.succ_opt().and_then(|next| start(next, zone));
    // Of the last day that is known, the last moment.
    Some(next.map_or(Timestamp::from_unix_ms(i64::MAX), |next| {
        next.before(Duration::from_millis(1))
    }))
}

/// The first and the last millisecond of the day in which `now` lies.
#[must_use]
pub fn today(now: Timestamp, zone: Zone) -> Option<(Timestamp, Timestamp)> {
    let day = zone.local(now).date();
    let next = zone.midnight(day.tomorrow().ok()?)?;
    Some((zone.midnight(day)?, next.before(Duration::from_millis(1))))
}

/// The whole days from one moment to another, negative when that one came before: how long a certificate still lasts.
#[must_use]
pub fn whole_days(from: Timestamp, to: Timestamp) -> i64 {
    (to.unix_seconds() - from.unix_seconds()).div_euclid(86_400)
}

/// The days that a range touches, in order: each with its date, and the first and the last moment that belong to both.
#[must_use]
pub fn days(from: Timestamp, to: Timestamp, zone: Zone) -> Vec<(String, Timestamp, Timestamp)> {
    let mut days = Vec::new();
    let mut day = zone.local(from).date();
    let mut begin = from;
    while begin <= to {
        let next = day.tomorrow().ok();
        let Some((next, end)) = next.and_then(|next| Some((next, zone.midnight(next)?))) else {
            days.push((day.to_string(), begin, to));
            break;
        };
        // A zone that changes sides of the date line skips a day.
        if begin < end {
            let last = end.before(Duration::from_millis(1)).min(to);
            days.push((day.to_string(), begin, last));
            begin = end;
        }
        day = next;
    }
    days
}

/// Some days in a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Days {
    /// The first of them.
    pub first: NaiveDate,
    /// The last of them.
    pub last: NaiveDate,
}

impl Days {
    /// The month that is written so: `2025-10`.
    #[must_use]
    pub fn month(text: &str) -> Option<Self> {
        let first = (text.len() == "2025-10".len()).then(|| format!("{text}-01"))?;
        let first = date(&first)?;
        let next = first.checked_add_months(Months::new(1))?;
        let last = next.pred_opt()?;
        Some(Self { first, last })
    }

    /// The week, from Monday to Sunday, that is written so: `2025-W43`, as ISO 8601 counts them, or a day in it.
    #[must_use]
    pub fn week(text: &str) -> Option<Self> {
        let first = match text.split_once("-W") {
            Some((year, week)) if year.len() == 4 && week.len() == 2 => {
                NaiveDate::from_isoywd_opt(year.parse().ok()?, week.parse().ok()?, Weekday::Mon)?
            }
            _ => date(text)?.week(Weekday::Mon).checked_first_day()?,
        };
        let last = first.week(Weekday::Mon).checked_last_day()?;
        // The last week that is known has five days.
        let last = last.min(NaiveDate::from_ymd_opt(LAST_YEAR, 12, 31)?);
        is_known(first).then_some(Self { first, last })
    }

    /// The first and the last moment, where the clinic is.
    #[must_use]
    pub fn span(self, zone: Zone) -> Option<(Timestamp, Timestamp)> {
        Some((start(self.first, zone)?, end(self.last, zone)?))
    }
}

fn date(text: &str) -> Option<NaiveDate> {
    let plain = text
        .bytes()
        .all(|byte| byte.is_ascii_digit() || byte == b'-');
    let plain = plain && text.len() == "2025-10-26".len();
    let day = plain.then(|| NaiveDate::parse_from_str(text, "%Y-%m-%d").ok())?;
    day.filter(|day| is_known(*day))
}

/// Whether the day is one of the years whose moments can be written.
fn is_known(day: NaiveDate) -> bool {
    (1..=LAST_YEAR).contains(&day.year())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn today_of(now: &str, zone: &str) -> (String, String) {
        let zone = Zone::named(zone).unwrap();
        let (first, last) = today(Timestamp::parse(now).unwrap(), zone).unwrap();
        (first.to_string(), last.to_string())
    }

    #[test]
    fn a_day_in_tokyo_begins_at_fifteen_hours_utc() {
        let day = (
            "2025-10-25T15:00:00.000Z".to_owned(),
            "2025-10-26T14:59:59.999Z".to_owned(),
        );
        assert_eq!(today_of("2025-10-25T15:00:00.000Z", "Asia/Tokyo"), day);
        assert_eq!(today_of("2025-10-26T14:59:59.999Z", "Asia/Tokyo"), day);
        assert_eq!(
            today_of("2025-10-26T15:00:00.000Z", "Asia/Tokyo").0,
            "2025-10-26T15:00:00.000Z"
        );
    }

    #[test]
    fn a_day_of_a_clock_change_has_twenty_three_or_twenty_five_hours() {
        let spring = today_of("2025-03-09T12:00:00Z", "America/New_York");
        assert_eq!(
            spring,
            (
                "2025-03-09T05:00:00.000Z".to_owned(),
                "2025-03-10T03:59:59.999Z".to_owned()
            )
        );
        let autumn = today_of("2025-11-02T12:00:00Z", "America/New_York");
        assert_eq!(
            autumn,
            (
                "2025-11-02T04:00:00.000Z".to_owned(),
                "2025-11-03T04:59:59.999Z".to_owned()
            )
        );
    }

    #[test]
    fn a_day_without_a_midnight_begins_after_the_gap() {
        let day = NaiveDate::from_ymd_opt(2018, 11, 4).unwrap();
        let first =
            start(day, Zone::named("America/Sao_Paulo").unwrap()).map(|moment| moment.to_string());
        assert_eq!(first.as_deref(), Some("2018-11-04T03:00:00.000Z"));
    }

    #[test]
    fn a_range_is_cut_into_the_days_that_it_touches() {
        let cut = |from: &str, to: &str, zone: &str| {
            let [from, to] = [from, to].map(|text| Timestamp::parse(text).unwrap());
            let days = days(from, to, Zone::named(zone).unwrap());
            assert_eq!(days[0].1, from);
            assert_eq!(days[days.len() - 1].2, to);
            for two in days.windows(2) {
                assert_eq!(two[0].2.unix_ms() + 1, two[1].1.unix_ms());
            }
            days.into_iter().map(|(name, ..)| name).collect::<Vec<_>>()
        };
        let tokyo = cut(
            "2025-10-25T14:59:59.999Z",
            "2025-10-26T15:00:00Z",
            "Asia/Tokyo",
        );
        assert_eq!(tokyo, ["2025-10-25", "2025-10-26", "2025-10-27"]);
        let one = cut(
            "2025-10-26T00:00:00Z",
            "2025-10-26T00:00:00Z",
            "Asia/Kolkata",
        );
        assert_eq!(one, ["2025-10-26"]);
        let skipped = cut(
            "2011-12-29T12:00:00Z",
            "2011-12-31T12:00:00Z",
            "Pacific/Apia",
        );
        assert_eq!(skipped, ["2011-12-29", "2011-12-31", "2012-01-01"]);
        // The zones do not know the very last days.
        cut("9999-12-30T12:00:00Z", "9999-12-31T23:59:59.999Z", "UTC");
        let [from, to] = [1, 0].map(Timestamp::from_unix_ms);
        assert_eq!(days(from, to, Zone::UTC), []);
    }

    #[test]
    fn a_month_and_a_week_are_written_in_one_way() {
        let shown = |days: Option<Days>| days.map(|days| format!("{} {}", days.first, days.last));
        for (text, days) in [
            ("2025-10", Some("2025-10-01 2025-10-31")),
            ("2024-02", Some("2024-02-01 2024-02-29")),
            ("2025-12", Some("2025-12-01 2025-12-31")),
            ("2025-13", None),
            ("2025-1", None),
            ("2025-+1", None),
            ("october", None),
            ("0000-01", None),
            ("0000-12", None),
            ("0001-01", Some("0001-01-01 0001-01-31")),
            ("9999-12", Some("9999-12-01 9999-12-31")),
        ] {
            assert_eq!(shown(Days::month(text)).as_deref(), days, "{text}");
        }
        for (text, days) in [
            ("2025-W43", Some("2025-10-20 2025-10-26")),
            ("2026-W01", Some("2025-12-29 2026-01-04")),
            ("2025-10-26", Some("2025-10-20 2025-10-26")),
            ("2025-10-20", Some("2025-10-20 2025-10-26")),
            ("2025-W54", None),
            ("2025-W00", None),
            ("2025-W4", None),
            ("2025-10", None),
            ("43", None),
            ("0000-W52", None),
            ("0000-12-31", None),
            ("0001-W01", Some("0001-01-01 0001-01-07")),
            ("9999-W52", Some("9999-12-27 9999-12-31")),
            ("9999-12-31", Some("9999-12-27 9999-12-31")),
        ] {
            assert_eq!(shown(Days::week(text)).as_deref(), days, "{text}");
        }
        let october = Days::month("2025-10").unwrap().span(Zone::TOKYO).unwrap();
        assert_eq!(october.0.to_string(), "2025-09-30T15:00:00.000Z");
        assert_eq!(october.1.to_string(), "2025-10-31T14:59:59.999Z");
    }

    #[test]
    fn the_first_and_the_last_days_end_where_moments_do() {
        let day = |year, month, day| NaiveDate::from_ymd_opt(year, month, day).unwrap();
        let [first, last] = [i64::MIN, i64::MAX].map(Timestamp::from_unix_ms);
        for zone in ["Asia/Tokyo", "UTC", "America/New_York"] {
            let zone = Zone::named(zone).unwrap();
            for unknown in [day(0, 12, 31), day(-1, 1, 1), day(10_000, 1, 1)] {
                assert_eq!(start(unknown, zone), None);
                assert_eq!(end(unknown, zone), None);
            }
            assert!(start(day(1, 1, 1), zone).unwrap() < end(day(1, 1, 1), zone).unwrap());
            let december = Days::month("9999-12").unwrap().span(zone).unwrap();
            assert_eq!(december.1, last);
            let (from, to) = Days::week("9999-W52").unwrap().span(zone).unwrap();
            assert!(first < from && to == last);
        }
        assert_eq!(start(day(1, 1, 1), Zone::TOKYO), Some(first));
    }
}
