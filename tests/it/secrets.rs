//! Secrets as an admin writes them: every mistake is told where it stands, nothing stale comes back, nothing
//! in force is lost unless it is meant, and no output ever has a secret in it.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::net::TcpListener;

use voicedrive_relay::testing::token::Scope;

use crate::commands::{Daemon, program};
use crate::harness::{
    Clock, JWT_SECRET, Partner, WEBHOOK_SECRET, client, configuration, status, token_signed_with,
};
use crate::securing::certificate;

/// What no output may have in it: the values of all that is written here begin with it.
const HUSH: &str = "hush";
const KEY: &str = "hush-hush-0123456789-hush-hush-0123456789";

fn said(output: &Output) -> String {
    let all = [&output.stdout[..], &output.stderr[..]].concat();
    String::from_utf8(all).unwrap()
}

fn write(directory: &Path, secrets: impl AsRef<[u8]>) {
    let path = directory.join("secrets.env");
    std::fs::write(&path, secrets).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
}

/// A command with nothing in the environment.
async fn run(directory: &Path, arguments: &[&str]) -> Output {
    let mut command = program();
    command.env_clear().args(arguments);
    command.arg("--config").arg(directory.join("config.toml"));
    command.output().await.unwrap()
}

/// No file but `secrets.env` has a secret in it.
fn assert_nothing_leaked(directory: &Path) {
    for entry in std::fs::read_dir(directory).unwrap() {
        let entry = entry.unwrap();
        let (path, kind) = (entry.path(), entry.file_type().unwrap());
        if kind.is_dir() {
            assert_nothing_leaked(&path);
        } else if kind.is_file() && !path.ends_with("secrets.env") {
            let content = std::fs::read(&path).unwrap();
            let found = content
                .windows(HUSH.len())
                .any(|part| part == HUSH.as_bytes());
            assert!(!found, "{}", path.display());
        }
    }
}

/// Mistakes of the whole file, with what is said of them.
fn mistakes_of_the_file(good: &str) -> Vec<(Vec<u8>, &'static str)> {
    let utf16 = good.encode_utf16().flat_map(u16::to_le_bytes);
    let utf16 = [0xff, 0xfe].into_iter().chain(utf16).collect();
    vec![
        (utf16, "is UTF-16; save the file as UTF-8"),
        (
            good.replace('\n', "\r").into_bytes(),
            "has lines that end with CR alone",
        ),
    ]
}

/// Every mistake, with what is said of it.
fn mistakes() -> Vec<(Vec<u8>, &'static str)> {
    let lines = [
        ("hush-alone", "must be a line NAME=value"),
        ("VOICEDRIVE_API_TOKEN＝hush", "has a full-width ＝"),
        ("VOICE DRIVE=hush", "what stands before = is no name"),
        (
            "VOICEDRIVE_API_TOKEN=hush-ａｂｃ",
            "VOICEDRIVE_API_TOKEN: has a full-width",
        ),
        ("VOICEDRIVE_API_TOKEN='hush-ａｂｃ'", "has a full-width"),
        (
            "VOICEDRIVE_API_TOKEN=hush-0123456789  # 鍵",
            "has a # in the value",
        ),
        (
            "VOICEDRIVE_API_TOKEN=hush-0123456789#x",
            "has a # in the value",
        ),
        (
            "VOICEDRIVE_API_TOKEN=hush 0123456789",
            "has a blank in the value",
        ),
        (
            "VOICEDRIVE_API_TOKEN=hush\\0123456789",
            "has a \\ in the value",
        ),
        (
            "VOICEDRIVE_API_TOKEN=\"hush-0123456789",
            "has a quote without its partner",
        ),
        (
            "RELAY_JWT_SECRET=hush-again",
            "RELAY_JWT_SECRET: is set on line 2 already",
        ),
    ];
    let lines = lines
        .into_iter()
        .map(|(line, told)| (line.as_bytes().to_vec(), told));
    let bytes = [(
        b"# \x8c\xae".to_vec(),
        "is not UTF-8; save the file as UTF-8",
    )];
    lines.chain(bytes).collect()
}

