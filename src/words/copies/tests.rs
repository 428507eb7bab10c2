//! What is told of copies that cannot be made, used or restored.

use std::io;

use super::*;
use crate::trouble::Trouble;

#[test]
fn what_cannot_be_read_or_written_says_what_to_do() {
    let path = || "/proc/self/x".into();
    let of_system = |number| SnapshotError::File {
        path: path(),
        source: io::Error::from_raw_os_error(number),
    };
    let (missing, broken, few_files) = (2, 5, 24);
    for (error, advice) in [
        (of_system(missing), "name another file"),
        (of_system(broken), "name another file"),
        (of_system(few_files), "LimitNOFILE="),
        (
            SnapshotError::Database {
                path: path(),
                what: "unable to open database file".to_owned(),
            },
            "use another copy",
        ),
        (
            SnapshotError::Source {
                path: path(),
                trouble: Trouble::Locked,
            },
            "close it",
        ),
        (
            SnapshotError::Stale {
                path: path(),
                other: "/data/relay.db".into(),
            },
            "use /data/relay.db",
        ),
    ] {
        let told = error.describe(Locale {
            language: Language::En,
            timezone: Zone::UTC,
        });
        assert_eq!(told.matches(advice).count(), 1, "{told}");
    }
}

#[test]
fn who_may_not_restore_is_told_to_use_sudo() {
    let forbidden = || io::Error::from(ErrorKind::PermissionDenied);
    let path = || "/var/lib/voicedrive-relay".into();
    for error in [
        RestoreError::Swap {
            path: path(),
            source: forbidden(),
        },
        RestoreError::Directory(OpenError::Directory {
            path: path(),
            source: forbidden(),
        }),
    ] {
        let told = [Language::Ja, Language::En].map(|language| {
            let locale = Locale {
                language,
                timezone: Zone::UTC,
            };
            error.describe(locale, &CommandLine::default())
        });
        for told in told {
            assert!(told.contains("sudo") && !told.contains("chown"), "{told}");
        }
    }
}
