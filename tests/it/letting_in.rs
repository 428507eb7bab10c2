//! Who may call, how often, and what happens to HTTP that is none.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use reqwest::Method;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use voicedrive_relay::testing::crypto::hmac_sha256;
use voicedrive_relay::testing::token::Scope;

use crate::harness::{API_TOKEN, ApiAnswer, Clock, JWT_SECRET, TestRelay, noon, token};

const STATS: &str = "/api/integration/webhook-stats";

async fn with_token(relay: &TestRelay, path: &str, authorization: &str) -> ApiAnswer {
    relay
        .call(Method::GET, path, &[("authorization", authorization)], "")
        .await
}

/// A JWT made by hand, so that it can be wrong in one place.
fn jwt(header: &Value, claims: &Value, key: &str) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let signed = format!("{}.{}", part(header), part(claims));
    let mac = hmac_sha256(key.as_bytes(), &[signed.as_bytes()]);
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(mac))
}

#[tokio::test]
async fn whatever_is_wrong_with_a_token_the_answer_is_the_same() {
    let clock = Clock::manual(noon());
    let relay = TestRelay::start_with("", "[rate_limit]\nrequests_per_minute = 1000", clock).await;
    let now = noon().unix_seconds();
    let good = json!({"iss": "voicedrive-relay", "aud": "voicedrive-relay", "sub": "t", "jti": "j",
                      "iat": now, "exp": now + 60, "scope": "stats:read"});
    let hs256 = json!({"alg": "HS256", "typ": "JWT"});
    let with = |name: &str, value: Value| {
        let mut claims = good.clone();
        claims[name] = value;
        jwt(&hs256, &claims, JWT_SECRET)
    };
    let without = |name: &str| {
        let mut claims = good.clone();
        claims.as_object_mut().unwrap().remove(name);
        jwt(&hs256, &claims, JWT_SECRET)
    };
    let valid = jwt(&hs256, &good, JWT_SECRET);
    let (head, signature) = valid.rsplit_once('.').unwrap();
    let passes = with_token(&relay, STATS, &format!("Bearer {valid}")).await;
    assert_eq!(passes.status, 200);
    let bad = [
        jwt(&json!({"alg": "none"}), &good, JWT_SECRET),
        format!(
            "{}.",
            jwt(&json!({"alg": "none"}), &good, "")
                .rsplit_once('.')
                .unwrap()
                .0
        ),
        jwt(&json!({"alg": "HS384"}), &good, JWT_SECRET),
        jwt(&json!({"alg": "HS512"}), &good, JWT_SECRET),
        jwt(&json!({"alg": "RS256"}), &good, JWT_SECRET),
        jwt(&hs256, &good, "another-made-up-jwt-secret-of-more-than-32"),
        with("exp", json!(now - 61)),
        with("exp", json!("never")),
        without("exp"),
        with("nbf", json!(now + 61)),
        with("iss", json!("somebody")),
        without("iss"),
        with("aud", json!("somebody")),
        without("aud"),
        format!("{head}.{}x", &signature[..signature.len() - 1]),
        format!("{head}."),
        head.to_owned(),
        "abc".to_owned(),
        String::new(),
        API_TOKEN[..API_TOKEN.len() - 1].to_owned(),
        format!("{API_TOKEN}x"),
    ];
    let mut refused: Vec<ApiAnswer> = Vec::new();
    for token in &bad {
        refused.push(with_token(&relay, STATS, &format!("Bearer {token}")).await);
    }
    refused.push(relay.call(Method::GET, STATS, &[], "").await);
    refused.push(with_token(&relay, STATS, &format!("Basic {valid}")).await);
    refused.push(with_token(&relay, STATS, &valid).await);
    for (number, answer) in refused.iter().enumerate() {
        assert_eq!(answer.status, 401, "{number}");
        assert_eq!(
            answer.error(),
            ("UNAUTHORIZED", "Missing or invalid authorization header"),
            "{number}"
        );
        assert_eq!(answer.header("www-authenticate"), "Bearer");
    }
}

