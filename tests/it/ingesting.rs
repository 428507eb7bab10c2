//! The staff system's own senders, unchanged: what each of them posts is taken and kept as it is
//! meant, and whoever cannot prove anything changes nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};
use tempfile::TempDir;
use uuid::Uuid;
use voicedrive_relay::testing::crypto::{hex, hmac_sha256};
use voicedrive_relay::testing::timestamp::Timestamp;
use voicedrive_relay::testing::token::Scope;

use crate::commands::program;
use crate::harness::{
    API_TOKEN, ApiAnswer, Clock, Partner, SENDERS_BEARER, SENDERS_SECRET, TestRelay,
    control_client, environment, noon, token,
};
use crate::letting_in::raw;

/// What is posted, one of each form.
static VECTORS: LazyLock<Value> =
    LazyLock::new(|| serde_json::from_str(include_str!("../data/vectors/senders.json")).unwrap());

const JSON: (&str, &str) = ("content-type", "application/json");
const INGEST: &str = "[ingest]\nsecrets = [\"SENDERS_SECRET\", \"EMPLOYEE_SECRET\"]\nbearers = [\"SENDERS_BEARER\"]\n";
const BODY: &str = r#"{"event":"employee.created","data":{"staffId":"EMP-1"}}"#;

fn mac(secret: &str, text: &str) -> String {
    hex(&hmac_sha256(secret.as_bytes(), &[text.as_bytes()]))
}

/// The headers that prove a body, as each kind of sender makes them.
fn proof(auth: &str, secret: &str, now: Timestamp, body: &str) -> Vec<(String, String)> {
    let (iso, ms) = (now.to_string(), now.unix_ms().to_string());
    let headers = match auth {
        "medical-system" => vec![
            (
                "x-medical-system-signature",
                mac(secret, &format!("{iso}.{body}")),
            ),
            ("x-medical-system-timestamp", iso),
        ],
        "webhook-ms" => vec![
            ("x-webhook-signature", mac(secret, &format!("{ms}{body}"))),
            ("x-webhook-timestamp", ms),
        ],
        "webhook-secret" => vec![("x-webhook-secret", mac(secret, body))],
        "x-signature" => vec![("x-signature", mac(secret, body))],
        "bearer" => vec![("authorization", format!("Bearer {SENDERS_BEARER}"))],
        "none" => vec![],
        other => panic!("{other}"),
    };
    let owned = headers.into_iter().map(|(n, v)| (n.to_owned(), v));
    owned.collect()
}

fn borrowed(headers: &[(String, String)]) -> Vec<(&str, &str)> {
    let pairs = headers.iter().map(|(n, v)| (n.as_str(), v.as_str()));
    pairs.chain([JSON]).collect()
}

/// A vector's text with the moment and a new id in it.
fn filled(text: &str, now: Timestamp) -> String {
    text.replace("{now}", &now.to_string())
        .replace("{unix-s}", &now.unix_seconds().to_string())
        .replace("{uuid}", &Uuid::new_v4().to_string())
}

async fn post(relay: &TestRelay, path: &str, headers: &[(&str, &str)], body: &str) -> ApiAnswer {
    relay
        .call(Method::POST, path, headers, body.to_owned())
        .await
}

/// Posts a body as the staff system's webhook sender does.
async fn send(relay: &TestRelay, body: &str) -> ApiAnswer {
    let headers = proof("medical-system", SENDERS_SECRET, relay.clock.now(), body);
    post(relay, "/in", &borrowed(&headers), body).await
}

async fn kept(relay: &TestRelay) -> usize {
    let page = relay.get("/api/events?limit=200").await;
    page.data()["items"].as_array().unwrap().len()
}

async fn open_relay() -> TestRelay {
    let more = format!(
        "{INGEST}open_from = [\"127.0.0.1\"]\n\
         [server]\ncors_allowed_origins = [\"https://staff.clinic.example\"]"
    );
    TestRelay::start_with("", &more, Clock::manual(noon())).await
}

