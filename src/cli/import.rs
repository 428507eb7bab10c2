//! `import`: hands in a whole file of interview records, all or none.

mod rows;

use std::fs::File;
use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};

use bytes::Bytes;
use clap::{Args, Subcommand};
use http_body_util::channel::{Channel, Sender};
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::Value;
use tokio::runtime::Handle;

use super::client::Client;
use super::words::{Speech, harmless, text};
use super::{CliError, print_line};
use rows::{Encoding, Format, Row};

/// Rows are sent in pieces of about this many bytes.
const PIECE: usize = 64 * 1024;
/// Pieces that may wait for the daemon.
const PIECES_WAITING: usize = 8;
/// The path of the daemon that takes a file.
const PATH: &str = "/control/interviews/import";

#[derive(Subcommand)]
pub(super) enum Import {
    /// Interview records from a CSV, JSON or NDJSON file: all of them, or none
    Interviews(Interviews),
}

#[derive(Args)]
#[command(after_help = "Examples:
  voicedrive-relay import interviews interviews.csv --dry-run
  voicedrive-relay import interviews interviews.csv --encoding shift-jis
A CSV begins with a line of the JSON names: id, employeeId, employeeName, interviewerId,
interviewType, interviewDate, interviewStatus, durationMinutes, voicedriveSyncId,
rescheduledFromId, facilityId, departmentId, completedAt, statusReason.
Needed are id, employeeId, interviewType and interviewDate (such as 2025-10-28T10:00:00+09:00).
A record whose id is known already replaces the one that is kept.")]
pub(super) struct Interviews {
    /// The file
    file: PathBuf,
    /// Check everything, keep nothing
    #[arg(long)]
    dry_run: bool,
    /// How the file is written; otherwise its name says it (.csv, .json, .ndjson, .jsonl)
    #[arg(long, value_enum)]
    format: Option<Format>,
    /// The characters of a CSV file; otherwise they are recognised
    #[arg(long, value_enum)]
    encoding: Option<Encoding>,
}

impl Import {
    pub(super) async fn run(&self, client: &Client) -> Result<(), CliError> {
        let Self::Interviews(interviews) = self;
        interviews.run(client).await
    }
}

impl Interviews {
    async fn run(&self, client: &Client) -> Result<(), CliError> {
        let format = match self.format {
            Some(format) => format,
            None => Format::of_name(&self.file).ok_or_else(|| {
                CliError::Usage(format!(
                    "{}: the name does not say how the file is written; say --format csv, json or ndjson",
                    self.file.display()
                ))
            })?,
        };
        let bar = progress_bar(&self.file, client.speech)?;
        let (sender, body) = Channel::new(PIECES_WAITING);
        let reading = {
            let (path, encoding, bar) = (self.file.clone(), self.encoding, bar.clone());
            let handle = Handle::current();
            tokio::task::spawn_blocking(move || {
                let mut upload = Upload::new(sender, handle);
                let open = || File::open(&path).map(|file| bar.wrap_read(file));
                let read = rows::read(open, format, encoding, &mut |row| upload.push(&row));
                let read = read.and_then(|()| upload.flush());
                if read.is_err() {
                    upload.abort();
                }
                read
            })
        };
        let path = format!("{PATH}?dryRun={}", self.dry_run);
        let answer = client.upload(&path, reqwest::Body::wrap(body)).await;
        bar.finish_and_clear();
        match reading.await {
            // The daemon knows best why it reads no further.
            Ok(Err(error)) if error.kind() != io::ErrorKind::BrokenPipe => Err(CliError::Failed(
                format!("{}: {error}", self.file.display()),
            )),
            _ => report(client, &answer?, self.dry_run, &self.file),
        }
    }
}

