//! Whose database it is: the note in the data directory says it, to the start, to `check` and to `restore`.

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::PathBuf;

use rusqlite::Connection;
use tempfile::TempDir;
use voicedrive_relay::testing::store::file::snapshot;

use crate::commands::Daemon;
use crate::losing::{
    NOBODY, give, ids_in, is_root, refused_with, rescued_in, run_as, stopped, stopped_in_order,
    text,
};
use crate::replacing::run;

#[tokio::test]
async fn another_relays_database_is_not_taken_for_ours() {
    for note in [true, false] {
        let (ours, config) = stopped_in_order().await;
        let (theirs, _) = stopped_in_order().await;
        let at = |name: &str| ours.path().join(name);
        if !note {
            fs::remove_file(at("identity")).unwrap();
        }
        let backup = fs::read(at("relay-backup.db")).unwrap();
        let live = fs::read(theirs.path().join("live/relay.db")).unwrap();
        fs::rename(at("live"), at("former")).unwrap();
        fs::create_dir(at("live")).unwrap();
        fs::write(at("live/relay.db"), &live).unwrap();
        for _ in 0..2 {
            let told = refused_with(&config, 78).await;
            assert!(told.contains("another relay"), "{told}");
            let known_by = at(if note { "identity" } else { "relay-backup.db" });
            assert!(told.contains(known_by.to_str().unwrap()), "{told}");
            let restore = format!(
                "voicedrive-relay restore {}",
                at("relay-backup.db").display()
            );
            assert!(told.contains(&restore), "{told}");
            let (_, checked) = run(&config, &["check"]).await;
            assert!(checked.contains("another relay"), "{checked}");
            assert!(fs::read(at("relay-backup.db")).unwrap() == backup);
            assert!(fs::read(at("live/relay.db")).unwrap() == live);
        }
        // As it is told: the former one comes back.
        fs::remove_dir_all(at("live")).unwrap();
        fs::rename(at("former"), at("live")).unwrap();
        stopped(Daemon::start(ours.path(), "", "").await).await;
    }
}

#[tokio::test]
async fn a_copy_of_the_former_relay_is_set_aside_before_another_one_takes_its_place() {
    let (ours, config) = stopped_in_order().await;
    let (theirs, _) = stopped_in_order().await;
    let copy = theirs.path().join("relay-backup.db");
    let backup = ours.path().join("relay-backup.db");
    let before = fs::read(&backup).unwrap();
    let words = ["restore", "--of-another-relay", copy.to_str().unwrap()];
    let (code, told) = run(&config, &words).await;
    assert_eq!(code, Some(0), "{told}");
    stopped(Daemon::start(ours.path(), "", "").await).await;
    let aside = ours.path().join("relay-backup-of-another-1.db");
    assert!(fs::read(&aside).unwrap() == before);
    snapshot::verify(&backup).unwrap();
    let (_, checked) = run(&config, &["check"]).await;
    assert!(checked.contains(aside.to_str().unwrap()), "{checked}");
    assert!(
        checked.contains("stood in the place of relay-backup.db"),
        "{checked}"
    );
    assert!(!checked.contains("broken off"), "{checked}");
    // From now on it is the one that belongs here.
    stopped(Daemon::start(ours.path(), "", "").await).await;
    assert!(!ours.path().join("relay-backup-of-another-2.db").exists());
}

#[tokio::test]
async fn a_copy_of_another_relay_says_nothing_of_this_database() {
    for name in ["relay-backup.db", "relay-rescued-2025-10-26T120000000Z.db"] {
        let ours = TempDir::new().unwrap();
        let daemon = Daemon::start(ours.path(), "", "").await;
        daemon.json(&["send", "a.b"]).await;
        let config = daemon.config.clone();
        daemon.kill().await;
        // It was written later than ours.
        let (theirs, _) = stopped_in_order().await;
        let foreign = ours.path().join(name);
        fs::copy(theirs.path().join("relay-backup.db"), &foreign).unwrap();
        // Nor is it the one to restore when something is wrong.
        let mark = ours.path().join("live/damaged");
        fs::write(&mark, "").unwrap();
        let told = refused_with(&config, 1).await;
        let advice = told.lines().find(|line| line.contains("damage was met"));
        let advice = advice.unwrap_or(&told);
        assert!(!advice.contains(foreign.to_str().unwrap()), "{told}");
        fs::remove_file(&mark).unwrap();
        let (_, checked) = run(&config, &["check"]).await;
        assert!(!checked.contains("was lost"), "{checked}");
        let daemon = Daemon::start(ours.path(), "", "").await;
        assert_eq!(daemon.json(&["status"]).await["events"]["accepted"], 1);
        stopped(daemon).await;
    }
}

