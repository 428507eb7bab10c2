//! Opens the connections of all HTTP that goes out: directly or by way of a proxy, and with TLS where the URL says so.

use std::cell::Cell;
use std::error::Error;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use hyper::Uri;
use hyper::header::HeaderValue;
use hyper_util::client::legacy::connect::{Connected, Connection, HttpConnector};
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsConnector;
use tower::Service;

use super::address::Resolver;
use super::heard::{Heard, Overheard};
use super::tunnel::{self, TunnelError};

/// After so long without a word the system asks whether the other side is still there.
const KEEPALIVE: Duration = Duration::from_secs(15);
/// After so many questions without an answer the connection counts as broken.
const KEEPALIVES: u32 = 3;
/// So long what was sent may go without a sign that it has arrived. An address that swallows everything does not use up an
/// attempt that may take longer, when there are others.
const UNHEARD: Duration = Duration::from_secs(30);

pub(super) type BoxError = Box<dyn Error + Send + Sync>;

/// What bytes are read from and written to.
pub(super) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

/// The certificate with which a server identified itself.
#[derive(Clone, Debug)]
pub(super) struct Certificate(pub(super) Arc<[u8]>);

/// A proxy on the way.
#[derive(Clone)]
pub(super) struct ByProxy {
    pub(super) address: Uri,
    /// With which user and password.
    pub(super) login: Option<HeaderValue>,
    pub(super) program: HeaderValue,
    /// None where it is spoken to without TLS.
    pub(super) tls: Option<TlsConnector>,
}

/// How far a request has come before it has a connection.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Stage {
    /// On its way to the receiver.
    #[default]
    Receiver,
    /// On its way to the proxy.
    Proxy,
    /// The proxy was asked for a tunnel, and has not answered.
    Tunnel,
}

tokio::task_local! {
    static STAGE: Cell<Stage>;
}

/// Makes a request, and says how far it came. A connection is opened in the task that asks for it.
pub(super) async fn staged<T>(request: impl Future<Output = T>) -> (T, Stage) {
    let watched = async { (request.await, STAGE.with(Cell::get)) };
    STAGE.scope(Cell::default(), watched).await
}

fn enter(stage: Stage) {
    // Once the request went by another connection, nobody asks any more.
    let _ = STAGE.try_with(|at| at.set(stage));
}

/// Opens connections to one server.
#[derive(Clone)]
pub(super) struct Connector {
    tcp: HttpConnector<Resolver>,
    tls: Option<TlsConnector>,
    proxy: Option<ByProxy>,
}

impl Connector {
    /// `tls`: none where nothing on the way speaks it.
    pub(super) fn new(
        resolver: Resolver,
        tls: Option<TlsConnector>,
        proxy: Option<ByProxy>,
    ) -> Self {
        let mut tcp = HttpConnector::new_with_resolver(resolver);
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        tcp.set_keepalive(Some(KEEPALIVE));
        tcp.set_keepalive_interval(Some(KEEPALIVE));
        tcp.set_keepalive_retries(Some(KEEPALIVES));
        tcp.set_tcp_user_timeout(Some(UNHEARD));
        Self { tcp, tls, proxy }
    }

    async fn open(self, to: Uri) -> Result<Opened, BoxError> {
        let tls = self.tls.clone();
        let Some(proxy) = self.proxy.clone() else {
            return self.reach(to, tls).await;
        };
        enter(Stage::Proxy);
        let reached = self.reach(proxy.address, proxy.tls).await;
        if !is_secure(&to) {
            enter(Stage::Receiver);
            let mut opened = reached?;
            opened.about.speaks_to_proxy = true;
            // It is the proxy's.
            opened.about.certificate = None;
            return Ok(opened);
        }
        let reached = reached.map_err(TunnelError::Unreached)?;
        enter(Stage::Tunnel);
        let tunnel = tunnel::open(reached.stream, &to, proxy.login, proxy.program).await?;
        enter(Stage::Receiver);
        secured(Box::new(tunnel), &to, tls).await
    }

    /// Connects to the host that the address names.
    async fn reach(mut self, to: Uri, tls: Option<TlsConnector>) -> Result<Opened, BoxError> {
        let tcp = self.tcp.call(to.clone()).await?.into_inner();
        if is_secure(&to) {
            secured(Box::new(tcp), &to, tls).await
        } else {
            Ok(Opened::plain(Box::new(tcp)))
        }
    }
}

async fn secured(
    stream: Box<dyn Stream>,
    to: &Uri,
    tls: Option<TlsConnector>,
) -> Result<Opened, BoxError> {
    let host = to.host().unwrap_or_default();
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    let name = ServerName::try_from(bare.to_owned())?;
    let tls = tls.ok_or("no TLS was set up")?;
    let stream = tls.connect(name, stream).await?;
    let (_, session) = stream.get_ref();
    let certificate = session.peer_certificates().and_then(<[_]>::first);
    let certificate = certificate.map(|der| Certificate(der.as_ref().into()));
    Ok(Opened {
        stream: Box::new(stream),
        about: About {
            certificate,
            speaks_to_proxy: false,
        },
    })
}

fn is_secure(address: &Uri) -> bool {
    address.scheme_str() == Some("https")
}

/// What is known of an open connection.
#[derive(Default)]
pub(super) struct About {
    certificate: Option<Certificate>,
    speaks_to_proxy: bool,
}

/// An open connection.
struct Opened {
    stream: Box<dyn Stream>,
    about: About,
}

impl Opened {
    fn plain(stream: Box<dyn Stream>) -> Self {
        let about = About::default();
        Self { stream, about }
    }
}

/// What the HTTP library speaks over.
pub(super) type Link = TokioIo<Overheard<Box<dyn Stream>, About>>;

impl From<Opened> for Overheard<Box<dyn Stream>, About> {
    fn from(opened: Opened) -> Self {
        Self {
            stream: opened.stream,
            heard: Heard::default(),
            about: opened.about,
        }
    }
}

impl Connection for Overheard<Box<dyn Stream>, About> {
    fn connected(&self) -> Connected {
        let connected = Connected::new().proxy(self.about.speaks_to_proxy);
        let connected = connected.extra(self.heard.clone());
        match &self.about.certificate {
            Some(certificate) => connected.extra(certificate.clone()),
            None => connected,
        }
    }
}

impl Service<Uri> for Connector {
    type Response = Link;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<Link, BoxError>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, to: Uri) -> Self::Future {
        let connector = self.clone();
        Box::pin(async move {
            let opened = connector.open(to).await?;
            Ok(TokioIo::new(opened.into()))
        })
    }
}