/// How far the file has been read; nothing is drawn where nobody watches.
fn progress_bar(path: &Path, speech: Speech) -> Result<ProgressBar, CliError> {
    let failed = |error| CliError::Failed(format!("{}: {error}", path.display()));
    let length = std::fs::metadata(path).map_err(failed)?.len();
    let bar = if io::stderr().is_terminal() {
        ProgressBar::new(length)
    } else {
        ProgressBar::hidden()
    };
    let template = format!(
        "{} [{{bar:40}}] {{percent}}% ({{bytes}}/{{total_bytes}}, {{elapsed}})",
        speech.say("読み込み中", "reading")
    );
    if let Ok(style) = ProgressStyle::with_template(&template) {
        bar.set_style(style.progress_chars("=> "));
    }
    Ok(bar)
}

/// The way of the rows to the daemon.
struct Upload {
    sender: Option<Sender<Bytes, io::Error>>,
    handle: Handle,
    piece: Vec<u8>,
}

impl Upload {
    fn new(sender: Sender<Bytes, io::Error>, handle: Handle) -> Self {
        Self {
            sender: Some(sender),
            handle,
            piece: Vec::with_capacity(PIECE),
        }
    }

    fn push(&mut self, row: &Row) -> io::Result<()> {
        row.write(&mut self.piece)?;
        if self.piece.len() >= PIECE {
            self.flush()
        } else {
            Ok(())
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        let piece = Bytes::from(std::mem::take(&mut self.piece));
        let Some(sender) = &mut self.sender else {
            return Ok(());
        };
        self.handle
            .block_on(sender.send_data(piece))
            .map_err(|_| io::ErrorKind::BrokenPipe.into())
    }

    /// Ends the request as broken off: an unread rest must not look like the end of the file.
    fn abort(&mut self) {
        if let Some(sender) = self.sender.take() {
            sender.abort(io::ErrorKind::UnexpectedEof.into());
        }
    }
}

/// Tells what became of the file.
fn report(client: &Client, answer: &Value, dry_run: bool, file: &Path) -> Result<(), CliError> {
    if client.json {
        print_line(&answer.to_string())?;
    } else {
        print_bad_rows(answer, client.speech)?;
    }
    let speech = client.speech;
    let bad = answer["badRowCount"].as_u64().unwrap_or(0);
    let rows = &answer["rows"];
    if bad > 0 {
        let why = speech.say(
            "件の行に誤りがあります。何も取り込んでいません",
            "bad rows; nothing was imported",
        );
        return Err(CliError::Failed(format!(
            "{}: {rows} {} {bad} {why}",
            file.display(),
            speech.say("件中", "rows,"),
        )));
    }
    if client.json {
        return Ok(());
    }
    let (created, replaced) = (&answer["created"], &answer["replaced"]);
    print_line(&if dry_run {
        format!(
            "{rows} {} ({}: {created}, {}: {replaced})",
            speech.say(
                "件に誤りはありません。確認だけで、何も取り込んでいません",
                "rows are good; this was a dry run, nothing was imported"
            ),
            speech.say("新規", "new"),
            speech.say("置き換え", "replacing"),
        )
    } else {
        format!(
            "{rows} {} ({}: {created}, {}: {replaced})",
            speech.say("件を取り込みました", "rows imported"),
            speech.say("新規", "new"),
            speech.say("置き換え", "replacing"),
        )
    })
}

fn print_bad_rows(answer: &Value, speech: Speech) -> Result<(), CliError> {
    let named = answer["badRows"].as_array().map_or(&[][..], Vec::as_slice);
    let mut out = io::stdout().lock();
    for row in named {
        let reason = harmless(text(&row["reason"]));
        writeln!(
            out,
            "{} {}: {reason}",
            speech.say("行", "line"),
            row["line"]
        )?;
    }
    let more = answer["badRowCount"].as_u64().unwrap_or(0) - named.len() as u64;
    if more > 0 {
        writeln!(
            out,
            "{} {more}",
            speech.say("ほかに誤りのある行:", "more bad rows:")
        )?;
    }
    Ok(())
}
