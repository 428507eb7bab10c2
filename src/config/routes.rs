//! Where events go, as the file says it: `[delivery]` and `[[route]]` (contract, section 3).

use std::time::Duration;

use hyper::header::HeaderValue;
use url::Url;

use super::free_header::is_free_header;
use super::proxy::{self, ProxyConfig};
use super::reader::{Document, Section};
use super::secret_name::is_secret_name;
use super::secrets::{is_token, read_secret, read_with_previous};
use super::spoiled_url::is_spoiled_by_blank;
use super::{ConfigError, Environment, Expected, Kind, Server, own_address, profiles, size};
use crate::delivery::address;
use crate::delivery::profile::Profile;
use crate::delivery::proxy::Proxies;
use crate::delivery::route::Route;
use crate::delivery::signature;
use crate::order::Order;
use crate::route::settings::{Proof, Settings};
use crate::route::{self, Pattern};

/// One way out, as the file describes it: `[delivery]` or a `[[route]]`.
#[derive(Clone, Debug)]
pub struct RouteConfig {
    /// The name that an event keeps when it is accepted.
    pub name: String,
    /// Which events it takes; the default route has none here, and takes the rest.
    pub events: Vec<Pattern>,
    /// Where webhooks go; none: nothing is sent. Only the default route may have none.
    pub url: Option<Url>,
    /// How the receiver is addressed.
    pub profile: Profile,
    /// The name of the secret that signs.
    pub secret: String,
    /// The name of the secret that is sent as a bearer token.
    pub bearer: Option<String>,
    /// Headers besides the profile's.
    pub headers: Vec<(String, String)>,
    /// The longest that a whole attempt may take: 1 to 300 seconds.
    pub timeout: Duration,
    /// Attempts at a time: 1 to 256.
    pub concurrency: usize,
    /// Attempts that begin within a second: 1 to 10000; none: no limit.
    pub max_per_second: Option<u32>,
    /// The longest body that the receiver takes, in bytes; none: no limit is known.
    pub max_body_bytes: Option<usize>,
    /// In which order its deliveries are made.
    pub order: Order,
    /// Whether VoiceDrive counts its deliveries too; none: it goes by the profiles of all routes.
    pub counted_by_voicedrive: Option<bool>,
    /// Whether the page tells operators only of it.
    pub private: bool,
    /// The way out; none: a route goes the way of `[delivery]`.
    pub proxy: Option<ProxyConfig>,
}

/// The largest limit of a body that can be set, in bytes: 1 GiB.
const LARGEST_BODY: u64 = 1 << 30;

/// Everything that the file says about where events go.
pub(super) struct Destinations {
    pub(super) allow_http: bool,
    pub(super) delivery: RouteConfig,
    pub(super) routes: Vec<RouteConfig>,
}

/// What every route of the file may refer to.
struct Known<'a> {
    profiles: Vec<Profile>,
    allow_http: bool,
    server: &'a Server,
}

pub(super) fn read(
    document: &mut Document<'_>,
    root: &mut Section<'_>,
    server: &Server,
) -> Destinations {
    let profiles = profiles::read(document, root);
    let mut section = root.section(document, "delivery");
    let allow_http = section.flag(document, "allow_http", false);
    let known = Known {
        profiles,
        allow_http,
        server,
    };
    let delivery = RouteConfig {
        name: route::DEFAULT.to_owned(),
        ..read_route(document, &mut section, &known, "delivery.proxy")
    };
    section.finish(document);
    let mut routes: Vec<RouteConfig> = Vec::new();
    for mut section in root.tables(document, "route") {
        let events = section.list(document, "events", Vec::new(), Expected::Events, |entry| {
            Some((entry.as_str()?.to_owned(), Pattern::parse(entry.as_str()?)?))
        });
        let first = events.first().map(|(text, _)| text.clone());
        let line = section.line();
        let default = first.clone().unwrap_or_default();
        let name = section.parsed(document, "name", default, Expected::RouteName, |text| {
            is_route_name(text).then(|| text.to_owned())
        });
        if name == route::DEFAULT {
            section.missing(document, "name", Expected::GivenRouteName);
        }
        let has_url = section.has("url");
        let described = RouteConfig {
            name,
            events: events.into_iter().map(|(_, pattern)| pattern).collect(),
            ..read_route(document, &mut section, &known, "route.proxy")
        };
        if first.is_none() {
            section.missing(document, "events", Expected::Events);
        }
        if !has_url {
            section.missing(document, "url", Expected::ReceiverUrl);
        }
        if routes.iter().any(|other| other.name == described.name) {
            let expected = Expected::OtherRouteName(described.name.clone());
            document.refuse_at(line, "route.name", expected);
        }
        section.finish(document);
        routes.push(described);
    }
    Destinations {
        allow_http,
        delivery,
        routes,
    }
}

