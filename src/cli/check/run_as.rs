//! The user as whom `check` runs. Root can read files that the daemon's user cannot, and a file that others
//! cannot read may be exactly as it should be. So root checks as the daemon's user, and everybody else is
//! told which files they may not read.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};
use std::thread;

use rustix::fs::{Access, AtFlags, CWD, accessat};
use rustix::process::{Gid, Uid};
use rustix::thread::{set_thread_groups, set_thread_res_gid, set_thread_res_uid};

use crate::cli::common::PACKAGED_CREDENTIALS;
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
    match status_as(user, command) {
        Ok(status) => {
            let code = status.code().and_then(|code| u8::try_from(code).ok());
            CliError::Told(code.unwrap_or(NO_CODE))
        }
        Err(error) => CliError::Failed(commands::cannot_look_as(user.id, &error, locale.language)),
    }
}

/// What came of a command that another user runs.
fn status_as(user: User, mut command: Command) -> io::Result<ExitStatus> {
    // Only this thread becomes the user, and whatever it starts.
    let started = thread::spawn(move || become_user(user).and_then(|()| command.status()));
    let ended = started.join();
    ended.unwrap_or_else(|_| Err(io::ErrorKind::Other.into()))
}

/// Lets this thread be a user with all groups, as the service manager does: a key may be for a group, such as `ssl-cert`.
fn become_user(user: User) -> io::Result<()> {
    let [passwd, group] =
        ["/etc/passwd", "/etc/group"].map(|path| fs::read_to_string(path).unwrap_or_default());
    let others = name_of(&passwd, user.id).map(|name| groups_of(&group, name));
    let all = others.into_iter().flatten().chain([user.group]);
    let all: Vec<_> = all.map(Gid::from_raw).collect();
    let (id, own) = (Uid::from_raw(user.id), Gid::from_raw(user.group));
    set_thread_groups(&all)?;
    set_thread_res_gid(own, own, own)?;
    set_thread_res_uid(id, id, id)?;
    Ok(())
}

/// The name of a user in a text such as `/etc/passwd`.
fn name_of(passwd: &str, id: u32) -> Option<&str> {
    passwd.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        let own: u32 = fields.nth(1)?.parse().ok()?;
        (own == id).then_some(name)
    })
}

/// The groups in a text such as `/etc/group` that name a user.
fn groups_of(group: &str, name: &str) -> Vec<u32> {
    let naming = group.lines().filter_map(|line| {
        let mut fields = line.split(':').skip(2);
        let id = fields.next()?.parse().ok()?;
        let mut members = fields.next()?.split(',');
        members.any(|member| member == name).then_some(id)
    });
    naming.collect()
}

/// Refuses to guess: a user who may not read the daemon's files would be told that they are missing.
fn may_look(
    locale: Locale,
    common: &Common,
    environment: &Environment,
    directory: Option<&Path>,
    pair: impl Iterator<Item = PathBuf>,
) -> Result<(), CliError> {
    let credentials = environment.var("CREDENTIALS_DIRECTORY");
    let packaged = common.is_packaged().then_some(PACKAGED_CREDENTIALS);
    let credentials = credentials.or(packaged).map(PathBuf::from);
    let files = [common.config.clone(), config::secrets_file(&common.config)];
    let closed_file = files
        .into_iter()
        .chain(pair)
        .find(|path| is_closed(access(path, Access::READ_OK)));
    let mut directories = directory.map(Path::to_owned).into_iter().chain(credentials);
    let closed = closed_file.or_else(|| directories.find(|path| is_closed(fs::read_dir(path))));
    let unwritable = directory.filter(|path| is_closed(tempfile::tempfile_in(path)));
    match closed.or_else(|| unwritable.map(Path::to_owned)) {
        None => Ok(()),
        Some(path) => Err(not_allowed(locale, common, &path)),
    }
}

/// Whether this user may do that with it. Nothing is opened: opening a pipe would wait for its writer.
fn access(path: &Path, how: Access) -> io::Result<()> {
    Ok(accessat(CWD, path, how, AtFlags::EACCESS)?)
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
    fn a_user_has_the_groups_that_name_it() {
        let passwd = "root:x:0:0:root:/root:/bin/sh\nrelay:x:991:990::/:/usr/sbin/nologin\n";
        assert_eq!(name_of(passwd, 991), Some("relay"));
        assert_eq!(name_of(passwd, 99), None);
        let group = "root:x:0:\nssl-cert:x:112:postgres,relay\nother:x:113:relay-old\nrelay:x:990:\nadm:x:4:relay\n\n";
        assert_eq!(groups_of(group, "relay"), [112, 4]);
        assert!(groups_of(group, "nobody").is_empty());
    }

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
