//! The configuration: one TOML file, and secrets that never stand in it (contract, sections 2
//! and 3). Every mistake is reported, all of them together, each with file, line and key.

mod alerts;
mod changes;
mod env_file;
mod error;
mod expected;
mod ingest;
mod itself;
mod named;
mod proxy;
mod reader;
mod routes;
mod secret_name;
mod secrets;

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use ipnet::IpNet;
use toml::de::DeValue;
use url::Url;

use crate::delivery::proxy::Proxies;
use crate::delivery::route::Route;
use crate::language::Language;
use crate::order::Order;
use crate::route::Routing;
use crate::secret::Secret;
use crate::zone::Zone;
pub use alerts::{AlertsConfig, AlertsOut, Channel, Email, Encryption, Hook, Way};
pub use changes::Changes;
pub use error::{ConfigError, ConfigErrors, Doubt, Kind, Location, Note, NoteKind};
pub use expected::Expected;
pub use ingest::{Ingest, IngestConfig};
pub use named::{Named, Role};
pub use proxy::ProxyConfig;
use reader::{Document, Section};
pub use routes::RouteConfig;
pub use secret_name::is_secret_name;
pub use secrets::{Environment, Secrets, secrets_file};

/// The variable that overrides `delivery.url`.
const URL_VARIABLE: &str = "VOICEDRIVE_WEBHOOK_URL";
/// The largest limit of a body that `server.max_body_bytes` can be, in bytes: 64 MiB.
pub const LARGEST_REQUEST: u64 = 64 << 20;
/// The shortest key for JWTs, in bytes.
const SHORTEST_JWT_SECRET: usize = 32;
/// The shortest static token, in characters.
const SHORTEST_API_TOKEN: usize = 16;

/// The whole configuration; the defaults are the contract's.
#[derive(Clone, Debug)]
pub struct Config {
    /// The language of alerts, causes and explanations.
    pub language: Language,
    /// What "today" means, and the times that people are shown.
    pub timezone: Zone,
    /// The HTTP API.
    pub server: Server,
    /// The data directory.
    pub storage: Storage,
    /// How often VoiceDrive may ask.
    pub rate_limit: RateLimit,
    /// Plain `http://` may go to public addresses too.
    pub allow_http: bool,
    /// The default route.
    pub delivery: RouteConfig,
    /// The other routes, in the order in which they are asked.
    pub routes: Vec<RouteConfig>,
    /// When failed deliveries are tried again.
    pub retry: Retry,
    /// Alert channels and thresholds.
    pub alerts: AlertsConfig,
    /// The door of the staff system's own senders; none: there is no such door.
    pub ingest: Option<IngestConfig>,
}

/// `[server]`
#[derive(Clone, Debug)]
pub struct Server {
    /// Where the API listens.
    pub listen: SocketAddr,
    /// Proxies whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpNet>,
    /// Pages that may call from a browser.
    pub cors_allowed_origins: Vec<String>,
    /// The longest body, in bytes.
    pub max_body_bytes: usize,
    /// How people and VoiceDrive reach the relay: scheme, host and perhaps a port, no path.
    pub public_url: Option<Url>,
}

/// `[storage]`
#[derive(Clone, Debug)]
pub struct Storage {
    /// The data directory.
    pub directory: PathBuf,
    /// How long finished deliveries are kept, in days: 1 to 3650.
    pub retention_days: u64,
    /// How much older than the last write the backup file may be.
    pub backup_interval: Duration,
}

/// `[rate_limit]`
#[derive(Clone, Debug)]
pub struct RateLimit {
    /// Requests per client address and endpoint.
    pub requests_per_minute: u32,
}

/// `[retry]`
#[derive(Clone, Debug)]
pub struct Retry {
    /// The waits before each retry: 1 to 10 of them, each of one second to seven days.
    pub intervals: Vec<Duration>,
}

