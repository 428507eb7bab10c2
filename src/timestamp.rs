//! A moment, to the millisecond, and the one way in which it is written.
//!
//! Everything that is stored or answered uses the same 24 characters,
//! `2025-10-26T14:30:00.000Z`. A comparison of two such texts is a comparison of two moments
//! only because every one of them has this length; that is why nothing else in the program
//! formats a time for keeping.

use std::fmt;
use std::time::{Duration, SystemTime};

use chrono::{DateTime, Datelike, Timelike, Utc};

/// The first moment that can be written in 24 characters and still be a plausible date.
const EARLIEST: i64 = -62_135_596_800_000; // 0001-01-01T00:00:00.000Z
/// The last moment that can be written in 24 characters.
const LATEST: i64 = 253_402_300_799_999; // 9999-12-31T23:59:59.999Z

/// Milliseconds since the Unix epoch, between the years 1 and 9999.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

/// The text is not a moment in the form that the contract accepts (section 4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "must be an ISO 8601 date and time with hyphens and colons and with Z or an offset, such as 2025-10-26T14:30:00.000Z or 2025-10-26T23:30:00+09:00"
)]
pub struct NotATimestamp;

impl Timestamp {
    /// The moment `milliseconds` after the Unix epoch; what lies outside the years 1 to 9999 is
    /// moved to the nearest end, so that the written form never changes its length.
    #[must_use]
    pub fn from_unix_ms(milliseconds: i64) -> Self {
        Self(milliseconds.clamp(EARLIEST, LATEST))
    }

    /// The same; none when it lies outside the years 1 to 9999.
    #[must_use]
    pub fn at_unix_ms(milliseconds: i64) -> Option<Self> {
        let known = (EARLIEST..=LATEST).contains(&milliseconds);
        known.then_some(Self(milliseconds))
    }

    /// A moment by the system's clock, such as a file's time.
    #[must_use]
    pub fn of_system(moment: SystemTime) -> Self {
        Self::from_unix_ms(match moment.duration_since(SystemTime::UNIX_EPOCH) {
            Ok(after) => milliseconds(after),
            Err(before) => -milliseconds(before.duration()),
        })
    }

    /// Milliseconds since the Unix epoch.
    #[must_use]
    pub fn unix_ms(self) -> i64 {
        self.0
    }

    /// Whole seconds since the Unix epoch, rounded down.
    #[must_use]
    pub fn unix_seconds(self) -> i64 {
        self.0.div_euclid(1000)
    }

    /// Reads ISO 8601 with `Z` or an offset; what is finer than a millisecond is cut off. The seconds may be
    /// left out, and the minutes of the offset or the colon before them. A leap second is the second after it.
    ///
    /// # Errors
    /// `NotATimestamp` for anything else, a time without an offset among them: nobody can know
    /// which moment that is.
    pub fn parse(text: &str) -> Result<Self, NotATimestamp> {
        // chrono takes a blank for the T, as RFC 3339 allows and ISO 8601 does not.
        if text.as_bytes().get(10) == Some(&b' ') {
            return Err(NotATimestamp);
        }
        let moment = match DateTime::parse_from_rfc3339(text) {
            Ok(moment) => moment,
            Err(_) => spelled_out(text)
                .and_then(|text| DateTime::parse_from_rfc3339(&text).ok())
                .ok_or(NotATimestamp)?,
        };
        // chrono takes a sixtieth second in every minute; leap seconds are the last ones of a day in UTC.
        let is_leap_second = moment.nanosecond() >= 1_000_000_000;
        let minute = (moment.to_utc().hour(), moment.minute());
        if is_leap_second && minute != (23, 59) {
            return Err(NotATimestamp);
        }
        Self::at_unix_ms(moment.timestamp_millis()).ok_or(NotATimestamp)
    }

    /// This moment in chrono's words, for people's time zones.
    #[must_use]
    pub fn to_utc(self) -> DateTime<Utc> {
        // The constructor keeps every value inside chrono's range; the epoch is never reached.
        DateTime::from_timestamp_millis(self.0).unwrap_or_default()
    }

    /// The written form. Every result of an attempt stores four of them, so it is written by hand and not by the
    /// general formatting of the standard library, which is slower.
    fn text(self) -> [u8; 24] {
        let moment = self.to_utc().naive_utc();
        let mut text = *b"0000-00-00T00:00:00.000Z";
        put(&mut text[0..4], moment.year().unsigned_abs());
        put(&mut text[5..7], moment.month());
        put(&mut text[8..10], moment.day());
        put(&mut text[11..13], moment.hour());
        put(&mut text[14..16], moment.minute());
        put(&mut text[17..19], moment.second());
        put(&mut text[20..23], moment.nanosecond() / 1_000_000);
        text
    }

    /// The moment `span` later.
    #[must_use]
    pub fn after(self, span: Duration) -> Self {
        Self::from_unix_ms(self.0.saturating_add(milliseconds(span)))
    }

    /// The moment `span` earlier.
    #[must_use]
    pub fn before(self, span: Duration) -> Self {
        Self::from_unix_ms(self.0.saturating_sub(milliseconds(span)))
    }

    /// How long after `earlier` this moment is; zero when it is not after it.
    #[must_use]
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }
}