#[tokio::test]
async fn every_mistake_is_told_with_its_line_by_check_by_a_reload_and_at_the_start() {
    let directory = TempDir::new().unwrap();
    let partner = Partner::start(Clock::System).await;
    let good =
        format!("# 鍵\nRELAY_JWT_SECRET={KEY}\nVOICEDRIVE_WEBHOOK_SECRET={WEBHOOK_SECRET}\n");
    write(directory.path(), &good);
    let mut daemon = Daemon::start(directory.path(), &partner.url(), "").await;
    for (line, told) in mistakes() {
        write(directory.path(), [good.as_bytes(), &line, b"\n"].concat());
        for command in ["check", "reload", "serve"] {
            let output = run(directory.path(), &[command]).await;
            let said = said(&output);
            assert_eq!(output.status.code(), Some(78), "{command}: {told}: {said}");
            let expected = said
                .lines()
                .any(|line| line.contains("secrets.env:4: ") && line.contains(told));
            assert!(expected, "{command}: {told}: {said}");
            assert!(!said.contains(HUSH), "{command}: {told}: {said}");
        }
    }
    for (file, told) in mistakes_of_the_file(&good) {
        write(directory.path(), file);
        for command in ["check", "reload", "serve"] {
            let output = run(directory.path(), &[command]).await;
            let said = said(&output);
            assert_eq!(output.status.code(), Some(78), "{command}: {told}: {said}");
            assert!(said.contains(told), "{command}: {told}: {said}");
            assert!(!said.contains(HUSH), "{command}: {told}: {said}");
        }
    }
    write(directory.path(), &good);
    assert_eq!(
        run(directory.path(), &["reload"]).await.status.code(),
        Some(0)
    );
    assert_nothing_leaked(directory.path());
    daemon.signal("-TERM");
    while let Some(line) = daemon.log.next_line().await {
        assert!(!line.contains(HUSH), "{line}");
    }
}

#[tokio::test]
async fn what_is_noted_is_told_too_and_keeps_nothing_from_working() {
    let directory = TempDir::new().unwrap();
    let partner = Partner::start(Clock::System).await;
    let secrets = format!(
        "\u{feff}export RELAY_JWT_SECRET = \"{KEY}\"\r\nVOICEDRIVE_WEBHOOK_SECRET=hush\r\n\
         VOICEDRIVE_API_TOKN={KEY}\r\nHTTPS_PROXY=http://hush\r\n"
    );
    write(directory.path(), &secrets);
    let notes = [
        "secrets.env:2: VOICEDRIVE_WEBHOOK_SECRET: has only 4 characters",
        "secrets.env:3: VOICEDRIVE_API_TOKN: nothing reads this name; did you mean VOICEDRIVE_API_TOKEN?",
        "secrets.env:4: HTTPS_PROXY: is not read from this file",
        "environment variable VOICEDRIVE_API_TOKEN: does not count",
    ];
    let daemon = Daemon::start(directory.path(), &partner.url(), "").await;
    let at_the_start = daemon.log_before_ready.join("\n");
    let mut check = program();
    check.arg("check").arg("--config").arg(&daemon.config);
    let check = check.output().await.unwrap();
    let checked = said(&check);
    assert_eq!(check.status.code(), Some(0), "{checked}");
    let reload = daemon.run(&["reload"]).await;
    assert_eq!(reload.status.code(), Some(0));
    for note in notes {
        for said in [&at_the_start, &checked, &said(&reload)] {
            assert!(said.contains(note), "{note}: {said}");
            assert!(!said.contains(HUSH), "{said}");
        }
    }
    // The port is the daemon's own, and it says so.
    assert!(
        checked.contains("ok    key RELAY_JWT_SECRET: "),
        "{checked}"
    );
    assert!(checked.contains(", 41 characters"), "{checked}");
    assert!(
        checked.contains("note  alerts: nobody is told"),
        "{checked}"
    );
    let status = said(&daemon.run(&["status"]).await);
    assert!(status.contains("alerts: nobody is told"), "{status}");
    daemon.kill().await;
}

