//! The admin is told once when it begins, now and then while it lasts, and once when it is over.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use voicedrive_relay::testing::alerts::notifier::Notifier;
use voicedrive_relay::testing::alerts::{AlertConfig, Evaluator, Sources};
use voicedrive_relay::testing::config::{Channel, Environment, Hook, Way};
use voicedrive_relay::testing::delivery::proxy::Proxies;
use voicedrive_relay::testing::delivery::route::Route;
use voicedrive_relay::testing::incident::Thresholds;
use voicedrive_relay::testing::language::{Language, Locale};
use voicedrive_relay::testing::notification::advice::AdviceContext;
use voicedrive_relay::testing::observations::Observations;
use voicedrive_relay::testing::token::Scope;
use voicedrive_relay::testing::upkeep::backup::BackupFile;
use voicedrive_relay::testing::upkeep::file_watch::FileWatch;

use crate::commands::Daemon;
use crate::harness::{
    API_TOKEN, Bench, Clock, JWT_SECRET, Partner, TestRelay, WEBHOOK_SECRET, client, noon, status,
    token,
};

/// The longest that a test waits for something that must happen.
const PATIENCE: Duration = Duration::from_mins(1);

/// Somebody who takes whatever is sent, or refuses it.
pub struct Sink {
    url: String,
    state: Arc<SinkState>,
}

#[derive(Default)]
struct SinkState {
    /// Request line and body of each request.
    taken: Mutex<Vec<(String, String)>>,
    refuses: Mutex<bool>,
    arrived: Notify,
}

impl Sink {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!(
            "http://{}/hook/very-secret-path",
            listener.local_addr().unwrap()
        );
        let state = Arc::new(SinkState::default());
        let shared = Arc::clone(&state);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(take(stream, Arc::clone(&shared)));
            }
        });
        Self { url, state }
    }

    pub fn url(&self) -> &str {
        &self.url
    }

    pub fn refuse(&self, refuses: bool) {
        *self.state.refuses.lock().unwrap() = refuses;
    }

    pub fn taken(&self) -> Vec<(String, String)> {
        self.state.taken.lock().unwrap().clone()
    }

    /// The messages that arrived, as JSON.
    fn messages(&self) -> Vec<Value> {
        let taken = self.taken().into_iter();
        taken
            .map(|(_, body)| serde_json::from_str(&body).unwrap())
            .collect()
    }

    pub async fn wait_until(&self, enough: impl Fn(&[Value]) -> bool) -> Vec<Value> {
        let waiting = async {
            loop {
                let arrived = self.state.arrived.notified();
                let messages = self.messages();
                if enough(&messages) {
                    return messages;
                }
                arrived.await;
            }
        };
        let waited = tokio::time::timeout(PATIENCE, waiting).await;
        waited.unwrap_or_else(|_| panic!("only {:#?} arrived", self.messages()))
    }
}

/// Reads one request and answers it.
async fn take(mut stream: TcpStream, state: Arc<SinkState>) {
    let mut bytes = Vec::new();
    let (head, body) = loop {
        let mut chunk = [0; 4096];
        let read = stream.read(&mut chunk).await.unwrap_or(0);
        if read == 0 {
            return;
        }
        bytes.extend_from_slice(&chunk[..read]);
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let Some((head, body)) = text.split_once("\r\n\r\n") else {
            continue;
        };
        let length = head.lines().find_map(|line| {
            let (name, value) = line.split_once(':')?;
            let is_length = name.eq_ignore_ascii_case("content-length");
            is_length.then(|| value.trim().parse::<usize>().unwrap())
        });
        if body.len() >= length.unwrap_or(0) {
            break (head.to_owned(), body.to_owned());
        }
    };
    let refuses = *state.refuses.lock().unwrap();
    if !refuses {
        let line = head.lines().next().unwrap_or_default().to_owned();
        state.taken.lock().unwrap().push((line, body));
        state.arrived.notify_waiters();
    }
    let status = if refuses { "503 Busy" } else { "200 OK" };
    let answer = format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
    let _ = stream.write_all(answer.as_bytes()).await;
}

fn hook(url: &str) -> Hook {
    let environment = Environment::from([("URL", url)]);
    let url = environment.secret("URL").unwrap().unwrap();
    let proxies = Proxies::default();
    Hook { url, proxies }
}

