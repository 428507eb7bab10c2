//! With `language = "ja"` every sentence for a person is Japanese, and every sentence for a program English.

use std::fs;
use std::path::Path;
use std::process::Output;

use serde_json::json;
use tempfile::TempDir;

use crate::commands::{Daemon, program};
use crate::harness::{Clock, Partner, configuration, control_client, status};

const JAPANESE: &str = "language = \"ja\"\n";
/// What a person types, and what belongs to no language.
const NAMES: [&str; 20] = [
    "sudo",
    "systemctl",
    "journalctl",
    "apt",
    "install",
    "edit",
    "restart",
    "chown",
    "chmod",
    "restore",
    "resend",
    "tail",
    "import",
    "interviews",
    "template",
    "alert",
    "token",
    "secret",
    "send",
    "status",
];

fn is_japanese(c: char) -> bool {
    matches!(c, '\u{3040}'..='\u{30ff}' | '\u{4e00}'..='\u{9fff}')
}

/// Without what stands in quotes and between 「 and 」.
fn own_words(line: &str) -> String {
    let mut kept = String::new();
    let mut depth = 0;
    let mut quoted = false;
    for c in line.chars() {
        match c {
            '「' => depth += 1,
            '」' if depth > 0 => depth -= 1,
            '"' if depth == 0 => quoted = !quoted,
            c if depth == 0 && !quoted => kept.push(c),
            _ => {}
        }
    }
    kept
}

/// The first two English words that follow each other.
fn english(line: &str) -> Option<String> {
    let own = own_words(line);
    let words: Vec<&str> = own.split_whitespace().collect();
    let is_word = |word: &&str| {
        let plain = word.trim_matches([';', '.', ':', '(', ')']);
        plain.len() > 1
            && plain.bytes().all(|b| b.is_ascii_lowercase() || b == b'\'')
            && !NAMES.contains(&plain)
    };
    let found = words.windows(2).find(|two| two.iter().all(is_word));
    found.map(|two| two.join(" "))
}

#[test]
fn english_sentences_are_found() {
    for (line, found) in [
        ("x: the file is gone", true),
        (
            "x: ありません (No such file or directory (os error 2))",
            true,
        ),
        (
            "sudo systemctl restart voicedrive-relay を実行してください",
            false,
        ),
        ("読めません: permission was denied here", true),
        ("値: \"a b c\"", false),
    ] {
        assert_eq!(english(line).is_some(), found, "{line}");
    }
}

fn lines(output: &Output) -> Vec<String> {
    let both = [&output.stdout[..], &output.stderr[..]];
    let texts = both.map(|bytes| String::from_utf8(bytes.to_vec()).unwrap());
    let lines = texts.iter().flat_map(|text| text.lines());
    let lines = lines.filter(|line| !line.trim().is_empty());
    lines.map(str::to_owned).collect()
}

/// Each line is Japanese, and there is one.
fn is_told_in_japanese(output: &Output, what: impl std::fmt::Debug) -> Vec<String> {
    let lines = lines(output);
    assert!(!lines.is_empty(), "{what:?} says nothing");
    for line in &lines {
        assert!(line.chars().any(is_japanese), "{what:?}: {line}");
        assert_eq!(english(line), None, "{what:?}: {line}");
    }
    lines
}

async fn run(config: &Path, arguments: &[&str]) -> Output {
    let mut command = program();
    command.args(arguments).arg("--config").arg(config);
    command.output().await.unwrap()
}

/// The arguments fail with this code, and tell it in Japanese.
async fn fails(config: &Path, arguments: &[&str], code: i32) -> Vec<String> {
    let output = run(config, arguments).await;
    assert_eq!(
        output.status.code(),
        Some(code),
        "{arguments:?}: {output:?}"
    );
    is_told_in_japanese(&output, arguments)
}

