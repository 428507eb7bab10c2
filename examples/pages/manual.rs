//! The pages of the manual, in English and Japanese.

use std::path::Path;
use std::{fs, io};

use clap::{Arg, Command};
use voicedrive_relay::testing::language::Language;
use voicedrive_relay::testing::words::usage;

use super::NAME;

/// Writes one page for the command and for each below it, and one for the configuration.
///
/// # Errors
/// When the directory cannot be written, or the commented configuration not be read.
pub fn write(language: Language, directory: &Path) -> io::Result<()> {
    fs::create_dir_all(directory)?;
    let command = voicedrive_relay::testing::cli::command().disable_help_subcommand(true);
    let command = match language {
        Language::Ja => usage::translated(command),
        Language::En => {
            let mut command = command;
            command.build();
            command
        }
    };
    write_pages(language, &command, directory)?;
    let project = Path::new(env!("CARGO_MANIFEST_DIR"));
    let config = fs::read_to_string(project.join("packaging/config.toml"))?;
    let file = directory.join("voicedrive-relay-config.toml.5");
    fs::write(file, config_page(language, &config))
}

fn write_pages(language: Language, command: &Command, directory: &Path) -> io::Result<()> {
    for command in command.get_subcommands().filter(|c| !c.is_hide_set()) {
        write_pages(language, command, directory)?;
    }
    let name = page_name(command);
    let page = Page::of_command(language, command);
    fs::write(directory.join(format!("{name}.1")), page)
}

/// A page of the manual while it is written.
struct Page {
    language: Language,
    text: String,
}

impl Page {
    fn begin(language: Language, name: &str, section: u8, about: &str) -> Self {
        let mut page = Self {
            language,
            text: String::new(),
        };
        let source = format!("{NAME} {}", env!("CARGO_PKG_VERSION"));
        page.line(&format!(
            ".TH {} {section} \"\" \"{}\" {}",
            plain(name),
            plain(&source),
            plain(NAME)
        ));
        // No hyphens in names of options and files.
        page.line(".nh");
        if language == Language::Ja {
            // Lines of Japanese have few blanks that could be made wider.
            page.line(".ad l");
        }
        page.heading("名前", "NAME");
        // Programs that list the pages read this line.
        page.line(&format!("{} \\- {}", plain(name), plain(about)));
        page
    }

    fn of_command(language: Language, command: &Command) -> String {
        let about = command.get_about().map(ToString::to_string);
        let about = about.unwrap_or_default();
        let mut page = Self::begin(language, &page_name(command), 1, &about);
        page.heading("書式", "SYNOPSIS");
        page.line(&synopsis(language, command));
        page.heading("説明", "DESCRIPTION");
        page.prose(&about);
        page.arguments("引数", "ARGUMENTS", command.get_positionals());
        page.arguments("オプション", "OPTIONS", options(command));
        page.commands(command);
        if let Some(below) = command.get_after_help() {
            page.below(&below.to_string());
        }
        page.see_also(command);
        page.text
    }

    fn line(&mut self, line: &str) {
        self.text.push_str(line);
        self.text.push('\n');
    }

    fn heading(&mut self, ja: &str, en: &str) {
        self.line(&format!(".SH {}", self.language.say(ja, en)));
    }

    /// Text that is broken into lines where it fits.
    fn prose(&mut self, text: &str) {
        let lines: Vec<String> = text.lines().map(|line| self.breakable(line)).collect();
        self.line(&lines.join("\n.br\n"));
    }

    /// groff breaks lines at blanks alone, and Japanese has few.
    fn breakable(&self, line: &str) -> String {
        let line = match self.language {
            Language::Ja => usage::pieces(line)
                .into_iter()
                .map(plain)
                .collect::<Vec<_>>()
                .join("\\:"),
            Language::En => plain(line),
        };
        no_request(&line)
    }

