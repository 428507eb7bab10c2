//! The configuration: one TOML file, and secrets that never stand in it (contract, sections 2
//! and 3). Every mistake is reported, all of them together, each with file, line and key.

mod reader;
mod secrets;

use std::fmt;
use std::fs;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use chrono_tz::Tz;
use ipnet::IpNet;
use toml::de::DeValue;
use url::Url;

use reader::{Document, Section};
pub use secrets::{Environment, Secret, Secrets};

/// The variable that overrides `delivery.url`.
const URL_VARIABLE: &str = "VOICEDRIVE_WEBHOOK_URL";
/// The shortest key for JWTs, in bytes.
const SHORTEST_JWT_SECRET: usize = 32;
/// The shortest static token, in characters.
const SHORTEST_API_TOKEN: usize = 16;
const URL_ACCEPTED: &str =
    "a URL that begins with http:// or https://, without user, password and #";

/// The language in which people are spoken to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Language {
    /// Japanese.
    Ja,
    /// English.
    En,
}

/// The whole configuration; the defaults are the contract's.
#[derive(Clone, Debug)]
pub struct Config {
    /// For alerts, causes, explanations.
    pub language: Language,
    /// What "today" means, and the times that people are shown.
    pub timezone: Tz,
    /// The HTTP API.
    pub server: Server,
    /// The data directory.
    pub storage: Storage,
    /// How often VoiceDrive may ask.
    pub rate_limit: RateLimit,
    /// The default route.
    pub delivery: Delivery,
    /// When failed deliveries are tried again.
    pub retry: Retry,
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

/// `[delivery]`
#[derive(Clone, Debug)]
pub struct Delivery {
    /// Where webhooks go; none: nothing is sent.
    pub url: Option<Url>,
    /// How the receiver is addressed.
    pub profile: String,
    /// The name of the secret that signs.
    pub secret: String,
    /// The longest that a whole attempt may take: 1 to 300 seconds.
    pub timeout: Duration,
    /// Attempts at a time: 1 to 256.
    pub concurrency: usize,
}

/// `[retry]`
#[derive(Clone, Debug)]
pub struct Retry {
    /// The waits before each retry: 1 to 10 of them, each of one second to seven days.
    pub intervals: Vec<Duration>,
}

/// A profile that the program knows.
#[derive(Clone, Copy, Debug)]
pub struct KnownProfile<'a> {
    /// What the configuration calls it.
    pub name: &'a str,
    /// It needs a secret.
    pub signs: bool,
}

/// Configuration and secrets, without a mistake.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// The configuration.
    pub config: Config,
    /// The secrets that it names.
    pub secrets: Secrets,
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
                "is not set, and the route with a URL signs with it; set it in secrets.env or as a systemd credential",
            ),
        }
    }
}

impl Default for Config {
    fn default() -> Self {
        let (mut document, root) = Document::parse("");
        read_config(&mut document, root, &[])
    }
}

