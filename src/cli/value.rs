//! What a person types as the value of an argument, read into what it means. What else must stand there is
//! a [`WrongValue`].

use std::net::SocketAddr;
use std::ops::RangeInclusive;

use hyper::StatusCode;
use url::Url;

use crate::day::Days;
use crate::event::is_event_type;
use crate::route::Pattern;
use crate::wrong_value::WrongValue;
use crate::zone::Zone;

/// Reads a whole number of this range.
pub(super) fn whole<N: TryFrom<u64>>(
    range: RangeInclusive<u64>,
) -> impl Fn(&str) -> Result<N, WrongValue> + Clone + Send + Sync + 'static {
    move |text| {
        let number = text.parse().ok().filter(|number| range.contains(number));
        let number = number.and_then(|number: u64| N::try_from(number).ok());
        number.ok_or_else(|| WrongValue::Whole {
            from: *range.start(),
            to: *range.end(),
        })
    }
}

/// Reads the status of an HTTP answer. What begins with 1 is no answer yet, and beyond 599 nothing is defined.
pub(super) fn http_status(text: &str) -> Result<StatusCode, WrongValue> {
    let (from, to) = (200, 599);
    let number = whole(from..=to)(text)?;
    StatusCode::from_u16(number).map_err(|_| WrongValue::Whole { from, to })
}

/// Reads a text of at most this many characters.
pub(super) fn text(
    most: usize,
) -> impl Fn(&str) -> Result<String, WrongValue> + Clone + Send + Sync + 'static {
    move |text| {
        let fits = (1..=most).contains(&text.chars().count());
        let plain = !text.chars().any(char::is_control);
        (fits && plain)
            .then(|| text.to_owned())
            .ok_or(WrongValue::Text { most })
    }
}

pub(super) fn event(text: &str) -> Result<String, WrongValue> {
    let fits = is_event_type(text);
    fits.then(|| text.to_owned()).ok_or(WrongValue::Event)
}

pub(super) fn address(text: &str) -> Result<SocketAddr, WrongValue> {
    text.parse().map_err(|_| WrongValue::Address)
}

pub(super) fn url(text: &str) -> Result<Url, WrongValue> {
    Url::parse(text).map_err(|_| WrongValue::Url)
}

pub(super) fn zone(text: &str) -> Result<Zone, WrongValue> {
    Zone::named(text).ok_or(WrongValue::Zone)
}

pub(super) fn month(text: &str) -> Result<Days, WrongValue> {
    Days::month(text).ok_or(WrongValue::Month)
}

pub(super) fn week(text: &str) -> Result<Days, WrongValue> {
    Days::week(text).ok_or(WrongValue::Week)
}

pub(super) fn events(text: &str) -> Result<Pattern, WrongValue> {
    Pattern::parse(text).ok_or(WrongValue::Events)
}
