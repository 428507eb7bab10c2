//! What changes in the sections of the configuration, one by one.

use std::collections::BTreeMap;

use ipnet::IpNet;

use super::Changes;
use crate::config::{
    AlertsConfig, IngestConfig, Loaded, Monitor, RateLimit, Recovery, Retry, SecretEntry, Server,
    Storage,
};
use crate::known_events::KnownEvents;

pub(super) fn server(old: &Server, new: &Server, changes: &mut Changes) {
    let Server {
        listen,
        tls,
        trusted_proxies,
        cors_allowed_origins,
        max_body_bytes,
        known_events,
        public_url,
    } = new;
    changes.shown_value("server.listen", &old.listen, listen);
    // Who calls by https is not answered any more.
    changes.needed("server.tls", old.tls.as_ref(), tls.as_ref());
    changes.value(
        "server.trusted_proxies",
        &old.trusted_proxies,
        trusted_proxies,
    );
    origins(&old.cors_allowed_origins, cors_allowed_origins, changes);
    changes.value("server.max_body_bytes", &old.max_body_bytes, max_body_bytes);
    known(&old.known_events, known_events, changes);
    // Senders that come in by `open_from` may use its host.
    changes.needed(
        "server.public_url",
        old.public_url.as_ref(),
        public_url.as_ref(),
    );
}

/// An event of a name that is gone is refused from then on. The first list of all says what is meant.
fn known(old: &KnownEvents, new: &KnownEvents, changes: &mut Changes) {
    changes.value("server.known_events", old, new);
    let gone = old.patterns().iter().filter(|name| !new.has_all_of(name));
    for name in gone {
        changes.lose(format!("server.known_events: {name}"));
    }
}

/// A page of an origin that is gone cannot call any more.
fn origins(old: &[String], new: &[String], changes: &mut Changes) {
    changes.value("server.cors_allowed_origins", &old, &new);
    for origin in old.iter().filter(|origin| !new.contains(origin)) {
        changes.lose(format!("server.cors_allowed_origins: {origin}"));
    }
}

pub(super) fn storage(old: &Storage, new: &Storage, changes: &mut Changes) {
    let Storage {
        directory,
        retention_days,
        backup_interval,
    } = new;
    let [was, is] = [&old.directory, directory].map(|path| path.display().to_string());
    changes.shown_value("storage.directory", &was, &is);
    changes.value(
        "storage.retention_days",
        &old.retention_days,
        retention_days,
    );
    changes.value(
        "storage.backup_interval_seconds",
        &old.backup_interval,
        backup_interval,
    );
}

pub(super) fn monitor(old: &Monitor, new: &Monitor, changes: &mut Changes) {
    let Monitor {
        allow_http,
        contact,
    } = new;
    changes.value("monitor.allow_http", &old.allow_http, allow_http);
    changes.optional("monitor.contact", old.contact.as_ref(), contact.as_ref());
}

pub(super) fn rate_limit(old: &RateLimit, new: &RateLimit, changes: &mut Changes) {
    let RateLimit {
        requests_per_minute,
    } = new;
    changes.value(
        "rate_limit.requests_per_minute",
        &old.requests_per_minute,
        requests_per_minute,
    );
}

pub(super) fn retry(old: &Retry, new: &Retry, changes: &mut Changes) {
    let Retry { intervals } = new;
    changes.value("retry.intervals_seconds", &old.intervals, intervals);
}

pub(super) fn recovery(old: &Recovery, new: &Recovery, changes: &mut Changes) {
    let Recovery { automatic } = new;
    changes.value("recovery.automatic", &old.automatic, automatic);
}

pub(super) fn alerts(old: &AlertsConfig, new: &AlertsConfig, changes: &mut Changes) {
    let AlertsConfig {
        digests,
        heartbeat,
        name,
        channels: _, // compared with their secrets
        thresholds,
    } = new;
    changes.value("alerts.digest_minutes", &old.digests, digests);
    changes.needed(
        "alerts.heartbeat_url",
        old.heartbeat.as_ref(),
        heartbeat.as_ref(),
    );
    changes.optional("alerts.name", old.name.as_ref(), name.as_ref());
    changes.value("alerts.thresholds", &old.thresholds, thresholds);
}

pub(super) fn ingest(old: &Loaded, new: &Loaded, changes: &mut Changes) {
    let (Some(before), Some(now)) = (&old.config.ingest, &new.config.ingest) else {
        let [was, is] = [old, new].map(|loaded| loaded.config.ingest.as_ref().map(|_| &()));
        return changes.needed("[ingest]", was, is);
    };
    let IngestConfig {
        path,
        secrets,
        bearers,
        open_from,
        repeat,
        names,
        line: _, // where it stands
    } = now;
    changes.shown_value("ingest.path", &before.path, path);
    let (was, is) = (&old.set, &new.set);
    admitted(
        "ingest.secrets",
        (&before.secrets, was),
        (secrets, is),
        changes,
    );
    admitted(
        "ingest.bearers",
        (&before.bearers, was),
        (bearers, is),
        changes,
    );
    open(&before.open_from, open_from, changes);
    changes.value("ingest.repeat_hours", &before.repeat, repeat);
    changes.value("[[ingest.name]]", &before.names, names);
}

/// Names of secrets, with what they hold.
type Held<'a> = (&'a [String], &'a BTreeMap<String, SecretEntry>);

/// The secrets by which senders come in. One that has another name now is still there.
fn admitted(key: &str, old: Held<'_>, new: Held<'_>, changes: &mut Changes) {
    let value = |set: &BTreeMap<String, SecretEntry>, name: &String| {
        set.get(name).map(|n| n.secret.clone())
    };
    let goes_on = |name: &&String| {
        let secret = value(old.1, name);
        new.0.contains(name) || new.0.iter().any(|other| value(new.1, other) == secret)
    };
    let named = |name: &String| format!("{key}: {name}");
    let gone: Vec<_> = old.0.iter().filter(|name| !goes_on(name)).collect();
    let added: Vec<_> = new.0.iter().filter(|name| !old.0.contains(name)).collect();
    changes.new.extend(added.into_iter().map(named));
    gone.into_iter()
        .map(named)
        .for_each(|name| changes.lose(name));
}

/// The ranges whose senders come in without a proof.
fn open(old: &[IpNet], new: &[IpNet], changes: &mut Changes) {
    changes.value("ingest.open_from", &old, &new);
    let is_closed = |net: &&IpNet| !new.iter().any(|other| other.contains(*net));
    for net in old.iter().filter(is_closed) {
        changes.lose(format!("ingest.open_from: {net}"));
    }
}
