//! Relays and partners for the other rooms.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use hyper::StatusCode;
use reqwest::Method;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::sync::{Notify, watch};
use voicedrive_relay::testing::audit::Actor;
pub use voicedrive_relay::testing::clock::Clock;
use voicedrive_relay::testing::command_line::CommandLine;
use voicedrive_relay::testing::config::{self, Environment, Loaded};
use voicedrive_relay::testing::delivery::dispatcher::Dispatcher;
use voicedrive_relay::testing::delivery::handoff::{Handoff, mailbox};
use voicedrive_relay::testing::delivery::profile::Profile;
use voicedrive_relay::testing::delivery::proxy::Proxies;
use voicedrive_relay::testing::delivery::route::Route;
use voicedrive_relay::testing::delivery::{Context, DeliveryRules};
use voicedrive_relay::testing::http::api::auth::Keys;
use voicedrive_relay::testing::incident::Thresholds;
use voicedrive_relay::testing::observations::Observations;
use voicedrive_relay::testing::order::Order;
use voicedrive_relay::testing::receiver::{ReceivedWebhook, Receiver, ScriptedAnswer, Verifier};
use voicedrive_relay::testing::relay::{Relay, control_socket};
use voicedrive_relay::testing::retry::RetryPolicy;
use voicedrive_relay::testing::route;
use voicedrive_relay::testing::secret::Secret;
use voicedrive_relay::testing::store::Store;
use voicedrive_relay::testing::timestamp::Timestamp;
use voicedrive_relay::testing::token::Scope;
use voicedrive_relay::testing::under_way::UnderWay;

use crate::described;

pub const WEBHOOK_SECRET: &str = "a-made-up-secret-of-32-characters";
pub const JWT_SECRET: &str = "a-made-up-jwt-secret-of-more-than-32-characters";
pub const API_TOKEN: &str = "vd-test-api-key-0123456789abcdef0123456789abcdef";
/// Of the staff system's own senders; the vectors have the same.
pub const SENDERS_SECRET: &str = "0123456789abcdef0123456789abcdef-senders";
pub const SENDERS_BEARER: &str = "bearer-of-the-staff-system-0123456789";

/// The longest that a test waits for something that must happen.
const PATIENCE: Duration = Duration::from_secs(30);

pub fn environment() -> Environment {
    Environment::from([
        ("VOICEDRIVE_WEBHOOK_SECRET", WEBHOOK_SECRET),
        ("RELAY_JWT_SECRET", JWT_SECRET),
        ("VOICEDRIVE_API_TOKEN", API_TOKEN),
        ("EMPLOYEE_SECRET", "another-made-up-secret"),
        ("EMPLOYEE_SECRET_PREVIOUS", "the-made-up-secret-before-it"),
        ("PARTNER_TOKEN", "a-made-up-bearer-token"),
        ("SENDERS_SECRET", SENDERS_SECRET),
        ("SENDERS_BEARER", SENDERS_BEARER),
    ])
}

/// What the webhooks of the tests are signed with.
pub fn webhook_secrets() -> Vec<Secret> {
    let secret = environment().secret("VOICEDRIVE_WEBHOOK_SECRET");
    secret.unwrap().into_iter().collect()
}

/// An HTTP client; TLS has to be set up even for one that never uses it.
pub fn client() -> reqwest::Client {
    voicedrive_relay::testing::crypto::install();
    reqwest::Client::new()
}

/// An HTTP client that asks the control socket in this directory.
pub fn control_client(directory: &Path) -> reqwest::Client {
    voicedrive_relay::testing::crypto::install();
    let socket = directory.join("control.sock");
    let client = reqwest::Client::builder().unix_socket(socket);
    client.build().unwrap()
}

/// Who does something of which it does not matter who does it.
pub fn somebody() -> Actor {
    Actor::user("somebody", None)
}

/// A moment that every test may call now.
pub fn noon() -> Timestamp {
    Timestamp::parse("2025-10-26T12:00:00.000Z").unwrap()
}

/// A fake VoiceDrive that verifies signatures and answers as it is told.
pub struct Partner {
    receiver: Receiver,
    state: Arc<PartnerState>,
}

#[derive(Default)]
struct PartnerState {
    received: Mutex<Vec<ReceivedWebhook>>,
    answers: Mutex<VecDeque<ScriptedAnswer>>,
    always: Mutex<Option<ScriptedAnswer>>,
    arrived: Notify,
}

