//! Which events a person means: the options that `tail`, `resend` and `export` share.

use std::io::{self, Write};

use chrono::NaiveDate;
use clap::Args;
use serde_json::Value;

use super::client::Client;
use super::words::Locale;
use super::{CliError, value};
use crate::day;
use crate::event::{MAX_STAFF_ID_CHARACTERS, Status};
use crate::import::dates::{self, NoMoment};
use crate::route::MAX_NAME_CHARACTERS;
use crate::timestamp::Timestamp;
use crate::words::commands::{self, Command};
use crate::zone::Zone;

/// Which moment of a day is meant.
type OfDay = fn(NaiveDate, Zone) -> Option<Timestamp>;

/// The options; what is not said matches everything.
#[derive(Args)]
pub(super) struct Filter {
    /// Only events with this status
    #[arg(long, value_parser = Status::ALL.map(Status::as_str))]
    pub(super) status: Option<String>,
    /// Only events with this name
    #[arg(long, value_name = "TYPE", value_parser = value::event)]
    pub(super) event_type: Option<String>,
    /// Only events about this member of the staff
    #[arg(long, value_name = "ID", value_parser = value::text(MAX_STAFF_ID_CHARACTERS))]
    staff_id: Option<String>,
    /// Only events that take this route
    #[arg(long, value_name = "ROUTE", value_parser = value::text(MAX_NAME_CHARACTERS))]
    route: Option<String>,
    /// Only events accepted since then: 2025-10-26 (from midnight), "2025-10-26 14:30" (by the configured
    /// time zone) or 2025-10-26T14:30:00+09:00
    #[arg(long, value_name = "TIME")]
    since: Option<String>,
    /// Only events accepted until then; a day is meant to its end
    #[arg(long, value_name = "TIME")]
    until: Option<String>,
}

impl Filter {
    /// The filters as the API calls them. What a person types is by the clock on their wall.
    pub(super) fn named(&self, locale: Locale) -> Result<Vec<(&'static str, String)>, CliError> {
        let (since, until) = moments(locale, self.since.as_deref(), self.until.as_deref())?;
        let named = [
            ("status", self.status.clone()),
            ("eventType", self.event_type.clone()),
            ("staffId", self.staff_id.clone()),
            ("route", self.route.clone()),
            ("since", since.map(|moment| moment.to_string())),
            ("until", until.map(|moment| moment.to_string())),
        ];
        let said = named.into_iter();
        Ok(said
            .filter_map(|(name, value)| Some((name, value?)))
            .collect())
    }
}

/// The ends of a range as `--since` and `--until` name them, by the clock on the person's wall.
pub(super) fn moments(
    locale: Locale,
    since: Option<&str>,
    until: Option<&str>,
) -> Result<(Option<Timestamp>, Option<Timestamp>), CliError> {
    let read = |option: &str, text: Option<&str>, of_day| {
        text.map(|text| moment_of(option, text, locale, of_day))
            .transpose()
    };
    let since = read("--since", since, day::start as OfDay)?;
    let until = read("--until", until, day::end)?;
    if since.zip(until).is_some_and(|(since, until)| since > until) {
        let reversed = locale.phrase(Command::Reversed);
        return Err(CliError::Usage(reversed.to_owned()));
    }
    Ok((since, until))
}

/// Says on standard error that no event has the name that was typed, when a page of `/control/events` says so.
pub(super) fn tell_unknown_type(client: &Client, page: &Value) -> Result<(), CliError> {
    let unknown = &page["unknownType"];
    if let Some(name) = unknown["eventType"].as_str() {
        let nearest = unknown["nearest"].as_str();
        let told = commands::unknown_type(name, nearest, client.locale.language);
        writeln!(io::stderr(), "{told}")?;
    }
    Ok(())
}

/// Whether an event is one that these filters, of [`Filter::named`], match.
pub(super) fn fits(event: &Value, named: &[(&'static str, String)]) -> bool {
    named.iter().all(|(name, wanted)| {
        // All moments have one length, so their order is that of their texts.
        let accepted = event["acceptedAt"].as_str().unwrap_or_default();
        match *name {
            "since" => accepted >= wanted.as_str(),
            "until" => accepted <= wanted.as_str(),
            "eventType" => event["event"] == wanted.as_str(),
            name => event[name] == wanted.as_str(),
        }
    })
}

/// The moment that a person has typed for an option.
///
/// # Errors
/// `Usage` when it is none.
pub(super) fn moment_of(
    option: &str,
    text: &str,
    locale: Locale,
    of_day: OfDay,
) -> Result<Timestamp, CliError> {
    moment(text, locale.timezone, of_day).map_err(|why| {
        let told = match why {
            NoMoment::ClockChange(change) => {
                commands::clock_change(change, locale.timezone, locale.language)
            }
            _ => locale.phrase(Command::NoMoment).to_owned(),
        };
        CliError::Usage(format!("{option}: {told}"))
    })
}

/// A moment as a person types it; of a whole day it is the one that `of_day` says.
fn moment(text: &str, zone: Zone, of_day: OfDay) -> Result<Timestamp, NoMoment> {
    let forms = ["%Y-%m-%d", "%Y/%m/%d"];
    let day = forms
        .iter()
        .find_map(|form| NaiveDate::parse_from_str(text, form).ok());
    let of_day = day.and_then(|day| of_day(day, zone));
    of_day.map_or_else(|| dates::parse(text, Some(zone)), Ok)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_day_is_the_clinics_from_its_first_moment_to_its_last() {
        let at = |text, of_day: OfDay| {
            let read = moment(text, Zone::TOKYO, of_day);
            read.ok().map(|moment| moment.to_string())
        };
        for (text, since, until) in [
            (
                "2025-10-26",
                "2025-10-25T15:00:00.000Z",
                "2025-10-26T14:59:59.999Z",
            ),
            (
                "2025-10-26 14:30",
                "2025-10-26T05:30:00.000Z",
                "2025-10-26T05:30:00.000Z",
            ),
            (
                "2025-10-26T00:00Z",
                "2025-10-26T00:00:00.000Z",
                "2025-10-26T00:00:00.000Z",
            ),
        ] {
            assert_eq!(at(text, day::start).as_deref(), Some(since), "{text}");
            assert_eq!(at(text, day::end).as_deref(), Some(until), "{text}");
        }
        let slashes = at("2025/10/26", day::start);
        assert_eq!(slashes, at("2025-10-26", day::start));
        assert_eq!(at("yesterday", day::start), None);
        assert_eq!(at("2025-02-30", day::start), None);
    }

    #[test]
    fn what_happens_is_filtered_as_the_list_is() {
        let event = json!({"event": "a.b", "staffId": "E", "status": "delivered", "route": "r",
                           "acceptedAt": "2025-10-26T12:00:00.000Z"});
        let fits = |name, wanted: &str| fits(&event, &[(name, wanted.to_owned())]);
        for (name, wanted) in [
            ("eventType", "a.b"),
            ("staffId", "E"),
            ("status", "delivered"),
            ("route", "r"),
            ("since", "2025-10-26T12:00:00.000Z"),
            ("until", "2025-10-26T12:00:00.000Z"),
        ] {
            assert!(fits(name, wanted), "{name}");
        }
        assert!(!fits("since", "2025-10-26T12:00:00.001Z"));
        assert!(!fits("until", "2025-10-26T11:59:59.999Z"));
        assert!(!fits("staffId", "F") && !fits("eventType", "a") && !fits("route", ""));
    }
}
