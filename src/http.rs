//! What comes in: the HTTP API on a TCP port, for the staff system and VoiceDrive, and the control socket, for the
//! command line.
//!
//! `server` has the sockets and knows nothing of what is asked. Behind it stand the wings, each with its own table of
//! endpoints, its own way to know who calls and its own way to refuse: `api`, `control`, `metrics`, and `monitor`, the
//! page for people. A request passes these
//! rooms: `server` (connection, limits, its id), the wing's table (what is asked for), its admission (who may),
//! `request` (what was sent), the handler, `reply` (the envelope). Whoever may not call is turned away before a body is
//! read; only `ingest` has to read it first, because its senders sign the body.

pub mod api;
mod control;
mod interview_file;
mod metrics;
mod monitor;
mod no_room;
mod reply;
mod request;
pub mod server;
mod wing;

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Once};
use std::time::Duration;

use hyper::body::Incoming;
use hyper::header::HeaderValue;
use hyper::{HeaderMap, Request, Uri};
use ipnet::IpNet;
use percent_encoding::percent_decode;
use tokio::sync::watch;
use url::Url;

use crate::audit::Actor;
use crate::clock::Clock;
use crate::config::{Channel, Ingest};
use crate::delivery::handoff::Handoff;
use crate::key_pair::CurrentKeyPair;
use crate::known_events::KnownEvents;
use crate::language::{Language, Locale};
use crate::notification::advice::AdviceContext;
use crate::observations::Observations;
use crate::reload::Reloads;
use crate::retry::RetryPolicy;
use crate::route::{BodyLimit, Routing, TooLarge};
use crate::store::Store;
use crate::submission::Submission;
use crate::system_user;
use crate::timestamp::Timestamp;
use crate::under_way::UnderWay;
use crate::upkeep::backup::BackupFile;
use api::ApiWing;
use api::auth::{Keys, TokenTime};
use api::cors::RefusedPages;
use api::rate_limit::RateLimiter;
use api::revoked::Revoked;
use api::system_id::SystemIds;
pub use api::{Health, moves};
use control::ControlWing;
use metrics::MetricsWing;
use monitor::MonitorWing;
pub use no_room::NoRoom;
use server::{App, Listener, Peer, Reply};
use wing::{Call, Wing};

/// What the endpoints work with.
pub struct Api {
    /// What is kept.
    pub store: Store,
    /// What time it is.
    pub clock: Clock,
    /// Who may call.
    pub keys: Keys,
    /// The names of the secrets that the daemon has from systemd or from its environment.
    pub secrets_outside: Vec<String>,
    /// Who may not any more.
    pub revoked: Arc<Revoked>,
    /// How often VoiceDrive may ask.
    pub rate_limiter: Arc<RateLimiter<&'static str>>,
    /// How people are spoken to, and what "today" means.
    pub locale: Locale,
    /// What advice to an admin depends on.
    pub advice: AdviceContext,
    /// What is noticed, for the one who judges whether a person is needed.
    pub observations: Observations,
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
    /// Used up once an untrusted `X-Forwarded-For` was logged.
    pub warned_untrusted_proxy: Once,
    /// The longest body, in bytes.
    pub max_body_bytes: usize,
    /// The names that events may have.
    pub known_events: KnownEvents,
    /// When failed deliveries are tried again.
    pub retry: RetryPolicy,
    /// How many deliveries that VoiceDrive does not have raise an alert.
    pub missing_threshold: u64,
    /// The file that admins copy.
    pub backup: BackupFile,
    /// The door of the staff system's own senders.
    pub ingest: Option<Ingest>,
    /// How people reach the relay.
    pub public_url: Option<Url>,
    /// The page for people.
    pub monitor: MonitorPage,
    /// Which way events go.
    pub routes: Routes,
    /// When the daemon started.
    pub started_at: Timestamp,
    /// Where it listens.
    pub listeners: Listeners,
}

/// Where the daemon listens.
#[derive(Clone, Debug)]
pub struct Listeners {
    /// In plain HTTP; none: only over TLS.
    pub plain: Option<SocketAddr>,
    /// Over TLS, with the certificate that is shown there.
    pub secured: Option<(SocketAddr, CurrentKeyPair)>,
}

/// What the configuration says of the page for people.
#[derive(Clone, Debug)]
pub struct MonitorPage {
    /// The clinic's or server's name, which stands above it.
    pub place: String,
    /// It may be reached over plain http from other machines.
    pub allow_http: bool,
    /// Whom it says to call at VoiceDrive.
    pub contact: Option<String>,
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
    /// The routes of which the page tells operators only.
    pub private: BTreeSet<String>,
    /// Scheme and host of every route that something is sent on.
    pub origins: BTreeMap<String, String>,
    /// To the dispatchers.
    pub handoff: Handoff,
    /// Whose attempts are under way.
    pub under_way: UnderWay,
}

