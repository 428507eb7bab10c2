//! Who calls the API, and what the token allows that is presented (contract, section 4.1).

use std::fmt;
use std::net::IpAddr;

use hyper::HeaderMap;
use hyper::header::AUTHORIZATION;

use super::auth::{Scopes, Unauthorized};
use super::{Api, revoked};
use crate::audit::Actor;
use crate::http::reply::ApiError;
use crate::http::request;
use crate::http::server::client::client_address;
use crate::http::wing::Call;
use crate::token::Scope;

/// Asks for one more scope, which what is asked for needs.
///
/// # Errors
/// `Unauthorized` or `Forbidden`
pub(in crate::http) fn demand(call: &Call<'_>, scope: Scope) -> Result<(), ApiError> {
    let Some(peer) = call.peer.ip() else {
        return Ok(());
    };
    let (api, headers) = (call.api, call.headers());
    demand_token(api, client_of(api, peer, headers), headers, scope).map(drop)
}

/// The caller, when the token that is presented allows this.
///
/// # Errors
/// `Unauthorized` or `Forbidden`
pub(super) fn demand_token(
    api: &Api,
    client: IpAddr,
    headers: &HeaderMap,
    scope: Scope,
) -> Result<Actor, ApiError> {
    let now = api.token_time();
    let is_revoked = |jti: &str| revoked::contains(&api.revoked, jti);
    let caller = match request::only(headers, AUTHORIZATION.as_str()) {
        Ok(given) => {
            let authorization = given.and_then(|value| str::from_utf8(value.as_bytes()).ok());
            api.keys.admit(authorization, now, is_revoked)
        }
        Err(_) => Err(Unauthorized::Twice),
    };
    let caller = caller.map_err(|why| {
        log_rejected(api, client, &why);
        ApiError::Unauthorized
    })?;
    if Scopes::allows(&caller.scopes, scope) {
        api.system_ids.note(headers);
        Ok(Actor::caller(caller.name(), client))
    } else {
        Err(ApiError::Forbidden(scope.as_str()))
    }
}

/// Counts a refused call. The log has one line a minute for them.
pub(in crate::http) fn log_rejected(api: &Api, client: IpAddr, why: &dyn fmt::Display) {
    tracing::debug!(%client, %why, "a caller was turned away");
    let now = api.clock.monotonic();
    api.observations.login_failed(now);
    if let Some(callers) = api.observations.logins_untold(now) {
        tracing::info!(%client, %why, callers, "a caller was turned away; more of them are told once a minute");
    }
}

/// The client: the peer, or the address that trusted proxies report.
pub(in crate::http) fn client_of(api: &Api, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
    // A header value that is not text is passed as an empty one, which ends the reading. If it were left out, a value
    // that the caller made up would take its place.
    let forwarded = headers.get_all("x-forwarded-for");
    if forwarded.iter().next().is_some() && !api.is_proxy(peer) {
        api.warned_untrusted_proxy.call_once(|| {
            tracing::warn!(%peer, "X-Forwarded-For is not believed: everybody who comes this way counts as one caller; if this is your proxy, put its address into server.trusted_proxies");
        });
    }
    let forwarded = forwarded
        .iter()
        .map(|value| value.to_str().unwrap_or_default());
    client_address(peer, forwarded, &api.trusted_proxies)
}
