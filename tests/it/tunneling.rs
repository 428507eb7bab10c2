//! All that goes out by a proxy that speaks TLS itself, and by proxies that fail: each way has its own sentence.

use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use rcgen::{BasicConstraints, CertificateParams, IsCa, KeyPair};
use reqwest::Url;
use tempfile::TempDir;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;

use crate::alerting::Sink;
use crate::commands::{Daemon, program};
use crate::harness::{Clock, Partner, WEBHOOK_SECRET, configuration};

/// Whoever has the secret of this certificate: the proxy, and the servers behind it.
struct Secured {
    acceptor: TlsAcceptor,
    /// A store of certificates in which it is the only one.
    store: PathBuf,
}

impl Secured {
    fn new(directory: &Path) -> Self {
        voicedrive_relay::testing::crypto::install();
        let names = ["localhost", "partner.invalid", "hook.invalid"];
        let mut params = CertificateParams::new(names.map(str::to_owned)).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let certificate = params.self_signed(&key).unwrap();
        let store = directory.join("store.pem");
        std::fs::write(&store, certificate.pem()).unwrap();
        let config = ServerConfig::builder()
            .with_no_client_auth()
            .with_single_cert(
                vec![certificate.der().clone()],
                key.serialize_der().try_into().unwrap(),
            )
            .unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        Self { acceptor, store }
    }

    /// TLS in front of somebody who speaks none.
    async fn in_front_of(&self, url: &str) -> SocketAddr {
        let server = Url::parse(url).unwrap().socket_addrs(|| None).unwrap()[0];
        let acceptor = self.acceptor.clone();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let acceptor = acceptor.clone();
                tokio::spawn(
                    async move { join(&mut acceptor.accept(stream).await?, server).await },
                );
            }
        });
        address
    }
}

/// Passes on what either side says.
async fn join(
    stream: &mut (impl AsyncRead + AsyncWrite + Unpin),
    to: SocketAddr,
) -> io::Result<()> {
    let mut other = TcpStream::connect(to).await?;
    copy_bidirectional(stream, &mut other).await?;
    Ok(())
}

/// What a proxy does when it is asked for a tunnel.
#[derive(Clone)]
enum Does {
    /// It connects to what stands behind the first of these names that is asked for.
    Connects(Vec<(&'static str, SocketAddr)>),
    Answers(&'static str),
    Ends,
    Hangs,
}

struct Proxy {
    port: u16,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Proxy {
    /// With TLS, when there is a certificate for it.
    async fn start(secured: Option<&Secured>, does: Does) -> Self {
        let acceptor = secured.map(|secured| secured.acceptor.clone());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let shared = Arc::clone(&asked);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (acceptor, does, asked) = (acceptor.clone(), does.clone(), shared.clone());
                tokio::spawn(async move {
                    match acceptor {
                        Some(acceptor) => serve(acceptor.accept(stream).await?, does, &asked).await,
                        None => serve(stream, does, &asked).await,
                    }
                });
            }
        });
        Self { port, asked }
    }

    fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

async fn serve(
    mut stream: impl AsyncRead + AsyncWrite + Unpin,
    does: Does,
    asked: &Mutex<Vec<String>>,
) -> io::Result<()> {
    let mut question = Vec::new();
    while !question.ends_with(b"\r\n\r\n") {
        question.push(stream.read_u8().await?);
    }
    let question = String::from_utf8(question).unwrap();
    asked.lock().unwrap().push(question.clone());
    match does {
        Does::Connects(to) => {
            let named = |(name, _): &&(&str, _)| question.contains(*name);
            let (_, server) = *to.iter().find(named).unwrap();
            stream
                .write_all(b"HTTP/1.1 200 Connection established\r\n\r\n")
                .await?;
            join(&mut stream, server).await
        }
        Does::Answers(status) => {
            let answer = format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\n\r\n");
            stream.write_all(answer.as_bytes()).await?;
            stream.shutdown().await
        }
        Does::Ends => Ok(()),
        Does::Hangs => std::future::pending().await,
    }
}

/// Webhooks by the proxy at `url`, and with `alerts` a channel and the dead man's switch too. With `waits` the proxy is known
/// to hang, and is not waited for long.
fn written(directory: &Path, url: &str, alerts: bool, waits: bool) -> PathBuf {
    let secrets = format!(
        "VOICEDRIVE_WEBHOOK_SECRET={WEBHOOK_SECRET}\nPROXY_URL={url}\n\
         HOOK_URL=https://hook.invalid/hook\nBEAT_URL=https://hook.invalid/beat\n"
    );
    std::fs::write(directory.join("secrets.env"), secrets).unwrap();
    let alerts = if alerts {
        "[alerts]\nheartbeat_url = \"BEAT_URL\"\n\
         [[alerts.channel]]\nkind = \"webhook\"\nurl = \"HOOK_URL\"\n"
    } else {
        ""
    };
    let seconds = if waits { 2 } else { 60 };
    let more = format!("proxy = \"PROXY_URL\"\ntimeout_seconds = {seconds}\n{alerts}");
    let config = directory.join("config.toml");
    let text = configuration(directory, "https://partner.invalid/webhook", &more);
    std::fs::write(&config, text).unwrap();
    config
}

/// What `check` says, line by line.
async fn check(config: &Path, store: &Path) -> String {
    let mut check = program();
    check.env_clear().env("SSL_CERT_FILE", store);
    let output = check.args(["check", "--config"]).arg(config).output();
    String::from_utf8(output.await.unwrap().stdout).unwrap()
}

fn line<'a>(told: &'a str, part: &str) -> &'a str {
    let line = told.lines().find(|line| line.contains(part));
    line.unwrap_or_else(|| panic!("no {part}: {told}"))
}

