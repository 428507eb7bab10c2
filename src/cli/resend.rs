//! `resend`: sends events again, because a person has mended the cause.

use clap::Args;
use serde_json::{Map, Value, json};

use super::CliError;
use super::client::Client;
use super::filter::{Filter, tell_unknown_type};
use super::words::Locale;
use crate::event::Status;
use crate::words::commands::{self, Command};
use crate::words::harmless;

/// Send events again, each with a fresh budget of retries.
#[derive(Args)]
#[command(mut_arg("status", |status| status.value_parser(Status::IN_BULK.map(Status::as_str))))]
#[command(after_help = "Examples:
  voicedrive-relay resend 0199e2f3-1a2b
  voicedrive-relay resend --dry-run
  voicedrive-relay resend --status exhausted
  voicedrive-relay resend --since 2025-10-03 --until 2025-10-03 \\
    --event-type employee.created
Without --status only what is exhausted is sent again. An id is one that `tail` shows, or its beginning.
VoiceDrive recognises what it had before by its id. What was delivered later for the same person is
sent again after it, so that old data does not come back.")]
pub(super) struct Resend {
    /// The events' ids
    #[arg(value_name = "ID", conflicts_with_all = OPTIONS)]
    ids: Vec<String>,
    #[command(flatten)]
    filter: Filter,
    /// Send these alone, and not what was delivered later for the same person
    #[arg(long)]
    only: bool,
    /// Count them, by name and by day, and change nothing
    #[arg(long)]
    dry_run: bool,
}

/// What can stand in the place of ids.
const OPTIONS: [&str; 7] = [
    "status",
    "event_type",
    "staff_id",
    "route",
    "since",
    "until",
    "dry_run",
];

impl Resend {
    pub(super) async fn run(&self, client: &Client) -> Result<(), CliError> {
        if self.ids.is_empty() {
            return self.in_bulk(client).await;
        }
        let mut failed = None;
        for id in &self.ids {
            match resend_one(client, id, self.only).await {
                Ok(answer) => {
                    client.print(&answer, |locale| {
                        format!(
                            "{id}: {}{}",
                            describe(locale, &answer),
                            tail(locale, &answer)
                        )
                    })?;
                }
                // The others are sent all the same; the exit code says that one was not.
                Err(
                    error @ (CliError::Failed(_)
                    | CliError::Refused { .. }
                    | CliError::OfDaemon { .. }),
                ) => {
                    if let Some(earlier) = failed.replace(error) {
                        client.tell(&earlier)?;
                    }
                }
                Err(other) => return Err(other),
            }
        }
        failed.map_or(Ok(()), Err)
    }

    async fn in_bulk(&self, client: &Client) -> Result<(), CliError> {
        let filter = self.filter.named(client.locale)?;
        if filter.is_empty() && !self.dry_run {
            let told = client.locale.phrase(Command::ResendWhat);
            return Err(CliError::Usage(told.to_owned()));
        }
        let event_type = self.filter.event_type.as_ref();
        let filter = filter.into_iter();
        let mut wanted: Map<String, Value> = filter
            .map(|(name, value)| (name.to_owned(), Value::from(value)))
            .collect();
        wanted
            .entry("status")
            .or_insert_with(|| Status::Exhausted.as_str().into());
        wanted.insert("only".to_owned(), json!(self.only));
        wanted.insert("dryRun".to_owned(), json!(self.dry_run));
        let body = Value::Object(wanted).to_string();
        let answer = client.post("/api/events/resend", body).await;
        let answer = answer.map_err(|error| in_words(client, error))?;
        let nothing = answer["matched"] == 0;
        if let (Some(event_type), true, false) = (event_type, nothing, client.json) {
            let query = [("eventType", event_type.as_str()), ("limit", "1")];
            let page = client.get("/control/events", &query).await?;
            tell_unknown_type(client, &page)?;
        }
        client.print(&answer, |locale| {
            if self.dry_run {
                counted(locale, &answer)
            } else {
                let done = commands::sent_again(matched(&answer), locale.language);
                format!("{done}{}", tail(locale, &answer))
            }
        })
    }
}

/// What becomes of an event that is to be sent again.
fn describe(locale: Locale, answer: &Value) -> &'static str {
    if answer["attemptUnderWay"] == true {
        locale.phrase(Command::UnderWay)
    } else if answer["status"] == Status::Accepted.as_str() {
        locale.phrase(Command::FirstAttempt)
    } else {
        locale.phrase(Command::SentAgain)
    }
}

/// What follows it, in a line of its own; empty when nothing does.
fn tail(locale: Locale, answer: &Value) -> String {
    match answer["follows"].as_u64() {
        None | Some(0) => String::new(),
        Some(follows) => format!("\n  {}", commands::follow(follows, locale.language)),
    }
}

async fn resend_one(client: &Client, id: &str, only: bool) -> Result<Value, CliError> {
    let id = client.full_id(id).await?;
    let path = format!("/api/events/{id}/resend");
    let sent = client.post(&path, json!({"only": only}).to_string()).await;
    sent.map_err(|error| in_words(client, error))
}

/// The refusal of a long tail as a person reads it, who would type an option and not JSON.
fn in_words(client: &Client, error: CliError) -> CliError {
    error.of_long_tail(|follows| commands::tail_too_long(follows, client.locale.language))
}

fn matched(answer: &Value) -> u64 {
    answer["matched"].as_u64().unwrap_or_default()
}

/// What would be sent again, by name and by day.
fn counted(locale: Locale, answer: &Value) -> String {
    let would_be = commands::would_be_sent(matched(answer), locale.language);
    let mut lines = vec![format!("{would_be}{}", tail(locale, answer))];
    for (heading, counts) in [
        (locale.phrase(Command::ByName), &answer["byType"]),
        (locale.phrase(Command::ByDay), &answer["byDay"]),
    ] {
        let counts = counts.as_object().filter(|counts| !counts.is_empty());
        let Some(counts) = counts else { continue };
        lines.push(format!("{heading}:"));
        let widest = counts.keys().map(String::len).max().unwrap_or(0);
        for (name, count) in counts {
            lines.push(format!(
                "  {:widest$}  {count:>6}",
                harmless(name),
                count = count.to_string()
            ));
        }
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::language::Language;
    use crate::zone::Zone;

    #[test]
    fn what_would_be_sent_is_counted_by_name_and_by_day() {
        let answer = json!({"matched": 12, "byType": {"employee.created": 11, "test.ping": 1},
                            "byDay": {"2025-10-03": 12}});
        let locale = Locale {
            language: Language::En,
            timezone: Zone::TOKYO,
        };
        assert_eq!(
            counted(locale, &answer),
            "found: 12 events; nothing was changed\n\
             by name:\n  employee.created      11\n  test.ping              1\n\
             by day of acceptance:\n  2025-10-03      12"
        );
        let followed = json!({"matched": 1, "follows": 3, "byType": {}, "byDay": {}});
        assert_eq!(
            counted(locale, &followed),
            "found: 1 event; nothing was changed\n  \
             3 later events of the same persons follow, so that old data does not come back"
        );
        let nothing = json!({"matched": 0, "byType": {}, "byDay": {}});
        assert_eq!(
            counted(locale, &nothing),
            "found: 0 events; nothing was changed"
        );
    }
}