#[tokio::test]
async fn a_scope_opens_its_own_doors_only() {
    let relay = TestRelay::start("").await;
    let bearer = |scopes: &[Scope]| format!("Bearer {}", token(scopes, relay.clock.now()));
    let event = r#"{"event":"a","data":{}}"#;
    for (authorization, stats, list, write) in [
        (format!("Bearer {API_TOKEN}"), 200, 403, 403),
        (bearer(&[Scope::StatsRead]), 200, 403, 403),
        (bearer(&[Scope::EventsRead]), 403, 200, 403),
        (bearer(&[Scope::EventsWrite]), 403, 403, 202),
        (
            bearer(&[Scope::StatsRead, Scope::EventsWrite]),
            200,
            403,
            202,
        ),
        (bearer(&[Scope::InterviewsRead]), 403, 403, 403),
        (bearer(&[Scope::Admin]), 200, 200, 202),
    ] {
        assert_eq!(
            with_token(&relay, STATS, &authorization).await.status,
            stats
        );
        assert_eq!(
            with_token(&relay, "/api/events", &authorization)
                .await
                .status,
            list
        );
        let headers = [
            ("authorization", authorization.as_str()),
            ("content-type", "application/json"),
        ];
        let answer = relay
            .call(Method::POST, "/api/events", &headers, event)
            .await;
        assert_eq!(answer.status, write);
        if write == 403 {
            assert_eq!(answer.error().0, "FORBIDDEN");
            assert!(answer.error().1.contains("events:write"));
        }
    }
}

#[tokio::test]
async fn a_hundred_pass_and_the_next_is_refused_until_a_minute_is_over() {
    let clock = Clock::manual(noon());
    let relay = TestRelay::start_with("", "", clock.clone()).await;
    for number in 0..100 {
        assert_eq!(relay.get(STATS).await.status, 200, "{number}");
        clock.advance(Duration::from_millis(10));
    }
    let refused = relay.get(STATS).await;
    assert_eq!(refused.status, 429);
    assert_eq!(
        refused.error(),
        (
            "RATE_LIMIT_EXCEEDED",
            "Too many requests. Please try again later."
        )
    );
    assert_eq!(refused.header("retry-after"), "59");
    let unknown = relay
        .call(
            Method::GET,
            STATS,
            &[("authorization", "Bearer nonsense")],
            "",
        )
        .await;
    assert_eq!(
        unknown.status, 429,
        "counted before anybody is asked who they are"
    );
    assert_eq!(
        relay.get("/api/events").await.status,
        200,
        "only the statistics are counted"
    );
    clock.advance(Duration::from_secs(59));
    assert_eq!(
        relay.get(STATS).await.status,
        200,
        "the first is a minute old"
    );
    assert_eq!(relay.get(STATS).await.status, 429, "the second is not");
}

#[tokio::test]
async fn a_hundred_requests_spread_over_a_minute_pass_for_ever() {
    let clock = Clock::manual(noon());
    let relay = TestRelay::start_with("", "", clock.clone()).await;
    for number in 0..250 {
        assert_eq!(relay.get(STATS).await.status, 200, "{number}");
        clock.advance(Duration::from_millis(600));
    }
}

#[tokio::test]
async fn x_forwarded_for_counts_only_behind_a_trusted_proxy() {
    let limit = "[rate_limit]\nrequests_per_minute = 1";
    let from = async |relay: &TestRelay, client: &str| {
        let bearer = format!("Bearer {API_TOKEN}");
        let headers = [
            ("authorization", bearer.as_str()),
            ("x-forwarded-for", client),
        ];
        relay.call(Method::GET, STATS, &headers, "").await.status
    };
    let relay = TestRelay::start_with("", limit, Clock::System).await;
    assert_eq!(from(&relay, "192.0.2.1").await, 200);
    assert_eq!(
        from(&relay, "192.0.2.2").await,
        429,
        "nobody vouches for it"
    );
    let trusting = format!("{limit}\n[server]\ntrusted_proxies = [\"127.0.0.0/8\"]");
    let relay = TestRelay::start_with("", &trusting, Clock::System).await;
    assert_eq!(from(&relay, "192.0.2.1").await, 200);
    assert_eq!(from(&relay, "192.0.2.2").await, 200);
    assert_eq!(
        from(&relay, "192.0.2.9, 192.0.2.2").await,
        429,
        "the proxy's own word is the last one"
    );
}

