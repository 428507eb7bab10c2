//! The layout of the help on a terminal. clap does not know that a Japanese character is two columns wide, nor where a
//! line may be broken between two of them, so lines are broken here.

use std::ops::RangeInclusive;

use clap::builder::{PossibleValue, Resettable, StyledStr};
use clap::{Arg, Command};

use super::{translated, value};

/// The width of the help, in columns.
const COLUMNS: usize = 78;
/// The width of a subcommand's description, which is listed beside its name, in columns.
pub(super) const BESIDE_A_NAME: usize = 63;
/// The indentation of an argument's description, which has lines of its own, in columns.
const INDENT: usize = 10;
/// The prefix of a usage line.
const USAGE: &str = "使い方: ";

/// The whole command line with Japanese words, for the help.
#[must_use]
pub fn for_terminal(command: Command) -> Command {
    laid_out(translated(command))
}

/// The command line with the usage line of each command in full, where what is typed wrongly is told. clap would leave out
/// what need not be typed, and show what has a default as if it had to be.
pub fn with_whole_usage(mut command: Command) -> Command {
    command.build();
    whole_usage(command)
}

fn whole_usage(mut command: Command) -> Command {
    let usage = bare_usage(&mut command);
    command.override_usage(usage).mut_subcommands(whole_usage)
}

fn laid_out(mut command: Command) -> Command {
    let usage = usage(&mut command);
    let template = template(&command);
    let about = folded_of(command.get_about(), BESIDE_A_NAME);
    let below = folded_of(command.get_after_help(), COLUMNS);
    command
        .about(about)
        .after_help(below)
        .override_usage(usage)
        .help_template(template)
        .mut_args(lay_out_argument)
        .mut_subcommands(laid_out)
}

/// clap's template of the help, with Japanese headings.
fn template(command: &Command) -> String {
    let header = command.get_styles().get_header();
    let mut parts = vec![format!(
        "{{about-with-newline}}\n{header}使い方:{header:#} {{usage}}"
    )];
    let commands = command.get_subcommands().next().is_some();
    let positionals = command.get_positionals().next().is_some();
    let options = command
        .get_arguments()
        .any(|argument| !argument.is_positional());
    for (heading, tag, present) in [
        ("コマンド", "{subcommands}", commands),
        ("引数", "{positionals}", positionals),
        ("オプション", "{options}", options),
    ] {
        if present {
            parts.push(format!("{header}{heading}:{header:#}\n{tag}"));
        }
    }
    parts.join("\n\n") + "{after-help}"
}

/// The usage line of a command.
fn usage(command: &mut Command) -> String {
    bare_usage(command)
        .replace("[OPTIONS]", "[オプション]")
        .replace("\n       ", &format!("\n{:1$}", "", columns(USAGE)))
}

fn bare_usage(command: &mut Command) -> String {
    let usage = command.render_usage().to_string();
    usage.strip_prefix("Usage: ").unwrap_or(&usage).to_owned()
}

fn lay_out_argument(argument: Arg) -> Arg {
    let help = argument.get_help().map(ToString::to_string);
    let mut lines = vec![help.unwrap_or_default()];
    lines.extend(values(&argument));
    let defaults = argument.get_default_values().iter();
    let defaults: Vec<_> = defaults.map(|value| value.to_string_lossy()).collect();
    if argument.get_action().takes_values() && !defaults.is_empty() {
        lines.push(format!("[既定値: {}]", defaults.join(" ")));
    }
    let lines: Vec<String> = lines
        .iter()
        .map(|line| folded(line, COLUMNS - INDENT))
        .collect();
    argument
        .help(lines.join("\n"))
        .next_line_help(true)
        .hide_default_value(true)
        .hide_possible_values(true)
}

/// The possible values of an argument, with their descriptions.
fn values(argument: &Arg) -> Vec<String> {
    let id = argument.get_id().as_str();
    let possible = argument.get_possible_values();
    let names = possible.iter().filter(|value| !value.is_hide_set());
    let names: Vec<&str> = names.map(PossibleValue::get_name).collect();
    if names.is_empty() || !argument.get_action().takes_values() {
        return Vec::new();
    }
    if names.iter().all(|name| value(id, name).is_none()) {
        return vec![format!("[値: {}]", names.join(", "))];
    }
    let meaning = |name| value(id, name).unwrap_or_default();
    let lines = names.into_iter();
    lines
        .map(|name| format!("- {name}: {}", meaning(name)))
        .collect()
}

fn folded_of(text: Option<&StyledStr>, width: usize) -> Resettable<StyledStr> {
    match text {
        Some(text) => Resettable::Value(folded(&text.to_string(), width).into()),
        None => Resettable::Reset,
    }
}

/// Wraps the text at `width` columns; indented lines are not changed.
fn folded(text: &str, width: usize) -> String {
    let lines = text.lines().map(|line| {
        if line.starts_with("  ") {
            line.to_owned()
        } else {
            fold_line(line, width)
        }
    });
    lines.collect::<Vec<_>>().join("\n")
}

fn fold_line(line: &str, width: usize) -> String {
    let mut folded = String::new();
    let mut column = 0;
    for piece in pieces(line) {
        if column > 0 && column + columns(piece.trim_end()) > width {
            folded.truncate(folded.trim_end().len());
            folded.push('\n');
            column = 0;
        }
        folded.push_str(piece);
        column += columns(piece);
    }
    folded
}

/// Splits a line where it may be broken: after a blank, and beside a Japanese character that is no closing or opening
/// mark, but not within a word: endings are in hiragana, and words of other languages in katakana.
#[must_use]
pub fn pieces(line: &str) -> Vec<&str> {
    let mut pieces = Vec::new();
    let mut begin = 0;
    let mut before = None;
    for (at, next) in line.char_indices() {
        if before.is_some_and(|before| may_break(before, next)) {
            pieces.push(&line[begin..at]);
            begin = at;
        }
        before = Some(next);
    }
    if begin < line.len() {
        pieces.push(&line[begin..]);
    }
    pieces
}

fn may_break(before: char, next: char) -> bool {
    if next == ' ' {
        return false;
    }
    let never_first =
        "、。，．・：；？！ー」』）】〕ぁぃぅぇぉっゃゅょァィゥェォッャュョ,.:;?!)]}'\"";
    let never_last = "「『（【〔([{";
    let within = |script: RangeInclusive<char>| script.contains(&before) && script.contains(&next);
    before == ' '
        || (is_wide(before) || is_wide(next))
            && !never_first.contains(next)
            && !never_last.contains(before)
            && !within('\u{3041}'..='\u{309f}')
            && !within('\u{30a1}'..='\u{30ff}')
}

/// The width of a text, in columns.
pub(super) fn columns(text: &str) -> usize {
    text.chars().map(|c| if is_wide(c) { 2 } else { 1 }).sum()
}

fn is_wide(c: char) -> bool {
    // Where the scripts of East Asia begin; halfwidth katakana are not written here.
    c >= '\u{2e80}'
}
