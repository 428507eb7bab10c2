//! What a person types: one file for each command.
//!
//! Exit codes: 0 done, 1 failed, 2 wrong usage, 69 the daemon cannot be reached, 77 not allowed to look,
//! 78 the configuration or the secrets are wrong (contract, section 8).

mod alert;
mod backup;
mod check;
mod client;
mod delivery_line;
mod demo;
mod filter;
mod import;
mod receiver;
mod receiver_test;
mod reload;
mod resend;
mod restore;
mod secret;
mod send;
mod serve;
mod show;
mod status;
mod tail;
mod token;
mod value;
mod words;

use std::ffi::OsString;
use std::io::{self, Write};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::error::ErrorFormatter;
use clap::{Args, CommandFactory, Parser, Subcommand};

use crate::config::{self, Environment, Loaded, Mistakes};
use crate::language::Language;
use crate::secret::Secret;
use crate::words::answers::{Subject, refusal};
use crate::words::commands;
use crate::words::usage;

/// Where the package puts the configuration.
const PACKAGED_CONFIG: &str = "/etc/voicedrive-relay/config.toml";

/// Hands a clinic's events to VoiceDrive: accepts, keeps, signs, sends, retries and counts them.
#[derive(Parser)]
#[command(version, arg_required_else_help = true, max_term_width = 100)]
struct Cli {
    #[command(flatten)]
    common: Common,
    #[command(subcommand)]
    command: Command,
}

/// What every command knows.
#[derive(Args)]
struct Common {
    /// The configuration file
    #[arg(long, global = true, value_name = "PATH", default_value = PACKAGED_CONFIG)]
    config: PathBuf,
    /// Print JSON, for programs
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Subcommand)]
enum Command {
    /// Run the daemon
    #[command(after_help = "Examples:
  sudo systemctl start voicedrive-relay
  voicedrive-relay serve --config config.toml")]
    Serve,
    /// Let the daemon read its configuration and its secrets again
    Reload(reload::Reload),
    /// Show the whole thing on this machine: relay, a stand-in VoiceDrive, sample events
    Demo(demo::Demo),
    /// Examine configuration, secrets, directory, database, port, receivers and mail servers
    #[command(after_help = "Examples:
  sudo voicedrive-relay check
  voicedrive-relay check --config config.toml --json
As root it looks with the eyes of the daemon's user.
Exit codes: 0 good, notes too; 1 something is wrong; 77 you may not look; 78 configuration or secrets")]
    Check,
    /// Hand in an event
    Send(send::Send),
    /// Hand in a whole file
    Import(import::Import),
    /// Show totals, queue, next attempt and last send
    Status(status::Status),
    /// Show deliveries, the newest last; with -f as they happen
    Tail(tail::Tail),
    /// Show one event with every attempt
    Show(show::Show),
    /// Send events again, each with a fresh budget of retries
    Resend(resend::Resend),
    /// Make a new secret, such as a key that signs
    #[command(subcommand)]
    Secret(secret::Secret),
    /// Issue, revoke and list the tokens with which others call the API
    #[command(subcommand)]
    Token(token::Token),
    /// Show what an admin was told, test the channels, dismiss what needs nobody any more
    #[command(subcommand)]
    Alert(alert::Alert),
    /// Write a copy of the database that needs no other file
    Backup(backup::Backup),
    /// Say whether a file is a good copy
    Verify(backup::Verify),
    /// Put a copy in the place of the database; the daemon must be stopped
    Restore(restore::Restore),
    /// Run the stand-in VoiceDrive on its own: verifies signatures, prints what arrives
    Receiver(receiver::Receiver),
    /// Examine somebody else's receiver, and say what it gets wrong
    ReceiverTest(receiver_test::ReceiverTest),
}

