//! What is counted in memory while the daemon runs, from zero at each start, for whoever watches it with Prometheus
//! (contract, section 12.4). Labels are words of closed lists and names of the configuration.

use std::sync::atomic::AtomicU64;
use std::time::Duration;

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};

use crate::attempt::{Attempted, Outcome};
use crate::cause::Cause;

/// The limits of how long something takes, in seconds. 0.3 is the goal of the statistics.
const SECONDS: [f64; 11] = [0.005, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 1.0, 2.0, 5.0, 10.0];

/// Names with their values, in the order in which they are shown.
type Labels<const N: usize, V> = [(&'static str, V); N];
type Histograms<L> = Family<L, Histogram, fn() -> Histogram>;

/// Cheap to clone, and shared by all who count.
#[derive(Clone, Debug)]
pub struct Meters {
    accepted: Counter,
    attempts: Family<(Labels<1, String>, Labels<2, &'static str>), Counter>,
    attempt_seconds: Histograms<Labels<1, String>>,
    last_success: Family<Labels<1, String>, Gauge<f64, AtomicU64>>,
    requests: Family<Labels<3, &'static str>, Counter>,
    request_seconds: Histograms<Labels<1, &'static str>>,
    logins_failed: Counter,
}

impl Default for Meters {
    fn default() -> Self {
        Self {
            accepted: Counter::default(),
            attempts: Family::default(),
            attempt_seconds: Family::new_with_constructor(histogram),
            last_success: Family::default(),
            requests: Family::default(),
            request_seconds: Family::new_with_constructor(histogram),
            logins_failed: Counter::default(),
        }
    }
}

fn histogram() -> Histogram {
    Histogram::new(SECONDS)
}

impl Meters {
    /// An event was accepted that was not handed in before.
    pub fn event_accepted(&self) {
        self.accepted.inc();
    }

    /// An attempt on this route was made, and its result is kept.
    pub fn attempt_made(&self, route: &str, attempted: &Attempted) {
        let route = [("route", route.to_owned())];
        let cause = attempted.cause.map_or("", Cause::as_str);
        let ended = [("outcome", attempted.outcome.as_str()), ("cause", cause)];
        self.attempts.get_or_create(&(route.clone(), ended)).inc();
        let took = Duration::from_millis(attempted.processing_ms);
        self.attempt_seconds
            .get_or_create(&route)
            .observe(took.as_secs_f64());
        if attempted.outcome == Outcome::Success {
            let at = seconds(attempted.ended.wall.unix_ms());
            self.last_success.get_or_create(&route).set(at);
        }
    }

    /// A request over the network was answered. `endpoint` is its path in the table.
    pub fn request_answered(
        &self,
        method: &'static str,
        endpoint: &'static str,
        status: u16,
        took: Duration,
    ) {
        let code = class(status);
        let labels = [("endpoint", endpoint), ("method", method), ("code", code)];
        self.requests.get_or_create(&labels).inc();
        self.request_seconds
            .get_or_create(&[("endpoint", endpoint)])
            .observe(took.as_secs_f64());
    }

    /// A caller was turned away.
    pub fn login_failed(&self) {
        self.logins_failed.inc();
    }

    /// Has all of them shown by `registry`.
    pub fn register(&self, registry: &mut Registry) {
        registry.register(
            "events_accepted",
            "Events accepted since the start",
            self.accepted.clone(),
        );
        registry.register(
            "attempts",
            "Attempts to send since the start, by how they ended and why they failed",
            self.attempts.clone(),
        );
        registry.register_with_unit(
            "attempt_duration",
            "How long attempts took, until the whole answer was there",
            Unit::Seconds,
            self.attempt_seconds.clone(),
        );
        registry.register_with_unit(
            "last_success_timestamp",
            "When an attempt succeeded last since the start",
            Unit::Seconds,
            self.last_success.clone(),
        );
        registry.register(
            "http_requests",
            "Requests over the network since the start",
            self.requests.clone(),
        );
        registry.register_with_unit(
            "http_request_duration",
            "How long requests over the network took",
            Unit::Seconds,
            self.request_seconds.clone(),
        );
        registry.register(
            "logins_failed",
            "Callers turned away since the start: no token, or a wrong one",
            self.logins_failed.clone(),
        );
    }
}

/// The class of a status.
fn class(status: u16) -> &'static str {
    match status {
        ..200 => "1xx",
        200..300 => "2xx",
        300..400 => "3xx",
        400..500 => "4xx",
        _ => "5xx",
    }
}

/// Milliseconds as the seconds that metrics are told in.
#[must_use]
#[allow(clippy::cast_precision_loss, reason = "a date needs 42 bits")]
pub fn seconds(milliseconds: i64) -> f64 {
    milliseconds as f64 / 1000.0
}
