//! Why the server did not do what it was asked.

/// Why nothing came of a statement, or of connecting.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SharedDatabaseError {
    /// Nobody answers there, or not with TLS.
    #[error("cannot be reached: {0}")]
    Unreachable(String),
    /// The connection broke, and it is not known what became of the statement.
    #[error("the connection broke: {0}")]
    Lost(String),
    /// The server refused.
    #[error("the server refused (error {code}): {said}")]
    Refused {
        /// The server's number of the error.
        code: u16,
        /// What it said, without the values of a row.
        said: String,
    },
    /// It does not take the settings that a connection needs: rows would be cut without a word.
    #[error("the server does not set sql_mode to STRICT_ALL_TABLES")]
    NotStrict,
    /// Another copy runs, or ran since this one began.
    #[error("another copy has begun meanwhile")]
    Overtaken,
    /// The own database has the tables of another version.
    #[error("the relay's own database has the tables of another version")]
    OtherVersion,
    /// Nothing was copied there.
    #[error("nothing was copied yet")]
    NothingCopied,
}

/// Errors after which the same transaction can be tried again: deadlock, lock wait, conflicts of clusters, a server that
/// is being stopped.
const AGAIN: [u16; 8] = [1213, 1205, 1180, 1020, 3101, 1047, 1053, 1927];
/// Errors about one row: a key that is there, a value that does not fit, a reference to nothing, a partition that it has
/// none of, JSON that is too deep or too long there, what a trigger or a view has against it.
const OF_ROW: [u16; 19] = [
    1048, 1062, 1264, 1265, 1292, 1366, 1369, 1406, 1451, 1452, 1526, 1586, 1644, 3140, 3150, 3151,
    3157, 3819, 4025,
];

/// Errors about a disk or a table that is full.
const FULL: [u16; 2] = [1021, 1114];
/// Errors about a file or a table that may come of a full disk: the message has the number of the true reason then.
const MAY_BE_FULL: [u16; 6] = [1, 3, 1004, 1005, 1026, 1030];
/// In a message, what stands before the number of the system's error.
const NUMBER_FOLLOWS: [&str; 3] = ["errno: ", "Errcode: ", "Got error "];
/// These numbers: no space left on the device, no more room in the file.
const NO_ROOM: [&str; 2] = ["28", "135"];
/// The error about a statement that is longer than the server takes. It is not even sent, and this is said of it.
const TOO_LONG: u16 = 1153;
const SAID_OF_TOO_LONG: &str = "larger than max_allowed_packet";
/// Errors about privileges: on a database, a table, a column, or as such.
const DENIED: [u16; 4] = [1044, 1142, 1143, 1227];
/// Errors about a user who is not known by this password, or in this way.
const LOGIN: [u16; 3] = [1045, 1524, 1698];
/// Errors about a user whose password has expired, whose account is locked, or who may not come from this machine, or not so
/// often.
const LOCKED_OUT: [u16; 9] = [1040, 1129, 1130, 1203, 1226, 1820, 1862, 3118, 4151];
/// Errors about a database, a table or a view that is not there.
const GONE: [u16; 4] = [1046, 1049, 1051, 1146];
/// Errors about a server that takes no changes: it follows another one, or somebody has set it so.
const READ_ONLY: [u16; 3] = [1290, 1792, 1836];

impl SharedDatabaseError {
    pub(super) fn of(error: &mysql_async::Error) -> Self {
        match error {
            mysql_async::Error::Server(error) => {
                let code = error.code;
                let is_of_row = OF_ROW.contains(&code);
                // The message repeats the value.
                let said = if is_of_row { "" } else { &error.message };
                let said = said.to_owned();
                Self::Refused { code, said }
            }
            other => match other.to_string() {
                said if said.contains(SAID_OF_TOO_LONG) => Self::Refused {
                    code: TOO_LONG,
                    said,
                },
                said => Self::Lost(said),
            },
        }
    }

    /// Whether the server takes no statement as long as the one that a row needs.
    #[must_use]
    pub fn is_too_long(&self) -> bool {
        matches!(self, Self::Refused { code: TOO_LONG, .. })
    }

