//! What is put in the place of the relay's own files while it is stopped: it is called by its name, and nothing is lost.

use std::fs::{self, File, Permissions};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use rusqlite::Connection;

use crate::commands::{Daemon, program};
use crate::losing::{
    NOBODY, give, is_root, refused_start, run_as, stopped, stopped_in_order, text,
};

pub async fn run(config: &Path, words: &[&str]) -> (Option<i32>, String) {
    let mut program = program();
    program.args(words).arg("--config").arg(config);
    let output = program.output().await.unwrap();
    let told = text(&output.stdout) + &text(&output.stderr);
    (output.status.code(), told)
}

#[tokio::test]
async fn a_database_that_was_cut_within_its_last_page_is_damaged() {
    let (directory, config) = stopped_in_order().await;
    let live = directory.path().join("live/relay.db");
    let whole = fs::metadata(&live).unwrap().len();
    for bytes in [whole - 1, whole - 4000, whole - 4096] {
        let file = File::options().write(true).open(&live).unwrap();
        file.set_len(bytes).unwrap();
        for told in [
            refused_start(&config, None).await,
            run(&config, &["check"]).await.1,
        ] {
            assert!(told.contains("damaged"), "{bytes}: {told}");
            assert!(told.contains("voicedrive-relay restore"), "{bytes}: {told}");
        }
        assert_eq!(fs::metadata(&live).unwrap().len(), bytes);
    }
}

#[tokio::test]
async fn what_stands_in_a_directorys_or_the_locks_place_is_called_by_its_name() {
    let nobody = is_root().then_some(NOBODY);
    for (what, told) in [
        ("live is a file", "a directory should be here"),
        ("live leads nowhere", "symbolic link leads nowhere"),
        ("live leads to itself", "symbolic link leads nowhere"),
        (
            "live is closed",
            if is_root() {
                "sudo chown --reference="
            } else {
                "sudo chmod u+rwx "
            },
        ),
        ("data is a file", "a directory should be here"),
        ("data leads nowhere", "symbolic link leads nowhere"),
        ("lock is a directory", "not an ordinary file"),
        ("lock is a link", "not an ordinary file"),
        ("lock is a pipe", "not an ordinary file"),
        ("lock is closed", "sudo chmod u+rw "),
    ] {
        let (directory, config) = stopped_in_order().await;
        let at = |name: &str| directory.path().join(name);
        let precious = at("precious");
        fs::write(&precious, "kept").unwrap();
        let closed = what.ends_with("is closed");
        if closed && let Some(user) = nobody {
            give(directory.path(), user);
        }
        let data = at("data");
        if what.starts_with("data") {
            let text = fs::read_to_string(&config).unwrap();
            let (old, new) = (
                directory.path().display().to_string(),
                data.display().to_string(),
            );
            fs::write(
                &config,
                text.replace(&format!("\"{old}\""), &format!("\"{new}\"")),
            )
            .unwrap();
        }
        let lock = || fs::remove_file(at("lock")).unwrap();
        match what {
            "live is a file" => {
                fs::rename(at("live"), at("former")).unwrap();
                fs::write(at("live"), "a file").unwrap();
            }
            "live leads nowhere" => {
                fs::rename(at("live"), at("former")).unwrap();
                symlink(at("not/mounted"), at("live")).unwrap();
            }
            "live leads to itself" => {
                fs::rename(at("live"), at("former")).unwrap();
                symlink(at("live"), at("live")).unwrap();
            }
            "live is closed" => {
                if nobody.is_some() {
                    std::os::unix::fs::chown(at("live"), Some(0), Some(0)).unwrap();
                }
                fs::set_permissions(
                    at("live"),
                    Permissions::from_mode(0o700 * u32::from(nobody.is_some())),
                )
                .unwrap();
            }
            "data is a file" => fs::write(&data, "a file").unwrap(),
            "data leads nowhere" => symlink(at("not/mounted"), &data).unwrap(),
            "lock is a directory" => {
                lock();
                fs::create_dir(at("lock")).unwrap();
            }
            "lock is a link" => {
                lock();
                symlink(&precious, at("lock")).unwrap();
            }
            "lock is a pipe" => {
                lock();
                let made = std::process::Command::new("mkfifo")
                    .arg(at("lock"))
                    .status();
                assert!(made.unwrap().success());
            }
            _ => fs::set_permissions(at("lock"), Permissions::from_mode(0o000)).unwrap(),
        }
        let user = nobody.filter(|_| closed);
        let error = refused_start(&config, user).await;
        assert!(error.contains(told), "{what}: {error}");
        assert!(!error.contains("is gone"), "{what}: {error}");
        let checked = run_as(user, "check", &config).await;
        assert_ne!(checked.status.code(), Some(0), "{what}");
        let checked = text(&checked.stdout);
        assert!(checked.contains(told), "{what}: {checked}");
        assert_eq!(fs::read(&precious).unwrap(), b"kept");
        let _ = fs::set_permissions(at("live"), Permissions::from_mode(0o700));
    }
}

