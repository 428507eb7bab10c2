//! `hold`: pauses a route, or all of them, until a given moment (contract, section 5.2).

use clap::{Args, Subcommand};
use jiff::civil::Time;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};

use super::client::Client;
use super::words::{Locale, text};
use super::{CliError, value};
use crate::clock::Clock;
use crate::hold::{self, EVERY_ROUTE};
use crate::import::dates::{self, NoMoment};
use crate::route::MAX_NAME_CHARACTERS;
use crate::timestamp::Timestamp;
use crate::words::holds::{self, Holding};
use crate::words::{commands, harmless};
use crate::zone::{ClockChange, NotOneMoment, Zone};

/// Pause sending until a given moment; accepting goes on
#[derive(Args)]
#[command(
    args_conflicts_with_subcommands = true,
    subcommand_negates_reqs = true,
    arg_required_else_help = true,
    after_help = "Examples:
  voicedrive-relay hold --until 06:00 \"maintenance of VoiceDrive\"
  voicedrive-relay hold --route staff --until \"2025-10-27 06:00\" \"maintenance\"
  voicedrive-relay hold list
  voicedrive-relay hold end
Events are accepted and kept as always. What is under way is finished, nothing else is sent, and no attempt
is spent. It ends by itself, and then what waits is sent in order."
)]
pub(super) struct Hold {
    /// Only this route; otherwise every route
    #[arg(long, value_name = "ROUTE", value_parser = value::text(MAX_NAME_CHARACTERS))]
    route: Option<String>,
    /// When it ends, at most 72 hours away: 06:00 (the next one) or "2025-10-27 06:00" by the configured time zone, or
    /// 2025-10-27T06:00:00+09:00
    #[arg(long, value_name = "TIME", required = true)]
    until: Option<String>,
    /// Why, for whoever looks at it
    #[arg(required = true)]
    reason: Option<String>,
    #[command(subcommand)]
    what: Option<What>,
}

#[derive(Subcommand)]
enum What {
    /// End a hold before its time
    #[command(after_help = "Examples:
  voicedrive-relay hold end
  voicedrive-relay hold end --route staff
Without --route the hold of every route ends, and not that of a single one.")]
    End {
        /// The hold of this route; otherwise that of every route
        #[arg(long, value_name = "ROUTE", value_parser = value::text(MAX_NAME_CHARACTERS))]
        route: Option<String>,
    },
    /// Show what is on hold
    #[command(after_help = "Example:
  voicedrive-relay hold list")]
    List,
}

impl Hold {
    pub(super) async fn run(&self, client: &Client) -> Result<(), CliError> {
        match &self.what {
            Some(What::List) => {
                let answer = client.get("/api/holds", &[]).await?;
                client.print(&answer, |locale| list(locale, &answer))
            }
            Some(What::End { route }) => {
                client.delete(&path(route.as_deref())).await?;
                let route = route.as_deref().unwrap_or(EVERY_ROUTE);
                client.print(&json!({"route": route, "ended": true}), |locale| {
                    locale.phrase(Holding::Ended).to_owned()
                })
            }
            None => self.begin(client).await,
        }
    }

    async fn begin(&self, client: &Client) -> Result<(), CliError> {
        let locale = client.locale;
        let now = Clock::System.now();
        let until = self.until.as_deref().unwrap_or_default();
        let until = end(until, locale.timezone, now).map_err(|why| match why {
            NoMoment::ClockChange(change) => {
                let told = commands::clock_change(change, locale.timezone, locale.language);
                usage("--until: ", &told)
            }
            _ => usage("--until: ", locale.phrase(Holding::NoSuchEnd)),
        })?;
        hold::lasts(now, until).map_err(|why| usage("", holds::wrong_end(why, locale.language)))?;
        let reason = self.reason.as_deref().unwrap_or_default();
        if !hold::is_reason(reason) {
            return Err(usage("", locale.phrase(Holding::NoReason)));
        }
        let body = json!({"until": until, "reason": reason}).to_string();
        let answer = client.put(&path(self.route.as_deref()), body).await?;
        client.print(&answer, |locale| {
            let until = locale.moment(&answer["until"], "-");
            holds::begun(&route(locale, &answer), &until, locale.language)
        })
    }
}

