//! `alert`: what an admin was told, whether telling works, and what needs nobody any more (contract,
//! section 10).

use clap::Subcommand;
use serde_json::Value;

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
    /// End an incident whose deliveries need nothing any more
    #[command(after_help = "Example:
  voicedrive-relay alert dismiss 019a2b3c-4d5e-7f60-8a9b-0c1d2e3f4a5b
The deliveries stay as they are, and can still be sent again.")]
    Dismiss {
        /// The incident's id, as `alert history` shows it
        id: String,
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
            Self::Dismiss { id } => {
                let path = format!(
                    "/control/incidents/{}/dismiss",
                    path_segment(id, client.locale.language)?
                );
                let answer = client.post(&path, String::new()).await?;
                client.print(&answer, |locale| {
                    format!("{id}: {}", locale.phrase(Command::Dismissed))
                })
            }
        }
    }
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
