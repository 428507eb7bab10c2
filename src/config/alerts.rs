//! Who is told when a person is needed, and from where on: `[alerts]`, `[[alerts.channel]]` and
//! `[alerts.thresholds]` (contract, sections 3 and 10).

use std::time::Duration;

use lettre::message::Mailbox;
use url::Url;

use super::reader::{Document, Section, whole};
use super::secret_name::is_secret_name;
use super::secrets::read_secret;
use super::{ConfigError, Environment, Expected, Kind, Role, itself};
use crate::crypto;
use crate::delivery::proxy::Proxies;
use crate::incident::Thresholds;
use crate::secret::Secret;

/// In characters. A subject has to have room for what happened.
const LONGEST_NAME: usize = 60;

/// What stands in the part before the @ besides letters and digits (RFC 5321).
const ATOM: &str = ".!#$%&'*+-/=?^_`{|}~";

/// `[alerts]`
#[derive(Clone, Debug)]
pub struct AlertsConfig {
    /// The waits between two messages about an incident that lasts; the last one repeats.
    pub digests: Vec<Duration>,
    /// The name of the secret that holds the URL of the dead man's switch.
    pub heartbeat: Option<String>,
    /// The clinic's or this server's name, which stands in every subject; none: the host's name.
    pub name: Option<String>,
    /// The channels.
    pub channels: Vec<ChannelConfig>,
    /// The thresholds from which on conditions hold.
    pub thresholds: Thresholds,
}

/// One `[[alerts.channel]]`, as the file describes it.
#[derive(Clone, Debug)]
pub enum ChannelConfig {
    /// E-mail by SMTP.
    Email {
        /// Everything but the password.
        email: Email,
        /// The name of the secret that holds the password.
        password: Option<String>,
    },
    /// An incoming webhook in Slack's format; the name of the secret that holds its URL.
    Slack(String),
    /// A workflow of Teams that takes a card; the name of the secret that holds its URL.
    Teams(String),
    /// A webhook that takes JSON; the name of the secret that holds its URL.
    Webhook(String),
}

/// A mail server, and whom it tells.
#[derive(Clone, Debug, PartialEq)]
pub struct Email {
    /// The sender.
    pub from: Mailbox,
    /// The recipients, at least one.
    pub to: Vec<Mailbox>,
    /// The mail server.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How the connection is protected.
    pub encryption: Encryption,
    /// Who logs in; empty: nobody does.
    pub username: String,
}

/// How the connection to a mail server is protected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encryption {
    /// Not at all: only for a server on this machine.
    None,
    /// By TLS that begins inside the connection, and never without it.
    StartTls,
    /// By TLS from the beginning.
    Tls,
}

/// A channel with its secrets.
#[derive(Clone, Debug, PartialEq)]
pub struct Channel {
    /// Its name in messages for people, such as `email 1`.
    pub name: String,
    /// The clinic's or server's name in every subject.
    pub place: String,
    /// Where and how it is told.
    pub way: Way,
}

/// Where something is posted to, or called.
#[derive(Clone, Debug, PartialEq)]
pub struct Hook {
    /// The URL, which is a secret.
    pub url: Secret,
    /// The proxies that it is reached through.
    pub proxies: Proxies,
}

/// How a channel tells.
#[derive(Clone, Debug, PartialEq)]
pub enum Way {
    /// By e-mail.
    Email {
        /// The server and the recipients.
        email: Email,
        /// Of `email.username`.
        password: Option<Secret>,
    },
    /// By a POST in Slack's format.
    Slack(Hook),
    /// By a POST of a card for Teams.
    Teams(Hook),
    /// By a POST of the contract's JSON.
    Webhook(Hook),
}

impl Channel {
    /// The same for the same way to the same receivers, wherever in the configuration it stands: the kind, a space, and
    /// a digest from which nobody can read where it leads.
    #[must_use]
    pub fn key(&self) -> String {
        let (kind, target) = match &self.way {
            Way::Email { email, .. } => ("email", email.target()),
            Way::Slack(hook) => ("slack", hook.url.expose().to_owned()),
            Way::Teams(hook) => ("teams", hook.url.expose().to_owned()),
            Way::Webhook(hook) => ("webhook", hook.url.expose().to_owned()),
        };
        let digest = crypto::sha256(&[target.as_bytes()]);
        format!("{kind} {}", crypto::hex(&digest[..8]))
    }
}

