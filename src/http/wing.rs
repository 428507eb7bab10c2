//! What a wing of the server is: a table of endpoints, a way to know who calls, and a way to say no.
//!
//! `api` asks for tokens and refuses in the envelope; `control` lets in whoever may open its socket; `monitor` knows people
//! by a cookie. A wing is a
//! folder with a type that implements [`Wing`], and stands in the list of its listener in `http.rs`.

use std::collections::BTreeMap;
use std::pin::Pin;

use hyper::body::Incoming;
use hyper::header::ACCEPT_LANGUAGE;
use hyper::{HeaderMap, Method, Request};

use super::Api;
use super::server::{Peer, Reply};
use crate::audit::Actor;
use crate::language::{Language, Locale};

/// Work that an answer waits for.
pub type Answering<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// A part of the server that decides by itself who may call, and what a refusal looks like.
pub trait Wing: Send + Sync + 'static {
    /// Whether a request for this path, with these headers, is one for it.
    fn has(&self, api: &Api, path: &str, headers: &HeaderMap) -> bool;

    /// Answers a call; a refusal is an answer too.
    fn answer<'a>(&'a self, call: Call<'a>) -> Answering<'a, Reply>;

    /// Its answer in place of one that ended in a panic.
    fn panicked(&self, api: &Api) -> Reply;
}

/// A request on its way to its handler.
pub struct Call<'a> {
    /// What the endpoints work with.
    pub api: &'a Api,
    /// Where the connection comes from, and whether over TLS. The control socket only an admin may open.
    pub peer: Peer,
    /// Who calls, for what is kept of it: at the control socket a user of this machine, and over the network whoever the
    /// token names.
    pub actor: Actor,
    /// The segment that stands in the place of `{id}`, or of what the endpoint calls it, in the path, as it was sent; else empty.
    pub id: String,
    /// The request itself.
    pub request: Request<Incoming>,
}

impl Call<'_> {
    /// The query of the URL, without its question mark.
    pub fn query(&self) -> Option<&str> {
        self.request.uri().query()
    }

    /// The headers of the request.
    pub fn headers(&self) -> &HeaderMap {
        self.request.headers()
    }

    /// The language of an admin at the control socket; none: whoever asks came over the network.
    pub fn reader(&self) -> Option<Language> {
        self.peer.ip().is_none().then(|| self.locale().language)
    }

    /// How the one who asks is spoken to. A person at the control socket reads what the daemon says there, and a
    /// program too: the command says in which language.
    pub fn locale(&self) -> Locale {
        match (self.peer.ip(), asked_language(self.headers())) {
            (None, Some(language)) => Locale {
                language,
                ..self.api.locale
            },
            _ => self.api.locale,
        }
    }
}

/// The language that a command asks for.
pub(super) fn asked_language(headers: &HeaderMap) -> Option<Language> {
    Language::named(headers.get(ACCEPT_LANGUAGE)?.to_str().ok()?)
}

/// What answers the calls of an endpoint; `E` is what it refuses with.
pub type Handler<E> = for<'a> fn(Call<'a>) -> Answering<'a, Result<Reply, E>>;

/// A row of a wing's table. `R` is what the wing has to know of an endpoint before its handler is called, `H` the handler.
pub struct Endpoint<R, H> {
    /// The method. A GET is answered to HEAD too.
    pub method: Method,
    /// The path, in which a name in braces, such as `{id}`, stands for any one segment; there is at most one.
    pub path: &'static str,
    /// Who may call, and how often.
    pub rules: R,
    /// What answers.
    pub handler: H,
}

/// Why no endpoint of a wing is meant.
#[derive(Debug, PartialEq, Eq)]
pub enum NotRouted {
    /// None has this path.
    NoSuchPath,
    /// Those with this path have other methods: the value of `Allow`.
    OtherMethods(String),
}

/// The endpoints of a wing, found by their paths.
pub struct Table<R: 'static, H: 'static> {
    paths: matchit::Router<Vec<&'static Endpoint<R, H>>>,
}

