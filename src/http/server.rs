//! Sockets and connections: who gets one, how long it may take, and that every request has an id and an answer. What is
//! asked, and who may ask, is the matter of the [`App`] behind it.

pub(super) mod client;
pub mod control_socket;
mod evictable;
mod linger;
mod permits;
mod request_id;
pub mod tls;

use std::convert::Infallible;
use std::future::poll_fn;
use std::io;
use std::net::IpAddr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::{Body, Incoming};
use hyper::header::{CACHE_CONTROL, CONNECTION, HeaderName, HeaderValue};
use hyper::server::conn::http1;
use hyper::{Request, Response, Uri};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use rustix::process::getrlimit;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{oneshot, watch};
use tower::{ServiceBuilder, service_fn};
use tower_http::request_id::{PropagateRequestIdLayer, SetRequestIdLayer};
use tower_http::set_header::SetResponseHeaderLayer;

use crate::log_limit::LogLimit;
use crate::trouble::Resource;
use client::counted_as;
use evictable::Evictable;
use linger::Lingering;
use permits::{Admitted, Permit, Permits};
pub use request_id::GivenId;
use request_id::NewRequestId;

/// A complete answer.
pub type Reply = Response<Full<Bytes>>;

/// Connections of a listener at a time, where enough files may be open. For who comes later one that asks nothing leaves;
/// when there is none, it waits to be accepted.
const CONNECTIONS: usize = 512;
/// Where few files may be open, a listener has so many at least.
const FEWEST: usize = 4;
/// Of the files that may be open, so many are for everything else: the database, what is sent, copies, the control socket.
const OTHER_FILES: u64 = 64;
/// Listeners of the network that share the rest.
const LISTENERS: u64 = 2;
/// One peer has at most this fraction (1/n) of them; a trusted proxy stands for many.
const SHARE: usize = 2;
/// The longest that the head of a request may take to arrive, and that a connection may be idle.
const HEADER_TIME: Duration = Duration::from_secs(30);
/// Bodies up to so many bytes are read together with the head, mostly.
const READ_AHEAD: u64 = 16 * 1024;
/// The most bytes of a request's head.
const HEADER_BYTES: usize = 16 * 1024;
/// Pause after the operating system refused a connection, for want of file descriptors for example.
const ACCEPT_AGAIN: Duration = Duration::from_millis(100);

/// Where a connection comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Peer {
    /// An address of the network, in plain HTTP.
    Network(IpAddr),
    /// An address of the network, over TLS.
    Secured(IpAddr),
    /// The control socket, opened by the user with this number.
    User(u32),
}

impl Peer {
    /// The address; the control socket has none.
    #[must_use]
    pub fn ip(self) -> Option<IpAddr> {
        match self {
            Self::Network(ip) | Self::Secured(ip) => Some(ip),
            Self::User(_) => None,
        }
    }
}

/// What is read and written on a connection.
pub trait Stream: AsyncRead + AsyncWrite + Unpin + Send + 'static {}

impl<S: AsyncRead + AsyncWrite + Unpin + Send + 'static> Stream for S {}

/// Something that connections come from. They are of one type, so that the code that serves them is in the program once.
pub trait Listener: Send + 'static {
    /// Waits for the next connection, and says where it comes from.
    fn next(&mut self) -> impl Future<Output = io::Result<(Box<dyn Stream>, Peer)>> + Send;
}

impl Listener for TcpListener {
    async fn next(&mut self) -> io::Result<(Box<dyn Stream>, Peer)> {
        let (stream, ip) = accept(self).await?;
        Ok((Box::new(stream), Peer::Network(ip)))
    }
}

async fn accept(listener: &TcpListener) -> io::Result<(TcpStream, IpAddr)> {
    let (stream, peer) = listener.accept().await?;
    // An answer is small and complete: waiting for more to send only delays it.
    stream.set_nodelay(true)?;
    Ok((stream, peer.ip()))
}

/// What answers the requests of a listener.
pub trait App: Send + Sync + 'static {
    /// Answers a request that came from there.
    fn answer(&self, peer: Peer, request: Request<Incoming>) -> impl Future<Output = Reply> + Send;

    /// The answer to a request for `uri` in place of one that ended in a panic.
    fn panicked(&self, uri: &Uri) -> Reply;

    /// Whether a peer is a proxy that is trusted to speak for others.
    fn is_proxy(&self, peer: IpAddr) -> bool;

    /// The time since a fixed moment.
    fn monotonic(&self) -> Duration;
}

/// How many connections a listener may have at a time, as the system lets this process open files. Others than those of the
/// network would be shut out if callers could take all of them.
#[must_use]
pub fn connections() -> usize {
    connections_of(getrlimit(rustix::process::Resource::Nofile).current)
}

/// The same for a limit; none: there is no limit.
fn connections_of(files: Option<u64>) -> usize {
    let rest = files.map_or(u64::MAX, |files| {
        files.saturating_sub(OTHER_FILES) / LISTENERS
    });
    let rest = usize::try_from(rest).unwrap_or(usize::MAX);
    rest.clamp(FEWEST, CONNECTIONS)
}

/// Tells when there may be fewer connections than usual.
pub fn tell_few_connections() {
    let connections = connections();
    if connections < CONNECTIONS {
        tracing::warn!(
            connections,
            "this process may open few files: each listener has so many connections at a time, and closes those that ask nothing for new ones. Raise LimitNOFILE= of the service, or ulimit -n in a shell"
        );
    }
}

