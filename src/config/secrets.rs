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

    /// The same, with what the file `secrets.env` beside the configuration says, when it is there
    /// and may be read. systemd has read it at the start; what changed since then counts.
    ///
    /// # Errors
    /// `Mistakes` naming each line that is none.
    pub(super) fn with_file(&self, path: &Path) -> Result<Self, Mistakes> {
        let mut environment = self.clone();
        // Whoever may not read it is not meant to, and has the variables themselves or nothing.
        let Ok(text) = fs::read_to_string(path) else {
            return Ok(environment);
        };
        let mut mistakes = Vec::new();
        for (number, line) in text.lines().enumerate() {
            match assignment(line) {
                Some(Some((name, value))) => {
                    environment.0.insert(name.to_owned(), value.to_owned());
                }
                Some(None) => {}
                None => mistakes.push(Mistake {
                    place: Place::File {
                        path: path.to_owned(),
                        line: number + 1,
                        key: String::new(),
                    },
                    kind: Kind::Expected(
                        "a line NAME=value, or a comment that begins with #".to_owned(),
                    ),
                }),
            }
        }
        if mistakes.is_empty() {
            Ok(environment)
        } else {
            Err(Mistakes(mistakes))
        }
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

/// Reads a line as systemd reads it: `NAME=value`, the value perhaps in quotes. `Some(None)` is a
/// blank line or a comment, `None` is nothing that is known.
#[allow(
    clippy::option_option,
    reason = "a line that says nothing is not one that is wrong"
)]
fn assignment(line: &str) -> Option<Option<(&str, &str)>> {
    let line = line.trim();
    if line.is_empty() || line.starts_with(['#', ';']) {
        return Some(None);
    }
    let (name, value) = line.split_once('=')?;
    let fits = !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    let quoted = |quote| {
        value
            .strip_prefix(quote)
            .and_then(|rest: &str| rest.strip_suffix(quote))
    };
    let value = quoted('"').or_else(|| quoted('\'')).unwrap_or(value);
    fits.then_some(Some((name, value)))
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
    fn the_file_beside_the_configuration_counts_and_its_mistakes_are_named() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("secrets.env");
        let environment = Environment::from([("A", "old"), ("B", "kept")]);
        assert_eq!(environment.with_file(&path).unwrap().var("A"), Some("old"));
        fs::write(&path, "# c\n\nA=new=er\nC='q u'\nD=\"x\"\nE=\n").unwrap();
        let read = environment.with_file(&path).unwrap();
        let vars = ["A", "B", "C", "D", "E"].map(|name| read.var(name));
        assert_eq!(
            vars,
            [Some("new=er"), Some("kept"), Some("q u"), Some("x"), None]
        );
        fs::write(&path, "A=1\nhush-hush\n").unwrap();
        let report = environment.with_file(&path).err().unwrap().to_string();
        assert!(report.contains("secrets.env:2: must be a line"), "{report}");
        assert!(!report.contains("hush"), "{report}");
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
