//! What is typed wrongly: nothing of it hangs, ends well, or is blamed on something else.

use std::path::Path;
use std::process::Output;
use std::time::Duration;

use tempfile::TempDir;

use crate::commands::{Daemon, program};
use crate::harness::configuration;

/// The longest that a command may take that has nothing to do.
const PATIENCE: Duration = Duration::from_secs(30);

/// Runs a command with a configuration that is good, in a directory of its own.
async fn run(directory: &Path, variables: &[(&str, &str)], arguments: &[&str]) -> Output {
    let config = directory.join("config.toml");
    let mut command = program();
    command.args(arguments);
    if !arguments.contains(&"--config") {
        command.arg("--config").arg(&config);
    }
    command.envs(variables.iter().copied());
    let output = tokio::time::timeout(PATIENCE, command.output());
    let output = output
        .await
        .unwrap_or_else(|_| panic!("{arguments:?} hangs"));
    output.unwrap()
}

fn directory() -> TempDir {
    let directory = TempDir::new().unwrap();
    let text = configuration(directory.path(), "http://127.0.0.1:9/", "");
    std::fs::write(directory.path().join("config.toml"), text).unwrap();
    directory
}

fn said(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

#[tokio::test]
async fn a_number_out_of_its_range_is_told_with_the_range() {
    let directory = directory();
    let receiver = &["receiver", "--profile", "unsigned"][..];
    let issue = &["token", "issue", "--subject", "a", "--scope", "admin"];
    let test = &[
        "receiver-test",
        "http://127.0.0.1:9/",
        "--profile",
        "unsigned",
    ];
    for (command, option, values, range) in [
        (
            receiver,
            "--status",
            &["999", "600", "199", "100", "0", "-1", "", "2e2", "２００"][..],
            "from 200 to 599",
        ),
        (
            receiver,
            "--delay",
            &["-5", "3600001", "18446744073709551616", "1.5", "1s"],
            "from 0 to 3600000",
        ),
        (
            receiver,
            "--fail",
            &["-1", "1000001", "all"],
            "from 0 to 1000000",
        ),
        (
            receiver,
            "--listen",
            &[
                "127.0.0.1:70000",
                "127.0.0.1:-1",
                "127.0.0.1",
                "9000",
                "localhost:9000",
            ],
            "a port from 0 to 65535",
        ),
        (
            issue,
            "--days",
            &["0", "-1", "3651", "99999999"],
            "from 1 to 3650",
        ),
        (&["tail"], "--limit", &["0", "-1", "1001"], "from 1 to 1000"),
        (&["tail"], "-n", &["0", "-1"], "from 1 to 1000"),
        (
            &["alert", "history"],
            "--limit",
            &["0", "-1", "201"],
            "from 1 to 200",
        ),
        (
            test,
            "--event",
            &["", "A b", "a\nb"],
            "must be an event's name",
        ),
    ] {
        for value in values {
            let arguments = [command, &[option, value]].concat();
            let output = run(directory.path(), &[], &arguments).await;
            let said = said(&output);
            assert_eq!(output.status.code(), Some(2), "{arguments:?}: {said}");
            assert!(said.contains(range), "{arguments:?}: {said}");
        }
    }
}

#[tokio::test]
async fn a_file_without_an_end_holds_nobody_up() {
    let directory = directory();
    let fifo = directory.path().join("fifo");
    let made = std::process::Command::new("mkfifo").arg(&fifo).status();
    assert!(made.unwrap().success());
    let fifo = fifo.to_str().unwrap();
    let test = [
        "receiver-test",
        "http://127.0.0.1:9/",
        "--profile",
        "unsigned",
    ];
    // Without a configuration that can be read, Japanese is spoken.
    for (arguments, exit, says) in [
        (
            &["check", "--config", fifo][..],
            78,
            "通常のファイルではありません",
        ),
        (
            &["status", "--config", fifo],
            78,
            "通常のファイルではありません",
        ),
        (
            &["serve", "--config", fifo],
            78,
            "通常のファイルではありません",
        ),
        (
            &["check", "--config", "/dev/zero"],
            78,
            "通常のファイルではありません",
        ),
        (
            &["serve", "--config", "/dev/null"],
            78,
            "通常のファイルではありません",
        ),
        (&["verify", fifo], 1, "not an ordinary file"),
        (&["verify", "/dev/zero"], 1, "not an ordinary file"),
        (&["restore", fifo], 1, "not an ordinary file"),
        (&["backup", fifo], 1, "not an ordinary file"),
        (&["send", "a.b", "--data", "/dev/zero"], 1, "too large"),
        (
            &[&test[..], &["--data", "/dev/zero"]].concat(),
            1,
            "too large",
        ),
        (&["import", "interviews", "/dev/zero"], 1, "/dev/zero: "),
    ] {
        let output = run(directory.path(), &[], arguments).await;
        let said = said(&output);
        assert_eq!(output.status.code(), Some(exit), "{arguments:?}: {said}");
        assert!(said.contains(says), "{arguments:?}: {said}");
        assert!(output.stdout.is_empty(), "{output:?}");
    }
}

#[tokio::test]
async fn a_secret_in_the_place_of_its_name_is_not_repeated() {
    let directory = directory();
    let test = [
        "receiver-test",
        "http://127.0.0.1:9/",
        "--profile",
        "medical-system",
    ];
    for (command, option) in [
        (&["receiver"][..], "--secret"),
        (&test, "--secret"),
        (&test, "--bearer"),
    ] {
        for value in ["hush-hush", "hush hush", ""] {
            let arguments = [command, &[option, value]].concat();
            let output = run(directory.path(), &[], &arguments).await;
            let said = said(&output);
            assert_eq!(output.status.code(), Some(2), "{said}");
            let told = format!("{option}: must be the name of a secret");
            assert!(said.contains(&told) && !said.contains("hush"), "{said}");
        }
    }
}

#[tokio::test]
async fn a_wrong_proxy_is_told_where_it_was_set() {
    let directory = directory();
    let secrets = directory.path().join("secrets.env");
    std::fs::write(
        &secrets,
        "VOICEDRIVE_WEBHOOK_SECRET=0123456789abcdef\nPROXY_URL=hush\n",
    )
    .unwrap();
    let check = async |variables: &[(&str, &str)]| {
        let output = run(directory.path(), variables, &["check"]).await;
        assert_eq!(output.status.code(), Some(78), "{output:?}");
        let said = said(&output);
        assert!(!said.contains("hush"), "{said}");
        said
    };
    for name in ["HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy"] {
        for wrong in ["hush", "socks5://hush:1"] {
            let said = check(&[(name, wrong)]).await;
            let told = format!("environment variable {name}: must be the URL of an HTTP proxy");
            let blamed = format!("secrets.env: {name}");
            assert!(said.contains(&told) && !said.contains(&blamed), "{said}");
        }
    }
    let named = "proxy = \"PROXY_URL\"";
    let named = configuration(directory.path(), "http://127.0.0.1:9/", named);
    std::fs::write(directory.path().join("config.toml"), named).unwrap();
    let said = check(&[("PROXY_URL", "http://p:1"), ("HTTPS_PROXY", "hush")]).await;
    assert!(said.contains("secrets.env:2: PROXY_URL: must be"), "{said}");
    assert!(!said.contains("variable HTTPS_PROXY"), "{said}");
}

#[tokio::test]
async fn a_token_is_for_somebody_who_has_a_name() {
    let directory = TempDir::new().unwrap();
    let daemon = Daemon::start(directory.path(), "", "").await;
    let long = "x".repeat(192);
    for subject in ["", "a\nb", "a\x1b[2J", &long] {
        for command in [
            &["token", "issue", "--scope", "admin"][..],
            &["token", "revoke"],
        ] {
            let typed = [command, &["--subject", subject]].concat();
            let output = daemon.run(&typed).await;
            let said = said(&output);
            assert_eq!(output.status.code(), Some(2), "{typed:?}: {said}");
            assert!(said.contains("must have 1 to 191 characters"), "{said}");
        }
    }
    let issued = ["token", "issue", "--scope", "admin", "--subject"];
    let blank = daemon.run(&[&issued[..], &["  "]].concat()).await;
    assert_eq!(blank.status.code(), Some(1), "{blank:?}");
    let listed = daemon.json(&["token", "list"]).await;
    assert_eq!(listed["items"], serde_json::json!([]));
}
