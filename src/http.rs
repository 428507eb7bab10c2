//! What comes in: the HTTP API, on a TCP port for the staff system and VoiceDrive and on the
//! control socket for the command line.
//!
//! A request passes these rooms in this order: `broken` (what is not HTTP), `router` (what is
//! asked for), `rate_limit`, `auth` (who may), `request` (what was sent), the endpoint's own room,
//! `reply` (the envelope). Whoever may not is turned away before a body is read; only `ingest` has to
//! read it first, because what its senders sign is the body.

pub mod auth;
mod broken;
mod control;
mod control_events;
pub mod control_socket;
pub mod cors;
mod event_answer;
mod events;
mod health;
mod incidents;
mod ingest;
mod interview_body;
pub mod interview_field;
mod interview_import;
pub mod interview_mistake;
mod interview_rows;
mod interview_stats;
mod interviews;
mod linger;
pub mod openapi;
mod places;
pub mod rate_limit;
mod reply;
mod request;
pub mod revoked;
mod router;
mod stats;
mod submission;
pub mod system_id;
mod voicedrive;
mod voicedrive_interviews;

use std::any::Any;
use std::collections::BTreeMap;
use std::convert::Infallible;
use std::fmt;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Once};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::{Body, Incoming};
use hyper::header::{
    ACCEPT_LANGUAGE, AUTHORIZATION, CACHE_CONTROL, CONNECTION, HeaderName, HeaderValue,
};
use hyper::server::conn::http1;
use hyper::{HeaderMap, Request};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use ipnet::IpNet;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tower::{ServiceBuilder, service_fn};
use tower_http::catch_panic::{CatchPanicLayer, ResponseForPanic};
use tower_http::request_id::{
    MakeRequestId, PropagateRequestIdLayer, RequestId, SetRequestIdLayer,
};
use tower_http::set_header::SetResponseHeaderLayer;
use url::Url;
use uuid::Uuid;

use crate::clock::Clock;
use crate::config::{Channel, Ingest};
use crate::delivery::handoff::Handoff;
use crate::gauges::Gauges;
use crate::language::{Language, Speech};
use crate::log_limit::LogLimit;
use crate::reload::Reloads;
use crate::retry::RetryPolicy;
use crate::route::{BodyLimit, Routing, TooLarge};
use crate::store::Store;
use crate::submission::Submission;
use crate::timestamp::Timestamp;
use crate::upkeep::backup::BackupFile;
use auth::{Keys, Scopes, Unauthorized};
use broken::Enveloping;
use cors::RefusedPages;
pub use health::{Health, moves};
pub use interview_import::ROW_BYTES;
use linger::Lingering;
use places::{Place, Places};
use rate_limit::{RateLimiter, client_address, counted_as};
use reply::{ApiError, Reply};
use revoked::Revoked;
use router::{Access, Endpoint};
use system_id::SystemIds;

/// Connections at a time; who comes later waits to be accepted.
const CONNECTIONS: usize = 512;
/// The most of them that one peer has; a trusted proxy stands for many.
const OF_ONE_PEER: usize = CONNECTIONS / 2;
/// The longest that the head of a request may take to arrive, and that a connection may be idle.
const HEADER_TIME: Duration = Duration::from_secs(30);
/// Bodies up to so many bytes are read together with the head, mostly.
const READ_AHEAD: u64 = 16 * 1024;
/// The most bytes of a request's head.
const HEADER_BYTES: usize = 16 * 1024;
/// Pause after the operating system refused a connection, for want of file descriptors for example.
const ACCEPT_AGAIN: Duration = Duration::from_millis(100);

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

/// Through which door a request came.
#[derive(Clone, Copy, Debug)]
enum Door {
    /// The TCP port, from this address.
    Network(SocketAddr),
    /// The control socket: who may open it is an admin.
    Control,
}

/// Something that connections come from.
pub trait Listener: Send + 'static {
    /// A connection.
    type Stream: AsyncRead + AsyncWrite + Unpin + Send + 'static;

    /// Waits for the next connection; the address of a network peer comes with it, and whoever
    /// opens the control socket has none.
    fn next(
        &mut self,
    ) -> impl Future<Output = io::Result<(Self::Stream, Option<SocketAddr>)>> + Send;
}