/// Why a command did not do what it was asked for.
#[derive(Debug, thiserror::Error)]
enum CliError {
    /// It was tried and failed, or the answer is no.
    #[error("{0}")]
    Failed(String),
    /// There is no such thing, or more than one.
    #[error("{code}: {message}")]
    Refused {
        /// As in the API.
        code: String,
        /// What is wrong.
        message: String,
    },
    /// The daemon says no; its code and its sentence.
    #[error("{code}: {message}")]
    OfDaemon {
        /// As in the API.
        code: String,
        /// What is wrong, in English.
        message: String,
        /// What it was asked for.
        subject: Subject,
    },
    /// What was typed makes no sense.
    #[error("{0}")]
    Usage(String),
    /// The daemon does not answer.
    #[error("{0}")]
    Unreachable(String),
    /// The configuration or the secrets are wrong.
    #[error("{0}")]
    Config(#[from] Mistakes),
    /// The same, and a relay goes on with what it read before.
    #[error("{0}")]
    ConfigWhileRunning(Mistakes),
    /// The file is a database that this program cannot go on with.
    #[error("{0}")]
    ForeignDatabase(String),
    /// The same, as the daemon has told it.
    #[error("{0}")]
    ConfigOfDaemon(String),
    /// Who asks may not look at what the answer depends on.
    #[error("{0}")]
    NotAllowed(String),
    /// Another process has told it, and ended with this code.
    #[error("exit code {0}")]
    Told(u8),
    /// Standard output is gone; who reads it has seen enough.
    #[error("standard output: {0}")]
    Output(#[from] io::Error),
}

impl CliError {
    fn refused(code: &str, message: impl Into<String>) -> Self {
        Self::Refused {
            code: code.to_owned(),
            message: message.into(),
        }
    }

    /// What the person reads, or a program; none when it was told, or nobody reads any more.
    fn told(&self, language: Language, json: bool) -> Option<String> {
        let text = match self {
            Self::Output(error) if error.kind() == io::ErrorKind::BrokenPipe => return None,
            Self::Told(_) => return None,
            Self::Refused { message, .. } | Self::OfDaemon { message, .. } if json => {
                message.clone()
            }
            Self::Refused { code, message } => commands::with_code(code, message, language),
            Self::OfDaemon {
                code,
                message,
                subject,
            } => refusal(code, message, *subject, language),
            Self::Config(mistakes) => mistakes.told(language),
            Self::ConfigWhileRunning(mistakes) => {
                let goes_on = commands::relay_goes_on(language);
                format!("{}\n{goes_on}", mistakes.told(language))
            }
            Self::Output(error) => commands::no_output(error, language),
            other => other.to_string(),
        };
        Some(if json {
            error_as_json(self.code(), &text)
        } else {
            text
        })
    }

    /// The word for programs.
    fn code(&self) -> &str {
        match self {
            Self::Refused { code, .. } | Self::OfDaemon { code, .. } => code,
            Self::Usage(_) => "USAGE",
            Self::Unreachable(_) => "UNREACHABLE",
            Self::NotAllowed(_) => "NOT_ALLOWED",
            Self::Config(_) | Self::ConfigWhileRunning(_) | Self::ConfigOfDaemon(_) => {
                "CONFIGURATION"
            }
            Self::ForeignDatabase(_) => "FOREIGN_DATABASE",
            Self::Failed(_) | Self::Output(_) | Self::Told(_) => "FAILED",
        }
    }

    fn exit_code(&self) -> ExitCode {
        ExitCode::from(match self {
            Self::Output(error) if error.kind() == io::ErrorKind::BrokenPipe => 0,
            Self::Failed(_) | Self::Refused { .. } | Self::OfDaemon { .. } | Self::Output(_) => 1,
            Self::Usage(_) => 2,
            Self::Unreachable(_) => 69,
            Self::NotAllowed(_) => 77,
            Self::Config(_)
            | Self::ConfigWhileRunning(_)
            | Self::ConfigOfDaemon(_)
            | Self::ForeignDatabase(_) => 78,
            Self::Told(code) => *code,
        })
    }
}

/// An error in the shape in which the API has it.
fn error_as_json(code: &str, message: &str) -> String {
    let error = serde_json::json!({"code": code, "message": message});
    serde_json::json!({"success": false, "error": error}).to_string()
}

/// Ends with help, the version, or what was typed wrongly, in the reader's language.
fn explain(error: clap::Error, arguments: &[OsString], environment: &Environment) -> ExitCode {
    let common = Common::of(arguments);
    match common.speech(environment).language {
        Language::En => end_with(&error, common.json),
        Language::Ja => {
            // The same again, read by a command line that has Japanese words.
            let japanese = usage::for_terminal(command());
            let error = japanese
                .try_get_matches_from(arguments)
                .err()
                .unwrap_or(error);
            end_with(&error.apply::<usage::Japanese>(), common.json)
        }
    }
}

fn end_with<F: ErrorFormatter>(error: &clap::error::Error<F>, json: bool) -> ExitCode {
    if error.use_stderr() && json {
        let text = error.render().to_string();
        let mut prefixes = ["error: ", usage::PREFIX].into_iter();
        let text = prefixes
            .find_map(|prefix| text.strip_prefix(prefix))
            .unwrap_or(&text);
        eprintln!("{}", error_as_json("USAGE", text.trim_end()));
    } else {
        // Nobody is left to be told when this fails too.
        let _ = error.print();
    }
    ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2))
}