#[tokio::test]
async fn every_mistake_of_the_configuration_is_told_in_japanese() {
    let directory = TempDir::new().unwrap();
    let config = directory.path().join("config.toml");
    let wrong = r#"
language = "ja"
timezone = "Mars"
nonsense = 1
[server]
listen = "x"
trusted_proxies = ["x"]
cors_allowed_origins = ["*"]
max_body_bytes = 1
public_url = "https://a.example/path"
[storage]
directory = ""
retention_days = 0
[rate_limit]
requests_per_minute = 0
[retry]
intervals_seconds = []
[delivery]
allow_http = "x"
url = "ftp://x"
profile = "none"
secret = "a b"
bearer = "a b"
headers = { "Host" = "x" }
timeout_seconds = 0
proxy = "socks5://x"
no_proxy = ["a b"]
[[route]]
[[route]]
name = "default"
events = ["a.*"]
url = "http://127.0.0.1:8480/"
[[route]]
events = ["b.*"]
url = "http://169.254.0.1/"
[[route]]
events = ["b.*"]
url = "http://8.8.8.8/"
[profile.Bad]
timestamp_format = "no"
signature_header = "Host"
encoding = "no"
signature_prefix = "é"
[profile.good]
body = ["event"]
timestamp_header = "Host"
signed_text = "x"
[profile.timed]
body = "data"
timestamp_header = "X-Time"
signature_header = "X-Time"
signed_text = "x"
[alerts]
digest_minutes = []
name = "a\nb"
heartbeat_url = "a b"
[[alerts.channel]]
kind = "fax"
[[alerts.channel]]
kind = "slack"
[[alerts.channel]]
kind = "email"
from = "x"
to = []
host = ""
encryption = "no"
username = 1
password = "SMTP_PASSWORD"
[alerts.thresholds]
exhausted = 0
certificate_days = [0]
[ingest]
path = "/"
secrets = ["a b"]
open_from = ["x"]
[[ingest.name]]
[[ingest.name]]
path = "x"
event = "A B"
[[ingest.name]]
header = "a b"
event = "a.b"
"#;
    fs::write(&config, wrong).unwrap();
    let told = fails(&config, &["status"], 78).await;
    assert!(told.len() > 45, "{told:#?}");
    fails(&config, &["check"], 78).await;
    for wrong in [
        "a = \"x",
        "[server\n",
        "language = \"ja\"\nlanguage = \"ja\"",
        "language = ja",
        "server = 1",
        "route = 1",
        "route = [1]",
        "profile = { a = 1 }",
        "[ingest]\nsecrets = []",
        "[[alerts.channel]]\nkind = \"slack\"\nurl = \"NOT_SET\"",
        "[[alerts.channel]]\nkind = \"slack\"\nurl = \"PARTNER_TOKEN\"",
        "[delivery]\nurl = \"https://a.example/\"\nbearer = \"NOT_SET\"",
    ] {
        fs::write(&config, format!("{wrong}\n")).unwrap();
        let mut command = program();
        command.args(["check", "--config"]).arg(&config);
        if wrong.contains("ingest") {
            command.env_remove("RELAY_JWT_SECRET");
        }
        let output = command.output().await.unwrap();
        assert_eq!(output.status.code(), Some(78), "{wrong}: {output:?}");
        is_told_in_japanese(&output, wrong);
    }
    fs::write(&config, b"language = \"ja\"\n# \x83\x65".as_slice()).unwrap();
    let mut command = program();
    command
        .env("LANG", "ja_JP.UTF-8")
        .args(["status", "--config"]);
    let output = command.arg(&config).output().await.unwrap();
    is_told_in_japanese(&output, "not UTF-8");
}

#[tokio::test]
async fn files_that_cannot_be_read_are_told_in_japanese() {
    let directory = TempDir::new().unwrap();
    for config in ["nowhere.toml", "."] {
        let mut command = program();
        command
            .env("LANG", "ja_JP.UTF-8")
            .args(["status", "--config"]);
        let config = directory.path().join(config);
        let output = command.arg(&config).output().await.unwrap();
        assert_eq!(output.status.code(), Some(78), "{output:?}");
        is_told_in_japanese(&output, config);
    }
    let config = directory.path().join("config.toml");
    fs::write(&config, configuration(directory.path(), "", JAPANESE)).unwrap();
    let secrets = directory.path().join("secrets.env");
    for wrong in [
        &b"A"[..],
        b"\xff\xfeA",
        b"# \x83\x65",
        "RELAY_JWT_SECRET＝x".as_bytes(),
        b"1A=x",
        "A='鍵'".as_bytes(),
        b"RELAY_JWT_SECRET=a b",
        b"RELAY_JWT_SECRET=a#b",
        b"RELAY_JWT_SECRET=a\\b",
        b"RELAY_JWT_SECRET='a",
        b"RELAY_JWT_SECRET=short\nRELAY_JWT_SECRET=short",
        b"RELAY_JWT_SECRET=short\nVOICEDRIVE_API_TOKEN=x\nRELAY_JWT_SECRETS=x\nLOG_LEVEL=x",
    ] {
        fs::write(&secrets, wrong).unwrap();
        fails(&config, &["check"], 78).await;
    }
    fs::remove_file(&secrets).unwrap();
    fs::create_dir(&secrets).unwrap();
    fails(&config, &["check"], 78).await;
}

