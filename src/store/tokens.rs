//! The JWTs that were issued and revoked here.

use std::collections::HashSet;

use rusqlite::Connection;

use super::writer::Lane;
use super::{Store, StoreError};
use crate::timestamp::Timestamp;
use crate::token::TokenRecord;

impl Store {
    /// Remembers a token that was issued.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn add_token(&self, token: TokenRecord) -> Result<(), StoreError> {
        self.write(Lane::Calls, move |connection| {
            Ok(insert(connection, &token)?)
        })
        .await
    }

    /// Revokes a token for good, and says whether it was issued here. One that was not is revoked all
    /// the same: it may have been issued elsewhere with the same key.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn revoke_token(&self, jti: &str, now: Timestamp) -> Result<bool, StoreError> {
        let jti = jti.to_owned();
        self.write(Lane::Calls, move |connection| {
            Ok(revoke(connection, &jti, now)?)
        })
        .await
    }

    /// Every token that is known, the newest first.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn tokens(&self) -> Result<Vec<TokenRecord>, StoreError> {
        self.read(list).await
    }

    /// The names of all tokens that were revoked.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn revoked_tokens(&self) -> Result<HashSet<String>, StoreError> {
        self.read(revoked).await
    }
}

fn insert(connection: &Connection, token: &TokenRecord) -> rusqlite::Result<()> {
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

fn revoke(connection: &Connection, jti: &str, now: Timestamp) -> rusqlite::Result<bool> {
    connection
        .prepare_cached(
            "INSERT INTO tokens (jti, revoked_at) VALUES (?1, ?2)
             ON CONFLICT (jti) DO UPDATE SET revoked_at = coalesce(revoked_at, excluded.revoked_at)
             RETURNING subject IS NOT NULL",
        )?
        .query_row((jti, now), |row| row.get(0))
}

fn list(connection: &Connection) -> Result<Vec<TokenRecord>, StoreError> {
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

fn revoked(connection: &Connection) -> Result<HashSet<String>, StoreError> {
    let revoked = connection
        .prepare_cached("SELECT jti FROM tokens WHERE revoked_at IS NOT NULL")?
        .query_map([], |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    Ok(revoked)
}
