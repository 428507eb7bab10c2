//! `status`: how it is going, on one screen.

use clap::Args;
use serde_json::Value;

use super::check::nobody_is_told;
use super::words::{Locale, text};
use super::{CliError, Common, hold};
use crate::route::DEFAULT;
use crate::words::clocks;
use crate::words::holds::Holding;
use crate::words::status::{self, Overview};
use crate::words::{harmless, size};

/// The exit code that says, when it is asked for, that a person is needed.
const NEEDS_A_PERSON: u8 = 1;

#[derive(Args)]
#[command(after_help = "Examples:
  sudo voicedrive-relay status
  sudo voicedrive-relay status --json
  sudo voicedrive-relay status --exit-code > /dev/null || echo \"see status\"
Exit codes: 0 good; 1 with --exit-code: a person is needed; 69 the daemon does not answer")]
pub(super) struct Status {
    /// End with exit code 1 when a person is needed: events that were given up, an alert that is not over, a channel
    /// or a heartbeat that cannot be told, no backup, a full disk, a clock that may be wrong, a hold that only a person ends
    #[arg(long)]
    exit_code: bool,
}

impl Status {
    pub(super) async fn run(&self, common: &Common) -> Result<(), CliError> {
        let client = common.client()?;
        let answer = client.get("/control/status", &[]).await?;
        client.print(&answer, |locale| page(locale, common, &answer))?;
        if self.exit_code && needs_a_person(&answer) {
            return Err(CliError::Told(NEEDS_A_PERSON));
        }
        Ok(())
    }
}

/// Whether something in it needs a person.
fn needs_a_person(answer: &Value) -> bool {
    let lists = [&answer["incidents"], &answer["alerts"]["failing"]];
    let has = |list: &Value| list.as_array().is_some_and(|list| !list.is_empty());
    answer["events"]["exhausted"] != 0
        || answer["database"]["trouble"].is_string()
        || answer["backup"]["error"].is_string()
        || answer["disk"]["full"] == true
        || answer["disk"]["inodesUsedUp"] == true
        || answer["clock"]["offSeconds"].is_number()
        || answer["tls"]["refused"].is_string()
        || answer["reloadRefused"].is_array()
        || answer["alerts"]["heartbeat"].is_string()
        || holds(answer).any(|hold| hold["until"].is_null())
        || lists.into_iter().any(has)
        || lost_routes(answer).next().is_some()
}

fn page(locale: Locale, common: &Common, answer: &Value) -> String {
    let never = locale.phrase(Overview::None);
    let events = &answer["events"];
    let queue = &answer["queueStatus"];
    let rows = [
        (
            locale.phrase(Overview::Version),
            text(&answer["version"]).to_owned(),
        ),
        (
            locale.phrase(Overview::RunningSince),
            locale.moment(&answer["startedAt"], never),
        ),
        (
            locale.phrase(Overview::SendsTo),
            sends_to(locale, &answer["sendsTo"]),
        ),
        (locale.status("accepted"), events["accepted"].to_string()),
        (locale.status("retrying"), events["retrying"].to_string()),
        (locale.status("delivered"), events["delivered"].to_string()),
        (
            locale.status("exhausted"),
            exhausted(locale, common, &events["exhausted"]),
        ),
        (locale.status("dismissed"), events["dismissed"].to_string()),
        (
            locale.phrase(Overview::Repeats),
            answer["repeats"].to_string(),
        ),
        (
            locale.phrase(Overview::RetryQueue),
            status::queue(
                &queue["pending"],
                &queue["processing"],
                &queue["completed"],
                &queue["failed"],
                locale.language,
            ),
        ),
        (
            locale.phrase(Overview::NextAttempt),
            next_attempt(locale, answer),
        ),
        (
            locale.phrase(Overview::LastAttempt),
            last_attempt(locale, answer),
        ),
        (
            locale.phrase(Overview::Database),
            format!(
                "{} ({})",
                text(&answer["database"]["path"]),
                size(answer["database"]["bytes"].as_u64().unwrap_or_default())
            ),
        ),
    ];
    let more = [
        (
            locale.phrase(Overview::BackupFile),
            backup(locale, &answer["backup"]),
        ),
        (locale.phrase(Overview::Disk), disk(locale, &answer["disk"])),
    ];
    let asked = [
        (Overview::Asked, "answered"),
        (Overview::TurnedAway, "refused"),
    ];
    let asked = asked.map(|(name, which)| {
        (
            locale.phrase(name),
            question(locale, &answer["questions"][which]),
        )
    });
    let trouble = answer["database"]["trouble"].as_str();
    let trouble = trouble.map(|told| (locale.phrase(Overview::InTrouble), told.to_owned()));
    let clock = answer["clock"]["offSeconds"].as_i64();
    let clock = clock.map(|seconds| {
        let told = clocks::told(seconds, locale.language);
        (locale.phrase(Overview::Clock), told)
    });
    let nobody = (answer["alerts"]["channels"] == 0).then(|| {
        let name = locale.phrase(Overview::Alerts);
        (name, nobody_is_told(locale).to_owned())
    });
    let lines: Vec<String> = rows
        .into_iter()
        .chain(trouble)
        .chain(more)
        .chain(clock)
        .chain(asked)
        .chain(tls(locale, answer))
        .chain(reload_refused(locale, answer))
        .chain(on_hold(locale, answer))
        .chain(open_incidents(locale, answer))
        .chain(failing_channels(locale, answer))
        .chain(dead_heartbeat(locale, answer))
        .chain(nobody)
        .chain(without_route(locale, common, answer))
        .map(|(name, value)| format!("{name}: {value}"))
        .collect();
    lines.join("\n")
}

