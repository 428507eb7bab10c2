//! Connections that are not secure, and ways out that lead through a proxy: each is told in its own words.

use std::path::Path;
use std::sync::{Arc, Mutex};

use rcgen::{BasicConstraints, Certificate, CertificateParams, IsCa, KeyPair, date_time_ymd};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::process::Command;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::server::{WantsServerCert, WebPkiClientVerifier};
use tokio_rustls::rustls::{ConfigBuilder, RootCertStore, ServerConfig};

use crate::harness::{WEBHOOK_SECRET, binary, configuration};

const ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
/// How a server says that it knows none of the offered versions of TLS.
const ALERT_OF_VERSION: &[u8] = &[0x15, 3, 1, 0, 2, 2, 70];

/// A certificate for localhost that signed itself, with its key.
pub fn certificate(is_ca: bool, until: i32) -> (Certificate, KeyPair) {
    let mut params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    params.not_before = date_time_ymd(2020, 1, 1);
    params.not_after = date_time_ymd(until, 1, 1);
    if is_ca {
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    }
    let key = KeyPair::generate().unwrap();
    (params.self_signed(&key).unwrap(), key)
}

/// A receiver with this certificate; answers its port.
pub async fn https(certificate: &Certificate, key: &KeyPair) -> u16 {
    voicedrive_relay::testing::crypto::install();
    let builder = ServerConfig::builder().with_no_client_auth();
    accepting(builder, certificate, key).await
}

/// The same, which takes only those who show a certificate that this one signed.
pub async fn wants_certificate(certificate: &Certificate, key: &KeyPair) -> u16 {
    voicedrive_relay::testing::crypto::install();
    let mut roots = RootCertStore::empty();
    roots.add(certificate.der().clone()).unwrap();
    let verifier = WebPkiClientVerifier::builder(Arc::new(roots)).build();
    let builder = ServerConfig::builder().with_client_cert_verifier(verifier.unwrap());
    accepting(builder, certificate, key).await
}

async fn accepting(
    builder: ConfigBuilder<ServerConfig, WantsServerCert>,
    certificate: &Certificate,
    key: &KeyPair,
) -> u16 {
    let config = builder
        .with_single_cert(
            vec![certificate.der().clone()],
            key.serialize_der().try_into().unwrap(),
        )
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            if let Ok(mut stream) = acceptor.accept(stream).await {
                let mut request = [0; 4096];
                let _ = stream.read(&mut request).await;
                let _ = stream.write_all(ANSWER).await;
                let _ = stream.shutdown().await;
            }
        }
    });
    port
}

/// Somebody who keeps what each connection says first, and answers the same to everybody.
pub struct Plain {
    pub port: u16,
    heard: Arc<Mutex<Vec<String>>>,
}

impl Plain {
    pub async fn answering(answer: &'static [u8]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let heard = Arc::new(Mutex::new(Vec::new()));
        let shared = Arc::clone(&heard);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                Self::answer(stream, answer, &shared).await;
            }
        });
        Self { port, heard }
    }

    /// One that says something before it is asked, as servers of SSH and of mail do.
    async fn speaking_first(greeting: &'static [u8]) -> u16 {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                tokio::spawn(async move {
                    let _ = stream.write_all(greeting).await;
                    // A connection that is closed with something unread is reset, and the greeting may be lost.
                    while stream.read(&mut [0; 4096]).await.is_ok_and(|read| read > 0) {}
                });
            }
        });
        port
    }

    async fn answer(mut stream: TcpStream, answer: &[u8], heard: &Mutex<Vec<String>>) {
        let mut said = [0; 4096];
        let read = stream.read(&mut said).await.unwrap_or(0);
        let said = String::from_utf8_lossy(&said[..read]).into_owned();
        heard.lock().unwrap().push(said);
        let _ = stream.write_all(answer).await;
    }
}

/// What `check` says.
pub async fn check(directory: &Path, more: &str, environment: &[(&str, &str)]) -> String {
    let path = directory.join("config.toml");
    std::fs::write(&path, configuration(directory, "", more)).unwrap();
    let mut command = Command::new(binary());
    command
        .env_clear()
        .env("VOICEDRIVE_WEBHOOK_SECRET", WEBHOOK_SECRET);
    command.envs(environment.iter().copied());
    let output = command.arg("check").arg("--config").arg(&path).output();
    String::from_utf8(output.await.unwrap().stdout).unwrap()
}

fn route(name: &str, port: u16) -> String {
    format!("[[route]]\nevents = [\"{name}\"]\nurl = \"https://localhost:{port}/hook\"\n")
}

