//! The whole command line is walked: what is missing, left over or English fails.

use std::collections::BTreeSet;

use clap::error::{ErrorKind, RichFormatter};
use clap::{Arg, ArgAction, Command};

use super::arguments::{self, VALUES};
use super::commands::COMMANDS;
use super::{Japanese, PREFIX, for_terminal, layout, translated, value};
use crate::cli::command;

fn is_japanese(text: &str) -> bool {
    text.chars().any(|c| c >= '\u{3040}')
}

/// Every command with its words, without `help` and what stands below it.
fn each(command: &Command) -> Vec<(String, &Command)> {
    fn walk<'a>(path: &str, command: &'a Command, found: &mut Vec<(String, &'a Command)>) {
        found.push((path.to_owned(), command));
        for below in command.get_subcommands().filter(|c| c.get_name() != "help") {
            let path = format!("{path} {}", below.get_name());
            walk(path.trim_start(), below, found);
        }
    }
    let mut found = Vec::new();
    walk("", command, &mut found);
    found
}

fn built() -> Command {
    let mut command = command();
    command.build();
    command
}

/// What an argument can be given, where that is a list.
fn values_of(argument: &Arg) -> Vec<clap::builder::PossibleValue> {
    if !argument.get_action().takes_values() {
        return Vec::new();
    }
    let values = argument.get_possible_values().into_iter();
    values.filter(|value| !value.is_hide_set()).collect()
}

#[test]
fn every_command_argument_and_value_has_its_japanese() {
    let (english, japanese) = (built(), translated(command()));
    let (english, japanese) = (each(&english), each(&japanese));
    assert_eq!(english.len(), japanese.len());
    let text = |text: Option<&clap::builder::StyledStr>| text.map(ToString::to_string);
    for ((path, english), (_, japanese)) in english.iter().zip(&japanese) {
        let about = text(japanese.get_about()).unwrap_or_default();
        assert!(is_japanese(&about), "about `{path}`: {about}");
        assert_eq!(
            english.get_after_help().is_some(),
            japanese.get_after_help().is_some(),
            "below the help of `{path}`"
        );
        if let Some(below) = text(japanese.get_after_help()) {
            assert!(is_japanese(&below), "below the help of `{path}`: {below}");
        }
        for (long, what) in [
            (japanese.get_long_about(), "longer about"),
            (japanese.get_after_long_help(), "longer below"),
        ] {
            assert!(long.is_none(), "{what} `{path}` has no Japanese");
        }
        for argument in japanese.get_arguments() {
            let id = argument.get_id();
            let help = text(argument.get_help()).unwrap_or_default();
            assert!(is_japanese(&help), "{id} of `{path}`: {help}");
            assert!(argument.get_long_help().is_none(), "{id} of `{path}`");
            let known = english.get_arguments().find(|known| known.get_id() == id);
            let known = known.unwrap();
            if argument.get_action().takes_values() {
                let (names, english) = (argument.get_value_names(), known.get_value_names());
                let name = names.unwrap()[0].as_str();
                assert!(
                    is_japanese(name) || ["ID", "URL"].contains(&name),
                    "{id} of `{path}` takes {name}, {english:?}"
                );
            }
            for possible in values_of(argument) {
                let name = possible.get_name();
                let told = value(id.as_str(), name);
                assert!(
                    told.map_or(["profile", "scope"].contains(&id.as_str()), is_japanese),
                    "{name} of {id} of `{path}`"
                );
            }
        }
    }
}

#[test]
fn nothing_is_said_of_what_is_not_there() {
    let command = built();
    let commands = each(&command);
    let mut said = BTreeSet::new();
    for text in COMMANDS {
        let found = commands.iter().any(|(path, _)| path == text.path);
        assert!(found, "there is no command `{}`", text.path);
        assert!(said.insert(text.path), "`{}` stands twice", text.path);
    }
    for text in arguments::all() {
        let mut has = BTreeSet::new();
        for (path, command) in &commands {
            if command.get_arguments().any(|arg| arg.get_id() == text.id) {
                has.insert(path.as_str());
            }
        }
        assert!(!has.is_empty(), "there is no argument {}", text.id);
        for path in text.of {
            assert!(has.contains(path), "`{path}` has no argument {}", text.id);
        }
    }
    let arguments = || {
        commands
            .iter()
            .flat_map(|(_, command)| command.get_arguments())
    };
    for text in VALUES {
        let mut of_argument = arguments().filter(|arg| arg.get_id() == text.argument);
        let found = of_argument.any(|argument| {
            values_of(argument)
                .iter()
                .any(|v| v.get_name() == text.name)
        });
        assert!(found, "{} does not take {}", text.argument, text.name);
    }
}

