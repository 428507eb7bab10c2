//! `show`: one event with every attempt.

use clap::Args;
use serde_json::Value;

use super::client::Client;
use super::words::{Locale, text};
use super::{CliError, hold};
use crate::route::settings::Settings;
use crate::words::events::Page;
use crate::words::harmless;

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
        let settings = client.settings_of(&event);
        let holds = client.get("/api/holds", &[]).await?;
        client.print(&event, |locale| {
            let held = hold::of_event(locale, &event, &holds);
            let lines = [page(locale, &settings, &event)].into_iter().chain(held);
            lines.collect::<Vec<_>>().join("\n")
        })
    }
}

pub(super) fn page(locale: Locale, settings: &Settings, event: &Value) -> String {
    let none = locale.phrase(Page::None);
    let why = (event["arrived"] == true).then(|| {
        let why = locale.phrase(Page::Arrived);
        (locale.phrase(Page::Why), why.to_owned())
    });
    let rows = [
        ("id", text(&event["id"]).to_owned()),
        (locale.phrase(Page::Event), text(&event["event"]).to_owned()),
        (
            locale.phrase(Page::Staff),
            harmless(text(&event["staffId"])),
        ),
        (
            locale.phrase(Page::Happened),
            locale.moment(&event["eventTimestamp"], none),
        ),
        (
            locale.phrase(Page::Accepted),
            locale.moment(&event["acceptedAt"], none),
        ),
        (
            locale.phrase(Page::Status),
            locale.status(text(&event["status"])).to_owned(),
        ),
        (locale.phrase(Page::Route), text(&event["route"]).to_owned()),
        (
            locale.phrase(Page::NextRetry),
            locale.moment(&event["nextRetryAt"], none),
        ),
        (
            locale.phrase(Page::WaitsFor),
            event["waitsFor"].as_str().unwrap_or(none).to_owned(),
        ),
        (locale.phrase(Page::Repeats), event["repeats"].to_string()),
        (
            locale.phrase(Page::Data),
            harmless(&event["data"].to_string()),
        ),
    ];
    let mut lines: Vec<String> = rows
        .into_iter()
        .chain(why)
        .map(|(name, value)| format!("{name}: {value}"))
        .collect();
    for attempt in event["attempts"].as_array().into_iter().flatten() {
        let at = locale.moment(&attempt["startedAt"], none);
        let told = harmless(&locale.attempt(attempt, settings));
        lines.push(format!("  {at}  {told}"));
        if let Some(body) = attempt["responseBody"].as_str() {
            lines.push(format!(
                "    {} {}",
                locale.phrase(Page::Answer),
                harmless(&locale.answer_body(body))
            ));
        }
    }
    lines.join("\n")
}