#[tokio::test]
async fn everything_goes_out_by_a_proxy_that_speaks_tls() {
    let directory = TempDir::new().unwrap();
    let secured = Secured::new(directory.path());
    let (partner, sink) = (Partner::start(Clock::System).await, Sink::start().await);
    let behind = vec![
        ("partner.invalid", secured.in_front_of(&partner.url()).await),
        ("hook.invalid", secured.in_front_of(sink.url()).await),
    ];
    let proxy = Proxy::start(Some(&secured), Does::Connects(behind)).await;
    let url = format!("https://user:hush@localhost:{}", proxy.port);
    let config = written(directory.path(), &url, true, false);
    let told = check(&config, &secured.store).await;
    for (part, words) in [
        ("proxy: https://localhost:", "(PROXY_URL)"),
        ("route default:", "can be reached"),
        ("alerts webhook 1:", "alert test"),
        ("alerts heartbeat_url:", "can be reached"),
    ] {
        let line = line(&told, part);
        assert!(line.starts_with("ok ") && line.contains(words), "{line}");
    }
    assert!(!told.contains("hush"), "{told}");

    let mut serve = program();
    serve.env_clear().env("SSL_CERT_FILE", &secured.store);
    let daemon = Daemon::launch(serve, &config).await;
    let sent = daemon.run(&["send", "test.ping", "--wait"]).await;
    assert_eq!(sent.status.code(), Some(0), "{sent:?}");
    let received = partner.received();
    let posts: Vec<_> = received.iter().filter(|it| it.verdict.is_ok()).collect();
    assert_eq!(posts.len(), 1);
    let tested = daemon.run(&["alert", "test"]).await;
    assert_eq!(tested.status.code(), Some(0), "{tested:?}");
    let posts = sink
        .taken()
        .into_iter()
        .filter(|(line, _)| line.starts_with("POST /hook"));
    assert_eq!(posts.count(), 1);
    daemon.kill().await;
    let asked = proxy.asked();
    assert!(!asked.is_empty());
    for question in asked {
        assert!(question.starts_with("CONNECT "), "{question}");
        // user:hush
        assert!(question.contains("Basic dXNlcjpodXNo"), "{question}");
    }
}

#[tokio::test]
async fn every_way_in_which_a_proxy_fails_has_its_own_sentence() {
    let home = TempDir::new().unwrap();
    let secured = Secured::new(home.path());
    for (does, words, advice) in [
        (
            Does::Answers("407 Proxy Authentication Required"),
            "it wants a user and a password (407)",
            "write a URL with them into secrets.env",
        ),
        (
            Does::Answers("403 Forbidden"),
            "it does not connect to this host (HTTP 403: Forbidden)",
            "ask whoever runs it to allow it",
        ),
        (
            Does::Answers("502 Bad Gateway"),
            "it could not connect to this host (HTTP 502: Bad Gateway)",
            "whether it reaches the outside",
        ),
        (
            Does::Ends,
            "the proxy: the connection ended before there was an answer",
            "whether the proxy runs and lets this server in",
        ),
        (
            Does::Hangs,
            "it did not connect to this host within 2s",
            "whether it reaches the outside",
        ),
    ] {
        // What is told to a person has a longer patience of its own.
        let alerts = !matches!(does, Does::Hangs);
        for (tls, scheme) in [(Some(&secured), "https"), (None, "http")] {
            let proxy = Proxy::start(tls, does.clone()).await;
            let url = format!("{scheme}://localhost:{}", proxy.port);
            let directory = TempDir::new().unwrap();
            let config = written(directory.path(), &url, alerts, !alerts);
            let told = check(&config, &secured.store).await;
            let mut parts = vec!["route default:"];
            if alerts {
                parts.extend(["alerts webhook 1:", "alerts heartbeat_url:"]);
            }
            for part in parts {
                let line = line(&told, part);
                assert!(line.starts_with("error "), "{line}");
                assert!(line.contains(words) && line.contains(advice), "{line}");
            }
        }
    }
}

#[tokio::test]
async fn an_attempt_that_waits_for_the_proxy_in_vain_is_a_timeout_of_the_proxy() {
    let directory = TempDir::new().unwrap();
    let secured = Secured::new(directory.path());
    let proxy = Proxy::start(Some(&secured), Does::Hangs).await;
    let url = format!("https://localhost:{}", proxy.port);
    let config = written(directory.path(), &url, false, true);
    let mut serve = program();
    serve.env_clear().env("SSL_CERT_FILE", &secured.store);
    let daemon = Daemon::launch(serve, &config).await;
    let sent = daemon.json(&["send", "test.ping"]).await;
    let id = sent["id"].as_str().unwrap();
    let retrying = |event: &serde_json::Value| event["status"] == "retrying";
    let event = daemon.until(&["show", id], retrying).await;
    let attempt = &event["attempts"][0];
    assert_eq!(attempt["outcome"], "timeout", "{attempt}");
    assert_eq!(attempt["cause"], "proxy_no_way", "{attempt}");
    daemon.kill().await;
}

/// Whether the certificate of a proxy is believed is looked at too.
#[tokio::test]
async fn check_does_not_call_a_proxy_good_that_shows_a_bad_certificate() {
    let (ours, theirs) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let (secured, stranger) = (Secured::new(ours.path()), Secured::new(theirs.path()));
    let proxy = Proxy::start(Some(&stranger), Does::Ends).await;
    let url = format!("https://localhost:{}", proxy.port);
    let config = written(ours.path(), &url, false, false);
    let told = check(&config, &secured.store).await;
    let line = line(&told, "proxy: https://localhost:");
    assert!(line.starts_with("error "), "{line}");
    assert!(line.contains("the certificate is self-signed"), "{line}");
    assert_eq!(proxy.asked().len(), 0);
}
