//! What a person types as the value of an argument, read into what it means. What else must stand there is
//! a [`WrongValue`].

use std::ffi::OsStr;
use std::net::SocketAddr;
use std::ops::RangeInclusive;

use clap::builder::{PossibleValue, PossibleValuesParser, StringValueParser, TypedValueParser};
use clap::{Arg, Command};
use hyper::StatusCode;
use url::Url;

use crate::day::Days;
use crate::event::is_event_type;
use crate::route::Pattern;
use crate::token::Scope;
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

/// Reads scopes, separated by blanks. A shell offers each of them.
#[derive(Clone)]
pub(super) struct Scopes;

impl TypedValueParser for Scopes {
    type Value = String;

    fn parse_ref(
        &self,
        command: &Command,
        argument: Option<&Arg>,
        value: &OsStr,
    ) -> Result<String, clap::Error> {
        let one = PossibleValuesParser::new(Scope::ALL.map(Scope::as_str));
        let text = StringValueParser::new().parse_ref(command, argument, value)?;
        let words: Vec<&str> = text.split_whitespace().collect();
        let unknown = words.iter().find(|word| Scope::from_word(word).is_none());
        let judged = match (unknown, words.first()) {
            (Some(word), _) | (None, Some(word)) => *word,
            (None, None) => "",
        };
        one.parse_ref(command, argument, OsStr::new(judged))?;
        Ok(words.join(" "))
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        let names = Scope::ALL.into_iter().map(Scope::as_str);
        Some(Box::new(names.map(PossibleValue::new)))
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
