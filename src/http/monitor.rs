//! The page for people: how it is going, and the next thing to do, without a terminal (contract, section 12).
//!
//! Whoever looks at it is known by a cookie (`session`), which a login gives (`login`): a person at the server makes the
//! code for it. `guard` says which requests come in at all. Pages are written on the server (`frame`, and `templates/`)
//! and need no script; the one that is there asks for the same address again and swaps what has changed. A view is a
//! file here, its words are in `words::monitor`, and what it shows is read from the store.

mod address;
mod assets;
mod beside;
mod chart;
mod codes;
mod compare;
mod comparison;
mod cookies;
mod deliveries;
mod delivery;
mod error;
mod filter;
mod fit;
mod form;
mod frame;
mod guard;
mod hold;
mod incidents;
mod interview_view;
mod interviews;
mod login;
mod missing;
mod now;
mod preview;
mod reconciliation;
mod recover;
mod refusal;
mod reply;
mod resend;
mod server;
mod shared;
mod standing;
mod today;
mod upload;
mod urgency;
mod visit;
mod waiting;

use std::net::Ipv4Addr;

use hyper::header::{ACCEPT, SET_COOKIE};
use hyper::http::request::Parts;
use hyper::{HeaderMap, Method};

use super::Api;
use super::api::client_of;
use super::reply::Reply;
use super::request::{self, Query};
use super::wing::{self, Answering, Call, Table, Wing};
use crate::language::Language;
use crate::session::{Role, Session};
use beside::Beside;
use codes::WrongCodes;
use error::PageError;
use guard::Site;
use now::Numbers;
use preview::Preview;
use refusal::Refusal;
use reply::{html, redirect, secure};
use shared::Shared;
use standing::Known;
use visit::{Visit, locale};
use waiting::Waiting;

/// The page for people while a start waits for room on the disk: what is wrong, and what to do.
pub(super) fn while_waiting(language: Language, told: &str) -> Reply {
    let mut reply = refusal::while_waiting(language, told);
    secure(&mut reply, false);
    reply
}

/// Who may call an endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Access {
    /// Whoever comes in at all.
    Anybody,
    /// Whoever is logged in with this role, or more.
    Role(Role),
}

type Handler = for<'a> fn(Visit<'a>) -> Answering<'a, Result<Reply, PageError>>;
type Endpoint = wing::Endpoint<Access, Handler>;

const VIEWER: Access = Access::Role(Role::Viewer);
const OPERATOR: Access = Access::Role(Role::Operator);