impl Partner {
    pub async fn start(clock: Clock) -> Self {
        Self::start_at(([127, 0, 0, 1], 0).into(), clock).await
    }

    pub async fn start_at(address: SocketAddr, clock: Clock) -> Self {
        let profile = Profile::built_in("medical-system").unwrap();
        Self::judging(address, profile, webhook_secrets(), clock).await
    }

    /// One that expects another profile, signed with the secret of this name.
    pub async fn expecting(profile: &str, secret: &str) -> Self {
        let profile = Profile::built_in(profile).unwrap();
        let secret = environment().secret(secret).unwrap();
        let address = ([127, 0, 0, 1], 0).into();
        Self::judging(
            address,
            profile,
            secret.into_iter().collect(),
            Clock::System,
        )
        .await
    }

    async fn judging(
        address: SocketAddr,
        profile: Profile,
        secrets: Vec<Secret>,
        clock: Clock,
    ) -> Self {
        let state = Arc::new(PartnerState::default());
        let judge = Verifier {
            profile,
            secrets,
            clock,
        };
        let script = {
            let state = Arc::clone(&state);
            Arc::new(move |received: &ReceivedWebhook| state.answer(received))
        };
        let receiver = Receiver::start(address, judge, script).await.unwrap();
        Self { receiver, state }
    }

    /// The next webhooks get these answers; after them, good ones are taken.
    pub fn will_answer(&self, answers: impl IntoIterator<Item = ScriptedAnswer>) {
        self.state.answers.lock().unwrap().extend(answers);
    }

    /// Every webhook gets this answer from now on; none: good ones are taken.
    pub fn always_answers(&self, answer: Option<ScriptedAnswer>) {
        *self.state.always.lock().unwrap() = answer;
    }

    pub fn url(&self) -> String {
        format!("http://{}/webhook", self.receiver.address())
    }

    /// Everything that arrived so far.
    pub fn received(&self) -> Vec<ReceivedWebhook> {
        self.state.received.lock().unwrap().clone()
    }

    /// Waits until `enough` of what arrived is true, and answers all of it.
    pub async fn wait_until(
        &self,
        enough: impl Fn(&[ReceivedWebhook]) -> bool,
    ) -> Vec<ReceivedWebhook> {
        let waiting = async {
            loop {
                let arrived = self.state.arrived.notified();
                let received = self.received();
                if enough(&received) {
                    return received;
                }
                arrived.await;
            }
        };
        tokio::time::timeout(PATIENCE, waiting)
            .await
            .unwrap_or_else(|_| panic!("only {} webhooks arrived", self.received().len()))
    }
}

impl PartnerState {
    fn answer(&self, received: &ReceivedWebhook) -> ScriptedAnswer {
        self.received.lock().unwrap().push(received.clone());
        self.arrived.notify_waiters();
        let next = self.answers.lock().unwrap().pop_front();
        next.or_else(|| self.always.lock().unwrap().clone())
            .unwrap_or_else(|| received.default_answer())
    }
}

pub fn status(code: u16) -> ScriptedAnswer {
    ScriptedAnswer::json(StatusCode::from_u16(code).unwrap(), "{}")
}

/// A configuration as an admin writes it. `more` stands at the end of `[delivery]`; what it says
/// under `[storage]` and then `[server]`, which must come last, joins the other lines there.
pub fn configuration(directory: &Path, url: &str, more: &str) -> String {
    let (language, more) = match more.strip_prefix("language = \"ja\"\n") {
        Some(more) => ("ja", more),
        None => ("en", more),
    };
    let (more, server) = more.split_once("[server]\n").unwrap_or((more, ""));
    let (more, storage) = more.split_once("[storage]\n").unwrap_or((more, ""));
    format!(
        "language = \"{language}\"\n\
         [server]\nlisten = \"127.0.0.1:0\"\n{server}\n\
         [storage]\ndirectory = {}\n{storage}\
         [delivery]\nurl = \"{url}\"\n{more}\n",
        json!(directory)
    )
}

pub fn settings(directory: &Path, url: &str, more: &str) -> Loaded {
    let text = configuration(directory, url, more);
    config::read(&text, Path::new("config.toml"), &environment())
        .unwrap_or_else(|mistakes| panic!("{mistakes}"))
}

/// A token with these scopes that is good at `now`.
pub fn token(scopes: &[Scope], now: Timestamp) -> String {
    token_signed_with(JWT_SECRET, scopes, now)
}