#[tokio::test]
async fn unknown_paths_and_methods_get_the_envelope() {
    let relay = TestRelay::start("").await;
    for path in [
        "/",
        "/api",
        "/api/nothing",
        "/control/status",
        "/control/tokens",
        "/api/events/a/b/c",
    ] {
        let answer = relay.get(path).await;
        assert_eq!(
            (answer.status, answer.error().0),
            (404, "NOT_FOUND"),
            "{path}"
        );
        assert!(!answer.header("x-request-id").is_empty());
        assert_eq!(answer.header("cache-control"), "no-store");
    }
    let answer = relay.call(Method::DELETE, "/api/events", &[], "").await;
    assert_eq!(
        (answer.status, answer.error().0),
        (405, "METHOD_NOT_ALLOWED")
    );
    assert_eq!(answer.header("allow"), "GET, HEAD, POST");
    let answer = relay.call(Method::POST, STATS, &[], "").await;
    assert_eq!((answer.status, answer.header("allow")), (405, "GET, HEAD"));
    // Nothing of the command line is there, whatever the method.
    let answer = relay.call(Method::DELETE, "/control/tokens", &[], "").await;
    assert_eq!((answer.status, answer.error().0), (404, "NOT_FOUND"));
    let named = relay
        .call(Method::GET, "/", &[("x-request-id", "mine-7")], "")
        .await;
    assert_eq!(named.header("x-request-id"), "mine-7");
    for odd in [
        &[("x-request-id", "")][..],
        &[("x-request-id", "a"), ("x-request-id", "b")],
    ] {
        let named = relay.call(Method::GET, "/", odd, "").await;
        assert_eq!(named.headers.get_all("x-request-id").iter().count(), 1);
        let id = named.header("x-request-id");
        assert_eq!(
            id.len(),
            "0199e2f3-1a2b-7c4d-8e5f-0123456789ab".len(),
            "{odd:?}"
        );
    }
}

#[tokio::test]
async fn two_authorization_headers_let_nobody_in() {
    let relay = TestRelay::start("").await;
    let good = format!("Bearer {}", token(&[Scope::Admin], relay.clock.now()));
    let call = async |headers: &[&str]| {
        let headers: Vec<_> = headers
            .iter()
            .map(|value| ("authorization", *value))
            .collect();
        relay.call(Method::GET, "/api/events", &headers, "").await
    };
    assert_eq!(call(&[&good]).await.status, 200);
    for two in [
        [good.as_str(), "Bearer x"],
        ["Bearer x", &good],
        [&good, &good],
        [&good, ""],
    ] {
        let answer = call(&two).await;
        assert_eq!((answer.status, answer.error().0), (401, "UNAUTHORIZED"));
    }
}

/// Writes bytes, closes the sending side, and answers what comes back until the end.
pub async fn raw(relay: &TestRelay, bytes: &[u8]) -> String {
    let mut stream = TcpStream::connect(relay.address()).await.unwrap();
    stream.write_all(bytes).await.unwrap();
    let mut answer = Vec::new();
    // A connection that is reset after its answer has still answered.
    let _ = stream.read_to_end(&mut answer).await;
    String::from_utf8_lossy(&answer).into_owned()
}