fn usage(option: &str, told: &str) -> CliError {
    CliError::Usage(format!("{option}{told}"))
}

fn path(route: Option<&str>) -> String {
    let route = utf8_percent_encode(route.unwrap_or(EVERY_ROUTE), NON_ALPHANUMERIC);
    format!("/api/holds/{route}")
}

fn list(locale: Locale, answer: &Value) -> String {
    let holds = answer["items"].as_array().into_iter().flatten();
    let lines: Vec<String> = holds.map(|hold| line(locale, hold)).collect();
    if lines.is_empty() {
        return locale.phrase(Holding::None).to_owned();
    }
    lines.join("\n")
}

/// One hold in a line.
pub(super) fn line(locale: Locale, hold: &Value) -> String {
    let until = until(locale, hold);
    let (reason, who) = (harmless(text(&hold["reason"])), text(&hold["who"]));
    holds::line(
        &route(locale, hold),
        until.as_deref(),
        &reason,
        who,
        locale.language,
    )
}

/// Why an event is not sent at present, when its route is on hold and it is still to be sent; `holds` is the answer of
/// `/api/holds`. Of two holds, the one that ends last.
pub(super) fn of_event(locale: Locale, event: &Value, holds: &Value) -> Option<String> {
    if !matches!(text(&event["status"]), "accepted" | "retrying") {
        return None;
    }
    let holds = holds["items"].as_array().into_iter().flatten();
    let of_route =
        holds.filter(|hold| hold["route"] == EVERY_ROUTE || hold["route"] == event["route"]);
    // All moments have one length, so their order is that of their texts.
    let hold = of_route.max_by_key(|hold| (hold["until"].is_null(), text(&hold["until"])))?;
    let until = until(locale, hold);
    let reason = harmless(text(&hold["reason"]));
    let told = holds::held_until(until.as_deref(), &reason, locale.language);
    Some(format!("{}: {told}", locale.phrase(Holding::OnHold)))
}

/// When it ends by itself.
fn until(locale: Locale, hold: &Value) -> Option<String> {
    let until = &hold["until"];
    (!until.is_null()).then(|| locale.moment(until, "-"))
}

fn route(locale: Locale, hold: &Value) -> String {
    match text(&hold["route"]) {
        EVERY_ROUTE => locale.phrase(Holding::EveryRoute).to_owned(),
        route => route.to_owned(),
    }
}

/// The end of a hold as a person types it: the next moment at which the clock on the wall shows this time of day, or a
/// moment that is written out.
fn end(typed: &str, zone: Zone, now: Timestamp) -> Result<Timestamp, NoMoment> {
    let Some(time) = time_of_day(typed) else {
        return dates::parse(typed, Some(zone));
    };
    let today = zone.local(now).date();
    let days = [Some(today), today.tomorrow().ok()].into_iter().flatten();
    let moments = days.map(|day| zone.moment(day.to_datetime(time)));
    // A time that a clock change skips or repeats is not that of the day after it.
    let mut to_come = moments.filter(|moment| match moment {
        Ok(moment)
        | Err(NotOneMoment::ClockChange(
            ClockChange::Skipped { then: moment } | ClockChange::Twice { second: moment, .. },
        )) => *moment > now,
        Err(NotOneMoment::OutOfRange) => false,
    });
    Ok(to_come.next().ok_or(NoMoment::NotADate)??)
}

