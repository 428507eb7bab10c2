//! Who may call: JWTs signed with the relay's key, and VoiceDrive's static token (contract,
//! section 4.1). Time is passed in; nothing here asks a clock.
//!
//! A token is examined in this order: its form, the static token, its algorithm, its signature,
//! and only then anything that it claims. Whoever is turned away always gets the same answer;
//! why stands in `Unauthorized`, for the log.

mod caller;
mod unauthorized;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::{NoContext, Uuid};

use crate::crypto;
use crate::token::Scope;
pub use caller::{Caller, Scopes};
pub use unauthorized::Unauthorized;

/// Issuer and audience of every token.
const RELAY: &str = "voicedrive-relay";
/// Who shows the static token, as far as anybody can know.
const API_TOKEN_SUBJECT: &str = "voicedrive-api-token";
/// How far the clocks of issuer and relay may differ, in seconds.
const LEEWAY: i64 = 60;
/// A longer token is not looked at, in bytes.
const LONGEST_TOKEN: usize = 8 * 1024;
/// Good tokens that are remembered; a clinic has a few callers.
const TOKENS_SEEN: usize = 64;
const SECONDS_A_DAY: i64 = 86_400;

/// A token cannot be signed without a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("RELAY_JWT_SECRET is not set")]
pub struct NoJwtSecret;

/// A token that was just made. It has no `Debug`: whoever holds the token may call.
#[derive(Clone)]
pub struct IssuedToken {
    /// The token itself: shown once, kept nowhere.
    pub token: String,
    /// Its name, a UUID of version 7.
    pub jti: String,
    /// When it ends, in Unix seconds.
    pub exp: i64,
    /// The fingerprint of the key that signed it.
    pub key: String,
}

/// What is looked at in a JWT's header before any key is.
#[derive(Deserialize)]
struct Head {
    alg: String,
    crit: Option<IgnoredAny>,
}

/// What is looked at in a JWT that the relay's key signed. Claims that can be wrong in a way of
/// their own are taken as they come, so that the log can tell which one it is.
#[derive(Deserialize)]
struct Claims {
    iss: Option<Value>,
    aud: Option<Value>,
    #[serde(default)]
    sub: String,
    // A name that is no text could never be found among the revoked ones: it makes the token unreadable.
    jti: Option<String>,
    exp: Option<Value>,
    nbf: Option<Value>,
    #[serde(default)]
    scope: String,
}

#[derive(Serialize)]
struct NewClaims<'a> {
    iss: &'a str,
    aud: &'a str,
    sub: &'a str,
    jti: &'a str,
    iat: i64,
    exp: i64,
    scope: &'a str,
}

/// What time it is for tokens, in Unix seconds. The two differ while the wall clock may be wrong: a token is good then
/// that is good by the wall clock or by the time that has passed.
#[derive(Clone, Copy, Debug)]
pub struct TokenTime {
    /// What has ended by now has ended.
    pub earliest: i64,
    /// What has not begun by now has not begun.
    pub latest: i64,
}

/// What tokens are checked and signed with. It has no `Debug`: secrets are in it.
pub struct Keys {
    signing: Option<EncodingKey>,
    /// Of those that verify, the one that signs first.
    fingerprints: Vec<String>,
    verifying: Vec<DecodingKey>,
    api_tokens: Vec<String>,
    rules: Validation,
    /// Tokens whose signature was found good. They are compared whole: a hash that nobody can forge takes longer than
    /// all else that is asked of a token seen before.
    seen: Mutex<HashMap<String, Arc<Claims>>>,
}