#[tokio::test]
async fn without_a_daemon_every_command_says_so_in_japanese() {
    let directory = TempDir::new().unwrap();
    let config = directory.path().join("config.toml");
    fs::write(&config, configuration(directory.path(), "", JAPANESE)).unwrap();
    let file = directory.path().join("a.csv");
    fs::write(&file, "id,employeeId,interviewType,interviewDate\n").unwrap();
    let file = file.to_str().unwrap();
    for arguments in [
        &["status"][..],
        &["tail"],
        &["show", "0199"],
        &["resend", "0199"],
        &["resend", "--dry-run"],
        &["send", "a.b"],
        &["token", "list"],
        &["token", "revoke", "x"],
        &["alert", "test"],
        &["alert", "history"],
        &["alert", "dismiss", "x"],
        &["reload"],
        &["import", "interviews", file],
    ] {
        fails(&config, arguments, 69).await;
    }
    let copy = directory.path().join("copy.db");
    fails(&config, &["backup", copy.to_str().unwrap()], 1).await;
    for (arguments, code) in [
        (&["show", "a b"][..], 2),
        (&["tail", "--since", "yesterday"], 2),
        (&["send", "a.b", "--data", "/nowhere"], 1),
        (&["receiver", "--status", "1", "--profile", "unsigned"], 2),
        (&["receiver", "--secret", "NOT_SET"], 2),
    ] {
        fails(&config, arguments, code).await;
    }
    let payload = directory.path().join("data.json");
    fs::write(&payload, "{\"a\":").unwrap();
    let payload = payload.to_str().unwrap();
    fails(&config, &["send", "a.b", "--data", payload], 1).await;
    let template = &["import", "interviews", "--template", file][..];
    fails(&config, template, 1).await;
}

