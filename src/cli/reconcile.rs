//! `reconcile`: compares what was sent with what VoiceDrive says it has.

use std::fs::Metadata;
use std::path::PathBuf;

use clap::{ArgGroup, Args, ValueEnum};
use serde_json::{Map, Value};
use tokio::task::spawn_blocking;

use super::client::Client;
use super::filter::moment_of;
use super::{CliError, value};
use crate::day;
use crate::import::id_list;
use crate::reconciliation::received::{PartnerStatus, Received};
use crate::route::MAX_NAME_CHARACTERS;
use crate::timestamp::Timestamp;
use crate::words::{commands, harmless, reconciliations};

/// VoiceDrive does not have everything.
const SOMETHING_MISSING: u8 = 1;
/// The list is one of something else.
const NOTHING_COMPARED: u8 = 65;
/// The path of both endpoints.
const PATH: &str = "/api/integration/reconcile";

/// Compare what was sent with what VoiceDrive has, by request id
#[derive(Args)]
#[command(group = ArgGroup::new("compared").required(true).args(["file", "digest"]))]
#[command(after_help = "Examples:
  voicedrive-relay reconcile webhook_logs.csv
  voicedrive-relay reconcile webhook_logs.csv --resend
  voicedrive-relay reconcile ids.txt --from 2025-10-26 --to 2025-10-27
  voicedrive-relay reconcile old.csv --as-of 2025-10-26T06:00
  voicedrive-relay reconcile --digest --unit hour --from 2025-10-26
The file has one id a line, or is a CSV with a column requestId and perhaps processingStatus
and userFound, as in VoiceDrive's webhook_logs, or JSON: a list of ids, or of such rows.
UTF-8 and Shift_JIS are told apart. - is the standard input.
What was delivered after the list was made is not compared: the next list has it.
Exit codes: 0 nothing is missing, 1 something is, 65 the file is not understood
or not taken, or nothing could be compared, 75 refused for now: try again later")]
pub(super) struct Reconcile {
    /// The ids that VoiceDrive has; - is the standard input
    file: Option<PathBuf>,
    /// Only deliveries of this route; without it: all that VoiceDrive counts
    #[arg(long, value_name = "ROUTE", value_parser = value::text(MAX_NAME_CHARACTERS))]
    route: Option<String>,
    /// Only events accepted since then; without it: from the first id of the file on
    #[arg(long, value_name = "TIME")]
    from: Option<String>,
    /// Only events accepted before then; without it: up to the last id of the file
    #[arg(long, value_name = "TIME")]
    to: Option<String>,
    /// The list has what had arrived by then; without it: when the file was written
    #[arg(long, value_name = "TIME", conflicts_with = "digest")]
    as_of: Option<String>,
    /// Send again what is missing, and what was delivered later for the same persons
    #[arg(long, conflicts_with = "digest")]
    resend: bool,
    /// With --resend: leave out what was delivered later for the same persons
    #[arg(long, requires = "resend")]
    only: bool,
    /// Print for each day or hour how much was delivered, with a digest of the ids
    #[arg(long)]
    digest: bool,
    /// The length of a slot, in UTC
    #[arg(long, value_enum, default_value_t, requires = "digest")]
    unit: Unit,
}

/// The length of a slot.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Unit {
    /// A day
    #[default]
    Day,
    /// An hour
    Hour,
}

impl Reconcile {
    pub(super) async fn run(&self, client: &Client) -> Result<(), CliError> {
        if self.digest {
            return self.digests(client).await;
        }
        let received = self.read(client).await?;
        let mut wanted: Map<String, Value> = self
            .said(client)?
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value.into()))
            .collect();
        wanted.insert("resend".to_owned(), self.resend.into());
        wanted.insert("only".to_owned(), self.only.into());
        let made_at = self.made_at(client)?.map(|moment| moment.to_string());
        wanted.extend(made_at.map(|moment| ("asOf".to_owned(), moment.into())));
        let items: Vec<Value> = received.iter().map(item).collect();
        wanted.insert("received".to_owned(), items.into());
        let wanted = Value::Object(wanted).to_string();
        let answer = client.post(PATH, wanted).await;
        let language = client.locale.language;
        let answer = answer.map_err(|error| {
            let told = |follows: &str| reconciliations::tail_too_long(follows, language);
            error.of_long_tail(told).of_comparison()
        })?;
        client.print(&answer, |locale| {
            let again = (!self.resend).then(|| self.again(client));
            let settings = client.settings_of(&answer);
            locale.comparison(&answer, &settings, again.as_deref())
        })?;
        match answer["missing"].as_array() {
            Some(missing) if !missing.is_empty() => Err(CliError::Told(SOMETHING_MISSING)),
            _ if answer["reconciliationId"].is_null() => Err(CliError::Told(NOTHING_COMPARED)),
            _ => Ok(()),
        }
    }
}

