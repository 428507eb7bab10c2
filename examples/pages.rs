//! Writes what the program says of itself: man pages in English and Japanese, completions, the changelog as
//! Debian reads it, and the description of the API, which the program answers with. What is kept in
//! `packaging/generated` is compared with it by the tests.
//!
//!   cargo run --example pages -- packaging/generated

use std::path::{Path, PathBuf};
use std::{env, fs, io};

use clap::Command;
use clap_complete::Shell;
use voicedrive_relay::testing::language::Language;

#[path = "pages/manual.rs"]
mod manual;

const NAME: &str = "voicedrive-relay";

fn main() -> io::Result<()> {
    let directory = env::args().nth(1).unwrap_or_else(|| ".".to_owned());
    write_all(&PathBuf::from(directory))
}

/// Writes all of them into `directory`.
///
/// # Errors
/// When the directory cannot be written, or the commented configuration not be read.
pub fn write_all(directory: &Path) -> io::Result<()> {
    manual::write(Language::En, directory)?;
    manual::write(Language::Ja, &directory.join("ja"))?;
    let mut command = voicedrive_relay::testing::cli::command();
    clap_complete::generate_to(Shell::Fish, &mut command, NAME, directory)?;
    let file = directory.join(format!("_{NAME}"));
    fs::write(file, completions_of_zsh(&mut command))?;
    let file = directory.join(format!("{NAME}.bash"));
    fs::write(file, completions_of_bash(&mut command))?;
    let changes = Path::new(env!("CARGO_MANIFEST_DIR")).join("CHANGELOG.md");
    let changes = fs::read_to_string(changes)?;
    fs::write(directory.join("changelog"), changelog(&changes))?;
    let description = voicedrive_relay::testing::http::api::endpoints::document();
    fs::write(directory.join("openapi.json"), format!("{description}\n"))
}

/// Completions for bash. The generator names a command with a hyphen in one way where it finds it, and in
/// another where it says what can follow, so that nothing would follow.
fn completions_of_bash(command: &mut Command) -> String {
    let mut script = Vec::new();
    clap_complete::generate(Shell::Bash, command, NAME, &mut script);
    let script = String::from_utf8_lossy(&script);
    let script = script.replace("voicedrive__subcmd__relay", "voicedrive__relay");
    let (function, registered) = script.rsplit_once("\nif [[").unwrap_or((&script, ""));
    let registered = registered.replace("_voicedrive__relay", "_voicedrive__relay_typed");
    format!("{function}{WHOLE_WORDS}\nif [[{registered}")
}

/// Bash ends a word at `:` and at `=`, the generator's function does not expect that, and what it offers begins
/// with the whole word.
const WHOLE_WORDS: &str = r#"
_voicedrive__relay_typed() {
    local command="$1" word begun="" joins="" last
    local -a whole=()
    for word in "${COMP_WORDS[@]:0:COMP_CWORD+1}"; do
        last=$((${#whole[@]} - 1))
        if [[ $last -gt 0 && "$word" == +(:) ]]; then
            whole[last]+="$word"
            joins=1
        elif [[ -n $joins ]]; then
            whole[last]+="$word"
            joins=""
        elif [[ "$word" == "=" ]]; then
            joins=""
        else
            whole+=("$word")
        fi
    done
    if [[ "$word" == "=" ]]; then
        whole+=("")
    fi
    last=$((${#whole[@]} - 1))
    local current="${whole[last]}"
    if [[ "$current" != "$word" || "$word" == +(:) ]]; then
        begun="${current%"${current##*:}"}"
    fi
    local -a COMP_WORDS=("${whole[@]}")
    local COMP_CWORD=$last
    _voicedrive__relay "$command" "$current" "${whole[last - 1]}"
    COMPREPLY=("${COMPREPLY[@]#"$begun"}")
}
"#;

/// Completions for zsh. A command that takes a word of its own or another command in its place (`hold`) would wait for
/// both, so that nothing would follow the other command.
fn completions_of_zsh(command: &mut Command) -> String {
    let mut script = Vec::new();
    clap_complete::generate(Shell::Zsh, command, NAME, &mut script);
    let script = String::from_utf8_lossy(&script).replace("$line[2]", "$line[1]");
    let mut lines = script.lines().peekable();
    let mut kept = String::new();
    while let Some(line) = lines.next() {
        let before_commands = lines.peek().is_some_and(|next| next.starts_with("\":: :_"));
        if !(before_commands && line.starts_with("':")) {
            kept.extend([line, "\n"]);
        }
    }
    kept
}

/// The changes of the newest version, as Debian's tools want them.
fn changelog(changes: &str) -> String {
    let version = env!("CARGO_PKG_VERSION");
    let newest = changes.split("\n## ").nth(1).unwrap_or_default();
    let entries: Vec<_> = newest.split("\n- ").skip(1).map(entry).collect();
    format!(
        "voicedrive-relay ({version}) stable; urgency=medium\n\n{}\n \
         -- voicedrive-relay authors <relay@voicedrive-relay.invalid>  Sun, 26 Oct 2025 00:00:00 +0000\n",
        entries.concat()
    )
}

/// One change, in lines of at most 80 characters.
fn entry(change: &str) -> String {
    let mut lines = vec!["  *".to_owned()];
    for word in change.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.chars().count() + word.chars().count() < 80 => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(format!("    {word}")),
        }
    }
    lines.join("\n") + "\n"
}
