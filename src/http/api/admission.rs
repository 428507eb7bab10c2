//! Who may call an endpoint: how often (contract, section 4.2), and with which token (section 4.1).

use super::access::{Access, Endpoint};
use super::callers::{client_of, demand_token};
use crate::audit::Actor;
use crate::http::reply::ApiError;
use crate::http::wing::Call;
use crate::observations::{Asked, Question};
use crate::token::Scope;
use std::net::IpAddr;

/// Admits or refuses a call, and returns the caller that its token names. Whoever may open the control socket is an
/// admin and is not rate limited.
///
/// # Errors
/// `RateLimitExceeded`, `Unauthorized` or `Forbidden`
pub(super) fn admit(call: &Call<'_>, endpoint: &Endpoint) -> Result<Option<Actor>, ApiError> {
    let Some(peer) = call.peer.ip() else {
        return Ok(None);
    };
    let client = client_of(call.api, peer, call.headers());
    let admitted = let_in(call, client, endpoint);
    if let Access::Token(Scope::StatsRead | Scope::Reconcile) = endpoint.rules.access
        && let Some(outcome) = outcome(&admitted)
    {
        let at = call.api.clock.now();
        call.api.observations.asked(Question {
            at,
            client,
            outcome,
        });
    }
    admitted
}

fn let_in(call: &Call<'_>, client: IpAddr, endpoint: &Endpoint) -> Result<Option<Actor>, ApiError> {
    let (api, headers) = (call.api, call.headers());
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

/// What an admin is told of it; none: nothing is to be told.
fn outcome(admitted: &Result<Option<Actor>, ApiError>) -> Option<Asked> {
    match admitted {
        Ok(actor) => actor.as_ref().map(|actor| Asked::By(actor.who.clone())),
        Err(ApiError::RateLimitExceeded(_)) => Some(Asked::TooOften),
        Err(ApiError::Forbidden(_)) => Some(Asked::Forbidden),
        Err(ApiError::Unauthorized) => Some(Asked::Unknown),
        Err(_) => None,
    }
}
