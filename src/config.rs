//! The configuration: one TOML file, and secrets that never stand in it (contract, sections 2
//! and 3). Every mistake is reported, all of them together, each with file, line and key.

mod alerts;
mod ingest;
mod itself;
mod proxy;
mod reader;
mod routes;
mod secrets;

use std::fmt;
use std::fs;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use ipnet::IpNet;
use toml::de::DeValue;
use url::Url;

use crate::delivery::proxy::Proxies;
use crate::language::Language;
use crate::route::{Route, Routing};
use crate::zone::Zone;
pub use alerts::{AlertsConfig, AlertsOut, Channel, Email, Encryption, Hook, Way};
pub use ingest::{Ingest, IngestConfig};
pub use proxy::ProxyConfig;
use reader::{Document, Section};
pub use routes::RouteConfig;
pub use secrets::{Environment, Secret, Secrets};

/// The variable that overrides `delivery.url`.
const URL_VARIABLE: &str = "VOICEDRIVE_WEBHOOK_URL";
/// The shortest key for JWTs, in bytes.
const SHORTEST_JWT_SECRET: usize = 32;
/// The shortest static token, in characters.
const SHORTEST_API_TOKEN: usize = 16;

/// The whole configuration; the defaults are the contract's.
#[derive(Clone, Debug)]
pub struct Config {
    /// For alerts, causes, explanations.
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
    /// Who is told when a person is needed.
    pub alerts: AlertsConfig,
    /// The door of the staff system's own senders; none: there is no such door.
    pub ingest: Option<IngestConfig>,
}

/// `[server]`
#[derive(Clone, Debug)]
pub struct Server {
    /// Where the API listens.
    pub listen: SocketAddr,
    /// Whose `X-Forwarded-For` is believed.
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
    /// Per client and endpoint.
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
    /// The way out of everything that has none of its own.
    pub proxies: Proxies,
    /// Who is told, with the secrets for it.
    pub alerts: AlertsOut,
    /// The door of the staff system's own senders, with its secrets.
    pub ingest: Option<Ingest>,
}

/// Everything that is wrong, in the order of the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistakes(pub Vec<Mistake>);

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    /// Where.
    pub place: Place,
    /// What.
    pub kind: Kind,
}

/// Where a mistake is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// In the file; the key is empty when the file itself is meant.
    File {
        /// The file.
        path: PathBuf,
        /// From 1; 0 when the file could not be read.
        line: usize,
        /// Dotted.
        key: String,
    },
    /// In this variable of the environment.
    Variable(String),
    /// In this file of the credentials directory.
    Credential(PathBuf),
}

/// What a mistake is. No value of a secret is ever part of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The file cannot be read; what the operating system said.
    Unreadable(String),
    /// Not TOML; what the parser said.
    NotToml(String),
    /// No such key; the ones that are known here.
    Unknown(String),
    /// Something else is accepted.
    Expected(String),
    /// A secret that is needed is missing.
    SecretMissing,
}

impl std::error::Error for Mistakes {}

impl fmt::Display for Mistakes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, mistake) in self.0.iter().enumerate() {
            let end = if number == 0 { "" } else { "\n" };
            write!(f, "{end}{mistake}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.place {
            Place::File { path, line: 0, .. } | Place::Credential(path) => {
                write!(f, "{}: ", path.display())?;
            }
            Place::File { path, line, key } if key.is_empty() => {
                write!(f, "{}:{line}: ", path.display())?;
            }
            Place::File { path, line, key } => write!(f, "{}:{line}: {key}: ", path.display())?,
            Place::Variable(name) => write!(f, "environment variable {name}: ")?,
        }
        match &self.kind {
            Kind::Unreadable(why) => write!(f, "cannot be read: {why}"),
            Kind::NotToml(why) => write!(f, "not TOML: {why}"),
            Kind::Unknown(known) => write!(f, "no such key here; known are {known}"),
            Kind::Expected(accepted) => write!(f, "must be {accepted}"),
            Kind::SecretMissing => f.write_str(
                "is not set, and the configuration names it; set it in secrets.env or as a systemd credential",
            ),
        }
    }
}

impl Default for Config {
    fn default() -> Self {
        let (mut document, root) = Document::parse("");
        read_config(&mut document, root)
    }
}

/// Reads configuration and secrets.
///
/// # Errors
/// Every mistake.
pub fn load(path: &Path, environment: &Environment) -> Result<Loaded, Mistakes> {
    let environment = environment.with_file(&path.with_file_name("secrets.env"))?;
    read(&read_file(path)?, path, &environment)
}

/// Reads the configuration alone, for commands that only have to find the daemon: whoever types
/// them need not be allowed to read its secrets.
///
/// # Errors
/// Every mistake of the file.
pub fn load_without_secrets(path: &Path) -> Result<Config, Mistakes> {
    let (config, mistakes) = parse(&read_file(path)?, path);
    if mistakes.is_empty() {
        Ok(config)
    } else {
        Err(Mistakes(mistakes))
    }
}

