//! What every command knows: its configuration, its reader, and the way to the daemon.

use std::ffi::OsString;
use std::io;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};

use clap::Args;

use super::error::CliError;
use super::{client, value, words};
use crate::audit::{Actor, NAME_CHARACTERS};
use crate::command_line::{CommandLine, PACKAGED_CONFIG};
use crate::config::{self, ConfigErrors, Environment, Loaded};
use crate::language::Language;
use crate::secret::Secret;
use crate::system_user;
use crate::words::commands;

/// Where systemd keeps the credentials of the package's service while it runs.
pub(super) const PACKAGED_CREDENTIALS: &str = "/run/credentials/voicedrive-relay.service";

/// What every command knows.
#[derive(Args)]
pub(super) struct Common {
    /// The configuration file
    #[arg(long, global = true, value_name = "PATH", default_value = PACKAGED_CONFIG)]
    pub(super) config: PathBuf,
    /// Print JSON, for programs
    #[arg(long, global = true)]
    pub(super) json: bool,
    /// Who you are, for the audit; under sudo the user that called it
    #[arg(long = "as", global = true, value_name = "NAME", value_parser = value::text(NAME_CHARACTERS))]
    pub(super) operator: Option<String>,
}

impl Common {
    /// What every command knows, found in arguments that cannot be understood as a whole.
    pub(super) fn of(arguments: &[OsString]) -> Self {
        let typed = arguments.iter().take_while(|argument| *argument != "--");
        let mut common = Self {
            config: PACKAGED_CONFIG.into(),
            json: false,
            operator: None,
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

    /// Takes over who typed the command when nobody said it: sudo does.
    pub(super) fn take_operator(&mut self, environment: &Environment) {
        let of_sudo = || environment.var("SUDO_USER").map(str::to_owned);
        self.operator = self.operator.take().or_else(of_sudo);
    }

    /// Who typed the command, for what it does without the daemon.
    pub(super) fn actor(&self) -> Actor {
        Actor::user(&system_user::own_name(), self.operator.as_deref())
    }

    /// Reads configuration and secrets.
    pub(super) fn load(&self, environment: &Environment) -> Result<Loaded, CliError> {
        Ok(config::load(&self.config, environment)?)
    }

    /// The environment of a command that reads the secrets as the daemon does: systemd tells the daemon alone where its
    /// credentials are.
    pub(super) fn beside_daemon(&self, environment: &Environment) -> Environment {
        if self.is_packaged() {
            environment.with_credentials_of(Path::new(PACKAGED_CREDENTIALS))
        } else {
            environment.clone()
        }
    }

    /// The names of the secrets that the daemon has from systemd or from its environment, and that this command does not
    /// see. None: it sees them all, or there is no daemon that answers.
    pub(super) async fn hidden_secrets(&self, environment: &Environment) -> Vec<String> {
        let understood = config::load_what_is_understood(&self.config).unwrap_or_default();
        let Ok(client) = client::Client::new(&understood, self) else {
            return Vec::new();
        };
        let told = client.get("/control/daemon", &[]).await.unwrap_or_default();
        let Ok(seen) = environment.with_secrets_beside(&self.config) else {
            return Vec::new();
        };
        let names = told["secretsOutside"].as_array().into_iter().flatten();
        let names = names.filter_map(|name| name.as_str());
        let is_hidden = |name: &&str| matches!(seen.secret(name), Ok(None));
        names.filter(is_hidden).map(str::to_owned).collect()
    }

    /// Reads the configuration alone: whoever types the command need not know the secrets.
    pub(super) fn config(&self) -> Result<config::Config, CliError> {
        config::load_without_secrets(&self.config).map_err(not_read)
    }

    /// The configuration, as far as it can be understood. One that cannot be read leaves everything at its
    /// default, but for the language: where there is none at all, such as where a copy is verified and no relay is
    /// installed, or one that this user may not read, the environment may ask for another one.
    pub(super) fn understood(&self, environment: &Environment) -> config::Config {
        config::load_what_is_understood(&self.config).unwrap_or_else(|| {
            let usual = config::Config::default();
            let found = std::fs::symlink_metadata(&self.config).map_err(|error| error.kind());
            let is_closed = || matches!(self.config(), Err(CliError::Closed(_)));
            let language = match found {
                Err(io::ErrorKind::NotFound) => words::language_of(environment),
                _ if is_closed() => words::language_of(environment),
                _ => usual.language,
            };
            config::Config { language, ..usual }
        })
    }

    /// How the person is spoken to.
    pub(super) fn locale(&self, environment: &Environment) -> words::Locale {
        self.speech_of(&self.understood(environment))
    }

    /// How the person is spoken to by this configuration; programs are spoken to in English.
    pub(super) fn speech_of(&self, config: &config::Config) -> words::Locale {
        let language = if self.json {
            Language::En
        } else {
            config.language
        };
        words::Locale {
            language,
            timezone: config.timezone,
        }
    }

    /// How the commands of this relay are typed.
    pub(super) fn commands(&self) -> CommandLine {
        CommandLine::of(&self.config)
    }

    /// Whether this is the configuration of the package.
    pub(super) fn is_packaged(&self) -> bool {
        self.commands().is_packaged()
    }

    /// A command of this program as it is typed here.
    pub(super) fn typed(&self, command: &str) -> String {
        self.commands().typed(command)
    }

    /// The secret with this name and the one before it, for a command that plays the other side: what it
    /// was started with counts, and else what the relay on this machine has.
    pub(super) fn secrets_of_partner(
        &self,
        environment: &Environment,
        name: &str,
    ) -> Result<Vec<(String, Secret)>, CliError> {
        let language = self.locale(environment).language;
        demand_secret_name("--secret", name, language)?;
        let all_of = |environment: &Environment| -> Result<Vec<_>, ConfigErrors> {
            environment.secret_and_previous(name)
        };
        let given = all_of(environment)?;
        if !given.is_empty() {
            return Ok(given);
        }
        let environment = self.beside_daemon(environment);
        let with_file = environment.with_secrets_beside(&self.config);
        let of_relay = all_of(&with_file.map_err(not_read)?)?;
        if of_relay.is_empty() {
            return Err(CliError::Usage(commands::needs_secret(name, language)));
        }
        Ok(of_relay)
    }

    /// A connection to the daemon that this configuration describes.
    pub(super) fn client(&self) -> Result<client::Client, CliError> {
        match config::load_without_secrets(&self.config) {
            Ok(config) => client::Client::new(&config, self),
            Err(mistakes) => match not_read(mistakes) {
                CliError::Config(mistakes) if self.relay_runs() => {
                    Err(CliError::ConfigWhileRunning(mistakes))
                }
                error => Err(error),
            },
        }
    }

    /// Whether a relay listens where this configuration says, as far as it is understood.
    pub(super) fn relay_runs(&self) -> bool {
        let understood = config::load_what_is_understood(&self.config).unwrap_or_default();
        UnixStream::connect(client::socket(&understood, self)).is_ok()
    }
}

/// Refuses what is no name of a secret. It may be the secret itself, and is not repeated.
pub(super) fn demand_secret_name(
    option: &str,
    name: &str,
    language: Language,
) -> Result<(), CliError> {
    if config::is_secret_name(name) {
        return Ok(());
    }
    let expected = config::Expected::SecretName.describe(language);
    Err(CliError::Usage(format!("{option}: {expected}")))
}

/// A file of the relay that somebody else may not read is no mistake of the relay's.
fn not_read(mistakes: ConfigErrors) -> CliError {
    match &mistakes.list[..] {
        [mistake] if matches!(mistake.kind, config::Kind::Forbidden(_)) => {
            CliError::Closed(mistake.place.clone())
        }
        _ => CliError::Config(mistakes),
    }
}