impl Email {
    /// Where it is taken, and to whom.
    fn target(&self) -> String {
        let mut to: Vec<String> = self.to.iter().map(ToString::to_string).collect();
        to.sort();
        format!("{}:{} {}", self.host, self.port, to.join(", "))
    }
}

/// Channels and heartbeat, with their secrets.
#[derive(Clone, Debug, Default)]
pub struct AlertsOut {
    /// The channels.
    pub channels: Vec<Channel>,
    /// The dead man's switch.
    pub heartbeat: Option<Hook>,
}

pub(super) fn read(document: &mut Document<'_>, root: &mut Section<'_>) -> AlertsConfig {
    let mut section = root.section(document, "alerts");
    let line = section.line();
    let digests = section.list(
        document,
        "digest_minutes",
        [15, 60, 240].map(Duration::from_mins).to_vec(),
        Expected::Digests,
        |entry| whole(entry, &(1..=10_080)).map(Duration::from_mins),
    );
    if !(1..=10).contains(&digests.len()) {
        document.refuse_at(line, "alerts.digest_minutes", Expected::Digests);
    }
    let heartbeat = read_name(document, &mut section, "heartbeat_url");
    let name = section.parsed(document, "name", None, Expected::PlaceName, name);
    let channels = section.tables(document, "channel");
    let channels = channels
        .into_iter()
        .filter_map(|channel| read_channel(document, channel))
        .collect();
    let thresholds = read_thresholds(document, &mut section);
    section.finish(document);
    AlertsConfig {
        digests,
        heartbeat,
        name,
        channels,
        thresholds,
    }
}

/// What stands in a subject; none when it is empty.
#[allow(
    clippy::option_option,
    reason = "a name that is left out is not one that is refused"
)]
fn name(text: &str) -> Option<Option<String>> {
    let fits = text.chars().count() <= LONGEST_NAME && !text.chars().any(char::is_control);
    let name = text.trim();
    fits.then(|| (!name.is_empty()).then(|| name.to_owned()))
}

/// The name of a secret; none when it is empty or not there.
fn read_name(
    document: &mut Document<'_>,
    section: &mut Section<'_>,
    key: &'static str,
) -> Option<String> {
    section.parsed(
        document,
        key,
        None,
        Expected::SecretName,
        |text| match text {
            "" => Some(None),
            text => is_secret_name(text).then(|| Some(text.to_owned())),
        },
    )
}

fn read_channel(document: &mut Document<'_>, mut section: Section<'_>) -> Option<ChannelConfig> {
    const KINDS: &[&str] = &["email", "slack", "teams", "webhook"];
    if !section.has("kind") {
        section.missing(document, "kind", Expected::OneOf(KINDS));
    }
    let kind = section.parsed(
        document,
        "kind",
        String::new(),
        Expected::OneOf(KINDS),
        |text| KINDS.contains(&text).then(|| text.to_owned()),
    );
    let channel = match kind.as_str() {
        "email" => read_email(document, &mut section),
        "slack" | "teams" | "webhook" => {
            if !section.has("url") {
                section.missing(document, "url", Expected::SecretName);
            }
            let url = read_name(document, &mut section, "url");
            url.map(|url| match kind.as_str() {
                "slack" => ChannelConfig::Slack(url),
                "teams" => ChannelConfig::Teams(url),
                _ => ChannelConfig::Webhook(url),
            })
        }
        // Told already; what else stands there cannot be judged.
        _ => return None,
    };
    section.finish(document);
    channel
}

