//! `status`: how it is going, on one screen.

use serde_json::Value;

use super::CliError;
use super::check::nobody_is_told;
use super::client::Client;
use super::words::{Speech, text};
use crate::words::status::{self, Overview};

pub(super) async fn run(client: &Client) -> Result<(), CliError> {
    let answer = client.get("/control/status", &[]).await?;
    client.print(&answer, |speech| page(speech, &answer))
}

fn page(speech: Speech, answer: &Value) -> String {
    let never = speech.phrase(Overview::None);
    let last = match answer["lastOutcome"].as_str() {
        None => never.to_owned(),
        Some(outcome) => {
            let at = speech.moment(&answer["lastAttemptAt"], never);
            let outcome = match outcome {
                "success" => speech.phrase(Overview::Succeeded),
                "timeout" => speech.phrase(Overview::TimedOut),
                _ => speech.phrase(Overview::Failed),
            };
            format!("{at} {outcome}")
        }
    };
    let events = &answer["events"];
    let queue = &answer["queueStatus"];
    let rows = [
        (
            speech.phrase(Overview::Version),
            text(&answer["version"]).to_owned(),
        ),
        (
            speech.phrase(Overview::RunningSince),
            speech.moment(&answer["startedAt"], never),
        ),
        (
            speech.phrase(Overview::SendsTo),
            sends_to(speech, &answer["sendsTo"]),
        ),
        (speech.status("accepted"), events["accepted"].to_string()),
        (speech.status("retrying"), events["retrying"].to_string()),
        (speech.status("delivered"), events["delivered"].to_string()),
        (
            speech.status("exhausted"),
            exhausted(speech, &events["exhausted"]),
        ),
        (
            speech.phrase(Overview::Repeats),
            answer["repeats"].to_string(),
        ),
        (
            speech.phrase(Overview::RetryQueue),
            status::queue(
                &queue["pending"],
                &queue["processing"],
                &queue["completed"],
                &queue["failed"],
                speech.language,
            ),
        ),
        (
            speech.phrase(Overview::NextAttempt),
            speech.moment(&answer["nextDueAt"], never),
        ),
        (speech.phrase(Overview::LastAttempt), last),
        (
            speech.phrase(Overview::Database),
            format!(
                "{} ({:.1} MiB)",
                text(&answer["database"]["path"]),
                answer["database"]["bytes"].as_f64().unwrap_or(0.0) / 1_048_576.0
            ),
        ),
    ];
    let more = [
        (
            speech.phrase(Overview::BackupFile),
            backup(speech, &answer["backup"]),
        ),
        (speech.phrase(Overview::Disk), disk(speech, &answer["disk"])),
    ];
    let trouble = answer["database"]["trouble"].as_str();
    let trouble = trouble.map(|told| (speech.phrase(Overview::InTrouble), told.to_owned()));
    let open = answer["incidents"].as_array().into_iter().flatten();
    let open = open.map(|incident| {
        let first = text(&incident["text"]).lines().next().unwrap_or_default();
        (speech.phrase(Overview::LookAt), first.to_owned())
    });
    let failing = answer["alerts"]["failing"].as_array().into_iter().flatten();
    let failing = failing.map(|channel| {
        let (name, error) = (text(&channel["channel"]), text(&channel["error"]));
        (
            speech.phrase(Overview::CannotTell),
            format!("{name}: {error}"),
        )
    });
    let nobody = (answer["alerts"]["channels"] == 0).then(|| {
        let name = speech.phrase(Overview::Alerts);
        (name, nobody_is_told(speech).to_owned())
    });
    let lines: Vec<String> = rows
        .into_iter()
        .chain(trouble)
        .chain(more)
        .chain(open)
        .chain(failing)
        .chain(nobody)
        .chain(without_route(speech, answer))
        .map(|(name, value)| format!("{name}: {value}"))
        .collect();
    lines.join("\n")
}

/// Each route that events wait for, and that the configuration does not have any more.
fn without_route(
    speech: Speech,
    answer: &Value,
) -> impl Iterator<Item = (&'static str, String)> + '_ {
    let waiting = answer["withoutRoute"].as_array().into_iter().flatten();
    let waiting = waiting.filter(|waiting| waiting["route"] != "default");
    waiting.map(move |waiting| {
        let (route, events) = (text(&waiting["route"]), &waiting["events"]);
        let advice = speech.phrase(Overview::LostRoute);
        (
            speech.phrase(Overview::WithoutRoute),
            format!("{route}: {events} {advice}"),
        )
    })
}

fn backup(speech: Speech, backup: &Value) -> String {
    let at = speech.moment(&backup["at"], speech.phrase(Overview::NotThereYet));
    let age = backup["ageSeconds"]
        .as_u64()
        .map(|age| status::seconds_ago(age, speech.language));
    let error = backup["error"].as_str().map(|error| {
        let failed = speech.phrase(Overview::LastTryFailed);
        format!("; {failed}: {error}")
    });
    format!(
        "{} {at}{}{}",
        text(&backup["path"]),
        age.unwrap_or_default(),
        error.unwrap_or_default()
    )
}

fn disk(speech: Speech, disk: &Value) -> String {
    let free = disk["freeBytes"].as_f64().unwrap_or(0.0) / 1_073_741_824.0;
    if disk["full"] == true {
        return speech.phrase(Overview::Full).to_owned();
    }
    let forecast = disk["fullInDays"].as_u64();
    let forecast = forecast.map(|days| status::full_in(days, speech.language));
    format!(
        "{} {free:.1} GiB{}",
        speech.phrase(Overview::Free),
        forecast.unwrap_or_default()
    )
}

/// Every route with the host that it leads to.
fn sends_to(speech: Speech, routes: &Value) -> String {
    let unset = speech.phrase(Overview::NotSet);
    let default = routes["default"].as_str().unwrap_or(unset);
    let others = routes.as_object().into_iter().flatten();
    let others = others.filter(|(name, _)| *name != "default");
    let others = others.map(|(name, origin)| format!("{name} → {}", text(origin)));
    let all: Vec<String> = [default.to_owned()].into_iter().chain(others).collect();
    all.join("; ")
}

fn exhausted(speech: Speech, count: &Value) -> String {
    if count == 0 {
        return count.to_string();
    }
    format!("{count}  {}", speech.phrase(Overview::Exhausted))
}
