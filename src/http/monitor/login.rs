//! Logging in with a code, and out (contract, section 12.2). A GET never spends a code: programs that look at links do
//! not log in.

use askama::Template;
use hyper::StatusCode;
use hyper::header::{HeaderValue, SET_COOKIE};

use super::error::PageError;
use super::form::{self, Form};
use super::frame::Frame;
use super::visit::RELOAD;
use super::{FIRST, Visit, cookies, html, redirect};
use crate::command_line::CommandLine;
use crate::http::api::log_rejected;
use crate::http::reply::{ApiError, Reply};
use crate::http::request::Query;
use crate::session::{Code, SessionSecret, Sessions, USUAL_HOURS};
use crate::words::monitor::Frame as T;
use crate::words::monitor::login::Login as W;

/// The parameter of an address that was asked for once more.
const AGAIN: &str = "again";
/// The parameter of the login's page that says that somebody has just left.
const LEFT: &str = "left";

#[derive(Template)]
#[template(path = "login.html")]
pub(super) struct LoginPage<'a> {
    frame: &'a Frame,
    told: Option<&'a str>,
    to: &'a str,
    command: String,
}

#[derive(Template)]
#[template(path = "again.html")]
struct AgainPage<'a> {
    frame: &'a Frame,
    to: &'a str,
}

impl LoginPage<'_> {
    /// The page with the field for a code. After the login it leads back to `address`.
    pub(super) fn reply(
        frame: &Frame,
        status: StatusCode,
        told: Option<&str>,
        address: &str,
    ) -> Reply {
        let (path, query) = address.split_once('?').unwrap_or((address, ""));
        let query = form::without(&form::without(query, AGAIN), RELOAD);
        let to = form::address(path, &query);
        let page = LoginPage {
            frame,
            told,
            to: own_page(&to),
            // Where the files of this relay are, nobody has to know who is not logged in.
            command: CommandLine::default().typed("monitor login --name NAME"),
        };
        html(status, page.render().unwrap_or_default())
    }

    /// A page that asks for the same address again. Browsers send no cookie with the first request to which a link
    /// elsewhere leads, such as one in a mail, and with this one they do.
    pub(super) fn ask_again(frame: &Frame, address: &str) -> Reply {
        let (path, query) = address.split_once('?').unwrap_or((address, ""));
        let separator = if query.is_empty() { "" } else { "&" };
        let to = format!("{path}?{query}{separator}{AGAIN}=1");
        let page = AgainPage { frame, to: &to };
        html(StatusCode::OK, page.render().unwrap_or_default())
    }
}

/// Whether the browser may have a cookie that it did not send, because somebody else's page led here.
pub(super) fn may_have_cookie(visit: &Visit<'_>) -> bool {
    let head = &visit.head;
    let Ok(mut query) = Query::parse(head.uri.query()) else {
        return false;
    };
    let from_elsewhere = match head.headers.get("sec-fetch-site") {
        Some(site) => site == "cross-site" || site == "same-site",
        None => true,
    };
    head.method.is_safe() && query.take(AGAIN).is_none() && from_elsewhere
}

/// Where a login leads: a page of the relay's own.
fn own_page(address: &str) -> &str {
    let below = address.strip_prefix(FIRST);
    let is_page = below.is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', '?']));
    let is_login = below.is_some_and(|rest| rest.starts_with("/log"));
    let plain = address.bytes().all(|byte| byte.is_ascii_graphic());
    if is_page && !is_login && plain {
        address
    } else {
        FIRST
    }
}

/// `GET /monitor/login`
///
/// # Errors
/// None.
#[allow(clippy::unnecessary_wraps, reason = "one signature for all handlers")]
pub(super) fn show(visit: &Visit<'_>) -> Result<Reply, PageError> {
    let frame = Frame::bare(visit);
    let left = Query::parse(visit.head.uri.query()).ok();
    let left = left.and_then(|mut query| query.take(LEFT));
    let told = left.map(|_| visit.locale.phrase(W::LoggedOut));
    Ok(LoginPage::reply(&frame, StatusCode::OK, told, FIRST))
}

/// `POST /monitor/login`
///
/// # Errors
/// `WrongCode`, `TooManyCodes`, those of a form, or the store's.
pub(super) async fn log_in(mut visit: Visit<'_>) -> Result<Reply, PageError> {
    let mut form = Form::read(&mut visit).await?;
    let to = form.take("to").unwrap_or_default();
    let api = visit.api;
    let moment = api.clock.moment();
    let secret = SessionSecret::random().map_err(|_| ApiError::Internal)?;
    let session = match form.take("code").as_deref().and_then(Code::read) {
        Some(code) => {
            let from = visit.actor();
            let spent = api
                .store
                .spend_code(code.digest(), secret.digest(), from, moment);
            spent.await?
        }
        None => None,
    };
    let Some(session) = session else {
        log_rejected(api, visit.client, &"the code is not good");
        let wait = visit.wrong_codes.add(visit.client, moment.monotonic);
        return Err(wait.err().map_or(PageError::WrongCode, |wait| {
            PageError::TooManyCodes(wait.as_secs().max(1))
        }));
    };
    tracing::info!(session = %session.id, role = session.role.as_str(), "somebody has logged in to the page");
    let lasts = session.ends_at.since(moment.wall).as_secs();
    // On a computer that several people use, closing the browser is the end; a screen on a wall starts again.
    let kept = (lasts > u64::from(USUAL_HOURS) * 3600).then_some(lasts);
    let mut reply = redirect(own_page(&to));
    let cookie = cookies::begin(&secret, kept, visit.site.https());
    reply.headers_mut().insert(SET_COOKIE, cookie);
    Ok(reply)
}

/// `POST /monitor/logout`
///
/// # Errors
/// The store's; then the session lasts.
pub(super) async fn log_out(visit: Visit<'_>) -> Result<Reply, PageError> {
    let api = visit.api;
    let moment = api.clock.moment();
    if let Some(secret) = visit.secret() {
        let digest = secret.digest();
        if let Some(session) = api.store.session(digest, false, moment).await? {
            let by = crate::audit::Actor::page(&session.name, visit.client);
            let own = Sessions::Own(digest);
            api.store.end_sessions(own, by, moment).await?;
            tracing::info!(session = %session.id, "somebody has logged out of the page");
        }
    }
    let mut reply = redirect("/monitor/login?left=1");
    let cookie: HeaderValue = cookies::end(visit.site.https());
    reply.headers_mut().insert(SET_COOKIE, cookie);
    Ok(reply)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_login_leads_to_a_page_of_the_relays_own() {
        for address in [
            "/monitor",
            "/monitor?lang=en",
            "/monitor/deliveries?status=exhausted",
        ] {
            assert_eq!(own_page(address), address);
        }
        for address in [
            "",
            "/",
            "//evil.example/monitor",
            "https://evil.example/monitor",
            "/monitors",
            "/monitor.evil.example",
            "/monitor/login",
            "/monitor/logout",
            "/monitor/\r\nx: y",
        ] {
            assert_eq!(own_page(address), FIRST, "{address}");
        }
    }
}
