//! What a person types: one file for each command.
//!
//! Exit codes: 0 done, 1 failed, 2 wrong usage, 69 the daemon cannot be reached, 77 not allowed to look,
//! 78 the configuration or the secrets are wrong (contract, section 8).

mod alert;
mod audit;
mod backup;
mod check;
mod client;
mod common;
mod delivery_line;
mod demo;
mod error;
mod export;
mod filter;
mod fold;
mod hold;
mod import;
mod kpi;
mod monitor;
mod move_to_mysql;
mod paint;
mod receiver;
mod receiver_test;
mod reconcile;
mod recover;
mod refuges;
mod reload;
mod resend;
mod restore;
mod secret;
mod send;
mod serve;
mod show;
mod staff;
mod stats;
mod status;
mod tail;
mod token;
mod value;
mod words;

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Write};
use std::process::ExitCode;

use clap::error::{ContextKind, ContextValue, ErrorFormatter, ErrorKind};
use clap::{CommandFactory, Parser, Subcommand};

use crate::config::Environment;
use crate::language::Language;
use crate::priority;
use crate::words::commands;
use crate::words::usage;
use common::{Common, demand_secret_name};
use error::{CliError, error_as_json};

/// Hands a clinic's events to VoiceDrive: accepts, keeps, signs, sends, retries and counts them.
#[derive(Parser)]
#[command(version, arg_required_else_help = true, max_term_width = 100)]
struct Cli {
    #[command(flatten)]
    common: Common,
    #[command(subcommand)]
    command: Command,
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
    /// Count what was sent in a range, by day, type or route
    Stats(stats::Stats),
    /// Show the five goals: sends, interviews, losses, answers, retries
    Kpi(kpi::Kpi),
    /// Write deliveries or interview records into a file for a spreadsheet or a program
    Export(export::Export),
    /// Send events again, each with a fresh budget of retries
    Resend(resend::Resend),
    Reconcile(reconcile::Reconcile),
    /// Send again what did not arrive because VoiceDrive was away
    Recover(recover::Recover),
    /// Pause sending until a given moment; accepting goes on
    Hold(hold::Hold),
    /// Make a new secret, such as a key that signs
    #[command(subcommand)]
    Secret(secret::Secret),
    /// Issue, revoke and list the tokens with which others call the API
    #[command(subcommand)]
    Token(token::Token),
    /// Let people look at the monitor page, see who does, and end it
    #[command(subcommand)]
    Monitor(monitor::Monitor),
    /// Show what an admin was told, test the channels, dismiss what needs nobody any more
    #[command(subcommand)]
    Alert(alert::Alert),
    /// Show who changed what, and who looked at payloads
    Audit(audit::Audit),
    /// Show or erase what is kept of one person
    #[command(subcommand)]
    Staff(staff::Staff),
    /// Write a copy of the database that needs no other file
    Backup(backup::Backup),
    /// Say whether a file is a good copy
    Verify(backup::Verify),
    /// Put a copy in the place of the database; the daemon must be stopped
    Restore(restore::Restore),
    /// Carry everything into the staff system's shared MySQL database: plan, copy, verify
    #[command(subcommand)]
    MoveToMysql(move_to_mysql::MoveToMysql),
    /// Run the stand-in VoiceDrive on its own: verifies signatures, prints what arrives
    Receiver(receiver::Receiver),
    /// Examine somebody else's receiver, and say what it gets wrong
    ReceiverTest(receiver_test::ReceiverTest),
}

/// Ends with help, the version, or what was typed wrongly, in the reader's language.
fn explain(error: clap::Error, arguments: &[OsString], environment: &Environment) -> ExitCode {
    let common = Common::of(arguments);
    let language = common.locale(environment).language;
    if language == Language::En && !error.use_stderr() {
        return end_with(&error, common.json);
    }
    // The same again, read by a command line that has other words.
    let command = match language {
        Language::En => usage::with_whole_usage(command()),
        Language::Ja => usage::for_terminal(command()),
    };
    let again = command.try_get_matches_from(arguments).err();
    let mut error = again.unwrap_or(error);
    if error.kind() == ErrorKind::UnknownArgument && is_value_tip(&error) {
        error.remove(ContextKind::Suggested);
    }
    match language {
        Language::En => end_with(&error, common.json),
        Language::Ja => end_with(&error.apply::<usage::Japanese>(), common.json),
    }
}

