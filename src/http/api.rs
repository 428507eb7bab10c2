//! The API: events, interview records and statistics, for the staff system and VoiceDrive (contract, section 4).
//!
//! `endpoints` is its table. Callers are known by their tokens (`callers`, `auth`), the staff system's own senders by what
//! they sign (`ingest`). A refusal is the envelope of `reply`. Handlers stand by noun, each with its description.

pub mod auth;
mod callers;
pub mod cors;
mod endpoints;
pub(super) mod event_answer;
pub(super) mod event_filter;
mod events;
mod health;
mod incidents;
mod ingest;
pub(super) mod interview_body;
mod interview_stats;
pub(super) mod interviews;
pub mod openapi;
pub mod rate_limit;
mod resend;
pub mod revoked;
pub(super) mod stats;
mod submission;
pub mod system_id;
mod voicedrive;
mod voicedrive_interviews;

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::net::SocketAddr;
use std::sync::{Arc, Once};

use ipnet::IpNet;
use url::Url;

use super::reply::{ApiError, Reply};
use super::request;
use super::wing::{Answering, Call, NotRouted, Table, Wing};
use crate::clock::Clock;
use crate::config::{Channel, Ingest};
use crate::delivery::handoff::Handoff;
use crate::gauges::Gauges;
use crate::language::Speech;
use crate::reload::Reloads;
use crate::retry::RetryPolicy;
use crate::route::{BodyLimit, Routing, TooLarge};
use crate::store::Store;
use crate::submission::Submission;
use crate::timestamp::Timestamp;
use crate::upkeep::backup::BackupFile;
use auth::Keys;
use cors::RefusedPages;
use endpoints::{ENDPOINTS, Rules};
pub use health::{Health, moves};
use rate_limit::RateLimiter;
use revoked::Revoked;
use system_id::SystemIds;

/// What the endpoints work with.
pub struct Api {
    /// What is kept.
    pub store: Store,
    /// What time it is.
    pub clock: Clock,
    /// Who may call.
    pub keys: Keys,
    /// Who may not any more.
    pub revoked: Arc<Revoked>,
    /// How often VoiceDrive may ask.
    pub rate_limiter: Arc<RateLimiter<&'static str>>,
    /// How people are spoken to, and what "today" means.
    pub speech: Speech,
    /// What is noticed, for the one who judges whether a person is needed.
    pub gauges: Gauges,
    /// Who is told when one is.
    pub channels: Vec<Channel>,
    /// What health is known from.
    pub health: Health,
    /// Which systems have asked for statistics.
    pub system_ids: Arc<SystemIds>,
    /// The way to the one who reads the configuration again.
    pub reloads: Reloads,
    /// Pages that may call from a browser.
    pub cors_allowed_origins: Vec<String>,
    /// Pages that called and may not.
    pub refused_pages: Arc<RefusedPages>,
    /// Whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpNet>,
    /// Somebody else's was told of.
    pub unbelieved: Once,
    /// The longest body, in bytes.
    pub max_body_bytes: usize,
    /// When failed deliveries are tried again.
    pub retry: RetryPolicy,
    /// The file that admins copy.
    pub backup: BackupFile,
    /// The door of the staff system's own senders.
    pub ingest: Option<Ingest>,
    /// How people reach the relay.
    pub public_url: Option<Url>,
    /// Which way events go.
    pub routes: Routes,
    /// When the daemon started.
    pub started_at: Timestamp,
    /// Where it listens.
    pub listen: SocketAddr,
}

/// Which way events go, as far as the API has to know.
#[derive(Clone, Debug)]
pub struct Routes {
    /// Which event takes which route.
    pub routing: Routing,
    /// What the receivers of these routes take.
    pub limits: BTreeMap<String, BodyLimit>,
    /// The routes whose deliveries VoiceDrive counts too.
    pub counted: Vec<String>,
    /// Scheme and host of every route that something is sent on.
    pub origins: BTreeMap<String, String>,
    /// To the dispatchers.
    pub handoff: Handoff,
}

impl Api {
    /// Whether a peer is a proxy that is trusted to speak for others.
    pub(super) fn is_proxy(&self, peer: IpAddr) -> bool {
        let trusted = &self.trusted_proxies;
        trusted.iter().any(|net| net.contains(&peer.to_canonical()))
    }
}

impl Routes {
    /// Whether the receiver of its route can take what would be sent of a submission.
    pub(super) fn fits(&self, submission: &Submission) -> Result<(), TooLarge> {
        let event = &submission.event;
        self.limits.get(&submission.route).map_or(Ok(()), |limit| {
            limit.check(&submission.route, &event.event_type, &event.data)
        })
    }

    /// Whether anything is sent on the route with this name.
    #[must_use]
    pub fn sends_on(&self, name: &str) -> bool {
        self.origins.contains_key(name)
    }
}

/// The endpoints of the API.
pub(super) struct ApiWing(Table<Rules, ApiError>);

impl Default for ApiWing {
    fn default() -> Self {
        Self(Table::new(ENDPOINTS))
    }
}

impl Wing for ApiWing {
    fn has(&self, call: &Call<'_>) -> bool {
        let path = endpoints::path_in_table(call.api, call.request.uri().path());
        path.is_some_and(|path| self.0.has(path))
    }

    fn answer<'a>(&'a self, call: Call<'a>) -> Answering<'a, Reply> {
        Box::pin(async move {
            let api = call.api;
            let page = cors::Page::of(&call);
            let replied = match (request::one_host(&call.request), page.preflight(&call)) {
                (Err(error), _) => Err(error),
                (Ok(()), Some(reply)) => Ok(reply),
                (Ok(()), None) => self.reply(call).await,
            };
            let mut reply = replied.unwrap_or_else(|error| error.reply(api.clock.now()));
            page.allow(&mut reply);
            reply
        })
    }
}

impl ApiWing {
    async fn reply(&self, call: Call<'_>) -> Result<Reply, ApiError> {
        let api = call.api;
        let path = endpoints::path_in_table(api, call.request.uri().path());
        let path = path.ok_or(NotRouted::NoSuchPath)?;
        let (endpoint, id) = self.0.find(call.request.method(), path)?;
        callers::admit(&call, endpoint)?;
        let call = Call { id, ..call };
        if !endpoint.rules.limited {
            return (endpoint.handler)(call).await;
        }
        // VoiceDrive waits for the statistics: how long is one of the things that an admin is told of.
        let began = api.clock.monotonic();
        let reply = (endpoint.handler)(call).await;
        let failed = match &reply {
            Ok(reply) => reply.status().is_server_error(),
            Err(error) => error.status_and_code().0.is_server_error(),
        };
        let ended = api.clock.monotonic();
        api.gauges
            .answered(ended, ended.saturating_sub(began), failed);
        reply
    }
}
