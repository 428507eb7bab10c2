//! How the commands of this relay are typed, so that what is advised can be pasted into a terminal.

use std::path::{Path, PathBuf, absolute};
use std::sync::Arc;

/// Where the package puts the configuration.
pub const PACKAGED_CONFIG: &str = "/etc/voicedrive-relay/config.toml";
/// The name of the program, and of the package's service.
const PROGRAM: &str = "voicedrive-relay";

/// How the commands of a relay are typed: that of the package is found without its configuration, and its files and its
/// control socket are not everybody's. Cheap to clone.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CommandLine {
    /// The configuration; none: that of the package.
    config: Option<Arc<Path>>,
}

impl CommandLine {
    /// The commands of a relay with this configuration.
    #[must_use]
    pub fn of(config: &Path) -> Self {
        let other = config.as_os_str() != PACKAGED_CONFIG;
        // Whoever reads it later may be in another directory.
        let path = || absolute(config).unwrap_or_else(|_| PathBuf::from(config));
        Self {
            config: other.then(|| path().into()),
        }
    }

    /// Whether it is the relay of the package.
    #[must_use]
    pub fn is_packaged(&self) -> bool {
        self.config.is_none()
    }

    /// What is typed for `command`, such as `status`; by a user who may use the relay.
    #[must_use]
    pub fn program(&self, command: &str) -> String {
        match &self.config {
            None => format!("{PROGRAM} {command}"),
            Some(config) => format!("{PROGRAM} {command} --config {}", quoted(config)),
        }
    }

    /// The same by any admin.
    #[must_use]
    pub fn typed(&self, command: &str) -> String {
        self.by_admin(&self.program(command))
    }

    /// Puts `copy` in the place of the database.
    #[must_use]
    pub fn restore(&self, copy: &Path) -> String {
        self.program(&format!("restore {}", quoted(copy)))
    }

    /// What is typed for the service of the package, such as `systemctl stop`. None: whoever runs another relay knows
    /// how it is stopped and where its log is.
    #[must_use]
    pub fn service(&self, command: &str) -> Option<String> {
        self.is_packaged().then(|| format!("{command} {PROGRAM}"))
    }

    /// A whole command as an admin types it.
    #[must_use]
    pub fn by_admin(&self, whole: &str) -> String {
        // The secrets and the control socket of the package are not everybody's, and the journal is not either.
        let for_root = [PROGRAM, "journalctl", "systemctl"];
        let first = whole.split(' ').next().unwrap_or_default();
        let sudo = self.is_packaged() && for_root.contains(&first);
        format!("{}{whole}", if sudo { "sudo " } else { "" })
    }
}

/// A path as a shell takes it for one word.
fn quoted(path: &Path) -> String {
    let text = path.display().to_string();
    let plain = |c: char| c.is_alphanumeric() || "/._-+=:@%,".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        text
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_typed_as_root_for_the_package_and_with_its_file_for_any_other() {
        let packaged = CommandLine::of(Path::new(PACKAGED_CONFIG));
        assert_eq!(packaged, CommandLine::default());
        assert_eq!(packaged.typed("tail -f"), "sudo voicedrive-relay tail -f");
        assert_eq!(packaged.program("tail"), "voicedrive-relay tail");
        let stop = packaged.service("systemctl stop").unwrap();
        let stop = packaged.by_admin(&stop);
        assert_eq!(stop, "sudo systemctl stop voicedrive-relay");
        assert_eq!(packaged.by_admin("timedatectl"), "timedatectl");

        let other = CommandLine::of(Path::new("/srv/relay/a.toml"));
        let typed = "voicedrive-relay tail -f --config /srv/relay/a.toml";
        assert_eq!(other.typed("tail -f"), typed);
        // It would stop the package's relay, which is another one.
        assert_eq!(other.service("systemctl stop"), None);
    }

    #[test]
    fn what_is_typed_works_in_any_directory_and_with_any_name() {
        let relative = CommandLine::of(Path::new("relay.toml")).typed("status");
        let (_, path) = relative.split_once("--config ").unwrap();
        assert!(Path::new(path).is_absolute(), "{relative}");
        let odd = CommandLine::of(Path::new("/srv/the clinic's/設定.toml"));
        let restored = odd.restore(Path::new("/data/relay-backup.db"));
        let expected = r"voicedrive-relay restore /data/relay-backup.db --config '/srv/the clinic'\''s/設定.toml'";
        assert_eq!(restored, expected);
    }
}
