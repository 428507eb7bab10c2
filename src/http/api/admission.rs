//! Who may call an endpoint: how often (contract, section 4.2), and with which token (section 4.1).

use super::callers::{client_of, demand_token};
use super::endpoints::{Access, Endpoint};
use crate::audit::Actor;
use crate::http::reply::ApiError;
use crate::http::wing::Call;

/// Admits or refuses a call, and returns the caller that its token names. Whoever may open the control socket is an
/// admin and is not rate limited.
///
/// # Errors
/// `RateLimitExceeded`, `Unauthorized` or `Forbidden`
pub(super) fn admit(call: &Call<'_>, endpoint: &Endpoint) -> Result<Option<Actor>, ApiError> {
    let Some(peer) = call.peer.ip() else {
        return Ok(None);
    };
    let (api, headers) = (call.api, call.headers());
    let client = client_of(api, peer, headers);
    if endpoint.rules.limited {
        api.rate_limiter
            .check(client, endpoint.path, api.clock.monotonic())
            .map_err(|retry_after| ApiError::RateLimitExceeded(retry_after.seconds()))?;
    }
    match endpoint.rules.access {
        Access::Token(scope) => demand_token(api, client, headers, scope).map(Some),
        Access::Anybody | Access::Proof => Ok(None),
    }
}
