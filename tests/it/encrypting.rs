//! The relay speaks TLS itself: with which certificate, what when that changes or is bad, and what of callers who never
//! finish their handshake.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Output;
use std::sync::Arc;
use std::time::Duration;

use rcgen::KeyPair;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::version::{TLS12, TLS13};
use tokio_rustls::rustls::{
    ClientConfig, ProtocolVersion, RootCertStore, SupportedProtocolVersion,
};

use crate::commands::{Daemon, program};
use voicedrive_relay::testing::token::Scope;

use crate::harness::{Clock, TestRelay, configuration, token};
use crate::securing::certificate;

/// More connections than one peer may have.
const MORE_THAN_A_SHARE: usize = 300;

/// Puts a new pair for localhost into a directory.
pub fn write_pair(directory: &Path, until: i32) -> CertificateDer<'static> {
    let (certificate, key) = certificate(false, until);
    fs::write(directory.join("fullchain.pem"), certificate.pem()).unwrap();
    write_key(directory, &key);
    certificate.der().clone()
}

fn write_key(directory: &Path, key: &KeyPair) {
    fs::write(directory.join("privkey.pem"), key.serialize_pem()).unwrap();
    let only_owner = std::os::unix::fs::PermissionsExt::from_mode(0o600);
    fs::set_permissions(directory.join("privkey.pem"), only_owner).unwrap();
}

/// The section that names them.
fn section(directory: &Path, listen: &str) -> String {
    let directory = directory.display();
    format!(
        "[server]\n[server.tls]\n{listen}certificate = \"{directory}/fullchain.pem\"\nkey = \"{directory}/privkey.pem\"\n"
    )
}

pub fn beside(directory: &Path) -> String {
    section(directory, "listen = \"127.0.0.1:0\"\n")
}

fn connector(
    believed: &CertificateDer<'static>,
    version: &'static SupportedProtocolVersion,
) -> TlsConnector {
    voicedrive_relay::testing::crypto::install();
    let mut roots = RootCertStore::empty();
    roots.add(believed.clone()).unwrap();
    let config = ClientConfig::builder_with_protocol_versions(&[version])
        .with_root_certificates(roots)
        .with_no_client_auth();
    Arc::new(config).into()
}

async fn connect(
    address: SocketAddr,
    believed: &CertificateDer<'static>,
    version: &'static SupportedProtocolVersion,
) -> std::io::Result<TlsStream<TcpStream>> {
    let stream = TcpStream::connect(address).await?;
    let host = ServerName::try_from("localhost").unwrap();
    connector(believed, version).connect(host, stream).await
}