impl Keys {
    /// Keys from the secrets (contract, section 2); the previous JWT secret is accepted, and signs
    /// nothing. `api_tokens` are the present static token and the one before it. An empty secret
    /// is none: anybody could sign with it.
    #[must_use]
    pub fn new<'a>(
        jwt: Option<&[u8]>,
        jwt_previous: Option<&[u8]>,
        api_tokens: impl IntoIterator<Item = &'a str>,
    ) -> Self {
        crypto::install();
        let [jwt, jwt_previous] =
            [jwt, jwt_previous].map(|secret| secret.filter(|s| !s.is_empty()));
        Self {
            signing: jwt.map(EncodingKey::from_secret),
            fingerprints: [jwt, jwt_previous]
                .into_iter()
                .flatten()
                .map(crypto::fingerprint)
                .collect(),
            verifying: [jwt, jwt_previous]
                .into_iter()
                .flatten()
                .map(DecodingKey::from_secret)
                .collect(),
            api_tokens: api_tokens
                .into_iter()
                .filter(|token| !token.is_empty())
                .map(str::to_owned)
                .collect(),
            rules: signature_only(),
            seen: Mutex::default(),
        }
    }

    /// Lets in whoever shows a good token.
    ///
    /// `authorization` is the header's value. `is_revoked` is asked with
    /// the `jti` of a token that is good in every other respect, so nobody can find out with made-up
    /// tokens what it knows; a token without `jti` cannot be revoked and is not asked about.
    ///
    /// # Errors
    /// `Unauthorized`, for the log.
    pub fn admit(
        &self,
        authorization: Option<&str>,
        now: TokenTime,
        is_revoked: impl Fn(&str) -> bool,
    ) -> Result<Caller, Unauthorized> {
        let token = bearer(authorization.ok_or(Unauthorized::Missing)?)?;
        if self.verifying.is_empty() && self.api_tokens.is_empty() {
            return Err(Unauthorized::NoKey);
        }
        if self.is_api_token(token) {
            return Ok(Caller {
                subject: API_TOKEN_SUBJECT.to_owned(),
                scopes: Scopes(vec![Scope::StatsRead, Scope::Reconcile]),
                jti: None,
            });
        }
        self.admit_jwt(token, now, is_revoked)
    }

    /// Lets in whoever shows a good JWT; the static token is none.
    ///
    /// # Errors
    /// As [`Keys::admit`].
    pub fn admit_jwt(
        &self,
        token: &str,
        now: TokenTime,
        is_revoked: impl Fn(&str) -> bool,
    ) -> Result<Caller, Unauthorized> {
        let claims = self.claims(token)?;
        claims.check(now)?;
        if claims.jti.as_deref().is_some_and(is_revoked) {
            return Err(Unauthorized::Revoked);
        }
        Ok(Caller {
            subject: claims.sub.clone(),
            scopes: Scopes::read(&claims.scope),
            jti: claims.jti.clone(),
        })
    }

    /// Makes a token that is good for `days` from `now` (Unix seconds) on, and for the 60 seconds
    /// of leeway after that.
    ///
    /// # Errors
    /// `NoJwtSecret`.
    pub fn issue(
        &self,
        subject: &str,
        scopes: &[Scope],
        now: i64,
        days: u32,
    ) -> Result<IssuedToken, NoJwtSecret> {
        let key = self.signing.as_ref().ok_or(NoJwtSecret)?;
        let jti = name_at(now);
        let exp = now.saturating_add(i64::from(days) * SECONDS_A_DAY);
        let words: Vec<&str> = scopes.iter().map(|s| s.as_str()).collect();
        let claims = NewClaims {
            iss: RELAY,
            aud: RELAY,
            sub: subject,
            jti: &jti,
            iat: now,
            exp,
            scope: &words.join(" "),
        };
        // With a secret and HS256 there is nothing that could fail.
        let token = jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, key)
            .map_err(|_| NoJwtSecret)?;
        let key = self.fingerprints.first().cloned().unwrap_or_default();
        Ok(IssuedToken {
            token,
            jti,
            exp,
            key,
        })
    }

    /// Whether a token is believed that the key with this fingerprint has signed.
    #[must_use]
    pub fn believes(&self, fingerprint: &str) -> bool {
        self.fingerprints.iter().any(|known| known == fingerprint)
    }

    fn is_api_token(&self, token: &str) -> bool {
        let is = |ours: &String| crypto::constant_time_eq(ours.as_bytes(), token.as_bytes());
        self.api_tokens.iter().any(is)
    }

    /// The claims of a token that one of the keys signed, now or when it was last seen: callers show the
    /// same token with every request. Nothing of what they say was checked.
    fn claims(&self, token: &str) -> Result<Arc<Claims>, Unauthorized> {
        let seen = || self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(claims) = seen().get(token) {
            return Ok(Arc::clone(claims));
        }
        check_head(token)?;
        let claims = Arc::new(self.verified(token)?);
        let mut seen = seen();
        if seen.len() >= TOKENS_SEEN {
            seen.clear();
        }
        seen.insert(token.to_owned(), Arc::clone(&claims));
        Ok(claims)
    }

    /// The claims of a token that one of the keys signed; nothing of what they say was checked.
    fn verified(&self, token: &str) -> Result<Claims, Unauthorized> {
        let mut refused = Unauthorized::NoKey;
        for key in &self.verifying {
            match jsonwebtoken::decode(token, key, &self.rules) {
                Ok(data) => return Ok(data.claims),
                Err(error) => refused = why(error.kind()),
            }
            // Only a signature can be wrong with one key and right with the next.
            if refused != Unauthorized::BadSignature {
                break;
            }
        }
        Err(refused)
    }
}