#[tokio::test]
async fn who_still_sends_when_refused_reads_why() {
    let relay = TestRelay::start("").await;
    let bearer = token(&[Scope::EventsWrite], relay.clock.now());
    let mut stream = TcpStream::connect(relay.address()).await.unwrap();
    let body = "x".repeat(4 << 20);
    let head = format!(
        "POST /api/events HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {bearer}\r\n\
         content-type: application/json\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    // As Python and Node.js send: all of it, and then they read.
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.write_all(body.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 413"), "{answer}");
    assert!(answer.contains("PAYLOAD_TOO_LARGE"), "{answer}");
    assert!(
        answer.to_ascii_lowercase().contains("connection: close"),
        "{answer}"
    );
}

#[tokio::test]
async fn a_request_names_its_host_once() {
    let relay = TestRelay::start("").await;
    for (version, hosts, status) in [
        ("1.1", "", "400"),
        ("1.1", "Host: a\r\nHost: b\r\n", "400"),
        ("1.1", "Host: a\r\nHost: a\r\n", "400"),
        ("1.1", "Host: a b\r\n", "400"),
        ("1.1", "Host: relay.example:8480\r\n", "200"),
        ("1.1", "Host:\r\n", "200"),
        ("1.0", "", "200"),
        ("1.0", "Host: a\r\nHost: b\r\n", "400"),
    ] {
        let request = format!("GET /api/health HTTP/{version}\r\n{hosts}Connection: close\r\n\r\n");
        let answer = raw(&relay, request.as_bytes()).await;
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        assert_eq!(head.split(' ').nth(1), Some(status), "{request}{head}");
        let body: Value = serde_json::from_str(body).unwrap();
        assert_eq!(body["success"], status == "200");
        if status == "400" {
            assert!(
                body["error"]["message"]
                    .as_str()
                    .unwrap()
                    .starts_with("Host: ")
            );
        }
    }
}

#[tokio::test]
async fn broken_http_gets_a_status_and_no_second_chance() {
    let relay = TestRelay::start("").await;
    let huge = format!(
        "GET / HTTP/1.1\r\nhost: x\r\nx: {}\r\n\r\n",
        "y".repeat(20_000)
    );
    let many = format!(
        "GET / HTTP/1.1\r\nhost: x\r\n{}\r\n",
        "x: y\r\n".repeat(200)
    );
    let long = format!("GET /{} HTTP/1.1\r\nhost: x\r\n\r\n", "p".repeat(100_000));
    for (bytes, statuses) in [
        ("nonsense\r\n\r\n", &["400"][..]),
        ("GET / HTTP/9.9\r\n\r\n", &["400"]),
        ("GET / HTTP/1.1\r\nbad header\r\n\r\n", &["400"]),
        (
            "POST /api/events HTTP/1.1\r\nhost: x\r\ncontent-length: x\r\n\r\n",
            &["400"],
        ),
        (&huge, &["431"]),
        (&many, &["431"]),
        (&long, &["414", "431"]),
    ] {
        // The answer ends with the connection: what comes behind is not taken for a request.
        let answer = raw(&relay, bytes.as_bytes()).await;
        let start = &bytes[..bytes.len().min(40)];
        let status = answer.split(' ').nth(1).unwrap_or_default();
        assert!(statuses.contains(&status), "{start}: {answer}");
        assert!(answer.ends_with("\r\n\r\n"), "{start}: {answer}");
    }
    relay.accept("still.works").await;
}

#[tokio::test]
async fn a_body_that_breaks_off_changes_nothing() {
    let relay = TestRelay::start("").await;
    let bearer = token(&[Scope::Admin], relay.clock.now());
    let head = format!(
        "POST /api/events HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {bearer}\r\n\
         content-type: application/json\r\ncontent-length: 100\r\n\r\n{{\"event\":\"a\""
    );
    let mut stream = TcpStream::connect(relay.address()).await.unwrap();
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.shutdown().await.unwrap();
    let mut answer = String::new();
    let _ = stream.read_to_string(&mut answer).await;
    let page = relay.get("/api/events").await;
    assert_eq!(page.data()["items"], json!([]));
}

#[tokio::test]
async fn a_body_without_a_length_is_bounded_too() {
    let relay = TestRelay::start_with("", "[server]\nmax_body_bytes = 2048", Clock::System).await;
    let bearer = token(&[Scope::Admin], relay.clock.now());
    let chunk = format!("400\r\n{}\r\n", "x".repeat(0x400)).repeat(4);
    let bytes = format!(
        "POST /api/events HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {bearer}\r\n\
         content-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n{chunk}"
    );
    let answer = raw(&relay, bytes.as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 413"), "{answer}");
    assert!(answer.contains("PAYLOAD_TOO_LARGE"));
}