/// When the last attempt began, and how it ended.
fn last_attempt(locale: Locale, answer: &Value) -> String {
    let never = locale.phrase(Overview::None);
    let outcome = match answer["lastOutcome"].as_str() {
        None => return never.to_owned(),
        Some("success") => Overview::Succeeded,
        Some("timeout") => Overview::TimedOut,
        Some(_) => Overview::Failed,
    };
    let at = locale.moment(&answer["lastAttemptAt"], never);
    format!("{at} {}", locale.phrase(outcome))
}

/// When VoiceDrive has asked something last, and who or why not.
fn question(locale: Locale, question: &Value) -> String {
    if question.is_null() {
        return locale.phrase(Overview::NotSinceStart).to_owned();
    }
    let at = locale.moment(&question["at"], "-");
    let told = match question["status"].as_u64() {
        None => harmless(text(&question["who"])),
        Some(401) => locale.phrase(Overview::BadToken).to_owned(),
        Some(403) => locale.phrase(Overview::NotAllowed).to_owned(),
        Some(_) => locale.phrase(Overview::TooOften).to_owned(),
    };
    format!("{at} ({}, {told})", text(&question["client"]))
}

/// The relay's own certificate, and why another one does not take its place.
fn tls(locale: Locale, answer: &Value) -> Option<(&'static str, String)> {
    let tls = answer["tls"].as_object()?;
    let names = tls["names"].as_array().into_iter().flatten().map(text);
    let names: Vec<&str> = names.collect();
    let ends = locale.moment(&tls["endsAt"], "");
    let ends = status::certificate_ends(&ends, locale.language);
    let refused = tls["refused"].as_str();
    let refused = refused.map(|why| status::pair_refused(why, locale.language));
    let told = format!(
        "{} ({}){ends}{}",
        text(&tls["listen"]),
        names.join(", "),
        refused.unwrap_or_default()
    );
    Some(("TLS", told))
}

