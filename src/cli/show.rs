//! `show`: one event with every attempt.

use clap::Args;
use serde_json::Value;

use super::CliError;
use super::client::Client;
use super::words::{Speech, harmless, text};

/// Show one event with every attempt.
#[derive(Args)]
#[command(after_help = "Example:
  voicedrive-relay show 0199e2f3-1a2b
The beginning of an id will do, as `tail` shows it. The whole id is the X-Request-ID that VoiceDrive sees.")]
pub(super) struct Show {
    /// The event's id, or its beginning
    id: String,
}

impl Show {
    pub(super) async fn run(&self, client: &Client) -> Result<(), CliError> {
        let event = client.event(&client.full_id(&self.id).await?).await?;
        client.print(&event, |speech| page(speech, &event))
    }
}

fn page(speech: Speech, event: &Value) -> String {
    let none = speech.say("なし", "none");
    let rows = [
        ("id", text(&event["id"]).to_owned()),
        (
            speech.say("イベント", "event"),
            text(&event["event"]).to_owned(),
        ),
        (
            speech.say("職員", "staff"),
            harmless(text(&event["staffId"])),
        ),
        (
            speech.say("発生", "happened"),
            speech.moment(&event["eventTimestamp"], none),
        ),
        (
            speech.say("受付", "accepted"),
            speech.moment(&event["acceptedAt"], none),
        ),
        (
            speech.say("状態", "status"),
            speech.status(text(&event["status"])).to_owned(),
        ),
        (
            speech.say("経路", "route"),
            text(&event["route"]).to_owned(),
        ),
        (
            speech.say("次の再送", "next retry"),
            speech.moment(&event["nextRetryAt"], none),
        ),
        (
            speech.say("同じ内容の再受信", "handed in again"),
            event["repeats"].to_string(),
        ),
        (
            speech.say("内容", "data"),
            harmless(&event["data"].to_string()),
        ),
    ];
    let mut lines: Vec<String> = rows
        .into_iter()
        .map(|(name, value)| format!("{name}: {value}"))
        .collect();
    for attempt in event["attempts"].as_array().into_iter().flatten() {
        let at = speech.moment(&attempt["startedAt"], none);
        lines.push(format!("  {at}  {}", harmless(&speech.attempt(attempt))));
        if let Some(body) = attempt["responseBody"].as_str() {
            lines.push(format!(
                "    {} {}",
                speech.say("応答:", "answer:"),
                harmless(body)
            ));
        }
    }
    lines.join("\n")
}
