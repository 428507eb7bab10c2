//! What a person types as the value of an argument, read into what it means. What else must stand there is a
//! closed list, so that it can be told in the reader's language.

use std::net::SocketAddr;
use std::ops::RangeInclusive;

use hyper::StatusCode;
use url::Url;

use crate::event::is_event_type;
use crate::route::Pattern;
use crate::zone::Zone;

/// The value is not what is accepted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WrongValue {
    /// A whole number in a range.
    #[error("must be a whole number from {from} to {to}")]
    Whole {
        /// The least one.
        from: u64,
        /// The greatest one.
        to: u64,
    },
    /// A text of so many characters at the most.
    #[error("must have 1 to {most} characters, and no control characters")]
    Text {
        /// The longest one.
        most: usize,
    },
    /// An address with a port.
    #[error("must be an IP address with a port from 0 to 65535, such as 127.0.0.1:9000")]
    Address,
    /// A URL.
    #[error("must be a URL such as https://voicedrive.example.com/webhook")]
    Url,
    /// The name of a time zone.
    #[error("must be a time zone such as Asia/Tokyo or UTC")]
    Zone,
    /// The name of an event.
    #[error(
        "must be an event's name, such as employee.created: 1 to 100 characters of a-z, 0-9, '.', '_', '-'"
    )]
    Event,
    /// The name of an event, or a prefix of names.
    #[error("must be an event's name, or a prefix that ends in .*, such as employee.*")]
    Events,
}

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

pub(super) fn events(text: &str) -> Result<Pattern, WrongValue> {
    Pattern::parse(text).ok_or(WrongValue::Events)
}
