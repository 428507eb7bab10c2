//! The API: events, interview records and statistics, for the staff system and VoiceDrive (contract, section 4).
//!
//! `endpoints` is its table. Callers are known by their tokens (`callers`, `auth`), the staff system's own senders by what
//! they sign (`ingest`). A refusal is the envelope of `reply`. Handlers stand by noun, each with its description.

mod access;
mod admission;
mod audit;
pub mod auth;
pub(super) mod callers;
pub mod cors;
mod dismissals;
pub mod endpoints;
pub(super) mod event_answer;
pub(super) mod event_filter;
mod events;
mod health;
pub(super) mod holds;
mod incidents;
mod ingest;
pub(super) mod interview_body;
pub(super) mod interview_stats;
pub(super) mod interviews;
mod kpis;
pub mod openapi;
pub mod rate_limit;
pub(super) mod reconcile;
pub(super) mod recovery;
pub(super) mod resend;
pub mod revoked;
mod staff;
pub(super) mod stats;
mod submission;
pub mod system_id;
mod voicedrive;
mod voicedrive_interviews;

use hyper::HeaderMap;

use super::Api;
use super::reply::{ApiError, Reply};
use super::request;
use super::wing::{Answering, Call, Handler, NotRouted, Table, Wing};
use access::{Endpoint, EndpointRules};
pub(super) use callers::{client_of, log_rejected};
use endpoints::ENDPOINTS;
pub use health::{Health, moves};

/// The endpoints of the API.
pub(super) struct ApiWing(Table<EndpointRules, Handler<ApiError>>);

impl Default for ApiWing {
    fn default() -> Self {
        Self(Table::new(ENDPOINTS))
    }
}

impl Wing for ApiWing {
    fn has(&self, api: &Api, path: &str, _headers: &HeaderMap) -> bool {
        let path = endpoints::path_in_table(api, path);
        path.is_some_and(|path| self.0.has(path))
    }

    fn answer<'a>(&'a self, call: Call<'a>) -> Answering<'a, Reply> {
        Box::pin(async move {
            let api = call.api;
            let (page, reader) = (cors::Page::of(&call), call.reader());
            let found = self.find(&call);
            let counted = call.peer.ip().map(|_| counted_as(&found));
            let began = api.clock.monotonic();
            let replied = match (request::one_host(&call.request), page.preflight(&call)) {
                (Err(error), _) => Err(error),
                (Ok(()), Some(reply)) => Ok(reply),
                (Ok(()), None) => reply(call, found).await,
            };
            let refused = |error: ApiError| error.told_to(reader, api).reply(api.clock.now());
            let mut reply = replied.unwrap_or_else(refused);
            page.allow(&mut reply);
            if let Some((method, endpoint)) = counted {
                let took = api.clock.monotonic().saturating_sub(began);
                let status = reply.status().as_u16();
                let meters = api.observations.meters();
                meters.request_answered(method, endpoint, status, took);
            }
            reply
        })
    }

    fn panicked(&self, api: &Api) -> Reply {
        ApiError::Internal.reply(api.clock.now())
    }
}

/// The endpoint that is asked, and what stands in the place of its `{id}`.
type Found = Result<(&'static Endpoint, String), NotRouted>;

impl ApiWing {
    fn find(&self, call: &Call<'_>) -> Found {
        let path = endpoints::path_in_table(call.api, call.request.uri().path());
        let path = path.ok_or(NotRouted::NoSuchPath)?;
        self.0.find(call.request.method(), path)
    }
}

/// Method and path by which a request is counted: those that are in no table are one.
fn counted_as(found: &Found) -> (&'static str, &'static str) {
    match found {
        Ok((endpoint, _)) => (endpoint.method.as_str(), endpoint.path),
        Err(_) => ("other", "other"),
    }
}

async fn reply(call: Call<'_>, found: Found) -> Result<Reply, ApiError> {
    let api = call.api;
    let (endpoint, id) = found?;
    let known = admission::admit(&call, endpoint)?;
    let actor = known.unwrap_or_else(|| call.actor.clone());
    let call = Call { actor, id, ..call };
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
    api.observations
        .answered(ended, ended.saturating_sub(began), failed);
    reply
}
