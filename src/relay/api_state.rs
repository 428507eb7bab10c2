//! What the endpoints work with, as a configuration says.

use std::sync::{Arc, Once};

use super::assembly::{Shared, advice, locale};
use crate::config::{Loaded, Secrets};
use crate::http::api::auth::Keys;
use crate::http::{Api, Health, MonitorPage, Routes};
use crate::liveness::Liveness;
use crate::retry::RetryPolicy;
use crate::secret::Secret;

impl Shared {
    /// The state that requests use from now on.
    pub(super) fn api(&self, settings: &Loaded, liveness: Vec<Liveness>) -> Api {
        let config = &settings.config;
        self.rate_limiter
            .set_limit(config.rate_limit.requests_per_minute);
        Api {
            backup: self.backup.clone(),
            channels: settings.alerts.channels.clone(),
            locale: locale(settings),
            advice: advice(settings),
            observations: self.observations.clone(),
            keys: keys(&settings.secrets),
            secrets_outside: settings.secrets_outside(),
            revoked: Arc::clone(&self.revoked),
            rate_limiter: Arc::clone(&self.rate_limiter),
            health: Health::of(liveness),
            system_ids: Arc::clone(&self.system_ids),
            refused_pages: Arc::clone(&self.refused_pages),
            reloads: self.reloads.clone(),
            cors_allowed_origins: config.server.cors_allowed_origins.clone(),
            trusted_proxies: config.server.trusted_proxies.clone(),
            warned_untrusted_proxy: Once::new(),
            max_body_bytes: config.server.max_body_bytes,
            known_events: config.server.known_events.clone(),
            public_url: config.server.public_url.clone(),
            ingest: settings.ingest.clone(),
            monitor: MonitorPage {
                place: config.alerts.place(),
                allow_http: config.monitor.allow_http,
                contact: config.monitor.contact.clone(),
            },
            retry: RetryPolicy::new(config.retry.intervals.clone()),
            missing_threshold: config.alerts.thresholds.missing,
            routes: self.routes(settings),
            store: self.store.clone(),
            clock: self.clock.clone(),
            started_at: self.started_at,
            listeners: self.listeners.clone(),
        }
    }

    pub(super) fn routes(&self, settings: &Loaded) -> Routes {
        let out = settings.out.iter();
        Routes {
            routing: settings.config.routing(),
            origins: out.clone().map(|r| (r.name.clone(), r.origin())).collect(),
            limits: out
                .clone()
                .filter_map(|r| Some((r.name.clone(), r.body_limit()?)))
                .collect(),
            counted: out
                .filter(|r| r.counted_by_voicedrive)
                .map(|r| r.name.clone())
                .collect(),
            private: settings.config.private_routes(),
            handoff: self.handoff.clone(),
            under_way: self.under_way.clone(),
        }
    }
}

fn keys(secrets: &Secrets) -> Keys {
    Keys::new(
        secrets.jwt.as_ref().map(Secret::as_bytes),
        secrets.jwt_previous.as_ref().map(Secret::as_bytes),
        [&secrets.api_token, &secrets.api_token_previous]
            .into_iter()
            .flatten()
            .map(Secret::expose),
    )
}