/// Reads configuration and secrets from a text; `path` is its name in mistakes.
///
/// # Errors
/// Every mistake.
pub fn read(text: &str, path: &Path, environment: &Environment) -> Result<Loaded, Mistakes> {
    let (mut config, mut mistakes) = parse(text, path);
    if let Some(text) = environment.var(URL_VARIABLE) {
        match routes::webhook_url(text, config.allow_http, &config.server) {
            Ok(url) => config.delivery.url = Some(url),
            Err(accepted) => mistakes.push(of_variable(URL_VARIABLE, Kind::Expected(accepted))),
        }
    }
    let secrets = read_secrets(environment, &mut mistakes);
    let proxies = proxy::resolve(config.delivery.proxy.as_ref(), environment, &mut mistakes);
    let described = config.routes.iter().chain([&config.delivery]);
    let (allow_http, usual) = (config.allow_http, &proxies);
    let out = described
        .filter_map(|route| route.with_secrets(allow_http, usual, environment, &mut mistakes))
        .collect();
    let alerts = config
        .alerts
        .with_secrets(&proxies, environment, &mut mistakes);
    let jwt = secrets.jwt.is_some() || secrets.jwt_previous.is_some();
    let with_secrets =
        |door: &IngestConfig| door.with_secrets(environment, jwt, path, &mut mistakes);
    let ingest = config.ingest.as_ref().map(with_secrets);
    // Two routes may lack the same secret.
    let mut told: Vec<Mistake> = Vec::new();
    mistakes.retain(|mistake| {
        let new = !told.contains(mistake);
        told.push(mistake.clone());
        new
    });
    if mistakes.is_empty() {
        Ok(Loaded {
            config,
            secrets,
            out,
            proxies,
            alerts,
            ingest,
        })
    } else {
        Err(Mistakes(mistakes))
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
}

fn read_file(path: &Path) -> Result<String, Mistakes> {
    fs::read_to_string(path).map_err(|error| {
        Mistakes(vec![Mistake {
            place: Place::File {
                path: path.to_owned(),
                line: 0,
                key: String::new(),
            },
            kind: Kind::Unreadable(error.to_string()),
        }])
    })
}

fn of_variable(name: &str, kind: Kind) -> Mistake {
    Mistake {
        place: Place::Variable(name.to_owned()),
        kind,
    }
}

fn parse(text: &str, path: &Path) -> (Config, Vec<Mistake>) {
    let (mut document, root) = Document::parse(text);
    let config = read_config(&mut document, root);
    let mistakes = document.into_found().into_iter().map(|found| Mistake {
        place: Place::File {
            path: path.to_owned(),
            line: found.line,
            key: found.key,
        },
        kind: found.kind,
    });
    (config, mistakes.collect())
}

fn read_config(document: &mut Document<'_>, mut root: Section<'_>) -> Config {
    let language = root.parsed(
        document,
        "language",
        Language::Ja,
        "\"ja\" or \"en\"",
        |text| match text {
            "ja" => Some(Language::Ja),
            "en" => Some(Language::En),
            _ => None,
        },
    );
    let timezone = root.parsed(
        document,
        "timezone",
        Zone::TOKYO,
        "the name of a time zone, such as \"Asia/Tokyo\"",
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
            "an address with a port, such as \"127.0.0.1:8480\"",
            |text| text.parse().ok(),
        ),
        trusted_proxies: section.list(
            document,
            "trusted_proxies",
            Vec::new(),
            "a list of addresses or ranges, such as [\"127.0.0.1\", \"10.0.0.0/8\"]",
            network,
        ),
        cors_allowed_origins: section.list(
            document,
            "cors_allowed_origins",
            Vec::new(),
            "a list of origins, such as [\"https://voicedrive.example.com\"]",
            |entry| {
                let origin = Url::parse(entry.as_str()?)
                    .ok()?
                    .origin()
                    .ascii_serialization();
                entry
                    .as_str()
                    .filter(|text| *text == origin)
                    .map(str::to_owned)
            },
        ),
        max_body_bytes: size(section.number(
            document,
            "max_body_bytes",
            1_048_576,
            &(1024..=67_108_864),
        )),
        public_url: section.parsed(
            document,
            "public_url",
            None,
            "an address without a path, such as \"https://relay.clinic.example\"",
            |text| match text {
                "" => Some(None),
                text => origin(text).map(Some),
            },
        ),
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
        "the path of a directory",
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
    let accepted = "a list of 1 to 10 whole numbers of seconds, each from 1 to 604800";
    let range = 1..=604_800;
    let line = section.line();
    let intervals = section.list(
        document,
        "intervals_seconds",
        [60, 300, 1800].map(Duration::from_secs).to_vec(),
        accepted,
        |entry: &DeValue<'_>| reader::whole(entry, &range).map(Duration::from_secs),
    );
    if !(1..=10).contains(&intervals.len()) {
        document.refuse_at(line, "retry.intervals_seconds", accepted);
    }
    section.finish(document);
    Retry { intervals }
}

fn size(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

fn read_secrets(environment: &Environment, mistakes: &mut Vec<Mistake>) -> Secrets {
    let mut read = |name: &str| routes::read_secret(environment, name, mistakes);
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
            let accepted = format!("at least {SHORTEST_JWT_SECRET} bytes long");
            mistakes.push(of_variable(name, Kind::Expected(accepted)));
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
            let accepted = format!(
                "at least {SHORTEST_API_TOKEN} characters long, without blanks, such as vd-production-api-key-..."
            );
            mistakes.push(of_variable(name, Kind::Expected(accepted)));
        }
    }
    secrets
}

#[cfg(test)]
mod tests;