/// `06:00`, `6:00` or `06:00:30`
fn time_of_day(typed: &str) -> Option<Time> {
    let parts: Option<Vec<i8>> = typed.split(':').map(|part| part.parse().ok()).collect();
    match parts?[..] {
        [hour, minute] => Time::new(hour, minute, 0, 0).ok(),
        [hour, minute, second] => Time::new(hour, minute, second, 0).ok(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::language::Language;

    #[test]
    fn a_time_of_day_is_the_next_one_on_the_clinics_clock() {
        // 21:00 in Tokyo.
        let now = Timestamp::parse("2025-10-26T12:00:00Z").unwrap();
        for (typed, until) in [
            ("06:00", "2025-10-26T21:00:00.000Z"),
            ("6:00", "2025-10-26T21:00:00.000Z"),
            ("23:30", "2025-10-26T14:30:00.000Z"),
            ("21:00", "2025-10-27T12:00:00.000Z"),
            ("21:00:01", "2025-10-26T12:00:01.000Z"),
            ("2025-10-27 06:00", "2025-10-26T21:00:00.000Z"),
            ("2025-10-27T06:00:00+09:00", "2025-10-26T21:00:00.000Z"),
        ] {
            let end = end(typed, Zone::TOKYO, now).map(|moment| moment.to_string());
            assert_eq!(end.as_deref(), Ok(until), "{typed}");
        }
        for typed in [
            "",
            "25:00",
            "6",
            "06:00:00:00",
            "2025-10-27",
            "tomorrow",
            "-1:00",
        ] {
            assert!(end(typed, Zone::TOKYO, now).is_err(), "{typed}");
        }
    }

    #[test]
    fn a_time_of_day_that_a_clock_change_takes_is_not_the_one_of_the_day_after() {
        let berlin = Zone::named("Europe/Berlin").unwrap();
        let at = |text| Timestamp::parse(text).unwrap();
        let end = |now| end("02:30", berlin, at(now));
        let then = at("2025-03-30T03:00:00+02:00");
        let skipped = Err(NoMoment::ClockChange(ClockChange::Skipped { then }));
        assert_eq!(end("2025-03-29T22:00:00+01:00"), skipped);
        assert_eq!(
            end("2025-03-30T03:00:00+02:00"),
            Ok(at("2025-03-31T02:30:00+02:00"))
        );
        let [first, second] = ["2025-10-26T02:30:00+02:00", "2025-10-26T02:30:00+01:00"].map(at);
        let twice = Err(NoMoment::ClockChange(ClockChange::Twice { first, second }));
        assert_eq!(end("2025-10-26T02:45:00+02:00"), twice);
        assert_eq!(
            end("2025-10-26T02:45:00+01:00"),
            Ok(at("2025-10-27T02:30:00+01:00"))
        );
    }

    #[test]
    fn an_event_that_is_still_to_be_sent_says_that_its_route_is_on_hold() {
        let locale = Locale {
            language: Language::En,
            timezone: Zone::TOKYO,
        };
        let hold = |route: &str, until: &str| json!({"route": route, "until": until, "reason": "why", "who": "API"});
        let mut holds = json!({"items": [hold("*", "2025-10-26T12:00:00.000Z"),
                                     hold("a", "2025-10-26T13:00:00.000Z")]});
        let told = |route: &str, status: &str| {
            of_event(locale, &json!({"route": route, "status": status}), &holds)
        };
        let until = |time: &str| {
            Some(format!(
                "on hold: nothing is sent until 2025-10-26 {time}: why"
            ))
        };
        assert_eq!(told("a", "accepted"), until("22:00:00"));
        assert_eq!(told("b", "retrying"), until("21:00:00"));
        assert_eq!(told("a", "delivered"), None);
        holds["items"][0]["until"] = Value::Null;
        let told = of_event(locale, &json!({"route": "a", "status": "accepted"}), &holds);
        let without_end = "on hold: nothing is sent until somebody ends the hold: why";
        assert_eq!(told.as_deref(), Some(without_end));
        let other = json!({"items": [hold("b", "2025-10-26T13:00:00.000Z")]});
        let event = json!({"route": "a", "status": "accepted"});
        assert_eq!(of_event(locale, &event, &other), None);
    }
}