    /// Text that stands as it is.
    fn as_it_is<'a>(&mut self, lines: impl IntoIterator<Item = &'a str>) {
        self.line(".nf");
        for line in lines {
            self.line(&no_request(&plain(line)));
        }
        self.line(".fi");
    }

    fn arguments<'a>(&mut self, ja: &str, en: &str, arguments: impl Iterator<Item = &'a Arg>) {
        let mut shown = arguments
            .filter(|argument| !argument.is_hide_set())
            .peekable();
        if shown.peek().is_some() {
            self.heading(ja, en);
        }
        for argument in shown {
            self.argument(argument);
        }
    }

    fn argument(&mut self, argument: &Arg) {
        let short = argument
            .get_short()
            .map(|short| format!("\\fB\\-{short}\\fR"));
        let long = argument
            .get_long()
            .map(|long| format!("\\fB{}\\fR", plain(&format!("--{long}"))));
        let names: Vec<String> = short.into_iter().chain(long).collect();
        let space = if names.is_empty() { "" } else { " " };
        let takes = value(argument, space);
        let default = argument.get_default_values().iter();
        let default: Vec<_> = default.map(|value| value.to_string_lossy()).collect();
        let default = if default.is_empty() || takes.is_empty() {
            String::new()
        } else {
            let word = self.language.say("既定値", "default");
            format!(" [{word}: {}]", plain(&default.join(" ")))
        };
        self.line(".TP");
        self.line(&format!("{}{takes}{default}", names.join(", ")));
        let help = argument.get_long_help().or(argument.get_help());
        let help = help.map(ToString::to_string);
        self.prose(&help.unwrap_or_default());
        self.values(argument);
    }

    /// What can be said, with what it means where that is told.
    fn values(&mut self, argument: &Arg) {
        let values = argument.get_possible_values();
        if values.is_empty() || !argument.get_action().takes_values() {
            return;
        }
        let word = self.language.say("指定できる値", "Possible values");
        self.line(&format!(".br\n\\fI{word}:\\fR\n.RS"));
        for value in values.iter().filter(|value| !value.is_hide_set()) {
            let name = value.get_name();
            let meaning = match self.language {
                Language::Ja => usage::value(argument.get_id().as_str(), name).map(str::to_owned),
                Language::En => value.get_help().map(ToString::to_string),
            };
            let meaning = meaning.map(|meaning| format!(": {meaning}"));
            self.line(".IP \\(bu 2");
            self.prose(&format!("{name}{}", meaning.unwrap_or_default()));
        }
        self.line(".RE");
    }

    fn commands(&mut self, command: &Command) {
        let mut commands = command
            .get_subcommands()
            .filter(|c| !c.is_hide_set())
            .peekable();
        if commands.peek().is_some() {
            self.heading("コマンド", "COMMANDS");
        }
        for command in commands {
            self.line(&format!(".TP\n\\fB{}\\fR(1)", plain(&page_name(command))));
            let about = command.get_about().map(ToString::to_string);
            self.prose(&about.unwrap_or_default());
        }
    }

    /// Examples, and what is said besides.
    fn below(&mut self, text: &str) {
        let (examples, rest): (Vec<&str>, Vec<&str>) =
            text.lines().partition(|line| line.starts_with("  "));
        let mut rest = rest.into_iter().peekable();
        if !examples.is_empty() {
            self.heading("使用例", "EXAMPLES");
            let title = rest.next().and_then(|title| title.split_once(':'));
            let title = title.map(|(_, title)| title.trim()).unwrap_or_default();
            if !title.is_empty() {
                self.prose(title);
            }
            self.as_it_is(examples);
        }
        if rest.peek().is_some() {
            self.heading("補足", "NOTES");
            // Two lines are one paragraph in English; each is one of its own in Japanese.
            let joined: Vec<&str> = rest.collect();
            match self.language {
                Language::Ja => self.prose(&joined.join("\n")),
                Language::En => self.prose(&joined.join(" ")),
            }
        }
    }

    fn see_also(&mut self, command: &Command) {
        self.heading("関連項目", "SEE ALSO");
        let own = page_name(command);
        let pages = [(NAME, 1), ("voicedrive-relay-config.toml", 5)];
        let others = pages.iter().filter(|(name, _)| *name != own);
        let others: Vec<String> = others
            .map(|(name, section)| format!("\\fB{}\\fR({section})", plain(name)))
            .collect();
        self.line(&others.join(", "));
    }
}

fn page_name(command: &Command) -> String {
    let name = command.get_bin_name().unwrap_or_else(|| command.get_name());
    name.replace(' ', "-")
}

/// Text without anything that would mean something else to groff.
fn plain(text: &str) -> String {
    let mut plain = String::new();
    for c in text.chars() {
        match c {
            '\\' => plain.push_str("\\e"),
            '-' => plain.push_str("\\-"),
            '\'' => plain.push_str("\\(aq"),
            '`' => plain.push_str("\\(ga"),
            '^' => plain.push_str("\\(ha"),
            '~' => plain.push_str("\\(ti"),
            c => plain.push(c),
        }
    }
    plain
}