#[tokio::test]
async fn every_sender_is_answered_200_and_what_it_sent_is_kept_as_it_is_meant() {
    let relay = open_relay().await;
    let now = noon();
    for sender in VECTORS["senders"].as_array().unwrap() {
        let name = sender["sender"].as_str().unwrap();
        let body = filled(&sender["body"].to_string(), now);
        let auth = sender["auth"].as_str().unwrap();
        let mut headers = proof(auth, SENDERS_SECRET, now, &body);
        for (name, value) in sender["headers"].as_object().unwrap() {
            headers.push((name.clone(), filled(value.as_str().unwrap(), now)));
        }
        let path = sender["path"].as_str().unwrap();
        let answer = post(&relay, path, &borrowed(&headers), &body).await;
        assert_eq!(answer.status, 200, "{name}: {:?}", answer.body);
        let id = &answer.body["messageId"];
        assert_eq!(
            answer.body,
            json!({
                "success": true, "message": "accepted", "messageId": id, "receivedAt": now,
                "data": {"id": id, "requestId": id, "status": "accepted", "duplicate": false},
                "timestamp": now,
            }),
            "{name}"
        );
        let event = relay
            .get(&format!("/api/events/{}", id.as_str().unwrap()))
            .await;
        let (event, expected) = (event.data(), &sender["expect"]);
        assert_eq!(event["event"], expected["event"], "{name}");
        assert_eq!(event["staffId"], expected["staffId"], "{name}");
        let whole: Value = serde_json::from_str(&body).unwrap();
        let data = match &expected["data"] {
            Value::String(_) => &whole,
            data => data,
        };
        assert_eq!(&event["data"], data, "{name}");
        assert_eq!(event["eventTimestamp"], json!(now), "{name}");
    }
    let senders = VECTORS["senders"].as_array().unwrap().len();
    assert_eq!(kept(&relay).await, senders);
}

#[tokio::test]
async fn who_proves_nothing_is_turned_away_and_changes_nothing() {
    let relay = TestRelay::start_with("", INGEST, Clock::manual(noon())).await;
    let now = noon();
    let seconds = |seconds: i64| Timestamp::from_unix_ms(now.unix_ms() + seconds * 1000);
    let mut bad: Vec<Vec<(String, String)>> = vec![vec![]];
    for auth in [
        "medical-system",
        "webhook-ms",
        "webhook-secret",
        "x-signature",
    ] {
        let good = || proof(auth, SENDERS_SECRET, now, BODY);
        let signature = good()[0].clone();
        bad.push(proof(auth, "another-secret", now, BODY));
        bad.push(proof(auth, SENDERS_SECRET, now, "{}"));
        bad.push([vec![signature.clone()], good()].concat());
        bad.push(vec![(signature.0.clone(), String::new())]);
        bad.push(vec![(signature.0.clone(), format!("{}0", signature.1))]);
        if let Some(time) = good().get(1).cloned() {
            bad.push(vec![signature.clone()]);
            bad.push([good(), vec![time.clone()]].concat());
            bad.push(vec![signature.clone(), (time.0.clone(), "soon".to_owned())]);
            bad.push(proof(auth, SENDERS_SECRET, seconds(301), BODY));
            bad.push(proof(auth, SENDERS_SECRET, seconds(-301), BODY));
            // The signature of one moment with the time of another.
            let later = proof(auth, SENDERS_SECRET, seconds(1), BODY);
            bad.push(vec![signature.clone(), later[1].clone()]);
            bad.push(vec![time]);
        }
        // A form that is present and wrong is not made good by the next.
        let wrong = proof(auth, "another-secret", now, BODY);
        bad.push([wrong.clone(), proof("bearer", "", now, BODY)].concat());
        if auth != "x-signature" {
            let next = proof("x-signature", SENDERS_SECRET, now, BODY);
            bad.push([wrong, next].concat());
        }
    }
    // Signatures in the header of another form.
    let seed = proof("medical-system", SENDERS_SECRET, now, BODY);
    bad.push(vec![("x-signature".to_owned(), seed[0].1.clone())]);
    let plain = mac(SENDERS_SECRET, BODY);
    bad.push(vec![
        ("x-webhook-signature".to_owned(), plain),
        ("x-webhook-timestamp".to_owned(), now.unix_ms().to_string()),
    ]);
    for headers in &bad {
        let answer = post(&relay, "/in", &borrowed(headers), BODY).await;
        assert_eq!(answer.status, 401, "{headers:?}");
        assert_eq!(
            answer.error(),
            ("UNAUTHORIZED", "Missing or invalid authorization header")
        );
        assert_eq!(answer.header("www-authenticate"), "Bearer");
    }
    assert_eq!(kept(&relay).await, 0);
    // And each of the forms is good when nothing is wrong, with any of the secrets.
    for secret in [
        SENDERS_SECRET,
        "another-made-up-secret",
        "the-made-up-secret-before-it",
    ] {
        for at in [now, seconds(300), seconds(-300)] {
            let headers = proof("medical-system", secret, at, BODY);
            let answer = post(&relay, "/in", &borrowed(&headers), BODY).await;
            assert_eq!(answer.status, 200, "{secret} {at}");
        }
    }
}