fn read_email(document: &mut Document<'_>, section: &mut Section<'_>) -> Option<ChannelConfig> {
    for (key, expected) in [
        ("from", Expected::MailAddress),
        ("to", Expected::MailAddresses),
    ] {
        if !section.has(key) {
            section.missing(document, key, expected);
        }
    }
    let line = section.line();
    let from = section.parsed(document, "from", None, Expected::MailAddress, |text| {
        text.parse().ok().map(Some)
    });
    let had_to = section.has("to");
    let to = section.list(
        document,
        "to",
        Vec::new(),
        Expected::MailAddresses,
        |entry| mailbox(entry.as_str()?),
    );
    if had_to && to.is_empty() {
        document.refuse_at(line, "alerts.channel.to", Expected::MailAddresses);
    }
    let host = section.parsed(
        document,
        "host",
        "127.0.0.1".to_owned(),
        Expected::MailServer,
        |text| (!text.is_empty() && !text.contains(char::is_whitespace)).then(|| text.to_owned()),
    );
    let port = section.number(document, "port", 25, &(1..=65_535));
    let encryption = section.parsed(
        document,
        "encryption",
        Encryption::None,
        Expected::OneOf(&["none", "starttls", "tls"]),
        |text| match text {
            "none" => Some(Encryption::None),
            "starttls" => Some(Encryption::StartTls),
            "tls" => Some(Encryption::Tls),
            _ => None,
        },
    );
    let username = section.parsed(
        document,
        "username",
        String::new(),
        Expected::Text,
        |text| Some(text.to_owned()),
    );
    let password = read_name(document, section, "password");
    if password.is_some() && encryption == Encryption::None {
        let expected = Expected::EncryptionForPassword;
        document.refuse_at(line, "alerts.channel.encryption", expected);
    }
    if password.is_some() == username.is_empty() {
        document.refuse_at(line, "alerts.channel.username", Expected::BothOfLogin);
    }
    Some(ChannelConfig::Email {
        email: Email {
            from: from?,
            to,
            host,
            port: u16::try_from(port).unwrap_or(25),
            encryption,
            username,
        },
        password,
    })
}

/// An e-mail address, perhaps with a name. Addresses of Japanese telephones may have two dots, or a dot
/// before the @, which RFC 5321 wants in quotes: such a part is quoted here.
fn mailbox(text: &str) -> Option<Mailbox> {
    if let Ok(mailbox) = text.parse() {
        return Some(mailbox);
    }
    let (name, address) = match text.trim().strip_suffix('>') {
        Some(rest) => rest.rsplit_once('<')?,
        None => ("", text.trim()),
    };
    let (user, domain) = address.rsplit_once('@')?;
    let is_telephone = !user.is_empty()
        && user
            .chars()
            .all(|c| ATOM.contains(c) || c.is_ascii_alphanumeric());
    let address = is_telephone.then(|| format!("\"{user}\"@{domain}"))?;
    let name = name.trim().trim_matches('"');
    let name = (!name.is_empty()).then(|| name.to_owned());
    Some(Mailbox::new(name, address.parse().ok()?))
}

fn read_thresholds(document: &mut Document<'_>, alerts: &mut Section<'_>) -> Thresholds {
    let mut section = alerts.section(document, "thresholds");
    let defaults = Thresholds::default();
    let many = 1..=1_000_000;
    let percent = 0..=100;
    let mut number = |key, default, range| section.number(document, key, default, range);
    let mut thresholds = Thresholds {
        exhausted: number("exhausted", defaults.exhausted, &many),
        refused: number("refused", defaults.refused, &many),
        away_minutes: number("away_minutes", defaults.away_minutes, &(1..=10_080)),
        success_percent: number("success_percent", defaults.success_percent, &percent),
        success_min_sends: number("success_min_sends", defaults.success_min_sends, &many),
        queue: number("queue", defaults.queue, &many),
        overdue_minutes: number("overdue_minutes", defaults.overdue_minutes, &many),
        failed_logins_per_hour: number(
            "failed_logins_per_hour",
            defaults.failed_logins_per_hour,
            &many,
        ),
        statistics_p95_ms: number("statistics_p95_ms", defaults.statistics_p95_ms, &many),
        statistics_error_percent: number(
            "statistics_error_percent",
            defaults.statistics_error_percent,
            &percent,
        ),
        backup_age_hours: number("backup_age_hours", defaults.backup_age_hours, &many),
        disk_free_percent: number("disk_free_percent", defaults.disk_free_percent, &percent),
        disk_free_mib: number("disk_free_mib", defaults.disk_free_mib, &(0..=1_000_000)),
        database_mib: number("database_mib", defaults.database_mib, &many),
        clock_seconds: number("clock_seconds", defaults.clock_seconds, &many),
        certificate_days: defaults.certificate_days,
        token_days: defaults.token_days,
    };
    thresholds.certificate_days = section.list(
        document,
        "certificate_days",
        thresholds.certificate_days,
        Expected::Days,
        |entry| whole(entry, &(1..=365)),
    );
    thresholds.token_days = section.list(
        document,
        "token_days",
        thresholds.token_days,
        Expected::Days,
        |entry| whole(entry, &(1..=365)),
    );
    section.finish(document);
    thresholds
}

