//! `audit`: who changed what, and who looked at payloads (contract, section 13).

use std::io;
use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::{Value, json};

use super::CliError;
use super::client::Client;
use super::export::sheet::{ACTIONS, Format, Sheet};
use super::export::target::Target;
use super::filter::moments;
use super::fold::folded;
use super::value;
use super::words::{Locale, text};
use crate::audit::NAME_CHARACTERS;
use crate::words::harmless;
use crate::words::{audits, commands};

/// Show who changed what, and who looked at payloads.
#[derive(Args)]
#[command(after_help = "Examples:
  sudo voicedrive-relay audit
  sudo voicedrive-relay audit --since 2025-10-01 --until 2025-10-31 --who tanaka
  sudo voicedrive-relay audit --since 2025-10-01 --output audit.csv
A file is CSV, which a spreadsheet opens, or JSON or NDJSON: its name's ending says which.
Behind the actions it has who looked at payloads: a row for each day and reader, with the
action read_payloads and how many.
In the place of a staff id stands a keyed hash; `staff show` says which one a person has.")]
pub(super) struct Audit {
    /// Only since then: 2025-10-26 (from midnight), "2025-10-26 14:30" or 2025-10-26T14:30:00+09:00
    #[arg(long, value_name = "TIME")]
    since: Option<String>,
    /// Only until then; a day is meant to its end
    #[arg(long, value_name = "TIME")]
    until: Option<String>,
    /// Only what this one did, or said to have done
    #[arg(long, value_name = "NAME", value_parser = value::text(NAME_CHARACTERS))]
    who: Option<String>,
    /// At most so many, the newest ones; without it 50, and all into a file
    #[arg(short = 'n', long, value_name = "N", allow_negative_numbers = true,
          value_parser = value::whole::<usize>(1..=1_000_000))]
    limit: Option<usize>,
    /// Write them to this file, by its ending as .csv, .json or .ndjson
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
}

/// How many are shown when nothing is said.
const SHOWN: usize = 50;
/// What stands as the action in a file where somebody has looked at payloads.
const READ: &str = "read_payloads";
/// The most of one answer.
const PAGE: usize = 200;

impl Audit {
    pub(super) async fn run(&self, client: &Client) -> Result<(), CliError> {
        let language = client.locale.language;
        let output = match &self.output {
            None => None,
            Some(file) => {
                let format = Format::of_name(file);
                let format =
                    format.ok_or_else(|| CliError::Usage(audits::no_ending(file, language)))?;
                Some((file, format))
            }
        };
        let usual = if output.is_some() { usize::MAX } else { SHOWN };
        let answer = self.ask(client, self.limit.unwrap_or(usual)).await?;
        let Some((file, format)) = output else {
            return client.print(&answer, |locale| page(locale, &answer));
        };
        write(file, format, client.locale, &answer).map_err(|error| {
            CliError::Failed(commands::file_failed(file.display(), &error, language))
        })?;
        let count = items(&answer).len() + reads(&answer).len();
        let done = json!({"file": file, "written": count});
        client.print(&done, |locale| {
            audits::written(count, file, locale.language)
        })
    }

    /// The newest `limit` actions, the newest first.
    async fn ask(&self, client: &Client, limit: usize) -> Result<Value, CliError> {
        let (since, until) = moments(client.locale, self.since.as_deref(), self.until.as_deref())?;
        let named = [
            ("since", since.map(|moment| moment.to_string())),
            ("until", until.map(|moment| moment.to_string())),
            ("who", self.who.clone()),
        ];
        let named = named.into_iter();
        let named: Vec<_> = named
            .filter_map(|(name, value)| Some((name, value?)))
            .collect();
        let (mut all, mut reads, mut cursor) = (Vec::new(), Value::Null, None::<String>);
        loop {
            let asked = (limit - all.len()).min(PAGE).to_string();
            let mut query: Vec<_> = named
                .iter()
                .map(|(name, value)| (*name, &**value))
                .collect();
            query.push(("limit", &asked));
            query.extend(cursor.as_deref().map(|cursor| ("cursor", cursor)));
            let mut answer = client.get("/api/audit", &query).await?;
            if cursor.is_none() {
                reads = answer["payloadReads"].take();
            }
            all.extend_from_slice(items(&answer));
            cursor = answer["nextCursor"].as_str().map(str::to_owned);
            if cursor.is_none() || all.len() >= limit {
                let more = cursor.is_some();
                return Ok(json!({"items": all, "payloadReads": reads, "more": more}));
            }
        }
    }
}

fn items(answer: &Value) -> &[Value] {
    answer["items"].as_array().map_or(&[], Vec::as_slice)
}

fn reads(answer: &Value) -> &[Value] {
    answer["payloadReads"].as_array().map_or(&[], Vec::as_slice)
}

/// The actions for a person, the newest last, and then who looked at payloads.
fn page(locale: Locale, answer: &Value) -> String {
    let actions = items(answer);
    let mut lines: Vec<String> = actions.iter().rev().map(|one| line(locale, one)).collect();
    if actions.is_empty() {
        lines.push(locale.phrase(audits::Audit::Nothing).to_owned());
    }
    if answer["more"] == true {
        lines.push(audits::more(actions.len(), locale.language));
    }
    let reads = reads(answer);
    if !reads.is_empty() {
        lines.push(format!("{}:", locale.phrase(audits::Audit::Reads)));
    }
    lines.extend(reads.iter().rev().map(|one| {
        let who = audits::who(text(&one["who"]), locale.language);
        format!(
            "  {}  {}  {}",
            text(&one["day"]),
            harmless(&who),
            one["events"]
        )
    }));
    lines.join("\n")
}

fn line(locale: Locale, action: &Value) -> String {
    let who = audits::who(text(&action["who"]), locale.language);
    let mut parts = vec![
        locale.moment(&action["at"], "-"),
        harmless(&who),
        audits::via(text(&action["via"]), locale.language),
        audits::action(text(&action["action"]), locale.language),
    ];
    parts.extend(
        action["count"]
            .as_u64()
            .map(|n| audits::count(n, locale.language)),
    );
    for key in ["subject", "client", "reason"] {
        parts.extend(action[key].as_str().map(harmless));
    }
    folded(&parts)
}

/// Writes the actions into a file, the oldest first, and behind them who looked at payloads.
fn write(file: &Path, format: Format, locale: Locale, answer: &Value) -> io::Result<()> {
    let mut sheet = Sheet::new(Target::create(file)?, format, &ACTIONS, locale.timezone);
    for action in items(answer).iter().rev() {
        sheet.put(action)?;
    }
    for reads in reads(answer).iter().rev() {
        let (day, who, events) = (&reads["day"], &reads["who"], &reads["events"]);
        sheet.put(&json!({"at": day, "who": who, "action": READ, "count": events}))?;
    }
    sheet.finish()?.keep().map(|_| ())
}