/// Every page, and everything that can be done there.
const ENDPOINTS: &[Endpoint] = &[
    get("/monitor/assets/{id}", Access::Anybody, |visit| {
        Box::pin(async move { assets::show(&visit) })
    }),
    get("/monitor/login", Access::Anybody, |visit| {
        Box::pin(async move { login::show(&visit) })
    }),
    post("/monitor/login", Access::Anybody, |visit| {
        Box::pin(login::log_in(visit))
    }),
    post("/monitor/logout", Access::Anybody, |visit| {
        Box::pin(login::log_out(visit))
    }),
    get(FIRST, VIEWER, |visit| Box::pin(now::show(visit))),
    get("/", Access::Anybody, |_| {
        Box::pin(async { Ok(redirect(FIRST)) })
    }),
    get("/monitor/", Access::Anybody, |_| {
        Box::pin(async { Ok(redirect(FIRST)) })
    }),
    get("/monitor/deliveries", VIEWER, |visit| {
        Box::pin(deliveries::show(visit))
    }),
    get("/monitor/deliveries/{id}", VIEWER, |visit| {
        Box::pin(delivery::show(visit))
    }),
    post("/monitor/deliveries/{id}/resend", OPERATOR, |visit| {
        Box::pin(delivery::resend(visit))
    }),
    post("/monitor/deliveries/{id}/dismiss", OPERATOR, |visit| {
        Box::pin(delivery::dismiss(visit))
    }),
    get("/monitor/resend", OPERATOR, |visit| {
        Box::pin(resend::ask(visit))
    }),
    post("/monitor/resend", OPERATOR, |visit| {
        Box::pin(resend::send(visit))
    }),
    post("/monitor/recover", OPERATOR, |visit| {
        Box::pin(recover::begin(visit))
    }),
    get("/monitor/reconcile", VIEWER, |visit| {
        Box::pin(reconciliation::show(visit))
    }),
    post("/monitor/reconcile", OPERATOR, |visit| {
        Box::pin(compare::take(visit))
    }),
    get("/monitor/reconcile/resend", OPERATOR, |visit| {
        Box::pin(missing::ask(visit))
    }),
    post("/monitor/reconcile/resend", OPERATOR, |visit| {
        Box::pin(missing::send(visit))
    }),
    get("/monitor/reconcile/{id}", VIEWER, |visit| {
        Box::pin(comparison::show(visit))
    }),
    get("/monitor/interviews", VIEWER, |visit| {
        Box::pin(interviews::show(visit))
    }),
    post("/monitor/interviews", OPERATOR, |visit| {
        Box::pin(preview::look(visit))
    }),
    get("/monitor/interviews/preview/{id}", OPERATOR, |visit| {
        Box::pin(preview::show(visit))
    }),
    post("/monitor/interviews/preview/{id}", OPERATOR, |visit| {
        Box::pin(preview::import(visit))
    }),
    get("/monitor/incidents", VIEWER, |visit| {
        Box::pin(incidents::show(visit))
    }),
    post("/monitor/incidents/{id}/dismiss", OPERATOR, |visit| {
        Box::pin(incidents::dismiss(visit))
    }),
    get("/monitor/server", VIEWER, |visit| {
        Box::pin(server::show(visit))
    }),
    post("/monitor/hold", OPERATOR, |visit| {
        Box::pin(hold::begin(visit))
    }),
    post("/monitor/hold/end", OPERATOR, |visit| {
        Box::pin(hold::end(visit))
    }),
    post("/monitor/sessions/{id}/end", OPERATOR, |visit| {
        Box::pin(server::end_session(visit))
    }),
];

/// The first page, which the others are below.
const FIRST: &str = "/monitor";

const fn get(path: &'static str, rules: Access, handler: Handler) -> Endpoint {
    Endpoint {
        method: Method::GET,
        path,
        rules,
        handler,
    }
}

const fn post(path: &'static str, rules: Access, handler: Handler) -> Endpoint {
    Endpoint {
        method: Method::POST,
        path,
        rules,
        handler,
    }
}

/// The page. It outlives a reload, and with it what is known of wrong codes.
pub(super) struct MonitorWing {
    table: Table<Access, Handler>,
    wrong_codes: WrongCodes,
    shared: SharedByAll,
}

/// What is read once for everybody who looks at about the same time.
#[derive(Default)]
struct SharedByAll {
    standing: Shared<Known>,
    /// For viewers, and for operators.
    numbers: [Shared<Numbers>; 2],
    /// Files of interview records of which somebody has seen what they would change.
    previews: Waiting<Preview>,
    /// What the last comparisons of files have found beside what is kept of them.
    compared: Waiting<Beside>,
}

impl Default for MonitorWing {
    fn default() -> Self {
        Self {
            table: Table::new(ENDPOINTS),
            wrong_codes: WrongCodes::default(),
            shared: SharedByAll::default(),
        }
    }
}

impl Wing for MonitorWing {
    fn has(&self, _api: &Api, path: &str, headers: &HeaderMap) -> bool {
        let below = path.strip_prefix(FIRST);
        let is_page = below.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
        // Programs have nothing there, and are told so as everywhere else.
        is_page || path == "/" && wants_a_page(headers)
    }

    fn answer<'a>(&'a self, call: Call<'a>) -> Answering<'a, Reply> {
        Box::pin(async move {
            let asked = request::one_host(&call.request);
            let mut visit = self.visit(call);
            let https = visit.site.https();
            let admitted = match asked {
                Ok(()) => self.admit(&mut visit).await,
                Err(error) => Err(error.into()),
            };
            let refusal = Refusal::of(&visit);
            let replied = match admitted {
                Ok(Admitted::To(handler)) => handler(visit).await,
                Ok(Admitted::Elsewhere(reply)) => Ok(reply),
                Err(error) => Err(error),
            };
            let mut reply = replied.unwrap_or_else(|error| refusal.reply(&error));
            secure(&mut reply, https);
            reply
        })
    }