impl AlertsConfig {
    /// The names of the secrets that channels and heartbeat need.
    pub(super) fn secret_names(&self) -> impl Iterator<Item = (&str, Role)> {
        let of_channels = self.channels.iter().filter_map(|channel| match channel {
            ChannelConfig::Email { password, .. } => Some((password.as_deref()?, Role::Password)),
            ChannelConfig::Slack(name)
            | ChannelConfig::Teams(name)
            | ChannelConfig::Webhook(name) => Some((name.as_str(), Role::Url)),
        });
        let heartbeat = self.heartbeat.as_deref().map(|name| (name, Role::Url));
        of_channels.chain(heartbeat)
    }

    /// The channels with their secrets; one that is missing or no URL is a mistake.
    pub(super) fn with_secrets(
        &self,
        proxies: &Proxies,
        environment: &Environment,
        errors: &mut Vec<ConfigError>,
    ) -> AlertsOut {
        let hook = |name: &str, errors: &mut Vec<ConfigError>| {
            let url = read_url(environment, name, errors)?;
            let proxies = proxies.clone();
            Some(Hook { url, proxies })
        };
        let place = self.name.clone().unwrap_or_else(itself::host_name);
        let mut channels = Vec::new();
        for (number, channel) in self.channels.iter().enumerate() {
            let (kind, way) = match channel {
                ChannelConfig::Email { email, password } => {
                    let found = match password {
                        Some(name) => match read_needed(environment, name, errors) {
                            None => continue,
                            found => found,
                        },
                        None => None,
                    };
                    let email = email.clone();
                    let password = found;
                    ("email", Some(Way::Email { email, password }))
                }
                ChannelConfig::Slack(name) => ("slack", hook(name, errors).map(Way::Slack)),
                ChannelConfig::Teams(name) => ("teams", hook(name, errors).map(Way::Teams)),
                ChannelConfig::Webhook(name) => ("webhook", hook(name, errors).map(Way::Webhook)),
            };
            let channel = way.map(|way| Channel {
                name: format!("{kind} {}", number + 1),
                place: place.clone(),
                way,
            });
            // The same channel configured twice is told once.
            let known = |new: &Channel| channels.iter().any(|c: &Channel| c.key() == new.key());
            channels.extend(channel.filter(|new| !known(new)));
        }
        let heartbeat = self.heartbeat.as_ref();
        AlertsOut {
            channels,
            heartbeat: heartbeat.and_then(|name| hook(name, errors)),
        }
    }
}

fn read_needed(
    environment: &Environment,
    name: &str,
    errors: &mut Vec<ConfigError>,
) -> Option<Secret> {
    let secret = read_secret(environment, name, errors);
    if secret.is_none() {
        errors.extend(environment.missing(name));
    }
    secret
}

/// A secret that has to be a URL. When it is none, its value is not shown.
fn read_url(
    environment: &Environment,
    name: &str,
    errors: &mut Vec<ConfigError>,
) -> Option<Secret> {
    let secret = read_needed(environment, name, errors)?;
    let parsed = Url::parse(secret.expose());
    if parsed == Err(url::ParseError::InvalidPort) {
        errors.push(environment.error(name, Kind::Expected(Expected::UrlPort)));
        return None;
    }
    let is_url = parsed.is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
    if !is_url {
        errors.push(environment.error(name, Kind::NoUrl));
    }
    is_url.then_some(secret)
}