fn watching(
    bench: &Bench,
    observations: &Observations,
    rules: &AlertConfig,
    routes: Vec<Route>,
) -> Evaluator {
    let (store, clock) = (bench.store.clone(), bench.clock.clone());
    let watched = Sources {
        backup: BackupFile::new(store.clone(), clock.clone(), bench.directory()),
        store,
        clock,
        observations: observations.clone(),
        liveness: vec![bench.dispatcher.liveness()],
        routes,
        pair: None,
    };
    Evaluator::new(watched, rules.clone())
}

fn rules() -> AlertConfig {
    AlertConfig {
        thresholds: Thresholds {
            // The disk of this machine is not what is tested.
            disk_free_percent: 0,
            disk_free_mib: 0,
            ..Thresholds::default()
        },
        digests: [15, 60, 240].map(Duration::from_mins).to_vec(),
        automatic_recovery: false,
        retention_days: 90,
        heartbeat: None,
    }
}

/// A watch and a notifier over a bench: everything moves when it is told to.
pub struct Night {
    pub bench: Bench,
    observations: Observations,
    rules: AlertConfig,
    watch: Evaluator,
    notifier: Notifier,
    sink: Sink,
}

impl Night {
    pub async fn begin(language: Language, heartbeat: Option<&Sink>) -> Self {
        let bench = Bench::new(&[60], Duration::from_secs(5)).await;
        let heartbeat = heartbeat.map(|sink| hook(&sink.url));
        let rules = AlertConfig {
            heartbeat,
            ..rules()
        };
        Self::over(bench, Sink::start().await, language, rules).await
    }

    /// One over this bench. With `automatic_recovery`, what an outage leaves behind needs no person.
    pub async fn of(bench: Bench, automatic_recovery: bool) -> Self {
        let rules = AlertConfig {
            automatic_recovery,
            ..rules()
        };
        Self::over(bench, Sink::start().await, Language::En, rules).await
    }

    /// The same after a restart, in this language and without a heartbeat.
    pub async fn restarted(self, language: Language) -> Self {
        let Self {
            bench, sink, rules, ..
        } = self;
        let rules = AlertConfig {
            heartbeat: None,
            ..rules
        };
        bench.store.clone().close(bench.clock.moment()).await;
        Self::over(bench.restarted(), sink, language, rules).await
    }

    /// The same after a reload that changed something of its rules.
    pub fn reloaded(mut self) -> Self {
        self.watch = self.watching(vec![self.bench.route.clone()]);
        self
    }

    async fn over(bench: Bench, sink: Sink, language: Language, rules: AlertConfig) -> Self {
        let observations = Observations::default();
        let (store, clock) = (bench.store.clone(), bench.clock.clone());
        let routes = vec![bench.route.clone()];
        let channel = Channel {
            name: "webhook 1".to_owned(),
            place: "clinic".to_owned(),
            way: Way::Webhook(hook(&sink.url)),
        };
        let timezone = voicedrive_relay::testing::zone::Zone::TOKYO;
        let locale = Locale { language, timezone };
        let advice = AdviceContext::default();
        let mut notifier = Notifier::new(channel, locale, advice, store, clock);
        notifier.step().await;
        Self {
            watch: watching(&bench, &observations, &rules, routes),
            notifier,
            rules,
            observations,
            bench,
            sink,
        }
    }

    /// Another watch, over these routes.
    fn watching(&self, routes: Vec<Route>) -> Evaluator {
        watching(&self.bench, &self.observations, &self.rules, routes)
    }

    /// A minute passes. What is found in it is told ten seconds later.
    pub async fn minute(&mut self) {
        self.bench.clock.advance(Duration::from_secs(50));
        self.watch.step().await;
        self.bench.clock.advance(Duration::from_secs(10));
        self.notifier.step().await;
    }

    /// What was told, as JSON, in order.
    pub fn messages(&self) -> Vec<Value> {
        self.sink.messages()
    }

    /// Kind, state and count of what was told, in order.
    fn told(&self) -> Vec<(String, String, u64)> {
        let messages = self.sink.messages();
        let word = |message: &Value, name: &str| message[name].as_str().unwrap().to_owned();
        messages
            .iter()
            .map(|m| {
                (
                    word(m, "kind"),
                    word(m, "state"),
                    m["count"].as_u64().unwrap(),
                )
            })
            .collect()
    }
}

fn told(kind: &str, state: &str, count: u64) -> (String, String, u64) {
    (kind.to_owned(), state.to_owned(), count)
}

