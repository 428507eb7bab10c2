//! What keeps an attempt from succeeding is blamed on the side whose fault it is, and the advice names the settings
//! of the route on which it happened.

use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;

use crate::harness::{Clock, Partner, TestRelay, status};
use crate::securing::{Plain, certificate, check, https, wants_certificate};

const WANTS_LOGIN: &[u8] =
    b"HTTP/1.1 407 Proxy Authentication Required\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
const MAIL_SERVER: &[u8] = b"220 mail.clinic.example ESMTP\r\n";
const WANTS_TLS: &[u8] =
    b"HTTP/1.1 400 Bad Request\r\ncontent-length: 63\r\nconnection: close\r\n\r\n\
    <center>The plain HTTP request was sent to HTTPS port</center>\r\n";

const AWAY: &[u8] =
    b"HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";

/// Nobody can say what it means.
const NO_STATUS: &[u8] = b"HTTP/1.1 fine\r\ncontent-length: 2\r\nconnection: close\r\n\r\nok";
const ODD_VERSION: &[u8] = b"HTTP/2.0 200 OK\r\ncontent-length: 0\r\n\r\n";
const GATEWAY: &[u8] =
    b"HTTP/1.1 502 Bad Gateway\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
const BLOCKED: &[u8] = b"HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
const PORTAL: &[u8] = b"HTTP/1.1 302 Found\r\nlocation: http://portal.invalid/login\r\n\
    content-length: 0\r\nconnection: close\r\n\r\n";
const MOVED: &[u8] =
    b"HTTP/1.1 301 Moved Permanently\r\nlocation: https://secure.example/hook?key=1\r\n\
    content-length: 0\r\nconnection: close\r\n\r\n";
const MISSING: &[u8] = b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";

/// An answer with more headers than anybody reads.
fn long_head() -> &'static [u8] {
    let headers: Vec<String> = (0..2000).map(|n| format!("x-{n}: 1\r\n")).collect();
    format!("HTTP/1.1 200 OK\r\n{}\r\n", headers.concat())
        .leak()
        .as_bytes()
}

fn route(name: &str, url: &str, proxy: &str) -> String {
    let proxy = if proxy.is_empty() {
        String::new()
    } else {
        format!("proxy = \"{proxy}\"\n")
    };
    format!("[[route]]\nname = \"{name}\"\nevents = [\"{name}.made\"]\nurl = \"{url}\"\n{proxy}")
}