#[tokio::test]
async fn what_the_daemon_refuses_is_told_in_japanese_by_its_code() {
    let directory = TempDir::new().unwrap();
    let partner = Partner::start(Clock::System).await;
    partner.always_answers(Some(status(503)));
    let more =
        format!("{JAPANESE}[retry]\nintervals_seconds = [1]\n[server]\nmax_body_bytes = 1024\n");
    let daemon = Daemon::start(directory.path(), &partner.url(), &more).await;
    let config = daemon.config.clone();
    let write = |name: &str, text: &str| {
        let path = directory.path().join(name);
        fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let large = write("large.json", &json!({"a": "x".repeat(2000)}).to_string());
    let unstable = write("unstable.json", "{\"a\":12345678901234567890}");
    let list = write("list.json", "[1]");
    let unknown = "ffffffff-ffff-ffff-ffff-ffffffffffff";
    for (arguments, words) in [
        (&["send", "Not An Event"][..], "イベント名"),
        (&["send", "a.b", "--data", &large], "1024 バイト"),
        (&["send", "a.b", "--data", &unstable], "正確に"),
        (&["send", "a.b", "--data", &list], "オブジェクト"),
        (&["send", "a.b", "--staff-id", ""], "職員"),
        (&["show", unknown], "この ID のイベント"),
        (&["show", "ffff"], "この ID で始まる"),
        (&["resend", unknown], "この ID のイベント"),
        (&["alert", "dismiss", unknown], "alert history"),
        (&["alert", "test"], "通知先"),
        (&["token", "revoke", unknown], "発行した"),
        (
            &["token", "issue", "--subject", " ", "--scope", "admin"],
            "191 文字",
        ),
        (
            &["tail", "--route", "defalt"],
            "もしかして: default。設定にある送り先: default",
        ),
        (
            &["resend", "--route", "elsewhere"],
            "設定にある送り先: default",
        ),
    ] {
        let output = run(&config, arguments).await;
        let told = is_told_in_japanese(&output, arguments).join("\n");
        assert_eq!(output.status.code(), Some(1), "{arguments:?}: {told}");
        assert!(told.contains(words), "{arguments:?}: {told}");
    }
    // What is known without the daemon is refused as typed wrongly.
    let scope = ["token", "issue", "--subject", "a", "--scope", "admin x"];
    let output = run(&config, &scope).await;
    let told = is_told_in_japanese(&output, scope).join("\n");
    assert_eq!(output.status.code(), Some(2), "{told}");
    assert!(told.contains("events:read"), "{told}");
    // For programs the API's own message stays as it is.
    let output = run(&config, &["show", unknown, "--json"]).await;
    let text = String::from_utf8(output.stderr).unwrap();
    assert!(text.contains("No event has this id"), "{text}");
    // What is seen of deliveries, also of one that failed.
    let waited = run(&config, &["send", "test.ping", "--wait"]).await;
    let told = is_told_in_japanese(&waited, "send --wait");
    assert!(
        told.iter().any(|line| line.contains("HTTP 503")),
        "{told:#?}"
    );
    for arguments in [
        &["status"][..],
        &["tail"],
        &["resend", "--dry-run"],
        &["token", "list"],
        &["alert", "history"],
        &["reload"],
    ] {
        let output = run(&config, arguments).await;
        for line in lines(&output) {
            assert_eq!(english(&line), None, "{arguments:?}: {line}");
        }
    }
    // A reload that fails on a mistake.
    let good = fs::read_to_string(&config).unwrap();
    fs::write(
        &config,
        good.replace("intervals_seconds = [1]", "intervals_seconds = [0]"),
    )
    .unwrap();
    fails(&config, &["reload"], 78).await;
    fs::write(&config, good.replace(&partner.url(), "")).unwrap();
    fails(&config, &["reload"], 1).await;
    fs::write(&config, good).unwrap();
    // Bad rows of a file.
    for (name, text) in [
        (
            "bad.csv",
            "id,employeeId,interviewType,interviewDate\nint-1,,x,yesterday\nint-2\n",
        ),
        ("twice.csv", "id,id,nonsense\n"),
        ("no.csv", "a,b\n1,2\n"),
        ("bad.json", "[{\"id\":1},\n{\"id\":}]"),
        ("no.json", "{}"),
        ("bad.ndjson", "{\"id\":\n[1]\n{\"nonsense\":1}\n"),
        ("empty.csv", ""),
        ("page.csv", "<html>"),
    ] {
        let file = write(name, text);
        fails(&config, &["import", "interviews", &file], 1).await;
    }
    fails(&config, &["import", "interviews", "/nowhere.csv"], 1).await;
    daemon.stop().await;
}

#[tokio::test]
async fn wrong_copies_are_told_in_japanese() {
    let directory = TempDir::new().unwrap();
    let daemon = Daemon::start(directory.path(), "", JAPANESE).await;
    let config = daemon.config.clone();
    let at = |name: &str| directory.path().join(name).to_str().unwrap().to_owned();
    let good = at("good.db");
    let made = run(&config, &["backup", &good]).await;
    assert!(made.status.success(), "{made:?}");
    is_told_in_japanese(&made, "backup");
    fails(&config, &["restore", &good], 1).await;
    for target in [at("live/x.db"), at("lock"), at("nowhere/x.db"), at(".")] {
        fails(&config, &["backup", &target], 1).await;
    }
    let mut raw = fs::read(&good).unwrap();
    fs::write(at("text.db"), "no database at all").unwrap();
    let middle = raw.len() / 2;
    raw[4096..middle].fill(0xa5);
    fs::write(at("damaged.db"), &raw).unwrap();
    fs::copy(at("live/relay.db"), at("raw.db")).unwrap();
    daemon.stop().await;
    for wrong in ["text.db", "damaged.db", "raw.db", "nowhere.db", "."] {
        for command in ["verify", "restore"] {
            let told = fails(&config, &[command, &at(wrong)], 1).await;
            assert_eq!(told.len(), 1, "{command} {wrong}: {told:#?}");
        }
    }
    let restored = run(&config, &["restore", &good]).await;
    assert!(restored.status.success(), "{restored:?}");
    is_told_in_japanese(&restored, "restore");
    fs::write(at("live/relay.db"), "no database").unwrap();
    fails(&config, &["check"], 1).await;
}

#[tokio::test]
async fn what_is_looked_at_from_here_is_told_in_japanese() {
    let directory = TempDir::new().unwrap();
    let config = directory.path().join("config.toml");
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap();
    let more = format!(
        "{JAPANESE}[[alerts.channel]]\nkind = \"email\"\nfrom = \"a@b.example\"\nto = [\"a@b.example\"]\nport = 1\n"
    );
    let text = configuration(directory.path(), "http://127.0.0.1:1/", &more);
    let text = text.replace("127.0.0.1:0\"", &format!("{port}\""));
    fs::write(&config, text).unwrap();
    let told = fails(&config, &["check"], 1).await;
    assert!(
        told.iter().any(|line| line.contains("メールサーバー")),
        "{told:#?}"
    );
    let nobody = "http://127.0.0.1:1/";
    let examine = ["receiver-test", nobody, "--profile", "medical-system"];
    fails(&config, &examine, 1).await;
    let signed = [&examine[..], &["--secret", "NOT_SET"]].concat();
    fails(&config, &signed, 2).await;
    let data = directory.path().join("data.json");
    for wrong in [
        "[1]",
        "{\"a\":",
        "{\"a\":12345678901234567890}",
        "{\"a\":1,\"a\":2}",
    ] {
        fs::write(&data, wrong).unwrap();
        let with_data = [&examine[..], &["--data", data.to_str().unwrap()]].concat();
        fails(&config, &with_data, 1).await;
    }
    let port = port.to_string();
    let listen = ["receiver", "--listen", &port, "--profile", "unsigned"];
    fails(&config, &listen, 1).await;
    let mut long = directory.path().to_owned();
    long.push("x".repeat(120));
    fs::write(&config, configuration(&long, "", JAPANESE)).unwrap();
    fails(&config, &["check"], 1).await;
}

#[tokio::test]
async fn the_demo_is_played_in_japanese() {
    let mut command = program();
    command.env("LANG", "ja_JP.UTF-8").args(["demo", "--exit"]);
    let output = command.output().await.unwrap();
    assert!(output.status.success(), "{output:?}");
    let told = lines(&output);
    for line in &told {
        assert_eq!(english(line), None, "{line}");
        let columns: usize = line
            .chars()
            .map(|c| {
                if c.is_ascii() || "…→".contains(c) {
                    1
                } else {
                    2
                }
            })
            .sum();
        assert!(columns <= 80, "{columns}: {line}");
    }
    assert!(
        told.iter()
            .any(|line| line.contains("時間切れ") && line.contains("平均 ms")),
        "{told:#?}"
    );
    // What got lost behind a 200 is found, and then it is there.
    let found = told
        .iter()
        .position(|line| line.contains("届いていないもの: 1"));
    let settled = told
        .iter()
        .position(|line| line.contains("届いていないものはありません"));
    assert!(found.is_some() && found < settled, "{told:#?}");
}

#[tokio::test]
async fn the_demo_has_nothing_for_programs_and_says_so() {
    let mut command = program();
    command.env("LANG", "ja_JP.UTF-8").args(["demo", "--json"]);
    let output = command.output().await.unwrap();
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    assert!(output.stdout.is_empty(), "nothing was played: {output:?}");
    let error: serde_json::Value = serde_json::from_slice(&output.stderr).unwrap();
    assert_eq!(error["error"]["code"], "USAGE");
    let told = error["error"]["message"].as_str().unwrap();
    assert!(told.contains("leave out --json"), "{told}");
}

#[tokio::test]
async fn an_attempt_over_the_control_socket_stays_english() {
    let directory = TempDir::new().unwrap();
    let daemon = Daemon::start(directory.path(), "", JAPANESE).await;
    let client = control_client(directory.path());
    let answer = client.get("http://relay/api/events/nobody").send().await;
    let text = answer.unwrap().text().await.unwrap();
    assert!(text.contains("No event has this id"), "{text}");
    daemon.stop().await;
}

#[tokio::test]
async fn an_attempt_that_did_not_arrive_is_told_in_japanese_and_kept_in_english() {
    let partner = Partner::start(Clock::System).await;
    let plain = partner.url().replace("http://", "https://");
    for (url, japanese, english_too) in [
        (
            plain.as_str(),
            "このポートは TLS を使っていません",
            "does not speak TLS",
        ),
        (
            "http://127.0.0.1:1/",
            "接続を断られました",
            "the connection was refused",
        ),
    ] {
        let directory = TempDir::new().unwrap();
        let more = format!("{JAPANESE}[retry]\nintervals_seconds = [1]\n");
        let daemon = Daemon::start(directory.path(), url, &more).await;
        let config = daemon.config.clone();
        let waited = run(&config, &["send", "test.ping", "--wait"]).await;
        let told = is_told_in_japanese(&waited, "send --wait");
        assert!(told.iter().any(|line| line.contains(japanese)), "{told:#?}");
        let id = told[0].split_whitespace().last().unwrap();
        let shown = run(&config, &["show", id]).await;
        let shown = lines(&shown);
        assert!(
            shown.iter().any(|line| line.contains(japanese)),
            "{shown:#?}"
        );
        for line in &shown {
            assert_eq!(english(line), None, "{line}");
        }
        let kept = run(&config, &["show", id, "--json"]).await;
        let kept = String::from_utf8(kept.stdout).unwrap();
        assert!(kept.contains(english_too), "{kept}");
        daemon.stop().await;
    }
}

/// What a program reads has no Japanese character.
async fn speaks_english(config: &Path, arguments: &[&str]) -> String {
    let output = run(config, &[arguments, &["--json"]].concat()).await;
    let lines = lines(&output);
    assert!(!lines.is_empty(), "{arguments:?} says nothing");
    for line in &lines {
        let found = line.chars().find(|c| is_japanese(*c));
        assert_eq!(found, None, "{arguments:?}: {line}");
    }
    lines.join("\n")
}

#[tokio::test]
async fn programs_are_spoken_to_in_english() {
    let directory = TempDir::new().unwrap();
    let partner = Partner::start(Clock::System).await;
    partner.always_answers(Some(status(401)));
    let more = format!(
        "{JAPANESE}[retry]\nintervals_seconds = [1]\n[[alerts.channel]]\nkind = \"email\"\nfrom = \"a@b.example\"\nto = [\"a@b.example\"]\nport = 1\n"
    );
    let daemon = Daemon::start(directory.path(), &partner.url(), &more).await;
    let config = daemon.config.clone();
    let write = |name: &str, text: &str| {
        let path = directory.path().join(name);
        fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let (nowhere, unknown) = ("/nowhere/x", "ffffffff-ffff-ffff-ffff-ffffffffffff");
    let rows = write(
        "bad.csv",
        "id,employeeId,interviewType,interviewDate\nint-1,,x,yesterday\n",
    );
    let no_json = write("no.json", "{\"a\":");
    let text = write("text.db", "no database");
    speaks_english(&config, &["send", "test.ping", "--wait"]).await;
    let told = speaks_english(&config, &["alert", "history"]).await;
    assert!(told.contains("partner_refuses"), "{told}");
    let told = speaks_english(&config, &["status"]).await;
    assert!(told.contains("partner_refuses"), "{told}");
    for arguments in [
        &["check"][..],
        &["tail"],
        &["alert", "test"],
        &["alert", "dismiss", unknown],
        &["reload"],
        &["resend", "--dry-run"],
        &["resend", unknown],
        &["show", "ffff"],
        &["show", "a b"],
        &["send", "Not An Event"],
        &["send", "a.b", "--data", &no_json],
        &["send", "a.b", "--data", nowhere],
        &["token", "list"],
        &["token", "revoke", unknown],
        &["token", "issue", "--subject", "a", "--scope", "x"],
        &["tail", "--since", "yesterday"],
        &["tail", "--limit", "0"],
        &["import", "interviews", &rows],
        &["import", "interviews", nowhere],
        &["verify", &text],
        &["verify", nowhere],
        &["backup", nowhere],
        &["restore", &text],
        &["receiver", "--secret", "NOT_SET"],
        &[
            "receiver-test",
            "http://127.0.0.1:1/",
            "--profile",
            "unsigned",
        ],
    ] {
        speaks_english(&config, arguments).await;
    }
    // What the daemon finds when it reads again is told in the language of the one who asked.
    let good = fs::read_to_string(&config).unwrap();
    for bad in [good.replace("[1]", "[0]"), good.replace(&partner.url(), "")] {
        fs::write(&config, bad).unwrap();
        for command in ["reload", "check"] {
            speaks_english(&config, &[command]).await;
        }
    }
    fs::write(&config, good).unwrap();
    daemon.stop().await;
    for command in ["status", "reload", "tail"] {
        speaks_english(&config, &[command]).await;
    }
}