#[tokio::test]
async fn a_bearer_is_one_that_is_named_or_a_token_that_may_hand_in_events() {
    let clock = Clock::manual(noon());
    let relay = TestRelay::start_with("", INGEST, clock.clone()).await;
    let jwt = |scopes: &[Scope]| format!("Bearer {}", token(scopes, noon()));
    let try_with = async |relay: &TestRelay, authorization: &str| {
        let headers = [JSON, ("authorization", authorization)];
        let answer = post(relay, "/in/x", &headers, BODY).await;
        (answer.status, answer.error().0.to_owned())
    };
    for (authorization, status) in [
        (format!("Bearer {SENDERS_BEARER}"), 200),
        (format!("bearer  {SENDERS_BEARER}"), 200),
        (jwt(&[Scope::EventsWrite]), 200),
        (jwt(&[Scope::Admin]), 200),
        (jwt(&[Scope::EventsRead, Scope::StatsRead]), 403),
        // VoiceDrive's token is for the statistics, and here nobody named it.
        (format!("Bearer {API_TOKEN}"), 401),
        (format!("Bearer {SENDERS_BEARER}x"), 401),
        (format!("Bearer {SENDERS_SECRET}"), 401),
        (format!("Basic {SENDERS_BEARER}"), 401),
        ("Bearer ".to_owned(), 401),
        (String::new(), 401),
    ] {
        let answer = try_with(&relay, &authorization).await;
        assert_eq!(answer.0, status, "{authorization}");
    }
    let good = format!("Bearer {SENDERS_BEARER}");
    let twice = [
        JSON,
        ("authorization", good.as_str()),
        ("authorization", &good),
    ];
    assert_eq!(post(&relay, "/in", &twice, BODY).await.status, 401);
    let named = "[ingest]\nbearers = [\"VOICEDRIVE_API_TOKEN\", \"EMPLOYEE_SECRET\"]";
    let relay = TestRelay::start_with("", named, clock).await;
    for token in [
        API_TOKEN,
        "another-made-up-secret",
        "the-made-up-secret-before-it",
    ] {
        let authorization = format!("Bearer {token}");
        assert_eq!(
            try_with(&relay, &authorization).await.0,
            200,
            "{authorization}"
        );
    }
}

