//! Time zones: the clock on the clinic's wall. Japan's rules are part of the program; those of other zones are the
//! system's (Debian's package `tzdata`).

use std::sync::{Mutex, PoisonError};
use std::{fs, path};

use jiff::civil::{Date, DateTime};
use jiff::tz::{AmbiguousOffset, Offset, TimeZone, get};

use crate::timestamp::Timestamp;

/// The beginning of Unix time.
const EPOCH: DateTime = DateTime::constant(1970, 1, 1, 0, 0, 0, 0);
/// Where the system has its time zones.
const DIRECTORY: &str = "/usr/share/zoneinfo";

static TOKYO: Rules = Rules {
    name: "Asia/Tokyo",
    zone: get!("Asia/Tokyo"),
};
static UTC: Rules = Rules {
    name: "UTC",
    zone: TimeZone::UTC,
};
/// Zones that were read from the system. They are kept for the life of the program: a configuration names one.
static READ: Mutex<Vec<&'static Rules>> = Mutex::new(Vec::new());

#[derive(Debug)]
struct Rules {
    name: &'static str,
    zone: TimeZone,
}

/// A time zone whose rules are known.
#[derive(Clone, Copy, Debug)]
pub struct Zone(&'static Rules);

impl PartialEq for Zone {
    fn eq(&self, other: &Self) -> bool {
        self.0.name == other.0.name
    }
}

impl Eq for Zone {}

/// Why there is not one moment at which the clock on the wall shows a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotOneMoment {
    /// A clock change skips it, or shows it twice.
    ClockChange(ClockChange),
    /// It is not within the years 1 to 9999.
    OutOfRange,
}

/// What a clock change does to a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClockChange {
    /// It is skipped.
    Skipped {
        /// The first moment after it.
        then: Timestamp,
    },
    /// It comes twice.
    Twice {
        /// The first time.
        first: Timestamp,
        /// The second time.
        second: Timestamp,
    },
}

impl Zone {
    /// The default time zone.
    pub const TOKYO: Self = Self(&TOKYO);
    /// Coordinated Universal Time, in which the database keeps its times.
    pub const UTC: Self = Self(&UTC);

    /// The zone with this name of the tz database, spelled as there.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        if let Some(known) = [Self::TOKYO, Self::UTC]
            .into_iter()
            .find(|zone| zone.name() == name)
        {
            return Some(known);
        }
        let mut read = READ.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = read.iter().find(|rules| rules.name == name) {
            return Some(Self(known));
        }
        let zone = TimeZone::tzif(name, &data(name)?).ok()?;
        let name = String::leak(name.to_owned());
        let rules: &'static Rules = Box::leak(Box::new(Rules { name, zone }));
        read.push(rules);
        Some(Self(rules))
    }

    /// Its name in the tz database.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.0.name
    }

    /// A moment as the clock on the wall shows it.
    #[must_use]
    pub fn local(self, moment: Timestamp) -> DateTime {
        match jiff::Timestamp::from_millisecond(moment.unix_ms()) {
            Ok(moment) => self.rules().to_datetime(moment),
            // The years 1 to 9999 are jiff's range too, but for hours at their end.
            Err(_) => DateTime::MAX,
        }
    }

    /// A moment in ISO 8601 by the clock on the wall, with its offset: `2025-10-26T14:30:00.000+09:00`. The last hours of
    /// the year 9999, which may be the year 10000 there, are written in UTC.
    #[must_use]
    pub fn written(self, moment: Timestamp) -> String {
        let Ok(in_range) = jiff::Timestamp::from_millisecond(moment.unix_ms()) else {
            return moment.to_string();
        };
        let zoned = in_range.to_zoned_datetime(self.rules().clone());
        zoned.strftime("%Y-%m-%dT%H:%M:%S.%3f%:z").to_string()
    }

    /// How far the clock on the wall is ahead of UTC: `+09:00`.
    #[must_use]
    pub fn offset(self, moment: Timestamp) -> String {
        let moment = jiff::Timestamp::from_millisecond(moment.unix_ms());
        let moment = moment.unwrap_or(jiff::Timestamp::MAX);
        let zoned = moment.to_zoned_datetime(self.rules().clone());
        zoned.strftime("%:z").to_string()
    }

    /// The first moment of a day of the years 1 to 9999: midnight, or the end of the gap when a clock change skips it.
    #[must_use]
    pub fn midnight(self, day: Date) -> Option<Timestamp> {
        let midnight = day.at(0, 0, 0, 0);
        let ambiguous = self.rules().to_ambiguous_timestamp(midnight).offset();
        let (AmbiguousOffset::Unambiguous { offset }
        | AmbiguousOffset::Gap { before: offset, .. }
        | AmbiguousOffset::Fold { before: offset, .. }) = ambiguous;
        let is_known = (1..=9999).contains(&day.year());
        is_known.then(|| Timestamp::from_unix_ms(unix_ms(midnight, offset)))
    }

    /// The one moment at which the clock on the wall shows this.
    ///
    /// # Errors
    /// `NotOneMoment`
    pub fn moment(self, shown: DateTime) -> Result<Timestamp, NotOneMoment> {
        let at = |offset: Offset| {
            let moment = Timestamp::at_unix_ms(unix_ms(shown, offset));
            moment.ok_or(NotOneMoment::OutOfRange)
        };
        let change = match self.rules().to_ambiguous_timestamp(shown).offset() {
            AmbiguousOffset::Unambiguous { offset } => return at(offset),
            AmbiguousOffset::Gap { before, after } => {
                // By the clock that is set forward already, it comes before the change.
                let earlier = jiff::Timestamp::from_millisecond(at(after)?.unix_ms());
                let change = earlier.map(|earlier| self.rules().following(earlier).next());
                let then = match change {
                    Ok(Some(change)) => {
                        Timestamp::from_unix_ms(change.timestamp().as_millisecond())
                    }
                    _ => at(before)?,
                };
                ClockChange::Skipped { then }
            }
            AmbiguousOffset::Fold { before, after } => ClockChange::Twice {
                first: at(before)?,
                second: at(after)?,
            },
        };
        Err(NotOneMoment::ClockChange(change))
    }

    fn rules(self) -> &'static TimeZone {
        &self.0.zone
    }
}

