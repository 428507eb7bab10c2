//! `backup`, `verify` and `restore`: a copy of the database as one file (contract, section 9).

use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::json;

use super::client::Client;
use super::words::Speech;
use super::{CliError, print_line};
use crate::clock::Clock;
use crate::config::Config;
use crate::language::Language;
use crate::store::file;
use crate::store::file::restore::{RestoreError, restore};
use crate::store::file::snapshot::{self, SnapshotError, Verified};

/// Write a copy of the database that needs no other file.
#[derive(Args)]
#[command(after_help = "Example:
  voicedrive-relay backup /mnt/backup/relay-$(date +%F).db
While the daemon runs, relay-backup.db in its data directory is such a file, at most a minute old: it
can be copied at any moment.")]
pub(super) struct Backup {
    /// Where to; an older copy of that name is replaced
    file: PathBuf,
}

/// Say whether a file is a good copy; nothing is changed.
#[derive(Args)]
pub(super) struct Verify {
    /// The copy
    file: PathBuf,
}

/// Put a copy in the place of the database; the daemon must be stopped.
#[derive(Args)]
#[command(after_help = "Example:
  sudo systemctl stop voicedrive-relay
  sudo voicedrive-relay restore /mnt/backup/relay-2025-10-26.db
  sudo systemctl start voicedrive-relay
The present database is kept beside it. What the copy says is still to be sent is sent at the start.")]
pub(super) struct Restore {
    /// The copy
    file: PathBuf,
}

fn failed(error: impl std::fmt::Display) -> CliError {
    CliError::Failed(error.to_string())
}

impl Backup {
    pub(super) async fn run(&self, client: &Client, config: &Config) -> Result<(), CliError> {
        let directory = &config.storage.directory;
        snapshot::may_write(directory, &self.file).map_err(failed)?;
        match client.post("/control/backup", String::new()).await {
            Ok(_) => snapshot::copy_file(&file::backup_file(directory), &self.file),
            // Without a daemon nobody writes, and the database itself can be read.
            Err(CliError::Unreachable(_)) => {
                snapshot::copy(&file::live_file(directory), &self.file)
            }
            Err(error) => return Err(error),
        }
        .map_err(failed)?;
        let verified = snapshot::verify(&self.file).map_err(failed)?;
        client.print(&answer(&self.file, verified), |speech| {
            told(speech, &self.file, verified)
        })
    }
}

impl Verify {
    pub(super) fn run(&self, speech: Speech, json: bool) -> Result<(), CliError> {
        match snapshot::verify(&self.file) {
            Ok(verified) if json => print_line(&answer(&self.file, verified).to_string()),
            Ok(verified) => print_line(&told(speech, &self.file, verified)),
            Err(error) => {
                let error = of_copy(speech, &error);
                if json {
                    let answer =
                        json!({"file": self.file, "good": false, "error": error.to_string()});
                    print_line(&answer.to_string())?;
                }
                Err(error)
            }
        }
    }
}

impl Restore {
    pub(super) fn run(&self, config: &Config, speech: Speech, json: bool) -> Result<(), CliError> {
        let directory = &config.storage.directory;
        let restored =
            restore(directory, &self.file, Clock::System.now()).map_err(|error| match error {
                RestoreError::Copy(error) => of_copy(speech, &error),
                error => failed(error),
            })?;
        let verified = restored.copy;
        if json {
            let mut answer = answer(&self.file, verified);
            answer["keptAside"] = json!(restored.kept_aside);
            return print_line(&answer.to_string());
        }
        print_line(&told(speech, &self.file, verified))?;
        let done = speech.say("復元しました", "restored");
        let Some(aside) = restored.kept_aside else {
            return print_line(done);
        };
        let kept = speech.say(
            "元のデータベースはここにあります",
            "the previous database is in",
        );
        print_line(&format!("{done}; {kept}: {}", aside.display()))
    }
}

fn answer(file: &Path, verified: Verified) -> serde_json::Value {
    json!({
        "file": file,
        "good": true,
        "bytes": verified.bytes,
        "events": verified.events,
        "waiting": verified.waiting,
        "newestEventAt": verified.newest_event,
    })
}

fn told(speech: Speech, file: &Path, verified: Verified) -> String {
    let Verified {
        events, waiting, ..
    } = verified;
    let newest = speech.moment(&json!(verified.newest_event), "-");
    let file = file.display();
    match speech.language {
        Language::Ja => format!(
            "{file}: 正常です。イベント {events} 件、未送信 {waiting} 件、最新の受付 {newest}"
        ),
        Language::En => format!(
            "{file}: good; {events} events, {waiting} still to be sent, the newest accepted {newest}"
        ),
    }
}

fn of_copy(speech: Speech, error: &SnapshotError) -> CliError {
    let words = in_words(speech, error);
    match error {
        SnapshotError::OfBefore { .. } => CliError::ForeignDatabase(words),
        _ => CliError::Failed(words),
    }
}

/// What is wrong with a copy, for the one who wanted to use it.
fn in_words(speech: Speech, error: &SnapshotError) -> String {
    let advice = match error {
        SnapshotError::Damaged { .. } => speech.say(
            "壊れています。別のコピーを使ってください",
            "use another copy",
        ),
        SnapshotError::OfLiveFile { .. } => speech.say(
            "これは live/relay.db のコピーです。relay-backup.db のコピーを使ってください",
            "use a copy of relay-backup.db",
        ),
        SnapshotError::Newer { .. } => speech.say(
            "新しい版の voicedrive-relay を入れてください",
            "install the newer voicedrive-relay",
        ),
        SnapshotError::OfBefore { .. } => speech.say(
            "この版では読めません。このコピーを書いた版の voicedrive-relay で使ってください",
            "use it with the voicedrive-relay that wrote it",
        ),
        SnapshotError::NotOurs { .. } => speech.say(
            "voicedrive-relay のデータベースではありません",
            "look whether it is the right file",
        ),
        SnapshotError::InTheWay { .. }
        | SnapshotError::File { .. }
        | SnapshotError::Database { .. } => return error.to_string(),
    };
    format!("{error}; {advice}")
}
