//! The JWTs that were issued and revoked here: what they are called, never what they are.

use std::collections::HashSet;

use rusqlite::Connection;

use super::StoreError;
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

/// Remembers a token that was issued.
///
/// # Errors
/// When the database cannot be written.
pub fn insert(connection: &Connection, token: &TokenRecord) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO tokens (jti, subject, scope, issued_at, expires_at, revoked_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        )?
        .execute((
            &token.jti,
            &token.subject,
            &token.scope,
            token.issued_at,
            token.expires_at,
            token.revoked_at,
        ))
        .map(|_| ())
}

/// Revokes a token for good, and says whether it was issued here. One that was not is revoked all
/// the same: it may have been issued elsewhere with the same key.
///
/// # Errors
/// When the database cannot be written.
pub fn revoke(connection: &Connection, jti: &str, now: Timestamp) -> rusqlite::Result<bool> {
    connection
        .prepare_cached(
            "INSERT INTO tokens (jti, revoked_at) VALUES (?1, ?2)
             ON CONFLICT (jti) DO UPDATE SET revoked_at = coalesce(revoked_at, excluded.revoked_at)
             RETURNING subject IS NOT NULL",
        )?
        .query_row((jti, now), |row| row.get(0))
}

/// Every token that is known, the newest first.
///
/// # Errors
/// When the database cannot be read.
pub fn list(connection: &Connection) -> Result<Vec<TokenRecord>, StoreError> {
    let tokens = connection
        .prepare_cached(
            "SELECT jti, subject, scope, issued_at, expires_at, revoked_at
               FROM tokens ORDER BY coalesce(issued_at, revoked_at) DESC, jti",
        )?
        .query_map([], |row| {
            Ok(TokenRecord {
                jti: row.get(0)?,
                subject: row.get(1)?,
                scope: row.get(2)?,
                issued_at: row.get(3)?,
                expires_at: row.get(4)?,
                revoked_at: row.get(5)?,
            })
        })?
        .collect::<rusqlite::Result<_>>()?;
    Ok(tokens)
}

/// The names of all tokens that were revoked.
///
/// # Errors
/// When the database cannot be read.
pub fn revoked(connection: &Connection) -> Result<HashSet<String>, StoreError> {
    let revoked = connection
        .prepare_cached("SELECT jti FROM tokens WHERE revoked_at IS NOT NULL")?
        .query_map([], |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    Ok(revoked)
}