/// The whole command line, for man pages and completions.
#[must_use]
pub fn command() -> clap::Command {
    Cli::command()
}

/// Runs the command that the arguments name.
#[must_use]
pub fn main() -> ExitCode {
    let environment = Environment::of_process();
    let arguments: Vec<OsString> = std::env::args_os().collect();
    let cli = match Cli::try_parse_from(&arguments) {
        Ok(cli) => cli,
        Err(error) => return explain(error, &arguments, &environment),
    };
    let runtime = match tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => {
            let language = cli.language(&environment);
            eprintln!("{}", commands::cannot_begin(&error, language));
            return ExitCode::FAILURE;
        }
    };
    let result = runtime.block_on(run(&cli, &environment));
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let language = cli.language(&environment);
            if let Some(text) = error.told(language, cli.common.json) {
                // Nobody is left to be told when this fails too.
                let _ = writeln!(io::stderr(), "{text}");
            }
            error.exit_code()
        }
    }
}

async fn run(cli: &Cli, environment: &Environment) -> Result<(), CliError> {
    let common = &cli.common;
    match &cli.command {
        Command::Serve => serve::run(common, environment).await,
        Command::Reload(reload) => reload.run(common, environment).await,
        Command::Demo(demo) => demo.run(common, environment).await,
        Command::Check => check::run(common, environment).await,
        Command::Send(send) => send.run(&common.client()?, common).await,
        Command::Import(import) => import.run(common, environment).await,
        Command::Status(status) => status.run(common).await,
        Command::Tail(tail) => tail.run(&common.client()?, environment).await,
        Command::Show(show) => show.run(&common.client()?).await,
        Command::Resend(resend) => resend.run(&common.client()?).await,
        Command::Secret(secret) => secret.run(common.speech(environment).language, common.json),
        Command::Token(token) => token.run(&common.client()?).await,
        Command::Alert(alert) => alert.run(&common.client()?).await,
        Command::Backup(backup) => backup.run(&common.client()?, &common.config()?).await,
        Command::Verify(verify) => verify.run(common.speech(environment), common.json),
        Command::Restore(restore) => {
            restore.run(&common.config()?, common.speech(environment), common.json)
        }
        Command::ReceiverTest(test) => test.run(common, environment).await,
        Command::Receiver(receiver) => receiver.run(common, environment).await,
    }
}

impl Cli {
    /// In which language mistakes are told: the daemon's go to the log, which is English.
    fn language(&self, environment: &Environment) -> Language {
        match self.command {
            Command::Serve => Language::En,
            _ => self.common.speech(environment).language,
        }
    }
}

impl Common {
    /// What every command knows, found in arguments that cannot be understood as a whole.
    fn of(arguments: &[OsString]) -> Self {
        let typed = arguments.iter().take_while(|argument| *argument != "--");
        let mut common = Self {
            config: PACKAGED_CONFIG.into(),
            json: false,
        };
        let mut typed = typed.map(|argument| argument.to_string_lossy());
        while let Some(argument) = typed.next() {
            if argument == "--json" {
                common.json = true;
            } else if let Some(path) = argument.strip_prefix("--config=") {
                common.config = path.into();
            } else if argument == "--config"
                && let Some(path) = typed.next()
            {
                common.config = (*path).into();
            }
        }
        common
    }

    /// Reads configuration and secrets.
    fn load(&self, environment: &Environment) -> Result<Loaded, CliError> {
        Ok(config::load(&self.config, environment)?)
    }

    /// Reads the configuration alone: whoever types the command need not know the secrets.
    fn config(&self) -> Result<config::Config, CliError> {
        Ok(config::load_without_secrets(&self.config)?)
    }

    /// The configuration, as far as it can be understood. One that cannot be read leaves everything at its
    /// default; where there is none at all, such as where a copy is verified and no relay is installed, the
    /// environment may ask for another language.
    fn understood(&self, environment: &Environment) -> config::Config {
        config::load_what_is_understood(&self.config).unwrap_or_else(|| {
            let usual = config::Config::default();
            let found = std::fs::symlink_metadata(&self.config).map_err(|error| error.kind());
            let language = match found {
                Err(io::ErrorKind::NotFound) => words::language_of(environment),
                _ => usual.language,
            };
            config::Config { language, ..usual }
        })
    }