#[tokio::test]
async fn check_tells_whose_fault_it_is() {
    let directory = TempDir::new().unwrap();
    let (old, old_key) = certificate(true, 2021);
    let (stranger, stranger_key) = certificate(false, 2100);
    let store = directory.path().join("store.pem");
    let (own, own_key) = certificate(false, 2100);
    std::fs::write(&store, old.pem() + &own.pem()).unwrap();
    let plain = |port: u16| format!("http://127.0.0.1:{port}/hook");
    let secure = |port: u16| format!("https://localhost:{port}");
    let there = "https://partner.invalid/hook";
    let behind = "http://partner.invalid/hook";
    let by = async |answer| format!("http://127.0.0.1:{}", Plain::answering(answer).await.port);
    let expired = secure(https(&old, &old_key).await);
    let unknown = secure(https(&stranger, &stranger_key).await);
    let no_tls = Plain::answering(WANTS_LOGIN).await.port;
    let tls = https(&stranger, &stranger_key).await;
    let more = [
        route("proxy-expired", there, &expired),
        route(
            "proxy-expired-plain",
            "http://partner.invalid/hook",
            &expired,
        ),
        route("proxy-stranger", there, &unknown),
        route("proxy-plain", there, &secure(no_tls)),
        route(
            "proxy-login",
            "http://partner.invalid/",
            &format!("http://127.0.0.1:{no_tls}"),
        ),
        route("no-proxy", &plain(no_tls), ""),
        route("mail", &plain(Plain::answering(MAIL_SERVER).await.port), ""),
        route("tls", &plain(tls), ""),
        route("silent", &plain(Plain::answering(b"").await.port), ""),
        route(
            "cut",
            &format!("{}/", secure(Plain::answering(b"").await.port)),
            "",
        ),
        route("away", &plain(Plain::answering(AWAY).await.port), ""),
        route(
            "nothing",
            &plain(Plain::answering(NO_STATUS).await.port),
            "",
        ),
        route(
            "version",
            &plain(Plain::answering(ODD_VERSION).await.port),
            "",
        ),
        route(
            "certificate",
            &format!("{}/", secure(wants_certificate(&own, &own_key).await)),
            "",
        ),
        route("gateway", behind, &by(GATEWAY).await),
        route("blocked", behind, &by(BLOCKED).await),
        route("portal", behind, &by(PORTAL).await),
        route("missing", behind, &by(MISSING).await),
        route("moved", &plain(Plain::answering(MOVED).await.port), ""),
        route("long", &plain(Plain::answering(long_head()).await.port), ""),
    ];
    let trusted = [("SSL_CERT_FILE", store.to_str().unwrap())];
    let told = check(directory.path(), &more.concat(), &trusted).await;
    for (name, words, advice) in [
        (
            "proxy-expired",
            "the proxy: no secure connection: the certificate expired on 2021-01-01",
            "not that of the receiver",
        ),
        (
            "proxy-expired-plain",
            "the proxy: no secure connection: the certificate expired on 2021-01-01",
            "not that of the receiver",
        ),
        (
            "proxy-stranger",
            "the certificate is self-signed",
            "not that of the receiver",
        ),
        (
            "proxy-plain",
            "does not speak TLS",
            "look at http:// or https://, host and port in `proxy` of [[route]] \"proxy-plain\"",
        ),
        (
            "proxy-login",
            "it wants a user and a password",
            "`proxy` of [[route]] \"proxy-login\"",
        ),
        ("no-proxy", "HTTP 407", "none is configured here"),
        (
            "mail",
            "does not speak HTTP/1.1",
            "look at the port in the URL",
        ),
        ("tls", "this port speaks TLS", "https:// instead of http://"),
        (
            "silent",
            "ended before there was an answer",
            "such as a firewall",
        ),
        (
            "cut",
            "ended in the middle of the TLS handshake",
            "whether something between interferes",
        ),
        ("away", "HTTP 503", "tell them if it lasts"),
        ("nothing", "the answer is broken", ""),
        ("version", "does not speak HTTP/1.1", "look at the port"),
        (
            "certificate",
            "wants a certificate of this server",
            "ask the receiver for a URL that needs none",
        ),
        (
            "gateway",
            "note  route gateway: http://partner.invalid",
            "HTTP 502: Bad Gateway (by way of the proxy); this answer came by way of the proxy",
        ),
        (
            "blocked",
            "note  route blocked: http://partner.invalid",
            "HTTP 403: Forbidden (by way of the proxy)",
        ),
        (
            "portal",
            "note  route portal: http://partner.invalid",
            "`proxy` of [[route]] \"portal\"",
        ),
        ("missing", "can be reached", ""),
        (
            "moved",
            "note  route moved: http://127.0.0.1:",
            "it moved to https://secure.example/hook; the receiver has moved",
        ),
        // It has a status, whatever follows.
        ("long", "can be reached", ""),
    ] {
        let start = format!("route {name}:");
        let line = told.lines().find(|line| line.contains(&start)).unwrap();
        assert!(line.contains(words) && line.contains(advice), "{line}");
        let blames_voicedrive = line.contains("something is wrong at VoiceDrive's side");
        let is_its_fault = matches!(name, "away" | "nothing");
        assert_eq!(blames_voicedrive, is_its_fault, "{line}");
    }
}