/// When a clock with this offset shows it, in Unix milliseconds. `jiff` has no moments for the last hours of the year 9999.
fn unix_ms(shown: DateTime, offset: Offset) -> i64 {
    let since = shown.duration_since(EPOCH).as_nanos().div_euclid(1_000_000);
    let local = i64::try_from(since).unwrap_or_default();
    local - i64::from(offset.seconds()) * 1000
}

/// The file of a zone, when there is one with this name and nothing else in it.
fn data(name: &str) -> Option<Vec<u8>> {
    let parts = path::Path::new(name).components();
    let is_name = !name.is_empty()
        && parts
            .clone()
            .all(|part| matches!(part, path::Component::Normal(_)));
    fs::read(path::Path::new(DIRECTORY).join(name))
        .ok()
        .filter(|_| is_name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zones_are_found_by_their_names() {
        assert_eq!(Zone::named("Asia/Tokyo"), Some(Zone::TOKYO));
        assert_eq!(Zone::named("UTC"), Some(Zone::UTC));
        assert_eq!(Zone::named("Mars"), None);
        for no_name in ["", "Asia", "Asia/../UTC", "/etc/localtime", "zone.tab"] {
            assert_eq!(Zone::named(no_name), None, "{no_name}");
        }
        let berlin = Zone::named("Europe/Berlin").unwrap();
        assert_eq!(berlin.rules().iana_name(), Some("Europe/Berlin"));
        assert_eq!(Zone::named("Europe/Berlin"), Some(berlin));
        assert_ne!(Zone::named("Europe/Paris"), Some(berlin));
        let noon = Timestamp::parse("2025-10-26T12:00:00Z").unwrap();
        assert_eq!(Zone::TOKYO.local(noon).hour(), 21);
    }

    #[test]
    fn a_time_that_the_clock_skips_or_repeats_is_no_moment() {
        let at = |month, day| DateTime::constant(2025, month, day, 2, 30, 0, 0);
        let moment = |text| Timestamp::parse(text).unwrap();
        let tokyo = Zone::TOKYO.moment(at(10, 26));
        assert_eq!(tokyo, Ok(moment("2025-10-25T17:30:00Z")));
        let berlin = Zone::named("Europe/Berlin").unwrap();
        let skipped = ClockChange::Skipped {
            then: moment("2025-03-30T03:00:00+02:00"),
        };
        let twice = ClockChange::Twice {
            first: moment("2025-10-26T02:30:00+02:00"),
            second: moment("2025-10-26T02:30:00+01:00"),
        };
        for (day, change) in [(at(3, 30), skipped), (at(10, 26), twice)] {
            let told = berlin.moment(day);
            assert_eq!(told, Err(NotOneMoment::ClockChange(change)));
        }
        assert!(berlin.moment(at(7, 1)).is_ok());
    }

    #[test]
    fn the_first_and_the_last_hours_are_moments_and_no_others() {
        let new_york = Zone::named("America/New_York").unwrap();
        let last = DateTime::constant(9999, 12, 31, 23, 59, 59, 999_000_000);
        for (zone, shown, moment) in [
            (Zone::TOKYO, last, Some("9999-12-31T14:59:59.999Z")),
            (Zone::UTC, last, Some("9999-12-31T23:59:59.999Z")),
            (new_york, last, None),
            (
                Zone::TOKYO,
                DateTime::constant(1, 1, 2, 0, 0, 0, 0),
                Some("0001-01-01T14:41:01.000Z"),
            ),
            (Zone::TOKYO, DateTime::constant(1, 1, 1, 0, 0, 0, 0), None),
            (Zone::UTC, DateTime::constant(0, 12, 31, 0, 0, 0, 0), None),
        ] {
            let found = zone.moment(shown).map(|moment| moment.to_string());
            let moment = moment.map(str::to_owned);
            assert_eq!(found, moment.ok_or(NotOneMoment::OutOfRange), "{shown}");
        }
        let end = Timestamp::from_unix_ms(i64::MAX);
        for zone in [Zone::TOKYO, Zone::UTC, new_york] {
            assert_eq!(zone.local(end).year(), 9999);
            assert_eq!(Timestamp::parse(&zone.written(end)), Ok(end));
        }
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
