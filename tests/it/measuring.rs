//! `/metrics`: who may read it, that its numbers are those of `status`, and that what the package says to watch is there.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use reqwest::Method;
use serde_json::Value;
use voicedrive_relay::testing::token::Scope;

use crate::harness::{
    API_TOKEN, ApiAnswer, Clock, Partner, TestRelay, control_client, eventually, status, token,
};

const PREFIX: &str = "voicedrive_relay_";

fn text(answer: &ApiAnswer) -> &str {
    assert_eq!(answer.status, 200, "{:?}", answer.body);
    answer.body.as_str().unwrap()
}

/// The samples of a scrape by name and labels, each number in its shortest form.
fn samples(text: &str) -> BTreeMap<String, String> {
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    let samples = lines.map(|line| {
        let (name, value) = line.rsplit_once(' ').unwrap();
        let value: f64 = value.parse().unwrap();
        (name.to_owned(), value.to_string())
    });
    samples.collect()
}

async fn scrape(relay: &TestRelay) -> String {
    text(&relay.get("/metrics").await).to_owned()
}

async fn control_status(relay: &TestRelay) -> Value {
    let client = control_client(relay.directory.path());
    let answer = client.get("http://relay/control/status").send().await;
    let answer = answer.unwrap().text().await.unwrap();
    let answer: Value = serde_json::from_str(&answer).unwrap();
    answer["data"].clone()
}

/// A relay with two delivered events, one that was given up and one whose route leads nowhere; its clock is the test's.
async fn busy() -> (TestRelay, Partner) {
    let partner = Partner::start(Clock::System).await;
    partner.will_answer([status(200), status(200), status(503), status(503)]);
    let more = "concurrency = 1\n[retry]\nintervals_seconds = [1]\n\
                [[route]]\nname = \"nowhere\"\nevents = [\"nowhere.*\"]\nurl = \"\"\n";
    let relay = TestRelay::start_with(&partner.url(), more, Clock::System).await;
    for _ in 0..2 {
        let id = relay.accept("measured.event").await;
        relay.wait_for_status(&id, "delivered").await;
    }
    let id = relay.accept("measured.event").await;
    relay.wait_for_status(&id, "exhausted").await;
    relay.accept("nowhere.event").await;
    (relay, partner)
}

#[tokio::test]
async fn the_numbers_are_those_of_status() {
    let (relay, _partner) = busy().await;
    let found = samples(&scrape(&relay).await);
    let of = |name: &str| {
        let value = found.get(&format!("{PREFIX}{name}"));
        value
            .unwrap_or_else(|| panic!("{name}: {found:#?}"))
            .clone()
    };
    let status = control_status(&relay).await;
    for state in [
        "accepted",
        "retrying",
        "delivered",
        "exhausted",
        "dismissed",
    ] {
        let counted = of(&format!("events{{state=\"{state}\"}}"));
        assert_eq!(counted, status["events"][state].to_string(), "{state}");
    }
    for kind in ["pending", "processing", "completed", "failed"] {
        let counted = of(&format!("retry_queue{{status=\"{kind}\"}}"));
        assert_eq!(counted, status["queueStatus"][kind].to_string(), "{kind}");
    }
    assert_eq!(status["events"]["delivered"], 2);
    assert_eq!(
        of("database_bytes"),
        status["database"]["bytes"].to_string()
    );
    assert_eq!(of("deliveries_exhausted{route=\"default\"}"), "1");
    assert_eq!(of("deliveries_waiting{route=\"nowhere\"}"), "1");
    assert_eq!(of("incident_open{kind=\"deliveries_exhausted\"}"), "1");
    assert_eq!(of("incident_open{kind=\"disk_low\"}"), "0");
    assert_eq!(of("events_accepted_total"), "4");
    let attempts = "attempts_total{route=\"default\",outcome=";
    assert_eq!(of(&format!("{attempts}\"success\",cause=\"\"}}")), "2");
    let mut failed = found
        .iter()
        .filter(|(name, _)| name.contains("outcome=\"failed\""));
    assert_eq!(failed.next().map(|(_, count)| count.as_str()), Some("2"));
    assert_eq!(of("attempt_duration_seconds_count{route=\"default\"}"), "4");
    assert_eq!(of("database_trouble"), "0");
    let events = "http_requests_total{endpoint=\"/api/events\",method=\"POST\",code=\"2xx\"}";
    assert_eq!(of(events), "4");
    relay.stop().await;
}

#[tokio::test]
async fn labels_are_words_of_lists_and_no_metric_is_named_twice() {
    let (relay, _partner) = busy().await;
    let nobody = relay.call(Method::GET, "/somewhere/EMP-9", &[], "").await;
    assert_eq!(nobody.status, 404);
    let text = scrape(&relay).await;
    for private in ["measured", "EMP-", "somewhere", "127.0.0.1", "山田"] {
        assert!(!text.contains(private), "{private}: {text}");
    }
    assert!(text.ends_with("# EOF\n"), "{text}");
    let other = "http_requests_total{endpoint=\"other\",method=\"other\",code=\"4xx\"} 1\n";
    assert!(text.contains(other), "{text}");
    let types = text.lines().filter_map(|line| line.strip_prefix("# TYPE "));
    let types: Vec<&str> = types.collect();
    let named: BTreeSet<&&str> = types.iter().collect();
    assert_eq!(types.len(), named.len(), "{types:?}");
    assert!(
        types.iter().all(|line| line.starts_with(PREFIX)),
        "{types:?}"
    );
    relay.stop().await;
}

