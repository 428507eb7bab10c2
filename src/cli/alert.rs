//! `alert`: what an admin was told, whether telling works, and what needs nobody any more (contract,
//! section 10).

use clap::Subcommand;
use serde_json::{Value, json};

use super::CliError;
use super::client::{Client, path_segment};
use super::value::whole;
use super::words::{Locale, text};
use crate::words::commands::{self, Command};

#[derive(Subcommand)]
pub(super) enum Alert {
    /// Send a test message over every channel of the configuration
    #[command(after_help = "Example:
  voicedrive-relay alert test
Exit code 1 when a channel did not take it, or when there is none.")]
    Test,
    /// Show what was told, the newest last
    #[command(after_help = "Examples:
  sudo voicedrive-relay alert history
  sudo voicedrive-relay alert history --open")]
    History {
        /// Only what is not over
        #[arg(long)]
        open: bool,
        /// At most so many, up to 200
        #[arg(long, default_value_t = 20, allow_negative_numbers = true, value_parser = whole::<u32>(1..=200))]
        limit: u32,
    },
    /// Say that what did not arrive needs nothing any more
    #[command(after_help = "Examples:
  voicedrive-relay alert dismiss 019a2b3c-4d5e-7f60-8a9b-0c1d2e3f4a5b
  voicedrive-relay alert dismiss 0199e2f3-1a2b --reason \"the person has left\"
An incident is over then, and its exhausted events are dismissed. A dismissed event is kept, is in no
resend in bulk, and can still be sent again by its id.")]
    Dismiss {
        /// The id of an incident, as `alert history` shows it, or of an exhausted event
        id: String,
        /// Why
        #[arg(long, value_name = "TEXT")]
        reason: Option<String>,
    },
}

impl Alert {
    pub(super) async fn run(&self, client: &Client) -> Result<(), CliError> {
        match self {
            Self::Test => test(client).await,
            Self::History { open, limit } => {
                let limit = limit.to_string();
                let mut query = vec![("limit", limit.as_str())];
                if *open {
                    query.push(("state", "ongoing"));
                }
                let answer = client.get("/api/incidents", &query).await?;
                client.print(&answer, |locale| history(locale, &answer))
            }
            Self::Dismiss { id, reason } => {
                let answer = dismiss(client, id, reason.as_deref()).await?;
                client.print(&answer, |locale| {
                    format!("{id}: {}", locale.phrase(Command::Dismissed))
                })
            }
        }
    }
}

/// Dismisses the incident with this id, or else the event.
async fn dismiss(client: &Client, id: &str, reason: Option<&str>) -> Result<Value, CliError> {
    let body = json!({"reason": reason}).to_string();
    let incident = path_segment(id, client.locale.language)?;
    let path = format!("/api/incidents/{incident}/dismiss");
    match client.post(&path, body.clone()).await {
        Err(error) if error.code() == "NOT_FOUND" => {}
        other => return other,
    }
    let event = client.full_id(id).await.map_err(|error| {
        if error.code() == "NOT_FOUND" {
            CliError::refused(
                "NOT_FOUND",
                commands::nothing_to_dismiss(id, client.locale.language),
            )
        } else {
            error
        }
    })?;
    let path = format!("/api/events/{event}/dismiss");
    client.post(&path, body).await
}

async fn test(client: &Client) -> Result<(), CliError> {
    let answer = client.post("/control/alerts/test", String::new()).await?;
    let channels = answer["channels"].as_array().map_or(&[][..], Vec::as_slice);
    let locale = client.locale;
    if channels.is_empty() {
        let none = locale.phrase(Command::NoChannel);
        return Err(CliError::Failed(none.to_owned()));
    }
    client.print(&answer, |locale| {
        let lines: Vec<String> = channels
            .iter()
            .map(|channel| {
                let name = text(&channel["channel"]);
                match channel["error"].as_str() {
                    None => format!("{name}: {}", locale.phrase(Command::Sent)),
                    Some(error) if channel["sent"] == true => {
                        commands::sent_to_the_others(name, error, locale.language)
                    }
                    Some(error) => format!("{name}: {error}"),
                }
            })
            .collect();
        lines.join("\n")
    })?;
    if channels.iter().any(|channel| channel["error"].is_string()) {
        let failed = locale.phrase(if channels.iter().any(|channel| channel["sent"] == true) {
            Command::SomeFailed
        } else {
            Command::ChannelFailed
        });
        return Err(CliError::Failed(failed.to_owned()));
    }
    Ok(())
}

fn history(locale: Locale, answer: &Value) -> String {
    let incidents = answer["items"].as_array().map_or(&[][..], Vec::as_slice);
    if incidents.is_empty() {
        return locale.phrase(Command::NothingTold).to_owned();
    }
    let told: Vec<String> = incidents
        .iter()
        .rev()
        .map(|incident| {
            let indented = text(&incident["text"]).replace('\n', "\n    ");
            format!(
                "{}  {}\n    id: {}\n    {indented}",
                locale.moment(&incident["openedAt"], "-"),
                text(&incident["title"]),
                text(&incident["incidentId"]),
            )
        })
        .collect();
    told.join("\n")
}
