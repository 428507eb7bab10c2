//! `import`: hands in a whole file of interview records, all or none.
//!
//! The file is read by `crate::import`; `upload` sends its rows. The daemon says what is wrong with their content.

mod upload;

use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand, ValueEnum};
use http_body_util::channel::Channel;
use serde_json::{Value, json};
use tokio::runtime::Handle;
use tokio::task::spawn_blocking;

use super::client::Client;
use super::words::{Locale, text};
use super::{CliError, Common, print_line, value};
use crate::config::Environment;
use crate::import::encoding::Encoding;
use crate::import::file::{Format, Readable, Said};
use crate::import::row::{Notes, RowLocation};
use crate::import::template;
use crate::language::Language;
use crate::words::commands;
use crate::words::harmless;
use crate::words::imports::{self, Imported};
use crate::words::system::of_system;
use crate::zone::Zone;
use upload::{Upload, progress_bar};

/// Pieces that may wait for the daemon.
const PIECES_WAITING: usize = 8;
/// The path of the daemon that takes a file.
const PATH: &str = "/control/interviews/import";

#[derive(Args)]
#[command(args_conflicts_with_subcommands = true, arg_required_else_help = true)]
pub(super) struct Import {
    /// Print a CSV file with a Japanese header and two rows, to be filled in; into FILE when it is given
    #[arg(long, value_name = "FILE", num_args = 0..=1, default_missing_value = "-")]
    template: Option<PathBuf>,
    #[command(subcommand)]
    what: Option<What>,
}

#[derive(Subcommand)]
enum What {
    /// Interview records from a CSV, TSV, JSON or NDJSON file: all of them, or none
    Interviews(Interviews),
}

#[derive(Args)]
#[command(after_help = "Examples:
  voicedrive-relay import interviews --template > 面談.csv
  voicedrive-relay import interviews 面談.csv --zone Asia/Tokyo --dry-run
  voicedrive-relay import interviews interviews.ndjson --unknown-origin drop
  zcat interviews.tsv.gz | voicedrive-relay import interviews - --zone UTC
Columns and fields are called as in the API (employeeId), as in the database (employee_id) or in
Japanese (職員ID); --template shows the Japanese names. Needed are id, employeeId, interviewType and
interviewDate. The columns of the staff system that the relay does not use are left out, and named;
others are refused. Empty, NULL and \\N are nothing.
UTF-8, UTF-16 with a byte order mark and Shift_JIS are recognised.
A record whose id is known already replaces the one that is kept.
With one mistake nothing is imported: every row that has any is named with all of them.")]
struct Interviews {
    /// The file; - is the standard input
    #[arg(required_unless_present = "template")]
    file: Option<PathBuf>,
    /// Check everything, keep nothing
    #[arg(long)]
    dry_run: bool,
    /// The clock of times that say no zone, such as Asia/Tokyo or UTC
    #[arg(long, value_parser = value::zone)]
    zone: Option<Zone>,
    /// When rescheduledFromId names a record that is nowhere: keep it, which is refused, or import the
    /// row without it
    #[arg(long, value_enum, default_value_t)]
    unknown_origin: UnknownOrigin,
    /// How the file is written; otherwise its name (.csv, .tsv, .json, .ndjson) or its beginning says it
    #[arg(long, value_enum)]
    format: Option<Format>,
    /// The characters of the file; otherwise they are recognised
    #[arg(long, value_enum)]
    encoding: Option<Encoding>,
    /// The names of the columns of a file without a header, with commas between them
    #[arg(long, value_name = "NAMES")]
    columns: Option<String>,
    /// Print a CSV file with a Japanese header and two rows, to be filled in; into FILE when it is given
    #[arg(long)]
    template: bool,
}

/// What is done with an origin that is nowhere.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum UnknownOrigin {
    #[default]
    Keep,
    Drop,
}

impl Import {
    pub(super) async fn run(
        &self,
        common: &Common,
        environment: &Environment,
    ) -> Result<(), CliError> {
        let language = common.locale(environment).language;
        match (&self.what, &self.template) {
            (Some(What::Interviews(interviews)), _) if interviews.template => {
                write_template(interviews.file.as_deref(), language)
            }
            (Some(What::Interviews(interviews)), _) => interviews.run(&common.client()?).await,
            (None, Some(file)) => write_template(Some(file), language),
            (None, None) => Err(CliError::Usage(commands::import_what(language))),
        }
    }
}

/// Writes the template, never over a file that is there.
fn write_template(file: Option<&Path>, language: Language) -> Result<(), CliError> {
    let Some(file) = file.filter(|file| *file != Path::new("-")) else {
        return Ok(template::write(io::stdout().lock())?);
    };
    File::create_new(file)
        .and_then(template::write)
        .map_err(|error| CliError::Failed(commands::file_failed(file.display(), &error, language)))
}