#[tokio::test]
async fn nothing_stale_comes_back_and_what_would_be_lost_must_be_meant() {
    let directory = TempDir::new().unwrap();
    let partner = Partner::start(Clock::System).await;
    let secrets = |token: &str| {
        format!(
            "VOICEDRIVE_WEBHOOK_URL={}\nVOICEDRIVE_WEBHOOK_SECRET={WEBHOOK_SECRET}\n{token}RELAY_JWT_SECRET={JWT_SECRET}\n",
            partner.url()
        )
    };
    let token = format!("VOICEDRIVE_API_TOKEN={KEY}\nRELAY_JWT_SECRET_PREVIOUS={KEY}\n");
    write(directory.path(), secrets(&token));
    // The environment has an older token: the file is there, so that it does not count.
    let daemon = Daemon::start(directory.path(), "", "").await;
    let reload = async |arguments: &[&str]| {
        let output = daemon.run(&[&["reload"], arguments].concat()).await;
        (output.status.code(), said(&output))
    };
    write(directory.path(), secrets(""));
    let (code, told) = reload(&[]).await;
    assert_eq!(code, Some(0), "{told}");
    let gone = "not set any more: RELAY_JWT_SECRET_PREVIOUS, VOICEDRIVE_API_TOKEN";
    assert!(told.contains(gone), "{told}");
    // Without its file, everything would come from the environment, or be gone.
    write(directory.path(), "");
    let (code, told) = reload(&[]).await;
    assert_eq!(code, Some(1), "{told}");
    for word in [
        "RELAY_JWT_SECRET",
        "VOICEDRIVE_WEBHOOK_SECRET",
        "VOICEDRIVE_WEBHOOK_URL",
        "reload --drop",
    ] {
        assert!(told.contains(word), "{told}");
    }
    assert!(daemon.run(&["send", "still.sent"]).await.status.success());
    partner.wait_until(|all| all.len() == 1).await;
    let (code, told) = reload(&["--drop"]).await;
    assert_eq!(code, Some(0), "{told}");
    let dropped = "given up as --drop says: RELAY_JWT_SECRET, VOICEDRIVE_WEBHOOK_SECRET, VOICEDRIVE_WEBHOOK_URL";
    assert!(told.contains(dropped), "{told}");
    let status: Value = daemon.json(&["status"]).await;
    assert_eq!(status["sendsTo"]["default"], Value::Null);
    daemon.kill().await;
}

#[tokio::test]
async fn a_channel_that_has_still_something_to_tell_goes_only_when_that_is_meant() {
    let directory = TempDir::new().unwrap();
    let partner = Partner::start(Clock::System).await;
    partner.always_answers(Some(status(503)));
    let retry = "[retry]\nintervals_seconds = [1]\n";
    let mail = |to: &str, port: u16| {
        format!(
            "[[alerts.channel]]\nkind = \"email\"\nfrom = \"a@clinic.example\"\nto = [\"{to}@clinic.example\"]\nport = {port}\n"
        )
    };
    let channel = mail("b", 9);
    let daemon = Daemon::start(
        directory.path(),
        &partner.url(),
        &format!("{retry}{channel}"),
    )
    .await;
    let waited = daemon.run(&["send", "a.b", "--wait"]).await;
    assert_eq!(waited.status.code(), Some(1), "{waited:?}");
    let reload = async |more: &str, arguments: &[&str]| {
        let text = configuration(directory.path(), &partner.url(), more);
        std::fs::write(&daemon.config, text).unwrap();
        let output = daemon.run(&[&["reload"], arguments].concat()).await;
        (output.status.code(), said(&output))
    };
    let (code, told) = reload(retry, &[]).await;
    assert_eq!(code, Some(1), "{told}");
    assert!(told.contains("[[alerts.channel]] email 1"), "{told}");
    // Another of its kind tells it.
    let (code, told) = reload(&format!("{retry}{}", mail("c", 9)), &[]).await;
    assert_eq!(code, Some(0), "{told}");
    let (code, told) = reload(retry, &["--drop"]).await;
    assert_eq!(code, Some(0), "{told}");
    daemon.kill().await;
}

/// A port that stays free when it is closed: the system gives none below 32,768 to who asks for any.
async fn listener_on_a_port_of_its_own() -> (TcpListener, u16) {
    let first = 20_000 + u16::try_from(std::process::id() % 10_000).unwrap();
    for port in first..32_768 {
        if let Ok(listener) = TcpListener::bind(("127.0.0.1", port)).await {
            return (listener, port);
        }
    }
    panic!("no port is free");
}