    /// How the person is spoken to.
    fn speech(&self, environment: &Environment) -> words::Speech {
        self.speech_of(&self.understood(environment))
    }

    /// How the person is spoken to by this configuration; programs are spoken to in English.
    fn speech_of(&self, config: &config::Config) -> words::Speech {
        let language = if self.json {
            Language::En
        } else {
            config.language
        };
        words::Speech {
            language,
            timezone: config.timezone,
        }
    }

    /// Whether this is the configuration of the package.
    fn is_packaged(&self) -> bool {
        self.config.as_os_str() == PACKAGED_CONFIG
    }

    /// A command of this program as it is typed here: the package's daemon and its files are not everybody's.
    fn typed(&self, command: &str) -> String {
        if self.is_packaged() {
            format!("sudo voicedrive-relay {command}")
        } else {
            format!(
                "voicedrive-relay {command} --config {}",
                self.config.display()
            )
        }
    }

    /// The secret with this name and the one before it, for a command that plays the other side: what it
    /// was started with counts, and else what the relay on this machine has.
    fn secrets_of_partner(
        &self,
        environment: &Environment,
        name: &str,
    ) -> Result<Vec<(String, Secret)>, CliError> {
        let language = self.speech(environment).language;
        demand_secret_name("--secret", name, language)?;
        let all_of = |environment: &Environment| -> Result<Vec<_>, Mistakes> {
            let mut found = Vec::new();
            for name in [name.to_owned(), format!("{name}_PREVIOUS")] {
                let secret = environment.secret(&name)?;
                found.extend(secret.map(|secret| (name, secret)));
            }
            Ok(found)
        };
        let given = all_of(environment)?;
        if !given.is_empty() {
            return Ok(given);
        }
        let with_file = environment.with_secrets_beside(&self.config);
        let of_relay = all_of(&with_file.map_err(|mistakes| may_not_read(mistakes, language))?)?;
        if of_relay.is_empty() {
            return Err(CliError::Usage(commands::needs_secret(name, language)));
        }
        Ok(of_relay)
    }

    /// A connection to the daemon that this configuration describes.
    fn client(&self) -> Result<client::Client, CliError> {
        match config::load_without_secrets(&self.config) {
            Ok(config) => client::Client::new(&config, self),
            Err(mistakes) if self.relay_runs() => Err(CliError::ConfigWhileRunning(mistakes)),
            Err(mistakes) => Err(mistakes.into()),
        }
    }

    /// Whether a relay listens where this configuration says, as far as it is understood.
    fn relay_runs(&self) -> bool {
        let understood = config::load_what_is_understood(&self.config).unwrap_or_default();
        UnixStream::connect(client::socket(&understood, self)).is_ok()
    }
}

/// Refuses what is no name of a secret. It may be the secret itself, and is not repeated.
fn demand_secret_name(option: &str, name: &str, language: Language) -> Result<(), CliError> {
    if config::is_secret_name(name) {
        return Ok(());
    }
    let expected = config::Expected::SecretName.told(language);
    Err(CliError::Usage(format!("{option}: {expected}")))
}

/// A file of the relay that somebody else may not read is no mistake of the relay's.
fn may_not_read(mistakes: Mistakes, language: Language) -> CliError {
    match &mistakes.list[..] {
        [mistake] if mistake.kind == config::Kind::Forbidden => {
            CliError::NotAllowed(commands::use_sudo(&mistake.place.told(language), language))
        }
        _ => CliError::Config(mistakes),
    }
}

/// Prints a line, and says so when nobody reads any more.
fn print_line(line: &str) -> Result<(), CliError> {
    Ok(writeln!(io::stdout().lock(), "{line}")?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_typed_as_root_for_the_package_and_with_its_file_for_any_other() {
        let typed = |config: &str| {
            let common = Common {
                config: config.into(),
                json: false,
            };
            common.typed("tail -f")
        };
        assert_eq!(typed(PACKAGED_CONFIG), "sudo voicedrive-relay tail -f");
        let other = "voicedrive-relay tail -f --config relay.toml";
        assert_eq!(typed("relay.toml"), other);
    }
}