#[tokio::test]
async fn the_checks_come_in_the_promised_order() {
    let more = format!("{INGEST}[server]\nmax_body_bytes = 1024");
    let relay = TestRelay::start_with("", &more, Clock::manual(noon())).await;
    let long = "x".repeat(1025);
    let mark = ("x-webhook-attempt", "1");
    let text = ("content-type", "text/plain");
    let no_scope = format!("Bearer {}", token(&[Scope::EventsRead], noon()));
    let no_scope = ("authorization", no_scope.as_str());
    let good = ("authorization", &*format!("Bearer {SENDERS_BEARER}"));
    for (method, headers, body, status, code) in [
        (
            Method::GET,
            vec![text, mark],
            long.as_str(),
            405,
            "METHOD_NOT_ALLOWED",
        ),
        (
            Method::PUT,
            vec![JSON, good],
            BODY,
            405,
            "METHOD_NOT_ALLOWED",
        ),
        (
            Method::POST,
            vec![text, mark],
            &long,
            413,
            "PAYLOAD_TOO_LARGE",
        ),
        (
            Method::POST,
            vec![text, mark],
            BODY,
            415,
            "UNSUPPORTED_MEDIA_TYPE",
        ),
        (
            Method::POST,
            vec![JSON, mark],
            BODY,
            400,
            "INVALID_PARAMETER",
        ),
        (
            Method::POST,
            vec![JSON, mark, good],
            BODY,
            400,
            "INVALID_PARAMETER",
        ),
        (Method::POST, vec![JSON], "{", 401, "UNAUTHORIZED"),
        (Method::POST, vec![JSON, no_scope], "{", 403, "FORBIDDEN"),
        (Method::POST, vec![JSON, good], "{", 400, "INVALID_JSON"),
        (Method::POST, vec![JSON, good], "[]", 400, "INVALID_JSON"),
        (
            Method::POST,
            vec![JSON, good],
            "{}",
            400,
            "INVALID_PARAMETER",
        ),
        (
            Method::POST,
            vec![JSON, good],
            r#"{"event":"a","data":{"n":12345678901234567890}}"#,
            400,
            "UNSTABLE_JSON",
        ),
    ] {
        let answer = relay
            .call(method.clone(), "/in", &headers, body.to_owned())
            .await;
        assert_eq!(
            (answer.status, answer.error().0),
            (status, code),
            "{method} {headers:?}"
        );
        if status == 405 {
            assert_eq!(answer.header("allow"), "POST");
        }
    }
    let latin = b"{\"event\":\"caf\xe9\"}".to_vec();
    let not_text = relay
        .call(Method::POST, "/in", &[JSON, good], latin.clone())
        .await;
    assert_eq!((not_text.status, not_text.error().0), (400, "INVALID_JSON"));
    let not_text = relay.call(Method::POST, "/in", &[JSON], latin).await;
    assert_eq!(not_text.status, 401);
    assert_eq!(kept(&relay).await, 0);
}

#[tokio::test]
async fn what_needs_no_proof_is_known_by_its_place_and_nothing_else() {
    let relay = open_relay().await;
    let listed = ("origin", "https://staff.clinic.example");
    for (headers, status) in [
        (vec![], 200),
        (vec![("host", "localhost")], 200),
        (vec![("host", "relay.evil.example")], 401),
        (vec![listed], 200),
        (vec![("origin", "https://evil.example")], 401),
        (vec![("origin", "null")], 401),
        // Nobody said which proxy that is, so nobody knows who sends.
        (vec![("x-forwarded-for", "127.0.0.1")], 401),
        (vec![("forwarded", "for=127.0.0.1")], 401),
        (vec![("x-real-ip", "127.0.0.1")], 401),
        (vec![("via", "1.1 somewhere")], 401),
        // A proof that is there and wrong counts, wherever it comes from.
        (vec![("x-signature", "00")], 401),
        (vec![("authorization", "Bearer nonsense")], 401),
    ] {
        let headers = [headers, vec![JSON]].concat();
        let answer = post(&relay, "/in", &headers, BODY).await;
        assert_eq!(answer.status, status, "{headers:?}");
    }
    let answer = post(&relay, "/in", &[JSON, listed], BODY).await;
    assert_eq!(
        answer.header("access-control-allow-origin"),
        "https://staff.clinic.example"
    );
    let preflight = [
        listed,
        ("access-control-request-method", "POST"),
        ("access-control-request-headers", "authorization"),
    ];
    let allowed = relay
        .call(
            Method::OPTIONS,
            "/in/sync/interview-results",
            &preflight,
            "",
        )
        .await;
    assert_eq!(allowed.status, 204);

    let trusting = format!(
        "{INGEST}open_from = [\"10.1.0.0/16\", \"127.0.0.1\"]\n[server]\n\
         trusted_proxies = [\"127.0.0.1\"]\npublic_url = \"https://relay.clinic.example\""
    );
    let relay = TestRelay::start_with("", &trusting, Clock::manual(noon())).await;
    for (headers, status) in [
        (vec![], 200),
        (vec![("x-forwarded-for", "10.1.2.3")], 200),
        (vec![("x-forwarded-for", "192.0.2.1")], 401),
        (vec![("x-forwarded-for", "10.1.2.3, 192.0.2.1")], 401),
        (vec![("x-forwarded-for", "unknown")], 401),
        (vec![("x-forwarded-for", "10.1.2.3,")], 401),
        (vec![("x-forwarded-proto", "https")], 401),
        (
            vec![
                ("x-forwarded-for", "10.1.2.3"),
                ("host", "relay.clinic.example"),
            ],
            200,
        ),
        (
            vec![("x-forwarded-for", "10.1.2.3"), ("host", "other.example")],
            401,
        ),
    ] {
        let headers = [headers, vec![JSON]].concat();
        let answer = post(&relay, "/in", &headers, BODY).await;
        assert_eq!(answer.status, status, "{headers:?}");
    }
}