/// The words of a text that are English: names of commands, options, files, keys and values are none.
fn english(text: &str, command: &Command) -> Vec<String> {
    let all = each(command);
    let mut known: BTreeSet<String> = [
        "voicedrive",
        "relay",
        "VoiceDrive",
        "MySQL",
        "JSON",
        "CSV",
        "TSV",
        "NDJSON",
        "UTF",
        "BOM",
        "NULL",
        "API",
        "ID",
        "IP",
        "URL",
        "HTTP",
        "Webhook",
        "Windows",
        "Authorization",
        "Bearer",
        "Shift_JIS",
        "id",
        "employeeId",
        "interviewType",
        "interviewDate",
        "rescheduledFromId",
        "staffId",
        "requestId",
        "processingStatus",
        "userFound",
        "root",
        "sudo",
        "systemd",
        "jti",
        "Request",
        "uuid",
        "now",
        "admin",
        "Asia",
        "Tokyo",
        "UTC",
        "N",
        "F",
        "V",
        "h",
        "n",
        "f",
        "X",
        "T",
    ]
    .map(str::to_owned)
    .into();
    for (path, command) in &all {
        known.extend(path.split([' ', '-']).map(str::to_owned));
        known.extend(command.get_arguments().flat_map(|arg| {
            let long = arg.get_long().unwrap_or_default();
            let words = long.split('-').map(str::to_owned);
            let values = values_of(arg).into_iter();
            let values = values.flat_map(|value| {
                let words = value.get_name().split('-').map(str::to_owned);
                words.collect::<Vec<_>>()
            });
            words.chain(values).collect::<Vec<_>>()
        }));
    }
    let mut found = Vec::new();
    for line in text
        .lines()
        .filter(|line| !line.starts_with("  voicedrive"))
    {
        // Between blanks and Japanese characters; what has a sign of a name inside is one.
        for token in line.split(|c: char| c.is_whitespace() || !c.is_ascii()) {
            let token = token.trim_matches(|c: char| !c.is_ascii_alphanumeric());
            let is_name = token.contains(|c: char| "._/=:@$".contains(c) || c.is_ascii_digit());
            if is_name {
                continue;
            }
            let words = token.split(|c: char| !c.is_ascii_alphabetic());
            let words = words.filter(|word| !word.is_empty() && !known.contains(*word));
            found.extend(words.map(str::to_owned));
        }
    }
    found
}

#[test]
fn the_help_of_every_command_is_japanese_alone_and_fits_on_a_terminal() {
    let command = for_terminal(command());
    for (path, of_path) in each(&command) {
        for option in ["--help", "-h"] {
            let typed = ["voicedrive-relay"].into_iter().chain(path.split(' '));
            let typed = typed.filter(|word| !word.is_empty()).chain([option]);
            let error = command.clone().try_get_matches_from(typed).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::DisplayHelp);
            let help = error.apply::<Japanese>().render().to_string();
            assert!(help.contains("使い方: voicedrive-relay"), "{help}");
            assert_eq!(
                help.contains("コマンド:"),
                of_path.has_subcommands(),
                "{help}"
            );
            assert!(help.contains("\n\nオプション:\n"), "{help}");
            let examples = help.lines().skip_while(|line| *line != "例:").skip(1);
            let examples: BTreeSet<_> = examples.filter(|line| line.starts_with("  ")).collect();
            let sentences: Vec<_> = help
                .lines()
                .filter(|line| !examples.contains(line))
                .collect();
            let found = english(&sentences.join("\n"), &command);
            let found: Vec<_> = found.iter().filter(|word| *word != "echo").collect();
            assert!(
                found
                    .iter()
                    .all(|word| ["VOICEDRIVE", "WEBHOOK", "SECRET"].contains(&word.as_str())),
                "{found:?} in\n{help}"
            );
            // How it is typed is one line.
            let sentences = sentences.into_iter();
            for line in sentences.filter(|line| !line.starts_with("使い方: ")) {
                let columns = layout::columns(line);
                assert!(columns <= 80, "{columns} columns: {line}\n{help}");
            }
        }
    }
}

/// A list is read by running the eye down it.
#[test]
fn a_command_is_described_on_one_line_of_the_list() {
    let command = translated(command());
    for below in command.get_subcommands() {
        let about = below.get_about().map(ToString::to_string);
        let about = about.unwrap_or_default();
        let columns = layout::columns(&about);
        assert!(columns <= layout::BESIDE_A_NAME, "{columns}: {about}");
    }
}