#[tokio::test]
async fn the_backup_file_of_the_database_that_takes_the_place_of_an_open_one_stays() {
    let (theirs, _) = stopped_in_order().await;
    let parent = TempDir::new().unwrap();
    let [data, aside] = ["data", "aside"].map(|name| parent.path().join(name));
    fs::create_dir(&data).unwrap();
    let mut daemon = Daemon::start(&data, "", "").await;
    daemon.json(&["send", "a.b"]).await;
    // As when a disk is mounted over it.
    fs::rename(&data, &aside).unwrap();
    fs::rename(theirs.path(), &data).unwrap();
    let backup = data.join("relay-backup.db");
    let before = fs::read(&backup).unwrap();
    daemon.signal("-TERM");
    assert!(daemon.child.wait().await.unwrap().success());
    assert!(fs::read(&backup).unwrap() == before);
    assert!(!data.join("relay-backup-of-another-1.db").exists());
    let rescued = rescued_in(&data);
    assert_eq!(rescued.len(), 1, "{rescued:?}");
    let of_theirs = ids_in(&backup);
    assert_eq!(ids_in(&rescued[0]).len(), 1);
    assert_ne!(ids_in(&rescued[0]), of_theirs);
    // It does not keep the other one from its start.
    stopped(Daemon::start(&data, "", "").await).await;
    assert_eq!(ids_in(&backup), of_theirs);
}

/// A data directory in which the database of another relay stands, whose directory is answered too.
async fn with_anothers_database() -> (TempDir, PathBuf, TempDir) {
    let (ours, config) = stopped_in_order().await;
    let (theirs, _) = stopped_in_order().await;
    let live = ours.path().join("live");
    fs::remove_dir_all(&live).unwrap();
    fs::create_dir(&live).unwrap();
    fs::copy(theirs.path().join("live/relay.db"), live.join("relay.db")).unwrap();
    (ours, config, theirs)
}

#[tokio::test]
async fn a_restore_judges_by_what_belongs_here_and_not_by_what_stands_here() {
    for note in [true, false] {
        let (ours, config, theirs) = with_anothers_database().await;
        let at = |name: &str| ours.path().join(name);
        if !note {
            fs::remove_file(at("identity")).unwrap();
        }
        let live = fs::read(at("live/relay.db")).unwrap();
        let foreign = theirs.path().join("relay-backup.db");
        let (code, told) = run(&config, &["restore", foreign.to_str().unwrap()]).await;
        assert_eq!(code, Some(1), "{told}");
        assert!(told.contains("--of-another-relay"), "{told}");
        assert!(fs::read(at("live/relay.db")).unwrap() == live);
        // As the start advises.
        let own = at("relay-backup.db");
        let restore = ["restore", own.to_str().unwrap()];
        let told = refused_with(&config, 78).await;
        assert!(told.contains(&restore.join(" ")), "{told}");
        let (code, told) = run(&config, &restore).await;
        assert_eq!(code, Some(0), "{told}");
        assert!(told.contains("another relay"), "{told}");
        let daemon = Daemon::start(ours.path(), "", "").await;
        assert_eq!(daemon.json(&["status"]).await["events"]["accepted"], 1);
        stopped(daemon).await;
        assert!(!at("relay-backup-of-another-1.db").exists());
    }
    // The other way that it advises.
    let (ours, config, theirs) = with_anothers_database().await;
    let aside = ours.path().join("aside");
    fs::rename(ours.path().join("live"), &aside).unwrap();
    let copy = aside.join("relay.db");
    let words = ["restore", copy.to_str().unwrap()];
    // Nothing of the own database but its note is left to say what it had.
    fs::remove_file(ours.path().join("relay-backup.db")).unwrap();
    assert_eq!(run(&config, &words).await.0, Some(1));
    let (code, told) = run(&config, &[&words[..], &["--of-another-relay"]].concat()).await;
    assert_eq!(code, Some(0), "{told}");
    let ids = ids_in(&theirs.path().join("relay-backup.db"));
    stopped(Daemon::start(ours.path(), "", "").await).await;
    assert_eq!(ids_in(&ours.path().join("relay-backup.db")), ids);
}

