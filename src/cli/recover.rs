//! `recover`: sends again what was exhausted because VoiceDrive was away (contract, section 5.3).

use std::time::Duration;

use clap::Args;
use serde::Deserialize;
use serde_json::{Value, json};

use super::client::Client;
use super::words::text;
use super::{CliError, print_line, value};
use crate::recovery::Hindrance;
use crate::route::MAX_NAME_CHARACTERS;
use crate::words::recoveries::{self, Recovering};

/// How often it is looked whether the probe has ended.
const LOOK_AGAIN: Duration = Duration::from_millis(100);
/// The longest wait for that: an attempt takes at most five minutes.
const PATIENCE: Duration = Duration::from_mins(6);

/// Send again what did not arrive because VoiceDrive was away
#[derive(Args)]
#[command(after_help = "Examples:
  voicedrive-relay recover --dry-run
  voicedrive-relay recover
  voicedrive-relay recover --route staff
The oldest event of each route is tried once. When that shows that VoiceDrive is back, the rest follows in order;
otherwise nothing else is sent. What VoiceDrive refused for another reason is left alone.
Exit codes: 0 they are sent, or there is nothing to send; 1 VoiceDrive is not back yet")]
pub(super) struct Recover {
    /// Only this route; otherwise every route
    #[arg(long, value_name = "ROUTE", value_parser = value::text(MAX_NAME_CHARACTERS))]
    route: Option<String>,
    /// Count them, and change nothing
    #[arg(long)]
    dry_run: bool,
}

/// How the probe of a route has ended.
struct Probed {
    route: String,
    /// Those that follow.
    rest: u64,
    /// Why VoiceDrive is not back; none: it is.
    failure: Option<String>,
}

impl Recover {
    pub(super) async fn run(&self, client: &Client) -> Result<(), CliError> {
        let wanted = json!({"route": self.route, "dryRun": self.dry_run});
        let answer = client.post("/api/recovery", wanted.to_string()).await?;
        let routes = answer["routes"].as_array().map_or(&[][..], Vec::as_slice);
        let locale = client.locale;
        for left_out in answer["leftOut"].as_array().into_iter().flatten() {
            tell_left_out(client, left_out)?;
        }
        if routes.is_empty() {
            return client.print(&answer, |_| locale.phrase(Recovering::Nothing).to_owned());
        }
        if self.dry_run {
            return client.print(&answer, |locale| {
                let lines = routes.iter().map(|left| {
                    let exhausted = left["exhausted"].as_u64().unwrap_or_default();
                    let (route, probe) = (text(&left["route"]), text(&left["probe"]));
                    recoveries::would_be_sent(route, exhausted, probe, locale.language)
                });
                lines.collect::<Vec<_>>().join("\n")
            });
        }
        let mut failures = Vec::new();
        for left in routes {
            let probed = probed(client, left).await?;
            if client.json {
                let (route, back) = (&probed.route, probed.failure.is_none());
                print_line(
                    &json!({"route": route, "back": back, "follow": probed.rest}).to_string(),
                )?;
            }
            match probed.failure {
                Some(failure) => failures.push(failure),
                None if client.json => {}
                None => {
                    let told = recoveries::is_back(&probed.route, probed.rest, locale.language);
                    print_line(&told)?;
                }
            }
        }
        if failures.is_empty() {
            return Ok(());
        }
        Err(CliError::Failed(failures.join("\n")))
    }
}

/// Says of a route that nothing is sent again on it now, and why.
fn tell_left_out(client: &Client, left_out: &Value) -> Result<(), CliError> {
    if client.json {
        let (route, reason) = (&left_out["route"], &left_out["reason"]);
        return print_line(&json!({"route": route, "leftOut": reason}).to_string());
    }
    let Ok(reason) = Hindrance::deserialize(&left_out["reason"]) else {
        return Ok(());
    };
    let language = client.locale.language;
    print_line(&recoveries::left_out(
        text(&left_out["route"]),
        reason,
        language,
    ))
}

/// Waits until the probe of a route has ended, and says how.
async fn probed(client: &Client, left: &Value) -> Result<Probed, CliError> {
    let (route, probe) = (text(&left["route"]), text(&left["probe"]));
    let language = client.locale.language;
    let waiting = async {
        loop {
            let event = client.event(probe).await?;
            if event["status"] != "retrying" {
                return Ok::<_, CliError>(event);
            }
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    };
    let Ok(event) = tokio::time::timeout(PATIENCE, waiting).await else {
        return Err(CliError::Failed(recoveries::not_yet(
            route, probe, language,
        )));
    };
    let event = event?;
    let last = event["attempts"].as_array().and_then(|all| all.last());
    let failure = last.filter(|last| !shows_return(last)).map(|last| {
        let why = client.locale.attempt(last, &client.settings_of(&event));
        recoveries::is_away(route, &why, language)
    });
    Ok(Probed {
        route: route.to_owned(),
        rest: left["exhausted"]
            .as_u64()
            .unwrap_or_default()
            .saturating_sub(1),
        failure,
    })
}

/// Whether an attempt shows that VoiceDrive is there: it took the event, or something is wrong with that alone.
fn shows_return(attempt: &Value) -> bool {
    let status = attempt["httpStatusCode"].as_u64();
    attempt["outcome"] == "success" || matches!(status, Some(400 | 413 | 422))
}
