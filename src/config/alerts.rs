//! Who is told when a person is needed, and from where on: `[alerts]`, `[[alerts.channel]]` and
//! `[alerts.thresholds]` (contract, sections 3 and 10).

mod channel;
mod channel_config;
mod thresholds;

use std::time::Duration;

use url::Url;

use super::reader::{Document, Section, whole};
use super::secret_name::is_secret_name;
use super::secrets::read_secret;
use super::spoiled_url::is_spoiled_by_blank;
use super::{ConfigError, Environment, Expected, Kind, Role, own_address};
use crate::delivery::proxy::Proxies;
use crate::incident::Thresholds;
use crate::secret::Secret;
pub use channel::{Channel, Hook, Way};
use channel_config::ChannelConfig;
pub use channel_config::{Email, Encryption};

/// In characters. A subject has to have room for what happened.
const LONGEST_NAME: usize = 60;

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

/// Channels and heartbeat, with their secrets.
#[derive(Clone, Debug, Default)]
pub struct ResolvedAlerts {
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
    let heartbeat = read_secret_name(document, &mut section, "heartbeat_url");
    let name = section.parsed(document, "name", None, Expected::PlaceName, name);
    let channels = section.tables(document, "channel");
    let channels = channels
        .into_iter()
        .filter_map(|channel| channel_config::read(document, channel))
        .collect();
    let thresholds = thresholds::read(document, &mut section);
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

    /// What people know this relay by: the clinic's or server's name.
    #[must_use]
    pub fn place(&self) -> String {
        self.name.clone().unwrap_or_else(own_address::host_name)
    }

    /// The channels with their secrets; one that is missing or no URL is a mistake.
    pub(super) fn with_secrets(
        &self,
        proxies: &Proxies,
        environment: &Environment,
        errors: &mut Vec<ConfigError>,
    ) -> ResolvedAlerts {
        let hook = |name: &str, errors: &mut Vec<ConfigError>| {
            let url = read_url(environment, name, errors)?;
            let proxies = proxies.clone();
            Some(Hook { url, proxies })
        };
        let place = self.place();
        let mut channels = Vec::new();
        for (number, channel) in self.channels.iter().enumerate() {
            let way = match channel {
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
                    Some(Way::Email { email, password })
                }
                ChannelConfig::Slack(name) => hook(name, errors).map(Way::Slack),
                ChannelConfig::Teams(name) => hook(name, errors).map(Way::Teams),
                ChannelConfig::Webhook(name) => hook(name, errors).map(Way::Webhook),
            };
            let channel = way.map(|way| Channel {
                name: format!("{} {}", way.kind(), number + 1),
                place: place.clone(),
                way,
            });
            // The same channel configured twice is told once.
            let known = |new: &Channel| channels.iter().any(|c: &Channel| c.key() == new.key());
            channels.extend(channel.filter(|new| !known(new)));
        }
        let heartbeat = self.heartbeat.as_ref();
        ResolvedAlerts {
            channels,
            heartbeat: heartbeat.and_then(|name| hook(name, errors)),
        }
    }
}

/// The name of a secret; none when it is empty or not there.
fn read_secret_name(
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
    if is_spoiled_by_blank(secret.expose()) {
        errors.push(environment.error(name, Kind::Expected(Expected::UrlWithoutBlank)));
        return None;
    }
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
