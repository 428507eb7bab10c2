//! `backup` and `verify`: a copy of the database as one file (contract, section 9).

use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::json;

use super::client::Client;
use super::words::Locale;
use super::{CliError, print_line};
use crate::config::Config;
use crate::store::file;
use crate::store::file::progress::refuse_loss;
use crate::store::file::received::Received;
use crate::store::file::snapshot::{self, SnapshotError, Target, Verified};
use crate::words::restores;

/// How often receiving the open database is begun: when its file is gone or its disk fails, it hardly changes.
const BEGUN_AT_MOST: u32 = 20;

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
#[command(after_help = "Example:
  sudo voicedrive-relay verify /var/lib/voicedrive-relay/relay-backup.db")]
pub(super) struct Verify {
    /// The copy
    file: PathBuf,
}

impl Backup {
    pub(super) async fn run(&self, client: &Client, config: &Config) -> Result<(), CliError> {
        let (locale, directory) = (client.locale, &config.storage.directory);
        let failed = |error| of_copy(locale, &error);
        let target = Target::of(directory, &self.file).map_err(failed)?;
        let refreshed = client.post("/control/backup", String::new()).await;
        let daemon_cannot_write = match &refreshed {
            Ok(answer) => answer["error"].as_str().map(str::to_owned),
            Err(_) => None,
        };
        let verified = match (target, refreshed, daemon_cannot_write) {
            // That was it.
            (Target::BackupFile, Ok(_), None) => None,
            // Nobody but the daemon writes this file: two at a time would spoil it.
            (Target::BackupFile, Ok(_), Some(why)) => return Err(CliError::Failed(why)),
            (Target::Elsewhere, Ok(_), None) => {
                let made = file::backup_file(directory);
                refuse_loss(&made, &self.file).map_err(failed)?;
                Some(snapshot::copy_good(&made, &self.file).map_err(failed)?)
            }
            // The file at the database's path need not be the database, or its disk fails.
            (Target::Elsewhere, Ok(answer), Some(_)) if answer["open"] == true => {
                let is_received = self.receive(client).await?;
                if !is_received && answer["inPlace"] == true {
                    // Where so much is written, it can be read too: in one transaction, which does not begin anew.
                    self.copy_live(directory).map_err(failed)?;
                } else if !is_received {
                    return Err(CliError::Failed(restores::never_still(locale)));
                }
                None
            }
            // Without a daemon, or when only its own file cannot be written, the database itself is read.
            (Target::Elsewhere, Ok(_), Some(_))
            | (Target::Elsewhere, Err(CliError::Unreachable(_)), _) => {
                self.copy_live(directory).map_err(failed)?;
                None
            }
            (Target::BackupFile, Err(CliError::Unreachable(_)), _) => {
                let told = restores::kept_by_the_daemon(locale, &self.file);
                return Err(CliError::Unreachable(told));
            }
            (_, Err(error), _) => return Err(error),
        };
        let verified = verified.map_or_else(|| snapshot::verify(&self.file), Ok);
        let verified = verified.map_err(failed)?;
        client.print(&answer(&self.file, verified), |locale| {
            restores::good_copy(locale, &self.file, verified)
        })
    }

    /// Copies the database at its path.
    fn copy_live(&self, directory: &Path) -> Result<(), SnapshotError> {
        let live = file::live_file(directory);
        refuse_loss(&live, &self.file)?;
        snapshot::copy(&live, &self.file)
    }

    /// Has the daemon give out the database that it has open. False: it changed again and again meanwhile.
    async fn receive(&self, client: &Client) -> Result<bool, CliError> {
        let failed = |error| of_copy(client.locale, &error);
        let mut copy = Received::begin(&self.file).map_err(failed)?;
        match receive_all(client, &mut copy).await {
            Ok(Some(written)) => copy.end(written).map(|()| true).map_err(failed),
            not_received => {
                copy.give_up();
                not_received.map(|_| false)
            }
        }
    }
}

/// Receives the open database. Answers why it could not be written; none: it changed again and again meanwhile.
async fn receive_all(
    client: &Client,
    copy: &mut Received,
) -> Result<Option<Result<(), SnapshotError>>, CliError> {
    let (mut from, mut state, mut begun) = (1, None, 1);
    loop {
        let Some((bytes, of, next)) = client.part(from, state).await? else {
            if begun == BEGUN_AT_MOST {
                return Ok(None);
            }
            begun += 1;
            (from, state) = (1, None);
            if let Err(error) = copy.begin_anew() {
                return Ok(Some(Err(error)));
            }
            continue;
        };
        if let Err(error) = copy.push(&bytes) {
            return Ok(Some(Err(error)));
        }
        state = Some(of);
        match next {
            Some(next) => from = next,
            None => return Ok(Some(Ok(()))),
        }
    }
}

impl Verify {
    pub(super) fn run(&self, locale: Locale, json: bool) -> Result<(), CliError> {
        match snapshot::verify(&self.file) {
            Ok(verified) if json => print_line(&answer(&self.file, verified).to_string()),
            Ok(verified) => print_line(&restores::good_copy(locale, &self.file, verified)),
            Err(error) => {
                let error = of_copy(locale, &error);
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

/// What is wrong with a copy, as the command ends with it.
pub(super) fn of_copy(locale: Locale, error: &SnapshotError) -> CliError {
    let words = error.describe(locale);
    match error {
        SnapshotError::PreRelease { .. } => CliError::ForeignDatabase(words),
        _ => CliError::Failed(words),
    }
}
