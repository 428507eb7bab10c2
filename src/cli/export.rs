//! `export`: writes deliveries or interview records into a file, page by page. Payloads are not part of it.
//!
//! `sheet` knows how rows are written, `target` where to.

pub(super) mod sheet;
pub(super) mod target;

use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{Args, Subcommand};
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;
use tokio::time::sleep;

use super::client::Client;
use super::filter::Filter;
use super::{CliError, print_line};
use crate::clock::Clock;
use crate::words::commands::file_failed;
use crate::words::exports::{Export as Words, written};
use sheet::{Column, DELIVERIES, Format, INTERVIEWS, Sheet};
use target::{STANDARD_OUTPUT, Target};

/// How often the number of rows is drawn again.
const DRAWN_EVERY: Duration = Duration::from_millis(200);
/// After each page, the daemon rests for this many times what it took.
const PAUSE: u32 = 3;

#[derive(Args)]
pub(super) struct Export {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Deliveries with what has become of them, the oldest first; never payloads
    Deliveries(Deliveries),
    /// Interview records, in the order in which they came first
    Interviews(Interviews),
}

#[derive(Args)]
#[command(after_help = "Examples:
  sudo voicedrive-relay export deliveries october.csv --since 2025-10-01 \\
    --until 2025-10-31
  voicedrive-relay export deliveries - --status exhausted --format ndjson
  voicedrive-relay export deliveries person.csv --staff-id EMP-2025-001
The file is there when it is whole, for its owner alone. One that is there already is not replaced.
CSV is UTF-8 with a byte order mark, as a spreadsheet opens it, with times by the configured time zone. A
cell that a spreadsheet would take for a formula, and digits that it would write in another way (0123), begin with an
apostrophe.")]
struct Deliveries {
    #[command(flatten)]
    form: Form,
    #[command(flatten)]
    filter: Filter,
}

#[derive(Args)]
#[command(after_help = "Examples:
  sudo voicedrive-relay export interviews interviews.csv
  voicedrive-relay export interviews - --format ndjson | gzip > all.ndjson.gz
The columns are those that `import interviews` takes, and the file can be imported again as it is. In CSV a cell that
a spreadsheet would take for a formula, and digits that it would write in another way (0123), begin with an
apostrophe, which the import takes away.")]
struct Interviews {
    #[command(flatten)]
    form: Form,
}

/// Where to, and how it is written.
#[derive(Args)]
struct Form {
    /// The file; - is the standard output
    file: PathBuf,
    /// How the file is written; otherwise its name (.csv, .json, .ndjson) says it, and for - it is CSV
    #[arg(id = "written_as", long = "format", value_name = "FORMAT", value_enum)]
    format: Option<Format>,
}

impl Export {
    pub(super) async fn run(&self, client: &Client) -> Result<(), CliError> {
        match &self.what {
            What::Deliveries(Deliveries { form, filter }) => {
                let filter = filter.named(client.locale)?;
                let path = "/control/export/deliveries";
                form.write(client, path, filter, &DELIVERIES).await
            }
            What::Interviews(Interviews { form }) => {
                let path = "/control/export/interviews";
                form.write(client, path, Vec::new(), &INTERVIEWS).await
            }
        }
    }
}

impl Form {
    /// Writes all pages that the daemon has at `path`.
    async fn write(
        &self,
        client: &Client,
        path: &str,
        filter: Vec<(&'static str, String)>,
        columns: &'static [Column],
    ) -> Result<(), CliError> {
        let locale = client.locale;
        let format = match (self.format, Format::of_name(&self.file)) {
            (Some(format), _) | (None, Some(format)) => format,
            (None, None) if self.file == Path::new(STANDARD_OUTPUT) => Format::Csv,
            (None, None) => {
                let which = locale.phrase(Words::WhichFormat);
                return Err(CliError::Usage(format!("{}: {which}", self.file.display())));
            }
        };
        let target = Target::create(&self.file).map_err(|error| self.failed(client, &error))?;
        let mut sheet = Sheet::new(target, format, columns, locale.timezone);
        let writing = self.copy(client, path, filter, &mut sheet);
        let rows = tokio::select! {
            // In this order, so that the signal is awaited before the daemon is asked.
            biased;
            Ok(()) = tokio::signal::ctrl_c() => {
                // What was written so far goes with the target.
                return Err(CliError::Failed(locale.phrase(Words::Interrupted).to_owned()));
            }
            rows = writing => rows?,
        };
        let kept = sheet.finish().and_then(Target::keep);
        let is_file = kept.map_err(|error| self.failed(client, &error))?;
        let file = self.file.display();
        match (is_file, client.json) {
            (false, _) => Ok(()),
            (true, true) => {
                let done = json!({"file": self.file, "format": format.as_str(), "rows": rows});
                print_line(&done.to_string())
            }
            (true, false) => print_line(&written(rows, file, locale.language)),
        }
    }

    /// Page after page; a page is all that is in memory. From one to the next the daemon rests ([`PAUSE`]), so that others
    /// go on.
    async fn copy(
        &self,
        client: &Client,
        path: &str,
        filter: Vec<(&'static str, String)>,
        sheet: &mut Sheet<Target>,
    ) -> Result<u64, CliError> {
        let drawn = drawn_rows(client);
        let mut place: Vec<(&'static str, String)> = Vec::new();
        loop {
            let query = filter.iter().chain(&place);
            let query: Vec<_> = query.map(|(name, value)| (*name, &**value)).collect();
            let asked = Clock::System.monotonic();
            let page = client.get(path, &query).await?;
            let answered = Clock::System.monotonic();
            for row in page["items"].as_array().into_iter().flatten() {
                let put = sheet.put(row);
                put.map_err(|error| self.failed(client, &error))?;
                drawn.inc(1);
            }
            let Some(next) = page["next"].as_str() else {
                drawn.finish_and_clear();
                return Ok(drawn.position());
            };
            let wrote = Clock::System.monotonic().saturating_sub(answered);
            let pause = answered.saturating_sub(asked) * PAUSE;
            sleep(pause.saturating_sub(wrote)).await;
            place = vec![("after", next.to_owned()), ("end", page["end"].to_string())];
        }
    }

    fn failed(&self, client: &Client, error: &io::Error) -> CliError {
        let locale = client.locale;
        let is_output = self.file == Path::new(STANDARD_OUTPUT);
        match error.kind() {
            // Who reads the output has seen enough.
            kind if is_output => CliError::Output(kind.into()),
            io::ErrorKind::AlreadyExists => CliError::Failed(format!(
                "{}: {}",
                self.file.display(),
                locale.phrase(Words::Exists)
            )),
            _ => CliError::Failed(file_failed(self.file.display(), error, locale.language)),
        }
    }
}

/// How many rows are written; nothing is drawn where nobody watches.
fn drawn_rows(client: &Client) -> ProgressBar {
    if !io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let rows = client.locale.phrase(Words::Rows);
    let bar = ProgressBar::new_spinner();
    if let Ok(style) = ProgressStyle::with_template(&format!("{{human_pos}} {rows} ({{elapsed}})"))
    {
        bar.set_style(style);
    }
    bar.enable_steady_tick(DRAWN_EVERY);
    bar
}
