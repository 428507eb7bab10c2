//! Who may call: JWTs signed with the relay's key, and VoiceDrive's static token (contract,
//! section 4.1). Time is passed in.

use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::crypto;

/// Issuer and audience of every token.
const RELAY: &str = "voicedrive-relay";
/// How far the clocks of issuer and relay may differ, in seconds.
const LEEWAY: i64 = 60;
/// A longer token is not looked at, in bytes.
const LONGEST_TOKEN: usize = 8 * 1024;
const SECONDS_A_DAY: i64 = 86_400;

/// What a token can allow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// The four statistics endpoints.
    StatsRead,
    /// Handing in events, sending them again.
    EventsWrite,
    /// Looking events up.
    EventsRead,
    /// Changing interview records.
    InterviewsWrite,
    /// Looking interview records up.
    InterviewsRead,
    /// Everything.
    Admin,
}

impl Scope {
    /// Every scope.
    pub const ALL: [Self; 6] = [
        Self::StatsRead,
        Self::EventsWrite,
        Self::EventsRead,
        Self::InterviewsWrite,
        Self::InterviewsRead,
        Self::Admin,
    ];

    /// The word in a token.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::StatsRead => "stats:read",
            Self::EventsWrite => "events:write",
            Self::EventsRead => "events:read",
            Self::InterviewsWrite => "interviews:write",
            Self::InterviewsRead => "interviews:read",
            Self::Admin => "admin",
        }
    }

    /// The scope that `word` names.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|s| s.as_str() == word)
    }
}

/// What a caller may do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scopes(Vec<Scope>);

impl Scopes {
    /// Whether `scope` is among them; `admin` allows everything.
    #[must_use]
    pub fn allows(&self, scope: Scope) -> bool {
        self.0.contains(&scope) || self.0.contains(&Scope::Admin)
    }

    /// The scopes of a token; words that nothing is known of allow nothing.
    fn read(text: &str) -> Self {
        Self(
            text.split_whitespace()
                .filter_map(Scope::from_word)
                .collect(),
        )
    }
}

/// Why somebody was turned away: for the log only, the answer is always the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unauthorized {
    /// There is no authorization header that can be read.
    #[error("no authorization header")]
    Missing,
    /// It is not `Bearer` and a token of a sensible length.
    #[error("not a bearer token")]
    NotBearer,
    /// There is no key to check a token with.
    #[error("no key is configured")]
    NoKey,
    /// Not a JWT of this relay: form, algorithm, signature, issuer or audience.
    #[error("not a token of this relay")]
    NotOurs,
    /// Its time is over.
    #[error("the token has expired")]
    Expired,
    /// Its time has not come.
    #[error("the token is not valid yet")]
    NotYet,
    /// It was revoked.
    #[error("the token was revoked")]
    Revoked,
}

/// A token cannot be signed without a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("RELAY_JWT_SECRET is not set")]
pub struct NoJwtSecret;

/// Somebody who may call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// Who, as the token says.
    pub subject: String,
    /// What they may do.
    pub scopes: Scopes,
}

/// A token that was just made.
#[derive(Clone)]
pub struct IssuedToken {
    /// The token itself: shown once, kept nowhere.
    pub token: String,
    /// Its name.
    pub jti: String,
    /// When it ends, in Unix seconds.
    pub exp: i64,
}

#[derive(Serialize, Deserialize)]
struct Claims {
    #[serde(default)]
    sub: String,
    jti: Option<String>,
    exp: i64,
    nbf: Option<i64>,
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

/// What tokens are checked and signed with.
pub struct Keys {
    signing: Option<EncodingKey>,
    verifying: Vec<DecodingKey>,
    api_token: Option<String>,
}

impl Keys {
    /// Keys from the secrets; the previous JWT secret is accepted, and signs nothing.
    #[must_use]
    pub fn new(jwt: Option<&[u8]>, jwt_previous: Option<&[u8]>, api_token: Option<&str>) -> Self {
        crypto::install();
        Self {
            signing: jwt.map(EncodingKey::from_secret),
            verifying: [jwt, jwt_previous]
                .into_iter()
                .flatten()
                .map(DecodingKey::from_secret)
                .collect(),
            api_token: api_token.map(str::to_owned),
        }
    }

    /// Lets in whoever shows a good token. `now` is in Unix seconds; `is_revoked` is asked with
    /// the `jti` of a token whose signature is good.
    ///
    /// # Errors
    /// `Unauthorized`, for the log.
    pub fn admit(
        &self,
        authorization: Option<&str>,
        now: i64,
        is_revoked: impl Fn(&str) -> bool,
    ) -> Result<Caller, Unauthorized> {
        let token = bearer(authorization.ok_or(Unauthorized::Missing)?)?;
        if let Some(api_token) = &self.api_token
            && crypto::constant_time_eq(api_token.as_bytes(), token.as_bytes())
        {
            return Ok(Caller {
                subject: "voicedrive-api-token".to_owned(),
                scopes: Scopes(vec![Scope::StatsRead]),
            });
        }
        let claims = self.verified(token)?;
        if claims.exp.saturating_add(LEEWAY) < now {
            return Err(Unauthorized::Expired);
        }
        if claims
            .nbf
            .is_some_and(|nbf| nbf.saturating_sub(LEEWAY) > now)
        {
            return Err(Unauthorized::NotYet);
        }
        if claims.jti.as_deref().is_some_and(is_revoked) {
            return Err(Unauthorized::Revoked);
        }
        Ok(Caller {
            subject: claims.sub,
            scopes: Scopes::read(&claims.scope),
        })
    }

