//! What only the running relay has is saved: wherever an admin names a place, and at the stop wherever there is one.

use std::collections::HashSet;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use tempfile::TempDir;

use crate::commands::{Daemon, program};
use crate::harness::configuration;
use crate::losing::{NOBODY, give, hand_in, health_until, ids_in, is_root, rescued_in, text};

/// Whether files can be made in a directory.
fn may_be_written(directory: &Path, may: bool) {
    let mode = if may { 0o750 } else { 0o550 };
    fs::set_permissions(directory, Permissions::from_mode(mode)).unwrap();
}

/// A relay whose database is gone, and which cannot write into its data directory; with what it has accepted.
struct Gone {
    around: TempDir,
    daemon: Daemon,
    accepted: HashSet<String>,
}

impl Gone {
    /// At a stop it may write into `refuge`, when there is one.
    async fn with(refuge: bool) -> Self {
        let around = TempDir::new().unwrap();
        let at = |name: &str| around.path().join(name);
        fs::create_dir(at("data")).unwrap();
        if refuge {
            fs::create_dir(at("refuge")).unwrap();
        }
        fs::write(at("config.toml"), configuration(&at("data"), "", "")).unwrap();
        let mut program = program();
        program.env("TMPDIR", at("refuge"));
        // Root is let in everywhere.
        if is_root() {
            give(around.path(), NOBODY);
            program.uid(NOBODY);
        }
        let daemon = Daemon::launch(program, &at("config.toml")).await;
        let mut accepted = HashSet::new();
        for _ in 0..20 {
            accepted.insert(hand_in(&daemon.url).await.1);
        }
        fs::remove_dir_all(at("data/live")).unwrap();
        may_be_written(&at("data"), false);
        Self {
            around,
            daemon,
            accepted,
        }
    }

    /// Stops the relay. Answers its exit code and what it logs.
    async fn stopped(&mut self) -> (Option<i32>, String) {
        self.daemon.signal("-TERM");
        let mut log = Vec::new();
        while let Some(line) = self.daemon.log.next_line().await {
            log.push(line);
        }
        let code = self.daemon.child.wait().await.unwrap().code();
        may_be_written(&self.around.path().join("data"), true);
        (code, log.join("\n"))
    }
}

#[tokio::test]
async fn a_database_that_is_gone_is_copied_to_the_place_that_an_admin_names() {
    let mut gone = Gone::with(false).await;
    let url = &gone.daemon.url;
    let told = health_until(url, |_, told| told.contains("not in its place")).await;
    assert!(told.contains("do not stop it"), "{told}");
    assert!(
        told.contains("voicedrive-relay backup /mnt/backup/relay.db"),
        "{told}"
    );
    let copy = gone.around.path().join("copy.db");
    let target = copy.to_str().unwrap();
    // The second goes over the first.
    for _ in 0..2 {
        let made = gone.daemon.run(&["backup", target]).await;
        let error = text(&made.stderr);
        assert!(made.status.success(), "{error}");
        assert!(text(&made.stdout).contains("20 events"), "{made:?}");
        assert_eq!(ids_in(&copy), gone.accepted);
    }
    let own = gone.around.path().join("data/relay-backup.db");
    let refused = gone.daemon.run(&["backup", own.to_str().unwrap()]).await;
    assert_eq!(refused.status.code(), Some(1));
    let names = fs::read_dir(gone.around.path()).unwrap().flatten();
    let names: Vec<_> = names.map(|entry| entry.file_name()).collect();
    assert_eq!(names.len(), 3, "nothing else is left there: {names:?}");
    // Nothing takes a copy at the stop, and the log says so.
    let (code, log) = gone.stopped().await;
    assert_eq!(code, Some(1), "{log}");
    assert!(log.contains("could not be copied out"), "{log}");
    assert!(!log.contains("live/relay.db alone"), "{log}");
}

#[tokio::test]
async fn a_stop_leaves_what_was_accepted_in_another_place_when_the_data_directory_takes_nothing() {
    let mut gone = Gone::with(true).await;
    let (code, log) = gone.stopped().await;
    assert_eq!(code, Some(0), "{log}");
    let rescued = rescued_in(&gone.around.path().join("refuge"));
    assert_eq!(rescued.len(), 1, "{log}");
    assert_eq!(ids_in(&rescued[0]), gone.accepted);
    assert!(log.contains(rescued[0].to_str().unwrap()), "{log}");
    assert!(!log.contains("live/relay.db alone"), "{log}");
}
