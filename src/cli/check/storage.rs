//! What is kept: the data directory, the database, and the counts of the statistics.

use std::fs;
use std::io::Write;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use super::daemon::Daemon;
use super::{Finding, State};
use crate::cli::Common;
use crate::cli::words::Speech;
use crate::config::Config;
use crate::http::server::control_socket::{LONGEST_PATH, is_too_long};
use crate::relay;
use crate::store::OpenError;
use crate::store::file::inspect::{self, Inspection};
use crate::store::file::is_full;
use crate::words::checks::{self, Check};
use crate::words::system::of_system;

pub(super) async fn all(
    speech: Speech,
    common: &Common,
    config: &Config,
    daemon: Option<&Daemon>,
) -> Vec<Finding> {
    // Who has the database open knows more of it.
    let trouble = daemon.and_then(|daemon| daemon.trouble.clone());
    let database = match trouble {
        Some(trouble) => Finding::bad("database", trouble),
        None => database(speech, config),
    };
    let readable = database.state != State::Bad;
    let mut findings = vec![directory(speech, &config.storage.directory), database];
    // Of one that cannot be used, everything was said.
    if readable {
        findings.push(counts(speech, common, config).await);
    }
    // The package's daemon has its socket in a directory of its own.
    if !common.is_packaged() {
        findings.extend(socket(speech, &config.storage.directory));
    }
    findings
}

/// The control socket, when its path is longer than a socket's may be.
fn socket(speech: Speech, directory: &Path) -> Option<Finding> {
    let path = relay::control_socket(directory);
    let bytes = path.as_os_str().len();
    let text = checks::path_too_long(&path, bytes, LONGEST_PATH, speech.language);
    is_too_long(&path).then(|| Finding::bad("control socket", text))
}

fn directory(speech: Speech, path: &Path) -> Finding {
    let name = "directory";
    let shown = path.display();
    let metadata = match fs::metadata(path) {
        Ok(metadata) if metadata.is_dir() => metadata,
        Ok(_) => {
            return Finding::bad(
                name,
                format!("{shown}: {}", speech.phrase(Check::NoDirectory)),
            );
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return Finding::notable(
                name,
                format!("{shown}: {}", speech.phrase(Check::NotThereYet)),
            );
        }
        Err(error) => {
            let why = of_system(&error, speech.language);
            return Finding::bad(name, format!("{shown}: {why}"));
        }
    };
    // A file that is written and vanishes says more than the permission bits.
    let written =
        tempfile::tempfile_in(path).and_then(|mut file| file.write_all(b"voicedrive-relay"));
    if let Err(error) = written {
        if is_full(&error) {
            let path = path.to_owned();
            return Finding::bad(name, OpenError::DiskFull { path }.told(speech.language));
        }
        return Finding::bad(
            name,
            format!(
                "{shown}: {}{}{}",
                of_system(&error, speech.language),
                speech.phrase(Check::Stop),
                speech.phrase(Check::MustBeWritable)
            ),
        );
    }
    if metadata.mode() & 0o007 != 0 {
        return Finding::notable(name, checks::open_to_all(shown, speech.language));
    }
    Finding::good(name, shown.to_string())
}

fn database(speech: Speech, config: &Config) -> Finding {
    let name = "database";
    match inspect::inspect(&config.storage.directory) {
        Ok(Inspection::Sound) => Finding::good(name, speech.phrase(Check::Sound).to_owned()),
        Ok(Inspection::Absent) => {
            Finding::notable(name, speech.phrase(Check::NotThereYet).to_owned())
        }
        Err(error @ OpenError::Locked { .. }) => {
            Finding::notable(name, error.told(speech.language))
        }
        Err(error) => Finding::bad(name, error.told(speech.language)),
    }
}

/// Whether what the statistics are added up from agrees with the rows. When it does not, the daemon
/// counts anew.
async fn counts(speech: Speech, common: &Common, config: &Config) -> Finding {
    let name = "counts";
    let differ = match inspect::count_differences(&config.storage.directory) {
        Ok(0) => {
            return Finding::good(name, speech.phrase(Check::CountsAgree).to_owned());
        }
        Ok(differ) => differ,
        Err(error) => return Finding::bad(name, error.told(speech.language)),
    };
    let repaired = async {
        let client = common.client()?;
        client.post("/control/recount", String::new()).await
    };
    match repaired.await {
        Ok(_) => Finding::notable(name, checks::counted_anew(differ, speech.language)),
        Err(error) => Finding::bad(name, {
            let error = error.told(speech.language, false).unwrap_or_default();
            checks::counts_differ(differ, &error, speech.language)
        }),
    }
}