/// What is typed wrongly, and how it is wrong; the name of the command is put before it.
fn mistakes(command: &Command) -> Vec<(Vec<String>, ErrorKind)> {
    let strings = |words: &[&str]| {
        words
            .iter()
            .map(|word| (*word).to_owned())
            .collect::<Vec<_>>()
    };
    let mut mistakes = vec![
        (strings(&["--no-such-thing"]), ErrorKind::UnknownArgument),
        (strings(&["--jsn"]), ErrorKind::UnknownArgument),
        (strings(&["--json=yes"]), ErrorKind::TooManyValues),
        (strings(&["--config"]), ErrorKind::InvalidValue),
        (
            strings(&["--config", "a", "--config", "b"]),
            ErrorKind::ArgumentConflict,
        ),
    ];
    // What stands in the place of a positional argument is taken for one.
    if command.get_positionals().next().is_none() {
        let unknown = if command.has_subcommands() {
            ErrorKind::InvalidSubcommand
        } else {
            ErrorKind::UnknownArgument
        };
        mistakes.push((strings(&["no-such-thing"]), unknown));
    }
    if command.is_subcommand_required_set() {
        mistakes.push((strings(&["--json"]), ErrorKind::MissingSubcommand));
    }
    if command.get_arguments().any(Arg::is_required_set) {
        mistakes.push((strings(&["--json"]), ErrorKind::MissingRequiredArgument));
    }
    for argument in command.get_arguments() {
        let id = argument.get_id();
        let Some(long) = argument.get_long().filter(|_| id != "config") else {
            continue;
        };
        let twice = format!("--{long}");
        match argument.get_action() {
            ArgAction::SetTrue => {
                mistakes.push((vec![twice.clone(), twice], ErrorKind::ArgumentConflict));
            }
            ArgAction::Set if !values_of(argument).is_empty() => {
                let wrong = format!("--{long}=no-such-thing");
                mistakes.push((vec![wrong], ErrorKind::InvalidValue));
                mistakes.push((vec![twice], ErrorKind::InvalidValue));
            }
            _ => {}
        }
    }
    mistakes
}

fn typed(path: &str, rest: &[String]) -> Vec<String> {
    let words = ["voicedrive-relay"].into_iter().chain(path.split(' '));
    let words = words.filter(|word| !word.is_empty()).map(str::to_owned);
    words.chain(rest.iter().cloned()).collect()
}

/// What is said of a mistake in Japanese, after it was seen to be no English.
fn describe(command: &Command, typed: &[String], kind: ErrorKind) -> String {
    let error = command.clone().try_get_matches_from(typed).unwrap_err();
    assert_eq!(error.kind(), kind, "{typed:?}: {error}");
    let english_length = error.to_string().len();
    let told = error.apply::<Japanese>().render().to_string();
    assert!(told.starts_with(PREFIX) && english_length > 0, "{told}");
    let (first, _) = told.split_once("\n\n").unwrap();
    let first = first.strip_prefix(PREFIX).unwrap();
    assert!(is_japanese(first), "{told}");
    let quoted: Vec<&str> = told.split('\'').step_by(2).collect();
    let allowed = ["no", "such", "thing", "yes", "jsn"];
    let found = english(&quoted.join(" "), command);
    let found: Vec<_> = found
        .iter()
        .filter(|w| !allowed.contains(&w.as_str()))
        .collect();
    assert!(found.is_empty(), "{found:?} in\n{told}");
    told
}

#[test]
fn every_mistake_of_every_command_is_told_in_japanese() {
    let command = for_terminal(command());
    let mut kinds = BTreeSet::new();
    for (path, of_path) in each(&command) {
        for (rest, kind) in mistakes(of_path) {
            let told = describe(&command, &typed(&path, &rest), kind);
            assert!(!told.contains("引数に誤りがあります"), "{told}");
            kinds.insert(format!("{kind:?}"));
        }
    }
    let kinds: Vec<_> = kinds.iter().map(String::as_str).collect();
    assert_eq!(
        kinds,
        [
            "ArgumentConflict",
            "InvalidSubcommand",
            "InvalidValue",
            "MissingRequiredArgument",
            "MissingSubcommand",
            "TooManyValues",
            "UnknownArgument",
        ]
    );
}

