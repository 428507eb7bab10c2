//! The configuration: one TOML file, and secrets that never stand in it (contract, sections 2
//! and 3). Every mistake is reported, all of them together, each with file, line and key.

mod alerts;
mod caller_secrets;
mod changes;
mod env_file;
mod error;
mod expected;
mod free_header;
mod ingest;
mod known_secrets;
mod monitor;
#[cfg(feature = "mysql")]
mod mysql_target;
mod own_address;
mod profiles;
mod proxy;
mod rate_limit;
mod reader;
mod recovery;
mod retry;
mod routes;
mod secret_name;
mod secrets;
mod server;
mod spoiled_url;
mod storage;
mod tls;
mod wide_character;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use crate::command_line::CommandLine;
use crate::delivery::proxy::Proxies;
use crate::delivery::route::Route;
use crate::key_pair::ServerKeyPair;
use crate::language::Language;
use crate::order::Order;
use crate::route::Routing;
use crate::route::settings::AllSettings;
use crate::zone::Zone;
pub use alerts::{AlertsConfig, Channel, Email, Encryption, Hook, ResolvedAlerts, Way};
pub use caller_secrets::Secrets;
pub use changes::Changes;
pub use error::{ConfigError, ConfigErrors, Doubt, Forbidden, Kind, Location, Note, NoteKind};
pub use expected::Expected;
pub use ingest::{Ingest, IngestConfig};
pub use known_secrets::{Role, SecretEntry};
pub use monitor::Monitor;
#[cfg(feature = "mysql")]
pub use mysql_target::{MysqlTarget, MysqlWay};
pub use proxy::ProxyConfig;
pub use rate_limit::RateLimit;
use reader::{Document, Section};
pub use recovery::Recovery;
pub use retry::Retry;
pub use routes::RouteConfig;
pub use secret_name::is_secret_name;
pub use secrets::{Environment, secrets_file};
pub use server::{LARGEST_REQUEST, Server};
pub use storage::Storage;
pub use tls::Tls;

/// The variable that overrides `delivery.url`.
pub const URL_VARIABLE: &str = "VOICEDRIVE_WEBHOOK_URL";

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
    /// Whether what an outage left behind is sent by itself.
    pub recovery: Recovery,
    /// The page for people.
    pub monitor: Monitor,
    /// Alert channels and thresholds.
    pub alerts: AlertsConfig,
    /// The door of the staff system's own senders; none: there is no such door.
    pub ingest: Option<IngestConfig>,
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
    pub alerts: ResolvedAlerts,
    /// The door of the staff system's own senders, with its secrets.
    pub ingest: Option<Ingest>,
    /// The relay's own certificate and key, when it speaks TLS.
    pub pair: Option<ServerKeyPair>,
    /// Every secret that is set, by its name.
    pub set: BTreeMap<String, SecretEntry>,
    /// There is a file for secrets.
    pub has_file: bool,
    /// Settings that work but may not be meant.
    pub notes: Vec<Note>,
    /// How the commands of the relay that has it are typed.
    pub commands: CommandLine,
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
    let secrets = caller_secrets::read(environment, &mut errors);
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
    let jwt = secrets.jwt.is_some();
    let with_secrets = |door: &IngestConfig| door.with_secrets(environment, jwt, path, &mut errors);
    let ingest = config.ingest.as_ref().map(with_secrets);
    let names = known_secrets::names(&config);
    let set = known_secrets::set(&names, environment);
    let mut notes = known_secrets::notes(&names, &set, environment, whole);
    let tls = config.server.tls.as_ref();
    let unread = known_secrets::unread_credentials(&names, environment, whole, |path| {
        tls.is_some_and(|tls| tls.files.has(path))
    });
    notes.extend(unread);
    let pair = tls.and_then(|tls| tls.pair(&mut errors, &mut notes));
    // Two routes may lack the same secret.
    let mut told = BTreeSet::new();
    errors.retain(|error| told.insert(error.to_string()));
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
        pair,
        set,
        has_file: environment.file().is_some(),
        notes,
        commands: CommandLine::of(path),
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
    /// What an admin finds the settings of each route by.
    #[must_use]
    pub fn route_settings(&self) -> AllSettings {
        let routes = self.routes.iter().chain([&self.delivery]);
        routes.map(RouteConfig::settings).collect()
    }

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

    /// The names of the routes of which the page tells operators only.
    #[must_use]
    pub fn private_routes(&self) -> BTreeSet<String> {
        let described = self.routes.iter().chain([&self.delivery]);
        let private = described.filter(|route| route.private);
        private.map(|route| route.name.clone()).collect()
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
    let (bytes, _) = read.map_err(|error| wrong(env_file::of_io(path, &error, false)))?;
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
    let server = server::read(document, &mut root);
    let destinations = routes::read(document, &mut root, &server);
    let config = Config {
        language,
        timezone,
        monitor: monitor::read(document, &mut root, &server),
        storage: storage::read(document, &mut root),
        rate_limit: rate_limit::read(document, &mut root),
        allow_http: destinations.allow_http,
        delivery: destinations.delivery,
        routes: destinations.routes,
        retry: retry::read(document, &mut root),
        recovery: recovery::read(document, &mut root),
        alerts: alerts::read(document, &mut root),
        ingest: ingest::read(document, &mut root),
        server,
    };
    root.finish(document);
    config
}

fn size(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests;
