//! Help and what is said of something that was typed wrongly, in the language of the one who typed it.

use std::path::Path;
use std::process::Output;

use serde_json::Value;
use tempfile::TempDir;

use crate::commands::program;

async fn run(lang: &str, config: &Path, arguments: &[&str]) -> Output {
    let mut command = program();
    command.arg("--config").arg(config).args(arguments);
    command.env("LANG", lang).output().await.unwrap()
}

fn is_japanese(text: &[u8]) -> bool {
    let text = std::str::from_utf8(text).unwrap();
    text.chars().any(|c| c >= '\u{3040}')
}

#[tokio::test]
async fn help_and_usage_errors_are_in_the_language_of_the_configuration() {
    let directory = TempDir::new().unwrap();
    let file = |name: &str, text: &str| {
        let path = directory.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    };
    let absent = directory.path().join("absent.toml");
    for (lang, config, japanese) in [
        ("en_US.UTF-8", file("ja.toml", "language = \"ja\""), true),
        ("ja_JP.UTF-8", file("en.toml", "language = \"en\""), false),
        // A file with mistakes says it all the same.
        (
            "ja_JP.UTF-8",
            file("bad.toml", "language = \"en\"\nx = 1"),
            false,
        ),
        // Nothing says it but the environment, and it asks for English or does not.
        ("ja_JP.UTF-8", absent.clone(), true),
        ("C.UTF-8", absent.clone(), true),
        ("en_US.UTF-8", absent, false),
        // What cannot be read leaves everything at its default.
        ("en_US.UTF-8", directory.path().to_owned(), true),
    ] {
        let help = run(lang, &config, &["tail", "--help"]).await;
        assert!(help.status.success(), "{help:?}");
        assert_eq!(is_japanese(&help.stdout), japanese, "{lang} {config:?}");
        let short = run(lang, &config, &["help", "tail"]).await;
        assert_eq!(is_japanese(&short.stdout), japanese, "{lang} {config:?}");
        let wrong = run(lang, &config, &["tail", "--limit", "0"]).await;
        assert_eq!(wrong.status.code(), Some(2), "{wrong:?}");
        assert!(wrong.stdout.is_empty());
        assert_eq!(is_japanese(&wrong.stderr), japanese, "{wrong:?}");
        let wrong = run(lang, &config, &["--json", "tail", "--limit", "0"]).await;
        assert_eq!(wrong.status.code(), Some(2), "{wrong:?}");
        let answer: Value = serde_json::from_slice(&wrong.stderr).unwrap();
        let message = answer["error"]["message"].as_str().unwrap();
        assert_eq!(answer["error"]["code"], "USAGE");
        // A program reads English.
        let begins = "invalid value '0' for '--limit <N>': must be a whole number from 1 to 1000\n";
        assert!(message.starts_with(begins), "{message}");
    }
}

#[tokio::test]
async fn without_a_word_the_help_is_shown_in_the_readers_language() {
    // Below a command too: --config would be a word.
    for (lang, usage) in [("ja_JP.UTF-8", "使い方: "), ("en_US.UTF-8", "Usage: ")] {
        for (arguments, typed) in [(&[][..], ""), (&["token"], " token")] {
            let mut command = program();
            let output = command.args(arguments).env("LANG", lang).output().await;
            let output = output.unwrap();
            assert_eq!(output.status.code(), Some(2));
            let told = String::from_utf8(output.stderr).unwrap();
            let usage = format!("{usage}voicedrive-relay{typed} ");
            // A relay that is installed here says the language itself.
            let installed = Path::new("/etc/voicedrive-relay/config.toml").exists();
            assert!(installed || told.contains(&usage), "{told}");
        }
    }
}