/// The keys that `[delivery]` and `[[route]]` have in common.
fn read_route(
    document: &mut Document<'_>,
    section: &mut Section<'_>,
    known: &Known<'_>,
    proxy_key: &'static str,
) -> RouteConfig {
    let default = Profile::built_in("medical-system").unwrap_or_default();
    let names = known.profiles.iter().map(|profile| profile.name.clone());
    let profiles = Expected::Profile(names.collect());
    let url = read_url(document, section, known);
    let profile = section.parsed(document, "profile", default, profiles, |text| {
        let mut profiles = known.profiles.iter();
        profiles.find(|profile| profile.name == text).cloned()
    });
    RouteConfig {
        name: String::new(),
        events: Vec::new(),
        url,
        secret: section.parsed(
            document,
            "secret",
            "VOICEDRIVE_WEBHOOK_SECRET".to_owned(),
            Expected::SecretName,
            |text| is_secret_name(text).then(|| text.to_owned()),
        ),
        bearer: section.parsed(
            document,
            "bearer",
            None,
            Expected::SecretName,
            |text| match text {
                "" => Some(None),
                text => is_secret_name(text).then(|| Some(text.to_owned())),
            },
        ),
        headers: section.texts(document, "headers", Expected::FreeHeaders, |name, text| {
            let fits = is_free_header(name) && HeaderValue::try_from(text).is_ok();
            fits && !profile.headers().any(|own| own.eq_ignore_ascii_case(name))
        }),
        timeout: Duration::from_secs(section.number(document, "timeout_seconds", 5, &(1..=300))),
        concurrency: size(section.number(document, "concurrency", 8, &(1..=256))),
        max_per_second: section.has("max_per_second").then(|| {
            let number = section.number(document, "max_per_second", 1, &(1..=10_000));
            u32::try_from(number).unwrap_or(u32::MAX)
        }),
        max_body_bytes: if section.has("max_body_bytes") {
            let bytes = section.number(document, "max_body_bytes", 0, &(0..=LARGEST_BODY));
            (bytes > 0).then(|| size(bytes))
        } else {
            profile.max_body_bytes()
        },
        order: section.parsed(
            document,
            "order",
            Order::default(),
            Expected::OneOf(&["staff", "none"]),
            Order::from_word,
        ),
        counted_by_voicedrive: section
            .has("counted_by_voicedrive")
            .then(|| section.flag(document, "counted_by_voicedrive", true)),
        private: section.flag(document, "private", false),
        proxy: proxy::read(document, section, proxy_key),
        profile,
    }
}

fn read_url(
    document: &mut Document<'_>,
    section: &mut Section<'_>,
    known: &Known<'_>,
) -> Option<Url> {
    let value = section.take(document, "url")?;
    let text = value.text().unwrap_or_default();
    if text.is_empty() && value.text().is_some() {
        return None;
    }
    match webhook_url(text, known.allow_http, known.server) {
        Ok(url) => Some(url),
        Err(expected) => {
            document.refuse(&value, expected);
            None
        }
    }
}

