//! `send`: hands in an event, as the staff system does.

use std::io;
use std::path::Path;
use std::time::Duration;

use clap::Args;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::client::Client;
use super::{CliError, Common, print_line};
use crate::config::LARGEST_REQUEST;
use crate::language::Language;
use crate::plain_file::{text_at, text_of};
use crate::words::commands::{self, Command};
use crate::words::payloads;

/// How often the state of a delivery is asked for while waiting.
const ASK_AGAIN: Duration = Duration::from_millis(200);

/// Hand in an event.
#[derive(Args)]
#[command(after_help = "Examples:
  voicedrive-relay send employee.created --data employee.json \\
    --staff-id EMP-2025-001
  echo '{\"staffId\":\"EMP-2025-001\"}' | \\
    voicedrive-relay send employee.updated --data - --wait")]
pub(super) struct Send {
    /// The event's name, such as employee.created
    event: String,
    /// A file with the payload, a JSON object; - for standard input; without it the payload is {}
    #[arg(long, value_name = "FILE")]
    data: Option<String>,
    /// Whom it is about; otherwise what the payload says in staffId or employeeId
    #[arg(long, value_name = "ID")]
    staff_id: Option<String>,
    /// Show its attempts until it is delivered (exit code 0) or exhausted (1)
    #[arg(long)]
    wait: bool,
}

impl Send {
    pub(super) async fn run(&self, client: &Client, common: &Common) -> Result<(), CliError> {
        let answer = client
            .post("/api/events", self.body(client.locale.language)?)
            .await?;
        let id = answer["id"].as_str().unwrap_or_default().to_owned();
        client.print(&answer, |locale| {
            format!("{}: {id}", locale.phrase(Command::Accepted))
        })?;
        if self.wait {
            wait(client, common, &id).await
        } else {
            Ok(())
        }
    }

    /// The request's body; the payload stands in it as it was written, so that no number changes.
    fn body(&self, language: Language) -> Result<String, CliError> {
        let data = self.read_data(language)?;
        let data: &RawValue = serde_json::from_str(&data)
            .map_err(|error| CliError::Failed(payloads::not_json(&error, language)))?;
        let body = match &self.staff_id {
            Some(staff_id) => format!(
                "{{\"event\":{},\"staffId\":{},\"data\":{data}}}",
                json!(self.event),
                json!(staff_id)
            ),
            None => format!("{{\"event\":{},\"data\":{data}}}", json!(self.event)),
        };
        Ok(body)
    }

    fn read_data(&self, language: Language) -> Result<String, CliError> {
        let from = |name: &str, result: io::Result<String>| {
            result.map_err(|error| CliError::Failed(commands::file_failed(name, &error, language)))
        };
        match self.data.as_deref() {
            None => Ok("{}".to_owned()),
            Some("-") => {
                let read = text_of(io::stdin().lock(), LARGEST_REQUEST);
                from(commands::standard_input(language), read)
            }
            Some(path) => from(path, text_at(Path::new(path), LARGEST_REQUEST)),
        }
    }
}

/// Shows each attempt as it ends, until there is nothing to wait for.
async fn wait(client: &Client, common: &Common, id: &str) -> Result<(), CliError> {
    let mut shown = 0;
    loop {
        let event = client.event(id).await?;
        let attempts = event["attempts"].as_array().map_or(&[][..], Vec::as_slice);
        let settings = client.settings_of(&event);
        for attempt in attempts.iter().skip(shown) {
            client.print(attempt, |locale| locale.attempt(attempt, &settings))?;
        }
        if attempts.len() > shown && event["status"] == "retrying" && !client.json {
            print_line(&next_attempt(client, &event))?;
        }
        shown = attempts.len();
        match event["status"].as_str() {
            Some("delivered") => {
                return client.print(&event, |locale| locale.status("delivered").to_owned());
            }
            Some("exhausted" | "dismissed") => {
                let used_up = client.locale.phrase(Command::UsedUp);
                let resend = common.typed(&format!("resend {id}"));
                return Err(CliError::Failed(format!("{used_up}: {resend}")));
            }
            _ => tokio::time::sleep(ASK_AGAIN).await,
        }
    }
}

fn next_attempt(client: &Client, event: &Value) -> String {
    let locale = client.locale;
    let at = locale.moment(&event["nextRetryAt"], "-");
    format!("  {} {at}", locale.phrase(Command::NextAttempt))
}