#[tokio::test]
async fn an_outage_is_one_beginning_digests_and_one_end_with_the_right_numbers() {
    let mut night = Night::begin(Language::Ja, None).await;
    night.bench.partner.always_answers(Some(status(503)));
    let mut ids = Vec::new();
    for _ in 0..500 {
        ids.push(night.bench.accept("employee.created").await);
    }
    night.bench.dispatcher.step().await;
    night.bench.clock.advance(Duration::from_mins(1));
    assert_eq!(night.bench.dispatcher.step().await, 500);
    for _ in 0..90 {
        night.minute().await;
    }
    let exhausted: Vec<_> = night
        .told()
        .into_iter()
        .filter(|m| m.0 == "deliveries_exhausted")
        .collect();
    assert_eq!(
        exhausted,
        [
            // It was told at once, with the first one.
            told("deliveries_exhausted", "opened", 500),
            told("deliveries_exhausted", "ongoing", 500),
            told("deliveries_exhausted", "ongoing", 500),
        ]
    );
    let text = night
        .sink
        .messages()
        .iter()
        .map(|m| m["text"].as_str().unwrap().to_owned())
        .collect::<Vec<_>>()
        .join("\n");
    assert!(
        text.contains("500 件のイベントを VoiceDrive に届けられず") && text.contains("(HTTP 503)"),
        "{text}"
    );
    assert!(text.contains("VoiceDrive 側で障害"), "{text}");
    assert!(
        text.contains("voicedrive-relay resend --status exhausted"),
        "{text}"
    );
    night.bench.partner.always_answers(None);
    for id in &ids {
        night.bench.resend(id).await;
    }
    assert_eq!(night.bench.dispatcher.step().await, 500);
    for _ in 0..70 {
        night.minute().await;
    }
    let all = night.told();
    assert!(
        all.contains(&told("deliveries_exhausted", "resolved", 500)),
        "{all:?}"
    );
    let mut ends = BTreeMap::new();
    for (kind, state, _) in &all {
        if state != "ongoing" {
            *ends.entry((kind.clone(), state.clone())).or_insert(0) += 1;
        }
    }
    assert!(ends.values().all(|times| *times == 1), "{ends:?}");
    let last = night
        .sink
        .messages()
        .into_iter()
        .find(|m| m["kind"] == "deliveries_exhausted" && m["state"] == "resolved")
        .unwrap();
    let text = last["text"].as_str().unwrap();
    assert!(
        text.contains("500 件のうち 500 件はその後送信できました"),
        "{text}"
    );
}

#[tokio::test]
async fn a_channel_that_is_dead_delays_a_message_and_loses_none() {
    let mut night = Night::begin(Language::En, None).await;
    for _ in 0..11 {
        night
            .observations
            .login_failed(night.bench.clock.monotonic());
    }
    night.sink.refuse(true);
    for _ in 0..30 {
        night.minute().await;
    }
    assert_eq!(night.told(), []);
    night.sink.refuse(false);
    for _ in 0..60 {
        night.minute().await;
    }
    // The digest that was due in the meantime says the newest; an hour later it is calm.
    assert_eq!(
        night.told(),
        [
            told("logins_failing", "opened", 11),
            told("logins_failing", "ongoing", 11),
            told("logins_failing", "resolved", 11),
        ]
    );
}

#[tokio::test]
async fn a_clock_that_is_set_delays_and_repeats_no_message() {
    let day = Duration::from_hours(24);
    for (first, second) in [
        (noon().before(day), noon().after(day)),
        (noon().after(day), noon().before(day)),
    ] {
        let mut night = Night::begin(Language::En, None).await;
        for _ in 0..11 {
            night
                .observations
                .login_failed(night.bench.clock.monotonic());
        }
        // A channel that fails is tried again after a while, however late it is.
        night.sink.refuse(true);
        night.minute().await;
        night.bench.clock.set(first);
        night.sink.refuse(false);
        night.minute().await;
        let opened = told("logins_failing", "opened", 11);
        assert_eq!(night.told(), std::slice::from_ref(&opened));
        // The digest comes after its quarter of an hour, and the end when it is calm.
        for _ in 0..13 {
            night.minute().await;
        }
        assert_eq!(night.told().len(), 1);
        night.bench.clock.set(second);
        night.minute().await;
        let ongoing = told("logins_failing", "ongoing", 11);
        assert_eq!(night.told(), [opened.clone(), ongoing.clone()]);
        for _ in 0..50 {
            night.minute().await;
        }
        let resolved = told("logins_failing", "resolved", 11);
        assert_eq!(night.told(), [opened, ongoing, resolved]);
    }
}

