//! A request on its way to its handler: from whom it comes, in which language they are spoken to, and what they may see.

use std::net::IpAddr;

use hyper::HeaderMap;
use hyper::body::Incoming;
use hyper::header::SET_COOKIE;
use hyper::http::request::Parts;
use hyper::http::uri::PathAndQuery;

use super::super::Api;
use super::super::reply::Reply;
use super::codes::WrongCodes;
use super::guard::Site;
use super::reply::redirect;
use super::{FIRST, SharedByAll, cookies, form};
use crate::audit::Actor;
use crate::hold::EVERY_ROUTE;
use crate::language::{Language, Locale};
use crate::session::{Role, Session, SessionSecret};

/// The header by which the script of an open page asks.
const REFRESH: &str = "x-refresh";
/// The parameter of what a browser without script loads again by itself.
pub(super) const RELOAD: &str = "reload";

/// A request on its way to its handler.
pub(super) struct Visit<'a> {
    pub(super) api: &'a Api,
    pub(super) head: Parts,
    /// Until it is read.
    pub(super) body: Option<Incoming>,
    /// The segment that stands in the place of `{id}`.
    pub(super) id: String,
    pub(super) site: Site,
    /// How the reader is spoken to.
    pub(super) locale: Locale,
    /// The client's address.
    pub(super) client: IpAddr,
    /// Who is logged in, when only such people may call.
    pub(super) session: Option<Session>,
    pub(super) wrong_codes: &'a WrongCodes,
    pub(super) shared: &'a SharedByAll,
}

impl Visit<'_> {
    /// The secret that the browser shows.
    pub(super) fn secret(&self) -> Option<SessionSecret> {
        let shown = cookies::read(&self.head.headers, cookies::session(self.site.https()))?;
        Some(SessionSecret::shown(shown))
    }

    /// Whether the one who is logged in may change something.
    pub(super) fn operates(&self) -> bool {
        self.session
            .as_ref()
            .is_some_and(|s| s.role == Role::Operator)
    }

    /// Whether the reader may know of this route. One that the configuration does not have any more may have been
    /// private.
    pub(super) fn may_see(&self, route: &str) -> bool {
        let routes = &self.api.routes;
        let is_public = routes.routing.knows(route) && !routes.private.contains(route);
        self.operates() || is_public || route == EVERY_ROUTE
    }

    /// The routes of which the reader may know; none: every route.
    pub(super) fn visible_routes(&self) -> Option<Vec<String>> {
        let names = self.api.routes.routing.names();
        let names = names.filter(|name| self.may_see(name));
        (!self.operates()).then(|| names.map(str::to_owned).collect())
    }

    /// Who is logged in, for the audit.
    pub(super) fn actor(&self) -> Actor {
        let name = self.session.as_ref().map_or("", |session| &session.name);
        Actor::page(name, self.client)
    }

    /// What an action has done that led here. An open page that asks by itself is not told.
    pub(super) fn told(&self) -> Option<&str> {
        let headers = &self.head.headers;
        let told = cookies::read(headers, cookies::TOLD);
        told.filter(|told| !told.is_empty() && !self.is_by_itself())
    }

    /// Whether an open page asks by itself: its script, or without one the browser. That is no use of it by a person.
    pub(super) fn is_by_itself(&self) -> bool {
        let query = self.head.uri.query().unwrap_or_default();
        self.head.headers.contains_key(REFRESH) || form::has(query, RELOAD)
    }

    /// Leads to a page, which is told what was done.
    pub(super) fn tell(&self, page: &str, done: &str) -> Reply {
        let mut reply = redirect(page);
        let told = cookies::told(Some(done), self.site.https());
        reply.headers_mut().insert(SET_COOKIE, told);
        reply
    }

    /// Path and query, as they were asked for.
    pub(super) fn address(&self) -> &str {
        let both = self.head.uri.path_and_query();
        both.map_or(FIRST, PathAndQuery::as_str)
    }
}

/// How a reader is spoken to: in the language of their choice, else in the configured one.
pub(super) fn locale(api: &Api, headers: &HeaderMap) -> Locale {
    let chosen = cookies::read(headers, cookies::LANGUAGE).and_then(Language::named);
    Locale {
        language: chosen.unwrap_or(api.locale.language),
        ..api.locale
    }
}
