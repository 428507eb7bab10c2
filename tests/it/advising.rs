//! What was typed or written wrongly is told with what to do about it, and that is the right thing.

use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Output;

use tempfile::TempDir;

use crate::commands::{Daemon, program};
use crate::harness::{JWT_SECRET, TestRelay, WEBHOOK_SECRET, configuration};

fn said(output: &Output) -> String {
    let both = [&output.stdout[..], &output.stderr[..]].concat();
    String::from_utf8(both).unwrap()
}

/// What a command says that has this configuration, and its secrets in a file.
async fn typed(directory: &Path, more: &str, arguments: &[&str]) -> (Option<i32>, String) {
    let config = directory.join("config.toml");
    std::fs::write(&config, configuration(directory, "", more)).unwrap();
    let secrets = directory.join("secrets.env");
    if secrets.symlink_metadata().is_err() {
        let text = format!("VOICEDRIVE_WEBHOOK_SECRET={WEBHOOK_SECRET}\n");
        std::fs::write(secrets, text).unwrap();
    }
    let mut command = program();
    command.env_clear().args(arguments);
    let output = command.arg("--config").arg(config).output().await.unwrap();
    (output.status.code(), said(&output))
}

#[tokio::test]
async fn a_usage_line_shows_what_has_to_be_typed_and_nothing_else() {
    let directory = TempDir::new().unwrap();
    for (more, arguments, usage) in [
        (
            "",
            &["reconcile"][..],
            "Usage: voicedrive-relay reconcile [OPTIONS] <FILE|--digest>",
        ),
        (
            "language = \"ja\"\n",
            &["reconcile"],
            "使い方: voicedrive-relay reconcile [オプション] <ファイル|--digest>",
        ),
        (
            "",
            &["hold", "--until", "06:00"],
            "Usage: voicedrive-relay hold [OPTIONS] --until <TIME> <REASON>",
        ),
        (
            "",
            &["token", "issue"],
            "Usage: voicedrive-relay token issue [OPTIONS] --subject <SUBJECT> --scope <SCOPE>",
        ),
    ] {
        let (code, told) = typed(directory.path(), more, arguments).await;
        assert_eq!(code, Some(2), "{told}");
        assert!(told.contains(usage), "{told}");
        assert!(!told.contains("--config <"), "{told}");
    }
    let both = ["reconcile", "ids.txt", "--digest"];
    let (code, told) = typed(directory.path(), "", &both).await;
    assert_eq!(code, Some(2), "{told}");
    assert!(told.contains("cannot be used with"), "{told}");
}

#[tokio::test]
async fn no_tip_leads_on_from_one_mistake_to_the_next() {
    let directory = TempDir::new().unwrap();
    for more in ["", "language = \"ja\"\n"] {
        let unknown = ["resend", "--date", "2025-10-03"];
        let (code, told) = typed(directory.path(), more, &unknown).await;
        assert_eq!(code, Some(2), "{told}");
        assert!(!told.contains("-- --date"), "{told}");
        let dismissed = ["resend", "--status", "dismissed"];
        let (code, told) = typed(directory.path(), more, &dismissed).await;
        assert_eq!(code, Some(2), "{told}");
        assert!(told.contains("retrying, delivered, exhausted]"), "{told}");
    }
    // What is only looked at may be dismissed.
    let (_, help) = typed(directory.path(), "", &["tail", "--help"]).await;
    assert!(help.contains("dismissed"), "{help}");
}

#[tokio::test]
async fn what_is_not_there_is_told_with_where_to_look() {
    let directory = TempDir::new().unwrap();
    let daemon = Daemon::start(directory.path(), "", "").await;
    for (arguments, expected) in [
        (
            &["alert", "dismiss", "xyz"][..],
            "`alert history` shows the incidents",
        ),
        (&["hold", "end"], "no hold of every route"),
    ] {
        let output = daemon.run(arguments).await;
        assert_eq!(output.status.code(), Some(1), "{output:?}");
        let told = said(&output);
        assert!(told.contains(expected), "{told}");
    }
    let nowhere = directory.path().join("nowhere/events.csv");
    let output = daemon
        .run(&["export", "deliveries", nowhere.to_str().unwrap()])
        .await;
    let told = said(&output);
    let said = "nowhere/events.csv: No such file or directory (os error 2)";
    assert!(told.trim_end().ends_with(said), "{told}");
    daemon.stop().await;
}

