//! The directories around the database are closed to the relay's user: before the start, and while the relay runs. The
//! database is still there then, and nothing says that it is gone.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::commands::{Daemon, program};
use crate::harness::configuration;
use crate::losing::{
    NOBODY, give, hand_in, health_until, ids_in, is_root, refused_start, run_as, text,
};

/// A directory with the configuration, and the data directory in a directory of its own in it.
struct Place {
    around: TempDir,
    user: Option<u32>,
}

impl Place {
    /// None: root is let in everywhere, so another user is needed.
    fn new() -> Self {
        let around = TempDir::new().unwrap();
        let place = Self {
            around,
            user: is_root().then_some(NOBODY),
        };
        fs::create_dir_all(place.data()).unwrap();
        mode(&place.data(), 0o750);
        fs::write(place.config(), configuration(&place.data(), "", "")).unwrap();
        if let Some(user) = place.user {
            give(place.around.path(), user);
        }
        place
    }

    fn above(&self) -> PathBuf {
        self.around.path().join("above")
    }

    fn data(&self) -> PathBuf {
        self.above().join("data")
    }

    fn config(&self) -> PathBuf {
        self.around.path().join("config.toml")
    }

    async fn daemon(&self) -> Daemon {
        let mut program = program();
        if let Some(user) = self.user {
            program.uid(user);
        }
        Daemon::launch(program, &self.config()).await
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        // So that it can be deleted.
        for path in [self.above(), self.data(), self.data().join("live")] {
            mode(&path, 0o750);
        }
    }
}

fn mode(path: &Path, mode: u32) {
    // One that is not there yet needs none.
    let _ = fs::set_permissions(path, Permissions::from_mode(mode));
}

async fn stopped(mut daemon: Daemon) {
    daemon.signal("-TERM");
    assert!(daemon.child.wait().await.unwrap().success());
}

#[tokio::test]
async fn a_directory_that_was_closed_is_named_with_the_command_that_opens_it() {
    let place = Place::new();
    stopped(place.daemon().await).await;
    for closed in [place.above(), place.data(), place.data().join("live")] {
        mode(&closed, 0);
        let expected = format!("sudo chmod u+rwx {}", closed.display());
        let told = refused_start(&place.config(), place.user).await;
        assert!(told.contains(&expected), "{told}");
        assert!(!told.contains("gone") && !told.contains("chown"), "{told}");
        // Root looks as the daemon's user. Who is neither cannot know who that is when the way there is closed.
        if is_root() || closed != place.above() {
            let checked = text(&run_as(None, "check", &place.config()).await.stdout);
            assert!(checked.contains(&expected), "{checked}");
            assert!(
                !checked.contains("gone") && !checked.contains("chown"),
                "{checked}"
            );
        }
        mode(&closed, 0o750);
    }
    stopped(place.daemon().await).await;
}

#[tokio::test]
async fn a_database_that_may_not_be_read_is_not_replaced() {
    let place = Place::new();
    stopped(place.daemon().await).await;
    let live = place.data().join("live");
    for closed in [live.clone(), live.join("relay.db")] {
        mode(&closed, 0);
        let mut program = program();
        if let Some(user) = place.user {
            program.uid(user);
        }
        let copy = place.data().join("relay-backup.db");
        let output = program.arg("restore").arg(copy).arg("--config");
        let output = output.arg(place.config()).output().await.unwrap();
        let told = text(&output.stderr);
        assert!(!output.status.success(), "{told}");
        assert!(told.contains("sudo chmod u+rw"), "{told}");
        assert!(!told.contains("If the database is lost"), "{told}");
        mode(&closed, 0o750);
        let names = fs::read_dir(place.data()).unwrap();
        let mut names = names.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        assert!(names.all(|name| !name.contains("before-restore")));
    }
}

#[tokio::test]
async fn a_directory_that_is_closed_while_the_relay_runs_is_no_database_that_is_gone() {
    let place = Place::new();
    let mut daemon = place.daemon().await;
    let (status, first) = hand_in(&daemon.url).await;
    assert_eq!(status, 202, "{first}");
    for closed in [place.data(), place.data().join("live")] {
        mode(&closed, 0);
        let told = health_until(&daemon.url, |status, _| status == 503).await;
        let expected = format!("sudo chmod u+rwx {}", closed.display());
        assert!(told.contains(&expected), "{told}");
        assert!(told.contains("nothing was lost"), "{told}");
        assert!(!told.contains("do not stop"), "{told}");
        assert_eq!(hand_in(&daemon.url).await.0, 503);
        mode(&closed, 0o750);
        health_until(&daemon.url, |status, _| status == 200).await;
        let (status, told) = hand_in(&daemon.url).await;
        assert_eq!(status, 202, "{told}");
    }
    // A stop meanwhile is an ordinary one, and takes nothing with it.
    mode(&place.data(), 0);
    health_until(&daemon.url, |status, _| status == 503).await;
    daemon.signal("-TERM");
    let mut told = Vec::new();
    while let Some(line) = daemon.log.next_line().await {
        told.push(line);
    }
    assert!(daemon.child.wait().await.unwrap().success(), "{told:#?}");
    let told = told.join("\n");
    assert!(!told.contains("not in its place"), "{told}");
    assert!(!told.contains("rescued"), "{told}");
    mode(&place.data(), 0o750);
    let daemon = place.daemon().await;
    daemon.run(&["backup"]).await;
    stopped(daemon).await;
    let kept = ids_in(&place.data().join("relay-backup.db"));
    assert!(kept.contains(&first), "{kept:?}");
    assert_eq!(kept.len(), 3);
}
