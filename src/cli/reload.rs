//! `reload`: the daemon reads its configuration and its secrets again, and says what changed.

use clap::Args;
use serde_json::Value;

use super::client::Client;
use super::words::Locale;
use super::{CliError, Common, print_line};
use crate::config::Environment;
use crate::words::commands::{self, Command};
use crate::words::daemon;

/// Let the daemon read its configuration and its secrets again.
#[derive(Args)]
#[command(after_help = "Examples:
  sudo voicedrive-relay reload
  sudo voicedrive-relay reload --drop")]
pub(super) struct Reload {
    /// Lose a URL, a secret, a route or some of its events, names of events that are taken, a proxy, a sender or an alert channel in force, or the file of the secrets: without this, such a reload is refused
    #[arg(long)]
    drop: bool,
}

impl Reload {
    pub(super) async fn run(
        &self,
        common: &Common,
        environment: &Environment,
    ) -> Result<(), CliError> {
        let client = way_to_the_daemon(common, environment)?;
        let query = if self.drop { "?drop=true" } else { "" };
        let path = format!("/control/reload{query}");
        let answer = match client.post(&path, String::new()).await {
            // Without a daemon, the mistakes that can be seen from here are the next thing to know.
            Err(CliError::Unreachable(unreachable)) => {
                common.config()?;
                let told = daemon::perhaps_moved(&unreachable, client.locale.language);
                return Err(CliError::Unreachable(told));
            }
            answer => answer?,
        };
        if answer["done"] == true {
            return client.print(&answer, |locale| done(locale, &answer));
        }
        if client.json {
            print_line(&answer.to_string())?;
        }
        Err(refused(client.locale, common, &answer))
    }
}

/// The daemon is found by a configuration with mistakes too: it is the one that tells them all.
fn way_to_the_daemon(common: &Common, environment: &Environment) -> Result<Client, CliError> {
    Client::new(&common.understood(environment), common)
}

fn done(locale: Locale, answer: &Value) -> String {
    let mut lines = vec![locale.phrase(Command::ReadAgain).to_owned()];
    let dropped = texts(&answer["dropped"]);
    for (key, what) in [
        ("needsRestart", locale.phrase(Command::NeedsRestart)),
        ("new", locale.phrase(Command::SetNow)),
        ("changed", locale.phrase(Command::HasChanged)),
        ("gone", locale.phrase(Command::NotSetAnyMore)),
        ("dropped", locale.phrase(Command::Dropped)),
        ("noLongerPrivate", locale.phrase(Command::Shown)),
    ] {
        let mut names = texts(&answer[key]);
        // Each is told once.
        let is_own = ["dropped", "noLongerPrivate"].contains(&key);
        names.retain(|name| is_own || !dropped.contains(name));
        let names: Vec<_> = names
            .into_iter()
            .map(|name| with_values(name, answer))
            .collect();
        if !names.is_empty() {
            lines.push(format!("{what}: {}", names.join(", ")));
        }
    }
    lines.extend(notes(locale, answer));
    lines.join("\n")
}

/// A name with what it was and is, where that is told.
fn with_values(name: &str, answer: &Value) -> String {
    let values = &answer["values"][name];
    match (values["old"].as_str(), values["new"].as_str()) {
        (Some(old), Some(new)) => format!("{name} ({old} → {new})"),
        _ => name.to_owned(),
    }
}

fn refused(locale: Locale, common: &Common, answer: &Value) -> CliError {
    let names = texts(&answer["loses"]);
    if !names.is_empty() {
        let drop = common.typed("reload --drop");
        return CliError::Failed(commands::would_be_lost(&names, &drop, locale.language));
    }
    let mistakes = texts(&answer["mistakes"]).into_iter().map(str::to_owned);
    let mistakes: Vec<_> = mistakes.chain(notes(locale, answer)).collect();
    CliError::ConfigOfDaemon(mistakes.join("\n"))
}

fn notes(locale: Locale, answer: &Value) -> Vec<String> {
    let mark = locale.phrase(Command::Note);
    let notes = texts(&answer["notes"]).into_iter();
    notes.map(|note| format!("{mark}: {note}")).collect()
}

fn texts(value: &Value) -> Vec<&str> {
    let texts = value.as_array().into_iter().flatten();
    texts.filter_map(Value::as_str).collect()
}