#[tokio::test]
async fn requests_that_no_library_writes_are_judged_by_the_same_rules() {
    let more = format!("{INGEST}open_from = [\"127.0.0.1\"]\n[server]\nmax_body_bytes = 1024");
    let relay = TestRelay::start_with("", &more, Clock::manual(noon())).await;
    let ending = format!(
        "connection: close\r\ncontent-length: {}\r\n\r\n{BODY}",
        BODY.len()
    );
    let json = "content-type: application/json\r\n";
    let chunks = format!("400\r\n{}\r\n", "x".repeat(0x400)).repeat(2);
    for (request, status) in [
        // Too long without saying so, and of no accepted type: the length comes first.
        (
            format!(
                "POST /in HTTP/1.1\r\nhost: x\r\nconnection: close\r\ntransfer-encoding: chunked\r\n\r\n{chunks}0\r\n\r\n"
            ),
            413,
        ),
        (
            format!("POST /in HTTP/1.1\r\nhost: localhost\r\n{json}{ending}"),
            200,
        ),
        (format!("POST /in HTTP/1.0\r\n{json}{ending}"), 401),
        (
            format!("POST /in HTTP/1.1\r\nhost: localhost\r\nhost: localhost\r\n{json}{ending}"),
            400,
        ),
        (
            format!("POST http://localhost/in HTTP/1.1\r\nhost: localhost\r\n{json}{ending}"),
            200,
        ),
        (
            format!("POST http://evil.example/in HTTP/1.1\r\nhost: localhost\r\n{json}{ending}"),
            401,
        ),
    ] {
        let answer = raw(&relay, request.as_bytes()).await;
        let answered = answer.split(' ').nth(1).unwrap_or_default();
        assert_eq!(answered, status.to_string(), "{request}\n{answer}");
    }
}

#[tokio::test]
async fn the_control_socket_needs_no_proof() {
    let relay = TestRelay::start_with("", INGEST, Clock::manual(noon())).await;
    let client = control_client(relay.directory.path());
    let request = client.post("http://relay/in/any/path");
    let request = request.header(JSON.0, JSON.1).body(BODY);
    assert_eq!(request.send().await.unwrap().status(), 200);
    assert_eq!(kept(&relay).await, 1);
}

#[tokio::test]
async fn without_the_section_there_is_no_door_and_with_another_path_it_is_there() {
    let relay = TestRelay::start("").await;
    assert_eq!(post(&relay, "/in", &[JSON], BODY).await.status, 404);
    let more = INGEST.replace("[ingest]\n", "[ingest]\npath = \"/from/staff\"\n");
    let named = "[[ingest.name]]\npath = \"/odd/one\"\nevent = \"odd.one\"\n\
                 [[ingest.name]]\nheader = \"X-Odd\"\nevent = \"odd.header\"\n";
    let relay = TestRelay::start_with("", &format!("{more}{named}"), Clock::manual(noon())).await;
    assert_eq!(post(&relay, "/in", &[JSON], BODY).await.status, 404);
    let body = r#"{"employeeId":7,"type":"not.this"}"#;
    let proof = proof("x-signature", SENDERS_SECRET, noon(), body);
    for (path, header, event) in [
        ("/from/staff/odd/one", "x-other", "odd.one"),
        ("/from/staff", "x-odd", "odd.header"),
        ("/from/staff/?query=1", "x-other", "not.this"),
    ] {
        let headers = [borrowed(&proof), vec![(header, "1")]].concat();
        let answer = post(&relay, path, &headers, body).await;
        assert_eq!(answer.status, 200, "{path}");
        let id = answer.data()["id"].as_str().unwrap();
        let kept = relay.get(&format!("/api/events/{id}")).await;
        assert_eq!(kept.data()["event"], event);
        assert_eq!(kept.data()["staffId"], "7");
    }
}