impl Claims {
    /// Whether they let somebody in at `now`, unless the token was revoked.
    fn check(&self, now: TokenTime) -> Result<(), Unauthorized> {
        if self.iss.as_ref().is_none_or(|iss| iss != RELAY) {
            return Err(Unauthorized::WrongIssuer);
        }
        if !self.aud.as_ref().is_some_and(is_for_us) {
            return Err(Unauthorized::WrongAudience);
        }
        let exp = self.exp.as_ref().and_then(seconds);
        if exp.ok_or(Unauthorized::NoExpiry)?.saturating_add(LEEWAY) < now.earliest {
            return Err(Unauthorized::Expired);
        }
        if let Some(nbf) = &self.nbf {
            let nbf = seconds(nbf).ok_or(Unauthorized::Malformed)?;
            if nbf.saturating_sub(LEEWAY) > now.latest {
                return Err(Unauthorized::NotYet);
            }
        }
        Ok(())
    }
}

/// What jsonwebtoken checks: the algorithm and the signature. Issuer, audience and times are
/// checked here, because it would ask a clock of its own and accept a list of issuers.
fn signature_only() -> Validation {
    let mut rules = Validation::new(Algorithm::HS256);
    rules.required_spec_claims.clear();
    rules.validate_exp = false;
    rules.validate_nbf = false;
    rules.validate_aud = false;
    rules
}

fn why(error: &ErrorKind) -> Unauthorized {
    match error {
        ErrorKind::InvalidSignature => Unauthorized::BadSignature,
        ErrorKind::InvalidAlgorithm => Unauthorized::WrongAlgorithm,
        _ => Unauthorized::Malformed,
    }
}

/// The token of a `Bearer` header; the scheme's case does not matter (RFC 9110, section 11.1).
///
/// # Errors
/// `NotBearer` or `TooLong`.
pub fn bearer(header: &str) -> Result<&str, Unauthorized> {
    let (scheme, token) = header.split_once(' ').ok_or(Unauthorized::NotBearer)?;
    let token = token.trim_matches(' ');
    if !scheme.eq_ignore_ascii_case("bearer") || token.is_empty() {
        return Err(Unauthorized::NotBearer);
    }
    if token.len() > LONGEST_TOKEN {
        return Err(Unauthorized::TooLong);
    }
    Ok(token)
}

/// Refuses what is no JWT or no HS256 before a key is touched. jsonwebtoken would refuse it too,
/// but cannot tell an unknown algorithm from a broken header, and passes over `crit`, which
/// RFC 7515 (section 4.1.11) does not allow.
fn check_head(token: &str) -> Result<(), Unauthorized> {
    let mut parts = token.split('.');
    let (Some(head), Some(_), Some(_), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return Err(Unauthorized::Malformed);
    };
    let head = URL_SAFE_NO_PAD
        .decode(head)
        .map_err(|_| Unauthorized::Malformed)?;
    let head: Head = serde_json::from_slice(&head).map_err(|_| Unauthorized::Malformed)?;
    if head.alg != "HS256" {
        return Err(Unauthorized::WrongAlgorithm);
    }
    if head.crit.is_some() {
        return Err(Unauthorized::UnknownExtension);
    }
    Ok(())
}

/// Whether an audience is the relay, or a list with it.
fn is_for_us(aud: &Value) -> bool {
    match aud {
        Value::Array(list) => list.iter().any(|one| one == RELAY),
        one => one == RELAY,
    }
}

/// A moment in Unix seconds. Fractions, which RFC 7519 allows, are cut off; a number beyond what
/// can be counted is as far away as can be counted.
#[allow(
    clippy::cast_possible_truncation,
    reason = "it saturates, and cutting the fraction off is what is wanted"
)]
fn seconds(value: &Value) -> Option<i64> {
    value
        .as_i64()
        .or_else(|| value.as_f64().map(|f| f.floor() as i64))
}

/// A new token's name: a UUID of version 7 whose time is the one passed in.
fn name_at(now: i64) -> String {
    let moment = uuid::Timestamp::from_unix(NoContext, u64::try_from(now).unwrap_or(0), 0);
    Uuid::new_v7(moment).to_string()
}

#[cfg(test)]
mod tests;
