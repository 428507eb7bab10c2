//! What only the running relay has is saved: wherever an admin names a place, and at the stop wherever there is one.

use std::collections::HashSet;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Output;

use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream, UnixListener};
use tokio::process::Command;

use crate::commands::{Daemon, program};
use crate::harness::{configuration, eventually};
use crate::losing::{
    NOBODY, PATIENCE, give, hand_in, health_until, ids_in, is_root, rescued_in, text,
};

/// Whether files can be made in a directory.
fn may_be_written(directory: &Path, may: bool) {
    let mode = if may { 0o750 } else { 0o550 };
    fs::set_permissions(directory, Permissions::from_mode(mode)).unwrap();
}

/// The program, with a refuge there.
fn program_in(around: &Path) -> Command {
    let mut program = program();
    program.env("TMPDIR", around.join("refuge"));
    // Root is let in everywhere.
    if is_root() {
        program.uid(NOBODY);
    }
    program
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
        Self::sending_to("", "", refuge).await
    }

    /// The same with a receiver.
    async fn sending_to(url: &str, more: &str, refuge: bool) -> Self {
        let around = TempDir::new().unwrap();
        let at = |name: &str| around.path().join(name);
        fs::create_dir(at("data")).unwrap();
        if refuge {
            fs::create_dir(at("refuge")).unwrap();
        }
        fs::write(at("config.toml"), configuration(&at("data"), url, more)).unwrap();
        if is_root() {
            give(around.path(), NOBODY);
        }
        let daemon = Daemon::launch(program_in(around.path()), &at("config.toml")).await;
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

    /// Runs a command to its end, with the same environment and as the same user.
    async fn run(&self, arguments: &[&str]) -> Output {
        let mut command = program_in(self.around.path());
        let config = self.around.path().join("config.toml");
        command.args(arguments).arg("--config").arg(config);
        tokio::time::timeout(PATIENCE, command.output())
            .await
            .unwrap()
            .unwrap()
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

    // With the whole directory gone, nothing else says that there was a database.
    fs::remove_dir_all(gone.around.path().join("data")).unwrap();
    let checked = gone.run(&["check"]).await;
    assert_eq!(checked.status.code(), Some(1));
    let told = text(&checked.stdout);
    let named = |copy: &Path| format!("voicedrive-relay restore {}", copy.display());
    assert!(told.contains(&named(&rescued[0])), "{told}");
    let started = gone.run(&["serve"]).await;
    assert_eq!(started.status.code(), Some(1));
    let told = text(&started.stderr);
    let home = rescued_in(&gone.around.path().join("data")).remove(0);
    assert_eq!(told.matches(&named(&home)).count(), 2, "{told}");
    assert!(!rescued[0].exists(), "it was moved");
    assert_eq!(ids_in(&home), gone.accepted);
    let restored = gone.run(&["restore", home.to_str().unwrap()]).await;
    assert!(restored.status.success(), "{restored:?}");
    let checked = text(&gone.run(&["check"]).await.stdout);
    assert!(!checked.contains(&named(&home)), "{checked}");
}

/// A relay whose database is gone while an attempt is under way, and the connection of that.
async fn gone_in_an_attempt(seconds: u64, refuge: bool) -> (Gone, TcpListener, TcpStream) {
    let receiver = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", receiver.local_addr().unwrap());
    let timeout = format!("timeout_seconds = {seconds}\n");
    let gone = Gone::sending_to(&url, &timeout, refuge).await;
    let under_way = tokio::time::timeout(PATIENCE, receiver.accept()).await;
    let (under_way, _) = under_way.unwrap().unwrap();
    health_until(&gone.daemon.url, |_, told| told.contains("do not stop it")).await;
    (gone, receiver, under_way)
}

#[tokio::test]
async fn a_stop_waits_for_attempts_when_what_only_it_has_is_copied_out() {
    let (mut gone, _receiver, _under_way) = gone_in_an_attempt(300, true).await;
    gone.daemon.signal("-TERM");
    let refuge = gone.around.path().join("refuge");
    eventually("it is copied out", || !rescued_in(&refuge).is_empty()).await;
    // Then a second signal ends it at once.
    while !gone
        .daemon
        .log
        .next_line()
        .await
        .unwrap()
        .contains("nothing but this copy")
    {}
    gone.daemon.signal("-TERM");
    let ended = tokio::time::timeout(PATIENCE, gone.daemon.child.wait()).await;
    assert_eq!(ended.unwrap().unwrap().code(), Some(0));
    assert_eq!(ids_in(&rescued_in(&refuge)[0]), gone.accepted);
    may_be_written(&gone.around.path().join("data"), true);
}

#[tokio::test]
async fn a_second_signal_does_not_end_a_stop_before_what_only_it_has_is_copied_out() {
    let (mut gone, receiver, under_way) = gone_in_an_attempt(8, false).await;
    let data = gone.around.path().join("data");
    for told in ["stopping: ", "a second signal asks"] {
        gone.daemon.signal("-TERM");
        while !gone.daemon.log.next_line().await.unwrap().contains(told) {}
    }
    may_be_written(&data, true);
    drop((receiver, under_way));
    let ended = tokio::time::timeout(PATIENCE, gone.daemon.child.wait()).await;
    assert_eq!(ended.unwrap().unwrap().code(), Some(0));
    assert_eq!(ids_in(&rescued_in(&data)[0]), gone.accepted);
}

#[tokio::test]
async fn a_relative_data_directory_is_missed_too_when_the_working_directory_goes_with_it() {
    let around = TempDir::new().unwrap();
    let [place, aside] = ["place", "aside"].map(|name| around.path().join(name));
    fs::create_dir(&place).unwrap();
    let config = around.path().join("config.toml");
    fs::write(&config, configuration(Path::new("data"), "", "")).unwrap();
    let mut program = program();
    program.current_dir(&place);
    let daemon = Daemon::launch(program, &config).await;
    let (status, id) = hand_in(&daemon.url).await;
    assert_eq!(status, 202);
    // As when the disk of both is unmounted.
    fs::rename(&place, &aside).unwrap();
    let refused = (503, "STORAGE_UNAVAILABLE".to_owned());
    assert_eq!(hand_in(&daemon.url).await, refused);
    fs::rename(&aside, &place).unwrap();
    health_until(&daemon.url, |status, _| status == 200).await;
    daemon.stop().await;
    let copy = place.join("data/relay-backup.db");
    assert_eq!(ids_in(&copy), HashSet::from([id]));
}

/// Answers what `backup` asks like a daemon whose disk fails now and then, and whose database changes all the time.
async fn never_still(listener: UnixListener) {
    loop {
        let (asking, _) = listener.accept().await.unwrap();
        let mut asking = BufReader::new(asking);
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") && asking.read_until(b'\n', &mut head).await.unwrap() > 0
        {
        }
        let (status, body) = if head.starts_with(b"GET /control/backup/part") {
            ("409 Conflict", "{}")
        } else {
            let answer = r#"{"success":true,"data":{"error":"it cannot be written","open":true,"inPlace":true}}"#;
            ("200 OK", answer)
        };
        let length = body.len();
        let answer = format!(
            "HTTP/1.1 {status}\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n{body}"
        );
        // Whoever has asked need not wait for the answer.
        let _ = asking.write_all(answer.as_bytes()).await;
    }
}

#[tokio::test]
async fn a_database_that_never_stands_still_is_copied_at_its_path() {
    let directory = TempDir::new().unwrap();
    let daemon = Daemon::start(directory.path(), "", "").await;
    let (_, id) = hand_in(&daemon.url).await;
    daemon.stop().await;
    let listener = UnixListener::bind(directory.path().join("control.sock")).unwrap();
    let answering = tokio::spawn(never_still(listener));
    let copy = directory.path().join("copy.db");
    let mut backup = program();
    backup.arg("backup").arg(&copy).arg("--config");
    backup.arg(directory.path().join("config.toml"));
    let made = tokio::time::timeout(PATIENCE, backup.output()).await;
    let made = made.unwrap().unwrap();
    assert!(made.status.success(), "{made:?}");
    assert_eq!(ids_in(&copy), HashSet::from([id]));
    assert!(!directory.path().join("copy.db.new").exists());
    answering.abort();
}
