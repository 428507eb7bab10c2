//! Time zones: the clock on the clinic's wall. Japan's rules are part of the program; those of other zones are the
//! system's (Debian's package `tzdata`).

use std::sync::{Mutex, PoisonError};
use std::{fs, path};

use jiff::civil::{Date, DateTime};
use jiff::tz::{TimeZone, get};

use crate::timestamp::Timestamp;

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
        // The years 1 to 9999 are jiff's range too, but for hours at its ends.
        let moment = jiff::Timestamp::from_millisecond(moment.unix_ms()).unwrap_or_default();
        self.rules().to_datetime(moment)
    }

    /// A moment in ISO 8601 by the clock on the wall, with its offset: `2025-10-26T14:30:00.000+09:00`.
    #[must_use]
    pub fn written(self, moment: Timestamp) -> String {
        let moment = jiff::Timestamp::from_millisecond(moment.unix_ms()).unwrap_or_default();
        let zoned = moment.to_zoned_datetime(self.rules().clone());
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

    fn rules(self) -> &'static TimeZone {
        &self.0.zone
    }
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