#[tokio::test]
async fn a_receiver_that_hangs_delays_no_heartbeat() {
    let switch = Sink::start().await;
    let hangs = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut night = Night::begin(Language::En, Some(&switch)).await;
    night.bench.dispatcher.step().await;
    let mut route = night.bench.route.clone();
    route.url = format!("https://{}/", hangs.local_addr().unwrap())
        .parse()
        .unwrap();
    route.timeout = PATIENCE * 2;
    let mut watch = night.watching(vec![route]);
    tokio::time::timeout(PATIENCE, watch.step()).await.unwrap();
    assert_eq!(switch.taken().len(), 1);
}

#[tokio::test]
async fn a_heartbeat_that_nobody_takes_is_known_until_somebody_does() {
    let switch = Sink::start().await;
    let mut night = Night::begin(Language::En, Some(&switch)).await;
    night.bench.dispatcher.step().await;
    switch.refuse(true);
    night.watch.step().await;
    let why = night.observations.heartbeat_objection().unwrap();
    assert!(why.contains("HTTP"), "{why}");
    switch.refuse(false);
    night.watch.step().await;
    assert_eq!(night.observations.heartbeat_objection(), None);
}

#[tokio::test]
async fn a_clock_far_from_the_time_that_passed_is_told_until_it_is_set_right() {
    let day = Duration::from_hours(24);
    for (wrong, off) in [
        (noon().after(day * 8), "8 days ahead of"),
        (noon().before(day * 4000), "4000 days behind"),
    ] {
        let mut night = Night::begin(Language::En, None).await;
        let right = night.bench.clock.now();
        night.bench.clock.set(wrong);
        night.minute().await;
        let told = night.messages().remove(0);
        assert_eq!(
            (&told["kind"], &told["state"]),
            (&json!("clock_off"), &json!("opened"))
        );
        let text = told["text"].as_str().unwrap();
        assert!(text.contains(off) && text.contains("timedatectl"), "{text}");
        night.bench.clock.set(right.after(Duration::from_mins(1)));
        for _ in 0..7 {
            night.minute().await;
        }
        let told = night.messages();
        assert_eq!(told.len(), 2, "{told:?}");
        assert_eq!(told[1]["state"], "resolved");
    }
}

#[tokio::test]
async fn a_refusal_is_told_with_its_likely_cause_and_the_clock_too() {
    let mut night = Night::begin(Language::En, None).await;
    night.bench.partner.will_answer([status(400)]);
    night.bench.accept("employee.created").await;
    night.bench.dispatcher.step().await;
    night.observations.clock_seen("default", 61);
    night.minute().await;
    assert_eq!(
        night.told(),
        [
            told("partner_refuses", "opened", 1),
            told("clock_off", "opened", 61)
        ]
    );
    let messages = night.sink.messages();
    let text = messages[0]["text"].as_str().unwrap();
    assert!(
        text.contains("(HTTP 400)") && text.contains("does not take this event"),
        "{text}"
    );
    // The retry succeeds: nobody has to do anything any more.
    night.bench.clock.advance(Duration::from_mins(1));
    night.bench.dispatcher.step().await;
    night.minute().await;
    assert_eq!(night.told()[2], told("partner_refuses", "resolved", 1));
}

#[tokio::test]
async fn a_database_that_is_gone_is_told_with_the_copy_and_so_is_its_return() {
    for language in [Language::Ja, Language::En] {
        let mut night = Night::begin(language, None).await;
        let (store, clock) = (night.bench.store.clone(), night.bench.clock.clone());
        let mut keeper = FileWatch::new(store.clone(), clock);
        let live = night.bench.directory().join("live");
        let aside = night.bench.directory().join("aside");
        std::fs::rename(&live, &aside).unwrap();
        keeper.step().await;
        let rescued = store.file().rescued().unwrap();
        night.minute().await;
        assert_eq!(night.told(), [told("database_damaged", "opened", 0)]);
        let message = night.sink.messages().remove(0);
        let restore = format!("voicedrive-relay restore {}", rescued.display());
        assert_eq!(message["actions"][1], restore);
        let text = message["text"].as_str().unwrap();
        assert!(text.contains(&format!("sudo {restore}")), "{text}");
        std::fs::rename(&aside, &live).unwrap();
        keeper.step().await;
        for _ in 0..7 {
            night.minute().await;
        }
        let over = told("database_damaged", "resolved", 0);
        assert_eq!(night.told().last(), Some(&over));
    }
}