#[tokio::test]
async fn check_tells_whose_the_port_is() {
    let directory = TempDir::new().unwrap();
    let check = async || {
        let mut command = program();
        command
            .arg("check")
            .arg("--config")
            .arg(directory.path().join("config.toml"));
        let output = command.output().await.unwrap();
        (output.status.code(), said(&output))
    };
    let write = |port: u16| {
        let text = configuration(directory.path(), "", "");
        let text = text.replace("127.0.0.1:0", &format!("127.0.0.1:{port}"));
        std::fs::write(directory.path().join("config.toml"), text).unwrap();
    };
    let (stranger, port) = listener_on_a_port_of_its_own().await;
    write(port);
    // It takes the connection and says nothing.
    let (code, told) = check().await;
    assert_eq!(code, Some(1), "{told}");
    assert!(told.contains("another program listens here"), "{told}");
    drop(stranger);
    let (code, told) = check().await;
    assert_eq!(code, Some(0), "{told}");
    let daemon = Daemon::start(directory.path(), "", "").await;
    let own = daemon.url.rsplit(':').next().unwrap().parse().unwrap();
    write(own);
    let (code, told) = check().await;
    assert_eq!(code, Some(0), "{told}");
    assert!(told.contains("the daemon listens here"), "{told}");
    write(port);
    let (code, told) = check().await;
    assert_eq!(code, Some(0), "{told}");
    let elsewhere = |own: &str| format!("the daemon listens at {own}; a restart changes that");
    let at = |ip: &str, port: u16| format!("{ip}:{port}");
    assert!(told.contains(&elsewhere(&at("127.0.0.1", own))), "{told}");
    // The same port, and an address that is wider than that of the daemon.
    let wider = |port: u16| {
        let text = configuration(directory.path(), "", "");
        let text = text.replace("127.0.0.1:0", &at("0.0.0.0", port));
        std::fs::write(directory.path().join("config.toml"), text).unwrap();
    };
    wider(own);
    let (code, told) = check().await;
    assert_eq!(code, Some(0), "{told}");
    assert!(told.contains(&elsewhere(&at("127.0.0.1", own))), "{told}");
    daemon.kill().await;
}

/// What the daemon has from systemd or from the shell that started it is nowhere for a command in another shell.
#[tokio::test]
async fn secrets_that_only_the_daemon_sees_are_not_called_missing() {
    let directory = TempDir::new().unwrap();
    let credentials = TempDir::new().unwrap();
    for name in ["VOICEDRIVE_WEBHOOK_SECRET", "RELAY_JWT_SECRET"] {
        std::fs::write(credentials.path().join(name), KEY).unwrap();
    }
    let config = directory.path().join("config.toml");
    let url = "http://127.0.0.1:9/hook";
    std::fs::write(&config, configuration(directory.path(), url, "")).unwrap();
    let with_credentials = || {
        let mut command = program();
        command.env_clear();
        command.env("CREDENTIALS_DIRECTORY", credentials.path());
        command
    };
    let daemon = Daemon::launch(with_credentials(), &config).await;
    let examine = ["receiver-test", url, "--profile", "voicedrive-employee"];
    for arguments in [&["check"][..], &examine] {
        let output = run(directory.path(), arguments).await;
        let told = said(&output);
        assert_eq!(output.status.code(), Some(77), "{told}");
        let expected = "VOICEDRIVE_WEBHOOK_SECRET: the daemon has this from systemd";
        assert!(told.contains(expected), "{told}");
        assert!(!told.contains("secrets.env"), "{told}");
    }
    let mut seeing = with_credentials();
    seeing.arg("check").arg("--config").arg(&config);
    let told = said(&seeing.output().await.unwrap());
    assert!(told.contains("key VOICEDRIVE_WEBHOOK_SECRET"), "{told}");
    // What the daemon has not either is missing, and so is everything without a daemon.
    let text = configuration(directory.path(), url, "bearer = \"OTHER_TOKEN\"\n");
    std::fs::write(&config, text).unwrap();
    let mut seeing = with_credentials();
    seeing.arg("check").arg("--config").arg(&config);
    let output = seeing.output().await.unwrap();
    assert_eq!(output.status.code(), Some(78), "{}", said(&output));
    daemon.kill().await;
    let output = run(directory.path(), &["check"]).await;
    assert_eq!(output.status.code(), Some(78), "{}", said(&output));
}

#[tokio::test]
async fn check_reaches_the_mail_server_of_each_channel() {
    let directory = TempDir::new().unwrap();
    let more = "[[alerts.channel]]\nkind = \"email\"\nfrom = \"a@clinic.example\"\nto = [\"b@clinic.example\"]\nport = 9\n";
    let text = configuration(directory.path(), "", more);
    std::fs::write(directory.path().join("config.toml"), text).unwrap();
    let output = run(directory.path(), &["check"]).await;
    let told = said(&output);
    assert_eq!(output.status.code(), Some(1), "{told}");
    assert!(
        told.contains("error alerts email 1: 127.0.0.1:9: ") && told.contains("refused"),
        "{told}"
    );
    assert!(!told.contains("nobody is told"), "{told}");
}

