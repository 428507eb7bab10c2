//! The packaged completions, in each shell itself: what it offers for the word under the cursor.

use std::path::{Path, PathBuf};
use std::process::Command;

/// What is typed behind the program's name, and what is offered among others.
const CASES: [(&[&str], &[&str]); 11] = [
    (&["ta"], &["tail"]),
    (
        &["tail", "--status", ""],
        &["accepted", "retrying", "delivered", "exhausted"],
    ),
    (&["--json", "token", ""], &["issue", "list", "revoke"]),
    (
        &["--config", "/tmp/x", "tail", "--sta"],
        &["--status", "--staff-id"],
    ),
    (&["resend", "--unt"], &["--until"]),
    (
        &["token", "issue", "--scope", ""],
        &["stats:read", "events:write", "admin"],
    ),
    (
        &["import", "interviews", "--unknown-origin", ""],
        &["keep", "drop"],
    ),
    (
        &["export", "deliveries", "--format", ""],
        &["csv", "ndjson"],
    ),
    (&["receiver-test", "--pro"], &["--profile"]),
    (&["alert", "h"], &["history", "help"]),
    // A word that is typed, or a command.
    (&["hold", ""], &["end", "list"]),
];

fn packaged() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("packaging/generated")
}

/// What a shell offers, one word a line.
fn offered(shell: &mut Command) -> Vec<String> {
    let output = shell.output().unwrap();
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{shell:?}: {told}");
    let offered = String::from_utf8(output.stdout).unwrap();
    offered.lines().map(str::to_owned).collect()
}

fn every_case_is_offered(offered: impl Fn(&[&str]) -> Vec<String>) {
    for (typed, expected) in CASES {
        let found = offered(typed);
        for word in expected {
            assert!(
                found.iter().any(|found| found == word),
                "{typed:?}: {found:?}"
            );
        }
    }
}

/// The line as it is typed.
fn line(typed: &[&str]) -> String {
    format!("voicedrive-relay {}", typed.join(" "))
}

#[test]
fn bash_completes_below_the_first_word() {
    every_case_is_offered(offered_by_bash);
}

/// Bash hands over `stats:re` as three words, and replaces the last of them.
#[test]
fn bash_completes_behind_a_colon_and_an_equals_sign() {
    for (typed, expected) in [
        (
            &["token", "issue", "--scope", "stats", ":", "re"][..],
            "read",
        ),
        (&["token", "issue", "--scope", "stats", ":"], "read"),
        (
            &["token", "issue", "--scope", "=", "stats", ":", "r"],
            "read",
        ),
        (&["token", "issue", "--scope", "=", "adm"], "admin"),
        (&["tail", "--status", "="], "exhausted"),
        (
            &["token", "issue", "--subject", "a", ":", "b", "--sco"],
            "--scope",
        ),
    ] {
        let found = offered_by_bash(typed);
        assert!(
            found.iter().any(|found| found == expected),
            "{typed:?}: {found:?}"
        );
    }
}

/// `typed` as bash cuts it into words.
fn offered_by_bash(typed: &[&str]) -> Vec<String> {
    let typed = ["voicedrive-relay"].iter().chain(typed).copied();
    let typed: Vec<&str> = typed.collect();
    let (current, before) = typed.split_last().unwrap();
    let mut bash = Command::new("bash");
    bash.arg("-c")
        .arg(
            r#"
                . "$1"; shift
                current=$1 previous=$2; shift 2
                COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
                registered=$(complete -p voicedrive-relay)
                function=${registered#*-F }
                "${function%% *}" "$1" "$current" "$previous"
                printf '%s\n' "${COMPREPLY[@]}"
                "#,
        )
        .arg("bash")
        .arg(packaged().join("voicedrive-relay.bash"))
        .args([current, before.last().unwrap()])
        .args(&typed);
    offered(&mut bash)
}

#[test]
fn fish_completes_below_the_first_word() {
    every_case_is_offered(|typed| {
        let mut fish = Command::new("fish");
        fish.arg("--no-config")
            .args(["-c", "source $argv[1]; complete --do-complete $argv[2]"])
            .arg(packaged().join("voicedrive-relay.fish"))
            .arg(line(typed));
        // Behind a tab it says what the word means.
        let lines = offered(&mut fish).into_iter();
        lines
            .map(|line| line.split('\t').next().unwrap_or_default().to_owned())
            .collect()
    });
}

#[test]
fn zsh_completes_below_the_first_word() {
    every_case_is_offered(|typed| {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/completing/offered.zsh");
        let mut zsh = Command::new("zsh");
        zsh.arg("-f").arg(script).arg(packaged()).arg(line(typed));
        offered(&mut zsh)
    });
}