fn line<'a>(told: &'a str, part: &str) -> &'a str {
    let line = told.lines().find(|line| line.contains(part));
    line.unwrap_or_else(|| panic!("no {part}: {told}"))
}

#[tokio::test]
async fn check_notes_what_works_otherwise_than_it_reads() {
    let directory = TempDir::new().unwrap();
    let mail = |to: &str| {
        format!(
            "[[alerts.channel]]\nkind = \"email\"\nfrom = \"relay@clinic.example\"\nto = [{to}]\nport = 9\n"
        )
    };
    let route = |name: &str, events: &str| {
        format!(
            "[[route]]\nname = \"{name}\"\nevents = [\"{events}\"]\nurl = \"http://127.0.0.1:9/{name}\"\n"
        )
    };
    let more = [
        route("wide", "employee.*"),
        route("narrow", "employee.created"),
        mail("\"a@clinic.example\", \"b@clinic.example\""),
        mail("\"A@clinic.example\""),
    ];
    let (_, told) = typed(directory.path(), &more.concat(), &["check"]).await;
    let narrow = line(&told, "note  route narrow:");
    assert!(narrow.contains("employee.created goes to wide"), "{narrow}");
    assert!(!told.contains("note  route wide:"), "{told}");
    let twice = line(&told, "note  alerts:");
    assert!(twice.contains("a@clinic.example"), "{twice}");
    assert!(twice.contains("email 1, email 2"), "{twice}");
    assert!(!told.contains("b@clinic.example is in"), "{told}");
}

#[tokio::test]
async fn an_address_that_this_server_does_not_have_is_called_so() {
    let directory = TempDir::new().unwrap();
    let config = directory.path().join("config.toml");
    let text = configuration(directory.path(), "", "");
    // Of a range for documents: nobody has it.
    std::fs::write(&config, text.replace("127.0.0.1:0", "192.0.2.1:8480")).unwrap();
    let mut check = program();
    let output = check.args(["check", "--config"]).arg(&config).output();
    let told = said(&output.await.unwrap());
    let listen = line(&told, "error listen: 192.0.2.1:8480:");
    assert!(
        listen.contains("does not have the address 192.0.2.1"),
        "{listen}"
    );
}

#[tokio::test]
async fn full_width_letters_in_a_mail_address_are_a_mistake() {
    let directory = TempDir::new().unwrap();
    for (from, to) in [
        ("relay@clinic.example", "ａdmin@clinic.example"),
        ("relay@clinic.example", "院長 <院長@clinic.example>"),
        ("リレー <ｒelay@clinic.example>", "admin@clinic.example"),
    ] {
        let more =
            format!("[[alerts.channel]]\nkind = \"email\"\nfrom = \"{from}\"\nto = [\"{to}\"]\n");
        let (code, told) = typed(directory.path(), &more, &["check"]).await;
        assert_eq!(code, Some(78), "{told}");
        assert!(told.contains("in plain letters"), "{told}");
    }
}

#[tokio::test]
async fn a_link_that_leads_nowhere_is_called_so() {
    let directory = TempDir::new().unwrap();
    let gone = directory.path().join("gone.env");
    symlink(&gone, directory.path().join("secrets.env")).unwrap();
    let (code, told) = typed(directory.path(), "", &["check"]).await;
    assert_eq!(code, Some(78), "{told}");
    let expected = format!("is a link to {}, which is not there", gone.display());
    assert!(told.contains(&expected), "{told}");
}

/// As in a container, or at a developer's desk.
#[tokio::test]
async fn secrets_from_the_environment_alone_are_no_warning() {
    let directory = TempDir::new().unwrap();
    let daemon = Daemon::start(directory.path(), "", "").await;
    let told = daemon.log_before_ready.join("\n");
    let noted = line(&told, "variables of the environment count");
    assert!(noted.contains("INFO"), "{noted}");
    assert!(!told.contains(JWT_SECRET), "{told}");
    daemon.stop().await;
}

#[tokio::test]
async fn a_body_or_a_parameter_that_cannot_be_is_told_why() {
    let relay = TestRelay::start("").await;
    for path in ["/api/events", "/api/events/batch", "/api/events/resend"] {
        let answer = relay.post(path, " \r\n").await;
        assert_eq!(
            answer.error(),
            ("INVALID_JSON", "the body is empty"),
            "{path}"
        );
    }
    let answer = relay.get("/api/events?staffId=a%00b").await;
    assert!(
        answer.error().1.contains("no control characters"),
        "{answer:?}"
    );
    relay.stop().await;
}