/// Serves `app` until `stop` becomes true, then lets requests under way finish.
pub async fn serve(
    app: Arc<impl App>,
    mut listener: impl Listener,
    mut stop: watch::Receiver<bool>,
) {
    let connections = connections();
    let of_one_peer = connections / SHARE;
    let permits = Permits::new(connections, of_one_peer);
    let too_many = LogLimit::default();
    let idle = LogLimit::default();
    let not_accepted = LogLimit::default();
    let graceful = GracefulShutdown::new();
    loop {
        let next = async {
            let place = permits.free().await;
            (place, listener.next().await)
        };
        let (place, accepted) = tokio::select! {
            next = next => next,
            _ = stop.wait_for(|stop| *stop) => break,
        };
        match (place, accepted) {
            (Some(place), Ok((stream, peer))) => {
                let counted = peer.ip().filter(|ip| !app.is_proxy(*ip)).map(counted_as);
                if let Some(admitted) = permits.take(place, counted) {
                    if admitted.another_evicted {
                        tell_idle(&*app, peer.ip(), of_one_peer, &idle);
                    }
                    connect(&app, stream, peer, admitted, &graceful);
                } else {
                    tell_refused(&*app, peer.ip(), of_one_peer, &too_many);
                }
            }
            (None, _) => break,
            (_, Err(error)) => {
                tell_not_accepted(&*app, &error, &not_accepted);
                tokio::time::sleep(ACCEPT_AGAIN).await;
            }
        }
    }
    graceful.shutdown().await;
}

fn tell_not_accepted(app: &impl App, error: &io::Error, not_accepted: &LogLimit) {
    not_accepted.add();
    if let Some(times) = not_accepted.due(app.monotonic()) {
        let advice = if Resource::lacking(error) == Some(Resource::FileHandles) {
            ": too many files and connections are open; it is tried again. See who holds them, or raise LimitNOFILE= of the service"
        } else {
            ""
        };
        tracing::warn!(%error, times, "a connection could not be accepted{advice}");
    }
}

fn tell_idle(app: &impl App, peer: Option<IpAddr>, most: usize, idle: &LogLimit) {
    idle.add();
    if let (Some(peer), Some(closed)) = (peer, idle.due(app.monotonic())) {
        tracing::warn!(%peer, closed, "a peer has {most} connections already, and some ask nothing: the oldest of these are closed for its new ones; a proxy that stands for many belongs in server.trusted_proxies");
    }
}

fn tell_refused(app: &impl App, peer: Option<IpAddr>, most: usize, too_many: &LogLimit) {
    too_many.add();
    if let (Some(peer), Some(refused)) = (peer, too_many.due(app.monotonic())) {
        tracing::warn!(%peer, refused, "a peer has {most} connections with a request on each already and gets no more; a proxy that stands for many belongs in server.trusted_proxies");
    }
}

/// Serves one connection in a task of its own.
fn connect(
    app: &Arc<impl App>,
    stream: Box<dyn Stream>,
    peer: Peer,
    admitted: Admitted,
    graceful: &GracefulShutdown,
) {
    let permit = Arc::new(admitted.permit);
    let handler = {
        let (app, permit) = (Arc::clone(app), Arc::clone(&permit));
        service_fn(move |request: Request<Incoming>| {
            let (app, under_way) = (Arc::clone(&app), permit.begin());
            async move {
                let reply = answer(&*app, peer, request).await;
                drop(under_way);
                Ok::<_, Infallible>(reply)
            }
        })
    };
    let x_request_id = HeaderName::from_static(request_id::HEADER);
    let service = ServiceBuilder::new()
        .map_request(GivenId::note)
        .layer(SetRequestIdLayer::new(x_request_id.clone(), NewRequestId))
        .layer(PropagateRequestIdLayer::new(x_request_id))
        .layer(SetResponseHeaderLayer::if_not_present(
            CACHE_CONTROL,
            HeaderValue::from_static("no-store"),
        ))
        .service(handler);
    let stream = guarded(stream, permit, admitted.evicted);
    // The connection has the permit: it is given back when this ends.
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_TIME)
        .max_header_size(HEADER_BYTES)
        .max_buf_size(4 * HEADER_BYTES)
        .serve_connection(stream, TowerToHyperService::new(service));
    let connection = graceful.watch(connection);
    tokio::spawn(async move {
        // Callers hang up and networks break: nothing that anybody has to do something about.
        if let Err(error) = connection.await {
            tracing::debug!(%error, "a connection ended early");
        }
    });
}

/// A connection that closes as its peer and others need it. One that is evicted lingers no longer: it reads its end.
fn guarded<S: Stream>(
    stream: S,
    permit: Arc<Permit>,
    evicted: oneshot::Receiver<()>,
) -> Lingering<Evictable<TokioIo<S>>> {
    Lingering::new(Evictable::new(TokioIo::new(stream), permit, evicted))
}

async fn answer(app: &impl App, peer: Peer, request: Request<Incoming>) -> Reply {
    let length = request.body().size_hint().upper();
    let uri = request.uri().clone();
    let answered = unless_it_panics(app.answer(peer, request)).await;
    let mut reply = answered.unwrap_or_else(|| {
        tracing::error!("a request met a mistake of the relay and was ended");
        app.panicked(&uri)
    });
    if reply.status().is_client_error() && length.is_none_or(|length| length > READ_AHEAD) {
        // The rest of such a body may never be read: the caller must not take the connection for its next
        // request.
        let headers = reply.headers_mut();
        headers.insert(CONNECTION, HeaderValue::from_static("close"));
    }
    reply
}

/// What `answering` comes to; none when it panics.
async fn unless_it_panics(answering: impl Future<Output = Reply>) -> Option<Reply> {
    let mut answering = pin!(answering);
    poll_fn(|context| {
        let polled = catch_unwind(AssertUnwindSafe(|| answering.as_mut().poll(context)));
        polled.map_or(Poll::Ready(None), |polled| polled.map(Some))
    })
    .await
}

#[cfg(test)]
mod tests;