/// The same, signed with another key than the relay's.
pub fn token_signed_with(key: &str, scopes: &[Scope], now: Timestamp) -> String {
    voicedrive_relay::testing::crypto::install();
    let keys = Keys::new(Some(key.as_bytes()), None, []);
    keys.issue("test", scopes, now.unix_seconds(), 1)
        .unwrap()
        .token
}

/// A whole relay inside the test.
pub struct TestRelay {
    relay: Relay,
    pub clock: Clock,
    pub directory: Arc<TempDir>,
    client: reqwest::Client,
}

/// An answer of the API.
#[derive(Debug)]
pub struct ApiAnswer {
    pub status: u16,
    pub headers: reqwest::header::HeaderMap,
    pub body: Value,
}

impl ApiAnswer {
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |v| v.to_str().unwrap())
    }

    /// The error's code and message; both empty for a success.
    pub fn error(&self) -> (&str, &str) {
        let of = |name: &str| self.body["error"][name].as_str().unwrap_or_default();
        (of("code"), of("message"))
    }

    pub fn data(&self) -> &Value {
        assert_eq!(self.body["success"], true, "{:?}", self.body);
        &self.body["data"]
    }
}

impl TestRelay {
    pub async fn start(url: &str) -> Self {
        Self::start_with(url, "", Clock::System).await
    }

    pub async fn start_with(url: &str, more: &str, clock: Clock) -> Self {
        let directory = Arc::new(tempfile::tempdir().unwrap());
        Self::start_in(directory, url, more, clock).await
    }

