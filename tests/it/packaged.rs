//! What the package shows of the program is what the program is.

use std::fs;
use std::path::Path;
use std::process::Command;

#[path = "../../examples/pages.rs"]
#[allow(dead_code)]
mod pages;

#[test]
fn the_pages_that_are_packaged_are_those_of_the_program() {
    let written = tempfile::tempdir().unwrap();
    pages::write_all(written.path()).unwrap();
    let packaged = Path::new(env!("CARGO_MANIFEST_DIR")).join("packaging/generated");
    let names = |directory: &Path| {
        let mut names: Vec<_> = fs::read_dir(directory)
            .unwrap()
            .map(|entry| entry.unwrap().file_name())
            .collect();
        names.sort();
        names
    };
    let again = "write them again: cargo run --example pages -- packaging/generated";
    assert_eq!(names(&packaged), names(written.path()), "{again}");
    for name in names(&packaged) {
        assert!(
            fs::read(packaged.join(&name)).unwrap()
                == fs::read(written.path().join(&name)).unwrap(),
            "{} is not up to date; {again}",
            name.display()
        );
    }
}

/// What bash offers for the last of these words.
fn completed(script: &Path, words: &[&str]) -> Vec<String> {
    let typed = ["voicedrive-relay"].iter().chain(words).copied();
    let typed: Vec<&str> = typed.collect();
    let (current, before) = typed.split_last().unwrap();
    let output = Command::new("bash")
        .args([
            "-c",
            r#"
            . "$1"; shift
            current=$1 previous=$2; shift 2
            COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
            _voicedrive__relay "$1" "$current" "$previous"
            printf '%s\n' "${COMPREPLY[@]}"
        "#,
        ])
        .arg("bash")
        .arg(script)
        .args([current, before.last().unwrap()])
        .args(&typed)
        .output()
        .unwrap();
    let offered = String::from_utf8(output.stdout).unwrap();
    offered.lines().map(str::to_owned).collect()
}

#[test]
fn bash_completes_below_the_first_word() {
    let packaged = Path::new(env!("CARGO_MANIFEST_DIR")).join("packaging/generated");
    let script = packaged.join("voicedrive-relay.bash");
    for (words, offered) in [
        (&["ta"][..], &["tail"][..]),
        (
            &["tail", "--status", ""],
            &["accepted", "retrying", "delivered", "exhausted"],
        ),
        (&["--json", "token", ""], &["issue", "list", "revoke"]),
        (&["resend", "--unt"], &["--until"]),
        (&["receiver-test", "--pro"], &["--profile"]),
        (&["alert", "h"], &["history", "help"]),
    ] {
        let found = completed(&script, words);
        for word in offered {
            assert!(
                found.iter().any(|found| found == word),
                "{words:?}: {found:?}"
            );
        }
    }
}

#[test]
fn a_page_of_the_manual_says_what_options_take_and_whose_page_it_is() {
    let packaged = Path::new(env!("CARGO_MANIFEST_DIR")).join("packaging/generated");
    let page = |name: &str| {
        let file = packaged.join(format!("voicedrive-relay-{name}.1"));
        fs::read_to_string(file).unwrap().replace("\\-", "-")
    };
    let tail = page("tail");
    for words in [
        ".TH voicedrive-relay-tail 1  \"voicedrive-relay ",
        "[\\fB--config\\fR \\fIPATH\\fR]",
        "[\\fB-n\\fR|\\fB--limit\\fR \\fIN\\fR]",
        "[\\fB-f\\fR|\\fB--follow\\fR]",
        "exhausted",
        ".SH EXAMPLES",
    ] {
        assert!(tail.contains(words), "{words}: {tail}");
    }
    assert!(!tail.contains(".br\n\n"), "{tail}");
    let show = page("show");
    assert!(show.contains("\\fBvoicedrive-relay show\\fR"), "{show}");
    assert!(show.contains(" \\fIID\\fR\n"), "{show}");
    assert!(page("resend").contains("[\\fIID\\fR ...]"));
}
