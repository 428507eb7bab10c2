//! `staff`: what is kept of one person, for a disclosure, and erasing it (contract, section 13).

use clap::Subcommand;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};

use super::client::Client;
use super::value;
use super::words::{Locale, text};
use super::{CliError, show};
use crate::event::MAX_STAFF_ID_CHARACTERS;
use crate::person::Cleaned;
use crate::words::harmless;
use crate::words::staff::{self, Staff as Words};

#[derive(Subcommand)]
pub(super) enum Staff {
    /// Show everything that is kept about one person, for a disclosure
    #[command(after_help = "Examples:
  sudo voicedrive-relay staff show EMP-2025-001
  sudo voicedrive-relay staff show EMP-2025-001 --json > EMP-2025-001.json
Payloads are among it: that they were looked at is kept (see `audit`).")]
    Show {
        /// The staff id
        #[arg(value_name = "ID", value_parser = value::text(MAX_STAFF_ID_CHARACTERS))]
        staff_id: String,
    },
    /// Erase one person's payloads, answers, names and staff id; what is counted stays
    #[command(after_help = "Examples:
  sudo voicedrive-relay staff erase EMP-2025-001 --dry-run
  sudo voicedrive-relay staff erase EMP-2025-001 --copies
What did not arrive has to be sent first, or given up with --give-up. It cannot be undone, and goes on when this command
is ended. When the relay itself was stopped in the middle, the same command does the rest.
Copies elsewhere, such as yesterday's backup, are not reached: delete them yourself.")]
    Erase {
        /// The staff id
        #[arg(value_name = "ID", value_parser = value::text(MAX_STAFF_ID_CHARACTERS))]
        staff_id: String,
        /// Count it, and change nothing
        #[arg(long)]
        dry_run: bool,
        /// Give up what did not arrive: it is not sent any more
        #[arg(long)]
        give_up: bool,
        /// Delete the other copies of the database in the data directory, of before a restore or an upgrade, as a whole
        #[arg(long)]
        copies: bool,
    },
}

impl Staff {
    pub(super) async fn run(&self, client: &Client) -> Result<(), CliError> {
        match self {
            Self::Show { staff_id } => {
                let answer = client.get(&path(staff_id), &[]).await?;
                client.print(&answer, |locale| person(client, locale, &answer))
            }
            Self::Erase {
                staff_id,
                dry_run,
                give_up,
                copies,
            } => {
                let path = format!("{}/erase", path(staff_id));
                let ask = |body: Value| client.post(&path, body.to_string());
                let language = client.locale.language;
                let counted = ask(json!({"dryRun": true})).await?;
                let open = counted["open"].as_array().map_or(&[][..], Vec::as_slice);
                if *dry_run {
                    return client.print(&counted, |locale| erased(locale, &counted));
                }
                if !open.is_empty() && !give_up {
                    let named: Vec<String> = open
                        .iter()
                        .map(|one| delivery(client.locale, one))
                        .collect();
                    return Err(CliError::Failed(staff::still_open(&named, language)));
                }
                let wanted = json!({"giveUp": give_up, "copies": copies});
                let answer = ask(wanted).await?;
                client.print(&answer, |locale| erased(locale, &answer))?;
                if let Some(why) = answer["backupError"].as_str() {
                    return Err(CliError::Failed(staff::backup_not_written(why, language)));
                }
                match answer["files"].as_str().and_then(Cleaned::from_word) {
                    Some(files) if !files.is_clean() => {
                        Err(CliError::Failed(staff::files(files, false, language)))
                    }
                    _ => Ok(()),
                }
            }
        }
    }
}

fn path(staff_id: &str) -> String {
    let segment = utf8_percent_encode(staff_id, NON_ALPHANUMERIC);
    format!("/api/staff/{segment}")
}

