//! The mounts through which the database's directory is reached. A service has mounts of its own over those of the machine:
//! when the disk is unmounted on the machine, the service alone still has it, until it stops.

use std::fs;
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, CWD, StatxFlags, statx};

/// What is mounted in this process's view, one a line.
const TABLE: &str = "/proc/self/mountinfo";

/// The mounts of a directory, as they were when the database was opened.
pub(super) struct Mounts {
    directory: PathBuf,
    /// The disk of each, and which directory of it; the innermost first. None when that cannot be known.
    opened: Vec<String>,
}

impl Mounts {
    pub(super) fn of(directory: &Path) -> Self {
        Self {
            directory: directory.to_owned(),
            opened: now(directory).unwrap_or_default(),
        }
    }

    /// Whether all of them are there. What cannot be asked is: whoever looks for the database itself says more.
    pub(super) fn are_held(&self) -> bool {
        let Some(now) = now(&self.directory) else {
            return true;
        };
        // Others may have come in between.
        let mut now = now.iter();
        self.opened
            .iter()
            .all(|mount| now.any(|found| found == mount))
    }
}

fn now(directory: &Path) -> Option<Vec<String>> {
    let found = statx(CWD, directory, AtFlags::empty(), StatxFlags::MNT_ID).ok()?;
    let table = fs::read_to_string(TABLE).ok()?;
    Some(chain(&table, found.stx_mnt_id))
}

/// The mount with this number, that on which it is mounted, and so on.
fn chain(table: &str, mut number: u64) -> Vec<String> {
    let mounts: Vec<(u64, u64, String)> = table.lines().filter_map(parsed).collect();
    let mut chain = Vec::new();
    // Each stands on another one.
    while chain.len() < mounts.len()
        && let Some((_, parent, disk)) = mounts.iter().find(|(own, ..)| *own == number)
    {
        chain.push(disk.clone());
        number = *parent;
    }
    chain
}

/// The number of a mount, that of the one on which it stands, and which directory of which disk it shows.
fn parsed(line: &str) -> Option<(u64, u64, String)> {
    let mut words = line.split(' ');
    let mut word = || words.next();
    let (number, parent) = (word()?.parse().ok()?, word()?.parse().ok()?);
    let (device, root) = (word()?, word()?);
    Some((number, parent, format!("{device} {root}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As systemd mounts the directory of a service once more over the machine's mount of a disk.
    const SERVICE: &str = "\
286 248 0:39 / / ro,nosuid shared:61 master:1 - overlay overlay rw
323 286 8:17 / /var/lib/voicedrive-relay rw,nosuid shared:86 master:44 - ext4 /dev/sdb1 rw
317 323 8:17 / /var/lib/voicedrive-relay rw,nosuid shared:87 master:44 - ext4 /dev/sdb1 rw
";

    #[test]
    fn a_disk_that_is_unmounted_on_the_machine_is_missed_by_its_service_until_it_is_back() {
        let opened = chain(SERVICE, 317);
        assert_eq!(opened, ["8:17 /", "8:17 /", "0:39 /"]);
        let unmounted = "\
286 248 0:39 / / ro,nosuid shared:61 master:1 - overlay overlay rw
317 286 8:17 / /var/lib/voicedrive-relay rw,nosuid shared:87 - ext4 /dev/sdb1 rw
";
        assert_eq!(chain(unmounted, 317), ["8:17 /", "0:39 /"]);
        let back = SERVICE.replace("323", "400");
        assert_eq!(chain(&back, 317), opened);
        // A table that leads in a circle has an end too.
        assert_eq!(chain("1 1 0:1 / / rw", 1), ["0:1 /"]);
    }

    #[test]
    fn the_mounts_of_a_directory_are_known_and_held() {
        let directory = tempfile::tempdir().unwrap();
        let mut mounts = Mounts::of(directory.path());
        assert!(!mounts.opened.is_empty());
        assert!(mounts.are_held());
        mounts.opened.insert(0, "0:0 /gone".to_owned());
        assert!(!mounts.are_held());
    }
}