    /// Whether the same is worth another try on the same connection.
    #[must_use]
    pub fn is_for_again(&self) -> bool {
        matches!(self, Self::Refused { code, .. } if AGAIN.contains(code))
    }

    /// Whether somebody else held a row for longer than the server lets anybody wait.
    #[must_use]
    pub fn is_lock_wait(&self) -> bool {
        matches!(self, Self::Refused { code: 1205, .. })
    }

    /// Whether its disk, or what a table may take of it, is full.
    #[must_use]
    pub fn is_full(&self) -> bool {
        let Self::Refused { code, said } = self else {
            return false;
        };
        let has_number = || {
            let after = |mark| said.split(mark).skip(1);
            let mut reasons = NUMBER_FOLLOWS.into_iter().flat_map(after);
            reasons.any(|reason| {
                let number = reason.split(|letter: char| !letter.is_ascii_digit()).next();
                number.is_some_and(|number| NO_ROOM.contains(&number))
            })
        };
        FULL.contains(code) || (MAY_BE_FULL.contains(code) && has_number())
    }

    /// Whether it does not know the user by this password.
    #[must_use]
    pub fn is_login(&self) -> bool {
        matches!(self, Self::Refused { code, .. } if LOGIN.contains(code))
    }

    /// Whether it knows the user, who has to be let in again, or may not come from here.
    #[must_use]
    pub fn is_locked_out(&self) -> bool {
        matches!(self, Self::Refused { code, .. } if LOCKED_OUT.contains(code))
    }

    /// Whether this user lacks a privilege.
    #[must_use]
    pub fn is_denied(&self) -> bool {
        matches!(self, Self::Refused { code, .. } if DENIED.contains(code))
    }

    /// Whether somebody has taken away what was there.
    #[must_use]
    pub fn is_gone(&self) -> bool {
        matches!(self, Self::Refused { code, .. } if GONE.contains(code))
    }

    /// Whether it takes no changes.
    #[must_use]
    pub fn is_read_only(&self) -> bool {
        matches!(self, Self::Refused { code, .. } if READ_ONLY.contains(code))
    }

    /// The number of an error that is about a row.
    #[must_use]
    pub fn of_row(&self) -> Option<u16> {
        match self {
            Self::Refused { code, .. } if OF_ROW.contains(code) => Some(*code),
            _ => None,
        }
    }

    /// Whether the connection is gone.
    #[must_use]
    pub fn is_lost(&self) -> bool {
        matches!(self, Self::Lost(_) | Self::Unreachable(_))
    }
}

impl From<mysql_async::Error> for SharedDatabaseError {
    fn from(error: mysql_async::Error) -> Self {
        Self::of(&error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As MariaDB and MySQL say it.
    #[test]
    fn a_full_disk_is_known_by_its_number_or_by_the_one_in_the_message() {
        let is_full = |code, said: &str| {
            let said = said.to_owned();
            SharedDatabaseError::Refused { code, said }.is_full()
        };
        for (code, said) in [
            (1114, "The table 'webhook_send_logs' is full"),
            (
                1021,
                "Disk full (/tmp/#sql1); waiting for someone to free some space...",
            ),
            (
                1005,
                "Can't create table `relay`.`incidents` (errno: 135 \"No more room in record file\")",
            ),
            (
                1030,
                "Got error 28 \"No space left on device\" from storage engine InnoDB",
            ),
            (
                3,
                "Error writing file '/tmp/x' (Errcode: 28 \"No space left on device\")",
            ),
            (
                1026,
                "Error writing file './log.000001' (errno: 28 - No space left on device)",
            ),
        ] {
            assert!(is_full(code, said), "{code} {said}");
        }
        for (code, said) in [
            (
                1005,
                "Can't create table `relay`.`t28` (errno: 121 \"Duplicate key on write or update\")",
            ),
            (
                1,
                "Can't create/write to file '/tmp/#sql_28_0.MYI' (Errcode: 13 \"Permission denied\")",
            ),
            (
                1005,
                "Can't create table `clinic-28`.`incidents` (errno: 150 \"Foreign key constraint is incorrectly formed\")",
            ),
            (1030, "Got error 168 from storage engine"),
            (1062, "28"),
        ] {
            assert!(!is_full(code, said), "{code} {said}");
        }
    }
}
