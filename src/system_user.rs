//! Users of this machine, as `/etc/passwd` has them.

use std::fs;

/// The file that every system has.
const PASSWD: &str = "/etc/passwd";

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

fn name_in(passwd: &str, id: u32) -> Option<&str> {
    passwd.lines().find_map(|line| {
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
    }
}