/// Reads configuration and secrets.
///
/// # Errors
/// Every mistake.
pub fn load(
    path: &Path,
    environment: &Environment,
    known_profiles: &[KnownProfile<'_>],
) -> Result<Loaded, Mistakes> {
    read(&read_file(path)?, path, environment, known_profiles)
}

/// Reads the configuration alone, for commands that only have to find the daemon: whoever types
/// them need not be allowed to read its secrets.
///
/// # Errors
/// Every mistake of the file.
pub fn load_without_secrets(
    path: &Path,
    known_profiles: &[KnownProfile<'_>],
) -> Result<Config, Mistakes> {
    let (config, mistakes) = parse(&read_file(path)?, path, known_profiles);
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
pub fn read(
    text: &str,
    path: &Path,
    environment: &Environment,
    known_profiles: &[KnownProfile<'_>],
) -> Result<Loaded, Mistakes> {
    let (mut config, mut mistakes) = parse(text, path, known_profiles);
    if let Some(text) = environment.var(URL_VARIABLE) {
        match webhook_url(text) {
            Some(url) => config.delivery.url = Some(url),
            None => mistakes.push(of_variable(
                URL_VARIABLE,
                Kind::Expected(URL_ACCEPTED.to_owned()),
            )),
        }
    }
    let secrets = read_secrets(&config, environment, known_profiles, &mut mistakes);
    if mistakes.is_empty() {
        Ok(Loaded { config, secrets })
    } else {
        Err(Mistakes(mistakes))
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

fn parse(text: &str, path: &Path, known_profiles: &[KnownProfile<'_>]) -> (Config, Vec<Mistake>) {
    let (mut document, root) = Document::parse(text);
    let config = read_config(&mut document, root, known_profiles);
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

fn read_config(
    document: &mut Document<'_>,
    mut root: Section<'_>,
    known_profiles: &[KnownProfile<'_>],
) -> Config {
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
        Tz::Asia__Tokyo,
        "the name of a time zone, such as \"Asia/Tokyo\"",
        |text| text.parse().ok(),
    );
    let config = Config {
        language,
        timezone,
        server: read_server(document, &mut root),
        storage: read_storage(document, &mut root),
        rate_limit: read_rate_limit(document, &mut root),
        delivery: read_delivery(document, &mut root, known_profiles),
        retry: read_retry(document, &mut root),
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
            |entry| {
                let text = entry.as_str()?;
                let one = |text: &str| text.parse::<IpAddr>().ok().map(IpNet::from);
                text.parse().ok().or_else(|| one(text))
            },
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
    };
    section.finish(document);
    server
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

fn read_delivery(
    document: &mut Document<'_>,
    root: &mut Section<'_>,
    known_profiles: &[KnownProfile<'_>],
) -> Delivery {
    let mut section = root.section(document, "delivery");
    let names: Vec<&str> = known_profiles.iter().map(|p| p.name).collect();
    let profiles = format!("one of {}", names.join(", "));
    let delivery = Delivery {
        url: section.parsed(document, "url", None, URL_ACCEPTED, |text| match text {
            "" => Some(None),
            text => webhook_url(text).map(Some),
        }),
        profile: section.parsed(
            document,
            "profile",
            "medical-system".to_owned(),
            &profiles,
            |text| names.contains(&text).then(|| text.to_owned()),
        ),
        secret: section.parsed(
            document,
            "secret",
            "VOICEDRIVE_WEBHOOK_SECRET".to_owned(),
            "the name of a secret: capital letters, digits and _ (never the secret itself)",
            |text| is_secret_name(text).then(|| text.to_owned()),
        ),
        timeout: Duration::from_secs(section.number(document, "timeout_seconds", 5, &(1..=300))),
        concurrency: size(section.number(document, "concurrency", 8, &(1..=256))),
    };
    section.finish(document);
    delivery
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

/// A URL that webhooks can be posted to. A password in it would be a secret in the configuration.
fn webhook_url(text: &str) -> Option<Url> {
    let url = Url::parse(text).ok()?;
    let fits = matches!(url.scheme(), "http" | "https")
        && url.has_host()
        && url.username().is_empty()
        && url.password().is_none()
        && url.fragment().is_none();
    fits.then_some(url)
}

fn is_secret_name(text: &str) -> bool {
    let starts = text.starts_with(|c: char| c.is_ascii_uppercase());
    starts
        && text
            .bytes()
            .all(|b| matches!(b, b'A'..=b'Z' | b'0'..=b'9' | b'_'))
}

fn size(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

fn read_secrets(
    config: &Config,
    environment: &Environment,
    known_profiles: &[KnownProfile<'_>],
    mistakes: &mut Vec<Mistake>,
) -> Secrets {
    let mut read = |name: &str| {
        environment.secret(name).unwrap_or_else(|mut found| {
            mistakes.append(&mut found.0);
            None
        })
    };
    let secrets = Secrets {
        webhook: read(&config.delivery.secret),
        api_token: read("VOICEDRIVE_API_TOKEN"),
        jwt: read("RELAY_JWT_SECRET"),
        jwt_previous: read("RELAY_JWT_SECRET_PREVIOUS"),
    };
    let profile = &config.delivery.profile;
    let signs = known_profiles.iter().any(|p| p.name == profile && p.signs);
    if signs && config.delivery.url.is_some() && secrets.webhook.is_none() {
        mistakes.push(of_variable(&config.delivery.secret, Kind::SecretMissing));
    }
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
    if let Some(token) = &secrets.api_token {
        let text = token.expose();
        let fits = text.len() >= SHORTEST_API_TOKEN && text.bytes().all(|b| b.is_ascii_graphic());
        if !fits {
            let accepted = format!(
                "at least {SHORTEST_API_TOKEN} characters long, without blanks, such as vd-production-api-key-..."
            );
            mistakes.push(of_variable(
                "VOICEDRIVE_API_TOKEN",
                Kind::Expected(accepted),
            ));
        }
    }
    secrets
}

#[cfg(test)]
mod tests;
