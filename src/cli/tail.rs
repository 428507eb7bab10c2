//! `tail`: deliveries, the newest last, and as they happen.

use std::time::Duration;

use clap::Args;
use serde_json::Value;

use super::client::Client;
use super::words::{Speech, harmless, text};
use super::{CliError, print_line};
use crate::event::Status;

/// How often the daemon is asked for what is new.
const ASK_AGAIN: Duration = Duration::from_millis(500);
/// How many deliveries are shown at first.
const SHOWN_AT_FIRST: &str = "20";

/// Show deliveries, the newest last.
#[derive(Args)]
#[command(after_help = "Examples:
  voicedrive-relay tail -f
  voicedrive-relay tail --status exhausted --event-type employee.created")]
pub(super) struct Tail {
    /// Go on, and show what happens as it happens
    #[arg(short, long)]
    follow: bool,
    /// Only events with this status
    #[arg(long, value_parser = Status::ALL.map(Status::as_str))]
    status: Option<String>,
    /// Only events with this name
    #[arg(long, value_name = "TYPE")]
    event_type: Option<String>,
}

impl Tail {
    pub(super) async fn run(&self, client: &Client) -> Result<(), CliError> {
        // Asked for first, so that nothing falls between the list and what follows it.
        let mut position = client.changes(&Value::Null).await?;
        let mut query = vec![("limit", SHOWN_AT_FIRST)];
        query.extend(self.status.as_deref().map(|s| ("status", s)));
        query.extend(self.event_type.as_deref().map(|t| ("eventType", t)));
        let page = client.get("/api/events", &query).await?;
        for event in page["items"].as_array().into_iter().flatten().rev() {
            client.print(event, |speech| {
                line(speech, &event["acceptedAt"], event, None)
            })?;
        }
        if !self.follow {
            return Ok(());
        }
        loop {
            tokio::time::sleep(ASK_AGAIN).await;
            position = self.follow_once(client, &position).await?;
        }
    }

    /// Shows what happened since `position`, and answers where that is now.
    async fn follow_once(&self, client: &Client, position: &Value) -> Result<Value, CliError> {
        let answer = client.changes(position).await?;
        for change in answer["changes"].as_array().into_iter().flatten() {
            if self.shows(change) {
                if client.json {
                    print_line(&change.to_string())?;
                } else {
                    let attempt = Some(&change["attempt"]).filter(|a| a.is_object());
                    print_line(&line(
                        client.speech,
                        &change["at"],
                        &change["event"],
                        attempt,
                    ))?;
                }
            }
        }
        Ok(answer)
    }

    fn shows(&self, change: &Value) -> bool {
        let fits = |wanted: Option<&String>, name: &str| {
            wanted.is_none_or(|wanted| change["event"][name] == wanted.as_str())
        };
        fits(self.status.as_ref(), "status") && fits(self.event_type.as_ref(), "event")
    }
}

/// One delivery, or one attempt of it, in one line.
pub(super) fn line(speech: Speech, at: &Value, event: &Value, attempt: Option<&Value>) -> String {
    let delivery = format!(
        "{}  {}  {}  {}",
        speech.moment(at, "-"),
        text(&event["id"]),
        text(&event["event"]),
        harmless(text(&event["staffId"])),
    );
    let status = speech.status(text(&event["status"]));
    let result = match attempt {
        Some(attempt) => format!("{} → {status}", harmless(&speech.attempt(attempt))),
        None => status.to_owned(),
    };
    if event["nextRetryAt"].is_string() {
        let next = speech.moment(&event["nextRetryAt"], "-");
        format!(
            "{delivery}  {result} ({} {next})",
            speech.say("次回", "next")
        )
    } else {
        format!("{delivery}  {result}")
    }
}
