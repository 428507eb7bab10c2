//! Why a command did not do what it was asked for, and its exit code (contract, section 8).

use std::io;
use std::process::ExitCode;

use crate::command_line::CommandLine;
use crate::config::{ConfigErrors, Location};
use crate::language::Language;
use crate::words::answers::{Subject, refusal};
use crate::words::commands as sentences;
use crate::words::daemon;

/// What the daemon answers when it can be asked again in a while.
const FOR_NOW: [&str; 2] = ["STORAGE_UNAVAILABLE", "RATE_LIMIT_EXCEEDED"];

/// Why a command did not do what it was asked for.
#[derive(Debug, thiserror::Error)]
pub(super) enum CliError {
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
    /// A file that was given is not what is expected.
    #[error("{0}")]
    NotUnderstood(String),
    /// The daemon says no for now: it can be asked again.
    #[error("{0}")]
    NotNow(Box<Self>),
    /// The daemon refuses what the file or the options ask for.
    #[error("{0}")]
    NotTaken(Box<Self>),
    /// The daemon does not answer.
    #[error("{0}")]
    Unreachable(String),
    /// The configuration or the secrets are wrong.
    #[error("{0}")]
    Config(#[from] ConfigErrors),
    /// The same, and a relay goes on with what it read before.
    #[error("{0}")]
    ConfigWhileRunning(ConfigErrors),
    /// The database is not one that this program can go on with: of another relay or of before the first release, or gone.
    #[error("{0}")]
    ForeignDatabase(String),
    /// The same, as the daemon has told it.
    #[error("{0}")]
    ConfigOfDaemon(String),
    /// Who asks may not look at what the answer depends on.
    #[error("{0}")]
    NotAllowed(String),
    /// Who asks may not read this file of the relay's.
    #[error("{0:?}")]
    Closed(Location),
    /// Another process has told it, and ended with this code.
    #[error("exit code {0}")]
    Told(u8),
    /// Standard output is gone; who reads it has seen enough.
    #[error("standard output: {0}")]
    Output(#[from] io::Error),
}

impl CliError {
    /// The same of a comparison, whose exit code tells what the daemon refuses from what is missing.
    pub(super) fn of_comparison(self) -> Self {
        match &self {
            Self::OfDaemon { code, .. } if FOR_NOW.contains(&code.as_str()) => {
                Self::NotNow(Box::new(self))
            }
            Self::OfDaemon { .. } | Self::Refused { .. } => Self::NotTaken(Box::new(self)),
            _ => self,
        }
    }

    /// The same in other words, when too much would follow what is sent again: `describe` is told how much.
    pub(super) fn of_long_tail(self, describe: impl FnOnce(&str) -> String) -> Self {
        let Self::OfDaemon { code, message, .. } = &self else {
            return self;
        };
        let follows = message.split(' ').next().unwrap_or_default();
        if code != "CONFLICT" || follows.parse::<u64>().is_err() {
            return self;
        }
        Self::refused(code, describe(follows))
    }

    pub(super) fn refused(code: &str, message: impl Into<String>) -> Self {
        Self::Refused {
            code: code.to_owned(),
            message: message.into(),
        }
    }

    /// What the person reads, or a program; none when it was told, or nobody reads any more.
    pub(super) fn describe(
        &self,
        language: Language,
        commands: &CommandLine,
        json: bool,
    ) -> Option<String> {
        let text = match self {
            Self::Output(error) if error.kind() == io::ErrorKind::BrokenPipe => return None,
            Self::Told(_) => return None,
            Self::NotNow(why) | Self::NotTaken(why) => {
                return why.describe(language, commands, json);
            }
            Self::Refused { message, .. } | Self::OfDaemon { message, .. } if json => {
                message.clone()
            }
            Self::Refused { code, message } => sentences::with_code(code, message, language),
            Self::OfDaemon {
                code,
                message,
                subject,
            } => refusal(code, message, *subject, commands, language),
            Self::Config(mistakes) => mistakes.describe(language),
            Self::ConfigWhileRunning(mistakes) => {
                let goes_on = daemon::relay_goes_on(language);
                format!("{}\n{goes_on}", mistakes.describe(language))
            }
            Self::Closed(place) => sentences::use_sudo(&place.describe(language), language),
            Self::Output(error) => sentences::no_output(error, language),
            other => other.to_string(),
        };
        Some(if json {
            error_as_json(self.code(), &text)
        } else {
            text
        })
    }

    /// The word for programs.
    pub(super) fn code(&self) -> &str {
        match self {
            Self::Refused { code, .. } | Self::OfDaemon { code, .. } => code,
            Self::Usage(_) => "USAGE",
            Self::NotUnderstood(_) => "NOT_UNDERSTOOD",
            Self::NotNow(why) | Self::NotTaken(why) => why.code(),
            Self::Unreachable(_) => "UNREACHABLE",
            Self::NotAllowed(_) | Self::Closed(_) => "NOT_ALLOWED",
            Self::Config(_) | Self::ConfigWhileRunning(_) | Self::ConfigOfDaemon(_) => {
                "CONFIGURATION"
            }
            Self::ForeignDatabase(_) => "FOREIGN_DATABASE",
            Self::Failed(_) | Self::Output(_) | Self::Told(_) => "FAILED",
        }
    }

    pub(super) fn exit_code(&self) -> ExitCode {
        ExitCode::from(match self {
            Self::Output(error) if error.kind() == io::ErrorKind::BrokenPipe => 0,
            Self::Failed(_) | Self::Refused { .. } | Self::OfDaemon { .. } | Self::Output(_) => 1,
            Self::Usage(_) => 2,
            Self::NotUnderstood(_) | Self::NotTaken(_) => 65,
            Self::Unreachable(_) => 69,
            Self::NotNow(_) => 75,
            Self::NotAllowed(_) | Self::Closed(_) => 77,
            Self::Config(_)
            | Self::ConfigWhileRunning(_)
            | Self::ConfigOfDaemon(_)
            | Self::ForeignDatabase(_) => 78,
            Self::Told(code) => *code,
        })
    }
}

/// An error in the shape in which the API has it.
pub(super) fn error_as_json(code: &str, message: &str) -> String {
    let error = serde_json::json!({"code": code, "message": message});
    serde_json::json!({"success": false, "error": error}).to_string()
}
