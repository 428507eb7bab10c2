//! Dates as databases and spreadsheets write them: with a UTC offset, or in the time zone that was given for the whole
//! file. A zone is never guessed: nobody would notice that all times are nine hours wrong.

use jiff::civil::DateTime;

use crate::interview::field_error::Why;
use crate::timestamp::Timestamp;
use crate::zone::{ClockChange, NotOneMoment, Zone};

/// In minutes.
const HOUR: i64 = 60;
/// The largest UTC offset that is accepted, in minutes.
const LARGEST_OFFSET: i64 = 18 * HOUR;

/// Why a text is not one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NoMoment {
    /// It is in none of the forms, or not within the years 1 to 9999.
    NotADate,
    /// It has no time of day.
    NoTimeOfDay,
    /// It has no zone, and none was given.
    NoZone,
    /// The clock of the zone skips it, or shows it twice.
    ClockChange(ClockChange),
}

impl From<NotOneMoment> for NoMoment {
    fn from(why: NotOneMoment) -> Self {
        match why {
            NotOneMoment::ClockChange(change) => Self::ClockChange(change),
            NotOneMoment::OutOfRange => Self::NotADate,
        }
    }
}

impl From<NoMoment> for Why {
    fn from(why: NoMoment) -> Self {
        match why {
            NoMoment::NotADate => Self::NotADate,
            NoMoment::NoTimeOfDay => Self::NoTimeOfDay,
            NoMoment::NoZone => Self::NoZone,
            NoMoment::ClockChange(_) => Self::ClockChange,
        }
    }
}

/// Parses a date with a time. `zone` is that of a text without an offset.
///
/// # Errors
/// Why it is not a moment.
pub(crate) fn parse(text: &str, zone: Option<Zone>) -> Result<Timestamp, NoMoment> {
    if let Ok(moment) = Timestamp::parse(text) {
        return Ok(moment);
    }
    let mut rest = Rest(text.as_bytes());
    let shown = rest.date_and_time()?;
    rest.skip_blanks();
    if rest.is_empty() {
        let zone = zone.ok_or(NoMoment::NoZone)?;
        return Ok(zone.moment(shown)?);
    }
    let offset = rest.offset().ok_or(NoMoment::NotADate)?;
    let utc = Zone::UTC.moment(shown)?;
    Timestamp::at_unix_ms(utc.unix_ms() - offset * 60_000).ok_or(NoMoment::NotADate)
}

/// The part of the text that is not parsed yet.
struct Rest<'a>(&'a [u8]);