/// A URL that webhooks can be posted to. A password in it would be a secret in the configuration.
///
/// # Errors
/// What is expected instead.
pub(super) fn webhook_url(text: &str, allow_http: bool, server: &Server) -> Result<Url, Expected> {
    let fits = |url: &Url| {
        matches!(url.scheme(), "http" | "https")
            && url.has_host()
            && url.username().is_empty()
            && url.password().is_none()
            && url.fragment().is_none()
    };
    if is_spoiled_by_blank(text) {
        return Err(Expected::UrlWithoutBlank);
    }
    let parsed = Url::parse(text);
    if parsed == Err(url::ParseError::InvalidPort) {
        return Err(Expected::UrlPort);
    }
    let url = parsed.ok().filter(fits);
    let url = url.ok_or(Expected::ReceiverUrl)?;
    if own_address::is_own_address(&url, server) {
        return Err(Expected::OtherThanItself);
    }
    match address::may_post_to(&url, allow_http) {
        Ok(()) => Ok(url),
        Err(why) => Err(Expected::OtherAddress(why)),
    }
}

impl RouteConfig {
    /// What an admin finds its settings by.
    #[must_use]
    pub fn settings(&self) -> Settings {
        let proof = match (&self.profile.signature, &self.bearer) {
            (Some(_), bearer) => Proof::Signature {
                secret: self.secret.clone(),
                bearer: bearer.clone(),
            },
            (None, Some(bearer)) => Proof::Bearer(bearer.clone()),
            (None, None) => Proof::Nothing,
        };
        Settings {
            route: self.name.clone(),
            proof,
            own_proxy: self.proxy.is_some(),
        }
    }

    /// VoiceDrive's employee receiver is what its own count is of.
    pub(super) fn is_for_employees(&self) -> bool {
        self.url.is_some() && self.profile.name == "voicedrive-employee"
    }

    /// The route itself, with its secrets; none when it has no URL. What is missing is a mistake.
    /// `default` is the way out of a route that has none of its own; `counted`: whether VoiceDrive counts its
    /// deliveries, when the file does not say.
    pub(super) fn with_secrets(
        &self,
        allow_http: bool,
        default: &Proxies,
        counted: bool,
        environment: &Environment,
        errors: &mut Vec<ConfigError>,
    ) -> Option<Route> {
        let url = self.url.clone()?;
        let mut secrets = Vec::new();
        if let Some(form) = &self.profile.signature {
            for (name, secret) in read_with_previous(environment, &self.secret, errors) {
                if !signature::is_key(form, secret.as_bytes()) {
                    errors.push(environment.error(&name, Kind::NotBase64));
                }
                secrets.push(secret);
            }
        }
        let bearer = self.bearer.as_ref();
        let bearer = bearer.and_then(|name| read_secret(environment, name, errors));
        if self.profile.signature.is_some() && secrets.is_empty() {
            errors.extend(environment.missing(&self.secret));
        }
        if let Some(name) = &self.bearer {
            match &bearer {
                None => errors.extend(environment.missing(name)),
                Some(token) if !is_token(token) => {
                    errors.push(environment.error(name, Kind::NoToken));
                }
                Some(_) => {}
            }
        }
        let proxies = match &self.proxy {
            None => default.clone(),
            own => proxy::resolve(own.as_ref(), environment, errors),
        };
        Some(Route {
            name: self.name.clone(),
            url,
            allow_http,
            profile: self.profile.clone(),
            secrets,
            bearer,
            headers: self.headers.clone(),
            timeout: self.timeout,
            concurrency: self.concurrency,
            max_per_second: self.max_per_second,
            max_body_bytes: self.max_body_bytes,
            order: self.order,
            counted_by_voicedrive: self.counted_by_voicedrive.unwrap_or(counted),
            proxies,
        })
    }
}

fn is_route_name(text: &str) -> bool {
    (1..=route::MAX_NAME_CHARACTERS).contains(&text.chars().count())
        && !text.chars().any(char::is_control)
        && text != route::DEFAULT
}