#[tokio::test]
async fn what_somebody_may_not_look_at_is_no_mistake_and_root_looks_as_the_daemons_user() {
    use std::os::unix::fs::{MetadataExt, chown};
    const NOBODY: u32 = 65_534;
    let directory = TempDir::new().unwrap();
    if std::fs::metadata("/proc/self").unwrap().uid() != 0 {
        // Only root can look as somebody else.
        return;
    }
    let data = directory.path().join("data");
    std::fs::create_dir(&data).unwrap();
    let open = std::fs::Permissions::from_mode(0o755);
    std::fs::set_permissions(directory.path(), open).unwrap();
    std::fs::write(
        directory.path().join("config.toml"),
        configuration(&data, "", ""),
    )
    .unwrap();
    write(directory.path(), format!("RELAY_JWT_SECRET={KEY}\n"));
    assert_eq!(
        run(directory.path(), &["check"]).await.status.code(),
        Some(0)
    );
    let mut other = program();
    other
        .uid(NOBODY)
        .arg("check")
        .arg("--config")
        .arg(directory.path().join("config.toml"));
    // Where this tree is closed to others, nobody else can start the program.
    if let Ok(output) = other.output().await {
        let told = said(&output);
        assert_eq!(output.status.code(), Some(77), "{told}");
        assert!(told.contains("nothing was checked; run sudo"), "{told}");
        assert_eq!(told.lines().count(), 1, "{told}");
    }
    chown(&data, Some(NOBODY), Some(NOBODY)).unwrap();
    let output = run(directory.path(), &["check"]).await;
    let told = said(&output);
    assert_eq!(output.status.code(), Some(78), "{told}");
    assert!(
        told.contains("secrets.env: cannot be read: this user may not"),
        "{told}"
    );
    assert!(told.contains("sudo chown nobody "), "{told}");
    // The configuration too: it says whose file it is and how it is mended, and not that somebody else should look.
    chown(directory.path().join("secrets.env"), Some(NOBODY), None).unwrap();
    let config = directory.path().join("config.toml");
    let closed = |path: &Path, mode: u32| {
        let mode = std::fs::Permissions::from_mode(mode);
        std::fs::set_permissions(path, mode).unwrap();
    };
    // What everybody may read stays readable for the daemon by what is advised.
    let secrets = directory.path().join("secrets.env");
    closed(&secrets, 0o644);
    let told = said(&run(directory.path(), &["check"]).await);
    assert!(told.contains("; chmod 600 is advised"), "{told}");
    chown(&secrets, Some(0), None).unwrap();
    let told = said(&run(directory.path(), &["check"]).await);
    let expected = "; chown root:nogroup and chmod 640 are advised";
    assert!(told.contains(expected), "{told}");
    chown(&secrets, Some(NOBODY), None).unwrap();
    closed(&secrets, 0o600);
    closed(&config, 0o600);
    // Of somebody who only asks the daemon, the file need not be readable: root asks.
    let mut other = program();
    other.uid(NOBODY).arg("status").arg("--config").arg(&config);
    if let Ok(output) = other.output().await {
        let told = said(&output);
        assert_eq!(output.status.code(), Some(77), "{told}");
        let expected = format!("{}: you may not read this; use sudo", config.display());
        assert!(told.contains(&expected), "{told}");
    }
    let output = run(directory.path(), &["check"]).await;
    let told = said(&output);
    assert_eq!(output.status.code(), Some(78), "{told}");
    let expected = format!(
        "{}: cannot be read: this user may not (nobody); let everybody read it, as no secret is in it: sudo chmod a+r {}",
        config.display(),
        config.display()
    );
    assert!(told.contains(&expected), "{told}");
    closed(&config, 0o644);
    // And what the system believes.
    let (authority, _) = certificate(true, 2100);
    let store = directory.path().join("store.pem");
    std::fs::write(&store, authority.pem()).unwrap();
    closed(&store, 0o600);
    let mut looking = program();
    looking.env_clear().env("SSL_CERT_FILE", &store);
    let looking = looking.arg("check").arg("--config").arg(&config).output();
    let told = said(&looking.await.unwrap());
    let expected = format!("note  certificates: {}: ", store.display());
    assert!(told.contains(&expected), "{told}");
    closed(&config, 0o600);
    // A directory on the way that is closed keeps every file in it from being read.
    closed(directory.path(), 0o700);
    let output = run(directory.path(), &["check"]).await;
    let told = said(&output);
    assert_eq!(output.status.code(), Some(78), "{told}");
    let expected = format!("let it in: sudo chmod a+x {}", directory.path().display());
    assert!(told.contains(&expected), "{told}");
    closed(directory.path(), 0o755);
    closed(&config, 0o644);
    let output = run(directory.path(), &["check"]).await;
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
}