/// Whether the tip is to pass a mistyped option as a value: no id, event or file is meant by one.
fn is_value_tip(error: &clap::Error) -> bool {
    match error.get(ContextKind::Suggested) {
        Some(ContextValue::StyledStrs(tips)) => tips
            .iter()
            .any(|tip| tip.to_string().contains(" as a value")),
        _ => false,
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
    let mut cli = match Cli::try_parse_from(&arguments) {
        Ok(cli) => cli,
        Err(error) => return explain(error, &arguments, &environment),
    };
    cli.common.take_operator(&environment);
    if cli.gives_way() {
        priority::lower();
    }
    let runtime = demand_files().and_then(|()| {
        tokio::runtime::Builder::new_multi_thread()
            .enable_all()
            .build()
    });
    let runtime = match runtime {
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
            if let Some(text) = error.describe(language, &cli.common.commands(), cli.common.json) {
                // Nobody is left to be told when this fails too.
                let _ = writeln!(io::stderr(), "{text}");
            }
            error.exit_code()
        }
    }
}

/// Refuses to begin where fewer files may be open than the runtime and its signals need: it would break off in the middle.
fn demand_files() -> io::Result<()> {
    const FILES: usize = 16;
    let opened: io::Result<Vec<File>> = (0..FILES).map(|_| File::open("/")).collect();
    opened.map(drop)
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
        Command::Stats(stats) => stats.run(&common.client()?).await,
        Command::Kpi(kpi) => kpi.run(&common.client()?).await,
        Command::Export(export) => export.run(&common.client()?).await,
        Command::Resend(resend) => resend.run(&common.client()?).await,
        Command::Reconcile(reconcile) => reconcile.run(&common.client()?).await,
        Command::Recover(recover) => recover.run(&common.client()?).await,
        Command::Hold(hold) => hold.run(&common.client()?).await,
        Command::Secret(secret) => secret.run(common.locale(environment).language, common.json),
        Command::Token(token) => token.run(&common.client()?).await,
        Command::Monitor(monitor) => monitor.run(&common.client()?).await,
        Command::Alert(alert) => alert.run(&common.client()?).await,
        Command::Audit(audit) => audit.run(&common.client()?).await,
        Command::Staff(staff) => staff.run(&common.client()?).await,
        Command::Backup(backup) => backup.run(&common.client()?, &common.config()?).await,
        Command::Verify(verify) => verify.run(common.locale(environment), common.json),
        Command::Restore(restore) => {
            restore.run(&common.config()?, common.locale(environment), common)
        }
        #[cfg(feature = "mysql")]
        Command::MoveToMysql(moving) => moving.run(common, environment).await,
        #[cfg(not(feature = "mysql"))]
        Command::MoveToMysql(moving) => moving.run(common, environment),
        Command::ReceiverTest(test) => test.run(common, environment).await,
        Command::Receiver(receiver) => receiver.run(common, environment).await,
    }
}

impl Cli {
    /// Whether a daemon that runs beside this command goes before it. What accepts events itself waits for nobody.
    fn gives_way(&self) -> bool {
        !matches!(
            self.command,
            Command::Serve | Command::Demo(_) | Command::Receiver(_)
        )
    }

    /// In which language mistakes are told: the daemon's go to the log, which is English.
    fn language(&self, environment: &Environment) -> Language {
        match self.command {
            Command::Serve => Language::En,
            _ => self.common.locale(environment).language,
        }
    }
}

/// Prints a line, and says so when nobody reads any more.
fn print_line(line: &str) -> Result<(), CliError> {
    Ok(writeln!(io::stdout().lock(), "{line}")?)
}