impl Rest<'_> {
    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn skip_blanks(&mut self) {
        self.0 = self.0.trim_ascii_start();
    }

    /// `2025-10-28 10:00:00.000`, `2025/10/28T9:05`
    fn date_and_time(&mut self) -> Result<DateTime, NoMoment> {
        let (year, month, day) = self.date().ok_or(NoMoment::NotADate)?;
        if self.is_empty() {
            return Err(NoMoment::NoTimeOfDay);
        }
        if !self.skip(b'T') && !self.skip(b't') {
            self.skip_blanks();
        }
        let (hour, minute, second, nanosecond) = self.time().ok_or(NoMoment::NotADate)?;
        DateTime::new(year, month, day, hour, minute, second, nanosecond)
            .map_err(|_| NoMoment::NotADate)
    }

    fn date(&mut self) -> Option<(i16, i8, i8)> {
        let year = self.number(4, 4)?;
        let separator = [b'-', b'/'].into_iter().find(|c| self.skip(*c))?;
        let month = self.number(1, 2)?;
        let day = self.skip(separator).then(|| self.number(1, 2))??;
        Some((
            i16::try_from(year).ok()?,
            i8::try_from(month).ok()?,
            i8::try_from(day).ok()?,
        ))
    }

    fn time(&mut self) -> Option<(i8, i8, i8, i32)> {
        let hour = self.number(1, 2)?;
        let minute = self.skip(b':').then(|| self.number(2, 2))??;
        let mut second = 0;
        let mut nanosecond = 0;
        if self.skip(b':') {
            second = self.number(2, 2)?;
            if self.skip(b'.') || self.skip(b',') {
                nanosecond = self.fraction()?;
            }
        }
        Some((
            i8::try_from(hour).ok()?,
            i8::try_from(minute).ok()?,
            i8::try_from(second).ok()?,
            nanosecond,
        ))
    }

    /// The fraction of a second, in nanoseconds.
    fn fraction(&mut self) -> Option<i32> {
        let digits = self.digits(9);
        let number: i32 = str::from_utf8(digits).ok()?.parse().ok()?;
        let missing = u32::try_from(9 - digits.len()).ok()?;
        Some(number * 10_i32.pow(missing))
    }

    /// `Z`, `+09:00`, `+0900` or `+09`, in minutes; it has to end the text.
    fn offset(&mut self) -> Option<i64> {
        if self.skip(b'Z') || self.skip(b'z') {
            return self.is_empty().then_some(0);
        }
        let sign = if self.skip(b'+') {
            1
        } else if self.skip(b'-') {
            -1
        } else {
            return None;
        };
        let hours = i64::from(self.number(2, 2)?);
        let minutes = if self.is_empty() {
            0
        } else {
            self.skip(b':');
            i64::from(self.number(2, 2)?)
        };
        let offset = hours * HOUR + minutes;
        let fits = self.is_empty() && minutes < HOUR && offset <= LARGEST_OFFSET;
        fits.then_some(sign * offset)
    }

    fn skip(&mut self, byte: u8) -> bool {
        let rest = self.0.strip_prefix(&[byte]);
        self.0 = rest.unwrap_or(self.0);
        rest.is_some()
    }

    /// A number of `fewest` to `most` digits.
    fn number(&mut self, fewest: usize, most: usize) -> Option<u32> {
        let digits = self.digits(most);
        (digits.len() >= fewest)
            .then(|| str::from_utf8(digits).ok()?.parse().ok())
            .flatten()
    }

    fn digits(&mut self, most: usize) -> &[u8] {
        let count = self.0.iter().take(most);
        let count = count.take_while(|byte| byte.is_ascii_digit()).count();
        let (digits, rest) = self.0.split_at(count);
        self.0 = rest;
        digits
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moment(text: &str, zone: Option<Zone>) -> Result<String, Why> {
        let read = parse(text, zone).map(|moment| moment.to_string());
        read.map_err(Why::from)
    }

    #[test]
    fn a_date_with_a_zone_needs_no_other() {
        for text in [
            "2025-10-28T10:00:00.000+09:00",
            "2025-10-28T01:00:00Z",
            "2025-10-28T10:00+09:00",
            "2025-10-28 10:00:00 +0900",
            "2025-10-28T10:00:00+09",
            "2025/10/28 01:00Z",
        ] {
            for zone in [None, Some(Zone::UTC)] {
                let read = moment(text, zone);
                assert_eq!(read.as_deref(), Ok("2025-10-28T01:00:00.000Z"), "{text}");
            }
        }
    }

    #[test]
    fn a_date_without_one_is_by_the_clock_that_was_said() {
        for (text, tokyo) in [
            ("2025-10-28 10:00:00.000", "2025-10-28T01:00:00.000Z"),
            ("2025-10-28 10:00:00.1239999", "2025-10-28T01:00:00.123Z"),
            ("2025-10-28 10:00:00,123", "2025-10-28T01:00:00.123Z"),
            ("2025-10-28T10:00:00", "2025-10-28T01:00:00.000Z"),
            ("2025/10/28 10:00", "2025-10-28T01:00:00.000Z"),
            ("2025/1/8 9:05", "2025-01-08T00:05:00.000Z"),
            ("9999-12-31 23:59:59.999", "9999-12-31T14:59:59.999Z"),
        ] {
            assert_eq!(moment(text, None), Err(Why::NoZone), "{text}");
            assert_eq!(moment(text, Some(Zone::TOKYO)).as_deref(), Ok(tokyo));
        }
        let utc = moment("2025-10-28 10:00", Some(Zone::UTC));
        assert_eq!(utc.as_deref(), Ok("2025-10-28T10:00:00.000Z"));
    }

    #[test]
    fn what_is_no_moment_is_told_as_what_it_is() {
        let zone = Some(Zone::TOKYO);
        assert_eq!(moment("2025/10/28", zone), Err(Why::NoTimeOfDay));
        for text in [
            "",
            "x",
            "45958.4166",
            "2025/10-28 10:00",
            "28/10/2025 10:00",
            "2025-02-30 10:00",
            "2025-10-28 24:00",
            "2025-10-28T24:00:00Z",
            "2025-10-28 10:00:60",
            "2025-10-28 10:00 AM",
            "2025-10-28 10:00:00.",
            "2025-10-28T10:00+9",
            "2025-10-28 10:00+19:00",
            "２０２５-10-28 10:00",
            "0000-10-28 10:00",
            "0001-01-01 00:00",
            "0001-01-01 00:00 +09:00",
        ] {
            assert_eq!(moment(text, zone), Err(Why::NotADate), "{text}");
        }
        let gap = moment("2025-03-30 02:30", Zone::named("Europe/Berlin"));
        assert_eq!(gap, Err(Why::ClockChange));
    }
}
