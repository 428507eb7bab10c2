//! What is kept: the data directory, the database, and the counts of the statistics.

use std::fs;
use std::io::Write;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};

use super::CheckResult;
use super::daemon::Daemon;
use crate::cli::Common;
use crate::cli::client::socket as socket_of;
use crate::cli::words::Locale;
use crate::config::Config;
use crate::http::server::control_socket::{LONGEST_PATH, is_too_long};
use crate::relay;
use crate::store::OpenError;
use crate::store::file::elsewhere::copies_elsewhere;
use crate::store::file::inspect::{self, Inspection};
use crate::store::file::{self, is_full, snapshot};
use crate::words::checks::Check;
use crate::words::checks::storage as words;
use crate::words::system::of_system;

/// Where the package's daemon keeps its data: the unit's `StateDirectory=`.
const PACKAGED: &str = "/var/lib/voicedrive-relay";

pub(super) async fn all(
    locale: Locale,
    common: &Common,
    config: &Config,
    refuges: &[PathBuf],
    daemon: Option<&Daemon>,
) -> Vec<CheckResult> {
    // Who has the database open knows more of it.
    let trouble = daemon.and_then(|daemon| daemon.trouble.clone());
    let (database, is_readable) = match trouble {
        Some(trouble) => (CheckResult::bad("database", trouble), false),
        None => database(locale, common, config, daemon),
    };
    let mut findings = vec![
        directory(locale, &config.storage.directory, common),
        database,
    ];
    findings.extend(left_behind(locale, config));
    findings.extend(left_elsewhere(locale, common, config, refuges));
    // Of one that cannot be used, everything was said.
    if is_readable {
        findings.extend(counts(locale, common, config).await);
        findings.extend(erasures(locale, config));
    }
    findings.extend(backup(locale, config));
    findings.extend(reserve(locale, config));
    findings.extend(odd_socket(locale, &socket_of(config, common)));
    // The package's daemon has its socket in a directory of its own.
    if !common.is_packaged() {
        findings.extend(socket(locale, &config.storage.directory));
    }
    findings
}

/// The backup file, when no copy can take its place.
fn backup(locale: Locale, config: &Config) -> Option<CheckResult> {
    let path = file::backup_file(&config.storage.directory);
    let error = snapshot::refuse_odd(&path).err()?;
    Some(CheckResult::bad("backup", error.describe(locale)))
}

/// Something else in the place of the reserve. The daemon goes on without one.
fn reserve(locale: Locale, config: &Config) -> Option<CheckResult> {
    let path = file::odd_reserve(&config.storage.directory)?;
    let text = words::no_reserve(&path, locale.language);
    Some(CheckResult::notable("directory", text))
}

/// Something else in the place of the control socket. The daemon leaves it there, and does not start.
fn odd_socket(locale: Locale, path: &Path) -> Option<CheckResult> {
    let found = fs::symlink_metadata(path).ok()?;
    let text = words::no_socket(path, locale.language);
    (!found.file_type().is_socket()).then(|| CheckResult::bad("control socket", text))
}

/// The control socket, when its path is longer than a socket's may be.
fn socket(locale: Locale, directory: &Path) -> Option<CheckResult> {
    let path = relay::control_socket(directory);
    let bytes = path.as_os_str().len();
    let text = words::path_too_long(&path, bytes, LONGEST_PATH, locale.language);
    is_too_long(&path).then(|| CheckResult::bad("control socket", text))
}

/// A directory that the daemon would have to make. That of the package is made by systemd.
fn not_there(locale: Locale, path: &Path, is_packaged: bool) -> CheckResult {
    let (name, shown) = ("directory", path.display());
    let parent = path.ancestors().skip(1).find(|parent| parent.exists());
    let parent = parent.unwrap_or(Path::new("."));
    match tempfile::tempfile_in(parent) {
        Err(error) if !(is_packaged && path == Path::new(PACKAGED)) => {
            let why = of_system(&error, locale.language);
            let parent = parent.display();
            CheckResult::bad(
                name,
                words::cannot_be_made(shown, parent, &why, locale.language),
            )
        }
        _ => CheckResult::notable(
            name,
            format!("{shown}: {}", locale.phrase(Check::NotThereYet)),
        ),
    }
}

fn directory(locale: Locale, path: &Path, common: &Common) -> CheckResult {
    let name = "directory";
    let shown = path.display();
    if path.is_relative() {
        return CheckResult::bad(name, words::relative(shown, locale.language));
    }
    let metadata = match fs::metadata(path) {
        Ok(metadata) if metadata.is_dir() => metadata,
        Ok(_) => {
            return CheckResult::bad(
                name,
                format!("{shown}: {}", locale.phrase(Check::NoDirectory)),
            );
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return not_there(locale, path, common.is_packaged());
        }
        Err(error) => {
            let why = of_system(&error, locale.language);
            return CheckResult::bad(name, format!("{shown}: {why}"));
        }
    };
    // A file that is written and vanishes says more than the permission bits.
    let written =
        tempfile::tempfile_in(path).and_then(|mut file| file.write_all(b"voicedrive-relay"));
    if let Err(error) = written {
        if is_full(&error) {
            let path = path.to_owned();
            let full = OpenError::DiskFull { path };
            let told = full.describe(locale.language, &common.commands());
            return CheckResult::bad(name, told);
        }
        return CheckResult::bad(
            name,
            format!(
                "{shown}: {}{}{}",
                of_system(&error, locale.language),
                locale.phrase(Check::Stop),
                locale.phrase(Check::MustBeWritable)
            ),
        );
    }
    if metadata.mode() & 0o007 != 0 {
        return CheckResult::notable(name, words::open_to_all(shown, locale.language));
    }
    CheckResult::good(name, shown.to_string())
}

