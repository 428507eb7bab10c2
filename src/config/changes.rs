//! What a reload would change: one comparison of the old and the new settings, from which come both what is told and
//! what a person has to mean. Each struct is taken apart without `..`, so that no new setting is forgotten here.

mod routes;
mod sections;

use std::collections::BTreeMap;
use std::fmt::Display;

use serde::Serialize;

use super::known_secrets::names;
use super::{
    Channel, Config, Loaded, Location, ResolvedAlerts, SecretEntry, Tls, URL_VARIABLE, Way,
};

/// What was, and what is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Values {
    /// Before.
    pub old: String,
    /// From now on.
    pub new: String,
}

/// What differs, by the names of keys and secrets. A value is told only of what can hold no secret.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// Set now, and not before.
    pub new: Vec<String>,
    /// Another value.
    pub changed: Vec<String>,
    /// Of what changed: the values where a person wants to see them, by name.
    pub values: BTreeMap<String, Values>,
    /// Not set any more.
    pub gone: Vec<String>,
    /// Those that are gone and without which events are not sent or not handed in any more, or nobody is told. A person
    /// has to mean that.
    pub lost: Vec<String>,
    /// Routes that were private and are not any more.
    pub shown: Vec<String>,
}

impl Changes {
    /// A setting that always has a value.
    fn value<T: PartialEq>(&mut self, name: &str, old: &T, new: &T) {
        if old != new {
            self.changed.push(name.to_owned());
        }
    }

    /// The same, and its values are told.
    fn shown_value<T: PartialEq + Display>(&mut self, name: &str, old: &T, new: &T) {
        self.value(name, old, new);
        if old != new {
            let (old, new) = (old.to_string(), new.to_string());
            self.values.insert(name.to_owned(), Values { old, new });
        }
    }

    /// A setting that may be absent, and then stops nothing.
    fn optional<T: PartialEq>(&mut self, name: &str, old: Option<&T>, new: Option<&T>) {
        match (old, new) {
            (None, Some(_)) => self.new.push(name.to_owned()),
            (Some(_), None) => self.gone.push(name.to_owned()),
            (old, new) => self.value(name, &old, &new),
        }
    }

    /// A setting whose absence stops something.
    fn needed<T: PartialEq>(&mut self, name: &str, old: Option<&T>, new: Option<&T>) {
        self.optional(name, old, new);
        if old.is_some() && new.is_none() {
            self.lost.push(name.to_owned());
        }
    }

    /// Every name once: what is new with a plus, what is gone with a minus.
    #[must_use]
    pub fn marked(&self) -> Vec<String> {
        let new = self.new.iter().map(|name| format!("+{name}"));
        let gone = self.gone.iter().map(|name| format!("-{name}"));
        new.chain(self.changed.iter().cloned())
            .chain(gone)
            .collect()
    }

    fn lose(&mut self, name: String) {
        self.gone.push(name.clone());
        self.lost.push(name);
    }
}

impl Loaded {
    /// What changes when this takes the place of `old`.
    #[must_use]
    pub fn changes_since(&self, old: &Self) -> Changes {
        let mut changes = Changes::default();
        // The secrets of callers, routes and senders are compared by their names, in `set`.
        let Self {
            config,
            secrets: _,
            out: _,
            proxies,
            alerts,
            ingest: _,
            pair: _, // compared by its files, in `sections::server`; what they hold is watched while the relay runs
            set: _,
            has_file,
            notes: _,
            commands: _,
        } = self;
        self.compare_secrets(old, &mut changes);
        let is_of_file = |named: &SecretEntry| matches!(named.place, Location::File { .. });
        if !has_file && old.set.values().any(is_of_file) {
            // Variables of the environment may have the same names, and older values.
            changes.lose("secrets.env".to_owned());
        }
        let Config {
            language,
            timezone,
            server,
            storage,
            rate_limit,
            allow_http,
            delivery: _, // compared with their proxies
            routes: _,
            retry,
            recovery,
            alerts: alert_config,
            ingest: _, // compared with its secrets
            monitor,
        } = config;
        let before = &old.config;
        changes.value("language", &before.language, language);
        changes.value("timezone", &before.timezone, timezone);
        sections::server(&before.server, server, &mut changes);
        sections::storage(&before.storage, storage, &mut changes);
        sections::rate_limit(&before.rate_limit, rate_limit, &mut changes);
        changes.value("delivery.allow_http", &before.allow_http, allow_http);
        routes::proxies("delivery", &old.proxies, proxies, &mut changes);
        routes::compare(old, self, &mut changes);
        sections::retry(&before.retry, retry, &mut changes);
        sections::recovery(&before.recovery, recovery, &mut changes);
        sections::alerts(&before.alerts, alert_config, &mut changes);
        compare_channels(&old.alerts, alerts, &mut changes);
        sections::ingest(old, self, &mut changes);
        sections::monitor(&before.monitor, monitor, &mut changes);
        changes
    }