/// The text with what ISO 8601 lets a writer leave out: Java drops seconds that are zero, databases write an
/// offset as `+09` or `+0900`, and some write the comma before a fraction that the standard prefers. None for
/// what is not even like a time.
fn spelled_out(text: &str) -> Option<String> {
    let (date, time) = text.split_at_checked(10)?;
    let time = time.strip_prefix(['T', 't'])?;
    let (clock, offset) = time.split_at(time.find(['Z', 'z', '+', '-'])?);
    let clock = clock.replace(',', ".");
    let seconds = if clock.len() == "14:30".len() {
        ":00"
    } else {
        ""
    };
    let (hours, minutes) = offset.split_at_checked(3).unwrap_or((offset, ""));
    let between = match offset.len() {
        3 => ":00",
        5 => ":",
        _ => "",
    };
    Some(format!("{date}T{clock}{seconds}{hours}{between}{minutes}"))
}

/// Whole milliseconds of a span, as a signed number.
fn milliseconds(span: Duration) -> i64 {
    i64::try_from(span.as_millis()).unwrap_or(i64::MAX)
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = self.text();
        // Only digits are put between what is ASCII already.
        f.write_str(str::from_utf8(&text).map_err(|_| fmt::Error)?)
    }
}

/// Writes a number into all of a place, with zeros in front.
fn put(place: &mut [u8], mut number: u32) {
    for digit in place.iter_mut().rev() {
        *digit = b'0' + (number % 10) as u8;
        number /= 10;
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl serde::Serialize for Timestamp {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> serde::Deserialize<'de> for Timestamp {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn an_offset_is_the_same_moment() {
        let utc = Timestamp::parse("2025-10-26T14:30:00.000Z");
        assert_eq!(utc, Timestamp::parse("2025-10-26T23:30:00+09:00"));
        assert_eq!(utc.map(Timestamp::unix_ms), Ok(1_761_489_000_000));
    }

    #[test]
    fn what_iso_8601_lets_a_writer_leave_out_may_be_left_out() {
        let moment = Timestamp::parse("2025-10-26T14:30:00.000Z");
        for text in [
            "2025-10-26T14:30Z",
            "2025-10-26T23:30+09:00",
            "2025-10-26T23:30+0900",
            "2025-10-26T23:30+09",
            "2025-10-26T23:30:00+09",
            "2025-10-26T23:30:00.000+0900",
            "2025-10-26T11:00:00-0330",
            "2025-10-26t14:30:00z",
            "2025-10-26T14:30:00,000Z",
            "2025-10-26T23:30:00,0+09",
        ] {
            assert_eq!(Timestamp::parse(text), moment, "{text}");
        }
    }

    #[test]
    fn a_leap_second_is_the_second_after_it_and_no_other_minute_has_sixty_one() {
        let new_year = Timestamp::parse("2017-01-01T00:00:00Z");
        for text in ["2016-12-31T23:59:60Z", "2017-01-01T08:59:60+09:00"] {
            assert_eq!(Timestamp::parse(text), new_year, "{text}");
        }
        for text in ["2016-12-31T23:58:60Z", "2016-12-31T23:59:60+09:00"] {
            assert_eq!(Timestamp::parse(text), Err(NotATimestamp), "{text}");
        }
    }

    #[test]
    fn what_is_finer_than_a_millisecond_is_cut_off() {
        let moment = Timestamp::parse("2025-10-26T14:30:00.1239999Z");
        assert_eq!(
            moment.map(|m| m.to_string()),
            Ok("2025-10-26T14:30:00.123Z".to_owned())
        );
    }

    #[test]
    fn other_forms_are_refused() {
        for text in [
            "",
            "2025-10-26",
            "2025-10-26T14:30:00",
            "2025-10-26 14:30:00Z",
            "2025-13-26T14:30:00Z",
            "2025-02-30T14:30:00Z",
            "1761489000000",
            "0000-01-01T00:00:00Z",
            "+12025-10-26T14:30:00Z",
            "2025-10-26T14:30:00+0900x",
            "2025-10-26T14:30",
            "2025-10-26T14:30+9",
            "2025-10-26T14:30+9:00",
            "2025-10-26T14:30+090",
            "2025-10-26T14:30+09:60",
            "2025-10-26T14+09:00",
            "2025-10-26T14:3+09:00",
            "2025-10-26T14:30:0+09",
            "2025-10-26+14:30:00Z",
            "2025-10-26T14:30:00Z+09",
            "2025-10-26T14:30:00+０９",
            "2025-10-26T24:00:00Z",
            "2025-10-26T24:00Z",
            "2025-10-26T14:30:61Z",
            "2025-10-26T14,5Z",
            "2025-10-26T14:30,5Z",
            "2025-10-26T14:30:00,Z",
            "20251026T143000Z",
        ] {
            assert_eq!(Timestamp::parse(text), Err(NotATimestamp), "{text}");
        }
    }

    proptest! {
        #[test]
        fn the_written_form_keeps_length_order_and_value(a in EARLIEST..=LATEST, b in EARLIEST..=LATEST) {
            let (first, second) = (Timestamp::from_unix_ms(a), Timestamp::from_unix_ms(b));
            prop_assert_eq!(first.to_string().len(), 24);
            prop_assert_eq!(first.cmp(&second), first.to_string().cmp(&second.to_string()));
            prop_assert_eq!(Timestamp::parse(&first.to_string()), Ok(first));
        }

        #[test]
        fn no_text_makes_it_panic(text in ".{0,40}") {
            let _ = Timestamp::parse(&text);
        }
    }
}
