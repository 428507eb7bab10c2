//! Where secrets come from: credentials of systemd, the file `secrets.env`, or the environment. The
//! environment is read here, and nowhere else.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::env_file::{self, EnvFile, begins_with_name, may_be_shown};
use super::wide_character::is_wide;
use super::{ConfigError, ConfigErrors, Doubt, Kind, Location};
use crate::secret::Secret;

/// The name of the file beside the configuration.
const FILE_NAME: &str = "secrets.env";
/// In which variable systemd says where the credentials of a service are.
const CREDENTIALS: &str = "CREDENTIALS_DIRECTORY";

/// The variables that the process was started with, or those that a test makes up, and the secrets file
/// when it was read. It has no `Debug`: secrets are among them.
#[derive(Clone, Default)]
pub struct Environment {
    variables: BTreeMap<String, String>,
    file: Option<Arc<EnvFile>>,
    /// Where the secrets file was looked for, and is not.
    absent: Option<PathBuf>,
}

impl Environment {
    /// The process's own. What is not UTF-8 is left out.
    #[must_use]
    #[allow(
        clippy::disallowed_methods,
        reason = "this is the one place that reads it"
    )]
    pub fn of_process() -> Self {
        let texts = std::env::vars_os().filter_map(|(name, value)| {
            Some((name.into_string().ok()?, value.into_string().ok()?))
        });
        Self {
            variables: texts.collect(),
            file: None,
            absent: None,
        }
    }

    /// A variable; one that is set to nothing is not set.
    #[must_use]
    pub fn var(&self, name: &str) -> Option<&str> {
        let value = self.variables.get(name).map(String::as_str);
        value.filter(|v| !v.is_empty())
    }

    /// The same with the file `secrets.env` beside the configuration. Once it is there, it alone counts
    /// for secrets: what the process was started with may be older than the file.
    ///
    /// # Errors
    /// `ConfigErrors` naming each line that is not understood.
    pub fn with_secrets_beside(&self, config: &Path) -> Result<Self, ConfigErrors> {
        let mut list = Vec::new();
        let environment = self.with_file_beside(config, &mut list);
        let notes = Vec::new();
        if list.is_empty() {
            Ok(environment)
        } else {
            Err(ConfigErrors { list, notes })
        }
    }

    /// The same; mistakes are added to those that were found already.
    pub(super) fn with_file_beside(&self, config: &Path, errors: &mut Vec<ConfigError>) -> Self {
        let path = secrets_file(config);
        let file = EnvFile::read(&path, errors);
        Self {
            variables: self.variables.clone(),
            absent: file.is_none().then_some(path),
            file: file.map(Arc::new),
        }
    }

    /// The same for a command beside the service with these credentials: it has them too, as far as its user may look
    /// and it was given none of its own.
    #[must_use]
    pub fn with_credentials_of(&self, service: &Path) -> Self {
        let mut environment = self.clone();
        if self.var(CREDENTIALS).is_none() && fs::read_dir(service).is_ok() {
            let path = service.display().to_string();
            environment.variables.insert(CREDENTIALS.to_owned(), path);
        }
        environment
    }

    /// Where there is no secrets file.
    pub(super) fn absent_file(&self) -> Option<&Path> {
        self.absent.as_deref()
    }

    pub(super) fn file(&self) -> Option<&EnvFile> {
        self.file.as_deref()
    }

    /// The secret with this name: the file `$CREDENTIALS_DIRECTORY/name` when that exists, else what
    /// `secrets.env` says when that exists, else the variable (contract, section 2).
    ///
    /// # Errors
    /// `ConfigErrors` when there is a credential that cannot be read or leaves doubt.
    pub fn secret(&self, name: &str) -> Result<Option<Secret>, ConfigErrors> {
        if let Some(path) = self.credential(name) {
            return read_credential(&path, name);
        }
        let value = match &self.file {
            Some(file) => file.entries.get(name).map(|entry| entry.value.as_str()),
            None => self.var(name),
        };
        if self.file.is_none()
            && let Some(doubt) = value.and_then(|value| not_bare(value, name))
        {
            let place = Location::Variable(name.to_owned());
            return Err(ConfigErrors::one(place, Kind::Doubtful(doubt)));
        }
        let value = value.filter(|value| !value.is_empty());
        Ok(value.map(|value| Secret::new(value.to_owned())))
    }

    /// The secret with this name and its `_PREVIOUS`, by their names. The latter is ignored alone: it would be an old key
    /// that nobody meant to go on with.
    ///
    /// # Errors
    /// As [`Environment::secret`], of both.
    pub fn secret_and_previous(&self, name: &str) -> Result<Vec<(String, Secret)>, ConfigErrors> {
        let mut list = Vec::new();
        let found = read_with_previous(self, name, &mut list);
        let notes = Vec::new();
        if list.is_empty() {
            Ok(found)
        } else {
            Err(ConfigErrors { list, notes })
        }
    }

    /// Where the secret with this name stands, or should.
    #[must_use]
    pub fn place(&self, name: &str) -> Location {
        if let Some(path) = self.credential(name) {
            return Location::Credential(path);
        }
        match &self.file {
            Some(file) => {
                let line = file.entries.get(name).map_or(0, |entry| entry.line);
                Location::line_of(&file.path, line, shown(name))
            }
            None => Location::Variable(shown(name).to_owned()),
        }
    }

    pub(super) fn error(&self, name: &str, kind: Kind) -> ConfigError {
        let place = self.place(name);
        ConfigError { place, kind }
    }

    /// The error for a missing secret; none if its source was already reported as faulty, because then nobody knows
    /// whether it is missing.
    pub(super) fn missing(&self, name: &str) -> Option<ConfigError> {
        let is_known = !self.is_in_doubt(name);
        let kind = match (self.credential(name), &self.file) {
            (Some(_), _) => Kind::CredentialEmpty,
            (None, Some(_)) => Kind::SecretMissing,
            (None, None) => Kind::SecretsFileMissing,
        };
        is_known.then(|| self.error(name, kind))
    }

    /// Whether nobody can say what the secret with this name is, because a mistake is in the way.
    pub(super) fn is_in_doubt(&self, name: &str) -> bool {
        let file = self.file.as_ref();
        file.is_some_and(|file| file.is_spoiled(name)) || self.secret(name).is_err()
    }

    /// The credential with this name, when there is one.
    pub(super) fn credential(&self, name: &str) -> Option<PathBuf> {
        let path = Path::new(self.var(CREDENTIALS)?).join(name);
        let metadata = fs::symlink_metadata(&path);
        let is_absent = metadata.is_err_and(|error| error.kind() == io::ErrorKind::NotFound);
        (!is_absent).then_some(path)
    }

    /// All credentials, in the order of their names.
    pub(super) fn credentials(&self) -> Vec<PathBuf> {
        let directory = self.var(CREDENTIALS).map(fs::read_dir);
        let entries = directory.and_then(Result::ok).into_iter().flatten();
        let mut found: Vec<_> = entries.flatten().map(|entry| entry.path()).collect();
        found.sort();
        found
    }
}

