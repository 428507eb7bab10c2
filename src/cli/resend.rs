//! `resend`: sends events again, because a person has mended the cause.

use chrono::NaiveDate;
use clap::Args;
use serde_json::{Map, Value, json};

use super::client::{Client, path_segment};
use super::words::Speech;
use super::{CliError, print_line};
use crate::day;
use crate::event::Status;
use crate::timestamp::Timestamp;
use crate::zone::Zone;

/// Send events again, each with a fresh budget of retries.
#[derive(Args)]
#[command(after_help = "Examples:
  voicedrive-relay resend 019a2b3c-4d5e-7f60-8a9b-0c1d2e3f4a5b
  voicedrive-relay resend --status exhausted --dry-run
  voicedrive-relay resend --status exhausted --since 2025-10-26 --event-type employee.created")]
pub(super) struct Resend {
    /// The events' ids
    #[arg(required_unless_present_any = ["status", "since", "event_type"], conflicts_with_all = ["status", "since", "event_type", "dry_run"])]
    ids: Vec<String>,
    /// All events with this status
    #[arg(long, value_parser = Status::ALL.map(Status::as_str))]
    status: Option<String>,
    /// Only events accepted since: 2025-10-26 (midnight in the configured time zone) or 2025-10-26T14:30:00+09:00
    #[arg(long, value_name = "TIME")]
    since: Option<String>,
    /// Only events with this name
    #[arg(long, value_name = "TYPE")]
    event_type: Option<String>,
    /// Count them, and change nothing
    #[arg(long)]
    dry_run: bool,
}

impl Resend {
    pub(super) async fn run(&self, client: &Client) -> Result<(), CliError> {
        if self.ids.is_empty() {
            return self.in_bulk(client).await;
        }
        let mut failed = None;
        for id in &self.ids {
            let path = format!("/api/events/{}/resend", path_segment(id)?);
            match client.post(&path, String::new()).await {
                Ok(answer) => {
                    client.print(&answer, |speech| format!("{id}: {}", told(speech, &answer)))?;
                }
                // The others are sent all the same; the exit code says that one was not.
                Err(CliError::Failed(why)) => {
                    print_line(&format!("{id}: {why}"))?;
                    failed = Some(why);
                }
                Err(other) => return Err(other),
            }
        }
        failed.map_or(Ok(()), |why| Err(CliError::Failed(why)))
    }

    async fn in_bulk(&self, client: &Client) -> Result<(), CliError> {
        let mut wanted = Map::new();
        let mut put = |name: &str, value: Option<&str>| {
            if let Some(value) = value {
                wanted.insert(name.to_owned(), Value::from(value));
            }
        };
        let since = self
            .since
            .as_deref()
            .map(|text| moment(text, client.speech.timezone))
            .transpose()?;
        put("status", self.status.as_deref());
        put("eventType", self.event_type.as_deref());
        put("since", since.map(|moment| moment.to_string()).as_deref());
        wanted.insert("dryRun".to_owned(), json!(self.dry_run));
        let body = Value::Object(wanted).to_string();
        let answer = client.post("/api/events/resend", body).await?;
        let count = &answer["matched"];
        client.print(&answer, |speech| {
            if self.dry_run {
                format!(
                    "{count} {}",
                    speech.say(
                        "件が該当します (何も変更していません)",
                        "events match; nothing was changed"
                    )
                )
            } else {
                format!(
                    "{count} {}",
                    speech.say("件を再送します", "events are sent again")
                )
            }
        })
    }
}

/// What becomes of an event that is to be sent again.
fn told(speech: Speech, answer: &Value) -> &'static str {
    if answer["attemptUnderWay"] == true {
        speech.say(
            "送信中です。成功すればそれ以上は送らず、失敗すれば再送します",
            "is being sent at this moment: again when that fails, and no more when it succeeds",
        )
    } else if answer["status"] == Status::Accepted.as_str() {
        speech.say(
            "最初の送信がまだ終わっていません。そのまま送信されます",
            "waits for its first attempt anyway, or is in the middle of it",
        )
    } else {
        speech.say("再送します", "is sent again")
    }
}

/// A moment as a person types it: a day begins at midnight of the configured time zone.
fn moment(text: &str, timezone: Zone) -> Result<Timestamp, CliError> {
    let day = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok();
    match day.and_then(|day| day::start(day, timezone)) {
        Some(moment) => Ok(moment),
        None => Timestamp::parse(text).map_err(|error| {
            CliError::Usage(format!(
                "--since: a day such as 2025-10-26, or a time: {error}"
            ))
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_begins_at_midnight_where_the_clinic_is() {
        let at = |text| moment(text, Zone::TOKYO).map(|m| m.to_string()).ok();
        assert_eq!(
            at("2025-10-26").as_deref(),
            Some("2025-10-25T15:00:00.000Z")
        );
        assert_eq!(
            at("2025-10-26T00:00:00Z").as_deref(),
            Some("2025-10-26T00:00:00.000Z")
        );
        assert_eq!(at("yesterday"), None);
    }
}