impl<R, H> Table<R, H> {
    /// A table of these endpoints. Two patterns that cannot stand beside each other are found by the tests, which
    /// make every table.
    pub fn new(endpoints: &'static [Endpoint<R, H>]) -> Self {
        let mut by_path: BTreeMap<&str, Vec<_>> = BTreeMap::new();
        for endpoint in endpoints {
            by_path.entry(endpoint.path).or_default().push(endpoint);
        }
        let mut paths = matchit::Router::new();
        for (path, endpoints) in by_path {
            let inserted = paths.insert(path, endpoints);
            debug_assert!(inserted.is_ok(), "{path}: {inserted:?}");
        }
        Self { paths }
    }

    /// Whether an endpoint has this path.
    pub fn has(&self, path: &str) -> bool {
        self.paths.at(path).is_ok()
    }

    /// The endpoint that a method and a path mean, and what stands in the place of its `{id}`.
    ///
    /// # Errors
    /// `NotRouted`
    pub fn find(
        &self,
        method: &Method,
        path: &str,
    ) -> Result<(&'static Endpoint<R, H>, String), NotRouted> {
        let found = self.paths.at(path).map_err(|_| NotRouted::NoSuchPath)?;
        let method = if *method == Method::HEAD {
            &Method::GET
        } else {
            method
        };
        let endpoint = found.value.iter().find(|one| one.method == *method);
        let endpoint = endpoint.ok_or_else(|| NotRouted::OtherMethods(allowed(found.value)))?;
        let id = found.params.iter().next().map(|(_, id)| id.to_owned());
        Ok((endpoint, id.unwrap_or_default()))
    }
}

/// The methods of the endpoints of one path, as `Allow` names them.
fn allowed<R, H>(endpoints: &[&Endpoint<R, H>]) -> String {
    let has = |name: &&str| {
        let name = if *name == "HEAD" { "GET" } else { *name };
        endpoints.iter().any(|one| one.method.as_str() == name)
    };
    let known = ["GET", "HEAD", "POST", "PUT", "DELETE"].into_iter();
    known.filter(has).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn at(method: Method, path: &'static str, name: char) -> Endpoint<char, ()> {
        Endpoint {
            method,
            path,
            rules: name,
            handler: (),
        }
    }

    const ENDPOINTS: &[Endpoint<char, ()>] = &[
        at(Method::POST, "/things", 'a'),
        at(Method::GET, "/things", 'b'),
        at(Method::POST, "/things/batch", 'c'),
        at(Method::PUT, "/things/{id}", 'd'),
        at(Method::GET, "/things/{id}", 'e'),
        at(Method::POST, "/things/{id}/again", 'f'),
    ];

    fn found(method: &Method, path: &str) -> Result<(char, String), NotRouted> {
        let found = Table::new(ENDPOINTS).find(method, path);
        found.map(|(endpoint, id)| (endpoint.rules, id))
    }

    #[test]
    fn a_method_and_a_path_mean_one_endpoint() {
        for (method, path, name, id) in [
            (Method::POST, "/things", 'a', ""),
            (Method::GET, "/things", 'b', ""),
            (Method::HEAD, "/things", 'b', ""),
            (Method::POST, "/things/batch", 'c', ""),
            (Method::PUT, "/things/a%2Fb", 'd', "a%2Fb"),
            (Method::HEAD, "/things/batches", 'e', "batches"),
            (Method::POST, "/things/batch/again", 'f', "batch"),
        ] {
            let expected = Ok((name, id.to_owned()));
            assert_eq!(found(&method, path), expected, "{method} {path}");
        }
    }

    #[test]
    fn other_methods_are_told_what_is_allowed() {
        for (method, path, allow) in [
            (Method::DELETE, "/things", "GET, HEAD, POST"),
            (Method::GET, "/things/batch", "POST"),
            (Method::OPTIONS, "/things/x", "GET, HEAD, PUT"),
            (Method::HEAD, "/things/x/again", "POST"),
        ] {
            let expected = Err(NotRouted::OtherMethods(allow.to_owned()));
            assert_eq!(found(&method, path), expected, "{method} {path}");
        }
    }

    #[test]
    fn no_segment_is_empty_and_none_is_left_over() {
        for path in [
            "/",
            "",
            "*",
            "/thing",
            "/things/",
            "/things//again",
            "/things/a/",
            "/things/a/b",
            "/things/a/again/",
            "//things",
            "/Things",
        ] {
            let refused = found(&Method::GET, path);
            assert_eq!(refused, Err(NotRouted::NoSuchPath), "{path}");
        }
    }
}
