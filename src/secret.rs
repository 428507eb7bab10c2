//! A secret: a value that is used and never shown.

use std::fmt;

use crate::crypto;

/// Something that must never be shown. It has no `Display`, and its `Debug` says nothing.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

/// What two people read to each other to see whether they have the same key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fingerprint {
    /// The first eight hex digits of the key's SHA-256 in two groups, such as `3f9a-21c7`. `printf %s KEY | sha256sum`
    /// gives the same.
    pub digits: String,
    /// The key's length in characters.
    pub characters: usize,
}

impl Secret {
    /// Hides `value` from here on.
    #[must_use]
    pub fn new(value: String) -> Self {
        Self(value)
    }

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

    /// See [`Fingerprint`].
    #[must_use]
    pub fn fingerprint(&self) -> Fingerprint {
        Fingerprint {
            digits: crypto::fingerprint(self.as_bytes()),
            characters: self.0.chars().count(),
        }
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::language::Language;

    #[test]
    fn the_fingerprint_is_what_sha256sum_says() {
        // printf %s a-made-up-secret-of-32-characters | sha256sum
        let secret = Secret::new("a-made-up-secret-of-32-characters".to_owned());
        let fingerprint = secret.fingerprint();
        assert_eq!(fingerprint.digits, "7e29-a672");
        assert_eq!(
            fingerprint.describe(Language::En),
            "7e29-a672, 33 characters"
        );
        assert_eq!(fingerprint.describe(Language::Ja), "7e29-a672、33 文字");
    }
}