    pub async fn start_in(directory: Arc<TempDir>, url: &str, more: &str, clock: Clock) -> Self {
        let settings = settings(directory.path(), url, more);
        let socket = control_socket(directory.path());
        let relay = Relay::start(&settings, &socket, clock.clone())
            .await
            .unwrap();
        Self {
            client: client(),
            relay,
            clock,
            directory,
        }
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.relay.address())
    }

    pub fn address(&self) -> SocketAddr {
        self.relay.address()
    }

    pub fn tls_address(&self) -> Option<SocketAddr> {
        self.relay.tls_address()
    }

    pub async fn call(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<reqwest::Body>,
    ) -> ApiAnswer {
        let asked = method.clone();
        let mut request = self.client.request(method, self.url(path)).body(body);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = request.send().await.unwrap();
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let text = response.text().await.unwrap();
        described::examine(&asked, path, status, &text);
        ApiAnswer {
            status,
            headers,
            body: serde_json::from_str(&text).unwrap_or(Value::String(text)),
        }
    }

    /// An admin's token, fresh by the relay's clock.
    fn bearer(&self) -> String {
        format!("Bearer {}", token(&[Scope::Admin], self.clock.now()))
    }

    /// As an admin: posts JSON.
    pub async fn post(&self, path: &str, body: impl Into<reqwest::Body>) -> ApiAnswer {
        self.post_with(path, &[("content-type", "application/json")], body)
            .await
    }

    /// As an admin, with these headers.
    pub async fn post_with(
        &self,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<reqwest::Body>,
    ) -> ApiAnswer {
        let bearer = self.bearer();
        let headers = [&[("authorization", bearer.as_str())], headers].concat();
        self.call(Method::POST, path, &headers, body).await
    }

    /// As an admin: asks.
    pub async fn get(&self, path: &str) -> ApiAnswer {
        let bearer = self.bearer();
        self.call(Method::GET, path, &[("authorization", &bearer)], "")
            .await
    }

    /// Hands in an event of a person of whom there is no other, and answers its id.
    pub async fn accept(&self, event: &str) -> String {
        static PERSONS: AtomicU64 = AtomicU64::new(1);
        let person = PERSONS.fetch_add(1, Ordering::Relaxed);
        self.accept_of(&format!("EMP-{person}"), event).await
    }

    /// Hands in an event of this person and answers its id.
    pub async fn accept_of(&self, staff_id: &str, event: &str) -> String {
        let body = json!({"event": event, "data": {"staffId": staff_id, "fullName": "山田 太郎"}});
        let answer = self.post("/api/events", body.to_string()).await;
        assert_eq!(answer.status, 202, "{:?}", answer.body);
        answer.data()["id"].as_str().unwrap().to_owned()
    }

    /// Asks for an event until it has this status.
    pub async fn wait_for_status(&self, id: &str, status: &str) -> Value {
        let path = format!("/api/events/{id}");
        self.get_until(&path, |event| event["status"] == status)
            .await
    }

    /// Asks until what is answered is as wanted.
    pub async fn get_until(&self, path: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        let deadline = tokio::time::Instant::now() + PATIENCE;
        loop {
            let data = self.get(path).await.data().clone();
            if wanted(&data) {
                return data;
            }
            let in_time = tokio::time::Instant::now() < deadline;
            assert!(in_time, "{path} was never so: {data}");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// Goes on with another configuration.
    pub async fn reload(&mut self, url: &str, more: &str) {
        let settings = settings(self.directory.path(), url, more);
        self.relay.reload(&settings).await.unwrap();
    }

    pub async fn stop(self) -> Arc<TempDir> {
        self.relay.stop(&[]).await.unwrap();
        self.directory
    }
}

/// A store and a dispatcher whose clock the test sets: time passes only when it says so.
pub struct Bench {
    pub store: Store,
    pub dispatcher: Dispatcher,
    /// The dispatcher's.
    pub route: Route,
    /// To the dispatcher.
    pub handoff: Handoff,
    /// What holds for every attempt.
    pub rules: watch::Sender<DeliveryRules>,
    pub clock: Clock,
    pub partner: Partner,
    directory: TempDir,
}

impl Bench {
    pub async fn new(intervals: &[u64], timeout: Duration) -> Self {
        let clock = Clock::manual(noon());
        let partner = Partner::start(clock.clone()).await;
        let directory = tempfile::tempdir().unwrap();
        let policy = RetryPolicy::new(intervals.iter().copied().map(Duration::from_secs).collect());
        let (rules, _) = watch::channel(DeliveryRules {
            policy,
            thresholds: Thresholds::default(),
            automatic_recovery: false,
        });
        Self::assembled(clock, partner, directory, rules, timeout)
    }

    /// The same after a restart; the store must have been closed.
    pub fn restarted(self) -> Self {
        let timeout = Duration::from_secs(5);
        Self::assembled(
            self.clock,
            self.partner,
            self.directory,
            self.rules,
            timeout,
        )
    }

    /// The same after a crash: with what lay on the disk at this moment.
    pub fn crashed(self) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let (live, new) = (self.directory().join("live"), directory.path().join("live"));
        std::fs::create_dir(&new).unwrap();
        for name in ["relay.db", "relay.db-wal"] {
            std::fs::copy(live.join(name), new.join(name)).unwrap();
        }
        let timeout = Duration::from_secs(5);
        Self::assembled(self.clock, self.partner, directory, self.rules, timeout)
    }

    fn assembled(
        clock: Clock,
        partner: Partner,
        directory: TempDir,
        rules: watch::Sender<DeliveryRules>,
        timeout: Duration,
    ) -> Self {
        let store = Store::open(directory.path(), clock.moment()).unwrap();
        let route = Route {
            name: route::DEFAULT.to_owned(),
            url: partner.url().parse().unwrap(),
            profile: Profile::built_in("medical-system").unwrap(),
            allow_http: false,
            secrets: webhook_secrets(),
            bearer: None,
            headers: Vec::new(),
            timeout,
            concurrency: 8,
            max_per_second: None,
            max_body_bytes: None,
            order: Order::Staff,
            counted_by_voicedrive: true,
            proxies: Proxies::default(),
        };
        let context = Context {
            store: store.clone(),
            clock: clock.clone(),
            rules: rules.subscribe(),
            observations: Observations::default(),
            under_way: UnderWay::default(),
            commands: CommandLine::default(),
        };
        let (way, inbox) = mailbox();
        let handoff = Handoff::default();
        handoff.install(&route.name, way);
        let dispatcher = Dispatcher::new(route.clone(), context, inbox).unwrap();
        Self {
            store,
            dispatcher,
            route,
            handoff,
            rules,
            clock,
            partner,
            directory,
        }
    }

    pub fn directory(&self) -> &Path {
        self.directory.path()
    }
}

/// Waits until something is so, and looks every few milliseconds.
pub async fn eventually(what: &str, mut is_so: impl FnMut() -> bool) {
    let waiting = async {
        while !is_so() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(PATIENCE, waiting)
        .await
        .unwrap_or_else(|_| panic!("it was never so: {what}"));
}

/// The program itself.
pub fn binary() -> PathBuf {
    PathBuf::from(env!("CARGO_BIN_EXE_voicedrive-relay"))
}
