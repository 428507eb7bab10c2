//! The user as whom `check` runs. Root can read files that the daemon's user cannot, and a file that others
//! cannot read may be exactly as it should be. So root checks as the daemon's user, and everybody else is
//! told which files they may not read.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::cli::words::Locale;
use crate::cli::{CliError, Common};
use crate::config::{self, Config, Environment};
use crate::words::{checks, commands};

/// The user of the package's daemon.
const PACKAGED_USER: &str = "voicedrive-relay";
/// The exit code of a command that did not end by itself.
const NO_CODE: u8 = 1;
/// Set for a process that looks as the daemon's user: it need not find out again who that is, perhaps in files that the
/// user may not read.
const AS_DAEMON: &str = "VOICEDRIVE_RELAY_CHECK_AS_DAEMON";

/// A user and its group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct User {
    id: u32,
    group: u32,
}

/// Nothing, when this process sees what the daemon sees.
///
/// # Errors
/// `Told`: another process has looked and told. `NotAllowed`: the answer would be guesswork.
pub(super) fn ensure_user(
    locale: Locale,
    common: &Common,
    environment: &Environment,
) -> Result<(), CliError> {
    if environment.var(AS_DAEMON).is_some() {
        return Ok(());
    }
    let own = rustix::process::geteuid().as_raw();
    let config = config::load_what_is_understood(&common.config);
    let tls = config.as_ref().and_then(|config| config.server.tls.clone());
    let directory = config.map(|config: Config| config.storage.directory);
    let daemon = daemon_user(common, directory.as_deref());
    match daemon {
        Some(user) if user.id == own => Ok(()),
        Some(user) if own == 0 => Err(as_user(locale, common, user)),
        None if own == 0 => Ok(()),
        _ => {
            let pair = tls.into_iter().flat_map(|tls| tls.files.both());
            may_look(locale, common, environment, directory.as_deref(), pair)
        }
    }
}

/// The user that runs the daemon: the package's user, else the owner of the data directory.
fn daemon_user(common: &Common, directory: Option<&Path>) -> Option<User> {
    let packaged = common.is_packaged().then(packaged_user).flatten();
    packaged.or_else(|| {
        let metadata = fs::metadata(directory?).ok()?;
        Some(User {
            id: metadata.uid(),
            group: metadata.gid(),
        })
    })
}

fn packaged_user() -> Option<User> {
    user_of(&fs::read_to_string("/etc/passwd").ok()?, PACKAGED_USER)
}

/// The user with this name in a text such as `/etc/passwd`.
fn user_of(passwd: &str, name: &str) -> Option<User> {
    let line = passwd.lines().find_map(|line| {
        let rest = line.strip_prefix(name)?;
        rest.strip_prefix(':')
    })?;
    let mut fields = line.split(':').skip(1);
    Some(User {
        id: fields.next()?.parse().ok()?,
        group: fields.next()?.parse().ok()?,
    })
}

/// Runs the same command as another user, who tells what it sees.
fn as_user(locale: Locale, common: &Common, user: User) -> CliError {
    // This very program, wherever its file is.
    let mut command = Command::new("/proc/self/exe");
    command.arg("check").arg("--config").arg(&common.config);
    if common.json {
        command.arg("--json");
    }
    // The language stands in a file that this user perhaps may not read.
    command
        .env(AS_DAEMON, "1")
        .env("LC_ALL", locale.language.code());
    match command.uid(user.id).gid(user.group).status() {
        Ok(status) => {
            let code = status.code().and_then(|code| u8::try_from(code).ok());
            CliError::Told(code.unwrap_or(NO_CODE))
        }
        Err(error) => CliError::Failed(commands::cannot_look_as(user.id, &error, locale.language)),
    }
}

/// Refuses to guess: a user who may not read the daemon's files would be told that they are missing.
fn may_look(
    locale: Locale,
    common: &Common,
    environment: &Environment,
    directory: Option<&Path>,
    pair: impl Iterator<Item = PathBuf>,
) -> Result<(), CliError> {
    let credentials = environment.var("CREDENTIALS_DIRECTORY").map(PathBuf::from);
    let files = [common.config.clone(), config::secrets_file(&common.config)];
    let closed_file = files
        .into_iter()
        .chain(pair)
        .find(|path| is_closed(File::open(path)));
    let mut directories = directory.map(Path::to_owned).into_iter().chain(credentials);
    let closed = closed_file.or_else(|| directories.find(|path| is_closed(fs::read_dir(path))));
    let unwritable = directory.filter(|path| is_closed(tempfile::tempfile_in(path)));
    match closed.or_else(|| unwritable.map(Path::to_owned)) {
        None => Ok(()),
        Some(path) => Err(not_allowed(locale, common, &path)),
    }
}

fn is_closed<T>(opened: io::Result<T>) -> bool {
    opened.is_err_and(|error| error.kind() == io::ErrorKind::PermissionDenied)
}

fn not_allowed(locale: Locale, common: &Common, path: &Path) -> CliError {
    let path = path.display();
    // Another relay may have its own user, whose files are nobody else's either.
    let check = format!("sudo {}", common.commands().program("check"));
    CliError::NotAllowed(checks::may_not_look(path, &check, locale.language))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_user_is_found_by_its_whole_name() {
        let passwd = "root:x:0:0:root:/root:/bin/sh\n\
                      voicedrive-relay-old:x:998:997::/:/bin/false\n\
                      voicedrive-relay:x:991:990::/:/usr/sbin/nologin\n";
        let found = User {
            id: 991,
            group: 990,
        };
        assert_eq!(user_of(passwd, PACKAGED_USER), Some(found));
        assert_eq!(user_of(passwd, "nobody"), None);
        assert_eq!(user_of("voicedrive-relay:x:", PACKAGED_USER), None);
    }
}