impl Api {
    /// Whether a peer is a proxy that is trusted to speak for others.
    pub(super) fn is_proxy(&self, peer: IpAddr) -> bool {
        let trusted = &self.trusted_proxies;
        trusted.iter().any(|net| net.contains(&peer.to_canonical()))
    }

    /// What time it is for tokens.
    pub(super) fn token_time(&self) -> TokenTime {
        let moment = self.clock.moment();
        let believed = self.store.believed_time(moment);
        TokenTime {
            earliest: believed.min(moment.wall).unix_seconds(),
            latest: believed.max(moment.wall).unix_seconds(),
        }
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

/// What the network reaches: the page for people, `/metrics` and the API. `api` is what each request finds at its
/// beginning: a new configuration is a new one.
pub fn network(api: watch::Receiver<Arc<Api>>) -> Door {
    let first: Vec<Box<dyn Wing>> = vec![
        Box::new(MonitorWing::default()),
        Box::new(MetricsWing::default()),
    ];
    Door::to(api, first)
}

/// What the command line reaches: its own endpoints, `/metrics` and the API.
pub fn control(api: watch::Receiver<Arc<Api>>) -> Door {
    let first: Vec<Box<dyn Wing>> = vec![
        Box::new(ControlWing::default()),
        Box::new(MetricsWing::default()),
    ];
    Door::to(api, first)
}

/// Serves `door` at `listener` until `stop` becomes true, then lets requests under way finish.
pub async fn serve(door: Door, listener: impl Listener, stop: watch::Receiver<bool>) {
    server::serve(Arc::new(door), listener, stop).await;
}

/// What stands behind a listener. It is one type, so that the code that serves it is in the program once.
#[derive(Clone)]
pub enum Door {
    /// A relay that runs.
    Open(Arc<Wings>),
    /// A start that waits for room on the disk.
    Shut(Arc<NoRoom>),
}

/// The header in which a command states who types it, percent-encoded.
pub const STATED_NAME: &str = "x-operator";
/// The header of a part of the open database that says which state of the database it is of.
pub const PART_STATE: &str = "x-database-state";
/// The one that says with which page the next part begins; the last part has none.
pub const NEXT_PART: &str = "x-next-part";

/// Who calls, before anybody has looked at a token. What the control socket's peer states is believed of it alone.
fn actor(peer: Peer, headers: &HeaderMap) -> Actor {
    match peer {
        Peer::Network(ip) | Peer::Secured(ip) => Actor::caller("", ip),
        Peer::User(id) => {
            let stated = headers.get(STATED_NAME).map(HeaderValue::as_bytes);
            let stated = stated.map(|name| percent_decode(name).decode_utf8_lossy());
            Actor::user(&system_user::name_of(id), stated.as_deref())
        }
    }
}

/// The wings that a connection reaches.
pub struct Wings {
    current: watch::Receiver<Arc<Api>>,
    /// They are asked first, in this order, whether a path is theirs.
    first: Vec<Box<dyn Wing>>,
    /// It answers what belongs to none of them.
    api: ApiWing,
}

impl Wings {
    /// The wing that a request is for.
    fn of(&self, api: &Api, path: &str, headers: &HeaderMap) -> &dyn Wing {
        let wing = self.first.iter().find(|wing| wing.has(api, path, headers));
        wing.map_or(&self.api, |wing| &**wing)
    }
}

impl Door {
    /// A door to the wings of a relay that runs: `first` are asked first.
    fn to(current: watch::Receiver<Arc<Api>>, first: Vec<Box<dyn Wing>>) -> Self {
        Self::Open(Arc::new(Wings {
            current,
            first,
            api: ApiWing::default(),
        }))
    }
}

impl App for Door {
    async fn answer(&self, peer: Peer, request: Request<Incoming>) -> Reply {
        let wings = match self {
            Self::Open(wings) => wings,
            Self::Shut(start) => return start.answer(peer, &request),
        };
        let api = Arc::clone(&wings.current.borrow());
        let wing = wings.of(&api, request.uri().path(), request.headers());
        let call = Call {
            api: &api,
            peer,
            actor: actor(peer, request.headers()),
            id: String::new(),
            request,
        };
        wing.answer(call).await
    }

    fn panicked(&self, uri: &Uri) -> Reply {
        match self {
            Self::Open(wings) => {
                let api = Arc::clone(&wings.current.borrow());
                wings.of(&api, uri.path(), &HeaderMap::new()).panicked(&api)
            }
            Self::Shut(start) => start.refuse(Language::En),
        }
    }

    fn is_proxy(&self, peer: IpAddr) -> bool {
        match self {
            Self::Open(wings) => wings.current.borrow().is_proxy(peer),
            Self::Shut(_) => false,
        }
    }

    fn monotonic(&self) -> Duration {
        match self {
            Self::Open(wings) => wings.current.borrow().clock.monotonic(),
            Self::Shut(start) => start.clock.monotonic(),
        }
    }
}