    /// This configuration in the place of `old` while a relay runs: what only a new start changes is still that of `old`,
    /// and the next comparison begins with it.
    #[must_use]
    pub fn in_place_of(mut self, old: &Self) -> Self {
        let (config, before) = (&mut self.config, &old.config);
        config.server.listen = before.server.listen;
        // What is gone was told, and is not asked for again.
        config.server.tls = match (config.server.tls.take(), &before.server.tls) {
            (Some(tls), Some(before)) => Some(Tls {
                listen: before.listen,
                ..tls
            }),
            _ => None,
        };
        config
            .storage
            .directory
            .clone_from(&before.storage.directory);
        self
    }

    /// The secrets that both configurations name. One that only one of them names comes or goes with the key that
    /// names it.
    fn compare_secrets(&self, old: &Self, changes: &mut Changes) {
        let (before, after) = (names(&old.config), names(&self.config));
        for name in after.keys().filter(|name| before.contains_key(*name)) {
            let value = |loaded: &Self| loaded.set.get(name).map(|named| named.secret.clone());
            let (was, is) = (value(old), value(self));
            let stops_nothing = is_for_fewer_callers(name)
                // The same URL may have moved into the configuration. An older one would show from under it.
                || (name == URL_VARIABLE && old.config.delivery.url == self.config.delivery.url);
            if stops_nothing {
                changes.optional(name, was.as_ref(), is.as_ref());
            } else {
                changes.needed(name, was.as_ref(), is.as_ref());
            }
        }
    }
}

/// Without it fewer can enter, and nothing stops being sent.
fn is_for_fewer_callers(name: &str) -> bool {
    name == "VOICEDRIVE_API_TOKEN" || name.ends_with("_PREVIOUS")
}

/// One that is gone is replaced by a new one of its kind, as its notifications are; otherwise it is lost.
fn compare_channels(old: &ResolvedAlerts, new: &ResolvedAlerts, changes: &mut Changes) {
    // The heartbeat is compared by its key.
    let ResolvedAlerts {
        channels: after,
        heartbeat: _,
    } = new;
    let before = &old.channels;
    let named = |channel: &Channel| format!("[[alerts.channel]] {}", channel.name);
    let has = |channels: &[Channel], key: &str| channels.iter().any(|other| other.key() == key);
    let mut added: Vec<_> = after
        .iter()
        .filter(|channel| !has(before, &channel.key()))
        .collect();
    for channel in before {
        if let Some(now) = after.iter().find(|other| other.key() == channel.key()) {
            compare_login(&named(channel), &channel.way, &now.way, changes);
        } else if let Some(position) = added
            .iter()
            .position(|new| new.way.kind() == channel.way.kind())
        {
            let now = added.remove(position);
            changes.changed.push(named(now));
            compare_login(&named(channel), &channel.way, &now.way, changes);
        } else {
            changes.lose(named(channel));
        }
    }
    changes.new.extend(added.into_iter().map(named));
}

/// Without its password nobody can log in to the mail server.
fn compare_login(name: &str, old: &Way, new: &Way, changes: &mut Changes) {
    let (
        Way::Email {
            email: before,
            password: was,
        },
        Way::Email { email, password },
    ) = (old, new)
    else {
        // All that a hook has is its URL, of which its key is made, and the proxies of `[delivery]`.
        return;
    };
    let is_told = changes.changed.iter().any(|told| told == name);
    if before != email && !is_told {
        changes.changed.push(name.to_owned());
    }
    if was.is_some() && password.is_none() {
        changes.lose(format!("{name}: password"));
    }
}

#[cfg(test)]
mod tests;