#[tokio::test]
async fn the_dead_mans_switch_is_called_while_everything_moves() {
    let switch = Sink::start().await;
    let mut night = Night::begin(Language::En, Some(&switch)).await;
    night.bench.dispatcher.step().await;
    night.watch.step().await;
    assert_eq!(switch.taken()[0].0, "GET /hook/very-secret-path HTTP/1.1");
    // A dispatcher that does not come back: somebody else notices the silence.
    night.bench.clock.advance(Duration::from_hours(1));
    night.watch.step().await;
    assert_eq!(switch.taken().len(), 1);
}

#[tokio::test]
async fn a_kill_in_the_middle_of_an_outage_changes_no_number_and_nothing_private_is_told() {
    let directory = TempDir::new().unwrap();
    let partner = Partner::start(Clock::System).await;
    partner.always_answers(Some(status(500)));
    let sink = Sink::start().await;
    std::fs::write(
        directory.path().join("secrets.env"),
        format!(
            "ALERT_URL={}\nVOICEDRIVE_WEBHOOK_SECRET={WEBHOOK_SECRET}\nRELAY_JWT_SECRET={JWT_SECRET}\n",
            sink.url
        ),
    )
    .unwrap();
    let more = "concurrency = 64\n[retry]\nintervals_seconds = [1]\n\
                [[alerts.channel]]\nkind = \"webhook\"\nurl = \"ALERT_URL\"\n\
                [[alerts.channel]]\nkind = \"slack\"\nurl = \"ALERT_URL\"\n";
    let mut daemon = Daemon::start(directory.path(), &partner.url(), more).await;
    let bearer = token(&[Scope::EventsWrite], Clock::System.now());
    // Events of one person would wait for each other.
    let event = |n: usize| {
        json!({"event": "employee.created", "staffId": format!("EMP-2025-{n:03}"),
               "data": {"fullName": "山田 太郎", "phone": "090-0000-0000"}})
    };
    let batch = client()
        .post(format!("{}/api/events/batch", daemon.url))
        .bearer_auth(&bearer)
        .header("content-type", "application/json")
        .body(json!((0..500).map(event).collect::<Vec<_>>()).to_string());
    assert_eq!(batch.send().await.unwrap().status(), 202);
    let exhausted = async |daemon: &Daemon, events: u64| {
        let enough = |status: &Value| status["events"]["exhausted"].as_u64() >= Some(events);
        daemon.until(&["status"], enough).await;
    };
    exhausted(&daemon, 50).await;
    daemon.kill().await;
    daemon = Daemon::start(directory.path(), &partner.url(), more).await;
    exhausted(&daemon, 500).await;
    partner.always_answers(None);
    let resent = daemon.json(&["resend", "--status", "exhausted"]).await;
    assert_eq!(resent["matched"], 500);
    let is = |message: &Value, state: &str| {
        message["kind"] == "deliveries_exhausted" && message["state"] == state
    };
    let is_slacks = |message: &Value| message["text"].is_string() && message["kind"].is_null();
    let messages = sink
        .wait_until(|all| all.iter().any(|m| is(m, "resolved")) && all.iter().any(is_slacks))
        .await;
    let opened: Vec<_> = messages.iter().filter(|m| is(m, "opened")).collect();
    let resolved: Vec<_> = messages.iter().filter(|m| is(m, "resolved")).collect();
    assert_eq!(resolved.len(), 1);
    assert_eq!(resolved[0]["count"], 500, "{messages:#?}");
    // After a kill a message may be told again; it is the same message then.
    assert!(
        opened
            .iter()
            .all(|m| m["incidentId"] == resolved[0]["incidentId"])
    );
    assert!(!opened.is_empty());
    let incidents = daemon.json(&["alert", "history"]).await;
    let of_kind = incidents["items"].as_array().unwrap().iter();
    let of_kind: Vec<_> = of_kind
        .filter(|i| i["kind"] == "deliveries_exhausted")
        .collect();
    assert_eq!(of_kind.len(), 1);
    assert_eq!(
        (&of_kind[0]["count"], &of_kind[0]["delivered"]),
        (&json!(500), &json!(500))
    );
    for (_, body) in sink.taken() {
        let private = [
            "山田",
            "090-0000",
            "EMP-2025",
            "very-secret-path",
            WEBHOOK_SECRET,
            JWT_SECRET,
            API_TOKEN,
        ];
        for word in private {
            assert!(!body.contains(word), "{word} in {body}");
        }
    }
    daemon.kill().await;
}