#[tokio::test]
async fn what_came_in_goes_out_like_any_other_event() {
    let partner = Partner::start(Clock::System).await;
    let relay = TestRelay::start_with(&partner.url(), INGEST, Clock::System).await;
    let body = r#"{"event": "employee.created", "timestamp": "2025-10-26T14:30:00+09:00",
                   "source": "x", "data": {"n": 1.0, "staffId": "EMP-1"}}"#;
    let answer = send(&relay, body).await;
    let id = answer.data()["id"].as_str().unwrap();
    let received = partner.wait_until(|all| !all.is_empty()).await;
    assert_eq!(received[0].header("x-request-id"), id);
    assert!(received[0].verdict.is_ok());
    let sent: Value = serde_json::from_slice(&received[0].body).unwrap();
    assert_eq!(sent["data"], json!({"n": 1, "staffId": "EMP-1"}));
    assert_eq!(sent["timestamp"], "2025-10-26T05:30:00.000Z");
    relay.wait_for_status(id, "delivered").await;
}

#[tokio::test]
async fn with_no_hours_to_remember_every_post_is_an_event() {
    let more = format!("{INGEST}repeat_hours = 0");
    let relay = TestRelay::start_with("", &more, Clock::manual(noon())).await;
    for _ in 0..2 {
        let answer = send(&relay, BODY).await;
        assert_eq!(answer.data()["duplicate"], false);
    }
    assert_eq!(kept(&relay).await, 2);
}

/// What a daemon or a check that is given this configuration says, and its exit code.
async fn program_says(command: &str, configuration: &str) -> (Option<i32>, String) {
    let directory = TempDir::new().unwrap();
    let config = directory.path().join("config.toml");
    let storage = format!("[storage]\ndirectory = {}\n", json!(directory.path()));
    std::fs::write(
        &config,
        format!("language = \"en\"\n{configuration}{storage}"),
    )
    .unwrap();
    let mut program = program();
    program.args([command, "--config"]).arg(&config);
    let output = program.output().await.unwrap();
    let said = [output.stdout, output.stderr].concat();
    (output.status.code(), String::from_utf8(said).unwrap())
}

#[tokio::test]
async fn a_route_to_the_relay_itself_and_a_door_without_a_secret_are_refused() {
    let configuration = "[server]\nlisten = \"0.0.0.0:18480\"\n\
                         [delivery]\nurl = \"http://localhost:18480/in\"\n\
                         [ingest]\nsecrets = [\"NOT_SET\"]\n";
    for command in ["check", "serve"] {
        let (code, said) = program_says(command, configuration).await;
        assert_eq!(code, Some(78), "{said}");
        assert!(
            said.contains("config.toml:5: delivery.url: must be"),
            "{said}"
        );
        assert!(
            said.contains("environment variable NOT_SET: is not set"),
            "{said}"
        );
    }
}

#[tokio::test]
async fn check_tells_of_a_door_that_is_open_to_others() {
    let open = |listen: &str| {
        format!("[server]\nlisten = \"{listen}:0\"\n[ingest]\nopen_from = [\"10.0.0.0/8\"]\n")
    };
    let (_, said) = program_says("check", &open("0.0.0.0")).await;
    assert!(said.contains("note  ingest: /in"), "{said}");
    assert!(said.contains("10.0.0.0/8"), "{said}");
    let (_, said) = program_says("check", &open("127.0.0.1")).await;
    assert!(said.contains("ok    ingest: /in"), "{said}");
    let (_, said) = program_says("check", "").await;
    assert!(!said.contains("ingest"), "{said}");
}

