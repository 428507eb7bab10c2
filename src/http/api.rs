//! The API: events, interview records and statistics, for the staff system and VoiceDrive.

pub mod auth;
pub mod cors;
pub(super) mod event_answer;
pub(super) mod events;
mod health;
mod incidents;
mod ingest;
pub(super) mod interview_body;
mod interview_stats;
pub(super) mod interviews;
pub mod openapi;
pub mod rate_limit;
pub mod revoked;
mod router;
pub(super) mod stats;
mod submission;
pub mod system_id;
mod voicedrive;
mod voicedrive_interviews;

use std::collections::BTreeMap;
use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use hyper::body::{Body, Incoming};
use hyper::header::{AUTHORIZATION, CONNECTION, HeaderValue};
use hyper::{HeaderMap, Request};
use ipnet::IpNet;
use url::Url;

use super::control;
use super::reply::{ApiError, Reply};
use super::request;
use super::server::Door;
use crate::clock::Clock;
use crate::config::{Channel, Ingest};
use crate::delivery::handoff::Handoff;
use crate::event::Submission;
use crate::gauges::Gauges;
use crate::language::Speech;
use crate::reload::Reloads;
use crate::retry::RetryPolicy;
use crate::route::{BodyLimit, Routing, TooLarge};
use crate::store::Store;
use crate::timestamp::Timestamp;
use crate::upkeep::backup::BackupFile;
use auth::{Keys, Scopes};
use cors::RefusedPages;
pub use health::{Health, moves};
pub(super) use ingest::SendersId;
use rate_limit::{RateLimiter, client_address};
use revoked::Revoked;
use router::{Access, Endpoint};
use system_id::SystemIds;

/// Bodies up to so many bytes are read together with the head, mostly.
const READ_AHEAD: u64 = 16 * 1024;

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

pub(super) async fn answer(api: &Api, door: Door, request: Request<Incoming>) -> Reply {
    let origin = cors::allowed_origin(request.headers(), &api.cors_allowed_origins);
    if origin.is_none() {
        let now = api.clock.monotonic();
        api.refused_pages.note(request.headers(), now);
    }
    let preflight = origin
        .as_ref()
        .and_then(|_| cors::preflight(request.method(), request.headers()));
    let length = request.body().size_hint().upper();
    let replied = match (request::one_host(&request), preflight) {
        (Err(error), _) => Err(error),
        (Ok(()), Some(reply)) => Ok(reply),
        (Ok(()), None) => handle(api, door, request).await,
    };
    let mut reply = replied.unwrap_or_else(|error| error.reply(api.clock.now()));
    if reply.status().is_client_error() && length.is_none_or(|length| length > READ_AHEAD) {
        // The rest of such a body may never be read: the caller must not take the connection for its next
        // request.
        let headers = reply.headers_mut();
        headers.insert(CONNECTION, HeaderValue::from_static("close"));
    }
    if !api.cors_allowed_origins.is_empty() {
        cors::allow(&mut reply, origin);
    }
    reply
}

async fn handle(api: &Api, door: Door, request: Request<Incoming>) -> Result<Reply, ApiError> {
    let ingest = api.ingest.as_ref().map(|door| door.rules.path.as_str());
    let endpoint = router::route(request.method(), request.uri().path(), ingest)?;
    if let Door::Network(peer) = door {
        let client = client_of(api, peer.ip(), request.headers());
        limit_rate(api, &endpoint, client)?;
        admit(api, &endpoint, client, request.headers())?;
    }
    if endpoint.rate_limited().is_none() {
        return ask(api, door, endpoint, request).await;
    }
    // VoiceDrive waits for the statistics: how long is one of the things that an admin is told of.
    let began = api.clock.monotonic();
    let reply = ask(api, door, endpoint, request).await;
    let failed = match &reply {
        Ok(reply) => reply.status().is_server_error(),
        Err(error) => error.status_and_code().0.is_server_error(),
    };
    let ended = api.clock.monotonic();
    api.gauges
        .answered(ended, ended.saturating_sub(began), failed);
    reply
}