    fn panicked(&self, api: &Api) -> Reply {
        let mut reply = refusal::after_panic(api.locale);
        secure(&mut reply, false);
        reply
    }
}

/// What becomes of a request that came in.
enum Admitted {
    /// This answers it.
    To(Handler),
    /// It is led to another address.
    Elsewhere(Reply),
}

impl MonitorWing {
    fn visit<'a>(&'a self, call: Call<'a>) -> Visit<'a> {
        let api = call.api;
        // No other connection than one of the network gets here.
        let address = call.peer.ip().unwrap_or(Ipv4Addr::UNSPECIFIED.into());
        let (head, body) = call.request.into_parts();
        Visit {
            site: Site::of(api, address, call.peer, &head.headers),
            locale: locale(api, &head.headers),
            client: client_of(api, address, &head.headers),
            id: String::new(),
            session: None,
            wrong_codes: &self.wrong_codes,
            shared: &self.shared,
            body: Some(body),
            head,
            api,
        }
    }

    /// Lets a request in, or says why not.
    async fn admit(&self, visit: &mut Visit<'_>) -> Result<Admitted, PageError> {
        visit.site.admit()?;
        let Parts { method, uri, .. } = &visit.head;
        let (endpoint, id) = self.table.find(method, uri.path())?;
        if method.is_safe() {
            if let Some(chosen) = choose_language(visit) {
                return Ok(Admitted::Elsewhere(chosen));
            }
        } else if !visit.site.is_own(&visit.head.headers) {
            return Err(PageError::Forged);
        }
        visit.id = id;
        if let Access::Role(role) = endpoint.rules {
            let session = session_of(visit).await?;
            let may = session.role >= role;
            visit.session = Some(session);
            if !may {
                return Err(PageError::NotAllowed);
            }
        }
        Ok(Admitted::To(endpoint.handler))
    }
}

async fn session_of(visit: &Visit<'_>) -> Result<Session, PageError> {
    let Some(secret) = visit.secret() else {
        return Err(if login::may_have_cookie(visit) {
            PageError::AskAgain
        } else {
            PageError::LoggedOut
        });
    };
    let api = visit.api;
    let used = !visit.is_by_itself();
    let session = api.store.session(secret.digest(), used, api.clock.moment());
    session.await?.ok_or(PageError::LoggedOut)
}

/// Remembers the language that a link asks for, and shows the same page in it.
fn choose_language(visit: &Visit<'_>) -> Option<Reply> {
    let uri = &visit.head.uri;
    let mut query = Query::parse(uri.query()).ok()?;
    let language = Language::named(&query.take(cookies::LANGUAGE)?)?;
    let rest = form::without(uri.query().unwrap_or_default(), cookies::LANGUAGE);
    let mut reply = redirect(&form::address(uri.path(), &rest));
    let cookie = cookies::language(language, visit.site.https());
    reply.headers_mut().insert(SET_COOKIE, cookie);
    Some(reply)
}

/// Whether a browser asks for something to show.
fn wants_a_page(headers: &HeaderMap) -> bool {
    let accepted = headers.get(ACCEPT).and_then(|kinds| kinds.to_str().ok());
    accepted.is_some_and(|kinds| kinds.contains("text/html"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_endpoint_is_reached_by_its_method_and_path() {
        let table = Table::new(ENDPOINTS);
        for Endpoint { method, path, .. } in ENDPOINTS {
            let found = table.find(method, path).map(|(endpoint, _)| endpoint.path);
            assert_eq!(found, Ok(*path), "{method}");
        }
    }

    /// What changes something is for operators, but for logging in and out.
    #[test]
    fn whoever_only_looks_changes_nothing() {
        let changing = ENDPOINTS.iter().filter(|one| !one.method.is_safe());
        for Endpoint { path, rules, .. } in changing {
            let expected = match *path {
                "/monitor/login" | "/monitor/logout" => Access::Anybody,
                _ => Access::Role(Role::Operator),
            };
            assert_eq!(*rules, expected, "{path}");
        }
    }
}
