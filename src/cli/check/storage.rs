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

/// Where the package's daemon keeps its data: the unit's `StateDirectory=`.
const PACKAGED: &str = "/var/lib/voicedrive-relay";

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
    let mut findings = vec![
        directory(speech, &config.storage.directory, common.is_packaged()),
        database,
    ];
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

/// A directory that the daemon would have to make. That of the package is made by systemd.
fn not_there(speech: Speech, path: &Path, is_packaged: bool) -> Finding {
    let (name, shown) = ("directory", path.display());
    let parent = path.ancestors().skip(1).find(|parent| parent.exists());
    let parent = parent.unwrap_or(Path::new("."));
    match tempfile::tempfile_in(parent) {
        Err(error) if !(is_packaged && path == Path::new(PACKAGED)) => {
            let why = of_system(&error, speech.language);
            let parent = parent.display();
            Finding::bad(
                name,
                checks::cannot_be_made(shown, parent, &why, speech.language),
            )
        }
        _ => Finding::notable(
            name,
            format!("{shown}: {}", speech.phrase(Check::NotThereYet)),
        ),
    }
}

fn directory(speech: Speech, path: &Path, is_packaged: bool) -> Finding {
    let name = "directory";
    let shown = path.display();
    if path.is_relative() {
        return Finding::bad(name, checks::relative(shown, speech.language));
    }
    let metadata = match fs::metadata(path) {
        Ok(metadata) if metadata.is_dir() => metadata,
        Ok(_) => {
            return Finding::bad(
                name,
                format!("{shown}: {}", speech.phrase(Check::NoDirectory)),
            );
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return not_there(speech, path, is_packaged);
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::language::Language;
    use crate::zone::Zone;

    #[test]
    fn a_directory_that_cannot_be_made_or_is_relative_is_no_note() {
        let speech = Speech {
            language: Language::En,
            timezone: Zone::TOKYO,
        };
        let there = tempfile::tempdir().unwrap();
        let state = |path: &Path, packaged| directory(speech, path, packaged).state;
        let inside = there.path().join("a/b");
        assert!(state(&inside, false) == State::Notable);
        // Nobody makes a directory there, not even root.
        let nowhere = Path::new("/proc/voicedrive-relay/data");
        assert!(state(nowhere, false) == State::Bad);
        assert!(state(nowhere, true) == State::Bad);
        assert!(state(Path::new("data"), false) == State::Bad);
    }
}