#[tokio::test]
async fn every_fault_of_a_secure_connection_has_its_own_sentence() {
    let directory = TempDir::new().unwrap();
    let (known, known_key) = certificate(true, 2100);
    let (stranger, stranger_key) = certificate(false, 2100);
    let (old, old_key) = certificate(true, 2021);
    let store = directory.path().join("store.pem");
    std::fs::write(&store, known.pem() + &old.pem()).unwrap();
    let more = [
        route("known", https(&known, &known_key).await),
        route("stranger", https(&stranger, &stranger_key).await),
        route("old", https(&old, &old_key).await),
        route("plain", Plain::answering(ANSWER).await.port),
        route("ancient", Plain::answering(ALERT_OF_VERSION).await.port),
    ];
    let trusted = [("SSL_CERT_FILE", store.to_str().unwrap())];
    let told = check(directory.path(), &more.concat(), &trusted).await;
    let line = |route: &str| {
        let start = format!("route {route}:");
        told.lines()
            .find(|line| line.contains(&start))
            .unwrap()
            .to_owned()
    };
    for (route, words, advice) in [
        ("known", "can be reached", ""),
        ("stranger", "is self-signed", "update-ca-certificates"),
        ("old", "expired on 2021-01-01", "ask them to renew it"),
        ("plain", "does not speak TLS", "look at the port"),
        ("ancient", "no TLS 1.2 or 1.3", "switch TLS 1.3 on"),
    ] {
        let line = line(route);
        assert!(line.contains(words) && line.contains(advice), "{line}");
    }
    assert!(!told.contains("something is wrong at VoiceDrive"), "{told}");
}

#[tokio::test]
async fn a_proxy_is_asked_and_what_it_refuses_is_told() {
    let directory = TempDir::new().unwrap();
    let open = Plain::answering(ANSWER).await;
    let closed = Plain::answering(b"HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n").await;
    let login = Plain::answering(
        b"HTTP/1.1 407 Proxy Authentication Required\r\ncontent-length: 0\r\n\r\n",
    )
    .await;
    let shell = Plain::answering(b"SSH-2.0-OpenSSH_9.2\r\n").await;
    let mail = Plain::speaking_first(b"220 mx ESMTP\r\n").await;
    let url = |port: u16| format!("http://127.0.0.1:{port}");
    let with_password = |port: u16| format!("http://user:hush@127.0.0.1:{port}");
    let (open_url, closed_url) = (with_password(open.port), with_password(closed.port));
    let route = |name: &str, scheme: &str, proxy: &str| {
        format!(
            "[[route]]\nevents = [\"{name}\"]\nurl = \"{scheme}://partner.invalid/hook\"\nproxy = \"{proxy}\"\n"
        )
    };
    let more = [
        route("open", "http", "OPEN_URL"),
        route("closed", "https", "PROXY_URL"),
        route("login", "https", &url(login.port)),
        route("nobody", "https", "http://127.0.0.1:9"),
        route("shell", "https", &url(shell.port)),
        route("mail", "https", &url(mail)),
        format!("[[route]]\nevents = [\"straight\"]\nurl = \"{}/hook\"\n", url(mail)),
        "[[route]]\nevents = [\"direct\"]\nurl = \"https://partner.invalid/hook\"\nno_proxy = [\".invalid\"]\n".to_owned(),
    ];
    let (certificate, _) = certificate(true, 2100);
    let store = directory.path().join("store.pem");
    std::fs::write(&store, certificate.pem()).unwrap();
    let environment = [
        ("SSL_CERT_FILE", store.to_str().unwrap()),
        ("OPEN_URL", open_url.as_str()),
        ("PROXY_URL", closed_url.as_str()),
        ("HTTPS_PROXY", "http://environment.invalid:3128"),
    ];
    let told = check(directory.path(), &more.concat(), &environment).await;
    for (route, words) in [
        ("open", "can be reached"),
        ("closed", "it does not connect to this host"),
        ("login", "it wants a user and a password"),
        ("nobody", "the proxy: the connection was refused"),
        ("shell", "its answer is not that of a proxy"),
        ("mail", "its answer is not that of a proxy"),
        ("straight", "does not speak HTTP/1.1"),
        ("direct", "the host name could not be resolved"),
    ] {
        let start = format!("route {route}:");
        let line = told.lines().find(|line| line.contains(&start)).unwrap();
        assert!(line.contains(words), "{line}");
    }
    assert!(
        told.contains("error proxy: http://environment.invalid:3128 (HTTPS_PROXY)"),
        "{told}"
    );
    let unreached = "(HTTPS_PROXY): the proxy: the host name could not be resolved";
    assert!(told.contains(unreached), "{told}");
    assert!(!told.contains("hush"), "{told}");
    let heard = open.heard.lock().unwrap()[0].clone();
    assert!(
        heard.starts_with("HEAD http://partner.invalid/hook HTTP/1.1\r\n"),
        "{heard}"
    );
    // user:hush
    let login = "proxy-authorization: basic dxnlcjpodxno\r\n";
    assert!(heard.to_ascii_lowercase().contains(login), "{heard}");
    let heard = closed.heard.lock().unwrap()[0].clone();
    assert!(
        heard.starts_with("CONNECT partner.invalid:443 HTTP/1.1\r\n"),
        "{heard}"
    );
    assert!(heard.contains("Basic dXNlcjpodXNo"), "{heard}");
}