impl Interviews {
    async fn run(&self, client: &Client) -> Result<(), CliError> {
        let file = self.file.clone().unwrap_or_default();
        let language = client.locale.language;
        let said = Said {
            path: file.clone(),
            format: self.format,
            encoding: self.encoding,
            columns: self.columns.clone(),
            zone: self.zone,
        };
        let failed = |why: String| CliError::Failed(format!("{}: {why}", file.display()));
        let bar_of = move |bytes| progress_bar(bytes, language);
        let opened = spawn_blocking(move || Readable::open(&said, bar_of)).await;
        let readable = opened
            .map_err(|error| failed(commands::broke_off(&error, language)))?
            .map_err(|why| failed(harmless(&why.describe(language))))?;
        let (answer, read) = self.send(client, readable).await;
        let notes = match read {
            // The daemon knows best why it reads no further.
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
                return Err(failed(of_system(&error, language)));
            }
            read => read.unwrap_or_default(),
        };
        let outcome = ImportOutcome {
            answer: answer?,
            notes,
            locale: client.locale,
        };
        outcome.tell(client.json, self.dry_run, &file)
    }

    /// Reads the file and sends it at the same time. Answers what the daemon said, and how the reading
    /// ended.
    async fn send(
        &self,
        client: &Client,
        readable: Readable,
    ) -> (Result<Value, CliError>, io::Result<Notes>) {
        let (sender, body) = Channel::new(PIECES_WAITING);
        let language = client.locale.language;
        let bar = readable.bar.clone();
        let handle = Handle::current();
        let reading = spawn_blocking(move || {
            let mut upload = Upload::new(sender, handle);
            let read = readable.read_rows(&mut |row| upload.push(&row));
            let read = read.and_then(|notes| upload.flush().map(|()| notes));
            if read.is_err() {
                upload.abort();
            }
            read
        });
        let path = format!(
            "{PATH}?dryRun={}&unknownOrigin={}&language={}",
            self.dry_run,
            match self.unknown_origin {
                UnknownOrigin::Keep => "keep",
                UnknownOrigin::Drop => "drop",
            },
            language.code(),
        );
        let answer = client.upload(&path, reqwest::Body::wrap(body)).await;
        bar.finish_and_clear();
        let read = reading.await.unwrap_or_else(|error| Err(error.into()));
        (answer, read)
    }
}

/// What became of the file.
struct ImportOutcome {
    answer: Value,
    notes: Notes,
    locale: Locale,
}

impl ImportOutcome {
    fn tell(mut self, json: bool, dry_run: bool, file: &Path) -> Result<(), CliError> {
        let notes = self.notes();
        if json {
            self.answer["ignoredColumns"] = json!(self.notes.unused);
            self.answer["notes"] = json!(notes);
            print_line(&self.answer.to_string())?;
        } else {
            for note in notes {
                writeln!(io::stderr(), "{note}")?;
            }
            self.print_bad_rows()?;
        }
        let bad = self.answer["badRowCount"].as_u64().unwrap_or(0);
        if bad > 0 {
            let what = self.refusal(bad);
            return Err(CliError::Failed(format!("{}: {what}", file.display())));
        }
        if json {
            return Ok(());
        }
        print_line(&self.success(dry_run))
    }

    /// What is told once for the whole file.
    fn notes(&self) -> Vec<String> {
        let mut notes = Vec::new();
        if !self.notes.unused.is_empty() {
            let unused: Vec<_> = self
                .notes
                .unused
                .iter()
                .map(|name| harmless(name))
                .collect();
            let say = self.locale.phrase(Imported::LeftOut);
            notes.push(format!("{say} {}", unused.join(", ")));
        }
        if let Some(place) = self.notes.database_key {
            let say = self.locale.phrase(Imported::DatabaseKey);
            notes.push(self.note_at(place, say));
        }
        if let Some(place) = self.notes.backslash {
            let say = self.locale.phrase(Imported::Backslash);
            notes.push(self.note_at(place, say));
        }
        notes
    }

    fn note_at(&self, place: RowLocation, what: &str) -> String {
        let place = self.place(&json!(place));
        format!("{} {place}: {what}", self.locale.phrase(Imported::Note))
    }

    /// Where a row stands, and whose it is: `line 3 (int-3)`, in a JSON array `[2] line 3 (int-3)`.
    fn place(&self, row: &Value) -> String {
        let index = row["index"].as_u64();
        let index = index.map_or_else(String::new, |index| format!("[{index}] "));
        let id = row["id"].as_str();
        let id = id.map_or_else(String::new, |id| format!(" ({})", harmless(id)));
        format!(
            "{index}{} {}{id}",
            self.locale.phrase(Imported::Line),
            row["line"]
        )
    }

    fn print_bad_rows(&self) -> Result<(), CliError> {
        let named = self.answer["badRows"].as_array();
        let named = named.map_or(&[][..], Vec::as_slice);
        let mut out = io::stdout().lock();
        for row in named {
            let reason = harmless(text(&row["reason"]));
            writeln!(out, "{}: {reason}", self.place(row))?;
        }
        let bad = self.answer["badRowCount"].as_u64().unwrap_or(0);
        let more = bad.saturating_sub(named.len() as u64);
        if more > 0 {
            let say = self.locale.phrase(Imported::MoreBadRows);
            writeln!(out, "{say} {more}")?;
        }
        Ok(())
    }

    fn refusal(&self, bad: u64) -> String {
        imports::refused(self.number("rows"), bad, self.locale.language)
    }

    fn success(&self, dry_run: bool) -> String {
        let (rows, language) = (self.number("rows"), self.locale.language);
        let done = if dry_run {
            imports::tried(rows, language)
        } else {
            imports::imported(rows, language)
        };
        let [created, replaced] = ["created", "replaced"].map(|key| self.number(key));
        let of = imports::new_and_replaced(created, replaced, language);
        let mut told = format!("{done} ({of})");
        let [erased, dropped] = ["erased", "originsDropped"].map(|key| self.number(key));
        if erased > 0 {
            told = format!("{told}; {}", imports::of_erased(erased, language));
        }
        if dropped > 0 {
            told = format!("{told}; {}", imports::without_origin(dropped, language));
        }
        told
    }

    fn number(&self, key: &str) -> u64 {
        self.answer[key].as_u64().unwrap_or_default()
    }
}