/// A body, and the sender's request id when every post has the same one.
type Post = (String, Option<&'static str>);

/// The posts of each of the vectors' `repeats`, in their order.
fn repeats() -> Vec<Vec<Post>> {
    let event = |name: &str, data: &str| {
        let body = format!(r#"{{"event":"{name}","source":"medical-system","data":{data}}}"#);
        (body, None)
    };
    let created = |data: &str| event("employee.created", data);
    let updated = |time: &str| {
        let data = format!(r#"{{"staffId":"EMP-1","at":"2025-10-26T{time}:00.000Z"}}"#);
        event("employee.updated", &data)
    };
    let course = |to: &str| {
        let data = format!(r#"{{"staffId":"EMP-1","to":"{to}"}}"#);
        event("course.changed", &data)
    };
    let deleted = || event("employee.photo.deleted", r#"{"staffId":"EMP-1"}"#);
    let url = r#"{"staffId":"EMP-1","url":"https://photos.example/1.jpg"}"#;
    let of = |staff: &str| created(&format!(r#"{{"staffId":"{staff}","x":1}}"#));
    let with_one_id = |(body, _): Post| (body, Some("one-id"));
    vec![
        [
            r#"{"staffId":"EMP-1","name":"山田","x":{"a":1,"b":2}}"#,
            r#"{"x":{"b":2,"a":1},"name":"山田","staffId":"EMP-1"}"#,
            r#"{"name":"山田","x":{"a":1,"b":2},"staffId":"EMP-1"}"#,
        ]
        .map(created)
        .to_vec(),
        ["10:00", "10:05", "10:00", "10:05", "10:00"]
            .map(updated)
            .to_vec(),
        ["A", "B", "A", "B"].map(course).to_vec(),
        vec![deleted(), event("employee.photo.updated", url), deleted()],
        ["EMP-1", "EMP-2"].map(of).to_vec(),
        ["A", "A"].map(course).map(with_one_id).to_vec(),
        ["A", "B"].map(course).map(with_one_id).to_vec(),
        [r#"{"n":1.0}"#, r#"{"n":1}"#].map(created).to_vec(),
    ]
}

#[tokio::test]
async fn repeats_are_recognised_and_nothing_new_is_swallowed() {
    let vectors = VECTORS["repeats"].as_array().unwrap();
    let cases = repeats();
    assert_eq!(cases.len(), vectors.len());
    for (case, vector) in cases.into_iter().zip(vectors) {
        let what = vector["what"].as_str().unwrap();
        assert_eq!(case.len(), vector["posts"].as_array().unwrap().len());
        let relay = TestRelay::start_with("", INGEST, Clock::manual(noon())).await;
        let mut first_ids = BTreeMap::new();
        for (number, (body, id)) in case.iter().enumerate() {
            relay.clock.advance(Duration::from_mins(1));
            let mut headers = proof("medical-system", SENDERS_SECRET, relay.clock.now(), body);
            let id = id.map_or_else(|| Uuid::new_v4().to_string(), str::to_owned);
            headers.push(("x-request-id".to_owned(), id));
            let answer = post(&relay, "/in", &borrowed(&headers), body).await;
            assert_eq!(answer.status, 200, "{what}");
            let data = answer.data();
            let is_new = !first_ids.contains_key(&data["id"].to_string());
            assert_eq!(data["duplicate"], !is_new, "{what}: post {number}");
            first_ids.insert(data["id"].to_string(), number);
        }
        assert_eq!(kept(&relay).await, first_ids.len(), "{what}");
        assert_eq!(vector["events"], first_ids.len(), "{what}");
    }
}

#[test]
fn the_secrets_of_the_tests_are_those_of_the_vectors() {
    let secret = |name: &str| environment().secret(name).unwrap().unwrap();
    assert_eq!(secret("SENDERS_SECRET").expose(), VECTORS["secret"]);
    assert_eq!(secret("SENDERS_BEARER").expose(), VECTORS["bearer"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sixty_four_posts_of_one_event_at_once_are_one_event_over_a_restart_too() {
    let relay = TestRelay::start_with("", INGEST, Clock::manual(noon())).await;
    let relay = Arc::new(relay);
    let posts: Vec<_> = (0..64)
        .map(|_| {
            let relay = Arc::clone(&relay);
            tokio::spawn(async move { send(&relay, BODY).await })
        })
        .collect();
    let mut new = 0;
    let mut ids = BTreeSet::new();
    for posted in posts {
        let answer = posted.await.unwrap();
        assert_eq!(answer.status, 200);
        new += usize::from(answer.data()["duplicate"] == false);
        ids.insert(answer.data()["id"].to_string());
    }
    assert_eq!((new, ids.len()), (1, 1));
    let id = ids.pop_first().unwrap();
    let id = id.trim_matches('"').to_owned();
    let shown = relay.get(&format!("/api/events/{id}")).await;
    assert_eq!(shown.data()["repeats"], 63);
    let relay = Arc::into_inner(relay).unwrap();
    let clock = relay.clock.clone();
    let directory = relay.stop().await;
    let relay = TestRelay::start_in(directory, "", INGEST, clock).await;
    let answer = send(&relay, BODY).await;
    assert_eq!(answer.data()["id"], id);
    assert_eq!(answer.data()["duplicate"], true);
    // After its hours it is an event of its own.
    relay.clock.advance(Duration::from_hours(25));
    assert_eq!(send(&relay, BODY).await.data()["duplicate"], false);
    // What came over the other door is known again too.
    let api = r#"{"event":"course.changed","data":{"staffId":"EMP-9","to":"A"}}"#;
    let accepted = relay.post("/api/events", api).await;
    let again = send(&relay, api).await;
    assert_eq!(again.data()["id"], accepted.data()["id"]);
}

/// The staff system's queue, by its rules: whatever fails is tried again after 1, 5 and 30 minutes, and each retry
/// that fails makes one more row.
#[derive(Default)]
struct SendersQueue(Vec<Row>);

#[derive(Clone)]
struct Row {
    data: String,
    tries: usize,
    due_minute: u64,
}

impl SendersQueue {
    const WAITS: [u64; 3] = [1, 5, 30];
    const IN_A_MINUTE: usize = 10;

    fn failed(&mut self, data: &str, minute: u64) {
        self.0.push(Row {
            data: data.to_owned(),
            tries: 0,
            due_minute: minute + Self::WAITS[0],
        });
    }

    /// What the worker takes in this minute.
    fn due(&mut self, minute: u64) -> Vec<Row> {
        self.0.sort_by_key(|row| row.due_minute);
        let due = self.0.iter().take_while(|row| row.due_minute <= minute);
        let due = due.count().min(Self::IN_A_MINUTE);
        self.0.drain(..due).collect()
    }

    fn fails_again(&mut self, row: Row, minute: u64) {
        self.failed(&row.data, minute);
        let tries = row.tries + 1;
        if let Some(wait) = Self::WAITS.get(tries) {
            self.0.push(Row {
                tries,
                due_minute: minute + wait,
                ..row
            });
        }
    }
}

#[tokio::test]
async fn an_outage_of_an_hour_multiplies_nothing_at_the_partner() {
    let update = |time: &str| format!(r#"{{"staffId":"EMP-1","at":"2025-10-26T{time}:00Z"}}"#);
    for events in [
        vec![r#"{"staffId":"EMP-1","x":1}"#.to_owned()],
        vec![update("10:00"), update("10:05")],
    ] {
        let partner = Partner::start(Clock::System).await;
        let relay = TestRelay::start_with(&partner.url(), INGEST, Clock::System).await;
        let mut queue = SendersQueue::default();
        for data in &events {
            queue.failed(data, 0);
        }
        let mut minute = 1;
        while minute <= 60 {
            for row in queue.due(minute) {
                queue.fails_again(row, minute);
            }
            minute += 1;
        }
        let mut posts = 0;
        while !queue.0.is_empty() {
            for row in queue.due(minute) {
                posts += 1;
                let body = format!(
                    r#"{{"event":"employee.updated","timestamp":"{}","source":"medical-system","data":{}}}"#,
                    relay.clock.now(),
                    row.data
                );
                assert_eq!(send(&relay, &body).await.status, 200);
            }
            minute += 1;
        }
        assert!(posts > 100, "{posts}");
        assert_eq!(kept(&relay).await, events.len(), "of {posts} posts");
        let arrived = partner.wait_until(|all| all.len() >= events.len()).await;
        assert_eq!(arrived.len(), events.len());
    }
}