impl Listener for TcpListener {
    type Stream = TcpStream;

    async fn next(&mut self) -> io::Result<(TcpStream, Option<SocketAddr>)> {
        let (stream, peer) = self.accept().await?;
        // An answer is small and complete: waiting for more to send only delays it.
        stream.set_nodelay(true)?;
        Ok((stream, Some(peer)))
    }
}

/// Serves the API until `stop` becomes true, then lets requests under way finish. On the control
/// socket it serves the command line's own endpoints too. `api` is what each request finds at its
/// beginning: a new configuration is a new one.
pub async fn serve(
    api: watch::Receiver<Arc<Api>>,
    mut listener: impl Listener,
    mut stop: watch::Receiver<bool>,
) {
    let places = Places::new(CONNECTIONS, OF_ONE_PEER);
    let too_many = LogLimit::default();
    let graceful = GracefulShutdown::new();
    loop {
        let next = async {
            let place = places.free().await;
            (place, listener.next().await)
        };
        let (place, accepted) = tokio::select! {
            next = next => next,
            _ = stop.wait_for(|stop| *stop) => break,
        };
        match (place, accepted) {
            (Some(place), Ok((stream, peer))) => {
                let ip = peer.map(|peer| peer.ip());
                let counted = ip
                    .filter(|ip| !is_proxy(&api.borrow(), *ip))
                    .map(counted_as);
                if let Some(place) = places.take(place, counted) {
                    let door = peer.map_or(Door::Control, Door::Network);
                    connect(&api, stream, door, place, &graceful);
                } else {
                    too_many.add();
                    tell_refused(&api, ip, &too_many);
                }
            }
            (None, _) => break,
            (_, Err(error)) => {
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(ACCEPT_AGAIN).await;
            }
        }
    }
    graceful.shutdown().await;
}

/// Whether a peer is a proxy that is trusted to speak for others.
fn is_proxy(api: &Api, peer: IpAddr) -> bool {
    let trusted = &api.trusted_proxies;
    trusted.iter().any(|net| net.contains(&peer.to_canonical()))
}

fn tell_refused(api: &watch::Receiver<Arc<Api>>, peer: Option<IpAddr>, too_many: &LogLimit) {
    let now = api.borrow().clock.monotonic();
    if let (Some(peer), Some(refused)) = (peer, too_many.due(now)) {
        tracing::warn!(%peer, refused, "a peer has {OF_ONE_PEER} connections already and gets no more; a proxy that stands for many belongs in server.trusted_proxies");
    }
}

/// Serves one connection in a task of its own.
fn connect<S>(
    api: &watch::Receiver<Arc<Api>>,
    stream: S,
    door: Door,
    place: Place,
    graceful: &GracefulShutdown,
) where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let clock = api.borrow().clock.clone();
    let handler = {
        let api = api.clone();
        service_fn(move |request: Request<Incoming>| {
            let api = Arc::clone(&api.borrow());
            async move { Ok::<_, Infallible>(answer(&api, door, request).await) }
        })
    };
    let x_request_id = HeaderName::from_static("x-request-id");
    let service = ServiceBuilder::new()
        .map_request(ingest::SendersId::note)
        .layer(SetRequestIdLayer::new(x_request_id.clone(), NewRequestId))
        .layer(PropagateRequestIdLayer::new(x_request_id))
        .layer(SetResponseHeaderLayer::overriding(
            CACHE_CONTROL,
            HeaderValue::from_static("no-store"),
        ))
        .layer(CatchPanicLayer::custom(Panicked(clock.clone())))
        .service(handler);
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_TIME)
        .max_header_size(HEADER_BYTES)
        .max_buf_size(4 * HEADER_BYTES)
        .serve_connection(
            Enveloping::new(Lingering::new(TokioIo::new(stream)), clock),
            TowerToHyperService::new(service),
        );
    let connection = graceful.watch(connection);
    tokio::spawn(async move {
        // Callers hang up and networks break: nothing that anybody has to do something about.
        if let Err(error) = connection.await {
            tracing::debug!(%error, "a connection ended early");
        }
        drop(place);
    });
}

