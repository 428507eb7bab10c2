//! The text of `/metrics`: each metric with its name, its help and its unit.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::atomic::AtomicU64;

use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::{ConstGauge, Gauge};
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::{Registry, Unit};

use super::Api;
use crate::config::Channel;
use crate::incident::Kind;
use crate::meters::seconds;
use crate::overview::Overview;
use crate::route::DEFAULT;
use crate::timestamp::Timestamp;

const PREFIX: &str = "voicedrive_relay";

/// A gauge with one label.
type ByLabel = Family<[(&'static str, String); 1], Gauge<f64, AtomicU64>>;

/// The whole text. Without an overview, what is known without the database.
///
/// # Errors
/// None that happens: a text takes whatever is written into it.
pub(super) fn of(api: &Api, overview: Option<&Overview>) -> Result<String, fmt::Error> {
    let mut registry = Registry::with_prefix(PREFIX);
    let mut page = Page(&mut registry);
    of_daemon(api, &mut page);
    of_receivers(api, &mut page);
    page.flag(
        "database_trouble",
        "1: the database cannot be used",
        overview.is_none() || api.store.file().trouble().is_some(),
    );
    if let Some(overview) = overview {
        of_events(api, overview, &mut page);
        of_routes(api, overview, &mut page);
        of_alerts(api, overview, &mut page);
    }
    api.observations.meters().register(&mut registry);
    let mut text = String::new();
    encode(&mut text, &registry)?;
    Ok(text)
}

/// What belongs to no route.
fn of_daemon(api: &Api, page: &mut Page<'_>) {
    let version = Info::new([("version", env!("CARGO_PKG_VERSION"))]);
    page.0.register("build", "The version that runs", version);
    page.moment("start_timestamp", "When it started", api.started_at);
    let now = api.clock.monotonic();
    page.flag(
        "delivery_stalled",
        "1: sending hangs, and the relay has to be started anew",
        api.health.stalls(now),
    );
    let backup = api.backup.last();
    if let Some(at) = backup.at {
        page.moment(
            "backup_timestamp",
            "The moment that the backup file shows",
            at,
        );
    }
    page.flag(
        "backup_failed",
        "1: the last backup file could not be made, or was not good",
        backup.error.is_some(),
    );
    let file = api.store.file();
    if let Some((free, total)) = file.disk_bytes() {
        page.bytes("disk_free", "Free on the disk of the data directory", free);
        page.bytes(
            "disk_total",
            "The size of the disk of the data directory",
            total,
        );
    }
    page.flag(
        "disk_full",
        "1: nothing new is accepted, because the disk is full",
        file.disk_full(),
    );
    if let Some((_, pair)) = &api.listeners.secured {
        page.moment(
            "own_certificate_expiry_timestamp",
            "When the certificate of the relay itself ends",
            pair.about().ends,
        );
    }
}

/// What receivers showed.
fn of_receivers(api: &Api, page: &mut Page<'_>) {
    let (ends, ahead) = (ByLabel::default(), ByLabel::default());
    for (route, seen) in api.observations.receivers() {
        if let Some(at) = seen.certificate_ends {
            set(&ends, "route", &route, seconds(at.unix_ms()));
        }
        if let Some(clock) = seen.clock_ahead {
            set(&ahead, "route", &route, seconds(clock.saturating_mul(1000)));
        }
    }
    page.family(
        "certificate_expiry_timestamp",
        "When the certificate of the receiver ends",
        Some(Unit::Seconds),
        ends,
    );
    page.family(
        "clock_ahead",
        "How far the clock of the receiver is ahead of the clock of this server",
        Some(Unit::Seconds),
        ahead,
    );
}

fn of_events(api: &Api, seen: &Overview, page: &mut Page<'_>) {
    let events = ByLabel::default();
    for (state, count) in [
        ("accepted", seen.events.accepted),
        ("retrying", seen.events.retrying),
        ("delivered", seen.events.delivered),
        ("exhausted", seen.events.exhausted),
        ("dismissed", seen.events.dismissed),
    ] {
        set(&events, "state", state, whole(count));
    }
    page.family(
        "events",
        "Events that are kept, by what has become of them",
        None,
        events,
    );
    let queue = ByLabel::default();
    for (status, count) in [
        ("pending", seen.queue.pending),
        ("processing", seen.queue.processing),
        ("completed", seen.queue.completed),
        ("failed", seen.queue.failed),
    ] {
        set(&queue, "status", status, whole(count));
    }
    page.family(
        "retry_queue",
        "Deliveries that needed more than one attempt",
        None,
        queue,
    );
    page.number(
        "event_repeats",
        "How often events that are kept were handed in again",
        seen.repeats,
    );
    page.bytes("database", "The size of the database", seen.database_bytes);
    if let Some((at, _)) = seen.last_attempt {
        page.moment("last_attempt_timestamp", "When the last attempt began", at);
    }
    page.number(
        "alert_channels",
        "Alert channels",
        api.channels.len() as u64,
    );
}

fn of_routes(api: &Api, seen: &Overview, page: &mut Page<'_>) {
    let [waiting, overdue, exhausted, hold, compared] = [(); 5].map(|()| ByLabel::default());
    let now = api.clock.now();
    let configured = api.routes.origins.keys().map(String::as_str);
    let waited_for = seen.waiting.iter().map(|waiting| waiting.route.as_str());
    let routes: BTreeSet<&str> = configured.chain(waited_for).chain([DEFAULT]).collect();
    for route in routes {
        let of_route = seen.waiting.iter().find(|waiting| waiting.route == route);
        let events = of_route.map_or(0, |waiting| waiting.events);
        let due_at = of_route.and_then(|waiting| waiting.due_at);
        let late = due_at.map_or(0, |at| now.since(at).as_secs());
        let failed = seen.queues.get(route).map_or(0, |queue| queue.failed);
        let is_held = seen.holds.iter().any(|hold| hold.holds(route));
        set(&waiting, "route", route, whole(events));
        set(&overdue, "route", route, whole(late));
        set(&exhausted, "route", route, whole(failed));
        set(&hold, "route", route, f64::from(u8::from(is_held)));
    }
    for (route, at) in &seen.comparisons {
        set(&compared, "route", route, seconds(at.unix_ms()));
    }
    page.family(
        "deliveries_waiting",
        "Deliveries that are still to be made",
        None,
        waiting,
    );
    page.family(
        "oldest_due_age",
        "How long the oldest delivery that waits has been due",
        Some(Unit::Seconds),
        overdue,
    );
    page.family(
        "deliveries_exhausted",
        "Deliveries whose retries are used up: they wait for a person",
        None,
        exhausted,
    );
    page.family("hold", "1: a person has paused sending", None, hold);
    page.family(
        "reconcile_timestamp",
        "When what was sent was compared last with what VoiceDrive has",
        Some(Unit::Seconds),
        compared,
    );
}

fn of_alerts(api: &Api, seen: &Overview, page: &mut Page<'_>) {
    let open = ByLabel::default();
    for kind in Kind::ALL {
        let count = seen.open_incidents.get(&kind).copied().unwrap_or_default();
        set(&open, "kind", kind.as_str(), whole(count));
    }
    page.family(
        "incident_open",
        "Incidents that were told and are not over",
        None,
        open,
    );
    let is_failing = |key: &String| seen.failing_channels.iter().any(|(of, _)| of == key);
    let failing = api.channels.iter().map(Channel::key).filter(is_failing);
    let failing = failing.count();
    page.number(
        "alert_channels_failing",
        "Alert channels that cannot be told",
        failing as u64,
    );
}

/// Where metrics are added.
struct Page<'r>(&'r mut Registry);

impl Page<'_> {
    fn number(&mut self, name: &str, help: &str, value: u64) {
        self.0.register(name, help, ConstGauge::new(whole(value)));
    }

    fn flag(&mut self, name: &str, help: &str, value: bool) {
        self.number(name, help, u64::from(value));
    }

    fn bytes(&mut self, name: &str, help: &str, value: u64) {
        let gauge = ConstGauge::new(whole(value));
        self.0.register_with_unit(name, help, Unit::Bytes, gauge);
    }

    fn moment(&mut self, name: &str, help: &str, at: Timestamp) {
        let gauge = ConstGauge::new(seconds(at.unix_ms()));
        self.0.register_with_unit(name, help, Unit::Seconds, gauge);
    }

    fn family(&mut self, name: &str, help: &str, unit: Option<Unit>, family: ByLabel) {
        match unit {
            Some(unit) => self.0.register_with_unit(name, help, unit, family),
            None => self.0.register(name, help, family),
        }
    }
}

fn set(family: &ByLabel, label: &'static str, value: &str, number: f64) {
    family
        .get_or_create(&[(label, value.to_owned())])
        .set(number);
}

#[allow(clippy::cast_precision_loss, reason = "nothing here comes near 2^53")]
fn whole(number: u64) -> f64 {
    number as f64
}
