//! The command line in Japanese: help, manual pages, and errors of usage. The English is written at the commands.

mod arguments;
mod commands;
mod errors;
mod layout;
#[cfg(test)]
mod tests;

use clap::builder::{Resettable, StyledStr};
use clap::{Arg, Command};

use arguments::VALUES;
use commands::{COMMANDS, HELP};
pub use errors::{Japanese, PREFIX};
pub use layout::{for_terminal, pieces, with_whole_usage};

/// The whole command line with Japanese words, for a page of the manual.
#[must_use]
pub fn translated(mut command: Command) -> Command {
    // What is added to every command, such as --help, is there only then.
    command.build();
    translate(command, "")
}

/// What a value of an argument means; none where the value says it itself.
#[must_use]
pub fn value(argument: &str, name: &str) -> Option<&'static str> {
    let mut values = VALUES.iter();
    let found = values.find(|text| (text.argument, text.name) == (argument, name));
    found.map(|text| text.meaning)
}

/// `path` names the command by its words, without the program's own.
fn translate(command: Command, path: &str) -> Command {
    let command = command
        .mut_args(|argument| translate_argument(argument, path))
        .mut_subcommands(|below| {
            let path = format!("{path} {}", below.get_name());
            translate(below, path.trim_start())
        })
        .subcommand_value_name("コマンド");
    if is_help(path) {
        return command.about(HELP);
    }
    let Some(text) = of_command(path) else {
        return command;
    };
    let command = command.about(text.about);
    if text.below.is_empty() {
        command
    } else {
        command.after_help(text.below)
    }
}

fn translate_argument(argument: Arg, path: &str) -> Arg {
    let Some(text) = of_argument(path, argument.get_id().as_str()) else {
        return argument;
    };
    let longer: Resettable<StyledStr> = Resettable::Reset;
    let argument = argument.help(text.help).long_help(longer);
    if text.takes.is_empty() {
        argument
    } else {
        argument.value_name(text.takes)
    }
}

/// Whether this is the command that shows the help of others.
fn is_help(path: &str) -> bool {
    path.split(' ').next_back() == Some("help")
}

fn of_command(path: &str) -> Option<&'static commands::Command> {
    // Below `help` all the others stand once more.
    let words = path.split(' ').filter(|word| *word != "help");
    let path: Vec<&str> = words.collect();
    let path = path.join(" ");
    COMMANDS.iter().find(|text| text.path == path)
}

fn of_argument(path: &str, id: &str) -> Option<&'static arguments::Argument> {
    arguments::all().find(|text| text.id == id && (text.of.is_empty() || text.of.contains(&path)))
}