/// The answer to a question about the relay's health.
async fn health(stream: &mut TlsStream<TcpStream>) -> String {
    let request = b"GET /api/health HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";
    stream.write_all(request).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

fn said(output: &Output) -> String {
    String::from_utf8([&output.stdout[..], &output.stderr[..]].concat()).unwrap()
}

async fn tls_address(daemon: &Daemon) -> SocketAddr {
    let status = daemon.json(&["status"]).await;
    status["tls"]["listen"].as_str().unwrap().parse().unwrap()
}

#[tokio::test]
async fn tls_is_spoken_in_both_versions_beside_plain_http() {
    let pair = TempDir::new().unwrap();
    let believed = write_pair(pair.path(), 2100);
    let relay = TestRelay::start_with("", &beside(pair.path()), Clock::System).await;
    let address = relay.tls_address().unwrap();
    for (version, expected) in [
        (&TLS12, ProtocolVersion::TLSv1_2),
        (&TLS13, ProtocolVersion::TLSv1_3),
    ] {
        let mut stream = connect(address, &believed, version).await.unwrap();
        assert_eq!(stream.get_ref().1.protocol_version(), Some(expected));
        let answer = health(&mut stream).await;
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    }
    assert_eq!(relay.get("/api/health").await.status, 200);
    // Who speaks without TLS there has no answer, and nothing is worse for it.
    let mut plain = TcpStream::connect(address).await.unwrap();
    plain.write_all(b"GET / HTTP/1.1\r\n\r\n").await.unwrap();
    let mut answer = Vec::new();
    let _ = plain.read_to_end(&mut answer).await;
    assert!(!answer.starts_with(b"HTTP"), "{answer:?}");
    let mut stream = connect(address, &believed, &TLS13).await.unwrap();
    assert!(health(&mut stream).await.starts_with("HTTP/1.1 200"));
}

#[tokio::test]
async fn a_large_body_that_is_refused_over_tls_is_told_why() {
    let pair = TempDir::new().unwrap();
    let believed = write_pair(pair.path(), 2100);
    let relay = TestRelay::start_with("", &beside(pair.path()), Clock::System).await;
    let address = relay.tls_address().unwrap();
    let mut stream = connect(address, &believed, &TLS13).await.unwrap();
    let body = "x".repeat(4 << 20);
    let token = token(&[Scope::EventsWrite], relay.clock.now());
    let head = format!(
        "POST /api/events HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {token}\r\n\
         content-type: application/json\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    // It may be closed before everything is sent.
    let _ = stream.write_all(body.as_bytes()).await;
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    let answer = String::from_utf8(answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 413"), "{answer}");
}

#[tokio::test]
async fn callers_who_never_finish_their_handshake_hold_up_nobody() {
    let pair = TempDir::new().unwrap();
    let believed = write_pair(pair.path(), 2100);
    let relay = TestRelay::start_with("", &beside(pair.path()), Clock::System).await;
    let address = relay.tls_address().unwrap();
    let mut silent = Vec::new();
    for _ in 0..MORE_THAN_A_SHARE {
        let mut stream = TcpStream::connect(address).await.unwrap();
        // The beginning of a handshake, and then nothing.
        stream.write_all(&[0x16, 3, 1, 2]).await.unwrap();
        silent.push(stream);
    }
    let answered = async {
        let mut stream = connect(address, &believed, &TLS13).await.unwrap();
        health(&mut stream).await
    };
    let answer = tokio::time::timeout(Duration::from_secs(30), answered).await;
    assert!(answer.unwrap().starts_with("HTTP/1.1 200"));
    // The oldest made room, as connections without a request do.
    let mut byte = [0];
    let closed = tokio::time::timeout(Duration::from_secs(30), silent[0].read(&mut byte)).await;
    assert!(matches!(closed.unwrap(), Ok(0) | Err(_)));
    // A stop waits for none of them.
    let stopped = tokio::time::timeout(Duration::from_secs(30), relay.stop()).await;
    assert!(stopped.is_ok());
}

#[tokio::test]
async fn a_new_pair_is_shown_after_a_reload_and_a_bad_one_is_refused() {
    let directory = TempDir::new().unwrap();
    let first = write_pair(directory.path(), 2100);
    let daemon = Daemon::start(directory.path(), "", &beside(directory.path())).await;
    let address = tls_address(&daemon).await;
    assert!(connect(address, &first, &TLS13).await.is_ok());
    let second = write_pair(directory.path(), 2101);
    let reloaded = daemon.run(&["reload"]).await;
    assert_eq!(reloaded.status.code(), Some(0), "{}", said(&reloaded));
    assert!(connect(address, &first, &TLS13).await.is_err());
    assert!(connect(address, &second, &TLS13).await.is_ok());
    let status = daemon.json(&["status"]).await;
    assert_eq!(status["tls"]["endsAt"], "2101-01-01T00:00:00.000Z");
    assert_eq!(status["tls"]["names"], serde_json::json!(["localhost"]));

    // Of a pair that is renewed, one half is there before the other.
    write_key(directory.path(), &KeyPair::generate().unwrap());
    let refused = daemon.run(&["reload"]).await;
    assert_eq!(refused.status.code(), Some(78), "{}", said(&refused));
    let key = directory.path().join("privkey.pem").display().to_string();
    for words in [
        key.as_str(),
        "server.tls.key",
        "not the key of this certificate",
    ] {
        assert!(said(&refused).contains(words), "{}", said(&refused));
    }
    assert!(connect(address, &second, &TLS13).await.is_ok());
    // `status` says so at once, until a reload is done.
    let status = daemon.json(&["status"]).await;
    let told = status["reloadRefused"][0].as_str().unwrap();
    assert!(told.contains("not the key of this certificate"), "{told}");
    assert!(said(&daemon.run(&["status"]).await).contains(told));
    let needs = daemon.run(&["status", "--exit-code"]).await;
    assert_eq!(needs.status.code(), Some(1));
    write_pair(directory.path(), 2102);
    assert!(daemon.run(&["reload"]).await.status.success());
    let status = daemon.json(&["status"]).await;
    assert_eq!(status["reloadRefused"], serde_json::Value::Null);
    daemon.stop().await;
}

#[tokio::test]
async fn a_bad_pair_ends_the_start_and_check_says_the_same_of_it() {
    let directory = TempDir::new().unwrap();
    write_pair(directory.path(), 2100);
    let config = directory.path().join("config.toml");
    let text = configuration(directory.path(), "", &beside(directory.path()));
    fs::write(&config, text.replace("\"en\"", "\"ja\"")).unwrap();
    let run = async |command: &str| {
        let output = program().arg(command).arg("--config").arg(&config).output();
        output.await.unwrap()
    };
    let key = directory.path().join("privkey.pem");
    write_key(directory.path(), &KeyPair::generate().unwrap());
    for (command, words) in [
        ("serve", "is not the key of this certificate"),
        ("check", "この証明書の鍵ではありません"),
    ] {
        let output = run(command).await;
        assert_eq!(output.status.code(), Some(78), "{}", said(&output));
        let told = format!("{}: server.tls.key: {words}", key.display());
        assert!(said(&output).contains(&told), "{}", said(&output));
    }
    fs::remove_file(&key).unwrap();
    let output = run("serve").await;
    assert_eq!(output.status.code(), Some(78), "{}", said(&output));
    assert!(
        said(&output).contains("cannot be read"),
        "{}",
        said(&output)
    );
}

#[tokio::test]
async fn check_knows_for_whom_the_certificate_is_and_until_when() {
    let directory = TempDir::new().unwrap();
    write_pair(directory.path(), 2100);
    let more = beside(directory.path()).replace(
        "[server]\n",
        "[server]\npublic_url = \"https://relay.clinic.example\"\n",
    );
    let daemon = Daemon::start(directory.path(), "", &more).await;
    let key = directory.path().join("privkey.pem");
    let open = std::os::unix::fs::PermissionsExt::from_mode(0o644);
    fs::set_permissions(&key, open).unwrap();
    let told = said(&daemon.run(&["check"]).await);
    for words in [
        "ok    tls: localhost; the certificate is valid until 2100-01-01 (",
        "note  tls: the certificate is not for relay.clinic.example",
        "privkey.pem: server.tls.key: everybody on this machine can read it",
    ] {
        assert!(told.contains(words), "{words}: {told}");
    }
    let page = said(&daemon.run(&["status"]).await);
    assert!(page.contains("TLS: 127.0.0.1:"), "{page}");
    // A change of its address takes a restart.
    let listen = "listen = \"127.0.0.1:0\"\ncertificate";
    let text = fs::read_to_string(&daemon.config).unwrap();
    assert!(text.contains(listen));
    fs::write(&daemon.config, text.replace(listen, "certificate")).unwrap();
    let reloaded = said(&daemon.run(&["reload"]).await);
    assert!(reloaded.contains("server.tls"), "{reloaded}");
    daemon.stop().await;
}

#[tokio::test]
async fn tls_takes_the_place_of_plain_http_when_it_has_no_address_of_its_own() {
    let pair = TempDir::new().unwrap();
    let believed = write_pair(pair.path(), 2100);
    let relay = TestRelay::start_with("", &section(pair.path(), ""), Clock::System).await;
    let address = relay.tls_address().unwrap();
    let mut stream = connect(address, &believed, &TLS12).await.unwrap();
    assert!(health(&mut stream).await.starts_with("HTTP/1.1 200"));
}