#[tokio::test]
async fn the_one_before_stands_in_for_no_secret() {
    let directory = TempDir::new().unwrap();
    let (text, route) = (
        configuration(directory.path(), "http://127.0.0.1:9/hook", ""),
        "[[route]]\nname = \"staff\"\nevents = [\"staff.*\"]\nurl = \"http://127.0.0.1:9/hook\"\nsecret = \"STAFF_SECRET\"\n",
    );
    std::fs::write(directory.path().join("config.toml"), text + route).unwrap();
    let old = |name: &str| format!("{name}_PREVIOUS={KEY}\n");
    let names = [
        "VOICEDRIVE_WEBHOOK_SECRET",
        "STAFF_SECRET",
        "RELAY_JWT_SECRET",
    ];
    write(directory.path(), names.map(old).concat());
    for command in ["check", "serve"] {
        let output = run(directory.path(), &[command]).await;
        let told = said(&output);
        assert_eq!(output.status.code(), Some(78), "{command}: {told}");
        for name in &names[..2] {
            let expected = format!("secrets.env: {name}: is not set");
            assert!(told.contains(&expected), "{command}: {told}");
        }
        for name in names {
            let expected = format!("{name}_PREVIOUS: does not count, because {name} is not set");
            assert!(told.contains(&expected), "{command}: {told}");
        }
    }
    // Nobody is admitted by it either, and that is what is said.
    std::fs::write(
        directory.path().join("config.toml"),
        configuration(directory.path(), "", ""),
    )
    .unwrap();
    let checked = said(&run(directory.path(), &["check"]).await);
    assert!(
        checked.contains("nobody can call the API over HTTP"),
        "{checked}"
    );
    let daemon = Daemon::start(directory.path(), "", "").await;
    let token = token_signed_with(KEY, &[Scope::Admin], Clock::System.now());
    let answer = client()
        .get(format!("{}/api/events", daemon.url))
        .bearer_auth(token)
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), 401);
    daemon.kill().await;
    // With a door for senders, these come in all the same.
    let door = "[ingest]\nsecrets = []\nopen_from = [\"127.0.0.1\"]\n";
    let text = configuration(directory.path(), "", door);
    std::fs::write(directory.path().join("config.toml"), text).unwrap();
    let checked = said(&run(directory.path(), &["check"]).await);
    let only = "only the senders of [ingest] come in";
    assert!(
        checked.contains(only) && !checked.contains("nobody can call"),
        "{checked}"
    );
}

#[tokio::test]
async fn both_sides_show_the_same_fingerprint() {
    let directory = TempDir::new().unwrap();
    let text = configuration(directory.path(), "", "");
    std::fs::write(directory.path().join("config.toml"), text).unwrap();
    write(
        directory.path(),
        format!("VOICEDRIVE_WEBHOOK_SECRET={KEY}\n"),
    );
    let check = said(&run(directory.path(), &["check"]).await);
    let (_, shown) = check.split_once("key VOICEDRIVE_WEBHOOK_SECRET: ").unwrap();
    let fingerprint = shown.lines().next().unwrap();
    assert_eq!(&fingerprint[4..5], "-", "{fingerprint}");
    let mut receiver = program();
    receiver
        .env_clear()
        .args(["receiver", "--listen", "127.0.0.1:0", "--config"]);
    receiver.arg(directory.path().join("config.toml"));
    let mut receiver = receiver.stderr(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(receiver.stderr.take().unwrap()).lines();
    let first = lines.next_line().await.unwrap().unwrap();
    assert_eq!(first, format!("VOICEDRIVE_WEBHOOK_SECRET: {fingerprint}"));
    receiver.kill().await.unwrap();
    write(directory.path(), "");
    let nothing = run(directory.path(), &["receiver"]).await;
    assert_eq!(nothing.status.code(), Some(2));
}

#[tokio::test]
async fn a_new_secret_is_long_and_another_one_each_time() {
    let directory = TempDir::new().unwrap();
    let make = async || {
        let output = run(directory.path(), &["secret", "make"]).await;
        assert_eq!(output.status.code(), Some(0));
        said(&output).trim().to_owned()
    };
    let (one, another) = (make().await, make().await);
    assert!(
        one.len() == 64 && one.bytes().all(|b| b.is_ascii_hexdigit()),
        "{one}"
    );
    assert_ne!(one, another);
}
