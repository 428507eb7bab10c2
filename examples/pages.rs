//! Writes what the program says of itself: man pages, completions, the changelog as Debian reads it, and
//! the description of the API, which the program answers with. What is kept in `packaging/generated` is
//! compared with it by the tests.
//!
//!   cargo run --example pages -- packaging/generated

use std::path::{Path, PathBuf};
use std::{env, fs, io};

use clap::{Arg, Command};
use clap_complete::Shell;
use clap_mangen::Man;

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
    fs::create_dir_all(directory)?;
    let mut command = voicedrive_relay::cli::command();
    let mut described = command.clone().disable_help_subcommand(true);
    described.build();
    write_pages(&described, directory)?;
    for shell in [Shell::Zsh, Shell::Fish] {
        clap_complete::generate_to(shell, &mut command, NAME, directory)?;
    }
    let file = directory.join(format!("{NAME}.bash"));
    fs::write(file, completions_of_bash(&mut command))?;
    let project = Path::new(env!("CARGO_MANIFEST_DIR"));
    let config = fs::read_to_string(project.join("packaging/config.toml"))?;
    fs::write(
        directory.join("voicedrive-relay-config.toml.5"),
        config_page(&config),
    )?;
    fs::write(directory.join("changelog"), changelog())?;
    let description = voicedrive_relay::http::openapi::document();
    fs::write(directory.join("openapi.json"), format!("{description}\n"))
}

/// Completions for bash. The generator names a command with a hyphen in one way where it finds it, and in
/// another where it says what can follow, so that nothing would follow.
fn completions_of_bash(command: &mut Command) -> String {
    let mut script = Vec::new();
    clap_complete::generate(Shell::Bash, command, NAME, &mut script);
    let script = String::from_utf8_lossy(&script);
    script.replace("voicedrive__subcmd__relay", "voicedrive__relay")
}

/// A page of the manual for the command and for each below it.
fn write_pages(command: &Command, directory: &Path) -> io::Result<()> {
    for command in command.get_subcommands().filter(|c| !c.is_hide_set()) {
        write_pages(command, directory)?;
    }
    let man = Man::new(command.clone())
        .source(format!("{NAME} {}", env!("CARGO_PKG_VERSION")))
        .manual(NAME);
    let mut page = Vec::new();
    man.render(&mut page)?;
    let page = String::from_utf8_lossy(&page);
    // The generator leaves out what an option takes, and calls examples an extra.
    let (before, rest) = page.split_once(".SH SYNOPSIS\n").unwrap_or((&page, ""));
    let (_, after) = rest.split_once("\n.SH ").unwrap_or_default();
    let after = after
        .replace(".br\n\n.br\n", ".br\n")
        .replace(".SH EXTRA\nExamples:\n", ".SH EXAMPLES\n")
        .replace(".SH EXTRA\nExample:\n", ".SH EXAMPLES\n")
        .replace(".SH EXTRA\n", ".SH NOTES\n");
    let synopsis = synopsis(command);
    fs::write(
        directory.join(man.get_filename()),
        format!("{before}.SH SYNOPSIS\n{synopsis}\n.SH {after}"),
    )
}

/// How the command is typed: its options with what they take, and then the rest.
fn synopsis(command: &Command) -> String {
    let name = command.get_bin_name().unwrap_or_else(|| command.get_name());
    let mut words = vec![format!("\\fB{name}\\fR")];
    let options = command.get_opts().chain(flags(command));
    for option in options.filter(|option| !option.is_hide_set()) {
        let short = option.get_short().map(|short| format!("\\fB-{short}\\fR|"));
        let long = option.get_long().unwrap_or_default();
        let option = format!(
            "{}\\fB--{long}\\fR{}",
            short.unwrap_or_default(),
            value(option, " ")
        );
        words.push(format!("[{option}]"));
    }
    for positional in command.get_positionals() {
        let many = if positional
            .get_num_args()
            .is_some_and(|n| n.max_values() > 1)
        {
            " ..."
        } else {
            ""
        };
        let word = format!("{}{many}", value(positional, ""));
        words.push(if positional.is_required_set() {
            word
        } else {
            format!("[{word}]")
        });
    }
    if command.has_subcommands() {
        words.push("\\fICOMMAND\\fR".to_owned());
    }
    words.join(" ").replace('-', "\\-")
}

fn flags(command: &Command) -> impl Iterator<Item = &Arg> {
    let arguments = command.get_arguments();
    arguments.filter(|argument| !argument.is_positional() && !argument.get_action().takes_values())
}

/// What an argument takes, behind `space`; nothing for one that takes nothing.
fn value(argument: &Arg, space: &str) -> String {
    if !argument.get_action().takes_values() {
        return String::new();
    }
    let names = argument.get_value_names().unwrap_or_default();
    let names: Vec<_> = names.iter().map(|name| format!("\\fI{name}\\fR")).collect();
    format!("{space}{}", names.join(" "))
}

/// The commented configuration as a page of the manual.
fn config_page(config: &str) -> String {
    let escaped = config.replace('\\', "\\e").replace('-', "\\-");
    // A line that begins with a dot or a quote would be a command.
    let lines: Vec<String> = escaped.lines().map(|line| format!("\\&{line}")).collect();
    let lines = lines.join("\n");
    format!(
        ".TH voicedrive\\-relay\\-config.toml 5 \"\" \"voicedrive\\-relay {version}\"\n\
         .SH NAME\nvoicedrive\\-relay\\-config.toml \\- configuration of voicedrive\\-relay\n\
         .SH SYNOPSIS\n/etc/voicedrive\\-relay/config.toml\n\
         .SH DESCRIPTION\nEvery key has a default, shown here behind a #. Secrets stand in\n\
         /etc/voicedrive\\-relay/secrets.env. All mistakes are reported together by\n\
         .BR voicedrive\\-relay\\ check .\n\
         .SH KEYS\n.nf\n{lines}\n.fi\n.SH SEE ALSO\n.BR voicedrive\\-relay (1)\n",
        version = env!("CARGO_PKG_VERSION"),
    )
}

/// One entry for the version, as Debian's tools want it; what changed stands in the README's company.
fn changelog() -> String {
    format!(
        "voicedrive-relay ({}) stable; urgency=medium\n\n  * See CHANGELOG.md of the project for what changed.\n\n \
         -- voicedrive-relay authors <relay@voicedrive-relay.invalid>  Sun, 26 Oct 2025 00:00:00 +0000\n",
        env!("CARGO_PKG_VERSION")
    )
}
