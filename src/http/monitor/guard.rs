//! Which requests come in (contract, sections 12.2 and 12.3): those that are meant for this relay, over a way on which
//! nobody reads along, and, when they change something, from its own pages.

use std::net::IpAddr;

use hyper::HeaderMap;
use hyper::header::{HOST, HeaderValue, ORIGIN};
use hyper::http::uri::Authority;
use url::Url;

use super::error::PageError;
use crate::http::Api;
use crate::http::server::Peer;

/// Headers that say that a request was passed on.
const FORWARDING: [&str; 6] = [
    "forwarded",
    "via",
    "x-forwarded-for",
    "x-forwarded-host",
    "x-forwarded-proto",
    "x-real-ip",
];

/// How a browser's connection is kept from others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    /// It is encrypted.
    Https,
    /// The browser runs on the server itself, or at the end of a tunnel to it.
    Here,
    /// Not at all.
    Plain,
}

/// What is spoken on the connection that a request came on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Spoken {
    /// TLS.
    Tls,
    /// Plain HTTP, by a proxy that says what the browser spoke.
    ByProxy,
    /// Plain HTTP.
    Plain,
}

/// By which way a request came, and to which name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Site {
    way: Way,
    /// The host is one of the relay's own.
    known: bool,
    /// Plain http from other machines is wanted.
    allow_http: bool,
    /// The origins of the relay's own pages.
    origins: Vec<String>,
}

impl Site {
    pub(super) fn of(api: &Api, address: IpAddr, peer: Peer, headers: &HeaderMap) -> Self {
        let spoken = match peer {
            Peer::Secured(_) => Spoken::Tls,
            Peer::Network(_) | Peer::User(_) if api.is_proxy(address) => Spoken::ByProxy,
            Peer::Network(_) | Peer::User(_) => Spoken::Plain,
        };
        let public = api.public_url.as_ref();
        Self::read(address, spoken, headers, public, api.monitor.allow_http)
    }

    fn read(
        peer: IpAddr,
        spoken: Spoken,
        headers: &HeaderMap,
        public: Option<&Url>,
        allow_http: bool,
    ) -> Self {
        let authority = headers.get(HOST).map(HeaderValue::as_bytes);
        let authority = authority.and_then(|host| Authority::try_from(host).ok());
        let host = authority.as_ref().map_or("", |authority| authority.host());
        let public_host = public.and_then(Url::host_str);
        let is_local = is_loopback(host);
        let https = match spoken {
            Spoken::Tls => true,
            Spoken::ByProxy => forwarded_scheme(headers).is_some_and(|scheme| scheme == "https"),
            Spoken::Plain => false,
        };
        let passed_on = FORWARDING.iter().any(|name| headers.contains_key(*name));
        let here = peer.to_canonical().is_loopback() && is_local && !passed_on;
        let way = match (https, here) {
            (true, _) => Way::Https,
            (false, true) => Way::Here,
            (false, false) => Way::Plain,
        };
        let scheme = if https { "https" } else { "http" };
        let own = authority.iter().map(|own| format!("{scheme}://{own}"));
        let public_origin = public.map(|url| url.origin().ascii_serialization());
        Self {
            way,
            known: is_local || public_host.is_some_and(|known| known.eq_ignore_ascii_case(host)),
            allow_http,
            origins: own.chain(public_origin).collect(),
        }
    }

    /// Whether a request may come in.
    ///
    /// # Errors
    /// `WrongHost` or `PlainHttp`
    pub(super) fn admit(&self) -> Result<(), PageError> {
        if !self.known {
            return Err(PageError::WrongHost);
        }
        if self.is_open() && !self.allow_http {
            return Err(PageError::PlainHttp);
        }
        Ok(())
    }

    /// Whether the browser's connection is encrypted.
    pub(super) fn https(&self) -> bool {
        self.way == Way::Https
    }

    /// Whether others can read along.
    pub(super) fn is_open(&self) -> bool {
        self.way == Way::Plain
    }

    /// Whether one of the relay's own pages asks. Browsers that say nothing of it are no browsers.
    pub(super) fn is_own(&self, headers: &HeaderMap) -> bool {
        if let Some(site) = headers.get("sec-fetch-site") {
            return site == "same-origin";
        }
        // Browsers send the other header to trustworthy origins only.
        let origin = headers.get(ORIGIN).and_then(|origin| origin.to_str().ok());
        origin.is_some_and(|origin| self.origins.iter().any(|own| own == origin))
    }
}

fn is_loopback(host: &str) -> bool {
    let bare = host.strip_prefix('[').and_then(|h| h.strip_suffix(']'));
    let address = bare.unwrap_or(host).parse::<IpAddr>();
    host.eq_ignore_ascii_case("localhost") || address.is_ok_and(|address| address.is_loopback())
}

/// The scheme that the proxy next to the relay has seen.
fn forwarded_scheme(headers: &HeaderMap) -> Option<&str> {
    let mut lines = headers.get_all("x-forwarded-proto").iter();
    let line = lines.next_back()?.to_str().ok()?;
    line.rsplit(',').next().map(str::trim)
}

