//! Days, where the clinic is: they begin at midnight of the configured time zone.

use std::time::Duration;

use chrono::{Datelike, NaiveDate};
use jiff::civil::Date;

use crate::timestamp::Timestamp;
use crate::zone::Zone;

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
    Some(start(day.succ_opt()?, zone)?.before(Duration::from_millis(1)))
}

/// The first and the last millisecond of the day in which `now` lies.
#[must_use]
pub fn today(now: Timestamp, zone: Zone) -> Option<(Timestamp, Timestamp)> {
    let day = zone.local(now).date();
    let next = zone.midnight(day.tomorrow().ok()?)?;
    Some((zone.midnight(day)?, next.before(Duration::from_millis(1))))
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
}