#[tokio::test]
async fn channels_are_tested_and_what_needs_nobody_is_dismissed() {
    let directory = TempDir::new().unwrap();
    let partner = Partner::start(Clock::System).await;
    partner.always_answers(Some(status(404)));
    let sink = Sink::start().await;
    let secrets = format!(
        "ALERT_URL={}\nDEAD_URL=http://127.0.0.1:9/secret\nVOICEDRIVE_WEBHOOK_SECRET={WEBHOOK_SECRET}\n",
        sink.url
    );
    std::fs::write(directory.path().join("secrets.env"), secrets).unwrap();
    let more = "[retry]\nintervals_seconds = [1]\n\
                [[alerts.channel]]\nkind = \"webhook\"\nurl = \"ALERT_URL\"\n\
                [[alerts.channel]]\nkind = \"slack\"\nurl = \"DEAD_URL\"\n";
    let daemon = Daemon::start(directory.path(), &partner.url(), more).await;
    let tested = daemon.run(&["alert", "test"]).await;
    let told = String::from_utf8_lossy(&tested.stdout).into_owned();
    assert_eq!(tested.status.code(), Some(1));
    assert!(told.contains("webhook 1: sent"), "{told}");
    assert!(
        told.contains("slack 2: the connection was refused"),
        "{told}"
    );
    assert!(!told.contains("secret"), "{told}");
    assert_eq!(sink.messages()[0]["state"], "test");
    let waited = daemon.run(&["send", "a.b", "--wait"]).await;
    let told = String::from_utf8_lossy(&waited.stdout).into_owned();
    assert!(told.contains("there is no receiver at this URL"), "{told}");
    let open = daemon.json(&["alert", "history", "--open"]).await;
    let open = open["items"].as_array().unwrap();
    assert_eq!(open.len(), 2, "{open:#?}");
    let page = daemon.run(&["status"]).await;
    let page = String::from_utf8_lossy(&page.stdout).into_owned();
    assert!(page.contains("look at: 1 event did not arrive"), "{page}");
    // The event is dismissed with the first of them, so the other waits for nothing any more either.
    let id = open[0]["incidentId"].as_str().unwrap();
    for code in [0, 1] {
        let dismissed = daemon.run(&["alert", "dismiss", id]).await;
        assert_eq!(dismissed.status.code(), Some(code), "{dismissed:?}");
    }
    let left = daemon.json(&["alert", "history", "--open"]).await;
    assert_eq!(left["items"], json!([]));
    let history = daemon.run(&["alert", "history"]).await;
    let history = String::from_utf8_lossy(&history.stdout).into_owned();
    assert!(history.contains("dismissed: 1"), "{history}");
    let over = |all: &[Value]| all.iter().filter(|m| m["state"] == "resolved").count() == 2;
    let messages = sink.wait_until(over).await;
    for message in messages.iter().filter(|m| m["state"] == "resolved") {
        let (title, text) = (message["title"].as_str(), message["text"].as_str());
        assert!(title.unwrap().ends_with("was dismissed"), "{message}");
        assert!(!text.unwrap().contains("still need a person"), "{message}");
    }
    daemon.kill().await;
}

#[tokio::test]
async fn incidents_are_listed_page_by_page() {
    let partner = Partner::start(Clock::System).await;
    partner.always_answers(Some(status(403)));
    let more = "[retry]\nintervals_seconds = [1]\n";
    let relay = TestRelay::start_with(&partner.url(), more, Clock::System).await;
    let id = relay.accept("a.b").await;
    relay.wait_for_status(&id, "exhausted").await;
    let first = relay.get("/api/incidents?limit=1").await;
    let items = first.data()["items"].as_array().unwrap();
    assert_eq!((items.len(), &items[0]["oldestEventId"]), (1, &json!(id)));
    let cursor = first.data()["nextCursor"].as_str().unwrap();
    let second = relay
        .get(&format!("/api/incidents?limit=1&cursor={cursor}"))
        .await;
    assert_eq!(second.data()["items"].as_array().unwrap().len(), 1);
    assert_eq!(second.data()["nextCursor"], Value::Null);
    let over = relay.get("/api/incidents?state=resolved").await;
    assert_eq!(over.data()["items"], json!([]));
    for bad in ["state=open", "limit=0", "cursor=x", "page=2"] {
        let refused = relay.get(&format!("/api/incidents?{bad}")).await;
        assert_eq!(refused.error().0, "INVALID_PARAMETER", "{bad}");
    }
}
