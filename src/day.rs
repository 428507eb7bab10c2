//! Days, where the clinic is: they begin at midnight of the configured time zone.

use std::time::Duration;

use chrono::{DateTime, NaiveDate, NaiveTime, TimeZone};
use chrono_tz::Tz;

use crate::timestamp::Timestamp;

/// The first moment of a day. A day without a midnight, because a clock change skips it, begins
/// after the gap. None for days that the time zone does not know.
#[must_use]
pub fn start(day: NaiveDate, timezone: Tz) -> Option<Timestamp> {
    let at = |time| timezone.from_local_datetime(&day.and_time(time)).earliest();
    let after_gap = || at(NaiveTime::from_hms_opt(1, 0, 0)?);
    at(NaiveTime::MIN)
        .or_else(after_gap)
        .map(|moment: DateTime<Tz>| Timestamp::from_unix_ms(moment.timestamp_millis()))
}

/// The first and the last millisecond of the day in which `now` lies.
#[must_use]
pub fn today(now: Timestamp, timezone: Tz) -> Option<(Timestamp, Timestamp)> {
    let day = now.to_utc().with_timezone(&timezone).date_naive();
    let next = start(day.succ_opt()?, timezone)?;
    Some((start(day, timezone)?, next.before(Duration::from_millis(1))))
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono_tz::{America::New_York, America::Sao_Paulo, Asia::Tokyo};

    fn today_of(now: &str, timezone: Tz) -> (String, String) {
        let (first, last) = today(Timestamp::parse(now).unwrap(), timezone).unwrap();
        (first.to_string(), last.to_string())
    }

    #[test]
    fn a_day_in_tokyo_begins_at_fifteen_hours_utc() {
        let day = (
            "2025-10-25T15:00:00.000Z".to_owned(),
            "2025-10-26T14:59:59.999Z".to_owned(),
        );
        assert_eq!(today_of("2025-10-25T15:00:00.000Z", Tokyo), day);
        assert_eq!(today_of("2025-10-26T14:59:59.999Z", Tokyo), day);
        assert_eq!(
            today_of("2025-10-26T15:00:00.000Z", Tokyo).0,
            "2025-10-26T15:00:00.000Z"
        );
    }

    #[test]
    fn a_day_of_a_clock_change_has_twenty_three_or_twenty_five_hours() {
        let spring = today_of("2025-03-09T12:00:00Z", New_York);
        assert_eq!(
            spring,
            (
                "2025-03-09T05:00:00.000Z".to_owned(),
                "2025-03-10T03:59:59.999Z".to_owned()
            )
        );
        let autumn = today_of("2025-11-02T12:00:00Z", New_York);
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
        let first = start(day, Sao_Paulo).map(|moment| moment.to_string());
        assert_eq!(first.as_deref(), Some("2018-11-04T03:00:00.000Z"));
    }
}
