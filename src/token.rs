//! A JWT that was issued or revoked here: what it is called, never what it is.

use crate::timestamp::Timestamp;

/// A token as the list shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenRecord {
    /// Its name.
    pub jti: String,
    /// For whom; none for a token that was issued elsewhere and revoked here.
    pub subject: Option<String>,
    /// What it allows, separated by blanks.
    pub scope: Option<String>,
    /// When it was issued.
    pub issued_at: Option<Timestamp>,
    /// When it ends by itself.
    pub expires_at: Option<Timestamp>,
    /// When it was revoked.
    pub revoked_at: Option<Timestamp>,
}
