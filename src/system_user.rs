//! Users and groups of this machine, as `/etc/passwd` and `/etc/group` have them.

use std::fs;

/// The file that every system has.
const PASSWD: &str = "/etc/passwd";
/// Its lines begin as those of the other do: a name, a password, a number.
const GROUP: &str = "/etc/group";
/// The user who may read everything.
const ROOT: u32 = 0;

/// What a user with this number is called; one that only another directory of users knows keeps the number.
#[must_use]
pub fn name_of(id: u32) -> String {
    let passwd = fs::read_to_string(PASSWD).unwrap_or_default();
    name_in(&passwd, id).map_or_else(|| format!("uid {id}"), str::to_owned)
}

/// The user that runs this process.
#[must_use]
pub fn own_name() -> String {
    name_of(rustix::process::geteuid().as_raw())
}

/// The group by which this process may read a file with this owner; none: it needs no group for that.
#[must_use]
pub fn group_to_read_by(owner: u32) -> Option<String> {
    let own = rustix::process::geteuid().as_raw();
    needs_group(own, owner).then(|| {
        let id = rustix::process::getegid().as_raw();
        let groups = fs::read_to_string(GROUP).unwrap_or_default();
        name_in(&groups, id).map_or_else(|| id.to_string(), str::to_owned)
    })
}

/// Whether a file with this owner is somebody's who is neither the user of this process nor root. To root, all are alike.
#[must_use]
pub fn is_another(owner: u32) -> bool {
    is_foreign(rustix::process::geteuid().as_raw(), owner)
}

fn is_foreign(user: u32, owner: u32) -> bool {
    owner != ROOT && needs_group(user, owner)
}

fn needs_group(user: u32, owner: u32) -> bool {
    user != owner && user != ROOT
}

fn name_in(lines: &str, id: u32) -> Option<&str> {
    lines.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        let found: u32 = fields.nth(1)?.parse().ok()?;
        (found == id).then_some(name)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_is_called_by_the_name_of_the_file() {
        let passwd =
            "root:x:0:0:root:/root:/bin/sh\nbroken\ntanaka:x:1000:1000::/home/tanaka:/bin/sh\n";
        assert_eq!(name_in(passwd, 0), Some("root"));
        assert_eq!(name_in(passwd, 1000), Some("tanaka"));
        assert_eq!(name_in(passwd, 10), None);
        assert_eq!(
            name_in("root:x:0:\nclinic:x:990:a,b\n", 990),
            Some("clinic")
        );
    }

    #[test]
    fn a_group_is_needed_for_the_file_of_somebody_else() {
        assert!(needs_group(991, 0) && needs_group(991, 1000));
        assert!(!needs_group(991, 991) && !needs_group(0, 991));
    }

    #[test]
    fn a_file_of_the_user_or_of_root_is_not_anothers() {
        assert!(is_foreign(991, 1000));
        assert!(!is_foreign(991, 991) && !is_foreign(991, 0) && !is_foreign(0, 1000));
    }
}