/// The database, and whether more of it can be looked at.
fn database(
    locale: Locale,
    common: &Common,
    config: &Config,
    daemon: Option<&Daemon>,
) -> (CheckResult, bool) {
    let (name, language) = ("database", locale.language);
    match inspect::inspect(&config.storage.directory) {
        Ok(Inspection::Sound) => (
            CheckResult::good(name, locale.phrase(Check::Sound).to_owned()),
            true,
        ),
        Ok(Inspection::Absent) => (
            CheckResult::notable(name, locale.phrase(Check::NotThereYet).to_owned()),
            true,
        ),
        // The one that runs has opened its log, and no such journal.
        Ok(Inspection::Unfinished(journal)) if daemon.is_none() => (
            CheckResult::notable(name, words::unfinished(&journal, language)),
            false,
        ),
        Ok(Inspection::Unfinished(journal) | Inspection::StrayJournal(journal)) => (
            CheckResult::bad(name, words::stray_journal(&journal, language)),
            false,
        ),
        Err(error) => {
            let told = error.describe(language, &common.commands());
            (CheckResult::bad(name, told), false)
        }
    }
}

/// What nobody uses any more, and nobody but a person deletes.
fn left_behind(locale: Locale, config: &Config) -> Vec<CheckResult> {
    let left = inspect::left_behind(&config.storage.directory).into_iter();
    let told = left.map(|(what, path)| words::left_behind(what, &path, locale.language));
    told.map(|text| CheckResult::notable("database", text))
        .collect()
}

/// What a stop could not leave in the data directory.
fn left_elsewhere(
    locale: Locale,
    common: &Common,
    config: &Config,
    refuges: &[PathBuf],
) -> Vec<CheckResult> {
    let copies = copies_elsewhere(&config.storage.directory, refuges).into_iter();
    let told = copies.map(|copy| {
        let commands = common.commands();
        let restore = commands.by_admin(&commands.restore(&copy));
        words::left_elsewhere(&copy, &restore, locale.language)
    });
    told.map(|text| CheckResult::bad("database", text))
        .collect()
}

/// An erasure that was broken off: nothing but the same command does the rest.
fn erasures(locale: Locale, config: &Config) -> Option<CheckResult> {
    let begun = inspect::broken_erasures(&config.storage.directory);
    // Of one that cannot be read, the database's own line tells.
    let first = *begun.ok()?.first()?;
    let told = words::erasure_broken_off(&locale.clock(first), locale.language);
    Some(CheckResult::bad("database", told))
}

/// Whether what the statistics are added up from agrees with the rows. When it does not, the daemon
/// counts anew.
async fn counts(locale: Locale, common: &Common, config: &Config) -> Option<CheckResult> {
    let name = "counts";
    let differ = match inspect::count_differences(&config.storage.directory) {
        Ok(None) => return None,
        Ok(Some(0)) => {
            let agree = locale.phrase(Check::CountsAgree).to_owned();
            return Some(CheckResult::good(name, agree));
        }
        Ok(Some(differ)) => differ,
        Err(error) => {
            let told = error.describe(locale.language, &common.commands());
            return Some(CheckResult::bad(name, told));
        }
    };
    let repaired = async {
        let client = common.client()?;
        client.post("/control/recount", String::new()).await
    };
    Some(match repaired.await {
        Ok(_) => CheckResult::notable(name, words::counted_anew(differ, locale.language)),
        Err(error) => CheckResult::bad(name, {
            let error = error
                .describe(locale.language, &common.commands(), false)
                .unwrap_or_default();
            words::counts_differ(differ, &error, locale.language)
        }),
    })
}

#[cfg(test)]
mod tests {
    use super::super::CheckState;
    use super::*;
    use crate::command_line::PACKAGED_CONFIG;
    use crate::language::Language;
    use crate::zone::Zone;

    #[test]
    fn a_directory_that_cannot_be_made_or_is_relative_is_no_note() {
        let locale = Locale {
            language: Language::En,
            timezone: Zone::TOKYO,
        };
        let there = tempfile::tempdir().unwrap();
        let state = |path: &Path, packaged| {
            let config = if packaged {
                PACKAGED_CONFIG
            } else {
                "other.toml"
            };
            let common = Common {
                config: config.into(),
                json: false,
                operator: None,
            };
            directory(locale, path, &common).state
        };
        let inside = there.path().join("a/b");
        assert!(state(&inside, false) == CheckState::Notable);
        // Nobody makes a directory there, not even root.
        let nowhere = Path::new("/proc/voicedrive-relay/data");
        assert!(state(nowhere, false) == CheckState::Bad);
        assert!(state(nowhere, true) == CheckState::Bad);
        assert!(state(Path::new("data"), false) == CheckState::Bad);
    }
}