#[tokio::test]
async fn an_attempt_tells_whose_fault_it_is() {
    let (stranger, key) = certificate(false, 2100);
    let plain = |port: u16| format!("http://127.0.0.1:{port}/hook");
    let login = Plain::answering(WANTS_LOGIN).await.port;
    let by = async |answer| format!("http://127.0.0.1:{}", Plain::answering(answer).await.port);
    let more = [
        route(
            "login",
            "https://partner.invalid/",
            &format!("http://127.0.0.1:{login}"),
        ),
        route(
            "relayed",
            "http://partner.invalid/",
            &format!("http://127.0.0.1:{login}"),
        ),
        route("unasked", &plain(login), ""),
        route("mail", &plain(Plain::answering(MAIL_SERVER).await.port), ""),
        route("tls", &plain(https(&stranger, &key).await), ""),
        route("nginx", &plain(Plain::answering(WANTS_TLS).await.port), ""),
        route("silent", &plain(Plain::answering(b"").await.port), ""),
        route(
            "nothing",
            &plain(Plain::answering(NO_STATUS).await.port),
            "",
        ),
        route(
            "version",
            &plain(Plain::answering(ODD_VERSION).await.port),
            "",
        ),
        route("gateway", "http://partner.invalid/", &by(GATEWAY).await),
        route("blocked", "http://partner.invalid/", &by(BLOCKED).await),
        route("portal", "http://partner.invalid/", &by(PORTAL).await),
        route("missing", "http://partner.invalid/", &by(MISSING).await),
        route("direct", &plain(Plain::answering(GATEWAY).await.port), ""),
    ];
    let partner = Partner::start(Clock::System).await;
    let relay = TestRelay::start_with(&partner.url(), &more.concat(), Clock::System).await;
    for (name, cause) in [
        ("login", "proxy_login"),
        ("relayed", "proxy_login"),
        ("unasked", "proxy_unknown"),
        ("mail", "not_http"),
        ("tls", "wants_tls"),
        ("nginx", "wants_tls"),
        ("silent", "connection_ended"),
        ("nothing", "partner_error"),
        ("version", "not_http"),
        ("gateway", "proxy_answer"),
        ("blocked", "proxy_answer"),
        ("portal", "proxy_answer"),
        ("missing", "wrong_address"),
        ("direct", "partner_error"),
    ] {
        let id = relay.accept(&format!("{name}.made")).await;
        let event = relay.wait_for_status(&id, "retrying").await;
        assert_eq!(event["attempts"][0]["cause"], cause, "{name}: {event}");
    }
    relay.stop().await;
}

/// What an admin is told of the refusals on each route, when it is told.
async fn told_of_refusals(relay: &TestRelay, routes: usize) -> Vec<Value> {
    let deadline = tokio::time::Instant::now() + Duration::from_secs(30);
    loop {
        let answer = relay.get("/api/incidents?state=ongoing").await;
        let items = answer.data()["items"].as_array().unwrap().clone();
        if items.len() == routes {
            return items;
        }
        assert!(tokio::time::Instant::now() < deadline, "{items:?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn the_advice_names_the_settings_of_the_route_that_is_in_trouble() {
    let refusing = Partner::start(Clock::System).await;
    refusing.always_answers(Some(status(401)));
    let gone = Partner::start(Clock::System).await;
    gone.always_answers(Some(status(404)));
    let more = [
        route("signed", &refusing.url(), "") + "secret = \"EMPLOYEE_SECRET\"\n",
        route("token", &refusing.url(), "")
            + "profile = \"unsigned\"\nbearer = \"PARTNER_TOKEN\"\n",
        route("bare", &refusing.url(), "") + "profile = \"unsigned\"\n",
        route("gone", &gone.url(), ""),
    ];
    let relay = TestRelay::start_with(&refusing.url(), &more.concat(), Clock::System).await;
    let events = [
        "signed.made",
        "token.made",
        "bare.made",
        "gone.made",
        "other.made",
    ];
    for event in events {
        let id = relay.accept(event).await;
        relay.wait_for_status(&id, "retrying").await;
    }
    let incidents = told_of_refusals(&relay, events.len()).await;
    for (name, words) in [
        ("signed", "EMPLOYEE_SECRET"),
        ("token", "PARTNER_TOKEN"),
        ("bare", "`profile` of [[route]] \"bare\""),
        ("gone", "`url` of [[route]] \"gone\""),
        ("default", "VOICEDRIVE_WEBHOOK_SECRET"),
    ] {
        let incident = incidents.iter().find(|one| one["subject"] == name);
        let text = incident.unwrap()["text"].as_str().unwrap();
        assert!(text.contains(words), "{text}");
        assert_eq!(text.contains("VOICEDRIVE_"), name == "default", "{text}");
        if name == "token" {
            assert!(!text.contains("signature"), "{text}");
        }
    }
    relay.stop().await;
}
