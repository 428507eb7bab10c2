//! `backup` and `verify`: a copy of the database as one file (contract, section 9).

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::json;

use super::client::Client;
use super::words::Speech;
use super::{CliError, print_line};
use crate::config::Config;
use crate::language::Language;
use crate::store::file;
use crate::store::file::snapshot::{self, Obstacle, SnapshotError, Target, Verified};

/// Write a copy of the database that needs no other file.
#[derive(Args)]
#[command(after_help = "Example:
  voicedrive-relay backup /mnt/backup/relay-$(date +%F).db
While the daemon runs, relay-backup.db in its data directory is such a file, at most a minute old: it
can be copied at any moment. For another machine, /etc/voicedrive-relay is needed too.")]
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

impl Backup {
    pub(super) async fn run(&self, client: &Client, config: &Config) -> Result<(), CliError> {
        let (speech, directory) = (client.speech, &config.storage.directory);
        let failed = |error| of_copy(speech, &error);
        let target = Target::of(directory, &self.file).map_err(failed)?;
        let refreshed = client.post("/control/backup", String::new()).await;
        match (target, refreshed) {
            // That was it.
            (Target::BackupFile, Ok(_)) => {}
            (Target::Elsewhere, Ok(_)) => {
                snapshot::copy_file(&file::backup_file(directory), &self.file).map_err(failed)?;
            }
            // Without a daemon the database itself is read.
            (Target::Elsewhere, Err(CliError::Unreachable(_))) => {
                snapshot::copy(&file::live_file(directory), &self.file).map_err(failed)?;
            }
            // Nobody but the daemon writes its own file: two at a time would spoil it. And one that makes no copy knows
            // why: what lies in the database's place need not be the database.
            (Target::BackupFile | Target::Elsewhere, Err(error)) => return Err(error),
        }
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

/// What is known of a copy, for a program.
pub(super) fn answer(file: &Path, verified: Verified) -> serde_json::Value {
    json!({
        "file": file,
        "good": true,
        "bytes": verified.bytes,
        "events": verified.events,
        "waiting": verified.waiting,
        "newestEventAt": verified.newest_event,
        "writtenAt": verified.written,
    })
}

/// The same, for a person.
pub(super) fn told(speech: Speech, file: &Path, verified: Verified) -> String {
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

/// What is wrong with a copy, as the command ends with it.
pub(super) fn of_copy(speech: Speech, error: &SnapshotError) -> CliError {
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
        SnapshotError::OfLiveFile {
            with_log, written, ..
        } => {
            let written = written.map(|at| speech.clock(at));
            return format!("{error}; {}", of_live_file(speech, *with_log, written));
        }
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
        SnapshotError::InTheWay { path, obstacle } if speech.language == Language::Ja => {
            return format!(
                "{}: {}。何も書き込んでいません。新しいファイル名か、以前のコピーを指定してください",
                path.display(),
                in_the_way(*obstacle)
            );
        }
        SnapshotError::File { source, .. }
            if matches!(
                source.kind(),
                ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem
            ) =>
        {
            speech.say(
                "sudo で実行するか、書き込める場所を指定してください",
                "use sudo, or name a place where you may write",
            )
        }
        SnapshotError::InTheWay { .. }
        | SnapshotError::File { .. }
        | SnapshotError::Database { .. } => return error.to_string(),
    };
    format!("{error}; {advice}")
}

fn of_live_file(speech: Speech, with_log: bool, written: Option<String>) -> String {
    match (speech.language, written) {
        (Language::Ja, _) if with_log => "これは live/relay.db のコピーです。デーモンの停止中に relay.db-wal と一緒にコピーしたものであれば、restore --as-it-is で両方を復元できます".to_owned(),
        (Language::En, _) if with_log => "if they were, restore --as-it-is takes both".to_owned(),
        (Language::Ja, Some(at)) => format!("これは live/relay.db のコピーです。relay-backup.db のコピーを使ってください。ほかに何もなければ restore --as-it-is で復元できますが、{at} より後に受け付けたものは含まれないおそれがあります"),
        (Language::En, Some(at)) => format!("when there is nothing else, restore --as-it-is takes it, and what was kept after {at} may not be in it"),
        (Language::Ja, None) => "これは live/relay.db のコピーで、読める内容がまだありません。relay-backup.db のコピーを使ってください".to_owned(),
        (Language::En, None) => "nothing of it can be read without its relay.db-wal".to_owned(),
    }
}

fn in_the_way(obstacle: Obstacle) -> &'static str {
    match obstacle {
        Obstacle::Database => "データベース本体の場所です",
        Obstacle::OwnName => "リレー自身が使うファイル名です",
        Obstacle::NotPlain => "通常のファイルではありません",
        Obstacle::NoCopy => "リレーのデータベースのコピーではありません",
        Obstacle::NoName => "ファイル名がありません",
        Obstacle::NoDirectory => "ディレクトリがありません",
    }
}