/// Configuration and secrets, without a mistake.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// The configuration.
    pub config: Config,
    /// The secrets of those who call.
    pub secrets: Secrets,
    /// Every route that has a URL, with its own secrets.
    pub out: Vec<Route>,
    /// The proxies of `[delivery]`, which everything without its own uses.
    pub proxies: Proxies,
    /// Alert channels with their secrets.
    pub alerts: AlertsOut,
    /// The door of the staff system's own senders, with its secrets.
    pub ingest: Option<Ingest>,
    /// Every secret that is set, by its name.
    pub set: BTreeMap<String, Named>,
    /// Settings that work but may not be meant.
    pub notes: Vec<Note>,
}

impl Default for Config {
    fn default() -> Self {
        let (mut document, root) = Document::parse("");
        read_config(&mut document, root)
    }
}

/// Reads configuration and secrets, those of `secrets.env` beside the configuration among them.
///
/// # Errors
/// Every mistake of both.
pub fn load(path: &Path, environment: &Environment) -> Result<Loaded, ConfigErrors> {
    let mut of_file = Vec::new();
    let environment = environment.with_file_beside(path, &mut of_file);
    match read_file(path) {
        Ok(text) => read_both(&text, path, &environment, of_file),
        Err(mut errors) => {
            errors.list.append(&mut of_file);
            Err(errors)
        }
    }
}

/// Reads the configuration alone, for commands that only have to find the daemon: whoever types
/// them need not be allowed to read its secrets.
///
/// # Errors
/// Every mistake of the file.
pub fn load_without_secrets(path: &Path) -> Result<Config, ConfigErrors> {
    let (config, list) = parse(&read_file(path)?, path);
    if list.is_empty() {
        return Ok(config);
    }
    let notes = Vec::new();
    Err(ConfigErrors { list, notes })
}

/// What can be understood of the configuration, with defaults for the rest: enough to find the daemon,
/// which tells the mistakes, and to know a person's language. None when the file cannot be read.
#[must_use]
pub fn load_what_is_understood(path: &Path) -> Option<Config> {
    let text = read_file(path).ok()?;
    Some(parse(&text, path).0)
}

/// Reads configuration and secrets from a text; `path` is its name in mistakes.
///
/// # Errors
/// Every mistake.
pub fn read(text: &str, path: &Path, environment: &Environment) -> Result<Loaded, ConfigErrors> {
    read_both(text, path, environment, Vec::new())
}

/// `of_file`: the mistakes of the secrets file.
fn read_both(
    text: &str,
    path: &Path,
    environment: &Environment,
    of_file: Vec<ConfigError>,
) -> Result<Loaded, ConfigErrors> {
    let (mut config, mut errors) = parse(text, path);
    let whole = errors.is_empty();
    errors.extend(of_file);
    override_url(&mut config, environment, &mut errors);
    let secrets = read_secrets(environment, &mut errors);
    let proxies = proxy::resolve(config.delivery.proxy.as_ref(), environment, &mut errors);
    let described = config.routes.iter().chain([&config.delivery]);
    let for_employees = described.clone().any(RouteConfig::is_for_employees);
    let (allow_http, usual) = (config.allow_http, &proxies);
    let out = described
        .filter_map(|route| {
            let counted = !for_employees || route.is_for_employees();
            route.with_secrets(allow_http, usual, counted, environment, &mut errors)
        })
        .collect();
    let alerts = config
        .alerts
        .with_secrets(&proxies, environment, &mut errors);
    let jwt = secrets.jwt.is_some() || secrets.jwt_previous.is_some();
    let with_secrets = |door: &IngestConfig| door.with_secrets(environment, jwt, path, &mut errors);
    let ingest = config.ingest.as_ref().map(with_secrets);
    let names = named::names(&config);
    let set = named::set(&names, environment);
    let notes = named::notes(&names, &set, environment, whole);
    // Two routes may lack the same secret.
    let mut told: Vec<ConfigError> = Vec::new();
    errors.retain(|error| {
        let new = !told.contains(error);
        told.push(error.clone());
        new
    });
    if !errors.is_empty() {
        let list = errors;
        return Err(ConfigErrors { list, notes });
    }
    Ok(Loaded {
        config,
        secrets,
        out,
        proxies,
        alerts,
        ingest,
        set,
        notes,
    })
}