async fn ask(
    api: &Api,
    door: Door,
    endpoint: Endpoint,
    request: Request<Incoming>,
) -> Result<Reply, ApiError> {
    let query = request.uri().query().map(str::to_owned);
    let query = query.as_deref();
    match endpoint {
        Endpoint::AcceptEvent => events::accept_one(api, request).await,
        Endpoint::AcceptBatch => events::accept_batch(api, request).await,
        Endpoint::ListEvents => events::list(api, query).await,
        Endpoint::ShowEvent(id) => events::show(api, id).await,
        Endpoint::ResendEvent(id) => events::resend_one(api, id).await,
        Endpoint::ResendMany => events::resend_many(api, request).await,
        Endpoint::ListIncidents => incidents::list(api, query).await,
        Endpoint::DismissIncident(id) => incidents::dismiss(api, id).await,
        Endpoint::TestAlerts => incidents::test(api).await,
        Endpoint::WebhookStats => stats::webhook_stats(api, query).await,
        Endpoint::VoicedriveWebhookStats => voicedrive::webhook_stats(api, query).await,
        Endpoint::PutInterview(id) => interviews::put_one(api, id, request).await,
        Endpoint::PutInterviews => interviews::put_batch(api, request).await,
        Endpoint::ShowInterview(id) => interviews::show(api, id).await,
        Endpoint::ListInterviews => interviews::list(api, query).await,
        Endpoint::DeleteInterview(id) => interviews::delete(api, id).await,
        Endpoint::CompletionStats => interview_stats::completion_stats(api, query).await,
        Endpoint::VoicedriveCompletionStats => {
            voicedrive_interviews::completion_stats(api, query).await
        }
        Endpoint::Ingest => ingest::accept(api, door, request).await,
        Endpoint::OpenApi => Ok(openapi::show()),
        Endpoint::Health => health::health(api).await,
        Endpoint::ControlStatus => control::status::status(api).await,
        Endpoint::ControlEvents => control::events::list(api, query).await,
        Endpoint::ControlEventIds => control::events::ids(api, query).await,
        Endpoint::ControlChanges => control::events::changes(api, query).await,
        Endpoint::ImportInterviews => control::import::import(api, request).await,
        Endpoint::RefreshBackup => control::status::refresh_backup(api).await,
        Endpoint::Recount => control::status::recount(api).await,
        Endpoint::Reload => control::status::reload(api, query).await,
        Endpoint::ListTokens => control::status::list_tokens(api).await,
        Endpoint::IssueToken => control::status::issue_token(api, request).await,
        Endpoint::RevokeToken => control::status::revoke_token(api, request).await,
    }
}

/// Somebody is not let in: it is counted, and stands in the log once a minute.
fn turned_away(api: &Api, client: IpAddr, why: &dyn fmt::Display) {
    tracing::debug!(%client, %why, "a caller was turned away");
    let now = api.clock.monotonic();
    api.gauges.login_failed(now);
    if let Some(callers) = api.gauges.logins_untold(now) {
        tracing::info!(%client, %why, callers, "a caller was turned away; more of them are told once a minute");
    }
}

fn client_of(api: &Api, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
    // A line that is not text stays in its place as an empty one, where the reading stops: left
    // out, it would lend its place to one that the caller made up.
    let forwarded = headers.get_all("x-forwarded-for");
    let forwarded = forwarded
        .iter()
        .map(|value| value.to_str().unwrap_or_default());
    client_address(peer, forwarded, &api.trusted_proxies)
}

fn limit_rate(api: &Api, endpoint: &Endpoint, client: IpAddr) -> Result<(), ApiError> {
    let Some(name) = endpoint.rate_limited() else {
        return Ok(());
    };
    api.rate_limiter
        .check(client, name, api.clock.monotonic())
        .map_err(|retry_after| ApiError::RateLimitExceeded(retry_after.seconds()))
}

/// Lets in who may use the endpoint. The control socket's own endpoints do not exist on the network.
fn admit(
    api: &Api,
    endpoint: &Endpoint,
    client: IpAddr,
    headers: &HeaderMap,
) -> Result<(), ApiError> {
    let scope = match endpoint.access() {
        Access::Token(scope) => scope,
        Access::Anybody | Access::Proof => return Ok(()),
        Access::Control => return Err(ApiError::NotFound("Nothing has this path".to_owned())),
    };
    let authorization = headers.get(AUTHORIZATION).and_then(|v| v.to_str().ok());
    let now = api.clock.now().unix_seconds();
    let is_revoked = |jti: &str| revoked::contains(&api.revoked, jti);
    let caller = api
        .keys
        .admit(authorization, now, is_revoked)
        .map_err(|why| {
            turned_away(api, client, &why);
            ApiError::Unauthorized
        })?;
    if Scopes::allows(&caller.scopes, scope) {
        api.system_ids.note(headers);
        Ok(())
    } else {
        Err(ApiError::Forbidden(scope.as_str()))
    }
}