#[tokio::test]
async fn who_reads_it_shows_a_token_for_statistics_or_comes_by_the_control_socket() {
    let relay = TestRelay::start("").await;
    let now = relay.clock.now();
    let bearer = |scope| format!("Bearer {}", token(&[scope], now));
    let call = async |method: Method, authorization: &str| {
        let headers = [("authorization", authorization)];
        relay.call(method, "/metrics", &headers, "").await
    };
    let answer = relay.call(Method::GET, "/metrics", &[], "").await;
    assert_eq!((answer.status, answer.error().0), (401, "UNAUTHORIZED"));
    let answer = call(Method::GET, &bearer(Scope::EventsRead)).await;
    assert_eq!((answer.status, answer.error().0), (403, "FORBIDDEN"));
    for good in [
        bearer(Scope::StatsRead),
        bearer(Scope::Admin),
        format!("Bearer {API_TOKEN}"),
    ] {
        let answer = call(Method::GET, &good).await;
        assert_eq!(answer.status, 200);
        let media = "application/openmetrics-text; version=1.0.0; charset=utf-8";
        assert_eq!(answer.header("content-type"), media);
        assert_eq!(answer.header("cache-control"), "no-store");
    }
    let answer = call(Method::POST, &bearer(Scope::StatsRead)).await;
    assert_eq!((answer.status, answer.header("allow")), (405, "GET, HEAD"));
    let answer = call(Method::HEAD, &bearer(Scope::StatsRead)).await;
    assert_eq!(
        (answer.status, &answer.body),
        (200, &Value::String(String::new()))
    );
    // The limit of the statistics does not count it.
    for _ in 0..120 {
        assert_eq!(
            call(Method::GET, &bearer(Scope::StatsRead)).await.status,
            200
        );
    }
    let found = samples(&scrape(&relay).await);
    assert_eq!(found[&format!("{PREFIX}logins_failed_total")], "1");
    let client = control_client(relay.directory.path());
    let answer = client.get("http://relay/metrics").send().await.unwrap();
    assert_eq!(answer.status(), 200);
    assert!(answer.text().await.unwrap().ends_with("# EOF\n"));
}

#[tokio::test]
async fn a_scrape_tells_that_the_database_is_in_trouble() {
    let relay = TestRelay::start("").await;
    let live = relay.directory.path().join("live");
    let gone = relay.directory.path().join("gone");
    fs::rename(&live, &gone).unwrap();
    // The daemon looks every second.
    let told = || {
        let client = control_client(relay.directory.path());
        async move {
            let answer = client.get("http://relay/metrics").send().await.unwrap();
            let found = samples(&answer.text().await.unwrap());
            found[&format!("{PREFIX}database_trouble")] == "1"
        }
    };
    let waiting = async {
        while !told().await {
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
    };
    let waited = tokio::time::timeout(std::time::Duration::from_secs(30), waiting).await;
    assert!(waited.is_ok());
}

fn packaged(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("packaging/monitoring");
    fs::read_to_string(path.join(name)).unwrap()
}

/// The metrics that a text names.
fn named(text: &str) -> BTreeSet<String> {
    let rest = text.split(PREFIX).skip(1);
    let names = rest.map(|rest| {
        let is_name = |c: char| c.is_ascii_lowercase() || c == '_';
        let end = rest.find(|c| !is_name(c)).unwrap_or(rest.len());
        format!("{PREFIX}{}", &rest[..end])
    });
    names.collect()
}

#[tokio::test]
async fn every_metric_that_the_dashboard_and_the_rules_name_is_there() {
    let (relay, _partner) = busy().await;
    // A page of statistics, an own certificate and a backup are part of it.
    relay.get("/api/integration/webhook-stats?period=24h").await;
    let backup = relay.directory.path().join("relay-backup.db");
    eventually("the backup is there", || backup.exists()).await;
    // What was read for an earlier scrape is shown for a while.
    let found = samples(&scrape(&relay).await);
    let there: BTreeSet<&str> = found
        .keys()
        .map(|name| name.split('{').next().unwrap())
        .collect();
    // Only receivers with TLS have a certificate, and so has only a relay with TLS.
    let with_tls = [
        "voicedrive_relay_certificate_expiry_timestamp_seconds",
        "voicedrive_relay_own_certificate_expiry_timestamp_seconds",
    ];
    let dashboard: Value = serde_json::from_str(&packaged("grafana-dashboard.json")).unwrap();
    assert!(dashboard["panels"].as_array().unwrap().len() > 10);
    for file in ["grafana-dashboard.json", "prometheus-rules.yml"] {
        let named = named(&packaged(file));
        assert!(!named.is_empty(), "{file}");
        for name in named {
            let is_there = there.contains(name.as_str()) || with_tls.contains(&name.as_str());
            assert!(is_there, "{file}: {name}");
        }
    }
    relay.stop().await;
}

#[tokio::test]
async fn each_incident_that_needs_a_person_has_its_rule() {
    let relay = TestRelay::start("").await;
    let kinds = samples(&scrape(&relay).await)
        .into_keys()
        .filter_map(|name| {
            let kind = name.strip_prefix("voicedrive_relay_incident_open{kind=\"")?;
            kind.strip_suffix("\"}").map(str::to_owned)
        });
    let kinds: BTreeSet<String> = kinds.filter(|kind| kind != "on_hold").collect();
    let rules = packaged("prometheus-rules.yml");
    let told = rules.lines().filter_map(|line| {
        let rest = line.split("incident_open{kind=\"").nth(1)?;
        assert!(rest.ends_with("\"} > 0"), "{line}");
        rest.split('"').next().map(str::to_owned)
    });
    assert_eq!(told.collect::<BTreeSet<_>>(), kinds);
    assert_eq!(kinds.len(), 15);
}