/// Why the configuration in force is not the one in the files.
fn reload_refused(
    locale: Locale,
    answer: &Value,
) -> impl Iterator<Item = (&'static str, String)> + '_ {
    let refused = answer["reloadRefused"].as_array().into_iter().flatten();
    refused.map(move |why| (locale.phrase(Overview::ReloadRefused), text(why).to_owned()))
}

/// What a person has paused.
fn holds(answer: &Value) -> impl Iterator<Item = &Value> {
    answer["holds"].as_array().into_iter().flatten()
}

fn on_hold(locale: Locale, answer: &Value) -> impl Iterator<Item = (&'static str, String)> + '_ {
    holds(answer).map(move |hold| (locale.phrase(Holding::OnHold), hold::line(locale, hold)))
}

/// What an admin was told and is not over; of several routes, each is named.
fn open_incidents(
    locale: Locale,
    answer: &Value,
) -> impl Iterator<Item = (&'static str, String)> + '_ {
    let routes = answer["sendsTo"].as_object().into_iter().flatten();
    let several = routes.clone().any(|(route, _)| route != DEFAULT);
    let open = answer["incidents"].as_array().into_iter().flatten();
    open.map(move |incident| {
        let first = text(&incident["text"]).lines().next().unwrap_or_default();
        let told = match incident["route"].as_str().filter(|_| several) {
            Some(route) => status::of_route(route, first, locale.language),
            None => first.to_owned(),
        };
        (locale.phrase(Overview::LookAt), told)
    })
}

/// Channels whose last message did not get through.
fn failing_channels(
    locale: Locale,
    answer: &Value,
) -> impl Iterator<Item = (&'static str, String)> + '_ {
    let failing = answer["alerts"]["failing"].as_array().into_iter().flatten();
    failing.map(move |channel| {
        let (name, error) = (text(&channel["channel"]), text(&channel["error"]));
        let told = format!("{name}: {error}");
        (locale.phrase(Overview::CannotTell), told)
    })
}

/// Why nobody would be told that the relay is gone.
fn dead_heartbeat(locale: Locale, answer: &Value) -> Option<(&'static str, String)> {
    let why = answer["alerts"]["heartbeat"].as_str()?;
    let told = status::dead_heartbeat(why, locale.language);
    Some((locale.phrase(Overview::CannotTell), told))
}

/// Each route that events wait for, and that the configuration does not have any more or gives no URL.
fn without_route<'a>(
    locale: Locale,
    common: &'a Common,
    answer: &'a Value,
) -> impl Iterator<Item = (&'static str, String)> + 'a {
    lost_routes(answer).map(move |waiting| {
        let (route, events) = (text(&waiting["route"]), &waiting["events"]);
        if waiting["configured"] == true {
            let advice = locale.phrase(Overview::RouteNeedsUrl);
            let told = format!("{route} ({events}): {advice}");
            return (locale.phrase(Overview::WithoutUrl), told);
        }
        let resend = common.typed(&format!("resend --status retrying --route '{route}'"));
        let advice = status::lost_route(&resend, locale.language);
        (
            locale.phrase(Overview::WithoutRoute),
            format!("{route} ({events}): {advice}"),
        )
    })
}

fn lost_routes(answer: &Value) -> impl Iterator<Item = &Value> {
    let waiting = answer["withoutRoute"].as_array().into_iter().flatten();
    waiting.filter(|waiting| waiting["route"] != DEFAULT)
}

/// When something is sent next, or why nothing is.
fn next_attempt(locale: Locale, answer: &Value) -> String {
    let nothing = if answer["sendsTo"][DEFAULT].is_string() {
        Overview::None
    } else {
        Overview::NothingIsSent
    };
    locale.moment(&answer["nextDueAt"], locale.phrase(nothing))
}

fn backup(locale: Locale, backup: &Value) -> String {
    let at = locale.moment(&backup["at"], locale.phrase(Overview::NotThereYet));
    let age = backup["ageSeconds"]
        .as_u64()
        .map(|age| status::seconds_ago(age, locale.language));
    let error = backup["error"].as_str().map(|error| {
        let failed = locale.phrase(Overview::LastTryFailed);
        format!("; {failed}: {error}")
    });
    format!(
        "{} {at}{}{}",
        text(&backup["path"]),
        age.unwrap_or_default(),
        error.unwrap_or_default()
    )
}

fn disk(locale: Locale, disk: &Value) -> String {
    let free = size(disk["freeBytes"].as_u64().unwrap_or_default());
    if disk["full"] == true {
        return locale.phrase(Overview::Full).to_owned();
    }
    if disk["inodesUsedUp"] == true {
        return format!(
            "{} {free}; {}",
            locale.phrase(Overview::Free),
            locale.phrase(Overview::NoInodes)
        );
    }
    let forecast = disk["fullInDays"].as_u64();
    let forecast = forecast.map(|days| status::full_in(days, locale.language));
    format!(
        "{} {free}{}",
        locale.phrase(Overview::Free),
        forecast.unwrap_or_default()
    )
}

/// Every route with the host that it leads to.
fn sends_to(locale: Locale, routes: &Value) -> String {
    let unset = locale.phrase(Overview::NotSet);
    let default = routes[DEFAULT].as_str().unwrap_or(unset);
    let others = routes.as_object().into_iter().flatten();
    let others = others.filter(|(name, _)| *name != DEFAULT);
    let others = others.map(|(name, origin)| format!("{name} → {}", text(origin)));
    let all: Vec<String> = [default.to_owned()].into_iter().chain(others).collect();
    all.join("; ")
}

fn exhausted(locale: Locale, common: &Common, count: &Value) -> String {
    if count == 0 {
        return count.to_string();
    }
    let [tail, resend] = ["tail", "resend"].map(|command| {
        let command = format!("{command} --status exhausted");
        common.typed(&command)
    });
    let advice = status::exhausted(&tail, &resend, locale.language);
    format!("{count}  {advice}")
}
