//! `monitor`: who may look at the page for people (contract, section 12).

use clap::{ArgGroup, Subcommand};
use serde_json::{Value, json};

use super::client::Client;
use super::words::{Locale, text};
use super::{CliError, value};
use crate::session::{NAME_CHARACTERS, Role, USUAL_HOURS};
use crate::words::harmless;
use crate::words::monitor::login::{self, Login};

/// What a logout is given.
const WHICH: &str = "which";

#[derive(Subcommand)]
pub(super) enum Monitor {
    /// Print a link with which somebody can log in to the page, once and within 10 minutes
    #[command(after_help = "Examples:
  sudo voicedrive-relay monitor login --name Yamada --role operator
  sudo voicedrive-relay monitor login --name reception --hours 2160
A viewer looks. An operator also sends again, pauses, recovers and dismisses; what they do is in the audit by this
name. A session ends after 12 hours, or after one without use; a viewer's may last up to 90 days, for a screen on
a wall.")]
    Login {
        /// Whose login it is
        #[arg(long, value_parser = value::text(NAME_CHARACTERS))]
        name: String,
        /// What they may do
        #[arg(long, value_parser = Role::ALL.map(Role::as_str), default_value = "viewer")]
        role: String,
        /// How long they stay logged in: 1 to 12 hours, a viewer up to 2160 (90 days)
        #[arg(long, default_value_t = USUAL_HOURS, allow_negative_numbers = true,
              value_parser = value::whole::<u32>(1..=u64::from(Role::Viewer.longest_hours())))]
        hours: u32,
    },
    /// List who is logged in
    #[command(after_help = "Example:
  sudo voicedrive-relay monitor sessions")]
    Sessions,
    /// End logins, by the id that `monitor sessions` shows, by name, or all of them
    #[command(group = ArgGroup::new(WHICH).required(true), after_help = "Examples:
  sudo voicedrive-relay monitor logout 5f0c4b7a
  sudo voicedrive-relay monitor logout --name Yamada
  sudo voicedrive-relay monitor logout --all")]
    Logout {
        /// The session's id
        #[arg(group = WHICH, value_parser = value::text(NAME_CHARACTERS))]
        session: Option<String>,
        /// All of this name
        #[arg(long, group = WHICH, value_parser = value::text(NAME_CHARACTERS))]
        name: Option<String>,
        /// All of them, and codes that nobody has used yet
        #[arg(long, group = WHICH)]
        all: bool,
    },
}

impl Monitor {
    pub(super) async fn run(&self, client: &Client) -> Result<(), CliError> {
        match self {
            Self::Login { name, role, hours } => log_in(client, name, role, *hours).await,
            Self::Sessions => {
                let answer = client.get("/control/monitor/sessions", &[]).await?;
                client.print(&answer, |locale| sessions(locale, &answer))
            }
            Self::Logout { session, name, all } => {
                let body = json!({"id": session, "name": name, "all": all});
                let answer = client
                    .post("/control/monitor/logout", body.to_string())
                    .await?;
                let ended = answer["ended"].as_u64().unwrap_or_default();
                if ended == 0 && !all {
                    let told = client.locale.phrase(Login::NobodyThere);
                    return Err(CliError::Failed(told.to_owned()));
                }
                client.print(&answer, |locale| login::ended(ended, locale.language))
            }
        }
    }
}

async fn log_in(client: &Client, name: &str, role: &str, hours: u32) -> Result<(), CliError> {
    let known = Role::from_word(role).unwrap_or(Role::Viewer);
    let longest = known.longest_hours();
    if hours > longest {
        let told = login::too_long(longest, client.locale.language);
        return Err(CliError::Usage(told));
    }
    let body = json!({"name": name, "role": role, "hours": hours});
    let answer = client
        .post("/control/monitor/logins", body.to_string())
        .await?;
    client.print(&answer, |locale| {
        let until = locale.moment(&answer["validUntil"], "-");
        login::issued(
            text(&answer["link"]),
            text(&answer["code"]),
            (&harmless(name), known),
            &until,
            locale.language,
        )
    })?;
    if answer["hasPublicUrl"] == false && !client.json {
        eprintln!("{}", client.locale.phrase(Login::NoPublicAddress));
    }
    Ok(())
}

fn sessions(locale: Locale, answer: &Value) -> String {
    let items = answer["items"].as_array().into_iter().flatten();
    let lines = items.map(|session| {
        let role = Role::from_word(text(&session["role"])).unwrap_or(Role::Viewer);
        let since = locale.moment(&session["openedAt"], "-");
        let until = locale.moment(&session["endsAt"], "-");
        login::session(
            text(&session["id"]),
            (&harmless(text(&session["name"])), role),
            (&since, &until),
            locale.language,
        )
    });
    let lines: Vec<String> = lines.collect();
    if lines.is_empty() {
        return locale.phrase(Login::NoSessions).to_owned();
    }
    lines.join("\n")
}