#[tokio::test]
async fn a_database_is_gone_when_the_note_says_that_there_was_one() {
    for what in ["live", "database", "emptied", "without a table"] {
        let (directory, config) = stopped_in_order().await;
        let at = |name: &str| directory.path().join(name);
        let note = fs::read(at("identity")).unwrap();
        fs::remove_file(at("relay-backup.db")).unwrap();
        fs::remove_dir_all(at("live")).unwrap();
        if what != "live" {
            fs::create_dir(at("live")).unwrap();
        }
        match what {
            "emptied" => fs::write(at("live/relay.db"), "").unwrap(),
            "without a table" => {
                let made = Connection::open(at("live/relay.db")).unwrap();
                made.execute_batch("VACUUM").unwrap();
            }
            _ => {}
        }
        for _ in 0..2 {
            let started = refused_with(&config, 1).await;
            let (code, checked) = run(&config, &["check"]).await;
            assert_ne!(code, Some(0), "{what}: {checked}");
            for told in [started, checked] {
                assert!(told.contains("the database is gone"), "{what}: {told}");
                assert!(told.contains("mount it"), "{what}: {told}");
                assert!(told.contains(at("identity").to_str().unwrap()), "{told}");
            }
            assert!(fs::read(at("identity")).unwrap() == note, "{what}");
        }
        // As it is told.
        fs::remove_file(at("identity")).unwrap();
        let daemon = Daemon::start(directory.path(), "", "").await;
        assert_eq!(daemon.json(&["status"]).await["events"]["accepted"], 0);
        stopped(daemon).await;
        assert!(fs::read(at("identity")).unwrap() != note, "{what}");
    }
}

#[tokio::test]
async fn a_note_that_cannot_be_read_is_no_missing_one() {
    for (what, advice) in [
        ("closed", "sudo chmod u+rw "),
        ("of another user", "sudo chown --reference="),
        ("empty", "sudo rm "),
        ("garbled", "sudo rm "),
        ("pipe", "Move it away"),
        ("directory", "Move it away"),
        ("link", "leads nowhere"),
    ] {
        let is_closed = ["closed", "of another user"].contains(&what);
        let user = is_root().then_some(NOBODY).filter(|_| is_closed);
        if what == "of another user" && user.is_none() {
            continue;
        }
        let (directory, config) = stopped_in_order().await;
        let note = directory.path().join("identity");
        let kept = directory.path().join("kept");
        if let Some(user) = user {
            give(directory.path(), user);
        }
        if !is_closed {
            fs::rename(&note, &kept).unwrap();
        }
        match what {
            "closed" => fs::set_permissions(&note, Permissions::from_mode(0o000)).unwrap(),
            "of another user" => std::os::unix::fs::chown(&note, Some(0), Some(0)).unwrap(),
            "empty" => fs::write(&note, "").unwrap(),
            "garbled" => fs::write(&note, "nothing of ours").unwrap(),
            "pipe" => {
                let made = std::process::Command::new("mkfifo").arg(&note).status();
                assert!(made.unwrap().success());
            }
            "directory" => fs::create_dir(&note).unwrap(),
            _ => symlink(directory.path().join("nowhere"), &note).unwrap(),
        }
        let before = fs::symlink_metadata(&note).unwrap();
        let started = run_as(user, "serve", &config).await;
        assert_eq!(started.status.code(), Some(78), "{what}");
        let checked = run_as(user, "check", &config).await;
        assert_ne!(checked.status.code(), Some(0), "{what}");
        for told in [text(&started.stderr), text(&checked.stdout)] {
            assert!(told.contains(note.to_str().unwrap()), "{what}: {told}");
            assert!(
                told.contains("says which database belongs"),
                "{what}: {told}"
            );
            assert!(told.contains(advice), "{what}: {told}");
        }
        let after = fs::symlink_metadata(&note).unwrap();
        assert_eq!(
            (before.ino(), before.len()),
            (after.ino(), after.len()),
            "{what}"
        );
        if is_closed {
            continue;
        }
        // As it is told: without it the backup file says whose it is.
        fs::rename(&note, directory.path().join("aside")).unwrap();
        stopped(Daemon::start(directory.path(), "", "").await).await;
        assert!(
            fs::read(&note).unwrap() == fs::read(&kept).unwrap(),
            "{what}"
        );
    }
}

#[tokio::test]
async fn a_copied_data_directory_and_a_copy_alone_are_begun_with_as_ever() {
    let (ours, _) = stopped_in_order().await;
    let moved = TempDir::new().unwrap();
    fs::create_dir(moved.path().join("live")).unwrap();
    for name in ["identity", "relay-backup.db", "live/relay.db"] {
        fs::copy(ours.path().join(name), moved.path().join(name)).unwrap();
    }
    let daemon = Daemon::start(moved.path(), "", "").await;
    assert_eq!(daemon.json(&["status"]).await["events"]["accepted"], 1);
    let config = stopped(daemon).await;
    // A package that was removed with its data, and a copy that was kept elsewhere.
    fs::remove_dir_all(moved.path().join("live")).unwrap();
    fs::remove_file(moved.path().join("identity")).unwrap();
    let told = refused_with(&config, 1).await;
    assert!(told.contains("the database is gone"), "{told}");
    let backup = moved.path().join("relay-backup.db");
    let (code, told) = run(&config, &["restore", backup.to_str().unwrap()]).await;
    assert_eq!(code, Some(0), "{told}");
    let daemon = Daemon::start(moved.path(), "", "").await;
    assert_eq!(daemon.json(&["status"]).await["events"]["accepted"], 1);
    stopped(daemon).await;
}