impl Reconcile {
    async fn read(&self, client: &Client) -> Result<Vec<Received>, CliError> {
        let language = client.locale.language;
        let file = self.file.clone().unwrap_or_default();
        let failed = |why: String| {
            let file = harmless(&file.display().to_string());
            CliError::NotUnderstood(format!("{file}: {why}"))
        };
        let path = file.clone();
        let read = spawn_blocking(move || id_list::read(&path)).await;
        let read = read.map_err(|error| failed(commands::broke_off(&error, language)))?;
        let list = read.map_err(|why| failed(why.describe(language)))?;
        if list.is_empty() && (self.from.is_none() || self.to.is_none()) {
            return Err(failed(reconciliations::empty_list(language)));
        }
        Ok(list)
    }

    /// What was said about route and range, as the API calls it.
    fn said(&self, client: &Client) -> Result<Vec<(&'static str, String)>, CliError> {
        let moment = |option: &str, text: &Option<String>| {
            let moment = text
                .as_deref()
                .map(|text| moment_of(option, text, client.locale, day::start));
            moment.transpose()
        };
        let (from, to) = (moment("--from", &self.from)?, moment("--to", &self.to)?);
        let said = [
            ("route", self.route.clone()),
            ("from", from.map(|moment| moment.to_string())),
            ("to", to.map(|moment| moment.to_string())),
        ];
        let said = said.into_iter();
        Ok(said
            .filter_map(|(name, value)| Some((name, value?)))
            .collect())
    }

    /// When the list was made, at the latest; none: it is made while it is read.
    fn made_at(&self, client: &Client) -> Result<Option<Timestamp>, CliError> {
        if let Some(text) = &self.as_of {
            return moment_of("--as-of", text, client.locale, day::start).map(Some);
        }
        let written = self.file.as_deref().and_then(|file| file.metadata().ok());
        let written = written.filter(Metadata::is_file);
        let written = written.and_then(|file| file.modified().ok());
        Ok(written.map(Timestamp::of_system))
    }

    async fn digests(&self, client: &Client) -> Result<(), CliError> {
        let mut query = self.said(client)?;
        let unit = match self.unit {
            Unit::Day => "day",
            Unit::Hour => "hour",
        };
        query.push(("unit", unit.to_owned()));
        let query: Vec<_> = query
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        let answer = client.get(PATH, &query).await;
        let answer = answer.map_err(CliError::of_comparison)?;
        client.print(&answer, |locale| locale.digests(&answer))
    }

    /// What to type so that what is missing is sent again.
    fn again(&self, client: &Client) -> String {
        let option = |name: &str, value: &Option<String>| {
            let value = value.as_deref().map(harmless);
            value.map_or_else(String::new, |value| format!(" {name} \"{value}\""))
        };
        let file = self.file.as_deref().unwrap_or_else(|| "-".as_ref());
        let options = [
            option("--route", &self.route),
            option("--from", &self.from),
            option("--to", &self.to),
        ];
        let file = harmless(&file.display().to_string());
        client
            .commands
            .typed(&format!("reconcile {file}{} --resend", options.concat()))
    }
}

/// A row as the API takes it.
fn item(row: &Received) -> Value {
    let id = row.id.to_string();
    if row.status.is_none() && row.user_found.is_none() {
        return id.into();
    }
    let mut item = Map::from_iter([("requestId".to_owned(), id.into())]);
    let status = row.status.map(PartnerStatus::as_str).map(Value::from);
    let user_found = row.user_found.map(Value::from);
    for (name, said) in [("processingStatus", status), ("userFound", user_found)] {
        item.extend(said.map(|said| (name.to_owned(), said)));
    }
    item.into()
}