/// The URL that is given as a secret comes before that of the file.
fn override_url(config: &mut Config, environment: &Environment, errors: &mut Vec<ConfigError>) {
    let Some(url) = secrets::read_secret(environment, URL_VARIABLE, errors) else {
        return;
    };
    match routes::webhook_url(url.expose(), config.allow_http, &config.server) {
        Ok(url) => config.delivery.url = Some(url),
        Err(expected) => {
            errors.push(environment.error(URL_VARIABLE, Kind::Expected(expected)));
        }
    }
}

impl Config {
    /// Which event takes which route.
    #[must_use]
    pub fn routing(&self) -> Routing {
        let described = self.routes.iter();
        Routing::new(
            described
                .map(|route| (route.name.clone(), route.events.clone()))
                .collect(),
        )
    }

    /// The names of the routes whose deliveries are made in no order.
    #[must_use]
    pub fn routes_without_order(&self) -> BTreeSet<String> {
        let described = self.routes.iter().chain([&self.delivery]);
        described
            .filter(|route| route.order == Order::None)
            .map(|route| route.name.clone())
            .collect()
    }
}

fn read_file(path: &Path) -> Result<String, ConfigErrors> {
    let wrong = |kind| ConfigErrors::one(Location::whole(path), kind);
    let read = env_file::read_bytes(path);
    let (bytes, _) = read.map_err(|error| wrong(env_file::of_io(&error)))?;
    String::from_utf8(bytes).map_err(|error| {
        let valid = error.utf8_error().valid_up_to();
        let line = env_file::first_bad_line(error.as_bytes(), valid);
        ConfigErrors::one(
            Location::line_of(path, line, ""),
            Kind::Doubtful(Doubt::NotUtf8),
        )
    })
}

fn parse(text: &str, path: &Path) -> (Config, Vec<ConfigError>) {
    let (mut document, root) = Document::parse(text);
    let config = read_config(&mut document, root);
    let errors = document.into_found().into_iter().map(|found| ConfigError {
        place: Location::line_of(path, found.line, &found.key),
        kind: found.kind,
    });
    (config, errors.collect())
}

fn read_config(document: &mut Document<'_>, mut root: Section<'_>) -> Config {
    let language = root.parsed(
        document,
        "language",
        Language::Ja,
        Expected::OneOf(&["ja", "en"]),
        Language::named,
    );
    let timezone = root.parsed(
        document,
        "timezone",
        Zone::TOKYO,
        Expected::TimeZone,
        Zone::named,
    );
    let server = read_server(document, &mut root);
    let destinations = routes::read(document, &mut root, &server);
    let config = Config {
        language,
        timezone,
        server,
        storage: read_storage(document, &mut root),
        rate_limit: read_rate_limit(document, &mut root),
        allow_http: destinations.allow_http,
        delivery: destinations.delivery,
        routes: destinations.routes,
        retry: read_retry(document, &mut root),
        alerts: alerts::read(document, &mut root),
        ingest: ingest::read(document, &mut root),
    };
    root.finish(document);
    config
}

fn read_server(document: &mut Document<'_>, root: &mut Section<'_>) -> Server {
    let mut section = root.section(document, "server");
    let server = Server {
        listen: section.parsed(
            document,
            "listen",
            SocketAddr::from(([127, 0, 0, 1], 8480)),
            Expected::AddressWithPort,
            |text| text.parse().ok(),
        ),
        trusted_proxies: section.list(
            document,
            "trusted_proxies",
            Vec::new(),
            Expected::Networks,
            network,
        ),
        cors_allowed_origins: section.list(
            document,
            "cors_allowed_origins",
            Vec::new(),
            Expected::Origins,
            |entry| entry.as_str().and_then(page_origin),
        ),
        max_body_bytes: size(section.number(
            document,
            "max_body_bytes",
            1_048_576,
            &(1024..=LARGEST_REQUEST),
        )),
        public_url: section.parsed(document, "public_url", None, Expected::PublicUrl, |text| {
            match text {
                "" => Some(None),
                text => origin(text).map(Some),
            }
        }),
    };
    section.finish(document);
    server
}

