//! The one HTTP client of all that goes out: webhooks, probes, and the hooks of the alerts.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::header::{
    ACCEPT, AUTHORIZATION, HeaderMap, HeaderValue, PROXY_AUTHORIZATION, USER_AGENT,
};
use hyper::http::Extensions;
use hyper::{Method, Request, StatusCode, Uri};
use hyper_util::client::legacy::connect::{CaptureConnection, capture_connection};
use hyper_util::client::legacy::{self, Client};
use hyper_util::rt::{TokioExecutor, TokioTimer};
use percent_encoding::percent_decode_str;
use tokio::time::{Instant, sleep, timeout, timeout_at};
use tokio_rustls::TlsConnector;
use tower::Service;
use url::Url;

use super::address::Resolver;
use super::connection::{ByProxy, Certificate, Connector, Stage, staged};
use super::failure::{self, Failure, ProxyFault, ProxyTls, Way};
use super::heard::Heard;
use super::proxy::{self, Proxies};
use super::tls::{self, CertificateRequested, TlsError};

/// A connection that was idle for longer is not used again. Many receivers (Node.js by default)
/// close theirs after five seconds, and a request that meets the closing fails for no good reason.
const IDLE_CONNECTION: Duration = Duration::from_secs(4);
/// Headers of an answer that are read, at the most. Each costs memory while an answer is read.
const MOST_HEADERS: usize = 256;
/// How this program names itself.
const PROGRAM: HeaderValue =
    HeaderValue::from_static(concat!("voicedrive-relay/", env!("CARGO_PKG_VERSION")));
const ANYTHING: HeaderValue = HeaderValue::from_static("*/*");

/// A client cannot be made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ClientError {
    /// There is nobody whose certificates could be believed.
    Tls(#[from] TlsError),
    /// The library refuses its settings.
    Library(String),
}

/// A client that calls one address and nobody else. It follows no redirects.
#[derive(Clone, Debug)]
pub struct Outgoing {
    client: Client<Connector, Full<Bytes>>,
    way: Way,
    proxy: Option<proxy::Proxy>,
    asked: CertificateRequested,
    /// Somebody took what was sent without a certificate of this machine.
    taken: Arc<AtomicBool>,
}

/// An answer whose head is here.
pub struct Reply {
    /// Its status.
    pub status: StatusCode,
    /// Its headers; none of a head that the library could not make sense of.
    pub headers: HeaderMap,
    /// The certificate with which the server identified itself, in DER.
    pub certificate: Option<Arc<[u8]>>,
    body: Body,
    until: Instant,
}

/// What follows the head of an answer.
enum Body {
    /// It can be read.
    Coming(Incoming),
    /// Nobody can say where it begins: the library could not make sense of the head.
    Lost,
    /// The head did not end in time.
    Late,
}

impl Outgoing {
    /// A client for `url`, by `proxies`, which calls the addresses that `resolver` allows.
    ///
    /// # Errors
    /// `ClientError` when TLS cannot be set up.
    pub fn to(url: &Url, proxies: &Proxies, resolver: Resolver) -> Result<Self, ClientError> {
        let proxy = proxies.of(url);
        let secure = url.scheme() == "https";
        let proxy_tls = proxy.map(|proxy| match proxy.expose().scheme() {
            "https" => ProxyTls::Begins,
            _ => ProxyTls::None,
        });
        let asked = CertificateRequested::default();
        // Without encryption, a machine need not have any certificates.
        let tls = secure.then(|| speaks_tls(&asked)).transpose()?;
        let by_proxy = proxy.map(|proxy| by_proxy(proxy.expose())).transpose()?;
        let connector = Connector::new(resolver, tls, by_proxy);
        Ok(Self {
            client: lenient().build(connector),
            way: Way {
                secure,
                proxy: proxy_tls,
            },
            proxy: proxy.cloned(),
            asked,
            taken: Arc::default(),
        })
    }

