//! What a person types as the value of an argument, read into what it means. What else must stand there is a
//! closed list, so that it can be told in the reader's language.

use std::net::SocketAddr;
use std::ops::RangeInclusive;

use hyper::StatusCode;
use url::Url;

use crate::route::Pattern;
use crate::zone::Zone;

/// Something else must stand there.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WrongValue {
    /// A whole number in a range.
    #[error("must be a whole number {}", range(*from, *to))]
    Whole {
        /// The least one.
        from: u64,
        /// The greatest one; none: every number will do.
        to: Option<u64>,
    },
    /// An address with a port.
    #[error("must be an IP address with a port, such as 127.0.0.1:9000")]
    Address,
    /// A URL.
    #[error("must be a URL such as https://voicedrive.example.com/webhook")]
    Url,
    /// The name of a time zone.
    #[error("must be a time zone such as Asia/Tokyo or UTC")]
    Zone,
    /// The name of an event, or a prefix of names.
    #[error("must be an event's name, or a prefix that ends in .*, such as employee.*")]
    Events,
}

fn range(from: u64, to: Option<u64>) -> String {
    match to {
        Some(to) => format!("from {from} to {to}"),
        None => format!("of at least {from}"),
    }
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
            to: Some(*range.end()).filter(|to| *to < u64::MAX),
        })
    }
}

/// Reads the status of an HTTP answer.
pub(super) fn http_status(text: &str) -> Result<StatusCode, WrongValue> {
    let number = whole(100..=999)(text)?;
    StatusCode::from_u16(number).map_err(|_| WrongValue::Whole {
        from: 100,
        to: Some(999),
    })
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
