//! The names of secrets, which stand in `config.toml` in the place of the secrets.

/// Whether a text can be the name of a secret: capital letters, digits and `_`, a letter first.
#[must_use]
pub fn is_secret_name(text: &str) -> bool {
    let starts = text.starts_with(|c: char| c.is_ascii_uppercase());
    starts
        && text
            .bytes()
            .all(|b| matches!(b, b'A'..=b'Z' | b'0'..=b'9' | b'_'))
}