    /// Makes a request. Head and body of the answer come within `limit`, or no more of it is read.
    ///
    /// # Errors
    /// Why there is no answer. One that the library cannot make sense of is one all the same as soon as it has a status.
    pub async fn ask(
        &self,
        method: Method,
        url: &Url,
        headers: HeaderMap,
        body: impl Into<Bytes>,
        limit: Duration,
    ) -> Result<Reply, Failure> {
        let mut request = Request::new(Full::new(body.into()));
        *request.method_mut() = method;
        *request.uri_mut() = address(url).map_err(Failure::Other)?;
        *request.headers_mut() = headers;
        self.add_usual_headers(url, request.headers_mut());
        let connection = capture_connection(&mut request);
        let until = sleep(limit).deadline();
        let (answer, stage) = staged(timeout_at(until, self.client.request(request))).await;
        let overheard = heard(&connection);
        let status = overheard.as_ref().and_then(Heard::status);
        let (head, body) = match answer {
            Ok(Ok(answer)) => {
                if let Some(overheard) = overheard {
                    overheard.end();
                }
                answer.into_parts()
            }
            Ok(Err(error)) => {
                let status = status.ok_or_else(|| self.failure(&error))?;
                return Ok(Reply::of_status(status, Body::Lost, until));
            }
            Err(_) => {
                // With a connection, whoever is at its end is late.
                let stage = overheard.map_or(stage, |_| Stage::Receiver);
                let status = status.ok_or_else(|| failure::late(stage, limit))?;
                return Ok(Reply::of_status(status, Body::Late, until));
            }
        };
        let certificate = head.extensions.get::<Certificate>();
        Ok(Reply {
            status: head.status,
            certificate: certificate.map(|certificate| certificate.0.clone()),
            headers: head.headers,
            body: Body::Coming(body),
            until,
        })
    }

    fn add_usual_headers(&self, url: &Url, headers: &mut HeaderMap) {
        headers.entry(USER_AGENT).or_insert(PROGRAM);
        headers.entry(ACCEPT).or_insert(ANYTHING);
        if let Some(login) = login(url) {
            headers.entry(AUTHORIZATION).or_insert(login);
        }
        // With TLS, the tunnel was opened with it.
        let plain = self.proxy.as_ref().filter(|_| !self.way.secure);
        if let Some(login) = plain.and_then(|proxy| login(proxy.expose())) {
            headers.insert(PROXY_AUTHORIZATION, login);
        }
    }

    /// Why a request of this client did not succeed.
    fn failure(&self, error: &legacy::Error) -> Failure {
        match failure::classify(error, error.is_connect(), self.way) {
            // A server may end the connection without a word when it wanted a certificate; or the word is lost with it.
            Failure::Broken | Failure::TlsEnded | Failure::Tls(_) if self.was_asked() => {
                Failure::WantsCertificate
            }
            other => other,
        }
    }

    /// Remembers that a request was taken: whoever asks for a certificate all the same does not need it.
    pub(super) fn was_taken(&self) {
        self.taken.store(true, Ordering::Relaxed);
    }

    /// Whether the server asked for a certificate of this machine, and may insist on it.
    pub(super) fn was_asked(&self) -> bool {
        self.way.secure && self.asked.is_set() && !self.taken.load(Ordering::Relaxed)
    }

    /// Recognises an answer that came from a proxy: 407, also of a proxy that nobody configured, or over plain HTTP the
    /// statuses with which proxies refuse a destination or do not reach it. None: it is no such answer.
    #[must_use]
    pub fn answer_of_proxy(&self, answered: &Failure) -> Option<Failure> {
        let by_proxy = self.way.proxy.is_some();
        match answered {
            Failure::Status(407) if by_proxy => Some(Failure::Proxy(ProxyFault::WantsLogin)),
            Failure::Status(407) => Some(Failure::Status(407)),
            Failure::Moved(..) | Failure::Status(300..=399 | 403 | 502..=504)
                if by_proxy && !self.way.secure =>
            {
                Some(Failure::ByProxy(Box::new(answered.clone())))
            }
            _ => None,
        }
    }

    /// Whether requests arrive as plain HTTP at the one whom `url` names.
    pub(super) fn is_plain(&self) -> bool {
        !self.way.secure && self.way.proxy.is_none()
    }
}

/// Opens a connection to the host of `url`, with TLS where it says so, and says nothing there.
///
/// # Errors
/// `Ok(Err(…))` is why it cannot be reached; `ClientError` when nothing can be.
pub(super) async fn reach(url: &Url, limit: Duration) -> Result<Result<(), Failure>, ClientError> {
    let way = Way {
        secure: url.scheme() == "https",
        proxy: None,
    };
    let tls = way
        .secure
        .then(|| speaks_tls(&CertificateRequested::default()));
    let mut connector = Connector::new(Resolver::of_any(), tls.transpose()?, None);
    let to = address(url).map_err(ClientError::Library)?;
    Ok(match timeout(limit, connector.call(to)).await {
        Ok(Ok(_)) => Ok(()),
        Ok(Err(error)) => Err(failure::classify(error.as_ref(), true, way)),
        Err(_) => Err(Failure::TimedOut(limit)),
    })
}

