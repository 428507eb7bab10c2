//! Who calls, and what they may do.

use crate::token::Scope;

/// Somebody who may call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// Who, as the token says; empty when it does not, `voicedrive-api-token` for the static one.
    pub subject: String,
    /// What they may do.
    pub scopes: Scopes,
    /// The token's name, by which it can be revoked. The static token has none.
    pub jti: Option<String>,
}

impl Caller {
    /// What the caller is called in what is kept: the subject, or else the token's name.
    #[must_use]
    pub fn name(&self) -> &str {
        match &self.jti {
            Some(jti) if self.subject.trim().is_empty() => jti,
            _ => &self.subject,
        }
    }
}

/// What a caller may do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scopes(pub(super) Vec<Scope>);

impl Scopes {
    /// Whether `scope` is among them; `admin` allows everything.
    #[must_use]
    pub fn allows(&self, scope: Scope) -> bool {
        self.0.contains(&scope) || self.0.contains(&Scope::Admin)
    }

    /// The scopes of a token; words that nothing is known of allow nothing.
    pub(super) fn read(text: &str) -> Self {
        Self(
            text.split_whitespace()
                .filter_map(Scope::from_word)
                .collect(),
        )
    }
}