/// A delivery that has not ended well, in a line.
fn delivery(locale: Locale, open: &Value) -> String {
    let status = locale.status(text(&open["status"]));
    format!("{}  {}  {status}", text(&open["id"]), text(&open["event"]))
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

/// Everything about a person.
fn person(client: &Client, locale: Locale, answer: &Value) -> String {
    let language = locale.language;
    let (events, interviews) = (list(&answer["events"]), list(&answer["interviews"]));
    let mut lines = vec![
        format!(
            "{}: {}",
            locale.phrase(Words::Id),
            harmless(text(&answer["staffId"]))
        ),
        format!(
            "{}: {}",
            locale.phrase(Words::Label),
            text(&answer["label"])
        ),
    ];
    if answer["erasedAt"].is_string() {
        let at = locale.moment(&answer["erasedAt"], "-");
        lines.push(staff::was_erased(
            &at,
            answer["halfErased"] == true,
            language,
        ));
    }
    lines.push(staff::kept(
        events.len(),
        interviews.len(),
        &answer["held"],
        language,
    ));
    if answer["remembered"] == true {
        lines.push(locale.phrase(Words::Remembered).to_owned());
    }
    for event in events {
        lines.push(String::new());
        lines.push(show::page(locale, &client.settings_of(event), event));
    }
    for interview in interviews {
        lines.push(String::new());
        let members = interview.as_object().into_iter().flatten();
        let members = members.filter(|(_, value)| !value.is_null());
        lines.extend(members.map(|(key, value)| match value {
            Value::String(text) => format!("{key}: {}", harmless(text)),
            other => format!("{key}: {other}"),
        }));
    }
    lines.extend(ended_texts(locale, answer));
    lines.extend(mentioned(locale, answer));
    lines.join("\n")
}

/// Texts of what is over, out of which an erasure takes the id.
fn ended_texts(locale: Locale, answer: &Value) -> Vec<String> {
    let ended = &answer["endedTexts"];
    let places = [
        (Words::EndedHolds, &ended["holds"]),
        (Words::EndedTokens, &ended["tokens"]),
    ];
    named(&places, |place, count| {
        staff::ended(place, count, locale.language)
    })
}

/// Where the id stands in what is of others.
fn mentioned(locale: Locale, answer: &Value) -> Vec<String> {
    let notes = &answer["notedIn"];
    let places = [
        (Words::InEvents, &answer["mentionedIn"]),
        (Words::InInterviews, &notes["interviews"]),
        (Words::InHolds, &notes["holds"]),
        (Words::InIncidents, &notes["incidents"]),
        (Words::InTokens, &notes["tokens"]),
        (Words::InSessions, &notes["sessions"]),
        (Words::InAudit, &notes["audit"]),
        (Words::InNames, &notes["names"]),
    ];
    named(&places, |place, count| {
        staff::mentioned(place, count, locale.language)
    })
}

/// The places that have the id: a heading, and what is there.
fn named(places: &[(Words, &Value)], heading: impl Fn(Words, u64) -> String) -> Vec<String> {
    let mut lines = Vec::new();
    for (place, mentions) in places {
        let count = mentions["count"].as_u64().unwrap_or(0);
        if count > 0 {
            lines.push(heading(*place, count));
            let ids = list(&mentions["ids"]).iter();
            lines.extend(ids.map(|id| format!("  {}", harmless(text(id)))));
        }
    }
    lines
}

/// The files that have the id though no row does.
fn found_in(locale: Locale, answer: &Value) -> Vec<String> {
    let found = list(&answer["foundIn"]);
    if found.is_empty() {
        return Vec::new();
    }
    let is_counted = answer["dryRun"] == true;
    let mut lines = vec![staff::found_in(is_counted, locale.language)];
    lines.extend(
        found
            .iter()
            .map(|path| format!("  {}", harmless(text(path)))),
    );
    lines
}

/// What was erased, or would be.
fn erased(locale: Locale, answer: &Value) -> String {
    let language = locale.language;
    let is_counted = answer["dryRun"] == true;
    let number = |key: &str| answer[key].as_u64().unwrap_or(0);
    let mut lines = vec![staff::erased(
        is_counted,
        number("events"),
        number("interviews"),
        number("held"),
        language,
    )];
    lines.extend(found_in(locale, answer));
    if number("givenUp") > 0 {
        lines.push(staff::given_up(number("givenUp"), language));
    }
    if number("texts") > 0 {
        lines.push(staff::texts(is_counted, number("texts"), language));
    }
    if is_counted {
        lines.extend(ended_texts(locale, answer));
    }
    let open = list(&answer["open"]);
    if !open.is_empty() {
        let named: Vec<String> = open.iter().map(|one| delivery(locale, one)).collect();
        lines.push(staff::still_open(&named, language));
    }
    let mentioned = mentioned(locale, answer);
    let files = answer["files"].as_str().and_then(Cleaned::from_word);
    let clean = files.filter(|files| files.is_clean());
    lines.extend(clean.map(|files| staff::files(files, !mentioned.is_empty(), language)));
    lines.extend(mentioned);
    let paths = |key: &str| -> Vec<&str> { list(&answer[key]).iter().map(text).collect() };
    for (paths, phrase) in [
        (paths("deletedCopies"), Words::Deleted),
        (paths("copies"), Words::Copies),
    ] {
        if !paths.is_empty() {
            lines.push(format!("{}:", locale.phrase(phrase)));
            lines.extend(paths.iter().map(|path| format!("  {}", harmless(path))));
        }
    }
    lines.push(locale.phrase(Words::Elsewhere).to_owned());
    lines.join("\n")
}