/// An address, or a range of them.
fn network(entry: &DeValue<'_>) -> Option<IpNet> {
    let text = entry.as_str()?;
    let one = |text: &str| text.parse::<IpAddr>().ok().map(IpNet::from);
    text.parse().ok().or_else(|| one(text))
}

/// An origin as browsers write it. `*` can stand in a URL, and in no host that a page comes from.
fn page_origin(text: &str) -> Option<String> {
    let url = origin(text)?;
    let written = url.origin().ascii_serialization();
    (written == text && !text.contains('*')).then_some(written)
}

/// A URL that is scheme, host and perhaps a port.
fn origin(text: &str) -> Option<Url> {
    let url = Url::parse(text).ok()?;
    let bare = Url::parse(&url.origin().ascii_serialization()).ok()?;
    (matches!(url.scheme(), "http" | "https") && url == bare).then_some(url)
}

fn read_storage(document: &mut Document<'_>, root: &mut Section<'_>) -> Storage {
    let mut section = root.section(document, "storage");
    let directory = section.parsed(
        document,
        "directory",
        PathBuf::from("/var/lib/voicedrive-relay"),
        Expected::Directory,
        |text| (!text.is_empty()).then(|| PathBuf::from(text)),
    );
    let retention_days = section.number(document, "retention_days", 90, &(1..=3650));
    let backup = section.number(document, "backup_interval_seconds", 60, &(1..=86_400));
    section.finish(document);
    Storage {
        directory,
        retention_days,
        backup_interval: Duration::from_secs(backup),
    }
}

fn read_rate_limit(document: &mut Document<'_>, root: &mut Section<'_>) -> RateLimit {
    let mut section = root.section(document, "rate_limit");
    let requests = section.number(document, "requests_per_minute", 100, &(1..=100_000));
    section.finish(document);
    RateLimit {
        requests_per_minute: u32::try_from(requests).unwrap_or(u32::MAX),
    }
}

fn read_retry(document: &mut Document<'_>, root: &mut Section<'_>) -> Retry {
    let mut section = root.section(document, "retry");
    let range = 1..=604_800;
    let line = section.line();
    let intervals = section.list(
        document,
        "intervals_seconds",
        [60, 300, 1800].map(Duration::from_secs).to_vec(),
        Expected::Waits,
        |entry: &DeValue<'_>| reader::whole(entry, &range).map(Duration::from_secs),
    );
    if !(1..=10).contains(&intervals.len()) {
        document.refuse_at(line, "retry.intervals_seconds", Expected::Waits);
    }
    section.finish(document);
    Retry { intervals }
}

fn size(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

fn read_secrets(environment: &Environment, errors: &mut Vec<ConfigError>) -> Secrets {
    let mut read = |name: &str| secrets::read_secret(environment, name, errors);
    let secrets = Secrets {
        api_token: read("VOICEDRIVE_API_TOKEN"),
        api_token_previous: read("VOICEDRIVE_API_TOKEN_PREVIOUS"),
        jwt: read("RELAY_JWT_SECRET"),
        jwt_previous: read("RELAY_JWT_SECRET_PREVIOUS"),
    };
    for (name, secret) in [
        ("RELAY_JWT_SECRET", &secrets.jwt),
        ("RELAY_JWT_SECRET_PREVIOUS", &secrets.jwt_previous),
    ] {
        if secret
            .as_ref()
            .is_some_and(|s| s.as_bytes().len() < SHORTEST_JWT_SECRET)
        {
            errors.push(environment.error(name, Kind::TooShort(SHORTEST_JWT_SECRET)));
        }
    }
    for (name, token) in [
        ("VOICEDRIVE_API_TOKEN", &secrets.api_token),
        ("VOICEDRIVE_API_TOKEN_PREVIOUS", &secrets.api_token_previous),
    ] {
        let Some(text) = token.as_ref().map(Secret::expose) else {
            continue;
        };
        let fits = text.len() >= SHORTEST_API_TOKEN && text.bytes().all(|b| b.is_ascii_graphic());
        if !fits {
            let kind = Kind::NoApiToken(SHORTEST_API_TOKEN);
            errors.push(environment.error(name, kind));
        }
    }
    secrets
}

#[cfg(test)]
mod tests;