impl Reply {
    fn of_status(status: StatusCode, body: Body, until: Instant) -> Self {
        Self {
            status,
            headers: HeaderMap::new(),
            certificate: None,
            body,
            until,
        }
    }

    /// Whether its head came in time.
    pub(super) fn has_head(&self) -> bool {
        !matches!(self.body, Body::Late)
    }

    /// The beginning of its body, not much more than `most` bytes, and whether as much as is wanted came in time. A
    /// partner that ends the connection in the middle of its body has said what it had to say.
    pub async fn beginning(&mut self, most: usize) -> (Vec<u8>, bool) {
        let mut beginning = Vec::new();
        let body = match &mut self.body {
            Body::Coming(body) => body,
            Body::Lost => return (beginning, true),
            Body::Late => return (beginning, false),
        };
        while beginning.len() < most {
            match timeout_at(self.until, body.frame()).await {
                Ok(Some(Ok(frame))) => beginning.extend(frame.into_data().unwrap_or_default()),
                Ok(Some(Err(_)) | None) => break,
                Err(_) => return (beginning, false),
            }
        }
        (beginning, true)
    }
}

/// A library that accepts answers with old or malformed headers: only the status counts, and an answer that
/// cannot be read means that nobody sees what its body says.
fn lenient() -> legacy::Builder {
    let mut builder = Client::builder(TokioExecutor::new());
    builder
        .pool_idle_timeout(IDLE_CONNECTION)
        .pool_timer(TokioTimer::new())
        .http1_allow_obsolete_multiline_headers_in_responses(true)
        .http1_allow_spaces_after_header_name_in_responses(true)
        .http1_ignore_invalid_headers_in_responses(true)
        .http1_max_headers(MOST_HEADERS);
    builder
}

/// What was heard on the connection of a request.
fn heard(connection: &CaptureConnection) -> Option<Heard> {
    let mut extras = Extensions::new();
    let connected = connection.connection_metadata();
    connected.as_ref()?.get_extras(&mut extras);
    extras.remove()
}

fn by_proxy(url: &Url) -> Result<ByProxy, ClientError> {
    Ok(ByProxy {
        address: address(url).map_err(ClientError::Library)?,
        login: login(url),
        program: PROGRAM,
        // Whether it asks for a certificate says nothing about the receiver.
        tls: (url.scheme() == "https")
            .then(|| speaks_tls(&CertificateRequested::default()))
            .transpose()?,
    })
}

fn speaks_tls(asked: &CertificateRequested) -> Result<TlsConnector, TlsError> {
    let config = tls::client_config(&["http/1.1"], asked)?;
    Ok(TlsConnector::from(Arc::new(config)))
}

/// The URL as the library has it, without user and password: a proxy gets all of it in the first line of the request.
/// The error names no part of it, which may be a secret.
fn address(url: &Url) -> Result<Uri, String> {
    let mut bare = url.clone();
    // What has no host has neither, and is refused as that.
    let _ = bare.set_username("").and_then(|()| bare.set_password(None));
    Uri::try_from(bare.as_str()).map_err(|error| error.to_string())
}

/// User and password that stand in a URL, as a header.
fn login(url: &Url) -> Option<HeaderValue> {
    if url.username().is_empty() && url.password().is_none() {
        return None;
    }
    let plain = |text| percent_decode_str(text).collect::<Vec<u8>>();
    let (user, password) = (
        plain(url.username()),
        plain(url.password().unwrap_or_default()),
    );
    let encoded = STANDARD.encode([&user[..], b":", &password].concat());
    let mut header = HeaderValue::try_from(format!("Basic {encoded}")).ok()?;
    header.set_sensitive(true);
    Some(header)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_user_and_no_password_is_in_the_address() {
        let url = Url::parse("http://user:hush@a.example:81/hook?token=1").unwrap();
        assert_eq!(
            address(&url).unwrap().to_string(),
            "http://a.example:81/hook?token=1"
        );
        assert_eq!(login(&url).unwrap(), "Basic dXNlcjpodXNo");
    }
}