/// Answers in place of a handler that panicked.
#[derive(Clone)]
struct Panicked(Clock);

impl ResponseForPanic for Panicked {
    type ResponseBody = Full<Bytes>;

    fn response_for_panic(&mut self, _panic: Box<dyn Any + Send>) -> Reply {
        tracing::error!("a request met a mistake of the relay and was ended");
        ApiError::Internal.reply(self.0.now())
    }
}

/// Names requests that their caller did not name.
#[derive(Clone, Copy)]
struct NewRequestId;

impl MakeRequestId for NewRequestId {
    fn make_request_id<B>(&mut self, _request: &Request<B>) -> Option<RequestId> {
        let id = Uuid::now_v7().to_string();
        HeaderValue::from_str(&id).ok().map(RequestId::new)
    }
}

async fn answer(api: &Api, door: Door, request: Request<Incoming>) -> Reply {
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

/// How the one who asks is spoken to. A person at the control socket reads what the daemon says there, and a
/// program too: the command says in which language.
fn speech(api: &Api, door: Door, headers: &HeaderMap) -> Speech {
    let asked = headers.get(ACCEPT_LANGUAGE);
    let asked = asked.and_then(|language| Language::named(language.to_str().ok()?));
    match (door, asked) {
        (Door::Control, Some(language)) => Speech {
            language,
            ..api.speech
        },
        _ => api.speech,
    }
}

async fn ask(
    api: &Api,
    door: Door,
    endpoint: Endpoint,
    request: Request<Incoming>,
) -> Result<Reply, ApiError> {
    let query = request.uri().query().map(str::to_owned);
    let query = query.as_deref();
    let speech = speech(api, door, request.headers());
    match endpoint {
        Endpoint::AcceptEvent => events::accept_one(api, request).await,
        Endpoint::AcceptBatch => events::accept_batch(api, request).await,
        Endpoint::ListEvents => events::list(api, query).await,
        Endpoint::ShowEvent(id) => events::show(api, id).await,
        Endpoint::ResendEvent(id) => events::resend_one(api, id).await,
        Endpoint::ResendMany => events::resend_many(api, request).await,
        Endpoint::ListIncidents => incidents::list(api, speech, query).await,
        Endpoint::DismissIncident(id) => incidents::dismiss(api, id).await,
        Endpoint::TestAlerts => incidents::test(api, speech).await,
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
        Endpoint::ControlStatus => control::status(api, speech).await,
        Endpoint::ControlEvents => control_events::list(api, query).await,
        Endpoint::ControlEventIds => control_events::ids(api, query).await,
        Endpoint::ControlChanges => control_events::changes(api, query).await,
        Endpoint::ImportInterviews => interview_import::import(api, request).await,
        Endpoint::RefreshBackup => control::refresh_backup(api, speech).await,
        Endpoint::Recount => control::recount(api).await,
        Endpoint::Reload => control::reload(api, speech, query).await,
        Endpoint::ListTokens => control::list_tokens(api).await,
        Endpoint::IssueToken => control::issue_token(api, request).await,
        Endpoint::RevokeToken => control::revoke_token(api, request).await,
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
    if forwarded.iter().next().is_some() && !is_proxy(api, peer) {
        api.unbelieved.call_once(|| {
            tracing::warn!(%peer, "X-Forwarded-For is not believed: everybody who comes this way counts as one caller; if this is your proxy, put its address into server.trusted_proxies");
        });
    }
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
    let now = api.clock.now().unix_seconds();
    let is_revoked = |jti: &str| revoked::contains(&api.revoked, jti);
    let caller = match request::only(headers, AUTHORIZATION.as_str()) {
        Ok(given) => {
            let authorization = given.and_then(|value| value.to_str().ok());
            api.keys.admit(authorization, now, is_revoked)
        }
        Err(_) => Err(Unauthorized::Twice),
    };
    let caller = caller.map_err(|why| {
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