#[cfg(test)]
mod tests {
    use super::*;
    use hyper::header::HeaderName;

    const CLINIC: &str = "https://relay.clinic.example";

    fn headers(given: &[(&str, &str)]) -> HeaderMap {
        let given = given.iter();
        given
            .map(|(name, value)| {
                let name = HeaderName::try_from(*name).unwrap();
                (name, HeaderValue::try_from(*value).unwrap())
            })
            .collect()
    }

    fn site(peer: &str, is_proxy: bool, given: &[(&str, &str)], allow_http: bool) -> Site {
        let public = Url::parse(CLINIC).unwrap();
        let peer = peer.parse().unwrap();
        let spoken = if is_proxy {
            Spoken::ByProxy
        } else {
            Spoken::Plain
        };
        Site::read(peer, spoken, &headers(given), Some(&public), allow_http)
    }

    fn admitted(site: &Site) -> &'static str {
        match site.admit() {
            Ok(()) if site.https() => "https",
            Ok(()) if site.is_open() => "open",
            Ok(()) => "here",
            Err(PageError::WrongHost) => "wrong host",
            Err(_) => "plain",
        }
    }

    #[test]
    fn only_the_relays_own_names_are_answered() {
        for (host, expected) in [
            ("127.0.0.1:8480", "here"),
            ("localhost", "here"),
            ("LOCALHOST:8480", "here"),
            ("[::1]:8480", "here"),
            ("relay.clinic.example", "plain"),
            ("evil.example", "wrong host"),
            ("relay.clinic.example.evil.example", "wrong host"),
            ("127.0.0.1.evil.example", "wrong host"),
            ("localhost.evil.example", "wrong host"),
            ("", "wrong host"),
        ] {
            let found = site("127.0.0.1", false, &[("host", host)], false);
            assert_eq!(admitted(&found), expected, "{host}");
        }
    }

    #[test]
    fn plain_http_is_for_the_server_itself() {
        let local = ("host", "127.0.0.1:8480");
        let named = ("host", "relay.clinic.example");
        let secure = ("x-forwarded-proto", "https");
        for (peer, is_proxy, given, allow, expected) in [
            ("127.0.0.1", false, vec![local], false, "here"),
            ("::ffff:127.0.0.1", false, vec![local], false, "here"),
            ("10.0.0.7", false, vec![local], false, "plain"),
            ("10.0.0.7", false, vec![named], false, "plain"),
            ("10.0.0.7", false, vec![named], true, "open"),
            // Somebody else's word.
            ("10.0.0.7", false, vec![named, secure], false, "plain"),
            ("127.0.0.1", false, vec![local, secure], false, "plain"),
            (
                "127.0.0.1",
                false,
                vec![local, ("x-real-ip", "1.2.3.4")],
                false,
                "plain",
            ),
            ("127.0.0.1", true, vec![named, secure], false, "https"),
            (
                "127.0.0.1",
                true,
                vec![named, ("x-forwarded-proto", "http")],
                false,
                "plain",
            ),
            // What a client has made up stands to the left of what the proxy has seen.
            (
                "127.0.0.1",
                true,
                vec![named, ("x-forwarded-proto", "https, http")],
                false,
                "plain",
            ),
            (
                "127.0.0.1",
                true,
                vec![named, ("x-forwarded-for", "1.2.3.4")],
                false,
                "plain",
            ),
        ] {
            let found = site(peer, is_proxy, &given, allow);
            assert_eq!(admitted(&found), expected, "{peer} {given:?}");
        }
    }

    #[test]
    fn over_tls_nobody_reads_along() {
        let public = Url::parse(CLINIC).unwrap();
        let named = headers(&[
            ("host", "relay.clinic.example"),
            ("x-forwarded-proto", "http"),
        ]);
        let peer = "10.0.0.7".parse().unwrap();
        let found = Site::read(peer, Spoken::Tls, &named, Some(&public), false);
        assert_eq!(admitted(&found), "https");
    }

    #[test]
    fn only_its_own_pages_change_something() {
        let at = ("host", "127.0.0.1:8480");
        for (given, own) in [
            (vec![("sec-fetch-site", "same-origin")], true),
            (vec![("sec-fetch-site", "same-site")], false),
            (vec![("sec-fetch-site", "cross-site")], false),
            (vec![("sec-fetch-site", "none")], false),
            (vec![("origin", "http://127.0.0.1:8480")], true),
            (vec![("origin", CLINIC)], true),
            (vec![("origin", "http://127.0.0.1:8481")], false),
            (vec![("origin", "https://127.0.0.1:8480")], false),
            (vec![("origin", "http://relay.clinic.example")], false),
            (vec![("origin", "null")], false),
            (vec![], false),
            (
                vec![
                    ("origin", "http://127.0.0.1:8480"),
                    ("sec-fetch-site", "cross-site"),
                ],
                false,
            ),
        ] {
            let site = site("127.0.0.1", false, &[at], false);
            assert_eq!(site.is_own(&headers(&given)), own, "{given:?}");
        }
    }
}
