//! The secrets by which those who call the API are known.

use super::secrets::read_with_previous;
use super::{ConfigError, Environment, Kind};
use crate::secret::Secret;

/// The shortest key for JWTs, in bytes.
const SHORTEST_JWT_SECRET: usize = 32;

/// The shortest static token, in characters.
const SHORTEST_API_TOKEN: usize = 16;

/// The secrets of those who call the API. A `_PREVIOUS` key is used only beside the present one (contract,
/// section 2: without `RELAY_JWT_SECRET` no JWT is accepted).
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

pub(super) fn read(environment: &Environment, errors: &mut Vec<ConfigError>) -> Secrets {
    let mut read = |name: &str| {
        let found = read_with_previous(environment, name, errors);
        let mut found = found.into_iter().map(|(_, secret)| secret);
        (found.next(), found.next())
    };
    let (api_token, api_token_previous) = read("VOICEDRIVE_API_TOKEN");
    let (jwt, jwt_previous) = read("RELAY_JWT_SECRET");
    let secrets = Secrets {
        api_token,
        api_token_previous,
        jwt,
        jwt_previous,
    };
    for (name, secret) in [
        ("RELAY_JWT_SECRET", &secrets.jwt),
        ("RELAY_JWT_SECRET_PREVIOUS", &secrets.jwt_previous),
    ] {
        if secret
            .as_ref()
            .is_some_and(|s| s.as_bytes().len() < SHORTEST_JWT_SECRET)
        {
            errors.push(environment.error(name, Kind::TooShort(SHORTEST_JWT_SECRET)));
        }
    }
    for (name, token) in [
        ("VOICEDRIVE_API_TOKEN", &secrets.api_token),
        ("VOICEDRIVE_API_TOKEN_PREVIOUS", &secrets.api_token_previous),
    ] {
        let Some(text) = token.as_ref().map(Secret::expose) else {
            continue;
        };
        let fits = text.len() >= SHORTEST_API_TOKEN && text.bytes().all(|b| b.is_ascii_graphic());
        if !fits {
            let kind = Kind::NoApiToken(SHORTEST_API_TOKEN);
            errors.push(environment.error(name, kind));
        }
    }
    secrets
}