#[tokio::test]
async fn a_link_in_the_backup_files_place_is_left_and_told() {
    for is_link in [true, false] {
        let (directory, config) = stopped_in_order().await;
        let (backup, elsewhere) = (
            directory.path().join("relay-backup.db"),
            directory.path().join("elsewhere.db"),
        );
        fs::rename(&backup, &elsewhere).unwrap();
        let before = fs::read(&elsewhere).unwrap();
        if is_link {
            symlink(&elsewhere, &backup).unwrap();
        } else {
            fs::create_dir(&backup).unwrap();
        }
        let (code, checked) = run(&config, &["check"]).await;
        assert_ne!(code, Some(0), "{checked}");
        assert!(checked.contains("no copy can take its place"), "{checked}");
        let daemon = Daemon::start(directory.path(), "", "").await;
        let refused = daemon.run(&["backup", backup.to_str().unwrap()]).await;
        assert_eq!(refused.status.code(), Some(1));
        let told = text(&refused.stderr);
        assert!(told.contains("not an ordinary file"), "{told}");
        stopped(daemon).await;
        assert_eq!(fs::symlink_metadata(&backup).unwrap().is_symlink(), is_link);
        assert!(fs::read(&elsewhere).unwrap() == before);
    }
}

#[tokio::test]
async fn another_file_in_the_control_sockets_place_is_found_by_check() {
    let (directory, config) = stopped_in_order().await;
    fs::write(directory.path().join("control.sock"), "somebody's").unwrap();
    let (code, checked) = run(&config, &["check"]).await;
    assert_ne!(code, Some(0), "{checked}");
    assert!(checked.contains("this is no socket"), "{checked}");
}

#[tokio::test]
async fn a_copy_that_lacks_a_table_or_an_index_is_not_good() {
    let (directory, config) = stopped_in_order().await;
    let copy = directory.path().join("mine.db");
    for (change, name) in [
        ("DROP TABLE audit", "audit"),
        ("DROP INDEX events_by_type", "events_by_type"),
        ("ALTER TABLE holds RENAME COLUMN reason TO why", "holds"),
    ] {
        fs::copy(directory.path().join("relay-backup.db"), &copy).unwrap();
        Connection::open(&copy)
            .unwrap()
            .execute_batch(change)
            .unwrap();
        for command in ["verify", "restore"] {
            let (code, told) = run(&config, &[command, copy.to_str().unwrap()]).await;
            assert_eq!(code, Some(1), "{change}: {told}");
            assert!(told.contains(name), "{change}: {told}");
        }
    }
    // What somebody has added is no damage.
    fs::copy(directory.path().join("relay-backup.db"), &copy).unwrap();
    let open = Connection::open(&copy).unwrap();
    open.execute_batch("CREATE INDEX mine ON events (route); ANALYZE")
        .unwrap();
    drop(open);
    assert_eq!(
        run(&config, &["verify", copy.to_str().unwrap()]).await.0,
        Some(0)
    );
}
