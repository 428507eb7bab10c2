//! The environment and the secrets in it: read here, and nowhere else.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::io;
use std::path::Path;

use super::{Kind, Mistake, Mistakes, Place};

/// The variables that the process was started with, or those that a test makes up. It has no
/// `Debug`: secrets are among them.
#[derive(Clone, Default)]
pub struct Environment(BTreeMap<String, String>);

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
        Self(texts.collect())
    }

    /// A variable; one that is set to nothing is not set.
    #[must_use]
    pub fn var(&self, name: &str) -> Option<&str> {
        self.0
            .get(name)
            .map(String::as_str)
            .filter(|v| !v.is_empty())
    }

    /// The secret with this name: the file `$CREDENTIALS_DIRECTORY/name` when that exists, else
    /// the variable (contract, section 2).
    ///
    /// # Errors
    /// `Mistakes` when the file exists and cannot be read.
    pub fn secret(&self, name: &str) -> Result<Option<Secret>, Mistakes> {
        if let Some(directory) = self.var("CREDENTIALS_DIRECTORY") {
            let path = Path::new(directory).join(name);
            match fs::read_to_string(&path) {
                Ok(text) => {
                    let text = text.strip_suffix('\n').unwrap_or(&text);
                    return Ok((!text.is_empty()).then(|| Secret(text.to_owned())));
                }
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => {
                    return Err(Mistakes(vec![Mistake {
                        place: Place::Credential(path),
                        kind: Kind::Unreadable(error.to_string()),
                    }]));
                }
            }
        }
        Ok(self.var(name).map(|value| Secret(value.to_owned())))
    }
}

impl<const N: usize> From<[(&str, &str); N]> for Environment {
    fn from(variables: [(&str, &str); N]) -> Self {
        let owned = variables.map(|(name, value)| (name.to_owned(), value.to_owned()));
        Self(owned.into_iter().collect())
    }
}

/// Something that must never be shown. It has no `Display`, and its `Debug` says nothing.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// The secret itself, for the one who signs or compares with it.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// The secret's bytes, for the one who signs or compares with it.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// The secrets of those who call the API.
#[derive(Clone, Debug, Default)]
pub struct Secrets {
    /// The static token of VoiceDrive.
    pub api_token: Option<Secret>,
    /// The static token before it, which is good still.
    pub api_token_previous: Option<Secret>,
    /// Signs and verifies JWTs.
    pub jwt: Option<Secret>,
    /// Verified JWTs before, and still does.
    pub jwt_previous: Option<Secret>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_credential_comes_before_a_variable_and_loses_one_line_end() {
        let directory = tempfile::tempdir().unwrap();
        fs::write(directory.path().join("A"), "from the file\n").unwrap();
        let path = directory.path().to_str().unwrap();
        let environment = Environment::from([
            ("CREDENTIALS_DIRECTORY", path),
            ("A", "x"),
            ("B", "y"),
            ("C", ""),
        ]);
        let secret = |name| {
            environment
                .secret(name)
                .unwrap()
                .map(|s| s.expose().to_owned())
        };
        assert_eq!(secret("A").as_deref(), Some("from the file"));
        assert_eq!(secret("B").as_deref(), Some("y"));
        assert_eq!(secret("C"), None);
    }

    #[test]
    fn a_secret_is_never_shown() {
        let environment = Environment::from([("A", "hush")]);
        assert_eq!(
            format!("{:?}", environment.secret("A").unwrap()),
            "Some(Secret(…))"
        );
    }
}
