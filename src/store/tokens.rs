//! The JWTs that were issued and revoked here.

use std::collections::HashSet;

use rusqlite::{Connection, OptionalExtension};

use super::writer::Lane;
use super::{Store, StoreError, audit};
use crate::audit::{Action, Actor, Subject};
use crate::incident::Kind;
use crate::timestamp::Timestamp;
use crate::token::{LiveToken, TokenRecord};

impl Store {
    /// Remembers a token that was issued.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn add_token(&self, token: TokenRecord, by: Actor) -> Result<(), StoreError> {
        self.write(Lane::Calls, move |connection| {
            keep(connection, &token)?;
            let (action, at) = match (token.revoked_at, token.issued_at) {
                (Some(at), _) => (Action::RevokeToken, at),
                (None, Some(at)) => (Action::IssueToken, at),
                (None, None) => return Ok(()),
            };
            audit::record(connection, &by.clone().did(action, at).to(named(&token)))?;
            Ok(())
        })
        .await
    }

    /// Revokes a known token for good, and says since when it is revoked. None: no token of this name was issued
    /// here, and nothing was changed.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn revoke_token(
        &self,
        jti: &str,
        by: Actor,
        now: Timestamp,
    ) -> Result<Option<Timestamp>, StoreError> {
        let jti = jti.to_owned();
        self.write(Lane::Calls, move |connection| {
            let since = revoke(connection, &jti, now)?;
            if since == Some(now) {
                let subject = Subject::Named(jti.clone());
                audit::record(
                    connection,
                    &by.clone().did(Action::RevokeToken, now).to(subject),
                )?;
            }
            Ok(since)
        })
        .await
    }

    /// Revokes a token for good that was issued elsewhere with the same key.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn revoke_foreign_token(
        &self,
        jti: &str,
        by: Actor,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let token = TokenRecord {
            jti: jti.to_owned(),
            subject: None,
            scope: None,
            issued_at: None,
            expires_at: None,
            revoked_at: Some(now),
            key: None,
        };
        self.add_token(token, by).await
    }

    /// Revokes all tokens of a subject for good, and names those that were not revoked before. None: it never had
    /// any.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn revoke_tokens_of(
        &self,
        subject: &str,
        by: Actor,
        now: Timestamp,
    ) -> Result<Option<Vec<String>>, StoreError> {
        let subject = subject.to_owned();
        self.write(Lane::Calls, move |connection| {
            let revoked = revoke_all_of(connection, &subject, now)?;
            if let Some(revoked) = revoked.as_ref().filter(|revoked| !revoked.is_empty()) {
                let entry = by.clone().did(Action::RevokeToken, now);
                let entry = entry.to(Subject::Named(subject.clone()));
                audit::record(connection, &entry.counting(revoked.len() as u64))?;
            }
            Ok(revoked)
        })
        .await
    }

    /// Every token that is known, the newest first.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn tokens(&self) -> Result<Vec<TokenRecord>, StoreError> {
        self.read(|connection| Ok(list(connection)?)).await
    }

    /// The names of all tokens that were revoked.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn revoked_tokens(&self) -> Result<HashSet<String>, StoreError> {
        self.read(|connection| Ok(revoked(connection)?)).await
    }
}

/// What the audit calls a token.
fn named(token: &TokenRecord) -> Subject {
    Subject::Named(match &token.subject {
        Some(subject) => format!("{} {subject}", token.jti),
        None => token.jti.clone(),
    })
}

/// Of a token that is known already, only a revocation is new; the first one counts.
fn keep(connection: &Connection, token: &TokenRecord) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO tokens (jti, subject, scope, issued_at, expires_at, revoked_at, key)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
             ON CONFLICT (jti) DO UPDATE SET revoked_at = coalesce(revoked_at, excluded.revoked_at)",
        )?
        .execute((
            &token.jti,
            &token.subject,
            &token.scope,
            token.issued_at,
            token.expires_at,
            token.revoked_at,
            &token.key,
        ))
        .map(|_| ())
}

fn revoke(
    connection: &Connection,
    jti: &str,
    now: Timestamp,
) -> rusqlite::Result<Option<Timestamp>> {
    connection
        .prepare_cached(
            "UPDATE tokens SET revoked_at = coalesce(revoked_at, ?2) WHERE jti = ?1
             RETURNING revoked_at",
        )?
        .query_row((jti, now), |row| row.get(0))
        .optional()
}

fn revoke_all_of(
    connection: &Connection,
    subject: &str,
    now: Timestamp,
) -> rusqlite::Result<Option<Vec<String>>> {
    let known: bool = connection
        .prepare_cached("SELECT EXISTS (SELECT 1 FROM tokens WHERE subject = ?1)")?
        .query_row([subject], |row| row.get(0))?;
    let revoked = connection
        .prepare_cached(
            "UPDATE tokens SET revoked_at = ?2 WHERE subject = ?1 AND revoked_at IS NULL
             RETURNING jti",
        )?
        .query_map((subject, now), |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    Ok(known.then_some(revoked))
}

/// Every token that is known, the newest first.
pub(super) fn list(connection: &Connection) -> rusqlite::Result<Vec<TokenRecord>> {
    connection
        .prepare_cached(
            "SELECT jti, subject, scope, issued_at, expires_at, revoked_at, key
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
                key: row.get(6)?,
            })
        })?
        .collect()
}

/// The tokens that are valid at `now` and have an end.
pub(super) fn live(connection: &Connection, now: Timestamp) -> rusqlite::Result<Vec<LiveToken>> {
    connection
        .prepare_cached(
            "SELECT jti, coalesce(scope, ''), issued_at, expires_at,
                    EXISTS (SELECT 1 FROM incidents i
                             WHERE i.kind = ?2 AND i.subject = jti AND i.closed_at IS NULL)
               FROM tokens
              WHERE revoked_at IS NULL AND issued_at IS NOT NULL AND expires_at > ?1",
        )?
        .query_map((now, Kind::TokenEnding.as_str()), |row| {
            Ok(LiveToken {
                jti: row.get(0)?,
                scope: row.get(1)?,
                issued_at: row.get(2)?,
                expires_at: row.get(3)?,
                is_told: row.get(4)?,
            })
        })?
        .collect()
}

fn revoked(connection: &Connection) -> rusqlite::Result<HashSet<String>> {
    connection
        .prepare_cached("SELECT jti FROM tokens WHERE revoked_at IS NOT NULL")?
        .query_map([], |row| row.get(0))?
        .collect()
}

/// Takes over the tokens of another database, in the caller's transaction: what was revoked in either is revoked.
/// Answers those that were revoked only there.
pub(super) fn take_over(
    connection: &Connection,
    tokens: Vec<TokenRecord>,
) -> rusqlite::Result<Vec<TokenRecord>> {
    let before = revoked(connection)?;
    for token in &tokens {
        keep(connection, token)?;
    }
    let is_new = |token: &TokenRecord| token.revoked_at.is_some() && !before.contains(&token.jti);
    Ok(tokens.into_iter().filter(is_new).collect())
}