    /// Makes a token that is good for `days` from `now` (Unix seconds) on.
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
        let jti = Uuid::now_v7().to_string();
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
        let token = jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, key)
            .map_err(|_| NoJwtSecret)?;
        Ok(IssuedToken { token, jti, exp })
    }

    fn verified(&self, token: &str) -> Result<Claims, Unauthorized> {
        let mut rules = Validation::new(Algorithm::HS256);
        rules.set_issuer(&[RELAY]);
        rules.set_audience(&[RELAY]);
        rules.set_required_spec_claims(&["exp", "iss", "aud"]);
        // Times are compared with the `now` that is passed in.
        rules.validate_exp = false;
        rules.validate_nbf = false;
        if self.verifying.is_empty() {
            return Err(Unauthorized::NoKey);
        }
        self.verifying
            .iter()
            .find_map(|key| jsonwebtoken::decode::<Claims>(token, key, &rules).ok())
            .map(|data| data.claims)
            .ok_or(Unauthorized::NotOurs)
    }
}

/// The token of a `Bearer` header.
fn bearer(header: &str) -> Result<&str, Unauthorized> {
    let (scheme, token) = header.split_once(' ').ok_or(Unauthorized::NotBearer)?;
    let token = token.trim();
    let fits = scheme.eq_ignore_ascii_case("bearer") && (1..=LONGEST_TOKEN).contains(&token.len());
    fits.then_some(token).ok_or(Unauthorized::NotBearer)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const KEY: &[u8] = b"a-made-up-jwt-secret-of-more-than-32-characters";
    const OLD: &[u8] = b"the-made-up-jwt-secret-of-the-year-before-this";
    const API: &str = "vd-test-api-key-0123456789abcdef0123456789abcdef";
    const NOW: i64 = 1_761_489_000;

    fn admit(keys: &Keys, token: &str, now: i64) -> Result<Caller, Unauthorized> {
        keys.admit(Some(&format!("Bearer {token}")), now, |_| false)
    }

    #[test]
    fn a_token_is_good_until_a_minute_after_its_end() {
        let keys = Keys::new(Some(KEY), None, None);
        let issued = keys.issue("s", &[Scope::EventsRead], NOW, 1).unwrap();
        assert!(admit(&keys, &issued.token, issued.exp + 60).is_ok());
        assert_eq!(
            admit(&keys, &issued.token, issued.exp + 61),
            Err(Unauthorized::Expired)
        );
        let caller = admit(&keys, &issued.token, NOW).unwrap();
        assert!(caller.scopes.allows(Scope::EventsRead));
        assert!(!caller.scopes.allows(Scope::EventsWrite));
    }

    #[test]
    fn the_previous_key_is_accepted_and_a_foreign_one_is_not() {
        let old = Keys::new(Some(OLD), None, None);
        let token = old.issue("s", &[Scope::Admin], NOW, 1).unwrap().token;
        assert!(admit(&Keys::new(Some(KEY), Some(OLD), None), &token, NOW).is_ok());
        assert_eq!(
            admit(&Keys::new(Some(KEY), None, None), &token, NOW),
            Err(Unauthorized::NotOurs)
        );
        assert_eq!(
            admit(&Keys::new(None, None, Some(API)), &token, NOW),
            Err(Unauthorized::NoKey)
        );
    }

    #[test]
    fn a_revoked_token_is_refused() {
        let keys = Keys::new(Some(KEY), None, None);
        let issued = keys.issue("s", &[Scope::Admin], NOW, 1).unwrap();
        let header = format!("bearer {}", issued.token);
        let refused = keys.admit(Some(&header), NOW, |jti| jti == issued.jti);
        assert_eq!(refused, Err(Unauthorized::Revoked));
    }

    #[test]
    fn the_static_token_reads_statistics_and_nothing_else() {
        let keys = Keys::new(None, None, Some(API));
        let caller = admit(&keys, API, NOW).unwrap();
        for scope in Scope::ALL {
            assert_eq!(caller.scopes.allows(scope), scope == Scope::StatsRead);
        }
        assert!(keys.issue("s", &[Scope::Admin], NOW, 1).is_err());
    }

    proptest! {
        #[test]
        fn no_garbage_is_let_in(header in ".{0,200}") {
            let keys = Keys::new(Some(KEY), None, Some(API));
            prop_assert!(keys.admit(Some(&header), NOW, |_| false).is_err());
        }
    }
}
