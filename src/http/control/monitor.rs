//! Who may look at the monitor page: logins are prepared, listed and ended (contract, section 12).

use std::net::SocketAddr;
use std::time::Duration;

use hyper::StatusCode;
use serde::Deserialize;
use serde_json::json;

use crate::http::Api;
use crate::http::reply::{ApiError, Reply, success};
use crate::http::request;
use crate::http::wing::Call;
use crate::session::{CODE_LASTS, Code, NAME_CHARACTERS, NewLogin, Role, Sessions};

/// `POST /control/monitor/logins`: a code that is good once. It is in the answer, and kept nowhere.
///
/// # Errors
/// `InvalidParameter`, or the store's.
pub(super) async fn login(call: Call<'_>) -> Result<Reply, ApiError> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Wanted {
        name: String,
        role: String,
        hours: u32,
    }
    let Call {
        api,
        request,
        actor,
        ..
    } = call;
    request::media(request.headers(), false)?;
    let wanted: Wanted = request::fields(&request::text(request, api.max_body_bytes).await?)?;
    let role = Role::from_word(&wanted.role);
    let role = role.ok_or_else(|| ApiError::invalid("role", "must be viewer or operator"))?;
    if !is_name(&wanted.name) {
        let accepted =
            format!("must have 1 to {NAME_CHARACTERS} characters, and no control characters");
        return Err(ApiError::invalid("name", accepted));
    }
    let longest = role.longest_hours();
    if !(1..=longest).contains(&wanted.hours) {
        let accepted = format!("must be a number from 1 to {longest}");
        return Err(ApiError::invalid("hours", accepted));
    }
    let moment = api.clock.moment();
    let code = Code::random().map_err(|_| ApiError::Internal)?;
    let login = NewLogin {
        name: wanted.name,
        role,
        lasts: Duration::from_hours(wanted.hours.into()),
    };
    let begun = api
        .store
        .begin_login(login.clone(), code.digest(), actor, moment);
    begun.await?;
    tracing::info!(role = role.as_str(), "a login to the page was prepared");
    let shown = code.shown();
    let answer = json!({
        "name": login.name,
        "role": role.as_str(),
        "code": shown,
        "link": format!("{}/login#{shown}", page(api)),
        "validUntil": moment.wall.after(CODE_LASTS),
        "hasPublicUrl": api.public_url.is_some(),
    });
    success(StatusCode::CREATED, &answer, moment.wall)
}

/// `GET /control/monitor/sessions`
///
/// # Errors
/// The store's.
pub(super) async fn sessions(call: Call<'_>) -> Result<Reply, ApiError> {
    let api = call.api;
    let moment = api.clock.moment();
    let sessions = api.store.sessions(moment).await?;
    let items = sessions.iter().map(|session| {
        json!({
            "id": session.id,
            "name": session.name,
            "role": session.role.as_str(),
            "openedAt": session.opened_at,
            "endsAt": session.ends_at,
            "idleAt": session.idle_at,
        })
    });
    let items: Vec<_> = items.collect();
    success(StatusCode::OK, &json!({"items": items}), moment.wall)
}

/// `POST /control/monitor/logout`: one session by its id, all of a name, or all of them.
///
/// # Errors
/// `InvalidParameter`, or the store's.
pub(super) async fn logout(call: Call<'_>) -> Result<Reply, ApiError> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Wanted {
        id: Option<String>,
        name: Option<String>,
        #[serde(default)]
        all: bool,
    }
    let Call {
        api,
        request,
        actor,
        ..
    } = call;
    request::media(request.headers(), false)?;
    let wanted: Wanted = request::fields(&request::text(request, api.max_body_bytes).await?)?;
    let which = match (wanted.id, wanted.name, wanted.all) {
        (Some(id), None, false) => Sessions::Id(id),
        (None, Some(name), false) => Sessions::Named(name),
        (None, None, true) => Sessions::All,
        _ => return Err(ApiError::invalid("id", "this, name or all is needed")),
    };
    let moment = api.clock.moment();
    let ended = api.store.end_sessions(which, actor, moment).await?;
    if ended > 0 {
        tracing::info!(sessions = ended, "sessions of the page were ended");
    }
    success(StatusCode::OK, &json!({"ended": ended}), moment.wall)
}

/// Whether somebody can be called so.
fn is_name(text: &str) -> bool {
    (1..=NAME_CHARACTERS).contains(&text.chars().count())
        && !text.trim().is_empty()
        && !text.chars().any(char::is_control)
}

/// Where people find the page.
fn page(api: &Api) -> String {
    let public = api.public_url.as_ref();
    let origin = public.map(|url| url.origin().ascii_serialization());
    // The page knows its own host by loopback and by `public_url` alone.
    let plain = || Some(format!("http://{}", reachable(api.listeners.plain?)));
    let secured = || {
        Some(format!(
            "https://{}",
            reachable(api.listeners.secured.as_ref()?.0)
        ))
    };
    let origin = origin.or_else(plain).or_else(secured).unwrap_or_default();
    format!("{origin}/monitor")
}

/// An address at which the server itself reaches the relay.
fn reachable(listen: SocketAddr) -> SocketAddr {
    match listen {
        SocketAddr::V4(v4) if v4.ip().is_unspecified() => ([127, 0, 0, 1], v4.port()).into(),
        SocketAddr::V6(v6) if v6.ip().is_unspecified() => {
            (std::net::Ipv6Addr::LOCALHOST, v6.port()).into()
        }
        other => other,
    }
}