/// A line that begins with a dot would be a request.
fn no_request(line: &str) -> String {
    if line.starts_with('.') {
        format!("\\&{line}")
    } else {
        line.to_owned()
    }
}

/// How the command is typed: its options with what they take, and then the rest.
fn synopsis(language: Language, command: &Command) -> String {
    let name = command.get_bin_name().unwrap_or_else(|| command.get_name());
    let mut words = vec![format!("\\fB{}\\fR", plain(name))];
    for option in options(command).filter(|option| !option.is_hide_set()) {
        let short = option
            .get_short()
            .map(|short| format!("\\fB\\-{short}\\fR|"));
        let long = plain(option.get_long().unwrap_or_default());
        words.push(format!(
            "[{}\\fB\\-\\-{long}\\fR{}]",
            short.unwrap_or_default(),
            value(option, " ")
        ));
    }
    for positional in command.get_positionals() {
        let many = positional
            .get_num_args()
            .is_some_and(|n| n.max_values() > 1);
        let word = format!(
            "{}{}",
            value(positional, ""),
            if many { " ..." } else { "" }
        );
        words.push(if positional.is_required_set() {
            word
        } else {
            format!("[{word}]")
        });
    }
    if command.has_subcommands() {
        words.push(format!("\\fI{}\\fR", language.say("コマンド", "COMMAND")));
    }
    words.join(" ")
}

/// The options, and behind them those that take nothing.
fn options(command: &Command) -> impl Iterator<Item = &Arg> {
    let arguments = command.get_arguments();
    let flags = arguments
        .filter(|argument| !argument.is_positional() && !argument.get_action().takes_values());
    command.get_opts().chain(flags)
}

/// What an argument takes, behind `space`; nothing for one that takes nothing.
fn value(argument: &Arg, space: &str) -> String {
    if !argument.get_action().takes_values() {
        return String::new();
    }
    let names = argument.get_value_names().unwrap_or_default();
    let names: Vec<_> = names
        .iter()
        .map(|name| format!("\\fI{}\\fR", plain(name)))
        .collect();
    format!("{space}{}", names.join(" "))
}

/// The commented configuration as a page of the manual.
fn config_page(language: Language, config: &str) -> String {
    let name = "voicedrive-relay-config.toml";
    let about = language.say(
        "voicedrive-relay の設定",
        "configuration of voicedrive-relay",
    );
    let mut page = Page::begin(language, name, 5, about);
    page.heading("書式", "SYNOPSIS");
    page.line(&plain("/etc/voicedrive-relay/config.toml"));
    page.heading("説明", "DESCRIPTION");
    page.prose(language.say(
        "どの項目にも既定値があり、以下では # の後に示します。秘密の値は /etc/voicedrive-relay/secrets.env に書きます。誤りは voicedrive-relay check でまとめて確かめられます。",
        "Every key has a default, shown here behind a #. Secrets stand in /etc/voicedrive-relay/secrets.env. All mistakes are reported together by voicedrive-relay check.",
    ));
    page.heading("項目", "KEYS");
    let lines: Vec<String> = config
        .lines()
        .filter_map(|line| in_language(language, line))
        .collect();
    page.as_it_is(lines.iter().map(String::as_str));
    page.heading("関連項目", "SEE ALSO");
    page.line(&format!("\\fB{}\\fR(1)", plain(NAME)));
    page.text
}

/// The line as one language has it: comments stand in both, on one line with a stroke between them or on
/// lines of their own.
fn in_language(language: Language, line: &str) -> Option<String> {
    let is_japanese = |text: &str| text.chars().any(|c| c >= '\u{3040}');
    let Some(comment) = line.find("# ") else {
        return Some(line.to_owned());
    };
    let (before, comment) = line.split_at(comment + 2);
    match comment.split_once(" / ") {
        Some((ja, en)) if is_japanese(ja) && !is_japanese(en) => {
            Some(format!("{before}{}", language.say(ja, en)))
        }
        // Neither language: names and commands.
        _ if before != "# " || comment.starts_with(' ') => Some(line.to_owned()),
        _ => (is_japanese(comment) == (language == Language::Ja)).then(|| line.to_owned()),
    }
}
