//! What the server adds to the answers of the app behind it, over a real socket.

use std::net::SocketAddr;
use std::pin::Pin;

use hyper::rt::Write;
use rcgen::{CertificateParams, KeyPair};
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_rustls::TlsConnector;

use super::tls::TlsListener;
use super::*;
use crate::key_pair::{CurrentKeyPair, KeyPairFiles};

/// Answers what the path says.
struct Pages;

impl App for Pages {
    async fn answer(&self, peer: Peer, request: Request<Incoming>) -> Reply {
        assert_ne!(request.uri().path(), "/panic");
        let mut reply = Reply::default();
        if request.uri().path() == "/peer" {
            *reply.body_mut() = Full::new(format!("{peer:?}").into());
        }
        if request.uri().path() == "/picture" {
            let hour = HeaderValue::from_static("max-age=3600");
            reply.headers_mut().insert(CACHE_CONTROL, hour);
        }
        reply
    }

    fn panicked(&self, uri: &Uri) -> Reply {
        let page = format!("a page of its own for {}", uri.path());
        let mut reply = Response::new(Full::new(Bytes::from(page)));
        *reply.status_mut() = hyper::StatusCode::INTERNAL_SERVER_ERROR;
        reply
    }

    fn is_proxy(&self, _peer: IpAddr) -> bool {
        false
    }

    fn monotonic(&self) -> Duration {
        Duration::ZERO
    }
}

/// What comes back for a request, in lower case.
async fn asked(address: SocketAddr, path: &str, header: &str) -> String {
    let stream = TcpStream::connect(address).await.unwrap();
    asked_over(stream, path, header).await
}

async fn asked_over(
    mut stream: impl AsyncRead + AsyncWrite + Unpin,
    path: &str,
    header: &str,
) -> String {
    let request = format!("GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n{header}\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer.to_ascii_lowercase()
}

#[tokio::test]
async fn every_answer_has_an_id_and_is_not_stored_unless_it_says_so_and_a_panic_is_answered() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = watch::channel(false);
    let serving = tokio::spawn(serve(Arc::new(Pages), listener, stopped));

    let plain = asked(address, "/", "x-request-id: mine\r\n").await;
    assert!(plain.contains("x-request-id: mine\r\n"), "{plain}");
    assert!(plain.contains("cache-control: no-store\r\n"), "{plain}");
    let picture = asked(address, "/picture", "").await;
    assert!(picture.contains("max-age=3600") && !picture.contains("no-store"));
    let panicked = asked(address, "/panic", "").await;
    assert!(panicked.starts_with("http/1.1 500"), "{panicked}");
    assert!(
        panicked.ends_with("a page of its own for /panic"),
        "{panicked}"
    );
    for answer in [plain, picture, panicked] {
        assert_eq!(answer.matches("x-request-id: ").count(), 1, "{answer}");
    }

    stop.send(true).unwrap();
    tokio::time::timeout(Duration::from_secs(30), serving)
        .await
        .unwrap()
        .unwrap();
}

#[tokio::test]
async fn a_request_knows_whether_it_came_over_tls() {
    let directory = tempfile::tempdir().unwrap();
    let key = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    let certificate = certificate.self_signed(&key).unwrap();
    let files = KeyPairFiles {
        certificate: directory.path().join("fullchain.pem"),
        key: directory.path().join("privkey.pem"),
    };
    std::fs::write(&files.certificate, certificate.pem()).unwrap();
    std::fs::write(&files.key, key.serialize_pem()).unwrap();
    let pair = CurrentKeyPair::new(files.read().unwrap());
    let plain = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let secured = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addresses = (plain.local_addr().unwrap(), secured.local_addr().unwrap());
    let (_stop, stopped) = watch::channel(false);
    tokio::spawn(serve(Arc::new(Pages), plain, stopped.clone()));
    let secured = TlsListener::new(secured, pair);
    tokio::spawn(serve(Arc::new(Pages), secured, stopped));

    let told = asked(addresses.0, "/peer", "").await;
    assert!(told.ends_with("network(127.0.0.1)"), "{told}");
    let mut roots = RootCertStore::empty();
    roots.add(certificate.der().clone()).unwrap();
    let client = ClientConfig::builder()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let stream = TcpStream::connect(addresses.1).await.unwrap();
    let host = ServerName::try_from("localhost").unwrap();
    let connector = TlsConnector::from(Arc::new(client));
    let stream = connector.connect(host, stream).await.unwrap();
    let told = asked_over(stream, "/peer", "").await;
    assert!(told.ends_with("secured(127.0.0.1)"), "{told}");
}

#[tokio::test]
async fn nobody_waits_for_an_evicted_connection_whose_peer_stays() {
    let permits = Permits::new(1, 1);
    let free = permits.free().await.unwrap();
    let admitted = permits.take(free, None).unwrap();
    let (own, _peer) = tokio::io::duplex(16);
    let mut connection = guarded(own, Arc::new(admitted.permit), admitted.evicted);
    let mut is_closed = async || {
        poll_fn(|context| {
            let closed = Pin::new(&mut connection).poll_shutdown(context);
            Poll::Ready(closed.is_ready())
        })
        .await
    };
    assert!(!is_closed().await, "its peer may still send");
    tokio::select! {
        biased;
        _ = permits.free() => unreachable!("the only place is taken"),
        () = tokio::task::yield_now() => {}
    }
    assert!(is_closed().await);
}

#[test]
fn callers_cannot_take_all_the_files_that_may_be_open() {
    for (files, connections) in [
        (None, CONNECTIONS),
        (Some(4096), CONNECTIONS),
        (Some(1024), 480),
        (Some(256), 96),
        (Some(64), FEWEST),
        (Some(16), FEWEST),
    ] {
        assert_eq!(connections_of(files), connections, "{files:?}");
    }
}