/// A name as it stands in a message. Where the configuration wants one, somebody may have written the secret itself.
fn shown(name: &str) -> &str {
    if may_be_shown(name) { name } else { "..." }
}

/// The secrets file of this configuration.
#[must_use]
pub fn secrets_file(config: &Path) -> PathBuf {
    config.with_file_name(FILE_NAME)
}

/// A credential is its whole file, without one line end, which editors add.
fn read_credential(path: &Path, name: &str) -> Result<Option<Secret>, ConfigErrors> {
    let wrong = |kind| ConfigErrors::one(Location::Credential(path.to_owned()), kind);
    let read = env_file::read_bytes(path);
    let (bytes, _) = read.map_err(|error| wrong(env_file::of_io(path, &error, true)))?;
    let Ok(text) = String::from_utf8(bytes) else {
        return Err(wrong(Kind::Doubtful(Doubt::NotUtf8)));
    };
    let text = text.strip_suffix('\n').unwrap_or(&text);
    let text = text.strip_suffix('\r').unwrap_or(text);
    if text.chars().any(is_wide) {
        return Err(wrong(Kind::Doubtful(Doubt::Wide)));
    }
    if text.chars().any(char::is_control) {
        return Err(wrong(Kind::Doubtful(Doubt::Control)));
    }
    if let Some(doubt) = not_bare(text, name) {
        return Err(wrong(Kind::Doubtful(doubt)));
    }
    Ok((!text.is_empty()).then(|| Secret::new(text.to_owned())))
}

/// Why a value outside of `secrets.env` is not the secret alone: quotes, or the whole line of such a file. Nothing
/// takes them away there, and what they were meant for is signed or shown wrongly.
fn not_bare(value: &str, name: &str) -> Option<Doubt> {
    let value = value.trim();
    let in_quotes = |quote| value.len() > 1 && value.starts_with(quote) && value.ends_with(quote);
    if ['"', '\''].into_iter().any(in_quotes) {
        return Some(Doubt::InQuotes);
    }
    begins_with_name(value, name).then_some(Doubt::WholeLine)
}

impl<const N: usize> From<[(&str, &str); N]> for Environment {
    fn from(variables: [(&str, &str); N]) -> Self {
        let owned = variables.map(|(name, value)| (name.to_owned(), value.to_owned()));
        Self {
            variables: owned.into_iter().collect(),
            file: None,
            absent: None,
        }
    }
}

/// A secret; one that cannot be read is a mistake.
pub(super) fn read_secret(
    environment: &Environment,
    name: &str,
    errors: &mut Vec<ConfigError>,
) -> Option<Secret> {
    environment.secret(name).unwrap_or_else(|mut found| {
        errors.append(&mut found.list);
        None
    })
}

/// The secret with this name and the one before it, which counts beside it only. One that cannot be read is a mistake.
pub(super) fn read_with_previous(
    environment: &Environment,
    name: &str,
    errors: &mut Vec<ConfigError>,
) -> Vec<(String, Secret)> {
    let before = previous_of(name);
    let [secret, previous] = [name, &before].map(|name| read_secret(environment, name, errors));
    let Some(secret) = secret else {
        return Vec::new();
    };
    let previous = previous.map(|previous| (before, previous));
    [(name.to_owned(), secret)]
        .into_iter()
        .chain(previous)
        .collect()
}

/// Behind the name of the secret that took its place.
const PREVIOUS: &str = "_PREVIOUS";

/// The name of the secret before the one with this name.
pub(super) fn previous_of(name: &str) -> String {
    format!("{name}{PREVIOUS}")
}

/// The name of the secret that took the place of the one with this name; none: it took none's.
pub(super) fn successor_of(name: &str) -> Option<&str> {
    name.strip_suffix(PREVIOUS)
}

pub(super) fn is_token(secret: &Secret) -> bool {
    let bytes = secret.as_bytes();
    !bytes.is_empty() && bytes.iter().all(u8::is_ascii_graphic)
}

#[cfg(test)]
mod tests;