#[test]
fn every_value_that_is_read_says_in_both_languages_what_must_stand_there() {
    let (english, japanese) = (built(), for_terminal(command()));
    let mut asked = 0;
    for (path, of_path) in each(&japanese) {
        for argument in of_path.get_arguments() {
            let (id, takes) = (argument.get_id(), argument.get_action().takes_values());
            // Texts and paths are taken as they are.
            let as_it_is = argument.get_value_parser().type_id()
                == clap::value_parser!(String).type_id()
                || argument.get_value_parser().type_id()
                    == std::any::TypeId::of::<std::path::PathBuf>();
            if !takes || as_it_is || !values_of(argument).is_empty() {
                continue;
            }
            let wrong = argument
                .get_long()
                .map_or_else(|| "<>".to_owned(), |long| format!("--{long}=<>"));
            let typed = typed(&path, &[wrong]);
            let told = describe(&japanese, &typed, ErrorKind::ValueValidation);
            assert!(
                told.contains("'<>' は指定できません。"),
                "{id} of `{path}`: {told}"
            );
            let error = english.clone().try_get_matches_from(&typed).unwrap_err();
            let error = error.apply::<RichFormatter>().to_string();
            assert!(
                error.contains("'<>' for ") && error.contains(": must be "),
                "{error}"
            );
            asked += 1;
        }
    }
    assert!(asked >= 8, "{asked}");
}

#[test]
fn what_was_perhaps_meant_and_what_does_not_go_together_is_told() {
    let command = for_terminal(command());
    let strings = |words: &[&str]| {
        words
            .iter()
            .map(|word| (*word).to_owned())
            .collect::<Vec<_>>()
    };
    for (words, kind, said) in [
        (
            &["tial"][..],
            ErrorKind::InvalidSubcommand,
            "もしかして: 'tail'",
        ),
        (
            &["tail", "--limt", "5"],
            ErrorKind::UnknownArgument,
            "もしかして: '--limit'",
        ),
        (
            &["tail", "--status", "exhauste"],
            ErrorKind::InvalidValue,
            "もしかして: 'exhausted'",
        ),
        (
            &["tail", "--status", "x"],
            ErrorKind::InvalidValue,
            "[指定できる値: accepted, retrying, delivered, exhausted, dismissed]",
        ),
        (
            &["token", "--", "list"],
            ErrorKind::UnknownArgument,
            "前の '--' を外してください",
        ),
        (
            &["tail", "--limit", "0"],
            ErrorKind::ValueValidation,
            "1 から 1000 までの整数を指定してください",
        ),
        (
            &["receiver", "--fail", "-"],
            ErrorKind::ValueValidation,
            "0 から 1000000 までの整数を指定してください",
        ),
        (
            &["resend", "a", "--dry-run"],
            ErrorKind::ArgumentConflict,
            "'[ID]...' と '--dry-run' は同時に指定できません",
        ),
        (
            &["token", "revoke", "a", "--subject", "b"],
            ErrorKind::ArgumentConflict,
            "同時に指定できません",
        ),
        (
            &["resend", "a", "--dry-run", "--route", "b"],
            ErrorKind::ArgumentConflict,
            "同時に指定できません:\n  --",
        ),
    ] {
        let told = describe(&command, &typed("", &strings(words)), kind);
        assert!(told.contains(said), "{words:?}: {told}");
    }
}

#[cfg(unix)]
#[test]
fn an_argument_that_is_no_text_is_told() {
    use std::ffi::OsString;
    use std::os::unix::ffi::OsStringExt;

    let bad = OsString::from_vec(vec![b'a', 0xff]);
    let typed = ["voicedrive-relay".into(), "show".into(), bad];
    let error = for_terminal(command())
        .try_get_matches_from(typed)
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidUtf8);
    let told = error.apply::<Japanese>().render().to_string();
    assert!(told.contains("UTF-8 の文字として読めない"), "{told}");
}

#[test]
fn examples_fit_on_a_terminal_and_can_be_copied_as_they_stand() {
    for command in [built(), for_terminal(command())] {
        for (path, of_path) in each(&command) {
            let below = of_path.get_after_help().map(ToString::to_string);
            let below = below.unwrap_or_default();
            let mut goes_on = false;
            for line in below.lines() {
                if line.starts_with("  ") {
                    assert!(layout::columns(line) <= 80, "{path}: {line}");
                    assert_eq!(line.starts_with("    "), goes_on, "{path}: {line}");
                }
                goes_on = line.ends_with('\\');
            }
        }
    }
}

#[test]
fn a_token_to_revoke_is_named_in_one_of_two_ways() {
    for (mut command, usage) in [
        (built(), "token revoke [OPTIONS] <JTI|--subject <SUBJECT>>"),
        (
            for_terminal(command()),
            "token revoke [オプション] <ID|--subject <利用者名>>",
        ),
    ] {
        let typed = ["voicedrive-relay", "token", "revoke", "--help"];
        let help = command
            .try_get_matches_from_mut(typed)
            .unwrap_err()
            .to_string();
        assert!(help.contains(usage), "{help}");
    }
}
